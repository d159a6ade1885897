//! The mirror of a module graph: what it takes over from deltas, what it refuses, what it knows of files.

mod graph_support;

use bino_hmr::error::Error;
use bino_hmr::graph::{Acceptance, ModuleGraph, ModuleId, ModuleKind, NameId};
use graph_support::{Delta, FLAGS, IDENTITY, IMPORTERS, Sketch, graph_of, ids};

#[test]
fn a_delta_describes_a_module_in_full() {
    let sketch = Sketch {
        url: "/a.css".into(),
        file: Some("/root/a.css".into()),
        has_id: true,
        kind: ModuleKind::Css,
        acceptance: Acceptance::SelfAccepting,
        orphaned: true,
        importers: vec![2, 1],
        accepted_deps: vec![2, 1, 2],
        accepted_exports: Some(vec![9, 3]),
        imported_bindings: Some(vec![(2, vec![7, 5]), (1, vec![])]),
    };
    let graph = graph_of(&[sketch]);
    let module = graph.module(ModuleId(0));
    assert_eq!(&*module.url, "/a.css");
    assert_eq!(module.file.as_deref(), Some("/root/a.css"));
    assert_eq!((module.has_id, module.kind), (true, ModuleKind::Css));
    assert_eq!(module.acceptance, Acceptance::SelfAccepting);
    assert!(module.orphaned);
    assert_eq!(module.importers, ids([2, 1]), "Vite's order is kept");
    assert!(module.accepts(ModuleId(1)) && module.accepts(ModuleId(2)) && !module.accepts(ModuleId(0)));
    assert!(module.accepts_exports(&[NameId(3), NameId(9)]) && !module.accepts_exports(&[NameId(4)]));
    assert_eq!(module.bindings_from(ModuleId(2)), Some(&[NameId(5), NameId(7)][..]));
    assert_eq!(module.bindings_from(ModuleId(1)), Some(&[][..]));
    assert_eq!(module.bindings_from(ModuleId(0)), None);
    assert_eq!(graph.len(), 3, "importers exist as soon as they are mentioned");
}

#[test]
fn an_absent_section_leaves_the_module_as_it_is() {
    let mut graph = graph_of(&[Sketch::new("/a.js").self_accepting().imported_by([1])]);
    let mut delta = Delta::default();
    delta.record(0, &Sketch::new("/moved.js"), IDENTITY);
    delta.apply_to(&mut graph);
    let module = graph.module(ModuleId(0));
    assert_eq!(&*module.url, "/moved.js");
    assert_eq!(module.acceptance, Acceptance::SelfAccepting);
    assert_eq!(module.importers, ids([1]));
}

#[test]
fn malformed_deltas_are_refused_at_the_word() {
    let cases: &[(&str, &[u32], usize)] = &[
        ("no mask", &[0], 1),
        ("absurd module", &[1 << 30, 0], 0),
        ("unknown section", &[0, 64], 1),
        ("no such url", &[0, 1, 9, u32::MAX], 2),
        ("no such file", &[0, 1, 0, 9], 3),
        ("identity cut off", &[0, 1, 0], 3),
        ("unknown kind", &[0, 2, 3], 2),
        ("unknown acceptance", &[0, 2, 3 << 3], 2),
        ("unknown flag", &[0, 2, 1 << 6], 2),
        ("fewer importers than announced", &[0, 4, 2, 1], 2),
        ("importers without count", &[0, 4], 2),
        ("absurd importer", &[0, 4, 2, 1, u32::MAX], 4),
        ("absurd count", &[0, 8, u32::MAX, 1], 2),
        ("exports neither there nor null", &[0, 16, 2], 2),
        ("names cut off", &[0, 16, 1, 1], 3),
        ("bindings cut off", &[0, 32, 1, 1], 4),
        ("binding names cut off", &[0, 32, 1, 1, 0, 3, 1], 5),
        ("second record", &[0, 2, 4, 1, 64], 4),
    ];
    for (name, words, offset) in cases {
        let mut graph = graph_of(&[Sketch::new("/kept.js")]);
        match graph.apply(words, vec!["/a.js".into()]) {
            Err(Error::Delta { offset: at, .. }) => assert_eq!(at, *offset, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
        assert_eq!((graph.len(), graph.url(ModuleId(0))), (1, "/kept.js"), "{name}: the graph is as it was");
    }
}

#[test]
fn an_empty_delta_changes_nothing() {
    let mut graph = ModuleGraph::new();
    graph.apply(&[], Vec::new()).unwrap();
    assert!(graph.is_empty());
}

#[test]
fn a_mention_is_enough_to_exist() {
    let mut graph = ModuleGraph::new();
    graph.apply(&[3, 0], Vec::new()).unwrap();
    assert_eq!(graph.len(), 4);
    assert_eq!(graph.module(ModuleId(3)).acceptance, Acceptance::Unanalyzed);
    assert_eq!(graph.url(ModuleId(99)), "", "and a module out of reach is no panic");
    assert!(!graph.circular(ModuleId(99)));
}

#[test]
fn a_file_is_known_while_a_module_comes_from_it_and_used_while_one_of_them_is_imported() {
    let part = |url: &str, file: &str| Sketch { file: Some(file.into()), ..Sketch::new(url) };
    let mut graph =
        graph_of(&[part("/a.vue", "/r/a.vue"), part("/a.vue?style", "/r/a.vue"), part("/b.js", "/r/b.js")]);
    assert_eq!(graph.modules_of("/r/a.vue"), ids([0, 1]));
    assert!(graph.knows("/r/a.vue") && !graph.is_used("/r/a.vue"));
    assert!(!graph.knows("/r/other.js") && !graph.is_used("/r/other.js"));

    let mut delta = Delta::default();
    delta.record(1, &Sketch::new("").imported_by([2]), IMPORTERS);
    delta.apply_to(&mut graph);
    assert!(graph.is_used("/r/a.vue") && !graph.is_used("/r/b.js"));

    let mut delta = Delta::default();
    delta.record(1, &part("/c.js", "/r/c.js"), IDENTITY);
    delta.record(0, &Sketch { file: None, ..Sketch::new("/a.vue") }, IDENTITY);
    delta.apply_to(&mut graph);
    assert!(!graph.knows("/r/a.vue") && graph.is_used("/r/c.js"));
    assert_eq!(graph.file(ModuleId(0)), None);
}

#[test]
fn a_cycle_comes_and_goes_with_its_last_edge() {
    let mut graph = graph_of(&[
        Sketch::new("/a.js").imported_by([1]),
        Sketch::new("/b.js").imported_by([0]),
        Sketch::new("/self.js").imported_by([2]),
        Sketch::new("/outside.js").imported_by([0]),
    ]);
    let circular = |graph: &ModuleGraph| (0..4).map(|id| graph.circular(ModuleId(id))).collect::<Vec<_>>();
    assert_eq!(circular(&graph), [true, true, false, false], "importing oneself is no cycle");

    let mut delta = Delta::default();
    delta.record(1, &Sketch::new("").imported_by([3]), IMPORTERS);
    delta.apply_to(&mut graph);
    assert_eq!(circular(&graph), [true, true, false, true], "a longer way round");

    let mut delta = Delta::default();
    delta.record(1, &Sketch::new(""), IMPORTERS | FLAGS);
    delta.apply_to(&mut graph);
    assert_eq!(circular(&graph), [false; 4]);
}
