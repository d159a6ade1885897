//! Which mounts do not tell what changes on them: those whose kind says so, and those on which a file changed without an
//! event. Owns the table of mounts and the probes that find it out; what is polled then is `polling`'s.

use std::path::{Path, PathBuf};
use std::time::Instant;

use rustc_hash::{FxHashMap, FxHashSet};

use super::look::{Difference, Look, Purpose, Visit, fingerprint};
use super::mounts::{self, Mounts};
use super::polling::{AskFiles, PollMode};
use super::{Watch, disk};
use crate::change::{Evidence, Stat, Transaction};
use crate::error::Error;
use crate::path::normalize;

/// How many files of the graph are looked at each second, where nothing is polled, to find out whether events come:
/// the ones loaded last, and as many others in turn.
pub const PROBED: usize = 32;

/// What is known about mounts.
pub(super) struct Silence {
    table: PathBuf,
    table_fingerprint: u64,
    pub(super) mounts: Mounts,
    /// The points of the mounts that are polled.
    pub(super) silent: FxHashSet<PathBuf>,
    told: FxHashSet<PathBuf>,
    /// Files that differed without an event when last probed, and what was known of each then.
    unheard: FxHashMap<PathBuf, Option<Stat>>,
    /// The files that are still to be probed in turn; listed anew when all were, since a list of a large graph costs.
    others: Vec<String>,
}

impl Silence {
    pub(super) fn new(table: Option<&Path>) -> Self {
        Self {
            table: table.unwrap_or(Path::new(mounts::TABLE)).to_owned(),
            table_fingerprint: 0,
            mounts: Mounts::default(),
            silent: FxHashSet::default(),
            told: FxHashSet::default(),
            unheard: FxHashMap::default(),
            others: Vec::new(),
        }
    }

    pub(super) fn read_mounts(&mut self) {
        let Ok(text) = std::fs::read(&self.table) else { return };
        self.table_fingerprint = fingerprint(&text);
        self.mounts = Mounts::parse(&text);
    }

    /// Whether a path lies on a mount that does not tell.
    pub(super) fn covers(&self, path: &Path) -> bool {
        !self.silent.is_empty()
            && self.mounts.of(path).is_some_and(|mount| self.silent.contains(&mount.point))
    }
}

impl Watch {
    /// Finds out which mounts do not tell, of those that these paths lie on or that lie in watched directories, and says
    /// so once.
    pub(super) fn appraise(&mut self, paths: &[PathBuf]) {
        if self.polling.mode() != PollMode::Needed {
            return;
        }
        let mut folders: Vec<(PathBuf, PathBuf, String)> = Vec::new();
        let mut meet = |folder: &Path, mount: Option<&mounts::Mount>| {
            if let Some(mount) = mount
                && mount.is_silent()
            {
                folders.push((folder.to_owned(), mount.point.clone(), mount.kind.clone()));
            }
        };
        for path in paths {
            meet(path, self.polling.silence.mounts.of(path));
        }
        for mount in self.polling.silence.mounts.iter() {
            // One that is away is not known yet if it was from the start.
            let awaited = self.away.covers(&mount.point) && self.is_watched(&mount.point);
            if awaited || self.tree.holds(&mount.point) {
                meet(&mount.point, Some(mount));
            }
        }
        folders.sort();
        for (folder, point, kind) in folders {
            self.polling.silence.silent.insert(point.clone());
            if self.polling.silence.told.insert(point.clone()) {
                let at = if folder == point { String::new() } else { format!(" ({})", normalize(&point)) };
                let reason = format!(
                    "it lies on a {kind} mount{at}, where changes made elsewhere come without an event"
                );
                self.warn(Error::Polling { path: normalize(&folder), reason });
            }
        }
    }

    /// A probe: a look at a few files of which events are expected, and at the mounts. To be taken once a second.
    pub fn probe(&mut self, files: AskFiles<'_>) -> Look {
        if !self.polling.silence.unheard.is_empty() {
            // On a busy machine events are late by any time; what this look finds is judged after all that came before.
            self.catch_up();
        }
        let start = Instant::now();
        self.ask_again();
        let mut visits = Vec::new();
        if self.polling.mode() == PollMode::Needed {
            for path in self.files_to_probe(files) {
                if let Some(known) = self.tree.get(&path).copied()
                    && !self.away.covers(&path)
                {
                    visits.push(Visit::File { path, known: Some(known), named: false, by_inode: false });
                }
            }
        }
        let closed = self.polling.refused.unread.iter().chain(&self.polling.refused.denied);
        let closed = closed.filter(|dir| !self.away.covers(dir));
        visits.extend(closed.take(PROBED).map(|dir| Visit::Denied { dir: dir.clone() }));
        let mounts = Some((self.polling.silence.table.clone(), self.polling.silence.table_fingerprint));
        let progress = self.progress_of(&visits);
        Look { purpose: Purpose::Probe, visits, prepared: start.elapsed(), mounts, progress }
    }

    /// Files that events are expected of: those loaded last, and some others in turn.
    fn files_to_probe(&mut self, files: AskFiles<'_>) -> Vec<PathBuf> {
        let mut chosen = files(PROBED);
        let others = &mut self.polling.silence.others;
        // With no more files than these there are no others.
        if others.is_empty() && chosen.len() == PROBED {
            *others = files(usize::MAX);
        }
        chosen.extend(others.drain(others.len().saturating_sub(PROBED)..));
        let mut paths: Vec<PathBuf> = chosen.into_iter().map(PathBuf::from).collect();
        paths.extend(self.polling.silence.unheard.keys().cloned());
        paths.sort();
        paths.dedup();
        paths.retain(|path| path.parent().is_some_and(|dir| !self.polling.covers(dir)));
        paths
    }

    /// Takes in what a probe saw.
    pub(super) fn take_in_probe(
        &mut self,
        found: Vec<Difference>,
        mounts: Option<(u64, Mounts)>,
        transaction: &mut Option<Transaction>,
        now: Instant,
    ) {
        let is_open = |found: &Difference| found.evidence.contains(Evidence::METADATA);
        let (open, differ): (Vec<_>, Vec<_>) = found.into_iter().partition(is_open);
        for found in open {
            if self.is_watched(&found.path) {
                self.note_looked(&found.path, found.evidence, transaction, now);
            } else {
                // Only a name in it was awaited.
                self.polling.refused.denied.remove(&found.path);
                self.approach(&found.path, transaction, now);
                transaction.iter_mut().for_each(Transaction::look);
            }
        }
        self.judge(differ.into_iter().map(|found| (found.path, found.now)), transaction, now);
        if let Some((fingerprint, mounts)) = mounts {
            self.remount(fingerprint, mounts, transaction, now);
        }
    }

    /// A file that differs, and of which nothing was heard until the next probe, changed without an event. One that is
    /// known otherwise by then was heard of, and has changed again.
    fn judge(
        &mut self,
        found: impl Iterator<Item = (PathBuf, Option<Stat>)>,
        transaction: &mut Option<Transaction>,
        now: Instant,
    ) {
        let before = std::mem::take(&mut self.polling.silence.unheard);
        if transaction.as_ref().is_some_and(Transaction::rescan) {
            return;
        }
        for (path, stat) in found {
            let heard = transaction.as_ref().is_some_and(|open| open.contains(&path));
            let known = self.tree.get(&path).copied();
            if heard || self.away.covers(&path) || known == stat {
                continue;
            }
            if before.get(&path) != Some(&known) {
                self.polling.silence.unheard.insert(path, known);
                continue;
            }
            self.note_looked(&path, Evidence::FOUND, transaction, now);
            self.miss(&path);
        }
    }

    /// A change came without an event: the mount does not tell of all.
    fn miss(&mut self, path: &Path) {
        // Of what a link leads to, or what is written under another name (pnpm links packages so), this directory is not
        // told; that says nothing of the mount.
        let own = std::fs::symlink_metadata(path);
        if own.is_ok_and(|own| own.is_symlink() || disk::has_names(&own)) {
            return;
        }
        let folder = self.scope.anchors().find(|anchor| path.starts_with(anchor)).unwrap_or(path);
        let point = match self.polling.silence.mounts.of(path) {
            Some(mount) => mount.point.clone(),
            // Without a table of mounts the folder that was asked for stands for one.
            None => self.polling.silence.mounts.assume(folder),
        };
        self.polling.silence.silent.insert(point.clone());
        if self.polling.silence.told.insert(point.clone()) {
            let folder = if folder.starts_with(&point) { folder } else { &point };
            let (path, reason) =
                (normalize(folder), format!("{} changed and no event came", normalize(path)));
            self.warn(Error::Polling { path, reason });
        }
    }

    /// Something was mounted or unmounted: nobody tells what lies there now.
    fn remount(
        &mut self,
        fingerprint: u64,
        mounts: Mounts,
        transaction: &mut Option<Transaction>,
        now: Instant,
    ) {
        let points = mounts.since(&self.polling.silence.mounts);
        self.forget_away(&points);
        self.polling.silence.table_fingerprint = fingerprint;
        self.polling.silence.mounts = mounts;
        let visible = &self.polling.silence.mounts;
        self.polling
            .silence
            .silent
            .retain(|point| visible.of(point).is_some_and(|mount| mount.point == *point));
        let names: Vec<PathBuf> = self.scope.named().map(Path::to_owned).collect();
        let sign = Evidence::REMOVED | Evidence::CREATED;
        for point in points {
            for path in self.names_on(&point) {
                self.note_looked(&path, sign, transaction, now);
            }
        }
        self.use_waiting(transaction, now);
        self.appraise(&names);
    }

    /// Takes in what was seen, of which no event told.
    pub(super) fn note_looked(
        &mut self,
        path: &Path,
        evidence: Evidence,
        transaction: &mut Option<Transaction>,
        now: Instant,
    ) {
        self.note(path, evidence, transaction, now);
        transaction.iter_mut().for_each(Transaction::look);
    }
}
