//! Programs in C: any sequence of calls with any numbers, lengths and bytes, and NULL wherever a pointer may stand.
//!
//! The contract at the head of `include/cosimg.h` is what is asserted after every call: an error object if and only if
//! the status is not 0, codes of the known blocks, outputs that are zero on failure whatever stood there before, and
//! never a fault of the library's own.

#![no_main]

use std::ffi::{CStr, c_void};
use std::ptr::{null, null_mut};

use cosimg as _; // its symbols are what is called
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

mod abi;
use abi::*;

/// Bytes where text or an image belongs; `None` is NULL with the length 0.
#[derive(Arbitrary, Debug)]
struct Bytes(Option<Vec<u8>>);

#[derive(Arbitrary, Debug)]
enum Step {
    Free { object: u8 },
    Limits { profile: i32, pixels: u32, memory: u32 },
    Trigger,

    Signer { id: Bytes, key: Bytes, token: Bytes },
    SignerHeaders { headers: i32, names: Vec<Bytes>, host: i32 },
    Link { method: Bytes, host: Bytes, key: Bytes },
    LinkParam { name: Bytes, value: Bytes },
    LinkHeader { name: Bytes, value: Bytes },
    LinkProcess { rule: Bytes },
    SignUrl { start: u64, end: u64 },
    SignUrls { start: u64, end: u64, keys: Bytes, threads: usize },
    SignHeaders { start: u64, end: u64, index: usize },

    Verifier { id: Bytes, key: Bytes, token: Bytes, strict: i32 },
    VerifyUrl { method: Bytes, url: Bytes, now: i64 },
    VerifyRequest { method: Bytes, target: Bytes, headers: Vec<Bytes>, now: i64 },

    Transcoder { coding: i32, strip: i32, cancel: bool },
    Transcode { source: Bytes, room: u16 },
    Encoder { preset: i32, quality: i32, subsampling: i32, coding: i32, icc: Bytes, exif: Bytes },
    Encode { pixels: Bytes, width: u32, height: u32, stride: usize, format: i32 },
    Processor { quality: i32 },
    Process { source: Bytes, rule: Bytes },
}

fuzz_target!(|steps: Vec<Step>| {
    let mut program = Program::start();
    for step in steps.iter().take(50) {
        // SAFETY: objects are what the library made, of the right kind, and NULL once freed; bytes are borrowed from
        // the step, which outlives the call, with their true lengths; outputs are places on the stack.
        // SAFETY: the caller keeps the contract: objects are NULL or live, and nobody else uses them.
        unsafe { program.take(step) };
    }
});

/// The objects of a program, NULL where it has none.
struct Program {
    limits: *mut Object,
    cancel: *mut Object,
    signer: *mut Object,
    link: *mut Object,
    verifier: *mut Object,
    transcoder: *mut Object,
    encoder: *mut Object,
    processor: *mut Object,
}

impl Program {
    /// No step may take the machine's memory, so the limits come first.
    fn start() -> Self {
        let mut program = Self {
            limits: null_mut(),
            cancel: null_mut(),
            signer: null_mut(),
            link: null_mut(),
            verifier: null_mut(),
            transcoder: null_mut(),
            encoder: null_mut(),
            processor: null_mut(),
        };
        // SAFETY: every output is a field of the program, which the library fills.
        unsafe {
            program.take(&Step::Limits { profile: 0, pixels: 1 << 20, memory: 32 << 20 });
            make(&mut program.cancel, cosimg_cancel_free, |out, err| cosimg_cancel_new(out, err));
        }
        program
    }

    unsafe fn take(&mut self, step: &Step) {
        // SAFETY: the caller keeps the contract: objects are NULL or live, and nobody else uses them.
        unsafe {
            match step {
                Step::Free { object } => self.free(*object),
                Step::Limits { profile, pixels, memory } => {
                    make(&mut self.limits, cosimg_limits_free, |out, err| cosimg_limits_new(*profile, out, err));
                    let pixels = u64::from((*pixels).min(1 << 20));
                    let memory = u64::from((*memory).min(32 << 20));
                    call(|err| cosimg_limits_set_pixels(self.limits, pixels, err));
                    call(|err| cosimg_limits_set_memory(self.limits, memory, err));
                    call(|err| cosimg_limits_set_block_visits(self.limits, 1 << 18, err));
                }
                Step::Trigger => drop(call(|err| cosimg_cancel_trigger(self.cancel, err))),

                Step::Signer { id, key, token } => make(&mut self.signer, cosimg_signer_free, |out, err| {
                    let (id, key, token) = (id.text(), key.text(), token.text());
                    cosimg_signer_new(id.0, id.1, key.0, key.1, token.0, token.1, out, err)
                }),
                Step::SignerHeaders { headers, names, host } => {
                    let names: Vec<Slice> = names.iter().map(Bytes::slice).collect();
                    call(|err| cosimg_signer_set_headers(self.signer, *headers, err));
                    call(|err| cosimg_signer_set_header_names(self.signer, names.as_ptr(), names.len(), err));
                    call(|err| cosimg_signer_set_sign_host(self.signer, *host, err));
                }
                Step::Link { method, host, key } => make(&mut self.link, cosimg_link_free, |out, err| {
                    let (method, host, key) = (method.text(), host.text(), key.text());
                    cosimg_link_new(method.0, method.1, host.0, host.1, key.0, key.1, out, err)
                }),
                Step::LinkParam { name, value } => {
                    let (name, value) = (name.text(), value.text());
                    call(|err| cosimg_link_param(self.link, name.0, name.1, value.0, value.1, err));
                }
                Step::LinkHeader { name, value } => {
                    let (name, value) = (name.text(), value.text());
                    call(|err| cosimg_link_header(self.link, name.0, name.1, value.0, value.1, err));
                }
                Step::LinkProcess { rule } => {
                    let rule = rule.text();
                    call(|err| cosimg_link_process(self.link, rule.0, rule.1, err));
                }
                Step::SignUrl { start, end } => {
                    let url = buffer(|out, err| cosimg_link_sign_url(self.link, self.signer, *start, *end, out, err));
                    if let Some(url) = url {
                        self.verify(b"GET", &url, i64::try_from(*start).unwrap_or(i64::MAX));
                    }
                }
                Step::SignUrls { start, end, keys, threads } => {
                    let (keys, len) = keys.text();
                    buffer(|out, err| {
                        cosimg_link_sign_urls(self.link, self.signer, *start, *end, keys, len, *threads, out, err)
                    });
                }
                Step::SignHeaders { start, end, index } => {
                    let mut signature = null_mut();
                    make(&mut signature, cosimg_signature_free, |out, err| {
                        cosimg_link_sign_headers(self.link, self.signer, *start, *end, out, err)
                    });
                    seen(cosimg_signature_authorization(signature));
                    let (mut name, mut value) = (Slice { data: null(), len: 9 }, Slice { data: null(), len: 9 });
                    let status = call(|err| cosimg_signature_header(signature, *index, &mut name, &mut value, err));
                    assert_eq!(status == 0, *index < cosimg_signature_headers_len(signature));
                    assert!(status == 0 || (name.len, value.len) == (0, 0));
                    seen(name);
                    seen(value);
                    cosimg_signature_free(signature);
                }

                Step::Verifier { id, key, token, strict } => {
                    make(&mut self.verifier, cosimg_verifier_free, |out, err| cosimg_verifier_new(out, err));
                    let (id, key, token) = (id.text(), key.text(), token.text());
                    call(|err| {
                        cosimg_verifier_credential(self.verifier, id.0, id.1, key.0, key.1, token.0, token.1, err)
                    });
                    call(|err| cosimg_verifier_set_strict(self.verifier, *strict, err));
                }
                Step::VerifyUrl { method, url, now } => self.verify(method.get(), url.get(), *now),
                Step::VerifyRequest { method, target, headers, now } => {
                    let headers: Vec<Slice> = headers.iter().map(Bytes::slice).collect();
                    let (method, target) = (method.text(), target.text());
                    let mut verdict = null_mut();
                    make(&mut verdict, cosimg_verdict_free, |out, err| {
                        let (list, len) = (headers.as_ptr(), headers.len());
                        cosimg_verifier_verify_request(
                            self.verifier,
                            method.0,
                            method.1,
                            target.0,
                            target.1,
                            list,
                            len,
                            *now,
                            out,
                            err,
                        )
                    });
                    look_at(verdict);
                }

                Step::Transcoder { coding, strip, cancel } => {
                    make(&mut self.transcoder, cosimg_transcoder_free, |out, err| cosimg_transcoder_new(out, err));
                    call(|err| cosimg_transcoder_set_coding(self.transcoder, *coding, err));
                    call(|err| cosimg_transcoder_set_strip(self.transcoder, *strip, err));
                    call(|err| cosimg_transcoder_set_limits(self.transcoder, self.limits, err));
                    if *cancel {
                        call(|err| cosimg_transcoder_set_cancel(self.transcoder, self.cancel, err));
                    }
                }
                Step::Transcode { source, room } => self.transcode(source.slice(), usize::from(*room)),
                Step::Encoder { preset, quality, subsampling, coding, icc, exif } => {
                    make(&mut self.encoder, cosimg_encoder_free, |out, err| cosimg_encoder_new(out, err));
                    call(|err| cosimg_encoder_set_quality(self.encoder, *quality, err));
                    call(|err| cosimg_encoder_set_preset(self.encoder, *preset, err));
                    call(|err| cosimg_encoder_set_subsampling(self.encoder, *subsampling, err));
                    call(|err| cosimg_encoder_set_coding(self.encoder, *coding, err));
                    call(|err| cosimg_encoder_set_icc_profile(self.encoder, icc.slice(), err));
                    call(|err| cosimg_encoder_set_exif(self.encoder, exif.slice(), err));
                    call(|err| cosimg_encoder_set_limits(self.encoder, self.limits, err));
                }
                Step::Encode { pixels, width, height, stride, format } => {
                    let Slice { data, len } = pixels.slice();
                    let image =
                        ImageView { data, len, width: *width, height: *height, stride: *stride, format: *format };
                    buffer(|out, err| cosimg_encoder_run(self.encoder, &image, out, err));
                }
                Step::Processor { quality } => {
                    make(&mut self.processor, cosimg_processor_free, |out, err| cosimg_processor_new(out, err));
                    call(|err| cosimg_processor_set_default_quality(self.processor, *quality, err));
                    call(|err| cosimg_processor_set_limits(self.processor, self.limits, err));
                }
                Step::Process { source, rule } => {
                    let (rule, mut format, mut ignored) = (rule.text(), -1, junk());
                    let done = buffer(|out, err| {
                        let (format, ignored) = (&mut format, &mut ignored);
                        cosimg_processor_run(self.processor, source.slice(), rule.0, rule.1, out, format, ignored, err)
                    });
                    assert!(done.is_some() || format == 0 && ignored.is_null());
                    if !ignored.is_null() {
                        check_error(ignored);
                    }
                }
            }
        }
    }

    /// The three ways out give the same bytes, and the third tells the size that it would have needed.
    unsafe fn transcode(&self, source: Slice, room: usize) {
        // SAFETY: the caller keeps the contract: objects are NULL or live, and nobody else uses them.
        unsafe {
            let expected = buffer(|out, err| cosimg_transcoder_run(self.transcoder, source, out, err));
            let mut written: Vec<u8> = Vec::new();
            let user: *mut c_void = (&raw mut written).cast();
            let status = call(|err| cosimg_transcoder_run_to(self.transcoder, source, Some(append), user, err));
            assert_eq!(status == 0, expected.is_some());

            let mut memory = vec![0x5a_u8; room];
            let mut len = usize::MAX;
            let out = memory.as_mut_ptr();
            let status = call(|err| cosimg_transcoder_run_into(self.transcoder, source, out, room, &mut len, err));
            match expected {
                Some(expected) => {
                    assert!(written == expected);
                    assert_eq!(len, expected.len());
                    assert_eq!(status, if len > room { BUFFER_TOO_SMALL } else { 0 });
                    assert!(len > room || memory[..len] == expected);
                }
                None => assert!(status != 0 && len == 0),
            }
        }
    }

    unsafe fn verify(&self, method: &[u8], url: &[u8], now: i64) {
        let mut verdict = null_mut();
        // SAFETY: the caller keeps the contract: objects are NULL or live, and nobody else uses them.
        unsafe {
            make(&mut verdict, cosimg_verdict_free, |out, err| {
                let (method, url) = ((method.as_ptr().cast(), method.len()), (url.as_ptr().cast(), url.len()));
                cosimg_verifier_verify_url(self.verifier, method.0, method.1, url.0, url.1, now, out, err)
            });
            look_at(verdict);
        }
    }

    unsafe fn free(&mut self, object: u8) {
        let objects: [(&mut *mut Object, Free); 7] = [
            (&mut self.cancel, cosimg_cancel_free),
            (&mut self.signer, cosimg_signer_free),
            (&mut self.link, cosimg_link_free),
            (&mut self.verifier, cosimg_verifier_free),
            (&mut self.transcoder, cosimg_transcoder_free),
            (&mut self.encoder, cosimg_encoder_free),
            (&mut self.processor, cosimg_processor_free),
        ];
        let chosen = usize::from(object) % objects.len();
        let (slot, free) = objects.into_iter().nth(chosen).expect("it is below the length");
        // SAFETY: the caller keeps the contract: objects are NULL or live, and nobody else uses them.
        unsafe { free(*slot) };
        *slot = null_mut();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: each object is freed once and forgotten.
        unsafe {
            (0..7).for_each(|object| self.free(object));
            cosimg_limits_free(self.limits);
        }
    }
}

type Free = unsafe extern "C" fn(*mut Object);

const BUFFER_TOO_SMALL: i32 = 205;

impl Bytes {
    fn get(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    fn slice(&self) -> Slice {
        Slice { data: self.0.as_deref().map_or(null(), <[u8]>::as_ptr), len: self.get().len() }
    }

    fn text(&self) -> (Text, usize) {
        (self.slice().data.cast(), self.get().len())
    }
}

/// What an output holds before the call: the library must not read it.
fn junk() -> *mut Object {
    std::ptr::without_provenance_mut(0x5a50)
}

/// Calls, and checks the status against the error.
unsafe fn call(run: impl FnOnce(Err) -> i32) -> i32 {
    let mut error = junk();
    let status = run(&mut error);
    assert_eq!(status == 0, error.is_null(), "status {status}");
    if !error.is_null() {
        // SAFETY: the library made it.
        assert_eq!(unsafe { check_error(error) }, status);
    }
    status
}

/// Reads all of an error and frees it. Codes of 900 and above are faults of the library's own.
unsafe fn check_error(error: *mut Object) -> i32 {
    // SAFETY: the caller keeps the contract: objects are NULL or live, and nobody else uses them.
    unsafe {
        let code = cosimg_error_code(error);
        let message = CStr::from_ptr(cosimg_error_message(error)).to_str().expect("UTF-8");
        assert!((100..900).contains(&code) && !message.is_empty(), "{code}: {message}");
        let field = cosimg_error_field(error);
        assert!(field.is_null() || CStr::from_ptr(field).to_str().is_ok_and(|field| !field.is_empty()));
        let mut offset = u64::MAX;
        cosimg_error_offset(error, &mut offset);
        cosimg_error_free(error);
        code
    }
}

/// Replaces an object, unless the call that makes the new one fails.
unsafe fn make(slot: &mut *mut Object, free: Free, new: impl FnOnce(*mut *mut Object, Err) -> i32) {
    // SAFETY: the caller keeps the contract: objects are NULL or live, and nobody else uses them.
    unsafe {
        let mut made = junk();
        let status = call(|err| new(&mut made, err));
        assert_eq!(status == 0, !made.is_null());
        if status == 0 {
            free(*slot);
            *slot = made;
        }
    }
}

/// The bytes of a call that fills a buffer, unless it fails.
unsafe fn buffer(run: impl FnOnce(*mut Buffer, Err) -> i32) -> Option<Vec<u8>> {
    // SAFETY: the caller keeps the contract: objects are NULL or live, and nobody else uses them.
    unsafe {
        let mut out = Buffer { data: junk().cast(), len: 9, capacity: 9 };
        let status = call(|err| run(&mut out, err));
        let bytes = (status == 0).then(|| {
            assert_eq!(*out.data.add(out.len), 0, "a NUL follows");
            std::slice::from_raw_parts(out.data, out.len).to_vec()
        });
        assert!(status == 0 || out.data.is_null() && out.len == 0);
        cosimg_buffer_free(&mut out);
        cosimg_buffer_free(&mut out);
        bytes
    }
}

/// Reads every byte of a result, so that the sanitizer sees whether they are there, and wants UTF-8.
unsafe fn seen(slice: Slice) {
    if !slice.data.is_null() {
        // SAFETY: the library says so, and that is what is tested.
        assert!(std::str::from_utf8(unsafe { std::slice::from_raw_parts(slice.data, slice.len) }).is_ok());
    }
}

unsafe fn look_at(verdict: *mut Object) {
    // SAFETY: the caller keeps the contract: objects are NULL or live, and nobody else uses them.
    unsafe {
        seen(cosimg_verdict_reason(verdict));
        seen(cosimg_verdict_param(verdict, 0));
        let accepted = cosimg_verdict_accepted(verdict) != 0;
        let xml = buffer(|out, err| cosimg_verdict_xml(verdict, null(), 0, null(), 0, null(), 0, out, err));
        assert!(verdict.is_null() || accepted != xml.is_some());
        cosimg_verdict_free(verdict);
    }
}

unsafe extern "C" fn append(user: *mut c_void, data: *const u8, len: usize) -> i32 {
    // SAFETY: `user` is the vector of the call that is running, and the library says how much it gives.
    unsafe { (*user.cast::<Vec<u8>>()).extend_from_slice(std::slice::from_raw_parts(data, len)) };
    0
}
