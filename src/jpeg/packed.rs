//! A picture without its zeros: most coefficients of most pictures, which it costs less to leave out and to put in again
//! than to fetch from memory. Noise takes a sixteenth more than its coefficients.

use crate::error::Result;
use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::Fault;
use crate::jpeg::entropy::pairs::{ROOM, Sink};
use crate::jpeg::window::Window;

/// Values that are moved at once, wanted or not: how many a block has is hard to foresee for a processor.
const AT_ONCE: usize = 4;

/// All MCU rows of a picture.
#[derive(Clone, Debug)]
pub(crate) struct PackedPicture {
    rows: Vec<PackedRow>,
    bytes: u64,
    /// Of a window for a row.
    window_bytes: u64,
}

/// The blocks of an MCU row, by component.
#[derive(Clone, Debug)]
pub(crate) struct PackedRow(Vec<Part>);

/// The blocks of a component in the order in which a scan of all components has them.
#[derive(Clone, Debug)]
struct Part {
    /// The coefficients of each block that are not zero: bit k stands for zigzag position k.
    places: Box<[u64]>,
    /// What they are, and [`AT_ONCE`] more.
    values: Box<[i16]>,
}

/// Packs blocks as they are decoded.
#[derive(Debug)]
pub(crate) struct Packer(Vec<Staged>);

/// Those of a component since the last row.
#[derive(Debug)]
struct Staged {
    places: Vec<u64>,
    /// Room for all that a row may have; memory of zeros that is not looked at takes none.
    values: Vec<i16>,
    count: usize,
}

/// A block that is packed as its coefficients come.
pub(crate) struct Sparse<'a> {
    values: &'a mut [i16; ROOM],
    count: usize,
    places: u64,
}

impl PackedPicture {
    /// One without rows yet, of `rows` to come that have the form of a window.
    pub(crate) fn new(window: &Window, rows: u32) -> Self {
        let rows = Vec::with_capacity(rows as usize);
        Self { bytes: (rows.capacity() * size_of::<PackedRow>()) as u64, rows, window_bytes: window.bytes() }
    }

    /// Adds the next row.
    pub(crate) fn push(&mut self, row: PackedRow) {
        self.bytes += row.bytes();
        self.rows.push(row);
    }

    /// An MCU row.
    pub(crate) fn row(&self, y: u32) -> &PackedRow {
        &self.rows[y as usize]
    }

    /// Bytes of memory in use where so many threads unpack rows.
    pub(crate) fn bytes(&self, threads: usize) -> u64 {
        self.bytes + self.window_bytes * threads as u64
    }
}

impl PackedRow {
    /// Bytes that the blocks of a window may take.
    pub(crate) fn most_bytes(window: &Window) -> u64 {
        let blocks: usize = window.blocks().sum();
        (blocks * (size_of::<u64>() + size_of::<Block>())) as u64
    }

    /// Puts the components that are wanted into a window of the same form.
    #[inline(always)]
    pub(crate) fn unpack(&self, wanted: impl Fn(usize) -> bool, window: &mut Window) {
        for (i, part) in self.0.iter().enumerate().filter(|&(i, _)| wanted(i)) {
            let (mut places, mut values) = (part.places.iter(), &part.values[..]);
            window.fill(
                i,
                #[inline(always)]
                |room| {
                    let Some(&(mut places)) = places.next() else { return };
                    let count = places.count_ones() as usize;
                    room[..64].fill(0);
                    for four in values.as_chunks::<AT_ONCE>().0.iter().take(count.div_ceil(AT_ONCE)) {
                        for &value in four {
                            // Behind the block where there are no more.
                            room[places.trailing_zeros() as usize % ROOM] = value;
                            places &= places.wrapping_sub(1);
                        }
                    }
                    values = &values[count..];
                },
            );
        }
    }

    fn bytes(&self) -> u64 {
        let bytes = |part: &Part| size_of::<Part>() + size_of_val(&part.places[..]) + size_of_val(&part.values[..]);
        self.0.iter().map(|part| bytes(part) as u64).sum()
    }
}

#[cfg(test)]
impl PackedRow {
    pub(crate) fn blocks(&self, component: usize) -> Vec<Block> {
        let Part { places, values } = &self.0[component];
        let mut values = values.iter();
        let block =
            |places: &u64| std::array::from_fn(|k| if places >> k & 1 == 1 { *values.next().unwrap() } else { 0 });
        places.iter().map(block).collect()
    }
}

impl Packer {
    /// For rows of so many blocks of each component.
    pub(crate) fn new(blocks: impl Iterator<Item = usize>) -> Self {
        let staged =
            |blocks| Staged { places: Vec::with_capacity(blocks), values: vec![0; blocks * 64 + ROOM], count: 0 };
        Self(blocks.map(staged).collect())
    }

    /// Adds a block of a component that `read` reads.
    #[inline(always)]
    pub(crate) fn block(
        &mut self,
        component: usize,
        read: impl FnOnce(&mut Sparse<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let staged = &mut self.0[component];
        let (rooms, _) = staged.values[staged.count..].as_chunks_mut();
        let mut block = Sparse { values: &mut rooms[0], count: 0, places: 0 };
        let outcome = read(&mut block);
        let Sparse { count, places, .. } = block;
        staged.count += count;
        staged.places.push(places);
        outcome
    }

    /// The blocks since the last row.
    pub(crate) fn row(&mut self) -> PackedRow {
        let parts = self.0.iter_mut().map(|Staged { places, values, count }| {
            let part = Part { places: places[..].into(), values: values[..*count + AT_ONCE].into() };
            places.clear();
            *count = 0;
            part
        });
        PackedRow(parts.collect())
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        let bytes = |s: &Staged| s.places.capacity() * size_of::<u64>() + size_of_val(&s.values[..]);
        self.0.iter().map(|staged| bytes(staged) as u64).sum()
    }
}

impl Sink for Sparse<'_> {
    #[inline(always)]
    fn begin(&mut self, dc: i16) {
        self.put((0, dc), (0, 0));
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
                let Coefficients { frame, rows: Rows::Streamed(stream), .. } = streamed(&source) else { panic!() };
                let packed = stream.pack(&frame, |_| Ok(())).unwrap();
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
