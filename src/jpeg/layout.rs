//! How a file is laid out: its coding, and the choice between the scripts of `scan`.

use crate::error::Result;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::Frame;
use crate::jpeg::metadata::Metadata;
use crate::jpeg::rows::Rows;
use crate::jpeg::scan::effort::Effort;
use crate::jpeg::scan::sample::Picture;
use crate::jpeg::scan::ways::{Most, Ways};
use crate::jpeg::scan::{Scan, fixed, search};
use crate::jpeg::write::Work;
use crate::jpeg::{Coding, Mode, RestartInterval, Script};

/// How a file is laid out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    pub(crate) coding: Coding,
    /// Of a progressive file.
    pub(crate) mode: Mode,
    /// Whether an encoder has chosen the coefficients for [`search::sparse`], in place of a mode.
    pub(crate) sparse: bool,
    /// Of the search for a small file.
    pub(crate) effort: Effort,
    /// Scans at most, in place of those of the effort.
    pub(crate) max_scans: Option<u8>,
    /// Percent of its size that a file may take more, if more is seen of it early.
    pub(crate) allowance: f32,
    /// In place of the coding and the mode.
    pub(crate) script: Option<Script>,
    pub(crate) restart: RestartInterval,
}

/// The scans of a progressive file.
#[derive(Debug)]
pub(crate) enum Plan {
    Script(Vec<Scan>),
    /// The best of these, or other ones where none of them is within the bound.
    Ways {
        ways: Ways,
        otherwise: Option<Vec<Scan>>,
    },
}

impl Layout {
    /// Whether the scans cannot be known before all coefficients are there.
    pub(crate) fn looks_at_coefficients(&self) -> bool {
        self.is_chosen() && self.mode == Mode::Small
    }

    /// Whether both codings are tried, and the smaller file is taken.
    pub(crate) fn tries_codings(&self) -> bool {
        self.script.is_none() && self.coding == Coding::Smaller
    }

    /// Whether a mode says which scans there are.
    fn is_chosen(&self) -> bool {
        self.script.is_none() && !self.sparse && self.coding != Coding::Baseline
    }

    /// The coding of a file and its scans.
    pub(crate) fn plan(
        &self,
        kernels: impl AcKernels,
        frame: &Frame,
        rows: &Rows<'_>,
        metadata: &Metadata<'_>,
        work: Work<'_>,
    ) -> Result<(Coding, Plan)> {
        if let Some(script) = &self.script {
            return Ok((script.coding(), Plan::Script(script.for_frame(frame, work.limits)?.to_vec())));
        }
        let has_chroma = metadata.color(frame) == "YCbCr";
        let plan = match (self.mode, rows.in_memory()) {
            _ if self.coding == Coding::Baseline => Plan::Script(fixed::sequential(frame)),
            (_, Some(memory)) if self.sparse => {
                Plan::Script(search::sparse(Picture { frame, memory, has_chroma }, kernels))
            }
            (Mode::Small, Some(memory)) => {
                let picture = Picture { frame, memory, has_chroma };
                let (scans, bytes) = search::smallest(picture, kernels, &self.effort, self.max_scans, work)?;
                if self.allowance > 0.0 {
                    let most = Most::Bytes(bytes * (1.0 + self.allowance / 100.0));
                    Plan::Ways { ways: Ways::display(frame, has_chroma, most), otherwise: Some(scans) }
                } else {
                    Plan::Script(scans)
                }
            }
            (Mode::Display, _) => {
                Plan::Ways { ways: Ways::display(frame, has_chroma, Most::Usual(self.allowance)), otherwise: None }
            }
            (Mode::Fast | Mode::Small, _) => Plan::Ways { ways: Ways::few(frame, has_chroma), otherwise: None },
        };
        Ok((self.coding, plan))
    }
}
