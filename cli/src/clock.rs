//! The time: the library is given it, the command line reads it.

use time::OffsetDateTime;

use crate::failure::{Failure, Outcome};

/// Seconds since 1970.
pub(crate) fn unix_now() -> Outcome<u64> {
    u64::try_from(now().unix_timestamp()).map_err(|_| Failure::usage("the clock of this machine is before 1970"))
}

pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// A time that was typed.
pub(crate) fn at(unix: u64) -> Outcome<OffsetDateTime> {
    let seconds = i64::try_from(unix).ok();
    seconds
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .ok_or_else(|| Failure::usage(format_args!("{unix} is not a Unix time that can be represented")))
}

/// `2026-11-22T15:49:00Z`, or the bare seconds past the year 9999.
pub(crate) fn text(unix: u64) -> String {
    match at(unix) {
        Ok(t) => {
            let (year, month, day) = t.to_calendar_date();
            let month = u8::from(month);
            format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", t.hour(), t.minute(), t.second())
        }
        Err(_) => unix.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_utc() {
        assert_eq!(text(1_700_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(text(u64::MAX), u64::MAX.to_string());
    }
}
