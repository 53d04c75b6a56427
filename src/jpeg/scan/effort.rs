//! How long a search for small scans may take.

use std::ops::RangeInclusive;

use super::sample::MOST_BLOCKS;
use crate::error::{Error, Result};

/// Scans that are enough for any picture, one of DC and one of AC for each component, and as many as may be asked for.
pub(crate) const MAX_SCANS: RangeInclusive<u8> = 8..=100;
/// Scans of a file at most: more of them gain little, and every decoder pays for each. The full search may use more.
pub(super) const USUAL_SCANS: usize = 16;
pub(super) const MANY_SCANS: usize = 60;

/// How much work a search may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Blocks of a component that are looked at: so many, or one of so many if that is more.
    pub(super) blocks: usize,
    pub(super) one_of: u64,
    /// Precisions that are looked at, of luma and of other components.
    pub(super) lows: [usize; 2],
    /// Where bands may begin at first, of first scans and of refinements.
    pub(super) bounds: Bounds,
    pub(super) refinements: Bounds,
    /// Times that the ends of the bands found are moved a little.
    pub(super) rounds: usize,
    /// Scans at most.
    pub(super) scans: usize,
}

/// Places where bands may begin, for components of so many blocks or more: to price a band takes as long in a large
/// picture as in a small one, and saves more.
pub(super) type Bounds = &'static [(u64, &'static [usize])];

/// Those of mozjpeg's search, so that no less is found than it finds.
const FEW: &[usize] = &[1, 3, 6, 9, 13, 19, 64];
const SOME: &[usize] = &[1, 2, 3, 6, 9, 13, 19, 27, 64];
const MANY: &[usize] = &[1, 2, 3, 4, 6, 7, 9, 11, 13, 16, 19, 22, 27, 35, 45, 64];
pub(super) const MOST: &[usize] = &[
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 23, 25, 27, 30, 33, 36, 40, 45, 50, 57, 64,
];

/// Blocks of a component for which the most places are looked at: those of two megapixels.
const LARGE: u64 = 1 << 15;

impl Effort {
    /// Of level 1.
    pub(crate) const QUICK: Self = Self {
        bounds: &[(0, FEW)],
        refinements: &[(0, &[1, 64])],
        rounds: 0,
        blocks: 2048,
        one_of: 16,
        ..Self::NORMAL
    };
    /// Of level 5.
    pub(crate) const NORMAL: Self = Self {
        blocks: 4096,
        one_of: 8,
        lows: [4, 2],
        bounds: &[(0, SOME), (LARGE / 2, MANY), (LARGE, MOST)],
        refinements: &[(0, &[1, 6, 64]), (LARGE, FEW)],
        rounds: 2,
        scans: USUAL_SCANS,
    };

    /// Of a level, 1 to 9.
    ///
    /// # Errors
    /// `Usage` for other levels.
    pub(crate) fn of_level(level: u8) -> Result<Self> {
        let (quick, normal) = (Self::QUICK, Self::NORMAL);
        let thorough = Self { lows: [4, 3], bounds: &[(0, MOST)], refinements: &[(0, FEW)], ..normal };
        let whole =
            Self { blocks: MOST_BLOCKS, one_of: 1, lows: [4, 4], refinements: &[(0, MANY)], rounds: 6, ..thorough };
        match level {
            1 => Ok(quick),
            2 => Ok(Self { rounds: 1, ..quick }),
            3 => Ok(Self { blocks: 4096, one_of: 8, rounds: 1, ..quick }),
            4 => Ok(Self { blocks: 4096, one_of: 8, rounds: 2, ..quick }),
            5 => Ok(normal),
            6 => Ok(Self { blocks: 8192, one_of: 4, ..normal }),
            7 => Ok(Self { blocks: 8192, one_of: 4, ..thorough }),
            8 => Ok(whole),
            9 => Ok(Self { scans: MANY_SCANS, ..whole }),
            _ => Err(Error::usage(format!("an effort of {level} is not 1 to 9")).field_named("effort")),
        }
    }
}

impl Default for Effort {
    fn default() -> Self {
        Self::NORMAL
    }
}
