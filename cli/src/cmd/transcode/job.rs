//! A job: a file is read, rewritten and put in its place, whole or not at all.

use std::fs;

use cosimg::jpeg::{Transcoded, Transcoder};

use super::plan::Job;
use crate::failure::{Failure, Outcome};
use crate::output::{self, Keep};

/// What holds for all jobs.
pub(super) struct Terms {
    pub(super) transcoder: Transcoder,
    /// Bytes of a source at most.
    pub(super) most: u64,
    /// Whether a result has the times and permissions of its source.
    pub(super) preserve: bool,
}

/// What became of a file.
pub(super) struct Done {
    pub(super) before: u64,
    pub(super) after: u64,
    /// Whether something was written: not where the place of the source already holds the result.
    pub(super) written: bool,
    /// Whether the result is the source, for want of a smaller one.
    pub(super) kept_source: bool,
    pub(super) warnings: Vec<String>,
}

/// A result that is not yet in its place.
pub(super) struct Made {
    source: Vec<u8>,
    /// Of a source that has any.
    meta: Option<fs::Metadata>,
    result: Transcoded,
}

/// Reads and rewrites; nothing is to be seen of it. Fails where the source cannot be read or rewritten.
pub(super) fn make(job: &Job, terms: &Terms) -> Outcome<Made> {
    let meta = if output::is_dash(&job.input) { None } else { fs::metadata(&job.input).ok() };
    let source = output::read(&job.input, terms.most)?;
    let result = terms.transcoder.run_and_report(&source);
    let result = result.map_err(|error| Failure::about(job.input.display(), &error))?;
    Ok(Made { source, meta, result })
}

impl Made {
    /// Puts the result in its place, unless that holds it already. Fails where it cannot be written.
    pub(super) fn put(self, job: &Job, terms: &Terms) -> Outcome<Done> {
        let Self { source, meta, result } = self;
        let in_place = same(job);
        let written = !in_place || result.bytes != source;
        if written {
            let keep =
                Keep { source: meta.as_ref().filter(|_| terms.preserve), replaces: meta.as_ref().filter(|_| in_place) };
            if let Some(folder) = job.output().parent().filter(|_| job.makes_folders) {
                fs::create_dir_all(folder).map_err(|error| Failure::io(folder.display(), &error))?;
            }
            output::write_as(job.output(), &result.bytes, &keep)?;
        }
        let mut warnings: Vec<_> = result.damages.listed().iter().map(ToString::to_string).collect();
        let unlisted = result.damages.count() - warnings.len() as u64;
        if unlisted > 0 {
            warnings.push(format!("and {unlisted} more"));
        }
        let (before, after) = (source.len() as u64, result.bytes.len() as u64);
        Ok(Done { before, after, written, kept_source: result.kept_source, warnings })
    }
}

/// Whether the result takes the place of its source, by whatever name.
fn same(job: &Job) -> bool {
    match &job.output {
        None => true,
        Some(output) => fs::canonicalize(output).is_ok_and(|output| fs::canonicalize(&job.input).ok() == Some(output)),
    }
}
