//! The scan of a sequential file that has all its coefficients, decoded an MCU row at a time.

use crate::error::Result;
use crate::jpeg::ahead::{Ahead, Meeting};
use crate::jpeg::cursor::{Cursor, Position};
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::Frame;
use crate::jpeg::packed::packer::Packer;
use crate::jpeg::packed::{PackedRow, Rest};
use crate::jpeg::rows::{MadeRow, McuRow};
use crate::jpeg::window::Window;

/// A scan that is decoded on demand.
#[derive(Debug)]
pub(crate) struct Stream<'a> {
    pub(crate) cursor: Cursor<'a>,
    window: Window,
    /// What another thread decodes in the meantime.
    pub(crate) ahead: Option<Ahead>,
}

impl<'a> Stream<'a> {
    /// One before the first MCU of its scan.
    pub(crate) fn new(frame: &Frame, cursor: Cursor<'a>) -> Self {
        Self { cursor, window: Window::new(frame), ahead: None }
    }

    /// An MCU row of the frame, the first or the one after that of the last call: decoded into the window, or as another
    /// thread has decoded it.
    pub(crate) fn go_to(&mut self, y: u32) -> Result<MadeRow<'_>> {
        let has_met = y > 0 && self.has_met();
        let Self { cursor, window, ahead } = self;
        if let (true, Some(ahead)) = (has_met, ahead) {
            return Ok(MadeRow::Packed(ahead.row(y)?));
        }
        begin_row(cursor, y);
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
        Ok(MadeRow::WithZeros(McuRow::Alone(window)))
    }

    /// As [`Stream::go_to`], decoded without the zeros, and nothing of what another thread has decoded.
    pub(crate) fn pack_row(&mut self, kernels: impl AcKernels, y: u32, packer: &mut Packer) -> Result<PackedRow> {
        begin_row(&mut self.cursor, y);
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

/// The first row begins anew.
fn begin_row(cursor: &mut Cursor<'_>, y: u32) {
    if y == 0 {
        cursor.place = Position::default();
    }
}
