//! The native graphs of one engine, shared between JavaScript's thread (deltas, walks), the pool (what can be worked out
//! ahead) and the engine's thread (which files are used?).

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

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
        graphs.iter().flat_map(|graph| graph.read().files_loaded(at_most)).collect()
    }
}
