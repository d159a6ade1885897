//! Updates that are held: everything is taken in, nothing goes out before the release, and then once.

use std::fs;
use std::time::Duration;

use bino_hmr::change::ChangeBatch;
use bino_hmr::engine::EngineEvent;

use crate::lab::{Bench, Lab, always};

const DEADLINE: Duration = Duration::from_secs(20);

impl Lab {
    /// The changes of the next event, which has to be `Held`.
    fn held(&self) -> Vec<String> {
        match self.events.recv_timeout(DEADLINE) {
            Ok(EngineEvent::Held(changes)) => self.show(&ChangeBatch { changes, ..ChangeBatch::default() }),
            other => panic!("expected Held, got {other:?}"),
        }
    }

    /// Everything up to the next release: what was told as held, and what goes out.
    pub fn released(&self) -> (Vec<String>, ChangeBatch) {
        let mut held = Vec::new();
        loop {
            match self.events.recv_timeout(DEADLINE) {
                Ok(EngineEvent::Held(changes)) => {
                    held.extend(self.show(&ChangeBatch { changes, ..ChangeBatch::default() }));
                }
                Ok(EngineEvent::Released(batch)) => return (held, batch),
                other => panic!("expected Held or Released, got {other:?}"),
            }
        }
    }
}

#[test]
fn what_is_held_goes_out_once_as_what_is_different_in_the_end() {
    let mut lab = Bench::new().with(&["root/a.js", "root/b.js", "root/c.js"]).start();
    lab.engine.hold();
    // Each of these is one step, and told as one.
    lab.append("root/a.js", "2");
    assert_eq!(lab.held(), ["~f root/a.js"]);
    lab.move_in("root/new.js", "1");
    assert_eq!(lab.held(), ["+f root/new.js"]);
    fs::remove_file(lab.at("root/c.js")).unwrap();
    assert_eq!(lab.held(), ["-f root/c.js"]);
    fs::remove_file(lab.at("root/new.js")).unwrap();
    assert_eq!(lab.held(), ["-f root/new.js"]);
    lab.move_in("root/c.js", "2");
    assert_eq!(lab.held(), ["+f root/c.js"]);
    let stats = lab.engine.stats().unwrap();
    assert_eq!((stats.held, stats.waiting, stats.epoch), (true, 2, 0));

    lab.engine.release();
    let (_, batch) = lab.released();
    assert_eq!(lab.show(&batch), ["~f root/a.js", "~f root/c.js"]);
    assert_eq!(batch.epoch, 1);
    let stats = lab.engine.stats().unwrap();
    assert_eq!((stats.held, stats.waiting, stats.epoch), (false, 0, 1));
    lab.write("root/b.js", "2");
    assert_eq!(lab.changes(), ["~f root/b.js"]);
}

#[test]
fn what_is_written_right_before_the_release_is_part_of_it() {
    let lab = Bench::new().with(&["root/a.js"]).start();
    for round in 0..20 {
        lab.engine.hold();
        lab.write("root/a.js", &format!("{round}"));
        lab.write(&format!("root/{round}.js"), "1");
        lab.engine.release();
        let (_, batch) = lab.released();
        let mut shown = lab.show(&batch);
        shown.sort();
        assert_eq!(shown, [format!("+f root/{round}.js"), "~f root/a.js".to_owned()]);
    }
    assert_eq!(lab.engine.stats().unwrap().epoch, 20);
}

#[test]
fn holding_twice_is_one_hold_and_a_release_without_one_is_nothing() {
    let mut lab = Bench::new().with(&["root/a.js"]).start();
    lab.engine.release();
    lab.write("root/a.js", "2");
    assert_eq!(lab.changes(), ["~f root/a.js"]);
    lab.engine.hold();
    lab.engine.hold();
    lab.engine.release();
    let (held, batch) = lab.released();
    assert_eq!((held.len(), batch.changes.len(), batch.epoch), (0, 0, lab.engine.stats().unwrap().epoch));
    lab.engine.release();
    lab.write("root/a.js", "3");
    assert_eq!(lab.changes(), ["~f root/a.js"]);
}

#[test]
fn a_hold_right_after_a_release_is_another_one() {
    let lab = Bench::new().with(&["root/a.js"]).start();
    lab.engine.hold();
    lab.write("root/a.js", "2");
    assert_eq!(lab.held(), ["~f root/a.js"]);
    lab.engine.release();
    lab.engine.hold();
    let (_, batch) = lab.released();
    assert_eq!(lab.show(&batch), ["~f root/a.js"]);
    lab.write("root/a.js", "3");
    assert_eq!(lab.held(), ["~f root/a.js"]);
    assert!(lab.engine.stats().unwrap().held);
}

#[test]
fn close_while_held_ends() {
    let lab = Bench::new().with(&["root/a.js"]).start();
    lab.engine.hold();
    for n in 0..2000 {
        lab.write(&format!("root/{}/{n}.js", n % 20), "1");
    }
    lab.engine.close();
    assert_eq!(lab.engine.stats().unwrap_err().code(), "BINO_ENGINE_CLOSED");
    lab.engine.hold();
    lab.engine.release();
}

#[test]
fn a_fixed_debounce_does_not_delay_a_release() {
    let lab = Bench::new().with(&["root/a.js"]).start_with(|options, _| {
        options.debounce = Some(Duration::from_secs(3600));
    });
    lab.engine.hold();
    lab.write("root/a.js", "2");
    assert_eq!(lab.held(), ["~f root/a.js"]);
    lab.engine.release();
    let (_, batch) = lab.released();
    assert_eq!(lab.show(&batch), ["~f root/a.js"]);
}

#[test]
fn while_polling_a_release_looks_first() {
    let lab = Bench::new().with(&["root/a.js"]).start_with(|options, _| {
        options.poll = always(Duration::from_secs(3600));
    });
    lab.engine.hold();
    lab.write("root/a.js", "longer");
    lab.engine.release();
    let (held, batch) = lab.released();
    assert_eq!((held, lab.show(&batch)), (vec!["~f root/a.js".to_owned()], vec!["~f root/a.js".to_owned()]));
}

#[test]
fn two_seconds_of_ten_agents_are_one_batch() {
    let lab = Bench::new().start();
    lab.engine.hold();
    let root = lab.at("root");
    std::thread::scope(|scope| {
        for agent in 0..10 {
            let root = root.clone();
            scope.spawn(move || {
                let end = std::time::Instant::now() + Duration::from_secs(2);
                for n in 0.. {
                    if std::time::Instant::now() > end {
                        break;
                    }
                    let file = root.join(format!("{agent}-{}.js", n % 7));
                    fs::write(&file, format!("{agent} {n}")).unwrap();
                    if n % 5 == 0 {
                        fs::remove_file(&file).unwrap();
                    }
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
        }
    });
    lab.engine.release();
    let (_, batch) = lab.released();
    let mut told: Vec<_> = batch.changes.iter().map(|change| change.path.clone()).collect();
    told.sort();
    let mut there: Vec<_> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path().to_str().unwrap().to_owned())
        .collect();
    there.sort();
    assert_eq!(told, there);
    assert_eq!(batch.epoch, 1);
}
