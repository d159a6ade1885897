//! A set of modules as one bit each. Owns nothing but the bits; grows when asked about a later module.

use super::ModuleId;

/// A set of modules. 100,000 modules take 12 KB, so that a walk can afford a fresh one.
#[derive(Clone, Debug, Default)]
pub struct ModuleSet {
    words: Vec<u64>,
}

impl ModuleSet {
    /// An empty set with room for the first `modules` modules.
    pub fn with_capacity(modules: usize) -> Self {
        Self { words: vec![0; modules.div_ceil(64)] }
    }

    /// Adds a module; says whether it was new.
    pub fn insert(&mut self, module: ModuleId) -> bool {
        let (word, bit) = Self::place(module);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        let new = self.words[word] & bit == 0;
        self.words[word] |= bit;
        new
    }

    /// Takes a module out; says whether it was there.
    pub fn remove(&mut self, module: ModuleId) -> bool {
        let there = self.contains(module);
        if there {
            let (word, bit) = Self::place(module);
            self.words[word] &= !bit;
        }
        there
    }

    /// Whether the module is in the set.
    pub fn contains(&self, module: ModuleId) -> bool {
        let (word, bit) = Self::place(module);
        self.words.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// The modules of the set, the first one first.
    pub fn iter(&self) -> impl Iterator<Item = ModuleId> + '_ {
        self.words.iter().zip(0u32..).flat_map(|(word, at)| {
            let bits = (0..64).filter(move |bit| word & (1 << bit) != 0);
            bits.map(move |bit| ModuleId(at * 64 + bit))
        })
    }

    /// Empties the set and keeps its room.
    pub fn clear(&mut self) {
        self.words.fill(0);
    }

    fn place(module: ModuleId) -> (usize, u64) {
        (module.index() / 64, 1 << (module.index() % 64))
    }
}
