//! The scan of a sequential file that has all its coefficients, decoded an MCU row at a time.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::jpeg::ahead::{Ahead, Meeting};
use crate::jpeg::bits::{BitReader, Place, Unstuffed, source_offset};
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::entropy::{Fault, ReadBlocks, baseline};
use crate::jpeg::frame::Frame;
use crate::jpeg::mcu;
use crate::jpeg::packed::packer::Packer;
use crate::jpeg::packed::{PackedRow, Rest};
use crate::jpeg::simd::Level;
use crate::jpeg::window::Window;

/// A scan that is decoded on demand. It is strict: the first thing that is wrong ends it.
#[derive(Debug)]
pub(crate) struct Stream<'a> {
    pub(crate) cursor: Cursor<'a>,
    window: Window,
    /// What another thread decodes in the meantime.
    pub(crate) ahead: Option<Ahead>,
}

/// How far a scan has been decoded, and what it takes to go on.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    pub(crate) data: Arc<ScanData<'a>>,
    pub(crate) reader: baseline::Reader,
    pub(crate) place: Position,
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
pub(crate) struct Position {
    pub(crate) mcus: usize,
    /// Restart intervals that have begun, and the MCUs that are left of the last.
    pub(crate) intervals: usize,
    pub(crate) left: usize,
    /// Within its data.
    pub(crate) bits: Place,
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
        let data = Arc::new(ScanData { source, end, plain, level, count, per_interval });
        Self { cursor: Cursor { data, reader, place: Position::default() }, window, ahead: None }
    }

    /// Decodes an MCU row of the frame into the window: the first, or the one after that of the last call. Of what another
    /// thread has decoded, components that are not `wanted` are left as they are.
    #[inline(always)]
    pub(crate) fn go_to(&mut self, kernels: impl AcKernels, y: u32, wanted: impl Fn(usize) -> bool) -> Result<()> {
        let has_met = y > 0 && self.has_met();
        let Self { cursor, window, ahead } = self;
        if let (true, Some(ahead)) = (has_met, ahead) {
            let row = ahead.row(y)?;
            kernels.run(
                #[inline(always)]
                || row.unpack(kernels, wanted, window),
            );
            return Ok(());
        }
        cursor.begin_row(y);
        for line in 0..window.lines {
            cursor.decode(
                window.wide,
                #[inline(always)]
                |x, reader, bits| {
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
            )?;
        }
        Ok(())
    }

    /// As [`Stream::go_to`], without the zeros, and nothing of what another thread has decoded.
    pub(crate) fn pack_row(&mut self, kernels: impl AcKernels, y: u32, packer: &mut Packer) -> Result<PackedRow> {
        self.cursor.begin_row(y);
        self.cursor.pack(kernels, self.window.mcus(), packer)
    }

    /// Whether the rows after the one that was decoded last are another thread's, which has decoded them, or will have.
    pub(crate) fn has_met(&mut self) -> bool {
        match self.ahead.as_mut().map(|ahead| ahead.meet(&self.cursor)) {
            Some(Meeting::Here) => return true,
            Some(Meeting::Never) => self.ahead = None,
            Some(Meeting::Later) | None => {}
        }
        false
    }

    /// All that another thread has decoded, where it was met.
    ///
    /// # Errors
    /// As [`Ahead::row`].
    pub(crate) fn rest(&mut self) -> Result<Option<Rest>> {
        self.ahead.take().map_or(Ok(None), Ahead::rest)
    }

    /// The MCU row that was decoded last.
    pub(crate) fn window(&self) -> &Window {
        &self.window
    }

    /// Bytes of memory in use, those of what is ahead left out.
    pub(crate) fn bytes(&self) -> u64 {
        self.window.bytes() + self.cursor.data.plain.bytes()
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

    /// The first row begins anew.
    fn begin_row(&mut self, y: u32) {
        if y == 0 {
            self.place = Position::default();
        }
    }

    /// Decodes so many MCUs, or those that are left: gives the number of each to `mcu`, which reads it.
    #[inline(always)]
    fn decode(
        &mut self,
        mcus: usize,
        mut mcu: impl FnMut(usize, &mut baseline::Reader, &mut BitReader<'_>) -> Result<(), Fault>,
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
        self.place.bits = Place::default();
        Ok(())
    }

    /// Decodes MCUs that are all of one interval.
    #[inline(always)]
    fn decode_within(
        &mut self,
        start: usize,
        end: usize,
        read: &mut impl FnMut(usize, &mut baseline::Reader, &mut BitReader<'_>) -> Result<(), Fault>,
    ) -> Result<()> {
        let Self { data, reader, place } = self;
        let interval = &data.plain.intervals[place.intervals - 1];
        let mut bits = BitReader::resume(data.plain.data(interval), place.bits);
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
