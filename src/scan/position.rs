//! Places in a file as people and editors count them.
//! Owns the way from a byte offset to a line and a column; never looks at what the text means.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

/// A place in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// The line, from 1. Lines end with `\n`, `\r\n` or a lone `\r`, as in editors.
    pub line: u32,
    /// The column, from 1, in UTF-16 code units, as JavaScript and editors count. A byte order mark is not counted.
    pub column: u32,
}

/// Finds lines and columns in one text.
pub(super) struct Lines<'t> {
    text: &'t str,
    /// Where each line begins, in bytes.
    starts: Vec<u32>,
    ascii: bool,
    /// The last place asked for, as byte offset (upper half) and UTF-16 column from 0: most questions come in the order
    /// of the text, and a minified file can be one line of megabytes. Only ever a shortcut, so any order will do.
    last: AtomicU64,
}

impl<'t> Lines<'t> {
    /// `text` is at most 4 GiB.
    pub fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            if bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n') {
                starts.push(at as u32 + 1);
            }
        }
        Self { text, starts, ascii: text.is_ascii(), last: AtomicU64::new(0) }
    }

    /// The place of a byte offset; one inside of a character or behind the end is taken back to one that is neither.
    pub fn position(&self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|start| *start as usize <= offset) - 1;
        let start = self.starts[line] as usize;
        let column = if self.ascii {
            offset - start
        } else {
            let last = self.last.load(Ordering::Relaxed);
            let (last, units) = ((last >> 32) as usize, last as u32 as usize);
            let (from, units) = if (start..=offset).contains(&last) { (last, units) } else { (start, 0) };
            let units = units + self.text[from..offset].encode_utf16().count();
            self.last.store((offset as u64) << 32 | units as u64, Ordering::Relaxed);
            units
        };
        Position { line: line as u32 + 1, column: column as u32 + 1 }
    }

    /// The text of a line (from 1) without its end; `None` if there is no such line.
    pub fn line(&self, line: u32) -> Option<&'t str> {
        let index = (line as usize).checked_sub(1)?;
        let start = *self.starts.get(index)? as usize;
        let end = self.starts.get(index + 1).map_or(self.text.len(), |next| *next as usize);
        Some(self.text[start..end].trim_end_matches(['\n', '\r']))
    }
}
