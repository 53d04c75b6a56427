//! Verifying: whose signatures are accepted, and what came out.

use std::ffi::c_char;
use std::ptr;

use time::OffsetDateTime;

use super::buffer::{cosimg_buffer, cosimg_slice};
use super::guard::{Call, Empty, Opaque};
use super::sign::credential;
use super::status::{COSIMG_SIGNATURE, COSIMG_USAGE, Fault, cosimg_error, cosimg_status};
use crate::Verifier;
use crate::sign::{Reason, Rejected, Request, Verified};

/// The credentials whose signatures are accepted, and how strictly.
///
/// Threads: const functions share it.
pub struct cosimg_verifier {
    _opaque: [u8; 0],
}

impl Opaque for cosimg_verifier {
    type Value = Verifier;
}

/// What a verifier found: accepted, with what the signature covers; or refused, with the reason and COS's answer.
///
/// Threads: shared freely.
pub struct cosimg_verdict {
    _opaque: [u8; 0],
}

impl Opaque for cosimg_verdict {
    type Value = Result<Verified, Rejected>;
}

/// A verifier that accepts nobody yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verifier_new(
    out: *mut *mut cosimg_verifier,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let out = call.fresh(out, "out")?;
        *out = call.hand_out(Verifier::new());
        Ok(())
    })
}

/// Accepts signatures of this credential too; several are held while keys are rotated. An empty token is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verifier_credential(
    verifier: *mut cosimg_verifier,
    secret_id: *const c_char,
    secret_id_len: usize,
    secret_key: *const c_char,
    secret_key_len: usize,
    token: *const c_char,
    token_len: usize,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let secret_id = call.text(secret_id, secret_id_len, "secret_id")?;
        let secret_key = call.text(secret_key, secret_key_len, "secret_key")?;
        let token = call.text(token, token_len, "token")?;
        let credential = credential(secret_id, secret_key, token)?;
        call.update(verifier, "verifier", |verifier| Ok(verifier.credential(credential)))
    })
}

/// Whether every parameter and Host must be covered. Off unless switched on here, as on the service.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verifier_set_strict(
    verifier: *mut cosimg_verifier,
    on: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(verifier, "verifier", |verifier| Ok(verifier.strict(on != 0))))
}

/// Judges the request that opening `url` makes, at the time `now` in Unix seconds. A refusal is `COSIMG_OK` too: ask
/// `cosimg_verdict_accepted`, or turn the refusal into a status with `cosimg_verdict_require`. `COSIMG_INPUT` or
/// `COSIMG_USAGE` means that `url` is no URL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verifier_verify_url(
    verifier: *const cosimg_verifier,
    method: *const c_char,
    method_len: usize,
    url: *const c_char,
    url_len: usize,
    now: i64,
    out: *mut *mut cosimg_verdict,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let out = call.fresh(out, "out")?;
        let verifier = call.shared(verifier, "verifier")?;
        let method = call.text(method, method_len, "method")?;
        let request = Request::from_url(method, call.text(url, url_len, "url")?)?;
        *out = call.hand_out(verifier.verify(&request, time(now)?));
        Ok(())
    })
}

/// Judges a request that a server received: `target` is the request target as on the wire (`/key?query`), `headers`
/// are name, value, name, value and so on. Otherwise as `cosimg_verifier_verify_url`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verifier_verify_request(
    verifier: *const cosimg_verifier,
    method: *const c_char,
    method_len: usize,
    target: *const c_char,
    target_len: usize,
    headers: *const cosimg_slice,
    headers_len: usize,
    now: i64,
    out: *mut *mut cosimg_verdict,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let out = call.fresh(out, "out")?;
        let verifier = call.shared(verifier, "verifier")?;
        let method = call.text(method, method_len, "method")?;
        let target = call.text(target, target_len, "target")?;
        let headers = call.slice(headers, headers_len, "headers")?;
        let headers = headers.iter().map(|text| text.text(call, "headers")).collect::<Result<Vec<_>, _>>()?;
        let (pairs, rest) = headers.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(Fault::new(COSIMG_USAGE, "headers_len", "the last header has no value"));
        }
        let request = Request::from_wire(method, target, pairs.iter().map(|&[name, value]| (name, value)))?;
        *out = call.hand_out(verifier.verify(&request, time(now)?));
        Ok(())
    })
}

/// Frees a verifier and wipes its secrets. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verifier_free(verifier: *mut cosimg_verifier) {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.free(verifier);
}

/// 1 where the signature holds, 0 where it does not, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verdict_accepted(verdict: *const cosimg_verdict) -> i32 {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(0, |call| Ok(i32::from(call.shared(verdict, "verdict")?.is_ok())))
}

/// `COSIMG_OK` where the signature holds; otherwise `COSIMG_SIGNATURE`, with the reason as the error's message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verdict_require(
    verdict: *const cosimg_verdict,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| match call.shared(verdict, "verdict")? {
        Ok(_) => Ok(()),
        Err(rejected) => Err(Fault::new(COSIMG_SIGNATURE, rejected.reason().as_str(), rejected.to_string())),
    })
}

/// Why it was refused, by a stable name for programs: `unsigned`, `malformed`, `duplicate`, `expired`,
/// `not-yet-valid`, `unknown-key`, `token`, `absent`, `mismatch`, `uncovered`. Empty where it was accepted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verdict_reason(verdict: *const cosimg_verdict) -> cosimg_slice {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(Empty::EMPTY, |call| Ok(rejected(call, verdict)?.reason().as_str().into()))
}

/// The parameter, header or field that the reason is about; empty where it is about none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verdict_subject(verdict: *const cosimg_verdict) -> cosimg_slice {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(Empty::EMPTY, |call| {
        Ok(match rejected(call, verdict)?.reason() {
            Reason::Absent { name, .. } | Reason::Duplicate { name, .. } | Reason::Uncovered { name, .. } => {
                name.as_str().into()
            }
            Reason::Malformed { field } => (*field).into(),
            Reason::Unsigned
            | Reason::Expired
            | Reason::NotYetValid
            | Reason::UnknownKey
            | Reason::Token
            | Reason::Mismatch => Empty::EMPTY,
        })
    })
}

/// COS's error code: `SignatureDoesNotMatch`, `AccessDenied` and so on. Empty where it was accepted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verdict_code(verdict: *const cosimg_verdict) -> cosimg_slice {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(Empty::EMPTY, |call| Ok(rejected(call, verdict)?.code().into()))
}

/// COS's message. Empty where it was accepted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verdict_message(verdict: *const cosimg_verdict) -> cosimg_slice {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(Empty::EMPTY, |call| Ok(rejected(call, verdict)?.message().into()))
}

/// The HTTP status that COS answers with, 200 where it was accepted, 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verdict_http_status(verdict: *const cosimg_verdict) -> i32 {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(0, |call| {
        Ok(call.shared(verdict, "verdict")?.as_ref().map_or_else(|rejected| rejected.status().into(), |_| 200))
    })
}

/// COS's error document, in a buffer to free with `cosimg_buffer_free`. `COSIMG_USAGE` where it was accepted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verdict_xml(
    verdict: *const cosimg_verdict,
    resource: *const c_char,
    resource_len: usize,
    request_id: *const c_char,
    request_id_len: usize,
    trace_id: *const c_char,
    trace_id_len: usize,
    out: *mut cosimg_buffer,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let out = call.fresh(out, "out")?;
        let rejected = rejected(call, verdict)?;
        let resource = call.text(resource, resource_len, "resource")?;
        let request_id = call.text(request_id, request_id_len, "request_id")?;
        let trace_id = call.text(trace_id, trace_id_len, "trace_id")?;
        *out = rejected.to_xml(resource, request_id, trace_id).into();
        Ok(())
    })
}

/// Who signed. Empty where it was refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verdict_secret_id(verdict: *const cosimg_verdict) -> cosimg_slice {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(Empty::EMPTY, |call| Ok(verified(call, verdict)?.secret_id.as_str().into()))
}

/// From when to when the signature holds, in Unix seconds. `COSIMG_USAGE` where it was refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verdict_key_time(
    verdict: *const cosimg_verdict,
    start: *mut u64,
    end: *mut u64,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let (start, end) = (call.fresh(start, "start"), call.fresh(end, "end"));
        let (start, end) = (start?, end?);
        let key_time = verified(call, verdict)?.key_time;
        (*start, *end) = (key_time.start(), key_time.end());
        Ok(())
    })
}

/// How many parameters the signature covers. 0 where it was refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verdict_params_len(verdict: *const cosimg_verdict) -> usize {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(0, |call| Ok(verified(call, verdict)?.params.len()))
}

/// The name of a covered parameter, encoded and lower-cased as in `q-url-param-list`. Empty beyond the last one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verdict_param(verdict: *const cosimg_verdict, index: usize) -> cosimg_slice {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(Empty::EMPTY, |call| Ok(entry(&verified(call, verdict)?.params, index)))
}

/// How many headers the signature covers. 0 where it was refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verdict_headers_len(verdict: *const cosimg_verdict) -> usize {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(0, |call| Ok(verified(call, verdict)?.headers.len()))
}

/// The name of a covered header. Empty beyond the last one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verdict_header(verdict: *const cosimg_verdict, index: usize) -> cosimg_slice {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(Empty::EMPTY, |call| Ok(entry(&verified(call, verdict)?.headers, index)))
}

/// Frees a verdict. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_verdict_free(verdict: *mut cosimg_verdict) {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.free(verdict);
}

fn rejected<'a>(call: &Call, verdict: *const cosimg_verdict) -> Result<&'a Rejected, Fault> {
    let verdict: &Result<_, _> = call.shared(verdict, "verdict")?;
    verdict.as_ref().err().ok_or_else(|| Fault::new(COSIMG_USAGE, "verdict", "the signature was accepted"))
}

fn verified<'a>(call: &Call, verdict: *const cosimg_verdict) -> Result<&'a Verified, Fault> {
    let verdict: &Result<_, _> = call.shared(verdict, "verdict")?;
    verdict.as_ref().map_err(|_| Fault::new(COSIMG_USAGE, "verdict", "the signature was refused"))
}

fn entry(names: &[String], index: usize) -> cosimg_slice {
    names.get(index).map_or(Empty::EMPTY, |name| name.as_str().into())
}

fn time(seconds: i64) -> Result<OffsetDateTime, Fault> {
    let out_of_range = |_| Fault::new(COSIMG_USAGE, "now", format!("{seconds} is no time of this calendar"));
    OffsetDateTime::from_unix_timestamp(seconds).map_err(out_of_range)
}
