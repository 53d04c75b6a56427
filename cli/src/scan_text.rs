//! The scans of a JPEG in words, for `inspect` and `demo`.

use cosimg::jpeg::{Inspection, ScanInfo};

/// Names of the components of a scan: `Y Cb Cr`, or their ids where the frame is not an ordinary one.
pub(crate) fn components(inspection: &Inspection, scan: &ScanInfo) -> String {
    let names: Vec<_> = scan.components.iter().map(|&id| component(inspection, id)).collect();
    names.join(" ")
}

/// Name of a component by its place in the frame. JFIF says what one and three components are; four may be CMYK or
/// YCCK, so they keep their ids.
pub(crate) fn component(inspection: &Inspection, id: u8) -> String {
    let ids: Vec<u8> = inspection.components.iter().map(|c| c.id).collect();
    let names: &[&str] = match ids.as_slice() {
        [_] => &["Y"],
        [b'R', b'G', b'B'] => &["R", "G", "B"],
        [_, _, _] => &["Y", "Cb", "Cr"],
        _ => &[],
    };
    let place = ids.iter().position(|&other| other == id);
    match place.and_then(|i| names.get(i)) {
        Some(name) => (*name).to_owned(),
        None => format!("#{id}"),
    }
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
