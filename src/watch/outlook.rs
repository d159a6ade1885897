//! What the disk says about a transaction that has become quiet. Looks, and changes nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use super::Watch;
use crate::change::{Dirty, EntryType, Evidence, Stat, Transaction};

impl Watch {
    /// How long git has held the lock of a work tree that paths of the transaction lie in; of several the one taken
    /// last. `None` without a lock.
    pub fn git_lock_age(&mut self, transaction: &Transaction) -> Option<Duration> {
        if transaction.rescan() {
            // Nobody knows which paths it is about.
            let anchors: Vec<&Path> =
                self.scope.anchors().filter(|anchor| !self.away.covers(anchor)).collect();
            return self.git_locks.age(anchors.into_iter());
        }
        let dirty = transaction.dirty().iter().filter(|dirty| !self.away.covers(&dirty.path));
        self.git_locks.age(dirty.filter_map(|dirty| dirty.path.parent()))
    }

    /// Whether there is more than one file saved. Paths that neither were nor are there do not count: the temporary
    /// file of an atomic save is one.
    pub fn is_burst(&self, transaction: &Transaction) -> bool {
        let mut saved = 0;
        for dirty in transaction.dirty() {
            let before = self.tree.get(&dirty.path);
            let now = self.stat(&dirty.path);
            match (before, now) {
                (None, None) => continue,
                (Some(_), Some(now)) if now.entry == EntryType::Directory => continue,
                (Some(_), Some(_)) if !dirty.evidence.contains(Evidence::REMOVED) => saved += 1,
                _ => return true,
            }
            if saved > 1 {
                return true;
            }
        }
        transaction.rescan()
    }

    /// The time of the last sign of a file that is used (`is_used` says so) and is empty now, or gone while no new
    /// file stands in for it.
    pub fn last_loss(&self, transaction: &Transaction, is_used: impl Fn(&Path) -> bool) -> Option<Instant> {
        let mut emptied = None;
        let mut gone = None;
        let mut renamed = false;
        for Dirty { path, last, .. } in transaction.dirty() {
            match (self.tree.get(path), self.stat(path)) {
                (None, Some(now)) if now.entry == EntryType::File => renamed = true,
                (Some(_), None) if is_used(path) => gone = gone.max(Some(*last)),
                // One that was empty before is not about to come back.
                (Some(before), Some(now)) if before.size > 0 && is_empty_file(&now) && is_used(path) => {
                    emptied = emptied.max(Some(*last));
                }
                _ => {}
            }
        }
        emptied.max(if renamed { None } else { gone })
    }
}

fn is_empty_file(stat: &Stat) -> bool {
    stat.entry == EntryType::File && stat.size == 0
}
