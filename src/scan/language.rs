//! Which language a file is read as, by its name alone.
//! Never looks at the bytes; a file with a wrong name becomes a diagnostic elsewhere.

use serde::Serialize;

/// What a file is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Language {
    /// `.js`, `.mjs`, `.cjs`, `.jsx`. JSX is understood in all of them.
    JavaScript,
    /// `.ts`, `.mts`, `.cts`, declaration files too.
    TypeScript,
    /// `.tsx`.
    Tsx,
    /// `.json`: it imports nothing, and its exports are not listed.
    Json,
    /// `.css`.
    Css,
    /// `.scss`.
    Scss,
    /// `.sass`, the indented syntax: of it only lines that begin with `@use`, `@forward` or `@import`, and `url()`.
    Sass,
    /// `.html`, `.htm`.
    Html,
    /// `.vue`.
    Vue,
    /// `.svelte`.
    Svelte,
    /// Anything else: only the hash is taken.
    Asset,
}

impl Language {
    /// By the last extension of `path`, in whatever case. `/` and `\` both end a folder's name.
    pub fn of(path: &str) -> Self {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        match name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
            Some("js" | "mjs" | "cjs" | "jsx") => Self::JavaScript,
            Some("ts" | "mts" | "cts") => Self::TypeScript,
            Some("tsx") => Self::Tsx,
            Some("json") => Self::Json,
            Some("css") => Self::Css,
            Some("scss") => Self::Scss,
            Some("sass") => Self::Sass,
            Some("html" | "htm") => Self::Html,
            Some("vue") => Self::Vue,
            Some("svelte") => Self::Svelte,
            _ => Self::Asset,
        }
    }
}
