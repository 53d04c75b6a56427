//! A picture without its zeros: most coefficients of most pictures, which it costs less to leave out and to put in
//! again than to fetch from memory. Noise takes a sixteenth more than its coefficients.

use std::ops::Range;

use crate::jpeg::bits::BitReader;
#[cfg(test)]
use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::Fault;
use crate::jpeg::entropy::baseline::{self, in_range};
use crate::jpeg::entropy::pairs::{ROOM, Room, Sink};
use crate::jpeg::entropy::planes::{AT_ONCE, AcKernels};
use crate::jpeg::frame::MAX_COMPONENTS;
use crate::jpeg::window::Window;

/// The MCU rows of a picture from one of them on.
#[derive(Clone, Debug)]
pub(crate) struct PackedPicture {
    first: u32,
    rows: Vec<PackedRow>,
    /// From this row on, so many MCUs at the beginning of each belong to the one before.
    joint: u32,
    skip: usize,
    bytes: u64,
    /// Of a window for a row.
    window_bytes: u64,
}

/// Rows of a picture to its end, and MCUs at the beginning of the first that belong before them.
pub(crate) type Rest = (Vec<PackedRow>, usize);

/// The blocks of an MCU row, by component.
#[derive(Clone, Debug)]
pub(crate) struct PackedRow(Vec<Part>);

/// An MCU row in two rows that are packed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spliced<'a> {
    /// But for so many MCUs at its beginning.
    first: &'a PackedRow,
    skip: usize,
    then: Option<&'a PackedRow>,
}

/// The blocks of a component in the order in which a scan of all components has them.
#[derive(Clone, Debug)]
struct Part {
    /// Blocks of an MCU.
    of_an_mcu: usize,
    /// The first coefficient of each block and all that are not zero: bit k stands for zigzag position k.
    places: Box<[u64]>,
    /// What they are, and [`AT_ONCE`] more.
    values: Box<[i16]>,
    /// What is to be added to each first one.
    offset: i16,
    /// Zero and the first ones without it lie within this.
    firsts: [i16; 2],
}

/// Packs blocks as they are decoded.
#[derive(Debug)]
pub(crate) struct Packer {
    components: Vec<Staged>,
    /// A block with its zeros, where all of them are left out at once.
    room: Box<Room>,
}

/// Those of a component since the last row.
#[derive(Debug)]
struct Staged {
    of_an_mcu: usize,
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

impl PackedPicture {
    /// One without rows yet, of those to come that have the form of a window.
    pub(crate) fn new(window: &Window, numbers: Range<u32>) -> Self {
        let (first, rows) = (numbers.start, Vec::with_capacity(numbers.len()));
        let bytes = (rows.capacity() * size_of::<PackedRow>()) as u64;
        Self { first, rows, joint: 0, skip: 0, bytes, window_bytes: window.bytes() }
    }

    /// Adds the next row.
    pub(crate) fn push(&mut self, row: PackedRow) {
        self.bytes += row.bytes();
        self.rows.push(row);
    }

    /// Adds all rows that are left. So many MCUs of the first come before them, and as many of each belong to the row
    /// before.
    pub(crate) fn join(&mut self, (rows, skip): Rest) {
        (self.joint, self.skip) = (self.rows.len() as u32, skip);
        rows.into_iter().for_each(|row| self.push(row));
    }

    /// An MCU row.
    pub(crate) fn row(&self, y: u32) -> Spliced<'_> {
        let i = y - self.first;
        let skip = if i < self.joint { 0 } else { self.skip };
        let then = if skip == 0 { None } else { self.rows.get(i as usize + 1) };
        Spliced { first: &self.rows[i as usize], skip, then }
    }

    /// The number of its first row.
    pub(crate) fn first(&self) -> u32 {
        self.first
    }

    /// Bytes of memory in use where so many threads unpack rows.
    pub(crate) fn bytes(&self, threads: usize) -> u64 {
        self.bytes + self.window_bytes * threads as u64
    }
}

impl Spliced<'_> {
    /// Puts the components that are wanted into a window of the same form.
    #[inline(always)]
    pub(crate) fn unpack(&self, kernels: impl AcKernels, wanted: impl Fn(usize) -> bool, window: &mut Window) {
        for (i, part) in self.first.0.iter().enumerate().filter(|&(i, _)| wanted(i)) {
            let (mut places, mut values, mut offset) = part.without(self.skip);
            let then = self.then.map_or((&[][..], &[][..], 0), |row| row.0[i].without(0));
            window.fill(
                i,
                #[inline(always)]
                |room| {
                    if places.is_empty() {
                        (places, values, offset) = then;
                    }
                    let Some((&first, rest)) = places.split_first() else { return };
                    places = rest;
                    kernels.expand(first, values, room);
                    room[0] = room[0].wrapping_add(offset);
                    values = &values[first.count_ones() as usize..];
                },
            );
        }
    }
}

impl Part {
    /// What there is after so many MCUs, and what is to be added to it.
    fn without(&self, mcus: usize) -> (&[u64], &[i16], i16) {
        let (before, places) = self.places.split_at(mcus * self.of_an_mcu);
        (places, &self.values[count(before)..], self.offset)
    }
}

/// Coefficients of blocks.
fn count(places: &[u64]) -> usize {
    places.iter().map(|places| places.count_ones() as usize).sum()
}

impl PackedRow {
    /// Adds to all DC coefficients an offset for each component.
    pub(crate) fn move_dc(&mut self, offsets: [i32; MAX_COMPONENTS]) -> Result<(), Fault> {
        for (part, offset) in self.0.iter_mut().zip(offsets) {
            for first in part.firsts {
                in_range(i32::from(first) + offset)?;
            }
            // Zero is one of those, so the offset has room itself.
            part.offset = offset as i16;
        }
        Ok(())
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        let bytes = |part: &Part| size_of::<Part>() + size_of_val(&part.places[..]) + size_of_val(&part.values[..]);
        self.0.iter().map(|part| bytes(part) as u64).sum()
    }
}

#[cfg(test)]
impl Packer {
    /// Adds a block of the first component.
    pub(crate) fn block(&mut self, read: impl FnOnce(&mut Sparse<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
        self.components[0].block(read)
    }
}

#[cfg(test)]
impl PackedRow {
    pub(crate) fn blocks(&self, component: usize) -> Vec<Block> {
        let Part { places, values, .. } = &self.0[component];
        let mut values = values.iter();
        let block =
            |places: &u64| std::array::from_fn(|k| if places >> k & 1 == 1 { *values.next().unwrap() } else { 0 });
        places.iter().map(block).collect()
    }
}

impl Packer {
    /// For rows of the form of a window.
    pub(crate) fn new(window: &Window) -> Self {
        let mcus = window.mcus();
        Self::of_blocks(window.parts.iter().map(|part| part.blocks_of_an_mcu()).map(|blocks| (blocks, mcus * blocks)))
    }

    /// For so many blocks of each component in an MCU and in all.
    pub(crate) fn of_blocks(blocks: impl Iterator<Item = (usize, usize)>) -> Self {
        let staged = |(of_an_mcu, blocks)| {
            let (places, values) = (Vec::with_capacity(blocks), vec![0; blocks * 64 + ROOM]);
            Staged { of_an_mcu, places, values, count: 0, firsts: [0; 2] }
        };
        Self { components: blocks.map(staged).collect(), room: Box::new([0; ROOM]) }
    }

    /// Adds an MCU.
    #[inline(always)]
    pub(crate) fn mcu<K: AcKernels>(
        &mut self,
        kernels: K,
        reader: &mut baseline::Reader,
        bits: &mut BitReader<'_>,
    ) -> Result<(), Fault> {
        for (slot, staged) in self.components.iter_mut().enumerate() {
            for _ in 0..staged.of_an_mcu {
                if K::COMPRESSES {
                    reader.read_into(bits, slot, &mut *self.room)?;
                    staged.compress(kernels, &self.room);
                } else {
                    staged.block(
                        #[inline(always)]
                        |sparse| reader.read_into(bits, slot, sparse),
                    )?;
                }
            }
        }
        Ok(())
    }

    /// The blocks since the last row.
    pub(crate) fn row(&mut self) -> PackedRow {
        let parts = self.components.iter_mut().map(|Staged { of_an_mcu, places, values, count, firsts }| Part {
            of_an_mcu: *of_an_mcu,
            places: places[..].into(),
            values: values[..*count + AT_ONCE].into(),
            offset: 0,
            firsts: *firsts,
        });
        let row = PackedRow(parts.collect());
        self.clear();
        row
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
        let bytes = |s: &Staged| s.places.capacity() * size_of::<u64>() + size_of_val(&s.values[..]);
        self.components.iter().map(|staged| bytes(staged) as u64).sum()
    }
}

impl Staged {
    /// Adds a block with its zeros.
    #[inline(always)]
    fn compress(&mut self, kernels: impl AcKernels, room: &Room) {
        let (rooms, _) = self.values[self.count..].as_chunks_mut();
        let places = kernels.compress(room, &mut rooms[0]);
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
mod tests {
    use std::convert::Infallible;

    use crate::jpeg::damage::Tolerance;
    use crate::jpeg::read::{self, Terms};
    use crate::jpeg::rows::{Coefficients, InMemory, McuRow, Rows};
    use crate::jpeg::simd::{Scalar, Simd};
    use crate::jpeg::tail;
    use crate::jpeg::{Coding, Encoder, Image, PixelFormat, RestartInterval, Subsampling};
    use crate::limits::{Cancel, Limits};

    /// The coefficients of a file, still in it.
    fn streamed(source: &[u8]) -> Coefficients<'_> {
        let (limits, cancel) = (Limits::default(), Cancel::new());
        let (level, tolerance) = (Simd::Auto.level().unwrap(), Tolerance::new(false));
        read::read(source, &mut Terms { limits: &limits, cancel: &cancel, level, tolerance }).unwrap().coefficients
    }

    #[test]
    fn what_is_packed_comes_back() {
        let pixels: Vec<u8> = (0..101 * 263 * 3_u32).map(|i| (i.wrapping_mul(i) >> 7) as u8 ^ (i >> 6) as u8).collect();
        let (never, rgb) = (RestartInterval::default(), PixelFormat::Rgb8);
        for (format, bytes, subsampling, restart) in [
            (PixelFormat::Gray8, 1, Subsampling::S444, never),
            (rgb, 3, Subsampling::S420, never),
            (rgb, 3, Subsampling::S422, RestartInterval::Rows(1)),
            (rgb, 3, Subsampling::S444, RestartInterval::Mcus(7)),
        ] {
            let image = Image::new(&pixels[..101 * 263 * bytes], 101, 263, format).unwrap();
            for quality in [3, 40, 100] {
                let encoder = Encoder::default().coding(Coding::Baseline).quality(quality).unwrap();
                let encoder = encoder.subsampling(subsampling).restart_interval(restart);
                let source = encoder.encode(&image).unwrap();
                let cancel = Cancel::new();
                let expected = streamed(&source).hold(&cancel).unwrap();
                let Coefficients { frame, rows: Rows::Streamed(mut stream), .. } = streamed(&source) else { panic!() };
                let packed = tail::pack(Scalar, &mut stream, &frame, 1, |_| Ok(())).unwrap();
                let memory = InMemory::Packed(&packed);
                let is_there = |i: usize, y, row: McuRow<'_>| {
                    for y in expected.frame.components[i].rows_of(y) {
                        assert_eq!(row.row(i, y), expected.planes[i].row(y as usize), "{i}, {y}");
                    }
                };
                let last = expected.planes.len() - 1;
                let all = |i: usize| i <= last;
                let Ok(()) = memory.take::<Infallible>(Scalar, &frame, 0..frame.mcus_high, all, |y, row| {
                    (0..=last).for_each(|i| is_there(i, y, row));
                    Ok(())
                });
                let Ok(()) = memory.take::<Infallible>(
                    Scalar,
                    &frame,
                    0..frame.mcus_high,
                    |i| i == last,
                    |y, row| {
                        is_there(last, y, row);
                        Ok(())
                    },
                );
            }
        }
    }
}
