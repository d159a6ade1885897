//! What the system refuses, and what is taken away under the watcher's feet. The limits are forced in a user namespace
//! of its own, which has its own count: nobody else on the machine notices.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use bino_hmr::engine::EngineEvent;

use crate::child;
use crate::lab::{Bench, Lab};

const WATCHES: &str = "/proc/sys/user/max_inotify_watches";
const INSTANCES: &str = "/proc/sys/user/max_inotify_instances";

/// Runs the test in a user namespace with a limit. `/proc/sys/fs/inotify` would be everybody's.
fn with_limit(test: &str, limit: &str, value: u32) -> bool {
    let set = format!("echo {value} > {limit} && exec \"$@\"");
    child::skips_or_runs(test, &["unshare", "-Ur", "sh", "-c", &set, "sh"])
}

/// Runs the test as somebody who may not read everything.
fn as_nobody(test: &str) -> bool {
    let wrap = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    child::skips_or_runs(test, &wrap)
}

fn chmod(lab: &Lab, path: &str, mode: u32) {
    fs::set_permissions(lab.at(path), fs::Permissions::from_mode(mode)).unwrap();
}

/// Folders with a file each.
fn folders(count: u32) -> Vec<String> {
    (0..count).map(|n| format!("root/src/{n}/a.js")).collect()
}

fn bench(files: &[String]) -> Bench {
    Bench::new().with(&files.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The warnings from before it was ready, as `code message`.
fn early(lab: &Lab) -> Vec<String> {
    lab.early.iter().map(|error| format!("{} {error}", error.code())).collect()
}

/// Writes each file and waits until each was told.
fn edit_all(lab: &Lab, files: &[String], text: &str) {
    for file in files {
        lab.write(file, text);
        let expected = format!("~f {file}");
        while !lab.show(&lab.batch()).contains(&expected) {}
    }
}

fn until(lab: &Lab, what: impl Fn(&Lab) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !what(lab) {
        assert!(Instant::now() < deadline, "{:?}", lab.engine.stats());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn at_the_limit_of_watches_the_rest_is_polled() {
    if with_limit("limits::at_the_limit_of_watches_the_rest_is_polled", WATCHES, 6) {
        return;
    }
    let files = folders(12);
    let mut lab = bench(&files).start();
    let told = early(&lab);
    assert_eq!(told.len(), 1, "{told:?}");
    let base = lab.at("root").display().to_string();
    for part in [
        "BINO_WATCH_LIMIT",
        "(user.max_inotify_watches = 6)",
        "of 14 folders 6 are watched, and 8 are polled",
        &format!("{base}/src/"),
        "`sudo sysctl user.max_inotify_watches=524288`",
        "/etc/sysctl.d/",
    ] {
        assert!(told[0].contains(part), "{part} is not in {}", told[0]);
    }
    assert_eq!((lab.ready.watches, lab.ready.directories), (6, 14));
    edit_all(&lab, &files, "longer");
    // What comes now has no watch either; and nothing is said a second time.
    let new: Vec<String> = (0..5).map(|n| format!("root/new/{n}/b.js")).collect();
    for file in &new {
        lab.write(file, "1");
        let expected = format!("+f {file}");
        while !lab.show(&lab.batch()).contains(&expected) {}
    }
    edit_all(&lab, &new, "longer");
    assert_eq!(lab.engine.stats().unwrap().watches, 6);
    fs::remove_dir_all(lab.at("root/src/3")).unwrap();
    let told = lab.changes();
    assert!(told.contains(&"-d root/src/3".to_owned()), "{told:?}");

    // As soon as the limit is raised, everything is watched.
    fs::write(WATCHES, "1000").unwrap();
    until(&lab, |lab| lab.engine.stats().is_ok_and(|stats| stats.watches == stats.directories));
    edit_all(&lab, &files[5..8], "even longer");
}

#[test]
fn without_an_instance_everything_is_polled() {
    if with_limit("limits::without_an_instance_everything_is_polled", INSTANCES, 0) {
        return;
    }
    let files = folders(4);
    let lab = bench(&files).start();
    let told = early(&lab);
    assert_eq!(told.len(), 1, "{told:?}");
    for part in [
        "BINO_WATCH_LIMIT",
        "inotify instances (user.max_inotify_instances = 0) is reached, so everything is polled",
        "`sudo sysctl user.max_inotify_instances=1024`",
    ] {
        assert!(told[0].contains(part), "{part} is not in {}", told[0]);
    }
    assert_eq!(lab.ready.watches, 0);
    edit_all(&lab, &files, "longer");
    fs::write(INSTANCES, "10").unwrap();
    until(&lab, |lab| lab.engine.stats().is_ok_and(|stats| stats.watches == stats.directories));
    edit_all(&lab, &files, "even longer");
}

#[test]
fn without_files_to_open_it_waits_for_some() {
    // A process of its own, since it takes all that there are.
    let few = ["sh", "-c", "ulimit -n 64 && exec \"$@\"", "sh"];
    if child::skips_or_runs("limits::without_files_to_open_it_waits_for_some", &few) {
        return;
    }
    let files = folders(3);
    let bench = bench(&files);
    let mut taken = Vec::new();
    while let Ok(file) = fs::File::open("/dev/null") {
        taken.push(file);
    }
    let lab = bench.start();
    let told = early(&lab).join("\n");
    assert!(told.contains("BINO_WATCH_LIMIT this process may open no more files"), "{told}");
    assert!(told.contains("`ulimit -n 4096`"), "{told}");
    drop(taken);
    until(&lab, |lab| lab.engine.stats().is_ok_and(|stats| stats.watches == 5));
    let mut told = Vec::new();
    while told.iter().filter(|change: &&String| change.starts_with("+f")).count() < 3 {
        match lab.event() {
            EngineEvent::Batch(batch) => told.extend(lab.show(&batch)),
            EngineEvent::Warning(_) => {}
            other => panic!("{other:?}"),
        }
    }
    edit_all(&lab, &files, "longer");
}

#[test]
fn a_folder_that_may_not_be_read_is_named_and_watched_when_it_may() {
    if as_nobody("limits::a_folder_that_may_not_be_read_is_named_and_watched_when_it_may") {
        return;
    }
    let bench = Bench::new().with(&["root/open/a.js", "root/closed/b.js", "root/closed/deep/c.js"]);
    fs::set_permissions(bench.at("root/closed"), fs::Permissions::from_mode(0o0)).unwrap();
    let mut lab = bench.start();
    let told = early(&lab);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("BINO_WATCH_DENIED no permission to read"), "{told:?}");
    assert!(told[0].contains(&format!("{};", lab.at("root/closed").display())), "{told:?}");
    lab.write("root/open/a.js", "longer");
    assert_eq!(lab.changes(), ["~f root/open/a.js"]);
    for round in 0..2 {
        chmod(&lab, "root/closed", 0o755);
        let told = lab.changes();
        let expected = ["+f root/closed/b.js", "+d root/closed/deep", "+f root/closed/deep/c.js"];
        assert_eq!(told, expected, "round {round}");
        lab.write("root/closed/deep/c.js", &"x".repeat(round + 2));
        assert_eq!(lab.changes(), ["~f root/closed/deep/c.js"], "round {round}");
        // What may not be read is not there, for Vite as for us.
        chmod(&lab, "root/closed", 0);
        let mut told = Vec::new();
        loop {
            match lab.event() {
                EngineEvent::Warning(error) => {
                    assert_eq!(error.code(), "BINO_WATCH_DENIED");
                    break;
                }
                EngineEvent::Batch(batch) => told.extend(lab.show(&batch)),
                other => panic!("{other:?}"),
            }
        }
        told.extend(lab.changes());
        told.sort();
        let gone = ["-d root/closed/deep", "-f root/closed/b.js", "-f root/closed/deep/c.js"];
        assert_eq!(told, gone, "round {round}");
    }
    chmod(&lab, "root/closed", 0o755);
}

#[test]
fn a_root_that_may_not_be_read_is_no_exit() {
    if as_nobody("limits::a_root_that_may_not_be_read_is_no_exit") {
        return;
    }
    let bench = Bench::new().with(&["root/a.js", "secret/.env"]);
    for dir in ["root", "secret"] {
        fs::set_permissions(bench.at(dir), fs::Permissions::from_mode(0o0)).unwrap();
    }
    let mut lab = bench.start_with(|options, temp| options.extra = vec![temp.join("secret/.env")]);
    let told = early(&lab);
    assert_eq!(told.len(), 1, "{told:?}");
    for dir in ["root", "secret"] {
        assert!(told[0].contains(lab.at(dir).to_str().unwrap()), "{dir}: {told:?}");
    }
    chmod(&lab, "root", 0o755);
    assert_eq!(lab.show(&lab.batch()), ["+f root/a.js"]);
    chmod(&lab, "secret", 0o755);
    assert_eq!(lab.show(&lab.batch()), ["+f secret/.env"]);
    lab.write("secret/.env", "longer");
    lab.write("root/a.js", "longer");
    let mut told = lab.changes();
    told.sort();
    assert_eq!(told, ["~f root/a.js", "~f secret/.env"]);
}

/// Waits until all of these were told.
fn await_all(lab: &Lab, expected: &[&str]) {
    let mut told = Vec::new();
    while !expected.iter().all(|change| told.iter().any(|known| known == change)) {
        match lab.event() {
            EngineEvent::Batch(batch) => told.extend(lab.show(&batch)),
            other => panic!("expected {expected:?}, got {other:?} after {told:?}"),
        }
    }
}

#[test]
fn what_is_unmounted_and_mounted_again_is_told() {
    if child::skips_or_runs("limits::what_is_unmounted_and_mounted_again_is_told", &["unshare", "-m"]) {
        return;
    }
    for (place, mounted) in [("root", "root/x.js"), ("root/sub", "root/sub/x.js")] {
        let bench = Bench::new().with(&["root/sub/below.js"]);
        let point = bench.at(place).display().to_string();
        let mount = || child::run("mount", &["-t", "tmpfs", "none", &point]);
        mount();
        crate::lab::write(&bench.at(mounted), "1");
        let mut lab = bench.start();
        for round in 0..3 {
            lab.write(mounted, &"x".repeat(round + 2));
            assert_eq!(lab.changes(), [format!("~f {mounted}")], "{place} round {round}");
            child::run("umount", &[&point]);
            await_all(&lab, &[&format!("-f {mounted}"), "+f root/sub/below.js"]);
            lab.write("root/sub/below.js", &"x".repeat(round + 2));
            assert_eq!(lab.changes(), ["~f root/sub/below.js"], "{place} round {round}");
            mount();
            crate::lab::write(&lab.at(mounted), "1");
            await_all(&lab, &["-f root/sub/below.js", &format!("+f {mounted}")]);
        }
    }
}

#[test]
fn a_root_that_is_moved_away_and_back_is_watched_again() {
    let mut lab = Bench::new().with(&["root/a.js", "root/sub/b.js"]).start();
    for round in 0..5 {
        fs::rename(lab.at("root"), lab.at("away")).unwrap();
        await_all(&lab, &["-f root/a.js", "-f root/sub/b.js", "-d root"]);
        lab.write("away/sub/b.js", "elsewhere");
        fs::rename(lab.at("away"), lab.at("root")).unwrap();
        await_all(&lab, &["+d root", "+f root/a.js", "+f root/sub/b.js"]);
        lab.write("root/sub/b.js", &"x".repeat(round + 2));
        lab.write("root/sub/new.js", "1");
        let told = lab.changes();
        assert!(told.contains(&"~f root/sub/b.js".to_owned()), "round {round}: {told:?}");
        fs::remove_file(lab.at("root/sub/new.js")).unwrap();
        lab.changes();
    }
}
