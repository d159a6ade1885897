//! Ignore files and repositories that come, change or go while we watch: what they leave out and let in from then on.
//! What the rules themselves say is `prune`'s.

use std::path::{Path, PathBuf};

use super::{Watch, prune};
use crate::change::{EntryType, Transaction};

impl Watch {
    /// Reads again the ignore files that changed, and says in which directories. What they let in now and is new is
    /// told; what was watched so far is still told of.
    pub(super) fn changed_rules(&mut self, transaction: &Transaction) -> Vec<PathBuf> {
        if self.scope.prune().is_none() {
            return Vec::new();
        }
        let mut dirs: Vec<PathBuf> = Vec::new();
        for dirty in transaction.dirty() {
            if let Some(dir) = dirty.path.parent()
                && prune::is_rules(&dirty.path)
                && self.tree.holds(dir)
                && !dirs.iter().any(|known| dir.starts_with(known))
            {
                dirs.retain(|known| !known.starts_with(dir));
                dirs.push(dir.to_owned());
            }
        }
        // What they say is asked about everything below. What is away is walked, with its rules, when it answers.
        self.ask_mounts(dirs.iter().map(PathBuf::as_path), true);
        dirs.retain(|dir| !self.away.covers(dir));
        if let Some(prune) = self.scope.prune() {
            for dir in &dirs {
                prune.reload(dir, |path| self.scope.is_anchor(path), |path| self.away.covers(path));
            }
        }
        dirs
    }

    /// Ignore files changed: what they leave out now is watched no more, what they let in is watched from now on.
    /// Nobody is told of either: nothing happened to those files.
    pub(super) fn follow_rules(&mut self, dir: &Path) {
        let mut held = self.tree.dirs_below(dir);
        held.sort();
        for below in held {
            let inside = below != dir && self.tree.holds_parent(&below) && !self.away.covers(&below);
            if inside && self.tree.holds(&below) && self.scope.prunes(&below) {
                self.leave_out(&below);
            }
        }
        let mut pruned: Vec<PathBuf> =
            self.pruned.iter().filter(|pruned| pruned.starts_with(dir)).cloned().collect();
        pruned.sort();
        for below in pruned {
            if !self.away.covers(&below) && !self.scope.prunes(&below) {
                self.learn_quietly(&below);
            }
        }
        self.take_packages();
    }

    /// A `.git` came: what lies beside it is another repository from now on.
    pub(super) fn became_repository(&mut self, dir: &Path) {
        let Some(prune) = self.scope.prune() else { return };
        let level = dir.parent().and_then(|above| prune.level_of(above));
        let known = self.tree.holds(dir) || self.walked.contains(dir);
        if !known || self.scope.is_wanted(dir) || !prune.is_strange(dir, level.as_deref()) {
            return;
        }
        if self.scope.has_files_below(dir) {
            return prune.keep(dir);
        }
        self.leave_out(dir);
    }

    /// Watches a directory of a watched tree no more, except for what is watched by name.
    pub(super) fn leave_out(&mut self, dir: &Path) {
        let discovered: Vec<PathBuf> =
            self.walked.iter().filter(|walked| walked.starts_with(dir)).cloned().collect();
        self.lift_below(dir);
        for walked in &discovered {
            if let Some(os) = &self.os {
                os.lift(walked);
            }
            self.walked.remove(walked);
        }
        self.tree.take(dir);
        self.pruned.insert(dir.to_owned());
        let names: Vec<PathBuf> =
            self.scope.named().filter(|name| name.starts_with(dir)).map(Path::to_owned).collect();
        for name in &names {
            if self.scope.is_anchor(name) {
                self.learn(name);
            }
        }
        self.settle_names(&names);
        for name in names {
            if let Some(stat) = self.stat(&name)
                && stat.entry == EntryType::File
            {
                self.tree.put(&name, stat);
            }
        }
    }

    /// Watches a directory that was left out so far; what is in it is no change.
    pub(super) fn learn_quietly(&mut self, dir: &Path) {
        self.pruned.remove(dir);
        if !self.tree.holds_parent(dir) || self.scope.ignores(dir) {
            return;
        }
        let Some(stat) = self.stat(dir) else { return };
        self.tree.put(dir, stat);
        if stat.entry == EntryType::Directory {
            let found = self.walk(dir);
            self.tree.adopt(dir, found);
            self.settle_below(dir);
        }
    }
}
