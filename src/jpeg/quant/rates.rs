//! What coefficients cost in bits, from the statistics of the picture itself.
//!
//! Coefficients of a picture that was quantised with care are few, and most are 1: they are coded best in scans at
//! Al = 0, each band of them with a Huffman table of its own. So a coefficient has the price that it has there: the
//! code of its run and size within its band, its extra bits, and what its block does to the run of ended blocks
//! (T.81 G.1.2.2).

use crate::jpeg::coeff::Block;
use crate::jpeg::huffman::HuffmanTable;

/// The bands that coefficients are priced in, first and last in zigzag order.
pub(crate) const BANDS: [(usize, usize); 3] = [(1, 2), (3, 9), (10, 63)];

/// Runs of ended blocks that prices are reckoned for one by one; longer ones cost like the last.
const RUNS: usize = 64;
/// Blocks that a run is followed into the future for.
const FUTURE: usize = 256;
/// The bits of a symbol that the statistics do not hold.
const UNSEEN: u8 = 14;
/// Longest run of ended blocks (T.81 G.1.2.2).
const LONGEST_RUN: u32 = 0x7FFF;

/// The symbols of the bands of the blocks seen so far, which follow each other as in a scan.
#[derive(Clone, Debug)]
pub(crate) struct Statistics {
    counts: [[u32; 256]; BANDS.len()],
    /// Ended blocks that no symbol tells of yet.
    runs: [u32; BANDS.len()],
    /// Those before the first coefficient of each band, once there is one: blocks before these may belong to their run.
    first: [Option<u32>; BANDS.len()],
    empty: [u32; BANDS.len()],
    blocks: u32,
}

impl Statistics {
    pub(crate) fn new() -> Self {
        let none = [0; BANDS.len()];
        Self { counts: [[0; 256]; BANDS.len()], runs: none, first: [None; BANDS.len()], empty: none, blocks: 0 }
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, block: &Block) {
        self.blocks += 1;
        let mut nonzero = 0_u64;
        for (k, &value) in block.iter().enumerate() {
            nonzero |= u64::from(value != 0) << k;
        }
        for (band, (start, end)) in BANDS.into_iter().enumerate() {
            let mut left = nonzero & (!0 >> (63 - end)) & (!0 << start);
            if left == 0 {
                self.empty[band] += 1;
                self.runs[band] += 1;
                continue;
            }
            self.end_run(band);
            let counts = &mut self.counts[band];
            let mut next = start;
            while left != 0 {
                let k = left.trailing_zeros() as usize;
                left &= left - 1;
                let run = k - next;
                counts[0xF0] += (run / 16) as u32;
                counts[(run % 16) << 4 | size(block[k].unsigned_abs())] += 1;
                next = k + 1;
            }
            self.runs[band] = u32::from(next <= end);
        }
    }

    /// Takes the blocks that follow, which were counted apart.
    pub(crate) fn append(&mut self, next: &Self) {
        self.blocks += next.blocks;
        for band in 0..BANDS.len() {
            self.empty[band] += next.empty[band];
            for (count, more) in self.counts[band].iter_mut().zip(&next.counts[band]) {
                *count += more;
            }
            self.runs[band] += next.first[band].unwrap_or(next.runs[band]);
            if next.first[band].is_some() {
                self.end_run(band);
                self.runs[band] = next.runs[band];
            }
        }
    }

    #[inline(always)]
    fn end_run(&mut self, band: usize) {
        let run = self.runs[band];
        if self.first[band].is_none() {
            self.first[band] = Some(run);
        } else {
            self.count_run(band, run);
        }
    }

    #[inline(always)]
    fn count_run(&mut self, band: usize, run: u32) {
        self.counts[band][(LONGEST_RUN.ilog2() << 4) as usize] += run / LONGEST_RUN;
        if let Some(bits) = (run % LONGEST_RUN).checked_ilog2() {
            self.counts[band][(bits << 4) as usize] += 1;
        }
    }

    /// The prices that follow.
    pub(crate) fn rates(mut self) -> Rates {
        let rates = |band| {
            self.end_run(band);
            self.count_run(band, self.first[band].unwrap_or_default());
            BandRates::new(&self.counts[band], self.empty[band] as f32 / self.blocks.max(1) as f32)
        };
        Rates { bands: [0, 1, 2].map(rates) }
    }
}

/// Prices in bits.
#[derive(Clone, Debug)]
pub(crate) struct Rates {
    pub(crate) bands: [BandRates; BANDS.len()],
}

/// Prices within a band.
#[derive(Clone, Debug)]
pub(crate) struct BandRates {
    /// Of a coefficient: by its size, and by the zeros before it in the band.
    pub(crate) coefficient: [[f32; 64]; 16],
    /// Of not being empty, for a block that comes after so many ended ones: where it ends before the band does, and
    /// where its last coefficient is not zero.
    ended: [f32; RUNS],
    full: [f32; RUNS],
}

impl BandRates {
    /// From the counts of symbols and the part of the blocks that are empty.
    fn new(counts: &[u32; 256], empty: f32) -> Self {
        let mut bits = [UNSEEN; 256];
        let table = HuffmanTable::optimal(counts);
        let mut symbols = table.symbols.iter();
        for (&count, length) in table.counts.iter().zip(1..) {
            for &symbol in symbols.by_ref().take(count.into()) {
                bits[usize::from(symbol)] = length;
            }
        }
        let price = |symbol: usize| f32::from(bits[symbol]);
        let coefficient = std::array::from_fn(|size| {
            std::array::from_fn(|run| (run / 16) as f32 * price(0xF0) + price((run % 16) << 4 | size) + size as f32)
        });
        let (mut ended, mut full) = ([0.0; RUNS], [0.0; RUNS]);
        let run = |n: usize| n.checked_ilog2().map_or(0.0, |bits| price((bits << 4) as usize) + bits as f32);
        let runs: [f32; RUNS + FUTURE + 1] = std::array::from_fn(run);
        // The run so far and that which begins here, less the run that would go on: over all lengths it may yet
        // reach, with their chances.
        let mut chance = 1.0;
        for m in 0..FUTURE {
            let now = if m + 1 < FUTURE { chance * (1.0 - empty) } else { chance };
            for (n, (ended, full)) in ended.iter_mut().zip(&mut full).enumerate() {
                *ended += now * (runs[n] + runs[m + 1] - runs[m + 1 + n]);
                *full += now * (runs[n] + runs[m] - runs[m + 1 + n]);
            }
            chance *= empty;
        }
        Self { coefficient, ended, full }
    }

    /// What a block that is not empty costs beside its coefficients, more than an empty one: after `run` ended blocks,
    /// ended itself before the band is, or not.
    #[inline(always)]
    pub(crate) fn not_empty(&self, run: u32, is_ended: bool) -> f32 {
        let run = (run as usize).min(RUNS - 1);
        if is_ended { self.ended[run] } else { self.full[run] }
    }
}

/// The bits of a magnitude.
#[inline(always)]
pub(crate) fn size(magnitude: u16) -> usize {
    (u16::BITS - magnitude.leading_zeros()) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_those_of_scans_at_al_0() {
        let mut statistics = Statistics::new();
        let mut block = [0; 64];
        (block[1], block[30], block[63]) = (-1, 5, 1);
        statistics.add(&block);
        statistics.add(&[0; 64]);
        statistics.add(&[0; 64]);
        statistics.add(&block);
        // Each as (run << 4 | size, count).
        let symbols = |band: usize| -> Vec<(usize, u32)> {
            statistics.counts[band].iter().copied().enumerate().filter(|(_, count)| *count > 0).collect()
        };
        assert_eq!(symbols(0), [(0x01, 2), (0x10, 1)]);
        assert_eq!(statistics.runs, [1, 4, 0]);
        assert_eq!(symbols(2), [(0x01, 2), (0x10, 1), (0x43, 2), (0xF0, 6)]);
        assert_eq!(statistics.empty, [2, 4, 2]);
    }

    #[test]
    fn blocks_may_be_counted_apart() {
        let mut state = 1_u32;
        let mut blocks = vec![[0; 64]; 400];
        for block in &mut blocks[30..] {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            block[(state >> 26) as usize] = i16::from(state >> 20 & 7 == 0);
        }
        let count = |blocks: &[Block]| {
            let mut statistics = Statistics::new();
            blocks.iter().for_each(|block| statistics.add(block));
            statistics
        };
        let prices = |statistics: Statistics| format!("{:?}", statistics.rates());
        let whole = prices(count(&blocks));
        for part in [1, 2, 7, 25, 31, 399] {
            let mut statistics = Statistics::new();
            blocks.chunks(part).for_each(|blocks| statistics.append(&count(blocks)));
            assert!(prices(statistics) == whole, "{part}");
        }
        let mut long = Statistics::new();
        (0..3).for_each(|_| long.append(&count(&vec![[0; 64]; LONGEST_RUN as usize / 2])));
        long.append(&count(&[[1; 64]]));
        assert_eq!((long.first, long.runs), ([Some(49_149); 3], [0; 3]));
        long.count_run(2, 49_149);
        assert_eq!((long.counts[2][0xE0], long.counts[2][0xD0]), (1, 1));
    }

    #[test]
    fn what_is_frequent_is_cheap_and_a_broken_run_costs() {
        let mut statistics = Statistics::new();
        for i in 0..1000 {
            let mut block = [0; 64];
            block[3] = i16::from(i % 10 == 0);
            block[5] = 3 * i16::from(i % 100 == 0);
            statistics.add(&block);
        }
        let rates = statistics.rates();
        let band = &rates.bands[1];
        assert!(band.coefficient[1][0] < band.coefficient[2][1]);
        assert!(band.coefficient[9][0] > f32::from(UNSEEN), "never seen");
        assert!(band.not_empty(20, true) > 0.0 && band.not_empty(1000, true) > 0.0);
    }
}
