//! Quantisation with a dead zone: fine coefficients, divided by their steps and rounded.
//!
//! A coefficient that is only just nearer to one step than to none costs a run, a size and a sign, and buys little: so
//! what is under a threshold, in steps, becomes zero although it would round to one. The threshold is higher in blocks
//! with much energy, whose texture masks the loss: this is all the adaptation that a format with one table for all
//! blocks leaves to an encoder that decides on each coefficient by itself.
//!
//! This file is the specification of a kernel in `simd`.

use crate::jpeg::coeff::Block;
use crate::jpeg::fdct::{FINE, round};
use crate::jpeg::quant::QuantTable;
use crate::jpeg::quant::masking::{Masking, energy};

/// A dead zone: thresholds in steps, of a half or more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeadZone {
    /// The threshold for the first AC coefficient of a block without energy, and what is added to it up to the last.
    pub(crate) low: f32,
    pub(crate) rise: f32,
    /// What is added for each doubling of the energy.
    pub(crate) masked: f32,
    /// The energy at which that begins to count.
    pub(crate) floor: f32,
    /// The threshold at most.
    pub(crate) most: f32,
    /// What magnitudes are lessened by before they are rounded.
    pub(crate) bias: f32,
}

/// A quantisation table made ready for fine coefficients, with the dead zone to use.
#[derive(Clone, Debug)]
pub(crate) struct Quantiser {
    /// 1 over the step and over [`FINE`].
    pub(crate) reciprocals: [f32; 64],
    pub(crate) thresholds: [f32; 64],
    pub(crate) most: f32,
    pub(crate) bias: f32,
    masking: Masking,
    masked: f32,
}

impl Quantiser {
    pub(crate) fn new(table: &QuantTable, zone: &DeadZone) -> Self {
        Self {
            reciprocals: reciprocals(table),
            thresholds: std::array::from_fn(|k| zone.low + zone.rise * k as f32 / 63.0),
            most: zone.most,
            bias: zone.bias,
            masking: Masking { floor: zone.floor },
            masked: zone.masked,
        }
    }

    /// Quantises blocks of coefficients that are [`FINE`] times too large. DC is not left at that: `dc.rs` decides on
    /// it.
    #[inline(always)]
    pub(crate) fn quantise(&self, fine: &[Block], blocks: &mut [Block]) {
        for (fine, block) in fine.iter().zip(blocks) {
            let raise = self.raise(energy(fine));
            for (k, coefficient) in block.iter_mut().enumerate() {
                let value = f32::from(fine[k]) * self.reciprocals[k];
                let magnitude = value.abs();
                let threshold = (self.thresholds[k] + raise).min(self.most);
                let level = (magnitude - self.bias).max(1.0).copysign(value);
                *coefficient = if magnitude > threshold { round(level) } else { 0 };
            }
        }
    }

    /// What the energy of a block adds to its thresholds.
    #[inline(always)]
    pub(crate) fn raise(&self, energy: f32) -> f32 {
        self.masked * self.masking.doublings(energy)
    }
}

/// What takes fine coefficients to steps of a table.
pub(crate) fn reciprocals(table: &QuantTable) -> [f32; 64] {
    table.0.map(|step| 1.0 / (f32::from(FINE) * f32::from(step)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: DeadZone = DeadZone { low: 0.6, rise: 0.2, masked: 0.05, floor: 10.0, most: 0.9, bias: 0.0 };

    fn quantised(fine: &Block, step: u16) -> Block {
        let mut blocks = [[0; 64]];
        Quantiser::new(&QuantTable([step; 64]), &ZONE).quantise(&[*fine], &mut blocks);
        blocks[0]
    }

    #[test]
    fn the_dead_zone_is_wider_at_high_frequencies_and_in_texture() {
        let mut fine = [0; 64];
        (fine[1], fine[63]) = (-14 * 16, 14 * 16);
        let block = quantised(&fine, 20);
        assert_eq!((block[1], block[63]), (-1, 0));
        // The same coefficient beside much energy.
        fine[2] = 400 * 16;
        assert_eq!(quantised(&fine, 20)[1..3], [0, 20]);
    }

    #[test]
    fn beyond_the_dead_zone_coefficients_are_rounded() {
        for value in [17, 25, 49, 51, 100, 1019] {
            let mut fine = [0; 64];
            (fine[6], fine[7]) = (16 * value, -16 * value);
            let expected = (f32::from(value) / 10.0).round_ties_even();
            assert_eq!(quantised(&fine, 10)[6], round(expected));
            assert_eq!(quantised(&fine, 10)[7], -round(expected));
        }
    }
}
