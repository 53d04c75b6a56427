//! The forward DCT of a block (T.81 A.3.3).
//!
//! The flow graph is that of Arai, Agui and Nakajima (1988): 5 multiplications and 29 additions for 8 samples, at the
//! price of an output that is scaled by [`SCALE`] in each direction, which the multiplication before rounding takes off
//! for nothing. In `f32` the result is within a thousandth of the exact transform, far under the half step at which
//! quantisation decides; the 8-bit samples and 13-bit constants of the usual integer transform are not.
//!
//! This file is the specification of the kernels in `simd`: the same operations in the same order, none fused.

use crate::jpeg::coeff::{Block, ZIGZAG};

/// Samples or coefficients of a block, 8 rows of 8.
pub(crate) type Matrix = [[f32; 8]; 8];

/// What the output for frequency k is scaled by, beside a common 8 for the two directions together:
/// sqrt(2) cos(k pi / 16), and 1 for k = 0.
pub(crate) const SCALE: [f64; 8] = [
    1.0,
    1.387_039_845_322_147_5,
    1.306_562_964_876_376_4,
    1.175_875_602_419_358_8,
    1.0,
    0.785_694_958_387_102_3,
    0.541_196_100_146_197,
    0.275_899_379_282_943_1,
];

/// cos(4 pi / 16).
pub(crate) const C4: f32 = 0.707_106_77;
/// cos(6 pi / 16).
pub(crate) const C6: f32 = 0.382_683_43;
/// cos(2 pi / 16) - cos(6 pi / 16).
pub(crate) const C2_LESS_C6: f32 = 0.541_196_1;
/// cos(2 pi / 16) + cos(6 pi / 16).
pub(crate) const C2_PLUS_C6: f32 = 1.306_563;

/// Rows of level-shifted samples to coefficients, transposed: `[u][v]` of the result is the coefficient of horizontal
/// frequency u and vertical frequency v times 8 `SCALE[u]` `SCALE[v]`.
///
/// Transposed, because a pass works on rows as a vector does, and turning the block back would cost a second transpose
/// that the zigzag scan makes needless.
pub(crate) fn fdct(samples: &Matrix) -> Matrix {
    pass(&transpose(&pass(samples)))
}

/// The transform down each column.
fn pass(x: &Matrix) -> Matrix {
    let sum = |a: usize, b: usize| lanes(&x[a], &x[b], |a, b| a + b);
    let difference = |a: usize, b: usize| lanes(&x[a], &x[b], |a, b| a - b);
    let (s07, s16, s25, s34) = (sum(0, 7), sum(1, 6), sum(2, 5), sum(3, 4));
    let (d07, d16, d25, d34) = (difference(0, 7), difference(1, 6), difference(2, 5), difference(3, 4));
    let mut y = [[0.0; 8]; 8];
    for i in 0..8 {
        // Even frequencies.
        let (a, b) = (s07[i] + s34[i], s16[i] + s25[i]);
        let (c, d) = (s07[i] - s34[i], s16[i] - s25[i]);
        let e = (d + c) * C4;
        y[0][i] = a + b;
        y[4][i] = a - b;
        y[2][i] = c + e;
        y[6][i] = c - e;
        // Odd frequencies.
        let (f, g, h) = (d34[i] + d25[i], d25[i] + d16[i], d16[i] + d07[i]);
        let turn = (f - h) * C6;
        let low = f * C2_LESS_C6 + turn;
        let high = h * C2_PLUS_C6 + turn;
        let middle = g * C4;
        let (plus, minus) = (d07[i] + middle, d07[i] - middle);
        y[5][i] = minus + low;
        y[3][i] = minus - low;
        y[1][i] = plus + high;
        y[7][i] = plus - high;
    }
    y
}

fn lanes(a: &[f32; 8], b: &[f32; 8], f: impl Fn(f32, f32) -> f32) -> [f32; 8] {
    std::array::from_fn(|i| f(a[i], b[i]))
}

#[inline(always)]
pub(crate) fn transpose(x: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| x[j][i]))
}

/// What a coefficient is times before it is rounded to the whole number that leaves here: fine against any step.
pub(crate) const FINE: i16 = 16;

/// Transformed samples to coefficients times [`FINE`], rounded, in zigzag order. DC is 8 times the mean of the samples,
/// so no more than 1024, and AC coefficients of such samples end at 1020: 16 bits hold them.
pub(crate) fn zigzag(transformed: &Matrix, block: &mut Block) {
    let mut rounded = [0_i16; 64];
    let (rows, _) = rounded.as_chunks_mut::<8>();
    for ((row, values), multipliers) in rows.iter_mut().zip(transformed).zip(&MULTIPLIERS) {
        for ((rounded, value), multiplier) in row.iter_mut().zip(values).zip(multipliers) {
            *rounded = round(value * multiplier);
        }
    }
    for (coefficient, &i) in block.iter_mut().zip(&TRANSPOSED_ZIGZAG) {
        *coefficient = rounded[usize::from(i)];
    }
}

/// Transposed as the output of [`fdct`]: takes its scale off and puts [`FINE`] on.
pub(crate) const MULTIPLIERS: Matrix = {
    let mut multipliers = [[0.0; 8]; 8];
    let mut i = 0;
    while i < 64 {
        let (u, v) = (i / 8, i % 8);
        #[allow(clippy::cast_possible_truncation)] // to the nearest `f32`
        let multiplier = (FINE as f64 / (8.0 * SCALE[u] * SCALE[v])) as f32;
        multipliers[u][v] = multiplier;
        i += 1;
    }
    multipliers
};

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
#[inline(always)]
#[allow(clippy::cast_possible_truncation)] // coefficients have 11 bits and their fraction 4
pub(crate) fn round(value: f32) -> i16 {
    const SHIFT: f32 = 12_582_912.0;
    ((value + SHIFT).to_bits() as i32 - SHIFT.to_bits() as i32) as i16
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation)] // of small numbers
mod tests {
    use std::f64::consts::PI;

    use super::*;

    /// T.81 A.3.3, as printed.
    fn exact(samples: &Matrix, u: usize, v: usize) -> f64 {
        let c = |k| if k == 0 { 0.5_f64.sqrt() } else { 1.0 };
        let basis = |x: usize, k: usize| ((2 * x + 1) as f64 * k as f64 * PI / 16.0).cos();
        let sum: f64 = (0..64).map(|i| f64::from(samples[i / 8][i % 8]) * basis(i % 8, u) * basis(i / 8, v)).sum();
        0.25 * c(u) * c(v) * sum
    }

    fn worst_error(samples: &Matrix) -> f64 {
        let result = fdct(samples);
        (0..64)
            .map(|i| {
                let (u, v) = (i / 8, i % 8);
                (f64::from(result[u][v]) / (8.0 * SCALE[u] * SCALE[v]) - exact(samples, u, v)).abs()
            })
            .fold(0.0, f64::max)
    }

    #[test]
    fn constants_are_what_their_comments_say() {
        let cos = |k: usize| (k as f64 * PI / 16.0).cos();
        for (k, scale) in SCALE.iter().enumerate().skip(1) {
            assert!((scale - 2.0_f64.sqrt() * cos(k)).abs() < 1e-15);
        }
        let near = |a: f32, b: f64| (f64::from(a) - b).abs() < 1e-7;
        assert!(near(C4, cos(4)) && near(C6, cos(6)));
        assert!(near(C2_LESS_C6, cos(2) - cos(6)) && near(C2_PLUS_C6, cos(2) + cos(6)));
    }

    #[test]
    fn rounding_is_to_the_nearest_and_ties_to_even() {
        for (value, expected) in [(0.5, 0), (-0.5, 0), (1.5, 2), (-1.5, -2), (2.4999, 2), (-1023.6, -1024), (0.501, 1)]
        {
            assert_eq!(round(value), expected, "{value}");
        }
        for i in -400_000..400_000 {
            let value = i as f32 / 17.0;
            assert_eq!(f32::from(round(value)), value.round_ties_even());
        }
    }

    #[test]
    fn each_frequency_has_its_zigzag_position() {
        for (k, &i) in ZIGZAG.iter().enumerate() {
            let (u, v) = (usize::from(i % 8), usize::from(i / 8));
            let wave = |x: usize, k: usize| ((2 * x + 1) as f64 * k as f64 * PI / 16.0).cos();
            let samples: Matrix =
                std::array::from_fn(|y| std::array::from_fn(|x| (100.0 * wave(x, u) * wave(y, v)) as f32));
            let mut block = [0; 64];
            zigzag(&fdct(&samples), &mut block);
            let expected = (f64::from(FINE) * exact(&samples, u, v)).round() as i16;
            for (other, &value) in block.iter().enumerate() {
                assert!((value - if other == k { expected } else { 0 }).abs() <= 1, "{k} {other}");
            }
        }
    }

    #[test]
    fn coefficients_of_any_block_fit_a_baseline_scan() {
        // T.81 F.1.2: AC in 10 bits, differences of DC in 11, whatever the steps.
        let fine = f32::from(FINE);
        for (low, high) in [(-128.0, 127.0), (127.0, -128.0), (-127.5, 127.5)] {
            let (mut largest_ac, mut lowest_dc, mut highest_dc) = (0.0_f32, 0.0_f32, 0.0_f32);
            for i in 0..64 {
                let sign = |x: usize, k: usize| ((2 * x + 1) as f64 * k as f64 * PI / 16.0).cos() > 0.0;
                let samples: Matrix = std::array::from_fn(|y| {
                    std::array::from_fn(|x| if sign(x, i % 8) == sign(y, i / 8) { high } else { low })
                });
                let mut block = [0; 64];
                zigzag(&fdct(&samples), &mut block);
                let steps = block.map(|value| (f32::from(value) / fine).round_ties_even());
                largest_ac = steps[1..].iter().fold(largest_ac, |largest, c| largest.max(c.abs()));
                lowest_dc = lowest_dc.min(steps[0]);
                highest_dc = highest_dc.max(steps[0]);
            }
            // The bound is reached, so these are the blocks that test it.
            assert!(largest_ac == 1020.0 && highest_dc - lowest_dc <= 2047.0, "{low} {high}");
        }
    }

    #[test]
    fn agrees_with_the_definition() {
        // Every basis function at full swing, where errors are largest, and noise.
        let mut worst = 0.0_f64;
        for i in 0..64 {
            let (u, v) = (i % 8, i / 8);
            let sign = |x: usize, k: usize| ((2 * x + 1) as f64 * k as f64 * PI / 16.0).cos() >= 0.0;
            let block: Matrix =
                std::array::from_fn(|y| std::array::from_fn(|x| if sign(x, u) == sign(y, v) { 127.0 } else { -128.0 }));
            worst = worst.max(worst_error(&block));
        }
        let mut state = 1_u32;
        for _ in 0..100 {
            let block: Matrix = std::array::from_fn(|_| {
                std::array::from_fn(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as f32 - 128.0
                })
            });
            worst = worst.max(worst_error(&block));
        }
        assert!(worst < 1e-3, "{worst}");
    }
}
