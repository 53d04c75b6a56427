//! The picture handed to the encoder: a borrowed view of interleaved pixels.

use crate::error::{Error, Result};

/// Order and meaning of the bytes of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PixelFormat {
    /// One byte: grey, 0 is black. Encoded as a JPEG of one component.
    Gray8,
    /// Three bytes: red, green, blue.
    Rgb8,
    /// Four bytes: red, green, blue, alpha. Alpha is straight (not premultiplied), 255 is opaque; the encoder lays the
    /// picture over its background colour.
    Rgba8,
}

impl PixelFormat {
    /// Bytes of a pixel.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Gray8 => 1,
            Self::Rgb8 => 3,
            Self::Rgba8 => 4,
        }
    }
}

/// A borrowed picture: rows from top to bottom, `stride` bytes apart, pixels from left to right without gaps.
#[derive(Clone, Copy)]
pub struct Image<'a> {
    data: &'a [u8],
    width: u32,
    height: u32,
    stride: usize,
    format: PixelFormat,
}

impl<'a> Image<'a> {
    /// A picture whose rows follow each other without gaps.
    ///
    /// # Errors
    /// `Usage` unless both sides are at least 1 and `data` holds exactly width times height pixels.
    pub fn new(data: &'a [u8], width: u32, height: u32, format: PixelFormat) -> Result<Self> {
        let stride = row_bytes(width, format)?;
        let image = Self::with_stride(data, width, height, stride, format)?;
        // `with_stride` has shown that the product is no more than the length.
        if data.len() != stride * height as usize {
            let message = format!("{} bytes are too many for {width}x{height} pixels of {format:?}", data.len());
            return Err(Error::usage(message).field_named("data"));
        }
        Ok(image)
    }

    /// A picture whose rows begin `stride` bytes apart. The last row need not be followed by its gap.
    ///
    /// # Errors
    /// `Usage` unless both sides are at least 1, a row fits in `stride` and all rows in `data`.
    pub fn with_stride(data: &'a [u8], width: u32, height: u32, stride: usize, format: PixelFormat) -> Result<Self> {
        if width == 0 || height == 0 {
            let field = if width == 0 { "width" } else { "height" };
            return Err(Error::usage(format!("a picture of {width}x{height} has no pixels")).field_named(field));
        }
        let row = row_bytes(width, format)?;
        if stride < row {
            let message = format!("a stride of {stride} bytes is less than the {row} bytes of a row");
            return Err(Error::usage(message).field_named("stride"));
        }
        let needed = (height as usize - 1).checked_mul(stride).and_then(|bytes| bytes.checked_add(row));
        if needed.is_none_or(|needed| data.len() < needed) {
            let message = format!(
                "{} bytes are too few for {height} rows of {width} pixels of {format:?}, {stride} bytes apart",
                data.len()
            );
            return Err(Error::usage(message).field_named("data"));
        }
        Ok(Self { data, width, height, stride, format })
    }

    /// Pixels in a row.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Order and meaning of the bytes of a pixel.
    pub fn format(&self) -> PixelFormat {
        self.format
    }

    /// The bytes of row `y`, which is less than the height, without its gap.
    pub(crate) fn row(&self, y: usize) -> &'a [u8] {
        &self.data[y * self.stride..][..self.width as usize * self.format.bytes()]
    }
}

impl std::fmt::Debug for Image<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { width, height, stride, format, .. } = self;
        write!(f, "Image({width}x{height} {format:?}, stride {stride})")
    }
}

fn row_bytes(width: u32, format: PixelFormat) -> Result<usize> {
    (width as usize)
        .checked_mul(format.bytes())
        .ok_or_else(|| Error::usage("a row has more bytes than memory").field_named("width"))
}
