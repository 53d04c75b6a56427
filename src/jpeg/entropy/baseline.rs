//! Sequential scans: a DC difference and all AC coefficients of a block at once (T.81 F.1.2, F.2.2).

use std::borrow::Cow;

use super::pairs::{Pairs, ROOM, Sink};
use super::planes::{AcKernels, filled};
use super::token::{SlotKind, Tokens, ZRL, to_sequential};
use super::{Band, Fault, OUT_OF_RANGE, PerComponent, ReadBlocks, dc_first};
use crate::jpeg::bits::{BitReader, Place};
use crate::jpeg::coeff::Block;
use crate::jpeg::frame::MAX_COMPONENTS;
use crate::jpeg::huffman::{Decoder, HuffmanTable};

/// Reads sequential scans.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    dc: dc_first::Reader,
    ac: PerComponent<Pairs>,
}

impl Reader {
    /// With the DC and the AC tables of each component of the scan.
    pub(crate) fn new(dc: &[Cow<'_, HuffmanTable>], ac: &[Cow<'_, HuffmanTable>]) -> Self {
        Self { dc: dc_first::Reader::new(dc, 0), ac: PerComponent::new(ac, Pairs::new) }
    }

    /// The DC coefficients from which the next ones differ.
    pub(crate) fn predictions(&self) -> [i32; MAX_COMPONENTS] {
        self.dc.predictions()
    }

    /// Reads a block.
    #[inline(always)]
    pub(crate) fn read_into(
        &mut self,
        bits: &mut BitReader<'_>,
        slot: usize,
        sink: &mut impl Sink,
    ) -> Result<(), Fault> {
        sink.begin(in_range(self.dc.next(bits, slot)?)?);
        self.ac.of(slot).read(bits, sink)
    }
}

impl ReadBlocks for Reader {
    const BYTES: u64 = Pairs::BYTES + Decoder::BYTES;
    type Place = Place;
    type Input<'a> = BitReader<'a>;

    fn restart(&mut self) {
        self.dc.restart();
    }

    #[inline(always)]
    fn read(&mut self, bits: &mut BitReader<'_>, slot: usize, block: &mut Block) -> Result<(), Fault> {
        block[0] = in_range(self.dc.next(bits, slot)?)?;
        let mut room = [0; ROOM];
        let outcome = self.ac.of(slot).read(bits, &mut room);
        // A second scan of the same coefficients changes those that it has.
        for (value, new) in block[1..].iter_mut().zip(&room[1..]) {
            *value = if *new == 0 { *value } else { *new };
        }
        outcome
    }
}

/// Turns blocks into the tokens of a sequential scan.
#[derive(Debug)]
pub(crate) struct Tokeniser {
    /// The table, 0 or 1, of each component of the scan.
    tables: [usize; MAX_COMPONENTS],
    predictions: [i32; MAX_COMPONENTS],
}

impl Tokeniser {
    pub(crate) fn new(tables: [usize; MAX_COMPONENTS]) -> Self {
        Self { tables, predictions: [0; MAX_COMPONENTS] }
    }

    /// Forgets what went before, as at a restart marker.
    pub(crate) fn restart(&mut self) {
        self.predictions = [0; MAX_COMPONENTS];
    }
}

/// Slots of the AC tables come after those of the DC tables.
const AC_SLOT: usize = 2;
/// The AC coefficients.
const BAND: Band = Band { start: 1, end: 63, low: 0 };

/// A tokeniser and the instructions that it may use.
pub(crate) struct Using<'a, K> {
    pub(crate) kernels: K,
    pub(crate) tokeniser: &'a mut Tokeniser,
}

impl<K: AcKernels> Using<'_, K> {
    /// Some blocks of the component at position `slot` of the scan header.
    #[inline(always)]
    pub(crate) fn blocks(&mut self, slot: usize, blocks: &[Block], tokens: &mut Tokens) {
        blocks.iter().for_each(|block| self.block(slot, block, tokens));
    }

    /// A block of it.
    #[inline(always)]
    pub(crate) fn block(&mut self, slot: usize, block: &Block, tokens: &mut Tokens) {
        let Self { kernels, tokeniser: Tokeniser { tables, predictions } } = self;
        let (dc, table) = (i32::from(block[0]), tables[slot]);
        dc_first::push_difference(SlotKind::Sequential, table, dc - predictions[slot], tokens);
        predictions[slot] = dc;
        let places = kernels.places(block) & BAND.mask();
        if places != 0 {
            let room = tokens.room();
            let end = kernels.first(block, places, BAND, room, 0);
            if to_sequential(&mut room[..end], AC_SLOT + table) {
                tokens.advance(end);
            } else {
                push_each(block, places, table, tokens);
            }
        }
        if places >> BAND.end == 0 {
            tokens.push(SlotKind::Sequential, AC_SLOT + table, 0, 0, 0);
        }
    }

    /// A block that stands outside the picture and fills up an interleaved MCU; it costs as little as can be.
    pub(crate) fn padding(&mut self, slot: usize, tokens: &mut Tokens) {
        let table = self.tokeniser.tables[slot];
        tokens.push(SlotKind::Sequential, table, 0, 0, 0);
        tokens.push(SlotKind::Sequential, AC_SLOT + table, 0, 0, 0);
    }
}

/// AC coefficients one by one, however large they are.
#[cold]
fn push_each(block: &Block, places: u64, table: usize, tokens: &mut Tokens) {
    let mut next = BAND.start;
    for k in filled(places, block.len()) {
        let mut zeros = k - next;
        while zeros > 15 {
            tokens.push(SlotKind::Sequential, AC_SLOT + table, ZRL as u8, 0, 0);
            zeros -= 16;
        }
        let (size, extra) = size_and_extra(block[k].into());
        // Sizes over 15 do not fit the symbol's half; the largest that does is refused by every process.
        tokens.push(SlotKind::Sequential, AC_SLOT + table, (zeros << 4) as u8 | size.min(15) as u8, extra, size);
        next = k + 1;
    }
}

/// The size of a value and its extra bits (T.81 F.1.2.1.1): for a negative one, the bits of the value less one.
#[inline(always)]
pub(crate) fn size_and_extra(value: i32) -> (u32, u32) {
    let size = 32 - value.unsigned_abs().leading_zeros();
    let bits = (value + (value >> 31)) as u32;
    (size, bits & ((1 << size) - 1))
}

/// A coefficient or prediction whose magnitude fits 15 bits, or the fault that it does not. The one value of the type
/// that this leaves out could not be refined.
#[inline(always)]
pub(crate) fn in_range(value: i32) -> Result<i16, Fault> {
    if value.unsigned_abs() > 0x7FFF { Err(OUT_OF_RANGE) } else { Ok(value as i16) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::entropy::store::Store;
    use crate::jpeg::simd::Scalar;

    /// All tokens of a block by its coefficients one by one, and as they are made.
    fn both(block: &Block, table: usize) -> [Vec<u16>; 2] {
        let made = |make: &dyn Fn(&mut Tokens)| {
            let (mut tokens, mut store) = (Tokens::new(SlotKind::Sequential), Store::default());
            make(&mut tokens);
            tokens.settle_all(&mut store);
            tokens.complete().all(&store)
        };
        let places = Scalar.places(block) & BAND.mask();
        let one_by_one = made(&|tokens| {
            dc_first::push_difference(SlotKind::Sequential, table, block[0].into(), tokens);
            push_each(block, places, table, tokens);
            if block[63] == 0 {
                tokens.push(SlotKind::Sequential, AC_SLOT + table, 0, 0, 0);
            }
        });
        let at_once = made(&|tokens| {
            let mut tokeniser = Tokeniser::new([table; MAX_COMPONENTS]);
            Using { kernels: Scalar, tokeniser: &mut tokeniser }.block(0, block, tokens);
        });
        [one_by_one, at_once]
    }

    #[test]
    fn blocks_have_the_tokens_of_their_coefficients() {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        for round in 0..4000 {
            let (largest, one_of) = ([1, 2, 63, 64, 1023, 32767][round % 6], [1, 3, 20, 70][round / 6 % 4]);
            let block: Block = std::array::from_fn(|_| {
                let value = (next() % (largest + 1)) as i16;
                if next() % one_of > 0 {
                    0
                } else if next() % 2 == 0 {
                    -value
                } else {
                    value
                }
            });
            let [one_by_one, at_once] = both(&block, round % 2);
            assert_eq!(at_once, one_by_one, "{block:?}");
        }
    }
}
