//! A temporary directory with an engine on it. Owns waiting: for a change, and for quiescence.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bino_hmr::change::{Change, ChangeBatch, ChangeKind, Combined, EntryType};
use bino_hmr::engine::{Engine, EngineEvent, EngineOptions, PollMode, PollOptions, Stats, UsedFiles};
use bino_hmr::error::Error;
use crossbeam_channel::Receiver;

/// Long enough for a machine that does three other things; a test that passes never waits for it.
const DEADLINE: Duration = Duration::from_secs(20);

/// The files that a module graph would know.
#[derive(Default)]
pub struct Graph {
    pub known: Mutex<BTreeSet<String>>,
    pub used: Mutex<BTreeSet<String>>,
}

impl UsedFiles for Graph {
    fn knows(&self, path: &str) -> bool {
        self.known.lock().unwrap().contains(path)
    }
    fn is_used(&self, path: &str) -> bool {
        self.used.lock().unwrap().contains(path)
    }
    fn files(&self, at_most: usize) -> Vec<String> {
        self.known.lock().unwrap().iter().take(at_most).cloned().collect()
    }
}

pub struct Lab {
    pub engine: Engine,
    pub events: Receiver<EngineEvent>,
    pub graph: Arc<Graph>,
    /// Warnings from before it was ready.
    pub early: Vec<Error>,
    pub ready: Stats,
    temp: Arc<tempfile::TempDir>,
    /// Whoever has this keeps the engine's thread in the sink, from when it is told of a gate on.
    gate: Arc<Mutex<()>>,
    sentinels: u32,
}

/// A directory to be filled before the engine starts.
pub struct Bench {
    temp: Arc<tempfile::TempDir>,
}

impl Bench {
    pub fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        std::fs::create_dir(temp.path().join("root")).unwrap();
        Self { temp: Arc::new(temp) }
    }

    pub fn with(self, files: &[&str]) -> Self {
        for file in files {
            write(&self.at(file), "1");
        }
        self
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.temp.path().join(path)
    }

    pub fn start(self) -> Lab {
        self.start_with(|_, _| {})
    }

    /// With a sink that hangs after each batch, until the other end of the channel is gone.
    pub fn start_slow(self, until: Receiver<()>) -> Lab {
        self.launch(
            |_, _| {},
            move || {
                // An error says that the other end is gone, which is what it waits for.
                let _ = until.recv();
            },
        )
    }

    pub fn start_with(self, set: impl FnOnce(&mut EngineOptions, &Path)) -> Lab {
        self.launch(set, || {})
    }

    fn launch(self, set: impl FnOnce(&mut EngineOptions, &Path), hang: impl Fn() + Send + 'static) -> Lab {
        let mut options =
            EngineOptions { roots: vec![self.at("root")], threads: 2, ..EngineOptions::default() };
        set(&mut options, self.temp.path());
        let graph = Arc::new(Graph::default());
        let (sender, events) = crossbeam_channel::unbounded();
        let used: Arc<dyn UsedFiles> = graph.clone();
        let gate: Arc<Mutex<()>> = Arc::default();
        let closed = Arc::clone(&gate);
        let engine = Engine::start(options, used, move |event| {
            let is_batch = matches!(event, EngineEvent::Batch(_));
            let is_gate = is_gate(&event);
            // A test that has ended does not listen.
            let _ = sender.send(event);
            if is_batch {
                hang();
            }
            if is_gate {
                drop(closed.lock());
            }
        })
        .unwrap();
        let mut early = Vec::new();
        let ready = loop {
            match events.recv_timeout(DEADLINE).unwrap() {
                EngineEvent::Ready(stats) => break stats,
                EngineEvent::Warning(error) => early.push(error),
                other => panic!("expected Ready, got {other:?}"),
            }
        };
        Lab { engine, events, graph, early, ready, temp: self.temp, gate, sentinels: 0 }
    }
}

impl Lab {
    pub fn at(&self, path: &str) -> PathBuf {
        self.temp.path().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        write(&self.at(path), text);
    }

    /// Writes at the end of a file that is there: in one step, unlike [`Lab::write`], which truncates it first.
    pub fn append(&self, path: &str, text: &str) {
        append(&self.at(path), text);
    }

    /// Lets a file come in one step. Nothing else of what happens to it is a sign.
    pub fn move_in(&self, path: &str, text: &str) {
        let spare = self.at("spare");
        write(&spare, text);
        std::fs::rename(spare, self.at(path)).unwrap();
    }

    /// Makes the graph know files, as modules that others import.
    pub fn use_files(&self, paths: &[&str]) {
        for path in paths {
            let path = self.at(path).to_str().unwrap().to_owned();
            self.graph.known.lock().unwrap().insert(path.clone());
            self.graph.used.lock().unwrap().insert(path);
        }
    }

    /// Closes the engine and starts another one on the same directory.
    pub fn restart(self, set: impl FnOnce(&mut EngineOptions, &Path)) -> Lab {
        self.engine.close();
        Bench { temp: self.temp }.start_with(set)
    }

    pub fn warning(&self) -> bino_hmr::error::Error {
        match self.events.recv_timeout(DEADLINE).unwrap() {
            EngineEvent::Warning(warning) => warning,
            other => panic!("expected a warning, got {other:?}"),
        }
    }

    pub fn batch(&self) -> ChangeBatch {
        self.batch_within(DEADLINE).expect("no batch came")
    }

    /// The next event of any kind.
    pub fn event(&self) -> EngineEvent {
        self.events.recv_timeout(DEADLINE).expect("no event came")
    }

    pub fn batch_within(&self, timeout: Duration) -> Option<ChangeBatch> {
        match self.events.recv_timeout(timeout) {
            Ok(EngineEvent::Batch(batch)) => Some(batch),
            Ok(other) => panic!("expected a batch, got {other:?}"),
            Err(_) => None,
        }
    }

    /// Everything up to now, as batches: a sentinel file is written and its change awaited. What the sentinel itself
    /// causes is left out.
    pub fn quiesce(&mut self) -> Vec<ChangeBatch> {
        let mut batches = Vec::new();
        let mut looked = false;
        loop {
            let (rescan, found) = self.sentinel(&mut batches);
            // A look may have passed by what was written before the sentinel, and found the sentinel itself. The next one
            // begins later. After a rescan signs of what it saw may still be on their way.
            if !rescan && (!found || looked) {
                return batches;
            }
            looked = found;
        }
    }

    /// Writes a sentinel and takes in the batches up to the one with it; gives whether that was a rescan, and whether a
    /// look found it.
    fn sentinel(&mut self, batches: &mut Vec<ChangeBatch>) -> (bool, bool) {
        self.sentinels += 1;
        let name = format!("root/.sentinel-{}", self.sentinels);
        self.write(&name, "");
        let sentinel = self.at(&name).to_str().unwrap().to_owned();
        let deadline = Instant::now() + DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut batch = self.batch_within(left).expect("the sentinel was not seen");
            let done = batch.changes.iter().any(|change| change.path == sentinel);
            let how = (batch.rescan, batch.looked);
            batch.changes.retain(|change| !change.path.contains("/.sentinel-"));
            if !batch.changes.is_empty() {
                batches.push(batch);
            }
            if done {
                return how;
            }
        }
    }

    /// What all batches up to now add up to, one change for each path, as `+f path` (`+` created, `~` updated,
    /// `-` deleted; `f` file, `d` directory), with paths below the temporary directory.
    ///
    /// A busy machine pauses whoever writes in the middle of anything, also between the two halves of a write, which
    /// truncates first. Then it is told twice, as it should be. What has to be told once is the business of
    /// [`Lab::at_once`] and of `told`.
    pub fn changes(&mut self) -> Vec<String> {
        let batches = self.quiesce();
        self.sum(batches)
    }

    /// What batches add up to.
    pub fn sum(&self, batches: Vec<ChangeBatch>) -> Vec<String> {
        let mut combined = Combined::default();
        batches.into_iter().for_each(|batch| combined.add(batch));
        combined.take().map_or_else(Vec::new, |batch| self.show(&batch))
    }

    /// The changes of all batches up to now, as they were told.
    pub fn told(&mut self) -> Vec<String> {
        let batches = self.quiesce();
        batches.iter().flat_map(|batch| self.show(batch)).collect()
    }

    /// The changes that the engine tells if it sees all that `act` does as one: its thread hangs meanwhile, however long a
    /// busy machine takes for it, and comes to it when all signs are at hand.
    pub fn at_once(&mut self, act: impl FnOnce(&Lab)) -> Vec<String> {
        let gate = Arc::clone(&self.gate);
        let closed = gate.lock().unwrap();
        self.engine.hold();
        self.sentinels += 1;
        self.write(&format!("root/.gate-{}", self.sentinels), "");
        while !is_gate(&self.event()) {}
        act(self);
        self.engine.release();
        drop(closed);
        let mut told = Vec::new();
        loop {
            match self.event() {
                EngineEvent::Held(changes) => {
                    told.extend(self.show(&ChangeBatch { changes, ..ChangeBatch::default() }));
                }
                EngineEvent::Released(_) => return told,
                other => panic!("expected Held or Released, got {other:?}"),
            }
        }
    }

    pub fn show(&self, batch: &ChangeBatch) -> Vec<String> {
        batch.changes.iter().map(|change| self.show_one(change)).collect()
    }

    fn show_one(&self, change: &Change) -> String {
        let kind = match change.kind {
            ChangeKind::Create => '+',
            ChangeKind::Update => '~',
            ChangeKind::Delete => '-',
        };
        let entry = match change.entry {
            EntryType::File => 'f',
            EntryType::Directory => 'd',
        };
        let base = self.temp.path().to_str().unwrap();
        let path = change.path.strip_prefix(base).unwrap_or(&change.path).trim_start_matches('/');
        format!("{kind}{entry} {path}")
    }

    /// `watched()`, with paths below the temporary directory.
    pub fn watched(&self) -> Vec<(String, Vec<String>)> {
        let base = self.temp.path().to_str().unwrap();
        let short =
            |path: String| path.strip_prefix(base).unwrap_or(&path).trim_start_matches('/').to_owned();
        self.engine.watched().unwrap().into_iter().map(|(dir, names)| (short(dir), names)).collect()
    }
}

/// Whether this is what [`Lab::at_once`] waits for.
fn is_gate(event: &EngineEvent) -> bool {
    let EngineEvent::Held(changes) = event else { return false };
    changes.iter().any(|change| change.path.contains("/.gate-"))
}

/// Repeats a round until it is good, and gives it. For what is promised of a program that is not held up: a busy machine
/// may pause it, or us, for longer than a quiet period. If no round is good before the deadline it gives the last.
pub fn until_good<T>(mut round: impl FnMut(u32) -> T, is_good: impl Fn(&T) -> bool) -> T {
    let deadline = Instant::now() + 3 * DEADLINE;
    let mut number = 0;
    loop {
        let came = round(number);
        if is_good(&came) || Instant::now() > deadline {
            return came;
        }
        number += 1;
    }
}

/// Polls everything.
pub fn always(interval: Duration) -> PollOptions {
    PollOptions { mode: PollMode::Always, interval, rest: interval }
}

/// See [`Lab::append`].
pub fn append(path: &Path, text: &str) {
    let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
}

pub fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
