//! The units that a scan is read in, and the damage that shows in them.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::jpeg::bits::Interval;
use crate::jpeg::coeff::Plane;
use crate::jpeg::entropy::{Fault, Input, ReadBlocks};
use crate::jpeg::frame::Frame;
use crate::limits::Cancel;

/// Units of work between two looks at the flag that cancels.
const CANCEL_EVERY: usize = 4096;

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

/// The MCUs of a scan: single blocks of one component, or the interleaved blocks of several (T.81 A.2).
pub(crate) struct Mcus<'a> {
    /// For each component of the scan, in its order.
    parts: Vec<Part<'a>>,
    wide: usize,
    pub(crate) count: usize,
    /// Takes the blocks that pad an MCU; they carry nothing.
    padding: [i16; 64],
}

struct Part<'a> {
    plane: &'a mut Plane,
    blocks_wide: usize,
    blocks_high: usize,
    /// Blocks of an MCU, in a row and a column.
    horizontal: usize,
    vertical: usize,
}

impl<'a> Mcus<'a> {
    pub(crate) fn new(frame: &Frame, components: &[usize], planes: &'a mut [Plane]) -> Self {
        let planes = planes.iter_mut().zip(&frame.components).enumerate().filter(|(i, _)| components.contains(i));
        let single = components.len() == 1;
        let parts: Vec<_> = planes
            .map(|(_, (plane, c))| Part {
                plane,
                blocks_wide: c.blocks_wide as usize,
                blocks_high: c.blocks_high as usize,
                horizontal: if single { 1 } else { c.horizontal as usize },
                vertical: if single { 1 } else { c.vertical as usize },
            })
            .collect();
        let (wide, high) = match &parts[..] {
            [part] => (part.blocks_wide, part.blocks_high),
            _ => (frame.mcus_wide as usize, frame.mcus_high as usize),
        };
        Self { parts, wide, count: wide * high, padding: [0; 64] }
    }

    /// Reads the MCUs of a restart interval. `offset` tells where a byte of its data lies in the file.
    #[inline(always)]
    pub(crate) fn read<R: ReadBlocks>(
        &mut self,
        mcus: Range<usize>,
        reader: &mut R,
        data: &[u8],
        cancel: &Cancel,
        offset: impl Fn(usize) -> u64,
    ) -> Result<()> {
        let mut input = R::Input::new(data);
        for mcu in mcus {
            if mcu % CANCEL_EVERY == 0 {
                cancel.check()?;
            }
            let read = self.read_one(mcu, reader, &mut input);
            // Whatever else is wrong: what is read past the end is not data.
            let read = if input.overrun() { Err(ENDS_EARLY) } else { read };
            read.map_err(|fault| Error::input(fault).at(offset(input.byte_position())))?;
        }
        check_left_over(input.left_over()).map_err(|e| e.at(offset(input.byte_position())))
    }

    #[inline(always)]
    fn read_one<R: ReadBlocks>(&mut self, mcu: usize, reader: &mut R, input: &mut R::Input<'_>) -> Result<(), Fault> {
        if let [part] = &mut self.parts[..] {
            return reader.read(input, 0, &mut part.plane.blocks_mut()[mcu]);
        }
        let (x, y) = (mcu % self.wide, mcu / self.wide);
        for (slot, part) in self.parts.iter_mut().enumerate() {
            for row in y * part.vertical..(y + 1) * part.vertical {
                for column in x * part.horizontal..(x + 1) * part.horizontal {
                    let inside = row < part.blocks_high && column < part.blocks_wide;
                    let block = if inside { &mut part.plane.row_mut(row)[column] } else { &mut self.padding };
                    reader.read(input, slot, block)?;
                }
            }
        }
        Ok(())
    }
}
