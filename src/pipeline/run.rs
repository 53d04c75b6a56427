//! The processor: bounds, plan, work, and what `ignore-error` makes of a failure.

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::format::Format;
use super::plan::Plan;
use super::source::{self, Picture};
use crate::error::{Error, ErrorKind, Result};
use crate::jpeg::{self, Coding, Strip, Subsampling};
use crate::limits::{Cancel, Limits};
use crate::params::{Params, SizeLimit};

/// Quality of a JPEG from a source that has none of its own, where the rule names none. No document says what the
/// service takes.
pub const DEFAULT_QUALITY: u8 = 85;

/// Carries out rules; every uncertain quirk of the service is an option here.
#[derive(Clone, Debug)]
pub struct Processor {
    limits: Limits,
    cancel: Cancel,
    background: [u8; 3],
    default_quality: u8,
    subsampling: Subsampling,
    carry_interlace: bool,
    ignore_error: IgnoreError,
}

/// Which failures `ignore-error/1` answers with the original.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum IgnoreError {
    /// None: the original is never handed out for a failure, whatever the rule says.
    Never,
    /// A limit that was passed. The narrowest reading of the documents: "file too big, parameter over limit".
    Limits,
    /// A limit that was passed, a source that cannot be read, an operation that is not carried out here.
    #[default]
    Processing,
}

/// An answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Processed {
    /// The file.
    pub bytes: Vec<u8>,
    /// What it is.
    pub format: Format,
    /// Whether it is the source, byte for byte.
    pub original: bool,
    /// Processing failed and `ignore-error/1` gave the original: why it failed.
    pub ignored: Option<Error>,
}

impl Processor {
    /// The service's limits ([`Limits::intl_2024`]), white background, [`DEFAULT_QUALITY`], 4:2:0, interlace not
    /// carried, [`IgnoreError::Processing`].
    pub fn new() -> Self {
        Self {
            limits: Limits::intl_2024(),
            cancel: Cancel::new(),
            background: [255; 3],
            default_quality: DEFAULT_QUALITY,
            subsampling: Subsampling::S420,
            carry_interlace: false,
            ignore_error: IgnoreError::Processing,
        }
    }

    /// Bounds on source, work and memory.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The flag that stops a call.
    pub fn cancel(self, cancel: Cancel) -> Self {
        Self { cancel, ..self }
    }

    /// What transparent pixels are laid over: white by default.
    pub fn background(self, rgb: [u8; 3]) -> Self {
        Self { background: rgb, ..self }
    }

    /// Quality, 1 to 100, of a JPEG from a source that has none of its own.
    pub fn default_quality(self, quality: u8) -> Result<Self> {
        if !(1..=100).contains(&quality) {
            let message = format!("a quality is 1 to 100, not {quality}");
            return Err(Error::usage(message).field_named("default_quality"));
        }
        Ok(Self { default_quality: quality, ..self })
    }

    /// Chroma sampling of a JPEG from pixels.
    pub fn subsampling(self, subsampling: Subsampling) -> Self {
        Self { subsampling, ..self }
    }

    /// Whether a stage without `interlace` of its own keeps that of the stage before it. Off by default: every
    /// stage encodes anew, and `interlace` is 0 where it is not said.
    pub fn carry_interlace(self, on: bool) -> Self {
        Self { carry_interlace: on, ..self }
    }

    /// Which failures `ignore-error/1` answers with the original.
    pub fn ignore_error(self, covered: IgnoreError) -> Self {
        Self { ignore_error: covered, ..self }
    }

    /// Carries out `rule` on `source`.
    ///
    /// # Errors
    /// `Limit` for a source, a rule or work beyond the limits; `Input` for a malformed source; `Unsupported` for a
    /// source of an unknown format (field `source`) and for an operation that needs the service (its name as
    /// field); `Cancelled`. Those that `ignore-error/1` covers become the original instead.
    pub fn run(&self, source: &[u8], rule: &Params) -> Result<Processed> {
        let stages = rule.stages().len();
        if stages as u64 > u64::from(self.limits.stages) {
            let message = format!("a rule of {stages} stages, over the limit of {}", self.limits.stages);
            return Err(Error::limit("stages", message));
        }
        match self.carry_out(source, rule) {
            Err(error) if rule.ignores_errors() && self.ignore_error.covers(error.kind()) => {
                let format = Format::sniff(source).unwrap_or(Format::Unknown);
                Ok(Processed { bytes: self.copy(source)?, format, original: true, ignored: Some(error) })
            }
            result => result,
        }
    }

    fn carry_out(&self, source: &[u8], rule: &Params) -> Result<Processed> {
        self.limits.check_input(source.len())?;
        self.cancel.check()?;
        if source.is_empty() {
            return Err(Error::input("an empty source").field_named("source"));
        }
        let unknown = || Error::unsupported("the source is of no image format known here").field_named("source");
        let format = Format::sniff(source).ok_or_else(unknown)?;
        let plan = self.plan(format, rule)?;
        let made = match plan {
            Plan::Original => {
                source::check(source, format, &self.limits)?;
                None
            }
            Plan::Transcode { quality, coding, strip, size } => {
                or_source(size, source, self.transcode(source, quality, coding, strip, size))?
            }
            Plan::Encode { quality, coding, strip, size } => {
                let picture = source::decode(source, format, &self.limits)?;
                self.cancel.check()?;
                or_source(size, source, self.encode(picture, quality, coding, strip, size))?
            }
            Plan::Png { strip } => {
                let picture = source::decode(source, format, &self.limits)?;
                self.cancel.check()?;
                Some(self.png(picture, strip)?)
            }
        };
        Ok(match made {
            Some(bytes) => Processed { bytes, format: plan.output(format), original: false, ignored: None },
            None => Processed { bytes: self.copy(source)?, format, original: true, ignored: None },
        })
    }

    fn copy(&self, source: &[u8]) -> Result<Vec<u8>> {
        self.limits.check_memory(source.len() as u64, "the answer")?;
        Ok(source.to_vec())
    }

    fn transcode(
        &self,
        source: &[u8],
        quality: Option<u8>,
        coding: Coding,
        strip: Strip,
        size: Option<SizeLimit>,
    ) -> Result<Vec<u8>> {
        let mut transcoder = jpeg::Transcoder::new().coding(coding).strip(strip);
        if let Some(quality) = quality {
            transcoder = transcoder.requantise(quality, jpeg::Preset::default())?;
        }
        if let Some(size) = size {
            transcoder = transcoder.target_bytes(size.bytes());
        }
        transcoder.limits(self.limits.clone()).cancel(self.cancel.clone()).run(source)
    }

    fn encode(
        &self,
        picture: Picture,
        quality: u8,
        coding: Coding,
        strip: Strip,
        size: Option<SizeLimit>,
    ) -> Result<Vec<u8>> {
        let mut encoder = jpeg::Encoder::default()
            .quality(quality)?
            .subsampling(self.subsampling)
            .coding(coding)
            .background(self.background)
            .limits(self.limits.clone())
            .cancel(self.cancel.clone());
        if let Some(size) = size {
            encoder = encoder.target_bytes(size.bytes());
        }
        if strip == Strip::NOTHING { picture.encode(encoder) } else { picture.without_exif().encode(encoder) }
    }

    fn png(&self, picture: Picture, strip: Strip) -> Result<Vec<u8>> {
        self.limits.check_result(picture.width(), picture.height())?;
        // Deflate never grows by more than a few bytes a block; the same again is held while it is written.
        self.limits.check_memory(picture.bytes().saturating_mul(2), "the answer")?;
        let (width, height, color) = (picture.width(), picture.height(), ExtendedColorType::from(picture.color));
        let mut bytes = Vec::new();
        let mut encoder = PngEncoder::new(&mut bytes);
        let failed = |error: image::ImageError| Error::new(ErrorKind::Internal, format!("writing the PNG: {error}"));
        let refused = |_| Error::new(ErrorKind::Internal, "the PNG encoder takes no metadata");
        if let Some(profile) = picture.profile {
            encoder.set_icc_profile(profile).map_err(refused)?;
        }
        if let Some(exif) = picture.exif.filter(|_| strip == Strip::NOTHING) {
            encoder.set_exif_metadata(exif).map_err(refused)?;
        }
        encoder.write_image(&picture.data, width, height, color).map_err(failed)?;
        Ok(bytes)
    }

    pub(super) fn carries_interlace(&self) -> bool {
        self.carry_interlace
    }

    pub(super) fn quality_by_default(&self) -> u8 {
        self.default_quality
    }
}

/// What was made of a source under a limit of its size; nothing where the "!" of that gives the source.
fn or_source(size: Option<SizeLimit>, source: &[u8], made: Result<Vec<u8>>) -> Result<Option<Vec<u8>>> {
    let Some(size) = size else { return made.map(Some) };
    match made {
        Ok(bytes) if size.or_source && bytes.len() >= source.len() => Ok(None),
        Err(error) if error.field() == Some("target_bytes") => {
            // Every file that could be made is over the limit, and this source is not.
            let is_smaller = source.len() as u64 <= size.bytes();
            if size.or_source && is_smaller { Ok(None) } else { Err(error.field_named("size-limit")) }
        }
        made => made.map(Some),
    }
}

impl Default for Processor {
    fn default() -> Self {
        Self::new()
    }
}

impl IgnoreError {
    fn covers(self, kind: ErrorKind) -> bool {
        match self {
            Self::Never => false,
            Self::Limits => kind == ErrorKind::Limit,
            Self::Processing => matches!(kind, ErrorKind::Limit | ErrorKind::Input | ErrorKind::Unsupported),
        }
    }
}
