//! Reads one module: bytes in, [`ModuleFacts`] out.
//! Pure: no clock, no file system, and no panic whatever the bytes; what is wrong with a file is a [`Diagnostic`].
//! Owns which reader gets which file. Never resolves a specifier.
//!
//! ```text
//!   bytes ─▶ text ──▶ script            one parse by oxc; its module record, and one visit where that is not enough
//!                 ├─▶ style, sass       tokens
//!                 ├─▶ page              tags; inline scripts go to `script`
//!                 └─▶ component         blocks; scripts go to `script`, styles to `style`
//! ```

mod diagnostic;
mod facts;
mod hot;
mod language;
mod position;
mod script;
mod text;

pub use diagnostic::{Code, Diagnostic, Severity};
pub use facts::{Bindings, Coverage, Export, ExportSource, Exports, Glob, Import, ImportKind, ModuleFacts};
pub use hot::{Hot, HotCall, HotMethod};
pub use language::Language;
pub use position::Position;
pub use text::MAX_SCANNED_BYTES;

use position::Lines;
use text::Decoded;

/// Scans one module. `path` only says which language it is ([`Language::of`]); `bytes` are the file as it is on disk.
pub fn scan(path: &str, bytes: &[u8]) -> ModuleFacts {
    let language = Language::of(path);
    let mut facts = ModuleFacts {
        hash: xxhash_rust::xxh3::xxh3_64(bytes),
        language,
        coverage: Coverage::Complete,
        imports: Vec::new(),
        globs: Vec::new(),
        exports: Exports::default(),
        hot: Hot::default(),
        diagnostics: Vec::new(),
    };
    if matches!(language, Language::Asset | Language::Json) {
        return facts;
    }
    match text::decode(bytes) {
        Decoded::Unreadable(diagnostic) => {
            facts.coverage = Coverage::HashOnly;
            facts.diagnostics.push(diagnostic);
        }
        Decoded::Text(text, broken_at) => {
            let lines = Lines::new(&text);
            if let Some(offset) = broken_at {
                facts.diagnostics.push(text::not_utf8(&lines, offset));
            }
            read(path, Source { text: &text, base: 0, lines: &lines }, &mut facts);
        }
    }
    facts
}

/// A piece of a file's text: all of it, or a block inside.
#[derive(Clone, Copy)]
struct Source<'t> {
    text: &'t str,
    /// Where the piece begins in the file's text, in bytes.
    base: usize,
    lines: &'t Lines<'t>,
}

impl Source<'_> {
    /// The place in the file of a byte offset into the piece.
    fn position(&self, offset: usize) -> Position {
        self.lines.position(self.base + offset)
    }
}

fn read(path: &str, source: Source<'_>, facts: &mut ModuleFacts) {
    match facts.language {
        Language::JavaScript | Language::TypeScript | Language::Tsx => {
            script::read(source, script::Dialect::of(path), facts);
        }
        _ => {}
    }
}
