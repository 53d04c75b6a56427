//! Scripts that are put together from known parts: a few ways to send DC, luma and chroma, each with what it is worth
//! to the eye while the file arrives. What is chosen is worth the most within a bound on the size.
//!
//! The bands of all ways are made together while the coefficients go by, so what a way takes is known exactly, and
//! those of the way that is chosen are there already.
//!
//! What is worth how much was measured on photographs that were cut short and shown by libjpeg-turbo: the gain in mean
//! SSIMULACRA2 over the logarithm of the bytes, every other part being the same.

use super::dc::{self, Differences};
use super::{Scan, ac};
use crate::jpeg::frame::Frame;

/// A band of a way: when it is sent, then Ss, Se, Ah, Al.
type Part = (u8, u8, u8, u8, u8);

/// A way to send the AC coefficients of a component: its worth, and its parts.
type Way = (f32, &'static [Part]);

/// When parts are sent. DC comes first: smoothing by the decoder begins when all components have it.
mod at {
    pub(super) const DC: u8 = 0;
    pub(super) const DC_CHROMA: u8 = 1;
    pub(super) const LUMA_LOW: u8 = 2;
    pub(super) const DC_REFINED: u8 = 3;
    pub(super) const LUMA_NEXT: u8 = 4;
    pub(super) const DC_FINER: u8 = 5;
    pub(super) const CHROMA_LOW: u8 = 6;
    pub(super) const LUMA_REST: u8 = 7;
    pub(super) const CHROMA_REST: u8 = 8;
    pub(super) const LUMA_REFINED: u8 = 9;
    pub(super) const DC_EXACT: u8 = 10;
    pub(super) const CHROMA_EXACT: u8 = 11;
    pub(super) const LUMA_EXACT: u8 = 12;
    pub(super) const CHROMA_LAST: u8 = 13;
}

/// The first is that of libjpeg's script, to whose size others are held.
const LUMA: &[Way] = &[
    (
        0.3,
        &[
            (at::LUMA_LOW, 1, 5, 0, 2),
            (at::LUMA_REST, 6, 63, 0, 2),
            (at::LUMA_REFINED, 1, 63, 2, 1),
            (at::LUMA_EXACT, 1, 63, 1, 0),
        ],
    ),
    (
        4.0,
        &[
            (at::LUMA_LOW, 1, 2, 0, 2),
            (at::LUMA_NEXT, 3, 5, 0, 2),
            (at::LUMA_REST, 6, 63, 0, 2),
            (at::LUMA_REFINED, 1, 63, 2, 1),
            (at::LUMA_EXACT, 1, 63, 1, 0),
        ],
    ),
];

/// Of one of two components.
const CHROMA: &[Way] = &[
    (0.2, &[(at::CHROMA_LOW, 1, 63, 0, 1), (at::CHROMA_EXACT, 1, 63, 1, 0)]),
    (0.5, &[(at::CHROMA_LOW, 1, 2, 0, 0), (at::CHROMA_REST, 3, 63, 0, 0)]),
];

/// Few scans, and small: chroma, which has few low bits to leave to later, comes whole.
const FEW_OF_LUMA: &[Way] = &[(
    0.0,
    &[
        (at::LUMA_LOW, 1, 8, 0, 2),
        (at::LUMA_REST, 9, 63, 0, 2),
        (at::LUMA_REFINED, 1, 63, 2, 1),
        (at::LUMA_EXACT, 1, 63, 1, 0),
    ],
)];
const FEW_OF_CHROMA: &[Way] = &[(0.0, &[(at::CHROMA_LOW, 1, 8, 0, 0), (at::CHROMA_LAST, 9, 63, 0, 0)])];

/// Ways to send DC: the worth, Al of luma and of chroma first, and whether all components are interleaved. The first is
/// that of libjpeg's script.
const DC: &[(f32, u8, u8, bool)] = &[
    (0.0, 1, 1, true),
    (10.7, 3, 2, false),
    (10.0, 3, 1, false),
    (9.3, 3, 0, false),
    (7.2, 2, 2, false),
    (6.6, 2, 1, false),
    (5.7, 2, 0, false),
    (4.3, 1, 1, false),
    (0.4, 0, 1, false),
    (0.0, 0, 0, false),
    (-3.0, 0, 0, true),
];
/// The same of a single component. What is worth how much is taken over from luma above, less than what chroma adds to
/// it; it was not measured on pictures in grey.
const DC_ALONE: &[(f32, u8)] = &[(0.0, 1), (6.0, 3), (3.0, 2), (-3.0, 0)];

/// How much more the scans of a component may take in a part of the picture before they are given up.
const LITTLE_MORE: f32 = 1.05;

/// What a percent of the size is worth.
const VALUE_OF_A_PERCENT: f32 = 1.5;

/// A bound on the size.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Most {
    /// Of the scans, in bytes.
    Bytes(f32),
    /// So many percent more than libjpeg's script takes.
    Usual(f32),
}

/// Ways to send the pictures of a frame.
#[derive(Debug)]
pub(crate) struct Ways {
    /// Scans of AC coefficients, each of which some way has; those of the usual ways come first.
    scans: Vec<Scan>,
    usual: usize,
    /// For each component, its ways.
    components: Vec<Vec<Ac>>,
    dc: Vec<Dc>,
    /// Whether a scan may have all components.
    may_interleave: bool,
    most: Option<Most>,
}

/// A way to send the AC coefficients of a component: scans, and when they are sent.
#[derive(Debug)]
struct Ac {
    value: f32,
    scans: Vec<(u8, usize)>,
}

impl Ac {
    /// What its scans take together, where they all are there.
    fn sum(&self, bytes: &[Option<f32>]) -> Option<f32> {
        self.scans.iter().map(|&(_, i)| bytes[i]).sum()
    }
}

/// A way to send the DC coefficients: components that go together, and the Al of their first scan.
#[derive(Debug)]
struct Dc {
    value: f32,
    groups: Vec<(Vec<usize>, u8)>,
}

/// A scan of the way that was chosen.
#[derive(Clone, Debug)]
pub(crate) enum Chosen {
    /// That of the number in [`Ways::scans`].
    Ac(usize),
    Dc(Scan),
}

impl Ways {
    /// Ways that show something early, within a bound. `has_chroma` says that there are three components, the second
    /// and third of chroma; without, only a picture of one component has a choice.
    pub(crate) fn display(frame: &Frame, has_chroma: bool, most: Most) -> Self {
        let luma = if has_chroma || frame.components.len() == 1 { LUMA } else { &LUMA[..1] };
        // What libjpeg's script takes has to be known where that is the bound: its way of chroma is made in any case,
        // and the other is worth less than the time.
        let chroma = if let Most::Usual(_) = most { &CHROMA[..1] } else { CHROMA };
        let groups = |low| dc::interleaved(frame).into_iter().map(|group| (group, low)).collect();
        let dc = if has_chroma && frame.may_interleave(&[1, 2]) {
            let way = |&(value, luma, chroma, interleaved)| {
                let groups = if interleaved { groups(luma) } else { vec![(vec![0], luma), (vec![1, 2], chroma)] };
                Dc { value, groups }
            };
            DC.iter().map(way).collect()
        } else {
            let ways = if frame.components.len() == 1 { DC_ALONE } else { &DC_ALONE[..1] };
            ways.iter().map(|&(value, low)| Dc { value, groups: groups(low) }).collect()
        };
        Self::new(frame, has_chroma, [luma, chroma], dc, Some(most))
    }

    /// Few scans, of which only those of DC are chosen: the smallest.
    pub(crate) fn few(frame: &Frame, has_chroma: bool) -> Self {
        let grouped = |groups: Vec<Vec<usize>>| groups.into_iter().map(|group| (group, 0)).collect();
        let dc = dc::groupings(frame).into_iter().map(|groups| Dc { value: 0.0, groups: grouped(groups) }).collect();
        Self::new(frame, has_chroma, [FEW_OF_LUMA, FEW_OF_CHROMA], dc, None)
    }

    fn new(frame: &Frame, has_chroma: bool, ways: [&[Way]; 2], dc: Vec<Dc>, most: Option<Most>) -> Self {
        let mut scans: Vec<Scan> = Vec::new();
        let mut components: Vec<_> = frame.components.iter().map(|_| Vec::new()).collect();
        let mut usual = 0;
        for n in 0..ways[0].len().max(ways[1].len()) {
            for (i, component) in components.iter_mut().enumerate() {
                let Some((value, parts)) = ways[usize::from(has_chroma && i > 0)].get(n) else { continue };
                let way = parts.iter().map(|&(at, start, end, high, low)| {
                    let scan = ac(i, start, end, high, low);
                    let known = scans.iter().position(|other| *other == scan);
                    (
                        at,
                        known.unwrap_or_else(|| {
                            scans.push(scan);
                            scans.len() - 1
                        }),
                    )
                });
                component.push(Ac { value: *value, scans: way.collect() });
            }
            usual = if n == 0 { scans.len() } else { usual };
        }
        let all: Vec<usize> = (0..frame.components.len()).collect();
        Self { scans, usual, components, dc, may_interleave: frame.may_interleave(&all), most }
    }

    /// All scans of AC coefficients that may be chosen. So many of the first are the usual ones, which there have to
    /// be.
    pub(crate) fn scans(&self) -> (&[Scan], usize) {
        (&self.scans, self.usual)
    }

    /// Whether there is a choice but for DC.
    pub(crate) fn is_choice_of_ac(&self) -> bool {
        self.components.iter().any(|ways| ways.len() > 1)
    }

    /// Whether some way leaves low bits of DC to later scans.
    pub(crate) fn refine_dc(&self) -> bool {
        self.dc.iter().flat_map(|way| &way.groups).any(|&(_, low)| low > 0)
    }

    /// The usual script.
    pub(crate) fn usual(&self) -> Vec<Scan> {
        let usual = self.components.iter().map(|ways| &ways[0]);
        self.script(self.in_order(&self.dc[0], usual))
    }

    /// What was chosen, as a script.
    pub(crate) fn script(&self, chosen: Vec<Chosen>) -> Vec<Scan> {
        let scan = |chosen| match chosen {
            Chosen::Ac(i) => self.scans[i].clone(),
            Chosen::Dc(scan) => scan,
        };
        chosen.into_iter().map(scan).collect()
    }

    /// Whether each scan of AC coefficients may still be chosen, by what a part of the picture takes in bits: those of
    /// the usual ways, and of ways that take little more than the best of their component.
    pub(crate) fn hopeful(&self, bits: &[Option<f32>]) -> Vec<bool> {
        let mut hopeful: Vec<bool> = (0..self.scans.len()).map(|i| i < self.usual).collect();
        for ways in &self.components {
            let sums: Vec<f32> = ways.iter().map(|way| way.sum(bits).unwrap_or(f32::INFINITY)).collect();
            let least = sums.iter().copied().fold(f32::INFINITY, f32::min);
            for (way, _) in ways.iter().zip(sums).filter(|&(_, sum)| sum <= least * LITTLE_MORE) {
                way.scans.iter().for_each(|&(_, i)| hopeful[i] = true);
            }
        }
        hopeful
    }

    /// The scans of the best way, in their order, if one is within the bound. `bytes` are what those of AC coefficients
    /// take, of those that there are, the usual ones among them.
    pub(crate) fn choose(&self, bytes: &[Option<f32>], dc: &Differences<'_>) -> Option<Vec<Chosen>> {
        // All ways of the first component with all of the second, and so on; the usual ones first.
        let mut combined: Vec<(f32, f32, Vec<&Ac>)> = vec![(0.0, 0.0, Vec::new())];
        for ways in &self.components {
            let ways: Vec<_> = ways.iter().filter_map(|way| Some((way.sum(bytes)?, way))).collect();
            let mut next = Vec::with_capacity(combined.len() * ways.len());
            for (bytes, value, before) in &combined {
                for &(more, way) in &ways {
                    let with = before.iter().copied().chain([way]).collect();
                    next.push((bytes + more, value + way.value, with));
                }
            }
            combined = next;
        }
        let dc: Vec<(f32, &Dc)> = self.dc.iter().map(|way| (self.dc_bytes(way, dc), way)).collect();
        let usual = combined[0].0 + dc[0].0;
        let (most, value_of_a_byte) = match self.most {
            // Nothing is worth more bytes.
            None => (f32::INFINITY, 1.0),
            Some(Most::Bytes(bytes)) => (bytes, VALUE_OF_A_PERCENT * 100.0 / bytes),
            Some(Most::Usual(percent)) => (usual * (1.0 + percent / 100.0), VALUE_OF_A_PERCENT * 100.0 / usual),
        };
        let mut best: Option<(f32, &Dc, &[&Ac])> = None;
        for (dc_bytes, dc) in dc {
            for (bytes, value, ways) in &combined {
                let bytes = bytes + dc_bytes;
                let worth = value + dc.value - value_of_a_byte * bytes;
                if bytes <= most && best.is_none_or(|(best, ..)| worth > best) {
                    best = Some((worth, dc, ways));
                }
            }
        }
        best.map(|(_, dc, ways)| self.in_order(dc, ways.iter().copied()))
    }

    fn in_order<'a>(&self, dc: &Dc, ways: impl Iterator<Item = &'a Ac>) -> Vec<Chosen> {
        let mut scans: Vec<_> =
            self.dc_scans(dc).into_iter().map(|(at, scan)| (at, scan.components[0], Chosen::Dc(scan))).collect();
        for &(at, i) in ways.flat_map(|way| &way.scans) {
            scans.push((at, self.scans[i].components[0], Chosen::Ac(i)));
        }
        scans.sort_by_key(|&(at, component, _)| (at, component));
        scans.into_iter().map(|(_, _, chosen)| chosen).collect()
    }

    fn dc_bytes(&self, way: &Dc, differences: &Differences<'_>) -> f32 {
        let bytes = |(_, scan): &(u8, Scan)| match scan.high {
            0 => differences.first(&scan.components, scan.low),
            _ => differences.refinement(&scan.components, scan.low),
        };
        self.dc_scans(way).iter().map(bytes).sum()
    }

    /// The scans of a way to send DC, and when they are sent.
    fn dc_scans(&self, way: &Dc) -> Vec<(u8, Scan)> {
        let scan =
            |components: &[usize], high, low| Scan { components: components.to_vec(), start: 0, end: 0, high, low };
        let mut scans = Vec::new();
        for (i, (group, first)) in way.groups.iter().enumerate() {
            scans.push((if i == 0 { at::DC } else { at::DC_CHROMA }, scan(group, 0, *first)));
            for low in (1..*first).rev() {
                scans.push((if low == 2 { at::DC_REFINED } else { at::DC_FINER }, scan(group, low + 1, low)));
            }
        }
        // The last bits come together where they can.
        let all: Vec<usize> = (0..self.components.len()).collect();
        let together = way.groups.iter().all(|&(_, low)| low > 0) && self.may_interleave;
        if together {
            scans.push((at::DC_EXACT, scan(&all, 1, 0)));
        } else {
            let left = way.groups.iter().filter(|&&(_, low)| low > 0);
            scans.extend(left.map(|(group, _)| (at::DC_EXACT, scan(group, 1, 0))));
        }
        scans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::frame::Component;
    use crate::jpeg::scan::dc::DcRows;
    use crate::jpeg::scan::progress::Progress;
    use crate::jpeg::simd::Scalar;
    use crate::jpeg::threads;

    fn frame(sampling: &[(u8, u8)]) -> Frame {
        let components = sampling.iter().zip(1..).map(|(&(h, v), id)| Component::new(id, h, v, 0)).collect();
        Frame::new(100, 70, 8, components).unwrap()
    }

    /// DC coefficients of all rows of a frame.
    fn dc(frame: &Frame) -> DcRows {
        let mut rows = DcRows::default();
        for (i, component) in frame.components.iter().enumerate() {
            for y in 0..component.blocks_high {
                rows.push(i, (0..component.blocks_wide).map(|x| (x * y % 90) as i16));
            }
        }
        rows
    }

    #[test]
    fn whatever_is_chosen_is_legal_and_complete() {
        let mut state = 1u32;
        for sampling in [
            &[(1, 1)][..],
            &[(1, 1), (1, 1)],
            &[(2, 2), (1, 1), (1, 1)],
            &[(1, 1); 3],
            &[(4, 4), (2, 2), (1, 1)],
            &[(2, 1); 4],
        ] {
            let frame = frame(sampling);
            let (rows, has_chroma) = (dc(&frame), sampling.len() == 3);
            let differences = Differences::new(Scalar, &frame, &rows, true, &threads::ALONE);
            for most in [None, Some(Most::Usual(0.0)), Some(Most::Usual(5.0)), Some(Most::Bytes(20_000.0))] {
                let ways =
                    most.map_or_else(|| Ways::few(&frame, has_chroma), |most| Ways::display(&frame, has_chroma, most));
                let (scans, usual) = ways.scans();
                for _ in 0..30 {
                    let bytes: Vec<Option<f32>> = scans
                        .iter()
                        .map(|_| {
                            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                            Some((state >> 22) as f32)
                        })
                        .collect();
                    let hopeful = ways.hopeful(&bytes);
                    let known = |i: usize| if hopeful[i] { bytes[i] } else { None };
                    let some: Vec<_> = (0..scans.len()).map(known).collect();
                    assert!(some[..usual].iter().all(Option::is_some));
                    for bytes in [&bytes, &some] {
                        let chosen = ways.choose(bytes, &differences).unwrap();
                        for script in [ways.script(chosen), ways.usual()] {
                            let mut progress = Progress::new(sampling.len());
                            for scan in script {
                                scan.check(&frame).unwrap();
                                progress.apply(&scan).unwrap();
                            }
                            assert!(progress.is_complete());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_bound_is_kept_and_what_is_seen_earlier_is_worth_little_more() {
        let frame = frame(&[(2, 2), (1, 1), (1, 1)]);
        let rows = dc(&frame);
        let differences = Differences::new(Scalar, &frame, &rows, true, &threads::ALONE);
        // With what the two low bands of luma take beside the one of the usual way.
        let choose = |most, more: f32| {
            let ways = Ways::display(&frame, true, most);
            let bytes = |scan: &Scan| match (scan.components[0], scan.start, scan.end) {
                (0, 1, 5) => Some(2000.0),
                (0, 1, 2) => Some(1000.0),
                (0, 3, 5) => Some(1000.0 + more),
                _ => Some(5000.0),
            };
            let bytes: Vec<_> = ways.scans().0.iter().map(bytes).collect();
            ways.choose(&bytes, &differences).map(|chosen| ways.script(chosen))
        };
        let split = |script: &Option<Vec<Scan>>| script.as_ref().is_some_and(|s| s.contains(&ac(0, 1, 2, 0, 2)));
        assert!(split(&choose(Most::Usual(0.0), -300.0)));
        assert!(split(&choose(Most::Usual(10.0), 300.0)));
        assert!(!split(&choose(Most::Usual(0.0), 2000.0)));
        assert!(!split(&choose(Most::Usual(30.0), 3000.0)));
        assert_eq!(choose(Most::Bytes(100.0), 0.0), None);
    }
}
