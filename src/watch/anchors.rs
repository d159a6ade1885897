//! Sees to it that a path watched by name is noticed when it comes, goes and comes again: a file is watched through the
//! directory that it lies in, a missing path through the nearest directory above it that is there. Owns these watches
//! beside the trees; what lies in a watched tree needs none of them.

use std::path::{Path, PathBuf};
use std::time::Instant;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Watch, os::Placed, tree::Tree};
use crate::change::{EntryType, Evidence, Transaction};

/// Directories watched only for single names.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// For each directory the names in it that count, and which paths wait for each.
    dirs: FxHashMap<PathBuf, FxHashMap<PathBuf, FxHashSet<PathBuf>>>,
    /// For each path the directory and the name in it.
    held: FxHashMap<PathBuf, (PathBuf, PathBuf)>,
}

impl Beside {
    /// How many watches these are; a directory of a watched tree has its own.
    pub(super) fn len(&self, tree: &Tree) -> usize {
        self.dirs.keys().filter(|dir| !tree.holds(dir)).count()
    }

    /// Whether a directory is watched for a name in it.
    pub(super) fn watches(&self, dir: &Path) -> bool {
        self.dirs.contains_key(dir)
    }

    /// Whether the coming or going of this path can bring a missing path nearer, or take it away.
    pub(super) fn concerns(&self, path: &Path) -> bool {
        self.dirs.contains_key(path)
            || path.parent().and_then(|dir| self.dirs.get(dir)).is_some_and(|steps| steps.contains_key(path))
    }

    /// Which paths those are.
    fn waiting(&self, path: &Path) -> Vec<PathBuf> {
        let inside = self.dirs.get(path).into_iter().flatten().flat_map(|(_, names)| names);
        let step = path.parent().and_then(|dir| self.dirs.get(dir)?.get(path));
        inside.chain(step.into_iter().flatten()).cloned().collect()
    }

    /// Those of them that lead here through a link.
    pub(super) fn other_names(&self, path: &Path) -> Vec<PathBuf> {
        let names = path.parent().and_then(|dir| self.dirs.get(dir)?.get(path));
        names.into_iter().flatten().filter(|name| !name.starts_with(path)).cloned().collect()
    }

    fn hold(&mut self, name: &Path, dir: PathBuf, step: PathBuf) {
        self.dirs.entry(dir.clone()).or_default().entry(step.clone()).or_default().insert(name.to_owned());
        self.held.insert(name.to_owned(), (dir, step));
    }

    /// Gives the directory that nobody needs any more.
    fn release(&mut self, name: &Path) -> Option<PathBuf> {
        let (dir, step) = self.held.remove(name)?;
        let steps = self.dirs.get_mut(&dir)?;
        if let Some(names) = steps.get_mut(&step) {
            names.remove(name);
            if names.is_empty() {
                steps.remove(&step);
            }
        }
        if !steps.is_empty() {
            return None;
        }
        self.dirs.remove(&dir);
        Some(dir)
    }
}

impl Watch {
    /// What happened to a path happened to what is watched by name through a link to the directory that it lies in.
    pub(super) fn note_other_names(
        &mut self,
        names: Vec<PathBuf>,
        evidence: Evidence,
        transaction: &mut Option<Transaction>,
        now: Instant,
    ) {
        if evidence.contains(Evidence::CREATED) {
            // If it is a directory, it has a watch now that they share.
            self.settle_names(&names);
        }
        for name in names.iter().filter(|name| !self.scope.ignores(name)) {
            transaction.get_or_insert_with(|| Transaction::open(now)).mark(name, evidence, now);
        }
    }

    /// A step towards a missing path came, or a directory watched for a name in it went.
    pub(super) fn approach(&mut self, path: &Path, transaction: &mut Option<Transaction>, now: Instant) {
        let names = self.beside.waiting(path);
        self.settle_names(&names);
        for name in names {
            // The path itself is taken in by whoever calls.
            if name == path || self.scope.ignores(&name) || self.is_link_to_package(&name) {
                continue;
            }
            let evidence = match (self.tree.get(&name).is_some(), self.stat(&name).is_some()) {
                (false, true) => Evidence::CREATED,
                (true, false) => Evidence::REMOVED,
                // Its directory was replaced by another one.
                (true, true) => Evidence::FOUND,
                (false, false) => continue,
            };
            let open = transaction.get_or_insert_with(|| Transaction::open(now));
            open.mark(&name, evidence, now);
            if evidence == Evidence::CREATED {
                self.discover(&name, open, now);
            }
        }
    }

    /// The same for everything that is watched by name.
    pub(super) fn settle_beside(&mut self) {
        let names: Vec<PathBuf> = self.scope.named().map(Path::to_owned).collect();
        let gone: Vec<PathBuf> =
            self.beside.held.keys().filter(|name| !self.scope.is_named(name)).cloned().collect();
        for name in gone {
            self.release(&name);
        }
        self.settle_names(&names);
    }

    /// Places the watches that paths need now, and takes away those that they need no more.
    pub(super) fn settle_names(&mut self, names: &[PathBuf]) {
        if self.os.is_none() {
            return;
        }
        self.ask_mounts(names.iter().map(PathBuf::as_path), false);
        let mut placed = FxHashSet::default();
        for name in names {
            if self.away.covers(name) {
                continue;
            }
            let inside = self.tree.holds_parent(name);
            // A directory that may not be read has no watch of its own that would tell when it may.
            let is_there = || {
                !self.polling.refused.is_denied(name)
                    && self.stat(name).is_some_and(|stat| stat.entry == EntryType::Directory)
            };
            let hold = if inside || self.scope.ignores(name) || is_there() {
                None
            } else {
                self.hold(name, &mut placed)
            };
            if hold.is_some() && self.beside.held.get(name) == hold.as_ref() {
                continue;
            }
            if let Some((dir, step)) = hold {
                // Before the old one is released: they may be in the same directory.
                let old = self.beside.held.get(name).map(|(dir, _)| dir.clone());
                self.release_unless(name, old.as_deref() == Some(dir.as_path()));
                self.beside.hold(name, dir, step);
            } else {
                self.release(name);
            }
        }
    }

    fn release(&mut self, name: &Path) {
        self.release_unless(name, false);
    }

    fn release_unless(&mut self, name: &Path, keep: bool) {
        if let Some(dir) = self.beside.release(name)
            && !keep
            && !self.tree.holds(&dir)
            && let Some(os) = &self.os
        {
            os.lift(&dir);
        }
    }

    /// Watches the nearest directory above `name` that is there, and says which name in it is awaited.
    fn hold(&mut self, name: &Path, placed: &mut FxHashSet<PathBuf>) -> Option<(PathBuf, PathBuf)> {
        let mut held = None;
        // The next directory down may come while we place the watch above it; then we have to go down again.
        // Whatever comes after the last look is told. Somebody who makes and deletes it all the time gives up first.
        for _ in 0..4 {
            let (dir, step) = self.climb(name, placed)?;
            let nearer = step != name && step.is_dir();
            let again = held.as_ref() != Some(&(dir.clone(), step.clone()));
            held = Some((dir, step));
            if !(nearer && again) {
                break;
            }
        }
        held
    }

    fn climb(&mut self, name: &Path, placed: &mut FxHashSet<PathBuf>) -> Option<(PathBuf, PathBuf)> {
        for (step, dir) in name.ancestors().zip(name.ancestors().skip(1)) {
            if placed.contains(dir) {
                return Some((dir.to_owned(), step.to_owned()));
            }
            let os = self.os.as_ref()?;
            if let Some(other) = os.other_name(dir)
                && (self.tree.holds(&other) || self.walked.contains(&other))
            {
                let step = other.join(step.file_name()?);
                return Some((other, step));
            }
            match os.place_beside(dir) {
                Ok(Placed::Gone) => {}
                Ok(Placed::Denied) => {
                    self.polling.refused.deny(dir.to_owned());
                    self.polling.refused.beside_is_unplaced();
                }
                Ok(Placed::Full) => {
                    self.polling.refused.beside_is_unplaced();
                    return None;
                }
                Ok(Placed::Yes) => {
                    placed.insert(dir.to_owned());
                    return Some((dir.to_owned(), step.to_owned()));
                }
                Err(problem) => {
                    self.warn(problem);
                    return None;
                }
            }
        }
        None
    }
}
