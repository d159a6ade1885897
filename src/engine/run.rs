//! The engine's thread: takes in messages, sleeps until the open transaction may close, closes it. Owns the open
//! transaction and the epoch; the rules are `change`'s, the disk is `watch`'s.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use super::{EngineEvent, Stats, THREAD, UsedFiles};
use crate::change::{Change, ChangeBatch, Dirty, Outlook, Schedule, Step, Transaction};
use crate::error::Error;
use crate::path::normalize;
use crate::watch::{self, Signal, Watch};

/// How many messages are taken in before the clock is looked at: a storm must not keep a transaction past its cap.
const AT_ONCE: usize = 1024;

/// What the engine's thread is told.
pub(super) enum Message {
    Signal(Signal),
    Add(Vec<PathBuf>),
    Unwatch(Vec<PathBuf>),
    Watched(Sender<BTreeMap<String, Vec<String>>>),
    Stats(Sender<Stats>),
    Fault,
    Close,
}

/// Whether the engine goes on.
enum Next {
    Go,
    Stop,
    Fail(Error),
}

/// What the engine's thread owns.
pub(super) struct Run {
    watch: Watch,
    used: Arc<dyn UsedFiles>,
    schedule: Schedule,
    transaction: Option<Transaction>,
    /// When the open transaction may close.
    alarm: Option<Instant>,
    poll: Option<Poll>,
    epoch: u64,
    scan: Duration,
}

struct Poll {
    every: Duration,
    next: Instant,
}

/// Runs the engine, and tells of a panic as of any other failure.
pub(super) fn guard(run: Run, inbox: Receiver<Message>, sink: &dyn Fn(EngineEvent)) {
    let ended = catch_unwind(AssertUnwindSafe(|| run.run(&inbox, sink)));
    let failure = match ended {
        Ok(None) => return,
        Ok(Some(error)) => error,
        Err(panic) => watch::panicked(THREAD, panic.as_ref()),
    };
    // From here on whoever asks the engine is told that it is closed, and nobody waits for an answer.
    drop(inbox);
    // Should the sink itself be what panics, there is nobody left to tell.
    let _ = catch_unwind(AssertUnwindSafe(|| sink(EngineEvent::Failed(failure))));
}

impl Run {
    pub(super) fn new(
        watch: Watch,
        used: Arc<dyn UsedFiles>,
        debounce: Option<Duration>,
        poll: Option<Duration>,
    ) -> Self {
        let poll = poll.map(|every| Poll { every, next: Instant::now() + every });
        Self {
            watch,
            used,
            schedule: Schedule::new(debounce),
            transaction: None,
            alarm: None,
            poll,
            epoch: 0,
            scan: Duration::ZERO,
        }
    }

    /// Returns when the engine is closed, or why it cannot go on. Every watch is gone then.
    fn run(mut self, inbox: &Receiver<Message>, sink: &dyn Fn(EngineEvent)) -> Option<Error> {
        let start = Instant::now();
        self.watch.begin();
        self.scan = start.elapsed();
        self.warn(sink);
        sink(EngineEvent::Ready(self.stats()));
        loop {
            match self.take_in(inbox) {
                Next::Go => {}
                Next::Stop => return None,
                Next::Fail(error) => return Some(error),
            }
            self.close_what_is_due(!inbox.is_empty(), sink);
            self.poll_if_due(sink);
            self.warn(sink);
        }
    }

    /// Sleeps until there is a message or something is due, and takes in all messages at hand.
    fn take_in(&mut self, inbox: &Receiver<Message>) -> Next {
        let due = [self.alarm, self.poll.as_ref().map(|poll| poll.next)].into_iter().flatten().min();
        let first = match due {
            Some(due) => inbox.recv_deadline(due),
            None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        let mut message = match first {
            Ok(message) => message,
            Err(RecvTimeoutError::Timeout) => return Next::Go,
            // The handle is gone without `close()`, which its drop calls: cannot be, and is harmless.
            Err(RecvTimeoutError::Disconnected) => return Next::Stop,
        };
        for _ in 0..AT_ONCE {
            match self.hear(message, Instant::now()) {
                Next::Go => {}
                end => return end,
            }
            match inbox.try_recv() {
                Ok(next) => message = next,
                Err(_) => return Next::Go,
            }
        }
        self.hear(message, Instant::now())
    }

    fn hear(&mut self, message: Message, now: Instant) -> Next {
        match message {
            Message::Signal(Signal::Touched { path, evidence }) => {
                self.watch.note(&path, evidence, &mut self.transaction, now);
            }
            Message::Signal(Signal::Lost) => {
                self.transaction.get_or_insert_with(|| Transaction::open(now)).lose(now);
            }
            Message::Signal(Signal::Warning(error)) => self.watch.warn(error),
            Message::Signal(Signal::Failed(error)) => return Next::Fail(error),
            Message::Add(paths) => self.watch.add(&paths),
            Message::Unwatch(paths) => self.watch.unwatch(&paths),
            // Whoever asked and went away needs no answer.
            Message::Watched(reply) => drop(reply.send(self.watch.watched())),
            Message::Stats(reply) => drop(reply.send(self.stats())),
            Message::Fault => panic!("asked to by Engine::fault"),
            Message::Close => return Next::Stop,
        }
        Next::Go
    }

    fn close_what_is_due(&mut self, more_at_hand: bool, sink: &dyn Fn(EngineEvent)) {
        self.alarm = None;
        let Some(transaction) = &mut self.transaction else { return };
        let now = Instant::now();
        if more_at_hand && !self.schedule.is_overdue(now, transaction) {
            // It is we who are slow; nothing is quiet as long as signs wait to be taken in.
            transaction.extend(now);
            return;
        }
        let mut look = Look { watch: &mut self.watch, used: self.used.as_ref() };
        let step = self.schedule.poll(now, transaction, &mut look);
        match step {
            Step::Wait(until) => self.alarm = Some(until),
            Step::Close => {
                let Some(transaction) = self.transaction.take() else { return };
                let changes = self.watch.settle(&transaction);
                self.schedule.closed(Instant::now(), !changes.is_empty());
                self.send(changes, transaction.rescan(), sink);
            }
        }
    }

    fn poll_if_due(&mut self, sink: &dyn Fn(EngineEvent)) {
        let Some(poll) = &mut self.poll else { return };
        if Instant::now() < poll.next {
            return;
        }
        let changes = self.watch.rescan();
        // Counted from the end: a tree that takes longer to compare than the interval must not keep us busy.
        poll.next = Instant::now() + poll.every;
        self.send(changes, false, sink);
    }

    fn send(&mut self, changes: Vec<Change>, rescan: bool, sink: &dyn Fn(EngineEvent)) {
        if changes.is_empty() {
            return;
        }
        self.epoch += 1;
        sink(EngineEvent::Batch(ChangeBatch { epoch: self.epoch, changes, rescan }));
    }

    fn warn(&mut self, sink: &dyn Fn(EngineEvent)) {
        for warning in self.watch.take_warnings() {
            sink(EngineEvent::Warning(warning));
        }
    }

    fn stats(&self) -> Stats {
        let counts = self.watch.counts();
        Stats {
            directories: counts.directories,
            files: counts.files,
            watches: counts.watches,
            epoch: self.epoch,
            pending: self.transaction.as_ref().map_or(0, |transaction| transaction.dirty().len()),
            scan: self.scan,
        }
    }
}

/// What the schedule is told of the world.
struct Look<'run> {
    watch: &'run mut Watch,
    used: &'run dyn UsedFiles,
}

impl Outlook for Look<'_> {
    fn graph_knows(&mut self, dirty: &Dirty) -> bool {
        self.used.knows(&normalize(&dirty.path))
    }

    fn git_lock_age(&mut self) -> Option<Duration> {
        self.watch.git_lock_age()
    }

    fn is_burst(&mut self, transaction: &Transaction) -> bool {
        self.watch.is_burst(transaction)
    }

    fn last_loss(&mut self, transaction: &Transaction) -> Option<Instant> {
        self.watch.last_loss(transaction, |path: &Path| self.used.is_used(&normalize(path)))
    }
}
