//! The scans of a file, tokenised together: all scans of a component take each group of its blocks, all scans of the
//! picture each of its MCU rows, while they are in cache. Then each scan is written with the tables that fit it best.

use crate::error::Result;
use crate::jpeg::Coding;
use crate::jpeg::coeff::{BLOCK_BYTES, Block};
use crate::jpeg::entropy::emit::emit;
use crate::jpeg::entropy::planes::{AcKernels, GROUP, Planes, Wanted};
use crate::jpeg::entropy::token::{SLOTS, Sizes, SlotKind, Store, Tokens, table_of};
use crate::jpeg::entropy::{Band, Tokenise, ac_first, ac_refine, baseline, dc_first, dc_refine};
use crate::jpeg::frame::{Frame, MAX_COMPONENTS};
use crate::jpeg::huffman::HuffmanTable;
use crate::jpeg::marker::{DHT, SOS};
use crate::jpeg::rows::{McuRow, Rows};
use crate::jpeg::scan::{Kind, Scan};
use crate::jpeg::write::{Work, write_segment};

/// The tokens of a batch take at most this part of the memory of the coefficients, or what is always allowed, where
/// there is more than one scan to choose from.
const TOKENS_SHARE: u64 = 4;
const TOKENS_ALWAYS: u64 = 1 << 20;
/// Bytes of DHT and SOS without the tables, and of what stuffing varies by in a small scan.
const HEADERS: usize = 64;
/// MCU rows, of 1 in so many, after which the tokens of the whole picture are foreseen from those that there are.
const FORESIGHT: u32 = 16;

/// The first of the scans that are left, as many as their tokens have memory.
pub(crate) struct Batch<'a> {
    frame: &'a Frame,
    parts: Vec<Part<'a>>,
    /// What the scans of each component look at.
    wanted: Vec<Wanted>,
    planes: Box<Planes>,
    store: Store,
}

/// A scan that is ready to be written.
pub(crate) struct Ready<'a> {
    scan: &'a Scan,
    kind: Kind,
    tokens: Tokens,
    tables: [Option<HuffmanTable>; SLOTS],
    /// Of its data without stuffing.
    bits: u64,
}

/// A scan on its way.
struct Part<'a> {
    scan: &'a Scan,
    kind: Kind,
    tokeniser: Tokeniser,
    tokens: Tokens,
}

#[derive(Debug)]
enum Tokeniser {
    Sequential(baseline::Tokeniser),
    DcFirst(dc_first::Tokeniser),
    DcRefine(dc_refine::Tokeniser),
    AcFirst(ac_first::Tokeniser),
    AcRefine(ac_refine::Tokeniser),
}

impl<'a> Batch<'a> {
    pub(crate) fn new(frame: &'a Frame, scans: &'a [Scan], coding: Coding) -> Self {
        let mut wanted = vec![Wanted::default(); frame.components.len()];
        let parts = scans.iter().map(|scan| Part::new(scan, coding, &mut wanted)).collect();
        Self { frame, parts, wanted, planes: Box::new(Planes::new()), store: Store::default() }
    }

    /// Turns the picture into the tokens of its scans. Those at the end whose tokens would take too much memory are
    /// left to another batch. `written` bytes of output are there already.
    pub(crate) fn tokenise(
        &mut self,
        kernels: impl AcKernels,
        rows: &mut Rows<'_>,
        Work { threads, limits, cancel }: Work<'_>,
        written: usize,
    ) -> Result<()> {
        let frame = self.frame;
        let held = rows.bytes(threads);
        let image = frame.blocks() * BLOCK_BYTES;
        let budget = TOKENS_ALWAYS.max(if rows.are_held() { image / TOKENS_SHARE } else { image });
        rows.for_each(frame, threads, |y, row| {
            cancel.check()?;
            kernels.run(
                #[inline(always)]
                || self.mcu_row(kernels, row, y),
            );
            let own: u64 = self.parts.iter().map(|part| part.tokens.own_bytes()).sum();
            let memory = held + self.store.bytes() + own + written as u64;
            limits.check_memory(memory, "the coefficients, the tokens of scans and the output")?;
            let mut bytes: u64 = self.parts.iter().map(|part| part.tokens.bytes()).sum();
            let foreseen = y >= frame.mcus_high / FORESIGHT;
            let rows = u64::from(if foreseen { frame.mcus_high } else { y + 1 });
            while bytes * rows > budget * u64::from(y + 1) && self.parts.len() > 1 {
                bytes -= self.parts.pop().map_or(0, |part| part.tokens.bytes());
            }
            if y == frame.mcus_high / FORESIGHT {
                // Rows differ: an eighth more, before the memory has to move.
                let to_come = bytes / u64::from(y + 1) * (rows - u64::from(y + 1));
                self.store.reserve(self.store.bytes() + to_come / 8 * 9);
            }
            Ok(())
        })?;
        self.parts.iter_mut().for_each(|part| part.finish(&mut self.store));
        Ok(())
    }

    /// The scans with their tables, and the tokens of all of them.
    ///
    /// # Errors
    /// Where a coefficient is too large for the coding process.
    pub(crate) fn into_scans(self) -> Result<(Vec<Ready<'a>>, Store)> {
        let sizes = Sizes::of_precision(self.frame.precision);
        let ready = |part: Part<'a>| {
            let (tables, bits) = part.tokens.tables(sizes)?;
            Ok(Ready { scan: part.scan, kind: part.kind, tokens: part.tokens, tables, bits })
        };
        Ok((self.parts.into_iter().map(ready).collect::<Result<_>>()?, self.store))
    }

    /// An MCU row of all scans. Scans of one component take its blocks in raster order, so they may have as many rows
    /// of them as an MCU of all components has (T.81 A.2.2).
    #[inline(always)]
    fn mcu_row(&mut self, kernels: impl AcKernels, rows: McuRow<'_>, y: u32) {
        let Self { frame, parts, wanted, planes, store } = self;
        for (i, component) in frame.components.iter().enumerate() {
            for row in y * component.vertical..((y + 1) * component.vertical).min(component.blocks_high) {
                for blocks in rows.row(i, row).chunks(GROUP) {
                    planes.fill(kernels, blocks, wanted[i]);
                    for part in parts.iter_mut().filter(|part| part.scan.components == [i]) {
                        part.group(kernels, blocks, planes);
                        part.tokens.settle(store);
                    }
                }
            }
        }
        for part in parts.iter_mut().filter(|part| part.scan.components.len() > 1) {
            part.mcus(frame, rows, y, store);
        }
    }
}

impl<'a> Part<'a> {
    /// Adds what the scan looks at to what is `wanted` of each component.
    fn new(scan: &'a Scan, coding: Coding, wanted: &mut [Wanted]) -> Self {
        let kind = if coding == Coding::Baseline { Kind::Sequential } else { scan.kind() };
        let low = u32::from(scan.low);
        let band = Band { start: scan.start.into(), end: scan.end.into(), low };
        let slots = table_slots(scan);
        let (tokeniser, symbols) = match kind {
            Kind::Sequential => (Tokeniser::Sequential(baseline::Tokeniser::new(slots)), SlotKind::Sequential),
            Kind::DcFirst => (Tokeniser::DcFirst(dc_first::Tokeniser::new(slots, low)), SlotKind::Dc),
            Kind::DcRefine => (Tokeniser::DcRefine(dc_refine::Tokeniser::new(low)), SlotKind::Corrections),
            Kind::AcFirst => {
                wanted[scan.components[0]].first(scan.low);
                (Tokeniser::AcFirst(ac_first::Tokeniser::new(band)), SlotKind::Ac)
            }
            Kind::AcRefine => {
                wanted[scan.components[0]].refinement(scan.low);
                (Tokeniser::AcRefine(ac_refine::Tokeniser::new(band)), SlotKind::Corrections)
            }
        };
        Self { scan, kind, tokeniser, tokens: Tokens::new(symbols) }
    }

    /// Some blocks of a row of the only component of the scan.
    #[inline(always)]
    fn group(&mut self, kernels: impl AcKernels, blocks: &[Block], planes: &Planes) {
        let tokens = &mut self.tokens;
        match &mut self.tokeniser {
            Tokeniser::Sequential(t) => blocks.iter().for_each(|block| t.block(0, block, tokens)),
            Tokeniser::DcFirst(t) => blocks.iter().for_each(|block| t.block(0, block, tokens)),
            Tokeniser::DcRefine(t) => blocks.iter().for_each(|block| t.block(0, block, tokens)),
            Tokeniser::AcFirst(t) => t.group(kernels, blocks, planes, tokens),
            Tokeniser::AcRefine(t) => t.group(kernels, blocks.len(), planes, tokens),
        }
    }

    /// A row of MCUs of an interleaved scan.
    #[inline(always)]
    fn mcus(&mut self, frame: &Frame, rows: McuRow<'_>, y: u32, store: &mut Store) {
        let (scan, tokens) = (self.scan, &mut self.tokens);
        match &mut self.tokeniser {
            Tokeniser::Sequential(t) => interleave(frame, rows, scan, y, t, tokens, store),
            Tokeniser::DcFirst(t) => interleave(frame, rows, scan, y, t, tokens, store),
            Tokeniser::DcRefine(t) => interleave(frame, rows, scan, y, t, tokens, store),
            // Scans of AC coefficients have one component.
            Tokeniser::AcFirst(_) | Tokeniser::AcRefine(_) => {}
        }
    }

    fn finish(&mut self, store: &mut Store) {
        match &mut self.tokeniser {
            Tokeniser::AcFirst(t) => t.finish(&mut self.tokens),
            Tokeniser::AcRefine(t) => t.finish(&mut self.tokens),
            _ => {}
        }
        self.tokens.settle_all(store);
    }
}

impl Ready<'_> {
    /// Bytes that the scan will have, all but exactly: one byte in 256 takes another for stuffing, as bits are.
    pub(crate) fn bytes(&self) -> usize {
        let tables: usize = self.tables.iter().flatten().map(HuffmanTable::segment_bytes).sum();
        let data = self.bits / 8;
        (data + data / 128) as usize + tables + HEADERS
    }

    /// DHT, SOS and the entropy-coded data of the scan.
    pub(crate) fn write(self, kernels: impl AcKernels, frame: &Frame, store: &Store, out: &mut Vec<u8>) -> Result<()> {
        write_huffman_tables(&self.tables, self.tokens.kind(), out)?;
        self.write_header(frame, out)?;
        emit(kernels, self.tokens, store, &self.tables, out);
        Ok(())
    }

    fn write_header(&self, frame: &Frame, out: &mut Vec<u8>) -> Result<()> {
        let (scan, tables) = (self.scan, &self.tables);
        let (dc, ac) = (|slot| table_of(slot, tables) as u8, |slot| table_of(slot + 2, tables) as u8 - 2);
        let mut payload = vec![scan.components.len() as u8];
        for (&component, slot) in scan.components.iter().zip(table_slots(scan)) {
            let tables = match self.kind {
                Kind::Sequential => dc(slot) << 4 | ac(slot),
                Kind::DcFirst => dc(slot) << 4,
                Kind::DcRefine | Kind::AcFirst | Kind::AcRefine => 0,
            };
            payload.extend([frame.components[component].id, tables]);
        }
        payload.extend([scan.start, scan.end, scan.high << 4 | scan.low]);
        write_segment(SOS, &payload, out)
    }
}

/// The blocks of a row of MCUs in their order (T.81 A.2.3).
#[inline(always)]
fn interleave(
    frame: &Frame,
    rows: McuRow<'_>,
    scan: &Scan,
    y: u32,
    tokeniser: &mut impl Tokenise,
    tokens: &mut Tokens,
    store: &mut Store,
) {
    for x in 0..frame.mcus_wide {
        for (slot, &i) in scan.components.iter().enumerate() {
            let c = &frame.components[i];
            for row in y * c.vertical..(y + 1) * c.vertical {
                let blocks = if row < c.blocks_high { rows.row(i, row) } else { &[] };
                for column in x * c.horizontal..(x + 1) * c.horizontal {
                    match blocks.get(column as usize) {
                        Some(block) => tokeniser.block(slot, block, tokens),
                        None => tokeniser.padding(slot, tokens),
                    }
                }
            }
        }
        tokens.settle(store);
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
