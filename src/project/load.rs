//! What can be said of one file without the rest of the graph: its facts, and where its specifiers lead. Runs on any
//! thread, many at a time.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::Stop;
use super::report::Diagnostic;
use crate::resolve::{ConfigFailure, Failure, GlobOptions, GlobWatch, Key, Kind, Resolver, Target};
use crate::scan::{Coverage, Exports, Hot, ImportKind, Language, ModuleFacts, Position, Severity, scan};

/// What reading a file gave.
pub(super) enum Reading {
    /// The bytes that it had.
    Same,
    /// Other bytes.
    New(Box<ModuleFacts>),
    /// It cannot be read, and why.
    Unreadable(String),
}

/// Where a module's specifiers lead.
#[derive(Default)]
pub(super) struct Links {
    /// The files that it imports, in the order of its text, each once.
    pub targets: Vec<Arc<str>>,
    /// Those whose updates it accepts.
    pub accepts: Vec<Arc<str>>,
    /// What hangs on the names on disk.
    pub hinges: Hinges,
}

/// What of a module hangs on the names on disk, so that it has to be asked again when they change.
#[derive(Default)]
pub(super) struct Hinges {
    /// The specifiers that lead nowhere.
    pub problems: Vec<Diagnostic>,
    /// What is wrong with the tsconfig that the module belongs to.
    pub config: Option<ConfigFailure>,
    pub keys: Box<[Key]>,
    pub broad: bool,
    pub globs: Vec<GlobWatch>,
}

/// Reads and scans a file, unless it has the bytes that it had.
pub(super) fn read(resolver: &Resolver, path: &str, known: Option<u64>, stop: &Stop) -> Reading {
    if stop.is_stopped() {
        return Reading::Unreadable("the engine is closing".to_owned());
    }
    match resolver.read(path) {
        Err(error) => Reading::Unreadable(error.to_string()),
        Ok(bytes) => {
            if known.is_some_and(|hash| hash == xxhash_rust::xxh3::xxh3_64(&bytes)) {
                return Reading::Same;
            }
            Reading::New(Box::new(scan(path, &bytes)))
        }
    }
}

/// The facts of a file that cannot be read.
pub(super) fn no_facts(path: &str) -> ModuleFacts {
    ModuleFacts {
        hash: 0,
        language: Language::of(path),
        coverage: Coverage::HashOnly,
        imports: Vec::new(),
        globs: Vec::new(),
        exports: Exports::default(),
        hot: Hot::default(),
        diagnostics: Vec::new(),
    }
}

/// Resolves all that a module asks for.
pub(super) fn link(resolver: &Resolver, path: &Arc<str>, facts: &ModuleFacts) -> Links {
    let accepted = facts.hot.accepted_deps().next().is_some();
    if facts.imports.is_empty() && facts.globs.is_empty() && !accepted {
        return Links::default();
    }
    let mut asker = resolver.asker(path);
    let mut links = Links::default();
    let mut found: Vec<(Position, Arc<str>)> = Vec::with_capacity(facts.imports.len());
    for import in facts.imports.iter().filter(|import| !import.type_only) {
        match asker.resolve(&import.specifier, kind(import.kind)) {
            Ok(Target::File(file)) => found.push((import.position, file)),
            Ok(Target::External) => {}
            Err(failure) => {
                let severity = match import.kind {
                    // Often inside of `try`, or served from somewhere else.
                    ImportKind::Require | ImportKind::Url | ImportKind::CssUrl => Severity::Warning,
                    _ => Severity::Error,
                };
                let specifier = Some(import.specifier.clone());
                links.hinges.problems.push(problem(path, import.position, severity, failure, specifier));
            }
        }
    }
    for glob in &facts.globs {
        let options = GlobOptions { base: glob.base.as_deref(), exhaustive: glob.exhaustive };
        match asker.expand(&glob.patterns, options) {
            Ok(expansion) => {
                found.extend(expansion.files.into_iter().map(|file| (glob.position, file)));
                links.hinges.globs.push(expansion.watch);
            }
            Err(failure) => {
                let failure = problem(path, glob.position, Severity::Error, failure, None);
                links.hinges.problems.push(failure);
            }
        }
    }
    if !facts.globs.is_empty() {
        found.sort_by_key(|(position, _)| *position);
    }
    let mut seen = FxHashSet::default();
    for (_, file) in found {
        if is_of_the_project(&file) && seen.insert(Arc::clone(&file)) {
            links.targets.push(file);
        }
    }
    for dep in facts.hot.accepted_deps() {
        if let Ok(Target::File(file)) = asker.resolve(dep, Kind::Import) {
            links.accepts.push(file);
        }
    }
    links.hinges.problems.sort();
    let mut keys = std::mem::take(&mut asker.keys);
    keys.sort_unstable();
    keys.dedup();
    links.hinges.keys = keys.into();
    links.hinges.broad = asker.broad;
    links.hinges.config = asker.config_failure;
    links
}

/// What lies in a `node_modules` is installed and not edited; what a link there leads to has its own path.
fn is_of_the_project(file: &str) -> bool {
    !file.contains("/node_modules/")
}

fn kind(kind: ImportKind) -> Kind {
    match kind {
        ImportKind::Static | ImportKind::ReExport | ImportKind::Dynamic => Kind::Import,
        ImportKind::Require => Kind::Require,
        ImportKind::CssImport => Kind::Style,
        ImportKind::SassUse | ImportKind::SassForward | ImportKind::SassImport => Kind::Sass,
        ImportKind::Url | ImportKind::CssUrl => Kind::Asset,
        ImportKind::HtmlScript | ImportKind::HtmlLink => Kind::Page,
    }
}

fn problem(
    file: &Arc<str>,
    position: Position,
    severity: Severity,
    failure: Failure,
    specifier: Option<Box<str>>,
) -> Diagnostic {
    Diagnostic {
        file: Arc::clone(file),
        position,
        severity,
        code: failure.code,
        message: failure.message,
        frame: String::new(),
        specifier,
        tried: failure.tried,
    }
}
