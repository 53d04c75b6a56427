//! Pixels to JPEG: rows to samples to coefficients, then the scans.
//!
//! ```text
//! mod.rs      the options, and a picture in one call     rows.rs   a picture in rows, as they come
//! front.rs    a picture to coefficients, by way of       embed.rs  metadata to embed
//! band.rs     some MCU rows of it, by way of              target.rs the quality for a number of bytes or a score
//! choice.rs   the subsampling that suits a picture       score.rs  what a file scores beside its picture
//! mcu_row.rs  the samples of an MCU row, and             preset.rs the numbers of each preset
//! stage.rs    the quantisation of a component             requantise.rs  of one that was quantised before
//! ```

mod band;
mod choice;
mod embed;
mod front;
mod mcu_row;
mod preset;
mod requantise;
mod rows;
#[cfg(feature = "ssimulacra2")]
mod score;
mod stage;
mod target;

pub use embed::Density;
pub use preset::Preset;
pub(crate) use requantise::requantise;
pub use rows::RowEncoder;
pub(crate) use target::best_within;

use std::io;
use std::mem;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use crate::error::{Error, ErrorKind, Result};
use crate::jpeg::coeff::CoefficientImage;
use crate::jpeg::frame::Frame;
use crate::jpeg::image::{Colour, Image, PixelFormat};
use crate::jpeg::layout::Layout;
use crate::jpeg::progress::{Progress, Watcher};
use crate::jpeg::quant::QuantTable;
use crate::jpeg::quant::tables::QuantTables;
use crate::jpeg::simd::Simd;
use crate::jpeg::threads::{MOST_THREADS, Threads};
use crate::jpeg::write::{self, Deliver, Work};
use crate::jpeg::{Coding, Mode, RestartInterval, Script};
use crate::limits::{Cancel, Limits, Visits};
use embed::Embedded;
use front::FrontEnd;
use preset::Recipe;

/// How many samples of luma share one of chroma. Pictures in grey have no chroma and ignore it; those that are YCbCr
/// already keep what they have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subsampling {
    /// 4:2:0: one for 2 by 2.
    #[default]
    S420,
    /// 4:2:2: one for 2 in a row.
    S422,
    /// 4:4:4: one each.
    S444,
    /// 4:2:0 or 4:4:4, whichever is smaller at the same looks by what a sample of the picture shows: 4:2:0 for most
    /// photographs and at low qualities, 4:4:4 for coloured text and lines. The choice depends on quality, preset and
    /// tables. A picture in rows is held as it comes until the last.
    Auto,
}

impl Subsampling {
    /// Samples of luma for one of chroma, across and down. Where nothing is to be chosen between, a choice is any.
    fn ratio(self) -> (u8, u8) {
        match self {
            Self::S420 | Self::Auto => (2, 2),
            Self::S422 => (2, 1),
            Self::S444 => (1, 1),
        }
    }
}

/// Turns pixels into a JPEG. One encoder may serve many pictures, from several threads at a time.
///
/// The colours are those of JFIF; samples keep their fractions from the pixel to the coefficient, so a file is closer
/// to its source than that of an encoder which rounds at each stage, at the same tables and the same size.
///
/// ```
/// use cosimg::jpeg::{Encoder, Image, PixelFormat, Preset, Subsampling};
///
/// # fn main() -> cosimg::Result<()> {
/// let pixels = [200, 30, 60].repeat(640 * 480);
/// let image = Image::new(&pixels, 640, 480, PixelFormat::Rgb8)?;
/// let jpeg = Encoder::new(Preset::Fast).quality(82)?.subsampling(Subsampling::S444).encode(&image)?;
/// assert!(jpeg.starts_with(&[0xFF, 0xD8]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Encoder {
    quality: u8,
    target_bytes: Option<u64>,
    target_ssimulacra2: Option<f64>,
    pub(crate) recipe: Recipe,
    tables: Option<QuantTables>,
    subsampling: Subsampling,
    layout: Layout,
    background: [u8; 3],
    dither: bool,
    embedded: Embedded,
    simd: Simd,
    threads: NonZeroUsize,
    limits: Limits,
    cancel: Cancel,
    watcher: Option<Watcher>,
}

impl Encoder {
    /// Quality 85, 4:2:0, progressive, white background, no metadata but the JFIF header.
    pub fn new(preset: Preset) -> Self {
        Self {
            quality: 85,
            target_bytes: None,
            target_ssimulacra2: None,
            recipe: preset.recipe(),
            tables: None,
            subsampling: Subsampling::default(),
            layout: Layout { sparse: true, ..Layout::default() },
            background: [255; 3],
            dither: false,
            embedded: Embedded::default(),
            simd: Simd::default(),
            threads: NonZeroUsize::MIN,
            limits: Limits::default(),
            cancel: Cancel::default(),
            watcher: None,
        }
    }

    /// How much work is spent on a smaller file of the same looks.
    pub fn preset(mut self, preset: Preset) -> Self {
        self.recipe = preset.recipe();
        self
    }

    /// Quality from 1 to 100: about that of libjpeg-turbo's file of the same number, to the eye, in all presets. From
    /// 30 on the scores of photographs by ssimulacra2 lay within 4 points of each other for all presets, and ten more
    /// of quality always gave more bytes and a better score. `docs/encoder.md` says what was measured, and of drawings
    /// too.
    ///
    /// # Errors
    /// `Usage` for other numbers.
    pub fn quality(mut self, quality: u8) -> Result<Self> {
        if !(1..=100).contains(&quality) {
            return Err(Error::usage(format!("a quality of {quality} is not in 1 to 100")).field_named("quality"));
        }
        self.quality = quality;
        Ok(self)
    }

    /// Bytes that a file may have, metadata included. The quality is then the best, up to the one that is set, at which
    /// it has no more; up to seven are tried. The file is the one that [`Encoder::quality`] alone gives for that
    /// quality. Rows that come one after another are held until the last.
    ///
    /// ```
    /// use cosimg::jpeg::{Encoder, Image, PixelFormat};
    ///
    /// # fn main() -> cosimg::Result<()> {
    /// let pixels: Vec<u8> = (0..256 * 256).map(|i: u32| (i * i >> 9) as u8).collect();
    /// let image = Image::new(&pixels, 256, 256, PixelFormat::Gray8)?;
    /// let jpeg = Encoder::default().quality(95)?.target_bytes(10_000).encode(&image)?;
    /// assert!(jpeg.len() <= 10_000);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Encoding gives an error of kind `Limit` where the file has more even at quality 1, and `Usage` beside tables of
    /// one's own.
    pub fn target_bytes(mut self, bytes: u64) -> Self {
        self.target_bytes = Some(bytes);
        self
    }

    /// What a file scores beside its picture at least, by ssimulacra2: about 50 is medium quality, 70 high, and 90
    /// cannot be told apart side by side. The quality is then the least at which it does, whatever is set; up to seven
    /// are tried. The file is the one that [`Encoder::quality`] alone gives for that quality. What is scored are the
    /// pixels of 8 bits that the encoder takes, over the background, as sRGB whatever profile is embedded.
    ///
    /// This takes the feature `ssimulacra2`, about two seconds for each million pixels, whatever [`Encoder::threads`]
    /// says, and 130 bytes of memory for each pixel. Rows that come one after another are held until the last.
    /// [`Subsampling::Auto`] is the smaller file of both forms, in twice the time. A call that is to stop does so after
    /// the score of a picture, at the latest.
    ///
    #[cfg_attr(feature = "ssimulacra2", doc = "```")]
    #[cfg_attr(not(feature = "ssimulacra2"), doc = "```ignore")]
    /// use cosimg::jpeg::{Encoder, Image, PixelFormat};
    ///
    /// # fn main() -> cosimg::Result<()> {
    /// let pixels: Vec<u8> = (0..256 * 256).map(|i: u32| (i * i >> 9) as u8).collect();
    /// let image = Image::new(&pixels, 256, 256, PixelFormat::Gray8)?;
    /// let jpeg = Encoder::default().target_ssimulacra2(80.0)?.encode(&image)?;
    /// assert!(jpeg.len() < Encoder::default().quality(100)?.encode(&image)?.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Encoding gives an error of kind `Limit` with the best score where no quality reaches it, as fine colours do not in 4:2:0;
    /// `Usage` beside [`Encoder::target_bytes`] or tables of one's own; `Unsupported` for pixels in CMYK or YCbCr.
    ///
    /// # Errors
    /// `Usage` for what is not in 0 to 100; `Unsupported` where cosimg was built without the feature.
    pub fn target_ssimulacra2(mut self, score: f64) -> Result<Self> {
        if !cfg!(feature = "ssimulacra2") {
            let message = "this build of cosimg has no scores: it takes the feature ssimulacra2";
            return Err(Error::unsupported(message).field_named("target_ssimulacra2"));
        }
        if !(0.0..=100.0).contains(&score) {
            return Err(
                Error::usage(format!("a score of {score} is not in 0 to 100")).field_named("target_ssimulacra2")
            );
        }
        self.target_ssimulacra2 = Some(score);
        Ok(self)
    }

    /// Quantisation tables of one's own, in place of those of the preset at a quality.
    pub fn tables(mut self, tables: QuantTables) -> Self {
        self.tables = Some(tables);
        self
    }

    /// How many samples of luma share one of chroma.
    pub fn subsampling(mut self, subsampling: Subsampling) -> Self {
        self.subsampling = subsampling;
        self
    }

    /// How the entropy-coded data is laid out.
    pub fn coding(mut self, coding: Coding) -> Self {
        self.layout.coding = coding;
        self
    }

    /// The red, green and blue that pixels with alpha are laid over. The mixture is of the coded values, as browsers
    /// and Cloud Infinite have it, rounded to 8 bits: the same as from a picture that was flattened beforehand.
    pub fn background(mut self, rgb: [u8; 3]) -> Self {
        self.background = rgb;
        self
    }

    /// Whether samples of more than 8 bits are reduced with an ordered dither, which spares smooth gradients from bands
    /// and costs bytes. At first they are rounded.
    pub fn dither(mut self, dither: bool) -> Self {
        self.dither = dither;
        self
    }

    /// An ICC profile to embed; an empty one is none. It is not applied: the pixels are taken to be in its space.
    pub fn icc_profile(mut self, profile: Vec<u8>) -> Self {
        self.embedded.icc_profile = profile;
        self
    }

    /// An Exif block to embed, from its TIFF header on (without `Exif\0\0`); an empty one is none.
    pub fn exif(mut self, tiff: Vec<u8>) -> Self {
        self.embedded.exif = tiff;
        self
    }

    /// Pixels by length, for the JFIF header.
    pub fn density(mut self, density: Density) -> Self {
        self.embedded.density = density;
        self
    }

    /// A comment to embed, after those before it.
    pub fn comment(mut self, comment: impl Into<Vec<u8>>) -> Self {
        self.embedded.comments.push(comment.into());
        self
    }

    /// Which vector instructions may be used; the bytes of the result do not depend on it.
    pub fn simd(mut self, simd: Simd) -> Self {
        self.simd = simd;
        self
    }

    /// How many threads may work on a picture, the caller's among them; 1 at first. The bytes of the result do not
    /// depend on it. Each needs memory for a few rows of the picture. Rows that come one after another are converted
    /// and transformed by the thread that brings them; the others have their part in what is done when all have come.
    /// Up to eight write the scans. A thread of a rayon pool works alone.
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = threads;
        self
    }

    /// Bounds on the picture and on memory.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What the scans of a progressive file are chosen for, in place of those that fit the coefficients of the preset.
    pub fn mode(mut self, mode: Mode) -> Self {
        (self.layout.mode, self.layout.sparse) = (mode, false);
        self
    }

    /// The scans of the file, one by one; they stand in for [`Encoder::coding`] and [`Encoder::mode`]. A script that
    /// does not fit a picture is an error of kind `Usage` when that is begun.
    pub fn scans(mut self, script: Script) -> Self {
        self.layout.script = Some(script);
        self
    }

    /// How often decoders may begin anew: after damage, or to work on several parts at once. Never at first.
    pub fn restart_interval(mut self, interval: RestartInterval) -> Self {
        self.layout.restart = interval;
        self
    }

    /// A flag that stops the call.
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = cancel;
        self
    }

    /// A function that is told how much of the work is done, and of how much in all; by [`ControlFlow::Break`] it stops
    /// the call. It is called by the thread that called, some hundred times at most for a picture of some size, with
    /// numbers that rise up to the total. What they count may change; only their ratio has a meaning.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    ///
    /// use cosimg::jpeg::{Encoder, Image, PixelFormat};
    ///
    /// # fn main() -> cosimg::Result<()> {
    /// let pixels = vec![128; 640 * 480];
    /// let image = Image::new(&pixels, 640, 480, PixelFormat::Gray8)?;
    /// let encoder = Encoder::default().progress(|done, total| {
    ///     eprintln!("{} %", 100 * done / total);
    ///     ControlFlow::Continue(())
    /// });
    /// encoder.encode(&image)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn progress(mut self, tell: impl Fn(u64, u64) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        self.watcher = Some(Watcher::new(tell));
        self
    }

    /// Encodes a picture.
    ///
    /// # Errors
    /// `Limit` where the picture or the memory it needs pass a bound, before that memory is taken; `Unsupported` for
    /// more than 65,500 pixels a side, or instructions that this processor lacks; `Usage` where the ICC profile, the
    /// Exif block or a comment does not fit a JPEG, or the scans the picture; `Cancelled`.
    pub fn encode(&self, image: &Image<'_>) -> Result<Vec<u8>> {
        self.file(image, &mut |_| Ok(()))
    }

    /// Encodes a picture and gives the file piece by piece to `write`: scans as they are done, where only one file is
    /// made and by one thread, so that there is no need for the memory of the whole. Nothing comes after an error,
    /// before which pieces may have come.
    ///
    /// ```
    /// use std::io::Write;
    ///
    /// use cosimg::jpeg::{Encoder, Image, PixelFormat};
    ///
    /// # fn main() -> cosimg::Result<()> {
    /// let image = Image::new(&[128; 64 * 64], 64, 64, PixelFormat::Gray8)?;
    /// let mut file = Vec::new();
    /// Encoder::default().encode_to(&image, |piece| file.write_all(piece))?;
    /// assert_eq!(file, Encoder::default().encode(&image)?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Encoder::encode`]; `Io` with the message of an error of `write`.
    pub fn encode_to(&self, image: &Image<'_>, mut write: impl FnMut(&[u8]) -> io::Result<()>) -> Result<()> {
        self.file(image, &mut |out| hand_over(out, &mut write)).map(drop)
    }

    /// Begins a picture whose rows come one after another. The file is the same as from [`Encoder::encode`].
    ///
    /// ```
    /// use cosimg::jpeg::{Encoder, PixelFormat};
    ///
    /// # fn main() -> cosimg::Result<()> {
    /// let mut rows = Encoder::default().rows(640, 480, PixelFormat::Bgra8)?;
    /// for _ in 0..480 {
    ///     rows.push(&[90, 120, 200, 255].repeat(640))?;
    /// }
    /// let jpeg = rows.finish()?;
    /// assert!(jpeg.ends_with(&[0xFF, 0xD9]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Encoder::encode`]; `Usage` for a picture without pixels.
    pub fn rows(&self, width: u32, height: u32, format: PixelFormat) -> Result<RowEncoder> {
        RowEncoder::new(self.clone(), width, height, format)
    }

    /// What pixels with alpha are laid over.
    pub(crate) fn laid_over(&self) -> [u8; 3] {
        self.background
    }

    /// For a caller that holds so many bytes of its own.
    pub(crate) fn beside(mut self, bytes: u64) -> Self {
        self.limits.memory = self.limits.memory.saturating_sub(bytes);
        self
    }

    /// The file of a picture, as far as it was not taken away when it was delivered.
    fn file(&self, image: &Image<'_>, deliver: Deliver<'_>) -> Result<Vec<u8>> {
        #[cfg(feature = "ssimulacra2")]
        if let Some(score) = self.target_ssimulacra2 {
            return score::file(self, score, image, deliver);
        }
        if self.has_to_choose(image.format()) {
            return self.clone().subsampling(choice::choose(self, image)?).file(image, deliver);
        }
        let Some(bytes) = self.target_bytes else {
            let mut front = FrontEnd::new(self, image.width(), image.height(), image.format())?;
            front.push_all(image)?;
            return self.finish(front, image.format(), deliver);
        };
        let (frame, ..) = FrontEnd::check(self, image.width(), image.height(), image.format())?;
        let mut progress = Progress::new(&self.cancel, self.watcher.as_ref(), front::work(self, &frame));
        let mut file = best_within(bytes, self.quality, |quality| {
            let coefficients = self.at(quality, image, &mut progress)?;
            self.write(coefficients, image.format(), &progress, &mut |_| Ok(()))
        })?;
        progress.complete()?;
        deliver(&mut file)?;
        Ok(file)
    }

    /// The coefficients of a picture at a quality, whatever the target.
    fn at(&self, quality: u8, image: &Image<'_>, progress: &mut Progress) -> Result<CoefficientImage> {
        let encoder = Self { quality, target_bytes: None, target_ssimulacra2: None, ..self.clone() };
        let mut front = FrontEnd::new(&encoder, image.width(), image.height(), image.format())?;
        mem::swap(front.progress(), progress);
        front.push_all(image)?;
        let coefficients;
        (coefficients, *progress) = front.finish()?;
        Ok(coefficients)
    }

    /// Whether there is no way to begin before all pixels are there.
    fn needs_all_pixels(&self, format: PixelFormat) -> bool {
        self.has_to_choose(format) || self.target_bytes.is_some() || self.target_ssimulacra2.is_some()
    }

    /// Whether the subsampling depends on the picture.
    fn has_to_choose(&self, format: PixelFormat) -> bool {
        self.subsampling == Subsampling::Auto && matches!(format.colour(), Colour::Rgb | Colour::Cmyk)
    }

    /// The tables of a frame: those of one's own, or of the preset at a quality.
    fn steps(&self, frame: &Frame, quality: u8) -> Vec<QuantTable> {
        match &self.tables {
            Some(QuantTables { luma, chroma }) => {
                frame.components.iter().map(|c| if c.table == 0 { luma.clone() } else { chroma.clone() }).collect()
            }
            None => self.recipe.tables(frame, quality),
        }
    }

    /// The file of a picture whose rows have all come, as far as it was not taken away when it was delivered.
    fn finish(&self, front: FrontEnd, format: PixelFormat, deliver: Deliver<'_>) -> Result<Vec<u8>> {
        let (image, progress) = front.finish()?;
        let rest = self.write(image, format, &progress, deliver)?;
        progress.complete().map(|()| rest)
    }

    fn write(
        &self,
        image: CoefficientImage,
        format: PixelFormat,
        progress: &Progress,
        deliver: Deliver<'_>,
    ) -> Result<Vec<u8>> {
        let metadata = self.embedded.metadata(format.colour())?;
        // A pixel has a byte at least.
        let visits = Visits::to_make(&self.limits, u64::from(image.frame.width) * u64::from(image.frame.height));
        let work = Work {
            threads: &Threads::new(self.threads.get().min(MOST_THREADS)),
            limits: &self.limits,
            cancel: &self.cancel,
            visits: &visits,
            progress: Some(progress),
        };
        write::write_to(image.into(), &metadata, &self.layout(), self.simd, work, deliver)
    }

    /// How the file is laid out, with the search of the preset where no mode was set.
    fn layout(&self) -> Layout {
        match self.recipe.search {
            Some(effort) if self.layout.sparse => {
                Layout { mode: Mode::Small, sparse: false, effort, ..self.layout.clone() }
            }
            _ => self.layout.clone(),
        }
    }
}

/// Gives what there is of a file to the caller's function.
fn hand_over(out: &mut Vec<u8>, write: &mut impl FnMut(&[u8]) -> io::Result<()>) -> Result<()> {
    if !out.is_empty() {
        write(out).map_err(|error| Error::new(ErrorKind::Io, error.to_string()).field_named("write"))?;
        out.clear();
    }
    Ok(())
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new(Preset::default())
    }
}
