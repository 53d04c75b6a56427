//! Bytes of what stands around the codes of a scan: its headers, and what is stuffed.

/// DHT without its tables: marker and length (T.81 B.2.4.2).
pub(crate) const DHT: usize = 4;
/// A table in DHT without its symbols: class and slot, and BITS.
pub(crate) const DHT_TABLE: usize = 17;
/// Bytes of entropy-coded data that are 0xFF on average, and are followed by a stuffed one.
pub(crate) const STUFFED: f64 = 1.0 / 300.0;

/// SOS for so many components (T.81 B.2.3).
pub(crate) const fn sos(components: usize) -> usize {
    8 + 2 * components
}
