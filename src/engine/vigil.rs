//! When to check whether the disk is what we think, although nobody said that anything was lost. Pure: both clocks are
//! arguments.
//!
//! ```text
//!  every 5 minutes, or after sleep ──► check (on the pool) ─ all as known ──► wait again
//!                                              │ something differs
//!                                              ▼
//!                                      1 s later: still so, and nobody told? ── yes ──► compare everything
//! ```

use std::time::{Duration, Instant, SystemTime};

/// Operating systems lose events without a word now and then: a mount below the root, a network drive that was away, a
/// bug. A check costs a stat for each file (100,000 on one core: some 200 ms), so once in five minutes is less than 0.1 %
/// of a core; and a page that stays stale for longer would be reloaded by hand.
pub(super) const EVERY: Duration = Duration::from_secs(300);

/// How often the clocks are compared. Waking up this often costs nothing that can be measured, and whoever opens a
/// laptop needs longer until the first save.
const CLOCKS: Duration = Duration::from_secs(10);

/// The wall clock is set by the network now and then, by less than this.
const JUMP: Duration = Duration::from_secs(5);

/// An event about a difference that was seen is here after this time, however busy the machine is.
const CONFIRM: Duration = Duration::from_secs(1);

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duty {
    /// Nothing.
    Rest,
    /// Check everything.
    Check,
    /// Look again at what is suspected.
    Confirm,
}

/// Watches over the watcher.
#[derive(Debug)]
pub(super) struct Vigil {
    every: Duration,
    seen: (Instant, SystemTime),
    next: Instant,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    /// A check is under way.
    Checking,
    /// Something is suspected, to be confirmed at this time.
    Suspecting(Instant),
}

impl Vigil {
    pub(super) fn new(every: Duration, now: Instant, wall: SystemTime) -> Self {
        Self { every, seen: (now, wall), next: now + every, state: State::Waiting }
    }

    /// When to ask for the next duty.
    pub(super) fn due(&self) -> Instant {
        let clocks = self.seen.0 + CLOCKS;
        match self.state {
            State::Waiting => clocks.min(self.next),
            State::Checking => clocks,
            State::Suspecting(at) => clocks.min(at),
        }
    }

    /// Says what to do. A check that was asked for ends with [`Vigil::checked`].
    pub(super) fn duty(&mut self, now: Instant, wall: SystemTime) -> Duty {
        // One clock stands still while the machine sleeps and the other does not; where both go on, the gap between two
        // questions is longer than it can be.
        let (then, wall_then) = self.seen;
        let awake = now.saturating_duration_since(then);
        let passed = wall.duration_since(wall_then).unwrap_or_default();
        let slept = passed > awake + JUMP || awake > CLOCKS + JUMP;
        self.seen = (now, wall);
        if slept {
            self.next = now;
        }
        match self.state {
            State::Waiting if now >= self.next => {
                self.state = State::Checking;
                Duty::Check
            }
            State::Suspecting(at) if now >= at => {
                self.rest(now);
                Duty::Confirm
            }
            _ => Duty::Rest,
        }
    }

    /// The check is done.
    pub(super) fn checked(&mut self, now: Instant, suspects: bool) {
        self.rest(now);
        if suspects {
            self.state = State::Suspecting(now + CONFIRM);
        }
    }

    /// Counted from the end: a check that takes longer than the interval must not follow upon itself.
    fn rest(&mut self, now: Instant) {
        self.state = State::Waiting;
        self.next = now + self.every;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    /// The duties at `(monotonic, wall)` seconds since the start, where each check ends at once and suspects nothing.
    fn duties(clocks: &[(u64, u64)]) -> Vec<Duty> {
        let (now, wall) = (Instant::now(), SystemTime::UNIX_EPOCH + secs(1_000_000));
        let mut vigil = Vigil::new(EVERY, now, wall);
        let mut duty = |&(awake, passed): &(u64, u64)| {
            let duty = vigil.duty(now + secs(awake), wall + secs(passed));
            if duty == Duty::Check {
                vigil.checked(now + secs(awake), false);
            }
            duty
        };
        clocks.iter().map(&mut duty).collect()
    }

    #[test]
    fn it_checks_every_five_minutes_and_after_sleep() {
        use Duty::{Check, Rest};
        let steady: Vec<_> = (1..=61).map(|n| (n * 10, n * 10)).collect();
        let checks: Vec<_> = duties(&steady).iter().map(|duty| *duty == Check).collect();
        let at: Vec<_> =
            checks.iter().enumerate().filter(|(_, check)| **check).map(|(n, _)| (n + 1) * 10).collect();
        assert_eq!(at, [300, 600]);
        type Case<'a> = (&'a str, &'a [(u64, u64)], &'a [Duty]);
        let table: [Case; 5] = [
            ("nothing happens", &[(10, 10), (20, 20)], &[Rest, Rest]),
            ("asleep for an hour", &[(10, 10), (20, 3620), (30, 3630)], &[Rest, Check, Rest]),
            ("both clocks went on", &[(10, 10), (3610, 3610), (3620, 3620)], &[Rest, Check, Rest]),
            ("the wall clock is corrected", &[(10, 13), (20, 23)], &[Rest, Rest]),
            ("the wall clock is set back", &[(10, 10), (20, 0), (30, 10)], &[Rest, Rest, Rest]),
        ];
        for (name, clocks, expected) in table {
            assert_eq!(duties(clocks), expected, "{name}");
        }
    }

    #[test]
    fn what_is_suspected_is_looked_at_again_a_second_later() {
        let (now, wall) = (Instant::now(), SystemTime::UNIX_EPOCH);
        let mut vigil = Vigil::new(EVERY, now, wall);
        assert_eq!(vigil.duty(now + EVERY, wall + EVERY), Duty::Check);
        let later = |more| (now + EVERY + more, wall + EVERY + more);
        vigil.checked(now + EVERY, true);
        assert_eq!(vigil.due(), now + EVERY + CONFIRM);
        let (now, wall) = later(CONFIRM / 2);
        assert_eq!(vigil.duty(now, wall), Duty::Rest);
        let (now, wall) = later(CONFIRM);
        assert_eq!(vigil.duty(now, wall), Duty::Confirm);
        assert_eq!(vigil.duty(now, wall), Duty::Rest);
    }

    #[test]
    fn while_a_check_is_under_way_no_other_begins() {
        let (now, wall) = (Instant::now(), SystemTime::UNIX_EPOCH);
        let mut vigil = Vigil::new(EVERY, now, wall);
        assert_eq!(vigil.duty(now + EVERY, wall + EVERY), Duty::Check);
        assert_eq!(vigil.duty(now + EVERY * 3, wall + EVERY * 3), Duty::Rest);
        vigil.checked(now + EVERY * 3, false);
        assert_eq!(vigil.duty(now + EVERY * 4, wall + EVERY * 4), Duty::Check);
    }

    #[test]
    fn it_never_asks_to_be_woken_in_the_past() {
        let (start, wall) = (Instant::now(), SystemTime::UNIX_EPOCH);
        let mut vigil = Vigil::new(EVERY, start, wall);
        let mut now = start;
        for round in 0..200 {
            let due = vigil.due();
            assert!(due > now, "round {round}");
            now = due;
            match vigil.duty(now, wall + now.duration_since(start)) {
                Duty::Check => vigil.checked(now, round % 2 == 0),
                Duty::Confirm | Duty::Rest => {}
            }
        }
    }
}
