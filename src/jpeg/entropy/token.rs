//! Tokens: what a scan will write, symbol by symbol, before its Huffman tables are known.
//!
//! A token has 16 bits, since the memory that tokens go through costs more than making them. In the low ones is its
//! code, the symbol with its slot; above it its extra bits, as many as there is room for. What there is no room for
//! follows in tokens of its own, whose code stands for no symbol ([`SlotKind::more`]):
//!
//! | kind | code | then | extra bits |
//! |---|---|---|---|
//! | DC | size (5), slot (3) | | 8 |
//! | AC | symbol (8) | | 8 |
//! | sequential | symbol (8), slot (2) | | 6 |
//! | corrections | symbol (8) | number of correction bits that follow (6) | 2 |
//!
//! How many extra bits there are follows from the symbol, for every kind of scan by the same rule. The correction bits
//! of a refinement are kept apart in one string, since they leave in the order in which they came whatever the symbols
//! between them.
//!
//! Tokens are staged where the first caches hold them, counted there, and moved in stretches to the [`Store`] that the
//! scans of a picture share.

use super::bit_string::BitString;
use super::complete::Complete;
use super::store::{Store, Stretch};
use crate::error::{Error, Result};
use crate::jpeg::huffman::HuffmanTable;

/// What a scan writes at a time.
pub(crate) type Token = u16;

/// Tables that the symbols of a scan may choose from: DC and AC tables 0 and 1 of a sequential scan, in this order.
pub(crate) const SLOTS: usize = 4;
/// Codes that there may be in a sequential scan, and in others.
const CODES: usize = 1 << 10;
const FEW_CODES: usize = 1 << 8;
/// A token that writes no symbol, only correction bits.
const CORRECTIONS_ONLY: u32 = 0x02;
/// The symbol of an AC coefficient that no process has room for.
const TOO_LARGE: u32 = 0x0F;
/// Sixteen zeros (ZRL), with nothing else.
pub(crate) const ZRL: Token = 0xF0;
/// Correction bits that a token can speak for.
pub(crate) const MAX_CORRECTIONS: u32 = 63;
/// Blocks that end in a run, of a first scan or of a refinement, that one token can tell.
pub(crate) const MAX_RUN: u32 = (1 << (SlotKind::Ac.room() + 1)) - 1;
pub(crate) const MAX_REFINED_RUN: u32 = (1 << (SlotKind::Corrections.room() + 1)) - 1;
/// Size of a coefficient that one token of a first scan can tell.
pub(crate) const MAX_SIZE: u32 = SlotKind::Ac.room();

/// Room for the tokens of a block, which are 2 for each of 63 coefficients at most, and for whole vectors that begin
/// within them.
pub(crate) type Room = [Token; ROOM];
pub(crate) const ROOM: usize = 128;

/// Tokens that are worth moving to the store.
const STRETCH: usize = 1 << 10;
/// Tokens that a stage has room for; it grows where blocks that come at once have more.
const STAGE: usize = 2 * STRETCH;

/// The tokens of a scan.
#[derive(Debug)]
pub(crate) struct Tokens {
    kind: SlotKind,
    /// Whether they are kept. If not, only what they take is known.
    keeps: bool,
    /// Where those lie in the store that are kept.
    stretches: Vec<Stretch>,
    /// How many there were before those on the stage, kept or not.
    settled: usize,
    /// The last, `len` of them; without room until there are any.
    stage: Vec<Token>,
    len: usize,
    /// How often each code of the kind came, at even and at odd places: an addition need not wait for that of an equal
    /// code before.
    counts: Box<[u32]>,
    corrections: BitString,
    /// Where restart intervals end, but for the last.
    ends: Vec<Place>,
}

/// A place in a scan: the tokens and the correction bits before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) tokens: usize,
    pub(super) corrections: usize,
}

impl Tokens {
    pub(crate) fn new(kind: SlotKind) -> Self {
        Self {
            kind,
            keeps: true,
            stretches: Vec::new(),
            settled: 0,
            stage: Vec::new(),
            len: 0,
            counts: vec![0; 2 * kind.codes()].into(),
            corrections: BitString::default(),
            ends: Vec::new(),
        }
    }

    pub(crate) fn kind(&self) -> SlotKind {
        self.kind
    }

    /// Room for the next tokens; what is put there counts after [`Tokens::advance`].
    #[inline(always)]
    pub(crate) fn room(&mut self) -> &mut Room {
        if self.stage.len() < self.len + ROOM {
            self.grow();
        }
        let (rooms, _) = self.stage[self.len..].as_chunks_mut();
        &mut rooms[0]
    }

    /// As [`Tokens::room`], for so many tokens.
    #[inline(always)]
    pub(super) fn room_for(&mut self, tokens: usize) -> &mut [Token] {
        if self.stage.len() < self.len + tokens {
            self.stage.resize((self.len + tokens).max(STAGE), 0);
        }
        &mut self.stage[self.len..][..tokens]
    }

    #[inline(always)]
    pub(crate) fn advance(&mut self, tokens: usize) {
        self.len += tokens;
    }

    #[cold]
    fn grow(&mut self) {
        self.stage.resize((self.stage.len() * 2).max(STAGE), 0);
    }

    /// A symbol with the extra bits that follow it, `bits` of them. The caller knows the kind of the tokens: what the
    /// other kinds would do is then left out of its loop.
    #[inline(always)]
    pub(crate) fn push(&mut self, kind: SlotKind, slot: usize, symbol: u8, extra: u32, bits: u32) {
        debug_assert_eq!(kind, self.kind);
        self.push_code(kind, kind.code(slot, symbol), extra, bits);
    }

    #[inline(always)]
    fn push_code(&mut self, kind: SlotKind, code: u32, extra: u32, bits: u32) {
        let at = put(kind, code, extra, bits, self.room(), 0);
        self.advance(at);
    }

    /// A symbol of a refinement scan with the number of correction bits that follow it, which
    /// [`Tokens::push_corrections`] has received.
    pub(super) fn push_with_corrections(&mut self, symbol: u32, extra: u32, bits: u32, mut corrections: u32) {
        self.push_code(self.kind, symbol, extra, bits);
        let here = corrections.min(MAX_CORRECTIONS);
        // What was pushed last is there still.
        self.stage[self.len - 1] |= (here << 8) as Token;
        corrections -= here;
        while corrections > 0 {
            let here = corrections.min(MAX_CORRECTIONS);
            self.push_code(self.kind, CORRECTIONS_ONLY | here << 8, 0, 0);
            corrections -= here;
        }
    }

    /// The next `count` correction bits, 63 at most, the first of them the lowest.
    #[inline(always)]
    pub(crate) fn push_corrections(&mut self, bits: u64, count: u32) {
        self.corrections.push(bits, count);
    }

    /// Ends a restart interval.
    pub(crate) fn end_interval(&mut self) {
        self.ends.push(self.place());
    }

    fn place(&self) -> Place {
        Place { tokens: self.settled + self.len, corrections: self.corrections.len() as usize }
    }

    /// Ends the scan and moves all tokens to the store. No marker comes after the last interval.
    pub(crate) fn finish(&mut self, store: &mut Store) {
        let end = self.place();
        self.ends.pop_if(|last| *last == end);
        self.settle_all(store);
    }

    /// Moves tokens to the store once there are enough of them.
    #[inline(always)]
    pub(crate) fn settle(&mut self, store: &mut Store) {
        if self.len >= STRETCH {
            self.settle_all(store);
        }
    }

    /// Moves all tokens to the store, which [`Tokens::tables`] and whoever writes them ask for.
    pub(crate) fn settle_all(&mut self, store: &mut Store) {
        let tokens = &self.stage[..self.len];
        match self.kind {
            SlotKind::Sequential => count::<CODES>(tokens, &mut self.counts),
            SlotKind::Dc | SlotKind::Ac | SlotKind::Corrections => count::<FEW_CODES>(tokens, &mut self.counts),
        }
        if self.keeps {
            self.stretches.push(store.push(tokens));
        } else {
            self.corrections.forget();
        }
        self.settled += self.len;
        self.len = 0;
    }

    /// Moves all tokens to the store, where no more come for a while.
    pub(crate) fn pause(&mut self, store: &mut Store) {
        self.settle_all(store);
        self.stage = Vec::new();
    }

    /// Keeps none of them, those to come included: only what they take.
    pub(crate) fn forget(&mut self) {
        self.keeps = false;
        self.stretches = Vec::new();
        self.corrections.forget();
    }

    pub(crate) fn keeps(&self) -> bool {
        self.keeps
    }

    /// Adds the tokens of the next part of the scan. All of both are settled, and the store of the others was added to
    /// that of these, behind so many `pieces`.
    pub(crate) fn append(&mut self, next: Self, pieces: usize) {
        let Place { tokens, corrections } = self.place();
        let later = |end: Place| Place { tokens: tokens + end.tokens, corrections: corrections + end.corrections };
        self.ends.extend(next.ends.into_iter().map(later));
        self.stretches.extend(next.stretches.into_iter().map(|stretch| stretch.behind(pieces)));
        self.settled += next.settled;
        for (counts, next) in self.counts.iter_mut().zip(&next.counts) {
            *counts += next;
        }
        self.corrections.append(&next.corrections);
        if !(self.keeps && next.keeps) {
            self.forget();
        }
    }

    /// Bytes that its own tokens take, wherever they are.
    pub(crate) fn bytes(&self) -> u64 {
        let tokens = if self.keeps { self.settled + self.len } else { self.len };
        (tokens * size_of::<Token>() + self.corrections.bytes() + self.ends.len() * size_of::<Place>()) as u64
    }

    /// Bytes of memory in use but for the store.
    pub(crate) fn own_bytes(&self) -> u64 {
        let stretches = self.stretches.capacity() * size_of::<Stretch>();
        let ends = self.ends.capacity() * size_of::<Place>();
        let counts = size_of_val(&self.counts[..]);
        (stretches + self.corrections.bytes_in_use() + ends + self.stage.len() * size_of::<Token>() + counts) as u64
    }

    /// How often each symbol of each slot came.
    fn symbols(&self) -> [[u32; 256]; SLOTS] {
        let mut counts = [[0; 256]; SLOTS];
        let (evens, odds) = self.counts.split_at(self.kind.codes());
        for (code, (even, odd)) in (0..).zip(evens.iter().zip(odds)) {
            if let Some((slot, symbol)) = self.kind.symbol(code) {
                counts[slot][usize::from(symbol)] = even + odd;
            }
        }
        counts
    }

    /// Optimal tables for the symbols of each slot; `None` for a slot without symbols, and for the second of a class
    /// that does not earn its place: its symbols are then in the first ([`table_of`]). And the bits of the scan with
    /// them.
    ///
    /// # Errors
    /// Where a coefficient is too large for a scan of this kind: its size is over `dc_size` or `ac_size` bits.
    pub(crate) fn tables(&self, sizes: Sizes) -> Result<([Option<HuffmanTable>; SLOTS], u64)> {
        let counts = self.symbols();
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
        let mut bits = self.corrections.len();
        for (slot, counts) in counts.iter().enumerate() {
            bits += tables[table_of(slot, &tables)].as_ref().map_or(0, |table| table.scan_bits(counts));
        }
        Ok((tables, bits))
    }

    /// All of them, once they are settled.
    pub(crate) fn complete(mut self) -> Complete {
        debug_assert_eq!(self.len, 0, "those on the stage would be lost");
        self.ends.reserve_exact(1);
        self.ends.push(self.place());
        let Self { kind, keeps, stretches, corrections, ends, .. } = self;
        Complete { kind, keeps, stretches, corrections: corrections.complete(), ends }
    }
}

/// Counts the codes of tokens, of which there may be `N`, at even and at odd places.
#[inline(always)]
fn count<const N: usize>(tokens: &[Token], counts: &mut [u32]) {
    debug_assert_eq!(counts.len(), 2 * N);
    let (both, _) = counts.as_chunks_mut::<N>();
    let [evens, odds] = both else { return };
    let (pairs, last) = tokens.as_chunks();
    for &[even, odd] in pairs {
        evens[usize::from(even) % N] += 1;
        odds[usize::from(odd) % N] += 1;
    }
    last.iter().for_each(|&token| evens[usize::from(token) % N] += 1);
}

/// Puts a code and its extra bits into `room` from `at` on, and returns where they end.
#[inline(always)]
fn put(kind: SlotKind, code: u32, extra: u32, bits: u32, room: &mut Room, at: usize) -> usize {
    if bits <= kind.room() {
        room[at] = (extra << kind.extra_at() | code) as Token;
        return at + 1;
    }
    put_long(kind, code, extra, bits, room, at)
}

#[cold]
fn put_long(kind: SlotKind, code: u32, extra: u32, bits: u32, room: &mut Room, mut at: usize) -> usize {
    let mut below = bits - kind.carried(bits);
    let mut code = code;
    loop {
        let here = extra >> below & ((1 << kind.room()) - 1);
        room[at] = (here << kind.extra_at() | code) as Token;
        at += 1;
        if below == 0 {
            return at;
        }
        below -= kind.room();
        code = kind.more();
    }
}

/// Puts a coefficient that is larger than a token of a first scan can tell ([`MAX_SIZE`]), after `zeros` of up to 15,
/// into `room` as [`put`] does.
pub(super) fn put_large(zeros: u32, size: u32, extra: u32, room: &mut Room, at: usize) -> usize {
    // Sizes over 14 are none that a process has; the symbol of the longest one is free for others.
    let code = if size < TOO_LARGE { zeros << 4 | size } else { TOO_LARGE };
    put_long(SlotKind::Ac, code, extra, size, room, at)
}

/// Makes tokens of a first scan those of a sequential one, whose AC table is that of a slot. Says whether all coefficients
/// are small enough; if not, the tokens are of no use.
#[inline(always)]
pub(super) fn to_sequential(tokens: &mut [Token], slot: usize) -> bool {
    const { assert!(SlotKind::Ac.room() >= SlotKind::Sequential.room()) };
    let move_up = SlotKind::Sequential.extra_at() - SlotKind::Ac.extra_at();
    let (symbol, slot) = (FEW_CODES as Token - 1, (slot as Token) << SlotKind::Ac.extra_at());
    let mut largest = 0;
    for token in tokens {
        largest = largest.max(*token & 0x0F);
        *token = (*token & !symbol) << move_up | slot | *token & symbol;
    }
    u32::from(largest) <= SlotKind::Sequential.room()
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
    /// How many codes there may be, a power of two.
    pub(super) const fn codes(self) -> usize {
        match self {
            Self::Sequential => CODES,
            Self::Dc | Self::Ac | Self::Corrections => FEW_CODES,
        }
    }

    /// Where the extra bits begin.
    pub(crate) const fn extra_at(self) -> u32 {
        16 - self.room()
    }

    /// Extra bits of a token at most.
    pub(super) const fn room(self) -> u32 {
        match self {
            Self::Dc | Self::Ac => 8,
            Self::Sequential => 6,
            Self::Corrections => 2,
        }
    }

    /// Of so many extra bits, those that the token of the symbol itself has; the tokens after it are full.
    pub(super) const fn carried(self, bits: u32) -> u32 {
        if bits == 0 { 0 } else { (bits - 1) % self.room() + 1 }
    }

    /// The code of tokens that hold further extra bits: no symbol of the kind has it.
    pub(super) const fn more(self) -> u32 {
        match self {
            Self::Dc => 0x1F,
            Self::Ac | Self::Sequential => 0xFF,
            Self::Corrections => 0x03,
        }
    }

    #[inline(always)]
    pub(super) fn code(self, slot: usize, symbol: u8) -> u32 {
        match self {
            Self::Dc => (slot as u32) << 5 | u32::from(symbol),
            Self::Sequential => (slot as u32) << 8 | u32::from(symbol),
            Self::Ac | Self::Corrections => symbol.into(),
        }
    }

    /// The slot and the symbol of a code, where it has them.
    pub(super) fn symbol(self, code: u32) -> Option<(usize, u8)> {
        let (slot, symbol) = match self {
            Self::Dc => (code >> 5, code & 0x1F),
            Self::Sequential => (code >> 8, code & 0xFF),
            Self::Ac | Self::Corrections => (0, code),
        };
        let is_one = code != self.more() && (self != Self::Corrections || code != CORRECTIONS_ONLY);
        (is_one && slot < SLOTS as u32).then_some((slot as usize, symbol as u8))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn restart_intervals_take_memory_and_the_last_one_no_marker() {
        let (mut tokens, mut store) = (Tokens::new(SlotKind::Dc), Store::default());
        let (memory, size) = (tokens.own_bytes(), tokens.bytes());
        for _ in 0..1000 {
            tokens.push(SlotKind::Dc, 0, 0, 0, 0);
            tokens.end_interval();
        }
        let places = 1000 * size_of::<Place>() as u64;
        assert!(tokens.own_bytes() >= memory + places);
        assert_eq!(tokens.bytes(), size + 1000 * size_of::<Token>() as u64 + places);
        tokens.finish(&mut store);
        assert_eq!(tokens.complete().restarts(), 999);
    }

    #[test]
    fn restarts_are_counted_whether_or_not_the_tokens_are_kept() {
        for forgotten_after in [0, 1, 500, 998, 999, usize::MAX] {
            for is_last_empty in [false, true] {
                let (mut tokens, mut store) = (Tokens::new(SlotKind::Dc), Store::default());
                for interval in 0..1000 {
                    if interval == forgotten_after {
                        tokens.forget();
                    }
                    tokens.push(SlotKind::Dc, 0, 0, 0, 0);
                    if interval < 999 || is_last_empty {
                        tokens.end_interval();
                    }
                    if interval % 3 == 0 {
                        tokens.settle_all(&mut store);
                    }
                }
                tokens.finish(&mut store);
                assert_eq!(tokens.complete().restarts(), 999, "{forgotten_after}, {is_last_empty}");
            }
        }
    }
}
