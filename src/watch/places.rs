//! Which directory was given a watch, and under which name. A watch belongs to the directory, wherever it moves, but is
//! placed and taken away by name: when two names led to one directory, notify tells of it under the later one, and takes the
//! watch away when it reads that either is gone. Owns the memory of that; places nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::FxHashMap;

/// A directory, whatever it is called: device and inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(not(unix), allow(dead_code))]
pub(super) struct Identity(u64, u64);

/// The watched directories and their names.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// What had each name when it was watched.
    dirs: FxHashMap<Arc<Path>, Identity>,
    /// The name under which each directory was watched last.
    names: FxHashMap<Identity, Arc<Path>>,
}

impl Places {
    /// The name under which a directory was watched last.
    pub(super) fn name_of(&self, dir: Identity) -> Option<&Path> {
        self.names.get(&dir).map(|name| &**name)
    }

    /// Whether a name stands for a directory that is watched under another one by now.
    pub(super) fn is_stale(&self, name: &Path) -> bool {
        self.dirs.get(name).is_some_and(|dir| self.name_of(*dir).is_some_and(|last| last != name))
    }

    /// Whether a path leads through a link to what lies there. `dir` is what does, and whether the path itself is a link.
    pub(super) fn is_elsewhere(
        &self,
        path: &Path,
        dir: Option<(Identity, bool)>,
        is_named: &dyn Fn(&Path) -> bool,
    ) -> bool {
        let Some((dir, is_link)) = dir else { return false };
        // Each step is a look at the disk: the steps above are asked only where the directory has another name.
        let has_other_name = || self.name_of(dir).is_some_and(|name| name != path);
        (is_link && !is_named(path)) || (has_other_name() && leads_through_link(path, is_named))
    }

    /// Notes a watch. Gives the present name of a directory that once had this one: nobody knows whether its watch was
    /// taken away with the name before the name got another meaning.
    #[must_use = "whoever may have lost its watch has to be looked at"]
    pub(super) fn note_name(&mut self, name: &Path, dir: Identity) -> Option<PathBuf> {
        let before = self.dirs.get(name).copied();
        let other = if before == Some(dir) { None } else { self.forget_name(name) };
        let name: Arc<Path> =
            self.dirs.get_key_value(name).map_or_else(|| Arc::from(name), |(known, _)| Arc::clone(known));
        self.dirs.insert(Arc::clone(&name), dir);
        self.names.insert(dir, name);
        other
    }

    pub(super) fn len(&self) -> usize {
        self.dirs.len()
    }

    /// Forgets what lies in directories that went as a whole, so that nobody told of each.
    pub(super) fn retain(&mut self, is_watched: impl Fn(&Path) -> bool) {
        self.names.retain(|_, name| is_watched(name));
        self.dirs.retain(|_, dir| self.names.contains_key(dir));
    }

    /// Notes that a name is gone, and with it the watch. Gives the present name of the directory that has lost it, if
    /// that is another one.
    #[must_use = "whoever has lost its watch has to be looked at"]
    pub(super) fn forget_name(&mut self, name: &Path) -> Option<PathBuf> {
        let dir = self.dirs.remove(name)?;
        if self.name_of(dir) != Some(name) {
            return self.name_of(dir).map(Path::to_owned);
        }
        self.names.remove(&dir);
        None
    }
}

/// What lies at a path, if it is a directory or leads to one, and whether the path itself is a link.
#[cfg(unix)]
pub(super) fn identify(path: &Path) -> Option<(Identity, bool)> {
    use std::os::unix::fs::MetadataExt;
    let own = std::fs::symlink_metadata(path).ok()?;
    let is_link = own.is_symlink();
    let dir = if is_link { std::fs::metadata(path).ok()? } else { own };
    dir.is_dir().then(|| (Identity(dir.dev(), dir.ino()), is_link))
}

#[cfg(not(unix))]
pub(super) fn identify(_: &Path) -> Option<(Identity, bool)> {
    None
}

/// Whether a path leads through a link below what was asked for: then it is no name of what lies there.
fn leads_through_link(path: &Path, is_named: &dyn Fn(&Path) -> bool) -> bool {
    path.ancestors().take_while(|step| !is_named(step)).any(Path::is_symlink)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_may_have_lost_its_watch_is_named() {
        let (one, two) = (Identity(0, 1), Identity(0, 2));
        let path = |name: &str| PathBuf::from(name);
        let mut places = Places::default();
        assert_eq!(places.note_name(&path("/a"), one), None);
        assert_eq!(places.note_name(&path("/a"), one), None, "again");
        assert_eq!(places.forget_name(&path("/a")), None, "nobody else has it");
        assert_eq!(places.name_of(one), None);

        // Moved, and watched before it is known that the old name is gone.
        assert_eq!(places.note_name(&path("/a"), one), None);
        assert_eq!(places.note_name(&path("/b"), one), None);
        assert!(places.is_stale(&path("/a")) && !places.is_stale(&path("/b")));
        assert_eq!(places.forget_name(&path("/a")), Some(path("/b")));
        assert_eq!(places.forget_name(&path("/a")), None, "told");

        // The old name has another meaning before anybody heard that it was gone.
        assert_eq!(places.note_name(&path("/a"), one), None);
        assert_eq!(places.note_name(&path("/b"), one), None);
        assert_eq!(places.note_name(&path("/a"), two), Some(path("/b")));
        assert_eq!((places.name_of(one), places.name_of(two)), (Some(&*path("/b")), Some(&*path("/a"))));

        places.retain(|name| name == Path::new("/a"));
        assert_eq!((places.len(), places.name_of(one)), (1, None));
    }
}
