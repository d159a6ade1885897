//! The walk itself: depth first, in the importers' order, on a stack of its own.
//! Owns what it has visited; never looks at an importer edge twice, never decides what to send.

use std::sync::OnceLock;

use super::{Boundary, DeadEnd, Propagation};
use crate::graph::{Acceptance, Module, ModuleGraph, ModuleId, ModuleSet};

/// A walk under way. Seeds go in one after another and share what has been visited.
pub(super) struct Walk<'g> {
    graph: &'g ModuleGraph,
    seen: ModuleSet,
    /// The modules between the seed and where the walk is, the seed first; empty between two seeds.
    stack: Vec<Step<'g>>,
    boundaries: Vec<Boundary>,
    dead_ends: Vec<DeadEnd>,
    orphans: Vec<DeadEnd>,
    visited: Vec<ModuleId>,
    reached_from: Vec<Option<u32>>,
}

/// A module whose importers are being looked at.
struct Step<'g> {
    id: ModuleId,
    module: &'g Module,
    /// Its position in `visited`.
    position: u32,
    /// The importers that are still to be looked at.
    importers: std::slice::Iter<'g, ModuleId>,
}

/// What a module does with a change that reaches it.
enum Arrival {
    /// The change goes no further from here.
    Stops,
    /// The importers are asked.
    GoesOn,
    /// There is nobody left to ask.
    DeadEnd,
    /// There is nobody left to ask, and no page that has the module.
    Orphan,
}

impl<'g> Walk<'g> {
    pub(super) fn new(graph: &'g ModuleGraph) -> Self {
        Self {
            graph,
            seen: ModuleSet::with_capacity(graph.len()),
            stack: Vec::new(),
            boundaries: Vec::new(),
            dead_ends: Vec::new(),
            orphans: Vec::new(),
            visited: Vec::new(),
            reached_from: Vec::new(),
        }
    }

    /// Follows one changed module until everybody on the way has been asked, or up to its first dead end.
    pub(super) fn seed(&mut self, seed: ModuleId, pass: usize) {
        if self.seen.insert(seed) {
            self.arrive(seed, None, pass);
        }
        while let Some(step) = self.stack.last_mut() {
            let Some(&importer) = step.importers.next() else {
                self.stack.pop();
                continue;
            };
            let (dep, position) = (step.id, step.position);
            let takes = self.graph.module(importer);
            if takes.accepts(dep) {
                self.boundary(importer, dep, pass);
            } else if !takes.ignores(dep, step.module) && self.seen.insert(importer) {
                self.arrive(importer, Some(position), pass);
            }
        }
    }

    pub(super) fn finish(self) -> Propagation {
        Propagation {
            boundaries: self.boundaries,
            dead_ends: self.dead_ends,
            orphans: self.orphans,
            visited: self.visited,
            reached_from: self.reached_from,
            positions: OnceLock::new(),
        }
    }

    /// A module is visited for the first and only time.
    fn arrive(&mut self, id: ModuleId, from: Option<u32>, pass: usize) {
        let position = self.visited.len() as u32;
        self.visited.push(id);
        self.reached_from.push(from);
        let module = self.graph.module(id);
        match self.ask(id, module, pass) {
            Arrival::Stops => {}
            Arrival::GoesOn => {
                self.stack.push(Step { id, module, position, importers: module.importers.iter() })
            }
            Arrival::Orphan => {
                let chain = self.stack.iter().map(|step| step.id).chain([id]).collect();
                self.orphans.push(DeadEnd { pass, chain });
            }
            Arrival::DeadEnd => {
                // Vite leaves the seed here too: nothing that it could still find would avert the reload.
                let chain = self.stack.drain(..).map(|step| step.id).chain([id]).collect();
                self.dead_ends.push(DeadEnd { pass, chain });
            }
        }
    }

    fn ask(&mut self, id: ModuleId, module: &Module, pass: usize) -> Arrival {
        if module.has_id && module.acceptance == Acceptance::Unanalyzed {
            // Nobody has loaded it, so nobody holds an old version of it.
            return Arrival::Stops;
        }
        if module.acceptance == Acceptance::SelfAccepting {
            self.boundary(id, id, pass);
            return Arrival::Stops;
        }
        if module.accepted_exports.is_some() {
            // It takes a part of the change; importers that use other exports are still to be asked.
            self.boundary(id, id, pass);
            return Arrival::GoesOn;
        }
        match module.importers.is_empty() {
            true if module.orphaned => Arrival::Orphan,
            true => Arrival::DeadEnd,
            false => Arrival::GoesOn,
        }
    }

    fn boundary(&mut self, boundary: ModuleId, accepted_via: ModuleId, pass: usize) {
        // Vite searches from the boundary for a way back into the chain that led to it. The boundary is itself part of
        // that chain, and whatever it reaches in the chain reaches it: so the question is whether it is in a cycle.
        let within_circular_import = self.graph.circular(boundary);
        self.boundaries.push(Boundary { boundary, accepted_via, within_circular_import, pass });
    }
}
