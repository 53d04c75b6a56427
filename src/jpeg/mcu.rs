//! The units that a scan is read in, and the damage that shows in them.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::jpeg::bits::Interval;
use crate::jpeg::coeff::{Block, Plane};
use crate::jpeg::entropy::{Fault, ReadBlocks};
use crate::jpeg::frame::{Component, Frame};

/// Bytes that an encoder may leave behind the last block of a scan or a restart interval. Some leave one or two, and
/// readers with a buffer of 64 bits never see them; more is a sign of damage.
pub(crate) const MAX_PADDING: usize = 8;

/// What is wrong where a scan has more than its MCUs, and where it has less.
pub(crate) const SURPLUS: Fault = "data follows the last restart interval";
pub(crate) const ENDS_EARLY: Fault = "the entropy-coded data ends early";

/// The number of a restart marker is not the next one.
pub(crate) fn out_of_order(interval: &Interval) -> Error {
    Error::input("a restart marker is out of order").at(interval.source as u64 - 2)
}

/// A scan that ends at `end` has only the first `next` of its restart intervals.
pub(crate) fn too_few_intervals(next: usize, intervals: usize, end: usize) -> Error {
    Error::input(format!("the scan ends after {next} of {intervals} restart intervals")).at(end as u64)
}

/// Judges the bytes that are left of an interval.
pub(crate) fn check_left_over(bytes: usize) -> Result<()> {
    if bytes <= MAX_PADDING {
        return Ok(());
    }
    Err(Error::input(format!("{bytes} bytes are left over after the last block")))
}

/// Some MCU rows of a frame, of all its components.
#[derive(Debug)]
pub(crate) struct Stripe<'a> {
    rows: Range<u32>,
    /// The blocks of each component, in raster order.
    parts: Vec<&'a mut [Block]>,
}

impl<'a> Stripe<'a> {
    /// The planes of a frame in stripes of so many MCU rows, the last of which may have fewer.
    pub(crate) fn of(frame: &'a Frame, planes: &'a mut [Plane], rows: u32) -> impl Iterator<Item = Self> {
        let pieces = |(plane, c): (&'a mut Plane, &Component)| plane.pieces_mut((rows * c.vertical) as usize);
        let mut pieces: Vec<_> = planes.iter_mut().zip(&frame.components).map(pieces).collect();
        (0..frame.mcus_high).step_by(rows as usize).map(move |start| Stripe {
            rows: start..start.saturating_add(rows).min(frame.mcus_high),
            // Every MCU row has rows of every component.
            parts: pieces.iter_mut().map(|pieces| pieces.next().unwrap_or_default()).collect(),
        })
    }

    /// These rows, which are all that planes have.
    pub(crate) fn whole(rows: Range<u32>, planes: &'a mut [Plane]) -> Self {
        Self { rows, parts: planes.iter_mut().map(Plane::blocks_mut).collect() }
    }
}

/// Memory for a stripe, used again for the next.
#[derive(Debug, Default)]
pub(crate) struct StripeBuffer {
    /// The MCU rows that it has.
    pub(crate) rows: Range<u32>,
    pub(crate) planes: Vec<Plane>,
}

impl StripeBuffer {
    /// A stripe of zeros.
    pub(crate) fn begin(&mut self, frame: &Frame, rows: Range<u32>) -> Stripe<'_> {
        let Self { rows: own, planes } = self;
        if planes.is_empty() {
            *planes = frame.components.iter().map(Plane::without_room).collect();
        }
        for (plane, component) in planes.iter_mut().zip(&frame.components) {
            plane.clear_to(component.rows_of(rows.start).start..component.rows_of(rows.end - 1).end);
        }
        *own = rows.clone();
        Stripe::whole(rows, planes)
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        self.planes.iter().map(Plane::bytes).sum()
    }
}

/// The MCUs that a scan has of a stripe: single blocks of one component, or the interleaved blocks of several (T.81
/// A.2).
pub(crate) struct Mcus<'a> {
    /// For each component of the scan, in its order.
    parts: Vec<Part<'a>>,
    wide: usize,
    pub(crate) count: usize,
    /// Takes the blocks that pad an MCU; they carry nothing.
    padding: Block,
}

struct Part<'a> {
    blocks: &'a mut [Block],
    blocks_wide: usize,
    blocks_high: usize,
    /// Blocks of an MCU, in a row and a column.
    horizontal: usize,
    vertical: usize,
}

/// The MCUs of a scan of these components.
pub(crate) fn count(frame: &Frame, components: &[usize]) -> usize {
    match components {
        &[only] => frame.components[only].blocks() as usize,
        _ => frame.mcus_wide as usize * frame.mcus_high as usize,
    }
}

impl<'a> Mcus<'a> {
    pub(crate) fn new(frame: &Frame, components: &[usize], stripe: &'a mut Stripe<'_>) -> Self {
        let single = components.len() == 1;
        let parts = stripe.parts.iter_mut().zip(&frame.components).enumerate();
        let parts = parts.filter(|(i, _)| components.contains(i)).map(|(_, (blocks, c))| {
            let (horizontal, vertical) = if single { (1, 1) } else { (c.horizontal as usize, c.vertical as usize) };
            let blocks_wide = c.blocks_wide as usize;
            Part { blocks_wide, blocks_high: blocks.len() / blocks_wide, blocks, horizontal, vertical }
        });
        let parts: Vec<_> = parts.collect();
        let (wide, high) = match &parts[..] {
            [part] => (part.blocks_wide, part.blocks_high),
            _ => (frame.mcus_wide as usize, stripe.rows.len()),
        };
        Self { parts, wide, count: wide * high, padding: [0; 64] }
    }

    /// Reads an MCU, counted from the first of the stripe.
    #[inline(always)]
    pub(crate) fn read<R: ReadBlocks>(
        &mut self,
        mcu: usize,
        reader: &mut R,
        input: &mut R::Input<'_>,
    ) -> Result<(), Fault> {
        if let [part] = &mut self.parts[..] {
            return reader.read(input, 0, &mut part.blocks[mcu]);
        }
        let (x, y) = (mcu % self.wide, mcu / self.wide);
        for (slot, part) in self.parts.iter_mut().enumerate() {
            for row in y * part.vertical..(y + 1) * part.vertical {
                for column in x * part.horizontal..(x + 1) * part.horizontal {
                    let is_inside = row < part.blocks_high && column < part.blocks_wide;
                    let block =
                        if is_inside { &mut part.blocks[row * part.blocks_wide + column] } else { &mut self.padding };
                    reader.read(input, slot, block)?;
                }
            }
        }
        Ok(())
    }
}
