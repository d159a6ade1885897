//! Reads one module: bytes in, [`ModuleFacts`] out.
//! Pure: no clock, no file system, and no panic whatever the bytes; what is wrong with a file is a [`Diagnostic`].
//! Owns which reader gets which file. Never resolves a specifier.
//!
//! ```text
//!   bytes ─▶ text ──▶ script            one parse by oxc; its module record, and one visit where that is not enough;
//!                 │                     of what does not parse, the statements that are whole by themselves
//!                 ├─▶ style, sass       tokens
//!                 ├─▶ page              tags; inline scripts go to `script`
//!                 ├─▶ component         blocks; scripts go to `script`, styles to `style`
//!                 └─▶ json              whether it is any
//! ```

mod component;
mod diagnostic;
mod facts;
mod hot;
mod json;
mod language;
mod page;
mod position;
mod sass;
mod script;
mod style;
mod text;

pub use diagnostic::{Code, Diagnostic, Severity};
pub use facts::{Bindings, Coverage, Export, ExportSource, Exports, Glob, Import, ImportKind, ModuleFacts};
pub use hot::{Hot, HotCall, HotMethod};
pub use language::Language;
pub use position::Position;
pub use text::MAX_SCANNED_BYTES;

use position::Lines;
use text::Decoded;

/// The stack that [`scan`] takes the calling thread to have left, in bytes (1 MiB): half of what Rust gives a thread.
pub const DEFAULT_ROOM: usize = 1 << 20;

/// Scans one module. `path` only says which language it is ([`Language::of`]); `bytes` are the file as it is on disk.
///
/// A script that could need more stack than [`DEFAULT_ROOM`] is parsed on a thread of its own, which costs some 30 µs;
/// see [`scan_with_room`].
pub fn scan(path: &str, bytes: &[u8]) -> ModuleFacts {
    scan_with_room(path, bytes, DEFAULT_ROOM)
}

/// [`ModuleFacts::hash`] of these bytes, by itself.
pub fn hash(bytes: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(bytes)
}

/// [`hash`] of what is read piece by piece: all that the facts of a [`Language::Asset`] say, and videos can be large.
///
/// # Errors
/// Those of the reader.
pub fn hash_pieces(mut reader: impl std::io::Read) -> std::io::Result<u64> {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        match reader.read(&mut piece) {
            Ok(0) => return Ok(hasher.digest()),
            Ok(length) => hasher.update(&piece[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// [`scan`] for threads that have more stack left than most: `room`, in bytes. With 32 MiB, which are only addresses
/// until a source is nested that deeply, scripts of a hundred kilobytes are parsed in place.
pub fn scan_with_room(path: &str, bytes: &[u8], room: usize) -> ModuleFacts {
    let language = Language::of(path);
    let mut facts = ModuleFacts::of_asset(hash(bytes));
    if language == Language::Asset {
        return facts;
    }
    facts.language = language;
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
            read(path, Source { text: &text, base: 0, lines: &lines, room }, &mut facts);
            // The readers go through a file more than once, and a file can have several scripts.
            facts.imports.sort_by_key(|import| import.position);
            facts.globs.sort_by_key(|glob| glob.position);
            facts.diagnostics.sort_by_key(|diagnostic| diagnostic.position);
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
    /// How much stack the thread has left, in bytes.
    room: usize,
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
        Language::Css => style::read(source, style::Syntax::Css, facts),
        Language::Scss => sass::read_scss(source, facts),
        Language::Sass => sass::read_indented(source, facts),
        Language::Html => page::read(source, facts),
        Language::Vue | Language::Svelte => component::read(source, facts),
        Language::Json => json::read(source, facts),
        Language::Asset => {}
    }
}
