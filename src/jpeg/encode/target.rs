//! The quality that a target asks for: a number of bytes at most, or a score at least.

use super::Encoder;
use crate::error::{Error, Result};
use crate::jpeg::image::{Colour, PixelFormat};

/// The best quality that there is.
#[cfg(feature = "ssimulacra2")]
pub(super) const BEST: u8 = 100;
/// Qualities that are tried at most.
pub(super) const TRIES: u64 = 7;
/// What it takes to score a picture, in passes over its blocks.
pub(super) const SCORING: u64 = 20;
/// Bytes for each pixel that it takes at most: 115 of the metric, 3 each of the two pictures, and the file.
const SCORE_BYTES: u64 = 130;

/// # Errors
/// `Usage` for a target beside what leaves no choice of quality; `Unsupported` for pixels that cannot be scored.
pub(super) fn check(encoder: &Encoder, format: PixelFormat) -> Result<()> {
    let field = match (encoder.target_bytes, encoder.target_ssimulacra2) {
        (None, None) => return Ok(()),
        (Some(_), None) => "target_bytes",
        (None, Some(_)) => "target_ssimulacra2",
        (Some(_), Some(_)) => {
            let message = "a score and a number of bytes cannot both be the target";
            return Err(Error::usage(message).field_named("target_ssimulacra2"));
        }
    };
    if encoder.tables.is_some() {
        let message = "a target is reached by quality, which tables of one's own stand in for";
        return Err(Error::usage(message).field_named(field));
    }
    if encoder.target_ssimulacra2.is_some() && !matches!(format.colour(), Colour::Gray | Colour::Rgb) {
        return Err(Error::unsupported(format!("pixels of {format:?} are not scored")).field_named("format"));
    }
    Ok(())
}

/// Bytes that a picture takes for its scores.
pub(super) fn memory(encoder: &Encoder, width: u32, height: u32) -> u64 {
    // The metric works on no less than 8 by 8.
    let pixels = u64::from(width.max(8)) * u64::from(height.max(8));
    encoder.target_ssimulacra2.map_or(0, |_| SCORE_BYTES * pixels)
}

/// The file of the best quality up to `best` that has no more than `bytes`: that of one quality more has more, unless
/// it is `best`. `file` makes that of a quality; it is asked [`TRIES`] times at most. Where a better quality has fewer
/// bytes, as noise may have it, there is more than one such quality, and one of them is found.
///
/// # Errors
/// `Limit` where the least that was tried, which is quality 1, has more; those of `file`.
pub(crate) fn best_within(bytes: u64, best: u8, mut file: impl FnMut(u8) -> Result<Vec<u8>>) -> Result<Vec<u8>> {
    let (mut found, mut least) = (None, 0);
    least_enough(best, |quality| {
        let file = file(quality)?;
        let fits = file.len() as u64 <= bytes;
        if fits {
            found = Some(file);
        } else {
            least = file.len();
        }
        Ok(!fits)
    })?;
    found.ok_or_else(|| {
        let message = format!("at quality 1 the file has {least} bytes, over the target of {bytes}");
        Error::limit("target_bytes", message)
    })
}

/// The least quality of 1 to `best` that is enough, `best + 1` where none is: that of one less was tried, and is not.
/// It asks [`TRIES`] times at most. Where a better quality may be less, as noise may have it, there is more than one
/// answer, and one of them is found.
pub(super) fn least_enough(best: u8, mut is_enough: impl FnMut(u8) -> Result<bool>) -> Result<u8> {
    let (mut less, mut enough) = (0, best + 1);
    while enough - less > 1 {
        let quality = less + (enough - less) / 2;
        if is_enough(quality)? {
            enough = quality;
        } else {
            less = quality;
        }
    }
    Ok(enough)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    #[cfg(not(feature = "ssimulacra2"))]
    fn a_score_takes_its_feature() {
        let error = Encoder::default().target_ssimulacra2(60.0).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some("target_ssimulacra2")));
    }

    #[test]
    fn every_answer_is_found_in_seven_tries() {
        for best in 1..=100 {
            for answer in 0..=best {
                let mut tries = 0;
                let found = best_within(u64::from(answer) * 10 + 5, best, |quality| {
                    tries += 1;
                    Ok(vec![0; usize::from(quality) * 10])
                });
                assert!(tries <= TRIES, "{tries} tries");
                match found {
                    Ok(file) => assert_eq!(file.len(), usize::from(answer) * 10),
                    Err(error) => {
                        assert_eq!((answer, error.kind(), error.field()), (0, ErrorKind::Limit, Some("target_bytes")));
                        assert!(error.message().contains("has 10 bytes, over the target of 5"), "{error}");
                    }
                }
            }
        }
    }
}
