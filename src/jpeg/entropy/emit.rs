//! Tokens to bits, once their Huffman tables are known.

use super::planes::AcKernels;
use super::token::{BitStringReader, SLOTS, SlotKind, Tokens, table_of};
use crate::jpeg::bits::{BitWriter, MAX_BITS};
use crate::jpeg::huffman::{Encoder, HuffmanTable};

/// Tokens that are written before their bytes are stuffed and moved to the output: enough to forget the cost of the
/// change, few enough to stay in the first cache.
const CHUNK: usize = 1024;
/// Correction bits of a piece that is written at once.
const PIECE: u32 = 32;
/// Bits of a token at most: those of a symbol with its extra bits, and the corrections.
const TOKEN_BITS: usize = 31 + 255;

/// Writes the tokens with their tables, a byte-aligned string with stuffing.
pub(crate) fn emit(kernels: impl AcKernels, tokens: Tokens, tables: &[Option<HuffmanTable>; SLOTS], out: &mut Vec<u8>) {
    let unused = HuffmanTable { counts: [0; 16], symbols: Vec::new() };
    let encoders = [0, 1, 2, 3].map(|slot| Encoder::new(tables[table_of(slot, tables)].as_ref().unwrap_or(&unused)));
    let kind = tokens.kind();
    let (chunks, corrections) = tokens.into_parts();
    let mut corrections = corrections.into_reader();
    let mut writer = BitWriter::new(CHUNK * TOKEN_BITS / 8 + 1);
    for chunk in chunks {
        for tokens in chunk.tokens().chunks(CHUNK) {
            kernels.run(
                #[inline(always)]
                || match kind {
                    SlotKind::Corrections => write_refinement(&encoders[0], tokens, &mut corrections, &mut writer),
                    SlotKind::Ac => {
                        write(tokens, |token| encoders[0].encode(token as u8, token >> 16), &mut writer);
                    }
                    SlotKind::Dc | SlotKind::Sequential => {
                        let encode =
                            |token: u32| encoders[(token >> 8) as usize % SLOTS].encode(token as u8, token >> 16);
                        write(tokens, encode, &mut writer);
                    }
                },
            );
            writer.stuff_into(out);
        }
    }
    while corrections.left() > 0 {
        for _ in 0..CHUNK {
            let count = corrections.left().min(PIECE as usize) as u32;
            writer.put(corrections.take(count), count);
        }
        writer.stuff_into(out);
    }
    writer.finish_into(out);
}

/// Writes tokens two at a time.
#[inline(always)]
fn write(tokens: &[u32], encode: impl Fn(u32) -> (u32, u32), writer: &mut BitWriter) {
    let (pairs, last) = tokens.as_chunks();
    for &[first, second] in pairs {
        let ((first, first_len), (second, second_len)) = (encode(first), encode(second));
        put_both(first.into(), first_len, second.into(), second_len, writer);
    }
    for &token in last {
        let (bits, len) = encode(token);
        writer.put(bits.into(), len);
    }
}

/// Writes tokens of a refinement two at a time, each with its corrections.
#[inline(always)]
fn write_refinement(encoder: &Encoder, tokens: &[u32], corrections: &mut BitStringReader, writer: &mut BitWriter) {
    let corrections_of = |token: u32| token >> 8 & 0xFF;
    let encode = |token: u32, count: u32, corrections: &mut BitStringReader| {
        let (bits, len) = encoder.encode(token as u8, token >> 16);
        (u64::from(bits) << count | corrections.take(count), len + count)
    };
    let (pairs, last) = tokens.as_chunks();
    for &[first, second] in pairs {
        let (first_count, second_count) = (corrections_of(first), corrections_of(second));
        if first_count.max(second_count) <= MAX_BITS - 31 {
            let (first, first_len) = encode(first, first_count, corrections);
            let (second, second_len) = encode(second, second_count, corrections);
            put_both(first, first_len, second, second_len, writer);
        } else {
            write_in_pieces(encoder, first, corrections, writer);
            write_in_pieces(encoder, second, corrections, writer);
        }
    }
    for &token in last {
        write_in_pieces(encoder, token, corrections, writer);
    }
}

/// Writes a token with any number of corrections.
#[cold]
fn write_in_pieces(encoder: &Encoder, token: u32, corrections: &mut BitStringReader, writer: &mut BitWriter) {
    let (bits, len) = encoder.encode(token as u8, token >> 16);
    writer.put(bits.into(), len);
    let mut left = token >> 8 & 0xFF;
    while left > 0 {
        let count = left.min(PIECE);
        writer.put(corrections.take(count), count);
        left -= count;
    }
}

#[inline(always)]
fn put_both(first: u64, first_len: u32, second: u64, second_len: u32, writer: &mut BitWriter) {
    if first_len + second_len <= MAX_BITS {
        writer.put(first << second_len | second, first_len + second_len);
    } else {
        writer.put(first, first_len);
        writer.put(second, second_len);
    }
}
