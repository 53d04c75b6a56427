//! Scans that are decoded together, a stripe of the picture at a time, so that several threads can: each follows another
//! through the scans with the stripe after that one's.

use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Result;
use crate::jpeg::coeff::{BLOCK_BYTES, Plane};
use crate::jpeg::cursor::Cursor;
use crate::jpeg::entropy::ReadBlocks;
use crate::jpeg::frame::Frame;
use crate::jpeg::mcu::{Mcus, Stripe};
use crate::jpeg::threads::beside;
use crate::limits::Cancel;

/// A scan that is decoded a stripe at a time.
pub(crate) trait DecodeStripe: Debug + Send {
    /// Decodes what a scan of the frame has of the first stripe, or of the one after that of the last call.
    fn decode(&mut self, frame: &Frame, stripe: &mut Stripe<'_>) -> Result<()>;
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
}

/// Bytes of a stripe, if an MCU row has not more: enough work for the wait at a lock to count for little, and of a few
/// megapixels so many that no thread is long alone.
const STRIPE_BYTES: u64 = 1 << 18;

/// Decodes scans of a frame into its planes, each after those before it.
///
/// # Errors
/// The first of the first scan that has one.
pub(crate) fn decode(
    scans: Vec<Box<dyn DecodeStripe + '_>>,
    frame: &Frame,
    planes: &mut [Plane],
    threads: usize,
    cancel: &Cancel,
) -> Result<()> {
    let row_bytes = (frame.blocks() * BLOCK_BYTES).div_ceil(frame.mcus_high.into());
    let rows = (STRIPE_BYTES / row_bytes).max(1) as u32;
    let stripes = Mutex::new(Stripe::of(frame, planes, rows));
    // A stripe is one thread's at a time, and so is a scan.
    let threads = threads.min(scans.len()).min(frame.mcus_high.div_ceil(rows) as usize);
    let scans: Vec<_> = scans.into_iter().map(|scan| Mutex::new((scan, Ok(())))).collect();
    let failed = AtomicUsize::new(scans.len());
    let run = || loop {
        let mut turn = lock(&stripes);
        let Some(mut stripe) = turn.next() else { return };
        let (mut turn, mut last) = (Some(turn), None);
        for (i, scan) in scans.iter().enumerate() {
            // The one before is let go of only now, so that nobody overtakes.
            let (scan, outcome) = &mut **last.insert(lock(scan));
            drop(turn.take());
            // What comes after an error in the file is not looked at.
            if failed.load(Ordering::Relaxed) <= i || cancel.check().is_err() {
                break;
            }
            *outcome = scan.decode(frame, &mut stripe);
            if outcome.is_err() {
                failed.fetch_min(i, Ordering::Relaxed);
            }
        }
    };
    beside(threads, |_| run(), run);
    cancel.check()?;
    scans.into_iter().try_for_each(|scan| scan.into_inner().unwrap_or_else(PoisonError::into_inner).1)
}

/// Where a thread has panicked nobody waits for it, and the call panics in the end.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
    }

    fn decoded(scans: Vec<Fails>, threads: usize, cancel: &Cancel) -> (Vec<usize>, Result<()>) {
        let frame = Frame::new(4096, 4096, 8, vec![Component::new(1, 1, 1, 0)]).unwrap();
        let mut planes = CoefficientImage::planes(&frame, &Limits::default()).unwrap();
        let counts: Vec<_> = scans.iter().map(|scan| Arc::clone(&scan.stripes)).collect();
        let scans = scans.into_iter().map(|scan| Box::new(scan) as Box<dyn DecodeStripe>).collect();
        let outcome = decode(scans, &frame, &mut planes, threads, cancel);
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
