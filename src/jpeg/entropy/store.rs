//! Where the tokens of the scans of a picture are kept until they are written.

use std::ops::{Range, RangeInclusive};

use super::token::Token;

/// The tokens of scans that are made together, in the stretches in which they came. Pieces of memory are written once
/// from beginning to end and never moved.
#[derive(Debug, Default)]
pub(crate) struct Store {
    /// Tokens come to the last.
    pieces: Vec<Vec<Token>>,
    /// Tokens that all pieces have room for.
    room: usize,
}

/// Tokens that a piece has room for, at least and at most: as many as those before it together.
const PIECE: RangeInclusive<usize> = 1 << 12..=1 << 16;

impl Store {
    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        (self.room * size_of::<Token>()) as u64
    }

    /// Takes over what another one has. Returns how many pieces come before it.
    pub(crate) fn append(&mut self, next: Self) -> usize {
        let before = self.pieces.len();
        self.pieces.extend(next.pieces);
        self.room += next.room;
        before
    }

    /// Adds tokens of a scan.
    pub(super) fn push(&mut self, tokens: &[Token]) -> Stretch {
        let has_room = |piece: &Vec<Token>| piece.capacity() - piece.len() >= tokens.len();
        if !self.pieces.last().is_some_and(has_room) {
            let room = self.room.clamp(*PIECE.start(), *PIECE.end()).max(tokens.len());
            self.pieces.push(Vec::with_capacity(room));
            self.room += room;
        }
        let piece = self.pieces.len() - 1;
        let last = &mut self.pieces[piece];
        let start = last.len();
        last.extend_from_slice(tokens);
        Stretch { piece, range: start..last.len() }
    }

    /// The tokens of a stretch.
    pub(super) fn get(&self, stretch: &Stretch) -> &[Token] {
        &self.pieces[stretch.piece][stretch.range.clone()]
    }
}

/// Tokens of a scan that lie together in a store.
#[derive(Debug)]
pub(super) struct Stretch {
    piece: usize,
    range: Range<usize>,
}

impl Stretch {
    /// In a store that was added to another, behind so many pieces.
    pub(super) fn behind(self, pieces: usize) -> Self {
        Self { piece: pieces + self.piece, ..self }
    }
}
