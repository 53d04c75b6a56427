//! First scans of a band of AC coefficients: runs, sizes, and runs of blocks whose band has ended (T.81 G.1.2.2).

use super::baseline::in_range;
use super::group::Group;
use super::planes::{AcKernels, Planes, filled};
use super::run::{Run, end_of_band};
use super::token::{MAX_RUN, MAX_SIZE, Room, SlotKind, Token, Tokens, put_large};
use super::{Band, Fault, NO_SUCH_CODE, RUN_TOO_LONG, ReadBlocks};
use crate::jpeg::bits::{BitReader, Place};
use crate::jpeg::coeff::Block;
use crate::jpeg::huffman::{Decoder, HuffmanTable};

/// Where the extra bits of a token begin.
const EXTRA_AT: u32 = SlotKind::Ac.extra_at();

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
    const BYTES: u64 = Decoder::BYTES;
    type Place = Place;
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
    pub(crate) run: Run,
}

impl Tokeniser {
    pub(crate) fn new(band: Band) -> Self {
        Self { band, run: Run::default() }
    }

    /// A group of blocks with its planes.
    #[inline(always)]
    pub(crate) fn group(&mut self, kernels: impl AcKernels, blocks: impl Group, planes: &Planes, tokens: &mut Tokens) {
        let in_band = self.band.mask();
        let not_zero = planes.not_zero(self.band.low);
        let mut from = 0;
        for i in filled(kernels.filled(not_zero, in_band), blocks.len()) {
            self.run.pass(i - from, tokens);
            from = i + 1;
            if self.run.blocks > MAX_RUN {
                self.run.finish(tokens);
            }
            let new = not_zero[i] & in_band;
            let room = tokens.room();
            let (symbol, extra, _) = end_of_band(self.run.blocks);
            room[0] = (extra << EXTRA_AT | symbol) as Token;
            let end = blocks.put_first(kernels, i, new, self.band, room, usize::from(self.run.blocks > 0));
            tokens.advance(end);
            self.run.blocks = u32::from(new.ilog2() < self.band.end as u32);
        }
        self.run.pass(blocks.len() - from, tokens);
    }
}

/// Puts the token of a coefficient that is not zero at the precision `low`, after `zeros` of up to 15, into `room` at
/// `at`. Returns where it ends; a large one takes more than one.
#[inline(always)]
pub(crate) fn put_coefficient(value: i16, zeros: u32, low: u32, room: &mut Room, at: usize) -> usize {
    // The point transform of AC divides and drops the fraction: a shift of the magnitude (T.81 G.1.2.2).
    let magnitude = u32::from(value.unsigned_abs()) >> low;
    let size = 32 - magnitude.leading_zeros();
    let ones = (1 << size) - 1;
    let extra = if value < 0 { magnitude ^ ones } else { magnitude };
    if size > MAX_SIZE {
        return put_large(zeros, size, extra, room, at);
    }
    room[at] = (extra << EXTRA_AT | zeros << 4 | size) as Token;
    at + 1
}
