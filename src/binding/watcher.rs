//! The class `NativeWatcher` behind `createWatcher()`: an engine whose events wait until JavaScript takes them.

use std::path::PathBuf;
use std::sync::Arc;

use napi::bindgen_prelude::{AsyncTask, Function};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{Env, Task};
use napi_derive::napi;

use super::engine::{Close, EngineChange, EngineOptions, change_to_js, core_options};
use super::failure::{Result, guard};
use super::feeds::{Feeds, Waits};
use super::project::{Graph, GraphUpdate};
use crate::engine::{Engine as Core, EngineOptions as CoreOptions, Stats, UsedFiles};
use crate::error::Error;
use crate::project::Snapshot;

/// One transaction, or several that were not taken in time.
#[napi(object, object_from_js = false)]
pub struct WatcherBatch {
    /// Number of the last transaction in it.
    pub epoch: f64,
    /// The net changes.
    pub changes: Vec<EngineChange>,
    /// True when events were lost and the changes come from looking at the disk.
    pub rescan: bool,
    /// What it did to the graph; only with entries.
    pub update: Option<GraphUpdate>,
}

/// The graph, or why there is none.
#[napi(object, object_from_js = false)]
pub struct WatcherGraph {
    /// Absent without entries.
    pub graph: Option<Graph>,
    /// The engine has stopped.
    pub problem: Option<WatcherProblem>,
}

/// What went wrong.
#[napi(object, object_from_js = false)]
pub struct WatcherProblem {
    /// The stable code.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
}

/// What happened beside batches.
#[napi(object, object_from_js = false)]
pub struct WatcherNews {
    /// Whether everything is watched.
    pub ready: bool,
    /// What could not be watched, since the last look.
    pub warnings: Vec<WatcherProblem>,
    /// Why the engine has stopped, told once.
    pub failure: Option<WatcherProblem>,
}

/// What the engine holds at the moment.
#[napi(object, object_from_js = false)]
pub struct WatcherStats {
    /// Directories known.
    pub directories: f64,
    /// Files known.
    pub files: f64,
    /// Watches held at the operating system.
    pub watches: f64,
    /// Number of the last transaction.
    pub epoch: f64,
    /// Paths of the transaction that is still open.
    pub pending: f64,
    /// Milliseconds from the start until everything was watched.
    pub scan: f64,
    /// Whether updates are held.
    pub held: bool,
    /// Paths whose changes wait for the release.
    pub waiting: f64,
}

/// A watcher without Vite.
#[napi]
pub struct NativeWatcher {
    core: Arc<Core>,
    feeds: Arc<Feeds>,
}

#[napi]
impl NativeWatcher {
    /// Starts the threads. With `entries` (paths, absolute or below the root) there is a graph. `wake` is called on the event loop when there is something that is waited for; it does not
    /// keep the loop alive.
    #[napi(constructor)]
    pub fn new(
        options: EngineOptions,
        entries: Vec<String>,
        #[napi(ts_arg_type = "() => void")] wake: Function<(), ()>,
    ) -> Result<Self> {
        let wake = wake
            .build_threadsafe_function()
            .weak::<true>()
            .callee_handled::<false>()
            .build()
            .map_err(|error| napi::Error::new("BINO_THREAD_START".to_owned(), error.reason.clone()))?;
        let feeds = Arc::new(Feeds::default());
        let posts = Arc::clone(&feeds);
        let entries = entries.into_iter().map(PathBuf::from).collect();
        let core = guard(|| {
            let options = CoreOptions { entries, ..core_options(options) };
            Core::start(options, Arc::new(NoGraph), move |event| {
                if posts.post(event) {
                    // It fails only when the environment is going away, and with it whoever would listen.
                    wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
                }
            })
        })?;
        Ok(Self { core: Arc::new(core), feeds })
    }

    /// What to be woken for: news, batches, or nothing. Look for what is there already after this call.
    #[napi]
    pub fn wait_for(&self, news: bool, batches: bool) -> Result<()> {
        guard(|| {
            self.feeds.wait_for(Waits { news, batches });
            Ok(())
        })
    }

    /// What happened beside batches; to be called after each wake-up.
    #[napi]
    pub fn news(&self) -> Result<WatcherNews> {
        guard(|| {
            let news = self.feeds.news();
            Ok(WatcherNews {
                ready: news.ready,
                warnings: news.warnings.iter().map(problem_to_js).collect(),
                failure: news.failure.as_ref().map(problem_to_js),
            })
        })
    }

    /// Opens a feed and gives its number.
    #[napi]
    pub fn open_feed(&self) -> Result<u32> {
        guard(|| Ok(self.feeds.open() as u32))
    }

    /// Closes a feed.
    #[napi]
    pub fn close_feed(&self, feed: u32) -> Result<()> {
        guard(|| {
            self.feeds.close(feed as usize);
            Ok(())
        })
    }

    /// All that a feed has not seen, as one batch, or null.
    #[napi]
    pub fn take(&self, feed: u32) -> Result<Option<WatcherBatch>> {
        guard(|| {
            let taken = self.feeds.take(feed as usize);
            Ok(taken.map(|(batch, update)| WatcherBatch {
                epoch: batch.epoch as f64,
                changes: batch.changes.into_iter().map(change_to_js).collect(),
                rescan: batch.rescan,
                update: update.map(|update| (*update).into()),
            }))
        })
    }

    /// The whole graph, once everything that is under way is done.
    #[napi(ts_return_type = "Promise<WatcherGraph>")]
    pub fn graph(&self) -> AsyncTask<Describe> {
        AsyncTask::new(Describe { core: Arc::clone(&self.core) })
    }

    /// From here on batches wait, merged.
    #[napi]
    pub fn hold(&self) -> Result<()> {
        guard(|| {
            self.core.hold();
            Ok(())
        })
    }

    /// What waited comes as one batch.
    #[napi]
    pub fn release(&self) -> Result<()> {
        guard(|| {
            self.core.release();
            Ok(())
        })
    }

    /// Figures of the moment; zeros until everything is watched.
    #[napi]
    pub fn stats(&self) -> Result<WatcherStats> {
        // The engine's thread answers after the first scan only: nobody on the event loop should wait for that.
        let stats = guard(|| if self.feeds.is_ready() { self.core.stats() } else { Ok(Stats::default()) })?;
        Ok(WatcherStats {
            directories: stats.directories as f64,
            files: stats.files as f64,
            watches: stats.watches as f64,
            epoch: stats.epoch as f64,
            pending: stats.pending as f64,
            scan: stats.scan.as_secs_f64() * 1000.0,
            held: stats.held,
            waiting: stats.waiting as f64,
        })
    }

    /// Makes the engine's thread panic: for the tests of what happens then.
    #[napi]
    pub fn fault(&self) -> Result<()> {
        guard(|| {
            self.core.fault();
            Ok(())
        })
    }

    /// Ends every thread; resolves when they have ended.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn close(&self) -> AsyncTask<Close> {
        AsyncTask::new(Close::new(&self.core))
    }
}

/// Waits for the engine's answer away from the event loop.
pub struct Describe {
    core: Arc<Core>,
}

impl Task for Describe {
    type Output = crate::error::Result<Option<Snapshot>>;
    type JsValue = WatcherGraph;

    fn compute(&mut self) -> napi::Result<Self::Output> {
        Ok(self.core.graph())
    }

    fn resolve(&mut self, _env: Env, output: Self::Output) -> napi::Result<WatcherGraph> {
        Ok(match output {
            Ok(graph) => WatcherGraph { graph: graph.map(Graph::from), problem: None },
            Err(error) => WatcherGraph { graph: None, problem: Some(problem_to_js(&error)) },
        })
    }
}

/// The engine asks its own graph, if it has one; there is none beside it.
struct NoGraph;

impl UsedFiles for NoGraph {
    fn knows(&self, _: &str) -> bool {
        false
    }

    fn is_used(&self, _: &str) -> bool {
        false
    }
}

fn problem_to_js(error: &Error) -> WatcherProblem {
    WatcherProblem { code: error.code().into(), message: error.to_string() }
}
