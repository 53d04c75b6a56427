//! Transcoding: bytes to coefficients to scans; without a loss, unless the coefficients are to be requantised.

use std::num::NonZeroUsize;

use crate::error::{Error, Result};
use crate::jpeg::coeff::{CoefficientImage, Plane};
use crate::jpeg::damage::{Damages, Tolerance};
use crate::jpeg::encode::{Preset, best_within, requantise};
use crate::jpeg::layout::Layout;
use crate::jpeg::metadata::mpf::Index;
use crate::jpeg::metadata::strip::{self, Strip};
use crate::jpeg::read::Terms;
use crate::jpeg::rows::Coefficients;
use crate::jpeg::scan::effort::{Effort, MAX_SCANS};
use crate::jpeg::threads::{MOST_THREADS, Threads};
use crate::jpeg::write::Work;
use crate::jpeg::{Coding, Mode, RestartInterval, Script, Simd, read, write};
use crate::limits::{Cancel, Limits, Visits};

/// Bytes of a source, at least, with which threads begin: they will have their part in it.
const BEGIN_BYTES: usize = 1 << 16;

/// Rewrites a JPEG with the same coefficients: as progressive or baseline, always with optimal Huffman tables. With
/// [`Transcoder::requantise`] its coefficients are coarser.
///
/// ```
/// # fn main() -> cosimg::Result<()> {
/// # let pixels = [128; 3];
/// # let image = cosimg::jpeg::Image::new(&pixels, 1, 1, cosimg::jpeg::PixelFormat::Rgb8)?;
/// # let source = cosimg::jpeg::Encoder::default().coding(cosimg::jpeg::Coding::Baseline).encode(&image)?;
/// let progressive = cosimg::jpeg::Transcoder::new().run(&source)?;
/// assert!(cosimg::jpeg::inspect(&progressive, &cosimg::Limits::default())?.progressive);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Transcoder {
    layout: Layout,
    requantise: Option<(Preset, u8)>,
    target_bytes: Option<u64>,
    strip: Strip,
    never_larger: bool,
    tolerant: bool,
    simd: Simd,
    threads: NonZeroUsize,
    limits: Limits,
    cancel: Cancel,
}

/// The result of a transcoder, and what it has to say of the source.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Transcoded {
    /// The new file.
    pub bytes: Vec<u8>,
    /// What was wrong with the source; nothing unless the transcoder is tolerant.
    pub damages: Damages,
    /// Whether `bytes` are the source's own, but for what was to be stripped: those that could be made were more.
    pub kept_source: bool,
}

impl Default for Transcoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Transcoder {
    /// To progressive, with all metadata, under the library's own limits.
    pub fn new() -> Self {
        Self {
            layout: Layout::default(),
            requantise: None,
            target_bytes: None,
            strip: Strip::default(),
            never_larger: false,
            tolerant: false,
            simd: Simd::default(),
            threads: NonZeroUsize::MIN,
            limits: Limits::default(),
            cancel: Cancel::new(),
        }
    }

    /// Progressive, baseline, or whichever is smaller.
    pub fn coding(mut self, coding: Coding) -> Self {
        self.layout.coding = coding;
        self
    }

    /// What metadata is left out.
    pub fn strip(mut self, strip: Strip) -> Self {
        self.strip = strip;
        self
    }

    /// Whether the source is given back where the result would have more bytes: without what was to be stripped, and
    /// otherwise as it was. [`Transcoded::kept_source`] says so. A source that a tolerant transcoder has found damaged
    /// is not given back. Off at first.
    pub fn never_larger(mut self, never_larger: bool) -> Self {
        self.never_larger = never_larger;
        self
    }

    /// Whether what can be read of a damaged source is rewritten, as decoders for the screen show it: they go on with
    /// the next restart interval, the next scan, or with what there is. What is lost is zero, or as imprecise as
    /// earlier scans left it. [`Transcoder::run_and_report`] says what was wrong. Not tolerant at first: damage is an
    /// error.
    pub fn tolerant(mut self, tolerant: bool) -> Self {
        self.tolerant = tolerant;
        self
    }

    /// Which vector instructions may be used; the bytes of the result do not depend on it.
    pub fn simd(mut self, simd: Simd) -> Self {
        self.simd = simd;
        self
    }

    /// How many threads may work on a picture, the caller's among them, up to eight; 1 at first. The bytes of the
    /// result do not depend on it. A sequential source of one scan is decoded by two of them, the scans of others by
    /// all, unless it is tolerant. A thread of a rayon pool works alone. On Linux the others move away from the
    /// processor of the caller, by their own affinity, which is the caller's again at once.
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = threads;
        self
    }

    /// Bounds on input, picture, work and memory.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What the scans of a progressive file are chosen for.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.layout.mode = mode;
        self
    }

    /// How long [`Mode::Small`] searches: from 1, which takes little more time than a script that is known, to 9, which
    /// looks at nearly every place where a band may end; at first 5.
    ///
    /// # Errors
    /// `Usage` for other numbers.
    pub fn effort(mut self, effort: u8) -> Result<Self> {
        self.layout.effort = Effort::of_level(effort)?;
        Ok(self)
    }

    /// How many scans [`Mode::Small`] may have, 8 to 100. Where it is not set they are 16, since decoders pay for each,
    /// and 60 at an effort of 9.
    ///
    /// # Errors
    /// `Usage` for other numbers.
    pub fn max_scans(mut self, max_scans: u8) -> Result<Self> {
        if !MAX_SCANS.contains(&max_scans) {
            let message = format!("{max_scans} scans are not {} to {}", MAX_SCANS.start(), MAX_SCANS.end());
            return Err(Error::usage(message).field_named("max_scans"));
        }
        self.layout.max_scans = Some(max_scans);
        Ok(self)
    }

    /// How many percent larger a file may be if more is seen of it while it arrives: than what [`Mode::Small`] finds,
    /// or than libjpeg's script makes in [`Mode::Display`]. At first 0; other modes have no use for it.
    ///
    /// # Errors
    /// `Usage` unless it is 0 to 100.
    pub fn display_allowance(mut self, percent: f32) -> Result<Self> {
        if !(0.0..=100.0).contains(&percent) {
            let message = format!("an allowance of {percent} is not 0 to 100 percent");
            return Err(Error::usage(message).field_named("display_allowance"));
        }
        self.layout.allowance = percent;
        Ok(self)
    }

    /// The scans of the result, one by one; they stand in for [`Transcoder::coding`] and [`Transcoder::mode`]. A script
    /// that does not fit a source is an error of kind `Usage` when that is rewritten.
    pub fn scans(mut self, script: Script) -> Self {
        self.layout.script = Some(script);
        self
    }

    /// Gives the coefficients up to coarser steps: those of the encoder with this preset at this quality, 1 to 100,
    /// where the steps of the source are not as coarse already. This changes the picture. The loss is that of a new
    /// encoding alone: no samples are rounded in between, and chroma is not resized. A source that the scale of libjpeg
    /// had no more quality for keeps all it has ([`crate::jpeg::QualityEstimate`]), and so does one that was made or
    /// requantised with the same preset and quality before.
    ///
    /// ```
    /// # use cosimg::jpeg::{Encoder, Image, PixelFormat, Preset, Transcoder};
    /// # fn main() -> cosimg::Result<()> {
    /// # let pixels: Vec<u8> = (0..64 * 64 * 3).map(|i: u32| (i * i >> 5) as u8).collect();
    /// # let image = Image::new(&pixels, 64, 64, PixelFormat::Rgb8)?;
    /// # let source = Encoder::default().quality(95)?.encode(&image)?;
    /// let smaller = Transcoder::new().requantise(75, Preset::Balanced)?.run(&source)?;
    /// assert!(smaller.len() < source.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Usage` for other qualities. [`Transcoder::run`] then gives `Unsupported` for a source of 12 bits a sample.
    pub fn requantise(mut self, quality: u8, preset: Preset) -> Result<Self> {
        if !(1..=100).contains(&quality) {
            return Err(Error::usage(format!("a quality of {quality} is not in 1 to 100")).field_named("quality"));
        }
        self.requantise = Some((preset, quality));
        Ok(self)
    }

    /// Bytes that the result may have, metadata included. Where it has more, its coefficients are requantised to the
    /// best quality at which it has not; up to seven are tried. [`Transcoder::requantise`] sets the preset of these
    /// qualities and the best of them. Memory is needed for the coefficients twice.
    ///
    /// ```
    /// # use cosimg::jpeg::{Encoder, Image, PixelFormat, Transcoder};
    /// # fn main() -> cosimg::Result<()> {
    /// # let pixels: Vec<u8> = (0..256 * 256).map(|i: u32| (i * i >> 9) as u8).collect();
    /// # let image = Image::new(&pixels, 256, 256, PixelFormat::Gray8)?;
    /// # let source = Encoder::default().quality(95)?.encode(&image)?;
    /// let smaller = Transcoder::new().target_bytes(10_000).run(&source)?;
    /// assert!(smaller.len() <= 10_000);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`Transcoder::run`] gives an error of kind `Limit` where the file has more even at quality 1.
    pub fn target_bytes(mut self, bytes: u64) -> Self {
        self.target_bytes = Some(bytes);
        self
    }

    /// How often decoders of the result may begin anew; never at first, whatever the source has.
    pub fn restart_interval(mut self, interval: RestartInterval) -> Self {
        self.layout.restart = interval;
        self
    }

    /// A flag that stops the call.
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = cancel;
        self
    }

    /// Rewrites `source`. Its restart markers are not kept: they are a matter of the old layout.
    ///
    /// # Errors
    /// `Input` with the byte offset where the file is malformed, damaged or ends early, or where a coefficient does not
    /// fit the coding asked for; `Unsupported` for processes that are not read here, or instructions that this
    /// processor lacks; `Limit`; `Cancelled`.
    pub fn run(&self, source: &[u8]) -> Result<Vec<u8>> {
        Ok(self.run_and_report(source)?.bytes)
    }

    /// As [`Transcoder::run`], and says what a tolerant transcoder passed over.
    ///
    /// # Errors
    /// As [`Transcoder::run`]. A tolerant transcoder still refuses a file that is damaged before its first scan.
    pub fn run_and_report(&self, source: &[u8]) -> Result<Transcoded> {
        let threads = Threads::new(self.threads.get().min(MOST_THREADS));
        if source.len() >= BEGIN_BYTES {
            threads.begin();
        }
        match self.run_on(&threads, source) {
            // What threads hold at a time depends on how they fall; one may do with less.
            Err(error) if threads.are_many() && error.is_of_memory() => self.run_on(&threads.at_most(1), source),
            outcome => outcome,
        }
    }

    fn run_on(&self, threads: &Threads, source: &[u8]) -> Result<Transcoded> {
        let Self { simd, limits, cancel, .. } = self;
        let (level, tolerance) = (simd.level()?, Tolerance::new(self.tolerant));
        let mut terms = Terms { limits, cancel, level, threads, tolerance };
        let mut read = read::read(source, &mut terms)?;
        limits.check_result(read.coefficients.frame.width, read.coefficients.frame.height)?;
        let end = source.len() - read.metadata.trailing.len();
        let index = Index::of(source);
        let color = read.metadata.color(&read.coefficients.frame);
        read.metadata.strip(self.strip, index.as_ref(), source);
        let visits = Visits::to_make(limits, source.len() as u64);
        let write = |coefficients: Coefficients<'_>, limits: &Limits| {
            let work = Work { threads, limits, cancel, visits: &visits, progress: None };
            write::write(coefficients, &read.metadata, &self.layout, *simd, work)
        };
        let coarser = |mut image: CoefficientImage, to: (Preset, u8), limits: &Limits| {
            requantise(&mut image, color, to, terms.level, limits, cancel, &visits)?;
            write(image.into(), limits)
        };
        let mut bytes = match (self.target_bytes, self.requantise) {
            (Some(target), _) => self.within(target, read.coefficients.hold(cancel)?, write, coarser)?,
            (None, Some(to)) => coarser(read.coefficients.hold(cancel)?, to, limits)?,
            (None, None) => write(read.coefficients, limits)?,
        };
        if let Some(index) = &index {
            let new_end = bytes.len() - read.metadata.trailing.len();
            index.follow(&mut bytes, new_end, end);
        }
        let may_be_kept = self.never_larger && terms.tolerance.damages.is_empty();
        drop(read.metadata);
        let kept = if may_be_kept { self.kept_bytes(source, index.as_ref(), end) } else { None };
        let kept = kept.filter(|&kept| kept < bytes.len());
        if let Some(kept) = kept {
            // One of the two is there at a time.
            drop(bytes);
            bytes = self.keep(source, index.as_ref(), end, kept)?;
        }
        Ok(Transcoded { kept_source: kept.is_some(), bytes, damages: terms.tolerance.damages })
    }

    /// The file of a picture within a number of bytes, by what writes it as it is and what makes it coarser.
    fn within(
        &self,
        target: u64,
        image: CoefficientImage,
        write: impl Fn(Coefficients<'_>, &Limits) -> Result<Vec<u8>>,
        coarser: impl Fn(CoefficientImage, (Preset, u8), &Limits) -> Result<Vec<u8>>,
    ) -> Result<Vec<u8>> {
        let (preset, best) = match self.requantise {
            Some(to) => to,
            None => {
                let bytes = write((&image).into(), &self.limits)?;
                if bytes.len() as u64 <= target {
                    return Ok(bytes);
                }
                (Preset::default(), 100)
            }
        };
        let held = image.planes.iter().map(Plane::bytes).sum();
        let mut limits = self.limits.clone();
        limits.memory = limits.memory.saturating_sub(held);
        best_within(target, best, |quality| coarser(image.clone(), (preset, quality), &limits))
    }

    /// Bytes of the source without what is to be stripped; nothing where it is too damaged for that.
    fn kept_bytes(&self, source: &[u8], index: Option<&Index>, end: usize) -> Option<usize> {
        if self.strip == Strip::NOTHING {
            return Some(source.len());
        }
        strip::bytes_without(source, self.strip, index, end).ok()
    }

    /// The source without what is to be stripped, which has so many bytes.
    fn keep(&self, source: &[u8], index: Option<&Index>, end: usize, bytes: usize) -> Result<Vec<u8>> {
        if self.strip == Strip::NOTHING {
            return Ok(source.to_vec());
        }
        strip::without(source, self.strip, index, end, bytes)
    }
}
