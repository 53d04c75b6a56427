//! What the bytes of a picture mean.

/// Order and meaning of the bytes of a picture.
///
/// Samples of more than 8 bits are in the byte order of the machine; they are reduced to 8 bits
/// ([`Encoder::dither`](super::super::Encoder::dither) says how). 0 is black and the largest value white, but for ink
/// in CMYK. Alpha of 0 is transparent; the encoder lays the picture over its background colour. Colours are those of
/// the screen: with their transfer function, not linear.
///
/// A format of several planes has them one after another, or each in its own memory ([`Image::from_planes`]).
///
/// [`Image::from_planes`]: super::Image::from_planes
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PixelFormat {
    /// Grey. Encoded as a JPEG of one component, as all grey formats.
    Gray8,
    /// Grey, alpha.
    GrayAlpha8,
    /// Grey of 16 bits.
    Gray16,
    /// Red, green, blue.
    Rgb8,
    /// Blue, green, red.
    Bgr8,
    /// Red, green, blue of 16 bits.
    Rgb16,
    /// Red, green, blue as `f32` of 0 to 1; what is outside is brought to the nearer end.
    RgbF32,
    /// A plane each of red, green and blue.
    RgbPlanar8,
    /// Red, green, blue, alpha.
    Rgba8,
    /// Blue, green, red, alpha.
    Bgra8,
    /// Alpha, red, green, blue.
    Argb8,
    /// Alpha, blue, green, red.
    Abgr8,
    /// Red, green, blue, alpha of 16 bits.
    Rgba16,
    /// Red, green, blue, alpha; the colours are multiplied with alpha.
    RgbaPremultiplied8,
    /// Blue, green, red, alpha; the colours are multiplied with alpha.
    BgraPremultiplied8,
    /// Alpha, red, green, blue; the colours are multiplied with alpha.
    ArgbPremultiplied8,
    /// Cyan, magenta, yellow, black: ink, so that 0 is white. Encoded as YCCK with an Adobe segment.
    Cmyk8,
    /// Y, Cb, Cr of JFIF: encoded as they are, in 4:4:4.
    Ycbcr8,
    /// A plane each of Y, Cb and Cr of JFIF: encoded as they are, in 4:4:4.
    YcbcrPlanar444,
    /// The same with chroma at half the width, rounded up, in 4:2:2.
    YcbcrPlanar422,
    /// The same with chroma at half the width and half the height, rounded up, in 4:2:0.
    YcbcrPlanar420,
    /// A plane of Y and one of Cb and Cr in turns at half the width and half the height: encoded as it is, in 4:2:0.
    Nv12,
}

/// The components that a picture is encoded in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    Gray,
    /// To be converted to YCbCr.
    Rgb,
    /// To be converted to YCCK.
    Cmyk,
    /// YCbCr already, with so many samples of luma for one of chroma, across and down.
    Ycbcr {
        across: u8,
        down: u8,
    },
}

/// How a sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    U8,
    U16,
    F32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alpha {
    None,
    Straight,
    Premultiplied,
}

/// One of the planes of a format.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlaneShape {
    /// Bytes of a pixel in this plane.
    pub(super) bytes: usize,
    /// Pixels of the picture for one of this plane, across and down.
    pub(super) across: usize,
    pub(super) down: usize,
}

impl PixelFormat {
    /// Bytes of a pixel, in the first plane of a format of several.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Gray8
            | Self::RgbPlanar8
            | Self::YcbcrPlanar444
            | Self::YcbcrPlanar422
            | Self::YcbcrPlanar420
            | Self::Nv12 => 1,
            Self::GrayAlpha8 | Self::Gray16 => 2,
            Self::Rgb8 | Self::Bgr8 | Self::Ycbcr8 => 3,
            Self::Rgba8
            | Self::Bgra8
            | Self::Argb8
            | Self::Abgr8
            | Self::RgbaPremultiplied8
            | Self::BgraPremultiplied8
            | Self::ArgbPremultiplied8
            | Self::Cmyk8 => 4,
            Self::Rgb16 => 6,
            Self::Rgba16 => 8,
            Self::RgbF32 => 12,
        }
    }

    /// Planes: 1 where the samples of a pixel are side by side.
    pub const fn planes(self) -> usize {
        match self {
            Self::RgbPlanar8 | Self::YcbcrPlanar444 | Self::YcbcrPlanar422 | Self::YcbcrPlanar420 => 3,
            Self::Nv12 => 2,
            _ => 1,
        }
    }

    /// Rows that share their chroma.
    pub(crate) fn rows_at_once(self) -> u32 {
        match self.colour() {
            Colour::Ycbcr { down, .. } => down.into(),
            _ => 1,
        }
    }

    /// Bytes in a row of a plane of a picture so wide, and rows of the picture for each row of it.
    pub(crate) fn plane_rows(self, index: usize, width: usize) -> (usize, usize) {
        let shape = self.plane(index);
        (shape.row_bytes(width), shape.down)
    }

    pub(super) fn plane(self, index: usize) -> PlaneShape {
        let (across, down) = match self.colour() {
            Colour::Ycbcr { across, down } if index > 0 => (across.into(), down.into()),
            _ => (1, 1),
        };
        let bytes = if index == 1 && self == Self::Nv12 { 2 } else { self.bytes() };
        PlaneShape { bytes, across, down }
    }

    pub(crate) fn colour(self) -> Colour {
        match self {
            Self::Gray8 | Self::GrayAlpha8 | Self::Gray16 => Colour::Gray,
            Self::Cmyk8 => Colour::Cmyk,
            Self::Ycbcr8 | Self::YcbcrPlanar444 => Colour::Ycbcr { across: 1, down: 1 },
            Self::YcbcrPlanar422 => Colour::Ycbcr { across: 2, down: 1 },
            Self::YcbcrPlanar420 | Self::Nv12 => Colour::Ycbcr { across: 2, down: 2 },
            _ => Colour::Rgb,
        }
    }

    pub(super) fn depth(self) -> Depth {
        match self {
            Self::Gray16 | Self::Rgb16 | Self::Rgba16 => Depth::U16,
            Self::RgbF32 => Depth::F32,
            _ => Depth::U8,
        }
    }

    pub(super) fn alpha(self) -> Alpha {
        match self {
            Self::GrayAlpha8 | Self::Rgba8 | Self::Bgra8 | Self::Argb8 | Self::Abgr8 | Self::Rgba16 => Alpha::Straight,
            Self::RgbaPremultiplied8 | Self::BgraPremultiplied8 | Self::ArgbPremultiplied8 => Alpha::Premultiplied,
            _ => Alpha::None,
        }
    }

    /// Where in a pixel red, green, blue and alpha are.
    pub(super) fn order(self) -> [usize; 4] {
        match self {
            Self::Bgr8 | Self::Bgra8 | Self::BgraPremultiplied8 => [2, 1, 0, 3],
            Self::Argb8 | Self::ArgbPremultiplied8 => [1, 2, 3, 0],
            Self::Abgr8 => [3, 2, 1, 0],
            _ => [0, 1, 2, 3],
        }
    }
}
