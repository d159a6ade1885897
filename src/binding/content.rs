//! The hashes by which JavaScript sees that a file is what Vite last transformed.

#![cfg_attr(test, allow(dead_code, reason = "in tests napi exports nothing"))]

use std::path::Path;

use napi_derive::napi;

use super::failure::{Result, guard};
use crate::watch::{hash_content, hash_file};

/// The hash of a text's bytes in UTF-8.
#[napi(js_name = "hashText")]
pub fn hash_text(text: String) -> Result<f64> {
    guard(|| Ok(hash_content(text.as_bytes()) as f64))
}

/// The hash of what lies at a path now, if that is a file of `size` bytes.
#[napi(js_name = "hashFile")]
pub fn hash_file_of_size(path: String, size: f64) -> Result<Option<f64>> {
    guard(|| Ok(hash_file(Path::new(&path), size as u64).map(|hash| hash as f64)))
}
