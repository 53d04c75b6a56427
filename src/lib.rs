//! Tencent COS image links that cannot be stripped back to the original, and the progressive JPEG behind them.
//!
//! - [`link`]: links to objects with their rules, which join the next two; what a link leaves open.
//! - [`sign`]: COS q-sign signatures, header and URL form, that cover the processing rule; and their verifier.
//! - [`params`]: the processing language, `imageMogr2/format/jpg/interlace/1` and its kin.
//! - [`jpeg`]: a progressive JPEG encoder and a lossless transcoder that carry out `interlace`.
//!
//! [`Link`] joins the first two; [`pipeline`] carries the second out on the third.
//!
//! The library reads no clock, environment, file or socket: time, credentials and bytes are arguments.
#![deny(unsafe_code)]

mod error;
#[cfg(feature = "capi")]
#[allow(unsafe_code)] // the C ABI; each block has its reason
mod ffi;
#[allow(clippy::cast_possible_truncation)] // a codec cuts words to their width on every other line
pub mod jpeg;
mod limits;
pub mod link;
pub mod params;
pub mod pipeline;
mod query;
pub mod sign;

pub use error::{Error, ErrorKind, Result};
pub use limits::{Cancel, Limits};
pub use link::Link;
pub use params::Params;
pub use pipeline::process;
pub use query::Query;
pub use sign::{Credential, KeyTime, Signer, Verifier};
