//! Vue and Svelte: the scripts and styles of a component, each read in its own language, with places in the whole file.
//! Owns where a block begins and ends; never reads a template, so what its expressions import stays unknown.
//!
//! Blocks are found as Svelte's `preprocess` finds them: by the text `<script` and `<style`, comments skipped. A real
//! HTML tokenizer would trip over what templates may hold (`{#if a <b}`, a component named `Textarea`).

use html5gum::{DefaultEmitter, Token, Tokenizer};
use memchr::{memchr, memmem};

use super::facts::{ImportKind, ModuleFacts};
use super::page::{self, Tag};
use super::script::{self, Dialect};
use super::style::{self, Syntax};
use super::{Language, Source, sass};

/// Adds what the blocks of a component load to `facts`.
pub(super) fn read(source: Source<'_>, facts: &mut ModuleFacts) {
    let bytes = source.text.as_bytes();
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr(b'<', rest)) {
        at += found;
        if bytes[at..].starts_with(b"<!--") {
            at += memmem::find(&bytes[at..], b"-->").map_or(bytes.len() - at, |end| end + 3);
            continue;
        }
        if !begins_block(&bytes[at..]) {
            at += 1;
            continue;
        }
        // A tag that never ends takes the rest of the file with it.
        let Some(tag) = block_tag(source.text, at) else { return };
        at = tag.end;
        outside(source, &tag, facts);
        if tag.closed || tag.name == b"template" {
            continue;
        }
        let end = end_of(&bytes[at..], &tag.name).map_or(bytes.len(), |end| at + end);
        let block = Source { text: &source.text[at..end], base: source.base + at, ..source };
        inside(block, &tag, facts);
        at = end;
    }
}

/// Whether a `<` begins the tag of a block.
fn begins_block(rest: &[u8]) -> bool {
    [b"<script".as_slice(), b"<style", b"<template"].into_iter().any(|name| {
        rest.starts_with(name)
            && rest.get(name.len()).is_some_and(|byte| byte.is_ascii_whitespace() || b">/".contains(byte))
    })
}

/// The tag that begins at a `<`, unless it does not end.
fn block_tag(text: &str, at: usize) -> Option<Tag> {
    let rest = &text[at..];
    let emitter = DefaultEmitter::<usize>::new_with_span();
    let token =
        Tokenizer::new_with_emitter(rest, emitter).flatten().find(|token| !matches!(token, Token::Error(_)));
    match token {
        Some(Token::StartTag(tag)) => {
            let mut tag = Tag::new(&tag);
            tag.shift(at);
            text.is_char_boundary(tag.end).then_some(tag)
        }
        _ => None,
    }
}

/// Where the end tag of this name begins.
fn end_of(bytes: &[u8], name: &[u8]) -> Option<usize> {
    memmem::find_iter(bytes, b"</").find(|at| {
        bytes.get(at + 2..at + 2 + name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name))
            && bytes
                .get(at + 2 + name.len())
                .is_none_or(|next| next.is_ascii_whitespace() || b">/".contains(next))
    })
}

/// What a block's `src` loads (Vue).
fn outside(source: Source<'_>, tag: &Tag, facts: &mut ModuleFacts) {
    if facts.language != Language::Vue {
        return;
    }
    if let Some((src, start)) = tag.attribute("src") {
        let kind = if tag.name == b"script" { ImportKind::HtmlScript } else { ImportKind::HtmlLink };
        page::add(source, src, kind, start, facts);
    }
}

fn inside(block: Source<'_>, tag: &Tag, facts: &mut ModuleFacts) {
    let language = tag.attribute("lang").map_or("", |(language, _)| language);
    if tag.name == b"style" {
        match language {
            "" | "css" | "postcss" => style::read(block, Syntax::Css, facts),
            "scss" => sass::read_scss(block, facts),
            "sass" => sass::read_indented(block, facts),
            _ => {}
        }
        return;
    }
    let typescript = tag.attribute("type").is_some_and(|(kind, _)| kind == "text/typescript");
    let dialect = match language {
        _ if typescript => "block.ts",
        "ts" | "typescript" => "block.ts",
        "tsx" => "block.tsx",
        "" | "js" | "jsx" | "javascript" => "block.js",
        _ => return,
    };
    let exports = (facts.exports.names.len(), facts.exports.stars.len());
    script::read(block, Dialect::of(dialect), facts);
    // What such a script exports are a component's own affairs (Svelte's `export let` are its properties); importers
    // see the exports of the other script, and the component.
    let shared = match facts.language {
        Language::Vue => tag.attribute("setup").is_none(),
        _ => {
            tag.attribute("module").is_some()
                || tag.attribute("context").is_some_and(|(value, _)| value == "module")
        }
    };
    if !shared {
        facts.exports.names.truncate(exports.0);
        facts.exports.stars.truncate(exports.1);
    }
}
