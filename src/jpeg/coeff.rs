//! Quantised DCT coefficients: the one exchange type of the codec.
//!
//! A [`Block`] holds 64 coefficients in zigzag order, two's complement. Zigzag, because every scan is a band of that
//! order: a vector load gets a band without a permutation, and the runs of zeros that are coded are runs of lanes.
//! Two's complement of 16 bits, because all processes up to 12 bits a sample fit, refinement is an addition, and a
//! (size, extra bits) pair costs a vector two instructions to make where the decoder would pay for each coefficient.
//! A [`Plane`] is a component's blocks in raster order, without the padding of interleaved MCUs, which carries nothing.

use std::ops::Range;
use std::slice::ChunksMut;

use crate::error::{Error, Result};
use crate::jpeg::damage::{Damages, Tolerance};
use crate::jpeg::frame::{Component, Frame};
use crate::jpeg::quant::QuantTable;
use crate::jpeg::read::{self, Terms};
use crate::jpeg::simd::Simd;
use crate::jpeg::threads;
use crate::limits::{Cancel, Limits};

/// The coefficients of a block in zigzag order.
pub(crate) type Block = [i16; 64];

/// Bytes of a block in memory.
pub(crate) const BLOCK_BYTES: u64 = size_of::<Block>() as u64;

/// Row-major index (8 v + u) of each zigzag position (T.81 figure A.6).
pub(crate) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// The blocks of a component, or of some of its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plane {
    /// The first row.
    top: usize,
    blocks_wide: usize,
    /// 64 for each block. Not blocks: memory of zeros for numbers comes from the system as it is, and a file that
    /// claims a large picture and holds nothing does not touch it.
    coefficients: Vec<i16>,
}

impl Plane {
    /// Blocks of zeros for a component. The caller has checked the memory.
    pub(crate) fn new(component: &Component) -> Self {
        let blocks_wide = component.blocks_wide as usize;
        Self { top: 0, blocks_wide, coefficients: vec![0; blocks_wide * component.blocks_high as usize * 64] }
    }

    /// One whose rows are to come ([`Plane::push`]).
    pub(crate) fn without_rows(component: &Component) -> Self {
        let blocks_wide = component.blocks_wide as usize;
        let room = blocks_wide * component.blocks_high as usize * 64;
        Self { top: 0, blocks_wide, coefficients: Vec::with_capacity(room) }
    }

    /// One without room yet, for some rows at a time ([`Plane::clear_to`]).
    pub(crate) fn without_room(component: &Component) -> Self {
        Self { top: 0, blocks_wide: component.blocks_wide as usize, coefficients: Vec::new() }
    }

    /// Blocks of zeros in these rows, in place of those that it has.
    pub(crate) fn clear_to(&mut self, rows: Range<u32>) {
        self.top = rows.start as usize;
        self.coefficients.clear();
        self.coefficients.resize(rows.len() * self.blocks_wide * 64, 0);
    }

    pub(crate) fn push(&mut self, row: &[Block]) {
        self.coefficients.extend_from_slice(row.as_flattened());
    }

    /// All blocks in raster order.
    pub(crate) fn blocks(&self) -> &[Block] {
        self.coefficients.as_chunks().0
    }

    /// All blocks in raster order.
    pub(crate) fn blocks_mut(&mut self) -> &mut [Block] {
        self.coefficients.as_chunks_mut().0
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        size_of_val(&self.coefficients[..]) as u64
    }

    /// A row of those that it has, as counted from the top of the picture.
    pub(crate) fn row(&self, y: usize) -> &[Block] {
        &self.blocks()[(y - self.top) * self.blocks_wide..][..self.blocks_wide]
    }

    /// The blocks in pieces of so many rows, the last of which may have fewer.
    pub(crate) fn pieces_mut(&mut self, rows: usize) -> ChunksMut<'_, Block> {
        let blocks = rows * self.blocks_wide;
        self.blocks_mut().chunks_mut(blocks)
    }
}

/// The coefficients of a whole picture, with its geometry and quantisation tables. Two are equal when they decode to
/// the same picture without any loss between them: the coding process, the scans and the metadata do not count.
#[derive(Clone, Debug)]
pub struct CoefficientImage {
    pub(crate) frame: Frame,
    /// A plane for each component of the frame.
    pub(crate) planes: Vec<Plane>,
    /// A quantisation table for each component of the frame.
    pub(crate) tables: Vec<QuantTable>,
}

impl CoefficientImage {
    /// Reads every scan of a JPEG: sequential or progressive, Huffman-coded or arithmetic-coded, of 8 or 12 bits a
    /// sample.
    ///
    /// # Errors
    /// `Input` with the byte offset where the file is malformed or ends early; `Unsupported` for other processes;
    /// `Limit` where the picture, its scans or its memory pass a bound of `limits`.
    pub fn read(source: &[u8], limits: &Limits) -> Result<Self> {
        let cancel = Cancel::new();
        let (level, tolerance) = (Simd::Auto.level()?, Tolerance::new(false));
        let mut terms = Terms { limits, cancel: &cancel, level, threads: &threads::ALONE, tolerance };
        read::read(source, &mut terms)?.coefficients.hold(&cancel)
    }

    /// As [`CoefficientImage::read`], but reads what can be read of a damaged file, as decoders for the screen do, and
    /// says what was wrong. What is lost is zero, or as imprecise as earlier scans left it.
    ///
    /// # Errors
    /// `Input` where the file is damaged before the first scan, or has none; `Unsupported` and `Limit` as there.
    pub fn read_tolerant(source: &[u8], limits: &Limits) -> Result<(Self, Damages)> {
        let cancel = Cancel::new();
        let (level, tolerance) = (Simd::Auto.level()?, Tolerance::new(true));
        let mut terms = Terms { limits, cancel: &cancel, level, threads: &threads::ALONE, tolerance };
        let image = read::read(source, &mut terms)?.coefficients.hold(&cancel)?;
        Ok((image, terms.tolerance.damages))
    }

    /// Brings every coefficient into the range that samples of this precision can have (T.81 A.3.3): damage may leave
    /// values that no process holds.
    pub(crate) fn limit_to_precision(&mut self) {
        let most = (1 << (self.frame.precision + 2)) - 1;
        for block in self.planes.iter_mut().flat_map(|plane| plane.blocks_mut()) {
            block[0] = block[0].clamp(-most - 1, most);
            block[1..].iter_mut().for_each(|value| *value = (*value).clamp(-most, most));
        }
    }

    /// Checks the memory of a picture. A reader asks for it whether or not it will hold them all: what a file may be
    /// does not depend on what is done with it.
    pub(crate) fn check_memory(frame: &Frame, limits: &Limits) -> Result<()> {
        let bytes = frame
            .blocks()
            .checked_mul(BLOCK_BYTES)
            .ok_or_else(|| Error::limit("memory", "the picture is too large"))?;
        limits.check_memory(bytes, "the coefficients of the picture")
    }

    /// Planes of zeros for a frame, once their memory is within the limits.
    pub(crate) fn planes(frame: &Frame, limits: &Limits) -> Result<Vec<Plane>> {
        Self::check_memory(frame, limits)?;
        Ok(frame.components.iter().map(Plane::new).collect())
    }

    /// Width in samples.
    pub fn width(&self) -> u32 {
        self.frame.width
    }

    /// Height in samples.
    pub fn height(&self) -> u32 {
        self.frame.height
    }

    /// Components, 1 to 4.
    pub fn components(&self) -> usize {
        self.frame.components.len()
    }
}

impl PartialEq for CoefficientImage {
    fn eq(&self, other: &Self) -> bool {
        // Not the slots of the quantisation tables: they are compared by what they hold.
        let header = |f: &Frame| {
            let components: Vec<_> = f.components.iter().map(|c| (c.id, c.horizontal, c.vertical)).collect();
            (f.width, f.height, f.precision, components)
        };
        header(&self.frame) == header(&other.frame) && self.tables == other.tables && self.planes == other.planes
    }
}

impl Eq for CoefficientImage {}
