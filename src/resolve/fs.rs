//! The file system as the resolver and the project see it, so that tests can give them one in memory.

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};

/// What lies at a path, links not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, wherever it leads.
    Link,
}

/// Reads the disk. Paths are absolute.
pub trait FileSystem: Debug + Send + Sync {
    /// The bytes of a file; links are followed.
    ///
    /// # Errors
    /// What the operating system says; an error too for a directory.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The same, piece by piece, for what may not fit into memory.
    ///
    /// # Errors
    /// As [`FileSystem::read`].
    fn open(&self, path: &Path) -> io::Result<Box<dyn io::Read>> {
        Ok(Box::new(io::Cursor::new(self.read(path)?)))
    }

    /// What lies at a path; the last link is not followed. Sockets and devices are nothing.
    ///
    /// # Errors
    /// What the operating system says.
    fn entry(&self, path: &Path) -> io::Result<Entry>;

    /// The names in a directory, in any order; links are followed to the directory.
    ///
    /// # Errors
    /// What the operating system says.
    fn list(&self, path: &Path) -> io::Result<Vec<(Box<str>, Entry)>>;

    /// Where a link leads, as it is written.
    ///
    /// # Errors
    /// What the operating system says; an error too for what is no link.
    fn read_link(&self, path: &Path) -> io::Result<PathBuf>;
}

/// The disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl FileSystem for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn io::Read>> {
        Ok(Box::new(std::fs::File::open(path)?))
    }

    fn entry(&self, path: &Path) -> io::Result<Entry> {
        entry_of(std::fs::symlink_metadata(path)?.file_type())
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "neither a file nor a directory"))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<(Box<str>, Entry)>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            // Where the system has to be asked for the type, the file may be gone since it was listed.
            let Ok(kind) = entry.file_type() else { continue };
            // A name that is not UTF-8 cannot be written in a specifier.
            if let (Some(name), Some(kind)) = (entry.file_name().to_str(), entry_of(kind)) {
                names.push((name.into(), kind));
            }
        }
        Ok(names)
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        std::fs::read_link(path)
    }
}

fn entry_of(kind: std::fs::FileType) -> Option<Entry> {
    if kind.is_symlink() {
        Some(Entry::Link)
    } else if kind.is_dir() {
        Some(Entry::Directory)
    } else if kind.is_file() {
        Some(Entry::File)
    } else {
        None
    }
}
