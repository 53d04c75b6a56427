//! Bit planes of a group of blocks: for each block a word of 64 bits, one for each coefficient in zigzag order, that
//! says which coefficients are not zero at a precision, have a certain bit set, or are negative. The scans of a band
//! follow from them without another look at the coefficients that are zero.

use super::ac_first::put_coefficient;
use super::ac_refine::{correct, new_token, through_16th};
use super::group::SparseBlocks;
use super::token::{Room, Token, ZRL};
use super::{Band, pairs};
use crate::jpeg::coeff::Block;

/// Blocks of a group at most: 8 KiB of coefficients, which the scans of a component find in the first cache.
pub(crate) const GROUP: usize = 64;

/// A word for each block of a group.
pub(crate) type Words = [u64; GROUP];

/// Precisions that the bytes of magnitudes tell about: below Al = 8.
pub(crate) const BYTE: u32 = 8;

/// Precisions a scan may ask for: Al of 0 to 13, and one more for what was known before the first refinement.
const LOWS: usize = 15;

/// The inner loops of AC scans. The provided methods are their specification, in plain Rust; an implementation may do
/// the same with the instructions of a processor.
pub(crate) trait AcKernels: Copy + Send + Sync {
    /// Runs a piece of work, compiled for these instructions as far as it is inlined.
    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }

    /// For each block, the coefficients whose magnitude without its `low` lowest bits is not zero.
    #[inline(always)]
    fn not_zero(self, blocks: &[Block], low: u32, words: &mut Words) {
        collect(blocks, words, |value| value.unsigned_abs() >> low != 0);
    }

    /// For each block, the coefficients whose magnitude has bit `low` set.
    #[inline(always)]
    fn bit(self, blocks: &[Block], low: u32, words: &mut Words) {
        collect(blocks, words, |value| value.unsigned_abs() >> low & 1 != 0);
    }

    /// For each block, the coefficients that are negative.
    #[inline(always)]
    fn negative(self, blocks: &[Block], words: &mut Words) {
        collect(blocks, words, |value| value < 0);
    }

    /// All planes that are wanted of a group of blocks.
    #[inline(always)]
    fn planes(self, blocks: &[Block], wanted: Wanted, planes: &mut Planes) {
        planes.fill_one_by_one(self, blocks, wanted);
    }

    /// Which words have something in `mask`: a bit for each.
    #[inline(always)]
    fn filled(self, words: &Words, mask: u64) -> u64 {
        words.iter().rev().fold(0, |filled, word| filled << 1 | u64::from(word & mask != 0))
    }

    /// The bits of `word` that `mask` selects, moved together at the bottom.
    #[inline(always)]
    fn extract(self, word: u64, mut mask: u64) -> u64 {
        let (mut out, mut at) = (0, 0);
        while mask != 0 {
            out |= (word >> mask.trailing_zeros() & 1) << at;
            mask &= mask - 1;
            at += 1;
        }
        out
    }

    /// The lowest bits of `word`, moved to those that `mask` selects.
    #[inline(always)]
    fn deposit(self, mut word: u64, mut mask: u64) -> u64 {
        let mut out = 0;
        while mask != 0 {
            out |= (word & 1) << mask.trailing_zeros();
            mask &= mask - 1;
            word >>= 1;
        }
        out
    }

    /// The coefficients of a block that are not zero.
    #[inline(always)]
    fn places(self, block: &Block) -> u64 {
        word_of(block, |value| value != 0)
    }

    /// Does to a block what a refinement to Al `low` says of it.
    #[inline(always)]
    fn change(self, block: &mut Block, Changes { places, negative }: Changes, low: u32) {
        for k in filled(places, 64) {
            match block[k] {
                0 if negative >> k & 1 == 1 => block[k] = -1 << low,
                0 => block[k] = 1 << low,
                _ => correct(&mut block[k], low),
            }
        }
    }

    /// Whether to compress blocks is quicker than to leave out their zeros as they come.
    const COMPRESSES: bool = false;

    /// Moves the first coefficient of a block and all that are not zero together, and returns their places. Behind them
    /// may be anything.
    #[inline(always)]
    fn compress(self, block: &pairs::Room, values: &mut pairs::Room) -> u64 {
        let (blocks, _) = block.as_chunks();
        let places = self.places(&blocks[0]) | 1;
        for (value, k) in values.iter_mut().zip(filled(places, 64)) {
            *value = block[k];
        }
        places
    }

    /// Puts values, of which there are enough, at the places of a block and zeros elsewhere. Behind the block may be
    /// anything.
    #[inline(always)]
    fn expand(self, places: u64, values: &[i16], room: &mut pairs::Room) {
        expand(places, values, room);
    }

    /// Whether scans had better take blocks without their zeros as they are. If not, they are unpacked for them.
    const TAKES_SPARSE: bool = false;

    /// [`AcKernels::planes`] of blocks without their zeros; of their first coefficients they may say anything.
    #[inline(always)]
    fn sparse_planes(self, blocks: SparseBlocks<'_>, wanted: Wanted, planes: &mut Planes) {
        sparse_planes(blocks, wanted, planes);
    }

    /// [`AcKernels::first`] of a block without its zeros, which has coefficients at these places.
    #[inline(always)]
    fn sparse_first(self, (places, values): (u64, &[i16]), new: u64, band: Band, room: &mut Room, at: usize) -> usize {
        sparse_first((places, values), new, band, room, at)
    }

    /// Puts the tokens of a first scan for the coefficients in `new`, which is not empty and within the band, into
    /// `room` from `at` on, which is 0 or 1. Returns where they end.
    #[inline(always)]
    fn first(self, block: &Block, new: u64, band: Band, room: &mut Room, at: usize) -> usize {
        first(block, new, band, room, at)
    }

    /// Puts the tokens of a refinement for the coefficients in `refined` into `room` as [`AcKernels::first`] does.
    #[inline(always)]
    fn refine(self, refined: Refined, band: Band, room: &mut Room, at: usize) -> usize {
        refine(refined, band, room, at)
    }
}

/// Values that are moved at once, wanted or not: how many a block has is hard to foresee for a processor.
pub(crate) const AT_ONCE: usize = 4;

#[inline(always)]
fn expand(mut places: u64, values: &[i16], room: &mut pairs::Room) {
    room[..64].fill(0);
    let count = (places.count_ones() as usize).div_ceil(AT_ONCE);
    for four in values.as_chunks::<AT_ONCE>().0.iter().take(count) {
        for &value in four {
            // Behind the block where there are no more.
            room[places.trailing_zeros() as usize % pairs::ROOM] = value;
            places &= places.wrapping_sub(1);
        }
    }
}

/// [`AcKernels::first`], for implementations that leave some blocks to it.
#[inline(always)]
pub(crate) fn first(block: &Block, new: u64, band: Band, room: &mut Room, at: usize) -> usize {
    first_of(|k| block[k as usize], new, band, room, at)
}

/// [`AcKernels::sparse_first`], for implementations that leave some blocks to it.
#[inline(always)]
pub(crate) fn sparse_first((places, values): (u64, &[i16]), new: u64, band: Band, room: &mut Room, at: usize) -> usize {
    first_of(|k| values[(places & below(k)).count_ones() as usize], new, band, room, at)
}

/// [`AcKernels::first`] by the value at each of the positions in `new`.
#[inline(always)]
fn first_of(value: impl Fn(u32) -> i16, mut new: u64, band: Band, room: &mut Room, mut at: usize) -> usize {
    let mut next = band.start as u32;
    while new != 0 {
        let k = new.trailing_zeros();
        new &= new - 1;
        let mut zeros = k - next;
        while zeros > 15 {
            room[at] = ZRL;
            at += 1;
            zeros -= 16;
        }
        at = put_coefficient(value(k), zeros, band.low, room, at);
        next = k + 1;
    }
    at
}

/// [`AcKernels::sparse_planes`], a value after the other.
#[inline(always)]
fn sparse_planes(blocks: SparseBlocks<'_>, wanted: Wanted, planes: &mut Planes) {
    for i in 0..blocks.places.len() {
        let (places, values) = blocks.block(i);
        let word = |holds: &dyn Fn(i16) -> bool| {
            let bit = |(k, &value)| u64::from(holds(value)) << k;
            filled(places, 64).zip(values).map(bit).fold(0, |word, bit| word | bit)
        };
        for low in (0..LOWS).filter(|low| wanted.not_zero >> low & 1 == 1) {
            planes.not_zero[low][i] = word(&|value| value.unsigned_abs() >> low != 0);
        }
        for low in (0..LOWS).filter(|low| wanted.bit >> low & 1 == 1) {
            planes.bit[low][i] = word(&|value| value.unsigned_abs() >> low & 1 != 0);
        }
        if wanted.bit != 0 {
            planes.negative[i] = word(&|value| value < 0);
        }
    }
}

/// [`AcKernels::refine`], for implementations that leave some blocks to it.
#[inline(always)]
pub(crate) fn refine(refined: Refined, band: Band, room: &mut Room, mut at: usize) -> usize {
    let Refined { mut new, known, negative } = refined;
    // The positions since the last token.
    let mut rest = u64::MAX << band.start;
    while new != 0 {
        let k = new.trailing_zeros();
        new &= new - 1;
        let mut between = rest & ((1 << k) - 1);
        let mut zeros = (between & !known).count_ones();
        while zeros > 15 {
            // A run of 16 zeros ends at the 16th, and takes the corrections before it along.
            let through = through_16th(between & !known);
            room[at] = ((between & through & known).count_ones() << 8) as Token | ZRL;
            at += 1;
            between &= !through;
            zeros -= 16;
        }
        room[at] = new_token(zeros, (between & known).count_ones(), negative >> k & 1 == 0);
        at += 1;
        rest = u64::MAX << k << 1;
    }
    at
}

/// The coefficients of a block that a refinement tells about, as planes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refined {
    /// Those that are not zero now, but were at the precision before; not empty, and within the band.
    pub(crate) new: u64,
    /// Those that were not zero before, within the band.
    pub(crate) known: u64,
    pub(crate) negative: u64,
}

/// What a refinement says of a block.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Changes {
    /// Coefficients that move away from zero, those included that were zero before.
    pub(crate) places: u64,
    /// Those of them that were, and become negative.
    pub(crate) negative: u64,
}

/// The planes of the group at hand.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Planes {
    pub(crate) not_zero: [Words; LOWS],
    pub(crate) bit: [Words; LOWS],
    pub(crate) negative: Words,
}

/// Which planes the scans of a component look at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wanted {
    /// Bit sets of `low`. Where a bit is wanted, so is what is not zero with it and without it.
    pub(crate) not_zero: u16,
    pub(crate) bit: u16,
}

impl Wanted {
    /// Adds what a first scan at Al `low` looks at.
    pub(crate) fn first(&mut self, low: u8) {
        self.not_zero |= 1 << low;
    }

    /// Whether the bytes of magnitudes tell all.
    #[inline(always)]
    pub(crate) fn are_of_bytes(self) -> bool {
        (self.not_zero | self.bit) >> BYTE == 0
    }

    /// Adds what a refinement to Al `low` looks at.
    pub(crate) fn refinement(&mut self, low: u8) {
        self.not_zero |= 3 << low;
        self.bit |= 1 << low;
    }
}

impl Planes {
    pub(crate) fn new() -> Self {
        Self { not_zero: [[0; GROUP]; LOWS], bit: [[0; GROUP]; LOWS], negative: [0; GROUP] }
    }

    /// [`AcKernels::planes`], a plane after the other.
    #[inline(always)]
    pub(crate) fn fill_one_by_one(&mut self, kernels: impl AcKernels, blocks: &[Block], wanted: Wanted) {
        for low in (0..LOWS).filter(|low| wanted.not_zero >> low & 1 == 1) {
            kernels.not_zero(blocks, low as u32, &mut self.not_zero[low]);
        }
        for low in (0..LOWS).filter(|low| wanted.bit >> low & 1 == 1) {
            kernels.bit(blocks, low as u32, &mut self.bit[low]);
        }
        if wanted.bit != 0 {
            kernels.negative(blocks, &mut self.negative);
        }
    }

    pub(crate) fn not_zero(&self, low: u32) -> &Words {
        &self.not_zero[low as usize]
    }

    pub(crate) fn bit(&self, low: u32) -> &Words {
        &self.bit[low as usize]
    }

    pub(crate) fn negative(&self) -> &Words {
        &self.negative
    }
}

/// The places of the bits of a word below bit `end`, of 0 to 64, from the lowest.
#[inline(always)]
pub(crate) fn filled(word: u64, end: usize) -> impl Iterator<Item = usize> {
    let mut rest = word & below(end as u32);
    std::iter::from_fn(move || {
        let i = rest.trailing_zeros() as usize;
        rest &= rest.wrapping_sub(1);
        (i < GROUP).then_some(i)
    })
}

/// The bits below bit `k`, of 0 to 64.
#[inline(always)]
pub(crate) fn below(k: u32) -> u64 {
    if k < 64 { (1 << k) - 1 } else { u64::MAX }
}

#[inline(always)]
fn collect(blocks: &[Block], words: &mut Words, holds: impl Fn(i16) -> bool + Copy) {
    for (block, word) in blocks.iter().zip(words) {
        *word = word_of(block, holds);
    }
}

#[inline(always)]
fn word_of(block: &Block, holds: impl Fn(i16) -> bool) -> u64 {
    let bytes = block.map(|value| u8::from(holds(value)));
    let (eights, _) = bytes.as_chunks::<8>();
    eights.iter().enumerate().fold(0, |word, (i, &eight)| {
        // Eight bytes of 0 or 1: the multiplication moves the lowest bit of byte i to bit i of the top byte.
        word | u64::from_le_bytes(eight).wrapping_mul(0x0102_0408_1020_4080) >> 56 << (8 * i)
    })
}
