//! What holds for all files of a directory alike: the rules that stand above it. Found once for each directory, since
//! to ask for each file is most of what a cold scan would cost beside parsing.
//! Owns what of it is remembered; `shift` says when it no longer holds, which is when a package.json, a tsconfig or a
//! node_modules comes, goes or changes.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use oxc_resolver::TsConfig;

use super::Resolver;

/// What the directory and those above it say.
#[derive(Debug)]
pub(super) struct Around {
    /// Whether the package.json that counts may lead from files to others (its field `browser`).
    pub maps_files: bool,
    /// Whether a tsconfig may have a say in where a specifier leads, or is broken. Which one counts is asked for each
    /// file, since that depends on its name.
    pub configured: bool,
    /// The nearest directory that has a package.json or a node_modules: from there on upwards a package is looked for.
    pub home: Arc<Path>,
}

impl Resolver {
    /// What holds for the files of a directory.
    pub(super) fn around(&self, dir: &Path) -> Arc<Around> {
        if let Some(known) = self.around.read().unwrap_or_else(PoisonError::into_inner).get(dir) {
            return Arc::clone(known);
        }
        let above = dir.parent().map(|parent| self.around(parent));
        let found = Arc::new(self.look_around(dir, above.as_deref()));
        let mut around = self.around.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(around.entry(dir.to_owned()).or_insert(found))
    }

    fn look_around(&self, dir: &Path, above: Option<&Around>) -> Around {
        let is_there = |name: &str| self.tree.entry(&dir.join(name)).is_some();
        let package = dir.join("package.json");
        let has_package = self.tree.entry(&package).is_some();
        Around {
            maps_files: if has_package {
                let bytes = self.tree.read(&package);
                bytes.map_or(true, |bytes| memchr::memmem::find(&bytes, b"\"browser\"").is_some())
            } else {
                above.is_some_and(|above| above.maps_files)
            },
            configured: above.is_some_and(|above| above.configured)
                || is_there("tsconfig.json")
                    && self
                        .scripts
                        .resolve_tsconfig(dir.join("tsconfig.json"))
                        .map_or(true, |it| has_a_say(&it)),
            home: match above {
                Some(above) if !has_package && !is_there("node_modules") => Arc::clone(&above.home),
                _ => dir.into(),
            },
        }
    }
}

/// Whether a tsconfig, or one that it refers to, leads specifiers anywhere.
fn has_a_say(tsconfig: &TsConfig) -> bool {
    let options = &tsconfig.compiler_options;
    options.base_url.is_some()
        || options.paths.is_some()
        || options.root_dirs.is_some()
        || tsconfig.references_resolved.iter().any(|it| has_a_say(it))
}
