//! The quality on libjpeg's scale that quantisation tables come nearest to.

use crate::jpeg::quant::{QuantTable, tables};

/// What quality the tables of a file come from, as far as that can be told.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Quality {
    /// By the table of the first component.
    pub luma: QualityEstimate,
    /// By that of the second, where there is one.
    pub chroma: Option<QualityEstimate>,
}

/// The nearest quality to a table.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct QualityEstimate {
    /// 1 to 100 on libjpeg's scale, which has the tables of T.81 Annex K at 50.
    pub quality: u8,
    /// How far the table is from that of this quality: the mean of |entry - expected| / expected. 0 where it is the
    /// same, so that an encoder on this scale made it; over about 0.1, the scale says little about it.
    pub deviation: f32,
}

impl Quality {
    pub(super) fn of(luma: &QuantTable, chroma: Option<&QuantTable>) -> Self {
        Self { luma: QualityEstimate::of(luma), chroma: chroma.map(QualityEstimate::of) }
    }
}

impl QualityEstimate {
    /// Both tables of Annex K are tried: there are encoders that use one for all components.
    pub(crate) fn of(table: &QuantTable) -> Self {
        let candidates = (1..=100).flat_map(|quality| {
            let deviations = [tables::luminance(quality), tables::chrominance(quality)].map(|k| deviation(table, &k));
            deviations.map(|deviation| Self { quality, deviation })
        });
        let nearest = candidates.reduce(|best, next| if next.deviation < best.deviation { next } else { best });
        nearest.unwrap_or(Self { quality: 1, deviation: f32::INFINITY })
    }
}

/// Entries over 255 count as 255, where the tables of baseline files end.
fn deviation(table: &QuantTable, expected: &QuantTable) -> f32 {
    let pairs = table.0.iter().zip(expected.0);
    pairs.map(|(&entry, expected)| f32::from(entry.min(255).abs_diff(expected)) / f32::from(expected)).sum::<f32>()
        / 64.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quality_is_found_again() {
        for quality in 1..=100 {
            let said = Quality::of(&tables::luminance(quality), Some(&tables::chrominance(quality)));
            let exact = |quality| QualityEstimate { quality, deviation: 0.0 };
            // The coarsest tables of chroma are all 255.
            let chroma = if quality <= 3 { 1 } else { quality };
            assert_eq!(said, Quality { luma: exact(quality), chroma: Some(exact(chroma)) });
        }
    }

    #[test]
    fn a_table_between_two_is_near_them() {
        let (mut table, better) = (tables::luminance(79), tables::luminance(80));
        table.0.iter_mut().zip(better.0).skip(32).for_each(|(entry, better)| *entry = better);
        let said = QualityEstimate::of(&table);
        assert!(matches!(said.quality, 79 | 80) && said.deviation > 0.0 && said.deviation < 0.05, "{said:?}");
        let flat = QualityEstimate::of(&QuantTable([16; 64]));
        assert!(flat.deviation > 0.2, "{flat:?}");
    }
}
