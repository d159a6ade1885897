//! Tables and properties of the schedule, with injected time.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::change::{ChangeKind, EntryType, Evidence};

/// A world that stands still.
#[derive(Default, Clone, Copy)]
struct World {
    known: bool,
    lock: Option<Duration>,
    burst: bool,
    lost: Option<Instant>,
}

impl Outlook for World {
    fn graph_knows(&mut self, _: &Dirty) -> bool {
        self.known
    }
    fn git_lock_age(&mut self, _: &Transaction) -> Option<Duration> {
        self.lock
    }
    fn is_burst(&mut self, _: &Transaction) -> bool {
        self.burst
    }
    fn last_loss(&mut self, _: &Transaction) -> Option<Instant> {
        self.lost
    }
}

/// Milliseconds, path, kind of sign.
type Sign = (u64, u32, u8);

/// The age of a lock that a crashed git left behind.
const STALE: Duration = Duration::from_secs(3600);

const SAVE: u8 = 0;
const OPEN: u8 = 1;
const NEW: u8 = 2;

fn evidence(sign: u8) -> Evidence {
    match sign {
        SAVE => Evidence::WRITTEN | Evidence::CLOSED,
        OPEN => Evidence::WRITTEN,
        _ => Evidence::CREATED,
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Plays signs `(milliseconds, path, sign)` into one transaction and says when it closes, in milliseconds; polls as
/// the engine does, after each sign and whenever it was told to.
fn closes_at(schedule: &mut Schedule, signs: &[Sign], world: impl FnMut(Duration) -> World) -> u64 {
    closes(schedule, Transaction::open(Instant::now()), signs, world)
}

fn closes(
    schedule: &mut Schedule,
    mut transaction: Transaction,
    signs: &[Sign],
    mut world: impl FnMut(Duration) -> World,
) -> u64 {
    let start = transaction.opened();
    let mut signs = signs.iter().peekable();
    let mut now = start;
    loop {
        while let Some((at, path, sign)) = signs.next_if(|(at, ..)| start + ms(*at) <= now) {
            let path = format!("/{path}");
            transaction.mark(Path::new(&path), evidence(*sign), start + ms(*at));
        }
        let elapsed = now.duration_since(start);
        match schedule.poll(now, &mut transaction, &mut world(elapsed)) {
            Step::Close => return u64::try_from(elapsed.as_millis()).unwrap(),
            Step::Wait(until) => {
                assert!(until > now, "it would spin");
                now = signs.peek().map_or(until, |(at, ..)| until.min(start + ms(*at)));
            }
        }
    }
}

#[test]
fn a_transaction_closes_when_it_is_complete() {
    let still = World::default();
    let known = World { known: true, ..still };
    let git = World { lock: Some(STALE), burst: true, ..still };
    let two: &[Sign] = &[(0, 1, NEW), (1, 2, NEW)];
    let table: [(&str, &[Sign], World, u64); 11] = [
        ("a save of a module", &[(0, 1, SAVE)], known, 0),
        ("a save of a file that no graph knows", &[(0, 1, SAVE)], still, 2),
        ("a write that is not complete", &[(0, 1, OPEN)], known, 2),
        ("a write in two steps", &[(0, 1, OPEN), (1, 1, SAVE)], known, 1),
        ("an atomic save", &[(0, 1, NEW), (1, 2, NEW)], known, 4),
        ("a burst of twenty", &(0..20).map(|n| (0, n, NEW)).collect::<Vec<_>>(), known, 21),
        ("a burst of a thousand", &(0..1000).map(|n| (0, n, NEW)).collect::<Vec<_>>(), known, 40),
        ("two files while git holds a stale lock", two, git, 251),
        ("two files by a git that is slow", two, World { lock: Some(ms(500)), ..git }, 1001),
        ("a save while git holds its lock", &[(0, 1, SAVE)], World { burst: false, known: false, ..git }, 2),
        ("a module saved while git holds its lock", &[(0, 1, SAVE)], World { known: true, ..git }, 0),
    ];
    for (name, signs, world, expected) in table {
        assert_eq!(closes_at(&mut Schedule::new(None), signs, |_| world), expected, "{name}");
    }
}

#[test]
fn a_release_gathers_what_is_still_on_its_way() {
    let known = World { known: true, ..World::default() };
    let table: [(&str, &[Sign], u64); 3] = [
        ("nothing", &[], 40),
        ("a save right before", &[(0, 1, SAVE)], 40),
        ("signs that come late", &[(0, 1, SAVE), (30, 2, SAVE), (60, 3, NEW)], 100),
    ];
    for debounce in [None, Some(Duration::ZERO), Some(ms(1000))] {
        for (name, signs, expected) in table {
            let mut schedule = Schedule::new(debounce);
            schedule.hold(true);
            let start = Instant::now();
            let mut transaction = Transaction::open(start);
            transaction.release(start);
            assert_eq!(
                closes(&mut schedule, transaction, signs, |_| known),
                expected,
                "{name}, {debounce:?}"
            );
        }
    }
}

#[test]
fn a_fixed_debounce_counts_only_for_what_goes_out() {
    let mut schedule = Schedule::new(Some(ms(500)));
    let signs: &[Sign] = &[(0, 1, NEW), (1, 2, NEW)];
    assert_eq!(closes_at(&mut schedule, signs, |_| World::default()), 501);
    schedule.hold(true);
    assert_eq!(closes_at(&mut schedule, signs, |_| World::default()), 4);
    schedule.hold(false);
    assert_eq!(closes_at(&mut schedule, signs, |_| World::default()), 501);
}

#[test]
fn a_used_file_has_thirty_milliseconds_to_come_back() {
    let start = Instant::now();
    let mut transaction = Transaction::open(start);
    transaction.mark(Path::new("/a"), Evidence::REMOVED, start);
    let mut schedule = Schedule::new(None);
    let mut world = World { known: true, lost: Some(start), ..World::default() };
    let quiet = start + QUIET;
    assert_eq!(schedule.poll(quiet, &mut transaction, &mut world), Step::Wait(start + RETURN));
    assert_eq!(schedule.poll(start + RETURN, &mut transaction, &mut world), Step::Close);
    world.lost = None;
    assert_eq!(
        schedule.poll(quiet, &mut transaction, &mut world),
        Step::Close,
        "it came back, or is not used"
    );
}

#[test]
fn an_empty_module_is_not_a_complete_save() {
    let start = Instant::now();
    let mut transaction = Transaction::open(start);
    transaction.mark(Path::new("/a"), Evidence::WRITTEN | Evidence::CLOSED, start);
    let mut world = World { known: true, lost: Some(start), ..World::default() };
    assert_eq!(Schedule::new(None).poll(start, &mut transaction, &mut world), Step::Wait(start + QUIET));
}

#[test]
fn a_checkout_ends_when_its_lock_goes_and_all_is_quiet() {
    let signs: Vec<_> = (0..10).map(|n| (u64::from(n) * 100, n, NEW)).collect();
    let world = |elapsed: Duration| World {
        lock: (elapsed < ms(1000)).then_some(elapsed),
        burst: true,
        ..World::default()
    };
    let end = closes_at(&mut Schedule::new(None), &signs, world);
    assert!((1000..1050).contains(&end), "{end}");
}

#[test]
fn a_lock_holds_for_five_seconds_at_most() {
    let signs: Vec<_> = (0..100).map(|n| (u64::from(n) * 100, n, NEW)).collect();
    let world = World { lock: Some(STALE), burst: true, ..World::default() };
    let end = closes_at(&mut Schedule::new(None), &signs, |_| world);
    assert!((5000..5100).contains(&end), "{end}");
}

#[test]
fn a_log_that_grows_all_the_time_holds_nothing_up() {
    let signs: Vec<_> = (0..1000).map(|n| (n, 1, OPEN)).collect();
    assert_eq!(closes_at(&mut Schedule::new(None), &signs, |_| World::default()), 50);
}

#[test]
fn a_storm_of_new_paths_ends_at_the_cap() {
    let signs: Vec<_> = (0..20_000).map(|n| (u64::from(n), n, NEW)).collect();
    assert_eq!(closes_at(&mut Schedule::new(None), &signs, |_| World::default()), 10_000);
}

#[test]
fn a_loop_over_modules_is_not_one_batch_for_each() {
    let mut schedule = Schedule::new(None);
    let world = World { known: true, ..World::default() };
    // The first and the second file go out at once, and the rest is gathered.
    for (file, held) in [("/a", 0), ("/b", 0), ("/c", 60)] {
        assert_eq!(closes_at(&mut schedule, &[(0, 1, SAVE)], |_| world), held, "{file}");
        schedule.closed(Instant::now(), &[update(file)], true);
    }
}

#[test]
fn a_lone_save_waits_for_company_only_as_long_as_a_program_needs_for_the_next_file() {
    let start = Instant::now();
    let mut world = World { known: true, ..World::default() };
    let mut schedule = Schedule::new(None);
    let mut transaction = Transaction::open(start);
    transaction.mark(Path::new("/a"), Evidence::WRITTEN | Evidence::CLOSED, start);
    assert_eq!(schedule.poll(start, &mut transaction, &mut world), Step::Wait(start + GRACE));
    transaction.mark(Path::new("/b"), Evidence::WRITTEN, start + GRACE / 2);
    let second = transaction.last();
    assert_eq!(
        schedule.poll(start + GRACE, &mut transaction, &mut world),
        Step::Wait(second + QUIET + QUIET_PER_PATH)
    );
}

#[test]
fn what_follows_two_batches_is_held_only_if_it_is_a_series() {
    let nine = [update("/9")];
    let eight = [update("/8")];
    let one = [update("/1")];
    let two = [update("/1"), update("/2")];
    // The two batches before (30 ms apart), whether they had modules, milliseconds to a save of /1, how long it is held.
    type Before<'a> = [&'a [Change]; 2];
    let table: [(&str, Before, bool, u64, u64); 8] = [
        ("a third file soon after", [&nine, &eight], true, 30, 60),
        ("a third file much later", [&nine, &eight], true, 61, 0),
        ("a file after a double save of another", [&nine, &nine], true, 30, 0),
        ("a file after two that no graph knows", [&nine, &eight], false, 30, 0),
        ("the same file again", [&nine, &one], true, 30, 0),
        ("the same file at once", [&nine, &one], true, 5, 2),
        ("a file after a burst it was in", [&nine, &two], true, 30, 60),
        ("a second file, after a transaction that came to nothing", [&nine, &[]], true, 30, 0),
    ];
    for (name, before, modules, gap, held) in table {
        let mut schedule = Schedule::new(None);
        let now = Instant::now();
        schedule.closed(now - ms(gap + 30), before[0], modules);
        schedule.closed(now - ms(gap), before[1], modules);
        let world = World { known: true, ..World::default() };
        assert_eq!(closes_at(&mut schedule, &[(0, 1, SAVE)], |_| world), held, "{name}");
    }
}

fn update(path: &str) -> Change {
    Change { kind: ChangeKind::Update, path: path.to_owned(), entry: EntryType::File }
}

#[test]
fn a_fixed_debounce_replaces_the_rules() {
    let table: [(&str, u64, &[Sign], u64); 4] = [
        ("as soon as possible", 0, &[(0, 1, NEW)], 0),
        ("after the last sign", 20, &[(0, 1, SAVE), (15, 1, SAVE)], 35),
        ("not before", 5, &[(0, 1, NEW), (6, 2, NEW)], 5),
        ("capped", 60_000, &[(0, 1, NEW)], 10_000),
    ];
    let world = World { known: true, lock: Some(STALE), burst: true, lost: Some(Instant::now() + ms(5000)) };
    for (name, debounce, signs, expected) in table {
        assert_eq!(closes_at(&mut Schedule::new(Some(ms(debounce))), signs, |_| world), expected, "{name}");
    }
}

proptest! {
    #[test]
    fn every_transaction_ends(
        mut signs in proptest::collection::vec((0u64..300, 0u32..20, 0u8..3), 1..60),
        known: bool, locked: bool, burst: bool, debounce in proptest::option::of(0u64..200),
    ) {
        signs.sort();
        signs[0].0 = 0;
        let mut schedule = Schedule::new(debounce.map(ms));
        let world = World { known, lock: locked.then_some(STALE), burst, lost: None };
        // `closes_at` panics if the schedule asks to be polled at a time that has passed.
        let end = closes_at(&mut schedule, &signs, |_| world);
        prop_assert!(end <= 10_000);
        let last = signs.iter().map(|sign| sign.0).max().unwrap();
        let held = if locked && burst && debounce.is_none() { 251 } else { 0 };
        prop_assert!(end <= last + held.max(debounce.unwrap_or(41)), "{end} after {last}");
    }
}
