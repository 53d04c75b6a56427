//! Sequential scans: a DC difference and all AC coefficients of a block at once (T.81 F.1.2, F.2.2).

use std::borrow::Cow;

use super::pairs::{Pairs, ROOM, Sink};
use super::token::{SlotKind, Tokens};
use super::{Fault, OUT_OF_RANGE, PerComponent, ReadBlocks, Tokenise, dc_first};
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
}

/// Slots of the AC tables come after those of the DC tables.
const AC_SLOT: usize = 2;

impl Tokenise<Block> for Tokeniser {
    fn block(&mut self, slot: usize, block: &Block, tokens: &mut Tokens) {
        let table = self.tables[slot];
        let dc = i32::from(block[0]);
        dc_first::push_difference(SlotKind::Sequential, table, dc - self.predictions[slot], tokens);
        self.predictions[slot] = dc;
        let mut run = 0;
        for &value in &block[1..] {
            if value == 0 {
                run += 1;
                continue;
            }
            while run > 15 {
                tokens.push(SlotKind::Sequential, AC_SLOT + table, 0xF0, 0, 0);
                run -= 16;
            }
            let (size, extra) = size_and_extra(value.into());
            // Sizes over 15 do not fit the symbol's half; the largest that does is refused by every process.
            tokens.push(SlotKind::Sequential, AC_SLOT + table, run << 4 | size.min(15) as u8, extra, size);
            run = 0;
        }
        if run > 0 {
            tokens.push(SlotKind::Sequential, AC_SLOT + table, 0, 0, 0);
        }
    }

    fn padding(&mut self, slot: usize, tokens: &mut Tokens) {
        let table = self.tables[slot];
        tokens.push(SlotKind::Sequential, table, 0, 0, 0);
        tokens.push(SlotKind::Sequential, AC_SLOT + table, 0, 0, 0);
    }

    fn restart(&mut self) {
        self.predictions = [0; MAX_COMPONENTS];
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
