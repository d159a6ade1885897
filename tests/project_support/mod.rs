//! A file system in memory, for the resolver and the project. Owns what lies where, and counts what is read.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

use bino_hmr::resolve::{Entry, FileSystem};

/// What lies at a path. Directories are there when something is in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thing {
    File(String),
    /// It is there and cannot be read.
    Locked,
    /// It is there, and gone as soon as it is read.
    Vanishing,
    Directory,
    Link(PathBuf),
}

/// The disk of a test. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    things: BTreeMap<PathBuf, Thing>,
    read: Vec<PathBuf>,
}

impl Memory {
    /// Files by path; those whose text begins with `-> ` are links.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let memory = Self::default();
        for (path, text) in files {
            match text.strip_prefix("-> ") {
                Some(target) => memory.put(path, Thing::Link(target.into())),
                None => memory.write(path, text),
            }
        }
        memory
    }

    pub fn write(&self, path: impl AsRef<Path>, text: &str) {
        self.put(path, Thing::File(text.to_owned()));
    }

    pub fn put(&self, path: impl AsRef<Path>, thing: Thing) {
        let path = path.as_ref();
        let mut inside = self.0.lock().unwrap();
        for dir in path.ancestors().skip(1) {
            inside.things.insert(dir.to_owned(), Thing::Directory);
        }
        if thing != Thing::Directory {
            inside.things.retain(|known, _| !known.starts_with(path));
        }
        inside.things.insert(path.to_owned(), thing);
    }

    /// Takes away a path with everything below.
    pub fn remove(&self, path: impl AsRef<Path>) {
        self.0.lock().unwrap().things.retain(|known, _| !known.starts_with(path.as_ref()));
    }

    pub fn thing(&self, path: impl AsRef<Path>) -> Option<Thing> {
        self.0.lock().unwrap().things.get(path.as_ref()).cloned()
    }

    /// Everything, by path.
    pub fn all(&self) -> BTreeMap<PathBuf, Thing> {
        self.0.lock().unwrap().things.clone()
    }

    /// The files that were read since the last call.
    pub fn take_read(&self) -> Vec<PathBuf> {
        std::mem::take(&mut self.0.lock().unwrap().read)
    }

    /// Follows the links of a path, the last one too.
    pub fn real(&self, path: &Path) -> Option<PathBuf> {
        self.follow(path, true, 0)
    }

    fn follow(&self, path: &Path, last: bool, depth: u32) -> Option<PathBuf> {
        if depth > 40 {
            return None;
        }
        let mut real = PathBuf::new();
        let mut rest = path.components().peekable();
        while let Some(component) = rest.next() {
            match component {
                Component::ParentDir => {
                    real.pop();
                }
                Component::CurDir => {}
                other => real.push(other),
            }
            if let Some(Thing::Link(target)) = self.thing(&real)
                && (last || rest.peek().is_some())
            {
                let target = real.parent()?.join(target);
                let rest: PathBuf = rest.collect();
                return self.follow(&target.join(rest), last, depth + 1);
            }
        }
        Some(real)
    }
}

impl FileSystem for Memory {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let real = self.real(path).ok_or(io::ErrorKind::NotFound)?;
        match self.thing(&real) {
            Some(Thing::File(text)) => {
                self.0.lock().unwrap().read.push(real);
                Ok(text.into_bytes())
            }
            Some(Thing::Locked) => Err(io::ErrorKind::PermissionDenied.into()),
            Some(Thing::Vanishing) => Err(io::ErrorKind::NotFound.into()),
            Some(_) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn entry(&self, path: &Path) -> io::Result<Entry> {
        let path = self.follow(path, false, 0).ok_or(io::ErrorKind::NotFound)?;
        match self.thing(path) {
            Some(Thing::File(_) | Thing::Locked | Thing::Vanishing) => Ok(Entry::File),
            Some(Thing::Directory) => Ok(Entry::Directory),
            Some(Thing::Link(_)) => Ok(Entry::Link),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn list(&self, path: &Path) -> io::Result<Vec<(Box<str>, Entry)>> {
        let path = self.real(path).ok_or(io::ErrorKind::NotFound)?;
        if self.thing(&path) != Some(Thing::Directory) {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let all = self.all();
        let inside = all.iter().filter(|(known, _)| known.parent() == Some(&path));
        Ok(inside
            .map(|(path, thing)| {
                let entry = match thing {
                    Thing::File(_) | Thing::Locked | Thing::Vanishing => Entry::File,
                    Thing::Directory => Entry::Directory,
                    Thing::Link(_) => Entry::Link,
                };
                (path.file_name().unwrap().to_str().unwrap().into(), entry)
            })
            .collect())
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        match self.thing(self.follow(path, false, 0).ok_or(io::ErrorKind::NotFound)?) {
            Some(Thing::Link(target)) => Ok(target),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}
