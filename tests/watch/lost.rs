//! Nothing is lost, whatever the system forgets to say, and however slow we are.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use crate::lab::{Bench, Lab};

/// What the batches add up to, by path; and whether one of them came from looking at everything.
fn add_up(lab: &mut Lab) -> (BTreeSet<String>, bool) {
    let mut there = BTreeSet::new();
    let mut rescan = false;
    for batch in lab.quiesce() {
        rescan |= batch.rescan;
        for change in lab.show(&batch) {
            let (kind, path) = change.split_once(' ').unwrap();
            match kind {
                "-f" | "-d" => assert!(there.remove(path), "{change}"),
                "+f" | "+d" => assert!(there.insert(path.to_owned()), "{change}"),
                _ => {}
            }
        }
    }
    (there, rescan)
}

/// The system's limit on queued events, lowered until this is dropped. It counts for whoever begins to listen while
/// it is low, so that is kept short.
#[cfg(target_os = "linux")]
struct SmallQueue(String);

#[cfg(target_os = "linux")]
impl SmallQueue {
    const LIMIT: &str = "/proc/sys/fs/inotify/max_queued_events";

    fn set(events: u32) -> Option<Self> {
        let before = fs::read_to_string(Self::LIMIT).ok()?;
        fs::write(Self::LIMIT, events.to_string()).ok()?;
        Some(Self(before))
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallQueue {
    fn drop(&mut self) {
        fs::write(Self::LIMIT, &self.0).expect("the limit is what it was");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_overflow_ends_in_a_look_at_everything() {
    let bench = Bench::new();
    let Some(small) = SmallQueue::set(16) else {
        // `src/watch/tests.rs` has an overflow that needs no rights.
        return eprintln!("not tested: only root may lower fs.inotify.max_queued_events");
    };
    let mut lab = bench.start();
    drop(small);
    // A fast reader may keep up with one burst; not with one after another, and more writers than it has cores.
    let overflown = (0..20).any(|round| {
        let files: Vec<_> = (0..2000).map(|file| format!("root/{}/{round}-{file}.js", file / 100)).collect();
        std::thread::scope(|writers| {
            for part in files.chunks(500) {
                let lab = &lab;
                writers.spawn(move || part.iter().for_each(|file| lab.write(file, "1")));
            }
        });
        let (there, rescan) = add_up(&mut lab);
        let mut expected = BTreeSet::from_iter(files);
        if round == 0 {
            expected.extend((0..20).map(|dir| format!("root/{dir}")));
        }
        assert_eq!(there, expected);
        rescan
    });
    assert!(overflown, "20 times 2,000 files went through a queue of 16");
    // The watches are new, and so is the queue.
    for dir in 0..20 {
        lab.write(&format!("root/{dir}/0-{}.js", dir * 100), "2");
    }
    let batches = lab.quiesce();
    let told: BTreeSet<String> = batches.iter().flat_map(|batch| lab.show(batch)).collect();
    assert_eq!(told, (0..20).map(|dir| format!("~f root/{dir}/0-{}.js", dir * 100)).collect());
    assert!(batches.iter().all(|batch| !batch.rescan));
}

#[test]
fn whoever_takes_batches_slowly_loses_none() {
    let bench = Bench::new();
    let (slow, ready) = crossbeam_channel::bounded::<()>(0);
    let mut lab = bench.start_slow(ready);
    lab.write("root/first.js", "1");
    // The engine's thread hangs in the sink from here on.
    let begin = Instant::now();
    let mut expected = BTreeSet::from(["root/first.js".to_owned()]);
    for n in 0..10_000 {
        fs::write(lab.at("root/churn.js"), n.to_string()).unwrap();
    }
    expected.insert("root/churn.js".to_owned());
    for dir in 0..50 {
        for file in 0..20 {
            lab.write(&format!("root/{dir}/{file}.js"), "1");
            expected.insert(format!("root/{dir}/{file}.js"));
        }
        expected.insert(format!("root/{dir}"));
    }
    let hung = begin.elapsed();
    drop(slow);
    let (there, rescan) = add_up(&mut lab);
    assert_eq!(there, expected);
    // An engine that did not get to its clocks for fifteen seconds takes it that the machine slept, and looks at everything.
    assert!(!rescan || hung > Duration::from_secs(10), "the queue was read all the time");
}

#[cfg(unix)]
#[test]
fn a_change_that_the_system_does_not_tell_of_is_found() {
    let bench = Bench::new().with(&["out/target.js", "root/a.js"]);
    std::os::unix::fs::symlink(bench.at("out/target.js"), bench.at("root/link.js")).unwrap();
    let lab = bench.start_with(|options, _| options.check = Some(Duration::from_millis(100)));
    lab.write("out/target.js", "longer");
    let batch = lab.batch();
    assert_eq!(lab.show(&batch), ["~f root/link.js"]);
    assert!(batch.rescan && batch.looked);
}

#[test]
fn a_large_tree_that_arrives_hides_no_save() {
    let names: Vec<String> = (0..6000).map(|n| format!("out/big/{}/{}/{n}.js", n % 30, n % 600)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut lab = Bench::new().with(&names).with(&["root/a.js"]).start();
    fs::rename(lab.at("out/big"), lab.at("root/big")).unwrap();
    let begin = Instant::now();
    let mut saves = 0;
    while begin.elapsed() < Duration::from_millis(300) {
        lab.write("root/a.js", &saves.to_string());
        lab.write(&format!("root/big/{}/late-{saves}.js", saves % 30), "1");
        saves += 1;
    }
    let (there, rescan) = add_up(&mut lab);
    // The folder, 30 in it, 600 in these, the files, and those that came later.
    assert_eq!(there.len(), 1 + 30 + 600 + 6000 + saves);
    assert!(!rescan);
}
