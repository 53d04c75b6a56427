//! The forward DCT of a block (T.81 A.3.3).
//!
//! The flow graph is that of Arai, Agui and Nakajima (1988): 5 multiplications and 29 additions for 8 samples, at the
//! price of an output that is scaled by [`SCALE`] in each direction, which the multiplication by 1/q takes off for
//! nothing. In `f32` the result is within a thousandth of the exact transform, far under the half step at which
//! quantisation decides; the 8-bit samples and 13-bit constants of the usual integer transform are not.
//!
//! This file is the specification of the kernels in `simd`: the same operations in the same order, none fused.

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

fn transpose(x: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| x[j][i]))
}

#[cfg(test)]
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
