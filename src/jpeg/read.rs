//! Bytes to coefficients: every segment in its turn, every scan into the planes.

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::jpeg::bits::{Unstuffed, source_offset};
use crate::jpeg::coeff::{BLOCK_BYTES, CoefficientImage, Plane};
use crate::jpeg::entropy::{Band, ReadBlocks, ac_first, ac_refine, baseline, dc_first, dc_refine};
use crate::jpeg::frame::{Frame, Process};
use crate::jpeg::huffman::{Decoder, HuffmanTable};
use crate::jpeg::marker::{self, DHT, DQT, DRI, EOI, SOF0, SOF1, SOF2, SOS};
use crate::jpeg::metadata::{Metadata, Segment};
use crate::jpeg::parse::{self, HuffmanSlots, ScanHeader, Segments};
use crate::jpeg::quant::QuantTable;
use crate::jpeg::scan::Kind;
use crate::jpeg::scan::progress::Progress;
use crate::jpeg::simd::{Level, Simd};
use crate::limits::{Cancel, Limits};

/// Units of work between two looks at the flag that cancels.
const CANCEL_EVERY: usize = 4096;

/// Bytes that an encoder may leave behind the last block of a scan or a restart interval. Some leave one or two, and
/// readers with a buffer of 64 bits never see them; more is a sign of damage.
const MAX_PADDING: usize = 8;

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) image: CoefficientImage,
    pub(crate) metadata: Metadata<'a>,
}

/// Reads a whole file.
pub(crate) fn read<'a>(source: &'a [u8], simd: Simd, limits: &Limits, cancel: &Cancel) -> Result<Source<'a>> {
    limits.check_input(source.len())?;
    let level = simd.level()?;
    let mut segments = Segments::new(source)?;
    let mut tables = Tables::default();
    let mut metadata = Metadata::default();
    let mut picture: Option<Picture> = None;
    loop {
        let segment = segments.next()?;
        match (segment.code, &mut picture) {
            (SOF0 | SOF1 | SOF2, None) => picture = Some(Picture::new(&segment, level, limits)?),
            (SOF0 | SOF1 | SOF2, Some(_)) => {
                return Err(Error::input("a second frame begins").at(segment.offset as u64));
            }
            (DQT, _) => parse::quant_tables(&segment, &mut tables.quant)?,
            (DHT, _) => parse::huffman_tables(&segment, &mut tables.huffman)?,
            (DRI, _) => tables.restart_interval = parse::restart_interval(&segment)?,
            (SOS, None) => return Err(Error::input("a scan comes before the frame").at(segment.offset as u64)),
            (SOS, Some(picture)) => {
                let header = parse::scan_header(&segment, &picture.frame)?;
                let (start, end) = segments.entropy_coded();
                let data = EntropyCoded { source, start, end };
                picture.scan(&header, &tables, &data, limits, cancel).map_err(|e| match e.offset() {
                    Some(_) => e,
                    None => e.at(segment.offset as u64),
                })?;
            }
            (EOI, _) => break,
            (code, picture) if marker::is_metadata(code) => {
                let kept = Segment { code, payload: Cow::Borrowed(segment.payload) };
                let late = picture.as_ref().is_some_and(|p| p.scans > 0);
                if late { metadata.late.push(kept) } else { metadata.header.push(kept) }
            }
            _ => parse::refuse_other(&segment)?,
        }
    }
    metadata.trailing = segments.rest();
    let picture = picture.ok_or_else(|| Error::input("the file has no frame").at(source.len() as u64))?;
    Ok(Source { image: picture.finish(&tables)?, metadata })
}

/// What segments define for the scans after them.
#[derive(Debug, Default)]
struct Tables {
    quant: [Option<QuantTable>; 4],
    huffman: HuffmanSlots,
    restart_interval: u16,
}

/// The entropy-coded data of a scan within the file.
struct EntropyCoded<'a> {
    source: &'a [u8],
    start: usize,
    end: usize,
}

/// A picture on its way.
#[derive(Debug)]
struct Picture {
    process: Process,
    frame: Frame,
    planes: Vec<Plane>,
    /// The quantisation table of each component, as it was when its first scan began (T.81 B.2.4.1 lets a slot be
    /// defined anew between scans).
    quant: Vec<Option<QuantTable>>,
    progress: Progress,
    scans: u32,
    block_visits: u64,
    plain: Unstuffed,
    level: Level,
}

impl Picture {
    fn new(segment: &parse::Segment<'_>, level: Level, limits: &Limits) -> Result<Self> {
        let process = match segment.code {
            SOF0 => Process::Baseline,
            SOF1 => Process::Extended,
            _ => Process::Progressive,
        };
        let frame = parse::frame_header(segment)?;
        let unsupported = |what: String| Err(Error::unsupported(what).field_named("SOF").at(segment.offset as u64));
        if frame.precision != 8 {
            return unsupported(format!("JPEG of {} bits a sample is not supported", frame.precision));
        }
        if frame.height == 0 {
            return unsupported("a frame whose height is told after its first scan (DNL) is not supported".into());
        }
        limits.check_picture(frame.width, frame.height)?;
        let planes = CoefficientImage::planes(&frame, limits)?;
        let components = frame.components.len();
        Ok(Self {
            process,
            frame,
            planes,
            quant: vec![None; components],
            progress: Progress::new(components),
            scans: 0,
            block_visits: 0,
            plain: Unstuffed::default(),
            level,
        })
    }

    /// Checks a scan, then reads it into the planes.
    fn scan(
        &mut self,
        header: &ScanHeader,
        tables: &Tables,
        data: &EntropyCoded<'_>,
        limits: &Limits,
        cancel: &Cancel,
    ) -> Result<()> {
        let scan = &header.scan;
        self.scans += 1;
        self.block_visits += scan.blocks(&self.frame);
        if self.scans > limits.scans {
            return Err(Error::limit("scans", format!("the file has more than {} scans", limits.scans)));
        }
        if self.block_visits > limits.block_visits {
            let message = format!("the scans visit more than {} blocks", limits.block_visits);
            return Err(Error::limit("block_visits", message));
        }
        let memory = self.frame.blocks() * BLOCK_BYTES + (data.end - data.start) as u64;
        limits.check_memory(memory, "the coefficients and a scan")?;
        for &c in &scan.components {
            let slot = usize::from(self.frame.components[c].table);
            if self.quant[c].is_none() {
                self.quant[c].clone_from(&tables.quant[slot]);
            }
        }
        if self.process == Process::Progressive {
            scan.check(&self.frame)?;
            self.progress.apply(scan)?;
            self.read_progressive(header, tables, data, cancel)
        } else {
            // Ss, Se, Ah and Al have one legal value in a sequential scan; decoders do not look at them.
            scan.check_components(&self.frame)?;
            let table = |slots: &[Option<HuffmanTable>; 4], class, slot| decoder(slots, class, slot, true);
            let dc = header.tables.iter().map(|t| table(&tables.huffman.dc, "DC", t.0)).collect::<Result<Vec<_>>>()?;
            let ac = header.tables.iter().map(|t| table(&tables.huffman.ac, "AC", t.1)).collect::<Result<Vec<_>>>()?;
            let reader = baseline::Reader::new(dc.iter().collect(), ac.iter().collect());
            self.read_blocks(reader, header, tables, data, cancel)
        }
    }

    fn read_progressive(
        &mut self,
        header: &ScanHeader,
        tables: &Tables,
        data: &EntropyCoded<'_>,
        cancel: &Cancel,
    ) -> Result<()> {
        let scan = &header.scan;
        let low = u32::from(scan.low);
        let band = Band { start: scan.start.into(), end: scan.end.into(), low };
        let ac = || decoder(&tables.huffman.ac, "AC", header.tables[0].1, false);
        match scan.kind() {
            Kind::Sequential | Kind::DcFirst => {
                let dc = header.tables.iter().map(|t| decoder(&tables.huffman.dc, "DC", t.0, false));
                let dc = dc.collect::<Result<Vec<_>>>()?;
                let reader = dc_first::Reader::new(dc.iter().collect(), low);
                self.read_blocks(reader, header, tables, data, cancel)
            }
            Kind::DcRefine => self.read_blocks(dc_refine::Reader::new(low), header, tables, data, cancel),
            Kind::AcFirst => self.read_blocks(ac_first::Reader::new(&ac()?, band), header, tables, data, cancel),
            Kind::AcRefine => self.read_blocks(ac_refine::Reader::new(&ac()?, band), header, tables, data, cancel),
        }
    }

    /// Reads the blocks of a scan.
    fn read_blocks(
        &mut self,
        reader: impl ReadBlocks,
        header: &ScanHeader,
        tables: &Tables,
        data: &EntropyCoded<'_>,
        cancel: &Cancel,
    ) -> Result<()> {
        self.level.run(
            #[inline(always)]
            || self.read_intervals(reader, header, tables, data, cancel),
        )
    }

    #[inline(always)]
    fn read_intervals(
        &mut self,
        mut reader: impl ReadBlocks,
        header: &ScanHeader,
        tables: &Tables,
        data: &EntropyCoded<'_>,
        cancel: &Cancel,
    ) -> Result<()> {
        let EntropyCoded { source, start, end } = *data;
        let components = &header.scan.components;
        let mut mcus = Mcus::new(&self.frame, components, &mut self.planes);
        let per_interval = if tables.restart_interval == 0 { mcus.count } else { tables.restart_interval.into() };
        let intervals = mcus.count.div_ceil(per_interval);
        self.plain.fill(source, start, end, intervals);
        for i in 0..intervals {
            let Some(interval) = self.plain.intervals.get(i) else {
                let message = format!("the scan ends after {i} of {intervals} restart intervals");
                return Err(Error::input(message).at(end as u64));
            };
            if interval.restart.is_some_and(|n| usize::from(n) != (i + 7) % 8) {
                return Err(Error::input("a restart marker is out of order").at(interval.source as u64 - 2));
            }
            let mut bits = self.plain.reader(interval);
            let at = |plain: usize| source_offset(source, interval, plain) as u64;
            reader.restart();
            for mcu in i * per_interval..((i + 1) * per_interval).min(mcus.count) {
                if mcu % CANCEL_EVERY == 0 {
                    cancel.check()?;
                }
                mcus.read(mcu, &mut reader, &mut bits)
                    .map_err(|fault| Error::input(fault).at(at(bits.byte_position())))?;
                if bits.overrun() {
                    return Err(Error::input("the entropy-coded data ends early").at(at(bits.byte_position())));
                }
            }
            if bits.left_over() > MAX_PADDING {
                let message = format!("{} bytes are left over after the last block", bits.left_over());
                return Err(Error::input(message).at(at(bits.byte_position())));
            }
        }
        match self.plain.surplus {
            Some(offset) => Err(Error::input("data follows the last restart interval").at(offset as u64)),
            None => Ok(()),
        }
    }

    fn finish(self, tables: &Tables) -> Result<CoefficientImage> {
        let mut quant = Vec::with_capacity(self.planes.len());
        for (component, table) in self.frame.components.iter().zip(self.quant) {
            let table = table.or_else(|| tables.quant[usize::from(component.table)].clone());
            let missing = || Error::input(format!("component {} has no quantisation table", component.id));
            quant.push(table.ok_or_else(missing)?);
        }
        if self.scans == 0 {
            return Err(Error::input("the file has no scan"));
        }
        Ok(CoefficientImage { frame: self.frame, planes: self.planes, tables: quant })
    }
}

/// The MCUs of a scan: single blocks of one component, or the interleaved blocks of several (T.81 A.2).
struct Mcus<'a> {
    /// For each component of the scan, in its order.
    parts: Vec<Part<'a>>,
    wide: usize,
    count: usize,
    /// Takes the blocks that pad an MCU; they carry nothing.
    padding: [i16; 64],
}

struct Part<'a> {
    plane: &'a mut Plane,
    blocks_wide: usize,
    blocks_high: usize,
    /// Blocks of an MCU, in a row and a column.
    horizontal: usize,
    vertical: usize,
}

impl<'a> Mcus<'a> {
    fn new(frame: &Frame, components: &[usize], planes: &'a mut [Plane]) -> Self {
        let planes = planes.iter_mut().zip(&frame.components).enumerate().filter(|(i, _)| components.contains(i));
        let single = components.len() == 1;
        let parts: Vec<_> = planes
            .map(|(_, (plane, c))| Part {
                plane,
                blocks_wide: c.blocks_wide as usize,
                blocks_high: c.blocks_high as usize,
                horizontal: if single { 1 } else { c.horizontal as usize },
                vertical: if single { 1 } else { c.vertical as usize },
            })
            .collect();
        let (wide, high) = match &parts[..] {
            [part] => (part.blocks_wide, part.blocks_high),
            _ => (frame.mcus_wide as usize, frame.mcus_high as usize),
        };
        Self { parts, wide, count: wide * high, padding: [0; 64] }
    }

    #[inline(always)]
    fn read(
        &mut self,
        mcu: usize,
        reader: &mut impl ReadBlocks,
        bits: &mut crate::jpeg::bits::BitReader<'_>,
    ) -> Result<(), crate::jpeg::entropy::Fault> {
        if let [part] = &mut self.parts[..] {
            return reader.read(bits, 0, &mut part.plane.blocks_mut()[mcu]);
        }
        let (x, y) = (mcu % self.wide, mcu / self.wide);
        for (slot, part) in self.parts.iter_mut().enumerate() {
            for row in y * part.vertical..(y + 1) * part.vertical {
                for column in x * part.horizontal..(x + 1) * part.horizontal {
                    let inside = row < part.blocks_high && column < part.blocks_wide;
                    let block = if inside { &mut part.plane.row_mut(row)[column] } else { &mut self.padding };
                    reader.read(bits, slot, block)?;
                }
            }
        }
        Ok(())
    }
}

/// The table in a slot, made ready. Motion JPEG frames leave their tables out and mean the typical ones, as do the
/// sequential scans of some files (T.81 K.3).
fn decoder(slots: &[Option<HuffmanTable>; 4], class: &'static str, slot: u8, sequential: bool) -> Result<Decoder> {
    let defined = slots.get(usize::from(slot)).and_then(Option::as_ref);
    let typical = || HuffmanTable::typical(class == "DC", slot).filter(|_| sequential);
    match defined {
        Some(table) => Ok(Decoder::new(table)),
        None => typical().map(|table| Decoder::new(&table)).ok_or_else(|| {
            Error::input(format!("the scan uses {class} table {slot}, which is not defined")).field_named("SOS")
        }),
    }
}
