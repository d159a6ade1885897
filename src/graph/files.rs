//! Which modules a file is behind. Follows what [`super::ModuleGraph`] stores; never decides anything.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::ModuleId;

/// From a file to its modules: `a.vue` is behind `a.vue` and `a.vue?type=style`, for instance.
#[derive(Debug, Default)]
pub(super) struct FileIndex {
    modules: FxHashMap<Arc<str>, Vec<ModuleId>>,
}

impl FileIndex {
    /// The modules of a file, in the order in which they became known.
    pub(super) fn modules(&self, file: &str) -> &[ModuleId] {
        self.modules.get(file).map_or(&[], Vec::as_slice)
    }

    /// Notes that `file` is behind `module`, which it was not before. Gives the one stored copy of the file's name.
    pub(super) fn add(&mut self, file: Arc<str>, module: ModuleId) -> Arc<str> {
        let entry = self.modules.entry(file);
        let name = Arc::clone(entry.key());
        entry.or_default().push(module);
        name
    }

    /// Makes room for so many more files at once.
    pub(super) fn reserve(&mut self, files: usize) {
        self.modules.reserve(files);
    }

    /// Notes that `file` is no longer behind `module`.
    pub(super) fn remove(&mut self, file: &str, module: ModuleId) {
        let Some(modules) = self.modules.get_mut(file) else { return };
        modules.retain(|known| *known != module);
        if modules.is_empty() {
            self.modules.remove(file);
        }
    }
}
