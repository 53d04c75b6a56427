//! How far a scan has been decoded, and what it takes to go on.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::jpeg::bits::{Unstuffed, source_offset};
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::entropy::{Fault, Input, ReadBlocks, baseline};
use crate::jpeg::mcu;
use crate::jpeg::packed::PackedRow;
use crate::jpeg::packed::packer::Packer;
use crate::jpeg::simd::Level;
use crate::jpeg::window::Window;

/// A scan that is decoded a few MCUs at a time. It is strict: the first thing that is wrong ends it.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a, R: ReadBlocks = baseline::Reader> {
    pub(crate) data: Arc<ScanData<'a>>,
    pub(crate) reader: R,
    pub(crate) place: Position<R::Place>,
}

/// What does not change while a scan is decoded.
#[derive(Debug)]
pub(crate) struct ScanData<'a> {
    source: &'a [u8],
    /// Where the data of the scan ends in the source.
    end: usize,
    pub(crate) plain: Unstuffed,
    pub(crate) level: Level,
    /// MCUs of the scan: in all, and between restarts.
    pub(crate) count: usize,
    pub(crate) per_interval: usize,
}

/// A place in a scan.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Position<P> {
    pub(crate) mcus: usize,
    /// Restart intervals that have begun, and the MCUs that are left of the last.
    pub(crate) intervals: usize,
    pub(crate) left: usize,
    /// Within its data.
    pub(crate) bits: P,
}

impl<'a> ScanData<'a> {
    /// That of a scan of so many MCUs, with a restart after some of them, or none: `source[start..end]`.
    pub(crate) fn new(
        (source, start, end): (&'a [u8], usize, usize),
        count: usize,
        restart_interval: u16,
        level: Level,
    ) -> Self {
        let per_interval = if restart_interval == 0 { count } else { restart_interval.into() };
        let mut plain = Unstuffed::default();
        plain.fill(source, start, end, count.div_ceil(per_interval));
        Self { source, end, plain, level, count, per_interval }
    }

    /// A packer of its MCUs, for rows of the form of a window.
    pub(crate) fn packer(&self, window: &Window) -> Packer {
        Packer::new(window).of_data(self.count, self.plain.bits())
    }
}

impl<'a, R: ReadBlocks> Cursor<'a, R> {
    /// Before the first MCU.
    pub(crate) fn new(data: ScanData<'a>, reader: R) -> Self {
        Self { data: Arc::new(data), reader, place: Position::default() }
    }

    /// Decodes so many MCUs, or those that are left: gives the number of each to `mcu`, which reads it.
    #[inline(always)]
    pub(crate) fn decode(
        &mut self,
        mcus: usize,
        mut mcu: impl FnMut(usize, &mut R, &mut R::Input<'_>) -> Result<(), Fault>,
    ) -> Result<()> {
        let mut x = 0;
        while x < mcus && self.place.mcus < self.data.count {
            if self.place.left == 0 {
                self.begin_interval()?;
            }
            let end = x + self.place.left.min(mcus - x);
            self.decode_within(x, end, &mut mcu)?;
            x = end;
        }
        match self.data.plain.surplus {
            Some(offset) if self.place.mcus == self.data.count => Err(Error::input(mcu::SURPLUS).at(offset as u64)),
            _ => Ok(()),
        }
    }

    fn begin_interval(&mut self) -> Result<()> {
        let (data, next) = (&self.data, self.place.intervals);
        let Some(interval) = data.plain.intervals.get(next) else {
            return Err(mcu::too_few_intervals(next, data.count.div_ceil(data.per_interval), data.end));
        };
        if interval.restart.is_some_and(|number| usize::from(number) != (next + 7) % 8) {
            return Err(mcu::out_of_order(interval));
        }
        self.reader.restart();
        self.place.intervals += 1;
        self.place.left = data.per_interval.min(data.count - self.place.mcus);
        self.place.bits = R::Place::default();
        Ok(())
    }

    /// Decodes MCUs that are all of one interval.
    #[inline(always)]
    fn decode_within(
        &mut self,
        start: usize,
        end: usize,
        read: &mut impl FnMut(usize, &mut R, &mut R::Input<'_>) -> Result<(), Fault>,
    ) -> Result<()> {
        let Self { data, reader, place } = self;
        let interval = &data.plain.intervals[place.intervals - 1];
        let mut bits = R::Input::resume(data.plain.data(interval), place.bits);
        let outcome: Result<(), Fault> = data.level.run(
            #[inline(always)]
            || {
                for x in start..end {
                    let outcome = read(x, reader, &mut bits);
                    // Whatever else is wrong: what is read past the end is not data.
                    if bits.overrun() { Err(mcu::ENDS_EARLY) } else { outcome }?;
                }
                Ok(())
            },
        );
        let at = || source_offset(data.source, interval, bits.byte_position()) as u64;
        outcome.map_err(|fault| Error::input(fault).at(at()))?;
        place.bits = bits.place();
        place.mcus += end - start;
        place.left -= end - start;
        if place.left == 0 { mcu::check_left_over(bits.left_over()).map_err(|e| e.at(at())) } else { Ok(()) }
    }
}

impl Cursor<'_> {
    /// Decodes so many MCUs, or those that are left, without their zeros.
    pub(crate) fn pack(&mut self, kernels: impl AcKernels, mcus: usize, packer: &mut Packer) -> Result<PackedRow> {
        self.decode(
            mcus,
            #[inline(always)]
            |_, reader, bits| packer.mcu(kernels, reader, bits),
        )?;
        Ok(packer.row())
    }

    /// Bits before it within its interval.
    pub(crate) fn bit(&self) -> usize {
        self.place.bits.position()
    }
}
