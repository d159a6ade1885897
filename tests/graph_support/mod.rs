//! Graphs as plain lists, for tests: described by hand or by proptest, then sent to the core as JavaScript would.
//! Owns the encoder of deltas; knows nothing of how the core stores or walks a graph.

#![allow(dead_code, reason = "each test file uses its own part")]

use bino_hmr::graph::{Acceptance, ModuleGraph, ModuleId, ModuleKind};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// The bits of a record's mask.
pub const IDENTITY: u32 = 1;
pub const FLAGS: u32 = 2;
pub const IMPORTERS: u32 = 4;
pub const ACCEPTED_DEPS: u32 = 8;
pub const ACCEPTED_EXPORTS: u32 = 16;
pub const IMPORTED_BINDINGS: u32 = 32;
pub const EVERYTHING: u32 = 63;

/// One module, as a test describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    pub url: String,
    pub file: Option<String>,
    pub has_id: bool,
    pub kind: ModuleKind,
    pub acceptance: Acceptance,
    pub orphaned: bool,
    pub importers: Vec<u32>,
    pub accepted_deps: Vec<u32>,
    pub accepted_exports: Option<Vec<u32>>,
    pub imported_bindings: Option<Vec<(u32, Vec<u32>)>>,
}

impl Sketch {
    /// A loaded JavaScript module that accepts nothing.
    pub fn new(url: impl Into<String>) -> Self {
        let url = url.into();
        Self {
            file: Some(url.clone()),
            url,
            has_id: true,
            kind: ModuleKind::Js,
            acceptance: Acceptance::None,
            orphaned: false,
            importers: Vec::new(),
            accepted_deps: Vec::new(),
            accepted_exports: None,
            imported_bindings: None,
        }
    }

    pub fn self_accepting(mut self) -> Self {
        self.acceptance = Acceptance::SelfAccepting;
        self
    }

    pub fn imported_by(mut self, importers: impl IntoIterator<Item = u32>) -> Self {
        self.importers.extend(importers);
        self
    }
}

/// A delta under construction.
#[derive(Default)]
pub struct Delta {
    pub words: Vec<u32>,
    pub strings: Vec<String>,
}

impl Delta {
    /// The records that describe every module in full.
    pub fn of(sketches: &[Sketch]) -> Self {
        let mut delta = Self::default();
        for (id, sketch) in (0..).zip(sketches) {
            delta.record(id, sketch, EVERYTHING);
        }
        delta
    }

    /// Adds one record with those sections of the sketch that the mask names.
    pub fn record(&mut self, id: u32, sketch: &Sketch, mask: u32) {
        self.words.extend([id, mask]);
        if mask & IDENTITY != 0 {
            let url = self.string(&sketch.url);
            let file = sketch.file.as_ref().map_or(u32::MAX, |file| self.string(file));
            self.words.extend([url, file]);
        }
        if mask & FLAGS != 0 {
            let kind = match sketch.kind {
                ModuleKind::Js => 0,
                ModuleKind::Css => 1,
                ModuleKind::Asset => 2,
            };
            let acceptance = match sketch.acceptance {
                Acceptance::Unanalyzed => 0,
                Acceptance::None => 1,
                Acceptance::SelfAccepting => 2,
            };
            self.words.push(
                kind | u32::from(sketch.has_id) << 2 | acceptance << 3 | u32::from(sketch.orphaned) << 5,
            );
        }
        if mask & IMPORTERS != 0 {
            self.list(&sketch.importers);
        }
        if mask & ACCEPTED_DEPS != 0 {
            self.list(&sketch.accepted_deps);
        }
        if mask & ACCEPTED_EXPORTS != 0 {
            match &sketch.accepted_exports {
                None => self.words.push(0),
                Some(names) => {
                    self.words.push(1);
                    self.list(names);
                }
            }
        }
        if mask & IMPORTED_BINDINGS != 0 {
            match &sketch.imported_bindings {
                None => self.words.push(0),
                Some(bindings) => {
                    self.words.extend([1, bindings.len() as u32]);
                    for (from, names) in bindings {
                        self.words.push(*from);
                        self.list(names);
                    }
                }
            }
        }
    }

    pub fn apply_to(self, graph: &mut ModuleGraph) {
        graph.apply(&self.words, self.strings).expect("the delta is well formed");
    }

    fn string(&mut self, text: &str) -> u32 {
        self.strings.push(text.to_owned());
        self.strings.len() as u32 - 1
    }

    fn list(&mut self, items: &[u32]) {
        self.words.push(items.len() as u32);
        self.words.extend(items);
    }
}

/// The graph that the sketches describe.
pub fn graph_of(sketches: &[Sketch]) -> ModuleGraph {
    let mut graph = ModuleGraph::new();
    Delta::of(sketches).apply_to(&mut graph);
    graph
}

pub fn ids(ids: impl IntoIterator<Item = u32>) -> Vec<ModuleId> {
    ids.into_iter().map(ModuleId).collect()
}

/// A random module of a graph with `modules` modules.
///
/// The weights keep walks long: with every flag as likely as the others, most of them would end at the seed.
pub fn any_sketch(modules: u32) -> impl Strategy<Value = Sketch> {
    let some = move |most: usize| vec(0..modules, 0..=most).prop_map(distinct);
    let names = || vec(0..4u32, 0..3).prop_map(distinct);
    let kind =
        prop_oneof![6 => Just(ModuleKind::Js), 2 => Just(ModuleKind::Css), 1 => Just(ModuleKind::Asset)];
    let acceptance = prop_oneof![
        8 => Just(Acceptance::None),
        2 => Just(Acceptance::SelfAccepting),
        1 => Just(Acceptance::Unanalyzed),
    ];
    let bindings = vec((0..modules, names()), 0..4).prop_map(|mut all| {
        all.sort();
        all.dedup_by_key(|(from, _)| *from);
        all
    });
    let file = prop_oneof![4 => (0..modules).prop_map(Some), 1 => Just(None)];
    (
        (0..1000u32, file, prop::bool::weighted(0.85), kind, acceptance),
        some(4),
        prop_oneof![2 => Just(Vec::new()), 1 => some(2)],
        option::weighted(0.25, names()),
        option::weighted(0.7, bindings),
    )
        .prop_map(|((url, file, has_id, kind, acceptance), importers, deps, exports, bindings)| Sketch {
            url: format!("/m{url}.js"),
            file: file.map(|file| format!("/root/f{file}.js")),
            has_id,
            kind,
            acceptance,
            orphaned: false,
            importers,
            accepted_deps: deps,
            accepted_exports: exports,
            imported_bindings: bindings,
        })
}

/// A random graph, cycles and self-imports included.
pub fn any_graph(most: u32) -> impl Strategy<Value = Vec<Sketch>> {
    (1..=most).prop_flat_map(|modules| vec(any_sketch(modules), modules as usize))
}

fn distinct(list: Vec<u32>) -> Vec<u32> {
    let mut distinct = Vec::new();
    for item in list {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    distinct
}
