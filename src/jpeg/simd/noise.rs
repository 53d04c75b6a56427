//! What kernels are tried on.

use crate::jpeg::coeff::Block;
use crate::jpeg::entropy::planes::GROUP;

/// Blocks from empty to full, of values from small to the whole type.
pub(crate) fn random_blocks(noise: &mut Noise) -> Vec<Block> {
    let blocks = (0..GROUP).map(|i| {
        let (density, shift) = (noise.next() >> (i % 8), i / 8 * 2);
        std::array::from_fn(|_| {
            let value = i16::from_le_bytes([noise.next(), noise.next()]) >> shift;
            if noise.next() <= density { value } else { 0 }
        })
    });
    blocks.collect()
}

/// Numbers without an order that is the same each time.
pub(crate) struct Noise(pub(crate) u32);

impl Noise {
    pub(crate) fn next(&mut self) -> u8 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 24) as u8
    }

    pub(crate) fn word(&mut self) -> u64 {
        u64::from_le_bytes(std::array::from_fn(|_| self.next()))
    }

    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next()).collect()
    }

    /// Level-shifted samples with fractions, the ends of the range among them.
    pub(crate) fn samples(&mut self, len: usize) -> Vec<f32> {
        (0..len)
            .map(|_| match self.next() {
                0..16 => -128.0,
                16..32 => 127.0,
                _ => f32::from(self.next()) - 128.0 + f32::from(self.next()) / 257.0,
            })
            .collect()
    }
}
