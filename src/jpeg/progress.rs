//! How far a call is: the flag that stops it, and a function of the caller's that is told.

use std::fmt;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, ThreadId};

use crate::error::{Error, ErrorKind, Result};
use crate::limits::Cancel;

/// What is told how much of the work is done, and of how much in all.
type Tell = dyn Fn(u64, u64) -> ControlFlow<()> + Send + Sync;

/// A function of the caller's. After it has panicked nothing is left half done that it would be asked again.
pub(crate) struct Watcher(AssertUnwindSafe<Arc<Tell>>);

impl Watcher {
    pub(crate) fn new(tell: impl Fn(u64, u64) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        Self(AssertUnwindSafe(Arc::new(tell)))
    }
}

impl Clone for Watcher {
    fn clone(&self) -> Self {
        Self(AssertUnwindSafe(Arc::clone(&self.0)))
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher")
    }
}

/// The progress of a call, which its threads share.
#[derive(Debug)]
pub(crate) struct Progress {
    cancel: Cancel,
    watcher: Option<Watcher>,
    done: AtomicU64,
    total: u64,
    /// What was told last.
    told: AtomicU64,
    stopped: AtomicBool,
    /// The caller's, the only one on which the function is called.
    thread: ThreadId,
}

impl Progress {
    /// That of a call with so much work.
    pub(crate) fn new(cancel: &Cancel, watcher: Option<&Watcher>, total: u64) -> Self {
        Self {
            cancel: cancel.clone(),
            watcher: watcher.cloned(),
            done: AtomicU64::new(0),
            total,
            told: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            thread: thread::current().id(),
        }
    }

    /// Goes on in a call that may come from another thread.
    pub(crate) fn go_on(&mut self) {
        self.thread = thread::current().id();
    }

    /// Whether the call is to go on.
    pub(crate) fn check(&self) -> Result<()> {
        self.cancel.check()?;
        if self.stopped.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Cancelled, "the caller stopped the call").field_named("progress"));
        }
        Ok(())
    }

    /// Tells of work that is done.
    ///
    /// # Errors
    /// `Cancelled` where the flag is raised, or the function wants no more.
    pub(crate) fn advance(&self, work: u64) -> Result<()> {
        let done = self.done.fetch_add(work, Ordering::Relaxed).saturating_add(work);
        self.tell(done.min(self.total))
    }

    /// Tells that all is done: that was less work than might have been.
    pub(crate) fn complete(&self) -> Result<()> {
        self.tell(self.total)
    }

    fn tell(&self, done: u64) -> Result<()> {
        let is_new = || done > self.told.load(Ordering::Relaxed) && self.thread == thread::current().id();
        if let Some(Watcher(watcher)) = self.watcher.as_ref().filter(|_| is_new()) {
            self.told.store(done, Ordering::Relaxed);
            if watcher(done, self.total).is_break() {
                self.stopped.store(true, Ordering::Relaxed);
            }
        }
        self.check()
    }
}
