//! The flags that choose the scans of a progressive file.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use cosimg::jpeg::{Mode, Script, Transcoder};

use crate::failure::{Failure, Outcome};
use crate::output;

/// Bytes of a script at most: more than any that fits the limit on scans.
const MOST_SCRIPT: u64 = 1 << 20;

/// Flags that a script leaves nothing to.
const INSTEAD_OF_SCANS: [&str; 7] =
    ["mode", "effort", "max_scans", "display_allowance", "progressive", "baseline", "smaller"];

#[derive(Debug, Args)]
pub(crate) struct ScanFlags {
    /// What the scans of a progressive file are chosen for
    #[arg(long, value_enum, default_value_t = ModeName::Display, conflicts_with = "baseline")]
    mode: ModeName,
    /// How long the small mode searches, 1 to 9 [default: 5]
    #[arg(long, value_name = "N", conflicts_with = "baseline", value_parser = clap::value_parser!(u8).range(1..=9))]
    effort: Option<u8>,
    /// Scans of the small mode at most, 8 to 100 [default: 16, and 60 at effort 9]
    #[arg(long, value_name = "N", conflicts_with = "baseline", value_parser = clap::value_parser!(u8).range(8..=100))]
    max_scans: Option<u8>,
    /// How many percent larger a file may be if more is seen of it early, in the modes display and small
    /// [default: 0]
    #[arg(long, value_name = "PERCENT", conflicts_with = "baseline")]
    display_allowance: Option<f32>,
    /// The scans themselves, in the syntax of cjpeg -scans, in place of a mode
    #[arg(long, value_name = "FILE", conflicts_with_all = INSTEAD_OF_SCANS)]
    scans: Option<PathBuf>,
}

impl ScanFlags {
    /// Usage errors where a flag is out of range or has no effect in the mode, and where the script is of no use.
    pub(crate) fn apply(&self, transcoder: Transcoder) -> Outcome<Transcoder> {
        let about_flag = |flag| move |error: cosimg::Error| Failure::about(flag, &error);
        let (small, fast) = (matches!(self.mode, ModeName::Small), matches!(self.mode, ModeName::Fast));
        for (flag, given, heeded, modes) in [
            ("--effort", self.effort.is_some(), small, "small"),
            ("--max-scans", self.max_scans.is_some(), small, "small"),
            ("--display-allowance", self.display_allowance.is_some(), !fast, "display or small"),
        ] {
            if given && !heeded {
                return Err(Failure::usage(format_args!("{flag} is for --mode {modes}")));
            }
        }
        let mut transcoder = transcoder.mode(self.mode.into());
        if let Some(effort) = self.effort {
            transcoder = transcoder.effort(effort).map_err(about_flag("--effort"))?;
        }
        if let Some(most) = self.max_scans {
            transcoder = transcoder.max_scans(most).map_err(about_flag("--max-scans"))?;
        }
        if let Some(percent) = self.display_allowance {
            transcoder = transcoder.display_allowance(percent).map_err(about_flag("--display-allowance"))?;
        }
        match &self.scans {
            Some(path) => Ok(transcoder.scans(script(path)?)),
            None => Ok(transcoder),
        }
    }
}

/// The script in a file. Usage errors where it cannot be read or is none.
pub(crate) fn script(path: &Path) -> Outcome<Script> {
    let text = output::read(path, MOST_SCRIPT).map_err(Failure::into_usage)?;
    let text = str::from_utf8(&text).map_err(|_| Failure::usage(format_args!("{}: not text", path.display())))?;
    text.parse().map_err(|e| Failure::about(path.display(), &e))
}

/// [`Mode`] by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ModeName {
    /// What is shown after the first bytes
    Display,
    /// A small file for little work
    Fast,
    /// The smallest file that a search finds
    Small,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Display => Self::Display,
            ModeName::Fast => Self::Fast,
            ModeName::Small => Self::Small,
        }
    }
}
