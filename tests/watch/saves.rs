//! How editors save.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::lab::{Bench, always, until_good};

#[test]
fn a_save_in_place_is_one_update() {
    let mut lab = Bench::new().with(&["root/a.js"]).start();
    assert_eq!(lab.at_once(|lab| lab.write("root/a.js", "2")), ["~f root/a.js"]);
    // In one step there is nothing to gather.
    lab.append("root/a.js", "3");
    assert_eq!(lab.told(), ["~f root/a.js"]);
}

#[test]
fn an_atomic_save_is_one_update() {
    let mut lab = Bench::new().with(&["root/a.js"]).start();
    let told = lab.at_once(|lab| {
        lab.write("root/.a.js.123", "2");
        fs::rename(lab.at("root/.a.js.123"), lab.at("root/a.js")).unwrap();
    });
    assert_eq!(told, ["~f root/a.js"]);
    lab.move_in("root/a.js", "3");
    assert_eq!(lab.told(), ["~f root/a.js"]);
}

#[test]
fn a_save_that_keeps_the_old_file_as_a_backup_is_one_update() {
    let mut lab = Bench::new().with(&["root/a.js"]).start();
    let told = lab.at_once(|lab| {
        fs::rename(lab.at("root/a.js"), lab.at("root/a.js~")).unwrap();
        lab.write("root/a.js", "2");
    });
    assert_eq!(told, ["~f root/a.js"]);
}

/// Writes to a file in one go, as an editor does.
fn put(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn run(program: &str, args: &[&OsStr]) -> std::io::Result<()> {
    assert!(Command::new(program).args(args).status()?.success(), "{program}");
    Ok(())
}

#[test]
fn however_an_editor_saves_it_is_one_update_of_the_file() {
    type Save = fn(&Path, &Path) -> std::io::Result<()>;
    // Each is given the folder and the file in it.
    let table: [(&str, Save); 13] = [
        ("VS Code: truncate, then write", |_, file| put(file, "2")),
        ("write, then write again", |_, file| put(file, "2").and_then(|()| put(file, "3"))),
        ("vim: probe, backup, new file", |dir, file| {
            put(&dir.join("4913"), "")?;
            fs::remove_file(dir.join("4913"))?;
            fs::rename(file, dir.join("a.js~"))?;
            put(file, "2")?;
            fs::remove_file(dir.join("a.js~"))
        }),
        ("vim with backupcopy: copy, then in place", |dir, file| {
            put(&dir.join(".a.js.swp"), "swap")?;
            fs::copy(file, dir.join("a.js~"))?;
            put(file, "2")?;
            fs::remove_file(dir.join("a.js~"))?;
            fs::remove_file(dir.join(".a.js.swp"))
        }),
        ("JetBrains: safe write", |dir, file| {
            put(&dir.join("a.js___jb_tmp___"), "2")?;
            fs::rename(file, dir.join("a.js___jb_old___"))?;
            fs::rename(dir.join("a.js___jb_tmp___"), file)?;
            fs::remove_file(dir.join("a.js___jb_old___"))
        }),
        #[cfg(unix)]
        ("Emacs: lock, auto save, backup", |dir, file| {
            std::os::unix::fs::symlink("user@host.1:2", dir.join(".#a.js"))?;
            put(&dir.join("#a.js#"), "half")?;
            fs::rename(file, dir.join("a.js~"))?;
            put(file, "2")?;
            fs::remove_file(dir.join(".#a.js"))?;
            fs::remove_file(dir.join("#a.js#"))
        }),
        ("Sublime, Zed: temporary file, then rename", |dir, file| {
            put(&dir.join(".tmp-a8f3"), "2")?;
            fs::rename(dir.join(".tmp-a8f3"), file)
        }),
        ("unlink, then create", |_, file| fs::remove_file(file).and_then(|()| put(file, "2"))),
        ("truncate by path, then append", |_, file| {
            fs::File::options().write(true).open(file)?.set_len(0)?;
            fs::File::options().append(true).open(file)?.write_all(b"2")
        }),
        ("the same text again", |_, file| put(file, "1")),
        ("a link put in its place", |dir, file| {
            put(&dir.join(".next"), "2")?;
            fs::remove_file(file)?;
            fs::hard_link(dir.join(".next"), file)?;
            fs::remove_file(dir.join(".next"))
        }),
        #[cfg(unix)]
        ("sed -i", |_, file| run("sed", &["-i".as_ref(), "s/1/2/".as_ref(), file.as_ref()])),
        #[cfg(unix)]
        ("cp over it", |dir, file| {
            let other = dir.with_file_name("other.js");
            put(&other, "2")?;
            run("cp", &[other.as_ref(), file.as_ref()])
        }),
    ];
    for (name, save) in table {
        for used in [false, true] {
            // On a busy machine the steps of a save may be far apart; how long we wait for the next is the schedule's
            // table. Here it is what they are together.
            let mut lab = Bench::new().with(&["root/a.js"]).start();
            if used {
                lab.use_files(&["root/a.js"]);
            }
            let told = lab.at_once(|lab| save(&lab.at("root"), &lab.at("root/a.js")).unwrap());
            assert_eq!(told, ["~f root/a.js"], "{name}, used: {used}");
        }
    }
}

#[test]
fn at_any_distance_between_two_saves_the_last_one_is_read() {
    let lab = Bench::new().with(&["root/a.js"]).start();
    lab.use_files(&["root/a.js"]);
    let distances = (0..=500).step_by(20).chain([25, 30, 35, 45]);
    for distance in distances {
        lab.write("root/a.js", &format!("{distance} first"));
        // Not a wait for anything: it is how long the user takes.
        std::thread::sleep(Duration::from_millis(distance));
        let last = format!("{distance} second");
        lab.write("root/a.js", &last);
        let deadline = Instant::now() + Duration::from_secs(10);
        // Whoever reads the file each time that he is told has read the second save in the end.
        while {
            assert_eq!(lab.show(&lab.batch()), ["~f root/a.js"], "{distance} ms");
            fs::read_to_string(lab.at("root/a.js")).unwrap() != last
        } {
            assert!(Instant::now() < deadline, "the second save was not told, {distance} ms after the first");
        }
        while lab.batch_within(Duration::from_millis(25)).is_some() {}
    }
}

#[test]
fn a_rename_over_another_file_keeps_both_ends() {
    let mut lab = Bench::new().with(&["root/a.js", "root/b.js"]).start();
    fs::rename(lab.at("root/a.js"), lab.at("root/b.js")).unwrap();
    let mut told = lab.told();
    told.sort();
    assert_eq!(told, ["-f root/a.js", "~f root/b.js"]);
}

#[test]
fn a_file_becomes_a_folder_and_a_file_again() {
    let mut lab = Bench::new().with(&["root/a.js"]).start();
    for round in 0..5 {
        let told = lab.at_once(|lab| {
            fs::remove_file(lab.at("root/a.js")).unwrap();
            lab.write("root/a.js/index.js", "1");
        });
        assert_eq!(told, ["-f root/a.js", "+d root/a.js", "+f root/a.js/index.js"], "round {round}");
        let told = lab.at_once(|lab| {
            fs::remove_dir_all(lab.at("root/a.js")).unwrap();
            lab.write("root/a.js", "2");
        });
        assert_eq!(told, ["-f root/a.js/index.js", "-d root/a.js", "+f root/a.js"], "round {round}");
    }
}

#[test]
fn a_module_that_is_truncated_first_is_told_with_its_last_content() {
    let mut lab = Bench::new().with(&["root/a.js"]).start();
    lab.use_files(&["root/a.js"]);
    let save = |_| {
        let mut file = fs::File::create(lab.at("root/a.js")).unwrap();
        // Not a wait for an event: it is how long the editor takes. Much longer than the quiet period, shorter than the
        // time that a module has to come back.
        std::thread::sleep(Duration::from_millis(10));
        file.write_all(b"last").unwrap();
        drop(file);
        lab.told()
    };
    assert_eq!(until_good(save, |told| told.len() == 1), ["~f root/a.js"]);
}

#[test]
fn a_module_that_is_unlinked_and_created_is_one_update() {
    let mut lab = Bench::new().with(&["root/a.js"]).start();
    lab.use_files(&["root/a.js"]);
    let save = |_| {
        fs::remove_file(lab.at("root/a.js")).unwrap();
        std::thread::sleep(Duration::from_millis(10));
        lab.write("root/a.js", "2");
        lab.told()
    };
    assert_eq!(until_good(save, |told| told.len() == 1), ["~f root/a.js"]);
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
    assert_eq!(lab.told(), ["-f root/a.js", "+f root/b.js"]);
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
    assert_eq!(lab.told(), ["~f root/a.js"]);
}

#[test]
fn a_file_that_comes_and_goes_is_nothing() {
    let mut lab = Bench::new().start();
    let told = lab.at_once(|lab| {
        lab.write("root/a.js", "1");
        fs::remove_file(lab.at("root/a.js")).unwrap();
    });
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn two_thousand_files_in_a_loop_are_three_batches_at_most() {
    let names: Vec<String> = (0..2000).map(|n| format!("root/f{n}.js")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut lab = Bench::new().with(&names).start();
    lab.use_files(&names);
    let write_all = |_| {
        for name in &names {
            std::fs::write(lab.at(name), "2").unwrap();
        }
        let batches = lab.quiesce();
        let mut told: Vec<String> = batches.iter().flat_map(|batch| lab.show(batch)).collect();
        told.sort();
        told.dedup();
        assert_eq!(told.len(), 2000);
        batches.len()
    };
    let batches = until_good(write_all, |batches| *batches <= 3);
    assert!(batches <= 3, "{batches} batches");
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
    let mut lab = Bench::new()
        .with(&["root/a.js", "root/b.js", "root/sub/c.js"])
        .start_with(|options, _| options.poll = always(Duration::from_millis(20)));
    assert_eq!(lab.ready.watches, 0);
    lab.append("root/a.js", "longer");
    assert_eq!(lab.told(), ["~f root/a.js"]);
    fs::rename(lab.at("root/sub"), lab.at("root/moved")).unwrap();
    let mut told = lab.told();
    told.sort();
    assert_eq!(told, ["+d root/moved", "+f root/moved/c.js", "-d root/sub", "-f root/sub/c.js"]);
}
