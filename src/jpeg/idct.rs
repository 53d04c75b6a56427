//! The inverse DCT of a block (T.81 A.3.3), for what a decoder will see.
//!
//! The flow graph is that of `fdct.rs`, walked backwards: the transform is orthogonal but for its scale, so its inverse
//! is its transpose, each sum a fork and each fork a sum.
//!
//! This file is compiled for the instruction sets as it is: the same operations in the same order, none fused.

use crate::jpeg::coeff::Block;
use crate::jpeg::fdct::{C2_LESS_C6, C2_PLUS_C6, C4, C6, Matrix, SCALE, TRANSPOSED_ZIGZAG, transpose};
use crate::jpeg::quant::QuantTable;

/// Quantised coefficients to samples, with the steps of a table.
#[derive(Clone, Debug)]
pub(crate) struct Inverse {
    /// What takes a coefficient in steps to what the flow graph begins with, in zigzag order.
    multipliers: [f32; 64],
}

impl Inverse {
    pub(crate) fn new(table: &QuantTable) -> Self {
        #[allow(clippy::cast_possible_truncation)] // to the nearest `f32`
        let multiplier = |k: usize| {
            let i = usize::from(TRANSPOSED_ZIGZAG[k]);
            (f64::from(table.0[k]) / (8.0 * SCALE[i / 8] * SCALE[i % 8])) as f32
        };
        Self { multipliers: std::array::from_fn(multiplier) }
    }

    /// The level-shifted samples of a block, not clipped.
    #[inline(always)]
    pub(crate) fn samples(&self, block: &Block) -> Matrix {
        if block[1..].iter().fold(0, |any, value| any | value) == 0 {
            return [[f32::from(block[0]) * self.multipliers[0]; 8]; 8];
        }
        let values: [f32; 64] = std::array::from_fn(|k| f32::from(block[k]) * self.multipliers[k]);
        let mut transposed = [[0.0; 8]; 8];
        for (value, &i) in values.iter().zip(&TRANSPOSED_ZIGZAG) {
            transposed[usize::from(i / 8)][usize::from(i % 8)] = *value;
        }
        pass(&transpose(&pass(&transposed)))
    }
}

/// The inverse transform down each column.
#[inline(always)]
fn pass(y: &Matrix) -> Matrix {
    let mut x = [[0.0; 8]; 8];
    for i in 0..8 {
        // Even frequencies.
        let (a, b) = (y[0][i] + y[4][i], y[0][i] - y[4][i]);
        let d = (y[2][i] - y[6][i]) * C4;
        let c = (y[2][i] + y[6][i]) + d;
        let (s07, s34, s16, s25) = (a + c, a - c, b + d, b - d);
        // Odd frequencies.
        let (plus, high) = (y[1][i] + y[7][i], y[1][i] - y[7][i]);
        let (minus, low) = (y[5][i] + y[3][i], y[5][i] - y[3][i]);
        let turn = (low + high) * C6;
        let f = low * C2_LESS_C6 + turn;
        let g = (plus - minus) * C4;
        let h = high * C2_PLUS_C6 - turn;
        let (d07, d16, d25, d34) = ((plus + minus) + h, g + h, f + g, f);
        x[0][i] = s07 + d07;
        x[1][i] = s16 + d16;
        x[2][i] = s25 + d25;
        x[3][i] = s34 + d34;
        x[4][i] = s34 - d34;
        x[5][i] = s25 - d25;
        x[6][i] = s16 - d16;
        x[7][i] = s07 - d07;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::fdct::{FINE, fdct, zigzag};

    #[test]
    fn it_undoes_the_forward_transform() {
        let mut state = 1_u32;
        for round in 0..100 {
            let samples: Matrix = std::array::from_fn(|_| {
                std::array::from_fn(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    if round == 0 { 77.0 } else { (state >> 24) as f32 - 128.0 }
                })
            });
            let mut block = [0; 64];
            zigzag(&fdct(&samples), &mut block);
            let back = Inverse::new(&QuantTable([1; 64])).samples(&block);
            for (back, sample) in back.as_flattened().iter().zip(samples.as_flattened()) {
                assert!((back / f32::from(FINE) - sample).abs() < 0.2, "{back} {sample}");
            }
        }
    }
}
