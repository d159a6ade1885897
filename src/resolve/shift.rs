//! What a batch of changes means for names. Owns what is forgotten for it; never knows who has asked.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use rustc_hash::{FxHashMap, FxHashSet};

use super::key::Key;
use super::tree::normal;
use super::{Entry, Resolver};
use crate::change::{Change, ChangeKind};

/// Which answers may have changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shift {
    /// All of them: a tsconfig, a package.json, a link or a `node_modules` changed.
    pub everything: bool,
    /// The paths that came or went, links before their names resolved, each once.
    pub names: Vec<PathBuf>,
}

impl Shift {
    /// Whether names are as they were.
    pub fn is_empty(&self) -> bool {
        !self.everything && self.names.is_empty()
    }
}

impl Resolver {
    /// Takes in what changed. No question may be under way.
    pub fn take_in(&self, changes: &[Change]) -> Shift {
        let mut shift = Shift::default();
        let mut gone = Vec::new();
        // Nothing may be listed before everything is compared: a new listing would pass for what was known.
        let mut places = FxHashMap::default();
        let mut checked = FxHashSet::default();
        for change in changes {
            let given = normal(Path::new(&change.path));
            let path = self.tree.beside_now(&given, &mut places);
            // Directories that came or went with it, should nobody have said so.
            let above = path.ancestors().skip(1).take_while(|dir| checked.insert((*dir).to_owned()));
            let above: Vec<_> = above.map(|dir| (dir.to_owned(), dir.to_owned(), None)).collect();
            for (path, given, kind) in [(path, given, Some(change.kind))].into_iter().chain(above) {
                let before = self.tree.remembered(&path);
                let now = self.tree.now(&path);
                shift.everything |= kind.is_some() && self.is_about_rules(&path)
                    || before == Some(Some(Entry::Link))
                    || now == Some(Entry::Link);
                let same = match before {
                    Some(before) => before == now,
                    // Nobody has looked there, or one name at a time.
                    None => kind.is_none_or(|kind| kind == ChangeKind::Update && now == Some(Entry::File)),
                };
                if same {
                    continue;
                }
                let directory = before == Some(Some(Entry::Directory)) || now != Some(Entry::File);
                gone.push((path, given, directory, now));
            }
        }
        let paths = || gone.iter().flat_map(|(path, given, ..)| [&**path, &**given]);
        let emptied = gone.iter().filter(|(.., directory, _)| *directory);
        let emptied: FxHashSet<_> =
            emptied.flat_map(|(path, given, ..)| [path.as_path(), given.as_path()]).collect();
        if !emptied.is_empty() {
            shift.names.extend(self.tree.remembered_below(&emptied));
        }
        self.tree.forget(&paths().collect::<Vec<_>>(), &emptied);
        for (path, _, _, now) in gone {
            if now == Some(Entry::Directory) {
                self.list_below(&path, &mut shift.names);
            }
            shift.names.push(path);
        }
        shift.names.sort();
        shift.names.dedup();
        shift.everything |= shift.names.iter().any(|path| self.is_about_rules(path));
        if shift.everything {
            self.tree.forget_everything();
            self.around.write().unwrap_or_else(PoisonError::into_inner).clear();
        }
        if !shift.is_empty() {
            self.scripts.clear_cache();
            self.bare.write().unwrap_or_else(PoisonError::into_inner).clear();
        }
        shift
    }

    fn is_about_rules(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str());
        matches!(name, Some("package.json" | "tsconfig.json" | "node_modules"))
            || self.tree.is_config(Key::of(path))
    }

    /// Everything in a new directory, links not followed.
    fn list_below(&self, dir: &Path, names: &mut Vec<PathBuf>) {
        let mut open = vec![dir.to_owned()];
        while let Some(dir) = open.pop() {
            for (name, entry) in self.tree.names(&dir).iter() {
                let path = dir.join(&**name);
                if *entry == Entry::Directory && &**name != "node_modules" {
                    open.push(path.clone());
                }
                names.push(path);
            }
        }
    }
}
