//! Bytes to coefficients, bit by bit: T.81 F.2 and G.2 as they are written, strict, slow, and made from nothing in
//! `src`. Only what is needed to judge: Huffman coding, one frame.

use super::huffman::{Table, typical};
use super::picture::{Block, Picture};
use super::script::Scan;

/// What a file holds.
pub(crate) struct Decoded {
    pub(crate) picture: Picture,
    pub(crate) sof: u8,
    pub(crate) scans: Vec<Scan>,
    /// Marker code and payload of every segment, entropy-coded data left out.
    pub(crate) segments: Vec<(u8, Vec<u8>)>,
    pub(crate) trailing: Vec<u8>,
    /// Tables sent that give the code of all ones away, or have a symbol that their scan does not use.
    pub(crate) wasteful_tables: usize,
}

impl Decoded {
    /// APPn and COM, by `true` those before the first scan.
    pub(crate) fn metadata(&self, before_scans: bool) -> Vec<(u8, Vec<u8>)> {
        let first = self.segments.iter().position(|(code, _)| *code == 0xDA).unwrap();
        let (before, after) = self.segments.split_at(first);
        let part = if before_scans { before } else { after };
        part.iter().filter(|(code, _)| matches!(code, 0xE0..=0xEF | 0xFE)).cloned().collect()
    }
}

/// A Huffman table with the symbols that were used since it came.
type Watched = (Table, Vec<bool>);

#[derive(Default)]
struct State {
    quant: [Option<[u16; 64]>; 4],
    /// By class and slot.
    huffman: [[Option<Watched>; 4]; 2],
    restart: usize,
    wasteful: usize,
}

pub(crate) fn decode(source: &[u8]) -> Result<Decoded, String> {
    let mut state = State::default();
    let mut picture: Option<Picture> = None;
    let (mut sof, mut scans, mut segments, mut quantised) = (0, Vec::new(), Vec::new(), [false; 4]);
    let mut at = 2;
    if !source.starts_with(&[0xFF, 0xD8]) {
        return Err("no SOI".into());
    }
    loop {
        while source.get(at..at + 2) == Some(&[0xFF, 0xFF]) {
            at += 1;
        }
        let Some(&[0xFF, code]) = source.get(at..at + 2) else { return Err(format!("no marker at {at}")) };
        at += 2;
        if code == 0xD9 {
            break;
        }
        let length = source.get(at..at + 2).ok_or("no length")?;
        let end = at + usize::from(u16::from_be_bytes([length[0], length[1]]));
        let payload = source.get(at + 2..end).ok_or("a segment is cut")?;
        segments.push((code, payload.to_vec()));
        at = end;
        match code {
            0xDB => state.quant_tables(payload)?,
            0xC4 => state.huffman_tables(payload)?,
            0xDD => state.restart = usize::from(u16::from_be_bytes([payload[0], payload[1]])),
            0xC0..=0xC2 if picture.is_none() => {
                sof = code;
                picture = Some(frame(payload)?);
            }
            0xDA => {
                let picture = picture.as_mut().ok_or("no frame")?;
                let (scan, slots) = scan_header(payload, picture)?;
                for &c in &scan.components {
                    let component = &mut picture.components[c];
                    if !std::mem::replace(&mut quantised[c], true) {
                        component.quant = state.quant[usize::from(component.slot)].ok_or("no quantisation table")?;
                    }
                }
                at = Reader::new(source, at, &mut state, &scan, slots, sof != 0xC2).read(picture)?;
                scans.push(scan);
            }
            0xE0..=0xEF | 0xFE => {}
            _ => return Err(format!("marker {code:02X}")),
        }
    }
    let mut picture = picture.ok_or("no frame")?;
    for (c, done) in picture.components.iter_mut().zip(quantised) {
        if !done {
            c.quant = state.quant[usize::from(c.slot)].ok_or("no quantisation table")?;
        }
    }
    state.huffman.as_flattened_mut().iter_mut().for_each(|slot| state.wasteful += usize::from(is_wasteful(slot)));
    let trailing = source[at..].to_vec();
    Ok(Decoded { picture, sof, scans, segments, trailing, wasteful_tables: state.wasteful })
}

fn is_wasteful(slot: &Option<Watched>) -> bool {
    slot.as_ref().is_some_and(|(table, used)| {
        let room: u32 = (1..).zip(table.counts).map(|(length, n)| u32::from(n) << (16 - length)).sum();
        room == 1 << 16 || used.contains(&false)
    })
}

impl State {
    fn quant_tables(&mut self, mut payload: &[u8]) -> Result<(), String> {
        while let [head, rest @ ..] = payload {
            let width = if head >> 4 == 0 { 1 } else { 2 };
            let entries = rest.get(..64 * width).ok_or("DQT is cut")?;
            let entry = |i: usize| entries[i * width..][..width].iter().fold(0, |v, &b| v << 8 | u16::from(b));
            self.quant[usize::from(head & 15)] = Some(std::array::from_fn(entry));
            payload = &rest[64 * width..];
        }
        Ok(())
    }

    fn huffman_tables(&mut self, mut payload: &[u8]) -> Result<(), String> {
        while let [head, rest @ ..] = payload {
            let counts: [u8; 16] = rest.get(..16).ok_or("DHT is cut")?.try_into().unwrap();
            let n: usize = counts.iter().map(|&c| usize::from(c)).sum();
            let symbols = rest.get(16..16 + n).ok_or("DHT is cut")?.to_vec();
            let slot = &mut self.huffman[usize::from(head >> 4)][usize::from(head & 15)];
            self.wasteful += usize::from(is_wasteful(slot));
            *slot = Some((Table { counts, symbols }, vec![false; n]));
            payload = &rest[16 + n..];
        }
        Ok(())
    }
}

fn frame(payload: &[u8]) -> Result<Picture, String> {
    let [precision @ (8 | 12), y1, y2, x1, x2, n, components @ ..] = payload else { return Err("SOF".into()) };
    if components.len() != 3 * usize::from(*n) {
        return Err("SOF has the wrong length".into());
    }
    let components: Vec<&[u8]> = components.chunks(3).collect();
    let sampling: Vec<_> = components.iter().map(|c| (usize::from(c[1] >> 4), usize::from(c[1] & 15))).collect();
    let side = |a: &u8, b: &u8| usize::from(u16::from_be_bytes([*a, *b]));
    let mut picture = Picture::new(side(x1, x2), side(y1, y2), &sampling);
    picture.precision = *precision;
    for (c, header) in picture.components.iter_mut().zip(components) {
        (c.id, c.slot) = (header[0], header[2]);
    }
    Ok(picture)
}

fn scan_header(payload: &[u8], picture: &Picture) -> Result<(Scan, Vec<(usize, usize)>), String> {
    let n = usize::from(payload[0]);
    if payload.len() != 4 + 2 * n {
        return Err("SOS has the wrong length".into());
    }
    let (mut components, mut slots) = (Vec::new(), Vec::new());
    for pair in payload[1..1 + 2 * n].chunks(2) {
        components.push(picture.components.iter().position(|c| c.id == pair[0]).ok_or("SOS names no component")?);
        slots.push((usize::from(pair[1] >> 4), usize::from(pair[1] & 15)));
    }
    if n > 1 && picture.mcu_blocks(&components) > 10 {
        return Err("an MCU of more than ten blocks".into());
    }
    let [start, end, precision] = payload[1 + 2 * n..] else { unreachable!() };
    let scan = Scan { components, start: start.into(), end: end.into(), high: precision >> 4, low: precision & 15 };
    Ok((scan, slots))
}

struct Reader<'a> {
    source: &'a [u8],
    at: usize,
    byte: u8,
    left: u32,
    state: &'a mut State,
    scan: &'a Scan,
    slots: Vec<(usize, usize)>,
    sequential: bool,
    predictions: [i32; 4],
    run: u32,
}

impl<'a> Reader<'a> {
    fn new(
        source: &'a [u8],
        at: usize,
        state: &'a mut State,
        scan: &'a Scan,
        slots: Vec<(usize, usize)>,
        sequential: bool,
    ) -> Self {
        Self { source, at, byte: 0, left: 0, state, scan, slots, sequential, predictions: [0; 4], run: 0 }
    }

    /// Reads the scan; gives where the next marker is.
    fn read(mut self, picture: &mut Picture) -> Result<usize, String> {
        let (wide, high) = picture.mcus();
        let single = self.scan.components.len() == 1;
        let mcus = if single { picture.components[self.scan.components[0]].blocks.len() } else { wide * high };
        for mcu in 0..mcus {
            if self.state.restart > 0 && mcu > 0 && mcu % self.state.restart == 0 {
                self.restart(mcu / self.state.restart - 1)?;
            }
            for (slot, &i) in self.scan.components.iter().enumerate() {
                let c = &mut picture.components[i];
                if single {
                    self.block(slot, &mut c.blocks[mcu])?;
                    continue;
                }
                for j in 0..c.horizontal * c.vertical {
                    let x = mcu % wide * c.horizontal + j % c.horizontal;
                    let y = mcu / wide * c.vertical + j / c.horizontal;
                    let mut padding = [0; 64];
                    let inside = x < c.wide && y < c.high;
                    self.block(slot, if inside { &mut c.blocks[y * c.wide + x] } else { &mut padding })?;
                }
            }
        }
        if self.run > 0 {
            return Err("a run of blocks leaves the scan".into());
        }
        self.align()?;
        Ok(self.at)
    }

    fn restart(&mut self, n: usize) -> Result<(), String> {
        if self.run > 0 {
            return Err("a run of blocks leaves its interval".into());
        }
        self.align()?;
        while self.source.get(self.at..self.at + 2) == Some(&[0xFF, 0xFF]) {
            self.at += 1;
        }
        if self.source.get(self.at..self.at + 2) != Some(&[0xFF, 0xD0 | (n % 8) as u8]) {
            return Err(format!("no restart marker at {}", self.at));
        }
        self.at += 2;
        self.predictions = [0; 4];
        Ok(())
    }

    /// What is left of a byte has to be ones (T.81 F.1.2.3).
    fn align(&mut self) -> Result<(), String> {
        let padding = self.byte & ((1 << self.left) - 1);
        if u32::from(padding) + 1 != 1 << self.left {
            return Err("the padding is not ones".into());
        }
        self.left = 0;
        Ok(())
    }

    fn bit(&mut self) -> Result<u32, String> {
        if self.left == 0 {
            self.byte = *self.source.get(self.at).ok_or("the data ends")?;
            self.at += 1;
            if self.byte == 0xFF {
                if self.source.get(self.at) != Some(&0) {
                    return Err(format!("a marker at {} within data", self.at - 1));
                }
                self.at += 1;
            }
            self.left = 8;
        }
        self.left -= 1;
        Ok(u32::from(self.byte >> self.left & 1))
    }

    fn bits(&mut self, n: u32) -> Result<u32, String> {
        (0..n).try_fold(0, |v, _| Ok(v << 1 | self.bit()?))
    }

    /// F.2.2.1, RECEIVE and EXTEND.
    fn signed(&mut self, size: u32) -> Result<i32, String> {
        let value = self.bits(size)? as i32;
        Ok(if size > 0 && value < 1 << (size - 1) { value - (1 << size) + 1 } else { value })
    }

    /// F.2.2.3, DECODE.
    fn symbol(&mut self, class: usize, slot: usize) -> Result<u8, String> {
        let (mut code, mut first, mut index) = (0, 0, 0);
        if self.state.huffman[class][slot].is_none() {
            let table = typical(class as u8, slot as u8).ok_or("no Huffman table")?;
            self.state.huffman[class][slot] = Some((table, vec![true; 162]));
        }
        for length in 0..16 {
            code = code << 1 | self.bit()? as usize;
            let (table, used) = self.state.huffman[class][slot].as_mut().unwrap();
            let count = usize::from(table.counts[length]);
            if code < first + count {
                used[index + code - first] = true;
                return Ok(table.symbols[index + code - first]);
            }
            index += count;
            first = (first + count) << 1;
        }
        Err("no such code".into())
    }

    fn block(&mut self, slot: usize, block: &mut Block) -> Result<(), String> {
        let low = self.scan.low;
        match (self.sequential, self.scan.start, self.scan.high) {
            (true, ..) => {
                self.first_dc(slot, block, 0)?;
                self.sequential_ac(slot, block)
            }
            (false, 0, 0) => self.first_dc(slot, block, low),
            (false, 0, _) => {
                block[0] |= (self.bit()? << low) as i32;
                Ok(())
            }
            (false, _, 0) => self.first_ac(block),
            (false, ..) => self.refined_ac(block),
        }
    }

    fn first_dc(&mut self, slot: usize, block: &mut Block, low: u8) -> Result<(), String> {
        let size = self.symbol(0, self.slots[slot].0)?;
        self.predictions[slot] += self.signed(size.into())?;
        block[0] = self.predictions[slot] << low;
        Ok(())
    }

    fn sequential_ac(&mut self, slot: usize, block: &mut Block) -> Result<(), String> {
        let mut k = 1;
        while k < 64 {
            let symbol = self.symbol(1, self.slots[slot].1)?;
            match (symbol >> 4, symbol & 15) {
                (0, 0) => return Ok(()),
                (15, 0) => k += 16,
                (_, 0) => return Err("EOBn in a sequential scan".into()),
                (run, size) => {
                    k += usize::from(run);
                    *block.get_mut(k).ok_or("a run leaves the block")? = self.signed(size.into())?;
                    k += 1;
                }
            }
        }
        if k == 64 { Ok(()) } else { Err("ZRL leaves the block".into()) }
    }

    fn first_ac(&mut self, block: &mut Block) -> Result<(), String> {
        if self.run > 0 {
            self.run -= 1;
            return Ok(());
        }
        let Scan { start, end, low, .. } = *self.scan;
        let mut k = start;
        while k <= end {
            let symbol = self.symbol(1, self.slots[0].1)?;
            match (u32::from(symbol >> 4), symbol & 15) {
                (15, 0) => k += 16,
                (n, 0) => {
                    self.run = (1 << n) + self.bits(n)? - 1;
                    return Ok(());
                }
                (run, size) => {
                    k += run as usize;
                    if k > end {
                        return Err("a run leaves the band".into());
                    }
                    block[k] = self.signed(size.into())? << low;
                    k += 1;
                }
            }
        }
        if k == end + 1 { Ok(()) } else { Err("ZRL leaves the band".into()) }
    }

    /// G.2.3: figures G.7 to G.9.
    fn refined_ac(&mut self, block: &mut Block) -> Result<(), String> {
        let Scan { start, end, low, .. } = *self.scan;
        let mut k = start;
        while k <= end && self.run == 0 {
            let symbol = self.symbol(1, self.slots[0].1)?;
            let (n, size) = (symbol >> 4, symbol & 15);
            if size == 0 && n < 15 {
                self.run = (1 << n) + self.bits(n.into())?;
                break;
            }
            if size > 1 {
                return Err("a new coefficient of more than one bit".into());
            }
            let new = if size == 0 { 0 } else { (self.bit()? as i32 * 2 - 1) << low };
            let mut zeros = n;
            while k <= end && !(block[k] == 0 && zeros == 0) {
                if block[k] == 0 {
                    zeros -= 1;
                } else {
                    self.correct(&mut block[k])?;
                }
                k += 1;
            }
            if k > end {
                return Err("a run leaves the band".into());
            }
            block[k] = new;
            k += 1;
        }
        if self.run > 0 {
            for value in block[k..=end].iter_mut().filter(|v| **v != 0) {
                self.correct(value)?;
            }
            self.run -= 1;
        }
        Ok(())
    }

    fn correct(&mut self, value: &mut i32) -> Result<(), String> {
        *value += value.signum() * ((self.bit()? as i32) << self.scan.low);
        Ok(())
    }
}
