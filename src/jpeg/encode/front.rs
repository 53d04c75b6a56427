//! Pixels to coefficients: a whole picture, by bands that threads share, or its rows as they come.

use super::band::{Band, Blocks, State};
use super::mcu_row::McuRow;
use super::preset::Recipe;
use super::stage::{Means, Stage};
use super::target::{self, SCORING, TRIES};
use super::{Encoder, Subsampling};
use crate::error::{Error, Result};
use crate::jpeg::coeff::{BLOCK_BYTES, CoefficientImage, Plane};
use crate::jpeg::frame::{Component, Frame};
use crate::jpeg::image::{Colour, Image, PixelFormat, PlaneRows, RowReader};
use crate::jpeg::progress::Progress;
use crate::jpeg::quant::QuantTable;
use crate::jpeg::simd::Level;
use crate::jpeg::threads::Threads;

/// Samples a side of what libjpeg and its family read, a little less than the 16 bits of a frame header can say.
const MAX_SIDE: u32 = 65_500;
/// Bands for each thread: some take longer than others.
const BANDS: usize = 4;

/// A picture on its way.
pub(super) struct FrontEnd {
    terms: Terms,
    progress: Progress,
    threads: usize,
    tables: Vec<QuantTable>,
    recipe: Recipe,
    planes: Vec<Plane>,
    /// Of rows that come one after another, or what all bands of a whole picture have counted.
    state: State,
    /// Rows that have come.
    rows: u32,
}

/// What all bands of a picture have in common.
struct Terms {
    level: Level,
    format: PixelFormat,
    ratio: (u8, u8),
    background: [u8; 3],
    dither: bool,
    frame: Frame,
}

impl FrontEnd {
    pub(super) fn new(encoder: &Encoder, width: u32, height: u32, format: PixelFormat) -> Result<Self> {
        let Encoder { background, dither, limits, .. } = encoder;
        let (frame, ratio, threads) = Self::check(encoder, width, height, format)?;
        let recipe = encoder.recipe;
        let tables = encoder.steps(&frame, encoder.quality);
        let stages = tables.iter().zip(&frame.components).map(|(t, c)| Stage::new(&recipe, c, t)).collect();
        let planes = CoefficientImage::planes(&frame, limits)?;
        let level = encoder.simd.level()?;
        let terms = Terms { level, format, ratio, background: *background, dither: *dither, frame };
        let state = terms.band(stages, 0, terms.frame.mcus_high as usize);
        let progress = Progress::new(&encoder.cancel, encoder.watcher.as_ref(), work(encoder, &terms.frame));
        Ok(Self { terms, progress, threads, tables, recipe, planes, state, rows: 0 })
    }

    /// The frame, its ratio of chroma, and how many threads there is memory for, if the picture and the memory for it
    /// pass no bound.
    pub(super) fn check(
        encoder: &Encoder,
        width: u32,
        height: u32,
        format: PixelFormat,
    ) -> Result<(Frame, (u8, u8), usize)> {
        let ratio = ratio(encoder.subsampling, format.colour());
        let frame = frame(encoder, width, height, format.colour(), ratio)?;
        target::check(encoder, format)?;
        if let Some(script) = &encoder.layout.script {
            // As it is when it is written, but before there is any work.
            script.for_frame(&frame, &encoder.limits)?;
        }
        let held = frame.blocks() * BLOCK_BYTES + target::memory(encoder, width, height);
        let samples = McuRow::bytes(&frame, format.colour(), ratio);
        encoder.limits.check_memory(held + samples, "the coefficients and what is in work")?;
        let most = (encoder.limits.memory - held) / samples;
        let threads =
            encoder.threads.get().min(frame.mcus_high as usize).min(usize::try_from(most).unwrap_or(usize::MAX));
        Ok((frame, ratio, threads))
    }

    pub(super) fn rows_left(&self) -> u32 {
        self.terms.frame.height - self.rows
    }

    /// Takes the next row, of which there are as many as the picture has.
    pub(super) fn push(&mut self, row: PlaneRows<'_>) -> Result<()> {
        let mut planes = self.planes.iter_mut();
        let mut blocks: Blocks<'_> = std::array::from_fn(|_| planes.next().map_or(&mut [][..], Plane::blocks_mut));
        self.rows += 1;
        self.progress.go_on();
        self.terms.at_work(&mut self.state, &self.progress).push(row, &mut blocks)
    }

    /// Takes all rows of a picture.
    pub(super) fn push_all(&mut self, image: &Image<'_>) -> Result<()> {
        let Self { terms, progress, .. } = self;
        let threads = Threads::new(self.threads);
        let frame = &terms.frame;
        let bands = if threads.are_many() { BANDS * threads.count() } else { 1 };
        let high = (frame.mcus_high as usize).div_ceil(bands);
        let mut pieces: Vec<_> = self
            .planes
            .iter_mut()
            .zip(&frame.components)
            .map(|(plane, component)| plane.pieces_mut(high * component.vertical as usize))
            .collect();
        let jobs = (0..frame.mcus_high as usize)
            .step_by(high)
            .map(|first| {
                let mut pieces = pieces.iter_mut();
                let blocks: Blocks<'_> =
                    std::array::from_fn(|_| pieces.next().and_then(Iterator::next).unwrap_or_default());
                (first, self.state.stages.clone(), blocks)
            })
            .collect();
        let band = |(first, stages, mut blocks): (usize, Vec<Stage>, Blocks<'_>)| {
            let mut state = terms.band(stages, first, high.min(frame.mcus_high as usize - first));
            let rows = state.rows(frame);
            let mut band = terms.at_work(&mut state, progress);
            for y in rows {
                band.push(image.rows(y), &mut blocks)?;
            }
            Ok(state.stages)
        };
        let bands: Result<Vec<_>> = threads.share(jobs, |(_, _, blocks)| blocks[0].len(), band).into_iter().collect();
        for stages in bands? {
            for (stage, next) in self.state.stages.iter_mut().zip(&stages) {
                stage.append(next);
            }
        }
        self.rows = self.terms.frame.height;
        Ok(())
    }

    /// The coefficients, once all rows have come, and what is to be told of the rest of the work.
    pub(super) fn finish(self) -> Result<(CoefficientImage, Progress)> {
        let Self {
            terms: Terms { level, frame, .. },
            mut progress,
            threads,
            recipe,
            mut planes,
            tables,
            mut state,
            ..
        } = self;
        progress.go_on();
        let threads = Threads::new(threads);
        let means = Means { level, recipe: &recipe, threads: &threads, progress: &progress };
        for ((stage, plane), component) in state.stages.iter_mut().zip(&mut planes).zip(&frame.components) {
            stage.finish(means, component, plane)?;
        }
        Ok((CoefficientImage { frame, planes, tables }, progress))
    }

    /// What is to be told of the work.
    pub(super) fn progress(&mut self) -> &mut Progress {
        &mut self.progress
    }
}

impl Terms {
    /// A band of so many MCU rows, from the first on.
    fn band(&self, stages: Vec<Stage>, first: usize, mcu_rows: usize) -> State {
        let reader = RowReader::new(self.format, self.background, self.dither);
        let samples = McuRow::new(&self.frame, self.format.colour(), self.ratio, first);
        State::new(reader, samples, stages, first..first + mcu_rows)
    }

    fn at_work<'a>(&'a self, state: &'a mut State, progress: &'a Progress) -> Band<'a> {
        Band { level: self.level, progress, frame: &self.frame, background: self.background, state }
    }
}

/// The work on a picture at most: blocks, counted once for each time that they are gone through.
pub(super) fn work(encoder: &Encoder, frame: &Frame) -> u64 {
    let codings = if encoder.layout.tries_codings() { 2 } else { 1 };
    let passes = encoder.recipe.passes();
    let each = 1 + passes + codings;
    let times = match (encoder.target_bytes, encoder.target_ssimulacra2) {
        (Some(_), _) => TRIES * each,
        (None, Some(_)) => TRIES * (1 + passes + 1 + SCORING) + each,
        (None, None) => each,
    };
    frame.blocks() * times
}

/// Samples of luma for one of chroma, across and down.
fn ratio(subsampling: Subsampling, colour: Colour) -> (u8, u8) {
    match colour {
        Colour::Gray => (1, 1),
        Colour::Ycbcr { across, down } => (across, down),
        _ => subsampling.ratio(),
    }
}

pub(super) fn frame(
    encoder: &Encoder,
    width: u32,
    height: u32,
    colour: Colour,
    (across, down): (u8, u8),
) -> Result<Frame> {
    if width == 0 || height == 0 {
        let field = if width == 0 { "width" } else { "height" };
        return Err(Error::usage(format!("a picture of {width}x{height} has no pixels")).field_named(field));
    }
    encoder.limits.check_picture(width, height)?;
    if width > MAX_SIDE || height > MAX_SIDE {
        let message = format!("a JPEG of {width}x{height} would pass the {MAX_SIDE} a side that decoders read");
        let field = if width > MAX_SIDE { "width" } else { "height" };
        return Err(Error::unsupported(message).field_named(field));
    }
    encoder.limits.check_result(width, height)?;
    let full = |id| Component::new(id, across, down, 0);
    let chroma = |id| Component::new(id, 1, 1, 1);
    let components = match colour {
        Colour::Gray => vec![full(1)],
        Colour::Rgb | Colour::Ycbcr { .. } => vec![full(1), chroma(2), chroma(3)],
        // Black is as fine as luma.
        Colour::Cmyk => vec![full(1), chroma(2), chroma(3), full(4)],
    };
    Frame::new(width, height, 8, components)
}
