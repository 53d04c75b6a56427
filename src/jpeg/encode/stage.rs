//! What becomes of the blocks of a component on their way out of the front end.

use super::preset::{Recipe, Weighting};
use crate::error::Result;
use crate::jpeg::coeff::{Block, Plane};
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::{BLOCK_SIDE, Component};
use crate::jpeg::idct::Inverse;
use crate::jpeg::progress::Progress;
use crate::jpeg::quant::QuantTable;
use crate::jpeg::quant::dc::DcTrellis;
use crate::jpeg::quant::dering::Deringing;
use crate::jpeg::quant::masking::energy;
use crate::jpeg::quant::quantise::Quantiser;
use crate::jpeg::quant::rates::{Rates, Statistics};
use crate::jpeg::quant::refine::{Errors, Refinement};
use crate::jpeg::quant::trellis::Trellis;
use crate::jpeg::simd::{Kernels, Level};
use crate::jpeg::threads::Threads;

/// Samples a side of a block.
const SIDE: usize = BLOCK_SIDE as usize;

/// Rows of blocks that one thread quantises in one go. The result depends on it, and on nothing else that has to do
/// with threads: what a block costs after the ended ones before it is not known across its edge.
const STRIPE: usize = 8;

/// What a stage works with.
#[derive(Clone, Copy)]
pub(super) struct Means<'a> {
    pub(super) level: Level,
    pub(super) recipe: &'a Recipe,
    /// Threads at most, the caller's among them.
    pub(super) threads: &'a Threads,
    pub(super) progress: &'a Progress,
}

/// The quantisation of a component. Where blocks are decided as a whole, those of the picture stay fine until the last
/// has come, and what quantisation with a dead zone makes of them is counted to price them by.
#[derive(Clone)]
pub(super) struct Stage {
    table: QuantTable,
    quantiser: Quantiser,
    dc: DcTrellis,
    /// None for chroma, which no decoder clips by itself.
    deringing: Option<Deringing>,
    statistics: Option<Statistics>,
    /// A row of blocks.
    row: Vec<Block>,
    /// To what a decoder will see.
    inverse: Inverse,
}

impl Stage {
    pub(super) fn new(recipe: &Recipe, component: &Component, table: &QuantTable) -> Self {
        let statistics = recipe.weighting.is_some().then(Statistics::new);
        let row = vec![[0; 64]; component.blocks_wide as usize];
        let dc = DcTrellis::new(table, row.len());
        let quantiser = Quantiser::new(table, recipe.zone(component));
        let deringing = (component.table == 0).then(|| Deringing::new(table, recipe.deringing));
        Self { table: table.clone(), quantiser, dc, deringing, statistics, row, inverse: Inverse::new(table) }
    }

    /// Takes the samples of the next row of blocks.
    pub(super) fn block_row<K: Kernels + AcKernels>(
        &mut self,
        kernels: K,
        samples: [&[f32]; SIDE],
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
        self.quantise(kernels, blocks);
    }

    /// Moves the samples of the row of blocks that was taken last, of which `blocks` were made, half the way to what a
    /// decoder will see of them. The dead zone stands for the trellis, which has yet to come.
    pub(super) fn show<K: Kernels + AcKernels>(&self, kernels: K, blocks: &[Block], samples: &mut [f32]) {
        if samples.is_empty() {
            return;
        }
        let blocks = if self.statistics.is_some() { &self.row } else { blocks };
        let mut rows = samples.chunks_exact_mut(samples.len() / SIDE);
        let rows: [&mut [f32]; SIDE] = std::array::from_fn(|_| rows.next().unwrap_or_default());
        let mut rows = rows.map(|row| row.as_chunks_mut().0.iter_mut());
        kernels.run(
            #[inline(always)]
            || {
                for block in blocks {
                    for (row, shown) in rows.iter_mut().zip(self.inverse.samples(block)) {
                        let Some(samples) = row.next() else { return };
                        let samples: &mut [f32; SIDE] = samples;
                        for (sample, shown) in samples.iter_mut().zip(shown) {
                            *sample = (*sample + shown) * 0.5;
                        }
                    }
                }
            },
        );
    }

    /// Takes the rows of blocks that follow its own, which another stage of the component has taken.
    pub(super) fn append(&mut self, next: &Self) {
        if let (Some(statistics), Some(next)) = (&mut self.statistics, &next.statistics) {
            statistics.append(next);
        }
    }

    /// A plane that is fine, from here to its end.
    pub(super) fn plane(mut self, means: Means<'_>, component: &Component, plane: &mut Plane) -> Result<()> {
        let wide = component.blocks_wide as usize;
        let stages = stripes(means, component, plane, |_, blocks| {
            let mut stage = self.clone();
            for row in blocks.chunks_mut(wide) {
                match means.level {
                    Level::Scalar(kernels) => stage.fine_row(kernels, row),
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2(kernels) => stage.fine_row(kernels, row),
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512(kernels) => stage.fine_row(kernels, row),
                }
            }
            stage.statistics
        })?;
        if let Some(statistics) = &mut self.statistics {
            stages.iter().flatten().for_each(|next| statistics.append(next));
        }
        self.finish(means, component, plane)
    }

    /// Takes the next row of blocks, which is fine.
    fn fine_row<K: Kernels + AcKernels>(&mut self, kernels: K, blocks: &mut [Block]) {
        if self.statistics.is_none() {
            self.row.copy_from_slice(blocks);
        }
        self.quantise(kernels, blocks);
    }

    /// Quantises a row: from `blocks` into its own where they are to stay fine, and else from its own into `blocks`.
    fn quantise<K: Kernels + AcKernels>(&mut self, kernels: K, blocks: &mut [Block]) {
        let Self { quantiser, dc, statistics, row, .. } = self;
        let (fine, quantised) = if statistics.is_some() { (blocks, &mut row[..]) } else { (&mut row[..], blocks) };
        kernels.quantise(quantiser, fine, quantised);
        kernels.run(
            #[inline(always)]
            || {
                dc.row(fine, quantised);
                if let Some(statistics) = statistics {
                    dc.settle(quantised, fine);
                    for block in quantised {
                        statistics.add(block);
                    }
                }
            },
        );
    }

    /// Quantises what is still fine.
    pub(super) fn finish(&mut self, means: Means<'_>, component: &Component, plane: &mut Plane) -> Result<()> {
        let (Some(statistics), Some(weighting)) = (self.statistics.take(), means.recipe.weighting(component)) else {
            return Ok(());
        };
        let rates = statistics.rates();
        if let Some(refinement) = means.recipe.refinement {
            return self.twice(means, component, plane, &rates, weighting, refinement);
        }
        let work = |_, blocks: &mut [Block]| {
            let mut trellis = Trellis::new(&self.table, &rates);
            means.level.run(
                #[inline(always)]
                || {
                    for block in blocks {
                        let fine = *block;
                        trellis.block(&fine, weighting.weight(&fine, energy(&fine)), block);
                    }
                },
            );
        };
        stripes(means, component, plane, work).map(drop)
    }

    /// Quantises a first time to see what it costs and where errors show, and a second time knowing that.
    fn twice(
        &self,
        means: Means<'_>,
        component: &Component,
        plane: &mut Plane,
        rates: &Rates,
        weighting: &Weighting,
        refinement: Refinement,
    ) -> Result<()> {
        let first = |_, blocks: &mut [Block]| {
            let (mut trellis, mut statistics) = (Trellis::new(&self.table, rates), Statistics::new());
            let mut seen = Vec::with_capacity(blocks.len());
            means.level.run(
                #[inline(always)]
                || {
                    for fine in blocks {
                        let (energy, mut block) = (energy(fine), [0; 64]);
                        let weight = weighting.weight(fine, energy);
                        trellis.block(fine, weight, &mut block);
                        statistics.add(&block);
                        seen.push((weight, refinement.error(fine, energy, &block, &self.table)));
                    }
                },
            );
            (statistics, seen)
        };
        let (mut statistics, mut weights, mut errors) = (Statistics::new(), Vec::new(), Vec::new());
        for (next, seen) in stripes(means, component, plane, first)? {
            statistics.append(&next);
            weights.extend(seen.iter().map(|&(weight, _)| weight));
            errors.extend(seen.iter().map(|&(_, error)| error));
        }
        let (rates, errors) = (statistics.rates(), Errors::new(refinement, component.blocks_wide as usize, errors));
        let second = |start: usize, blocks: &mut [Block]| {
            let mut trellis = Trellis::new(&self.table, &rates);
            means.level.run(
                #[inline(always)]
                || {
                    for (i, block) in (start..).zip(blocks) {
                        let fine = *block;
                        trellis.block(&fine, weights[i] * errors.factor(i), block);
                    }
                },
            );
        };
        stripes(means, component, plane, second).map(drop)
    }
}

/// Works on the stripes of a plane, of which it tells the number of the first block, and gives the results in order.
fn stripes<R: Send>(
    Means { threads, progress, .. }: Means<'_>,
    component: &Component,
    plane: &mut Plane,
    work: impl Fn(usize, &mut [Block]) -> R + Sync,
) -> Result<Vec<R>> {
    let blocks = STRIPE * component.blocks_wide as usize;
    let jobs = plane.pieces_mut(STRIPE).enumerate().collect();
    let stripe = |(i, stripe): (usize, &mut [Block])| {
        let count = stripe.len() as u64;
        progress.check()?;
        let result = work(i * blocks, stripe);
        progress.advance(count).map(|()| result)
    };
    threads.share(jobs, |(_, stripe)| stripe.len(), stripe).into_iter().collect()
}
