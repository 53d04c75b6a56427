//! The inner loops of AC scans on AVX2 and BMI: all planes from one look at the coefficients, bits moved by one
//! instruction, and tokens of eight positions at a time, or of a refinement four tokens, wanted or not: how many there
//! are is hard to foresee for a processor, so the fewer steps hang on it the better.
//!
//! Blocks with runs of 16 zeros or more, which take tokens between those of their coefficients, and those with large
//! coefficients go through the portable form.

use std::arch::x86_64::*;

use super::avx2::Avx2;
use super::eights::{self, load_words};
use super::lanes;
use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::Band;
use crate::jpeg::entropy::ac_refine::new_token;
use crate::jpeg::entropy::group::SparseBlocks;
use crate::jpeg::entropy::planes::{self, AcKernels, Changes, Planes, Refined, Wanted, Words};
use crate::jpeg::entropy::token::{ROOM, Room};

impl AcKernels for Avx2 {
    const TAKES_SPARSE: bool = true;

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
        extract(word: u64, mask: u64) -> u64 = extract;
        deposit(word: u64, mask: u64) -> u64 = deposit;
        places(block: &Block) -> u64 = places;
        change(block: &mut Block, changes: Changes, low: u32) = change;
        first(block: &Block, new: u64, band: Band, room: &mut Room, at: usize) -> usize = first;
        sparse_planes(blocks: SparseBlocks<'_>, wanted: Wanted, planes: &mut Planes) = sparse_planes;
        sparse_first(block: (u64, &[i16]), new: u64, band: Band, room: &mut Room, at: usize) -> usize = sparse_first;
    }

    #[inline(always)]
    fn refine(self, refined: Refined, band: Band, room: &mut Room, at: usize) -> usize {
        refine(self, refined, band, room, at)
    }
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn run<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn not_zero(blocks: &[Block], low: u32, words: &mut Words) {
    let count = _mm_cvtsi32_si128(low.cast_signed());
    for (block, word) in blocks.iter().zip(words) {
        let is_zero = |v| _mm256_cmpeq_epi16(_mm256_srl_epi16(_mm256_abs_epi16(v), count), _mm256_setzero_si256());
        let [a, b, c, d] = load(block);
        *word = !signs(is_zero(a), is_zero(b), is_zero(c), is_zero(d));
    }
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn bit(blocks: &[Block], low: u32, words: &mut Words) {
    let bit = _mm256_set1_epi16(1 << low);
    for (block, word) in blocks.iter().zip(words) {
        let has_bit = |v| _mm256_cmpeq_epi16(_mm256_and_si256(_mm256_abs_epi16(v), bit), bit);
        let [a, b, c, d] = load(block);
        *word = signs(has_bit(a), has_bit(b), has_bit(c), has_bit(d));
    }
}

#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn negative(blocks: &[Block], words: &mut Words) {
    for (block, word) in blocks.iter().zip(words) {
        let [a, b, c, d] = load(block);
        *word = signs(a, b, c, d);
    }
}

/// Planes of precisions below [`BYTE`](crate::jpeg::entropy::planes::BYTE), by way of bytes: the magnitude where it
/// fits one, or 255; and its lowest bits.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn all_planes(blocks: &[Block], wanted: Wanted, planes: &mut Planes) {
    let (zero, most) = (_mm256_setzero_si256(), _mm256_set1_epi16(0xFF));
    let signs = |half| u64::from(_mm256_movemask_epi8(half).cast_unsigned());
    let join = |[lower, upper]: [__m256i; 2]| signs(lower) | signs(upper) << 32;
    for (i, block) in blocks.iter().enumerate() {
        let words = load_for_packing(block);
        let magnitudes = words.map(|v| _mm256_abs_epi16(v));
        let pack = |[a, b, c, d]: [__m256i; 4]| [_mm256_packus_epi16(a, b), _mm256_packus_epi16(c, d)];
        let capped = pack(magnitudes.map(|v| _mm256_min_epu16(v, most)));
        for low in planes::filled((wanted.not_zero & !wanted.bit).into(), 16) {
            let above = _mm256_set1_epi8((0xFF_u8 << low).cast_signed());
            planes.not_zero[low][i] = !join(capped.map(|v| _mm256_cmpeq_epi8(_mm256_and_si256(v, above), zero)));
        }
        if wanted.bit == 0 {
            continue;
        }
        let lowest = pack(magnitudes.map(|v| _mm256_and_si256(v, most)));
        for low in falling(wanted.bit) {
            // To the top of each byte.
            let up = _mm_cvtsi32_si128(7 - low as i32);
            planes.bit[low][i] = join(lowest.map(|v| _mm256_sll_epi16(v, up)));
            // With this bit what was not zero without it, and what has it.
            planes.not_zero[low][i] = planes.not_zero[low + 1][i] | planes.bit[low][i];
        }
        let [a, b, c, d] = words;
        planes.negative[i] = join([_mm256_packs_epi16(a, b), _mm256_packs_epi16(c, d)]);
    }
}

/// The numbers of the bits that are set, the highest first.
#[inline(always)]
fn falling(mut bits: u16) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let low = bits.checked_ilog2()?;
        bits &= !(1 << low);
        Some(low as usize)
    })
}

/// All planes of blocks without their zeros: what is known of their values is moved to their places.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn sparse_planes(blocks: SparseBlocks<'_>, wanted: Wanted, planes: &mut Planes) {
    // What is there is not zero.
    let lows = wanted.not_zero & !1;
    for (i, &places) in blocks.places.iter().enumerate() {
        planes.not_zero[0][i] = places;
        if lows | wanted.bit == 0 {
            continue;
        }
        let values = load(first_64(blocks.block(i).1));
        let magnitudes = values.map(|v| _mm256_abs_epi16(v));
        let has_few = places.count_ones() <= 32;
        let word_of = |[a, b, c, d]: [__m256i; 4]| {
            let upper = if has_few { 0 } else { signs_of_half(c, d) };
            signs_of_half(a, b) | upper << 32
        };
        for low in planes::filled((lows & !wanted.bit).into(), 16) {
            let (down, zero) = (_mm_cvtsi32_si128(low as i32), _mm256_setzero_si256());
            let are_zero = word_of(magnitudes.map(|v| _mm256_cmpeq_epi16(_mm256_srl_epi16(v, down), zero)));
            planes.not_zero[low][i] = _pdep_u64(!are_zero, places);
        }
        for low in falling(wanted.bit) {
            // To the top of each word.
            let up = _mm_cvtsi32_si128(15 - low as i32);
            planes.bit[low][i] = _pdep_u64(word_of(magnitudes.map(|v| _mm256_sll_epi16(v, up))), places);
            // As for blocks with their zeros.
            planes.not_zero[low][i] = planes.not_zero[low + 1][i] | planes.bit[low][i];
        }
        if wanted.bit != 0 {
            planes.negative[i] = _pdep_u64(word_of(values), places);
        }
    }
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn first(block: &Block, new: u64, band: Band, room: &mut Room, at: usize) -> usize {
    let values = |position: u32, wanted| (&block[position as usize..].as_chunks().0[0], wanted);
    first_of(values, new, band, room, at).unwrap_or_else(|| planes::first(block, new, band, room, at))
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn sparse_first((places, own): (u64, &[i16]), new: u64, band: Band, room: &mut Room, at: usize) -> usize {
    let values = |position: u32, wanted| {
        let before = (places & ((1 << position) - 1)).count_ones() as usize;
        (&own[before..].as_chunks().0[0], _pext_u64(wanted, places >> position))
    };
    first_of(values, new, band, room, at).unwrap_or_else(|| planes::sparse_first((places, own), new, band, room, at))
}

/// [`AcKernels::first`] by values as [`eights::first`] asks for them; `None` where the portable form has to do it.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn first_of<'a>(
    values: impl Fn(u32, u64) -> (&'a [i16; 8], u64),
    new: u64,
    band: Band,
    room: &mut Room,
    at: usize,
) -> Option<usize> {
    if band.end - band.start > 15 && has_long_run(new, 1 << (band.start - 1)) {
        return None;
    }
    eights::first(values, new, band.low, band.start as u32, room, at)
}

/// Without instructions of its own: it is inlined wherever scans are tokenised, and compiled for those there.
#[inline(always)]
fn refine(kernels: Avx2, refined: Refined, band: Band, room: &mut Room, at: usize) -> usize {
    let Refined { new, known, negative } = refined;
    // Runs are counted among the coefficients that were zero.
    if has_long_run(kernels.extract(new, !known & band.mask()) << 1, 1) {
        return planes::refine(refined, band, room, at);
    }
    let end = at + new.count_ones() as usize;
    let (mut rest, mut next, mut to) = (new, band.start as u32, at);
    while to < end {
        for i in 0..4 {
            let k = next_of(&mut rest);
            let between = known >> (next % 64) << (next % 64) & ((1 << (k % 64)) - 1);
            let corrections = between.count_ones();
            let zeros = k.wrapping_sub(next).wrapping_sub(corrections);
            room[(to + i) % ROOM] = new_token(zeros, corrections, negative >> (k % 64) & 1 == 0);
            next = k + 1;
        }
        to += 4;
    }
    end
}

/// Takes the lowest bit out of a word and gives its place; 63 where there is none.
#[inline(always)]
fn next_of(rest: &mut u64) -> u32 {
    let k = (*rest | 1 << 63).trailing_zeros();
    *rest &= rest.wrapping_sub(1);
    k
}

/// Whether 16 bits or more that are not set lie between two that follow each other in `word`, or below the first of
/// them from the bit `before` on.
#[inline(always)]
fn has_long_run(word: u64, before: u64) -> bool {
    let one = word | before;
    let two = one | one << 1;
    let four = two | two << 2;
    let eight = four | four << 4;
    let sixteen = eight | eight << 8;
    word >> 1 & !sixteen != 0
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn filled(words: &Words, mask: u64) -> u64 {
    let (mask, zero) = (_mm256_set1_epi64x(mask.cast_signed()), _mm256_setzero_si256());
    let (fours, _) = words.as_chunks::<4>();
    fours.iter().rev().fold(0, |filled, four| {
        // SAFETY: the array has the 32 bytes that are read; no alignment is asked for.
        let four = unsafe { _mm256_loadu_si256(four.as_ptr().cast()) };
        let is_empty = _mm256_cmpeq_epi64(_mm256_and_si256(four, mask), zero);
        filled << 4 | u64::from(!_mm256_movemask_pd(_mm256_castsi256_pd(is_empty)).cast_unsigned() & 15)
    })
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn extract(word: u64, mask: u64) -> u64 {
    _pext_u64(word, mask)
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn deposit(word: u64, mask: u64) -> u64 {
    _pdep_u64(word, mask)
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn places(block: &Block) -> u64 {
    let is_zero = |v| _mm256_cmpeq_epi16(v, _mm256_setzero_si256());
    let [a, b, c, d] = load(block);
    !signs(is_zero(a), is_zero(b), is_zero(c), is_zero(d))
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn change(block: &mut Block, Changes { places, negative }: Changes, low: u32) {
    let unit = _mm256_set1_epi16(1 << low);
    let bits = _mm256_setr_epi16(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, i16::MIN);
    let values = load(block);
    let (quarters, _) = block.as_chunks_mut::<16>();
    for (i, (quarter, value)) in quarters.iter_mut().zip(values).enumerate() {
        let lanes_of = |word: u64| {
            let word = _mm256_set1_epi16((word >> (16 * i)) as i16);
            _mm256_cmpeq_epi16(_mm256_and_si256(word, bits), bits)
        };
        // Where the bit is in the magnitude already, nothing.
        let by = _mm256_and_si256(lanes_of(places), _mm256_andnot_si256(_mm256_abs_epi16(value), unit));
        let sign = _mm256_or_si256(_mm256_srai_epi16::<15>(value), lanes_of(negative));
        let changed = _mm256_add_epi16(value, _mm256_sub_epi16(_mm256_xor_si256(by, sign), sign));
        // SAFETY: the array has the 32 bytes that are written; no alignment is asked for.
        unsafe { _mm256_storeu_si256(quarter.as_mut_ptr().cast(), changed) };
    }
}

/// Values that the caller has behind each place that it gives.
#[inline(always)]
fn first_64(values: &[i16]) -> &Block {
    let (blocks, _) = values.as_chunks();
    &blocks[0]
}

/// The signs of 64 words.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn signs(a: __m256i, b: __m256i, c: __m256i, d: __m256i) -> u64 {
    signs_of_half(a, b) | signs_of_half(c, d) << 32
}

/// The signs of 32 words. They become bytes, in both halves of the vector by themselves; the quarters are put in order
/// after it.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn signs_of_half(a: __m256i, b: __m256i) -> u64 {
    let packed = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi16(a, b));
    u64::from(_mm256_movemask_epi8(packed).cast_unsigned())
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn load(block: &Block) -> [__m256i; 4] {
    let (quarters, _) = block.as_chunks::<16>();
    // SAFETY: the array has the 32 bytes that are read; no alignment is asked for.
    let load = |from: &[i16; 16]| unsafe { _mm256_loadu_si256(from.as_ptr().cast()) };
    [load(&quarters[0]), load(&quarters[1]), load(&quarters[2]), load(&quarters[3])]
}

/// A block in such an order that what two vectors are packed to has it in its own.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn load_for_packing(block: &Block) -> [__m256i; 4] {
    let (eights, _) = block.as_chunks::<8>();
    let both = |lower: usize, upper: usize| _mm256_set_m128i(load_words(&eights[upper]), load_words(&eights[lower]));
    [both(0, 2), both(1, 3), both(4, 6), both(5, 7)]
}
