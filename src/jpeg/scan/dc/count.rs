//! How many differences of DC coefficients have each size.

use super::{Counts, DcRows, LOWS};
use crate::jpeg::frame::Frame;

/// The counts of a component at each Al below `N`, alone or in the order of MCUs, padding included.
#[inline(always)]
pub(super) fn count<const N: usize>(frame: &Frame, rows: &DcRows, i: usize, in_mcus: bool) -> [Counts; LOWS] {
    let mut count = Count::<N>::new();
    if !in_mcus {
        count.add(&rows.values[i]);
        return count.all();
    }
    let mut in_order = Vec::new();
    for y in 0..rows.mcu_rows(frame) {
        if in_order.len() >= IN_ORDER {
            count.add(&in_order);
            in_order.clear();
        }
        rows.in_mcu_order(frame, i, y, &mut in_order);
    }
    count.add(&in_order);
    count.all()
}

/// Differences from value to value, at each Al below `N`.
#[derive(Debug)]
struct Count<const N: usize> {
    last: i16,
    values: u32,
    /// By size: those that have at least that many bits.
    at_least: [Counts; N],
}

/// Values that are looked at once for each size, which is done for many of them at a time.
const AT_ONCE: usize = 1024;
/// Values that are put in order before they are counted, at least: they stay in the first cache.
const IN_ORDER: usize = 4 * AT_ONCE;

impl<const N: usize> Count<N> {
    fn new() -> Self {
        Self { last: 0, values: 0, at_least: [[0; 17]; N] }
    }

    #[inline(always)]
    fn add(&mut self, values: &[i16]) {
        let mut magnitudes = [0; AT_ONCE];
        for values in values.chunks(AT_ONCE) {
            let magnitudes = &mut magnitudes[..values.len()];
            for (low, at_least) in self.at_least.iter_mut().enumerate() {
                magnitudes[0] = (values[0] >> low).abs_diff(self.last >> low);
                for (magnitude, pair) in magnitudes[1..].iter_mut().zip(values.windows(2)) {
                    *magnitude = (pair[1] >> low).abs_diff(pair[0] >> low);
                }
                for (size, at_least) in (1..).zip(&mut at_least[1..]) {
                    let least = 1 << (size - 1);
                    let count = magnitudes.iter().fold(0_u16, |n, &magnitude| n + u16::from(magnitude >= least));
                    *at_least += u32::from(count);
                    if count == 0 {
                        break;
                    }
                }
            }
            self.values += values.len() as u32;
            self.last = values[values.len() - 1];
        }
    }

    /// The counts of each size, none at the Al that were not looked at. A size of 16 fits no scan; the file is refused
    /// when it is written.
    fn all(&self) -> [Counts; LOWS] {
        let mut all = [[0; 17]; LOWS];
        for (counts, at_least) in all.iter_mut().zip(&self.at_least) {
            let at_least = |size: usize| if size == 0 { self.values } else { at_least.get(size).copied().unwrap_or(0) };
            *counts = std::array::from_fn(|size| at_least(size) - at_least(size + 1));
        }
        all
    }
}
