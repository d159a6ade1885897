//! The words of a walk, to the core and back. `js/vite/walk.js` is the other side and describes them.

use std::sync::Arc;

use rayon::ThreadPool;

use super::graphs::{Graphs, Shared};
use crate::error::{Error, Result};
use crate::graph::{ModuleGraph, ModuleId};
use crate::payload::{Decision, HotUpdate, Reason, decide};
use crate::propagate::{Pass, Propagation, propagate, propagate_all};

const EXPLICIT: u32 = 1;
const CIRCULAR: u32 = 2;

/// What one environment is asked.
struct Request {
    graph: Arc<Shared>,
    with_chains: bool,
    passes: Vec<Pass>,
}

/// Modules of a request from which on its environments are walked on the pool. Below, a walk takes about a
/// millisecond at most, and waiting for a pool that scans a folder can take a hundred.
const MANY: usize = 50_000;

/// Walks every environment of the request and answers each in words.
pub fn walk(graphs: &Graphs, words: &[u32], pool: &ThreadPool) -> Result<Vec<Vec<u32>>> {
    let requests = decode(words, graphs)?;
    let locked: Vec<_> = requests.iter().map(|request| request.graph.read()).collect();
    let work: Vec<(&ModuleGraph, &[Pass])> =
        locked.iter().zip(&requests).map(|(graph, request)| (&**graph, request.passes.as_slice())).collect();
    let modules: usize = work.iter().map(|(graph, _)| graph.len()).sum();
    let propagations = if work.len() > 1 && modules >= MANY {
        pool.install(|| propagate_all(&work))
    } else {
        work.iter().map(|(graph, passes)| propagate(graph, passes)).collect()
    };
    let answers =
        work.iter().zip(&requests).zip(&propagations).map(|(((graph, passes), request), propagation)| {
            encode(&decide(graph, passes, propagation), propagation, request.with_chains)
        });
    Ok(answers.collect())
}

fn decode(words: &[u32], graphs: &Graphs) -> Result<Vec<Request>> {
    let mut reader = Reader { words, at: 0 };
    let mut requests = Vec::new();
    while reader.at < words.len() {
        let number = reader.next("the number of a graph")? as usize;
        let wrong = |at, what| Error::Delta { offset: at, what };
        let graph = graphs.get(number).ok_or(wrong(reader.at - 1, "the number of an open graph"))?;
        let modules = graph.read().len();
        let with_chains = reader.next("whether chains are wanted")? != 0;
        let count = reader.next("the number of passes")?;
        let mut passes = Vec::new();
        for _ in 0..count {
            let page = reader.next("whether the pass is a page")? != 0;
            let length = reader.next("the number of seeds")?;
            let mut seeds = Vec::new();
            for _ in 0..length {
                let seed = reader.next("a seed")?;
                if seed as usize >= modules {
                    return Err(wrong(reader.at - 1, "a module of the graph"));
                }
                seeds.push(ModuleId(seed));
            }
            passes.push(Pass { seeds, page });
        }
        requests.push(Request { graph, with_chains, passes });
    }
    Ok(requests)
}

fn encode(decision: &Decision, propagation: &Propagation, with_chains: bool) -> Vec<u32> {
    let (kind, pass) = match &decision.update {
        HotUpdate::Noop => (0, 0),
        HotUpdate::Update(_) => (1, 0),
        HotUpdate::Reload(reload) => (2, number(reload.pass)),
    };
    let updates = match &decision.update {
        HotUpdate::Update(updates) => updates.as_slice(),
        HotUpdate::Noop | HotUpdate::Reload(_) => &[],
    };
    let mut words = vec![kind, pass, number(decision.pages.len())];
    words.extend(decision.pages.iter().map(|&page| number(page)));
    words.push(number(updates.len()));
    for update in updates {
        let explicit = if update.explicit_import_required { EXPLICIT } else { 0 };
        let circular = if update.within_circular_import { CIRCULAR } else { 0 };
        words.extend([update.boundary.0, update.accepted_via.0, explicit | circular]);
    }
    match &decision.update {
        HotUpdate::Reload(reload) => match &reload.reason {
            Reason::DeadEnd { chain } => list(&mut words, chain),
            Reason::Page => list(&mut words, &[]),
        },
        HotUpdate::Noop | HotUpdate::Update(_) => list(&mut words, &[]),
    }
    list(&mut words, propagation.orphans.first().map_or(&[], |orphan| orphan.chain.as_slice()));
    // A boundary that accepts an import was asked, though the walk did not go through it.
    let boundaries = updates.iter().filter(|update| update.boundary != update.accepted_via);
    let asked = propagation.visited.iter().copied().chain(boundaries.map(|update| update.boundary));
    list(&mut words, &asked.collect::<Vec<_>>());
    if with_chains {
        for update in updates {
            list(&mut words, &propagation.chain_to(update.boundary, update.accepted_via));
        }
    }
    words
}

fn list(words: &mut Vec<u32>, modules: &[ModuleId]) {
    words.push(number(modules.len()));
    words.extend(modules.iter().map(|module| module.0));
}

/// Counts of modules and passes are bounded by module numbers, which are 32 bits wide.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

struct Reader<'a> {
    words: &'a [u32],
    at: usize,
}

impl Reader<'_> {
    fn next(&mut self, what: &'static str) -> Result<u32> {
        let word = self.words.get(self.at).copied().ok_or(Error::Delta { offset: self.at, what })?;
        self.at += 1;
        Ok(word)
    }
}
