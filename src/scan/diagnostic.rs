//! What is wrong with a user's file, as data: a broken source file is never an error of ours.
//! Owns the shape, the codes and the code frame; the readers of each language say what is wrong and where.

use std::fmt::Write;

use serde::Serialize;

use super::position::{Lines, Position};

/// Something wrong with a source file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Which kind of problem it is; stable.
    pub code: Code,
    /// What is wrong, in one or two sentences.
    pub message: String,
    /// Where: lines and columns from 1, columns in UTF-16 code units. `1:1` if the whole file is meant.
    pub position: Position,
    /// The line, the one before and the one after, numbered, and a `^` below the place; long lines are cut around
    /// it. Empty if the whole file is meant.
    pub frame: String,
}

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Severity {
    /// It will not run as it is, or the facts are not complete.
    Error,
    /// It may not do what was meant.
    Warning,
}

/// Which kind of problem a diagnostic is about. The name in messages is [`Code::name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Code {
    /// The parser says that it is not the language that its name says.
    Syntax,
    /// Bytes that are not UTF-8; each was read as U+FFFD.
    Encoding,
    /// No text at all: it holds NUL bytes, or begins like a file of another kind. Not parsed.
    Binary,
    /// Larger than [`MAX_SCANNED_BYTES`](super::MAX_SCANNED_BYTES). Not parsed.
    TooLarge,
    /// So long and nested so deeply that parsing it could take more stack than there is. Not parsed.
    TooDeep,
    /// `import.meta.hot.accept` with a list that holds something else than strings: Vite refuses the module.
    HotAccept,
}

impl Code {
    /// The stable name: `BINO_SCAN_…`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syntax => "BINO_SCAN_SYNTAX",
            Self::Encoding => "BINO_SCAN_ENCODING",
            Self::Binary => "BINO_SCAN_BINARY",
            Self::TooLarge => "BINO_SCAN_TOO_LARGE",
            Self::TooDeep => "BINO_SCAN_TOO_DEEP",
            Self::HotAccept => "BINO_SCAN_HOT_ACCEPT",
        }
    }
}

impl Diagnostic {
    /// Something wrong at a place.
    pub(super) fn at(
        severity: Severity,
        code: Code,
        message: String,
        lines: &Lines<'_>,
        offset: usize,
    ) -> Self {
        let position = lines.position(offset);
        Self { severity, code, message, position, frame: frame(lines, position) }
    }

    /// Something wrong with the file as a whole.
    pub(super) fn whole(severity: Severity, code: Code, message: String) -> Self {
        Self { severity, code, message, position: Position { line: 1, column: 1 }, frame: String::new() }
    }
}

/// More of a line than this many characters is cut: a frame is read in terminals and in the page's overlay.
const FRAME_WIDTH: usize = 100;

/// The three lines around a place.
fn frame(lines: &Lines<'_>, place: Position) -> String {
    let first = place.line.saturating_sub(1).max(1);
    let digits = (place.line + 1).to_string().len();
    let (from, caret) = window(lines.line(place.line).unwrap_or_default(), place.column as usize - 1);
    let mut frame = String::new();
    for number in first..=place.line + 1 {
        let Some(line) = lines.line(number) else { continue };
        let mark = if number == place.line { '>' } else { ' ' };
        let shown = cut(line, from);
        // Writing to a `String` cannot fail.
        let _ = writeln!(frame, "{}", format!("{mark} {number:>digits$} | {shown}").trim_end());
        if number == place.line {
            let _ = writeln!(frame, "  {:digits$} | {:caret$}^", "", "");
        }
    }
    frame.truncate(frame.trim_end().len());
    frame
}

/// From which character of a line to show it, and how many characters before the caret are then shown, for a column
/// from 0 in UTF-16 code units.
fn window(line: &str, column: usize) -> (usize, usize) {
    let mut units = 0;
    let before = line.chars().take_while(|c| {
        let here = units < column;
        units += c.len_utf16();
        here
    });
    let characters = before.count();
    let from = if characters < FRAME_WIDTH { 0 } else { characters - FRAME_WIDTH / 2 };
    let ellipsis = usize::from(from > 0);
    (from, characters - from + ellipsis)
}

/// The part of a line that a frame shows. Tabs and other control characters become spaces, so that the caret stands
/// where it should.
fn cut(line: &str, from: usize) -> String {
    let mut rest = line.chars().skip(from).map(|c| if c.is_control() { ' ' } else { c });
    let mut shown = String::from(if from > 0 && line.chars().nth(from).is_some() { "…" } else { "" });
    shown.extend(rest.by_ref().take(FRAME_WIDTH));
    if rest.next().is_some() {
        shown.push('…');
    }
    shown
}
