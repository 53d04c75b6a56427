//! Metadata that an encoder embeds.

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::jpeg::image::Colour;
use crate::jpeg::marker::{APP0, APP14, COM};
use crate::jpeg::metadata::{MAX_PAYLOAD, Metadata, Segment};

/// How large a pixel is, or what shape it has (ITU-T T.871 clause 10.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Density {
    /// Only the shape: the width of a pixel is to its height as `y` to `x`.
    AspectRatio {
        /// Pixels across, in no unit.
        x: u16,
        /// Pixels down in the same.
        y: u16,
    },
    /// Pixels by inch.
    PerInch {
        /// Across.
        x: u16,
        /// Down.
        y: u16,
    },
    /// Pixels by centimetre.
    PerCentimetre {
        /// Across.
        x: u16,
        /// Down.
        y: u16,
    },
}

impl Default for Density {
    /// Square pixels of no size.
    fn default() -> Self {
        Self::AspectRatio { x: 1, y: 1 }
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Embedded {
    pub(super) density: Density,
    /// From its TIFF header on; empty for none.
    pub(super) exif: Vec<u8>,
    /// Empty for none.
    pub(super) icc_profile: Vec<u8>,
    pub(super) comments: Vec<Vec<u8>>,
}

impl Embedded {
    /// The segments of a new file, in the order that readers expect.
    pub(super) fn metadata(&self, colour: Colour) -> Result<Metadata<'_>> {
        let first = if colour == Colour::Cmyk { adobe_ycck() } else { jfif(self.density)? };
        let mut metadata = Metadata { header: vec![first], ..Metadata::default() };
        if !self.exif.is_empty() {
            metadata.push_exif(&self.exif)?;
        }
        if !self.icc_profile.is_empty() {
            metadata.push_icc(&self.icc_profile)?;
        }
        for comment in &self.comments {
            if comment.len() > MAX_PAYLOAD {
                return Err(Error::usage("the comment is too large for a JPEG segment").field_named("comment"));
            }
            metadata.header.push(Segment { code: COM, payload: Cow::Borrowed(comment) });
        }
        Ok(metadata)
    }
}

/// A JFIF 1.01 segment without a thumbnail (T.871 clause 10.1).
fn jfif(density: Density) -> Result<Segment<'static>> {
    let (unit, x, y) = match density {
        Density::AspectRatio { x, y } => (0, x, y),
        Density::PerInch { x, y } => (1, x, y),
        Density::PerCentimetre { x, y } => (2, x, y),
    };
    if x == 0 || y == 0 {
        return Err(Error::usage("a density of 0 is none").field_named("density"));
    }
    let mut payload = b"JFIF\0\x01\x01".to_vec();
    payload.push(unit);
    payload.extend(x.to_be_bytes());
    payload.extend(y.to_be_bytes());
    payload.extend([0, 0]);
    Ok(Segment { code: APP0, payload: Cow::Owned(payload) })
}

/// Adobe's segment (Technical Note 5116): YCbCr of inverted inks, and black.
fn adobe_ycck() -> Segment<'static> {
    Segment { code: APP14, payload: Cow::Borrowed(b"Adobe\0\x64\0\0\0\0\x02") }
}
