//! JPEG from JPEG without loss, and what a JPEG is made of.

use std::ffi::{c_char, c_void};
use std::ptr;

use super::buffer::{Out, cosimg_buffer, cosimg_slice};
use super::callback::{cosimg_cancel, cosimg_write_fn};
use super::guard::{Call, Opaque};
use super::jpeg::{to_coding, to_preset, to_quality, to_script, to_threads};
use super::limits::cosimg_limits;
use super::status::{COSIMG_USAGE, Fault, cosimg_error, cosimg_status};
use crate::jpeg::{self, Damages, Mode, Strip, Transcoded, Transcoder};

/// What is shown after the first bytes.
pub const COSIMG_MODE_DISPLAY: i32 = 0;
/// A small file for little work.
pub const COSIMG_MODE_FAST: i32 = 1;
/// The smallest scans that a search finds; `cosimg_transcoder_set_effort` says how long it looks.
pub const COSIMG_MODE_SMALL: i32 = 2;

/// Keep all metadata.
pub const COSIMG_STRIP_NOTHING: i32 = 0;
/// Exif, the orientation of the picture included.
pub const COSIMG_STRIP_EXIF: i32 = 1;
/// ICC profiles.
pub const COSIMG_STRIP_ICC: i32 = 2;
/// XMP, extended XMP too.
pub const COSIMG_STRIP_XMP: i32 = 4;
/// Photoshop's image resources, which carry IPTC.
pub const COSIMG_STRIP_IPTC: i32 = 8;
/// COM segments.
pub const COSIMG_STRIP_COMMENTS: i32 = 16;
/// Thumbnails of JFIF, JFXX, Exif and Photoshop.
pub const COSIMG_STRIP_THUMBNAILS: i32 = 32;
/// The further images of a multi-picture file with their index.
pub const COSIMG_STRIP_IMAGES: i32 = 64;
/// All bytes after the end of the image.
pub const COSIMG_STRIP_TRAILING: i32 = 128;
/// Every segment of another kind.
pub const COSIMG_STRIP_OTHER: i32 = 256;
/// Everything that decoders do not need: the sum of those above. JFIF and Adobe segments always stay.
pub const COSIMG_STRIP_ALL: i32 = 511;
/// Everything that the picture looks the same without: ICC profiles stay, and of Exif the orientation.
pub const COSIMG_STRIP_SAFE: i32 = 512;

/// Makes JPEG from JPEG without changing a coefficient, unless it is told to requantise: progressive or baseline, with
/// the best Huffman tables.
///
/// Threads: const functions share it.
pub struct cosimg_transcoder {
    _opaque: [u8; 0],
}

impl Opaque for cosimg_transcoder {
    type Value = Transcoder;
}

/// What a run has to say of its source.
///
/// Threads: const functions share it.
pub struct cosimg_report {
    _opaque: [u8; 0],
}

/// The value of a `cosimg_report`.
pub struct Report {
    damages: Damages,
    kept_source: bool,
}

impl Opaque for cosimg_report {
    type Value = Report;
}

/// A transcoder to progressive that keeps all metadata.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_new(
    out: *mut *mut cosimg_transcoder,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let out = call.fresh(out, "out")?;
        *out = call.hand_out(Transcoder::new());
        Ok(())
    })
}

/// One of `COSIMG_CODING_*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_set_coding(
    transcoder: *mut cosimg_transcoder,
    coding: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let coding = to_coding(coding)?;
        call.update(transcoder, "transcoder", |transcoder| Ok(transcoder.coding(coding)))
    })
}

/// One of `COSIMG_MODE_*`, for the scans of a progressive file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_set_mode(
    transcoder: *mut cosimg_transcoder,
    mode: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let mode = to_mode(mode)?;
        call.update(transcoder, "transcoder", |transcoder| Ok(transcoder.mode(mode)))
    })
}

/// How long the search of `COSIMG_MODE_SMALL` looks: 1 to 9; 5 at first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_set_effort(
    transcoder: *mut cosimg_transcoder,
    effort: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        // Out of range for every number that does not fit.
        let effort = u8::try_from(effort).unwrap_or(u8::MAX);
        call.update(transcoder, "transcoder", |transcoder| Ok(transcoder.effort(effort)?))
    })
}

/// How many scans `COSIMG_MODE_SMALL` may have: 8 to 100. Until it is set they are 16, and 60 at an effort of 9.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_set_max_scans(
    transcoder: *mut cosimg_transcoder,
    max_scans: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        // Out of range for every number that does not fit.
        let max_scans = u8::try_from(max_scans).unwrap_or(u8::MAX);
        call.update(transcoder, "transcoder", |transcoder| Ok(transcoder.max_scans(max_scans)?))
    })
}

/// How many percent larger a file may be if more is seen of it while it arrives; 0 at first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_set_display_allowance(
    transcoder: *mut cosimg_transcoder,
    percent: f32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(transcoder, "transcoder", |transcoder| Ok(transcoder.display_allowance(percent)?)))
}

/// The scans one by one, as `cjpeg -scans` takes them: they stand in for coding and mode.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_set_scans(
    transcoder: *mut cosimg_transcoder,
    script: *const c_char,
    script_len: usize,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let script = to_script(call, script, script_len)?;
        call.update(transcoder, "transcoder", |transcoder| Ok(transcoder.scans(script)))
    })
}

/// Gives the coefficients up to coarser steps: those of the encoder at this quality, 1 to 100, with this preset, one of
/// `COSIMG_PRESET_*`, where those of the source are not as coarse already. This changes the picture.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_set_requantise(
    transcoder: *mut cosimg_transcoder,
    quality: i32,
    preset: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let (quality, preset) = (to_quality(quality)?, to_preset(preset)?);
        call.update(transcoder, "transcoder", |transcoder| Ok(transcoder.requantise(quality, preset)?))
    })
}

/// As many bytes as the result may have: where it has more, it is requantised to the best quality at which it has not, up
/// to that of `cosimg_transcoder_set_requantise` and with its preset. Runs give `COSIMG_LIMIT` where it has more even at
/// quality 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_set_target_bytes(
    transcoder: *mut cosimg_transcoder,
    bytes: u64,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(transcoder, "transcoder", |transcoder| Ok(transcoder.target_bytes(bytes))))
}

/// What is left out: a sum of `COSIMG_STRIP_*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_set_strip(
    transcoder: *mut cosimg_transcoder,
    strip: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let strip = to_strip(strip)?;
        call.update(transcoder, "transcoder", |transcoder| Ok(transcoder.strip(strip)))
    })
}

/// Whether the source is given back where the result would have more bytes: without what is to be stripped, and
/// otherwise as it was; a source that was found damaged is not. Off at first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_set_never_larger(
    transcoder: *mut cosimg_transcoder,
    on: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(transcoder, "transcoder", |transcoder| Ok(transcoder.never_larger(on != 0))))
}

/// Whether what can be read of a damaged source is rewritten. What is lost is zero, or as imprecise as earlier scans
/// left it; `cosimg_transcoder_run_and_report` says what was wrong. Off at first: damage is an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_set_tolerant(
    transcoder: *mut cosimg_transcoder,
    on: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(transcoder, "transcoder", |transcoder| Ok(transcoder.tolerant(on != 0))))
}

/// How many threads a run may use, the caller's among them; 1 at first. The result does not depend on it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_set_threads(
    transcoder: *mut cosimg_transcoder,
    threads: usize,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let threads = to_threads(threads)?;
        call.update(transcoder, "transcoder", |transcoder| Ok(transcoder.threads(threads)))
    })
}

/// Bounds on what a run may cost; a copy is kept.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_set_limits(
    transcoder: *mut cosimg_transcoder,
    limits: *const cosimg_limits,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let limits = call.shared(limits, "limits")?.clone();
        call.update(transcoder, "transcoder", |transcoder| Ok(transcoder.limits(limits)))
    })
}

/// A flag that stops runs; it may be freed before them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_set_cancel(
    transcoder: *mut cosimg_transcoder,
    cancel: *const cosimg_cancel,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let cancel = call.shared(cancel, "cancel")?.clone();
        call.update(transcoder, "transcoder", |transcoder| Ok(transcoder.cancel(cancel)))
    })
}

/// Transcodes a JPEG, into a buffer to free with `cosimg_buffer_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_run(
    transcoder: *const cosimg_transcoder,
    source: cosimg_slice,
    out: *mut cosimg_buffer,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| transcode(call, transcoder, source, Out::library(call, out)?))
}

/// The same into a function of the caller's, which is given `user` first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_run_to(
    transcoder: *const cosimg_transcoder,
    source: cosimg_slice,
    write: cosimg_write_fn,
    user: *mut c_void,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| transcode(call, transcoder, source, Out::callback(write, user)?))
}

/// The same into `capacity` bytes of the caller's; `*len` is the size of the result. Where it does not fit, the status
/// is `COSIMG_BUFFER_TOO_SMALL`, `*len` is the size that is needed, and nothing is written. (NULL, 0) asks for the size
/// at the cost of a run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_run_into(
    transcoder: *const cosimg_transcoder,
    source: cosimg_slice,
    out: *mut u8,
    capacity: usize,
    len: *mut usize,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| transcode(call, transcoder, source, Out::caller(call, out, capacity, len)?))
}

/// As `cosimg_transcoder_run`, and tells what there is to say of the source: `*report`, to free with
/// `cosimg_report_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_run_and_report(
    transcoder: *const cosimg_transcoder,
    source: cosimg_slice,
    out: *mut cosimg_buffer,
    report: *mut *mut cosimg_report,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let (out, report) = (call.fresh(out, "out"), call.fresh(report, "report"));
        let (out, report) = (out?, report?);
        let transcoder = call.shared(transcoder, "transcoder")?;
        let Transcoded { bytes, damages, kept_source, .. } =
            transcoder.run_and_report(source.bytes(call, "source")?)?;
        *out = bytes.into();
        *report = call.hand_out(Report { damages, kept_source });
        Ok(())
    })
}

/// Frees a transcoder. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_transcoder_free(transcoder: *mut cosimg_transcoder) {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.free(transcoder);
}

/// Whether the result is the source, but for what was stripped: `cosimg_transcoder_set_never_larger`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_report_kept_source(report: *const cosimg_report) -> i32 {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(0, |call| Ok(call.shared(report, "report")?.kept_source.into()))
}

/// How many damages the source has; 0 unless the transcoder is tolerant.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_report_damages(report: *const cosimg_report) -> u64 {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(0, |call| Ok(call.shared(report, "report")?.damages.count()))
}

/// How many of them `cosimg_report_damage` tells: the first 16.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_report_damages_len(report: *const cosimg_report) -> usize {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(0, |call| Ok(call.shared(report, "report")?.damages.listed().len()))
}

/// A damage: the error that the run would have ended with, were it not tolerant; to free with `cosimg_error_free`.
/// `COSIMG_USAGE` beyond the last one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_report_damage(
    report: *const cosimg_report,
    index: usize,
    damage: *mut *mut cosimg_error,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let out = call.fresh(damage, "damage")?;
        let damage = call.shared(report, "report")?.damages.listed().get(index);
        let damage = damage.ok_or_else(|| Fault::new(COSIMG_USAGE, "index", "there are not so many damages"))?;
        *out = Fault::from(damage.clone()).into_object();
        Ok(())
    })
}

/// Frees a report. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_report_free(report: *mut cosimg_report) {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.free(report);
}

/// What a JPEG is made of, without decoding it: one JSON object, which docs/inspect.md describes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_jpeg_inspect(
    source: cosimg_slice,
    limits: *const cosimg_limits,
    out: *mut cosimg_buffer,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let out = call.fresh(out, "out")?;
        let limits = call.shared(limits, "limits")?;
        *out = jpeg::inspect(source.bytes(call, "source")?, limits)?.to_json().into();
        Ok(())
    })
}

fn transcode(
    call: &Call,
    transcoder: *const cosimg_transcoder,
    source: cosimg_slice,
    out: Out<'_>,
) -> Result<(), Fault> {
    let transcoder = call.shared(transcoder, "transcoder")?;
    out.deliver(transcoder.run(source.bytes(call, "source")?)?)
}

fn to_strip(kinds: i32) -> Result<Strip, Fault> {
    const KINDS: [(i32, Strip); 11] = [
        (COSIMG_STRIP_NOTHING, Strip::NOTHING),
        (COSIMG_STRIP_EXIF, Strip::EXIF),
        (COSIMG_STRIP_ICC, Strip::ICC),
        (COSIMG_STRIP_XMP, Strip::XMP),
        (COSIMG_STRIP_IPTC, Strip::IPTC),
        (COSIMG_STRIP_COMMENTS, Strip::COMMENTS),
        (COSIMG_STRIP_THUMBNAILS, Strip::THUMBNAILS),
        (COSIMG_STRIP_IMAGES, Strip::IMAGES),
        (COSIMG_STRIP_TRAILING, Strip::TRAILING),
        (COSIMG_STRIP_OTHER, Strip::OTHER),
        (COSIMG_STRIP_SAFE, Strip::SAFE),
    ];
    if kinds & !(COSIMG_STRIP_ALL | COSIMG_STRIP_SAFE) != 0 {
        return Err(Fault::unknown_number("strip", kinds));
    }
    let wanted = KINDS.iter().filter(|(number, _)| kinds & number == *number);
    Ok(wanted.fold(Strip::NOTHING, |strip, (_, kind)| strip | *kind))
}

pub(super) fn to_mode(mode: i32) -> Result<Mode, Fault> {
    match mode {
        COSIMG_MODE_DISPLAY => Ok(Mode::Display),
        COSIMG_MODE_FAST => Ok(Mode::Fast),
        COSIMG_MODE_SMALL => Ok(Mode::Small),
        other => Err(Fault::unknown_number("mode", other)),
    }
}
