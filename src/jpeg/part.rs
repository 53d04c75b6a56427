//! A scan on its way: it turns what it looks at of each block into tokens, and is then written with the tables that fit
//! them best.

pub(crate) mod bytes;
pub(crate) mod dc;

use std::borrow::Cow;
use std::sync::Arc;

use crate::error::Result;
use crate::jpeg::Coding;
use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::complete::Complete;
use crate::jpeg::entropy::emit::emit;
use crate::jpeg::entropy::group::Group;
use crate::jpeg::entropy::planes::{AcKernels, GROUP, Planes, Wanted};
use crate::jpeg::entropy::run::Run;
use crate::jpeg::entropy::store::Store;
use crate::jpeg::entropy::token::{SLOTS, Sizes, SlotKind, Tokens, table_of};
use crate::jpeg::entropy::{Band, ac_first, ac_refine, baseline, dc_first, dc_refine};
use crate::jpeg::frame::{Frame, MAX_COMPONENTS, MAX_MCU_BLOCKS};
use crate::jpeg::huffman::HuffmanTable;
use crate::jpeg::marker::{DHT, SOS};
use crate::jpeg::restart::{Countdown, Interval, MARKER};
use crate::jpeg::rows::McuRow;
use crate::jpeg::scan::size::{self, STUFFED, sos};
use crate::jpeg::scan::{Kind, Scan};
use crate::jpeg::segment::write_segment;

/// Bytes of DHT, DRI and SOS at most without the tables, and of what stuffing varies by in a small scan.
const HEADERS: usize = 64;
/// Bytes of a restart marker and of the padding before it at most.
const RESTART: usize = 3;

/// A scan on its way.
pub(crate) struct Part<'a> {
    /// Among those of the batch.
    pub(crate) number: usize,
    pub(crate) scan: Cow<'a, Scan>,
    interval: Interval,
    /// MCUs to the end of the interval.
    countdown: Countdown,
    kind: Kind,
    tokeniser: Tokeniser,
    pub(crate) tokens: Tokens,
}

#[derive(Debug)]
enum Tokeniser {
    Sequential(baseline::Tokeniser),
    DcFirst(dc_first::Tokeniser),
    DcRefine(dc_refine::Tokeniser),
    AcFirst(ac_first::Tokeniser),
    AcRefine(ac_refine::Tokeniser),
}

/// A scan that is ready to be written.
pub(crate) struct Ready<'a> {
    scan: Cow<'a, Scan>,
    pub(crate) interval: Interval,
    kind: Kind,
    symbols: SlotKind,
    tables: [Option<HuffmanTable>; SLOTS],
    data: Data,
}

/// The entropy-coded data of a scan.
enum Data {
    /// Still to be written, in so many bits without stuffing.
    Tokens(Arc<Complete>, u64),
    Bytes(Vec<u8>),
}

impl<'a> Part<'a> {
    pub(crate) fn new(number: usize, scan: Cow<'a, Scan>, interval: Interval, coding: Coding) -> Self {
        let kind = if coding == Coding::Baseline { Kind::Sequential } else { scan.kind() };
        let low = u32::from(scan.low);
        let band = Band { start: scan.start.into(), end: scan.end.into(), low };
        let slots = table_slots(&scan);
        let (tokeniser, symbols) = match kind {
            Kind::Sequential => (Tokeniser::Sequential(baseline::Tokeniser::new(slots)), SlotKind::Sequential),
            Kind::DcFirst => (Tokeniser::DcFirst(dc_first::Tokeniser::new(slots, low)), SlotKind::Dc),
            Kind::DcRefine => (Tokeniser::DcRefine(dc_refine::Tokeniser::new(low)), SlotKind::Corrections),
            Kind::AcFirst => (Tokeniser::AcFirst(ac_first::Tokeniser::new(band)), SlotKind::Ac),
            Kind::AcRefine => (Tokeniser::AcRefine(ac_refine::Tokeniser::new(band)), SlotKind::Corrections),
        };
        let countdown = Countdown::new(interval, 0);
        Self { number, scan, interval, countdown, kind, tokeniser, tokens: Tokens::new(symbols) }
    }

    /// For the MCU rows from `y` on, where the rows before them are another's.
    pub(crate) fn beginning_at(mut self, frame: &Frame, y: u32) -> Self {
        match &mut self.tokeniser {
            Tokeniser::AcFirst(ac_first::Tokeniser { run, .. })
            | Tokeniser::AcRefine(ac_refine::Tokeniser { run, .. }) => {
                *run = Run::open();
                self.countdown = self.countdown_at(frame, y);
            }
            // Those of DC come at the end, and sequential ones are not shared.
            Tokeniser::DcFirst(_) | Tokeniser::DcRefine(_) | Tokeniser::Sequential(_) => {}
        }
        self
    }

    /// MCUs of the scan to the end of an interval, from MCU row `y` of the frame on.
    fn countdown_at(&self, frame: &Frame, y: u32) -> Countdown {
        let before = match self.scan.components[..] {
            [i] => {
                let component = &frame.components[i];
                u64::from(component.rows_of(y).start) * u64::from(component.blocks_wide)
            }
            _ => u64::from(frame.mcus_wide) * u64::from(y),
        };
        Countdown::new(self.interval, before)
    }

    /// Goes on with the rows that come next, which another has taken. Their tokens are in a store that was added to
    /// that of these, behind so many `pieces`. Says whether it could.
    pub(crate) fn join(&mut self, next: Self, pieces: usize, store: &mut Store) -> bool {
        let joined = match (&mut self.tokeniser, &next.tokeniser) {
            (Tokeniser::AcFirst(t), Tokeniser::AcFirst(next)) => t.run.join(&next.run, &mut self.tokens),
            (Tokeniser::AcRefine(t), Tokeniser::AcRefine(next)) => t.run.join(&next.run, &mut self.tokens),
            _ => self.is_dc(),
        };
        self.countdown = next.countdown;
        self.tokens.settle_all(store);
        self.tokens.append(next.tokens, pieces);
        joined
    }

    /// Adds what the scan looks at to what is `wanted` of each component.
    pub(crate) fn look_at(&self, wanted: &mut [Wanted]) {
        let wanted = &mut wanted[self.scan.components[0]];
        match self.kind {
            Kind::AcFirst => wanted.first(self.scan.low),
            Kind::AcRefine => wanted.refinement(self.scan.low),
            Kind::Sequential | Kind::DcFirst | Kind::DcRefine => {}
        }
    }

    pub(crate) fn is_dc(&self) -> bool {
        matches!(self.tokeniser, Tokeniser::DcFirst(_) | Tokeniser::DcRefine(_))
    }

    pub(crate) fn is_sequential(&self) -> bool {
        matches!(self.tokeniser, Tokeniser::Sequential(_))
    }

    /// Whether the scan takes AC coefficients, which are of this component, by groups of blocks.
    pub(crate) fn is_in_groups(&self, component: usize) -> bool {
        matches!(self.kind, Kind::AcFirst | Kind::AcRefine) && self.scan.components == [component]
    }

    /// Of so many blocks of its only component, those that are left of the restart interval.
    pub(crate) fn within_interval(&self, blocks: usize) -> usize {
        self.countdown.within(blocks)
    }

    /// Some blocks of a row of the only component of a scan of AC coefficients, all of one restart interval.
    #[inline(always)]
    pub(crate) fn group(&mut self, kernels: impl AcKernels, blocks: impl Group, planes: &Planes, store: &mut Store) {
        let tokens = &mut self.tokens;
        match &mut self.tokeniser {
            Tokeniser::AcFirst(t) => t.group(kernels, blocks, planes, tokens),
            Tokeniser::AcRefine(t) => t.group(kernels, blocks.len(), planes, tokens),
            // Those come by MCUs, and these at the end.
            Tokeniser::Sequential(_) | Tokeniser::DcFirst(_) | Tokeniser::DcRefine(_) => {}
        }
        if self.countdown.pass(blocks.len()) {
            self.end_interval();
        }
        self.tokens.settle(store);
    }

    /// An MCU row of the frame of a sequential scan.
    #[inline(always)]
    pub(crate) fn mcus(&mut self, kernels: impl AcKernels, frame: &Frame, rows: McuRow<'_>, y: u32, store: &mut Store) {
        if let Tokeniser::Sequential(tokeniser) = &mut self.tokeniser {
            let (countdown, tokens) = (&mut self.countdown, &mut self.tokens);
            let mut tokeniser = baseline::Using { kernels, tokeniser };
            if let &[component] = &self.scan.components[..] {
                for row in frame.components[component].rows_of(y) {
                    one_by_one(rows.row(component, row), countdown, &mut tokeniser, tokens, store);
                }
            } else {
                interleave(frame, rows, &self.scan, (y, countdown), &mut tokeniser, tokens, store);
            }
        }
    }

    /// Begins anew after some blocks, as at a restart marker (T.81 F.1.1.5.1, G.1.2.2).
    #[cold]
    fn end_interval(&mut self) {
        match &mut self.tokeniser {
            Tokeniser::AcFirst(t) => t.run.finish(&mut self.tokens),
            Tokeniser::AcRefine(t) => t.run.finish(&mut self.tokens),
            Tokeniser::Sequential(_) | Tokeniser::DcFirst(_) | Tokeniser::DcRefine(_) => {}
        }
        self.tokens.end_interval();
    }

    /// Ends the scan after its last row.
    pub(crate) fn finish(&mut self, store: &mut Store) {
        match &mut self.tokeniser {
            Tokeniser::AcFirst(t) => t.run.finish(&mut self.tokens),
            Tokeniser::AcRefine(t) => t.run.finish(&mut self.tokens),
            Tokeniser::DcFirst(_) | Tokeniser::DcRefine(_) | Tokeniser::Sequential(_) => {}
        }
        self.tokens.finish(store);
    }

    /// The scan with its tables.
    ///
    /// # Errors
    /// Where a coefficient is too large for the coding process.
    pub(crate) fn ready(self, frame: &Frame) -> Result<Ready<'a>> {
        let (tables, bits) = self.tokens.tables(Sizes::of_precision(frame.precision))?;
        let (symbols, Self { scan, interval, kind, tokens, .. }) = (self.tokens.kind(), self);
        let data = Data::Tokens(Arc::new(tokens.complete()), bits);
        Ok(Ready { scan, interval, kind, symbols, tables, data })
    }
}

impl Ready<'_> {
    /// Whether it has its tokens, and may be written.
    pub(crate) fn has_tokens(&self) -> bool {
        matches!(&self.data, Data::Tokens(tokens, _) if tokens.keeps())
    }

    /// Whether its data is there as it will be written.
    pub(crate) fn has_bytes(&self) -> bool {
        matches!(self.data, Data::Bytes(_))
    }

    /// Bytes that the scan will have, all but exactly: one byte in 256 takes another for stuffing, as bits are.
    pub(crate) fn bytes(&self) -> usize {
        let tables: usize = self.tables.iter().flatten().map(HuffmanTable::segment_bytes).sum();
        let data = match &self.data {
            Data::Tokens(tokens, bits) => (bits / 8 + bits / 8 / 128) as usize + tokens.restarts() * RESTART,
            Data::Bytes(bytes) => bytes.len(),
        };
        data + tables + HEADERS
    }

    /// Bytes of memory in use, but for those of the store that scans share.
    pub(crate) fn memory(&self) -> u64 {
        match &self.data {
            Data::Tokens(tokens, _) => tokens.own_bytes(),
            Data::Bytes(bytes) => bytes.capacity() as u64,
        }
    }

    /// Bytes that the scan will have, on average over what may have to be stuffed.
    pub(crate) fn size(&self) -> f32 {
        let tables: usize = self.tables.iter().flatten().map(|table| size::DHT + table.segment_bytes()).sum();
        let (data, restarts) = match &self.data {
            Data::Tokens(tokens, bits) => (*bits as f64 / 8.0 * (1.0 + STUFFED), tokens.restarts()),
            Data::Bytes(bytes) => (bytes.len() as f64, 0),
        };
        (data + (sos(self.scan.components.len()) + tables) as f64) as f32 + restarts as f32 * MARKER
    }

    /// DHT, DRI, SOS and the entropy-coded data of the scan.
    pub(crate) fn write(self, kernels: impl AcKernels, frame: &Frame, store: &Store, out: &mut Vec<u8>) -> Result<()> {
        write_huffman_tables(&self.tables, self.symbols, out)?;
        self.interval.write(out)?;
        self.write_header(frame, out)?;
        match self.data {
            Data::Tokens(tokens, _) => emit(kernels, &tokens, store, &self.tables, out),
            Data::Bytes(bytes) => out.extend_from_slice(&bytes),
        }
        Ok(())
    }

    fn write_header(&self, frame: &Frame, out: &mut Vec<u8>) -> Result<()> {
        let (scan, tables) = (&*self.scan, &self.tables);
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

/// A row of blocks of a sequential scan that has no other component.
#[inline(always)]
fn one_by_one(
    mut blocks: &[Block],
    countdown: &mut Countdown,
    tokeniser: &mut baseline::Using<'_, impl AcKernels>,
    tokens: &mut Tokens,
    store: &mut Store,
) {
    while !blocks.is_empty() {
        let (some, rest) = blocks.split_at(countdown.within(blocks.len().min(GROUP)));
        blocks = rest;
        tokeniser.blocks(0, some, tokens);
        if countdown.pass(some.len()) {
            tokeniser.tokeniser.restart();
            tokens.end_interval();
        }
        tokens.settle(store);
    }
}

/// The blocks of a row of MCUs of a sequential scan in their order (T.81 A.2.3).
#[inline(always)]
fn interleave(
    frame: &Frame,
    rows: McuRow<'_>,
    scan: &Scan,
    (y, countdown): (u32, &mut Countdown),
    tokeniser: &mut baseline::Using<'_, impl AcKernels>,
    tokens: &mut Tokens,
    store: &mut Store,
) {
    // Rows of blocks in the order in which each MCU has a stretch of them.
    let mut lines: Vec<(usize, &[Block], usize)> = Vec::with_capacity(MAX_MCU_BLOCKS as usize);
    for (slot, &i) in scan.components.iter().enumerate() {
        let c = &frame.components[i];
        for row in y * c.vertical..(y + 1) * c.vertical {
            let blocks = if row < c.blocks_high { rows.row(i, row) } else { &[] };
            lines.push((slot, blocks, c.horizontal as usize));
        }
    }
    for x in 0..frame.mcus_wide as usize {
        for &(slot, blocks, across) in &lines {
            let inside = &blocks[(x * across).min(blocks.len())..((x + 1) * across).min(blocks.len())];
            for block in inside {
                tokeniser.block(slot, block, tokens);
            }
            for _ in inside.len()..across {
                tokeniser.padding(slot, tokens);
            }
        }
        if countdown.pass(1) {
            tokeniser.tokeniser.restart();
            tokens.end_interval();
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
