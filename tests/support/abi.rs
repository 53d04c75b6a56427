//! What tests/capi_calls.rs calls of `include/cosimg.h`, in Rust.

use std::ffi::{c_char, c_void};

macro_rules! opaque {
    ($($name:ident)*) => { $(#[repr(C)] pub(crate) struct $name { _opaque: [u8; 0] })* };
}
opaque! { Failure Signer Link Verifier Verdict Limits Transcoder Encoder RowEncoder Processor }

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Slice {
    pub(crate) data: *const u8,
    pub(crate) len: usize,
}

#[repr(C)]
pub(crate) struct Buffer {
    pub(crate) data: *mut u8,
    pub(crate) len: usize,
    pub(crate) capacity: usize,
}

#[repr(C)]
pub(crate) struct ImageView {
    pub(crate) data: *const u8,
    pub(crate) len: usize,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) stride: usize,
    pub(crate) format: i32,
}

#[repr(C)]
pub(crate) struct Plane {
    pub(crate) data: *const u8,
    pub(crate) len: usize,
    pub(crate) stride: usize,
}

#[repr(C)]
pub(crate) struct PlanesView {
    pub(crate) planes: *const Plane,
    pub(crate) planes_len: usize,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) format: i32,
}

pub(crate) type Text = (*const c_char, usize);
pub(crate) type WriteFn = Option<unsafe extern "C" fn(*mut c_void, *const u8, usize) -> i32>;

unsafe extern "C" {
    pub(crate) fn cosimg_error_code(error: *const Failure) -> i32;
    pub(crate) fn cosimg_error_message(error: *const Failure) -> *const c_char;
    pub(crate) fn cosimg_error_free(error: *mut Failure);
    pub(crate) fn cosimg_buffer_free(buffer: *mut Buffer);
    pub(crate) fn cosimg_limits_new(profile: i32, out: *mut *mut Limits, err: *mut *mut Failure) -> i32;
    pub(crate) fn cosimg_limits_set_memory(limits: *mut Limits, bytes: u64, err: *mut *mut Failure) -> i32;
    pub(crate) fn cosimg_limits_free(limits: *mut Limits);
    pub(crate) fn cosimg_signer_new(
        id: *const c_char,
        id_len: usize,
        key: *const c_char,
        key_len: usize,
        token: *const c_char,
        token_len: usize,
        out: *mut *mut Signer,
        err: *mut *mut Failure,
    ) -> i32;
    pub(crate) fn cosimg_signer_set_headers(signer: *mut Signer, policy: i32, err: *mut *mut Failure) -> i32;
    pub(crate) fn cosimg_signer_set_header_names(
        s: *mut Signer,
        names: *const Slice,
        len: usize,
        err: *mut *mut Failure,
    ) -> i32;
    pub(crate) fn cosimg_signer_free(signer: *mut Signer);
    pub(crate) fn cosimg_link_new(
        method: *const c_char,
        method_len: usize,
        host: *const c_char,
        host_len: usize,
        key: *const c_char,
        key_len: usize,
        out: *mut *mut Link,
        err: *mut *mut Failure,
    ) -> i32;
    pub(crate) fn cosimg_link_process(link: *mut Link, rule: *const c_char, len: usize, err: *mut *mut Failure) -> i32;
    pub(crate) fn cosimg_link_param(
        link: *mut Link,
        name: *const c_char,
        name_len: usize,
        value: *const c_char,
        value_len: usize,
        err: *mut *mut Failure,
    ) -> i32;
    pub(crate) fn cosimg_link_header(
        link: *mut Link,
        name: *const c_char,
        name_len: usize,
        value: *const c_char,
        value_len: usize,
        err: *mut *mut Failure,
    ) -> i32;
    pub(crate) fn cosimg_link_sign_url(
        link: *const Link,
        signer: *const Signer,
        start: u64,
        end: u64,
        out: *mut Buffer,
        err: *mut *mut Failure,
    ) -> i32;
    pub(crate) fn cosimg_link_free(link: *mut Link);
    pub(crate) fn cosimg_verifier_new(out: *mut *mut Verifier, err: *mut *mut Failure) -> i32;
    pub(crate) fn cosimg_verifier_credential(
        verifier: *mut Verifier,
        id: *const c_char,
        id_len: usize,
        key: *const c_char,
        key_len: usize,
        token: *const c_char,
        token_len: usize,
        err: *mut *mut Failure,
    ) -> i32;
    pub(crate) fn cosimg_verifier_verify_url(
        verifier: *const Verifier,
        method: *const c_char,
        method_len: usize,
        url: *const c_char,
        url_len: usize,
        now: i64,
        out: *mut *mut Verdict,
        err: *mut *mut Failure,
    ) -> i32;
    pub(crate) fn cosimg_verifier_free(verifier: *mut Verifier);
    pub(crate) fn cosimg_verdict_accepted(verdict: *const Verdict) -> i32;
    pub(crate) fn cosimg_verdict_free(verdict: *mut Verdict);
    pub(crate) fn cosimg_transcoder_new(out: *mut *mut Transcoder, err: *mut *mut Failure) -> i32;
    pub(crate) fn cosimg_transcoder_set_coding(transcoder: *mut Transcoder, coding: i32, err: *mut *mut Failure)
    -> i32;
    pub(crate) fn cosimg_transcoder_set_limits(
        t: *mut Transcoder,
        limits: *const Limits,
        err: *mut *mut Failure,
    ) -> i32;
    pub(crate) fn cosimg_transcoder_run(
        t: *const Transcoder,
        source: Slice,
        out: *mut Buffer,
        err: *mut *mut Failure,
    ) -> i32;
    pub(crate) fn cosimg_transcoder_run_to(
        transcoder: *const Transcoder,
        source: Slice,
        write: WriteFn,
        user: *mut c_void,
        err: *mut *mut Failure,
    ) -> i32;
    pub(crate) fn cosimg_transcoder_free(transcoder: *mut Transcoder);
    pub(crate) fn cosimg_encoder_new(out: *mut *mut Encoder, err: *mut *mut Failure) -> i32;
    pub(crate) fn cosimg_encoder_set_quality(encoder: *mut Encoder, quality: i32, err: *mut *mut Failure) -> i32;
    pub(crate) fn cosimg_encoder_run(
        e: *const Encoder,
        image: *const ImageView,
        out: *mut Buffer,
        err: *mut *mut Failure,
    ) -> i32;
    pub(crate) fn cosimg_encoder_free(encoder: *mut Encoder);
    pub(crate) fn cosimg_row_encoder_new(
        encoder: *const Encoder,
        width: u32,
        height: u32,
        format: i32,
        out: *mut *mut RowEncoder,
        err: *mut *mut Failure,
    ) -> i32;
    pub(crate) fn cosimg_row_encoder_push(r: *mut RowEncoder, data: Slice, err: *mut *mut Failure) -> i32;
    pub(crate) fn cosimg_row_encoder_push_planes(
        r: *mut RowEncoder,
        view: *const PlanesView,
        err: *mut *mut Failure,
    ) -> i32;
    pub(crate) fn cosimg_row_encoder_finish(r: *mut RowEncoder, out: *mut Buffer, err: *mut *mut Failure) -> i32;
    pub(crate) fn cosimg_row_encoder_free(row_encoder: *mut RowEncoder);
    pub(crate) fn cosimg_processor_new(out: *mut *mut Processor, err: *mut *mut Failure) -> i32;
    pub(crate) fn cosimg_processor_run_into(
        processor: *const Processor,
        source: Slice,
        rule: *const c_char,
        rule_len: usize,
        out: *mut u8,
        capacity: usize,
        len: *mut usize,
        format: *mut i32,
        ignored: *mut *mut Failure,
        err: *mut *mut Failure,
    ) -> i32;
    pub(crate) fn cosimg_processor_free(processor: *mut Processor);
}
