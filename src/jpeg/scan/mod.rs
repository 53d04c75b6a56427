//! Scans: what one carries, the script that orders them, and what they have sent so far.
//!
//! [`progress`] follows the precision of every coefficient over the scans of a file; it is the judge of what a scan
//! header may say, read or written.
//!
//! ```text
//! fixed    scripts that do not depend on the AC coefficients
//! script   scripts of the caller's own, by way of text
//! ways     a choice among known scripts, which are made together
//! search   the smallest scans, with an effort: sample -> statistics -> component (price, split), and dc -> allot
//! size     of headers, and of what is stuffed, for all who reckon what a scan takes
//! ```

mod allot;
mod component;
pub(crate) mod dc;
pub(crate) mod effort;
pub(crate) mod fixed;
mod price;
pub(crate) mod progress;
pub(crate) mod sample;
pub(crate) mod script;
pub(crate) mod search;
pub(crate) mod size;
mod split;
mod statistics;
mod text;
pub(crate) mod ways;

use crate::error::{Error, Result};
use crate::jpeg::frame::{Frame, MAX_COMPONENTS};

/// A scan: which components, which band of coefficients, at which precision (T.81 B.2.3, G.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    /// Indices into the components of the frame, rising.
    pub(crate) components: Vec<usize>,
    /// Ss and Se: first and last coefficient in zigzag order.
    pub(crate) start: u8,
    pub(crate) end: u8,
    /// Ah: the precision that an earlier scan left off at, 0 in a first scan.
    pub(crate) high: u8,
    /// Al: bits that are left to later scans.
    pub(crate) low: u8,
}

/// The kinds of scan, each of which is coded in its own way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All coefficients at once: the only kind of a sequential frame.
    Sequential,
    DcFirst,
    DcRefine,
    AcFirst,
    AcRefine,
}

/// Al at most (T.81 G.1.1.1.2).
const MAX_LOW: u8 = 13;

/// A scan of AC coefficients.
fn ac(component: usize, start: u8, end: u8, high: u8, low: u8) -> Scan {
    Scan { components: vec![component], start, end, high, low }
}

impl Scan {
    /// A sequential scan.
    pub(crate) fn sequential(components: Vec<usize>) -> Self {
        Self { components, start: 0, end: 63, high: 0, low: 0 }
    }

    /// The kind of a scan of a progressive frame.
    pub(crate) fn kind(&self) -> Kind {
        match (self.start, self.high) {
            (0, 0) => Kind::DcFirst,
            (0, _) => Kind::DcRefine,
            (_, 0) => Kind::AcFirst,
            _ => Kind::AcRefine,
        }
    }

    /// Checks what T.81 G.1.1.1 and B.2.3 ask of a scan of a progressive frame by itself.
    pub(crate) fn check(&self, frame: &Frame) -> Result<()> {
        let wrong = |what: &'static str| Err(Error::input(what).field_named("SOS"));
        if self.start > self.end || self.end > 63 {
            return wrong("the band of a scan is not within 0 to 63");
        }
        if self.start == 0 && self.end != 0 {
            return wrong("a progressive scan mixes DC and AC coefficients");
        }
        if self.start > 0 && self.components.len() != 1 {
            return wrong("a scan of AC coefficients has more than one component");
        }
        if self.low > MAX_LOW || (self.high > 0 && self.high != self.low + 1) {
            return wrong("the precision of a scan is out of range");
        }
        self.check_components(frame)
    }

    /// Checks what T.81 B.2.3 asks of the components of any scan.
    pub(crate) fn check_components(&self, frame: &Frame) -> Result<()> {
        let wrong = |what: &'static str| Err(Error::input(what).field_named("SOS"));
        if self.components.is_empty() || self.components.len() > MAX_COMPONENTS {
            return wrong("a scan has no components, or more than four");
        }
        if !self.components.is_sorted_by(|a, b| a < b) {
            return wrong("a scan names its components twice or out of order");
        }
        if !frame.may_interleave(&self.components) {
            return wrong("an MCU has more than ten blocks");
        }
        Ok(())
    }

    /// Blocks that the scan visits, those that pad its MCUs left out.
    pub(crate) fn blocks(&self, frame: &Frame) -> u64 {
        self.components.iter().map(|&c| frame.components[c].blocks()).sum()
    }
}
