//! The truth test: after random operations, what the events add up to is what lies on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use bino_hmr::change::{ChangeBatch, ChangeKind, EntryType};

use crate::lab::{Bench, Lab};

/// A small generator (splitmix64), so that a seed says it all.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { Some(&from[self.below(from.len())]) }
    }
}

type Tree = BTreeMap<PathBuf, EntryType>;

fn on_disk(dir: &Path, tree: &mut Tree) {
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        if path.to_str().unwrap().contains("/.sentinel-") {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            tree.insert(path.clone(), EntryType::Directory);
            on_disk(&path, tree);
        } else if path.is_file() {
            // So is a link to one; what dangles, or leads to a folder, is nothing.
            tree.insert(path, EntryType::File);
        }
    }
}

fn paths(tree: &Tree, entry: EntryType) -> Vec<PathBuf> {
    tree.iter().filter(|(_, known)| **known == entry).map(|(path, _)| path.clone()).collect()
}

/// One random operation. Any of them may fail (moving a folder into itself); that is part of the game.
fn operate(lab: &Lab, random: &mut Random, written: &mut BTreeSet<PathBuf>) -> std::io::Result<()> {
    let (root, out) = (lab.at("root"), lab.at("out"));
    let mut tree = Tree::new();
    on_disk(&root, &mut tree);
    let files = paths(&tree, EntryType::File);
    let mut dirs = paths(&tree, EntryType::Directory);
    let movable = dirs.clone();
    dirs.push(root);
    let mut outside = Tree::new();
    on_disk(&out, &mut outside);
    let outside: Vec<PathBuf> = outside.into_keys().filter(|path| path.parent() == Some(&out)).collect();

    let name = ["a", "b", "c", "d", "e"][random.below(5)];
    let new = random.pick(&dirs).unwrap().join(name);
    let away = out.join(random.next().to_string());
    let (one, two) =
        (random.pick(&movable).unwrap_or(&new).clone(), random.pick(&movable).unwrap_or(&new).clone());
    match random.below(22) {
        0..=2 => {
            fs::write(&new, random.next().to_string())?;
            written.insert(new);
        }
        3 => {
            if let Some(file) = random.pick(&files) {
                fs::write(file, random.next().to_string())?;
                written.insert(file.clone());
            }
        }
        4 => {
            let deep = new.join("x/y");
            fs::create_dir_all(&deep)?;
            fs::write(deep.join("z"), "z")?;
        }
        5 => fs::create_dir(&new)?,
        6 => fs::remove_file(random.pick(&files).unwrap_or(&new))?,
        7 => fs::remove_dir_all(random.pick(&movable).unwrap_or(&new))?,
        8 => fs::rename(random.pick(&files).unwrap_or(&new), &new)?,
        9 | 10 => fs::rename(random.pick(&movable).unwrap_or(&new), &new)?,
        11 => fs::rename(one, away)?,
        // Two folders that swap names, perhaps a few times.
        12..=14 => {
            for _ in 0..1 + random.below(3) {
                let third = one.with_file_name("third");
                fs::rename(&one, &third)?;
                // One may lie in the other, and then has to go back.
                let swapped = fs::rename(&two, &one);
                fs::rename(third, if swapped.is_ok() { &two } else { &one })?;
                swapped?;
            }
        }
        15 => {
            fs::rename(&one, &away)?;
            fs::write(away.join(name), "written while it was away")?;
            fs::rename(away, one)?;
        }
        16 => {
            fs::remove_dir_all(&one)?;
            fs::create_dir(&one)?;
            fs::write(one.join(name), "made again")?;
            written.insert(one.join(name));
        }
        17 => {
            // Comes and goes before anybody can watch it.
            fs::create_dir(&new)?;
            fs::remove_dir(&new)?;
        }
        #[cfg(unix)]
        18 => std::os::unix::fs::symlink(random.pick(&files).unwrap_or(&one), &new)?,
        // As `ln -sfn` does it.
        #[cfg(unix)]
        19 => {
            std::os::unix::fs::symlink(random.pick(&files).unwrap_or(&new), &away)?;
            fs::rename(away, random.pick(&files).unwrap_or(&new))?;
        }
        20 => fs::hard_link(random.pick(&files).unwrap_or(&new), &new)?,
        _ => fs::rename(random.pick(&outside).unwrap_or(&new), &new)?,
    }
    Ok(())
}

fn replay(batches: &[ChangeBatch], tree: &mut Tree, updated: &mut BTreeSet<PathBuf>) -> Result<(), String> {
    for change in batches.iter().flat_map(|batch| &batch.changes) {
        let path = PathBuf::from(&change.path);
        let known = tree.get(&path).copied();
        match (change.kind, known) {
            (ChangeKind::Create, None) => {
                let parent = path.parent().unwrap();
                if !parent.ends_with("root") && tree.get(parent) != Some(&EntryType::Directory) {
                    return Err(format!("{change:?} came before its directory"));
                }
                tree.insert(path.clone(), change.entry);
            }
            (ChangeKind::Update, Some(EntryType::File)) => {}
            (ChangeKind::Delete, Some(entry)) if entry == change.entry => {
                tree.remove(&path);
                if tree.keys().any(|other| other.starts_with(&path)) {
                    return Err(format!("{change:?} came before its contents"));
                }
            }
            _ => return Err(format!("{change:?} although it was {known:?}")),
        }
        updated.insert(path);
    }
    Ok(())
}

fn one_seed(seed: u64) {
    let mut random = Random(seed);
    let mut lab = Bench::new()
        .with(&["root/a/b/c", "root/d", "out/x"])
        .start_with(|options, _| options.gitignore = true);
    let mut told = Tree::new();
    on_disk(&lab.at("root"), &mut told);
    for round in 0..6 {
        let mut written = BTreeSet::new();
        let mut log = Vec::new();
        for _ in 0..1 + random.below(12) {
            let result = operate(&lab, &mut random, &mut written);
            log.push(result.map_err(|error| error.kind()));
            if random.below(4) == 0 {
                // Let the engine get ahead at times: another interleaving, not a wait for anything.
                std::thread::sleep(std::time::Duration::from_micros(500 * random.below(12) as u64));
            }
        }
        let batches = lab.quiesce();
        let shown: Vec<_> = batches.iter().map(|batch| lab.show(batch)).collect();
        let mut updated = BTreeSet::new();
        let replayed = replay(&batches, &mut told, &mut updated);
        let mut truth = Tree::new();
        on_disk(&lab.at("root"), &mut truth);
        assert!(replayed.is_ok(), "seed {seed} round {round}: {replayed:?}\n{shown:#?}");
        assert_eq!(told, truth, "seed {seed} round {round}\n{shown:#?}\n{log:?}");
        for path in written.iter().filter(|path| truth.get(*path) == Some(&EntryType::File)) {
            assert!(updated.contains(path), "seed {seed} round {round}: {path:?} was not told\n{shown:#?}");
        }
    }
    // Whatever happened, every directory is watched now under the name that it has.
    for (path, entry) in told.clone() {
        if entry == EntryType::Directory {
            fs::write(path.join("probe"), "1").unwrap();
        }
    }
    let mut updated = BTreeSet::new();
    replay(&lab.quiesce(), &mut told, &mut updated).unwrap();
    let mut truth = Tree::new();
    on_disk(&lab.at("root"), &mut truth);
    assert_eq!(told, truth, "seed {seed}: a directory is not watched");
}

#[test]
fn the_events_add_up_to_the_disk() {
    let seeds: Vec<u64> = match std::env::var("BINO_TEST_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (1..=std::env::var("BINO_TEST_SEEDS").map_or(60, |seeds| seeds.parse().unwrap())).collect(),
    };
    for seed in seeds {
        one_seed(seed);
    }
}
