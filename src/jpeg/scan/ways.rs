//! Scripts that are put together from known parts: a few ways to send DC, luma and chroma, each with what it is worth to
//! the eye while the file arrives. What is chosen is worth the most within a bound on the size.
//!
//! What is worth how much was measured on photographs that were cut short and shown by libjpeg-turbo: the gain in mean
//! SSIMULACRA2 over the logarithm of the bytes, every other part being the same.

use super::sample::{Picture, Sample};
use super::split::Prices;
use super::{Scan, dc};

/// A band of a way: when it is sent, then Ss, Se, Ah, Al.
type Part = (u8, u8, u8, u8, u8);

/// A way to send the AC coefficients of a component.
#[derive(Debug)]
struct Way {
    value: f32,
    parts: &'static [Part],
}

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
}

const LUMA: &[Way] = &[
    Way {
        value: 4.0,
        parts: &[
            (at::LUMA_LOW, 1, 2, 0, 2),
            (at::LUMA_NEXT, 3, 5, 0, 2),
            (at::LUMA_REST, 6, 63, 0, 2),
            (at::LUMA_REFINED, 1, 63, 2, 1),
            (at::LUMA_EXACT, 1, 63, 1, 0),
        ],
    },
    Way {
        value: 2.7,
        parts: &[
            (at::LUMA_LOW, 1, 2, 0, 1),
            (at::LUMA_NEXT, 3, 5, 0, 2),
            (at::LUMA_REST, 6, 63, 0, 2),
            (at::LUMA_REFINED, 3, 63, 2, 1),
            (at::LUMA_EXACT, 1, 63, 1, 0),
        ],
    },
    Way {
        value: 0.9,
        parts: &[
            (at::LUMA_LOW, 1, 2, 0, 1),
            (at::LUMA_NEXT, 3, 5, 0, 1),
            (at::LUMA_REST, 6, 63, 0, 1),
            (at::LUMA_EXACT, 1, 63, 1, 0),
        ],
    },
    Way {
        value: 0.3,
        parts: &[
            (at::LUMA_LOW, 1, 5, 0, 2),
            (at::LUMA_REST, 6, 63, 0, 2),
            (at::LUMA_REFINED, 1, 63, 2, 1),
            (at::LUMA_EXACT, 1, 63, 1, 0),
        ],
    },
    Way {
        value: -2.0,
        parts: &[(at::LUMA_LOW, 1, 5, 0, 1), (at::LUMA_REST, 6, 63, 0, 1), (at::LUMA_EXACT, 1, 63, 1, 0)],
    },
    Way {
        value: -4.0,
        parts: &[(at::LUMA_LOW, 1, 2, 0, 0), (at::LUMA_NEXT, 3, 5, 0, 0), (at::LUMA_REST, 6, 63, 0, 0)],
    },
];

/// Of one of two components.
const CHROMA: &[Way] = &[
    Way {
        value: 0.75,
        parts: &[(at::CHROMA_LOW, 1, 2, 0, 1), (at::CHROMA_REST, 3, 63, 0, 1), (at::CHROMA_EXACT, 1, 63, 1, 0)],
    },
    Way { value: 0.5, parts: &[(at::CHROMA_LOW, 1, 2, 0, 0), (at::CHROMA_REST, 3, 63, 0, 0)] },
    Way { value: 0.2, parts: &[(at::CHROMA_LOW, 1, 63, 0, 1), (at::CHROMA_EXACT, 1, 63, 1, 0)] },
    Way { value: 0.0, parts: &[(at::CHROMA_LOW, 1, 63, 0, 0)] },
];

/// The way of libjpeg's script, to whose size others are held.
const USUAL_LUMA: usize = 3;
const USUAL_CHROMA: usize = 2;

/// Where the bands of all ways begin and end, in first scans and in refinements.
pub(super) const BOUNDS: &[usize] = &[1, 3, 6, 64];
pub(super) const REFINEMENTS: &[usize] = &[1, 3, 64];
/// Precisions that they need, of luma and of chroma.
pub(super) const LOWS: [usize; 2] = [3, 2];

/// Ways to send DC: Al of luma and chroma first, and whether all components are interleaved.
const DC: &[(f32, u8, u8, bool)] = &[
    (10.7, 3, 2, false),
    (10.0, 3, 1, false),
    (9.3, 3, 0, false),
    (7.2, 2, 2, false),
    (6.6, 2, 1, false),
    (5.7, 2, 0, false),
    (4.3, 1, 1, false),
    (4.5, 2, 2, true),
    (0.4, 0, 1, false),
    (0.0, 0, 0, false),
    (0.0, 1, 1, true),
    (-3.0, 0, 0, true),
];
const USUAL_DC: usize = 10;

/// What a percent of the size is worth.
const VALUE_OF_A_PERCENT: f32 = 1.5;

/// A choice with what it costs.
struct Choice {
    value: f32,
    bytes: f32,
    scans: Vec<(u8, Scan)>,
}

/// A bound on the size.
#[derive(Clone, Copy, Debug)]
pub(super) enum Most {
    Bytes(f32),
    /// So many percent more than libjpeg's script takes.
    Usual(f32),
}

/// The scans of a picture in luma and two of chroma that show the most early within a bound, where there are such.
#[inline(always)]
pub(super) fn most_to_see(
    picture: Picture<'_>,
    sample: &Sample,
    prices: [&Prices; 3],
    most: Most,
) -> Option<Vec<Scan>> {
    if !picture.frame.may_interleave(&[1, 2]) {
        return None;
    }
    let luma = choices(0, LUMA, prices[0]);
    let blue = choices(1, CHROMA, prices[1]);
    let red = choices(2, CHROMA, prices[2]);
    let dc = dc_choices(picture, sample);
    let most = match most {
        Most::Bytes(bytes) => bytes,
        Most::Usual(percent) => {
            let usual = [&luma[USUAL_LUMA], &blue[USUAL_CHROMA], &red[USUAL_CHROMA], &dc[USUAL_DC]];
            usual.iter().map(|choice| choice.bytes).sum::<f32>() * (1.0 + percent / 100.0)
        }
    };
    let mut best: Option<(f32, [&Choice; 4])> = None;
    for (dc, luma) in dc.iter().flat_map(|dc| luma.iter().map(move |luma| (dc, luma))) {
        for (blue, red) in blue.iter().flat_map(|blue| red.iter().map(move |red| (blue, red))) {
            let chosen = [dc, luma, blue, red];
            let bytes: f32 = chosen.iter().map(|choice| choice.bytes).sum();
            let value: f32 = chosen.iter().map(|choice| choice.value).sum();
            let worth = value - VALUE_OF_A_PERCENT * 100.0 * bytes / most;
            if bytes <= most && best.is_none_or(|(best, _)| worth > best) {
                best = Some((worth, chosen));
            }
        }
    }
    let (_, chosen) = best?;
    let mut scans: Vec<&(u8, Scan)> = chosen.iter().flat_map(|choice| &choice.scans).collect();
    scans.sort_by_key(|(at, scan)| (*at, scan.components[0]));
    Some(scans.into_iter().map(|(_, scan)| scan.clone()).collect())
}

fn choices(component: usize, ways: &[Way], prices: &Prices) -> Vec<Choice> {
    let choice = |way: &Way| {
        let scans = way
            .parts
            .iter()
            .map(|&(at, start, end, high, low)| (at, Scan { components: vec![component], start, end, high, low }));
        let bytes = way.parts.iter().map(|&(_, start, end, high, low)| {
            let bands = if high > 0 { &prices.refinements } else { &prices.firsts };
            bands[usize::from(low)][usize::from(start)][usize::from(end) + 1]
        });
        Choice { value: way.value, bytes: bytes.sum(), scans: scans.collect() }
    };
    ways.iter().map(choice).collect()
}

/// Ways to send the DC coefficients, in the order of [`DC`].
#[inline(always)]
fn dc_choices(picture: Picture<'_>, sample: &Sample) -> Vec<Choice> {
    let may_interleave = |components: &[usize]| picture.frame.may_interleave(components);
    let (luma, chroma, all): (&[usize], &[usize], &[usize]) = (&[0], &[1, 2], &[0, 1, 2]);
    let firsts =
        |components: &[usize]| -> Vec<f32> { (0..4).map(|low| dc::first(picture, sample, components, low)).collect() };
    let (luma_firsts, chroma_firsts) = (firsts(luma), firsts(chroma));
    let all_firsts = if may_interleave(all) { firsts(all) } else { vec![f32::INFINITY; 4] };
    let choice = |&(value, luma_low, chroma_low, interleaved): &(f32, u8, u8, bool)| {
        let mut choice = Choice { value, bytes: 0.0, scans: Vec::new() };
        let mut push = |at, components: &[usize], high, low, bytes| {
            choice.bytes += bytes;
            choice.scans.push((at, Scan { components: components.to_vec(), start: 0, end: 0, high, low }));
        };
        let refinement = |components: &[usize]| dc::refinement(picture, components);
        let groups: &[(&[usize], u8, u8, &[f32])] = if interleaved {
            &[(all, at::DC, luma_low, &all_firsts)]
        } else {
            &[(luma, at::DC, luma_low, &luma_firsts), (chroma, at::DC_CHROMA, chroma_low, &chroma_firsts)]
        };
        for &(components, at, low, firsts) in groups {
            push(at, components, 0, low, firsts[usize::from(low)]);
            for low in (1..low).rev() {
                let at = if low == 2 { at::DC_REFINED } else { at::DC_FINER };
                push(at, components, low + 1, low, refinement(components));
            }
        }
        // The last bits come together where they can.
        if luma_low > 0 && chroma_low > 0 && may_interleave(all) {
            push(at::DC_EXACT, all, 1, 0, refinement(all));
        } else {
            for (components, low) in [(luma, luma_low), (chroma, chroma_low)] {
                if low > 0 {
                    push(at::DC_EXACT, components, 1, 0, refinement(components));
                }
            }
        }
        choice
    };
    DC.iter().map(choice).collect()
}
