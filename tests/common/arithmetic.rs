//! Blocks to arithmetic-coded data: T.81 annex D, F.1.4 and G.1.3 as they are written, from nothing in `src`. Slow: the
//! code is a string of bits, through which a carry may run as far as it likes.

use std::collections::HashMap;

use super::build::File;
use super::build::scan_header;
use super::entropy::for_each_mcu;
use super::picture::{Block, Picture};
use super::script::Scan;

/// How a scan is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Model {
    /// Td and Ta of each component of the scan.
    pub(crate) slots: [(u8, u8); 4],
    /// L and U of each DC table.
    pub(crate) dc: [(u8, u8); 4],
    /// Kx of each AC table.
    pub(crate) ac: [u8; 4],
    /// Whether the zero bytes at the end of an interval are written, which T.81 D.1.8 allows to leave out.
    pub(crate) zeros: bool,
}

impl Default for Model {
    /// Without DAC (T.81 F.1.4.4.1.4, F.1.4.4.2.1).
    fn default() -> Self {
        Self { slots: [(0, 0), (1, 1), (1, 1), (0, 0)], dc: [(0, 1); 4], ac: [5; 4], zeros: false }
    }
}

impl Model {
    /// The payload of DAC (T.81 B.2.4.3).
    pub(crate) fn segment(&self) -> Vec<u8> {
        let dc = (0..4).flat_map(|t| [t, self.dc[usize::from(t)].1 << 4 | self.dc[usize::from(t)].0]);
        dc.chain((0..4).flat_map(|t| [0x10 | t, self.ac[usize::from(t)]])).collect()
    }
}

/// A whole file, with DAC and, where the interval is not 0, DRI before its scans.
pub(crate) fn file(picture: &Picture, sof: u8, scans: &[Scan], model: &Model, restart: usize) -> File {
    let mut file = File::of(picture, sof).segment(0xCC, &model.segment());
    if restart > 0 {
        file = file.restart(restart);
    }
    scans.iter().fold(file, |file, s| scan(file, picture, s, model, restart)).end()
}

/// A scan with its header.
pub(crate) fn scan(file: File, picture: &Picture, scan: &Scan, model: &Model, restart: usize) -> File {
    let ids: Vec<u8> = scan.components.iter().map(|&c| picture.components[c].id).collect();
    file.scan_of(&scan_header(&ids, &model.slots, scan), &entropy_coded(picture, scan, model, restart))
}

fn entropy_coded(picture: &Picture, scan: &Scan, model: &Model, restart: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut coder = Coder::new(scan, model);
    let mut mcus = 0;
    for_each_mcu(picture, &scan.components, |blocks| {
        if restart > 0 && mcus > 0 && mcus % restart == 0 {
            let done = std::mem::replace(&mut coder, Coder::new(scan, model));
            out.extend(done.code.finish(model.zeros));
            out.extend([0xFF, 0xD0 | ((mcus / restart - 1) % 8) as u8]);
        }
        mcus += 1;
        for &(slot, block) in blocks {
            coder.block(slot, block.unwrap_or(&[0; 64]));
        }
    });
    out.extend(coder.code.finish(model.zeros));
    out
}

/// A bin: its class, its table, its place in tables F.4 and F.5.
type Bin = (u8, u8, usize);

struct Coder<'a> {
    scan: &'a Scan,
    model: &'a Model,
    code: Code,
    bins: HashMap<Bin, (usize, bool)>,
    predictions: [i32; 4],
    contexts: [usize; 4],
}

impl<'a> Coder<'a> {
    fn new(scan: &'a Scan, model: &'a Model) -> Self {
        let (predictions, contexts) = ([0; 4], [0; 4]);
        Self { scan, model, code: Code::new(), bins: HashMap::new(), predictions, contexts }
    }

    fn block(&mut self, slot: usize, block: &Block) {
        match (self.scan.is_sequential(), self.scan.start, self.scan.high > 0) {
            (true, ..) => {
                self.difference(slot, block[0]);
                self.band(slot, block, 1, 63, 0);
            }
            (false, 0, false) => self.difference(slot, block[0] >> self.scan.low),
            (false, 0, true) => self.code.even(block[0] >> self.scan.low & 1 == 1),
            (false, _, false) => self.band(slot, block, self.scan.start, self.scan.end, self.scan.low),
            (false, _, true) => self.refined_band(slot, block),
        }
    }

    fn decide(&mut self, bin: Bin, decision: bool) {
        self.code.decide(self.bins.entry(bin).or_default(), decision);
    }

    /// Figures F.4 and F.6 to F.9, F.11.
    fn difference(&mut self, slot: usize, value: i32) {
        let table = self.model.slots[slot].0;
        let (difference, context) = (value - self.predictions[slot], self.contexts[slot]);
        self.predictions[slot] = value;
        self.decide((0, table, context), difference != 0);
        self.contexts[slot] = 0;
        if difference == 0 {
            return;
        }
        let negative = difference < 0;
        self.decide((0, table, context + 1), negative);
        let rest = difference.abs() - 1;
        self.decide((0, table, context + 2 + usize::from(negative)), rest > 0);
        if rest > 0 {
            self.category_and_bits((0, table), 20, rest, 1);
        }
        // F.1.4.4.1.2.
        let (lower, upper) = self.model.dc[usize::from(table)];
        if difference.abs() > (1 << lower) >> 1 {
            let large = if difference.abs() > 1 << upper { 8 } else { 0 };
            self.contexts[slot] = 4 + large + 4 * usize::from(negative);
        }
    }

    /// `rest` is at least `least`, and a category is told by how often that doubles.
    fn category_and_bits(&mut self, (class, table): (u8, u8), first: usize, rest: i32, least: i32) {
        let (mut bin, mut bound) = (first, 2 * least);
        while rest >= bound {
            self.decide((class, table, bin), true);
            (bin, bound) = (bin + 1, 2 * bound);
        }
        self.decide((class, table, bin), false);
        let leading = rest.ilog2();
        for i in (0..leading).rev() {
            self.decide((class, table, bin + 14), rest >> i & 1 == 1);
        }
    }

    /// Figure F.5, with the point transform of G.1.3.2.
    fn band(&mut self, slot: usize, block: &Block, start: usize, end: usize, low: u8) {
        let table = self.model.slots[slot].1;
        let value = |k: usize| block[k].signum() * (block[k].abs() >> low);
        let last = (start..=end).rev().find(|&k| value(k) != 0).map_or(start, |k| k + 1);
        let bin = |k: usize, which: usize| (1, table, 3 * (k - 1) + which);
        let mut k = start;
        while k < last {
            self.decide(bin(k, 0), false);
            while value(k) == 0 {
                self.decide(bin(k, 1), false);
                k += 1;
            }
            self.decide(bin(k, 1), true);
            self.code.even(value(k) < 0);
            let rest = value(k).abs() - 1;
            self.decide(bin(k, 2), rest > 0);
            if rest > 0 {
                self.decide(bin(k, 2), rest > 1);
            }
            if rest > 1 {
                let low_band = k <= usize::from(self.model.ac[usize::from(table)]);
                self.category_and_bits((1, table), if low_band { 189 } else { 217 }, rest, 2);
            }
            k += 1;
        }
        if k <= end {
            self.decide(bin(k, 0), true);
        }
    }

    /// G.1.3.3.
    fn refined_band(&mut self, slot: usize, block: &Block) {
        let table = self.model.slots[slot].1;
        let Scan { start, end, low, .. } = *self.scan;
        let magnitude = |k: usize| block[k].unsigned_abs() >> low;
        let after_last = |least: u32| (start..=end).rev().find(|&k| magnitude(k) >= least).map_or(start, |k| k + 1);
        let (last, last_known) = (after_last(1), after_last(2));
        let bin = |k: usize, which: usize| (1, table, 3 * (k - 1) + which);
        let mut k = start;
        while k < last {
            if k >= last_known {
                self.decide(bin(k, 0), false);
            }
            while magnitude(k) == 0 {
                self.decide(bin(k, 1), false);
                k += 1;
            }
            if magnitude(k) == 1 {
                self.decide(bin(k, 1), true);
                self.code.even(block[k] < 0);
            } else {
                self.decide(bin(k, 2), magnitude(k) & 1 == 1);
            }
            k += 1;
        }
        if k <= end {
            self.decide(bin(k, 0), true);
        }
    }
}

/// The code and its interval, 16 bits below the string of those that have left the register.
struct Code {
    bits: Vec<bool>,
    code: u32,
    interval: u32,
}

impl Code {
    fn new() -> Self {
        Self { bits: Vec::new(), code: 0, interval: 0x10000 }
    }

    /// Figures D.1 to D.5.
    fn decide(&mut self, (state, more_probable): &mut (usize, bool), decision: bool) {
        let (estimate, after_less, after_more, switch) = ESTIMATES[*state];
        self.interval -= estimate;
        if decision == *more_probable {
            if self.interval >= 0x8000 {
                return;
            }
            if self.interval < estimate {
                self.take_upper(estimate);
            }
            *state = after_more;
        } else {
            if self.interval >= estimate {
                self.take_upper(estimate);
            }
            *more_probable ^= switch == 1;
            *state = after_less;
        }
        while self.interval < 0x8000 {
            self.bits.push(self.code & 0x8000 != 0);
            (self.code, self.interval) = (self.code << 1 & 0xFFFF, self.interval << 1);
        }
    }

    fn even(&mut self, decision: bool) {
        self.decide(&mut (0, false), decision);
    }

    fn take_upper(&mut self, estimate: u32) {
        self.code += self.interval;
        self.interval = estimate;
        self.carry();
    }

    fn carry(&mut self) {
        if self.code > 0xFFFF {
            self.code &= 0xFFFF;
            let zero = self.bits.iter().rposition(|&bit| !bit).unwrap();
            self.bits[zero] = true;
            self.bits[zero + 1..].fill(false);
        }
    }

    /// The code in the interval that ends in the most zeros (D.1.8), with stuffing.
    fn finish(mut self, zeros: bool) -> Vec<u8> {
        let top = self.code + self.interval - 1;
        let kept = (0..=16).rev().find(|n| top >> n << n >= self.code).unwrap();
        self.code = top >> kept << kept;
        self.carry();
        self.bits.extend((0..16).rev().map(|i| self.code >> i & 1 == 1));
        let mut bytes: Vec<u8> =
            self.bits.chunks(8).map(|byte| (0..).zip(byte).map(|(i, &bit)| u8::from(bit) << (7 - i)).sum()).collect();
        while !zeros && bytes.last() == Some(&0) {
            bytes.pop();
        }
        bytes.iter().flat_map(|&b| if b == 0xFF { vec![b, 0] } else { vec![b] }).collect()
    }
}

/// Table D.3: Qe, Next_Index_LPS, Next_Index_MPS, Switch_MPS.
#[rustfmt::skip]
const ESTIMATES: [(u32, usize, usize, u8); 113] = [
    (0x5A1D, 1, 1, 1), (0x2586, 14, 2, 0), (0x1114, 16, 3, 0), (0x080B, 18, 4, 0), (0x03D8, 20, 5, 0),
    (0x01DA, 23, 6, 0), (0x00E5, 25, 7, 0), (0x006F, 28, 8, 0), (0x0036, 30, 9, 0), (0x001A, 33, 10, 0),
    (0x000D, 35, 11, 0), (0x0006, 9, 12, 0), (0x0003, 10, 13, 0), (0x0001, 12, 13, 0), (0x5A7F, 15, 15, 1),
    (0x3F25, 36, 16, 0), (0x2CF2, 38, 17, 0), (0x207C, 39, 18, 0), (0x17B9, 40, 19, 0), (0x1182, 42, 20, 0),
    (0x0CEF, 43, 21, 0), (0x09A1, 45, 22, 0), (0x072F, 46, 23, 0), (0x055C, 48, 24, 0), (0x0406, 49, 25, 0),
    (0x0303, 51, 26, 0), (0x0240, 52, 27, 0), (0x01B1, 54, 28, 0), (0x0144, 56, 29, 0), (0x00F5, 57, 30, 0),
    (0x00B7, 59, 31, 0), (0x008A, 60, 32, 0), (0x0068, 62, 33, 0), (0x004E, 63, 34, 0), (0x003B, 32, 35, 0),
    (0x002C, 33, 9, 0), (0x5AE1, 37, 37, 1), (0x484C, 64, 38, 0), (0x3A0D, 65, 39, 0), (0x2EF1, 67, 40, 0),
    (0x261F, 68, 41, 0), (0x1F33, 69, 42, 0), (0x19A8, 70, 43, 0), (0x1518, 72, 44, 0), (0x1177, 73, 45, 0),
    (0x0E74, 74, 46, 0), (0x0BFB, 75, 47, 0), (0x09F8, 77, 48, 0), (0x0861, 78, 49, 0), (0x0706, 79, 50, 0),
    (0x05CD, 48, 51, 0), (0x04DE, 50, 52, 0), (0x040F, 50, 53, 0), (0x0363, 51, 54, 0), (0x02D4, 52, 55, 0),
    (0x025C, 53, 56, 0), (0x01F8, 54, 57, 0), (0x01A4, 55, 58, 0), (0x0160, 56, 59, 0), (0x0125, 57, 60, 0),
    (0x00F6, 58, 61, 0), (0x00CB, 59, 62, 0), (0x00AB, 61, 63, 0), (0x008F, 61, 32, 0), (0x5B12, 65, 65, 1),
    (0x4D04, 80, 66, 0), (0x412C, 81, 67, 0), (0x37D8, 82, 68, 0), (0x2FE8, 83, 69, 0), (0x293C, 84, 70, 0),
    (0x2379, 86, 71, 0), (0x1EDF, 87, 72, 0), (0x1AA9, 87, 73, 0), (0x174E, 72, 74, 0), (0x1424, 72, 75, 0),
    (0x119C, 74, 76, 0), (0x0F6B, 74, 77, 0), (0x0D51, 75, 78, 0), (0x0BB6, 77, 79, 0), (0x0A40, 77, 48, 0),
    (0x5832, 80, 81, 1), (0x4D1C, 88, 82, 0), (0x438E, 89, 83, 0), (0x3BDD, 90, 84, 0), (0x34EE, 91, 85, 0),
    (0x2EAE, 92, 86, 0), (0x299A, 93, 87, 0), (0x2516, 86, 71, 0), (0x5570, 88, 89, 1), (0x4CA9, 95, 90, 0),
    (0x44D9, 96, 91, 0), (0x3E22, 97, 92, 0), (0x3824, 99, 93, 0), (0x32B4, 99, 94, 0), (0x2E17, 93, 86, 0),
    (0x56A8, 95, 96, 1), (0x4F46, 101, 97, 0), (0x47E5, 102, 98, 0), (0x41CF, 103, 99, 0), (0x3C3D, 104, 100, 0),
    (0x375E, 99, 93, 0), (0x5231, 105, 102, 0), (0x4C0F, 106, 103, 0), (0x4639, 107, 104, 0), (0x415E, 103, 99, 0),
    (0x5627, 105, 106, 1), (0x50E7, 108, 107, 0), (0x4B85, 109, 103, 0), (0x5597, 110, 109, 0), (0x504F, 111, 107, 0),
    (0x5A10, 110, 111, 1), (0x5522, 112, 109, 0), (0x59EB, 112, 111, 1),
];
