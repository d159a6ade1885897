//! Whether git is at work in a work tree. Owns finding the work tree's own git directory; never reads its contents.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Finds `index.lock` of the work tree that `root` lies in, which may be above `root`.
///
/// In a linked work tree or a submodule `.git` is a file that names the directory: `gitdir: <path>`. Each work tree
/// has its own index, hence its own lock: a commit in a neighbouring work tree holds nothing up here.
pub(super) fn lock_of(root: &Path) -> Option<PathBuf> {
    root.ancestors().find_map(|dir| {
        let dot_git = dir.join(".git");
        let metadata = std::fs::metadata(&dot_git).ok()?;
        if metadata.is_dir() {
            return Some(dot_git.join("index.lock"));
        }
        let text = std::fs::read_to_string(&dot_git).ok()?;
        let git_dir = text.strip_prefix("gitdir:")?.trim();
        Some(dir.join(git_dir).join("index.lock"))
    })
}

/// How long ago a lock was taken; `None` if it is not there.
pub(super) fn age(lock: &Path) -> Option<Duration> {
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
        for dir in ["repo/.git/worktrees/two", "repo/packages/app", "two/src", "sub"] {
            std::fs::create_dir_all(at(dir)).unwrap();
        }
        let absolute = format!("gitdir: {}\n", at("repo/.git/worktrees/two").display());
        std::fs::write(at("two/.git"), absolute).unwrap();
        std::fs::write(at("sub/.git"), "gitdir: ../repo/.git/modules/sub\n").unwrap();

        let table = [
            ("repo", "repo/.git/index.lock"),
            ("repo/packages/app", "repo/.git/index.lock"),
            ("two/src", "repo/.git/worktrees/two/index.lock"),
            ("sub", "sub/../repo/.git/modules/sub/index.lock"),
        ];
        for (root, lock) in table {
            assert_eq!(lock_of(&at(root)), Some(at(lock)), "{root}");
        }
    }
}
