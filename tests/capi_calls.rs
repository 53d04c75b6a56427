//! The C ABI called from Rust with what no careful caller would pass: sequences of calls in any order, text and bytes
//! of any content, numbers of any value. Each answers with a status of a known block, agrees with its error, and leaves
//! its outputs empty where it fails. What the contract leaves to the caller (pointers that are valid for their length)
//! is kept.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its files has failed")]
#![cfg(feature = "capi")]
#![allow(unsafe_code, reason = "the functions under test are C functions")]

#[path = "support/abi.rs"]
mod abi;

// The library is linked for its symbols.
use cosimg as _;

use std::ffi::{CStr, c_void};
use std::ptr;

use proptest::prelude::*;

use abi::*;

const OK: i32 = 0;
const KINDS: [i32; 7] = [100, 200, 300, 400, 500, 600, 700];

/// One call of a sequence.
#[derive(Clone, Debug)]
enum Step {
    Link { method: Vec<u8>, host: Vec<u8>, key: Vec<u8> },
    Process(Vec<u8>),
    Param(Vec<u8>, Vec<u8>),
    Header(Vec<u8>, Vec<u8>),
    Headers(i32),
    HeaderNames(Vec<Vec<u8>>),
    SignUrl { start: u64, end: u64 },
    Verify { method: Vec<u8>, url: Vec<u8>, now: i64 },
    Coding(i32),
    Memory(u64),
    Transcode(Vec<u8>),
    Stream(Vec<u8>),
    Quality(i32),
    Encode { pixels: Vec<u8>, width: u32, height: u32, stride: usize, format: i32 },
    Begin { width: u32, height: u32, format: i32 },
    Push(Vec<u8>),
    PushPlanes { planes: Vec<Vec<u8>>, width: u32, height: u32, stride: usize, format: i32 },
    Finish,
    Run { source: Vec<u8>, rule: Vec<u8>, capacity: usize },
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_calls_keeps_the_contract(steps in prop::collection::vec(step(), 1..24)) {
        let mut objects = Objects::new();
        for step in steps {
            objects.call(&step);
        }
        // Whatever went before, right calls still work.
        objects.call(&Step::Link { method: b"GET".into(), host: b"host.example".into(), key: b"key".into() });
        prop_assert_eq!(objects.call(&Step::Headers(0)), OK);
        prop_assert_eq!(objects.call(&Step::SignUrl { start: 1, end: 2 }), OK);
        prop_assert_eq!(objects.call(&Step::Quality(50)), OK);
        let pixels = vec![7; 27];
        prop_assert_eq!(objects.call(&Step::Encode { pixels, width: 3, height: 3, stride: 0, format: 2 }), OK);
    }
}

fn step() -> impl Strategy<Value = Step> {
    let number = prop_oneof![Just(-1), -3..6i32, any::<i32>()];
    let format = prop_oneof![4 => 1..23i32, 1 => any::<i32>()];
    let pixels = prop::collection::vec(any::<u8>(), 0..600);
    prop_oneof![
        (text("GET"), text("host.example"), text("a/b.jpg")).prop_map(|(method, host, key)| Step::Link {
            method,
            host,
            key
        }),
        text("imageMogr2/format/jpg/interlace/1|watermark/2/text/YQ==").prop_map(Step::Process),
        (text("name"), text("value")).prop_map(|(name, value)| Step::Param(name, value)),
        (text("x-cos-name"), text("value")).prop_map(|(name, value)| Step::Header(name, value)),
        number.clone().prop_map(Step::Headers),
        prop::collection::vec(text("host"), 0..4).prop_map(Step::HeaderNames),
        (any::<u64>(), any::<u64>()).prop_map(|(start, end)| Step::SignUrl { start, end }),
        (text("GET"), url(), prop_oneof![any::<i64>(), Just(1_700_000_000)])
            .prop_map(|(method, url, now)| Step::Verify { method, url, now }),
        number.clone().prop_map(Step::Coding),
        prop_oneof![any::<u64>(), 0..100_000u64].prop_map(Step::Memory),
        source().prop_map(Step::Transcode),
        source().prop_map(Step::Stream),
        prop_oneof![1..101i32, any::<i32>()].prop_map(Step::Quality),
        (any_size(), any_size(), format.clone()).prop_map(|(width, height, format)| Step::Begin {
            width,
            height,
            format
        }),
        pixels.clone().prop_map(Step::Push),
        (prop::collection::vec(pixels.clone(), 0..4), 0..20u32, 0..20u32, any_stride(), format.clone()).prop_map(
            |(planes, width, height, stride, format)| Step::PushPlanes { planes, width, height, stride, format }
        ),
        Just(Step::Finish),
        (pixels, any_size(), any_size(), any_stride(), format)
            .prop_map(|(pixels, width, height, stride, format)| Step::Encode { pixels, width, height, stride, format }),
        (source(), text("imageMogr2/format/jpg/interlace/1/ignore-error/1"), 0..4096usize)
            .prop_map(|(source, rule, capacity)| Step::Run { source, rule, capacity }),
    ]
}

/// A right text, a right text with a byte changed, or anything.
fn text(right: &'static str) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => Just(right.as_bytes().to_vec()),
        2 => (0..right.len(), any::<u8>()).prop_map(move |(at, byte)| {
            let mut text = right.as_bytes().to_vec();
            text[at] = byte;
            text
        }),
        1 => "\\PC{0,40}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ]
}

fn url() -> impl Strategy<Value = Vec<u8>> {
    text(
        "https://host.example/key?q-sign-algorithm=sha1&q-ak=id&q-sign-time=1700000000%3B1700000600&q-key-time=\
         1700000000%3B1700000600&q-header-list=host&q-url-param-list=x&q-signature=00&x=1",
    )
}

/// Bytes that are a small JPEG, nearly one, or none.
fn source() -> impl Strategy<Value = Vec<u8>> {
    let right = small_jpeg();
    let len = right.len();
    let damaged = right.clone();
    prop_oneof![
        Just(right.clone()),
        (0..len).prop_map(move |end| right[..end].to_vec()),
        prop::collection::vec((0..len, any::<u8>()), 1..4).prop_map(move |changes| {
            let mut bytes = damaged.clone();
            for (at, byte) in changes {
                bytes[at] = byte;
            }
            bytes
        }),
        prop::collection::vec(any::<u8>(), 0..200),
    ]
}

fn any_size() -> impl Strategy<Value = u32> {
    prop_oneof![0..20u32, any::<u32>()]
}

fn any_stride() -> impl Strategy<Value = usize> {
    prop_oneof![Just(0), 0..80usize, any::<usize>()]
}

fn small_jpeg() -> Vec<u8> {
    let mut objects = Objects::new();
    let pixels = (0..12 * 10 * 3).map(|n| u8::try_from(n * 31 % 251).unwrap()).collect();
    let status = objects.call(&Step::Encode { pixels, width: 12, height: 10, stride: 0, format: 2 });
    assert_eq!(status, OK);
    std::mem::take(&mut objects.last)
}

/// One object of each kind, through a whole sequence.
struct Objects {
    signer: *mut Signer,
    link: *mut Link,
    verifier: *mut Verifier,
    limits: *mut Limits,
    transcoder: *mut Transcoder,
    encoder: *mut Encoder,
    rows: *mut RowEncoder,
    processor: *mut Processor,
    last: Vec<u8>,
}

impl Objects {
    fn new() -> Self {
        let mut objects = Self {
            signer: ptr::null_mut(),
            link: ptr::null_mut(),
            verifier: ptr::null_mut(),
            limits: ptr::null_mut(),
            transcoder: ptr::null_mut(),
            encoder: ptr::null_mut(),
            rows: ptr::null_mut(),
            processor: ptr::null_mut(),
            last: Vec::new(),
        };
        let (id, key, none) = (parts(b"id"), parts(b"key"), (ptr::null(), 0));
        let (method, host) = (parts(b"GET"), parts(b"host.example"));
        // SAFETY: the pointers are to texts and to places in `objects`, all alive.
        check(OK, |err| unsafe {
            cosimg_signer_new(id.0, id.1, key.0, key.1, none.0, none.1, &raw mut objects.signer, err)
        });
        // SAFETY: as above.
        check(OK, |err| unsafe {
            cosimg_link_new(method.0, method.1, host.0, host.1, key.0, key.1, &raw mut objects.link, err)
        });
        // SAFETY: as above.
        check(OK, |err| unsafe { cosimg_verifier_new(&raw mut objects.verifier, err) });
        // SAFETY: as above.
        check(OK, |err| unsafe {
            cosimg_verifier_credential(objects.verifier, id.0, id.1, key.0, key.1, none.0, none.1, err)
        });
        // SAFETY: as above.
        check(OK, |err| unsafe { cosimg_limits_new(0, &raw mut objects.limits, err) });
        // SAFETY: as above.
        check(OK, |err| unsafe { cosimg_transcoder_new(&raw mut objects.transcoder, err) });
        // SAFETY: as above.
        check(OK, |err| unsafe { cosimg_encoder_new(&raw mut objects.encoder, err) });
        // SAFETY: as above.
        check(OK, |err| unsafe { cosimg_processor_new(&raw mut objects.processor, err) });
        objects
    }

    fn call(&mut self, step: &Step) -> i32 {
        let mut buffer = Buffer { data: ptr::dangling_mut(), len: 77, capacity: 77 };
        match step {
            Step::Link { method, host, key } => {
                let mut link = ptr::dangling_mut();
                let (method, host, key) = (parts(method), parts(host), parts(key));
                // SAFETY: texts and places are alive; the old link is not used again.
                let status = answer(|err| unsafe {
                    cosimg_link_new(method.0, method.1, host.0, host.1, key.0, key.1, &raw mut link, err)
                });
                assert_eq!(link.is_null(), status != OK);
                if status == OK {
                    // SAFETY: the old link is replaced.
                    unsafe { cosimg_link_free(self.link) };
                    self.link = link;
                }
                status
            }
            Step::Process(rule) => {
                let rule = parts(rule);
                // SAFETY: the link and the text are alive.
                answer(|err| unsafe { cosimg_link_process(self.link, rule.0, rule.1, err) })
            }
            Step::Param(name, value) => {
                let (name, value) = (parts(name), parts(value));
                // SAFETY: the link and the texts are alive.
                answer(|err| unsafe { cosimg_link_param(self.link, name.0, name.1, value.0, value.1, err) })
            }
            Step::Header(name, value) => {
                let (name, value) = (parts(name), parts(value));
                // SAFETY: the link and the texts are alive.
                answer(|err| unsafe { cosimg_link_header(self.link, name.0, name.1, value.0, value.1, err) })
            }
            // SAFETY: the signer is alive.
            Step::Headers(policy) => answer(|err| unsafe { cosimg_signer_set_headers(self.signer, *policy, err) }),
            Step::HeaderNames(names) => {
                let names: Vec<Slice> = names.iter().map(|name| slice(name)).collect();
                // SAFETY: the signer and the names are alive.
                answer(|err| unsafe { cosimg_signer_set_header_names(self.signer, names.as_ptr(), names.len(), err) })
            }
            Step::SignUrl { start, end } => {
                // SAFETY: the objects are alive.
                let status = answer(|err| unsafe {
                    cosimg_link_sign_url(self.link, self.signer, *start, *end, &raw mut buffer, err)
                });
                self.take(status, buffer)
            }
            Step::Verify { method, url, now } => {
                let mut verdict = ptr::dangling_mut();
                let (method, url) = (parts(method), parts(url));
                // SAFETY: the verifier and the texts are alive.
                let status = answer(|err| unsafe {
                    cosimg_verifier_verify_url(
                        self.verifier,
                        method.0,
                        method.1,
                        url.0,
                        url.1,
                        *now,
                        &raw mut verdict,
                        err,
                    )
                });
                assert_eq!(verdict.is_null(), status != OK);
                // SAFETY: the verdict is NULL or alive, and freed last.
                let accepted = unsafe { cosimg_verdict_accepted(verdict) };
                // SAFETY: as above.
                unsafe { cosimg_verdict_free(verdict) };
                assert_eq!(accepted, 0, "nobody signed this URL");
                status
            }
            Step::Coding(coding) => {
                // SAFETY: the transcoder is alive.
                answer(|err| unsafe { cosimg_transcoder_set_coding(self.transcoder, *coding, err) })
            }
            Step::Memory(bytes) => {
                // SAFETY: the limits are alive.
                let status = answer(|err| unsafe { cosimg_limits_set_memory(self.limits, *bytes, err) });
                // SAFETY: the transcoder and the limits are alive.
                status.max(answer(|err| unsafe { cosimg_transcoder_set_limits(self.transcoder, self.limits, err) }))
            }
            Step::Transcode(source) => {
                let source = slice(source);
                // SAFETY: the transcoder and the source are alive.
                let status =
                    answer(|err| unsafe { cosimg_transcoder_run(self.transcoder, source, &raw mut buffer, err) });
                self.take(status, buffer)
            }
            Step::Stream(source) => {
                let mut total = 0usize;
                let (source, user) = (slice(source), (&raw mut total).cast());
                // SAFETY: the transcoder, the source and the counter are alive.
                let status =
                    answer(|err| unsafe { cosimg_transcoder_run_to(self.transcoder, source, Some(add), user, err) });
                assert_eq!(total > 0, status == OK);
                status
            }
            // SAFETY: the encoder is alive.
            Step::Quality(quality) => answer(|err| unsafe { cosimg_encoder_set_quality(self.encoder, *quality, err) }),
            Step::Encode { pixels, width, height, stride, format } => {
                let (width, height, stride, format) = (*width, *height, *stride, *format);
                let Slice { data, len } = slice(pixels);
                let view = ImageView { data, len, width, height, stride, format };
                // SAFETY: the encoder and the pixels are alive.
                let status =
                    answer(|err| unsafe { cosimg_encoder_run(self.encoder, &raw const view, &raw mut buffer, err) });
                self.take(status, buffer)
            }
            Step::Begin { width, height, format } => {
                // SAFETY: the old picture is not used again.
                unsafe { cosimg_row_encoder_free(self.rows) };
                let (rows, &width, &height, &format) = (&raw mut self.rows, width, height, format);
                // SAFETY: the encoder and the place are alive.
                answer(|err| unsafe { cosimg_row_encoder_new(self.encoder, width, height, format, rows, err) })
            }
            // SAFETY: the picture is NULL or alive, and so are the bytes.
            Step::Push(data) => answer(|err| unsafe { cosimg_row_encoder_push(self.rows, slice(data), err) }),
            Step::PushPlanes { planes, width, height, stride, format } => {
                let plane = |data: &Vec<u8>| Plane { data: data.as_ptr(), len: data.len(), stride: *stride };
                let (planes, (&width, &height, &format)) =
                    (planes.iter().map(plane).collect::<Vec<_>>(), (width, height, format));
                let view = PlanesView { planes: planes.as_ptr(), planes_len: planes.len(), width, height, format };
                // SAFETY: the picture is NULL or alive, and so are the planes.
                answer(|err| unsafe { cosimg_row_encoder_push_planes(self.rows, &raw const view, err) })
            }
            Step::Finish => {
                // SAFETY: the picture is NULL or alive.
                let status = answer(|err| unsafe { cosimg_row_encoder_finish(self.rows, &raw mut buffer, err) });
                self.take(status, buffer)
            }
            Step::Run { source, rule, capacity } => {
                let (source, rule) = (slice(source), parts(rule));
                let mut room = vec![0xA5; capacity + 1];
                let (mut len, mut format, mut ignored) = (77, 77, ptr::dangling_mut());
                // SAFETY: everything is alive, and the room has `capacity` bytes.
                let status = answer(|err| unsafe {
                    cosimg_processor_run_into(
                        self.processor,
                        source,
                        rule.0,
                        rule.1,
                        room.as_mut_ptr(),
                        *capacity,
                        &raw mut len,
                        &raw mut format,
                        &raw mut ignored,
                        err,
                    )
                });
                assert_eq!(room[*capacity], 0xA5, "written past the end");
                match status {
                    OK => assert!(len <= *capacity && (0..=8).contains(&format)),
                    205 => assert!(len > *capacity && format == 0 && ignored.is_null()),
                    _ => assert!(len == 0 && format == 0 && ignored.is_null()),
                }
                // SAFETY: NULL or alive, and not used again.
                unsafe { cosimg_error_free(ignored) };
                status
            }
        }
    }

    /// A buffer that was filled where the call succeeded, and is empty where it did not.
    fn take(&mut self, status: i32, mut buffer: Buffer) -> i32 {
        if status == OK {
            // SAFETY: the library filled the buffer: `len` bytes and a NUL.
            let bytes = unsafe { std::slice::from_raw_parts(buffer.data, buffer.len + 1) };
            assert_eq!(bytes.last(), Some(&0));
            self.last = bytes[..buffer.len].to_vec();
        } else {
            assert!(buffer.data.is_null() && buffer.len == 0 && buffer.capacity == 0);
        }
        // SAFETY: the buffer is the library's or empty.
        unsafe { cosimg_buffer_free(&raw mut buffer) };
        assert!(buffer.data.is_null() && buffer.len == 0);
        status
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // SAFETY: the objects came from the library, and this is their last use.
        unsafe { cosimg_signer_free(self.signer) };
        // SAFETY: as above.
        unsafe { cosimg_link_free(self.link) };
        // SAFETY: as above.
        unsafe { cosimg_verifier_free(self.verifier) };
        // SAFETY: as above.
        unsafe { cosimg_limits_free(self.limits) };
        // SAFETY: as above.
        unsafe { cosimg_transcoder_free(self.transcoder) };
        // SAFETY: as above.
        unsafe { cosimg_encoder_free(self.encoder) };
        // SAFETY: as above.
        unsafe { cosimg_row_encoder_free(self.rows) };
        // SAFETY: as above.
        unsafe { cosimg_processor_free(self.processor) };
    }
}

unsafe extern "C" fn add(user: *mut c_void, data: *const u8, len: usize) -> i32 {
    if data.is_null() || len == 0 {
        return 1;
    }
    // SAFETY: `user` is the counter of `Step::Stream`.
    unsafe { *user.cast::<usize>() += len };
    0
}

fn check(expected: i32, call: impl FnOnce(*mut *mut Failure) -> i32) {
    assert_eq!(answer(call), expected);
}

/// A call whose status is of a known kind, not a fault of the library, and the same in its error.
fn answer(call: impl FnOnce(*mut *mut Failure) -> i32) -> i32 {
    let mut error: *mut Failure = ptr::dangling_mut();
    let status = call(&raw mut error);
    // SAFETY: the call set `error` to NULL or an error object.
    let code = unsafe { cosimg_error_code(error) };
    // SAFETY: as above.
    let message = unsafe { cosimg_error_message(error) };
    // SAFETY: the message ends in a NUL, and lives as long as the error.
    let message = unsafe { CStr::from_ptr(message) };
    assert_eq!(code, status);
    assert_eq!(error.is_null(), status == OK);
    assert!(status == OK || KINDS.contains(&(status / 100 * 100)), "{status}: {message:?}");
    assert_eq!(message.is_empty(), status == OK);
    assert!(message.to_str().is_ok());
    // SAFETY: the error is not used again.
    unsafe { cosimg_error_free(error) };
    status
}

fn parts(text: &[u8]) -> Text {
    (text.as_ptr().cast(), text.len())
}

fn slice(bytes: &[u8]) -> Slice {
    Slice { data: bytes.as_ptr(), len: bytes.len() }
}
