//! Marker segments as they are written.

use crate::error::{Error, Result};

/// A marker segment (T.81 B.1.1.4).
pub(crate) fn write_segment(code: u8, payload: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let length = u16::try_from(payload.len() + 2)
        .map_err(|_| Error::usage(format!("a segment of {} bytes is too long for a JPEG", payload.len())))?;
    out.extend([0xFF, code]);
    out.extend(length.to_be_bytes());
    out.extend_from_slice(payload);
    Ok(())
}
