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

    /// What a check finds, and whether it is still so a moment later.
    fn check(&mut self) -> (bool, bool) {
        let (sender, found) = unbounded();
        self.watch.begin_check(move |suspects| drop(sender.send(suspects)));
        let suspects = found.recv_timeout(Duration::from_secs(20)).expect("the check does not end");
        (self.watch.suspect(suspects), self.watch.confirm(None))
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
        self.settle(&transaction)
    }

    fn settle(&mut self, transaction: &Transaction) -> Vec<String> {
        let base = normalize(self.temp.path());
        let show = |change: Change| format!("{:?} {}", change.kind, &change.path[base.len() + 1..]);
        self.watch.settle(transaction).into_iter().map(show).collect()
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

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_became_a_link_takes_no_watch_from_another() {
    use std::os::unix::fs::symlink;
    let lab = Lab::new(&["root/a/sub", "root/c/sub"], &[]);
    fs::remove_dir_all(lab.at("root/a")).unwrap();
    symlink("c", lab.at("root/a")).unwrap();
    lab.until("root/a");
    // A walk that found a folder there a moment ago.
    let os = lab.watch.os.as_ref().unwrap();
    for dir in ["root/a", "root/a/sub"] {
        assert_eq!(os.place(&lab.at(dir), |_| false).unwrap(), os::Placed::Gone, "{dir}");
    }
    for file in ["root/c/1.js", "root/c/sub/2.js"] {
        fs::write(lab.at(file), "1").unwrap();
        lab.until(file);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_with_a_second_name_is_watched_when_that_is_gone() {
    use std::os::unix::fs::symlink;
    let mut lab = Lab::new(&["root/a", "root/c/sub"], &[]);
    symlink("c", lab.at("root/b")).unwrap();
    // As for one that was moved, and of whose old name nobody has heard yet that it is gone.
    let os = lab.watch.os.as_ref().unwrap();
    for dir in ["root/b", "root/c"] {
        assert_eq!(os.place(&lab.at(dir), |path| path == lab.at("root/b")).unwrap(), os::Placed::Yes);
    }
    lab.until("root/b");
    fs::remove_file(lab.at("root/b")).unwrap();
    lab.until("root/b");
    let now = Instant::now();
    let mut transaction = None;
    lab.watch.note(&lab.at("root/b"), Evidence::REMOVED, &mut transaction, now);
    lab.until("root/c");
    lab.watch.note(&lab.at("root/c"), Evidence::CREATED, &mut transaction, now);
    fs::write(lab.at("root/c/1.js"), "1").unwrap();
    lab.until("root/c/1.js");
}

#[test]
fn a_folder_that_was_away_is_told_although_the_sign_of_its_return_comes_late() {
    let mut lab = Lab::new(&["root/a/deep"], &["root/a/1.js", "root/a/deep/2.js"]);
    // Moved out and back: whoever was told of a file before, and looked for it late, found none.
    fs::rename(lab.at("root/a"), lab.at("away")).unwrap();
    fs::rename(lab.at("away"), lab.at("root/a")).unwrap();
    let now = Instant::now();
    let mut told = |sign| {
        let mut transaction = Transaction::open(now);
        transaction.mark(&lab.at("root/a"), sign, now);
        lab.settle(&transaction)
    };
    assert_eq!(told(Evidence::REMOVED), ["Update root/a/1.js", "Update root/a/deep/2.js"]);
    assert!(told(Evidence::CREATED).is_empty(), "they were told");
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

#[test]
fn a_check_finds_whatever_nobody_told_of() {
    type Act = fn(&Lab) -> std::io::Result<()>;
    let table: [(&str, bool, Act); 9] = [
        ("nothing", false, |_| Ok(())),
        ("a write", true, |lab| fs::write(lab.at("root/a/1.js"), "longer")),
        ("a new file", true, |lab| fs::write(lab.at("root/a/new.js"), "1")),
        ("a new folder", true, |lab| fs::create_dir_all(lab.at("root/x/y"))),
        ("a file that is gone", true, |lab| fs::remove_file(lab.at("root/a/1.js"))),
        ("a folder that is gone", true, |lab| fs::remove_dir_all(lab.at("root/a"))),
        ("another folder of that name", true, |lab| {
            fs::rename(lab.at("root/a"), lab.at("away"))?;
            fs::create_dir(lab.at("root/a"))
        }),
        ("what is ignored", false, |lab| fs::write(lab.at("root/a/1.js~"), "1")),
        ("what lies beside", false, |lab| fs::write(lab.at("beside.js"), "1")),
    ];
    for (name, expected, act) in table {
        let mut lab = Lab::new(&["root/a"], &["root/a/1.js", "root/2.js"]);
        act(&lab).unwrap();
        // No event is taken in here: as if all had been lost.
        assert_eq!(lab.check(), (expected, expected), "{name}");
        lab.lose();
        assert_eq!(lab.check(), (false, false), "{name}, compared");
    }
}

#[test]
fn a_file_that_is_still_written_or_was_told_of_is_not_lost() {
    let mut lab = Lab::new(&["root"], &["root/a.js"]);
    fs::write(lab.at("root/a.js"), "longer").unwrap();
    assert!(lab.watch.suspect(vec![lab.at("root/a.js")]));
    let now = Instant::now();
    let mut open = Transaction::open(now);
    open.mark(&lab.at("root/a.js"), Evidence::WRITTEN, now);
    assert!(!lab.watch.confirm(Some(&open)));
    assert!(lab.watch.suspect(vec![lab.at("root/a.js")]));
    fs::write(lab.at("root/a.js"), "longer and longer").unwrap();
    assert!(!lab.watch.confirm(None));
    assert!(lab.watch.suspect(vec![lab.at("root/a.js")]));
    assert!(lab.watch.confirm(None));
}

/// The kernel's queue, where there is one that we can read the size of.
#[cfg(target_os = "linux")]
fn queue() -> usize {
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    limit.trim().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_queue_that_really_overflows_is_told_and_nothing_is_lost() {
    let limit = queue();
    if limit > 100_000 {
        return eprintln!("not tested: the queue takes {limit} events");
    }
    let temp = tempfile::tempdir().unwrap();
    let at = |path: &str| temp.path().join(path);
    fs::create_dir_all(at("root/deep")).unwrap();
    let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap());
    let (sender, signals) = unbounded();
    // notify's thread reads nothing while it is held here: the slowest reader there can be.
    let gate = Arc::new(std::sync::Mutex::new(()));
    let held = Arc::clone(&gate);
    let options = WatchOptions { roots: vec![at("root")], ..WatchOptions::default() };
    let mut watch = Watch::new(&options, pool, move |signal| {
        drop(held.lock());
        drop(sender.send(signal));
    })
    .unwrap();
    watch.begin();
    let closed = gate.lock().unwrap();
    // Two events or more for each; those of the same file in a row are one, so two files take turns.
    for n in 0..=limit / 2 {
        let name = format!("root/deep/{}.js", n % 50);
        drop(fs::File::create(at(&name)).unwrap());
    }
    fs::write(at("root/late.js"), "1").unwrap();
    fs::create_dir_all(at("root/late/folder")).unwrap();
    drop(closed);
    let deadline = Instant::now() + Duration::from_secs(20);
    while !matches!(signals.recv_deadline(deadline).expect("the overflow was not told"), Signal::Lost) {}
    let now = Instant::now();
    let mut transaction = Transaction::open(now);
    transaction.lose(now);
    let changes = watch.settle(&transaction);
    assert_eq!(changes.len(), 50 + 3, "{changes:?}");
    assert_eq!(watch.counts(), Counts { directories: 4, files: 51, watches: 4 });
    // The watches are new: what happens now is told again.
    fs::write(at("root/late/folder/a.js"), "1").unwrap();
    let told =
        |signal: &Signal| matches!(signal, Signal::Touched { path, .. } if path.ends_with("folder/a.js"));
    while !told(&signals.recv_deadline(deadline).expect("the new folder is not watched")) {}
}

#[cfg(target_os = "linux")]
#[test]
fn a_rescan_does_not_fill_the_queue_again() {
    let limit = queue();
    if limit > 20_000 {
        return eprintln!("not tested: the queue takes {limit} events");
    }
    // Whoever lists a watched directory makes two events or more: more in all than the queue takes.
    let dirs: Vec<String> = (0..limit / 2 + 200).map(|n| format!("root/{}/{n}", n % 20)).collect();
    let dirs: Vec<&str> = dirs.iter().map(String::as_str).collect();
    let mut lab = Lab::new(&dirs, &[]);
    assert!(lab.lose().is_empty());
    fs::write(lab.at("root/0/0/probe.js"), "1").unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match lab.signals.recv_deadline(deadline).expect("the probe was not told") {
            Signal::Lost => panic!("the rescan lost events"),
            Signal::Touched { path, .. } if path.ends_with("probe.js") => break,
            _ => {}
        }
    }
}

#[test]
fn files_that_events_are_expected_of_are_probed_in_turn() {
    let names: Vec<String> = (0..200).map(|n| format!("root/{n}.js")).collect();
    let mut lab = Lab::new(&["root"], &names.iter().map(String::as_str).collect::<Vec<_>>());
    let all: Vec<String> = names.iter().map(|name| normalize(&lab.at(name))).collect();
    let mut probed = FxHashSet::default();
    for round in 1..=6 {
        let look = lab.watch.probe(&|at_most| all.iter().take(at_most).cloned().collect());
        let visited = look.visits.iter().map(|visit| match visit {
            look::Visit::File { path, .. } => path.clone(),
            _ => panic!("only files are probed"),
        });
        probed.extend(visited);
        assert_eq!(probed.len(), ((round + 1) * silence::PROBED).min(all.len()), "round {round}");
    }
    assert_eq!(probed.len(), all.len(), "each in its turn");
}

#[test]
fn a_file_that_is_saved_again_and_again_is_not_taken_for_silent() {
    let mut lab = Lab::new(&["root"], &["root/a.js"]);
    let file = lab.at("root/a.js");
    let mut text = String::new();
    let mut probe = |lab: &mut Lab| {
        text.push('x');
        fs::write(&file, &text).unwrap();
        let looked = lab.watch.probe(&|_| vec![normalize(&file)]).perform();
        let mut transaction = None;
        lab.watch.take_in(looked, &mut transaction, Instant::now());
        let told: Vec<_> = lab.watch.take_warnings().iter().map(Error::code).collect();
        (told, transaction.is_some())
    };
    // Each probe comes between a save and its event, which is taken in before the next.
    for round in 0..5 {
        assert_eq!(probe(&mut lab), (vec![], false), "round {round}");
        let now = Instant::now();
        let mut transaction = Transaction::open(now);
        transaction.mark(&lab.at("root/a.js"), Evidence::WRITTEN, now);
        assert_eq!(lab.watch.settle(&transaction).len(), 1);
    }
    // Nothing is heard from now on.
    assert_eq!(probe(&mut lab), (vec![], false));
    assert_eq!(probe(&mut lab), (vec!["BINO_WATCH_POLLING"], true));
}
