//! Refinement of a band of AC coefficients: new coefficients with their runs of zeros, and a correction bit for each
//! that was not zero before (T.81 G.1.2.3, G.2.3).

use super::planes::{AcKernels, Changes, Planes, Refined, below, filled};
use super::run::{Run, end_of_band};
use super::token::{MAX_CORRECTIONS, MAX_REFINED_RUN, SlotKind, Token, Tokens};
use super::{BAD_SYMBOL, Band, Fault, NO_SUCH_CODE, RUN_TOO_LONG, ReadBlocks};
use crate::jpeg::bits::{BitReader, Place, READY};
use crate::jpeg::coeff::Block;
use crate::jpeg::huffman::{Decoder, HuffmanTable};

/// Where the extra bits of a token begin.
const EXTRA_AT: u32 = SlotKind::Corrections.extra_at();

/// Reads refinements of a band.
#[derive(Debug)]
pub(crate) struct Reader<K> {
    kernels: K,
    table: Decoder,
    band: Band,
    /// Blocks to come that have nothing new in the band (EOBRUN).
    run: u32,
}

impl<K: AcKernels> Reader<K> {
    pub(crate) fn new(kernels: K, table: &HuffmanTable, band: Band) -> Self {
        Self { kernels, table: Decoder::new(table), band, run: 0 }
    }

    /// Reads what a block has in the band, of which these coefficients were not zero before.
    #[inline(always)]
    fn changes(&mut self, bits: &mut BitReader<'_>, known: u64, changes: &mut Changes) -> Result<(), Fault> {
        let (mut rest, mut corrections) = (self.band.mask(), Corrections::default());
        let outcome = self.symbols(bits, known, &mut rest, (changes, &mut corrections));
        if self.run > 0 && outcome.is_ok() {
            let left = rest & known;
            if left != 0 {
                bits.refill();
                corrections.take(bits, left.count_ones());
            }
            self.run -= 1;
        }
        changes.places |= corrections.of(self.kernels, known);
        outcome
    }

    /// Reads symbols, as long as there are some for the block, with what each of them tells. Leaves the `rest` of the
    /// band.
    #[inline(always)]
    fn symbols(
        &mut self,
        bits: &mut BitReader<'_>,
        known: u64,
        rest: &mut u64,
        (changes, corrections): (&mut Changes, &mut Corrections),
    ) -> Result<(), Fault> {
        while self.run == 0 && *rest != 0 {
            bits.refill();
            let (symbol, length) = self.table.decode(bits.peek()).ok_or(NO_SUCH_CODE)?;
            bits.consume(length);
            let high = symbol >> 4;
            let (is_new, is_negative) = match symbol & 15 {
                0 if high < 15 => {
                    self.run = (1 << high) + bits.take(high.into());
                    break;
                }
                0 => (false, false),
                1 => (true, bits.take(1) == 0),
                _ => return Err(BAD_SYMBOL),
            };
            // Passes `high` zeros, correcting what is not zero, and stops at the zero after them. Where there is none,
            // it passes all that is left.
            let stop = self.kernels.deposit(1 << high, *rest & !known);
            let before = stop.wrapping_sub(1);
            corrections.take(bits, (*rest & before & known).count_ones());
            if stop == 0 {
                return Err(RUN_TOO_LONG);
            }
            changes.places |= if is_new { stop } else { 0 };
            changes.negative |= if is_negative { stop } else { 0 };
            *rest &= !(before | stop);
        }
        Ok(())
    }
}

/// The correction bits of a block, the last one lowest: those of the first coefficients that were not zero before.
#[derive(Default)]
struct Corrections {
    bits: u64,
    count: u32,
}

const _: () = assert!(Corrections::AT_ONCE + 17 <= READY);

impl Corrections {
    /// Bits that are taken at once: a code of 16 bits and a sign leave so many of those that are ready.
    const AT_ONCE: u32 = 32;

    /// Takes so many more, of at most 63 in all, where [`Self::AT_ONCE`] are ready.
    #[inline(always)]
    fn take(&mut self, bits: &mut BitReader<'_>, mut count: u32) {
        self.count += count;
        if count > Self::AT_ONCE {
            self.bits = self.bits << Self::AT_ONCE | u64::from(bits.take(Self::AT_ONCE));
            bits.refill();
            count -= Self::AT_ONCE;
        }
        self.bits = self.bits << count | bits.peek() >> 1 >> (63 - count);
        bits.consume(count);
    }

    /// Which of these coefficients are corrected.
    #[inline(always)]
    fn of(self, kernels: impl AcKernels, known: u64) -> u64 {
        kernels.deposit(self.bits.reverse_bits() >> 1 >> (63 - self.count), known)
    }
}

/// Moves a value away from zero by the unit of the point transform.
#[inline(always)]
pub(crate) fn correct(value: &mut i16, low: u32) {
    let unit = 1 << low;
    // A bit that is already there would be a second correction of the same precision: it changes nothing.
    if i32::from(*value).unsigned_abs() & unit == 0 {
        // The bit is free in the magnitude, which therefore stays below 2^15 after it is set.
        *value += if *value < 0 { -(unit as i16) } else { unit as i16 };
    }
}

impl<K: AcKernels> ReadBlocks for Reader<K> {
    const BYTES: u64 = Decoder::BYTES;
    type Place = Place;
    type Input<'a> = BitReader<'a>;

    fn restart(&mut self) {
        self.run = 0;
    }

    #[inline(always)]
    fn read(&mut self, bits: &mut BitReader<'_>, _: usize, block: &mut Block) -> Result<(), Fault> {
        let known = self.kernels.places(block) & self.band.mask();
        // Most blocks of a run have nothing to correct.
        if self.run > 0 && known == 0 {
            self.run -= 1;
            return Ok(());
        }
        let mut changes = Changes::default();
        let outcome = self.changes(bits, known, &mut changes);
        if changes.places != 0 {
            self.kernels.change(block, changes, self.band.low);
        }
        outcome
    }
}

/// Turns a band of AC coefficients into the tokens of a refinement.
#[derive(Debug)]
pub(crate) struct Tokeniser {
    band: Band,
    pub(crate) run: Run,
}

impl Tokeniser {
    pub(crate) fn new(band: Band) -> Self {
        Self { band, run: Run::default() }
    }

    /// A group of `blocks` blocks by its planes.
    #[inline(always)]
    pub(crate) fn group(&mut self, kernels: impl AcKernels, blocks: usize, planes: &Planes, tokens: &mut Tokens) {
        let Band { end, low, .. } = self.band;
        let in_band = self.band.mask();
        let (now, before) = (planes.not_zero(low), planes.not_zero(low + 1));
        let (bit, negative) = (planes.bit(low), planes.negative());
        let mut from = 0;
        for i in filled(kernels.filled(now, in_band), blocks) {
            self.run.pass(i - from, tokens);
            from = i + 1;
            let (known, new) = (before[i] & in_band, now[i] & !before[i] & in_band);
            tokens.push_corrections(kernels.extract(bit[i], known), known.count_ones());
            if new == 0 {
                self.run.corrections += known.count_ones();
                self.run.pass(1, tokens);
                continue;
            }
            if self.run.corrections > MAX_CORRECTIONS || self.run.blocks > MAX_REFINED_RUN {
                self.run.finish(tokens);
            }
            let room = tokens.room();
            let (symbol, extra, _) = end_of_band(self.run.blocks);
            room[0] = (extra << EXTRA_AT | self.run.corrections << 8 | symbol) as Token;
            let refined = Refined { new, known, negative: negative[i] };
            let at = kernels.refine(refined, self.band, room, usize::from(self.run.blocks > 0));
            tokens.advance(at);
            let last = new.ilog2();
            self.run.blocks = u32::from(last < end as u32);
            self.run.corrections = (known & !below(last)).count_ones();
        }
        self.run.pass(blocks - from, tokens);
    }
}

/// The token of a new coefficient after `zeros` of up to 15 that stay zero, and `corrections`.
#[inline(always)]
pub(crate) fn new_token(zeros: u32, corrections: u32, positive: bool) -> Token {
    (u32::from(positive) << EXTRA_AT | corrections << 8 | zeros << 4 | 1) as Token
}

/// The lowest bits of a word, through the 16th that is set in it.
pub(crate) fn through_16th(word: u64) -> u64 {
    let mut rest = word;
    for _ in 0..15 {
        rest &= rest - 1;
    }
    rest ^ (rest - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::simd::Scalar;

    /// What is read of a block with these first coefficients by a table of 0x01, ZRL and 0x21 with codes of two bits.
    fn read(bits: &str, band: Band, first: [i16; 6]) -> (Result<(), Fault>, [i16; 6]) {
        let mut counts = [0; 16];
        counts[1] = 3;
        let table = HuffmanTable::new(counts, vec![0x01, 0xF0, 0x21]).unwrap();
        let mut block = [0; 64];
        block[..6].copy_from_slice(&first);
        let data = [u8::from_str_radix(&bits.replace(' ', ""), 2).unwrap(), 0];
        let outcome = Reader::new(Scalar, &table, band).read(&mut BitReader::new(&data), 0, &mut block);
        (outcome, std::array::from_fn(|k| block[k]))
    }

    #[test]
    fn what_comes_before_a_fault_is_in_the_block() {
        let band = Band { start: 1, end: 5, low: 0 };
        // A run of two zeros where there is one: all that is not zero is corrected on the way, if its bit is 1.
        let (outcome, block) = read("10 1 1101 0", band, [8, 2, 0, -2, 4, 6]);
        assert_eq!((outcome, block), (Err(RUN_TOO_LONG), [8, 3, 0, -3, 4, 7]));
        // A new coefficient that is negative, after one that is corrected; then no code.
        let (outcome, block) = read("00 0 1 11 00", band, [8, 2, 0, -2, 4, 6]);
        assert_eq!((outcome, block), (Err(NO_SUCH_CODE), [8, 3, -1, -2, 4, 6]));
    }

    #[test]
    fn what_lies_outside_the_band_is_left() {
        let band = Band { start: 2, end: 4, low: 1 };
        let (outcome, block) = read("00 1 11 000", band, [8, 4, 4, -4, 0, 4]);
        assert_eq!((outcome, block), (Ok(()), [8, 4, 6, -6, 2, 4]));
    }
}
