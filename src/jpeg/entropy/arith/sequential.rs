//! Sequential scans: a DC difference and all AC coefficients of a block at once (T.81 F.1.4).

use super::{AREAS, Areas, Conditioning, Decoder, Place, ac, dc};
use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::{Band, Fault, ReadBlocks};

/// All AC coefficients.
const BAND: Band = Band { start: 1, end: 63, low: 0 };

/// Reads sequential scans.
#[derive(Debug)]
pub(crate) struct Reader {
    dc: dc::First,
    ac: Areas<{ ac::BINS }>,
    /// Kx of each component of the scan.
    last_low: Vec<u8>,
}

impl Reader {
    /// For the DC and the AC tables that the components of a scan name.
    pub(crate) fn new(dc: &[u8], ac: &[u8], conditioning: &Conditioning) -> Self {
        Self {
            dc: dc::First::new(dc, conditioning, 0),
            ac: Areas::new(ac.iter().copied()),
            last_low: ac.iter().map(|&table| conditioning.ac[usize::from(table)]).collect(),
        }
    }
}

impl ReadBlocks for Reader {
    const BYTES: u64 = AREAS;
    type Place = Option<Place>;
    type Input<'a> = Decoder<'a>;

    fn restart(&mut self) {
        self.dc.restart();
        self.ac.forget();
    }

    fn read(&mut self, decoder: &mut Decoder<'_>, slot: usize, block: &mut Block) -> Result<(), Fault> {
        self.dc.read(decoder, slot, block)?;
        ac::read_band(decoder, self.ac.bins(slot), self.last_low[slot], BAND, block)
    }
}
