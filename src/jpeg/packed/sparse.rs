//! An MCU row of a packed picture in the order in which scans of one component take it, still without its zeros.

use super::Spliced;
use crate::jpeg::coeff::BLOCK_BYTES;
use crate::jpeg::entropy::group::{BEHIND, SparseBlocks};
use crate::jpeg::frame::{Frame, MAX_COMPONENTS};
use crate::jpeg::window::{self, Window};

/// The blocks of an MCU row, by component.
#[derive(Debug, Default)]
pub(crate) struct SparseRow {
    parts: [SparsePart; MAX_COMPONENTS],
}

/// The rows of a component that an MCU row of the frame has.
#[derive(Debug, Default)]
struct SparsePart {
    /// Of the blocks of the rows, those that pad MCUs included.
    places: Vec<u64>,
    starts: Vec<u32>,
    values: Vec<i16>,
    offset: i16,
    /// Blocks of a row, and those of them that are within the picture.
    stride: usize,
    wide: usize,
}

impl SparseRow {
    /// Takes the components that are wanted of a row.
    #[inline(always)]
    pub(crate) fn take(&mut self, frame: &Frame, row: Spliced<'_>, wanted: impl Fn(usize) -> bool) {
        let (across, down) = window::mcus(frame);
        for (i, component) in frame.components.iter().enumerate().filter(|&(i, _)| wanted(i)) {
            let of_an_mcu = window::blocks_of_an_mcu(frame, component);
            let (stride, wide) = (across * of_an_mcu.0, component.blocks_wide as usize);
            let part = &mut self.parts[i];
            (part.stride, part.wide, part.offset) = (stride, wide, row.offsets[i]);
            part.clear(stride * down * of_an_mcu.1);
            let (places, values) = row.first.0.without(i, row.skip);
            let before = part.add(0, places, values, across, of_an_mcu);
            if let Some(then) = row.then {
                let (places, values) = then.0.without(i, 0);
                part.add(before, places, values, across, of_an_mcu);
            }
            part.values.resize(part.values.len() + BEHIND, 0);
        }
    }

    /// A row of blocks of a component that was taken, counted from the top of the picture.
    #[inline(always)]
    pub(crate) fn row(&self, component: usize, row: u32) -> SparseBlocks<'_> {
        let SparsePart { places, starts, values, offset, stride, wide } = &self.parts[component];
        let first = row as usize % (places.len() / stride) * stride;
        let blocks = first..first + wide;
        SparseBlocks { places: &places[blocks.clone()], starts: &starts[blocks], values, offset: *offset }
    }

    /// Bytes of memory in use at most, of a row of the form of a window.
    pub(crate) fn most_bytes(window: &Window) -> u64 {
        let beside = (size_of::<u64>() + size_of::<u32>()) as u64;
        window.bytes() + window.bytes() / BLOCK_BYTES * beside
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        let bytes = |part: &SparsePart| {
            size_of::<u64>() * part.places.capacity()
                + size_of::<u32>() * part.starts.capacity()
                + size_of::<i16>() * part.values.capacity()
        };
        self.parts.iter().map(|part| bytes(part) as u64).sum()
    }
}

impl SparsePart {
    /// Room for so many blocks, none of which has come.
    #[inline(always)]
    fn clear(&mut self, blocks: usize) {
        self.places.clear();
        self.starts.clear();
        self.values.clear();
        self.places.resize(blocks, 1);
        self.starts.resize(blocks, 0);
    }

    /// Adds MCUs that come after so many, of which there are as many `across`, as far as there is room. Returns how many
    /// have come.
    #[inline(always)]
    fn add(
        &mut self,
        before: usize,
        places: &[u64],
        values: &[i16],
        across: usize,
        (horizontal, vertical): (usize, usize),
    ) -> usize {
        let (of_an_mcu, first) = (horizontal * vertical, self.values.len() as u32);
        let places = &places[..places.len().min(self.places.len() - before * of_an_mcu)];
        let mut start = first;
        let mut put = |at: usize, word: u64| {
            self.places[at] = word;
            self.starts[at] = start;
            start += word.count_ones();
        };
        if of_an_mcu == 1 {
            (before..).zip(places).for_each(|(at, &word)| put(at, word));
        } else {
            for (mcu, words) in (before..).zip(places.chunks_exact(of_an_mcu)) {
                let (line, x) = (mcu / across, mcu % across);
                for (row, words) in words.chunks_exact(horizontal).enumerate() {
                    let at = (line * vertical + row) * self.stride + x * horizontal;
                    (at..).zip(words).for_each(|(at, &word)| put(at, word));
                }
            }
        }
        let values = &values[..(start - first) as usize];
        self.values.reserve_exact(values.len() + BEHIND);
        self.values.extend_from_slice(values);
        before + places.len() / of_an_mcu
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::coeff::Block;
    use crate::jpeg::entropy::group::Group;
    use crate::jpeg::entropy::pairs;
    use crate::jpeg::entropy::planes::AcKernels;
    use crate::jpeg::packed::Rest;
    use crate::jpeg::rows::{Coefficients, Rows};
    use crate::jpeg::simd::Scalar;
    use crate::jpeg::{Coding, Encoder, Image, PixelFormat, Subsampling};
    use crate::limits::Cancel;

    #[test]
    fn rows_are_those_of_the_picture_wherever_packed_ones_begin() {
        let pixels: Vec<u8> = (0..101 * 143 * 3_u32).map(|i| (i.wrapping_mul(i) >> 7) as u8 ^ (i >> 6) as u8).collect();
        for (format, bytes, subsampling, wanted) in [
            (PixelFormat::Gray8, 1, Subsampling::S444, [true; 3]),
            (PixelFormat::Rgb8, 3, Subsampling::S420, [true; 3]),
            (PixelFormat::Rgb8, 3, Subsampling::S420, [false, false, true]),
            (PixelFormat::Rgb8, 3, Subsampling::S422, [true, false, true]),
            (PixelFormat::Rgb8, 3, Subsampling::S444, [true; 3]),
        ] {
            let image = Image::new(&pixels[..101 * 143 * bytes], 101, 143, format).unwrap();
            let encoder = Encoder::default().coding(Coding::Baseline).subsampling(subsampling);
            let source = encoder.quality(60).unwrap().encode(&image).unwrap();
            let expected = Coefficients::of(&source).hold(&Cancel::new()).unwrap();
            for begin in [0, 1, 5] {
                let Coefficients { frame, rows: Rows::Streamed(mut stream), .. } = Coefficients::of(&source) else {
                    panic!()
                };
                let (mcus, mut packer) = (stream.window().mcus(), stream.cursor.data.packer(stream.window()));
                stream.cursor.pack(Scalar, begin, &mut packer).unwrap();
                let offset = if begin == 0 { 0 } else { 7 };
                let mut rest = Rest::new(mcus, begin, [offset; MAX_COMPONENTS]);
                while stream.cursor.place.mcus < stream.cursor.data.count {
                    rest.push(stream.cursor.pack(Scalar, mcus, &mut packer).unwrap()).unwrap();
                }
                let mut sparse = SparseRow::default();
                for y in rest.first_row()..frame.mcus_high {
                    sparse.take(&frame, rest.row(y), |i| wanted[i]);
                    for (i, component) in frame.components.iter().enumerate().filter(|&(i, _)| wanted[i]) {
                        for row in component.rows_of(y) {
                            let blocks = expected.planes[i].row(row as usize);
                            let got = sparse.row(i, row);
                            assert!(got.dc().eq(blocks.iter().map(|block| block[0] + offset as i16)), "{i}, {row}");
                            assert!(
                                (0..got.len()).map(|x| with_zeros(got, x)).eq(blocks.iter().copied()),
                                "{i}, {row}"
                            );
                        }
                    }
                }
            }
        }
    }

    fn with_zeros(sparse: SparseBlocks<'_>, i: usize) -> Block {
        let (places, values) = sparse.block(i);
        let mut room = [0; pairs::ROOM];
        Scalar.expand(places, values, &mut room);
        std::array::from_fn(|k| room[k])
    }
}
