//! Paths as the whole project writes them: absolute, with `/`, on every platform.

use std::path::Path;

/// Turns a path of the operating system into the form used in events, graphs and payloads (Vite's
/// `normalizePath`: `/` as separator). A name that is not UTF-8 is converted lossily, as Node does.
pub fn normalize(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() }
}
