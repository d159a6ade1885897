//! Which answers a path that came or went can change. An answer is kept under a few keys; a path has a few keys too;
//! if they meet, the question is asked again.
//! Two paths with one key cost a question too many and nothing else.
//!
//! ```text
//!   './x' asked in /src        /src/x
//!   /src/x.ts comes            /src/x.ts  /src/x          its name, and without its extension
//!   /src/x/index.ts comes      /src/x/index.ts  /src/x/index  /src/x
//!   'pkg' asked in /src        below /node_modules/pkg    whatever comes or goes in there
//! ```

use std::hash::{Hash, Hasher};
use std::path::Path;

use rustc_hash::FxHasher;

/// The hash of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u64);

/// The extensions that a specifier may leave out or write in another way (`./x.js` for `x.ts`).
const SILENT: &[&str] =
    &["mjs", "js", "mts", "ts", "jsx", "tsx", "json", "cjs", "cts", "css", "scss", "sass"];

impl Key {
    /// Of the path itself.
    pub(super) fn of(path: &Path) -> Self {
        Self::salted(path.as_os_str().as_encoded_bytes(), 0)
    }

    /// Of everything below a directory.
    fn below(path: &[u8]) -> Self {
        Self::salted(path, 1)
    }

    fn salted(path: &[u8], salt: u8) -> Self {
        let mut hasher = FxHasher::default();
        path.hash(&mut hasher);
        salt.hash(&mut hasher);
        Self(hasher.finish())
    }

    /// Of a question that looks for a file at `path`, give or take an extension. The path has no links before its
    /// name.
    pub(super) fn asked(path: &Path, keys: &mut Vec<Self>) {
        let text = path.as_os_str().as_encoded_bytes();
        keys.push(Self::of(path));
        let stem = stem(text);
        if stem.len() != text.len() {
            keys.push(Self::salted(stem, 0));
        }
    }

    /// Of a question whose answer depends on a package's files; `path` is one of them or the package. `None` if it
    /// lies in no `node_modules`.
    pub(super) fn package(path: &Path) -> Option<Self> {
        let text = path.to_str()?;
        let start = text.rfind("/node_modules/")? + "/node_modules/".len();
        let names = if text[start..].starts_with('@') { 2 } else { 1 };
        let end = text[start..].match_indices('/').nth(names - 1).map_or(text.len(), |(at, _)| start + at);
        Some(Self::below(&text.as_bytes()[..end]))
    }

    /// Of whatever lies below a directory.
    pub(super) fn inside(path: &Path) -> Self {
        Self::below(path.as_os_str().as_encoded_bytes())
    }

    /// The keys of the questions that something new or gone at `path` may answer otherwise.
    pub fn touched(path: &Path) -> Vec<Self> {
        let text = path.as_os_str().as_encoded_bytes();
        let stem = stem(text);
        let mut keys = vec![Self::of(path), Self::salted(stem, 0)];
        let name = stem.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
        if matches!(&stem[name..], b"index" | b"_index" | b"package") && name > 1 {
            keys.push(Self::salted(&stem[..name - 1], 0));
        }
        if stem.get(name) == Some(&b'_') {
            let partial = [&stem[..name], &stem[name + 1..]].concat();
            keys.push(Self::salted(&partial, 0));
        }
        keys.extend(path.ancestors().map(|dir| Self::below(dir.as_os_str().as_encoded_bytes())));
        keys
    }
}

fn stem(path: &[u8]) -> &[u8] {
    let Some(dot) = path.iter().rposition(|byte| *byte == b'.') else { return path };
    let silent = SILENT.iter().any(|extension| extension.as_bytes() == &path[dot + 1..]);
    if silent && dot > 0 && path[dot - 1] != b'/' { &path[..dot] } else { path }
}
