//! JavaScript and TypeScript: one parse by oxc, its module record, and one visit of the tree where the record is not
//! enough.
//! Owns the parser and its memory; never reads a style or a page.

mod broken;
mod glob;
mod hot_call;
mod record;
mod stack;
mod strings;
mod tokens;
mod visit;

use std::cell::RefCell;

use memchr::memmem;
use oxc_allocator::Allocator;
use oxc_parser::{ParseOptions, Parser, ParserReturn};
use oxc_span::{GetSpan, SourceType};

use stack::NoRoom;

use super::Source;
use super::diagnostic::{Code, Diagnostic, Severity};
use super::facts::{Coverage, ModuleFacts};
use super::language::Language;

/// Which of the languages that oxc reads.
#[derive(Clone, Copy)]
pub(super) struct Dialect(SourceType);

impl Dialect {
    /// By the name of a file; JavaScript for a name that says nothing.
    pub fn of(path: &str) -> Self {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_ascii_lowercase();
        let known = SourceType::from_path(&name).unwrap_or_else(|_| SourceType::unambiguous());
        // `<` cannot begin an expression of JavaScript, so that JSX takes nothing away there.
        Self(if known.is_javascript() { known.with_jsx(true) } else { known })
    }
}

thread_local! {
    /// The memory of the last tree that this thread parsed. Asking the system for it again costs more than many a
    /// parse.
    static MEMORY: RefCell<Allocator> = RefCell::new(Allocator::new());
}

/// More memory than this, in bytes, is given back after a file: one large file must not cost every thread its size
/// for good.
const MEMORY_KEPT: usize = 4 << 20;

/// A file is broken at one place most of the time; what a parser says after the first few errors helps nobody.
const MAX_SYNTAX_ERRORS: usize = 10;

/// Adds what a script says to `facts`.
pub(super) fn read(source: Source<'_>, dialect: Dialect, facts: &mut ModuleFacts) {
    let read = stack::with_room(source.room, source.text, || {
        MEMORY.with_borrow_mut(|memory| {
            parse(source, dialect, memory, facts);
            if memory.capacity() > MEMORY_KEPT {
                *memory = Allocator::new();
            } else {
                memory.reset();
            }
        });
    });
    if let Err(reason) = read {
        let message = match reason {
            NoRoom::Limit => {
                "the script is too long or too deeply nested to be parsed: its imports are unknown"
            }
            NoRoom::System => "there is not enough memory to parse the script: its imports are unknown",
        };
        // A component has other blocks.
        let script = matches!(facts.language, Language::JavaScript | Language::TypeScript | Language::Tsx);
        let coverage = if script { Coverage::HashOnly } else { Coverage::Partial };
        facts.coverage = facts.coverage.max(coverage);
        facts.diagnostics.push(Diagnostic::whole(Severity::Warning, Code::TooDeep, message.to_owned()));
    }
}

fn parse(source: Source<'_>, dialect: Dialect, memory: &Allocator, facts: &mut ModuleFacts) {
    let parsed = parser(memory, source.text, dialect).parse();
    if !parsed.diagnostics.is_empty() {
        diagnose(source, &parsed, facts);
    }
    if !parsed.panicked && needs_visit(source, &parsed) {
        visit::read(source, &parsed.program, facts);
    }
    record::read(source, &parsed, facts);
    if parsed.panicked || !parsed.diagnostics.is_empty() && stops_early(source, &parsed) {
        facts.coverage = facts.coverage.max(Coverage::Partial);
        broken::read(source, dialect, memory, facts);
    }
}

/// Whether the tree ends before the text does: after some errors the parser takes no further token.
fn stops_early(source: Source<'_>, parsed: &ParserReturn<'_>) -> bool {
    let program = &parsed.program;
    let ends = [
        program.hashbang.as_ref().map(|it| it.span.end),
        program.directives.last().map(|it| it.span.end),
        program.body.last().map(|it| it.span().end),
    ];
    let end = ends.into_iter().flatten().max().unwrap_or(0) as usize;
    source.text.get(end..).is_some_and(|rest| !tokens::tokens(rest).is_empty())
}

fn parser<'a>(memory: &'a Allocator, text: &'a str, dialect: Dialect) -> Parser<'a> {
    Parser::new(memory, text, dialect.0).with_options(ParseOptions {
        // CommonJS may return, and so may the script of a Svelte component after it is compiled.
        allow_return_outside_function: true,
        enable_ident_hashes: false,
        ..ParseOptions::default()
    })
}

/// Whether there is something that the module record does not tell.
fn needs_visit(source: Source<'_>, parsed: &ParserReturn<'_>) -> bool {
    !parsed.module_record.import_metas.is_empty()
        || !parsed.module_record.dynamic_imports.is_empty()
        || memmem::find(source.text.as_bytes(), b"require").is_some()
}

fn diagnose(source: Source<'_>, parsed: &ParserReturn<'_>, facts: &mut ModuleFacts) {
    for error in parsed.diagnostics.errors().take(MAX_SYNTAX_ERRORS) {
        let label = error.labels.iter().find(|label| label.primary()).or(error.labels.first());
        let mut message = error.message.to_string();
        if let Some(help) = &error.help {
            message = format!("{message}. {help}");
        }
        facts.diagnostics.push(match label {
            Some(label) => {
                let offset = source.base + label.offset() as usize;
                Diagnostic::at(Severity::Error, Code::Syntax, message, source.lines, offset)
            }
            None => Diagnostic::whole(Severity::Error, Code::Syntax, message),
        });
    }
}
