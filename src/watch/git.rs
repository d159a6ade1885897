//! Whether git is at work in a work tree. Owns finding the work tree's own git directory; never reads its contents.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustc_hash::FxHashMap;

/// Where the locks of the work trees are that the paths of a transaction lie in. They are looked for anew in each
/// transaction: a repository, a linked work tree or a submodule can be made at any time, also below a root.
#[derive(Default)]
pub(super) struct Locks {
    by_directory: FxHashMap<PathBuf, Option<PathBuf>>,
}

impl Locks {
    /// How long ago the last of these directories' locks was taken; `None` if there is none.
    pub(super) fn age<'path>(&mut self, directories: impl Iterator<Item = &'path Path>) -> Option<Duration> {
        let locks: BTreeSet<PathBuf> = directories.filter_map(|directory| self.of(directory)).collect();
        locks.iter().filter_map(|lock| age(lock)).min()
    }

    /// Forgets what was found.
    pub(super) fn clear(&mut self) {
        self.by_directory.clear();
    }

    fn of(&mut self, directory: &Path) -> Option<PathBuf> {
        let known =
            directory.ancestors().find_map(|dir| self.by_directory.get(dir).map(|lock| (dir, lock.clone())));
        let (end, mut lock) = known.map_or((None, None), |(dir, lock)| (Some(dir), lock));
        if end == Some(directory) {
            return lock;
        }
        let unknown: Vec<&Path> = directory.ancestors().take_while(|dir| Some(*dir) != end).collect();
        for dir in unknown.into_iter().rev() {
            lock = lock_in(dir).or(lock);
            self.by_directory.insert(dir.to_owned(), lock.clone());
        }
        lock
    }
}

/// `index.lock` of the work tree whose top this directory is.
///
/// In a linked work tree or a submodule `.git` is a file that names the directory: `gitdir: <path>`. Each work tree
/// has its own index, hence its own lock: a commit in a neighbouring work tree holds nothing up here.
fn lock_in(dir: &Path) -> Option<PathBuf> {
    let dot_git = dir.join(".git");
    let metadata = std::fs::metadata(&dot_git).ok()?;
    if metadata.is_dir() {
        return Some(dot_git.join("index.lock"));
    }
    let text = std::fs::read_to_string(&dot_git).ok()?;
    let git_dir = text.strip_prefix("gitdir:")?.trim();
    Some(dir.join(git_dir).join("index.lock"))
}

/// How long ago a lock was taken; `None` if it is not there.
fn age(lock: &Path) -> Option<Duration> {
    let taken = std::fs::metadata(lock).ok()?.modified().ok()?;
    // A clock that was set back makes it a lock from the future: that is a new one.
    Some(taken.elapsed().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_is_the_work_trees_own() {
        let temp = tempfile::tempdir().unwrap();
        let at = |path: &str| temp.path().join(path);
        for dir in
            ["repo/.git/worktrees/two", "repo/packages/app", "repo/packages/nested/.git", "two/src", "sub"]
        {
            std::fs::create_dir_all(at(dir)).unwrap();
        }
        let absolute = format!("gitdir: {}\n", at("repo/.git/worktrees/two").display());
        std::fs::write(at("two/.git"), absolute).unwrap();
        std::fs::write(at("sub/.git"), "gitdir: ../repo/.git/modules/sub\n").unwrap();

        let table = [
            ("repo", "repo/.git/index.lock"),
            ("repo/packages/app", "repo/.git/index.lock"),
            ("two/src", "repo/.git/worktrees/two/index.lock"),
            ("repo/packages/nested/src", "repo/packages/nested/.git/index.lock"),
            ("repo/packages", "repo/.git/index.lock"),
            ("sub", "sub/../repo/.git/modules/sub/index.lock"),
        ];
        for (root, lock) in table {
            assert_eq!(Locks::default().of(&at(root)), Some(at(lock)), "{root}");
        }
        // One after the other, so that each finds what those before it left.
        let mut locks = Locks::default();
        for (root, lock) in table.into_iter().chain(table) {
            assert_eq!(locks.of(&at(root)), Some(at(lock)), "{root}");
        }
    }
}
