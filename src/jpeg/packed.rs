//! A picture without its zeros: most coefficients of most pictures, which it costs less to leave out and to put in
//! again than to fetch from memory. Noise takes a sixteenth more than its coefficients.

pub(crate) mod gather;
pub(crate) mod packer;
pub(crate) mod sparse;

use std::sync::Arc;

#[cfg(test)]
use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::Fault;
use crate::jpeg::entropy::baseline::in_range;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::MAX_COMPONENTS;
use crate::jpeg::window::Window;
use sparse::SparseRow;

/// The MCU rows of a picture.
#[derive(Clone, Debug)]
pub(crate) struct PackedPicture {
    /// The first rows.
    rows: Vec<PackedRow>,
    /// Those after them.
    rest: Option<Rest>,
    bytes: u64,
    /// Of a row, with its zeros or in order for scans.
    row_bytes: u64,
}

/// The MCUs of a picture from one of them on, as far as they have come.
#[derive(Clone, Debug)]
pub(crate) struct Rest {
    /// As many MCUs in each as a row of the picture has.
    rows: Vec<PackedRow>,
    bytes: u64,
    /// The number of the first MCU.
    begin: usize,
    /// MCUs of a row.
    mcus: usize,
    /// What is to be added to the DC coefficients of each component.
    offsets: [i32; MAX_COMPONENTS],
}

/// The blocks of an MCU row; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct PackedRow(Arc<Blocks>);

/// An MCU row in two rows that are packed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spliced<'a> {
    /// But for so many MCUs at its beginning.
    first: &'a PackedRow,
    skip: usize,
    then: Option<&'a PackedRow>,
    offsets: [i16; MAX_COMPONENTS],
}

/// Blocks of a component after those of the one before it, each in the order in which a scan of all components has
/// them.
#[derive(Debug)]
struct Blocks {
    /// Empty ones behind those that there are.
    parts: [Part; MAX_COMPONENTS],
    /// The first coefficient of each block and all that are not zero: bit k stands for zigzag position k.
    places: Box<[u64]>,
    /// What they are, and [`AT_ONCE`](crate::jpeg::entropy::planes::AT_ONCE) more.
    values: Box<[i16]>,
}

/// The blocks of a component.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    /// Blocks of an MCU.
    of_an_mcu: usize,
    /// Where its places end, and its values begin.
    end: usize,
    start: usize,
    /// Zero and the first ones lie within this.
    firsts: [i16; 2],
}

impl PackedPicture {
    /// One without rows yet, of those to come that have the form of a window: so many before a rest.
    pub(crate) fn new(window: &Window, rows: u32) -> Self {
        let rows = Vec::with_capacity(rows as usize);
        let bytes = (rows.capacity() * size_of::<PackedRow>()) as u64;
        Self { rows, rest: None, bytes, row_bytes: SparseRow::most_bytes(window) }
    }

    /// Adds the next row.
    pub(crate) fn push(&mut self, row: PackedRow) {
        self.bytes += row.bytes();
        self.rows.push(row);
    }

    /// Adds all rows that are left.
    pub(crate) fn join(&mut self, rest: Rest) {
        self.bytes += rest.bytes;
        self.rest = Some(rest);
    }

    /// What has been added to the DC coefficients of the rest.
    pub(crate) fn offsets(&self) -> [i16; MAX_COMPONENTS] {
        self.rest.as_ref().map_or([0; MAX_COMPONENTS], Rest::offsets)
    }

    /// An MCU row of those that there are.
    pub(crate) fn row(&self, y: u32) -> Spliced<'_> {
        match &self.rest {
            Some(rest) if y as usize >= self.rows.len() => rest.row(y),
            _ => Spliced { first: &self.rows[y as usize], skip: 0, then: None, offsets: [0; MAX_COMPONENTS] },
        }
    }

    /// Bytes of memory in use where so many threads take rows.
    pub(crate) fn bytes(&self, threads: usize) -> u64 {
        self.bytes + self.row_bytes * threads as u64
    }
}

impl Rest {
    /// Rows of so many MCUs to come, the first of which has this number.
    pub(crate) fn new(mcus: usize, begin: usize, offsets: [i32; MAX_COMPONENTS]) -> Self {
        Self { rows: Vec::new(), bytes: 0, begin, mcus, offsets }
    }

    /// Adds the next row.
    ///
    /// # Errors
    /// Where a DC coefficient has no room.
    pub(crate) fn push(&mut self, row: PackedRow) -> Result<(), Fault> {
        for (part, offset) in row.0.parts.iter().zip(self.offsets) {
            for first in part.firsts {
                in_range(i32::from(first) + offset)?;
            }
        }
        self.bytes += row.bytes();
        self.rows.push(row);
        Ok(())
    }

    /// Zero is one of the first ones, so each offset has room itself.
    fn offsets(&self) -> [i16; MAX_COMPONENTS] {
        self.offsets.map(|offset| offset as i16)
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The first MCU row of the picture that is there as a whole.
    pub(crate) fn first_row(&self) -> u32 {
        self.begin.div_ceil(self.mcus) as u32
    }

    /// Whether an MCU row of the picture is there as a whole, or where all has come, as much as the picture has of it.
    pub(crate) fn has(&self, y: u32, is_whole: bool) -> bool {
        let before = (y as usize * self.mcus).checked_sub(self.begin);
        let end = |before: usize| if is_whole { before + 1 } else { before + self.mcus };
        before.is_some_and(|before| end(before) <= self.rows.len() * self.mcus)
    }

    /// An MCU row of the picture that is there.
    pub(crate) fn row(&self, y: u32) -> Spliced<'_> {
        let before = y as usize * self.mcus - self.begin;
        let (i, skip) = (before / self.mcus, before % self.mcus);
        let then = if skip == 0 { None } else { self.rows.get(i + 1) };
        Spliced { first: &self.rows[i], skip, then, offsets: self.offsets() }
    }
}

impl Spliced<'_> {
    /// Puts the components that are wanted into a window of the same form.
    #[inline(always)]
    pub(crate) fn unpack(&self, kernels: impl AcKernels, wanted: impl Fn(usize) -> bool, window: &mut Window) {
        for i in (0..window.parts.len()).filter(|&i| wanted(i)) {
            let (mut places, mut values) = self.first.0.without(i, self.skip);
            let then = self.then.map_or((&[][..], &[][..]), |row| row.0.without(i, 0));
            let offset = self.offsets[i];
            window.fill(
                i,
                #[inline(always)]
                |room| {
                    if places.is_empty() {
                        (places, values) = then;
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

impl Blocks {
    /// What there is of a component after so many MCUs. Behind its values are others.
    #[inline(always)]
    fn without(&self, component: usize, mcus: usize) -> (&[u64], &[i16]) {
        let part = self.parts[component];
        let start = component.checked_sub(1).map_or(0, |before| self.parts[before].end);
        let (before, places) = self.places[start..part.end].split_at(mcus * part.of_an_mcu);
        (places, &self.values[part.start + count(before)..])
    }
}

/// Coefficients of blocks, counted by the instructions of whoever asks.
#[inline(always)]
fn count(places: &[u64]) -> usize {
    places.iter().map(|places| places.count_ones() as usize).sum()
}

impl PackedRow {
    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        let Blocks { places, values, .. } = &*self.0;
        (size_of::<Blocks>() + size_of_val(&places[..]) + size_of_val(&values[..])) as u64
    }
}

#[cfg(test)]
impl PackedRow {
    pub(crate) fn blocks(&self, component: usize) -> Vec<Block> {
        let (places, values) = self.0.without(component, 0);
        let mut values = values.iter();
        let block =
            |places: &u64| std::array::from_fn(|k| if places >> k & 1 == 1 { *values.next().unwrap() } else { 0 });
        places.iter().map(block).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::packer::Packer;
    use super::*;
    use crate::jpeg::rows::{Coefficients, InMemory, McuRow, Rows};
    use crate::jpeg::simd::{Level, Scalar, Simd};
    use crate::jpeg::tail;
    use crate::jpeg::threads;
    use crate::jpeg::{Coding, Encoder, Image, PixelFormat, RestartInterval, Subsampling};
    use crate::limits::Cancel;

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
                let expected = Coefficients::of(&source).hold(&cancel).unwrap();
                let Coefficients { frame, rows: Rows::Streamed(mut stream), .. } = Coefficients::of(&source) else {
                    panic!()
                };
                let packed = tail::pack(Scalar, &mut stream, &frame, &threads::ALONE, |_| Ok(())).unwrap();
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

    /// The blocks of all rows of a file, packed as they are for so many bits of data, by component.
    fn blocks(source: &[u8], kernels: impl AcKernels, bits: usize) -> Vec<Vec<Block>> {
        let Coefficients { frame, rows: Rows::Streamed(mut stream), .. } = Coefficients::of(source) else { panic!() };
        let mut packer = Packer::new(stream.window()).of_data(1, bits);
        let rows: Vec<_> = (0..frame.mcus_high).map(|y| stream.pack_row(kernels, y, &mut packer).unwrap()).collect();
        (0..frame.components.len()).map(|i| rows.iter().flat_map(|row| row.blocks(i)).collect()).collect()
    }

    #[test]
    fn blocks_are_the_same_whichever_way_they_are_packed() {
        let pixels: Vec<u8> = (0..101 * 63 * 3_u32).map(|i| (i.wrapping_mul(i) >> 7) as u8 ^ (i >> 6) as u8).collect();
        let image = Image::new(&pixels, 101, 63, PixelFormat::Rgb8).unwrap();
        for quality in [3, 60, 100] {
            let encoder = Encoder::default().coding(Coding::Baseline).subsampling(Subsampling::S420);
            let source = encoder.quality(quality).unwrap().encode(&image).unwrap();
            let expected = blocks(&source, Scalar, 0);
            for bits in [0, usize::MAX] {
                for simd in [Simd::Scalar, Simd::Avx2, Simd::Avx512] {
                    let packed = match simd.level() {
                        Ok(Level::Scalar(kernels)) => blocks(&source, kernels, bits),
                        #[cfg(target_arch = "x86_64")]
                        Ok(Level::Avx2(kernels)) => blocks(&source, kernels, bits),
                        #[cfg(target_arch = "x86_64")]
                        Ok(Level::Avx512(kernels)) => blocks(&source, kernels, bits),
                        Err(_) => continue,
                    };
                    assert!(packed == expected, "{simd}, quality {quality}, {bits} bits");
                }
            }
        }
    }
}
