//! A picture that is encoded as its rows come.

use std::io;
use std::mem;

use super::front::FrontEnd;
use super::{Encoder, Subsampling, hand_over};
use crate::error::{Error, Result};
use crate::jpeg::image::{Image, PixelFormat, PixelPlane, PlaneRows};
use crate::jpeg::write::Deliver;

/// An encoder in the middle of a picture ([`Encoder::rows`]). It holds the coefficients of what it was given, 2 bytes a
/// sample, and no pixels but those of a row that is not whole yet; or all pixels, where the subsampling or the quality
/// is to be found by them.
pub struct RowEncoder {
    encoder: Encoder,
    stage: Stage,
    width: u32,
    format: PixelFormat,
    /// The beginning of a row.
    part: Vec<u8>,
}

/// What has become of the rows.
enum Stage {
    Begun(Box<FrontEnd>),
    Held(Held),
}

/// Rows as they came, without gaps.
struct Held {
    planes: Vec<Vec<u8>>,
    width: u32,
    height: u32,
    format: PixelFormat,
    come: u32,
}

impl RowEncoder {
    pub(super) fn new(encoder: Encoder, width: u32, height: u32, format: PixelFormat) -> Result<Self> {
        if !encoder.needs_all_pixels(format) {
            let stage = Stage::Begun(Box::new(FrontEnd::new(&encoder, width, height, format)?));
            return Ok(Self { encoder, stage, width, format, part: Vec::new() });
        }
        let plane = |index| {
            let (row_bytes, down) = format.plane_rows(index, width as usize);
            (row_bytes as u64).saturating_mul(u64::from(height).div_ceil(down as u64))
        };
        let bytes = (0..format.planes()).map(plane).fold(0, u64::saturating_add);
        let encoder = encoder.beside(bytes);
        let largest = if encoder.has_to_choose(format) { Subsampling::S444 } else { encoder.subsampling };
        FrontEnd::check(&encoder.clone().subsampling(largest), width, height, format)?;
        let planes = vec![Vec::new(); format.planes()];
        let stage = Stage::Held(Held { planes, width, height, format, come: 0 });
        Ok(Self { encoder, stage, width, format, part: Vec::new() })
    }

    /// The next bytes of a picture of one plane: rows without gaps between them, any number of them or a part of one.
    ///
    /// # Errors
    /// `Usage` where the picture has fewer rows than that, or several planes, and nothing is taken; `Cancelled`, after
    /// which the picture cannot be finished.
    pub fn push(&mut self, data: &[u8]) -> Result<()> {
        self.encoder.cancel.check()?;
        if self.format.planes() > 1 {
            let message = format!("{:?} has several planes, which are pushed as a picture", self.format);
            return Err(Error::usage(message).field_named("format"));
        }
        // The front end has bounded the width.
        let row_bytes = self.width as usize * self.format.bytes();
        let left = self.rows_left() as usize * row_bytes - self.part.len();
        if data.len() > left {
            let message = format!("{} bytes are more than the {left} that the picture still has", data.len());
            return Err(Error::usage(message).field_named("data"));
        }
        let mut data = data;
        if !self.part.is_empty() {
            let missing = (row_bytes - self.part.len()).min(data.len());
            self.part.extend_from_slice(&data[..missing]);
            data = &data[missing..];
            if self.part.len() < row_bytes {
                return Ok(());
            }
            // The row is gone even where it was the last before the call was stopped.
            self.stage.push([&mem::take(&mut self.part), &[], &[]])?;
        }
        let rows = data.chunks_exact(row_bytes);
        let rest = rows.remainder();
        for row in rows {
            self.stage.push([row, &[], &[]])?;
        }
        self.part.extend_from_slice(rest);
        Ok(())
    }

    /// The next rows of the picture, as a picture of the same width and format: of planes, or with gaps between them.
    /// Where two rows share their chroma, as in 4:2:0, the number of rows is even in all but the last ones.
    ///
    /// ```
    /// use cosimg::jpeg::{Encoder, Image, PixelFormat, PixelPlane};
    ///
    /// # fn main() -> cosimg::Result<()> {
    /// let (luma, chroma) = (vec![90; 768 * 480], vec![128; 768 * 240]);
    /// let mut rows = Encoder::default().rows(640, 480, PixelFormat::Nv12)?;
    /// for (luma, chroma) in luma.chunks(768 * 16).zip(chroma.chunks(768 * 8)) {
    ///     let planes = [PixelPlane::new(luma, 768), PixelPlane::new(chroma, 768)];
    ///     rows.push_rows(&Image::from_planes(&planes, 640, 16, PixelFormat::Nv12)?)?;
    /// }
    /// let jpeg = rows.finish()?;
    /// # assert!(jpeg.ends_with(&[0xFF, 0xD9]));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `Usage` where these are not the next rows of the picture, and nothing is taken; `Cancelled`, after which the
    /// picture cannot be finished.
    pub fn push_rows(&mut self, rows: &Image<'_>) -> Result<()> {
        self.encoder.cancel.check()?;
        let wrong = |field, message: String| Err(Error::usage(message).field_named(field));
        let (left, count) = (self.rows_left(), rows.height());
        if rows.format() != self.format {
            return wrong("format", format!("rows of {:?} are not of {:?}", rows.format(), self.format));
        }
        if rows.width() != self.width {
            return wrong("width", format!("rows of {} pixels are not of {}", rows.width(), self.width));
        }
        if count > left {
            return wrong("height", format!("{count} rows are more than the {left} that the picture still has"));
        }
        if !self.part.is_empty() {
            return wrong("height", "a row was begun that is not whole yet".into());
        }
        if count < left && !count.is_multiple_of(self.format.rows_at_once()) {
            return wrong("height", format!("{count} rows end between two that share their chroma"));
        }
        (0..count as usize).try_for_each(|y| self.stage.push(rows.rows(y)))
    }

    /// Rows that are still to come, one that is not whole among them.
    pub fn rows_left(&self) -> u32 {
        match &self.stage {
            Stage::Begun(front) => front.rows_left(),
            Stage::Held(held) => held.height - held.come,
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
        self.encoder.cancel.check()?;
        let left = self.rows_left();
        if left > 0 {
            return Err(Error::usage(format!("{left} rows of the picture are missing")).field_named("data"));
        }
        Ok(())
    }

    fn file(self, deliver: Deliver<'_>) -> Result<Vec<u8>> {
        match self.stage {
            Stage::Begun(front) => self.encoder.finish(*front, self.format, deliver),
            Stage::Held(held) => self.encoder.file(&held.image()?, deliver),
        }
    }
}

impl Stage {
    /// Takes a row.
    fn push(&mut self, row: PlaneRows<'_>) -> Result<()> {
        match self {
            Self::Begun(front) => front.push(row),
            Self::Held(held) => {
                held.push(row);
                Ok(())
            }
        }
    }
}

impl Held {
    fn push(&mut self, row: PlaneRows<'_>) {
        for (index, (plane, row)) in self.planes.iter_mut().zip(row).enumerate() {
            let (row_bytes, down) = self.format.plane_rows(index, self.width as usize);
            if plane.is_empty() {
                plane.reserve_exact(row_bytes * (self.height as usize).div_ceil(down));
            }
            if (self.come as usize).is_multiple_of(down) {
                plane.extend_from_slice(row);
            }
        }
        self.come += 1;
    }

    /// Once all rows have come.
    fn image(&self) -> Result<Image<'_>> {
        let row_bytes = |index| self.format.plane_rows(index, self.width as usize).0;
        let planes: Vec<_> =
            self.planes.iter().enumerate().map(|(i, plane)| PixelPlane::new(plane, row_bytes(i))).collect();
        Image::from_planes(&planes, self.width, self.height, self.format)
    }
}

impl std::fmt::Debug for RowEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RowEncoder({:?}, {} rows left)", self.format, self.rows_left())
    }
}
