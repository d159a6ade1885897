//! What is polled: mounts that do not tell (`silence`), folders for which there was no watch (`refused`), or everything.
//! Owns what was last seen there and which part of it is next; the looks themselves are `look`'s, their times `change`'s.
//!
//! A look only makes paths dirty. What changed is decided as ever, when the transaction closes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};

use super::Watch;
use super::look::{Difference, Look, Looked, Progress, Purpose, Seen, Visit};
use super::mounts::Mount;
use super::refused::Refused;
use super::silence::Silence;
use crate::change::{Change, EntryType, Evidence, Ring, Stat, Transaction};

/// How many paths one slice looks at: less than a millisecond on a local disk.
const SLICE: usize = 256;

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
    pub(super) silence: Silence,
    pub(super) refused: Refused,
    seen: FxHashMap<PathBuf, Seen>,
    /// What looks found since the last batch, as it was then: found once is enough.
    found: FxHashMap<PathBuf, Option<Stat>>,
    often: Queue,
    rest: Queue,
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
            silence: Silence::new(table),
            refused: Refused::default(),
            seen: FxHashMap::default(),
            found: FxHashMap::default(),
            often: Queue::default(),
            rest: Queue::default(),
        }
    }

    pub(super) fn mode(&self) -> PollMode {
        self.mode
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
                self.refused.blind
                    || self.refused.unplaced_beside
                    || !self.silence.silent.is_empty()
                    || !self.refused.unplaced.is_empty()
            }
        }
    }

    /// Whether a directory is polled.
    pub(super) fn covers(&self, dir: &Path) -> bool {
        match self.mode {
            PollMode::Always => true,
            PollMode::Never => false,
            PollMode::Needed => {
                self.refused.blind || self.refused.unplaced.contains(dir) || self.silence.covers(dir)
            }
        }
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
        let progress = self.progress_of(&visits);
        Look { purpose, visits, prepared: start.elapsed(), mounts: None, progress }
    }

    /// Looks at all that is polled, here and now, and says what changed. For the end of a hold, which has to tell what was
    /// written right before it. Not on the pool: what waited and what this finds are one transaction, and no sign is to
    /// come between the two. A slow mount delays that release, and the engine with it.
    pub fn look_now(&mut self) -> Vec<Change> {
        if !self.polls() {
            return Vec::new();
        }
        let mut targets = self.all_targets();
        let covered: Vec<PathBuf> =
            targets.iter().map(Target::path).chain(self.scope.named()).map(Path::to_owned).collect();
        self.ask_mounts(covered.iter().map(PathBuf::as_path), false);
        targets.extend(self.lone_names().into_iter().map(Target::File));
        let visits = targets.into_iter().rev().filter_map(|target| self.visit(target)).collect();
        let purpose = Purpose::Round { ring: Ring::Rest, ends: true };
        let look = Look { purpose, visits, prepared: Duration::ZERO, mounts: None, progress: None };
        let looked = look.perform();
        let mut transaction = None;
        self.take_in(looked, &mut transaction, Instant::now());
        transaction.map_or_else(Vec::new, |transaction| self.settle(&transaction))
    }

    /// Takes in what a look saw; gives how many paths turned out to have changed.
    pub fn take_in(&mut self, looked: Looked, transaction: &mut Option<Transaction>, now: Instant) -> usize {
        let Looked { purpose, found, seen, changed, mounts, unserved, .. } = looked;
        self.ask_mounts(unserved.iter().map(PathBuf::as_path), false);
        let ring = match purpose {
            Purpose::Probe => {
                self.take_in_probe(found, mounts, transaction, now);
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
            .refused
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
                    || self.polling.refused.blind
                    || self.polling.refused.unplaced_beside
                    || dir.is_some_and(|dir| self.polling.covers(dir))
                    || self.polling.silence.covers(anchor))
        };
        self.scope.named().filter(lone).map(Path::to_owned).collect()
    }

    /// Where a look has come, if it may never end.
    pub(super) fn progress_of(&self, visits: &[Visit]) -> Option<Arc<Progress>> {
        let mounts = &self.polling.silence.mounts;
        let may_hang = |visit: &Visit| mounts.of(visit.path()).is_some_and(Mount::may_hang);
        (!mounts.that_may_hang().is_empty() && visits.iter().any(may_hang)).then(Arc::default)
    }

    fn visit(&self, target: Target) -> Option<Visit> {
        if self.away.covers(target.path()) {
            return None;
        }
        match target {
            Target::File(path) => {
                let known = self.last_seen(&path);
                let by_inode = !self.polling.silence.covers(&path);
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
                let by_inode = !self.polling.silence.covers(&dir);
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
}

impl Target {
    fn file(&self) -> Option<&PathBuf> {
        if let Self::File(path) = self { Some(path) } else { None }
    }

    fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Names(path) | Self::Directory(path) | Self::Denied(path) => path,
        }
    }
}

impl Visit {
    fn path(&self) -> &Path {
        match self {
            Self::File { path: at, .. }
            | Self::Names { dir: at, .. }
            | Self::Directory { dir: at, .. }
            | Self::Denied { dir: at } => at,
        }
    }

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
