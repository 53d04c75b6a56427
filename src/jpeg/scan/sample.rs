//! The part of a picture that statistics are taken of: rows of MCUs, evenly spread.

use std::convert::Infallible;

use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::Frame;
use crate::jpeg::rows::InMemory;

/// A picture in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) memory: InMemory<'a>,
    /// Whether there are three components, the second and third of chroma.
    pub(crate) has_chroma: bool,
}

/// Blocks of a component that may be counted: each counts once for a coefficient, in 16 bits.
pub(super) const MOST_BLOCKS: usize = 1 << 15;

/// Rows of MCUs, of all components together.
#[derive(Debug)]
pub(super) struct Sample<'a> {
    picture: Picture<'a>,
    numbers: Vec<u32>,
}

impl<'a> Sample<'a> {
    /// So many blocks of the largest component, or one of `one_of` if that is more; one row at least.
    pub(super) fn new(picture: Picture<'a>, blocks: usize, one_of: u64) -> Self {
        let frame = picture.frame;
        let high = u64::from(frame.mcus_high);
        let of_a_row = frame.components.iter().map(|c| u64::from(c.blocks_wide * c.vertical)).max().unwrap_or(1).max(1);
        let blocks = (blocks as u64).max(high * of_a_row / one_of).min(MOST_BLOCKS as u64);
        let count = (blocks / of_a_row).clamp(1, high);
        // In the middle of each of so many parts.
        let numbers = (0..count).map(|i| ((2 * i + 1) * high / (2 * count)) as u32).collect();
        Self { picture, numbers }
    }

    /// What it is a part of.
    pub(super) fn picture(&self) -> Picture<'a> {
        self.picture
    }

    /// Blocks of a component that are counted.
    pub(super) fn blocks(&self, component: usize) -> u64 {
        let component = &self.picture.frame.components[component];
        let of_a_row = u64::from(component.blocks_wide * component.vertical);
        (self.numbers.len() as u64 * of_a_row).min(MOST_BLOCKS as u64)
    }

    /// Gives the rows of blocks of some components to `take`.
    pub(super) fn rows(
        &self,
        kernels: impl AcKernels,
        wanted: impl Fn(usize) -> bool,
        mut take: impl FnMut(usize, &[Block]),
    ) {
        let Picture { frame, memory, .. } = self.picture;
        let Ok(()) = memory.take::<Infallible>(kernels, frame, self.numbers.iter().copied(), &wanted, |y, row| {
            for (i, component) in frame.components.iter().enumerate().filter(|&(i, _)| wanted(i)) {
                component.rows_of(y).for_each(|y| take(i, row.row(i, y)));
            }
            Ok(())
        });
    }
}
