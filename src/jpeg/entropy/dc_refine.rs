//! Refinement of DC coefficients: one bit a block, without a Huffman code (T.81 G.1.2.1).

use super::token::{MAX_CORRECTIONS, Tokens};
use super::{Fault, ReadBlocks, Tokenise};
use crate::jpeg::bits::{BitReader, Place};
use crate::jpeg::coeff::Block;

/// Reads refinements of DC coefficients.
#[derive(Debug)]
pub(crate) struct Reader {
    /// Al.
    low: u32,
}

impl Reader {
    pub(crate) fn new(low: u32) -> Self {
        Self { low }
    }
}

impl ReadBlocks for Reader {
    const BYTES: u64 = 0;
    type Place = Place;
    type Input<'a> = BitReader<'a>;

    fn restart(&mut self) {}

    #[inline(always)]
    fn read(&mut self, bits: &mut BitReader<'_>, _: usize, block: &mut Block) -> Result<(), Fault> {
        bits.refill();
        block[0] |= (bits.take(1) << self.low) as i16;
        Ok(())
    }
}

/// Turns DC coefficients into the bits of a refinement.
#[derive(Debug)]
pub(crate) struct Tokeniser {
    low: u32,
}

impl Tokeniser {
    pub(crate) fn new(low: u32) -> Self {
        Self { low }
    }
}

impl Tokenise<i16> for Tokeniser {
    #[inline(always)]
    fn block(&mut self, _: usize, &dc: &i16, tokens: &mut Tokens) {
        tokens.push_corrections((i64::from(dc) >> self.low & 1) as u64, 1);
    }

    #[inline(always)]
    fn blocks(&mut self, _: usize, blocks: &[i16], tokens: &mut Tokens) {
        for some in blocks.chunks(MAX_CORRECTIONS as usize) {
            let bits = some.iter().rev().fold(0, |bits, &dc| bits << 1 | (i64::from(dc) >> self.low & 1) as u64);
            tokens.push_corrections(bits, some.len() as u32);
        }
    }

    fn padding(&mut self, _: usize, tokens: &mut Tokens) {
        tokens.push_corrections(0, 1);
    }

    fn restart(&mut self) {}
}
