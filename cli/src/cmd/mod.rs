//! The commands, a file each: what was typed becomes a plan, the library carries it out, `output` shows it.

pub(crate) mod demo;
pub(crate) mod encode;
pub(crate) mod inspect;
pub(crate) mod process;
pub(crate) mod serve;
pub(crate) mod sign;
pub(crate) mod transcode;
pub(crate) mod verify;
