//! Directories that come, go and move.

use std::collections::BTreeSet;
use std::fs;

use crate::lab::Bench;

#[test]
fn a_file_in_folders_made_at_once_is_seen() {
    for _ in 0..30 {
        let mut lab = Bench::new().start();
        lab.write("root/a/b/c/d/e/f.js", "1");
        let expected = [
            "+d root/a",
            "+d root/a/b",
            "+d root/a/b/c",
            "+d root/a/b/c/d",
            "+d root/a/b/c/d/e",
            "+f root/a/b/c/d/e/f.js",
        ];
        assert_eq!(lab.changes(), expected);
        lab.write("root/a/b/c/d/e/f.js", "2");
        assert_eq!(lab.changes(), ["~f root/a/b/c/d/e/f.js"]);
    }
}

#[test]
fn a_tree_moved_in_and_out_is_told_whole() {
    let mut lab = Bench::new().with(&["out/t/a.js", "out/t/sub/b.js", "root/x.js"]).start();
    fs::rename(lab.at("out/t"), lab.at("root/t")).unwrap();
    assert_eq!(lab.told(), ["+d root/t", "+f root/t/a.js", "+d root/t/sub", "+f root/t/sub/b.js"]);
    lab.write("root/t/sub/b.js", "2");
    assert_eq!(lab.changes(), ["~f root/t/sub/b.js"]);
    fs::rename(lab.at("root/t"), lab.at("out/t")).unwrap();
    assert_eq!(lab.told(), ["-f root/t/a.js", "-f root/t/sub/b.js", "-d root/t/sub", "-d root/t"]);
    lab.write("out/t/a.js", "3");
    assert!(lab.changes().is_empty());
}

#[test]
fn a_renamed_folder_is_watched_under_its_new_name() {
    let mut lab = Bench::new().with(&["root/old/a.js", "root/old/sub/b.js"]).start();
    fs::rename(lab.at("root/old"), lab.at("root/new")).unwrap();
    let mut told = lab.told();
    told.sort();
    let expected = [
        "+d root/new",
        "+d root/new/sub",
        "+f root/new/a.js",
        "+f root/new/sub/b.js",
        "-d root/old",
        "-d root/old/sub",
        "-f root/old/a.js",
        "-f root/old/sub/b.js",
    ];
    assert_eq!(told, expected);
    lab.write("root/new/a.js", "2");
    lab.write("root/new/sub/c.js", "2");
    assert_eq!(lab.changes(), ["~f root/new/a.js", "+f root/new/sub/c.js"]);
}

#[test]
fn folders_that_swap_names_keep_their_watches() {
    let mut lab = Bench::new().with(&["root/a/1.js", "root/a/deep/1.js", "root/b/2.js"]).start();
    for round in 0..20 {
        fs::rename(lab.at("root/a"), lab.at("root/c")).unwrap();
        fs::rename(lab.at("root/b"), lab.at("root/a")).unwrap();
        fs::rename(lab.at("root/c"), lab.at("root/b")).unwrap();
        lab.changes();
        let (one, two) = if round % 2 == 0 { ("b", "a") } else { ("a", "b") };
        let (one, two) = (format!("root/{one}/deep/1.js"), format!("root/{two}/2.js"));
        lab.write(&one, "next");
        lab.write(&two, "next");
        assert_eq!(lab.changes(), [format!("~f {one}"), format!("~f {two}")], "round {round}");
    }
}

#[test]
fn nine_hundred_files_moved_in_are_nine_hundred_creations() {
    let names: Vec<String> = (0..900).map(|n| format!("out/many/{}/f{n}.js", n % 9)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut lab = Bench::new().with(&names).start();
    fs::rename(lab.at("out/many"), lab.at("root/many")).unwrap();
    let told = lab.told();
    assert_eq!(told.iter().filter(|change| change.starts_with("+f")).count(), 900);
    assert_eq!(told.len(), 910);
}

#[test]
fn a_copied_tree_is_complete() {
    let names: Vec<String> = (0..300).map(|n| format!("out/many/{}/{}/f{n}.js", n % 5, n % 7)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut lab = Bench::new().with(&names).start();
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .args([lab.at("out/many"), lab.at("root/many")])
        .status()
        .unwrap();
    assert!(copied.success());
    let told = lab.changes();
    let files: BTreeSet<_> = told.iter().filter(|change| change.starts_with("+f")).collect();
    assert_eq!(files.len(), 300);
}

#[cfg(unix)]
#[test]
fn an_unpacked_archive_is_complete() {
    let names: Vec<String> = (0..2000).map(|n| format!("out/many/{}/{}/f{n}.js", n % 20, n % 100)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut lab = Bench::new().with(&names).start();
    let tar = |args: &[&str], dir: &str| {
        let status = std::process::Command::new("tar").args(args).current_dir(lab.at(dir)).status().unwrap();
        assert!(status.success());
    };
    tar(&["cf", "../many.tar", "many"], "out");
    tar(&["xf", "../many.tar"], "root");
    let told = lab.changes();
    let files: BTreeSet<_> = told.iter().filter(|change| change.starts_with("+f")).collect();
    assert_eq!(files.len(), 2000);
}

#[test]
fn a_deleted_tree_is_told_contents_first() {
    let mut lab = Bench::new().with(&["root/t/a/b.js", "root/t/c.js"]).start();
    fs::remove_dir_all(lab.at("root/t")).unwrap();
    let told = lab.changes();
    let at =
        |change: &str| told.iter().position(|known| known == change).unwrap_or_else(|| panic!("{told:?}"));
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(at("-f root/t/a/b.js") < at("-d root/t/a"));
    assert!(at("-d root/t/a") < at("-d root/t"));
    assert!(at("-f root/t/c.js") < at("-d root/t"));
}

#[test]
fn a_folder_made_anew_is_compared() {
    let mut lab = Bench::new().with(&["root/t/a.js", "root/t/b.js"]).start();
    let mut told = lab.at_once(|lab| {
        fs::remove_dir_all(lab.at("root/t")).unwrap();
        lab.write("root/t/b.js", "2");
        lab.write("root/t/c.js", "2");
    });
    told.sort();
    assert_eq!(told, ["+f root/t/c.js", "-f root/t/a.js", "~f root/t/b.js"]);
    lab.write("root/t/b.js", "3");
    assert_eq!(lab.changes(), ["~f root/t/b.js"]);
}

#[test]
fn a_file_can_become_a_folder_and_a_folder_a_file() {
    let mut lab = Bench::new().with(&["root/x", "root/y/a.js"]).start();
    let told = lab.at_once(|lab| {
        fs::remove_file(lab.at("root/x")).unwrap();
        lab.write("root/x/b.js", "1");
    });
    assert_eq!(told, ["-f root/x", "+d root/x", "+f root/x/b.js"]);
    let mut told = lab.at_once(|lab| {
        fs::remove_dir_all(lab.at("root/y")).unwrap();
        lab.write("root/y", "1");
    });
    told.sort();
    assert_eq!(told, ["+f root/y", "-d root/y", "-f root/y/a.js"]);
}

#[test]
fn the_root_can_go_and_come_back() {
    let mut lab = Bench::new().with(&["root/a.js", "root/sub/b.js"]).start();
    fs::remove_dir_all(lab.at("root")).unwrap();
    let mut told = Vec::new();
    while !told.iter().any(|change| change == "-d root") {
        let batch = lab.batch();
        told.extend(lab.show(&batch));
    }
    fs::create_dir(lab.at("root")).unwrap();
    lab.write("root/sub/c.js", "1");
    let mut told = lab.changes();
    told.sort();
    assert_eq!(told, ["+d root", "+d root/sub", "+f root/sub/c.js"]);
    lab.write("root/sub/c.js", "2");
    assert_eq!(lab.changes(), ["~f root/sub/c.js"]);
}

#[test]
fn depth_ends_the_watch() {
    let mut lab = Bench::new().with(&["root/a/b/c.js"]).start_with(|options, _| options.depth = Some(1));
    lab.write("root/a/b/c.js", "2");
    lab.write("root/a/d.js", "2");
    lab.write("root/n/m/o.js", "2");
    let told = lab.changes();
    assert_eq!(told, ["+f root/a/d.js", "+d root/n", "+d root/n/m"]);
}

#[test]
fn the_files_of_a_folder_that_was_away_for_a_moment_are_updates() {
    let mut lab = Bench::new().with(&["root/d/sub/a.js", "out/x"]).start();
    let told = lab.at_once(|lab| {
        fs::rename(lab.at("root/d"), lab.at("out/d")).unwrap();
        fs::rename(lab.at("out/d"), lab.at("root/d")).unwrap();
    });
    // Whoever was told of the file before, and reads it late, may have looked for it while it was away.
    assert_eq!(told, ["~f root/d/sub/a.js"]);
}
