//! Paths as the whole project writes them: absolute, with `/`, on every platform.

use std::borrow::Cow;
use std::path::Path;

/// Turns a path of the operating system into the form used in events, graphs and payloads (Vite's
/// `normalizePath`: `/` as separator). A name that is not UTF-8 is converted lossily, as Node does.
pub fn normalize(path: &Path) -> String {
    text(path).into_owned()
}

/// The same for whoever only reads it: nothing is copied where the path is in that form already.
pub fn text(path: &Path) -> Cow<'_, str> {
    let text = path.to_string_lossy();
    if cfg!(windows) { Cow::Owned(text.replace('\\', "/")) } else { text }
}
