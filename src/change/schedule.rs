//! When a transaction closes. Pure: time is an argument, and what the disk and the module graph say comes through
//! [`Outlook`], which is asked only when the answer can matter.
//!
//! ```text
//!  sign ──► lone save of a module, after a lull? ── yes ──► close, 0.1 ms later
//!                       │ no
//!                       ▼
//!           quiet for 2 to 40 ms, 60 in a series? ── no ──► wait
//!                       │ yes
//!                       ▼
//!           git at work, and more than a save? ── yes ──► look again in 5 ms (until silence or 5 s say otherwise)
//!                       │ no
//!                       ▼
//!           a used file gone or empty? ── yes ──► wait for its return (30 ms)
//!                       │ no
//!                       ▼
//!                     close
//! ```

use std::time::{Duration, Instant};

use super::{Change, Dirty, Transaction};
use crate::path::normalize;

/// Editors write a temporary file, then rename it; a shorter window splits one save in two.
const QUIET: Duration = Duration::from_millis(2);

/// How long a lone save waits for company. A program that writes two files in a row starts the second some 50 µs after
/// it closed the first; sent apart, the second update could meet a page that is just fetching the first.
const GRACE: Duration = Duration::from_micros(100);

/// What each further path adds to [`QUIET`]: whoever writes many files pauses now and then (a generator thinks, a
/// disk flushes), and one more transaction costs a page more than some milliseconds.
const QUIET_PER_PATH: Duration = Duration::from_millis(1);

/// Where that growth ends. People notice a delay from about 100 ms on, and the page still has to fetch and run.
const QUIET_MAX: Duration = Duration::from_millis(40);

/// A file that is written all the time (a log) must not keep a transaction open: signs that say nothing new prolong
/// it by this much at most.
const STREAM: Duration = Duration::from_millis(50);

/// The same file saved again sooner than this is a double save, and is gathered.
const LULL: Duration = Duration::from_millis(20);

/// The third file that is saved each this soon after the one before makes a series: a formatter that works through its
/// list, or Save All. One payload for the rest of it is worth more than its speed. Two are no series, and the second
/// goes out at once too: held back, it would meet a page that has fetched the first already.
const SERIES: Duration = Duration::from_millis(60);

/// How long nothing may come before a series counts as complete: formatters take some tens of milliseconds a file.
const SERIES_QUIET: Duration = Duration::from_millis(60);

/// How long a used file may be missing or empty before we believe it. Editors and formatters that unlink first, or
/// truncate and then compute, come back within a few milliseconds; a real deletion can wait that long.
const RETURN: Duration = Duration::from_millis(30);

/// While git holds its lock we look again this often; one stat, and only while a burst waits. Watching the git
/// directory instead would cost a watch and wake the engine at every commit, fetch and status.
const LOCK_LOOK: Duration = Duration::from_millis(5);

/// A lock without any change for this long is stale (a crashed git leaves it behind), or git waits for an editor.
const LOCK_SILENCE: Duration = Duration::from_millis(250);

/// A lock that was taken just before the transaction began is the cause of it; then git is at work, and silence only
/// means that the machine is busy: a checkout of 2,000 files on two overloaded cores paused for up to 300 ms.
const LOCK_STALL: Duration = Duration::from_secs(1);

/// How long before its first write git takes its lock, at most; it compares the trees in between.
const LOCK_LEAD: Duration = Duration::from_secs(1);

/// The longest that a lock holds a transaction, from the transaction's start.
const LOCK_MAX: Duration = Duration::from_secs(5);

/// The longest transaction: twice what git may take, so that a checkout that outlives its lock's limit still has
/// time to become quiet. Only a storm of ever new paths (an install, a huge copy) gets here, and the page must
/// not go without news of the user's own saves for longer. `LONGEST_TRANSACTION_MS` in `js/vite/baseline.js` has to be
/// longer than this.
const CAP: Duration = Duration::from_secs(10);

/// What to do with the open transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Close it now.
    Close,
    /// Ask again at this time, or when a sign comes.
    Wait(Instant),
}

/// What the disk and the module graph say about an open transaction.
pub trait Outlook {
    /// Whether some module of the file is in a module graph.
    fn graph_knows(&mut self, dirty: &Dirty) -> bool;
    /// How long git has held the lock of a work tree that the transaction is about; of several the last. `None` without
    /// a lock.
    fn git_lock_age(&mut self, transaction: &Transaction) -> Option<Duration>;
    /// Whether there is more than the save of one file: several paths that changed, or one that is new, is gone, or
    /// was unlinked in between (which is how git writes files).
    fn is_burst(&mut self, transaction: &Transaction) -> bool;
    /// The time of the last sign of a used file that is empty now, or is gone while no new file stands in for it.
    fn last_loss(&mut self, transaction: &Transaction) -> Option<Instant>;
}

/// The batch before.
#[derive(Debug)]
struct LastBatch {
    closed: Instant,
    /// The file, if it was the save of one.
    only: Option<String>,
    /// How many batches with modules came each soon after the one before, of different files. A log that is written all
    /// the time starts no series.
    run: u32,
}

impl LastBatch {
    /// Whether the transaction saves the same file again.
    fn is_again(&self, transaction: &Transaction) -> bool {
        let Some(only) = self.only.as_deref() else { return false };
        transaction.dirty().iter().any(|dirty| normalize(&dirty.path) == only)
    }
}

/// Decides when transactions close.
#[derive(Debug, Default)]
pub struct Schedule {
    debounce: Option<Duration>,
    last_batch: Option<LastBatch>,
    locked: bool,
    held: bool,
}

impl Schedule {
    /// A fixed `debounce` replaces every rule but the cap: a transaction closes when nothing came for that long, and
    /// with zero as soon as the events at hand are taken in.
    pub fn new(debounce: Option<Duration>) -> Self {
        Self { debounce, last_batch: None, locked: false, held: false }
    }

    /// Says whether updates are held. Then a fixed `debounce` does not count: it is about what goes out.
    pub fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// Says whether the transaction closes, or when to ask again. The time is always later than `now`.
    pub fn poll(&mut self, now: Instant, transaction: &mut Transaction, outlook: &mut dyn Outlook) -> Step {
        if self.is_overdue(now, transaction) {
            return Step::Close;
        }
        let cap = transaction.opened() + CAP;
        // While held nothing goes out anyway, and a page that is reloaded by hand should not find old code.
        if let Some(debounce) = self.debounce.filter(|_| !self.held) {
            let end = (transaction.last() + debounce).min(cap);
            return if now >= end { Step::Close } else { Step::Wait(end) };
        }

        let calm = self
            .last_batch
            .as_ref()
            .is_none_or(|last| now >= last.closed + LULL || (last.run == 1 && !last.is_again(transaction)));
        let series = self.is_series(transaction);
        if calm
            && !series
            && let Some(save) = transaction.lone_save()
            && outlook.graph_knows(save)
            && outlook.last_loss(transaction).is_none()
        {
            let grace = transaction.last() + GRACE;
            return if now >= grace { Step::Close } else { Step::Wait(grace) };
        }

        let quiet = quiet(transaction).max(if series { SERIES_QUIET } else { QUIET });
        let end = (transaction.last() + quiet).min(transaction.news() + STREAM.max(quiet)).min(cap);
        if now < end {
            return Step::Wait(end);
        }

        let lock_end = transaction.opened() + LOCK_MAX;
        let lock_age = if now < lock_end { outlook.git_lock_age(transaction) } else { None };
        if let Some(age) = lock_age {
            let is_cause = age <= now.duration_since(transaction.opened()) + LOCK_LEAD;
            let silence = if is_cause { LOCK_STALL } else { LOCK_SILENCE };
            let patience = lock_end.min(transaction.last() + silence);
            if now < patience && outlook.is_burst(transaction) {
                self.locked = true;
                return Step::Wait((now + LOCK_LOOK).min(patience));
            }
        } else if std::mem::take(&mut self.locked) && now < lock_end {
            // The lock went away this moment; the events of git's last writes may still be on their way.
            transaction.extend(now);
            return Step::Wait((now + quiet).min(cap));
        }

        match outlook.last_loss(transaction) {
            Some(loss) if now < loss + RETURN => Step::Wait((loss + RETURN).min(cap)),
            _ => Step::Close,
        }
    }

    /// Whether the transaction has to close whatever happens.
    pub fn is_overdue(&self, now: Instant, transaction: &Transaction) -> bool {
        now >= transaction.opened() + CAP
    }

    /// Notes that the transaction is closed, what it became, and whether a module's file is among the changes.
    pub fn closed(&mut self, now: Instant, changes: &[Change], modules: bool) {
        self.locked = false;
        let only = match changes {
            [] => return,
            [only] => Some(only.path.clone()),
            _ => None,
        };
        let before = self.last_batch.take().filter(|last| now < last.closed + SERIES);
        let run = match before {
            _ if !modules => 0,
            Some(last) if last.only.is_some() && last.only == only => last.run,
            Some(last) => last.run + 1,
            None => 1,
        };
        self.last_batch = Some(LastBatch { closed: now, only, run });
    }

    /// Whether the transaction goes on where the batch before ended. The same file again is a double save.
    fn is_series(&self, transaction: &Transaction) -> bool {
        let Some(last) = &self.last_batch else { return false };
        last.run >= 2 && transaction.opened() < last.closed + SERIES && !last.is_again(transaction)
    }
}

/// How long nothing may come before a transaction counts as complete.
fn quiet(transaction: &Transaction) -> Duration {
    if transaction.rescan() {
        // Events were lost because there were too many of them: it is a large burst whatever is at hand.
        return QUIET_MAX;
    }
    if transaction.is_release() {
        // Signs of what was written right before may still be on their way, and what was held is to be one update.
        return QUIET_MAX;
    }
    let further = u32::try_from(transaction.dirty().len().saturating_sub(1)).unwrap_or(u32::MAX);
    QUIET_PER_PATH.saturating_mul(further).saturating_add(QUIET).min(QUIET_MAX)
}

#[cfg(test)]
mod tests;
