//! The jobs are shared out among threads, and their results gathered, until all are done or the user has enough.

use std::collections::BTreeMap;
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::{process, thread};

use tokio::runtime::{self, Runtime};
use tokio::sync::mpsc::{self, UnboundedSender};

use super::job::{self, Done, Terms};
use super::plan::Job;
use crate::failure::{Exit, Failure, Outcome};
use crate::output;
use crate::stop::Stop;

/// A job's number and what became of it.
type Told = (usize, Outcome<Done>);

/// What the threads share.
struct Work {
    jobs: Vec<Job>,
    terms: Terms,
    /// The first job that nobody has taken.
    next: AtomicUsize,
    /// Whether results may be written. Shared by those that write files, so that whoever closes it waits for them.
    open: RwLock<bool>,
}

/// Carries the jobs out, as many at a time as there are threads, and gives each result to `tell` in the order of the
/// jobs. After Ctrl-C no source is opened, files that are being written are waited for and told, and nothing else is:
/// a thread that reads a pipe may never come back, and ends with the process.
///
/// Fails where signals cannot be received or `tell` fails.
pub(super) fn carry_out(
    jobs: Vec<Job>,
    terms: Terms,
    threads: usize,
    mut tell: impl FnMut(&Job, Outcome<Done>) -> Outcome,
) -> Outcome {
    let work = Arc::new(Work { jobs, terms, next: AtomicUsize::new(0), open: RwLock::new(true) });
    let (mut early, mut told) = (BTreeMap::new(), 0);
    let (sender, mut results) = mpsc::unbounded_channel();
    // Before the first job is begun.
    work.end_when_asked_again()?;
    let gathered: Outcome = listener()?.block_on(async {
        let mut stop = Stop::new()?;
        let crew: Vec<_> = (0..threads.min(work.jobs.len()))
            .map(|_| {
                let (work, sender) = (work.clone(), sender.clone());
                thread::spawn(move || work.take_part(&sender))
            })
            .collect();
        drop(sender);
        loop {
            let result = tokio::select! {
                biased;
                () = stop.asked() => return Ok(()),
                result = results.recv() => result,
            };
            let Some((i, result)) = result else { break };
            early.insert(i, result);
            while let Some(result) = early.remove(&told) {
                tell(&work.jobs[told], result)?;
                told += 1;
            }
        }
        for thread in crew {
            thread.join().unwrap_or_else(|cause| panic::resume_unwind(cause));
        }
        Ok(())
    });
    work.close();
    gathered?;
    while let Ok((i, result)) = results.try_recv() {
        early.insert(i, result);
    }
    early.into_iter().try_for_each(|(i, result)| tell(&work.jobs[i], result))
}

/// What signals are received by; one that has other work meanwhile does not notice them.
fn listener() -> Outcome<Runtime> {
    runtime::Builder::new_current_thread().enable_io().build().map_err(|error| Failure::io("signals", &error))
}

impl Work {
    /// Does jobs as long as there are any.
    fn take_part(&self, sender: &UnboundedSender<Told>) {
        loop {
            let i = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = self.jobs.get(i).filter(|_| *self.is_open()) else { break };
            let made = job::make(job, &self.terms);
            let open = self.is_open();
            if !*open {
                break;
            }
            // Until the result is told, or else a file would be there that nobody knows of. A pipe may have no reader,
            // and is not waited for.
            let _open = output::appears_whole(job.output()).then_some(open);
            let done = made.and_then(|made| made.put(job, &self.terms));
            if sender.send((i, done)).is_err() {
                break;
            }
        }
    }

    fn is_open(&self) -> RwLockReadGuard<'_, bool> {
        self.open.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the program, once nothing is half-written, when it is asked to end for the second time: whoever reads what is
    /// told may keep it waiting.
    fn end_when_asked_again(self: &Arc<Self>) -> Outcome {
        let (runtime, work) = (listener()?, Arc::clone(self));
        let mut stop = runtime.block_on(async { Stop::new() })?;
        thread::spawn(move || {
            runtime.block_on(async {
                stop.asked().await;
                stop.asked().await;
            });
            work.close();
            process::exit(Exit::Cancelled as i32);
        });
        Ok(())
    }

    /// No job is begun any more. Waits for files that are being written; no other will be.
    fn close(&self) {
        self.next.store(self.jobs.len(), Ordering::Relaxed);
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = false;
    }
}
