//! Refinement of DC coefficients: one bit a block, without a Huffman code (T.81 G.1.2.1).

use super::token::{MAX_CORRECTIONS, Tokens};
use super::{DcOfMcus, Fault, ReadBlocks, TokeniseDc, interleave};
use crate::jpeg::bits::{BitReader, Place};
use crate::jpeg::coeff::Block;

/// Reads refinements of DC coefficients.
#[derive(Debug)]
pub(crate) struct Reader {
    /// Al.
    low: u32,
}

impl Reader {
    pub(crate) fn new(low: u32) -> Self {
        Self { low }
    }
}

impl ReadBlocks for Reader {
    const BYTES: u64 = 0;
    type Place = Place;
    type Input<'a> = BitReader<'a>;

    fn restart(&mut self) {}

    #[inline(always)]
    fn read(&mut self, bits: &mut BitReader<'_>, _: usize, block: &mut Block) -> Result<(), Fault> {
        bits.refill();
        block[0] |= (bits.take(1) << self.low) as i16;
        Ok(())
    }
}

/// Turns DC coefficients into the bits of a refinement.
#[derive(Debug)]
pub(crate) struct Tokeniser {
    low: u32,
    /// Coefficients of all components, MCU by MCU.
    in_order: Vec<i16>,
}

impl Tokeniser {
    pub(crate) fn new(low: u32) -> Self {
        Self { low, in_order: Vec::new() }
    }
}

impl TokeniseDc for Tokeniser {
    #[inline(always)]
    fn mcus(&mut self, components: &[DcOfMcus<'_>], tokens: &mut Tokens) {
        let Self { low, in_order } = self;
        in_order.resize(components.iter().map(|component| component.values.len()).sum(), 0);
        let of_all = components.iter().map(|component| component.of_an_mcu).sum();
        let mut start = 0;
        for &DcOfMcus { values, of_an_mcu } in components {
            interleave(values, of_an_mcu, &mut in_order[start..], of_all);
            start += of_an_mcu;
        }
        for some in in_order.chunks(MAX_CORRECTIONS as usize) {
            let bits = some.iter().rev().fold(0, |bits, &dc| bits << 1 | (i64::from(dc) >> *low & 1) as u64);
            tokens.push_corrections(bits, some.len() as u32);
        }
    }

    fn restart(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::entropy::token::SlotKind;

    #[test]
    fn bits_are_those_of_all_blocks_mcu_by_mcu() {
        // Three MCUs of four blocks and one; padding is one of them.
        let (luma, chroma) = ([0, 2, 0, 2, 2, 2, 0, 0, -1, 1, -4, -4], [2, 0, -1]);
        let components = [(&luma[..], 4), (&chroma[..], 1)].map(|(values, of_an_mcu)| DcOfMcus { values, of_an_mcu });
        let mut tokens = Tokens::new(SlotKind::Corrections);
        Tokeniser::new(1).mcus(&components, &mut tokens);
        assert_eq!(tokens.complete().corrections.reader(0).take(15), 0b01011_11000_10001);
    }
}
