//! The usual case, answered from listings alone: the file lies where the specifier says, give or take an extension,
//! and no rule of a package, no link and no other root has a say. Whatever is not that simple is left to
//! `oxc_resolver`, which gives the same answer here, at ten times the price.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{EXTENSIONS, Entry, Resolver};

/// What TypeScript has specifiers say for the extension of a file, and what they may mean, in order.
pub(super) const MEANT: &[(&str, &[&str])] = &[
    (".js", &[".js", ".ts", ".tsx"]),
    (".jsx", &[".jsx", ".tsx"]),
    (".mjs", &[".mjs", ".mts"]),
    (".cjs", &[".cjs", ".cts"]),
];

impl Resolver {
    /// The file at `base`, a path without links before its name; `None` if it is not as simple as that.
    pub(super) fn plain(&self, base: &Path) -> Option<PathBuf> {
        let (dir, name) = (base.parent()?, base.file_name()?.to_str()?);
        if self.around(dir).maps_files {
            return None;
        }
        let names = self.tree.listed(dir)?;
        let written = Path::new(name).extension().and_then(OsStr::to_str);
        let meant =
            written.and_then(|extension| MEANT.iter().find(|(written, _)| written[1..] == *extension));
        let mut candidate = String::with_capacity(name.len() + 5);
        let mut there = |stem: &str, extension: &str| {
            candidate.clear();
            candidate.push_str(stem);
            candidate.push_str(extension);
            names.get(&*candidate).map(|entry| (dir.join(&candidate), *entry))
        };
        if let Some((written, meant)) = meant {
            let stem = name.strip_suffix(written)?;
            return file(meant.iter().find_map(|extension| there(stem, extension))?);
        }
        match there(name, "") {
            // Its files come after those with an extension.
            Some((_, Entry::Directory)) | None => {}
            Some(found) => return file(found),
        }
        file(EXTENSIONS.iter().find_map(|extension| there(name, extension))?)
    }
}

fn file((path, entry): (PathBuf, Entry)) -> Option<PathBuf> {
    (entry == Entry::File).then_some(path)
}
