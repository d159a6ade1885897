//! The engine's thread: takes in messages, sleeps until the open transaction may close, closes it. Owns the open
//! transaction and the epoch; the rules are `change`'s, the disk is `watch`'s.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use rustc_hash::FxHashSet;

use super::poll::Poll;
use super::vigil::{Duty, Vigil};
use super::work::{Done, Job, Work, Worked};
use super::{EngineEvent, Stats, THREAD, UsedFiles};
use crate::change::{ChangeBatch, Combined, Dirty, Outlook, Schedule, Stat, Step, Transaction};
use crate::error::Error;
use crate::path::normalize;
use crate::project::{Files, Snapshot};
use crate::watch::{self, Looked, Signal, Watch};

/// How many messages are taken in before the clock is looked at: a storm must not keep a transaction past its cap.
const AT_ONCE: usize = 1024;

/// What the engine's thread is told.
pub(super) enum Message {
    Signal(Signal),
    /// Each with what lay there when it was asked for.
    Add(Vec<(PathBuf, Option<Stat>)>),
    AddGlobs(Vec<String>),
    UseFiles(Vec<PathBuf>),
    AwaitFiles(Vec<PathBuf>),
    Unwatch(Vec<PathBuf>),
    Hold,
    Release,
    Watched(Sender<BTreeMap<String, Vec<String>>>),
    Stats(Sender<Stats>),
    Graph(Sender<Option<Snapshot>>),
    /// A check of the whole tree is done; these paths differ from what is known.
    Checked(Vec<PathBuf>),
    /// A job of the project is done.
    Worked(Box<Worked>),
    /// A look at what is polled is done.
    Looked(u64, Box<Looked>),
    /// A job of the project panicked, or a look did.
    Broken(Error),
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
    /// Its last news when we last saw to it that no sign is on its way.
    caught_up: Option<Instant>,
    poll: Poll,
    epoch: u64,
    scan: Duration,
    /// The graph, if there are entries.
    work: Option<Work>,
    /// What waits for the release, while updates are held. Bounded by the paths that differ.
    held: Option<Combined>,
    /// When to check the whole tree; not where it is polled anyway.
    vigil: Option<Vigil>,
    messages: Sender<Message>,
    /// Whether the engine said that it is ready, if there are entries.
    ready: bool,
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
        poll: Poll,
        work: Option<Work>,
        vigil: Option<Vigil>,
        messages: Sender<Message>,
    ) -> Self {
        Self {
            watch,
            used,
            schedule: Schedule::new(debounce),
            transaction: None,
            alarm: None,
            caught_up: None,
            poll,
            epoch: 0,
            scan: Duration::ZERO,
            work,
            held: None,
            vigil,
            messages,
            ready: false,
        }
    }

    /// Returns when the engine is closed, or why it cannot go on. Every watch is gone then.
    fn run(mut self, inbox: &Receiver<Message>, sink: &dyn Fn(EngineEvent)) -> Option<Error> {
        let start = Instant::now();
        self.watch.begin();
        self.scan = start.elapsed();
        self.warn(sink);
        match &mut self.work {
            None => sink(EngineEvent::Ready(self.stats())),
            Some(work) => work.go_on(),
        }
        loop {
            match self.take_in(inbox, sink) {
                Next::Go => {}
                Next::Stop => return None,
                Next::Fail(error) => return Some(error),
            }
            self.close_what_is_due(inbox, sink);
            self.poll_if_due();
            self.check_if_due();
            self.warn(sink);
        }
    }

    /// Sleeps until there is a message or something is due, and takes in all messages at hand.
    fn take_in(&mut self, inbox: &Receiver<Message>, sink: &dyn Fn(EngineEvent)) -> Next {
        let vigil = self.vigil.as_ref().map(Vigil::due);
        let due = [self.alarm, self.poll.due(), vigil].into_iter().flatten().min();
        let first = match due {
            Some(due) if self.alarm == Some(due) => receive(inbox, due),
            // A look may come a little late; staying awake for it would cost more than the look.
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
            match self.hear(message, Instant::now(), sink) {
                Next::Go => {}
                end => return end,
            }
            match inbox.try_recv() {
                Ok(next) => message = next,
                Err(_) => return Next::Go,
            }
        }
        self.hear(message, Instant::now(), sink)
    }

    fn hear(&mut self, message: Message, now: Instant, sink: &dyn Fn(EngineEvent)) -> Next {
        match message {
            Message::Signal(Signal::Touched { path, evidence }) => {
                self.watch.note(&path, evidence, &mut self.transaction, now);
            }
            Message::Signal(Signal::Lost) => {
                self.transaction.get_or_insert_with(|| Transaction::open(now)).lose(now);
            }
            Message::Signal(Signal::Warning(error)) => self.watch.warn(error),
            Message::Signal(Signal::Answered { point, answers }) => {
                self.watch.answered(&point, answers, &mut self.transaction, now);
            }
            Message::Signal(Signal::Failed(error)) => return Next::Fail(error),
            Message::Add(paths) => {
                for (path, then) in paths {
                    self.watch.add_since(&path, then, &mut self.transaction, now);
                }
            }
            Message::AddGlobs(globs) => self.watch.add_globs(&globs),
            Message::UseFiles(files) => {
                let new = self.watch.use_files(&files);
                self.watch.note_young(&new, &mut self.transaction, now);
            }
            Message::AwaitFiles(files) => {
                let came = self.watch.await_files(&files);
                self.watch.note_young(&came, &mut self.transaction, now);
            }
            Message::Unwatch(paths) => self.watch.unwatch(&paths),
            Message::Hold => self.hold(sink),
            Message::Release if self.held.is_some() => {
                // What was written right before is on its way to us; on a busy machine longer than any quiet period.
                self.watch.catch_up();
                let now = Instant::now();
                self.transaction.get_or_insert_with(|| Transaction::open(now)).release(now);
            }
            Message::Release => {}
            // Whoever asked and went away needs no answer.
            Message::Watched(reply) => drop(reply.send(self.watch.watched())),
            Message::Stats(reply) => drop(reply.send(self.stats())),
            Message::Graph(reply) => match &mut self.work {
                Some(work) => work.add(Job::Describe(reply)),
                None => drop(reply.send(None)),
            },
            Message::Checked(suspects) => {
                let suspects = self.watch.suspect(suspects);
                if let Some(vigil) = &mut self.vigil {
                    vigil.checked(now, suspects);
                }
            }
            Message::Worked(worked) => self.take_back(*worked, sink),
            Message::Looked(number, looked) => {
                self.poll.take_back((number, *looked), &mut self.watch, &mut self.transaction, now);
            }
            Message::Broken(error) => return Next::Fail(error),
            Message::Fault => panic!("asked to by Engine::fault"),
            Message::Close => return Next::Stop,
        }
        Next::Go
    }

    fn close_what_is_due(&mut self, inbox: &Receiver<Message>, sink: &dyn Fn(EngineEvent)) {
        self.alarm = None;
        let Some(transaction) = &mut self.transaction else { return };
        let now = Instant::now();
        if !inbox.is_empty() && !self.schedule.is_overdue(now, transaction) {
            // It is we who are slow; nothing is quiet as long as signs wait to be taken in.
            transaction.extend(now);
            return;
        }
        if !self.schedule.is_overdue(now, transaction)
            && let Some(until) = self.poll.incomplete_until(now)
        {
            self.alarm = Some(until);
            return;
        }
        let known = Known::new(&*self.used, &self.work);
        let mut world = World { watch: &mut self.watch, known };
        let step = self.schedule.poll(now, transaction, &mut world);
        match step {
            Step::Wait(until) => self.alarm = Some(until),
            Step::Close if self.finds_late_signs(now, inbox) => self.alarm = Some(now),
            Step::Close => self.close(sink),
        }
    }

    /// Fetches what is on its way from notify's thread, and says whether there was any. On a busy machine that thread may
    /// sleep longer than any quiet period, and what was written in one go would be told in two. Once for the same news, so
    /// that a file which is written all the time holds nothing open. A lone save is complete.
    fn finds_late_signs(&mut self, now: Instant, inbox: &Receiver<Message>) -> bool {
        let Some(transaction) = &self.transaction else { return false };
        let is_needed = transaction.lone_save().is_none() && !self.schedule.is_overdue(now, transaction);
        if !is_needed || self.caught_up.replace(transaction.news()) == Some(transaction.news()) {
            return false;
        }
        self.watch.catch_up();
        !inbox.is_empty()
    }

    fn close(&mut self, sink: &dyn Fn(EngineEvent)) {
        let Some(transaction) = self.transaction.take() else { return };
        let changes = self.watch.settle(&transaction);
        let known = Known::new(&*self.used, &self.work);
        let modules = changes.iter().any(|change| known.knows(&change.path));
        self.schedule.closed(Instant::now(), &changes, modules);
        let (rescan, looked) = (transaction.rescan(), transaction.looked());
        let fleeting =
            if self.work.is_some() { self.watch.fleeting(&transaction, &changes) } else { Vec::new() };
        self.send(ChangeBatch { epoch: 0, changes, rescan, looked }, sink);
        if let Some(work) = &mut self.work
            && !fleeting.is_empty()
        {
            work.add(Job::Forget(fleeting));
        }
        if transaction.is_release() {
            self.release(sink);
        }
    }

    fn hold(&mut self, sink: &dyn Fn(EngineEvent)) {
        if self.transaction.as_ref().is_some_and(Transaction::is_release) {
            // The hold before is not over yet; each one ends.
            self.close(sink);
        }
        self.held.get_or_insert_default();
        self.schedule.hold(true);
    }

    /// Tells what waited, as one transaction.
    fn release(&mut self, sink: &dyn Fn(EngineEvent)) {
        // What nobody has looked for yet is part of what is released.
        let changes = self.watch.look_now();
        self.send(ChangeBatch { changes, looked: true, ..ChangeBatch::default() }, sink);
        let Some(mut held) = self.held.take() else { return };
        self.schedule.hold(false);
        let batch = held.take().unwrap_or_default();
        if self.work.is_some() {
            return self.send(batch, sink);
        }
        if !batch.changes.is_empty() {
            self.epoch += 1;
        }
        sink(EngineEvent::Released(ChangeBatch { epoch: self.epoch, ..batch }));
    }

    fn check_if_due(&mut self) {
        let Some(vigil) = &mut self.vigil else { return };
        let now = Instant::now();
        if now < vigil.due() {
            return;
        }
        match vigil.duty(now, SystemTime::now()) {
            Duty::Rest => {}
            Duty::Check => {
                let messages = self.messages.clone();
                self.watch.begin_check(move |suspects| {
                    // It fails only when the engine has stopped, and then nobody wants to know.
                    let _ = messages.send(Message::Checked(suspects));
                });
            }
            Duty::Confirm => {
                if self.watch.confirm(self.transaction.as_ref()) {
                    self.transaction.get_or_insert_with(|| Transaction::open(now)).lose(now);
                }
            }
        }
    }

    fn poll_if_due(&mut self) {
        let now = Instant::now();
        if self.poll.due().is_none_or(|due| now < due) {
            return;
        }
        let known = Known::new(&*self.used, &self.work);
        self.poll.go_on(&mut self.watch, &|at_most| known.files(at_most), now);
    }

    /// Hands on a batch that has no epoch yet.
    fn send(&mut self, batch: ChangeBatch, sink: &dyn Fn(EngineEvent)) {
        if batch.changes.is_empty() {
            return;
        }
        if let Some(held) = &mut self.held {
            sink(EngineEvent::Held(batch.changes.clone()));
            held.add(batch);
            return;
        }
        match &mut self.work {
            None => {
                self.epoch += 1;
                sink(EngineEvent::Batch(ChangeBatch { epoch: self.epoch, ..batch }));
            }
            Some(work) => work.add(Job::Update(batch)),
        }
    }

    /// A job of the project is done: tells of it, and begins the next one.
    fn take_back(&mut self, worked: Worked, sink: &dyn Fn(EngineEvent)) {
        let Some(work) = &mut self.work else { return };
        let (done, mut outside, inside) = work.take_back(worked);
        self.watch.add(&outside);
        outside.extend(self.watch.use_files(&inside));
        let silent = outside.is_empty();
        if !silent {
            // Between the moment they were read and this one nobody would have told of a change.
            work.add_first(Job::Recheck(outside));
        }
        match done {
            Done::Built => {}
            Done::Updated(mut batch, update) => {
                self.epoch += 1;
                batch.epoch = self.epoch;
                sink(EngineEvent::Update(batch, update));
            }
            // Before the engine is ready, what is on disk is no change.
            Done::Rechecked(mut changes, update) if self.ready && !update.is_empty() => {
                changes.retain(|change| update.affected.iter().any(|path| **path == *change.path));
                self.epoch += 1;
                let batch = ChangeBatch { epoch: self.epoch, changes, rescan: false, looked: true };
                sink(EngineEvent::Update(batch, update));
            }
            Done::Rechecked(..) | Done::Nothing => {}
        }
        if silent && !self.ready {
            self.ready = true;
            self.warn(sink);
            sink(EngineEvent::Ready(self.stats()));
            if let Some(work) = &mut self.work {
                work.add(Job::Prepare);
            }
        }
        if let Some(work) = &mut self.work {
            work.go_on();
        }
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
            held: self.held.is_some(),
            waiting: self.held.as_ref().map_or(0, Combined::paths),
        }
    }
}

/// What all module graphs know about files: those of whoever started the engine, and the one of the entries.
#[derive(Clone, Copy)]
struct Known<'run> {
    used: &'run dyn UsedFiles,
    project: Option<&'run Files>,
}

impl<'run> Known<'run> {
    fn new(used: &'run dyn UsedFiles, work: &'run Option<Work>) -> Self {
        Self { used, project: work.as_ref().map(|work| &work.files) }
    }

    fn knows(&self, path: &str) -> bool {
        self.used.knows(path) || self.project.is_some_and(|files| files.knows(path))
    }

    fn is_used(&self, path: &str) -> bool {
        self.used.is_used(path) || self.project.is_some_and(|files| files.is_used(path))
    }

    /// Files of modules, each once and at most so many; those of `used` come first, in their order.
    fn files(&self, at_most: usize) -> Vec<String> {
        let mut files = self.used.files(at_most);
        files.extend(self.project.map_or_else(Vec::new, |project| project.some(at_most)));
        let mut seen = FxHashSet::default();
        files.retain(|file| seen.insert(file.clone()));
        files.truncate(at_most);
        files
    }
}

/// Waits this long for its time without sleeping: the kernel wakes a sleeper later than that.
const AWAKE: Duration = Duration::from_micros(150);

/// The next message, or a timeout when it is due.
fn receive(inbox: &Receiver<Message>, due: Instant) -> Result<Message, RecvTimeoutError> {
    if due > Instant::now() + AWAKE {
        return inbox.recv_deadline(due);
    }
    loop {
        match inbox.try_recv() {
            Ok(message) => return Ok(message),
            Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
            Err(TryRecvError::Empty) if Instant::now() >= due => return Err(RecvTimeoutError::Timeout),
            Err(TryRecvError::Empty) => std::thread::yield_now(),
        }
    }
}

/// What the schedule is told of the world.
struct World<'run> {
    watch: &'run mut Watch,
    known: Known<'run>,
}

impl Outlook for World<'_> {
    fn graph_knows(&mut self, dirty: &Dirty) -> bool {
        self.known.knows(&normalize(&dirty.path))
    }

    fn git_lock_age(&mut self, transaction: &Transaction) -> Option<Duration> {
        self.watch.git_lock_age(transaction)
    }

    fn is_burst(&mut self, transaction: &Transaction) -> bool {
        self.watch.is_burst(transaction)
    }

    fn last_loss(&mut self, transaction: &Transaction) -> Option<Instant> {
        self.watch.last_loss(transaction, |path: &Path| self.known.is_used(&normalize(path)))
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Knows the same file twice, as graphs of two environments do.
    struct Twice;

    impl UsedFiles for Twice {
        fn knows(&self, _: &str) -> bool {
            true
        }
        fn is_used(&self, _: &str) -> bool {
            true
        }
        fn files(&self, _: usize) -> Vec<String> {
            ["/b", "/a", "/b", "/c"].map(str::to_owned).to_vec()
        }
    }

    #[test]
    fn files_come_once_and_not_more_than_asked_for() {
        let known = Known::new(&Twice, &None);
        assert_eq!(known.files(usize::MAX), ["/b", "/a", "/c"]);
        assert_eq!(known.files(2), ["/b", "/a"]);
    }

    /// A burst whose second half is on its way while the first has become quiet.
    #[cfg(target_os = "linux")]
    #[test]
    fn signs_that_are_late_belong_to_the_burst() {
        use crate::engine::{PollOptions, Pool};
        use crate::watch::WatchOptions;
        const FILES: usize = 40;

        let temp = tempfile::tempdir().unwrap();
        let pool = Pool::start(2).unwrap();
        let (messages, inbox) = crossbeam_channel::unbounded();
        let (written, all_written) = crossbeam_channel::bounded::<()>(0);
        let (signals, count) = (messages.clone(), AtomicUsize::new(0));
        let options = WatchOptions { roots: vec![temp.path().to_owned()], ..WatchOptions::default() };
        let watch = Watch::new(&options, pool.share(), move |signal| {
            // notify's thread, which a busy machine pauses in the middle.
            match count.fetch_add(1, Ordering::Relaxed) {
                0 => drop(all_written.recv()),
                FILES => std::thread::sleep(Duration::from_millis(500)),
                _ => {}
            }
            drop(signals.send(Message::Signal(signal)));
        })
        .unwrap();
        let poll = Poll::new(PollOptions::default(), pool.share(), messages.clone());
        let run = Run::new(watch, Arc::new(Twice), None, poll, None, None, messages.clone());
        let (sender, events) = crossbeam_channel::unbounded();
        let thread = std::thread::spawn(move || {
            guard(run, inbox, &move |event| drop(sender.send(event)));
        });
        assert!(matches!(events.recv(), Ok(EngineEvent::Ready(_))));
        for file in 0..FILES {
            std::fs::write(temp.path().join(format!("{file}.js")), "1").unwrap();
        }
        drop(written);
        let Ok(EngineEvent::Batch(batch)) = events.recv() else { panic!("no batch") };
        assert_eq!(batch.changes.len(), FILES);
        messages.send(Message::Close).unwrap();
        thread.join().unwrap();
        pool.join(Duration::from_secs(20));
        assert!(events.try_iter().next().is_none(), "told once");
    }
}
