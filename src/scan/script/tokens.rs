//! A script as a row of tokens, whatever is wrong with it: names, strings and signs with their places.
//! Owns what is a comment, a string or a regular expression; never looks at what the tokens mean.
//!
//! What is opened and not closed was not opened: a lone quote, `/*` or backtick is a sign like any other, and what follows
//! it is read. A template has to end on its line: who forgets to close one opens all that follow, and what is in those
//! that are longer is rarely code. Each end is looked for once for each line or file, so that the work grows with the
//! text.

use memchr::{memchr2, memmem};

/// A name, a string or a sign, by where it begins and ends in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, a keyword or a number.
    Word,
    /// A string, or a template without `${}`.
    Text,
    /// A piece of a template with `${}`, or a regular expression.
    Piece,
    /// Any other character.
    Sign(u8),
}

/// Reads the whole text.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { bytes: text.as_bytes(), at: 0, tokens: Vec::new(), lone: Lone::default() };
    // Where the outermost template that is open began, and how many tokens there were.
    let mut outermost = (0, 0);
    // For each template that is open, how many `{` are open in its `${}`.
    let mut templates: Vec<usize> = Vec::new();
    let mut line_end = 0;
    loop {
        let at = lexer.at;
        if !templates.is_empty() && at >= line_end {
            // It is not closed on its line. None on this line is then taken for one, so that this happens once.
            let (start, count) = outermost;
            lexer.tokens.truncate(count);
            lexer.lone = Lone { backtick: line_end, comment: lexer.lone.comment, ..Lone::default() };
            lexer.sign(start);
            templates.clear();
            continue;
        }
        let Some(byte) = lexer.bytes.get(at).copied() else { return lexer.tokens };
        match byte {
            b'`' if at >= lexer.lone.backtick => {
                if templates.is_empty() {
                    outermost = (at, lexer.tokens.len());
                    if at >= line_end {
                        line_end = lexer.line_end(at);
                    }
                }
                if lexer.template(at) {
                    templates.push(0);
                }
            }
            b'{' => {
                if let Some(open) = templates.last_mut() {
                    *open += 1;
                }
                lexer.sign(at);
            }
            b'}' => match templates.last_mut() {
                Some(0) => {
                    if !lexer.template(at) {
                        templates.pop();
                    }
                }
                Some(open) => {
                    *open -= 1;
                    lexer.sign(at);
                }
                None => lexer.sign(at),
            },
            _ => lexer.step(byte),
        }
    }
}

struct Lexer<'t> {
    bytes: &'t [u8],
    at: usize,
    tokens: Vec<Token>,
    lone: Lone,
}

/// What was looked for and is not there, up to these places.
#[derive(Default)]
struct Lone {
    single: usize,
    double: usize,
    slash: usize,
    backtick: usize,
    comment: bool,
}

impl Lexer<'_> {
    fn step(&mut self, byte: u8) {
        let at = self.at;
        let rest = &self.bytes[at..];
        match byte {
            b'\'' | b'"' => self.string(byte),
            b'/' if rest.starts_with(b"//") => {
                self.at = self.line_end(at);
            }
            b'/' if rest.starts_with(b"/*") && !self.lone.comment => match memmem::find(&rest[2..], b"*/") {
                Some(end) => self.at += end + 4,
                None => {
                    self.lone.comment = true;
                    self.sign(at);
                }
            },
            b'/' if self.begins_regex() => self.regex(),
            // What it escapes means nothing by itself; the first byte of several begins a word.
            b'\\' => self.at += if rest.get(1).is_some_and(u8::is_ascii) { 2 } else { 1 },
            _ if is_word(byte) => {
                let length = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
                self.push(Kind::Word, at, at + length);
            }
            _ if byte.is_ascii_whitespace() => self.at += 1,
            _ => self.sign(at),
        }
    }

    fn string(&mut self, quote: u8) {
        let at = self.at;
        let lone = if quote == b'"' { &mut self.lone.double } else { &mut self.lone.single };
        if at >= *lone {
            let mut end = at + 1;
            while let Some(byte) = self.bytes.get(end) {
                match byte {
                    byte if *byte == quote => return self.push(Kind::Text, at, end + 1),
                    b'\n' | b'\r' => break,
                    b'\\' => end += 2,
                    _ => end += 1,
                }
            }
            *lone = end;
        }
        self.sign(at);
    }

    /// `/` divides what stands before it, if there is something that could be divided.
    fn begins_regex(&self) -> bool {
        let Some(before) = self.tokens.last() else { return true };
        match before.kind {
            Kind::Word => {
                let word = &self.bytes[before.start..before.end];
                [b"return".as_slice(), b"typeof", b"case", b"in", b"of", b"void", b"await", b"yield", b"else"]
                    .contains(&word)
            }
            Kind::Text | Kind::Piece => false,
            // `</a>` of JSX.
            Kind::Sign(sign) => !matches!(sign, b')' | b']' | b'}' | b'<' | b'/' | b'\'' | b'"'),
        }
    }

    fn regex(&mut self) {
        let at = self.at;
        if at >= self.lone.slash {
            let (mut end, mut class) = (at + 1, false);
            while let Some(byte) = self.bytes.get(end) {
                match byte {
                    b'/' if !class => return self.push(Kind::Piece, at, end + 1),
                    b'[' => class = true,
                    b']' => class = false,
                    b'\n' | b'\r' => break,
                    b'\\' => end += 1,
                    _ => {}
                }
                end += 1;
            }
            self.lone.slash = end;
        }
        self.sign(at);
    }

    /// The text of a template behind its backtick or the `}` at `start`, up to its end or a `${`; says whether it is
    /// still open.
    fn template(&mut self, start: usize) -> bool {
        let mut end = start + 1;
        while let Some(byte) = self.bytes.get(end) {
            match byte {
                b'`' => {
                    let whole = self.bytes[start] == b'`';
                    self.push(if whole { Kind::Text } else { Kind::Piece }, start, end + 1);
                    return false;
                }
                b'$' if self.bytes.get(end + 1) == Some(&b'{') => {
                    self.push(Kind::Piece, start, end + 2);
                    return true;
                }
                b'\n' | b'\r' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        self.at = end;
        true
    }

    fn line_end(&self, at: usize) -> usize {
        memchr2(b'\n', b'\r', &self.bytes[at..]).map_or(self.bytes.len(), |length| at + length)
    }

    fn sign(&mut self, at: usize) {
        self.push(Kind::Sign(self.bytes[at]), at, at + 1);
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        self.tokens.push(Token { kind, start, end });
        self.at = end;
    }
}

/// Whether a byte can be part of a name; every character that is not ASCII is.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}
