//! Files and folders beside the roots: there, not yet there, and there again.

use std::fs;

use crate::lab::Bench;

#[test]
fn only_the_file_that_was_asked_for_is_told() {
    let mut lab = Bench::new()
        .with(&["out/.env", "out/other"])
        .start_with(|o, temp| o.extra = vec![temp.join("out/.env")]);
    assert_eq!(lab.ready.watches, 2);
    lab.write("out/other", "2");
    lab.write("out/third", "2");
    lab.write("out/.env", "2");
    assert_eq!(lab.changes(), ["~f out/.env"]);
    for round in 0..3 {
        fs::remove_file(lab.at("out/.env")).unwrap();
        assert_eq!(lab.changes(), ["-f out/.env"], "round {round}");
        lab.write("out/.env", "3");
        let told = lab.changes();
        assert_eq!(told[0], "+f out/.env", "round {round}");
    }
    assert!(lab.watched().contains(&("out".to_owned(), vec![".env".to_owned()])));
}

#[test]
fn a_file_that_is_not_there_yet_is_told_when_it_comes() {
    let mut lab = Bench::new().start_with(|options, temp| options.extra = vec![temp.join("far/away/.env")]);
    lab.write("far/away/.env", "1");
    assert_eq!(lab.changes()[0], "+f far/away/.env");
    lab.write("far/away/.env", "2");
    assert_eq!(lab.changes(), ["~f far/away/.env"]);
    fs::remove_dir_all(lab.at("far")).unwrap();
    assert_eq!(lab.changes(), ["-f far/away/.env"]);
    fs::create_dir(lab.at("far")).unwrap();
    assert!(lab.changes().is_empty());
    lab.write("far/away/.env", "3");
    assert_eq!(lab.changes()[0], "+f far/away/.env");
}

#[test]
fn a_folder_that_is_not_there_yet_is_watched_when_it_comes() {
    let mut lab = Bench::new().start_with(|options, temp| options.extra = vec![temp.join("public")]);
    lab.write("public/img/a.svg", "1");
    let told = lab.changes();
    assert_eq!(told[..3], ["+d public", "+d public/img", "+f public/img/a.svg"]);
    lab.write("public/img/a.svg", "2");
    assert_eq!(lab.changes(), ["~f public/img/a.svg"]);
}

#[test]
fn what_is_there_when_it_is_added_is_no_change() {
    let mut lab = Bench::new().with(&["out/dir/a.js", "out/dir/sub/b.js", "out/one.js"]).start();
    lab.engine.add(vec![lab.at("out/dir"), lab.at("out/one.js")]);
    assert!(lab.changes().is_empty());
    lab.write("out/dir/sub/b.js", "2");
    lab.write("out/one.js", "2");
    lab.write("out/two.js", "2");
    assert_eq!(lab.changes(), ["~f out/dir/sub/b.js", "~f out/one.js"]);
}

#[test]
fn a_file_inside_a_root_needs_no_second_watch() {
    let lab = Bench::new().with(&["root/.env"]).start_with(|options, temp| {
        options.extra = vec![temp.join("root/.env"), temp.join("root/.env.local")];
    });
    assert_eq!(lab.ready.watches, 1);
}

#[test]
fn what_happens_right_after_a_file_was_added_is_told() {
    let names: Vec<String> = (10..90).map(|number| format!("out/f{number}.js")).collect();
    let files: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut lab = Bench::new().with(&files).start();
    // The engine's thread learns of a file later than we write it.
    for file in &names {
        lab.engine.add(vec![lab.at(file)]);
        lab.write(file, "longer");
    }
    let mut told = lab.changes();
    told.sort();
    assert_eq!(told, names.iter().map(|name| format!("~f {name}")).collect::<Vec<_>>());

    lab.write("out/gone.js", "1");
    lab.engine.add(vec![lab.at("out/gone.js"), lab.at("out/new.js")]);
    std::fs::remove_file(lab.at("out/gone.js")).unwrap();
    lab.write("out/new.js", "1");
    let mut told = lab.changes();
    told.sort();
    assert_eq!(told, ["+f out/new.js", "-f out/gone.js"]);
}
