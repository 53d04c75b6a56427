//! Scans that are decoded together, a stripe of the picture at a time: while it is in the cache, and by several threads,
//! each of which follows another through the scans with the stripe after that one's.

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

/// Bytes of a stripe, if an MCU row has not more.
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
        let Some(mut stripe) = turn.next().filter(|_| cancel.check().is_ok()) else { return };
        let (mut turn, mut last) = (Some(turn), None);
        for (i, scan) in scans.iter().enumerate() {
            // The one before is let go of only now, so that nobody overtakes.
            let (scan, outcome) = &mut **last.insert(lock(scan));
            drop(turn.take());
            // What comes after an error in the file is not looked at.
            if failed.load(Ordering::Relaxed) <= i {
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

/// Where a thread has panicked, so does the call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
