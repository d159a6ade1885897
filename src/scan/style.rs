//! CSS and SCSS, token by token: what a style sheet loads.
//! Owns which rules and functions load something. Never says whether a style sheet is valid, and never evaluates Sass:
//! what is put together from variables is left out.

use cssparser::{Delimiter, ParseError, Parser, Token};

use super::Source;
use super::facts::{Bindings, Coverage, Import, ImportKind, ModuleFacts};

/// Which rules there are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// `@import` at the top, and no more.
    Css,
    /// `@use`, `@forward` and lists in `@import` too.
    Scss,
}

/// Adds what a style sheet loads to `facts`.
pub(super) fn read(source: Source<'_>, syntax: Syntax, facts: &mut ModuleFacts) {
    let mut parser = Parser::new(source.text);
    Reader { source, syntax, facts }.block(&mut parser, Place::Top);
}

struct Reader<'s> {
    source: Source<'s>,
    syntax: Syntax,
    facts: &'s mut ModuleFacts,
}

/// What the tokens stand in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Nested,
    /// `url(…)` with a quoted address.
    Url,
    /// `image-set(…)`, where strings are addresses.
    ImageSet,
}

impl Reader<'_> {
    fn block(&mut self, parser: &mut Parser<'_>, place: Place) {
        // `composes: name from 'file'` of CSS modules: how much of it has been read.
        let mut composes = Composes::No;
        loop {
            parser.skip_whitespace();
            let start = parser.position().byte_index();
            let Ok(token) = parser.next() else { return };
            match token {
                Token::AtKeyword(name) => {
                    let rule = name.to_ascii_lowercase();
                    self.rule(&rule, parser, place);
                    composes = Composes::No;
                }
                Token::UnquotedUrl(address) => {
                    let address = address.to_string();
                    self.add(&address, ImportKind::CssUrl, start);
                }
                Token::QuotedString(address) => {
                    let address = address.to_string();
                    match place {
                        Place::Url | Place::ImageSet => self.add(&address, ImportKind::CssUrl, start),
                        _ if composes == Composes::From => self.add(&address, ImportKind::CssImport, start),
                        _ => {}
                    }
                }
                Token::Function(name) => {
                    let inside = match () {
                        () if name.eq_ignore_ascii_case("url") => Place::Url,
                        () if name.eq_ignore_ascii_case("image-set") => Place::ImageSet,
                        () if name.eq_ignore_ascii_case("-webkit-image-set") => Place::ImageSet,
                        () => Place::Nested,
                    };
                    self.nested(parser, inside);
                }
                Token::CurlyBracketBlock => {
                    self.nested(parser, Place::Nested);
                    composes = Composes::No;
                }
                Token::ParenthesisBlock | Token::SquareBracketBlock => self.nested(parser, Place::Nested),
                Token::Ident(name) if name.eq_ignore_ascii_case("composes") => composes = Composes::Names,
                Token::Ident(name) if composes == Composes::Names && name.eq_ignore_ascii_case("from") => {
                    composes = Composes::From;
                }
                Token::Semicolon => composes = Composes::No,
                _ => {}
            }
        }
    }

    fn nested(&mut self, parser: &mut Parser<'_>, place: Place) {
        let read: Result<(), ParseError<()>> = parser.parse_nested_block(|parser| {
            self.block(parser, place);
            Ok(())
        });
        // The tokenizer refuses blocks that are nested deeper than any style sheet (75), so that it cannot run out of
        // stack: those are not looked into.
        if read.is_err() {
            self.facts.coverage = self.facts.coverage.max(Coverage::Partial);
        }
    }

    fn rule(&mut self, name: &str, parser: &mut Parser<'_>, place: Place) {
        let kind = match (name, self.syntax) {
            ("import", Syntax::Css) if place == Place::Top => ImportKind::CssImport,
            ("import", Syntax::Scss) => ImportKind::SassImport,
            ("use", Syntax::Scss) => ImportKind::SassUse,
            ("forward", Syntax::Scss) => ImportKind::SassForward,
            _ => return,
        };
        let read: Result<(), ParseError<()>> = parser.parse_until_before(Delimiter::Semicolon, |parser| {
            self.addresses(kind, parser);
            Ok(())
        });
        debug_assert!(read.is_ok(), "every token before the semicolon was read");
    }

    /// What stands between an at-rule's name and its semicolon: one address, or in `@import` of Sass a list of them,
    /// each with what may follow it.
    fn addresses(&mut self, kind: ImportKind, parser: &mut Parser<'_>) {
        let mut first = true;
        // The address before the one at hand; a media query behind it makes it plain CSS.
        let mut sass = None;
        loop {
            parser.skip_whitespace();
            let start = parser.position().byte_index();
            let Ok(token) = parser.next() else { return };
            match token {
                Token::QuotedString(address) if first => {
                    let address = address.to_string();
                    let plain = kind == ImportKind::SassImport && is_plain_css(&address);
                    let kind = if plain { ImportKind::CssImport } else { kind };
                    let count = self.facts.imports.len();
                    self.add(&address, kind, start);
                    let added = self.facts.imports.len() > count;
                    sass = (added && kind == ImportKind::SassImport).then_some(count);
                }
                Token::UnquotedUrl(address) if first => {
                    let address = address.to_string();
                    self.add(&address, ImportKind::CssImport, start);
                }
                Token::Function(name) if first && name.eq_ignore_ascii_case("url") => {
                    let mut address = None;
                    let read: Result<(), ParseError<()>> = parser.parse_nested_block(|parser| {
                        address = parser.expect_string_cloned().ok();
                        Ok(())
                    });
                    if let (Ok(()), Some(address)) = (read, address) {
                        self.add(&address, ImportKind::CssImport, start);
                    }
                }
                Token::Comma if kind == ImportKind::SassImport => {
                    first = true;
                    sass = None;
                    continue;
                }
                _ => {
                    if kind == ImportKind::SassImport
                        && let Some(index) = sass.take()
                    {
                        self.facts.imports[index].kind = ImportKind::CssImport;
                    }
                }
            }
            first = false;
        }
    }

    fn add(&mut self, address: &str, kind: ImportKind, start: usize) {
        let address = address.trim();
        let built_in = kind == ImportKind::SassUse || kind == ImportKind::SassForward;
        if is_elsewhere(address) || is_computed(address) || built_in && address.starts_with("sass:") {
            return;
        }
        self.facts.imports.push(Import {
            specifier: address.into(),
            kind,
            bindings: Bindings::None,
            type_only: false,
            position: self.source.position(start),
        });
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Composes {
    No,
    Names,
    From,
}

/// Whether an address leads out of the project, or nowhere: another origin, data, a place in the same document.
pub(super) fn is_elsewhere(address: &str) -> bool {
    let scheme = address.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| {
        scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    });
    let external = scheme.is_some_and(|scheme| {
        ["http", "https", "data", "blob", "about", "file", "mailto", "javascript"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
    });
    address.is_empty() || address.starts_with('#') || address.starts_with("//") || external
}

/// Whether Sass (or Less) would compute the address.
fn is_computed(address: &str) -> bool {
    address.contains("#{") || address.contains("@{") || address.starts_with('$')
}

/// Whether Sass hands an `@import` of this address to the browser.
fn is_plain_css(address: &str) -> bool {
    address.ends_with(".css") || is_elsewhere(address)
}
