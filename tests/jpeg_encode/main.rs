//! What the pixel encoder promises.
//!
//! ```text
//! formats    every format of pixels gives the file of the plain format it stands for; rows in batches
//! pictures   what comes out decodes to what went in: every size, format, sampling and coding
//! every      so it does for every format, subsampling and coding, by every decoder that there is
//! laws       results that must be equal to the byte, or grow together
//! arguments  arguments out of range, limits, metadata
//! requantise coefficients that become coarser, against the way through pixels
//! target     files within a number of bytes
//! scans      those of the caller's own are those that the transcoder makes of them
//! score      files that reach a score by ssimulacra2
//! quality    what a quality means: more bytes, a better score, and about the same one of each preset
//! threads    any number of them gives the same file
//! progress   what a caller is told meanwhile, and the file in pieces
//! decisions  coefficients where more than one file would do
//! auto       the subsampling that is chosen by the picture
//! peers      libjpeg-turbo reads every file, and its own are no better
//! chromium   so does Chromium, where there is one
//! reconstruction decoders give the pixels that the file means by T.81
//! ```

#![allow(clippy::cast_possible_truncation, clippy::unwrap_used)] // a panic is how a test fails

mod arguments;
mod auto;
mod chromium;
#[path = "../common/mod.rs"]
mod common;
mod decisions;
mod every;
mod formats;
mod laws;
mod peers;
mod pictures;
mod progress;
#[cfg(feature = "ssimulacra2")]
mod quality;
mod reconstruction;
mod requantise;
mod scans;
#[cfg(feature = "ssimulacra2")]
mod score;
mod target;
mod threads;

use cosimg::jpeg::{Encoder, Image, PixelFormat, Preset, Subsampling};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

const SUBSAMPLINGS: [Subsampling; 3] = [Subsampling::S420, Subsampling::S422, Subsampling::S444];
const PRESETS: [Preset; 3] = [Preset::Fast, Preset::Balanced, Preset::Small];
const FORMATS: [PixelFormat; 3] = [PixelFormat::Gray8, PixelFormat::Rgb8, PixelFormat::Rgba8];

/// A picture in memory, its rows without gaps.
#[derive(Clone)]
struct Picture {
    width: u32,
    height: u32,
    format: PixelFormat,
    data: Vec<u8>,
}

impl Picture {
    /// Each pixel from its place, as RGB.
    fn rgb(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 3]) -> Self {
        let data = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).flat_map(|(x, y)| pixel(x, y)).collect();
        Self { width, height, format: PixelFormat::Rgb8, data }
    }

    /// Slow waves in every channel, different across and down: hard to get right with a row, a column or a channel
    /// out of place, easy to code well.
    fn waves(width: u32, height: u32) -> Self {
        let wave = |t: f64| (127.5 + 110.0 * t.sin()).round() as u8;
        Self::rgb(width, height, move |x, y| {
            let (x, y) = (f64::from(x) / 23.0, f64::from(y) / 19.0);
            [wave(x + 0.3), wave(y + 1.0), wave(x - y)]
        })
    }

    /// Waves, edges, fine texture and noise: something of what photographs hold.
    fn scene(width: u32, height: u32) -> Self {
        let waves = Self::waves(width, height);
        let mut state = 7_u32;
        let mut scene = waves;
        for (i, pixel) in scene.data.chunks_exact_mut(3).enumerate() {
            let (x, y) = (i as u32 % width, i as u32 / width);
            let edge = if (x + 2 * y) % 160 < 60 { -40 } else { 25 };
            let texture = if y > height / 2 { ((x * y) % 29) as i32 - 14 } else { 0 };
            for channel in pixel {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = (state >> 29) as i32 - 4;
                *channel = (i32::from(*channel) * 3 / 4 + 32 + edge + texture + noise).clamp(0, 255) as u8;
            }
        }
        scene
    }

    /// The same in another format; RGBA gets an alpha that depends on the place.
    fn to(&self, format: PixelFormat) -> Self {
        assert_eq!(self.format, PixelFormat::Rgb8);
        let pixels = self.data.chunks_exact(3).zip(0_u32..);
        let data = match format {
            PixelFormat::Gray8 => pixels.map(|(p, _)| p[1]).collect(),
            PixelFormat::Rgba8 => pixels.flat_map(|(p, i)| [p[0], p[1], p[2], (i * 5 % 256) as u8]).collect(),
            _ => self.data.clone(),
        };
        Self { format, data, ..*self }
    }

    /// What a decoder should give: RGBA over a background, in RGB.
    fn flattened(&self, background: [u8; 3]) -> Self {
        assert_eq!(self.format, PixelFormat::Rgba8);
        let over = |pixel: u8, below: u8, alpha: u8| {
            let alpha = f64::from(alpha) / 255.0;
            (f64::from(pixel) * alpha + f64::from(below) * (1.0 - alpha)).round() as u8
        };
        let data = self.data.chunks_exact(4).flat_map(|p| [0, 1, 2].map(|c| over(p[c], background[c], p[3]))).collect();
        Self { format: PixelFormat::Rgb8, data, ..*self }
    }

    fn image(&self) -> Image<'_> {
        Image::new(&self.data, self.width, self.height, self.format).unwrap()
    }

    fn encode(&self, encoder: &Encoder) -> Vec<u8> {
        encoder.encode(&self.image()).unwrap()
    }

    /// Peak signal-to-noise ratio over all bytes, in dB.
    fn psnr(&self, other: &Self) -> f64 {
        assert_eq!((self.width, self.height, self.format), (other.width, other.height, other.format));
        let squares = self.data.iter().zip(&other.data).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
        10.0 * (255.0_f64.powi(2) * self.data.len() as f64 / squares.sum::<f64>()).log10()
    }
}

fn encoder(quality: u8) -> Encoder {
    Encoder::default().quality(quality).unwrap()
}

/// Decodes with zune-jpeg, which shares nothing with this crate; anything that it has to forgive is an error.
fn decode(bytes: &[u8]) -> Picture {
    let strict = DecoderOptions::default().set_strict_mode(true).set_max_width(65_535).set_max_height(65_535);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), strict);
    decoder.decode_headers().unwrap();
    let info = decoder.info().unwrap();
    let (format, space) = match info.components {
        1 => (PixelFormat::Gray8, ColorSpace::Luma),
        _ => (PixelFormat::Rgb8, ColorSpace::RGB),
    };
    decoder.set_options(strict.jpeg_set_out_colorspace(space));
    let data = decoder.decode().unwrap();
    Picture { width: info.width.into(), height: info.height.into(), format, data }
}
