//! One look at things that nobody tells of: what they were is given, what they are is read. Runs on a thread of the
//! pool, because a stat on a network drive may take its time, or on one of its own where it may never be answered; remembers
//! nothing and decides nothing. Only the look at the end of a hold runs on the engine's thread: see
//! [`super::Watch::look_now`].

use std::ffi::OsString;
use std::hash::{BuildHasher, BuildHasherDefault};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHasher};

use super::away::is_nobody;
use super::disk;
use super::mounts::Mounts;
use crate::change::{EntryType, Evidence, Ring, Slice, Stat};

/// What is to be looked at, and what was known of it.
pub struct Look {
    pub(super) purpose: Purpose,
    pub(super) visits: Vec<Visit>,
    /// How long the engine's thread took to prepare it; it counts as much as the look itself.
    pub(super) prepared: Duration,
    /// Where the mounts are listed, and the fingerprint of the list as it was.
    pub(super) mounts: Option<(PathBuf, u64)>,
    /// Where it has come, if it goes where it may never come back from.
    pub(super) progress: Option<Arc<Progress>>,
}

/// Where a look has come: whoever waits for it sees that it still gets answers.
#[derive(Debug, Default)]
pub struct Progress {
    answers: AtomicUsize,
    at: Mutex<PathBuf>,
}

impl Progress {
    /// How many answers came.
    pub fn answers(&self) -> usize {
        self.answers.load(Ordering::Relaxed)
    }

    /// What is asked about.
    pub fn at(&self) -> PathBuf {
        self.at.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Why it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It is polled.
    Round { ring: Ring, ends: bool },
    /// To find out whether events come.
    Probe,
}

pub(super) enum Visit {
    /// One file; `named` follows a link to a directory (see [`disk::stat_named`]).
    File { path: PathBuf, known: Option<Stat>, named: bool, by_inode: bool },
    /// Whether names came to a directory, or went.
    Names { dir: PathBuf, mtime: i64 },
    /// Everything in a directory. `names` is the fingerprint of all its names, the ignored ones too, when last seen.
    Directory { dir: PathBuf, known: Vec<(OsString, Stat)>, names: Option<u64>, by_inode: bool },
    /// Whether a directory that may not be read now may be.
    Denied { dir: PathBuf },
}

/// What was seen of a directory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) mtime: i64,
    pub(super) names: u64,
}

/// A path that is not as it was known.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) path: PathBuf,
    pub(super) evidence: Evidence,
    pub(super) now: Option<Stat>,
}

/// What a look saw.
pub struct Looked {
    pub(super) purpose: Purpose,
    pub(super) found: Vec<Difference>,
    pub(super) seen: Vec<(PathBuf, Seen)>,
    /// Directories whose names changed.
    pub(super) changed: Vec<PathBuf>,
    /// The mounts, if there are others now.
    pub(super) mounts: Option<(u64, Mounts)>,
    /// Something that whoever serves its mount should have answered for, and was not there.
    pub(super) unserved: Option<PathBuf>,
    wall: Duration,
    cpu: Duration,
    progress: Option<Arc<Progress>>,
}

impl Looked {
    /// What the schedule is told of it. `found` is how many paths turned out to have changed.
    pub fn slice(&self, found: usize) -> Option<Slice> {
        match self.purpose {
            Purpose::Round { ring, ends } => {
                Some(Slice { ring, ends, found, wall: self.wall, cpu: self.cpu })
            }
            Purpose::Probe => None,
        }
    }
}

impl Look {
    /// Where it has come, if it may never end: then it must not have a thread of the pool.
    pub fn progress(&self) -> Option<Arc<Progress>> {
        self.progress.clone()
    }

    /// Looks.
    pub fn perform(self) -> Looked {
        let (start, busy) = (Instant::now(), cpu_time());
        let mut looked = Looked {
            purpose: self.purpose,
            found: Vec::new(),
            seen: Vec::new(),
            changed: Vec::new(),
            mounts: None,
            unserved: None,
            wall: Duration::ZERO,
            cpu: Duration::ZERO,
            progress: self.progress,
        };
        for visit in self.visits {
            looked.visit(visit);
        }
        if let Some((table, known)) = self.mounts {
            looked.read_mounts(&table, known);
        }
        looked.wall = start.elapsed() + self.prepared;
        let cpu = busy.zip(cpu_time()).map(|(before, after)| after.saturating_sub(before) + self.prepared);
        looked.cpu = cpu.unwrap_or(looked.wall);
        looked
    }
}

impl Looked {
    fn visit(&mut self, visit: Visit) {
        match visit {
            Visit::File { path, known, named, by_inode } => {
                let Ok(now) = self.stat(&path, named) else { return };
                self.compare(path, known, now, by_inode);
            }
            Visit::Names { dir, mtime } => match self.stat(&dir, true) {
                Ok(Some(now)) if now.mtime == mtime => {}
                Ok(_) => self.changed.push(dir),
                Err(_) => {}
            },
            Visit::Directory { dir, known, names, by_inode } => self.directory(dir, known, names, by_inode),
            Visit::Denied { dir } => {
                self.asks(&dir);
                if std::fs::read_dir(&dir).is_ok() {
                    self.found.push(Difference { path: dir, evidence: Evidence::METADATA, now: None });
                }
            }
        }
    }

    fn directory(&mut self, dir: PathBuf, known: Vec<(OsString, Stat)>, names: Option<u64>, by_inode: bool) {
        // Before the list: what comes while we read it is then found by the next look.
        let mtime = match self.stat(&dir, true) {
            Ok(Some(now)) if now.entry == EntryType::Directory => now.mtime,
            Ok(now) => return self.found.push(Difference { path: dir, evidence: gone(), now }),
            Err(_) => return,
        };
        let Ok(listed) = list(&dir) else { return };
        let mut fingerprint = 0u64;
        let mut present: FxHashMap<OsString, ()> = FxHashMap::default();
        for name in listed {
            // A sum does not depend on the order, in which no two file systems agree.
            let hash = BuildHasherDefault::<FxHasher>::default().hash_one(&name);
            fingerprint = fingerprint.wrapping_add(hash);
            present.insert(name, ());
        }
        let same_names = names == Some(fingerprint);
        for (name, known) in known {
            let path = dir.join(&name);
            if present.remove(&name).is_none() {
                self.compare(path, Some(known), None, by_inode);
            } else if let Ok(now) = self.stat(&path, false) {
                self.compare(path, Some(known), now, by_inode);
            }
        }
        // The others are new or ignored. Ignored ones were seen before, with the same names.
        if !same_names {
            for name in present.into_keys() {
                let path = dir.join(name);
                if let Ok(now @ Some(_)) = self.stat(&path, false) {
                    self.compare(path, None, now, by_inode);
                }
            }
        }
        self.seen.push((dir, Seen { mtime, names: fingerprint }));
    }

    fn stat(&mut self, path: &Path, named: bool) -> io::Result<Option<Stat>> {
        self.asks(path);
        let stat = stat(path, named);
        if stat.as_ref().is_err_and(is_nobody) {
            self.unserved.get_or_insert_with(|| path.to_owned());
        }
        stat
    }

    /// Notes that all was answered up to here, and what is asked now.
    fn asks(&self, path: &Path) {
        if let Some(progress) = &self.progress {
            path.clone_into(&mut progress.at.lock().unwrap_or_else(PoisonError::into_inner));
            progress.answers.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn compare(&mut self, path: PathBuf, known: Option<Stat>, now: Option<Stat>, by_inode: bool) {
        if let Some(evidence) = difference(known.as_ref(), now.as_ref(), by_inode) {
            self.found.push(Difference { path, evidence, now });
        }
    }

    fn read_mounts(&mut self, table: &Path, known: u64) {
        let Ok(text) = std::fs::read(table) else { return };
        let fingerprint = fingerprint(&text);
        if fingerprint != known {
            self.mounts = Some((fingerprint, Mounts::parse(&text)));
        }
    }
}

pub(super) fn fingerprint(text: &[u8]) -> u64 {
    BuildHasherDefault::<FxHasher>::default().hash_one(text)
}

fn gone() -> Evidence {
    Evidence::REMOVED | Evidence::FOUND
}

/// The sign that a difference is, or `None` if there is none. Some file systems give a file another inode each time
/// they are asked; there it says nothing.
fn difference(known: Option<&Stat>, now: Option<&Stat>, by_inode: bool) -> Option<Evidence> {
    match (known, now) {
        (None, None) => None,
        (None, Some(_)) => Some(Evidence::CREATED | Evidence::FOUND),
        (Some(_), None) => Some(gone()),
        (Some(known), Some(now)) => {
            let other_inode = by_inode && known.inode != now.inode;
            let written = now.entry == EntryType::File && (known.mtime, known.size) != (now.mtime, now.size);
            let other_entry = known.entry != now.entry;
            let came = now.entry == EntryType::Directory && (other_entry || other_inode);
            match (came, other_entry || other_inode || written) {
                // What is in it has to be watched anew.
                (true, _) => Some(gone() | Evidence::CREATED),
                (_, true) => Some(Evidence::FOUND),
                _ => None,
            }
        }
    }
}

/// What lies there. An error is no answer: a server that is away for a moment has not deleted anything.
fn stat(path: &Path, named: bool) -> io::Result<Option<Stat>> {
    if let Some(stat) = if named { disk::stat_named(path) } else { disk::stat(path) } {
        return Ok(Some(stat));
    }
    match std::fs::symlink_metadata(path) {
        // A link that leads nowhere, a socket: no entry.
        Ok(_) => Ok(None),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn list(dir: &Path) -> io::Result<Vec<OsString>> {
    std::fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name())).collect()
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::PermissionDenied)
}

/// How long a core was busy with this thread. `None` where the system does not say; then the time on the wall counts.
fn cpu_time() -> Option<Duration> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    // The kernel counts when a thread makes way for another, and at its ticks; a look is shorter than those.
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    // Some kernels keep no count; their line is all zeros.
    let nanoseconds = text.split(' ').next()?.parse().ok().filter(|&count| count > 0)?;
    Some(Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Stat = Stat { entry: EntryType::File, mtime: 1, size: 1, inode: Some(1) };
    const DIR: Stat = Stat { entry: EntryType::Directory, mtime: 1, size: 1, inode: Some(2) };

    #[test]
    fn a_difference_is_a_sign() {
        let found = Evidence::FOUND;
        let gone = Evidence::REMOVED | found;
        let came = Evidence::CREATED | found;
        let table = [
            ("nothing then and now", None, None, true, None),
            ("as it was", Some(FILE), Some(FILE), true, None),
            ("new", None, Some(FILE), true, Some(came)),
            ("gone", Some(FILE), None, true, Some(gone)),
            ("written", Some(FILE), Some(Stat { mtime: 2, ..FILE }), true, Some(found)),
            ("longer", Some(FILE), Some(Stat { size: 2, ..FILE }), true, Some(found)),
            ("replaced by its twin", Some(FILE), Some(Stat { inode: Some(9), ..FILE }), true, Some(found)),
            ("the same, inodes mean nothing", Some(FILE), Some(Stat { inode: Some(9), ..FILE }), false, None),
            ("a directory that got an entry", Some(DIR), Some(Stat { mtime: 2, ..DIR }), true, None),
            ("another directory", Some(DIR), Some(Stat { inode: Some(9), ..DIR }), true, Some(gone | came)),
            ("a file became a directory", Some(FILE), Some(DIR), false, Some(gone | came)),
            ("a directory became a file", Some(DIR), Some(FILE), false, Some(found)),
        ];
        for (name, known, now, by_inode, expected) in table {
            assert_eq!(difference(known.as_ref(), now.as_ref(), by_inode), expected, "{name}");
        }
    }

    #[test]
    fn ignored_names_are_named_once_and_new_ones_when_they_come() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().to_owned();
        std::fs::write(dir.join("a.log"), "1").unwrap();
        let look = |names| {
            let visit = Visit::Directory { dir: dir.clone(), known: Vec::new(), names, by_inode: true };
            let purpose = Purpose::Round { ring: Ring::Rest, ends: true };
            let visits = vec![visit];
            let look = Look { purpose, visits, prepared: Duration::ZERO, mounts: None, progress: None };
            let looked = look.perform();
            (looked.found.len(), looked.seen[0].1.names)
        };
        let (found, names) = look(None);
        assert_eq!(found, 1);
        assert_eq!(look(Some(names)), (0, names));
        std::fs::write(dir.join("b.log"), "1").unwrap();
        assert_eq!(look(Some(names)).0, 2);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_time_of_this_thread_is_known() {
        let start = Instant::now();
        let before = cpu_time().expect("this kernel counts");
        while start.elapsed() < Duration::from_millis(1) {
            std::hint::spin_loop();
        }
        let busy = cpu_time().unwrap() - before;
        // Others may take the core meanwhile, so it may be less than the time on the wall, but never more.
        assert!(busy > Duration::ZERO && busy <= start.elapsed(), "{busy:?}");
    }
}
