//! Bounds on what a call may cost, and the flag that stops it.
//!
//! Every bound is checked before the memory is taken or the work begun; passing one is an error of kind
//! [`Limit`](crate::ErrorKind::Limit) whose field is the name of the bound here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::error::{Error, ErrorKind, Result};

const MIB: u64 = 1 << 20;
/// Visits of blocks that each byte of a source allows to what is made of it. The files of photographs have about a byte
/// for each block, or more, and all that a transcoder can do visits it less often than that; a file that claims blocks
/// and holds nothing has next to none.
const VISITS_OF_A_BYTE: u64 = 1024;

/// Bounds on input, picture, work and memory. [`Limits::default`] is the library's and the command line's own; the
/// other profiles are the documented limits of Cloud Infinite, one for each document where they disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a source.
    pub input_bytes: u64,
    /// Samples of width and of height of a source.
    pub side: u32,
    /// Width times height of a source, times its frames where it is animated.
    pub pixels: u64,
    /// Width and height of a result that is made; a source that is given back as it is has passed the bounds of
    /// sources.
    pub result_side: u32,
    /// Scans of a JPEG.
    pub scans: u32,
    /// Visits of blocks of a JPEG. Its scans may visit so many as they are read, scans times blocks; a block of an
    /// arithmetic-coded scan counts once for each coefficient of its band. What is made of it may visit as many again,
    /// and 1,024 more for each byte of the source: a block counts once for each scan that is prepared, and 64
    /// times where it is requantised. Of a script of the caller's own, scans times blocks may not be more than this
    /// number, whatever the source.
    pub block_visits: u64,
    /// Bytes of working memory, output included, input not. What does not grow with the picture is not counted, nor what
    /// the search of [`Mode::Small`](crate::jpeg::Mode::Small) knows: up to 4 MB a component.
    pub memory: u64,
    /// Stages of a processing rule, separated by `|`.
    pub stages: u32,
}

impl Limits {
    /// The international documents of 2024: 32 MiB, 30,000 a side, results of 9,999 a side.
    pub const fn intl_2024() -> Self {
        Self { input_bytes: 32 * MIB, side: 30_000, pixels: 250_000_000, result_side: 9_999, ..Self::own() }
    }

    /// The international "specifications and limits" page of December 2025, which says 20 MiB where the operation
    /// pages say 32.
    pub const fn intl_2025() -> Self {
        Self { input_bytes: 20 * MIB, ..Self::intl_2024() }
    }

    /// The current mainland documents: 32 MiB, 50,000 a side, results as large.
    pub const fn cn_current() -> Self {
        Self { input_bytes: 32 * MIB, side: 50_000, pixels: 250_000_000, result_side: 50_000, ..Self::own() }
    }

    const fn own() -> Self {
        Self {
            input_bytes: u64::MAX,
            side: 65_500,
            pixels: 65_500 * 65_500,
            result_side: 65_500,
            scans: 1_000,
            block_visits: 1 << 28,
            memory: 2048 * MIB,
            stages: 10,
        }
    }

    pub(crate) fn check_input(&self, len: usize) -> Result<()> {
        let max = self.input_bytes;
        if len as u64 > max {
            return Err(Error::limit("input_bytes", format!("the source has {len} bytes, over the limit of {max}")));
        }
        Ok(())
    }

    pub(crate) fn check_picture(&self, width: u32, height: u32) -> Result<()> {
        if width > self.side || height > self.side {
            let message = format!("a picture of {width}x{height} is over the limit of {} a side", self.side);
            return Err(Error::limit("side", message));
        }
        if u64::from(width) * u64::from(height) > self.pixels {
            let message = format!("a picture of {width}x{height} is over the limit of {} pixels", self.pixels);
            return Err(Error::limit("pixels", message));
        }
        Ok(())
    }

    pub(crate) fn check_result(&self, width: u32, height: u32) -> Result<()> {
        if width > self.result_side || height > self.result_side {
            let message = format!("a result of {width}x{height} is over the limit of {} a side", self.result_side);
            return Err(Error::limit("result_side", message));
        }
        Ok(())
    }

    pub(crate) fn check_memory(&self, bytes: u64, what: &str) -> Result<()> {
        if bytes > self.memory {
            let message = format!("{what} would take {bytes} bytes, over the limit of {}", self.memory);
            return Err(Error::limit("memory", message));
        }
        Ok(())
    }
}

/// Visits of blocks that a call has left of [`Limits::block_visits`]. Threads share them.
#[derive(Debug)]
pub(crate) struct Visits {
    left: AtomicU64,
    of: u64,
    /// What visits the blocks.
    by: &'static str,
}

impl Visits {
    /// Those of the scans of a file.
    pub(crate) fn to_read(limits: &Limits) -> Self {
        Self::new(limits.block_visits, "the scans")
    }

    /// Those of all that is made of a source of so many bytes.
    pub(crate) fn to_make(limits: &Limits, bytes: u64) -> Self {
        Self::new(
            limits.block_visits.saturating_add(bytes.saturating_mul(VISITS_OF_A_BYTE)),
            "to make the result would",
        )
    }

    fn new(of: u64, by: &'static str) -> Self {
        Self { left: of.into(), of, by }
    }

    pub(crate) fn take(&self, visits: u64) -> Result<()> {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(visits));
        taken.map(drop).map_err(|_| {
            let message = format!("{} visit more than {} blocks", self.by, self.of);
            Error::limit("block_visits", message)
        })
    }
}

/// Bytes of working memory that threads hold together.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    bytes: AtomicU64,
    limits: &'a Limits,
}

impl<'a> Held<'a> {
    /// So many, to begin with.
    pub(crate) fn new(limits: &'a Limits, bytes: u64) -> Self {
        Self { bytes: bytes.into(), limits }
    }

    /// What was so many bytes is as many as this now.
    pub(crate) fn change(&self, from: u64, to: u64, what: &str) -> Result<()> {
        let change = to.wrapping_sub(from);
        let before = self.bytes.fetch_add(change, Ordering::Relaxed);
        self.limits.check_memory(before.wrapping_add(change), what)
    }
}

/// Appends to a list whose length a stranger chooses, once the memory of the list is within the limits.
pub(crate) fn push<T>(list: &mut Vec<T>, item: T, limits: &Limits) -> Result<()> {
    if list.len() == list.capacity() {
        // It grows to twice its length, and holds both while it does.
        limits.check_memory(3 * size_of_val(&list[..]) as u64, "the segments of the file")?;
    }
    list.push(item);
    Ok(())
}

impl Default for Limits {
    fn default() -> Self {
        Self::own()
    }
}

/// A flag that any thread may raise to stop a call; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A flag that is not raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops every call that holds a clone of this flag, at its next block row.
    pub fn trigger(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Cancelled, "the caller cancelled the call"));
        }
        Ok(())
    }
}
