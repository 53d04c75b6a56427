//! Vectors of AVX-512: 16 samples, or the rows of two blocks side by side.

use std::arch::x86_64::*;

use super::Kernels;
use super::avx2::Avx2;
use super::lanes::{self, Lanes};
use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::fdct::{MULTIPLIERS, TRANSPOSED_ZIGZAG};
use crate::jpeg::quant::masking::energy_of;
use crate::jpeg::quant::quantise::Quantiser;

/// Proof that the processor has AVX-512 F, BW, CD, DQ, VL, VBMI and VBMI2, as all have had since Ice Lake and Zen 4.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(Avx2);

impl Avx512 {
    pub(crate) fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512cd")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vbmi")
            && is_x86_feature_detected!("avx512vbmi2");
        Avx2::detect().filter(|_| all).map(Self)
    }

    /// For work that has no form of its own here.
    pub(crate) fn avx2(self) -> Avx2 {
        self.0
    }
}

lanes::kernels_of_lanes!(Avx512);

impl Lanes<16> for Avx512 {
    type Vector = __m512;
    type Shorter = Avx2;

    fn shorter(self) -> Avx2 {
        self.0
    }

    lanes::proven! {
        load(from: &[f32; 16]) -> __m512 = load;
        store(values: __m512, to: &mut [f32; 16]) = store;
        all(value: f32) -> __m512 = _mm512_set1_ps;
        add(a: __m512, b: __m512) -> __m512 = _mm512_add_ps;
        sub(a: __m512, b: __m512) -> __m512 = _mm512_sub_ps;
        mul(a: __m512, b: __m512) -> __m512 = _mm512_mul_ps;
        min(a: __m512, b: __m512) -> __m512 = _mm512_min_ps;
        max(a: __m512, b: __m512) -> __m512 = _mm512_max_ps;
        sqrt(a: __m512) -> __m512 = _mm512_sqrt_ps;
        abs(a: __m512) -> __m512 = _mm512_abs_ps;
        copysign(magnitude: __m512, sign: __m512) -> __m512 = copysign;
        where_greater(a: __m512, b: __m512, c: __m512) -> __m512 = where_greater;
        interleave(even: __m512, odd: __m512) -> [__m512; 2] = interleave;
        add_pairs(left: __m512, right: __m512) -> __m512 = add_pairs;
        gray(pixels: &[u8; 16]) -> __m512 = gray;
        rgb(pixels: &[[u8; 3]; 16]) -> [__m512; 3] = rgb;
        rgba(pixels: &[[u8; 4]; 16], background: [u8; 3]) -> [__m512; 3] = rgba;
        transpose(rows: [__m512; 8]) -> [__m512; 8] = transpose;
        zigzag(transformed: [__m512; 8], blocks: &mut [Block]) = zigzag;
        energy(fine: &Block) -> f32 = energy;
        load_words(from: &[i16; 16]) -> __m512 = load_words;
        store_words(values: [__m512; 2], to: &mut [[i16; 16]; 2]) = store_words;
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
fn copysign(magnitude: __m512, sign: __m512) -> __m512 {
    _mm512_or_ps(magnitude, _mm512_and_ps(_mm512_set1_ps(-0.0), sign))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
fn where_greater(a: __m512, b: __m512, c: __m512) -> __m512 {
    _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(b, c), a)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
fn interleave(even: __m512, odd: __m512) -> [__m512; 2] {
    let first = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    let second = _mm512_add_epi32(first, _mm512_set1_epi32(8));
    [_mm512_permutex2var_ps(even, first, odd), _mm512_permutex2var_ps(even, second, odd)]
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
fn add_pairs(left: __m512, right: __m512) -> __m512 {
    let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    let odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
    _mm512_add_ps(_mm512_permutex2var_ps(left, even, right), _mm512_permutex2var_ps(left, odd, right))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
fn gray(pixels: &[u8; 16]) -> __m512 {
    // SAFETY: the array has the 16 bytes that are read; no alignment is asked for.
    let bytes = unsafe { _mm_loadu_si128(pixels.as_ptr().cast()) };
    _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
fn rgb(pixels: &[[u8; 3]; 16]) -> [__m512; 3] {
    // SAFETY: the array has the 48 bytes that are read; no alignment is asked for.
    let bytes = unsafe { _mm512_maskz_loadu_epi8((1 << 48) - 1, pixels.as_ptr().cast()) };
    // Pixel i to the three lower bytes of lane i.
    let first = _mm512_setr_epi32(0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36, 39, 42, 45);
    let each = _mm512_mullo_epi32(first, _mm512_set1_epi32(0x01_01_01));
    let pixels = _mm512_permutexvar_epi8(_mm512_add_epi32(each, _mm512_set1_epi32(0x02_01_00)), bytes);
    let channel = |lowest| _mm512_cvtepi32_ps(_mm512_and_si512(lowest, _mm512_set1_epi32(0xFF)));
    [channel(pixels), channel(_mm512_srli_epi32::<8>(pixels)), channel(_mm512_srli_epi32::<16>(pixels))]
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
fn rgba(pixels: &[[u8; 4]; 16], background: [u8; 3]) -> [__m512; 3] {
    // SAFETY: the array has the 64 bytes that are read; no alignment is asked for.
    let pixels = unsafe { _mm512_loadu_si512(pixels.as_ptr().cast()) };
    let byte = _mm512_set1_epi32(0xFF);
    let alpha = _mm512_srli_epi32::<24>(pixels);
    let weights = _mm512_or_si512(alpha, _mm512_slli_epi32::<16>(_mm512_sub_epi32(byte, alpha)));
    // A channel in the lower 16 bits, the background's in the upper: one multiply-add is the weighted sum.
    let over = |channel: __m512i, below: u8| {
        let below = _mm512_set1_epi32(i32::from(below) << 16);
        let pair = _mm512_or_si512(_mm512_and_si512(channel, byte), below);
        let sum = _mm512_add_epi32(_mm512_madd_epi16(pair, weights), _mm512_set1_epi32(128));
        let quotient = _mm512_srli_epi32::<8>(_mm512_add_epi32(sum, _mm512_srli_epi32::<8>(sum)));
        _mm512_cvtepi32_ps(quotient)
    };
    [
        over(pixels, background[0]),
        over(_mm512_srli_epi32::<8>(pixels), background[1]),
        over(_mm512_srli_epi32::<16>(pixels), background[2]),
    ]
}

/// Two blocks, one in either half of the rows. In quarters, the result has the first half of a row of the first block,
/// that of the second, and their second halves: that takes a step less, and columns do not mind.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
fn transpose(x: [__m512; 8]) -> [__m512; 8] {
    // Pairs of rows, then fours, each within its quarter of the vector; then the quarters.
    let pair = |a, b| (_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    let low = |a, b| _mm512_shuffle_ps::<0b01_00_01_00>(a, b);
    let high = |a, b| _mm512_shuffle_ps::<0b11_10_11_10>(a, b);
    let four = |x0, x1, x2, x3| {
        let (p0, p1) = pair(x0, x1);
        let (p2, p3) = pair(x2, x3);
        [low(p0, p2), high(p0, p2), low(p1, p3), high(p1, p3)]
    };
    let [a0, a1, a2, a3] = four(x[0], x[1], x[2], x[3]);
    let [b0, b1, b2, b3] = four(x[4], x[5], x[6], x[7]);
    let lower = |a, b| _mm512_shuffle_f32x4::<EVEN_QUARTERS>(a, b);
    let upper = |a, b| _mm512_shuffle_f32x4::<ODD_QUARTERS>(a, b);
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

/// Of two vectors, quarters 0 and 2, or 1 and 3.
const EVEN_QUARTERS: i32 = 0b10_00_10_00;
const ODD_QUARTERS: i32 = 0b11_01_11_01;

/// As in `fdct.rs`, of two blocks whose rows lie as [`transpose`] leaves them.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
fn zigzag(transformed: [__m512; 8], blocks: &mut [Block]) {
    let [first, second] = blocks else { return };
    let mut rounded = [_mm512_setzero_si512(); 8];
    for ((rounded, values), multipliers) in rounded.iter_mut().zip(transformed).zip(&QUARTERED_MULTIPLIERS) {
        *rounded = _mm512_cvtps_epi32(_mm512_mul_ps(values, load(multipliers)));
    }
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rounded;
    let (a, b) = (_mm512_packs_epi32(r0, r1), _mm512_packs_epi32(r2, r3));
    let (c, d) = (_mm512_packs_epi32(r4, r5), _mm512_packs_epi32(r6, r7));
    let even = |a, b| _mm512_shuffle_i32x4::<EVEN_QUARTERS>(a, b);
    let odd = |a, b| _mm512_shuffle_i32x4::<ODD_QUARTERS>(a, b);
    store_zigzag(even(a, b), even(c, d), first);
    store_zigzag(odd(a, b), odd(c, d), second);
}

/// Of a block, rows 0 to 3 and rows 4 to 7, each as pairs of rows whose halves have been joined.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
fn store_zigzag(upper: __m512i, lower: __m512i, block: &mut Block) {
    for (to, (indices, from_lower)) in block.as_chunks_mut().0.iter_mut().zip(&ZIGZAG_INDICES) {
        let indices = load_indices(indices);
        let words = _mm512_permutexvar_epi16(indices, upper);
        store_32_words(_mm512_mask_permutexvar_epi16(words, *from_lower, indices, lower), to);
    }
}

/// [`MULTIPLIERS`] of two blocks, as [`transpose`] leaves them.
static QUARTERED_MULTIPLIERS: [[f32; 16]; 8] = {
    let mut multipliers = [[0.0; 16]; 8];
    let mut i = 0;
    while i < 128 {
        multipliers[i / 16][i % 16] = MULTIPLIERS[i / 16][i % 4 + i % 16 / 8 * 4];
        i += 1;
    }
    multipliers
};

/// For each half of the zigzag positions, where [`store_zigzag`] has them, and which are in the lower rows.
static ZIGZAG_INDICES: [([u16; 32], u32); 2] = {
    let mut halves = [([0; 32], 0); 2];
    let mut position = 0;
    while position < 64 {
        let (row, column) = (TRANSPOSED_ZIGZAG[position] / 8, TRANSPOSED_ZIGZAG[position] % 8);
        let (indices, from_lower) = &mut halves[position / 32];
        indices[position % 32] = (row % 4 / 2 * 16 + column / 4 * 8 + row % 2 * 4 + column % 4) as u16;
        *from_lower |= (row as u32 / 4) << (position % 32);
        position += 1;
    }
    halves
};

/// As in `masking.rs`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
fn energy(fine: &Block) -> f32 {
    let (rows, _) = fine.as_chunks();
    let mut sums = _mm256_setzero_ps();
    for pair in rows {
        let pair = load_words(pair);
        let squares = _mm512_mul_ps(pair, pair);
        sums = _mm256_add_ps(sums, _mm512_castps512_ps256(squares));
        sums = _mm256_add_ps(sums, _mm512_extractf32x8_ps::<1>(squares));
    }
    let mut columns = [0.0; 8];
    // SAFETY: the array has the 32 bytes that are written; no alignment is asked for.
    unsafe { _mm256_storeu_ps(columns.as_mut_ptr(), sums) }
    energy_of(columns, fine[0])
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
fn load_words(from: &[i16; 16]) -> __m512 {
    // SAFETY: the array has the 32 bytes that are read; no alignment is asked for.
    let words = unsafe { _mm256_loadu_si256(from.as_ptr().cast()) };
    _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(words))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
fn store_words([a, b]: [__m512; 2], to: &mut [[i16; 16]; 2]) {
    let packed = _mm512_packs_epi32(_mm512_cvtps_epi32(a), _mm512_cvtps_epi32(b));
    let packed = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), packed);
    // SAFETY: the array has the 64 bytes that are written; no alignment is asked for.
    unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), packed) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
fn store_32_words(words: __m512i, to: &mut [i16; 32]) {
    // SAFETY: the array has the 64 bytes that are written; no alignment is asked for.
    unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), words) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
fn load_indices(from: &[u16; 32]) -> __m512i {
    // SAFETY: the array has the 64 bytes that are read; no alignment is asked for.
    unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
fn load(from: &[f32; 16]) -> __m512 {
    // SAFETY: the array has the 64 bytes that are read; no alignment is asked for.
    unsafe { _mm512_loadu_ps(from.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
fn store(values: __m512, to: &mut [f32; 16]) {
    // SAFETY: the array has the 64 bytes that are written; no alignment is asked for.
    unsafe { _mm512_storeu_ps(to.as_mut_ptr(), values) }
}
