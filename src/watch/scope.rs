//! Which paths are watched: the paths asked for (anchors), single files that modules use or wait for, how deep, and
//! what is left out. Never watches anything itself; the disk is only asked for ignore files.
//!
//! Who wins: what is always ignored or was unwatched, then the user's own `ignore` with its negations, then what modules
//! use and what was asked for, then ignore files and other repositories.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use globset::GlobMatcher;
use rustc_hash::FxHashSet;

use super::ignore::{Ignore, base_of, matcher};
use super::prune::Prune;
use crate::error::Result;
use crate::path::text;

/// The rules of what is watched.
#[derive(Debug)]
pub(super) struct Scope {
    ignore: Ignore,
    prune: Option<Prune>,
    depth: Option<u32>,
    anchors: BTreeSet<PathBuf>,
    /// Files of modules, and files that an import looked for. A directory of that name is not what is meant.
    files: FxHashSet<PathBuf>,
    /// Of some anchors only what a glob matches is told.
    globs: Vec<Selection>,
    unwatched: FxHashSet<PathBuf>,
}

/// A glob that was asked for.
#[derive(Debug)]
struct Selection {
    base: PathBuf,
    glob: GlobMatcher,
}

impl Scope {
    pub(super) fn new(ignore: Ignore, prune: Option<Prune>, depth: Option<u32>) -> Self {
        Self {
            ignore,
            prune,
            depth,
            anchors: BTreeSet::new(),
            files: FxHashSet::default(),
            globs: Vec::new(),
            unwatched: FxHashSet::default(),
        }
    }

    /// Takes a path in, also one that was unwatched before.
    pub(super) fn add(&mut self, path: &Path) {
        self.unwatched.remove(path);
        self.globs.retain(|selection| selection.base != path);
        self.anchors.insert(path.to_owned());
    }

    /// Takes in what a glob matches, and says below which directory that lies.
    pub(super) fn add_glob(&mut self, glob: &str) -> Result<PathBuf> {
        let base = PathBuf::from(base_of(glob));
        let glob = matcher(glob)?;
        let whole = self.anchors.contains(&base) && !self.is_selection(&base);
        if !whole {
            self.globs.push(Selection { base: base.clone(), glob });
            self.anchors.insert(base.clone());
        }
        Ok(base)
    }

    /// Takes in a single file, unless the user left it out. Says whether it is new. `inside`, whether the directory that
    /// it lies in is watched: then nobody left that one out. `known`, whether it was met there: then nobody left it out
    /// either, and most modules need no further look.
    pub(super) fn add_file(&mut self, file: &Path, inside: bool, known: bool) -> bool {
        let ignores = |file| if inside { !known && self.ignores(file) } else { self.ignores_above(file) };
        !self.files.contains(file) && !ignores(file) && self.files.insert(file.to_owned())
    }

    /// Takes a single file out again.
    pub(super) fn drop_file(&mut self, file: &Path) {
        self.files.remove(file);
    }

    /// Takes a path that was asked for out again.
    pub(super) fn drop_anchor(&mut self, anchor: &Path) {
        self.anchors.remove(anchor);
    }

    /// Whether single files below a directory are watched.
    pub(super) fn has_files_below(&self, dir: &Path) -> bool {
        self.files.iter().any(|file| file.starts_with(dir))
    }

    /// Leaves a path out from now on, with everything below.
    pub(super) fn remove(&mut self, path: &Path) {
        self.anchors.retain(|anchor| !anchor.starts_with(path));
        self.files.retain(|file| !file.starts_with(path));
        self.globs.retain(|selection| !selection.base.starts_with(path));
        self.unwatched.insert(path.to_owned());
    }

    /// The paths asked for, each directory before what lies below.
    pub(super) fn anchors(&self) -> impl Iterator<Item = &Path> {
        self.anchors.iter().map(PathBuf::as_path)
    }

    /// Everything that is watched by name: the paths asked for, then single files.
    pub(super) fn named(&self) -> impl Iterator<Item = &Path> {
        self.anchors().chain(self.files.iter().map(PathBuf::as_path).filter(|file| !self.is_anchor(file)))
    }

    pub(super) fn is_anchor(&self, path: &Path) -> bool {
        self.anchors.contains(path)
    }

    /// Whether a path is watched by name.
    pub(super) fn is_named(&self, path: &Path) -> bool {
        self.is_anchor(path) || self.files.contains(path)
    }

    /// Whether only a file of this name is meant.
    pub(super) fn is_file_only(&self, path: &Path) -> bool {
        self.files.contains(path) && !self.is_anchor(path) && !self.allows_tree(path)
    }

    /// Whether a path is left out, given that the directory it lies in is not.
    pub(super) fn ignores(&self, path: &Path) -> bool {
        self.unwatched.contains(path) || self.ignore.matches(&text(path))
    }

    /// Whether the user left out a path, or a directory above it.
    pub(super) fn ignores_above(&self, path: &Path) -> bool {
        // The path first: a negation that names it wins over what leaves out a directory above it.
        self.ignores(path)
            || (!self.ignore.takes_back(&text(path)) && path.ancestors().skip(1).any(|dir| self.ignores(dir)))
            || path.ancestors().skip(1).any(|dir| self.unwatched.contains(dir))
    }

    /// The rules of ignore files, unless they are switched off.
    pub(super) fn prune(&self) -> Option<&Prune> {
        self.prune.as_ref()
    }

    /// Whether ignore files leave a directory out, or it is another repository, given that the one it lies in is
    /// watched. Never what was asked for.
    pub(super) fn prunes(&self, dir: &Path) -> bool {
        let Some(prune) = &self.prune else { return false };
        !self.is_wanted(dir) && prune.prunes(dir)
    }

    /// Whether no ignore file can leave a directory out.
    pub(super) fn is_wanted(&self, dir: &Path) -> bool {
        self.is_anchor(dir) || self.ignore.takes_back(&text(dir))
    }

    /// What the user's negations name below a directory that is left out.
    pub(super) fn named_below(&self, dir: &Path) -> Vec<Vec<String>> {
        self.ignore.named_below(&text(dir)).map(<[String]>::to_vec).collect()
    }

    /// Whether they name anything there.
    pub(super) fn has_named_below(&self, dir: &Path) -> bool {
        self.ignore.has_named() && self.ignore.named_below(&text(dir)).next().is_some()
    }

    /// Whether a path is watched: by name, or under an anchor, not too deep, and neither it nor a directory between is
    /// ignored.
    pub(super) fn allows(&self, path: &Path) -> bool {
        if self.files.contains(path) {
            return !self.ignores(path);
        }
        self.allows_tree(path)
    }

    fn allows_tree(&self, path: &Path) -> bool {
        let Some(level) = self.level(path) else { return false };
        let deep_enough = self.depth.is_none_or(|depth| level <= depth.saturating_add(1));
        deep_enough
            && !path.ancestors().take(level as usize + 1).any(|part| self.ignores(part))
            && !path.ancestors().take(level as usize).skip(1).any(|dir| self.prunes(dir))
    }

    /// Whether the contents of a directory are watched, as far as depth goes.
    pub(super) fn lists(&self, dir: &Path) -> bool {
        self.level(dir).is_some_and(|level| self.depth.is_none_or(|depth| level <= depth))
    }

    /// Whether a change of a watched path is told: where only a glob was asked for, what it matches.
    pub(super) fn tells(&self, path: &Path) -> bool {
        if self.globs.is_empty() || self.files.contains(path) {
            return true;
        }
        for part in path.ancestors() {
            if self.is_anchor(part) {
                let mut selected = self.globs.iter().filter(|selection| selection.base == part).peekable();
                if selected.peek().is_none()
                    || selected.any(|selection| selection.glob.is_match(&*text(path)))
                {
                    return true;
                }
            }
            // Whoever asked for a folder above did not ask for this.
            if part != path && (self.ignores(part) || self.is_pruned(part)) {
                return false;
            }
        }
        false
    }

    /// As [`Scope::prunes`], also where the directory was asked for.
    fn is_pruned(&self, dir: &Path) -> bool {
        self.prune.as_ref().is_some_and(|prune| prune.prunes(dir)) && !self.ignore.takes_back(&text(dir))
    }

    fn is_selection(&self, anchor: &Path) -> bool {
        self.globs.iter().any(|selection| selection.base == anchor)
    }

    /// Whether a path is one that was asked for, or lies below one.
    pub(super) fn reaches(&self, path: &Path) -> bool {
        self.files.contains(path) || self.level(path).is_some()
    }

    /// How far below the nearest anchor.
    fn level(&self, path: &Path) -> Option<u32> {
        let at = path.ancestors().position(|part| self.anchors.contains(part))?;
        u32::try_from(at).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(depth: Option<u32>) -> Scope {
        let ignore = Ignore::new(&["**/skip/**".into()], &[]).unwrap();
        let mut scope = Scope::new(ignore, None, depth);
        scope.add(Path::new("/root"));
        scope.add(Path::new("/etc/one.env"));
        scope
    }

    #[test]
    fn only_what_was_asked_for_is_watched() {
        let mut scope = scope(None);
        scope.remove(Path::new("/root/gone"));
        let table = [
            ("/root", true),
            ("/root/a/b.js", true),
            ("/rooted", false),
            ("/etc/one.env", true),
            ("/etc/two.env", false),
            ("/root/skip", false),
            ("/root/skip/deep/a.js", false),
            ("/root/gone/a.js", false),
        ];
        for (path, expected) in table {
            assert_eq!(scope.allows(Path::new(path)), expected, "{path}");
        }
        scope.add(Path::new("/root/gone"));
        assert!(scope.allows(Path::new("/root/gone/a.js")));
    }

    #[test]
    fn depth_counts_the_folders_below_the_one_asked_for() {
        let scope = scope(Some(1));
        let table = [("/root/a.js", true), ("/root/a/b", true), ("/root/a/b/c", false)];
        for (path, expected) in table {
            assert_eq!(scope.allows(Path::new(path)), expected, "{path}");
        }
        assert!(scope.lists(Path::new("/root/a")));
        assert!(!scope.lists(Path::new("/root/a/b")));
    }
}
