//! Which subsampling suits a picture: 4:2:0 or 4:4:4, for [`Subsampling::Auto`](super::Subsampling).
//!
//! Full chroma costs bits and keeps what down-sampling loses. Both are reckoned from a sample of the picture, tiles of
//! 32 by 16 pixels spread over it evenly:
//!
//! - **the cost** is what the file grows by: bits of quantised coefficients by a formula, in both forms;
//! - **the gain** is from what a decoder does not get back of halved chroma. Where it is alike all over, as in noise, it
//!   hides itself; it shows where it stands out, at coloured lines and letters. So the measure is how far the mean of
//!   its fourth power lies above the square of that of its second. The finer luma is quantised, the more it shows.
//!
//! `docs/encoder.md` says what the numbers come from.

use super::Encoder;
use super::Subsampling;
use super::front::frame;
use crate::error::Result;
use crate::jpeg::coeff::{BLOCK_BYTES, Block};
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::BLOCK_SIDE;
use crate::jpeg::image::{Image, Row, RowReader};
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

/// One tile of so many is looked at, where the picture has enough of them.
const ONE_OF: usize = 16;
const ENOUGH: usize = 96;

/// Loss that stands out by less than this, in sample values, does not show.
const HIDDEN: f32 = 5.0;

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
        Level::Avx512(kernels) => Sample::take(kernels.avx2(), encoder, image, &grid)?,
    };
    let quality = match encoder.target_bytes {
        Some(bytes) => {
            // A quality that about fits: the sample's share of the bits.
            let share = bytes as f32 * 8.0 * sample.luma.len() as f32 / halved.components[0].blocks() as f32;
            let fits = |&quality: &u8| sample.bits(level, &encoder.steps(&halved, quality), false) <= share;
            let qualities: Vec<u8> = (1..=encoder.quality).collect();
            qualities.partition_point(fits).max(1) as u8
        }
        None => encoder.quality,
    };
    let tables = encoder.steps(&halved, quality);
    let bits = sample.bits(level, &tables, false);
    let more = sample.bits(level, &encoder.steps(&full, quality), true) - bits;
    let step = tables[0].0[1..6].iter().map(|&step| f32::from(step)).sum::<f32>() / 5.0;
    let gain = encoder.recipe.full_worth * (sample.standing_out() - HIDDEN).max(0.0).sqrt() / (step * step * step);
    Ok(if gain * bits > more { Subsampling::S444 } else { Subsampling::S420 })
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
    /// Of Cb and Cr.
    full: [Vec<Block>; 2],
    halved: [Vec<Block>; 2],
    /// The mean square of the loss of each block of full chroma, and the square of that, all together.
    squares: f64,
    fourths: f64,
}

impl Sample {
    /// Blocks of a tile.
    const BLOCKS: u64 = 8 + 2 * 8 + 2 * 2;

    fn take<K: Kernels + AcKernels>(kernels: K, encoder: &Encoder, image: &Image<'_>, grid: &Grid) -> Result<Self> {
        let mut sample = Self::default();
        let mut reader = RowReader::new(image.format(), encoder.background, encoder.dither);
        let (width, last) = (image.width() as usize, image.height() as usize - 1);
        let mut tiles: Vec<Tile> = grid.row(0).chain([0]).map(|_| Tile::default()).collect();
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
                sample.push(kernels, tile);
            }
        }
        Ok(sample)
    }

    fn push<K: Kernels + AcKernels>(&mut self, kernels: K, tile: &mut Tile) {
        push_blocks(kernels, &tile.planes[0], &mut self.luma);
        for i in 0..2 {
            let full = &tile.planes[1 + i];
            for (half, rows) in tile.halved[i].iter_mut().zip(full.as_chunks().0) {
                let [upper, lower]: &[[f32; WIDTH]; 2] = rows;
                kernels.h2v2(upper, lower, half);
            }
            push_blocks(kernels, full, &mut self.full[i]);
            push_blocks(kernels, &tile.halved[i], &mut self.halved[i]);
        }
        let losses = kernels.run(
            #[inline(always)]
            || tile.losses(),
        );
        for loss in losses {
            self.squares += f64::from(loss);
            self.fourths += f64::from(loss) * f64::from(loss);
        }
    }

    /// How far the loss of down-sampling stands out, in sample values.
    fn standing_out(&self) -> f32 {
        let blocks = self.luma.len() as f64;
        let (square, fourth) = (self.squares / blocks, self.fourths / blocks);
        #[allow(clippy::cast_possible_truncation)] // a few hundred
        let out = (fourth.sqrt() - square).max(0.0).sqrt() as f32;
        out
    }

    /// About the bits of the tiles with full or halved chroma.
    fn bits(&self, level: Level, tables: &[QuantTable], is_full: bool) -> f32 {
        let chroma = if is_full { &self.full } else { &self.halved };
        let wide = WIDTH / SIDE;
        let of = |blocks: &[Block], table: &QuantTable, wide: usize| {
            let reciprocals = reciprocals(table);
            level.run(
                #[inline(always)]
                || bits_of(blocks, &reciprocals, wide),
            )
        };
        let wide_chroma = if is_full { wide } else { wide / 2 };
        of(&self.luma, &tables[0], wide)
            + of(&chroma[0], &tables[1], wide_chroma)
            + of(&chroma[1], &tables[2], wide_chroma)
    }
}

/// The samples of a tile.
#[derive(Clone)]
struct Tile {
    /// Y, Cb and Cr.
    planes: [[[f32; WIDTH]; HEIGHT]; 3],
    halved: [[[f32; WIDTH / 2]; HEIGHT / 2]; 2],
}

impl Default for Tile {
    fn default() -> Self {
        Self { planes: [[[0.0; WIDTH]; HEIGHT]; 3], halved: [[[0.0; WIDTH / 2]; HEIGHT / 2]; 2] }
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
        for samples in [y, cb, cr] {
            replicate_edge(samples, width);
        }
    }

    /// The mean square, block by block, of what chroma loses that is halved and interpolated again as decoders do.
    #[inline(always)]
    fn losses(&self) -> [f32; WIDTH * HEIGHT / 64] {
        // Sums down the columns first, by pairs of them.
        let mut sums = [[0.0_f32; WIDTH / 2]; HEIGHT / SIDE];
        for (full, half) in self.planes[1..].iter().zip(&self.halved) {
            for (y, full) in full.iter().enumerate() {
                let near = y / 2;
                let far = if y % 2 == 0 { near.saturating_sub(1) } else { (near + 1).min(HEIGHT / 2 - 1) };
                let mut mixed = [0.0; WIDTH / 2 + 2];
                mix([&half[near], &half[far]], &mut mixed[1..=WIDTH / 2]);
                (mixed[0], mixed[WIDTH / 2 + 1]) = (mixed[1], mixed[WIDTH / 2]);
                let sums = &mut sums[y / SIDE];
                for x in 0..WIDTH / 2 {
                    let near = mixed[x + 1] * 0.75;
                    let left = full[2 * x] - (near + mixed[x] * 0.25);
                    let right = full[2 * x + 1] - (near + mixed[x + 2] * 0.25);
                    sums[x] += left * left + right * right;
                }
            }
        }
        let blocks = sums.as_flattened().as_chunks().0;
        let mut losses = [0.0; WIDTH * HEIGHT / 64];
        for (loss, [a, b, c, d]) in losses.iter_mut().zip(blocks) {
            *loss = ((a + b) + (c + d)) / 64.0;
        }
        losses
    }
}

/// The blocks of a plane of a tile, after those that are there.
fn push_blocks<K: Kernels, const N: usize>(kernels: K, plane: &[[f32; N]], blocks: &mut Vec<Block>) {
    for rows in plane.as_chunks::<SIDE>().0 {
        let start = blocks.len();
        blocks.resize(start + N / SIDE, [0; 64]);
        kernels.block_row(rows.each_ref().map(<[f32; N]>::as_slice), &mut blocks[start..]);
    }
}

/// About the bits of fine blocks in rows of so many. A coefficient that stays has 3 and two for each doubling, and a
/// block that is not empty has one. DC has one, and two for each doubling of its difference.
#[inline(always)]
fn bits_of(blocks: &[Block], reciprocals: &[f32; 64], wide: usize) -> f32 {
    let mut bits = [0.0_f32; SIDE];
    let (mut full, mut differences) = (0_u32, 0.0);
    let mut of_ac = *reciprocals;
    of_ac[0] = 0.0;
    for row in blocks.chunks_exact(wide) {
        let mut before = None;
        for block in row {
            let mut most = [0.0_f32; SIDE];
            for (values, reciprocals) in block.as_chunks::<SIDE>().0.iter().zip(of_ac.as_chunks::<SIDE>().0) {
                for i in 0..SIDE {
                    let steps = f32::from(values[i]).abs() * reciprocals[i];
                    let cost = 3.0 + 2.0 * log2(steps.max(1.0));
                    most[i] = most[i].max(steps);
                    bits[i] += if steps > DEAD_ZONE { cost } else { 0.0 };
                }
            }
            full += u32::from(most.iter().any(|&steps| steps > DEAD_ZONE));
            let dc = (f32::from(block[0]) * reciprocals[0]).round_ties_even();
            if let Some(before) = before {
                let difference: f32 = dc - before;
                differences += 1.0 + 2.0 * log2(1.0 + difference.abs());
            }
            before = Some(dc);
        }
    }
    // The first block of a row stands for those before it in the picture, which the sample lacks.
    let [a, b, c, d, e, f, g, h] = bits;
    ((a + e) + (b + f)) + ((c + g) + (d + h)) + full as f32 + differences * wide as f32 / (wide - 1) as f32
}
