//! Coefficients to coarser steps, without the way through pixels: no second rounding of samples, no second
//! down-sampling of chroma.

use super::preset::Preset;
use super::stage::{Means, Stage};
use crate::error::{Error, Result};
use crate::jpeg::coeff::{BLOCK_BYTES, Block, CoefficientImage};
use crate::jpeg::fdct::FINE;
use crate::jpeg::frame::Frame;
use crate::jpeg::inspect::QualityEstimate;
use crate::jpeg::progress::Progress;
use crate::jpeg::quant::QuantTable;
use crate::jpeg::simd::Level;
use crate::jpeg::threads;
use crate::limits::{Cancel, Limits, Visits};

/// The deviation up to which a table is taken to come from the quality that it is nearest to.
const LIKELY: f32 = 0.1;
/// Visits that a block takes: one for each coefficient, as [`Limits::block_visits`] says.
const VISITS: u64 = 64;

/// Gives a picture the tables of a preset at a quality where they are coarser than its own. `color` is what its
/// components are, as the inspector names it; those that it does not know count as luma.
pub(crate) fn requantise(
    image: &mut CoefficientImage,
    color: &str,
    (preset, quality): (Preset, u8),
    level: Level,
    limits: &Limits,
    cancel: &Cancel,
    visits: &Visits,
) -> Result<()> {
    let CoefficientImage { frame, planes, tables } = image;
    if frame.precision != 8 {
        let message = format!("a picture of {} bits a sample is not requantised", frame.precision);
        return Err(Error::unsupported(message).field_named("quality"));
    }
    let recipe = preset.recipe();
    let roles = by_role(frame, color);
    let wanted = recipe.tables(&roles, quality);
    let wanted: Vec<_> = tables.iter().zip(&wanted).map(|(table, ours)| coarser(table, ours, quality)).collect();
    if wanted == *tables {
        return Ok(());
    }
    limits.check_memory(frame.blocks() * BLOCK_BYTES, "the coefficients to requantise")?;
    let progress = Progress::new(cancel, None, 0);
    let means = Means { level, recipe: &recipe, threads: &threads::ALONE, progress: &progress };
    for (((component, plane), table), wanted) in roles.components.iter().zip(planes).zip(tables).zip(wanted) {
        if *table != wanted {
            cancel.check()?;
            visits.take(component.blocks() * VISITS)?;
            plane.blocks_mut().iter_mut().for_each(|block| dequantise(block, table));
            Stage::new(&recipe, component, &wanted).plane(means, component, plane)?;
            *table = wanted;
        }
    }
    Ok(())
}

/// A frame whose components have table 0 where they are luma, colours or inks, and 1 where they are chroma.
fn by_role(frame: &Frame, color: &str) -> Frame {
    let mut frame = frame.clone();
    let has_chroma = matches!(color, "YCbCr" | "YCCK");
    for (i, component) in frame.components.iter_mut().enumerate() {
        component.table = u8::from(has_chroma && matches!(i, 1 | 2));
    }
    frame
}

/// The steps to go to from those of `table`: never finer ones, which would cost bytes and bring nothing back. A table
/// that comes from a quality no better than what is asked for stays.
fn coarser(table: &QuantTable, ours: &QuantTable, quality: u8) -> QuantTable {
    let estimate = QualityEstimate::of(table);
    if estimate.deviation <= LIKELY && estimate.quality <= quality {
        return table.clone();
    }
    QuantTable(std::array::from_fn(|k| table.0[k].max(ours.0[k])))
}

/// To coefficients that are [`FINE`] times too large, in the range that those of samples have.
fn dequantise(block: &mut Block, table: &QuantTable) {
    for (k, (coefficient, &step)) in block.iter_mut().zip(&table.0).enumerate() {
        // T.81 A.3.3, F.1.2: the mean of black samples is -1024, AC coefficients have 10 bits.
        let least = if k == 0 { -1024 } else { -1023 };
        let value = i32::from(*coefficient) * i32::from(step);
        #[allow(clippy::cast_possible_truncation)] // 11 bits
        let value = value.clamp(least, 1023) as i16;
        *coefficient = value * FINE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::quant::tables;

    #[test]
    fn no_step_becomes_finer_and_a_table_of_no_better_quality_stays() {
        let source = tables::luminance(80);
        for quality in 1..=100 {
            let ours = Preset::Balanced.recipe().luma.table(2.0 - f32::from(quality) / 51.0);
            let wanted = coarser(&source, &ours, quality);
            assert!(wanted.0.iter().zip(&source.0).all(|(wanted, step)| wanted >= step));
            assert_eq!(wanted == source, quality >= 80, "{quality}");
        }
        // No quality has a flat table: its entries count one by one.
        let flat = QuantTable([20; 64]);
        let ours = QuantTable(std::array::from_fn(|k| 1 + k as u16));
        let expected = QuantTable(std::array::from_fn(|k| (1 + k as u16).max(20)));
        assert_eq!(coarser(&flat, &ours, 100), expected);
    }

    #[test]
    fn values_that_no_samples_have_end_at_the_range() {
        let mut block = [0; 64];
        (block[0], block[1], block[2], block[3]) = (i16::MIN, i16::MAX, i16::MIN, -3);
        dequantise(&mut block, &QuantTable(std::array::from_fn(|k| if k < 3 { u16::MAX } else { 7 })));
        assert_eq!(block[..5], [-1024 * FINE, 1023 * FINE, -1023 * FINE, -21 * FINE, 0]);
    }
}
