//! Which modules lie in an import cycle: the strongly connected components of more than one module.
//! The only file that names `petgraph`. Reads importer lists, keeps nothing but the answer.

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::visit::{
    GraphBase, IntoNeighbors, IntoNeighborsDirected, IntoNodeIdentifiers, VisitMap, Visitable,
};

use super::{Module, ModuleId, ModuleSet};

/// The modules that can reach themselves through somebody else. Importing oneself does not count.
pub(super) fn circular(modules: &[Module]) -> ModuleSet {
    let graph = ImportGraph::new(modules);
    let mut circular = ModuleSet::with_capacity(modules.len());
    // Kosaraju's two passes keep their own stack; Tarjan's algorithm in petgraph recurses once for each module.
    for component in kosaraju_scc(&graph) {
        if component.len() > 1 {
            for module in component {
                circular.insert(module);
            }
        }
    }
    circular
}

/// The import graph as petgraph wants to see it. The importers are read in place, the imports packed into one array.
struct ImportGraph<'a> {
    modules: &'a [Module],
    /// `imports[starts[m]..starts[m + 1]]` is what module `m` imports.
    starts: Vec<u32>,
    imports: Vec<ModuleId>,
}

impl<'a> ImportGraph<'a> {
    fn new(modules: &'a [Module]) -> Self {
        let mut starts = vec![0u32; modules.len() + 1];
        for importer in modules.iter().flat_map(|module| &module.importers) {
            starts[importer.index() + 1] += 1;
        }
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let mut imports = vec![ModuleId(0); starts[modules.len()] as usize];
        let mut next = starts.clone();
        for (index, module) in modules.iter().enumerate() {
            for importer in &module.importers {
                let slot = &mut next[importer.index()];
                imports[*slot as usize] = ModuleId(index as u32);
                *slot += 1;
            }
        }
        Self { modules, starts, imports }
    }

    fn imports(&self, module: ModuleId) -> &[ModuleId] {
        &self.imports[self.starts[module.index()] as usize..self.starts[module.index() + 1] as usize]
    }
}

impl GraphBase for ImportGraph<'_> {
    type NodeId = ModuleId;
    type EdgeId = (ModuleId, ModuleId);
}

impl<'g> IntoNeighbors for &'g ImportGraph<'_> {
    type Neighbors = std::iter::Copied<std::slice::Iter<'g, ModuleId>>;

    fn neighbors(self, module: ModuleId) -> Self::Neighbors {
        self.modules[module.index()].importers.iter().copied()
    }
}

impl<'g> IntoNeighborsDirected for &'g ImportGraph<'_> {
    type NeighborsDirected = std::iter::Copied<std::slice::Iter<'g, ModuleId>>;

    fn neighbors_directed(self, module: ModuleId, direction: Direction) -> Self::NeighborsDirected {
        match direction {
            Direction::Outgoing => self.neighbors(module),
            Direction::Incoming => self.imports(module).iter().copied(),
        }
    }
}

impl IntoNodeIdentifiers for &ImportGraph<'_> {
    type NodeIdentifiers = std::iter::Map<std::ops::Range<u32>, fn(u32) -> ModuleId>;

    fn node_identifiers(self) -> Self::NodeIdentifiers {
        (0..self.modules.len() as u32).map(ModuleId as fn(u32) -> ModuleId)
    }
}

impl Visitable for ImportGraph<'_> {
    type Map = ModuleSet;

    fn visit_map(&self) -> ModuleSet {
        ModuleSet::with_capacity(self.modules.len())
    }

    fn reset_map(&self, map: &mut ModuleSet) {
        map.clear();
    }
}

impl VisitMap<ModuleId> for ModuleSet {
    fn visit(&mut self, module: ModuleId) -> bool {
        self.insert(module)
    }

    fn is_visited(&self, module: &ModuleId) -> bool {
        self.contains(*module)
    }

    fn unvisit(&mut self, module: ModuleId) -> bool {
        self.remove(module)
    }
}
