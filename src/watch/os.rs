//! The operating system's watches. The only file that names `notify`; hands on signs and never looks at the disk.
//!
//! On Linux a watch covers one directory, and we place each ourselves, so that ignored directories cost nothing. What
//! notify 8.2 does there, and what follows for us:
//! - It drops the watches of a directory and of all below when it reads that the directory was deleted or moved away.
//!   It does so after the event reached our handler and before it takes the next request. So whoever places a watch in
//!   answer to an event never loses it to that event; and a directory that (re)appeared always gets its watch placed
//!   again, whether or not we believe that it has one.
//! - A watch follows the inode. After lost events notify may still hold the old path of a moved directory, and
//!   removing that would kill the new one: so a rescan begins with a new [`Os`] and drops the old one at its end.
//! - It follows links: a directory that becomes a link while we place its watch gives another one a second name. And a
//!   directory that moves while we walk can get its new name before notify reads that the old one is gone. `places.rs`
//!   knows the second names; whatever may have lost its watch by one is told as if it had come, and so is walked again.
//! - Its `Drop` and `watch` panic when its thread has died; both are guarded here.
//!
//! Elsewhere one recursive watch per folder asked for.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{ErrorKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::places::{Identity, Places, identify};
use super::{Signal, disk, limits};
use crate::change::Evidence;
use crate::error::{Error, Result};

/// Whether a watch covers one directory only.
pub(super) const PER_DIRECTORY: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// The name under which errors speak of notify's thread.
const THREAD: &str = "notify";

/// notify's thread has only to finish what it does at the moment; if it takes longer it hangs in the system, and a
/// dev server that cannot be closed is worse than a thread that ends late.
const GOODBYE: Duration = Duration::from_secs(2);

/// So many names of directories that are gone are not worth a look at all names.
const MANY: usize = 1000;

/// All watches of an engine.
pub(super) struct Os {
    held: Mutex<Held>,
    thread: Arc<Thread>,
    signal: Box<dyn Fn(Signal) + Send + Sync>,
}

struct Held {
    /// `None` only while it is dropped.
    watcher: Option<RecommendedWatcher>,
    places: Places,
}

/// What is known of notify's thread.
#[derive(Default)]
struct Thread {
    ended: AtomicBool,
    closing: AtomicBool,
    /// Its folder in `/proc`, noted when it first calls us.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code))]
    task: OnceLock<PathBuf>,
}

/// What came of placing a watch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// Whatever happens there from now on will be told.
    Yes,
    /// It is not there (any more).
    Gone,
    /// It may not be read.
    Denied,
    /// The system gives no more watches.
    Full,
}

impl Os {
    /// Starts notify's thread. `root` is what errors name that concern no path of their own; `polled`, whether
    /// everything is polled if the system gives us none.
    pub(super) fn new(
        root: &Path,
        polled: bool,
        signal: impl Fn(Signal) + Clone + Send + Sync + 'static,
    ) -> Result<Self> {
        let thread = Arc::new(Thread::default());
        // The end of a thread that never began is no news.
        thread.closing.store(true, Ordering::Release);
        let last_words =
            LastWords { thread: Arc::clone(&thread), signal: signal.clone(), root: root.to_owned() };
        let watcher = notify::recommended_watcher(move |event| last_words.hear(event)).map_err(|error| {
            let number = if let ErrorKind::Io(io) = &error.kind { io.raw_os_error() } else { None };
            match number {
                Some(number) if PER_DIRECTORY && NONE_LEFT.contains(&number) => limits::no_instance(polled),
                _ => explain(error, root),
            }
        })?;
        thread.closing.store(false, Ordering::Release);
        let held = Held { watcher: Some(watcher), places: Places::default() };
        let os = Self { held: Mutex::new(held), thread, signal: Box::new(signal) };
        if os.thread.ended.load(Ordering::Acquire) { Err(died()) } else { Ok(os) }
    }

    /// Watches a directory and the names in it, where that is how the platform works. What lies behind a link is not
    /// there, unless the link `is_named`, or something between it and the directory is.
    pub(super) fn place(&self, dir: &Path, is_named: impl Fn(&Path) -> bool) -> Result<Placed> {
        if !PER_DIRECTORY {
            return Ok(Placed::Yes);
        }
        let mut held = self.hold();
        let before = identify(dir);
        if held.places.is_elsewhere(dir, before, &is_named) {
            return Ok(Placed::Gone);
        }
        let placed = self.watch(&mut held, dir, RecursiveMode::NonRecursive)?;
        // If it has vanished already, its events say so.
        let now = identify(dir).or(before);
        if placed == Placed::Yes && held.places.is_elsewhere(dir, now, &is_named) {
            self.give_back(&mut held, dir, now)?;
            return Ok(Placed::Gone);
        }
        if placed == Placed::Yes
            && let Some((now, _)) = now
        {
            self.look_again(held.places.note_name(dir, now));
        }
        Ok(placed)
    }

    /// Watches a folder that was asked for, with everything below, where that is how the platform works.
    pub(super) fn place_tree(&self, dir: &Path) -> Result<Placed> {
        if PER_DIRECTORY {
            return Ok(Placed::Yes);
        }
        self.watch(&mut self.hold(), dir, RecursiveMode::Recursive)
    }

    /// Under which other name a directory is watched. A watch placed by this one would take its events away from there.
    pub(super) fn other_name(&self, dir: &Path) -> Option<PathBuf> {
        let identity = |path: &Path| identify(path).map(|(dir, _)| dir);
        let own = identity(dir)?;
        let other = self.hold().places.name_of(own).filter(|name| *name != dir)?.to_owned();
        // It may have been moved away from there.
        (identity(&other) == Some(own)).then_some(other)
    }

    /// Watches a directory of which only single names count.
    pub(super) fn place_beside(&self, dir: &Path) -> Result<Placed> {
        let mut held = self.hold();
        let placed = self.watch(&mut held, dir, RecursiveMode::NonRecursive)?;
        if placed == Placed::Yes
            && let Some((now, _)) = identify(dir)
        {
            self.look_again(held.places.note_name(dir, now));
        }
        Ok(placed)
    }

    /// Takes a watch away.
    pub(super) fn lift(&self, dir: &Path) {
        if self.thread.ended.load(Ordering::Acquire) {
            return;
        }
        let mut held = self.hold();
        if held.places.is_stale(dir) {
            return;
        }
        // Nobody else loses it: the name is not stale.
        let _ = held.places.forget_name(dir);
        if let Some(watcher) = held.watcher.as_mut() {
            // The only failure is that it has no watch any more, which is what we want.
            let _ = watcher.unwatch(dir);
        }
    }

    /// To be called with each name that vanished: notify has taken away the watch that was placed under it.
    pub(super) fn vanished(&self, name: &Path) {
        if PER_DIRECTORY {
            self.look_again(self.hold().places.forget_name(name));
        }
    }

    /// Forgets names that nobody watches any more, once they are many.
    pub(super) fn tidy(&self, watched: usize, is_watched: impl Fn(&Path) -> bool) {
        let mut held = self.hold();
        if held.places.len() > 2 * watched + MANY {
            held.places.retain(is_watched);
        }
    }

    /// Whatever may have lost its watch is watched anew and compared, as if it had come this moment.
    fn look_again(&self, dir: Option<PathBuf>) {
        if let Some(path) = dir {
            (self.signal)(Signal::Touched { path, evidence: Evidence::CREATED });
        }
    }

    /// A watch was placed by a path that is no name of what lies there: it is given back to whom it belongs.
    fn give_back(&self, held: &mut Held, path: &Path, dir: Option<(Identity, bool)>) -> Result<()> {
        let owner = dir.and_then(|(dir, _)| Some((dir, held.places.name_of(dir)?.to_owned())));
        let Some((dir, owner)) = owner.filter(|(_, owner)| owner != path) else {
            if let Some(watcher) = held.watcher.as_mut() {
                // As in `lift`.
                let _ = watcher.unwatch(path);
            }
            return Ok(());
        };
        self.watch(held, &owner, RecursiveMode::NonRecursive)?;
        self.look_again(held.places.note_name(path, dir));
        self.look_again(held.places.note_name(&owner, dir));
        self.look_again(Some(owner));
        Ok(())
    }

    fn hold(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until notify's thread has handed on what the kernel had for it before this call. A request that has nothing to
    /// do is answered in a round of its loop, and in each round it reads all there is; which of both comes first in a round
    /// is not said, and a round may answer two. Elsewhere such a request would begin the watching anew.
    pub(super) fn catch_up(&self) {
        if PER_DIRECTORY {
            for _ in 0..3 {
                self.lift(Path::new("/dev/null/nothing"));
            }
        }
    }

    fn watch(&self, held: &mut Held, dir: &Path, mode: RecursiveMode) -> Result<Placed> {
        if self.thread.ended.load(Ordering::Acquire) {
            return Err(died());
        }
        let Some(watcher) = held.watcher.as_mut() else { return Ok(Placed::Gone) };
        match watcher.watch(dir, mode) {
            Ok(()) => Ok(Placed::Yes),
            Err(error) => refused(&error).ok_or_else(|| explain(error, dir)),
        }
    }
}

impl Drop for Os {
    fn drop(&mut self) {
        self.thread.closing.store(true, Ordering::Release);
        let watcher = self.held.get_mut().unwrap_or_else(PoisonError::into_inner).watcher.take();
        if self.thread.ended.load(Ordering::Acquire) {
            // Its drop sends to the thread and panics if that is gone; a small leak after a bug is the lesser evil.
            std::mem::forget(watcher);
            return;
        }
        drop(watcher);
        self.thread.wait();
    }
}

impl Thread {
    /// notify does not join its thread, so we wait: for the end of its loop, and then for the thread itself, since
    /// code of ours that still runs while Node unloads an addon is a crash.
    fn wait(&self) {
        let deadline = Instant::now() + GOODBYE;
        while !self.is_over() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    fn is_over(&self) -> bool {
        self.ended.load(Ordering::Acquire) && self.task.get().is_none_or(|task| !task.exists())
    }

    fn note(&self) {
        #[cfg(target_os = "linux")]
        self.task.get_or_init(|| {
            let own = std::fs::read_link("/proc/thread-self").unwrap_or_default();
            Path::new("/proc").join(own)
        });
    }
}

/// Lives in notify's handler, hence exactly as long as notify's thread.
struct LastWords<S: Fn(Signal)> {
    thread: Arc<Thread>,
    signal: S,
    root: PathBuf,
}

impl<S: Fn(Signal)> LastWords<S> {
    fn hear(&self, event: notify::Result<notify::Event>) {
        self.thread.note();
        let heard = catch_unwind(AssertUnwindSafe(|| match event {
            Ok(event) => self.translate(event),
            Err(error) => {
                // Whatever went wrong, events may be lost: the rest is found by looking.
                (self.signal)(Signal::Warning(explain(error, &self.root)));
                (self.signal)(Signal::Lost);
            }
        }));
        if let Err(panic) = heard {
            (self.signal)(Signal::Failed(panicked(THREAD, panic.as_ref())));
        }
    }

    fn translate(&self, event: notify::Event) {
        if event.need_rescan() {
            (self.signal)(Signal::Lost);
        }
        let Some(evidence) = evidence(event.kind) else { return };
        for path in event.paths {
            (self.signal)(Signal::Touched { path, evidence });
        }
    }
}

impl<S: Fn(Signal)> Drop for LastWords<S> {
    fn drop(&mut self) {
        self.thread.ended.store(true, Ordering::Release);
        if !self.thread.closing.load(Ordering::Acquire) {
            (self.signal)(Signal::Failed(died()));
        }
    }
}

/// What an event proves; `None` where it proves nothing: reading is no change, and every file that we or Vite read
/// makes such events.
fn evidence(kind: EventKind) -> Option<Evidence> {
    Some(match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Evidence::CLOSED,
        EventKind::Access(_) => return None,
        EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Evidence::CREATED,
        EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => Evidence::REMOVED,
        // Comes after the two above, for the same rename.
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) if PER_DIRECTORY => return None,
        // One of two names of a rename, and the event does not say which.
        EventKind::Modify(ModifyKind::Name(_)) => Evidence::CREATED | Evidence::REMOVED,
        EventKind::Modify(ModifyKind::Metadata(_)) => Evidence::METADATA,
        EventKind::Modify(_) => Evidence::WRITTEN,
        EventKind::Any | EventKind::Other => Evidence::FOUND,
    })
}

/// Why there is no watch, where that is nothing out of the ordinary.
fn refused(error: &notify::Error) -> Option<Placed> {
    use std::io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    match &error.kind {
        ErrorKind::PathNotFound => Some(Placed::Gone),
        ErrorKind::MaxFilesWatch => Some(Placed::Full),
        ErrorKind::Io(io) => match io.kind() {
            NotFound | NotADirectory => Some(Placed::Gone),
            // It was a directory a moment ago.
            _ if disk::is_loop(io) => Some(Placed::Gone),
            PermissionDenied => Some(Placed::Denied),
            _ => None,
        },
        _ => None,
    }
}

/// The system's `EMFILE` and `ENFILE`: no more instances, or no more open files.
const NONE_LEFT: [i32; 2] = [24, 23];

fn explain(error: notify::Error, path: &Path) -> Error {
    let path = error.paths.first().map_or(path, PathBuf::as_path);
    Error::Watch { path: crate::path::normalize(path), source: error.into() }
}

fn died() -> Error {
    Error::Panic { thread: THREAD.to_owned(), message: "it ended by itself".to_owned() }
}

/// Makes an error of a caught panic.
pub(crate) fn panicked(thread: &str, panic: &(dyn Any + Send)) -> Error {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    Error::Panic { thread: thread.to_owned(), message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::unbounded;
    use notify::event::{CreateKind, DataChange, MetadataKind, RemoveKind};

    fn last_words<S: Fn(Signal)>(thread: Arc<Thread>, signal: S) -> LastWords<S> {
        LastWords { thread, signal, root: PathBuf::from("/root") }
    }

    #[test]
    fn reading_is_no_evidence() {
        let data = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        let table = [
            ("open", EventKind::Access(AccessKind::Open(AccessMode::Any)), None),
            ("close after reading", EventKind::Access(AccessKind::Close(AccessMode::Read)), None),
            ("read", EventKind::Access(AccessKind::Read), None),
            (
                "close after writing",
                EventKind::Access(AccessKind::Close(AccessMode::Write)),
                Some(Evidence::CLOSED),
            ),
            ("write", data, Some(Evidence::WRITTEN)),
            ("chmod", EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), Some(Evidence::METADATA)),
            ("create", EventKind::Create(CreateKind::File), Some(Evidence::CREATED)),
            ("remove", EventKind::Remove(RemoveKind::Folder), Some(Evidence::REMOVED)),
            ("moved here", EventKind::Modify(ModifyKind::Name(RenameMode::To)), Some(Evidence::CREATED)),
            ("moved away", EventKind::Modify(ModifyKind::Name(RenameMode::From)), Some(Evidence::REMOVED)),
        ];
        for (name, kind, expected) in table {
            assert_eq!(evidence(kind), expected, "{name}");
        }
    }

    #[test]
    fn an_overflow_is_told() {
        let (sender, signals) = unbounded();
        let handler = last_words(Arc::default(), move |signal| drop(sender.send(signal)));
        handler.hear(Ok(notify::Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan)));
        assert!(matches!(signals.try_recv(), Ok(Signal::Lost)));
    }

    #[test]
    fn an_error_is_told_and_answered_with_a_look_at_everything() {
        let (sender, signals) = unbounded();
        let handler = last_words(Arc::default(), move |signal| drop(sender.send(signal)));
        handler.hear(Err(notify::Error::generic("as if by the system")));
        assert!(matches!(signals.try_recv(), Ok(Signal::Warning(_))));
        assert!(matches!(signals.try_recv(), Ok(Signal::Lost)));
    }

    #[test]
    fn a_panic_in_the_handler_is_told() {
        let (sender, signals) = unbounded();
        let signal = move |signal| {
            assert!(!matches!(signal, Signal::Touched { .. }), "as if by a bug");
            drop(sender.send(signal));
        };
        let handler = last_words(Arc::default(), signal);
        handler.hear(Ok(notify::Event::new(EventKind::Create(CreateKind::File)).add_path("/a".into())));
        let Ok(Signal::Failed(error)) = signals.try_recv() else { panic!("it was silent") };
        assert_eq!(error.to_string(), panicked(THREAD, &"as if by a bug").to_string());
    }

    #[test]
    fn the_end_of_notifys_thread_is_told_unless_we_asked_for_it() {
        for (closing, told) in [(false, 1), (true, 0)] {
            let (sender, signals) = unbounded();
            let thread = Arc::new(Thread::default());
            thread.closing.store(closing, Ordering::Release);
            drop(last_words(thread, move |signal| drop(sender.send(signal))));
            assert_eq!(signals.iter().count(), told);
        }
    }
}
