//! What becomes of the blocks of a component on their way out of the front end.

use super::preset::Recipe;
use crate::error::Result;
use crate::jpeg::coeff::{Block, Plane};
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::{BLOCK_SIDE, Component};
use crate::jpeg::quant::QuantTable;
use crate::jpeg::quant::dering::Deringing;
use crate::jpeg::quant::quantise::Quantiser;
use crate::jpeg::quant::rates::Statistics;
use crate::jpeg::quant::refine::Errors;
use crate::jpeg::quant::trellis::Trellis;
use crate::jpeg::simd::{Kernels, Level};
use crate::limits::Cancel;

/// The quantisation of a component. Where blocks are decided as a whole, those of the picture stay fine until the last
/// has come, and what quantisation with a dead zone makes of them is counted to price them by.
pub(super) struct Stage {
    table: QuantTable,
    quantiser: Quantiser,
    /// None for chroma, which no decoder clips by itself.
    deringing: Option<Deringing>,
    statistics: Option<Statistics>,
    /// A row of blocks.
    row: Vec<Block>,
}

impl Stage {
    pub(super) fn new(recipe: &Recipe, component: &Component, table: &QuantTable) -> Self {
        let statistics = recipe.weighting.is_some().then(Statistics::new);
        let row = vec![[0; 64]; component.blocks_wide as usize];
        let quantiser = Quantiser::new(table, recipe.zone(component));
        let deringing = (component.table == 0).then(|| Deringing::new(table, recipe.deringing));
        Self { table: table.clone(), quantiser, deringing, statistics, row }
    }

    /// Takes the samples of the next row of blocks.
    pub(super) fn block_row<K: Kernels + AcKernels>(
        &mut self,
        kernels: K,
        samples: [&[f32]; BLOCK_SIDE as usize],
        blocks: &mut [Block],
    ) {
        let fine = if self.statistics.is_some() { &mut *blocks } else { &mut self.row[..] };
        kernels.block_row(samples, fine);
        if let Some(deringing) = &self.deringing {
            kernels.run(
                #[inline(always)]
                || deringing.row(samples, fine),
            );
        }
        if self.statistics.is_none() {
            return kernels.quantise(&self.quantiser, &self.row, blocks);
        }
        self.fine_row(kernels, blocks);
    }

    /// A plane that is fine, from here to its end.
    pub(super) fn plane(
        mut self,
        level: Level,
        recipe: &Recipe,
        component: &Component,
        plane: &mut Plane,
        cancel: &Cancel,
    ) -> Result<()> {
        for y in 0..component.blocks_high as usize {
            cancel.check()?;
            match level {
                Level::Scalar(kernels) => self.fine_row(kernels, plane.row_mut(y)),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2(kernels) => self.fine_row(kernels, plane.row_mut(y)),
                #[cfg(target_arch = "x86_64")]
                Level::Avx512(kernels) => self.fine_row(kernels.avx2(), plane.row_mut(y)),
            }
        }
        self.finish(level, recipe, component, plane, cancel)
    }

    /// Takes the next row of blocks, which is fine.
    fn fine_row<K: Kernels + AcKernels>(&mut self, kernels: K, blocks: &mut [Block]) {
        let Self { quantiser, statistics, row, .. } = self;
        let Some(statistics) = statistics else {
            row.copy_from_slice(blocks);
            return kernels.quantise(quantiser, row, blocks);
        };
        kernels.quantise(quantiser, blocks, row);
        kernels.run(
            #[inline(always)]
            || {
                for block in row {
                    statistics.add(block);
                }
            },
        );
    }

    /// Quantises what is still fine.
    pub(super) fn finish(
        &mut self,
        level: Level,
        recipe: &Recipe,
        component: &Component,
        plane: &mut Plane,
        cancel: &Cancel,
    ) -> Result<()> {
        let (Some(statistics), Some(weighting)) = (self.statistics.take(), recipe.weighting(component)) else {
            return Ok(());
        };
        let rates = statistics.rates();
        let Some(refinement) = recipe.refinement else {
            let mut trellis = Trellis::new(&self.table, &rates);
            return rows(
                level,
                component,
                cancel,
                plane,
                #[inline(always)]
                |_, block| {
                    let fine = *block;
                    trellis.block(&fine, weighting.weight(&fine), block);
                },
            );
        };
        let source = plane.clone();
        let (mut trellis, mut statistics) = (Trellis::new(&self.table, &rates), Statistics::new());
        let mut errors = Errors::new(refinement, component.blocks_wide as usize);
        rows(
            level,
            component,
            cancel,
            plane,
            #[inline(always)]
            |_, block| {
                let fine = *block;
                trellis.block(&fine, weighting.weight(&fine), block);
                statistics.add(block);
                errors.push(&fine, block, &self.table);
            },
        )?;
        let (rates, factors) = (statistics.rates(), errors.factors());
        let mut trellis = Trellis::new(&self.table, &rates);
        rows(
            level,
            component,
            cancel,
            plane,
            #[inline(always)]
            |i, block| {
                let fine = &source.blocks()[i];
                trellis.block(fine, weighting.weight(fine) * factors[i], block);
            },
        )
    }
}

/// Works on the blocks of a plane in raster order, by their number.
#[inline(always)]
fn rows(
    level: Level,
    component: &Component,
    cancel: &Cancel,
    plane: &mut Plane,
    mut work: impl FnMut(usize, &mut Block),
) -> Result<()> {
    let wide = component.blocks_wide as usize;
    for y in 0..component.blocks_high as usize {
        cancel.check()?;
        level.run(
            #[inline(always)]
            || {
                // A loop: `for_each` would be compiled apart, without the instructions of this level.
                for (x, block) in plane.row_mut(y).iter_mut().enumerate() {
                    work(y * wide + x, block);
                }
            },
        );
    }
    Ok(())
}
