//! Quantisation tables and what is done with them.
//!
//! ```text
//! tables.rs    the tables of T.81 Annex K on the quality scale of libjpeg
//! quantise.rs  transformed samples to coefficients
//! ```

pub(crate) mod quantise;
pub(crate) mod tables;

/// A quantisation table in zigzag order (T.81 B.2.4.1); entries are 1 to 65,535.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QuantTable(pub(crate) [u16; 64]);

impl QuantTable {
    /// Whether every entry fits the 8 bits that a baseline frame allows.
    pub(crate) fn is_8_bit(&self) -> bool {
        self.0.iter().all(|&q| q < 256)
    }
}
