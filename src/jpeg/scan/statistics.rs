//! What the AC scans of a component cost follows from these numbers, for every band and point transform, without making
//! the scans: how often each size follows each gap, and which blocks have what in which coefficient.

use super::sample::MOST_BLOCKS;
use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::planes::{AcKernels, GROUP, Words};

/// Point transforms that are looked at: Al of 0 to 3.
pub(crate) const LOWS: usize = 4;

/// How many coefficients of position k followed one of position p, the last before it in its block that is not zero, or
/// none (0): by size in a first scan, by the zeros between them, modulo 16, in a refinement. See [`pair`].
pub(super) type Pairs = Vec<[u16; 16]>;

/// The index of positions p < k.
pub(super) fn pair(p: usize, k: usize) -> usize {
    k * (k - 1) / 2 + p
}

/// Statistics of the blocks of a component that were counted.
#[derive(Debug)]
pub(crate) struct Statistics {
    blocks: usize,
    /// For each precision and block, which coefficients are not zero.
    words: [Vec<u64>; LOWS],
    /// The same turned over: for each coefficient a string of bits, one for each block.
    planes: [Vec<u64>; LOWS],
    firsts: [Pairs; LOWS],
}

impl Statistics {
    /// For `lows` precisions.
    pub(super) fn new(lows: usize) -> Self {
        let firsts = |low| if low < lows { vec![[0; 16]; pair(0, 64)] } else { Vec::new() };
        Self {
            blocks: 0,
            words: [const { Vec::new() }; LOWS],
            planes: [const { Vec::new() }; LOWS],
            firsts: std::array::from_fn(firsts),
        }
    }

    /// Adds a row of blocks, as far as there is room.
    #[inline(always)]
    pub(super) fn row(&mut self, kernels: impl AcKernels, row: &[Block]) {
        let mut words: [Words; LOWS] = [[0; GROUP]; LOWS];
        for blocks in row[..row.len().min(MOST_BLOCKS - self.blocks)].chunks(GROUP) {
            self.blocks += blocks.len();
            for (low, pairs) in self.firsts.iter_mut().enumerate().filter(|(_, pairs)| !pairs.is_empty()) {
                let words = &mut words[low];
                kernels.not_zero(blocks, low as u32, words);
                self.words[low].extend_from_slice(&words[..blocks.len()]);
                for (block, &word) in blocks.iter().zip(&*words) {
                    count(block, word, low as u32, pairs);
                }
            }
        }
    }

    /// Turns the words over. Nothing is added after it.
    #[inline(always)]
    pub(super) fn finish(&mut self) {
        for (words, planes) in self.words.iter().zip(&mut self.planes) {
            let long = words.len().div_ceil(64);
            *planes = vec![0; 64 * long];
            for (i, words) in words.chunks(64).enumerate() {
                let mut square = [0; 64];
                square[..words.len()].copy_from_slice(words);
                transpose(&mut square);
                for (plane, bits) in planes.chunks_exact_mut(long).zip(square) {
                    plane[i] = bits;
                }
            }
        }
    }

    pub(super) fn blocks(&self) -> usize {
        self.blocks
    }

    /// Which blocks have a coefficient that is not zero at a precision, of position `k`.
    pub(super) fn plane(&self, low: usize, k: usize) -> &[u64] {
        let long = self.planes[low].len() / 64;
        &self.planes[low][k * long..][..long]
    }

    pub(super) fn words(&self, low: usize) -> &[u64] {
        &self.words[low]
    }

    pub(super) fn firsts(&self, low: usize) -> &Pairs {
        &self.firsts[low]
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
