//! Scripts that do not depend on the coefficients.

use super::Scan;
use crate::jpeg::Mode;
use crate::jpeg::frame::Frame;

/// One sequential scan, or one for each component where an MCU of all would have too many blocks.
pub(crate) fn sequential(frame: &Frame) -> Vec<Scan> {
    interleaved(frame).into_iter().map(Scan::sequential).collect()
}

/// A progressive script. Of a picture without chroma each component has the scans of luma.
/// `data` is how many bytes the picture took in its source, where there was one.
pub(crate) fn progressive(frame: &Frame, has_chroma: bool, mode: Mode, data: Option<u64>) -> Vec<Scan> {
    match mode {
        Mode::Display => display(frame, has_chroma),
        Mode::Fast | Mode::Small => fast(frame, has_chroma, data),
    }
}

/// The script that libjpeg made the common one: DC and a few luma coefficients first, chroma before the rest of luma,
/// every band first without its low bits. Ten scans for three components.
fn display(frame: &Frame, has_chroma: bool) -> Vec<Scan> {
    let mut script = dc(frame, 0, 1);
    if has_chroma {
        let (y, cb, cr) = (0, 1, 2);
        script.extend([ac(y, 1, 5, 0, 2), ac(cr, 1, 63, 0, 1), ac(cb, 1, 63, 0, 1), ac(y, 6, 63, 0, 2)]);
        script.push(ac(y, 1, 63, 2, 1));
        script.extend(dc(frame, 1, 0));
        script.extend([ac(cr, 1, 63, 1, 0), ac(cb, 1, 63, 1, 0), ac(y, 1, 63, 1, 0)]);
        return script;
    }
    let all = 0..frame.components.len();
    script.extend(all.clone().map(|c| ac(c, 1, 5, 0, 2)));
    script.extend(all.clone().map(|c| ac(c, 6, 63, 0, 2)));
    script.extend(all.clone().map(|c| ac(c, 1, 63, 2, 1)));
    script.extend(dc(frame, 1, 0));
    script.extend(all.map(|c| ac(c, 1, 63, 1, 0)));
    script
}

/// Few scans, and small: chroma, which has few low bits to leave to later, comes whole.
fn fast(frame: &Frame, has_chroma: bool, data: Option<u64>) -> Vec<Scan> {
    let mut script = if has_chroma && is_smaller_apart(frame, data) {
        [vec![0], vec![1, 2]].map(|components| Scan { components, start: 0, end: 0, high: 0, low: 0 }).to_vec()
    } else {
        dc(frame, 0, 0)
    };
    let luma = |c: usize| [ac(c, 9, 63, 0, 2), ac(c, 1, 63, 2, 1), ac(c, 1, 63, 1, 0)];
    if has_chroma {
        let (y, cb, cr) = (0, 1, 2);
        script.extend([ac(y, 1, 8, 0, 2), ac(cb, 1, 8, 0, 0), ac(cr, 1, 8, 0, 0)]);
        script.extend(luma(y));
        script.extend([ac(cb, 9, 63, 0, 0), ac(cr, 9, 63, 0, 0)]);
        return script;
    }
    let all = 0..frame.components.len();
    script.extend(all.clone().map(|c| ac(c, 1, 8, 0, 2)));
    script.extend(all.flat_map(luma));
    script
}

/// For coefficients that were chosen at the prices of scans at Al = 0: few, and most of them 1. Nothing is left to
/// refine; luma comes in the bands of those prices.
pub(crate) fn sparse(frame: &Frame) -> Vec<Scan> {
    let mut script = dc(frame, 0, 0);
    let luma = |c: usize| [ac(c, 1, 2, 0, 0), ac(c, 3, 9, 0, 0), ac(c, 10, 63, 0, 0)];
    if frame.components.len() == 3 {
        let (y, cb, cr) = (0, 1, 2);
        let [first, middle, last] = luma(y);
        script.extend([
            first,
            ac(cr, 1, 2, 0, 0),
            ac(cb, 1, 2, 0, 0),
            middle,
            ac(cr, 3, 63, 0, 0),
            ac(cb, 3, 63, 0, 0),
            last,
        ]);
        return script;
    }
    script.extend((0..frame.components.len()).flat_map(luma));
    script
}

/// Whether DC coefficients of luma are the smaller in rows, and not in the order of MCUs of more than one row, where
/// every second step is not to a neighbour. In pictures with next to nothing in them it is rather the other way.
fn is_smaller_apart(frame: &Frame, data: Option<u64>) -> bool {
    const BYTES_OF_A_BLOCK: u64 = 2;
    let is_tall = frame.components[0].vertical > 1 && frame.components[1..].iter().all(|c| c.vertical == 1);
    is_tall && frame.may_interleave(&[1, 2]) && data.is_some_and(|data| data >= BYTES_OF_A_BLOCK * frame.blocks())
}

fn dc(frame: &Frame, high: u8, low: u8) -> Vec<Scan> {
    interleaved(frame).into_iter().map(|components| Scan { components, start: 0, end: 0, high, low }).collect()
}

fn ac(component: usize, start: u8, end: u8, high: u8, low: u8) -> Scan {
    Scan { components: vec![component], start, end, high, low }
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
            for mode in [Mode::Fast, Mode::Display] {
                let mut progress = Progress::new(sampling.len());
                for scan in progressive(&frame, sampling.len() == 3, mode, Some(1 << 20)) {
                    scan.check(&frame).unwrap();
                    progress.apply(&scan).unwrap();
                }
                assert!(progress.is_complete());
            }
            assert!(sequential(&frame).iter().all(|scan| scan.check_components(&frame).is_ok()));
        }
    }
}
