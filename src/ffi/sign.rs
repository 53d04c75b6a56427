//! Signing: who signs, what is signed, and the two forms of the result.

use std::ffi::c_char;
use std::num::NonZeroUsize;
use std::ptr;

use super::buffer::{cosimg_buffer, cosimg_slice};
use super::guard::{Call, Empty, Opaque};
use super::status::{COSIMG_USAGE, Fault, cosimg_error, cosimg_status};
use crate::sign::{HeaderPolicy, Signature};
use crate::{Credential, KeyTime, Link, Params, Signer};

/// The headers that the service's own SDKs sign.
pub const COSIMG_HEADERS_DEFAULT: i32 = 0;
/// Every header of the request.
pub const COSIMG_HEADERS_ALL: i32 = 1;
/// No header but Host, which has a switch of its own.
pub const COSIMG_HEADERS_NONE: i32 = 2;

/// A credential and what of a request it signs. The secret is wiped when the signer is freed, and is never part of an
/// error.
///
/// Threads: const functions share it.
pub struct cosimg_signer {
    _opaque: [u8; 0],
}

impl Opaque for cosimg_signer {
    type Value = Signer;
}

/// A request to sign: method, host, key, rules, parameters, headers.
///
/// Threads: const functions share it.
pub struct cosimg_link {
    _opaque: [u8; 0],
}

impl Opaque for cosimg_link {
    type Value = Link;
}

/// A signature in header form, and the strings it came from.
///
/// Threads: shared freely.
pub struct cosimg_signature {
    _opaque: [u8; 0],
}

impl Opaque for cosimg_signature {
    type Value = Signature;
}

/// A signer for a SecretId and SecretKey, and the token that temporary keys come with; an empty token is none. Host
/// and the headers of `COSIMG_HEADERS_DEFAULT` are signed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_signer_new(
    secret_id: *const c_char,
    secret_id_len: usize,
    secret_key: *const c_char,
    secret_key_len: usize,
    token: *const c_char,
    token_len: usize,
    out: *mut *mut cosimg_signer,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let out = call.fresh(out, "out")?;
        let secret_id = call.text(secret_id, secret_id_len, "secret_id")?;
        let secret_key = call.text(secret_key, secret_key_len, "secret_key")?;
        let token = call.text(token, token_len, "token")?;
        *out = call.hand_out(Signer::new(credential(secret_id, secret_key, token)?));
        Ok(())
    })
}

/// Which headers are signed: one of `COSIMG_HEADERS_*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_signer_set_headers(
    signer: *mut cosimg_signer,
    headers: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let policy = match headers {
            COSIMG_HEADERS_DEFAULT => HeaderPolicy::Default,
            COSIMG_HEADERS_ALL => HeaderPolicy::All,
            COSIMG_HEADERS_NONE => HeaderPolicy::None,
            other => return Err(Fault::unknown_number("headers", other)),
        };
        call.update(signer, "signer", |signer| Ok(signer.headers(policy)))
    })
}

/// Signs the headers of these names, in place of one of `COSIMG_HEADERS_*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_signer_set_header_names(
    signer: *mut cosimg_signer,
    names: *const cosimg_slice,
    names_len: usize,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let names = call.slice(names, names_len, "names")?.iter();
        let names = names.map(|name| Ok(name.text(call, "names")?.to_owned())).collect::<Result<_, Fault>>()?;
        call.update(signer, "signer", |signer| Ok(signer.headers(HeaderPolicy::Only(names))))
    })
}

/// Whether Host is signed: on unless switched off here.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_signer_set_sign_host(
    signer: *mut cosimg_signer,
    on: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| call.update(signer, "signer", |signer| Ok(signer.sign_host(on != 0))))
}

/// Frees a signer and wipes its secret. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_signer_free(signer: *mut cosimg_signer) {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.free(signer);
}

/// A link for `method` ("GET") to an object: the host as in the Host header, the key decoded, as it was uploaded; one
/// leading slash is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_link_new(
    method: *const c_char,
    method_len: usize,
    host: *const c_char,
    host_len: usize,
    key: *const c_char,
    key_len: usize,
    out: *mut *mut cosimg_link,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let out = call.fresh(out, "out")?;
        let method = call.text(method, method_len, "method")?;
        let host = call.text(host, host_len, "host")?;
        let key = call.text(key, key_len, "key")?;
        *out = call.hand_out(Link::new(method, host, key));
        Ok(())
    })
}

/// Adds a processing rule, `imageMogr2/format/jpg/interlace/1`, which the signature covers. A rule that is not well
/// formed gives `COSIMG_INPUT`; the error's offset is the byte of the rule.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_link_process(
    link: *mut cosimg_link,
    rule: *const c_char,
    rule_len: usize,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let rule: Params = call.text(rule, rule_len, "rule")?.parse()?;
        call.update(link, "link", |link| Ok(link.process(rule)))
    })
}

/// Adds a query parameter, decoded, which the signature covers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_link_param(
    link: *mut cosimg_link,
    name: *const c_char,
    name_len: usize,
    value: *const c_char,
    value_len: usize,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let name = call.text(name, name_len, "name")?;
        let value = call.text(value, value_len, "value")?;
        call.update(link, "link", |link| Ok(link.param(name, value)))
    })
}

/// Adds a header that the request will carry; the signer decides whether it is signed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_link_header(
    link: *mut cosimg_link,
    name: *const c_char,
    name_len: usize,
    value: *const c_char,
    value_len: usize,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let name = call.text(name, name_len, "name")?;
        let value = call.text(value, value_len, "value")?;
        call.update(link, "link", |link| Ok(link.header(name, value)))
    })
}

/// The presigned URL, valid from `start` to `end` in Unix seconds, in a buffer to free with `cosimg_buffer_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_link_sign_url(
    link: *const cosimg_link,
    signer: *const cosimg_signer,
    start: u64,
    end: u64,
    out: *mut cosimg_buffer,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let out = call.fresh(out, "out")?;
        let link = call.shared(link, "link")?;
        let signer = call.shared(signer, "signer")?;
        *out = String::from(link.sign(signer, KeyTime::new(start, end)?)?).into();
        Ok(())
    })
}

/// The presigned URLs of many objects, in one buffer, a line each in the order of the keys. All but the key is that of
/// `link`, whose own key does not count. `keys` has a key a line, decoded; the last line feed may be missing. The work
/// is shared among `threads`, 1 for the calling thread alone; the answer is the same. The first key that cannot be
/// signed is the error, whose field is `keys[n]`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_link_sign_urls(
    link: *const cosimg_link,
    signer: *const cosimg_signer,
    start: u64,
    end: u64,
    keys: *const c_char,
    keys_len: usize,
    threads: usize,
    out: *mut cosimg_buffer,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let out = call.fresh(out, "out")?;
        let link = call.shared(link, "link")?;
        let signer = call.shared(signer, "signer")?;
        let keys: Vec<_> = call.text(keys, keys_len, "keys")?.split_terminator('\n').collect();
        let threads = NonZeroUsize::new(threads)
            .ok_or_else(|| Fault::new(COSIMG_USAGE, "threads", "there must be one at least"))?;
        let window = signer.within(KeyTime::new(start, end)?)?;
        *out = String::from(window.template(&link.request()?)?.links_on(&keys, threads)?).into();
        Ok(())
    })
}

/// The signature as headers to send with the request, valid from `start` to `end` in Unix seconds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_link_sign_headers(
    link: *const cosimg_link,
    signer: *const cosimg_signer,
    start: u64,
    end: u64,
    out: *mut *mut cosimg_signature,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let out = call.fresh(out, "out")?;
        let link = call.shared(link, "link")?;
        let signer = call.shared(signer, "signer")?;
        *out = call.hand_out(signer.sign(&link.request()?, KeyTime::new(start, end)?)?);
        Ok(())
    })
}

/// Frees a link. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_link_free(link: *mut cosimg_link) {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.free(link);
}

/// The value of the `Authorization` header.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_signature_authorization(signature: *const cosimg_signature) -> cosimg_slice {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(Empty::EMPTY, |call| Ok(call.shared(signature, "signature")?.authorization().into()))
}

/// The canonical request: `HttpString` of the documents.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_signature_http_string(signature: *const cosimg_signature) -> cosimg_slice {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(Empty::EMPTY, |call| Ok(call.shared(signature, "signature")?.http_string().into()))
}

/// `StringToSign` of the documents.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_signature_string_to_sign(signature: *const cosimg_signature) -> cosimg_slice {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(Empty::EMPTY, |call| Ok(call.shared(signature, "signature")?.string_to_sign().into()))
}

/// The signature itself: 40 hexadecimal digits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_signature_hex(signature: *const cosimg_signature) -> cosimg_slice {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(Empty::EMPTY, |call| Ok(call.shared(signature, "signature")?.signature().into()))
}

/// How many headers have to be sent: `Authorization`, and the token where there is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_signature_headers_len(signature: *const cosimg_signature) -> usize {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(0, |call| Ok(call.shared(signature, "signature")?.headers().len()))
}

/// The header of this index, from 0. Beyond the last one it gives `COSIMG_USAGE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_signature_header(
    signature: *const cosimg_signature,
    index: usize,
    name: *mut cosimg_slice,
    value: *mut cosimg_slice,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let (name_out, value_out) = (call.fresh(name, "name"), call.fresh(value, "value"));
        let (name_out, value_out) = (name_out?, value_out?);
        let headers = call.shared(signature, "signature")?.headers();
        let no_such = || Fault::new(COSIMG_USAGE, "index", format!("there are {} headers", headers.len()));
        let &(name, value) = headers.get(index).ok_or_else(no_such)?;
        *name_out = name.into();
        *value_out = value.into();
        Ok(())
    })
}

/// Frees a signature. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_signature_free(signature: *mut cosimg_signature) {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.free(signature);
}

pub(super) fn credential(secret_id: &str, secret_key: &str, token: &str) -> Result<Credential, Fault> {
    for (field, text) in [("secret_id", secret_id), ("secret_key", secret_key)] {
        if text.is_empty() {
            return Err(Fault::new(COSIMG_USAGE, field, "it is empty"));
        }
    }
    let credential = Credential::new(secret_id, secret_key);
    Ok(if token.is_empty() { credential } else { credential.with_token(token) })
}
