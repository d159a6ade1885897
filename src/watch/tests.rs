//! What cannot be provoked from outside: lost events.

use std::fs;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, unbounded};
use tempfile::TempDir;

use super::*;

struct Lab {
    temp: TempDir,
    watch: Watch,
    signals: Receiver<Signal>,
}

impl Lab {
    fn new(dirs: &[&str], files: &[&str]) -> Self {
        let temp = tempfile::tempdir().unwrap();
        for dir in dirs {
            fs::create_dir_all(temp.path().join(dir)).unwrap();
        }
        for file in files {
            fs::write(temp.path().join(file), "1").unwrap();
        }
        let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap());
        let (sender, signals) = unbounded();
        let options = WatchOptions { roots: vec![temp.path().join("root")], ..WatchOptions::default() };
        let mut watch = Watch::new(&options, pool, move |signal| drop(sender.send(signal))).unwrap();
        watch.begin();
        Self { temp, watch, signals }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.temp.path().join(path)
    }

    /// Waits for a signal about a path and forgets all before it.
    fn until(&self, path: &str) {
        let path = self.at(path);
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            match self.signals.recv_deadline(deadline).expect("no signal") {
                Signal::Touched { path: touched, .. } if touched == path => return,
                Signal::Failed(error) => panic!("{error}"),
                _ => {}
            }
        }
    }

    /// Settles as if every event so far had been lost.
    fn lose(&mut self) -> Vec<String> {
        let now = Instant::now();
        let mut transaction = Transaction::open(now);
        transaction.lose(now);
        let base = normalize(self.temp.path());
        let show = |change: Change| format!("{:?} {}", change.kind, &change.path[base.len() + 1..]);
        self.watch.settle(&transaction).into_iter().map(show).collect()
    }
}

#[test]
fn lost_events_end_in_a_comparison_and_new_watches() {
    let files = ["root/a/1.js", "root/a/deep/2.js", "root/b/3.js", "root/4.js", "root/5.js", "root/6"];
    let mut lab = Lab::new(&["root/a/deep", "root/b"], &files);
    fs::rename(lab.at("root/a"), lab.at("root/c")).unwrap();
    fs::rename(lab.at("root/b"), lab.at("root/a")).unwrap();
    fs::write(lab.at("root/4.js"), "longer").unwrap();
    fs::remove_file(lab.at("root/5.js")).unwrap();
    fs::remove_file(lab.at("root/6")).unwrap();
    fs::create_dir(lab.at("root/6")).unwrap();
    fs::write(lab.at("root/6/7.js"), "1").unwrap();
    let told = lab.lose();
    let expected = [
        "Update root/4.js",
        "Delete root/5.js",
        "Delete root/6",
        "Create root/6",
        "Create root/6/7.js",
        "Delete root/a/1.js",
        "Create root/a/3.js",
        "Delete root/a/deep/2.js",
        "Delete root/a/deep",
        "Delete root/b/3.js",
        "Delete root/b",
        "Create root/c",
        "Create root/c/1.js",
        "Create root/c/deep",
        "Create root/c/deep/2.js",
    ];
    assert_eq!(told, expected);
    for path in ["root/c/deep/2.js", "root/a/3.js", "root/6/7.js"] {
        fs::write(lab.at(path), "next").unwrap();
        lab.until(path);
    }
    assert!(lab.lose().iter().all(|change| change.starts_with("Update")));
    assert!(lab.lose().is_empty());
    assert_eq!(lab.watch.counts(), Counts { directories: 5, files: 5, watches: 5 });
}

#[test]
fn evidence_about_what_a_comparison_told_adds_nothing() {
    let mut lab = Lab::new(&["root"], &["root/a.js"]);
    let now = Instant::now();
    let mut transaction = Transaction::open(now);
    fs::write(lab.at("root/a.js"), "longer").unwrap();
    fs::write(lab.at("root/b.js"), "1").unwrap();
    for path in ["root/b.js", "root/a.js"] {
        transaction.mark(&lab.at(path), Evidence::CREATED | Evidence::WRITTEN, now);
    }
    transaction.lose(now);
    let changes = lab.watch.settle(&transaction);
    assert_eq!(changes.len(), 2, "{changes:?}");
}

#[test]
fn the_counts_follow_what_comes_and_goes() {
    let mut lab = Lab::new(&["root/a/b"], &["root/a/1.js", "root/a/b/2.js"]);
    assert_eq!(lab.watch.counts(), Counts { directories: 3, files: 2, watches: 3 });
    fs::remove_dir_all(lab.at("root/a")).unwrap();
    fs::write(lab.at("root/3.js"), "1").unwrap();
    lab.lose();
    assert_eq!(lab.watch.counts(), Counts { directories: 1, files: 1, watches: 1 });
    fs::remove_dir_all(lab.at("root")).unwrap();
    lab.lose();
    // The directory above is watched now, for the root's return.
    assert_eq!(lab.watch.counts(), Counts { directories: 0, files: 0, watches: 1 });
}
