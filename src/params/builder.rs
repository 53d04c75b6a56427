//! Constructors and setters of [`Params`].
//!
//! A setter changes the last stage, or begins a new `imageMogr2` stage where the last one is of another kind. It
//! replaces the operation where the stage holds it already; otherwise it puts it in the canonical order, which is
//! that of [`Op`]'s variants. The three quality operations replace each other, for which of them would count is not
//! documented.
//!
//! Every value goes through the table of the parser, so that what is built can be read. A value out of the
//! documented range is an error of kind `Usage` with the operation's name as field.

use super::crop::Position;
use super::op::{Op, Operation, Unknown};
use super::parse;
use super::rotate::Flip;
use super::thumbnail::Color;
use super::{ImageMogr2, Params, Stage};
use crate::error::{Error, ErrorKind, Result};

/// Rules of one stage.
impl Params {
    /// An `imageMogr2` stage without operations; it asks for nothing until a setter is called.
    pub fn image_mogr2() -> Self {
        Self { stages: vec![Stage::ImageMogr2(ImageMogr2::default())] }
    }

    /// `imageView2/<arguments>`, kept as it is.
    pub fn image_view2(arguments: &str) -> Result<Self> {
        Self::one_stage(&format!("imageView2/{arguments}"))
    }

    /// `watermark/<arguments>`, kept as it is: `2/text/aGVsbG8/gravity/center`. Texts and addresses in it are
    /// URL-safe base64.
    pub fn watermark(arguments: &str) -> Result<Self> {
        Self::one_stage(&format!("watermark/{arguments}"))
    }

    /// `style/<name>`: a style saved in the bucket.
    pub fn style(name: &str) -> Result<Self> {
        Self::one_stage(&format!("style/{name}"))
    }

    /// `imageInfo`.
    pub fn image_info() -> Self {
        Self { stages: vec![Stage::ImageInfo] }
    }

    /// `exif`.
    pub fn exif() -> Self {
        Self { stages: vec![Stage::Exif] }
    }

    /// `imageAve`.
    pub fn image_ave() -> Self {
        Self { stages: vec![Stage::ImageAve] }
    }

    fn one_stage(text: &str) -> Result<Self> {
        let rule: Self = text.parse().map_err(as_usage)?;
        match rule.stages.len() {
            1 => Ok(rule),
            _ => Err(Error::usage("one stage is asked for here, and | begins another")),
        }
    }
}

/// Pipelines.
impl Params {
    /// These stages, and `next`'s after them: `|`.
    ///
    /// # Errors
    /// `Usage` where the whole would have more than [`MAX_STAGES`](Self::MAX_STAGES) stages or
    /// [`MAX_BYTES`](Self::MAX_BYTES) bytes.
    pub fn then(mut self, next: Self) -> Result<Self> {
        self.stages.extend(next.stages);
        self.fits()
    }

    fn fits(self) -> Result<Self> {
        if self.stages.len() > Self::MAX_STAGES {
            let message = format!("a rule of more than {} stages", Self::MAX_STAGES);
            return Err(Error::usage(message).field_named("stages"));
        }
        if self.to_string().len() > Self::MAX_BYTES {
            return Err(Error::usage(format!("a rule of more than {} bytes", Self::MAX_BYTES)));
        }
        Ok(self)
    }
}

/// Geometry.
impl Params {
    /// `auto-orient`.
    pub fn auto_orient(self) -> Self {
        self.put(Op::AutoOrient(None))
    }

    /// `cut/<width>x<height>x<x>x<y>`.
    pub fn cut(self, width: u32, height: u32, x: u32, y: u32) -> Result<Self> {
        self.read("cut", &format!("{width}x{height}x{x}x{y}"))
    }

    /// `crop/<size>`: `300x400`, `300x` or `x400`.
    pub fn crop(self, size: &str) -> Result<Self> {
        self.read("crop", size)
    }

    /// `gravity/<position>`.
    pub fn gravity(self, position: Position) -> Result<Self> {
        self.read("gravity", position.name())
    }

    /// `scrop/<width>x<height>`.
    pub fn scrop(self, width: u32, height: u32) -> Result<Self> {
        self.read("scrop", &format!("{width}x{height}"))
    }

    /// `thumbnail/<geometry>`, in the forms of [`Thumbnail`](super::Thumbnail): `!50p`, `640x`, `640x480>`.
    pub fn thumbnail(self, geometry: &str) -> Result<Self> {
        self.read("thumbnail", geometry)
    }

    /// `pad/<0|1>`.
    pub fn pad(self, on: bool) -> Self {
        self.put(Op::Pad(on))
    }

    /// `color/<base64>`: red, green, blue.
    pub fn color(self, rgb: [u8; 3]) -> Result<Self> {
        self.read("color", &Color::encode(rgb))
    }

    /// `iradius/<samples>`.
    pub fn iradius(self, samples: u32) -> Result<Self> {
        self.read("iradius", &samples.to_string())
    }

    /// `rradius/<samples>`.
    pub fn rradius(self, samples: u32) -> Result<Self> {
        self.read("rradius", &samples.to_string())
    }

    /// `rotate/<degrees>`: 0 to 360, clockwise.
    pub fn rotate(self, degrees: u16) -> Result<Self> {
        self.read("rotate", &degrees.to_string())
    }

    /// `flip/<direction>`.
    pub fn flip(self, direction: Flip) -> Self {
        self.put(Op::Flip(direction))
    }
}

/// Colours.
impl Params {
    /// `blur/<radius>x<sigma>`: 1 to 50, and above 0.
    pub fn blur(self, radius: u8, sigma: f64) -> Result<Self> {
        self.read("blur", &format!("{radius}x{sigma}"))
    }

    /// `sharpen/<amount>`: 10 to 300; 70 is advised.
    pub fn sharpen(self, amount: u16) -> Result<Self> {
        self.read("sharpen", &amount.to_string())
    }

    /// `bright/<amount>`: -100 to 100.
    pub fn bright(self, amount: i8) -> Result<Self> {
        self.read("bright", &amount.to_string())
    }

    /// `contrast/<amount>`: -100 to 100.
    pub fn contrast(self, amount: i8) -> Result<Self> {
        self.read("contrast", &amount.to_string())
    }

    /// `grayscale/<0|1>`.
    pub fn grayscale(self, on: bool) -> Self {
        self.put(Op::Grayscale(on))
    }
}

/// The file.
impl Params {
    /// `strip`.
    pub fn strip(self) -> Self {
        self.put(Op::Strip)
    }

    /// `format/<format>`: `jpg`, `png`, … as in [`Format`](super::Format).
    pub fn format(self, format: &str) -> Result<Self> {
        self.read("format", format)
    }

    /// `cgif/<frames>`: 1 to 100.
    pub fn cgif(self, frames: u8) -> Result<Self> {
        self.read("cgif", &frames.to_string())
    }

    /// `quality/<quality>`: 0 to 100; the source's own where that is lower.
    pub fn quality(self, quality: u8) -> Result<Self> {
        self.read("quality", &quality.to_string())
    }

    /// `quality/<quality>!`: 0 to 100, whatever the source's own is.
    pub fn exact_quality(self, quality: u8) -> Result<Self> {
        self.read("quality", &format!("{quality}!"))
    }

    /// `rquality/<percent>`: 0 to 100 percent of the source's quality.
    pub fn rquality(self, percent: u8) -> Result<Self> {
        self.read("rquality", &percent.to_string())
    }

    /// `lquality/<quality>`: 0 to 100; the source's own where that is higher.
    pub fn lquality(self, quality: u8) -> Result<Self> {
        self.read("lquality", &quality.to_string())
    }

    /// `interlace/<0|1>`.
    pub fn interlace(self, on: bool) -> Self {
        self.put(Op::Interlace(on))
    }

    /// `size-limit/<limit>`: `15k`, `2m`, with `!` for "or the source".
    pub fn size_limit(self, limit: &str) -> Result<Self> {
        self.read("size-limit", limit)
    }

    /// `minsize/1`.
    pub fn minsize(self) -> Self {
        self.put(Op::Minsize)
    }

    /// `ignore-error/1`; or, as the language has no other value, no `ignore-error` in any stage.
    pub fn ignore_error(mut self, on: bool) -> Self {
        if on {
            return self.put(Op::IgnoreError);
        }
        for stage in &mut self.stages {
            if let Stage::ImageMogr2(stage) = stage {
                stage.ops.retain(|op| *op != Op::IgnoreError);
                stage.join_unknown();
            }
        }
        self
    }

    /// Operations as text, `name/value/name/value`: the way to those that this crate does not know.
    pub fn operations(self, text: &str) -> Result<Self> {
        let stage = parse::operations(text, 0).map_err(as_usage)?;
        if stage.trailing_slash || text.contains(|letter: char| letter == '|' || letter.is_control()) {
            return Err(Error::usage("operations end without a slash and hold no | and no control characters"));
        }
        stage.ops.into_iter().fold(self, Self::put).fits()
    }
}

impl Params {
    fn read(self, name: &'static str, value: &str) -> Result<Self> {
        let operation =
            Operation::named(name).ok_or_else(|| Error::new(ErrorKind::Internal, "an operation without a row"))?;
        match operation.read(value) {
            Some(op) => Ok(self.put(op)),
            None => {
                let message = format!("{name} takes {}, not {}", operation.expected, parse::quoted(value));
                Err(Error::usage(message).field_named(name))
            }
        }
    }

    fn put(mut self, op: Op) -> Self {
        if let Some(Stage::ImageMogr2(stage)) = self.stages.last_mut() {
            stage.put(op);
        } else {
            self.stages.push(Stage::ImageMogr2(ImageMogr2 { ops: vec![op], trailing_slash: false }));
        }
        self
    }
}

impl ImageMogr2 {
    fn put(&mut self, op: Op) {
        let replaced = self.ops.iter().position(|old| old.rivals(&op));
        self.ops.retain(|old| !old.rivals(&op)); // none stands before the first
        let in_order = || self.ops.iter().rposition(|old| old.rank() <= op.rank()).map_or(0, |last| last + 1);
        let place = replaced.unwrap_or_else(in_order);
        self.ops.insert(place, op);
        self.join_unknown();
    }

    /// Neighbouring unknown runs become the one run that the parser would read.
    fn join_unknown(&mut self) {
        self.ops.dedup_by(|next, kept| match (kept, next) {
            (Op::Unknown(kept), Op::Unknown(Unknown { text })) => {
                kept.text.push('/');
                kept.text.push_str(text);
                true
            }
            _ => false,
        });
    }
}

/// What is wrong in a text that the caller composed is the caller's fault; the place lies in a text of ours.
fn as_usage(error: Error) -> Error {
    let usage = Error::usage(error.message().to_owned());
    match error.field() {
        Some(field) => usage.field_named(field.to_owned()),
        None => usage,
    }
}
