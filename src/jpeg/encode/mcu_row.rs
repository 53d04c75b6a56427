//! The samples of one MCU row.

use crate::jpeg::frame::{BLOCK_SIDE, Frame};
use crate::jpeg::image::{Colour, PlaneRows, Row, RowReader};
use crate::jpeg::sample::replicate_edge;
use crate::jpeg::simd::Kernels;

/// Samples a side of a block, to count with in memory.
const SIDE: usize = BLOCK_SIDE as usize;

/// The samples of one MCU row as it fills up, each row padded to whole MCUs.
pub(super) struct McuRow {
    colour: Colour,
    /// Samples in a row of the picture.
    width: usize,
    /// Samples of luma for one of chroma, across and down.
    ratio: (u8, u8),
    /// Rows of the picture that have come.
    filled: usize,
    y: Rows,
    /// Cb and Cr, down-sampled: 8 rows. None in a picture in grey.
    chroma: [Rows; 2],
    /// Cb and Cr of the rows that share a row of chroma, before down-sampling. None where there is nothing to do.
    full: [Rows; 2],
    /// The fourth component. None in a picture with fewer.
    black: Rows,
}

impl McuRow {
    pub(super) fn new(frame: &Frame, colour: Colour, ratio: (u8, u8)) -> Self {
        let [y, chroma, full, black] = Self::sizes(frame, ratio).map(|(rows, stride)| Rows::new(rows, stride));
        let chroma = [chroma.clone(), chroma];
        Self { colour, width: frame.width as usize, ratio, filled: 0, y, chroma, full: [full.clone(), full], black }
    }

    /// What `new` takes.
    pub(super) fn bytes(frame: &Frame, ratio: (u8, u8)) -> u64 {
        let [y, chroma, full, black] = Self::sizes(frame, ratio).map(|(rows, stride)| (rows * stride) as u64);
        (y + 2 * chroma + 2 * full + black) * size_of::<f32>() as u64
    }

    /// Rows and stride of luma, chroma, chroma before down-sampling, and black.
    fn sizes(frame: &Frame, (across, down): (u8, u8)) -> [(usize, usize); 4] {
        let stride = frame.mcus_wide as usize * SIDE;
        let (across, down) = (usize::from(across), usize::from(down));
        let y = (SIDE * down, stride * across);
        let components = frame.components.len();
        let chroma = if components > 1 { (SIDE, stride) } else { (0, 0) };
        let full = if components > 1 && across > 1 { (down, stride * across) } else { (0, 0) };
        [y, chroma, full, if components > 3 { y } else { (0, 0) }]
    }

    /// Rows of the picture that it holds.
    pub(super) fn height(&self) -> usize {
        self.y.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.filled == self.height()
    }

    /// Makes room for the next MCU row.
    pub(super) fn clear(&mut self) {
        self.filled = 0;
    }

    /// Takes row `y` of the picture, below those that it has. It is not full.
    pub(super) fn push<K: Kernels>(
        &mut self,
        kernels: K,
        reader: &mut RowReader,
        row: PlaneRows<'_>,
        y: usize,
        background: [u8; 3],
    ) {
        match self.colour {
            Colour::Ycbcr { .. } => self.push_components(kernels, reader, row),
            Colour::Gray | Colour::Rgb => self.push_pixels(kernels, reader.pixels(row, y), background),
            Colour::Cmyk => {
                self.push_pixels(kernels, reader.pixels(row, y), background);
                let samples = self.black.row_mut(self.filled);
                kernels.gray(reader.component(row, 3), &mut samples[..self.width]);
                replicate_edge(samples, self.width);
            }
        }
        self.filled += 1;
    }

    /// The samples of a row of blocks of a component, counted from its top.
    pub(super) fn block_row(&self, component: usize, row: usize) -> [&[f32]; SIDE] {
        let rows = match component {
            0 => &self.y,
            1 | 2 => &self.chroma[component - 1],
            _ => &self.black,
        };
        std::array::from_fn(|i| rows.row(row * SIDE + i))
    }

    fn push_pixels<K: Kernels>(&mut self, kernels: K, pixels: Row<'_>, background: [u8; 3]) {
        let (row, width) = (self.filled, self.width);
        let y = self.y.row_mut(row);
        if let Row::Gray(pixels) = pixels {
            kernels.gray(pixels, &mut y[..width]);
            return replicate_edge(y, width);
        }
        let down = usize::from(self.ratio.1);
        let (at, [cb, cr]) = match self.ratio {
            (1, 1) => (row, &mut self.chroma),
            _ => (row % down, &mut self.full),
        };
        let (cb, cr) = (cb.row_mut(at), cr.row_mut(at));
        match pixels {
            Row::Rgba(pixels) => {
                kernels.rgba(pixels, background, &mut y[..width], &mut cb[..width], &mut cr[..width]);
            }
            Row::Rgb(pixels) | Row::Gray(pixels) => {
                kernels.rgb(pixels, &mut y[..width], &mut cb[..width], &mut cr[..width]);
            }
        }
        for samples in [y, cb, cr] {
            replicate_edge(samples, width);
        }
        if row % down + 1 < down {
            return;
        }
        for (chroma, full) in self.chroma.iter_mut().zip(&self.full) {
            let half = chroma.row_mut(row / down);
            match self.ratio {
                (1, 1) => {}
                (_, 1) => kernels.h2v1(full.row(0), half),
                _ => kernels.h2v2(full.row(0), full.row(1), half),
            }
        }
    }

    /// A row of components that are down-sampled already.
    fn push_components<K: Kernels>(&mut self, kernels: K, reader: &mut RowReader, row: PlaneRows<'_>) {
        let (across, down) = (usize::from(self.ratio.0), usize::from(self.ratio.1));
        let mut take = |samples: &mut [f32], component, width| {
            kernels.gray(reader.component(row, component), &mut samples[..width]);
            replicate_edge(samples, width);
        };
        take(self.y.row_mut(self.filled), 0, self.width);
        if self.filled.is_multiple_of(down) {
            for (chroma, component) in self.chroma.iter_mut().zip(1..) {
                take(chroma.row_mut(self.filled / down), component, self.width.div_ceil(across));
            }
        }
    }
}

/// Rows of samples of one length.
#[derive(Clone)]
struct Rows {
    stride: usize,
    samples: Vec<f32>,
}

impl Rows {
    fn new(rows: usize, stride: usize) -> Self {
        Self { stride, samples: vec![0.0; rows * stride] }
    }

    fn len(&self) -> usize {
        self.samples.len().checked_div(self.stride).unwrap_or(0)
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.samples[row * self.stride..][..self.stride]
    }

    fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.samples[row * self.stride..][..self.stride]
    }
}
