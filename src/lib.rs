//! The core of bino-hmr: a save becomes one transaction, a transaction becomes one walk, a walk becomes one payload.
//!
//! The modules below stand in the order of the data flow; each may use those above it and none below.
//! `ARCHITECTURE.md` draws the whole map and names the test that holds each invariant.

#![deny(missing_docs)]

pub mod error;
pub mod path;

pub mod change;
pub mod resolve;
pub mod scan;

pub mod graph;
pub mod propagate;

pub mod payload;
pub mod project;
pub mod watch;

pub mod engine;

#[cfg(feature = "binding")]
mod binding;
