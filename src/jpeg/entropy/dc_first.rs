//! First scans of DC coefficients: differences between neighbours, after the point transform (T.81 G.1.2.1).

use super::baseline::{in_range, size_and_extra};
use super::token::Tokens;
use super::{BAD_SYMBOL, Fault, NO_SUCH_CODE, ReadBlocks, Tokenise};
use crate::jpeg::bits::BitReader;
use crate::jpeg::coeff::Block;
use crate::jpeg::frame::MAX_COMPONENTS;
use crate::jpeg::huffman::Decoder;

/// Reads first scans of DC coefficients.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    /// The table of each component of the scan.
    tables: Vec<&'a Decoder>,
    /// Al.
    low: u32,
    predictions: [i32; MAX_COMPONENTS],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(tables: Vec<&'a Decoder>, low: u32) -> Self {
        Self { tables, low, predictions: [0; MAX_COMPONENTS] }
    }
}

impl ReadBlocks for Reader<'_> {
    type Input<'a> = BitReader<'a>;

    fn restart(&mut self) {
        self.predictions = [0; MAX_COMPONENTS];
    }

    #[inline(always)]
    fn read(&mut self, bits: &mut BitReader<'_>, slot: usize, block: &mut Block) -> Result<(), Fault> {
        bits.refill();
        let (size, length) = self.tables[slot].decode(bits.peek()).ok_or(NO_SUCH_CODE)?;
        bits.consume(length);
        let difference = match size {
            0 => 0,
            1..=15 => bits.take_signed(size.into()),
            _ => return Err(BAD_SYMBOL),
        };
        let value = i32::from(in_range(self.predictions[slot] + difference)?);
        self.predictions[slot] = value;
        block[0] = in_range(value << self.low)?;
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
}

impl Tokenise for Tokeniser {
    #[inline(always)]
    fn block(&mut self, slot: usize, block: &Block, tokens: &mut Tokens) {
        // The point transform of DC is an arithmetic shift (T.81 G.1.2.1).
        let value = i32::from(block[0]) >> self.low;
        push_difference(self.tables[slot], value - self.predictions[slot], tokens);
        self.predictions[slot] = value;
    }

    fn padding(&mut self, slot: usize, tokens: &mut Tokens) {
        tokens.push(self.tables[slot], 0, 0);
    }
}

/// A DC difference. Of 17 bits at most; those over 16 bits lose some, and their symbol is refused by every process.
#[inline(always)]
pub(crate) fn push_difference(table: usize, difference: i32, tokens: &mut Tokens) {
    let (size, extra) = size_and_extra(difference);
    tokens.push(table, size as u8, extra);
}
