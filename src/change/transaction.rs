//! The paths that are dirty since the last batch, with their evidence, in the order of the first sign.
//! Pure: told what and when; never looks at the disk and never decides when to close (`schedule` does).

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use rustc_hash::FxHashMap;

use super::Evidence;

/// A path about which there is evidence.
#[derive(Debug, Clone)]
pub struct Dirty {
    /// Where.
    pub path: Arc<Path>,
    /// All signs so far.
    pub evidence: Evidence,
    /// When the last sign came.
    pub last: Instant,
}

/// An open transaction.
#[derive(Debug)]
pub struct Transaction {
    dirty: Vec<Dirty>,
    index: FxHashMap<Arc<Path>, usize>,
    opened: Instant,
    last: Instant,
    news: Instant,
    rescan: bool,
    looked: bool,
    release: bool,
}

impl Transaction {
    /// Opens an empty transaction.
    pub fn open(now: Instant) -> Self {
        Self {
            dirty: Vec::new(),
            index: FxHashMap::default(),
            opened: now,
            last: now,
            news: now,
            rescan: false,
            looked: false,
            release: false,
        }
    }

    /// Notes evidence about a path.
    pub fn mark(&mut self, path: &Path, evidence: Evidence, now: Instant) {
        self.last = now;
        if let Some(&at) = self.index.get(path) {
            let known = &mut self.dirty[at];
            if !known.evidence.contains(evidence) {
                self.news = now;
            }
            known.evidence |= evidence;
            known.last = now;
            return;
        }
        let path: Arc<Path> = Arc::from(path);
        self.index.insert(Arc::clone(&path), self.dirty.len());
        self.dirty.push(Dirty { path, evidence, last: now });
        self.news = now;
    }

    /// Notes that events were lost: only a comparison of the whole tree tells what changed.
    pub fn lose(&mut self, now: Instant) {
        self.rescan = true;
        self.extend(now);
    }

    /// Notes that a look, and no event, found some of it.
    pub fn look(&mut self) {
        self.looked = true;
    }

    /// Notes that a hold is to end with this transaction.
    pub fn release(&mut self, now: Instant) {
        self.release = true;
        self.extend(now);
    }

    /// Starts the quiet period anew, as if news had come.
    pub fn extend(&mut self, now: Instant) {
        self.last = now;
        self.news = now;
    }

    /// Whether there is any sign of a path.
    pub fn contains(&self, path: &Path) -> bool {
        self.index.contains_key(path)
    }

    /// The dirty paths, in the order of the first sign.
    pub fn dirty(&self) -> &[Dirty] {
        &self.dirty
    }

    /// The only dirty path, if it was written in place and closed: a plain save, complete.
    pub fn lone_save(&self) -> Option<&Dirty> {
        match self.dirty.as_slice() {
            [dirty] if !self.rescan && !self.release => {
                let in_place =
                    !dirty.evidence.intersects(Evidence::CREATED | Evidence::REMOVED | Evidence::FOUND);
                (in_place && dirty.evidence.contains(Evidence::CLOSED)).then_some(dirty)
            }
            _ => None,
        }
    }

    /// Whether events were lost.
    pub fn rescan(&self) -> bool {
        self.rescan
    }

    /// Whether a look found some of it; where events were lost, one has to.
    pub fn looked(&self) -> bool {
        self.looked || self.rescan
    }

    /// Whether a hold ends with it.
    pub fn is_release(&self) -> bool {
        self.release
    }

    /// When the first sign came.
    pub fn opened(&self) -> Instant {
        self.opened
    }

    /// When the last sign came.
    pub fn last(&self) -> Instant {
        self.last
    }

    /// When the last sign came that said something new: a new path, or a new kind of evidence.
    pub fn news(&self) -> Instant {
        self.news
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn paths_keep_the_order_of_their_first_sign() {
        let now = Instant::now();
        let mut transaction = Transaction::open(now);
        for path in ["/b", "/a", "/b", "/c", "/a"] {
            transaction.mark(Path::new(path), Evidence::WRITTEN, now);
        }
        let order: Vec<_> = transaction.dirty().iter().map(|dirty| dirty.path.to_str().unwrap()).collect();
        assert_eq!(order, ["/b", "/a", "/c"]);
    }

    #[test]
    fn the_same_sign_again_is_no_news() {
        let start = Instant::now();
        let later = start + Duration::from_millis(1);
        let mut transaction = Transaction::open(start);
        transaction.mark(Path::new("/log"), Evidence::WRITTEN, start);
        transaction.mark(Path::new("/log"), Evidence::WRITTEN, later);
        assert_eq!((transaction.news(), transaction.last()), (start, later));
        transaction.mark(Path::new("/log"), Evidence::CLOSED, later);
        assert_eq!(transaction.news(), later);
    }

    #[test]
    fn a_lone_save_is_one_file_written_in_place_and_closed() {
        let save = Evidence::WRITTEN | Evidence::CLOSED;
        type Marks<'a> = &'a [(&'a str, Evidence)];
        let table: [(&str, Marks, bool); 6] = [
            ("written and closed", &[("/a", save)], true),
            ("written, still open", &[("/a", Evidence::WRITTEN)], false),
            ("created", &[("/a", Evidence::CREATED | save)], false),
            ("unlinked, then written", &[("/a", Evidence::REMOVED | save)], false),
            ("two files", &[("/a", save), ("/b", save)], false),
            ("nothing", &[], false),
        ];
        let now = Instant::now();
        for (name, marks, expected) in table {
            let mut transaction = Transaction::open(now);
            for (path, evidence) in marks {
                transaction.mark(Path::new(path), *evidence, now);
            }
            assert_eq!(transaction.lone_save().is_some(), expected, "{name}");
        }
    }
}
