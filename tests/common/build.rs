//! Segments and scans to bytes. Nothing is checked: an illegal file is described as a legal one is.

use std::ops::Range;

use super::entropy::{Event, Freedom, events};
use super::huffman::{Style, Table};
use super::picture::Picture;
use super::script::Scan;

/// A file on its way. It begins with SOI; EOI is the caller's to add.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) bytes: Vec<u8>,
    /// Marker code of every piece of the file and where it lies; a scan is one piece with its entropy-coded data.
    pub(crate) pieces: Vec<(u8, Range<usize>)>,
    restart: usize,
}

/// How a scan is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    pub(crate) freedom: Freedom,
    pub(crate) style: Style,
    /// Fill bytes before each restart marker.
    pub(crate) fill: usize,
    /// Whether the tables are sent; else they are those that were.
    pub(crate) send_tables: bool,
}

impl Default for How {
    fn default() -> Self {
        Self { freedom: Freedom::default(), style: Style::Flat, fill: 0, send_tables: true }
    }
}

impl How {
    pub(crate) fn styled(style: Style) -> Self {
        Self { style, ..Self::default() }
    }
}

impl File {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0xFF, 0xD8], pieces: vec![(0xD8, 0..2)], restart: 0 }
    }

    /// A file with the tables and the frame header of a picture.
    pub(crate) fn of(picture: &Picture, sof: u8) -> Self {
        Self::new().quant_tables(picture).frame(picture, sof)
    }

    /// A whole file.
    pub(crate) fn whole(picture: &Picture, sof: u8, scans: &[Scan], how: &How) -> Self {
        scans.iter().fold(Self::of(picture, sof), |file, scan| file.scan(picture, scan, how)).end()
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend(bytes);
        self
    }

    pub(crate) fn piece(self, code: u8, bytes: &[u8]) -> Self {
        let from = self.bytes.len();
        let mut file = self.raw(bytes);
        file.pieces.push((code, from..file.bytes.len()));
        file
    }

    pub(crate) fn segment(self, code: u8, payload: &[u8]) -> Self {
        let length = (payload.len() as u16 + 2).to_be_bytes();
        self.piece(code, &[&[0xFF, code][..], &length, payload].concat())
    }

    /// A table of 8 bits an entry where that holds it.
    pub(crate) fn quant(self, slot: u8, table: &[u16; 64]) -> Self {
        let wide = table.iter().any(|&q| q > 255);
        self.quant_of(u8::from(wide), slot, table)
    }

    pub(crate) fn quant_of(self, precision: u8, slot: u8, table: &[u16; 64]) -> Self {
        let mut payload = vec![precision << 4 | slot];
        for entry in table {
            payload.extend(&entry.to_be_bytes()[usize::from(precision == 0)..]);
        }
        self.segment(0xDB, &payload)
    }

    pub(crate) fn quant_tables(self, picture: &Picture) -> Self {
        let mut seen = Vec::new();
        picture.components.iter().fold(self, |file, c| {
            if seen.contains(&c.slot) {
                return file;
            }
            seen.push(c.slot);
            file.quant(c.slot, &c.quant)
        })
    }

    pub(crate) fn frame(self, picture: &Picture, sof: u8) -> Self {
        self.frame_of(picture, sof, picture.precision, picture.height)
    }

    pub(crate) fn frame_of(self, picture: &Picture, sof: u8, precision: u8, height: usize) -> Self {
        let mut payload = vec![precision];
        payload.extend((height as u16).to_be_bytes());
        payload.extend((picture.width as u16).to_be_bytes());
        payload.push(picture.components.len() as u8);
        for c in &picture.components {
            payload.extend([c.id, (c.horizontal << 4 | c.vertical) as u8, c.slot]);
        }
        self.segment(sof, &payload)
    }

    pub(crate) fn huffman(self, class: u8, slot: u8, table: &Table) -> Self {
        self.segment(0xC4, &table.bytes(class, slot))
    }

    /// DRI; the scans after it have the interval.
    pub(crate) fn restart(mut self, interval: usize) -> Self {
        self.restart = interval;
        self.segment(0xDD, &(interval as u16).to_be_bytes())
    }

    /// DHT where wanted, SOS, and the blocks of a scan.
    pub(crate) fn scan(mut self, picture: &Picture, scan: &Scan, how: &How) -> Self {
        let freedom = Freedom { restart: self.restart, ..how.freedom };
        let events = events(picture, scan, &freedom);
        let tables = tables(&events, how.style);
        if how.send_tables {
            for ((class, slot), table) in &tables {
                self = self.huffman(*class, *slot, table);
            }
        }
        let ids: Vec<u8> = scan.components.iter().map(|&c| picture.components[c].id).collect();
        self.scan_of(&scan_header(&ids, &freedom.slots, scan), &entropy_coded(&events, &tables, how.fill))
    }

    /// A scan of any header and any entropy-coded data.
    pub(crate) fn scan_of(self, header: &[u8], data: &[u8]) -> Self {
        let from = self.bytes.len();
        let mut file = self.segment(0xDA, header).raw(data);
        *file.pieces.last_mut().unwrap() = (0xDA, from..file.bytes.len());
        file
    }

    pub(crate) fn end(self) -> Self {
        self.piece(0xD9, &[0xFF, 0xD9])
    }

    /// Where the nth piece with a marker begins.
    pub(crate) fn offset(&self, code: u8, nth: usize) -> u64 {
        self.pieces.iter().filter(|(c, _)| *c == code).nth(nth).unwrap().1.start as u64
    }
}

/// The payload of SOS.
pub(crate) fn scan_header(ids: &[u8], slots: &[(u8, u8); 4], scan: &Scan) -> Vec<u8> {
    let mut payload = vec![ids.len() as u8];
    for (id, (dc, ac)) in ids.iter().zip(slots) {
        payload.extend([*id, dc << 4 | ac]);
    }
    payload.extend([scan.start as u8, scan.end as u8, scan.high << 4 | scan.low]);
    payload
}

type Tables = Vec<((u8, u8), Table)>;

/// A table for every class and slot that the events use.
fn tables(events: &[Event], style: Style) -> Tables {
    let mut needed: Vec<((u8, u8), Vec<u8>)> = Vec::new();
    for event in events {
        if let Event::Symbol { class, slot, symbol } = *event {
            let key = (class, slot);
            let i = needed.iter().position(|(k, _)| *k == key).unwrap_or_else(|| {
                needed.push((key, Vec::new()));
                needed.len() - 1
            });
            if !needed[i].1.contains(&symbol) {
                needed[i].1.push(symbol);
            }
        }
    }
    needed.into_iter().map(|(key, symbols)| (key, Table::new(style, key.0, key.1, &symbols))).collect()
}

fn entropy_coded(events: &[Event], tables: &Tables, fill: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    let mut restarts = 0;
    let mut codes = std::collections::HashMap::new();
    for event in events {
        match *event {
            Event::Symbol { class, slot, symbol } => {
                let code = *codes.entry((class, slot, symbol)).or_insert_with(|| {
                    let (_, table) = tables.iter().find(|(key, _)| *key == (class, slot)).unwrap();
                    table.code(symbol)
                });
                bits.put(code.0, code.1);
            }
            Event::Bits { value, len } => bits.put(value, len),
            Event::Restart => {
                bits.align();
                bits.bytes.extend(std::iter::repeat_n(0xFF, fill));
                bits.bytes.extend([0xFF, 0xD0 | (restarts % 8) as u8]);
                restarts += 1;
            }
        }
    }
    bits.align();
    bits.bytes
}

/// Bits to bytes, with stuffing (T.81 F.1.2.3).
#[derive(Default)]
pub(crate) struct Bits {
    pub(crate) bytes: Vec<u8>,
    byte: u8,
    count: u32,
}

impl Bits {
    pub(crate) fn put(&mut self, value: u32, len: u32) {
        for i in (0..len).rev() {
            self.byte = self.byte << 1 | (value >> i & 1) as u8;
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.byte);
                if self.byte == 0xFF {
                    self.bytes.push(0);
                }
                (self.byte, self.count) = (0, 0);
            }
        }
    }

    pub(crate) fn align(&mut self) {
        while self.count > 0 {
            self.put(1, 1);
        }
    }
}
