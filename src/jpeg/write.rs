//! Coefficients to bytes: headers, then every scan of the script with the tables that fit it best.

use crate::error::{Error, Result};
use crate::jpeg::Coding;
use crate::jpeg::coeff::{BLOCK_BYTES, CoefficientImage};
use crate::jpeg::entropy::token::{SLOTS, Sizes, SlotKind, Tokens, table_of};
use crate::jpeg::entropy::{Band, Tokenise, ac_first, ac_refine, baseline, dc_first, dc_refine};
use crate::jpeg::frame::MAX_COMPONENTS;
use crate::jpeg::huffman::HuffmanTable;
use crate::jpeg::marker::{DHT, DQT, EOI, SOF0, SOF1, SOF2, SOI, SOS};
use crate::jpeg::metadata::{Metadata, Segment};
use crate::jpeg::quant::QuantTable;
use crate::jpeg::scan::{Kind, Scan, script};
use crate::limits::{Cancel, Limits};

/// How a file is laid out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) coding: Coding,
}

/// Writes a whole file.
pub(crate) fn write(
    image: &CoefficientImage,
    metadata: &Metadata<'_>,
    layout: &Layout,
    limits: &Limits,
    cancel: &Cancel,
) -> Result<Vec<u8>> {
    let script = match layout.coding {
        Coding::Progressive => script::progressive(&image.frame),
        Coding::Baseline => script::sequential(&image.frame),
    };
    let slots = quant_slots(image);
    let mut out = vec![0xFF, SOI];
    write_metadata(&metadata.header, &mut out)?;
    write_quant_tables(image, &slots, &mut out)?;
    write_frame(image, &slots, layout.coding, &mut out);
    let mut writer = ScanWriter {
        image,
        limits,
        cancel,
        sizes: Sizes::of_precision(image.frame.precision),
        tokens: Tokens::default(),
    };
    for (i, scan) in script.iter().enumerate() {
        let kind = if layout.coding == Coding::Baseline { Kind::Sequential } else { scan.kind() };
        writer.write(scan, kind, &mut out)?;
        if i == 0 {
            write_metadata(&metadata.late, &mut out)?;
        }
    }
    out.extend([0xFF, EOI]);
    let memory = image.frame.blocks() * BLOCK_BYTES + (out.len() + metadata.trailing.len()) as u64;
    limits.check_memory(memory, "the coefficients and the output")?;
    out.extend_from_slice(metadata.trailing);
    Ok(out)
}

/// The slot of each component's quantisation table: its own where that is free or holds the same, else another.
fn quant_slots(image: &CoefficientImage) -> Vec<u8> {
    let mut held: [Option<&QuantTable>; MAX_COMPONENTS] = [None; MAX_COMPONENTS];
    let components = image.frame.components.iter().zip(&image.tables);
    components
        .map(|(component, table)| {
            let own = component.table;
            // As many slots as components, so one is free or holds the same.
            let slot = std::iter::once(own).chain(0..4).find(|&s| held[usize::from(s)].is_none_or(|t| t == table));
            let slot = slot.unwrap_or(own);
            held[usize::from(slot)] = Some(table);
            slot
        })
        .collect()
}

fn write_metadata(segments: &[Segment<'_>], out: &mut Vec<u8>) -> Result<()> {
    segments.iter().try_for_each(|segment| write_segment(segment.code, &segment.payload, out))
}

/// A marker segment (T.81 B.1.1.4).
fn write_segment(code: u8, payload: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let length = u16::try_from(payload.len() + 2)
        .map_err(|_| Error::usage(format!("a segment of {} bytes is too long for a JPEG", payload.len())))?;
    out.extend([0xFF, code]);
    out.extend(length.to_be_bytes());
    out.extend_from_slice(payload);
    Ok(())
}

/// All quantisation tables in one DQT segment.
fn write_quant_tables(image: &CoefficientImage, slots: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut payload = Vec::new();
    for (i, (table, &slot)) in image.tables.iter().zip(slots).enumerate() {
        if slots[..i].contains(&slot) {
            continue;
        }
        payload.push(u8::from(!table.is_8_bit()) << 4 | slot);
        for entry in table.0 {
            let bytes = entry.to_be_bytes();
            payload.extend_from_slice(if table.is_8_bit() { &bytes[1..] } else { &bytes });
        }
    }
    write_segment(DQT, &payload, out)
}

fn write_frame(image: &CoefficientImage, slots: &[u8], coding: Coding, out: &mut Vec<u8>) {
    let frame = &image.frame;
    let is_baseline = frame.precision == 8 && image.tables.iter().all(QuantTable::is_8_bit);
    let code = match coding {
        Coding::Progressive => SOF2,
        Coding::Baseline if is_baseline => SOF0,
        Coding::Baseline => SOF1,
    };
    out.extend([0xFF, code, 0, 8 + 3 * frame.components.len() as u8, frame.precision]);
    // A frame comes from a header of 16-bit fields or from an encoder that keeps to them.
    out.extend((frame.height as u16).to_be_bytes());
    out.extend((frame.width as u16).to_be_bytes());
    out.push(frame.components.len() as u8);
    for (c, slot) in frame.components.iter().zip(slots) {
        out.extend([c.id, (c.horizontal << 4 | c.vertical) as u8, *slot]);
    }
}

/// Writes the scans of an image, one after the other.
struct ScanWriter<'a> {
    image: &'a CoefficientImage,
    limits: &'a Limits,
    cancel: &'a Cancel,
    sizes: Sizes,
    /// Kept from scan to scan for its memory.
    tokens: Tokens,
}

impl ScanWriter<'_> {
    /// DHT, SOS and the entropy-coded data of a scan.
    fn write(&mut self, scan: &Scan, kind: Kind, out: &mut Vec<u8>) -> Result<()> {
        self.tokens.clear();
        let slots = table_slots(scan);
        let low = u32::from(scan.low);
        let band = Band { start: scan.start.into(), end: scan.end.into(), low };
        let written = out.len();
        let symbols = match kind {
            Kind::Sequential => self.tokenise(scan, baseline::Tokeniser::new(slots), written, SlotKind::Sequential),
            Kind::DcFirst => self.tokenise(scan, dc_first::Tokeniser::new(slots, low), written, SlotKind::Dc),
            Kind::DcRefine => self.tokenise(scan, dc_refine::Tokeniser::new(low), written, SlotKind::Corrections),
            Kind::AcFirst => self.tokenise(scan, ac_first::Tokeniser::new(band), written, SlotKind::Ac),
            Kind::AcRefine => self.tokenise(scan, ac_refine::Tokeniser::new(band), written, SlotKind::Corrections),
        }?;
        let tables = self.tokens.tables(symbols, self.sizes)?;
        write_huffman_tables(&tables, symbols, out)?;
        self.write_header(scan, kind, &slots, &tables, out)?;
        self.tokens.emit(symbols, &tables, out);
        Ok(())
    }

    /// Turns the blocks of a scan into tokens, in the order of its MCUs (T.81 A.2).
    fn tokenise(
        &mut self,
        scan: &Scan,
        mut tokeniser: impl Tokenise,
        written: usize,
        symbols: SlotKind,
    ) -> Result<SlotKind> {
        let Self { image, limits, cancel, tokens, .. } = self;
        let frame = &image.frame;
        let held = frame.blocks() * BLOCK_BYTES + written as u64;
        let check = |tokens: &Tokens| {
            cancel.check()?;
            limits.check_memory(held + tokens.bytes(), "the coefficients, the tokens of a scan and the output")
        };
        if let [component] = scan.components[..] {
            for row in image.planes[component].rows() {
                row.iter().for_each(|block| tokeniser.block(0, block, tokens));
                check(tokens)?;
            }
        } else {
            for y in 0..frame.mcus_high {
                for x in 0..frame.mcus_wide {
                    for (slot, &i) in scan.components.iter().enumerate() {
                        let (c, plane) = (&frame.components[i], &image.planes[i]);
                        for row in y * c.vertical..(y + 1) * c.vertical {
                            for column in x * c.horizontal..(x + 1) * c.horizontal {
                                if row < c.blocks_high && column < c.blocks_wide {
                                    tokeniser.block(slot, &plane.row(row as usize)[column as usize], tokens);
                                } else {
                                    tokeniser.padding(slot, tokens);
                                }
                            }
                        }
                    }
                }
                check(tokens)?;
            }
        }
        tokeniser.finish(tokens);
        Ok(symbols)
    }

    fn write_header(
        &self,
        scan: &Scan,
        kind: Kind,
        slots: &[usize; MAX_COMPONENTS],
        tables: &[Option<HuffmanTable>; SLOTS],
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let (dc, ac) = (|slot| table_of(slot, tables) as u8, |slot| table_of(slot + 2, tables) as u8 - 2);
        let mut payload = vec![scan.components.len() as u8];
        for (&component, &slot) in scan.components.iter().zip(slots) {
            let tables = match kind {
                Kind::Sequential => dc(slot) << 4 | ac(slot),
                Kind::DcFirst => dc(slot) << 4,
                Kind::DcRefine | Kind::AcFirst | Kind::AcRefine => 0,
            };
            payload.extend([self.image.frame.components[component].id, tables]);
        }
        payload.extend([scan.start, scan.end, scan.high << 4 | scan.low]);
        write_segment(SOS, &payload, out)
    }
}

/// The table, 0 or 1, of each component of a scan: chroma shares one, and black goes with luma.
fn table_slots(scan: &Scan) -> [usize; MAX_COMPONENTS] {
    let mut slots = [0; MAX_COMPONENTS];
    for (slot, &component) in slots.iter_mut().zip(&scan.components) {
        *slot = usize::from(matches!(component, 1 | 2));
    }
    slots
}

/// The tables of a scan in one DHT segment; nothing where the scan has no symbols.
fn write_huffman_tables(tables: &[Option<HuffmanTable>; SLOTS], symbols: SlotKind, out: &mut Vec<u8>) -> Result<()> {
    let mut payload = Vec::new();
    for (slot, table) in tables.iter().enumerate().filter_map(|(slot, table)| Some((slot as u8, table.as_ref()?))) {
        let class_and_slot = match symbols {
            SlotKind::Dc => slot,
            SlotKind::Ac | SlotKind::Corrections => 0x10 | slot,
            SlotKind::Sequential => (slot & 2) << 3 | slot & 1,
        };
        payload.push(class_and_slot);
        payload.extend_from_slice(&table.counts);
        payload.extend_from_slice(&table.symbols);
    }
    if payload.is_empty() { Ok(()) } else { write_segment(DHT, &payload, out) }
}
