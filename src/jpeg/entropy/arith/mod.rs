//! Arithmetic coding: one file for DC, one for AC, each of which reads first scans and refinements, and one for both at
//! once (T.81 F.1.4, G.1.3).
//!
//! A coefficient is told by decisions, each with a bin that learns how likely it is. The bins of a table, which are its
//! statistics area, serve all components of the scan that name the table; they forget at the beginning of a scan and
//! at every restart.

pub(crate) mod ac;
pub(crate) mod dc;
mod decoder;
pub(crate) mod sequential;

pub(crate) use decoder::{Decoder, Place};

use super::{Fault, OUT_OF_RANGE};
use decoder::Bin;

/// Tables of a class. T.81 B.2.4.3 has four; libjpeg takes whatever number a scan header can say.
pub(crate) const TABLES: usize = 16;

/// Bytes of the statistics areas of a component, at most.
const AREAS: u64 = 1 << 10;

/// What conditions the choice of bins (DAC, T.81 B.2.4.3), by table.
#[derive(Clone, Debug)]
pub(crate) struct Conditioning {
    /// L and U: bounds of small DC differences.
    pub(crate) dc: [(u8, u8); TABLES],
    /// Kx: the last coefficient of the low band.
    pub(crate) ac: [u8; TABLES],
}

impl Default for Conditioning {
    /// T.81 F.1.4.4.1.4 and F.1.4.4.2.1.
    fn default() -> Self {
        Self { dc: [(0, 1); TABLES], ac: [5; TABLES] }
    }
}

/// The statistics areas of a scan, of `N` bins each.
#[derive(Debug)]
struct Areas<const N: usize> {
    areas: Vec<[Bin; N]>,
    /// The area of each component of the scan.
    of: Vec<usize>,
}

impl<const N: usize> Areas<N> {
    /// For the tables that the components of a scan name.
    fn new(tables: impl Iterator<Item = u8>) -> Self {
        let (mut seen, mut of) = (Vec::new(), Vec::new());
        for table in tables {
            let area = seen.iter().position(|&t| t == table).unwrap_or(seen.len());
            if area == seen.len() {
                seen.push(table);
            }
            of.push(area);
        }
        Self { areas: vec![[Bin::default(); N]; seen.len()], of }
    }

    fn forget(&mut self) {
        self.areas.fill([Bin::default(); N]);
    }

    /// The bins for the component at position `slot` of the scan header.
    #[inline(always)]
    fn bins(&mut self, slot: usize) -> &mut [Bin; N] {
        &mut self.areas[self.of[slot]]
    }
}

/// From the bin of a category (Xn) to that of the bits below its leading one (Mn): T.81 tables F.4 and F.5.
const CATEGORY_TO_BITS: usize = 14;

/// The magnitude less one of a value, where that is `least`, a power of two, or more: its category by decisions with
/// the bins from `category` on, then its lower bits (T.81 figures F.23 and F.24).
fn large(decoder: &mut Decoder<'_>, bins: &mut [Bin], mut category: usize, least: i32) -> Result<i32, Fault> {
    let mut value = least;
    while decoder.decide(&mut bins[category]) {
        category += 1;
        value <<= 1;
        if value == 0x8000 {
            return Err(OUT_OF_RANGE);
        }
    }
    let mut bit = value >> 1;
    while bit > 0 {
        if decoder.decide(&mut bins[category + CATEGORY_TO_BITS]) {
            value |= bit;
        }
        bit >>= 1;
    }
    Ok(value)
}
