//! A mirror of one environment's module graph, fed by deltas from JavaScript; or the graph of a project on disk, fed
//! from what the scan found (`facts`).
//! Owns what is known of each module, the file index, and the answer to "is it in an import cycle?".
//! Never decides what an update does (`propagate` does), never asks a file system.
//!
//! ```text
//!   util.js ──importers──▶ a.js ──importers──▶ main.js      a walk follows the importers, from the changed
//!                  └─────▶ b.js ──importers──▶ main.js      module towards the entry
//! ```

mod cycles;
mod delta;
mod facts;
mod files;
mod module;
mod module_set;

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashSet;

pub use facts::{Record as FactsRecord, is_style};
pub use module::{Acceptance, Bindings, Module, ModuleId, ModuleKind, NameId};
pub use module_set::ModuleSet;

use crate::error::Result;
use delta::Record;
use files::FileIndex;

/// How many modules are remembered as loaded last.
const RECENT: usize = 64;

/// The module graph of one environment, as Vite's own graph last described it.
#[derive(Debug, Default)]
pub struct ModuleGraph {
    modules: Vec<Module>,
    files: FileIndex,
    /// Computed when a walk first asks, forgotten when an edge comes or goes: most saves change no edge.
    circular: OnceLock<ModuleSet>,
    /// The modules of which the last deltas told most, the newest last.
    recent: VecDeque<ModuleId>,
    /// Stands in for a module that nobody has mentioned. A walk from it ends in a reload, which is never wrong.
    unknown: Module,
}

impl ModuleGraph {
    /// A graph without modules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes over what a delta says; `words` is laid out as the module `delta` describes, `strings` holds its urls and
    /// files. Gives the files that no module came from before.
    ///
    /// # Errors
    ///
    /// [`Error::Delta`](crate::error::Error::Delta) when it does not decode. The graph is then as it was.
    pub fn apply(&mut self, words: &[u32], strings: Vec<String>) -> Result<Vec<Arc<str>>> {
        let mut new = Vec::new();
        for record in delta::decode(words, strings.len())? {
            self.store(record, &strings, &mut new);
        }
        Ok(new)
    }

    /// How many modules there are: one more than the largest id that was mentioned.
    pub fn len(&self) -> usize {
        self.modules.len()
    }

    /// Whether there is no module at all.
    pub fn is_empty(&self) -> bool {
        self.modules.is_empty()
    }

    /// What is known of a module; the default for one that nobody has mentioned.
    pub fn module(&self, id: ModuleId) -> &Module {
        self.modules.get(id.index()).unwrap_or(&self.unknown)
    }

    /// The url of a module; empty for one that nobody has named.
    pub fn url(&self, id: ModuleId) -> &str {
        &self.module(id).url
    }

    /// The file behind a module.
    pub fn file(&self, id: ModuleId) -> Option<&str> {
        self.module(id).file.as_deref()
    }

    /// The modules of a file, in the order in which they became known.
    pub fn modules_of(&self, file: &str) -> &[ModuleId] {
        self.files.modules(file)
    }

    /// Whether some module comes from this file.
    pub fn knows(&self, file: &str) -> bool {
        !self.files.modules(file).is_empty()
    }

    /// Whether some module of this file still has an importer.
    pub fn is_used(&self, file: &str) -> bool {
        self.files.modules(file).iter().any(|&id| !self.module(id).importers.is_empty())
    }

    /// Files of modules, at most so many, the ones that were described last first; each once.
    pub fn files_loaded(&self, at_most: usize) -> Vec<String> {
        let mut seen = FxHashSet::default();
        let newest = (0..self.modules.len()).rev().filter_map(|at| self.modules[at].file.as_ref());
        let recent = self.recent.iter().rev().filter_map(|id| self.module(*id).file.as_ref());
        let files = recent.chain(newest).filter(|file| seen.insert(Arc::clone(file)));
        files.take(at_most).map(|file| file.to_string()).collect()
    }

    /// Whether a module lies in an import cycle with another one. The first question after an edge has changed costs a
    /// pass over the graph.
    pub fn circular(&self, id: ModuleId) -> bool {
        self.circular.get_or_init(|| cycles::circular(&self.modules)).contains(id)
    }

    /// Pays that cost now, so that the next walk does not.
    pub fn prepare(&self) {
        self.circular.get_or_init(|| cycles::circular(&self.modules));
    }

    fn store(&mut self, record: Record, strings: &[String], new: &mut Vec<Arc<str>>) {
        let id = record.module;
        self.make_room(id);
        if let Some(largest) = record.importers.iter().flatten().max() {
            self.make_room(*largest);
        }
        if record.flags.is_some() {
            if self.recent.len() == RECENT {
                self.recent.pop_front();
            }
            self.recent.push_back(id);
        }
        let module = &mut self.modules[id.index()];
        if let Some(identity) = record.identity {
            let file = identity.file.map(|index| strings[index].as_str());
            module.url = strings[identity.url].as_str().into();
            if module.file.as_deref() != file {
                if let Some(old) = module.file.take() {
                    self.files.remove(&old, id);
                }
                if let Some(file) = file {
                    let is_new = self.files.modules(file).is_empty();
                    let name = self.files.add(file.into(), id);
                    new.extend(is_new.then(|| Arc::clone(&name)));
                    module.file = Some(name);
                }
            }
        }
        if let Some(flags) = record.flags {
            module.kind = flags.kind;
            module.has_id = flags.has_id;
            module.acceptance = flags.acceptance;
            module.orphaned = flags.orphaned;
        }
        if let Some(importers) = record.importers {
            if !same_members(&module.importers, &importers) {
                self.circular.take();
            }
            module.importers = importers;
        }
        if let Some(deps) = record.accepted_deps {
            module.accepted_deps = deps;
        }
        if let Some(exports) = record.accepted_exports {
            module.accepted_exports = exports;
        }
        if let Some(bindings) = record.imported_bindings {
            module.imported_bindings = bindings;
        }
    }

    fn make_room(&mut self, id: ModuleId) {
        if id.index() >= self.modules.len() {
            self.modules.resize_with(id.index() + 1, Module::default);
        }
    }
}

/// Whether two importer lists name the same modules; their order decides the order of updates, not the cycles.
fn same_members(old: &[ModuleId], new: &[ModuleId]) -> bool {
    if old == new {
        return true;
    }
    if old.len() != new.len() {
        return false;
    }
    let (mut old, mut new) = (old.to_vec(), new.to_vec());
    old.sort_unstable();
    new.sort_unstable();
    old == new
}
