//! What metadata is left out, by kind.

use std::borrow::Cow;
use std::fmt;
use std::ops::BitOr;
use std::str::FromStr;

use super::mpf::Index;
use super::{EXIF, Metadata, Segment, exif, kind, thumbnail};
use crate::error::{Error, Result};
use crate::jpeg::marker::{self, APP1, EOI, SOS};
use crate::jpeg::parse::Segments;

/// What metadata a transcoder leaves out: a set of kinds, `Strip::EXIF | Strip::XMP`. What is not named stays as it is,
/// in its order.
///
/// JFIF and Adobe segments always stay: decoders need them to know what the components are.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Strip(u16);

/// Of Exif, how the picture is to be turned.
const ORIENTATION: u16 = 1;

impl Strip {
    /// Nothing: every segment stays, and so do bytes after the end of the image.
    pub const NOTHING: Self = Self(0);
    /// Exif, the orientation of the picture included.
    pub const EXIF: Self = Self(1 << 1 | ORIENTATION);
    /// ICC profiles. Colours are then shown as sRGB.
    pub const ICC: Self = Self(1 << 2);
    /// XMP, extended XMP too.
    pub const XMP: Self = Self(1 << 3);
    /// Photoshop's image resources, which carry IPTC.
    pub const IPTC: Self = Self(1 << 4);
    /// COM segments.
    pub const COMMENTS: Self = Self(1 << 5);
    /// Thumbnails of JFIF, JFXX, Exif (its second directory) and Photoshop.
    pub const THUMBNAILS: Self = Self(1 << 6);
    /// The further images of a multi-picture file with their index: previews, gain maps, depth maps.
    pub const IMAGES: Self = Self(1 << 7);
    /// All bytes after the end of the image, further images included.
    pub const TRAILING: Self = Self(1 << 8);
    /// Every segment of another kind, known by name or not: JUMBF, Ducky, FlashPix, maker's own.
    pub const OTHER: Self = Self(1 << 9);
    /// Everything that the picture looks the same without: ICC profiles stay, and of Exif the orientation.
    pub const SAFE: Self = Self(Self::ALL.0 & !(Self::ICC.0 | ORIENTATION));
    /// Everything that decoders do not need.
    pub const ALL: Self = Self((1 << 10) - 1);

    const NAMES: [(&'static str, Self); 12] = [
        ("nothing", Self::NOTHING),
        ("exif", Self::EXIF),
        ("icc", Self::ICC),
        ("xmp", Self::XMP),
        ("iptc", Self::IPTC),
        ("comments", Self::COMMENTS),
        ("thumbnails", Self::THUMBNAILS),
        ("images", Self::IMAGES),
        ("trailing", Self::TRAILING),
        ("other", Self::OTHER),
        ("safe", Self::SAFE),
        ("all", Self::ALL),
    ];

    /// Both.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether everything that `other` leaves out is left out.
    pub const fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Strip {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.and(other)
    }
}

/// The kinds by name: the constants in lower case, separated by commas.
impl FromStr for Strip {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        text.split(',').try_fold(Self::NOTHING, |strip, name| {
            let found = Self::NAMES.iter().find(|(known, _)| *known == name);
            let unknown = || {
                let known = Self::NAMES.map(|(known, _)| known).join(", ");
                Error::usage(format!("{name:?} is none of {known}")).field_named("strip")
            };
            found.map(|(_, kind)| strip | *kind).ok_or_else(unknown)
        })
    }
}

/// The names, as they are parsed.
impl fmt::Display for Strip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, _)) = Self::NAMES.iter().find(|(_, kind)| kind == self) {
            return f.write_str(name);
        }
        // What is left out of Exif without the orientation has a name only as a part of the safe kinds.
        let (start, rest) = if self.covers(Self::SAFE) { ("safe", Self(self.0 & !Self::SAFE.0)) } else { ("", *self) };
        f.write_str(start)?;
        let mut separator = if start.is_empty() { "" } else { "," };
        for (name, kind) in &Self::NAMES[1..10] {
            if rest.0 & kind.0 != 0 {
                write!(f, "{separator}{name}")?;
                separator = ",";
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Strip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Strip({self})")
    }
}

impl<'a> Metadata<'a> {
    /// Leaves out what `strip` names. `index` is that of the file, whose bytes are `source`.
    pub(crate) fn strip(&mut self, strip: Strip, index: Option<&Index>, source: &'a [u8]) {
        let mut sieve = Sieve { strip, oriented: false };
        for segments in [&mut self.header, &mut self.late] {
            segments.retain_mut(|segment| sieve.pass(segment));
        }
        self.trailing = match trailing(strip, index, source, source.len() - self.trailing.len())[..] {
            [] => Cow::Borrowed(&[]),
            [whole] => Cow::Borrowed(whole),
            ref pieces => Cow::Owned(pieces.concat()),
        };
    }
}

/// The file without what `strip` names and otherwise as it is, which has so many bytes. `index` is that of the file, whose
/// first image ends at `end`.
///
/// # Errors
/// `Input` where its segments cannot be told from one another.
pub(crate) fn without(source: &[u8], strip: Strip, index: Option<&Index>, end: usize, bytes: usize) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes);
    let new_end = pass_on(source, strip, index, end, &mut |piece| out.extend_from_slice(piece))?;
    if let Some(index) = index {
        index.follow(&mut out, new_end, end);
    }
    Ok(out)
}

/// The bytes of [`without`].
///
/// # Errors
/// Those of [`without`].
pub(crate) fn bytes_without(source: &[u8], strip: Strip, index: Option<&Index>, end: usize) -> Result<usize> {
    let mut bytes = 0;
    pass_on(source, strip, index, end, &mut |piece| bytes += piece.len())?;
    Ok(bytes)
}

/// Gives a file to `take`, a piece after the other, without what `strip` names. Returns where its first image ends then.
fn pass_on(
    source: &[u8],
    strip: Strip,
    index: Option<&Index>,
    end: usize,
    take: &mut dyn FnMut(&[u8]),
) -> Result<usize> {
    let mut sieve = Sieve { strip, oriented: false };
    let mut segments = Segments::new(source)?;
    let (mut new_end, mut passed, mut written) = (end, 0, Vec::new());
    loop {
        let found = segments.next()?;
        match found.code {
            EOI => break,
            SOS => {
                segments.entropy_coded();
            }
            code if marker::is_metadata(code) => {
                take(&source[passed..found.offset]);
                passed = found.offset + 4 + found.payload.len();
                let mut segment = Segment { code, payload: Cow::Borrowed(found.payload) };
                written.clear();
                if sieve.pass(&mut segment) {
                    segment.write(&mut written)?;
                }
                new_end = new_end + written.len() - (passed - found.offset);
                take(&written);
            }
            _ => {}
        }
    }
    take(&source[passed..end]);
    trailing(strip, index, source, end).into_iter().for_each(take);
    Ok(new_end)
}

/// The pieces that stay of the bytes after `end`.
fn trailing<'a>(strip: Strip, index: Option<&Index>, source: &'a [u8], end: usize) -> Vec<&'a [u8]> {
    match index {
        _ if strip.covers(Strip::TRAILING) => Vec::new(),
        Some(index) if strip.covers(Strip::IMAGES) => index.leftover(source, end).collect(),
        _ => vec![&source[end..]],
    }
}

/// Takes the segments of a file in their order.
struct Sieve {
    strip: Strip,
    /// Whether there has been an Exif segment: decoders look at the first.
    oriented: bool,
}

impl Sieve {
    /// Whether the segment stays, perhaps with less in it.
    fn pass(&mut self, segment: &mut Segment<'_>) -> bool {
        let strip = self.strip;
        let kind = kind(segment.code, &segment.payload);
        let leaves = match kind {
            "JFIF" | "Adobe" => Strip(u16::MAX),
            "JFXX" => Strip::THUMBNAILS,
            "Exif" if !strip.covers(Strip::EXIF) && strip.0 & Strip::EXIF.0 != 0 => return self.orient(segment),
            "Exif" => Strip::EXIF,
            "XMP" | "XMP extension" => Strip::XMP,
            "ICC" => Strip::ICC,
            "MPF" | "gain map" if strip.covers(Strip::TRAILING) => return false,
            "MPF" | "gain map" => Strip::IMAGES,
            "Photoshop" => Strip::IPTC,
            "comment" => Strip::COMMENTS,
            _ => Strip::OTHER,
        };
        if strip.covers(leaves) {
            return false;
        }
        if strip.covers(Strip::THUMBNAILS) {
            thumbnail::remove(kind, &mut segment.payload);
        }
        true
    }

    /// Leaves of an Exif segment how the picture is to be turned, where it is.
    fn orient(&mut self, segment: &mut Segment<'_>) -> bool {
        let orientation = segment.payload.get(EXIF.len()..).and_then(exif::orientation);
        let is_first = !std::mem::replace(&mut self.oriented, true);
        let Some(turned) = orientation.filter(|&orientation| is_first && orientation != 1) else { return false };
        debug_assert_eq!(segment.code, APP1);
        segment.payload = Cow::Owned([EXIF, &exif::of_orientation(turned)].concat());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_and_printed() {
        for (name, kind) in Strip::NAMES {
            assert_eq!((name.parse(), kind.to_string().as_str()), (Ok(kind), name));
        }
        let several: Strip = "exif,comments,icc".parse().unwrap();
        assert_eq!(several, Strip::EXIF | Strip::ICC | Strip::COMMENTS);
        assert_eq!(several.to_string(), "exif,icc,comments");
        assert_eq!((Strip::SAFE | Strip::ICC).to_string(), "safe,icc");
        assert_eq!("safe,icc".parse(), Ok(Strip::SAFE | Strip::ICC));
        assert_eq!((Strip::SAFE | Strip::EXIF).to_string(), "safe,exif");
        for wrong in ["", "Exif", "exif,", "exif icc", "metadata"] {
            assert_eq!(wrong.parse::<Strip>().unwrap_err().field(), Some("strip"), "{wrong}");
        }
    }

    #[test]
    fn sets_cover_their_parts() {
        assert!(
            Strip::ALL.covers(Strip::SAFE) && Strip::ALL.covers(Strip::EXIF) && Strip::SAFE.covers(Strip::TRAILING)
        );
        assert!(!Strip::SAFE.covers(Strip::EXIF) && !Strip::SAFE.covers(Strip::ICC));
        assert_eq!(Strip::SAFE | Strip::ICC | Strip::EXIF, Strip::ALL);
        assert!(Strip::NOTHING.covers(Strip::NOTHING) && !Strip::NOTHING.covers(Strip::XMP));
    }
}
