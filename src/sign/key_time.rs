//! The window in which a signature holds: `KeyTime` of the COS documents.

use std::fmt;
use std::str::FromStr;

use time::{Duration, OffsetDateTime};

use crate::error::{Error, Result};

/// A validity window in Unix seconds, both ends included.
///
/// It stands in a signature twice, as `q-sign-time` and as `q-key-time`; this crate never lets them differ. The start
/// is the caller's, so that a link can be made again, byte for byte, and be cached: [`KeyTime::hourly`] and
/// [`KeyTime::daily`] give one window, and so one link, to all who ask within the hour or the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyTime {
    start: u64,
    end: u64,
}

impl KeyTime {
    /// A window from `start` to `end`. An error of kind `Usage` unless `end` is later.
    pub fn new(start: u64, end: u64) -> Result<Self> {
        if end <= start {
            let message = format!("a signature must end after it starts, and {end} is not after {start}");
            return Err(Error::usage(message).field_named("end"));
        }
        Ok(Self { start, end })
    }

    /// A window from `start` that lasts `valid`, in whole seconds: at least one.
    pub fn starting_at(start: OffsetDateTime, valid: Duration) -> Result<Self> {
        let start = u64::try_from(start.unix_timestamp())
            .map_err(|_| Error::usage("a signature cannot start before 1970").field_named("start"))?;
        let seconds = u64::try_from(valid.whole_seconds()).ok().filter(|&seconds| seconds > 0);
        let end = seconds.and_then(|seconds| start.checked_add(seconds)).ok_or_else(|| {
            Error::usage("a signature must hold for at least one second, and end in countable time")
                .field_named("valid")
        })?;
        Self::new(start, end)
    }

    /// The window for links that are cached: the same for every `now` within one `cell` of the grid that begins in
    /// 1970, so that a CDN or a browser which has the link's answer finds it again. It starts where the cell starts
    /// and holds for `valid` from where the cell ends: never shorter than asked, and longer by up to one cell.
    ///
    /// Of a temporary key the token must live as long. Both lengths are in whole seconds, at least one.
    pub fn on_grid(now: OffsetDateTime, valid: Duration, cell: Duration) -> Result<Self> {
        let length = u64::try_from(cell.whole_seconds()).ok().filter(|&seconds| seconds > 0);
        let length =
            length.ok_or_else(|| Error::usage("a cell of the grid has at least one second").field_named("cell"))?;
        let asked = Self::starting_at(now, valid)?;
        let start = asked.start - asked.start % length;
        let end = asked.end.checked_add(length - 1 - (asked.start - start));
        Self::new(start, end.ok_or_else(|| Error::usage("the window must end in countable time").field_named("cell"))?)
    }

    /// [`KeyTime::on_grid`] with a new window, and so a new link, at every full hour.
    pub fn hourly(now: OffsetDateTime, valid: Duration) -> Result<Self> {
        Self::on_grid(now, valid, Duration::HOUR)
    }

    /// [`KeyTime::on_grid`] with a new window, and so a new link, at every midnight UTC.
    pub fn daily(now: OffsetDateTime, valid: Duration) -> Result<Self> {
        Self::on_grid(now, valid, Duration::DAY)
    }

    /// The first second in which the signature holds.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The last second in which the signature holds.
    pub fn end(&self) -> u64 {
        self.end
    }
}

/// `start;end`, as in a signature.
impl fmt::Display for KeyTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};{}", self.start, self.end)
    }
}

/// Reads `start;end`: digits alone, the end later. An error of kind `Input` otherwise.
impl FromStr for KeyTime {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let seconds = |digits: &str| {
            let plain = digits.bytes().all(|b| b.is_ascii_digit());
            digits.parse::<u64>().ok().filter(|_| plain)
        };
        text.split_once(';')
            .and_then(|(start, end)| seconds(start).zip(seconds(end)))
            .filter(|(start, end)| end > start)
            .map(|(start, end)| Self { start, end })
            .ok_or_else(|| Error::input("a time window is `start;end` in Unix seconds, the end later"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_a_positive_length() {
        assert!(KeyTime::new(5, 5).is_err() && KeyTime::new(5, 4).is_err());
        assert_eq!(KeyTime::new(5, 6).unwrap().to_string(), "5;6");
        let start = OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
        let window = KeyTime::starting_at(start, Duration::minutes(10)).unwrap();
        assert_eq!((window.start(), window.end()), (1_700_000_000, 1_700_000_600));
        assert_eq!(KeyTime::starting_at(start, Duration::milliseconds(999)).unwrap_err().field(), Some("valid"));
        assert_eq!(KeyTime::starting_at(start, Duration::seconds(-1)).unwrap_err().field(), Some("valid"));
        let ancient = OffsetDateTime::from_unix_timestamp(-1).unwrap();
        assert_eq!(KeyTime::starting_at(ancient, Duration::HOUR).unwrap_err().field(), Some("start"));
        assert!(KeyTime::starting_at(start, Duration::MAX).is_ok());
    }

    /// Every second of three cells, and the two neighbours where a cell meets the next.
    #[test]
    fn within_a_cell_of_the_grid_the_window_is_one_and_never_too_short() {
        let at = |second: u64| OffsetDateTime::from_unix_timestamp(i64::try_from(second).unwrap()).unwrap();
        let first = 1_700_002_800; // 2023-11-14T23:00:00Z
        for valid in [1, 59, 600, 3600, 90_000] {
            let window = |second| KeyTime::hourly(at(second), Duration::seconds(valid)).unwrap();
            for second in first..first + 3 * 3600 {
                let (window, cell) = (window(second), (second - first) / 3600);
                assert_eq!(window.start(), first + cell * 3600);
                assert!(window.start() <= second && window.end() - second >= valid.unsigned_abs());
                assert!(window.end() - second < valid.unsigned_abs() + 3600);
            }
            assert_eq!(window(first), window(first + 3599));
            assert_ne!(window(first), window(first + 3600));
        }
        let daily = KeyTime::daily(at(first), Duration::HOUR).unwrap();
        assert_eq!((daily.start(), daily.end()), (1_699_920_000, 1_700_006_400 + 3599));
        assert_eq!(KeyTime::on_grid(at(first), Duration::HOUR, Duration::ZERO).unwrap_err().field(), Some("cell"));
        assert_eq!(KeyTime::on_grid(at(first), Duration::ZERO, Duration::HOUR).unwrap_err().field(), Some("valid"));
        assert!(KeyTime::on_grid(at(first), Duration::MAX, Duration::MAX).is_ok());
    }

    #[test]
    fn only_digits_are_read() {
        assert_eq!("1;100".parse::<KeyTime>().unwrap(), KeyTime::new(1, 100).unwrap());
        for text in [
            "",
            ";",
            "1",
            "1;",
            ";2",
            "+1;2",
            "1;+2",
            "1 ;2",
            "2;1",
            "1;1",
            "1;2;3",
            "a;b",
            "-1;2",
            "1;99999999999999999999",
        ] {
            assert!(text.parse::<KeyTime>().is_err(), "{text}");
        }
    }
}
