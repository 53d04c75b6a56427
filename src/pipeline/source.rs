//! Sources that are not JPEG, to pixels, by the decoders of the `image` crate.
//!
//! A header is read first; the picture it claims is checked against [`Limits`] before memory for it is taken. Of
//! an animation the first frame is decoded. 16 bits a sample are rounded to 8; grey stays grey.

use std::fmt;
use std::io::{Cursor, ErrorKind as IoErrorKind};

use image::codecs::{bmp::BmpDecoder, gif::GifDecoder, png::PngDecoder, webp::WebPDecoder};
use image::error::LimitErrorKind;
use image::{ColorType, ImageDecoder, ImageError};

use super::format::Format;
use super::webp;
use crate::error::{Error, Result};
use crate::jpeg::{Encoder, Image, PixelFormat};
use crate::limits::Limits;

/// A decoded picture, rows without gaps from the top, with what of its metadata a JPEG can carry.
#[derive(Clone)]
pub struct Picture {
    width: u32,
    height: u32,
    /// `L8`, `La8`, `Rgb8` or `Rgba8`; alpha is straight.
    pub(super) color: ColorType,
    pub(super) data: Vec<u8>,
    pub(super) profile: Option<Vec<u8>>,
    /// From the byte order mark of its TIFF header on.
    pub(super) exif: Option<Vec<u8>>,
}

/// Decodes a source of a format that [`check`] can open.
pub(super) fn decode(source: &[u8], format: Format, limits: &Limits) -> Result<Picture> {
    let Some(mut decoder) = open(source, format, limits)? else {
        let message = format!("{} sources are not decoded here", format.name());
        return Err(Error::unsupported(message).field_named("source"));
    };
    let malformed = |error| malformed(format, error);
    let (width, height) = decoder.dimensions();
    let profile = decoder.icc_profile().map_err(malformed)?.filter(|profile| !profile.is_empty());
    let exif = decoder.exif_metadata().map_err(malformed)?.map(tiff_of).filter(|exif| !exif.is_empty());
    let metadata = [&profile, &exif].into_iter().flatten().map(Vec::len).sum::<usize>();

    let color = decoder.color_type();
    let bytes = decoder.total_bytes();
    let beside = u64::from(width) * u64::from(height) * u64::from(beside_the_picture(format, color));
    // Metadata twice: the decoder holds its own.
    let total = bytes.saturating_add(beside).saturating_add(2 * metadata as u64);
    limits.check_memory(total, "decoding the source")?;
    decoder.set_limits(bounds(limits, limits.memory.saturating_sub(bytes))).map_err(malformed)?;
    let bytes = usize::try_from(bytes).map_err(|_| Error::limit("memory", "the picture exceeds the address space"))?;
    let mut data = vec![0; bytes];
    decoder.read_image(&mut data).map_err(malformed)?;

    let (color, data) = to_8_bits(color, data)?;
    Ok(Picture { width, height, color, data, profile, exif })
}

/// Reads the header of a source that has a decoder here, and checks the picture that it claims against the limits.
/// A source of another format passes.
pub(super) fn check(source: &[u8], format: Format, limits: &Limits) -> Result<()> {
    open(source, format, limits).map(|_| ())
}

fn open<'a>(source: &'a [u8], format: Format, limits: &Limits) -> Result<Option<Box<dyn ImageDecoder + 'a>>> {
    let reader = Cursor::new(source);
    let decoder = match format {
        Format::Png => {
            // What it takes beside the picture, metadata above all, which it holds while it hands out a copy.
            let beside = (limits.memory / 2).min(PNG_BESIDE_PICTURE);
            PngDecoder::with_limits(reader, bounds(limits, beside)).map(boxed)
        }
        Format::Gif => GifDecoder::new(reader).map(boxed),
        Format::Bmp => BmpDecoder::new(reader).map(boxed),
        Format::WebP => {
            webp::check(source, limits)?;
            WebPDecoder::new(reader).map(boxed)
        }
        Format::Jpeg | Format::Heif | Format::Avif | Format::Tiff | Format::Unknown => return Ok(None),
    };
    let decoder = decoder.map_err(|error| malformed(format, error))?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(Error::input(format!("a picture of {width}x{height}")).field_named("source"));
    }
    limits.check_picture(width, height)?;
    Ok(Some(decoder))
}

/// Bytes that the PNG decoder may take beside the picture: rows in work, and metadata, of which 16 MiB fit into a JPEG.
const PNG_BESIDE_PICTURE: u64 = 64 << 20;

fn boxed<'a>(decoder: impl ImageDecoder + 'a) -> Box<dyn ImageDecoder + 'a> {
    Box::new(decoder)
}

fn bounds(limits: &Limits, memory: u64) -> image::Limits {
    let mut bounds = image::Limits::no_limits();
    bounds.max_image_width = Some(limits.side);
    bounds.max_image_height = Some(limits.side);
    bounds.max_alloc = Some(memory);
    bounds
}

/// Bytes a pixel that a decoder takes beside the picture it returns, by its source, and the conversions after it.
fn beside_the_picture(format: Format, color: ColorType) -> u8 {
    match (format, color) {
        // At most a frame of 4, its luma and chroma of 1.5, and its alpha of 5 or the canvas of 4.
        (Format::WebP, _) => 11,
        // Grey with alpha that is spread to RGBA.
        (_, ColorType::La8 | ColorType::La16) => 4,
        _ => 0,
    }
}

/// Rounds 16 bits a sample to 8, in place.
fn to_8_bits(color: ColorType, mut data: Vec<u8>) -> Result<(ColorType, Vec<u8>)> {
    let narrow = match color {
        ColorType::L8 | ColorType::La8 | ColorType::Rgb8 | ColorType::Rgba8 => return Ok((color, data)),
        ColorType::L16 => ColorType::L8,
        ColorType::La16 => ColorType::La8,
        ColorType::Rgb16 => ColorType::Rgb8,
        ColorType::Rgba16 => ColorType::Rgba8,
        other => {
            return Err(Error::unsupported(format!("pixels as {other:?} are not taken here")).field_named("source"));
        }
    };
    let samples = data.len() / 2;
    for sample in 0..samples {
        let wide = u16::from_ne_bytes([data[2 * sample], data[2 * sample + 1]]);
        data[sample] = round_to_8_bits(wide);
    }
    data.truncate(samples);
    data.shrink_to_fit();
    Ok((narrow, data))
}

/// The nearest of 256 steps: 65,535 / 255 = 257.
fn round_to_8_bits(sample: u16) -> u8 {
    u8::try_from((u32::from(sample) + 128) / 257).unwrap_or(u8::MAX)
}

/// WebP writers disagree on whether the chunk begins with JPEG's `Exif\0\0`.
fn tiff_of(exif: Vec<u8>) -> Vec<u8> {
    match exif.strip_prefix(b"Exif\0\0") {
        Some(tiff) => tiff.to_vec(),
        None => exif,
    }
}

/// The decoders' errors by who is at fault.
fn malformed(format: Format, error: ImageError) -> Error {
    let name = format.name();
    match error {
        ImageError::Limits(limit) => match limit.kind() {
            LimitErrorKind::DimensionError => Error::limit("side", format!("a {name} source over the limit of a side")),
            _ => Error::limit("memory", format!("decoding the {name} source would pass the limit of memory")),
        },
        ImageError::Unsupported(error) => Error::unsupported(format!("{name} source: {error}")).field_named("source"),
        ImageError::IoError(error) if error.kind() == IoErrorKind::UnexpectedEof => {
            Error::input(format!("the {name} source is truncated")).field_named("source")
        }
        error => {
            // The decoder's own sentence, without the wrapper's.
            let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            Error::input(format!("malformed {name} source: {reason}")).field_named("source")
        }
    }
}

impl Picture {
    /// Decodes a PNG, BMP or WebP, or the first frame of a GIF; 16 bits a sample are rounded to 8.
    ///
    /// # Errors
    /// `Input` for a malformed source; `Unsupported` for other formats, JPEG among them; `Limit`, before the memory is
    /// taken.
    pub fn decode(source: &[u8], limits: &Limits) -> Result<Self> {
        limits.check_input(source.len())?;
        let unknown = || Error::unsupported("the source is of no image format known here").field_named("source");
        decode(source, Format::sniff(source).ok_or_else(unknown)?, limits)
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Red, green and blue of each pixel; what is transparent is laid over `background`.
    pub fn into_rgb(self, background: [u8; 3]) -> Vec<u8> {
        let Self { color, data, .. } = self.for_jpeg(background);
        match color {
            ColorType::L8 => data.iter().flat_map(|&grey| [grey; 3]).collect(),
            ColorType::Rgba8 => data.chunks_exact(4).flat_map(|pixel| over(background, pixel)).collect(),
            _ => data,
        }
    }

    /// The picture as a JPEG, with its ICC profile and Exif as far as a JPEG of these components can carry them. What
    /// the picture holds counts as memory of the encoder's.
    ///
    /// # Errors
    /// Those of [`Encoder::encode`]; `Unsupported` for a profile too large for a JPEG, without which the colours would
    /// change.
    pub fn encode(self, encoder: Encoder) -> Result<Vec<u8>> {
        let picture = self.for_jpeg(encoder.laid_over());
        let mut encoder = encoder.beside(picture.bytes());
        if let Some(profile) = picture.profile_for_jpeg()? {
            encoder = encoder.icc_profile(profile.to_vec());
        }
        if let Some(exif) = picture.exif_for_jpeg() {
            encoder = encoder.exif(exif.to_vec());
        }
        encoder.encode(&Image::new(&picture.data, picture.width, picture.height, picture.pixel_format())?)
    }

    /// Without its Exif.
    pub(super) fn without_exif(self) -> Self {
        Self { exif: None, ..self }
    }

    /// Bytes that the picture holds.
    pub(super) fn bytes(&self) -> u64 {
        [Some(&self.data), self.profile.as_ref(), self.exif.as_ref()]
            .into_iter()
            .flatten()
            .map(|part| part.len() as u64)
            .sum()
    }

    /// In a layout that the JPEG encoder takes. Grey over a neutral background stays grey, and over a coloured one
    /// becomes RGBA, which the encoder lays over it.
    fn for_jpeg(mut self, background: [u8; 3]) -> Self {
        if self.color != ColorType::La8 {
            return self;
        }
        let [red, green, blue] = background;
        if red == green && green == blue {
            let pixels = self.data.len() / 2;
            for pixel in 0..pixels {
                self.data[pixel] = mix(red, self.data[2 * pixel], self.data[2 * pixel + 1]);
            }
            self.data.truncate(pixels);
            self.color = ColorType::L8;
        } else {
            self.data = self.data.chunks_exact(2).flat_map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]]).collect();
            self.color = ColorType::Rgba8;
        }
        self
    }

    /// Of a picture [`for_jpeg`](Self::for_jpeg).
    fn pixel_format(&self) -> PixelFormat {
        match self.color {
            ColorType::L8 => PixelFormat::Gray8,
            ColorType::Rgba8 => PixelFormat::Rgba8,
            _ => PixelFormat::Rgb8,
        }
    }

    /// The ICC profile, where it is one for the components that the JPEG will have.
    ///
    /// # Errors
    /// `Unsupported` for a profile that does not fit: without it the colours would change.
    fn profile_for_jpeg(&self) -> Result<Option<&[u8]>> {
        // ICC.1 7.2.6: the colour space of the data, at byte 16 of the header.
        let space: &[u8] = if self.color == ColorType::L8 { b"GRAY" } else { b"RGB " };
        let Some(profile) = self.profile.as_deref().filter(|profile| profile.get(16..20) == Some(space)) else {
            return Ok(None);
        };
        // ICC.1 B.4: at most 255 segments, each of 65,533 bytes less 14 of name and number.
        const MAX_BYTES: usize = 255 * (65_533 - 14);
        if profile.len() > MAX_BYTES {
            let message = format!("an ICC profile of {} bytes does not fit into a JPEG", profile.len());
            return Err(Error::unsupported(message).field_named("source"));
        }
        Ok(Some(profile))
    }

    /// The Exif block, where it fits into its one segment of a JPEG; otherwise it is left out.
    fn exif_for_jpeg(&self) -> Option<&[u8]> {
        const MAX_BYTES: usize = 65_533 - b"Exif\0\0".len();
        self.exif.as_deref().filter(|exif| exif.len() <= MAX_BYTES)
    }
}

/// The size alone: pixels and metadata are nothing to print.
impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Picture").field("width", &self.width).field("height", &self.height).finish_non_exhaustive()
    }
}

fn over(background: [u8; 3], pixel: &[u8]) -> [u8; 3] {
    std::array::from_fn(|i| mix(background[i], pixel[i], pixel[3]))
}

fn mix(below: u8, above: u8, alpha: u8) -> u8 {
    let [below, above, alpha] = [below, above, alpha].map(u32::from);
    u8::try_from((above * alpha + below * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_16_bit_sample_goes_to_the_nearest_step() {
        for sample in 0..=u16::MAX {
            let nearest = (f64::from(sample) / 257.0).round();
            assert_eq!(f64::from(round_to_8_bits(sample)), nearest, "{sample}");
        }
    }

    #[test]
    fn grey_with_alpha_over_a_background() {
        let picture = |data: &[u8]| Picture {
            width: 2,
            height: 1,
            color: ColorType::La8,
            data: data.to_vec(),
            profile: None,
            exif: None,
        };
        let grey = picture(&[10, 255, 100, 128]).for_jpeg([255; 3]);
        assert_eq!((grey.color, grey.data.as_slice()), (ColorType::L8, [10, 177].as_slice()));
        let coloured = picture(&[10, 255, 100, 128]).for_jpeg([255, 0, 0]);
        assert_eq!(coloured.color, ColorType::Rgba8);
        assert_eq!(coloured.data, [10, 10, 10, 255, 100, 100, 100, 128]);
    }

    #[test]
    fn rgb_of_each_layout() {
        let rgb = |color, data: &[u8]| {
            let picture = Picture { width: 1, height: 1, color, data: data.to_vec(), profile: None, exif: None };
            picture.into_rgb([255, 0, 255])
        };
        assert_eq!(rgb(ColorType::L8, &[7]), [7; 3]);
        assert_eq!(rgb(ColorType::Rgb8, &[1, 2, 3]), [1, 2, 3]);
        assert_eq!(rgb(ColorType::Rgba8, &[10, 20, 30, 255]), [10, 20, 30]);
        assert_eq!(rgb(ColorType::Rgba8, &[0, 0, 0, 128]), [127, 0, 127]);
        assert_eq!(rgb(ColorType::La8, &[0, 0]), [255, 0, 255]);
    }

    #[test]
    fn a_profile_is_for_the_components_it_names() {
        let profile = |space: &[u8]| [&[0; 16], space, &[0; 108]].concat();
        let picture = |color, profile| Picture { width: 1, height: 1, color, data: vec![0; 4], profile, exif: None };
        assert!(picture(ColorType::L8, Some(profile(b"GRAY"))).profile_for_jpeg().unwrap().is_some());
        assert!(picture(ColorType::Rgba8, Some(profile(b"RGB "))).profile_for_jpeg().unwrap().is_some());
        assert!(picture(ColorType::L8, Some(profile(b"RGB "))).profile_for_jpeg().unwrap().is_none());
        assert!(picture(ColorType::Rgb8, Some(profile(b"CMYK"))).profile_for_jpeg().unwrap().is_none());
        assert!(picture(ColorType::Rgb8, Some(b"short".to_vec())).profile_for_jpeg().unwrap().is_none());
        let large = [profile(b"RGB "), vec![0; 255 * 65_519]].concat();
        assert!(picture(ColorType::Rgb8, Some(large)).profile_for_jpeg().is_err());
    }
}
