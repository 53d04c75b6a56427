//! Tokens to strings of bits that are put at once, several tokens where one string has room for them: to put a string
//! takes longer than to lengthen it.

use super::bit_string::BitStringReader;
use super::token::{MAX_CORRECTIONS, SLOTS, SlotKind, Token, table_of};
use crate::jpeg::bits::{BitWriter, MAX_BITS};
use crate::jpeg::huffman::{HuffmanTable, extra_bits};

/// Correction bits that are written at once where there are many.
pub(super) const MANY: u32 = 32;
/// Bits of a code and the extra bits in its token at most, 16 and 8.
pub(super) const CODE_BITS: u32 = 24;

/// The tables of a scan made ready to encode the tokens of a kind, by their codes.
#[derive(Debug)]
pub(super) struct Encoder<const CODES: usize> {
    entries: Box<[Entry; CODES]>,
    extra_at: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// The Huffman code, with room for the extra bits below it.
    bits: u32,
    /// Bits of both.
    len: u32,
}

impl<const CODES: usize> Encoder<CODES> {
    pub(super) fn new(kind: SlotKind, tables: &[Option<HuffmanTable>; SLOTS]) -> Self {
        let mut entries = Box::new([Entry::default(); CODES]);
        let mut codes = [[(0, 0); 256]; SLOTS];
        for (codes, table) in codes.iter_mut().zip(tables) {
            for (symbol, code, length) in table.iter().flat_map(HuffmanTable::codes) {
                codes[usize::from(symbol)] = (code, length);
            }
        }
        for (code, entry) in (0..).zip(entries.iter_mut()) {
            if let Some((slot, symbol)) = kind.symbol(code) {
                let (bits, length) = codes[table_of(slot, tables)][usize::from(symbol)];
                let extra = kind.carried(extra_bits(symbol));
                *entry = Entry { bits: bits << extra, len: length + extra };
            } else if code == kind.more() {
                *entry = Entry { bits: 0, len: kind.room() };
            }
        }
        Self { entries, extra_at: kind.extra_at() }
    }

    /// The code of a token and its extra bits as one string of bits, and its length, [`CODE_BITS`] at most.
    #[inline(always)]
    fn encode(&self, token: Token) -> (u64, u32) {
        let entry = self.entries[usize::from(token) % CODES];
        ((entry.bits | u32::from(token) >> self.extra_at).into(), entry.len)
    }
}

/// Writes tokens four at a time, in one string of bits where that is short enough, or else in two.
#[inline(always)]
pub(super) fn write<const CODES: usize>(encoder: &Encoder<CODES>, tokens: &[Token], writer: &mut BitWriter) {
    const { assert!(2 * CODE_BITS <= MAX_BITS) };
    let (fours, last) = tokens.as_chunks();
    for four in fours {
        let [(a, a_len), (b, b_len), (c, c_len), (d, d_len)] = four.map(|token| encoder.encode(token));
        let (first, first_len, second, second_len) = (a << b_len | b, a_len + b_len, c << d_len | d, c_len + d_len);
        if first_len + second_len <= MAX_BITS {
            writer.put(first << second_len | second, first_len + second_len);
        } else {
            writer.put(first, first_len);
            writer.put(second, second_len);
        }
    }
    for &token in last {
        let (bits, len) = encoder.encode(token);
        writer.put(bits, len);
    }
}

/// Writes tokens of a refinement six at a time, each with its corrections, in one string of bits where that is short
/// enough, or else pair by pair, and a pair that is too long in pieces.
#[inline(always)]
pub(super) fn write_refinement<const CODES: usize>(
    encoder: &Encoder<CODES>,
    tokens: &[Token],
    corrections: &mut BitStringReader<'_>,
    writer: &mut BitWriter,
) {
    let (sixes, last) = tokens.as_chunks();
    for &[a, b, c, d, e, f] in sixes {
        let pairs = [[a, b], [c, d], [e, f]];
        let refined = pairs.map(|pair| RefinedPair::new(encoder, pair));
        let len = refined.iter().map(|pair| pair.len).sum();
        if len <= MAX_BITS {
            let mut left = refined.iter().map(|pair| pair.corrections).sum();
            let all = corrections.take(left);
            let bits = refined.iter().fold(0, |bits, pair| {
                left -= pair.corrections;
                bits << pair.len | pair.with(lowest(all >> left, pair.corrections))
            });
            writer.put(bits, len);
            continue;
        }
        for (pair, refined) in pairs.iter().zip(refined) {
            if refined.len <= MAX_BITS {
                writer.put(refined.with(corrections.take(refined.corrections)), refined.len);
            } else {
                pair.iter().for_each(|&token| write_in_pieces(encoder, token, corrections, writer));
            }
        }
    }
    last.iter().for_each(|&token| write_in_pieces(encoder, token, corrections, writer));
}

/// Two tokens of a refinement.
#[derive(Clone, Copy)]
struct RefinedPair {
    /// The codes, the second with room for its corrections.
    codes: [u64; 2],
    first_corrections: u32,
    second_corrections: u32,
    /// Bits of the second with its corrections.
    second_len: u32,
    /// Corrections and all bits of both.
    corrections: u32,
    len: u32,
}

impl RefinedPair {
    #[inline(always)]
    fn new<const CODES: usize>(encoder: &Encoder<CODES>, [first, second]: [Token; 2]) -> Self {
        let (first_corrections, second_corrections) = (corrections_of(first), corrections_of(second));
        let ((first, first_len), (second, second_len)) = (encoder.encode(first), encoder.encode(second));
        let second_len = second_len + second_corrections;
        Self {
            codes: [first, second << second_corrections],
            first_corrections,
            second_corrections,
            second_len,
            corrections: first_corrections + second_corrections,
            len: first_len + first_corrections + second_len,
        }
    }

    /// All bits, where they are short enough, with the corrections of both.
    #[inline(always)]
    fn with(&self, corrections: u64) -> u64 {
        let first = self.codes[0] << self.first_corrections | corrections >> self.second_corrections;
        first << self.second_len | self.codes[1] | lowest(corrections, self.second_corrections)
    }
}

/// The lowest bits of some, fewer than 64.
#[inline(always)]
fn lowest(bits: u64, count: u32) -> u64 {
    bits & !(u64::MAX << count)
}

/// Correction bits that follow a token of a refinement.
#[inline(always)]
fn corrections_of(token: Token) -> u32 {
    u32::from(token >> 8) & MAX_CORRECTIONS
}

/// Correction bits that follow tokens of a refinement.
pub(super) fn corrections(tokens: &[Token]) -> usize {
    /// Tokens whose sum is one of 16 bits.
    const SOME: usize = (Token::MAX as u32 / MAX_CORRECTIONS) as usize;
    let sum =
        |some: &[Token]| some.iter().fold(0, |sum: Token, &token| sum.wrapping_add(corrections_of(token) as Token));
    tokens.chunks(SOME).map(|some| usize::from(sum(some))).sum()
}

/// Writes a token with any number of corrections.
#[cold]
fn write_in_pieces<const CODES: usize>(
    encoder: &Encoder<CODES>,
    token: Token,
    corrections: &mut BitStringReader<'_>,
    writer: &mut BitWriter,
) {
    let (bits, len) = encoder.encode(token);
    writer.put(bits, len);
    let mut left = corrections_of(token);
    while left > 0 {
        let count = left.min(MANY);
        writer.put(corrections.take(count), count);
        left -= count;
    }
}

#[cfg(test)]
mod tests {
    use super::super::bit_string::BitString;
    use super::*;

    /// Codes of 3 to 24 bits and none, so that several tokens may be short enough for one string of bits, and two may not.
    #[test]
    fn tokens_written_together_are_those_written_one_by_one() {
        let mut encoder = Encoder::<256> { entries: Box::new([Entry::default(); 256]), extra_at: 14 };
        for (code, entry) in (0..).zip(encoder.entries.iter_mut()) {
            let len = (3 + code / 11).min(24);
            *entry = Entry { bits: (0x00B7_1D5C ^ code) & ((1 << len) - 1) & !3, len };
        }
        encoder.entries[0] = Entry { bits: 0, len: 0 };
        let (mut state, mut string) = (1_u32, BitString::default());
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        for codes in [20, 120, 256] {
            let mut token = |i: u32| {
                let corrections = if i.is_multiple_of(50) { MAX_CORRECTIONS } else { next() % 8 };
                let bits = u64::from(next()) << 40 | u64::from(next()) << 20 | u64::from(next());
                string.push(bits & ((1 << corrections) - 1), corrections);
                let (code, extra) = (next() % codes, next() % 4);
                (if code == 0 { 0 } else { extra << 14 } | corrections << 8 | code) as Token
            };
            let tokens: Vec<Token> = (0..999).map(&mut token).collect();
            let corrections = std::mem::take(&mut string).complete();
            let written = |write: &dyn Fn(&mut BitStringReader<'_>, &mut BitWriter)| {
                let (mut reader, mut writer, mut out) = (corrections.reader(0), BitWriter::new(1 << 16), Vec::new());
                write(&mut reader, &mut writer);
                writer.finish_into(&mut out);
                (out, reader.taken())
            };
            let singly = |tokens: &[Token]| {
                written(&|reader, writer| {
                    tokens.iter().for_each(|&token| write_in_pieces(&encoder, token, reader, writer));
                })
            };
            let together = written(&|reader, writer| write_refinement(&encoder, &tokens, reader, writer));
            assert!(together == singly(&tokens), "{codes}");
            let plain: Vec<Token> = tokens.iter().map(|token| token & 0xC0FF).collect();
            assert!(written(&|_, writer| write(&encoder, &plain, writer)) == singly(&plain), "{codes}");
        }
    }
}
