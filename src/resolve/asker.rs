//! One module asks. Owns the way of a specifier through the rules, and the keys under which the answers are kept.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use oxc_resolver::{JSONError, ResolveContext, ResolveError, TsConfig};

use super::names::{is_external, is_relative, package_of, without_query};
use super::tree::normal;
use super::{
    Answer, Config, ConfigFailure, EXTENSIONS, Entry, Failure, Key, Kind, Question, Resolver, Target,
};

/// A module and what its questions have depended on so far.
pub struct Asker<'r> {
    pub(super) resolver: &'r Resolver,
    pub(super) file: PathBuf,
    pub(super) dir: Arc<Path>,
    /// The tsconfig that the module belongs to, if any above has a say; looked for when first asked.
    tsconfig: Option<Option<Arc<TsConfig>>>,
    /// What is wrong with the tsconfig that the module belongs to. Specifiers are then resolved without it.
    pub config_failure: Option<ConfigFailure>,
    /// If a path with one of these keys comes or goes (see [`Key::touched`]), ask again.
    pub keys: Vec<Key>,
    /// The keys are not all: ask again whatever comes or goes.
    pub broad: bool,
}

impl<'r> Asker<'r> {
    pub(super) fn new(resolver: &'r Resolver, file: &Path) -> Self {
        Self {
            resolver,
            file: file.to_owned(),
            dir: file.parent().unwrap_or(file).into(),
            tsconfig: None,
            config_failure: None,
            keys: Vec::new(),
            broad: false,
        }
    }

    /// Where a specifier leads.
    ///
    /// # Errors
    /// The [`Failure`] if it leads nowhere.
    pub fn resolve(&mut self, specifier: &str, kind: Kind) -> Result<Target, Failure> {
        if is_external(specifier) {
            return Ok(Target::External);
        }
        let scripted = matches!(kind, Kind::Import | Kind::Require);
        let path = without_query(specifier, !scripted);
        if path.is_empty() {
            // `?x` and `#x` name the module itself or a part of it.
            return Ok(Target::External);
        }
        if scripted && path.find('#').is_some_and(|at| at > 0) {
            // Part of a name, or a fragment: both are tried.
            self.broad = true;
        }
        if let Some(path) = self.aliased(path) {
            return self.at(&path, specifier, kind);
        }
        if is_relative(path) || matches!(kind, Kind::Asset) && path.starts_with('.') {
            let mut base = normal(&self.dir.join(path));
            if path.ends_with('/') {
                // Only a directory is meant.
                base.push("index");
            }
            return self.at(&base, specifier, kind);
        }
        if let Some(rest) = path.strip_prefix('/') {
            return self.rooted(rest, specifier, kind);
        }
        match kind {
            Kind::Import | Kind::Require => self.bare(path, kind),
            Kind::Asset | Kind::Page => self.at(&normal(&self.dir.join(path)), specifier, kind),
            Kind::Style | Kind::Sass => {
                let path = path.strip_prefix('~').unwrap_or(path);
                match self.at(&normal(&self.dir.join(path)), specifier, kind) {
                    Ok(target) => Ok(target),
                    Err(near) => self.bare(path, kind).map_err(|mut far| {
                        far.tried = near.tried.into_iter().chain(far.tried).collect();
                        far
                    }),
                }
            }
        }
    }

    pub(super) fn tsconfig(&mut self) -> Option<Arc<TsConfig>> {
        if self.tsconfig.is_none() {
            let configured = self.resolver.around(&self.dir).configured;
            let find = || self.resolver.scripts.find_tsconfig(&self.file);
            self.tsconfig = Some(match if configured { find() } else { Ok(None) } {
                Ok(tsconfig) => tsconfig,
                Err(error) => {
                    self.config_failure = Some(config_failure(&error, &self.file));
                    None
                }
            });
        }
        self.tsconfig.clone().flatten()
    }

    /// Vite's rule for aliases: the whole specifier, or what stands before a `/`.
    pub(super) fn aliased(&self, path: &str) -> Option<PathBuf> {
        self.resolver.alias.iter().find_map(|(from, to)| {
            let rest = path.strip_prefix(from.as_str())?;
            match rest.strip_prefix('/') {
                Some(rest) => Some(normal(&to.join(rest))),
                None => rest.is_empty().then(|| to.clone()),
            }
        })
    }

    /// `/x`: below the root, else at the root of the disk. What a page or a style asks for may also lie in `public`.
    fn rooted(&mut self, rest: &str, specifier: &str, kind: Kind) -> Result<Target, Failure> {
        let root = self.resolver.root.clone();
        let below = self.at(&normal(&root.join(rest)), specifier, kind);
        let Err(failure) = below else { return below };
        let other = match kind {
            Kind::Import | Kind::Require => PathBuf::from(format!("/{rest}")),
            _ => normal(&root.join("public").join(rest)),
        };
        self.at(&other, specifier, kind).map_err(|other| Failure {
            tried: failure.tried.into_iter().chain(other.tried).collect(),
            ..failure
        })
    }

    /// Looks for a file by its path, give or take an extension.
    fn at(&mut self, base: &Path, specifier: &str, kind: Kind) -> Result<Target, Failure> {
        let base = self.resolver.tree.beside(base);
        if matches!(kind, Kind::Import | Kind::Require)
            && self.tsconfig().is_none_or(|tsconfig| tsconfig.compiler_options.root_dirs.is_none())
            && let Some(found) = self.resolver.plain(&base)
        {
            Key::asked(&base, &mut self.keys);
            return Ok(file(&found));
        }
        let names = candidates(&base, kind);
        let mut problem = None;
        for name in names.iter().take(if kind == Kind::Sass { 2 } else { 1 }) {
            Key::asked(name, &mut self.keys);
            match self.look(name, kind) {
                Ok(target) => {
                    return Ok(target);
                }
                Err(ResolveError::NotFound(_)) => {}
                Err(error) => problem = Some(error),
            }
        }
        let tried = shown(&base, kind);
        let tree = &self.resolver.tree;
        if tried.iter().any(|path| tree.entry(Path::new(path)) == Some(Entry::Link)) {
            // A link that leads nowhere: what would mend it lies elsewhere.
            self.broad = true;
        }
        Err(match problem {
            Some(error) => failure(&error, specifier, tried),
            None => not_found(specifier, tried),
        })
    }

    fn look(&mut self, base: &Path, kind: Kind) -> Result<Target, ResolveError> {
        let oxc = self.resolver.rules(kind);
        let (Some(dir), Some(name)) = (base.parent(), base.file_name()) else {
            return Err(ResolveError::NotFound(base.display().to_string()));
        };
        let mut specifier = String::with_capacity(name.len() + 2);
        // Writing to a `String` cannot fail.
        let _ = write!(specifier, "./{}", name.to_string_lossy());
        let tsconfig = if matches!(kind, Kind::Import | Kind::Require) { self.tsconfig() } else { None };
        let tsconfig = tsconfig.as_deref().filter(|tsconfig| tsconfig.compiler_options.root_dirs.is_some());
        if tsconfig.is_none()
            && let Ok(found) = oxc.resolve(dir, &specifier)
        {
            let path = found.path();
            let expected = path.parent() == Some(dir) || path.parent() == Some(base);
            if expected {
                return Ok(file(path));
            }
        }
        // The answer came by way of a package.json, a link or another root, or not at all.
        let mut context = ResolveContext::default();
        let found = oxc.resolve_with_context(dir, &specifier, tsconfig, &mut context);
        for path in context.file_dependencies.iter().chain(&context.missing_dependencies) {
            Key::asked(&self.resolver.tree.beside(path), &mut self.keys);
        }
        match found {
            Ok(found) => {
                Key::asked(found.path(), &mut self.keys);
                Ok(file(found.path()))
            }
            Err(ResolveError::Ignored(_)) => Ok(Target::External),
            Err(error) => Err(error),
        }
    }

    /// `pkg`, `pkg/x`, `#x`, and what tsconfig paths make of either.
    fn bare(&mut self, specifier: &str, kind: Kind) -> Result<Target, Failure> {
        let scripted = matches!(kind, Kind::Import | Kind::Require);
        let tsconfig = if scripted { self.tsconfig() } else { None };
        if let Some(tsconfig) = &tsconfig
            && let Some(first) = tsconfig.resolve_path_alias_or_base_url(specifier).first()
        {
            let base = self.resolver.tree.beside(first);
            if let Some(found) = self.resolver.plain(&base) {
                Key::asked(&base, &mut self.keys);
                return Ok(file(&found));
            }
        }
        // Whoever sees the same packages gets the same file; a failure names the directories that were looked in.
        let home = scripted.then(|| Arc::clone(&self.resolver.around(&self.dir).home));
        let shared = home.map(|home| self.answer(&home, specifier, kind, tsconfig.as_ref()));
        let answer = shared
            .filter(|answer| answer.outcome.is_ok())
            .unwrap_or_else(|| self.answer(&self.dir, specifier, kind, tsconfig.as_ref()));
        self.keys.extend_from_slice(&answer.keys);
        self.broad |= answer.broad;
        answer.outcome.clone()
    }

    /// What whoever asks from a directory is told.
    fn answer(
        &self,
        dir: &Arc<Path>,
        specifier: &str,
        kind: Kind,
        tsconfig: Option<&Arc<TsConfig>>,
    ) -> Arc<Answer> {
        let question = Question {
            dir: Arc::clone(dir),
            tsconfig: tsconfig.cloned().map(Config),
            kind,
            specifier: specifier.into(),
        };
        let known = self.resolver.bare.read().unwrap_or_else(PoisonError::into_inner).get(&question).cloned();
        known.unwrap_or_else(|| {
            let answer = Arc::new(self.resolver.ask(dir, specifier, kind, tsconfig.map(|it| &**it)));
            let mut bare = self.resolver.bare.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(bare.entry(question).or_insert(answer))
        })
    }
}

impl Resolver {
    fn ask(&self, dir: &Path, specifier: &str, kind: Kind, tsconfig: Option<&TsConfig>) -> Answer {
        let tree = &self.tree;
        let oxc = self.rules(kind);
        let mut context = ResolveContext::default();
        let found = oxc.resolve_with_context(dir, specifier, tsconfig, &mut context);
        let mut keys = Vec::new();
        for path in context.file_dependencies.iter().chain(&context.missing_dependencies) {
            let real = tree.beside(path);
            match Key::package(path) {
                Some(package) => keys.push(package),
                None => Key::asked(&real, &mut keys),
            }
            if real != *path {
                // A linked package: its files are told by where they lie.
                keys.push(Key::package(&real).unwrap_or_else(|| Key::of(&real)));
                Key::asked(&real, &mut keys);
            }
        }
        let mut broad = false;
        let outcome = match found {
            Ok(found) => {
                Key::asked(found.path(), &mut keys);
                Ok(file(found.path()))
            }
            Err(ResolveError::Ignored(_)) => Ok(Target::External),
            Err(ResolveError::NotFound(_)) if self.is_builtin(dir, specifier) => Ok(Target::External),
            Err(error) => {
                let package = package_of(specifier);
                let packages = dir.ancestors().map(|dir| dir.join("node_modules").join(package));
                let installed = packages.clone().find(|dir| tree.entry(dir).is_some());
                let real = installed.as_deref().and_then(|dir| tree.real(dir));
                // Of a package, what is not in it; else what is in no package.
                let belongs = |path: &Path| match (&installed, &real) {
                    (Some(dir), Some(real)) => path.starts_with(dir) || path.starts_with(real),
                    _ => Key::package(path).is_none(),
                };
                let mut missing: Vec<_> = context
                    .missing_dependencies
                    .iter()
                    .filter(|path| path.extension().is_some() && belongs(path))
                    .filter(|path| !path.ends_with("package.json"))
                    .map(|path| crate::path::normalize(path))
                    .collect();
                missing.sort();
                for dir in packages.clone() {
                    keys.push(Key::inside(&dir));
                    if let Some(real) = tree.real(&dir)
                        && *real != *dir
                    {
                        keys.push(Key::inside(&real));
                    }
                    broad |= tree.entry(&dir) == Some(Entry::Link) && tree.real(&dir).is_none();
                }
                if !specifier.starts_with('#') {
                    missing.extend(packages.map(|dir| crate::path::normalize(&dir)));
                }
                Err(match error {
                    ResolveError::NotFound(_) => match installed {
                        Some(dir) => not_in_package(specifier, &dir, missing),
                        None => not_found(specifier, missing),
                    },
                    error => failure(&error, specifier, missing),
                })
            }
        };
        keys.sort_unstable();
        keys.dedup();
        Answer { outcome, keys, broad }
    }

    fn is_builtin(&self, dir: &Path, specifier: &str) -> bool {
        matches!(self.builtins.resolve(dir, specifier), Err(ResolveError::Builtin { .. }))
    }
}

fn file(path: &Path) -> Target {
    Target::File(crate::path::normalize(path).into())
}

/// The names to try, Sass's partial included.
fn candidates(base: &Path, kind: Kind) -> Vec<PathBuf> {
    let mut names = vec![base.to_owned()];
    if kind == Kind::Sass
        && let Some(name) = base.file_name()
    {
        names.push(base.with_file_name(format!("_{}", name.to_string_lossy())));
    }
    names
}

/// Where a file was looked for, as people are told.
fn shown(base: &Path, kind: Kind) -> Vec<String> {
    let extensions: &[&str] = match kind {
        Kind::Import | Kind::Require => EXTENSIONS,
        Kind::Style => &[".css"],
        Kind::Sass => &[".scss", ".sass", ".css"],
        Kind::Asset | Kind::Page => &[],
    };
    let mut shown = Vec::new();
    for name in candidates(base, kind) {
        let name = crate::path::normalize(&name);
        shown.push(name.clone());
        shown.extend(extensions.iter().map(|extension| format!("{name}{extension}")));
    }
    if matches!(kind, Kind::Import | Kind::Require) {
        let base = crate::path::normalize(base);
        shown.extend(extensions.iter().map(|extension| format!("{base}/index{extension}")));
    }
    shown
}

/// The package is there.
fn not_in_package(specifier: &str, package: &Path, tried: Vec<String>) -> Failure {
    let package = crate::path::normalize(package);
    let message = format!(
        "\"{specifier}\" leads nowhere: the package {package} is there, and the file that it has for this is not"
    );
    Failure { code: "BINO_RESOLVE_NOT_FOUND", message, tried }
}

fn not_found(specifier: &str, tried: Vec<String>) -> Failure {
    let message = if is_relative(specifier) || specifier.starts_with('/') {
        format!("\"{specifier}\" leads nowhere: there is no such file")
    } else if specifier.starts_with('#') {
        let why = if tried.is_empty() {
            "no package.json above names it in `imports`"
        } else {
            "the file that `imports` of a package.json above has for it is not there"
        };
        format!("\"{specifier}\" leads nowhere: {why}")
    } else {
        let package = package_of(specifier);
        format!("\"{specifier}\" leads nowhere: no package {package} is installed, and no tsconfig path fits")
    };
    Failure { code: "BINO_RESOLVE_NOT_FOUND", message, tried }
}

fn failure(error: &ResolveError, specifier: &str, tried: Vec<String>) -> Failure {
    let (code, why) = match error {
        ResolveError::Json(JSONError { path, message, line, column }) => {
            let path = crate::path::normalize(path);
            ("BINO_RESOLVE_PACKAGE", format!("{path}:{line}:{column} is no valid JSON: {message}"))
        }
        ResolveError::PackagePathNotExported { .. }
        | ResolveError::InvalidPackageTarget(..)
        | ResolveError::InvalidPackageConfig(_)
        | ResolveError::InvalidPackageConfigDefault(_)
        | ResolveError::InvalidPackageConfigDirectory(_)
        | ResolveError::InvalidModuleSpecifier(..)
        | ResolveError::PackageImportNotDefined(..) => ("BINO_RESOLVE_PACKAGE", error.to_string()),
        _ => ("BINO_RESOLVE_FAILED", error.to_string()),
    };
    Failure { code, message: format!("\"{specifier}\" leads nowhere: {why}"), tried }
}

fn config_failure(error: &ResolveError, importer: &Path) -> ConfigFailure {
    let name = |path: &Path| -> Arc<str> { crate::path::normalize(path).into() };
    match error {
        ResolveError::TsconfigLoadFailed { path, source } => match &**source {
            ResolveError::Json(JSONError { message, line, column, .. }) => ConfigFailure {
                file: name(path),
                place: (*line as u32, *column as u32),
                message: format!("the tsconfig cannot be read: {message}"),
            },
            other => ConfigFailure { file: name(path), place: (1, 1), message: other.to_string() },
        },
        ResolveError::TsconfigNotFound(path) => ConfigFailure {
            file: name(path),
            place: (1, 1),
            message: "a tsconfig extends or references this file, and it is not there".to_owned(),
        },
        ResolveError::TsconfigSelfReference(path) => {
            ConfigFailure { file: name(path), place: (1, 1), message: error.to_string() }
        }
        other => ConfigFailure { file: name(importer), place: (1, 1), message: other.to_string() },
    }
}
