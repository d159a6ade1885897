//! The words of a walk, to the core and back. `js/vite/walk.js` is the other side and describes them.

use rayon::ThreadPool;

use crate::error::{Error, Result};
use crate::graph::{ModuleGraph, ModuleId};
use crate::payload::{Decision, HotUpdate, Reason, decide};
use crate::propagate::{Pass, Propagation, propagate, propagate_all};

const EXPLICIT: u32 = 1;
const CIRCULAR: u32 = 2;

/// What one environment is asked.
struct Request {
    graph: usize,
    with_chains: bool,
    passes: Vec<Pass>,
}

/// Walks every environment of the request, in parallel, and answers each in words.
pub fn walk(graphs: &[ModuleGraph], words: &[u32], pool: &ThreadPool) -> Result<Vec<Vec<u32>>> {
    let requests = decode(words, graphs)?;
    let propagations = match &requests[..] {
        // Most saves concern one environment: changing threads would cost more than the walk.
        [only] => vec![propagate(&graphs[only.graph], &only.passes)],
        _ => pool.install(|| {
            let work: Vec<_> =
                requests.iter().map(|request| (&graphs[request.graph], request.passes.as_slice())).collect();
            propagate_all(&work)
        }),
    };
    let answers = requests.iter().zip(&propagations).map(|(request, propagation)| {
        let decision = decide(&graphs[request.graph], &request.passes, propagation);
        encode(&decision, propagation, request.with_chains)
    });
    Ok(answers.collect())
}

fn decode(words: &[u32], graphs: &[ModuleGraph]) -> Result<Vec<Request>> {
    let mut reader = Reader { words, at: 0 };
    let mut requests = Vec::new();
    while reader.at < words.len() {
        let graph = reader.next("the number of a graph")? as usize;
        if graph >= graphs.len() {
            return Err(Error::Delta { offset: reader.at - 1, what: "the number of an open graph" });
        }
        let with_chains = reader.next("whether chains are wanted")? != 0;
        let count = reader.next("the number of passes")?;
        let mut passes = Vec::new();
        for _ in 0..count {
            let page = reader.next("whether the pass is a page")? != 0;
            let length = reader.next("the number of seeds")?;
            let mut seeds = Vec::new();
            for _ in 0..length {
                let seed = reader.next("a seed")?;
                if seed as usize >= graphs[graph].len() {
                    return Err(Error::Delta { offset: reader.at - 1, what: "a module of the graph" });
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
