//! The inner loops of AC scans on AVX-512: no loop over coefficients. The positions of the coefficients that count are
//! moved together, runs of zeros are their differences, and 16 tokens are made at a time.
//!
//! Blocks with runs of 16 zeros or more, which take tokens between those of their coefficients, go through the portable
//! form.

use std::arch::x86_64::*;

use super::avx512::Avx512;
use super::lanes;
use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::planes::{self, AcKernels, BYTE, Changes, Planes, Refined, Wanted, Words};
use crate::jpeg::entropy::token::{MAX_SIZE, Room, SlotKind};
use crate::jpeg::entropy::{Band, pairs};

/// Where the extra bits of tokens begin.
const FIRST_EXTRA_AT: u32 = SlotKind::Ac.extra_at();
const REFINED_EXTRA_AT: u32 = SlotKind::Corrections.extra_at();

impl AcKernels for Avx512 {
    const COMPRESSES: bool = true;

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        // SAFETY: `self` proves that the processor has these instructions.
        unsafe { run(work) }
    }

    #[inline(always)]
    fn planes(self, blocks: &[Block], wanted: Wanted, planes: &mut Planes) {
        if wanted.are_of_bytes() {
            // SAFETY: `self` proves that the processor has these instructions.
            unsafe { all_planes(blocks, wanted, planes) }
        } else {
            planes.fill_one_by_one(self, blocks, wanted);
        }
    }

    lanes::proven! {
        not_zero(blocks: &[Block], low: u32, words: &mut Words) = not_zero;
        bit(blocks: &[Block], low: u32, words: &mut Words) = bit;
        negative(blocks: &[Block], words: &mut Words) = negative;
        filled(words: &Words, mask: u64) -> u64 = filled;
        compress(block: &pairs::Room, values: &mut pairs::Room) -> u64 = compress_block;
        expand(places: u64, values: &[i16], room: &mut pairs::Room) = expand;
        first(block: &Block, new: u64, band: Band, room: &mut Room, at: usize) -> usize = first;
        refine(refined: Refined, band: Band, room: &mut Room, at: usize) -> usize = refine;
    }

    #[inline(always)]
    fn extract(self, word: u64, mask: u64) -> u64 {
        self.avx2().extract(word, mask)
    }

    #[inline(always)]
    fn deposit(self, word: u64, mask: u64) -> u64 {
        self.avx2().deposit(word, mask)
    }

    #[inline(always)]
    fn places(self, block: &Block) -> u64 {
        self.avx2().places(block)
    }

    #[inline(always)]
    fn change(self, block: &mut Block, changes: Changes, low: u32) {
        self.avx2().change(block, changes, low);
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn run<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn not_zero(blocks: &[Block], low: u32, words: &mut Words) {
    let least = _mm512_set1_epi16(1 << low);
    for (block, word) in blocks.iter().zip(words) {
        let (lower, upper) = load(block);
        let reaches = |v| _mm512_cmpge_epu16_mask(_mm512_abs_epi16(v), least);
        *word = join(reaches(lower), reaches(upper));
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn bit(blocks: &[Block], low: u32, words: &mut Words) {
    let bit = _mm512_set1_epi16(1 << low);
    for (block, word) in blocks.iter().zip(words) {
        let (lower, upper) = load(block);
        let has_bit = |v| _mm512_test_epi16_mask(_mm512_abs_epi16(v), bit);
        *word = join(has_bit(lower), has_bit(upper));
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn negative(blocks: &[Block], words: &mut Words) {
    for (block, word) in blocks.iter().zip(words) {
        let (lower, upper) = load(block);
        *word = join(_mm512_movepi16_mask(lower), _mm512_movepi16_mask(upper));
    }
}

/// Planes of precisions below [`BYTE`], by way of bytes: the magnitude where it fits one, or 255; and its lowest bits.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn all_planes(blocks: &[Block], wanted: Wanted, planes: &mut Planes) {
    let (mut above, mut bits) = ([_mm512_setzero_si512(); BYTE as usize], [_mm512_setzero_si512(); BYTE as usize]);
    for (low, (above, bit)) in above.iter_mut().zip(&mut bits).enumerate() {
        (*above, *bit) =
            (_mm512_set1_epi8((0xFF_u8 << low).cast_signed()), _mm512_set1_epi8((1_u8 << low).cast_signed()));
    }
    let most = _mm512_set1_epi16(0xFF);
    let order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    let pack = |lower, upper| _mm512_permutexvar_epi64(order, _mm512_packus_epi16(lower, upper));
    for (i, block) in blocks.iter().enumerate() {
        let (lower, upper) = load(block);
        let magnitudes = (_mm512_abs_epi16(lower), _mm512_abs_epi16(upper));
        let capped = pack(_mm512_min_epu16(magnitudes.0, most), _mm512_min_epu16(magnitudes.1, most));
        let mut lows = wanted.not_zero;
        while lows != 0 {
            let low = lows.trailing_zeros() as usize;
            lows &= lows - 1;
            planes.not_zero[low][i] = _mm512_test_epi8_mask(capped, above[low]);
        }
        if wanted.bit == 0 {
            continue;
        }
        let lowest = pack(_mm512_and_si512(magnitudes.0, most), _mm512_and_si512(magnitudes.1, most));
        let mut lows = wanted.bit;
        while lows != 0 {
            let low = lows.trailing_zeros() as usize;
            lows &= lows - 1;
            planes.bit[low][i] = _mm512_test_epi8_mask(lowest, bits[low]);
        }
        planes.negative[i] = join(_mm512_movepi16_mask(lower), _mm512_movepi16_mask(upper));
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn compress_block(block: &pairs::Room, values: &mut pairs::Room) -> u64 {
    let (blocks, _) = block.as_chunks();
    let (lower, upper) = load(&blocks[0]);
    let (first, second) = (_mm512_test_epi16_mask(lower, lower) | 1, _mm512_test_epi16_mask(upper, upper));
    let mut put = |at: usize, values_of_half| {
        let (places, _) = values[at..].as_chunks_mut::<32>();
        // SAFETY: the array has the 64 bytes that are written; no alignment is asked for.
        unsafe { _mm512_storeu_si512(places[0].as_mut_ptr().cast(), values_of_half) }
    };
    put(0, _mm512_maskz_compress_epi16(first, lower));
    put(first.count_ones() as usize, _mm512_maskz_compress_epi16(second, upper));
    join(first, second)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn expand(places: u64, values: &[i16], room: &mut pairs::Room) {
    let (lower, upper) = (places as u32, (places >> 32) as u32);
    let values = &values[..places.count_ones() as usize];
    let (first, second) = values.split_at(lower.count_ones() as usize);
    // SAFETY: as many values are read as there are places in the half, and a slice of so many is passed.
    let expand = |places, values: &[i16]| unsafe { _mm512_maskz_expandloadu_epi16(places, values.as_ptr()) };
    let (places, _) = room.as_chunks_mut::<32>();
    // SAFETY: the array has the 64 bytes that are written; no alignment is asked for.
    let store = |to: &mut [i16; 32], half| unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), half) };
    store(&mut places[0], expand(lower, first));
    store(&mut places[1], expand(upper, second));
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn first(block: &Block, new: u64, band: Band, room: &mut Room, at: usize) -> usize {
    let mut positions = compress(new);
    let mut runs = gaps(positions, band.start);
    let count = new.count_ones();
    if has_long_run(runs, count) {
        return planes::first(block, new, band, room, at);
    }
    let (lower, upper) = load(block);
    let low = _mm_cvtsi32_si128(band.low.cast_signed());
    let minus_one = _mm512_set1_epi32(-1);
    let end = at + count as usize;
    let (begin, mut at) = (at, at);
    loop {
        let indices = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(positions));
        let values = _mm512_permutex2var_epi16(lower, indices, upper);
        let values = _mm512_cvtepi16_epi32(_mm512_castsi512_si256(values));
        let magnitudes = _mm512_srl_epi32(_mm512_abs_epi32(values), low);
        let sizes = _mm512_sub_epi32(_mm512_set1_epi32(32), _mm512_lzcnt_epi32(magnitudes));
        // All bits above those that a size allows, flipped with the magnitude: the extra bits of a negative value.
        let above = _mm512_sllv_epi32(minus_one, sizes);
        let is_negative = _mm512_movepi32_mask(values);
        let flipped = _mm512_mask_xor_epi32(magnitudes, is_negative, magnitudes, minus_one);
        let extra = _mm512_slli_epi32::<FIRST_EXTRA_AT>(_mm512_andnot_si512(above, flipped));
        let zeros = _mm512_slli_epi32::<4>(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(runs)));
        if _mm512_cmpgt_epu32_mask(sizes, _mm512_set1_epi32(MAX_SIZE.cast_signed())) != 0 {
            return planes::first(block, new, band, room, begin);
        }
        store(room, at, _mm512_or_si512(extra, _mm512_or_si512(zeros, sizes)));
        at += 16;
        if at >= end {
            return end;
        }
        (positions, runs) = (next_16(positions), next_16(runs));
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn refine(refined: Refined, band: Band, room: &mut Room, at: usize) -> usize {
    let Refined { new, known, negative } = refined;
    let count = new.count_ones();
    // Among the coefficients that were zero, those between two new ones are the run; among all, the rest is known.
    let mut runs = gaps(compress(_pext_u64(new, !known & u64::MAX << band.start)), 0);
    if has_long_run(runs, count) {
        return planes::refine(refined, band, room, at);
    }
    let mut corrections = _mm512_sub_epi8(gaps(compress(new), band.start), runs);
    let mut positive = _pext_u64(!negative, new);
    let end = at + count as usize;
    let mut at = at;
    loop {
        let zeros = _mm512_slli_epi32::<4>(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(runs)));
        let counts = _mm512_slli_epi32::<8>(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(corrections)));
        let signs = _mm512_maskz_set1_epi32((positive & 0xFFFF) as u16, 1 << REFINED_EXTRA_AT);
        let symbols = _mm512_or_si512(zeros, _mm512_set1_epi32(1));
        store(room, at, _mm512_or_si512(symbols, _mm512_or_si512(counts, signs)));
        at += 16;
        if at >= end {
            return end;
        }
        (runs, corrections, positive) = (next_16(runs), next_16(corrections), positive >> 16);
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn filled(words: &Words, mask: u64) -> u64 {
    let mask = _mm512_set1_epi64(mask.cast_signed());
    let (eights, _) = words.as_chunks::<8>();
    eights.iter().rev().fold(0, |filled, eight| {
        // SAFETY: the array has the 64 bytes that are read; no alignment is asked for.
        let eight = unsafe { _mm512_loadu_si512(eight.as_ptr().cast()) };
        filled << 8 | u64::from(_mm512_test_epi64_mask(eight, mask))
    })
}

/// The numbers of the bits that are set, one in a byte, in rising order; zeros behind them.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn compress(bits: u64) -> __m512i {
    const NUMBERS: [u8; 64] = {
        let mut numbers = [0; 64];
        let mut i = 0;
        while i < 64 {
            numbers[i] = i as u8;
            i += 1;
        }
        numbers
    };
    _mm512_maskz_compress_epi8(bits, load_bytes(&NUMBERS))
}

/// How many numbers are left out before each of rising numbers, from `start` on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn gaps(numbers: __m512i, start: usize) -> __m512i {
    /// The byte before.
    const BEFORE: [u8; 64] = {
        let mut before = [0; 64];
        let mut i = 1;
        while i < 64 {
            before[i] = i as u8 - 1;
            i += 1;
        }
        before
    };
    let minus_one = _mm512_set1_epi8(-1);
    // For each number, the least that would leave none out.
    let next = _mm512_sub_epi8(_mm512_permutexvar_epi8(load_bytes(&BEFORE), numbers), minus_one);
    let next = _mm512_mask_mov_epi8(next, 1, _mm512_set1_epi8(start as i8));
    _mm512_sub_epi8(numbers, next)
}

/// Whether one of the first `count` runs, of 63 at most, is over 15.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn has_long_run(runs: __m512i, count: u32) -> bool {
    _mm512_cmpgt_epu8_mask(runs, _mm512_set1_epi8(15)) & ((1 << count) - 1) != 0
}

/// Bytes 16 and on.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn next_16(bytes: __m512i) -> __m512i {
    _mm512_alignr_epi64::<2>(bytes, bytes)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn join(lower: u32, upper: u32) -> u64 {
    u64::from(lower) | u64::from(upper) << 32
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn load(block: &Block) -> (__m512i, __m512i) {
    let (halves, _) = block.as_chunks::<32>();
    // SAFETY: the array has the 64 bytes that are read; no alignment is asked for.
    let load = |from: &[i16; 32]| unsafe { _mm512_loadu_si512(from.as_ptr().cast()) };
    (load(&halves[0]), load(&halves[1]))
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn load_bytes(from: &[u8; 64]) -> __m512i {
    // SAFETY: the array has the 64 bytes that are read; no alignment is asked for.
    unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,bmi1,bmi2,lzcnt,popcnt")]
fn store(room: &mut Room, at: usize, tokens: __m512i) {
    let (places, _) = room[at..].as_chunks_mut::<16>();
    let tokens = _mm512_cvtepi32_epi16(tokens);
    // SAFETY: the array has the 32 bytes that are written; no alignment is asked for.
    unsafe { _mm256_storeu_si256(places[0].as_mut_ptr().cast(), tokens) }
}
