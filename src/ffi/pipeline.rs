//! Processing rules carried out on bytes.

use std::ffi::{c_char, c_void};
use std::ptr;

use super::buffer::{Out, cosimg_buffer, cosimg_slice};
use super::callback::{cosimg_cancel, cosimg_write_fn};
use super::guard::{Call, Empty, Opaque};
use super::limits::cosimg_limits;
use super::status::{COSIMG_USAGE, Fault, cosimg_error, cosimg_status};
use crate::Params;
use crate::pipeline::{Format, Processor};

/// None of the formats below.
pub const COSIMG_FORMAT_UNKNOWN: i32 = 0;
/// JPEG.
pub const COSIMG_FORMAT_JPEG: i32 = 1;
/// PNG.
pub const COSIMG_FORMAT_PNG: i32 = 2;
/// GIF.
pub const COSIMG_FORMAT_GIF: i32 = 3;
/// WebP.
pub const COSIMG_FORMAT_WEBP: i32 = 4;
/// BMP.
pub const COSIMG_FORMAT_BMP: i32 = 5;
/// HEIF, HEIC included.
pub const COSIMG_FORMAT_HEIF: i32 = 6;
/// AVIF.
pub const COSIMG_FORMAT_AVIF: i32 = 7;
/// TIFF.
pub const COSIMG_FORMAT_TIFF: i32 = 8;

/// Carries out processing rules as the service does, under the service's documented limits
/// (`COSIMG_LIMITS_INTL_2024`) unless others are set.
///
/// Threads: const functions share it.
pub struct cosimg_processor {
    _opaque: [u8; 0],
}

impl Opaque for cosimg_processor {
    type Value = Processor;
}

/// The format of a picture by its first bytes: one of `COSIMG_FORMAT_*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_format_sniff(source: cosimg_slice) -> i32 {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(COSIMG_FORMAT_UNKNOWN, |call| {
        Ok(Format::sniff(source.bytes(call, "source")?).map_or(COSIMG_FORMAT_UNKNOWN, number))
    })
}

/// The media type of a format, `image/jpeg` and so on. Static; empty for an unknown number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_format_content_type(format: i32) -> cosimg_slice {
    // SAFETY: there are no pointers.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(Empty::EMPTY, |_| Ok(to_format(format)?.content_type().into()))
}

/// The name of a format in the processing language, `jpg` and so on. Static; empty for an unknown number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_format_name(format: i32) -> cosimg_slice {
    // SAFETY: there are no pointers.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(Empty::EMPTY, |_| Ok(to_format(format)?.name().into()))
}

/// A processor over a white background.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_processor_new(
    out: *mut *mut cosimg_processor,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let out = call.fresh(out, "out")?;
        *out = call.hand_out(Processor::new());
        Ok(())
    })
}

/// What transparent pixels are laid over.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_processor_set_background(
    processor: *mut cosimg_processor,
    red: u8,
    green: u8,
    blue: u8,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(processor, "processor", |processor| Ok(processor.background([red, green, blue]))))
}

/// Quality, 1 to 100, of a JPEG from a source that has none of its own and a rule that names none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_processor_set_default_quality(
    processor: *mut cosimg_processor,
    quality: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let quality = u8::try_from(quality)
            .map_err(|_| Fault::new(COSIMG_USAGE, "quality", format!("{quality} is not from 1 to 100")))?;
        call.update(processor, "processor", |processor| Ok(processor.default_quality(quality)?))
    })
}

/// Bounds on what a run may cost; a copy is kept.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_processor_set_limits(
    processor: *mut cosimg_processor,
    limits: *const cosimg_limits,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let limits = call.shared(limits, "limits")?.clone();
        call.update(processor, "processor", |processor| Ok(processor.limits(limits)))
    })
}

/// A flag that stops runs; it may be freed before them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_processor_set_cancel(
    processor: *mut cosimg_processor,
    cancel: *const cosimg_cancel,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let cancel = call.shared(cancel, "cancel")?.clone();
        call.update(processor, "processor", |processor| Ok(processor.cancel(cancel)))
    })
}

/// Applies a rule, `imageMogr2/format/jpg/interlace/1`, to a picture, into a buffer to free with `cosimg_buffer_free`.
/// `*format` is one of `COSIMG_FORMAT_*`. Where processing failed and the rule says `ignore-error/1`, the result is the
/// source, and `*ignored` why it failed, to free with `cosimg_error_free`; otherwise it is NULL. `format` and
/// `ignored` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_processor_run(
    processor: *const cosimg_processor,
    source: cosimg_slice,
    rule: *const c_char,
    rule_len: usize,
    out: *mut cosimg_buffer,
    format: *mut i32,
    ignored: *mut *mut cosimg_error,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        process(call, processor, source, rule, rule_len, Told::new(call, format, ignored)?, Out::library(call, out)?)
    })
}

/// The same into a function of the caller's, which is given `user` first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_processor_run_to(
    processor: *const cosimg_processor,
    source: cosimg_slice,
    rule: *const c_char,
    rule_len: usize,
    write: cosimg_write_fn,
    user: *mut c_void,
    format: *mut i32,
    ignored: *mut *mut cosimg_error,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        process(call, processor, source, rule, rule_len, Told::new(call, format, ignored)?, Out::callback(write, user)?)
    })
}

/// The same into `capacity` bytes of the caller's; `*len` is the size of the result. Where it does not fit, the status
/// is `COSIMG_BUFFER_TOO_SMALL`, `*len` is the size that is needed, and nothing is written. (NULL, 0) asks for the size
/// at the cost of a run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_processor_run_into(
    processor: *const cosimg_processor,
    source: cosimg_slice,
    rule: *const c_char,
    rule_len: usize,
    out: *mut u8,
    capacity: usize,
    len: *mut usize,
    format: *mut i32,
    ignored: *mut *mut cosimg_error,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        process(
            call,
            processor,
            source,
            rule,
            rule_len,
            Told::new(call, format, ignored)?,
            Out::caller(call, out, capacity, len)?,
        )
    })
}

/// Frees a processor. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_processor_free(processor: *mut cosimg_processor) {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.free(processor);
}

/// What a run tells beside its bytes.
struct Told<'a> {
    format: Option<&'a mut i32>,
    ignored: Option<&'a mut *mut cosimg_error>,
}

impl<'a> Told<'a> {
    fn new(call: &Call, format: *mut i32, ignored: *mut *mut cosimg_error) -> Result<Self, Fault> {
        Ok(Self { format: call.fresh_or_null(format, "format")?, ignored: call.fresh_or_null(ignored, "ignored")? })
    }
}

fn process(
    call: &Call,
    processor: *const cosimg_processor,
    source: cosimg_slice,
    rule: *const c_char,
    rule_len: usize,
    told: Told<'_>,
    out: Out<'_>,
) -> Result<(), Fault> {
    let processor = call.shared(processor, "processor")?;
    let source = source.bytes(call, "source")?;
    let rule: Params = call.text(rule, rule_len, "rule")?.parse()?;
    let processed = processor.run(source, &rule)?;
    out.deliver(processed.bytes)?;
    if let Some(format) = told.format {
        *format = number(processed.format);
    }
    if let (Some(place), Some(why)) = (told.ignored, processed.ignored) {
        *place = Fault::from(why).into_object();
    }
    Ok(())
}

const FORMATS: [Format; 8] =
    [Format::Jpeg, Format::Png, Format::Gif, Format::WebP, Format::Bmp, Format::Heif, Format::Avif, Format::Tiff];

fn number(format: Format) -> i32 {
    match format {
        Format::Jpeg => COSIMG_FORMAT_JPEG,
        Format::Png => COSIMG_FORMAT_PNG,
        Format::Gif => COSIMG_FORMAT_GIF,
        Format::WebP => COSIMG_FORMAT_WEBP,
        Format::Bmp => COSIMG_FORMAT_BMP,
        Format::Heif => COSIMG_FORMAT_HEIF,
        Format::Avif => COSIMG_FORMAT_AVIF,
        Format::Tiff => COSIMG_FORMAT_TIFF,
        Format::Unknown => COSIMG_FORMAT_UNKNOWN,
    }
}

fn to_format(wanted: i32) -> Result<Format, Fault> {
    let known = FORMATS.into_iter().find(|format| number(*format) == wanted);
    known.ok_or_else(|| Fault::unknown_number("format", wanted))
}
