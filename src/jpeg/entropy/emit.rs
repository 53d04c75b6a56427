//! Tokens to bits, once their Huffman tables are known.

use super::bit_string::BitStringReader;
use super::complete::{Complete, Piece};
use super::encoder::{CODE_BITS, Encoder, MANY, write, write_refinement};
use super::planes::AcKernels;
use super::store::Store;
use super::token::{MAX_CORRECTIONS, Place, SLOTS, SlotKind, Token};
use crate::jpeg::bits::{BitWriter, MAX_BITS};
use crate::jpeg::huffman::HuffmanTable;
use crate::jpeg::marker::RST0;

/// Tokens that are written before their bytes are stuffed and moved to the output: enough to forget the cost of the
/// change, few enough to stay in the first cache, and a multiple of those that are written together, whatever the kind.
const CHUNK: usize = 85 * 12;
/// Bits of a token at most: those of its code, and the corrections.
const TOKEN_BITS: usize = (CODE_BITS + MAX_CORRECTIONS) as usize;

/// Bytes of a piece that are joined before they are stuffed, whole strings of bits that are put at once.
const JOINED: usize = 7 * 256;

/// Bits of a scan: those of its first piece with stuffing, others without, since they may begin anywhere in a byte.
#[derive(Debug, Default)]
pub(crate) struct Bits {
    bytes: Vec<u8>,
    /// Those that do not fill a byte, `count` of them.
    last: u64,
    count: u32,
}

/// Writes the tokens with their tables: byte-aligned strings with stuffing, a restart marker between two of them.
pub(crate) fn emit(
    kernels: impl AcKernels,
    tokens: &Complete,
    store: &Store,
    tables: &[Option<HuffmanTable>; SLOTS],
    out: &mut Vec<u8>,
) {
    match tokens.kind() {
        SlotKind::Sequential => Emission::<1024>::new(tokens, store, tokens.whole(), tables).all(kernels, out),
        _ => Emission::<256>::new(tokens, store, tokens.whole(), tables).all(kernels, out),
    }
}

/// Writes a piece of the tokens, for which there is room in so many bytes, to be [joined](join) with the others.
pub(crate) fn emit_piece(
    kernels: impl AcKernels,
    tokens: &Complete,
    store: &Store,
    piece: Piece,
    tables: &[Option<HuffmanTable>; SLOTS],
    room: usize,
) -> Bits {
    let bytes = Vec::with_capacity(room);
    match tokens.kind() {
        SlotKind::Sequential => Emission::<1024>::new(tokens, store, piece, tables).piece(kernels, bytes),
        _ => Emission::<256>::new(tokens, store, piece, tables).piece(kernels, bytes),
    }
}

/// What pieces of a scan are together, as [`emit`] writes it: they are added to the first, which may have room for them.
pub(crate) fn join(pieces: Vec<Bits>) -> Vec<u8> {
    const { assert!((JOINED * 8).is_multiple_of(56) && 56 <= MAX_BITS) };
    let (mut writer, mut pieces) = (BitWriter::new(JOINED + 1), pieces.into_iter());
    let Bits { bytes: mut out, last, count } = pieces.next().unwrap_or_default();
    writer.put(last, count);
    for Bits { bytes, last, count } in pieces {
        for bytes in bytes.chunks(JOINED) {
            let (strings, few) = bytes.as_chunks();
            for &[a, b, c, d, e, f, g] in strings {
                writer.put(u64::from_be_bytes([0, a, b, c, d, e, f, g]), 56);
            }
            few.iter().for_each(|&byte| writer.put(byte.into(), 8));
            writer.stuff_into(&mut out);
        }
        writer.put(last, count);
    }
    writer.finish_into(&mut out);
    out
}

/// Tokens on their way to bits.
struct Emission<'a, const CODES: usize> {
    encoder: Encoder<CODES>,
    kind: SlotKind,
    ends: &'a [Place],
    end: Place,
    /// What is left: of a stretch, and the stretches after it.
    stretch: &'a [Token],
    stretches: std::vec::IntoIter<&'a [Token]>,
    /// Tokens before them.
    written: usize,
    corrections: BitStringReader<'a>,
    writer: BitWriter,
}

impl<'a, const CODES: usize> Emission<'a, CODES> {
    fn new(
        tokens: &'a Complete,
        store: &'a Store,
        Piece { stretches, start, end }: Piece,
        tables: &[Option<HuffmanTable>; SLOTS],
    ) -> Self {
        Self {
            encoder: Encoder::new(tokens.kind(), tables),
            kind: tokens.kind(),
            ends: &tokens.ends,
            end,
            stretch: &[],
            stretches: tokens.stretches(stretches, store).collect::<Vec<_>>().into_iter(),
            written: start.tokens,
            corrections: tokens.corrections.reader(start.corrections),
            writer: BitWriter::new(CHUNK * TOKEN_BITS / 8 + 1),
        }
    }

    fn all(mut self, kernels: impl AcKernels, out: &mut Vec<u8>) {
        for (number, &end) in self.ends.iter().enumerate() {
            if number > 0 {
                out.extend([0xFF, RST0 + ((number - 1) % 8) as u8]);
            }
            self.until(kernels, end, |writer| writer.stuff_into(out));
            self.writer.finish_into(out);
        }
    }

    fn piece(mut self, kernels: impl AcKernels, mut bytes: Vec<u8>) -> Bits {
        let is_first = self.written == 0;
        self.until(kernels, self.end, |writer| {
            if is_first { writer.stuff_into(&mut bytes) } else { writer.move_into(&mut bytes) }
        });
        let (last, count) = self.writer.rest();
        Bits { bytes, last, count }
    }

    /// Writes what comes before a place, and has what was written taken away.
    fn until(&mut self, kernels: impl AcKernels, end: Place, mut take: impl FnMut(&mut BitWriter)) {
        while let Some(chunk) = self.next_chunk(end.tokens - self.written) {
            let Self { encoder, kind, corrections, writer, .. } = self;
            kernels.run(
                #[inline(always)]
                || match kind {
                    SlotKind::Corrections => write_refinement(encoder, chunk, corrections, writer),
                    _ => write(encoder, chunk, writer),
                },
            );
            take(writer);
            self.written += chunk.len();
        }
        let Self { corrections, writer, .. } = self;
        while corrections.taken() < end.corrections {
            for _ in 0..CHUNK.min((end.corrections - corrections.taken()).div_ceil(MANY as usize)) {
                let count = (end.corrections - corrections.taken()).min(MANY as usize) as u32;
                writer.put(corrections.take(count), count);
            }
            take(writer);
        }
    }

    /// The next tokens of a stretch, or of the one after it: `most` of them, or as many as are written at once;
    /// nothing where that is none.
    fn next_chunk(&mut self, most: usize) -> Option<&'a [Token]> {
        while self.stretch.is_empty() {
            self.stretch = self.stretches.next()?;
        }
        let (chunk, rest) = self.stretch.split_at(self.stretch.len().min(CHUNK).min(most));
        self.stretch = rest;
        (!chunk.is_empty()).then_some(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::super::token::{Sizes, Tokens};
    use super::*;
    use crate::jpeg::simd::Scalar;

    /// Tokens that vary in length, those of refinements with corrections behind them and more at the end.
    fn tokens(kind: SlotKind, count: usize, interval: usize) -> (Tokens, Store) {
        let (mut tokens, mut store, mut state) = (Tokens::new(kind), Store::default(), 1u32);
        for i in 0..count {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let some = state >> 16;
            if kind == SlotKind::Corrections {
                let corrections = if some.is_multiple_of(97) { 150 } else { some % 4 };
                (0..corrections).for_each(|bit| tokens.push_corrections(u64::from((state >> (bit % 9)) & 1), 1));
                tokens.push_with_corrections((some % 12) << 4 | 1, some & 1, 1, corrections);
            } else {
                let (size, slot) = (some % 7, if kind == SlotKind::Sequential { 2 } else { 0 });
                tokens.push(kind, slot, ((some % 9) << 4 | size) as u8, state & ((1 << size) - 1), size);
            }
            if (i + 1).is_multiple_of(interval) {
                tokens.end_interval();
            }
            tokens.settle(&mut store);
        }
        if kind == SlotKind::Corrections {
            (0..99).for_each(|i| tokens.push_corrections(0b1011, 4 + i % 2));
        }
        tokens.finish(&mut store);
        (tokens, store)
    }

    #[test]
    fn pieces_are_joined_to_what_is_written_at_once() {
        for kind in [SlotKind::Ac, SlotKind::Corrections, SlotKind::Sequential] {
            for (count, asked, many) in
                [(1000, 5, 0), (70_000, 1, 0), (70_000, 2, 2), (240_000, 7, 7), (40_000, 900, 2)]
            {
                let (tokens, store) = tokens(kind, count, usize::MAX);
                let (tables, _) = tokens.tables(Sizes::of_precision(8)).unwrap();
                let tokens = tokens.complete();
                let mut expected = Vec::new();
                emit(Scalar, &tokens, &store, &tables, &mut expected);
                let pieces = tokens.pieces(asked, &store);
                let name = format!("{kind:?}, {count}, {asked}: {}", pieces.len());
                assert_eq!(pieces.len(), many, "{name}");
                if many > 0 {
                    let pieces = pieces.into_iter().map(|piece| emit_piece(Scalar, &tokens, &store, piece, &tables, 9));
                    assert!(join(pieces.collect()) == expected, "{name}");
                }
            }
            assert!(tokens(kind, 240_000, 100_000).0.complete().pieces(4, &Store::default()).is_empty());
        }
    }
}
