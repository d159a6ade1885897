//! Walks a directory and everything below, in parallel, and places the watches on the way. Never compares and never
//! remembers.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rayon::{Scope as Tasks, ThreadPool};

use super::disk;
use super::os::{Os, Placed};
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
    /// Directories that could not be watched or listed, though they are there.
    pub(super) problems: Vec<Error>,
}

struct Walk<'walk> {
    scope: &'walk Scope,
    os: Option<&'walk Os>,
    walked: Mutex<Walked>,
}

/// Walks `top`, which the caller knows to be a directory that is watched.
pub(super) fn walk(top: &Path, scope: &Scope, os: Option<&Os>, pool: &ThreadPool) -> Walked {
    let walk = Walk { scope, os, walked: Mutex::default() };
    if scope.lists(top) {
        pool.scope(|tasks| walk.enter(top.to_owned(), tasks));
    }
    walk.walked.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl<'walk> Walk<'walk> {
    fn enter<'tasks>(&'tasks self, dir: PathBuf, tasks: &Tasks<'tasks>) {
        let listed = self.list(&dir);
        let entries = match listed {
            Ok(Some(entries)) => entries,
            Ok(None) => return,
            Err(problem) => return self.home().problems.push(problem),
        };
        for (name, stat) in &entries {
            if stat.entry == EntryType::Directory {
                let below = dir.join(name);
                if self.scope.lists(&below) {
                    tasks.spawn(move |tasks| self.enter(below, tasks));
                }
            }
        }
        self.home().found.insert(dir, entries);
    }

    /// The entries of a directory, or `None` if it is not there any more.
    fn list(&self, dir: &Path) -> Result<Option<Entries>> {
        // First the watch, then the list: whatever comes between the two is both listed and told, never neither.
        if let Some(os) = self.os {
            match os.place(dir) {
                Ok(Placed::Yes) => {}
                Ok(Placed::Gone) => return Ok(None),
                // Without a watch we can still list it, and serve `watched()` and rescans.
                Err(problem) => self.home().problems.push(problem),
            }
        }
        let listing = match std::fs::read_dir(dir) {
            Ok(listing) => listing,
            Err(error) => return missing(dir, error),
        };
        let mut entries = Entries::new();
        for entry in listing {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => return missing(dir, error),
            };
            let path = entry.path();
            if self.scope.ignores(&path) {
                continue;
            }
            if let Some(stat) = disk::stat(&path) {
                entries.insert(entry.file_name(), stat);
            }
            if entry.file_type().is_ok_and(|entry| entry.is_symlink()) {
                self.home().links.push(path);
            }
        }
        Ok(Some(entries))
    }

    fn home(&self) -> std::sync::MutexGuard<'_, Walked> {
        self.walked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A directory that vanished is told by the one that it lay in; one that may not be read has nothing for Vite.
fn missing(dir: &Path, error: std::io::Error) -> Result<Option<Entries>> {
    use std::io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    match error.kind() {
        NotFound | PermissionDenied | NotADirectory => Ok(None),
        _ => Err(Error::Watch { path: crate::path::normalize(dir), source: error.into() }),
    }
}
