//! Some MCU rows of a picture: rows of pixels to coefficients, by way of conversion, down-sampling, FDCT and
//! quantisation.

use std::ops::Range;

use super::mcu_row::McuRow;
use super::stage::Stage;
use crate::error::Result;
use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::{Frame, MAX_COMPONENTS};
use crate::jpeg::image::{PlaneRows, RowReader};
use crate::jpeg::progress::Progress;
use crate::jpeg::simd::{Kernels, Level};

/// The blocks of a band, of each component; none of components that there are not.
pub(super) type Blocks<'a> = [&'a mut [Block]; MAX_COMPONENTS];

/// A band on its way.
pub(super) struct Band<'a> {
    pub(super) level: Level,
    pub(super) progress: &'a Progress,
    pub(super) frame: &'a Frame,
    pub(super) background: [u8; 3],
    pub(super) state: &'a mut State,
}

/// What a band remembers from row to row.
pub(super) struct State {
    reader: RowReader,
    samples: McuRow,
    pub(super) stages: Vec<Stage>,
    /// Its MCU rows.
    mcu_rows: Range<usize>,
    /// The row of the picture that it takes next.
    next: usize,
}

impl State {
    /// The samples are those of the first MCU row.
    pub(super) fn new(reader: RowReader, samples: McuRow, stages: Vec<Stage>, mcu_rows: Range<usize>) -> Self {
        let next = samples.rows(mcu_rows.len()).start;
        Self { reader, samples, stages, mcu_rows, next }
    }

    /// The rows of the picture that it is to be given: its own, and those around that its luma depends on.
    pub(super) fn rows(&self, frame: &Frame) -> Range<usize> {
        let Range { start, end } = self.samples.rows(self.mcu_rows.len());
        start..end.min(frame.height as usize)
    }
}

impl Band<'_> {
    /// Takes the next row.
    pub(super) fn push(&mut self, row: PlaneRows<'_>, blocks: &mut Blocks<'_>) -> Result<()> {
        match self.level {
            Level::Scalar(kernels) => self.push_with(kernels, row, blocks),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(kernels) => self.push_with(kernels, row, blocks),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(kernels) => self.push_with(kernels, row, blocks),
        }
    }

    fn push_with<K: Kernels + AcKernels>(
        &mut self,
        kernels: K,
        row: PlaneRows<'_>,
        blocks: &mut Blocks<'_>,
    ) -> Result<()> {
        let State { reader, samples, mcu_rows, next, .. } = &mut *self.state;
        samples.push(kernels, reader, row, *next, self.background);
        *next += 1;
        // Rows under the picture repeat its last one.
        let is_end = *next == self.frame.height as usize;
        while is_end && !samples.is_whole() {
            samples.push(kernels, reader, row, *next - 1, self.background);
        }
        let end = mcu_rows.end;
        while self.state.samples.next() < end
            && let Some(y) = self.state.samples.take(is_end)
        {
            self.progress.check()?;
            let count = self.transform(kernels, y, blocks);
            self.progress.advance(count)?;
        }
        Ok(())
    }

    /// The samples of an MCU row, to blocks, and how many these are.
    fn transform<K: Kernels + AcKernels>(&mut self, kernels: K, y: usize, blocks: &mut Blocks<'_>) -> u64 {
        let mut count = 0;
        let State { samples, stages, mcu_rows, .. } = &mut *self.state;
        // Chroma first: luma is corrected for what becomes of it.
        for i in [1, 2, 0, 3] {
            let (Some(component), Some(stage)) = (self.frame.components.get(i), stages.get_mut(i)) else { continue };
            if i == 0 {
                samples.correct_luma(kernels);
            }
            let wide = component.blocks_wide as usize;
            let first = (y - mcu_rows.start) * component.vertical as usize * wide;
            let rows = blocks[i][first..].chunks_mut(wide).take(component.vertical as usize);
            for (row, blocks) in rows.enumerate() {
                stage.block_row(kernels, samples.block_row(i, row), blocks);
                stage.show(kernels, blocks, samples.shown_mut(i));
                count += blocks.len() as u64;
            }
        }
        count
    }
}
