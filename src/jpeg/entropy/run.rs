//! Runs of blocks that have nothing more in a band (T.81 G.1.2.2), within a part of a scan and from one part to the
//! next.

use super::token::Tokens;

/// The longest run that EOB14 can say.
const LONGEST: u32 = 0x7FFF;

/// Added to the blocks of a run that may have begun before the first block of its part of the scan: it is longer than
/// any that is written.
const OPEN: u32 = 1 << 31;

/// A run that is held back until it ends.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(super) blocks: u32,
    /// Correction bits of the blocks; a first scan has none.
    pub(super) corrections: u32,
    /// The run that the part of the scan begins with, once it has ended: blocks and corrections.
    lead: Option<(u32, u32)>,
}

impl Run {
    /// For a part of a scan that other blocks come before.
    pub(crate) fn open() -> Self {
        Self { blocks: OPEN, ..Self::default() }
    }

    /// Takes so many blocks that have nothing in the band, or in a refinement nothing new: their corrections are
    /// counted.
    #[inline(always)]
    pub(super) fn pass(&mut self, blocks: usize, tokens: &mut Tokens) {
        self.blocks += blocks as u32;
        if self.blocks >= LONGEST {
            self.pass_longest(tokens);
        }
    }

    /// Ends the run.
    pub(crate) fn finish(&mut self, tokens: &mut Tokens) {
        if self.blocks >= OPEN {
            self.lead = Some((self.blocks - OPEN, self.corrections));
        } else if self.blocks > 0 {
            let (symbol, extra, bits) = end_of_band(self.blocks);
            tokens.push_with_corrections(symbol, extra, bits, self.corrections);
        }
        (self.blocks, self.corrections) = (0, 0);
    }

    /// Goes on with the part of the scan after this one, whose tokens come after `tokens`. Says whether it could: where
    /// a refinement has a run that is too long to be said at once, nobody knows which corrections go with the longest.
    pub(crate) fn join(&mut self, next: &Self, tokens: &mut Tokens) -> bool {
        let (mut blocks, corrections) = next.lead.unwrap_or_else(|| (next.blocks - OPEN, next.corrections));
        self.corrections += corrections;
        if self.blocks + blocks >= LONGEST && self.corrections > 0 {
            return false;
        }
        while blocks > 0 {
            let some = blocks.min(LONGEST);
            self.pass(some as usize, tokens);
            blocks -= some;
        }
        if next.lead.is_some() {
            self.finish(tokens);
            (self.blocks, self.corrections) = (next.blocks, next.corrections);
        }
        true
    }

    #[cold]
    fn pass_longest(&mut self, tokens: &mut Tokens) {
        if self.blocks < OPEN {
            let left = self.blocks - LONGEST;
            self.blocks = LONGEST;
            self.finish(tokens);
            self.blocks = left;
        }
    }
}

/// A run of blocks that have nothing more in the band, when it ends: its EOBn symbol, the bits that follow, and how
/// many they are. A run of none gives what means nothing.
#[inline(always)]
pub(super) fn end_of_band(run: u32) -> (u32, u32, u32) {
    let n = (run | 1).ilog2();
    (n << 4, run & !(1 << n), n)
}
