//! Two updates in a row as one, for whoever could not take each as it came. Pure.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::ProjectUpdate;
use crate::change::Change;

/// Both updates as one. Where they speak of the same changed module or file, the newer one is right; what the older one
/// says of modules that are gone by now is left out. `changes` are those that the newer one took in.
pub fn combine(old: ProjectUpdate, new: ProjectUpdate, changes: &[Change]) -> ProjectUpdate {
    let chains =
        new.boundaries.iter().map(|one| &one.chain).chain(new.dead_ends.iter().map(|one| &one.chain));
    let told: FxHashSet<&str> = chains.filter_map(|chain| chain.first()).map(AsRef::as_ref).collect();
    let removed: FxHashSet<&str> = new.removed.iter().map(AsRef::as_ref).collect();
    let holds = |chain: &[Arc<str>]| {
        chain.first().is_some_and(|seed| !told.contains(&**seed))
            && !chain.iter().any(|module| removed.contains(&**module))
    };

    let mut boundaries = old.boundaries;
    boundaries.retain(|one| holds(&one.chain));
    let mut dead_ends = old.dead_ends;
    dead_ends.retain(|one| holds(&one.chain));

    // What leads nowhere is looked up anew when one of the paths at which it was looked for has changed.
    let mut looked_at: FxHashSet<&str> = changes.iter().map(|change| change.path.as_str()).collect();
    looked_at.extend(&told);
    looked_at.extend(new.added.iter().map(|module| &**module));
    looked_at.extend(new.diagnostics.iter().map(|diagnostic| &*diagnostic.file));
    let mut diagnostics = old.diagnostics;
    diagnostics.retain(|one| {
        let again =
            looked_at.contains(&*one.file) || one.tried.iter().any(|path| looked_at.contains(path.as_str()));
        !new.everything && !again && !removed.contains(&*one.file)
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
        everything: old.everything || new.everything,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{ChangeKind, EntryType};
    use crate::project::{Boundary, DeadEnd, Diagnostic};
    use crate::scan::{Position, Severity};

    fn change(path: &str) -> Change {
        Change { kind: ChangeKind::Update, path: path.to_owned(), entry: EntryType::File }
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
        let update = combine(old, new, &[change("/b")]);
        let ways: Vec<_> = update.boundaries.iter().map(|one| one.chain.clone()).collect();
        assert_eq!(ways, [paths("/a /x"), paths("/s /s"), paths("/b /x")]);
        assert_eq!(update.dead_ends, [], "/b has a boundary now");
        assert_eq!(update.affected, paths("/a /x /b"));
        assert_eq!((update.added, update.removed), (paths("/new"), paths("/gone")));
        let told: Vec<_> = update.diagnostics.iter().map(|one| &*one.file).collect();
        assert_eq!(told, ["/c", "/x"], "/b was read again, /y finds it now");
    }

    #[test]
    fn when_everything_was_looked_up_again_only_the_newer_one_knows_what_is_wrong() {
        let wrong = |file, message| ProjectUpdate {
            diagnostics: vec![diagnostic(file, message)],
            ..ProjectUpdate::default()
        };
        // A link and a configuration of another name say as much as a tsconfig.json.
        for settings in ["/app/node_modules", "/app/base.json", "/app/tsconfig.json"] {
            let new = ProjectUpdate { everything: true, ..wrong("/c", "new") };
            let update = combine(wrong("/x", "mended by it"), new, &[change(settings)]);
            let told: Vec<_> = update.diagnostics.iter().map(|one| &*one.file).collect();
            assert_eq!(told, ["/c"], "{settings}");
        }
        let update = combine(wrong("/x", "as it was"), wrong("/c", "new"), &[change("/app/tsconfig.txt")]);
        assert_eq!(update.diagnostics.len(), 2);
    }
}
