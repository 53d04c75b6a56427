//! The scan of a sequential file that has all its coefficients, decoded an MCU row at a time.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::jpeg::bits::{BitReader, Place, Unstuffed, source_offset};
use crate::jpeg::coeff::{Block, Plane};
use crate::jpeg::entropy::pairs::ROOM;
use crate::jpeg::entropy::{Fault, ReadBlocks, baseline};
use crate::jpeg::frame::Frame;
use crate::jpeg::mcu;
use crate::jpeg::simd::Level;
use crate::limits::Cancel;

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
    /// MCUs of the scan: in a row, in all, and between restarts.
    wide: usize,
    count: usize,
    per_interval: usize,
    /// Rows of MCUs of the scan in an MCU row of the frame: more than one where the scan has a single component, whose
    /// MCUs are its blocks.
    lines: usize,
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

/// The blocks of an MCU row of the frame, by component.
#[derive(Clone, Debug)]
pub(crate) struct Window(Vec<Part>);

/// The rows of a component that an MCU row of the frame has.
#[derive(Clone, Debug)]
struct Part {
    /// The blocks of the rows, those that pad MCUs included, and behind each row room for what a decoder leaves there.
    coefficients: Vec<i16>,
    /// Coefficients from row to row.
    stride: usize,
    /// Blocks of a row that are within the picture.
    wide: usize,
    /// Rows of the component in an MCU row of the frame.
    rows: usize,
    /// Blocks of an MCU, in a row and a column.
    horizontal: usize,
    vertical: usize,
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
        let single = frame.components.len() == 1;
        let first = &frame.components[0];
        let (wide, count, lines) = if single {
            (first.blocks_wide as usize, first.blocks() as usize, first.vertical as usize)
        } else {
            (frame.mcus_wide as usize, frame.mcus_wide as usize * frame.mcus_high as usize, 1)
        };
        let parts = frame.components.iter().map(|c| {
            let (horizontal, vertical) = if single { (1, 1) } else { (c.horizontal as usize, c.vertical as usize) };
            let (stride, rows) = ((wide * horizontal + 1) * 64, c.vertical as usize);
            let coefficients = vec![0; stride * rows];
            Part { coefficients, stride, wide: c.blocks_wide as usize, rows, horizontal, vertical }
        });
        let window = Window(parts.collect());
        let per_interval = if restart_interval == 0 { count } else { restart_interval.into() };
        let mut plain = Unstuffed::default();
        plain.fill(source, start, end, count.div_ceil(per_interval));
        let place = Position::default();
        Self { source, end, plain, reader, level, window, wide, count, per_interval, lines, place }
    }

    /// Decodes an MCU row of the frame: the first, or the one after that of the last call.
    pub(crate) fn go_to(&mut self, y: u32) -> Result<()> {
        if y == 0 {
            self.place = Position::default();
        }
        for line in 0..self.lines {
            let mut x = 0;
            while x < self.wide && self.place.mcus < self.count {
                if self.place.left == 0 {
                    self.begin_interval()?;
                }
                let mcus = self.place.left.min(self.wide - x);
                self.decode(line, x..x + mcus)?;
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
    fn decode(&mut self, line: usize, mcus: Range<usize>) -> Result<()> {
        let Self { source, plain, reader, level, window, place, .. } = self;
        let interval = &plain.intervals[place.intervals - 1];
        let mut bits = BitReader::resume(plain.data(interval), place.bits);
        let count = mcus.len();
        let outcome: Result<(), Fault> = level.run(
            #[inline(always)]
            || {
                for x in mcus {
                    read_mcu(&mut window.0, line, x, reader, &mut bits)?;
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

    /// Gives the MCU row that was decoded last for another window of this stream, whose blocks do not count.
    pub(crate) fn exchange(&mut self, window: &mut Window) {
        std::mem::swap(&mut self.window, window);
    }

    /// Decodes all rows into planes.
    pub(crate) fn hold(mut self, frame: &Frame, cancel: &Cancel) -> Result<Vec<Plane>> {
        let mut planes: Vec<_> = frame.components.iter().map(Plane::new).collect();
        for y in 0..frame.mcus_high {
            cancel.check()?;
            self.go_to(y)?;
            for (i, (plane, component)) in planes.iter_mut().zip(&frame.components).enumerate() {
                for row in y * component.vertical..((y + 1) * component.vertical).min(component.blocks_high) {
                    plane.row_mut(row as usize).copy_from_slice(self.window.row(i, row));
                }
            }
        }
        Ok(planes)
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        self.window.bytes() + self.plain.bytes()
    }
}

impl Window {
    /// A row of blocks of a component, counted from the top of the picture, within the MCU row.
    #[inline(always)]
    pub(crate) fn row(&self, component: usize, row: u32) -> &[Block] {
        let part = &self.0[component];
        let row = row as usize % part.rows * part.stride;
        part.coefficients[row..][..part.wide * 64].as_chunks().0
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.iter().map(|part| size_of_val(&part.coefficients[..]) as u64).sum()
    }
}

#[inline(always)]
fn read_mcu(
    parts: &mut [Part],
    line: usize,
    x: usize,
    reader: &mut baseline::Reader,
    bits: &mut BitReader<'_>,
) -> Result<(), Fault> {
    let mut read = Ok(());
    'mcu: for (slot, part) in parts.iter_mut().enumerate() {
        for row in line * part.vertical..(line + 1) * part.vertical {
            let row = &mut part.coefficients[row * part.stride..][..part.stride];
            for column in x * part.horizontal..(x + 1) * part.horizontal {
                let (rooms, _) = row[column * 64..].as_chunks_mut::<ROOM>();
                read = reader.read_into(bits, slot, &mut rooms[0]);
                if read.is_err() {
                    break 'mcu;
                }
            }
        }
    }
    // Whatever else is wrong: what is read past the end is not data.
    if bits.overrun() { Err(mcu::ENDS_EARLY) } else { read }
}
