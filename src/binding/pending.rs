//! What a feed has not taken yet: batches, and what they did to the graph, as one.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::change::{ChangeBatch, Combined};
use crate::project::ProjectUpdate;

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
            (Some(old), Some(new)) => Some(Box::new(combine(*old, *new, &batch))),
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

/// Both updates as one. Where they speak of the same changed module or file, the newer one is right; what the older one
/// says of modules that are gone by now is left out.
fn combine(old: ProjectUpdate, new: ProjectUpdate, batch: &ChangeBatch) -> ProjectUpdate {
    let chains =
        new.boundaries.iter().map(|one| &one.chain).chain(new.dead_ends.iter().map(|one| &one.chain));
    let told: FxHashSet<&str> = chains.filter_map(|chain| chain.first()).map(AsRef::as_ref).collect();
    let removed: FxHashSet<&str> = new.removed.iter().map(AsRef::as_ref).collect();
    let holds = |chain: &[std::sync::Arc<str>]| {
        chain.first().is_some_and(|seed| !told.contains(&**seed))
            && !chain.iter().any(|module| removed.contains(&**module))
    };

    let mut boundaries = old.boundaries;
    boundaries.retain(|one| holds(&one.chain));
    let mut dead_ends = old.dead_ends;
    dead_ends.retain(|one| holds(&one.chain));

    let mut looked_at: FxHashSet<&str> = batch.changes.iter().map(|change| change.path.as_str()).collect();
    // The settings of resolution concern whatever they concern; all others are looked up anew when one of the paths at
    // which they were looked for has changed.
    if looked_at.iter().any(|path| is_settings(path)) {
        looked_at.extend(new.affected.iter().map(|module| &**module));
    }
    looked_at.extend(&told);
    looked_at.extend(new.added.iter().map(|module| &**module));
    looked_at.extend(new.diagnostics.iter().map(|diagnostic| &*diagnostic.file));
    let mut diagnostics = old.diagnostics;
    diagnostics.retain(|one| {
        let again =
            looked_at.contains(&*one.file) || one.tried.iter().any(|path| looked_at.contains(path.as_str()));
        !again && !removed.contains(&*one.file)
    });

    let mut affected = old.affected;
    affected.retain(|module| !removed.contains(&**module));
    let known: FxHashSet<_> = affected.iter().cloned().collect();
    affected.extend(new.affected.iter().filter(|module| !known.contains(*module)).cloned());

    let mut presence: FxHashMap<_, _> = FxHashMap::default();
    for (modules, by) in [(&old.added, 1), (&old.removed, -1), (&new.added, 1), (&new.removed, -1)] {
        for module in modules {
            *presence.entry(module.clone()).or_insert(0) += by;
        }
    }
    let with = |sign: i32| {
        let mut modules: Vec<_> =
            presence.iter().filter(|(_, by)| **by == sign).map(|(module, _)| module.clone()).collect();
        modules.sort_unstable();
        modules
    };
    let (added, removed) = (with(1), with(-1));

    boundaries.extend(new.boundaries);
    // One change may reach a boundary that another one reached before: the page runs it once.
    let mut seen = FxHashSet::default();
    boundaries.retain(|one| seen.insert((one.boundary.clone(), one.accepted_via.clone())));
    dead_ends.extend(new.dead_ends);
    diagnostics.extend(new.diagnostics);
    diagnostics.sort_unstable();
    ProjectUpdate {
        boundaries,
        dead_ends,
        affected,
        added,
        removed,
        diagnostics,
        read: old.read + new.read,
        parsed: old.parsed + new.parsed,
        resolved: old.resolved + new.resolved,
    }
}

/// Whether a file can change where an import leads without being what it leads to.
fn is_settings(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == "package.json"
        || ((name.contains("tsconfig") || name.contains("jsconfig")) && name.ends_with(".json"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::change::{Change, ChangeKind, EntryType};
    use crate::project::{Boundary, DeadEnd, Diagnostic};
    use crate::scan::{Position, Severity};

    fn batch(epoch: u64, path: &str) -> ChangeBatch {
        let change = Change { kind: ChangeKind::Update, path: path.to_owned(), entry: EntryType::File };
        ChangeBatch { epoch, changes: vec![change], ..ChangeBatch::default() }
    }

    fn paths(list: &str) -> Vec<Arc<str>> {
        list.split_whitespace().map(Arc::from).collect()
    }

    /// A boundary `to` that accepts itself or what stands before it, by the way that a change took.
    fn boundary(way: &str) -> Boundary {
        let chain = paths(way);
        let last = chain.len() - 1;
        Boundary {
            boundary: chain[last].clone(),
            accepted_via: chain[last.saturating_sub(1)].clone(),
            within_circular_import: false,
            chain,
        }
    }

    fn diagnostic(file: &str, message: &str) -> Diagnostic {
        Diagnostic {
            file: file.into(),
            position: Position { line: 1, column: 1 },
            severity: Severity::Error,
            code: "BINO_SCAN_SYNTAX",
            message: message.to_owned(),
            frame: String::new(),
            specifier: None,
            tried: Vec::new(),
        }
    }

    fn both(old: ProjectUpdate, new: ProjectUpdate) -> ProjectUpdate {
        let mut pending = Pending::default();
        pending.add(batch(1, "/a"), Some(Box::new(old)));
        pending.add(batch(2, "/b"), Some(Box::new(new)));
        let (batch, update) = pending.take().unwrap();
        assert_eq!((batch.epoch, batch.changes.len()), (2, 2));
        assert!(pending.take().is_none());
        *update.unwrap()
    }

    #[test]
    fn what_both_say_is_said_once_and_the_newer_one_is_right() {
        let old = ProjectUpdate {
            boundaries: vec![boundary("/a /x"), boundary("/s /s"), boundary("/a /gone /y")],
            dead_ends: vec![DeadEnd { chain: paths("/b /main") }],
            affected: paths("/a /x /gone"),
            added: paths("/new /short"),
            diagnostics: vec![
                diagnostic("/b", "broken"),
                diagnostic("/x", "of one that was not looked at again"),
                Diagnostic { tried: vec!["/b".to_owned()], ..diagnostic("/y", "no such file") },
                diagnostic("/gone", ""),
            ],
            ..ProjectUpdate::default()
        };
        let new = ProjectUpdate {
            boundaries: vec![boundary("/b /x"), boundary("/s2 /s /s")],
            affected: paths("/b /x"),
            removed: paths("/gone /short"),
            diagnostics: vec![diagnostic("/c", "new")],
            ..ProjectUpdate::default()
        };
        let update = both(old, new);
        let ways: Vec<_> = update.boundaries.iter().map(|one| one.chain.clone()).collect();
        assert_eq!(ways, [paths("/a /x"), paths("/s /s"), paths("/b /x")]);
        assert_eq!(update.dead_ends, [], "/b has a boundary now");
        assert_eq!(update.affected, paths("/a /x /b"));
        assert_eq!((update.added, update.removed), (paths("/new"), paths("/gone")));
        let told: Vec<_> = update.diagnostics.iter().map(|one| &*one.file).collect();
        assert_eq!(told, ["/c", "/x"], "/b was read again, /y finds it now");
    }
}
