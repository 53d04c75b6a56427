//! DC coefficients, which are sent as differences: of the two steps around each, those with which a row of blocks has
//! the least sum of bits and errors. Rows are the order of a scan of one component; that of MCUs is near to it.
//!
//! It is a trellis over the row (Ramchandran and Vetterli 1994), whose states are the two steps. Where a plain surface
//! lies half-way between them, rounding goes up and down with every bit of noise, and each change costs bits and shows.
//! Rows do not know of each other, so those of such a surface may differ by the step.

use crate::jpeg::coeff::Block;
use crate::jpeg::fdct::{FINE, round};
use crate::jpeg::quant::QuantTable;
use crate::jpeg::quant::quantise::reciprocals;

/// Costs are in 256ths of a bit, errors in 64ths of a step: that of one step costs its square, 16 bits.
const BIT: i32 = 256;
const STEP: i32 = 64;

/// The decision for a component, row by row of its blocks.
#[derive(Clone, Debug)]
pub(crate) struct DcTrellis {
    reciprocal: f32,
    /// The step, in fine units.
    step: i16,
    ways: Vec<Way>,
}

/// How one comes to the two steps around a block.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    lower: i16,
    /// Whether it is from the upper step of the block before: to the lower step, and to the upper one.
    from_upper: [bool; 2],
}

impl DcTrellis {
    pub(crate) fn new(table: &QuantTable, blocks_wide: usize) -> Self {
        let step = i16::try_from(table.0[0]).unwrap_or(i16::MAX).saturating_mul(FINE);
        Self { reciprocal: reciprocals(table)[0], step, ways: vec![Way::default(); blocks_wide] }
    }

    /// Gives a row of quantised blocks their DC coefficients, from those of the fine ones.
    #[inline(always)]
    pub(crate) fn row(&mut self, fine: &[Block], blocks: &mut [Block]) {
        let in_steps = |block: &Block| f32::from(block[0]) * self.reciprocal;
        let mut costs = [0; 2];
        // The block before the first is one of another row, which is not known here: it may begin with either step.
        let mut before = fine.first().map_or(0, |first| round(in_steps(first) - 0.5));
        for (fine, way) in fine.iter().zip(&mut self.ways) {
            let value = in_steps(fine);
            // A tie is rounded either way.
            let lower = round(value - 0.5);
            let over = i32::from(round((value - f32::from(lower)) * STEP as f32));
            let under = STEP - over;
            let difference = i32::from(lower) - i32::from(before);
            let [less, same, more] = [-1, 0, 1].map(|more| price(difference + more));
            let to_lower = [costs[0] + same, costs[1] + less];
            let to_upper = [costs[0] + more, costs[1] + same];
            costs = [to_lower[0].min(to_lower[1]) + over * over, to_upper[0].min(to_upper[1]) + under * under];
            *way = Way { lower, from_upper: [to_lower[1] < to_lower[0], to_upper[1] < to_upper[0]] };
            before = lower;
        }
        let mut upper = costs[1] < costs[0];
        for (block, way) in blocks.iter_mut().zip(&self.ways).rev() {
            block[0] = way.lower + i16::from(upper);
            upper = way.from_upper[usize::from(upper)];
        }
    }

    /// Moves the DC coefficients of fine blocks to what those of the quantised ones stand for, so that whoever rounds
    /// them comes to the same. Where a step passes the range of fine coefficients, its end does.
    #[inline(always)]
    pub(crate) fn settle(&self, blocks: &[Block], fine: &mut [Block]) {
        for (fine, block) in fine.iter_mut().zip(blocks) {
            fine[0] = block[0].saturating_mul(self.step);
        }
    }
}

/// What a difference costs more than none: a bit to tell its size, about, and as many as that is.
#[inline(always)]
fn price(difference: i32) -> i32 {
    let size = (i32::BITS - difference.unsigned_abs().leading_zeros()).cast_signed();
    (size + i32::from(size > 0)) * BIT
}

#[cfg(test)]
mod tests {
    use super::*;

    const COARSE: u16 = 10;
    const WEIGHT: f32 = (STEP * STEP / BIT) as f32;

    /// The DC coefficients of a row, of blocks with such a mean each, in steps.
    fn row(values: &[f32]) -> Vec<i16> {
        let block = |value: &f32| {
            let mut block = [0; 64];
            block[0] = round(value * f32::from(COARSE * FINE.unsigned_abs()));
            block
        };
        let fine: Vec<Block> = values.iter().map(block).collect();
        let mut blocks = vec![[0; 64]; fine.len()];
        let mut trellis = DcTrellis::new(&QuantTable([COARSE; 64]), fine.len());
        trellis.row(&fine, &mut blocks);
        let mut settled = fine;
        trellis.settle(&blocks, &mut settled);
        assert!(settled.iter().zip(&blocks).all(|(fine, block)| fine[0] == block[0] * 160));
        blocks.iter().map(|block| block[0]).collect()
    }

    /// Numbers from 0 to 1.
    fn random() -> impl FnMut() -> f32 {
        let mut state = 1_u32;
        move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as f32 / 65536.0
        }
    }

    #[test]
    fn a_surface_between_two_steps_does_not_change() {
        let noise = [0.02, -0.04, 0.03, -0.01, 0.05, -0.02, 0.01, -0.03];
        let levels = row(&noise.map(|noise| -3.5 + noise));
        assert!(levels.iter().all(|&level| level == levels[0]) && [-4, -3].contains(&levels[0]), "{levels:?}");
    }

    #[test]
    fn what_is_near_a_step_keeps_it_and_nothing_is_off_by_much() {
        let mut random = random();
        let values: Vec<f32> = (0..1000).map(|_| random() * 100.0 - 50.0).collect();
        for (value, level) in values.iter().zip(row(&values)) {
            // A step saves 4 bits at most: 2 of the difference before it and 2 of that behind.
            let off = (value - f32::from(level)).abs();
            assert!(off <= 0.5 + 2.0 / WEIGHT + 0.01, "{value} became {level}");
        }
    }

    #[test]
    fn prices_are_those_of_sizes() {
        let bits = [0, 1, -1, 2, -3, 4, 1023].map(|difference| price(difference) / BIT);
        assert_eq!(bits, [0, 2, 2, 3, 3, 4, 11]);
    }

    #[test]
    fn it_is_the_cheapest_of_all_ways() {
        let values = [0.45, 0.55, 1.4, 0.6, -0.45, -0.52, -1.6, 0.5, 0.48];
        let cost = |levels: &[i16]| {
            let errors =
                levels.iter().zip(&values).map(|(&level, value)| (value - f32::from(level)).powi(2)).sum::<f32>();
            let bits = levels.windows(2).map(|pair| price(i32::from(pair[1] - pair[0]))).sum::<i32>();
            WEIGHT * errors + (bits / BIT) as f32
        };
        let ways = (0..1 << values.len()).map(|way: u32| {
            let level = |(i, value): (usize, &f32)| value.floor() as i16 + i16::from(way >> i & 1 == 1);
            cost(&values.iter().enumerate().map(level).collect::<Vec<_>>())
        });
        let least = ways.min_by(f32::total_cmp).unwrap();
        assert!((cost(&row(&values)) - least).abs() < 0.05);
    }
}
