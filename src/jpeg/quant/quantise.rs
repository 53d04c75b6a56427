//! Quantisation: what the FDCT gives, divided by the steps and rounded, in zigzag order.
//!
//! This file is the specification of the kernels in `simd`.

use crate::jpeg::coeff::{Block, ZIGZAG};
use crate::jpeg::fdct::{Matrix, SCALE};
use crate::jpeg::quant::QuantTable;

/// A quantisation table made ready for the output of [`fdct`](crate::jpeg::fdct::fdct).
#[derive(Clone, Debug)]
pub(crate) struct Quantiser {
    /// Transposed as the output of the FDCT: 1 over the step and over the scale of that output.
    pub(crate) multipliers: Matrix,
}

impl Quantiser {
    pub(crate) fn new(table: &QuantTable) -> Self {
        let mut multipliers = [[0.0; 8]; 8];
        for (&step, &i) in table.0.iter().zip(&ZIGZAG) {
            let (u, v) = (usize::from(i % 8), usize::from(i / 8));
            #[allow(clippy::cast_possible_truncation)] // to the nearest `f32`
            let multiplier = (1.0 / (f64::from(step) * 8.0 * SCALE[u] * SCALE[v])) as f32;
            multipliers[u][v] = multiplier;
        }
        Self { multipliers }
    }

    /// Rounds to the nearest multiple of the step, ties to the even one.
    ///
    /// What comes out fits a baseline scan (T.81 F.1.2: AC in 10 bits, differences of DC in 11) without a clamp, for
    /// samples of -128 to 127 or -127.5 to 127.5 and any steps: DC is 8 times their mean, -1024 to 1020, so two differ
    /// by 2040 at most; an AC coefficient is largest for the block that follows the signs of its basis function,
    /// and largest of all where |cos| is constant, at frequency 4, with 1020.
    pub(crate) fn quantise(&self, transformed: &Matrix, block: &mut Block) {
        let mut rounded = [0_i16; 64];
        let (rows, _) = rounded.as_chunks_mut::<8>();
        for ((row, values), multipliers) in rows.iter_mut().zip(transformed).zip(&self.multipliers) {
            for ((rounded, value), multiplier) in row.iter_mut().zip(values).zip(multipliers) {
                *rounded = round(value * multiplier);
            }
        }
        for (coefficient, &i) in block.iter_mut().zip(&TRANSPOSED_ZIGZAG) {
            *coefficient = rounded[usize::from(i)];
        }
    }
}

/// Where each zigzag position is in a transposed block.
pub(crate) const TRANSPOSED_ZIGZAG: [u8; 64] = {
    let mut order = [0; 64];
    let mut k = 0;
    while k < 64 {
        order[k] = ZIGZAG[k] % 8 * 8 + ZIGZAG[k] / 8;
        k += 1;
    }
    order
};

/// To the nearest, ties to even, for magnitudes under 2^22. The sum with 1.5 * 2^23 has no bits for a fraction, so the
/// addition itself rounds: unlike a call of the mathematics library, every compiler makes vectors of it.
#[allow(clippy::cast_possible_truncation)] // coefficients have 11 bits
fn round(value: f32) -> i16 {
    const SHIFT: f32 = 12_582_912.0;
    ((value + SHIFT).to_bits() as i32 - SHIFT.to_bits() as i32) as i16
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation)] // of small numbers
mod tests {
    use super::*;
    use crate::jpeg::fdct::fdct;
    use crate::jpeg::quant::tables;

    #[test]
    fn rounding_is_to_the_nearest_and_ties_to_even() {
        for (value, expected) in [(0.5, 0), (-0.5, 0), (1.5, 2), (-1.5, -2), (2.4999, 2), (-1023.6, -1024), (0.501, 1)]
        {
            assert_eq!(round(value), expected, "{value}");
        }
        for i in -40_000..40_000 {
            let value = i as f32 / 17.0;
            assert_eq!(f32::from(round(value)), value.round_ties_even());
        }
    }

    #[test]
    fn steps_meet_their_own_frequencies() {
        // A horizontal cosine of frequency 3 has its coefficient at row-major index 3, zigzag position 6.
        let wave: Matrix =
            [std::array::from_fn(|x| (100.0 * ((2 * x + 1) as f64 * 3.0 * std::f64::consts::PI / 16.0).cos()) as f32);
                8];
        let mut steps = [1; 64];
        steps[6] = 10;
        let mut block = [0; 64];
        Quantiser::new(&QuantTable(steps)).quantise(&fdct(&wave), &mut block);
        let mut expected = [0; 64];
        expected[6] = 57; // 100 * 8 / sqrt(2) / 10 = 56.57
        assert_eq!(block, expected);
    }

    #[test]
    fn coefficients_of_any_block_fit_a_baseline_scan() {
        let quantiser = Quantiser::new(&tables::luminance(100));
        for (low, high) in [(-128.0, 127.0), (127.0, -128.0), (-127.5, 127.5)] {
            let (mut largest_ac, mut lowest_dc, mut highest_dc) = (0, 0, 0);
            for i in 0..64 {
                let (u, v) = (i % 8, i / 8);
                let sign =
                    |x: usize, k: usize| ((2 * x + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0).cos() > 0.0;
                let samples: Matrix =
                    std::array::from_fn(|y| std::array::from_fn(|x| if sign(x, u) == sign(y, v) { high } else { low }));
                let mut block = [0; 64];
                quantiser.quantise(&fdct(&samples), &mut block);
                largest_ac = block[1..].iter().fold(largest_ac, |largest, c| largest.max(c.abs()));
                lowest_dc = lowest_dc.min(block[0]);
                highest_dc = highest_dc.max(block[0]);
            }
            // The bound is reached, so these are the blocks that test it.
            assert_eq!(largest_ac, 1020, "{low} {high}");
            assert!(i32::from(highest_dc) - i32::from(lowest_dc) <= 2047);
        }
    }
}
