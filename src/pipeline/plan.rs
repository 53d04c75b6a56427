//! What carrying out a rule on a source of a given format amounts to.
//!
//! The stages are folded from left to right into one [`Plan`]: the operations that are carried out here can be
//! joined without a loss, so no picture is encoded twice.

use super::format::Format;
use super::run::Processor;
use crate::error::{Error, Result};
use crate::jpeg::{Coding, Strip};
use crate::params::{self, ImageMogr2, Op, Params, SizeLimit, Stage};

/// What the service leaves out, by the operation of that name: Exif goes with the orientation, colours stay.
const STRIP: Strip = Strip::SAFE.and(Strip::EXIF);

/// The work that a rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Plan {
    /// The source is the answer, byte for byte.
    Original,
    /// JPEG to JPEG: the coefficients stay or become coarser, their coding is new.
    Transcode {
        /// 1 to 100: what the coefficients are requantised to where the source has more.
        quality: Option<u8>,
        /// Progressive or baseline.
        coding: Coding,
        /// What is left out.
        strip: Strip,
        /// The bytes of the answer.
        size: Option<SizeLimit>,
    },
    /// Pixels to JPEG.
    Encode {
        /// 1 to 100.
        quality: u8,
        /// Progressive or baseline.
        coding: Coding,
        /// Whether Exif is left out.
        strip: Strip,
        /// The bytes of the answer.
        size: Option<SizeLimit>,
    },
    /// Pixels to PNG.
    Png {
        /// Whether Exif is left out.
        strip: Strip,
    },
}

impl Plan {
    /// The format of the answer to a source of format `source`.
    pub fn output(self, source: Format) -> Format {
        match self {
            Self::Original => source,
            Self::Transcode { .. } | Self::Encode { .. } => Format::Jpeg,
            Self::Png { .. } => Format::Png,
        }
    }

    fn strip(self) -> Strip {
        match self {
            Self::Original => Strip::NOTHING,
            Self::Transcode { strip, .. } | Self::Encode { strip, .. } | Self::Png { strip } => strip,
        }
    }

    /// The bytes of the answer.
    pub(super) fn size(self) -> Option<SizeLimit> {
        match self {
            Self::Transcode { size, .. } | Self::Encode { size, .. } => size,
            Self::Original | Self::Png { .. } => None,
        }
    }

    fn is_progressive(self) -> bool {
        matches!(
            self,
            Self::Transcode { coding: Coding::Progressive, .. } | Self::Encode { coding: Coding::Progressive, .. }
        )
    }
}

impl Processor {
    /// What this rule amounts to for a source of this format, without looking at the source.
    ///
    /// # Errors
    /// `Unsupported`, with the name of the operation or stage that needs the service as field.
    pub fn plan(&self, source: Format, rule: &Params) -> Result<Plan> {
        rule.stages().iter().try_fold(Plan::Original, |plan, stage| match stage {
            Stage::ImageMogr2(stage) => self.add(plan, source, &Wishes::of(stage)?),
            other => Err(not_here(other.name())),
        })
    }

    /// One more stage after `plan`.
    fn add(&self, plan: Plan, source: Format, wishes: &Wishes) -> Result<Plan> {
        if !wishes.any {
            return Ok(plan);
        }
        let from = plan.output(source);
        let to = match wishes.format {
            Some(format) => file_format(format).ok_or_else(|| no_conversion(from, format.name()))?,
            None => from,
        };
        let carried = self.carries_interlace() && plan.is_progressive();
        let coding = if wishes.interlace.unwrap_or(carried) { Coding::Progressive } else { Coding::Baseline };
        let strip = if wishes.strip { STRIP } else { plan.strip() };
        if wishes.size.is_some() && to != Format::Jpeg {
            return Err(not_here("size-limit"));
        }
        let size = match (plan.size(), wishes.size) {
            // With "!" the answer of a stage is one of two files, which the next would have to take as it comes.
            (Some(SizeLimit { or_source: true, .. }), _) => return Err(not_here("size-limit")),
            (_, Some(SizeLimit { or_source: true, .. })) if plan != Plan::Original => {
                return Err(not_here("size-limit"));
            }
            (before, now) => before.into_iter().chain(now).min_by_key(|limit| limit.bytes()),
        };
        match (from, to) {
            (Format::Jpeg, Format::Jpeg) => {
                // The lowest quality on the way is the quality of what comes out, whatever a "!" forces after it.
                let lower = |quality: u8| wishes.quality.map_or(quality, |wish| wish.min(quality));
                Ok(match plan {
                    Plan::Encode { quality, .. } => Plan::Encode { quality: lower(quality), coding, strip, size },
                    Plan::Transcode { quality: Some(quality), .. } => {
                        Plan::Transcode { quality: Some(lower(quality)), coding, strip, size }
                    }
                    _ => Plan::Transcode { quality: wishes.quality, coding, strip, size },
                })
            }
            (Format::Png | Format::Gif | Format::Bmp | Format::WebP, Format::Jpeg) => {
                let quality = wishes.quality.unwrap_or_else(|| self.quality_by_default());
                Ok(Plan::Encode { quality, coding, strip, size })
            }
            (Format::Gif | Format::Bmp | Format::WebP, Format::Png) if wishes.quality.is_none() => {
                Ok(Plan::Png { strip })
            }
            (from, to) if from != to || from == Format::Tiff => Err(no_conversion(from, to.name())),
            // Interlace counts for JPEG alone; quality and strip would need the format's encoder.
            (_, _) if wishes.quality.is_some() => Err(not_here("quality")),
            (Format::Png, Format::Png) if matches!(plan, Plan::Png { .. }) => Ok(Plan::Png { strip }),
            (_, _) if wishes.strip => Err(not_here("strip")),
            (_, _) => Ok(plan),
        }
    }
}

/// What one stage asks for, of all that can be carried out.
#[derive(Default)]
struct Wishes {
    /// Anything but `ignore-error`: the service encodes anew.
    any: bool,
    format: Option<params::Format>,
    /// 1 to 100.
    quality: Option<u8>,
    interlace: Option<bool>,
    strip: bool,
    size: Option<SizeLimit>,
}

impl Wishes {
    fn of(stage: &ImageMogr2) -> Result<Self> {
        let mut wishes = Self::default();
        for op in &stage.ops {
            wishes.any |= *op != Op::IgnoreError;
            match op {
                Op::Format(format) => once(&mut wishes.format, *format, op)?,
                // With or without "!" this is the quality: a source without one of its own has no lower one.
                Op::Quality { quality, .. } => once(&mut wishes.quality, (*quality).max(1), op)?,
                Op::Interlace(on) => once(&mut wishes.interlace, *on, op)?,
                Op::Strip => wishes.strip = true,
                Op::SizeLimit(limit) => once(&mut wishes.size, *limit, op)?,
                Op::IgnoreError => {}
                op if changes_nothing(op) => {}
                op => return Err(not_here(op.name())),
            }
        }
        Ok(wishes)
    }
}

/// Operations whose value says that they do nothing.
fn changes_nothing(op: &Op) -> bool {
    match op {
        Op::AutoOrient(on) => *on == Some(false),
        Op::Rotate(degrees) => degrees % 360 == 0,
        Op::Bright(amount) | Op::Contrast(amount) => *amount == 0,
        Op::Grayscale(on) | Op::Pad(on) => !on,
        _ => false,
    }
}

/// Keeps a value that is said once; said twice in two ways, it is not documented which one counts.
fn once<T: PartialEq>(slot: &mut Option<T>, value: T, op: &Op) -> Result<()> {
    if slot.as_ref().is_some_and(|first| *first != value) {
        let message = format!("{} with two values in one stage is not carried out here", op.name());
        return Err(Error::unsupported(message).field_named(op.name().to_owned()));
    }
    *slot = Some(value);
    Ok(())
}

/// The files that a format of the language is written as, where it is one that sources may have too.
fn file_format(format: params::Format) -> Option<Format> {
    Some(match format {
        params::Format::Jpg | params::Format::Yjpeg => Format::Jpeg,
        params::Format::Png => Format::Png,
        params::Format::Gif => Format::Gif,
        params::Format::Bmp => Format::Bmp,
        params::Format::Webp => Format::WebP,
        params::Format::Heif => Format::Heif,
        params::Format::Avif => Format::Avif,
        params::Format::Svgc | params::Format::Tpg => return None,
    })
}

fn not_here(name: &str) -> Error {
    Error::unsupported(format!("{name} is not carried out here")).field_named(name.to_owned())
}

fn no_conversion(from: Format, to: &str) -> Error {
    Error::unsupported(format!("{} to {to} is not carried out here", from.name())).field_named("format")
}
