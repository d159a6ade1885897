//! The native graphs of one engine, shared between JavaScript's thread (deltas, walks), the pool (what can be worked out
//! ahead) and the engine's thread (which files are used?).

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rustc_hash::FxHashSet;

use crate::engine::UsedFiles;
use crate::graph::ModuleGraph;

/// One graph behind a lock of its own, so that work on one environment never waits for another's.
#[derive(Default)]
pub struct Shared(RwLock<ModuleGraph>);

impl Shared {
    /// A graph is consistent between two calls whatever happened to the thread that held the lock: a delta is checked
    /// before it is applied.
    pub fn read(&self) -> RwLockReadGuard<'_, ModuleGraph> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`Shared::read`], to change it.
    pub fn write(&self) -> RwLockWriteGuard<'_, ModuleGraph> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All of them, by the number that JavaScript was given.
#[derive(Default)]
pub struct Graphs(RwLock<Vec<Arc<Shared>>>);

impl Graphs {
    /// Adds an empty graph and gives its number.
    pub fn open(&self) -> usize {
        let mut graphs = self.0.write().unwrap_or_else(PoisonError::into_inner);
        graphs.push(Arc::default());
        graphs.len() - 1
    }

    /// The graph of that number.
    pub fn get(&self, number: usize) -> Option<Arc<Shared>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(number).cloned()
    }

    /// Gives back their memory; JavaScript may hold the engine long after it was closed.
    pub fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn any(&self, holds: impl Fn(&ModuleGraph) -> bool) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).iter().any(|graph| holds(&graph.read()))
    }
}

impl UsedFiles for Graphs {
    fn knows(&self, path: &str) -> bool {
        self.any(|graph| graph.knows(path))
    }

    fn is_used(&self, path: &str) -> bool {
        self.any(|graph| graph.is_used(path))
    }

    fn files(&self, at_most: usize) -> Vec<String> {
        let graphs = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut loaded: Vec<_> =
            graphs.iter().map(|graph| graph.read().files_loaded(at_most).into_iter()).collect();
        // The environments in turn: what each loaded last comes first.
        let mut files = FxHashSet::default();
        let mut in_turn = Vec::new();
        while in_turn.len() < at_most {
            let next: Vec<String> = loaded.iter_mut().filter_map(Iterator::next).collect();
            if next.is_empty() {
                break;
            }
            in_turn.extend(next.into_iter().filter(|file| files.insert(file.clone())));
        }
        in_turn.truncate(at_most);
        in_turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_comes_once_and_what_any_environment_loaded_last_comes_first() {
        let graphs = Graphs::default();
        for files in [&["/a.js", "/b.js", "/client.js"][..], &["/a.js", "/server.js", "/b.js"]] {
            let graph = graphs.get(graphs.open()).unwrap();
            let strings: Vec<String> = files.iter().map(|&file| file.to_owned()).collect();
            // One record for each file: the module, the section of its identity, its url, its file.
            let words: Vec<u32> = (0..files.len() as u32).flat_map(|at| [at, 1, at, at]).collect();
            graph.write().apply(&words, strings).unwrap();
        }
        let all = graphs.files(usize::MAX);
        assert_eq!(all, ["/client.js", "/b.js", "/server.js", "/a.js"]);
        assert_eq!(graphs.files(3), all[..3]);
    }
}
