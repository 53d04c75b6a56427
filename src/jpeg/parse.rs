//! Bytes to marker segments, and segments to headers and tables. Every error carries the offset it is about.

use std::iter;

use crate::error::{Error, Result};
use crate::jpeg::bits;
use crate::jpeg::entropy::arith::Conditioning;
use crate::jpeg::frame::{Component, Frame};
use crate::jpeg::huffman::HuffmanTable;
use crate::jpeg::marker::{self, DNL, EOI, SOI, SOS};
use crate::jpeg::quant::QuantTable;
use crate::jpeg::scan::Scan;

/// The segments of a file, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Segments<'a> {
    source: &'a [u8],
    at: usize,
    /// Whether a scan has been passed.
    scanned: bool,
    /// Whether the file has ended before EOI.
    cut: bool,
}

/// A marker segment, or a marker that stands alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    pub(crate) code: u8,
    /// Where its marker begins.
    pub(crate) offset: usize,
    /// Without marker and length.
    pub(crate) payload: &'a [u8],
}

impl<'a> Segments<'a> {
    /// Begins after SOI.
    pub(crate) fn new(source: &'a [u8]) -> Result<Self> {
        if !source.starts_with(&[0xFF, SOI]) {
            return Err(Error::input("the file does not begin as a JPEG").at(0));
        }
        Ok(Self { source, at: 2, scanned: false, cut: false })
    }

    /// The next segment. EOI comes as one without a payload. Bytes that begin no marker are passed over in the headers:
    /// files with such junk are about, and every reader takes them. After a scan they are the rest of a damaged one.
    /// After an error the segments go on behind what it is about.
    pub(crate) fn next(&mut self) -> Result<Segment<'a>> {
        let from = self.at;
        let Some((code, after)) = self.marker() else { return Err(self.cut()) };
        let offset = after - 2;
        if self.scanned && self.source[from..offset].iter().any(|&b| b != 0xFF) {
            self.at = offset;
            return Err(Error::input("a marker was expected").at(from as u64));
        }
        self.at = after;
        if marker::stands_alone(code) {
            return Ok(Segment { code, offset, payload: &[] });
        }
        let Some(length) = self.source.get(after..after + 2) else { return Err(self.cut()) };
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        if length < 2 {
            let message = format!("the length of a {} segment does not count itself", marker::name(code));
            return Err(Error::input(message).at(after as u64));
        }
        let Some(payload) = self.source.get(after + 2..after + length) else { return Err(self.cut()) };
        self.at = after + length;
        Ok(Segment { code, offset, payload })
    }

    /// The next marker's code, and where it ends.
    fn marker(&self) -> Option<(u8, usize)> {
        let mut at = self.at;
        loop {
            at += memchr::memchr(0xFF, &self.source[at..])?;
            at += self.source[at..].iter().take_while(|&&b| b == 0xFF).count();
            let code = *self.source.get(at)?;
            at += 1;
            if code != 0 {
                return Some((code, at));
            }
        }
    }

    fn cut(&mut self) -> Error {
        (self.at, self.cut) = (self.source.len(), true);
        Error::input("the file ends before EOI").at(self.source.len() as u64)
    }

    /// Passes the entropy-coded data that follows a scan header, and gives where it begins and ends.
    pub(crate) fn entropy_coded(&mut self) -> (usize, usize) {
        let start = self.at;
        self.scanned = true;
        while let Some(found) = memchr::memchr(0xFF, &self.source[self.at..]) {
            self.at += found;
            match self.source.get(self.at + 1) {
                Some(&code) if bits::continues(code) => self.at += 1 + usize::from(code != 0xFF),
                Some(_) => return (start, self.at),
                None => break,
            }
        }
        self.at = self.source.len();
        (start, self.at)
    }

    /// Whether the file has ended before EOI.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut
    }

    /// What follows the segments taken so far.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.source[self.at..]
    }
}

/// A payload that is read field by field.
struct Fields<'a> {
    name: &'static str,
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Fields<'a> {
    fn new(segment: &Segment<'a>) -> Self {
        Self { name: marker::name(segment.code), rest: segment.payload, offset: segment.offset + 4 }
    }

    fn error(&self, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
        Error::input(message).field_named(self.name).at(self.offset as u64)
    }

    fn bytes(&mut self, n: usize) -> Result<&'a [u8]> {
        let Some((head, rest)) = self.rest.split_at_checked(n) else {
            return Err(self.error("the segment is too short for what it announces"));
        };
        (self.rest, self.offset) = (rest, self.offset + n);
        Ok(head)
    }

    fn u8(&mut self) -> Result<u8> {
        Ok(self.bytes(1)?[0])
    }

    fn u16(&mut self) -> Result<u16> {
        let b = self.bytes(2)?;
        Ok(u16::from_be_bytes([b[0], b[1]]))
    }

    fn nibbles(&mut self) -> Result<(u8, u8)> {
        let b = self.u8()?;
        Ok((b >> 4, b & 15))
    }

    /// A slot of the four that tables have.
    fn slot(&self, slot: u8) -> Result<u8> {
        if slot < 4 { Ok(slot) } else { Err(self.error("there are only four slots")) }
    }

    /// What the payload defines, one after the other; with an error it ends.
    fn definitions<T>(mut self, read: impl Fn(&mut Self) -> Result<T>) -> impl Iterator<Item = Result<T>> {
        iter::from_fn(move || {
            let definition = (!self.rest.is_empty()).then(|| read(&mut self))?;
            if definition.is_err() {
                self.rest = &[];
            }
            Some(definition)
        })
    }

    fn end(&self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.error("the segment is longer than what it announces")) }
    }
}

/// SOFn (T.81 B.2.2).
pub(crate) fn frame_header(segment: &Segment<'_>) -> Result<Frame> {
    let mut fields = Fields::new(segment);
    let precision = fields.u8()?;
    let (height, width) = (fields.u16()?, fields.u16()?);
    let count = fields.u8()?;
    let mut components = Vec::with_capacity(count.into());
    for _ in 0..count {
        let id = fields.u8()?;
        let (horizontal, vertical) = fields.nibbles()?;
        let table = fields.u8()?;
        if table > 3 {
            return Err(fields.error(format!("there is no quantisation table {table}")));
        }
        components.push(Component::new(id, horizontal, vertical, table));
    }
    fields.end()?;
    Frame::new(width.into(), height.into(), precision, components).map_err(|e| e.at(segment.offset as u64))
}

/// The height of a frame whose header leaves it open: DNL tells it right after the first scan (T.81 B.2.5). The
/// segments are those after the frame header.
pub(crate) fn late_height(mut segments: Segments<'_>) -> Result<u32> {
    while segments.next()?.code != SOS {}
    segments.entropy_coded();
    let segment = segments.next()?;
    if segment.code != DNL {
        let message = "neither the frame header nor a DNL segment after the first scan tells the height";
        return Err(Error::input(message).field_named("DNL").at(segment.offset as u64));
    }
    let mut fields = Fields::new(&segment);
    match fields.u16()? {
        0 => Err(fields.error("the frame is empty")),
        height => fields.end().map(|()| height.into()),
    }
}

/// A scan header: the scan, and the tables of its components.
#[derive(Clone, Debug)]
pub(crate) struct ScanHeader {
    pub(crate) scan: Scan,
    /// Td and Ta of each component of the scan.
    pub(crate) tables: Vec<(u8, u8)>,
}

/// SOS (T.81 B.2.3).
pub(crate) fn scan_header(segment: &Segment<'_>, frame: &Frame) -> Result<ScanHeader> {
    debug_assert_eq!(segment.code, SOS);
    let mut fields = Fields::new(segment);
    let count = fields.u8()?;
    let (mut components, mut tables) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let name = fields.u8()?;
        let component = component_named(name, frame, &components);
        components.push(component.ok_or_else(|| fields.error(format!("the frame has no component {name}")))?);
        tables.push(fields.nibbles()?);
    }
    if let Some(name) = ambiguous_name(frame, &components) {
        return Err(fields.error(format!("the scan names one component {name}, and the frame has several")));
    }
    let (start, end) = (fields.u8()?, fields.u8()?);
    let (high, low) = fields.nibbles()?;
    fields.end()?;
    Ok(ScanHeader { scan: Scan { components, start, end, high, low }, tables })
}

/// The component that a scan header means by a name after those that it has `taken`: the next one of the frame that has
/// the name, or where all that have it are taken, the first, which the scan then names twice.
fn component_named(name: u8, frame: &Frame, taken: &[usize]) -> Option<usize> {
    let mut named = (0..frame.components.len()).filter(|&i| frame.components[i].name == name);
    let first = named.clone().next();
    named.find(|i| !taken.contains(i)).or(first)
}

/// A name that a scan has for some of the components that bear it. Of components of one name each scan has all, in the
/// order of the frame, or it may mean any of them.
fn ambiguous_name(frame: &Frame, components: &[usize]) -> Option<u8> {
    let has = |name| components.iter().any(|&c| frame.components[c].name == name);
    let mut others = frame.components.iter().enumerate().filter(|(c, _)| !components.contains(c));
    others.find(|(_, other)| has(other.name)).map(|(_, other)| other.name)
}

/// DQT (T.81 B.2.4.1): its tables in their order, each with its slot of four.
pub(crate) fn quant_tables(segment: &Segment<'_>) -> impl Iterator<Item = Result<(u8, QuantTable)>> {
    Fields::new(segment).definitions(|fields| {
        let (precision, slot) = fields.nibbles()?;
        if precision > 1 {
            return Err(fields.error("the precision of a quantisation table is neither 8 nor 16 bits"));
        }
        let mut table = [0; 64];
        for entry in &mut table {
            *entry = if precision == 1 { fields.u16()? } else { fields.u8()?.into() };
        }
        Ok((fields.slot(slot)?, QuantTable(table)))
    })
}

/// A Huffman table as DHT defines it.
#[derive(Debug)]
pub(crate) struct HuffmanDefinition {
    /// Whether its class is DC, not AC.
    pub(crate) is_dc: bool,
    /// 0 to 3.
    pub(crate) slot: u8,
    /// Where its codes do not fit, what is wrong with it: the segment goes on behind it.
    pub(crate) table: Result<HuffmanTable>,
}

/// DHT (T.81 B.2.4.2): its tables in their order.
pub(crate) fn huffman_tables(segment: &Segment<'_>) -> impl Iterator<Item = Result<HuffmanDefinition>> {
    Fields::new(segment).definitions(|fields| {
        let offset = fields.offset as u64;
        let (class, slot) = fields.nibbles()?;
        let mut counts = [0; 16];
        counts.copy_from_slice(fields.bytes(16)?);
        let symbols = fields.bytes(counts.iter().map(|&c| usize::from(c)).sum())?;
        let table = HuffmanTable::new(counts, symbols.to_vec()).map_err(|e| e.at(offset));
        if class > 1 {
            return Err(fields.error("the class of a Huffman table is neither DC nor AC"));
        }
        Ok(HuffmanDefinition { is_dc: class == 0, slot: fields.slot(slot)?, table })
    })
}

/// DAC (T.81 B.2.4.3).
pub(crate) fn conditioning(segment: &Segment<'_>, conditioning: &mut Conditioning) -> Result<()> {
    let mut fields = Fields::new(segment);
    while !fields.rest.is_empty() {
        let (class, table) = fields.nibbles()?;
        let table = usize::from(table);
        match class {
            0 => {
                let (upper, lower) = fields.nibbles()?;
                if lower > upper {
                    return Err(fields.error("the bounds of small DC differences are out of order"));
                }
                conditioning.dc[table] = (lower, upper);
            }
            1 => conditioning.ac[table] = fields.u8()?,
            _ => return Err(fields.error("the class of a conditioning table is neither DC nor AC")),
        }
    }
    Ok(())
}

/// DRI (T.81 B.2.4.4): MCUs between restart markers, 0 for none.
pub(crate) fn restart_interval(segment: &Segment<'_>) -> Result<u16> {
    let mut fields = Fields::new(segment);
    let interval = fields.u16()?;
    fields.end()?;
    Ok(interval)
}

/// Refuses a segment that belongs to a process this crate does not read, and markers that have no place here.
pub(crate) fn refuse_other(segment: &Segment<'_>) -> Result<()> {
    let offset = segment.offset as u64;
    if let Some(process) = marker::unsupported_process(segment.code) {
        return Err(Error::unsupported(format!("{process} is not supported")).at(offset));
    }
    match segment.code {
        SOI => Err(Error::input("a second image begins inside the first").at(offset)),
        // DNL repeats the height that the frame header gives; EOI ends the caller's loop; the others carry nothing.
        DNL | EOI | marker::TEM | marker::RST0..=marker::RST7 => Ok(()),
        // What it says may be needed to decode the picture (T.84).
        0xF0..=0xFD => {
            let message = format!("the JPEG extension {} is not supported", marker::name(segment.code));
            Err(Error::unsupported(message).at(offset))
        }
        code => Err(Error::input(format!("the marker {code:02X} is reserved")).at(offset)),
    }
}
