//! Tokens: what a scan will write, symbol by symbol, before its Huffman tables are known.
//!
//! A token is a symbol (8 bits), its slot (8 bits) and its extra bits (16). How many extra bits there are follows from
//! the symbol, for every kind of scan by the same rule. In a refinement scan, which has one table, the slot's place
//! holds the number of correction bits that follow the symbol; the bits themselves are kept apart in one string, since
//! they leave in the order in which they came whatever the symbols between them.

use crate::error::{Error, Result};
use crate::jpeg::bits::BitWriter;
use crate::jpeg::huffman::{Encoder, HuffmanTable};

/// Tables that the symbols of a scan may choose from: DC and AC tables 0 and 1 of a sequential scan, in this order.
pub(crate) const SLOTS: usize = 4;
/// A token that writes no symbol, only correction bits; as a symbol it has no meaning in a refinement scan.
const CORRECTIONS_ONLY: u8 = 0x02;
/// Tokens that are written before their bytes are stuffed and moved to the output: enough to forget the cost of the
/// change, few enough to stay in the first cache.
const CHUNK: usize = 1024;

/// The tokens of a scan.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    tokens: Vec<u32>,
    corrections: BitString,
}

impl Tokens {
    pub(crate) fn clear(&mut self) {
        self.tokens.clear();
        self.corrections.clear();
    }

    #[inline(always)]
    pub(crate) fn push(&mut self, slot: usize, symbol: u8, extra: u32) {
        self.tokens.push(extra << 16 | (slot as u32) << 8 | u32::from(symbol));
    }

    /// A symbol of a refinement scan with the number of correction bits that follow it, which
    /// [`Tokens::push_correction`] has or will have received by the end of the scan.
    #[inline(always)]
    pub(crate) fn push_refinement(&mut self, symbol: u8, extra: u32, mut corrections: u32) {
        let here = corrections.min(0xFF);
        self.tokens.push(extra << 16 | here << 8 | u32::from(symbol));
        corrections -= here;
        while corrections > 0 {
            let here = corrections.min(0xFF);
            self.tokens.push(here << 8 | u32::from(CORRECTIONS_ONLY));
            corrections -= here;
        }
    }

    #[inline(always)]
    pub(crate) fn push_correction(&mut self, bit: u32) {
        self.corrections.push(bit);
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        (self.tokens.len() * size_of::<u32>() + self.corrections.words.len() * size_of::<u64>()) as u64
    }

    /// Optimal tables for the symbols of each slot; `None` for a slot without symbols, and for the second of a class
    /// that does not earn its place: its symbols are then in the first ([`table_of`]).
    ///
    /// # Errors
    /// Where a coefficient is too large for a scan of this kind: its size is over `dc_size` or `ac_size` bits.
    pub(crate) fn tables(&self, kind: SlotKind, sizes: Sizes) -> Result<[Option<HuffmanTable>; SLOTS]> {
        let mut counts = vec![[0u32; 256]; SLOTS];
        for &token in &self.tokens {
            let slot = if kind == SlotKind::Corrections { 0 } else { (token >> 8) as usize % SLOTS };
            counts[slot][token as usize & 0xFF] += 1;
        }
        if kind == SlotKind::Corrections {
            counts[0][usize::from(CORRECTIONS_ONLY)] = 0;
        }
        for (slot, counts) in counts.iter().enumerate() {
            let is_dc = kind == SlotKind::Dc || (kind == SlotKind::Sequential && slot < SLOTS / 2);
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

    /// Writes the tokens with their tables, a byte-aligned string with stuffing.
    pub(crate) fn emit(&self, kind: SlotKind, tables: &[Option<HuffmanTable>; SLOTS], out: &mut Vec<u8>) {
        let unused = HuffmanTable { counts: [0; 16], symbols: Vec::new() };
        let encoders =
            [0, 1, 2, 3].map(|slot| Encoder::new(tables[table_of(slot, tables)].as_ref().unwrap_or(&unused)));
        let mut writer = BitWriter::default();
        let mut corrections = self.corrections.reader();
        for chunk in self.tokens.chunks(CHUNK) {
            if kind == SlotKind::Corrections {
                for &token in chunk {
                    let (bits, len) = encoders[0].encode(token as u8, token >> 16);
                    writer.put(bits, len);
                    corrections.copy(token >> 8 & 0xFF, &mut writer);
                }
            } else {
                for &token in chunk {
                    let (bits, len) = encoders[(token >> 8) as usize % SLOTS].encode(token as u8, token >> 16);
                    writer.put(bits, len);
                }
            }
            writer.stuff_into(out);
        }
        while corrections.left() > 0 {
            corrections.copy(corrections.left().min(CHUNK as u32 * 8), &mut writer);
            writer.stuff_into(out);
        }
        writer.finish_into(out);
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

/// A string of bits, most significant first.
#[derive(Debug, Default)]
struct BitString {
    words: Vec<u64>,
    /// Bits of the last word that are not yet in `words`, at the bottom.
    last: u64,
    count: u32,
}

impl BitString {
    fn clear(&mut self) {
        self.words.clear();
        (self.last, self.count) = (0, 0);
    }

    #[inline(always)]
    fn push(&mut self, bit: u32) {
        self.last = self.last << 1 | u64::from(bit);
        self.count += 1;
        if self.count == 64 {
            self.words.push(self.last);
            (self.last, self.count) = (0, 0);
        }
    }

    fn reader(&self) -> BitStringReader<'_> {
        BitStringReader { string: self, next: 0, word: 0, count: 0 }
    }
}

#[derive(Debug)]
struct BitStringReader<'a> {
    string: &'a BitString,
    /// Words that are in `word`, or have been; the unfinished one is the last.
    next: usize,
    /// The next `count` bits, from the top down.
    word: u64,
    count: u32,
}

impl BitStringReader<'_> {
    /// Bits that are left, or as many as the type can say.
    fn left(&self) -> u32 {
        let string = self.string;
        let words = string.words.len().saturating_sub(self.next) as u64 * 64;
        let unfinished = if self.next <= string.words.len() { string.count } else { 0 };
        u32::try_from(words + u64::from(unfinished + self.count)).unwrap_or(u32::MAX)
    }

    #[inline(always)]
    fn copy(&mut self, mut bits: u32, writer: &mut BitWriter) {
        while bits > 0 {
            if self.count == 0 {
                (self.word, self.count) = match self.string.words.get(self.next) {
                    Some(&word) => (word, 64),
                    None => (self.string.last << (64 - self.string.count).min(63), self.string.count),
                };
                self.next += 1;
            }
            let len = bits.min(self.count).min(32);
            if len == 0 {
                return;
            }
            writer.put((self.word >> (64 - len)) as u32, len);
            self.word <<= len;
            self.count -= len;
            bits -= len;
        }
    }
}
