//! A picture as a caller has it in memory.

use super::guard::Call;
use super::status::Fault;
use crate::jpeg::{Image, PixelFormat};

/// Grey: one byte a pixel.
pub const COSIMG_PIXEL_GRAY8: i32 = 1;
/// Red, green, blue: three bytes a pixel.
pub const COSIMG_PIXEL_RGB8: i32 = 2;
/// Red, green, blue, straight alpha: four bytes a pixel.
pub const COSIMG_PIXEL_RGBA8: i32 = 3;
/// Grey, straight alpha.
pub const COSIMG_PIXEL_GRAY_ALPHA8: i32 = 4;
/// Blue, green, red.
pub const COSIMG_PIXEL_BGR8: i32 = 5;
/// Blue, green, red, straight alpha.
pub const COSIMG_PIXEL_BGRA8: i32 = 6;
/// Straight alpha, red, green, blue.
pub const COSIMG_PIXEL_ARGB8: i32 = 7;
/// Straight alpha, blue, green, red.
pub const COSIMG_PIXEL_ABGR8: i32 = 8;
/// Red, green, blue, alpha; the colours are multiplied with alpha.
pub const COSIMG_PIXEL_RGBA_PREMULTIPLIED8: i32 = 9;
/// Blue, green, red, alpha; the colours are multiplied with alpha.
pub const COSIMG_PIXEL_BGRA_PREMULTIPLIED8: i32 = 10;
/// Alpha, red, green, blue; the colours are multiplied with alpha.
pub const COSIMG_PIXEL_ARGB_PREMULTIPLIED8: i32 = 11;
/// Grey of 16 bits in the byte order of the machine.
pub const COSIMG_PIXEL_GRAY16: i32 = 12;
/// Red, green, blue of 16 bits in the byte order of the machine.
pub const COSIMG_PIXEL_RGB16: i32 = 13;
/// Red, green, blue, straight alpha of 16 bits in the byte order of the machine.
pub const COSIMG_PIXEL_RGBA16: i32 = 14;
/// Red, green, blue as `float` of 0 to 1.
pub const COSIMG_PIXEL_RGB_F32: i32 = 15;
/// A plane each of red, green and blue, one after another.
pub const COSIMG_PIXEL_RGB_PLANAR8: i32 = 16;
/// Cyan, magenta, yellow, black: ink, so that 0 is white.
pub const COSIMG_PIXEL_CMYK8: i32 = 17;
/// Y, Cb, Cr of JFIF, encoded as they are in 4:4:4.
pub const COSIMG_PIXEL_YCBCR8: i32 = 18;
/// A plane each of Y, Cb and Cr of JFIF, one after another, encoded as they are in 4:4:4.
pub const COSIMG_PIXEL_YCBCR_PLANAR_444: i32 = 19;
/// The same with chroma at half the width, rounded up, in 4:2:2.
pub const COSIMG_PIXEL_YCBCR_PLANAR_422: i32 = 20;
/// The same with chroma at half the width and half the height, rounded up, in 4:2:0.
pub const COSIMG_PIXEL_YCBCR_PLANAR_420: i32 = 21;
/// A plane of Y, then one of Cb and Cr in turns at half the width and half the height: 4:2:0.
pub const COSIMG_PIXEL_NV12: i32 = 22;

/// A borrowed picture.
///
/// Threads: a plain value.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cosimg_image_view {
    /// The first byte of the top row.
    pub data: *const u8,
    /// Bytes that may be read from `data` on.
    pub len: usize,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes from one row to the next, or 0 where rows follow without a gap. A format of several planes has no gaps here;
    /// `cosimg_planes_view` has.
    pub stride: usize,
    /// One of `COSIMG_PIXEL_*`.
    pub format: i32,
}

impl cosimg_image_view {
    /// The picture, once it is shown to lie within its memory.
    pub(super) fn image<'a>(&self, call: &'a Call) -> Result<Image<'a>, Fault> {
        let format = to_format(self.format)?;
        let data = call.slice(self.data, self.len, "data")?;
        Ok(match self.stride {
            0 => Image::new(data, self.width, self.height, format)?,
            stride => Image::with_stride(data, self.width, self.height, stride, format)?,
        })
    }
}

pub(super) fn to_format(format: i32) -> Result<PixelFormat, Fault> {
    Ok(match format {
        COSIMG_PIXEL_GRAY8 => PixelFormat::Gray8,
        COSIMG_PIXEL_RGB8 => PixelFormat::Rgb8,
        COSIMG_PIXEL_RGBA8 => PixelFormat::Rgba8,
        COSIMG_PIXEL_GRAY_ALPHA8 => PixelFormat::GrayAlpha8,
        COSIMG_PIXEL_BGR8 => PixelFormat::Bgr8,
        COSIMG_PIXEL_BGRA8 => PixelFormat::Bgra8,
        COSIMG_PIXEL_ARGB8 => PixelFormat::Argb8,
        COSIMG_PIXEL_ABGR8 => PixelFormat::Abgr8,
        COSIMG_PIXEL_RGBA_PREMULTIPLIED8 => PixelFormat::RgbaPremultiplied8,
        COSIMG_PIXEL_BGRA_PREMULTIPLIED8 => PixelFormat::BgraPremultiplied8,
        COSIMG_PIXEL_ARGB_PREMULTIPLIED8 => PixelFormat::ArgbPremultiplied8,
        COSIMG_PIXEL_GRAY16 => PixelFormat::Gray16,
        COSIMG_PIXEL_RGB16 => PixelFormat::Rgb16,
        COSIMG_PIXEL_RGBA16 => PixelFormat::Rgba16,
        COSIMG_PIXEL_RGB_F32 => PixelFormat::RgbF32,
        COSIMG_PIXEL_RGB_PLANAR8 => PixelFormat::RgbPlanar8,
        COSIMG_PIXEL_CMYK8 => PixelFormat::Cmyk8,
        COSIMG_PIXEL_YCBCR8 => PixelFormat::Ycbcr8,
        COSIMG_PIXEL_YCBCR_PLANAR_444 => PixelFormat::YcbcrPlanar444,
        COSIMG_PIXEL_YCBCR_PLANAR_422 => PixelFormat::YcbcrPlanar422,
        COSIMG_PIXEL_YCBCR_PLANAR_420 => PixelFormat::YcbcrPlanar420,
        COSIMG_PIXEL_NV12 => PixelFormat::Nv12,
        other => return Err(Fault::unknown_number("format", other)),
    })
}
