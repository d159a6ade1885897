//! When to look at what nobody tells of, and at what. Pure: told the time and what a look cost; never looks itself.
//!
//! Two rings are walked again and again: what the module graph uses, and the rest. A *slice* is a short stretch of one
//! ring, a *round* all of it.
//!
//! ```text
//!  slice                                     slice
//!  ├──┤ · · · · · · · · · · · · · · · · · · ·  ├──┤ · · · · ·     20 × its CPU time apart: at most 5 % of a core
//!     └ found something: it goes on without pauses for a while, until a round finds nothing more;
//!       what that cost beyond the budget is paid afterwards
//! ```

use std::time::{Duration, Instant};

/// From the start of a slice to the next one at least this many times its CPU time has to pass: 5 % of a core.
const SPREAD: u32 = 20;

/// How much CPU time may be spent ahead of the budget while something is found: enough for some ten thousand files.
const CREDIT: Duration = Duration::from_millis(50);

/// How soon after a look that found something the next one follows. A look in the middle of a save or of a checkout does
/// not see the whole.
const NEXT_LOOK: Duration = Duration::from_millis(20);

/// A file that is written all the time must not hold back what was found.
const LONGEST_FIND: Duration = Duration::from_secs(1);

/// How many slices of the often ring may follow each other while the rest waits.
const IN_A_ROW: u32 = 3;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ring {
    /// What the module graph uses.
    Often,
    /// Everything else.
    Rest,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollStep {
    /// Look at the next slice of this ring.
    Look {
        /// Which.
        ring: Ring,
        /// Whether a round begins with it.
        anew: bool,
    },
    /// Ask again at this time.
    Wait(Instant),
}

/// What a slice was.
#[derive(Debug, Clone, Copy)]
pub struct Slice {
    /// Of which ring.
    pub ring: Ring,
    /// Whether the round ended with it.
    pub ends: bool,
    /// How many paths it found changed.
    pub found: usize,
    /// How long it took.
    pub wall: Duration,
    /// How long a core was busy with it.
    pub cpu: Duration,
}

/// Decides when to look.
#[derive(Debug)]
pub struct PollSchedule {
    often: Round,
    rest: Round,
    /// Until when the slices so far have used up the budget.
    paid_until: Instant,
    /// Slices of the often ring since one of the rest.
    in_a_row: u32,
    find: Option<Find>,
}

#[derive(Debug)]
struct Round {
    every: Duration,
    due: Instant,
    began: Option<Instant>,
}

impl Round {
    /// Ends the round, and gives when it began.
    fn end(&mut self, now: Instant) -> Option<Instant> {
        let began = self.began.take()?;
        // Counted from the start, so that a long round does not add to its interval.
        self.due = now.max(began + self.every);
        Some(began)
    }

    /// From when on a round has to begin to see what else belongs to a find.
    fn clean_from(&self, find: &Find) -> Instant {
        find.last + self.every.min(NEXT_LOOK)
    }
}

/// Something was found, and it is not known yet whether that was all.
#[derive(Debug)]
struct Find {
    since: Instant,
    last: Instant,
    paths: usize,
    often_is_clean: bool,
}

impl PollSchedule {
    /// The first looks are due one interval from now.
    pub fn new(now: Instant, often: Duration, rest: Duration) -> Self {
        let round = |every: Duration| Round { every, due: now + every, began: None };
        Self { often: round(often), rest: round(rest.max(often)), paid_until: now, in_a_row: 0, find: None }
    }

    /// What to do now, while no slice is under way.
    pub fn step(&mut self, now: Instant) -> PollStep {
        let free = self.free_at();
        if now < free {
            return PollStep::Wait(free);
        }
        let due = |round: &Round| round.began.is_some() || now >= round.due;
        let ring = match (due(&self.often), due(&self.rest)) {
            (false, false) => return PollStep::Wait(self.often.due.min(self.rest.due)),
            (true, true) if self.in_a_row >= IN_A_ROW => Ring::Rest,
            (true, _) => Ring::Often,
            (false, true) => Ring::Rest,
        };
        self.in_a_row = if ring == Ring::Often { self.in_a_row + 1 } else { 0 };
        let round = self.round(ring);
        let anew = round.began.is_none();
        if anew {
            round.began = Some(now);
        }
        PollStep::Look { ring, anew }
    }

    /// A slice is done. If it found something, rounds follow until one finds nothing.
    pub fn looked(&mut self, now: Instant, slice: Slice) {
        let start = now.checked_sub(slice.wall).unwrap_or(now);
        self.paid_until = self.paid_until.max(start) + slice.cpu.saturating_mul(SPREAD);
        if slice.wall > slice.cpu * 2 {
            // A mount that answers slowly is not asked more than half of the time, however little that costs us.
            self.paid_until = self.paid_until.max(now + slice.wall);
        }

        let mut complete = None;
        if slice.ends {
            complete = self.round(slice.ring).end(now);
        }
        if slice.found > 0 {
            let find =
                self.find.get_or_insert(Find { since: now, last: now, paths: 0, often_is_clean: false });
            find.last = now;
            find.paths += slice.found;
            find.often_is_clean = false;
        }
        let Some(find) = &mut self.find else { return };
        for round in [&mut self.often, &mut self.rest] {
            // Only a round that begins a little later can say that this was all; one that is under way goes on.
            if round.began.is_none() {
                round.due = round.clean_from(find).max(now);
            }
        }
        let round = if slice.ring == Ring::Often { &self.often } else { &self.rest };
        if slice.found == 0
            && let Some(began) = complete
            && began >= round.clean_from(find)
        {
            find.often_is_clean |= slice.ring == Ring::Often;
            // A lone save need not wait for a look at everything; of a checkout we want the whole.
            if find.often_is_clean && (find.paths == 1 || slice.ring == Ring::Rest) {
                self.find = None;
            }
        }
    }

    /// Until when, at the latest, what was found waits for the rest of it.
    pub fn incomplete_until(&self) -> Option<Instant> {
        self.find.as_ref().map(|find| find.since + LONGEST_FIND)
    }

    /// It waits no longer.
    pub fn give_up(&mut self) {
        self.find = None;
    }

    /// When the next slice may begin as far as the budget goes.
    fn free_at(&self) -> Instant {
        match &self.find {
            Some(_) => self.paid_until.checked_sub(CREDIT * SPREAD).unwrap_or(self.paid_until),
            None => self.paid_until,
        }
    }

    fn round(&mut self, ring: Ring) -> &mut Round {
        match ring {
            Ring::Often => &mut self.often,
            Ring::Rest => &mut self.rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OFTEN: Duration = Duration::from_millis(100);
    const REST: Duration = Duration::from_millis(300);

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// A world in which looks cost what the test says, and the clock is the test's.
    struct World {
        start: Instant,
        now: Instant,
        schedule: PollSchedule,
        /// How many slices a round of each ring has.
        slices: [u32; 2],
        at: [u32; 2],
        cost: Duration,
        looks: Vec<(Duration, Ring)>,
        busy: Duration,
    }

    impl World {
        fn new(slices: [u32; 2], cost: Duration) -> Self {
            let start = Instant::now();
            let schedule = PollSchedule::new(start, OFTEN, REST);
            Self { start, now: start, schedule, slices, at: [0; 2], cost, looks: Vec::new(), busy: ms(0) }
        }

        /// Goes on until the time, and finds `found` in the first slice of `ring` after that.
        fn run(&mut self, until: Duration, mut finds: Option<(Ring, usize)>) {
            while self.now < self.start + until {
                // As the engine does.
                let until_given_up = self.schedule.incomplete_until();
                if until_given_up.is_some_and(|until| self.now >= until) {
                    self.schedule.give_up();
                }
                match self.schedule.step(self.now) {
                    PollStep::Wait(at) => {
                        assert!(at > self.now, "it has to wait for something");
                        self.now = until_given_up
                            .filter(|until| *until > self.now)
                            .map_or(at, |until| at.min(until));
                    }
                    PollStep::Look { ring, anew } => {
                        let place = ring as usize;
                        if anew {
                            self.at[place] = 0;
                        }
                        self.looks.push((self.now - self.start, ring));
                        self.now += self.cost;
                        self.busy += self.cost;
                        self.at[place] += 1;
                        let found = match finds {
                            Some((wanted, count)) if wanted == ring => {
                                finds = None;
                                count
                            }
                            _ => 0,
                        };
                        let ends = self.at[place] >= self.slices[place];
                        let (wall, cpu) = (self.cost, self.cost);
                        self.schedule.looked(self.now, Slice { ring, ends, found, wall, cpu });
                    }
                }
            }
        }

        fn count(&self, ring: Ring) -> usize {
            self.looks.iter().filter(|(_, looked)| *looked == ring).count()
        }
    }

    #[test]
    fn a_small_project_is_looked_at_each_interval() {
        let mut world = World::new([1, 1], Duration::from_micros(100));
        world.run(Duration::from_secs(3), None);
        let (often, rest) = (world.count(Ring::Often), world.count(Ring::Rest));
        assert!((28..=30).contains(&often), "{often}");
        assert!((9..=10).contains(&rest), "{rest}");
    }

    #[test]
    fn a_large_one_keeps_to_the_budget_and_starves_nothing() {
        let mut world = World::new([40, 400], ms(2));
        world.run(Duration::from_secs(60), None);
        assert!(world.busy <= ms(3_002), "{:?} of 60 s", world.busy);
        assert!(world.busy >= ms(2_900), "{:?} of 60 s", world.busy);
        let (often, rest) = (world.count(Ring::Often), world.count(Ring::Rest));
        assert!(often > 2 * rest && rest > often / 5, "{often} {rest}");
    }

    #[test]
    fn a_find_is_followed_by_another_look_soon_and_is_complete_when_that_finds_nothing() {
        let mut world = World::new([4, 400], ms(1));
        world.run(ms(101), Some((Ring::Often, 1)));
        assert!(world.schedule.incomplete_until().is_some());
        world.run(ms(130), None);
        assert!(world.schedule.incomplete_until().is_none(), "{:?}", world.looks);
    }

    #[test]
    fn a_find_of_several_waits_for_everything() {
        let mut world = World::new([4, 10], ms(1));
        world.run(ms(101), Some((Ring::Often, 2)));
        world.run(ms(126), None);
        assert!(world.schedule.incomplete_until().is_some(), "{:?}", world.looks);
        world.run(ms(160), None);
        assert!(world.schedule.incomplete_until().is_none(), "{:?}", world.looks);
    }

    #[test]
    fn what_is_written_all_the_time_is_not_held_back_for_ever() {
        let mut world = World::new([1, 1], ms(1));
        let mut finds = std::collections::BTreeSet::new();
        for round in 1..400 {
            world.run(ms(round * 10), Some((Ring::Often, 1)));
            if let Some(until) = world.schedule.incomplete_until() {
                assert!(until > world.now - ms(10), "it is given up in time");
                finds.insert(until);
            }
        }
        assert!((4..=40).contains(&finds.len()), "{finds:?}");
    }

    #[test]
    fn a_slow_mount_is_not_asked_more_than_half_of_the_time() {
        let start = Instant::now();
        let mut schedule = PollSchedule::new(start, OFTEN, REST);
        let now = start + ms(100);
        assert!(matches!(schedule.step(now), PollStep::Look { ring: Ring::Often, anew: true }));
        let slice = Slice { ring: Ring::Often, ends: false, found: 0, wall: ms(80), cpu: ms(1) };
        let now = now + ms(80);
        schedule.looked(now, slice);
        assert_eq!(schedule.step(now), PollStep::Wait(now + ms(80)));
        assert_eq!(schedule.step(now + ms(80)), PollStep::Look { ring: Ring::Often, anew: false });
    }

    proptest! {
        #[test]
        fn the_budget_holds_whatever_is_found(slices in (1u32..50, 1u32..200), cost in 50u64..5_000,
                                              finds in proptest::collection::vec((any::<bool>(), 0usize..3), 1..30)) {
            let mut world = World::new([slices.0, slices.1], Duration::from_micros(cost));
            for (at, (rest, count)) in (1u64..).zip(finds) {
                let ring = if rest { Ring::Rest } else { Ring::Often };
                world.run(ms(at * 400), (count > 0).then_some((ring, count)));
            }
            let elapsed = world.now - world.start;
            let allowed = elapsed / SPREAD + CREDIT + world.cost * 2;
            prop_assert!(world.busy <= allowed, "{:?} in {elapsed:?}", world.busy);
            prop_assert!(world.count(Ring::Often) > 0);
        }

        #[test]
        fn both_rings_go_on(slices in (1u32..50, 1u32..200), cost in 50u64..5_000) {
            let mut world = World::new([slices.0, slices.1], Duration::from_micros(cost));
            world.run(Duration::from_secs(10), None);
            let half = world.looks.len() / 2;
            for ring in [Ring::Often, Ring::Rest] {
                prop_assert!(world.looks[half..].iter().any(|(_, looked)| *looked == ring), "{ring:?}");
            }
        }
    }
}
