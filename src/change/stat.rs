//! What is remembered of an entry on disk. Owns the comparison of two of them; never reads the disk.

use super::EntryType;

/// The state of an entry, as far as it decides whether something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// File or directory.
    pub entry: EntryType,
    /// Time of the last write, in nanoseconds since 1970; means nothing for a directory.
    pub mtime: i64,
    /// Size in bytes; means nothing for a directory.
    pub size: u64,
    /// The inode, where the platform has such a thing.
    pub inode: Option<u64>,
}

impl Stat {
    /// Whether a file must be taken for changed although nobody saw a write.
    pub fn differs(&self, other: &Self) -> bool {
        (self.mtime, self.size, self.inode) != (other.mtime, other.size, other.inode)
    }

    /// Whether another directory lies here now, under the same name.
    pub fn is_other_inode(&self, other: &Self) -> bool {
        self.inode != other.inode
    }
}
