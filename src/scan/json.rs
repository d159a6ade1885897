//! JSON: whether it is any.
//! Owns the place of the first error; never keeps a value, and lists no exports.

use serde::de::IgnoredAny;

use super::Source;
use super::diagnostic::{Code, Diagnostic, Severity};
use super::facts::{Coverage, ModuleFacts};

/// Adds a diagnostic to `facts` if the text does not parse.
pub(super) fn read(source: Source<'_>, facts: &mut ModuleFacts) {
    let Err(error) = serde_json::from_str::<IgnoredAny>(source.text) else { return };
    let said = error.to_string();
    // The place is said in the diagnostic itself.
    let message = said.rsplit_once(" at line ").map_or(said.as_str(), |(message, _)| message);
    // Lines count from 1 and end with `\n`. Columns are bytes up to and with the one at fault: 0 when that is the end
    // of a line.
    let line =
        source.text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    let offset = (line + error.column().saturating_sub(1)).min(source.text.len());
    let diagnostic =
        Diagnostic::at(Severity::Error, Code::Syntax, message.to_owned(), source.lines, source.base + offset);
    facts.coverage = facts.coverage.max(Coverage::Partial);
    facts.diagnostics.push(diagnostic);
}
