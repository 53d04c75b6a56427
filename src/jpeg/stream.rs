//! The scan of a sequential file that has all its coefficients, decoded an MCU row at a time.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::jpeg::bits::{BitReader, Place, Unstuffed, source_offset};
use crate::jpeg::entropy::{Fault, ReadBlocks, baseline};
use crate::jpeg::frame::Frame;
use crate::jpeg::mcu;
use crate::jpeg::packed::{PackedPicture, PackedRow, Packer};
use crate::jpeg::simd::Level;
use crate::jpeg::window::Window;

/// A scan that is decoded on demand. It is strict: the first thing that is wrong ends it.
#[derive(Debug)]
pub(crate) struct Stream<'a> {
    source: &'a [u8],
    /// Where the data of the scan ends in the source.
    end: usize,
    plain: Unstuffed,
    reader: baseline::Reader,
    level: Level,
    window: Window,
    /// MCUs of the scan: in all, and between restarts.
    count: usize,
    per_interval: usize,
    place: Position,
}

/// How far the scan has been decoded.
#[derive(Clone, Copy, Debug, Default)]
struct Position {
    mcus: usize,
    /// Restart intervals that have begun, and the MCUs that are left of the last.
    intervals: usize,
    left: usize,
    /// Within its data.
    bits: Place,
}

impl<'a> Stream<'a> {
    /// For the scan whose data is `source[start..end]`, with a restart after so many MCUs, or none.
    pub(crate) fn new(
        frame: &Frame,
        reader: baseline::Reader,
        level: Level,
        (source, start, end): (&'a [u8], usize, usize),
        restart_interval: u16,
    ) -> Self {
        let window = Window::new(frame);
        let count = match &frame.components[..] {
            [only] => only.blocks() as usize,
            _ => frame.mcus_wide as usize * frame.mcus_high as usize,
        };
        let per_interval = if restart_interval == 0 { count } else { restart_interval.into() };
        let mut plain = Unstuffed::default();
        plain.fill(source, start, end, count.div_ceil(per_interval));
        let place = Position::default();
        Self { source, end, plain, reader, level, window, count, per_interval, place }
    }

    /// Decodes an MCU row of the frame into the window: the first, or the one after that of the last call.
    pub(crate) fn go_to(&mut self, y: u32) -> Result<()> {
        self.decode_row(
            y,
            #[inline(always)]
            |window, (line, x), reader, bits| {
                for (slot, part) in window.parts.iter_mut().enumerate() {
                    part.mcu(
                        line,
                        x,
                        #[inline(always)]
                        |room| reader.read_into(bits, slot, room),
                    )?;
                }
                Ok(())
            },
        )
    }

    /// As [`Stream::go_to`], without the zeros. The packer is one for the window of this stream.
    pub(crate) fn pack_row(&mut self, y: u32, packer: &mut Packer) -> Result<PackedRow> {
        self.decode_row(
            y,
            #[inline(always)]
            |window, _, reader, bits| {
                for (slot, part) in window.parts.iter().enumerate() {
                    for _ in 0..part.blocks_of_an_mcu() {
                        packer.block(
                            slot,
                            #[inline(always)]
                            |sparse| reader.read_into(bits, slot, sparse),
                        )?;
                    }
                }
                Ok(())
            },
        )?;
        Ok(packer.row())
    }

    /// Decodes an MCU row of the frame: gives the line and the column of each MCU to `mcu`, which reads it.
    #[inline(always)]
    fn decode_row(
        &mut self,
        y: u32,
        mut mcu: impl FnMut(&mut Window, (usize, usize), &mut baseline::Reader, &mut BitReader<'_>) -> Result<(), Fault>,
    ) -> Result<()> {
        if y == 0 {
            self.place = Position::default();
        }
        for line in 0..self.window.lines {
            let mut x = 0;
            while x < self.window.wide && self.place.mcus < self.count {
                if self.place.left == 0 {
                    self.begin_interval()?;
                }
                let mcus = self.place.left.min(self.window.wide - x);
                self.decode(line, x..x + mcus, &mut mcu)?;
                x += mcus;
            }
        }
        match self.plain.surplus {
            Some(offset) if self.place.mcus == self.count => Err(Error::input(mcu::SURPLUS).at(offset as u64)),
            _ => Ok(()),
        }
    }

    fn begin_interval(&mut self) -> Result<()> {
        let next = self.place.intervals;
        let Some(interval) = self.plain.intervals.get(next) else {
            return Err(mcu::too_few_intervals(next, self.count.div_ceil(self.per_interval), self.end));
        };
        if interval.restart.is_some_and(|number| usize::from(number) != (next + 7) % 8) {
            return Err(mcu::out_of_order(interval));
        }
        self.reader.restart();
        self.place.intervals += 1;
        self.place.left = self.per_interval.min(self.count - self.place.mcus);
        self.place.bits = Place::default();
        Ok(())
    }

    /// Decodes MCUs of a line, all of one interval.
    #[inline(always)]
    fn decode(
        &mut self,
        line: usize,
        mcus: Range<usize>,
        read: &mut impl FnMut(&mut Window, (usize, usize), &mut baseline::Reader, &mut BitReader<'_>) -> Result<(), Fault>,
    ) -> Result<()> {
        let Self { source, plain, reader, level, window, place, .. } = self;
        let interval = &plain.intervals[place.intervals - 1];
        let mut bits = BitReader::resume(plain.data(interval), place.bits);
        let count = mcus.len();
        let outcome: Result<(), Fault> = level.run(
            #[inline(always)]
            || {
                for x in mcus {
                    let outcome = read(window, (line, x), reader, &mut bits);
                    // Whatever else is wrong: what is read past the end is not data.
                    if bits.overrun() { Err(mcu::ENDS_EARLY) } else { outcome }?;
                }
                Ok(())
            },
        );
        let at = || source_offset(source, interval, bits.byte_position()) as u64;
        outcome.map_err(|fault| Error::input(fault).at(at()))?;
        place.bits = bits.place();
        place.mcus += count;
        place.left -= count;
        if place.left == 0 { mcu::check_left_over(bits.left_over()).map_err(|e| e.at(at())) } else { Ok(()) }
    }

    /// The MCU row that was decoded last.
    pub(crate) fn window(&self) -> &Window {
        &self.window
    }

    /// Decodes all rows into memory without their zeros. `may_hold` is asked of each number of bytes.
    pub(crate) fn pack(mut self, frame: &Frame, may_hold: impl Fn(u64) -> Result<()>) -> Result<PackedPicture> {
        let mut packed = PackedPicture::new(&self.window, frame.mcus_high);
        let mut packer = Packer::new(self.window.blocks());
        for y in 0..frame.mcus_high {
            packed.push(self.pack_row(y, &mut packer)?);
            may_hold(packed.bytes(0) + packer.bytes() + self.bytes())?;
        }
        Ok(packed)
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        self.window.bytes() + self.plain.bytes()
    }
}
