//! The processing language of Cloud Infinite: `imageMogr2/format/jpg/interlace/1`, pipelines with `|`, and its kin.
//!
//! ```text
//! rule    = stage *( "|" stage )                                     at most 10 stages
//! stage   = "imageMogr2" *( "/" operation ) [ "/" ]
//!         | "imageView2/" … | "watermark/" … | "style/" NAME         kept as they are
//!         | "imageInfo" | "exif" | "imageAve"
//!         | NAME [ "/" … ]                                           an unknown stage, kept as it is
//! operation = NAME [ "/" VALUE ]
//! ```
//!
//! A rule is read by [`Params::from_str`](std::str::FromStr) and printed by `Display`; the two are inverse to the
//! byte. It is built by [`Params::image_mogr2`] and the setters, which keep one canonical order in a stage:
//! the order of [`Op`]'s variants.
//!
//! **Decoded text.** Everything here is the *decoded* query key. Percent-encoding, and with it `%7C` for `|` and
//! the `=` that some clients put at the end, belong to [`Query`](crate::Query), which hands over the text between.
//!
//! **Strict.** A known operation with a value that the documents do not allow is an error of kind `Input`, with the
//! operation's name as field and the offset of the value. An unknown operation is kept, and so is all that follows
//! it up to the next known name, for only the service knows how many values it takes. A name that is known but for
//! the case of its letters is an error and not an unknown one: COS lower-cases parameters before it signs them, so
//! whoever holds a signed link can change the case of every letter in it, and a rule spoilt in this way must not
//! pass for a rule that asks for nothing.
//!
//! ```text
//! parse.rs      text → Params, with the position of what is wrong
//! builder.rs    constructors and setters; every value passes the parser's own tables
//! op.rs         Op and the table of operations: name, arity, what is expected, how it is read and printed
//! format.rs thumbnail.rs crop.rs rotate.rs filter.rs size_limit.rs     the values, a family each
//! warning.rs    what is allowed but probably not meant
//! ```

mod builder;
mod crop;
mod filter;
mod format;
mod op;
mod parse;
mod rotate;
mod size_limit;
mod thumbnail;
mod value;
mod warning;

use std::fmt;

pub use crop::{Crop, Cut, FaceCrop, Gravity, Position};
pub use filter::Blur;
pub use format::Format;
pub use op::{Op, Unknown};
pub use rotate::Flip;
pub use size_limit::{SizeLimit, SizeUnit};
pub use thumbnail::{Color, Thumbnail};
pub use value::Decimal;
pub use warning::Warning;

/// A processing rule: one or more stages, carried out from left to right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    /// Never empty.
    stages: Vec<Stage>,
}

/// One stage of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// `imageMogr2/…`, read in full.
    ImageMogr2(ImageMogr2),
    /// `imageView2/…`: what follows the slash.
    ImageView2(String),
    /// `watermark/…`: what follows the slash.
    Watermark(String),
    /// `style/NAME`: the name.
    Style(String),
    /// `imageInfo`: asks for size and format as JSON.
    ImageInfo,
    /// `exif`: asks for the Exif fields as JSON.
    Exif,
    /// `imageAve`: asks for the mean colour as JSON.
    ImageAve,
    /// Any other stage: all of its text.
    Unknown(String),
}

/// The operations of one `imageMogr2` stage in the order in which they were written. Which order the service
/// carries them out in is not documented: `|` says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageMogr2 {
    /// The operations. Two [`Op::Unknown`] are never neighbours.
    pub ops: Vec<Op>,
    /// The stage was written with a slash at its end.
    pub trailing_slash: bool,
}

impl Params {
    /// Stages of a rule, as documented for `|`. [`Limits::stages`](crate::Limits) may lower it when the rule is
    /// carried out.
    pub const MAX_STAGES: usize = 10;

    /// Bytes of a rule. The service documents no bound; this one holds what a URL can carry in practice.
    pub const MAX_BYTES: usize = 16 << 10;

    /// The stages in their order; at least one.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// Whether a query key names a processing rule, right or wrong.
    ///
    /// The case of the letters does not count, though the language distinguishes it: `imagemogr2/…` has the same
    /// signature as `imageMogr2/…`, and a server that took it for an ordinary parameter would hand out the original.
    /// Parsing then refuses it.
    pub fn is_rule(key: &str) -> bool {
        key.split('|').any(|stage| {
            let (name, takes_arguments) = match stage.split_once('/') {
                Some((name, _)) => (name, true),
                None => (stage, false),
            };
            match parse::known_stage(name) {
                Some("style" | "watermark") => takes_arguments, // alone these are words that others use as keys
                Some(_) => true,
                None => false,
            }
        })
    }

    /// Whether `ignore-error/1` stands in any stage.
    pub fn ignores_errors(&self) -> bool {
        self.ops().any(|op| *op == Op::IgnoreError)
    }

    /// Whether the last stage asks for a progressive JPEG. In an earlier stage the wish may be lost, for every
    /// stage may encode anew.
    pub fn ends_in_interlace(&self) -> bool {
        match self.stages.last() {
            Some(Stage::ImageMogr2(stage)) => stage.ops.contains(&Op::Interlace(true)),
            _ => false,
        }
    }

    /// The format of the answer where the rule names one: the last one named. `None` is the source's own.
    pub fn output_format(&self) -> Option<Format> {
        self.stages.iter().rev().find_map(Stage::format)
    }

    /// Whether the answer is JSON about the picture and not a picture.
    pub fn is_query(&self) -> bool {
        self.stages.iter().any(|stage| matches!(stage, Stage::ImageInfo | Stage::Exif | Stage::ImageAve))
    }

    /// The operations of all `imageMogr2` stages.
    pub fn ops(&self) -> impl Iterator<Item = &Op> {
        self.stages.iter().flat_map(|stage| match stage {
            Stage::ImageMogr2(stage) => stage.ops.iter(),
            _ => [].iter(),
        })
    }

    /// What the parser allows but the writer probably did not mean, in the order of the text.
    pub fn warnings(&self) -> Vec<Warning> {
        warning::of(self)
    }
}

impl Stage {
    /// The name before the first slash.
    pub fn name(&self) -> &str {
        match self {
            Self::ImageMogr2(_) => "imageMogr2",
            Self::ImageView2(_) => "imageView2",
            Self::Watermark(_) => "watermark",
            Self::Style(_) => "style",
            Self::ImageInfo => "imageInfo",
            Self::Exif => "exif",
            Self::ImageAve => "imageAve",
            Self::Unknown(text) => text.split('/').next().unwrap_or(text),
        }
    }

    /// The format that this stage asks for.
    fn format(&self) -> Option<Format> {
        match self {
            Self::ImageMogr2(stage) => stage.ops.iter().rev().find_map(|op| match op {
                Op::Format(format) => Some(*format),
                _ => None,
            }),
            Self::ImageView2(arguments) => {
                let mut parts = arguments.split('/').skip(1); // the mode
                while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
                    if name == "format" {
                        return Format::read(value);
                    }
                }
                None
            }
            _ => None,
        }
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, stage) in self.stages.iter().enumerate() {
            if index > 0 {
                f.write_str("|")?;
            }
            stage.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ImageMogr2(stage) => stage.fmt(f),
            Self::ImageView2(arguments) | Self::Watermark(arguments) | Self::Style(arguments) => {
                write!(f, "{}/{arguments}", self.name())
            }
            Self::ImageInfo | Self::Exif | Self::ImageAve => f.write_str(self.name()),
            Self::Unknown(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for ImageMogr2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("imageMogr2")?;
        for op in &self.ops {
            write!(f, "/{op}")?;
        }
        if self.trailing_slash { f.write_str("/") } else { Ok(()) }
    }
}
