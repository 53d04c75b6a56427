//! Why a request is refused, and how COS would say it.

use std::fmt;
use std::fmt::Write as _;

use time::{OffsetDateTime, UtcOffset};

use crate::error::{Error, ErrorKind};

/// Typed reason of a rejection. Names in it are those of the request, never values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// No signature at all.
    Unsigned,
    /// A field of the signature is missing, repeated or unreadable, or the signature came in two places. `field` is
    /// the field, or `authorization` or `sign` for the whole.
    Malformed {
        /// Name of the field.
        field: &'static str,
    },
    /// Two parameters, or two covered headers, have the same name but for letter case, which leaves open what is
    /// signed.
    Duplicate {
        /// Parameter or header.
        part: Part,
        /// Its name, decoded.
        name: String,
    },
    /// The window has ended.
    Expired,
    /// The window begins further ahead than clocks may differ.
    NotYetValid,
    /// No credential with this SecretId.
    UnknownKey,
    /// The signature holds, but the token of the temporary key is missing or is another.
    Token,
    /// The signature covers something that the request does not carry: the rule was stripped, or a list was not
    /// encoded as it must be.
    Absent {
        /// Parameter or header.
        part: Part,
        /// Its name as the list has it.
        name: String,
    },
    /// The signature is that of another request, or was made with another SecretKey.
    Mismatch,
    /// Strict mode: the request carries something that the signature must cover and does not.
    Uncovered {
        /// Parameter or header.
        part: Part,
        /// Its name, decoded.
        name: String,
    },
}

/// The part of a request that a [`Reason`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// A header.
    Header,
    /// A query parameter.
    Param,
}

impl Reason {
    /// Stable kebab-case name for `--json` and scripts, e.g. `expired`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Malformed { .. } => "malformed",
            Self::Duplicate { .. } => "duplicate",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::UnknownKey => "unknown-key",
            Self::Token => "token",
            Self::Absent { .. } => "absent",
            Self::Mismatch => "mismatch",
            Self::Uncovered { .. } => "uncovered",
        }
    }

    /// HTTP status, code and message of COS. What it answers to malformed signatures is not documented; this crate
    /// answers as to any other bad argument. A temporary key without its token is an unknown key to it.
    fn answer(&self) -> (u16, &'static str, &'static str) {
        match self {
            Self::Unsigned => (403, "AccessDenied", "Access Denied."),
            Self::Malformed { .. } => (400, "InvalidArgument", "The signature is malformed."),
            Self::Duplicate { .. } => (400, "InvalidArgument", "A parameter or signed header is repeated."),
            Self::Expired => (403, "AccessDenied", "Request has expired"),
            Self::NotYetValid => (
                403,
                "RequestTimeTooSkewed",
                "The difference between the request time and the server's time is too large.",
            ),
            Self::UnknownKey | Self::Token => {
                (403, "InvalidAccessKeyId", "The Access Key Id you provided does not exist in our records")
            }
            Self::Absent { .. } | Self::Mismatch => {
                (403, "SignatureDoesNotMatch", "The Signature you specified is invalid.")
            }
            Self::Uncovered { part: Part::Header, .. } => {
                (403, "AccessDenied", "Strict signature missing header that must be signed")
            }
            Self::Uncovered { part: Part::Param, .. } => {
                (403, "AccessDenied", "Strict signature missing param that must be signed")
            }
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Param => "parameter",
        })
    }
}

/// One sentence for people.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => f.write_str("the request is not signed"),
            Self::Malformed { field } => write!(f, "the signature is malformed in {field}"),
            Self::Duplicate { part, name } => write!(f, "the {part} `{}` is repeated", shorten(name)),
            Self::Expired => f.write_str("the signature has expired"),
            Self::NotYetValid => f.write_str("the signature is not valid yet"),
            Self::UnknownKey => f.write_str("the SecretId is not known"),
            Self::Token => f.write_str("the token of the temporary key is missing or wrong"),
            Self::Absent { part, name } => {
                write!(f, "the signature covers the {part} `{}`, which the request does not carry", shorten(name))
            }
            Self::Mismatch => f.write_str("the signature does not match the request"),
            Self::Uncovered { part, name } => write!(f, "the signature does not cover the {part} `{}`", shorten(name)),
        }
    }
}

/// The texts that were compared with a signature, as a service may echo them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Compared {
    pub(crate) string_to_sign: String,
    pub(crate) http_string: String,
}

/// Why a request is refused, with COS's code, status and XML.
#[derive(Clone, PartialEq, Eq)]
pub struct Rejected {
    reason: Reason,
    now: OffsetDateTime,
    compared: Option<Compared>,
}

impl Rejected {
    pub(crate) fn new(reason: Reason, now: OffsetDateTime) -> Self {
        Self { reason, now, compared: None }
    }

    pub(crate) fn comparing(mut self, compared: Option<Compared>) -> Self {
        self.compared = compared;
        self
    }

    /// What is wrong.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// COS error code: SignatureDoesNotMatch, AccessDenied, …
    pub fn code(&self) -> &'static str {
        self.reason.answer().1
    }

    /// COS message.
    pub fn message(&self) -> &'static str {
        self.reason.answer().2
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.reason.answer().0
    }

    /// The HttpString that was compared, which COS calls FormatString: on a mismatch, and where
    /// [`Verifier::echo`](super::Verifier::echo) asked for it.
    pub fn http_string(&self) -> Option<&str> {
        self.compared.as_ref().map(|compared| compared.http_string.as_str())
    }

    /// The StringToSign that was compared, under the same conditions.
    pub fn string_to_sign(&self) -> Option<&str> {
        self.compared.as_ref().map(|compared| compared.string_to_sign.as_str())
    }

    /// COS's error document, to be sent as `application/xml`. `resource` is host and path, or the path.
    pub fn to_xml(&self, resource: &str, request_id: &str, trace_id: &str) -> String {
        let server_time = (self.reason == Reason::NotYetValid).then(|| iso_8601(self.now));
        let elements = [
            ("Code", Some(self.code())),
            ("Message", Some(self.message())),
            ("StringToSign", self.string_to_sign()),
            ("FormatString", self.http_string()),
            ("Resource", Some(resource)),
            ("RequestId", Some(request_id)),
            ("TraceId", Some(trace_id)),
            ("ServerTime", server_time.as_deref()),
        ];
        let mut xml = String::from("<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n");
        for (name, text) in elements {
            if let Some(text) = text {
                let _ = writeln!(xml, "\t<{name}>{}</{name}>", Escaped(text));
            }
        }
        xml.push_str("</Error>\n");
        xml
    }
}

/// Leaves out the compared texts, which repeat the request.
impl fmt::Debug for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejected").field("reason", &self.reason).finish_non_exhaustive()
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} {})", self.reason, self.status(), self.code())
    }
}

impl std::error::Error for Rejected {}

impl From<Rejected> for Error {
    fn from(rejected: Rejected) -> Self {
        let error = Self::new(ErrorKind::Signature, rejected.reason.to_string());
        match rejected.reason {
            Reason::Malformed { field } => error.field_named(field),
            Reason::Duplicate { name, .. } | Reason::Absent { name, .. } | Reason::Uncovered { name, .. } => {
                error.field_named(shorten(&name))
            }
            _ => error,
        }
    }
}

/// Names come from strangers; a sentence shows only their beginning.
pub(crate) fn shorten(name: &str) -> String {
    const SHOWN: usize = 200;
    match name.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}..", name.get(..end).unwrap_or_default().escape_debug()),
        None => name.escape_debug().to_string(),
    }
}

/// XML text. Characters that XML 1.0 cannot hold (section 2.2) become U+FFFD.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '\t' | '\n' => f.write_char(c)?,
                '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

fn iso_8601(time: OffsetDateTime) -> String {
    let utc = time.to_offset(UtcOffset::UTC);
    let (date, time) = (utc.date(), utc.time());
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", time.hour(), time.minute(), time.second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_the_elements_of_cos_in_its_order() {
        let now = OffsetDateTime::from_unix_timestamp(1_557_989_753).unwrap();
        let compared =
            Compared { string_to_sign: "sha1\n1;2\nab\n".into(), http_string: "get\n/a<b>\nx=&y=\n\n".into() };
        let xml = Rejected::new(Reason::Mismatch, now).comparing(Some(compared)).to_xml("h/a&b\u{0}", "r", "t");
        let expected = "<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n\
            \t<Code>SignatureDoesNotMatch</Code>\n\t<Message>The Signature you specified is invalid.</Message>\n\
            \t<StringToSign>sha1\n1;2\nab\n</StringToSign>\n\
            \t<FormatString>get\n/a&lt;b&gt;\nx=&amp;y=\n\n</FormatString>\n\
            \t<Resource>h/a&amp;b\u{fffd}</Resource>\n\t<RequestId>r</RequestId>\n\t<TraceId>t</TraceId>\n</Error>\n";
        assert_eq!(xml, expected);
        let xml = Rejected::new(Reason::NotYetValid, now).to_xml("/", "r", "t");
        assert!(xml.contains("<ServerTime>2019-05-16T06:55:53Z</ServerTime>") && !xml.contains("FormatString"));
    }

    #[test]
    fn hostile_names_stay_short_and_on_one_line() {
        let name = "é\n".repeat(100_000);
        let error = Error::from(Rejected::new(Reason::Absent { part: Part::Param, name }, OffsetDateTime::UNIX_EPOCH));
        let shown = error.to_string();
        assert!(shown.len() < 2000 && !shown.contains('\n'));
        assert_eq!(error.kind(), ErrorKind::Signature);
    }
}
