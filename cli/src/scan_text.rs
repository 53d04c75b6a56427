//! The scans of a JPEG in words, for `inspect` and `demo`.

use cosimg::jpeg::{Inspection, ScanInfo};

/// Names of the components of a scan: `Y Cb Cr`, or their ids where the frame is not an ordinary one.
pub(crate) fn components(inspection: &Inspection, scan: &ScanInfo) -> String {
    let names: Vec<_> = scan.components.iter().map(|&id| inspection.component_name(id)).collect();
    names.join(" ")
}

/// Which coefficients a scan carries.
pub(crate) fn band(scan: &ScanInfo) -> String {
    match (scan.spectral_start, scan.spectral_end) {
        (0, 0) => "DC".to_owned(),
        (0, 63) => "DC and AC".to_owned(),
        (start, end) if start == end => format!("AC {start}"),
        (start, end) => format!("AC {start}-{end}"),
    }
}

/// Which of their bits it carries (T.81 G.1.1.1.2).
pub(crate) fn bits(scan: &ScanInfo) -> String {
    match (scan.approximation_high, scan.approximation_low) {
        (0, 0) => "all bits".to_owned(),
        (0, low) => format!("down to bit {low}"),
        (_, low) => format!("adds bit {low}"),
    }
}
