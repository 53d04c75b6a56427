//! The blocks of an MCU row of a frame: as much of a picture as is in the cache while it is worked on.

use std::convert::Infallible;

use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::pairs::Room;
use crate::jpeg::frame::{Component, Frame};

/// The blocks of an MCU row of the frame, by component.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) parts: Vec<Part>,
    /// As [`mcus`] says.
    pub(crate) wide: usize,
    pub(crate) lines: usize,
}

/// The rows of a component that an MCU row of the frame has.
#[derive(Debug)]
pub(crate) struct Part {
    /// The blocks of the rows, those that pad MCUs included, and behind each row room for what a decoder leaves there.
    coefficients: Vec<i16>,
    /// Where they begin: with a line of the cache, so that no half of a block lies in two.
    start: usize,
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

/// MCUs of a scan of all components that an MCU row of the frame has, in a row and a column: more than one row where
/// there is a single component, whose MCUs are its blocks.
pub(crate) fn mcus(frame: &Frame) -> (usize, usize) {
    match &frame.components[..] {
        [only] => (only.blocks_wide as usize, only.vertical as usize),
        _ => (frame.mcus_wide as usize, 1),
    }
}

/// Blocks of a component in such an MCU, in a row and a column.
pub(crate) fn blocks_of_an_mcu(frame: &Frame, component: &Component) -> (usize, usize) {
    match &frame.components[..] {
        [_] => (1, 1),
        _ => (component.horizontal as usize, component.vertical as usize),
    }
}

/// Coefficients of a line of the cache.
const LINE: usize = 32;

impl Window {
    /// One of zeros.
    pub(crate) fn new(frame: &Frame) -> Self {
        let (wide, lines) = mcus(frame);
        let parts = frame.components.iter().map(|c| {
            let (horizontal, vertical) = blocks_of_an_mcu(frame, c);
            let (stride, rows) = ((wide * horizontal + 1) * 64, c.vertical as usize);
            let coefficients = vec![0_i16; stride * rows + LINE];
            let start = coefficients.as_ptr().align_offset(LINE * size_of::<i16>()).min(LINE);
            Part { coefficients, start, stride, wide: c.blocks_wide as usize, rows, horizontal, vertical }
        });
        Self { parts: parts.collect(), wide, lines }
    }

    /// A row of blocks of a component, counted from the top of the picture, within the MCU row.
    #[inline(always)]
    pub(crate) fn row(&self, component: usize, row: u32) -> &[Block] {
        let part = &self.parts[component];
        let row = part.start + row as usize % part.rows * part.stride;
        part.coefficients[row..][..part.wide * 64].as_chunks().0
    }

    /// Takes a row of blocks of a component, counted from the top of the picture.
    pub(crate) fn put(&mut self, component: usize, row: u32, blocks: &[Block]) {
        let part = &mut self.parts[component];
        let row = part.start + row as usize % part.rows * part.stride;
        part.coefficients[row..][..part.wide * 64].copy_from_slice(blocks.as_flattened());
    }

    /// Gives the rooms of all blocks of a component to `put`, in the order of a scan. They lie over each other: behind
    /// a block is what comes after it.
    #[inline(always)]
    pub(crate) fn fill(&mut self, component: usize, mut put: impl FnMut(&mut Room)) {
        let Self { parts, wide, lines } = self;
        for line in 0..*lines {
            for x in 0..*wide {
                let Ok(()) = parts[component].mcu::<Infallible>(
                    line,
                    x,
                    #[inline(always)]
                    |room| {
                        put(room);
                        Ok(())
                    },
                );
            }
        }
    }

    /// MCUs of a scan of all components.
    pub(crate) fn mcus(&self) -> usize {
        self.wide * self.lines
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| size_of_val(&part.coefficients[..]) as u64).sum()
    }
}

impl Part {
    /// Gives the rooms of an MCU to `read`, up to an error.
    #[inline(always)]
    pub(crate) fn mcu<E>(
        &mut self,
        line: usize,
        x: usize,
        mut read: impl FnMut(&mut Room) -> Result<(), E>,
    ) -> Result<(), E> {
        let first = self.start + x * self.horizontal * 64;
        for row in line * self.vertical..(line + 1) * self.vertical {
            for column in 0..self.horizontal {
                let (rooms, _) = self.coefficients[first + row * self.stride + column * 64..].as_chunks_mut();
                read(&mut rooms[0])?;
            }
        }
        Ok(())
    }

    /// Blocks of an MCU.
    pub(crate) fn blocks_of_an_mcu(&self) -> usize {
        self.horizontal * self.vertical
    }
}
