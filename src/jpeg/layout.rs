//! How a file is laid out: its coding, and the choice between the scripts of `scan`.

use crate::error::Result;
use crate::jpeg::coeff::Plane;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::Frame;
use crate::jpeg::metadata::Metadata;
use crate::jpeg::scan::sample::Picture;
use crate::jpeg::scan::search::{self, Effort};
use crate::jpeg::scan::{Scan, fixed};
use crate::jpeg::simd::{Level, Simd};
use crate::jpeg::{Coding, Mode, Script};
use crate::limits::{Cancel, Limits};

/// How a file is laid out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) coding: Coding,
    /// Of a progressive file.
    pub(crate) mode: Mode,
    /// Whether an encoder has chosen the coefficients for [`fixed::sparse`], in place of a mode.
    pub(crate) sparse: bool,
    /// Of the search for a small file.
    pub(crate) effort: Effort,
    /// Percent of its size that a file may take more, if more is seen of it early.
    pub(crate) allowance: f32,
    /// Bytes of the source, where there is one.
    pub(crate) source: Option<u64>,
    /// In place of the coding and the mode.
    pub(crate) script: Option<Script>,
}

impl Layout {
    /// Whether the scans depend on the coefficients, so that all of these have to be there before any is written.
    pub(crate) fn looks_at_coefficients(&self) -> bool {
        self.script.is_none()
            && !self.sparse
            && self.coding != Coding::Baseline
            && matches!(self.mode, Mode::Small | Mode::Display)
    }

    /// The coding of a file and its scans. The planes are those of all components, where they are in memory.
    pub(crate) fn scans(
        &self,
        frame: &Frame,
        planes: Option<&[Plane]>,
        metadata: &Metadata<'_>,
        simd: Simd,
        limits: &Limits,
        cancel: &Cancel,
    ) -> Result<(Coding, Vec<Scan>)> {
        if let Some(script) = &self.script {
            return Ok((script.coding(), script.for_frame(frame, limits)?.to_vec()));
        }
        let has_chroma = metadata.color(frame) == "YCbCr";
        let scans = match (self.coding, planes) {
            (Coding::Baseline, _) => fixed::sequential(frame),
            (_, Some(planes)) if self.looks_at_coefficients() => {
                let picture = Picture { frame, planes, has_chroma };
                match simd.level()? {
                    Level::Scalar(kernels) => self.search(picture, kernels, cancel)?,
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx2(kernels) => self.search(picture, kernels, cancel)?,
                    #[cfg(target_arch = "x86_64")]
                    Level::Avx512(kernels) => self.search(picture, kernels, cancel)?,
                }
            }
            _ if self.sparse => fixed::sparse(frame),
            _ => fixed::progressive(frame, has_chroma, self.mode, self.data(metadata)),
        };
        Ok((self.coding, scans))
    }

    /// Bytes of the source that are no metadata, about.
    fn data(&self, metadata: &Metadata<'_>) -> Option<u64> {
        let segments = metadata.header.iter().chain(&metadata.late);
        let other = segments.map(|segment| segment.payload.len()).sum::<usize>() + metadata.trailing.len();
        self.source.map(|bytes| bytes.saturating_sub(other as u64))
    }

    fn search(&self, picture: Picture<'_>, kernels: impl AcKernels, cancel: &Cancel) -> Result<Vec<Scan>> {
        let found = match self.mode {
            Mode::Small => return search::smallest(picture, kernels, &self.effort, self.allowance, cancel),
            // Three components that are no luma and chroma have nothing that may come late.
            Mode::Display if picture.has_chroma => search::most_to_see(picture, kernels, self.allowance, cancel)?,
            _ => None,
        };
        Ok(found.unwrap_or_else(|| fixed::progressive(picture.frame, picture.has_chroma, self.mode, None)))
    }
}
