//! The signs by which a path came to be dirty. Owns their meaning; never knows which watcher gave them.

use std::ops::{BitOr, BitOrAssign};

/// A set of signs about one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evidence(pub(super) u8);

impl Evidence {
    /// Data was written to the file that lies there.
    pub const WRITTEN: Self = Self(1);
    /// Somebody who had the file open for writing closed it: the write is complete. Alone it proves no write.
    pub const CLOSED: Self = Self(1 << 1);
    /// The name appeared: created, linked, or moved to, perhaps over another file.
    pub const CREATED: Self = Self(1 << 2);
    /// The name vanished: deleted or moved away.
    pub const REMOVED: Self = Self(1 << 3);
    /// Times, owner or mode changed.
    pub const METADATA: Self = Self(1 << 4);
    /// A scan came across it. Says nothing but "compare".
    pub const FOUND: Self = Self(1 << 5);

    /// Whether every sign of `other` is among these.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any sign of `other` is among these.
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Evidence {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Evidence {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}
