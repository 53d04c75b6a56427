//! Bounds on what a call may cost.

use std::ptr;

use super::guard::{Call, Opaque};
use super::status::{Fault, cosimg_error, cosimg_status};
use crate::Limits;

/// The library's own: 2 GiB of working memory, 65,500 a side, 1,000 scans.
pub const COSIMG_LIMITS_DEFAULT: i32 = 0;
/// Cloud Infinite, the international documents of 2024: 32 MiB of input, 30,000 a side, results of 9,999 a side.
pub const COSIMG_LIMITS_INTL_2024: i32 = 1;
/// Cloud Infinite, the international "specifications and limits" page of December 2025: 20 MiB of input.
pub const COSIMG_LIMITS_INTL_2025: i32 = 2;
/// Cloud Infinite, the current mainland documents: 32 MiB of input, 50,000 a side, results as large.
pub const COSIMG_LIMITS_CN_CURRENT: i32 = 3;

/// Bounds on input, picture, work and memory. Passing one gives `COSIMG_LIMIT`, and the error's field is the name of
/// the bound as in the setters below; it is checked before the memory is taken or the work begun.
///
/// Threads: const functions share it.
pub struct cosimg_limits {
    _opaque: [u8; 0],
}

impl Opaque for cosimg_limits {
    type Value = Limits;
}

/// The bounds of a profile, one of `COSIMG_LIMITS_*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_limits_new(
    profile: i32,
    out: *mut *mut cosimg_limits,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let out = call.fresh(out, "out")?;
        let limits = match profile {
            COSIMG_LIMITS_DEFAULT => Limits::default(),
            COSIMG_LIMITS_INTL_2024 => Limits::intl_2024(),
            COSIMG_LIMITS_INTL_2025 => Limits::intl_2025(),
            COSIMG_LIMITS_CN_CURRENT => Limits::cn_current(),
            other => return Err(Fault::unknown_number("profile", other)),
        };
        *out = call.hand_out(limits);
        Ok(())
    })
}

/// Bytes of a source.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_limits_set_input_bytes(
    limits: *mut cosimg_limits,
    input_bytes: u64,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(limits, "limits", |limits| Ok(Limits { input_bytes, ..limits })))
}

/// Samples of width and of height of a source.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_limits_set_side(
    limits: *mut cosimg_limits,
    side: u32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(limits, "limits", |limits| Ok(Limits { side, ..limits })))
}

/// Width times height of a source, times its frames where it is animated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_limits_set_pixels(
    limits: *mut cosimg_limits,
    pixels: u64,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(limits, "limits", |limits| Ok(Limits { pixels, ..limits })))
}

/// Width and height of a result that is made; a source that is given back as it is has passed the bounds of sources.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_limits_set_result_side(
    limits: *mut cosimg_limits,
    result_side: u32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(limits, "limits", |limits| Ok(Limits { result_side, ..limits })))
}

/// Scans of a JPEG.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_limits_set_scans(
    limits: *mut cosimg_limits,
    scans: u32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(limits, "limits", |limits| Ok(Limits { scans, ..limits })))
}

/// Visits of blocks of a JPEG. Its scans may visit so many as they are read, scans times blocks; a block of an
/// arithmetic-coded scan counts once for each coefficient of its band. What is made of it may visit as many again, and
/// 1,024 more for each byte of the source: a block counts once for each scan that is prepared, and 64 times where it
/// is requantised. Of a script of the caller's own, scans times blocks may not be more than this number, whatever the
/// source.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_limits_set_block_visits(
    limits: *mut cosimg_limits,
    block_visits: u64,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(limits, "limits", |limits| Ok(Limits { block_visits, ..limits })))
}

/// Bytes of working memory, output included, input not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_limits_set_memory(
    limits: *mut cosimg_limits,
    memory: u64,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(limits, "limits", |limits| Ok(Limits { memory, ..limits })))
}

/// Stages of a processing rule, separated by `|`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_limits_set_stages(
    limits: *mut cosimg_limits,
    stages: u32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(limits, "limits", |limits| Ok(Limits { stages, ..limits })))
}

/// Frees bounds. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_limits_free(limits: *mut cosimg_limits) {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.free(limits);
}
