//! Where the errors of a quantised picture show most, and what errors should weigh there when it is quantised again.
//!
//! The measure is that of structural similarity (Wang, Bovik, Sheikh and Simoncelli 2004) on blocks: the energy of the
//! errors over that of the block. It is taken from coefficients, whose energy is that of the samples, and evened out
//! over the blocks around, as the windows of such a measure reach over them.

use crate::jpeg::coeff::Block;
use crate::jpeg::fdct::FINE;
use crate::jpeg::quant::QuantTable;
use crate::jpeg::quant::masking::{energy, exp2, log2};

/// How a second pass follows the errors of the first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refinement {
    /// The energy that is added to that of a block, so that flat ones do not weigh without bound.
    pub(crate) floor: f32,
    /// The power of a block's error, over the mean of all, that multiplies the weight of its errors.
    pub(crate) power: f32,
    /// The greatest change of a weight either way, in doublings.
    pub(crate) most: f32,
}

/// The visible errors of the blocks of a component, in raster order.
#[derive(Debug)]
pub(crate) struct Errors {
    refinement: Refinement,
    blocks_wide: usize,
    errors: Vec<f32>,
}

impl Errors {
    pub(crate) fn new(refinement: Refinement, blocks_wide: usize) -> Self {
        Self { refinement, blocks_wide, errors: Vec::new() }
    }

    /// The next block: as it was, and as it is with these steps.
    #[inline(always)]
    pub(crate) fn push(&mut self, fine: &Block, block: &Block, table: &QuantTable) {
        let mut sum = 0.0;
        for ((&fine, &level), &step) in fine.iter().zip(block).zip(&table.0) {
            let error = f32::from(fine) - f32::from(level) * f32::from(step) * f32::from(FINE);
            sum += error * error;
        }
        let error = sum / (64.0 * f32::from(FINE) * f32::from(FINE));
        self.errors.push(error / (self.refinement.floor + energy(fine)));
    }

    /// What multiplies the weight of the errors of each block.
    pub(crate) fn factors(&self) -> Vec<f32> {
        let Self { refinement: Refinement { power, most, .. }, blocks_wide: wide, errors, .. } = self;
        let high = errors.len() / wide;
        let mean = errors.iter().map(|&error| f64::from(error)).sum::<f64>() / errors.len().max(1) as f64;
        #[allow(clippy::cast_possible_truncation)] // to the nearest `f32`
        let mean = (mean as f32).max(f32::MIN_POSITIVE);
        let around = |x: usize, y: usize| {
            let rows = y.saturating_sub(1)..(y + 2).min(high);
            let columns = x.saturating_sub(1)..(x + 2).min(*wide);
            let count = (rows.len() * columns.len()) as f32;
            let sum: f32 = rows.map(|y| errors[y * wide..][columns.clone()].iter().sum::<f32>()).sum();
            (sum / count + errors[y * wide + x]) * 0.5
        };
        let factor = |error: f32| exp2((log2((error / mean).max(1e-6)) * power).clamp(-most, *most));
        (0..high).flat_map(|y| (0..*wide).map(move |x| (x, y))).map(|(x, y)| factor(around(x, y))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_with_more_error_than_others_weigh_more() {
        let refinement = Refinement { floor: 1.0, power: 0.5, most: 1.0 };
        let mut errors = Errors::new(refinement, 5);
        let table = QuantTable([10; 64]);
        for i in 0..25 {
            let mut fine = [0; 64];
            fine[0] = if i == 12 { 64 } else { 32 };
            errors.push(&fine, &[0; 64], &table);
        }
        let factors = errors.factors();
        assert!(factors[12] > 1.2 && factors[12] <= 2.0, "{factors:?}");
        assert!(factors[0] < 1.0 && factors[0] < factors[6] && factors[6] < factors[12], "{factors:?}");
    }
}
