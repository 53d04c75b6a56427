//! APPn and COM segments: what they carry, which of them a stripped file keeps, and those that an encoder writes.

mod exif;
pub(crate) mod mpf;
pub(crate) mod strip;
mod thumbnail;
mod tiff;

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::jpeg::frame::Frame;
use crate::jpeg::marker::{APP0, APP1, APP2, APP14, COM};
use crate::jpeg::segment::write_segment;

/// Bytes of a segment's payload at most: its length field counts itself and has 16 bits (T.81 B.1.1.4).
pub(crate) const MAX_PAYLOAD: usize = 65_533;

const ICC: &[u8] = b"ICC_PROFILE\0";
const EXIF: &[u8] = b"Exif\0\0";
/// Where an Adobe segment has its transform: after its name, a version and two words of flags.
pub(crate) const ADOBE_TRANSFORM: usize = 11;
const MPF: &[u8] = b"MPF\0";
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";

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
    pub(crate) trailing: Cow<'a, [u8]>,
}

impl Metadata<'_> {
    /// Bytes of all of it as it is written.
    pub(crate) fn bytes(&self) -> usize {
        Segment::bytes(&self.header) + Segment::bytes(&self.late) + self.trailing.len()
    }

    /// Bytes that it does not borrow from its source.
    pub(crate) fn own_bytes(&self) -> usize {
        let payloads = self.header.iter().chain(&self.late).map(|segment| &segment.payload);
        let own = |bytes: &Cow<'_, [u8]>| if let Cow::Owned(bytes) = bytes { bytes.len() } else { 0 };
        payloads.map(own).sum::<usize>() + own(&self.trailing)
    }

    /// What the components of a frame are, by the segments before it.
    pub(crate) fn color(&self, frame: &Frame) -> &'static str {
        let of = |name| self.header.iter().filter(move |segment| kind(segment.code, &segment.payload) == name);
        let adobe = of("Adobe").next_back().and_then(|segment| segment.payload.get(ADOBE_TRANSFORM).copied());
        color(frame, of("JFIF").next().is_some(), adobe)
    }

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
}

impl Segment<'_> {
    /// Marker, length and payload (T.81 B.1.1.4).
    pub(crate) fn write(&self, out: &mut Vec<u8>) -> Result<()> {
        write_segment(self.code, &self.payload, out)
    }

    /// Bytes of segments as they are written.
    pub(crate) fn bytes(segments: &[Self]) -> usize {
        segments.iter().map(|segment| 4 + segment.payload.len()).sum()
    }
}

/// What the components of a frame are, as libjpeg decides it: a JFIF segment counts before what an Adobe segment says
/// (its transform), and that before the ids. `grey`, `YCbCr`, `RGB`, `CMYK` or `YCCK`; empty where there are two.
pub(crate) fn color(frame: &Frame, has_jfif: bool, adobe: Option<u8>) -> &'static str {
    let ids: Vec<u8> = frame.components.iter().map(|component| component.id).collect();
    match (ids.as_slice(), adobe) {
        ([_], _) => "grey",
        ([_, _, _], _) if has_jfif => "YCbCr",
        ([_, _, _], Some(0)) => "RGB",
        ([b'R', b'G', b'B'], None) => "RGB",
        ([_, _, _], _) => "YCbCr",
        ([_, _, _, _], Some(2)) => "YCCK",
        ([_, _, _, _], _) => "CMYK",
        _ => "",
    }
}

/// How the picture is to be turned, 1 to 8, by an Exif segment.
pub(crate) fn orientation(payload: &[u8]) -> Option<u8> {
    exif::orientation(payload.strip_prefix(EXIF)?)
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
        (APP2, MPF, "MPF"),
        (APP2, b"urn:iso:std:iso:ts:21496:-1\0", "gain map"),
        (0xEB, b"JP", "JUMBF"),
        (0xEC, b"Ducky", "Ducky"),
        (0xED, PHOTOSHOP, "Photoshop"),
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
}
