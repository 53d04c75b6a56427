//! The samples of an MCU row, and of the rows below it that its luma depends on.
//!
//! Luma is corrected for what chroma loses ([`correct_luma`]): in down-sampling and, as far as the MCU row itself goes,
//! in quantisation. So its chroma is quantised first. What a decoder makes of chroma at the end of an MCU row depends
//! on the first row of chroma after it: so an MCU row whose chroma is halved down comes out two rows of pixels after it
//! is complete, and the last at the end.
//!
//! [`correct_luma`]: crate::jpeg::sample::correct_luma

use std::ops::Range;

use crate::jpeg::frame::{BLOCK_SIDE, Frame};
use crate::jpeg::image::{Colour, PlaneRows, Row, RowReader};
use crate::jpeg::sample::replicate_edge;
use crate::jpeg::simd::Kernels;

/// Samples in a line of the cache.
const LINE: usize = 16;
/// Samples a side of a block, to count with in memory.
const SIDE: usize = BLOCK_SIDE as usize;

/// The samples of an MCU row as it fills up, each row padded to whole MCUs.
pub(super) struct McuRow {
    colour: Colour,
    /// Samples in a row of the picture.
    width: usize,
    /// Samples of luma for one of chroma, across and down.
    ratio: (u8, u8),
    /// Rows of the picture that have come, and MCU rows that have gone, those above the first one among them.
    come: usize,
    gone: usize,
    y: Rows,
    /// The light of each pixel. None where luma is not corrected: there is no chroma, or it comes as it is.
    light: Rows,
    /// Cb and Cr, down-sampled. None in a picture in grey.
    chroma: [Rows; 2],
    /// Cb and Cr of the rows that share a row of chroma, before down-sampling. None where there is nothing to do.
    full: [Rows; 2],
    /// The fourth component. None in a picture with fewer.
    black: Rows,
    /// Cb and Cr of the MCU row that was taken last, as luma is corrected for them. None where it is not.
    shown: [Rows; 2],
    /// For down-sampling and the correction of luma.
    scratch: [Vec<f32>; 2],
}

impl McuRow {
    /// For the MCU rows from `first` on.
    pub(super) fn new(frame: &Frame, colour: Colour, ratio: (u8, u8), first: usize) -> Self {
        let sizes = Self::sizes(frame, colour, ratio);
        let rows_of = |plane: usize| Rows::new(sizes[plane].0, sizes[plane].1);
        let light = rows_of(1);
        let scratch = vec![0.0; sizes[3].1 / 2 + 2];
        let height = SIDE * usize::from(ratio.1);
        let above = if light.is_empty() || first == 0 { 0 } else { reach(ratio) };
        Self {
            colour,
            width: frame.width as usize,
            ratio,
            come: first * height - above,
            gone: first,
            y: rows_of(0),
            light,
            chroma: [rows_of(2), rows_of(2)],
            full: [rows_of(3), rows_of(3)],
            black: rows_of(4),
            shown: [rows_of(5), rows_of(5)],
            scratch: [scratch.clone(), scratch],
        }
    }

    /// What `new` takes.
    pub(super) fn bytes(frame: &Frame, colour: Colour, ratio: (u8, u8)) -> u64 {
        let sizes = Self::sizes(frame, colour, ratio);
        let [y, light, chroma, full, black, shown] = sizes.map(|(rows, stride)| Rows::room(rows, stride) as u64);
        let scratch = 2 * (sizes[3].1 / 2 + 2) as u64;
        (y + light + scratch + 2 * (chroma + full + shown) + black) * size_of::<f32>() as u64
    }

    /// Rows and stride of luma, light, chroma, chroma before down-sampling, black, and chroma as it is shown.
    fn sizes(frame: &Frame, colour: Colour, ratio: (u8, u8)) -> [(usize, usize); 6] {
        let stride = frame.mcus_wide as usize * SIDE;
        let (across, down) = (usize::from(ratio.0), usize::from(ratio.1));
        let components = frame.components.len();
        let is_corrected = colour == Colour::Rgb;
        let is_ahead = is_corrected && reach(ratio) > 0;
        // Beside the MCU row that goes out, what comes in before it does, and the row of chroma above it.
        let y = (SIDE * down * if is_ahead { 2 } else { 1 }, stride * across);
        let light = if is_corrected { y } else { (0, 0) };
        let chroma = (SIDE * if is_ahead { 3 } else { 1 }, stride);
        let chroma = if components > 1 { chroma } else { (0, 0) };
        let full = if components > 1 && across > 1 { (down, stride * across) } else { (0, 0) };
        let shown = if is_corrected { (SIDE, stride) } else { (0, 0) };
        [y, light, chroma, full, if components > 3 { y } else { (0, 0) }, shown]
    }

    /// Rows of the picture in an MCU row.
    fn height(&self) -> usize {
        SIDE * usize::from(self.ratio.1)
    }

    /// The rows of the picture that so many MCU rows depend on, before any has come: the last of them may be below it.
    pub(super) fn rows(&self, mcu_rows: usize) -> Range<usize> {
        self.come..(self.gone + mcu_rows) * self.height() + self.ahead()
    }

    /// Rows of the picture below an MCU row that it depends on.
    fn ahead(&self) -> usize {
        if self.light.is_empty() { 0 } else { reach(self.ratio) }
    }

    /// The MCU row that is taken next.
    pub(super) fn next(&self) -> usize {
        self.gone
    }

    /// Whether the rows that have come are whole MCU rows.
    pub(super) fn is_whole(&self) -> bool {
        self.come.is_multiple_of(self.height())
    }

    /// Takes the next MCU row for [`McuRow::block_row`] and gives its number, if all has come that it depends on: which
    /// it has at the end, where no more rows will. Its luma is to be corrected still.
    pub(super) fn take(&mut self, is_end: bool) -> Option<usize> {
        let ahead = if is_end { 0 } else { self.ahead() };
        if self.come < (self.gone + 1) * self.height() + ahead {
            return None;
        }
        self.gone += 1;
        for (chroma, shown) in self.chroma.iter().zip(&mut self.shown) {
            for y in 0..shown.rows {
                shown.row_mut(y).copy_from_slice(chroma.row((self.gone - 1) * SIDE + y));
            }
        }
        Some(self.gone - 1)
    }

    /// The rows of Cb or Cr of the MCU row that was taken last, for what will be seen of them; none where luma does not
    /// depend on that.
    pub(super) fn shown_mut(&mut self, component: usize) -> &mut [f32] {
        match component {
            1 | 2 => self.shown[component - 1].all_mut(),
            _ => &mut [],
        }
    }

    /// Corrects luma of the MCU row that was taken last for chroma as it is shown, and beyond the MCU row as it is.
    pub(super) fn correct_luma(&mut self, kernels: impl Kernels) {
        let (height, down) = (self.height(), usize::from(self.ratio.1));
        let Self { gone, come, light, chroma, shown, scratch, y, .. } = self;
        if light.is_empty() {
            return;
        }
        let (own, last) = ((*gone - 1) * SIDE..*gone * SIDE, *come / down - 1);
        for row in (*gone - 1) * height..*gone * height {
            let near = row / down;
            let far = match down {
                1 => near,
                _ if row % 2 == 0 => near.saturating_sub(1),
                _ => (near + 1).min(last),
            };
            let [cb, cr] = [0, 1].map(|i| {
                let of = |row| if own.contains(&row) { shown[i].row(row) } else { chroma[i].row(row) };
                [of(near), of(far)]
            });
            let (light, y) = (light.row(row), y.row_mut(row));
            if self.ratio.0 > 1 {
                kernels.correct_by_rows(light, cb, cr, scratch, y);
            } else {
                kernels.correct_full(light, cb[0], cr[0], y);
            }
        }
    }

    /// Takes row `y` of the picture, below those that it has. No MCU row waits to be taken.
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
                let samples = self.black.row_mut(self.come);
                kernels.gray(reader.component(row, 3), &mut samples[..self.width]);
                replicate_edge(samples, self.width);
            }
        }
        self.come += 1;
    }

    /// The samples of a row of blocks of a component, counted from the top of the MCU row that was taken last.
    pub(super) fn block_row(&self, component: usize, row: usize) -> [&[f32]; SIDE] {
        let (rows, height) = match component {
            0 => (&self.y, self.height()),
            1 | 2 => (&self.chroma[component - 1], SIDE),
            _ => (&self.black, self.height()),
        };
        std::array::from_fn(|i| rows.row((self.gone - 1) * height + row * SIDE + i))
    }

    fn push_pixels<K: Kernels>(&mut self, kernels: K, pixels: Row<'_>, background: [u8; 3]) {
        let (row, width) = (self.come, self.width);
        let y = self.y.row_mut(row);
        if let Row::Gray(pixels) = pixels {
            kernels.gray(pixels, &mut y[..width]);
            return replicate_edge(y, width);
        }
        let down = usize::from(self.ratio.1);
        let [cb, cr] = if self.ratio == (1, 1) { &mut self.chroma } else { &mut self.full };
        let (cb, cr) = (cb.row_mut(row), cr.row_mut(row));
        match pixels {
            Row::Rgba(pixels) => {
                kernels.rgba(pixels, background, &mut y[..width], &mut cb[..width], &mut cr[..width]);
            }
            Row::Rgb(pixels) | Row::Gray(pixels) => {
                kernels.rgb(pixels, &mut y[..width], &mut cb[..width], &mut cr[..width]);
            }
        }
        for samples in [&mut *y, cb, cr] {
            replicate_edge(samples, width);
        }
        if !self.light.is_empty() {
            kernels.light(y, cb, cr, self.light.row_mut(row));
        }
        if self.ratio == (1, 1) || row % down + 1 < down {
            return;
        }
        for (chroma, full) in self.chroma.iter_mut().zip(&self.full) {
            let half = chroma.row_mut(row / down);
            match down {
                1 => kernels.h2v1(full.row(0), half),
                _ => kernels.h2v2(full.row(0), full.row(1), half),
            }
            kernels.sharpen_row(half, &mut self.scratch[0]);
        }
    }

    /// A row of components that are down-sampled already.
    fn push_components<K: Kernels>(&mut self, kernels: K, reader: &mut RowReader, row: PlaneRows<'_>) {
        let (across, down) = (usize::from(self.ratio.0), usize::from(self.ratio.1));
        let mut take = |samples: &mut [f32], component, width| {
            kernels.gray(reader.component(row, component), &mut samples[..width]);
            replicate_edge(samples, width);
        };
        take(self.y.row_mut(self.come), 0, self.width);
        if self.come.is_multiple_of(down) {
            for (chroma, component) in self.chroma.iter_mut().zip(1..) {
                take(chroma.row_mut(self.come / down), component, self.width.div_ceil(across));
            }
        }
    }
}

/// Rows of the picture above and below an MCU row that its corrected luma depends on.
fn reach((_, down): (u8, u8)) -> usize {
    if down > 1 { down.into() } else { 0 }
}

/// The last rows of samples of a plane, all of one length.
struct Rows {
    rows: usize,
    stride: usize,
    /// Where they begin in `samples`: at a line of the cache, since vectors that straddle two take longer.
    first: usize,
    samples: Vec<f32>,
}

impl Rows {
    fn new(rows: usize, stride: usize) -> Self {
        let samples = vec![0.0; Self::room(rows, stride)];
        let first = samples.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        Self { rows, stride, first, samples }
    }

    /// Samples that there is memory for.
    fn room(rows: usize, stride: usize) -> usize {
        rows * stride + LINE
    }

    fn is_empty(&self) -> bool {
        self.rows == 0
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.samples[self.first + row % self.rows * self.stride..][..self.stride]
    }

    fn all_mut(&mut self) -> &mut [f32] {
        &mut self.samples[self.first..][..self.rows * self.stride]
    }

    fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.samples[self.first + row % self.rows * self.stride..][..self.stride]
    }
}
