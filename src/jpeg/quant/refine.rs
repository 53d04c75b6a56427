//! Where the errors of a quantised picture show most, and what errors should weigh there when it is quantised again.
//!
//! The measure is that of structural similarity (Wang, Bovik, Sheikh and Simoncelli 2004) on blocks: the energy of the
//! errors over that of the block. It is taken from coefficients, whose energy is that of the samples, and evened out
//! over the blocks around, as the windows of such a measure reach over them.

use crate::jpeg::coeff::Block;
use crate::jpeg::fdct::FINE;
use crate::jpeg::quant::QuantTable;
use crate::jpeg::quant::masking::{exp2, log2};

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

impl Refinement {
    /// The visible error of a block of an energy: as it was, and as it is with these steps.
    #[inline(always)]
    pub(crate) fn error(&self, fine: &Block, energy: f32, block: &Block, table: &QuantTable) -> f32 {
        let mut sum = 0.0;
        for ((&fine, &level), &step) in fine.iter().zip(block).zip(&table.0) {
            let error = f32::from(fine) - f32::from(level) * f32::from(step) * f32::from(FINE);
            sum += error * error;
        }
        let error = sum / (64.0 * f32::from(FINE) * f32::from(FINE));
        error / (self.floor + energy)
    }
}

/// The visible errors of the blocks of a component, in raster order.
#[derive(Debug)]
pub(crate) struct Errors {
    refinement: Refinement,
    blocks_wide: usize,
    errors: Vec<f32>,
    mean: f32,
}

impl Errors {
    pub(crate) fn new(refinement: Refinement, blocks_wide: usize, errors: Vec<f32>) -> Self {
        let mean = errors.iter().map(|&error| f64::from(error)).sum::<f64>() / errors.len().max(1) as f64;
        #[allow(clippy::cast_possible_truncation)] // to the nearest `f32`
        let mean = (mean as f32).max(f32::MIN_POSITIVE);
        Self { refinement, blocks_wide, errors, mean }
    }

    /// What multiplies the weight of the errors of a block, by its number.
    #[inline(always)]
    pub(crate) fn factor(&self, block: usize) -> f32 {
        let Self { refinement: Refinement { power, most, .. }, blocks_wide: wide, errors, mean } = self;
        let (x, y) = (block % wide, block / wide);
        let rows = y.saturating_sub(1)..(y + 2).min(errors.len() / wide);
        let columns = x.saturating_sub(1)..(x + 2).min(*wide);
        let count = (rows.len() * columns.len()) as f32;
        let sum: f32 = rows.map(|y| errors[y * wide..][columns.clone()].iter().sum::<f32>()).sum();
        let around = (sum / count + errors[block]) * 0.5;
        exp2((log2((around / mean).max(1e-6)) * power).clamp(-most, *most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_with_more_error_than_others_weigh_more() {
        let refinement = Refinement { floor: 1.0, power: 0.5, most: 1.0 };
        let table = QuantTable([10; 64]);
        let error = |i| {
            let mut fine = [0; 64];
            fine[0] = if i == 12 { 64 } else { 32 };
            refinement.error(&fine, 0.0, &[0; 64], &table)
        };
        let errors = Errors::new(refinement, 5, (0..25).map(error).collect());
        let factors: Vec<f32> = (0..25).map(|i| errors.factor(i)).collect();
        assert!(factors[12] > 1.2 && factors[12] <= 2.0, "{factors:?}");
        assert!(factors[0] < 1.0 && factors[0] < factors[6] && factors[6] < factors[12], "{factors:?}");
    }
}
