//! What a feed has not taken yet: batches, and what they did to the graph, as one.

use crate::change::{ChangeBatch, Combined};
use crate::project::{ProjectUpdate, combine};

/// One batch, or several in a row as if they were one.
#[derive(Default)]
pub struct Pending {
    batches: Combined,
    update: Option<Box<ProjectUpdate>>,
}

impl Pending {
    /// Adds the batch that came next; `update` is there with entries.
    pub fn add(&mut self, batch: ChangeBatch, update: Option<Box<ProjectUpdate>>) {
        self.update = match (self.update.take(), update) {
            (Some(old), Some(new)) => Some(Box::new(combine(*old, *new, &batch.changes))),
            (old, new) => new.or(old),
        };
        self.batches.add(batch);
    }

    /// Everything so far; `None` if nothing is different in the end.
    pub fn take(&mut self) -> Option<(ChangeBatch, Option<Box<ProjectUpdate>>)> {
        let update = self.update.take();
        self.batches.take().map(|batch| (batch, update))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{Change, ChangeKind, EntryType};

    #[test]
    fn several_batches_are_taken_as_one_with_what_they_did() {
        let mut pending = Pending::default();
        for (epoch, path) in [(1, "/a"), (2, "/b")] {
            let change = Change { kind: ChangeKind::Update, path: path.to_owned(), entry: EntryType::File };
            let batch = ChangeBatch { epoch, changes: vec![change], ..ChangeBatch::default() };
            let update = ProjectUpdate { affected: vec![path.into()], ..ProjectUpdate::default() };
            pending.add(batch, Some(Box::new(update)));
        }
        let (batch, update) = pending.take().unwrap();
        assert_eq!((batch.epoch, batch.changes.len()), (2, 2));
        assert_eq!(update.unwrap().affected, ["/a".into(), "/b".into()]);
        assert!(pending.take().is_none());
    }
}
