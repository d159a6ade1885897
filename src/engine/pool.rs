//! The rayon pool that scans and walks run on. Owns its threads: rayon does not join them, and a thread that outlives
//! `close()` is a crash waiting for Node to unload the addon.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::{Error, Result};

/// The name of its threads, before their numbers.
pub(super) const NAME: &str = "bino-pool";

/// The stack of each thread, in bytes (16 MiB). These are addresses until something is nested that deeply, and the larger
/// of the usual source files would otherwise each be parsed on a thread of their own.
const STACK: usize = 16 << 20;

/// How much of it a task may take to have left, in bytes: a thread that waits for others takes up their tasks meanwhile.
pub(super) const ROOM: usize = STACK / 2;

/// A pool whose threads can be waited for.
pub(super) struct Pool {
    pool: Arc<ThreadPool>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool {
    /// Starts `threads` threads, or one for each core if zero.
    pub(super) fn start(threads: usize) -> Result<Self> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let count = if threads == 0 { cores() } else { threads };
        let mut handles = Vec::with_capacity(count);
        let built = ThreadPoolBuilder::new()
            .num_threads(count)
            .spawn_handler(|thread| {
                let name = format!("{NAME}-{}", thread.index());
                let builder = std::thread::Builder::new().name(name).stack_size(STACK);
                handles.push(builder.spawn(|| thread.run())?);
                Ok(())
            })
            .build();
        match built {
            Ok(pool) => Ok(Self { pool: Arc::new(pool), threads: handles }),
            Err(source) => {
                join_in_time(handles, super::GOODBYE);
                Err(Error::Thread { name: NAME.to_owned(), source: std::io::Error::other(source) })
            }
        }
    }

    pub(super) fn share(&self) -> Arc<ThreadPool> {
        Arc::clone(&self.pool)
    }

    /// Ends the threads and waits for them, and for whoever still uses the pool, but not forever.
    pub(super) fn join(self, patience: Duration) {
        drop(self.pool);
        join_in_time(self.threads, patience);
    }
}

/// Waits for the end of threads. One that hangs in the kernel, on a mount that does not answer, is left alone: a server that
/// cannot be closed is worse. It runs none of our code until the mount answers, and the dynamic linker keeps a library
/// for as long as a thread has something of it to clean up.
pub(super) fn join_in_time(threads: Vec<JoinHandle<()>>, patience: Duration) {
    let deadline = Instant::now() + patience;
    for thread in threads {
        while !thread.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_micros(200));
        }
        if thread.is_finished() {
            // A panic in a task went to whoever waits for the task; the thread itself has nothing more to tell.
            let _ = thread.join();
        }
    }
}
