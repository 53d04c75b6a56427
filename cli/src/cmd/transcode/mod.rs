//! `cosimg transcode`: the same coefficients in another order, or coarser ones, of one file or of many.
//!
//! ```text
//! plan    what was typed becomes jobs: a source and where its result goes
//! job     a job is carried out
//! share   threads take jobs, until all are done or Ctrl-C
//! report  what became of the jobs is told, in their order
//! ```

mod job;
mod plan;
mod report;
mod share;

use std::num::NonZero;
use std::thread;

use cosimg::Limits;
use cosimg::jpeg::Transcoder;

use crate::args::Transcode;
use crate::failure::Outcome;
use crate::simd;
use job::Terms;
use plan::{Job, Plan};
use report::Report;

pub(crate) fn run(args: &Transcode) -> Outcome {
    let Plan { jobs, faults } = plan::of(args)?;
    let limits = Limits::default();
    let threads = args.threads.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN);
    // Of many files each has a thread, one alone may have them all.
    let each = if jobs.len() == 1 { threads } else { NonZero::<usize>::MIN };
    let terms = Terms {
        most: limits.input_bytes.min(limits.memory),
        transcoder: transcoder(args)?.threads(each).limits(limits),
        preserve: args.preserve,
    };
    let mut report = Report::new(args.json, jobs.len() + faults.len());
    for (path, failure) in faults {
        report.add(&Job { input: path, output: None, makes_folders: false }, Err(failure))?;
    }
    share::carry_out(jobs, terms, threads.get(), |job, result| report.add(job, result))?;
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
