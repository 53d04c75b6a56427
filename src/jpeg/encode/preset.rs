//! Presets: what each does to coefficients, and the numbers it does it by.

use crate::jpeg::coeff::Block;
use crate::jpeg::fdct::FINE;
use crate::jpeg::frame::{Component, Frame};
use crate::jpeg::quant::QuantTable;
use crate::jpeg::quant::masking::{Masking, exp2};
use crate::jpeg::quant::quantise::DeadZone;
use crate::jpeg::quant::refine::Refinement;
use crate::jpeg::quant::shape::Shape;
use crate::jpeg::scan::effort::Effort;

/// How much work the encoder spends on a smaller file of the same looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Preset {
    /// Each coefficient is decided by itself.
    Fast,
    /// Each block is decided as a whole, by what it costs in this picture.
    #[default]
    Balanced,
    /// The same twice: the second time knowing where the errors of the first show most.
    Small,
}

impl Preset {
    pub(crate) fn recipe(self) -> Recipe {
        match self {
            Self::Fast => FAST,
            Self::Balanced => BALANCED,
            Self::Small => SMALL,
        }
    }
}

/// The numbers of a preset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipe {
    pub(crate) luma: Shape,
    /// Of chroma with fewer samples than luma.
    pub(crate) chroma: Shape,
    /// Of chroma with as many.
    pub(crate) full_chroma: Shape,
    /// How many doublings of the file full chroma may cost for each halving of the error.
    pub(crate) full_worth: f32,
    /// How much coarser blue-yellow is than red-green.
    pub(crate) blue: f32,
    /// How many rounds the search for samples beyond white and black has.
    pub(crate) deringing: u32,
    /// Of luma and chroma.
    pub(crate) zones: [DeadZone; 2],
    /// Of luma and chroma, where blocks are decided as a whole.
    pub(crate) weighting: Option<[Weighting; 2]>,
    /// Where the picture is quantised twice.
    pub(crate) refinement: Option<Refinement>,
    /// Where the scans of a progressive file are searched for, not given.
    pub(crate) search: Option<Effort>,
    /// The scale of the tables at each of [`QUALITIES`].
    pub(crate) scales: [f32; QUALITIES.len()],
}

/// What errors weigh against bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weighting {
    /// Bits that the square of an error of one step is worth, in a block without energy.
    pub(crate) bits: f32,
    /// The energy at which masking begins to count, and its power.
    pub(crate) floor: f32,
    pub(crate) power: f32,
    /// How much more black weighs than white.
    pub(crate) dark: f32,
}

impl Weighting {
    /// The bits that the square of an error of one step is worth in a block of an energy.
    #[inline(always)]
    pub(crate) fn weight(&self, fine: &Block, energy: f32) -> f32 {
        let masking = Masking { floor: self.floor };
        let black = 0.5 - f32::from(fine[0]) / (f32::from(FINE) * 8.0 * 256.0);
        self.bits * exp2(-self.power * masking.doublings(energy)) * (1.0 + self.dark * black * black)
    }
}

impl Recipe {
    /// A table for each component.
    pub(crate) fn tables(&self, frame: &Frame, quality: u8) -> Vec<QuantTable> {
        let scale = scale(&self.scales, quality);
        let sides = |component: &Component| (component.horizontal, component.vertical);
        let halved = frame.components.iter().any(|component| sides(component) != sides(&frame.components[0]));
        let chroma = if halved { self.chroma } else { self.full_chroma };
        let table = |(i, component): (usize, &Component)| match (component.table, i) {
            (0, _) => self.luma.table(scale),
            (_, 1) => chroma.table(scale * self.blue),
            _ => chroma.table(scale),
        };
        frame.components.iter().enumerate().map(table).collect()
    }

    /// How often blocks are gone through once all are there.
    pub(crate) fn passes(&self) -> u64 {
        u64::from(self.weighting.is_some()) + u64::from(self.refinement.is_some())
    }

    pub(crate) fn zone(&self, component: &Component) -> &DeadZone {
        &self.zones[usize::from(component.table)]
    }

    pub(crate) fn weighting(&self, component: &Component) -> Option<&Weighting> {
        self.weighting.as_ref().map(|weighting| &weighting[usize::from(component.table)])
    }
}

/// The qualities that the scales of a recipe stand for; those between are interpolated.
const QUALITIES: [f32; 9] = [1.0, 10.0, 30.0, 50.0, 70.0, 80.0, 90.0, 95.0, 100.0];

/// The scale of the tables at a quality, its logarithm straight between those given.
fn scale(scales: &[f32; QUALITIES.len()], quality: u8) -> f32 {
    let quality = f32::from(quality);
    let after = QUALITIES[1..QUALITIES.len() - 1].iter().filter(|&&known| known < quality).count() + 1;
    let part = (quality - QUALITIES[after - 1]) / (QUALITIES[after] - QUALITIES[after - 1]);
    scales[after - 1] * (scales[after] / scales[after - 1]).powf(part)
}

const FAST: Recipe = Recipe {
    luma: Shape { dc: 9.6, base: 10.0, slope: 52.3, power: 1.32, diagonal: 0.59, steeper: -0.03 },
    chroma: Shape { dc: 8.2, base: 11.7, slope: 61.3, power: 1.14, diagonal: 0.00, steeper: 0.00 },
    full_chroma: Shape { dc: 17.0, base: 32.0, slope: 200.0, power: 1.0, diagonal: 0.3, steeper: 0.0 },
    full_worth: 0.13,
    blue: 1.23,
    deringing: 4,
    zones: [
        DeadZone { low: 0.592, rise: 0.044, masked: 0.0062, floor: 3.8, most: 0.70, bias: 0.049 },
        DeadZone { low: 0.639, rise: 0.032, masked: 0.0006, floor: 4.0, most: 0.80, bias: 0.032 },
    ],
    weighting: None,
    refinement: None,
    search: None,
    scales: [16.0, 5.17, 1.518, 0.88, 0.539, 0.369, 0.186, 0.102, 0.022],
};

const BALANCED: Recipe = Recipe {
    luma: Shape { dc: 13.8, base: 10.0, slope: 43.4, power: 0.96, diagonal: 0.66, steeper: -0.33 },
    chroma: Shape { dc: 11.4, base: 14.7, slope: 88.5, power: 1.1, diagonal: 0.0, steeper: 0.0 },
    full_chroma: Shape { dc: 17.0, base: 32.0, slope: 200.0, power: 1.0, diagonal: 0.3, steeper: 0.0 },
    full_worth: 0.175,
    blue: 1.11,
    deringing: 8,
    zones: FAST.zones,
    weighting: Some([
        Weighting { bits: 14.7, floor: 47.5, power: 0.227, dark: 0.4 },
        Weighting { bits: 22.0, floor: 60.0, power: 0.176, dark: 0.0 },
    ]),
    refinement: None,
    search: Some(Effort::QUICK),
    scales: [16.0, 4.39, 1.309, 0.72, 0.42, 0.2675, 0.1216, 0.066, 0.008],
};

const SMALL: Recipe = Recipe {
    luma: Shape { slope: 46.0, ..BALANCED.luma },
    deringing: 12,
    weighting: Some([
        Weighting { bits: 16.0, floor: 47.5, power: 0.227, dark: 0.4 },
        Weighting { bits: 22.0, floor: 60.0, power: 0.176, dark: 0.0 },
    ]),
    refinement: Some(Refinement { floor: 10.0, power: 0.35, most: 2.0 }),
    search: Some(Effort::NORMAL),
    scales: [16.0, 4.337, 1.291, 0.703, 0.415, 0.26, 0.1167, 0.065, 0.008],
    ..BALANCED
};
