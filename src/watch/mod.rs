//! Watches directories and says what changed in them. The edge to the file system: owns the watches, the known tree
//! and the scans. Never decides when a transaction closes, and has no threads of its own but notify's and those that ask mounts.
//!
//! ```text
//!  notify ──► Signal ──► note()  ──► Transaction (dirty paths)      a directory that appears is watched, then walked
//!                         ▲              │ closes
//!  look() ──► Look, on    │  settle() ◄──┘   each dirty path: disk against known tree ──► Vec<Change>
//!  probe()    another  ──► take_in()         what nobody told of is noted as if it had been
//!             thread
//! ```

mod anchors;
mod away;
mod check;
mod content;
mod disk;
mod git;
mod ignore;
mod limits;
mod links;
mod look;
mod mounts;
mod os;
mod outlook;
mod places;
mod polling;
mod prune;
mod refused;
mod rules;
mod scope;
mod silence;
mod tree;
mod used;
mod walk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use rayon::ThreadPool;
use rustc_hash::FxHashSet;

use crate::change::{Change, EntryType, Evidence, Net, Stat, Transaction, merge, net_changes, parents_first};
use crate::error::{Error, Result};
use crate::path::normalize;

use anchors::Beside;
use away::Away;
pub(crate) use away::{Absent, PATIENCE};
pub use content::{hash_content, hash_file};
use ignore::Ignore;
use links::Links;
pub use look::{Look, Looked, Progress};
use os::Os;
pub(crate) use os::panicked;
use polling::Polling;
pub use polling::{AskFiles, PollMode};
use prune::Prune;
use scope::Scope;
use tree::Tree;

/// What notify's thread tells.
#[derive(Debug)]
pub enum Signal {
    /// A path is dirty.
    Touched {
        /// Which.
        path: PathBuf,
        /// What makes us think so.
        evidence: Evidence,
    },
    /// Events were lost; only a rescan tells what changed.
    Lost,
    /// Something is not watched that should be.
    Warning(Error),
    /// A mount that was away was asked whether it still is.
    Answered {
        /// Where it is mounted.
        point: PathBuf,
        /// Whether it answers.
        answers: bool,
    },
    /// There will be no more signals.
    Failed(Error),
}

/// What is to be watched, and how. The fields mean what those of [`crate::engine::EngineOptions`] mean.
#[derive(Debug, Clone, Default)]
pub struct WatchOptions {
    /// Directories watched with everything below.
    pub roots: Vec<PathBuf>,
    /// Files or directories beside the roots.
    pub extra: Vec<PathBuf>,
    /// What is left out.
    pub ignore: Vec<String>,
    /// What is left out and cannot be negated.
    pub always_ignore: Vec<String>,
    /// Whether ignore files leave directories out too, and other repositories are.
    pub gitignore: bool,
    /// How many folders deep.
    pub depth: Option<u32>,
    /// What is polled.
    pub poll: PollMode,
    /// Where the mounts are listed; `None` is the system's own list.
    pub mounts: Option<PathBuf>,
}

/// How much is watched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Directories whose contents are watched.
    pub directories: usize,
    /// Files known.
    pub files: usize,
    /// Watches held of the operating system.
    pub watches: usize,
}

type Signals = Arc<dyn Fn(Signal) + Send + Sync>;

/// The watched directories and what is known to be in them.
pub struct Watch {
    scope: Scope,
    tree: Tree,
    beside: Beside,
    links: Links,
    os: Option<Os>,
    polling: Polling,
    away: Away,
    pool: Arc<ThreadPool>,
    signals: Signals,
    git_locks: git::Locks,
    /// Directories walked since the last batch: what is in them is in the transaction already.
    walked: FxHashSet<PathBuf>,
    /// Paths reported by comparing a whole directory, since the last batch; evidence about them adds nothing.
    compared: FxHashSet<String>,
    /// Directories that ignore files leave out, and other repositories, as far as walks met them.
    pruned: FxHashSet<PathBuf>,
    /// Directories that are left out and in which a negation may name something; not looked at yet.
    closed: Vec<PathBuf>,
    /// What negations named and was not there yet, or is no link.
    packages: FxHashSet<PathBuf>,
    /// What a check found to be different, and how it looked then.
    suspects: Vec<(PathBuf, Option<Stat>)>,
    closing: Arc<AtomicBool>,
    warnings: Vec<Error>,
}

impl Watch {
    /// Checks the options; watches nothing yet, and starts no thread.
    ///
    /// # Errors
    /// [`Error::RootMissing`] for a root that is no directory, [`Error::Glob`] for a pattern that does not parse,
    /// [`Error::Watch`] if the system gives no watcher, and [`Error::WatchLimit`] if one of its limits leaves none and
    /// [`PollMode::Never`] forbids to poll instead.
    pub fn new(
        options: &WatchOptions,
        pool: Arc<ThreadPool>,
        signals: impl Fn(Signal) + Send + Sync + 'static,
    ) -> Result<Self> {
        let ignore = Ignore::new(&options.ignore, &options.always_ignore)?;
        let prune = options.gitignore.then(Prune::default);
        let mut scope = Scope::new(ignore, prune, options.depth);
        for root in &options.roots {
            if !root.is_dir() {
                return Err(Error::RootMissing { path: normalize(root) });
            }
            scope.add(&plain(root));
        }
        for extra in &options.extra {
            scope.add(&plain(extra));
        }
        let signals: Signals = Arc::new(signals);
        let mut problem = None;
        let os = match options.poll {
            PollMode::Always => None,
            mode => match start(&scope, mode, &signals) {
                Err(limit @ Error::WatchLimit { .. }) if mode == PollMode::Needed => {
                    problem = Some(limit);
                    None
                }
                started => Some(started?),
            },
        };
        let mut watch = Self {
            scope,
            tree: Tree::default(),
            beside: Beside::default(),
            links: Links::default(),
            os,
            polling: Polling::new(options.poll, options.mounts.as_deref()),
            away: Away::default(),
            pool,
            signals,
            git_locks: git::Locks::default(),
            walked: FxHashSet::default(),
            compared: FxHashSet::default(),
            pruned: FxHashSet::default(),
            closed: Vec::new(),
            packages: FxHashSet::default(),
            suspects: Vec::new(),
            closing: Arc::default(),
            warnings: Vec::new(),
        };
        if let Some(problem) = problem {
            watch.has_no_instance(problem);
        }
        Ok(watch)
    }

    /// Places every watch and learns what is there; none of it is a change.
    pub fn begin(&mut self) {
        self.polling.silence.read_mounts();
        let anchors: Vec<PathBuf> = self.scope.anchors().map(Path::to_owned).collect();
        self.ask_mounts(anchors.iter().map(PathBuf::as_path), true);
        for anchor in anchors {
            if !self.tree.holds(&anchor) {
                self.learn(&anchor);
            }
        }
        self.take_packages();
        let anchors: Vec<PathBuf> = self.scope.anchors().map(Path::to_owned).collect();
        self.appraise(&anchors);
    }

    /// Watches further paths, files or directories, there or not. What is there at this moment is not a change.
    pub fn add(&mut self, paths: &[PathBuf]) {
        self.ask_mounts(paths.iter().map(PathBuf::as_path), true);
        for path in paths {
            let path = plain(path);
            self.scope.add(&path);
            self.learn(&path);
        }
        self.take_packages();
        self.appraise(paths);
    }

    /// The mounts that are away.
    pub(crate) fn absent(&self) -> Absent {
        self.away.absent().clone()
    }

    /// Watches a file from the moment at which `then` was found there (see [`stat_now`]): whoever asks for it has read
    /// it before, and what changed since is a change.
    pub fn add_since(
        &mut self,
        path: &Path,
        then: Option<Stat>,
        transaction: &mut Option<Transaction>,
        now: Instant,
    ) {
        let path = plain(path);
        // In a watched directory, and of a file that was asked for before, events tell, also what is on its way.
        let events_tell = path.parent().is_some_and(|dir| self.tree.holds(dir));
        let known = self.tree.get(&path).copied();
        let then = if self.scope.is_named(&path) { known } else { then };
        self.add(std::slice::from_ref(&path));
        let found = self.tree.get(&path).copied();
        let is_directory = [then, found].into_iter().flatten().any(|stat| stat.entry == EntryType::Directory);
        if events_tell || is_directory || found == then || self.scope.ignores(&path) {
            return;
        }
        self.tree.take(&path);
        if let Some(then) = then {
            self.tree.put(&path, then);
        }
        let open = transaction.get_or_insert_with(|| Transaction::open(now));
        open.mark(&path, Evidence::FOUND, now);
        open.look();
    }

    /// Leaves paths out from now on, with everything below, silently.
    pub fn unwatch(&mut self, paths: &[PathBuf]) {
        for path in paths {
            let path = plain(path);
            self.scope.remove(&path);
            self.lift_below(&path);
            self.tree.take(&path);
            self.settle_beside();
        }
    }

    /// Waits until what happened before this call has been signalled, as far as the operating system tells at once.
    pub fn catch_up(&self) {
        if let Some(os) = &self.os {
            os.catch_up();
        }
    }

    /// Takes in a sign about a path, if the path is watched at all. A directory that appeared is watched and walked at
    /// once, and everything in it becomes dirty: its contents may be older than its watch.
    pub fn note(
        &mut self,
        path: &Path,
        evidence: Evidence,
        transaction: &mut Option<Transaction>,
        now: Instant,
    ) {
        if evidence.contains(Evidence::REMOVED)
            && let Some(os) = &self.os
        {
            os.vanished(path);
        }
        self.ask_mounts(std::iter::once(path), false);
        if self.away.covers(path) {
            // It is compared when it answers.
            return;
        }
        let others = self.beside.other_names(path);
        self.note_path(path, evidence, transaction, now);
        if !others.is_empty() {
            self.note_other_names(others, evidence, transaction, now);
        }
    }

    fn note_path(
        &mut self,
        path: &Path,
        evidence: Evidence,
        transaction: &mut Option<Transaction>,
        now: Instant,
    ) {
        // A directory whose mode changed may let us further.
        let step = evidence.intersects(Evidence::CREATED | Evidence::REMOVED | Evidence::METADATA);
        if step && self.beside.concerns(path) {
            self.approach(path, transaction, now);
        }
        let is_new = evidence.contains(Evidence::CREATED);
        if is_new
            && path.file_name().is_some_and(|name| name == ".git")
            && let Some(dir) = path.parent()
        {
            self.became_repository(dir);
        }
        if !self.is_watched(path) || self.is_link_to_package(path) {
            if is_new && self.scope.has_named_below(path) {
                self.closed.push(path.to_owned());
                self.take_packages();
            }
            return;
        }
        let open = transaction.get_or_insert_with(|| Transaction::open(now));
        open.mark(path, evidence, now);
        if is_new {
            self.discover(path, open, now);
        }
    }

    /// The paths of a settled transaction that are not there, and of which its changes say nothing: they came and went.
    /// Whoever read them in between knows something else.
    pub fn fleeting(&self, transaction: &Transaction, changes: &[Change]) -> Vec<PathBuf> {
        let told: FxHashSet<&str> = changes.iter().map(|change| change.path.as_str()).collect();
        let dirty = transaction.dirty().iter().filter(|dirty| self.tree.get(&dirty.path).is_none());
        let silent = dirty.filter(|dirty| !told.contains(normalize(&dirty.path).as_str()));
        silent.map(|dirty| dirty.path.to_path_buf()).collect()
    }

    /// Compares what is dirty with the disk, and says what changed. The known tree is the disk's afterwards.
    pub fn settle(&mut self, transaction: &Transaction) -> Vec<Change> {
        self.git_locks.clear();
        let mut changes = Vec::new();
        self.ask_mounts(transaction.dirty().iter().map(|dirty| &*dirty.path), false);
        if transaction.rescan() {
            let _old = self.renew();
            self.compare_all(&mut changes);
        }
        let rules = self.changed_rules(transaction);
        let mut late = Vec::new();
        for dirty in transaction.dirty() {
            if self.tree.holds_beside(&dirty.path) || self.scope.is_named(&dirty.path) {
                self.settle_one(&dirty.path, dirty.evidence, &mut changes);
            } else {
                late.push(dirty);
            }
        }
        // A sign about a directory's contents can come before the sign about the directory, when it was deleted and
        // made again. If the directory is not known now, it is not there.
        for dirty in late {
            if self.tree.holds_beside(&dirty.path) {
                self.settle_one(&dirty.path, dirty.evidence, &mut changes);
            }
        }
        self.settle_other_names(transaction, &mut changes);
        for dir in rules {
            self.follow_rules(&dir);
        }
        self.walked.clear();
        self.compared.clear();
        if let Some(os) = &self.os {
            os.tidy(self.tree.directories(), |dir| self.tree.holds(dir) || self.beside.watches(dir));
        }
        self.polling.settled();
        self.take_packages();
        changes.retain(|change| self.scope.tells(Path::new(&change.path)));
        parents_first(net_changes(changes))
    }

    fn compare_all(&mut self, changes: &mut Vec<Change>) {
        let names: Vec<PathBuf> = self.scope.named().map(Path::to_owned).collect();
        self.ask_mounts(names.iter().map(PathBuf::as_path), true);
        let anchors: Vec<PathBuf> = self.scope.anchors().map(Path::to_owned).collect();
        for anchor in anchors {
            if !self.tree.holds_parent(&anchor) && !self.scope.ignores(&anchor) {
                self.compare_anchor(&anchor, changes);
            }
        }
        // First the watches of single files, then the looks.
        self.settle_beside();
        let files: Vec<PathBuf> =
            self.scope.named().filter(|name| !self.scope.is_anchor(name)).map(Path::to_owned).collect();
        for file in files {
            if !self.tree.holds_parent(&file) {
                self.settle_one(&file, Evidence::FOUND, changes);
            }
        }
        self.take_packages();
    }

    /// Nobody saw it go: what is the same now is no change.
    fn compare_anchor(&mut self, anchor: &Path, changes: &mut Vec<Change>) {
        let is_directory = |stat: &Stat| stat.entry == EntryType::Directory;
        match (self.tree.get(anchor), self.stat(anchor)) {
            (Some(before), Some(now)) if is_directory(before) && is_directory(&now) => {
                self.tree.put(anchor, now);
                self.compare(anchor, Evidence::FOUND, changes);
            }
            _ => self.settle_one(anchor, Evidence::FOUND, changes),
        }
    }

    /// Every watched directory with the names in it; ignored ones are left out (chokidar's `getWatched`).
    pub fn watched(&self) -> BTreeMap<String, Vec<String>> {
        self.tree.listing()
    }

    /// How much is watched.
    pub fn counts(&self) -> Counts {
        let directories = self.tree.directories();
        let trees = if os::PER_DIRECTORY { directories } else { self.scope.anchors().count() };
        let wanted = if self.os.is_some() { trees + self.beside.len(&self.tree) } else { 0 };
        let watches = wanted.saturating_sub(self.polling.refused.unplaced());
        Counts { directories, files: self.tree.files(), watches }
    }

    /// What could not be watched, since the last call.
    pub fn take_warnings(&mut self) -> Vec<Error> {
        self.complain();
        std::mem::take(&mut self.warnings)
    }

    fn is_watched(&self, path: &Path) -> bool {
        if self.tree.get(path).is_some() {
            return true;
        }
        if self.tree.holds_parent(path) {
            return !self.scope.ignores(path);
        }
        self.scope.allows(path)
    }

    fn discover(&mut self, path: &Path, transaction: &mut Transaction, now: Instant) {
        if disk::stat(path).is_none_or(|stat| stat.entry != EntryType::Directory) {
            return;
        }
        if self.stat(path).is_none() {
            if self.scope.prunes(path) {
                self.pruned.insert(path.to_owned());
                self.closed.push(path.to_owned());
                self.take_packages();
            }
            return;
        }
        let walked = self.walk(path);
        let mut found: Vec<_> = walked.into_iter().collect();
        // Component-wise order: a directory stands before everything in it.
        found.sort_by(|one, two| one.0.cmp(&two.0));
        for (dir, entries) in found {
            for name in entries.keys() {
                transaction.mark(&dir.join(name), Evidence::FOUND, now);
            }
            self.walked.insert(dir);
        }
    }

    fn settle_one(&mut self, path: &Path, evidence: Evidence, changes: &mut Vec<Change>) {
        if self.away.covers(path) {
            // It is compared when it answers.
            return;
        }
        let before = self.tree.get(path).copied();
        let (now, has_names) = self.stat_and_names(path);
        self.links.see(path, |step| self.scope.reaches(step));
        let net = merge(before.as_ref(), evidence, now.as_ref());
        self.share(net, evidence, before, now, has_names);
        match (net, now) {
            (Net::Create | Net::Retype, Some(stat)) => {
                self.tree.report(path, before, stat, changes);
                if stat.entry == EntryType::Directory {
                    self.enter(path, changes);
                }
            }
            (Net::Update, Some(stat)) => {
                if self.compared.is_empty() || !self.compared.contains(&normalize(path)) {
                    self.tree.report(path, before, stat, changes);
                }
            }
            (Net::Compare, Some(stat)) => {
                self.tree.put(path, stat);
                // A directory that was gone for a moment: whoever looked for a file in it meanwhile found none. The sign of
                // its return may come with the next transaction, and then says nothing new.
                let was_gone = evidence.contains(Evidence::REMOVED);
                self.compare(path, if was_gone { Evidence::CREATED } else { Evidence::FOUND }, changes);
            }
            (Net::Nothing, Some(stat)) => {
                self.tree.put(path, stat);
                if evidence.contains(Evidence::METADATA) && stat.entry == EntryType::Directory {
                    self.reconsider(path, changes);
                }
            }
            (Net::Delete, _) => {
                if self.scope.is_anchor(path) {
                    self.lift_below(path);
                }
                self.tree.report_gone(path, changes);
                if self.scope.is_named(path) {
                    if before.is_some_and(|before| before.entry == EntryType::File) {
                        self.settle_names(&[path.to_owned()]);
                    } else {
                        self.settle_beside();
                    }
                    // It may have come back before anything watched for that.
                    if self.stat(path).is_some() {
                        self.settle_one(path, Evidence::CREATED, changes);
                    }
                }
            }
            (_, None) => {}
        }
    }

    /// A directory is new. If it was walked when it appeared, its contents are dirty and follow by themselves.
    fn enter(&mut self, dir: &Path, changes: &mut Vec<Change>) {
        if !self.scope.lists(dir) {
            return;
        }
        self.tree.open(dir);
        if !self.walked.contains(dir) {
            self.compare(dir, Evidence::FOUND, changes);
        }
    }

    /// The mode of a directory may have changed: what may not be read is not there, as for Vite.
    fn reconsider(&mut self, dir: &Path, changes: &mut Vec<Change>) {
        if !self.scope.lists(dir) {
            return;
        }
        match (std::fs::read_dir(dir), self.tree.holds(dir)) {
            (Ok(_), false) => {
                self.tree.open(dir);
                self.compare(dir, Evidence::FOUND, changes);
            }
            (Err(error), true) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                self.polling.refused.deny(dir.to_owned());
                self.tree.report_contents_gone(dir, changes);
            }
            _ => {}
        }
    }

    fn compare(&mut self, dir: &Path, evidence: Evidence, changes: &mut Vec<Change>) {
        // If it was left out itself and is not any more, it is new.
        let before: Vec<PathBuf> =
            self.pruned.iter().filter(|pruned| *pruned != dir && pruned.starts_with(dir)).cloned().collect();
        let mut found = self.walk(dir);
        self.walked.extend(found.keys().cloned());
        // The rules may have changed together with what was lost; that alone is no change.
        let pruned: Vec<PathBuf> =
            self.pruned.iter().filter(|pruned| pruned.starts_with(dir)).cloned().collect();
        for below in pruned {
            if self.tree.holds(&below) {
                self.leave_out(&below);
            }
        }
        for below in before {
            if found.contains_key(&below)
                && self.tree.holds_parent(&below)
                && let Some(stat) = self.stat(&below)
            {
                self.tree.put(&below, stat);
                drop(self.tree.replace(&below, &mut found, Evidence::FOUND));
            }
        }
        let different = self.tree.replace(dir, &mut found, evidence);
        self.compared.extend(different.iter().map(|change| change.path.clone()));
        changes.extend(different);
    }

    fn learn(&mut self, anchor: &Path) {
        if self.scope.ignores(anchor) || self.away.covers(anchor) {
            return;
        }
        self.settle_names(&[anchor.to_owned()]);
        let Some(stat) = self.stat(anchor) else { return };
        self.tree.put(anchor, stat);
        if stat.entry == EntryType::Directory {
            self.links.name(anchor);
            // What is there when a path is added is no change.
            let found = self.walk(anchor);
            self.tree.adopt(anchor, found);
            self.settle_below(anchor);
        }
    }

    fn walk(&mut self, dir: &Path) -> tree::Found {
        self.ask_mounts(std::iter::once(dir), true);
        if self.away.covers(dir) {
            return self.tree.found_below(dir);
        }
        if let Some(os) = &self.os
            && self.scope.is_anchor(dir)
            && let Err(problem) = os.place_tree(dir)
        {
            self.warn(problem);
        }
        let walked = walk::walk(dir, &self.scope, self.os.as_ref(), self.away.absent(), &self.pool);
        for problem in walked.problems {
            self.warn(problem);
        }
        self.links.note_hard(walked.hard);
        for link in walked.links {
            self.links.see(&link, |step| self.scope.reaches(step));
        }
        self.pruned.retain(|pruned| !pruned.starts_with(dir));
        self.closed.extend(walked.closed);
        self.closed.extend(walked.pruned.iter().filter(|dir| self.scope.has_named_below(dir)).cloned());
        self.pruned.extend(walked.pruned);
        self.polling.refused.walked(walked.found.keys(), walked.unplaced, walked.unread, walked.denied);
        let mut found = walked.found;
        for point in self.away.below(dir) {
            // What was known of it stays.
            let listed = point.parent().and_then(|above| found.get_mut(above));
            if let (Some(listed), Some(name), Some(stat)) =
                (listed, point.file_name(), self.tree.get(&point).copied())
            {
                listed.insert(name.to_owned(), stat);
                found.extend(self.tree.found_below(&point));
            }
        }
        found
    }

    /// Keeps a warning until [`Watch::take_warnings`]. What goes wrong with one directory goes wrong with thousands; one
    /// warning says it.
    pub fn warn(&mut self, problem: Error) {
        let single = matches!(problem, Error::Polling { .. });
        if single || !self.warnings.iter().any(|known| known.code() == problem.code()) {
            self.warnings.push(problem);
        }
    }

    /// What lies at a path, as far as it is watched: a directory that is left out is not there.
    fn stat(&self, path: &Path) -> Option<Stat> {
        self.stat_and_names(path).0
    }

    /// The same, and whether a file has other names.
    fn stat_and_names(&self, path: &Path) -> (Option<Stat>, bool) {
        if self.away.covers(path) {
            return (self.tree.get(path).copied(), false);
        }
        if self.scope.is_anchor(path) {
            return (disk::stat_named(path), false);
        }
        let (stat, has_names) = disk::stat_and_names(path);
        let is_directory = stat.is_some_and(|stat| stat.entry == EntryType::Directory);
        let left_out = is_directory
            && !self.tree.holds(path)
            && (self.scope.is_file_only(path) || self.scope.prunes(path));
        (stat.filter(|_| !left_out), has_names)
    }

    fn lift_below(&mut self, top: &Path) {
        let Some(os) = &self.os else { return };
        for dir in self.tree.dirs_below(top) {
            os.lift(&dir);
        }
    }

    /// Events were lost, so notify's idea of which watch belongs to which path may be wrong: begin anew. Returns the
    /// old watches, to be kept until the new ones are placed.
    fn renew(&mut self) -> Option<Os> {
        self.os.as_ref()?;
        match start(&self.scope, self.polling.mode(), &self.signals) {
            Ok(os) => {
                self.beside = Beside::default();
                self.os.replace(os)
            }
            // The old ones are better than none.
            Err(Error::WatchLimit { .. }) => None,
            Err(problem) => {
                self.warn(problem);
                None
            }
        }
    }
}

fn start(scope: &Scope, mode: PollMode, signals: &Signals) -> Result<Os> {
    let signals = Arc::clone(signals);
    let root = scope.anchors().next().unwrap_or(Path::new(""));
    Os::new(root, mode != PollMode::Never, move |signal| signals(signal))
}

/// What lies at a path that is about to be watched, for [`Watch::add_since`].
pub(crate) fn stat_now(path: &Path) -> Option<Stat> {
    disk::stat_named(path)
}

/// Without `.`, double separators and a separator at the end, so that paths compare by their bytes.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::with_capacity(path.as_os_str().len());
    plain.extend(path.components());
    plain
}

#[cfg(test)]
mod tests;
