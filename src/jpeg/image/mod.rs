//! The picture handed to the encoder: a borrowed view of its samples.
//!
//! ```text
//! format.rs  what the bytes of a picture mean        rows.rs  its rows, as the encoder takes them
//! ```

mod format;
mod rows;

pub(crate) use format::Colour;
pub use format::PixelFormat;
pub(crate) use rows::{PlaneRows, Row, RowReader};

use crate::error::{Error, Result};

/// Planes of a format at most.
const MAX_PLANES: usize = 3;

/// A plane of a picture: rows from top to bottom, `stride` bytes apart, without gaps between their pixels.
#[derive(Clone, Copy)]
pub struct PixelPlane<'a> {
    data: &'a [u8],
    stride: usize,
}

impl<'a> PixelPlane<'a> {
    /// From the first byte of the top row on, with so many bytes from one row to the next. The last row need not be
    /// followed by its gap.
    pub fn new(data: &'a [u8], stride: usize) -> Self {
        Self { data, stride }
    }
}

/// A borrowed picture: rows from top to bottom, pixels from left to right without gaps.
#[derive(Clone, Copy)]
pub struct Image<'a> {
    planes: [PixelPlane<'a>; MAX_PLANES],
    width: u32,
    height: u32,
    format: PixelFormat,
}

impl<'a> Image<'a> {
    /// A picture whose rows, and planes if there are several, follow each other without gaps.
    ///
    /// # Errors
    /// `Usage` unless both sides are at least 1 and `data` holds exactly width times height pixels.
    pub fn new(data: &'a [u8], width: u32, height: u32, format: PixelFormat) -> Result<Self> {
        check_sides(width, height)?;
        let mut planes = [PixelPlane { data: &[], stride: 0 }; MAX_PLANES];
        let mut rest = data;
        for (index, plane) in planes.iter_mut().enumerate().take(format.planes()) {
            let (stride, rows) = plane_size(width, height, format, index)?;
            let bytes = stride.checked_mul(rows).filter(|&bytes| bytes <= rest.len());
            let bytes = bytes.ok_or_else(|| too_few(data.len(), width, height, format))?;
            (plane.data, rest) = rest.split_at(bytes);
            plane.stride = stride;
        }
        if !rest.is_empty() {
            let message = format!("{} bytes are too many for {width}x{height} pixels of {format:?}", data.len());
            return Err(Error::usage(message).field_named("data"));
        }
        Ok(Self { planes, width, height, format })
    }

    /// A picture of one plane whose rows begin `stride` bytes apart. The last row need not be followed by its gap.
    ///
    /// # Errors
    /// `Usage` unless both sides are at least 1, the format has one plane, a row fits in `stride` and all rows in
    /// `data`.
    pub fn with_stride(data: &'a [u8], width: u32, height: u32, stride: usize, format: PixelFormat) -> Result<Self> {
        Self::from_planes(&[PixelPlane { data, stride }], width, height, format)
    }

    /// A picture whose planes lie each in their own memory.
    ///
    /// # Errors
    /// `Usage` unless both sides are at least 1, there are as many planes as the format has, and of each a row fits in
    /// its stride and all rows in its data.
    pub fn from_planes(planes: &[PixelPlane<'a>], width: u32, height: u32, format: PixelFormat) -> Result<Self> {
        check_sides(width, height)?;
        if planes.len() != format.planes() {
            let message = format!("{format:?} has {} planes, not {}", format.planes(), planes.len());
            return Err(Error::usage(message).field_named("format"));
        }
        let mut all = [PixelPlane { data: &[], stride: 0 }; MAX_PLANES];
        for (index, plane) in planes.iter().enumerate() {
            let (row, rows) = plane_size(width, height, format, index)?;
            let PixelPlane { data, stride } = *plane;
            if stride < row {
                let message = format!("a stride of {stride} bytes is less than the {row} bytes of a row");
                return Err(Error::usage(message).field_named("stride"));
            }
            let needed = (rows - 1).checked_mul(stride).and_then(|bytes| bytes.checked_add(row));
            if needed.is_none_or(|needed| data.len() < needed) {
                return Err(too_few(data.len(), width, height, format));
            }
            all[index] = *plane;
        }
        Ok(Self { planes: all, width, height, format })
    }

    /// Pixels in a row.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Order and meaning of the bytes.
    pub fn format(&self) -> PixelFormat {
        self.format
    }

    /// What every plane has of row `y`, which is less than the height.
    pub(crate) fn rows(&self, y: usize) -> PlaneRows<'a> {
        let mut rows: PlaneRows<'a> = [&[]; MAX_PLANES];
        for (index, row) in rows.iter_mut().enumerate().take(self.format.planes()) {
            let shape = self.format.plane(index);
            let PixelPlane { data, stride } = self.planes[index];
            *row = &data[y / shape.down * stride..][..shape.row_bytes(self.width as usize)];
        }
        rows
    }
}

impl std::fmt::Debug for Image<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { planes, width, height, format } = self;
        let strides: Vec<_> = planes[..format.planes()].iter().map(|plane| plane.stride).collect();
        write!(f, "Image({width}x{height} {format:?}, strides {strides:?})")
    }
}

impl std::fmt::Debug for PixelPlane<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PixelPlane({} bytes, stride {})", self.data.len(), self.stride)
    }
}

fn check_sides(width: u32, height: u32) -> Result<()> {
    if width == 0 || height == 0 {
        let field = if width == 0 { "width" } else { "height" };
        return Err(Error::usage(format!("a picture of {width}x{height} has no pixels")).field_named(field));
    }
    Ok(())
}

/// Bytes of a row, and rows.
fn plane_size(width: u32, height: u32, format: PixelFormat, index: usize) -> Result<(usize, usize)> {
    let shape = format.plane(index);
    let bytes = (width as usize).div_ceil(shape.across).checked_mul(shape.bytes);
    let bytes = bytes.ok_or_else(|| Error::usage("a row has more bytes than memory").field_named("width"))?;
    Ok((bytes, (height as usize).div_ceil(shape.down)))
}

fn too_few(len: usize, width: u32, height: u32, format: PixelFormat) -> Error {
    let message = format!("{len} bytes are too few for {width}x{height} pixels of {format:?}");
    Error::usage(message).field_named("data")
}
