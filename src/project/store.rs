//! What is known of each module, and the graph made of it. Owns ids, edges, and what is reached from the entries.
//! Reads nothing and resolves nothing: `load` does.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::path::Path;
use std::sync::{Arc, PoisonError};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::Files;
use super::index::Index;
use super::load::{Asks, Hinges, Links, Reading, no_facts};
use super::report::{Diagnostic, ModuleInfo, Snapshot};
use crate::graph::{Acceptance, Bindings, FactsRecord, ModuleGraph, ModuleId, ModuleSet, NameId, is_style};
use crate::resolve::{Key, Shift};
use crate::scan::{Language, ModuleFacts, Position, Severity};

/// One file.
struct Node {
    path: Arc<str>,
    facts: Option<Box<ModuleFacts>>,
    /// Why it cannot be read.
    unreadable: Option<String>,
    /// What it imports, in the order of its text, each once.
    imports: Box<[ModuleId]>,
    /// Which statement asks for which import, sorted by import.
    statements: Box<[Asks]>,
    /// Those whose updates it accepts, sorted.
    accepts: Box<[ModuleId]>,
    hinges: Hinges,
    entry: bool,
    /// Whether it was named by an earlier report.
    reported: bool,
}

/// How new links differ from the old ones.
#[derive(Default)]
pub(super) struct Relinked {
    pub differs: bool,
    /// Whether a module lost an importer.
    pub lost: bool,
}

/// What was reached from the entries so far.
pub(super) struct Reach {
    seen: ModuleSet,
    open: Vec<ModuleId>,
}

/// The modules.
pub(super) struct Store {
    /// Without `/` at the end.
    root: String,
    nodes: Vec<Option<Node>>,
    ids: FxHashMap<Arc<str>, ModuleId>,
    free: BinaryHeap<Reverse<ModuleId>>,
    entries: Vec<ModuleId>,
    /// Modules that nobody has read yet, in the order in which they came up.
    unread: VecDeque<ModuleId>,
    graph: ModuleGraph,
    /// Modules that the graph has to be told of, since their facts or importers changed.
    stale: ModuleSet,
    removed: Vec<Arc<str>>,
    /// Built when names first change, which most saves do not do.
    index: Option<Index>,
    /// Modules to be asked whatever name changes, and those with globs.
    broad: FxHashSet<ModuleId>,
    /// Modules that accept updates of some of their exports. There are few: only for them it matters what importers take.
    partial: FxHashSet<ModuleId>,
    /// The names of such exports, and of what is imported from such modules.
    names: FxHashMap<Box<str>, NameId>,
    built: bool,
}

const NOTHING: &str = "a module of the graph has a node";

impl Store {
    pub fn new(root: &Path) -> Self {
        Self {
            root: crate::path::normalize(root).trim_end_matches('/').to_owned(),
            nodes: Vec::new(),
            ids: FxHashMap::default(),
            free: BinaryHeap::new(),
            entries: Vec::new(),
            unread: VecDeque::new(),
            graph: ModuleGraph::new(),
            stale: ModuleSet::default(),
            removed: Vec::new(),
            index: None,
            broad: FxHashSet::default(),
            partial: FxHashSet::default(),
            names: FxHashMap::default(),
            built: false,
        }
    }

    pub fn graph(&self) -> &ModuleGraph {
        &self.graph
    }

    pub fn id(&self, path: &str) -> Option<ModuleId> {
        self.ids.get(path).copied()
    }

    pub fn is_there(&self, id: ModuleId) -> bool {
        self.nodes.get(id.index()).is_some_and(Option::is_some)
    }

    pub fn path(&self, id: ModuleId) -> &Arc<str> {
        &self.node(id).path
    }

    pub fn paths(&self) -> Vec<Arc<str>> {
        let mut paths: Vec<_> = self.nodes.iter().flatten().map(|node| Arc::clone(&node.path)).collect();
        paths.sort();
        paths
    }

    /// The facts; those of an empty file for one that was not read.
    pub fn facts(&self, id: ModuleId) -> &ModuleFacts {
        static NONE: std::sync::LazyLock<ModuleFacts> = std::sync::LazyLock::new(|| no_facts(""));
        self.node(id).facts.as_deref().unwrap_or(&NONE)
    }

    /// The hash of the bytes that were read last.
    pub fn hash(&self, id: ModuleId) -> Option<u64> {
        let node = self.node(id);
        node.facts.as_ref().filter(|_| node.unreadable.is_none()).map(|facts| facts.hash)
    }

    /// Takes over what was read; says whether anything is different.
    pub fn take_in(&mut self, id: ModuleId, reading: Reading) -> bool {
        let node = self.node_mut(id);
        match reading {
            Reading::Same => return false,
            Reading::New(facts) => {
                node.facts = Some(facts);
                node.unreadable = None;
            }
            Reading::Unreadable(why) => {
                if node.unreadable.as_ref() == Some(&why) {
                    return false;
                }
                node.facts = Some(Box::new(no_facts(&node.path)));
                node.unreadable = Some(why);
            }
        }
        let partial = self.facts(id).hot.accepted_exports().is_some();
        let other = if partial { self.partial.insert(id) } else { self.partial.remove(&id) };
        if other {
            // What they take from it matters now, or no longer.
            for importer in &self.graph.module(id).importers {
                self.stale.insert(*importer);
            }
        }
        self.stale.insert(id);
        true
    }

    /// Sets the entries; says whether there is one less.
    pub fn set_entries(&mut self, paths: &[Arc<str>]) -> bool {
        let mut entries = Vec::with_capacity(paths.len());
        let mut seen = FxHashSet::default();
        for path in paths {
            let id = self.ensure(path);
            if seen.insert(id) {
                entries.push(id);
            }
        }
        let old = std::mem::replace(&mut self.entries, entries);
        let mut lost = false;
        for id in &old {
            if !seen.contains(id) {
                self.node_mut(*id).entry = false;
                self.stale.insert(*id);
                lost = true;
            }
        }
        for id in self.entries.clone() {
            let node = self.node_mut(id);
            if !node.entry {
                node.entry = true;
                self.stale.insert(id);
            }
        }
        lost
    }

    /// Takes over where a module's specifiers lead now. While building, the importers are put in order once, at the end.
    pub fn relink(&mut self, id: ModuleId, links: Links) -> Relinked {
        let Links { targets, statements, accepts, hinges } = links;
        let imports: Box<[ModuleId]> = targets.iter().map(|path| self.ensure(path)).collect();
        let mut accepts: Vec<_> = accepts.iter().filter_map(|path| self.id(path)).collect();
        accepts.sort_unstable();
        accepts.dedup();
        if !accepts.is_empty() {
            let imported: FxHashSet<_> = imports.iter().copied().collect();
            accepts.retain(|dep| imported.contains(dep));
        }
        let accepts: Box<[ModuleId]> = accepts.into();
        let is_broad = hinges.broad || !hinges.globs.is_empty();
        if is_broad {
            self.broad.insert(id);
        } else {
            self.broad.remove(&id);
        }
        let node = self.nodes[id.index()].as_mut().expect(NOTHING);
        if let Some(index) = &mut self.index
            && node.hinges.keys != hinges.keys
        {
            index.add(id, &hinges.keys);
        }
        let differs =
            node.imports != imports || node.accepts != accepts || node.hinges.problems != hinges.problems;
        node.hinges = hinges;
        if node.accepts != accepts || *node.statements != *statements || node.imports != imports {
            node.accepts = accepts;
            node.statements = statements.into();
            self.stale.insert(id);
        }
        let lost = node.imports != imports && self.reconnect(id, imports);
        Relinked { differs, lost }
    }

    fn reconnect(&mut self, id: ModuleId, imports: Box<[ModuleId]>) -> bool {
        let node = self.nodes[id.index()].as_mut().expect(NOTHING);
        let old = std::mem::replace(&mut node.imports, imports.clone());
        let before: FxHashSet<_> = old.iter().copied().collect();
        let after: FxHashSet<_> = imports.iter().copied().collect();
        for import in imports.iter().filter(|import| !before.contains(import)) {
            let importers = &self.graph.module(*import).importers;
            let at = if self.built {
                let path = self.path(id);
                importers.partition_point(|importer| self.path(*importer) < path)
            } else {
                importers.len()
            };
            self.graph.link(*import, id, at);
            self.stale.insert(*import);
        }
        let mut lost = false;
        for import in old.iter().filter(|import| !after.contains(import)) {
            self.graph.keep_importers(*import, |importer| importer != id);
            self.stale.insert(*import);
            lost = true;
        }
        lost
    }

    /// Puts all importers in the order of their paths, and gives the place of each module in that order.
    pub fn order_all_importers(&mut self) -> Vec<u32> {
        let mut order: Vec<_> = self.ids.iter().map(|(path, id)| (&**path, *id)).collect();
        order.par_sort_unstable();
        let mut ranks = vec![0u32; self.nodes.len()];
        for (rank, (_, id)) in order.iter().enumerate() {
            ranks[id.index()] = rank as u32;
        }
        for id in (0..self.nodes.len() as u32).map(ModuleId) {
            self.graph.order_importers(id, |importer| ranks[importer.index()]);
        }
        self.built = true;
        ranks
    }

    /// What nobody has read yet, in the order in which it came up, and at most so many.
    pub fn take_unread(&mut self, at_most: usize) -> Vec<(ModuleId, Arc<str>)> {
        let count = at_most.min(self.unread.len());
        let ids: Vec<_> = self.unread.drain(..count).collect();
        ids.into_iter().map(|id| (id, Arc::clone(self.path(id)))).collect()
    }

    /// Begins to follow the imports from the entries.
    pub fn reach(&mut self) -> Reach {
        let mut reach = Reach { seen: ModuleSet::with_capacity(self.nodes.len()), open: Vec::new() };
        for entry in &self.entries {
            if reach.seen.insert(*entry) {
                reach.open.push(*entry);
            }
        }
        reach
    }

    /// Follows them through all that was read, and gives what is reached and was not. That is taken for read by the
    /// next call.
    pub fn spread(&mut self, reach: &mut Reach) -> Vec<(ModuleId, Arc<str>)> {
        let mut frontier = Vec::new();
        let mut at = 0;
        while at < reach.open.len() {
            let id = reach.open[at];
            at += 1;
            let node = self.node(id);
            if node.facts.is_none() {
                frontier.push(id);
                continue;
            }
            for import in &node.imports {
                if reach.seen.insert(*import) {
                    reach.open.push(*import);
                }
            }
        }
        reach.open.clone_from(&frontier);
        self.unread.clear();
        frontier.into_iter().map(|id| (id, Arc::clone(self.path(id)))).collect()
    }

    /// Drops what was not reached, cycles too.
    pub fn drop_unreached(&mut self, reach: &Reach) {
        let ids = (0..self.nodes.len() as u32).map(ModuleId);
        let unreached: Vec<_> = ids.filter(|id| self.is_there(*id) && !reach.seen.contains(*id)).collect();
        let mut kept = FxHashSet::default();
        for id in &unreached {
            let node = self.nodes[id.index()].take().expect(NOTHING);
            self.ids.remove(&node.path);
            self.stale.remove(*id);
            self.broad.remove(id);
            self.partial.remove(id);
            kept.extend(node.imports.iter().filter(|import| reach.seen.contains(**import)));
            if node.reported {
                self.removed.push(node.path);
            }
            self.free.push(Reverse(*id));
        }
        for id in kept {
            self.graph.keep_importers(id, |importer| reach.seen.contains(importer));
            self.stale.insert(id);
        }
        for id in unreached {
            self.graph.remove(id);
        }
    }

    /// Does now what a change of names or of edges would wait for.
    pub fn prepare(&mut self) {
        self.renew_index();
        self.graph.prepare();
    }

    fn renew_index(&mut self) {
        if self.index.as_ref().is_none_or(Index::is_mostly_stale) {
            let nodes = (0..).map(ModuleId).zip(&self.nodes);
            let known = nodes.filter_map(|(id, node)| Some((id, &*node.as_ref()?.hinges.keys)));
            self.index = Some(Index::new(known));
        }
    }

    /// The modules whose specifiers may lead elsewhere.
    pub fn concerned(&mut self, shift: &Shift) -> Vec<ModuleId> {
        let all = |nodes: &[Option<Node>]| -> Vec<ModuleId> {
            (0..nodes.len() as u32).map(ModuleId).filter(|id| nodes[id.index()].is_some()).collect()
        };
        if shift.everything {
            return all(&self.nodes);
        }
        if shift.names.is_empty() {
            return Vec::new();
        }
        self.renew_index();
        let mut keys: Vec<_> = shift.names.iter().flat_map(|name| Key::touched(name)).collect();
        keys.sort_unstable();
        keys.dedup();
        let index = self.index.as_ref().expect("it was just built");
        let mut found: Vec<_> = index.find(&keys).filter(|id| self.is_there(*id)).collect();
        for id in &self.broad {
            let hinges = &self.node(*id).hinges;
            let globs = || hinges.globs.iter().any(|glob| shift.names.iter().any(|name| glob.concerns(name)));
            if hinges.broad || globs() {
                found.push(*id);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Tells the graph and `files` what changed; gives the paths that came and went. `ranks` as of
    /// [`Store::order_all_importers`], if it was just called.
    pub fn describe(&mut self, files: &Files, ranks: Option<&[u32]>) -> (Vec<Arc<str>>, Vec<Arc<str>>) {
        let stale = std::mem::take(&mut self.stale);
        let mut added = Vec::new();
        let mut known = files.0.write().unwrap_or_else(PoisonError::into_inner);
        if ranks.is_some() {
            known.reserve(self.ids.len());
            self.graph.reserve(self.ids.len());
        }
        let mut removed = std::mem::take(&mut self.removed);
        for path in &removed {
            known.remove(path);
        }
        for id in stale.iter() {
            let Some(node) = self.nodes[id.index()].as_mut() else { continue };
            if !node.reported {
                node.reported = true;
                added.push(id);
            }
            let (url, stands_alone, linked) = self.standing(id);
            let accepted_exports = self.partial.contains(&id).then(|| self.accepted_exports(id));
            let imported_bindings = self.imported_bindings(id);
            let Self { nodes, graph, .. } = self;
            let Some(Node { path, facts: Some(facts), accepts, .. }) = &nodes[id.index()] else { continue };
            known.insert(Arc::clone(path), !graph.module(id).importers.is_empty());
            let record = FactsRecord {
                url: &url,
                file: path,
                facts,
                accepted_deps: accepts,
                accepted_exports: accepted_exports.as_deref(),
                imported_bindings: imported_bindings.as_deref(),
                stands_alone,
                linked,
            };
            graph.describe(id, &record);
        }
        match ranks {
            Some(ranks) => added.sort_unstable_by_key(|id| ranks[id.index()]),
            None => added.sort_unstable_by(|one, two| self.path(*one).cmp(self.path(*two))),
        }
        let mut added: Vec<_> = added.into_iter().map(|id| Arc::clone(self.path(id))).collect();
        removed.sort();
        // What went and came again within one update.
        let again = added.iter().filter(|path| removed.binary_search(path).is_ok());
        let again: FxHashSet<_> = again.cloned().collect();
        added.retain(|path| !again.contains(path));
        removed.retain(|path| !again.contains(path));
        (added, removed)
    }

    /// The exports whose updates a module accepts, sorted.
    fn accepted_exports(&mut self, id: ModuleId) -> Vec<NameId> {
        let Self { nodes, names, .. } = self;
        let facts = nodes[id.index()].as_ref().and_then(|node| node.facts.as_deref());
        let accepted = facts.and_then(|facts| facts.hot.accepted_exports()).unwrap_or_default();
        sorted(accepted.into_iter().map(|name| name_id(names, name)).collect())
    }

    /// What a module takes from those that accept updates of some exports, by module; `None` if it imports none.
    fn imported_bindings(&mut self, id: ModuleId) -> Option<Vec<Bindings>> {
        let Self { nodes, names, partial, .. } = self;
        if partial.is_empty() {
            return None;
        }
        let node = nodes[id.index()].as_ref()?;
        let facts = node.facts.as_deref()?;
        let mut all = Vec::new();
        for asking in node.statements.chunk_by(|one, two| one.target == two.target) {
            let from = node.imports[asking[0].target as usize];
            if partial.contains(&from) {
                let taken = asking.iter().flat_map(|asks| asks.names(facts));
                let taken = sorted(taken.map(|name| name_id(names, name)).collect());
                all.push(Bindings { from, names: taken.into() });
            }
        }
        all.sort_unstable_by_key(|bindings| bindings.from);
        (!all.is_empty()).then_some(all)
    }

    /// The url of a module; whether somebody who is no style sheet imports it, or it is an entry; whether a page links
    /// to it.
    fn standing(&self, id: ModuleId) -> (String, bool, bool) {
        let node = self.node(id);
        let url = self.url(&node.path);
        if !is_style(&node.path, Language::of(&node.path)) {
            return (url, true, false);
        }
        let importers = &self.graph.module(id).importers;
        let languages =
            || importers.iter().map(|importer| self.path(*importer)).map(|path| (path, Language::of(path)));
        let stands_alone = node.entry || languages().any(|(path, language)| !is_style(path, language));
        (url, stands_alone, languages().any(|(_, language)| language == Language::Html))
    }

    /// The seeds and whoever imports them, up to and with those that accept.
    pub fn affected<'s>(&self, seeds: impl Iterator<Item = &'s ModuleId>) -> Vec<ModuleId> {
        let mut seen = ModuleSet::with_capacity(self.graph.len());
        let mut affected: Vec<ModuleId> = seeds.copied().filter(|seed| seen.insert(*seed)).collect();
        let mut ends = ModuleSet::with_capacity(self.graph.len());
        let mut at = 0;
        while at < affected.len() {
            let id = affected[at];
            at += 1;
            let module = self.graph.module(id);
            if module.acceptance == Acceptance::SelfAccepting || ends.contains(id) {
                continue;
            }
            for importer in &module.importers {
                let takes = self.graph.module(*importer);
                let accepts = takes.accepts(id);
                if (accepts || !takes.ignores(id, module)) && seen.insert(*importer) {
                    affected.push(*importer);
                    if accepts {
                        ends.insert(*importer);
                    }
                }
            }
        }
        affected
    }

    /// What is wrong with these modules.
    pub fn diagnostics(&self, ids: &[ModuleId]) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let mut configs = FxHashSet::default();
        for id in ids {
            let node = self.node(*id);
            let diagnostic = |severity, code, message, position, frame| Diagnostic {
                file: Arc::clone(&node.path),
                position,
                severity,
                code,
                message,
                frame,
                specifier: None,
                tried: Vec::new(),
            };
            let start = Position { line: 1, column: 1 };
            if let Some(why) = &node.unreadable {
                let message = format!("the file cannot be read: {why}");
                found.push(diagnostic(
                    Severity::Error,
                    "BINO_PROJECT_UNREADABLE",
                    message,
                    start,
                    String::new(),
                ));
            }
            for said in self.facts(*id).diagnostics.iter() {
                let code = said.code.name();
                let (message, frame) = (said.message.clone(), said.frame.clone());
                found.push(diagnostic(said.severity, code, message, said.position, frame));
            }
            found.extend(node.hinges.problems.iter().cloned());
            if let Some(config) = &node.hinges.config
                && configs.insert((&config.file, &config.message))
            {
                found.push(Diagnostic {
                    file: Arc::clone(&config.file),
                    position: Position { line: config.place.0.max(1), column: config.place.1.max(1) },
                    severity: Severity::Error,
                    code: "BINO_RESOLVE_TSCONFIG",
                    message: config.message.clone(),
                    frame: String::new(),
                    specifier: None,
                    tried: Vec::new(),
                });
            }
        }
        found
    }

    pub fn snapshot(&self) -> Snapshot {
        let paths = |ids: &[ModuleId]| ids.iter().map(|id| Arc::clone(self.path(*id))).collect::<Vec<_>>();
        let mut ids: Vec<_> = self.ids.values().copied().collect();
        ids.sort_by(|one, two| self.path(*one).cmp(self.path(*two)));
        let modules = ids
            .iter()
            .map(|id| {
                let (node, module) = (self.node(*id), self.graph.module(*id));
                let mut accepted_deps = paths(&node.accepts);
                accepted_deps.sort();
                let ignores = |import: &&ModuleId| module.ignores(**import, self.graph.module(**import));
                ModuleInfo {
                    path: Arc::clone(&node.path),
                    url: module.url.to_string(),
                    entry: node.entry,
                    importers: paths(&module.importers),
                    imports: paths(&node.imports),
                    self_accepting: module.acceptance == Acceptance::SelfAccepting,
                    accepted_deps,
                    accepted_exports: self
                        .facts(*id)
                        .hot
                        .accepted_exports()
                        .map(|names| names.into_iter().map(Box::from).collect()),
                    ignored: node
                        .imports
                        .iter()
                        .filter(ignores)
                        .map(|id| Arc::clone(self.path(*id)))
                        .collect(),
                }
            })
            .collect();
        Snapshot { modules, diagnostics: self.diagnostics(&ids) }
    }

    fn url(&self, path: &str) -> String {
        match path.strip_prefix(&*self.root) {
            Some(below) if below.starts_with('/') => below.to_owned(),
            _ => format!("/@fs/{}", path.trim_start_matches('/')),
        }
    }

    /// The module of a path, made if there is none.
    fn ensure(&mut self, path: &Arc<str>) -> ModuleId {
        if let Some(id) = self.ids.get(path) {
            return *id;
        }
        let id = match self.free.pop() {
            Some(Reverse(id)) => id,
            None => {
                self.nodes.push(None);
                ModuleId(self.nodes.len() as u32 - 1)
            }
        };
        self.nodes[id.index()] = Some(Node {
            path: Arc::clone(path),
            facts: None,
            unreadable: None,
            imports: Box::default(),
            statements: Box::default(),
            accepts: Box::default(),
            hinges: Hinges::default(),
            entry: false,
            reported: false,
        });
        self.ids.insert(Arc::clone(path), id);
        self.unread.push_back(id);
        self.stale.insert(id);
        id
    }

    fn node(&self, id: ModuleId) -> &Node {
        self.nodes[id.index()].as_ref().expect(NOTHING)
    }

    fn node_mut(&mut self, id: ModuleId) -> &mut Node {
        self.nodes[id.index()].as_mut().expect(NOTHING)
    }
}

/// The number of a name.
fn name_id(names: &mut FxHashMap<Box<str>, NameId>, name: &str) -> NameId {
    if let Some(known) = names.get(name) {
        return *known;
    }
    let new = NameId(names.len() as u32);
    names.insert(name.into(), new);
    new
}

/// The list as a set.
fn sorted(mut names: Vec<NameId>) -> Vec<NameId> {
    names.sort_unstable();
    names.dedup();
    names
}
