//! Colour conversion: rows of pixels to rows of level-shifted samples.
//!
//! The colours are those of JFIF (ITU-T T.871 clause 7): BT.601 luma, full range. Samples leave here as `f32` with the
//! level shift of T.81 A.3.1 taken off, luma in -128 to 127, chroma in -127.5 to 127.5, and not rounded: rounding to
//! whole numbers before down-sampling and the DCT, as the usual 8-bit path does, costs 2.5 % of the bytes at equal
//! quality.
//!
//! This file is the specification of the kernels in `simd`: the same operations in the same order, none fused, so that
//! every instruction set gives the same bits. Luma is reckoned from green and two differences: then a grey pixel has
//! exactly its own value as luma and exactly 0 as chroma.

/// Weight of red in luma.
pub(crate) const KR: f32 = 0.299;
/// Weight of blue in luma.
pub(crate) const KB: f32 = 0.114;
/// Cb is this times B - Y: 0.5 / (1 - KB).
pub(crate) const CB: f32 = 0.5 / (1.0 - KB);
/// Cr is this times R - Y: 0.5 / (1 - KR).
pub(crate) const CR: f32 = 0.5 / (1.0 - KR);
/// The level shift of 8-bit samples (T.81 A.3.1).
pub(crate) const LEVEL_SHIFT: f32 = 128.0;

/// Grey pixels, of which there are as many as samples.
pub(crate) fn gray(pixels: &[u8], y: &mut [f32]) {
    for (pixel, y) in pixels.iter().zip(y) {
        *y = f32::from(*pixel) - LEVEL_SHIFT;
    }
}

/// RGB pixels, of which there are as many as samples in each row.
pub(crate) fn rgb(pixels: &[u8], y: &mut [f32], cb: &mut [f32], cr: &mut [f32]) {
    let (pixels, _) = pixels.as_chunks();
    for (((&pixel, y), cb), cr) in pixels.iter().zip(y).zip(cb).zip(cr) {
        (*y, *cb, *cr) = ycbcr(pixel);
    }
}

/// RGBA pixels with straight alpha over a background, of which there are as many as samples in each row.
pub(crate) fn rgba(pixels: &[u8], background: [u8; 3], y: &mut [f32], cb: &mut [f32], cr: &mut [f32]) {
    let (pixels, _) = pixels.as_chunks();
    for (((&[r, g, b, a], y), cb), cr) in pixels.iter().zip(y).zip(cb).zip(cr) {
        let [br, bg, bb] = background;
        (*y, *cb, *cr) = ycbcr([over(r, br, a), over(g, bg, a), over(b, bb, a)]);
    }
}

fn ycbcr([r, g, b]: [u8; 3]) -> (f32, f32, f32) {
    let (r, g, b) = (f32::from(r), f32::from(g), f32::from(b));
    let y = g + ((r - g) * KR + (b - g) * KB);
    (y - LEVEL_SHIFT, (b - y) * CB, (r - y) * CR)
}

/// A channel of a pixel laid over that of the background, rounded to the nearest of 8 bits: so that a picture with
/// alpha and the same picture flattened beforehand give the same file.
pub(crate) fn over(pixel: u8, background: u8, alpha: u8) -> u8 {
    let sum = u32::from(pixel) * u32::from(alpha) + u32::from(background) * u32::from(255 - alpha);
    divide_by_255(sum)
}

/// To the nearest, exact for sums up to 255 * 255.
#[allow(clippy::cast_possible_truncation)] // 255 * 255 gives 255
fn divide_by_255(sum: u32) -> u8 {
    let sum = sum + 128;
    ((sum + (sum >> 8)) >> 8) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_by_255_rounds_to_the_nearest() {
        for sum in 0..=255 * 255 {
            assert_eq!(u32::from(divide_by_255(sum)), (2 * sum + 255) / 510, "{sum}");
        }
    }

    #[test]
    fn grey_is_exact() {
        for v in 0..=255 {
            assert_eq!(ycbcr([v, v, v]), (f32::from(v) - 128.0, 0.0, 0.0));
        }
    }

    #[test]
    fn every_colour_is_within_a_ten_thousandth_of_jfif() {
        let values = (0..=255).step_by(5);
        for (r, g, b) in values
            .clone()
            .flat_map(|r| values.clone().map(move |g| (r, g)))
            .flat_map(|(r, g)| values.clone().map(move |b| (r, g, b)))
        {
            let (y, cb, cr) = ycbcr([r, g, b]);
            let (r, g, b) = (f64::from(r), f64::from(g), f64::from(b));
            // The formulae as T.871 clause 7 prints them.
            assert!((f64::from(y) + 128.0 - (0.299 * r + 0.587 * g + 0.114 * b)).abs() < 1e-4);
            assert!((f64::from(cb) - (-0.299 * r - 0.587 * g + 0.886 * b) / 1.772).abs() < 1e-4);
            assert!((f64::from(cr) - (0.701 * r - 0.587 * g - 0.114 * b) / 1.402).abs() < 1e-4);
        }
    }

    #[test]
    fn alpha_chooses_between_pixel_and_background() {
        assert_eq!((over(10, 200, 255), over(10, 200, 0), over(0, 255, 128)), (10, 200, 127));
    }
}
