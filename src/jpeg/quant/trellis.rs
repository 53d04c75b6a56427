//! Rate-distortion optimal quantisation: of all ways to round the coefficients of a block, the one for which bits and
//! weighted errors have the least sum.
//!
//! A trellis over the coefficients of a band (Ramchandran and Vetterli 1994; Crouse and Ramchandran 1997): its states
//! are the coefficients that may be the last one so far that is not zero. A coefficient may be rounded, become zero, or
//! take the largest value of fewer bits; others cost as much as a nearer one and are never best.

use crate::jpeg::coeff::Block;
use crate::jpeg::fdct::round;
use crate::jpeg::quant::QuantTable;
use crate::jpeg::quant::quantise::reciprocals;
use crate::jpeg::quant::rates::{BANDS, BandRates, Rates, size};

/// The state of a component whose blocks come in the order of a scan.
#[derive(Debug)]
pub(crate) struct Trellis<'a> {
    reciprocals: [f32; 64],
    rates: &'a Rates,
    /// Ended blocks in a row, for each band.
    runs: [u32; BANDS.len()],
    magnitudes: [f32; 64],
    /// Those of the band in work, the first for the coefficient before the band. Here, because to clear it for every
    /// band would cost more than most bands do.
    states: [State; 64],
}

/// A coefficient that may be other than zero.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    position: u8,
    /// The state of the one before it that is not zero, 0 for none.
    before: u8,
    level: u16,
    /// The least sum of bits and errors up to here, less the errors of nothing but zeros.
    cost: f32,
}

impl<'a> Trellis<'a> {
    pub(crate) fn new(table: &QuantTable, rates: &'a Rates) -> Self {
        let states = [State::default(); 64];
        Self { reciprocals: reciprocals(table), rates, runs: [0; BANDS.len()], magnitudes: [0.0; 64], states }
    }

    /// Quantises the next block. `weight` is what the square of an error of one step costs, in bits.
    #[inline(always)]
    pub(crate) fn block(&mut self, fine: &Block, weight: f32, block: &mut Block) {
        for ((magnitude, &value), reciprocal) in self.magnitudes.iter_mut().zip(fine).zip(&self.reciprocals) {
            *magnitude = f32::from(value).abs() * reciprocal;
        }
        let mut candidates = 0_u64;
        for (k, &magnitude) in self.magnitudes.iter().enumerate() {
            candidates |= u64::from(magnitude >= 0.5) << k;
        }
        *block = [0; 64];
        block[0] = round(f32::from(fine[0]) * self.reciprocals[0]);
        for (band, (start, end)) in BANDS.into_iter().enumerate() {
            let candidates = candidates & (!0 >> (63 - end)) & (!0 << start);
            if candidates == 0 {
                self.runs[band] += 1;
            } else {
                self.band(band, candidates, weight, fine, block);
            }
        }
    }

    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)] // positions are under 64
    fn band(&mut self, band: usize, mut candidates: u64, weight: f32, fine: &Block, block: &mut Block) {
        let (start, end) = BANDS[band];
        let (rates, run) = (&self.rates.bands[band], self.runs[band]);
        self.states[0] = State { position: start as u8 - 1, ..State::default() };
        let mut last = 0;
        // The empty block costs its errors alone.
        let (mut best, mut least) = (0, 0.0);
        while candidates != 0 && last < 63 {
            let position = candidates.trailing_zeros() as usize;
            candidates &= candidates - 1;
            last += 1;
            let (before, next) = self.states.split_at_mut(last);
            next[0] = State::of(position, self.magnitudes[position & 63], weight, before, rates);
            let cost = next[0].cost + rates.not_empty(run, position < end);
            if cost < least {
                (best, least) = (last, cost);
            }
        }
        self.runs[band] = match usize::from(self.states[best].position) {
            _ if best == 0 => run + 1,
            position => u32::from(position < end),
        };
        while best > 0 {
            let State { position, before, level, .. } = self.states[best & 63];
            let (position, level) = (usize::from(position & 63), level.cast_signed());
            block[position] = if fine[position] < 0 { -level } else { level };
            best = before.into();
        }
    }
}

impl State {
    /// The best way to a coefficient that is not zero.
    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)] // positions and their number are under 64
    fn of(position: usize, magnitude: f32, weight: f32, before: &[Self], rates: &BandRates) -> Self {
        let rounded = round(magnitude).max(1).unsigned_abs();
        let size = size(rounded);
        let gain = |level: u16| {
            let error = magnitude - f32::from(level);
            weight * (error * error) - weight * (magnitude * magnitude)
        };
        let cheapest = |size: usize| {
            let prices = &rates.coefficient[size];
            let (mut cost, mut from) = (f32::MAX, 0);
            for (i, state) in before.iter().enumerate() {
                let other = state.cost + prices[(position - 1 - usize::from(state.position)) & 63];
                (cost, from) = if other < cost { (other, i) } else { (cost, from) };
            }
            (cost, from)
        };
        let (cost, from) = cheapest(size & 15);
        let mut found =
            Self { position: position as u8, level: rounded, before: from as u8, cost: cost + gain(rounded) };
        if size > 1 {
            let level = (1 << (size - 1)) - 1;
            let (cost, from) = cheapest((size - 1) & 15);
            let cost = cost + gain(level);
            if cost < found.cost {
                found = Self { level, before: from as u8, cost, ..found };
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::quant::rates::Statistics;

    const STEP: u16 = 4;

    fn noise(state: &mut u32) -> i16 {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*state >> 24) as i16
    }

    /// Prices as of blocks with few coefficients.
    fn rates(state: &mut u32) -> Rates {
        let mut statistics = Statistics::new();
        for _ in 0..500 {
            let block: Block = std::array::from_fn(|_| if noise(state) < 30 { noise(state) % 5 - 2 } else { 0 });
            statistics.add(&block);
        }
        statistics.rates()
    }

    /// Bits and weighted errors of a band, the empty block free.
    fn cost(rates: &Rates, band: usize, fine: &Block, block: &Block, weight: f32) -> f32 {
        let (start, end) = BANDS[band];
        let (mut cost, mut next) = (0.0, start);
        for k in start..=end {
            let exact = f32::from(fine[k]) / f32::from(16 * STEP);
            cost += weight * (exact - f32::from(block[k])).powi(2);
            if block[k] != 0 {
                cost += rates.bands[band].coefficient[size(block[k].unsigned_abs())][k - next];
                next = k + 1;
            }
        }
        if next > start { cost + rates.bands[band].not_empty(0, next <= end) } else { cost }
    }

    #[test]
    fn no_other_choice_costs_less() {
        let mut state = 1;
        let rates = rates(&mut state);
        let table = QuantTable([STEP; 64]);
        let mut kept = 0;
        for round in 0..200 {
            let mut fine = [0; 64];
            // A few coefficients of up to four steps in each band.
            for k in [1, 2, 3, 5, 9, 10, 17, 40, 63] {
                fine[k] = (noise(&mut state) - 128) * 2;
            }
            let weight = [2.0, 8.0, 30.0][round % 3];
            let mut block = [0; 64];
            Trellis::new(&table, &rates).block(&fine, weight, &mut block);
            for (band, (start, end)) in BANDS.into_iter().enumerate() {
                let least = cost(&rates, band, &fine, &block, weight);
                let places: Vec<usize> = (start..=end).filter(|&k| fine[k] != 0).collect();
                kept += places.iter().filter(|&&k| block[k] != 0).count();
                // All values from zero to the one above, of every coefficient.
                let values: Vec<i16> = places.iter().map(|&k| fine[k].abs() / (16 * STEP as i16) + 2).collect();
                for mut choice in 0..values.iter().product() {
                    let mut other = [0; 64];
                    for (&k, &values) in places.iter().zip(&values) {
                        other[k] = choice % values * fine[k].signum();
                        choice /= values;
                    }
                    assert!(cost(&rates, band, &fine, &other, weight) > least - 1e-2, "{block:?} {other:?}");
                }
            }
        }
        assert!((100..1500).contains(&kept), "{kept}");
    }
}
