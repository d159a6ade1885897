//! The graph that was kept up to date is the graph built anew, after any sequence of edits; and no file is read that
//! has not changed. Random edits over small generated projects, from seeds: `PROJECT_SEED=7 cargo test --test
//! project_properties` repeats one.

mod project_support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bino_hmr::change::{Change, ChangeKind, EntryType};
use bino_hmr::project::{Project, ProjectOptions, ProjectUpdate, Snapshot};
use bino_hmr::resolve::Disk;
use project_support::{Memory, Thing};

/// Seeds, and batches of edits for each.
const MEMORY: (u64, usize) = (80, 40);
const DISK: (u64, usize) = (12, 25);

type Things = BTreeMap<PathBuf, Thing>;

/// SplitMix64: the same numbers for the same seed, forever.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'p, T>(&mut self, from: &'p [T]) -> &'p T {
        &from[self.below(from.len())]
    }
}

const DIRS: &[&str] =
    &["app/src", "app/src/a", "app/src/a/deep", "app/src/b", "app/other", "packages/lib/src"];
const NAMES: &[&str] = &["one", "two", "three", "index", "main"];
const EXPORTS: &[&str] = &["one", "two", "default"];
const EXTENSIONS: &[&str] =
    &["ts", "ts", "tsx", "js", "mjs", "json", "css", "scss", "module.css", "html", "vue"];

fn name(random: &mut Random) -> String {
    let extension = *random.pick(EXTENSIONS);
    let partial = if extension == "scss" && random.one_in(2) { "_" } else { "" };
    format!("{}/{partial}{}.{extension}", random.pick(DIRS), random.pick(NAMES))
}

fn specifier(random: &mut Random) -> String {
    let name = *random.pick(NAMES);
    let ending = *random.pick(&["", "", "", ".ts", ".js", ".json", "?raw", "/"]);
    match random.below(12) {
        0..=3 => format!("./{name}{ending}"),
        4 => format!("../{name}{ending}"),
        5 => format!("./{}/{name}{ending}", random.pick(&["a", "b", "deep", "linked"])),
        6 => format!("@/{}{name}", random.pick(&["", "a/", "b/"])),
        7 => "lib".to_owned(),
        8 => format!("lib/{name}"),
        9 => format!("#in/{name}"),
        10 => format!("/src/{name}.ts"),
        _ => random.pick(&["react", "node:fs", "virtual:x", ".", "..", "alias/one", "../a"]).to_string(),
    }
}

/// From one file to another that may be there, as it could be written.
fn towards(from: &str, known: &[PathBuf], random: &mut Random) -> String {
    let to = random.pick(known);
    let mut up = "./".to_owned();
    let mut dir = Path::new(from).parent().unwrap();
    while !to.starts_with(dir) {
        up += "../";
        dir = dir.parent().unwrap();
    }
    let below = to.strip_prefix(dir).unwrap();
    let short =
        random.one_in(2) && matches!(to.extension().unwrap().to_str().unwrap(), "ts" | "tsx" | "js" | "mjs");
    format!("{up}{}", if short { below.with_extension("") } else { below.to_owned() }.display())
}

fn text(path: &str, known: &[PathBuf], random: &mut Random) -> String {
    let mut text = format!("// {}\n", random.below(1000));
    let count = random.below(6);
    let specifier = |random: &mut Random| {
        if known.is_empty() || random.one_in(3) { specifier(random) } else { towards(path, known, random) }
    };
    if path.ends_with("css") {
        text = format!("/* {} */\n", random.below(1000));
        for _ in 0..count {
            let name = random.pick(NAMES);
            text += &match random.below(if path.ends_with("scss") { 4 } else { 2 }) {
                0 => format!("@import './{name}.css';\n"),
                1 => format!(".a {{ background: url({name}.ts) }}\n"),
                2 => format!("@use './{name}';\n"),
                _ => format!("@use '../{name}';\n"),
            };
        }
        return text;
    }
    if path.ends_with("html") {
        return format!("<script type=module src='{}'></script>\n", specifier(random));
    }
    let wrap = path.ends_with("vue");
    if wrap {
        text.insert_str(0, "<script>\n");
    }
    for at in 0..count {
        let to = specifier(random);
        text += &match random.below(12) {
            0 => format!("export * from '{to}'\n"),
            1 => format!("import('{to}')\n"),
            2 => format!("import type {{ T{at} }} from '{to}'\n"),
            3 => format!("import '{to}'\nimport.meta.hot.accept('{to}', () => {{}})\n"),
            4 => format!("import './{}.{}'\n", random.pick(NAMES), random.pick(EXTENSIONS)),
            5 => format!("new URL('./{}.css', import.meta.url)\n", random.pick(NAMES)),
            6 => format!(
                "import.meta.glob('{}')\n",
                random.pick(&["./*.ts", "./**/*.css", "../b/*", "/src/a/**", "@/b/*.ts"])
            ),
            7 => format!("import {{ {} as y{at} }} from '{to}'\n", random.pick(EXPORTS)),
            8 => format!("export {{ {} as z{at} }} from '{to}'\n", random.pick(EXPORTS)),
            9 => format!("import {{ {} as y{at} }} from '{to}?raw'\n", random.pick(EXPORTS)),
            _ => format!("import x{at} from '{to}'\n"),
        };
    }
    if random.one_in(5) {
        text += "import.meta.hot.accept()\n";
    }
    if random.one_in(3) {
        text += "export const one = 1, two = 2\n";
    }
    if random.one_in(3) {
        text += &format!(
            "import.meta.hot.acceptExports(['{}', '{}'])\n",
            random.pick(EXPORTS),
            random.pick(EXPORTS)
        );
    }
    if random.one_in(10) {
        let lines: Vec<_> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        let at = *random.pick(&lines);
        let accident = random.pick(&["const broken = { (\n", "'", "`\n", "#\n"]);
        text.insert_str(at, accident);
    }
    if wrap {
        text += "</script>\n";
    }
    text
}

fn tsconfig(random: &mut Random) -> String {
    match random.below(6) {
        0 => r#"{"compilerOptions": {"paths": {"@/*": ["./other/*"]}}}"#.to_owned(),
        1 => r#"{"extends": "./base.json"}"#.to_owned(),
        2 => r#"{"files": [], "references": [{"path": "./tsconfig.app.json"}]}"#.to_owned(),
        3 => r#"{"compilerOptions": {"baseUrl": "./src"}}"#.to_owned(),
        4 if random.one_in(3) => "{ broken".to_owned(),
        _ => r#"{"compilerOptions": {"paths": {"@/*": ["./src/*"]}}}"#.to_owned(),
    }
}

fn package(random: &mut Random) -> String {
    match random.below(6) {
        0 => r#"{"name": "lib", "exports": {".": "./src/index.ts", "./*": "./src/*.ts"}}"#.to_owned(),
        1 => r#"{"name": "lib", "exports": {".": {"browser": "./src/one.ts", "default": "./src/two.js"}}}"#
            .to_owned(),
        2 => r#"{"name": "lib", "main": "src/main"}"#.to_owned(),
        3 => r#"{"name": "lib", "exports": "./nowhere.js"}"#.to_owned(),
        4 if random.one_in(3) => "{ broken".to_owned(),
        _ => r#"{"name": "lib", "exports": {"./*": "./src/*"}}"#.to_owned(),
    }
}

fn generate(top: &Path, random: &mut Random) -> Memory {
    let memory = Memory::default();
    let mut known: Vec<_> = (0..50).map(|_| top.join(name(random))).collect();
    known.sort();
    known.dedup();
    known.extend(["app/src/main.ts", "app/index.html"].map(|entry| top.join(entry)));
    for path in &known {
        memory.write(path, &text(path.to_str().unwrap(), &known, random));
    }
    memory.write(top.join("app/tsconfig.json"), &tsconfig(random));
    memory.write(top.join("app/base.json"), &tsconfig(random));
    memory.write(
        top.join("app/tsconfig.app.json"),
        r#"{"include": ["src"], "compilerOptions": {"paths": {"@/*": ["./src/a/*"]}}}"#,
    );
    memory.write(top.join("app/package.json"), r##"{"imports": {"#in/*": "./src/*.ts"}}"##);
    memory.write(top.join("packages/lib/package.json"), &package(random));
    memory.put(top.join("app/node_modules/lib"), Thing::Link("../../packages/lib".into()));
    memory.write(top.join("app/node_modules/react/package.json"), r#"{"main": "index.js"}"#);
    memory.write(top.join("app/node_modules/react/index.js"), "export const react = 1\n");
    memory
}

fn files(memory: &Memory, top: &Path) -> Vec<PathBuf> {
    let source = |path: &Path| DIRS.iter().any(|dir| path.starts_with(top.join(dir)));
    let all = memory.all().into_iter();
    all.filter(|(path, thing)| matches!(thing, Thing::File(_)) && source(path))
        .map(|(path, _)| path)
        .collect()
}

/// One edit. `touched` gets the files that are written with the bytes that they had.
fn edit(
    memory: &Memory,
    top: &Path,
    random: &mut Random,
    locks: bool,
    touched: &mut BTreeSet<PathBuf>,
) -> String {
    let known = files(memory, top);
    let some = random.pick(&known).clone();
    match random.below(20) {
        0..=5 => {
            memory.write(&some, &text(some.to_str().unwrap(), &known, random));
            format!("change {}", some.display())
        }
        6..=8 => {
            let path = top.join(name(random));
            memory.remove(&path);
            memory.write(&path, &text(path.to_str().unwrap(), &known, random));
            format!("write {}", path.display())
        }
        9..=10 => {
            memory.remove(&some);
            format!("delete {}", some.display())
        }
        11 => {
            let Some(thing) = memory.thing(&some) else { return "nothing".to_owned() };
            let to = top.join(name(random));
            memory.remove(&some);
            memory.remove(&to);
            memory.put(&to, thing);
            format!("rename {} to {}", some.display(), to.display())
        }
        12 => {
            touched.insert(some.clone());
            format!("touch {}", some.display())
        }
        13 => {
            memory.write(top.join(random.pick(&["app/tsconfig.json", "app/base.json"])), &tsconfig(random));
            "tsconfig".to_owned()
        }
        14 => {
            let nested = top.join("app/src/a/tsconfig.json");
            if memory.thing(&nested).is_some() {
                memory.remove(&nested);
            } else {
                memory.write(&nested, r#"{"compilerOptions": {"paths": {"@/*": ["../b/*"]}}}"#);
            }
            "nested tsconfig".to_owned()
        }
        15 => {
            memory.write(top.join("packages/lib/package.json"), &package(random));
            "package.json".to_owned()
        }
        16 => {
            let link = top.join("app/node_modules/lib");
            match random.below(3) {
                0 => memory.remove(&link),
                1 => memory.put(&link, Thing::Link("../../packages/lib".into())),
                _ => memory.put(&link, Thing::Link("../other".into())),
            }
            "workspace link".to_owned()
        }
        17 => {
            let link = top.join(random.pick(&["app/src/linked", "app/src/a/two.ts", "app/src/b/linked"]));
            memory.remove(&link);
            if random.one_in(2) {
                let to = *random.pick(&["a", "../src", "../other", "b/one.ts", "/nowhere", "linked"]);
                memory.put(&link, Thing::Link(to.into()));
            }
            format!("link {}", link.display())
        }
        18 => {
            let dir = top.join(random.pick(&["app/src/a/deep", "app/src/b", "app/other"]));
            let to = top.join(random.pick(&["app/src/moved", "app/src/b"]));
            let below: Vec<_> = memory.all().into_iter().filter(|(path, _)| path.starts_with(&dir)).collect();
            memory.remove(&dir);
            for (path, thing) in below {
                if random.one_in(20) || to.starts_with(&dir) {
                    continue;
                }
                memory.put(to.join(path.strip_prefix(&dir).unwrap()), thing);
            }
            format!("move {} to {}", dir.display(), to.display())
        }
        _ if locks && random.one_in(2) => {
            memory.put(&some, Thing::Locked);
            format!("lock {}", some.display())
        }
        _ => {
            memory.remove(&some);
            memory.write(some.join("index.ts"), "export {}\n");
            format!("a directory at {}", some.display())
        }
    }
}

/// Keeps a project from falling apart: files come back, and an entry that imports some of them.
fn tend(memory: &Memory, top: &Path, random: &mut Random) {
    let known = files(memory, top);
    for _ in known.len()..30 {
        let path = top.join(name(random));
        if memory.thing(&path).is_none() {
            memory.write(&path, &text(path.to_str().unwrap(), &known, random));
        }
    }
    if random.one_in(4) {
        let main = top.join("app/src/main.ts");
        let imports =
            (0..8).map(|_| format!("import '{}'\n", towards(main.to_str().unwrap(), &known, random)));
        let text: String = imports.collect();
        memory.remove(&main);
        memory.write(&main, &text);
    }
}

/// What a watcher would say, in an order that it could have.
fn changes(before: &Things, after: &Things, touched: &BTreeSet<PathBuf>, random: &mut Random) -> Vec<Change> {
    let change = |kind, path: &Path, thing: &Thing| Change {
        kind,
        path: path.to_str().unwrap().to_owned(),
        entry: if *thing == Thing::Directory { EntryType::Directory } else { EntryType::File },
    };
    let directory = |thing: &Thing| *thing == Thing::Directory;
    let mut changes = Vec::new();
    for (path, old) in before.iter().rev() {
        match after.get(path) {
            None => changes.push(change(ChangeKind::Delete, path, old)),
            Some(new) if directory(old) != directory(new) => {
                changes.push(change(ChangeKind::Delete, path, old))
            }
            Some(_) => {}
        }
    }
    for (path, new) in after {
        match before.get(path) {
            Some(old) if directory(old) == directory(new) => {
                if old != new || touched.contains(path) {
                    changes.push(change(ChangeKind::Update, path, new));
                }
            }
            _ => changes.push(change(ChangeKind::Create, path, new)),
        }
    }
    if random.one_in(2) {
        changes.reverse();
    }
    changes
}

fn options(top: &Path) -> ProjectOptions {
    ProjectOptions {
        root: top.join("app"),
        entries: vec!["src/main.ts".into(), "index.html".into(), "src/one.ts".into()],
        alias: vec![("alias".to_owned(), top.join("app/other"))],
        conditions: None,
    }
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

fn modules(snapshot: &Snapshot) -> BTreeSet<PathBuf> {
    snapshot.modules.iter().map(|module| PathBuf::from(&*module.path)).collect()
}

/// Holds how often was read against what changed.
fn check_work(
    memory: &Memory,
    update: &ProjectUpdate,
    before: (&Things, &Snapshot),
    after: (&Things, &Snapshot),
    events: &[Change],
    what: &str,
) {
    let (known, now) = (modules(before.1), modules(after.1));
    // A link that changed may say so for the file that it leads to.
    let follow = |change: &Change| match change.kind {
        ChangeKind::Update => memory.real(Path::new(&change.path)),
        _ => None,
    };
    let events: BTreeSet<_> = events
        .iter()
        .flat_map(|change| [Some(PathBuf::from(&change.path)), follow(change)])
        .flatten()
        .collect();
    let readable = |path: &&PathBuf| matches!(after.0.get(*path), Some(Thing::File(_)));
    let changed: BTreeSet<_> = events.intersection(&known).filter(readable).cloned().collect();
    let added: BTreeSet<_> = now.difference(&known).filter(readable).cloned().collect();
    assert_eq!(
        update.read,
        changed.len() + added.len(),
        "read; {what}\nchanged {changed:?}\nadded {added:?}"
    );
    let other = changed.iter().filter(|path| before.0.get(*path) != after.0.get(*path)).count();
    assert_eq!(update.parsed, other + added.len(), "parsed; {what}");
    let paths = |set: BTreeSet<PathBuf>| {
        set.into_iter().map(|path| path.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let shown = |list: &[Arc<str>]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(shown(&update.added), paths(now.difference(&known).cloned().collect()), "added; {what}");
    assert_eq!(shown(&update.removed), paths(known.difference(&now).cloned().collect()), "removed; {what}");
}

/// Every change that concerns the graph has a way to somebody.
fn check_walk(update: &ProjectUpdate, after: &Snapshot, what: &str) {
    let there = modules(after);
    let chains = update.boundaries.iter().map(|boundary| &boundary.chain);
    for chain in chains.chain(update.dead_ends.iter().map(|end| &end.chain)) {
        assert!(!chain.is_empty(), "{what}");
        for step in chain.windows(2) {
            let importers = &after.modules.iter().find(|module| module.path == step[0]).unwrap().importers;
            assert!(importers.contains(&step[1]), "{} is not imported by {}; {what}", step[0], step[1]);
        }
    }
    assert!(update.affected.iter().all(|path| there.contains(Path::new(&**path))), "{what}");
}

fn same(kept: &Snapshot, anew: &Snapshot, what: &str) {
    if kept == anew {
        return;
    }
    for (one, two) in kept.modules.iter().zip(&anew.modules) {
        assert_eq!(one, two, "{what}");
    }
    assert_eq!(kept.modules.len(), anew.modules.len(), "{what}");
    for (one, two) in kept.diagnostics.iter().zip(&anew.diagnostics) {
        assert_eq!(one, two, "{what}");
    }
    panic!("{} diagnostics, {} anew; {what}", kept.diagnostics.len(), anew.diagnostics.len());
}

fn seeds(count: u64) -> Vec<u64> {
    match std::env::var("PROJECT_SEED") {
        Ok(seed) => vec![seed.parse().expect("a number")],
        Err(_) => (0..count).collect(),
    }
}

#[test]
fn incremental_equals_rebuilt_in_memory() {
    let (one, many) = (pool(1), pool(4));
    let top = Path::new("/top");
    let (mut batches, mut largest, mut total) = (0, 0, 0);
    for seed in seeds(MEMORY.0) {
        let random = &mut Random(seed);
        let memory = generate(top, random);
        let build = |pool: &rayon::ThreadPool| {
            let mut project = Project::new(options(top), Arc::new(memory.clone()));
            pool.install(|| project.build());
            project
        };
        let mut project = build(&one);
        let mut before = (memory.all(), project.snapshot());
        for batch in 0..MEMORY.1 {
            let mut touched = BTreeSet::new();
            let edits: Vec<_> =
                (0..1 + random.below(3)).map(|_| edit(&memory, top, random, true, &mut touched)).collect();
            tend(&memory, top, random);
            let what = format!("seed {seed}, batch {batch}: {edits:?}");
            let now = memory.all();
            let events = changes(&before.0, &now, &touched, random);
            memory.take_read();
            let update = one.install(|| project.update(&events));
            let read = memory.take_read();
            let kept = project.snapshot();
            same(&kept, &build(&many).snapshot(), &what);
            check_work(&memory, &update, (&before.0, &before.1), (&now, &kept), &events, &what);
            let sources = read.iter().filter(|path| !is_config(path)).count();
            // A glob can make modules of tsconfig files, which are also read to resolve.
            let there = modules(&kept).union(&modules(&before.1)).cloned().collect::<BTreeSet<_>>();
            let configs = there.iter().filter(|path| is_config(path)).count();
            let right = (sources..=sources + configs).contains(&update.read);
            assert!(right, "only these are read: {read:?}; {what}");
            check_walk(&update, &kept, &what);
            largest = largest.max(kept.modules.len());
            total += kept.modules.len();
            batches += 1;
            before = (now, kept);
        }
    }
    println!("{batches} batches; {} modules on average, {largest} at most", total / batches);
}

fn is_config(path: &Path) -> bool {
    matches!(
        path.file_name().unwrap().to_str().unwrap(),
        "package.json" | "tsconfig.json" | "tsconfig.app.json" | "base.json"
    )
}

#[cfg(unix)]
#[test]
fn incremental_equals_rebuilt_on_disk() {
    let (one, many) = (pool(1), pool(2));
    for seed in seeds(DISK.0) {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        let random = &mut Random(seed ^ 0xd15c);
        let memory = generate(&top, random);
        let mut before = (Things::new(), Snapshot::default());
        mirror(&before.0, &memory.all());
        let build = |pool: &rayon::ThreadPool| {
            let mut project = Project::new(options(&top), Arc::new(Disk));
            pool.install(|| project.build());
            project
        };
        let mut project = build(&one);
        before = (memory.all(), project.snapshot());
        for batch in 0..DISK.1 {
            let mut touched = BTreeSet::new();
            let edits: Vec<_> =
                (0..1 + random.below(3)).map(|_| edit(&memory, &top, random, false, &mut touched)).collect();
            tend(&memory, &top, random);
            let what = format!("seed {seed}, batch {batch}: {edits:?}");
            let now = memory.all();
            mirror(&before.0, &now);
            let events = changes(&before.0, &now, &touched, random);
            let update = one.install(|| project.update(&events));
            let kept = project.snapshot();
            same(&kept, &build(&many).snapshot(), &what);
            check_work(&memory, &update, (&before.0, &before.1), (&now, &kept), &events, &what);
            before = (now, kept);
        }
    }
}

/// Makes the disk what memory says.
#[cfg(unix)]
fn mirror(before: &Things, now: &Things) {
    for (path, old) in before.iter().rev() {
        match (old, now.get(path)) {
            (old, Some(new)) if old == new => {}
            (Thing::File(_), Some(Thing::File(_))) => {}
            (Thing::Directory, _) => std::fs::remove_dir_all(path).unwrap(),
            _ => std::fs::remove_file(path).unwrap(),
        }
    }
    for (path, new) in now {
        if before.get(path) == Some(new) {
            continue;
        }
        match new {
            Thing::Directory => std::fs::create_dir_all(path).unwrap(),
            Thing::File(text) => std::fs::write(path, text).unwrap(),
            Thing::Link(target) => std::os::unix::fs::symlink(target, path).unwrap(),
            Thing::Locked | Thing::Vanishing => unreachable!("not on disk"),
        }
    }
}
