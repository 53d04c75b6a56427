//! `size-limit/<n>k|m`, with or without `!`.

use std::fmt;

use super::value::length;

/// A bound on the bytes of a JPEG answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SizeLimit {
    /// How many of the unit, above 0.
    pub amount: u32,
    /// The unit.
    pub unit: SizeUnit,
    /// `!`: the source itself is the answer where the result is not smaller, and all else that the rule asks for
    /// is lost with it.
    pub or_source: bool,
}

/// The unit of a [`SizeLimit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SizeUnit {
    /// `k`: 1,024 bytes.
    Kib,
    /// `m`: 1,048,576 bytes.
    Mib,
}

impl SizeLimit {
    /// The bound in bytes.
    pub fn bytes(self) -> u64 {
        let shift = match self.unit {
            SizeUnit::Kib => 10,
            SizeUnit::Mib => 20,
        };
        u64::from(self.amount) << shift
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let (text, or_source) = match text.strip_suffix('!') {
            Some(text) => (text, true),
            None => (text, false),
        };
        let (amount, unit) = match (text.strip_suffix('k'), text.strip_suffix('m')) {
            (Some(amount), _) => (amount, SizeUnit::Kib),
            (_, Some(amount)) => (amount, SizeUnit::Mib),
            (None, None) => return None,
        };
        Some(Self { amount: length(amount)?, unit, or_source })
    }
}

impl fmt::Display for SizeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            SizeUnit::Kib => 'k',
            SizeUnit::Mib => 'm',
        };
        write!(f, "{}{unit}{}", self.amount, if self.or_source { "!" } else { "" })
    }
}
