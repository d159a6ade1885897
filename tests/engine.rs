//! The engine's life: how it starts, fails and ends. Its own process, and one test at a time, because it counts the
//! process's threads and open files.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bino_hmr::change::{Change, ChangeBatch, ChangeKind};
use bino_hmr::engine::{Engine, EngineEvent, EngineOptions, PollMode, PollOptions, UsedFiles};
use bino_hmr::project::ProjectUpdate;
use crossbeam_channel::Receiver;

const DEADLINE: Duration = Duration::from_secs(20);

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

struct NoGraph;

impl UsedFiles for NoGraph {
    fn knows(&self, _: &str) -> bool {
        false
    }
    fn is_used(&self, _: &str) -> bool {
        false
    }
}

fn options(root: &Path) -> EngineOptions {
    EngineOptions { roots: vec![root.to_owned()], threads: 3, ..EngineOptions::default() }
}

fn start(options: EngineOptions) -> (Engine, Receiver<EngineEvent>) {
    let (sender, events) = crossbeam_channel::unbounded();
    let engine = Engine::start(options, Arc::new(NoGraph), move |event| sender.send(event).unwrap()).unwrap();
    (engine, events)
}

fn ready(events: &Receiver<EngineEvent>) {
    assert!(matches!(events.recv_timeout(DEADLINE), Ok(EngineEvent::Ready(_))));
}

/// The process's threads by name, without the test harness's own.
#[cfg(target_os = "linux")]
fn threads() -> Vec<String> {
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).ok();
    let ours = |name: &String| name.starts_with("bino") || name.starts_with("notify");
    std::fs::read_dir("/proc/self/task").unwrap().flatten().filter_map(name).filter(ours).collect()
}

#[cfg(target_os = "linux")]
fn inotify_handles() -> usize {
    let target = |fd: std::fs::DirEntry| std::fs::read_link(fd.path()).ok();
    let is_inotify = |path: &PathBuf| path.to_string_lossy().contains("inotify");
    std::fs::read_dir("/proc/self/fd").unwrap().flatten().filter_map(target).filter(is_inotify).count()
}

#[cfg(target_os = "linux")]
#[test]
fn close_leaves_nothing_behind() {
    let _alone = alone();
    let temp = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let (engine, events) = start(options(temp.path()));
        if round % 2 == 0 {
            ready(&events);
            // The engine's, notify's and three of the pool. A thread names itself, a little after it was started.
            while threads().len() < 5 {
                std::thread::yield_now();
            }
            assert_eq!(threads().len(), 5, "{:?}", threads());
            assert_eq!(inotify_handles(), 1);
        }
        engine.close();
        assert_eq!(threads(), Vec::<String>::new(), "round {round}");
        assert_eq!(inotify_handles(), 0);
        engine.close();
        drop(engine);
    }
}

#[test]
fn nothing_is_told_after_close() {
    let _alone = alone();
    let temp = tempfile::tempdir().unwrap();
    let (engine, events) = start(options(temp.path()));
    ready(&events);
    std::fs::write(temp.path().join("a"), "1").unwrap();
    engine.close();
    while events.try_recv().is_ok() {}
    std::fs::write(temp.path().join("b"), "1").unwrap();
    // The sink is gone, and the sender with it.
    assert!(events.recv().is_err());
    assert_eq!(engine.watched().unwrap_err().code(), "BINO_ENGINE_CLOSED");
    assert_eq!(engine.stats().unwrap_err().code(), "BINO_ENGINE_CLOSED");
    assert_eq!(engine.pool().unwrap_err().code(), "BINO_ENGINE_CLOSED");
    engine.add(vec![temp.path().to_owned()]);
}

#[test]
fn a_thread_that_was_left_alone_tells_nothing_after_close() {
    let _alone = alone();
    let temp = tempfile::tempdir().unwrap();
    let (sender, events) = crossbeam_channel::unbounded();
    let (open, gate) = crossbeam_channel::bounded::<()>(0);
    let engine = Engine::start(options(temp.path()), Arc::new(NoGraph), move |event| {
        let is_batch = matches!(event, EngineEvent::Batch(_));
        sender.send(event).unwrap();
        if is_batch {
            // As if it hung in the kernel. An error says that the other end is gone, which is what it waits for.
            let _ = gate.recv();
        }
    })
    .unwrap();
    ready(&events);
    std::fs::write(temp.path().join("a"), "1").unwrap();
    assert!(matches!(events.recv_timeout(DEADLINE), Ok(EngineEvent::Batch(_))));
    // What it would tell next.
    engine.fault();
    engine.close();
    drop(open);
    assert_eq!(events.recv_timeout(DEADLINE).err(), Some(crossbeam_channel::RecvTimeoutError::Disconnected));
}

#[test]
fn close_within_the_sink_does_not_wait_for_itself() {
    let _alone = alone();
    let temp = tempfile::tempdir().unwrap();
    let slot: Arc<Mutex<Option<Engine>>> = Arc::default();
    let (done, told) = crossbeam_channel::bounded(1);
    let inside = Arc::clone(&slot);
    let engine = Engine::start(options(temp.path()), Arc::new(NoGraph), move |_| {
        // Waits until `start` has returned and the engine is in its slot.
        loop {
            if let Some(engine) = inside.lock().unwrap().as_ref() {
                engine.close();
                break;
            }
            std::thread::yield_now();
        }
        done.send(()).unwrap();
    })
    .unwrap();
    *slot.lock().unwrap() = Some(engine);
    told.recv_timeout(DEADLINE).unwrap();
    let engine = slot.lock().unwrap().take().unwrap();
    engine.close();
}

#[test]
fn a_fault_is_told_and_ends_the_engine() {
    let _alone = alone();
    let temp = tempfile::tempdir().unwrap();
    let (engine, events) = start(options(temp.path()));
    ready(&events);
    engine.fault();
    match events.recv_timeout(DEADLINE) {
        Ok(EngineEvent::Failed(error)) => {
            assert_eq!(error.code(), "BINO_ENGINE_PANIC");
            assert!(error.to_string().contains("bino-engine"), "{error}");
        }
        other => panic!("expected Failed, got {other:?}"),
    }
    assert!(events.recv().is_err(), "Failed is the last event");
    assert_eq!(engine.watched().unwrap_err().code(), "BINO_ENGINE_CLOSED");
    engine.close();
    #[cfg(target_os = "linux")]
    assert_eq!((threads(), inotify_handles()), (Vec::new(), 0));
}

#[test]
fn a_wrong_option_leaves_nothing_running() {
    let _alone = alone();
    let temp = tempfile::tempdir().unwrap();
    let missing = options(&temp.path().join("missing"));
    let bad = EngineOptions { ignore: vec!["**/[".into()], ..options(temp.path()) };
    for (options, code) in [(missing, "BINO_ROOT_MISSING"), (bad, "BINO_GLOB_INVALID")] {
        let Err(error) = Engine::start(options, Arc::new(NoGraph), |_| {}) else { panic!("expected {code}") };
        assert_eq!(error.code(), code);
        #[cfg(target_os = "linux")]
        assert_eq!((threads(), inotify_handles()), (Vec::new(), 0));
    }
}

#[test]
fn the_pool_is_shared() {
    let _alone = alone();
    let temp = tempfile::tempdir().unwrap();
    let (engine, events) = start(options(temp.path()));
    ready(&events);
    assert_eq!(engine.pool().unwrap().install(rayon::current_num_threads), 3);
}

/// Kilobytes of memory that the process has at the moment.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

/// `cargo test --release --no-default-features --test engine -- --ignored --nocapture --test-threads 1`
#[test]
#[ignore = "a measurement"]
fn start_time() {
    let _alone = alone();
    let temp = tempfile::tempdir().unwrap();
    let files: u32 =
        std::env::var("BINO_MEASURE_FILES").map_or(100_000, |files| files.parse().expect("a number"));
    std::fs::write(temp.path().join(".gitignore"), "dist\n*.log\n/tmp/\n").unwrap();
    for n in 0..files / 10 {
        let dir = temp.path().join(format!("{}/{}/{n}", n % 10, n % 500));
        std::fs::create_dir_all(&dir).unwrap();
        for file in 0..10 {
            std::fs::write(dir.join(format!("component-{file}.tsx")), "").unwrap();
        }
    }
    for round in 0..10 {
        // Every other time without watches, to see what they cost.
        let start_of_raw = std::time::Instant::now();
        let mut raw = notify::recommended_watcher(|_| {}).unwrap();
        notify::Watcher::watch(&mut raw, temp.path(), notify::RecursiveMode::Recursive).unwrap();
        let raw_took = start_of_raw.elapsed();
        drop(raw);
        let mode = if round % 2 == 1 { PollMode::Always } else { PollMode::Never };
        let poll = PollOptions { mode, ..PollOptions::default() };
        let gitignore = round % 4 < 2;
        let before = resident();
        let (engine, events) = start(EngineOptions { threads: 2, poll, gitignore, ..options(temp.path()) });
        let Ok(EngineEvent::Ready(stats)) = events.recv_timeout(DEADLINE) else { panic!("not ready") };
        let grown = resident().saturating_sub(before);
        let closing = std::time::Instant::now();
        engine.close();
        println!(
            "{stats:?}, closed in {:?}, {grown} kB more, gitignore {gitignore}, raw {raw_took:?}",
            closing.elapsed()
        );
    }
}

/// The same command.
#[test]
#[ignore = "a measurement"]
fn save_latency() {
    struct AllKnown;
    impl UsedFiles for AllKnown {
        fn knows(&self, _: &str) -> bool {
            true
        }
        fn is_used(&self, _: &str) -> bool {
            true
        }
    }
    let _alone = alone();
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("a.js");
    std::fs::write(&file, "1").unwrap();
    let (sender, events) = crossbeam_channel::unbounded();
    let engine = Engine::start(options(temp.path()), Arc::new(AllKnown), move |event| {
        sender.send((std::time::Instant::now(), event)).unwrap();
    })
    .unwrap();
    events.recv_timeout(DEADLINE).unwrap();
    let mut delays: Vec<Duration> = Vec::new();
    for round in 0..200 {
        // Apart enough not to be taken for a loop over files.
        std::thread::sleep(Duration::from_millis(30));
        std::fs::write(&file, format!("{round}")).unwrap();
        let saved = std::time::Instant::now();
        let (told, _) = events.recv_timeout(DEADLINE).unwrap();
        delays.push(told.saturating_duration_since(saved));
    }
    engine.close();
    delays.sort();
    println!("from the end of a save to the sink: median {:?}, worst {:?}", delays[100], delays[199]);
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn update(events: &Receiver<EngineEvent>) -> (ChangeBatch, ProjectUpdate) {
    match events.recv_timeout(DEADLINE) {
        Ok(EngineEvent::Update(batch, update)) => (batch, *update),
        other => panic!("expected Update, got {other:?}"),
    }
}

/// Updates until one says this; a write can be seen in two.
fn update_with(events: &Receiver<EngineEvent>, says: impl Fn(&ProjectUpdate) -> bool) -> ProjectUpdate {
    loop {
        let (_, update) = update(events);
        if says(&update) {
            return update;
        }
    }
}

#[test]
fn with_entries_each_batch_comes_with_what_it_did_to_the_graph() {
    let _alone = alone();
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().canonicalize().unwrap().join("app");
    let outside = temp.path().canonicalize().unwrap().join("packages/lib/src");
    write(&root.join("main.ts"), "import './a'\nimport '../packages/lib/src/index'\n");
    write(&root.join("a.ts"), "import './gone'\n");
    write(&outside.join("index.ts"), "");
    let (engine, events) =
        start(EngineOptions { entries: vec!["main.ts".into(), "none.ts".into()], ..options(&root) });
    ready(&events);
    let path = |name: &str| root.join(name).to_str().unwrap().to_owned();
    let graph = engine.graph().unwrap().unwrap();
    let modules: Vec<_> = graph.modules.iter().map(|module| module.url.clone()).collect();
    let lib = outside.join("index.ts").to_str().unwrap().to_owned();
    assert_eq!(modules, ["/a.ts", "/main.ts", &format!("/@fs{lib}")]);
    let codes: Vec<_> = graph.diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, ["BINO_RESOLVE_NOT_FOUND", "BINO_PROJECT_ENTRY"]);

    std::fs::write(root.join("gone.ts"), "import.meta.hot.accept()").unwrap();
    let mended = update_with(&events, |update| !update.added.is_empty());
    assert_eq!(mended.added.iter().map(ToString::to_string).collect::<Vec<_>>(), [path("gone.ts")]);
    assert!(mended.diagnostics.iter().all(|found| found.code == "BINO_PROJECT_ENTRY"), "{mended:?}");
    std::fs::write(root.join("gone.ts"), "import.meta.hot.accept() // again").unwrap();
    let accepted = update_with(&events, |update| !update.boundaries.is_empty());
    assert_eq!(&*accepted.boundaries[0].boundary, path("gone.ts"));

    // Outside of the root, watched because the graph uses it.
    std::fs::write(&lib, "export const changed = 1").unwrap();
    let reload = update_with(&events, |update| !update.dead_ends.is_empty());
    assert_eq!(&*reload.dead_ends[0].chain[0], lib);
    let before = engine.stats().unwrap().epoch;
    std::fs::remove_file(root.join("a.ts")).unwrap();
    let gone = |change: &Change| change.kind == ChangeKind::Delete && change.path == path("a.ts");
    // A write before may have been seen in two.
    let batch = loop {
        let (batch, _) = update(&events);
        if batch.changes.iter().any(gone) {
            break batch;
        }
    };
    assert!(batch.epoch > before);
    let graph = engine.graph().unwrap().unwrap();
    assert_eq!(graph.modules.len(), 2, "{graph:?}");
    engine.close();
    assert_eq!(engine.graph().unwrap_err().code(), "BINO_ENGINE_CLOSED");
}

#[test]
fn with_entries_too_a_formatter_is_three_updates_at_most() {
    let _alone = alone();
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().canonicalize().unwrap();
    let modules: Vec<PathBuf> = (0..20).map(|n| root.join(format!("{n}.js"))).collect();
    let imports: String = (0..20).map(|n| format!("import './{n}.js'\n")).collect();
    write(&root.join("main.js"), &imports);
    for module in &modules {
        write(module, "");
    }
    let (engine, events) = start(EngineOptions { entries: vec!["main.js".into()], ..options(&root) });
    ready(&events);
    // A busy machine may pause the writer, or us, for longer than a series may: there are rounds until one is good.
    let deadline = std::time::Instant::now() + 3 * DEADLINE;
    let mut rounds = (0..).take_while(|_| std::time::Instant::now() < deadline).map(|round| {
        for module in &modules {
            std::fs::write(module, format!("export default {round}")).unwrap();
            // The formatter's own work on the next file.
            std::thread::sleep(Duration::from_millis(25));
        }
        let mut told = std::collections::BTreeSet::new();
        let mut updates = 0;
        while told.len() < modules.len() {
            let (batch, _) = update(&events);
            updates += 1;
            told.extend(batch.changes.into_iter().map(|change| change.path));
        }
        updates
    });
    // The first two go out at once; from the third on it is a series.
    assert!(rounds.any(|updates| updates <= 3));
    engine.close();
}

#[test]
fn a_generated_module_that_entries_reach_is_watched_although_it_is_ignored() {
    let _alone = alone();
    let temp = tempfile::tempdir().unwrap();
    let root = temp.path().canonicalize().unwrap();
    write(&root.join(".gitignore"), "generated\n");
    write(&root.join("main.ts"), "import './generated/api'\n");
    write(&root.join("generated/api.ts"), "");
    let (engine, events) =
        start(EngineOptions { entries: vec!["main.ts".into()], gitignore: true, ..options(&root) });
    ready(&events);
    assert_eq!(engine.stats().unwrap().directories, 1);
    write(&root.join("generated/api.ts"), "export const a = 1");
    let update = update_with(&events, |update| !update.dead_ends.is_empty());
    assert_eq!(&*update.dead_ends[0].chain[0], root.join("generated/api.ts").to_str().unwrap());
    engine.close();
}

#[test]
fn without_entries_there_is_no_graph() {
    let _alone = alone();
    let temp = tempfile::tempdir().unwrap();
    let (engine, events) = start(options(temp.path()));
    ready(&events);
    assert_eq!(engine.graph().unwrap(), None);
}

#[test]
fn close_does_not_wait_for_the_first_build() {
    let _alone = alone();
    let temp = tempfile::tempdir().unwrap();
    let mut main = String::new();
    for index in 0..2000 {
        main += &format!("import './m{index}'\n");
        std::fs::write(temp.path().join(format!("m{index}.ts")), format!("export const a = {index}"))
            .unwrap();
    }
    std::fs::write(temp.path().join("main.ts"), main).unwrap();
    for _ in 0..10 {
        let (engine, events) =
            start(EngineOptions { entries: vec!["main.ts".into()], ..options(temp.path()) });
        engine.close();
        assert!(events.iter().all(|event| matches!(event, EngineEvent::Ready(_))));
    }
}
