//! Walks a directory and everything below, in parallel, and places the watches on the way. Never compares and never
//! remembers.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::{Scope as Tasks, ThreadPool};

use super::away::Absent;
use super::disk;
use super::os::{Os, Placed};
use super::prune::{Level, Marks};
use super::scope::Scope;
use super::tree::{Entries, Found};
use crate::change::EntryType;
use crate::error::{Error, Result};

/// What a walk brought home.
#[derive(Default)]
pub(super) struct Walked {
    pub(super) found: Found,
    /// Symbolic links, wherever they lead.
    pub(super) links: Vec<PathBuf>,
    /// Inodes of files with several names.
    pub(super) hard: Vec<u64>,
    /// Directories that ignore files leave out, and other repositories.
    pub(super) pruned: Vec<PathBuf>,
    /// Directories that are left out and below which a negation of the user may name something.
    pub(super) closed: Vec<PathBuf>,
    /// Directories that could not be watched or listed, though they are there.
    pub(super) problems: Vec<Error>,
    /// Directories that were listed, but for which there was no watch left.
    pub(super) unplaced: Vec<PathBuf>,
    /// Directories that could not be read for another reason, such as too many open files.
    pub(super) unread: Vec<PathBuf>,
    /// Directories that may not be read.
    pub(super) denied: Vec<PathBuf>,
}

struct Walk<'walk> {
    scope: &'walk Scope,
    os: Option<&'walk Os>,
    absent: &'walk Absent,
    walked: Mutex<Walked>,
}

/// One directory's contents.
struct Listing {
    entries: Entries,
    marks: Marks,
}

/// Walks `top`, which the caller knows to be a directory that is watched. Mounts that are away are left out.
pub(super) fn walk(top: &Path, scope: &Scope, os: Option<&Os>, absent: &Absent, pool: &ThreadPool) -> Walked {
    let walk = Walk { scope, os, absent, walked: Mutex::default() };
    if scope.lists(top) {
        let level = scope.prune().and_then(|prune| {
            if scope.is_anchor(top) { Some(prune.ask(top)) } else { prune.level_of(top.parent()?) }
        });
        pool.scope(|tasks| walk.enter(top.to_owned(), level, tasks));
    }
    let mut walked = walk.walked.into_inner().unwrap_or_else(PoisonError::into_inner);
    // A repository is known by what is in it, and then its name is in the directory above already.
    for dir in &walked.pruned {
        if let (Some(above), Some(name)) = (dir.parent(), dir.file_name())
            && let Some(entries) = walked.found.get_mut(above)
        {
            entries.remove(name);
        }
    }
    walked
}

impl<'walk> Walk<'walk> {
    fn enter<'tasks>(&'tasks self, dir: PathBuf, above: Option<Arc<Level>>, tasks: &Tasks<'tasks>) {
        let listed = self.list(&dir);
        let Listing { entries, marks } = match listed {
            Ok(Some(listing)) => listing,
            Ok(None) => return,
            Err(problem) => {
                let mut home = self.home();
                home.unread.push(dir);
                return home.problems.push(problem);
            }
        };
        let mut level = above;
        let mut left_out = Vec::new();
        if let Some(prune) = self.scope.prune() {
            let is_anchor = self.scope.is_anchor(&dir);
            if marks.repository && !self.scope.is_wanted(&dir) && prune.is_strange(&dir, level.as_deref()) {
                if let Some(os) = self.os {
                    os.lift(&dir);
                }
                return self.home().pruned.push(dir);
            }
            // The level of what was asked for is read already, with all that counts above it.
            if !is_anchor {
                level = prune.enter(&dir, marks, level);
            } else if let Some(own) = prune.level_of(&dir) {
                level = Some(own);
            }
            for (name, stat) in &entries {
                if stat.entry == EntryType::Directory {
                    let below = dir.join(name);
                    if prune.prunes_below(&below, level.as_deref()) && !self.scope.is_wanted(&below) {
                        left_out.push(below);
                    }
                }
            }
        }
        for (name, stat) in &entries {
            if stat.entry == EntryType::Directory {
                let below = dir.join(name);
                if self.scope.lists(&below) && !left_out.contains(&below) {
                    let level = level.clone();
                    tasks.spawn(move |tasks| self.enter(below, level, tasks));
                }
            }
        }
        let mut home = self.home();
        home.found.insert(dir, entries);
        home.pruned.extend(left_out);
    }

    /// The entries of a directory, or `None` if it is not there any more.
    fn list(&self, dir: &Path) -> Result<Option<Listing>> {
        // First the watch, then the list: whatever comes between the two is both listed and told, never neither.
        if let Some(os) = self.os {
            match os.place(dir, |path| self.scope.is_anchor(path)) {
                Ok(Placed::Yes) => {}
                Ok(Placed::Gone) => return Ok(None),
                Ok(Placed::Denied) => return self.deny(dir),
                // Without a watch we can still list it, and poll it.
                Ok(Placed::Full) => self.home().unplaced.push(dir.to_owned()),
                // Without a watch we can still list it, and serve `watched()` and rescans.
                Err(problem) => self.home().problems.push(problem),
            }
        }
        let names = match std::fs::read_dir(dir) {
            Ok(names) => names,
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return self.deny(dir),
            Err(error) => return missing(dir, error),
        };
        let mut listing = Listing { entries: Entries::default(), marks: Marks::default() };
        for entry in names {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return missing(dir, error),
            };
            let path = entry.path();
            let name = entry.file_name();
            listing.marks.note(&name);
            if self.scope.ignores(&path) {
                if self.scope.has_named_below(&path) {
                    self.home().closed.push(path);
                }
                continue;
            }
            if self.absent.covers(&path) {
                continue;
            }
            let (stat, has_names) = disk::stat_and_names(&path);
            if let Some(stat) = stat {
                listing.entries.insert(name, stat);
            }
            if let Some(inode) = stat.and_then(|stat| stat.inode).filter(|_| has_names) {
                self.home().hard.push(inode);
            }
            if entry.file_type().is_ok_and(|entry| entry.is_symlink()) {
                self.home().links.push(path);
            }
        }
        Ok(Some(listing))
    }

    /// What may not be read has nothing for Vite; but people should know, and it may change.
    fn deny<T>(&self, dir: &Path) -> Result<Option<T>> {
        self.home().denied.push(dir.to_owned());
        Ok(None)
    }

    fn home(&self) -> std::sync::MutexGuard<'_, Walked> {
        self.walked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A directory that vanished is told by the one that it lay in.
fn missing<T>(dir: &Path, error: std::io::Error) -> Result<Option<T>> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    match error.kind() {
        NotFound | NotADirectory => Ok(None),
        _ if disk::is_loop(&error) => Ok(None),
        _ => Err(Error::Watch { path: crate::path::normalize(dir), source: error.into() }),
    }
}
