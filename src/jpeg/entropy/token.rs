//! Tokens: what a scan will write, symbol by symbol, before its Huffman tables are known.
//!
//! A token is a symbol (8 bits), its slot (8 bits) and its extra bits (16). How many extra bits there are follows from
//! the symbol, for every kind of scan by the same rule. In a refinement scan, which has one table, the slot's place
//! holds the number of correction bits that follow the symbol; the bits themselves are kept apart in one string, since
//! they leave in the order in which they came whatever the symbols between them.
//!
//! Tokens are counted as they come, in stretches that are still in the first cache.

use crate::error::{Error, Result};
use crate::jpeg::huffman::HuffmanTable;

/// Tables that the symbols of a scan may choose from: DC and AC tables 0 and 1 of a sequential scan, in this order.
pub(crate) const SLOTS: usize = 4;
/// A token that writes no symbol, only correction bits; as a symbol it has no meaning in a refinement scan.
const CORRECTIONS_ONLY: u32 = 0x02;
/// Sixteen zeros (ZRL), with nothing else.
pub(crate) const ZRL: u32 = 0xF0;
/// Correction bits that a token can speak for.
pub(crate) const MAX_CORRECTIONS: u32 = 0xFF;

/// Room for the tokens of a block, which are 64 at most, and for whole vectors that begin within them.
pub(crate) type Room = [u32; ROOM];
pub(crate) const ROOM: usize = 128;

/// Tokens of the first piece of memory and of the largest; each is twice the one before. Pieces instead of one vector,
/// because the tokens of a scan never move, and are given back as they are written.
const FIRST_CHUNK: usize = 1 << 10;
const LARGEST_CHUNK: usize = 1 << 14;

/// The tokens of a scan.
#[derive(Debug)]
pub(crate) struct Tokens {
    kind: SlotKind,
    chunks: Vec<Chunk>,
    /// The one being filled.
    chunk: Chunk,
    /// Its tokens that are in `counts`.
    counted: usize,
    counts: Box<[[u32; 256]; SLOTS]>,
    corrections: BitString,
}

/// A piece of memory with tokens.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    memory: Vec<u32>,
    len: usize,
}

impl Chunk {
    pub(super) fn tokens(&self) -> &[u32] {
        &self.memory[..self.len]
    }
}

impl Tokens {
    pub(crate) fn new(kind: SlotKind) -> Self {
        Self {
            kind,
            chunks: Vec::new(),
            chunk: Chunk::default(),
            counted: 0,
            counts: Box::new([[0; 256]; SLOTS]),
            corrections: BitString::default(),
        }
    }

    pub(crate) fn kind(&self) -> SlotKind {
        self.kind
    }

    /// Room for the next tokens; what is put there counts after [`Tokens::advance`].
    #[inline(always)]
    pub(crate) fn room(&mut self) -> &mut Room {
        if self.chunk.memory.len() < self.chunk.len + ROOM {
            self.next_chunk();
        }
        let (rooms, _) = self.chunk.memory[self.chunk.len..].as_chunks_mut();
        &mut rooms[0]
    }

    #[inline(always)]
    pub(crate) fn advance(&mut self, tokens: usize) {
        self.chunk.len += tokens;
    }

    #[cold]
    fn next_chunk(&mut self) {
        self.count();
        let size = (self.chunk.memory.len() * 2).clamp(FIRST_CHUNK, LARGEST_CHUNK);
        let full = std::mem::replace(&mut self.chunk, Chunk { memory: vec![0; size], len: 0 });
        self.chunks.push(full);
        self.counted = 0;
    }

    #[inline(always)]
    pub(crate) fn push_token(&mut self, token: u32) {
        self.room()[0] = token;
        self.advance(1);
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, slot: usize, symbol: u8, extra: u32) {
        self.push_token(extra << 16 | (slot as u32) << 8 | u32::from(symbol));
    }

    /// A token of a refinement scan with the number of correction bits that follow it, which
    /// [`Tokens::push_corrections`] has received.
    pub(super) fn push_with_corrections(&mut self, token: u32, mut corrections: u32) {
        let here = corrections.min(MAX_CORRECTIONS);
        self.push_token(token | here << 8);
        corrections -= here;
        while corrections > 0 {
            let here = corrections.min(MAX_CORRECTIONS);
            self.push_token(here << 8 | CORRECTIONS_ONLY);
            corrections -= here;
        }
    }

    /// The next `count` correction bits, 63 at most, the first of them the lowest.
    #[inline(always)]
    pub(crate) fn push_corrections(&mut self, bits: u64, count: u32) {
        self.corrections.push(bits, count);
    }

    /// Counts the tokens that came since the last call; [`Tokens::tables`] misses those that were not counted.
    #[inline(always)]
    pub(crate) fn count(&mut self) {
        let tokens = &self.chunk.memory[self.counted..self.chunk.len];
        self.counted = self.chunk.len;
        if self.kind.has_slots() {
            for &token in tokens {
                self.counts[(token >> 8) as usize % SLOTS][token as usize & 0xFF] += 1;
            }
        } else {
            // Two counts of each symbol, so that an addition need not wait for that of an equal symbol before.
            let (pairs, last) = tokens.as_chunks();
            for &[even, odd] in pairs {
                self.counts[0][even as usize & 0xFF] += 1;
                self.counts[1][odd as usize & 0xFF] += 1;
            }
            last.iter().for_each(|&token| self.counts[0][token as usize & 0xFF] += 1);
        }
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        let tokens = self.chunks.iter().map(|chunk| chunk.memory.len()).sum::<usize>() + self.chunk.len;
        (tokens * size_of::<u32>() + self.corrections.words.len() * size_of::<u64>()) as u64
    }

    /// Optimal tables for the symbols of each slot; `None` for a slot without symbols, and for the second of a class
    /// that does not earn its place: its symbols are then in the first ([`table_of`]).
    ///
    /// # Errors
    /// Where a coefficient is too large for a scan of this kind: its size is over `dc_size` or `ac_size` bits.
    pub(crate) fn tables(&self, sizes: Sizes) -> Result<[Option<HuffmanTable>; SLOTS]> {
        let mut counts = self.counts.clone();
        if !self.kind.has_slots() {
            let [first, second, ..] = &mut *counts;
            first.iter_mut().zip(second).for_each(|(first, second)| *first += std::mem::take(second));
        }
        if self.kind == SlotKind::Corrections {
            counts[0][CORRECTIONS_ONLY as usize] = 0;
        }
        for (slot, counts) in counts.iter().enumerate() {
            let is_dc = self.kind == SlotKind::Dc || (self.kind == SlotKind::Sequential && slot < SLOTS / 2);
            let too_large = |symbol: usize| if is_dc { symbol > sizes.dc } else { symbol & 15 > sizes.ac };
            if (0..256).any(|symbol| counts[symbol] > 0 && too_large(symbol)) {
                return Err(Error::input("a coefficient is too large for the coding process asked for"));
            }
        }
        let table = |counts: &[u32; 256]| counts.iter().any(|&n| n > 0).then(|| HuffmanTable::optimal(counts));
        let bits =
            |table: &HuffmanTable, counts: &[u32; 256]| table.segment_bytes() as u64 * 8 + table.code_bits(counts);
        let mut tables = [const { None }; SLOTS];
        for (pair, counts) in tables.chunks_exact_mut(2).zip(counts.chunks_exact(2)) {
            (pair[0], pair[1]) = (table(&counts[0]), table(&counts[1]));
            if let (Some(first), Some(second)) = (&pair[0], &pair[1]) {
                let both = std::array::from_fn(|symbol| counts[0][symbol] + counts[1][symbol]);
                let shared = HuffmanTable::optimal(&both);
                if bits(&shared, &both) <= bits(first, &counts[0]) + bits(second, &counts[1]) {
                    (pair[0], pair[1]) = (Some(shared), None);
                }
            }
        }
        Ok(tables)
    }

    /// The pieces in their order, and the correction bits.
    pub(super) fn into_parts(mut self) -> (Vec<Chunk>, BitString) {
        self.chunks.push(self.chunk);
        (self.chunks, self.corrections)
    }
}

/// The slot of the table that has the symbols of `slot`: its own, or the first of its class where they share one.
pub(crate) fn table_of(slot: usize, tables: &[Option<HuffmanTable>; SLOTS]) -> usize {
    if tables[slot].is_some() { slot } else { slot & !1 }
}

/// What the symbols of a scan are, and what their slots mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SlotKind {
    /// DC differences; the slot is the table.
    Dc,
    /// AC coefficients; one table, slot 0.
    Ac,
    /// Both: slots 0 and 1 are DC tables, 2 and 3 AC tables.
    Sequential,
    /// Refined AC coefficients, or bits alone: the slot's place counts correction bits.
    Corrections,
}

impl SlotKind {
    /// Whether there is more than one table.
    pub(super) fn has_slots(self) -> bool {
        matches!(self, Self::Dc | Self::Sequential)
    }
}

/// The sizes that a coding process allows (T.81 F.1.2).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) dc: usize,
    pub(crate) ac: usize,
}

impl Sizes {
    /// For a precision in bits a sample.
    pub(crate) fn of_precision(precision: u8) -> Self {
        Self { dc: usize::from(precision) + 3, ac: usize::from(precision) + 2 }
    }
}

/// A string of bits.
#[derive(Debug, Default)]
pub(super) struct BitString {
    /// Whole words, their first bit the highest.
    words: Vec<u64>,
    /// The `count` bits that do not fill a word yet, below 64, the first of them the lowest.
    last: u64,
    count: u32,
}

impl BitString {
    #[inline(always)]
    fn push(&mut self, bits: u64, count: u32) {
        self.last |= bits << self.count;
        let sum = self.count + count;
        if sum >= 64 {
            self.words.push(self.last.reverse_bits());
            self.last = bits >> 1 >> (63 - self.count);
        }
        self.count = sum % 64;
    }

    pub(super) fn into_reader(mut self) -> BitStringReader {
        let len = self.words.len() * 64 + self.count as usize;
        // One word more than there are bits for, so that two words can be read at any place.
        self.words.extend([self.last.reverse_bits(), 0]);
        BitStringReader { words: self.words, at: 0, len }
    }
}

/// Takes a string apart again.
#[derive(Debug)]
pub(super) struct BitStringReader {
    words: Vec<u64>,
    at: usize,
    len: usize,
}

impl BitStringReader {
    /// Bits that are left.
    pub(super) fn left(&self) -> usize {
        self.len - self.at
    }

    /// The next `count` bits, 63 at most and no more than are left, the first of them the highest.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u64 {
        let (word, shift) = (self.at / 64, self.at % 64);
        let words = &self.words[word..][..2];
        self.at += count as usize;
        (words[0] << shift | words[1] >> 1 >> (63 - shift)) >> 1 >> (63 - count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_bits_come_back_in_other_pieces() {
        let mut string = BitString::default();
        let bit = |i: usize| (i * i / 7 + i / 3) as u64 & 1;
        let mut at = 0;
        for count in (0..64).chain([63, 1, 63, 1]) {
            let bits = (0..count).fold(0, |bits, i| bits | bit(at + i) << i);
            string.push(bits, count as u32);
            at += count;
        }
        let mut reader = string.into_reader();
        assert_eq!(reader.left(), at);
        let mut at = 0;
        for count in (0..64).rev().cycle() {
            let count = count.min(reader.left());
            let expected = (0..count).fold(0, |bits, i| bits << 1 | bit(at + i));
            assert_eq!(reader.take(count as u32), expected, "{count} bits at {at}");
            at += count;
            if reader.left() == 0 {
                break;
            }
        }
    }
}
