//! First scans of DC coefficients: differences between neighbours, after the point transform (T.81 G.1.2.1).

use std::borrow::Cow;

use super::baseline::{in_range, size_and_extra};
use super::token::{SlotKind, Token, Tokens};
use super::{BAD_SYMBOL, DcOfMcus, Fault, NO_SUCH_CODE, PerComponent, ReadBlocks, TokeniseDc, interleave};
use crate::jpeg::bits::{BitReader, Place};
use crate::jpeg::coeff::Block;
use crate::jpeg::frame::MAX_COMPONENTS;
use crate::jpeg::huffman::{Decoder, HuffmanTable};

/// Reads first scans of DC coefficients.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    tables: PerComponent<Decoder>,
    /// Al.
    low: u32,
    predictions: [i32; MAX_COMPONENTS],
}

impl Reader {
    /// With the table of each component of the scan.
    pub(crate) fn new(tables: &[Cow<'_, HuffmanTable>], low: u32) -> Self {
        Self { tables: PerComponent::new(tables, Decoder::new), low, predictions: [0; MAX_COMPONENTS] }
    }

    pub(super) fn predictions(&self) -> [i32; MAX_COMPONENTS] {
        self.predictions
    }

    /// The next coefficient of the component at position `slot` of the scan header, before its point transform is
    /// undone. Makes [`READY`](crate::jpeg::bits::READY) bits ready and takes 31 of them at most.
    #[inline(always)]
    pub(super) fn next(&mut self, bits: &mut BitReader<'_>, slot: usize) -> Result<i32, Fault> {
        bits.refill();
        let (size, length) = self.tables.of(slot).decode(bits.peek()).ok_or(NO_SUCH_CODE)?;
        bits.consume(length);
        if size > 15 {
            return Err(BAD_SYMBOL);
        }
        let value = i32::from(in_range(self.predictions[slot] + bits.take_signed(size.into()))?);
        self.predictions[slot] = value;
        Ok(value)
    }
}

impl ReadBlocks for Reader {
    const BYTES: u64 = Decoder::BYTES;
    type Place = Place;
    type Input<'a> = BitReader<'a>;

    fn restart(&mut self) {
        self.predictions = [0; MAX_COMPONENTS];
    }

    #[inline(always)]
    fn read(&mut self, bits: &mut BitReader<'_>, slot: usize, block: &mut Block) -> Result<(), Fault> {
        block[0] = in_range(self.next(bits, slot)? << self.low)?;
        Ok(())
    }
}

/// Turns DC coefficients into the tokens of a first scan.
#[derive(Debug)]
pub(crate) struct Tokeniser {
    /// The table, 0 or 1, of each component of the scan.
    tables: [usize; MAX_COMPONENTS],
    low: u32,
    /// After the point transform, which for DC is an arithmetic shift (T.81 G.1.2.1).
    predictions: [i16; MAX_COMPONENTS],
    /// Tokens of a component.
    own: Vec<Token>,
}

impl Tokeniser {
    pub(crate) fn new(tables: [usize; MAX_COMPONENTS], low: u32) -> Self {
        Self { tables, low, predictions: [0; MAX_COMPONENTS], own: Vec::new() }
    }

    /// Goes on after a coefficient of the component at position `slot` of the scan header.
    pub(crate) fn predict_from(&mut self, slot: usize, dc: i16) {
        self.predictions[slot] = dc >> self.low;
    }

    /// Differences of any size, one by one.
    #[cold]
    fn push_each(&mut self, components: &[DcOfMcus<'_>], tokens: &mut Tokens) {
        for x in 0..components[0].mcus() {
            for (slot, component) in components.iter().enumerate() {
                for dc in component.within(x..x + 1).values {
                    let (value, before) = (dc >> self.low, self.predictions[slot]);
                    push_difference(SlotKind::Dc, self.tables[slot], i32::from(value) - i32::from(before), tokens);
                    self.predictions[slot] = value;
                }
            }
        }
    }
}

impl TokeniseDc for Tokeniser {
    #[inline(always)]
    fn mcus(&mut self, components: &[DcOfMcus<'_>], tokens: &mut Tokens) {
        let Self { tables, low, predictions, own } = self;
        let of_all: usize = components.iter().map(|component| component.of_an_mcu).sum();
        let count = components[0].mcus() * of_all;
        let room = tokens.room_for(count);
        let (mut start, mut largest) = (0, 0);
        for (slot, &DcOfMcus { values, of_an_mcu }) in components.iter().enumerate() {
            own.resize(values.len(), 0);
            largest = largest.max(tokens_of(values, *low, predictions[slot], SlotKind::Dc.code(tables[slot], 0), own));
            interleave(own, of_an_mcu, &mut room[start..], of_all);
            start += of_an_mcu;
        }
        if largest >= 1 << SlotKind::Dc.room() {
            return self.push_each(components, tokens);
        }
        tokens.advance(count);
        for (slot, component) in components.iter().enumerate() {
            component.values.last().into_iter().for_each(|&last| predictions[slot] = last >> *low);
        }
    }

    fn restart(&mut self) {
        self.predictions = [0; MAX_COMPONENTS];
    }
}

/// Makes the tokens of coefficients that follow each other, whose codes are `code` and the size. Returns the largest
/// magnitude of a difference: the tokens are right where they have room for its extra bits.
#[inline(always)]
fn tokens_of(values: &[i16], low: u32, prediction: i16, code: u32, tokens: &mut [Token]) -> u16 {
    let mut largest = 0;
    let mut token = |value: i16, before: i16| {
        // What saturates is too large.
        let difference = value.saturating_sub(before);
        let magnitude = difference.unsigned_abs();
        largest = largest.max(magnitude);
        let mut ones = magnitude | magnitude >> 1;
        ones |= ones >> 2;
        ones |= ones >> 4;
        let extra = difference.wrapping_add(difference >> 15).cast_unsigned() & ones;
        extra << SlotKind::Dc.extra_at() | code as Token | ones.count_ones() as Token
    };
    let ([value, ..], [first, others @ ..]) = (values, tokens) else { return 0 };
    *first = token(value >> low, prediction);
    for (to, pair) in others.iter_mut().zip(values.windows(2)) {
        *to = token(pair[1] >> low, pair[0] >> low);
    }
    largest
}

/// A DC difference. Of 17 bits at most; those over 16 bits lose some, and their symbol is refused by every process.
#[inline(always)]
pub(super) fn push_difference(kind: SlotKind, table: usize, difference: i32, tokens: &mut Tokens) {
    let (size, extra) = size_and_extra(difference);
    tokens.push(kind, table, size as u8, extra, size);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::entropy::store::Store;

    /// The tokens of MCUs that come in pieces of some, and of their differences one by one.
    fn both(components: &[DcOfMcus<'_>], at_once: usize, low: u32) -> [Vec<Token>; 2] {
        let settled = |mut tokens: Tokens| {
            let mut store = Store::default();
            tokens.settle_all(&mut store);
            tokens.complete().all(&store)
        };
        let (mut at_a_time, mut each) = (Tokens::new(SlotKind::Dc), Tokens::new(SlotKind::Dc));
        let tables = [0, 1, 1, 0];
        let (mut tokeniser, mut other) = (Tokeniser::new(tables, low), Tokeniser::new(tables, low));
        let count = components[0].mcus();
        for start in (0..count).step_by(at_once) {
            let some: Vec<_> = components.iter().map(|all| all.within(start..(start + at_once).min(count))).collect();
            tokeniser.mcus(&some, &mut at_a_time);
            other.push_each(&some, &mut each);
        }
        [settled(at_a_time), settled(each)]
    }

    #[test]
    fn tokens_made_together_are_those_of_each_difference() {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        for sampling in [&[1][..], &[4, 1, 1], &[2, 2], &[1, 1, 1, 3], &[6, 1, 2]] {
            // Differences of one token each, of more in places, and of up to 16 bits.
            for (most, one_of) in [(120, 1), (300, 40), (4000, 3), (65_535, 2)] {
                let of_each = sampling.iter().map(|&of_an_mcu| {
                    let value =
                        |i: u32| if next() % one_of == 0 { (next() % (most + 1)) as i16 } else { i as i16 % 64 };
                    (of_an_mcu, (0..57 * of_an_mcu as u32).map(value).collect())
                });
                let of_each: Vec<(usize, Vec<i16>)> = of_each.collect();
                let components: Vec<_> =
                    of_each.iter().map(|(of_an_mcu, values)| DcOfMcus { values, of_an_mcu: *of_an_mcu }).collect();
                for (at_once, low) in [(1, 0), (20, 0), (57, 1), (8, 3)] {
                    let [together, each] = both(&components, at_once, low);
                    assert!(together == each, "{sampling:?}, up to {most}, {at_once} at once, Al {low}");
                }
            }
        }
    }
}
