//! Several batches in a row as one, for whoever could not take each as it came. Pure.
//!
//! Bounded by the paths that differ between then and now: what came and went again leaves no trace.

use std::collections::hash_map::Entry;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Change, ChangeBatch, ChangeKind, EntryType};

/// What happened since the last [`Combined::take`].
#[derive(Debug, Default)]
pub struct Combined {
    batches: Batches,
}

#[derive(Debug, Default)]
enum Batches {
    #[default]
    None,
    /// The usual case costs nothing: it is handed on as it came.
    One(ChangeBatch),
    Many(Net),
}

#[derive(Debug, Default)]
struct Net {
    epoch: u64,
    rescan: bool,
    looked: bool,
    paths: FxHashMap<String, Path>,
    /// Counts the first signs, to keep their order.
    signs: usize,
}

/// What lay at a path before the first batch and what lies there after the last. An entry on both sides was written,
/// or replaced, in between.
#[derive(Debug, Clone, Copy)]
struct Path {
    first_sign: usize,
    before: Option<EntryType>,
    after: Option<EntryType>,
}

impl Combined {
    /// Adds the batch that came next.
    pub fn add(&mut self, batch: ChangeBatch) {
        self.batches = match std::mem::take(&mut self.batches) {
            Batches::None => Batches::One(batch),
            Batches::One(first) => {
                let mut net = Net::default();
                net.add(first);
                net.add(batch);
                Batches::Many(net)
            }
            Batches::Many(mut net) => {
                net.add(batch);
                Batches::Many(net)
            }
        };
    }

    /// How many paths differ so far.
    pub fn paths(&self) -> usize {
        match &self.batches {
            Batches::None => 0,
            // A file that became a directory is told twice.
            Batches::One(batch) => {
                batch.changes.iter().map(|change| change.path.as_str()).collect::<FxHashSet<_>>().len()
            }
            Batches::Many(net) => net.paths.len(),
        }
    }

    /// Everything as one batch with the epoch of the last; `None` if nothing is different in the end.
    pub fn take(&mut self) -> Option<ChangeBatch> {
        match std::mem::take(&mut self.batches) {
            Batches::None => None,
            Batches::One(batch) => Some(batch),
            Batches::Many(net) => net.into_batch(),
        }
    }
}

/// One net change for each path, of changes in a row. Those of a disk that changed while it was compared can name a path
/// twice: it was found, and a moment later it was gone.
pub fn net_changes(changes: Vec<Change>) -> Vec<Change> {
    let mut paths = FxHashSet::default();
    if changes.iter().all(|change| paths.insert(change.path.as_str())) {
        return changes;
    }
    let mut net = Net::default();
    net.add(ChangeBatch { changes, ..ChangeBatch::default() });
    net.into_batch().map_or_else(Vec::new, |batch| batch.changes)
}

/// The same changes, each created directory before what was created in it. A file that was asked for by its own name can
/// be found before the directories above it.
pub fn parents_first(mut changes: Vec<Change>) -> Vec<Change> {
    let is_new_dir =
        |change: &Change| change.kind == ChangeKind::Create && change.entry == EntryType::Directory;
    let mut late: FxHashSet<String> =
        changes.iter().filter(|change| is_new_dir(change)).map(|change| change.path.clone()).collect();
    let mut at = 0;
    while at < changes.len() && !late.is_empty() {
        late.remove(&changes[at].path);
        let mut above = Vec::new();
        let mut path = changes[at].path.as_str();
        // Whatever lies in a new directory is new, so that there is no gap between late ones.
        while let Some((dir, _)) = path.rsplit_once('/')
            && changes[at].kind == ChangeKind::Create
            && late.contains(dir)
        {
            above.push(dir.to_owned());
            path = dir;
        }
        for dir in above.iter().rev() {
            late.remove(dir);
            if let Some(from) = changes.iter().rposition(|change| is_new_dir(change) && change.path == *dir) {
                let change = changes.remove(from);
                changes.insert(at, change);
                at += 1;
            }
        }
        at += 1;
    }
    changes
}

impl Net {
    fn add(&mut self, batch: ChangeBatch) {
        self.epoch = batch.epoch;
        self.rescan |= batch.rescan;
        self.looked |= batch.looked;
        for change in batch.changes {
            self.note(change);
        }
    }

    fn note(&mut self, Change { kind, path, entry }: Change) {
        let (before, after) = match kind {
            ChangeKind::Create => (None, Some(entry)),
            ChangeKind::Update => (Some(entry), Some(entry)),
            ChangeKind::Delete => (Some(entry), None),
        };
        self.signs += 1;
        let mut net = match self.paths.entry(path) {
            Entry::Occupied(known) => known,
            Entry::Vacant(new) => new.insert_entry(Path { first_sign: self.signs, before, after }),
        };
        net.get_mut().after = after;
        // A new file that is gone again is nothing. So is a directory that came back: what differs in it has entries of
        // its own.
        let is_nothing = match (net.get().before, after) {
            (None, None) => true,
            (Some(before), Some(after)) => before == after && after == EntryType::Directory,
            _ => false,
        };
        if is_nothing {
            net.remove();
        }
    }

    fn into_batch(self) -> Option<ChangeBatch> {
        let mut paths: Vec<_> = self.paths.into_iter().collect();
        paths.sort_unstable_by_key(|(_, path)| path.first_sign);
        let mut changes = Vec::with_capacity(paths.len());
        for (path, Path { before, after, .. }) in paths {
            let mut say = |kind, entry| changes.push(Change { kind, path: path.clone(), entry });
            match (before, after) {
                (None, Some(entry)) => say(ChangeKind::Create, entry),
                (Some(entry), None) => say(ChangeKind::Delete, entry),
                (Some(old), Some(new)) if old == new => say(ChangeKind::Update, new),
                (Some(old), Some(new)) => {
                    say(ChangeKind::Delete, old);
                    say(ChangeKind::Create, new);
                }
                (None, None) => {}
            }
        }
        let Self { epoch, rescan, looked, .. } = self;
        let batch = ChangeBatch { epoch, changes, rescan, looked };
        (!batch.changes.is_empty()).then_some(batch)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    use ChangeKind::{Create, Delete, Update};
    use EntryType::{Directory, File};

    type Step = (ChangeKind, &'static str, EntryType);

    fn batch(epoch: u64, changes: &[Step]) -> ChangeBatch {
        let changes = changes
            .iter()
            .map(|&(kind, path, entry)| Change { kind, path: path.to_owned(), entry })
            .collect();
        ChangeBatch { epoch, changes, ..ChangeBatch::default() }
    }

    #[test]
    fn paths_that_differ_are_counted() {
        let retyped: &[Step] = &[(Delete, "/a", File), (Create, "/a", Directory), (Create, "/a/b", File)];
        let table: [(&[&[Step]], usize); 5] = [
            (&[], 0),
            (&[&[(Update, "/a", File), (Update, "/b", File)]], 2),
            (&[retyped], 2),
            (&[retyped, &[(Create, "/c", File)]], 3),
            (&[&[(Create, "/a", File)], &[(Delete, "/a", File)]], 0),
        ];
        for (batches, expected) in table {
            let mut combined = Combined::default();
            for (epoch, changes) in (1..).zip(batches) {
                combined.add(batch(epoch, changes));
            }
            assert_eq!(combined.paths(), expected, "{batches:?}");
        }
    }

    #[test]
    fn batches_in_a_row_become_one() {
        type Row = (&'static str, &'static [&'static [Step]], &'static [Step]);
        let table: [Row; 12] = [
            ("one batch is handed on", &[&[(Update, "/a", File)]], &[(Update, "/a", File)]),
            ("two saves", &[&[(Update, "/a", File)], &[(Update, "/a", File)]], &[(Update, "/a", File)]),
            (
                "created, then saved",
                &[&[(Create, "/a", File)], &[(Update, "/a", File)]],
                &[(Create, "/a", File)],
            ),
            ("created, then deleted", &[&[(Create, "/a", File)], &[(Delete, "/a", File)]], &[]),
            (
                "saved, then deleted",
                &[&[(Update, "/a", File)], &[(Delete, "/a", File)]],
                &[(Delete, "/a", File)],
            ),
            (
                "deleted, then back",
                &[&[(Delete, "/a", File)], &[(Create, "/a", File)]],
                &[(Update, "/a", File)],
            ),
            (
                "other files stand where their first sign stood",
                &[
                    &[(Update, "/b", File), (Update, "/a", File)],
                    &[(Update, "/c", File), (Update, "/b", File)],
                ],
                &[(Update, "/b", File), (Update, "/a", File), (Update, "/c", File)],
            ),
            (
                "a directory came back with one of its two files",
                &[
                    &[(Delete, "/d/x", File), (Delete, "/d/y", File), (Delete, "/d", Directory)],
                    &[(Create, "/d", Directory), (Create, "/d/x", File)],
                ],
                &[(Update, "/d/x", File), (Delete, "/d/y", File)],
            ),
            (
                "a file became a directory",
                &[&[(Delete, "/a", File)], &[(Create, "/a", Directory), (Create, "/a/b", File)]],
                &[(Delete, "/a", File), (Create, "/a", Directory), (Create, "/a/b", File)],
            ),
            (
                "and a file again",
                &[
                    &[(Delete, "/a", File), (Create, "/a", Directory)],
                    &[(Delete, "/a", Directory), (Create, "/a", File)],
                ],
                &[(Update, "/a", File)],
            ),
            (
                "a new directory is gone again, then made anew",
                &[
                    &[(Create, "/d", Directory), (Create, "/d/x", File)],
                    &[(Delete, "/d/x", File), (Delete, "/d", Directory), (Update, "/e", File)],
                    &[(Create, "/d", Directory), (Create, "/d/x", File)],
                ],
                &[(Update, "/e", File), (Create, "/d", Directory), (Create, "/d/x", File)],
            ),
            ("nothing", &[], &[]),
        ];
        for (name, steps, expected) in table {
            let mut combined = Combined::default();
            for (at, changes) in steps.iter().enumerate() {
                combined.add(batch(at as u64 + 1, changes));
            }
            let taken = combined.take();
            let expected = (!expected.is_empty()).then(|| batch(steps.len() as u64, expected));
            assert_eq!(taken, expected, "{name}");
            assert_eq!(combined.take(), None, "{name}: taken once");
        }
    }

    #[test]
    fn a_path_is_not_told_twice() {
        let table: [(&str, &[Step], &[Step]); 4] = [
            (
                "found, and gone a moment later",
                &[(Create, "/d", Directory), (Create, "/d/x", File), (Delete, "/d/x", File)],
                &[(Create, "/d", Directory)],
            ),
            ("found twice", &[(Update, "/a", File), (Update, "/a", File)], &[(Update, "/a", File)]),
            ("updated, then gone", &[(Update, "/a", File), (Delete, "/a", File)], &[(Delete, "/a", File)]),
            (
                "retyped",
                &[(Delete, "/a", File), (Create, "/a", Directory), (Update, "/b", File)],
                &[(Delete, "/a", File), (Create, "/a", Directory), (Update, "/b", File)],
            ),
        ];
        for (name, found, expected) in table {
            assert_eq!(net_changes(batch(1, found).changes), batch(1, expected).changes, "{name}");
        }
    }

    #[test]
    fn a_new_directory_stands_before_what_is_new_in_it() {
        type Row = (&'static str, &'static [Step], &'static [Step]);
        let table: [Row; 3] = [
            (
                "a file that was asked for by name came first",
                &[(Create, "/s/m", File), (Create, "/s", Directory), (Create, "/s/d", Directory)],
                &[(Create, "/s", Directory), (Create, "/s/m", File), (Create, "/s/d", Directory)],
            ),
            (
                "two directories up, beside other changes",
                &[
                    (Update, "/x", File),
                    (Create, "/s/d/m", File),
                    (Delete, "/y", File),
                    (Create, "/s", Directory),
                    (Create, "/s/d", Directory),
                ],
                &[
                    (Update, "/x", File),
                    (Create, "/s", Directory),
                    (Create, "/s/d", Directory),
                    (Create, "/s/d/m", File),
                    (Delete, "/y", File),
                ],
            ),
            (
                "in order",
                &[(Delete, "/s", File), (Create, "/s", Directory), (Create, "/s/m", File)],
                &[(Delete, "/s", File), (Create, "/s", Directory), (Create, "/s/m", File)],
            ),
        ];
        for (name, found, expected) in table {
            assert_eq!(parents_first(batch(1, found).changes), batch(1, expected).changes, "{name}");
        }
    }

    #[test]
    fn one_rescan_makes_the_whole_a_rescan() {
        let mut combined = Combined::default();
        combined.add(ChangeBatch { rescan: true, ..batch(1, &[(Update, "/a", File)]) });
        combined.add(batch(2, &[(Update, "/b", File)]));
        assert!(combined.take().unwrap().rescan);
    }

    #[test]
    fn one_look_makes_the_whole_looked() {
        let mut combined = Combined::default();
        combined.add(batch(1, &[(Update, "/a", File)]));
        combined.add(ChangeBatch { looked: true, ..batch(2, &[(Update, "/b", File)]) });
        assert!(combined.take().unwrap().looked);
    }

    /// A small disk: `/0` to `/3`, and below each that is a directory the same again.
    type Disk = BTreeMap<String, EntryType>;

    /// Changes what lies at a path, as a disk would, and says so in the order that batches keep.
    fn put(disk: &mut Disk, path: &str, entry: Option<EntryType>, changes: &mut Vec<Change>) {
        let parent = &path[..path.rfind('/').unwrap_or(0)];
        if !parent.is_empty() && disk.get(parent) != Some(&Directory) {
            return;
        }
        let old = disk.get(path).copied();
        let mut say = |kind, path: &str, entry| changes.push(Change { kind, path: path.to_owned(), entry });
        if old == entry {
            if old == Some(File) {
                say(Update, path, File);
            }
            return;
        }
        let below: Vec<_> =
            disk.keys().filter(|known| known.starts_with(&format!("{path}/"))).cloned().collect();
        for known in below.iter().rev() {
            say(Delete, known, disk[known]);
            disk.remove(known);
        }
        if let Some(old) = old {
            say(Delete, path, old);
            disk.remove(path);
        }
        if let Some(entry) = entry {
            say(Create, path, entry);
            disk.insert(path.to_owned(), entry);
        }
    }

    /// Applies changes one by one, and fails where one is impossible.
    fn replay(disk: &mut Disk, changes: &[Change]) {
        for Change { kind, path, entry } in changes {
            let parent = &path[..path.rfind('/').unwrap_or(0)];
            assert!(
                parent.is_empty() || disk.get(parent) == Some(&Directory),
                "{path} stands where it can be"
            );
            match kind {
                Create => assert_eq!(disk.insert(path.clone(), *entry), None, "{path} is new"),
                Update => assert_eq!(disk.get(path), Some(entry), "{path} is there"),
                Delete => {
                    assert_eq!(disk.remove(path), Some(*entry), "{path} was there");
                    assert!(
                        !disk.keys().any(|known| known.starts_with(&format!("{path}/"))),
                        "{path} is empty"
                    );
                }
            }
        }
    }

    fn steps() -> impl Strategy<Value = Vec<(String, Option<EntryType>, bool)>> {
        let path = proptest::collection::vec(0..3u8, 1..4)
            .prop_map(|parts| parts.iter().map(|part| format!("/{part}")).collect::<String>());
        let entry = prop_oneof![Just(None), Just(Some(File)), Just(Some(Directory))];
        proptest::collection::vec((path, entry, any::<bool>()), 0..60)
    }

    proptest! {
        #[test]
        fn the_whole_does_what_the_parts_did(before in steps(), after in steps()) {
            let mut disk = Disk::new();
            for (path, entry, _) in before {
                put(&mut disk, &path, entry, &mut Vec::new());
            }
            let mut replayed = disk.clone();
            let mut combined = Combined::default();
            let mut open = Combined::default();
            for (epoch, (path, entry, closes)) in (1..).zip(after) {
                let mut changes = Vec::new();
                put(&mut disk, &path, entry, &mut changes);
                // Some steps are taken together first, as by a consumer that is slow now and then.
                if !changes.is_empty() {
                    open.add(ChangeBatch { epoch, changes, ..ChangeBatch::default() });
                }
                if closes && let Some(batch) = open.take() {
                    combined.add(batch);
                }
            }
            if let Some(batch) = open.take() {
                combined.add(batch);
            }
            let net = combined.take().map_or_else(Vec::new, |batch| batch.changes);
            replay(&mut replayed, &net);
            prop_assert_eq!(replayed, disk);
        }
    }
}
