//! Reads what lies at a path. Owns the rule which things on disk are entries; never remembers anything.

use std::fs::Metadata;
use std::path::Path;

use crate::change::{EntryType, Stat};

/// What lies at `path`, without following a link to a directory: those are not followed yet, and a name that is
/// sometimes a file and sometimes a tree would be worse than none. A link to a file has the file's size and time.
///
/// Whatever cannot be read (no permission, a loop of links) is not there: Vite could not read it either.
pub(super) fn stat(path: &Path) -> Option<Stat> {
    read(&look(path)?)
}

/// How long ago a file was written; `None` for one that is not there, or is from the future.
pub(super) fn age(path: &Path) -> Option<std::time::Duration> {
    std::fs::metadata(path).ok()?.modified().ok()?.elapsed().ok()
}

/// What lies at a path that the user named: there, a link to a directory means the directory.
pub(super) fn stat_named(path: &Path) -> Option<Stat> {
    read(&std::fs::metadata(path).ok()?)
}

/// The same as [`stat`], and whether the file has other names (hard links), where the platform can tell.
pub(super) fn stat_and_names(path: &Path) -> (Option<Stat>, bool) {
    match look(path) {
        Some(metadata) => (read(&metadata), metadata.is_file() && has_names(&metadata)),
        None => (None, false),
    }
}

/// Whether a path could not be followed because links on it lead in a circle (`ELOOP`).
pub(super) fn is_loop(error: &std::io::Error) -> bool {
    let number = if cfg!(any(target_os = "linux", target_os = "android")) { 40 } else { 62 };
    cfg!(unix) && error.raw_os_error() == Some(number)
}

fn look(path: &Path) -> Option<Metadata> {
    let own = std::fs::symlink_metadata(path).ok()?;
    if own.is_symlink() { std::fs::metadata(path).ok().filter(Metadata::is_file) } else { Some(own) }
}

/// Whether a file has other names (hard links).
#[cfg(unix)]
pub(super) fn has_names(metadata: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(metadata) > 1
}

#[cfg(windows)]
pub(super) fn has_names(_: &Metadata) -> bool {
    false
}

fn read(metadata: &Metadata) -> Option<Stat> {
    let entry = if metadata.is_dir() {
        EntryType::Directory
    } else if metadata.is_file() {
        EntryType::File
    } else {
        return None;
    };
    Some(Stat { entry, mtime: mtime(metadata), size: metadata.len(), inode: inode(metadata) })
}

#[cfg(unix)]
fn mtime(metadata: &Metadata) -> i64 {
    use std::os::unix::fs::MetadataExt;
    metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec())
}

#[cfg(windows)]
fn mtime(metadata: &Metadata) -> i64 {
    use std::os::windows::fs::MetadataExt;
    // In units of 100 ns since 1601; only compared with itself, so the epoch does not matter, nor does wrapping.
    (metadata.last_write_time() as i64).wrapping_mul(100)
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> Option<u64> {
    Some(std::os::unix::fs::MetadataExt::ino(metadata))
}

#[cfg(windows)]
fn inode(_: &Metadata) -> Option<u64> {
    None
}
