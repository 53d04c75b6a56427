//! Queries as ordered key/value lists, decoded and on the wire, and the only percent-encode set of the crate.
//!
//! COS writes every byte but `A-Z a-z 0-9 - _ . ~` as `%XX` with upper-case hex, in queries, paths, headers and
//! signatures alike. It reads a query by decoding once and takes `+` for a space; this crate never writes `+`.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};

use crate::error::{Error, Result};

/// What COS's `UrlEncode` escapes.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The same in a path, where slashes stay.
const ESCAPED_IN_PATH: &AsciiSet = &ESCAPED.remove(b'/');

/// An ordered list of query parameters, decoded.
///
/// A parameter is a key with a value, or a key without `=`. A processing rule is a key: the whole of
/// `imageMogr2/format/jpg` with no value or an empty one. Keys may repeat here; signing refuses that.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Query {
    pairs: Vec<(String, Option<String>)>,
}

impl Query {
    /// A query without parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a parameter; `None` is a key without `=`.
    pub fn push(&mut self, key: impl Into<String>, value: Option<String>) {
        self.pairs.push((key.into(), value));
    }

    /// Parameters in their order; `None` is a key without `=`.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.pairs.iter().map(|(k, v)| (k.as_str(), v.as_deref()))
    }

    /// The value of the first parameter of that name, empty where it has none.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.iter().find(|(k, _)| *k == key).map(|(_, v)| v.unwrap_or_default())
    }

    /// The number of parameters.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there is no parameter.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Reads the wire form, without its `?`. `base` is where it begins in the text that errors count from.
    pub(crate) fn parse_at(wire: &str, base: u64) -> Result<Self> {
        let mut query = Self::new();
        let mut at = base;
        for piece in wire.split('&') {
            if !piece.is_empty() {
                let (key, value) = match piece.split_once('=') {
                    Some((key, value)) => (key, Some(decode(value, Plus::Space, at + key.len() as u64 + 1)?)),
                    None => (piece, None),
                };
                query.push(decode(key, Plus::Space, at)?, value);
            }
            at += piece.len() as u64 + 1;
        }
        Ok(query)
    }
}

/// Reads the wire form, without its `?`: splits at `&` and the first `=`, decodes once, and takes `+` for a space.
/// An escape that is not two hex digits, or bytes that are not UTF-8, are an error of kind `Input` with its offset.
impl FromStr for Query {
    type Err = Error;

    fn from_str(wire: &str) -> Result<Self> {
        Self::parse_at(wire, 0)
    }
}

/// The wire form, without its `?`.
impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (key, value)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { "&" };
            write!(f, "{separator}{}", utf8_percent_encode(key, ESCAPED))?;
            if let Some(value) = value {
                write!(f, "={}", utf8_percent_encode(value, ESCAPED))?;
            }
        }
        Ok(())
    }
}

/// Values of parameters that carry a secret are left out.
impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(k, v)| (k, v.map(|v| shown(k, v))))).finish()
    }
}

/// What stands for a secret in anything that is printed.
pub(crate) const REDACTED: &str = "[redacted]";

/// Whether the value of a parameter or header of that name is a secret or a bearer of rights: the token of a
/// temporary key (under the names that COS, Cloud Infinite and the Android SDK give it), a customer's encryption key,
/// a signature.
pub(crate) fn is_secret(name: &str) -> bool {
    const NAMES: [&str; 5] = ["authorization", "cookie", "q-signature", "sign", "token"];
    const ENDS: [&str; 2] = ["-security-token", "-customer-key"];
    let ends_in = |end: &str| {
        let start = name.len().checked_sub(end.len());
        start.and_then(|start| name.get(start..)).is_some_and(|last| last.eq_ignore_ascii_case(end))
    };
    NAMES.iter().any(|secret| name.eq_ignore_ascii_case(secret)) || ENDS.into_iter().any(ends_in)
}

/// The value as it may be printed.
pub(crate) fn shown<'a>(name: &str, value: &'a str) -> &'a str {
    if is_secret(name) { REDACTED } else { value }
}

/// Appends COS's `UrlEncode` of `text`.
pub(crate) fn encode_into(out: &mut String, text: &str) {
    static FORMS: LazyLock<Forms> = LazyLock::new(|| forms(ESCAPED));
    append(out, text, &FORMS);
}

/// Appends COS's `UrlEncode` of `text`, slashes kept.
pub(crate) fn encode_path_into(out: &mut String, text: &str) {
    static FORMS: LazyLock<Forms> = LazyLock::new(|| forms(ESCAPED_IN_PATH));
    append(out, text, &FORMS);
}

/// Each byte as it is written: up to three characters, and at the end how many.
type Forms = [[u8; 4]; 256];

fn forms(escaped: &'static AsciiSet) -> Forms {
    let mut forms = [[0, 0, 0, 1]; 256];
    for (byte, form) in (0..=u8::MAX).zip(&mut forms) {
        match percent_encode(&[byte], escaped).to_string().as_bytes() {
            [plain] => form[0] = *plain,
            escape => {
                form[..3].copy_from_slice(escape);
                form[3] = 3;
            }
        }
    }
    forms
}

/// Links are made of little but this: each byte costs a look-up and no branch.
fn append(out: &mut String, text: &str, forms: &Forms) {
    const CHUNK: usize = 64;
    let mut room = [0; 3 * CHUNK + 1];
    for chunk in text.as_bytes().chunks(CHUNK) {
        let mut len = 0;
        for &byte in chunk {
            let form = forms[usize::from(byte)];
            room[len..len + 4].copy_from_slice(&form);
            len += usize::from(form[3]);
        }
        out.push_str(std::str::from_utf8(&room[..len]).expect("forms are ASCII"));
    }
}

/// How `+` is read: a space in a query, itself in a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plus {
    Space,
    Literal,
}

/// Undoes one level of percent-encoding. `base` is added to the offset in an error.
pub(crate) fn decode(text: &str, plus: Plus, base: u64) -> Result<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += match byte {
            b'%' => {
                let digit = |n: usize| bytes.get(at + n).and_then(|&b| char::from(b).to_digit(16));
                let value = digit(1).zip(digit(2)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                let wrong = || Error::input("a percent sign without two hex digits").at(base + at as u64);
                out.push(value.ok_or_else(wrong)?);
                3
            }
            b'+' if plus == Plus::Space => {
                out.push(b' ');
                1
            }
            other => {
                out.push(other);
                1
            }
        };
    }
    String::from_utf8(out).map_err(|error| {
        let at = wire_offset(bytes, error.utf8_error().valid_up_to());
        Error::input("the decoded text is not UTF-8").at(base + at as u64)
    })
}

/// Where the decoded byte `index` stands in the encoded text.
fn wire_offset(encoded: &[u8], index: usize) -> usize {
    let mut at = 0;
    for _ in 0..index {
        at += if encoded.get(at) == Some(&b'%') { 3 } else { 1 };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreserved_bytes_stay_and_all_others_are_escaped_in_upper_case() {
        for byte in 0..=127_u8 {
            let mut out = String::new();
            encode_into(&mut out, &char::from(byte).to_string());
            if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                assert_eq!(out, char::from(byte).to_string());
            } else {
                assert_eq!(out, format!("%{byte:02X}"));
            }
        }
    }

    #[test]
    fn wire_form_is_split_once_and_decoded_once() {
        let query: Query = "a=1=2&imageMogr2/thumbnail/200x&&b%2Fc=%2541+%2B&=v&k=".parse().unwrap();
        let pairs: Vec<_> = query.iter().collect();
        let expected = [
            ("a", Some("1=2")),
            ("imageMogr2/thumbnail/200x", None),
            ("b/c", Some("%41 +")),
            ("", Some("v")),
            ("k", Some("")),
        ];
        assert_eq!(pairs, expected);
        assert_eq!(query.to_string(), "a=1%3D2&imageMogr2%2Fthumbnail%2F200x&b%2Fc=%2541%20%2B&=v&k=");
    }

    #[test]
    fn errors_point_at_the_wire() {
        for (wire, offset) in
            [("a=1&b=%4", 6), ("%zz=1", 0), ("a=%", 2), ("a=%41%ff", 5), ("abc%F0%9F&x=1", 3), ("a=%+1", 2)]
        {
            let error = wire.parse::<Query>().unwrap_err();
            assert_eq!((error.kind(), error.offset()), (crate::ErrorKind::Input, Some(offset)), "{wire}");
        }
    }

    #[test]
    fn debug_leaves_secrets_out() {
        let query: Query = "prefix=a&X-Cos-Security-Token=hush".parse().unwrap();
        assert_eq!(format!("{query:?}"), r#"{"prefix": Some("a"), "X-Cos-Security-Token": Some("[redacted]")}"#);
    }
}
