//! DC coefficients: differences, whose bins depend on the difference before (T.81 F.1.4.1, F.1.4.4.1), and their
//! refinement (G.1.3.1).

use super::{AREAS, Areas, Conditioning, Decoder, Place, large};
use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::baseline::in_range;
use crate::jpeg::entropy::{Fault, ReadBlocks};
use crate::jpeg::frame::MAX_COMPONENTS;

/// Bins of a table (T.81 table F.4): four for each of five contexts, then 15 of categories and 14 of lower bits.
const BINS: usize = 49;
/// The first bin of the categories, X1.
const CATEGORIES: usize = 20;

/// Reads first scans of DC coefficients.
#[derive(Debug)]
pub(crate) struct First {
    areas: Areas<BINS>,
    /// For each component of the scan, the largest magnitudes of differences that count as zero and as small.
    bounds: Vec<(i32, i32)>,
    /// Al.
    low: u32,
    predictions: [i32; MAX_COMPONENTS],
    /// The first bin of the context that the last difference left.
    contexts: [usize; MAX_COMPONENTS],
}

impl First {
    /// For the DC tables that the components of a scan name.
    pub(crate) fn new(tables: &[u8], conditioning: &Conditioning, low: u32) -> Self {
        let bounds = |&table: &u8| {
            let (lower, upper) = conditioning.dc[usize::from(table)];
            ((1 << lower) >> 1, 1 << upper)
        };
        Self {
            areas: Areas::new(tables.iter().copied()),
            bounds: tables.iter().map(bounds).collect(),
            low,
            predictions: [0; MAX_COMPONENTS],
            contexts: [0; MAX_COMPONENTS],
        }
    }

    /// A difference (T.81 figures F.19, F.21 to F.24).
    fn difference(&mut self, decoder: &mut Decoder<'_>, slot: usize) -> Result<i32, Fault> {
        let (bins, context) = (self.areas.bins(slot), self.contexts[slot]);
        if !decoder.decide(&mut bins[context]) {
            self.contexts[slot] = 0;
            return Ok(0);
        }
        let negative = decoder.decide(&mut bins[context + 1]);
        let more_than_one = decoder.decide(&mut bins[context + 2 + usize::from(negative)]);
        let magnitude = 1 + if more_than_one { large(decoder, bins, CATEGORIES, 1)? } else { 0 };
        let (zero, small) = self.bounds[slot];
        self.contexts[slot] = match (magnitude <= zero, magnitude <= small, negative) {
            (true, ..) => 0,
            (_, true, false) => 4,
            (_, true, true) => 8,
            (_, _, false) => 12,
            (_, _, true) => 16,
        };
        Ok(if negative { -magnitude } else { magnitude })
    }
}

impl ReadBlocks for First {
    const BYTES: u64 = AREAS;
    type Place = Option<Place>;
    type Input<'a> = Decoder<'a>;

    fn restart(&mut self) {
        self.areas.forget();
        self.predictions = [0; MAX_COMPONENTS];
        self.contexts = [0; MAX_COMPONENTS];
    }

    fn read(&mut self, decoder: &mut Decoder<'_>, slot: usize, block: &mut Block) -> Result<(), Fault> {
        let difference = self.difference(decoder, slot)?;
        let value = i32::from(in_range(self.predictions[slot] + difference)?);
        self.predictions[slot] = value;
        block[0] = in_range(value << self.low)?;
        Ok(())
    }
}

/// Reads refinements of DC coefficients.
#[derive(Debug)]
pub(crate) struct Refine {
    /// Al.
    low: u32,
}

impl Refine {
    pub(crate) fn new(low: u32) -> Self {
        Self { low }
    }
}

impl ReadBlocks for Refine {
    const BYTES: u64 = 0;
    type Place = Option<Place>;
    type Input<'a> = Decoder<'a>;

    fn restart(&mut self) {}

    fn read(&mut self, decoder: &mut Decoder<'_>, _: usize, block: &mut Block) -> Result<(), Fault> {
        block[0] |= i16::from(decoder.decide_evenly()) << self.low;
        Ok(())
    }
}
