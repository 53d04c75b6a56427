//! Down-sampling of chroma and the samples beyond the edge.
//!
//! A sample of the smaller plane is the mean of those it covers, which puts it midway between them, where JFIF has it
//! (ITU-T T.871 clause 8). The functions on rows are the specification of the kernels in `simd`: same order of
//! operations, none fused.

use crate::jpeg::color::LEVEL_SHIFT;

/// Luma is corrected by so much at most: at saturated colours more would show as ringing.
pub(crate) const MOST_CORRECTION: f32 = 24.0;

/// Halves a row: 2 samples to 1. `full` is twice as long as `half`.
pub(crate) fn h2v1(full: &[f32], half: &mut [f32]) {
    let (pairs, _) = full.as_chunks();
    for (&[left, right], half) in pairs.iter().zip(half) {
        *half = (left + right) * 0.5;
    }
}

/// Halves two rows to one: 4 samples to 1. `upper` and `lower` are twice as long as `half`.
pub(crate) fn h2v2(upper: &[f32], lower: &[f32], half: &mut [f32]) {
    let (upper, _) = upper.as_chunks();
    let (lower, _) = lower.as_chunks();
    for ((&[a, b], &[c, d]), half) in upper.iter().zip(lower).zip(half) {
        *half = ((a + c) + (b + d)) * 0.25;
    }
}

/// How much of what down-sampling and the interpolation of decoders smooth is put back: across only, since rows go out
/// before the next one is there.
const SHARPNESS: f32 = 1.0 / 16.0;

/// Sharpens a row that was halved: what a sample differs from its neighbours by grows, within the range of samples.
/// `smooth` is one longer than `half` at either end.
#[inline(always)]
pub(crate) fn sharpen(smooth: &[f32], half: &mut [f32]) {
    let [left, own, right] = [0, 1, 2].map(|first| smooth.get(first..).unwrap_or_default());
    for (((left, own), right), half) in left.iter().zip(own).zip(right).zip(half) {
        let more = ((own - left) + (own - right)) * SHARPNESS;
        *half = (own + more).clamp(-LEVEL_SHIFT, LEVEL_SHIFT - 1.0);
    }
}

/// Repeats the last sample of the picture, `row[width - 1]`, to the end of the row: the padding that T.81 A.2.4
/// recommends. A width of 0 leaves the row as it is.
pub(crate) fn replicate_edge(row: &mut [f32], width: usize) {
    if let Some((&mut [.., last], padding)) = row.split_at_mut_checked(width) {
        padding.fill(last);
    }
}

/// The light of each pixel of a row of level-shifted samples: the weighted sum of the squares of red, green and blue,
/// which stands for light as a gamma of 2 has it. See [`correct_luma`].
#[inline(always)]
pub(crate) fn light(y: &[f32], cb: &[f32], cr: &[f32], light: &mut [f32]) {
    for (((&y, &cb), &cr), light) in y.iter().zip(cb).zip(cr).zip(light) {
        let (mean, variance) = light_of_chroma(cb, cr);
        let mean = (y + LEVEL_SHIFT) + mean;
        *light = mean * mean + variance;
    }
}

/// Gives a row of luma the value at which each pixel has its light again, with the chroma that a decoder will see.
///
/// Coded luma is not the light of a colour: where chroma is smoothed over an edge, the light changes although luma
/// does not, and light is what the eye resolves. With light as the mean of the squares of the channels over weights w
/// that sum to 1, it is M² + V, where M = Y + B is the weighted mean of the channels, and both B and the variance V
/// depend on chroma alone: so the luma that gives light L is sqrt(L - V) - B.
///
/// `light` is [`light()`] of the row. `cb` and `cr` are what a decoder mixes for it from two rows of chroma ([`mix`]),
/// and will mix once more across (the triangle filter of libjpeg): half as long as the row, and one longer at either
/// end, where the last sample is repeated.
#[inline(always)]
pub(crate) fn correct_luma(light: &[f32], cb: &[f32], cr: &[f32], y: &mut [f32]) {
    let (light, _) = light.as_chunks();
    let (pairs, _) = y.as_chunks_mut();
    let mixed = |own: f32, other: f32| own * 0.75 + other * 0.25;
    for (((&[a_light, b_light], pair), cb), cr) in light.iter().zip(pairs).zip(cb.windows(3)).zip(cr.windows(3)) {
        let [a, b] = *pair;
        *pair = [
            corrected(a_light, mixed(cb[1], cb[0]), mixed(cr[1], cr[0]), a),
            corrected(b_light, mixed(cb[1], cb[2]), mixed(cr[1], cr[2]), b),
        ];
    }
}

/// [`correct_luma`] with chroma as fine as luma.
#[inline(always)]
pub(crate) fn correct_full(light: &[f32], cb: &[f32], cr: &[f32], y: &mut [f32]) {
    for (((&light, &cb), &cr), y) in light.iter().zip(cb).zip(cr).zip(y) {
        *y = corrected(light, cb, cr, *y);
    }
}

/// Three parts of the nearer of two rows and one of the farther.
#[inline(always)]
pub(crate) fn mix([near, far]: [&[f32]; 2], mixed: &mut [f32]) {
    for ((near, far), mixed) in near.iter().zip(far).zip(mixed) {
        *mixed = near * 0.75 + far * 0.25;
    }
}

/// Repeats the second sample of a row as its first, and the last but one as its last.
pub(crate) fn repeat_ends(row: &mut [f32]) {
    if let [first, second, ..] = row {
        *first = *second;
    }
    if let [.., last_but_one, last] = row {
        *last = *last_but_one;
    }
}

#[inline(always)]
fn corrected(light: f32, cb: f32, cr: f32, y: f32) -> f32 {
    let (mean, variance) = light_of_chroma(cb, cr);
    let exact = (light - variance).max(0.0).sqrt() - mean - LEVEL_SHIFT;
    let change = (exact - y).clamp(-MOST_CORRECTION, MOST_CORRECTION);
    (y + change).clamp(-LEVEL_SHIFT, LEVEL_SHIFT - 1.0)
}

/// What chroma adds to the weighted mean of red, green and blue, and their weighted variance.
#[inline(always)]
fn light_of_chroma(cb: f32, cr: f32) -> (f32, f32) {
    let mean = cb * LIGHT.mean_cb + cr * LIGHT.mean_cr;
    let variance = (cb * cb) * LIGHT.cb_cb + (cb * cr) * LIGHT.cb_cr + (cr * cr) * LIGHT.cr_cr;
    (mean, variance)
}

/// The polynomials of [`light_of_chroma`].
pub(crate) struct Light {
    pub(crate) mean_cb: f32,
    pub(crate) mean_cr: f32,
    pub(crate) cb_cb: f32,
    pub(crate) cb_cr: f32,
    pub(crate) cr_cr: f32,
}

pub(crate) const LIGHT: Light = {
    // The weights of the primaries of sRGB in luminance; red, green and blue less Y for Cb and for Cr.
    let w = [0.2126, 0.7152, 0.0722];
    let (of_cb, of_cr) = ([0.0, -0.344_136, 1.772], [1.402, -0.714_136, 0.0]);
    let (mut mean_cb, mut mean_cr, mut cb_cb, mut cb_cr, mut cr_cr) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let mut i = 0;
    while i < 3 {
        mean_cb += w[i] * of_cb[i];
        mean_cr += w[i] * of_cr[i];
        cb_cb += w[i] * of_cb[i] * of_cb[i];
        cb_cr += 2.0 * w[i] * of_cb[i] * of_cr[i];
        cr_cr += w[i] * of_cr[i] * of_cr[i];
        i += 1;
    }
    Light {
        mean_cb,
        mean_cr,
        cb_cb: cb_cb - mean_cb * mean_cb,
        cb_cr: cb_cr - 2.0 * mean_cb * mean_cr,
        cr_cr: cr_cr - mean_cr * mean_cr,
    }
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_its_neighbours_differs_more() {
        let mut half = [0.0; 5];
        sharpen(&[8.0, 8.0, 8.0, 40.0, 40.0, 127.0, 127.0], &mut half);
        assert!(half == [8.0, 6.0, 42.0, 34.5625, 127.0], "{half:?}");
    }

    #[test]
    fn means_of_what_a_sample_covers() {
        let mut half = [0.0; 2];
        h2v1(&[1.0, 2.0, -8.0, -9.0], &mut half);
        assert_eq!(half, [1.5, -8.5]);
        h2v2(&[1.0, 2.0, 0.0, 0.0], &[3.0, 4.0, 0.0, 1.0], &mut half);
        assert_eq!(half, [2.5, 0.25]);
    }

    #[test]
    fn the_last_sample_fills_the_padding() {
        let mut row = [1.0, 2.0, 0.0, 0.0];
        replicate_edge(&mut row, 2);
        assert_eq!(row, [1.0, 2.0, 2.0, 2.0]);
        replicate_edge(&mut row, 4);
        assert_eq!(row, [1.0, 2.0, 2.0, 2.0]);
    }
}
