//! What can be said of one file without the rest of the graph: its facts, and where its specifiers lead. Runs on any
//! thread, many at a time.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::Stop;
use super::report::Diagnostic;
use crate::resolve::{ConfigFailure, Failure, GlobOptions, GlobWatch, Key, Kind, Resolver, Target};
use crate::scan::{
    Bindings, Coverage, ImportKind, Language, ModuleFacts, Position, Severity, hash, hash_pieces,
    scan_with_room,
};

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
    /// Which statement asks for which of them, sorted by target.
    pub statements: Vec<Asks>,
    /// Those whose updates it accepts.
    pub accepts: Vec<Arc<str>>,
    /// What hangs on the names on disk.
    pub hinges: Hinges,
}

/// A statement that asks for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Asks {
    /// Index of what it asks for among the targets.
    pub target: u32,
    /// Index of the statement: of one of the facts' imports or, counted on behind those, of one of their globs.
    statement: u32,
}

impl Asks {
    /// The exports that it takes; `*` among them if it can be any. A name that is only passed on counts too; Vite reads
    /// `import` statements alone and leaves whoever imports it from there with the old one.
    pub fn names<'f>(&self, facts: &'f ModuleFacts) -> Vec<&'f str> {
        let index = self.statement as usize;
        let Some(import) = facts.imports.get(index) else {
            // Each file is a dynamic import, or a static one of the namespace or of one name.
            let glob = facts.globs.get(index - facts.imports.len());
            return vec![
                glob.filter(|glob| glob.eager).and_then(|glob| glob.import.as_deref()).unwrap_or("*"),
            ];
        };
        // With a query it is another module to Vite, and a url is no import: both may depend on everything.
        if import.kind == ImportKind::Url || import.specifier.contains('?') {
            return vec!["*"];
        }
        match &import.bindings {
            Bindings::None => Vec::new(),
            Bindings::Names(names) => names.iter().map(|name| &**name).collect(),
            Bindings::Namespace | Bindings::Star => vec!["*"],
        }
    }
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

/// What loading takes, on whichever thread.
#[derive(Clone, Copy)]
pub(super) struct Loader<'p> {
    pub resolver: &'p Resolver,
    pub stop: &'p Stop,
    /// How much stack the thread has left, in bytes.
    pub room: usize,
}

impl Loader<'_> {
    /// Reads and scans a file, unless it has the bytes that it had.
    pub fn read(self, path: &str, known: Option<u64>) -> Reading {
        if self.stop.is_stopped() {
            return Reading::Unreadable("the engine is closing".to_owned());
        }
        if Language::of(path) == Language::Asset {
            return match self.resolver.open(path).and_then(hash_pieces) {
                Err(error) => Reading::Unreadable(error.to_string()),
                Ok(hash) if known == Some(hash) => Reading::Same,
                Ok(hash) => Reading::New(Box::new(ModuleFacts::of_asset(hash))),
            };
        }
        match self.resolver.read(path) {
            Err(error) => Reading::Unreadable(error.to_string()),
            Ok(bytes) if known.is_some_and(|known| known == hash(&bytes)) => Reading::Same,
            Ok(bytes) => Reading::New(Box::new(scan_with_room(path, &bytes, self.room))),
        }
    }

    /// The same for a file of which nothing is known, and where its specifiers lead.
    pub fn load(self, path: &Arc<str>) -> (Reading, Links) {
        let reading = self.read(path, None);
        let links = match &reading {
            Reading::New(facts) => link(self.resolver, path, facts),
            _ => Links::default(),
        };
        (reading, links)
    }
}

/// The facts of a file that cannot be read.
pub(super) fn no_facts(path: &str) -> ModuleFacts {
    ModuleFacts { language: Language::of(path), coverage: Coverage::HashOnly, ..ModuleFacts::of_asset(0) }
}

/// Resolves all that a module asks for.
pub(super) fn link(resolver: &Resolver, path: &Arc<str>, facts: &ModuleFacts) -> Links {
    let accepted = facts.hot.accepted_deps().next().is_some();
    if facts.imports.is_empty() && facts.globs.is_empty() && !accepted {
        return Links::default();
    }
    let mut asker = resolver.asker(path);
    let mut links = Links::default();
    let mut found: Vec<(Position, u32, Arc<str>)> = Vec::with_capacity(facts.imports.len());
    for (at, import) in (0..).zip(&facts.imports).filter(|(_, import)| !import.type_only) {
        match asker.resolve(&import.specifier, kind(import.kind)) {
            Ok(Target::File(file)) => found.push((import.position, at, file)),
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
    for (at, glob) in (facts.imports.len() as u32..).zip(&facts.globs) {
        let options = GlobOptions { base: glob.base.as_deref(), exhaustive: glob.exhaustive };
        match asker.expand(&glob.patterns, options) {
            Ok(expansion) => {
                found.extend(expansion.files.into_iter().map(|file| (glob.position, at, file)));
                links.hinges.globs.push(expansion.watch);
            }
            Err(failure) => {
                let failure = problem(path, glob.position, Severity::Error, failure, None);
                links.hinges.problems.push(failure);
            }
        }
    }
    if !facts.globs.is_empty() {
        found.sort_by_key(|(position, ..)| *position);
    }
    let mut seen = FxHashMap::default();
    for (_, statement, file) in found.into_iter().filter(|(.., file)| is_of_the_project(file)) {
        let target = *seen.entry(file).or_insert_with_key(|file| {
            links.targets.push(Arc::clone(file));
            links.targets.len() as u32 - 1
        });
        links.statements.push(Asks { target, statement });
    }
    links.statements.sort_unstable();
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
