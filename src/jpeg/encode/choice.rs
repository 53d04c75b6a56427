//! Which subsampling suits a picture: 4:2:0 or 4:4:4, for [`Subsampling::Auto`](super::Subsampling).
//!
//! Full chroma costs bits and keeps what down-sampling loses. Both forms are reckoned from a sample of the picture,
//! tiles of 32 by 16 pixels spread over it evenly, quantised with the tables of each:
//!
//! - **the cost** is the bits of the coefficients, by a formula;
//! - **the error** is the sum of the weighted squares of what a decoder does not get back: what quantisation takes,
//!   what halved chroma loses when it is interpolated again, and what luma is corrected by on its account. At low
//!   qualities quantisation is most of it in both forms; at high ones the loss stands out that no quality brings back.
//!
//! Full chroma is right where the file grows by less than the fall of the error is worth.
//!
//! `docs/encoder.md` says what the numbers come from.

use super::Encoder;
use super::Subsampling;
use super::front::frame;
use crate::error::Result;
use crate::jpeg::coeff::{BLOCK_BYTES, Block};
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::BLOCK_SIDE;
use crate::jpeg::image::{Colour, Image, Row, RowReader};
use crate::jpeg::quant::QuantTable;
use crate::jpeg::quant::masking::log2;
use crate::jpeg::quant::quantise::reciprocals;
use crate::jpeg::sample::{mix, replicate_edge};
use crate::jpeg::simd::{Kernels, Level};

/// Samples a side of a block.
const SIDE: usize = BLOCK_SIDE as usize;

/// Pixels of a tile.
const WIDTH: usize = 4 * SIDE;
const HEIGHT: usize = 2 * SIDE;

/// Blocks of luma in a row of a tile.
const LUMA: usize = WIDTH / SIDE;

/// One tile of so many is looked at, where the picture has enough of them.
const ONE_OF: usize = 16;
const ENOUGH: usize = 96;

/// What the squares of errors weigh in luma, Cb and Cr.
const WEIGHTS: [f32; 3] = [1.0, 4.0, 16.0];

/// What the square of an error of halved chroma comes to in the four pixels that it is spread over.
const SPREAD: f32 = 2.5;

/// What growth of the file full chroma has to pay for at least, in doublings, for each step of luma: coarse steps of
/// full chroma change the light of coloured lines, which is seen and not in the error.
const LEAST_GROWTH: f32 = 0.0028;

/// Coefficients of fewer steps than this become zero.
const DEAD_ZONE: f32 = 0.62;

/// The subsampling that suits a picture which is to be converted to YCbCr or YCCK.
///
/// # Errors
/// `Limit` where the picture or the memory for the sample pass a bound; `Cancelled`.
pub(super) fn choose(encoder: &Encoder, image: &Image<'_>) -> Result<Subsampling> {
    let frames = [Subsampling::S420, Subsampling::S444]
        .map(|form| frame(encoder, image.width(), image.height(), image.format().colour(), form.ratio()));
    let [halved, full] = frames;
    let (halved, full) = (halved?, full?);
    let grid = Grid::new(image);
    let memory = grid.tiles() as u64 * Sample::BLOCKS * BLOCK_BYTES;
    encoder.limits.check_memory(memory, "the sample that subsampling is chosen by")?;
    let level = encoder.simd.level()?;
    let sample = match level {
        Level::Scalar(kernels) => Sample::take(kernels, encoder, image, &grid)?,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(kernels) => Sample::take(kernels, encoder, image, &grid)?,
        #[cfg(target_arch = "x86_64")]
        Level::Avx512(kernels) => Sample::take(kernels, encoder, image, &grid)?,
    };
    let quality = match encoder.target_bytes {
        Some(bytes) => {
            // A quality that about fits: the sample's share of the bits.
            let share = bytes as f32 * 8.0 * sample.luma.len() as f32 / halved.components[0].blocks() as f32;
            let fits = |&quality: &u8| sample.halved(level, &encoder.steps(&halved, quality)).bits <= share;
            let qualities: Vec<u8> = (1..=encoder.quality).collect();
            qualities.partition_point(fits).max(1) as u8
        }
        None => encoder.quality,
    };
    let (tables, tables_of_full) = (encoder.steps(&halved, quality), encoder.steps(&full, quality));
    let (halved, full) = (sample.halved(level, &tables), sample.full(level, &tables_of_full));
    let step = tables[0].0[1..6].iter().map(|&step| f32::from(step)).sum::<f32>() / 5.0;
    let growth = (doublings(full.bits) - doublings(halved.bits)).max(LEAST_GROWTH * step);
    let gain = doublings(halved.error) - doublings(full.error);
    Ok(if growth < encoder.recipe.full_worth * gain { Subsampling::S444 } else { Subsampling::S420 })
}

/// The logarithm to base 2 of 1 and a number, to 0.01: [`log2`] with a parabola between the powers of 2.
fn doublings(value: f32) -> f32 {
    let straight = log2(1.0 + value);
    let part = straight - straight.floor();
    straight + 0.34 * part * (1.0 - part)
}

/// Where the tiles of the sample are.
struct Grid {
    wide: usize,
    high: usize,
    /// From one tile to the next, in tiles.
    across: usize,
    down: usize,
}

impl Grid {
    fn new(image: &Image<'_>) -> Self {
        let (wide, high) = ((image.width() as usize).div_ceil(WIDTH), (image.height() as usize).div_ceil(HEIGHT));
        let one_of = (wide * high / ENOUGH).clamp(1, ONE_OF);
        // As many rows are left out as columns, so that no line of text falls between.
        let down = [4, 2, 1].into_iter().find(|down| down * down <= one_of && *down <= high).unwrap_or(1);
        Self { wide, high, across: (one_of / down).max(1), down }
    }

    /// The tiles of a row of tiles, each row shifted against that before it.
    fn row(&self, y: usize) -> impl Iterator<Item = usize> {
        let number = y / self.down;
        (number % self.across..self.wide).step_by(self.across)
    }

    fn rows(&self) -> impl Iterator<Item = usize> {
        (self.down / 2..self.high).step_by(self.down)
    }

    fn tiles(&self) -> usize {
        self.rows().map(|y| self.row(y).count()).sum()
    }
}

/// What is known of the tiles. Blocks are fine and go through each tile in rows.
#[derive(Default)]
struct Sample {
    luma: Vec<Block>,
    /// Luma as it is where chroma is halved.
    corrected: Vec<Block>,
    /// Of Cb and Cr.
    full: [Vec<Block>; 2],
    halved: [Vec<Block>; 2],
    /// The sum of the squares of what luma is corrected by, and of what Cb and Cr lose.
    lost: [f32; 3],
}

impl Sample {
    /// Blocks of a tile.
    const BLOCKS: u64 = 2 * 8 + 2 * 8 + 2 * 2;

    fn take<K: Kernels + AcKernels>(kernels: K, encoder: &Encoder, image: &Image<'_>, grid: &Grid) -> Result<Self> {
        let mut sample = Self::default();
        let mut reader = RowReader::new(image.format(), encoder.background, encoder.dither);
        let (width, last) = (image.width() as usize, image.height() as usize - 1);
        let mut tiles: Vec<Tile> = grid.row(0).chain([0]).map(|_| Tile::default()).collect();
        let is_corrected = image.format().colour() == Colour::Rgb;
        let mut scratch = [(); 2].map(|()| vec![0.0; WIDTH / 2 + 2]);
        for tile_row in grid.rows() {
            encoder.cancel.check()?;
            for row in 0..HEIGHT {
                let y = (tile_row * HEIGHT + row).min(last);
                let pixels = reader.pixels(image.rows(y), y);
                for (tile, x) in tiles.iter_mut().zip(grid.row(tile_row)) {
                    let (start, end) = (x * WIDTH, ((x + 1) * WIDTH).min(width));
                    tile.convert(kernels, &pixels, start..end, encoder.background, row);
                }
            }
            for (tile, _) in tiles.iter_mut().zip(grid.row(tile_row)) {
                tile.halve(kernels, &mut scratch[0]);
                if is_corrected {
                    tile.correct(kernels, &mut scratch);
                }
                sample.push(kernels, tile);
            }
        }
        Ok(sample)
    }

    fn push<K: Kernels + AcKernels>(&mut self, kernels: K, tile: &Tile) {
        push_blocks(kernels, &tile.planes[0], &mut self.luma);
        push_blocks(kernels, &tile.corrected, &mut self.corrected);
        for i in 0..2 {
            push_blocks(kernels, &tile.planes[1 + i], &mut self.full[i]);
            push_blocks(kernels, &tile.halved[i], &mut self.halved[i]);
        }
        let losses = kernels.run(
            #[inline(always)]
            || tile.losses(),
        );
        for (sum, loss) in self.lost.iter_mut().zip(losses) {
            *sum += loss;
        }
    }

    /// What the tiles come to with halved chroma.
    fn halved(&self, level: Level, tables: &[QuantTable]) -> Cost {
        let mut all = Cost::default();
        let planes = [&self.corrected, &self.halved[0], &self.halved[1]];
        for (i, (blocks, wide)) in planes.into_iter().zip([LUMA, LUMA / 2, LUMA / 2]).enumerate() {
            let spread = if i == 0 { 1.0 } else { SPREAD };
            let Cost { bits, error } = cost(level, blocks, &tables[i], wide);
            all.add(Cost { bits, error: WEIGHTS[i] * (spread * error + self.lost[i]) });
        }
        all
    }

    /// What they come to with full chroma.
    fn full(&self, level: Level, tables: &[QuantTable]) -> Cost {
        let mut all = Cost::default();
        for (i, blocks) in [&self.luma, &self.full[0], &self.full[1]].into_iter().enumerate() {
            let Cost { bits, error } = cost(level, blocks, &tables[i], LUMA);
            all.add(Cost { bits, error: WEIGHTS[i] * error });
        }
        all
    }
}

/// What a form of the tiles comes to: about its bits, and the sum of the weighted squares of its errors in sample
/// values.
#[derive(Default)]
struct Cost {
    bits: f32,
    error: f32,
}

impl Cost {
    fn add(&mut self, other: Self) {
        self.bits += other.bits;
        self.error += other.error;
    }
}

fn cost(level: Level, blocks: &[Block], table: &QuantTable, wide: usize) -> Cost {
    level.run(
        #[inline(always)]
        || cost_of(blocks, table, wide),
    )
}

/// The samples of a tile.
#[derive(Clone)]
struct Tile {
    /// Y, Cb and Cr.
    planes: [[[f32; WIDTH]; HEIGHT]; 3],
    light: [[f32; WIDTH]; HEIGHT],
    /// Luma that goes with halved chroma.
    corrected: [[f32; WIDTH]; HEIGHT],
    halved: [[[f32; WIDTH / 2]; HEIGHT / 2]; 2],
}

impl Default for Tile {
    fn default() -> Self {
        let plane = [[0.0; WIDTH]; HEIGHT];
        let halved = [[[0.0; WIDTH / 2]; HEIGHT / 2]; 2];
        Self { planes: [plane; 3], light: plane, corrected: plane, halved }
    }
}

impl Tile {
    /// Takes some pixels of a row of the picture as a row of the tile.
    fn convert<K: Kernels>(
        &mut self,
        kernels: K,
        pixels: &Row<'_>,
        range: std::ops::Range<usize>,
        background: [u8; 3],
        row: usize,
    ) {
        let (start, end, width) = (range.start, range.end, range.len());
        let [y, cb, cr] = self.planes.each_mut().map(|plane| &mut plane[row]);
        match pixels {
            Row::Rgba(pixels) => {
                let pixels = &pixels[4 * start..4 * end];
                kernels.rgba(pixels, background, &mut y[..width], &mut cb[..width], &mut cr[..width]);
            }
            Row::Rgb(pixels) | Row::Gray(pixels) => {
                let pixels = &pixels[3 * start..3 * end];
                kernels.rgb(pixels, &mut y[..width], &mut cb[..width], &mut cr[..width]);
            }
        }
        for samples in [&mut *y, &mut *cb, &mut *cr] {
            replicate_edge(samples, width);
        }
        kernels.light(y, cb, cr, &mut self.light[row]);
    }

    fn halve<K: Kernels>(&mut self, kernels: K, scratch: &mut [f32]) {
        for (full, halved) in self.planes[1..].iter().zip(&mut self.halved) {
            for (half, rows) in halved.iter_mut().zip(full.as_chunks().0) {
                let [upper, lower]: &[[f32; WIDTH]; 2] = rows;
                kernels.h2v2(upper, lower, half);
                kernels.sharpen_row(half, scratch);
            }
        }
        self.corrected = self.planes[0];
    }

    fn correct<K: Kernels>(&mut self, kernels: K, scratch: &mut [Vec<f32>; 2]) {
        for (y, (light, corrected)) in self.light.iter().zip(&mut self.corrected).enumerate() {
            let [cb, cr] = self.halved.each_ref().map(|half| nearest(half, y));
            kernels.correct_by_rows(light, cb, cr, scratch, corrected);
        }
    }

    /// The sums of the squares of what luma is corrected by, and of what Cb and Cr lose that are halved and
    /// interpolated again as decoders do.
    #[inline(always)]
    fn losses(&self) -> [f32; 3] {
        let mut losses = [0.0; 3];
        for (i, loss) in losses.iter_mut().enumerate() {
            // Sums down the columns first, by pairs of them.
            let mut sums = [0.0_f32; WIDTH / 2];
            for (y, full) in self.planes[i].iter().enumerate() {
                let shown = match i {
                    0 => self.corrected[y],
                    _ => interpolated(nearest(&self.halved[i - 1], y)),
                };
                for x in 0..WIDTH / 2 {
                    let (left, right) = (full[2 * x] - shown[2 * x], full[2 * x + 1] - shown[2 * x + 1]);
                    sums[x] += left * left + right * right;
                }
            }
            *loss = sums.iter().sum();
        }
        losses
    }
}

/// The row of halved chroma that a row of pixels is nearest to, and that which is mixed into it.
#[inline(always)]
fn nearest(half: &[[f32; WIDTH / 2]; HEIGHT / 2], y: usize) -> [&[f32]; 2] {
    let near = y / 2;
    let far = if y.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(HEIGHT / 2 - 1) };
    [&half[near], &half[far]]
}

/// What decoders make of two rows of halved chroma.
#[inline(always)]
fn interpolated(rows: [&[f32]; 2]) -> [f32; WIDTH] {
    let mut mixed = [0.0; WIDTH / 2 + 2];
    mix(rows, &mut mixed[1..=WIDTH / 2]);
    (mixed[0], mixed[WIDTH / 2 + 1]) = (mixed[1], mixed[WIDTH / 2]);
    let mut row = [0.0; WIDTH];
    for x in 0..WIDTH / 2 {
        let near = mixed[x + 1] * 0.75;
        (row[2 * x], row[2 * x + 1]) = (near + mixed[x] * 0.25, near + mixed[x + 2] * 0.25);
    }
    row
}

/// The blocks of a plane of a tile, after those that are there.
fn push_blocks<K: Kernels, const N: usize>(kernels: K, plane: &[[f32; N]], blocks: &mut Vec<Block>) {
    for rows in plane.as_chunks::<SIDE>().0 {
        let start = blocks.len();
        blocks.resize(start + N / SIDE, [0; 64]);
        kernels.block_row(rows.each_ref().map(<[f32; N]>::as_slice), &mut blocks[start..]);
    }
}

/// What fine blocks in rows of so many come to. Of bits, a coefficient that stays has 3 and two for each doubling, and
/// a block that is not empty has one. DC has one, and two for each doubling of its difference.
#[inline(always)]
fn cost_of(blocks: &[Block], table: &QuantTable, wide: usize) -> Cost {
    let reciprocals = reciprocals(table);
    let squares = table.0.map(|step| f32::from(step) * f32::from(step));
    let (mut bits, mut errors) = ([0.0_f32; SIDE], [0.0_f32; SIDE]);
    let (mut full, mut differences, mut error) = (0_u32, 0.0, 0.0);
    let (mut of_ac, mut of_ac_squares) = (reciprocals, squares);
    (of_ac[0], of_ac_squares[0]) = (0.0, 0.0);
    for row in blocks.chunks_exact(wide) {
        let mut before = None;
        for block in row {
            let mut most = [0.0_f32; SIDE];
            let rows = block.as_chunks::<SIDE>().0.iter();
            let tables = of_ac.as_chunks::<SIDE>().0.iter().zip(of_ac_squares.as_chunks::<SIDE>().0);
            for (values, (reciprocals, squares)) in rows.zip(tables) {
                for i in 0..SIDE {
                    let steps = f32::from(values[i]).abs() * reciprocals[i];
                    let stays = steps > DEAD_ZONE;
                    let at_least_one = steps.max(1.0);
                    most[i] = most[i].max(steps);
                    bits[i] += if stays { 3.0 + 2.0 * log2(at_least_one) } else { 0.0 };
                    let off = steps - if stays { at_least_one.round_ties_even() } else { 0.0 };
                    errors[i] += off * off * squares[i];
                }
            }
            full += u32::from(most.iter().any(|&steps| steps > DEAD_ZONE));
            let steps = f32::from(block[0]) * reciprocals[0];
            let dc = steps.round_ties_even();
            error += (steps - dc) * (steps - dc) * squares[0];
            if let Some(before) = before {
                let difference: f32 = dc - before;
                differences += 1.0 + 2.0 * log2(1.0 + difference.abs());
            }
            before = Some(dc);
        }
    }
    let sum = |[a, b, c, d, e, f, g, h]: [f32; SIDE]| ((a + e) + (b + f)) + ((c + g) + (d + h));
    // The first block of a row stands for those before it in the picture, which the sample lacks.
    let bits = sum(bits) + full as f32 + differences * wide as f32 / (wide - 1) as f32;
    Cost { bits, error: sum(errors) + error }
}
