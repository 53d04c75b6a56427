//! Pictures other than JPEG, decoded by a kept crate within the limits.

use std::io::Cursor;

use cosimg::Limits;
use cosimg::jpeg::PixelFormat;
use cosimg::pipeline::Format;
use image::{ColorType, DynamicImage, ImageDecoder, ImageError, ImageReader};

use crate::failure::{Exit, Failure, Outcome};

/// Decoded pixels in rows without gaps, 8 bits a sample, and the metadata that a JPEG can carry too.
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) format: PixelFormat,
    pub(crate) samples: Vec<u8>,
    pub(crate) icc: Option<Vec<u8>>,
    pub(crate) exif: Option<Vec<u8>>,
}

impl Picture {
    /// Decodes a PNG, BMP, GIF (its first frame) or WebP. `name` is what errors call it.
    pub(crate) fn decode(name: &str, source: &[u8], limits: &Limits) -> Outcome<Self> {
        if Format::sniff(source) == Some(Format::Jpeg) {
            let message = "is a JPEG already: `transcode` and `process` change it without loss";
            return Err(Failure::new(Exit::Failed, format_args!("{name}: {message}")));
        }
        let fail = |error: ImageError| {
            let exit = if matches!(error, ImageError::Limits(_)) { Exit::Limit } else { Exit::Failed };
            Failure::new(exit, format_args!("{name}: {error}"))
        };
        let mut reader = ImageReader::new(Cursor::new(source));
        reader = reader.with_guessed_format().map_err(|e| Failure::io(name, &e))?;
        let mut bounds = image::Limits::default();
        bounds.max_image_width = Some(limits.side);
        bounds.max_image_height = Some(limits.side);
        bounds.max_alloc = Some(limits.memory);
        reader.limits(bounds);
        let mut decoder = reader.into_decoder().map_err(fail)?;

        let (width, height) = decoder.dimensions();
        let pixels = u64::from(width) * u64::from(height);
        // The decoded samples and, where they are not 8 bit already, their conversion.
        let memory = decoder.total_bytes().saturating_add(pixels.saturating_mul(4));
        if pixels > limits.pixels || memory > limits.memory {
            let message = format_args!("{name}: a picture of {width}x{height} is over the limits");
            return Err(Failure::new(Exit::Limit, message));
        }
        // Broken metadata is no reason to refuse the picture.
        let icc = decoder.icc_profile().unwrap_or_default();
        let exif = decoder.exif_metadata().unwrap_or_default();
        let decoded = DynamicImage::from_decoder(decoder).map_err(fail)?;
        let (format, samples) = match decoded.color() {
            ColorType::L8 | ColorType::L16 => (PixelFormat::Gray8, decoded.into_luma8().into_raw()),
            color if color.has_alpha() => (PixelFormat::Rgba8, decoded.into_rgba8().into_raw()),
            _ => (PixelFormat::Rgb8, decoded.into_rgb8().into_raw()),
        };
        Ok(Self { width, height, format, samples, icc, exif })
    }

    /// Red, green and blue, transparent pixels laid over white.
    pub(crate) fn into_rgb(self) -> Vec<u8> {
        match self.format {
            PixelFormat::Gray8 => self.samples.iter().flat_map(|&grey| [grey; 3]).collect(),
            PixelFormat::Rgba8 => self.samples.chunks_exact(4).flat_map(over_white).collect(),
            _ => self.samples,
        }
    }
}

fn over_white(pixel: &[u8]) -> [u8; 3] {
    let [red, green, blue, alpha] = [0, 1, 2, 3].map(|i| u32::from(pixel.get(i).copied().unwrap_or(255)));
    let blend = |sample: u32| u8::try_from((sample * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(255);
    [blend(red), blend(green), blend(blue)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transparency_lets_white_through() {
        assert_eq!(over_white(&[10, 20, 30, 255]), [10, 20, 30]);
        assert_eq!(over_white(&[10, 20, 30, 0]), [255, 255, 255]);
        assert_eq!(over_white(&[0, 0, 0, 128]), [127, 127, 127]);
    }
}
