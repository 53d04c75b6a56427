//! Where the coefficients of a picture are while a writer takes them: in memory, or still in the source.

use std::borrow::Cow;

use crate::error::Result;
use crate::jpeg::coeff::{BLOCK_BYTES, Block, CoefficientImage, Plane};
use crate::jpeg::frame::Frame;
use crate::jpeg::quant::QuantTable;
use crate::jpeg::stream::Stream;
use crate::limits::Cancel;

/// A picture on its way from a reader, or from an encoder, to a writer.
#[derive(Debug)]
pub(crate) struct Coefficients<'a> {
    pub(crate) frame: Cow<'a, Frame>,
    /// A quantisation table for each component.
    pub(crate) tables: Cow<'a, [QuantTable]>,
    pub(crate) rows: Rows<'a>,
}

/// The blocks of a picture, an MCU row of them at a time, from the first to the last and from the first again.
#[derive(Debug)]
pub(crate) enum Rows<'a> {
    /// A plane for each component.
    Held(Cow<'a, [Plane]>),
    /// The scan that has them all is decoded as they are asked for. Memory that is touched for the first time costs
    /// more than its coefficients took to decode: a row in the cache does instead of 128 bytes for every block.
    Streamed(Box<Stream<'a>>),
}

impl<'a> From<&'a CoefficientImage> for Coefficients<'a> {
    fn from(image: &'a CoefficientImage) -> Self {
        Self {
            frame: Cow::Borrowed(&image.frame),
            tables: Cow::Borrowed(&image.tables),
            rows: Rows::Held(Cow::Borrowed(&image.planes)),
        }
    }
}

impl From<CoefficientImage> for Coefficients<'_> {
    fn from(image: CoefficientImage) -> Self {
        let CoefficientImage { frame, planes, tables } = image;
        Self { frame: Cow::Owned(frame), tables: Cow::Owned(tables), rows: Rows::Held(Cow::Owned(planes)) }
    }
}

impl Coefficients<'_> {
    /// Takes the whole picture into memory. The caller has checked it against the limits.
    pub(crate) fn hold(self, cancel: &Cancel) -> Result<CoefficientImage> {
        let frame = self.frame.into_owned();
        let planes = match self.rows {
            Rows::Held(planes) => planes.into_owned(),
            Rows::Streamed(stream) => stream.hold(&frame, cancel)?,
        };
        Ok(CoefficientImage { frame, planes, tables: self.tables.into_owned() })
    }
}

impl Rows<'_> {
    /// Goes to an MCU row: the first, or the one after that of the last call.
    pub(crate) fn go_to(&mut self, y: u32) -> Result<()> {
        match self {
            Self::Held(_) => Ok(()),
            Self::Streamed(stream) => stream.go_to(y),
        }
    }

    /// A row of blocks of a component, counted from the top of the picture, within the MCU row at hand.
    #[inline(always)]
    pub(crate) fn row(&self, component: usize, row: u32) -> &[Block] {
        match self {
            Self::Held(planes) => planes[component].row(row as usize),
            Self::Streamed(stream) => stream.row(component, row),
        }
    }

    /// Whether the whole picture is in memory, so that to take it again costs next to nothing.
    pub(crate) fn are_held(&self) -> bool {
        matches!(self, Self::Held(_))
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self, frame: &Frame) -> u64 {
        match self {
            Self::Held(_) => frame.blocks() * BLOCK_BYTES,
            Self::Streamed(stream) => stream.bytes(),
        }
    }
}
