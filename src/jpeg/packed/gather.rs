//! The rows of a picture whose scans are decoded together, packed by whoever has decoded them.

use super::packer::Packer;
use super::{PackedPicture, PackedRow};
use crate::error::Result;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::Frame;
use crate::jpeg::mcu::StripeBuffer;
use crate::jpeg::scans::{Scans, Stripes};
use crate::jpeg::threads::Threads;
use crate::jpeg::window::Window;
use crate::limits::{Held, Limits};

/// Where each of some stripes begins, and its rows.
type Made = Vec<(u32, Vec<PackedRow>)>;

/// Decodes all rows into memory without their zeros, on so many threads.
///
/// # Errors
/// The first of the first scan that has one; `Limit` where the memory passes its bound.
pub(crate) fn pack(
    kernels: impl AcKernels,
    scans: &mut Scans<'_>,
    frame: &Frame,
    threads: &Threads,
    limits: &Limits,
) -> Result<PackedPicture> {
    scans.rewind();
    let scans = &*scans;
    let held = Held::new(limits, scans.bytes());
    let made = threads.share(vec![(); threads.count()], |()| 0, |()| stripes(kernels, scans, frame, &held));
    scans.outcome()?;
    let mut stripes: Made = made.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    stripes.sort_by_key(|(start, _)| *start);
    let mut packed = PackedPicture::new(&Window::new(frame), frame.mcus_high);
    stripes.into_iter().flat_map(|(_, rows)| rows).for_each(|row| packed.push(row));
    Ok(packed)
}

/// The stripes that a thread decodes.
fn stripes(kernels: impl AcKernels, scans: &Scans<'_>, frame: &Frame, held: &Held<'_>) -> Result<Made> {
    let (mut stripe, mut window) = (StripeBuffer::default(), Window::new(frame));
    let (mut packer, mut made) = (Packer::new(&window), Made::new());
    let (rows, mut packed, mut known) = (Stripes::passing(frame), 0, 0);
    let mut hold = |bytes| held.change(std::mem::replace(&mut known, bytes), bytes, "the coefficients of the picture");
    let own = window.bytes() + packer.bytes();
    hold(own)?;
    while let Some(is_whole) = scans.next_stripe(frame, rows, &mut stripe) {
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
        let packed_rows: Vec<_> = stripe.rows.clone().map(row).collect();
        packed += packed_rows.iter().map(PackedRow::bytes).sum::<u64>();
        hold(packed + stripe.bytes() + own)?;
        made.push((stripe.rows.start, packed_rows));
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::error::ErrorKind;
    use crate::jpeg::rows::{Coefficients, InMemory, Rows};
    use crate::jpeg::simd::Scalar;
    use crate::jpeg::{Encoder, Image, PixelFormat, Subsampling};
    use crate::limits::Cancel;

    /// A progressive file of as many rows as several stripes have.
    fn source() -> Vec<u8> {
        let pixels: Vec<u8> =
            (0..500 * 1290 * 3_u32).map(|i| (i.wrapping_mul(i) >> 9) as u8 ^ (i >> 6) as u8).collect();
        let image = Image::new(&pixels, 500, 1290, PixelFormat::Rgb8).unwrap();
        Encoder::default().subsampling(Subsampling::S420).quality(30).unwrap().encode(&image).unwrap()
    }

    fn scans(source: &[u8]) -> (Frame, Box<Scans<'_>>) {
        match Coefficients::of(source) {
            Coefficients { frame, rows: Rows::Together(scans), .. } => (frame.into_owned(), scans),
            _ => panic!("the scans do not wait"),
        }
    }

    #[test]
    fn rows_are_those_of_the_picture_on_any_threads() {
        let source = source();
        let expected = Coefficients::of(&source).hold(&Cancel::new()).unwrap();
        let (frame, mut scans) = scans(&source);
        for threads in [1, 2, 3, 1] {
            let packed = pack(Scalar, &mut scans, &frame, &Threads::new(threads), &Limits::default()).unwrap();
            let (memory, all) = (InMemory::Packed(&packed), 0..frame.mcus_high);
            let Ok(()) = memory.take::<Infallible>(
                Scalar,
                &frame,
                all,
                |_| true,
                |y, row| {
                    for (i, component) in frame.components.iter().enumerate() {
                        for y in component.rows_of(y) {
                            assert_eq!(
                                row.row(i, y),
                                expected.planes[i].row(y as usize),
                                "{threads} threads, {i}, {y}"
                            );
                        }
                    }
                    Ok(())
                },
            );
        }
    }

    #[test]
    fn no_more_is_packed_than_the_limits_leave() {
        let source = source();
        let (frame, mut scans) = scans(&source);
        let most = |memory| Limits { memory, ..Limits::default() };
        let bytes = pack(Scalar, &mut scans, &frame, &Threads::new(1), &Limits::default()).unwrap().bytes(1);
        for threads in [1, 2] {
            let outcome = pack(Scalar, &mut scans, &frame, &Threads::new(threads), &most(bytes));
            assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Limit);
        }
        // A stripe and a row of each thread.
        let enough = most(bytes + scans.bytes() + (1 << 21));
        assert!(pack(Scalar, &mut scans, &frame, &Threads::new(2), &enough).is_ok());
    }
}
