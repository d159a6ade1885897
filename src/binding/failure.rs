//! Errors and panics of the core as JavaScript errors with a code.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::Error;
use crate::watch::panicked;

/// A result whose error JavaScript sees with `err.code` set to the core's code. napi-derive knows it by this name.
pub type Result<T> = std::result::Result<T, napi::Error<String>>;

/// Runs a call into the core. A panic is a bug of ours, and still only an error for JavaScript.
pub fn guard<T>(call: impl FnOnce() -> crate::error::Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(to_js),
        Err(panic) => Err(to_js(panicked("JavaScript", &*panic))),
    }
}

fn to_js(error: Error) -> napi::Error<String> {
    napi::Error::new(error.code().to_owned(), error.to_string())
}
