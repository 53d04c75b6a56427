//! Rows of pixels to coefficients: conversion, down-sampling, FDCT and quantisation, an MCU row at a time.

use super::mcu_row::McuRow;
use super::preset::Recipe;
use super::stage::Stage;
use super::{Encoder, Subsampling};
use crate::error::{Error, Result};
use crate::jpeg::coeff::{BLOCK_BYTES, CoefficientImage, Plane};
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::{Component, Frame};
use crate::jpeg::image::{Colour, PixelFormat, PlaneRows, RowReader};
use crate::jpeg::quant::QuantTable;
use crate::jpeg::quant::tables::QuantTables;
use crate::jpeg::simd::{Kernels, Level};
use crate::limits::Cancel;

/// Samples a side of what libjpeg and its family read, a little less than the 16 bits of a frame header can say.
const MAX_SIDE: u32 = 65_500;

/// A picture on its way.
pub(super) struct FrontEnd {
    level: Level,
    cancel: Cancel,
    reader: RowReader,
    background: [u8; 3],
    frame: Frame,
    tables: Vec<QuantTable>,
    /// None while the steps are not decided; then the planes are fine.
    stages: Vec<Stage>,
    recipe: Recipe,
    planes: Vec<Plane>,
    samples: McuRow,
    /// Rows that have come.
    rows: u32,
}

impl FrontEnd {
    pub(super) fn new(encoder: &Encoder, width: u32, height: u32, format: PixelFormat) -> Result<Self> {
        let Encoder { background, dither, limits, .. } = encoder;
        let ratio = ratio(encoder.subsampling, format.colour());
        let frame = frame(encoder, width, height, format.colour(), ratio)?;
        let recipe = encoder.recipe;
        let tables: Vec<_> = match &encoder.tables {
            Some(QuantTables { luma, chroma }) => {
                frame.components.iter().map(|c| if c.table == 0 { luma.clone() } else { chroma.clone() }).collect()
            }
            None => recipe.tables(&frame, encoder.quality),
        };
        if encoder.target_bytes.is_some() && encoder.tables.is_some() {
            let message = "a target of bytes is reached by quality, which tables of one's own stand in for";
            return Err(Error::usage(message).field_named("target_bytes"));
        }
        let copies = recipe.copies() + u64::from(encoder.target_bytes.is_some());
        let memory = copies * frame.blocks() * BLOCK_BYTES + McuRow::bytes(&frame, format.colour(), ratio);
        limits.check_memory(memory, "the coefficients and the samples in work")?;
        Ok(Self {
            level: encoder.simd.level()?,
            cancel: encoder.cancel.clone(),
            reader: RowReader::new(format, *background, *dither),
            background: *background,
            planes: CoefficientImage::planes(&frame, limits)?,
            samples: McuRow::new(&frame, format.colour(), ratio),
            stages: match encoder.target_bytes {
                None => tables.iter().zip(&frame.components).map(|(t, c)| Stage::new(&recipe, c, t)).collect(),
                Some(_) => Vec::new(),
            },
            recipe,
            tables,
            frame,
            rows: 0,
        })
    }

    pub(super) fn rows_left(&self) -> u32 {
        self.frame.height - self.rows
    }

    /// Takes the next row, of which there are as many as the picture has.
    pub(super) fn push(&mut self, row: PlaneRows<'_>) -> Result<()> {
        match self.level {
            Level::Scalar(kernels) => self.push_with(kernels, row),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(kernels) => self.push_with(kernels, row),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(kernels) => self.push_with(kernels.avx2(), row),
        }
    }

    /// The coefficients, once all rows have come.
    pub(super) fn finish(mut self) -> Result<CoefficientImage> {
        for ((stage, plane), component) in self.stages.iter_mut().zip(&mut self.planes).zip(&self.frame.components) {
            stage.finish(self.level, &self.recipe, component, plane, &self.cancel)?;
        }
        Ok(CoefficientImage { frame: self.frame, planes: self.planes, tables: self.tables })
    }

    /// The coefficients at a quality, once all rows have come of a picture whose steps were not decided.
    pub(super) fn at(&self, quality: u8) -> Result<CoefficientImage> {
        let (frame, tables) = (self.frame.clone(), self.recipe.tables(&self.frame, quality));
        let mut planes = self.planes.clone();
        for ((component, table), plane) in frame.components.iter().zip(&tables).zip(&mut planes) {
            Stage::new(&self.recipe, component, table).plane(
                self.level,
                &self.recipe,
                component,
                plane,
                &self.cancel,
            )?;
        }
        Ok(CoefficientImage { frame, planes, tables })
    }

    /// Bytes of the coefficients.
    pub(super) fn bytes(&self) -> u64 {
        self.planes.iter().map(Plane::bytes).sum()
    }

    fn push_with<K: Kernels + AcKernels>(&mut self, kernels: K, row: PlaneRows<'_>) -> Result<()> {
        self.samples.push(kernels, &mut self.reader, row, self.rows as usize, self.background);
        self.rows += 1;
        // Rows under the picture repeat its last one.
        let is_end = self.rows == self.frame.height;
        while is_end && !self.samples.is_whole() {
            self.samples.push(kernels, &mut self.reader, row, self.rows as usize - 1, self.background);
        }
        while let Some(y) = self.samples.take(kernels, is_end) {
            self.cancel.check()?;
            self.transform(kernels, y);
        }
        Ok(())
    }

    /// The samples of an MCU row, to blocks.
    fn transform<K: Kernels + AcKernels>(&mut self, kernels: K, y: usize) {
        for (i, plane) in self.planes.iter_mut().enumerate() {
            let component = &self.frame.components[i];
            let first = y * component.vertical as usize;
            let end = (first + component.vertical as usize).min(component.blocks_high as usize);
            for row in first..end {
                let (samples, blocks) = (self.samples.block_row(i, row - first), plane.row_mut(row));
                match self.stages.get_mut(i) {
                    Some(stage) => stage.block_row(kernels, samples, blocks),
                    None => kernels.block_row(samples, blocks),
                }
            }
        }
    }
}

/// Samples of luma for one of chroma, across and down.
fn ratio(subsampling: Subsampling, colour: Colour) -> (u8, u8) {
    match colour {
        Colour::Gray => (1, 1),
        Colour::Ycbcr { across, down } => (across, down),
        _ => subsampling.ratio(),
    }
}

fn frame(encoder: &Encoder, width: u32, height: u32, colour: Colour, (across, down): (u8, u8)) -> Result<Frame> {
    if width == 0 || height == 0 {
        let field = if width == 0 { "width" } else { "height" };
        return Err(Error::usage(format!("a picture of {width}x{height} has no pixels")).field_named(field));
    }
    encoder.limits.check_picture(width, height)?;
    if width > MAX_SIDE || height > MAX_SIDE {
        let message = format!("a JPEG of {width}x{height} would pass the {MAX_SIDE} a side that decoders read");
        let field = if width > MAX_SIDE { "width" } else { "height" };
        return Err(Error::unsupported(message).field_named(field));
    }
    let full = |id| Component::new(id, across, down, 0);
    let chroma = |id| Component::new(id, 1, 1, 1);
    let components = match colour {
        Colour::Gray => vec![full(1)],
        Colour::Rgb | Colour::Ycbcr { .. } => vec![full(1), chroma(2), chroma(3)],
        // Black is as fine as luma.
        Colour::Cmyk => vec![full(1), chroma(2), chroma(3), full(4)],
    };
    Frame::new(width, height, 8, components)
}
