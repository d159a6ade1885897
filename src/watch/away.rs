//! Mounts that do not answer: a network that is gone, a process behind a FUSE file system that hangs or has died. Whoever
//! asks there waits in the kernel, and nothing wakes him; so before the engine's thread or the pool touches such a mount, a
//! thread that may be lost asks it something. A mount that does not answer is *away*: it is left alone, and what was known to
//! lie there stays, until it answers or is unmounted.
//!
//! ```text
//!  answers ── no answer within 2 s, or an error that says that nobody is there ──► away: a warning, nobody touches it
//!     ▲                                                                              │
//!     └── what lies there is compared ◄── asked again each second, an answer came ◄──┘
//! ```
//!
//! Between the question and what it was asked for a mount can still go away. Then the engine's thread waits with it, or a
//! walk or a check on the pool does, and only `close()` does not. Looks on a
//! thread of their own hold nobody up.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use rustc_hash::{FxHashMap, FxHashSet};

use super::mounts::Mount;
use super::{Signal, Signals, Watch};
use crate::change::{EntryType, Evidence, Transaction};
use crate::error::Error;
use crate::path::normalize;

/// How long a mount may take for one answer. Slow networks take a tenth of that; and whoever saves elsewhere waits no
/// longer, once, when a mount hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// An answer counts for this long: files that come in series are not worth a question each.
const FRESH: Duration = Duration::from_millis(50);

/// The name of the threads that ask.
const THREAD: &str = "bino-ask";

/// The mounts that are away, for whoever is about to touch a path.
#[derive(Debug, Clone, Default)]
pub(crate) struct Absent(Arc<RwLock<Vec<PathBuf>>>);

impl Absent {
    /// Whether a path lies on a mount that is away.
    pub(crate) fn covers(&self, path: &Path) -> bool {
        self.points().iter().any(|point| path.starts_with(point))
    }

    fn points(&self) -> std::sync::RwLockReadGuard<'_, Vec<PathBuf>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Vec<PathBuf>)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What is known about mounts that may go away.
#[derive(Default)]
pub(super) struct Away {
    absent: Absent,
    /// When a mount answered last.
    answered: FxHashMap<PathBuf, Instant>,
    /// Of which an answer is still awaited.
    asked: FxHashSet<PathBuf>,
    /// Files of modules that were to be watched there.
    used: Vec<PathBuf>,
    /// Files that imports looked for there.
    awaited: Vec<PathBuf>,
}

impl Away {
    pub(super) fn absent(&self) -> &Absent {
        &self.absent
    }

    pub(super) fn covers(&self, path: &Path) -> bool {
        self.absent.covers(path)
    }

    /// The mounts that are away and lie below a directory, the directory itself left out.
    pub(super) fn below(&self, dir: &Path) -> Vec<PathBuf> {
        self.absent.points().iter().filter(|point| *point != dir && point.starts_with(dir)).cloned().collect()
    }

    /// These files of modules are to be watched as soon as the mount answers. Gives the others.
    pub(super) fn use_later(&mut self, files: &[PathBuf]) -> Vec<PathBuf> {
        let (later, now) = self.part(files);
        self.used.extend(later);
        now
    }

    /// The same for files that imports looked for.
    pub(super) fn await_later(&mut self, files: &[PathBuf]) -> Vec<PathBuf> {
        let (later, now) = self.part(files);
        self.awaited.extend(later);
        now
    }

    fn part(&self, files: &[PathBuf]) -> (Vec<PathBuf>, Vec<PathBuf>) {
        files.iter().cloned().partition(|file| self.covers(file))
    }

    fn leaves(&mut self, point: &Path) {
        self.answered.remove(point);
        self.absent.change(|points| points.push(point.to_owned()));
    }

    /// Says whether it was away.
    fn comes_back(&mut self, point: &Path) -> bool {
        let was_away = self.absent.points().iter().any(|known| known == point);
        self.absent.change(|points| points.retain(|known| known != point));
        was_away
    }
}

impl Watch {
    /// Asks the mounts that a walk of these directories, or a look at these files, meets.
    pub(super) fn ask_mounts<'path>(&mut self, paths: impl Iterator<Item = &'path Path>, and_below: bool) {
        let mounts = &self.polling.silence.mounts;
        if mounts.that_may_hang().is_empty() {
            return;
        }
        let mut met: FxHashMap<PathBuf, Mount> = FxHashMap::default();
        for path in paths {
            for mount in mounts.that_may_hang() {
                if path.starts_with(&mount.point) || (and_below && mount.point.starts_with(path)) {
                    met.entry(mount.point.clone()).or_insert_with(|| mount.clone());
                }
            }
        }
        let now = Instant::now();
        let stale = |mount: &Mount| {
            let answered = self.away.answered.get(&mount.point);
            !self.away.covers(&mount.point) && answered.is_none_or(|then| *then + FRESH < now)
        };
        // All at once: several that hang cost no more time than one.
        let asked: Vec<_> = met
            .into_values()
            .filter(stale)
            .filter_map(|mount| Some((ask(&mount.point, &self.signals)?, mount)))
            .collect();
        for ((answer, thread), mount) in asked {
            let answer = answer.recv_deadline(now + PATIENCE);
            if answer.is_ok() {
                // It has nothing more to do; and it cannot panic.
                let _ = thread.join();
            }
            match answer {
                Ok(Ok(())) => drop(self.away.answered.insert(mount.point, Instant::now())),
                Ok(Err(error)) => self.leave(&mount, &error.to_string()),
                Err(_) => {
                    self.away.asked.insert(mount.point.clone());
                    self.leave(&mount, &no_answer());
                }
            }
        }
    }

    /// A look gets no answer about a path. Says whether the mount that it lies on is away now, so that nobody waits.
    pub fn gets_no_answer(&mut self, path: &Path) -> bool {
        if self.away.covers(path) {
            return true;
        }
        let mount = self.polling.silence.mounts.of(path).filter(|mount| mount.may_hang()).cloned();
        if let Some(mount) = &mount {
            self.leave(mount, &no_answer());
        }
        mount.is_some()
    }

    /// Asks the mounts that are away whether they still are, without waiting. To be called once a second.
    pub(super) fn ask_again(&mut self) {
        let points: Vec<PathBuf> = self.away.absent.points().clone();
        for point in points {
            // One thread is lost to each mount that hangs, and not one each second.
            if self.away.asked.insert(point.clone()) && ask(&point, &self.signals).is_none() {
                self.away.asked.remove(&point);
            }
        }
    }

    /// The answer of a mount came, late.
    pub fn answered(
        &mut self,
        point: &Path,
        answers: bool,
        transaction: &mut Option<Transaction>,
        now: Instant,
    ) {
        self.away.asked.remove(point);
        if answers && self.away.comes_back(point) {
            self.look_at_mount(point, transaction, now);
        }
    }

    /// What lies on a mount is compared, since nobody told of it for a while.
    fn look_at_mount(&mut self, point: &Path, transaction: &mut Option<Transaction>, now: Instant) {
        self.use_waiting(transaction, now);
        let names = self.names_on(point);
        for path in names {
            let is_file = self.tree.get(&path).is_some_and(|known| known.entry == EntryType::File);
            // A directory is walked. Of a known file only a difference counts.
            let sign = if is_file { Evidence::FOUND } else { Evidence::CREATED | Evidence::FOUND };
            self.note_looked(&path, sign, transaction, now);
        }
    }

    /// Watches the files that were to be watched while their mount was away. What lies on another one that is away
    /// waits on. A file of a module that is not there, since the mount is gone or somebody deleted it, is awaited.
    pub(super) fn use_waiting(&mut self, transaction: &mut Option<Transaction>, now: Instant) {
        let used = std::mem::take(&mut self.away.used);
        let mut awaited = std::mem::take(&mut self.away.awaited);
        if used.is_empty() && awaited.is_empty() {
            return;
        }
        let mut new = self.use_files(&used);
        awaited.extend(used.into_iter().filter(|file| !self.away.covers(file)));
        new.extend(self.await_files(&awaited));
        self.note_young(&new, transaction, now);
    }

    /// What is watched by name on a mount, and the mount itself, if it lies in a watched directory.
    pub(super) fn names_on(&self, point: &Path) -> Vec<PathBuf> {
        let mut names: Vec<PathBuf> =
            self.scope.named().filter(|name| name.starts_with(point)).map(Path::to_owned).collect();
        if self.is_watched(point) && !self.scope.is_named(point) {
            names.push(point.to_owned());
        }
        names
    }

    /// Mounts that are not there any more, or are others now, are not away.
    pub(super) fn forget_away(&mut self, points: &[PathBuf]) {
        for point in points {
            self.away.comes_back(point);
            self.away.answered.remove(point);
            // Whoever was asked there is gone, and his answer with him.
            self.away.asked.remove(point);
        }
    }

    fn leave(&mut self, mount: &Mount, reason: &str) {
        self.away.leaves(&mount.point);
        self.warn(Error::WatchAway {
            path: normalize(&mount.point),
            kind: mount.kind.clone(),
            reason: reason.to_owned(),
        });
    }
}

fn no_answer() -> String {
    format!("no answer for {} s", PATIENCE.as_secs())
}

/// Asks a mount for a name that nobody has asked it for, so that no cache of the kernel can answer. What comes when nobody
/// waits any more is told as a signal. `None` if there is no thread to ask on; then nobody knows.
fn ask(point: &Path, signals: &Signals) -> Option<(Receiver<io::Result<()>>, JoinHandle<()>)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = format!(".bino-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let (path, point, signals) = (point.join(name), point.to_owned(), Arc::clone(signals));
    // Without a buffer: either it is received, or nobody waits.
    let (reply, answer) = bounded(0);
    let asking = move || {
        let answer = match std::fs::symlink_metadata(path) {
            Err(error) if is_nobody(&error) => Err(error),
            // That there is no such file is an answer.
            _ => Ok(()),
        };
        let answers = answer.is_ok();
        if reply.send(answer).is_err() {
            signals(Signal::Answered { point, answers });
        }
    };
    let thread = std::thread::Builder::new().name(THREAD.to_owned()).spawn(asking).ok()?;
    Some((answer, thread))
}

/// Whether an error says that whoever serves the mount is not there.
pub(super) fn is_nobody(error: &io::Error) -> bool {
    use ErrorKind::{
        ConnectionAborted, ConnectionReset, HostUnreachable, NetworkDown, NetworkUnreachable, NotConnected,
        StaleNetworkFileHandle, TimedOut,
    };
    /// `EIO`, what several network file systems make of it, and `EHOSTDOWN`.
    const NUMBERS: [i32; 2] = [5, 112];
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionReset
            | HostUnreachable
            | NetworkDown
            | NetworkUnreachable
            | NotConnected
            | StaleNetworkFileHandle
            | TimedOut
    ) || error.raw_os_error().is_some_and(|number| cfg!(target_os = "linux") && NUMBERS.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_errors_say_that_nobody_is_there() {
        let nobody = [ErrorKind::NotConnected, ErrorKind::TimedOut, ErrorKind::StaleNetworkFileHandle];
        assert!(nobody.into_iter().all(|kind| is_nobody(&kind.into())));
        let answers = [ErrorKind::NotFound, ErrorKind::PermissionDenied, ErrorKind::InvalidFilename];
        assert!(!answers.into_iter().any(|kind| is_nobody(&kind.into())));
        assert_eq!(is_nobody(&io::Error::from_raw_os_error(5)), cfg!(target_os = "linux"), "EIO");
    }

    #[test]
    fn what_lies_on_a_mount_that_is_away_is_covered() {
        let mut away = Away::default();
        away.leaves(Path::new("/root/mnt"));
        let covered = |path: &str| away.covers(Path::new(path));
        assert!(covered("/root/mnt") && covered("/root/mnt/a/b.js"));
        assert!(!covered("/root") && !covered("/root/mnt2/a.js"));
        assert_eq!(away.below(Path::new("/root")), [Path::new("/root/mnt")]);
        assert!(away.below(Path::new("/root/mnt")).is_empty());
        assert!(away.comes_back(Path::new("/root/mnt")), "it was away");
        assert!(!away.comes_back(Path::new("/root/mnt")) && !away.covers(Path::new("/root/mnt")));
    }
}
