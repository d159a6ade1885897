//! Graphs of 100,000 modules on a thread with hardly any stack: nothing here may recurse with the graph's depth.
//!
//! The figures are printed by `cargo test --release --no-default-features --test propagate_scale -- --ignored
//! --nocapture --test-threads 1`.

mod graph_support;

use std::time::Instant;

use bino_hmr::graph::{ModuleGraph, ModuleId};
use bino_hmr::payload::{HotUpdate, Reason, decide};
use bino_hmr::propagate::{Pass, propagate};
use graph_support::{Delta, IMPORTERS, Sketch, graph_of, ids};

/// One more than the 100,000 that a module graph is said to have in the worst case.
const DEEP: u32 = 100_001;

/// A quarter of a megabyte: recursion of one small frame for each module would overflow it some twenty times.
const STACK: usize = 256 * 1024;

fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(test).expect("a thread");
    thread.join().expect("no overflow, no panic");
}

fn module(id: u32) -> Sketch {
    Sketch::new(format!("/src/{id}.js"))
}

/// Module 0 is imported by 1, which is imported by 2, and so on.
fn chain(modules: u32) -> Vec<Sketch> {
    (0..modules).map(|id| module(id).imported_by((id + 1 < modules).then_some(id + 1))).collect()
}

fn one(seed: u32) -> Vec<Pass> {
    vec![Pass { seeds: ids([seed]), page: false }]
}

#[test]
fn a_deep_chain_ends_at_its_entry() {
    on_a_small_stack(|| {
        let graph = graph_of(&chain(DEEP));
        let passes = one(0);
        let walk = propagate(&graph, &passes);
        assert_eq!(walk.visited.len(), DEEP as usize);
        assert!(!graph.circular(ModuleId(DEEP / 2)));
        let HotUpdate::Reload(reload) = decide(&graph, &passes, &walk).update else { panic!("a reload") };
        assert_eq!(reload.reason, Reason::DeadEnd { chain: ids(0..DEEP) });
    });
}

#[test]
fn a_deep_chain_carries_the_update_to_its_entry() {
    on_a_small_stack(|| {
        let mut sketches = chain(DEEP);
        sketches.last_mut().unwrap().accepted_deps = vec![DEEP - 2];
        let graph = graph_of(&sketches);
        let walk = propagate(&graph, &one(0));
        assert_eq!(walk.boundaries.len(), 1);
        assert!(!walk.boundaries[0].within_circular_import);
        let found = walk.boundaries[0];
        assert_eq!(walk.chain_to(found.boundary, found.accepted_via), ids(0..DEEP));
    });
}

#[test]
fn a_deep_cycle_without_acceptor_is_silent() {
    on_a_small_stack(|| {
        let mut sketches = chain(DEEP);
        sketches.last_mut().unwrap().importers.push(0);
        let graph = graph_of(&sketches);
        let passes = one(7);
        let walk = propagate(&graph, &passes);
        assert_eq!(walk.visited.len(), DEEP as usize);
        assert!((0..DEEP).all(|id| graph.circular(ModuleId(id))));
        assert_eq!(decide(&graph, &passes, &walk).update, HotUpdate::Noop);
    });
}

#[test]
fn a_wide_fan_in_marks_every_boundary() {
    on_a_small_stack(|| {
        let graph = graph_of(&dense_fan_in(DEEP));
        let walk = propagate(&graph, &one(0));
        assert_eq!(walk.boundaries.len(), DEEP as usize - 1);
        let order: Vec<_> = walk.boundaries.iter().map(|found| found.boundary).collect();
        assert_eq!(order, ids(1..DEEP), "in the order of the importers");
        let (cycle, rest) = walk.boundaries.split_at(DEEP as usize / 2);
        assert!(cycle.iter().all(|found| found.within_circular_import));
        assert!(rest.iter().all(|found| !found.within_circular_import));
    });
}

/// Everybody imports module 0 and accepts itself; each is imported by the next five; the first half is one cycle.
fn dense_fan_in(modules: u32) -> Vec<Sketch> {
    let half = modules / 2;
    let mut sketches: Vec<_> = (0..modules)
        .map(|id| match id {
            0 => module(0).imported_by(1..modules),
            // No edge from the first half into the second one closes a cycle there.
            _ => module(id).self_accepting().imported_by((id + 1..modules).take(5)),
        })
        .collect();
    sketches[half as usize].importers.push(1);
    sketches
}

/// A utility that 100 self-accepting components import; every other module imports all of them.
fn ui_kit(modules: u32) -> Vec<Sketch> {
    let components = 1..101;
    let of = |id: u32| match id {
        0 => module(0).imported_by(components.clone()),
        id if components.contains(&id) => module(id).self_accepting().imported_by(components.end..modules),
        id => module(id),
    };
    (0..modules).map(of).collect()
}

/// A utility that all others import; they accept themselves and import each other, layer upon layer of 100, four
/// modules of the next layer each.
fn accepting_layers(modules: u32) -> Vec<Sketch> {
    let above = |id: u32| (0..4).map(move |step| id + 100 + step * 7).filter(move |id| *id < modules);
    let of = |id: u32| match id {
        0 => module(0).imported_by(1..modules),
        id => module(id).self_accepting().imported_by(above(id)),
    };
    (0..modules).map(of).collect()
}

/// An app of about four edges a module, a cycle here and there, and an entry that accepts nothing.
fn tangle(modules: u32) -> Vec<Sketch> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: u32| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % u64::from(below)) as u32
    };
    let mut importers = move |id: u32| -> Vec<u32> {
        let mut importers: Vec<_> = (0..4)
            .map(|_| if random(50) == 0 { random(modules) } else { id + 1 + random(modules - id) })
            .filter(|importer| *importer < modules && *importer != id)
            .collect();
        importers.sort();
        importers.dedup();
        importers
    };
    (0..modules).map(|id| module(id).imported_by(importers(id))).collect()
}

#[test]
#[ignore = "prints figures, proves nothing"]
fn figures() {
    println!(
        "{:<18}{:>9}{:>9}{:>10}{:>10}{:>10}{:>10}{:>8}",
        "graph", "modules", "edges", "mirror", "cycles", "walk", "decide", "found"
    );
    type Shape = fn(u32) -> Vec<Sketch>;
    let shapes: [(&str, Shape, &[u32]); 5] = [
        ("chain", chain, &[10_000, 50_000, 100_000]),
        // Its edges grow as 100 times the modules.
        ("ui kit", ui_kit, &[10_000, 50_000, 100_000]),
        ("accepting layers", accepting_layers, &[10_000, 50_000, 100_000]),
        ("dense fan-in", dense_fan_in, &[10_000, 50_000, 100_000]),
        ("tangle", tangle, &[10_000, 50_000, 100_000]),
    ];
    for (name, shape, sizes) in shapes {
        for &modules in sizes {
            measure(name, &shape(modules));
        }
    }
}

fn measure(name: &str, sketches: &[Sketch]) {
    let passes = one(0);
    let edges: usize = sketches.iter().map(|sketch| sketch.importers.len()).sum();
    let mirror = best(|| {
        let delta = Delta::of(sketches);
        let mut graph = ModuleGraph::new();
        let start = Instant::now();
        delta.apply_to(&mut graph);
        start.elapsed().as_secs_f64()
    });
    let mut graph = graph_of(sketches);
    let mut flip = false;
    let cycles = best(|| {
        // An edge comes or goes, so that the question is a new one.
        let mut first = sketches[1].clone();
        flip = !flip;
        if flip {
            first.importers.push(0);
        }
        let mut delta = Delta::default();
        delta.record(1, &first, IMPORTERS);
        delta.apply_to(&mut graph);
        let start = Instant::now();
        std::hint::black_box(graph.circular(ModuleId(0)));
        start.elapsed().as_secs_f64()
    });
    let walk = best(|| {
        let start = Instant::now();
        std::hint::black_box(propagate(&graph, &passes));
        start.elapsed().as_secs_f64()
    });
    let found = propagate(&graph, &passes);
    let decide = best(|| {
        let start = Instant::now();
        std::hint::black_box(decide(&graph, &passes, &found));
        start.elapsed().as_secs_f64()
    });
    let ms = |seconds: f64| format!("{:.3} ms", seconds * 1e3);
    println!(
        "{name:<18}{:>9}{edges:>9}{:>10}{:>10}{:>10}{:>10}{:>8}",
        sketches.len(),
        ms(mirror),
        ms(cycles),
        ms(walk),
        ms(decide),
        found.boundaries.len() + found.dead_ends.len(),
    );
}

/// The fastest of a few runs, in seconds: the least disturbed one.
fn best(mut run: impl FnMut() -> f64) -> f64 {
    (0..8).map(|_| run()).fold(f64::INFINITY, f64::min)
}
