//! What a scan finds out about one module: plain data, in the order of the source text.
//! Owns no rule but what the data itself implies; never knows which file a specifier leads to.

use rustc_hash::FxHashSet;
use serde::Serialize;

use super::diagnostic::Diagnostic;
use super::hot::Hot;
use super::language::Language;
use super::position::Position;

/// Everything that the scan says about one module. The same bytes under the same name give the same facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModuleFacts {
    /// XXH3 (64 bits) of the bytes as they are on disk, byte order mark included.
    pub hash: u64,
    /// What the file was read as.
    pub language: Language,
    /// How much of it could be read. Unless it is [`Coverage::Complete`], imports may be missing.
    pub coverage: Coverage,
    /// What it imports, in the order of the text; one entry for each statement or expression, so a specifier can
    /// come more than once.
    pub imports: Vec<Import>,
    /// The `import.meta.glob` calls, and the `import()` whose template literal can only be read as a glob.
    pub globs: Vec<Glob>,
    /// What it exports.
    pub exports: Exports,
    /// What it says to `import.meta.hot`.
    pub hot: Hot,
    /// What is wrong with it, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

impl ModuleFacts {
    /// The facts of an asset: its hash, which is that of its bytes.
    pub fn of_asset(hash: u64) -> Self {
        Self {
            hash,
            language: Language::Asset,
            coverage: Coverage::Complete,
            imports: Vec::new(),
            globs: Vec::new(),
            exports: Exports::default(),
            hot: Hot::default(),
            diagnostics: Vec::new(),
        }
    }

    /// Whether Vite would call the module self-accepting (`isSelfAccepting`): it says so, or it accepts updates of each
    /// export that it names. Vite does not count `export *` either.
    pub fn accepts_itself(&self) -> bool {
        let every = |accepted: Vec<&str>| {
            let accepted: FxHashSet<_> = accepted.into_iter().collect();
            let mut exports = self.exports.names.iter().filter(|export| !export.type_only);
            exports.all(|export| accepted.contains(&*export.name))
        };
        self.hot.accepts_itself() || self.hot.accepted_exports().is_some_and(every)
    }
}

/// How much of a module the scan could read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Coverage {
    /// All of it: what the facts do not mention is not there. Also said of assets, which have nothing to read.
    #[default]
    Complete,
    /// A syntax error cut it short, or a part of it could not be read: what is whole by itself is there, and something
    /// may be missing.
    Partial,
    /// Nothing but the hash: it is too large, too deeply nested, or not text.
    HashOnly,
}

/// One thing that a module asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Import {
    /// As written, escapes resolved; neither query nor hash is cut off. A lone surrogate becomes U+FFFD and its four
    /// hexadecimal digits.
    pub specifier: Box<str>,
    /// By which construct.
    pub kind: ImportKind,
    /// Which of its exports are taken.
    pub bindings: Bindings,
    /// Whether only types are taken (`import type`, `export type … from`, all names marked `type`): no edge at run
    /// time.
    pub type_only: bool,
    /// Where the specifier begins (its quote, if it has one); of a tag, where the attribute begins.
    pub position: Position,
}

/// By which construct a module asks for another. In styles and pages an address without `./` is relative, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum ImportKind {
    /// `import … from 'x'`, `import 'x'`.
    Static,
    /// `export … from 'x'`.
    ReExport,
    /// `import('x')` with a plain string.
    Dynamic,
    /// `require('x')`, `import x = require('x')`.
    Require,
    /// `new URL('x', import.meta.url)`.
    Url,
    /// CSS `@import`.
    CssImport,
    /// CSS `url(x)` outside of `@import`, of a file (no `data:`, no other origin, no `#fragment`).
    CssUrl,
    /// Sass `@use`.
    SassUse,
    /// Sass `@forward`.
    SassForward,
    /// Sass `@import` of something that Sass itself would load.
    SassImport,
    /// `<script src>` of a page; of a Vue component: the `src` of one of its blocks that hold a script.
    HtmlScript,
    /// `<link href>` of a page with `rel` `stylesheet` or `modulepreload`; of a Vue component: the `src` of its
    /// template or of a style.
    HtmlLink,
}

/// Which exports an import takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Bindings {
    /// None: it is there for its effect (`import 'x'`), or is no module of JavaScript.
    #[default]
    None,
    /// These, by the names under which they are exported there (`default` for a default import), in order, each once.
    Names(Vec<Box<str>>),
    /// The namespace object, so possibly every name: `import * as x`, `import()`, `require()`, `export * as x from`.
    Namespace,
    /// `export * from`: every name but `default`, passed on under the same name.
    Star,
}

/// An `import.meta.glob` call, or an `import()` with a template literal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Glob {
    /// The patterns as written; those that begin with `!` take away.
    pub patterns: Vec<Box<str>>,
    /// `{ eager: true }`: the modules are imported statically.
    pub eager: bool,
    /// `{ import: 'x' }`: the one export taken, instead of the namespace.
    pub import: Option<Box<str>>,
    /// `{ query: '?x' }` as written; an object of queries is not read.
    pub query: Option<Box<str>>,
    /// `{ base: './x' }`: where relative patterns begin, instead of the module's own folder.
    pub base: Option<Box<str>>,
    /// `{ exhaustive: true }`: hidden files and `node_modules` are looked through too.
    pub exhaustive: bool,
    /// Where the call begins.
    pub position: Position,
}

/// What a module exports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exports {
    /// The names, in the order of the text.
    pub names: Vec<Export>,
    /// The specifiers of `export * from`, in the order of the text, type-only ones left out.
    pub stars: Vec<Box<str>>,
}

/// One exported name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Export {
    /// The name that importers use; `default` for the default export.
    pub name: Box<str>,
    /// Where it comes from, if the module only passes it on: `export { a } from`, and also an `import` that is
    /// exported again.
    pub from: Option<ExportSource>,
    /// Whether it is known to be a type.
    pub type_only: bool,
    /// Where the name begins.
    pub position: Position,
}

/// Where a name that is passed on comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportSource {
    /// The specifier as written.
    pub specifier: Box<str>,
    /// Its name there; `None` for the whole namespace (`export * as x from`).
    pub imported: Option<Box<str>>,
}
