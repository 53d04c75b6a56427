//! Numbers inside the values of operations. Readers here may be lenient about spelling (`007`): the table in
//! `op.rs` refuses every value that does not print back to the same bytes.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// An integer in a range.
pub(super) fn integer<T: FromStr + PartialOrd>(text: &str, range: RangeInclusive<T>) -> Option<T> {
    text.parse().ok().filter(|number| range.contains(number))
}

/// `0` or `1`.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

/// A length in samples: above 0. Whether it is too large depends on the limits, when the rule is carried out.
pub(super) fn length(text: &str) -> Option<u32> {
    integer(text, 1..=u32::MAX)
}

/// `<W>x<H>`.
pub(super) fn width_height(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once('x')?;
    Some((length(width)?, length(height)?))
}

/// A number above 0 in decimal notation, kept as it was written: `3`, `0.50`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Decimal(String);

impl Decimal {
    /// More digits carry nothing.
    const MAX_BYTES: usize = 24;

    /// The number.
    pub fn value(&self) -> f64 {
        self.0.parse().unwrap_or(0.0) // digits and a point always parse
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let canonical = whole == "0" || !whole.starts_with('0');
        let positive = text.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
        let fits = text.len() <= Self::MAX_BYTES;
        (fits && canonical && positive && digits(whole) && digits(fraction)).then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
