//! Room on the stack: oxc's parser and the visit recurse with the nesting of the source, and an overflow would end the
//! whole process.
//! Owns the bound on what a source can need and where it is parsed; never looks at what the source means.
//!
//! The bound holds for any text: each level of recursion takes at least one token of the source, so the tokens, each
//! weighed with the most that a level beginning with it was measured to take, bound the whole. Nothing is ever taken
//! off for a closing bracket: without a lexer, one in a string or in the text of JSX cannot be told from a real one.
//! The bound is far above what real code needs, but it only reserves addresses; memory is used as the stack grows.

/// A source that might need more stack than this, in bytes (2 GiB), is not parsed: minified code of some four megabytes.
const LIMIT: usize = 2 << 30;

/// Of a thread of our own, left to what is not parsing, in bytes.
const RESERVE: usize = 128 << 10;

/// Frames without optimisation take up to three times the room.
const BUILD: usize = if cfg!(debug_assertions) { 3 } else { 1 };

/// Stack for a level that begins with a bracket or `<`, in bytes. Measured with oxc 0.146 in a release build, over a
/// hundred ways to nest: 1,700 at most (`[` in a type), and 1,430 for `[` and `(`.
const OPENER: usize = 2800 * BUILD;

/// Stack for a level that begins with any other token, in bytes. Measured likewise: 630 at most (`@`), 590 for `yield`
/// and `a=`, 530 for `keyof`, 100 for `!`.
const TOKEN: usize = 1000 * BUILD;

/// Why a source is not parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRoom {
    /// It could need more than is sensible.
    Limit,
    /// The system does not give that much.
    System,
}

/// Runs `parse` with as much stack as parsing and visiting `text` can take: on this thread, which has `room` bytes of it
/// left, or on one of its own.
pub(super) fn with_room<T: Send>(
    room: usize,
    text: &str,
    parse: impl FnOnce() -> T + Send,
) -> Result<T, NoRoom> {
    // Most files are small, and need not be counted.
    if text.len().saturating_mul(OPENER) <= room {
        return Ok(parse());
    }
    let needed = bound(text.as_bytes());
    if needed <= room {
        return Ok(parse());
    }
    if needed > LIMIT {
        return Err(NoRoom::Limit);
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("bino-scan".to_owned()).stack_size(needed + RESERVE);
        let running = thread.spawn_scoped(scope, parse).map_err(|_| NoRoom::System)?;
        // A panic of the parser goes on where it would have been without the thread.
        running.join().map_err(|panic| std::panic::resume_unwind(panic))
    })
}

/// How much stack a source can need at most, in bytes.
fn bound(text: &[u8]) -> usize {
    let mut openers = 0;
    let mut tokens = 0;
    let mut before = Class::Other;
    for byte in text {
        let class = CLASSES[*byte as usize];
        match class {
            Class::Opener => openers += 1,
            Class::Sign => tokens += 1,
            Class::Word if before != Class::Word => tokens += 1,
            Class::Word | Class::Other => {}
        }
        before = class;
    }
    openers * OPENER + tokens * TOKEN
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Opens a bracket, a tag or a list of types.
    Opener,
    /// An operator, or anything that could be a part of one.
    Sign,
    /// Part of a name, a keyword or a number.
    Word,
    /// White space, and what only ends or separates.
    Other,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Word; 256];
    let mut byte = 0;
    while byte < 128 {
        classes[byte] = match byte as u8 {
            b'(' | b'[' | b'{' | b'<' => Class::Opener,
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | b'\\' => Class::Word,
            b')' | b']' | b'}' | b',' | b';' | 0..=b' ' | 127 => Class::Other,
            _ => Class::Sign,
        };
        byte += 1;
    }
    classes
};
