//! Blocks on their way into memory without their zeros.

use std::sync::Arc;

use super::{Blocks, PackedRow, Part};
use crate::jpeg::bits::BitReader;
use crate::jpeg::entropy::Fault;
use crate::jpeg::entropy::baseline;
use crate::jpeg::entropy::pairs::{ROOM, Room, Sink};
use crate::jpeg::entropy::planes::{AT_ONCE, AcKernels};
use crate::jpeg::frame::MAX_COMPONENTS;
use crate::jpeg::window::Window;

/// Packs blocks as they are decoded.
#[derive(Debug)]
pub(crate) struct Packer {
    components: Vec<Staged>,
    /// Whether blocks are compressed, where that may be quicker: it takes as long for a few coefficients as for many.
    compresses: bool,
}

/// Bits of a block on average from which on its coefficients are many.
const MANY_BITS: usize = 12;

/// Those of a component since the last row.
#[derive(Debug)]
struct Staged {
    /// The blocks of an MCU with their zeros, where all of a block are left out at once. Whoever loads many coefficients
    /// that were stored one by one waits for the last of them: by the end of an MCU most have long been there.
    rooms: Vec<Room>,
    places: Vec<u64>,
    /// Room for all that a row may have; memory of zeros that is not looked at takes none.
    values: Vec<i16>,
    count: usize,
    /// The least and the largest of the first coefficients, and zero.
    firsts: [i16; 2],
}

/// A block that is packed as its coefficients come.
pub(crate) struct Sparse<'a> {
    values: &'a mut [i16; ROOM],
    count: usize,
    places: u64,
}

impl Packer {
    /// For rows of the form of a window.
    pub(crate) fn new(window: &Window) -> Self {
        let mcus = window.mcus();
        Self::of_blocks(window.parts.iter().map(|part| part.blocks_of_an_mcu()).map(|blocks| (blocks, mcus * blocks)))
    }

    /// For blocks of so many MCUs that have so many bits of data together.
    pub(crate) fn of_data(mut self, mcus: usize, bits: usize) -> Self {
        let of_an_mcu: usize = self.components.iter().map(|own| own.rooms.len()).sum();
        self.compresses = bits >= mcus.saturating_mul(of_an_mcu * MANY_BITS);
        self
    }

    /// For so many blocks of each component in an MCU and in all.
    pub(crate) fn of_blocks(blocks: impl Iterator<Item = (usize, usize)>) -> Self {
        let staged = |(of_an_mcu, blocks)| {
            let (places, values) = (Vec::with_capacity(blocks), vec![0; blocks * 64 + ROOM]);
            Staged { rooms: vec![[0; ROOM]; of_an_mcu], places, values, count: 0, firsts: [0; 2] }
        };
        Self { components: blocks.map(staged).collect(), compresses: true }
    }

    /// Adds an MCU.
    #[inline(always)]
    pub(crate) fn mcu<K: AcKernels>(
        &mut self,
        kernels: K,
        reader: &mut baseline::Reader,
        bits: &mut BitReader<'_>,
    ) -> Result<(), Fault> {
        let compresses = K::COMPRESSES && self.compresses;
        for (slot, staged) in self.components.iter_mut().enumerate() {
            if compresses {
                for room in &mut staged.rooms {
                    reader.read_into(bits, slot, room)?;
                }
            } else {
                for _ in 0..staged.rooms.len() {
                    staged.block(
                        #[inline(always)]
                        |sparse| reader.read_into(bits, slot, sparse),
                    )?;
                }
            }
        }
        if compresses {
            for staged in &mut self.components {
                let rooms = std::mem::take(&mut staged.rooms);
                for room in &rooms {
                    staged.compress(kernels, room);
                }
                staged.rooms = rooms;
            }
        }
        Ok(())
    }

    /// Adds the MCUs of a row that are there with their zeros.
    #[inline(always)]
    pub(crate) fn window(&mut self, kernels: impl AcKernels, window: &mut Window) -> PackedRow {
        for (i, staged) in self.components.iter_mut().enumerate() {
            window.fill(
                i,
                #[inline(always)]
                |room| staged.compress(kernels, room),
            );
        }
        self.row()
    }

    /// The blocks since the last row.
    pub(crate) fn row(&mut self) -> PackedRow {
        let blocks = self.components.iter().map(|own| own.places.len()).sum();
        let coefficients: usize = self.components.iter().map(|own| own.count).sum();
        let (mut places, mut values) = (Vec::with_capacity(blocks), Vec::with_capacity(coefficients + AT_ONCE));
        let mut parts = [Part::default(); MAX_COMPONENTS];
        for (part, Staged { rooms, places: own, values: room, count, firsts }) in parts.iter_mut().zip(&self.components)
        {
            let start = values.len();
            places.extend_from_slice(own);
            values.extend_from_slice(&room[..*count]);
            *part = Part { of_an_mcu: rooms.len(), end: places.len(), start, firsts: *firsts };
        }
        values.extend([0; AT_ONCE]);
        self.clear();
        PackedRow(Arc::new(Blocks { parts, places: places.into(), values: values.into() }))
    }

    /// Forgets the blocks since the last row.
    pub(crate) fn clear(&mut self) {
        for Staged { places, count, firsts, .. } in &mut self.components {
            places.clear();
            (*count, *firsts) = (0, [0; 2]);
        }
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        let bytes = |s: &Staged| {
            s.places.capacity() * size_of::<u64>() + size_of_val(&s.values[..]) + size_of_val(&s.rooms[..])
        };
        self.components.iter().map(|staged| bytes(staged) as u64).sum()
    }
}

impl Staged {
    /// Adds a block that is there with its zeros.
    #[inline(always)]
    fn compress(&mut self, kernels: impl AcKernels, block: &Room) {
        let (rooms, _) = self.values[self.count..].as_chunks_mut();
        let places = kernels.compress(block, &mut rooms[0]);
        self.add(places, places.count_ones() as usize);
    }

    /// Adds a block that `read` reads, without its zeros.
    #[inline(always)]
    fn block(&mut self, read: impl FnOnce(&mut Sparse<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
        let (rooms, _) = self.values[self.count..].as_chunks_mut();
        let mut block = Sparse { values: &mut rooms[0], count: 0, places: 0 };
        let outcome = read(&mut block);
        let Sparse { count, places, .. } = block;
        self.add(places, count);
        outcome
    }

    /// Adds a block whose values are there.
    #[inline(always)]
    fn add(&mut self, places: u64, count: usize) {
        let (first, [least, largest]) = (self.values[self.count], self.firsts);
        self.firsts = [first.min(least), first.max(largest)];
        self.count += count;
        self.places.push(places);
    }
}

impl Sink for Sparse<'_> {
    /// It is there even where it is zero: it may be moved yet.
    #[inline(always)]
    fn begin(&mut self, dc: i16) {
        self.values[0] = dc;
        (self.count, self.places) = (1, 1);
    }

    #[inline(always)]
    fn put(&mut self, first: (usize, i16), second: (usize, i16)) {
        for (k, value) in [first, second] {
            self.values[self.count % ROOM] = value;
            self.count += usize::from(value != 0);
            self.places |= u64::from(value != 0 && k < 64) << (k % 64);
        }
    }

    #[inline(always)]
    fn take_back(&mut self, second: i16) {
        self.count -= usize::from(second != 0);
    }
}

#[cfg(test)]
impl Packer {
    /// Adds a block of the first component.
    pub(crate) fn block(&mut self, read: impl FnOnce(&mut Sparse<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
        self.components[0].block(read)
    }
}
