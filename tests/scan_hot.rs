//! `import.meta.hot` calls as the scan reads them, held against what Vite's textual rule says of the same text.

use bino_hmr::scan::{Hot, scan};

fn hot(text: &str) -> Hot {
    let facts = scan("module.ts", text.as_bytes());
    assert!(facts.diagnostics.is_empty(), "{text}: {:?}", facts.diagnostics);
    facts.hot
}

/// Text, accepts itself, accepted dependencies.
type Case = (&'static str, bool, &'static [&'static str]);

#[test]
fn accept_is_read_as_vite_reads_it() {
    let cases: &[Case] = &[
        ("import.meta.hot.accept()", true, &[]),
        ("import.meta.hot?.accept()", true, &[]),
        ("if (import.meta.hot) { import.meta.hot.accept(() => {}) }", true, &[]),
        ("import.meta.hot && import.meta.hot.accept((m) => m)", true, &[]),
        ("import.meta.hot!.accept()", true, &[]),
        ("(import.meta.hot as any).accept()", true, &[]),
        ("import.meta.hot.accept(callback)", true, &[]),
        ("import.meta.hot.accept(null)", true, &[]),
        ("import.meta.hot.accept('./dep')", false, &["./dep"]),
        ("import.meta.hot.accept(\"./dep\", () => {})", false, &["./dep"]),
        ("import.meta.hot.accept(`./dep`, () => {})", false, &["./dep"]),
        ("import.meta.hot?.accept(['./a', './b'], () => {})", false, &["./a", "./b"]),
        ("import.meta.hot.accept([\n  './a',\n  `./b`,\n])", false, &["./a", "./b"]),
        ("import.meta.hot.accept([])", false, &[]),
        ("import.meta.hot.accept([,])", false, &[]),
        ("import.meta.hot.accept('./a'); import.meta.hot.accept()", true, &["./a"]),
        ("import.meta.hot.accept('./a'); import.meta.hot.accept('./b')", false, &["./a", "./b"]),
        ("// import.meta.hot.accept()\n'import.meta.hot.accept()'", false, &[]),
        ("import.meta.hot.dispose(() => {})", false, &[]),
        ("import.meta.hot.decline()", false, &[]),
        ("other.accept()", false, &[]),
        ("import.meta.accept()", false, &[]),
        ("const hot = import.meta.hot; hot.accept()", false, &[]),
        ("import.meta.hot.accept('./dep' + suffix)", false, &["./dep"]),
        ("import.meta.hot.accept('./dep'.trim())", false, &["./dep"]),
        ("import.meta.hot.acceptDeps('./dep')", false, &["./dep"]),
        ("import.meta.hot.accept(...[])", true, &[]),
        ("import.meta.hot.accept(('./dep'))", false, &["./dep"]),
        ("import.meta.hot.accept('./dep' as string)", false, &["./dep"]),
    ];
    for (text, itself, deps) in cases {
        let hot = hot(text);
        assert_eq!(hot.accepts_itself(), *itself, "{text}");
        assert_eq!(hot.accepted_deps().collect::<Vec<_>>(), *deps, "{text}");
    }
}

#[test]
fn javascript_is_read_as_it_is_written() {
    let hot = scan("module.js", b"import.meta.hot.accept(('./dep'))").hot;
    assert!(hot.accepts_itself());
    assert_eq!(hot.accepted_deps().count(), 0);
}
