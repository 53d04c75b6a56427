//! Lossless transcoding: bytes to coefficients to scans.

use crate::error::Result;
use crate::jpeg::metadata::Strip;
use crate::jpeg::write::Layout;
use crate::jpeg::{Coding, Simd, read, write};
use crate::limits::{Cancel, Limits};

/// Rewrites a JPEG with the same coefficients: as progressive or baseline, always with optimal Huffman tables.
///
/// ```
/// # fn main() -> cosimg::Result<()> {
/// # let pixels = [128; 3];
/// # let image = cosimg::jpeg::Image::new(&pixels, 1, 1, cosimg::jpeg::PixelFormat::Rgb8)?;
/// # let source = cosimg::jpeg::Encoder::new().coding(cosimg::jpeg::Coding::Baseline).encode(&image)?;
/// let progressive = cosimg::jpeg::Transcoder::new().run(&source)?;
/// assert!(cosimg::jpeg::inspect(&progressive, &cosimg::Limits::default())?.progressive);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Transcoder {
    coding: Coding,
    strip: Strip,
    simd: Simd,
    limits: Limits,
    cancel: Cancel,
}

impl Transcoder {
    /// To progressive, with all metadata, under the library's own limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Progressive or baseline.
    pub fn coding(mut self, coding: Coding) -> Self {
        self.coding = coding;
        self
    }

    /// What metadata is left out.
    pub fn strip(mut self, strip: Strip) -> Self {
        self.strip = strip;
        self
    }

    /// Which vector instructions may be used; the bytes of the result do not depend on it.
    pub fn simd(mut self, simd: Simd) -> Self {
        self.simd = simd;
        self
    }

    /// Bounds on input, picture, work and memory.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// A flag that stops the call.
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = cancel;
        self
    }

    /// Rewrites `source`. Restart markers are not kept: they are a matter of the old layout.
    ///
    /// # Errors
    /// `Input` with the byte offset where the file is malformed, damaged or ends early, or where a coefficient does not
    /// fit the coding asked for; `Unsupported` for processes that are not read here, or instructions that this processor
    /// lacks; `Limit`; `Cancelled`.
    pub fn run(&self, source: &[u8]) -> Result<Vec<u8>> {
        let mut source = read::read(source, self.simd, &self.limits, &self.cancel)?;
        source.metadata.strip(self.strip);
        let layout = Layout { coding: self.coding };
        write::write(&source.image, &source.metadata, &layout, self.simd, &self.limits, &self.cancel)
    }
}
