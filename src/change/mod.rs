//! What can happen to a path, how several signs become one net change, and when a transaction closes.
//! Pure: no clock, no file system. Time and what the disk says are arguments; `watch` feeds it, `engine` drains it.
//!
//! The rule is *truth-based*: an event never says what happened, only that a path is dirty, with a little
//! [`Evidence`]. When the transaction closes, the path's state on disk is compared with the state last reported, and
//! [`merge`] names the difference. So an event that comes twice, late or in odd order cannot invent a creation or a
//! deletion. A sign of a write is believed even where the stat is as before: one that comes after its batch has closed
//! costs at most one update too many.

mod combine;
mod evidence;
mod merge;
mod poll;
mod schedule;
mod stat;
mod transaction;

pub use combine::{Combined, net_changes, parents_first};
pub use evidence::Evidence;
pub use merge::{Net, merge};
pub use poll::{PollSchedule, PollStep, Ring, Slice};
pub use schedule::{Outlook, Schedule, Step};
pub use stat::Stat;
pub use transaction::{Dirty, Transaction};

/// What happened to a path, between two reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It was not there before (chokidar's `add`, `addDir`).
    Create,
    /// A file has other contents, or was written again, or touched (chokidar's `change`). Never a directory.
    Update,
    /// It is no longer there (chokidar's `unlink`, `unlinkDir`).
    Delete,
}

/// What lies at a path. A symbolic link to a file is a file. Links to directories, dangling links, sockets and
/// devices are no entries at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntryType {
    /// A file, or a link to one.
    File,
    /// A directory.
    Directory,
}

/// One net change of one path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// Absolute, with `/` on every platform (see [`crate::path::normalize`]).
    pub path: String,
    /// What lies there; for a deletion: what lay there.
    pub entry: EntryType,
}

/// One transaction: everything that belongs to one save, one checkout, one run of a generator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeBatch {
    /// Counts the batches that are told, from 1; none is skipped, none comes twice. Given when a batch is told: one that
    /// is held, or waits for the graph, has 0. A release without changes is no batch, and has the number of the one
    /// before.
    pub epoch: u64,
    /// One net change per path, in the order of the first sign of each path. A created directory stands before its
    /// contents and a deleted one behind them, as with chokidar (whose `_remove` goes to the children first). Only
    /// where a file became a directory, or the reverse, has a path two: its deletion, then its creation.
    pub changes: Vec<Change>,
    /// The operating system lost events, and (some of) these changes were found by comparing the whole tree.
    pub rescan: bool,
    /// A look found some of these changes: polling, a probe, a check, a rescan, or the end of a hold. They may have happened long
    /// before they are told. Without it each was told by an event, as it happened.
    pub looked: bool,
}
