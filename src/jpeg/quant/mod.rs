//! Quantisation tables and what is done with them.
//!
//! ```text
//! tables.rs    the tables of T.81 Annex K on the quality scale of libjpeg
//! shape.rs     our own, from a few numbers
//! dering.rs    what samples that decoders clip are best
//! quantise.rs  to coefficients, one by one, with a dead zone
//! dc.rs        to DC coefficients, a row of blocks as a whole
//! trellis.rs   to AC coefficients, each block as a whole, at the prices of rates.rs
//! refine.rs    the same again, knowing where errors show
//! masking.rs   what the texture of a block hides
//! ```

pub(crate) mod dc;
pub(crate) mod dering;
pub(crate) mod masking;
pub(crate) mod quantise;
pub(crate) mod rates;
pub(crate) mod refine;
pub(crate) mod shape;
pub(crate) mod tables;
pub(crate) mod trellis;

/// A quantisation table in zigzag order (T.81 B.2.4.1); entries are 1 to 65,535.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QuantTable(pub(crate) [u16; 64]);

impl QuantTable {
    /// Whether every entry fits the 8 bits that a baseline frame allows.
    pub(crate) fn is_8_bit(&self) -> bool {
        self.0.iter().all(|&q| q < 256)
    }
}
