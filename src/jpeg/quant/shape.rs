//! The quantisation tables of this encoder, drawn from a few numbers.
//!
//! Steps grow with spatial frequency as the eye's sensitivity falls: fast for luma, whose high frequencies are hardly
//! seen at the distances that pictures are looked at from; DC has a finer step than its neighbours, because its error
//! shows as an edge around the block.

use crate::jpeg::coeff::ZIGZAG;
use crate::jpeg::quant::QuantTable;

/// The scale below which the slope of a table no longer depends on it.
const FLATTEST: f32 = 0.1;

/// The shape of a table: the step of each frequency for a scale of 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// The step of DC.
    pub(crate) dc: f32,
    /// The step that AC coefficients begin from.
    pub(crate) base: f32,
    /// What is added to it at frequency 7.
    pub(crate) slope: f32,
    /// The power of the frequency with which it grows.
    pub(crate) power: f32,
    /// How much further away a diagonal frequency is than one along an axis: 0 for the usual distance.
    pub(crate) diagonal: f32,
    /// The power of the scale with which the slope grows beside it.
    pub(crate) steeper: f32,
}

impl Shape {
    /// The table at a scale.
    pub(crate) fn table(&self, scale: f32) -> QuantTable {
        let slope = self.slope * scale.max(FLATTEST).powf(self.steeper);
        let step = |i: u8| {
            let (u, v) = (f32::from(i % 8), f32::from(i / 8));
            let frequency = (u * u + v * v + self.diagonal * u * v).sqrt() / 7.0;
            if i == 0 { self.dc } else { self.base + slope * frequency.powf(self.power) }
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 1 to 255
        let entry = |i: u8| (scale * step(i)).round().clamp(1.0, 255.0) as u16;
        QuantTable(ZIGZAG.map(entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_grow_with_scale_and_along_an_axis() {
        let shape = Shape { dc: 8.0, base: 10.0, slope: 50.0, power: 1.5, diagonal: 0.2, steeper: 0.1 };
        for i in 1..200 {
            let (fine, coarse) = (shape.table(i as f32 / 40.0), shape.table((i + 1) as f32 / 40.0));
            assert!(fine.0.iter().zip(&coarse.0).all(|(fine, coarse)| (1..=255).contains(fine) && fine <= coarse));
        }
        // Horizontal frequencies 1 to 7 in zigzag order.
        let steps = [1, 5, 6, 14, 15, 27, 28].map(|k| shape.table(1.0).0[k]);
        assert!(steps.is_sorted_by(|a, b| a < b), "{steps:?}");
    }
}
