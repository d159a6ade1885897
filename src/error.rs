//! Every error of the core: one variant for each thing that the caller can do about it.
//! JavaScript sees `err.code` (see [`Error::code`]) and a message that says what to do next.

/// What can go wrong outside of the user's own source files (those become diagnostics, never errors).
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder to watch is not there.
    #[error("cannot watch {path}: there is no such directory; create it or set `root` to one that exists")]
    RootMissing {
        /// The folder asked for.
        path: String,
    },
    /// The operating system refused a watch.
    #[error("cannot watch {path}: {source}")]
    Watch {
        /// The folder that could not be watched.
        path: String,
        /// What the watcher library said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A limit of the system on watches is reached. As a warning: what is watched already stays so. It ends the start
    /// where the limit leaves no watcher at all and nothing may be polled.
    #[error("{summary}. To raise it, {fix}")]
    WatchLimit {
        /// Which limit, how far it reaches, and what becomes of the rest.
        summary: String,
        /// The command that raises it.
        fix: String,
    },
    /// Folders may not be read by this process. Everything else is watched.
    #[error(
        "no permission to read {}{}; what is in there is not watched until it may be read",
        .paths.join(", "),
        if *.more > 0 { format!(" and {more} more folders") } else { String::new() }
    )]
    WatchDenied {
        /// The first of them.
        paths: Vec<String>,
        /// How many others there are.
        more: usize,
    },
    /// Not an error: a folder is looked at again and again, since its changes do not all come as events.
    #[error("{path} is polled, because {reason}; `poll: false` ends that")]
    Polling {
        /// The folder.
        path: String,
        /// Why.
        reason: String,
    },
    /// A mount does not answer. What was known of it stays; it is watched again when it answers.
    #[error(
        "{path} is left alone, because the {kind} mount there does not answer ({reason}); what is saved on it is seen \
         when it does"
    )]
    WatchAway {
        /// Where it is mounted.
        path: String,
        /// Its kind of file system.
        kind: String,
        /// What the system said, or how long nothing was said.
        reason: String,
    },
    /// A glob of the `ignore` option or of Vite's `watch.ignored` does not parse.
    #[error("cannot read the glob {glob:?}: {source}")]
    Glob {
        /// The glob as given.
        glob: String,
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A thread could not be started.
    #[error("cannot start the thread {name}: {source}")]
    Thread {
        /// The thread's name.
        name: String,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// A thread of the engine panicked: a bug of ours. The engine has stopped.
    #[error("the thread {thread} of bino-hmr panicked: {message}; please report it")]
    Panic {
        /// The thread's name.
        thread: String,
        /// The panic message.
        message: String,
    },
    /// The engine is closed; the call came too late.
    #[error("the engine is closed; create a new one")]
    Closed,
    /// A delta of the graph mirror, or the request of a walk, does not decode: a bug of ours.
    #[error("what crosses to the module graph is malformed at word {offset}: {what}; please report it")]
    Delta {
        /// Index into the delta, in 32-bit words.
        offset: usize,
        /// What was expected there.
        what: &'static str,
    },
}

impl Error {
    /// The stable code that JavaScript sees as `err.code`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::RootMissing { .. } => "BINO_ROOT_MISSING",
            Self::Watch { .. } => "BINO_WATCH_FAILED",
            Self::WatchLimit { .. } => "BINO_WATCH_LIMIT",
            Self::WatchDenied { .. } => "BINO_WATCH_DENIED",
            Self::Polling { .. } => "BINO_WATCH_POLLING",
            Self::WatchAway { .. } => "BINO_WATCH_AWAY",
            Self::Glob { .. } => "BINO_GLOB_INVALID",
            Self::Thread { .. } => "BINO_THREAD_START",
            Self::Panic { .. } => "BINO_ENGINE_PANIC",
            Self::Closed => "BINO_ENGINE_CLOSED",
            Self::Delta { .. } => "BINO_GRAPH_DELTA",
        }
    }
}

/// A result of the core.
pub type Result<T> = std::result::Result<T, Error>;
