//! Thumbnails inside segments that carry other things too.

use std::borrow::Cow;

use super::{EXIF, PHOTOSHOP, exif};

/// Where a JFIF header tells the size of its thumbnail, and where that begins (T.871 clause 10.1).
const JFIF_SIZE: usize = 12;
const JFIF_THUMBNAIL: usize = 14;
/// Image resources of Photoshop that are thumbnails.
const PHOTOSHOP_THUMBNAILS: [u16; 2] = [1033, 1036];

/// A segment of this kind without its thumbnail.
pub(super) fn remove(kind: &str, payload: &mut Cow<'_, [u8]>) {
    let without = match kind {
        "JFIF" => jfif(payload),
        "Exif" => payload.get(EXIF.len()..).and_then(exif::without_thumbnail).map(|block| [EXIF, &block].concat()),
        "Photoshop" => photoshop(payload),
        _ => None,
    };
    if let Some(without) = without {
        *payload = Cow::Owned(without);
    }
}

fn jfif(payload: &[u8]) -> Option<Vec<u8>> {
    let header = payload.get(..JFIF_THUMBNAIL).filter(|header| header[JFIF_SIZE..] != [0, 0])?;
    Some([&header[..JFIF_SIZE], &[0, 0]].concat())
}

/// The blocks of image resources: `8BIM`, a number, a name and data, each of the two padded to an even length. Nothing
/// where they do not end with the segment: the rest of a block stands in the next one.
fn photoshop(payload: &[u8]) -> Option<Vec<u8>> {
    let mut left = PHOTOSHOP.to_vec();
    let mut rest = payload.strip_prefix(PHOTOSHOP)?;
    let mut found = false;
    while let Some(&[a, b]) = rest.strip_prefix(b"8BIM").and_then(|after| after.get(..2)) {
        let name = (usize::from(*rest.get(6)?) + 2) & !1;
        let size = rest.get(6 + name..10 + name)?;
        let bytes = u32::from_be_bytes(size.try_into().ok()?) as usize;
        let whole = (10 + name).checked_add(bytes)?;
        let block = rest.get(..whole)?;
        rest = rest.get(whole + whole % 2..).unwrap_or_default();
        if PHOTOSHOP_THUMBNAILS.contains(&u16::from_be_bytes([a, b])) {
            found = true;
        } else {
            left.extend_from_slice(block);
            left.resize(left.len() + whole % 2, 0);
        }
    }
    (found && rest.is_empty()).then_some(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(kind: &str, payload: &[u8]) -> Vec<u8> {
        let mut payload = Cow::Borrowed(payload);
        remove(kind, &mut payload);
        payload.into_owned()
    }

    #[test]
    fn a_jfif_header_keeps_its_density() {
        let payload = b"JFIF\0\x01\x02\x01\0\x48\0\x48\x02\x01thumbs";
        assert_eq!(without("JFIF", payload), b"JFIF\0\x01\x02\x01\0\x48\0\x48\0\0");
        assert_eq!(without("JFIF", &payload[..13]), payload[..13]);
    }

    #[test]
    fn other_image_resources_stay() {
        let resource = |number: u16, name: &[u8], data: &[u8]| {
            let even = |bytes: &mut Vec<u8>| bytes.resize(bytes.len().next_multiple_of(2), 0);
            let mut name = [&[name.len() as u8], name].concat();
            even(&mut name);
            let mut data = [&(data.len() as u32).to_be_bytes(), data].concat();
            even(&mut data);
            [&b"8BIM"[..], &number.to_be_bytes(), &name, &data].concat()
        };
        let (one, two) = (resource(1028, b"", b"iptc!"), resource(1005, b"name", b"dpi"));
        for thumbnail in [resource(1036, b"", b"jpeg"), resource(1033, b"old", b"jpg")] {
            let whole = [PHOTOSHOP, &one, &thumbnail, &two].concat();
            assert_eq!(without("Photoshop", &whole), [PHOTOSHOP, &one, &two].concat());
            for cut in 0..whole.len() - 1 {
                let left = without("Photoshop", &whole[..cut]);
                assert!(left == whole[..cut] || left == [PHOTOSHOP, &one].concat(), "cut at {cut}");
            }
        }
        let none = [PHOTOSHOP, &one, &two].concat();
        assert_eq!(without("Photoshop", &none), none);
    }
}
