//! Whether the known tree is still the disk's, although nothing said otherwise: a look at a copy of the tree, on the
//! pool, and what to make of it. Never changes the tree.
//!
//! A path is *suspected* when it differs from what is known. It is *lost* when it still differs, in the same way, a
//! second later, and nothing has told of it: a file that is being written looks different each time, and the event
//! about one that was written a moment ago has come by then.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::away::Absent;
use super::tree::Copy;
use super::{Watch, disk};
use crate::change::{Evidence, Net, Stat, Transaction, merge};

/// A check that nobody waits for lets others have the thread after so many directories.
const AT_ONCE: usize = 64;

/// A check under way.
struct Check<Tell> {
    tree: Copy,
    next: usize,
    suspects: Vec<PathBuf>,
    stop: Arc<AtomicBool>,
    absent: Absent,
    tell: Tell,
}

impl<Tell: FnOnce(Vec<PathBuf>) + Send + 'static> Check<Tell> {
    fn go_on(mut self: Box<Self>) {
        if self.stop.load(Ordering::Acquire) {
            return;
        }
        let end = (self.next + AT_ONCE).min(self.tree.len());
        for at in self.next..end {
            self.look(at);
        }
        self.next = end;
        if end < self.tree.len() {
            rayon::spawn(move || self.go_on());
        } else {
            (self.tell)(self.suspects);
        }
    }

    fn look(&mut self, at: usize) {
        let (dir, known) = &self.tree[at];
        if self.absent.covers(dir) {
            return;
        }
        for (name, stat) in known.entries() {
            let path = dir.join(name);
            if self.absent.covers(&path) {
                continue;
            }
            if differs(Some(stat), disk::stat_named(&path).as_ref()) {
                self.suspects.push(path);
            }
        }
        if known.is_partial() {
            return;
        }
        // One that cannot be listed is missing from the directory above, too.
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            if !known.has(&entry.file_name()) {
                self.suspects.push(entry.path());
            }
        }
    }
}

fn differs(known: Option<&Stat>, now: Option<&Stat>) -> bool {
    // A directory that was replaced has another inode; what is in it is looked at by itself.
    merge(known, Evidence::FOUND, now) != Net::Nothing
}

impl Watch {
    /// Compares a copy of the known tree with the disk, on the pool, and tells which paths differ. The copy is cheap:
    /// directories are shared until one of them changes. A mount that went away while the machine slept must not keep the
    /// pool's thread.
    pub fn begin_check(&mut self, tell: impl FnOnce(Vec<PathBuf>) + Send + 'static) {
        let names: Vec<PathBuf> = self.scope.named().map(Path::to_owned).collect();
        self.ask_mounts(names.iter().map(PathBuf::as_path), true);
        let check = Check {
            tree: self.tree.copy(),
            next: 0,
            suspects: Vec::new(),
            stop: Arc::clone(&self.closing),
            absent: self.absent(),
            tell,
        };
        self.pool.spawn(move || Box::new(check).go_on());
    }

    /// Keeps of what a check found whatever is still different. Says whether there is any.
    pub fn suspect(&mut self, paths: Vec<PathBuf>) -> bool {
        self.ask_mounts(paths.iter().map(PathBuf::as_path), false);
        let mut suspects = Vec::new();
        for path in paths {
            if let Some(now) = self.difference(&path) {
                suspects.push((path, now));
            }
        }
        self.suspects = suspects;
        !self.suspects.is_empty()
    }

    /// Whether any of what is suspected was lost for certain.
    pub fn confirm(&mut self, open: Option<&Transaction>) -> bool {
        let suspects = std::mem::take(&mut self.suspects);
        self.ask_mounts(suspects.iter().map(|(path, _)| path.as_path()), false);
        suspects.iter().any(|(path, then)| {
            let told = open.is_some_and(|open| open.contains(path));
            !told && self.difference(path).as_ref() == Some(then)
        })
    }

    /// What lies at a path now, if that is not what is known, and somebody would be told.
    fn difference(&self, path: &Path) -> Option<Option<Stat>> {
        if !self.is_watched(path) {
            return None;
        }
        let now = self.stat(path);
        differs(self.tree.get(path), now.as_ref()).then_some(now)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Whoever closes us waits for the pool.
        self.closing.store(true, Ordering::Release);
    }
}
