//! Reads the sources and holds them against the map in `ARCHITECTURE.md`: the data flows one way, and each outside
//! library has one place. Words in comments and strings do not count; what counts is a path of Rust.

use std::path::Path;

/// The modules of the core in the order of the data flow. Each may use those before it.
const FLOW: &[&str] = &[
    "error",
    "path",
    "change",
    "resolve",
    "scan",
    "graph",
    "propagate",
    "payload",
    "project",
    "watch",
    "engine",
    "binding",
];

/// Outside libraries and the only modules that may name each.
const OWNERS: &[(&str, &[&str])] = &[
    ("thiserror", &["error"]),
    ("oxc_resolver", &["resolve"]),
    ("oxc_allocator", &["scan"]),
    ("oxc_ast", &["scan"]),
    ("oxc_ast_visit", &["scan"]),
    ("oxc_parser", &["scan"]),
    ("oxc_span", &["scan"]),
    ("oxc_syntax", &["scan"]),
    ("cssparser", &["scan"]),
    ("html5gum", &["scan"]),
    ("xxhash_rust", &["scan"]),
    ("serde", &["scan"]),
    ("serde_json", &["scan", "payload"]),
    ("memchr", &["resolve", "scan"]),
    ("petgraph", &["graph"]),
    ("notify", &["watch"]),
    ("ignore", &["watch"]),
    ("globset", &["resolve", "watch"]),
    ("crossbeam_channel", &["watch", "engine"]),
    ("rayon", &["propagate", "project", "watch", "engine", "binding"]),
    ("napi", &["binding"]),
    ("napi_derive", &["binding"]),
];

/// Libraries that say nothing about what a module does.
const ANYWHERE: &[&str] = &["rustc_hash"];

/// What the core must be given instead of asking for it.
const EDGES: &[&[&str]] = &[&["std", "fs"], &["Instant", "now"], &["SystemTime", "now"]];

/// The modules that meet the outside world, so that [`EDGES`] are theirs. Tests may ask for the time too.
const OUTSIDE: &[&str] = &["watch", "engine", "resolve", "binding"];

#[test]
fn the_sources_keep_to_the_map() {
    let mut sources = Vec::new();
    read(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").as_path(), &mut Vec::new(), &mut sources);
    assert!(sources.len() > FLOW.len() / 2, "the sources are where this test looks for them");
    let wrong: Vec<_> = sources.iter().flat_map(|(module, text)| violations(module, text)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn each_library_has_its_place() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let manifest = std::fs::read_to_string(manifest).expect("the manifest is readable");
    let table = manifest.split("\n[").find_map(|table| table.strip_prefix("dependencies]\n"));
    let lines = table.expect("a table of dependencies").lines().filter(|line| !line.starts_with('#'));
    let mut found: Vec<_> =
        lines.filter_map(|line| Some(line.split_once(" = ")?.0.replace('-', "_"))).collect();
    found.sort();
    let mut known: Vec<_> =
        OWNERS.iter().map(|(library, _)| *library).chain(ANYWHERE.iter().copied()).collect();
    known.sort_unstable();
    assert_eq!(found, known);
}

#[test]
fn what_breaks_the_map_is_found() {
    let cases: &[(&str, &str, &str)] = &[
        ("engine", "use notify::Watcher;", "engine names notify"),
        ("engine", "fn f(event: notify::Event) {}", "engine names notify"),
        ("engine", "use {std::io, notify as n};", "engine names notify"),
        ("engine", "extern crate notify;", "engine names notify"),
        ("engine", "fn f() -> Result<(), ::notify::Error> {}", "engine names notify"),
        ("project::store", "use oxc_parser::Parser;", "project::store names oxc_parser"),
        ("resolve", "fn f(span: oxc_span::Span) {}", "resolve names oxc_span"),
        ("project::load", "xxhash_rust::xxh3::xxh3_64(b\"\")", "project::load names xxhash_rust"),
        ("scan::style", "use oxc_resolver::Resolver;", "scan::style names oxc_resolver"),
        ("project", "use crossbeam_channel::Sender;", "project names crossbeam_channel"),
        ("engine", "globset::Glob::new(\"*\")", "engine names globset"),
        ("propagate::walk", "use petgraph::Graph;", "propagate::walk names petgraph"),
        ("payload", "#[napi] fn f() {}", "payload names napi"),
        ("payload", "#[napi(object)] struct A;", "payload names napi"),
        ("payload", "#[derive(Debug, napi_derive::X)] struct A;", "payload names napi_derive"),
        ("graph", "use crate::propagate::Pass;", "graph uses propagate"),
        ("graph::delta", "use super::super::payload;", "graph::delta uses payload"),
        ("graph", "use crate::{error::Result, watch::{self, Rescan}};", "graph uses watch"),
        ("graph", "mod tests { use super::super::engine::Engine; }", "graph uses engine"),
        ("change", "fn f() { crate::engine::start() }", "change uses engine"),
        ("payload", "use super::watch;", "payload uses watch"),
        ("payload", "pub(in crate::engine) fn f() {}", "payload uses engine"),
        ("change", "let now = std::time::Instant::now();", "change asks for Instant::now"),
        ("change", "let now = SystemTime::now();", "change asks for SystemTime::now"),
        ("change", "use std::{collections::HashMap, fs};", "change asks for std::fs"),
        ("path", "fn f() { std::fs::read(p) }", "path asks for std::fs"),
        ("payload", "/* a /* nested */ comment */ use notify::X; // why", "payload names notify"),
        ("payload", "const C: char = '\"'; use notify::X; const D: char = '\"';", "payload names notify"),
        ("payload", "fn f<'a>(x: &'a str) { notify::f(r#\"\"#) }", "payload names notify"),
        ("payload", "#[cfg(test)] mod tests { fn f() {} } use crate::watch::X;", "payload uses watch"),
        ("somewhere", "", "somewhere is not on the map"),
    ];
    for (module, text, expected) in cases {
        assert_eq!(violations(module, text), [*expected], "{module}: {text}");
    }
}

#[test]
fn what_keeps_to_the_map_is_left_alone() {
    let cases: &[(&str, &str)] = &[
        ("watch", "use notify::Watcher; use crate::change::Change; let now = std::time::Instant::now();"),
        ("watch::tree", "fn f() { std::fs::read_dir(p) }"),
        ("graph::cycles", "use petgraph::algo::kosaraju_scc; use super::{Module, ModuleId};"),
        ("graph", "mod cycles; use cycles::circular; use self::files::FileIndex; pub(crate) fn f() {}"),
        ("graph", "use crate::error::{Error, Result}; mod tests { use super::*; }"),
        ("binding", "#[napi] fn f() { crate::engine::start() }"),
        (
            "payload",
            "// notify::Event\n/* crate::watch */ fn f() { g(\"std::fs \\\" petgraph::\", r#\"napi::\"#) }",
        ),
        ("payload", "/// See [`crate::watch`].\nuse crate::{graph::ModuleGraph, propagate};"),
        ("change", "use std::time::{Duration, Instant}; fn f(now: Instant) {}"),
        ("change", "fn f(engine: &E) { engine.notify(); self.watch::<u8>(); }"),
        ("change", "#[cfg(test)] mod tests { fn f() { let start = std::time::Instant::now(); } }"),
        ("change::tests", "fn f() { let start = std::time::Instant::now(); }"),
        ("resolve::glob", "use globset::GlobSet; use rustc_hash::FxHashMap;"),
        ("scan::style", "use cssparser::Parser; fn f() { oxc_parser::Parser::new() }"),
        ("", "pub mod watch; pub mod graph;"),
    ];
    for (module, text) in cases {
        assert_eq!(violations(module, text), [""; 0], "{module}: {text}");
    }
}

/// Collects `(path of the module, its source)` for every file below `folder`.
fn read(folder: &Path, module: &mut Vec<String>, sources: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("the sources are readable") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            module.push(name);
            read(&path, module, sources);
            module.pop();
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let own = !matches!(name.as_str(), "mod" | "lib");
            let parts: Vec<_> = module.iter().chain(own.then_some(&name)).cloned().collect();
            sources.push((parts.join("::"), std::fs::read_to_string(&path).expect("a source")));
        }
    }
}

/// What in the source of `module` (`graph::delta`; empty for the crate's root) does not keep to the map.
fn violations(module: &str, text: &str) -> Vec<String> {
    let parts: Vec<_> = module.split("::").filter(|part| !part.is_empty()).collect();
    let layer = parts.first().copied();
    let place = |name: &str| FLOW.iter().position(|known| *known == name);
    if let Some(layer) = layer
        && place(layer).is_none()
    {
        return vec![format!("{layer} is not on the map")];
    }
    let mut found = Vec::new();
    for Mention { path, depth, in_test } in mentions(text) {
        let names: Vec<_> = path.iter().map(String::as_str).collect();
        for (library, owners) in OWNERS {
            if names[0] == *library && layer.is_none_or(|layer| !owners.contains(&layer)) {
                found.push(format!("{module} names {library}"));
            }
        }
        let in_test = in_test || parts.contains(&"tests");
        if layer.is_some_and(|layer| !OUTSIDE.contains(&layer)) && !in_test {
            for edge in EDGES {
                if names.windows(edge.len()).any(|window| window == *edge) {
                    found.push(format!("{module} asks for {}", edge.join("::")));
                }
            }
        }
        if let (Some(layer), Some(used)) = (layer, layer_of(&names, parts.len() + depth))
            && place(used) > place(layer)
        {
            found.push(format!("{module} uses {used}"));
        }
    }
    found.dedup();
    found
}

/// Which module below the crate's root a path leads to, said from `depth` modules below that root.
fn layer_of<'a>(path: &[&'a str], depth: usize) -> Option<&'a str> {
    let supers = path.iter().take_while(|name| **name == "super").count();
    match path[0] {
        "crate" => path.get(1).copied(),
        "super" if supers == depth => path.get(supers).copied(),
        _ => None,
    }
}

/// A path that the source names.
struct Mention {
    path: Vec<String>,
    /// How many inline modules it stands in.
    depth: usize,
    /// Whether one of them is compiled for tests only.
    in_test: bool,
}

/// Every path of two names or more, and the single names that can only be libraries: in `use`, `extern crate` and
/// attributes.
fn mentions(text: &str) -> Vec<Mention> {
    let tokens = tokens(text);
    let token = |at: usize| tokens.get(at).map_or("", String::as_str);
    // One entry for each open brace: `Some(for tests only)` if it opens a module.
    let mut braces: Vec<Option<bool>> = Vec::new();
    let mut mentions = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let depth = braces.iter().flatten().count();
        let in_test = braces.iter().flatten().any(|test| *test);
        let mention = |path: Vec<String>| Mention { path, depth, in_test };
        match token(at) {
            "{" => {
                let opens_module = at >= 2 && token(at - 2) == "mod";
                braces.push(opens_module.then(|| is_for_tests(&tokens[..at - 2])));
                at += 1;
            }
            "}" => {
                braces.pop();
                at += 1;
            }
            "use" if token(at + 1) != "<" => {
                let end =
                    at + tokens[at..].iter().position(|token| token == ";").unwrap_or(tokens.len() - at);
                let mut paths = Vec::new();
                use_tree(&tokens[at + 1..end], &mut 0, &[], &mut paths);
                mentions.extend(paths.into_iter().map(mention));
                at = end;
            }
            name if is_name(name) => {
                let before = at.checked_sub(1).map_or("", token);
                let start = at;
                while token(at + 1) == "::" && is_name(token(at + 2)) {
                    at += 2;
                }
                let path: Vec<_> = tokens[start..=at].iter().step_by(2).cloned().collect();
                let lone = path.len() == 1
                    && !(before == "crate" && start >= 2 && token(start - 2) == "extern")
                    && !(before == "[" && start >= 2 && token(start - 2) == "#");
                if before != "." && !lone {
                    mentions.push(mention(path));
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
    mentions
}

/// Whether the tokens before a `mod` end in `#[cfg(test)]`, with or without a visibility between.
fn is_for_tests(before: &[String]) -> bool {
    let before = match before {
        [rest @ .., last] if last == "pub" => rest,
        _ => before,
    };
    before.ends_with(&["#", "[", "cfg", "(", "test", ")", "]"].map(str::to_owned))
}

/// The paths of one `use`, its braces multiplied out.
fn use_tree(tokens: &[String], at: &mut usize, prefix: &[String], paths: &mut Vec<Vec<String>>) {
    let mut path = prefix.to_vec();
    let mut grouped = false;
    while let Some(token) = tokens.get(*at) {
        match token.as_str() {
            "{" => {
                grouped = true;
                *at += 1;
                while tokens.get(*at).is_some_and(|token| token != "}") {
                    use_tree(tokens, at, &path, paths);
                    if tokens.get(*at).is_some_and(|token| token == ",") {
                        *at += 1;
                    }
                }
            }
            "," | "}" => break,
            // The new name is no path.
            "as" => *at += 1,
            name if is_name(name) => path.push(token.clone()),
            _ => {}
        }
        *at += 1;
    }
    if !grouped && !path.is_empty() {
        paths.push(path);
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// The source as names, `::` and single signs, without comments, strings, characters and lifetimes.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let starts = |at: usize, what: &str| what.chars().enumerate().all(|(i, c)| chars.get(at + i) == Some(&c));
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        if starts(at, "//") {
            while at < chars.len() && chars[at] != '\n' {
                at += 1;
            }
        } else if starts(at, "/*") {
            at = after_comment(&chars, at);
        } else if c == '"' {
            at = after_string(&chars, at);
        } else if c == '\'' {
            at = after_quote(&chars, at);
        } else if c.is_alphanumeric() || c == '_' {
            let start = at;
            while at < chars.len() && (chars[at].is_alphanumeric() || chars[at] == '_') {
                at += 1;
            }
            let word: String = chars[start..at].iter().collect();
            match raw_string(&chars, at, &word) {
                Some(end) => at = end,
                None => tokens.push(word),
            }
        } else if starts(at, "::") {
            tokens.push("::".to_owned());
            at += 2;
        } else {
            if !c.is_whitespace() {
                tokens.push(c.to_string());
            }
            at += 1;
        }
    }
    tokens
}

/// The place after a block comment, which may hold others.
fn after_comment(chars: &[char], mut at: usize) -> usize {
    let mut open = 0;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (open, at) = (open + 1, at + 2),
            ('*', Some('/')) => (open, at) = (open - 1, at + 2),
            _ => at += 1,
        }
        if open == 0 {
            break;
        }
    }
    at
}

/// The place after a string that has escapes.
fn after_string(chars: &[char], mut at: usize) -> usize {
    at += 1;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// The place after a character or a lifetime.
fn after_quote(chars: &[char], at: usize) -> usize {
    if chars.get(at + 1) == Some(&'\\') {
        let close = chars.iter().skip(at + 3).position(|c| *c == '\'');
        return close.map_or(chars.len(), |close| at + 3 + close + 1);
    }
    if chars.get(at + 2) == Some(&'\'') {
        return at + 3;
    }
    let name = chars.iter().skip(at + 1).take_while(|c| c.is_alphanumeric() || **c == '_').count();
    at + 1 + name
}

/// The place after a raw string, if `prefix`, which ends at `at`, begins one.
fn raw_string(chars: &[char], at: usize, prefix: &str) -> Option<usize> {
    if !matches!(prefix, "r" | "br" | "cr") {
        return None;
    }
    let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
    if chars.get(at + hashes) != Some(&'"') {
        return None;
    }
    let mut end = at + hashes + 1;
    while end < chars.len() {
        let closes =
            chars[end] == '"' && chars[end + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
        if closes {
            return Some(end + 1 + hashes);
        }
        end += 1;
    }
    Some(end)
}
