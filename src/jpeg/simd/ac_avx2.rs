//! The inner loops of AC scans on AVX2 and BMI: planes from vectors, bits moved by one instruction, and the rest of the
//! portable form compiled anew.

use std::arch::x86_64::*;

use super::avx2::Avx2;
use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::planes::{AcKernels, Words};

impl AcKernels for Avx2 {
    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        // SAFETY: `self` proves that the processor has these instructions.
        unsafe { run(work) }
    }

    #[inline(always)]
    fn not_zero(self, blocks: &[Block], low: u32, words: &mut Words) {
        // SAFETY: `self` proves that the processor has these instructions.
        unsafe { not_zero(blocks, low, words) }
    }

    #[inline(always)]
    fn bit(self, blocks: &[Block], low: u32, words: &mut Words) {
        // SAFETY: `self` proves that the processor has these instructions.
        unsafe { bit(blocks, low, words) }
    }

    #[inline(always)]
    fn negative(self, blocks: &[Block], words: &mut Words) {
        // SAFETY: `self` proves that the processor has these instructions.
        unsafe { negative(blocks, words) }
    }

    #[inline(always)]
    fn extract(self, word: u64, mask: u64) -> u64 {
        // SAFETY: `self` proves that the processor has these instructions.
        unsafe { extract(word, mask) }
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

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn extract(word: u64, mask: u64) -> u64 {
    _pext_u64(word, mask)
}

/// The signs of 64 words.
#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn signs(a: __m256i, b: __m256i, c: __m256i, d: __m256i) -> u64 {
    // The words become bytes, in both halves of the vector by themselves; the quarters are put in order after it.
    let pack = |a, b| {
        let packed = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi16(a, b));
        u64::from(_mm256_movemask_epi8(packed).cast_unsigned())
    };
    pack(a, b) | pack(c, d) << 32
}

#[inline]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn load(block: &Block) -> [__m256i; 4] {
    let (quarters, _) = block.as_chunks::<16>();
    // SAFETY: the array has the 32 bytes that are read; no alignment is asked for.
    let load = |from: &[i16; 16]| unsafe { _mm256_loadu_si256(from.as_ptr().cast()) };
    [load(&quarters[0]), load(&quarters[1]), load(&quarters[2]), load(&quarters[3])]
}
