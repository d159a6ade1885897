//! `import.meta.glob`: from patterns to the files that they mean. Owns Vite's reading of the patterns and the walk.
//! Links to directories are not followed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::names::is_relative;
use super::tree::normal;
use super::{Asker, Entry, Failure};

/// What patterns mean now, and when to look again.
#[derive(Clone, Debug)]
pub struct Expansion {
    /// The files, sorted.
    pub files: Vec<Arc<str>>,
    /// What would change the answer.
    pub watch: GlobWatch,
}

/// Patterns that are looked at again when a file that they fit comes or goes.
#[derive(Clone, Debug)]
pub struct GlobWatch {
    /// The directories that are walked.
    bases: Vec<PathBuf>,
    fits: GlobSet,
    unless: GlobSet,
    exhaustive: bool,
}

/// How a glob is meant, beside its patterns.
#[derive(Clone, Copy, Debug, Default)]
pub struct GlobOptions<'a> {
    /// Where relative patterns begin, instead of the module's own folder.
    pub base: Option<&'a str>,
    /// Whether hidden files and `node_modules` are looked through too.
    pub exhaustive: bool,
}

impl GlobWatch {
    /// Whether something that came or went at a path is one of the files, or was.
    pub fn concerns(&self, path: &Path) -> bool {
        self.fits(path)
            && self.bases.iter().any(|base| {
                path.strip_prefix(base).is_ok_and(|below| {
                    self.exhaustive || !below.iter().any(|part| part.to_str().is_none_or(is_skipped))
                })
            })
    }

    fn fits(&self, path: &Path) -> bool {
        let path = crate::path::normalize(path);
        self.fits.is_match(&path) && !self.unless.is_match(&path)
    }
}

fn is_skipped(name: &str) -> bool {
    name.starts_with('.') || name == "node_modules"
}

impl Asker<'_> {
    /// The files that patterns mean; those that begin with `!` take away. The module itself is never one of them.
    ///
    /// # Errors
    /// The [`Failure`] if a pattern cannot be read, or begins neither with `.` nor `/` nor an alias.
    pub fn expand(&mut self, patterns: &[Box<str>], options: GlobOptions<'_>) -> Result<Expansion, Failure> {
        let mut bases = Vec::new();
        let (mut fits, mut unless) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        let mut deepest = Some(0);
        for written in patterns {
            let (pattern, set) = match written.strip_prefix('!') {
                Some(pattern) => (pattern, &mut unless),
                None => (&**written, &mut fits),
            };
            let negative = written.starts_with('!');
            for (base, rest) in self.anchored(pattern, options.base, written)? {
                let text = format!("{}/{rest}", globset::escape(&crate::path::normalize(&base)));
                let glob = GlobBuilder::new(&text)
                    .literal_separator(true)
                    .empty_alternates(true)
                    .build()
                    .map_err(|error| refused(written, &error.kind().to_string()))?;
                set.add(glob);
                if !negative {
                    let levels = (!rest.contains("**")).then(|| rest.matches('/').count() + 1);
                    deepest = deepest.zip(levels).map(|(one, two): (usize, usize)| one.max(two));
                    bases.push(base);
                }
            }
        }
        let build = |set: GlobSetBuilder| set.build().map_err(|error| refused("", &error.to_string()));
        bases.sort();
        bases.dedup();
        let watch =
            GlobWatch { bases, fits: build(fits)?, unless: build(unless)?, exhaustive: options.exhaustive };
        Ok(Expansion { files: self.walk(&watch, deepest), watch })
    }

    /// The directories where a pattern begins, without glob characters and links, each with the rest of the pattern.
    fn anchored(
        &mut self,
        pattern: &str,
        base: Option<&str>,
        written: &str,
    ) -> Result<Vec<(PathBuf, String)>, Failure> {
        let root = &self.resolver.root;
        let dir = match base {
            None => self.dir.to_path_buf(),
            Some(base) => match base.strip_prefix('/') {
                Some(rest) => normal(&root.join(rest)),
                None => normal(&self.dir.join(base)),
            },
        };
        let literal = pattern.find(['*', '?', '[', '{', '!', '(']).unwrap_or(pattern.len());
        let cut = pattern[..literal].rfind('/').map_or(0, |at| at + 1);
        // Without glob characters there is still a name to match.
        let (head, rest) = pattern.split_at(cut);
        let heads = if is_relative(head) {
            vec![normal(&dir.join(head))]
        } else if let Some(below) = head.strip_prefix('/') {
            vec![normal(&root.join(below))]
        } else if head.is_empty() && pattern.starts_with("**") {
            vec![root.clone()]
        } else if let Some(path) = self.aliased(head.trim_end_matches('/')) {
            vec![path]
        } else {
            let tsconfig = self.tsconfig();
            tsconfig.map(|tsconfig| tsconfig.resolve_path_alias_or_base_url(head)).unwrap_or_default()
        };
        if heads.is_empty() {
            return Err(refused(written, "it begins neither with `.` nor `/` nor an alias"));
        }
        let tree = &self.resolver.tree;
        let real =
            |path: PathBuf| tree.real(&path).map_or_else(|| tree.beside(&path), |real| real.to_path_buf());
        Ok(heads.into_iter().map(|path| (real(normal(&path)), rest.to_owned())).collect())
    }

    fn walk(&self, watch: &GlobWatch, deepest: Option<usize>) -> Vec<Arc<str>> {
        let tree = &self.resolver.tree;
        let mut files = Vec::new();
        let mut open: Vec<_> = watch.bases.iter().map(|base| (base.clone(), 1)).collect();
        while let Some((dir, level)) = open.pop() {
            for (name, entry) in tree.names(&dir).iter() {
                if !watch.exhaustive && is_skipped(name) {
                    continue;
                }
                let path = dir.join(&**name);
                if *entry == Entry::Directory {
                    if deepest.is_none_or(|deepest| level < deepest) {
                        open.push((path, level + 1));
                    }
                } else if watch.fits(&path)
                    && let Some(real) = tree.real(&path)
                    && tree.entry(&real) == Some(Entry::File)
                    && *real != *self.file
                {
                    files.push(crate::path::normalize(&real).into());
                }
            }
        }
        files.sort();
        files.dedup();
        files
    }
}

fn refused(pattern: &str, why: &str) -> Failure {
    let message = format!("the glob \"{pattern}\" cannot be read: {why}");
    Failure { code: "BINO_RESOLVE_GLOB", message, tried: Vec::new() }
}
