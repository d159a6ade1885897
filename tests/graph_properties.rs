//! What holds for every module graph: incremental equals rebuilt, cycles are what reachability says, nothing panics.

mod graph_support;

use bino_hmr::graph::{Module, ModuleGraph, ModuleId};
use graph_support::{Delta, EVERYTHING, Sketch, any_graph, any_sketch, graph_of};
use proptest::collection::vec;
use proptest::prelude::*;

/// As many modules as an edited graph has.
const MODULES: u32 = 10;

fn modules(graph: &ModuleGraph) -> Vec<Module> {
    (0..graph.len() as u32).map(|id| graph.module(ModuleId(id)).clone()).collect()
}

fn circular(graph: &ModuleGraph) -> Vec<bool> {
    (0..graph.len() as u32).map(|id| graph.circular(ModuleId(id))).collect()
}

/// For every file: its modules, whether it is known, whether it is used.
fn files(graph: &ModuleGraph) -> Vec<(Vec<ModuleId>, bool, bool)> {
    let file = |index| {
        let file = format!("/root/f{index}.js");
        let mut modules = graph.modules_of(&file).to_vec();
        modules.sort();
        (modules, graph.knows(&file), graph.is_used(&file))
    };
    (0..MODULES).map(file).collect()
}

/// Whether a module reaches itself through another one, found by trying every way.
fn reaches_itself(sketches: &[Sketch], start: u32) -> bool {
    let mut reached = vec![false; sketches.len()];
    let mut open = vec![start];
    while let Some(module) = open.pop() {
        for &importer in &sketches[module as usize].importers {
            if importer == module {
                continue;
            }
            if importer == start {
                return true;
            }
            if !std::mem::replace(&mut reached[importer as usize], true) {
                open.push(importer);
            }
        }
    }
    false
}

/// Copies those sections from `from` that the mask names.
fn edit(module: &mut Sketch, from: &Sketch, mask: u32) {
    let old = module.clone();
    *module = from.clone();
    if mask & 1 == 0 {
        (module.url, module.file) = (old.url, old.file);
    }
    if mask & 2 == 0 {
        (module.has_id, module.kind, module.acceptance) = (old.has_id, old.kind, old.acceptance);
    }
    if mask & 4 == 0 {
        module.importers = old.importers;
    }
    if mask & 8 == 0 {
        module.accepted_deps = old.accepted_deps;
    }
    if mask & 16 == 0 {
        module.accepted_exports = old.accepted_exports;
    }
    if mask & 32 == 0 {
        module.imported_bindings = old.imported_bindings;
    }
}

/// Words that look enough like a delta to get past its first records. None is a valid id beyond the first few: a
/// graph of millions of modules would be right and slow.
fn word() -> impl Strategy<Value = u32> {
    prop_oneof![8 => 0..8u32, 2 => 0..64u32, 1 => (1u32 << 22)..=u32::MAX, 1 => Just(u32::MAX)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn circular_is_what_reachability_says(sketches in any_graph(14)) {
        let graph = graph_of(&sketches);
        let expected: Vec<_> = (0..sketches.len() as u32).map(|id| reaches_itself(&sketches, id)).collect();
        prop_assert_eq!(circular(&graph), expected);
    }

    #[test]
    fn incremental_equals_rebuilt(
        mut sketches in vec(any_sketch(MODULES), MODULES as usize),
        edits in vec(vec((0..MODULES, any_sketch(MODULES), 0..=EVERYTHING), 1..4), 1..8),
    ) {
        let mut graph = graph_of(&sketches);
        for step in edits {
            // The answer is cached here, so that a delta which fails to forget it is found out below.
            circular(&graph);
            let mut delta = Delta::default();
            for (id, from, mask) in step {
                edit(&mut sketches[id as usize], &from, mask);
                delta.record(id, &from, mask);
            }
            delta.apply_to(&mut graph);
            let rebuilt = graph_of(&sketches);
            prop_assert_eq!(modules(&graph), modules(&rebuilt));
            prop_assert_eq!(circular(&graph), circular(&rebuilt));
            prop_assert_eq!(files(&graph), files(&rebuilt));
        }
    }

    #[test]
    fn a_new_order_of_importers_is_taken_over(sketches in any_graph(10)) {
        let mut graph = graph_of(&sketches);
        let before = circular(&graph);
        let turned: Vec<_> = sketches
            .iter()
            .map(|sketch| Sketch { importers: sketch.importers.iter().rev().copied().collect(), ..sketch.clone() })
            .collect();
        Delta::of(&turned).apply_to(&mut graph);
        prop_assert_eq!(modules(&graph), modules(&graph_of(&turned)));
        prop_assert_eq!(circular(&graph), before);
    }

    #[test]
    fn random_words_never_panic_and_a_refused_delta_changes_nothing(
        words in vec(word(), 0..60),
        strings in vec("[a-z]{0,3}", 0..6),
    ) {
        let mut graph = graph_of(&[Sketch::new("/kept.js").imported_by([1])]);
        let before = modules(&graph);
        let outcome = graph.apply(&words, strings);
        circular(&graph);
        if outcome.is_err() {
            prop_assert_eq!(modules(&graph), before);
        }
    }

    #[test]
    fn a_delta_cut_short_never_panics(sketches in any_graph(6), cut in 0.0..1.0f64) {
        let delta = Delta::of(&sketches);
        let end = (delta.words.len() as f64 * cut) as usize;
        let mut graph = ModuleGraph::new();
        // Cut between two records it is a valid delta; anywhere else it has to be refused. Either is fine here.
        if graph.apply(&delta.words[..end], delta.strings).is_err() {
            prop_assert!(graph.is_empty());
        }
    }
}
