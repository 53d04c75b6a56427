//! `include/cosimg.h` as far as the fuzzer calls it.

use std::ffi::{c_char, c_void};

/// An object behind a pointer. The fuzzer never mixes kinds up: that is outside the contract, as in any C library.
#[repr(C)]
pub struct Object {
    _opaque: [u8; 0],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Slice {
    pub data: *const u8,
    pub len: usize,
}

#[repr(C)]
pub struct Buffer {
    pub data: *mut u8,
    pub len: usize,
    pub capacity: usize,
}

#[repr(C)]
pub struct ImageView {
    pub data: *const u8,
    pub len: usize,
    pub width: u32,
    pub height: u32,
    pub stride: usize,
    pub format: i32,
}

pub type Err = *mut *mut Object;
pub type Text = *const c_char;
pub type Write = Option<unsafe extern "C" fn(user: *mut c_void, data: *const u8, len: usize) -> i32>;

#[rustfmt::skip]
unsafe extern "C" {
    pub fn cosimg_error_code(error: *const Object) -> i32;
    pub fn cosimg_error_message(error: *const Object) -> Text;
    pub fn cosimg_error_field(error: *const Object) -> Text;
    pub fn cosimg_error_offset(error: *const Object, offset: *mut u64) -> i32;
    pub fn cosimg_error_free(error: *mut Object);
    pub fn cosimg_buffer_free(buffer: *mut Buffer);

    pub fn cosimg_limits_new(profile: i32, out: *mut *mut Object, err: Err) -> i32;
    pub fn cosimg_limits_set_memory(limits: *mut Object, memory: u64, err: Err) -> i32;
    pub fn cosimg_limits_set_pixels(limits: *mut Object, pixels: u64, err: Err) -> i32;
    pub fn cosimg_limits_set_block_visits(limits: *mut Object, visits: u64, err: Err) -> i32;
    pub fn cosimg_limits_free(limits: *mut Object);

    pub fn cosimg_cancel_new(out: *mut *mut Object, err: Err) -> i32;
    pub fn cosimg_cancel_trigger(cancel: *const Object, err: Err) -> i32;
    pub fn cosimg_cancel_free(cancel: *mut Object);

    pub fn cosimg_signer_new(id: Text, id_len: usize, key: Text, key_len: usize, token: Text, token_len: usize, out: *mut *mut Object, err: Err) -> i32;
    pub fn cosimg_signer_set_headers(signer: *mut Object, headers: i32, err: Err) -> i32;
    pub fn cosimg_signer_set_header_names(signer: *mut Object, names: *const Slice, names_len: usize, err: Err) -> i32;
    pub fn cosimg_signer_set_sign_host(signer: *mut Object, on: i32, err: Err) -> i32;
    pub fn cosimg_signer_free(signer: *mut Object);

    pub fn cosimg_link_new(method: Text, method_len: usize, host: Text, host_len: usize, key: Text, key_len: usize, out: *mut *mut Object, err: Err) -> i32;
    pub fn cosimg_link_process(link: *mut Object, rule: Text, rule_len: usize, err: Err) -> i32;
    pub fn cosimg_link_param(link: *mut Object, name: Text, name_len: usize, value: Text, value_len: usize, err: Err) -> i32;
    pub fn cosimg_link_header(link: *mut Object, name: Text, name_len: usize, value: Text, value_len: usize, err: Err) -> i32;
    pub fn cosimg_link_sign_url(link: *const Object, signer: *const Object, start: u64, end: u64, out: *mut Buffer, err: Err) -> i32;
    pub fn cosimg_link_sign_urls(link: *const Object, signer: *const Object, start: u64, end: u64, keys: Text, keys_len: usize, threads: usize, out: *mut Buffer, err: Err) -> i32;
    pub fn cosimg_link_sign_headers(link: *const Object, signer: *const Object, start: u64, end: u64, out: *mut *mut Object, err: Err) -> i32;
    pub fn cosimg_link_free(link: *mut Object);

    pub fn cosimg_signature_authorization(signature: *const Object) -> Slice;
    pub fn cosimg_signature_headers_len(signature: *const Object) -> usize;
    pub fn cosimg_signature_header(signature: *const Object, index: usize, name: *mut Slice, value: *mut Slice, err: Err) -> i32;
    pub fn cosimg_signature_free(signature: *mut Object);

    pub fn cosimg_verifier_new(out: *mut *mut Object, err: Err) -> i32;
    pub fn cosimg_verifier_credential(verifier: *mut Object, id: Text, id_len: usize, key: Text, key_len: usize, token: Text, token_len: usize, err: Err) -> i32;
    pub fn cosimg_verifier_set_strict(verifier: *mut Object, on: i32, err: Err) -> i32;
    pub fn cosimg_verifier_verify_url(verifier: *const Object, method: Text, method_len: usize, url: Text, url_len: usize, now: i64, out: *mut *mut Object, err: Err) -> i32;
    pub fn cosimg_verifier_verify_request(verifier: *const Object, method: Text, method_len: usize, target: Text, target_len: usize, headers: *const Slice, headers_len: usize, now: i64, out: *mut *mut Object, err: Err) -> i32;
    pub fn cosimg_verifier_free(verifier: *mut Object);

    pub fn cosimg_verdict_accepted(verdict: *const Object) -> i32;
    pub fn cosimg_verdict_reason(verdict: *const Object) -> Slice;
    pub fn cosimg_verdict_param(verdict: *const Object, index: usize) -> Slice;
    pub fn cosimg_verdict_xml(verdict: *const Object, resource: Text, resource_len: usize, request: Text, request_len: usize, trace: Text, trace_len: usize, out: *mut Buffer, err: Err) -> i32;
    pub fn cosimg_verdict_free(verdict: *mut Object);

    pub fn cosimg_transcoder_new(out: *mut *mut Object, err: Err) -> i32;
    pub fn cosimg_transcoder_set_coding(transcoder: *mut Object, coding: i32, err: Err) -> i32;
    pub fn cosimg_transcoder_set_strip(transcoder: *mut Object, strip: i32, err: Err) -> i32;
    pub fn cosimg_transcoder_set_limits(transcoder: *mut Object, limits: *const Object, err: Err) -> i32;
    pub fn cosimg_transcoder_set_cancel(transcoder: *mut Object, cancel: *const Object, err: Err) -> i32;
    pub fn cosimg_transcoder_run(transcoder: *const Object, source: Slice, out: *mut Buffer, err: Err) -> i32;
    pub fn cosimg_transcoder_run_to(transcoder: *const Object, source: Slice, write: Write, user: *mut c_void, err: Err) -> i32;
    pub fn cosimg_transcoder_run_into(transcoder: *const Object, source: Slice, out: *mut u8, capacity: usize, len: *mut usize, err: Err) -> i32;
    pub fn cosimg_transcoder_free(transcoder: *mut Object);

    pub fn cosimg_encoder_new(out: *mut *mut Object, err: Err) -> i32;
    pub fn cosimg_encoder_set_quality(encoder: *mut Object, quality: i32, err: Err) -> i32;
    pub fn cosimg_encoder_set_preset(encoder: *mut Object, preset: i32, err: Err) -> i32;
    pub fn cosimg_encoder_set_subsampling(encoder: *mut Object, subsampling: i32, err: Err) -> i32;
    pub fn cosimg_encoder_set_coding(encoder: *mut Object, coding: i32, err: Err) -> i32;
    pub fn cosimg_encoder_set_icc_profile(encoder: *mut Object, profile: Slice, err: Err) -> i32;
    pub fn cosimg_encoder_set_exif(encoder: *mut Object, exif: Slice, err: Err) -> i32;
    pub fn cosimg_encoder_set_limits(encoder: *mut Object, limits: *const Object, err: Err) -> i32;
    pub fn cosimg_encoder_run(encoder: *const Object, image: *const ImageView, out: *mut Buffer, err: Err) -> i32;
    pub fn cosimg_encoder_free(encoder: *mut Object);

    pub fn cosimg_processor_new(out: *mut *mut Object, err: Err) -> i32;
    pub fn cosimg_processor_set_default_quality(processor: *mut Object, quality: i32, err: Err) -> i32;
    pub fn cosimg_processor_set_limits(processor: *mut Object, limits: *const Object, err: Err) -> i32;
    pub fn cosimg_processor_run(processor: *const Object, source: Slice, rule: Text, rule_len: usize, out: *mut Buffer, format: *mut i32, ignored: *mut *mut Object, err: Err) -> i32;
    pub fn cosimg_processor_free(processor: *mut Object);
}
