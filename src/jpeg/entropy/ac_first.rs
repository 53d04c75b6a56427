//! First scans of a band of AC coefficients: runs, sizes, and runs of blocks whose band has ended (T.81 G.1.2.2).

use super::baseline::in_range;
use super::planes::{AcKernels, Planes};
use super::token::Tokens;
use super::{Band, Fault, LONGEST_RUN, NO_SUCH_CODE, RUN_TOO_LONG, ReadBlocks, end_of_band};
use crate::jpeg::bits::BitReader;
use crate::jpeg::coeff::Block;
use crate::jpeg::huffman::{Decoder, HuffmanTable};

/// Reads first scans of a band.
#[derive(Debug)]
pub(crate) struct Reader {
    table: Decoder,
    band: Band,
    /// Blocks to come that have nothing in the band (EOBRUN).
    run: u32,
}

impl Reader {
    pub(crate) fn new(table: &HuffmanTable, band: Band) -> Self {
        Self { table: Decoder::new(table), band, run: 0 }
    }
}

impl ReadBlocks for Reader {
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

    /// A group of blocks with its planes.
    #[inline(always)]
    pub(crate) fn group(&mut self, kernels: impl AcKernels, blocks: &[Block], planes: &Planes, tokens: &mut Tokens) {
        let in_band = self.band.mask();
        for (block, &not_zero) in blocks.iter().zip(planes.not_zero(self.band.low)) {
            let new = not_zero & in_band;
            if new == 0 {
                self.run += 1;
                if self.run == LONGEST_RUN {
                    self.finish(tokens);
                }
                continue;
            }
            let room = tokens.room();
            room[0] = end_of_band(self.run);
            let end = kernels.first(block, new, self.band, room, usize::from(self.run > 0));
            tokens.advance(end);
            self.run = u32::from(new.ilog2() < self.band.end as u32);
        }
    }

    /// Ends the run of blocks.
    pub(crate) fn finish(&mut self, tokens: &mut Tokens) {
        if self.run > 0 {
            tokens.push_token(end_of_band(self.run));
            self.run = 0;
        }
    }
}

/// The token of a coefficient that is not zero at the precision `low`, after `zeros` of up to 15.
#[inline(always)]
pub(crate) fn token_of(value: i16, zeros: u32, low: u32) -> u32 {
    // The point transform of AC divides and drops the fraction: a shift of the magnitude (T.81 G.1.2.2).
    let magnitude = u32::from(value.unsigned_abs()) >> low;
    let size = 32 - magnitude.leading_zeros();
    let ones = (1 << size) - 1;
    let extra = if value < 0 { magnitude ^ ones } else { magnitude };
    // Sizes over 15 do not fit the symbol's half; the largest that does is refused by every process.
    extra << 16 | zeros << 4 | size.min(15)
}
