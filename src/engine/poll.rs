//! Looking at what nobody tells of: one look at a time, on the pool, so that the engine's thread keeps taking in events;
//! where a mount may not answer, on a thread of its own. The one exception is the end of a hold ([`Watch::look_now`]). Owns when the next look is due; what is looked at is
//! `watch`'s, the rules of the times are `change`'s.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use rayon::ThreadPool;

use super::pool;
use super::run::Message;
use crate::change::{PollSchedule, PollStep, Transaction};
use crate::watch::{self, AskFiles, Look, Looked, PATIENCE, PollMode, Progress, Watch};

/// The name of the thread of a look that may never end.
const THREAD: &str = "bino-look";

/// How often it is probed whether events come, and what is mounted.
const PROBE: Duration = Duration::from_secs(1);

/// What is polled, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollOptions {
    /// What.
    pub mode: PollMode,
    /// How often files that a module graph uses are looked at; without a graph all files.
    pub interval: Duration,
    /// How often the rest is.
    pub rest: Duration,
}

impl Default for PollOptions {
    /// The figures are chokidar's `interval` and `binaryInterval`.
    fn default() -> Self {
        Self {
            mode: PollMode::default(),
            interval: Duration::from_millis(100),
            rest: Duration::from_millis(300),
        }
    }
}

/// A look that is not back yet.
struct UnderWay {
    number: u64,
    /// Of one that may never come back: where it has come, how many answers it had got when last asked, and its thread.
    watched: Option<(Arc<Progress>, usize, JoinHandle<()>)>,
}

/// The looks of an engine.
pub(super) struct Poll {
    options: PollOptions,
    /// There is one as long as something is polled.
    schedule: Option<PollSchedule>,
    next_probe: Instant,
    /// When to go on, if no look is under way.
    due: Option<Instant>,
    under_way: Option<UnderWay>,
    /// How many looks began.
    looks: u64,
    pool: Arc<ThreadPool>,
    messages: Sender<Message>,
}

impl Poll {
    pub(super) fn new(options: PollOptions, pool: Arc<ThreadPool>, messages: Sender<Message>) -> Self {
        let next_probe = Instant::now() + PROBE;
        let due = Some(next_probe);
        Self { options, schedule: None, next_probe, due, under_way: None, looks: 0, pool, messages }
    }

    /// When [`Poll::go_on`] has something to do, if nothing happens before.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Begins the next look, if one is due and none is under way.
    pub(super) fn go_on(&mut self, watch: &mut Watch, files: AskFiles<'_>, now: Instant) {
        if self.under_way.is_some() && !self.give_up(watch, now) {
            return;
        }
        if !watch.polls() {
            self.schedule = None;
        } else if self.schedule.is_none() {
            self.schedule = Some(PollSchedule::new(now, self.options.interval, self.options.rest));
        }
        if now >= self.next_probe {
            self.next_probe = now + PROBE;
            return self.begin(watch.probe(files));
        }
        self.due = Some(match self.schedule.as_mut().map(|schedule| schedule.step(now)) {
            Some(PollStep::Look { ring, anew }) => return self.begin(watch.look(ring, anew, files)),
            Some(PollStep::Wait(until)) => until.min(self.next_probe),
            None => self.next_probe,
        });
    }

    /// A look is done.
    pub(super) fn take_back(
        &mut self,
        (number, looked): (u64, Looked),
        watch: &mut Watch,
        transaction: &mut Option<Transaction>,
        now: Instant,
    ) {
        if self.under_way.as_ref().is_none_or(|look| look.number != number) {
            // It was given up, and what it saw is old.
            return;
        }
        if let Some(UnderWay { watched: Some((.., thread)), .. }) = self.under_way.take() {
            // It sent this as the last thing that it did; its panics are caught.
            let _ = thread.join();
        }
        self.due = Some(now);
        let cost = looked.slice(0);
        let found = watch.take_in(looked, transaction, now);
        if let (Some(slice), Some(schedule)) = (cost, &mut self.schedule) {
            // What it cost to take it in is ours, too.
            let extra = now.elapsed();
            let (wall, cpu) = (slice.wall + extra, slice.cpu + extra);
            schedule.looked(now + extra, crate::change::Slice { found, wall, cpu, ..slice });
        }
    }

    /// Until when what was found waits for the rest of it; `None` if it is complete.
    pub(super) fn incomplete_until(&mut self, now: Instant) -> Option<Instant> {
        let schedule = self.schedule.as_mut()?;
        let until = schedule.incomplete_until()?;
        if now < until {
            return Some(until);
        }
        schedule.give_up();
        None
    }

    fn begin(&mut self, look: Look) {
        self.looks += 1;
        let (number, messages) = (self.looks, self.messages.clone());
        let progress = look.progress();
        let thread = if progress.is_some() { THREAD } else { pool::NAME };
        let perform = move || {
            let message = match catch_unwind(AssertUnwindSafe(|| look.perform())) {
                Ok(looked) => Message::Looked(number, Box::new(looked)),
                Err(panic) => Message::Broken(watch::panicked(thread, panic.as_ref())),
            };
            // It fails only when the engine has stopped, and then nobody wants to know.
            let _ = messages.send(message);
        };
        let Some(progress) = progress else {
            self.pool.spawn(perform);
            self.under_way = Some(UnderWay { number, watched: None });
            self.due = None;
            return;
        };
        // Where nobody may answer, a thread of the pool could be lost, and with it who else needs one.
        match std::thread::Builder::new().name(THREAD.to_owned()).spawn(perform) {
            Ok(thread) => {
                self.under_way = Some(UnderWay { number, watched: Some((progress, 0, thread)) });
                self.due = Some(Instant::now() + PATIENCE);
            }
            // There may be one when the next look is due.
            Err(_) => self.due = Some(self.next_probe),
        }
    }

    /// Gives up a look that gets no answer from its mount. One that gets answers may take its time.
    fn give_up(&mut self, watch: &mut Watch, now: Instant) -> bool {
        let Some(UnderWay { watched: Some((progress, answers, _)), .. }) = &mut self.under_way else {
            return false;
        };
        let before = std::mem::replace(answers, progress.answers());
        if before == *answers && watch.gets_no_answer(&progress.at()) {
            // Its thread is left alone: it ends when the mount answers, or with the process.
            self.under_way = None;
            return true;
        }
        self.due = Some(now + PATIENCE);
        false
    }
}

impl Drop for Poll {
    fn drop(&mut self) {
        if let Some(UnderWay { watched: Some((.., thread)), .. }) = self.under_way.take() {
            pool::join_in_time(vec![thread], PATIENCE);
        }
    }
}
