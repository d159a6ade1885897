//! What the machine takes at least, without Node and without a graph: `benches/floor.js` builds and asks it.
//!
//! - `floor scan <list>`: reads and scans the files that are named in `list`, one a line, on all threads; resolves
//!   nothing.
//! - `floor watch <root>`: one recursive watch of `notify`, which remembers nothing of what it saw.
//!
//! Answers with one line of JSON. It measures and asserts nothing.

use std::fs;
use std::path::Path;
use std::time::Instant;

use bino_hmr::scan::scan;
use notify::{RecursiveMode, Watcher};
use rayon::prelude::*;
use serde_json::{Value, json};

fn main() {
    // Cargo adds `--bench` when it starts this itself, as in `cargo test --benches`: then there is nothing to do.
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let answer = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["scan", list] => scan_all(list),
        ["watch", root] => watch(root),
        _ => return eprintln!("usage: floor scan <list> | floor watch <root>"),
    };
    println!("{answer}");
}

fn scan_all(list: &str) -> Value {
    let list = fs::read_to_string(list).expect("the list of files");
    let files: Vec<_> = list.lines().collect();
    let start = Instant::now();
    let (bytes, imports) = files
        .par_iter()
        .map(|file| {
            let bytes = fs::read(file).expect("a file of the list");
            (bytes.len(), scan(file, &bytes).imports.len())
        })
        .reduce(|| (0, 0), |one, other| (one.0 + other.0, one.1 + other.1));
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    json!({
        "milliseconds": milliseconds,
        "modules": files.len(),
        "bytes": bytes,
        "imports": imports,
        "threads": rayon::current_num_threads(),
        "cpu": cpu(),
        "peak": status("VmHWM:"),
    })
}

fn watch(root: &str) -> Value {
    let start = Instant::now();
    let mut watcher = notify::recommended_watcher(|_| {}).expect("a watcher");
    watcher.watch(Path::new(root), RecursiveMode::Recursive).expect("a watched root");
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    let cpu = cpu();
    json!({ "milliseconds": milliseconds, "cpu": cpu, "watches": watches(), "memory": status("VmRSS:") })
}

/// Milliseconds in user and system mode since this process began, as `benches/process.js` counts them.
fn cpu() -> Option<u64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<_> = stat[stat.rfind(')')? + 2..].split(' ').collect();
    let ticks = |field: usize| fields.get(field)?.parse::<u64>().ok();
    Some((ticks(11)? + ticks(12)?) * 10)
}

/// The inotify watches that this process holds; none on other systems.
fn watches() -> usize {
    let Ok(descriptors) = fs::read_dir("/proc/self/fdinfo") else { return 0 };
    descriptors
        .flatten()
        .flat_map(|entry| fs::read_to_string(entry.path()))
        .map(|info| info.lines().filter(|line| line.starts_with("inotify wd:")).count())
        .sum()
}

/// A line of `/proc/self/status` in bytes.
fn status(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
