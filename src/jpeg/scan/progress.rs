//! How precisely each coefficient is known after the scans so far.

use super::Scan;
use crate::error::{Error, Result};

/// For every component and coefficient: nothing yet, or the number of low bits that are still to come.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    low: Vec<[Option<u8>; 64]>,
}

impl Progress {
    pub(crate) fn new(components: usize) -> Self {
        Self { low: vec![[None; 64]; components] }
    }

    /// Takes a scan into account, also where it errs.
    ///
    /// # Errors
    /// Where it refines bits that no scan has sent, or sends again what is already exact in part: its bits would not
    /// mean what its header says (T.81 G.1.1.1.1).
    pub(crate) fn apply(&mut self, scan: &Scan) -> Result<()> {
        let mut continues = true;
        for &component in &scan.components {
            for low in &mut self.low[component][usize::from(scan.start)..=usize::from(scan.end)] {
                // A first scan may stand in for one that sent the same coefficients exactly; that changes nothing else.
                continues &= scan.high == low.unwrap_or(0);
                *low = Some(scan.low);
            }
        }
        if !continues {
            let message = "a scan does not continue the precision of the scans before it";
            return Err(Error::input(message).field_named("SOS"));
        }
        Ok(())
    }

    /// Whether every coefficient is exact.
    pub(crate) fn is_complete(&self) -> bool {
        self.first_inexact().is_none()
    }

    /// The first component and coefficient that is not exact.
    pub(crate) fn first_inexact(&self) -> Option<(usize, u8)> {
        let places = self.low.iter().enumerate().flat_map(|(c, low)| (0..).zip(low).map(move |(k, low)| (c, k, low)));
        places.filter(|(_, _, low)| **low != Some(0)).map(|(c, k, _)| (c, k)).next()
    }

    /// Whether some bits of a coefficient are there.
    pub(crate) fn is_known(&self, component: usize, k: u8) -> bool {
        self.low[component][usize::from(k)].is_some()
    }
}
