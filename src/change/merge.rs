//! One path: what was known, the evidence, what is there now -> one net change. Pure, a table in code.

use super::{EntryType, Evidence, Stat};

/// The net change of one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Net {
    /// Nothing that anyone has to hear of.
    Nothing,
    /// It is new.
    Create,
    /// The file was written, replaced or touched.
    Update,
    /// It is gone, with everything below it.
    Delete,
    /// A file where a directory was, or the reverse: a deletion and a creation.
    Retype,
    /// The name of a directory came and went, or another inode lies there: only comparing the contents tells.
    Compare,
}

/// Decides what happened to a path.
///
/// A name that vanished and came back within one transaction is one update: that is how many editors save. A write is
/// an update even if size and time are as before, since file systems count time in steps of several milliseconds; a
/// close without a write (somebody opened the file for writing and thought better of it), `chmod` and a scan are one
/// only if the stat differs.
pub fn merge(before: Option<&Stat>, evidence: Evidence, now: Option<&Stat>) -> Net {
    use EntryType::{Directory, File};
    match (before, now) {
        (None, None) => Net::Nothing,
        (None, Some(_)) => Net::Create,
        (Some(_), None) => Net::Delete,
        (Some(old), Some(new)) => match (old.entry, new.entry) {
            (File, File) => {
                let written = evidence.intersects(Evidence::WRITTEN | Evidence::CREATED);
                if written || old.differs(new) { Net::Update } else { Net::Nothing }
            }
            (Directory, Directory) => {
                let renamed = evidence.intersects(Evidence::REMOVED | Evidence::CREATED);
                if renamed || old.is_other_inode(new) { Net::Compare } else { Net::Nothing }
            }
            (File, Directory) | (Directory, File) => Net::Retype,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILE: Option<Stat> = Some(Stat { entry: EntryType::File, mtime: 1, size: 10, inode: Some(1) });
    const TOUCHED: Option<Stat> = Some(Stat { entry: EntryType::File, mtime: 2, size: 10, inode: Some(1) });
    const GROWN: Option<Stat> = Some(Stat { entry: EntryType::File, mtime: 1, size: 11, inode: Some(1) });
    const TWIN: Option<Stat> = Some(Stat { entry: EntryType::File, mtime: 1, size: 10, inode: Some(2) });
    const DIR: Option<Stat> = Some(Stat { entry: EntryType::Directory, mtime: 1, size: 10, inode: Some(3) });
    const OTHER_DIR: Option<Stat> =
        Some(Stat { entry: EntryType::Directory, mtime: 9, size: 10, inode: Some(4) });
    const BUSY_DIR: Option<Stat> =
        Some(Stat { entry: EntryType::Directory, mtime: 9, size: 20, inode: Some(3) });

    #[test]
    fn one_net_change_per_path() {
        let written = Evidence::WRITTEN | Evidence::CLOSED;
        let (closed, created, removed) = (Evidence::CLOSED, Evidence::CREATED, Evidence::REMOVED);
        let (metadata, found) = (Evidence::METADATA, Evidence::FOUND);
        let table = [
            ("a save in place", FILE, written, TOUCHED, Net::Update),
            ("a save within one tick of the clock", FILE, written, FILE, Net::Update),
            ("truncated, not written yet", FILE, Evidence::WRITTEN, GROWN, Net::Update),
            ("opened for writing and closed again", FILE, closed, FILE, Net::Nothing),
            ("a write through a memory map", FILE, closed, TOUCHED, Net::Update),
            ("an atomic save: another file moved over it", FILE, created, TWIN, Net::Update),
            ("the temporary file of an atomic save", None, created | written | removed, None, Net::Nothing),
            ("unlinked and created again", FILE, removed | created | written, TWIN, Net::Update),
            ("moved away and back", FILE, removed | created, FILE, Net::Update),
            ("chmod", FILE, metadata, FILE, Net::Nothing),
            ("touch", FILE, metadata, TOUCHED, Net::Update),
            ("truncate by path", FILE, metadata, GROWN, Net::Update),
            ("created", None, created | written, FILE, Net::Create),
            ("created, and only a later chmod was seen", None, metadata, FILE, Net::Create),
            ("create, then delete of a new file", None, created | removed, None, Net::Nothing),
            ("deleted", FILE, removed, None, Net::Delete),
            ("written, then deleted", FILE, written | removed, None, Net::Delete),
            ("deleted; the event about its return is not here yet", FILE, removed, TWIN, Net::Update),
            ("a scan finds what was known", FILE, found, FILE, Net::Nothing),
            ("a scan finds a copy with the old times", FILE, found, TWIN, Net::Update),
            ("a scan finds a new file", None, found, FILE, Net::Create),
            ("a scan misses a file", FILE, found, None, Net::Delete),
            ("a file became a directory", FILE, removed | created, DIR, Net::Retype),
            ("a directory became a file", DIR, removed | created, FILE, Net::Retype),
            ("a directory is made", None, created, DIR, Net::Create),
            ("a directory is gone", DIR, removed, None, Net::Delete),
            ("an entry came into a directory", DIR, metadata, BUSY_DIR, Net::Nothing),
            ("chmod of a directory", DIR, metadata, DIR, Net::Nothing),
            ("a directory was moved away and back", DIR, removed | created, DIR, Net::Compare),
            ("another directory lies there", DIR, found, OTHER_DIR, Net::Compare),
        ];
        for (name, before, evidence, now, expected) in table {
            assert_eq!(merge(before.as_ref(), evidence, now.as_ref()), expected, "{name}");
        }
    }

    fn stat() -> impl Strategy<Value = Option<Stat>> {
        proptest::option::of((0..2i64, 0..2u64, 0..2u64, any::<bool>()).prop_map(
            |(mtime, size, inode, file)| {
                let entry = if file { EntryType::File } else { EntryType::Directory };
                Stat { entry, mtime, size, inode: Some(inode) }
            },
        ))
    }

    proptest! {
        #[test]
        fn the_disk_decides_whether_a_path_exists(before in stat(), bits in 0u8..64, now in stat()) {
            let net = merge(before.as_ref(), Evidence(bits), now.as_ref());
            prop_assert_eq!(net == Net::Create, before.is_none() && now.is_some());
            prop_assert_eq!(net == Net::Delete, before.is_some() && now.is_none());
        }

        #[test]
        fn more_evidence_never_hides_a_change(before in stat(), one in 0u8..64, two in 0u8..64, now in stat()) {
            let less = merge(before.as_ref(), Evidence(one), now.as_ref());
            let more = merge(before.as_ref(), Evidence(one | two), now.as_ref());
            prop_assert!(less == Net::Nothing || less == more);
        }
    }
}
