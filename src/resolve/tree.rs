//! What is known of the directories that were asked about: their names, and where links lead. A specifier is looked
//! for under a handful of names, most of which are not there; one listing answers for all of them.
//! Owns this knowledge and when it is out of date; never knows why a path is asked for.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use oxc_resolver::{FileMetadata, ResolveError};
use rustc_hash::{FxHashMap, FxHashSet};

use super::fs::{Disk, Entry, FileSystem};
use super::key::Key;

/// Links that lead to links; Linux gives up after as many.
const MAX_LINKS: u32 = 40;

/// Whether a name that is not listed may still be there in other letters.
const CASE_MATTERS: bool = cfg!(not(any(windows, target_os = "macos")));

type Listing = FxHashMap<Box<str>, Entry>;

/// The directories, shared by all resolvers.
#[derive(Clone, Debug)]
pub(super) struct Tree(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    fs: Arc<dyn FileSystem>,
    /// The directories above the root: they can hold anything, and are asked for a name at a time.
    above: FxHashSet<PathBuf>,
    /// From a directory, links in its path included, to the same one without.
    real: RwLock<FxHashMap<PathBuf, Arc<Path>>>,
    /// By the path without links.
    listings: RwLock<FxHashMap<Arc<Path>, Arc<Listing>>>,
    /// The tsconfig files that were looked for, wherever they are and whatever they are called.
    configs: Mutex<FxHashSet<Key>>,
}

impl Tree {
    pub fn new(fs: Arc<dyn FileSystem>, root: &Path) -> Self {
        let above = root.ancestors().skip(1).map(Path::to_owned).collect();
        Self(Arc::new(Inner {
            fs,
            above,
            real: RwLock::default(),
            listings: RwLock::default(),
            configs: Mutex::default(),
        }))
    }

    /// The bytes of a file.
    pub fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.fs.read(path)
    }

    /// The same, piece by piece.
    pub fn open(&self, path: &Path) -> io::Result<Box<dyn io::Read>> {
        self.0.fs.open(path)
    }

    /// What lies at a path, the last link not followed.
    pub fn entry(&self, path: &Path) -> Option<Entry> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return self.0.fs.entry(path).ok();
        };
        let dir = self.real_dir(parent, 0)?;
        self.entry_in(&dir, name.to_str()?)
    }

    /// What is remembered of a path without links: `None` if nothing is.
    pub fn remembered(&self, path: &Path) -> Option<Option<Entry>> {
        let listings = self.0.listings.read().unwrap_or_else(PoisonError::into_inner);
        let listing = listings.get(path.parent()?)?;
        Some(listing.get(path.file_name()?.to_str()?).copied())
    }

    /// What lies there now, whatever is remembered.
    pub fn now(&self, path: &Path) -> Option<Entry> {
        self.0.fs.entry(path).ok()
    }

    /// A file or directory without links in its path, if it is there.
    pub fn real(&self, path: &Path) -> Option<Arc<Path>> {
        self.real_at(path, 0)
    }

    /// The path with no links before its name, whether it is there or not.
    pub fn beside(&self, path: &Path) -> PathBuf {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else { return path.to_owned() };
        match self.real_dir(parent, 0) {
            Some(dir) => dir.join(name),
            None => self.beside(parent).join(name),
        }
    }

    /// The same, from the disk alone: nothing is remembered, but in `places`, by directory.
    pub fn beside_now(&self, path: &Path, places: &mut FxHashMap<PathBuf, PathBuf>) -> PathBuf {
        match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => self.place(parent, places, 0).join(name),
            _ => path.to_owned(),
        }
    }

    fn place(&self, dir: &Path, places: &mut FxHashMap<PathBuf, PathBuf>, links: u32) -> PathBuf {
        if let Some(known) = places.get(dir) {
            return known.clone();
        }
        let (Some(parent), Some(name)) = (dir.parent(), dir.file_name()) else { return dir.to_owned() };
        let parent = self.place(parent, places, links);
        let here = parent.join(name);
        let target = match self.now(&here) {
            Some(Entry::Link) if links < MAX_LINKS => self.0.fs.read_link(&here).ok(),
            _ => None,
        };
        let place = match target {
            Some(target) => self.place(&normal(&parent.join(target)), places, links + 1),
            None => here,
        };
        places.insert(dir.to_owned(), place.clone());
        place
    }

    /// The names in a directory; none if it cannot be read.
    pub fn names(&self, dir: &Path) -> Arc<Listing> {
        match self.real_dir(dir, 0) {
            Some(dir) => self.listing(&dir),
            None => Arc::default(),
        }
    }

    /// The names in a directory without links in its path; `None` if it has to be asked for a name at a time, or is not
    /// there.
    pub fn listed(&self, dir: &Path) -> Option<Arc<Listing>> {
        if let Some(known) = self.0.listings.read().unwrap_or_else(PoisonError::into_inner).get(dir) {
            return Some(Arc::clone(known));
        }
        let real = self.real_dir(dir, 0).filter(|real| **real == *dir && !self.0.above.contains(dir))?;
        Some(self.listing(&real))
    }

    /// Everything remembered below these paths without links.
    pub fn remembered_below(&self, paths: &FxHashSet<&Path>) -> Vec<PathBuf> {
        let listings = self.0.listings.read().unwrap_or_else(PoisonError::into_inner);
        let below = listings.iter().filter(|(known, _)| is_below(known, paths));
        below.flat_map(|(known, names)| names.keys().map(|name| known.join(&**name))).collect()
    }

    /// Something came or went at these paths, links in them or not; what is below `emptied` came or went with it.
    pub fn forget(&self, paths: &[&Path], emptied: &FxHashSet<&Path>) {
        let mut listings = self.0.listings.write().unwrap_or_else(PoisonError::into_inner);
        for parent in paths.iter().filter_map(|path| path.parent()) {
            listings.remove(parent);
        }
        if !emptied.is_empty() {
            listings.retain(|known, _| !is_below(known, emptied));
            let mut real = self.0.real.write().unwrap_or_else(PoisonError::into_inner);
            real.retain(|_, known| !is_below(known, emptied));
        }
    }

    /// Nothing that is remembered holds.
    pub fn forget_everything(&self) {
        self.0.listings.write().unwrap_or_else(PoisonError::into_inner).clear();
        self.0.real.write().unwrap_or_else(PoisonError::into_inner).clear();
        self.0.configs.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Whether a path is one of the tsconfig files that were looked for.
    pub fn is_config(&self, key: Key) -> bool {
        self.0.configs.lock().unwrap_or_else(PoisonError::into_inner).contains(&key)
    }

    fn entry_in(&self, dir: &Arc<Path>, name: &str) -> Option<Entry> {
        if self.0.above.contains(&**dir) {
            return self.0.fs.entry(&dir.join(name)).ok();
        }
        let found = self.listing(dir).get(name).copied();
        if found.is_none() && !CASE_MATTERS { self.0.fs.entry(&dir.join(name)).ok() } else { found }
    }

    fn listing(&self, dir: &Arc<Path>) -> Arc<Listing> {
        if let Some(known) = self.0.listings.read().unwrap_or_else(PoisonError::into_inner).get(dir) {
            return Arc::clone(known);
        }
        let listing: Arc<Listing> =
            Arc::new(self.0.fs.list(dir).map(|names| names.into_iter().collect()).unwrap_or_default());
        let mut listings = self.0.listings.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(listings.entry(Arc::clone(dir)).or_insert(listing))
    }

    fn real_dir(&self, dir: &Path, links: u32) -> Option<Arc<Path>> {
        if let Some(known) = self.0.real.read().unwrap_or_else(PoisonError::into_inner).get(dir) {
            return Some(Arc::clone(known));
        }
        let real = self.real_at(dir, links)?;
        if self.entry(&real).is_some_and(|entry| entry != Entry::Directory) {
            return None;
        }
        let mut known = self.0.real.write().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(known.entry(dir.to_owned()).or_insert(real)))
    }

    fn real_at(&self, path: &Path, links: u32) -> Option<Arc<Path>> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Some(path.into());
        };
        let parent = self.real_dir(parent, links)?;
        match self.entry_in(&parent, name.to_str()?)? {
            Entry::File | Entry::Directory => Some(parent.join(name).into()),
            Entry::Link if links < MAX_LINKS => {
                let target = self.0.fs.read_link(&parent.join(name)).ok()?;
                self.real_at(&normal(&parent.join(target)), links + 1)
            }
            Entry::Link => None,
        }
    }

    fn metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        let entry = self.entry(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(FileMetadata::new(entry == Entry::File, entry == Entry::Directory, entry == Entry::Link))
    }
}

impl oxc_resolver::FileSystem for Tree {
    fn new() -> Self {
        Self::new(Arc::new(Disk), Path::new("/"))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        // Asked for `package.json` in every directory; most have none.
        self.entry(path).ok_or(io::ErrorKind::NotFound)?;
        self.0.fs.read(path)
    }

    fn read_to_string(&self, path: &Path) -> io::Result<String> {
        let key = Key::of(&self.beside(path));
        self.0.configs.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        let bytes = oxc_resolver::FileSystem::read(self, path)?;
        String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }

    fn metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        self.metadata(&self.real(path).ok_or(io::ErrorKind::NotFound)?)
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        self.metadata(path)
    }

    fn read_link(&self, path: &Path) -> Result<PathBuf, ResolveError> {
        Ok(self.0.fs.read_link(path)?)
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(self.real(path).ok_or(io::ErrorKind::NotFound)?.to_path_buf())
    }
}

/// Whether a path is one of these or below one: thousands of files can go at once.
fn is_below(path: &Path, paths: &FxHashSet<&Path>) -> bool {
    path.ancestors().any(|above| paths.contains(above))
}

/// Without `.`, `..` and separators at the end. As in a url, `..` takes away the name before it, a link or not.
pub(super) fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}
