//! The scans of a file, tokenised together: all scans of a component take each group of its blocks, all scans of the
//! picture each of its MCU rows, while they are in cache. DC coefficients are put aside for their scans, which come
//! after all others.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use crate::error::Result;
use crate::jpeg::coeff::BLOCK_BYTES;
use crate::jpeg::entropy::group::Group;
use crate::jpeg::entropy::planes::{AcKernels, GROUP, Planes, Wanted};
use crate::jpeg::entropy::store::Store;
use crate::jpeg::entropy::token::Sizes;
use crate::jpeg::frame::{Frame, MAX_COMPONENTS};
use crate::jpeg::packed::sparse::SparseRow;
use crate::jpeg::part::bytes::OfDc;
use crate::jpeg::part::{self, Part, Ready};
use crate::jpeg::restart::Interval;
use crate::jpeg::rows::{MadeRow, McuRow, Rows, Unpacker};
use crate::jpeg::scan::Scan;
use crate::jpeg::scan::dc::{DcRows, Differences};
use crate::jpeg::scan::ways::{Chosen, Ways};
use crate::jpeg::threads::Threads;
use crate::jpeg::write::Work;
use crate::jpeg::{Coding, RestartInterval};
use crate::limits::{Cancel, Held};

/// The tokens of a batch take at most this part of the memory of the coefficients it looks at, or what is always
/// allowed, where there is more than one scan to choose from.
const TOKENS_SHARE: u64 = 4;
const TOKENS_ALWAYS: u64 = 1 << 18;
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
    /// The MCU rows that it has.
    rows: Range<u32>,
    /// Bytes that it is known to hold.
    known: u64,
    /// Whether it has left scans, or their tokens, for want of room.
    has_left: bool,
}

/// What batches of one pass over the rows have in common.
pub(crate) struct Pass<'a> {
    held: Held<'a>,
    cancel: &'a Cancel,
    /// Which scans of ways are not without hope, by the first rows.
    hope: OnceLock<Vec<bool>>,
}

impl<'a> Pass<'a> {
    /// One where so many bytes are held already.
    pub(crate) fn new(work: Work<'a>, bytes: u64) -> Self {
        Self { held: Held::new(work.limits, bytes), cancel: work.cancel, hope: OnceLock::new() }
    }

    /// What was so many bytes of rows is as many as this now.
    pub(crate) fn hold(&self, from: u64, to: u64) -> Result<()> {
        self.held.change(from, to, "the coefficients, the tokens of scans and the output")
    }

    /// The first rows of a frame, which one batch has to have.
    pub(crate) fn first_rows(frame: &Frame) -> u32 {
        frame.mcus_high / HOPE + 1
    }
}

/// The best of some ways.
pub(crate) enum Best<'a> {
    /// With all tokens.
    Made(Made<'a>),
    /// To be made yet.
    Script(Vec<Scan>),
}

/// Scans that are ready to be written, and their tokens.
pub(crate) struct Made<'a> {
    pub(crate) scans: Vec<Ready<'a>>,
    pub(crate) store: Store,
    /// Whether no scan of the file is left, and nothing more is taken from the rows.
    pub(crate) is_end: bool,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(frame: &'a Frame, scans: &'a [Scan], intervals: &[Interval], coding: Coding) -> Self {
        let mut wanted = vec![Wanted::default(); frame.components.len()];
        let part = |(number, (scan, &interval))| Part::new(number, Cow::Borrowed(scan), interval, coding);
        let parts: Vec<_> = scans.iter().zip(intervals).enumerate().map(part).collect();
        parts.iter().for_each(|part| part.look_at(&mut wanted));
        let dc = parts.iter().any(Part::is_dc).then(DcRows::default);
        let (planes, store) = (Box::new(Planes::new()), Store::default());
        Self { frame, parts, wanted, planes, dc, ways: None, store, rows: 0..0, known: 0, has_left: false }
    }

    /// The scans of several ways, to choose from. Where the coefficients are held with their zeros, tokens are not:
    /// they would take as much again.
    pub(crate) fn of_ways(frame: &'a Frame, ways: &'a Ways, restart: RestartInterval, with_zeros: bool) -> Self {
        let (scans, _) = ways.scans();
        let scans = if with_zeros && !ways.is_choice_of_ac() { &[] } else { scans };
        let intervals = Interval::of_scans(restart, frame, scans);
        let mut batch = Self::new(frame, scans, &intervals, Coding::Progressive);
        if with_zeros {
            batch.parts.iter_mut().for_each(|part| part.tokens.forget());
        }
        Self { dc: Some(DcRows::default()), ways: Some(ways), ..batch }
    }

    /// For the MCU rows from `y` on, where those before them are another's; to be [joined](Batch::join).
    pub(crate) fn beginning_at(mut self, y: u32) -> Self {
        self.parts = self.parts.into_iter().map(|part| part.beginning_at(self.frame, y)).collect();
        self.rows = y..y;
        self
    }

    /// Turns the MCU rows that come next into the tokens of the scans, as many of the first as their tokens have memory.
    pub(crate) fn tokenise<K: AcKernels>(
        &mut self,
        kernels: K,
        rows: &mut Rows<'_>,
        numbers: &mut dyn Iterator<Item = u32>,
        pass: &Pass<'_>,
    ) -> Result<()> {
        let (frame, count) = (self.frame, numbers.size_hint().1.unwrap_or(0) as u32);
        // The DC coefficients of ways are looked at whatever scans of AC there are.
        let is_looked_at = |i| self.ways.is_some() || self.parts.iter().any(|part| part.scan.components.contains(&i));
        let looked_at: Vec<bool> = (0..frame.components.len()).map(is_looked_at).collect();
        let budget = self.budget(rows, &looked_at);
        let wanted = |i: usize| looked_at[i];
        if let Some(dc) = self.dc.as_mut().filter(|_| self.rows == (0..0)) {
            // Those that begin later are joined to it.
            for (i, component) in frame.components.iter().enumerate().filter(|&(i, _)| looked_at[i]) {
                let bytes = component.blocks() * size_of::<i16>() as u64;
                pass.hold(0, bytes)?;
                self.known += bytes;
                dc.reserve(i, component.blocks());
            }
        }
        let mut has_despaired = self.leave_the_hopeless(pass);
        let takes_sparse = K::TAKES_SPARSE && !self.parts.iter().any(Part::is_sequential);
        let (mut sparse, mut unpacker) = (SparseRow::default(), Unpacker::default());
        // Those of a packed picture count a row of each thread themselves.
        let counts_row = !matches!(rows, Rows::Packed(_));
        rows.for_each(frame, numbers, |y, row| {
            pass.cancel.check()?;
            match row {
                MadeRow::Packed(row) if takes_sparse => kernels.run(
                    #[inline(always)]
                    || {
                        sparse.take(frame, row, wanted);
                        self.groups(kernels, &looked_at, y, |i, row| sparse.row(i, row));
                    },
                ),
                row => {
                    let row = unpacker.with_zeros(kernels, frame, row, wanted);
                    kernels.run(
                        #[inline(always)]
                        || {
                            self.groups(kernels, &looked_at, y, |i, y| row.row(i, y));
                            self.mcus(kernels, row, y);
                        },
                    );
                }
            }
            debug_assert_eq!(self.rows.end, y, "rows come in their order");
            self.rows.end = y + 1;
            let bytes = self.bytes() + if counts_row { sparse.bytes() + unpacker.bytes() } else { 0 };
            pass.hold(self.known, bytes)?;
            self.known = bytes;
            if let Some(ways) = self.ways.filter(|_| y > 0 && y == frame.mcus_high / HOPE) {
                pass.hope.get_or_init(|| self.hopeful(ways));
            }
            has_despaired = has_despaired || self.leave_the_hopeless(pass);
            let mut bytes: u64 = self.parts.iter().map(|part| part.tokens.bytes()).sum();
            let done = self.rows.len() as u32;
            let rows = u64::from(if done > count / FORESIGHT { frame.mcus_high } else { done });
            while bytes * rows > budget * u64::from(done)
                && let Some(left) = self.leave_the_last()
            {
                bytes -= left;
            }
            Ok(())
        })?;
        let bytes = self.bytes();
        pass.hold(std::mem::replace(&mut self.known, bytes), bytes)
    }

    /// Gives back what is only needed where more rows come at once.
    pub(crate) fn pause(&mut self) {
        self.parts.iter_mut().for_each(|part| part.tokens.pause(&mut self.store));
    }

    /// Adds to the DC coefficients an offset for each component.
    pub(crate) fn move_dc(&mut self, offsets: [i16; MAX_COMPONENTS]) {
        self.dc.iter_mut().for_each(|dc| dc.add(offsets));
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        let own: u64 = self.parts.iter().map(|part| part.tokens.own_bytes()).sum();
        self.store.bytes() + own + self.dc.as_ref().map_or(0, DcRows::bytes)
    }

    /// Whether scans, or their tokens, are left for want of room: which ones, threads that share rows do not agree on.
    pub(crate) fn has_left(&self) -> bool {
        self.has_left
    }

    /// The MCU rows that it has.
    pub(crate) fn rows(&self) -> Range<u32> {
        self.rows.clone()
    }

    /// Goes on with the rows that come next, which another batch of the same scans has taken. Says whether it could; if
    /// not, this one is of no use any more.
    pub(crate) fn join(&mut self, next: Self) -> bool {
        if self.rows.end != next.rows.start {
            return false;
        }
        self.rows.end = next.rows.end;
        self.has_left |= next.has_left;
        let pieces = self.store.append(next.store);
        if let (Some(dc), Some(next)) = (&mut self.dc, &next.dc) {
            dc.append(next);
        }
        let (mut rest, mut joined) = (next.parts, true);
        // What either has left is left.
        self.parts.retain_mut(|part| {
            let Some(i) = rest.iter().position(|next| next.number == part.number) else { return false };
            joined &= part.join(rest.swap_remove(i), pieces, &mut self.store);
            true
        });
        joined
    }

    /// What is left to do after the last row.
    pub(crate) fn finish(&mut self, kernels: impl AcKernels, threads: &Threads) {
        let Self { frame, parts, dc, store, .. } = self;
        if let Some(dc) = dc {
            part::dc::take(kernels, frame, dc, parts, threads, store);
        }
        parts.iter_mut().for_each(|part| part.finish(store));
    }

    /// Bytes that tokens may take where there is more than one scan to choose from: what rows leave of the memory that
    /// all coefficients would take, and a part of that.
    fn budget(&self, rows: &Rows<'_>, looked_at: &[bool]) -> u64 {
        let components = self.frame.components.iter().zip(looked_at).filter(|(_, looked_at)| **looked_at);
        let image = components.map(|(component, _)| component.blocks()).sum::<u64>() * BLOCK_BYTES;
        let whole = self.frame.blocks() * BLOCK_BYTES;
        let left = whole.saturating_sub(rows.bytes()) as f64 / whole.max(1) as f64;
        ((image as f64 * left) as u64 + image / TOKENS_SHARE).min(image).max(TOKENS_ALWAYS)
    }

    /// Leaves the last scan that has tokens, unless it is the first: to another batch, or where ways are to be chosen
    /// from to what it takes, so that the choice does not depend on memory. Returns the bytes of its tokens.
    fn leave_the_last(&mut self) -> Option<u64> {
        let last = self.parts.iter().rposition(|part| part.tokens.keeps()).filter(|&last| last > 0)?;
        let bytes = self.parts[last].tokens.bytes();
        self.has_left = true;
        match self.ways {
            Some(_) => self.parts[last].tokens.forget(),
            None => self.parts.truncate(last),
        }
        Some(bytes)
    }

    /// Which scans of ways others are not clearly better than so far.
    fn hopeful(&mut self, ways: &Ways) -> Vec<bool> {
        let Self { frame, parts, store, .. } = self;
        let mut bits = vec![None; ways.scans().0.len()];
        for part in parts.iter_mut() {
            part.tokens.settle_all(store);
            // Of a coefficient that is too large for it, a scan that is not the usual one is left, too.
            let tables = part.tokens.tables(Sizes::of_precision(frame.precision));
            bits[part.number] = tables.ok().map(|(_, so_far)| so_far as f32);
        }
        ways.hopeful(&bits)
    }

    /// Leaves what is without hope among ways, once that is known. Says whether it is.
    fn leave_the_hopeless(&mut self, pass: &Pass<'_>) -> bool {
        let Self { parts, wanted, .. } = self;
        let Some(hopeful) = pass.hope.get() else { return false };
        parts.retain(|part| hopeful[part.number]);
        wanted.fill(Wanted::default());
        parts.iter().for_each(|part| part.look_at(wanted));
        true
    }

    /// The best of the ways that it has the scans of, with these restart intervals; `None` where none of them is within
    /// the bound. Its scans are made by so many threads: where there is memory `with_bytes`, which is done once the rows
    /// are of no use any more.
    ///
    /// # Errors
    /// Where a coefficient is too large for the coding process, or the call is cancelled.
    pub(crate) fn best(
        self,
        kernels: impl AcKernels,
        ways: &Ways,
        restart: RestartInterval,
        (threads, cancel): (&Threads, &Cancel),
        with_bytes: Option<impl FnOnce()>,
    ) -> Result<Option<Best<'a>>> {
        let Self { frame, parts, dc, mut store, .. } = self;
        let dc = dc.unwrap_or_default();
        let (scans, usual) = ways.scans();
        let mut ready = ready_of(frame, parts, (scans.len(), usual))?;
        let bytes: Vec<Option<f32>> = if ways.is_choice_of_ac() {
            ready.iter().map(|scan| scan.as_ref().map(Ready::size)).collect()
        } else {
            vec![Some(0.0); scans.len()]
        };
        if bytes[..usual].contains(&None) {
            return Ok(Some(Best::Script(ways.usual())));
        }
        let differences = Differences::new(kernels, frame, &dc, ways.refine_dc(), threads).with_restarts(restart);
        let Some(chosen) = ways.choose(&bytes, &differences) else { return Ok(None) };
        // A scan that is chosen may have no tokens, or not have been looked at.
        let is_there = |chosen: &Chosen| match chosen {
            Chosen::Ac(i) => ready[*i].as_ref().is_some_and(Ready::has_tokens),
            Chosen::Dc(_) => true,
        };
        if !chosen.iter().all(is_there) {
            return Ok(Some(Best::Script(ways.script(chosen))));
        }
        let of_dc = |scan: &Scan| {
            let interval = Interval::new(restart, frame, scan);
            Part::new(0, Cow::Owned(scan.clone()), interval, Coding::Progressive)
        };
        let dc_scans = chosen.iter().filter_map(|chosen| if let Chosen::Dc(scan) = chosen { Some(scan) } else { None });
        let mut parts: Vec<Part<'_>> = dc_scans.map(of_dc).collect();
        let ac_scans =
            chosen.iter().filter_map(|chosen| if let Chosen::Ac(i) = chosen { ready[*i].take() } else { None });
        let (mut of_ac, mut of_dc): (Vec<_>, _) = (ac_scans.collect(), Vec::new());
        if let Some(release) = with_bytes {
            release();
            let left = OfDc { frame, rows: &dc, parts: &parts };
            of_dc = part::bytes::make(kernels, Some(left), (of_ac, &store), (threads, cancel))?;
            (of_ac, store) = (of_dc.split_off(parts.len()), Store::default());
        } else {
            part::dc::take(kernels, frame, &dc, &mut parts, threads, &mut store);
            for mut part in parts {
                part.finish(&mut store);
                of_dc.push(part.ready(frame)?);
            }
        }
        let (mut of_ac, mut of_dc) = (of_ac.into_iter(), of_dc.into_iter());
        let in_order = chosen.iter().filter_map(|chosen| match chosen {
            Chosen::Ac(_) => of_ac.next(),
            Chosen::Dc(_) => of_dc.next(),
        });
        let mut in_order: Vec<_> = in_order.collect();
        Interval::put_in_order(in_order.iter_mut().map(|ready| &mut ready.interval));
        Ok(Some(Best::Made(Made { scans: in_order, store, is_end: true })))
    }

    /// The scans with their tables, of so many that are left, and the tokens of all of them.
    ///
    /// # Errors
    /// Where a coefficient is too large for the coding process.
    pub(crate) fn into_scans(self, left: usize) -> Result<Made<'a>> {
        let Self { frame, parts, store, .. } = self;
        let scans = parts.into_iter().map(|part| part.ready(frame)).collect::<Result<Vec<_>>>()?;
        Ok(Made { is_end: scans.len() == left, scans, store })
    }

    /// An MCU row of the scans of AC coefficients, which take blocks in raster order, and what is put aside of it for
    /// those of DC. A component may have as many rows of blocks in it as an MCU of all components has (T.81 A.2.2).
    #[inline(always)]
    fn groups<G: Group>(
        &mut self,
        kernels: impl AcKernels,
        looked_at: &[bool],
        y: u32,
        row_of: impl Fn(usize, u32) -> G,
    ) {
        let Self { frame, parts, wanted, planes, dc, store, .. } = self;
        for (i, component) in frame.components.iter().enumerate().filter(|&(i, _)| looked_at[i]) {
            for row in component.rows_of(y) {
                let mut rest = row_of(i, row);
                if let Some(dc) = dc {
                    dc.push(i, rest.dc());
                }
                // Scans of one component have the same intervals.
                while let Some(first) = parts.iter().find(|part| part.is_in_groups(i))
                    && rest.len() > 0
                {
                    let (blocks, after) = rest.split_at(first.within_interval(rest.len().min(GROUP)));
                    rest = after;
                    blocks.planes(kernels, wanted[i], planes);
                    for part in parts.iter_mut().filter(|part| part.is_in_groups(i)) {
                        part.group(kernels, blocks, planes, store);
                    }
                }
            }
        }
    }

    /// An MCU row of sequential scans.
    #[inline(always)]
    fn mcus(&mut self, kernels: impl AcKernels, rows: McuRow<'_>, y: u32) {
        let Self { frame, parts, store, .. } = self;
        parts.iter_mut().for_each(|part| part.mcus(kernels, frame, rows, y, store));
    }
}

/// The scans of the parts by their numbers, of so many. Without an error those are left out that are not the usual ones
/// and have a coefficient that is too large for them.
fn ready_of<'a>(frame: &Frame, parts: Vec<Part<'a>>, (scans, usual): (usize, usize)) -> Result<Vec<Option<Ready<'a>>>> {
    let mut ready: Vec<_> = (0..scans).map(|_| None).collect();
    for part in parts {
        let number = part.number;
        match part.ready(frame) {
            Ok(scan) => ready[number] = Some(scan),
            Err(error) if number < usual => return Err(error),
            Err(_) => {}
        }
    }
    Ok(ready)
}
