//! From what a walk found to what an environment is told: an update, a reload, or nothing.
//! Owns Vite's rules of `updateModules` and the shape of its payloads. Never sends anything, never invalidates.

use serde_json::{Value, json};

use crate::graph::{ModuleGraph, ModuleId, ModuleKind};
use crate::propagate::{Pass, Propagation, propagate};

/// What one environment is told about a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// The one payload for all of its passes.
    pub update: HotUpdate,
    /// Passes whose own page reloads besides, by index. Empty when everything reloads.
    pub pages: Vec<usize>,
}

/// The payload of a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HotUpdate {
    /// Nobody holds what has changed: nothing is sent.
    #[default]
    Noop,
    /// Boundaries import their changed modules again.
    Update(Vec<Update>),
    /// Every page reloads.
    Reload(Reload),
}

/// One boundary that takes the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Update {
    /// The module whose accept callback runs.
    pub boundary: ModuleId,
    /// The module that the page imports again: the boundary itself or one of its imports.
    pub accepted_via: ModuleId,
    /// What kind of module the boundary is: `js-update`, `css-update`.
    pub kind: ModuleKind,
    /// Whether the page has to add `?import`, because the url alone would not give JavaScript.
    pub explicit_import_required: bool,
    /// Whether the boundary lies in an import cycle: the page reloads if importing it again fails.
    pub within_circular_import: bool,
    /// Index of the pass that led here.
    pub pass: usize,
}

/// A reload of every page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reload {
    /// Index of the first pass that asks for it.
    pub pass: usize,
    /// Why it does.
    pub reason: Reason,
}

/// Why every page reloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The change reaches a module that nobody imports, and nobody on the way accepts it.
    DeadEnd {
        /// The changed module first, the one without importers last.
        chain: Vec<ModuleId>,
    },
    /// The page's own file has changed, and modules would be updated besides: the two cannot be told apart in one
    /// payload, so that Vite reloads every page.
    Page,
}

/// Decides what to tell an environment; `propagation` is the walk of these very passes over this graph.
pub fn decide(graph: &ModuleGraph, passes: &[Pass], propagation: &Propagation) -> Decision {
    let pages = page_reloads(graph, passes);
    let is_page = |pass: usize| pages.iter().any(|page| page.pass == pass);

    let dead_end = propagation
        .dead_ends
        .iter()
        .find(|dead_end| !is_page(dead_end.pass))
        .map(|found| Reload { pass: found.pass, reason: Reason::DeadEnd { chain: found.chain.clone() } });
    let widened = pages.iter().find(|page| page.updates_besides);
    let widened = widened.map(|page| Reload { pass: page.pass, reason: Reason::Page });
    if let Some(reload) = [dead_end, widened].into_iter().flatten().min_by_key(|reload| reload.pass) {
        return Decision { update: HotUpdate::Reload(reload), pages: Vec::new() };
    }

    let boundaries = propagation.boundaries.iter().filter(|found| !is_page(found.pass));
    let updates: Vec<_> = boundaries
        .map(|found| {
            let kind = graph.module(found.boundary).kind;
            Update {
                boundary: found.boundary,
                accepted_via: found.accepted_via,
                kind,
                explicit_import_required: kind == ModuleKind::Js
                    && !(is_js_request(graph.url(found.accepted_via))
                        || is_css_request(graph.url(found.accepted_via))),
                within_circular_import: found.within_circular_import,
                pass: found.pass,
            }
        })
        .collect();
    let update = if updates.is_empty() { HotUpdate::Noop } else { HotUpdate::Update(updates) };
    Decision { update, pages: pages.iter().map(|page| page.pass).collect() }
}

/// A pass that can only reload its page (see [`Pass::only_reloads`]).
struct PageReload {
    pass: usize,
    /// Whether Vite has collected updates for the same pass by the time it decides.
    updates_besides: bool,
}

fn page_reloads(graph: &ModuleGraph, passes: &[Pass]) -> Vec<PageReload> {
    let pages = passes.iter().enumerate().filter(|(_, pass)| pass.only_reloads(graph));
    pages.map(|(index, pass)| PageReload { pass: index, updates_besides: has_updates(graph, pass) }).collect()
}

/// Whether Vite would have collected updates for this pass alone. The walk of the transaction cannot tell: what an
/// earlier pass has visited is silent in it. Such passes are rare and small, so they are walked once more.
fn has_updates(graph: &ModuleGraph, pass: &Pass) -> bool {
    let alone = propagate(graph, std::slice::from_ref(pass));
    let Some(dead_end) = alone.dead_ends.first() else {
        return !alone.boundaries.is_empty();
    };
    // Vite keeps what the seeds before the first dead end have found, and nothing after.
    let before = pass.seeds.iter().take_while(|seed| dead_end.chain.first() != Some(seed)).copied().collect();
    !propagate(graph, &[Pass { seeds: before, page: pass.page }]).boundaries.is_empty()
}

/// The decision as data, for tests; what a page gets is put together in JavaScript, from the walk's answer:
/// `{ payload: Vite's payload or null, pages: [pass…], why: … }`, every module by its url.
///
/// `why` explains an update with one entry for each boundary, a reload with its reason; both carry the chain from the
/// changed module. `timestamp` is in milliseconds, as in Vite.
pub fn to_json(decision: &Decision, graph: &ModuleGraph, propagation: &Propagation, timestamp: u64) -> Value {
    let urls = |chain: &[ModuleId]| -> Vec<&str> { chain.iter().map(|&id| graph.url(id)).collect() };
    let (payload, why) = match &decision.update {
        HotUpdate::Noop => (Value::Null, Value::Null),
        HotUpdate::Update(updates) => {
            let payload = json!({
                "type": "update",
                "updates": updates.iter().map(|update| json!({
                    "type": update_type(update.kind),
                    "timestamp": timestamp,
                    "path": graph.url(update.boundary),
                    "acceptedPath": graph.url(update.accepted_via),
                    "explicitImportRequired": update.explicit_import_required,
                    "isWithinCircularImport": update.within_circular_import,
                })).collect::<Vec<_>>(),
            });
            let chains = updates.iter().map(|update| {
                let chain = propagation.chain_to(update.boundary, update.accepted_via);
                json!({ "pass": update.pass, "boundary": graph.url(update.boundary), "chain": urls(&chain) })
            });
            (payload, chains.collect())
        }
        HotUpdate::Reload(Reload { pass, reason }) => {
            let mut payload = json!({ "type": "full-reload", "path": "*" });
            let why = match reason {
                Reason::DeadEnd { chain } => {
                    if let Some(file) = chain.first().and_then(|&seed| graph.file(seed)) {
                        payload["triggeredBy"] = file.into();
                    }
                    json!({ "pass": pass, "reason": "dead-end", "chain": urls(chain) })
                }
                Reason::Page => json!({ "pass": pass, "reason": "page-with-updates" }),
            };
            (payload, why)
        }
    };
    json!({ "payload": payload, "pages": decision.pages, "why": why })
}

/// The `type` of an update, which Vite makes of the boundary's own type.
pub fn update_type(kind: ModuleKind) -> &'static str {
    match kind {
        ModuleKind::Js => "js-update",
        ModuleKind::Css => "css-update",
        ModuleKind::Asset => "asset-update",
    }
}

/// Extensions that Vite serves as JavaScript (`knownJsSrcRE`).
const JS_EXTENSIONS: &[&str] =
    &["js", "jsx", "ts", "tsx", "mjs", "mts", "vue", "marko", "svelte", "astro", "imba", "mdx"];

/// Extensions that Vite serves as CSS (`CSS_LANGS_RE`).
const CSS_EXTENSIONS: &[&str] = &["css", "less", "sass", "scss", "styl", "stylus", "pcss", "postcss", "sss"];

/// Vite's `isJSRequest`: a known extension, or none at all. Query and hash do not count.
fn is_js_request(url: &str) -> bool {
    let path = url.find(['?', '#']).map_or(url, |end| &url[..end]);
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((_, extension)) if JS_EXTENSIONS.contains(&extension) => true,
        // What Node's `path.extname` calls no extension: no dot, only a leading one, or `..`.
        None | Some(("", _)) => !path.ends_with('/'),
        Some(_) => name == "..",
    }
}

/// Vite's `isCSSRequest`: a known extension at the end of the url or before any of its question marks.
fn is_css_request(url: &str) -> bool {
    url.split('?').any(|part| part.rsplit_once('.').is_some_and(|(_, last)| CSS_EXTENSIONS.contains(&last)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_javascript_or_css_as_in_vite() {
        let cases = [
            ("/a.js", true, false),
            ("/a.mts?x=1#y", true, false),
            ("/a.vue?vue&type=style&lang.css", true, true),
            ("/a.cjs", false, false),
            ("/a.JS", false, false),
            ("/data.json", false, false),
            ("/data.json?file=.js", false, false),
            ("/a.css", false, true),
            ("/a.module.scss?inline", false, true),
            ("/a.css#top", false, false),
            ("/raw?file=a.css", true, true),
            ("/a.csss", false, false),
            ("/virtual", true, false),
            ("/@id/virtual:x", true, false),
            ("/folder/", false, false),
            ("/folder.js/", false, false),
            ("/folder.x/file", true, false),
            ("/.env", true, false),
            ("/.js", true, false),
            ("/a.", false, false),
            ("/..", true, false),
            ("/...", false, false),
            ("?x", true, false),
            ("", true, false),
        ];
        for (url, js, css) in cases {
            assert_eq!((is_js_request(url), is_css_request(url)), (js, css), "{url}");
        }
    }
}
