//! How much the texture of a block hides the errors in it.
//!
//! Noise is hard to see on texture of like frequency (contrast masking: Legge and Foley 1980; for blocks of the DCT,
//! Watson 1993). The measure is the mean energy of the AC coefficients of a block, which costs next to nothing.

use std::hint::black_box;

use crate::jpeg::coeff::Block;
use crate::jpeg::fdct::FINE;

/// From where energy masks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Masking {
    pub(crate) floor: f32,
}

impl Masking {
    /// How many times the floor must be doubled to reach it and the energy together: the logarithm to base 2 of
    /// 1 + energy / floor, straight between the powers of 2.
    #[inline(always)]
    pub(crate) fn doublings(self, energy: f32) -> f32 {
        log2(1.0 + energy / self.floor)
    }
}

/// The mean square of the AC coefficients of a block of fine coefficients, in squares of sample values.
#[inline(always)]
pub(crate) fn energy(fine: &Block) -> f32 {
    let (rows, _) = fine.as_chunks::<8>();
    let mut sums = [0.0_f32; 8];
    for row in rows {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += f32::from(value) * f32::from(value);
        }
    }
    // Compilers make vectors of whole rows where they cannot see that the sums part again.
    energy_of(black_box(sums), fine[0])
}

/// [`energy`], from the sums of the squares in each column of rows of 8, and the DC coefficient that is among them.
#[inline(always)]
pub(crate) fn energy_of([a, b, c, d, e, f, g, h]: [f32; 8], dc: i16) -> f32 {
    let dc = f32::from(dc) * f32::from(dc);
    let all = ((a - dc + e) + (b + f)) + ((c + g) + (d + h));
    all.max(0.0) / (63.0 * f32::from(FINE) * f32::from(FINE))
}

/// The logarithm to base 2 of a number of at least 1, straight between the powers of 2: the same on every machine.
#[inline(always)]
pub(crate) fn log2(value: f32) -> f32 {
    let bits = value.to_bits();
    let exponent = (bits >> 23) as f32 - 127.0;
    exponent + (f32::from_bits(bits & 0x007F_FFFF | 0x3F80_0000) - 1.0)
}

/// 2 to a power of -100 to 100, straight between the whole ones: the inverse of [`log2`].
#[inline(always)]
pub(crate) fn exp2(power: f32) -> f32 {
    let whole = power.floor();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // -100 to 100 and a bias of 127
    let scale = f32::from_bits(((whole + 127.0) as u32) << 23);
    scale * (1.0 + (power - whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_exact_at_powers_of_two_and_near_between() {
        for power in -20_i16..20 {
            let exact = 2.0_f32.powi(power.into());
            assert!(exp2(power.into()) == exact && log2(exact) == f32::from(power));
        }
        for i in 1..1000 {
            let value = 1.0 + i as f32 / 37.0;
            assert!((log2(value) - value.log2()).abs() < 0.09 && (exp2(log2(value)) - value).abs() < 1e-4 * value);
        }
    }

    #[test]
    fn energy_is_the_mean_square_without_dc() {
        let mut block = [0; 64];
        block[0] = 16_000;
        assert!(energy(&block) == 0.0);
        block[5] = 160;
        block[63] = -320;
        assert!((energy(&block) - 500.0 / 63.0).abs() < 0.01);
    }
}
