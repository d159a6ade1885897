//! What to say when the system gives no more watches: how many there are, where most are needed, and the command that
//! helps. Reads the limits from `/proc`; changes nothing.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use crate::error::Error;
use crate::path::normalize;

/// What most distributions recommend for people who write software; a watch costs about 1 kB of memory, when used.
const USUAL_WATCHES: u64 = 524_288;

/// The default of most kernels is 128 for all programs of a user together.
const USUAL_INSTANCES: u64 = 1024;

/// How many folders are named.
const NAMED: usize = 3;

/// A folder that holds this share of all the folders is not worth naming; what is in it is.
const NEARLY_ALL: f64 = 0.8;

/// How far the watches reach.
pub(super) struct Reach {
    /// Folders that are watched.
    pub(super) holds: usize,
    /// Folders that should be.
    pub(super) wants: usize,
    /// Whether the others are polled.
    pub(super) polled: bool,
}

/// The limit on watches is reached.
pub(super) fn no_watch_left<'dir>(reach: &Reach, dirs: impl Iterator<Item = &'dir Path>) -> Error {
    let limit = Limit::read("max_user_watches", "max_inotify_watches");
    let missing = reach.wants.saturating_sub(reach.holds) as u64;
    // Whatever is in use, by us and by others, is the limit itself.
    let value = (limit.value + missing).saturating_mul(5) / 4;
    let value = value.max(USUAL_WATCHES).checked_next_power_of_two().unwrap_or(value);
    let rest = if reach.polled { "polled" } else { "not watched" };
    let summary = format!(
        "the limit on inotify watches ({} = {}) is reached: of {} folders {} are watched, and {missing} are {rest}{}",
        limit.key,
        limit.value,
        reach.wants,
        reach.holds,
        most(dirs)
    );
    Error::WatchLimit { summary, fix: limit.raise_to(value) }
}

/// There is no inotify instance for us: another limit than the one on watches, or the one on open files.
pub(super) fn no_instance(polled: bool) -> Error {
    let rest = if polled { "everything is polled" } else { "nothing can be watched" };
    if let Some(limit) = open_files_limit() {
        let value = (limit * 4).max(4096);
        return Error::WatchLimit {
            summary: format!("this process may open no more files (its limit is {limit}), so {rest}"),
            fix: format!("run `ulimit -n {value}` in the shell that starts it"),
        };
    }
    let limit = Limit::read("max_user_instances", "max_inotify_instances");
    let value = limit.value.saturating_mul(4).max(USUAL_INSTANCES);
    Error::WatchLimit {
        summary: format!(
            "the limit on inotify instances ({} = {}) is reached, so {rest}",
            limit.key, limit.value
        ),
        fix: limit.raise_to(value),
    }
}

/// A limit with its name as `sysctl` knows it.
struct Limit {
    key: String,
    value: u64,
}

impl Limit {
    /// There are two: one of the machine, and one of the user namespace, which containers have. The lower one is it.
    fn read(machine: &str, namespace: &str) -> Self {
        let read = |key: &str| {
            let path = Path::new("/proc/sys").join(key.replace('.', "/"));
            let value = std::fs::read_to_string(path).ok()?.trim().parse().ok()?;
            Some(Self { key: key.to_owned(), value })
        };
        let machine = format!("fs.inotify.{machine}");
        let found = [read(&machine), read(&format!("user.{namespace}"))].into_iter().flatten();
        // Of two that are equal the first: outside of containers they are one.
        found.min_by_key(|limit| limit.value).unwrap_or(Self { key: machine, value: 0 })
    }

    fn raise_to(&self, value: u64) -> String {
        let Self { key, .. } = self;
        format!(
            "run `sudo sysctl {key}={value}`, and to keep it after a restart \
             `echo {key}={value} | sudo tee /etc/sysctl.d/60-inotify.conf`; or leave folders out with `ignore`"
        )
    }
}

/// The limit on open files, if that is what is reached: then not even the list of them can be opened.
fn open_files_limit() -> Option<u64> {
    let open = std::fs::read_dir("/proc/self/fd").map(|list| list.count() as u64);
    let limits = std::fs::read_to_string("/proc/self/limits");
    let soft = limits.ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("Max open files"))?;
        line.split_whitespace().nth(3)?.parse::<u64>().ok()
    });
    match (open, soft) {
        (Ok(open), Some(soft)) if open + 4 < soft => None,
        (Ok(_), None) => None,
        (Err(_), _) if !cfg!(target_os = "linux") => None,
        (_, soft) => Some(soft.unwrap_or(1024)),
    }
}

fn most<'dir>(dirs: impl Iterator<Item = &'dir Path>) -> String {
    let named: Vec<_> =
        costly(dirs).iter().map(|(dir, count)| format!("{} ({count})", normalize(dir))).collect();
    if named.is_empty() { String::new() } else { format!(". Most lie in {}", named.join(", ")) }
}

/// The folders with most folders in them, itself counted, each with their number: those that one would leave out.
fn costly<'dir>(dirs: impl Iterator<Item = &'dir Path>) -> Vec<(PathBuf, usize)> {
    let mut below: FxHashMap<&Path, usize> = FxHashMap::default();
    let mut children: FxHashMap<&Path, Vec<&Path>> = FxHashMap::default();
    let mut total = 0;
    for dir in dirs {
        total += 1;
        for (at, above) in dir.ancestors().zip(dir.ancestors().skip(1).map(Some).chain([None])) {
            let count = below.entry(at).or_default();
            *count += 1;
            if *count == 1
                && let Some(above) = above
            {
                children.entry(above).or_default().push(at);
            }
        }
    }
    let heaviest_first = |dir: &Path| {
        let mut list = children.get(dir).cloned().unwrap_or_default();
        list.sort_by_key(|child| (std::cmp::Reverse(below[child]), *child));
        list
    };
    let mut at = Path::new("/");
    loop {
        let list = heaviest_first(at);
        match list.first() {
            Some(first)
                if below[first] as f64 >= NEARLY_ALL * total as f64 && children.contains_key(first) =>
            {
                at = first;
            }
            _ => return list.into_iter().take(NAMED).map(|dir| (dir.to_owned(), below[dir])).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(dirs: &[&str]) -> Vec<String> {
        let found = costly(dirs.iter().map(Path::new));
        found.iter().map(|(dir, count)| format!("{} {count}", dir.display())).collect()
    }

    #[test]
    fn the_folders_that_cost_most_are_named() {
        let mut app = vec!["/home/me/app".to_owned(), "/home/me/app/src".to_owned()];
        app.extend((0..5).map(|n| format!("/home/me/app/src/{n}")));
        app.extend((0..10).map(|n| format!("/home/me/app/data/{n}")));
        app.extend(["a", "b", "c"].map(|name| format!("/home/me/app/{name}")));
        let all: Vec<&str> = app.iter().map(String::as_str).collect();
        assert_eq!(named(&all), ["/home/me/app/data 10", "/home/me/app/src 6", "/home/me/app/a 1"]);
        // One folder that holds nearly everything says nothing; what is in it does.
        let mut deep: Vec<String> = (0..50).map(|n| format!("/x/vendor/big/{n}")).collect();
        deep.extend((0..30).map(|n| format!("/x/vendor/small/{n}")));
        deep.push("/x/src".to_owned());
        let deep: Vec<&str> = deep.iter().map(String::as_str).collect();
        assert_eq!(named(&deep), ["/x/vendor/big 50", "/x/vendor/small 30"]);
        assert_eq!(named(&[]), [""; 0]);
        assert_eq!(named(&["/"]), [""; 0]);
        assert_eq!(named(&["/one"]), ["/one 1"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_command_fits() {
        let reach = Reach { holds: 10, wants: 3_000_000, polled: true };
        let Error::WatchLimit { summary, fix } = no_watch_left(&reach, std::iter::empty()) else { panic!() };
        assert!(summary.contains("of 3000000 folders 10 are watched, and 2999990 are polled"), "{summary}");
        let value = fix.split(['=', '`']).nth(2).unwrap().parse::<u64>().unwrap();
        assert!(value >= 3_000_000 && value.is_power_of_two(), "{fix}");
        assert!(fix.contains("/etc/sysctl.d/"), "{fix}");
        let Error::WatchLimit { summary, fix } = no_instance(true) else { panic!() };
        assert!(summary.contains("instances") && fix.contains("max_user_instances="), "{summary} {fix}");
    }
}
