//! First scans of DC coefficients: differences between neighbours, after the point transform (T.81 G.1.2.1).

use std::borrow::Cow;

use super::baseline::{in_range, size_and_extra};
use super::token::{SlotKind, Tokens};
use super::{BAD_SYMBOL, Fault, NO_SUCH_CODE, PerComponent, ReadBlocks, Tokenise};
use crate::jpeg::bits::{BitReader, Place};
use crate::jpeg::coeff::Block;
use crate::jpeg::frame::MAX_COMPONENTS;
use crate::jpeg::huffman::{Decoder, HuffmanTable};

/// Reads first scans of DC coefficients.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    tables: PerComponent<Decoder>,
    /// Al.
    low: u32,
    predictions: [i32; MAX_COMPONENTS],
}

impl Reader {
    /// With the table of each component of the scan.
    pub(crate) fn new(tables: &[Cow<'_, HuffmanTable>], low: u32) -> Self {
        Self { tables: PerComponent::new(tables, Decoder::new), low, predictions: [0; MAX_COMPONENTS] }
    }

    pub(super) fn predictions(&self) -> [i32; MAX_COMPONENTS] {
        self.predictions
    }

    /// The next coefficient of the component at position `slot` of the scan header, before its point transform is
    /// undone. Makes [`READY`](crate::jpeg::bits::READY) bits ready and takes 31 of them at most.
    #[inline(always)]
    pub(super) fn next(&mut self, bits: &mut BitReader<'_>, slot: usize) -> Result<i32, Fault> {
        bits.refill();
        let (size, length) = self.tables.of(slot).decode(bits.peek()).ok_or(NO_SUCH_CODE)?;
        bits.consume(length);
        if size > 15 {
            return Err(BAD_SYMBOL);
        }
        let value = i32::from(in_range(self.predictions[slot] + bits.take_signed(size.into()))?);
        self.predictions[slot] = value;
        Ok(value)
    }
}

impl ReadBlocks for Reader {
    const BYTES: u64 = Decoder::BYTES;
    type Place = Place;
    type Input<'a> = BitReader<'a>;

    fn restart(&mut self) {
        self.predictions = [0; MAX_COMPONENTS];
    }

    #[inline(always)]
    fn read(&mut self, bits: &mut BitReader<'_>, slot: usize, block: &mut Block) -> Result<(), Fault> {
        block[0] = in_range(self.next(bits, slot)? << self.low)?;
        Ok(())
    }
}

/// Turns DC coefficients into the tokens of a first scan.
#[derive(Debug)]
pub(crate) struct Tokeniser {
    /// The table, 0 or 1, of each component of the scan.
    tables: [usize; MAX_COMPONENTS],
    low: u32,
    predictions: [i32; MAX_COMPONENTS],
}

impl Tokeniser {
    pub(crate) fn new(tables: [usize; MAX_COMPONENTS], low: u32) -> Self {
        Self { tables, low, predictions: [0; MAX_COMPONENTS] }
    }

    /// Goes on after a coefficient of the component at position `slot` of the scan header.
    pub(crate) fn predict_from(&mut self, slot: usize, dc: i16) {
        self.predictions[slot] = i32::from(dc) >> self.low;
    }
}

impl Tokenise<i16> for Tokeniser {
    #[inline(always)]
    fn block(&mut self, slot: usize, &dc: &i16, tokens: &mut Tokens) {
        // The point transform of DC is an arithmetic shift (T.81 G.1.2.1).
        let value = i32::from(dc) >> self.low;
        push_difference(SlotKind::Dc, self.tables[slot], value - self.predictions[slot], tokens);
        self.predictions[slot] = value;
    }

    fn padding(&mut self, slot: usize, tokens: &mut Tokens) {
        tokens.push(SlotKind::Dc, self.tables[slot], 0, 0, 0);
    }

    fn restart(&mut self) {
        self.predictions = [0; MAX_COMPONENTS];
    }
}

/// A DC difference. Of 17 bits at most; those over 16 bits lose some, and their symbol is refused by every process.
#[inline(always)]
pub(super) fn push_difference(kind: SlotKind, table: usize, difference: i32, tokens: &mut Tokens) {
    let (size, extra) = size_and_extra(difference);
    tokens.push(kind, table, size as u8, extra, size);
}
