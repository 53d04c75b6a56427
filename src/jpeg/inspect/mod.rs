//! What a JPEG is made of, without decoding it.

mod json;
mod quality;
mod tables;

pub use quality::{Quality, QualityEstimate};
pub use tables::{HuffmanTableInfo, ImageInfo, QuantTableInfo};

use std::borrow::Cow;

use tables::Tables;

use crate::error::{Error, Result};
use crate::jpeg::frame::Frame;
use crate::jpeg::marker::{self, DAC, DHT, DQT, DRI, EOI, SOF0, SOS};
use crate::jpeg::metadata;
use crate::jpeg::parse::{self, Segment, Segments};
use crate::jpeg::quant::QuantTable;
use crate::jpeg::scan::progress::Progress;
use crate::limits::{Limits, push};

/// What a JPEG is made of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// Bytes of the whole file.
    pub bytes: u64,
    /// The n of its SOFn marker (T.81 table B.1).
    pub sof: u8,
    /// The coding process: `baseline`, `extended sequential`, `progressive` or `lossless`.
    pub process: &'static str,
    /// Samples in a line.
    pub width: u32,
    /// Lines, be they told by the frame header or by a DNL segment after the first scan; 0 where neither does.
    pub height: u32,
    /// Bits a sample.
    pub precision: u8,
    /// Whether the frame is progressive (SOF2, 6, 10, 14).
    pub progressive: bool,
    /// Whether it is arithmetic-coded (SOF9 and above).
    pub arithmetic: bool,
    /// What the components are, as libjpeg takes them: `grey`, `YCbCr`, `RGB`, `CMYK` or `YCCK`; empty where two or
    /// none of the usual numbers are there.
    pub color: &'static str,
    /// How the picture is to be turned, 1 to 8, where the first Exif segment says so.
    pub orientation: Option<u8>,
    /// MCUs between restart markers when the first scan begins, 0 for none.
    pub restart_interval: u16,
    /// Components of the frame.
    pub components: Vec<ComponentInfo>,
    /// Quantisation tables in the order of their definition.
    pub quantisation_tables: Vec<QuantTableInfo>,
    /// Huffman tables in the order of their definition.
    pub huffman_tables: Vec<HuffmanTableInfo>,
    /// The quality that the tables of the first components come from; none where there are no tables.
    pub quality: Option<Quality>,
    /// Scans in their order.
    pub scans: Vec<ScanInfo>,
    /// APPn and COM segments in their order.
    pub metadata: Vec<SegmentInfo>,
    /// The images of a multi-picture file, the first included; none in other files.
    pub images: Vec<ImageInfo>,
    /// Whether the scans send every coefficient of every component exactly, and the file ends with EOI.
    pub complete: bool,
    /// Whether the file ends before EOI: its last scan may lack data.
    pub cut: bool,
    /// Bytes after EOI.
    pub trailing_bytes: u64,
}

/// A component of the frame header.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ComponentInfo {
    /// Ci, or where another component has it already, one that none has.
    pub id: u8,
    /// Hi, horizontal sampling factor.
    pub horizontal: u8,
    /// Vi, vertical sampling factor.
    pub vertical: u8,
    /// Tqi, slot of the quantisation table.
    pub quantisation_table: u8,
}

/// A scan header, and where the scan lies.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScanInfo {
    /// Ids of its components.
    pub components: Vec<u8>,
    /// Ss, first coefficient in zigzag order.
    pub spectral_start: u8,
    /// Se, last coefficient.
    pub spectral_end: u8,
    /// Ah, 0 in a first scan.
    pub approximation_high: u8,
    /// Al, bits left to later scans.
    pub approximation_low: u8,
    /// Offset of the SOS marker.
    pub start: u64,
    /// Offset after the last byte of entropy-coded data that is there.
    pub end: u64,
}

/// An APPn or COM segment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SegmentInfo {
    /// `APP1`, `COM`, …
    pub marker: &'static str,
    /// `JFIF`, `Exif`, `XMP`, `ICC`, `Adobe`, `MPF`, `comment`, …; empty where it is not known.
    pub kind: &'static str,
    /// Offset of the marker.
    pub offset: u64,
    /// Bytes, marker and length included.
    pub bytes: u64,
}

/// Looks at the marker segments of a JPEG of any process with one frame; entropy-coded data is passed over.
///
/// # Errors
/// `Input` with the byte offset where the file is malformed or ends before its first scan, `Unsupported` for
/// hierarchical files and more than four components, `Limit` for too large a file or too many scans.
pub fn inspect(source: &[u8], limits: &Limits) -> Result<Inspection> {
    limits.check_input(source.len())?;
    let mut segments = Segments::new(source)?;
    let mut found = Found::default();
    loop {
        let segment = match segments.next() {
            Err(_) if segments.is_cut() && !found.scans.is_empty() => break,
            segment => segment?,
        };
        match segment.code {
            EOI => break,
            SOS => {
                let (_, end) = segments.entropy_coded();
                found.scan(&segment, end, limits)?;
            }
            DRI if found.scans.is_empty() => found.restart_interval = parse::restart_interval(&segment)?,
            DQT => found.tables.define_quant(&segment, limits)?,
            DHT => found.tables.define_huffman(&segment, limits)?,
            DRI | DAC => {}
            code if is_frame(code) => found.frame(&segment, &segments)?,
            code if marker::is_metadata(code) => found.metadata(&segment, limits)?,
            _ => parse::refuse_other(&segment)?,
        }
    }
    found.finish(source, &segments)
}

impl Inspection {
    /// Name of a component by its place in the frame, `Y`, `Cb` and so on; `#` and its id where that is not known.
    pub fn component_name(&self, id: u8) -> Cow<'static, str> {
        let names: &[&str] = match self.color {
            "grey" => &["Y"],
            "YCbCr" => &["Y", "Cb", "Cr"],
            "RGB" => &["R", "G", "B"],
            "CMYK" => &["C", "M", "Y", "K"],
            "YCCK" => &["Y", "Cb", "Cr", "K"],
            _ => &[],
        };
        let place = self.components.iter().position(|component| component.id == id);
        match place.and_then(|place| names.get(place)) {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(format!("#{id}")),
        }
    }
}

/// SOFn of a frame that is not one of a hierarchy: all of C0 to CF but DHT, JPG, DAC and the differential ones.
fn is_frame(code: u8) -> bool {
    matches!(code, 0xC0..=0xC3 | 0xC9..=0xCB)
}

#[derive(Default)]
struct Found {
    frame: Option<(u8, Frame, Progress)>,
    restart_interval: u16,
    tables: Tables,
    /// The quantisation table of each component when its first scan began.
    quant: Vec<Option<QuantTable>>,
    scans: Vec<ScanInfo>,
    metadata: Vec<SegmentInfo>,
    /// Whether every scan continues the ones before it.
    in_order: bool,
    has_exif: bool,
    orientation: Option<u8>,
    has_jfif: bool,
    /// What an Adobe segment says of the components (its transform).
    adobe: Option<u8>,
}

impl Found {
    /// The segments are those after the frame header.
    fn frame(&mut self, segment: &Segment<'_>, segments: &Segments<'_>) -> Result<()> {
        if self.frame.is_some() {
            return Err(Error::input("a second frame begins").at(segment.offset as u64));
        }
        let mut frame = parse::frame_header(segment)?;
        if frame.height == 0 {
            frame.set_height(parse::late_height(segments.clone()).unwrap_or(0));
        }
        let progress = Progress::new(frame.components.len());
        self.quant = vec![None; frame.components.len()];
        self.frame = Some((segment.code - SOF0, frame, progress));
        self.in_order = true;
        Ok(())
    }

    fn metadata(&mut self, segment: &Segment<'_>, limits: &Limits) -> Result<()> {
        let kind = metadata::kind(segment.code, segment.payload);
        match kind {
            "Exif" if !self.has_exif => {
                (self.has_exif, self.orientation) = (true, metadata::orientation(segment.payload));
            }
            "JFIF" => self.has_jfif = true,
            "Adobe" => self.adobe = segment.payload.get(metadata::ADOBE_TRANSFORM).copied(),
            _ => {}
        }
        let info = SegmentInfo {
            marker: marker::name(segment.code),
            kind,
            offset: segment.offset as u64,
            bytes: segment.payload.len() as u64 + 4,
        };
        push(&mut self.metadata, info, limits)
    }

    fn scan(&mut self, segment: &Segment<'_>, end: usize, limits: &Limits) -> Result<()> {
        if self.scans.len() as u64 >= u64::from(limits.scans) {
            return Err(Error::limit("scans", format!("the file has more than {} scans", limits.scans)));
        }
        let Some((sof, frame, progress)) = &mut self.frame else {
            return Err(Error::input("a scan comes before the frame").at(segment.offset as u64));
        };
        let mut scan = parse::scan_header(segment, frame)?.scan;
        for &c in &scan.components {
            let slot = usize::from(frame.components[c].table);
            self.quant[c] = self.quant[c].take().or_else(|| self.tables.quant[slot].clone());
        }
        self.scans.push(ScanInfo {
            components: scan.components.iter().map(|&c| frame.components[c].id).collect(),
            spectral_start: scan.start,
            spectral_end: scan.end,
            approximation_high: scan.high,
            approximation_low: scan.low,
            start: segment.offset as u64,
            end: end as u64,
        });
        if !is_progressive(*sof) {
            // The fields have one meaning there, whatever they say.
            (scan.start, scan.end, scan.high, scan.low) = (0, 63, 0, 0);
        } else if let Err(error) = scan.check(frame) {
            return Err(error.at(segment.offset as u64));
        }
        self.in_order &= progress.apply(&scan).is_ok();
        Ok(())
    }

    /// The segments are those after the last that was looked at.
    fn finish(self, source: &[u8], segments: &Segments<'_>) -> Result<Inspection> {
        let bytes = source.len() as u64;
        let missing = || Error::input("the file has no frame that can be described").at(bytes);
        let color = self.color();
        let (sof, frame, progress) = self.frame.ok_or_else(missing)?;
        let mut quant = self.quant.iter().map(Option::as_ref);
        let (luma, chroma) = (quant.next().flatten(), quant.next().flatten());
        let components = frame.components.iter().map(|c| ComponentInfo {
            id: c.id,
            horizontal: c.horizontal as u8,
            vertical: c.vertical as u8,
            quantisation_table: c.table,
        });
        Ok(Inspection {
            bytes,
            sof,
            process: process(sof),
            width: frame.width,
            height: frame.height,
            precision: frame.precision,
            progressive: is_progressive(sof),
            arithmetic: sof > 8,
            color,
            orientation: self.orientation,
            restart_interval: self.restart_interval,
            components: components.collect(),
            quantisation_tables: self.tables.quant_defined,
            huffman_tables: self.tables.huffman_defined,
            quality: luma.map(|luma| Quality::of(luma, chroma)),
            scans: self.scans,
            metadata: self.metadata,
            images: tables::images(source),
            complete: self.in_order && progress.is_complete() && !segments.is_cut(),
            cut: segments.is_cut(),
            trailing_bytes: segments.rest().len() as u64,
        })
    }

    fn color(&self) -> &'static str {
        self.frame.as_ref().map_or("", |(_, frame, _)| metadata::color(frame, self.has_jfif, self.adobe))
    }
}

/// The name of a process of [`is_frame`], Huffman-coded or arithmetic-coded (T.81 table B.1).
fn process(sof: u8) -> &'static str {
    match sof & 3 {
        _ if sof == 0 => "baseline",
        1 => "extended sequential",
        2 => "progressive",
        _ => "lossless",
    }
}

fn is_progressive(sof: u8) -> bool {
    sof & 3 == 2
}
