//! TIFF, as far as Exif and MPF have it: directories of entries that point into one block. Whatever a block claims,
//! what lies outside of it is not there.

use std::ops::Range;

/// A block, which begins with its byte order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tiff<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

/// A directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Directory<'a> {
    tiff: Tiff<'a>,
    at: usize,
    entries: usize,
}

/// An entry of a directory.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) tag: u16,
    /// Of the values: 3 is SHORT, 4 is LONG.
    kind: u16,
    count: u32,
    /// Where the values lie in the block.
    pub(super) values: Range<usize>,
}

impl<'a> Tiff<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
        let big_endian = match bytes.get(..4)? {
            b"MM\0\x2A" => true,
            b"II\x2A\0" => false,
            _ => return None,
        };
        Some(Self { bytes, big_endian })
    }

    pub(super) fn u16(self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    pub(super) fn u32(self, at: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// A number in the byte order of the block.
    pub(super) fn long(self, value: u32) -> [u8; 4] {
        if self.big_endian { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    /// The first directory.
    pub(super) fn first(self) -> Option<Directory<'a>> {
        self.directory(self.u32(4)?)
    }

    pub(super) fn directory(self, at: u32) -> Option<Directory<'a>> {
        let at = at as usize;
        let entries = self.u16(at)?.into();
        let directory = Directory { tiff: self, at, entries };
        (directory.table().end <= self.bytes.len()).then_some(directory)
    }

    /// The numbers of an entry, SHORT or LONG; none of other kinds.
    pub(super) fn numbers(self, entry: &Entry) -> impl Iterator<Item = u32> + use<'a> {
        let step = match entry.kind {
            3 => 2,
            4 => 4,
            _ => 0,
        };
        let (start, count) = (entry.values.start, if step == 0 { 0 } else { entry.count as usize });
        (0..count).map_while(move |i| {
            let at = start + i * step;
            if step == 2 { self.u16(at).map(u32::from) } else { self.u32(at) }
        })
    }
}

impl Directory<'_> {
    /// Where the directory itself lies, without the link to the next one.
    pub(super) fn table(&self) -> Range<usize> {
        self.at..self.at + 2 + 12 * self.entries
    }

    /// Where it tells the offset of the next directory.
    pub(super) fn link(&self) -> usize {
        self.table().end
    }

    /// The entries whose values lie in the block.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> {
        let tiff = self.tiff;
        (0..self.entries).map(|i| self.at + 2 + 12 * i).filter_map(move |at| {
            let (tag, kind, count) = (tiff.u16(at)?, tiff.u16(at + 2)?, tiff.u32(at + 4)?);
            let size = match kind {
                1 | 2 | 6 | 7 => 1,
                3 | 8 => 2,
                4 | 9 | 11 | 13 => 4,
                5 | 10 | 12 => 8,
                _ => return None,
            };
            let bytes = usize::try_from(u64::from(count) * size).ok()?;
            let start = if bytes <= 4 { at + 8 } else { tiff.u32(at + 8)? as usize };
            let values = start..start.checked_add(bytes)?;
            (values.end <= tiff.bytes.len()).then_some(Entry { tag, kind, count, values })
        })
    }

    pub(super) fn entry(&self, tag: u16) -> Option<Entry> {
        self.entries().find(|entry| entry.tag == tag)
    }

    /// The first number of an entry.
    pub(super) fn number(&self, tag: u16) -> Option<u32> {
        self.tiff.numbers(&self.entry(tag)?).next()
    }
}
