//! No bytes, under whatever name, make the scan panic, overflow the stack or lie about places.

use std::time::Instant;

use bino_hmr::scan::{
    Code, Coverage, MAX_SCANNED_BYTES, ModuleFacts, Position, hash, hash_pieces, scan, scan_with_room,
};
use proptest::prelude::*;

const NAMES: &[&str] = &[
    "a.js", "a.mjs", "a.cjs", "a.jsx", "a.ts", "a.mts", "a.cts", "a.d.ts", "a.tsx", "a.json", "a.css",
    "a.scss", "a.sass", "a.html", "a.vue", "a.svelte", "a.png", "",
];

/// Sources that use everything the scan looks for, to be mutated.
const SEEDS: &[&str] = &[
    include_str!("scan/imports_of_every_kind/input.js"),
    include_str!("scan/re_exports/input.js"),
    include_str!("scan/exports_of_every_kind/input.ts"),
    include_str!("scan/types_make_no_edge/input.ts"),
    include_str!("scan/globs/input.ts"),
    include_str!("scan/hot_calls_with_arguments/input.ts"),
    include_str!("scan/hot_through_a_variable/input.js"),
    include_str!("scan/react_component/input.tsx"),
    include_str!("scan/columns_are_utf16/input.js"),
    include_str!("scan/css/input.css"),
    include_str!("scan/scss/input.scss"),
    include_str!("scan/sass_indented/input.sass"),
    include_str!("scan/html/input.html"),
    include_str!("scan/vue/input.vue"),
    include_str!("scan/vue_by_src/input.vue"),
    include_str!("scan/svelte/input.svelte"),
    include_str!("scan/json/input.json"),
];

/// Pieces that mean something to one of the readers.
const PIECES: &[&str] = &[
    "<script>",
    "</script>",
    "<style lang=scss>",
    "</style>",
    "<!--",
    "-->",
    "`",
    "${",
    "}",
    "{",
    "(",
    ")",
    "[",
    "]",
    "'",
    "\"",
    "//",
    "/*",
    "*/",
    "\\",
    "\r",
    "\r\n",
    "\n",
    "\u{feff}",
    "\u{2028}",
    "\0",
    "\u{1f600}",
    "é",
    "@import ",
    "url(",
    "import.meta.hot.accept(",
    "import(",
    "import '",
    "export * from '",
    "require('",
    "@use \"",
    "import.meta.glob(",
    "export const ",
    "new URL(",
    "foo(\n",
    "#{",
    ";",
    "\\ud800",
    "<",
    " type ",
    "=>",
    "/",
];

#[test]
fn arbitrary_bytes_do_no_harm() {
    let name = prop::sample::select(NAMES);
    proptest!(|(name in name, bytes in prop::collection::vec(any::<u8>(), 0..300))| {
        check(name, &bytes)?;
    });
}

#[test]
fn arbitrary_text_does_no_harm() {
    let name = prop::sample::select(NAMES);
    let text = prop::collection::vec(prop::sample::select(PIECES), 0..40);
    proptest!(|(name in name, text in text)| {
        check(name, text.concat().as_bytes())?;
    });
}

#[test]
fn mutated_sources_do_no_harm() {
    let edits = prop::collection::vec(
        (any::<prop::sample::Index>(), 0_usize..12, prop::sample::select(PIECES)),
        1..6,
    );
    let seed = prop::sample::select(SEEDS);
    let name = prop::sample::select(NAMES);
    proptest!(ProptestConfig::with_cases(1000), |(seed in seed, name in name, edits in edits, byte in any::<u8>())| {
        let mut bytes = seed.as_bytes().to_vec();
        for (at, removed, inserted) in edits {
            let at = at.index(bytes.len() + 1);
            let end = (at + removed).min(bytes.len());
            bytes.splice(at..end, inserted.bytes());
        }
        check(name, &bytes)?;
        // And one byte that may cut a character in two.
        let at = bytes.len() / 2;
        if let Some(middle) = bytes.get_mut(at) {
            *middle = byte;
        }
        check(name, &bytes)?;
    });
}

/// Facts are the same every time, however much stack there is, and speak of places that exist.
fn check(name: &str, bytes: &[u8]) -> Result<(), TestCaseError> {
    let facts = scan(name, bytes);
    prop_assert_eq!(&facts, &scan_with_room(name, bytes, 0));
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    let lines = line_lengths(&text);
    for place in places(&facts) {
        let length = lines.get(place.line as usize - 1);
        prop_assert!(
            length.is_some_and(|length| (1..=length + 1).contains(&place.column)),
            "{:?} of {:?}",
            place,
            lines
        );
    }
    prop_assert!(facts.imports.is_sorted_by_key(|import| import.position));
    for diagnostic in &facts.diagnostics {
        prop_assert!(diagnostic.frame.lines().count() <= 4);
        prop_assert!(diagnostic.frame.lines().all(|line| line.chars().count() < 130));
    }
    Ok(())
}

fn places(facts: &ModuleFacts) -> impl Iterator<Item = Position> {
    let imports = facts.imports.iter().map(|it| it.position);
    let globs = facts.globs.iter().map(|it| it.position);
    let exports = facts.exports.names.iter().map(|it| it.position);
    let calls = facts.hot.calls.iter().map(|it| it.position);
    imports.chain(globs).chain(exports).chain(calls).chain(facts.diagnostics.iter().map(|it| it.position))
}

/// How many UTF-16 code units each line has.
fn line_lengths(text: &str) -> Vec<u32> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.split('\n').map(|line| line.encode_utf16().count() as u32).collect()
}

#[test]
fn no_nesting_overflows_the_stack() {
    // What stands before, in and behind the middle, each so many times; and what is in the middle.
    let shapes: &[(&str, &str, &str, &str)] = &[
        ("a.js", "[", "1", "]"),
        ("a.js", "(", "1", ")"),
        ("a.js", "{", "", "}"),
        ("a.js", "[", "", ""),
        ("a.js", "({a:", "1", "})"),
        ("a.js", "!", "1", ""),
        ("a.js", "- ", "1", ""),
        ("a.js", "new ", "a", ""),
        ("a.js", "a?b:", "1", ""),
        ("a.js", "a?", "1", ":b"),
        ("a.js", "a=>", "1", ""),
        ("a.js", "(a=", "1", ")=>1"),
        ("a.js", "a=", "1", ""),
        ("a.js", "a**", "1", ""),
        ("a.js", "a+", "1", ""),
        ("a.js", "", "f", "()"),
        ("a.js", "", "f", ".a"),
        ("a.js", "", "f", "``"),
        ("a.js", "`${", "1", "}`"),
        ("a.js", "if(a);else ", ";", ""),
        ("a.js", "for(;;)", ";", ""),
        ("a.js", "do ", ";", " while(1)"),
        ("a.js", "(function(){", "", "})()"),
        ("a.js", "(class{a=", "1", "})"),
        ("a.js", "class A{static{", "", "}}"),
        ("a.js", "(class extends ", "A", "{})"),
        ("a.js", "import(", "a", ")"),
        ("a.js", "[a=", "1", "]=1"),
        ("a.js", "async()=>", "1", ""),
        ("a.js", "async x=>", "1", ""),
        ("a.js", "`", "", "`"),
        ("a.js", "a:", ";", ""),
        ("a.js", "switch(a){case 1:", "", "}"),
        ("a.js", "try{", "", "}finally{}"),
        ("a.js", "try{}catch{", "", "}"),
        ("a.js", "with(a)", ";", ""),
        ("a.js", "({get a(){", "", "}})"),
        ("a.js", "@", "a", ""),
        ("a.js", "yield ", "a", ""),
        ("a.js", "class extends ", "a", ""),
        ("a.js", "a=b=>", "c", ""),
        ("a.jsx", "<a>", "", "</a>"),
        ("a.jsx", "<>", "", "</>"),
        ("a.jsx", "<a b=", "<a/>", "></a>"),
        ("a.jsx", "<a>{", "1", "}</a>"),
        ("a.jsx", "<a>)", "", "</a>"),
        ("a.jsx", "(<a>)}{", "1", "</a>)"),
        ("a.ts", "A<", "B", ">"),
        ("a.ts", "<A>", "b", ""),
        ("a.ts", "namespace A{", "", "}"),
        ("a.ts", "a as ", "B", ""),
        ("type.ts", "A<", "B", ">"),
        ("type.ts", "(", "B", ")"),
        ("type.ts", "[", "B", "]"),
        ("type.ts", "{a:", "B", "}"),
        ("type.ts", "keyof ", "B", ""),
        ("type.ts", "unique ", "B", ""),
        ("type.ts", "readonly ", "B", ""),
        ("type.ts", "asserts a is ", "B", ""),
        ("type.ts", "(a:b)=>", "B", ""),
        ("type.ts", "new()=>", "B", ""),
        ("type.ts", "a extends b?c:", "d", ""),
        ("type.ts", "a extends (infer U extends ", "d", ")?1:2"),
        ("type.ts", "`${", "B", "}`"),
        ("type.ts", "{[a in ", "B", "]:1}"),
        ("type.ts", "(", "B", "=>c)"),
        ("type.ts", "", "B", "[]"),
        ("type.ts", "", "B", "[a]"),
        ("type.ts", "", "B", "|a"),
        ("type.ts", "typeof a<", "B", ">"),
        ("a.ts", "@a(", "b", ") class A{}"),
        ("a.css", "a{", "", "}"),
        ("a.css", "(", "url(a)", ")"),
        ("a.scss", "@import \"a\";a{", "", "}"),
        ("a.html", "<div>", "", "</div>"),
        ("a.vue", "<template>", "", "</template>"),
        ("a.vue", "<script>", "", ""),
    ];
    for (name, before, middle, after) in shapes {
        for count in [100, 1_000, 10_000, 100_000] {
            let (head, tail) =
                if name.starts_with("type") { ("type A = ", ";") } else { ("import './x';\n", "") };
            let text = format!("{head}{}{middle}{}{tail}", before.repeat(count), after.repeat(count));
            let facts = scan(name, text.as_bytes());
            if facts.coverage == Coverage::HashOnly {
                assert_eq!(facts.diagnostics[0].code, Code::TooDeep, "{name}: {before}");
            }
        }
    }
}

#[test]
fn a_hundred_thousand_brackets_are_data() {
    let text = format!("import './a';\nconst x = {}", "[".repeat(100_000));
    let facts = scan("a.ts", text.as_bytes());
    assert!(matches!(facts.diagnostics[0].code, Code::Syntax | Code::TooDeep), "{:?}", facts.diagnostics);
    assert_ne!(facts.coverage, Coverage::Complete);
    let data = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(scan("a.json", data.as_bytes()).coverage, Coverage::Complete);
}

#[test]
fn a_huge_file_is_hashed_and_not_parsed() {
    let text = "import './a';\n".repeat(50 << 20 >> 4);
    assert!(text.len() > MAX_SCANNED_BYTES);
    let facts = scan("a.ts", text.as_bytes());
    assert_eq!(facts.coverage, Coverage::HashOnly);
    assert_eq!(facts.diagnostics[0].code, Code::TooLarge);
    assert!(facts.imports.is_empty());
    assert_ne!(facts.hash, scan("a.ts", &text.as_bytes()[1..]).hash);
    // What is never parsed may be of any size.
    assert!(scan("a.mp4", text.as_bytes()).diagnostics.is_empty());
}

#[test]
fn a_hash_is_the_same_piece_by_piece() {
    for length in [0, 1, 64 << 10, (64 << 10) + 1, 200_000] {
        let bytes: Vec<u8> = (0..length).map(|at| at as u8).collect();
        let whole = hash(&bytes);
        assert_eq!((hash_pieces(&*bytes).ok(), scan("a.png", &bytes).hash), (Some(whole), whole));
        assert_eq!(scan("a.png", &bytes), ModuleFacts::of_asset(whole));
    }
}

#[test]
fn one_thread_says_what_many_say() {
    let sources: Vec<_> =
        SEEDS.iter().flat_map(|seed| NAMES.iter().map(move |name| (*name, seed.as_bytes()))).collect();
    let alone: Vec<_> = sources.iter().map(|(name, bytes)| scan(name, bytes)).collect();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let here: Vec<_> = sources.iter().map(|(name, bytes)| scan(name, bytes)).collect();
                assert!(here == alone);
            });
        }
    });
}

#[test]
fn only_the_bytes_and_the_language_matter() {
    let text = SEEDS[0].as_bytes();
    assert_eq!(scan("a.js", text), scan("/some/where/b.JS", text));
    assert_eq!(scan("a.js", text), scan("C:\\some.ts\\b.mjs", text));
    assert_eq!(scan("a.js", text).hash, scan("a.png", text).hash);
}

#[test]
fn work_grows_with_the_file_and_not_faster() {
    let cases: &[(&str, &str)] = &[
        ("a.js", "export { a } from 'a';\n"),
        ("a.js", "import a from 'a'; export { a as 'x' };\n"),
        ("a.vue", "<style a='"),
        ("a.vue", "<script></"),
        ("a.js", "export const é = import('é');"),
        ("a.js", "const a = import.meta.hot; a.accept();\n"),
        // What is read of a script that does not parse.
        ("broken.js", "import.meta.hot.accept('./a');\n"),
        ("broken.js", "import(`./${a}.js`);"),
        ("broken.js", "import(import("),
        ("broken.js", "import {a, "),
        ("broken.js", "export {a, "),
        ("broken.js", "export const {a: {"),
        ("broken.js", "import.meta.glob('a', {"),
        ("broken.js", "import.meta.hot.accept(['a', "),
        ("broken.js", "require(new URL("),
        ("broken.js", "`"),
        ("broken.js", "`a` + "),
        ("broken.js", "`${"),
        ("broken.js", "`${`a`} ${\n"),
        ("broken.js", "`${ /*"),
        ("broken.js", "`${ /*\n*/ '"),
        ("broken.js", "\\'"),
        ("broken.js", "'\\\""),
        ("broken.js", "/[(/"),
        ("broken.js", "/*/"),
        ("broken.js", "..."),
    ];
    for (name, piece) in cases {
        let start = Instant::now();
        let head = if name.starts_with("broken") { "foo( const = '\n" } else { "" };
        scan(name, format!("{head}{}", piece.repeat(10_000)).as_bytes());
        // Quadratic work took minutes here, and linear work takes milliseconds.
        assert!(start.elapsed().as_secs() < 10, "{piece}: {:?}", start.elapsed());
    }
}
