//! A progressive JPEG encoder and lossless transcoder.
//!
//! The words are those of ITU-T T.81: a *component* is one of the planes of a picture; a *sample* is one of its values;
//! a *block* is 8 by 8 samples, or the 64 *coefficients* of their DCT; an *MCU* is what an interleaved scan codes at a
//! time; a *scan* is one pass over the picture; a *band* is a range of coefficients in zigzag order; the *point
//! transform* leaves low bits to later scans.
//!
//! ```text
//! marker   codes                        bits      in and out of entropy-coded data
//! parse    bytes to segments            huffman   tables
//! frame    geometry                     entropy/  one file for each kind of scan
//! metadata APPn and COM                 scan/     scans, scripts, progress
//! coeff    the exchange type            quant/    quantisation
//! color, sample, fdct, simd/            pixels to coefficients
//! read     segments and scans to coefficients; cursor: how far a scan has come; scans: decoded together, by way of mcu;
//!          tolerant: after errors, of which damage is what was passed over
//! rows     coefficients between reader and writer; stream: decoded as they are asked for; packed: without their zeros;
//!          tail: by two threads, of which ahead is what one has from the other; window: those of an MCU row
//! layout   which scans: the one choice between scripts           progress  told to the caller     restart  intervals
//! write    coefficients to segments and scans, by way of batch: scans that are made together; part: one of them;
//!          team: by threads, which share the rows
//! encode = pixels + write      transcode = read + write      inspect
//! ```

mod ahead;
mod batch;
mod bits;
mod coeff;
mod color;
mod cursor;
mod damage;
mod encode;
mod entropy;
mod fdct;
mod frame;
mod head;
mod huffman;
mod idct;
mod image;
mod inspect;
mod layout;
mod marker;
mod mcu;
mod metadata;
mod packed;
mod parse;
mod part;
mod progress;
mod quant;
mod read;
mod restart;
mod rows;
mod sample;
mod scan;
mod scans;
mod segment;
#[allow(unsafe_code)] // vector kernels; each block has its reason
mod simd;
mod stream;
mod tail;
mod team;
mod threads;
mod tolerant;
mod transcode;
mod window;
mod write;

pub use coeff::CoefficientImage;
pub use damage::Damages;
pub use encode::{Density, Encoder, Preset, RowEncoder, Subsampling};
pub use image::{Image, PixelFormat, PixelPlane};
pub use inspect::{
    ComponentInfo, HuffmanTableInfo, ImageInfo, Inspection, Quality, QualityEstimate, QuantTableInfo, ScanInfo,
    SegmentInfo, inspect,
};
pub use metadata::strip::Strip;
pub use quant::tables::QuantTables;
pub use restart::RestartInterval;
pub use scan::script::Script;
pub use simd::Simd;
pub use transcode::{Transcoded, Transcoder};

/// What the scans of a progressive file are chosen for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// What is shown after the first bytes, at no more than the size that libjpeg's script makes: coarse DC
    /// coefficients, then low bands of luma, then coarse chroma, as far as what they cost allows.
    #[default]
    Display,
    /// A small file for little work: fewer scans, chroma whole and late.
    Fast,
    /// The smallest file that a search finds in the scans of each component: 16 of them at most, unless more are
    /// [allowed](Transcoder::max_scans) or searched for by [`Transcoder::effort`].
    Small,
}

/// How the entropy-coded data of a file is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coding {
    /// Scans that each show the whole picture a little better (SOF2).
    #[default]
    Progressive,
    /// One scan from top to bottom (SOF0, or SOF1 where 12 bits a sample or the quantisation tables need it).
    Baseline,
    /// Whichever of the two has fewer bytes; progressive where they have as many.
    Smaller,
}
