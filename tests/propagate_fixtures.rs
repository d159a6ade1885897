//! One folder for each case: `tests/fixtures/<case>/graph.json` says who imports whom and what has changed,
//! `expected.json` what is sent and why. A new case is a folder, no code; `BLESS=1` writes its `expected.json`, to be
//! read before it is committed.
//!
//! ```text
//! { "why": "what the case shows",
//!   "modules": { "/main.js": { "imports": ["/dep.js", "/ui.js { a, b }"],   as written, the bindings in braces
//!                              "accepts": "self" | ["/dep.js"],
//!                              "acceptsExports": ["a"],
//!                              "kind": "js" | "css" | "asset",
//!                              "state": "loaded" | "unanalyzed" | "without id" | "orphaned" } },
//!   "passes": [ { "seeds": ["/dep.js"], "page": true } ] }
//! ```

mod graph_support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bino_hmr::graph::{Acceptance, ModuleId, ModuleKind};
use bino_hmr::payload::{decide, to_json};
use bino_hmr::propagate::{Pass, propagate};
use graph_support::{Sketch, graph_of};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What the case shows; for whoever reads it.
    #[serde(rename = "why")]
    _why: String,
    modules: BTreeMap<String, Entry>,
    passes: Vec<Changed>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Entry {
    imports: Vec<String>,
    accepts: Accepts,
    accepts_exports: Option<Vec<String>>,
    kind: Kind,
    state: State,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Accepts {
    Itself(Itself),
    Deps(Vec<String>),
}

impl Default for Accepts {
    fn default() -> Self {
        Self::Deps(Vec::new())
    }
}

#[derive(Deserialize)]
enum Itself {
    #[serde(rename = "self")]
    Yes,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Js,
    Css,
    Asset,
}

#[derive(Default, PartialEq, Deserialize)]
enum State {
    #[default]
    #[serde(rename = "loaded")]
    Loaded,
    #[serde(rename = "unanalyzed")]
    Unanalyzed,
    #[serde(rename = "without id")]
    WithoutId,
    #[serde(rename = "orphaned")]
    Orphaned,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changed {
    seeds: Vec<String>,
    #[serde(default)]
    page: bool,
}

/// Numbers for urls or names, in the order in which they are first asked for.
#[derive(Default)]
struct Interner(Vec<String>);

impl Interner {
    fn id(&mut self, text: &str) -> u32 {
        let at = self.0.iter().position(|known| known == text).unwrap_or_else(|| {
            self.0.push(text.to_owned());
            self.0.len() - 1
        });
        at as u32
    }
}

/// `"/ui.js { a, b }"` as the url and the bindings, if it has braces.
fn import(text: &str) -> (&str, Option<Vec<&str>>) {
    let Some((url, names)) = text.split_once('{') else { return (text.trim(), None) };
    let names =
        names.trim_end().trim_end_matches('}').split(',').map(str::trim).filter(|name| !name.is_empty());
    (url.trim(), Some(names.collect()))
}

/// The modules as sketches. The importers of a module stand in the order of the modules' urls.
fn sketches(modules: &BTreeMap<String, Entry>, case: &str) -> Vec<Sketch> {
    let id = |url: &str| -> u32 {
        let at = modules.keys().position(|known| known == url);
        at.unwrap_or_else(|| panic!("{case}: no module {url}")) as u32
    };
    let mut names = Interner::default();
    let mut sketches: Vec<_> = modules.keys().map(|url| Sketch::new(url.as_str())).collect();
    for (index, (url, entry)) in modules.iter().enumerate() {
        let mut bindings = Vec::new();
        for text in &entry.imports {
            let (dep, imported) = import(text);
            sketches[id(dep) as usize].importers.push(index as u32);
            if let Some(imported) = imported {
                bindings.push((id(dep), imported.into_iter().map(|name| names.id(name)).collect()));
            }
        }
        let sketch = &mut sketches[index];
        sketch.file = Some(format!("/root{}", url.split('?').next().unwrap_or(url)));
        sketch.has_id = entry.state != State::WithoutId;
        sketch.kind = match entry.kind {
            Kind::Js => ModuleKind::Js,
            Kind::Css => ModuleKind::Css,
            Kind::Asset => ModuleKind::Asset,
        };
        sketch.imported_bindings = (!bindings.is_empty()).then_some(bindings);
        sketch.accepted_exports =
            entry.accepts_exports.as_ref().map(|exports| exports.iter().map(|name| names.id(name)).collect());
        match &entry.accepts {
            Accepts::Itself(Itself::Yes) => sketch.acceptance = Acceptance::SelfAccepting,
            Accepts::Deps(deps) => sketch.accepted_deps = deps.iter().map(|dep| id(dep)).collect(),
        }
        sketch.orphaned = entry.state == State::Orphaned;
        if matches!(entry.state, State::Unanalyzed | State::WithoutId) {
            sketch.acceptance = Acceptance::Unanalyzed;
        }
    }
    sketches
}

fn run(folder: &Path) -> Value {
    let name = folder.display().to_string();
    let text =
        std::fs::read_to_string(folder.join("graph.json")).unwrap_or_else(|error| panic!("{name}: {error}"));
    let case: Case = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let sketches = sketches(&case.modules, &name);
    let graph = graph_of(&sketches);
    let seed = |url: &String| {
        let at = sketches.iter().position(|sketch| sketch.url == *url);
        ModuleId(at.unwrap_or_else(|| panic!("{name}: no module {url}")) as u32)
    };
    let passes: Vec<_> = case
        .passes
        .iter()
        .map(|changed| Pass { seeds: changed.seeds.iter().map(seed).collect(), page: changed.page })
        .collect();
    let walk = propagate(&graph, &passes);
    to_json(&decide(&graph, &passes, &walk), &graph, &walk, 1)
}

fn folders() -> Vec<PathBuf> {
    let all =
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")).expect("fixtures");
    let mut folders: Vec<_> =
        all.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()).collect();
    // Folders of other tests have no graph.
    folders.retain(|folder| folder.join("graph.json").exists());
    folders.sort();
    folders
}

#[test]
fn every_case_sends_what_it_expects() {
    let folders = folders();
    assert!(!folders.is_empty());
    let mut wrong = Vec::new();
    for folder in folders {
        let sent = run(&folder);
        let expected = folder.join("expected.json");
        if std::env::var_os("BLESS").is_some() {
            let text = serde_json::to_string_pretty(&sent).expect("json") + "\n";
            std::fs::write(&expected, text).expect("the case is writable");
            continue;
        }
        let text = std::fs::read_to_string(&expected).unwrap_or_default();
        if serde_json::from_str::<Value>(&text).ok().as_ref() != Some(&sent) {
            wrong.push(format!("{}: sent {sent:#}", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
