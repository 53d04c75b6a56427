//! Where the tokens of the scans of a picture are kept until they are written.

use std::ops::Range;

use super::token::Token;

/// The tokens of scans that are made together, in the stretches in which they came: a piece of memory for each part of
/// the picture, written once from its beginning to its end.
#[derive(Debug)]
pub(crate) struct Store {
    /// Tokens come to the last.
    pieces: Vec<Vec<Token>>,
}

impl Default for Store {
    fn default() -> Self {
        Self { pieces: vec![Vec::new()] }
    }
}

impl Store {
    /// Makes room for so many bytes in all, where that is more than there is.
    pub(crate) fn reserve(&mut self, bytes: u64) {
        let tokens = usize::try_from(bytes.saturating_sub(self.bytes())).unwrap_or(usize::MAX) / size_of::<Token>();
        if let Some(last) = self.pieces.last_mut() {
            last.reserve_exact(tokens);
        }
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        self.pieces.iter().map(|piece| size_of_val(&piece[..]) as u64).sum()
    }

    /// Takes over what another one has. Returns how many pieces come before it.
    pub(crate) fn append(&mut self, next: Self) -> usize {
        let before = self.pieces.len();
        self.pieces.extend(next.pieces);
        before
    }

    /// Adds tokens of a scan.
    pub(super) fn push(&mut self, tokens: &[Token]) -> Stretch {
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
