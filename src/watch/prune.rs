//! Which directories nobody means when they say "the project": what `.gitignore`, `.ignore`, `.git/info/exclude` and
//! git's global excludes leave out, and other repositories and work trees. Owns reading those files and what they
//! say; never decides about a single file, and never about what the user's own `ignore` names.
//!
//! ```text
//!  /repo            .git, .gitignore, info/exclude, global excludes      a level: rules of one directory
//!  /repo/app        nothing of its own                                   no level
//!  /repo/app/src    .gitignore                                           a level above which the first one is
//! ```
//!
//! `.ignore` wins over git's files, a deeper file over a higher one, a later line over an earlier one: as in ripgrep.
//! Outside of a repository a `.gitignore` counts as well, from the folder asked for downwards.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder, gitconfig_excludes_path};
use rustc_hash::{FxHashMap, FxHashSet};

/// All levels that were met, by directory.
#[derive(Debug, Default)]
pub(super) struct Prune {
    levels: RwLock<FxHashMap<PathBuf, Arc<Level>>>,
    /// Other repositories that are watched all the same.
    kept: RwLock<FxHashSet<PathBuf>>,
}

/// The rules of one directory, and of those above that count for it too.
#[derive(Debug)]
pub(super) struct Level {
    above: Option<Arc<Level>>,
    git: Gitignore,
    plain: Gitignore,
    repository: Option<Repository>,
}

/// What a repository's own directory adds.
#[derive(Debug)]
struct Repository {
    exclude: Gitignore,
    global: Gitignore,
    submodules: FxHashSet<PathBuf>,
}

/// The names in a directory that make it a level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Marks {
    git: bool,
    plain: bool,
    pub(super) repository: bool,
}

impl Marks {
    /// Takes in a name of the directory.
    pub(super) fn note(&mut self, name: &std::ffi::OsStr) {
        match name.to_str() {
            Some(".gitignore") => self.git = true,
            Some(".ignore") => self.plain = true,
            Some(".git") => self.repository = true,
            _ => {}
        }
    }

    fn of(dir: &Path) -> Self {
        let has = |name| dir.join(name).symlink_metadata().is_ok();
        Self { git: has(".gitignore"), plain: has(".ignore"), repository: has(".git") }
    }
}

/// Whether what is ignored may change with this file.
pub(super) fn is_rules(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == ".gitignore" || name == ".ignore" || name == ".gitmodules")
}

impl Prune {
    /// Whether the contents of a directory are left out. What lies above the directory is not looked at: nobody gets
    /// below a directory that is left out, except for what was asked for.
    pub(super) fn prunes(&self, dir: &Path) -> bool {
        let level = dir.parent().and_then(|above| self.level_of(above));
        self.prunes_below(dir, level.as_deref()) || self.is_foreign(dir, level.as_deref())
    }

    /// The same for a directory whose level is at hand, apart from its being another repository.
    pub(super) fn prunes_below(&self, dir: &Path, level: Option<&Level>) -> bool {
        level.is_some_and(|level| level.ignores(dir)) && !self.is_kept(dir)
    }

    /// Whether a directory that holds a `.git` is somebody else's: neither a submodule nor used.
    pub(super) fn is_foreign(&self, dir: &Path, level: Option<&Level>) -> bool {
        dir.join(".git").symlink_metadata().is_ok() && self.is_strange(dir, level)
    }

    /// The same for a directory that is known to hold one.
    pub(super) fn is_strange(&self, dir: &Path, level: Option<&Level>) -> bool {
        !self.is_kept(dir) && !level.is_some_and(|level| level.has_submodule(dir))
    }

    /// Watches this repository from now on, although it is another one.
    pub(super) fn keep(&self, repository: &Path) {
        self.kept.write().unwrap_or_else(PoisonError::into_inner).insert(repository.to_owned());
    }

    fn is_kept(&self, dir: &Path) -> bool {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).contains(dir)
    }

    /// The rules that count for what lies in a directory.
    pub(super) fn level_of(&self, dir: &Path) -> Option<Arc<Level>> {
        let levels = self.levels.read().unwrap_or_else(PoisonError::into_inner);
        dir.ancestors().find_map(|dir| levels.get(dir).cloned())
    }

    /// Reads the rules for a folder that was asked for: those from the top of its repository down to itself. If it
    /// lies in what they leave out, only its own count: somebody wants it.
    pub(super) fn ask(&self, anchor: &Path) -> Arc<Level> {
        let repository = anchor.ancestors().position(|dir| Marks::of(dir).repository);
        let mut chain: Vec<&Path> = anchor.ancestors().take(repository.unwrap_or(0) + 1).collect();
        chain.reverse();
        let mut level: Option<Arc<Level>> = None;
        for dir in chain {
            if level.as_ref().is_some_and(|level| level.ignores(dir)) {
                level = None;
                break;
            }
            let marks = Marks::of(dir);
            if marks != Marks::default() && dir != anchor {
                level = Some(Arc::new(Level::read(dir, marks, level)));
            }
        }
        let level = Arc::new(Level::read(anchor, Marks::of(anchor), level));
        self.put(anchor, Arc::clone(&level));
        level
    }

    /// Takes in what a walk found in a directory, and gives the rules for what lies in it.
    pub(super) fn enter(&self, dir: &Path, marks: Marks, above: Option<Arc<Level>>) -> Option<Arc<Level>> {
        if marks == Marks::default() {
            return above;
        }
        let level = Arc::new(Level::read(dir, marks, above));
        self.put(dir, Arc::clone(&level));
        Some(level)
    }

    /// Reads the rules of a directory and of all below again. `is_anchor` says what was asked for, `is_away` what is not
    /// to be touched.
    pub(super) fn reload(
        &self,
        top: &Path,
        is_anchor: impl Fn(&Path) -> bool,
        is_away: impl Fn(&Path) -> bool,
    ) {
        let mut dirs: Vec<PathBuf> = {
            let mut levels = self.levels.write().unwrap_or_else(PoisonError::into_inner);
            let below = levels.keys().filter(|dir| dir.starts_with(top) && !is_away(dir));
            let below: Vec<PathBuf> = below.cloned().collect();
            for dir in &below {
                levels.remove(dir);
            }
            below
        };
        dirs.push(top.to_owned());
        dirs.sort();
        dirs.dedup();
        for dir in dirs {
            if is_anchor(&dir) {
                self.ask(&dir);
            } else {
                let above = dir.parent().and_then(|above| self.level_of(above));
                self.enter(&dir, Marks::of(&dir), above);
            }
        }
    }

    fn put(&self, dir: &Path, level: Arc<Level>) {
        self.levels.write().unwrap_or_else(PoisonError::into_inner).insert(dir.to_owned(), level);
    }
}

impl Level {
    fn read(dir: &Path, marks: Marks, above: Option<Arc<Level>>) -> Self {
        let file = |is_there: bool, name: &str| {
            if is_there { rules(dir, [dir.join(name)]) } else { Gitignore::empty() }
        };
        Self {
            // Another repository's rules end where it begins.
            above: if marks.repository { None } else { above },
            git: file(marks.git, ".gitignore"),
            plain: file(marks.plain, ".ignore"),
            repository: marks.repository.then(|| Repository::read(dir)),
        }
    }

    fn ignores(&self, dir: &Path) -> bool {
        let levels = || std::iter::successors(Some(self), |level| level.above.as_deref());
        let plain = levels().map(|level| level.plain.matched(dir, true)).find(|verdict| !verdict.is_none());
        let git = || levels().map(|level| level.git.matched(dir, true)).find(|verdict| !verdict.is_none());
        let rest = || {
            let repository = levels().find_map(|level| level.repository.as_ref())?;
            let exclude = repository.exclude.matched(dir, true);
            Some(if exclude.is_none() { repository.global.matched(dir, true) } else { exclude })
        };
        let verdict = plain.or_else(git).or_else(rest).unwrap_or(Match::None);
        verdict.is_ignore()
    }

    fn has_submodule(&self, dir: &Path) -> bool {
        std::iter::successors(Some(self), |level| level.above.as_deref())
            .find_map(|level| level.repository.as_ref())
            .is_some_and(|repository| repository.submodules.contains(dir))
    }
}

impl Repository {
    fn read(top: &Path) -> Self {
        let common = common_dir(top);
        let exclude = rules(top, common.iter().map(|dir| dir.join("info/exclude")));
        let own = common.as_ref().and_then(|dir| own_excludes_file(&dir.join("config")));
        let global = rules(top, own.or_else(gitconfig_excludes_path));
        let list = std::fs::read_to_string(top.join(".gitmodules")).unwrap_or_default();
        let paths = values(&list, "submodule", "path");
        Self { exclude, global, submodules: paths.map(|path| top.join(path)).collect() }
    }
}

/// The rules of files, about what lies in `dir`. A line that does not parse is left out, as git does, and so is a file
/// that cannot be read.
fn rules(dir: &Path, files: impl IntoIterator<Item = PathBuf>) -> Gitignore {
    let mut builder = GitignoreBuilder::new(dir);
    for file in files {
        drop(builder.add(file));
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// Where a work tree's repository keeps what all its work trees share.
fn common_dir(top: &Path) -> Option<PathBuf> {
    let dot_git = top.join(".git");
    if dot_git.is_dir() {
        return Some(dot_git);
    }
    let text = std::fs::read_to_string(&dot_git).ok()?;
    let git_dir = top.join(text.strip_prefix("gitdir:")?.trim());
    Some(match std::fs::read_to_string(git_dir.join("commondir")) {
        Ok(common) => git_dir.join(common.trim()),
        Err(_) => git_dir,
    })
}

/// `core.excludesFile` of the repository itself, which wins over the user's.
fn own_excludes_file(config: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(config).ok()?;
    let value = values(&text, "core", "excludesfile").last()?.to_owned();
    match value.strip_prefix("~/") {
        Some(rest) => Some(Path::new(&std::env::var_os("HOME")?).join(rest)),
        None => Some(PathBuf::from(value)),
    }
}

/// The values of a key in the sections of a name, in git's configuration language: as far as paths need it.
fn values<'a>(text: &'a str, section: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    let mut inside = false;
    text.lines().filter_map(move |line| {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            let name = header.split([' ', ']', '"']).next().unwrap_or_default();
            inside = name.eq_ignore_ascii_case(section);
            return None;
        }
        let (name, value) = line.split_once('=')?;
        (inside && name.trim().eq_ignore_ascii_case(key)).then(|| value.trim().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Disk(tempfile::TempDir);

    impl Disk {
        fn new(files: &[(&str, &str)]) -> Self {
            let disk = Self(tempfile::tempdir().unwrap());
            for (path, text) in files {
                let path = disk.at(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            disk
        }

        fn at(&self, path: &str) -> PathBuf {
            self.0.path().join(path)
        }

        /// Which of these directories a walk from `root` leaves out, if it comes by them.
        fn pruned<'a>(&self, root: &str, dirs: &[&'a str]) -> Vec<&'a str> {
            let prune = Prune::default();
            prune.ask(&self.at(root));
            for dir in dirs {
                let mut above = self.at(dir);
                above.pop();
                let between: Vec<_> =
                    above.ancestors().take_while(|dir| **dir != self.at(root)).map(Path::to_owned).collect();
                for dir in between.iter().rev() {
                    prune.enter(dir, Marks::of(dir), dir.parent().and_then(|dir| prune.level_of(dir)));
                }
            }
            dirs.iter().copied().filter(|dir| prune.prunes(&self.at(dir))).collect()
        }
    }

    #[test]
    fn rules_mean_what_they_mean_to_git() {
        let dirs = ["r/dist", "r/a/dist", "r/a/b/dist", "r/a/keep", "r/a/x.local", "r/src", "r/a/b/logs"];
        // The files, and which of `dirs` are left out.
        type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);
        let table: [Case; 12] = [
            ("none", &[], &[]),
            ("a name", &[("r/.gitignore", "dist\n")], &["r/dist", "r/a/dist", "r/a/b/dist"]),
            ("only here", &[("r/.gitignore", "/dist/\n")], &["r/dist"]),
            ("a deeper file wins", &[("r/.gitignore", "dist"), ("r/a/.gitignore", "!dist")], &["r/dist"]),
            ("a later line wins", &[("r/.gitignore", "a/*\n!a/keep\n")], &["r/a/dist", "r/a/x.local"]),
            (".ignore", &[("r/.ignore", "src\n")], &["r/src"]),
            (
                ".ignore wins over a deeper .gitignore",
                &[("r/.ignore", "!dist"), ("r/a/.gitignore", "dist")],
                &[],
            ),
            ("a pattern for files takes directories too", &[("r/.gitignore", "*.local")], &["r/a/x.local"]),
            (
                "above the root, in the repository",
                &[(".git/HEAD", ""), (".gitignore", "logs/")],
                &["r/a/b/logs"],
            ),
            ("above the repository", &[("r/.git/HEAD", ""), (".gitignore", "logs/")], &[]),
            ("no repository: what lies above means nothing", &[(".gitignore", "logs/")], &[]),
            ("info/exclude", &[("r/.git/info/exclude", "logs")], &["r/a/b/logs"]),
        ];
        for (name, files, expected) in table {
            let disk = Disk::new(files);
            let pruned = disk.pruned("r", &dirs);
            assert_eq!(pruned, expected, "{name}");
        }
    }

    #[test]
    fn a_root_that_is_ignored_itself_has_only_its_own_rules() {
        let files = [(".git/HEAD", ""), (".gitignore", "play/**\n*.gen"), ("play/r/.gitignore", "dist")];
        let disk = Disk::new(&files);
        assert_eq!(disk.pruned("play/r", &["play/r/src", "play/r/dist", "play/r/x.gen"]), ["play/r/dist"]);
    }

    #[test]
    fn a_work_tree_shares_what_its_repository_excludes() {
        let disk = Disk::new(&[
            ("repo/.git/info/exclude", "logs\n"),
            ("repo/.git/config", "[user]\n\tname = x\n[core]\n\texcludesFile = EXCLUDES\n"),
            ("repo/.git/worktrees/two/commondir", "../..\n"),
            ("excludes", "tmp/\n"),
        ]);
        let config = format!("[core]\n\texcludesFile = \"{}\"\n", disk.at("excludes").display());
        std::fs::write(disk.at("repo/.git/config"), config).unwrap();
        std::fs::create_dir(disk.at("two")).unwrap();
        let link = format!("gitdir: {}\n", disk.at("repo/.git/worktrees/two").display());
        std::fs::write(disk.at("two/.git"), link).unwrap();
        assert_eq!(disk.pruned("two", &["two/logs", "two/tmp", "two/src"]), ["two/logs", "two/tmp"]);
        assert_eq!(disk.pruned("repo", &["repo/logs", "repo/tmp"]), ["repo/logs", "repo/tmp"]);
    }

    #[test]
    fn other_repositories_are_left_out_and_submodules_are_not() {
        let disk = Disk::new(&[
            ("r/.git/HEAD", ""),
            ("r/.gitmodules", "[submodule \"ui kit\"]\n\tpath = libs/ui\n\turl = x\n"),
            ("r/libs/ui/.git", "gitdir: ../../.git/modules/ui\n"),
            ("r/libs/other/.git/HEAD", ""),
            ("r/.trees/two/.git", "gitdir: ../../.git/worktrees/two\n"),
        ]);
        let dirs = ["r/libs/ui", "r/libs/other", "r/.trees/two", "r/.trees"];
        assert_eq!(disk.pruned("r", &dirs), ["r/libs/other", "r/.trees/two"]);
        let prune = Prune::default();
        prune.ask(&disk.at("r"));
        prune.keep(&disk.at("r/libs/other"));
        assert!(!prune.prunes(&disk.at("r/libs/other")));
    }

    #[test]
    fn rules_that_change_are_read_again() {
        let disk = Disk::new(&[("r/.gitignore", "dist"), ("r/a/.gitignore", "logs"), ("r/a/b/c", "")]);
        let prune = Prune::default();
        prune.ask(&disk.at("r"));
        prune.enter(&disk.at("r/a"), Marks::of(&disk.at("r/a")), prune.level_of(&disk.at("r")));
        assert!(prune.prunes(&disk.at("r/a/dist")));
        std::fs::write(disk.at("r/.gitignore"), "tmp").unwrap();
        std::fs::remove_file(disk.at("r/a/.gitignore")).unwrap();
        prune.reload(&disk.at("r"), |dir| dir == disk.at("r"), |_| false);
        let pruned: Vec<_> = ["dist", "logs", "tmp"]
            .into_iter()
            .filter(|name| prune.prunes(&disk.at("r/a").join(name)))
            .collect();
        assert_eq!(pruned, ["tmp"]);
    }
}
