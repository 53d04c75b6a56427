//! Exif blocks (CIPA DC-008): the orientation, and a block without its thumbnail.

use std::ops::Range;

use super::tiff::{Directory, Tiff};

const ORIENTATION: u16 = 0x0112;
const STRIP_OFFSETS: u16 = 0x0111;
const STRIP_BYTES: u16 = 0x0117;
const SUB_DIRECTORIES: [u16; 4] = [0x014A, EXIF, 0x8825, 0xA005];
const EXIF: u16 = 0x8769;
const THUMBNAIL_OFFSET: u16 = 0x0201;
const THUMBNAIL_BYTES: u16 = 0x0202;

/// How the picture is to be turned, 1 to 8, where the block says so.
pub(super) fn orientation(block: &[u8]) -> Option<u8> {
    let value = Tiff::new(block)?.first()?.number(ORIENTATION)?;
    u8::try_from(value).ok().filter(|value| (1..=8).contains(value))
}

/// A block that tells an orientation and nothing else.
pub(super) fn of_orientation(orientation: u8) -> [u8; 26] {
    let mut block = *b"MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0";
    block[19] = orientation;
    block
}

/// The block without its thumbnail: the directory that describes it and its data; `None` where it has none.
///
/// Nothing else moves, because maker notes point to places that nobody else knows of: what ends the block is cut off,
/// what stands in the midst of it becomes zeros, and what something else points to as well stays.
pub(super) fn without_thumbnail(block: &[u8]) -> Option<Vec<u8>> {
    let tiff = Tiff::new(block)?;
    let primary = tiff.first()?;
    let link = primary.link();
    let at = tiff.u32(link).filter(|&at| at != 0)?;
    let mut left = block.to_vec();
    left[link..link + 4].fill(0);
    let Some(thumbnail) = tiff.directory(at) else { return Some(left) };

    let mut others = vec![0..8, link..link + 4];
    add_tree(tiff, &primary, &mut others);
    let others = merged(others);
    let is_free = |range: &Range<usize>| {
        let next = others.partition_point(|other| other.end <= range.start);
        others.get(next).is_none_or(|other| range.end <= other.start)
    };
    let mut theirs: Vec<_> = thumbnail.entries().map(|entry| entry.values).collect();
    theirs.push(thumbnail.table().start..(thumbnail.link() + 4).min(block.len()));
    theirs.extend(data(tiff, &thumbnail, block.len()));
    theirs.retain(|range| !range.is_empty() && is_free(range));
    let theirs = merged(theirs);
    for range in &theirs {
        left[range.clone()].fill(0);
    }
    for range in theirs.iter().rev() {
        let gap = range.end..left.len();
        if left[gap.clone()].iter().any(|&byte| byte != 0) || !gap.is_empty() && !is_free(&gap) {
            break;
        }
        left.truncate(range.start);
    }
    Some(left)
}

/// Where the data of a thumbnail lies, compressed or not.
fn data(tiff: Tiff<'_>, thumbnail: &Directory<'_>, len: usize) -> Vec<Range<usize>> {
    let numbers = |tag| thumbnail.entry(tag).map(|entry| tiff.numbers(&entry)).into_iter().flatten();
    let pairs = numbers(THUMBNAIL_OFFSET).zip(numbers(THUMBNAIL_BYTES));
    let strips = numbers(STRIP_OFFSETS).zip(numbers(STRIP_BYTES));
    let ranges = pairs.chain(strips).map(|(at, bytes)| (at as usize).min(len)..(at as usize + bytes as usize).min(len));
    ranges.collect()
}

/// What a directory and those below it take up. Exif is three deep; deeper ones would be a loop.
fn add_tree(tiff: Tiff<'_>, root: &Directory<'_>, taken: &mut Vec<Range<usize>>) {
    let mut level = vec![*root];
    for _ in 0..3 {
        let mut below = Vec::new();
        for directory in level {
            taken.push(directory.table());
            for entry in directory.entries() {
                if SUB_DIRECTORIES.contains(&entry.tag) && below.len() < SUB_DIRECTORIES.len() {
                    below.extend(tiff.numbers(&entry).take(SUB_DIRECTORIES.len()).filter_map(|at| tiff.directory(at)));
                }
                taken.push(entry.values);
            }
        }
        level = below;
    }
}

/// The ranges in their order, those that touch as one.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    ranges.dedup_by(|next, last| {
        let touches = next.start <= last.end;
        if touches {
            last.end = last.end.max(next.end);
        }
        touches
    });
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Little-endian: an orientation, an Exif directory with a comment, and a thumbnail of 20 bytes whose directory
    /// lies at 64. `tail` follows.
    fn block(tail: &[u8]) -> Vec<u8> {
        let mut block = b"II\x2A\0\x08\0\0\0".to_vec();
        let entry = |tag: u16, kind: u16, count: u32, value: u32| {
            [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
        };
        block.extend(
            [&[2, 0][..], &entry(ORIENTATION, 3, 1, 6), &entry(EXIF, 4, 1, 38), &64_u32.to_le_bytes()].concat(),
        );
        block.extend([&[1, 0][..], &entry(0x927C, 7, 8, 56), &[0; 4]].concat());
        block.extend(b"a secret");
        let thumbnail = [entry(THUMBNAIL_OFFSET, 4, 1, 94), entry(THUMBNAIL_BYTES, 4, 1, 20)].concat();
        block.extend([&[2, 0][..], &thumbnail, &[0; 4], &[0xD8; 20]].concat());
        block.extend(tail);
        block
    }

    #[test]
    fn a_thumbnail_at_the_end_is_cut_off() {
        let block = block(&[]);
        let left = without_thumbnail(&block).unwrap();
        assert_eq!((left.len(), orientation(&left)), (64, Some(6)));
        assert_eq!((&left[..34], &left[34..38], &left[38..]), (&block[..34], &[0; 4][..], &block[38..64]));
        assert_eq!(without_thumbnail(&left), None);
    }

    #[test]
    fn a_thumbnail_in_the_midst_is_blanked() {
        let block = block(b"what a maker note points to");
        let left = without_thumbnail(&block).unwrap();
        assert_eq!(left.len(), block.len());
        assert_eq!((&left[38..64], &left[64..114], &left[114..]), (&block[38..64], &[0; 50][..], &block[114..]));
        assert_eq!(without_thumbnail(&[&block[..114], &[0; 9]].concat()).unwrap().len(), 64);
    }

    #[test]
    fn what_something_else_points_to_stays() {
        // The data of the thumbnail is the maker note.
        let mut block = block(&[]);
        block[64 + 10..][..4].copy_from_slice(&50_u32.to_le_bytes());
        let left = without_thumbnail(&block).unwrap();
        assert_eq!((&left[56..64], orientation(&left)), (&b"a secret"[..], Some(6)));
        // Its directory is the first one.
        block[34..38].copy_from_slice(&8_u32.to_le_bytes());
        assert_eq!(orientation(&without_thumbnail(&block).unwrap()), Some(6));
    }

    #[test]
    fn no_claim_of_a_block_is_believed() {
        let block = block(b"more");
        for cut in 0..block.len() {
            without_thumbnail(&block[..cut]);
            orientation(&block[..cut]);
        }
        for (at, wrong) in (0..block.len()).flat_map(|at| [0, 1, 8, 64, 0x7F, 0xFF].map(|wrong| (at, wrong))) {
            let mut hostile = block.clone();
            hostile[at] = wrong;
            let left = without_thumbnail(&hostile).unwrap_or_default();
            assert!(left.len() <= block.len());
            // Link and thumbnail apart, what is left is what was.
            let same = left.iter().zip(&hostile).filter(|(a, b)| a == b || **a == 0).count();
            assert_eq!(same, left.len(), "byte {at} is {wrong}");
        }
    }

    #[test]
    fn an_orientation_of_its_own() {
        for value in 1..=8 {
            assert_eq!(orientation(&of_orientation(value)), Some(value));
        }
        assert_eq!(orientation(&of_orientation(0)), None);
        assert_eq!(orientation(&of_orientation(9)), None);
    }
}
