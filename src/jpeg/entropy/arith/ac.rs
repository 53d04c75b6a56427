//! AC coefficients of a band: first scans (T.81 F.1.4.2, F.1.4.4.2, G.1.3.2) and refinements (G.1.3.3).

use super::decoder::Bin;
use super::{AREAS, Areas, Conditioning, Decoder, Place, large};
use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::baseline::in_range;
use crate::jpeg::entropy::{Band, Fault, RUN_TOO_LONG, ReadBlocks, ac_refine};

/// Bins of a table (T.81 table F.5): three for each coefficient, then 14 of categories and 14 of lower bits for the
/// low and for the high coefficients.
pub(super) const BINS: usize = 245;
/// The first bins of the categories, X2, of low and of high coefficients.
const CATEGORIES: [usize; 2] = [189, 217];

/// Of the three bins of a coefficient: whether the block ends before it (SE), whether it is not zero (S0), and its
/// magnitude (SP, SN and X1 in one), which in a refinement is its correction (SC).
const END: usize = 0;
const NOT_ZERO: usize = 1;
const MAGNITUDE: usize = 2;

/// The first of the three bins of a coefficient.
#[inline(always)]
fn bins_of(k: usize) -> usize {
    3 * (k - 1)
}

/// Reads a band of a block (T.81 figure F.20).
pub(super) fn read_band(
    decoder: &mut Decoder<'_>,
    bins: &mut [Bin; BINS],
    last_low: u8,
    band: Band,
    block: &mut Block,
) -> Result<(), Fault> {
    let Band { start, end, low } = band;
    let mut k = start;
    while k <= end && !decoder.decide(&mut bins[bins_of(k) + END]) {
        while !decoder.decide(&mut bins[bins_of(k) + NOT_ZERO]) {
            k += 1;
            if k > end {
                return Err(RUN_TOO_LONG);
            }
        }
        let negative = decoder.decide_evenly();
        let mut magnitude = 1;
        if decoder.decide(&mut bins[bins_of(k) + MAGNITUDE]) {
            magnitude = 2;
            if decoder.decide(&mut bins[bins_of(k) + MAGNITUDE]) {
                let categories = CATEGORIES[usize::from(k > usize::from(last_low))];
                magnitude = 1 + large(decoder, bins, categories, 2)?;
            }
        }
        block[k] = in_range(if negative { -magnitude } else { magnitude } << low)?;
        k += 1;
    }
    Ok(())
}

/// Reads first scans of a band.
#[derive(Debug)]
pub(crate) struct First {
    areas: Areas<BINS>,
    band: Band,
    /// Kx.
    last_low: u8,
}

impl First {
    pub(crate) fn new(table: u8, conditioning: &Conditioning, band: Band) -> Self {
        let areas = Areas::new(std::iter::once(table));
        Self { areas, band, last_low: conditioning.ac[usize::from(table)] }
    }
}

impl ReadBlocks for First {
    const BYTES: u64 = AREAS;
    type Place = Option<Place>;
    type Input<'a> = Decoder<'a>;

    fn restart(&mut self) {
        self.areas.forget();
    }

    fn read(&mut self, decoder: &mut Decoder<'_>, slot: usize, block: &mut Block) -> Result<(), Fault> {
        read_band(decoder, self.areas.bins(slot), self.last_low, self.band, block)
    }
}

/// Reads refinements of a band.
#[derive(Debug)]
pub(crate) struct Refine {
    areas: Areas<BINS>,
    band: Band,
}

impl Refine {
    pub(crate) fn new(table: u8, band: Band) -> Self {
        Self { areas: Areas::new(std::iter::once(table)), band }
    }
}

impl ReadBlocks for Refine {
    const BYTES: u64 = AREAS;
    type Place = Option<Place>;
    type Input<'a> = Decoder<'a>;

    fn restart(&mut self) {
        self.areas.forget();
    }

    fn read(&mut self, decoder: &mut Decoder<'_>, slot: usize, block: &mut Block) -> Result<(), Fault> {
        let Band { start, end, low } = self.band;
        let bins = self.areas.bins(slot);
        // Where the block ended in the scans before (EOBx): it does not end sooner now.
        let known_end = (start..=end).rev().find(|&k| block[k] != 0).unwrap_or(0);
        let mut k = start;
        while k <= end {
            if k > known_end && decoder.decide(&mut bins[bins_of(k) + END]) {
                break;
            }
            // Passes zeros that stay so.
            while block[k] == 0 && !decoder.decide(&mut bins[bins_of(k) + NOT_ZERO]) {
                k += 1;
                if k > end {
                    return Err(RUN_TOO_LONG);
                }
            }
            if block[k] == 0 {
                block[k] = (1 - 2 * i16::from(decoder.decide_evenly())) << low;
            } else if decoder.decide(&mut bins[bins_of(k) + MAGNITUDE]) {
                ac_refine::correct(&mut block[k], low);
            }
            k += 1;
        }
        Ok(())
    }
}
