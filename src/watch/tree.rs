//! What was last reported, or found at start: the entries of every watched directory. Owns the comparison of a
//! freshly walked tree with it; never reads the disk and knows nothing of watches.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::change::{Change, ChangeKind, EntryType, Evidence, Net, Stat, merge};
use crate::path::normalize;

/// The entries of one directory, by name.
pub(super) type Entries = BTreeMap<OsString, Stat>;

/// Directories with their entries: what a walk found.
pub(super) type Found = FxHashMap<PathBuf, Entries>;

/// The known tree. An entry is known only while the directory that it lies in is.
#[derive(Debug, Default)]
pub(super) struct Tree {
    dirs: FxHashMap<PathBuf, Arc<Dir>>,
    files: usize,
}

/// Every directory at one moment.
pub(super) type Copy = Vec<(PathBuf, Arc<Dir>)>;

/// What is known of one directory. Shared with copies of the tree, and copied itself only if it changes meanwhile.
#[derive(Debug, Default, Clone)]
pub(super) struct Dir {
    entries: Entries,
    /// Only single names of it were asked for: a file beside the roots, or the root itself.
    partial: bool,
}

impl Dir {
    pub(super) fn entries(&self) -> impl Iterator<Item = (&OsString, &Stat)> {
        self.entries.iter()
    }

    pub(super) fn has(&self, name: &OsStr) -> bool {
        self.entries.contains_key(name)
    }

    /// Whether only single names of it were asked for.
    pub(super) fn is_partial(&self) -> bool {
        self.partial
    }
}

impl Tree {
    /// The tree as it is now.
    pub(super) fn copy(&self) -> Copy {
        self.dirs.iter().map(|(path, dir)| (path.clone(), Arc::clone(dir))).collect()
    }

    pub(super) fn get(&self, path: &Path) -> Option<&Stat> {
        self.dirs.get(path.parent()?)?.entries.get(path.file_name()?)
    }

    /// Whether everything in a directory is watched.
    pub(super) fn holds(&self, dir: &Path) -> bool {
        self.dirs.get(dir).is_some_and(|dir| !dir.partial)
    }

    /// Whether everything beside a path is watched.
    pub(super) fn holds_parent(&self, path: &Path) -> bool {
        path.parent().is_some_and(|dir| self.holds(dir))
    }

    /// Whether the directory that a path lies in is known, wholly or in part.
    pub(super) fn holds_beside(&self, path: &Path) -> bool {
        path.parent().is_some_and(|dir| self.dirs.contains_key(dir))
    }

    /// The directories in which everything is watched.
    pub(super) fn dirs(&self) -> impl Iterator<Item = &Path> {
        self.dirs.iter().filter(|(_, dir)| !dir.partial).map(|(path, _)| path.as_path())
    }

    /// What is known to be in a directory.
    pub(super) fn entries(&self, dir: &Path) -> Option<&Entries> {
        self.dirs.get(dir).map(|dir| &dir.entries)
    }

    pub(super) fn directories(&self) -> usize {
        self.dirs.values().filter(|dir| !dir.partial).count()
    }

    pub(super) fn files(&self) -> usize {
        self.files
    }

    /// The files that are one of these inodes, with what stands beside it.
    pub(super) fn names_of(&self, inodes: &FxHashMap<u64, Evidence>) -> Vec<(PathBuf, Evidence)> {
        let mut names = Vec::new();
        for (dir, known) in &self.dirs {
            for (name, stat) in &known.entries {
                if let Some(evidence) = stat.inode.and_then(|inode| inodes.get(&inode)) {
                    names.push((dir.join(name), *evidence));
                }
            }
        }
        names
    }

    /// Every directory with the names in it (chokidar's `getWatched`).
    pub(super) fn listing(&self) -> BTreeMap<String, Vec<String>> {
        let names = |dir: &Dir| dir.entries.keys().map(|name| name.to_string_lossy().into_owned()).collect();
        self.dirs.iter().map(|(path, dir)| (normalize(path), names(dir))).collect()
    }

    /// Notes an entry, new or changed. One whose directory is not known makes a partial directory if it was asked
    /// for by name, else it is left to the event that will tell of the directory.
    pub(super) fn put(&mut self, path: &Path, stat: Stat) {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return };
        let dir = self
            .dirs
            .entry(parent.to_owned())
            .or_insert_with(|| Arc::new(Dir { entries: Entries::new(), partial: true }));
        let old = Arc::make_mut(dir).entries.insert(name.to_owned(), stat);
        self.files += usize::from(stat.entry == EntryType::File);
        self.files -= usize::from(old.is_some_and(|old| old.entry == EntryType::File));
    }

    /// Notes that everything in a directory is watched from now on.
    pub(super) fn open(&mut self, dir: &Path) {
        Arc::make_mut(self.dirs.entry(dir.to_owned()).or_default()).partial = false;
    }

    /// Forgets an entry with everything below it, and says what was there: contents before their directory, in the
    /// order of their names.
    pub(super) fn take(&mut self, path: &Path) -> Vec<(PathBuf, EntryType)> {
        let mut gone = Vec::new();
        if let (Some(parent), Some(name)) = (path.parent(), path.file_name())
            && let Some(dir) = self.dirs.get_mut(parent)
            && let Some(stat) = Arc::make_mut(dir).entries.remove(name)
        {
            if dir.partial && dir.entries.is_empty() {
                self.dirs.remove(parent);
            }
            gone.push((path.to_owned(), stat.entry));
        }
        // Directory first, names from the last to the first; backwards it is the order that we want.
        let mut open = std::mem::take(&mut gone);
        while let Some((path, entry)) = open.pop() {
            if let Some(dir) = self.dirs.remove(&path) {
                open.extend(dir.entries.iter().map(|(name, stat)| (path.join(name), stat.entry)));
            }
            gone.push((path, entry));
        }
        gone.reverse();
        self.files -= gone.iter().filter(|(_, entry)| *entry == EntryType::File).count();
        gone
    }

    /// The directories at and below `top` whose contents are known.
    pub(super) fn dirs_below(&self, top: &Path) -> Vec<PathBuf> {
        self.dirs
            .iter()
            .filter(|(path, dir)| !dir.partial && path.starts_with(top))
            .map(|(p, _)| p.clone())
            .collect()
    }

    /// What is known below a directory, as if a walk had found it.
    pub(super) fn found_below(&self, top: &Path) -> Found {
        let entries = |dir: &PathBuf| self.entries(dir).cloned().unwrap_or_default();
        self.dirs_below(top).into_iter().map(|dir| (dir.clone(), entries(&dir))).collect()
    }

    /// Makes the contents of the directory `top` what a walk found, without a word: what is there at the start is no
    /// change, and for a large tree the words alone would cost more than the tree.
    pub(super) fn adopt(&mut self, top: &Path, found: Found) {
        let count = |dir: &Dir| dir.entries.values().filter(|stat| stat.entry == EntryType::File).count();
        for dir in self.dirs_below(top) {
            if let Some(old) = self.dirs.remove(&dir) {
                self.files -= count(&old);
            }
        }
        self.dirs.reserve(found.len());
        for (path, entries) in found {
            let dir = Dir { entries, partial: false };
            self.files += count(&dir);
            if let Some(old) = self.dirs.insert(path, Arc::new(dir)) {
                self.files -= count(&old);
            }
        }
    }

    /// Makes the contents of the directory `top` what a walk found, and says what is different from before, with this
    /// evidence about each entry.
    pub(super) fn replace(&mut self, top: &Path, found: &mut Found, evidence: Evidence) -> Vec<Change> {
        let mut changes = Vec::new();
        // A stack of directories would report a directory's files long before its neighbours; a stack of entries,
        // the first name on top, keeps the order that one reads in.
        let mut entries = self.compare(top, found);
        while let Some(path) = entries.pop() {
            let before = self.get(&path).copied();
            let now = parent_of(found, &path).copied();
            match (merge(before.as_ref(), evidence, now.as_ref()), now) {
                (Net::Create | Net::Retype | Net::Update, Some(stat)) => {
                    self.report(&path, before, stat, &mut changes);
                }
                (Net::Delete, _) => self.report_gone(&path, &mut changes),
                (_, Some(stat)) => self.put(&path, stat),
                (_, None) => {}
            }
            if found.contains_key(&path) {
                entries.extend(self.compare(&path, found));
            } else if now.is_some() && self.holds(&path) {
                // It was listed before and could not be listed now: it is about to vanish, or may no longer be read.
                self.report_contents_gone(&path, &mut changes);
            }
        }
        changes
    }

    /// Notes one entry's new state and adds the changes that this is.
    pub(super) fn report(&mut self, path: &Path, before: Option<Stat>, now: Stat, changes: &mut Vec<Change>) {
        let kind = match before {
            None => ChangeKind::Create,
            Some(old) if old.entry == now.entry => ChangeKind::Update,
            Some(_) => {
                self.report_gone(path, changes);
                ChangeKind::Create
            }
        };
        self.put(path, now);
        changes.push(Change { kind, path: normalize(path), entry: now.entry });
    }

    /// Forgets an entry and adds the deletions that this is.
    pub(super) fn report_gone(&mut self, path: &Path, changes: &mut Vec<Change>) {
        let deletion = |(path, entry): (PathBuf, EntryType)| Change {
            kind: ChangeKind::Delete,
            path: normalize(&path),
            entry,
        };
        changes.extend(self.take(path).into_iter().map(deletion));
    }

    /// Forgets what is in a directory, which itself is still there, and adds the deletions that this is.
    pub(super) fn report_contents_gone(&mut self, dir: &Path, changes: &mut Vec<Change>) {
        let names: Vec<_> =
            self.dirs.get(dir).map(|dir| dir.entries.keys().cloned().collect()).unwrap_or_default();
        for name in names {
            self.report_gone(&dir.join(name), changes);
        }
        self.dirs.remove(dir);
    }

    /// The names of a directory before and now, the first name last. Opens the directory.
    fn compare(&mut self, dir: &Path, found: &Found) -> Vec<PathBuf> {
        let mut names = BTreeSet::new();
        if let Some(now) = found.get(dir) {
            self.open(dir);
            names.extend(now.keys());
        }
        let Some(known) = self.dirs.get(dir) else { return Vec::new() };
        names.extend(known.entries.keys());
        names.into_iter().rev().map(|name| dir.join(name)).collect()
    }
}

fn parent_of<'found>(found: &'found Found, path: &Path) -> Option<&'found Stat> {
    found.get(path.parent()?)?.get(path.file_name()?)
}
