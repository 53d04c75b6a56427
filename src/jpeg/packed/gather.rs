//! The rows of a picture whose scans are decoded together, packed by whoever has decoded them.

use std::sync::{Mutex, PoisonError};

use super::packer::Packer;
use super::{PackedPicture, PackedRow};
use crate::error::Result;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::Frame;
use crate::jpeg::mcu::StripeBuffer;
use crate::jpeg::scans::Scans;
use crate::jpeg::threads::beside;
use crate::jpeg::window::Window;
use crate::limits::{Held, Limits};

/// Where each of some stripes begins, and its rows.
type Stripes = Vec<(u32, Vec<PackedRow>)>;

/// Decodes all rows into memory without their zeros, on so many threads.
///
/// # Errors
/// The first of the first scan that has one; `Limit` where the memory passes its bound.
pub(crate) fn pack(
    kernels: impl AcKernels,
    scans: &mut Scans<'_>,
    frame: &Frame,
    threads: usize,
    limits: &Limits,
) -> Result<PackedPicture> {
    scans.rewind();
    let scans = &*scans;
    let (held, made) = (Held::new(limits, scans.bytes()), Mutex::new(Vec::new()));
    let run = || {
        let rows = stripes(kernels, scans, frame, &held);
        made.lock().unwrap_or_else(PoisonError::into_inner).push(rows);
    };
    beside(threads, |_| run(), run);
    scans.outcome()?;
    let made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut stripes: Stripes = made.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    stripes.sort_by_key(|(start, _)| *start);
    let mut packed = PackedPicture::new(&Window::new(frame), frame.mcus_high);
    stripes.into_iter().flat_map(|(_, rows)| rows).for_each(|row| packed.push(row));
    Ok(packed)
}

/// The stripes that a thread decodes.
fn stripes(kernels: impl AcKernels, scans: &Scans<'_>, frame: &Frame, held: &Held<'_>) -> Result<Stripes> {
    let (mut stripe, mut window) = (StripeBuffer::default(), Window::new(frame));
    let (mut packer, mut made) = (Packer::new(&window), Stripes::new());
    let (mut packed, mut known) = (0, 0);
    while let Some(is_whole) = scans.next_stripe(frame, 0, &mut stripe) {
        // A scan before the one that has failed may fail later in the picture.
        if !is_whole {
            continue;
        }
        let row = |y: u32| {
            for (i, (plane, component)) in stripe.planes.iter().zip(&frame.components).enumerate() {
                component.rows_of(y).for_each(|row| window.put(i, row, plane.row(row as usize)));
            }
            kernels.run(
                #[inline(always)]
                || packer.window(kernels, &mut window),
            )
        };
        let rows: Vec<_> = stripe.rows.clone().map(row).collect();
        packed += rows.iter().map(PackedRow::bytes).sum::<u64>();
        let bytes = packed + stripe.bytes() + window.bytes() + packer.bytes();
        held.change(known, bytes, "the coefficients of the picture")?;
        known = bytes;
        made.push((stripe.rows.start, rows));
    }
    Ok(made)
}
