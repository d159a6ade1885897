//! Who asks for what: from the keys of names to the modules that have to be asked again when such a name comes or
//! goes. Owns the index; what is in it may be out of date, so that whoever finds a module here compares.

use rustc_hash::FxHashMap;

use crate::graph::ModuleId;
use crate::resolve::Key;

/// From keys to modules.
#[derive(Default)]
pub(super) struct Index {
    modules: FxHashMap<Key, Vec<ModuleId>>,
    entries: usize,
    stale: usize,
}

impl Index {
    pub fn add(&mut self, module: ModuleId, keys: &[Key]) {
        for key in keys {
            self.modules.entry(*key).or_default().push(module);
        }
        self.entries += keys.len();
    }

    /// These entries no longer hold. They are left where they are: a key can have every module of the project.
    pub fn outdate(&mut self, keys: usize) {
        self.stale += keys;
    }

    /// Whether it is time to begin anew.
    pub fn is_mostly_stale(&self) -> bool {
        self.stale > 1000 && self.stale * 2 > self.entries
    }

    /// The modules that have, or had, one of these keys.
    pub fn find<'i>(&'i self, keys: &'i [Key]) -> impl Iterator<Item = ModuleId> + 'i {
        keys.iter().filter_map(|key| self.modules.get(key)).flatten().copied()
    }
}
