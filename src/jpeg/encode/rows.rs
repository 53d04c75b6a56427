//! A picture that is encoded as its rows come.

use std::io;

use super::front::FrontEnd;
use super::{Encoder, Subsampling, hand_over};
use crate::error::{Error, Result};
use crate::jpeg::image::{Image, PixelFormat};
use crate::jpeg::write::Deliver;

/// An encoder in the middle of a picture ([`Encoder::rows`]). It holds the coefficients of what it was given, 2 bytes a
/// sample, and no pixels but those of a row that is not whole yet; or all pixels, where the subsampling or the quality
/// is to be found by them.
pub struct RowEncoder {
    encoder: Encoder,
    stage: Stage,
    format: PixelFormat,
    row_bytes: usize,
    /// The beginning of a row.
    part: Vec<u8>,
}

/// What has become of the rows.
enum Stage {
    Begun(Box<FrontEnd>),
    /// Whole rows, as they came.
    Held {
        rows: Vec<u8>,
        width: u32,
        height: u32,
    },
}

impl RowEncoder {
    pub(super) fn new(encoder: Encoder, width: u32, height: u32, format: PixelFormat) -> Result<Self> {
        if format.planes() > 1 {
            let message = format!("{format:?} has several planes; a picture in rows has one");
            return Err(Error::usage(message).field_named("format"));
        }
        if !encoder.needs_all_pixels(format) {
            let stage = Stage::Begun(Box::new(FrontEnd::new(&encoder, width, height, format)?));
            // The front end has bounded the width.
            let row_bytes = width as usize * format.bytes();
            return Ok(Self { encoder, stage, format, row_bytes, part: Vec::new() });
        }
        let bytes = (u64::from(width) * u64::from(height)).saturating_mul(format.bytes() as u64);
        let encoder = encoder.beside(bytes);
        let largest = if encoder.has_to_choose(format) { Subsampling::S444 } else { encoder.subsampling };
        FrontEnd::check(&encoder.clone().subsampling(largest), width, height, format)?;
        let stage = Stage::Held { rows: Vec::new(), width, height };
        Ok(Self { encoder, stage, format, row_bytes: width as usize * format.bytes(), part: Vec::new() })
    }

    /// The next bytes of the picture: rows without gaps between them, any number of them or a part of one.
    ///
    /// # Errors
    /// `Usage` where the picture has fewer rows than that, and nothing is taken; `Cancelled`, after which the picture
    /// cannot be finished.
    pub fn push(&mut self, data: &[u8]) -> Result<()> {
        let left = self.rows_left() as usize * self.row_bytes - self.part.len();
        if data.len() > left {
            let message = format!("{} bytes are more than the {left} that the picture still has", data.len());
            return Err(Error::usage(message).field_named("data"));
        }
        let mut data = data;
        if !self.part.is_empty() {
            let missing = (self.row_bytes - self.part.len()).min(data.len());
            self.part.extend_from_slice(&data[..missing]);
            data = &data[missing..];
            if self.part.len() < self.row_bytes {
                return Ok(());
            }
            self.stage.push(&self.part)?;
            self.part.clear();
        }
        let rows = data.chunks_exact(self.row_bytes);
        let rest = rows.remainder();
        for row in rows {
            self.stage.push(row)?;
        }
        self.part.extend_from_slice(rest);
        Ok(())
    }

    /// Rows that are still to come, one that is not whole among them.
    pub fn rows_left(&self) -> u32 {
        match &self.stage {
            Stage::Begun(front) => front.rows_left(),
            #[allow(clippy::cast_possible_truncation)] // no more than the height
            Stage::Held { rows, height, .. } => height - (rows.len() / self.row_bytes) as u32,
        }
    }

    /// The file.
    ///
    /// # Errors
    /// `Usage` where rows are missing; otherwise as [`Encoder::encode`].
    pub fn finish(self) -> Result<Vec<u8>> {
        self.check_whole()?;
        self.file(&mut |_| Ok(()))
    }

    /// The file, piece by piece, as [`Encoder::encode_to`] gives it.
    ///
    /// # Errors
    /// `Usage` where rows are missing; otherwise as there.
    pub fn finish_to(self, mut write: impl FnMut(&[u8]) -> io::Result<()>) -> Result<()> {
        self.check_whole()?;
        self.file(&mut |out| hand_over(out, &mut write)).map(drop)
    }

    fn check_whole(&self) -> Result<()> {
        let left = self.rows_left();
        if left > 0 {
            return Err(Error::usage(format!("{left} rows of the picture are missing")).field_named("data"));
        }
        Ok(())
    }

    fn file(self, deliver: Deliver<'_>) -> Result<Vec<u8>> {
        match self.stage {
            Stage::Begun(front) => self.encoder.finish(*front, self.format, deliver),
            Stage::Held { rows, width, height } => {
                self.encoder.file(&Image::new(&rows, width, height, self.format)?, deliver)
            }
        }
    }
}

impl Stage {
    /// Takes a row.
    fn push(&mut self, row: &[u8]) -> Result<()> {
        match self {
            Self::Begun(front) => front.push([row, &[], &[]]),
            Self::Held { rows, width: _, height } => {
                if rows.is_empty() {
                    rows.reserve_exact(row.len() * *height as usize);
                }
                rows.extend_from_slice(row);
                Ok(())
            }
        }
    }
}

impl std::fmt::Debug for RowEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RowEncoder({:?}, {} rows left)", self.format, self.rows_left())
    }
}
