//! What can be read of a script that does not parse: the statements and calls that are whole by themselves.
//! Owns where such a piece begins and ends; each is then parsed like a file of its own, with something put in place of
//! what stands behind it.
//!
//! ```text
//!   import.meta.hot.accept('./dep', () => {      as far as the first argument, and `)`
//!   import { a } from './a'                      whole
//!   export const a = broken(                     as far as the name, and `= 0`
//! ```
//!
//! A save in the middle of a line must not take a module its acceptance: in Vite, one that fails to transform keeps what
//! it said before. Here nothing is kept, so that the same bytes always mean the same.

use oxc_allocator::Allocator;
use rustc_hash::FxHashSet;

use super::tokens::{Kind, Token, tokens};
use super::{Dialect, parser, record, visit};
use crate::scan::Source;
use crate::scan::facts::{Exports, ModuleFacts};
use crate::scan::hot::Hot;

/// Adds what the pieces say and `facts` does not yet.
pub(super) fn read(source: Source<'_>, dialect: Dialect, memory: &Allocator, facts: &mut ModuleFacts) {
    let mut found = ModuleFacts {
        imports: Vec::new(),
        globs: Vec::new(),
        exports: Exports::default(),
        hot: Hot::default(),
        diagnostics: Vec::new(),
        ..*facts
    };
    for Piece { start, end, then } in pieces(source.text) {
        let Some(text) = source.text.get(start..end) else { continue };
        let text = memory.alloc_str(&format!("{text}{then}"));
        let parsed = parser(memory, text, dialect).parse();
        if !parsed.panicked {
            let piece = Source { text, base: source.base + start, ..source };
            visit::read(piece, &parsed.program, &mut found);
            record::read(piece, &parsed, &mut found);
        }
    }
    add(&mut facts.imports, found.imports, |import| import.position);
    add(&mut facts.globs, found.globs, |glob| glob.position);
    add(&mut facts.exports.names, found.exports.names, |export| export.position);
    add(&mut facts.hot.calls, found.hot.calls, |call| call.position);
    let known: FxHashSet<_> = facts.exports.stars.iter().cloned().collect();
    facts.exports.stars.extend(found.exports.stars.into_iter().filter(|star| !known.contains(star)));
}

/// Adds what is at places where nothing is, and puts all in the order of the text.
fn add<T, P: Copy + Eq + Ord + std::hash::Hash>(list: &mut Vec<T>, more: Vec<T>, place: impl Fn(&T) -> P) {
    let known: FxHashSet<_> = list.iter().map(&place).collect();
    list.extend(more.into_iter().filter(|new| !known.contains(&place(new))));
    list.sort_by_key(place);
}

/// A piece of the text, by where it begins and ends in bytes; and what has to follow to make it whole.
#[derive(Debug, PartialEq, Eq)]
struct Piece {
    start: usize,
    end: usize,
    then: &'static str,
}

fn pieces(text: &str) -> Vec<Piece> {
    let tokens = tokens(text);
    let reader = Reader { text, tokens: &tokens };
    (0..tokens.len()).filter_map(|at| reader.piece(at)).collect()
}

/// Looks ahead from a token. No look goes beyond the next `import` or `export`, so that all of them together are as
/// long as the text.
struct Reader<'t> {
    text: &'t str,
    tokens: &'t [Token],
}

impl<'t> Reader<'t> {
    /// The piece that begins with a token.
    fn piece(&self, at: usize) -> Option<Piece> {
        if self.is_property(at) {
            return None;
        }
        let (end, then) = match self.word(at)? {
            "import" if self.is_sign(at + 1, b'(') => (self.closing(at + 1)?, ""),
            "import" if self.is_sign(at + 1, b'.') => self.meta(at + 2)?,
            "import" => (self.imported(at + 1)?, ""),
            "export" => self.exported(at + 1)?,
            "require" if self.is_sign(at + 1, b'(') && self.is_text(at + 2) => (at + 2, ")"),
            "new" if self.words(at + 1, &["URL", "(", "", ",", "import", ".", "meta", ".", "url"]) => {
                (at + 9, ")")
            }
            _ => return None,
        };
        Some(Piece { start: self.tokens[at].start, end: self.tokens.get(end)?.end, then })
    }

    /// Whether a `.` stands right before a token: not the `...` that spreads it, nor one that ends the line before.
    fn is_property(&self, at: usize) -> bool {
        let dots =
            self.tokens[..at].iter().rev().take(3).take_while(|token| token.kind == Kind::Sign(b'.')).count();
        let before = at.checked_sub(1).map_or(0, |before| self.tokens[before].end);
        let between =
            self.tokens.get(at).and_then(|token| self.text.get(before..token.start)).unwrap_or_default();
        (1..3).contains(&dots) && !between.contains(['\n', '\r'])
    }

    /// `import.meta.hot.accept(…)` and `import.meta.glob(…)`, from `meta` on: the last token that counts, and what
    /// follows it.
    fn meta(&self, at: usize) -> Option<(usize, &'static str)> {
        if self.words(at, &["meta", ".", "glob"]) {
            // A type may stand between.
            let open = (at + 3..at + 40).find(|at| self.is_sign(*at, b'(') || self.ends(*at))?;
            return Some((self.closing(open)?, ""));
        }
        if !self.words(at, &["meta", ".", "hot"]) {
            return None;
        }
        // `?.` or `!.`
        let dot = at + 3 + usize::from(self.is_sign(at + 3, b'?') || self.is_sign(at + 3, b'!'));
        if !self.is_sign(dot, b'.') || !self.is_sign(dot + 2, b'(') {
            return None;
        }
        let first = dot + 3;
        match self.tokens.get(first).map(|token| token.kind) {
            Some(Kind::Text) => Some((first, ")")),
            Some(Kind::Sign(b'[')) => {
                let listed = |at: &usize| self.is_text(*at) || self.is_sign(*at, b',');
                let close = (first + 1..).find(|at| !listed(at))?;
                self.is_sign(close, b']').then_some((close, ")"))
            }
            Some(Kind::Piece) => None,
            _ => Some((dot + 2, ")")),
        }
    }

    /// What is imported, up to the specifier.
    fn imported(&self, at: usize) -> Option<usize> {
        if self.is_text(at) {
            return Some(at);
        }
        let from = (at..)
            .find(|at| self.word(*at) == Some("from") && self.is_text(*at + 1) || !self.is_clause(*at))?;
        self.is_text(from + 1).then_some(from + 1)
    }

    /// What is exported: the last token that counts, and what follows it.
    fn exported(&self, at: usize) -> Option<(usize, &'static str)> {
        let list = at + usize::from(self.word(at) == Some("type"));
        if self.is_sign(list, b'*') {
            return Some((self.imported(list)?, ""));
        }
        if self.is_sign(list, b'{') {
            let close = self.closing(list)?;
            let passed_on = self.word(close + 1) == Some("from") && self.is_text(close + 2);
            return Some((if passed_on { close + 2 } else { close }, ""));
        }
        let mut at = at;
        while matches!(self.word(at), Some("async" | "abstract")) {
            at += 1;
        }
        let then = match self.word(at)? {
            "default" => return Some((at, " 0")),
            "const" if self.word(at + 1) == Some("enum") => {
                at += 1;
                "{}"
            }
            "const" | "let" | "var" if self.is_sign(at + 1, b'{') || self.is_sign(at + 1, b'[') => {
                return Some((self.closing(at + 1)?, " = 0"));
            }
            "const" | "let" | "var" => " = 0",
            "function" => {
                at += usize::from(self.is_sign(at + 1, b'*'));
                "(){}"
            }
            "class" | "enum" | "namespace" => "{}",
            _ => return None,
        };
        self.word(at + 1).map(|_| (at + 1, then))
    }

    /// The bracket that closes the one at `open`.
    fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0;
        for at in open.. {
            match self.tokens.get(at)?.kind {
                Kind::Sign(b'(' | b'[' | b'{') => depth += 1,
                Kind::Sign(b')' | b']' | b'}') => depth -= 1,
                _ if self.ends(at) => return None,
                _ => {}
            }
            if depth == 0 {
                return Some(at);
            }
        }
        None
    }

    /// Whether another piece begins at a token, or the text ends.
    fn ends(&self, at: usize) -> bool {
        at >= self.tokens.len()
            || matches!(self.word(at), Some("import" | "export")) && !self.is_sign(at + 1, b':')
    }

    /// Whether a token can stand between `import` and `from`.
    fn is_clause(&self, at: usize) -> bool {
        let signs = [b'{', b'}', b',', b'*'];
        !self.ends(at)
            && (self.word(at).is_some()
                || self.is_text(at)
                || signs.iter().any(|sign| self.is_sign(at, *sign)))
    }

    /// Whether these tokens follow each other; an empty one is any string.
    fn words(&self, at: usize, expected: &[&str]) -> bool {
        let mut expected = (at..).zip(expected);
        expected.all(|(at, expected)| match expected.as_bytes() {
            [] => self.is_text(at),
            [sign] => self.is_sign(at, *sign),
            _ => self.word(at) == Some(expected),
        })
    }

    fn word(&self, at: usize) -> Option<&'t str> {
        let token = self.tokens.get(at)?;
        if token.kind == Kind::Word { self.text.get(token.start..token.end) } else { None }
    }

    fn is_text(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == Kind::Text)
    }

    fn is_sign(&self, at: usize, sign: u8) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == Kind::Sign(sign))
    }
}
