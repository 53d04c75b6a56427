//! Restart intervals: how often an encoder begins anew, and where in a scan that is.

use crate::error::Result;
use crate::jpeg::frame::Frame;
use crate::jpeg::marker::DRI;
use crate::jpeg::scan::Scan;
use crate::jpeg::segment::write_segment;

/// Bytes of a restart marker and of the padding before it on average.
pub(crate) const MARKER: f32 = 2.5;

/// How much of a picture lies between two restart markers (T.81 E.1.4), so that damage costs that much and no more, and
/// decoders may work on several intervals at once. An interval takes up to three bytes in every scan, and what symbols
/// cost more that no longer follow from those before. The coefficients are the same.
///
/// In a progressive file each scan has its own intervals; a scan of one component counts its blocks where others count
/// MCUs of several (T.81 A.2.2). 0 of either unit is no interval, as at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RestartInterval {
    /// So many MCUs of every scan, as `cjpeg -restart NB` has it. One DRI segment stands for all scans.
    Mcus(u16),
    /// So many rows of the MCUs that the frame has: the same part of the picture in each scan, whatever its components
    /// are, with a DRI segment before each scan that needs another number of MCUs for it. It is as many whole rows as
    /// 65,535 MCUs hold where those are fewer.
    Rows(u16),
}

impl RestartInterval {
    /// MCUs of an interval of a scan, at most 65,535; 0 for none.
    fn mcus(self, frame: &Frame, components: &[usize]) -> u16 {
        match self {
            Self::Mcus(mcus) => mcus,
            Self::Rows(rows) => {
                let row = match *components {
                    // At most 8192 blocks and 4 rows of them.
                    [i] => frame.components[i].blocks_wide * frame.components[i].vertical,
                    _ => frame.mcus_wide,
                };
                let fit = u32::from(u16::MAX) / row.max(1);
                (u32::from(rows).min(fit) * row) as u16
            }
        }
    }

    /// Bytes of the restart markers of a scan, on average.
    pub(crate) fn bytes(self, frame: &Frame, components: &[usize]) -> f32 {
        let mcus = match *components {
            [i] => frame.components[i].blocks(),
            _ => u64::from(frame.mcus_wide) * u64::from(frame.mcus_high),
        };
        match self.mcus(frame, components) {
            0 => 0.0,
            interval => mcus.saturating_sub(1) as f32 / f32::from(interval) * MARKER,
        }
    }
}

impl Default for RestartInterval {
    fn default() -> Self {
        Self::Mcus(0)
    }
}

/// The restart interval of a scan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interval {
    mcus: u16,
    /// Whether it is that of the scan before.
    is_known: bool,
}

impl Interval {
    /// Of a scan that may come after any other.
    pub(crate) fn new(interval: RestartInterval, frame: &Frame, scan: &Scan) -> Self {
        Self { mcus: interval.mcus(frame, &scan.components), is_known: false }
    }

    /// Those of all scans of a file.
    pub(crate) fn of_scans(interval: RestartInterval, frame: &Frame, scans: &[Scan]) -> Vec<Self> {
        let mut intervals: Vec<_> = scans.iter().map(|scan| Self::new(interval, frame, scan)).collect();
        Self::put_in_order(intervals.iter_mut());
        intervals
    }

    /// Tells those of all scans of a file, in their order, which of them are known.
    pub(crate) fn put_in_order<'a>(intervals: impl Iterator<Item = &'a mut Self>) {
        let mut before = 0;
        for interval in intervals {
            interval.is_known = std::mem::replace(&mut before, interval.mcus) == interval.mcus;
        }
    }

    /// The DRI segment of the scan, where it needs one.
    pub(crate) fn write(self, out: &mut Vec<u8>) -> Result<()> {
        if self.is_known { Ok(()) } else { write_segment(DRI, &self.mcus.to_be_bytes(), out) }
    }
}

/// Counts the MCUs of a scan down to the end of each interval.
#[derive(Debug)]
pub(crate) struct Countdown {
    /// 0 for none.
    interval: usize,
    left: usize,
}

impl Countdown {
    /// From the MCU on that so many come before.
    pub(crate) fn new(interval: Interval, before: u64) -> Self {
        let interval = usize::from(interval.mcus);
        let begun = if interval == 0 { 0 } else { before % interval as u64 };
        Self { interval, left: interval - begun as usize }
    }

    /// Whether an interval begins with the next MCU.
    pub(crate) fn is_at_start(&self) -> bool {
        self.left == self.interval && self.interval > 0
    }

    /// How many of the next MCUs belong to the same interval.
    #[inline(always)]
    pub(crate) fn within(&self, mcus: usize) -> usize {
        if self.interval == 0 { mcus } else { mcus.min(self.left) }
    }

    /// Passes MCUs of one interval. Whether it has ended with them.
    #[inline(always)]
    pub(crate) fn pass(&mut self, mcus: usize) -> bool {
        if self.interval == 0 {
            return false;
        }
        self.left -= mcus;
        let has_ended = self.left == 0;
        if has_ended {
            self.left = self.interval;
        }
        has_ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::frame::Component;

    #[test]
    fn rows_are_the_same_part_of_the_picture_in_each_scan() {
        let components = [(2, 2), (1, 1), (1, 1)].iter().zip(1..).map(|(&(h, v), id)| Component::new(id, h, v, 0));
        let frame = Frame::new(100, 50, 8, components.collect()).unwrap();
        let mcus = |rows, components: &[usize]| RestartInterval::Rows(rows).mcus(&frame, components);
        assert_eq!((mcus(3, &[0, 1, 2]), mcus(3, &[0]), mcus(3, &[1]), mcus(0, &[0])), (21, 78, 21, 0));
        assert_eq!((mcus(u16::MAX, &[0]), mcus(u16::MAX, &[1, 2])), (65_520, 65_534));
    }

    #[test]
    fn the_widest_row_fits() {
        let components = vec![Component::new(1, 1, 4, 0), Component::new(2, 1, 1, 0)];
        let frame = Frame::new(65_535, 8, 8, components).unwrap();
        assert_eq!(RestartInterval::Rows(9).mcus(&frame, &[0]), 32_768);
    }
}
