//! Pictures as the demo compares them: red, green and blue, decoded by crates that are not ours.

use cosimg::Limits;
use cosimg::pipeline::{Format, Picture};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::failure::{Exit, Failure, Outcome};

pub(super) struct Rgb {
    pub(super) width: u32,
    pub(super) height: u32,
    samples: Vec<u8>,
}

impl Rgb {
    /// Decodes a source of any kind that the demo takes.
    pub(super) fn decode(name: &str, bytes: &[u8]) -> Outcome<Self> {
        if Format::sniff(bytes) == Some(Format::Jpeg) {
            return Self::jpeg(bytes).map_err(|e| Failure::new(Exit::Failed, format_args!("{name}: {e}")));
        }
        let picture = Picture::decode(bytes, &Limits::intl_2024()).map_err(|e| Failure::about(name, &e))?;
        Ok(Self { width: picture.width(), height: picture.height(), samples: picture.into_rgb([255; 3]) })
    }

    /// Decodes a JPEG, whole or cut off after a scan.
    pub(super) fn jpeg(bytes: &[u8]) -> Result<Self, String> {
        let side = usize::from(u16::MAX);
        let options = DecoderOptions::default()
            .jpeg_set_out_colorspace(ColorSpace::RGB)
            .jpeg_set_max_scans(1_000)
            .set_max_width(side)
            .set_max_height(side);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
        let samples = decoder.decode().map_err(|e| e.to_string())?;
        let info = decoder.info().ok_or("the decoder knows no size")?;
        Ok(Self { width: info.width.into(), height: info.height.into(), samples })
    }

    /// Peak signal-to-noise ratio against `other` over all samples, in dB: infinite for equal pictures, nothing for
    /// pictures of different sizes.
    pub(super) fn psnr(&self, other: &Self) -> Option<f64> {
        if (self.width, self.height, self.samples.len()) != (other.width, other.height, other.samples.len()) {
            return None;
        }
        let squares = self.samples.iter().zip(&other.samples).map(|(&a, &b)| u64::from(a.abs_diff(b)).pow(2));
        #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
        let mean = squares.sum::<u64>() as f64 / self.samples.len() as f64;
        Some(10.0 * (255.0 * 255.0 / mean).log10())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(level: u8) -> Rgb {
        Rgb { width: 2, height: 1, samples: vec![level; 6] }
    }

    #[test]
    fn the_ratio_of_known_differences() {
        assert_eq!(grey(7).psnr(&grey(7)), Some(f64::INFINITY));
        assert!((grey(0).psnr(&grey(255)).unwrap()).abs() < 1e-9);
        assert!((grey(10).psnr(&grey(11)).unwrap() - 48.1308).abs() < 1e-3);
        assert_eq!(grey(7).psnr(&Rgb { width: 1, height: 2, samples: vec![7; 6] }), None);
    }
}
