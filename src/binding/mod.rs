//! The Node addon: converts JavaScript values into the core's and back, and nothing else.
//!
//! `js/native.js` is the only caller. A panic of the core becomes a JavaScript error with a code, never an abort.

mod content;
mod engine;
mod failure;
mod feeds;
mod graphs;
mod pending;
mod project;
mod walk;
mod watcher;
