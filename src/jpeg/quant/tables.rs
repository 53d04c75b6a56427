//! Quantisation tables from outside: a user's own, or those of T.81 Annex K on the quality scale of libjpeg.

use crate::error::{Error, Result};
use crate::jpeg::coeff::ZIGZAG;
use crate::jpeg::quant::QuantTable;

/// T.81 table K.1, row by row as printed.
const LUMINANCE: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, //
    12, 12, 14, 19, 26, 58, 60, 55, //
    14, 13, 16, 24, 40, 57, 69, 56, //
    14, 17, 22, 29, 51, 87, 80, 62, //
    18, 22, 37, 56, 68, 109, 103, 77, //
    24, 35, 55, 64, 81, 104, 113, 92, //
    49, 64, 78, 87, 103, 121, 120, 101, //
    72, 92, 95, 98, 112, 100, 103, 99,
];

/// T.81 table K.2, row by row as printed.
const CHROMINANCE: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, //
    18, 21, 26, 66, 99, 99, 99, 99, //
    24, 26, 56, 99, 99, 99, 99, 99, //
    47, 66, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99,
];

/// Quantisation tables of a user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuantTables {
    pub(crate) luma: QuantTable,
    pub(crate) chroma: QuantTable,
}

impl QuantTables {
    /// Steps of 1 to 255 row by row, horizontal frequency rising along a row, as T.81 Annex K prints them.
    ///
    /// # Errors
    /// `Usage` for other steps.
    pub fn new(luma: &[u16; 64], chroma: &[u16; 64]) -> Result<Self> {
        for (table, name) in [(luma, "luma"), (chroma, "chroma")] {
            if let Some(step) = table.iter().find(|step| !(1..=255).contains(*step)) {
                return Err(Error::usage(format!("a step of {step} is not in 1 to 255")).field_named(name));
            }
        }
        let zigzag = |table: &[u16; 64]| QuantTable(ZIGZAG.map(|i| table[usize::from(i)]));
        Ok(Self { luma: zigzag(luma), chroma: zigzag(chroma) })
    }

    /// The tables of T.81 Annex K on the quality scale of libjpeg, 1 to 100.
    ///
    /// # Errors
    /// `Usage` for other numbers.
    pub fn annex_k(quality: u8) -> Result<Self> {
        if !(1..=100).contains(&quality) {
            return Err(Error::usage(format!("a quality of {quality} is not in 1 to 100")).field_named("quality"));
        }
        Ok(Self { luma: luminance(quality), chroma: chrominance(quality) })
    }
}

/// The luminance table of Annex K at a quality of 1 to 100.
pub(crate) fn luminance(quality: u8) -> QuantTable {
    scaled(&LUMINANCE, quality)
}

/// The chrominance table of Annex K at a quality of 1 to 100.
pub(crate) fn chrominance(quality: u8) -> QuantTable {
    scaled(&CHROMINANCE, quality)
}

/// Quality 50 is the table as printed, 100 is all ones. Entries end at 255, which baseline decoders require.
fn scaled(base: &[u16; 64], quality: u8) -> QuantTable {
    let quality = u16::from(quality.clamp(1, 100));
    let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    // At most 121 * 5000: over 16 bits.
    let entry = |q: u16| (u32::from(q) * u32::from(percent) + 50) / 100;
    QuantTable(ZIGZAG.map(|i| entry(base[usize::from(i)]).clamp(1, 255) as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_middle_of_the_scale() {
        assert_eq!(luminance(100).0, [1; 64]);
        assert_eq!(chrominance(1).0, [255; 64]);
        assert_eq!(luminance(50).0[..6], [16, 11, 12, 14, 12, 10]);
        assert_eq!(luminance(50).0[63], 99);
    }

    #[test]
    fn tables_that_cjpeg_writes() {
        // First and last entries of the DQT segments of cjpeg 2.1.5 at these qualities.
        assert_eq!(luminance(75).0[..8], [8, 6, 6, 7, 6, 5, 8, 7]);
        assert_eq!(luminance(75).0[63], 50);
        assert_eq!(chrominance(75).0[..8], [9, 9, 9, 12, 11, 12, 24, 13]);
        assert_eq!(luminance(10).0[..8], [80, 55, 60, 70, 60, 50, 80, 70]);
        assert_eq!(chrominance(90).0[..8], [3, 4, 4, 5, 4, 5, 9, 5]);
    }

    #[test]
    fn a_better_quality_never_has_a_coarser_step() {
        for quality in 1..100 {
            for table in [luminance, chrominance] {
                let (worse, better) = (table(quality), table(quality + 1));
                assert!(worse.0.iter().zip(&better.0).all(|(w, b)| w >= b), "{quality}");
            }
        }
    }
}
