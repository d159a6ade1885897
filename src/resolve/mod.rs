//! From a specifier and who asks to a path. The edge to the disk as far as names go: everything is asked through
//! [`FileSystem`]. The only module that names `oxc_resolver`.
//! Owns the rules (Vite's defaults), what an answer depends on, and when what is remembered no longer holds. A
//! specifier that leads nowhere is a [`Failure`], never an error.
//!
//! ```text
//!   specifier ─▶ external?  ─▶ alias ─▶ relative, root-relative ─▶ names in a directory
//!                                   └─▶ bare, #internal ─▶ tsconfig paths ─▶ package exports, imports
//! ```

mod around;
mod asker;
mod fs;
mod glob;
mod key;
mod names;
mod plain;
mod shift;
mod tree;

use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use oxc_resolver::{ResolveOptions as Rules, ResolverGeneric, TsConfig, TsconfigDiscovery};
use rustc_hash::FxHashMap;

pub use asker::Asker;
pub use fs::{Disk, Entry, FileSystem};
pub use glob::{Expansion, GlobOptions, GlobWatch};
pub use key::Key;
pub use shift::Shift;

use around::Around;
use plain::MEANT;
use tree::{Tree, normal};

/// How specifiers are resolved.
#[derive(Clone, Debug, Default)]
pub struct ResolveOptions {
    /// Where `/src/main.ts` begins.
    pub root: PathBuf,
    /// What to put for the beginning of a specifier; the first that fits counts.
    pub alias: Vec<(String, PathBuf)>,
    /// Conditions of package `exports` and `imports` beside `import` and `require`; `None` is [`CONDITIONS`].
    pub conditions: Option<Vec<String>>,
}

/// Vite's conditions for the browser while developing.
pub const CONDITIONS: &[&str] = &["module", "browser", "development"];

/// Vite's `resolve.extensions`.
pub const EXTENSIONS: &[&str] = &[".mjs", ".js", ".mts", ".ts", ".jsx", ".tsx", ".json"];

/// In which way a module asks for another; the rules differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `import`, `export … from`, `import()`.
    Import,
    /// `require()`.
    Require,
    /// CSS `@import`: relative without `./` too.
    Style,
    /// Sass `@use`, `@forward`, `@import`: partials (`_x.scss`) and `_index.scss` too.
    Sass,
    /// `url()`, `new URL()`: a file by its whole name.
    Asset,
    /// What a page links to: relative without `./` too, and `/` is the root.
    Page,
}

/// Where a specifier leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// To a file; symbolic links are resolved. Absolute, with `/`.
    File(Arc<str>),
    /// To nothing of the project's: another origin, a module of the runtime or of a plugin, or one that the package
    /// has taken out for browsers.
    External,
}

/// A specifier leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which kind of failure; stable.
    pub code: &'static str,
    /// Why, and what to do.
    pub message: String,
    /// Where it was looked for, in order.
    pub tried: Vec<String>,
}

/// A broken tsconfig file, as everybody below it finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFailure {
    /// Which file.
    pub file: Arc<str>,
    /// Line and column from 1; `1:1` if not known.
    pub place: (u32, u32),
    /// What is wrong with it.
    pub message: String,
}

type Oxc = ResolverGeneric<Tree>;

/// Resolves specifiers for any number of threads.
pub struct Resolver {
    tree: Tree,
    root: PathBuf,
    alias: Vec<(String, PathBuf)>,
    scripts: Oxc,
    requires: Oxc,
    styles: Oxc,
    sass: Oxc,
    assets: Oxc,
    /// Knows the modules of the runtime, to tell `fs` from a package that is missing.
    builtins: Oxc,
    /// What bare specifiers lead to; most modules of a package ask the same.
    bare: RwLock<FxHashMap<Question, Arc<Answer>>>,
    /// By directory.
    around: RwLock<FxHashMap<PathBuf, Arc<Around>>>,
}

/// A bare specifier, as far as the answer depends on who asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Question {
    dir: Arc<Path>,
    tsconfig: Option<Config>,
    kind: Kind,
    specifier: Box<str>,
}

/// A tsconfig, compared by where it is in memory: two that are the same are at worst asked for twice.
#[derive(Clone, Debug)]
struct Config(Arc<TsConfig>);

impl PartialEq for Config {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Config {}

impl Hash for Config {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

#[derive(Debug)]
struct Answer {
    outcome: Result<Target, Failure>,
    keys: Vec<Key>,
    broad: bool,
}

impl Resolver {
    /// A resolver that has looked at nothing yet.
    pub fn new(options: ResolveOptions, fs: Arc<dyn FileSystem>) -> Self {
        let root = normal(&options.root);
        let root = Tree::new(Arc::clone(&fs), &root).real(&root).map_or(root, |real| real.to_path_buf());
        let tree = Tree::new(fs, &root);
        let conditions =
            options.conditions.unwrap_or_else(|| CONDITIONS.iter().copied().map(str::to_owned).collect());
        let with = |more: &[&str]| {
            conditions.iter().cloned().chain(more.iter().copied().map(str::to_owned)).collect::<Vec<_>>()
        };
        let browser = conditions.iter().any(|condition| condition == "browser");
        let list = |names: &[&str]| names.iter().copied().map(str::to_owned).collect::<Vec<_>>();
        let common = Rules { node_path: false, roots: vec![root.clone()], ..Rules::default() };
        let script = |condition| Rules {
            tsconfig: Some(TsconfigDiscovery::Auto),
            condition_names: with(&[condition, "default"]),
            extensions: list(EXTENSIONS),
            // TypeScript has specifiers name what comes out of a file.
            extension_alias: MEANT
                .iter()
                .map(|(written, meant)| ((*written).to_owned(), list(meant)))
                .collect(),
            main_fields: list(if browser {
                &["browser", "module", "jsnext:main", "jsnext", "main"]
            } else {
                &["module", "jsnext:main", "jsnext", "main"]
            }),
            alias_fields: if browser { vec![list(&["browser"])] } else { Vec::new() },
            ..common.clone()
        };
        let scripts = Oxc::new_with_file_system(tree.clone(), script("import"));
        let derived = |rules| scripts.clone_with_options(rules);
        let requires = derived(script("require"));
        let styles = derived(Rules {
            condition_names: list(&["style", "development", "default"]),
            extensions: list(&[".css"]),
            main_fields: list(&["style"]),
            main_files: Vec::new(),
            prefer_relative: true,
            ..common.clone()
        });
        let sass = derived(Rules {
            condition_names: list(&["sass", "style", "development", "default"]),
            extensions: list(&[".scss", ".sass", ".css"]),
            main_fields: list(&["sass", "style"]),
            main_files: list(&["_index", "index"]),
            prefer_relative: true,
            ..common.clone()
        });
        let assets = derived(Rules {
            condition_names: with(&["import", "default"]),
            extensions: Vec::new(),
            main_files: Vec::new(),
            prefer_relative: true,
            roots: vec![root.clone(), root.join("public")],
            ..common.clone()
        });
        let builtins = derived(Rules { builtin_modules: true, ..common });
        let alias = options.alias.into_iter().map(|(from, to)| {
            let from = if from.len() > 1 { from.trim_end_matches('/').to_owned() } else { from };
            (from, normal(&root.join(to)))
        });
        let alias = alias.collect();
        Self {
            tree,
            root,
            alias,
            scripts,
            requires,
            styles,
            sass,
            assets,
            builtins,
            bare: RwLock::default(),
            around: RwLock::default(),
        }
    }

    /// The root, links resolved.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Asks for one module. `file` is its path, links resolved.
    pub fn asker<'r>(&'r self, file: &str) -> Asker<'r> {
        Asker::new(self, Path::new(file))
    }

    /// Resolves one specifier.
    ///
    /// # Errors
    /// The [`Failure`] if it leads nowhere.
    pub fn resolve(&self, importer: &str, specifier: &str, kind: Kind) -> Result<Target, Failure> {
        self.asker(importer).resolve(specifier, kind)
    }

    /// The file at a path, links resolved; `None` if there is none, or something else.
    pub fn file(&self, path: &Path) -> Option<Arc<str>> {
        let real = self.tree.real(&normal(&self.root.join(path)))?;
        (self.tree.entry(&real)? == Entry::File).then(|| crate::path::normalize(&real).into())
    }

    /// What to call a path that may not be there: absolute, the links before its name resolved.
    pub fn name(&self, path: &Path) -> Arc<str> {
        crate::path::normalize(&self.tree.beside(&normal(&self.root.join(path)))).into()
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn read(&self, path: &str) -> std::io::Result<Vec<u8>> {
        self.tree.read(Path::new(path))
    }

    /// The same, piece by piece.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn open(&self, path: &str) -> std::io::Result<Box<dyn std::io::Read>> {
        self.tree.open(Path::new(path))
    }

    /// Gives back the memory that is cheap to fill again.
    pub fn relax(&self) {
        self.scripts.clear_cache();
        self.bare.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn rules(&self, kind: Kind) -> &Oxc {
        match kind {
            Kind::Import => &self.scripts,
            Kind::Require => &self.requires,
            Kind::Style => &self.styles,
            Kind::Sass => &self.sass,
            Kind::Asset | Kind::Page => &self.assets,
        }
    }
}
