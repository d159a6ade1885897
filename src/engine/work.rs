//! The project's work: one job after another on the pool, so that the engine's thread keeps taking in events.
//! Owns the project between two jobs, and the jobs that wait; never decides what an event is.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Sender;
use rayon::ThreadPool;

use super::pool;
use super::run::Message;
use crate::change::{Change, ChangeBatch};
use crate::project::{Files, Project, ProjectUpdate, Snapshot, Stop};
use crate::watch;

/// Something to do with the project.
pub(super) enum Job {
    /// Read everything.
    Build,
    /// Get ready for the first batch.
    Prepare,
    /// Take in a batch. Its epoch is given when it is done: it may have to let another one pass.
    Update(ChangeBatch),
    /// Look again at what lies in directories that are watched from now on: it may have changed in between.
    Recheck(Vec<PathBuf>),
    /// Look again at files that came and went within a transaction: a job under way may have met them.
    Forget(Vec<PathBuf>),
    /// Describe everything.
    Describe(Sender<Option<Snapshot>>),
}

/// What came of it.
pub(super) enum Done {
    Built,
    Updated(ChangeBatch, Box<ProjectUpdate>),
    Rechecked(Vec<Change>, Box<ProjectUpdate>),
    Nothing,
}

/// The end of a job, as the engine's thread is told.
pub(super) struct Worked {
    project: Box<Project>,
    pub(super) done: Done,
    /// Directories that have to be watched from now on.
    pub(super) outside: Vec<PathBuf>,
    /// Files below the root that have to be watched from now on, if they are not.
    pub(super) inside: Vec<PathBuf>,
}

/// The project and what is to be done with it.
pub(super) struct Work {
    /// Not there while a job is under way.
    project: Option<Box<Project>>,
    waiting: VecDeque<Job>,
    pool: Arc<ThreadPool>,
    messages: Sender<Message>,
    stop: Stop,
    pub(super) files: Files,
}

impl Work {
    pub(super) fn new(project: Project, pool: Arc<ThreadPool>, messages: Sender<Message>) -> Self {
        let (stop, files) = (project.stop(), project.files());
        Self {
            project: Some(Box::new(project)),
            waiting: VecDeque::from([Job::Build]),
            pool,
            messages,
            stop,
            files,
        }
    }

    /// Does this after everything that waits.
    pub(super) fn add(&mut self, job: Job) {
        self.waiting.push_back(job);
        self.go_on();
    }

    /// Does this before everything that waits.
    pub(super) fn add_first(&mut self, job: Job) {
        self.waiting.push_front(job);
        self.go_on();
    }

    /// A job is done.
    pub(super) fn take_back(&mut self, worked: Worked) -> (Done, Vec<PathBuf>, Vec<PathBuf>) {
        self.project = Some(worked.project);
        (worked.done, worked.outside, worked.inside)
    }

    /// Begins the next job, if none is under way.
    pub(super) fn go_on(&mut self) {
        let Some(project) = self.project.take() else { return };
        let Some(job) = self.waiting.pop_front() else {
            self.project = Some(project);
            return;
        };
        let messages = self.messages.clone();
        self.pool.spawn(move || {
            let ended = catch_unwind(AssertUnwindSafe(|| perform(project, job)));
            let message = match ended {
                Ok(worked) => Message::Worked(Box::new(worked)),
                Err(panic) => Message::Broken(watch::panicked(pool::NAME, panic.as_ref())),
            };
            // It fails only when the engine has stopped, and then nobody wants to know.
            let _ = messages.send(message);
        });
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // A job under way ends at the next file, so that `close()` need not wait for a whole crawl.
        self.stop.stop();
    }
}

fn perform(mut project: Box<Project>, job: Job) -> Worked {
    let done = match job {
        Job::Build => {
            project.build();
            Done::Built
        }
        Job::Prepare => {
            project.prepare();
            Done::Nothing
        }
        Job::Update(batch) => {
            let update = project.update(&batch.changes);
            Done::Updated(batch, Box::new(update))
        }
        Job::Recheck(directories) => {
            let changes = project.modules_below(&directories);
            let update = project.update(&changes);
            Done::Rechecked(changes, Box::new(update))
        }
        Job::Forget(files) => {
            let changes = project.modules_gone(&files);
            if changes.is_empty() {
                Done::Nothing
            } else {
                // They were told already, or never: only what it did to the graph is news.
                Done::Rechecked(Vec::new(), Box::new(project.update(&changes)))
            }
        }
        Job::Describe(reply) => {
            // Whoever asked and went away needs no answer.
            let _ = reply.send(Some(project.snapshot()));
            Done::Nothing
        }
    };
    let (outside, inside) = (project.take_outside(), project.take_inside());
    Worked { project, done, outside, inside }
}
