//! Sees to it that a path asked for is noticed when it comes, goes and comes again: a file is watched through the
//! directory that it lies in, a missing path through the nearest directory above it that is there. Owns these watches
//! beside the trees; what lies in a watched tree needs none of them.

use std::path::{Path, PathBuf};
use std::time::Instant;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Watch, os::Placed};
use crate::change::{EntryType, Evidence, Transaction};

/// Directories watched only for single names, each with the names that count.
#[derive(Debug, Default)]
pub(super) struct Beside {
    dirs: FxHashMap<PathBuf, FxHashSet<PathBuf>>,
}

impl Beside {
    pub(super) fn len(&self) -> usize {
        self.dirs.len()
    }

    /// Whether the coming or going of this path can bring a missing path nearer, or take it away.
    pub(super) fn concerns(&self, path: &Path) -> bool {
        self.dirs.contains_key(path)
            || path.parent().and_then(|dir| self.dirs.get(dir)).is_some_and(|steps| steps.contains(path))
    }
}

impl Watch {
    /// A step towards a missing path came, or a directory watched for a name in it went.
    pub(super) fn approach(&mut self, transaction: &mut Option<Transaction>, now: Instant) {
        self.settle_beside();
        let missing: Vec<PathBuf> = self
            .scope
            .anchors()
            .filter(|anchor| self.tree.get(anchor).is_none())
            .map(Path::to_owned)
            .collect();
        for anchor in missing {
            if self.stat(&anchor).is_some() && !self.scope.ignores(&anchor) {
                let open = transaction.get_or_insert_with(|| Transaction::open(now));
                open.mark(&anchor, Evidence::CREATED, now);
                self.discover(&anchor, open, now);
            }
        }
    }

    /// Places the watches that the paths asked for need now, and takes away those that none needs any more.
    pub(super) fn settle_beside(&mut self) {
        if self.os.is_none() {
            return;
        }
        let anchors: Vec<PathBuf> =
            self.scope.anchors().filter(|anchor| !self.scope.ignores(anchor)).map(Path::to_owned).collect();
        let mut needed: FxHashMap<PathBuf, FxHashSet<PathBuf>> = FxHashMap::default();
        for anchor in anchors {
            let inside = anchor.parent().is_some_and(|parent| self.tree.holds(parent));
            if inside || self.stat(&anchor).is_some_and(|stat| stat.entry == EntryType::Directory) {
                continue;
            }
            if let Some((dir, step)) = self.hold(&anchor) {
                needed.entry(dir).or_default().insert(step);
            }
        }
        let old = std::mem::replace(&mut self.beside.dirs, needed);
        if let Some(os) = &self.os {
            for dir in old.keys() {
                if !self.beside.dirs.contains_key(dir) && !self.tree.holds(dir) {
                    os.lift(dir);
                }
            }
        }
    }

    /// Watches the nearest directory above `anchor` that is there, and says which name in it is awaited.
    fn hold(&mut self, anchor: &Path) -> Option<(PathBuf, PathBuf)> {
        let mut held = None;
        // The next directory down may come while we place the watch above it; then we have to go down again.
        // Whatever comes after the last look is told. Somebody who makes and deletes it all the time gives up first.
        for _ in 0..4 {
            let (dir, step) = self.climb(anchor)?;
            let nearer = step != anchor && step.is_dir();
            let again = held.as_ref() != Some(&(dir.clone(), step.clone()));
            held = Some((dir, step));
            if !(nearer && again) {
                break;
            }
        }
        held
    }

    fn climb(&mut self, anchor: &Path) -> Option<(PathBuf, PathBuf)> {
        for (step, dir) in anchor.ancestors().zip(anchor.ancestors().skip(1)) {
            match self.os.as_ref()?.place_beside(dir) {
                Ok(Placed::Gone) => {}
                Ok(Placed::Yes) => return Some((dir.to_owned(), step.to_owned())),
                Err(problem) => {
                    self.warn(problem);
                    return None;
                }
            }
        }
        None
    }
}
