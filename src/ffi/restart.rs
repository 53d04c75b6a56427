//! Restart intervals of what is made.

use super::guard::Call;
use super::jpeg::cosimg_encoder;
use super::status::{COSIMG_USAGE, Fault, cosimg_error, cosimg_status};
use super::transcode::cosimg_transcoder;
use crate::jpeg::RestartInterval;

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
    call.run(|call| {
        let interval = to_restart_interval(interval, unit)?;
        call.update(encoder, "encoder", |encoder| Ok(encoder.restart_interval(interval)))
    })
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
    call.run(|call| {
        let interval = to_restart_interval(interval, unit)?;
        call.update(transcoder, "transcoder", |transcoder| Ok(transcoder.restart_interval(interval)))
    })
}

fn to_restart_interval(interval: i32, unit: i32) -> Result<RestartInterval, Fault> {
    let count = u16::try_from(interval)
        .map_err(|_| Fault::new(COSIMG_USAGE, "interval", format!("{interval} is not from 0 to 65535")))?;
    match unit {
        COSIMG_RESTART_MCUS => Ok(RestartInterval::Mcus(count)),
        COSIMG_RESTART_ROWS => Ok(RestartInterval::Rows(count)),
        other => Err(Fault::unknown_number("unit", other)),
    }
}
