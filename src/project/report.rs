//! What a project tells: what an update did, and the whole graph as plain data.
//! Owns the shapes; every module is named by its path, absolute and with `/`, symbolic links resolved.

use std::sync::Arc;

use crate::scan::{Position, Severity};

/// What a batch of changes did to the project.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectUpdate {
    /// Who accepts the changes, in the order of the walk (see [`crate::propagate`]).
    pub boundaries: Vec<Boundary>,
    /// Where nobody does; at most one for each changed module.
    pub dead_ends: Vec<DeadEnd>,
    /// The changed modules and whoever imports them, directly or not, up to and with those that accept the change.
    /// Nearest first.
    pub affected: Vec<Arc<str>>,
    /// Modules that the entries reach now and did not before, by path.
    pub added: Vec<Arc<str>>,
    /// Modules that the entries no longer reach, by path.
    pub removed: Vec<Arc<str>>,
    /// What is wrong with the modules that were scanned or resolved again, by path; and which entries are not there,
    /// when some name came or went. For everything: [`Snapshot::diagnostics`].
    pub diagnostics: Vec<Diagnostic>,
    /// How many files were read.
    pub read: usize,
    /// How many of those were parsed: the others have the bytes that they had.
    pub parsed: usize,
    /// How many modules had their imports looked up again.
    pub resolved: usize,
    /// Where every specifier leads was looked up again, since rules of resolution may have changed (see
    /// [`crate::resolve::Shift::everything`]): nothing else is wrong than what is said here.
    pub everything: bool,
}

impl ProjectUpdate {
    /// Whether the graph is as it was: at most, files were read that have the bytes that they had.
    pub fn is_empty(&self) -> bool {
        let Self { boundaries, dead_ends, affected, added, removed, diagnostics, .. } = self;
        boundaries.is_empty()
            && dead_ends.is_empty()
            && affected.is_empty()
            && added.is_empty()
            && removed.is_empty()
            && diagnostics.is_empty()
    }
}

/// A module that takes a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// The module whose accept callback runs.
    pub boundary: Arc<str>,
    /// What it accepts: itself, or one of its imports.
    pub accepted_via: Arc<str>,
    /// Whether the boundary lies in an import cycle.
    pub within_circular_import: bool,
    /// How the change reached it: the changed module first, the boundary last.
    pub chain: Vec<Arc<str>>,
}

/// A way from a changed module to one that nobody imports, with nobody on it who accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadEnd {
    /// The changed module first, the one without importers last.
    pub chain: Vec<Arc<str>>,
}

/// Something wrong with a file of the project, as data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// Which file. For an entry that does not exist: that entry.
    pub file: Arc<str>,
    /// Where in it, from 1; `1:1` if the whole file is meant.
    pub position: Position,
    /// How bad it is.
    pub severity: Severity,
    /// Which kind of problem it is; stable (`BINO_SCAN_…`, `BINO_RESOLVE_…`, `BINO_PROJECT_…`).
    pub code: &'static str,
    /// What is wrong, and what to do about it.
    pub message: String,
    /// The lines around the place, or empty.
    pub frame: String,
    /// The specifier that leads nowhere, as written.
    pub specifier: Option<Box<str>>,
    /// The paths at which it was looked for, in order.
    pub tried: Vec<String>,
}

/// The whole graph at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Every module that the entries reach, by path.
    pub modules: Vec<ModuleInfo>,
    /// Everything that is wrong, by file and place.
    pub diagnostics: Vec<Diagnostic>,
}

/// One module of a [`Snapshot`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleInfo {
    /// Where it is.
    pub path: Arc<str>,
    /// `/src/a.ts` for a file below the root, `/@fs/…` for any other: as Vite names them.
    pub url: String,
    /// Whether it is an entry.
    pub entry: bool,
    /// Who imports it, by path.
    pub importers: Vec<Arc<str>>,
    /// What it imports, in the order of its text, each once.
    pub imports: Vec<Arc<str>>,
    /// Whether it accepts updates of itself.
    pub self_accepting: bool,
    /// The imports whose updates it accepts, by path.
    pub accepted_deps: Vec<Arc<str>>,
    /// The exports whose updates it accepts, in the order of its text; `None` when it never said.
    pub accepted_exports: Option<Vec<Box<str>>>,
    /// The imports whose changes it has no use for, since they accept updates of every export that it takes.
    pub ignored: Vec<Arc<str>>,
}
