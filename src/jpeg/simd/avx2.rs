//! The kernels on AVX2: 8 samples at a time.
//!
//! The last pixels of a row, fewer than 8, go through the scalar form, which gives the same bits. `unsafe` is confined
//! to the calls from [`Avx2`], whose value proves the instructions, and to the loads and stores at the end, each of an
//! array whose type has the size of the vector.

use std::arch::x86_64::*;

use super::Kernels;
use crate::jpeg::coeff::Block;
use crate::jpeg::color::{self, CB, CR, KB, KR, LEVEL_SHIFT};
use crate::jpeg::fdct::{C2_LESS_C6, C2_PLUS_C6, C4, C6, MULTIPLIERS, TRANSPOSED_ZIGZAG};
use crate::jpeg::quant::quantise::Quantiser;
use crate::jpeg::sample::{self, LIGHT, MOST_CORRECTION};

/// Proof that the processor has AVX2, BMI1, BMI2, LZCNT and POPCNT, which came together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(crate) fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt");
        all.then_some(Self(()))
    }
}

impl Kernels for Avx2 {
    fn gray(self, pixels: &[u8], y: &mut [f32]) {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { gray(pixels, y) }
    }

    fn rgb(self, pixels: &[u8], y: &mut [f32], cb: &mut [f32], cr: &mut [f32]) {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { rgb(pixels, y, cb, cr) }
    }

    fn rgba(self, pixels: &[u8], background: [u8; 3], y: &mut [f32], cb: &mut [f32], cr: &mut [f32]) {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { rgba(pixels, background, y, cb, cr) }
    }

    fn h2v1(self, full: &[f32], half: &mut [f32]) {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { h2v1(full, half) }
    }

    fn h2v2(self, upper: &[f32], lower: &[f32], half: &mut [f32]) {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { h2v2(upper, lower, half) }
    }

    fn light(self, y: &[f32], cb: &[f32], cr: &[f32], light: &mut [f32]) {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { self::light(y, cb, cr, light) }
    }

    fn correct_luma(self, light: &[f32], cb: [&[f32]; 2], cr: [&[f32]; 2], scratch: &mut [Vec<f32>; 2], y: &mut [f32]) {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { correct_luma(light, cb, cr, scratch, y) }
    }

    fn correct_full(self, light: &[f32], cb: &[f32], cr: &[f32], y: &mut [f32]) {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { correct_full(light, cb, cr, y) }
    }

    fn block_row(self, rows: [&[f32]; 8], blocks: &mut [Block]) {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { block_row(rows, blocks) }
    }

    fn quantise(self, quantiser: &Quantiser, fine: &[Block], blocks: &mut [Block]) {
        // SAFETY: `self` proves that the processor has AVX2.
        unsafe { quantise(quantiser, fine, blocks) }
    }
}

#[target_feature(enable = "avx2")]
fn gray(pixels: &[u8], y: &mut [f32]) {
    let (groups, pixels) = pixels.as_chunks();
    let (y_groups, y) = y.as_chunks_mut();
    for (group, y) in groups.iter().zip(y_groups) {
        let samples = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(load_8_bytes(group)));
        store(y, _mm256_sub_ps(samples, _mm256_set1_ps(LEVEL_SHIFT)));
    }
    color::gray(pixels, y);
}

#[target_feature(enable = "avx2")]
fn rgb(pixels: &[u8], y: &mut [f32], cb: &mut [f32], cr: &mut [f32]) {
    // Of 4 pixels that begin at byte 0 of the lower and byte 4 of the upper half: one channel to 32-bit lanes.
    let channel = |c: i32| {
        let lane = |byte: i32| 0x8080_8000_u32.cast_signed() | (byte + c);
        _mm256_setr_epi32(lane(0), lane(3), lane(6), lane(9), lane(4), lane(7), lane(10), lane(13))
    };
    let (red, green, blue) = (channel(0), channel(1), channel(2));
    let (groups, pixels) = pixels.as_chunks();
    let (y_groups, y) = y.as_chunks_mut();
    let (cb_groups, cb) = cb.as_chunks_mut();
    let (cr_groups, cr) = cr.as_chunks_mut();
    for (((group, y), cb), cr) in groups.iter().zip(y_groups).zip(cb_groups).zip(cr_groups) {
        let group = load_24_bytes(group);
        let r = _mm256_cvtepi32_ps(_mm256_shuffle_epi8(group, red));
        let g = _mm256_cvtepi32_ps(_mm256_shuffle_epi8(group, green));
        let b = _mm256_cvtepi32_ps(_mm256_shuffle_epi8(group, blue));
        store_ycbcr(r, g, b, y, cb, cr);
    }
    color::rgb(pixels, y, cb, cr);
}

#[target_feature(enable = "avx2")]
fn rgba(pixels: &[u8], background: [u8; 3], y: &mut [f32], cb: &mut [f32], cr: &mut [f32]) {
    let byte = _mm256_set1_epi32(0xFF);
    let half = _mm256_set1_epi32(128);
    let [below_r, below_g, below_b] = background.map(|c| _mm256_set1_epi32(i32::from(c) << 16));
    let (groups, pixels) = pixels.as_chunks();
    let (y_groups, y) = y.as_chunks_mut();
    let (cb_groups, cb) = cb.as_chunks_mut();
    let (cr_groups, cr) = cr.as_chunks_mut();
    for (((group, y), cb), cr) in groups.iter().zip(y_groups).zip(cb_groups).zip(cr_groups) {
        let group = load_32_bytes(group);
        let alpha = _mm256_srli_epi32::<24>(group);
        let weights = _mm256_or_si256(alpha, _mm256_slli_epi32::<16>(_mm256_sub_epi32(byte, alpha)));
        // A channel in the lower 16 bits, the background's in the upper: one multiply-add is the weighted sum.
        let over = |channel: __m256i, below: __m256i| {
            let pair = _mm256_or_si256(_mm256_and_si256(channel, byte), below);
            let sum = _mm256_add_epi32(_mm256_madd_epi16(pair, weights), half);
            let quotient = _mm256_srli_epi32::<8>(_mm256_add_epi32(sum, _mm256_srli_epi32::<8>(sum)));
            _mm256_cvtepi32_ps(quotient)
        };
        let r = over(group, below_r);
        let g = over(_mm256_srli_epi32::<8>(group), below_g);
        let b = over(_mm256_srli_epi32::<16>(group), below_b);
        store_ycbcr(r, g, b, y, cb, cr);
    }
    color::rgba(pixels, background, y, cb, cr);
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_ycbcr(r: __m256, g: __m256, b: __m256, y: &mut [f32; 8], cb: &mut [f32; 8], cr: &mut [f32; 8]) {
    let from_red = _mm256_mul_ps(_mm256_sub_ps(r, g), _mm256_set1_ps(KR));
    let from_blue = _mm256_mul_ps(_mm256_sub_ps(b, g), _mm256_set1_ps(KB));
    let luma = _mm256_add_ps(g, _mm256_add_ps(from_red, from_blue));
    store(y, _mm256_sub_ps(luma, _mm256_set1_ps(LEVEL_SHIFT)));
    store(cb, _mm256_mul_ps(_mm256_sub_ps(b, luma), _mm256_set1_ps(CB)));
    store(cr, _mm256_mul_ps(_mm256_sub_ps(r, luma), _mm256_set1_ps(CR)));
}

#[target_feature(enable = "avx2")]
fn h2v1(full: &[f32], half: &mut [f32]) {
    let (groups, full) = full.as_chunks();
    let (half_groups, half) = half.as_chunks_mut();
    for (group, half) in groups.iter().zip(half_groups) {
        let (left, right) = load_2(group);
        store(half, _mm256_mul_ps(add_pairs(left, right), _mm256_set1_ps(0.5)));
    }
    sample::h2v1(full, half);
}

#[target_feature(enable = "avx2")]
fn h2v2(upper: &[f32], lower: &[f32], half: &mut [f32]) {
    let (upper_groups, upper) = upper.as_chunks();
    let (lower_groups, lower) = lower.as_chunks();
    let (half_groups, half) = half.as_chunks_mut();
    for ((upper, lower), half) in upper_groups.iter().zip(lower_groups).zip(half_groups) {
        let (upper_left, upper_right) = load_2(upper);
        let (lower_left, lower_right) = load_2(lower);
        let sums = add_pairs(_mm256_add_ps(upper_left, lower_left), _mm256_add_ps(upper_right, lower_right));
        store(half, _mm256_mul_ps(sums, _mm256_set1_ps(0.25)));
    }
    sample::h2v2(upper, lower, half);
}

/// The sums of neighbours of 16 values.
#[inline]
#[target_feature(enable = "avx2")]
fn add_pairs(left: __m256, right: __m256) -> __m256 {
    // The addition leaves left 01 23, right 01 23, left 45 67, right 45 67.
    let sums = _mm256_castps_pd(_mm256_hadd_ps(left, right));
    _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(sums))
}

/// As the compiler makes it from its specification: vectors of AVX2 throughout.
#[target_feature(enable = "avx2")]
fn light(y: &[f32], cb: &[f32], cr: &[f32], light: &mut [f32]) {
    sample::light(y, cb, cr, light);
}

#[target_feature(enable = "avx2")]
fn correct_luma(light: &[f32], cb: [&[f32]; 2], cr: [&[f32]; 2], scratch: &mut [Vec<f32>; 2], y: &mut [f32]) {
    let [mixed_cb, mixed_cr] = scratch;
    sample::mix(cb, mixed_cb);
    sample::mix(cr, mixed_cr);
    let (cb, cr) = (&mixed_cb[..], &mixed_cr[..]);
    // The first pair has no neighbour on its left, and the last none on its right.
    let pairs = cb.len();
    sample::correct_pairs(light, cb, cr, 0..pairs.min(1), y);
    let chroma = |first: usize| groups_from(cb, first).iter().zip(groups_from(cr, first));
    let lights = groups_from(light, 2);
    let (luma, _) = y.get_mut(2..).unwrap_or_default().as_chunks_mut();
    let mut x = pairs.min(1);
    for ((((left, own), right), light), y) in chroma(0).zip(chroma(1)).zip(chroma(2)).zip(lights).zip(luma) {
        correct_8_pairs(light, [left.0, own.0, right.0], [left.1, own.1, right.1], y);
        x += 8;
    }
    sample::correct_pairs(light, cb, cr, x..pairs, y);
}

/// As the compiler makes it from its specification.
#[target_feature(enable = "avx2")]
fn correct_full(light: &[f32], cb: &[f32], cr: &[f32], y: &mut [f32]) {
    sample::correct_full(light, cb, cr, y);
}

/// Whole groups of a row from a place on.
fn groups_from<const N: usize>(row: &[f32], first: usize) -> &[[f32; N]] {
    row.get(first..).unwrap_or_default().as_chunks().0
}

/// [`sample::correct_pairs`] of 8 pairs, from the chroma on the left of each, its own, and that on the right.
#[inline]
#[target_feature(enable = "avx2")]
fn correct_8_pairs(light: &[f32; 16], cb: [&[f32; 8]; 3], cr: [&[f32; 8]; 3], y: &mut [f32; 16]) {
    let times = |a, constant| _mm256_mul_ps(a, _mm256_set1_ps(constant));
    let mix = |own, other| _mm256_add_ps(times(load(own), 0.75), times(load(other), 0.25));
    let (left_mean, left_variance) = light_of_chroma(mix(cb[1], cb[0]), mix(cr[1], cr[0]));
    let (right_mean, right_variance) = light_of_chroma(mix(cb[1], cb[2]), mix(cr[1], cr[2]));
    let (means, variances) = (interleave(left_mean, right_mean), interleave(left_variance, right_variance));
    let (lights, (luma, _)) = (load_2(light), y.as_chunks_mut::<8>());
    store_corrected(lights.0, means.0, variances.0, &mut luma[0]);
    store_corrected(lights.1, means.1, variances.1, &mut luma[1]);
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_corrected(light: __m256, mean: __m256, variance: __m256, y: &mut [f32; 8]) {
    let clamp = |value, least, most| _mm256_min_ps(_mm256_max_ps(value, _mm256_set1_ps(least)), _mm256_set1_ps(most));
    let square = _mm256_max_ps(_mm256_sub_ps(light, variance), _mm256_setzero_ps());
    let exact = _mm256_sub_ps(_mm256_sub_ps(_mm256_sqrt_ps(square), mean), _mm256_set1_ps(LEVEL_SHIFT));
    let before = load(y);
    let change = clamp(_mm256_sub_ps(exact, before), -MOST_CORRECTION, MOST_CORRECTION);
    store(y, clamp(_mm256_add_ps(before, change), -LEVEL_SHIFT, LEVEL_SHIFT - 1.0));
}

/// As in `sample.rs`.
#[inline]
#[target_feature(enable = "avx2")]
fn light_of_chroma(cb: __m256, cr: __m256) -> (__m256, __m256) {
    let times = |a, constant| _mm256_mul_ps(a, _mm256_set1_ps(constant));
    let mean = _mm256_add_ps(times(cb, LIGHT.mean_cb), times(cr, LIGHT.mean_cr));
    let squares = times(_mm256_mul_ps(cb, cb), LIGHT.cb_cb);
    let mixed = _mm256_add_ps(squares, times(_mm256_mul_ps(cb, cr), LIGHT.cb_cr));
    (mean, _mm256_add_ps(mixed, times(_mm256_mul_ps(cr, cr), LIGHT.cr_cr)))
}

/// The values of two vectors in turn.
#[inline]
#[target_feature(enable = "avx2")]
fn interleave(even: __m256, odd: __m256) -> (__m256, __m256) {
    let (low, high) = (_mm256_unpacklo_ps(even, odd), _mm256_unpackhi_ps(even, odd));
    (_mm256_permute2f128_ps::<0x20>(low, high), _mm256_permute2f128_ps::<0x31>(low, high))
}

#[target_feature(enable = "avx2")]
fn quantise(quantiser: &Quantiser, fine: &[Block], blocks: &mut [Block]) {
    quantiser.quantise(fine, blocks);
}

#[target_feature(enable = "avx2")]
fn block_row(rows: [&[f32]; 8], blocks: &mut [Block]) {
    let rows = rows.map(|row| row.as_chunks().0);
    for (x, block) in blocks.iter_mut().enumerate() {
        // A loop: the vectors of a closure given to `map` would pass through memory where it is not inlined.
        let mut samples = [_mm256_setzero_ps(); 8];
        for (samples, row) in samples.iter_mut().zip(rows) {
            *samples = load(&row[x]);
        }
        zigzag(pass(transpose(pass(samples))), block);
    }
}

/// As in `fdct.rs`.
#[inline]
#[target_feature(enable = "avx2")]
fn pass([x0, x1, x2, x3, x4, x5, x6, x7]: [__m256; 8]) -> [__m256; 8] {
    let sum = |a, b| _mm256_add_ps(a, b);
    let difference = |a, b| _mm256_sub_ps(a, b);
    let times = |a, constant| _mm256_mul_ps(a, _mm256_set1_ps(constant));
    let (s07, s16, s25, s34) = (sum(x0, x7), sum(x1, x6), sum(x2, x5), sum(x3, x4));
    let (d07, d16, d25, d34) = (difference(x0, x7), difference(x1, x6), difference(x2, x5), difference(x3, x4));
    let (a, b) = (sum(s07, s34), sum(s16, s25));
    let (c, d) = (difference(s07, s34), difference(s16, s25));
    let e = times(sum(d, c), C4);
    let (f, g, h) = (sum(d34, d25), sum(d25, d16), sum(d16, d07));
    let turn = times(difference(f, h), C6);
    let low = sum(times(f, C2_LESS_C6), turn);
    let high = sum(times(h, C2_PLUS_C6), turn);
    let middle = times(g, C4);
    let (plus, minus) = (sum(d07, middle), difference(d07, middle));
    [
        sum(a, b),
        sum(plus, high),
        sum(c, e),
        difference(minus, low),
        difference(a, b),
        sum(minus, low),
        difference(c, e),
        difference(plus, high),
    ]
}

#[inline]
#[target_feature(enable = "avx2")]
fn transpose(x: [__m256; 8]) -> [__m256; 8] {
    // Pairs of rows, then fours, each within its half of the vector; then the halves.
    let pair = |a, b| (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
    let low = |a, b| _mm256_shuffle_ps::<0b01_00_01_00>(a, b);
    let high = |a, b| _mm256_shuffle_ps::<0b11_10_11_10>(a, b);
    let four = |x0, x1, x2, x3| {
        let (p0, p1) = pair(x0, x1);
        let (p2, p3) = pair(x2, x3);
        [low(p0, p2), high(p0, p2), low(p1, p3), high(p1, p3)]
    };
    let [a0, a1, a2, a3] = four(x[0], x[1], x[2], x[3]);
    let [b0, b1, b2, b3] = four(x[4], x[5], x[6], x[7]);
    let lower = |a, b| _mm256_permute2f128_ps::<0x20>(a, b);
    let upper = |a, b| _mm256_permute2f128_ps::<0x31>(a, b);
    [
        lower(a0, b0),
        lower(a1, b1),
        lower(a2, b2),
        lower(a3, b3),
        upper(a0, b0),
        upper(a1, b1),
        upper(a2, b2),
        upper(a3, b3),
    ]
}

/// As in `fdct.rs`. The zigzag order is symmetric: position 63 - k is at index 63 - i where position k is at
/// i. So vectors that hold a row and, in the upper half, the row opposite it give two groups of 8 at a time.
#[inline]
#[target_feature(enable = "avx2")]
fn zigzag(transformed: [__m256; 8], block: &mut Block) {
    let mut rounded = [_mm256_setzero_si256(); 8];
    for ((rounded, values), multipliers) in rounded.iter_mut().zip(transformed).zip(&MULTIPLIERS) {
        *rounded = _mm256_cvtps_epi32(_mm256_mul_ps(values, load(multipliers)));
    }
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rounded;
    let (a, b, c, d) = (opposite(r0, r7), opposite(r1, r6), opposite(r2, r5), opposite(r3, r4));
    let rows = [a.0, b.0, c.0, d.0, d.1, c.1, b.1, a.1];
    let (groups, _) = block.as_chunks_mut::<8>();
    for (i, (first, last)) in [(0, 4), (0, 6), (0, 5), (3, 8)].into_iter().enumerate() {
        let mut both = _mm256_setzero_si256();
        for k in first..last {
            both = _mm256_or_si256(both, _mm256_shuffle_epi8(rows[k], load_32_bytes(&ZIGZAG_BYTES[i][k])));
        }
        store_8_words(&mut groups[i], _mm256_castsi256_si128(both));
        store_8_words(&mut groups[7 - i], _mm256_extracti128_si256::<1>(both));
    }
}

/// Two rows of 32 bits to 16: the first in the lower half and the second in the upper, and the other way about.
#[inline]
#[target_feature(enable = "avx2")]
fn opposite(first: __m256i, second: __m256i) -> (__m256i, __m256i) {
    let packed = _mm256_packs_epi32(first, second);
    (_mm256_permute4x64_epi64::<0b11_01_10_00>(packed), _mm256_permute4x64_epi64::<0b10_00_11_01>(packed))
}

/// For groups i and 7 - i of 8 zigzag positions, what to take from rows k and 7 - k: byte indices, 0x80 for none.
static ZIGZAG_BYTES: [[[u8; 32]; 8]; 4] = {
    let mut bytes = [[[0x80; 32]; 8]; 4];
    let mut position = 0;
    while position < 64 {
        let (group, lane) = (position / 8, position % 8);
        let (row, column) = (TRANSPOSED_ZIGZAG[position] as usize / 8, TRANSPOSED_ZIGZAG[position] % 8);
        let (i, k, half) = if group < 4 { (group, row, 0) } else { (7 - group, 7 - row, 16) };
        bytes[i][k][half + 2 * lane] = 2 * column;
        bytes[i][k][half + 2 * lane + 1] = 2 * column + 1;
        position += 1;
    }
    bytes
};

#[inline]
#[target_feature(enable = "avx2")]
fn load(from: &[f32; 8]) -> __m256 {
    // SAFETY: the array has the 32 bytes that are read; no alignment is asked for.
    unsafe { _mm256_loadu_ps(from.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_2(from: &[f32; 16]) -> (__m256, __m256) {
    let (halves, _) = from.as_chunks();
    (load(&halves[0]), load(&halves[1]))
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(to: &mut [f32; 8], values: __m256) {
    // SAFETY: the array has the 32 bytes that are written; no alignment is asked for.
    unsafe { _mm256_storeu_ps(to.as_mut_ptr(), values) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_8_words(to: &mut [i16; 8], values: __m128i) {
    // SAFETY: the array has the 16 bytes that are written; no alignment is asked for.
    unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), values) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_8_bytes(from: &[u8; 8]) -> __m128i {
    // SAFETY: the array has the 8 bytes that are read; no alignment is asked for.
    unsafe { _mm_loadl_epi64(from.as_ptr().cast()) }
}

/// Bytes 0 to 15 in the lower half, 8 to 23 in the upper.
#[inline]
#[target_feature(enable = "avx2")]
fn load_24_bytes(from: &[u8; 24]) -> __m256i {
    let first = from.as_ptr();
    // SAFETY: the array has bytes 0 to 15, which are read; no alignment is asked for.
    let lower = unsafe { _mm_loadu_si128(first.cast()) };
    // SAFETY: the array has bytes 8 to 23, which are read; no alignment is asked for.
    let upper = unsafe { _mm_loadu_si128(first.wrapping_add(8).cast()) };
    _mm256_set_m128i(upper, lower)
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_32_bytes(from: &[u8; 32]) -> __m256i {
    // SAFETY: the array has the 32 bytes that are read; no alignment is asked for.
    unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
}
