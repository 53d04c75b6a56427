//! The tables that a file defines, and the images that its index names.

use crate::error::Result;
use crate::jpeg::coeff::ZIGZAG;
use crate::jpeg::metadata::mpf::Index;
use crate::jpeg::parse::{self, HuffmanDefinition, Segment};
use crate::jpeg::quant::QuantTable;
use crate::limits::{Limits, push};

/// A quantisation table as it is defined.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QuantTableInfo {
    /// 0 to 3.
    pub slot: u8,
    /// 8 or 16 bits an entry: what the entries need.
    pub bits: u8,
    /// Row by row, from the top left.
    pub values: [u16; 64],
    /// Offset of its DQT marker.
    pub offset: u64,
}

/// A Huffman table as it is defined.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HuffmanTableInfo {
    /// `DC` or `AC`.
    pub class: &'static str,
    /// 0 to 3.
    pub slot: u8,
    /// How many codes it has.
    pub codes: u16,
    /// Bits of the longest.
    pub longest: u8,
    /// Offset of its DHT marker.
    pub offset: u64,
}

/// An image of a multi-picture file, as its index describes it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ImageInfo {
    /// `primary`, `preview`, `panorama`, `disparity`, `multi-angle` or `gain map`; `other` where it is none of them.
    pub kind: &'static str,
    /// Where it begins.
    pub offset: u64,
    /// Bytes that it takes up.
    pub bytes: u64,
    /// Whether a JPEG begins there and the file does not end before it.
    pub present: bool,
}

/// What the DQT and DHT segments so far have defined.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) quant: [Option<QuantTable>; 4],
    pub(super) quant_defined: Vec<QuantTableInfo>,
    pub(super) huffman_defined: Vec<HuffmanTableInfo>,
}

impl Tables {
    /// DQT. Of a malformed segment, what comes before the fault: a reader will say what is wrong with it.
    pub(super) fn define_quant(&mut self, segment: &Segment<'_>, limits: &Limits) -> Result<()> {
        for (slot, table) in parse::quant_tables(segment).map_while(Result::ok) {
            let mut values = [0; 64];
            ZIGZAG.iter().zip(table.0).for_each(|(&natural, entry)| values[usize::from(natural)] = entry);
            let bits = if table.is_8_bit() { 8 } else { 16 };
            let info = QuantTableInfo { slot, bits, values, offset: segment.offset as u64 };
            push(&mut self.quant_defined, info, limits)?;
            self.quant[usize::from(slot)] = Some(table);
        }
        Ok(())
    }

    /// DHT, likewise.
    pub(super) fn define_huffman(&mut self, segment: &Segment<'_>, limits: &Limits) -> Result<()> {
        for HuffmanDefinition { is_dc, slot, table } in parse::huffman_tables(segment).map_while(Result::ok) {
            let Ok(table) = table else { continue };
            let longest = (1..).zip(table.counts).filter(|(_, count)| *count > 0).map(|(bits, _)| bits).max();
            let info = HuffmanTableInfo {
                class: if is_dc { "DC" } else { "AC" },
                slot,
                codes: table.symbols.len() as u16,
                longest: longest.unwrap_or(0),
                offset: segment.offset as u64,
            };
            push(&mut self.huffman_defined, info, limits)?;
        }
        Ok(())
    }
}

/// The images that the index of a file names.
pub(super) fn images(source: &[u8]) -> Vec<ImageInfo> {
    let Some(index) = Index::of(source) else { return Vec::new() };
    let images = index.entries().iter().map(|entry| {
        let range = index.range(entry);
        let start = usize::try_from(range.start).ok().and_then(|start| source.get(start..));
        let kind = match entry.attributes & 0x00FF_FFFF {
            0x03_0000 => "primary",
            0x01_0001..=0x01_FFFF => "preview",
            0x02_0001 => "panorama",
            0x02_0002 => "disparity",
            0x02_0003 => "multi-angle",
            0x05_0000 => "gain map",
            _ => "other",
        };
        ImageInfo {
            kind,
            offset: range.start,
            bytes: range.end - range.start,
            present: start.is_some_and(|s| s.starts_with(&[0xFF, 0xD8])) && range.end <= source.len() as u64,
        }
    });
    images.collect()
}
