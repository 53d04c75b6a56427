//! Scripts that do not depend on the AC coefficients.

use super::dc::interleaved;
use super::{Scan, ac};
use crate::jpeg::frame::Frame;

/// One sequential scan, or one for each component where an MCU of all would have too many blocks.
pub(crate) fn sequential(frame: &Frame) -> Vec<Scan> {
    interleaved(frame).into_iter().map(Scan::sequential).collect()
}

/// For coefficients that were chosen at the prices of scans at Al = 0: few, and most of them 1. Nothing is left to
/// refine; luma comes in the bands of those prices. DC coefficients come in the scans that are given.
pub(crate) fn sparse(frame: &Frame, dc: Vec<Scan>) -> Vec<Scan> {
    let luma = |c: usize| [ac(c, 1, 2, 0, 0), ac(c, 3, 9, 0, 0), ac(c, 10, 63, 0, 0)];
    let mut script = dc;
    if frame.components.len() == 3 {
        let (y, cb, cr) = (0, 1, 2);
        let [first, middle, last] = luma(y);
        script.extend([first, ac(cr, 1, 63, 0, 0), ac(cb, 1, 63, 0, 0), middle, last]);
        return script;
    }
    script.extend((0..frame.components.len()).flat_map(luma));
    script
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::frame::Component;
    use crate::jpeg::scan::progress::Progress;

    #[test]
    fn every_script_is_legal_and_complete() {
        for sampling in
            [&[(1, 1)][..], &[(1, 1), (1, 1)], &[(2, 2), (1, 1), (1, 1)], &[(4, 4), (2, 2), (1, 1)], &[(2, 1); 4]]
        {
            let components = sampling.iter().zip(1..).map(|(&(h, v), id)| Component::new(id, h, v, 0)).collect();
            let frame = Frame::new(100, 70, 8, components).unwrap();
            let mut progress = Progress::new(sampling.len());
            let dc = |components| Scan { components, start: 0, end: 0, high: 0, low: 0 };
            for scan in sparse(&frame, interleaved(&frame).into_iter().map(dc).collect()) {
                scan.check(&frame).unwrap();
                progress.apply(&scan).unwrap();
            }
            assert!(progress.is_complete());
            assert!(sequential(&frame).iter().all(|scan| scan.check_components(&frame).is_ok()));
        }
    }
}
