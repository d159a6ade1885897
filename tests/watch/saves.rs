//! How editors save.

use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use crate::lab::Bench;

#[test]
fn a_save_in_place_is_one_update() {
    let mut lab = Bench::new().with(&["root/a.js"]).start();
    lab.write("root/a.js", "2");
    assert_eq!(lab.changes(), ["~f root/a.js"]);
}

#[test]
fn an_atomic_save_is_one_update() {
    let mut lab = Bench::new().with(&["root/a.js"]).start();
    lab.write("root/.a.js.123", "2");
    fs::rename(lab.at("root/.a.js.123"), lab.at("root/a.js")).unwrap();
    assert_eq!(lab.changes(), ["~f root/a.js"]);
}

#[test]
fn a_save_that_keeps_the_old_file_as_a_backup_is_one_update() {
    let mut lab = Bench::new().with(&["root/a.js"]).start();
    fs::rename(lab.at("root/a.js"), lab.at("root/a.js~")).unwrap();
    lab.write("root/a.js", "2");
    assert_eq!(lab.changes(), ["~f root/a.js"]);
}

#[test]
fn a_module_that_is_truncated_first_is_told_with_its_last_content() {
    let lab = Bench::new().with(&["root/a.js"]).start();
    lab.use_files(&["root/a.js"]);
    let mut file = fs::File::create(lab.at("root/a.js")).unwrap();
    // Not a wait for an event: it is how long the editor takes. Much longer than the quiet period, shorter than the
    // time that a module has to come back.
    std::thread::sleep(Duration::from_millis(10));
    file.write_all(b"last").unwrap();
    drop(file);
    let batch = lab.batch();
    assert_eq!(lab.show(&batch), ["~f root/a.js"]);
    assert_eq!(fs::read_to_string(lab.at("root/a.js")).unwrap(), "last");
    assert_eq!(lab.batch_within(Duration::from_millis(60)), None);
}

#[test]
fn a_module_that_is_unlinked_and_created_is_one_update() {
    let lab = Bench::new().with(&["root/a.js"]).start();
    lab.use_files(&["root/a.js"]);
    fs::remove_file(lab.at("root/a.js")).unwrap();
    std::thread::sleep(Duration::from_millis(10));
    lab.write("root/a.js", "2");
    let batch = lab.batch();
    assert_eq!(lab.show(&batch), ["~f root/a.js"]);
}

#[test]
fn a_module_that_is_deleted_is_told_after_its_time_to_come_back() {
    let lab = Bench::new().with(&["root/a.js", "root/b.js"]).start();
    lab.use_files(&["root/a.js"]);
    let start = Instant::now();
    fs::remove_file(lab.at("root/a.js")).unwrap();
    let batch = lab.batch();
    assert_eq!(lab.show(&batch), ["-f root/a.js"]);
    assert!(start.elapsed() >= Duration::from_millis(30));
}

#[test]
fn a_module_that_is_renamed_is_told_at_once() {
    let mut lab = Bench::new().with(&["root/a.js"]).start();
    lab.use_files(&["root/a.js"]);
    fs::rename(lab.at("root/a.js"), lab.at("root/b.js")).unwrap();
    assert_eq!(lab.changes(), ["-f root/a.js", "+f root/b.js"]);
}

#[test]
fn the_last_of_two_rapid_saves_is_told() {
    let lab = Bench::new().with(&["root/a.js"]).start();
    lab.use_files(&["root/a.js"]);
    for round in 0..50 {
        lab.write("root/a.js", &format!("{round} first"));
        lab.write("root/a.js", &format!("{round} second"));
        // Whoever reads the file when told must, after the last batch of a round, have read the second save.
        let last = format!("{round} second");
        let deadline = Instant::now() + Duration::from_secs(10);
        while {
            lab.batch();
            fs::read_to_string(lab.at("root/a.js")).unwrap() != last
        } {
            assert!(Instant::now() < deadline, "the second save of round {round} was not told");
        }
        while lab.batch_within(Duration::from_millis(30)).is_some() {}
    }
}

#[test]
fn every_save_of_a_series_is_told() {
    let lab = Bench::new().with(&["root/a.js"]).start();
    lab.use_files(&["root/a.js"]);
    for round in 0..200 {
        // The same size each time, and faster than a coarse clock ticks.
        lab.write("root/a.js", &format!("{round:04}"));
        assert_eq!(lab.show(&lab.batch()), ["~f root/a.js"], "round {round}");
        while lab.batch_within(Duration::from_millis(4)).is_some() {}
    }
}

#[test]
fn a_touch_is_an_update_and_a_chmod_is_not() {
    let mut lab = Bench::new().with(&["root/a.js", "root/b.js"]).start();
    let later = std::time::SystemTime::now() + Duration::from_secs(5);
    fs::File::options().append(true).open(lab.at("root/a.js")).unwrap().set_modified(later).unwrap();
    let mut mode = fs::metadata(lab.at("root/b.js")).unwrap().permissions();
    mode.set_readonly(true);
    fs::set_permissions(lab.at("root/b.js"), mode).unwrap();
    // Opened for writing and closed without a write.
    drop(fs::File::options().append(true).open(lab.at("root/a.js")).unwrap());
    assert_eq!(lab.changes(), ["~f root/a.js"]);
}

#[test]
fn a_file_that_comes_and_goes_is_nothing() {
    let mut lab = Bench::new().start_with(|options, _| options.debounce = Some(Duration::from_millis(50)));
    lab.write("root/a.js", "1");
    fs::remove_file(lab.at("root/a.js")).unwrap();
    assert!(lab.changes().is_empty());
}

#[test]
fn two_thousand_files_in_a_loop_are_three_batches_at_most() {
    let names: Vec<String> = (0..2000).map(|n| format!("root/f{n}.js")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut lab = Bench::new().with(&names).start();
    lab.use_files(&names);
    for name in &names {
        std::fs::write(lab.at(name), "2").unwrap();
    }
    let batches = lab.quiesce();
    let mut told: Vec<String> = batches.iter().flat_map(|batch| lab.show(batch)).collect();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 2000);
    assert!(batches.len() <= 3, "{} batches", batches.len());
}

#[cfg(unix)]
#[test]
fn a_link_to_a_file_is_a_file_and_a_link_to_a_directory_is_nothing() {
    use std::os::unix::fs::symlink;
    let mut lab = Bench::new().with(&["out/a.js", "root/b.js"]).start();
    symlink(lab.at("out/a.js"), lab.at("root/a.js")).unwrap();
    symlink(lab.at("out"), lab.at("root/out")).unwrap();
    symlink(lab.at("nowhere"), lab.at("root/dangling")).unwrap();
    assert_eq!(lab.changes(), ["+f root/a.js"]);
}

#[test]
fn polling_tells_the_same() {
    let lab = Bench::new()
        .with(&["root/a.js", "root/b.js", "root/sub/c.js"])
        .start_with(|options, _| options.poll = Some(Duration::from_millis(20)));
    assert_eq!(lab.ready.watches, 0);
    lab.write("root/a.js", "longer");
    assert_eq!(lab.show(&lab.batch()), ["~f root/a.js"]);
    fs::rename(lab.at("root/sub"), lab.at("root/moved")).unwrap();
    let mut told = lab.show(&lab.batch());
    if told.len() < 4 {
        // The interval ended between the two halves of the rename.
        told.extend(lab.show(&lab.batch()));
    }
    told.sort();
    assert_eq!(told, ["+d root/moved", "+f root/moved/c.js", "-d root/sub", "-f root/sub/c.js"]);
}
