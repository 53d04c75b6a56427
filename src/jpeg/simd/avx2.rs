//! Vectors of AVX2: 8 samples.
//!
//! `unsafe` is confined to the calls from [`Avx2`], whose value proves the instructions, and to loads and stores, each
//! of an array whose type has the size of what is read or written.

use std::arch::x86_64::*;

use super::lanes::{self, Lanes};
use super::{Kernels, Scalar};
use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::fdct::{MULTIPLIERS, TRANSPOSED_ZIGZAG};
use crate::jpeg::quant::masking::energy_of;
use crate::jpeg::quant::quantise::Quantiser;

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

lanes::kernels_of_lanes!(Avx2);

impl Lanes<8> for Avx2 {
    type Vector = __m256;
    type Shorter = Scalar;

    fn shorter(self) -> Scalar {
        Scalar
    }

    lanes::proven! {
        load(from: &[f32; 8]) -> __m256 = load;
        store(values: __m256, to: &mut [f32; 8]) = store;
        all(value: f32) -> __m256 = _mm256_set1_ps;
        add(a: __m256, b: __m256) -> __m256 = _mm256_add_ps;
        sub(a: __m256, b: __m256) -> __m256 = _mm256_sub_ps;
        mul(a: __m256, b: __m256) -> __m256 = _mm256_mul_ps;
        min(a: __m256, b: __m256) -> __m256 = _mm256_min_ps;
        max(a: __m256, b: __m256) -> __m256 = _mm256_max_ps;
        sqrt(a: __m256) -> __m256 = _mm256_sqrt_ps;
        abs(a: __m256) -> __m256 = abs;
        copysign(magnitude: __m256, sign: __m256) -> __m256 = copysign;
        where_greater(a: __m256, b: __m256, c: __m256) -> __m256 = where_greater;
        interleave(even: __m256, odd: __m256) -> [__m256; 2] = interleave;
        add_pairs(left: __m256, right: __m256) -> __m256 = add_pairs;
        gray(pixels: &[u8; 8]) -> __m256 = gray;
        rgb(pixels: &[[u8; 3]; 8]) -> [__m256; 3] = rgb;
        rgba(pixels: &[[u8; 4]; 8], background: [u8; 3]) -> [__m256; 3] = rgba;
        transpose(rows: [__m256; 8]) -> [__m256; 8] = transpose;
        zigzag(transformed: [__m256; 8], blocks: &mut [Block]) = zigzag;
        energy(fine: &Block) -> f32 = energy;
        load_words(from: &[i16; 8]) -> __m256 = load_words;
        store_words(values: [__m256; 2], to: &mut [[i16; 8]; 2]) = store_words;
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn abs(a: __m256) -> __m256 {
    _mm256_andnot_ps(_mm256_set1_ps(-0.0), a)
}

#[inline]
#[target_feature(enable = "avx2")]
fn copysign(magnitude: __m256, sign: __m256) -> __m256 {
    _mm256_or_ps(magnitude, _mm256_and_ps(_mm256_set1_ps(-0.0), sign))
}

#[inline]
#[target_feature(enable = "avx2")]
fn where_greater(a: __m256, b: __m256, c: __m256) -> __m256 {
    _mm256_and_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(b, c), a)
}

#[inline]
#[target_feature(enable = "avx2")]
fn gray(pixels: &[u8; 8]) -> __m256 {
    _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(load_8_bytes(pixels)))
}

#[inline]
#[target_feature(enable = "avx2")]
fn rgb(pixels: &[[u8; 3]; 8]) -> [__m256; 3] {
    // Of 4 pixels that begin at byte 0 of the lower and byte 4 of the upper half: one channel to 32-bit lanes.
    let pixels = load_24_bytes(pixels);
    let channel = |c: i32| {
        let lane = |byte: i32| 0x8080_8000_u32.cast_signed() | (byte + c);
        let bytes = _mm256_setr_epi32(lane(0), lane(3), lane(6), lane(9), lane(4), lane(7), lane(10), lane(13));
        _mm256_cvtepi32_ps(_mm256_shuffle_epi8(pixels, bytes))
    };
    [channel(0), channel(1), channel(2)]
}

#[inline]
#[target_feature(enable = "avx2")]
fn rgba(pixels: &[[u8; 4]; 8], background: [u8; 3]) -> [__m256; 3] {
    let pixels = load_32_bytes(&pixels.as_flattened().as_chunks().0[0]);
    let byte = _mm256_set1_epi32(0xFF);
    let alpha = _mm256_srli_epi32::<24>(pixels);
    let weights = _mm256_or_si256(alpha, _mm256_slli_epi32::<16>(_mm256_sub_epi32(byte, alpha)));
    // A channel in the lower 16 bits, the background's in the upper: one multiply-add is the weighted sum.
    let over = |channel: __m256i, below: u8| {
        let below = _mm256_set1_epi32(i32::from(below) << 16);
        let pair = _mm256_or_si256(_mm256_and_si256(channel, byte), below);
        let sum = _mm256_add_epi32(_mm256_madd_epi16(pair, weights), _mm256_set1_epi32(128));
        let quotient = _mm256_srli_epi32::<8>(_mm256_add_epi32(sum, _mm256_srli_epi32::<8>(sum)));
        _mm256_cvtepi32_ps(quotient)
    };
    [
        over(pixels, background[0]),
        over(_mm256_srli_epi32::<8>(pixels), background[1]),
        over(_mm256_srli_epi32::<16>(pixels), background[2]),
    ]
}

/// The sums of neighbours of 16 values.
#[inline]
#[target_feature(enable = "avx2")]
fn add_pairs(left: __m256, right: __m256) -> __m256 {
    // The addition leaves left 01 23, right 01 23, left 45 67, right 45 67.
    let sums = _mm256_castps_pd(_mm256_hadd_ps(left, right));
    _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(sums))
}

#[inline]
#[target_feature(enable = "avx2")]
fn interleave(even: __m256, odd: __m256) -> [__m256; 2] {
    let (low, high) = (_mm256_unpacklo_ps(even, odd), _mm256_unpackhi_ps(even, odd));
    [_mm256_permute2f128_ps::<0x20>(low, high), _mm256_permute2f128_ps::<0x31>(low, high)]
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
fn zigzag(transformed: [__m256; 8], blocks: &mut [Block]) {
    let [block] = blocks else { return };
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

/// As in `masking.rs`.
#[inline]
#[target_feature(enable = "avx2")]
fn energy(fine: &Block) -> f32 {
    let mut sums = _mm256_setzero_ps();
    for row in fine.as_chunks().0 {
        let row = load_words(row);
        sums = _mm256_add_ps(sums, _mm256_mul_ps(row, row));
    }
    let mut columns = [0.0; 8];
    store(sums, &mut columns);
    energy_of(columns, fine[0])
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_words(from: &[i16; 8]) -> __m256 {
    // SAFETY: the array has the 16 bytes that are read; no alignment is asked for.
    let words = unsafe { _mm_loadu_si128(from.as_ptr().cast()) };
    _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(words))
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_words([a, b]: [__m256; 2], to: &mut [[i16; 8]; 2]) {
    let packed = _mm256_packs_epi32(_mm256_cvtps_epi32(a), _mm256_cvtps_epi32(b));
    let packed = _mm256_permute4x64_epi64::<0b11_01_10_00>(packed);
    // SAFETY: the array has the 32 bytes that are written; no alignment is asked for.
    unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), packed) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(from: &[f32; 8]) -> __m256 {
    // SAFETY: the array has the 32 bytes that are read; no alignment is asked for.
    unsafe { _mm256_loadu_ps(from.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(values: __m256, to: &mut [f32; 8]) {
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
fn load_24_bytes(from: &[[u8; 3]; 8]) -> __m256i {
    let first = from.as_ptr().cast::<u8>();
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
