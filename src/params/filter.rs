//! `blur/<radius>x<sigma>`. The other filters are plain numbers of [`Op`](super::Op).

use std::fmt;

use super::value::{Decimal, integer};

/// A Gaussian blur.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Blur {
    /// 1 to 50 samples.
    pub radius: u8,
    /// Standard deviation, above 0.
    pub sigma: Decimal,
}

impl Blur {
    pub(super) fn read(text: &str) -> Option<Self> {
        let (radius, sigma) = text.split_once('x')?;
        Some(Self { radius: integer(radius, 1..=50)?, sigma: Decimal::read(sigma)? })
    }
}

impl fmt::Display for Blur {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.radius, self.sigma)
    }
}
