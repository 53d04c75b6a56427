//! APPn and COM segments: what they carry, which of them a stripped file keeps, and those that an encoder writes.

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::jpeg::marker::{APP0, APP1, APP2, APP14, COM};

/// Bytes of a segment's payload at most: its length field counts itself and has 16 bits (T.81 B.1.1.4).
pub(crate) const MAX_PAYLOAD: usize = 65_533;

const ICC: &[u8] = b"ICC_PROFILE\0";
const EXIF: &[u8] = b"Exif\0\0";

/// What metadata a transcoder leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strip {
    /// Nothing: every segment stays, in its order, and so do bytes after the end of the image.
    #[default]
    Nothing,
    /// Everything that the colours do not depend on. JFIF, Adobe and ICC segments stay; Exif, XMP, comments,
    /// thumbnails, further images and bytes after the end of the image go.
    Metadata,
}

/// A marker segment without marker and length.
#[derive(Clone, Debug)]
pub(crate) struct Segment<'a> {
    pub(crate) code: u8,
    pub(crate) payload: Cow<'a, [u8]>,
}

/// The metadata of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metadata<'a> {
    /// Segments before the first scan.
    pub(crate) header: Vec<Segment<'a>>,
    /// Segments between scans. They stay behind the first scan: in front of it, one that speaks of colours would be
    /// heard where it was not before.
    pub(crate) late: Vec<Segment<'a>>,
    /// Bytes after EOI.
    pub(crate) trailing: &'a [u8],
}

impl Metadata<'_> {
    /// Embeds an ICC profile in as many segments as it needs (ICC.1, annex B.4).
    pub(crate) fn push_icc(&mut self, profile: &[u8]) -> Result<()> {
        let parts = profile.chunks(MAX_PAYLOAD - ICC.len() - 2);
        let Ok(count) = u8::try_from(parts.len()) else {
            return Err(Error::usage("the ICC profile is too large for a JPEG").field_named("icc_profile"));
        };
        for (part, number) in parts.zip(1..) {
            let payload = [ICC, &[number, count], part].concat();
            self.header.push(Segment { code: APP2, payload: Cow::Owned(payload) });
        }
        Ok(())
    }

    /// Embeds an Exif block, which begins with its TIFF header.
    pub(crate) fn push_exif(&mut self, tiff: &[u8]) -> Result<()> {
        if tiff.len() > MAX_PAYLOAD - EXIF.len() {
            return Err(Error::usage("the Exif block is too large for a JPEG segment").field_named("exif"));
        }
        self.header.push(Segment { code: APP1, payload: Cow::Owned([EXIF, tiff].concat()) });
        Ok(())
    }

    /// Leaves out what `strip` names.
    pub(crate) fn strip(&mut self, strip: Strip) {
        if strip == Strip::Metadata {
            for segments in [&mut self.header, &mut self.late] {
                segments.retain(|s| matches!(kind(s.code, &s.payload), "JFIF" | "Adobe" | "ICC"));
            }
            self.trailing = &[];
        }
    }
}

/// What a segment carries, by its marker and its first bytes; empty where that is not known.
pub(crate) fn kind(code: u8, payload: &[u8]) -> &'static str {
    const KINDS: [(u8, &[u8], &str); 13] = [
        (APP0, b"JFIF\0", "JFIF"),
        (APP0, b"JFXX\0", "JFXX"),
        (APP0, b"AVI1", "AVI1"),
        (APP1, b"Exif\0", "Exif"),
        (APP1, b"http://ns.adobe.com/xap/1.0/\0", "XMP"),
        (APP1, b"http://ns.adobe.com/xmp/extension/\0", "XMP extension"),
        (APP2, ICC, "ICC"),
        (APP2, b"MPF\0", "MPF"),
        (APP2, b"urn:iso:std:iso:ts:21496:-1\0", "gain map"),
        (0xEB, b"JP", "JUMBF"),
        (0xEC, b"Ducky", "Ducky"),
        (0xED, b"Photoshop 3.0\0", "Photoshop"),
        (APP14, b"Adobe", "Adobe"),
    ];
    if code == COM {
        return "comment";
    }
    KINDS.iter().find(|(c, prefix, _)| *c == code && payload.starts_with(prefix)).map_or("", |(_, _, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_profile_is_cut_and_numbered() {
        let mut metadata = Metadata::default();
        metadata.push_icc(&vec![7; 200_000]).unwrap();
        let parts = &metadata.header;
        assert_eq!(parts.len(), 4);
        for (i, part) in parts.iter().enumerate() {
            assert!(part.payload.len() <= MAX_PAYLOAD);
            assert_eq!(part.payload[12..14], [i as u8 + 1, 4]);
        }
        assert_eq!(parts.iter().map(|p| p.payload.len() - 14).sum::<usize>(), 200_000);
        assert!(metadata.push_icc(&vec![0; 17_000_000]).is_err());
        assert!(metadata.push_exif(&[0; 65_528]).is_err());
        assert!(metadata.push_exif(&[0; 65_527]).is_ok());
    }

    #[test]
    fn stripping_keeps_what_colours_need() {
        let mut metadata = Metadata::default();
        metadata.push_icc(&[1]).unwrap();
        metadata.push_exif(&[1]).unwrap();
        metadata.late.push(Segment { code: COM, payload: Cow::Borrowed(b"x") });
        metadata.trailing = b"more";
        metadata.strip(Strip::Nothing);
        assert_eq!((metadata.header.len(), metadata.late.len(), metadata.trailing), (2, 1, &b"more"[..]));
        metadata.strip(Strip::Metadata);
        assert_eq!((metadata.header.len(), metadata.late.len(), metadata.trailing), (1, 0, &b""[..]));
    }
}
