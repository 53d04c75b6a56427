//! Blocks to symbols, for each kind of scan: T.81 F.1.2 and G.1.2, with the freedom they leave to an encoder.

use super::picture::{Block, Picture};
use super::script::Scan;

/// What a scan writes, before its tables are known.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    Symbol { class: u8, slot: u8, symbol: u8 },
    Bits { value: u32, len: u32 },
    Restart,
}

/// What an encoder is free to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Freedom {
    /// MCUs between restart markers, 0 for none.
    pub(crate) restart: usize,
    /// Td and Ta of each component of the scan.
    pub(crate) slots: [(u8, u8); 4],
    /// The longest run of blocks that one EOBn says.
    pub(crate) longest_run: u32,
    /// Whether zeros at the end of a band are told as ZRL while there are 16, before EOB says the rest.
    pub(crate) zeros_to_the_end: bool,
    /// Whether the blocks that pad an MCU carry something; none of it is part of the picture.
    pub(crate) loud_padding: bool,
}

impl Default for Freedom {
    fn default() -> Self {
        let slots = [(0, 0), (1, 1), (1, 1), (0, 0)];
        Self { restart: 0, slots, longest_run: 0x7FFF, zeros_to_the_end: false, loud_padding: true }
    }
}

pub(crate) fn events(picture: &Picture, scan: &Scan, freedom: &Freedom) -> Vec<Event> {
    let mut coder =
        Coder { scan, freedom, events: Vec::new(), predictions: [0; 4], run: 0, pending: Vec::new(), padding: loud() };
    let mut mcus = 0;
    for_each_mcu(picture, &scan.components, |blocks| {
        if freedom.restart > 0 && mcus > 0 && mcus % freedom.restart == 0 {
            coder.end_run();
            coder.predictions = [0; 4];
            coder.events.push(Event::Restart);
        }
        mcus += 1;
        for &(slot, block) in blocks {
            coder.block(slot, block);
        }
    });
    coder.end_run();
    coder.events
}

/// MCUs of a scan.
pub(crate) fn mcu_count(picture: &Picture, components: &[usize]) -> usize {
    let mut mcus = 0;
    for_each_mcu(picture, components, |_| mcus += 1);
    mcus
}

/// The blocks of each MCU with their position in the scan header; `None` pads (T.81 A.2.2, A.2.3).
pub(crate) fn for_each_mcu(picture: &Picture, components: &[usize], mut f: impl FnMut(&[(usize, Option<&Block>)])) {
    if let [only] = components {
        picture.components[*only].blocks.iter().for_each(|block| f(&[(0, Some(block))]));
        return;
    }
    let (wide, high) = picture.mcus();
    let mut blocks = Vec::new();
    for mcu in 0..wide * high {
        blocks.clear();
        for (slot, &i) in components.iter().enumerate() {
            let c = &picture.components[i];
            for j in 0..c.horizontal * c.vertical {
                let x = mcu % wide * c.horizontal + j % c.horizontal;
                let y = mcu / wide * c.vertical + j / c.horizontal;
                blocks.push((slot, (x < c.wide && y < c.high).then(|| &c.blocks[y * c.wide + x])));
            }
        }
        f(&blocks);
    }
}

/// Something to pad with that would be seen if it were taken for a part of the picture.
fn loud() -> Block {
    let mut block = [0; 64];
    (block[0], block[1], block[63]) = (333, -77, 5);
    block
}

struct Coder<'a> {
    scan: &'a Scan,
    freedom: &'a Freedom,
    events: Vec<Event>,
    predictions: [i32; 4],
    /// Blocks that EOBn will stand for, and the correction bits of a refinement in them.
    run: u32,
    pending: Vec<u32>,
    padding: Block,
}

impl Coder<'_> {
    fn block(&mut self, slot: usize, block: Option<&Block>) {
        let padding = self.padding;
        let quiet = || {
            let mut quiet = [0; 64];
            quiet[0] = self.predictions[slot] << self.scan.low;
            quiet
        };
        let block = block.copied().unwrap_or_else(|| if self.freedom.loud_padding { padding } else { quiet() });
        let refines = self.scan.high > 0;
        match (self.scan.is_sequential(), self.scan.start, refines) {
            (true, ..) => {
                self.difference(slot, block[0]);
                self.sequential_ac(slot, &block);
            }
            (false, 0, false) => self.difference(slot, block[0] >> self.scan.low),
            (false, 0, true) => self.bits((block[0] >> self.scan.low & 1) as u32, 1),
            (false, _, false) => self.first_ac(&block),
            (false, _, true) => self.refined_ac(&block),
        }
    }

    fn symbol(&mut self, class: u8, slot: usize, symbol: u8) {
        let (dc, ac) = self.freedom.slots[slot];
        self.events.push(Event::Symbol { class, slot: if class == 0 { dc } else { ac }, symbol });
    }

    fn bits(&mut self, value: u32, len: u32) {
        self.events.push(Event::Bits { value, len });
    }

    fn extra(&mut self, value: i32) {
        let size = size(value);
        self.bits(if value < 0 { value + (1 << size) - 1 } else { value } as u32, size);
    }

    fn difference(&mut self, slot: usize, value: i32) {
        let difference = value - self.predictions[slot];
        self.predictions[slot] = value;
        self.symbol(0, slot, size(difference) as u8);
        self.extra(difference);
    }

    fn sequential_ac(&mut self, slot: usize, block: &Block) {
        let mut zeros = 0;
        let last = block.iter().rposition(|&v| v != 0).unwrap_or(0);
        for (k, &value) in block.iter().enumerate().skip(1) {
            if value == 0 {
                zeros += 1;
                if zeros == 16 && (k < last || self.freedom.zeros_to_the_end) {
                    self.symbol(1, slot, 0xF0);
                    zeros = 0;
                }
                continue;
            }
            self.symbol(1, slot, zeros << 4 | size(value) as u8);
            self.extra(value);
            zeros = 0;
        }
        if zeros > 0 {
            self.symbol(1, slot, 0);
        }
    }

    fn first_ac(&mut self, block: &Block) {
        let Scan { start, end, low, .. } = *self.scan;
        let value_at = |k: usize| block[k].signum() * (block[k].abs() >> low);
        let last = (start..=end).rev().find(|&k| value_at(k) != 0).unwrap_or(0);
        let mut zeros = 0;
        for k in start..=end {
            let value = value_at(k);
            if value == 0 {
                zeros += 1;
                if zeros == 16 && (k < last || self.freedom.zeros_to_the_end) {
                    self.end_run();
                    self.symbol(1, 0, 0xF0);
                    zeros = 0;
                }
                continue;
            }
            self.end_run();
            self.symbol(1, 0, zeros << 4 | size(value) as u8);
            self.extra(value);
            zeros = 0;
        }
        if zeros > 0 {
            self.lengthen_run(&[]);
        }
    }

    fn refined_ac(&mut self, block: &Block) {
        let Scan { start, end, low, .. } = *self.scan;
        let magnitude = |k: usize| block[k].unsigned_abs() >> low;
        let last_new = (start..=end).rev().find(|&k| magnitude(k) == 1).unwrap_or(0);
        let (mut zeros, mut corrections) = (0, Vec::new());
        for (k, &value) in block.iter().enumerate().take(end + 1).skip(start) {
            match magnitude(k) {
                0 => {
                    zeros += 1;
                    if zeros == 16 && (k < last_new || self.freedom.zeros_to_the_end) {
                        self.end_run();
                        self.symbol(1, 0, 0xF0);
                        corrections.drain(..).for_each(|bit| self.bits(bit, 1));
                        zeros = 0;
                    }
                }
                1 => {
                    self.end_run();
                    self.symbol(1, 0, zeros << 4 | 1);
                    self.bits(u32::from(value > 0), 1);
                    corrections.drain(..).for_each(|bit| self.bits(bit, 1));
                    zeros = 0;
                }
                known => corrections.push(known & 1),
            }
        }
        if zeros > 0 || !corrections.is_empty() {
            self.lengthen_run(&corrections);
        }
    }

    fn lengthen_run(&mut self, corrections: &[u32]) {
        self.run += 1;
        self.pending.extend(corrections);
        if self.run >= self.freedom.longest_run {
            self.end_run();
        }
    }

    fn end_run(&mut self) {
        if self.run > 0 {
            let n = self.run.ilog2();
            self.symbol(1, 0, (n as u8) << 4);
            self.bits(self.run - (1 << n), n);
            let pending = std::mem::take(&mut self.pending);
            pending.into_iter().for_each(|bit| self.bits(bit, 1));
            self.run = 0;
        }
    }
}

fn size(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}
