//! A script that does not parse: what stands beside the error is read all the same.

use bino_hmr::scan::{Code, Coverage, HotMethod, ImportKind, ModuleFacts, scan};

/// A module with everything that makes edges and boundaries; each `/**/` is a place where it can break.
const WHOLE: &str = r#"import { a, b as c } from './a';
import './effect';/**/
import d, * as e from "./d";
export { f } from './f';
export * from './g';/**/
const lazy = import('./lazy');
const page = (name) => import(`./pages/${name}.js`);
const regex = /['"`/]+/;
const text = `one ${lazy ? `two ${c}` : 'three'} four`;/**/
// don't, and don't `stop`
const modules = import.meta.glob(['./m/*.js', '!./m/no.js'], { eager: true, import: 'setup' });
const old = require('./old');/**/
const url = new URL('./image.svg', import.meta.url);
export const g = 1;
export async function* h() { return [1, 2]; }
export default class I {}/**/
if (import.meta.hot) {
  import.meta.hot.accept('./a', () => {});
  import.meta.hot.accept(['./d', './f'], ([d, f]) => { /* nothing */ });/**/
  import.meta.hot.accept((module) => console.log(module));
  import.meta.hot.acceptExports(['g', 'h'], () => {});
  import.meta.hot?.dispose((data) => { data.x = `${d}`; });
  import.meta.hot.on('vite:beforeUpdate', () => {});
}
export { lazy as l, page };
/**/"#;

/// What people have typed when they save too early.
const ACCIDENTS: &[&str] = &[
    "const = 2;",
    "function (",
    "foo(",
    "foo(bar, {",
    "if (a) {{{",
    "}",
    ")))",
    "const x = ;",
    "const x = 'abc",
    "const x = \"it's",
    "const x = `abc",
    "const x = `abc ${",
    "const x = `abc ${{}",
    "/* abc",
    "const x = /abc",
    "const x = /[",
    "<div>don't</span>",
    "<div>{",
    "class {",
    "import",
    "import {",
    "import { x",
    "import { x } from",
    "import(",
    "import.meta.",
    "import.meta.glob(",
    "import.meta.hot.",
    "export",
    "export const",
    "export const {",
    "export {",
    "require(",
    "new URL(",
    "<<<<<<< HEAD\n",
    "=======\n",
    "@",
    "#",
    "\\",
    "a ? b",
    "=> {",
    "let let let",
];

fn paths(facts: &ModuleFacts) -> Vec<(&str, ImportKind)> {
    facts.imports.iter().map(|import| (&*import.specifier, import.kind)).collect()
}

fn names(facts: &ModuleFacts) -> Vec<&str> {
    facts.exports.names.iter().map(|export| &*export.name).collect()
}

#[test]
fn an_accident_takes_nothing_but_its_own_line() {
    for name in ["a.js", "a.ts", "a.tsx", "a.mjs"] {
        let whole = scan(name, WHOLE.as_bytes());
        assert_eq!((whole.coverage, whole.diagnostics.as_slice()), (Coverage::Complete, [].as_slice()));
        let mut fatal = 0;
        for accident in ACCIDENTS {
            for (place, _) in WHOLE.match_indices("/**/") {
                let text = format!("{}\n{accident}\n{}", &WHOLE[..place], &WHOLE[place..]);
                let broken = scan(name, text.as_bytes());
                let what = format!("{name}, {accident:?} at {place}");
                if broken.diagnostics.is_empty() {
                    // With the next line it means something else.
                    continue;
                }
                fatal += usize::from(broken.coverage == Coverage::Partial);
                assert_eq!(paths(&broken), paths(&whole), "{what}");
                // `export {` takes the next word for a name.
                let mut exported = names(&broken);
                exported.retain(|name| !accident.starts_with("export {") || names(&whole).contains(name));
                assert_eq!(exported, names(&whole), "{what}");
                assert_eq!(broken.exports.stars, whole.exports.stars, "{what}");
                let globs = |facts: &ModuleFacts| {
                    facts.globs.iter().map(|glob| (glob.patterns.clone(), glob.eager)).collect::<Vec<_>>()
                };
                assert_eq!(globs(&broken), globs(&whole), "{what}");
                let calls = |facts: &ModuleFacts| {
                    let methods = facts.hot.calls.iter().map(|call| call.method.clone());
                    // `import.meta.hot.` goes on with the next line.
                    methods.filter(|method| !matches!(method, HotMethod::Other(_))).collect::<Vec<_>>()
                };
                assert_eq!(calls(&broken), calls(&whole), "{what}");
                let bindings = |facts: &ModuleFacts| {
                    facts.imports.iter().map(|it| it.bindings.clone()).collect::<Vec<_>>()
                };
                assert_eq!(bindings(&broken), bindings(&whole), "{what}");
            }
        }
        assert!(fatal > ACCIDENTS.len() * 5, "most of them end the parser: {fatal}");
    }
}

#[test]
fn places_are_those_of_the_file() {
    let facts =
        scan("a.ts", b"foo(\n\n  import { a } from './a'\n  import.meta.hot.accept()\n  export const b = (");
    let place = |position: bino_hmr::scan::Position| (position.line, position.column);
    assert_eq!(place(facts.imports[0].position), (3, 21));
    assert_eq!(place(facts.hot.calls[0].position), (4, 3));
    assert_eq!(place(facts.exports.names[0].position), (5, 16));
}

#[test]
fn a_call_is_read_as_far_as_its_first_argument() {
    type Case = (&'static str, bool, &'static [&'static str]);
    let cases: &[Case] = &[
        ("import.meta.hot.accept('./a', (a) => { a. })", false, &["./a"]),
        ("import.meta.hot.accept('./a' +", false, &["./a"]),
        ("import.meta.hot.accept([\n'./a', // one\n`./b`,\n], ([a, b]) => {", false, &["./a", "./b"]),
        ("import.meta.hot.accept((m) => { if (m", true, &[]),
        ("import.meta.hot?.accept(", true, &[]),
        ("if (import.meta.hot) import.meta.hot.accept()\nfoo(", true, &[]),
        // What Vite would refuse says nothing.
        ("import.meta.hot.accept(['./a', b]", false, &[]),
        ("import.meta.hot.accept(`./${a}`, (", false, &[]),
        ("import.meta.hot.accept\nfoo(", false, &[]),
        ("x.import.meta.hot.accept()\nfoo(", false, &[]),
        ("// import.meta.hot.accept()\nfoo(", false, &[]),
        ("const a = 'import.meta.hot.accept()'\nfoo(", false, &[]),
        ("const a = `import.meta.hot.accept()`\nfoo(", false, &[]),
        ("/* import.meta.hot.accept() */\nfoo(", false, &[]),
        ("const a = /import.meta.hot.accept()/\nfoo(", false, &[]),
    ];
    for (text, itself, deps) in cases {
        let facts = scan("a.ts", text.as_bytes());
        assert_eq!(facts.coverage, Coverage::Partial, "{text}");
        assert_eq!(facts.diagnostics[0].code, Code::Syntax, "{text}");
        assert_eq!(facts.hot.accepts_itself(), *itself, "{text}");
        assert_eq!(facts.hot.accepted_deps().collect::<Vec<_>>(), *deps, "{text}");
    }
}

#[test]
fn scripts_of_pages_and_components_are_read_likewise() {
    let block = "import './a'\nimport.meta.hot.accept('./a', () => {})\nfoo(";
    for (name, text) in [
        ("a.html", format!("<script type=module>{block}</script>")),
        ("a.vue", format!("<script>{block}</script><style>@import './b.css';</style>")),
        ("a.svelte", format!("<script module>{block}</script><script>{block}</script>")),
    ] {
        let facts = scan(name, text.as_bytes());
        assert_eq!(facts.coverage, Coverage::Partial, "{name}");
        assert_eq!(facts.imports.len(), if name == "a.html" { 1 } else { 2 }, "{name}");
        assert!(facts.hot.accepted_deps().all(|dep| dep == "./a"), "{name}");
        assert!(facts.hot.accepted_deps().next().is_some(), "{name}");
    }
}
