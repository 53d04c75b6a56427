//! Overshoot for white and black: samples that a decoder clips may lie beyond the ends of the range.
//!
//! Next to white paper, a stroke of ink costs many coefficients, and the ringing that is left where they are not enough
//! shows. But what is brighter than white is shown as white: so the samples of white are free to rise above it, and
//! those of black to fall under it. Those are looked for with which the block has few coefficients of size: by turns,
//! coefficients shrink towards zero by a part of their step, and samples go back to where they may be. It is projected
//! descent on the sum of magnitudes in steps, which stands for bits (Daubechies, Defrise and De Mol 2004).
//!
//! What is quantised then scatters around these samples, and on paper that shows more than anything. So they have to
//! lie beyond the ends by a margin, as wide as the scatter that is to be expected: then most of it is clipped.

use std::f64::consts::FRAC_1_SQRT_2;
use std::hint::black_box;

use crate::jpeg::coeff::{Block, ZIGZAG};
use crate::jpeg::fdct::{self, FINE, Matrix, SCALE};
use crate::jpeg::quant::QuantTable;

/// From here on samples are white; those of black begin as far from the other end.
const WHITE: f32 = 126.5;
/// Samples go so far beyond the ends of the range at most.
const MOST: f32 = 100.0;
/// The margin, in root mean squares of what quantisation may take of the block, where all samples are clipped ones.
const MARGIN: f32 = 0.76;
/// What coefficients shrink by, in steps, and by how much further samples follow than that moves them.
const SHRINK: f32 = 0.5;
const STRIDE: f32 = 1.8;
/// Where fine coefficients of samples within the range end, which scans have the bits for (T.81 F.1.2).
const LEAST_DC: i16 = -1024 * FINE;
const MOST_DC: i16 = 1016 * FINE;
const MOST_AC: i16 = 1020 * FINE;

/// The search for a component, with its steps.
#[derive(Clone, Debug)]
pub(crate) struct Deringing {
    /// What coefficients shrink by, vertical frequencies down.
    shrink: Matrix,
    rounds: u32,
}

impl Deringing {
    pub(crate) fn new(table: &QuantTable, rounds: u32) -> Self {
        let mut shrink = [[0.0; 8]; 8];
        for (&step, &i) in table.0.iter().zip(&ZIGZAG).skip(1) {
            shrink[usize::from(i / 8)][usize::from(i % 8)] = SHRINK * f32::from(step);
        }
        Self { shrink, rounds }
    }

    /// Makes the fine coefficients of a row of blocks anew where there is freedom, from their samples.
    #[inline(always)]
    pub(crate) fn row(&self, rows: [&[f32]; 8], fine: &mut [Block]) {
        let rows = rows.map(|row| row.as_chunks().0);
        for (x, block) in fine.iter_mut().enumerate() {
            let samples = rows.map(|row| row[x]);
            if is_partly_clipped(&samples) {
                fdct::zigzag(&fdct::fdct(&self.beyond(samples)), block);
                block[0] = block[0].clamp(LEAST_DC, MOST_DC);
                for value in &mut block[1..] {
                    *value = (*value).clamp(-MOST_AC, MOST_AC);
                }
            }
        }
    }

    #[inline(always)]
    fn beyond(&self, mut samples: Matrix) -> Matrix {
        let margin = self.margin(&samples);
        let (mut low, mut high) = (samples, samples);
        for ((low, high), &sample) in entries(&mut low).zip(entries(&mut high)).zip(samples.as_flattened()) {
            let (white, black) = (is_white(sample), is_black(sample));
            *low += if white { margin } else { 0.0 } - if black { MOST } else { 0.0 };
            *high += if white { MOST } else { 0.0 } - if black { margin } else { 0.0 };
        }
        keep_within(&mut samples, &low, &high);
        for _ in 0..self.rounds {
            let change = product(&product(&TRANSPOSED, &self.shrunk(&samples)), &BASIS);
            for (sample, change) in entries(&mut samples).zip(change.as_flattened()) {
                *sample -= STRIDE * change;
            }
            keep_within(&mut samples, &low, &high);
        }
        samples
    }

    /// What is taken of the coefficients of samples where they shrink.
    #[inline(always)]
    fn shrunk(&self, samples: &Matrix) -> Matrix {
        let mut coefficients = product(&product(&BASIS, samples), &TRANSPOSED);
        for (value, most) in entries(&mut coefficients).zip(self.shrink.as_flattened()) {
            *value = value.max(-most).min(*most);
        }
        coefficients
    }

    /// How far beyond the ends samples have to lie: further where quantisation may take more, and where more of the
    /// block gains by it.
    #[inline(always)]
    fn margin(&self, samples: &Matrix) -> f32 {
        let (mut squares, mut clipped) = ([0.0; 8], [0.0; 8]);
        for (lost, samples) in self.shrunk(samples).iter().zip(samples) {
            for (i, (lost, &sample)) in lost.iter().zip(samples).enumerate() {
                squares[i] += lost * lost;
                clipped[i] += if is_end(sample) { 1.0 } else { 0.0 };
            }
        }
        // Compilers make vectors of whole rows where they cannot see that the sums part again.
        let [squares, clipped] = black_box([squares, clipped]).map(|sums| sums.iter().sum::<f32>());
        // Half a step is 127.5 at most, and so is the root of the mean of such squares: bounds never cross.
        const { assert!(MARGIN * 127.5 <= MOST) }
        MARGIN * (squares * clipped).sqrt() / 64.0
    }
}

#[inline(always)]
fn keep_within(samples: &mut Matrix, low: &Matrix, high: &Matrix) {
    let bounds = low.as_flattened().iter().zip(high.as_flattened());
    for (sample, (low, high)) in entries(samples).zip(bounds) {
        *sample = sample.max(*low).min(*high);
    }
}

#[inline(always)]
fn entries(matrix: &mut Matrix) -> impl Iterator<Item = &mut f32> {
    matrix.as_flattened_mut().iter_mut()
}

/// Whether some samples are white or black, and others would be changed by coefficients for these.
#[inline(always)]
fn is_partly_clipped(samples: &Matrix) -> bool {
    // Not `any`, which would stop at the first: of this, compilers make vectors.
    let clipped = samples.as_flattened().iter().fold(0, |clipped, &sample| clipped | u32::from(is_end(sample)));
    clipped > 0 && samples.as_flattened().iter().any(|&sample| sample != samples[0][0])
}

#[inline(always)]
fn is_end(sample: f32) -> bool {
    is_white(sample) | is_black(sample)
}

#[inline(always)]
fn is_white(sample: f32) -> bool {
    sample >= WHITE
}

#[inline(always)]
fn is_black(sample: f32) -> bool {
    sample <= -1.0 - WHITE
}

#[inline(always)]
fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let mut product = [[0.0; 8]; 8];
    for (to, from) in product.iter_mut().zip(a) {
        for (factor, row) in from.iter().zip(b) {
            for (to, value) in to.iter_mut().zip(row) {
                *to += factor * value;
            }
        }
    }
    product
}

/// The basis functions of T.81 A.3.3, a row for each frequency.
const BASIS: Matrix = {
    let mut basis = [[0.0; 8]; 8];
    let mut i = 0;
    while i < 64 {
        let (frequency, place) = (i / 8, i % 8);
        let angle = (2 * place + 1) * frequency % 32;
        let angle = if angle > 16 { 32 - angle } else { angle };
        let (angle, half) = if angle > 8 { (16 - angle, -0.5) } else { (angle, 0.5) };
        // cos(angle pi / 16) for the angles that occur: SCALE has it times sqrt(2); the first frequency has sqrt(1/2).
        let cosine = if angle == 8 { 0.0 } else { SCALE[angle] * FRAC_1_SQRT_2 };
        #[allow(clippy::cast_possible_truncation)] // to the nearest `f32`
        let value = (half * cosine) as f32;
        basis[frequency][place] = value;
        i += 1;
    }
    basis
};

const TRANSPOSED: Matrix = {
    let mut transposed = [[0.0; 8]; 8];
    let mut i = 0;
    while i < 64 {
        transposed[i % 8][i / 8] = BASIS[i / 8][i % 8];
        i += 1;
    }
    transposed
};

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: u16 = 24;

    fn deringed(samples: &Matrix) -> (Block, Block) {
        let mut plain = [[0; 64]];
        fdct::zigzag(&fdct::fdct(samples), &mut plain[0]);
        let mut block = plain;
        let rows = std::array::from_fn(|y| samples[y].as_slice());
        Deringing::new(&QuantTable([STEP; 64]), 8).row(rows, &mut block);
        (plain[0], block[0])
    }

    fn samples_of(block: &Block) -> Matrix {
        let mut matrix = [[0.0; 8]; 8];
        for (&value, &i) in block.iter().zip(&ZIGZAG) {
            matrix[usize::from(i / 8)][usize::from(i % 8)] = f32::from(value) / f32::from(FINE);
        }
        product(&product(&TRANSPOSED, &matrix), &BASIS)
    }

    #[test]
    fn the_basis_is_that_of_the_transform() {
        let unit = product(&BASIS, &TRANSPOSED);
        for (i, value) in unit.as_flattened().iter().enumerate() {
            assert!((value - if i % 9 == 0 { 1.0 } else { 0.0 }).abs() < 1e-6);
        }
        let samples: Matrix = std::array::from_fn(|y| std::array::from_fn(|x| (x * x + 7 * y) as f32));
        let (plain, _) = deringed(&samples);
        let back = samples_of(&plain);
        assert!(back.as_flattened().iter().zip(samples.as_flattened()).all(|(a, b)| (a - b).abs() < 0.5));
    }

    #[test]
    fn paper_stays_clean_and_nothing_that_shows_changes() {
        for (paper, ink) in [(127.0, -90.0), (-128.0, 90.0)] {
            let is_ink = |x: usize, y: usize| x == 2 || x + y == 9;
            let samples: Matrix =
                std::array::from_fn(|y| std::array::from_fn(|x| if is_ink(x, y) { ink } else { paper }));
            let (plain, block) = deringed(&samples);
            let off_on_paper = |block: &Block| {
                let shown = samples_of(block);
                let places = (0..64).map(|i| (i % 8, i / 8)).filter(|&(x, y)| !is_ink(x, y));
                places.map(|(x, y)| (shown[y][x].clamp(-128.0, 127.0) - samples[y][x]).powi(2)).sum::<f32>()
            };
            let back = samples_of(&block);
            for (x, y) in (0..64).map(|i| (i % 8, i / 8)) {
                assert!((back[y][x].clamp(-128.0, 127.0) - samples[y][x]).abs() < 0.5, "{x} {y} {back:?}");
            }
            let coarse = |block: &Block| {
                let step = STEP.cast_signed() * FINE;
                block.map(|value| fdct::round(f32::from(value) / f32::from(step)) * step)
            };
            let (before, after) = (off_on_paper(&coarse(&plain)), off_on_paper(&coarse(&block)));
            assert!(10.0 * after < before, "{before} {after}");
            let count = |block: &Block| coarse(block).iter().filter(|&&value| value != 0).count();
            assert!(count(&block) <= count(&plain));
        }
    }

    #[test]
    fn coefficients_end_where_those_of_samples_in_the_range_do() {
        let patterns: [fn(usize, usize) -> bool; 4] =
            [|x, _| x < 4, |x, y| (x + y) % 2 == 0, |x, y| x + y > 0, |x, y| x * y == 49];
        for (i, pattern) in patterns.into_iter().enumerate() {
            let samples: Matrix =
                std::array::from_fn(|y| std::array::from_fn(|x| if pattern(x, y) { 127.0 } else { -128.0 }));
            let (_, block) = deringed(&samples);
            assert!((LEAST_DC..=MOST_DC).contains(&block[0]), "{i}");
            assert!(block[1..].iter().all(|value| value.abs() <= MOST_AC), "{i}");
        }
    }

    #[test]
    fn other_blocks_stay_as_they_are() {
        for samples in [[[127.0; 8]; 8], [[-128.0; 8]; 8], std::array::from_fn(|y| [10.0 * y as f32; 8])] {
            let (plain, block) = deringed(&samples);
            assert_eq!(plain, block);
        }
    }
}
