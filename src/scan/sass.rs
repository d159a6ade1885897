//! What SCSS and the indented syntax have that a CSS tokenizer does not: `//` comments, and rules that end with the line.
//! Owns making them readable for `style`; never evaluates anything.

use std::borrow::Cow;

use super::Source;
use super::facts::{Bindings, Import, ImportKind, ModuleFacts};
use super::style::{self, Syntax};

/// Adds what an SCSS file loads to `facts`.
pub(super) fn read_scss(source: Source<'_>, facts: &mut ModuleFacts) {
    let text = without_line_comments(source.text);
    style::read(Source { text: &text, ..source }, Syntax::Scss, facts);
}

/// Adds what a file in the indented syntax loads to `facts`, line by line: a rule that goes over several lines is read
/// as far as its first.
pub(super) fn read_indented(source: Source<'_>, facts: &mut ModuleFacts) {
    let text = without_line_comments(source.text);
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let piece = Source { text: line, base: source.base + start, ..source };
        match line.trim_start().strip_prefix("@import ") {
            Some(list) if !list.contains(['"', '\'', '(']) => unquoted_imports(piece, list, facts),
            _ => style::read(piece, Syntax::Scss, facts),
        }
        start += line.len();
    }
}

/// `@import foo, bar/baz`
fn unquoted_imports(line: Source<'_>, list: &str, facts: &mut ModuleFacts) {
    let mut start = line.text.len() - list.len();
    for piece in list.split(',') {
        let specifier = piece.trim();
        if !specifier.is_empty() {
            let offset = start + (piece.len() - piece.trim_start().len());
            facts.imports.push(Import {
                specifier: specifier.into(),
                kind: ImportKind::SassImport,
                bindings: Bindings::None,
                type_only: false,
                position: line.position(offset),
            });
        }
        start += piece.len() + 1;
    }
}

/// The text with spaces for `//` comments, byte for byte, so that places stay what they are.
fn without_line_comments(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if memchr::memmem::find(bytes, b"//").is_none() {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        match bytes[at] {
            quote @ (b'"' | b'\'') => at += string_length(rest, quote),
            b'/' if rest.starts_with(b"/*") => {
                at += memchr::memmem::find(&rest[2..], b"*/").map_or(rest.len(), |end| end + 4);
            }
            b'/' if rest.starts_with(b"//") => {
                let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                clean.push_str(&text[copied..at]);
                clean.extend(std::iter::repeat_n(' ', length));
                at += length;
                copied = at;
            }
            // `url(//host/x)` and `url(http://host/x)` hold no comment.
            b'u' | b'U' if rest.len() > 4 && rest[..4].eq_ignore_ascii_case(b"url(") => {
                let inside = rest[4..].trim_ascii_start();
                let quoted = matches!(inside.first(), Some(b'"' | b'\''));
                let end = memchr::memchr3(b')', b'\n', b'\r', rest).unwrap_or(rest.len());
                at += if quoted { 4 } else { end };
            }
            _ => at += 1,
        }
    }
    clean.push_str(&text[copied..]);
    Cow::Owned(clean)
}

/// How many bytes a string has, quotes included; one that is not closed ends with the line.
fn string_length(text: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            b'\n' | b'\r' => return at,
            byte if *byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}
