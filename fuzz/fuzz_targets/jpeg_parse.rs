//! Any bytes: looking at a JPEG and reading its coefficients end in a value or an error, within the limits, and agree.

#![no_main]

use cosimg::jpeg::{CoefficientImage, inspect};
use cosimg::{ErrorKind, Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &[u8]| {
    let mut limits = Limits::default();
    limits.memory = 64 << 20;
    limits.block_visits = 1 << 20;

    let seen = inspect(source, &limits);
    let read = CoefficientImage::read(source, &limits);
    for error in [seen.as_ref().err(), read.as_ref().err()].into_iter().flatten() {
        assert_ne!(error.kind(), ErrorKind::Internal, "{error}");
        assert!(error.offset().is_none_or(|offset| offset <= source.len() as u64), "{error}");
    }
    if read.is_ok() {
        let seen = seen.expect("what can be read can be looked at");
        assert!(seen.width > 0 && seen.height > 0 && !seen.components.is_empty() && !seen.scans.is_empty());
        for scan in &seen.scans {
            assert!(scan.start < scan.end && scan.end <= source.len() as u64);
        }
    }
});
