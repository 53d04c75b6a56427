//! Entropy coding: one file for each kind of scan, which reads blocks from bits and turns blocks into tokens; and
//! [`arith`], which reads what is arithmetic-coded.
//!
//! ```text
//! bits ── read ──> blocks ── tokenise ──> tokens ── count ──> Huffman tables
//!                                            └───── emit ──> bits
//! ```
//!
//! A scan is tokenised once; its statistics ([`token`]) and its bits ([`emit`], by `encoder`) both come from the
//! tokens. A reader or a tokeniser holds what a scan remembers from block to block (predictions, the run of empty
//! blocks) and takes one block or a group of them at a time, so that all scans of a picture may be tokenised one block
//! row after the other.

pub(crate) mod ac_first;
pub(crate) mod ac_refine;
pub(crate) mod arith;
pub(crate) mod baseline;
mod bit_string;
pub(crate) mod complete;
pub(crate) mod dc_first;
pub(crate) mod dc_refine;
pub(crate) mod emit;
mod encoder;
pub(crate) mod group;
pub(crate) mod pairs;
pub(crate) mod planes;
pub(crate) mod run;
pub(crate) mod store;
pub(crate) mod token;

use std::borrow::Cow;
use std::fmt::Debug;
use std::ops::Range;

use crate::jpeg::bits::{BitReader, Place};
use crate::jpeg::coeff::Block;
use crate::jpeg::frame::MAX_COMPONENTS;
use crate::jpeg::huffman::HuffmanTable;
use token::Tokens;

/// What the components of a scan have each, but share where they name the same table: memory that is looked up for
/// every symbol had better be little.
#[derive(Clone, Debug)]
struct PerComponent<T> {
    items: Vec<T>,
    /// Of each component of the scan, its item.
    of: [usize; MAX_COMPONENTS],
}

impl<T> PerComponent<T> {
    fn new(tables: &[Cow<'_, HuffmanTable>], make: impl Fn(&HuffmanTable) -> T) -> Self {
        let (mut seen, mut of) = (Vec::<&HuffmanTable>::new(), [0; MAX_COMPONENTS]);
        for (table, of) in tables.iter().zip(&mut of) {
            *of = seen.iter().position(|other| **other == **table).unwrap_or(seen.len());
            if *of == seen.len() {
                seen.push(table);
            }
        }
        Self { items: seen.into_iter().map(make).collect(), of }
    }

    #[inline(always)]
    fn of(&self, slot: usize) -> &T {
        &self.items[self.of[slot]]
    }
}

/// What is wrong with entropy-coded data; the caller knows where.
pub(crate) type Fault = &'static str;

pub(crate) const NO_SUCH_CODE: Fault = "the bits are no code of the Huffman table";
pub(crate) const RUN_TOO_LONG: Fault = "a run of zeros leaves its band";
pub(crate) const OUT_OF_RANGE: Fault = "a coefficient is out of range";
pub(crate) const BAD_SYMBOL: Fault = "a symbol has no meaning in this kind of scan";

/// What blocks are read from: the data of a restart interval, its stuffing taken out, as bits or as the decisions of
/// arithmetic coding.
pub(crate) trait Input<'a> {
    /// How far it has come; the beginning where it is new.
    type Place;

    /// Goes on from a place in the same data.
    fn resume(data: &'a [u8], place: Self::Place) -> Self;

    fn place(&self) -> Self::Place;

    /// Whole bytes taken so far, at most those there are.
    fn byte_position(&self) -> usize;

    /// Whether more was taken than there may be.
    fn overrun(&self) -> bool;

    /// Whole bytes that were not taken.
    fn left_over(&self) -> usize;
}

/// Reads the blocks of one kind of scan.
pub(crate) trait ReadBlocks {
    /// Bytes of memory that it takes for each component of the scan, at most.
    const BYTES: u64;
    type Place: Clone + Copy + Debug + Default + Send;
    type Input<'a>: Input<'a, Place = Self::Place>;

    /// Forgets what went before, as at a restart marker.
    fn restart(&mut self);

    /// Reads one block of the component at position `slot` of the scan header.
    fn read(&mut self, input: &mut Self::Input<'_>, slot: usize, block: &mut Block) -> Result<(), Fault>;
}

impl<'a> Input<'a> for BitReader<'a> {
    type Place = Place;

    fn resume(data: &'a [u8], place: Place) -> Self {
        Self::resume(data, place)
    }

    fn place(&self) -> Place {
        self.place()
    }

    fn byte_position(&self) -> usize {
        self.byte_position()
    }

    #[inline(always)]
    fn overrun(&self) -> bool {
        self.overrun()
    }

    fn left_over(&self) -> usize {
        self.left_over()
    }
}

/// Turns the DC coefficients of a scan, which may be interleaved, into tokens. AC scans, which have one component, go
/// by groups of blocks instead ([`planes`]).
pub(crate) trait TokeniseDc {
    /// Some MCUs, as the components of the scan have them.
    fn mcus(&mut self, components: &[DcOfMcus<'_>], tokens: &mut Tokens);

    /// Forgets what went before, as at a restart marker.
    fn restart(&mut self);
}

/// The DC coefficients that a component has of some MCUs, padding included, in their order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DcOfMcus<'a> {
    pub(crate) values: &'a [i16],
    /// Blocks of an MCU.
    pub(crate) of_an_mcu: usize,
}

impl<'a> DcOfMcus<'a> {
    /// Those of some of the MCUs.
    #[inline(always)]
    pub(crate) fn within(self, mcus: Range<usize>) -> Self {
        Self { values: &self.values[mcus.start * self.of_an_mcu..mcus.end * self.of_an_mcu], ..self }
    }

    pub(crate) fn mcus(self) -> usize {
        self.values.len() / self.of_an_mcu
    }
}

/// Puts what a component has of some MCUs, so much of each, among what all components have of them: `place` begins
/// where the component is first, and an MCU has `of_all` in all.
#[inline(always)]
fn interleave<T: Copy>(own: &[T], of_an_mcu: usize, place: &mut [T], of_all: usize) {
    match of_an_mcu {
        _ if of_an_mcu == of_all => place[..own.len()].copy_from_slice(own),
        1 => interleave_each::<T, 1>(own, place, of_all),
        2 => interleave_each::<T, 2>(own, place, of_all),
        4 => interleave_each::<T, 4>(own, place, of_all),
        _ => {
            for (own, place) in own.chunks(of_an_mcu).zip(place.chunks_mut(of_all)) {
                place[..own.len()].copy_from_slice(own);
            }
        }
    }
}

#[inline(always)]
fn interleave_each<T: Copy, const N: usize>(own: &[T], place: &mut [T], of_all: usize) {
    let places = place.chunks_mut(of_all).filter_map(|mcu| mcu.first_chunk_mut::<N>());
    own.as_chunks::<N>().0.iter().zip(places).for_each(|(own, place)| *place = *own);
}

/// The band and the point transform of an AC scan (T.81 G.1.1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Band {
    /// Ss and Se.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// Al.
    pub(crate) low: u32,
}

impl Band {
    /// The bits of the band in a plane.
    pub(crate) fn mask(self) -> u64 {
        u64::MAX << self.start & u64::MAX >> (63 - self.end)
    }
}
