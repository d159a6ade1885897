//! Updates and graphs as plain objects of JavaScript; `index.d.ts` describes them.

use std::sync::Arc;

use napi_derive::napi;

use crate::project::{Boundary, DeadEnd, Diagnostic, ModuleInfo, ProjectUpdate, Snapshot};
use crate::scan::Severity;

/// What a batch did to the graph.
#[napi(object, object_from_js = false)]
pub struct GraphUpdate {
    /// Who accepts the changes.
    pub boundaries: Vec<GraphBoundary>,
    /// Where nobody does.
    pub dead_ends: Vec<GraphDeadEnd>,
    /// The changed modules and whom they reach.
    pub affected: Vec<String>,
    /// What is wrong.
    pub diagnostics: Vec<GraphDiagnostic>,
}

/// A module that takes a change.
#[napi(object, object_from_js = false)]
pub struct GraphBoundary {
    /// Its path.
    pub boundary: String,
    /// What it accepts: itself, or one of its imports.
    pub accepted_via: String,
    /// Whether it lies in an import cycle.
    pub is_within_circular_import: bool,
    /// From the changed module to the boundary.
    pub chain: Vec<String>,
}

/// A way on which nobody accepts.
#[napi(object, object_from_js = false)]
pub struct GraphDeadEnd {
    /// From the changed module to one without importers.
    pub chain: Vec<String>,
}

/// Something wrong with a file.
#[napi(object, object_from_js = false)]
pub struct GraphDiagnostic {
    /// Its path.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in UTF-16 code units.
    pub column: u32,
    /// `error` or `warning`.
    pub severity: &'static str,
    /// Stable.
    pub code: &'static str,
    /// What is wrong, and what to do.
    pub message: String,
    /// The lines around the place, or empty.
    pub frame: String,
    /// What leads nowhere, as written.
    pub specifier: Option<String>,
    /// Where it was looked for.
    pub tried: Vec<String>,
}

/// The whole graph at one moment.
#[napi(object, object_from_js = false)]
pub struct Graph {
    /// By path.
    pub modules: Vec<GraphModule>,
    /// By file and place.
    pub diagnostics: Vec<GraphDiagnostic>,
}

/// One module of the graph.
#[napi(object, object_from_js = false)]
pub struct GraphModule {
    /// Its path.
    pub path: String,
    /// As Vite names it.
    pub url: String,
    /// Whether it is an entry.
    pub is_entry: bool,
    /// Paths of who imports it.
    pub importers: Vec<String>,
    /// Paths of what it imports.
    pub imports: Vec<String>,
    /// Whether it accepts updates of itself.
    pub is_self_accepting: bool,
    /// Paths of the imports whose updates it accepts.
    pub accepted_deps: Vec<String>,
    /// Its exports whose updates it accepts, if it ever said.
    pub accepted_exports: Option<Vec<String>>,
}

impl From<ProjectUpdate> for GraphUpdate {
    fn from(update: ProjectUpdate) -> Self {
        Self {
            boundaries: convert(update.boundaries),
            dead_ends: convert(update.dead_ends),
            affected: texts(&update.affected),
            diagnostics: convert(update.diagnostics),
        }
    }
}

impl From<Snapshot> for Graph {
    fn from(graph: Snapshot) -> Self {
        Self { modules: convert(graph.modules), diagnostics: convert(graph.diagnostics) }
    }
}

impl From<Boundary> for GraphBoundary {
    fn from(boundary: Boundary) -> Self {
        Self {
            boundary: boundary.boundary.to_string(),
            accepted_via: boundary.accepted_via.to_string(),
            is_within_circular_import: boundary.within_circular_import,
            chain: texts(&boundary.chain),
        }
    }
}

impl From<DeadEnd> for GraphDeadEnd {
    fn from(dead_end: DeadEnd) -> Self {
        Self { chain: texts(&dead_end.chain) }
    }
}

impl From<Diagnostic> for GraphDiagnostic {
    fn from(diagnostic: Diagnostic) -> Self {
        Self {
            file: diagnostic.file.to_string(),
            line: diagnostic.position.line,
            column: diagnostic.position.column,
            severity: match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            code: diagnostic.code,
            message: diagnostic.message,
            frame: diagnostic.frame,
            specifier: diagnostic.specifier.map(String::from),
            tried: diagnostic.tried,
        }
    }
}

impl From<ModuleInfo> for GraphModule {
    fn from(module: ModuleInfo) -> Self {
        Self {
            path: module.path.to_string(),
            url: module.url,
            is_entry: module.entry,
            importers: texts(&module.importers),
            imports: texts(&module.imports),
            is_self_accepting: module.self_accepting,
            accepted_deps: texts(&module.accepted_deps),
            accepted_exports: module
                .accepted_exports
                .map(|names| names.into_iter().map(String::from).collect()),
        }
    }
}

fn convert<One, Other: From<One>>(list: Vec<One>) -> Vec<Other> {
    list.into_iter().map(Other::from).collect()
}

fn texts(paths: &[Arc<str>]) -> Vec<String> {
    paths.iter().map(ToString::to_string).collect()
}
