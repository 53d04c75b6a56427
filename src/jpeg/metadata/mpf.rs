//! Multi-picture files (CIPA DC-007): an index in an APP2 segment tells where the further images lie, which follow the
//! first. It counts from within itself, so that every byte that the first image gains or loses moves them.

use std::ops::Range;

use super::MPF;
use super::tiff::Tiff;
use crate::jpeg::marker::SOS;
use crate::jpeg::metadata::kind;
use crate::jpeg::parse::Segments;

const ENTRIES: u16 = 0xB002;
const ENTRY_BYTES: usize = 16;

/// The index of a file.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    /// What offsets count from: a place in the file.
    base: usize,
    entries: Vec<Entry>,
}

/// An image as the index describes it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Where the entry stands in the file.
    at: usize,
    /// Attributes: flags, and in the lower 24 bits what kind of image it is.
    pub(crate) attributes: u32,
    bytes: u32,
    /// From the base; 0 stands for the first image.
    offset: u32,
}

impl Index {
    /// The index of a file, from the segments before its first scan. Nothing where there is none, or none that can be
    /// read.
    pub(crate) fn of(file: &[u8]) -> Option<Self> {
        let mut segments = Segments::new(file).ok()?;
        let segment = loop {
            let segment = segments.next().ok().filter(|segment| segment.code != SOS)?;
            if kind(segment.code, segment.payload) == "MPF" {
                break segment;
            }
        };
        let tiff = Tiff::new(&segment.payload[MPF.len()..])?;
        let base = segment.offset + 4 + MPF.len();
        let values = tiff.first()?.entry(ENTRIES)?.values;
        let starts = values.clone().step_by(ENTRY_BYTES).take(values.len() / ENTRY_BYTES);
        let entries = starts.map_while(|at| {
            let [attributes, bytes, offset] = [tiff.u32(at)?, tiff.u32(at + 4)?, tiff.u32(at + 8)?];
            Some(Entry { at: base + at, attributes, bytes, offset })
        });
        Some(Self { base, entries: entries.collect() })
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Where an image lies in the file, if the index is right.
    pub(crate) fn range(&self, entry: &Entry) -> Range<u64> {
        let start = if entry.offset == 0 { 0 } else { self.base as u64 + u64::from(entry.offset) };
        start..start + u64::from(entry.bytes)
    }

    /// The bytes behind `end`, where the first image ends, that none of the images takes up, without what pads those:
    /// zeros, or fill bytes, and nothing else.
    pub(crate) fn leftover<'a>(&self, file: &'a [u8], end: usize) -> impl Iterator<Item = &'a [u8]> {
        let clip = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).clamp(end, file.len());
        let mut ranges: Vec<_> =
            self.entries.iter().map(|e| self.range(e)).map(|r| clip(r.start)..clip(r.end)).collect();
        ranges.retain(|range| !range.is_empty());
        ranges.sort_unstable_by_key(|range| range.start);
        let pads = !ranges.is_empty();
        ranges.push(file.len()..file.len());
        let mut at = end;
        ranges.into_iter().filter_map(move |range| {
            let between = file.get(at..range.start).unwrap_or_default();
            at = at.max(range.end);
            let is_left = !pads || between.iter().any(|byte| !matches!(byte, 0 | 0xFF));
            is_left.then_some(between)
        })
    }

    /// Puts the index of `file` right, whose first image ends at `end` and had its end at `old_end` when `self` was its
    /// index. Entries that pointed nowhere behind it keep what they say.
    pub(crate) fn follow(&self, file: &mut [u8], end: usize, old_end: usize) {
        let Some(new) = Self::of(&file[..end]) else { return };
        // The same index in another place.
        let Some(tiff) = Tiff::new(&file[new.base..end]) else { return };
        let moved = (end as i64 - new.base as i64) - (old_end as i64 - self.base as i64);
        let edits: Vec<_> = new
            .entries
            .iter()
            .filter_map(|entry| {
                if entry.offset == 0 {
                    return Some((entry.at + 4, tiff.long(u32::try_from(end).ok()?)));
                }
                let behind = self.base as u64 + u64::from(entry.offset) >= old_end as u64;
                let offset = u32::try_from(i64::from(entry.offset) + moved).ok()?;
                behind.then(|| (entry.at + 8, tiff.long(offset)))
            })
            .collect();
        for (at, number) in edits {
            file[at..at + 4].copy_from_slice(&number);
        }
    }
}
