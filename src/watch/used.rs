//! What is watched although it lies in what is left out, or outside of the roots: files of modules, files that imports
//! looked for, packages that a negation of the user names, and other repositories that modules come from.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Watch, disk, ignore, plain};
use crate::change::{Evidence, Transaction};

/// A module is read first, and its file told to us when the mirror of the graph is sent: some tens of milliseconds
/// later, or more while a page with thousands of modules loads. One event too many does no harm.
const YOUNG: Duration = Duration::from_secs(1);

impl Watch {
    /// Watches files that modules come from, each through its directory, and says which were not watched before. Those
    /// that the user left out stay so.
    pub fn use_files(&mut self, files: &[PathBuf]) -> Vec<PathBuf> {
        self.ask_about(files);
        let files = self.away.use_later(files);
        let mut new = self.unwatched_files(&files);
        // Virtual modules have names that look like files.
        new.retain(|file| self.keep_if(file, file.is_file()));
        let mut repositories = Vec::new();
        for file in &new {
            if let Some(repository) = self.foreign_above(file)
                && !repositories.contains(&repository)
            {
                repositories.push(repository);
            }
        }
        for repository in repositories {
            if let Some(prune) = self.scope.prune() {
                prune.keep(&repository);
            }
            self.learn_quietly(&repository);
        }
        // First the watches, then the looks.
        self.settle_names(&new);
        self.appraise(&new);
        for file in &new {
            if let Some(stat) = self.stat(file) {
                self.tree.put(file, stat);
            }
        }
        new
    }

    /// Watches for files that an import looked for, and says which have come in the meantime.
    pub fn await_files(&mut self, files: &[PathBuf]) -> Vec<PathBuf> {
        self.ask_about(files);
        let files = self.away.await_later(files);
        let mut new = self.unwatched_files(&files);
        // A directory is no place that an import means.
        new.retain(|file| self.keep_if(file, !file.is_dir()));
        self.settle_names(&new);
        new.retain(|file| file.is_file());
        new
    }

    /// Asks the mounts that files lie on. What lies in a watched directory needs no look at the disk.
    fn ask_about(&mut self, files: &[PathBuf]) {
        let outside = files.iter().filter(|file| !self.tree.holds_parent(file));
        let mut outside: Vec<PathBuf> = outside.cloned().collect();
        if !outside.is_empty() {
            outside.extend(self.scope.anchors().map(Path::to_owned));
        }
        self.ask_mounts(outside.iter().map(PathBuf::as_path), false);
    }

    /// Makes files dirty that were written so recently that whoever read them may have read what was there before they
    /// were watched, and those that nobody knows of.
    pub fn note_young(&mut self, files: &[PathBuf], transaction: &mut Option<Transaction>, now: Instant) {
        for file in files {
            let evidence = match self.tree.get(file) {
                None => Evidence::CREATED,
                Some(_) if disk::age(file).is_none_or(|age| age < YOUNG) => Evidence::WRITTEN,
                Some(_) => continue,
            };
            let open = transaction.get_or_insert_with(|| Transaction::open(now));
            open.mark(file, evidence, now);
            open.look();
        }
    }

    /// Those files that are watched by name from now on and lie in no watched tree.
    fn unwatched_files(&mut self, files: &[PathBuf]) -> Vec<PathBuf> {
        let mut new = Vec::new();
        for file in files {
            let file = plain(file);
            let inside = self.tree.holds_parent(&file);
            let known = inside && self.tree.get(&file).is_some();
            if file.is_absolute() && self.scope.add_file(&file, inside, known) && !inside {
                new.push(file);
            }
        }
        if !new.is_empty() {
            let places = self.real_places();
            new.retain(|file| self.keep_if(file, !self.is_held_elsewhere(file, &places)));
        }
        new
    }

    /// What was asked for through a link, and where that leads.
    fn real_places(&self) -> Vec<(PathBuf, PathBuf)> {
        let real = |anchor: &Path| Some((plain(&anchor.canonicalize().ok()?), anchor.to_owned()));
        self.scope.anchors().filter(|anchor| !self.away.covers(anchor)).filter_map(real).collect()
    }

    /// Whether the directory of a file is watched under another name, which leads through a link. Two names of one
    /// directory share the watch, and all its events come under the name that was given last.
    fn is_held_elsewhere(&self, file: &Path, places: &[(PathBuf, PathBuf)]) -> bool {
        let Some(real) = file.parent().and_then(|dir| dir.canonicalize().ok()) else { return false };
        places.iter().any(|(place, anchor)| {
            real.strip_prefix(place).is_ok_and(|rest| self.tree.holds(&plain(&anchor.join(rest))))
        })
    }

    fn keep_if(&mut self, file: &Path, keep: bool) -> bool {
        if !keep {
            self.scope.drop_file(file);
        }
        keep
    }

    /// The repository that was left out and that a file lies in.
    fn foreign_above(&self, file: &Path) -> Option<PathBuf> {
        let prune = self.scope.prune()?;
        let dir = file.ancestors().skip(1).find(|dir| self.pruned.contains(*dir))?;
        let level = dir.parent().and_then(|above| prune.level_of(above));
        (self.tree.holds_parent(dir)
            && !prune.prunes_below(dir, level.as_deref())
            && prune.is_foreign(dir, level.as_deref()))
        .then(|| dir.to_owned())
    }

    /// Watches what globs match, in directories that are there or not.
    pub fn add_globs(&mut self, globs: &[String]) {
        for glob in globs {
            match self.scope.add_glob(glob) {
                Ok(base) => {
                    let base = plain(&base);
                    if !self.tree.holds(&base) {
                        self.learn(&base);
                    }
                }
                Err(problem) => self.warn(problem),
            }
        }
        self.take_packages();
    }

    /// Takes in what negations name below the directories that walks found closed.
    pub(super) fn take_packages(&mut self) {
        while let Some(dir) = self.closed.pop() {
            for parts in self.scope.named_below(&dir) {
                for path in expand(&dir, &parts) {
                    if !self.scope.is_anchor(&path) {
                        self.take_package(path);
                    }
                }
            }
        }
    }

    /// A package may be a link: to a folder of the workspace, or into pnpm's store. Modules have the real path.
    fn take_package(&mut self, path: PathBuf) {
        let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
        let real = if is_link { path.canonicalize().map(|real| plain(&real)).unwrap_or(path) } else { path };
        if self.tree.holds(&real) || self.scope.is_anchor(&real) {
            return;
        }
        self.scope.add(&real);
        self.packages.insert(real.clone());
        self.learn(&real);
    }

    /// Whether a package that was waited for has come as a link; then what it leads to is watched instead.
    pub(super) fn is_link_to_package(&mut self, path: &Path) -> bool {
        let is_link = || path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
        if !self.packages.contains(path) || !is_link() {
            return false;
        }
        self.packages.remove(path);
        self.scope.drop_anchor(path);
        self.settle_beside();
        self.take_package(path.to_owned());
        true
    }

    /// What is watched by name in a directory that has a watch now needs none of its own.
    pub(super) fn settle_below(&mut self, dir: &Path) {
        let names: Vec<PathBuf> = self
            .scope
            .named()
            .filter(|name| *name != dir && name.starts_with(dir))
            .map(Path::to_owned)
            .collect();
        self.settle_names(&names);
    }
}

/// The paths that parts of a glob lead to. Only where a part is a glob the disk is asked.
fn expand(dir: &Path, parts: &[String]) -> Vec<PathBuf> {
    let mut paths = vec![dir.to_owned()];
    for part in parts {
        let is_glob = part.contains(['*', '?', '[', '{', '(']);
        paths = if !is_glob {
            paths.into_iter().map(|path| path.join(part)).collect()
        } else {
            let Ok(glob) = ignore::matcher(part) else { return Vec::new() };
            let names = |path: PathBuf| {
                let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
                entries.filter(|entry| glob.is_match(entry.file_name())).map(|entry| entry.path()).collect()
            };
            paths.into_iter().flat_map(|path| -> Vec<PathBuf> { names(path) }).collect()
        };
    }
    paths
}
