//! `cosimg transcode`: the same coefficients in another order, or coarser ones, of one file or of many.
//!
//! ```text
//! plan    what was typed becomes jobs: a source and where its result goes
//! job     a job is carried out
//! report  what became of the jobs is told, in their order
//! ```

mod job;
mod plan;
mod report;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use cosimg::jpeg::Transcoder;
use cosimg::{Cancel, Limits};

use crate::args::Transcode;
use crate::failure::Outcome;
use crate::simd;
use job::Terms;
use plan::{Job, Plan};
use report::Report;

pub(crate) fn run(args: &Transcode) -> Outcome {
    let Plan { jobs, faults } = plan::of(args)?;
    let cancel = Cancel::new();
    trigger_by_ctrl_c(cancel.clone());
    let limits = Limits::default();
    let threads = args.threads.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN);
    // Of many files each has a thread, one alone may have them all.
    let each = if jobs.len() == 1 { threads } else { NonZero::<usize>::MIN };
    let terms = Terms {
        most: limits.input_bytes.min(limits.memory),
        transcoder: transcoder(args)?.threads(each).limits(limits).cancel(cancel),
        preserve: args.preserve,
    };
    let mut report = Report::new(args.json, jobs.len() + faults.len());
    for (path, failure) in faults {
        report.add(&Job { input: path, output: None, makes_folders: false }, Err(failure))?;
    }
    carry_out(&jobs, &terms, threads.get(), |job, result| report.add(job, result))?;
    report.finish()
}

fn transcoder(args: &Transcode) -> Outcome<Transcoder> {
    let mut transcoder = args.scans.apply(Transcoder::new().coding(args.coding.coding()))?;
    if let Some(quality) = args.quality {
        transcoder = transcoder.requantise(quality, args.preset.into())?;
    }
    if let Some(bytes) = args.target_bytes {
        transcoder = transcoder.target_bytes(bytes);
    }
    let transcoder = transcoder.restart_interval(args.restart.unwrap_or_default()).simd(simd::chosen()?);
    Ok(transcoder.strip(args.strip).tolerant(args.tolerant).never_larger(args.never_larger))
}

/// Carries the jobs out, as many at a time as there are threads, and gives each result to `tell` in the order of the
/// jobs. After Ctrl-C none is begun.
fn carry_out(
    jobs: &[Job],
    terms: &Terms,
    threads: usize,
    mut tell: impl FnMut(&Job, Outcome<job::Done>) -> Outcome,
) -> Outcome {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (sender, results) = mpsc::channel();
        for _ in 0..threads.min(jobs.len()) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(i) else { break };
                    if sender.send((i, job::run(job, terms))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let (mut early, mut told) = (BTreeMap::new(), 0);
        for (i, result) in results {
            early.insert(i, result);
            while let Some(result) = early.remove(&told) {
                if let Err(failure) = tell(&jobs[told], result) {
                    next.store(jobs.len(), Ordering::Relaxed);
                    return Err(failure);
                }
                told += 1;
            }
        }
        Ok(())
    })
}

/// What is under way ends at its next block row, and leaves nothing half-written.
fn trigger_by_ctrl_c(cancel: Cancel) {
    thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
        if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            cancel.trigger();
        }
    });
}
