//! What the engine has told and JavaScript has not taken yet. Owns when JavaScript is woken: once for any amount of
//! news, and not at all while nobody there waits.
//!
//! A *feed* is one consumer's view: a `for await` loop, or all listeners together. Each sees every batch from when it
//! was opened. While there is none, batches are held for the first that comes.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::pending::Pending;
use crate::change::ChangeBatch;
use crate::engine::EngineEvent;
use crate::error::Error;
use crate::project::ProjectUpdate;

/// A batch; with entries also what it did to the graph.
type Batch = (ChangeBatch, Option<Box<ProjectUpdate>>);

/// Shared between the engine's thread, which posts, and JavaScript's, which takes.
#[derive(Default)]
pub struct Feeds(Mutex<State>);

#[derive(Default)]
struct State {
    open: Vec<Option<Pending>>,
    /// Nobody's yet; used while no feed is open.
    held: Pending,
    news: News,
    waits: Waits,
    /// A wake-up is on its way; until JavaScript has looked, no second one is needed.
    woken: bool,
}

/// What happened beside batches, since JavaScript last looked.
#[derive(Default)]
pub struct News {
    /// Everything is watched. Stays true.
    pub ready: bool,
    /// What could not be watched.
    pub warnings: Vec<Error>,
    /// Why there will be no more batches.
    pub failure: Option<Error>,
}

/// What JavaScript wants to be woken for.
#[derive(Default, Clone, Copy)]
pub struct Waits {
    /// For all that is in [`News`].
    pub news: bool,
    /// For batches.
    pub batches: bool,
}

impl Feeds {
    /// Takes in an event, and says whether JavaScript is to be woken.
    pub fn post(&self, event: EngineEvent) -> bool {
        let mut state = self.lock();
        let waits = match event {
            EngineEvent::Batch(batch) => state.add((batch, None)),
            EngineEvent::Update(batch, update) => state.add((batch, Some(update))),
            EngineEvent::Released(batch) if !batch.changes.is_empty() => state.add((batch, None)),
            // What is held is told at its release, and that nothing was held is no news.
            EngineEvent::Held(_) | EngineEvent::Released(_) => false,
            EngineEvent::Ready(_) => {
                state.news.ready = true;
                state.waits.news
            }
            EngineEvent::Warning(error) => {
                state.news.warnings.push(error);
                state.waits.news
            }
            EngineEvent::Failed(error) => {
                state.news.failure = Some(error);
                state.waits.news
            }
        };
        let wake = waits && !state.woken;
        state.woken |= wake;
        wake
    }

    /// Says what to be woken for. What is there already wakes nobody: whoever begins to wait looks first.
    pub fn wait_for(&self, waits: Waits) {
        self.lock().waits = waits;
    }

    /// Opens a feed. The first one begins with what was held.
    pub fn open(&self) -> usize {
        let mut state = self.lock();
        let alone = state.open.iter().all(Option::is_none);
        let feed = if alone { std::mem::take(&mut state.held) } else { Pending::default() };
        match state.open.iter().position(Option::is_none) {
            Some(free) => {
                state.open[free] = Some(feed);
                free
            }
            None => {
                state.open.push(Some(feed));
                state.open.len() - 1
            }
        }
    }

    /// Closes a feed. What the last one leaves is held for the next.
    pub fn close(&self, feed: usize) {
        let mut state = self.lock();
        let left = state.open.get_mut(feed).and_then(Option::take);
        if let Some(left) = left
            && state.open.iter().all(Option::is_none)
        {
            state.held = left;
        }
    }

    /// All that a feed has not seen, as one batch.
    pub fn take(&self, feed: usize) -> Option<Batch> {
        self.lock().open.get_mut(feed)?.as_mut()?.take()
    }

    /// What happened beside batches. From here on a wake-up is possible again.
    pub fn news(&self) -> News {
        let mut state = self.lock();
        state.woken = false;
        News {
            ready: state.news.ready,
            warnings: std::mem::take(&mut state.news.warnings),
            failure: state.news.failure.take(),
        }
    }

    /// Whether everything is watched.
    pub fn is_ready(&self) -> bool {
        self.lock().news.ready
    }

    /// Nothing here can be half done when a thread panics: every change is one step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Gives whether JavaScript waits for it.
    fn add(&mut self, (batch, update): Batch) -> bool {
        let mut open: Vec<_> = self.open.iter_mut().flatten().collect();
        let last = open.pop().unwrap_or(&mut self.held);
        for feed in open {
            feed.add(batch.clone(), update.clone());
        }
        last.add(batch, update);
        self.waits.batches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{Change, ChangeKind, EntryType};
    use crate::engine::Stats;

    fn batch(epoch: u64) -> EngineEvent {
        let change = Change { kind: ChangeKind::Update, path: format!("/{epoch}"), entry: EntryType::File };
        EngineEvent::Batch(ChangeBatch { epoch, changes: vec![change], ..ChangeBatch::default() })
    }

    fn paths(batch: Option<Batch>) -> Vec<String> {
        batch
            .map_or_else(Vec::new, |(batch, _)| batch.changes.into_iter().map(|change| change.path).collect())
    }

    #[test]
    fn what_nobody_takes_is_held_for_the_first_that_comes() {
        let feeds = Feeds::default();
        feeds.post(batch(1));
        feeds.post(batch(2));
        let (first, second) = (feeds.open(), feeds.open());
        assert_eq!(paths(feeds.take(first)), ["/1", "/2"]);
        assert_eq!(paths(feeds.take(second)), [""; 0]);
    }

    #[test]
    fn each_feed_sees_every_batch_from_when_it_was_opened() {
        let feeds = Feeds::default();
        let first = feeds.open();
        feeds.post(batch(1));
        let second = feeds.open();
        feeds.post(batch(2));
        assert_eq!(paths(feeds.take(first)), ["/1", "/2"]);
        assert_eq!(paths(feeds.take(second)), ["/2"]);
        assert_eq!(paths(feeds.take(second)), [""; 0]);
    }

    #[test]
    fn what_the_last_feed_leaves_is_held() {
        let feeds = Feeds::default();
        let (first, second) = (feeds.open(), feeds.open());
        feeds.post(batch(1));
        feeds.close(first);
        feeds.close(second);
        feeds.post(batch(2));
        assert_eq!(paths(feeds.take(first)), [""; 0], "a closed feed has nothing");
        assert_eq!(paths(feeds.take(feeds.open())), ["/1", "/2"]);
    }

    #[test]
    fn javascript_is_woken_only_for_what_it_waits_for_and_once() {
        let feeds = Feeds::default();
        assert!(!feeds.post(EngineEvent::Ready(Stats::default())), "nobody waits");
        feeds.wait_for(Waits { news: true, batches: false });
        assert!(!feeds.post(batch(1)), "nobody waits for batches");
        assert!(feeds.post(EngineEvent::Warning(Error::Closed)));
        feeds.wait_for(Waits { news: true, batches: true });
        assert!(!feeds.post(batch(2)), "already on its way");
        let news = feeds.news();
        assert!(news.ready && news.failure.is_none());
        assert_eq!(news.warnings.len(), 1);
        assert!(feeds.post(batch(3)));
    }
}
