//! Restart intervals of what is made.

use super::guard::{Call, Opaque};
use super::jpeg::cosimg_encoder;
use super::status::{COSIMG_USAGE, Fault, cosimg_error, cosimg_status};
use super::transcode::cosimg_transcoder;
use crate::jpeg::{Encoder, RestartInterval, Transcoder};

/// A restart interval in MCUs of each scan: its blocks where it has one component.
pub const COSIMG_RESTART_MCUS: i32 = 1;
/// A restart interval in rows of the MCUs of the picture: the same part of it in each scan.
pub const COSIMG_RESTART_ROWS: i32 = 2;

/// A restart marker after so many of a unit, one of `COSIMG_RESTART_*`: what damage may cost at most. 0 is none, as at
/// first; 65535 is the most.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_restart_interval(
    encoder: *mut cosimg_encoder,
    interval: i32,
    unit: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| set(call, encoder, "encoder", (interval, unit), Encoder::restart_interval))
}

/// As `cosimg_encoder_set_restart_interval`, of the result, whatever the source has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_set_restart_interval(
    transcoder: *mut cosimg_transcoder,
    interval: i32,
    unit: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| set(call, transcoder, "transcoder", (interval, unit), Transcoder::restart_interval))
}

/// Sets an interval and its unit by the setter of the object.
fn set<O: Opaque<Value: Clone>>(
    call: &Call,
    object: *mut O,
    name: &str,
    (interval, unit): (i32, i32),
    setter: impl FnOnce(O::Value, RestartInterval) -> O::Value,
) -> Result<(), Fault> {
    let count = u16::try_from(interval)
        .map_err(|_| Fault::new(COSIMG_USAGE, "interval", format!("{interval} is not from 0 to 65535")))?;
    let interval = match unit {
        COSIMG_RESTART_MCUS => RestartInterval::Mcus(count),
        COSIMG_RESTART_ROWS => RestartInterval::Rows(count),
        other => return Err(Fault::unknown_number("unit", other)),
    };
    call.update(object, name, |value| Ok(setter(value, interval)))
}
