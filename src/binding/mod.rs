//! The Node addon: converts JavaScript values into the core's and back, and holds what JavaScript has not taken yet
//! (`feeds`). How two batches or two updates become one is `change`'s and `project`'s.
//!
//! `js/native.js` is the only caller. A panic of the core becomes a JavaScript error with a code, never an abort:
//! each call is made within `failure::guard`. Those that wait away from the event loop (`close`, `graph`) only ask the
//! engine's thread, which catches its own.

mod content;
mod engine;
mod failure;
mod feeds;
mod graphs;
mod pending;
mod project;
mod walk;
mod watcher;
