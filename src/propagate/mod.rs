//! One walk for a whole transaction: from the changed modules along their importers to whoever accepts the change.
//! Owns the order and the results of that walk; what to send for them is decided in `payload`.
//! Never recurses, never changes the graph.
//!
//! Vite's `propagateUpdate` asks the same questions in the same order, once for each changed file:
//!
//! ```text
//!   seed ──▶ importer ──▶ importer accepts: boundary        not loaded yet: stop
//!                  └────▶ importer ──▶ no importer left: dead end, the seed's walk is over
//! ```

mod walk;

use std::sync::OnceLock;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::graph::{ModuleGraph, ModuleId, ModuleKind};

/// One changed file of a transaction, with the modules that all hooks left for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// The modules to update, in the order in which the hooks left them.
    pub seeds: Vec<ModuleId>,
    /// Whether the file is an `.html` file and the environment is the client: it can reload a page of its own.
    pub page: bool,
}

impl Pass {
    /// Whether the pass can only reload, as Vite has it for an `.html` file none of whose modules is JavaScript.
    pub fn only_reloads(&self, graph: &ModuleGraph) -> bool {
        self.page && self.seeds.iter().all(|&seed| graph.module(seed).kind != ModuleKind::Js)
    }
}

/// A module that takes the change, and the module through which it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Boundary {
    /// The module whose accept callback runs.
    pub boundary: ModuleId,
    /// What it accepts: itself, or one of its imports.
    pub accepted_via: ModuleId,
    /// Whether the boundary lies in an import cycle, so that importing it again may fail.
    pub within_circular_import: bool,
    /// Index of the pass whose seed led here.
    pub pass: usize,
}

/// A way from a seed to a module that nobody imports, with nobody on it who accepts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeadEnd {
    /// Index of the pass that the seed belongs to.
    pub pass: usize,
    /// The seed first, the module without importers last; each is imported by the next.
    pub chain: Vec<ModuleId>,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Propagation {
    /// Who takes the change, in Vite's order.
    pub boundaries: Vec<Boundary>,
    /// Where nobody did; at most one for each seed.
    pub dead_ends: Vec<DeadEnd>,
    /// Where a way ended at a module that nobody has a use for any more ([`crate::graph::Module::orphaned`]): Vite takes
    /// these for dead ends. A chain for each such module.
    pub orphans: Vec<DeadEnd>,
    /// Every module that the walk went through, in order. Each appears once.
    pub visited: Vec<ModuleId>,
    /// For each visited module, the position in `visited` of the import that led to it; none for a seed.
    reached_from: Vec<Option<u32>>,
    /// Where each module is in `visited`: built when the first chain is asked for.
    positions: OnceLock<FxHashMap<ModuleId, u32>>,
}

impl Propagation {
    /// How the change reached a module: the seed first, the module last. Empty for a module that was not visited.
    pub fn chain(&self, module: ModuleId) -> Vec<ModuleId> {
        let positions =
            self.positions.get_or_init(|| (0..).zip(&self.visited).map(|(at, &m)| (m, at)).collect());
        let mut chain = Vec::new();
        let mut next = positions.get(&module).copied();
        while let Some(at) = next {
            chain.push(self.visited[at as usize]);
            next = self.reached_from[at as usize];
        }
        chain.reverse();
        chain
    }

    /// How the change reached a boundary: the seed first, the boundary last.
    pub fn chain_to(&self, boundary: ModuleId, accepted_via: ModuleId) -> Vec<ModuleId> {
        let mut chain = self.chain(accepted_via);
        if boundary != accepted_via {
            chain.push(boundary);
        }
        chain
    }
}

/// Walks all passes of a transaction with one set of visited modules, so that each importer edge is looked at once.
///
/// What one pass has visited is silent for the next. That changes no decision as long as every pass is heard: whatever
/// lies behind a visited module is in the results already, a reload included. The exception are passes that can only
/// reload a page (see [`Pass::only_reloads`]): their dead ends may concern that page alone. So they come last.
pub fn propagate(graph: &ModuleGraph, passes: &[Pass]) -> Propagation {
    let mut walk = walk::Walk::new(graph);
    let (pages, ordinary): (Vec<_>, Vec<_>) =
        passes.iter().enumerate().partition(|(_, pass)| pass.only_reloads(graph));
    for (index, pass) in ordinary.into_iter().chain(pages) {
        for &seed in &pass.seeds {
            walk.seed(seed, index);
        }
    }
    walk.finish()
}

/// Walks several environments side by side, inside the caller's thread pool. One result for each, in their order,
/// whatever the number of threads.
pub fn propagate_all(environments: &[(&ModuleGraph, &[Pass])]) -> Vec<Propagation> {
    environments.par_iter().map(|(graph, passes)| propagate(graph, passes)).collect()
}
