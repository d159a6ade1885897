//! What the system refuses: watches at one of its limits, and the reading of directories. Owns which directories are
//! concerned, says so, and tries again; what a warning says is `limits`'s.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;

use super::os::Placed;
use super::polling::PollMode;
use super::{Watch, limits};
use crate::error::Error;
use crate::path::normalize;

/// How many folders get their watch after all in one round, when the limit was raised or others gave watches back.
const PLACED_AT_ONCE: usize = 512;

/// What was refused and is not given yet.
#[derive(Default)]
pub(super) struct Refused {
    /// Directories for which the system gave no watch.
    pub(super) unplaced: FxHashSet<PathBuf>,
    /// The same, of a directory that only single names were awaited in.
    pub(super) unplaced_beside: bool,
    /// There is no instance for us, so no directory has a watch.
    pub(super) blind: bool,
    limit_told: bool,
    /// Directories that may not be read.
    pub(super) denied: FxHashSet<PathBuf>,
    denied_untold: Vec<PathBuf>,
    /// Directories that could not be read for a reason that may pass by itself.
    pub(super) unread: FxHashSet<PathBuf>,
}

impl Refused {
    /// How many directories have no watch though they should.
    pub(super) fn unplaced(&self) -> usize {
        self.unplaced.len()
    }

    /// A walk listed these directories, and of some the watch could not be placed.
    pub(super) fn walked<'dir>(
        &mut self,
        listed: impl Iterator<Item = &'dir PathBuf>,
        unplaced: Vec<PathBuf>,
        unread: Vec<PathBuf>,
        denied: Vec<PathBuf>,
    ) {
        for dir in listed {
            self.unplaced.remove(dir);
            self.denied.remove(dir);
            self.unread.remove(dir);
        }
        self.unplaced.extend(unplaced);
        self.unread.extend(unread);
        for dir in denied {
            self.deny(dir);
        }
    }

    pub(super) fn beside_is_unplaced(&mut self) {
        self.unplaced_beside = true;
    }

    pub(super) fn deny(&mut self, dir: PathBuf) {
        if self.denied.insert(dir.clone()) {
            self.denied_untold.push(dir);
        }
    }

    pub(super) fn is_denied(&self, dir: &Path) -> bool {
        self.denied.contains(dir)
    }
}

impl Watch {
    /// What has gone wrong with watches since the last call.
    pub(super) fn complain(&mut self) {
        let polled = self.polling.mode() != PollMode::Never;
        let unplaced = self.polling.refused.unplaced();
        if unplaced == 0 {
            self.polling.refused.limit_told = self.polling.refused.blind;
        } else if !self.polling.refused.limit_told && self.os.is_some() {
            self.polling.refused.limit_told = true;
            let wants = self.tree.directories() + self.beside.len(&self.tree);
            let reach = limits::Reach { holds: wants.saturating_sub(unplaced), wants, polled };
            let error = limits::no_watch_left(&reach, self.tree.dirs());
            self.warn(error);
        }
        let denied = std::mem::take(&mut self.polling.refused.denied_untold);
        if !denied.is_empty() {
            let mut paths: Vec<String> = denied.iter().map(|dir| normalize(dir)).collect();
            paths.sort();
            let more = paths.len().saturating_sub(3);
            paths.truncate(3);
            self.warn(Error::WatchDenied { paths, more });
        }
    }

    /// There is no instance for us, so every directory is without a watch.
    pub(super) fn has_no_instance(&mut self, problem: Error) {
        self.polling.refused.limit_told = true;
        self.polling.refused.blind = true;
        self.warn(problem);
    }

    /// Tries to place the watches that could not be placed before, and gives the directories that have one now.
    pub(super) fn place_again(&mut self) -> Vec<PathBuf> {
        let mut placed = Vec::new();
        if self.polling.refused.blind {
            // For as long as there is no instance this is one call to the system.
            let Ok(os) = super::start(&self.scope, self.polling.mode(), &self.signals) else { return placed };
            self.os = Some(os);
            self.polling.refused.blind = false;
            let known = self.tree.dirs().chain(self.walked.iter().map(PathBuf::as_path));
            self.polling.refused.unplaced = known.map(Path::to_owned).collect();
        }
        let mut left: Vec<PathBuf> = self.polling.refused.unplaced.iter().cloned().collect();
        left.sort();
        self.ask_mounts(left.iter().map(PathBuf::as_path), false);
        // Once it answers.
        left.retain(|dir| !self.away.covers(dir));
        let Some(os) = &self.os else { return placed };
        // What was walked for the open transaction is not in the known tree yet.
        let is_there = |dir: &PathBuf| self.tree.holds(dir) || self.walked.contains(dir);
        for dir in left.into_iter().take(PLACED_AT_ONCE) {
            if is_there(&dir) {
                match os.place(&dir, |path| self.scope.is_anchor(path)) {
                    // Whatever is wrong with it, a look at it or at the directory it lies in will tell.
                    Ok(Placed::Yes | Placed::Gone | Placed::Denied) => {}
                    Ok(Placed::Full) | Err(_) => return placed,
                }
            }
            self.polling.refused.unplaced.remove(&dir);
            placed.push(dir);
        }
        if std::mem::take(&mut self.polling.refused.unplaced_beside) {
            self.settle_beside();
        }
        placed
    }
}
