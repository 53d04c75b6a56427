//! A processing rule and the bytes of a picture to the bytes of the answer: what the service would do, as far as
//! it is done here.
//!
//! ```text
//! format.rs   which format bytes are, by their beginning
//! plan.rs     rule + format → Plan: what is done here, what needs the service
//! source.rs   PNG, GIF, BMP, WebP → pixels, within Limits; webp.rs checks what its decoder takes on trust
//! run.rs      Processor: limits, plan, work, ignore-error
//! ```
//!
//! | source | asked for | answer |
//! |---|---|---|
//! | JPEG | `interlace`, `format/jpg`, `strip` | the same coefficients, progressive or baseline |
//! | JPEG | `quality`, with or without these | coarser coefficients ([`Transcoder::requantise`]) |
//! | JPEG | `size-limit`, with or without these | the same, where it fits; otherwise the best quality that does |
//! | PNG, GIF, BMP, WebP | `format/jpg`, with or without `quality`, `interlace`, `strip`, `size-limit` | a JPEG of the first frame |
//! | GIF, BMP, WebP | `format/png` | a PNG of the first frame, 8 bits a sample |
//! | any | nothing that changes a file of its format | the source, byte for byte |
//!
//! Anything else is an error of kind `Unsupported` with the operation as field.
//!
//! **Where the documents are silent** (each a setter of [`Processor`] where the choice is open):
//! - Every stage that asks for anything encodes anew, and without `interlace/1` of its own it encodes as baseline;
//!   so a wish for interlace in an earlier stage is lost ([`Processor::carry_interlace`]).
//! - Transparent pixels are laid over white ([`Processor::background`]).
//! - A source without a JPEG quality of its own gets [`DEFAULT_QUALITY`] ([`Processor::default_quality`]) and 4:2:0
//!   ([`Processor::subsampling`]). `quality/0` is taken as 1, the lowest there is.
//! - A JPEG that has no more quality than asked for keeps what it has, with `!` too: finer steps would cost bytes and
//!   bring nothing back.
//! - `size-limit` is said to bound a JPEG, and with `!` to give the source where the result is not smaller than that.
//!   How the bound is kept is not said. Here `quality` is the most there is: that of the rule, of the source, or
//!   [`DEFAULT_QUALITY`], lowered as far as it takes, metadata counted; a source that was small enough is encoded like
//!   any other. Where quality 1 is not small enough, the answer is an error of kind `Limit`, but with `!` the source if
//!   that is within the bound. Of two bounds in two stages the smaller one counts; with `!`, no other stage may encode.
//!   Where the answer is no JPEG, it is not carried out.
//! - Of an animation the first frame is taken.
//! - ICC profile and Exif are kept; `strip` leaves out the Exif but not the profile, which the colours depend on.
//! - `ignore-error/1` covers a source that is malformed, unknown or too large and an operation that is not carried
//!   out ([`Processor::ignore_error`]). It never covers an error in the text of the rule, a cancelled call or a
//!   fault of this crate.
//!
//! [`Transcoder::requantise`]: crate::jpeg::Transcoder::requantise

mod format;
mod plan;
mod run;
mod source;
mod webp;

pub use format::Format;
pub use plan::Plan;
pub use run::{DEFAULT_QUALITY, IgnoreError, Processed, Processor};
pub use source::Picture;

use crate::error::Result;
use crate::params::Params;

/// Carries out a rule under the service's limits ([`Limits::intl_2024`](crate::Limits::intl_2024)) and gives the
/// bytes. [`Processor`] has the options, and says what the bytes are.
pub fn process(source: &[u8], rule: &Params) -> Result<Vec<u8>> {
    Processor::new().run(source, rule).map(|processed| processed.bytes)
}
