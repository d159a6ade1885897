//! Files with several names: symbolic and hard links.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;

use crate::lab::{Bench, Lab};

/// Each change once: on a busy machine a write may fall between two transactions, and is told again.
fn paths(told: &[String]) -> Vec<&str> {
    let paths: BTreeSet<_> = told.iter().map(String::as_str).collect();
    paths.into_iter().collect()
}

#[test]
fn what_happens_to_a_file_happens_to_the_links_to_it() {
    let bench = Bench::new().with(&["root/a.js", "root/sub/b.js"]);
    symlink(bench.at("root/a.js"), bench.at("root/sub/absolute.js")).unwrap();
    symlink("../a.js", bench.at("root/sub/relative.js")).unwrap();
    symlink("relative.js", bench.at("root/sub/twice.js")).unwrap();
    let mut lab = bench.start();
    let links = ["root/sub/absolute.js", "root/sub/relative.js", "root/sub/twice.js"];
    let told = |kind: &str| -> Vec<String> {
        std::iter::once("root/a.js").chain(links).map(|path| format!("{kind}f {path}")).collect()
    };

    assert_eq!(lab.at_once(|lab| lab.write("root/a.js", "2")), told("~"));
    fs::remove_file(lab.at("root/a.js")).unwrap();
    assert_eq!(lab.told(), told("-"), "they dangle, and are no files");
    assert_eq!(lab.at_once(|lab| lab.write("root/a.js", "3")), told("+"));
}

#[test]
fn a_link_is_followed_where_it_leads_now() {
    let bench = Bench::new().with(&["root/a.js", "root/b.js"]);
    symlink("a.js", bench.at("root/link.js")).unwrap();
    let mut lab = bench.start();
    fs::remove_file(lab.at("root/link.js")).unwrap();
    symlink("b.js", lab.at("root/link.js")).unwrap();
    assert_eq!(lab.changes(), ["~f root/link.js"]);
    lab.write("root/a.js", "2");
    assert_eq!(lab.changes(), ["~f root/a.js"]);
    lab.write("root/b.js", "2");
    assert_eq!(lab.changes(), ["~f root/b.js", "~f root/link.js"]);
}

/// As `ln -sfn` does it, and whoever deploys by a link named `current`.
fn relink(lab: &Lab, to: &str, link: &str) {
    symlink(to, lab.at("out/fresh")).unwrap();
    fs::rename(lab.at("out/fresh"), lab.at(link)).unwrap();
}

#[test]
fn a_link_that_is_replaced_by_another_is_told_under_its_own_name() {
    let bench = Bench::new().with(&["root/a.js", "root/b.js", "root/folder/c.js", "out/x"]);
    symlink("a.js", bench.at("root/link.js")).unwrap();
    let mut lab = bench.start();
    relink(&lab, "b.js", "root/link.js");
    assert_eq!(lab.changes(), ["~f root/link.js"]);
    lab.write("root/a.js", "2");
    assert_eq!(paths(&lab.changes()), ["~f root/a.js"]);
    lab.write("root/b.js", "2");
    assert_eq!(paths(&lab.changes()), ["~f root/b.js", "~f root/link.js"]);
    // The same file by another way.
    relink(&lab, "folder/../b.js", "root/link.js");
    assert_eq!(lab.changes(), ["~f root/link.js"]);
    relink(&lab, "folder", "root/link.js");
    assert_eq!(lab.changes(), ["-f root/link.js"], "a link to a folder is no file");
    relink(&lab, "folder/c.js", "root/link.js");
    assert_eq!(lab.changes(), ["+f root/link.js"]);
    relink(&lab, "missing.js", "root/link.js");
    assert_eq!(lab.changes(), ["-f root/link.js"], "it dangles");
    lab.write("root/missing.js", "1");
    assert_eq!(paths(&lab.changes())[..2], ["+f root/link.js", "+f root/missing.js"]);
}

#[test]
fn a_link_to_a_folder_that_is_replaced_changes_the_files_behind_it() {
    let bench = Bench::new().with(&["root/one/a.js", "root/two/a.js", "out/x"]);
    symlink("one", bench.at("root/current")).unwrap();
    symlink("current/a.js", bench.at("root/link.js")).unwrap();
    let mut lab = bench.start();
    relink(&lab, "two", "root/current");
    assert_eq!(lab.changes(), ["~f root/link.js"]);
    lab.write("root/two/a.js", "2");
    assert_eq!(paths(&lab.changes()), ["~f root/link.js", "~f root/two/a.js"]);
}

#[test]
fn a_link_that_dangles_is_told_when_its_folder_comes() {
    let bench = Bench::new().with(&["out/there/a.js"]);
    symlink("there/a.js", bench.at("root/link.js")).unwrap();
    let mut lab = bench.start();
    fs::rename(lab.at("out/there"), lab.at("root/there")).unwrap();
    assert_eq!(lab.changes(), ["+d root/there", "+f root/there/a.js", "+f root/link.js"]);
    fs::rename(lab.at("root/there"), lab.at("out/there")).unwrap();
    assert_eq!(lab.changes(), ["-f root/there/a.js", "-d root/there", "-f root/link.js"]);
}

#[test]
fn a_root_under_another_name_has_the_same_links() {
    let bench = Bench::new().with(&["root/a.js"]);
    symlink(bench.at("root/a.js"), bench.at("root/link.js")).unwrap();
    symlink(bench.at("root"), bench.at("alias")).unwrap();
    let lab = bench.start_with(|options, base| options.roots = vec![base.join("alias")]);
    lab.append("root/a.js", "2");
    let batch = lab.batch();
    assert_eq!(lab.show(&batch), ["~f alias/a.js", "~f alias/link.js"]);
}

#[test]
fn a_file_that_is_written_by_one_name_is_an_update_of_the_others() {
    let bench = Bench::new().with(&["root/a.js", "root/sub/b.js"]);
    fs::hard_link(bench.at("root/a.js"), bench.at("root/sub/hard.js")).unwrap();
    let mut lab = bench.start();
    let told = lab.at_once(|lab| lab.write("root/a.js", "2"));
    assert_eq!(told, ["~f root/a.js", "~f root/sub/hard.js"]);
    let told = lab.at_once(|lab| lab.write("root/sub/hard.js", "3"));
    assert_eq!(told, ["~f root/sub/hard.js", "~f root/a.js"]);
    fs::remove_file(lab.at("root/a.js")).unwrap();
    assert_eq!(lab.told(), ["-f root/a.js"], "nobody wrote it");
}

#[test]
fn a_file_that_is_written_by_a_name_that_goes_is_an_update_of_the_others() {
    let bench = Bench::new().with(&["root/a.js", "root/b.js", "out/other.js"]);
    fs::hard_link(bench.at("root/a.js"), bench.at("root/hard_a.js")).unwrap();
    fs::hard_link(bench.at("root/b.js"), bench.at("root/hard_b.js")).unwrap();
    let mut lab = bench.start();
    lab.write("root/a.js", "2");
    fs::rename(lab.at("out/other.js"), lab.at("root/a.js")).unwrap();
    lab.write("root/b.js", "2");
    fs::remove_file(lab.at("root/b.js")).unwrap();
    let mut told = lab.changes();
    told.sort();
    assert_eq!(told, ["-f root/b.js", "~f root/a.js", "~f root/hard_a.js", "~f root/hard_b.js"]);
}

#[test]
fn a_new_name_alone_changes_no_other() {
    let mut lab = Bench::new().with(&["root/a.js"]).start();
    fs::hard_link(lab.at("root/a.js"), lab.at("root/b.js")).unwrap();
    assert_eq!(lab.told(), ["+f root/b.js"]);
}

#[test]
fn a_file_that_is_asked_for_through_a_link_takes_nothing_from_its_folder() {
    let bench = Bench::new().with(&["root/conf/x.json", "root/conf/y.json"]);
    symlink("conf", bench.at("root/link")).unwrap();
    let mut lab = bench.start();
    lab.engine.add(vec![lab.at("root/link/x.json"), lab.at("root/link/sub/deep/z.json")]);
    assert!(lab.changes().is_empty());
    lab.append("root/conf/y.json", "2");
    assert_eq!(lab.changes(), ["~f root/conf/y.json"]);
    lab.append("root/conf/x.json", "2");
    assert_eq!(lab.changes(), ["~f root/conf/x.json", "~f root/link/x.json"]);
    lab.move_in("root/conf/x.json", "an atomic save");
    assert_eq!(paths(&lab.changes()), ["~f root/conf/x.json", "~f root/link/x.json"]);
    fs::remove_file(lab.at("root/conf/x.json")).unwrap();
    assert_eq!(paths(&lab.changes()), ["-f root/conf/x.json", "-f root/link/x.json"]);
    lab.move_in("root/conf/x.json", "again");
    assert_eq!(paths(&lab.changes()), ["+f root/conf/x.json", "+f root/link/x.json"]);

    // The folders in between come later.
    lab.write("root/conf/sub/other.json", "1");
    assert_eq!(paths(&lab.changes())[..2], ["+d root/conf/sub", "+f root/conf/sub/other.json"]);
    lab.write("root/conf/sub/deep/z.json", "1");
    let told = lab.changes();
    let came = ["+d root/conf/sub/deep", "+f root/conf/sub/deep/z.json", "+f root/link/sub/deep/z.json"];
    assert_eq!(paths(&told)[..3], came);
    lab.append("root/conf/sub/deep/z.json", "2");
    assert_eq!(lab.changes(), ["~f root/conf/sub/deep/z.json", "~f root/link/sub/deep/z.json"]);
    lab.append("root/conf/sub/other.json", "2");
    assert_eq!(lab.changes(), ["~f root/conf/sub/other.json"]);

    lab.engine.unwatch(vec![lab.at("root/link/x.json"), lab.at("root/link/sub/deep/z.json")]);
    lab.append("root/conf/x.json", "2");
    lab.append("root/conf/sub/deep/z.json", "2");
    let mut told = lab.changes();
    told.sort();
    assert_eq!(told, ["~f root/conf/sub/deep/z.json", "~f root/conf/x.json"]);
}
