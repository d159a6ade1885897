//! What a file holds, as a number to compare: whether what lies there now is what somebody was given before. Reads, and
//! remembers nothing.

use std::fs;
use std::path::Path;

use crate::scan::hash;

/// The hash of a file's bytes, or of a text in UTF-8. One number of 53 bits, because JavaScript keeps it as one: two
/// different contents of the same size meet in it once in nine quadrillion comparisons.
pub fn hash_content(bytes: &[u8]) -> u64 {
    hash(bytes) >> 11
}

/// The hash of what lies at `path`, if that is a file of `size` bytes. `None` says that it is something else: the size
/// alone tells most changes, and nothing is read for them. Whatever cannot be read is `None` too.
pub fn hash_file(path: &Path, size: u64) -> Option<u64> {
    let metadata = fs::metadata(path).ok()?;
    // Asked before it is opened: a named pipe would keep whoever opens it waiting for a writer.
    if !metadata.is_file() || metadata.len() != size {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    (bytes.len() as u64 == size).then(|| hash_content(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_as_its_text_only_with_all_its_bytes() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("file.js");
        let text = "export const snowman = '☃'\n";
        fs::write(&file, text).unwrap();
        let size = text.len() as u64;
        assert_eq!(hash_file(&file, size), Some(hash_content(text.as_bytes())));
        assert_ne!(hash_file(&file, size), Some(hash_content(text.replace('☃', "☂").as_bytes())));
        assert_eq!(hash_file(&file, size + 1), None, "of another size");
        assert_eq!(hash_file(temp.path(), size), None, "a directory");
        assert_eq!(hash_file(&temp.path().join("missing.js"), 0), None, "not there");
    }

    #[test]
    fn a_hash_is_a_whole_number_of_javascript() {
        for seed in 0..1000_u64 {
            assert!(hash_content(&seed.to_le_bytes()) < (1 << 53));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_named_pipe_is_not_waited_for() {
        let temp = tempfile::tempdir().unwrap();
        let pipe = temp.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        assert_eq!(hash_file(&pipe, 0), None);
    }
}
