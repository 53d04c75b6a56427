//! Prices of AC scans in bytes, from [`Statistics`]: what the scan would take with its own optimal Huffman table, table
//! and header included. Exact for the blocks that were counted but for the bytes that happen to be stuffed, and for
//! codes that would be longer than 16 bits.

use std::ops::{Index, IndexMut};

use super::size::{DHT, DHT_TABLE, STUFFED, sos};
use super::statistics::{Pairs, Statistics, pair};

/// Bytes of SOS, and of DHT without its symbols, for a scan of one component.
const HEADERS: usize = sos(1) + DHT + DHT_TABLE;
/// The last byte of a scan is half empty on average.
const LAST_BYTE: f32 = 0.5;
/// EOB0 to EOB14.
const RUN_CLASSES: usize = 15;
/// Sixteen zeros.
const ZRL: usize = 0xF0;

/// Prices of the bands of one kind of scan, by their start and the coefficient after their end; infinite where none was
/// asked for.
#[derive(Clone, Debug)]
pub(super) struct Bands(Vec<f32>);

impl Bands {
    /// No prices yet.
    pub(super) fn unpriced() -> Self {
        Self(vec![f32::INFINITY; pair(0, 65)])
    }
}

impl Index<(usize, usize)> for Bands {
    type Output = f32;

    fn index(&self, (start, end): (usize, usize)) -> &f32 {
        &self.0[pair(start, end)]
    }
}

impl IndexMut<(usize, usize)> for Bands {
    fn index_mut(&mut self, (start, end): (usize, usize)) -> &mut f32 {
        &mut self.0[pair(start, end)]
    }
}

/// How a number of counted blocks stands for all of a component.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale(f32);

impl Scale {
    pub(super) fn new(blocks: u64, counted: usize) -> Self {
        Self(blocks as f32 / counted.max(1) as f32)
    }

    /// Bytes of a scan of so many bits, with `symbols` in its table.
    pub(super) fn bytes(self, bits: u64, symbols: usize, headers: usize) -> f32 {
        bits as f32 * self.0 / 8.0 * (1.0 + STUFFED as f32) + symbols as f32 + headers as f32 + LAST_BYTE
    }
}

/// Prices first scans at the point transform `low` of all bands that begin at one of `bounds` and end before another.
/// Bounds rise, the last is 64 at most.
#[inline(always)]
pub(super) fn firsts(statistics: &Statistics, low: usize, bounds: &[usize], scale: Scale, bands: &mut Bands) {
    let pairs = statistics.firsts(low);
    // For each coefficient, those that follow one before the start, or none: their run begins at the start.
    let mut outside = [[0; 16]; 64];
    let mut known = 0;
    let mut filled = Filled::new(statistics.blocks());
    for (i, &start) in bounds[..bounds.len() - 1].iter().enumerate() {
        for p in known..start {
            for (k, outside) in outside.iter_mut().enumerate().skip(start) {
                add(outside, &pairs[pair(p, k)]);
            }
        }
        known = start;
        if !wants(bands, start, &bounds[i + 1..]) {
            continue;
        }
        let mut counts = [0; 256];
        filled.clear();
        let mut k = start;
        for &end in &bounds[i + 1..] {
            while k < end {
                first_symbols(&mut counts, pairs, &outside[k], start, k);
                filled.add(statistics.plane(low, k));
                k += 1;
            }
            if bands[(start, end)].is_infinite() {
                let runs = filled.runs(statistics.plane(low, end - 1));
                let (bits, symbols) = table_bits(&mut counts, &runs, |symbol| symbol & 15);
                bands[(start, end)] = scale.bytes(bits, symbols, HEADERS);
            }
        }
    }
}

/// Counts the symbols of coefficient `k` in a band from `start` on.
#[inline(always)]
fn first_symbols(counts: &mut [u32; 256], pairs: &Pairs, outside: &[u32; 16], start: usize, k: usize) {
    let (sixteens, _) = counts.as_chunks_mut::<16>();
    let run = k - start;
    for (counted, &n) in sixteens[run % 16].iter_mut().zip(outside) {
        *counted += n;
    }
    let mut long = if run > 15 { (run / 16) as u32 * outside.iter().sum::<u32>() } else { 0 };
    for (p, sizes) in (start..k).zip(&pairs[pair(start, k)..]) {
        if *sizes == [0; 16] {
            continue;
        }
        let run = k - p - 1;
        add(&mut sixteens[run % 16], sizes);
        if run > 15 {
            long += (run / 16) as u32 * sizes.iter().map(|&n| u32::from(n)).sum::<u32>();
        }
    }
    counts[ZRL] += long;
}

/// What refinements of one precision need to know.
#[derive(Debug)]
pub(super) struct Refinement<'a> {
    statistics: &'a Statistics,
    low: usize,
    /// By zeros between two new coefficients, modulo 16.
    pairs: Pairs,
    /// Runs of sixteen zeros between them.
    long: Vec<u32>,
    /// For each coefficient, which blocks have it new.
    planes: Vec<Vec<u64>>,
    /// For each coefficient, the blocks that have a correction bit for it.
    corrections: [u32; 64],
    new: [u32; 64],
}

impl<'a> Refinement<'a> {
    /// From Al `low + 1` to `low`, where statistics of both were taken.
    #[inline(always)]
    pub(super) fn new(statistics: &'a Statistics, low: usize) -> Self {
        let planes: Vec<Vec<u64>> = (0..64)
            .map(|k| {
                let both = statistics.plane(low, k).iter().zip(statistics.plane(low + 1, k));
                both.map(|(now, before)| now & !before).collect()
            })
            .collect();
        let corrections = std::array::from_fn(|k| ones(statistics.plane(low + 1, k)));
        let new = std::array::from_fn(|k| ones(&planes[k]));
        let mut pairs = vec![[0; 16]; pair(0, 64)];
        let mut long = vec![0; pair(0, 64)];
        for (&now, &before) in statistics.words(low).iter().zip(statistics.words(low + 1)) {
            let mut rest = now & !before & !1;
            let mut last = 0;
            while rest != 0 {
                let k = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                let zeros = zeros(before, last + 1, k);
                pairs[pair(last, k)][zeros % 16] += 1;
                long[pair(last, k)] += (zeros / 16) as u32;
                last = k;
            }
        }
        Self { statistics, low, pairs, long, planes, corrections, new }
    }

    /// As [`firsts`].
    #[inline(always)]
    pub(super) fn price(&self, bounds: &[usize], scale: Scale, bands: &mut Bands) {
        let mut filled = Filled::new(self.statistics.blocks());
        for (i, &start) in bounds[..bounds.len() - 1].iter().enumerate() {
            if !wants(bands, start, &bounds[i + 1..]) {
                continue;
            }
            let (outside, outside_long) = self.outside(start);
            let mut by_zeros = [0; 16];
            let (mut long, mut bits) = (0, 0);
            filled.clear();
            let mut k = start;
            for &end in &bounds[i + 1..] {
                while k < end {
                    by_zeros.iter_mut().zip(outside[k]).for_each(|(n, outside)| *n += outside);
                    long += outside_long[k];
                    for at in pair(start, k)..pair(k, k) {
                        add(&mut by_zeros, &self.pairs[at]);
                        long += self.long[at];
                    }
                    filled.add(&self.planes[k]);
                    bits += u64::from(self.corrections[k] + self.new[k]);
                    k += 1;
                }
                if bands[(start, end)].is_infinite() {
                    let runs = filled.runs(&self.planes[end - 1]);
                    let mut counts = [0; 256];
                    (0..16).for_each(|zeros| counts[zeros << 4 | 1] = by_zeros[zeros]);
                    counts[ZRL] = long;
                    let (coded, symbols) = table_bits(&mut counts, &runs, |_| 0);
                    bands[(start, end)] = scale.bytes(bits + coded, symbols, HEADERS);
                }
            }
        }
    }

    /// For each coefficient, those that are the first new ones from `start` on: by the zeros before them, and their
    /// runs of sixteen. Those that follow another within the band are in `pairs`.
    #[inline(always)]
    fn outside(&self, start: usize) -> ([[u32; 16]; 64], [u32; 64]) {
        let (mut outside, mut long) = ([[0; 16]; 64], [0; 64]);
        let words = self.statistics.words(self.low).iter().zip(self.statistics.words(self.low + 1));
        for (&now, &before) in words {
            let new = now & !before & u64::MAX << start;
            if new != 0 {
                let k = new.trailing_zeros() as usize;
                let zeros = zeros(before, start, k);
                outside[k][zeros % 16] += 1;
                long[k] += (zeros / 16) as u32;
            }
        }
        (outside, long)
    }
}

/// Coefficients from `from` to before `k` that are not `known`.
#[inline(always)]
fn zeros(known: u64, from: usize, k: usize) -> usize {
    let between = (u64::MAX << from) & !(u64::MAX << k);
    (between & !known).count_ones() as usize
}

/// Whether a band from `start` on is still to be priced.
fn wants(bands: &Bands, start: usize, ends: &[usize]) -> bool {
    ends.iter().any(|&end| bands[(start, end)].is_infinite())
}

#[inline(always)]
fn add(sums: &mut [u32; 16], counts: &[u16; 16]) {
    for (sum, &n) in sums.iter_mut().zip(counts) {
        *sum += u32::from(n);
    }
}

fn ones(words: &[u64]) -> u32 {
    words.iter().map(|word| word.count_ones()).sum()
}

/// The blocks that have something in a band that grows, as a string of bits.
#[derive(Debug)]
struct Filled {
    words: Vec<u64>,
    /// Scratch: where runs begin, and where blocks without anything go on for a while, of which one word stands behind all
    /// blocks.
    starts: Vec<u64>,
    empty: Vec<u64>,
    /// Bits of the last word that stand for blocks.
    last_word: u64,
}

impl Filled {
    fn new(blocks: usize) -> Self {
        let long = blocks.div_ceil(64);
        let last_word = u64::MAX >> ((64 - blocks % 64) % 64);
        Self { words: vec![0; long], starts: vec![0; long], empty: vec![0; long + 1], last_word }
    }

    fn clear(&mut self) {
        self.words.fill(0);
    }

    #[inline(always)]
    fn add(&mut self, plane: &[u64]) {
        for (word, plane) in self.words.iter_mut().zip(plane) {
            *word |= plane;
        }
    }

    /// Runs of blocks that end their band early (T.81 G.1.2.2), by the class of their EOBn symbol. `last` are the
    /// blocks that have the last coefficient of the band.
    ///
    /// A block with something in the band begins a run unless it has the last coefficient; blocks with nothing go on
    /// with the run, or begin one after a block that has the last coefficient.
    #[inline(always)]
    fn runs(&mut self, last: &[u64]) -> [u32; RUN_CLASSES] {
        let Self { words, starts, empty, last_word } = self;
        let long = words.len();
        let (last, empty) = (&last[..long], &mut empty[..long + 1]);
        let mut before = 1;
        for (((start, empty), &filled), &last) in starts.iter_mut().zip(&mut *empty).zip(&*words).zip(last) {
            *start = !last & (filled | last << 1 | before);
            *empty = !filled;
            before = last >> 63;
        }
        if let Some(start) = starts.last_mut() {
            *start &= *last_word;
            empty[long - 1] &= *last_word;
        }
        // Runs of at least 2^n blocks: those after whose first block 2^n - 1 more are empty. `empty` says of every
        // block whether 2^(n-1) from it on are.
        let mut at_least = [0; RUN_CLASSES + 1];
        at_least[0] = ones(starts);
        for (n, runs) in at_least[1..RUN_CLASSES].iter_mut().enumerate() {
            *runs = longer(starts, empty, 1 << n);
            if *runs == 0 {
                break;
            }
        }
        std::array::from_fn(|n| at_least[n] - at_least[n + 1])
    }
}

/// How many runs have `2 * step` blocks at least: `starts` are their first blocks, and `empty` says of every block whether
/// `step` from it on are empty, from then on whether twice as many. Its last word stands behind all blocks.
#[inline(always)]
fn longer(starts: &[u64], empty: &mut [u64], step: usize) -> u32 {
    if step < 64 {
        return longer_by(starts, empty, |empty, i| empty[i] >> step | empty[i + 1] << (64 - step));
    }
    let long = starts.len();
    let words = (step / 64).min(long);
    let sum = longer_by(&starts[..long - words], empty, |empty, i| empty[i + words]);
    empty[long - words..].fill(0);
    sum
}

/// [`longer`] by the word of `empty` that is moved down by its step. Each is read before it is written, so that many can be
/// taken at once.
#[inline(always)]
fn longer_by(starts: &[u64], empty: &mut [u64], later: impl Fn(&[u64], usize) -> u64) -> u32 {
    let mut sum = 0;
    for (i, start) in starts.iter().enumerate() {
        let (later, next) = (later(empty, i), empty[i] >> 1 | empty[i + 1] << 63);
        sum += (start & next & later).count_ones();
        empty[i] &= later;
    }
    sum
}

/// Bits of the symbols of a scan with their extra bits, and how many symbols its table has. `runs` are added to
/// `counts`, and taken out again.
#[inline(always)]
fn table_bits(counts: &mut [u32; 256], runs: &[u32; RUN_CLASSES], extra: impl Fn(usize) -> usize) -> (u64, usize) {
    let mut bits = 0;
    for (n, &runs) in runs.iter().enumerate() {
        counts[n << 4] = runs;
        bits += n as u64 * u64::from(runs);
    }
    let mut used = [0; 256];
    let mut symbols = 0;
    for (symbol, &n) in counts.iter().enumerate() {
        used[symbols] = n;
        symbols += usize::from(n > 0);
        bits += extra(symbol) as u64 * u64::from(n);
    }
    (bits + code_bits(&mut used[..symbols]), symbols)
}

/// Bits that the codes of an optimal Huffman table take for symbols of these counts, one code of all ones left free
/// (T.81 K.2), however long the codes are.
pub(super) fn code_bits(counts: &mut [u32]) -> u64 {
    counts.sort_unstable();
    // Two queues, of leaves and of trees, which are made in rising order. The leaf of no weight that takes the code of
    // all ones makes a tree with the rarest symbol.
    let Some((&rarest, leaves)) = counts.split_first() else { return 0 };
    let mut trees = [0u32; 257];
    trees[0] = rarest;
    let (mut leaf, mut tree, mut end) = (0, 0, 1);
    let mut bits = u64::from(rarest);
    for _ in 0..leaves.len() {
        let mut sum = 0;
        for _ in 0..2 {
            let least = leaves.get(leaf).copied().unwrap_or(u32::MAX);
            if tree < end && trees[tree] <= least {
                sum += trees[tree];
                tree += 1;
            } else {
                sum += least;
                leaf += 1;
            }
        }
        trees[end] = sum;
        end += 1;
        bits += u64::from(sum);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::huffman::HuffmanTable;

    #[test]
    fn bits_of_codes_are_those_of_the_optimal_table() {
        let mut state = 1u32;
        for symbols in 1..=120 {
            let mut counts = [0; 256];
            for n in counts.iter_mut().take(symbols) {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *n = (1 + (state >> 8 & 0xFFF)) >> (state >> 28);
            }
            let expected = HuffmanTable::optimal(&counts).code_bits(&counts);
            let mut used: Vec<u32> = counts.into_iter().filter(|&n| n > 0).collect();
            assert_eq!(code_bits(&mut used), expected, "{symbols} symbols");
        }
    }

    #[test]
    fn runs_are_those_that_a_walk_finds() {
        let mut state = 1u32;
        for blocks in [1, 63, 64, 65, 500, 3000] {
            for sparse in 0..12 {
                let mut filled = Filled::new(blocks);
                let mut last = vec![0; blocks.div_ceil(64)];
                let mut expected = [0; RUN_CLASSES];
                let mut run = 0u32;
                let end = |run: &mut u32, classes: &mut [u32; RUN_CLASSES]| {
                    if *run > 0 {
                        classes[run.ilog2() as usize] += 1;
                    }
                    *run = 0;
                };
                for block in 0..blocks {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let (has_some, has_last) = (state >> 20 < 4096 >> sparse, state >> 8 & 3 == 0);
                    if has_some {
                        end(&mut run, &mut expected);
                        filled.words[block / 64] |= 1 << (block % 64);
                        last[block / 64] |= u64::from(has_last) << (block % 64);
                    }
                    run += u32::from(!has_some || !has_last);
                }
                end(&mut run, &mut expected);
                assert_eq!(filled.runs(&last), expected, "{blocks} blocks, {sparse}");
            }
        }
    }
}
