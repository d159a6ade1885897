//! Which paths are watched: the paths asked for (anchors), how deep, and what is left out. Never touches the disk.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;

use super::ignore::Ignore;

/// The rules of what is watched.
#[derive(Debug)]
pub(super) struct Scope {
    ignore: Ignore,
    depth: Option<u32>,
    anchors: BTreeSet<PathBuf>,
    unwatched: FxHashSet<PathBuf>,
}

impl Scope {
    pub(super) fn new(ignore: Ignore, depth: Option<u32>) -> Self {
        Self { ignore, depth, anchors: BTreeSet::new(), unwatched: FxHashSet::default() }
    }

    /// Takes a path in, also one that was unwatched before.
    pub(super) fn add(&mut self, path: &Path) {
        self.unwatched.remove(path);
        self.anchors.insert(path.to_owned());
    }

    /// Leaves a path out from now on, with everything below.
    pub(super) fn remove(&mut self, path: &Path) {
        self.anchors.retain(|anchor| !anchor.starts_with(path));
        self.unwatched.insert(path.to_owned());
    }

    /// The paths asked for, each directory before what lies below.
    pub(super) fn anchors(&self) -> impl Iterator<Item = &Path> {
        self.anchors.iter().map(PathBuf::as_path)
    }

    pub(super) fn is_anchor(&self, path: &Path) -> bool {
        self.anchors.contains(path)
    }

    /// Whether a path is left out, given that the directory it lies in is not.
    pub(super) fn ignores(&self, path: &Path) -> bool {
        self.unwatched.contains(path) || self.ignore.matches(&text(path))
    }

    /// Whether a path is watched: under an anchor, not too deep, and neither it nor a directory between is ignored.
    pub(super) fn allows(&self, path: &Path) -> bool {
        let Some(level) = self.level(path) else { return false };
        let deep_enough = self.depth.is_none_or(|depth| level <= depth.saturating_add(1));
        deep_enough && !path.ancestors().take(level as usize + 1).any(|part| self.ignores(part))
    }

    /// Whether the contents of a directory are watched, as far as depth goes.
    pub(super) fn lists(&self, dir: &Path) -> bool {
        self.level(dir).is_some_and(|level| self.depth.is_none_or(|depth| level <= depth))
    }

    /// How far below the nearest anchor.
    fn level(&self, path: &Path) -> Option<u32> {
        let at = path.ancestors().position(|part| self.anchors.contains(part))?;
        u32::try_from(at).ok()
    }
}

fn text(path: &Path) -> Cow<'_, str> {
    let text = path.to_string_lossy();
    if cfg!(windows) { Cow::Owned(text.replace('\\', "/")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(depth: Option<u32>) -> Scope {
        let ignore = Ignore::new(&["**/skip/**".into()], &[]).unwrap();
        let mut scope = Scope::new(ignore, depth);
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
