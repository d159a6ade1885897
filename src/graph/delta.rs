//! Decodes what JavaScript sends of an environment's module graph: words in, records out.
//! Trusts nothing: every count, index and bit is checked before the graph sees a record.
//!
//! A delta is a row of records, each `[module, mask, sections…]` with the sections in the order of the mask's bits:
//!
//! ```text
//!  1 identity           [string of the url, string of the file | NO_FILE]
//!  2 flags              [bits]   0-1 kind (js, css, asset)   2 has an id   3-4 acceptance (unanalyzed, none, self)
//!                             5 orphaned
//!  4 importers          [count, modules…]            the whole list, in Vite's order
//!  8 accepted deps      [count, modules…]
//! 16 accepted exports   [0] | [1, count, names…]
//! 32 imported bindings  [0] | [1, count, (module, count, names…)…]
//! ```

use super::{Acceptance, Bindings, ModuleId, ModuleKind, NameId};
use crate::error::{Error, Result};

const IDENTITY: u32 = 1;
const FLAGS: u32 = 1 << 1;
const IMPORTERS: u32 = 1 << 2;
const ACCEPTED_DEPS: u32 = 1 << 3;
const ACCEPTED_EXPORTS: u32 = 1 << 4;
const IMPORTED_BINDINGS: u32 = 1 << 5;
const EVERY_SECTION: u32 = (1 << 6) - 1;

/// Stands where the index of a file's string would, for a module without a file.
const NO_FILE: u32 = u32::MAX;

/// Forty times the largest graph that we measure. Room is made for every module up to the largest id, so that a
/// stray word must not be taken for one.
pub(super) const MAX_MODULES: u32 = 1 << 22;

/// What a delta says about one module. A section that is absent leaves that part of the module as it is.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) module: ModuleId,
    pub(super) identity: Option<Identity>,
    pub(super) flags: Option<Flags>,
    pub(super) importers: Option<Vec<ModuleId>>,
    pub(super) accepted_deps: Option<Box<[ModuleId]>>,
    /// The outer `Option` is whether the delta says anything, the inner one is Vite's `null`.
    pub(super) accepted_exports: Option<Option<Box<[NameId]>>>,
    /// As with the accepted exports.
    pub(super) imported_bindings: Option<Option<Box<[Bindings]>>>,
}

/// Indices into the strings of the delta; both are within it.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) url: usize,
    pub(super) file: Option<usize>,
}

#[derive(Debug)]
pub(super) struct Flags {
    pub(super) kind: ModuleKind,
    pub(super) has_id: bool,
    pub(super) acceptance: Acceptance,
    pub(super) orphaned: bool,
}

/// Decodes a whole delta, or says where it stops making sense.
pub(super) fn decode(words: &[u32], strings: usize) -> Result<Vec<Record>> {
    let mut reader = Reader { words, at: 0, strings };
    let mut records = Vec::new();
    while reader.at < words.len() {
        records.push(reader.record()?);
    }
    Ok(records)
}

struct Reader<'a> {
    words: &'a [u32],
    at: usize,
    strings: usize,
}

impl<'a> Reader<'a> {
    fn record(&mut self) -> Result<Record> {
        let module = self.module()?;
        let mask = self.word("the mask of a record")?;
        if mask & !EVERY_SECTION != 0 {
            return self.refuse("a mask of known sections");
        }
        let mut record = Record { module, ..Record::default() };
        if mask & IDENTITY != 0 {
            record.identity = Some(self.identity()?);
        }
        if mask & FLAGS != 0 {
            record.flags = Some(self.flags()?);
        }
        if mask & IMPORTERS != 0 {
            record.importers = Some(self.modules("as many importers as announced")?);
        }
        if mask & ACCEPTED_DEPS != 0 {
            record.accepted_deps = Some(sorted(self.modules("as many accepted deps as announced")?));
        }
        if mask & ACCEPTED_EXPORTS != 0 {
            record.accepted_exports = Some(match self.is_there()? {
                false => None,
                true => Some(self.names()?),
            });
        }
        if mask & IMPORTED_BINDINGS != 0 {
            record.imported_bindings = Some(match self.is_there()? {
                false => None,
                true => Some(self.bindings()?),
            });
        }
        Ok(record)
    }

    fn identity(&mut self) -> Result<Identity> {
        let url = self.string()?;
        let file = match self.words.get(self.at) {
            Some(&NO_FILE) => {
                self.at += 1;
                None
            }
            _ => Some(self.string()?),
        };
        Ok(Identity { url, file })
    }

    fn flags(&mut self) -> Result<Flags> {
        let bits = self.word("the flags of a module")?;
        let kind = match bits & 0b11 {
            0 => ModuleKind::Js,
            1 => ModuleKind::Css,
            2 => ModuleKind::Asset,
            _ => return self.refuse("a known kind of module"),
        };
        let acceptance = match (bits >> 3) & 0b11 {
            0 => Acceptance::Unanalyzed,
            1 => Acceptance::None,
            2 => Acceptance::SelfAccepting,
            _ => return self.refuse("a known acceptance"),
        };
        if bits >> 6 != 0 {
            return self.refuse("no further flags");
        }
        Ok(Flags { kind, has_id: bits & 0b100 != 0, acceptance, orphaned: bits & 0b10_0000 != 0 })
    }

    fn bindings(&mut self) -> Result<Box<[Bindings]>> {
        let count = self.word("the number of modules imported from")?;
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(Bindings { from: self.module()?, names: self.names()? });
        }
        all.sort_by_key(|bindings| bindings.from);
        Ok(all.into())
    }

    fn modules(&mut self, what: &'static str) -> Result<Vec<ModuleId>> {
        let start = self.at + 1;
        let ids = self.counted(what)?;
        match ids.iter().position(|id| *id >= MAX_MODULES) {
            None => Ok(ids.iter().copied().map(ModuleId).collect()),
            Some(bad) => Err(Error::Delta { offset: start + bad, what: "the id of a module" }),
        }
    }

    fn names(&mut self) -> Result<Box<[NameId]>> {
        Ok(sorted(self.counted("as many names as announced")?.iter().copied().map(NameId).collect()))
    }

    fn module(&mut self) -> Result<ModuleId> {
        match self.word("the id of a module")? {
            id if id < MAX_MODULES => Ok(ModuleId(id)),
            _ => self.refuse("the id of a module"),
        }
    }

    fn string(&mut self) -> Result<usize> {
        match self.word("the index of a string")? as usize {
            index if index < self.strings => Ok(index),
            _ => self.refuse("the index of a string"),
        }
    }

    fn is_there(&mut self) -> Result<bool> {
        match self.word("0 or 1")? {
            0 => Ok(false),
            1 => Ok(true),
            _ => self.refuse("0 or 1"),
        }
    }

    fn counted(&mut self, what: &'static str) -> Result<&'a [u32]> {
        let offset = self.at;
        let count = self.word(what)? as usize;
        let Some(list) = self.words[self.at..].get(..count) else {
            return Err(Error::Delta { offset, what });
        };
        self.at += count;
        Ok(list)
    }

    fn word(&mut self, what: &'static str) -> Result<u32> {
        let Some(&word) = self.words.get(self.at) else {
            return Err(Error::Delta { offset: self.at, what });
        };
        self.at += 1;
        Ok(word)
    }

    /// The word that was read last is not what it has to be.
    fn refuse<T>(&self, what: &'static str) -> Result<T> {
        Err(Error::Delta { offset: self.at - 1, what })
    }
}

/// The list as a set: sorted for binary search, each member once.
fn sorted<T: Ord>(mut list: Vec<T>) -> Box<[T]> {
    list.sort_unstable();
    list.dedup();
    list.into()
}
