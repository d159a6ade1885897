//! On real FUSE mounts: what is written past them, what the kernel remembers of them, and what becomes of everything else
//! when nobody answers any more.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use bino_hmr::engine::{EngineEvent, PollMode, PollOptions};
use crossbeam_channel::RecvTimeoutError;

use crate::fuse_mount::{Fuse, skips_or_runs};
use crate::lab::{Bench, Lab, write};

/// A mount at this place in the laboratory that shows the folder `behind`.
fn mount(bench: &Bench, at: &str) -> Fuse {
    fs::create_dir_all(bench.at("behind")).unwrap();
    fs::create_dir_all(bench.at(at)).unwrap();
    Fuse::mount(&bench.at("behind"), &bench.at(at))
}

/// Waits until all of these were told, and until a warning with this code came, if one is named. Gives all that was told.
fn await_all(lab: &Lab, expected: &[&str], code: Option<&str>) -> Vec<String> {
    let (mut told, mut code) = (Vec::new(), code);
    while code.is_some() || !expected.iter().all(|change| told.iter().any(|known| known == change)) {
        match lab.event() {
            EngineEvent::Batch(batch) => told.extend(lab.show(&batch)),
            EngineEvent::Warning(error) if Some(error.code()) == code => code = None,
            other => panic!("expected {expected:?} and {code:?}, got {other:?} after {told:?}"),
        }
    }
    told
}

const AWAY: Option<&str> = Some("BINO_WATCH_AWAY");

/// Closes the engine, which must not wait for anybody who does not answer.
fn closes(lab: Lab, fuse: Fuse) {
    let (done, closed) = crossbeam_channel::bounded(1);
    let lab = std::thread::spawn(move || {
        lab.engine.close();
        // Nobody waits for it if it took too long.
        let _ = done.send(());
        lab
    });
    let in_time = closed.recv_timeout(Duration::from_secs(30));
    // From here on nothing hangs, whatever the result.
    drop(fuse);
    drop(lab.join());
    assert_ne!(in_time, Err(RecvTimeoutError::Timeout), "it waits for the mount");
}

#[test]
fn what_is_written_past_a_fuse_mount_is_found() {
    if skips_or_runs("fuse::what_is_written_past_a_fuse_mount_is_found") {
        return;
    }
    for remembered in [0, 300] {
        let bench = Bench::new().with(&["behind/a.js", "behind/deep/b.js"]);
        let mut mounted = mount(&bench, "root");
        mounted.remember(Duration::from_millis(remembered));
        let (mut lab, _fuse) = (bench.start(), mounted);
        assert!(lab.early[0].to_string().contains("it lies on a fuse mount"), "{:?}", lab.early);
        lab.use_files(&["root/a.js"]);
        lab.write("behind/a.js", "longer");
        await_all(&lab, &["~f root/a.js"], None);
        lab.write("behind/deep/b.js", "longer");
        await_all(&lab, &["~f root/deep/b.js"], None);
        lab.write("behind/deep/.tmp", "an atomic save");
        fs::rename(lab.at("behind/deep/.tmp"), lab.at("behind/deep/b.js")).unwrap();
        await_all(&lab, &["~f root/deep/b.js"], None);
        lab.write("behind/new/c.js", "1");
        await_all(&lab, &["+d root/new", "+f root/new/c.js"], None);
        fs::rename(lab.at("behind/new/c.js"), lab.at("behind/new/d.js")).unwrap();
        await_all(&lab, &["-f root/new/c.js", "+f root/new/d.js"], None);
        fs::remove_dir_all(lab.at("behind/new")).unwrap();
        await_all(&lab, &["-f root/new/d.js", "-d root/new"], None);
        // And through the mount, of which the kernel tells.
        lab.append("root/a.js", "x");
        await_all(&lab, &["~f root/a.js"], None);
        lab.write("root/deep/.tmp", "an atomic save through the mount");
        fs::rename(lab.at("root/deep/.tmp"), lab.at("root/deep/b.js")).unwrap();
        await_all(&lab, &["~f root/deep/b.js"], None);
        lab.write("root/more/e.js", "1");
        await_all(&lab, &["+d root/more", "+f root/more/e.js"], None);
        assert!(lab.changes().iter().all(|change| change.starts_with('~')), "nothing is left to tell");
    }
}

#[test]
fn a_mount_that_hangs_takes_nothing_else_with_it() {
    if skips_or_runs("fuse::a_mount_that_hangs_takes_nothing_else_with_it") {
        return;
    }
    let bench = Bench::new().with(&["root/src/a.js", "behind/b.js", "behind/deep/c.js"]);
    let mounted = mount(&bench, "root/mnt");
    let (lab, mut fuse) = (bench.start(), mounted);
    for round in 0..2 {
        fuse.hang();
        await_all(&lab, &[], AWAY);
        let text = "x".repeat(round + 2);
        lab.write("root/src/a.js", &text);
        await_all(&lab, &["~f root/src/a.js"], None);
        // Compares everything, and ends in a look at all that is polled.
        lab.engine.hold();
        lab.write("root/src/a.js", &text.repeat(2));
        while !matches!(lab.event(), EngineEvent::Held(_)) {}
        lab.engine.release();
        while !matches!(lab.event(), EngineEvent::Released(_)) {}
        // What is there stays known, and what happens there meanwhile is found as soon as somebody answers.
        let known = lab.engine.stats().unwrap().files;
        assert!(known >= 3, "{known}");
        lab.write("behind/b.js", &text);
        fuse.go_on();
        let told = await_all(&lab, &["~f root/mnt/b.js"], None);
        assert!(!told.iter().any(|change| change.contains("c.js")), "round {round}: {told:?}");
        lab.write("behind/deep/c.js", &text);
        await_all(&lab, &["~f root/mnt/deep/c.js"], None);
    }
    fuse.hang();
    closes(lab, fuse);
}

#[test]
fn an_ignore_file_that_is_saved_while_a_mount_hangs_counts_everywhere_else() {
    if skips_or_runs("fuse::an_ignore_file_that_is_saved_while_a_mount_hangs_counts_everywhere_else") {
        return;
    }
    let files =
        ["root/src/a.js", "root/out/d.js", "root/.gitignore", "behind/.gitignore", "behind/deep/c.js"];
    let bench = Bench::new().with(&files);
    let mounted = mount(&bench, "root/mnt");
    let (lab, mut fuse) = (bench.start_with(|options, _| options.gitignore = true), mounted);
    // For 50 ms an answer counts, and the first walk got one.
    std::thread::sleep(Duration::from_millis(60));
    fuse.hang();
    // First nobody knows yet that it hangs, then somebody does.
    lab.write("root/.gitignore", "none\n");
    await_all(&lab, &["~f root/.gitignore"], AWAY);
    lab.write("root/.gitignore", "out\n");
    lab.write("root/src/a.js", "longer");
    await_all(&lab, &["~f root/src/a.js"], None);
    lab.write("root/out/d.js", "longer");
    lab.write("behind/.gitignore", "deep\n");
    fuse.go_on();
    await_all(&lab, &["~f root/mnt/.gitignore"], None);
    lab.write("behind/deep/c.js", "longer");
    lab.write("behind/e.js", "1");
    let told = await_all(&lab, &["+f root/mnt/e.js"], None);
    assert!(!told.iter().any(|change| change.contains("d.js") || change.contains("c.js")), "{told:?}");
}

#[test]
fn what_a_link_on_a_mount_leads_to_is_told_while_the_mount_hangs() {
    if skips_or_runs("fuse::what_a_link_on_a_mount_leads_to_is_told_while_the_mount_hangs") {
        return;
    }
    let bench = Bench::new().with(&["root/src/a.js", "behind/b.js"]);
    symlink("../src/a.js", bench.at("behind/link.js")).unwrap();
    let mounted = mount(&bench, "root/mnt");
    let (lab, mut fuse) = (bench.start(), mounted);
    lab.append("root/src/a.js", "x");
    await_all(&lab, &["~f root/src/a.js", "~f root/mnt/link.js"], None);
    fuse.hang();
    await_all(&lab, &[], AWAY);
    lab.append("root/src/a.js", "x");
    await_all(&lab, &["~f root/src/a.js"], None);
    lab.append("root/src/a.js", "x");
    await_all(&lab, &["~f root/src/a.js"], None);
    fuse.go_on();
    await_all(&lab, &["~f root/mnt/link.js"], None);
}

#[test]
fn a_check_asks_the_mounts_before_it_looks_at_what_lies_on_them() {
    if skips_or_runs("fuse::a_check_asks_the_mounts_before_it_looks_at_what_lies_on_them") {
        return;
    }
    let bench = Bench::new().with(&["root/src/a.js", "behind/b.js"]);
    let mounted = mount(&bench, "root/mnt");
    let lab = bench.start_with(|options, _| {
        // Nothing but the check comes by the mount, and whoever needs a thread needs the one that the check has.
        options.poll = PollOptions { mode: PollMode::Never, ..PollOptions::default() };
        options.check = Some(Duration::from_millis(200));
        options.threads = 1;
    });
    let mut fuse = mounted;
    fuse.hang();
    await_all(&lab, &[], AWAY);
    lab.write("root/new/c.js", "1");
    await_all(&lab, &["+d root/new", "+f root/new/c.js"], None);
    lab.append("behind/b.js", "x");
    fuse.go_on();
    await_all(&lab, &["~f root/mnt/b.js"], None);
}

#[test]
fn close_does_not_wait_for_a_mount_that_has_just_begun_to_hang() {
    if skips_or_runs("fuse::close_does_not_wait_for_a_mount_that_has_just_begun_to_hang") {
        return;
    }
    let bench = Bench::new().with(&["behind/b.js"]);
    let mounted = mount(&bench, "root");
    let (lab, mut fuse) = (bench.start(), mounted);
    lab.write("behind/b.js", "longer");
    await_all(&lab, &["~f root/b.js"], None);
    fuse.hang();
    closes(lab, fuse);
}

#[test]
fn a_save_that_is_followed_by_a_hang_is_told_afterwards() {
    if skips_or_runs("fuse::a_save_that_is_followed_by_a_hang_is_told_afterwards") {
        return;
    }
    let bench = Bench::new().with(&["root/src/a.js", "behind/b.js"]);
    let mounted = mount(&bench, "root/mnt");
    let lab = bench.start_with(|options, _| {
        // Of what is written through the mount the kernel tells; and nothing else looks at it. Long enough for the
        // mount to hang before the transaction closes.
        options.debounce = Some(Duration::from_secs(1));
        options.poll = PollOptions { mode: PollMode::Never, ..PollOptions::default() };
    });
    let mut fuse = mounted;
    lab.append("root/mnt/b.js", "x");
    fuse.hang();
    lab.append("root/src/a.js", "x");
    await_all(&lab, &["~f root/src/a.js"], AWAY);
    fuse.go_on();
    await_all(&lab, &["~f root/mnt/b.js"], None);
}

#[test]
fn a_mount_that_hangs_from_the_start_is_watched_when_it_answers() {
    if skips_or_runs("fuse::a_mount_that_hangs_from_the_start_is_watched_when_it_answers") {
        return;
    }
    let bench = Bench::new().with(&["root/src/a.js", "behind/b.js"]);
    let mut mounted = mount(&bench, "root/mnt");
    mounted.hang();
    let (lab, mut fuse) = (bench.start(), mounted);
    let codes: Vec<_> = lab.early.iter().map(|error| error.code()).collect();
    assert!(codes.contains(&"BINO_WATCH_AWAY"), "{:?}", lab.early);
    lab.write("root/src/a.js", "longer");
    await_all(&lab, &["~f root/src/a.js"], None);
    fuse.go_on();
    await_all(&lab, &["+d root/mnt", "+f root/mnt/b.js"], None);
    lab.write("behind/b.js", "longer");
    await_all(&lab, &["~f root/mnt/b.js"], None);
}

#[test]
fn a_mount_whose_process_died_keeps_its_files_until_it_is_unmounted() {
    if skips_or_runs("fuse::a_mount_whose_process_died_keeps_its_files_until_it_is_unmounted") {
        return;
    }
    let bench = Bench::new().with(&["root/src/a.js", "behind/b.js", "behind/deep/c.js"]);
    let mounted = mount(&bench, "root/mnt");
    let behind = bench.at("behind");
    let (lab, mut fuse) = (bench.start(), mounted);
    fuse.kill();
    let told = await_all(&lab, &[], AWAY);
    assert!(told.is_empty(), "{told:?}");
    lab.write("root/src/a.js", "longer");
    assert_eq!(await_all(&lab, &["~f root/src/a.js"], None), ["~f root/src/a.js"]);
    fuse.unmount();
    await_all(&lab, &["-f root/mnt/b.js", "-f root/mnt/deep/c.js", "-d root/mnt/deep"], None);
    write(&behind.join("new.js"), "1");
    drop(fuse);
    let _fuse = Fuse::mount(&behind, &lab.at("root/mnt"));
    let all = ["+f root/mnt/b.js", "+d root/mnt/deep", "+f root/mnt/deep/c.js", "+f root/mnt/new.js"];
    await_all(&lab, &all, None);
    lab.write("behind/deep/c.js", "longer");
    await_all(&lab, &["~f root/mnt/deep/c.js"], None);
}

#[test]
fn files_of_modules_on_a_mount_that_hangs_are_watched_when_it_answers_or_is_mounted_again() {
    if skips_or_runs(
        "fuse::files_of_modules_on_a_mount_that_hangs_are_watched_when_it_answers_or_is_mounted_again",
    ) {
        return;
    }
    for again in [false, true] {
        let bench = Bench::new().with(&["root/src/a.js", "behind/used.js"]);
        let mounted = mount(&bench, "lib");
        let (lab, mut fuse) = (bench.start(), mounted);
        fuse.hang();
        lab.engine.use_files(vec![lab.at("lib/used.js")]);
        lab.engine.await_files(vec![lab.at("lib/generated.js")]);
        await_all(&lab, &[], AWAY);
        let polled = Some("BINO_WATCH_POLLING");
        let _next = if again {
            fuse.kill();
            fuse.unmount();
            // It is seen that nothing is mounted there, and what lies below.
            lab.write("lib/generated.js", "1");
            await_all(&lab, &["+f lib/generated.js"], None);
            let next = Fuse::mount(&lab.at("behind"), &lab.at("lib"));
            await_all(&lab, &["-f lib/generated.js", "+f lib/used.js"], polled);
            Some(next)
        } else {
            fuse.go_on();
            // It is there before anybody looks, or comes later.
            lab.write("behind/generated.js", "1");
            await_all(&lab, &["+f lib/generated.js"], polled);
            None
        };
        lab.append("behind/used.js", "x");
        await_all(&lab, &["~f lib/used.js"], None);
    }
}
