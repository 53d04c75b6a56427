//! The instruction set, by the environment: for measuring and testing.

use std::env;

use cosimg::jpeg::Simd;

use crate::failure::{Failure, Outcome};

const NAME: &str = "COSIMG_SIMD";

/// What [`NAME`] says; where it is not there, the best that the processor has.
pub(crate) fn chosen() -> Outcome<Simd> {
    let Some(text) = env::var_os(NAME) else { return Ok(Simd::Auto) };
    let simd: Simd = text.to_string_lossy().parse().map_err(|e| Failure::about(NAME, &e))?;
    if simd.is_available() {
        Ok(simd)
    } else {
        Err(Failure::usage(format_args!("{NAME}: this processor has no {simd}")))
    }
}
