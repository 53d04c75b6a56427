//! The tokens of a batch, made by several threads. They share the MCU rows of a picture in memory: who has none left
//! takes over half of another's. Of a picture that is still in its source, two threads decode; who begins with the
//! first row makes tokens of it at once, and goes on with what the other has decoded, who helps once that is all. Scans
//! that are decoded together are taken a stripe at a time: whoever has decoded it makes tokens of it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, ErrorKind, Result};
use crate::jpeg::batch::{Batch, Pass};
use crate::jpeg::coeff::BLOCK_BYTES;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::Frame;
use crate::jpeg::mcu::StripeBuffer;
use crate::jpeg::packed::PackedPicture;
use crate::jpeg::rows::{InMemory, Rows};
use crate::jpeg::scans::{Scans, Stripes};
use crate::jpeg::threads::{Shares, Threads};
use crate::jpeg::write::Work;

/// Bytes of the coefficients of a picture that threads share, at least, where they have to be decoded for it.
const SHARED_BYTES: u64 = 1 << 20;
/// Bytes of the coefficients of a picture that threads share wherever it is in memory, at least; smaller ones, where they
/// take no more than this part of them without their zeros.
const FULL_BYTES: u64 = 1 << 21;
const FULL_SHARE: u64 = 3;
/// MCU rows that are worth a thread.
const ROWS_OF_A_THREAD: usize = 16;

/// Threads that make the tokens of a batch, which each of them can begin.
pub(crate) struct Team<'a, K, B> {
    pub(crate) kernels: K,
    pub(crate) frame: &'a Frame,
    pub(crate) begin: B,
    pub(crate) work: Work<'a>,
    /// Bytes of output that are there already.
    pub(crate) written: usize,
}

/// What the threads have in common while they make the tokens.
struct Shared<'a, 'b> {
    pass: Pass<'a>,
    shares: Shares,
    /// What each of them but the first has made.
    made: Mutex<Vec<Result<Vec<Batch<'b>>>>>,
}

impl<'b, K: AcKernels, B: Fn() -> Batch<'b> + Sync> Team<'_, K, B> {
    /// A batch of all rows, with its tokens; `None` where threads do not help, where they take memory that the limits do
    /// not leave, or where what they make cannot be joined.
    pub(crate) fn tokenised(&self, rows: &mut Rows<'_>) -> Result<Option<Batch<'b>>> {
        let rows_high = self.frame.mcus_high as usize;
        let threads = &self.work.threads.at_most(rows_high / ROWS_OF_A_THREAD);
        if !threads.are_many() {
            return Ok(None);
        }
        let outcome = match &mut *rows {
            Rows::Together(scans) => self.of_scans(scans, threads),
            rows => match rows.in_memory() {
                Some(memory) if self.is_full(memory) => return Ok(None),
                Some(memory) => self.of_memory(memory, threads),
                None => self.of_stream(rows, threads),
            },
        };
        match outcome {
            // What is left is left to later batches, which may need more than one that a single pass would have made.
            Ok(Some(batch)) if batch.has_left() && !self.work.has_plenty(self.frame, self.written) => Ok(None),
            // Whatever is wrong, a single pass will find it.
            Err(error) if error.is_of_memory() || error.kind() == ErrorKind::Input => Ok(None),
            outcome => outcome,
        }
    }

    /// Whether a small picture is in memory with so few zeros that it and what threads make of it take more than it may.
    fn is_full(&self, memory: InMemory<'_>) -> bool {
        let bytes = self.frame.blocks() * BLOCK_BYTES;
        matches!(memory, InMemory::Packed(_)) && bytes < FULL_BYTES && memory.bytes(1) > bytes / FULL_SHARE
    }

    /// Of a picture in memory.
    fn of_memory(&self, memory: InMemory<'_>, threads: &Threads) -> Result<Option<Batch<'b>>> {
        let shared = self.shared(memory.bytes(threads.count()) + self.written as u64, threads);
        let help = |thread| self.help(thread, memory, 0, &shared, &AtomicBool::new(false));
        let lead = || {
            let mut first = (self.begin)();
            first.tokenise(self.kernels, &mut memory.into(), &mut shared.shares.of(0), &shared.pass)?;
            Ok::<_, Error>((first, help(0)?))
        };
        let lead = || lead().inspect_err(|_| shared.shares.close());
        let (first, mut made) = threads.beside(|thread| shared.add(help(thread)), lead)?;
        made.push(first);
        made.extend(shared.others()?);
        Ok(self.joined(made))
    }

    /// Of one whose rest another thread decodes.
    fn of_stream(&self, rows: &mut Rows<'_>, threads: &Threads) -> Result<Option<Batch<'b>>> {
        let Self { kernels, frame, work, written, .. } = *self;
        let (shared, others) = (self.shared(written as u64, threads), threads.at_most(threads.count() - 1));
        let begin_with = |least: u32, rest: &PackedPicture, is_over: &AtomicBool| {
            let memory = InMemory::Packed(rest);
            // Each has a window; the rows are counted for already.
            if let Err(error) = shared.pass.hold(memory.bytes(0), memory.bytes(others.count())) {
                return shared.add(Err(error));
            }
            let help = |thread| shared.add(self.help(thread, memory, least, &shared, is_over));
            others.beside(|number| help(number + 1), || help(1));
        };
        let made = rows.with_rest(kernels, frame, SHARED_BYTES, (threads, work.cancel), begin_with, |rows| {
            let (mut first, pass) = ((self.begin)(), &shared.pass);
            let of_rows = rows.bytes();
            pass.hold(0, of_rows)?;
            first.tokenise(kernels, rows, &mut shared.shares.of(0), pass)?;
            let Some(rest) = rows.rest()? else {
                // What others may have made of it is of no use.
                let mut left = first.rows().end..frame.mcus_high;
                first.tokenise(kernels, rows, &mut left, pass)?;
                return Ok::<_, Error>((first, None));
            };
            let memory = InMemory::Packed(&rest);
            let held = pass.hold(of_rows, rows.bytes() + memory.bytes(1));
            let own = held.and_then(|()| self.help(0, memory, 0, &shared, &AtomicBool::new(false)));
            let own = own.inspect_err(|_| shared.shares.close())?;
            Ok((first, Some((own, rest.offsets()))))
        });
        let Some(made) = made else { return Ok(None) };
        let (first, met) = made?;
        let Some((mut made, offsets)) = met else { return Ok(self.joined(vec![first])) };
        let mut others = shared.others()?;
        // Who did not come from before did not know them.
        others.iter_mut().for_each(|batch| batch.move_dc(offsets));
        made.push(first);
        made.extend(others);
        Ok(self.joined(made))
    }

    /// Of one whose scans are decoded together: whoever has decoded a stripe makes tokens of it.
    fn of_scans(&self, scans: &mut Scans<'_>, threads: &Threads) -> Result<Option<Batch<'b>>> {
        if self.frame.blocks() * BLOCK_BYTES < SHARED_BYTES {
            return Ok(None);
        }
        scans.rewind();
        let (scans, pass) = (&*scans, Pass::new(self.work, scans.bytes() + self.written as u64));
        let made = threads.share(vec![(); threads.count()], |()| 0, |()| self.stripes(scans, threads, &pass));
        scans.outcome()?;
        Ok(self.joined(made.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect()))
    }

    /// The batches of the stripes that a thread decodes.
    fn stripes(&self, scans: &Scans<'_>, threads: &Threads, pass: &Pass<'_>) -> Result<Vec<Batch<'b>>> {
        let (mut made, mut stripe, mut bytes) = (Vec::new(), StripeBuffer::default(), 0);
        let rows = Stripes::of_parts(self.frame, Pass::first_rows(self.frame), threads.count());
        while scans.next_stripe(self.frame, rows, &mut stripe) == Some(true) {
            pass.hold(bytes, stripe.bytes())?;
            bytes = stripe.bytes();
            let StripeBuffer { rows, planes } = &stripe;
            let batch = (self.begin)();
            let mut batch = if rows.start == 0 { batch } else { batch.beginning_at(rows.start) };
            batch.tokenise(self.kernels, &mut InMemory::Planes(planes).into(), &mut rows.clone(), pass)?;
            batch.pause();
            made.push(batch);
        }
        Ok(made)
    }

    fn shared(&self, bytes: u64, threads: &Threads) -> Shared<'_, 'b> {
        let Self { frame, work, .. } = *self;
        let shares = Shares::new(threads.count(), frame.mcus_high);
        Shared { pass: Pass::new(work, bytes), shares, made: Mutex::default() }
    }

    /// The batches of the rows that a thread without any takes over, from `least` on, until there are none left for it,
    /// or `is_over`.
    fn help(
        &self,
        thread: usize,
        memory: InMemory<'_>,
        least: u32,
        Shared { pass, shares, .. }: &Shared<'_, 'b>,
        is_over: &AtomicBool,
    ) -> Result<Vec<Batch<'b>>> {
        let (mut made, least) = (Vec::new(), least.max(Pass::first_rows(self.frame)));
        while let Some(start) = shares.take_over(thread, least) {
            let mut batch = (self.begin)().beginning_at(start);
            let mut own = shares.of(thread).take_while(|_| !is_over.load(Ordering::Relaxed));
            batch.tokenise(self.kernels, &mut memory.into(), &mut own, pass)?;
            batch.pause();
            made.push(batch);
        }
        Ok(made)
    }

    /// All rows in one batch, if they can be.
    fn joined(&self, mut batches: Vec<Batch<'b>>) -> Option<Batch<'b>> {
        batches.sort_by_key(|batch| batch.rows().start);
        let mut batches = batches.into_iter();
        let mut first = batches.next()?;
        first.pause();
        let is_whole = batches.all(|next| first.join(next)) && first.rows() == (0..self.frame.mcus_high);
        is_whole.then_some(first)
    }
}

impl<'b> Shared<'_, 'b> {
    fn add(&self, made: Result<Vec<Batch<'b>>>) {
        if let Ok(mut all) = self.made.lock() {
            all.push(made);
        }
    }

    /// What all but the first thread have made.
    fn others(self) -> Result<Vec<Batch<'b>>> {
        let made = self.made.into_inner().unwrap_or_default();
        Ok(made.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::coeff::CoefficientImage;
    use crate::jpeg::frame::Component;
    use crate::jpeg::restart::Interval;
    use crate::jpeg::simd::Scalar;
    use crate::jpeg::write::{PLENTY, PLENTY_BYTES};
    use crate::jpeg::{Coding, RestartInterval, Script};
    use crate::limits::{Cancel, Limits, Visits};

    /// What threads leave depends on which of them has which rows, and what comes later may then need more memory.
    #[test]
    fn what_is_left_is_left_where_there_is_plenty() {
        let frame = Frame::new(512, 1024, 8, vec![Component::new(1, 1, 1, 0)]).unwrap();
        let mut planes = CoefficientImage::planes(&frame, &Limits::default()).unwrap();
        let image = planes[0].bytes();
        let script: Script = "0: 0-0,0,0; 0: 1-63,0,1; 0: 1-63,1,0;".parse().unwrap();
        let scans = script.for_frame(&frame, &Limits::default()).unwrap();
        let intervals = Interval::of_scans(RestartInterval::default(), &frame, scans);
        let begin = || Batch::new(&frame, scans, &intervals, Coding::Progressive);
        for is_full in [false, true] {
            planes[0].blocks_mut().fill([if is_full { 3 } else { 0 }; 64]);
            for (memory, has_plenty) in [(PLENTY * image + PLENTY_BYTES, true), (PLENTY * image, false)] {
                let limits = Limits { memory, ..Limits::default() };
                let (cancel, visits) = (Cancel::new(), Visits::to_make(&limits, 0));
                let work = Work {
                    threads: &Threads::new(2),
                    limits: &limits,
                    cancel: &cancel,
                    visits: &visits,
                    progress: None,
                };
                let team = Team { kernels: Scalar, frame: &frame, begin: &begin, work, written: 0 };
                let mut rows = Rows::Held(std::borrow::Cow::Borrowed(&planes));
                let batch = team.tokenised(&mut rows).unwrap();
                assert_eq!(
                    batch.map(|batch| batch.has_left()),
                    (!is_full || has_plenty).then_some(is_full),
                    "{memory}"
                );
            }
        }
    }
}
