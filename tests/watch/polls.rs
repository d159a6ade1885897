//! Where the kernel does not tell. What is silent here is real: an overlay does not tell of what is written to the
//! directories that it is made of, past it. Such a mount needs a namespace of its own, so these tests run again as a
//! child process in one.

use std::fs;
use std::path::Path;
use std::time::Duration;

use bino_hmr::engine::{EngineEvent, PollMode, PollOptions};

use crate::child;
use crate::lab::{Bench, Lab, always, append, until_good, write};

/// A table of mounts that says that `root` lies on a mount of this kind.
fn table(temp: &Path, kind: &str) -> std::path::PathBuf {
    let root = temp.join("root").display().to_string().replace(' ', "\\040");
    let text = format!("1 0 8:1 / / rw - ext4 none rw\n2 1 0:9 / {root} rw - {kind} none rw\n");
    let table = temp.join("mountinfo");
    fs::write(&table, text).unwrap();
    table
}

/// Mounts an overlay at `root`; what is written below the folder that this gives appears in it without an event.
fn overlay(bench: &Bench) -> std::path::PathBuf {
    for dir in ["lower", "upper", "work"] {
        fs::create_dir_all(bench.at(dir)).unwrap();
    }
    let show = |path: &str| bench.at(path).display().to_string();
    let options = format!("lowerdir={},upperdir={},workdir={}", show("lower"), show("upper"), show("work"));
    child::run("mount", &["-t", "overlay", "overlay", "-o", &options, &show("root")]);
    bench.at("upper")
}

/// The only warning from before the engine was ready.
fn early(lab: &Lab, code: &str) -> String {
    let told: Vec<_> = lab.early.iter().map(|error| (error.code(), error.to_string())).collect();
    assert!(matches!(told.as_slice(), [(only, _)] if *only == code), "{told:?}");
    told[0].1.clone()
}

/// Waits for a warning with this code, and for batches on the way.
fn warning(lab: &Lab, code: &str) -> (String, Vec<String>) {
    let mut told = Vec::new();
    loop {
        match lab.event() {
            EngineEvent::Warning(error) if error.code() == code => return (error.to_string(), told),
            EngineEvent::Batch(batch) => told.extend(lab.show(&batch)),
            other => panic!("expected {code}, got {other:?}"),
        }
    }
}

#[test]
fn a_mount_that_does_not_tell_is_polled_and_says_so_once() {
    if child::skips_or_runs(
        "polls::a_mount_that_does_not_tell_is_polled_and_says_so_once",
        &["unshare", "-m"],
    ) {
        return;
    }
    let bench = Bench::new();
    let behind = overlay(&bench);
    write(&bench.at("root/src/a.js"), "1");
    write(&bench.at("root/src/deep/b.js"), "1");
    write(&bench.at("root/node_modules/c.js"), "1");
    let mut lab = bench.start_with(|options, temp| {
        options.mounts = Some(table(temp, "nfs4"));
        options.ignore = vec!["**/node_modules/**".into()];
    });
    let message = early(&lab, "BINO_WATCH_POLLING");
    assert!(message.contains("/root is polled") && message.contains("nfs4"), "{message}");
    assert_eq!(lab.ready.watches, 3, "the watches are held besides");
    lab.use_files(&["root/src/a.js"]);

    let behind = |path: &str| behind.join(path);
    append(&behind("src/a.js"), "longer");
    assert_eq!(lab.show(&lab.batch()), ["~f root/src/a.js"]);
    append(&behind("src/deep/b.js"), "longer");
    assert_eq!(lab.show(&lab.batch()), ["~f root/src/deep/b.js"]);
    fs::write(behind("node_modules/c.js"), "longer").unwrap();
    // And a write through the mount, of which the kernel tells.
    lab.write("root/src/a.js", "through the mount");
    assert_eq!(lab.changes(), ["~f root/src/a.js"]);
}

#[test]
fn a_change_without_an_event_turns_polling_on() {
    if child::skips_or_runs("polls::a_change_without_an_event_turns_polling_on", &["unshare", "-m"]) {
        return;
    }
    let bench = Bench::new();
    let behind = overlay(&bench);
    for file in ["a.js", "b.js", "c.js"] {
        write(&bench.at(&format!("root/{file}")), "1");
    }
    let lab = bench.start();
    lab.use_files(&["root/a.js", "root/b.js"]);
    append(&behind.join("a.js"), "longer");
    let (message, mut told) = warning(&lab, "BINO_WATCH_POLLING");
    assert!(
        message.contains("/root is polled") && message.contains("/root/a.js changed and no event"),
        "{message}"
    );
    if told.is_empty() {
        let batch = lab.batch();
        assert!(batch.looked);
        told = lab.show(&batch);
    }
    assert_eq!(told, ["~f root/a.js"]);
    // From now on also what nobody uses is found, and nothing is said a second time.
    append(&behind.join("c.js"), "longer");
    let batch = lab.batch();
    assert_eq!((lab.show(&batch), batch.looked), (vec!["~f root/c.js".to_owned()], true));
    append(&behind.join("b.js"), "longer");
    assert_eq!(lab.show(&lab.batch()), ["~f root/b.js"]);
}

#[test]
fn poll_false_looks_nowhere() {
    if child::skips_or_runs("polls::poll_false_looks_nowhere", &["unshare", "-m"]) {
        return;
    }
    let bench = Bench::new();
    let behind = overlay(&bench);
    write(&bench.at("root/a.js"), "1");
    let mut lab = bench.start_with(|options, temp| {
        options.mounts = Some(table(temp, "9p"));
        options.poll = PollOptions { mode: PollMode::Never, ..PollOptions::default() };
    });
    lab.use_files(&["root/a.js"]);
    fs::write(behind.join("a.js"), "longer").unwrap();
    // Not a wait for an event: longer than any look would take.
    std::thread::sleep(Duration::from_millis(2500));
    assert!(lab.changes().is_empty());
}

#[test]
fn events_and_looks_tell_a_change_once() {
    let mut lab = Bench::new()
        .with(&["root/a.js", "root/sub/b.js"])
        .start_with(|options, temp| options.mounts = Some(table(temp, "fuse.sshfs")));
    early(&lab, "BINO_WATCH_POLLING");
    lab.use_files(&["root/a.js", "root/sub/b.js"]);
    let mut twice = 0;
    for round in 0..30 {
        // In one step: between the two of a write anew, it is empty for a moment, which is a change of its own.
        lab.append("root/a.js", "x");
        lab.write(&format!("root/sub/new{round}/c.js"), "new");
        let told = lab.told();
        let count = |change: &str| told.iter().filter(|known| *known == change).count();
        assert!(count("~f root/a.js") > 0, "{told:?}");
        twice += u32::from(count("~f root/a.js") > 1);
        assert_eq!(count(&format!("+d root/sub/new{round}")), 1, "{told:?}");
        assert_eq!(count(&format!("+f root/sub/new{round}/c.js")), 1, "{told:?}");
    }
    // On a busy machine a look may find what its event tells of after the batch.
    assert!(twice < 15, "{twice} of 30 were told twice");
}

#[test]
fn a_batch_says_whether_a_look_found_it() {
    let told = |poll: PollOptions| {
        let lab = Bench::new().with(&["root/a.js"]).start_with(|options, _| options.poll = poll);
        lab.append("root/a.js", "longer");
        let saved = lab.batch();
        assert_eq!(lab.show(&saved), ["~f root/a.js"]);
        lab.engine.hold();
        lab.append("root/a.js", "and longer");
        let held = lab.event();
        assert!(matches!(held, EngineEvent::Held(_)), "{held:?}");
        lab.engine.release();
        loop {
            match lab.event() {
                EngineEvent::Released(batch) => return (saved.looked, batch.looked),
                EngineEvent::Held(_) => {}
                other => panic!("expected the release, got {other:?}"),
            }
        }
    };
    let never = PollOptions { mode: PollMode::Never, ..PollOptions::default() };
    assert_eq!(told(PollOptions::default()), (false, false), "where events tell");
    assert_eq!(told(never), (false, false), "where nothing else may tell");
    assert_eq!(told(always(Duration::from_millis(20))), (true, true), "where everything is polled");
}

#[test]
fn many_files_written_under_polling_are_a_few_batches() {
    let files: Vec<String> = (0..300).map(|n| format!("root/src/{}/f{n}.js", n % 7)).collect();
    let names: Vec<&str> = files.iter().map(String::as_str).collect();
    let lab =
        Bench::new().with(&names).start_with(|options, _| options.poll = always(Duration::from_millis(20)));
    lab.use_files(&names[..20]);
    let write_all = |_| {
        for file in &files {
            lab.append(file, "x");
        }
        let mut told = std::collections::BTreeSet::new();
        let mut batches = 0;
        while told.len() < files.len() {
            let batch = lab.batch();
            batches += 1;
            told.extend(lab.show(&batch));
        }
        batches
    };
    for round in 0..3 {
        // One, unless the machine is so busy that whoever writes is held up longer than a look waits.
        let batches = until_good(write_all, |batches| *batches <= 30);
        assert!(batches <= 30, "round {round}: {batches}");
    }
}

#[test]
fn a_file_beside_the_roots_is_polled_too() {
    let mut lab = Bench::new().with(&["out/.env", "out/other"]).start_with(|options, temp| {
        options.extra = vec![temp.join("out/.env"), temp.join("later/.env")];
        options.poll = always(Duration::from_millis(20));
    });
    lab.write("out/.env", "longer");
    lab.write("out/other", "longer");
    assert_eq!(lab.changes(), ["~f out/.env"]);
    lab.write("later/.env", "1");
    assert_eq!(lab.changes(), ["+f later/.env"]);
    fs::remove_file(lab.at("out/.env")).unwrap();
    assert_eq!(lab.changes(), ["-f out/.env"]);
}

#[test]
fn a_polled_root_can_go_and_come_back() {
    let mut lab = Bench::new()
        .with(&["root/a.js", "root/sub/b.js"])
        .start_with(|options, _| options.poll = always(Duration::from_millis(20)));
    for round in 0..3 {
        fs::rename(lab.at("root"), lab.at("away")).unwrap();
        let mut told = Vec::new();
        while !told.contains(&"-d root".to_owned()) {
            told.extend(lab.show(&lab.batch()));
        }
        assert!(told.contains(&"-f root/sub/b.js".to_owned()), "round {round}: {told:?}");
        fs::rename(lab.at("away"), lab.at("root")).unwrap();
        let told = lab.changes();
        assert!(told.contains(&"+f root/sub/b.js".to_owned()), "round {round}: {told:?}");
        lab.write("root/sub/b.js", &"x".repeat(round + 3));
        assert_eq!(lab.changes(), ["~f root/sub/b.js"], "round {round}");
    }
}
