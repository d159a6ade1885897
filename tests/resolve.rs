//! Where specifiers lead: tables over small disks in memory.

mod project_support;

use std::sync::Arc;

use bino_hmr::resolve::{Failure, GlobOptions, Kind, ResolveOptions, Resolver, Target};
use project_support::Memory;

fn resolver(files: &[(&str, &str)], alias: &[(&str, &str)]) -> Resolver {
    let alias = alias.iter().map(|(from, to)| ((*from).to_owned(), (*to).into())).collect();
    let options = ResolveOptions { root: "/app".into(), alias, conditions: None };
    Resolver::new(options, Arc::new(Memory::new(files)))
}

fn shown(outcome: &Result<Target, Failure>) -> String {
    match outcome {
        Ok(Target::File(path)) => path.to_string(),
        Ok(Target::External) => "external".to_owned(),
        Err(failure) => failure.code.to_owned(),
    }
}

/// Asks each `(importer, kind, specifier, expected)`.
fn check(resolver: &Resolver, table: &[(&str, Kind, &str, &str)]) {
    for (importer, kind, specifier, expected) in table {
        let outcome = resolver.resolve(importer, specifier, *kind);
        assert_eq!(shown(&outcome), *expected, "{specifier} in {importer} as {kind:?}: {outcome:?}");
    }
}

const NOT_FOUND: &str = "BINO_RESOLVE_NOT_FOUND";

#[test]
fn relative_specifiers_try_vites_extensions() {
    use Kind::Import;
    let files = [
        ("/app/src/main.ts", ""),
        ("/app/src/a.ts", ""),
        ("/app/src/both.js", ""),
        ("/app/src/both.ts", ""),
        ("/app/src/x.tsx", ""),
        ("/app/src/data.json", ""),
        ("/app/src/dir/index.ts", ""),
        ("/app/src/lib/package.json", r#"{"main": "lib/main.js"}"#),
        ("/app/src/lib/lib/main.js", ""),
        ("/app/src/logo.svg", ""),
        ("/app/src/dotted.name.ts", ""),
    ];
    let main = "/app/src/main.ts";
    check(
        &resolver(&files, &[]),
        &[
            (main, Import, "./a", "/app/src/a.ts"),
            (main, Import, "./a.ts", "/app/src/a.ts"),
            (main, Import, "./a.js", "/app/src/a.ts"),
            (main, Import, "./both", "/app/src/both.js"),
            (main, Import, "./both.js", "/app/src/both.js"),
            (main, Import, "./x.js", "/app/src/x.tsx"),
            (main, Import, "./x.jsx", "/app/src/x.tsx"),
            (main, Import, "./data", "/app/src/data.json"),
            (main, Import, "./dir", "/app/src/dir/index.ts"),
            (main, Import, "./dir/", "/app/src/dir/index.ts"),
            (main, Import, "./lib", "/app/src/lib/lib/main.js"),
            (main, Import, "./dotted.name", "/app/src/dotted.name.ts"),
            (main, Import, "./logo.svg?raw", "/app/src/logo.svg"),
            (main, Import, "./logo", NOT_FOUND),
            (main, Import, "../src/a", "/app/src/a.ts"),
            ("/app/src/dir/index.ts", Import, "..", NOT_FOUND),
            ("/app/src/dir/deep.ts", Import, ".", "/app/src/dir/index.ts"),
            (main, Import, "/src/a", "/app/src/a.ts"),
            (main, Import, "/app/src/a", "/app/src/a.ts"),
            (main, Import, "?x", "external"),
        ],
    );
}

#[test]
fn packages_are_entered_by_their_exports() {
    use Kind::{Import, Require, Sass, Style};
    let files = [
        (
            "/app/package.json",
            r##"{"name": "app", "imports": {"#lib/*": "./src/lib/*.ts", "#dep": "dep"}, "exports": "./src/self.ts"}"##,
        ),
        ("/app/src/self.ts", ""),
        ("/app/src/lib/one.ts", ""),
        (
            "/app/node_modules/dep/package.json",
            r#"{"name": "dep", "exports": {
                ".": {"import": "./import.js", "require": "./require.js"},
                "./browser": {"browser": "./b.js", "default": "./n.js"},
                "./dev": {"development": "./dev.js", "production": "./prod.js"},
                "./style": {"style": "./s.css", "default": "./s.js"},
                "./broken": "./nowhere.js", "./wrong": "no-dot.js"
            }}"#,
        ),
        ("/app/node_modules/dep/import.js", ""),
        ("/app/node_modules/dep/require.js", ""),
        ("/app/node_modules/dep/b.js", ""),
        ("/app/node_modules/dep/n.js", ""),
        ("/app/node_modules/dep/dev.js", ""),
        ("/app/node_modules/dep/prod.js", ""),
        ("/app/node_modules/dep/s.css", ""),
        ("/app/node_modules/dep/s.js", ""),
        (
            "/app/node_modules/old/package.json",
            r#"{"main": "m.js", "module": "m.mjs", "browser": {"./x.js": false, "./y.js": "./z.js"}}"#,
        ),
        ("/app/node_modules/old/m.js", ""),
        ("/app/node_modules/old/m.mjs", ""),
        ("/app/node_modules/old/x.js", ""),
        ("/app/node_modules/old/y.js", ""),
        ("/app/node_modules/old/z.js", ""),
        ("/app/node_modules/@scope/kit/package.json", r#"{"sass": "kit.scss", "style": "kit.css"}"#),
        ("/app/node_modules/@scope/kit/kit.scss", ""),
        ("/app/node_modules/@scope/kit/kit.css", ""),
        ("/app/node_modules/json/package.json", "{ broken"),
        ("/app/node_modules/json/index.js", ""),
        ("/app/node_modules/linked", "-> ../../packages/linked"),
        ("/packages/linked/package.json", r#"{"name": "linked", "exports": "./src/index.ts"}"#),
        ("/packages/linked/src/index.ts", ""),
    ];
    let main = "/app/src/main.ts";
    check(
        &resolver(&files, &[]),
        &[
            (main, Import, "dep", "/app/node_modules/dep/import.js"),
            (main, Require, "dep", "/app/node_modules/dep/require.js"),
            (main, Import, "dep/browser", "/app/node_modules/dep/b.js"),
            (main, Import, "dep/dev", "/app/node_modules/dep/dev.js"),
            (main, Style, "dep/style", "/app/node_modules/dep/s.css"),
            (main, Import, "dep/import.js", "BINO_RESOLVE_PACKAGE"),
            (main, Import, "dep/broken", NOT_FOUND),
            (main, Import, "dep/wrong", "BINO_RESOLVE_PACKAGE"),
            (main, Import, "old", "/app/node_modules/old/m.mjs"),
            (main, Import, "old/x.js", "external"),
            (main, Import, "old/y.js", "/app/node_modules/old/z.js"),
            (main, Sass, "@scope/kit", "/app/node_modules/@scope/kit/kit.scss"),
            (main, Style, "@scope/kit", "/app/node_modules/@scope/kit/kit.css"),
            (main, Style, "~@scope/kit/kit.css", "/app/node_modules/@scope/kit/kit.css"),
            (main, Import, "linked", "/packages/linked/src/index.ts"),
            (main, Import, "#lib/one", "/app/src/lib/one.ts"),
            (main, Import, "#dep", "/app/node_modules/dep/import.js"),
            (main, Import, "#other", "BINO_RESOLVE_PACKAGE"),
            (main, Import, "app", "/app/src/self.ts"),
            (main, Import, "json", "BINO_RESOLVE_PACKAGE"),
            (main, Import, "missing", NOT_FOUND),
            (main, Import, "fs", "external"),
            (main, Import, "fs/promises", "external"),
            (main, Import, "node:fs", "external"),
            (main, Import, "https://x.org/a.js", "external"),
            (main, Import, "data:text/javascript,1", "external"),
            (main, Import, "virtual:pwa", "external"),
            (main, Import, "\0made-up", "external"),
            (main, Import, "/@vite/client", "external"),
        ],
    );
}

#[test]
fn tsconfig_paths_are_those_of_the_nearest_config_that_has_the_file() {
    use Kind::Import;
    let files = [
        (
            "/app/tsconfig.json",
            r#"{"files": [], "references": [{"path": "./tsconfig.app.json"}, {"path": "./tsconfig.node.json"}]}"#,
        ),
        ("/app/tsconfig.base.json", r#"{"compilerOptions": {"paths": {"base/*": ["./base/*"]}}}"#),
        (
            "/app/tsconfig.app.json",
            r#"{
            // with comments
            "include": ["src"], "compilerOptions": {"paths": {"@/*": ["./src/*", "./other/*"], "exact": ["./src/a.ts"]}},
        }"#,
        ),
        ("/app/tsconfig.node.json", r#"{"extends": "./tsconfig.base.json", "include": ["scripts"]}"#),
        ("/app/src/a.ts", ""),
        ("/app/other/b.ts", ""),
        ("/app/base/c.ts", ""),
        ("/app/pkg/tsconfig.json", r#"{"compilerOptions": {"baseUrl": "."}}"#),
        ("/app/pkg/inner/d.ts", ""),
    ];
    check(
        &resolver(&files, &[]),
        &[
            ("/app/src/main.ts", Import, "@/a", "/app/src/a.ts"),
            ("/app/src/deep/main.ts", Import, "@/b", "/app/other/b.ts"),
            ("/app/src/main.ts", Import, "exact", "/app/src/a.ts"),
            ("/app/src/main.ts", Import, "base/c", NOT_FOUND),
            ("/app/scripts/build.ts", Import, "base/c", "/app/base/c.ts"),
            ("/app/scripts/build.ts", Import, "@/a", NOT_FOUND),
            ("/app/pkg/x.ts", Import, "inner/d", "/app/pkg/inner/d.ts"),
        ],
    );
}

#[test]
fn aliases_stand_for_the_beginning_of_a_specifier() {
    use Kind::{Asset, Import, Sass};
    let files =
        [("/app/src/a.ts", ""), ("/app/src/_b.scss", ""), ("/app/src/c.svg", ""), ("/lib/index.ts", "")];
    let alias = [("@/", "/app/src/"), ("lib", "/lib"), ("~", "src")];
    check(
        &resolver(&files, &alias),
        &[
            ("/app/main.ts", Import, "@/a", "/app/src/a.ts"),
            ("/app/main.ts", Import, "@/none", NOT_FOUND),
            ("/app/main.ts", Import, "@a", NOT_FOUND),
            ("/app/main.ts", Import, "lib", "/lib/index.ts"),
            ("/app/main.ts", Import, "lib/index", "/lib/index.ts"),
            ("/app/main.ts", Import, "library", NOT_FOUND),
            ("/app/main.scss", Sass, "@/b", "/app/src/_b.scss"),
            ("/app/main.css", Asset, "~/c.svg", "/app/src/c.svg"),
        ],
    );
}

#[test]
fn styles_and_pages_have_rules_of_their_own() {
    use Kind::{Asset, Page, Sass, Style};
    let files = [
        ("/app/index.html", ""),
        ("/app/src/main.ts", ""),
        ("/app/src/a.css", ""),
        ("/app/src/parts/_colors.scss", ""),
        ("/app/src/parts/_index.scss", ""),
        ("/app/src/whole.scss", ""),
        ("/app/src/plain.css", ""),
        ("/app/src/both.scss", ""),
        ("/app/src/_both.scss", ""),
        ("/app/src/bg.png", ""),
        ("/app/public/logo.png", ""),
    ];
    let (css, scss, page) = ("/app/src/main.css", "/app/src/main.scss", "/app/index.html");
    check(
        &resolver(&files, &[]),
        &[
            (css, Style, "./a.css", "/app/src/a.css"),
            (css, Style, "a.css", "/app/src/a.css"),
            (css, Style, "a", "/app/src/a.css"),
            (css, Style, "/src/a.css", "/app/src/a.css"),
            (css, Style, "none.css", NOT_FOUND),
            (css, Style, "https://x.org/a.css", "external"),
            (css, Asset, "bg.png", "/app/src/bg.png"),
            (css, Asset, "./bg.png#part", "/app/src/bg.png"),
            (css, Asset, "/logo.png", "/app/public/logo.png"),
            (css, Asset, "bg", NOT_FOUND),
            (scss, Sass, "parts/colors", "/app/src/parts/_colors.scss"),
            (scss, Sass, "./parts/colors", "/app/src/parts/_colors.scss"),
            (scss, Sass, "./parts/_colors.scss", "/app/src/parts/_colors.scss"),
            (scss, Sass, "parts", "/app/src/parts/_index.scss"),
            (scss, Sass, "whole", "/app/src/whole.scss"),
            (scss, Sass, "plain", "/app/src/plain.css"),
            (scss, Sass, "both", "/app/src/both.scss"),
            (scss, Sass, "sass:math", "external"),
            (page, Page, "/src/main.ts", "/app/src/main.ts"),
            (page, Page, "src/main.ts", "/app/src/main.ts"),
            (page, Page, "./src/main.ts", "/app/src/main.ts"),
            (page, Page, "//cdn.org/x.js", "external"),
            (page, Page, "/src/none.ts", NOT_FOUND),
        ],
    );
}

#[test]
fn globs_are_read_as_vite_reads_them() {
    let files = [
        ("/app/src/main.ts", ""),
        ("/app/src/pages/a.ts", ""),
        ("/app/src/pages/b.tsx", ""),
        ("/app/src/pages/deep/c.ts", ""),
        ("/app/src/pages/.hidden/d.ts", ""),
        ("/app/src/pages/node_modules/e/e.ts", ""),
        ("/app/src/pages/link.ts", "-> ../../other/f.ts"),
        ("/app/src/pages/dangling.ts", "-> nowhere.ts"),
        ("/app/src/pages/loop", "-> ../pages"),
        ("/app/other/f.ts", ""),
    ];
    let resolver = resolver(&files, &[("@", "/app/src")]);
    let pages = |names: &[&str]| names.iter().map(|name| format!("/app/{name}")).collect::<Vec<_>>();
    let table: &[(&[&str], GlobOptions, Vec<String>)] = &[
        (&["./pages/*.ts"], GlobOptions::default(), pages(&["other/f.ts", "src/pages/a.ts"])),
        (
            &["./pages/*.{ts,tsx}"],
            GlobOptions::default(),
            pages(&["other/f.ts", "src/pages/a.ts", "src/pages/b.tsx"]),
        ),
        (
            &["./pages/**/*.ts", "!**/f.ts", "!./pages/link.ts"],
            GlobOptions::default(),
            pages(&["src/pages/a.ts", "src/pages/deep/c.ts"]),
        ),
        (&["/src/pages/deep/*"], GlobOptions::default(), pages(&["src/pages/deep/c.ts"])),
        (&["@/pages/deep/*.ts"], GlobOptions::default(), pages(&["src/pages/deep/c.ts"])),
        (&["../src/*.ts"], GlobOptions::default(), vec![]),
        (
            &["./deep/*.ts"],
            GlobOptions { base: Some("./pages"), exhaustive: false },
            pages(&["src/pages/deep/c.ts"]),
        ),
        (
            &["./pages/*/**/*.ts"],
            GlobOptions { base: None, exhaustive: true },
            pages(&["src/pages/.hidden/d.ts", "src/pages/deep/c.ts", "src/pages/node_modules/e/e.ts"]),
        ),
        (&["./pages/a.ts"], GlobOptions::default(), pages(&["src/pages/a.ts"])),
    ];
    for (patterns, options, expected) in table {
        let patterns: Vec<Box<str>> = patterns.iter().map(|pattern| (*pattern).into()).collect();
        let found = resolver.asker("/app/src/main.ts").expand(&patterns, *options).unwrap();
        let files: Vec<String> = found.files.iter().map(ToString::to_string).collect();
        assert_eq!(files, *expected, "{patterns:?}");
    }
    for wrong in ["pages/*.ts", "./[", "./{a"] {
        let failed = resolver.asker("/app/src/main.ts").expand(&[wrong.into()], GlobOptions::default());
        assert_eq!(failed.unwrap_err().code, "BINO_RESOLVE_GLOB", "{wrong}");
    }
}

#[test]
fn a_failure_says_what_was_tried() {
    let files = [
        ("/app/src/main.ts", ""),
        ("/app/tsconfig.json", r#"{"compilerOptions": {"paths": {"@/*": ["./src/*"]}}}"#),
    ];
    let resolver = resolver(&files, &[]);
    let failure = |specifier, kind| resolver.resolve("/app/src/main.ts", specifier, kind).unwrap_err();
    let relative = failure("./none", Kind::Import);
    assert_eq!(relative.tried[..3], ["/app/src/none", "/app/src/none.mjs", "/app/src/none.js"]);
    assert!(relative.tried.contains(&"/app/src/none/index.ts".to_owned()), "{relative:?}");
    assert_eq!(relative.message, "\"./none\" leads nowhere: there is no such file");
    let mapped = failure("@/none", Kind::Import);
    assert!(mapped.tried.contains(&"/app/src/none.ts".to_owned()), "{mapped:?}");
    assert!(mapped.tried.contains(&"/app/node_modules/@/none".to_owned()), "{mapped:?}");
    let partial = failure("none", Kind::Sass);
    assert!(partial.tried.contains(&"/app/src/_none.scss".to_owned()), "{partial:?}");
    let package = failure("none", Kind::Import);
    assert!(package.message.contains("no package none is installed"), "{package:?}");
}
