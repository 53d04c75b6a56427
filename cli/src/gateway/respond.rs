//! Answers and refusals in COS's form: headers, status, error document.

use std::borrow::Cow;
use std::process;

use cosimg::sign::Rejected;
use cosimg::{Error, ErrorKind};
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, SERVER};
use hyper::http::request::Parts;
use md5::{Digest, Md5};
use quick_xml::escape::escape;

use crate::clock;

/// An object, or what processing made of it.
pub(super) struct Object {
    pub(super) bytes: Vec<u8>,
    pub(super) content_type: &'static str,
    pub(super) etag: String,
    /// Seconds until the signature ends: nobody may keep the answer longer.
    pub(super) max_age: u64,
}

impl Object {
    pub(super) fn new(bytes: Vec<u8>, content_type: &'static str, max_age: u64) -> Self {
        // As for an object uploaded in one part; clients treat it as opaque.
        let digest = Md5::digest(&bytes);
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { bytes, content_type, etag: format!("\"{hex}\""), max_age }
    }
}

/// Why a request gets no object.
pub(super) enum Refusal {
    /// The signature does not hold.
    Signature(Rejected),
    /// Anything else, by COS's code.
    Other { status: u16, code: &'static str, message: Cow<'static, str> },
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Other { status, code, message: message.into() }
    }

    /// A rule that cannot be understood: 400, as documented for parameters in general.
    pub(super) fn rule(error: &Error) -> Self {
        Self::new(400, "InvalidArgument", error.to_string())
    }

    /// A rule that cannot be carried out on this source.
    pub(super) fn processing(error: &Error) -> Self {
        let (status, code) = match error.kind() {
            ErrorKind::Limit => match error.field() {
                Some("side" | "pixels") => (400, "ImageResolutionExceed"),
                Some("stages" | "result_side") => (400, "InvalidArgument"),
                _ => (400, "ImageTooLarge"),
            },
            ErrorKind::Input => (400, "InvalidImageFormat"),
            ErrorKind::Usage => (400, "InvalidArgument"),
            ErrorKind::Unsupported if error.field() == Some("source") => (400, "InvalidImageFormat"),
            ErrorKind::Unsupported => (501, "NotImplemented"),
            ErrorKind::Cancelled => (503, "ServiceUnavailable"),
            _ => (500, "InternalError"),
        };
        Self::new(status, code, error.to_string())
    }

    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Signature(rejected) => rejected.code(),
            Self::Other { code, .. } => code,
        }
    }

    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Signature(rejected) => rejected.status(),
            Self::Other { status, .. } => *status,
        }
    }

    fn to_xml(&self, resource: &str, id: &Id) -> String {
        match self {
            Self::Signature(rejected) => rejected.to_xml(resource, &id.request, &id.trace),
            Self::Other { code, message, .. } => {
                let [message, resource] = [message, resource].map(text);
                let Id { request, trace } = id;
                format!(
                    "<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n\t<Code>{code}</Code>\n\
                     \t<Message>{message}</Message>\n\t<Resource>{resource}</Resource>\n\
                     \t<RequestId>{request}</RequestId>\n\t<TraceId>{trace}</TraceId>\n</Error>\n"
                )
            }
        }
    }
}

/// Character data: XML 1.0 has no way to write most control characters.
fn text(raw: &str) -> String {
    let printable: String = raw.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    escape(printable).into_owned()
}

/// The two ids of a request. COS's are opaque; these are time, process and number, to be found in a log.
pub(super) struct Id {
    request: String,
    trace: String,
}

impl Id {
    pub(super) fn new(number: u64) -> Self {
        let now = clock::now();
        let (seconds, process) = (now.unix_timestamp(), process::id());
        Self {
            request: format!("{seconds:x}_{process:x}_{number:x}"),
            trace: format!("{:032x}", now.unix_timestamp_nanos() ^ (i128::from(number) << 64)),
        }
    }
}

pub(super) fn response(head: &Parts, answer: Result<Object, Refusal>, id: &Id) -> Response<Full<Bytes>> {
    let mut response = match answer {
        Ok(object) => {
            let mut response = Response::new(Full::new(Bytes::from(object.bytes)));
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(object.content_type));
            set(headers, ETAG.as_str(), &object.etag);
            set(headers, CACHE_CONTROL.as_str(), &format!("private, max-age={}", object.max_age));
            response
        }
        Err(refusal) => {
            let xml = refusal.to_xml(head.uri.path(), id);
            let mut response = Response::new(Full::new(Bytes::from(xml)));
            *response.status_mut() = refusal.status().try_into().unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            if refusal.status() == 405 {
                headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            }
            response
        }
    };
    let headers = response.headers_mut();
    headers.insert(SERVER, HeaderValue::from_static("tencent-cos"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    set(headers, "x-cos-request-id", &id.request);
    set(headers, "x-cos-trace-id", &id.trace);
    response
}

/// Sets a header whose value this file made, of visible ASCII.
fn set(headers: &mut hyper::HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_document_escapes_what_a_stranger_wrote() {
        let id = Id::new(7);
        let xml = Refusal::new(400, "InvalidArgument", "no <op> & \u{1}").to_xml("/a&b'<c>", &id);
        assert!(xml.starts_with("<?xml version='1.0' encoding='utf-8' ?>\n<Error>"));
        assert!(xml.contains("<Message>no &lt;op&gt; &amp; \u{fffd}</Message>"));
        assert!(xml.contains("<Resource>/a&amp;b&apos;&lt;c&gt;</Resource>"));
        assert!(xml.contains(&format!("<RequestId>{}</RequestId>", id.request)));
        assert!(quick_xml::Reader::from_str(&xml).read_event().is_ok());
    }

    #[test]
    fn ids_differ() {
        let (one, two) = (Id::new(1), Id::new(2));
        assert_ne!(one.request, two.request);
        assert_ne!(one.trace, two.trace);
    }
}
