//! First scans of a band of AC coefficients: runs, sizes, and runs of blocks whose band has ended (T.81 G.1.2.2).

use super::baseline::{in_range, size_and_extra};
use super::token::Tokens;
use super::{Band, Fault, LONGEST_RUN, NO_SUCH_CODE, RUN_TOO_LONG, ReadBlocks, Tokenise, end_of_band};
use crate::jpeg::bits::BitReader;
use crate::jpeg::coeff::Block;
use crate::jpeg::huffman::Decoder;

/// Reads first scans of a band.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    table: &'a Decoder,
    band: Band,
    /// Blocks to come that have nothing in the band (EOBRUN).
    run: u32,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(table: &'a Decoder, band: Band) -> Self {
        Self { table, band, run: 0 }
    }
}

impl ReadBlocks for Reader<'_> {
    type Input<'a> = BitReader<'a>;

    fn restart(&mut self) {
        self.run = 0;
    }

    #[inline(always)]
    fn read(&mut self, bits: &mut BitReader<'_>, _: usize, block: &mut Block) -> Result<(), Fault> {
        if self.run > 0 {
            self.run -= 1;
            return Ok(());
        }
        let Band { start, end, low } = self.band;
        let mut k = start;
        while k <= end {
            bits.refill();
            let (symbol, length) = self.table.decode(bits.peek()).ok_or(NO_SUCH_CODE)?;
            bits.consume(length);
            let (high, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                if high < 15 {
                    self.run = (1 << high) + bits.take(high as u32) - 1;
                    return Ok(());
                }
                k += 16;
                continue;
            }
            k += high;
            if k > end {
                return Err(RUN_TOO_LONG);
            }
            block[k] = in_range(bits.take_signed(size) << low)?;
            k += 1;
        }
        if k > end + 1 { Err(RUN_TOO_LONG) } else { Ok(()) }
    }
}

/// Turns a band of AC coefficients into the tokens of a first scan.
#[derive(Debug)]
pub(crate) struct Tokeniser {
    band: Band,
    run: u32,
}

impl Tokeniser {
    pub(crate) fn new(band: Band) -> Self {
        Self { band, run: 0 }
    }

    #[inline(always)]
    fn push_run(&mut self, tokens: &mut Tokens) {
        if self.run > 0 {
            let (symbol, extra) = end_of_band(self.run);
            tokens.push(0, symbol, extra);
            self.run = 0;
        }
    }
}

impl Tokenise for Tokeniser {
    #[inline(always)]
    fn block(&mut self, _: usize, block: &Block, tokens: &mut Tokens) {
        let Band { start, end, low } = self.band;
        let mut zeros = 0;
        for &value in &block[start..=end] {
            // The point transform of AC divides and drops the fraction: a shift of the magnitude (T.81 G.1.2.2).
            let value = i32::from(value);
            let value = if value < 0 { -(-value >> low) } else { value >> low };
            if value == 0 {
                zeros += 1;
                continue;
            }
            self.push_run(tokens);
            while zeros > 15 {
                tokens.push(0, 0xF0, 0);
                zeros -= 16;
            }
            let (size, extra) = size_and_extra(value);
            // Sizes over 15 do not fit the symbol's half; the largest that does is refused by every process.
            tokens.push(0, zeros << 4 | size.min(15) as u8, extra);
            zeros = 0;
        }
        if zeros > 0 {
            self.run += 1;
            if self.run == LONGEST_RUN {
                self.push_run(tokens);
            }
        }
    }

    /// AC scans have one component and no padding.
    fn padding(&mut self, _: usize, _: &mut Tokens) {}

    fn finish(&mut self, tokens: &mut Tokens) {
        self.push_run(tokens);
    }
}
