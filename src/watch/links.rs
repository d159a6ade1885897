//! Which links lead through which paths: what happens to a file happens under every other name that it has, and the
//! operating system tells of only one. Owns symbolic links, also those that dangle; hard links are known by their
//! inode (`tree`). Never reads what a link leads to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

/// As many as Linux follows.
const LONGEST_CHAIN: usize = 40;

/// The links of the watched directories.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// Each link with the paths that it depends on: those that it leads to and the folders above them.
    ways: FxHashMap<Arc<Path>, Box<[Arc<Path>]>>,
    /// Each path with the links that lead through it. A package manager's links all lead through one folder.
    through: FxHashMap<Arc<Path>, FxHashSet<Arc<Path>>>,
    /// Roots that were named by a path with links in it: where they are, and their name.
    roots: Vec<(PathBuf, PathBuf)>,
}

impl Links {
    /// Notes how a directory that was asked for is called elsewhere.
    pub(super) fn name(&mut self, root: &Path) {
        let Ok(real) = root.canonicalize() else { return };
        if real != root && !self.roots.iter().any(|(_, known)| known == root) {
            self.roots.push((real, root.to_owned()));
        }
    }

    /// Takes in what lies at a path: a link, or not (any more). Of its way only what `is_watched` says can be told.
    pub(super) fn see(&mut self, path: &Path, is_watched: impl Fn(&Path) -> bool) {
        self.forget(path);
        let mut way = self.way(path);
        way.retain(|step| is_watched(step));
        if way.is_empty() {
            return;
        }
        let link: Arc<Path> = Arc::from(path);
        let mut steps = Vec::with_capacity(way.len());
        for step in way {
            let step = self
                .through
                .get_key_value(&*step)
                .map_or_else(|| Arc::from(step), |(known, _)| Arc::clone(known));
            self.through.entry(Arc::clone(&step)).or_default().insert(Arc::clone(&link));
            steps.push(step);
        }
        self.ways.insert(link, steps.into());
    }

    /// Forgets the links that do not lie where `is_there` says.
    pub(super) fn retain(&mut self, is_there: impl Fn(&Path) -> bool) {
        let gone: Vec<_> = self.ways.keys().filter(|link| !is_there(link)).cloned().collect();
        for link in gone {
            self.forget(&link);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ways.is_empty()
    }

    /// The links that lead through a path.
    pub(super) fn through(&self, path: &Path) -> impl Iterator<Item = &Path> {
        self.through.get(path).into_iter().flatten().map(|link| &**link)
    }

    fn forget(&mut self, link: &Path) {
        for step in self.ways.remove(link).unwrap_or_default() {
            if let Some(links) = self.through.get_mut(&step) {
                links.remove(link);
                if links.is_empty() {
                    self.through.remove(&step);
                }
            }
        }
    }

    /// Where a link leads, link after link, each step as the watched trees name it. Empty for what is no link.
    fn way(&self, link: &Path) -> FxHashSet<PathBuf> {
        let mut way = FxHashSet::default();
        let mut from = link.to_owned();
        for _ in 0..LONGEST_CHAIN {
            let Ok(to) = std::fs::read_link(&from) else { break };
            let Some(above) = from.parent() else { break };
            let to = tidy(&real(above).join(to));
            let real = match (to.parent(), to.file_name()) {
                (Some(above), Some(name)) => real(above).join(name),
                _ => to.clone(),
            };
            for step in [&to, &real] {
                let named = self.named(step);
                // Each folder on the way can go, or become a link itself.
                way.extend(named.ancestors().map(Path::to_owned));
            }
            from = real;
        }
        way
    }

    fn named(&self, path: &Path) -> PathBuf {
        let inside = |(real, name): &(PathBuf, PathBuf)| Some(name.join(path.strip_prefix(real).ok()?));
        self.roots.iter().find_map(inside).unwrap_or_else(|| path.to_owned())
    }
}

/// A folder that is not there has no other name than the given one.
fn real(dir: &Path) -> PathBuf {
    dir.canonicalize().unwrap_or_else(|_| dir.to_owned())
}

/// Without `.` and `..`.
fn tidy(path: &Path) -> PathBuf {
    use std::path::Component::{CurDir, ParentDir};
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            CurDir => {}
            ParentDir => drop(tidy.pop()),
            _ => tidy.push(part),
        }
    }
    tidy
}
