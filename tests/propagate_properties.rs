//! What holds for every walk and every decision, against a reading of Vite's rules that is as naive as it can be:
//! it recurses, keeps chains in arrays and looks things up one by one.

mod graph_support;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use bino_hmr::graph::{Acceptance, ModuleGraph, ModuleId, ModuleKind};
use bino_hmr::payload::{HotUpdate, decide, to_json};
use bino_hmr::propagate::{Boundary, DeadEnd, Pass, Propagation, propagate, propagate_all};
use graph_support::{Sketch, any_graph, graph_of, ids};
use proptest::collection::vec;
use proptest::prelude::*;

/// Vite's rules for one set of visited modules, on the sketches themselves.
struct Naive<'a> {
    sketches: &'a [Sketch],
    visited: Vec<u32>,
    /// Boundary, accepted via, within a circular import.
    boundaries: Vec<(u32, u32, bool)>,
}

impl<'a> Naive<'a> {
    fn new(sketches: &'a [Sketch]) -> Self {
        Self { sketches, visited: Vec::new(), boundaries: Vec::new() }
    }

    /// Follows the change to `id`, the last of `chain`. Gives the chain to the first dead end.
    fn follow(&mut self, id: u32, chain: &[u32]) -> Option<Vec<u32>> {
        if self.visited.contains(&id) {
            return None;
        }
        self.visited.push(id);
        let sketches = self.sketches;
        let module = &sketches[id as usize];
        if module.has_id && module.acceptance == Acceptance::Unanalyzed {
            return None;
        }
        if module.acceptance == Acceptance::SelfAccepting {
            self.accept(id, id, chain);
            return None;
        }
        if module.accepted_exports.is_some() {
            self.accept(id, id, chain);
        } else if module.importers.is_empty() {
            return Some(chain.to_vec());
        }
        for &importer in &module.importers {
            let longer: Vec<u32> = chain.iter().copied().chain([importer]).collect();
            let other = &sketches[importer as usize];
            if other.accepted_deps.contains(&id) {
                self.accept(importer, id, &longer);
                continue;
            }
            if let (true, Some(exports), Some(bindings)) =
                (module.has_id, &module.accepted_exports, &other.imported_bindings)
                && let Some((_, names)) = bindings.iter().find(|(from, _)| *from == id)
                && names.iter().all(|name| exports.contains(name))
            {
                continue;
            }
            if !chain.contains(&importer) {
                let dead_end = self.follow(importer, &longer);
                if dead_end.is_some() {
                    return dead_end;
                }
            }
        }
        None
    }

    fn accept(&mut self, boundary: u32, via: u32, chain: &[u32]) {
        let circular = self.leads_back(boundary, chain, &mut vec![boundary], &mut Vec::new());
        self.boundaries.push((boundary, via, circular));
    }

    /// Whether a search along the importers of `id` meets the chain again.
    fn leads_back(&self, id: u32, chain: &[u32], trail: &mut Vec<u32>, searched: &mut Vec<u32>) -> bool {
        if searched.contains(&id) {
            return false;
        }
        searched.push(id);
        for &importer in &self.sketches[id as usize].importers {
            if importer == id {
                continue;
            }
            if chain.contains(&importer) {
                return true;
            }
            if !trail.contains(&importer) {
                trail.push(importer);
                if self.leads_back(importer, chain, trail, searched) {
                    return true;
                }
                trail.pop();
            }
        }
        false
    }
}

/// What Vite sends for one changed file of which nothing else is known.
#[derive(Debug, PartialEq)]
enum ForOneFile {
    Nothing,
    Everything,
    Page,
    Updates(Vec<(u32, u32, bool)>),
}

fn vite_for_one_file(sketches: &[Sketch], seeds: &[u32], page: bool) -> ForOneFile {
    if seeds.is_empty() {
        return if page { ForOneFile::Page } else { ForOneFile::Nothing };
    }
    let mut naive = Naive::new(sketches);
    let mut updates = Vec::new();
    let mut reload = false;
    for &seed in seeds {
        naive.boundaries.clear();
        let dead_end = naive.follow(seed, &[seed]).is_some();
        if reload || dead_end {
            reload = true;
            continue;
        }
        updates.extend(&naive.boundaries);
    }
    let only_page = page && seeds.iter().all(|&seed| sketches[seed as usize].kind != ModuleKind::Js);
    match (only_page, updates.is_empty()) {
        (true, true) => ForOneFile::Page,
        (true, false) => ForOneFile::Everything,
        (false, _) if reload => ForOneFile::Everything,
        (false, true) => ForOneFile::Nothing,
        (false, false) => ForOneFile::Updates(updates),
    }
}

/// Each update with how many equal ones came before. Vite itself sends one twice for a module that accepts some of its
/// own exports, imports itself and accepts that import.
fn numbered(updates: impl Iterator<Item = (u32, u32, bool)>) -> Vec<((u32, u32, bool), usize)> {
    let mut seen = Vec::new();
    updates
        .map(|update| {
            let before = seen.iter().filter(|other| **other == update).count();
            seen.push(update);
            (update, before)
        })
        .collect()
}

type Passes = Vec<(Vec<u32>, bool)>;

fn graph_and_passes(most: u32, pages: f64) -> impl Strategy<Value = (Vec<Sketch>, Passes)> {
    any_graph(most).prop_flat_map(move |sketches| {
        let seeds = vec(0..sketches.len() as u32, 0..5);
        (Just(sketches), vec((seeds, prop::bool::weighted(pages)), 1..5))
    })
}

fn as_passes(passes: &Passes) -> Vec<Pass> {
    passes.iter().map(|(seeds, page)| Pass { seeds: ids(seeds.iter().copied()), page: *page }).collect()
}

/// Everything that a walk gives away, chains included.
fn in_full(walk: &Propagation) -> (Vec<Boundary>, Vec<DeadEnd>, Vec<ModuleId>, Vec<Vec<ModuleId>>) {
    let chains = walk.visited.iter().map(|&module| walk.chain(module)).collect();
    (walk.boundaries.clone(), walk.dead_ends.clone(), walk.visited.clone(), chains)
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a few threads")
}

static ONE: LazyLock<rayon::ThreadPool> = LazyLock::new(|| pool(1));
static FOUR: LazyLock<rayon::ThreadPool> = LazyLock::new(|| pool(4));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn a_walk_finds_what_vite_finds_in_the_same_order((sketches, passes) in graph_and_passes(14, 0.0)) {
        let graph = graph_of(&sketches);
        let walk = propagate(&graph, &as_passes(&passes));

        let mut naive = Naive::new(&sketches);
        let mut boundaries = Vec::new();
        let mut dead_ends = Vec::new();
        for (pass, (seeds, _)) in passes.iter().enumerate() {
            for &seed in seeds {
                if let Some(chain) = naive.follow(seed, &[seed]) {
                    dead_ends.push(DeadEnd { pass, chain: ids(chain) });
                }
                boundaries.extend(naive.boundaries.drain(..).map(|(boundary, via, circular)| Boundary {
                    boundary: ModuleId(boundary),
                    accepted_via: ModuleId(via),
                    within_circular_import: circular,
                    pass,
                }));
            }
        }
        prop_assert_eq!(&walk.boundaries, &boundaries);
        prop_assert_eq!(&walk.dead_ends, &dead_ends);
        prop_assert_eq!(&walk.visited, &ids(naive.visited));
    }

    #[test]
    fn every_chain_leads_from_a_seed_of_its_pass_over_importers((sketches, passes) in graph_and_passes(14, 0.3)) {
        let graph = graph_of(&sketches);
        let passes = as_passes(&passes);
        let walk = propagate(&graph, &passes);
        let linked = |chain: &[ModuleId]| {
            chain.windows(2).all(|pair| graph.module(pair[0]).importers.contains(&pair[1]))
        };
        for found in &walk.boundaries {
            let chain = walk.chain_to(found.boundary, found.accepted_via);
            prop_assert!(passes[found.pass].seeds.contains(&chain[0]));
            prop_assert_eq!(chain.last(), Some(&found.boundary));
            prop_assert!(linked(&chain), "{:?}", chain);
        }
        for dead_end in &walk.dead_ends {
            prop_assert!(passes[dead_end.pass].seeds.contains(&dead_end.chain[0]));
            let last = *dead_end.chain.last().unwrap();
            prop_assert_eq!(&walk.chain(last), &dead_end.chain);
            prop_assert!(linked(&dead_end.chain), "{:?}", dead_end.chain);
        }
    }

    #[test]
    fn one_decision_says_what_vite_says_file_by_file((sketches, passes) in graph_and_passes(10, 0.4)) {
        let graph = graph_of(&sketches);
        let all = as_passes(&passes);
        let walk = propagate(&graph, &all);
        let decision = decide(&graph, &all, &walk);
        // Must not panic, whatever was decided.
        to_json(&decision, &graph, &walk, 1);

        let apart: Vec<_> = passes.iter().map(|(seeds, page)| vite_for_one_file(&sketches, seeds, *page)).collect();
        if let Some(first) = apart.iter().position(|sent| *sent == ForOneFile::Everything) {
            let HotUpdate::Reload(reload) = decision.update else {
                return Err(TestCaseError::fail(format!("{decision:?} instead of a reload")));
            };
            prop_assert!(decision.pages.is_empty());
            prop_assert_eq!(&apart[reload.pass], &ForOneFile::Everything);
            prop_assert!(reload.pass >= first);
            return Ok(());
        }
        let pages: Vec<_> = (0..apart.len()).filter(|&pass| apart[pass] == ForOneFile::Page).collect();
        prop_assert_eq!(&decision.pages, &pages);
        let expected: BTreeSet<_> = apart
            .iter()
            .flat_map(|sent| match sent {
                ForOneFile::Updates(updates) => numbered(updates.iter().copied()),
                _ => Vec::new(),
            })
            .collect();
        let sent: BTreeSet<_> = match decision.update {
            HotUpdate::Noop => BTreeSet::new(),
            HotUpdate::Update(updates) => {
                prop_assert!(!updates.is_empty());
                let updates = updates.iter().map(|u| (u.boundary.0, u.accepted_via.0, u.within_circular_import));
                numbered(updates).into_iter().collect()
            }
            HotUpdate::Reload(reload) => return Err(TestCaseError::fail(format!("{reload:?} for {apart:?}"))),
        };
        prop_assert_eq!(sent, expected, "none is missing, and none is sent again for a second file");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_number_of_threads_changes_nothing(environments in vec(graph_and_passes(12, 0.3), 1..6)) {
        let built = || -> Vec<(ModuleGraph, Vec<Pass>)> {
            environments.iter().map(|(sketches, passes)| (graph_of(sketches), as_passes(passes))).collect()
        };
        let run = |pool: &rayon::ThreadPool| {
            // Fresh graphs, so that both runs have to answer the question about cycles themselves.
            let built = built();
            let borrowed: Vec<_> = built.iter().map(|(graph, passes)| (graph, passes.as_slice())).collect();
            pool.install(|| propagate_all(&borrowed)).iter().map(in_full).collect::<Vec<_>>()
        };
        prop_assert_eq!(run(&ONE), run(&FOUR));
    }
}
