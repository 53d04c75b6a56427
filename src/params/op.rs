//! One operation of an `imageMogr2` stage, and the table of all that are known.
//!
//! Ranges are those of the documents as of 2024 to 2026. The order of the table is the canonical order of a built
//! stage: geometry, colours, then what concerns the file.

use std::fmt;

use super::crop::{Crop, Cut, FaceCrop, Gravity};
use super::filter::Blur;
use super::format::Format;
use super::rotate::Flip;
use super::size_limit::SizeLimit;
use super::thumbnail::{Color, Thumbnail};
use super::value::{flag, integer, length};

/// An operation. The variants are named as in the language.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Op {
    /// `auto-orient`, `auto-orient/<0|1>`: turned upright as Exif says. Written without a value in the documents,
    /// with one by some clients.
    AutoOrient(Option<bool>),
    /// `cut/<w>x<h>x<dx>x<dy>`.
    Cut(Cut),
    /// `crop/<W>x<H>`.
    Crop(Crop),
    /// `gravity/<position>`: where `crop` lies.
    Gravity(Gravity),
    /// `scrop/<W>x<H>`.
    Scrop(FaceCrop),
    /// `thumbnail/…`.
    Thumbnail(Thumbnail),
    /// `pad/<0|1>`: `thumbnail/<W>x<H>` filled up to this size.
    Pad(bool),
    /// `color/<base64>`: the colour of `pad`.
    Color(Color),
    /// `iradius/<r>`: cut to the circle of this radius, in samples.
    Iradius(u32),
    /// `rradius/<r>`: corners rounded to this radius, in samples.
    Rradius(u32),
    /// `rotate/<0-360>`: degrees clockwise.
    Rotate(u16),
    /// `flip/<vertical|horizontal>`.
    Flip(Flip),
    /// `blur/<1-50>x<sigma>`.
    Blur(Blur),
    /// `sharpen/<10-300>`.
    Sharpen(u16),
    /// `bright/<-100-100>`: 0 changes nothing.
    Bright(i8),
    /// `contrast/<-100-100>`: 0 changes nothing.
    Contrast(i8),
    /// `grayscale/<0|1>`.
    Grayscale(bool),
    /// A run of operations that are not known.
    Unknown(Unknown),
    /// `strip`: metadata left out.
    Strip,
    /// `format/<f>`.
    Format(Format),
    /// `cgif/<1-100>`: a GIF cut to so many frames; 1 stands for 30.
    Cgif(u8),
    /// `quality/<0-100>`: the lower of this and the source's own; with `!` this in any case.
    Quality {
        /// 0 to 100.
        quality: u8,
        /// `!`.
        exact: bool,
    },
    /// `rquality/<0-100>`: percent of the source's quality.
    Rquality(u8),
    /// `lquality/<0-100>`: at least this.
    Lquality(u8),
    /// `interlace/<0|1>`: a progressive JPEG. Ignored for other formats.
    Interlace(bool),
    /// `size-limit/<n>k|m[!]`.
    SizeLimit(SizeLimit),
    /// `minsize/1`: in use on COS hosts but in no document; by its use the smaller of result and source.
    Minsize,
    /// `ignore-error/1`: where processing fails, the original.
    IgnoreError,
}

impl Op {
    /// The name in the language; of an unknown run, its first.
    pub fn name(&self) -> &str {
        match self {
            Self::AutoOrient(_) => "auto-orient",
            Self::Cut(_) => "cut",
            Self::Crop(_) => "crop",
            Self::Gravity(_) => "gravity",
            Self::Scrop(_) => "scrop",
            Self::Thumbnail(_) => "thumbnail",
            Self::Pad(_) => "pad",
            Self::Color(_) => "color",
            Self::Iradius(_) => "iradius",
            Self::Rradius(_) => "rradius",
            Self::Rotate(_) => "rotate",
            Self::Flip(_) => "flip",
            Self::Blur(_) => "blur",
            Self::Sharpen(_) => "sharpen",
            Self::Bright(_) => "bright",
            Self::Contrast(_) => "contrast",
            Self::Grayscale(_) => "grayscale",
            Self::Unknown(unknown) => unknown.name(),
            Self::Strip => "strip",
            Self::Format(_) => "format",
            Self::Cgif(_) => "cgif",
            Self::Quality { .. } => "quality",
            Self::Rquality(_) => "rquality",
            Self::Lquality(_) => "lquality",
            Self::Interlace(_) => "interlace",
            Self::SizeLimit(_) => "size-limit",
            Self::Minsize => "minsize",
            Self::IgnoreError => "ignore-error",
        }
    }

    /// The place in the canonical order. Unknown operations stand before all that concerns the file, between the
    /// even ranks of the table.
    pub(super) fn rank(&self) -> usize {
        let row = |name| OPERATIONS.iter().position(|operation| operation.name == name).unwrap_or(OPERATIONS.len());
        match self {
            Self::Unknown(_) => 2 * row("strip") - 1,
            known => 2 * row(known.name()),
        }
    }

    /// Whether `self` and `other` say the same thing in two ways, so that a stage should hold one of them.
    pub(super) fn rivals(&self, other: &Self) -> bool {
        let quality = |op: &Self| matches!(op, Self::Quality { .. } | Self::Rquality(_) | Self::Lquality(_));
        match (self, other) {
            (Self::Unknown(_), _) | (_, Self::Unknown(_)) => false,
            _ => self.name() == other.name() || quality(self) && quality(other),
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        match self {
            Self::AutoOrient(None) | Self::Strip => f.write_str(name),
            Self::AutoOrient(Some(on)) | Self::Pad(on) | Self::Grayscale(on) | Self::Interlace(on) => {
                write!(f, "{name}/{}", u8::from(*on))
            }
            Self::Cut(value) => write!(f, "{name}/{value}"),
            Self::Crop(value) => write!(f, "{name}/{value}"),
            Self::Gravity(value) => write!(f, "{name}/{value}"),
            Self::Scrop(value) => write!(f, "{name}/{value}"),
            Self::Thumbnail(value) => write!(f, "{name}/{value}"),
            Self::Color(value) => write!(f, "{name}/{value}"),
            Self::Iradius(value) | Self::Rradius(value) => write!(f, "{name}/{value}"),
            Self::Rotate(value) | Self::Sharpen(value) => write!(f, "{name}/{value}"),
            Self::Flip(value) => write!(f, "{name}/{value}"),
            Self::Blur(value) => write!(f, "{name}/{value}"),
            Self::Bright(value) | Self::Contrast(value) => write!(f, "{name}/{value}"),
            Self::Unknown(unknown) => f.write_str(&unknown.text),
            Self::Format(value) => write!(f, "{name}/{value}"),
            Self::Cgif(value) | Self::Rquality(value) | Self::Lquality(value) => write!(f, "{name}/{value}"),
            Self::Quality { quality, exact } => write!(f, "{name}/{quality}{}", if *exact { "!" } else { "" }),
            Self::SizeLimit(value) => write!(f, "{name}/{value}"),
            Self::Minsize | Self::IgnoreError => write!(f, "{name}/1"),
        }
    }
}

/// Operations that are not known, with their values: from a name that is not in the table up to the next one that
/// is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unknown {
    /// No slash at either end, no empty segment; the first segment is a name, none is a known name.
    pub(super) text: String,
}

impl Unknown {
    /// The first name.
    pub fn name(&self) -> &str {
        self.text.split('/').next().unwrap_or(&self.text)
    }

    /// All of it.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// What an operation is called and how its value is read.
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    /// Completes "`name` takes …".
    pub(super) expected: &'static str,
    read: fn(&str) -> Option<Op>,
}

/// Whether a value follows the name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    /// The value, where the next segment is one.
    OptionalValue,
    Value,
}

impl Operation {
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.name == name)
    }

    /// The operation that `name` would be in another case of letters.
    pub(super) fn named_in_another_case(name: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.name.eq_ignore_ascii_case(name) && operation.name != name)
    }

    /// Reads a value. What would not print back to the same bytes (`007`, `+5`) is not one.
    pub(super) fn read(&self, value: &str) -> Option<Op> {
        let op = (self.read)(value)?;
        let printed = op.to_string();
        let same = match printed.strip_prefix(self.name) {
            Some("") => value.is_empty(),
            Some(rest) => rest.strip_prefix('/') == Some(value),
            None => false,
        };
        same.then_some(op)
    }
}

const fn nothing(name: &'static str, read: fn(&str) -> Option<Op>) -> Operation {
    Operation { name, takes: Takes::Nothing, expected: "no value", read }
}

const fn value(name: &'static str, expected: &'static str, read: fn(&str) -> Option<Op>) -> Operation {
    Operation { name, takes: Takes::Value, expected, read }
}

static OPERATIONS: [Operation; 27] = [
    Operation {
        name: "auto-orient",
        takes: Takes::OptionalValue,
        expected: "nothing, 0 or 1",
        read: |text| match text {
            "" => Some(Op::AutoOrient(None)),
            text => flag(text).map(|on| Op::AutoOrient(Some(on))),
        },
    },
    value("cut", "<width>x<height>x<dx>x<dy>", |text| Cut::read(text).map(Op::Cut)),
    value("crop", "<width>x, x<height> or <width>x<height>", |text| Crop::read(text).map(Op::Crop)),
    value("gravity", "one of the nine positions, such as center or northwest", |text| {
        Gravity::read(text).map(Op::Gravity)
    }),
    value("scrop", "<width>x<height>", |text| FaceCrop::read(text).map(Op::Scrop)),
    value("thumbnail", "!<n>p, !<n>px, !x<n>p, <w>x, x<h>, <w>x<h>, <w>x<h>> < or !, !<w>x<h>r, or <area>@", |text| {
        Thumbnail::read(text).map(Op::Thumbnail)
    }),
    value("pad", "0 or 1", |text| flag(text).map(Op::Pad)),
    value("color", "#RRGGBB in URL-safe base64", |text| Color::read(text).map(Op::Color)),
    value("iradius", "a whole number above 0", |text| length(text).map(Op::Iradius)),
    value("rradius", "a whole number above 0", |text| length(text).map(Op::Rradius)),
    value("rotate", "0 to 360", |text| integer(text, 0..=360).map(Op::Rotate)),
    value("flip", "vertical or horizontal", |text| Flip::read(text).map(Op::Flip)),
    value("blur", "<radius>x<sigma>, a radius of 1 to 50 and a sigma above 0", |text| Blur::read(text).map(Op::Blur)),
    value("sharpen", "10 to 300", |text| integer(text, 10..=300).map(Op::Sharpen)),
    value("bright", "-100 to 100", |text| integer(text, -100..=100).map(Op::Bright)),
    value("contrast", "-100 to 100", |text| integer(text, -100..=100).map(Op::Contrast)),
    value("grayscale", "0 or 1", |text| flag(text).map(Op::Grayscale)),
    nothing("strip", |text| text.is_empty().then_some(Op::Strip)),
    value("format", "jpg, bmp, gif, png, webp, yjpeg, tpg, heif, avif or svgc", |text| {
        Format::read(text).map(Op::Format)
    }),
    value("cgif", "1 to 100", |text| integer(text, 1..=100).map(Op::Cgif)),
    value("quality", "0 to 100, with or without !", |text| {
        let (number, exact) = match text.strip_suffix('!') {
            Some(number) => (number, true),
            None => (text, false),
        };
        integer(number, 0..=100).map(|quality| Op::Quality { quality, exact })
    }),
    value("rquality", "0 to 100", |text| integer(text, 0..=100).map(Op::Rquality)),
    value("lquality", "0 to 100", |text| integer(text, 0..=100).map(Op::Lquality)),
    value("interlace", "0 or 1", |text| flag(text).map(Op::Interlace)),
    value("size-limit", "<n>k or <n>m, with or without !", |text| SizeLimit::read(text).map(Op::SizeLimit)),
    value("minsize", "1", |text| (text == "1").then_some(Op::Minsize)),
    value("ignore-error", "1", |text| (text == "1").then_some(Op::IgnoreError)),
];
