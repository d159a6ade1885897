//! A real git at work.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::lab::{Bench, write};

pub fn git(dir: &Path, args: &[&str]) {
    let output = Command::new("git")
        .current_dir(dir)
        .args(["-c", "user.name=t", "-c", "user.email=t@t", "-c", "core.fsmonitor=false"])
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A repository with the branches `one` (checked out) and `two`, which differ in `files` files: changed, new, gone.
pub fn repository(files: u32) -> Bench {
    let bench = Bench::new();
    let root = bench.at("root");
    let at = |name: &str, n: u32| root.join(format!("src/{}/{name}{n}.js", n % 10));
    git(&root, &["init", "-q", "-b", "one"]);
    for n in 0..files {
        write(&at("both", n), "one");
        write(&at("only-one", n), "one");
    }
    git(&root, &["add", "."]);
    git(&root, &["commit", "-qm", "one"]);
    git(&root, &["checkout", "-q", "-b", "two"]);
    for n in 0..files {
        write(&at("both", n), "two, longer");
        std::fs::remove_file(at("only-one", n)).unwrap();
        write(&root.join(format!("new/{}/two{n}.js", n % 10)), "two");
    }
    git(&root, &["add", "-A"]);
    git(&root, &["commit", "-qm", "two"]);
    git(&root, &["checkout", "-q", "one"]);
    bench
}

#[test]
fn a_checkout_is_one_batch() {
    for files in [1, 30, 700] {
        let mut lab = repository(files).start_with(|options, _| options.ignore = vec!["**/.git/**".into()]);
        for branch in ["two", "one", "two"] {
            git(&lab.at("root"), &["checkout", "-q", branch]);
            let batches = lab.quiesce();
            let sizes: Vec<_> = batches.iter().map(|batch| batch.changes.len()).collect();
            assert_eq!(batches.len(), 1, "{files} files to {branch}: {sizes:?}");
            let count =
                |sign: &str| lab.show(&batches[0]).iter().filter(|change| change.starts_with(sign)).count();
            let files = files as usize;
            assert_eq!((count("+f"), count("~f"), count("-f")), (files, files, files), "to {branch}");
        }
    }
}

#[test]
fn a_stale_lock_delays_a_burst_but_no_save() {
    let lab = repository(3).start_with(|options, _| options.ignore = vec!["**/.git/**".into()]);
    lab.write("root/.git/index.lock", "");
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
    std::fs::File::options()
        .append(true)
        .open(lab.at("root/.git/index.lock"))
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    let start = std::time::Instant::now();
    lab.write("root/src/0/both0.js", "saved");
    assert_eq!(lab.show(&lab.batch()), ["~f root/src/0/both0.js"]);
    let save = start.elapsed();
    let start = std::time::Instant::now();
    lab.write("root/a.js", "1");
    lab.write("root/b.js", "1");
    assert_eq!(lab.show(&lab.batch()), ["+f root/a.js", "+f root/b.js"]);
    let burst = start.elapsed();
    assert!(burst >= Duration::from_millis(250), "{burst:?}");
    assert!(save < Duration::from_millis(250), "{save:?}");
}
