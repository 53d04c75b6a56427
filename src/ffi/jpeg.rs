//! JPEG from pixels.

use std::ffi::{c_char, c_void};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::ptr;

use super::buffer::{Out, cosimg_buffer, cosimg_slice};
use super::callback::{Teller, cosimg_cancel, cosimg_progress_fn, cosimg_write_fn};
use super::guard::{Call, Opaque};
use super::image::cosimg_image_view;
use super::limits::cosimg_limits;
use super::status::{COSIMG_USAGE, Fault, cosimg_error, cosimg_status};
use super::transcode::to_mode;
use crate::jpeg::{Coding, Encoder, Image, Preset, QuantTables, Script, Subsampling};

/// Progressive (T.81 SOF2): a whole picture early, then finer and finer.
pub const COSIMG_CODING_PROGRESSIVE: i32 = 0;
/// Sequential (T.81 SOF0, or SOF1 where the tables need it).
pub const COSIMG_CODING_BASELINE: i32 = 1;
/// Progressive or sequential, whichever is smaller.
pub const COSIMG_CODING_SMALLER: i32 = 2;

/// 4:2:0 or 4:4:4, whichever suits the picture.
pub const COSIMG_SUBSAMPLING_AUTO: i32 = 0;
/// Chroma at half the width and half the height: 4:2:0.
pub const COSIMG_SUBSAMPLING_420: i32 = 420;
/// Chroma at half the width: 4:2:2.
pub const COSIMG_SUBSAMPLING_422: i32 = 422;
/// Chroma at full size: 4:4:4.
pub const COSIMG_SUBSAMPLING_444: i32 = 444;

/// Each coefficient is decided by itself: the least work.
pub const COSIMG_PRESET_FAST: i32 = 1;
/// Each block is decided as a whole, by what it costs in this picture.
pub const COSIMG_PRESET_BALANCED: i32 = 2;
/// The same twice: the second time knowing where the errors of the first show most.
pub const COSIMG_PRESET_SMALL: i32 = 3;

/// Makes JPEG from pixels.
///
/// Threads: const functions share it.
pub struct cosimg_encoder {
    _opaque: [u8; 0],
}

impl Opaque for cosimg_encoder {
    type Value = Encoder;
}

/// A balanced encoder of quality 85, 4:2:0, progressive, over a white background.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_new(
    out: *mut *mut cosimg_encoder,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let out = call.fresh(out, "out")?;
        *out = call.hand_out(Encoder::default());
        Ok(())
    })
}

/// One of `COSIMG_PRESET_*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_preset(
    encoder: *mut cosimg_encoder,
    preset: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let preset = to_preset(preset)?;
        call.update(encoder, "encoder", |encoder| Ok(encoder.preset(preset)))
    })
}

/// 1 to 100, alike to the eye with libjpeg's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_quality(
    encoder: *mut cosimg_encoder,
    quality: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let quality = to_quality(quality)?;
        call.update(encoder, "encoder", |encoder| Ok(encoder.quality(quality)?))
    })
}

/// As many bytes as a file may have: it is of the best quality up to the one set that has no more, which is searched
/// for. Runs give `COSIMG_LIMIT` where it has more even at quality 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_target_bytes(
    encoder: *mut cosimg_encoder,
    bytes: u64,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(encoder, "encoder", |encoder| Ok(encoder.target_bytes(bytes))))
}

/// What a file scores beside its picture at least, by ssimulacra2, 0 to 100: it is of the least quality that does, whatever
/// is set, which is searched for. Runs give `COSIMG_LIMIT` where even quality 100 does not. A library that was built without
/// the feature `ssimulacra2` gives `COSIMG_UNSUPPORTED` at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_target_ssimulacra2(
    encoder: *mut cosimg_encoder,
    score: f64,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(encoder, "encoder", |encoder| Ok(encoder.target_ssimulacra2(score)?)))
}

/// Quantisation tables in place of those of the preset at a quality: 64 steps of 1 to 255 each, a byte a step, row by row as
/// T.81 Annex K prints them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_tables(
    encoder: *mut cosimg_encoder,
    luma: cosimg_slice,
    chroma: cosimg_slice,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let tables = QuantTables::new(&to_steps(call, luma, "luma")?, &to_steps(call, chroma, "chroma")?)?;
        call.update(encoder, "encoder", |encoder| Ok(encoder.tables(tables)))
    })
}

/// One of `COSIMG_SUBSAMPLING_*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_subsampling(
    encoder: *mut cosimg_encoder,
    subsampling: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let subsampling = to_subsampling(subsampling)?;
        call.update(encoder, "encoder", |encoder| Ok(encoder.subsampling(subsampling)))
    })
}

/// One of `COSIMG_CODING_*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_coding(
    encoder: *mut cosimg_encoder,
    coding: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let coding = to_coding(coding)?;
        call.update(encoder, "encoder", |encoder| Ok(encoder.coding(coding)))
    })
}

/// One of `COSIMG_MODE_*`: what the scans of a progressive file are chosen for, instead of the few that suit how the encoder
/// decides coefficients.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_mode(
    encoder: *mut cosimg_encoder,
    mode: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let mode = to_mode(mode)?;
        call.update(encoder, "encoder", |encoder| Ok(encoder.mode(mode)))
    })
}

/// The scans one by one, as `cjpeg -scans` takes them: they stand in for the coding. Runs give `COSIMG_USAGE` where they do
/// not fit the picture.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_scans(
    encoder: *mut cosimg_encoder,
    script: *const c_char,
    script_len: usize,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let script = to_script(call, script, script_len)?;
        call.update(encoder, "encoder", |encoder| Ok(encoder.scans(script)))
    })
}

/// Whether samples of more than 8 bits are reduced with an ordered dither, which spares smooth gradients from bands and
/// costs bytes. At first they are rounded.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_dither(
    encoder: *mut cosimg_encoder,
    on: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(encoder, "encoder", |encoder| Ok(encoder.dither(on != 0))))
}

/// What transparent pixels are laid over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_background(
    encoder: *mut cosimg_encoder,
    red: u8,
    green: u8,
    blue: u8,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(encoder, "encoder", |encoder| Ok(encoder.background([red, green, blue]))))
}

/// How many threads a run may use, the caller's among them; 1 at first. The result does not depend on it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_threads(
    encoder: *mut cosimg_encoder,
    threads: usize,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let threads = to_threads(threads)?;
        call.update(encoder, "encoder", |encoder| Ok(encoder.threads(threads)))
    })
}

/// A function of the caller's that runs tell of their progress, and that may stop them; NULL for none, as at first. It is
/// given `user` first. Both shall be valid during every run, and for the row encoders that are begun; threads that share
/// the encoder share them too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_progress(
    encoder: *mut cosimg_encoder,
    progress: cosimg_progress_fn,
    user: *mut c_void,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        call.update(encoder, "encoder", |encoder| {
            Ok(match Teller::new(progress, user) {
                Some(teller) => encoder.progress(move |done, total| teller.tell(done, total)),
                None => encoder.progress(|_, _| ControlFlow::Continue(())),
            })
        })
    })
}

/// Bounds on what a run may cost; a copy is kept.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_limits(
    encoder: *mut cosimg_encoder,
    limits: *const cosimg_limits,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let limits = call.shared(limits, "limits")?.clone();
        call.update(encoder, "encoder", |encoder| Ok(encoder.limits(limits)))
    })
}

/// A flag that stops runs; it may be freed before them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_cancel(
    encoder: *mut cosimg_encoder,
    cancel: *const cosimg_cancel,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let cancel = call.shared(cancel, "cancel")?.clone();
        call.update(encoder, "encoder", |encoder| Ok(encoder.cancel(cancel)))
    })
}

/// Encodes a picture, into a buffer to free with `cosimg_buffer_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_run(
    encoder: *const cosimg_encoder,
    image: *const cosimg_image_view,
    out: *mut cosimg_buffer,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| encode(call, encoder, Out::library(call, out)?, &call.plain(image, "image")?.image(call)?))
}

/// The same into a function of the caller's, which is given `user` first: scans as they are done, so that an error may
/// come after pieces, but no piece after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_run_to(
    encoder: *const cosimg_encoder,
    image: *const cosimg_image_view,
    write: cosimg_write_fn,
    user: *mut c_void,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| encode(call, encoder, Out::callback(write, user)?, &call.plain(image, "image")?.image(call)?))
}

/// The same into `capacity` bytes of the caller's; `*len` is the size of the result. Where it does not fit, the status
/// is `COSIMG_BUFFER_TOO_SMALL`, `*len` is the size that is needed, and nothing is written. (NULL, 0) asks for the size
/// at the cost of a run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_run_into(
    encoder: *const cosimg_encoder,
    image: *const cosimg_image_view,
    out: *mut u8,
    capacity: usize,
    len: *mut usize,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        encode(call, encoder, Out::caller(call, out, capacity, len)?, &call.plain(image, "image")?.image(call)?)
    })
}

/// Frees an encoder. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_free(encoder: *mut cosimg_encoder) {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.free(encoder);
}

pub(super) fn encode(
    call: &Call,
    encoder: *const cosimg_encoder,
    out: Out<'_>,
    image: &Image<'_>,
) -> Result<(), Fault> {
    let encoder = call.shared(encoder, "encoder")?;
    match out {
        Out::Callback(sink) => Ok(encoder.encode_to(image, |piece| sink.write(piece))?),
        out => out.deliver(encoder.encode(image)?),
    }
}

pub(super) fn to_threads(threads: usize) -> Result<NonZeroUsize, Fault> {
    let threads = NonZeroUsize::new(threads);
    threads.ok_or_else(|| Fault::new(COSIMG_USAGE, "threads", "there is no work without a thread"))
}

pub(super) fn to_quality(quality: i32) -> Result<u8, Fault> {
    u8::try_from(quality).map_err(|_| Fault::new(COSIMG_USAGE, "quality", format!("{quality} is not from 1 to 100")))
}

pub(super) fn to_preset(preset: i32) -> Result<Preset, Fault> {
    match preset {
        COSIMG_PRESET_FAST => Ok(Preset::Fast),
        COSIMG_PRESET_BALANCED => Ok(Preset::Balanced),
        COSIMG_PRESET_SMALL => Ok(Preset::Small),
        other => Err(Fault::unknown_number("preset", other)),
    }
}

pub(super) fn to_coding(coding: i32) -> Result<Coding, Fault> {
    match coding {
        COSIMG_CODING_PROGRESSIVE => Ok(Coding::Progressive),
        COSIMG_CODING_BASELINE => Ok(Coding::Baseline),
        COSIMG_CODING_SMALLER => Ok(Coding::Smaller),
        other => Err(Fault::unknown_number("coding", other)),
    }
}

fn to_steps(call: &Call, steps: cosimg_slice, name: &str) -> Result<[u16; 64], Fault> {
    let steps = steps.bytes(call, name)?;
    let steps: &[u8; 64] =
        steps.try_into().map_err(|_| Fault::new(COSIMG_USAGE, name, format!("{} steps are not 64", steps.len())))?;
    Ok(steps.map(u16::from))
}

pub(super) fn to_script(call: &Call, script: *const c_char, script_len: usize) -> Result<Script, Fault> {
    Ok(call.text(script, script_len, "script")?.parse()?)
}

pub(super) fn to_subsampling(subsampling: i32) -> Result<Subsampling, Fault> {
    match subsampling {
        COSIMG_SUBSAMPLING_AUTO => Ok(Subsampling::Auto),
        COSIMG_SUBSAMPLING_420 => Ok(Subsampling::S420),
        COSIMG_SUBSAMPLING_422 => Ok(Subsampling::S422),
        COSIMG_SUBSAMPLING_444 => Ok(Subsampling::S444),
        other => Err(Fault::unknown_number("subsampling", other)),
    }
}
