//! Status codes and the error object.

use std::any::Any;
use std::borrow::Cow;
use std::ffi::{CString, c_char};
use std::ptr;

use super::guard::{Call, Empty};
use crate::{Error, ErrorKind};

/// 0 or a code of the blocks below.
pub type cosimg_status = i32;

/// Done.
pub const COSIMG_OK: cosimg_status = 0;

/// 100 to 199: the bytes handed in are malformed, truncated or contradictory.
pub const COSIMG_INPUT: cosimg_status = 100;

/// 200 to 299: the caller is wrong, by an argument out of range, a missing setting or a contradiction between options.
pub const COSIMG_USAGE: cosimg_status = 200;
/// A pointer is NULL, or not aligned, where a value is needed.
pub const COSIMG_USAGE_NULL: cosimg_status = 201;
/// A text is not UTF-8, or has a NUL byte in it; the error's offset is that of the first bad byte.
pub const COSIMG_USAGE_UTF8: cosimg_status = 202;
/// An integer is none of the numbers of its enumeration.
pub const COSIMG_USAGE_ENUM: cosimg_status = 203;
/// A length is more than any object can have.
pub const COSIMG_USAGE_LENGTH: cosimg_status = 204;
/// The caller's memory does not hold the result; its needed size is in `*len`.
pub const COSIMG_BUFFER_TOO_SMALL: cosimg_status = 205;
/// The library that was loaded cannot serve this header.
pub const COSIMG_ABI_MISMATCH: cosimg_status = 206;

/// 300 to 399: understood, but not carried out here; the message names what is missing.
pub const COSIMG_UNSUPPORTED: cosimg_status = 300;

/// 400 to 499: the work would pass a bound of `cosimg_limits`; the error's field names the bound.
pub const COSIMG_LIMIT: cosimg_status = 400;

/// 500 to 599: the caller asked to stop.
pub const COSIMG_CANCELLED: cosimg_status = 500;

/// 600 to 699: a signature does not hold.
pub const COSIMG_SIGNATURE: cosimg_status = 600;

/// 700 to 799: a sink or source of the caller's failed.
pub const COSIMG_IO: cosimg_status = 700;

/// 900 to 999: a fault in the library.
pub const COSIMG_INTERNAL: cosimg_status = 900;
/// An earlier call on this object ended in `COSIMG_INTERNAL`; it can only be freed.
pub const COSIMG_POISONED: cosimg_status = 901;

/// An error: its code, one sentence, and the name or the byte it is about.
///
/// Threads: shared freely.
pub struct cosimg_error {
    code: cosimg_status,
    message: CString,
    field: Option<CString>,
    offset: Option<u64>,
}

/// The code, the same that the failed function returned. `COSIMG_OK` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_error_code(error: *const cosimg_error) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(COSIMG_OK, |call| Ok(call.plain(error, "error")?.code))
}

/// The sentence, without the place. Valid until the error is freed. The empty text for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_error_message(error: *const cosimg_error) -> *const c_char {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(c"".as_ptr(), |call| Ok(call.plain(error, "error")?.message.as_ptr()))
}

/// The argument, option, parameter or bound that the error is about, or NULL where there is none. Valid until the
/// error is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_error_field(error: *const cosimg_error) -> *const c_char {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(ptr::null(), |call| Ok(call.plain(error, "error")?.field.as_ref().map_or(ptr::null(), |f| f.as_ptr())))
}

/// Whether the error is about a byte of the input: 1, and its index from 0 in `*offset`, or 0. `offset` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_error_offset(error: *const cosimg_error, offset: *mut u64) -> i32 {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(0, |call| {
        let place = call.fresh_or_null(offset, "offset")?;
        let known = call.plain(error, "error")?.offset;
        if let (Some(place), Some(known)) = (place, known) {
            *place = known;
        }
        Ok(i32::from(known.is_some()))
    })
}

/// Frees an error. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_error_free(error: *mut cosimg_error) {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.free_plain(error);
}

/// What went wrong in a function of this module, before it takes the form that C sees.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) code: cosimg_status,
    message: Cow<'static, str>,
    field: Option<String>,
    offset: Option<u64>,
}

impl Fault {
    pub(super) fn new(code: cosimg_status, field: &str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), field: Some(field.to_owned()), offset: None }
    }

    pub(super) fn unknown_number(field: &str, number: i32) -> Self {
        Self::new(COSIMG_USAGE_ENUM, field, format!("{number} is none of the numbers of this enumeration"))
    }

    pub(super) fn at(mut self, offset: usize) -> Self {
        self.offset = Some(offset as u64);
        self
    }

    /// From what `catch_unwind` caught.
    pub(super) fn panicked(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        Self { code: COSIMG_INTERNAL, message: format!("panic: {text}").into(), field: None, offset: None }
    }

    pub(super) fn into_object(self) -> *mut cosimg_error {
        Box::into_raw(Box::new(cosimg_error {
            code: self.code,
            message: c_string(&self.message),
            field: self.field.as_deref().map(c_string),
            offset: self.offset,
        }))
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let code = match error.kind() {
            ErrorKind::Input => COSIMG_INPUT,
            ErrorKind::Usage => COSIMG_USAGE,
            ErrorKind::Unsupported => COSIMG_UNSUPPORTED,
            ErrorKind::Limit => COSIMG_LIMIT,
            ErrorKind::Cancelled => COSIMG_CANCELLED,
            ErrorKind::Signature => COSIMG_SIGNATURE,
            ErrorKind::Io => COSIMG_IO,
            ErrorKind::Internal => COSIMG_INTERNAL,
        };
        let message = error.message().to_owned().into();
        Self { code, message, field: error.field().map(str::to_owned), offset: error.offset() }
    }
}

impl Empty for *mut cosimg_error {
    const EMPTY: Self = ptr::null_mut();
}

/// A message may quote the caller's text, and that may hold NULs.
fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "\\0")).unwrap_or_default()
}
