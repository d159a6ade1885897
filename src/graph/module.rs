//! One module of the graph, as Vite's own graph last described it.
//! Plain data: it answers questions about itself and never looks at another module.

use std::sync::Arc;

/// A module of one environment: the index that JavaScript gave it, dense from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct ModuleId(pub u32);

impl ModuleId {
    /// The position of the module in arrays that have one entry for each module.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// An export name, interned by JavaScript for each graph. The core only compares it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct NameId(pub u32);

/// What kind of module it is: Vite's `type`, and the first half of the type of an update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ModuleKind {
    /// Runs as JavaScript, whatever language it was written in.
    #[default]
    Js,
    /// A style sheet that the page links to directly.
    Css,
    /// A file that others depend on without importing it.
    Asset,
}

/// Whether the module accepts updates of itself: Vite's `isSelfAccepting`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Acceptance {
    /// Vite has not analysed its imports yet: nobody has loaded it (`undefined` in Vite).
    #[default]
    Unanalyzed,
    /// Analysed; it leaves updates of itself to its importers (`false`).
    None,
    /// It accepts updates of itself (`true`).
    SelfAccepting,
}

/// The names that one module imports from another, `*` being a name like any other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bindings {
    /// The module that they are imported from. It may be one whose importers do not list this module.
    pub from: ModuleId,
    /// The names, sorted.
    pub names: Box<[NameId]>,
}

/// A module: what Vite's `EnvironmentModuleNode` says about it, as far as a walk needs to know.
///
/// A module that was only mentioned so far, as somebody's importer, has the default value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// The url that the page asks for; empty while the module was only mentioned.
    pub url: Box<str>,
    /// The file behind it, if there is one.
    pub file: Option<Arc<str>>,
    /// Whether Vite has given it an `id`. Without one, being unanalyzed does not stop a walk.
    pub has_id: bool,
    /// What kind of module it is.
    pub kind: ModuleKind,
    /// Whether it accepts updates of itself.
    pub acceptance: Acceptance,
    /// Whether it was loaded only because others imported it, and nobody does any more. Vite keeps such a module and
    /// reloads every page for it; no page has a use for it.
    pub orphaned: bool,
    /// Who imports it, in the order in which Vite met them; the order of the updates follows from it.
    pub importers: Vec<ModuleId>,
    /// The imports whose updates it accepts, sorted (`import.meta.hot.accept('./dep', …)`).
    pub accepted_deps: Box<[ModuleId]>,
    /// Its exports whose updates it accepts, sorted (`acceptExports`); `None` when it never said.
    pub accepted_exports: Option<Box<[NameId]>>,
    /// What it imports by name, sorted by module; `None` when Vite did not record it.
    pub imported_bindings: Option<Box<[Bindings]>>,
}

impl Module {
    /// Whether it accepts updates of `dep` for itself.
    pub fn accepts(&self, dep: ModuleId) -> bool {
        self.accepted_deps.binary_search(&dep).is_ok()
    }

    /// The names that it imports from `dep`, if Vite recorded them.
    pub fn bindings_from(&self, dep: ModuleId) -> Option<&[NameId]> {
        let all = self.imported_bindings.as_deref()?;
        let found = all.binary_search_by_key(&dep, |bindings| bindings.from).ok()?;
        Some(&all[found].names)
    }

    /// Whether it accepts updates of every export among `names`.
    pub fn accepts_exports(&self, names: &[NameId]) -> bool {
        self.accepted_exports
            .as_deref()
            .is_some_and(|accepted| names.iter().all(|name| accepted.binary_search(name).is_ok()))
    }

    /// Whether it has no use for a change of `module`, its import `dep`: that accepts updates of every export that is
    /// imported here (Vite's `areAllImportsAccepted`).
    pub fn ignores(&self, dep: ModuleId, module: &Module) -> bool {
        module.has_id
            && module.accepted_exports.is_some()
            && self.bindings_from(dep).is_some_and(|names| module.accepts_exports(names))
    }
}
