//! Bytes to coefficients: every segment in its turn, every scan into the planes.

use std::borrow::Cow;
use std::fmt::Debug;

use crate::error::{Error, Result};
use crate::jpeg::bits::Unstuffed;
use crate::jpeg::coeff::{BLOCK_BYTES, CoefficientImage, Plane};
use crate::jpeg::cursor::{Cursor, ScanData};
use crate::jpeg::damage::Tolerance;
use crate::jpeg::entropy::{Band, ReadBlocks, ac_first, ac_refine, arith, baseline, dc_first, dc_refine};
use crate::jpeg::frame::{Frame, Process};
use crate::jpeg::huffman::HuffmanTable;
use crate::jpeg::marker::{self, DAC, DHT, DQT, DRI, EOI, SOI, SOS};
use crate::jpeg::mcu::{self, Mcus, Stripe};
use crate::jpeg::metadata::{Metadata, Segment};
use crate::jpeg::parse::{self, HuffmanDefinition, ScanHeader, Segments};
use crate::jpeg::quant::QuantTable;
use crate::jpeg::rows::{Coefficients, Rows};
use crate::jpeg::scan::progress::Progress;
use crate::jpeg::scan::{Kind, Scan};
use crate::jpeg::scans::{DecodeStripe, OfComponents, Scans};
use crate::jpeg::simd::Level;
use crate::jpeg::stream::Stream;
use crate::jpeg::threads::Threads;
use crate::jpeg::tolerant;
use crate::limits::{Cancel, Limits, Visits, push};

/// Scans that wait to be decoded together take at most this part of the memory of the coefficients, or what is always
/// allowed, unless there is only one.
const WAITING_SHARE: u64 = 4;
const WAITING_ALWAYS: u64 = 1 << 18;

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    /// Where they are yet to be decoded, the faults of their scans are yet to be found.
    pub(crate) coefficients: Coefficients<'a>,
    pub(crate) metadata: Metadata<'a>,
}

/// On what terms a file is read.
#[derive(Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) limits: &'a Limits,
    pub(crate) cancel: &'a Cancel,
    /// The instructions that readers of entropy-coded data are compiled for.
    pub(crate) level: Level,
    /// How many threads may work at once, the caller's among them.
    pub(crate) threads: &'a Threads,
    pub(crate) tolerance: Tolerance,
}

/// Reads a whole file.
///
/// Once there is something of the picture, a tolerant reader goes on after an error as decoders for the screen do: with
/// the next restart interval, the next scan, or with what there is. What it did not read stays as earlier scans left
/// it.
pub(crate) fn read<'a>(source: &'a [u8], terms: &mut Terms<'_>) -> Result<Source<'a>> {
    terms.limits.check_input(source.len())?;
    let mut segments = Segments::new(source)?;
    let mut reader = Reader { source, tables: Tables::default(), metadata: Metadata::default(), picture: None };
    loop {
        match segments.next().and_then(|segment| reader.take(&segment, &mut segments, terms)) {
            Ok(Next::Segment) => {}
            Ok(Next::End) => break,
            Err(error) => {
                if let Some(picture) = &mut reader.picture {
                    picture.decode_what_waits(terms)?;
                }
                if !reader.has_begun() {
                    return Err(error);
                }
                terms.tolerance.forgive(error)?;
            }
        }
        if segments.is_cut() {
            break;
        }
    }
    reader.finish(terms)
}

/// What comes after a segment.
enum Next {
    Segment,
    End,
}

/// A file on its way.
struct Reader<'a> {
    source: &'a [u8],
    tables: Tables,
    metadata: Metadata<'a>,
    picture: Option<Picture<'a>>,
}

impl<'a> Reader<'a> {
    /// Takes a segment, and from the segments after it the data of a scan.
    fn take(
        &mut self,
        segment: &parse::Segment<'a>,
        segments: &mut Segments<'a>,
        terms: &mut Terms<'_>,
    ) -> Result<Next> {
        let tables = &mut self.tables;
        match (segment.code, &mut self.picture) {
            (DQT, _) => tables.define_quant(segment)?,
            (DHT, _) => tables.define_huffman(segment)?,
            (DAC, _) => parse::conditioning(segment, &mut tables.conditioning)?,
            (DRI, _) => tables.restart_interval = parse::restart_interval(segment)?,
            (SOS, None) => return Err(Error::input("a scan comes before the frame").at(segment.offset as u64)),
            (SOS, Some(picture)) => {
                let (start, end) = segments.entropy_coded();
                let header = parse::scan_header(segment, &picture.frame)?;
                let data = EntropyCoded { source: self.source, header: segment.offset, start, end };
                picture.scan(&header, tables, &data, terms).map_err(|e| match e.offset() {
                    Some(_) => e,
                    None => e.at(segment.offset as u64),
                })?;
            }
            (EOI, _) => {
                self.metadata.trailing = Cow::Borrowed(segments.rest());
                return Ok(Next::End);
            }
            (code, picture) if marker::is_metadata(code) => {
                let kept = Segment { code, payload: Cow::Borrowed(segment.payload) };
                let late = picture.as_ref().is_some_and(|p| p.scans > 0);
                let kept_so_far = if late { &mut self.metadata.late } else { &mut self.metadata.header };
                push(kept_so_far, kept, terms.limits)?;
            }
            (code, None) => match Process::of(code) {
                Some(process) => self.picture = Some(Picture::new(process, segment, segments, terms.limits)?),
                None => parse::refuse_other(segment)?,
            },
            (code, Some(picture)) => {
                let is_frame = Process::of(code).is_some();
                let second_frame = || Err(Error::input("a second frame begins").at(segment.offset as u64));
                let other = if is_frame { second_frame() } else { parse::refuse_other(segment) };
                match other {
                    // Damage makes markers, whatever they then claim.
                    Err(error) if picture.has_begun && terms.tolerance.is_tolerant => {
                        terms.tolerance.note(error);
                        // Another picture begins where the end of this one is lost.
                        if is_frame || code == SOI {
                            return Ok(Next::End);
                        }
                    }
                    other => other?,
                }
            }
        }
        Ok(Next::Segment)
    }

    fn has_begun(&self) -> bool {
        self.picture.as_ref().is_some_and(|picture| picture.has_begun)
    }

    fn finish(self, terms: &Terms<'_>) -> Result<Source<'a>> {
        let end = self.source.len() as u64;
        let mut picture = self.picture.ok_or_else(|| Error::input("the file has no frame").at(end))?;
        let quant = picture.quant_tables(&self.tables);
        if quant.is_err() {
            picture.decode_what_waits(terms)?;
        }
        let coefficients = picture.finish(quant?, terms)?;
        Ok(Source { coefficients, metadata: self.metadata })
    }
}

/// What segments define for the scans after them.
#[derive(Debug, Default)]
struct Tables {
    quant: [Option<QuantTable>; 4],
    huffman: HuffmanSlots,
    conditioning: arith::Conditioning,
    restart_interval: u16,
}

/// Huffman tables by class and slot; in place of one that is malformed, what is wrong with it. It is no matter while no
/// scan uses it.
#[derive(Debug, Default)]
struct HuffmanSlots {
    dc: [Option<Result<HuffmanTable>>; 4],
    ac: [Option<Result<HuffmanTable>>; 4],
}

impl Tables {
    /// DQT. What comes before a fault is defined.
    fn define_quant(&mut self, segment: &parse::Segment<'_>) -> Result<()> {
        for definition in parse::quant_tables(segment) {
            let (slot, table) = definition?;
            self.quant[usize::from(slot)] = Some(table);
        }
        Ok(())
    }

    /// DHT, likewise.
    fn define_huffman(&mut self, segment: &parse::Segment<'_>) -> Result<()> {
        for definition in parse::huffman_tables(segment) {
            let HuffmanDefinition { is_dc, slot, table } = definition?;
            let slots = if is_dc { &mut self.huffman.dc } else { &mut self.huffman.ac };
            slots[usize::from(slot)] = Some(table);
        }
        Ok(())
    }

    /// The DC table of each component of a scan.
    fn dc(&self, header: &ScanHeader, sequential: bool) -> Result<Vec<Cow<'_, HuffmanTable>>> {
        header.tables.iter().map(|t| table(&self.huffman.dc, "DC", t.0, sequential)).collect()
    }

    /// The AC table of each component of a scan.
    fn ac(&self, header: &ScanHeader, sequential: bool) -> Result<Vec<Cow<'_, HuffmanTable>>> {
        header.tables.iter().map(|t| table(&self.huffman.ac, "AC", t.1, sequential)).collect()
    }
}

/// The entropy-coded data of a scan within the file.
struct EntropyCoded<'a> {
    source: &'a [u8],
    /// Where the scan header begins.
    header: usize,
    start: usize,
    end: usize,
}

impl<'a> EntropyCoded<'a> {
    fn range(&self) -> (&'a [u8], usize, usize) {
        (self.source, self.start, self.end)
    }
}

/// A picture on its way.
#[derive(Debug)]
struct Picture<'a> {
    process: Process,
    frame: Frame,
    /// Nothing until the data of a scan has been read.
    planes: Vec<Plane>,
    /// The only scan so far, which has all coefficients and is not read yet: unless another follows, there is no need
    /// to have them in memory.
    whole: Option<Box<Stream<'a>>>,
    /// The last scans so far, which are to be decoded together.
    waiting: Waiting<'a>,
    /// The quantisation table of each component, as it was when its first scan began (T.81 B.2.4.1 lets a slot be
    /// defined anew between scans).
    quant: Vec<Option<QuantTable>>,
    progress: Progress,
    scans: u32,
    /// Whether the data of a scan has been looked at.
    has_begun: bool,
    visits: Visits,
}

/// Scans that wait, and the bytes of memory that they take.
#[derive(Debug, Default)]
struct Waiting<'a> {
    scans: Vec<Box<dyn DecodeStripe + 'a>>,
    bytes: u64,
}

impl<'a> Picture<'a> {
    /// The segments are those after the frame header.
    fn new(process: Process, header: &parse::Segment<'_>, segments: &Segments<'_>, limits: &Limits) -> Result<Self> {
        let mut frame = parse::frame_header(header)?;
        if !matches!(frame.precision, 8 | 12) {
            let message = format!("JPEG of {} bits a sample is not supported", frame.precision);
            return Err(Error::unsupported(message).field_named("SOF").at(header.offset as u64));
        }
        if frame.height == 0 {
            frame.set_height(parse::late_height(segments.clone())?);
        }
        limits.check_picture(frame.width, frame.height)?;
        CoefficientImage::check_memory(&frame, limits)?;
        let components = frame.components.len();
        Ok(Self {
            process,
            frame,
            planes: Vec::new(),
            whole: None,
            waiting: Waiting::default(),
            quant: vec![None; components],
            progress: Progress::new(components),
            scans: 0,
            has_begun: false,
            visits: Visits::to_read(limits),
        })
    }

    /// Checks a scan, then reads it, or leaves it for later.
    fn scan(
        &mut self,
        header: &ScanHeader,
        tables: &Tables,
        data: &EntropyCoded<'a>,
        terms: &mut Terms<'_>,
    ) -> Result<()> {
        let (scan, limits) = (&header.scan, terms.limits);
        self.scans += 1;
        if self.scans > limits.scans {
            return Err(Error::limit("scans", format!("the file has more than {} scans", limits.scans)));
        }
        self.visits.take(scan.blocks(&self.frame) * self.process.weight(scan))?;
        self.let_whole_wait();
        let intervals = scan.blocks(&self.frame).checked_div(tables.restart_interval.into()).map_or(1, |n| n + 1);
        let plain = Unstuffed::memory(data.end - data.start, usize::try_from(intervals).unwrap_or(usize::MAX));
        let coefficients = self.frame.blocks() * BLOCK_BYTES;
        let most = (coefficients / WAITING_SHARE).max(WAITING_ALWAYS).min(limits.memory.saturating_sub(coefficients));
        if self.waiting.bytes + plain > most {
            self.decode_what_waits(terms)?;
        }
        limits.check_memory(coefficients + plain, "the coefficients and a scan")?;
        for &c in &scan.components {
            let slot = usize::from(self.frame.components[c].table);
            if self.quant[c].is_none() {
                self.quant[c].clone_from(&tables.quant[slot]);
            }
        }
        let kind = if self.process.is_progressive {
            scan.check(&self.frame)?;
            // What such a scan says is still the better guess than nothing.
            self.progress.apply(scan).or_else(|e| terms.tolerance.forgive(e.at(data.header as u64)))?;
            scan.kind()
        } else {
            // Ss, Se, Ah and Al have one legal value in a sequential scan; decoders do not look at them.
            scan.check_components(&self.frame)?;
            Kind::Sequential
        };
        if kind == Kind::Sequential && self.is_whole(scan) && !terms.tolerance.is_tolerant {
            return self.stream(header, tables, data, terms);
        }
        if self.process.is_arithmetic {
            self.read_arithmetic(kind, header, tables, data, terms)
        } else {
            self.read_huffman(kind, header, tables, data, terms)
        }
    }

    /// Whether a scan is the first, and has all that a stream needs.
    fn is_whole(&self, scan: &Scan) -> bool {
        !self.has_begun && !self.process.is_arithmetic && scan.components.len() == self.frame.components.len()
    }

    /// Leaves a scan that has everything for later.
    fn stream(
        &mut self,
        header: &ScanHeader,
        tables: &Tables,
        data: &EntropyCoded<'a>,
        terms: &Terms<'_>,
    ) -> Result<()> {
        let reader = baseline::Reader::new(&tables.dc(header, true)?, &tables.ac(header, true)?);
        let cursor = self.cursor(reader, header, tables, data, terms);
        (self.whole, self.has_begun) = (Some(Box::new(Stream::new(&self.frame, cursor))), true);
        Ok(())
    }

    /// Decodes all scans that were left for later: what comes first in a file is the first to be said of it.
    fn decode_what_waits(&mut self, terms: &Terms<'_>) -> Result<()> {
        self.let_whole_wait();
        if self.waiting.scans.is_empty() {
            return Ok(());
        }
        self.hold(terms)?;
        self.together(terms).decode(&self.frame, &mut self.planes)
    }

    /// All scans that were left for later.
    fn together(&mut self, terms: &Terms<'_>) -> Scans<'a> {
        let Waiting { scans, bytes } = std::mem::take(&mut self.waiting);
        Scans::new(scans, bytes, &self.frame, terms.threads.clone(), terms.cancel.clone())
    }

    /// Has the picture in memory, as far as it was read.
    fn hold(&mut self, terms: &Terms<'_>) -> Result<()> {
        if self.planes.is_empty() {
            self.planes = CoefficientImage::planes(&self.frame, terms.limits)?;
        }
        Ok(())
    }

    fn read_huffman(
        &mut self,
        kind: Kind,
        header: &ScanHeader,
        tables: &Tables,
        data: &EntropyCoded<'a>,
        terms: &mut Terms<'_>,
    ) -> Result<()> {
        let (low, band) = point_transform_and_band(header);
        match kind {
            Kind::Sequential => {
                let reader = baseline::Reader::new(&tables.dc(header, true)?, &tables.ac(header, true)?);
                self.read_blocks(reader, header, tables, data, terms)
            }
            Kind::DcFirst => {
                let reader = dc_first::Reader::new(&tables.dc(header, false)?, low);
                self.read_blocks(reader, header, tables, data, terms)
            }
            Kind::DcRefine => self.read_blocks(dc_refine::Reader::new(low), header, tables, data, terms),
            Kind::AcFirst => {
                let reader = ac_first::Reader::new(&tables.ac(header, false)?[0], band);
                self.read_blocks(reader, header, tables, data, terms)
            }
            Kind::AcRefine => {
                let table = &tables.ac(header, false)?[0];
                match terms.level {
                    Level::Scalar(kernels) => {
                        let reader = ac_refine::Reader::new(kernels, table, band);
                        self.read_blocks(reader, header, tables, data, terms)
                    }
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2(kernels) => {
                        let reader = ac_refine::Reader::new(kernels, table, band);
                        self.read_blocks(reader, header, tables, data, terms)
                    }
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512(kernels) => {
                        let reader = ac_refine::Reader::new(kernels.avx2(), table, band);
                        self.read_blocks(reader, header, tables, data, terms)
                    }
                }
            }
        }
    }

    fn read_arithmetic(
        &mut self,
        kind: Kind,
        header: &ScanHeader,
        tables: &Tables,
        data: &EntropyCoded<'a>,
        terms: &mut Terms<'_>,
    ) -> Result<()> {
        let (low, band) = point_transform_and_band(header);
        let (dc, ac): (Vec<u8>, Vec<u8>) = header.tables.iter().copied().unzip();
        let conditioning = &tables.conditioning;
        match kind {
            Kind::Sequential => {
                let reader = arith::sequential::Reader::new(&dc, &ac, conditioning);
                self.read_blocks(reader, header, tables, data, terms)
            }
            Kind::DcFirst => {
                let reader = arith::dc::First::new(&dc, conditioning, low);
                self.read_blocks(reader, header, tables, data, terms)
            }
            Kind::DcRefine => self.read_blocks(arith::dc::Refine::new(low), header, tables, data, terms),
            Kind::AcFirst => {
                let reader = arith::ac::First::new(ac[0], conditioning, band);
                self.read_blocks(reader, header, tables, data, terms)
            }
            Kind::AcRefine => self.read_blocks(arith::ac::Refine::new(ac[0], band), header, tables, data, terms),
        }
    }

    /// Reads the blocks of a scan at once where damage is passed over, and otherwise leaves them for later.
    fn read_blocks<R: ReadBlocks + Debug + Send + 'a>(
        &mut self,
        reader: R,
        header: &ScanHeader,
        tables: &Tables,
        data: &EntropyCoded<'a>,
        terms: &mut Terms<'_>,
    ) -> Result<()> {
        self.has_begun = true;
        let components = &header.scan.components;
        if !terms.tolerance.is_tolerant {
            let cursor = self.cursor(reader, header, tables, data, terms);
            self.wait(cursor, components.clone());
            return Ok(());
        }
        self.hold(terms)?;
        let mut picture = Stripe::whole(0..self.frame.mcus_high, &mut self.planes);
        let mcus = Mcus::new(&self.frame, components, &mut picture);
        tolerant::read(reader, mcus, tables.restart_interval, data.range(), terms)
    }

    /// The scan that had all coefficients so far is one of several.
    fn let_whole_wait(&mut self) {
        if let Some(stream) = self.whole.take() {
            self.wait(stream.cursor, (0..self.frame.components.len()).collect());
        }
    }

    /// Leaves a scan of some components for later.
    fn wait<R: ReadBlocks + Debug + Send + 'a>(&mut self, cursor: Cursor<'a, R>, components: Vec<usize>) {
        let own = size_of::<OfComponents<'_, R>>() as u64 + R::BYTES * components.len() as u64;
        self.waiting.bytes += cursor.data.plain.bytes() + own;
        self.waiting.scans.push(Box::new(OfComponents { cursor, components }));
    }

    /// What decodes a scan.
    fn cursor<R: ReadBlocks>(
        &self,
        reader: R,
        header: &ScanHeader,
        tables: &Tables,
        data: &EntropyCoded<'a>,
        terms: &Terms<'_>,
    ) -> Cursor<'a, R> {
        let count = mcu::count(&self.frame, &header.scan.components);
        Cursor::new(ScanData::new(data.range(), count, tables.restart_interval, terms.level), reader)
    }

    fn quant_tables(&self, tables: &Tables) -> Result<Vec<QuantTable>> {
        let components = self.frame.components.iter().zip(&self.quant);
        let table = components.map(|(component, table)| {
            let table = table.as_ref().or(tables.quant[usize::from(component.table)].as_ref());
            let missing = || Error::input(format!("component {} has no quantisation table", component.id));
            table.cloned().ok_or_else(missing)
        });
        table.collect()
    }

    fn finish(mut self, quant: Vec<QuantTable>, terms: &Terms<'_>) -> Result<Coefficients<'a>> {
        if !self.has_begun {
            return Err(Error::input("the file has no scan"));
        }
        let rows = match self.whole.take() {
            Some(stream) => Some(Rows::Streamed(stream)),
            // Nothing of the picture is in memory, and need not be; what is small takes less than its scans do.
            None if self.planes.is_empty() && self.frame.blocks() * BLOCK_BYTES > WAITING_ALWAYS => {
                Some(Rows::Together(Box::new(self.together(terms))))
            }
            None => None,
        };
        if let Some(rows) = rows {
            return Ok(Coefficients { frame: Cow::Owned(self.frame), tables: Cow::Owned(quant), rows });
        }
        self.decode_what_waits(terms)?;
        let mut image = CoefficientImage { frame: self.frame, planes: self.planes, tables: quant };
        if !terms.tolerance.damages.is_empty() {
            image.limit_to_precision();
        }
        Ok(image.into())
    }
}

/// Al, and the band with it.
fn point_transform_and_band(header: &ScanHeader) -> (u32, Band) {
    let scan = &header.scan;
    let low = u32::from(scan.low);
    (low, Band { start: scan.start.into(), end: scan.end.into(), low })
}

/// The table in a slot. Motion JPEG frames leave their tables out and mean the typical ones, as do the sequential scans
/// of some files (T.81 K.3).
fn table<'a>(
    slots: &'a [Option<Result<HuffmanTable>>; 4],
    class: &'static str,
    slot: u8,
    sequential: bool,
) -> Result<Cow<'a, HuffmanTable>> {
    if let Some(Some(defined)) = slots.get(usize::from(slot)) {
        return defined.as_ref().map(Cow::Borrowed).map_err(Clone::clone);
    }
    HuffmanTable::typical(class == "DC", slot).filter(|_| sequential).map(Cow::Owned).ok_or_else(|| {
        Error::input(format!("the scan uses {class} table {slot}, which is not defined")).field_named("SOS")
    })
}
