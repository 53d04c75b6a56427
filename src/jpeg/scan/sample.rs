//! The part of a picture that statistics are taken of: rows of MCUs, evenly spread.

use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::Frame;
use crate::jpeg::rows::{OneRow, Rows};

/// A picture in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) rows: &'a Rows<'a>,
    /// Whether there are three components, the second and third of chroma.
    pub(crate) has_chroma: bool,
}

/// Blocks of a component that may be counted: each counts once for a coefficient, in 16 bits.
pub(super) const MOST_BLOCKS: usize = 1 << 15;

/// Rows of MCUs, of all components together, with their numbers.
#[derive(Debug)]
pub(super) struct Sample<'a> {
    frame: &'a Frame,
    rows: Vec<(u32, OneRow<'a>)>,
}

impl<'a> Sample<'a> {
    /// So many blocks of the largest component, or one of `one_of` if that is more; one row at least.
    pub(super) fn new(picture: Picture<'a>, kernels: impl AcKernels, blocks: usize, one_of: u64) -> Self {
        let frame = picture.frame;
        let high = u64::from(frame.mcus_high);
        let of_a_row = frame.components.iter().map(|c| u64::from(c.blocks_wide * c.vertical)).max().unwrap_or(1).max(1);
        let blocks = (blocks as u64).max(high * of_a_row / one_of).min(MOST_BLOCKS as u64);
        let count = (blocks / of_a_row).clamp(1, high);
        // In the middle of each of so many parts.
        let numbers: Vec<_> = (0..count).map(|i| ((2 * i + 1) * high / (2 * count)) as u32).collect();
        let rows = picture.rows.some(kernels, &numbers);
        Self { frame, rows: numbers.into_iter().zip(rows).collect() }
    }

    /// The rows of blocks of a component.
    pub(super) fn block_rows(&self, component: usize) -> impl Iterator<Item = &[Block]> {
        let rows_of = move |y: u32| self.frame.components[component].rows_of(y);
        self.rows.iter().flat_map(move |(y, row)| rows_of(*y).map(move |y| row.as_row().row(component, y)))
    }
}
