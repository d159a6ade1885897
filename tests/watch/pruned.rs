//! Ignore files, other repositories, and what is watched all the same.

use std::fs;
use std::path::Path;
use std::process::Command;

use bino_hmr::engine::EngineOptions;

use crate::lab::{Bench, Lab, write};

fn on(options: &mut EngineOptions, _: &Path) {
    options.gitignore = true;
    options.ignore = vec!["**/.git/**".into(), "**/node_modules/**".into()];
}

fn git(lab: &Lab, dir: &str, args: &[&str]) {
    let output = Command::new("git")
        .current_dir(lab.at(dir))
        .args(["-c", "user.name=t", "-c", "user.email=t@t", "-c", "core.fsmonitor=false"])
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Waits until the engine has taken in what it was told before. What was written just now and is used from now on is
/// told once more; that is left out.
fn settled(lab: &mut Lab) {
    lab.engine.stats().unwrap();
    let told = lab.changes();
    assert!(told.iter().all(|change| change.starts_with('~')), "{told:?}");
}

#[test]
fn ignored_directories_cost_nothing_and_single_files_are_seen() {
    let bench = Bench::new()
        .with(&[
            "root/dist/deep/a.js",
            "root/src/a.js",
            "root/src/gen/b.js",
            "root/src/.env.local",
            "root/logs/x",
        ])
        .with(&["root/.git/HEAD", "root/tools/out/c.js"]);
    write(&bench.at("root/.gitignore"), "dist\n*.local\ntools/*\n");
    write(&bench.at("root/src/.gitignore"), "gen/\n");
    write(&bench.at("root/.ignore"), "logs\n");
    let mut lab = bench.start_with(on);
    assert_eq!((lab.ready.watches, lab.ready.directories), (3, 3));
    for silent in [
        "root/dist/deep/a.js",
        "root/dist/new/b.js",
        "root/src/gen/b.js",
        "root/logs/x",
        "root/tools/out/d.js",
    ] {
        lab.write(silent, "2");
    }
    fs::remove_dir_all(lab.at("root/dist")).unwrap();
    lab.write("root/dist/again.js", "2");
    lab.write("root/src/.env.local", "2");
    lab.write("root/tools/d.js", "2");
    assert_eq!(lab.changes(), ["~f root/src/.env.local", "+f root/tools/d.js"]);
    assert_eq!(lab.engine.stats().unwrap().watches, 3);
}

#[test]
fn without_the_option_ignore_files_mean_nothing() {
    let bench = Bench::new().with(&["root/dist/a.js", "root/other/.git/HEAD"]);
    write(&bench.at("root/.gitignore"), "dist\n");
    let mut lab = bench.start_with(|options, temp| {
        on(options, temp);
        options.gitignore = false;
    });
    lab.write("root/dist/a.js", "2");
    lab.write("root/other/b.js", "2");
    assert_eq!(lab.changes(), ["~f root/dist/a.js", "+f root/other/b.js"]);
}

#[test]
fn the_users_own_ignore_wins_both_ways() {
    let bench = Bench::new().with(&["root/dist/a.js", "root/out/gen/b.js", "root/out/c.js", "root/src/d.js"]);
    write(&bench.at("root/.gitignore"), "dist\nout\n!src\n");
    let mut lab = bench.start_with(|options, temp| {
        on(options, temp);
        let root = temp.join("root");
        for pattern in ["!{}/dist/**", "!{}/out/gen/**", "{}/src/**"] {
            options.ignore.push(pattern.replace("{}", root.to_str().unwrap()));
        }
    });
    for file in ["root/dist/a.js", "root/out/gen/b.js", "root/out/c.js", "root/src/d.js"] {
        lab.write(file, "2");
    }
    assert_eq!(lab.changes(), ["~f root/dist/a.js", "~f root/out/gen/b.js"]);
}

#[test]
fn other_repositories_and_work_trees_are_left_out() {
    let bench = Bench::new().with(&["root/src/a.js", "root/lib/x.js"]);
    let mut lab = bench.start_with(on);
    git(&lab, "root", &["init", "-q", "-b", "one"]);
    git(&lab, "root", &["add", "."]);
    git(&lab, "root", &["commit", "-qm", "one"]);
    lab.changes();
    // One that comes while we watch: whole, and without a word, unless we look before it is one.
    git(&lab, "root", &["worktree", "add", "-q", "-b", "two", ".trees/two"]);
    let mut told = lab.changes();
    told.retain(|change| change != "+d root/.trees/two");
    assert_eq!(told, ["+d root/.trees"]);
    lab.write("root/.trees/two/src/a.js", "2");
    assert!(lab.changes().is_empty());
    // A folder that becomes a repository.
    git(&lab, "root/lib", &["init", "-q"]);
    lab.write("root/lib/x.js", "2");
    assert!(lab.changes().is_empty());
    let lab = lab.restart(on);
    let dirs: Vec<String> = lab.watched().into_iter().map(|(dir, _)| dir).collect();
    assert_eq!(dirs, ["", "root", "root/.trees", "root/src"]);
}

#[test]
fn submodules_are_source() {
    let bench = Bench::new().with(&["root/.git/HEAD", "root/libs/ui/.git", "root/libs/ui/a.js"]);
    write(&bench.at("root/.gitmodules"), "[submodule \"ui\"]\n\tpath = libs/ui\n");
    let mut lab = bench.start_with(on);
    lab.write("root/libs/ui/a.js", "2");
    assert_eq!(lab.changes(), ["~f root/libs/ui/a.js"]);
}

#[test]
fn what_is_watched_follows_the_ignore_files_without_a_word() {
    let bench = Bench::new().with(&["root/dist/a.js", "root/dist/deep/b.js", "root/src/c.js"]);
    write(&bench.at("root/.gitignore"), "dist\n");
    let mut lab = bench.start_with(on);
    assert_eq!(lab.ready.watches, 2);
    lab.write("root/.gitignore", "src\n");
    assert_eq!(lab.changes(), ["~f root/.gitignore"]);
    assert_eq!(lab.engine.stats().unwrap().watches, 3);
    lab.write("root/src/c.js", "2");
    lab.write("root/dist/deep/b.js", "2");
    lab.write("root/dist/new.js", "2");
    assert_eq!(lab.changes(), ["~f root/dist/deep/b.js", "+f root/dist/new.js"]);
    fs::remove_file(lab.at("root/.gitignore")).unwrap();
    assert_eq!(lab.changes(), ["-f root/.gitignore"]);
    lab.write("root/src/c.js", "3");
    assert_eq!(lab.changes(), ["~f root/src/c.js"]);
    // A directory that is made together with the rule that lets it in is new, and told.
    lab.write("root/.gitignore", "gen\n");
    lab.changes();
    fs::write(lab.at("root/.gitignore"), "").unwrap();
    lab.write("root/gen/d.js", "1");
    let told = lab.changes();
    assert!(told.contains(&"+f root/gen/d.js".to_owned()), "{told:?}");
}

#[test]
fn what_modules_use_is_watched_wherever_it_lies() {
    let bench = Bench::new().with(&[
        "root/dist/gen/a.js",
        "root/dist/gen/other.js",
        "linked/src/b.js",
        "linked/src/other.js",
        "root/node_modules/plain/c.js",
        "root/cache/d.js",
        "root/mine/e.js",
        "root/src/f.js",
    ]);
    write(&bench.at("root/.gitignore"), "dist\ncache\n");
    let mut lab = bench.start_with(|options, temp| {
        on(options, temp);
        options.always_ignore = vec![format!("{}/root/cache/**", temp.display())];
        options.ignore.push(format!("{}/root/mine", temp.display()));
    });
    assert_eq!(lab.ready.watches, 2);
    let used = [
        "root/dist/gen/a.js",
        "linked/src/b.js",
        "root/node_modules/plain/c.js",
        "root/cache/d.js",
        "root/mine/e.js",
        "root/src/f.js",
        "root/virtual.js",
    ];
    lab.engine.use_files(used.iter().map(|path| lab.at(path)).collect());
    settled(&mut lab);
    assert_eq!(lab.engine.stats().unwrap().watches, 4);
    for round in 0..3 {
        for path in used.iter().chain(&["root/dist/gen/other.js", "linked/src/other.js"]) {
            lab.write(path, &format!("{round} and more"));
        }
        let told = lab.changes();
        let told: Vec<&str> = told.iter().map(String::as_str).collect();
        let virtual_file = if round == 0 { "+f root/virtual.js" } else { "~f root/virtual.js" };
        assert_eq!(
            told,
            ["~f root/dist/gen/a.js", "~f linked/src/b.js", "~f root/src/f.js", virtual_file],
            "round {round}"
        );
        // As git does when it changes branches.
        fs::remove_file(lab.at("linked/src/b.js")).unwrap();
        fs::remove_dir_all(lab.at("root/dist")).unwrap();
        assert_eq!(lab.changes(), ["-f linked/src/b.js", "-f root/dist/gen/a.js"], "round {round}");
        lab.write("linked/src/b.js", "again");
        lab.write("root/dist/gen/a.js", "again");
        let mut told = lab.changes();
        told.retain(|change| change.starts_with('+'));
        told.sort();
        assert_eq!(told, ["+f linked/src/b.js", "+f root/dist/gen/a.js"], "round {round}");
    }
}

#[test]
fn a_used_file_stays_watched_when_its_directory_becomes_ignored() {
    let mut lab = Bench::new().with(&["root/gen/a.js", "root/gen/b.js"]).start_with(on);
    lab.engine.use_files(vec![lab.at("root/gen/a.js")]);
    settled(&mut lab);
    lab.write("root/.gitignore", "gen\n");
    assert_eq!(lab.changes(), ["+f root/.gitignore"]);
    lab.write("root/gen/a.js", "2");
    lab.write("root/gen/b.js", "2");
    assert_eq!(lab.changes(), ["~f root/gen/a.js"]);
}

#[test]
fn a_repository_that_modules_come_from_is_watched_whole() {
    let mut lab =
        Bench::new().with(&["root/lib/.git/HEAD", "root/lib/src/a.js", "root/src/b.js"]).start_with(on);
    lab.write("root/lib/src/a.js", "2");
    assert!(lab.changes().is_empty());
    lab.engine.use_files(vec![lab.at("root/lib/src/a.js")]);
    settled(&mut lab);
    lab.write("root/lib/src/a.js", "3");
    lab.write("root/lib/src/new.js", "3");
    assert_eq!(lab.changes(), ["~f root/lib/src/a.js", "+f root/lib/src/new.js"]);
}

#[test]
fn what_an_import_looked_for_is_told_when_it_comes() {
    let bench = Bench::new().with(&["root/src/a.js", "root/old/b.js"]);
    write(&bench.at("root/.gitignore"), "generated\nold\n");
    let mut lab = bench.start_with(on);
    let awaited =
        ["root/src/generated/api.ts", "root/src/generated/api/index.ts", "root/old", "root/old/c.ts"];
    lab.engine.await_files(awaited.iter().map(|path| lab.at(path)).collect());
    settled(&mut lab);
    for round in 0..3 {
        lab.write("root/src/generated/other.ts", "1");
        lab.write("root/src/generated/api.ts", "1");
        lab.write("root/old/c.ts", "1");
        lab.write("root/old/d.ts", "1");
        let mut told = lab.changes();
        told.retain(|change| change.starts_with('+'));
        told.sort();
        assert_eq!(told, ["+f root/old/c.ts", "+f root/src/generated/api.ts"], "round {round}");
        fs::remove_dir_all(lab.at("root/src/generated")).unwrap();
        fs::remove_file(lab.at("root/old/c.ts")).unwrap();
        let mut told = lab.changes();
        told.sort();
        assert_eq!(told, ["-f root/old/c.ts", "-f root/src/generated/api.ts"], "round {round}");
    }
}

#[test]
fn a_package_that_a_negation_names_is_watched_without_its_neighbours() {
    let lay_out =
        ["root/node_modules/pkg/a.js", "root/node_modules/pkg/lib/b.js", "root/node_modules/other/c.js"];
    let mut lab = Bench::new().with(&lay_out).start_with(|options, temp| {
        on(options, temp);
        options.ignore.push("!**/node_modules/pkg/**".into());
    });
    // The root, the package and its folder.
    assert_eq!(lab.ready.watches, 3);
    for file in lay_out {
        lab.write(file, "2");
    }
    lab.write("root/node_modules/pkg/new/d.js", "2");
    let told = lab.changes();
    assert_eq!(told[..2], ["~f root/node_modules/pkg/a.js", "~f root/node_modules/pkg/lib/b.js"]);
    assert!(told.contains(&"+f root/node_modules/pkg/new/d.js".to_owned()), "{told:?}");
    // Installed anew.
    fs::remove_dir_all(lab.at("root/node_modules")).unwrap();
    lab.changes();
    lab.write("root/node_modules/pkg/a.js", "3");
    lab.changes();
    lab.write("root/node_modules/pkg/a.js", "4");
    assert_eq!(lab.changes(), ["~f root/node_modules/pkg/a.js"]);
}

#[cfg(unix)]
#[test]
fn a_package_that_is_a_link_is_watched_where_it_really_is() {
    let store = "root/node_modules/.pnpm/pkg@1.0.0/node_modules/pkg";
    let bench = Bench::new().with(&[&format!("{store}/a.js"), "packages/linked/b.js"]);
    std::os::unix::fs::symlink(".pnpm/pkg@1.0.0/node_modules/pkg", bench.at("root/node_modules/pkg"))
        .unwrap();
    std::os::unix::fs::symlink("../../packages/linked", bench.at("root/node_modules/linked")).unwrap();
    let mut lab = bench.start_with(|options, temp| {
        on(options, temp);
        options.ignore.extend(["!**/node_modules/pkg/**".into(), "!**/node_modules/{linked,late}/**".into()]);
    });
    lab.write(&format!("{store}/a.js"), "2");
    lab.write("packages/linked/b.js", "2");
    assert_eq!(lab.changes(), [format!("~f {store}/a.js"), "~f packages/linked/b.js".to_owned()]);
}

#[test]
fn of_a_glob_only_what_matches_is_told() {
    let bench =
        Bench::new().with(&["out/a.md", "out/b.txt", "out/deep/c.md", "root/dist/d.md", "root/dist/e.js"]);
    write(&bench.at("root/.gitignore"), "dist\n");
    let mut lab = bench.start_with(on);
    let globs = ["out/**/*.md", "root/dist/*.md", "later/*.md", "root/src/*.md"];
    lab.engine.add_globs(globs.iter().map(|glob| lab.at(glob).to_str().unwrap().to_owned()).collect());
    settled(&mut lab);
    for file in
        ["out/a.md", "out/b.txt", "out/deep/c.md", "root/dist/d.md", "root/dist/e.js", "root/src/x.txt"]
    {
        lab.write(file, "2");
    }
    let told = lab.changes();
    let expected =
        ["~f out/a.md", "~f out/deep/c.md", "~f root/dist/d.md", "+d root/src", "+f root/src/x.txt"];
    assert_eq!(told, expected);
    lab.write("later/f.md", "1");
    lab.write("later/g.js", "1");
    let told = lab.changes();
    assert!(told.contains(&"+f later/f.md".to_owned()), "{told:?}");
    assert!(!told.iter().any(|change| change.contains("later/g.js")), "{told:?}");
    // The whole folder after all.
    lab.engine.add(vec![lab.at("out")]);
    settled(&mut lab);
    lab.write("out/b.txt", "3");
    assert_eq!(lab.changes(), ["~f out/b.txt"]);
}

#[test]
fn a_glob_that_does_not_parse_names_itself() {
    let lab = Bench::new().start_with(on);
    lab.engine.add_globs(vec!["/x/[z-a]*".into()]);
    let warning = lab.warning();
    assert_eq!(warning.code(), "BINO_GLOB_INVALID");
    assert!(warning.to_string().contains("[z-a]"), "{warning}");
}

#[test]
fn a_used_file_that_was_just_written_is_told_again() {
    let bench = Bench::new().with(&["linked/new.js", "linked/old.js"]);
    let hour = std::time::Duration::from_secs(3600);
    let date = |file: std::path::PathBuf, time| {
        fs::File::options().append(true).open(file).unwrap().set_modified(time).unwrap();
    };
    date(bench.at("linked/old.js"), std::time::SystemTime::now() - hour);
    let mut lab = bench.start_with(on);
    // Whoever read it may have done so before its last write. Dated ahead, so that it is new whenever the engine comes to it.
    lab.write("linked/new.js", "2");
    date(lab.at("linked/new.js"), std::time::SystemTime::now() + hour);
    lab.engine.use_files(vec![lab.at("linked/new.js"), lab.at("linked/old.js")]);
    assert_eq!(lab.changes(), ["~f linked/new.js"]);
}

#[test]
fn an_awaited_file_that_came_before_it_was_awaited_is_told() {
    let mut lab = Bench::new().with(&["linked/a.js"]).start_with(on);
    lab.engine.await_files(vec![lab.at("linked/a.js"), lab.at("linked/b.js")]);
    assert_eq!(lab.changes(), ["+f linked/a.js"]);
    lab.write("linked/b.js", "1");
    assert_eq!(lab.changes()[0], "+f linked/b.js");
}

#[cfg(unix)]
#[test]
fn a_directory_keeps_its_name_when_a_module_is_loaded_through_a_link_to_it() {
    let bench = Bench::new().with(&["root/src/a.js", "real/b.js"]);
    std::os::unix::fs::symlink("src", bench.at("root/link")).unwrap();
    std::os::unix::fs::symlink("real", bench.at("linked")).unwrap();
    let mut lab = bench.start_with(|options, temp| {
        on(options, temp);
        options.roots.push(temp.join("linked"));
    });
    lab.engine.use_files(vec![lab.at("root/link/a.js"), lab.at("real/b.js")]);
    settled(&mut lab);
    lab.write("root/src/a.js", "2");
    lab.write("root/src/new.js", "2");
    lab.write("real/b.js", "2");
    lab.write("real/new.js", "2");
    let expected = ["~f root/src/a.js", "+f root/src/new.js", "~f linked/b.js", "+f linked/new.js"];
    assert_eq!(lab.changes(), expected);
}
