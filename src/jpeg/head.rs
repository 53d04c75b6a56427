//! The beginning of a file: SOI, its metadata, the quantisation tables and the frame.

use crate::error::Result;
use crate::jpeg::Coding;
use crate::jpeg::frame::{Frame, MAX_COMPONENTS};
use crate::jpeg::marker::{DQT, SOF0, SOF1, SOF2, SOI};
use crate::jpeg::metadata::{Metadata, Segment};
use crate::jpeg::quant::QuantTable;
use crate::jpeg::segment::write_segment;

/// Bytes of SOI, of DQT with four tables, and of SOF with four components.
const MOST_HEADERS: usize = 2 + (4 + 4 * 129) + (4 + 6 + 4 * 3);

/// What comes before the first scan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    pub(crate) frame: &'a Frame,
    /// A quantisation table for each component.
    pub(crate) tables: &'a [QuantTable],
    pub(crate) coding: Coding,
    pub(crate) metadata: &'a Metadata<'a>,
}

impl Head<'_> {
    /// Bytes at most, with those of the segments that come behind the first scan.
    pub(crate) fn bytes(&self) -> usize {
        Segment::bytes(&self.metadata.header) + Segment::bytes(&self.metadata.late) + MOST_HEADERS
    }

    /// # Errors
    /// `Usage` where a segment is too long.
    pub(crate) fn write(&self, out: &mut Vec<u8>) -> Result<()> {
        let slots = quant_slots(self.frame, self.tables);
        out.extend([0xFF, SOI]);
        self.metadata.header.iter().try_for_each(|segment| segment.write(out))?;
        write_quant_tables(self.tables, &slots, out)?;
        self.write_frame(&slots, out);
        Ok(())
    }

    fn write_frame(&self, slots: &[u8], out: &mut Vec<u8>) {
        let Self { frame, tables, coding, .. } = *self;
        let is_baseline = frame.precision == 8 && tables.iter().all(QuantTable::is_8_bit);
        let code = match coding {
            Coding::Baseline if is_baseline => SOF0,
            Coding::Baseline => SOF1,
            _ => SOF2,
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
}

/// The slot of each component's quantisation table: its own where that is free or holds the same, else another.
fn quant_slots(frame: &Frame, tables: &[QuantTable]) -> Vec<u8> {
    let mut held: [Option<&QuantTable>; MAX_COMPONENTS] = [None; MAX_COMPONENTS];
    let components = frame.components.iter().zip(tables);
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

/// All quantisation tables in one DQT segment.
fn write_quant_tables(tables: &[QuantTable], slots: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut payload = Vec::new();
    for (i, (table, &slot)) in tables.iter().zip(slots).enumerate() {
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
