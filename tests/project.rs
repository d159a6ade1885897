//! Projects that do not change much: what is told of them, and of those that are broken.

mod project_support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bino_hmr::change::{Change, ChangeKind, EntryType};
use bino_hmr::project::{ModuleInfo, Project, ProjectOptions, ProjectUpdate, Snapshot};
use bino_hmr::resolve::Disk;
use bino_hmr::scan::scan;
use project_support::{Memory, Thing};
use rayon::prelude::*;

fn options(entries: &[&str]) -> ProjectOptions {
    let entries = entries.iter().map(PathBuf::from).collect();
    ProjectOptions { root: "/app".into(), entries, ..ProjectOptions::default() }
}

fn project(memory: &Memory, entries: &[&str]) -> Project {
    let mut project = Project::new(options(entries), Arc::new(memory.clone()));
    project.build();
    project
}

fn change(kind: ChangeKind, path: &str) -> Change {
    Change { kind, path: path.to_owned(), entry: EntryType::File }
}

/// Writes a file and tells the project.
fn save(project: &mut Project, memory: &Memory, path: &str, text: &str) -> ProjectUpdate {
    let kind = if memory.thing(path).is_some() { ChangeKind::Update } else { ChangeKind::Create };
    memory.write(path, text);
    project.update(&[change(kind, path)])
}

fn module<'s>(snapshot: &'s Snapshot, path: &str) -> &'s ModuleInfo {
    snapshot.modules.iter().find(|module| &*module.path == path).unwrap_or_else(|| panic!("{path} is there"))
}

fn text(paths: &[Arc<str>]) -> Vec<&str> {
    paths.iter().map(|path| &**path).collect()
}

fn codes(snapshot: &Snapshot) -> Vec<(&str, &str)> {
    snapshot.diagnostics.iter().map(|found| (&*found.file, found.code)).collect()
}

#[test]
fn a_page_with_scripts_styles_and_a_workspace() {
    let memory = Memory::new(&[
        (
            "/app/index.html",
            "<link rel=stylesheet href=/src/page.css><script type=module src=/src/main.ts></script>",
        ),
        (
            "/app/src/main.ts",
            "import './app'\nimport './main.css'\nimport 'lib'\nimport 'react'\nimport type { A } from './types'\nimport.meta.hot.accept('./app', () => {})",
        ),
        (
            "/app/src/app.tsx",
            "import s from './app.module.css'\nimport './theme.scss'\nimport.meta.glob('./pages/*.ts')",
        ),
        ("/app/src/types.ts", ""),
        ("/app/src/pages/b.ts", ""),
        ("/app/src/pages/a.ts", "new URL('../logo.svg', import.meta.url)"),
        ("/app/src/logo.svg", "<svg/>"),
        ("/app/src/page.css", ""),
        ("/app/src/main.css", "@import './base.css'; .a { background: url(logo.svg) }"),
        ("/app/src/base.css", ""),
        ("/app/src/app.module.css", ""),
        ("/app/src/theme.scss", "@use 'vars';"),
        ("/app/src/_vars.scss", ""),
        ("/app/node_modules/lib", "-> ../../lib"),
        ("/lib/package.json", r#"{"exports": "./src/index.ts"}"#),
        ("/lib/src/index.ts", ""),
        ("/app/node_modules/react/package.json", r#"{"main": "index.js"}"#),
        ("/app/node_modules/react/index.js", ""),
    ]);
    let mut project = project(&memory, &["index.html"]);
    let graph = project.snapshot();
    assert_eq!(graph.diagnostics, []);
    let paths: Vec<_> = graph.modules.iter().map(|module| module.url.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/index.html",
            "/src/_vars.scss",
            "/src/app.module.css",
            "/src/app.tsx",
            "/src/base.css",
            "/src/logo.svg",
            "/src/main.css",
            "/src/main.ts",
            "/src/page.css",
            "/src/pages/a.ts",
            "/src/pages/b.ts",
            "/src/theme.scss",
            "/@fs/lib/src/index.ts",
        ]
    );
    let main = module(&graph, "/app/src/main.ts");
    assert_eq!(text(&main.imports), ["/app/src/app.tsx", "/app/src/main.css", "/lib/src/index.ts"]);
    assert_eq!(text(&main.accepted_deps), ["/app/src/app.tsx"]);
    let app = module(&graph, "/app/src/app.tsx");
    assert_eq!(
        text(&app.imports),
        ["/app/src/app.module.css", "/app/src/theme.scss", "/app/src/pages/a.ts", "/app/src/pages/b.ts"]
    );
    let accepting: Vec<_> =
        graph.modules.iter().filter(|module| module.self_accepting).map(|module| &*module.path).collect();
    assert_eq!(accepting, ["/app/src/main.css", "/app/src/page.css", "/app/src/theme.scss"]);
    assert_eq!(
        text(&module(&graph, "/app/src/logo.svg").importers),
        ["/app/src/main.css", "/app/src/pages/a.ts"]
    );
    assert_eq!(project.take_outside(), [Path::new("/lib/src")]);

    // Text of another style sheet: that one takes the update.
    let update = save(&mut project, &memory, "/app/src/_vars.scss", "$a: 1;");
    assert_eq!(update.boundaries.len(), 1);
    assert_eq!(text(&update.boundaries[0].chain), ["/app/src/_vars.scss", "/app/src/theme.scss"]);
    // A CSS module leaves it to the script, and that one to who accepts it.
    let update = save(&mut project, &memory, "/app/src/app.module.css", ".a {}");
    assert_eq!(
        text(&update.boundaries[0].chain),
        ["/app/src/app.module.css", "/app/src/app.tsx", "/app/src/main.ts"]
    );
    assert_eq!(&*update.boundaries[0].accepted_via, "/app/src/app.tsx");
    assert_eq!(text(&update.affected), ["/app/src/app.module.css", "/app/src/app.tsx", "/app/src/main.ts"]);
    // Nobody accepts the package: up to the page.
    let update = save(&mut project, &memory, "/lib/src/index.ts", "export const a = 1");
    assert_eq!(
        text(&update.dead_ends[0].chain),
        ["/lib/src/index.ts", "/app/src/main.ts", "/app/index.html"]
    );
    // A page more for the glob.
    let update = save(&mut project, &memory, "/app/src/pages/c.ts", "");
    assert_eq!((text(&update.added), update.read, update.parsed), (vec!["/app/src/pages/c.ts"], 1, 1));
    assert_eq!(text(&update.boundaries[0].chain), ["/app/src/app.tsx", "/app/src/main.ts"]);
}

#[test]
fn the_same_bytes_are_no_change() {
    let memory = Memory::new(&[("/app/a.ts", "import './b'"), ("/app/b.ts", "")]);
    let mut project = project(&memory, &["a.ts"]);
    let update = save(&mut project, &memory, "/app/b.ts", "");
    assert!(update.is_empty(), "{update:?}");
    assert_eq!((update.read, update.parsed, update.resolved), (1, 0, 0));
}

#[test]
fn only_who_asked_is_asked_again() {
    let memory = Memory::new(&[
        ("/app/a.ts", "import './b'\nimport './none'"),
        ("/app/b.ts", "import './c'"),
        ("/app/c.ts", "import 'missing'"),
    ]);
    let mut project = project(&memory, &["a.ts"]);
    assert_eq!(
        codes(&project.snapshot()),
        [("/app/a.ts", "BINO_RESOLVE_NOT_FOUND"), ("/app/c.ts", "BINO_RESOLVE_NOT_FOUND")]
    );
    let update = save(&mut project, &memory, "/app/other.ts", "");
    assert_eq!((update.read, update.resolved), (0, 0));
    let update = save(&mut project, &memory, "/app/none/index.ts", "");
    assert_eq!((update.read, update.parsed, update.resolved), (1, 1, 1));
    assert_eq!(text(&update.added), ["/app/none/index.ts"]);
    assert_eq!(update.diagnostics, [], "what was looked at again is fine now");
    memory.remove("/app/c.ts");
    let update = project.update(&[change(ChangeKind::Delete, "/app/c.ts")]);
    assert_eq!((update.read, update.resolved), (0, 2), "the importer, and the deleted one itself");
    assert_eq!(text(&update.removed), ["/app/c.ts"]);
    assert_eq!(text(&update.dead_ends[0].chain), ["/app/b.ts", "/app/a.ts"]);
}

#[test]
fn cycles_leave_together() {
    let memory = Memory::new(&[
        ("/app/a.ts", "import './b'"),
        ("/app/b.ts", "import './c'"),
        ("/app/c.ts", "import './b'"),
    ]);
    let mut project = project(&memory, &["a.ts"]);
    let update = save(&mut project, &memory, "/app/a.ts", "export {}");
    assert_eq!(text(&update.removed), ["/app/b.ts", "/app/c.ts"]);
    assert!(!project.files().knows("/app/b.ts"));
    assert!(project.files().knows("/app/a.ts") && !project.files().is_used("/app/a.ts"));
}

#[test]
fn an_entry_that_is_not_there_is_named() {
    let memory = Memory::new(&[("/app/a.ts", ""), ("/app/dir/x.ts", "")]);
    let mut project = project(&memory, &["a.ts", "src/none.ts", "dir"]);
    assert_eq!(
        codes(&project.snapshot()),
        [("/app/dir", "BINO_PROJECT_ENTRY"), ("/app/src/none.ts", "BINO_PROJECT_ENTRY")]
    );
    let message = &project.snapshot().diagnostics[1].message;
    assert_eq!(message, "the entry src/none.ts is not there, or is no file");
    let update = save(&mut project, &memory, "/app/src/none.ts", "");
    assert_eq!(text(&update.added), ["/app/src/none.ts"]);
    assert_eq!(codes(&project.snapshot()), [("/app/dir", "BINO_PROJECT_ENTRY")]);
}

#[test]
fn a_failure_names_file_place_specifier_and_what_was_tried() {
    let memory =
        Memory::new(&[("/app/a.ts", "// one\nconst a = 1; import b from './none'\nrequire('./nor')")]);
    let graph = project(&memory, &["a.ts"]).snapshot();
    let [error, warning] = graph.diagnostics.as_slice() else { panic!("{:?}", graph.diagnostics) };
    assert_eq!((&*error.file, error.position.line, error.position.column), ("/app/a.ts", 2, 28));
    assert_eq!(error.specifier.as_deref(), Some("./none"));
    assert!(error.tried.contains(&"/app/none.ts".to_owned()), "{error:?}");
    assert_eq!(error.severity, bino_hmr::scan::Severity::Error);
    assert_eq!(warning.severity, bino_hmr::scan::Severity::Warning);
}

#[test]
fn a_circle_through_links_ends() {
    let memory = Memory::new(&[
        ("/app/a.ts", "import './one/b'\nimport './loop/x'\nimport './self'"),
        ("/app/one", "-> two"),
        ("/app/two/b.ts", "import './back/a'"),
        ("/app/two/back", "-> .."),
        ("/app/loop", "-> pool"),
        ("/app/pool", "-> loop"),
        ("/app/self.ts", "-> self.ts"),
    ]);
    let mut project = project(&memory, &["a.ts"]);
    let graph = project.snapshot();
    assert_eq!(graph.modules.len(), 2);
    assert_eq!(text(&module(&graph, "/app/a.ts").importers), ["/app/two/b.ts"]);
    assert_eq!(
        codes(&graph),
        [("/app/a.ts", "BINO_RESOLVE_NOT_FOUND"), ("/app/a.ts", "BINO_RESOLVE_NOT_FOUND")]
    );
    let places =
        graph.diagnostics.iter().map(|it| (it.position.line, it.specifier.as_deref(), &*it.tried[0]));
    let expected = [(2, Some("./loop/x"), "/app/loop/x"), (3, Some("./self"), "/app/self")];
    assert_eq!(places.collect::<Vec<_>>(), expected);
    let update = save(&mut project, &memory, "/app/two/b.ts", "import './back/a'\nimport.meta.hot.accept()");
    assert!(update.boundaries[0].within_circular_import);
}

#[test]
fn a_broken_package_is_named_with_its_file() {
    let memory = Memory::new(&[
        ("/app/a.ts", "import 'json'\nimport 'exports/x'\nimport 'ok'"),
        ("/app/node_modules/json/package.json", "{ broken"),
        ("/app/node_modules/exports/package.json", r#"{"exports": {".": "./a.js"}}"#),
        ("/app/node_modules/ok/package.json", r#"{"exports": "./a.js"}"#),
        ("/app/node_modules/ok/a.js", ""),
    ]);
    let mut project = project(&memory, &["a.ts"]);
    let graph = project.snapshot();
    assert_eq!(codes(&graph), [("/app/a.ts", "BINO_RESOLVE_PACKAGE"); 2]);
    assert!(graph.diagnostics[0].message.contains("/app/node_modules/json/package.json:1:"), "{graph:?}");
    assert!(graph.diagnostics[1].message.contains("\"./x\" is not exported"), "{graph:?}");
    save(
        &mut project,
        &memory,
        "/app/node_modules/exports/package.json",
        r#"{"exports": {"./x": "./x.js"}}"#,
    );
    memory.write("/app/node_modules/exports/x.js", "");
    project.update(&[change(ChangeKind::Create, "/app/node_modules/exports/x.js")]);
    assert_eq!(codes(&project.snapshot()).len(), 1);
}

#[test]
fn what_is_wrong_with_a_package_is_told_with_the_place_that_asks() {
    let cases: &[(&str, &str, &str, &[&str])] = &[
        (
            "gone",
            r#"{"exports": "./gone.js"}"#,
            "is there, and the file",
            &["/app/node_modules/gone/gone.js"],
        ),
        (
            "main",
            r#"{"main": "lib/main"}"#,
            "is there, and the file",
            &["/app/node_modules/main/lib/main.js"],
        ),
        ("deep/x", "{}", "is there, and the file", &["/app/node_modules/deep/x.ts"]),
        ("shape", r#"{"exports": 7}"#, "is not exported", &["/app/node_modules/shape"]),
        (
            "out",
            r#"{"exports": {".": "../out.js"}}"#,
            "Invalid \"exports\" target",
            &["/app/node_modules/out"],
        ),
        ("key", r#"{"exports": {".": "./a.js", "a": 1}}"#, "", &["/app/node_modules/key"]),
        ("json", "{", "/app/node_modules/json/package.json:1:", &["/app/node_modules/json"]),
        ("none", "", "no package none is installed", &["/app/node_modules/none", "/node_modules/none"]),
    ];
    for (specifier, package, why, tried) in cases {
        let name = specifier.split('/').next().unwrap();
        let memory = Memory::new(&[("/app/src/a.ts", &format!("// one\n  import '{specifier}'"))]);
        if !package.is_empty() {
            memory.write(format!("/app/node_modules/{name}/package.json"), package);
        }
        let graph = project(&memory, &["src/a.ts"]).snapshot();
        let [found] = graph.diagnostics.as_slice() else { panic!("{specifier}: {:?}", graph.diagnostics) };
        assert_eq!((&*found.file, found.position.line, found.position.column), ("/app/src/a.ts", 2, 10));
        assert_eq!(found.specifier.as_deref(), Some(*specifier));
        assert!(found.message.contains(why), "{found:?}");
        assert!(tried.iter().all(|path| found.tried.iter().any(|tried| tried == path)), "{found:?}");
        let missing = package.is_empty() || why.contains("the file");
        assert_eq!(found.code, if missing { "BINO_RESOLVE_NOT_FOUND" } else { "BINO_RESOLVE_PACKAGE" });
    }
}

#[test]
fn an_internal_import_says_whether_it_is_named() {
    let memory = Memory::new(&[
        ("/app/a.ts", "import '#in'\nimport '#other'"),
        ("/app/package.json", r##"{"imports": {"#in": "./none.ts"}}"##),
    ]);
    let graph = project(&memory, &["a.ts"]).snapshot();
    let [named, other] = graph.diagnostics.as_slice() else { panic!("{:?}", graph.diagnostics) };
    assert!(named.message.contains("the file that `imports`"), "{named:?}");
    assert!(named.tried.contains(&"/app/none.ts".to_owned()), "{named:?}");
    assert!(other.message.contains("#other"), "{other:?}");
}

#[test]
fn a_file_that_is_gone_when_it_is_read_is_told() {
    let memory =
        Memory::new(&[("/app/a.ts", "import './b'"), ("/app/b.ts", "import './c'"), ("/app/c.ts", "")]);
    let mut project = project(&memory, &["a.ts"]);
    // It is there when its name is looked up, and not a moment later.
    memory.put("/app/b.ts", Thing::Vanishing);
    let update = project.update(&[change(ChangeKind::Update, "/app/b.ts")]);
    assert_eq!(codes(&project.snapshot()), [("/app/b.ts", "BINO_PROJECT_UNREADABLE")]);
    assert_eq!((text(&update.removed), update.dead_ends.len()), (vec!["/app/c.ts"], 1));
    memory.remove("/app/b.ts");
    let update = project.update(&[change(ChangeKind::Delete, "/app/b.ts")]);
    assert_eq!(text(&update.removed), ["/app/b.ts"]);
    assert_eq!(codes(&project.snapshot()), [("/app/a.ts", "BINO_RESOLVE_NOT_FOUND")]);
    let update = save(&mut project, &memory, "/app/b.ts", "");
    assert_eq!((text(&update.added), codes(&project.snapshot())), (vec!["/app/b.ts"], vec![]));
}

#[test]
fn a_broken_tsconfig_is_one_diagnostic() {
    let memory = Memory::new(&[
        ("/app/a.ts", "import './b'"),
        ("/app/b.ts", "import './c'"),
        ("/app/c.ts", ""),
        ("/app/tsconfig.json", "{\n  broken"),
    ]);
    let mut project = project(&memory, &["a.ts"]);
    assert_eq!(codes(&project.snapshot()), [("/app/tsconfig.json", "BINO_RESOLVE_TSCONFIG")]);
    assert_eq!(project.snapshot().modules.len(), 3, "what needs no tsconfig is found");
    let update = save(&mut project, &memory, "/app/tsconfig.json", "{}");
    assert_eq!((codes(&project.snapshot()), update.read), (vec![], 0));
    assert!(update.everything && !save(&mut project, &memory, "/app/c.ts", "1").everything);
}

#[test]
fn a_broken_save_reloads_nothing_that_a_whole_one_does_not() {
    let (tail, broken) =
        ("import.meta.hot.accept()\nexport const b = 1", "export function f( {\n  const = 2\n");
    let memory = Memory::new(&[
        ("/app/main.ts", "import './a'\nimport './b'\nimport './c'\nimport.meta.hot.accept('./c', () => {})"),
        ("/app/a.ts", tail),
        ("/app/b.ts", "import './d'\nimport.meta.glob('./m/*.ts')\nimport.meta.hot.accept('./d', () => {})"),
        ("/app/c.ts", ""),
        ("/app/d.ts", ""),
        ("/app/m/m.ts", "import.meta.hot.accept()"),
    ]);
    let mut project = project(&memory, &["main.ts"]);
    let whole = project.snapshot();
    let update = save(&mut project, &memory, "/app/a.ts", &format!("{broken}{tail}"));
    assert_eq!((text(&update.boundaries[0].chain), update.dead_ends), (vec!["/app/a.ts"], vec![]));
    assert_eq!((update.diagnostics[0].code, update.diagnostics[0].position.line), ("BINO_SCAN_SYNTAX", 2));
    // What others accept stays accepted, and nothing that is imported leaves the graph.
    for path in ["/app/main.ts", "/app/b.ts"] {
        let Some(Thing::File(good)) = memory.thing(path) else { panic!("{path} is a file") };
        let update = save(&mut project, &memory, path, &format!("{broken}{good}"));
        assert_eq!(text(&update.removed), [""; 0], "{path}");
    }
    for path in ["/app/c.ts", "/app/d.ts"] {
        let update = save(&mut project, &memory, path, "// saved");
        assert_eq!((update.boundaries.len(), update.dead_ends.len()), (1, 0), "{path}");
    }
    let graph = project.snapshot();
    assert_eq!(graph.modules, whole.modules);
    assert_eq!(graph.diagnostics.len(), 3);
}

#[test]
fn what_cannot_be_read_is_told() {
    let memory = Memory::new(&[("/app/a.ts", "import './b'\nimport './c.ts'"), ("/app/c.ts", "")]);
    memory.put("/app/b.ts", Thing::Locked);
    let mut project = project(&memory, &["a.ts"]);
    assert_eq!(codes(&project.snapshot()), [("/app/b.ts", "BINO_PROJECT_UNREADABLE")]);
    // A file that became a directory.
    memory.remove("/app/c.ts");
    memory.write("/app/c.ts/index.ts", "");
    let update = project.update(&[
        change(ChangeKind::Delete, "/app/c.ts"),
        Change { kind: ChangeKind::Create, path: "/app/c.ts".into(), entry: EntryType::Directory },
        change(ChangeKind::Create, "/app/c.ts/index.ts"),
    ]);
    assert_eq!(
        (text(&update.added), text(&update.removed)),
        (vec!["/app/c.ts/index.ts"], vec!["/app/c.ts"]),
        "{update:?}"
    );
    // A file that is gone before it is read, and nobody said so yet.
    memory.remove("/app/a.ts");
    project.update(&[change(ChangeKind::Update, "/app/a.ts")]);
    assert_eq!(codes(&project.snapshot()), [("/app/a.ts", "BINO_PROJECT_ENTRY")]);
    assert_eq!(project.snapshot().modules, []);
}

/// What an importer says, and whether a change of `dep.ts` concerns it, which accepts updates of `a` and `b` and has `c`.
type Taking = (&'static str, bool);

#[test]
fn who_takes_only_accepted_exports_is_left_alone() {
    let cases: &[Taking] = &[
        ("import { a } from './dep'", false),
        ("import { a as x, b } from './dep'", false),
        ("import './dep'", false),
        ("export { b as c } from './dep'", false),
        ("import { a, c } from './dep'", true),
        ("import { a } from './dep'\nimport { c } from './dep.ts'", true),
        ("import dep from './dep'", true),
        ("import * as dep from './dep'", true),
        ("import { a } from './dep'\nimport('./dep')", true),
        ("export { c } from './dep'", true),
        ("export * from './dep'", true),
        ("export * as dep from './dep'", true),
        ("const { a } = require('./dep')", true),
        ("import { a } from './dep?raw'", true),
        ("new URL('./dep.ts', import.meta.url)", true),
        ("import.meta.glob('./d*.ts')", true),
        ("import.meta.glob('./d*.ts', { eager: true })", true),
        ("import.meta.glob('./d*.ts', { import: 'a' })", true),
        ("import.meta.glob('./d*.ts', { import: 'a', eager: true })", false),
        ("import.meta.glob('./d*.ts', { import: 'c', eager: true })", true),
        ("import { a } from './dep'\nimport type { T } from './dep'", false),
    ];
    let dep = "export const a = 1, b = 2, c = 3, T = 4\nimport.meta.hot.acceptExports(['a', 'b'])";
    for (importer, concerned) in cases {
        let memory = Memory::new(&[("/app/main.ts", importer), ("/app/dep.ts", dep)]);
        let mut project = project(&memory, &["main.ts"]);
        let graph = project.snapshot();
        assert_eq!(module(&graph, "/app/dep.ts").accepted_exports, Some(vec!["a".into(), "b".into()]));
        let ignored = &module(&graph, "/app/main.ts").ignored;
        assert_eq!(text(ignored), if *concerned { vec![] } else { vec!["/app/dep.ts"] }, "{importer}");
        let update = save(&mut project, &memory, "/app/dep.ts", &format!("// saved\n{dep}"));
        // It takes its part of the change in any case.
        assert_eq!(update.boundaries.len(), 1, "{importer}");
        assert_eq!(text(&update.boundaries[0].chain), ["/app/dep.ts"], "{importer}");
        let ends: Vec<_> = update.dead_ends.iter().map(|end| text(&end.chain)).collect();
        if *concerned {
            assert_eq!(ends, [["/app/dep.ts", "/app/main.ts"]], "{importer}");
            assert_eq!(text(&update.affected), ["/app/dep.ts", "/app/main.ts"], "{importer}");
        } else {
            assert_eq!(ends, [[""; 0]; 0], "{importer}");
            assert_eq!(text(&update.affected), ["/app/dep.ts"], "{importer}");
        }
    }
}

#[test]
fn accepting_every_export_is_accepting_oneself() {
    let cases = [
        ("export const a = 1\nimport.meta.hot.acceptExports('a')", true),
        (
            "export const a = 1, b = 2\nimport.meta.hot.acceptExports('a'); import.meta.hot.acceptExports(['b'])",
            true,
        ),
        ("export const a = 1\nexport type T = 1\nimport.meta.hot.acceptExports('a')", true),
        ("export const a = 1\nexport default 1\nimport.meta.hot.acceptExports('a')", false),
        ("import.meta.hot.acceptExports()", true),
        ("export const a = 1\nimport.meta.hot.acceptExports(() => {})", false),
        ("export const a = 1\nimport.meta.hot.accept('./none', () => {})", false),
    ];
    for (dep, accepts) in cases {
        let memory = Memory::new(&[("/app/main.ts", "import * as dep from './dep'"), ("/app/dep.ts", dep)]);
        let graph = project(&memory, &["main.ts"]).snapshot();
        assert_eq!(module(&graph, "/app/dep.ts").self_accepting, accepts, "{dep}");
    }
}

#[test]
fn accepted_exports_come_and_go() {
    let (plain, accepting) =
        ("export const a = 1, b = 2", "export const a = 1, b = 2\nimport.meta.hot.acceptExports('a')");
    let memory = Memory::new(&[("/app/main.ts", "import { a } from './dep'"), ("/app/dep.ts", plain)]);
    let mut project = project(&memory, &["main.ts"]);
    let mut save = |path: &str, text: &str| {
        let update = save(&mut project, &memory, path, text);
        (update.boundaries.len(), update.dead_ends.len())
    };
    assert_eq!(save("/app/dep.ts", &format!("{plain} // saved")), (0, 1));
    assert_eq!(save("/app/dep.ts", accepting), (1, 0), "nobody wrote the importer meanwhile");
    assert_eq!(save("/app/main.ts", "import { b } from './dep'"), (0, 1));
    assert_eq!(save("/app/dep.ts", &format!("{accepting} // saved")), (1, 1));
    assert_eq!(save("/app/dep.ts", plain), (0, 1));
}

/// `cargo test --release --no-default-features --test project -- --ignored --nocapture`
///
/// Beside each build stands its floor: the same files, read and scanned in parallel and nothing else. Both are also
/// given in CPU time, which does not depend on what else the machine does.
#[test]
#[ignore = "a measurement, for release builds"]
fn cold_build() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    for count in [10_000, 50_000] {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let files = generate(&root, count);
        let floor = || {
            let read =
                |file: &PathBuf| scan(file.to_str().unwrap(), &std::fs::read(file).unwrap()).imports.len();
            files.par_iter().map(read).sum::<usize>()
        };
        let mut project = None;
        let build = || {
            let entries = vec!["src/main.ts".into()];
            let options = ProjectOptions { root: root.clone(), entries, ..ProjectOptions::default() };
            let mut built = Project::new(options, Arc::new(Disk));
            let update = built.build();
            assert_eq!(update.diagnostics.first(), None);
            assert_eq!(update.read, files.len());
            project = Some(built);
            update.read
        };
        measure(&format!("{} modules, floor", files.len()), &pool, floor);
        measure(&format!("{} modules, built", files.len()), &pool, build);
        let mut project = project.unwrap();
        let file = root.join("src/feature-7/Component777.tsx");
        let path = file.to_str().unwrap();
        let old = std::fs::read_to_string(&file).unwrap();
        let mut saves: Vec<_> = (0..100)
            .map(|round| {
                std::fs::write(&file, format!("{old}// {round}\n")).unwrap();
                let start = Instant::now();
                let update = pool.install(|| project.update(&[change(ChangeKind::Update, path)]));
                assert_eq!((update.read, update.parsed, update.resolved), (1, 1, 1));
                start.elapsed()
            })
            .collect();
        saves.sort();
        println!("  one file changed: best {:?}, median {:?}", saves[0], saves[50]);
        let mut timed = |what: &str, changes: &[Change]| {
            let start = Instant::now();
            let update = pool.install(|| project.update(changes));
            println!(
                "  {what}: {:?} (read {}, parsed {}, resolved {}, affected {})",
                start.elapsed(),
                update.read,
                update.parsed,
                update.resolved,
                update.affected.len()
            );
        };
        timed("the same bytes", &[change(ChangeKind::Update, path)]);
        for round in ["the first new file", "another new file"] {
            let new = root.join(format!("src/feature-7/{}.ts", round.replace(' ', "-")));
            std::fs::write(&new, "").unwrap();
            timed(round, &[change(ChangeKind::Create, new.to_str().unwrap())]);
        }
        std::fs::remove_file(&file).unwrap();
        timed("one file deleted", &[change(ChangeKind::Delete, path)]);
        std::fs::write(&file, old).unwrap();
        timed("and back", &[change(ChangeKind::Create, path)]);
        let paths = r#"{"compilerOptions": {"paths": {"@/*": ["./src/*"], "more": ["./src/main.ts"]}}}"#;
        std::fs::write(root.join("tsconfig.json"), paths).unwrap();
        timed(
            "tsconfig changed",
            &[change(ChangeKind::Update, root.join("tsconfig.json").to_str().unwrap())],
        );
    }
}

fn measure(what: &str, pool: &rayon::ThreadPool, mut run: impl FnMut() -> usize + Send) {
    let mut times: Vec<_> = (0..5)
        .map(|_| {
            let (start, cpu) = (Instant::now(), cpu_time());
            pool.install(&mut run);
            (start.elapsed(), cpu_time().saturating_sub(cpu))
        })
        .collect();
    times.sort();
    let cpu = times.iter().map(|(_, cpu)| *cpu).min().unwrap_or_default();
    println!("{what}, 2 threads: best {:?}, median {:?}; CPU time {cpu:?}", times[0].0, times[2].0);
}

/// User and system time of all threads so far; zero where there is no `/proc`.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = |at: usize| stat.rsplit(") ").next()?.split(' ').nth(at)?.parse::<u64>().ok();
    Duration::from_millis(10 * (ticks(11).unwrap_or(0) + ticks(12).unwrap_or(0)))
}

/// Components that import each other, a hundred to a folder, each folder with an index and a style. Gives all files
/// that the entry reaches, and `count` of them or a few more.
fn generate(root: &Path, count: usize) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut write = |path: PathBuf, text: &str| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        files.push(path);
    };
    let mut main = String::new();
    for folder in 0..count / 100 {
        let here = root.join(format!("src/feature-{folder}"));
        let mut all = String::new();
        for index in folder * 100..folder * 100 + 98 {
            // Never the two files that stand for the index and the style.
            let near = |index: usize| index - index % 100 + (index % 100).min(97);
            let (first, second) = (near(index / 2), near(index / 3));
            all += &format!("export * from './Component{index}'\n");
            write(here.join(format!("Component{index}.tsx")), &component(index, first, second));
        }
        write(here.join("index.ts"), &all);
        write(here.join("styles.module.css"), ".root { color: red }\n.selected { color: blue }\n");
        main += &format!("import './feature-{folder}'\n");
    }
    write(root.join("src/main.ts"), &main);
    let keep = files.clone();
    files.clear();
    for (path, text) in [
        ("tsconfig.json", r#"{"compilerOptions": {"paths": {"@/*": ["./src/*"]}}}"#),
        ("package.json", "{}"),
        ("node_modules/react/package.json", r#"{"main": "index.js"}"#),
        ("node_modules/react/index.js", ""),
    ] {
        std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        std::fs::write(root.join(path), text).unwrap();
    }
    keep
}

fn component(index: usize, first: usize, second: usize) -> String {
    format!(
        "import React, {{ useCallback, useEffect, useMemo, useState }} from 'react';
import {{ Component{first} }} from '../feature-{}/Component{first}';
import Second, {{ type SecondProps }} from '@/feature-{}/Component{second}';
import type {{ Item }} from '../types';
import styles from './styles.module.css';

export interface Component{index}Props extends SecondProps {{
  items: readonly Item[];
  initial?: number;
  onSelect?: (item: Item, index: number) => void;
}}

const LIMIT = {index};

/** Shows the items of feature {index}, and doesn't show more than the limit. */
export function Component{index}({{ items, initial = 0, onSelect, ...rest }}: Component{index}Props) {{
  const [selected, setSelected] = useState<number>(initial);
  const visible = useMemo(() => items.filter((item) => item.enabled && item.rank < LIMIT).slice(0, 50), [items]);
  const select = useCallback((item: Item, at: number) => {{
    setSelected(at);
    onSelect?.(item, at);
  }}, [onSelect]);

  useEffect(() => {{
    if (selected >= visible.length) setSelected(Math.max(0, visible.length - 1));
  }}, [selected, visible.length]);

  return (
    <section className={{styles.root}} data-count={{visible.length}}>
      <h2>{{`Feature ${{LIMIT}}: ${{visible.length}} items`}}</h2>
      <ul>
        {{visible.map((item, at) => (
          <li key={{item.id}} className={{at === selected ? styles.selected : undefined}} onClick={{() => select(item, at)}}>
            {{item.name}}
          </li>
        ))}}
      </ul>
      <Component{first} items={{visible}} />
      <Second {{...rest}} items={{visible}} />
    </section>
  );
}}
",
        first / 100,
        second / 100
    )
}

#[test]
fn a_file_that_was_met_in_passing_is_forgotten() {
    let memory = Memory::new(&[("/app/a.ts", "import './b'\n"), ("/app/b.ts", "export {}\n")]);
    let mut project = project(&memory, &["/app/a.ts"]);
    // Its deletion is told, and by the time that the project looks, it is there again.
    project.update(&[change(ChangeKind::Delete, "/app/b.ts")]);
    assert_eq!(codes(&project.snapshot()), []);
    memory.remove("/app/b.ts");
    // Nothing is told of it any more: it came and went.
    assert_eq!(project.modules_gone(&["/app/else.ts".into()]), []);
    let gone = project.modules_gone(&["/app/b.ts".into()]);
    project.update(&gone);
    assert_eq!(codes(&project.snapshot()), [("/app/a.ts", "BINO_RESOLVE_NOT_FOUND")]);
}
