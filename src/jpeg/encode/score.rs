//! The file of the least quality that scores so much beside its picture, by the metric ssimulacra2.

use std::iter;

use fast_ssim2::{MAX_IMAGE_PIXELS, PixelDescriptor, PixelSlice, Ssimulacra2Reference};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::embed::Embedded;
use super::front::{self, FrontEnd};
use super::target::{self, BEST, SCORING, least_enough};
use super::{Encoder, Subsampling};
use crate::error::{Error, ErrorKind, Result};
use crate::jpeg::Coding;
use crate::jpeg::color::over;
use crate::jpeg::image::{Colour, Image, Row, RowReader};
use crate::jpeg::layout::Layout;
use crate::jpeg::progress::Progress;
use crate::jpeg::write::Deliver;

/// The file of a picture, as far as it was not taken away when it was delivered. Where the subsampling is to be chosen,
/// it is the smaller of the two that it may have: they look alike by what they score.
pub(super) fn file(encoder: &Encoder, target: f64, image: &Image<'_>, deliver: Deliver<'_>) -> Result<Vec<u8>> {
    let forms = match encoder.has_to_choose(image.format()) {
        true => vec![Subsampling::S420, Subsampling::S444],
        false => vec![encoder.subsampling],
    };
    let encoders: Vec<_> = forms.into_iter().map(|form| encoder.clone().subsampling(form)).collect();
    let mut work = 0;
    for encoder in &encoders {
        work += front::work(encoder, &FrontEnd::check(encoder, image.width(), image.height(), image.format())?.0);
    }
    if image.width() as usize * image.height() as usize > MAX_IMAGE_PIXELS {
        let message = format!("pictures of more than {MAX_IMAGE_PIXELS} pixels are not scored");
        return Err(Error::unsupported(message).field_named("target_ssimulacra2"));
    }
    let mut search = Search {
        progress: Progress::new(&encoder.cancel, encoder.watcher.as_ref(), work),
        judge: Judge::new(image, encoder.background)?,
        best: f64::NEG_INFINITY,
    };
    let mut found: Option<Vec<u8>> = None;
    for encoder in encoders {
        let held = found.as_ref().map_or(0, Vec::len) as u64;
        let file = search.file(&encoder.beside(held), target, image)?;
        found = [found, file].into_iter().flatten().min_by_key(Vec::len);
    }
    let mut file = found.ok_or_else(|| {
        let message = format!("the best score of all qualities is {:.2}, under the target of {target}", search.best);
        Error::limit("target_ssimulacra2", message)
    })?;
    search.progress.complete()?;
    deliver(&mut file)?;
    Ok(file)
}

/// What goes on from one subsampling to the next.
struct Search {
    progress: Progress,
    judge: Judge,
    /// The best score of all.
    best: f64,
}

impl Search {
    /// The file of the least quality that reaches a score, if there is one.
    fn file(&mut self, encoder: &Encoder, score: f64, image: &Image<'_>) -> Result<Option<Vec<u8>>> {
        let format = image.format();
        // The score depends on coefficients alone, so those of a try are laid out in the way that is soonest done and
        // read.
        let layout = Layout { coding: Coding::Baseline, ..Layout::default() };
        let encoder = encoder.clone().beside(target::memory(encoder, image.width(), image.height()));
        let draft = Encoder { layout, embedded: Embedded::default(), ..encoder.clone() };
        let quality = least_enough(BEST, |quality| {
            let coefficients = encoder.at(quality, image, &mut self.progress)?;
            let work = SCORING * coefficients.frame.blocks();
            let file = draft.write(coefficients, format, &self.progress, &mut |_| Ok(()))?;
            let reached = self.judge.score(&file)?;
            self.best = self.best.max(reached);
            self.progress.advance(work)?;
            Ok(reached >= score)
        })?;
        if quality > BEST {
            return Ok(None);
        }
        let coefficients = encoder.at(quality, image, &mut self.progress)?;
        encoder.write(coefficients, format, &self.progress, &mut |_| Ok(())).map(Some)
    }
}

/// Compares files with a picture.
struct Judge {
    reference: Ssimulacra2Reference,
    width: u32,
    height: u32,
    gray: bool,
}

impl Judge {
    fn new(image: &Image<'_>, background: [u8; 3]) -> Result<Self> {
        let (width, height) = (image.width(), image.height());
        let gray = image.format().colour() == Colour::Gray;
        let pixels = flattened(image, background);
        let reference = Ssimulacra2Reference::new(&slice(&pixels, width, height, gray)?).map_err(failed)?;
        Ok(Self { reference, width, height, gray })
    }

    fn score(&self, file: &[u8]) -> Result<f64> {
        let Self { reference, width, height, gray } = self;
        let space = if *gray { ColorSpace::Luma } else { ColorSpace::RGB };
        let side = usize::from(u16::MAX);
        let options = DecoderOptions::default().set_max_width(side).set_max_height(side).jpeg_set_out_colorspace(space);
        let pixels = JpegDecoder::new_with_options(ZCursor::new(file), options).decode().map_err(failed)?;
        reference.compare(&slice(&pixels, *width, *height, *gray)?).map_err(failed)
    }
}

/// The pixels of a picture in grey or RGB of 8 bits over the background, rows without gaps.
fn flattened(image: &Image<'_>, background: [u8; 3]) -> Vec<u8> {
    let mut reader = RowReader::new(image.format(), background, false);
    let mut pixels = Vec::new();
    for y in 0..image.height() as usize {
        match reader.pixels(image.rows(y), y) {
            Row::Gray(row) | Row::Rgb(row) => pixels.extend_from_slice(row),
            Row::Rgba(row) => pixels.extend(row.as_chunks::<4>().0.iter().flat_map(|&[r, g, b, alpha]| {
                iter::zip([r, g, b], background).map(move |(value, below)| over(value, below, alpha))
            })),
        }
    }
    pixels
}

fn slice(pixels: &[u8], width: u32, height: u32, gray: bool) -> Result<PixelSlice<'_>> {
    let (kind, bytes) = if gray { (PixelDescriptor::GRAY8_SRGB, 1) } else { (PixelDescriptor::RGB8_SRGB, 3) };
    PixelSlice::new(pixels, width, height, width as usize * bytes, kind).map_err(failed)
}

/// A picture and its own file have what the decoder and the metric ask for.
fn failed(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Internal, format!("scoring a file: {error}"))
}
