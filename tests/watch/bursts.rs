//! Programs that write many files: what belongs together is told together. A busy machine may pause any of them for longer
//! than a quiet period, so there are rounds until one is good.

use std::fs;
use std::time::Duration;

use crate::lab::{Bench, Lab, until_good};

const FILES: u32 = 200;

/// The changes of the first round with so few batches, and how many those were.
fn within(limit: usize, lab: &mut Lab, act: impl Fn(&Lab, u32)) -> (usize, Vec<String>) {
    let round = |number| {
        act(lab, number);
        let batches = lab.quiesce();
        let changes = batches.iter().flat_map(|batch| lab.show(batch)).collect::<Vec<_>>();
        (batches.len(), changes)
    };
    until_good(round, |(batches, _)| *batches <= limit)
}

fn start() -> Lab {
    let names: Vec<String> = (0..FILES).map(|n| format!("root/generated/{}/{n}.js", n % 10)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let lab = Bench::new().with(&names).start();
    lab.use_files(&names);
    lab
}

#[test]
fn a_generator_that_empties_its_folder_first_is_one_batch_of_updates() {
    let (batches, changes) = within(1, &mut start(), |lab, round| {
        fs::remove_dir_all(lab.at("root/generated")).unwrap();
        for n in 0..FILES {
            lab.write(&format!("root/generated/{}/{n}.js", n % 10), &format!("{round}"));
        }
    });
    assert_eq!(batches, 1);
    assert_eq!(changes.len(), FILES as usize);
    assert!(changes.iter().all(|change| change.starts_with("~f ")), "{changes:?}");
}

#[test]
fn a_generator_that_writes_beside_and_renames_is_one_batch_of_updates() {
    let (batches, changes) = within(1, &mut start(), |lab, round| {
        for n in 0..FILES {
            lab.write(&format!("root/.new/{}/{n}.js", n % 10), &format!("{round}"));
        }
        fs::rename(lab.at("root/generated"), lab.at("root/.old")).unwrap();
        fs::rename(lab.at("root/.new"), lab.at("root/generated")).unwrap();
        fs::remove_dir_all(lab.at("root/.old")).unwrap();
    });
    assert_eq!(batches, 1);
    assert_eq!(changes.len(), FILES as usize);
    assert!(changes.iter().all(|change| change.starts_with("~f ")), "{changes:?}");
}

#[test]
fn a_formatter_that_rewrites_one_file_after_the_other_is_three_batches_at_most() {
    let (batches, changes) = within(3, &mut start(), |lab, round| {
        for n in 0..20 {
            lab.write(&format!("root/generated/{}/{n}.js", n % 10), &format!("{round}"));
            // The formatter's own work on the next file.
            std::thread::sleep(Duration::from_millis(25));
        }
    });
    // The first two go out at once; from the third on it is a series.
    assert!(batches <= 3, "{batches}");
    assert_eq!(changes.len(), 20);
}
