//! From a specifier and who asks to a path. The edge to the disk as far as names go: everything is asked through
//! [`FileSystem`]. The only module that names `oxc_resolver`.

mod fs;

pub use fs::{Disk, Entry, FileSystem};
