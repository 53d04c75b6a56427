//! Blocks of a row of a component, of which its scans take a group at a time: with their zeros or without.

use super::Band;
use super::planes::{AcKernels, Planes, Wanted};
use super::token::Room;
use crate::jpeg::coeff::Block;

/// Some blocks that lie side by side.
pub(crate) trait Group: Copy {
    fn len(self) -> usize;

    /// So many of them, and those behind.
    fn split_at(self, count: usize) -> (Self, Self);

    /// The DC coefficient of each.
    fn dc(self) -> impl Iterator<Item = i16>;

    /// The planes that are wanted of a group.
    fn planes(self, kernels: impl AcKernels, wanted: Wanted, planes: &mut Planes);

    /// Tokens of a first scan of the block with this number, as [`AcKernels::first`] puts them.
    fn put_first(self, kernels: impl AcKernels, i: usize, new: u64, band: Band, room: &mut Room, at: usize) -> usize;
}

/// Blocks without their zeros.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SparseBlocks<'a> {
    /// Of each block, its first coefficient and all that are not zero.
    pub(crate) places: &'a [u64],
    /// Where the values of each begin.
    pub(crate) starts: &'a [u32],
    /// Behind those of the last block there are [`BEHIND`] more, whatever they are.
    pub(crate) values: &'a [i16],
    /// What is to be added to the first of each block.
    pub(crate) offset: i16,
}

/// Values that may be looked at from where those of a block begin.
pub(crate) const BEHIND: usize = 64;

impl<'a> SparseBlocks<'a> {
    /// The places of a block, and its values with some more behind them.
    #[inline(always)]
    pub(crate) fn block(self, i: usize) -> (u64, &'a [i16]) {
        (self.places[i], &self.values[self.starts[i] as usize..])
    }
}

impl Group for &[Block] {
    #[inline(always)]
    fn len(self) -> usize {
        <[Block]>::len(self)
    }

    #[inline(always)]
    fn split_at(self, count: usize) -> (Self, Self) {
        <[Block]>::split_at(self, count)
    }

    #[inline(always)]
    fn dc(self) -> impl Iterator<Item = i16> {
        self.iter().map(|block| block[0])
    }

    #[inline(always)]
    fn planes(self, kernels: impl AcKernels, wanted: Wanted, planes: &mut Planes) {
        kernels.planes(self, wanted, planes);
    }

    #[inline(always)]
    fn put_first(self, kernels: impl AcKernels, i: usize, new: u64, band: Band, room: &mut Room, at: usize) -> usize {
        kernels.first(&self[i], new, band, room, at)
    }
}

impl Group for SparseBlocks<'_> {
    #[inline(always)]
    fn len(self) -> usize {
        self.places.len()
    }

    #[inline(always)]
    fn split_at(self, count: usize) -> (Self, Self) {
        let (places, starts) = (self.places.split_at(count), self.starts.split_at(count));
        (Self { places: places.0, starts: starts.0, ..self }, Self { places: places.1, starts: starts.1, ..self })
    }

    #[inline(always)]
    fn dc(self) -> impl Iterator<Item = i16> {
        self.starts.iter().map(move |&start| self.values[start as usize].wrapping_add(self.offset))
    }

    #[inline(always)]
    fn planes(self, kernels: impl AcKernels, wanted: Wanted, planes: &mut Planes) {
        kernels.sparse_planes(self, wanted, planes);
    }

    #[inline(always)]
    fn put_first(self, kernels: impl AcKernels, i: usize, new: u64, band: Band, room: &mut Room, at: usize) -> usize {
        kernels.sparse_first(self.block(i), new, band, room, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::entropy::planes::{GROUP, Words};
    use crate::jpeg::entropy::token::ROOM;
    use crate::jpeg::simd::noise::{Noise, random_blocks};
    use crate::jpeg::simd::{Level, Scalar, Simd};

    #[test]
    fn scans_take_the_same_without_zeros() {
        sparse_is_as_blocks_are(Scalar);
        #[cfg(target_arch = "x86_64")]
        if let Ok(Level::Avx2(kernels)) = Simd::Avx2.level() {
            sparse_is_as_blocks_are(kernels);
        } else {
            eprintln!("skipped: this processor has no AVX2");
        }
        #[cfg(target_arch = "x86_64")]
        if let Ok(Level::Avx512(kernels)) = Simd::Avx512.level() {
            sparse_is_as_blocks_are(kernels);
        } else {
            eprintln!("skipped: this processor has no AVX-512 with VBMI2");
        }
    }

    /// What is made of blocks without their zeros is what is made of the blocks.
    fn sparse_is_as_blocks_are(kernels: impl AcKernels) {
        let mut noise = Noise(9);
        for round in 0..300_usize {
            let blocks = random_blocks(&mut noise);
            let blocks = &blocks[..if round.is_multiple_of(4) { round % GROUP } else { GROUP }];
            let (mut places, mut starts, mut values) = (Vec::new(), Vec::new(), Vec::new());
            for block in blocks {
                starts.push(values.len() as u32);
                places.push(Scalar.places(block) | 1);
                values.push(block[0]);
                values.extend(block[1..].iter().filter(|&&value| value != 0));
            }
            values.extend((0..BEHIND).map(|_| i16::from(noise.next())));
            let sparse = SparseBlocks { places: &places, starts: &starts, values: &values, offset: 3 };
            assert!(sparse.dc().eq(blocks.iter().map(|block| block[0].wrapping_add(3))));
            let (low, mut wanted) = (noise.next() % 14, Wanted::default());
            if round.is_multiple_of(3) {
                wanted.first(low)
            } else {
                wanted.refinement(low)
            }
            let (mut got, mut expected) = (Planes::new(), Planes::new());
            kernels.sparse_planes(sparse, wanted, &mut got);
            Scalar.planes(blocks, wanted, &mut expected);
            // That of the first coefficients may be anything, and a plane that nobody wanted, too.
            let ac = |words: &Words| words.map(|word| word & !1);
            for low in 0..14 {
                if wanted.not_zero >> low & 1 == 1 {
                    assert_eq!(ac(got.not_zero(low)), ac(expected.not_zero(low)), "not zero, {wanted:?}");
                }
                if wanted.bit >> low & 1 == 1 {
                    assert_eq!(ac(got.bit(low)), ac(expected.bit(low)), "bit, {wanted:?}");
                    assert_eq!(ac(got.negative()), ac(expected.negative()), "negative, {wanted:?}");
                }
            }
            let start = 1 + usize::from(noise.next()) % 63;
            let band = Band { start, end: start + usize::from(noise.next()) % (64 - start), low: low.into() };
            for (i, block) in blocks.iter().enumerate() {
                let new = expected.not_zero(band.low)[i] & band.mask();
                let (mut room, mut expected) = ([0; ROOM], [0; ROOM]);
                if new != 0 {
                    let end = kernels.sparse_first(sparse.block(i), new, band, &mut room, i % 2);
                    assert_eq!(end, Scalar.first(block, new, band, &mut expected, i % 2));
                    assert_eq!(room[i % 2..end], expected[i % 2..end], "first, {band:?} of {block:?}");
                }
            }
        }
    }
}
