//! Scan scripts: the scans of a file in their order.

use super::Scan;
use crate::jpeg::frame::Frame;

/// One sequential scan, or one for each component where an MCU of all would have too many blocks.
pub(crate) fn sequential(frame: &Frame) -> Vec<Scan> {
    interleaved(frame).into_iter().map(Scan::sequential).collect()
}

/// The script that libjpeg made the common one: DC and a few luma coefficients first, chroma before the rest of luma,
/// every band first without its low bits. Ten scans for three components.
pub(crate) fn progressive(frame: &Frame) -> Vec<Scan> {
    let ac = |component: usize, start: u8, end: u8, high: u8, low: u8| Scan {
        components: vec![component],
        start,
        end,
        high,
        low,
    };
    let dc = |high: u8, low: u8| {
        interleaved(frame).into_iter().map(move |components| Scan { components, start: 0, end: 0, high, low })
    };
    let mut script: Vec<Scan> = dc(0, 1).collect();
    if frame.components.len() == 3 {
        let (y, cb, cr) = (0, 1, 2);
        script.extend([ac(y, 1, 5, 0, 2), ac(cr, 1, 63, 0, 1), ac(cb, 1, 63, 0, 1), ac(y, 6, 63, 0, 2)]);
        script.push(ac(y, 1, 63, 2, 1));
        script.extend(dc(1, 0));
        script.extend([ac(cr, 1, 63, 1, 0), ac(cb, 1, 63, 1, 0), ac(y, 1, 63, 1, 0)]);
        return script;
    }
    let all = 0..frame.components.len();
    script.extend(all.clone().map(|c| ac(c, 1, 5, 0, 2)));
    script.extend(all.clone().map(|c| ac(c, 6, 63, 0, 2)));
    script.extend(all.clone().map(|c| ac(c, 1, 63, 2, 1)));
    script.extend(dc(1, 0));
    script.extend(all.map(|c| ac(c, 1, 63, 1, 0)));
    script
}

/// The components of interleaved scans: all in one where an MCU can hold them, else each alone.
fn interleaved(frame: &Frame) -> Vec<Vec<usize>> {
    let all: Vec<usize> = (0..frame.components.len()).collect();
    if frame.may_interleave(&all) { vec![all] } else { all.into_iter().map(|c| vec![c]).collect() }
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
            for scan in progressive(&frame) {
                scan.check(&frame).unwrap();
                progress.apply(&scan).unwrap();
            }
            assert!(progress.is_complete());
            assert!(sequential(&frame).iter().all(|scan| scan.check_components(&frame).is_ok()));
        }
    }
}
