//! The best quality whose file is within a number of bytes.

use crate::error::{Error, Result};

/// Qualities that are tried at most.
pub(super) const TRIES: u64 = 7;

/// The file of the best quality up to `best` that has no more than `bytes`: that of one quality more has more, unless it
/// is `best`. `file` makes that of a quality; it is asked [`TRIES`] times at most. Where a better quality has fewer bytes, as
/// noise may have it, there is more than one such quality, and one of them is found.
///
/// # Errors
/// `Limit` where the least that was tried, which is quality 1, has more; those of `file`.
pub(crate) fn best_within(bytes: u64, best: u8, mut file: impl FnMut(u8) -> Result<Vec<u8>>) -> Result<Vec<u8>> {
    let (mut fits, mut fails) = (0, best + 1);
    let (mut found, mut least) = (None, 0);
    while fails - fits > 1 {
        let quality = fits + (fails - fits) / 2;
        let file = file(quality)?;
        if file.len() as u64 <= bytes {
            (fits, found) = (quality, Some(file));
        } else {
            (fails, least) = (quality, file.len());
        }
    }
    found.ok_or_else(|| {
        let message = format!("at quality 1 the file has {least} bytes, over the target of {bytes}");
        Error::limit("target_bytes", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

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
