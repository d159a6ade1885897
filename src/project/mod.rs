//! The module graph of a project, built from its files and kept up to date.
//! Owns which files belong to it and what is known of each. Never watches, and never decides when to look again: it
//! is told what changed.
//!
//! ```text
//!   build    entries ─▶ read, scan, resolve, many at a time ─▶ the files that came up ─▶ …      breadth first
//!   update   changed files ─▶ read; other bytes? ─▶ scan ─┐
//!            names that came or went ─▶ who asked for them ┴▶ resolve ─▶ edges ─▶ who is still reached? ─▶ walk
//! ```
//!
//! One module is one file, by its path without links. The importers of a module are in the order of their paths, so
//! that a graph kept up to date is the graph built anew.

mod combine;
mod index;
mod load;
mod report;
mod store;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::change::{Change, ChangeKind, EntryType};
use crate::graph::{ModuleId, is_style};
use crate::propagate::{Pass, propagate};
use crate::resolve::{FileSystem, ResolveOptions, Resolver, Shift};
use crate::scan::{DEFAULT_ROOM, Position, Severity};

pub use combine::combine;
pub use report::{Boundary, DeadEnd, Diagnostic, ModuleInfo, ProjectUpdate, Snapshot};

use load::{Loader, Reading, link};
use store::Store;

/// How many files are read before what is known of them is taken in. Enough to keep many threads busy, and little beside
/// a project for which that matters.
const AT_ONCE: usize = 512;

/// What a project is made of.
#[derive(Clone, Debug, Default)]
pub struct ProjectOptions {
    /// Where `/src/main.ts` begins, and what urls are relative to. A directory.
    pub root: PathBuf,
    /// The files that everything else is reached from. A relative path is below `root`.
    pub entries: Vec<PathBuf>,
    /// What to put for the beginning of a specifier: `("@", "/app/src")` makes `@/a` mean `/app/src/a`. The first that
    /// fits counts.
    pub alias: Vec<(String, PathBuf)>,
    /// Conditions of package `exports` and `imports` beside `import` or `require`, which follow from how something is
    /// asked for; `None` is Vite's default for the browser: `module`, `browser`, `development`.
    pub conditions: Option<Vec<String>>,
}

/// A project: the modules that its entries reach. What lies in a `node_modules` is resolved, but is no module of it.
pub struct Project {
    resolver: Resolver,
    entries: Vec<PathBuf>,
    /// The entries that are not there.
    missing: Vec<Diagnostic>,
    store: Store,
    files: Files,
    stop: Stop,
    room: usize,
    places: Places,
}

/// Where modules lie, for whoever watches.
#[derive(Default)]
struct Places {
    /// Directories outside of the root that were named already.
    outside: FxHashSet<PathBuf>,
    /// The same, not named yet.
    outside_new: Vec<PathBuf>,
    /// Modules below the root, not named yet.
    inside_new: Vec<PathBuf>,
}

/// What an update has done so far.
#[derive(Default)]
struct Progress {
    read: usize,
    parsed: usize,
    resolved: usize,
    /// Modules with other bytes, or that can no longer be read or again, in the order of the changes.
    changed: Vec<ModuleId>,
    /// Modules whose specifiers lead elsewhere.
    relinked: Vec<ModuleId>,
    /// Modules that were looked at, for their diagnostics.
    looked_at: Vec<ModuleId>,
    /// Whether something may no longer be reached.
    lost: bool,
    /// Whether the entries were looked for.
    entries: bool,
}

impl Project {
    /// A project that knows nothing yet; [`Project::build`] reads it.
    pub fn new(options: ProjectOptions, fs: Arc<dyn FileSystem>) -> Self {
        let ProjectOptions { root, entries, alias, conditions } = options;
        let resolver = Resolver::new(ResolveOptions { root, alias, conditions }, fs);
        let store = Store::new(resolver.root());
        Self {
            resolver,
            entries,
            missing: Vec::new(),
            store,
            files: Files::default(),
            stop: Stop::default(),
            room: DEFAULT_ROOM,
            places: Places::default(),
        }
    }

    /// The same for a caller whose threads have more stack left than [`DEFAULT_ROOM`]: `room`, in bytes.
    pub fn with_room(self, room: usize) -> Self {
        Self { room, ..self }
    }

    /// Reads everything that the entries reach, on the threads of the caller's pool. The result is the same whatever
    /// their number.
    pub fn build(&mut self) -> ProjectUpdate {
        let mut progress = Progress::default();
        self.find_entries(&mut progress);
        self.crawl(&mut progress);
        let ranks = self.store.order_all_importers();
        let update = self.finish(progress, Some(&ranks));
        self.resolver.relax();
        update
    }

    /// Takes in what changed on disk, on the threads of the caller's pool. Only changed files are read.
    pub fn update(&mut self, changes: &[Change]) -> ProjectUpdate {
        let shift = self.resolver.take_in(changes);
        let mut progress = Progress::default();
        let candidates = self.candidates(changes, &shift);
        self.read_again(&candidates, &mut progress);
        if !shift.is_empty() {
            self.find_entries(&mut progress);
        }
        let mut again = self.store.concerned(&shift);
        again.extend(&progress.changed);
        again.sort_unstable();
        again.dedup();
        self.resolve_again(&again, &mut progress);
        self.crawl(&mut progress);
        let mut update = self.finish(progress, None);
        update.everything = shift.everything;
        if shift.everything {
            self.resolver.relax();
        }
        update
    }

    /// Pays now for what the next update would have to pay for: the index of names, and the import cycles.
    pub fn prepare(&mut self) {
        self.store.prepare();
    }

    /// The whole graph as plain data.
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.store.snapshot();
        snapshot.diagnostics.extend(self.missing.iter().cloned());
        snapshot.diagnostics.sort();
        snapshot
    }

    /// Which files are in the graph, for others to ask at any time.
    pub fn files(&self) -> Files {
        self.files.clone()
    }

    /// An update of every module below some directories, to find out whether they have changed unnoticed.
    pub fn modules_below(&self, directories: &[PathBuf]) -> Vec<Change> {
        let below = |path: &str| directories.iter().any(|dir| Path::new(path).starts_with(dir));
        let modules = self.store.paths().into_iter().filter(|path| below(path));
        modules
            .map(|path| Change { kind: ChangeKind::Update, path: path.to_string(), entry: EntryType::File })
            .collect()
    }

    /// A deletion of each module among some files.
    pub fn modules_gone(&self, files: &[PathBuf]) -> Vec<Change> {
        let paths = files.iter().map(|file| crate::path::normalize(file));
        paths
            .filter(|path| self.store.id(path).is_some_and(|id| self.store.is_there(id)))
            .map(|path| Change { kind: ChangeKind::Delete, path, entry: EntryType::File })
            .collect()
    }

    /// Ends a build or an update under way from another thread.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// What has to be watched beside the root and was not named by an earlier call: the directories of modules that
    /// lie outside of it; where that is a directory above the root, the module itself.
    pub fn take_outside(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.places.outside_new)
    }

    /// The files of modules below the root that were not named by an earlier call: some may lie where nothing else is
    /// watched.
    pub fn take_inside(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.places.inside_new)
    }

    /// The modules that the changes name, in their order.
    fn candidates(&self, changes: &[Change], shift: &Shift) -> Vec<ModuleId> {
        let mut seen = FxHashSet::default();
        let mut found = Vec::new();
        let mut add = |id: Option<ModuleId>| {
            if let Some(id) = id
                && seen.insert(id)
            {
                found.push(id);
            }
        };
        for change in changes {
            let path = Path::new(&change.path);
            add(self.store.id(&self.resolver.name(path)));
            // A link is told of when the file that it leads to is written.
            if change.kind == ChangeKind::Update
                && let Some(real) = self.resolver.file(path)
            {
                add(self.store.id(&real));
            }
        }
        for name in &shift.names {
            add(self.store.id(&crate::path::normalize(name)));
        }
        found
    }

    /// Reads modules again; those with other bytes are scanned.
    fn read_again(&mut self, ids: &[ModuleId], progress: &mut Progress) {
        let Self { resolver, store, stop, room, .. } = self;
        let loader = Loader { resolver, stop, room: *room };
        let readings: Vec<_> =
            ids.par_iter().map(|id| loader.read(store.path(*id), store.hash(*id))).collect();
        for (id, reading) in ids.iter().zip(readings) {
            progress.count(&reading);
            if self.store.take_in(*id, reading) {
                progress.changed.push(*id);
            }
        }
    }

    fn find_entries(&mut self, progress: &mut Progress) {
        progress.entries = true;
        self.missing.clear();
        let mut found = Vec::new();
        for entry in &self.entries {
            match self.resolver.file(entry) {
                Some(path) => found.push(path),
                None => self.missing.push(Diagnostic {
                    file: self.resolver.name(entry),
                    position: Position { line: 1, column: 1 },
                    severity: Severity::Error,
                    code: "BINO_PROJECT_ENTRY",
                    message: format!("the entry {} is not there, or is no file", entry.display()),
                    frame: String::new(),
                    specifier: None,
                    tried: vec![self.resolver.name(entry).to_string()],
                }),
            }
        }
        progress.lost |= self.store.set_entries(&found);
    }

    /// Asks anew where the specifiers of modules lead.
    fn resolve_again(&mut self, ids: &[ModuleId], progress: &mut Progress) {
        let (resolver, store) = (&self.resolver, &self.store);
        let links: Vec<_> = ids
            .par_iter()
            .with_min_len(8)
            .map(|id| link(resolver, store.path(*id), store.facts(*id)))
            .collect();
        progress.resolved += ids.len();
        for (id, links) in ids.iter().zip(links) {
            let relinked = self.store.relink(*id, links);
            progress.lost |= relinked.lost;
            if relinked.differs {
                progress.relinked.push(*id);
            }
            progress.looked_at.push(*id);
        }
    }

    /// Reads what the entries reach and nobody has read yet, breadth first; then drops what they do not reach.
    fn crawl(&mut self, progress: &mut Progress) {
        let mut reach = progress.lost.then(|| self.store.reach());
        let Self { resolver, store, stop, room, places, .. } = self;
        let loader = Loader { resolver, stop, room: *room };
        let mut loaded = Vec::new();
        loop {
            let next = match &mut reach {
                None => store.take_unread(AT_ONCE),
                // What is reached is known only when all that was read is taken in.
                Some(reach) if loaded.is_empty() => store.spread(reach),
                Some(_) => Vec::new(),
            };
            if next.is_empty() && loaded.is_empty() {
                break;
            }
            // One thread takes in what was read while the others read on, in the same order whatever their number.
            let take_in = || {
                for (id, (reading, links)) in loaded {
                    progress.count(&reading);
                    progress.looked_at.push(id);
                    store.take_in(id, reading);
                    store.relink(id, links);
                    places.note(resolver.root(), store.path(id));
                }
            };
            let read = || next.into_par_iter().map(|(id, path)| (id, loader.load(&path))).collect();
            ((), loaded) = rayon::join(take_in, read);
        }
        if let Some(reach) = reach {
            store.drop_unreached(&reach);
        }
    }

    /// `ranks` are given if everything was built: the place of each module in the order of the paths.
    fn finish(&mut self, progress: Progress, ranks: Option<&[u32]>) -> ProjectUpdate {
        let Progress { read, parsed, resolved, mut changed, mut relinked, mut looked_at, entries, .. } =
            progress;
        let store = &mut self.store;
        let (added, removed) = store.describe(&self.files, ranks);
        changed.retain(|id| store.is_there(*id));
        let mut seeds = changed;
        let known: FxHashSet<_> = seeds.iter().copied().collect();
        relinked.retain(|id| store.is_there(*id) && !known.contains(id));
        relinked.sort_by(|one, two| store.path(*one).cmp(store.path(*two)));
        seeds.extend(relinked);
        looked_at.retain(|id| store.is_there(*id));
        looked_at.sort_unstable();
        looked_at.dedup();
        let mut diagnostics = store.diagnostics(&looked_at);
        diagnostics.extend(self.missing.iter().filter(|_| entries).cloned());
        diagnostics.sort();
        let mut update =
            ProjectUpdate { added, removed, diagnostics, read, parsed, resolved, ..ProjectUpdate::default() };
        if ranks.is_none() {
            self.walk(&seeds, &mut update);
        }
        update
    }

    fn walk(&self, seeds: &[ModuleId], update: &mut ProjectUpdate) {
        let store = &self.store;
        let graph = store.graph();
        let paths =
            |chain: &[ModuleId]| chain.iter().map(|id| Arc::clone(store.path(*id))).collect::<Vec<_>>();
        let passes: Vec<_> = seeds
            .iter()
            .map(|seed| {
                let mut seeds = vec![*seed];
                if is_style(store.path(*seed), store.facts(*seed).language) {
                    // Its text is in theirs, also where it takes updates of itself.
                    let importers = graph.module(*seed).importers.iter();
                    seeds.extend(importers.filter(|importer| {
                        is_style(store.path(**importer), store.facts(**importer).language)
                    }));
                }
                Pass { seeds, page: false }
            })
            .collect();
        let found = propagate(graph, &passes);
        update.boundaries = found
            .boundaries
            .iter()
            .map(|boundary| Boundary {
                boundary: Arc::clone(store.path(boundary.boundary)),
                accepted_via: Arc::clone(store.path(boundary.accepted_via)),
                within_circular_import: boundary.within_circular_import,
                chain: paths(&found.chain_to(boundary.boundary, boundary.accepted_via)),
            })
            .collect();
        update.dead_ends = found.dead_ends.iter().map(|end| DeadEnd { chain: paths(&end.chain) }).collect();
        update.affected = paths(&store.affected(passes.iter().flat_map(|pass| &pass.seeds)));
    }
}

impl Places {
    fn note(&mut self, root: &Path, path: &str) {
        let path = Path::new(path);
        if path.starts_with(root) {
            self.inside_new.push(path.to_owned());
            return;
        }
        let Some(dir) = path.parent() else { return };
        // All that lies beside the root is not ours to watch.
        let watched = if root.starts_with(dir) { path } else { dir };
        let known = watched.ancestors().any(|above| self.outside.contains(above));
        if !known && self.outside.insert(watched.to_owned()) {
            self.outside_new.push(watched.to_owned());
        }
    }
}

impl Progress {
    fn count(&mut self, reading: &Reading) {
        self.read += usize::from(!matches!(reading, Reading::Unreadable(_)));
        self.parsed += usize::from(matches!(reading, Reading::New(_)));
    }
}

/// The files of a project, shared: the answer is that of the last update.
#[derive(Clone, Debug, Default)]
pub struct Files(Arc<RwLock<FxHashMap<Arc<str>, bool>>>);

impl Files {
    /// Whether the file is a module of the project.
    pub fn knows(&self, path: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(path)
    }

    /// At most so many of them, in no order; the order stays as long as the files do.
    pub fn some(&self, at_most: usize) -> Vec<String> {
        let files = self.0.read().unwrap_or_else(PoisonError::into_inner);
        files.keys().take(at_most).map(|path| path.to_string()).collect()
    }

    /// Whether it is a module that somebody imports.
    pub fn is_used(&self, path: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(path).copied().unwrap_or(false)
    }
}

/// Ends the work of a project early. What it then knows is of no use.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// No further file is read.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
