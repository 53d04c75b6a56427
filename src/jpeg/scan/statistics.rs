//! What the AC scans of a component cost follows from these numbers, for every band and point transform, without making
//! the scans: how often each size follows each gap, and which blocks have what in which coefficient.

use super::sample::MOST_BLOCKS;
use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::planes::{AcKernels, GROUP, Words};

/// How many coefficients of position k followed one of position p, the last before it in its block that is not zero, or
/// none (0): by size in a first scan, by the zeros between them, modulo 16, in a refinement. See [`pair`].
pub(super) type Pairs = Vec<[u16; 16]>;

/// About so many bytes a precision takes of which so many blocks were counted: its words, its planes and those of its
/// refinement, and pairs for both.
pub(super) fn bytes(blocks: u64) -> u64 {
    blocks * 3 * 8 + 2 * (pair(0, 64) * size_of::<[u16; 16]>()) as u64
}

/// The index of positions p < k.
pub(super) fn pair(p: usize, k: usize) -> usize {
    k * (k - 1) / 2 + p
}

/// Statistics of the blocks of a component that were counted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Statistics {
    /// Those of each precision, of Al 0 and so on: one at least.
    precisions: Vec<Precision>,
}

/// What is counted of coefficients at a precision.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Precision {
    low: u32,
    /// For each block, which coefficients are not zero.
    words: Vec<u64>,
    /// The same turned over: for each coefficient a string of bits, one for each block.
    planes: Vec<u64>,
    firsts: Pairs,
}

impl Statistics {
    /// Those of the same blocks at precisions from Al 0 on, in any order.
    pub(super) fn of(mut precisions: Vec<Precision>) -> Self {
        precisions.sort_by_key(|precision| precision.low);
        Self { precisions }
    }

    /// How many precisions there are.
    pub(super) fn lows(&self) -> usize {
        self.precisions.len()
    }

    pub(super) fn blocks(&self) -> usize {
        self.precisions[0].words.len()
    }

    /// Which blocks have a coefficient that is not zero at a precision, of position `k`.
    pub(super) fn plane(&self, low: usize, k: usize) -> &[u64] {
        let planes = &self.precisions[low].planes;
        let long = planes.len() / 64;
        &planes[k * long..][..long]
    }

    pub(super) fn words(&self, low: usize) -> &[u64] {
        &self.precisions[low].words
    }

    pub(super) fn firsts(&self, low: usize) -> &Pairs {
        &self.precisions[low].firsts
    }
}

impl Precision {
    pub(super) fn new(low: usize) -> Self {
        Self { low: low as u32, words: Vec::new(), planes: Vec::new(), firsts: vec![[0; 16]; pair(0, 64)] }
    }

    /// Counts a row of blocks, as far as there is room.
    #[inline(always)]
    pub(super) fn row(&mut self, kernels: impl AcKernels, row: &[Block]) {
        let mut words: Words = [0; GROUP];
        for blocks in row[..row.len().min(MOST_BLOCKS - self.words.len())].chunks(GROUP) {
            kernels.not_zero(blocks, self.low, &mut words);
            self.words.extend_from_slice(&words[..blocks.len()]);
            for (block, &word) in blocks.iter().zip(&words) {
                count(block, word, self.low, &mut self.firsts);
            }
        }
    }

    /// Makes strings of bits of the words, once all is counted.
    #[inline(always)]
    pub(super) fn turn_over(&mut self) {
        let long = self.words.len().div_ceil(64);
        self.planes = vec![0; 64 * long];
        for (i, words) in self.words.chunks(64).enumerate() {
            let mut square = [0; 64];
            square[..words.len()].copy_from_slice(words);
            transpose(&mut square);
            for (plane, bits) in self.planes.chunks_exact_mut(long).zip(square) {
                plane[i] = bits;
            }
        }
    }
}

#[inline(always)]
fn count(block: &Block, word: u64, low: u32, pairs: &mut Pairs) {
    let mut rest = word & !1;
    let mut last = 0;
    while rest != 0 {
        let k = rest.trailing_zeros() as usize;
        rest &= rest - 1;
        let size = 16 - (block[k].unsigned_abs() >> low).leading_zeros();
        // A size of 16 fits no scan; the file is refused when it is written.
        pairs[pair(last, k)][size as usize % 16] += 1;
        last = k;
    }
}

/// Bit i of word j becomes bit j of word i.
#[inline(always)]
fn transpose(square: &mut [u64; 64]) {
    const MASKS: [u64; 6] = [
        0x0000_0000_FFFF_FFFF,
        0x0000_FFFF_0000_FFFF,
        0x00FF_00FF_00FF_00FF,
        0x0F0F_0F0F_0F0F_0F0F,
        0x3333_3333_3333_3333,
        0x5555_5555_5555_5555,
    ];
    for (i, mask) in MASKS.into_iter().enumerate() {
        let half = 32 >> i;
        for pair in square.chunks_exact_mut(2 * half) {
            let (upper, lower) = pair.split_at_mut(half);
            for (a, b) in upper.iter_mut().zip(lower) {
                let swapped = (*a >> half ^ *b) & mask;
                *b ^= swapped;
                *a ^= swapped << half;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_is_turned_over() {
        let mut state = 1u64;
        let square: [u64; 64] = std::array::from_fn(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ state >> 29
        });
        let mut turned = square;
        transpose(&mut turned);
        for (i, row) in turned.iter().enumerate() {
            for (j, column) in square.iter().enumerate() {
                assert_eq!(row >> j & 1, column >> i & 1);
            }
        }
    }
}
