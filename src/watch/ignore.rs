//! Which paths are not looked at. Owns the meaning of Vite's `watch.ignored` (chokidar 3.6 with anymatch 3); never
//! touches the disk.
//!
//! - A path without glob characters ignores itself and everything below.
//! - A glob is matched against the whole path; `*` stops at `/`; names that begin with a dot match like any other.
//!   `a/**` matches `a` itself, as in picomatch: the directory is pruned, neither walked nor watched.
//! - `!glob` takes out of all the others whatever it matches, wherever it stands in the list. Into a directory that is
//!   itself ignored it reaches where it says so by name: `!**/node_modules/pkg/**` (see [`Ignore::named_below`]).
//! - Editors' scratch files (`.x.swp`, `x~`, Sublime's `.tmp`) are ignored, as chokidar does in its atomic mode; and so
//!   are those of JetBrains (`x___jb_tmp___`, `x___jb_old___`) and Emacs (`.#x`, `#x#`).
//!
//! Of picomatch's extended globs `@(a|b)`, `?(a|b)` and `(a|b)` are understood; `+(…)`, `*(…)` and `!(…)` are refused
//! rather than silently matched otherwise.

use globset::{Glob, GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};

use crate::error::{Error, Result};

/// The compiled ignore rules.
#[derive(Debug)]
pub(super) struct Ignore {
    ignored: Patterns,
    negated: Patterns,
    always: Patterns,
    named: Vec<Named>,
}

/// A negation, cut in two: a directory that `head` matches, and names below it.
#[derive(Debug)]
struct Named {
    head: GlobMatcher,
    rest: Vec<String>,
}

#[derive(Debug)]
struct Patterns {
    paths: Vec<String>,
    globs: GlobSet,
}

impl Ignore {
    /// Compiles the rules; those of `always` cannot be negated.
    pub(super) fn new(ignore: &[String], always: &[String]) -> Result<Self> {
        let (negated, ignored): (Vec<_>, Vec<_>) =
            ignore.iter().map(String::as_str).partition(|pattern| pattern.starts_with('!'));
        Ok(Self {
            named: negated.iter().flat_map(|pattern| cuts(&pattern[1..])).collect(),
            ignored: Patterns::new(&ignored, Below::Included)?,
            negated: Patterns::new(
                &negated.iter().map(|pattern| &pattern[1..]).collect::<Vec<_>>(),
                Below::Excluded,
            )?,
            always: Patterns::new(&always.iter().map(String::as_str).collect::<Vec<_>>(), Below::Included)?,
        })
    }

    /// Whether a path (absolute, with `/`) is ignored by itself. Whether it lies in an ignored directory is the
    /// caller's to know: it never goes there.
    pub(super) fn matches(&self, path: &str) -> bool {
        self.always.matches(path)
            || is_scratch(path)
            || (self.ignored.matches(path) && !self.negated.matches(path))
    }
}

impl Ignore {
    /// Whether the user takes a path back in, from whatever else leaves it out. What is always ignored stays so.
    pub(super) fn takes_back(&self, path: &str) -> bool {
        self.negated.matches(path) && !self.always.matches(path)
    }

    /// What negations name below a directory that is left out: for each the parts of a path, some of which may be
    /// globs. So it can be found without a walk through all that is there.
    pub(super) fn named_below(&self, dir: &str) -> impl Iterator<Item = &[String]> {
        self.named.iter().filter(move |named| named.head.is_match(dir)).map(|named| named.rest.as_slice())
    }

    /// Whether any negation names something below a directory.
    pub(super) fn has_named(&self) -> bool {
        !self.named.is_empty()
    }
}

/// Every way to cut a pattern into a directory and parts below it, none of which is `**`.
fn cuts(pattern: &str) -> Vec<Named> {
    let pattern = pattern.strip_suffix("/*").filter(|rest| rest.ends_with("/**")).unwrap_or(pattern);
    let pattern = pattern.strip_suffix("/**").unwrap_or(pattern);
    let parts: Vec<&str> = pattern.split('/').collect();
    let cut = |at: usize| {
        let (head, rest) = parts.split_at(at);
        let end = *head.last()?;
        if end.is_empty() || end == "**" || rest.contains(&"**") {
            return None;
        }
        // Braces with a slash in them are cut in their middle; what that gives does not parse.
        let head = compile(&head.join("/")).ok()?.compile_matcher();
        Some(Named { head, rest: rest.iter().map(|&part| part.to_owned()).collect() })
    };
    (1..parts.len()).filter_map(cut).collect()
}

/// One glob, in globset's words.
fn compile(glob: &str) -> std::result::Result<Glob, Box<dyn std::error::Error + Send + Sync>> {
    Ok(GlobBuilder::new(glob)
        .literal_separator(true)
        .backslash_escape(true)
        .empty_alternates(true)
        .build()?)
}

/// A glob that stands for itself, as in chokidar's `add`; matched against whole paths.
pub(super) fn matcher(glob: &str) -> Result<GlobMatcher> {
    let failed = |source| Error::Glob { glob: glob.to_owned(), source };
    Ok(compile(&braces(glob).map_err(failed)?).map_err(failed)?.compile_matcher())
}

/// The directory in which all that a glob can match lies (chokidar's glob-parent).
pub(super) fn base_of(glob: &str) -> &str {
    // Where a sign stands for itself (`(app)`) this is a directory higher than need be, never one too low.
    let sign = glob.find(['*', '?', '[', '{', '(', '\\']).unwrap_or(glob.len());
    match glob[..sign].rfind('/') {
        None | Some(0) => "/",
        Some(end) => &glob[..end],
    }
}

/// Whether a pattern without glob characters also means everything below.
#[derive(Clone, Copy, PartialEq)]
enum Below {
    Included,
    /// Of a negated pattern: anymatch hands it to picomatch as it is.
    Excluded,
}

impl Patterns {
    fn new(patterns: &[&str], below: Below) -> Result<Self> {
        let mut paths = Vec::new();
        let mut globs = GlobSetBuilder::new();
        for &pattern in patterns {
            if below == Below::Included && !is_glob(pattern) {
                let path = pattern.strip_suffix('/').unwrap_or(pattern);
                paths.push(if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() });
                continue;
            }
            let failed = |source| Error::Glob { glob: pattern.to_owned(), source };
            let glob = braces(pattern).map_err(failed)?;
            for glob in std::iter::once(glob.as_str()).chain(glob.strip_suffix("/**")) {
                globs.add(compile(glob).map_err(failed)?);
            }
        }
        let globs = globs
            .build()
            .map_err(|source| Error::Glob { glob: patterns.join(", "), source: source.into() })?;
        Ok(Self { paths, globs })
    }

    fn matches(&self, path: &str) -> bool {
        self.paths.iter().any(|known| {
            path.strip_prefix(known.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }) || (!self.globs.is_empty() && self.globs.is_match(path))
    }
}

/// chokidar's `DOT_RE`: `/\..*\.(sw[px])$|~$|\.subl.*\.tmp/`, looked for in the name instead of the whole path, so
/// that a dot in some folder's name does not hide a `.swp` that is no editor's.
fn is_scratch(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let swap =
        || name.strip_suffix(".swp").or_else(|| name.strip_suffix(".swx")).is_some_and(|n| n.contains('.'));
    let sublime = || name.find(".subl").is_some_and(|at| name[at..].contains(".tmp"));
    let emacs = || name.starts_with(".#") || (name.len() > 2 && name.starts_with('#') && name.ends_with('#'));
    name.ends_with('~')
        || swap()
        || sublime()
        || name.ends_with(JETBRAINS[0])
        || name.ends_with(JETBRAINS[1])
        || emacs()
}

/// How JetBrains' editors end the names of the file that they write and of the one that they replace.
const JETBRAINS: [&str; 2] = ["___jb_tmp___", "___jb_old___"];

/// Whether chokidar takes a string for a glob (the package is-glob, strict).
fn is_glob(pattern: &str) -> bool {
    let chars: Vec<char> = pattern.chars().collect();
    let closes = |from: usize, close: char| chars[from..].contains(&close);
    let mut at = 0;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 1,
            '*' => return true,
            '?' if at > 0 && matches!(chars[at - 1], ']' | '.' | '+' | ')') => return true,
            '[' if closes(at, ']') => return true,
            '{' if closes(at, '}') => return true,
            '(' if chars[at..].iter().position(|&c| c == '|').is_some_and(|bar| closes(at + bar, ')')) => {
                return true;
            }
            _ => {}
        }
        at += 1;
    }
    false
}

/// Rewrites `(a|b)`, `@(a|b)` and `?(a|b)` as `{a,b}`, which is all that globset knows.
fn braces(glob: &str) -> std::result::Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let chars: Vec<char> = glob.chars().collect();
    let mut out = String::with_capacity(glob.len());
    // One item per open parenthesis: whether it became a brace.
    let mut open: Vec<bool> = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let char = chars[at];
        let before = at.checked_sub(1).map(|before| chars[before]);
        match char {
            '\\' => {
                out.push(char);
                at += 1;
                out.extend(chars.get(at));
            }
            '(' if matches!(before, Some('+' | '*' | '!')) => {
                return Err("extended globs with +(, *( or !( are not supported; use braces: {a,b}".into());
            }
            '(' => {
                let marked = matches!(before, Some('@' | '?'));
                let brace = marked || chars[at..].iter().take_while(|&&c| c != ')').any(|&c| c == '|');
                if marked {
                    out.pop();
                }
                match (brace, before) {
                    (true, Some('?')) => out.push_str("{,"),
                    (true, _) => out.push('{'),
                    (false, _) => out.push('('),
                }
                open.push(brace);
            }
            '|' if open.last() == Some(&true) => out.push(','),
            ',' if open.last() == Some(&true) => out.push_str("\\,"),
            ')' => out.push(if open.pop() == Some(true) { '}' } else { ')' }),
            _ => out.push(char),
        }
        at += 1;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ignore(ignored: &[&str], always: &[&str]) -> Ignore {
        let owned = |list: &[&str]| list.iter().map(|&item| item.to_owned()).collect::<Vec<_>>();
        Ignore::new(&owned(ignored), &owned(always)).unwrap()
    }

    #[test]
    fn patterns_mean_what_they_mean_to_chokidar() {
        let table: [(&[&str], &str, bool); 34] = [
            (&["**/node_modules/**"], "/x/node_modules", true),
            (&["**/node_modules/**"], "/x/node_modules/a/b.js", true),
            (&["**/node_modules/**"], "/node_modules", true),
            (&["**/node_modules/**"], "/x/my_node_modules", false),
            (&["**/.git/**"], "/x/.git", true),
            (&["**/.git/**"], "/x/.gitignore", false),
            (&["/x/cache/**"], "/x/cache", true),
            (&["/x/cache/**"], "/x/cache/deps/.tmp/a.js", true),
            (&["/x/cache/**"], "/x/cache2", false),
            (&["/x/dist"], "/x/dist", true),
            (&["/x/dist"], "/x/dist/a.js", true),
            (&["/x/dist/"], "/x/dist/a.js", true),
            (&["/x/dist"], "/x/dist.js", false),
            (&["dist"], "/x/dist", false),
            (&["dist/**"], "/x/dist/a.js", false),
            (&["**/*.log"], "/x/a.log", true),
            (&["**/*.log"], "/x/.log", true),
            (&["**/*.log"], "/x/a.log/b", false),
            (&["/x/*"], "/x/a", true),
            (&["/x/*"], "/x/.env", true),
            (&["/x/*"], "/x/a/b", false),
            (&["**/*.{js,ts}"], "/x/a.ts", true),
            (&["**/*.@(js|ts)"], "/x/a.ts", true),
            (&["**/(gen|out)/**"], "/x/gen/a", true),
            (&["**/a?(1|2).js"], "/x/a.js", true),
            (&["**/a?(1|2).js"], "/x/a2.js", true),
            (&["/x/(app)/**"], "/x/(app)/a.js", true),
            (&["/x/\\[id\\]/**"], "/x/[id]/a.js", true),
            (&["/x/[ab].js"], "/x/a.js", true),
            (&["/x/a?.js"], "/x/a?.js", true),
            (&["!**/a.js", "**/*.js"], "/x/a.js", false),
            (&["**/*.js", "!**/a.js"], "/x/b.js", true),
            (&["**/node_modules/**", "!**/node_modules/**"], "/x/node_modules", false),
            (&["/x/dist", "!/x/dist/a.js"], "/x/dist/a.js", false),
        ];
        for (patterns, path, expected) in table {
            assert_eq!(ignore(patterns, &[]).matches(path), expected, "{patterns:?} on {path}");
        }
    }

    #[test]
    fn what_is_always_ignored_cannot_be_negated() {
        let ignore = ignore(&["**/node_modules/**", "!**/node_modules/**"], &["/x/node_modules/.vite"]);
        assert!(!ignore.matches("/x/node_modules/pkg/a.js"));
        assert!(ignore.matches("/x/node_modules/.vite/deps/a.js"));
    }

    #[test]
    fn a_negation_names_what_lies_in_an_ignored_directory() {
        let table: [(&str, &str, &[&str]); 9] = [
            ("!**/node_modules/pkg/**", "/x/node_modules", &["pkg"]),
            ("!**/node_modules/@scope/pkg/**", "/x/node_modules", &["@scope/pkg"]),
            ("!**/node_modules/@scope/*/**", "/x/node_modules", &["@scope/*"]),
            ("!**/node_modules/{a,b}/**", "/x/node_modules", &["{a,b}"]),
            ("!/x/dist/gen/**", "/x/dist", &["gen"]),
            ("!/x/dist/gen/**", "/x", &["dist/gen"]),
            ("!/x/dist/gen/**", "/y", &[]),
            ("!**/node_modules/**", "/x/node_modules", &[]),
            ("!**/node_modules/**/gen/**", "/x/node_modules", &[]),
        ];
        for (pattern, dir, expected) in table {
            let ignore = ignore(&["**/node_modules/**", pattern], &[]);
            let named: Vec<_> = ignore.named_below(dir).map(|parts| parts.join("/")).collect();
            assert_eq!(named, expected, "{pattern} in {dir}");
        }
    }

    #[test]
    fn the_base_of_a_glob_is_the_directory_that_holds_all_it_matches() {
        let table = [
            ("/x/src/**/*.js", "/x/src"),
            ("/x/*.js", "/x"),
            ("/*.js", "/"),
            ("/x/{a/b,c}/c.js", "/x"),
            ("/x/a.js", "/x"),
            ("C:/x/*.js", "C:/x"),
        ];
        for (glob, base) in table {
            assert_eq!(base_of(glob), base, "{glob}");
        }
    }

    #[test]
    fn scratch_files_of_editors_are_ignored() {
        let ignore = ignore(&[], &[]);
        for path in [
            "/x/.a.js.swp",
            "/x/a.js~",
            "/x/.a.swx",
            "/x/.sublabc.tmp",
            "/x/a.js___jb_tmp___",
            "/x/a.js___jb_old___",
            "/x/.#a.js",
            "/x/#a.js#",
        ] {
            assert!(ignore.matches(path), "{path}");
        }
        for path in [
            "/x/a.js",
            "/x/player.swp",
            "/x.y/player.swp",
            "/x/.swp.js",
            "/x/a.tmp",
            "/x/#a.js",
            "/x/#",
            "/x/##",
        ] {
            assert!(!ignore.matches(path), "{path}");
        }
    }

    #[test]
    fn a_bad_glob_is_named() {
        for bad in ["**/[", "/x/{a,b", "/x/+(a|b)", "!/x/!(a)"] {
            let Err(error) = Ignore::new(&["**/fine".into(), format!("{bad}*")], &[]) else {
                panic!("{bad} was accepted");
            };
            assert_eq!(error.code(), "BINO_GLOB_INVALID");
            assert!(error.to_string().contains(bad.trim_start_matches('!')), "{error}");
        }
    }

    proptest! {
        #[test]
        fn a_plain_path_ignores_itself_and_all_below(names in proptest::collection::vec("[a-z.()@+ -]{1,6}", 1..4),
                                                     more in "[a-z.]{1,6}[a-z]") {
            let path = format!("/{}", names.join("/"));
            prop_assume!(!is_glob(&path));
            let ignore = ignore(&[&path], &[]);
            let below = format!("{path}/{more}");
            let longer = format!("{path}x");
            prop_assert!(ignore.matches(&path));
            prop_assert!(ignore.matches(&below));
            prop_assert!(!ignore.matches(&longer));
        }

        #[test]
        fn a_negation_wins_wherever_it_stands(at in 0usize..4) {
            let mut patterns = vec!["**/a/**", "/x/**", "/x"];
            patterns.insert(at, "!/x/a/*.js");
            let ignore = ignore(&patterns, &[]);
            prop_assert!(!ignore.matches("/x/a/b.js"));
            prop_assert!(ignore.matches("/x/a/b.css"));
        }

        #[test]
        fn no_pattern_panics(pattern in "\\PC{0,12}", path in "/\\PC{0,12}") {
            if let Ok(ignore) = Ignore::new(std::slice::from_ref(&pattern), &[]) {
                ignore.matches(&path);
            }
        }
    }
}
