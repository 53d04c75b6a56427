//! The tokens of a scan that has all of them: they are written at once, or in pieces that are joined.

use std::ops::Range;

use super::bit_string::Corrections;
use super::encoder;
use super::store::{Store, Stretch};
use super::token::{Place, SlotKind, Token};

/// Tokens of a piece that is worth writing by itself, at least.
const LEAST: usize = 1 << 14;

/// All tokens of a scan.
#[derive(Debug)]
pub(crate) struct Complete {
    pub(super) kind: SlotKind,
    /// Whether they are there.
    pub(super) keeps: bool,
    pub(super) stretches: Vec<Stretch>,
    pub(super) corrections: Corrections,
    /// Where restart intervals end, the last included.
    pub(super) ends: Vec<Place>,
}

/// A piece of a scan that has no restart markers.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(super) stretches: Range<usize>,
    pub(super) start: Place,
    pub(super) end: Place,
}

impl Complete {
    pub(crate) fn kind(&self) -> SlotKind {
        self.kind
    }

    pub(crate) fn keeps(&self) -> bool {
        self.keeps
    }

    /// Restart markers of the scan.
    pub(crate) fn restarts(&self) -> usize {
        self.ends.len() - 1
    }

    /// The tokens in their order, as they lie in the store that they were moved to.
    pub(super) fn stretches<'a>(&self, of: Range<usize>, store: &'a Store) -> impl Iterator<Item = &'a [Token]> {
        self.stretches[of].iter().map(|stretch| store.get(stretch))
    }

    /// All of it as one piece, whatever there is between intervals.
    pub(super) fn whole(&self) -> Piece {
        let start = Place { tokens: 0, corrections: 0 };
        Piece { stretches: 0..self.stretches.len(), start, end: self.end() }
    }

    /// So many pieces that can be written apart, or fewer of a short scan; none of one that has restart markers, which
    /// begin with a byte, as only the first piece does.
    pub(crate) fn pieces(&self, count: usize, store: &Store) -> Vec<Piece> {
        let Piece { stretches: Range { mut start, end: last }, start: mut from, end } = self.whole();
        let count = count.min(end.tokens / LEAST);
        if self.restarts() > 0 || count < 2 {
            return Vec::new();
        }
        let (mut pieces, mut to) = (Vec::with_capacity(count), from);
        for (i, tokens) in self.stretches(0..last, store).enumerate() {
            if to.tokens >= end.tokens / count * (pieces.len() + 1) {
                pieces.push(Piece { stretches: start..i, start: from, end: to });
                (start, from) = (i, to);
                if pieces.len() + 1 == count {
                    break;
                }
            }
            to.tokens += tokens.len();
            if self.kind == SlotKind::Corrections {
                to.corrections += encoder::corrections(tokens);
            }
        }
        pieces.push(Piece { stretches: start..last, start: from, end });
        pieces
    }

    /// Bytes of memory in use but for the store.
    pub(crate) fn own_bytes(&self) -> u64 {
        let stretches = self.stretches.capacity() * size_of::<Stretch>();
        let ends = self.ends.capacity() * size_of::<Place>();
        (stretches + self.corrections.bytes_in_use() + ends) as u64
    }

    fn end(&self) -> Place {
        self.ends[self.ends.len() - 1]
    }
}

#[cfg(test)]
impl Complete {
    pub(super) fn all(&self, store: &Store) -> Vec<Token> {
        self.stretches(0..self.stretches.len(), store).collect::<Vec<_>>().concat()
    }
}
