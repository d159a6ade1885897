//! Watching as a service: one thread owns the watches and the transactions, and hands whole batches to a sink.
//! Owns threads and their end. Never decides what a change is (`change`) nor how it is noticed (`watch`).

mod poll;
mod pool;
mod run;
mod vigil;
mod work;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::thread::{JoinHandle, ThreadId};
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::Sender;
use rayon::ThreadPool;

use crate::change::{Change, ChangeBatch};
use crate::error::{Error, Result};
use crate::project::{Project, ProjectOptions, ProjectUpdate, Snapshot};
use crate::resolve::Disk;
pub use crate::watch::PollMode;
use crate::watch::{self, Absent, Watch, WatchOptions};

use poll::Poll;
pub use poll::PollOptions;
use pool::Pool;
use run::{Message, Run};
use vigil::Vigil;
use work::Work;

/// The name of the engine's thread.
const THREAD: &str = "bino-engine";

/// Threads have only to finish what they do at the moment, even on a machine that is busy with much else. One that takes
/// longer hangs in the kernel.
const GOODBYE: Duration = Duration::from_secs(5);

/// For a call of the sink that began right before the engine was given up.
const LAST_WORD: Duration = Duration::from_millis(100);

/// What to watch, and how.
#[derive(Debug, Clone, Default)]
pub struct EngineOptions {
    /// Directories watched with everything below. Each has to be there.
    pub roots: Vec<PathBuf>,
    /// Files or directories beside the roots; they may come later.
    pub extra: Vec<PathBuf>,
    /// Paths and globs that are left out, as in Vite's `watch.ignored`; `!glob` takes back in.
    pub ignore: Vec<String>,
    /// The same, but cannot be negated (the cache directory: its files would become modules that changed).
    pub always_ignore: Vec<String>,
    /// Whether `.gitignore`, `.ignore`, `.git/info/exclude` and git's global excludes leave directories out too, and
    /// other repositories and work trees are. `ignore` and its negations win; what modules use is watched all the same.
    pub gitignore: bool,
    /// How many levels of folders are watched below each path asked for; 0 is that folder's own entries.
    pub depth: Option<u32>,
    /// How long nothing may happen before a transaction closes. `None` is the adaptive rule (see
    /// [`crate::change::Schedule`]); zero closes as soon as the events at hand are taken in.
    pub debounce: Option<Duration>,
    /// What is looked at again and again, since no event tells of it.
    pub poll: PollOptions,
    /// Where the mounts are listed; `None` is the system's own list. For tests, which cannot mount everything.
    pub mounts: Option<PathBuf>,
    /// How often the tree is compared with the disk although nothing said that events were lost. `None` is five minutes.
    pub check: Option<Duration>,
    /// How many threads scan and walk; 0 means one for each core.
    pub threads: usize,
    /// The files that a graph is built from; without any there is none, and nothing is read. Relative ones lie below
    /// the first root. One that is not there is a diagnostic, never an error.
    pub entries: Vec<PathBuf>,
    /// For the graph: see [`ProjectOptions::alias`].
    pub alias: Vec<(String, PathBuf)>,
    /// For the graph: see [`ProjectOptions::conditions`].
    pub conditions: Option<Vec<String>>,
}

/// What the sink is told. It is called on the engine's thread.
#[derive(Debug)]
pub enum EngineEvent {
    /// Every watch is placed and the graph is built, if there are entries: from now on nothing is missed. Comes once,
    /// before any batch.
    Ready(Stats),
    /// A transaction closed. Only without entries.
    Batch(ChangeBatch),
    /// A transaction closed, and the graph is up to date with it. Only with entries, and then instead of
    /// [`EngineEvent::Batch`]: one for each transaction, in their order.
    Update(ChangeBatch, Box<ProjectUpdate>),
    /// A transaction closed while updates are held: what is told here waits for the release, and is told again then.
    Held(Vec<Change>),
    /// A hold has ended: what waited, as one transaction of net changes. They may be none; then the epoch is that of
    /// the batch before. Only without entries; with them an [`EngineEvent::Update`] follows if anything waited.
    Released(ChangeBatch),
    /// Something could not be watched; the engine goes on.
    Warning(Error),
    /// The engine has stopped. Nothing comes after this.
    Failed(Error),
}

/// What the module graphs know about files; decides how long a transaction stays open, never what is in it.
pub trait UsedFiles: Send + Sync {
    /// Whether some module of this file is in a graph. The path is absolute, with `/`.
    fn knows(&self, path: &str) -> bool;
    /// Whether some module of this file has importers.
    fn is_used(&self, path: &str) -> bool;
    /// Files of modules, each once and at most so many, the ones loaded last first. Where nothing tells of changes they
    /// are looked at more often than others.
    fn files(&self, _at_most: usize) -> Vec<String> {
        Vec::new()
    }
}

/// How much the engine watches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Directories whose contents are watched.
    pub directories: usize,
    /// Files known.
    pub files: usize,
    /// Watches held of the operating system: on Linux one for each directory, with [`PollMode::Always`] none.
    pub watches: usize,
    /// The epoch of the last batch; 0 before the first.
    pub epoch: u64,
    /// Paths that are dirty in the open transaction.
    pub pending: usize,
    /// How long the first scan took, watches included.
    pub scan: Duration,
    /// Whether updates are held.
    pub held: bool,
    /// Paths that differ from what was told before the hold.
    pub waiting: usize,
}

/// A running engine. Dropping it closes it.
pub struct Engine {
    messages: Sender<Message>,
    absent: Absent,
    thread: ThreadId,
    end: Arc<End>,
    running: Mutex<Option<Running>>,
}

/// The end of all telling: a thread that was left alone may go on when its mount answers, and has nothing more to tell.
#[derive(Default)]
struct End {
    reached: AtomicBool,
    telling: Mutex<()>,
}

impl End {
    /// Tells, unless the end is reached.
    fn guard(&self, tell: impl FnOnce()) {
        let _telling = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.reached.load(Ordering::Acquire) {
            tell();
        }
    }

    /// From here on nothing is told. Waits for what is being told, but not forever.
    fn reach(&self) {
        self.reached.store(true, Ordering::Release);
        let deadline = Instant::now() + LAST_WORD;
        while matches!(self.telling.try_lock(), Err(TryLockError::WouldBlock)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}

struct Running {
    thread: JoinHandle<()>,
    pool: Pool,
}

impl Engine {
    /// Starts to watch. The options are checked here; the first scan runs on the engine's thread and ends with
    /// [`EngineEvent::Ready`].
    ///
    /// # Errors
    /// [`Error::RootMissing`], [`Error::Glob`], [`Error::Watch`] if the operating system gives no watcher,
    /// [`Error::WatchLimit`] if a limit leaves none and [`PollMode::Never`] forbids to poll instead, and
    /// [`Error::Thread`]. Nothing is left running then.
    pub fn start(
        options: EngineOptions,
        used: Arc<dyn UsedFiles>,
        sink: impl Fn(EngineEvent) + Send + 'static,
    ) -> Result<Self> {
        let pool = Pool::start(options.threads)?;
        let (messages, inbox) = crossbeam_channel::unbounded();
        let root = options.roots.first().cloned();
        let watch_options = WatchOptions {
            roots: options.roots,
            extra: options.extra,
            ignore: options.ignore,
            always_ignore: options.always_ignore,
            gitignore: options.gitignore,
            depth: options.depth,
            poll: options.poll.mode,
            mounts: options.mounts,
        };
        let signals = messages.clone();
        let signal = move |signal| {
            // It fails only when the engine has stopped, and then nobody wants to know.
            let _ = signals.send(Message::Signal(signal));
        };
        let watch = match Watch::new(&watch_options, pool.share(), signal) {
            Ok(watch) => watch,
            Err(error) => {
                pool.join(GOODBYE);
                return Err(error);
            }
        };
        let work = (!options.entries.is_empty()).then(|| {
            let project = ProjectOptions {
                root: root.unwrap_or_default(),
                entries: options.entries,
                alias: options.alias,
                conditions: options.conditions,
            };
            Work::new(
                Project::new(project, Arc::new(Disk)).with_room(pool::ROOM),
                pool.share(),
                messages.clone(),
            )
        });
        let absent = watch.absent();
        let vigil = (options.poll.mode != PollMode::Always)
            .then(|| Vigil::new(options.check.unwrap_or(vigil::EVERY), Instant::now(), SystemTime::now()));
        let poll = Poll::new(options.poll, pool.share(), messages.clone());
        let checked = messages.clone();
        let run = Run::new(watch, used, options.debounce, poll, work, vigil, checked);
        let end = Arc::new(End::default());
        let sink = {
            let end = Arc::clone(&end);
            move |event| end.guard(|| sink(event))
        };
        let spawned =
            std::thread::Builder::new().name(THREAD.to_owned()).spawn(move || run::guard(run, inbox, &sink));
        match spawned {
            Ok(thread) => {
                let id = thread.thread().id();
                let running = Mutex::new(Some(Running { thread, pool }));
                Ok(Self { messages, absent, thread: id, end, running })
            }
            Err(source) => {
                // The watch went with the closure, and gave back its share of the pool.
                pool.join(GOODBYE);
                Err(Error::Thread { name: THREAD.to_owned(), source })
            }
        }
    }

    /// Watches further files or directories, there or not. No event tells what is there at this moment, as with
    /// chokidar's `add` under `ignoreInitial`; what happens to a file from this moment on is told, however late the
    /// engine's thread comes to it.
    pub fn add(&self, paths: Vec<PathBuf>) {
        let paths = paths.into_iter().map(|path| {
            // Whoever asks a mount that is away waits, and here that is Node's event loop.
            let then = if self.absent.covers(&path) { None } else { watch::stat_now(&path) };
            (path, then)
        });
        self.tell(Message::Add(paths.collect()));
    }

    /// Watches what globs match, as chokidar's `add` does. One that does not parse is a warning.
    pub fn add_globs(&self, globs: Vec<String>) {
        self.tell(Message::AddGlobs(globs));
    }

    /// Watches files that modules come from, wherever they lie, unless `ignore` or `always_ignore` leaves them out.
    /// Costs little for those that are watched already. One that was written just now is told as an update, since
    /// whoever read it may have read what was there before.
    pub fn use_files(&self, files: Vec<PathBuf>) {
        self.tell(Message::UseFiles(files));
    }

    /// The same for files that are not there, since an import looked for them: they are told when they come.
    pub fn await_files(&self, files: Vec<PathBuf>) {
        self.tell(Message::AwaitFiles(files));
    }

    /// Watches these paths no longer, nor anything below them.
    pub fn unwatch(&self, paths: Vec<PathBuf>) {
        self.tell(Message::Unwatch(paths));
    }

    /// Holds updates back: transactions close as ever, but from here on each is only told as [`EngineEvent::Held`] and
    /// merged with those before, until [`Engine::release`]. With entries the graph waits too. Holding again does nothing.
    pub fn hold(&self) {
        self.tell(Message::Hold);
    }

    /// Ends a hold: what waited goes out as one transaction, together with the one that is open, once that is quiet.
    /// Does nothing without a hold.
    pub fn release(&self) {
        self.tell(Message::Release);
    }

    /// Every watched directory with the names of its entries; ignored ones are left out. Like chokidar's `getWatched`
    /// it also has the directory that a root lies in, with the root's name alone.
    ///
    /// # Errors
    /// [`Error::Closed`] when the engine has stopped.
    pub fn watched(&self) -> Result<BTreeMap<String, Vec<String>>> {
        self.ask(Message::Watched)
    }

    /// How much is watched, as of the messages sent before this one.
    ///
    /// # Errors
    /// [`Error::Closed`] when the engine has stopped.
    pub fn stats(&self) -> Result<Stats> {
        self.ask(Message::Stats)
    }

    /// The whole graph, after everything that is under way; `None` without entries. Waits for the first build.
    ///
    /// # Errors
    /// [`Error::Closed`] when the engine has stopped.
    pub fn graph(&self) -> Result<Option<Snapshot>> {
        self.ask(Message::Graph)
    }

    /// The pool that scans run on; the graph walk shares it. [`Engine::close`] waits until it is given back, so do not
    /// keep it for longer than a task.
    ///
    /// # Errors
    /// [`Error::Closed`] after [`Engine::close`].
    pub fn pool(&self) -> Result<Arc<ThreadPool>> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.as_ref().map(|running| running.pool.share()).ok_or(Error::Closed)
    }

    /// Stops, and waits until every thread has ended: the engine's, notify's and the pool's. Not for one that hangs in
    /// the kernel because a mount does not answer: that one is left alone after some seconds, and ends when the mount
    /// answers, or with the process. The sink is not called after this returns, also not by such a thread; only a call
    /// that itself takes longer than all this may still be under way. Closing again does nothing. Called from within the
    /// sink it only asks the engine to stop.
    pub fn close(&self) {
        self.tell(Message::Close);
        if std::thread::current().id() == self.thread {
            // A thread that waits for itself waits forever.
            return;
        }
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(running) = running {
            // One time for all: an engine's thread that hangs keeps the pool's threads, too.
            let deadline = Instant::now() + GOODBYE;
            // A panic was caught inside and told as `Failed`; there is none left to find here.
            pool::join_in_time(vec![running.thread], GOODBYE);
            running.pool.join(deadline.saturating_duration_since(Instant::now()));
            self.end.reach();
        }
    }

    /// Makes the engine's thread panic. For tests that show what users see when there is a bug of ours.
    pub fn fault(&self) {
        self.tell(Message::Fault);
    }

    fn tell(&self, message: Message) {
        // It fails only when the engine has stopped, and told so itself: by `Failed`, or because `close` was called.
        let _ = self.messages.send(message);
    }

    fn ask<T>(&self, question: impl FnOnce(Sender<T>) -> Message) -> Result<T> {
        let (reply, answer) = crossbeam_channel::bounded(1);
        self.tell(question(reply));
        answer.recv().map_err(|_| Error::Closed)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.close();
    }
}
