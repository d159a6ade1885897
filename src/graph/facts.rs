//! Feeds a graph from what the scan says of files, one module for each file.
//! Owns the rules that Vite's plugins otherwise bring: what accepts updates of itself by its language alone.
//!
//! A style sheet that a script or a page imports takes updates of itself, unless it is a CSS module, whose names may
//! have changed. One that only other style sheets import is text in those, and leaves updates to them, as in Vite.

use std::sync::Arc;

use super::{Acceptance, Bindings, ModuleGraph, ModuleId, ModuleKind, NameId};
use crate::scan::{Language, ModuleFacts};

/// What is known of a module beside its importers.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The url by which Vite would name it.
    pub url: &'a str,
    /// The file.
    pub file: &'a Arc<str>,
    /// What the scan says.
    pub facts: &'a ModuleFacts,
    /// The modules whose updates it accepts, sorted.
    pub accepted_deps: &'a [ModuleId],
    /// The exports whose updates it accepts, sorted; `None` when it never said.
    pub accepted_exports: Option<&'a [NameId]>,
    /// What it takes from modules that accept updates of some exports, sorted by module. No more is asked for.
    pub imported_bindings: Option<&'a [Bindings]>,
    /// Whether somebody imports it who is no style sheet, or it is an entry.
    pub stands_alone: bool,
    /// Whether a page links to it.
    pub linked: bool,
}

/// Whether a file is a style sheet, by its language or, for those that are not scanned, its extension.
pub fn is_style(file: &str, language: Language) -> bool {
    matches!(language, Language::Css | Language::Scss | Language::Sass)
        || file.rsplit_once('.').is_some_and(|(_, extension)| {
            matches!(extension, "less" | "styl" | "stylus" | "pcss" | "postcss" | "sss")
        })
}

fn acceptance(record: &Record<'_>) -> Acceptance {
    let language = record.facts.language;
    let accepts = if is_style(record.file, language) {
        record.stands_alone && !record.file.contains(".module.")
    } else {
        // The plugins of Vue and Svelte have every component accept itself.
        matches!(language, Language::Vue | Language::Svelte) || record.facts.accepts_itself()
    };
    if accepts { Acceptance::SelfAccepting } else { Acceptance::None }
}

fn kind(record: &Record<'_>) -> ModuleKind {
    match record.facts.language {
        Language::Html => ModuleKind::Asset,
        language if is_style(record.file, language) && (record.linked || !record.stands_alone) => {
            ModuleKind::Css
        }
        Language::Asset if !is_style(record.file, Language::Asset) => ModuleKind::Asset,
        _ => ModuleKind::Js,
    }
}

impl ModuleGraph {
    /// Takes over what is known of a module; its importers stay.
    pub fn describe(&mut self, id: ModuleId, record: &Record<'_>) {
        self.make_room(id);
        let module = &mut self.modules[id.index()];
        if &*module.url != record.url {
            module.url = record.url.into();
        }
        if module.file.as_deref() != Some(&**record.file) {
            if let Some(old) = module.file.take() {
                self.files.remove(&old, id);
            }
            module.file = Some(self.files.add(Arc::clone(record.file), id));
        }
        module.has_id = true;
        module.kind = kind(record);
        module.acceptance = acceptance(record);
        module.accepted_deps = record.accepted_deps.into();
        module.accepted_exports = record.accepted_exports.map(Box::from);
        module.imported_bindings = record.imported_bindings.map(Box::from);
    }

    /// Makes room for so many more files at once.
    pub fn reserve(&mut self, modules: usize) {
        self.files.reserve(modules);
    }

    /// `importer` imports `module` now, and comes at position `at` of its importers.
    pub fn link(&mut self, module: ModuleId, importer: ModuleId, at: usize) {
        self.make_room(module.max(importer));
        self.modules[module.index()].importers.insert(at, importer);
        self.circular.take();
    }

    /// Keeps these importers of a module and no other.
    pub fn keep_importers(&mut self, module: ModuleId, keep: impl Fn(ModuleId) -> bool) {
        if let Some(module) = self.modules.get_mut(module.index()) {
            module.importers.retain(|importer| keep(*importer));
            self.circular.take();
        }
    }

    /// Puts the importers of a module in the order of their ranks.
    pub fn order_importers(&mut self, id: ModuleId, by: impl Fn(ModuleId) -> u32) {
        if let Some(module) = self.modules.get_mut(id.index()) {
            module.importers.sort_unstable_by_key(|importer| by(*importer));
        }
    }

    /// A module is no more; its id may be used again. What it imported is told by
    /// [`ModuleGraph::keep_importers`].
    pub fn remove(&mut self, id: ModuleId) {
        let Some(module) = self.modules.get_mut(id.index()) else { return };
        let module = std::mem::take(module);
        if let Some(file) = module.file {
            self.files.remove(&file, id);
        }
        self.circular.take();
    }
}
