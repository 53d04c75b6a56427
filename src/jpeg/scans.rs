//! Scans that are decoded together, a stripe of the picture at a time: no more of it need be in memory, and several
//! threads can, each following another through the scans with the stripe after that one's.

use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::Result;
use crate::jpeg::coeff::{BLOCK_BYTES, Plane};
use crate::jpeg::cursor::{Cursor, Position};
use crate::jpeg::entropy::ReadBlocks;
use crate::jpeg::frame::Frame;
use crate::jpeg::mcu::{Mcus, Stripe, StripeBuffer};
use crate::jpeg::threads::{Threads, lock_awake};
use crate::limits::Cancel;

/// A scan that is decoded a stripe at a time.
pub(crate) trait DecodeStripe: Debug + Send {
    /// Decodes what a scan of the frame has of the first stripe, or of the one after that of the last call.
    fn decode(&mut self, frame: &Frame, stripe: &mut Stripe<'_>) -> Result<()>;

    /// Goes back to the first stripe.
    fn rewind(&mut self);
}

/// A scan of some components.
#[derive(Debug)]
pub(crate) struct OfComponents<'a, R: ReadBlocks> {
    pub(crate) cursor: Cursor<'a, R>,
    pub(crate) components: Vec<usize>,
}

impl<R: ReadBlocks + Debug + Send> DecodeStripe for OfComponents<'_, R> {
    fn decode(&mut self, frame: &Frame, stripe: &mut Stripe<'_>) -> Result<()> {
        let mut mcus = Mcus::new(frame, &self.components, stripe);
        self.cursor.decode(
            mcus.count,
            #[inline(always)]
            |mcu, reader, input| mcus.read(mcu, reader, input),
        )
    }

    fn rewind(&mut self) {
        self.cursor.place = Position::default();
    }
}

/// Bytes of a stripe, if an MCU row has not more: enough work for the wait at a lock to count for little.
const STRIPE_BYTES: u64 = 1 << 18;
/// Stripes of which something is made by itself: for each thread, and at most. To begin with them and to put them
/// together in the end takes as long as some rows.
const PARTS_OF_A_THREAD: usize = 12;
const MOST_PARTS: usize = 32;

/// How many MCU rows stripes have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stripes {
    first: u32,
    others: u32,
}

impl Stripes {
    /// Stripes that come and go.
    pub(crate) fn passing(frame: &Frame) -> Self {
        let rows = (STRIPE_BYTES / row_bytes(frame)).max(1) as u32;
        Self { first: rows, others: rows }
    }

    /// Those of which something is made by so many threads that is put together in the end. The first has so many rows,
    /// at least.
    pub(crate) fn of_parts(frame: &Frame, first: u32, threads: usize) -> Self {
        let parts = threads.saturating_mul(PARTS_OF_A_THREAD).min(MOST_PARTS) as u32;
        let rows = Self::passing(frame).others.max(frame.mcus_high.div_ceil(parts));
        Self { first: rows.max(first), others: rows }
    }
}

/// Bytes of the coefficients of an MCU row.
fn row_bytes(frame: &Frame) -> u64 {
    (frame.blocks() * BLOCK_BYTES).div_ceil(frame.mcus_high.into())
}

/// Scans of a frame, each of which adds to what those before it say.
#[derive(Debug)]
pub(crate) struct Scans<'a> {
    scans: Vec<Mutex<Begun<'a>>>,
    /// The first that has failed.
    failed: AtomicUsize,
    /// The MCU row that the next stripe begins with; held by whoever is about to take it through the scans.
    turn: Mutex<u32>,
    /// Threads at most.
    threads: Threads,
    cancel: Cancel,
    /// Bytes of memory of the scans, and of a stripe that passes.
    bytes: u64,
    /// The stripe of whoever takes the rows one by one.
    own: StripeBuffer,
}

/// A scan, and what came of it so far.
type Begun<'a> = (Box<dyn DecodeStripe + 'a>, Result<()>);

impl<'a> Scans<'a> {
    /// Those of a frame in their order, which take so many bytes of memory.
    pub(crate) fn new(
        scans: Vec<Box<dyn DecodeStripe + 'a>>,
        bytes: u64,
        frame: &Frame,
        threads: Threads,
        cancel: Cancel,
    ) -> Self {
        let failed = scans.len().into();
        let scans = scans.into_iter().map(|scan| Mutex::new((scan, Ok(())))).collect();
        let rows = Stripes::passing(frame).first.min(frame.mcus_high);
        let bytes = bytes + u64::from(rows) * row_bytes(frame);
        let (turn, own) = (Mutex::default(), StripeBuffer::default());
        Self { scans, failed, turn, threads, cancel, bytes, own }
    }

    /// Decodes all of them into the planes of the frame.
    ///
    /// # Errors
    /// The first of the first scan that has one.
    pub(crate) fn decode(&mut self, frame: &Frame, planes: &mut [Plane]) -> Result<()> {
        self.rewind();
        let rows = Stripes::passing(frame).first;
        let stripes = Mutex::new(Stripe::of(frame, planes, rows));
        // A stripe is one thread's at a time, and so is a scan.
        let threads = self.threads.at_most(self.scans.len()).at_most(frame.mcus_high.div_ceil(rows) as usize);
        let run = || while self.take_through(frame, |_| lock_awake(&stripes).next()).is_some() {};
        threads.beside(|_| run(), run);
        self.outcome()
    }

    /// An MCU row of the picture, the first or the one after that of the last call, in planes of some rows.
    ///
    /// # Errors
    /// The first of the first scan that has one.
    pub(crate) fn go_to(&mut self, frame: &Frame, y: u32) -> Result<&[Plane]> {
        if y == 0 {
            self.rewind();
        }
        if !self.own.rows.contains(&y) {
            let (mut own, rows) = (std::mem::take(&mut self.own), Stripes::passing(frame));
            if self.next_stripe(frame, rows, &mut own) == Some(false) {
                // A scan before the one that has failed may fail later in the picture.
                while self.next_stripe(frame, rows, &mut own).is_some() {}
                self.outcome()?;
            }
            self.own = own;
        }
        Ok(&self.own.planes)
    }

    /// Decodes the stripe that comes next, while others may decode those before and after it. Says whether all scans
    /// have it; nothing where there is none.
    pub(crate) fn next_stripe(&self, frame: &Frame, rows: Stripes, buffer: &mut StripeBuffer) -> Option<bool> {
        self.take_through(frame, |turn| {
            let start = *turn;
            let rows = if start == 0 { rows.first } else { rows.others };
            let rows = start..start.saturating_add(rows).min(frame.mcus_high);
            *turn = rows.end;
            (!rows.is_empty()).then(|| buffer.begin(frame, rows))
        })
    }

    /// Takes the next stripe through the scans. Says whether all have it; nothing where there is none.
    fn take_through<'s>(&self, frame: &Frame, next: impl FnOnce(&mut u32) -> Option<Stripe<'s>>) -> Option<bool> {
        let mut turn = lock_awake(&self.turn);
        let mut stripe = next(&mut turn)?;
        let (mut turn, mut last) = (Some(turn), None);
        for (i, scan) in self.scans.iter().enumerate() {
            // The one before is let go of only now, so that nobody overtakes.
            let (scan, outcome) = &mut **last.insert(lock_awake(scan));
            drop(turn.take());
            // What comes after an error in the file is not looked at.
            if self.failed.load(Ordering::Relaxed) <= i || self.cancel.check().is_err() {
                return Some(false);
            }
            *outcome = scan.decode(frame, &mut stripe);
            if outcome.is_err() {
                self.failed.fetch_min(i, Ordering::Relaxed);
                return Some(false);
            }
        }
        Some(true)
    }

    /// Goes back to the first stripe.
    pub(crate) fn rewind(&mut self) {
        *self.turn.get_mut().unwrap_or_else(PoisonError::into_inner) = 0;
        *self.failed.get_mut() = self.scans.len();
        for scan in &mut self.scans {
            let (scan, outcome) = scan.get_mut().unwrap_or_else(PoisonError::into_inner);
            scan.rewind();
            *outcome = Ok(());
        }
        self.own.rows = 0..0;
    }

    /// Whether all that was decoded since the last time it began anew is right.
    ///
    /// # Errors
    /// The first of the first scan that has one.
    pub(crate) fn outcome(&self) -> Result<()> {
        self.cancel.check()?;
        self.scans.iter().try_for_each(|scan| lock_awake(scan).1.clone())
    }

    /// Whether a stripe was decoded since they began anew.
    pub(crate) fn have_been_decoded(&self) -> bool {
        *lock_awake(&self.turn) > 0
    }

    /// Bytes of memory in use where the rows are taken one by one.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::error::{Error, ErrorKind};
    use crate::jpeg::coeff::CoefficientImage;
    use crate::jpeg::frame::Component;
    use crate::limits::Limits;

    /// A scan that fails in a stripe, or raises a flag, and has to be left alone after it.
    #[derive(Debug)]
    struct Fails {
        name: &'static str,
        at: Option<usize>,
        flag: Option<Cancel>,
        stripes: Arc<AtomicUsize>,
    }

    impl Fails {
        fn at(name: &'static str, at: Option<usize>) -> Self {
            Self { name, at, flag: None, stripes: Arc::default() }
        }
    }

    impl DecodeStripe for Fails {
        fn decode(&mut self, _: &Frame, _: &mut Stripe<'_>) -> Result<()> {
            let stripe = self.stripes.fetch_add(1, Ordering::Relaxed);
            match (Some(stripe) == self.at, &self.flag) {
                (true, None) => Err(Error::input(self.name)),
                (true, Some(flag)) => {
                    flag.trigger();
                    Ok(())
                }
                (false, _) => Ok(()),
            }
        }

        fn rewind(&mut self) {
            self.stripes.store(0, Ordering::Relaxed);
        }
    }

    fn frame() -> Frame {
        Frame::new(4096, 4096, 8, vec![Component::new(1, 1, 1, 0)]).unwrap()
    }

    fn together(scans: Vec<Fails>, threads: usize, cancel: &Cancel) -> Scans<'static> {
        let scans = scans.into_iter().map(|scan| Box::new(scan) as Box<dyn DecodeStripe>).collect();
        Scans::new(scans, 0, &frame(), Threads::new(threads), cancel.clone())
    }

    fn decoded(scans: Vec<Fails>, threads: usize, cancel: &Cancel) -> (Vec<usize>, Result<()>) {
        let mut planes = CoefficientImage::planes(&frame(), &Limits::default()).unwrap();
        let counts: Vec<_> = scans.iter().map(|scan| Arc::clone(&scan.stripes)).collect();
        let outcome = together(scans, threads, cancel).decode(&frame(), &mut planes);
        (counts.iter().map(|count| count.load(Ordering::Relaxed)).collect(), outcome)
    }

    #[test]
    fn a_scan_that_has_failed_is_left_alone_and_those_before_it_go_on() {
        let stripes = 4096 / 8 / 4;
        for threads in [1, 2, 3, 8] {
            let at = |places: [Option<usize>; 4]| {
                let scans = ["a", "b", "c", "d"].into_iter().zip(places).map(|(name, at)| Fails::at(name, at));
                let (counts, outcome) = decoded(scans.collect(), threads, &Cancel::new());
                (counts, outcome.err().map(|error| error.message().to_owned()))
            };
            assert_eq!(at([None; 4]), (vec![stripes; 4], None));
            let (counts, said) = at([None, None, Some(5), None]);
            assert_eq!((&counts[..3], said.as_deref()), (&[stripes, stripes, 6][..], Some("c")), "{threads} threads");
            assert!(counts[3] <= 6, "{threads} threads: {counts:?}");
            // The one after it fails sooner, and the one before it later.
            let (counts, said) = at([None, Some(90), Some(9), Some(2)]);
            assert_eq!((&counts[..2], said.as_deref()), (&[stripes, 91][..], Some("b")), "{threads} threads");
            assert!(counts[2] <= 10 && counts[3] <= 3, "{threads} threads: {counts:?}");
        }
    }

    #[test]
    fn the_error_of_rows_that_are_asked_for_is_that_of_the_whole_picture() {
        let stripes = 4096 / 8 / 4;
        for (places, expected) in [
            ([None; 3], None),
            ([None, None, Some(0)], Some("c")),
            ([None, Some(stripes - 1), Some(2)], Some("b")),
            ([Some(stripes - 1), Some(7), Some(2)], Some("a")),
            ([Some(stripes), Some(7), Some(9)], Some("b")),
        ] {
            let scans: Vec<_> = ["a", "b", "c"].into_iter().zip(places).map(|(name, at)| Fails::at(name, at)).collect();
            let (frame, all) = (frame(), Arc::clone(&scans[0].stripes));
            let mut scans = together(scans, 1, &Cancel::new());
            assert!(!scans.have_been_decoded());
            // What went wrong is forgotten where they begin anew.
            for _ in 0..2 {
                let outcome = (0..frame.mcus_high).try_for_each(|y| scans.go_to(&frame, y).map(drop));
                assert_eq!(outcome.err().map(|error| error.message().to_owned()).as_deref(), expected, "{places:?}");
                assert!(scans.have_been_decoded());
                let looked_at = places[0].map_or(stripes, |at| stripes.min(at + 1));
                assert_eq!(all.load(Ordering::Relaxed), looked_at, "{places:?}");
            }
        }
    }

    #[test]
    fn stripes_cover_the_picture_and_begin_with_zeros() {
        let frame = frame();
        for (first, threads) in [(0, 2), (1, 1), (100, 2), (100, 8), (512, 3), (1000, usize::MAX)] {
            let (mut scans, mut buffer, mut rows) =
                (together(Vec::new(), 1, &Cancel::new()), StripeBuffer::default(), 0);
            scans.rewind();
            while scans.next_stripe(&frame, Stripes::of_parts(&frame, first, threads), &mut buffer) == Some(true) {
                assert_eq!(buffer.rows.start, rows);
                assert!(rows > 0 || buffer.rows.end >= first.min(frame.mcus_high), "{first}");
                for y in buffer.rows.clone() {
                    assert!(buffer.planes[0].row(y as usize).iter().all(|block| *block == [0; 64]));
                }
                rows = buffer.rows.end;
                buffer.planes[0].blocks_mut().fill([1; 64]);
            }
            assert_eq!(rows, frame.mcus_high, "{first}");
        }
    }

    #[test]
    fn the_flag_stops_all_scans() {
        for threads in [1, 2, 3] {
            let cancel = Cancel::new();
            let mut scans: Vec<_> = ["a", "b", "c"].into_iter().map(|name| Fails::at(name, None)).collect();
            (scans[1].at, scans[1].flag) = (Some(3), Some(cancel.clone()));
            let (counts, outcome) = decoded(scans, threads, &cancel);
            assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Cancelled);
            assert!(counts[0] < 4 + 2 * threads && counts[1] == 4 && counts[2] <= 4, "{threads} threads: {counts:?}");
        }
    }
}
