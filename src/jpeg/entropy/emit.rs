//! Tokens to bits, once their Huffman tables are known.

use super::bit_string::BitStringReader;
use super::planes::AcKernels;
use super::store::Store;
use super::token::{MAX_CORRECTIONS, SLOTS, SlotKind, Token, Tokens, table_of};
use crate::jpeg::bits::{BitWriter, MAX_BITS};
use crate::jpeg::huffman::{HuffmanTable, extra_bits};
use crate::jpeg::marker::RST0;

/// Tokens that are written before their bytes are stuffed and moved to the output: enough to forget the cost of the
/// change, few enough to stay in the first cache.
const CHUNK: usize = 1024;
/// Correction bits of a piece that is written at once.
const PIECE: u32 = 32;
/// Bits of a code and the extra bits in its token at most, 16 and 8.
const CODE_BITS: u32 = 24;
/// Bits of a token at most: those, and the corrections.
const TOKEN_BITS: usize = (CODE_BITS + MAX_CORRECTIONS) as usize;

/// Writes the tokens with their tables: byte-aligned strings with stuffing, a restart marker between two of them.
pub(crate) fn emit(
    kernels: impl AcKernels,
    tokens: Tokens,
    store: &Store,
    tables: &[Option<HuffmanTable>; SLOTS],
    out: &mut Vec<u8>,
) {
    match tokens.kind() {
        kind @ SlotKind::Sequential => emit_codes(kernels, &Encoder::<1024>::new(kind, tables), tokens, store, out),
        kind => emit_codes(kernels, &Encoder::<256>::new(kind, tables), tokens, store, out),
    }
}

fn emit_codes<const CODES: usize>(
    kernels: impl AcKernels,
    encoder: &Encoder<CODES>,
    tokens: Tokens,
    store: &Store,
    out: &mut Vec<u8>,
) {
    let kind = tokens.kind();
    let mut stretches = tokens.stretches(store).collect::<Vec<_>>().into_iter();
    let (mut written, mut stretch): (_, &[Token]) = (0, &[]);
    let (mut corrections, ends) = tokens.into_corrections_and_ends();
    let mut writer = BitWriter::new(CHUNK * TOKEN_BITS / 8 + 1);
    for (number, end) in ends.iter().enumerate() {
        if number > 0 {
            out.extend([0xFF, RST0 + ((number - 1) % 8) as u8]);
        }
        while let Some(chunk) = next_chunk(&mut stretch, &mut stretches, end.tokens - written) {
            kernels.run(
                #[inline(always)]
                || match kind {
                    SlotKind::Corrections => write_refinement(encoder, chunk, &mut corrections, &mut writer),
                    _ => write(encoder, chunk, &mut writer),
                },
            );
            writer.stuff_into(out);
            written += chunk.len();
        }
        while corrections.taken() < end.corrections {
            for _ in 0..CHUNK.min((end.corrections - corrections.taken()).div_ceil(PIECE as usize)) {
                let count = (end.corrections - corrections.taken()).min(PIECE as usize) as u32;
                writer.put(corrections.take(count), count);
            }
            writer.stuff_into(out);
        }
        writer.finish_into(out);
    }
}

/// The next tokens of a stretch, or of the one after it: `most` of them, or as many as are written at once;
/// nothing where that is none.
fn next_chunk<'a>(
    stretch: &mut &'a [Token],
    stretches: &mut impl Iterator<Item = &'a [Token]>,
    most: usize,
) -> Option<&'a [Token]> {
    while stretch.is_empty() {
        *stretch = stretches.next()?;
    }
    let (chunk, rest) = stretch.split_at(stretch.len().min(CHUNK).min(most));
    *stretch = rest;
    (!chunk.is_empty()).then_some(chunk)
}

/// The tables of a scan made ready to encode the tokens of a kind, by their codes.
#[derive(Debug)]
struct Encoder<const CODES: usize> {
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
    fn new(kind: SlotKind, tables: &[Option<HuffmanTable>; SLOTS]) -> Self {
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

/// Writes tokens two at a time.
#[inline(always)]
fn write<const CODES: usize>(encoder: &Encoder<CODES>, tokens: &[Token], writer: &mut BitWriter) {
    const { assert!(2 * CODE_BITS <= MAX_BITS) };
    let (pairs, last) = tokens.as_chunks();
    for &[first, second] in pairs {
        let ((first, first_len), (second, second_len)) = (encoder.encode(first), encoder.encode(second));
        writer.put(first << second_len | second, first_len + second_len);
    }
    for &token in last {
        let (bits, len) = encoder.encode(token);
        writer.put(bits, len);
    }
}

/// Writes tokens of a refinement two at a time, each with its corrections.
#[inline(always)]
fn write_refinement<const CODES: usize>(
    encoder: &Encoder<CODES>,
    tokens: &[Token],
    corrections: &mut BitStringReader,
    writer: &mut BitWriter,
) {
    let (pairs, last) = tokens.as_chunks();
    for &[first, second] in pairs {
        let (first_count, second_count) = (corrections_of(first), corrections_of(second));
        let ((first_bits, first_len), (second_bits, second_len)) = (encoder.encode(first), encoder.encode(second));
        let len = first_len + first_count + second_len + second_count;
        if len <= MAX_BITS {
            let bits = first_bits << first_count | corrections.take(first_count);
            let bits =
                bits << second_len << second_count | second_bits << second_count | corrections.take(second_count);
            writer.put(bits, len);
        } else {
            write_in_pieces(encoder, first, corrections, writer);
            write_in_pieces(encoder, second, corrections, writer);
        }
    }
    for &token in last {
        write_in_pieces(encoder, token, corrections, writer);
    }
}

/// Correction bits that follow a token of a refinement.
#[inline(always)]
fn corrections_of(token: Token) -> u32 {
    u32::from(token >> 8) & MAX_CORRECTIONS
}

/// Writes a token with any number of corrections.
#[cold]
fn write_in_pieces<const CODES: usize>(
    encoder: &Encoder<CODES>,
    token: Token,
    corrections: &mut BitStringReader,
    writer: &mut BitWriter,
) {
    let (bits, len) = encoder.encode(token);
    writer.put(bits, len);
    let mut left = corrections_of(token);
    while left > 0 {
        let count = left.min(PIECE);
        writer.put(corrections.take(count), count);
        left -= count;
    }
}
