//! The native graphs of one engine, shared between JavaScript's thread (deltas, walks) and the engine's (which files
//! are used?).

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::engine::UsedFiles;
use crate::graph::ModuleGraph;

/// By the number that JavaScript was given. A closed engine drops all of them at once.
#[derive(Default)]
pub struct Graphs(RwLock<Vec<ModuleGraph>>);

impl Graphs {
    /// A graph is consistent between two calls whatever happened to the thread that held the lock: a delta is checked
    /// before it is applied.
    pub fn read(&self) -> RwLockReadGuard<'_, Vec<ModuleGraph>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`Graphs::read`], to change them.
    pub fn write(&self) -> RwLockWriteGuard<'_, Vec<ModuleGraph>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UsedFiles for Graphs {
    fn knows(&self, path: &str) -> bool {
        self.read().iter().any(|graph| graph.knows(path))
    }

    fn is_used(&self, path: &str) -> bool {
        self.read().iter().any(|graph| graph.is_used(path))
    }
}
