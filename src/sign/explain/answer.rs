//! What COS answered: its code, and the texts that it compared, against ours.

use std::fmt;

use super::cause::{Cause, redacted};
use crate::query::{Plus, decode};
use crate::sign::rejected::Part;

/// The elements of COS's error document that an explanation uses, unescaped. Whoever has the XML fills them in.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Answer {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) format_string: Option<String>,
    pub(super) string_to_sign: Option<String>,
}

impl Answer {
    /// An answer without any element.
    pub fn new() -> Self {
        Self::default()
    }

    /// `Code`, such as SignatureDoesNotMatch.
    pub fn code(mut self, text: impl Into<String>) -> Self {
        self.code = text.into();
        self
    }

    /// `Message`.
    pub fn message(mut self, text: impl Into<String>) -> Self {
        self.message = text.into();
        self
    }

    /// `FormatString`: HttpString as COS made it.
    pub fn format_string(mut self, text: impl Into<String>) -> Self {
        self.format_string = Some(text.into().replace("\r\n", "\n"));
        self
    }

    /// `StringToSign` as COS made it.
    pub fn string_to_sign(mut self, text: impl Into<String>) -> Self {
        self.string_to_sign = Some(text.into().replace("\r\n", "\n"));
        self
    }

    /// What code and message say by themselves.
    pub(super) fn cause(&self) -> Option<Cause> {
        let message = self.message.to_ascii_lowercase();
        match self.code.as_str() {
            "ExpiredToken" => Some(Cause::TokenExpired),
            "RequestTimeTooSkewed" => Some(Cause::Clock { seconds: None }),
            "InvalidAccessKeyId" => Some(Cause::UnknownKey),
            "AccessDenied" if message.contains("invalidaccesskeyid") => Some(Cause::UnknownKey),
            "AccessDenied" if message.contains("expired") => Some(Cause::Expired { seconds: None }),
            "AccessDenied" if message.contains("strict signature") => {
                let part = if message.contains("header") { Part::Header } else { Part::Param };
                Some(Cause::StrictMode { part })
            }
            "AccessDenied" if message.contains("referer") => Some(Cause::Referer),
            "AccessForbidden" => Some(Cause::Referer),
            _ => None,
        }
    }

    /// Whether COS says that the signature is wrong.
    pub(super) fn is_mismatch(&self) -> bool {
        self.code == "SignatureDoesNotMatch"
    }

    /// Whether COS says that the signature holds and the key has no rights.
    pub(super) fn denies_access(&self) -> bool {
        self.code == "AccessDenied" && self.cause().is_none()
    }

    /// The Host that COS saw, where the signature covers it.
    pub(super) fn host(&self) -> Option<String> {
        let headers = self.format_string.as_ref()?.split('\n').nth(3)?;
        let value = headers.split('&').find_map(|pair| pair.strip_prefix("host="))?;
        decode(value, Plus::Literal, 0).ok()
    }
}

/// What differs between two HttpStrings, line by line and pair by pair; `theirs` is what COS made of the request that
/// arrived.
pub(super) fn causes(ours: &str, theirs: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut lines = ours.split('\n').zip(theirs.split('\n'));
    if let Some((ours, _)) = lines.next().filter(|(ours, theirs)| ours != theirs) {
        causes.push(Cause::Method { signed: ours.to_owned() });
    }
    if let Some((ours, theirs)) = lines.next().filter(|(ours, theirs)| ours != theirs) {
        causes.push(path(ours, theirs));
    }
    for part in [Part::Param, Part::Header] {
        if let Some((ours, theirs)) = lines.next() {
            let (ours, theirs) = (pairs(ours), pairs(theirs));
            let missing = ours.iter().filter(|(name, _)| theirs.iter().all(|(other, _)| other != name));
            let changed = theirs.iter().filter(|pair| !ours.contains(pair));
            let mut names: Vec<_> = changed.chain(missing).map(|(name, _)| *name).collect();
            names.dedup();
            causes.extend(names.into_iter().map(|name| pair(part, name, &ours, &theirs)));
        }
    }
    causes
}

type Pairs<'a> = Vec<(&'a str, &'a str)>;

fn pairs(line: &str) -> Pairs<'_> {
    line.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect()
}

fn path(ours: &str, theirs: &str) -> Cause {
    if decode(theirs, Plus::Literal, 0).is_ok_and(|decoded| decoded == ours) {
        Cause::PathEncodedTwice
    } else if theirs.trim_start_matches('/') == ours.trim_start_matches('/') {
        Cause::LeadingSlash
    } else if theirs.replace('+', " ") == ours.replace('+', " ") {
        Cause::PathPlus
    } else {
        Cause::PathAltered
    }
}

fn pair(part: Part, name: &str, ours: &Pairs<'_>, theirs: &Pairs<'_>) -> Cause {
    let value = |pairs: &Pairs<'_>| {
        let value = pairs.iter().find(|(other, _)| *other == name)?.1;
        decode(value, Plus::Literal, 0).ok()
    };
    match part {
        Part::Header if name == "host" => {
            Cause::Host { signed: value(ours), arrived: value(theirs).unwrap_or_default() }
        }
        Part::Header => Cause::HeaderAltered { name: name.to_owned() },
        Part::Param => Cause::ParamAltered { name: name.to_owned() },
    }
}

/// Leaves out the values that carry a secret.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = |text: &String| text.split('\n').map(redacted).collect::<Vec<_>>().join("\n");
        f.debug_struct("Answer")
            .field("code", &self.code)
            .field("message", &self.message)
            .field("format_string", &self.format_string.as_ref().map(lines))
            .field("string_to_sign", &self.string_to_sign)
            .finish()
    }
}
