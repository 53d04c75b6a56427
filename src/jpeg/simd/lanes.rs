//! The pixel kernels over vectors of any length: loops over rows, and arithmetic in the order of its specification.
//! What the lengths do not share, such as how values move between lanes, is in the files of the instruction sets.
//!
//! What is left of a row, less than a vector, goes to the form for shorter ones, which gives the same bits.

use super::Kernels;
use crate::jpeg::coeff::Block;
use crate::jpeg::color::{CB, CR, KB, KR, LEVEL_SHIFT};
use crate::jpeg::fdct::{C2_LESS_C6, C2_PLUS_C6, C4, C6};
use crate::jpeg::quant::quantise::Quantiser;
// Compilers make vectors of it.
pub(super) use crate::jpeg::sample::sharpen;
use crate::jpeg::sample::{LIGHT, MOST_CORRECTION};

/// Instructions that work on `N` samples at a time. As with all forms, a value proves that the processor has them.
pub(super) trait Lanes<const N: usize>: Copy {
    /// `N` of `f32`.
    type Vector: Copy;
    /// The form that takes what is left.
    type Shorter: Kernels;

    fn shorter(self) -> Self::Shorter;

    fn load(self, from: &[f32; N]) -> Self::Vector;
    fn store(self, values: Self::Vector, to: &mut [f32; N]);
    /// The same value in all lanes.
    fn all(self, value: f32) -> Self::Vector;
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn min(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn max(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn sqrt(self, a: Self::Vector) -> Self::Vector;
    fn abs(self, a: Self::Vector) -> Self::Vector;
    /// A magnitude, which is not negative, with a sign.
    fn copysign(self, magnitude: Self::Vector, sign: Self::Vector) -> Self::Vector;
    /// `a` where `b` is greater than `c`, and 0 elsewhere.
    fn where_greater(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;

    /// The values of two vectors in turn.
    fn interleave(self, even: Self::Vector, odd: Self::Vector) -> [Self::Vector; 2];
    /// The sums of neighbours in two vectors.
    fn add_pairs(self, left: Self::Vector, right: Self::Vector) -> Self::Vector;

    fn gray(self, pixels: &[u8; N]) -> Self::Vector;
    fn rgb(self, pixels: &[[u8; 3]; N]) -> [Self::Vector; 3];
    /// Laid over the background.
    fn rgba(self, pixels: &[[u8; 4]; N], background: [u8; 3]) -> [Self::Vector; 3];

    /// Blocks that lie side by side in vectors of a row each, or of a column.
    fn transpose(self, rows: [Self::Vector; 8]) -> [Self::Vector; 8];
    /// Such blocks once they are transformed, `N / 8` of them.
    fn zigzag(self, transformed: [Self::Vector; 8], blocks: &mut [Block]);

    fn energy(self, fine: &Block) -> f32;
    fn load_words(self, from: &[i16; N]) -> Self::Vector;
    /// Rounded, of 16 bits at most.
    fn store_words(self, values: [Self::Vector; 2], to: &mut [[i16; N]; 2]);
}

/// Methods that are what functions do which ask for the instructions that `self` proves.
macro_rules! proven {
    ($($name:ident($($value:ident: $type:ty),*) $(-> $result:ty)? = $function:ident;)*) => {$(
        #[inline(always)]
        fn $name(self, $($value: $type),*) $(-> $result)? {
            // SAFETY: `self` proves that the processor has the instructions.
            unsafe { $function($($value),*) }
        }
    )*};
}
pub(super) use proven;

/// The kernels as functions of this file, compiled for the instructions of a form.
macro_rules! kernels_of_lanes {
    ($form:ty) => {
        impl Kernels for $form {
            fn gray(self, pixels: &[u8], y: &mut [f32]) {
                self.run(
                    #[inline(always)]
                    || lanes::gray(self, pixels, y),
                );
            }

            fn rgb(self, pixels: &[u8], y: &mut [f32], cb: &mut [f32], cr: &mut [f32]) {
                self.run(
                    #[inline(always)]
                    || lanes::rgb(self, pixels, y, cb, cr),
                );
            }

            fn rgba(self, pixels: &[u8], background: [u8; 3], y: &mut [f32], cb: &mut [f32], cr: &mut [f32]) {
                self.run(
                    #[inline(always)]
                    || lanes::rgba(self, pixels, background, y, cb, cr),
                );
            }

            fn h2v1(self, full: &[f32], half: &mut [f32]) {
                self.run(
                    #[inline(always)]
                    || lanes::h2v1(self, full, half),
                );
            }

            fn h2v2(self, upper: &[f32], lower: &[f32], half: &mut [f32]) {
                self.run(
                    #[inline(always)]
                    || lanes::h2v2(self, upper, lower, half),
                );
            }

            fn sharpen(self, smooth: &[f32], half: &mut [f32]) {
                self.run(
                    #[inline(always)]
                    || lanes::sharpen(smooth, half),
                );
            }

            fn light(self, y: &[f32], cb: &[f32], cr: &[f32], light: &mut [f32]) {
                self.run(
                    #[inline(always)]
                    || lanes::light(self, y, cb, cr, light),
                );
            }

            fn mix(self, rows: [&[f32]; 2], mixed: &mut [f32]) {
                self.run(
                    #[inline(always)]
                    || lanes::mix(self, rows, mixed),
                );
            }

            fn correct_luma(self, light: &[f32], cb: &[f32], cr: &[f32], y: &mut [f32]) {
                self.run(
                    #[inline(always)]
                    || lanes::correct_luma(self, light, cb, cr, y),
                );
            }

            fn correct_full(self, light: &[f32], cb: &[f32], cr: &[f32], y: &mut [f32]) {
                self.run(
                    #[inline(always)]
                    || lanes::correct_full(self, light, cb, cr, y),
                );
            }

            fn block_row(self, rows: [&[f32]; 8], blocks: &mut [Block]) {
                self.run(
                    #[inline(always)]
                    || lanes::block_row(self, rows, blocks),
                );
            }

            fn quantise(self, quantiser: &Quantiser, fine: &[Block], blocks: &mut [Block]) {
                self.run(
                    #[inline(always)]
                    || lanes::quantise(self, quantiser, fine, blocks),
                );
            }
        }
    };
}
pub(super) use kernels_of_lanes;

#[inline(always)]
pub(super) fn gray<const N: usize, L: Lanes<N>>(l: L, pixels: &[u8], y: &mut [f32]) {
    let (pixels, pixels_left) = pixels.as_chunks();
    let (y, y_left) = y.as_chunks_mut();
    for (pixels, y) in pixels.iter().zip(y) {
        l.store(l.sub(l.gray(pixels), l.all(LEVEL_SHIFT)), y);
    }
    l.shorter().gray(pixels_left, y_left);
}

#[inline(always)]
pub(super) fn rgb<const N: usize, L: Lanes<N>>(l: L, pixels: &[u8], y: &mut [f32], cb: &mut [f32], cr: &mut [f32]) {
    let (pixels, pixels_left) = pixels.as_chunks().0.as_chunks();
    let (y, y_left) = y.as_chunks_mut();
    let (cb, cb_left) = cb.as_chunks_mut();
    let (cr, cr_left) = cr.as_chunks_mut();
    for (((pixels, y), cb), cr) in pixels.iter().zip(y).zip(cb).zip(cr) {
        store_ycbcr(l, l.rgb(pixels), y, cb, cr);
    }
    l.shorter().rgb(pixels_left.as_flattened(), y_left, cb_left, cr_left);
}

#[inline(always)]
pub(super) fn rgba<const N: usize, L: Lanes<N>>(
    l: L,
    pixels: &[u8],
    background: [u8; 3],
    y: &mut [f32],
    cb: &mut [f32],
    cr: &mut [f32],
) {
    let (pixels, pixels_left) = pixels.as_chunks().0.as_chunks();
    let (y, y_left) = y.as_chunks_mut();
    let (cb, cb_left) = cb.as_chunks_mut();
    let (cr, cr_left) = cr.as_chunks_mut();
    for (((pixels, y), cb), cr) in pixels.iter().zip(y).zip(cb).zip(cr) {
        store_ycbcr(l, l.rgba(pixels, background), y, cb, cr);
    }
    l.shorter().rgba(pixels_left.as_flattened(), background, y_left, cb_left, cr_left);
}

#[inline(always)]
fn store_ycbcr<const N: usize, L: Lanes<N>>(
    l: L,
    [r, g, b]: [L::Vector; 3],
    y: &mut [f32; N],
    cb: &mut [f32; N],
    cr: &mut [f32; N],
) {
    let from_red = l.mul(l.sub(r, g), l.all(KR));
    let from_blue = l.mul(l.sub(b, g), l.all(KB));
    let luma = l.add(g, l.add(from_red, from_blue));
    l.store(l.sub(luma, l.all(LEVEL_SHIFT)), y);
    l.store(l.mul(l.sub(b, luma), l.all(CB)), cb);
    l.store(l.mul(l.sub(r, luma), l.all(CR)), cr);
}

#[inline(always)]
pub(super) fn h2v1<const N: usize, L: Lanes<N>>(l: L, full: &[f32], half: &mut [f32]) {
    let (full, full_left) = pairs(full);
    let (half, half_left) = half.as_chunks_mut();
    for ([left, right], half) in full.iter().zip(half) {
        l.store(l.mul(l.add_pairs(l.load(left), l.load(right)), l.all(0.5)), half);
    }
    l.shorter().h2v1(full_left, half_left);
}

#[inline(always)]
pub(super) fn h2v2<const N: usize, L: Lanes<N>>(l: L, upper: &[f32], lower: &[f32], half: &mut [f32]) {
    let (upper, upper_left) = pairs(upper);
    let (lower, lower_left) = pairs(lower);
    let (half, half_left) = half.as_chunks_mut();
    for ((upper, lower), half) in upper.iter().zip(lower).zip(half) {
        let left = l.add(l.load(&upper[0]), l.load(&lower[0]));
        let right = l.add(l.load(&upper[1]), l.load(&lower[1]));
        l.store(l.mul(l.add_pairs(left, right), l.all(0.25)), half);
    }
    l.shorter().h2v2(upper_left, lower_left, half_left);
}

#[inline(always)]
pub(super) fn light<const N: usize, L: Lanes<N>>(l: L, y: &[f32], cb: &[f32], cr: &[f32], light: &mut [f32]) {
    let (y, y_left) = y.as_chunks();
    let (cb, cb_left) = cb.as_chunks();
    let (cr, cr_left) = cr.as_chunks();
    let (light, light_left) = light.as_chunks_mut();
    for (((y, cb), cr), light) in y.iter().zip(cb).zip(cr).zip(light) {
        let (mean, variance) = light_of_chroma(l, l.load(cb), l.load(cr));
        let mean = l.add(l.add(l.load(y), l.all(LEVEL_SHIFT)), mean);
        l.store(l.add(l.mul(mean, mean), variance), light);
    }
    l.shorter().light(y_left, cb_left, cr_left, light_left);
}

#[inline(always)]
pub(super) fn mix<const N: usize, L: Lanes<N>>(l: L, [near, far]: [&[f32]; 2], mixed: &mut [f32]) {
    let (near, near_left) = near.as_chunks();
    let (far, far_left) = far.as_chunks();
    let (mixed, mixed_left) = mixed.as_chunks_mut();
    for ((near, far), mixed) in near.iter().zip(far).zip(mixed) {
        l.store(three_to_one(l, l.load(near), l.load(far)), mixed);
    }
    l.shorter().mix([near_left, far_left], mixed_left);
}

#[inline(always)]
pub(super) fn correct_luma<const N: usize, L: Lanes<N>>(l: L, light: &[f32], cb: &[f32], cr: &[f32], y: &mut [f32]) {
    let (light, light_left) = pairs(light);
    let (y, y_left) = pairs_mut(y);
    let done = N * light.len();
    let chroma = |first| groups_from(cb, first).iter().zip(groups_from(cr, first));
    for ((((light, y), left), own), right) in light.iter().zip(y).zip(chroma(0)).zip(chroma(1)).zip(chroma(2)) {
        let own = (l.load(own.0), l.load(own.1));
        let left = (three_to_one(l, own.0, l.load(left.0)), three_to_one(l, own.1, l.load(left.1)));
        let right = (three_to_one(l, own.0, l.load(right.0)), three_to_one(l, own.1, l.load(right.1)));
        let (left, right) = (light_of_chroma(l, left.0, left.1), light_of_chroma(l, right.0, right.1));
        let (means, variances) = (l.interleave(left.0, right.0), l.interleave(left.1, right.1));
        store_corrected(l, l.load(&light[0]), means[0], variances[0], &mut y[0]);
        store_corrected(l, l.load(&light[1]), means[1], variances[1], &mut y[1]);
    }
    l.shorter().correct_luma(light_left, from(cb, done), from(cr, done), y_left);
}

#[inline(always)]
pub(super) fn correct_full<const N: usize, L: Lanes<N>>(l: L, light: &[f32], cb: &[f32], cr: &[f32], y: &mut [f32]) {
    let (light, light_left) = light.as_chunks();
    let (cb, cb_left) = cb.as_chunks();
    let (cr, cr_left) = cr.as_chunks();
    let (y, y_left) = y.as_chunks_mut();
    for (((light, cb), cr), y) in light.iter().zip(cb).zip(cr).zip(y) {
        let (mean, variance) = light_of_chroma(l, l.load(cb), l.load(cr));
        store_corrected(l, l.load(light), mean, variance, y);
    }
    l.shorter().correct_full(light_left, cb_left, cr_left, y_left);
}

#[inline(always)]
fn three_to_one<const N: usize, L: Lanes<N>>(l: L, near: L::Vector, far: L::Vector) -> L::Vector {
    l.add(l.mul(near, l.all(0.75)), l.mul(far, l.all(0.25)))
}

#[inline(always)]
fn light_of_chroma<const N: usize, L: Lanes<N>>(l: L, cb: L::Vector, cr: L::Vector) -> (L::Vector, L::Vector) {
    let mean = l.add(l.mul(cb, l.all(LIGHT.mean_cb)), l.mul(cr, l.all(LIGHT.mean_cr)));
    let squares = l.mul(l.mul(cb, cb), l.all(LIGHT.cb_cb));
    let mixed = l.add(squares, l.mul(l.mul(cb, cr), l.all(LIGHT.cb_cr)));
    (mean, l.add(mixed, l.mul(l.mul(cr, cr), l.all(LIGHT.cr_cr))))
}

#[inline(always)]
fn store_corrected<const N: usize, L: Lanes<N>>(
    l: L,
    light: L::Vector,
    mean: L::Vector,
    variance: L::Vector,
    y: &mut [f32; N],
) {
    let square = l.max(l.sub(light, variance), l.all(0.0));
    let exact = l.sub(l.sub(l.sqrt(square), mean), l.all(LEVEL_SHIFT));
    let before = l.load(y);
    let change = l.max(l.sub(exact, before), l.all(-MOST_CORRECTION));
    let after = l.add(before, l.min(change, l.all(MOST_CORRECTION)));
    l.store(l.min(l.max(after, l.all(-LEVEL_SHIFT)), l.all(LEVEL_SHIFT - 1.0)), y);
}

#[inline(always)]
pub(super) fn block_row<const N: usize, L: Lanes<N>>(l: L, rows: [&[f32]; 8], blocks: &mut [Block]) {
    let groups = rows.map(|row| row.as_chunks().0);
    let mut blocks = blocks.chunks_exact_mut(N / 8);
    let mut count = 0;
    for blocks in &mut blocks {
        // A loop: the vectors of a closure given to `map` would pass through memory where it is not inlined.
        let mut samples = [l.all(0.0); 8];
        for (samples, row) in samples.iter_mut().zip(groups) {
            *samples = l.load(&row[count]);
        }
        l.zigzag(pass(l, l.transpose(pass(l, samples))), blocks);
        count += 1;
    }
    l.shorter().block_row(rows.map(|row| from(row, N * count)), blocks.into_remainder());
}

/// As in `fdct.rs`.
#[inline(always)]
fn pass<const N: usize, L: Lanes<N>>(l: L, [x0, x1, x2, x3, x4, x5, x6, x7]: [L::Vector; 8]) -> [L::Vector; 8] {
    let (s07, s16, s25, s34) = (l.add(x0, x7), l.add(x1, x6), l.add(x2, x5), l.add(x3, x4));
    let (d07, d16, d25, d34) = (l.sub(x0, x7), l.sub(x1, x6), l.sub(x2, x5), l.sub(x3, x4));
    let (a, b) = (l.add(s07, s34), l.add(s16, s25));
    let (c, d) = (l.sub(s07, s34), l.sub(s16, s25));
    let e = l.mul(l.add(d, c), l.all(C4));
    let (f, g, h) = (l.add(d34, d25), l.add(d25, d16), l.add(d16, d07));
    let turn = l.mul(l.sub(f, h), l.all(C6));
    let low = l.add(l.mul(f, l.all(C2_LESS_C6)), turn);
    let high = l.add(l.mul(h, l.all(C2_PLUS_C6)), turn);
    let middle = l.mul(g, l.all(C4));
    let (plus, minus) = (l.add(d07, middle), l.sub(d07, middle));
    [
        l.add(a, b),
        l.add(plus, high),
        l.add(c, e),
        l.sub(minus, low),
        l.sub(a, b),
        l.add(minus, low),
        l.sub(c, e),
        l.sub(plus, high),
    ]
}

#[inline(always)]
pub(super) fn quantise<const N: usize, L: Lanes<N>>(l: L, quantiser: &Quantiser, fine: &[Block], blocks: &mut [Block]) {
    let (reciprocals, _) = pairs(&quantiser.reciprocals);
    let (thresholds, _) = pairs(&quantiser.thresholds);
    for (fine, block) in fine.iter().zip(blocks) {
        let raise = l.all(quantiser.raise(l.energy(fine)));
        let (words, _) = fine.as_chunks().0.as_chunks::<2>();
        let (levels, _) = block.as_chunks_mut().0.as_chunks_mut::<2>();
        for (((words, levels), reciprocals), thresholds) in words.iter().zip(levels).zip(reciprocals).zip(thresholds) {
            let mut both = [l.all(0.0); 2];
            for i in 0..2 {
                let value = l.mul(l.load_words(&words[i]), l.load(&reciprocals[i]));
                let magnitude = l.abs(value);
                let threshold = l.min(l.add(l.load(&thresholds[i]), raise), l.all(quantiser.most));
                let level = l.max(l.sub(magnitude, l.all(quantiser.bias)), l.all(1.0));
                both[i] = l.where_greater(l.copysign(level, value), magnitude, threshold);
            }
            l.store_words(both, levels);
        }
    }
}

/// Pairs of groups of a row, and what is left of it.
#[inline(always)]
fn pairs<const N: usize>(row: &[f32]) -> (&[[[f32; N]; 2]], &[f32]) {
    let (whole, left) = row.split_at(row.len() - row.len() % (2 * N));
    (whole.as_chunks().0.as_chunks().0, left)
}

#[inline(always)]
fn pairs_mut<const N: usize>(row: &mut [f32]) -> (&mut [[[f32; N]; 2]], &mut [f32]) {
    let (whole, left) = row.split_at_mut(row.len() - row.len() % (2 * N));
    (whole.as_chunks_mut().0.as_chunks_mut().0, left)
}

/// Whole groups of a row from a place on.
#[inline(always)]
fn groups_from<const N: usize>(row: &[f32], first: usize) -> &[[f32; N]] {
    from(row, first).as_chunks().0
}

#[inline(always)]
fn from(row: &[f32], first: usize) -> &[f32] {
    row.get(first..).unwrap_or_default()
}
