//! The commands, a file each: what was typed becomes a plan, the library carries it out, `output` shows it.

pub(crate) mod audit;
mod batch;
pub(crate) mod demo;
pub(crate) mod encode;
pub(crate) mod explain;
pub(crate) mod inspect;
pub(crate) mod process;
pub(crate) mod serve;
pub(crate) mod sign;
pub(crate) mod transcode;
pub(crate) mod verify;

use std::path::Path;

use crate::failure::{Failure, Outcome};
use crate::output;

/// A link longer than this is none.
const URL_LIMIT: u64 = 1 << 20;

/// A link that was typed, or that of standard input for `-`.
fn link(typed: String) -> Outcome<String> {
    if !output::is_dash(Path::new(&typed)) {
        return Ok(typed);
    }
    let bytes = output::read(Path::new("-"), URL_LIMIT)?;
    String::from_utf8(bytes).map_err(|_| Failure::usage("the link on standard input is not UTF-8"))
}
