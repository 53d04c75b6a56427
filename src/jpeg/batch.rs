//! The scans of a file, tokenised together: all scans of a component take each group of its blocks, all scans of the
//! picture each of its MCU rows, while they are in cache. DC coefficients are put aside for their scans, which come after
//! all others. Then each scan is written with the tables that fit it best.

use std::borrow::Cow;

use crate::error::Result;
use crate::jpeg::coeff::{BLOCK_BYTES, Block};
use crate::jpeg::entropy::emit::emit;
use crate::jpeg::entropy::planes::{AcKernels, GROUP, Planes, Wanted};
use crate::jpeg::entropy::token::{SLOTS, Sizes, SlotKind, Store, Tokens, table_of};
use crate::jpeg::entropy::{Band, EndBands, Tokenise, ac_first, ac_refine, baseline, dc_first, dc_refine};
use crate::jpeg::frame::{Frame, MAX_COMPONENTS, MAX_MCU_BLOCKS};
use crate::jpeg::huffman::HuffmanTable;
use crate::jpeg::marker::{DHT, SOS};
use crate::jpeg::restart::{Countdown, Interval, MARKER};
use crate::jpeg::rows::{McuRow, Rows};
use crate::jpeg::scan::dc::{DcRows, Differences};
use crate::jpeg::scan::ways::{Chosen, Ways};
use crate::jpeg::scan::{Kind, Scan};
use crate::jpeg::threads;
use crate::jpeg::write::{Work, write_segment};
use crate::jpeg::{Coding, RestartInterval};

/// The tokens of a batch take at most this part of the memory of the coefficients it looks at, or what is always allowed,
/// where there is more than one scan to choose from.
const TOKENS_SHARE: u64 = 4;
const TOKENS_ALWAYS: u64 = 1 << 20;
/// Bytes of DHT and SOS without the tables, and of what stuffing varies by in a small scan.
const HEADERS: usize = 64;
/// Bytes of SOS for one component, and of DHT without its tables.
const SOS_BYTES: usize = 10;
const DHT_BYTES: usize = 4;
/// Bytes of a restart marker and of the padding before it at most.
const RESTART: usize = 3;
/// Bytes of 0xFF, which are followed by a stuffed one.
const STUFFED: f64 = 1.0 / 300.0;
/// MCU rows, of 1 in so many, after which the tokens of the whole picture are foreseen from those that there are.
const FORESIGHT: u32 = 16;
/// MCU rows, of 1 in so many, after which ways without hope are left.
const HOPE: u32 = 12;

/// The first of the scans that are left, as many as their tokens have memory.
pub(crate) struct Batch<'a> {
    frame: &'a Frame,
    parts: Vec<Part<'a>>,
    /// What the scans of each component look at.
    wanted: Vec<Wanted>,
    planes: Box<Planes>,
    /// Where there are scans for them, or will be.
    dc: Option<DcRows>,
    /// What its scans are to be chosen from.
    ways: Option<&'a Ways>,
    store: Store,
}

/// The best of some ways.
pub(crate) enum Best<'a> {
    /// With all tokens.
    Made(Vec<Ready<'a>>, Store),
    /// To be made yet.
    Script(Vec<Scan>),
}

/// A scan that is ready to be written.
pub(crate) struct Ready<'a> {
    scan: Cow<'a, Scan>,
    interval: Interval,
    kind: Kind,
    tokens: Tokens,
    /// Where its tokens are, unless they are with those of the others.
    own: Option<Store>,
    tables: [Option<HuffmanTable>; SLOTS],
    /// Of its data without stuffing.
    bits: u64,
}

/// A scan on its way.
struct Part<'a> {
    /// Among those of the batch.
    number: usize,
    scan: Cow<'a, Scan>,
    interval: Interval,
    /// MCUs to the end of the interval.
    countdown: Countdown,
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
    pub(crate) fn new(frame: &'a Frame, scans: &'a [Scan], intervals: &[Interval], coding: Coding) -> Self {
        let mut wanted = vec![Wanted::default(); frame.components.len()];
        let part = |(number, (scan, &interval))| Part { number, ..Part::new(Cow::Borrowed(scan), interval, coding) };
        let parts: Vec<_> = scans.iter().zip(intervals).enumerate().map(part).collect();
        parts.iter().for_each(|part| part.look_at(&mut wanted));
        let dc = parts.iter().any(Part::is_dc).then(DcRows::default);
        Self { frame, parts, wanted, planes: Box::new(Planes::new()), dc, ways: None, store: Store::default() }
    }

    /// The scans of several ways, to choose from. Where the coefficients are held, tokens are not: they would take as
    /// much again.
    pub(crate) fn of_ways(frame: &'a Frame, ways: &'a Ways, restart: RestartInterval, are_held: bool) -> Self {
        let (scans, _) = ways.scans();
        let scans = if are_held && !ways.is_choice_of_ac() { &[] } else { scans };
        let store = if are_held { Store::counting() } else { Store::default() };
        let intervals = Interval::of_scans(restart, frame, scans);
        let batch = Self::new(frame, scans, &intervals, Coding::Progressive);
        Self { dc: Some(DcRows::default()), ways: Some(ways), store, ..batch }
    }

    /// Turns the picture into the tokens of its scans. Those at the end whose tokens would take too much memory are
    /// left to another batch. `written` bytes of output are there already.
    pub(crate) fn tokenise(
        &mut self,
        kernels: impl AcKernels,
        rows: &mut Rows<'_>,
        Work { threads, limits, cancel, .. }: Work<'_>,
        written: usize,
    ) -> Result<()> {
        let frame = self.frame;
        let held = rows.bytes(threads);
        // The DC coefficients of ways are looked at whatever scans of AC there are.
        let is_looked_at = |i| self.ways.is_some() || self.parts.iter().any(|part| part.scan.components.contains(&i));
        let looked_at: Vec<bool> = (0..frame.components.len()).map(is_looked_at).collect();
        let budget = self.budget(rows, &looked_at);
        let wanted = |i: usize| looked_at[i];
        rows.for_each(kernels, frame, threads, wanted, |y, row| {
            cancel.check()?;
            kernels.run(
                #[inline(always)]
                || self.mcu_row(kernels, &looked_at, row, y),
            );
            let own: u64 = self.parts.iter().map(|part| part.tokens.own_bytes()).sum();
            let own = own + self.dc.as_ref().map_or(0, DcRows::bytes);
            let memory = held + self.store.bytes() + own + written as u64;
            limits.check_memory(memory, "the coefficients, the tokens of scans and the output")?;
            if let Some(ways) = self.ways.filter(|_| y > 0 && y == frame.mcus_high / HOPE) {
                self.leave_the_hopeless(ways);
            }
            let mut bytes: u64 = self.parts.iter().map(|part| part.tokens.bytes()).sum();
            let foreseen = y >= frame.mcus_high / FORESIGHT;
            let rows = u64::from(if foreseen { frame.mcus_high } else { y + 1 });
            while bytes * rows > budget * u64::from(y + 1) && self.parts.len() > 1 {
                bytes -= self.parts.pop().map_or(0, |part| part.tokens.bytes());
            }
            if y == frame.mcus_high / FORESIGHT {
                // Rows differ: an eighth more, before the memory has to move.
                let to_come = bytes / u64::from(y + 1) * (rows - u64::from(y + 1));
                let room = to_come.saturating_add(to_come / 8).min(limits.memory.saturating_sub(memory));
                self.store.reserve(self.store.bytes() + room);
            }
            Ok(())
        })?;
        let Self { parts, dc, store, .. } = self;
        parts.iter_mut().for_each(|part| part.finish(kernels, frame, dc.as_ref(), store));
        Ok(())
    }

    /// Bytes that tokens may take where there is more than one scan to choose from: of rows in memory, what they leave of the
    /// memory that all coefficients would take, and a part of that.
    fn budget(&self, rows: &Rows<'_>, looked_at: &[bool]) -> u64 {
        let components = self.frame.components.iter().zip(looked_at).filter(|(_, looked_at)| **looked_at);
        let image = components.map(|(component, _)| component.blocks()).sum::<u64>() * BLOCK_BYTES;
        if !rows.are_held() {
            return image.max(TOKENS_ALWAYS);
        }
        let whole = self.frame.blocks() * BLOCK_BYTES;
        let left = whole.saturating_sub(rows.bytes(1)) as f64 / whole.max(1) as f64;
        ((image as f64 * left) as u64 + image / TOKENS_SHARE).min(image).max(TOKENS_ALWAYS)
    }

    /// Leaves the scans of ways alone that others are clearly better than so far.
    fn leave_the_hopeless(&mut self, ways: &Ways) {
        let Self { frame, parts, wanted, store, .. } = self;
        let mut bits = vec![None; ways.scans().0.len()];
        for part in parts.iter_mut() {
            part.tokens.settle_all(store);
            // Of a coefficient that is too large for it, a scan that is not the usual one is left, too.
            let tables = part.tokens.tables(Sizes::of_precision(frame.precision));
            bits[part.number] = tables.ok().map(|(_, so_far)| so_far as f32);
        }
        let hopeful = ways.hopeful(&bits);
        parts.retain(|part| hopeful[part.number]);
        wanted.fill(Wanted::default());
        parts.iter().for_each(|part| part.look_at(wanted));
    }

    /// The best of the ways that it has the scans of, with these restart intervals; `None` where none of them is within
    /// the bound.
    ///
    /// # Errors
    /// Where a coefficient is too large for the coding process.
    pub(crate) fn best(
        mut self,
        kernels: impl AcKernels,
        ways: &Ways,
        restart: RestartInterval,
        threads: usize,
    ) -> Result<Option<Best<'a>>> {
        let dc = self.dc.take().unwrap_or_default();
        let (frame, keeps) = (self.frame, self.store.keeps());
        let (scans, usual) = ways.scans();
        let Self { parts, store, .. } = self;
        let mut ready: Vec<Option<Ready<'a>>> = scans.iter().map(|_| None).collect();
        for part in parts {
            let number = part.number;
            match part.ready(frame) {
                Ok(scan) => ready[number] = Some(scan),
                Err(error) if number < usual => return Err(error),
                Err(_) => {}
            }
        }
        let bytes: Vec<Option<f32>> = if ways.is_choice_of_ac() {
            ready.iter().map(|scan| scan.as_ref().map(Ready::size)).collect()
        } else {
            vec![Some(0.0); scans.len()]
        };
        if bytes[..usual].contains(&None) {
            return Ok(Some(Best::Script(ways.usual())));
        }
        let differences = kernels.run(
            #[inline(always)]
            || Differences::new(frame, &dc, ways.refine_dc()),
        );
        let differences = differences.with_restarts(restart);
        let Some(chosen) = ways.choose(&bytes, &differences) else { return Ok(None) };
        // Scans that are chosen unseen may have been left to another batch.
        let is_there = |chosen: &Chosen| !matches!(chosen, Chosen::Ac(i) if ready[*i].is_none());
        if !keeps || !chosen.iter().all(is_there) {
            return Ok(Some(Best::Script(ways.script(chosen))));
        }
        // Those of DC are to be made yet.
        let threads = threads.min(chosen.iter().filter(|chosen| matches!(chosen, Chosen::Dc(_))).count());
        let weight = |(_, ready): &(Chosen, Option<Ready<'_>>)| usize::from(ready.is_none());
        let make = |(chosen, ready)| match chosen {
            Chosen::Ac(_) => Ok(ready),
            Chosen::Dc(scan) => {
                let (interval, mut own) = (Interval::new(restart, frame, &scan), Store::default());
                let mut part = Part::new(Cow::Owned(scan), interval, Coding::Progressive);
                part.finish(kernels, frame, Some(&dc), &mut own);
                part.ready(frame).map(|ready| Some(Ready { own: Some(own), ..ready }))
            }
        };
        let chosen = chosen.into_iter().map(|chosen| {
            let ready = if let Chosen::Ac(i) = chosen { ready[i].take() } else { None };
            (chosen, ready)
        });
        let made = threads::share(threads, chosen.collect(), weight, make);
        let mut made: Vec<_> = made.into_iter().filter_map(Result::transpose).collect::<Result<_>>()?;
        Interval::put_in_order(made.iter_mut().map(|ready| &mut ready.interval));
        Ok(Some(Best::Made(made, store)))
    }

    /// The scans with their tables, and the tokens of all of them.
    ///
    /// # Errors
    /// Where a coefficient is too large for the coding process.
    pub(crate) fn into_scans(self) -> Result<(Vec<Ready<'a>>, Store)> {
        let frame = self.frame;
        Ok((self.parts.into_iter().map(|part| part.ready(frame)).collect::<Result<_>>()?, self.store))
    }

    /// An MCU row of all scans. Scans of one component take its blocks in raster order, so they may have as many rows
    /// of them as an MCU of all components has (T.81 A.2.2).
    #[inline(always)]
    fn mcu_row(&mut self, kernels: impl AcKernels, looked_at: &[bool], rows: McuRow<'_>, y: u32) {
        let Self { frame, parts, wanted, planes, dc, store, .. } = self;
        for (i, component) in frame.components.iter().enumerate().filter(|&(i, _)| looked_at[i]) {
            for row in component.rows_of(y) {
                let blocks = rows.row(i, row);
                if let Some(dc) = dc {
                    dc.push(i, blocks);
                }
                let mut rest = blocks;
                while !rest.is_empty() {
                    // Scans of one component have the same intervals.
                    let first = parts.iter().find(|part| part.is_in_groups(i));
                    let count = rest.len().min(GROUP);
                    let count = first.map_or(count, |part| part.countdown.within(count));
                    let (blocks, after) = rest.split_at(count);
                    rest = after;
                    kernels.planes(blocks, wanted[i], planes);
                    for part in parts.iter_mut().filter(|part| part.is_in_groups(i)) {
                        part.group(kernels, blocks, planes);
                        if part.countdown.pass(count) {
                            part.end_interval();
                        }
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
    fn new(scan: Cow<'a, Scan>, interval: Interval, coding: Coding) -> Self {
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
        let countdown = Countdown::new(interval);
        Self { number: 0, scan, interval, countdown, kind, tokeniser, tokens: Tokens::new(symbols) }
    }

    /// Adds what the scan looks at to what is `wanted` of each component.
    fn look_at(&self, wanted: &mut [Wanted]) {
        let wanted = &mut wanted[self.scan.components[0]];
        match self.kind {
            Kind::AcFirst => wanted.first(self.scan.low),
            Kind::AcRefine => wanted.refinement(self.scan.low),
            Kind::Sequential | Kind::DcFirst | Kind::DcRefine => {}
        }
    }

    fn is_dc(&self) -> bool {
        matches!(self.tokeniser, Tokeniser::DcFirst(_) | Tokeniser::DcRefine(_))
    }

    /// Whether the scan takes the blocks of this component alone, as they come.
    fn is_in_groups(&self, component: usize) -> bool {
        self.scan.components == [component] && !self.is_dc()
    }

    /// Some blocks of a row of the only component of the scan, all of one restart interval.
    #[inline(always)]
    fn group(&mut self, kernels: impl AcKernels, blocks: &[Block], planes: &Planes) {
        let tokens = &mut self.tokens;
        match &mut self.tokeniser {
            Tokeniser::Sequential(t) => blocks.iter().for_each(|block| t.block(0, block, tokens)),
            Tokeniser::AcFirst(t) => t.group(kernels, blocks, planes, tokens),
            Tokeniser::AcRefine(t) => t.group(kernels, blocks.len(), planes, tokens),
            // They come at the end.
            Tokeniser::DcFirst(_) | Tokeniser::DcRefine(_) => {}
        }
    }

    /// A row of MCUs of an interleaved scan.
    #[inline(always)]
    fn mcus(&mut self, frame: &Frame, rows: McuRow<'_>, y: u32, store: &mut Store) {
        if let Tokeniser::Sequential(tokeniser) = &mut self.tokeniser {
            let (countdown, tokens) = (&mut self.countdown, &mut self.tokens);
            interleave(frame, |i, row| rows.row(i, row), &self.scan, (y, countdown), tokeniser, tokens, store);
        }
    }

    /// Begins anew after some blocks, as at a restart marker (T.81 F.1.1.5.1, G.1.2.2).
    #[cold]
    fn end_interval(&mut self) {
        match &mut self.tokeniser {
            Tokeniser::Sequential(t) => t.restart(),
            Tokeniser::AcFirst(t) => t.finish(&mut self.tokens),
            Tokeniser::AcRefine(t) => t.finish(&mut self.tokens),
            // They come at the end.
            Tokeniser::DcFirst(_) | Tokeniser::DcRefine(_) => {}
        }
        self.tokens.end_interval();
    }

    /// What is left to do after the last row.
    fn finish(&mut self, kernels: impl AcKernels, frame: &Frame, dc: Option<&DcRows>, store: &mut Store) {
        let Self { scan, countdown, tokens, .. } = self;
        match (&mut self.tokeniser, dc) {
            (Tokeniser::AcFirst(t), _) => t.finish(tokens),
            (Tokeniser::AcRefine(t), _) => t.finish(tokens),
            (Tokeniser::DcFirst(t), Some(dc)) => kernels.run(
                #[inline(always)]
                || whole(frame, dc, scan, countdown, t, tokens, store),
            ),
            (Tokeniser::DcRefine(t), Some(dc)) => kernels.run(
                #[inline(always)]
                || whole(frame, dc, scan, countdown, t, tokens, store),
            ),
            _ => {}
        }
        tokens.finish(store);
    }

    fn ready(self, frame: &Frame) -> Result<Ready<'a>> {
        let (tables, bits) = self.tokens.tables(Sizes::of_precision(frame.precision))?;
        let Self { scan, interval, kind, tokens, .. } = self;
        Ok(Ready { scan, interval, kind, tokens, own: None, tables, bits })
    }
}

impl Ready<'_> {
    /// Bytes that the scan will have, all but exactly: one byte in 256 takes another for stuffing, as bits are.
    pub(crate) fn bytes(&self) -> usize {
        let tables: usize = self.tables.iter().flatten().map(HuffmanTable::segment_bytes).sum();
        let data = self.bits / 8;
        (data + data / 128) as usize + self.tokens.restarts() * RESTART + tables + HEADERS
    }

    /// Bytes of memory in use, but for those of the store that scans share.
    pub(crate) fn memory(&self) -> u64 {
        self.tokens.own_bytes() + self.own.as_ref().map_or(0, Store::bytes)
    }

    /// Bytes that the scan will have, on average over what may have to be stuffed.
    fn size(&self) -> f32 {
        let tables: usize = self.tables.iter().flatten().map(|table| DHT_BYTES + table.segment_bytes()).sum();
        let data = self.bits as f64 / 8.0;
        (data * (1.0 + STUFFED) + (SOS_BYTES + tables) as f64) as f32 + self.tokens.restarts() as f32 * MARKER
    }

    /// DHT, DRI, SOS and the entropy-coded data of the scan.
    pub(crate) fn write(self, kernels: impl AcKernels, frame: &Frame, store: &Store, out: &mut Vec<u8>) -> Result<()> {
        write_huffman_tables(&self.tables, self.tokens.kind(), out)?;
        self.interval.write(out)?;
        self.write_header(frame, out)?;
        emit(kernels, self.tokens, self.own.as_ref().unwrap_or(store), &self.tables, out);
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

/// A whole scan of DC coefficients.
#[inline(always)]
fn whole(
    frame: &Frame,
    dc: &DcRows,
    scan: &Scan,
    countdown: &mut Countdown,
    tokeniser: &mut impl Tokenise<i16>,
    tokens: &mut Tokens,
    store: &mut Store,
) {
    if let &[component] = &scan.components[..] {
        for row in 0..frame.components[component].blocks_high {
            let mut rest = dc.row(frame, component, row);
            while !rest.is_empty() {
                let (values, after) = rest.split_at(countdown.within(rest.len()));
                rest = after;
                for value in values {
                    tokeniser.block(0, value, tokens);
                }
                if countdown.pass(values.len()) {
                    tokeniser.restart();
                    tokens.end_interval();
                }
                tokens.settle(store);
            }
        }
    } else {
        for y in 0..frame.mcus_high {
            let rows = |component, row| dc.row(frame, component, row);
            interleave(frame, rows, scan, (y, countdown), tokeniser, tokens, store);
        }
    }
}

/// The blocks of a row of MCUs in their order (T.81 A.2.3), by what a scan looks at of each.
#[inline(always)]
fn interleave<'r, T: 'r>(
    frame: &Frame,
    rows: impl Fn(usize, u32) -> &'r [T],
    scan: &Scan,
    (y, countdown): (u32, &mut Countdown),
    tokeniser: &mut impl Tokenise<T>,
    tokens: &mut Tokens,
    store: &mut Store,
) {
    // Rows of blocks in the order in which each MCU has a stretch of them.
    let mut lines: Vec<(usize, &[T], usize)> = Vec::with_capacity(MAX_MCU_BLOCKS as usize);
    for (slot, &i) in scan.components.iter().enumerate() {
        let c = &frame.components[i];
        for row in y * c.vertical..(y + 1) * c.vertical {
            let blocks = if row < c.blocks_high { rows(i, row) } else { &[] };
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
            tokeniser.restart();
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
