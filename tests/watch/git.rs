//! A real git at work.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::lab::{Bench, until_good, write};

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

/// A lock holds a transaction for no longer than this. A busy machine may need more for a checkout.
pub const LOCK_MAX: Duration = Duration::from_secs(5);

#[test]
fn a_checkout_is_one_batch() {
    for files in [1, 30, 700] {
        let mut lab = repository(files).start_with(|options, _| options.ignore = vec!["**/.git/**".into()]);
        for (from, to) in [("one", "two"), ("two", "one")] {
            let checkout = |number| {
                if number > 0 {
                    git(&lab.at("root"), &["checkout", "-q", from]);
                    lab.quiesce();
                }
                let start = Instant::now();
                git(&lab.at("root"), &["checkout", "-q", to]);
                let batches = lab.quiesce();
                let sizes: Vec<_> = batches.iter().map(|batch| batch.changes.len()).collect();
                let told = lab.sum(batches);
                let count = |sign: &str| told.iter().filter(|change| change.starts_with(sign)).count();
                let files = files as usize;
                assert_eq!((count("+f"), count("~f"), count("-f")), (files, files, files), "to {to}");
                (sizes, start.elapsed())
            };
            // One that git itself was paused in for a second may be cut.
            let (sizes, took) = until_good(checkout, |(sizes, _)| sizes.len() == 1);
            assert!(sizes.len() == 1 || took > LOCK_MAX, "{files} files to {to}: {sizes:?} in {took:?}");
        }
    }
}

#[test]
fn a_stale_lock_delays_a_burst_but_no_save() {
    let lab = repository(3)
        .with(&["pair/a.js", "pair/b.js"])
        .start_with(|options, _| options.ignore = vec!["**/.git/**".into()]);
    lab.write("root/.git/index.lock", "");
    let long_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
    std::fs::File::options()
        .append(true)
        .open(lab.at("root/.git/index.lock"))
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    let silence = Duration::from_millis(250);
    let save = |_| {
        let start = Instant::now();
        lab.append("root/src/0/both0.js", "saved");
        assert_eq!(lab.show(&lab.batch()), ["~f root/src/0/both0.js"]);
        start.elapsed()
    };
    let save = until_good(save, |save| *save < silence);
    assert!(save < silence, "{save:?}");
    // A burst that comes in one step.
    let start = Instant::now();
    std::fs::rename(lab.at("pair"), lab.at("root/pair")).unwrap();
    assert_eq!(lab.show(&lab.batch()), ["+d root/pair", "+f root/pair/a.js", "+f root/pair/b.js"]);
    let burst = start.elapsed();
    assert!(burst >= silence, "{burst:?}");
}
