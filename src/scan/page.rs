//! HTML: the module scripts and style sheets that a page loads, and the imports of its inline scripts and styles.
//! Owns which tags count, which are those that Vite's dev server follows; never builds a document.

use html5gum::emitters::default::StartTag;
use html5gum::{DefaultEmitter, Token, Tokenizer};

use super::Source;
use super::facts::{Bindings, Import, ImportKind, ModuleFacts};
use super::script::{self, Dialect};
use super::style::{self, Syntax};

/// Adds what a page loads to `facts`.
pub(super) fn read(source: Source<'_>, facts: &mut ModuleFacts) {
    let mut emitter = DefaultEmitter::new_with_span();
    // Scripts, styles, titles and the like hold text, not tags.
    emitter.naively_switch_states(true);
    let mut open: Option<Tag> = None;
    for token in Tokenizer::new_with_emitter(source.text, emitter).flatten() {
        match token {
            Token::StartTag(tag) => {
                let tag = Tag::new(&tag);
                read_tag(source, &tag, facts);
                if tag.name == b"script" || tag.name == b"style" {
                    open = Some(tag);
                }
            }
            Token::EndTag(end) => {
                if let Some(tag) = open.take_if(|tag| *tag.name == **end.name)
                    && let Some(text) = source.text.get(tag.end..end.span.start)
                {
                    inline(Source { text, base: source.base + tag.end, ..source }, &tag, facts);
                }
            }
            _ => {}
        }
    }
}

fn read_tag(source: Source<'_>, tag: &Tag, facts: &mut ModuleFacts) {
    if tag.attribute("vite-ignore").is_some() {
        return;
    }
    match tag.name.as_slice() {
        b"script" if tag.is_module() => {
            if let Some((src, start)) = tag.attribute("src") {
                add(source, src, ImportKind::HtmlScript, start, facts);
            }
        }
        b"link" => {
            let (rel, _) = tag.attribute("rel").unwrap_or_default();
            let followed = rel.split_ascii_whitespace().any(|rel| {
                ["stylesheet", "modulepreload"].iter().any(|known| rel.eq_ignore_ascii_case(known))
            });
            if let Some((href, start)) = tag.attribute("href").filter(|_| followed) {
                add(source, href, ImportKind::HtmlLink, start, facts);
            }
        }
        _ => {}
    }
}

fn inline(source: Source<'_>, tag: &Tag, facts: &mut ModuleFacts) {
    if tag.name == b"style" {
        style::read(source, Syntax::Css, facts);
    } else if tag.is_module() && tag.attribute("src").is_none() {
        let exports = (facts.exports.names.len(), facts.exports.stars.len());
        script::read(source, Dialect::of("inline.mjs"), facts);
        // Nobody can import a page.
        facts.exports.names.truncate(exports.0);
        facts.exports.stars.truncate(exports.1);
    }
}

/// Adds an address of a tag, unless it leads elsewhere. `start` is where its attribute begins in the piece.
pub(super) fn add(
    source: Source<'_>,
    address: &str,
    kind: ImportKind,
    start: usize,
    facts: &mut ModuleFacts,
) {
    let address = address.trim();
    if !style::is_elsewhere(address) {
        facts.imports.push(Import {
            specifier: address.into(),
            kind,
            bindings: Bindings::None,
            type_only: false,
            position: source.position(start),
        });
    }
}

/// A start tag with its attributes, their characters decoded.
pub(super) struct Tag {
    /// In lower case.
    pub name: Vec<u8>,
    /// Name, value, and where the attribute begins, as a byte offset.
    attributes: Vec<(String, String, usize)>,
    /// Where what is inside begins, as a byte offset.
    pub end: usize,
    /// Whether it ends with `/>`.
    pub closed: bool,
}

impl Tag {
    pub fn new(tag: &StartTag<usize>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            name: tag.name.to_vec(),
            attributes: tag
                .attributes
                .iter()
                .map(|(name, value)| (text(name), text(value), value.span.start))
                .collect(),
            end: tag.span.end,
            closed: tag.self_closing,
        }
    }

    /// The value of an attribute and where the attribute begins, as a byte offset.
    pub fn attribute(&self, name: &str) -> Option<(&str, usize)> {
        let (_, value, start) = self.attributes.iter().find(|(known, ..)| known == name)?;
        Some((value, *start))
    }

    /// Moves all places by so many bytes.
    pub fn shift(&mut self, by: usize) {
        for (.., start) in &mut self.attributes {
            *start += by;
        }
        self.end += by;
    }

    fn is_module(&self) -> bool {
        self.attribute("type").is_some_and(|(kind, _)| kind.trim().eq_ignore_ascii_case("module"))
    }
}
