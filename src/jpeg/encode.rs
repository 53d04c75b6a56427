//! Pixels to JPEG: colour conversion, down-sampling, FDCT and quantisation an MCU row at a time, then the scans.

use crate::error::{Error, Result};
use crate::jpeg::coeff::{BLOCK_BYTES, CoefficientImage, Plane};
use crate::jpeg::frame::{BLOCK_SIDE, Component, Frame};
use crate::jpeg::image::{Image, PixelFormat};
use crate::jpeg::metadata::Metadata;
use crate::jpeg::quant::quantise::Quantiser;
use crate::jpeg::quant::{QuantTable, tables};
use crate::jpeg::sample::replicate_edge;
use crate::jpeg::simd::{Kernels, Level, Simd};
use crate::jpeg::write::{self, Layout};
use crate::jpeg::{Coding, Mode};
use crate::limits::{Cancel, Limits};

/// Samples a side of what libjpeg and its family read, a little less than the 16 bits of a frame header can say.
const MAX_SIDE: u32 = 65_500;
/// Samples a side of a block, to count with in memory.
const SIDE: usize = BLOCK_SIDE as usize;

/// How many samples of luma share one of chroma. Pictures in grey have no chroma and ignore it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subsampling {
    /// 4:2:0: one for 2 by 2.
    #[default]
    S420,
    /// 4:2:2: one for 2 in a row.
    S422,
    /// 4:4:4: one each.
    S444,
}

impl Subsampling {
    /// Samples of luma for one of chroma, across and down.
    fn ratio(self) -> (u8, u8) {
        match self {
            Self::S420 => (2, 2),
            Self::S422 => (2, 1),
            Self::S444 => (1, 1),
        }
    }
}

/// Turns pixels into a JPEG. One encoder may serve many pictures, from several threads at a time.
///
/// The colours are those of JFIF; samples keep their fractions from the pixel to the coefficient, so a file is closer
/// to its source than that of an encoder which rounds at each stage, at the same tables and the same size.
///
/// ```
/// use cosimg::jpeg::{Encoder, Image, PixelFormat, Subsampling};
///
/// # fn main() -> cosimg::Result<()> {
/// let pixels = [200, 30, 60].repeat(640 * 480);
/// let image = Image::new(&pixels, 640, 480, PixelFormat::Rgb8)?;
/// let jpeg = Encoder::new().quality(82)?.subsampling(Subsampling::S444).encode(&image)?;
/// assert!(jpeg.starts_with(&[0xFF, 0xD8]));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Encoder {
    quality: u8,
    subsampling: Subsampling,
    coding: Coding,
    mode: Mode,
    background: [u8; 3],
    icc_profile: Option<Vec<u8>>,
    exif: Option<Vec<u8>>,
    simd: Simd,
    limits: Limits,
    cancel: Cancel,
}

impl Encoder {
    /// Quality 85, 4:2:0, progressive, white background, no metadata but the JFIF header.
    pub fn new() -> Self {
        Self {
            quality: 85,
            subsampling: Subsampling::default(),
            coding: Coding::default(),
            mode: Mode::default(),
            background: [255; 3],
            icc_profile: None,
            exif: None,
            simd: Simd::default(),
            limits: Limits::default(),
            cancel: Cancel::default(),
        }
    }

    /// Quality on libjpeg's scale, 1 to 100: scales the tables of T.81 Annex K.
    ///
    /// # Errors
    /// `Usage` for other numbers.
    pub fn quality(mut self, quality: u8) -> Result<Self> {
        if !(1..=100).contains(&quality) {
            return Err(Error::usage(format!("a quality of {quality} is not in 1 to 100")).field_named("quality"));
        }
        self.quality = quality;
        Ok(self)
    }

    /// How many samples of luma share one of chroma.
    pub fn subsampling(mut self, subsampling: Subsampling) -> Self {
        self.subsampling = subsampling;
        self
    }

    /// How the entropy-coded data is laid out.
    pub fn coding(mut self, coding: Coding) -> Self {
        self.coding = coding;
        self
    }

    /// The red, green and blue that pixels with alpha are laid over. The mixture is of the coded values, as browsers
    /// and Cloud Infinite have it, rounded to 8 bits: the same as from a picture that was flattened beforehand.
    pub fn background(mut self, rgb: [u8; 3]) -> Self {
        self.background = rgb;
        self
    }

    /// An ICC profile to embed; an empty one is none. It is not applied: the pixels are taken to be in its space.
    pub fn icc_profile(mut self, profile: Vec<u8>) -> Self {
        self.icc_profile = Some(profile).filter(|profile| !profile.is_empty());
        self
    }

    /// An Exif block to embed, from its TIFF header on (without `Exif\0\0`); an empty one is none.
    pub fn exif(mut self, tiff: Vec<u8>) -> Self {
        self.exif = Some(tiff).filter(|tiff| !tiff.is_empty());
        self
    }

    /// Which vector instructions may be used; the bytes of the result do not depend on it.
    pub fn simd(mut self, simd: Simd) -> Self {
        self.simd = simd;
        self
    }

    /// Bounds on the picture and on memory.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What the scans of a progressive file are chosen for.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// A flag that stops the call.
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = cancel;
        self
    }

    /// Encodes a picture.
    ///
    /// # Errors
    /// `Limit` where the picture or the memory it needs pass a bound, before that memory is taken; `Unsupported` for
    /// more than 65,500 pixels a side, or instructions that this processor lacks; `Usage` where the ICC profile or the
    /// Exif block does not fit a JPEG; `Cancelled`.
    pub fn encode(&self, image: &Image<'_>) -> Result<Vec<u8>> {
        let mut metadata = Metadata::jfif();
        if let Some(tiff) = &self.exif {
            metadata.push_exif(tiff)?;
        }
        if let Some(profile) = &self.icc_profile {
            metadata.push_icc(profile)?;
        }
        let coefficients = self.coefficients(image)?;
        let layout = Layout { coding: self.coding, mode: self.mode };
        write::write(&coefficients, &metadata, &layout, self.simd, &self.limits, &self.cancel)
    }

    /// What pixels with alpha are laid over.
    pub(crate) fn laid_over(&self) -> [u8; 3] {
        self.background
    }

    /// For a caller that holds so many bytes of its own.
    pub(crate) fn beside(mut self, bytes: u64) -> Self {
        self.limits.memory = self.limits.memory.saturating_sub(bytes);
        self
    }

    /// The coefficients of a picture.
    fn coefficients(&self, image: &Image<'_>) -> Result<CoefficientImage> {
        let frame = self.frame(image)?;
        let mut tables = vec![tables::luminance(self.quality)];
        tables.resize(frame.components.len(), tables::chrominance(self.quality));
        let memory = frame.blocks() * BLOCK_BYTES + McuRow::bytes(&frame, self.subsampling);
        self.limits.check_memory(memory, "the coefficients and the samples in work")?;
        let mut planes = CoefficientImage::planes(&frame, &self.limits)?;
        // The one dispatch of an image.
        match self.simd.level()? {
            Level::Scalar(kernels) => self.transform(kernels, image, &frame, &tables, &mut planes)?,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(kernels) => self.transform(kernels, image, &frame, &tables, &mut planes)?,
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(kernels) => self.transform(kernels.avx2(), image, &frame, &tables, &mut planes)?,
        }
        Ok(CoefficientImage { frame, planes, tables })
    }

    fn frame(&self, image: &Image<'_>) -> Result<Frame> {
        let (width, height) = (image.width(), image.height());
        self.limits.check_picture(width, height)?;
        if width > MAX_SIDE || height > MAX_SIDE {
            let message = format!("a JPEG of {width}x{height} would pass the {MAX_SIDE} a side that decoders read");
            let field = if width > MAX_SIDE { "width" } else { "height" };
            return Err(Error::unsupported(message).field_named(field));
        }
        let components = match image.format() {
            PixelFormat::Gray8 => vec![Component::new(1, 1, 1, 0)],
            PixelFormat::Rgb8 | PixelFormat::Rgba8 => {
                let (horizontal, vertical) = self.subsampling.ratio();
                let luma = Component::new(1, horizontal, vertical, 0);
                vec![luma, Component::new(2, 1, 1, 1), Component::new(3, 1, 1, 1)]
            }
        };
        Frame::new(width, height, 8, components)
    }

    fn transform<K: Kernels>(
        &self,
        kernels: K,
        image: &Image<'_>,
        frame: &Frame,
        tables: &[QuantTable],
        planes: &mut [Plane],
    ) -> Result<()> {
        let quantisers: Vec<_> = tables.iter().map(Quantiser::new).collect();
        let mut samples = McuRow::new(frame, self.subsampling);
        let last = image.height() as usize - 1;
        for y in 0..frame.mcus_high as usize {
            self.cancel.check()?;
            let top = y * samples.height();
            // Rows under the picture repeat its last one.
            let rows = |row: usize| image.row((top + row).min(last));
            samples.convert(kernels, image.format(), self.background, rows);
            for (i, (plane, quantiser)) in planes.iter_mut().zip(&quantisers).enumerate() {
                let component = &frame.components[i];
                let first = y * component.vertical as usize;
                let end = (first + component.vertical as usize).min(component.blocks_high as usize);
                for row in first..end {
                    kernels.block_row(samples.block_row(i, row - first), quantiser, plane.row_mut(row));
                }
            }
        }
        Ok(())
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

/// The samples of one MCU row, each row padded to whole MCUs.
struct McuRow {
    /// Samples in a row of the picture.
    width: usize,
    /// Samples of luma for one of chroma, across and down.
    ratio: (u8, u8),
    y: Rows,
    /// Cb and Cr, down-sampled: 8 rows. None in a picture in grey.
    chroma: [Rows; 2],
    /// Cb and Cr of the rows that share a row of chroma, before down-sampling. None where there is nothing to do.
    full: [Rows; 2],
}

impl McuRow {
    fn new(frame: &Frame, subsampling: Subsampling) -> Self {
        let [y, chroma, full] = Self::sizes(frame, subsampling).map(|(rows, stride)| Rows::new(rows, stride));
        let ratio = subsampling.ratio();
        Self { width: frame.width as usize, ratio, y, chroma: [chroma.clone(), chroma], full: [full.clone(), full] }
    }

    /// What `new` takes.
    fn bytes(frame: &Frame, subsampling: Subsampling) -> u64 {
        let [y, chroma, full] = Self::sizes(frame, subsampling).map(|(rows, stride)| (rows * stride) as u64);
        (y + 2 * chroma + 2 * full) * size_of::<f32>() as u64
    }

    /// Rows and stride of luma, chroma, and chroma before down-sampling.
    fn sizes(frame: &Frame, subsampling: Subsampling) -> [(usize, usize); 3] {
        let stride = frame.mcus_wide as usize * SIDE;
        match subsampling.ratio() {
            _ if frame.components.len() == 1 => [(SIDE, stride), (0, 0), (0, 0)],
            (1, 1) => [(SIDE, stride), (SIDE, stride), (0, 0)],
            (across, down) => {
                let (down, full) = (usize::from(down), stride * usize::from(across));
                [(SIDE * down, full), (SIDE, stride), (down, full)]
            }
        }
    }

    /// Rows of the picture that it holds.
    fn height(&self) -> usize {
        self.y.len()
    }

    /// Fills itself with the pixels that `rows` gives, by number from its top.
    fn convert<'a, K: Kernels>(
        &mut self,
        kernels: K,
        format: PixelFormat,
        background: [u8; 3],
        rows: impl Fn(usize) -> &'a [u8],
    ) {
        let width = self.width;
        for row in 0..self.height() {
            let pixels = rows(row);
            let y = self.y.row_mut(row);
            if format == PixelFormat::Gray8 {
                kernels.gray(pixels, &mut y[..width]);
                replicate_edge(y, width);
                continue;
            }
            let down = usize::from(self.ratio.1);
            let (at, [cb, cr]) = match self.ratio {
                (1, 1) => (row, &mut self.chroma),
                _ => (row % down, &mut self.full),
            };
            let (cb, cr) = (cb.row_mut(at), cr.row_mut(at));
            match format {
                PixelFormat::Rgba8 => {
                    kernels.rgba(pixels, background, &mut y[..width], &mut cb[..width], &mut cr[..width]);
                }
                _ => kernels.rgb(pixels, &mut y[..width], &mut cb[..width], &mut cr[..width]),
            }
            for samples in [y, cb, cr] {
                replicate_edge(samples, width);
            }
            if row % down + 1 < down {
                continue;
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
    }

    /// The samples of a row of blocks of a component, counted from its top.
    fn block_row(&self, component: usize, row: usize) -> [&[f32]; SIDE] {
        let rows = match component {
            0 => &self.y,
            i => &self.chroma[i - 1],
        };
        std::array::from_fn(|i| rows.row(row * SIDE + i))
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
        self.samples.len() / self.stride
    }

    fn row(&self, row: usize) -> &[f32] {
        &self.samples[row * self.stride..][..self.stride]
    }

    fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.samples[row * self.stride..][..self.stride]
    }
}
