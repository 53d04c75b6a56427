//! Exif blocks and MPF indices, laid out as CIPA DC-008 and DC-007 show them.

fn entry(tag: u16, kind: u16, count: u32, value: u32) -> Vec<u8> {
    [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
}

/// A TIFF block, little-endian: an orientation, an Exif directory with a maker note, and last the thumbnail with its
/// directory, where there is one.
pub(crate) fn exif(orientation: u8, note: &[u8], thumbnail: &[u8]) -> Vec<u8> {
    let (exif_at, note_at) = (38, 56);
    let first_end = note_at + note.len() as u32;
    let link = if thumbnail.is_empty() { 0 } else { first_end };
    let mut block = b"II\x2A\0\x08\0\0\0\x02\0".to_vec();
    block.extend([entry(0x0112, 3, 1, orientation.into()), entry(0x8769, 4, 1, exif_at)].concat());
    block.extend(link.to_le_bytes());
    block.extend([&[1, 0][..], &entry(0x927C, 7, note.len() as u32, note_at), &[0; 4]].concat());
    block.extend(note);
    if !thumbnail.is_empty() {
        let at = first_end + 2 + 24 + 4;
        block.extend([&[2, 0][..], &entry(0x0201, 4, 1, at), &entry(0x0202, 4, 1, thumbnail.len() as u32)].concat());
        block.extend([&[0; 4], thumbnail].concat());
    }
    block
}

/// The payload of an index of images, each an offset and a size; the first is the one that has the index.
pub(crate) fn mpf(big_endian: bool, images: &[(u32, u32)]) -> Vec<u8> {
    let short = |v: u16| if big_endian { v.to_be_bytes() } else { v.to_le_bytes() };
    let long = |v: u32| if big_endian { v.to_be_bytes() } else { v.to_le_bytes() };
    let entry = |tag, kind, count, value: [u8; 4]| [&short(tag)[..], &short(kind), &long(count), &value].concat();
    let count = images.len() as u32;
    let mut payload = [&b"MPF\0"[..], if big_endian { b"MM\0\x2A" } else { b"II\x2A\0" }, &long(8), &short(3)].concat();
    payload.extend(entry(0xB000, 7, 4, *b"0100"));
    payload.extend(entry(0xB001, 4, 1, long(count)));
    payload.extend(entry(0xB002, 7, 16 * count, long(50)));
    payload.extend(long(0));
    for (i, (offset, bytes)) in images.iter().enumerate() {
        let attributes: u32 = if i == 0 { 0x2003_0000 } else { 0x4001_0001 };
        payload.extend([long(attributes), long(*bytes), long(*offset), [0; 4]].concat());
    }
    payload
}
