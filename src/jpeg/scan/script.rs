//! The scans of a file as a caller writes them.

use std::fmt;
use std::str::FromStr;

use super::progress::Progress;
use super::{Scan, text};
use crate::error::{Error, Result};
use crate::jpeg::frame::Frame;
use crate::jpeg::{Coding, Inspection};
use crate::limits::Limits;

/// The scans of a file in their order. In text, by [`FromStr`] and [`fmt::Display`], a script is what `cjpeg -scans`
/// takes: for each scan its components by their place in the frame, counted from 0, then `: Ss-Se, Ah, Al;`; a scan
/// without the part after the colon is sequential, and `#` begins a comment.
///
/// Whether a script fits a file is known when it is used: a script of progressive scans has to send every coefficient
/// of every component with all its bits, a sequential one every component once.
///
/// ```
/// # fn main() -> cosimg::Result<()> {
/// let script: cosimg::jpeg::Script = "0 1 2: 0-0, 0, 1; 0: 1-63, 0, 0 # and so on".parse()?;
/// assert_eq!(script.to_string(), "0 1 2: 0-0, 0, 1;\n0: 1-63, 0, 0;\n");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script(Vec<Scan>);

impl Script {
    /// The scans that a file has, so that another may be laid out in the same way.
    ///
    /// ```
    /// # fn main() -> cosimg::Result<()> {
    /// # let image = cosimg::jpeg::Image::new(&[128; 3], 1, 1, cosimg::jpeg::PixelFormat::Rgb8)?;
    /// # let file = cosimg::jpeg::Encoder::default().encode(&image)?;
    /// let inspection = cosimg::jpeg::inspect(&file, &cosimg::Limits::default())?;
    /// let script = cosimg::jpeg::Script::of(&inspection);
    /// assert_eq!(cosimg::jpeg::Transcoder::new().scans(script).run(&file)?, file);
    /// # Ok(())
    /// # }
    /// ```
    pub fn of(inspection: &Inspection) -> Self {
        let place = |id: &u8| inspection.components.iter().position(|component| component.id == *id);
        let scans = inspection.scans.iter().map(|scan| Scan {
            components: scan.components.iter().filter_map(place).collect(),
            start: scan.spectral_start,
            end: scan.spectral_end,
            high: scan.approximation_high,
            low: scan.approximation_low,
        });
        Self(scans.collect())
    }

    /// How many scans there are.
    pub fn scans(&self) -> usize {
        self.0.len()
    }

    /// Whether the scans make a sequential file (SOF0 or SOF1) or a progressive one (SOF2).
    pub fn coding(&self) -> Coding {
        let is_sequential = |scan: &Scan| *scan == Scan::sequential(scan.components.clone());
        if self.0.iter().all(is_sequential) { Coding::Baseline } else { Coding::Progressive }
    }

    /// The scans, once they are shown to make a whole file of this frame (T.81 B.2.3, G.1.1.1).
    ///
    /// # Errors
    /// `Usage`, with the number of the scan; `Limit` where they are too many, or too much work.
    pub(crate) fn for_frame(&self, frame: &Frame, limits: &Limits) -> Result<&[Scan]> {
        self.check_work(frame, limits)?;
        if self.coding() == Coding::Baseline {
            self.check_sequential(frame)?;
        } else {
            self.check_progressive(frame)?;
        }
        Ok(&self.0)
    }

    /// Every scan is within the frame, and all of them within the limits.
    fn check_work(&self, frame: &Frame, limits: &Limits) -> Result<()> {
        let components = frame.components.len();
        if self.0.len() as u64 > u64::from(limits.scans) {
            let message = format!("a script of {} scans is over the limit of {}", self.0.len(), limits.scans);
            return Err(Error::limit("scans", message));
        }
        for (number, scan) in (1..).zip(&self.0) {
            if let Some(component) = scan.components.iter().find(|&&c| c >= components) {
                let message = format!("component {component} is none of the {components} of the frame");
                return Err(wrong(number, &message, "components"));
            }
        }
        let visits: u64 = self.0.iter().map(|scan| scan.blocks(frame)).sum();
        if visits > limits.block_visits {
            let message = format!("the script visits {visits} blocks, over the limit of {}", limits.block_visits);
            return Err(Error::limit("block_visits", message));
        }
        Ok(())
    }

    fn check_sequential(&self, frame: &Frame) -> Result<()> {
        let mut times = vec![0; frame.components.len()];
        for (number, scan) in (1..).zip(&self.0) {
            scan.check_components(frame).map_err(|e| wrong(number, e.message(), "components"))?;
            scan.components.iter().for_each(|&c| times[c] += 1);
        }
        match times.iter().position(|&n| n != 1) {
            Some(c) if times[c] == 0 => Err(missing(c)),
            Some(c) => Err(Error::usage(format!("the script sends component {c} twice")).field_named("components")),
            None => Ok(()),
        }
    }

    fn check_progressive(&self, frame: &Frame) -> Result<()> {
        let mut progress = Progress::new(frame.components.len());
        for (number, scan) in (1..).zip(&self.0) {
            scan.check(frame).map_err(|e| wrong(number, e.message(), "scans"))?;
            if scan.start > 0 && !progress.is_known(scan.components[0], 0) {
                // A decoder may not show AC coefficients before there is DC, and libjpeg warns of it (T.81 G.1.1.1.1).
                let message = "AC coefficients come before the DC coefficients of their component";
                return Err(wrong(number, message, "Ss"));
            }
            if scan.high == 0 && (scan.start..=scan.end).any(|k| progress.is_known(scan.components[0], k)) {
                return Err(wrong(number, "a first scan sends coefficients again", "Ah"));
            }
            progress.apply(scan).map_err(|e| wrong(number, e.message(), "Ah"))?;
        }
        match progress.first_inexact() {
            Some((component, 0)) if !progress.is_known(component, 0) => Err(missing(component)),
            Some((component, k)) => {
                let message = format!("the script does not send all bits of coefficient {k} of component {component}");
                Err(Error::usage(message).field_named("scans"))
            }
            None => Ok(()),
        }
    }
}

fn wrong(number: usize, what: &str, field: &'static str) -> Error {
    Error::usage(format!("scan {number} of the script: {what}")).field_named(field)
}

fn missing(component: usize) -> Error {
    Error::usage(format!("the script does not send component {component}")).field_named("components")
}

impl FromStr for Script {
    type Err = Error;

    /// # Errors
    /// `Usage`, with the line, and the field of the scan as field.
    fn from_str(text: &str) -> Result<Self> {
        text::parse(text).map(Self)
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_sequential = self.coding() == Coding::Baseline;
        for scan in &self.0 {
            let components: Vec<_> = scan.components.iter().map(usize::to_string).collect();
            f.write_str(&components.join(" "))?;
            if !is_sequential {
                write!(f, ": {}-{}, {}, {}", scan.start, scan.end, scan.high, scan.low)?;
            }
            f.write_str(";\n")?;
        }
        Ok(())
    }
}
