//! The class `Engine` that JavaScript holds.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::{AsyncTask, Function, Uint32Array};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{Env, Task};
use napi_derive::napi;

use super::failure::{Result, guard};
use super::graphs::Graphs;
use super::walk::walk;
use crate::change::{Change, ChangeBatch, ChangeKind, EntryType};
use crate::engine::{
    Engine as Core, EngineEvent as CoreEvent, EngineOptions as CoreOptions, PollMode, PollOptions,
};
use crate::error::Error;

/// Options of the engine; `js/native.js` documents them.
#[napi(object)]
pub struct EngineOptions {
    /// Folders watched with all that is in them.
    pub roots: Vec<String>,
    /// Files or folders beside the roots.
    pub extra: Vec<String>,
    /// Globs or paths that are left out.
    pub ignore: Vec<String>,
    /// As `ignore`, but no negation brings these back.
    pub always_ignore: Vec<String>,
    /// Whether ignore files leave folders out too; absent means that they do not.
    pub gitignore: Option<bool>,
    /// How deep below a root.
    pub depth: Option<u32>,
    /// Milliseconds; absent means the adaptive rule.
    pub debounce: Option<f64>,
    /// Whether everything is polled or nothing; absent means what has to be.
    pub poll: Option<bool>,
    /// Milliseconds between two looks at what is polled and used.
    pub interval: Option<f64>,
    /// Milliseconds between two looks at what is polled and not used.
    pub rest_interval: Option<f64>,
    /// Threads of the pool.
    pub threads: u32,
}

/// One entry of a batch.
#[napi(object, object_from_js = false)]
pub struct EngineChange {
    /// `create`, `update` or `delete`.
    pub kind: &'static str,
    /// Absolute, with `/`.
    pub path: String,
    /// `file` or `directory`.
    #[napi(js_name = "type")]
    pub entry: &'static str,
}

/// What the engine tells JavaScript; fields beside `type` are there where they mean something.
#[napi(object, object_from_js = false)]
pub struct EngineEvent {
    /// `ready`, `batch`, `held`, `released`, `warning` or `failed`.
    #[napi(js_name = "type")]
    pub kind: &'static str,
    /// Number of the transaction.
    pub epoch: f64,
    /// The net changes of what is told.
    pub changes: Vec<EngineChange>,
    /// True when events were lost and the changes come from looking at the disk.
    pub rescan: bool,
    /// True when a look found some of the changes: they may have happened long before.
    pub looked: bool,
    /// Code of a warning or failure.
    pub code: String,
    /// Message of a warning or failure.
    pub message: String,
}

/// What the engine holds at the moment.
#[napi(object, object_from_js = false)]
pub struct EngineStats {
    /// Directories known.
    pub directories: f64,
    /// Files known.
    pub files: f64,
    /// Watches held at the operating system.
    pub watches: f64,
    /// Whether updates are held.
    pub held: bool,
    /// Paths whose changes wait for the release.
    pub waiting: f64,
}

/// Watcher, transactions and graphs of one server.
#[napi]
pub struct Engine {
    core: Arc<Core>,
    graphs: Arc<Graphs>,
}

#[napi]
impl Engine {
    /// Starts the engine's threads; `on_event` is called on the event loop and does not keep it alive.
    #[napi(constructor)]
    pub fn new(
        options: EngineOptions,
        #[napi(ts_arg_type = "(event: EngineEvent) => void")] on_event: Function<EngineEvent, ()>,
    ) -> Result<Self> {
        let to_js = on_event
            .build_threadsafe_function()
            .weak::<true>()
            .callee_handled::<false>()
            .build()
            .map_err(|error| napi::Error::new("BINO_THREAD_START".to_owned(), error.reason.clone()))?;
        let graphs = Arc::new(Graphs::default());
        let used = Arc::clone(&graphs);
        let core = guard(|| {
            Core::start(core_options(options), used, move |event| {
                // A full or closing queue means that the environment is going away, and with it whoever would listen.
                to_js.call(event_to_js(event), ThreadsafeFunctionCallMode::NonBlocking);
            })
        })?;
        Ok(Self { core: Arc::new(core), graphs })
    }

    /// Watches more files or folders.
    #[napi]
    pub fn add(&self, paths: Vec<String>) -> Result<()> {
        guard(|| {
            self.core.add(to_paths(paths));
            Ok(())
        })
    }

    /// Watches what globs match.
    #[napi]
    pub fn add_globs(&self, globs: Vec<String>) -> Result<()> {
        guard(|| {
            self.core.add_globs(globs);
            Ok(())
        })
    }

    /// Watches single files wherever they lie: those that are there, then those that are not.
    #[napi]
    pub fn watch_files(&self, files: Vec<String>) -> Result<()> {
        guard(|| {
            let files = to_paths(files);
            self.core.use_files(files.clone());
            self.core.await_files(files);
            Ok(())
        })
    }

    /// Stops watching them.
    #[napi]
    pub fn unwatch(&self, paths: Vec<String>) -> Result<()> {
        guard(|| {
            self.core.unwatch(to_paths(paths));
            Ok(())
        })
    }

    /// From here on changes are told as `held` and wait.
    #[napi]
    pub fn hold(&self) -> Result<()> {
        guard(|| {
            self.core.hold();
            Ok(())
        })
    }

    /// What waited comes as `released`, once; nothing comes without a hold.
    #[napi]
    pub fn release(&self) -> Result<()> {
        guard(|| {
            self.core.release();
            Ok(())
        })
    }

    /// Every watched directory with the names in it.
    #[napi]
    pub fn watched(&self) -> Result<BTreeMap<String, Vec<String>>> {
        guard(|| self.core.watched())
    }

    /// Figures of the moment.
    #[napi]
    pub fn stats(&self) -> Result<EngineStats> {
        let stats = guard(|| self.core.stats())?;
        Ok(EngineStats {
            directories: stats.directories as f64,
            files: stats.files as f64,
            watches: stats.watches as f64,
            held: stats.held,
            waiting: stats.waiting as f64,
        })
    }

    /// Opens an empty graph for one environment and gives its number.
    #[napi]
    pub fn open_graph(&self) -> Result<u32> {
        guard(|| Ok(self.graphs.open() as u32))
    }

    /// Applies one delta of the mirror.
    #[napi]
    pub fn apply_delta(&self, graph: u32, words: &[u32], strings: Vec<String>) -> Result<()> {
        guard(|| match self.graphs.get(graph as usize) {
            Some(graph) => {
                let new = graph.write().apply(words, strings)?;
                if !new.is_empty() {
                    self.core.use_files(new.iter().map(|file| PathBuf::from(&**file)).collect());
                }
                Ok(())
            }
            None => Err(Error::Delta { offset: 0, what: "the number of an open graph" }),
        })
    }

    /// Works out ahead of the next walk, on the pool, what the last delta made stale.
    #[napi]
    pub fn prepare(&self, graph: u32) -> Result<()> {
        guard(|| {
            if let Some(graph) = self.graphs.get(graph as usize) {
                self.core.pool()?.spawn(move || {
                    // A panic would end the process here. The walk works the same out, and there it is an error.
                    let _ = catch_unwind(AssertUnwindSafe(|| graph.read().prepare()));
                });
            }
            Ok(())
        })
    }

    /// One walk over the environments of the request.
    #[napi]
    pub fn walk(&self, request: &[u32]) -> Result<Vec<Uint32Array>> {
        let answers = guard(|| walk(&self.graphs, request, &*self.core.pool()?))?;
        Ok(answers.into_iter().map(Uint32Array::new).collect())
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
        AsyncTask::new(Close { core: Arc::clone(&self.core), graphs: Some(Arc::clone(&self.graphs)) })
    }
}

/// Joins the engine's threads away from the event loop.
pub struct Close {
    core: Arc<Core>,
    graphs: Option<Arc<Graphs>>,
}

impl Close {
    pub(super) fn new(core: &Arc<Core>) -> Self {
        Self { core: Arc::clone(core), graphs: None }
    }
}

impl Task for Close {
    type Output = ();
    type JsValue = ();

    fn compute(&mut self) -> napi::Result<()> {
        self.core.close();
        if let Some(graphs) = &self.graphs {
            graphs.clear();
        }
        Ok(())
    }

    fn resolve(&mut self, _env: Env, _output: ()) -> napi::Result<()> {
        Ok(())
    }
}

pub(super) fn core_options(options: EngineOptions) -> CoreOptions {
    CoreOptions {
        roots: to_paths(options.roots),
        extra: to_paths(options.extra),
        ignore: options.ignore,
        always_ignore: options.always_ignore,
        gitignore: options.gitignore.unwrap_or_default(),
        depth: options.depth,
        debounce: options.debounce.map(milliseconds),
        poll: poll_options(options.poll, options.interval, options.rest_interval),
        threads: options.threads as usize,
        ..CoreOptions::default()
    }
}

fn poll_options(poll: Option<bool>, interval: Option<f64>, rest: Option<f64>) -> PollOptions {
    let defaults = PollOptions::default();
    let interval = interval.map_or(defaults.interval, milliseconds);
    let mode = match poll {
        None => PollMode::Needed,
        Some(false) => PollMode::Never,
        Some(true) => PollMode::Always,
    };
    PollOptions { mode, interval, rest: rest.map_or(defaults.rest, milliseconds).max(interval) }
}

/// Negative and infinite numbers cannot be durations. JavaScript checks ours and bounds Vite's: zero is only a fallback.
fn milliseconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value / 1000.0).unwrap_or_default()
}

fn to_paths(paths: Vec<String>) -> Vec<PathBuf> {
    paths.into_iter().map(PathBuf::from).collect()
}

fn event_to_js(event: CoreEvent) -> EngineEvent {
    let empty = |kind| EngineEvent {
        kind,
        epoch: 0.0,
        changes: Vec::new(),
        rescan: false,
        looked: false,
        code: String::new(),
        message: String::new(),
    };
    let problem = |kind, error: Error| EngineEvent {
        code: error.code().into(),
        message: error.to_string(),
        ..empty(kind)
    };
    let told = |kind, batch: ChangeBatch| EngineEvent {
        epoch: batch.epoch as f64,
        changes: batch.changes.into_iter().map(change_to_js).collect(),
        rescan: batch.rescan,
        looked: batch.looked,
        ..empty(kind)
    };
    match event {
        CoreEvent::Ready(_) => empty("ready"),
        CoreEvent::Batch(batch) | CoreEvent::Update(batch, _) => told("batch", batch),
        CoreEvent::Released(batch) => told("released", batch),
        CoreEvent::Held(changes) => {
            EngineEvent { changes: changes.into_iter().map(change_to_js).collect(), ..empty("held") }
        }
        CoreEvent::Warning(error) => problem("warning", error),
        CoreEvent::Failed(error) => problem("failed", error),
    }
}

pub(super) fn change_to_js(change: Change) -> EngineChange {
    let kind = match change.kind {
        ChangeKind::Create => "create",
        ChangeKind::Update => "update",
        ChangeKind::Delete => "delete",
    };
    let entry = match change.entry {
        EntryType::File => "file",
        EntryType::Directory => "directory",
    };
    EngineChange { kind, path: change.path, entry }
}
