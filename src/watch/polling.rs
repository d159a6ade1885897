//! What is polled and why: mounts that do not tell, folders for which there was no watch, or everything. Owns what was
//! last seen there and which part of it is next; the looks themselves are `look`'s, their times `change`'s.
//!
//! A look only makes paths dirty. What changed is decided as ever, when the transaction closes.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};

use super::look::{Difference, Look, Looked, Purpose, Seen, Visit, fingerprint};
use super::mounts::{self, Mounts};
use super::os::Placed;
use super::{Watch, disk, limits};
use crate::change::{Change, EntryType, Evidence, Ring, Stat, Transaction};
use crate::error::Error;
use crate::path::normalize;

/// How many paths one slice looks at: less than a millisecond on a local disk.
const SLICE: usize = 256;

/// How many files of the graph are looked at each second, where nothing is polled, to find out whether events come:
/// the ones loaded last, and as many others in turn.
pub const PROBED: usize = 32;

/// How many folders get their watch after all in one round, when the limit was raised or others gave watches back.
const PLACED_AT_ONCE: usize = 512;

/// Endings of files that are looked at less often, as chokidar does: they are large and hardly ever edited by hand.
const BINARY: &[&str] = &[
    "7z", "avi", "avif", "bmp", "br", "bz2", "db", "dmg", "eot", "exe", "flac", "gif", "gz", "ico", "icns",
    "jpeg", "jpg", "m4a", "mov", "mp3", "mp4", "node", "ogg", "otf", "pdf", "png", "psd", "rar", "sqlite",
    "tar", "tgz", "tiff", "ttf", "wasm", "wav", "webm", "webp", "woff", "woff2", "xz", "zip", "zst",
];

/// What is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PollMode {
    /// Where the kind of mount says that events do not come, where one was missed, and what could not be watched.
    #[default]
    Needed,
    /// Nothing, whatever is missed.
    Never,
    /// Everything, and no watch is placed.
    Always,
}

/// What is known about polling.
pub(super) struct Polling {
    mode: PollMode,
    table: PathBuf,
    table_fingerprint: u64,
    mounts: Mounts,
    /// The points of the mounts that are polled.
    silent: FxHashSet<PathBuf>,
    told: FxHashSet<PathBuf>,
    /// Directories for which the system gave no watch.
    unplaced: FxHashSet<PathBuf>,
    /// The same, of a directory that only single names were awaited in.
    unplaced_beside: bool,
    /// There is no instance for us, so no directory has a watch.
    blind: bool,
    limit_told: bool,
    /// Directories that may not be read.
    denied: FxHashSet<PathBuf>,
    denied_untold: Vec<PathBuf>,
    /// Directories that could not be read for a reason that may pass by itself.
    unread: FxHashSet<PathBuf>,
    seen: FxHashMap<PathBuf, Seen>,
    /// What looks found since the last batch, as it was then: found once is enough.
    found: FxHashMap<PathBuf, Option<Stat>>,
    often: Queue,
    rest: Queue,
    /// Files that differed without an event, when last probed.
    unheard: FxHashSet<PathBuf>,
    /// How many files were probed in turn.
    turn: usize,
}

/// A ring, and how far its round has come. What is next stands last.
#[derive(Default)]
struct Queue(Vec<Target>);

enum Target {
    File(PathBuf),
    Names(PathBuf),
    Directory(PathBuf),
    Denied(PathBuf),
}

/// Asks the module graphs for the files that they know, each once and at most so many; those loaded last come first,
/// where that is known.
pub type AskFiles<'ask> = &'ask dyn Fn(usize) -> Vec<String>;

impl Polling {
    pub(super) fn new(mode: PollMode, table: Option<&Path>) -> Self {
        Self {
            mode,
            table: table.unwrap_or(Path::new(mounts::TABLE)).to_owned(),
            table_fingerprint: 0,
            mounts: Mounts::default(),
            silent: FxHashSet::default(),
            told: FxHashSet::default(),
            unplaced: FxHashSet::default(),
            unplaced_beside: false,
            blind: false,
            limit_told: false,
            denied: FxHashSet::default(),
            denied_untold: Vec::new(),
            unread: FxHashSet::default(),
            seen: FxHashMap::default(),
            found: FxHashMap::default(),
            often: Queue::default(),
            rest: Queue::default(),
            unheard: FxHashSet::default(),
            turn: 0,
        }
    }

    pub(super) fn mode(&self) -> PollMode {
        self.mode
    }

    pub(super) fn read_mounts(&mut self) {
        let Ok(text) = std::fs::read(&self.table) else { return };
        self.table_fingerprint = fingerprint(&text);
        self.mounts = Mounts::parse(&text);
    }

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

    /// A batch is closed: the known tree is what lies on disk.
    pub(super) fn settled(&mut self) {
        self.found.clear();
    }

    fn is_active(&self) -> bool {
        match self.mode {
            PollMode::Always => true,
            PollMode::Never => false,
            PollMode::Needed => {
                self.blind || self.unplaced_beside || !self.silent.is_empty() || !self.unplaced.is_empty()
            }
        }
    }

    /// Whether a directory is polled.
    fn covers(&self, dir: &Path) -> bool {
        match self.mode {
            PollMode::Always => true,
            PollMode::Never => false,
            PollMode::Needed => self.blind || self.unplaced.contains(dir) || self.is_on_silent_mount(dir),
        }
    }

    fn is_on_silent_mount(&self, path: &Path) -> bool {
        !self.silent.is_empty()
            && self.mounts.of(path).is_some_and(|mount| self.silent.contains(&mount.point))
    }

    fn queue(&mut self, ring: Ring) -> &mut Queue {
        match ring {
            Ring::Often => &mut self.often,
            Ring::Rest => &mut self.rest,
        }
    }
}

impl Watch {
    /// Whether anything is polled.
    pub fn polls(&self) -> bool {
        self.polling.is_active()
    }

    /// The next slice of a ring; `anew` begins a round.
    pub fn look(&mut self, ring: Ring, anew: bool, files: AskFiles<'_>) -> Look {
        let start = Instant::now();
        if anew {
            let mut round = self.round(ring, files);
            if ring == Ring::Rest {
                // What came between the last look and the watch.
                round.extend(self.place_again().into_iter().map(Target::Directory));
            }
            *self.polling.queue(ring) = Queue(round);
        }
        let mut visits = Vec::new();
        let mut weight = 0;
        while weight < SLICE
            && let Some(target) = self.polling.queue(ring).0.pop()
        {
            if let Some(visit) = self.visit(target) {
                weight += visit.weight();
                visits.push(visit);
            }
        }
        let ends = self.polling.queue(ring).0.is_empty();
        let purpose = Purpose::Round { ring, ends };
        Look { purpose, visits, prepared: start.elapsed(), mounts: None }
    }

    /// Looks at all that is polled, here and now, and says what changed. For the end of a hold, which has to tell what was
    /// written right before it. Not on the pool: what waited and what this finds are one transaction, and no sign is to
    /// come between the two. A slow mount delays that release, and the engine with it.
    pub fn look_now(&mut self) -> Vec<Change> {
        if !self.polls() {
            return Vec::new();
        }
        let mut targets = self.all_targets();
        targets.extend(self.lone_names().into_iter().map(Target::File));
        let visits = targets.into_iter().rev().filter_map(|target| self.visit(target)).collect();
        let purpose = Purpose::Round { ring: Ring::Rest, ends: true };
        let looked = Look { purpose, visits, prepared: Duration::ZERO, mounts: None }.perform();
        let mut transaction = None;
        self.take_in(looked, &mut transaction, Instant::now());
        transaction.map_or_else(Vec::new, |transaction| self.settle(&transaction))
    }

    /// A probe: a look at a few files of which events are expected, and at the mounts. To be taken once a second.
    pub fn probe(&mut self, files: AskFiles<'_>) -> Look {
        let start = Instant::now();
        let mut visits = Vec::new();
        if self.polling.mode == PollMode::Needed {
            for path in self.files_to_probe(files) {
                if let Some(known) = self.tree.get(&path).copied() {
                    visits.push(Visit::File { path, known: Some(known), named: false, by_inode: false });
                }
            }
        }
        let closed = self.polling.unread.iter().chain(&self.polling.denied);
        visits.extend(closed.take(PROBED).map(|dir| Visit::Denied { dir: dir.clone() }));
        let mounts = Some((self.polling.table.clone(), self.polling.table_fingerprint));
        Look { purpose: Purpose::Probe, visits, prepared: start.elapsed(), mounts }
    }

    /// Takes in what a look saw; gives how many paths turned out to have changed.
    pub fn take_in(&mut self, looked: Looked, transaction: &mut Option<Transaction>, now: Instant) -> usize {
        let Looked { purpose, found, seen, changed, mounts, .. } = looked;
        let ring = match purpose {
            Purpose::Probe => {
                let is_open = |found: &Difference| found.evidence.contains(Evidence::METADATA);
                let (open, differ): (Vec<_>, Vec<_>) = found.into_iter().partition(is_open);
                for found in open {
                    if self.is_watched(&found.path) {
                        self.note_looked(&found.path, found.evidence, transaction, now);
                    } else {
                        // Only a name in it was awaited.
                        self.polling.denied.remove(&found.path);
                        self.approach(&found.path, transaction, now);
                        transaction.iter_mut().for_each(Transaction::look);
                    }
                }
                self.judge(differ.into_iter().map(|found| (found.path, found.now)), transaction, now);
                if let Some((fingerprint, mounts)) = mounts {
                    self.remount(fingerprint, mounts, transaction, now);
                }
                return 0;
            }
            Purpose::Round { ring, .. } => ring,
        };
        for (dir, seen) in seen {
            if self.tree.holds(&dir) {
                self.polling.seen.insert(dir, seen);
            }
        }
        let targets = changed.into_iter().map(Target::Directory);
        self.polling.queue(ring).0.extend(targets);
        let mut count = 0;
        for found in found {
            if self.is_news(&found) {
                count += 1;
                self.polling.found.insert(found.path.clone(), found.now);
                self.note_looked(&found.path, found.evidence, transaction, now);
            }
        }
        count
    }

    /// Takes in what was seen, of which no event told.
    fn note_looked(
        &mut self,
        path: &Path,
        evidence: Evidence,
        transaction: &mut Option<Transaction>,
        now: Instant,
    ) {
        self.note(path, evidence, transaction, now);
        transaction.iter_mut().for_each(Transaction::look);
    }

    /// Finds out which mounts do not tell, of those that these paths lie on or that lie in watched directories, and says
    /// so once.
    pub(super) fn appraise(&mut self, paths: &[PathBuf]) {
        if self.polling.mode != PollMode::Needed {
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
            meet(path, self.polling.mounts.of(path));
        }
        for mount in self.polling.mounts.iter() {
            if self.tree.holds(&mount.point) {
                meet(&mount.point, Some(mount));
            }
        }
        folders.sort();
        for (folder, point, kind) in folders {
            self.polling.silent.insert(point.clone());
            if self.polling.told.insert(point.clone()) {
                let at = if folder == point { String::new() } else { format!(" ({})", normalize(&point)) };
                let reason = format!(
                    "it lies on a {kind} mount{at}, where changes made elsewhere come without an event"
                );
                self.warn(Error::Polling { path: normalize(&folder), reason });
            }
        }
    }

    /// What has gone wrong with watches since the last call.
    pub(super) fn complain(&mut self) {
        let polled = self.polling.mode != PollMode::Never;
        let unplaced = self.polling.unplaced();
        if unplaced == 0 {
            self.polling.limit_told = self.polling.blind;
        } else if !self.polling.limit_told && self.os.is_some() {
            self.polling.limit_told = true;
            let wants = self.tree.directories() + self.beside.len(&self.tree);
            let reach = limits::Reach { holds: wants.saturating_sub(unplaced), wants, polled };
            let error = limits::no_watch_left(&reach, self.tree.dirs());
            self.warn(error);
        }
        let denied = std::mem::take(&mut self.polling.denied_untold);
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
        self.polling.limit_told = true;
        self.polling.blind = true;
        self.warn(problem);
    }

    /// Tries to place the watches that could not be placed before, and gives the directories that have one now.
    fn place_again(&mut self) -> Vec<PathBuf> {
        let mut placed = Vec::new();
        if self.polling.blind {
            // For as long as there is no instance this is one call to the system.
            let Ok(os) = super::start(&self.scope, self.polling.mode, &self.signals) else { return placed };
            self.os = Some(os);
            self.polling.blind = false;
            let known = self.tree.dirs().chain(self.walked.iter().map(PathBuf::as_path));
            self.polling.unplaced = known.map(Path::to_owned).collect();
        }
        let Some(os) = &self.os else { return placed };
        let mut left: Vec<PathBuf> = self.polling.unplaced.iter().cloned().collect();
        left.sort();
        // What was walked for the open transaction is not in the known tree yet.
        let is_there = |dir: &PathBuf| self.tree.holds(dir) || self.walked.contains(dir);
        for dir in left.into_iter().take(PLACED_AT_ONCE) {
            if is_there(&dir) {
                match os.place(&dir) {
                    // Whatever is wrong with it, a look at it or at the directory it lies in will tell.
                    Ok(Placed::Yes | Placed::Gone | Placed::Denied) => {}
                    Ok(Placed::Full) | Err(_) => return placed,
                }
            }
            self.polling.unplaced.remove(&dir);
            placed.push(dir);
        }
        if std::mem::take(&mut self.polling.unplaced_beside) {
            self.settle_beside();
        }
        placed
    }

    /// Everything of a ring, the last first.
    fn round(&mut self, ring: Ring, files: AskFiles<'_>) -> Vec<Target> {
        let mut used: Vec<PathBuf> = files(usize::MAX).into_iter().map(PathBuf::from).collect();
        used.retain(|file| file.parent().is_some_and(|dir| self.polling.covers(dir)));
        let mut round = match (ring, used.is_empty()) {
            (Ring::Often, false) => self.used_targets(used),
            // Without a graph there is nothing that is used more than the rest.
            (Ring::Often, true) | (Ring::Rest, false) => self.all_targets(),
            (Ring::Rest, true) => Vec::new(),
        };
        if ring == Ring::Often {
            let known: FxHashSet<PathBuf> = round.iter().filter_map(Target::file).cloned().collect();
            let names = self.lone_names().into_iter().filter(|name| !known.contains(name));
            round.extend(names.map(Target::File));
        }
        round
    }

    fn used_targets(&self, used: Vec<PathBuf>) -> Vec<Target> {
        let dirs: FxHashSet<&Path> = used.iter().filter_map(|file| file.parent()).collect();
        let names: Vec<Target> = dirs.into_iter().map(|dir| Target::Names(dir.to_owned())).collect();
        let files = used.into_iter().rev().filter(|file| !is_binary(file)).map(Target::File);
        names.into_iter().chain(files).collect()
    }

    fn all_targets(&mut self) -> Vec<Target> {
        let mut dirs: Vec<PathBuf> =
            self.tree.dirs().filter(|dir| self.polling.covers(dir)).map(Path::to_owned).collect();
        dirs.sort_unstable_by(|one, two| two.cmp(one));
        let denied = self
            .polling
            .denied
            .iter()
            .filter(|dir| dir.parent().is_some_and(|parent| self.polling.covers(parent)));
        let targets =
            denied.cloned().map(Target::Denied).chain(dirs.into_iter().map(Target::Directory)).collect();
        let tree = &self.tree;
        self.polling.seen.retain(|dir, _| tree.holds(dir));
        targets
    }

    /// What is watched by name in no watched directory: a file of a module, a root, or a path that is missing.
    fn lone_names(&self) -> Vec<PathBuf> {
        let lone = |anchor: &&Path| {
            let dir = anchor.parent();
            !dir.is_some_and(|dir| self.tree.holds(dir))
                && !self.scope.ignores(anchor)
                && (self.polling.mode == PollMode::Always
                    || self.polling.blind
                    || self.polling.unplaced_beside
                    || dir.is_some_and(|dir| self.polling.covers(dir))
                    || self.polling.is_on_silent_mount(anchor))
        };
        self.scope.named().filter(lone).map(Path::to_owned).collect()
    }

    fn visit(&self, target: Target) -> Option<Visit> {
        match target {
            Target::File(path) => {
                let known = self.last_seen(&path);
                let by_inode = !self.polling.is_on_silent_mount(&path);
                let named = self.scope.is_anchor(&path);
                // A file that the graph knows from where nothing is watched.
                (known.is_some() || named || self.is_watched(&path)).then_some(Visit::File {
                    path,
                    known,
                    named,
                    by_inode,
                })
            }
            Target::Names(dir) => match self.polling.seen.get(&dir) {
                Some(seen) => Some(Visit::Names { dir, mtime: seen.mtime }),
                None => self.visit(Target::Directory(dir)),
            },
            Target::Directory(dir) => {
                let entries = self.tree.entries(&dir).filter(|_| self.tree.holds(&dir))?;
                let known = entries.keys().filter_map(|name| {
                    let stat = self.last_seen(&dir.join(name))?;
                    Some((name.clone(), stat))
                });
                let known = known.collect();
                let names = self.polling.seen.get(&dir).map(|seen| seen.names);
                let by_inode = !self.polling.is_on_silent_mount(&dir);
                Some(Visit::Directory { dir, known, names, by_inode })
            }
            Target::Denied(dir) => Some(Visit::Denied { dir }),
        }
    }

    /// What lay at a path when somebody last looked: perhaps in the transaction that is open.
    fn last_seen(&self, path: &Path) -> Option<Stat> {
        match self.polling.found.get(path) {
            Some(found) => *found,
            None => self.tree.get(path).copied(),
        }
    }

    /// Whether a look found something that is not told yet, and not ignored.
    fn is_news(&self, Difference { path, evidence, now }: &Difference) -> bool {
        if self.polling.found.get(path) == Some(now) || !self.is_watched(path) {
            return false;
        }
        // A directory that ignore files leave out, or where only a file is meant.
        let is_directory = now.is_some_and(|now| now.entry == EntryType::Directory);
        if is_directory && (self.pruned.contains(path) || self.scope.is_file_only(path)) {
            return false;
        }
        // It may have been settled since the look began.
        evidence.contains(Evidence::METADATA) || self.tree.get(path) != now.as_ref()
    }

    /// Files that events are expected of: those loaded last, and some others in turn.
    fn files_to_probe(&mut self, files: AskFiles<'_>) -> Vec<PathBuf> {
        let mut chosen = files(usize::MAX);
        let others = chosen.split_off(PROBED.min(chosen.len()));
        if !others.is_empty() {
            let from = self.polling.turn % others.len();
            self.polling.turn = from + PROBED;
            chosen.extend(others.into_iter().skip(from).take(PROBED));
        }
        let mut paths: Vec<PathBuf> = chosen.into_iter().map(PathBuf::from).collect();
        paths.extend(self.polling.unheard.iter().cloned());
        paths.sort();
        paths.dedup();
        paths.retain(|path| path.parent().is_some_and(|dir| !self.polling.covers(dir)));
        paths
    }

    /// A file that differs, and of which nothing was heard until the next probe, changed without an event.
    fn judge(
        &mut self,
        found: impl Iterator<Item = (PathBuf, Option<Stat>)>,
        transaction: &mut Option<Transaction>,
        now: Instant,
    ) {
        let before = std::mem::take(&mut self.polling.unheard);
        if transaction.as_ref().is_some_and(Transaction::rescan) {
            return;
        }
        for (path, stat) in found {
            let heard = transaction.as_ref().is_some_and(|open| open.contains(&path));
            if heard || self.tree.get(&path).copied() == stat {
                continue;
            }
            if !before.contains(&path) {
                self.polling.unheard.insert(path);
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
        let point = match self.polling.mounts.of(path) {
            Some(mount) => mount.point.clone(),
            // Without a table of mounts the folder that was asked for stands for one.
            None => self.polling.mounts.assume(folder),
        };
        self.polling.silent.insert(point.clone());
        if self.polling.told.insert(point.clone()) {
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
        let points = mounts.since(&self.polling.mounts);
        self.polling.table_fingerprint = fingerprint;
        self.polling.mounts = mounts;
        let visible = &self.polling.mounts;
        self.polling.silent.retain(|point| visible.of(point).is_some_and(|mount| mount.point == *point));
        let names: Vec<PathBuf> = self.scope.named().map(Path::to_owned).collect();
        let sign = Evidence::REMOVED | Evidence::CREATED;
        for point in points {
            let mut concerned: Vec<PathBuf> =
                names.iter().filter(|name| name.starts_with(&point)).cloned().collect();
            if concerned.is_empty() && self.is_watched(&point) {
                concerned.push(point);
            }
            for path in concerned {
                self.note_looked(&path, sign, transaction, now);
            }
        }
        self.appraise(&names);
    }
}

impl Target {
    fn file(&self) -> Option<&PathBuf> {
        if let Self::File(path) = self { Some(path) } else { None }
    }
}

impl Visit {
    fn weight(&self) -> usize {
        match self {
            Self::Directory { known, .. } => known.len() + 2,
            _ => 1,
        }
    }
}

fn is_binary(file: &Path) -> bool {
    let ending = file.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    ending.is_some_and(|ending| BINARY.contains(&ending.as_str()))
}
