//! AC coefficients of sequential scans, two symbols in one look-up.
//!
//! Decoding is a chain: the next symbol cannot be looked up before the length of this one is known. So what counts is
//! how many symbols a look-up yields and how few steps lie between two. A look-up takes the next [`WINDOW`] bits to all
//! that is known of them: the first symbol, whose extra bits may lie outside, and the second, coefficient and all,
//! where the window has it whole. Both are stored without a question: positions behind the block are room for what is
//! not there, and the end of the block is a step over all that is left, so there is one test in the loop.

use super::{BAD_SYMBOL, Fault, NO_SUCH_CODE, RUN_TOO_LONG};
use crate::jpeg::bits::BitReader;
use crate::jpeg::huffman::{Decoder, HuffmanTable, LOOKUP_BITS};

/// Bits that one look-up covers.
const WINDOW: u32 = LOOKUP_BITS;

/// A block, and room behind it for what a pair may store past its end.
pub(crate) type Room = [i16; ROOM];
pub(crate) const ROOM: usize = 128;

/// Where the coefficients of a block go.
pub(crate) trait Sink {
    /// The block begins with its DC coefficient; all others are zero.
    fn begin(&mut self, dc: i16);

    /// Two coefficients and their positions, which a pair may have past the end. Zeros are none: the second may then
    /// have the position of the first.
    fn put(&mut self, first: (usize, i16), second: (usize, i16));

    /// The second of those that came last was not there.
    fn take_back(&mut self, second: i16);
}

impl Sink for Room {
    #[inline(always)]
    fn begin(&mut self, dc: i16) {
        self[..64].fill(0);
        self[0] = dc;
    }

    #[inline(always)]
    fn put(&mut self, first: (usize, i16), second: (usize, i16)) {
        self[second.0 % ROOM] = second.1;
        self[first.0 % ROOM] = first.1;
    }

    /// It is behind the block.
    #[inline(always)]
    fn take_back(&mut self, _: i16) {}
}

/// The step of a symbol that ends a block, and of what a look-up does not know. Both are more than a block, and more
/// than any run that leaves it.
const END: u32 = 128;
const UNKNOWN: u32 = 192;

/// An AC table of a sequential scan, made ready to decode.
#[derive(Clone, Debug)]
pub(crate) struct Pairs {
    pairs: Box<[Pair; 1 << WINDOW]>,
    /// For codes that are longer than the window.
    decoder: Decoder,
}

/// What the next bits mean, in the fields of one word; from the lowest:
///
/// | bits | |
/// |---|---|
/// | 8 | bits of both symbols with their extra bits |
/// | 8 | positions that they cover together, [`END`] and [`UNKNOWN`] included |
/// | 8 | bits of the first code |
/// | 8 | 63 less the size of the first coefficient |
/// | 8 | zeros before it |
/// | 8 | positions from the beginning of the first to the second coefficient |
/// | 16 | the second coefficient |
///
/// A symbol that has no coefficient has one of zero, at a place that nothing has been stored at.
#[derive(Clone, Copy, Debug)]
struct Pair(u64);

impl Pairs {
    /// Bytes of memory of one, at most.
    pub(crate) const BYTES: u64 = size_of::<[Pair; 1 << WINDOW]>() as u64 + Decoder::BYTES;

    pub(crate) fn new(table: &HuffmanTable) -> Self {
        let decoder = Decoder::new(table);
        let mut pairs = Box::new([Pair(0); 1 << WINDOW]);
        for (window, pair) in pairs.iter_mut().enumerate() {
            *pair = Pair::new(&decoder, (window as u64) << (64 - WINDOW));
        }
        Self { pairs, decoder }
    }

    /// Reads the AC coefficients of a block that has begun. 25 bits must be ready.
    #[inline(always)]
    pub(crate) fn read(&self, input: &mut BitReader<'_>, sink: &mut impl Sink) -> Result<(), Fault> {
        let mut bits = *input;
        let mut k = 1;
        let outcome = loop {
            let mut word = bits.peek();
            let mut pair = self.take(&mut bits, k, sink);
            k += pair.step();
            if k < 64 {
                // Enough for this look-up and the one after it.
                bits.refill();
                word = bits.peek();
                pair = self.take(&mut bits, k, sink);
                k += pair.step();
                if k < 64 {
                    continue;
                }
            }
            let start = k - pair.step();
            if pair.step() == UNKNOWN as usize {
                bits.refill();
                match self.read_unknown(bits.peek(), start, sink) {
                    Ok((used, next)) => {
                        bits.consume(used);
                        k = next;
                    }
                    Err((used, fault)) => {
                        bits.consume(used);
                        break Err(fault);
                    }
                }
                if k < 64 {
                    bits.refill();
                    continue;
                }
                break if k == 64 || k >= END as usize { Ok(()) } else { Err(RUN_TOO_LONG) };
            }
            let (first_bits, first_step) = pair.first();
            let between = start + first_step;
            if (64..END as usize).contains(&between) {
                // The block is full, or more than full, after the first: the second was not there.
                bits.put_back(word, pair.bits(), first_bits);
                sink.take_back(pair.second());
                break if between == 64 { Ok(()) } else { Err(RUN_TOO_LONG) };
            }
            break if k == 64 || k >= END as usize { Ok(()) } else { Err(RUN_TOO_LONG) };
        };
        *input = bits;
        outcome
    }

    /// Looks up the next bits, and stores and takes what they mean.
    #[inline(always)]
    fn take(&self, bits: &mut BitReader<'_>, k: usize, sink: &mut impl Sink) -> Pair {
        let word = bits.peek();
        let pair = self.pairs[(word >> (64 - WINDOW)) as usize];
        sink.put((k + pair.zeros(), pair.first_value(word)), (k + pair.second_at(), pair.second()));
        bits.consume(pair.bits());
        pair
    }

    /// As [`Pairs::take`], for one symbol whose code is long, or which has no meaning, without taking its bits. Returns
    /// how many they are and the position after it.
    #[cold]
    fn read_unknown(&self, word: u64, k: usize, sink: &mut impl Sink) -> Result<(u32, usize), (u32, Fault)> {
        let (symbol, length) = self.decoder.decode(word).ok_or((0, NO_SUCH_CODE))?;
        let symbol = Symbol::new(symbol, length).ok_or((length, BAD_SYMBOL))?;
        let bits = length + symbol.size;
        if symbol.size > 0 {
            let position = k + symbol.zeros as usize;
            if position >= 64 {
                return Err((bits, RUN_TOO_LONG));
            }
            sink.put((position, symbol.value(word)), (position, 0));
        }
        Ok((bits, k + symbol.step as usize))
    }
}

impl Pair {
    /// From the bits of a window, with zeros below them.
    fn new(decoder: &Decoder, window: u64) -> Self {
        let symbol = |window| {
            let (symbol, length) = decoder.decode(window)?;
            Symbol::new(symbol, length)
        };
        let Some(first) = symbol(window).filter(|first| first.length <= WINDOW) else {
            return Self(u64::from(UNKNOWN) << 8 | 63 << 24);
        };
        let used = first.length + first.size;
        let second = if first.step < 64 && used < WINDOW { symbol(window << used) } else { None };
        let second = second.filter(|second| used + second.length + second.size <= WINDOW);
        let (bits, step) = second.map_or((0, 0), |second| (second.length + second.size, second.step));
        let (at, value) = match second {
            Some(second) if second.size > 0 => (first.step + second.zeros, second.value(window << used)),
            _ => (if first.size > 0 { first.zeros } else { 0 }, 0),
        };
        let fields = u64::from(used + bits)
            | u64::from(first.step + step) << 8
            | u64::from(first.length) << 16
            | u64::from(63 - first.size) << 24
            | u64::from(if first.size > 0 { first.zeros } else { 0 }) << 32
            | u64::from(at) << 40
            | u64::from(value.cast_unsigned()) << 48;
        Self(fields)
    }

    #[inline(always)]
    fn bits(self) -> u32 {
        self.0 as u32 & 0x3F
    }

    #[inline(always)]
    fn step(self) -> usize {
        (self.0 >> 8) as usize & 0xFF
    }

    #[inline(always)]
    fn zeros(self) -> usize {
        (self.0 >> 32) as usize & 0xF
    }

    #[inline(always)]
    fn second_at(self) -> usize {
        (self.0 >> 40) as usize & 0x1F
    }

    #[inline(always)]
    fn second(self) -> i16 {
        (self.0 >> 48) as i16
    }

    /// The coefficient of the first symbol (T.81 F.2.2.1, EXTEND).
    #[inline(always)]
    fn first_value(self, word: u64) -> i16 {
        extend(word << (self.0 >> 16 & 0x3F), (self.0 >> 24) as u32 & 0x3F)
    }

    /// Bits of the first symbol with its extra bits, and the positions that it covers.
    fn first(self) -> (u32, usize) {
        let size = 63 - (self.0 >> 24 & 0x3F) as u32;
        let bits = (self.0 >> 16 & 0x3F) as u32 + size;
        // Without a coefficient it is the last of the pair, or 16 zeros.
        let step = if size > 0 {
            self.zeros() + 1
        } else if self.step() >= END as usize && self.bits() == bits {
            END as usize
        } else {
            16
        };
        (bits, step)
    }
}

/// A symbol of a sequential AC table (T.81 F.1.2.2).
#[derive(Clone, Copy, Debug)]
struct Symbol {
    /// Bits of its code.
    length: u32,
    zeros: u32,
    size: u32,
    /// Positions that it covers.
    step: u32,
}

impl Symbol {
    /// `None` where it has no meaning.
    fn new(symbol: u8, length: u32) -> Option<Self> {
        let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        let step = match (zeros, size) {
            (0, 0) => END,
            (1..=14, 0) => return None,
            _ => zeros + 1,
        };
        Some(Self { length, zeros, size, step })
    }

    /// Its coefficient, where its code begins `word`.
    fn value(self, word: u64) -> i16 {
        extend(word << self.length, 63 - self.size)
    }
}

/// The value in the highest bits of a word, all but so many and one of them (T.81 F.2.2.1, EXTEND).
#[inline(always)]
fn extend(word: u64, others: u32) -> i16 {
    let negative = !(word.cast_signed() >> 63).cast_unsigned();
    // Of 15 bits at most, so it fits.
    ((word >> 1 >> others) as i64 - ((negative >> 1 >> others) as i64)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::packed::packer::Packer;

    /// As [`Pairs::read`], a symbol at a time.
    fn read_singly(table: &HuffmanTable, bits: &mut BitReader<'_>, block: &mut [i16; 64]) -> Result<(), Fault> {
        let decoder = Decoder::new(table);
        let mut k = 1;
        while k < 64 {
            bits.refill();
            let (symbol, length) = decoder.decode(bits.peek()).ok_or(NO_SUCH_CODE)?;
            bits.consume(length);
            let (run, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            match (run, size) {
                (0, 0) => return Ok(()),
                (15, 0) => k += 16,
                (_, 0) => return Err(BAD_SYMBOL),
                _ => {
                    k += run;
                    let value = bits.take_signed(size) as i16;
                    *block.get_mut(k).ok_or(RUN_TOO_LONG)? = value;
                    k += 1;
                }
            }
        }
        if k > 64 { Err(RUN_TOO_LONG) } else { Ok(()) }
    }

    #[test]
    fn pairs_are_what_single_symbols_are() {
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let (mut whole, mut full) = (0, 0);
        for round in 0..400 {
            let table = match round % 4 {
                0 => HuffmanTable::typical(false, 0).unwrap(),
                1 => HuffmanTable::typical(false, 1).unwrap(),
                // Short codes, and symbols of every kind, some of which have no meaning.
                2 => HuffmanTable::optimal(&std::array::from_fn(|i| u32::from(i < 20) * u32::from(noise()))),
                _ => HuffmanTable::optimal(&std::array::from_fn(|_| u32::from(noise()) << (noise() % 16))),
            };
            let pairs = Pairs::new(&table);
            let data: Vec<u8> = (0..400).map(|_| noise()).collect();
            let (mut bits, mut singly) = (BitReader::new(&data), BitReader::new(&data));
            for _ in 0..30 {
                let (mut room, mut block) = ([0; ROOM], [0; 64]);
                bits.refill();
                let mut again = bits;
                let outcome = pairs.read(&mut bits, &mut room);
                let mut packer = Packer::of_blocks([(1, 1)].into_iter());
                assert_eq!(packer.block(|sparse| pairs.read(&mut again, sparse)), outcome);
                let packed = packer.row().blocks(0);
                assert_eq!(outcome, read_singly(&table, &mut singly, &mut block));
                assert_eq!(room[..64], block);
                // What comes before a fault is of no use.
                assert!(packed == [block] || outcome.is_err(), "{packed:?} for {block:?}");
                assert_eq!((bits.byte_position(), bits.left_over()), (singly.byte_position(), singly.left_over()));
                bits.refill();
                singly.refill();
                assert_eq!(bits.peek() >> 8, singly.peek() >> 8);
                whole += u32::from(outcome.is_ok());
                full += u32::from(outcome.is_ok() && block[63] != 0);
                if outcome.is_err() {
                    break;
                }
            }
        }
        assert!(whole > 100 && full > 10, "{whole} blocks are whole, {full} of them to the last coefficient");
    }
}
