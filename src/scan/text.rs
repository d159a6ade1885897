//! Bytes to text, or the reason why they are none.
//! Owns the limits on size and the guess that a file is binary; never looks at what the text means.

use std::borrow::Cow;

use super::diagnostic::{Code, Diagnostic, Severity};
use super::position::Lines;

/// Larger files, in bytes (16 MiB), are hashed and not read. The syntax tree of a file takes some ten times its size
/// in memory, and the largest bundles that people write `import` for are a few megabytes.
pub const MAX_SCANNED_BYTES: usize = 16 << 20;

/// How far a file is searched for NUL bytes, in bytes; git looks as far.
const BINARY_PREFIX: usize = 8000;

/// The text of a file.
pub(super) enum Decoded<'b> {
    /// Without byte order mark; and the byte offset of the first sequence that was not UTF-8, if there was one.
    Text(Cow<'b, str>, Option<usize>),
    /// It is not to be read.
    Unreadable(Diagnostic),
}

/// Reads UTF-8, with or without a byte order mark.
pub(super) fn decode(bytes: &[u8]) -> Decoded<'_> {
    if let [0xff, 0xfe, ..] | [0xfe, 0xff, ..] = bytes {
        let message = "the file is UTF-16; save it as UTF-8".to_owned();
        return Decoded::Unreadable(Diagnostic::whole(Severity::Error, Code::Encoding, message));
    }
    if memchr::memchr(0, &bytes[..bytes.len().min(BINARY_PREFIX)]).is_some() {
        let message = "the file is binary: it holds NUL bytes, so it is not what its name says".to_owned();
        return Decoded::Unreadable(Diagnostic::whole(Severity::Error, Code::Binary, message));
    }
    if bytes.len() > MAX_SCANNED_BYTES {
        let message = format!(
            "the file has {:.1} MB and files of more than {:.1} MB are not parsed: its imports are unknown",
            bytes.len() as f64 / 1e6,
            MAX_SCANNED_BYTES as f64 / 1e6
        );
        return Decoded::Unreadable(Diagnostic::whole(Severity::Warning, Code::TooLarge, message));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Decoded::Text(Cow::Borrowed(text), None),
        Err(error) => Decoded::Text(String::from_utf8_lossy(bytes), Some(error.valid_up_to())),
    }
}

/// The diagnostic for text that was not UTF-8 from `offset` on.
pub(super) fn not_utf8(lines: &Lines<'_>, offset: usize) -> Diagnostic {
    let message = "the file is not UTF-8; what does not decode is read as U+FFFD".to_owned();
    Diagnostic::at(Severity::Warning, Code::Encoding, message, lines, offset)
}
