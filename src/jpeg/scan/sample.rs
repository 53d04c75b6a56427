//! The part of a picture that statistics are taken of: rows of MCUs, evenly spread.

use crate::jpeg::coeff::{Block, Plane};
use crate::jpeg::frame::Frame;

/// A picture in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture<'a> {
    pub(crate) frame: &'a Frame,
    /// A plane for each component.
    pub(crate) planes: &'a [Plane],
    /// Whether there are three components, the second and third of chroma.
    pub(crate) has_chroma: bool,
}

/// Blocks of a component that may be counted: each counts once for a coefficient, in 16 bits.
pub(super) const MOST_BLOCKS: usize = 1 << 15;

/// Rows of MCUs, of all components together.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    rows: Vec<u32>,
}

impl Sample {
    /// So many blocks of the largest component, or one of `one_of` if that is more; one row at least.
    pub(super) fn new(frame: &Frame, blocks: usize, one_of: u64) -> Self {
        let high = u64::from(frame.mcus_high);
        let of_a_row = frame.components.iter().map(|c| u64::from(c.blocks_wide * c.vertical)).max().unwrap_or(1).max(1);
        let blocks = (blocks as u64).max(high * of_a_row / one_of).min(MOST_BLOCKS as u64);
        let count = (blocks / of_a_row).clamp(1, high);
        // In the middle of each of so many parts.
        let rows = (0..count).map(|i| ((2 * i + 1) * high / (2 * count)) as u32).collect();
        Self { rows }
    }

    /// The rows of blocks of a component.
    pub(super) fn block_rows<'a>(&self, picture: Picture<'a>, component: usize) -> impl Iterator<Item = &'a [Block]> {
        let c = &picture.frame.components[component];
        let rows = self.rows.iter().flat_map(|y| y * c.vertical..((y + 1) * c.vertical).min(c.blocks_high));
        rows.map(move |row| picture.planes[component].row(row as usize))
    }
}
