//! The engine on real files: what is written to disk is what the batches say. Every test waits for events with a
//! deadline; none sleeps and hopes.

mod lab;

mod beside;
mod bursts;
#[cfg(target_os = "linux")]
mod child;
#[cfg(target_os = "linux")]
mod fuse;
#[cfg(target_os = "linux")]
mod fuse_mount;
mod git;
mod git_locks;
mod hold;
mod ignored;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(unix)]
mod links;
mod lost;
#[cfg(target_os = "linux")]
mod polls;
mod pruned;
mod saves;
mod trees;
mod truth;
