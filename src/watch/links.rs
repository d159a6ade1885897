//! Which links lead through which paths: what happens to a file happens under every other name that it has, and the
//! operating system tells of only one. Owns symbolic links, also those that dangle, and of hard links the inodes; their
//! names are the known tree's. Never reads what a link leads to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Watch;
use crate::change::{Change, ChangeKind, EntryType, Evidence, Net, Stat, Transaction};
use crate::path::normalize;

/// As many as Linux follows.
const LONGEST_CHAIN: usize = 40;

/// The links of the watched directories.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// Each link with the paths that it depends on: those that it leads to and the folders above them.
    ways: FxHashMap<Arc<Path>, Box<[Arc<Path>]>>,
    /// Each path with the links that lead through it. A package manager's links all lead through one folder.
    through: FxHashMap<Arc<Path>, FxHashSet<Arc<Path>>>,
    /// Roots that were named by a path with links in it: where they are, and their name.
    roots: Vec<(PathBuf, PathBuf)>,
    /// Inodes of files that were seen to have more names than one.
    hard: FxHashSet<u64>,
    /// Inodes that changed since the last batch and may have other names, with the evidence for these.
    shared: FxHashMap<u64, Evidence>,
}

impl Links {
    /// Notes how a directory that was asked for is called elsewhere.
    pub(super) fn name(&mut self, root: &Path) {
        let Ok(real) = root.canonicalize() else { return };
        if real != root && !self.roots.iter().any(|(_, known)| known == root) {
            self.roots.push((real, root.to_owned()));
        }
    }

    /// Takes in inodes of files that have more names than one.
    pub(super) fn note_hard(&mut self, inodes: Vec<u64>) {
        self.hard.extend(inodes);
    }

    /// Takes in what lies at a path: a link, or not (any more). Of its way only what `is_watched` says can be told.
    pub(super) fn see(&mut self, path: &Path, is_watched: impl Fn(&Path) -> bool) {
        self.forget(path);
        let mut way = self.way(path);
        way.retain(|step| is_watched(step));
        if way.is_empty() {
            return;
        }
        let link: Arc<Path> = Arc::from(path);
        let mut steps = Vec::with_capacity(way.len());
        for step in way {
            let step = self
                .through
                .get_key_value(&*step)
                .map_or_else(|| Arc::from(step), |(known, _)| Arc::clone(known));
            self.through.entry(Arc::clone(&step)).or_default().insert(Arc::clone(&link));
            steps.push(step);
        }
        self.ways.insert(link, steps.into());
    }

    /// Forgets the links that do not lie where `is_there` says.
    pub(super) fn retain(&mut self, is_there: impl Fn(&Path) -> bool) {
        let gone: Vec<_> = self.ways.keys().filter(|link| !is_there(link)).cloned().collect();
        for link in gone {
            self.forget(&link);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ways.is_empty()
    }

    /// The links that lead through a path.
    pub(super) fn through(&self, path: &Path) -> impl Iterator<Item = &Path> {
        self.through.get(path).into_iter().flatten().map(|link| &**link)
    }

    fn forget(&mut self, link: &Path) {
        for step in self.ways.remove(link).unwrap_or_default() {
            if let Some(links) = self.through.get_mut(&step) {
                links.remove(link);
                if links.is_empty() {
                    self.through.remove(&step);
                }
            }
        }
    }

    /// Where a link leads, link after link, each step as the watched trees name it. Empty for what is no link.
    fn way(&self, link: &Path) -> FxHashSet<PathBuf> {
        let mut way = FxHashSet::default();
        let mut from = link.to_owned();
        for _ in 0..LONGEST_CHAIN {
            let Ok(to) = std::fs::read_link(&from) else { break };
            let Some(above) = from.parent() else { break };
            let to = tidy(&real(above).join(to));
            let real = match (to.parent(), to.file_name()) {
                (Some(above), Some(name)) => real(above).join(name),
                _ => to.clone(),
            };
            for step in [&to, &real] {
                let named = self.named(step);
                // Each folder on the way can go, or become a link itself.
                way.extend(named.ancestors().map(Path::to_owned));
            }
            from = real;
        }
        way
    }

    fn named(&self, path: &Path) -> PathBuf {
        let inside = |(real, name): &(PathBuf, PathBuf)| Some(name.join(path.strip_prefix(real).ok()?));
        self.roots.iter().find_map(inside).unwrap_or_else(|| path.to_owned())
    }
}

impl Watch {
    /// Notes a change that hard links share. One that was only found was perhaps never written: their own times tell.
    pub(super) fn share(
        &mut self,
        net: Net,
        evidence: Evidence,
        before: Option<Stat>,
        now: Option<Stat>,
        has_names: bool,
    ) {
        let written = evidence.contains(Evidence::WRITTEN);
        let inode = |stat: Option<Stat>| stat.filter(|stat| stat.entry == EntryType::File)?.inode;
        let (old, new) = (inode(before), inode(now));
        if let Some(inode) = new.filter(|_| has_names) {
            self.links.hard.insert(inode);
            if matches!(net, Net::Create | Net::Update | Net::Retype) {
                let sign = if written { Evidence::WRITTEN } else { Evidence::FOUND };
                *self.links.shared.entry(inode).or_default() |= sign;
            }
        }
        // The name by which it was written is gone, or another file's now.
        if let Some(inode) = old.filter(|inode| written && old != new && self.links.hard.contains(inode)) {
            *self.links.shared.entry(inode).or_default() |= Evidence::WRITTEN;
        }
    }

    /// What happened to a file happened under each other name that it has.
    pub(super) fn settle_other_names(&mut self, transaction: &Transaction, changes: &mut Vec<Change>) {
        let vanished =
            |change: &Change| (change.kind, change.entry) == (ChangeKind::Delete, EntryType::Directory);
        if changes.iter().any(vanished) {
            let tree = &self.tree;
            self.links.retain(|link| tree.holds_beside(link));
        }
        if self.links.is_empty() && self.links.shared.is_empty() {
            return;
        }
        let path_of = |change: &Change| PathBuf::from(&change.path);
        let dirty = transaction.dirty().iter().map(|dirty| dirty.path.to_path_buf());
        let mut fresh: Vec<PathBuf> = dirty.chain(changes.iter().map(path_of)).collect();
        let mut asked = FxHashSet::default();
        loop {
            let links = fresh.iter().flat_map(|path| self.links.through(path));
            let mut names: Vec<_> = links.map(|link| (link.to_owned(), Evidence::WRITTEN)).collect();
            let shared = std::mem::take(&mut self.links.shared);
            if !shared.is_empty() {
                let told: FxHashSet<&str> = changes.iter().map(|change| change.path.as_str()).collect();
                let others = self.tree.names_of(&shared).into_iter();
                names.extend(others.filter(|(name, _)| !told.contains(normalize(name).as_str())));
            }
            names.retain(|(name, _)| asked.insert(name.clone()) && self.tree.holds_beside(name));
            if names.is_empty() {
                return;
            }
            names.sort_by(|one, two| one.0.cmp(&two.0));
            self.ask_mounts(names.iter().map(|(name, _)| name.as_path()), false);
            let from = changes.len();
            for (name, evidence) in names {
                self.settle_one(&name, evidence, changes);
            }
            fresh = changes[from..].iter().map(path_of).collect();
        }
    }
}

/// A folder that is not there has no other name than the given one.
fn real(dir: &Path) -> PathBuf {
    dir.canonicalize().unwrap_or_else(|_| dir.to_owned())
}

/// Without `.` and `..`.
fn tidy(path: &Path) -> PathBuf {
    use std::path::Component::{CurDir, ParentDir};
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            CurDir => {}
            ParentDir => drop(tidy.pop()),
            _ => tidy.push(part),
        }
    }
    tidy
}
