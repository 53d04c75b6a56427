//! Coefficients to bytes: the head of the file, then every scan of the script (`batch`).

use std::cell::Cell;

use crate::error::{ErrorKind, Result};
use crate::jpeg::batch::{Batch, Best, Made, Pass};
use crate::jpeg::coeff::BLOCK_BYTES;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::entropy::store::Store;
use crate::jpeg::frame::Frame;
use crate::jpeg::head::Head;
use crate::jpeg::layout::{Layout, Plan};
use crate::jpeg::marker::EOI;
use crate::jpeg::metadata::Metadata;
use crate::jpeg::part::{self, Ready};
use crate::jpeg::progress::Progress;
use crate::jpeg::restart::Interval;
use crate::jpeg::rows::{Coefficients, Rows};
use crate::jpeg::scan::Scan;
use crate::jpeg::simd::{Level, Simd};
use crate::jpeg::team::Team;
use crate::jpeg::threads::Threads;
use crate::jpeg::{Coding, RestartInterval};
use crate::limits::{Cancel, Limits, Visits};

/// What is done with the bytes that there are when a scan is complete: they may be taken away.
pub(crate) type Deliver<'a> = &'a mut dyn FnMut(&mut Vec<u8>) -> Result<()>;

/// What a writer may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work<'a> {
    /// Threads at most, the caller's among them.
    pub(crate) threads: &'a Threads,
    pub(crate) limits: &'a Limits,
    pub(crate) cancel: &'a Cancel,
    pub(crate) visits: &'a Visits,
    /// What is told of each scan, where anything is.
    pub(crate) progress: Option<&'a Progress>,
}

/// Times the coefficients of a picture that all that is made of it may take at most, and bytes beside: the tokens of its
/// largest scan 2, those of others 1, the output 3 while it is put together of parts as large, and those of pieces.
pub(crate) const PLENTY: u64 = 8;
pub(crate) const PLENTY_BYTES: u64 = 1 << 22;

impl Work<'_> {
    /// Whether there is memory for all that may be made of a picture, however it is done, beside so many bytes.
    pub(crate) fn has_plenty(&self, frame: &Frame, written: usize) -> bool {
        self.limits.memory.saturating_sub(PLENTY_BYTES + written as u64) / PLENTY >= frame.blocks() * BLOCK_BYTES
    }
}

/// Writes a whole file.
pub(crate) fn write(
    coefficients: Coefficients<'_>,
    metadata: &Metadata<'_>,
    layout: &Layout,
    simd: Simd,
    work: Work<'_>,
) -> Result<Vec<u8>> {
    write_to(coefficients, metadata, layout, simd, work, &mut |_| Ok(()))
}

/// Writes a whole file and delivers it in pieces; what was not taken away is left.
pub(crate) fn write_to(
    coefficients: Coefficients<'_>,
    metadata: &Metadata<'_>,
    layout: &Layout,
    simd: Simd,
    work: Work<'_>,
    deliver: Deliver<'_>,
) -> Result<Vec<u8>> {
    // The one dispatch of a file.
    match simd.level()? {
        Level::Scalar(kernels) => write_with(kernels, coefficients, metadata, layout, work, deliver),
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(kernels) => write_with(kernels, coefficients, metadata, layout, work, deliver),
        #[cfg(target_arch = "x86_64")]
        Level::Avx512(kernels) => write_with(kernels, coefficients, metadata, layout, work, deliver),
    }
}

fn write_with(
    kernels: impl AcKernels,
    mut coefficients: Coefficients<'_>,
    metadata: &Metadata<'_>,
    layout: &Layout,
    work: Work<'_>,
    deliver: Deliver<'_>,
) -> Result<Vec<u8>> {
    // What is looked at twice is decoded once.
    if layout.looks_at_coefficients() || layout.tries_codings() {
        coefficients = coefficients.in_memory(kernels, work)?;
    }
    if !layout.tries_codings() {
        return lay_out(kernels, &mut coefficients, true, metadata, layout, work, deliver);
    }
    let mut as_coding = |coding, is_last, work| {
        let layout = Layout { coding, ..layout.clone() };
        lay_out(kernels, &mut coefficients, is_last, metadata, &layout, work, &mut |_| Ok(()))
    };
    let progressive = as_coding(Coding::Progressive, false, work)?;
    let mut limits = work.limits.clone();
    limits.memory = limits.memory.saturating_sub(progressive.len() as u64);
    let mut smaller = match as_coding(Coding::Baseline, true, Work { limits: &limits, ..work }) {
        Ok(baseline) if baseline.len() < progressive.len() => baseline,
        // A coefficient may be too large for baseline.
        Err(error) if error.kind() != ErrorKind::Input => return Err(error),
        _ => progressive,
    };
    deliver(&mut smaller)?;
    Ok(smaller)
}

/// Writes a file whose coding is decided. Its rows are released as soon as they may where it `is_last`.
fn lay_out(
    kernels: impl AcKernels,
    coefficients: &mut Coefficients<'_>,
    is_last: bool,
    metadata: &Metadata<'_>,
    layout: &Layout,
    work: Work<'_>,
    deliver: Deliver<'_>,
) -> Result<Vec<u8>> {
    let own = metadata.own_bytes();
    work.limits.check_memory((metadata.bytes() + own) as u64, "the metadata")?;
    let (coding, plan) = layout.plan(kernels, &coefficients.frame, &coefficients.rows, metadata, work)?;
    let Coefficients { frame, tables, rows } = coefficients;
    let Metadata { late, trailing, .. } = metadata;
    let foot = 2 + trailing.len();
    let head = Cell::new(Some(Head { frame, tables, coding, metadata }));
    let scans = Scans { frame, coding, restart: layout.restart, is_last, head, foot, own, work };
    let mut out = Vec::new();
    // Segments that came after the first scan in their source do so again.
    let mut late = Some(late);
    scans.write(kernels, &plan, rows, &mut out, &mut |out| {
        late.take().into_iter().flatten().try_for_each(|segment| segment.write(out))?;
        deliver(out)
    })?;
    // Of threads none is left, and the scans are as long as they are.
    let memory = rows.bytes() + (own + out.len() + foot) as u64;
    work.limits.check_memory(memory, "the coefficients and the output")?;
    out.reserve_exact(foot);
    out.extend([0xFF, EOI]);
    out.extend_from_slice(trailing);
    deliver(&mut out)?;
    Ok(out)
}

/// All scans.
struct Scans<'a> {
    frame: &'a Frame,
    coding: Coding,
    restart: RestartInterval,
    is_last: bool,
    /// Until it is written, with the first scans.
    head: Cell<Option<Head<'a>>>,
    /// Bytes of EOI and of what comes behind it.
    foot: usize,
    /// Bytes of metadata that are the writer's own, not the source's.
    own: usize,
    work: Work<'a>,
}

impl Scans<'_> {
    fn write(
        &self,
        kernels: impl AcKernels,
        plan: &Plan,
        rows: &mut Rows<'_>,
        out: &mut Vec<u8>,
        scan_done: Deliver<'_>,
    ) -> Result<()> {
        let (ways, otherwise) = match plan {
            Plan::Script(script) => return self.write_all(kernels, script, rows, out, scan_done),
            Plan::Ways { ways, otherwise } => (ways, otherwise),
        };
        self.visit(ways.scans().0)?;
        let with_zeros = rows.are_held();
        let Self { frame, restart, .. } = *self;
        let begin = || Batch::of_ways(frame, ways, restart, with_zeros);
        let mut threads = self.work.threads.clone();
        let best = loop {
            let batch = self.tokenised(kernels, begin, rows, &mut threads, self.beside(out))?;
            let has_plenty = threads.are_many() && self.work.has_plenty(self.frame, self.beside(out));
            let with_bytes = has_plenty.then_some(|| self.release(rows));
            let best = batch.best(kernels, ways, self.restart, (&threads, self.work.cancel), with_bytes)?;
            let may_be_less = threads.are_many() && !has_plenty;
            match &best {
                Some(Best::Made(made)) if may_be_less && self.check(made, rows, out).is_err() => {
                    threads = threads.at_most(1)
                }
                _ => break best,
            }
        };
        let script = match best {
            Some(Best::Made(made)) => {
                let of = made.scans.len();
                return self.write_scans(kernels, made, of, rows, out, scan_done);
            }
            Some(Best::Script(script)) => script,
            None => otherwise.clone().unwrap_or_else(|| ways.usual()),
        };
        self.write_all(kernels, &script, rows, out, scan_done)
    }

    fn write_all(
        &self,
        kernels: impl AcKernels,
        script: &[Scan],
        rows: &mut Rows<'_>,
        out: &mut Vec<u8>,
        scan_done: Deliver<'_>,
    ) -> Result<()> {
        self.visit(script)?;
        let Self { frame, coding, restart, .. } = *self;
        let intervals = Interval::of_scans(restart, frame, script);
        let (mut done, mut threads) = (0, self.work.threads.clone());
        while done < script.len() {
            let begin = || Batch::new(frame, &script[done..], &intervals[done..], coding);
            let batch = self.tokenised(kernels, begin, rows, &mut threads, self.beside(out))?;
            let made = batch.into_scans(script.len() - done)?;
            if threads.are_many() && self.check(&made, rows, out).is_err() {
                threads = threads.at_most(1);
                continue;
            }
            done += made.scans.len();
            self.write_scans(kernels, made, script.len(), rows, out, scan_done)?;
        }
        Ok(())
    }

    /// Counts the blocks that scans look at, by however many threads and in however many passes that is.
    fn visit(&self, scans: &[Scan]) -> Result<()> {
        self.work.visits.take(scans.iter().map(|scan| scan.blocks(self.frame)).sum())
    }

    /// A batch that has its tokens. Where so many threads cannot share the rows there is one from then on.
    fn tokenised<'b>(
        &self,
        kernels: impl AcKernels,
        begin: impl Fn() -> Batch<'b> + Sync,
        rows: &mut Rows<'_>,
        threads: &mut Threads,
        written: usize,
    ) -> Result<Batch<'b>> {
        // One thread alone would decode scans on which several can work, or do again what has been done.
        if let Rows::Together(scans) = rows
            && (scans.have_been_decoded() || threads.are_many() && self.coding == Coding::Baseline)
        {
            let beside = scans.bytes() + written as u64;
            rows.hold_in_place(self.frame, beside, self.work)?;
        }
        let mut shared = None;
        // What a sequential scan remembers from block to block is not joined.
        if threads.are_many() && self.coding != Coding::Baseline {
            let Self { frame, work, .. } = *self;
            shared = Team { kernels, frame, begin: &begin, work, written }.tokenised(rows)?;
            if shared.is_none() {
                *threads = threads.at_most(1);
            }
        }
        let mut batch = match shared {
            Some(batch) => batch,
            None => {
                let mut batch = begin();
                let pass = Pass::new(self.work, rows.bytes() + written as u64);
                batch.tokenise(kernels, rows, &mut (0..self.frame.mcus_high), &pass)?;
                batch.pause();
                batch
            }
        };
        batch.finish(kernels, threads);
        Ok(batch)
    }

    /// Bytes of some of the scans of a file once they are written, with what comes before the first and after the last,
    /// and of all that is held then, if they are within the limits. At the end of the file, and of all files that are made
    /// of them, the rows are given back.
    fn check(&self, made: &Made<'_>, rows: &Rows<'_>, out: &Vec<u8>) -> Result<(usize, u64)> {
        let Made { scans, store, is_end } = made;
        let rows = if *is_end && self.is_last && rows.are_own() { 0 } else { rows.bytes() };
        let around = self.head_bytes() + if *is_end { self.foot } else { 0 };
        let bytes = scans.iter().map(Ready::bytes).sum::<usize>() + around;
        // A list that has to grow is there twice for a moment.
        let grown = if out.capacity() - out.len() < bytes { out.len() } else { 0 };
        let held = rows + store.bytes() + scans.iter().map(Ready::memory).sum::<u64>();
        let held = held + (out.len() + grown + self.own) as u64;
        self.work
            .limits
            .check_memory(held + bytes as u64, "the coefficients, the tokens of scans, the metadata and the output")?;
        Ok((bytes, held))
    }

    /// Writes some of the scans of a file, which has so many.
    fn write_scans<'a>(
        &self,
        kernels: impl AcKernels,
        made: Made<'a>,
        of: usize,
        rows: &mut Rows<'_>,
        out: &mut Vec<u8>,
        scan_done: Deliver<'_>,
    ) -> Result<()> {
        let (bytes, held) = self.check(&made, rows, out)?;
        let Made { mut scans, mut store, is_end } = made;
        if is_end {
            self.release(rows);
        }
        // Threads have the scans once more before they are put together, and the pieces of each, which may have to grow.
        let is_shared = self.work.threads.are_many() && !scans.iter().all(Ready::has_bytes);
        if is_shared && held + 4 * bytes as u64 <= self.work.limits.memory {
            let Work { threads, cancel, .. } = self.work;
            (scans, store) = (part::bytes::make(kernels, None, (scans, &store), (threads, cancel))?, Store::default());
        }
        out.reserve_exact(bytes);
        if let Some(head) = self.head.take() {
            head.write(out)?;
        }
        for scan in scans {
            self.work.cancel.check()?;
            scan.write(kernels, self.frame, &store, out)?;
            self.done(of, out, scan_done)?;
        }
        Ok(())
    }

    /// Bytes of the file without the scans that are not written yet, and of what is held for it.
    fn beside(&self, out: &[u8]) -> usize {
        out.len() + self.head_bytes() + self.foot + self.own
    }

    /// Bytes of what comes before the first scan, until it is written.
    fn head_bytes(&self) -> usize {
        self.head.get().map_or(0, |head| head.bytes())
    }

    /// Gives the rows back at the end of the last file that is made of them.
    fn release(&self, rows: &mut Rows<'_>) {
        if self.is_last {
            rows.release();
        }
    }

    /// One of so many scans is complete.
    fn done(&self, of: usize, out: &mut Vec<u8>, scan_done: &mut dyn FnMut(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        if let Some(progress) = self.work.progress {
            progress.advance(self.frame.blocks() / of as u64)?;
        }
        scan_done(out)
    }
}
