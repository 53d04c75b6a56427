//! The tokens of a batch, made by several threads: of a picture in memory each takes bands of MCU rows. Of one that is
//! still in its source, two decode; who begins with the first row makes tokens of it at once, and the rest is shared out.

use std::ops::Range;

use crate::error::{Error, ErrorKind, Result};
use crate::jpeg::batch::{Batch, Hope};
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::Frame;
use crate::jpeg::rows::{InMemory, Rows};
use crate::jpeg::threads;
use crate::jpeg::write::Work;

/// Bytes of the coefficients of a picture that threads share, at least, where they have to be decoded for it.
const SHARED_BYTES: u64 = 1 << 20;

/// Threads that make the tokens of a batch, which each of them can begin.
pub(crate) struct Team<'a, K, B> {
    pub(crate) kernels: K,
    pub(crate) frame: &'a Frame,
    pub(crate) begin: B,
    pub(crate) work: Work<'a>,
    /// Bytes of output that are there already.
    pub(crate) written: usize,
}

impl<'b, K: AcKernels, B: Fn() -> Batch<'b> + Sync> Team<'_, K, B> {
    /// A batch of all rows, with its tokens; `None` where threads do not help, where they take memory that the limits do
    /// not leave, or where what they make cannot be joined.
    pub(crate) fn tokenised(&self, rows: &mut Rows<'_>) -> Result<Option<Batch<'b>>> {
        let (all, hope) = (0..self.frame.mcus_high, Hope::new());
        if threads::bands(all.clone(), self.work.threads).len() < 2 {
            return Ok(None);
        }
        if let Some(memory) = rows.in_memory() {
            return self.of_bands(None, (memory, 0), all, &hope);
        }
        let Self { kernels, frame, work, written, .. } = *self;
        let outcome = rows.with_rest(kernels, frame, SHARED_BYTES, work.cancel, |rows| {
            let mut first = (self.begin)();
            first.tokenise(kernels, rows, all, &hope, work, written).map(|rest| (first, rest))
        });
        let (first, rest) = match outcome {
            None => return Ok(None),
            // Whatever is wrong, a single pass will find it.
            Some(Err(error)) if is_of_memory(&error) || error.kind() == ErrorKind::Input => return Ok(None),
            Some(outcome) => outcome?,
        };
        let Some(rest) = rest else { return Ok(Some(first)) };
        let numbers = rest.first()..frame.mcus_high;
        self.of_bands(Some(first), (InMemory::Packed(&rest), rows.bytes()), numbers, &hope)
    }

    /// The batch of the `first` rows, with the tokens of these rows, which come next; they are in memory, and so many
    /// bytes beside them.
    fn of_bands(
        &self,
        first: Option<Batch<'b>>,
        (memory, beside): (InMemory<'_>, u64),
        rows: Range<u32>,
        hope: &Hope,
    ) -> Result<Option<Batch<'b>>> {
        let Self { kernels, work, written, .. } = *self;
        let bands = threads::bands(rows, work.threads);
        let beside = beside + first.as_ref().map_or(0, Batch::bytes) + written as u64;
        // What is not held yet is to be had by all bands together.
        let held = memory.bytes(work.threads) + beside;
        let mut limits = work.limits.clone();
        let Some(left) = limits.memory.checked_sub(held) else { return Ok(None) };
        limits.memory = held + left / bands.len() as u64;
        let work = Work { limits: &limits, ..work };
        let tokenise = |band: Range<u32>| {
            let batch = (self.begin)();
            let mut batch = if band.start == 0 { batch } else { batch.beginning_at(band.start) };
            batch.tokenise(kernels, &mut memory.into(), band, hope, work, beside as usize).map(|_| batch)
        };
        let bands = threads::share(work.threads, bands, |_| 0, tokenise);
        let bands = match bands.into_iter().collect::<Result<Vec<_>>>() {
            Err(error) if is_of_memory(&error) => return Ok(None),
            bands => bands?,
        };
        let mut batches = first.into_iter().chain(bands);
        let first = batches.next();
        Ok(first.and_then(|mut first| batches.all(|next| first.join(next)).then_some(first)))
    }
}

fn is_of_memory(error: &Error) -> bool {
    error.kind() == ErrorKind::Limit && error.field() == Some("memory")
}
