//! What is left out is silent, and costs no watch.

use std::fs;

use crate::lab::Bench;

#[test]
fn ignored_folders_are_silent_and_not_watched() {
    let mut lab = Bench::new()
        .with(&["root/node_modules/a/b/c.js", "root/.cache/x/y.js", "root/src/a.js", "root/src/a.log"])
        .start_with(|options, temp| {
            options.ignore = vec!["**/node_modules/**".into(), "**/*.log".into(), "!**/.cache/**".into()];
            options.always_ignore = vec![format!("{}/root/.cache/**", temp.display())];
        });
    assert_eq!(lab.ready.watches, 2);
    assert_eq!(lab.ready.directories, 2);
    assert_eq!(lab.ready.files, 1);
    assert_eq!(
        lab.watched(),
        [
            (String::new(), vec!["root".to_owned()]),
            ("root".to_owned(), vec!["src".to_owned()]),
            ("root/src".to_owned(), vec!["a.js".to_owned()]),
        ]
    );
    lab.write("root/node_modules/a/b/c.js", "2");
    lab.write("root/node_modules/new.js", "2");
    lab.write("root/.cache/x/y.js", "2");
    lab.write("root/src/a.log", "2");
    fs::remove_dir_all(lab.at("root/.cache")).unwrap();
    lab.write("root/.cache/again.js", "2");
    lab.write("root/src/node_modules/deep.js", "2");
    assert!(lab.changes().is_empty());
}

#[test]
fn a_folder_renamed_to_an_ignored_name_is_deleted() {
    let mut lab = Bench::new()
        .with(&["root/lib/a.js"])
        .start_with(|options, _| options.ignore = vec!["**/node_modules/**".into()]);
    fs::rename(lab.at("root/lib"), lab.at("root/node_modules")).unwrap();
    assert_eq!(lab.changes(), ["-f root/lib/a.js", "-d root/lib"]);
    lab.write("root/node_modules/a.js", "2");
    assert!(lab.changes().is_empty());
    fs::rename(lab.at("root/node_modules"), lab.at("root/lib")).unwrap();
    assert_eq!(lab.changes(), ["+d root/lib", "+f root/lib/a.js"]);
}

#[test]
fn a_negation_takes_back_in() {
    let mut lab = Bench::new().with(&["root/node_modules/a.js"]).start_with(|options, _| {
        options.ignore = vec!["**/node_modules/**".into(), "!**/node_modules/**".into()];
    });
    lab.write("root/node_modules/a.js", "2");
    assert_eq!(lab.changes(), ["~f root/node_modules/a.js"]);
}

#[test]
fn what_is_unwatched_is_silent_until_it_is_added_again() {
    let mut lab = Bench::new().with(&["root/a/1.js", "root/b/2.js"]).start();
    lab.engine.unwatch(vec![lab.at("root/a")]);
    assert_eq!(lab.engine.stats().unwrap().directories, 2);
    lab.write("root/a/1.js", "2");
    lab.write("root/a/new.js", "2");
    lab.write("root/b/2.js", "2");
    assert_eq!(lab.changes(), ["~f root/b/2.js"]);
    lab.engine.add(vec![lab.at("root/a")]);
    assert!(lab.changes().is_empty());
    lab.write("root/a/new.js", "3");
    assert_eq!(lab.changes(), ["~f root/a/new.js"]);
}
