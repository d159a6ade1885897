//! Which of git's locks holds a transaction open, and that none ever holds a lone save. A real git each time.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::git::{LOCK_MAX, git, repository};
use crate::lab::{Bench, Lab, until_good, write};

/// What a lock may cost a burst at the least. The quickest of several saves stays below it even on a busy machine, unless
/// there is a rule that makes saves wait.
const LOCK_SILENCE: Duration = Duration::from_millis(250);

/// A repository at `dir` with the branches `one` (checked out) and `two`, which differ in 300 files.
fn branches(dir: &Path) {
    let files = |text: &str| {
        for n in 0..300 {
            write(&dir.join(format!("src/{}/{n}.js", n % 10)), text);
        }
    };
    files("one");
    git(dir, &["init", "-q", "-b", "one"]);
    git(dir, &["add", "."]);
    git(dir, &["commit", "-qm", "one"]);
    git(dir, &["checkout", "-q", "-b", "two"]);
    files("two, longer");
    git(dir, &["commit", "-qam", "two"]);
    git(dir, &["checkout", "-q", "one"]);
}

fn start(bench: Bench) -> Lab {
    bench.start_with(|options, _| options.ignore = vec!["**/.git".into(), "**/.git/**".into()])
}

/// Whether a checkout there and back is one batch of 300 changes each time. One that git was paused in for a second may be
/// cut: of several rounds one is whole.
fn checks_out_at_once(lab: &mut Lab, dir: &Path, there: &[&str], back: &[&str]) -> bool {
    let mut checkout = |branch: &[&str]| {
        let start = Instant::now();
        git(dir, &[&["checkout", "-q"][..], branch].concat());
        let sizes: Vec<_> = lab.quiesce().iter().map(|batch| batch.changes.len()).collect();
        sizes == [300] || start.elapsed() > LOCK_MAX
    };
    until_good(|_| checkout(there) & checkout(back), |whole| *whole)
}

/// Whether a lock, taken as a git that is at work does, makes one batch of what is written with a pause that is longer
/// than any quiet period. On a busy machine one may be cut in spite of it, or two meet without it: of several rounds one
/// is as expected.
fn gathers(lab: &mut Lab, lock: &str, folder: &str, expected: bool) -> bool {
    let round = |number| {
        lab.write(lock, "");
        for part in ["first", "second"] {
            for n in 0..3 {
                lab.write(&format!("{folder}/{number}-{part}-{n}.js"), part);
            }
            std::thread::sleep(Duration::from_millis(120));
        }
        std::fs::remove_file(lab.at(lock)).unwrap();
        lab.quiesce().len() == 1
    };
    until_good(round, |gathers| *gathers == expected)
}

#[test]
fn a_checkout_in_a_linked_work_tree_is_one_batch() {
    let bench = Bench::new();
    branches(&bench.at("main"));
    std::fs::remove_dir(bench.at("root")).unwrap();
    let root = bench.at("root");
    git(&bench.at("main"), &["worktree", "add", "-q", "--detach", root.to_str().unwrap(), "one"]);
    let mut lab = start(bench);
    assert!(checks_out_at_once(&mut lab, &root, &["--detach", "two"], &["--detach", "one"]));
    // The lock is its own: that of the main work tree says nothing about this one, and the reverse.
    assert!(gathers(&mut lab, "main/.git/worktrees/root/index.lock", "root/own", true));
    assert!(!gathers(&mut lab, "main/.git/index.lock", "root/neighbour", false));
}

#[test]
fn a_checkout_in_a_submodule_is_one_batch() {
    let bench = Bench::new();
    let root = bench.at("root");
    branches(&bench.at("library"));
    git(&root, &["init", "-q", "-b", "one"]);
    let library = bench.at("library");
    let add =
        ["-c", "protocol.file.allow=always", "submodule", "add", "-q", library.to_str().unwrap(), "sub"];
    git(&root, &add);
    git(&root, &["commit", "-qm", "sub"]);
    let mut lab = start(bench);
    assert!(checks_out_at_once(&mut lab, &root.join("sub"), &["two"], &["one"]));
    assert!(gathers(&mut lab, "root/.git/modules/sub/index.lock", "root/sub/own", true));
    assert!(!gathers(&mut lab, "root/.git/index.lock", "root/sub/neighbour", false));
    assert!(gathers(&mut lab, "root/.git/index.lock", "root/own", true));
}

/// A commit whose hook waits until it is let go, while git holds `index.lock`.
struct SlowCommit {
    git: Child,
    go: std::path::PathBuf,
}

impl SlowCommit {
    fn begin(lab: &mut Lab) -> Self {
        let (go, hook) = (lab.at("go"), lab.at("root/.git/hooks/pre-commit"));
        // Ends by itself should the test be ended.
        let script = format!(
            "#!/bin/sh\nn=0\nwhile [ ! -e '{}' ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done\n",
            go.display()
        );
        write(&hook, &script);
        Command::new("chmod").arg("+x").arg(&hook).status().unwrap();
        lab.write("root/committed.js", "1");
        lab.changes();
        git(&lab.at("root"), &["add", "committed.js"]);
        lab.write("root/committed.js", "2");
        lab.changes();
        let git = Command::new("git")
            .current_dir(lab.at("root"))
            .args(["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qam", "slow"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while !lab.at("root/.git/index.lock").exists() {
            assert!(Instant::now() < deadline, "git did not take its lock");
            std::thread::yield_now();
        }
        Self { git, go }
    }

    fn end(mut self) {
        std::fs::write(&self.go, "").unwrap();
        assert!(self.git.wait().unwrap().success());
    }
}

#[test]
fn a_slow_pre_commit_hook_delays_no_save() {
    let mut lab = start(repository(3));
    lab.use_files(&["root/src/0/both0.js"]);
    let commit = SlowCommit::begin(&mut lab);
    let fastest = fastest_save(&lab, 10);
    assert!(lab.at("root/.git/index.lock").exists(), "the hook is still at work");
    commit.end();
    assert!(fastest < LOCK_SILENCE, "{fastest:?}");
    assert_eq!(lab.changes(), [""; 0]);
}

#[test]
fn a_background_git_status_delays_no_save() {
    let lab = start(repository(300));
    lab.use_files(&["root/src/0/both0.js"]);
    let done = AtomicBool::new(false);
    let fastest = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                git(&lab.at("root"), &["status", "--short"]);
            }
        });
        let fastest = fastest_save(&lab, 30);
        done.store(true, Ordering::Relaxed);
        fastest
    });
    assert!(fastest < LOCK_SILENCE, "{fastest:?}");
}

/// Saves one file several times, each after the one before was told, and each told alone.
fn fastest_save(lab: &Lab, saves: u32) -> Duration {
    let save = |_| {
        let start = Instant::now();
        lab.append("root/src/0/both0.js", "saved");
        assert_eq!(lab.show(&lab.batch()), ["~f root/src/0/both0.js"]);
        start.elapsed()
    };
    (0..saves).map(save).min().unwrap()
}

#[test]
fn a_rebase_of_twenty_commits_goes_out_once_when_it_was_held() {
    let bench = repository(1);
    let root = bench.at("root");
    for n in 0..20 {
        write(&root.join(format!("mine/{n}.js")), "mine");
        write(&root.join("mine/all.js"), &format!("{n}"));
        git(&root, &["add", "-A"]);
        git(&root, &["commit", "-qm", &format!("mine {n}")]);
    }
    let mut lab = start(bench);
    lab.engine.hold();
    git(&root, &["rebase", "-q", "two"]);
    lab.engine.release();
    let batch = lab.released().1;
    // What the branch `two` has beyond `one`. The twenty commits themselves came and went.
    let mut shown = lab.show(&batch);
    shown.retain(|change| !change.contains("root/mine/"));
    shown.sort();
    let expected = [
        "+d root/new",
        "+d root/new/0",
        "+f root/new/0/two0.js",
        "-f root/src/0/only-one0.js",
        "~f root/src/0/both0.js",
    ];
    assert_eq!(shown, expected);
    assert_eq!(lab.quiesce().len(), 0);
}
