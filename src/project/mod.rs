//! The module graph of a project, built from its files and kept up to date.
//! Owns which files belong to it and what is known of each. Never watches, and never decides when to look again: it
//! is told what changed.

mod report;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use crate::change::Change;
use crate::resolve::FileSystem;

pub use report::{Boundary, DeadEnd, Diagnostic, ModuleInfo, ProjectUpdate, Snapshot};

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

/// A project: the modules that its entries reach.
pub struct Project {
    #[allow(dead_code)]
    options: ProjectOptions,
    #[allow(dead_code)]
    fs: Arc<dyn FileSystem>,
    files: Files,
    stop: Stop,
}

impl Project {
    /// A project that knows nothing yet; [`Project::build`] reads it.
    pub fn new(options: ProjectOptions, fs: Arc<dyn FileSystem>) -> Self {
        Self { options, fs, files: Files::default(), stop: Stop::default() }
    }

    /// Reads everything that the entries reach, on the threads of the caller's pool. The result is the same whatever
    /// their number.
    pub fn build(&mut self) {}

    /// Takes in what changed on disk, on the threads of the caller's pool. Only changed files are read.
    pub fn update(&mut self, _changes: &[Change]) -> ProjectUpdate {
        ProjectUpdate::default()
    }

    /// The whole graph as plain data.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::default()
    }

    /// Which files are in the graph, for others to ask at any time.
    pub fn files(&self) -> Files {
        self.files.clone()
    }

    /// An update of every module below some directories, to find out whether they have changed unnoticed.
    pub fn modules_below(&self, _directories: &[PathBuf]) -> Vec<Change> {
        Vec::new()
    }

    /// Ends a build or an update under way from another thread.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Directories of modules that lie outside of the root and were not named by an earlier call.
    pub fn take_outside(&mut self) -> Vec<PathBuf> {
        Vec::new()
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
}
