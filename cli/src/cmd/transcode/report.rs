//! What became of the jobs: an object each with `--json`, remarks beside the result without; a bar on a terminal.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::job::Done;
use super::plan::Job;
use crate::failure::{Exit, Failure, Outcome};
use crate::output::{self, SCHEMA};

/// Takes the results in the order of the jobs; after Ctrl-C some never come.
pub(super) struct Report {
    json: bool,
    jobs: usize,
    bar: ProgressBar,
    written: usize,
    unchanged: usize,
    failed: usize,
    before: u64,
    after: u64,
    /// How the last job that failed did.
    exit: Option<Exit>,
}

/// A file in JSON; documented in docs/transcode.md.
#[derive(Serialize)]
struct Row<'a> {
    schema: u32,
    input: &'a str,
    output: &'a str,
    status: &'static str,
    bytes_before: Option<u64>,
    bytes_after: Option<u64>,
    kept_source: bool,
    warnings: &'a [String],
    error: Option<&'a str>,
}

impl Report {
    pub(super) fn new(json: bool, jobs: usize) -> Self {
        let bar = if jobs > 1 && io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {eta}");
            ProgressBar::new(jobs as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        } else {
            ProgressBar::hidden()
        };
        Self { json, jobs, bar, written: 0, unchanged: 0, failed: 0, before: 0, after: 0, exit: None }
    }

    pub(super) fn add(&mut self, job: &Job, result: Outcome<Done>) -> Outcome {
        let (name, target) = (job.input.to_string_lossy(), job.output().to_string_lossy());
        let mut row = Row {
            schema: SCHEMA,
            input: &name,
            output: &target,
            status: "failed",
            bytes_before: None,
            bytes_after: None,
            kept_source: false,
            warnings: &[],
            error: None,
        };
        match &result {
            Ok(done) => {
                row.status = if done.written { "written" } else { "unchanged" };
                *(if done.written { &mut self.written } else { &mut self.unchanged }) += 1;
                (row.bytes_before, row.bytes_after) = (Some(done.before), Some(done.after));
                (row.kept_source, row.warnings) = (done.kept_source, &done.warnings);
                (self.before, self.after) = (self.before + done.before, self.after + done.after);
            }
            Err(failure) => {
                row.error = failure.message();
                self.failed += 1;
                self.exit = Some(failure.exit);
            }
        }
        self.bar.inc(1);
        self.bar.suspend(|| if self.json { output::json(&row) } else { note(&row) })
    }

    pub(super) fn finish(self) -> Outcome {
        self.bar.finish_and_clear();
        if self.jobs == 0 {
            return Err(Failure::new(Exit::Nothing, "there is no JPEG in what was named"));
        }
        if self.jobs > 1 && !self.json {
            let [before, after] = [self.before, self.after].map(output::grouped);
            let (written, unchanged, failed) = (self.written, self.unchanged, self.failed);
            output::note(format_args!(
                "{} files: {written} written, {unchanged} unchanged, {failed} failed; {before} bytes are now {after}",
                self.jobs
            ));
        }
        let missing = self.jobs - (self.written + self.unchanged + self.failed);
        if missing > 0 {
            let message = format_args!("cancelled, with {missing} of {} files not done", self.jobs);
            return Err(Failure::new(Exit::Cancelled, message));
        }
        match self.exit {
            Some(exit) if self.jobs == 1 => Err(Failure::told(exit)),
            Some(_) => Err(Failure::told(Exit::Failed)),
            None if self.written == 0 => Err(Failure::told(Exit::Nothing)),
            None => Ok(()),
        }
    }
}

#[allow(clippy::unnecessary_wraps, reason = "stands beside a function that can fail")]
fn note(row: &Row<'_>) -> Outcome {
    for warning in row.warnings {
        output::note(format_args!("warning: {}: {warning}", row.input));
    }
    if let Some(error) = row.error {
        output::note(format_args!("error: {error}"));
    }
    Ok(())
}
