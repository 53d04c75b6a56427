//! What can be wrong with a signature, in words: the cause, and how it is mended.

use std::fmt;

use crate::query::{REDACTED, is_secret};
use crate::sign::rejected::{Part, Reason, shorten};

/// Why COS refuses a request, or will.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// What a [`Verifier`](crate::sign::Verifier) would say, where no mistake below accounts for it.
    Refused(Reason),
    /// `q-url-param-list` of a URL is encoded once, where the names in it, encoded already, must be encoded again.
    ListNotReencoded,
    /// The value of `sign` is not encoded, so that its fields fall apart into parameters.
    SignNotEncoded,
    /// COS's answer names another window: it is to another request.
    OtherRequest,
    /// COS refused with a code that says nothing of the signature.
    OtherAnswer {
        /// The code.
        code: String,
    },
    /// The window is in milliseconds.
    Milliseconds,
    /// The window has ended, so many seconds ago where the time is known.
    Expired {
        /// Seconds since the end.
        seconds: Option<u64>,
    },
    /// The window begins in the future, or the clocks are more than 15 minutes apart.
    Clock {
        /// Seconds until the start.
        seconds: Option<u64>,
    },
    /// The request was signed with another SecretId than that of the credential.
    OtherSecretId,
    /// COS does not know the SecretId, or it is disabled.
    UnknownKey,
    /// The SecretKey is not the one that goes with the SecretId.
    WrongSecret,
    /// A space or a line end was pasted with the SecretKey.
    SecretPasted,
    /// The key is temporary, and the request does not carry its token, or carries another.
    TokenMissing,
    /// The token is on the request, but no list names it: refused where a bucket demands it.
    TokenUnsigned,
    /// COS says that the token has expired.
    TokenExpired,
    /// SignKey was used as its 20 bytes, not as its 40 hex digits.
    SignKeyBinary,
    /// The bucket demands that more is signed.
    StrictMode {
        /// What is missing.
        part: Part,
    },
    /// Another method was signed than the one that is used.
    Method {
        /// The one that was signed, lower case unless that is the mistake.
        signed: String,
    },
    /// The key was encoded twice on its way into the URL.
    PathEncodedTwice,
    /// The encoded path was signed; COS signs it decoded.
    PathSignedEncoded,
    /// `+` in the path was meant as a space.
    PathPlus,
    /// A slash at the start of the key was signed and not sent, or sent and not signed.
    LeadingSlash,
    /// The bucket's name was signed as part of the path.
    BucketInPath,
    /// The path that was signed is not the path that arrived.
    PathAltered,
    /// The Host that was signed is not the one that COS sees, as behind a CDN or a custom domain.
    Host {
        /// The one that was signed, where it is known.
        signed: Option<String>,
        /// The one that COS saw.
        arrived: String,
    },
    /// A header was changed, removed or added on the way.
    HeaderAltered {
        /// Its name.
        name: String,
    },
    /// A parameter was changed on the way.
    ParamAltered {
        /// Its canonical key.
        name: String,
    },
    /// A list names it, but HttpString was made without it.
    LeftOut {
        /// Parameter or header.
        part: Part,
        /// Its canonical key.
        name: String,
    },
    /// Names were signed as they are, not encoded.
    NamesNotEncoded(Part),
    /// Names were signed in upper and lower case, or were lowered before they were encoded.
    NamesNotLowered(Part),
    /// Values were signed as they are, not encoded.
    ValuesNotEncoded(Part),
    /// Values were signed in lower case, or with lower-case escapes.
    ValuesLowered(Part),
    /// Names were not sorted, or sorted before they were encoded.
    WrongOrder(Part),
    /// A parameter without a value was signed without its `=`.
    EqualsMissing,
    /// HttpString was hashed without its last line feed.
    HttpStringEnd,
    /// StringToSign was signed without its last line feed.
    StringToSignEnd,
    /// The Referer is not allowed: not a matter of the signature.
    Referer,
    /// The signature holds, but the key has no right to do this.
    NoPermission,
}

impl Cause {
    /// Stable kebab-case name for `--json` and scripts.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Refused(reason) => reason.as_str(),
            Self::ListNotReencoded => "rule-not-reencoded",
            Self::SignNotEncoded => "sign-not-encoded",
            Self::OtherRequest => "other-request",
            Self::OtherAnswer { .. } => "other-answer",
            Self::Milliseconds => "milliseconds",
            Self::Expired { .. } => "expired",
            Self::Clock { .. } => "clock",
            Self::OtherSecretId => "other-secret-id",
            Self::UnknownKey => "unknown-key",
            Self::WrongSecret => "wrong-secret",
            Self::SecretPasted => "secret-pasted",
            Self::TokenMissing => "token-missing",
            Self::TokenUnsigned => "token-unsigned",
            Self::TokenExpired => "token-expired",
            Self::SignKeyBinary => "sign-key-binary",
            Self::StrictMode { .. } => "strict-mode",
            Self::Method { .. } => "method",
            Self::PathEncodedTwice => "path-encoded-twice",
            Self::PathSignedEncoded => "path-signed-encoded",
            Self::PathPlus => "path-plus",
            Self::LeadingSlash => "leading-slash",
            Self::BucketInPath => "bucket-in-path",
            Self::PathAltered => "path-altered",
            Self::Host { .. } => "host",
            Self::HeaderAltered { .. } => "header-altered",
            Self::ParamAltered { .. } => "param-altered",
            Self::LeftOut { .. } => "left-out",
            Self::NamesNotEncoded(_) => "names-not-encoded",
            Self::NamesNotLowered(_) => "names-not-lowered",
            Self::ValuesNotEncoded(_) => "values-not-encoded",
            Self::ValuesLowered(_) => "values-lowered",
            Self::WrongOrder(_) => "wrong-order",
            Self::EqualsMissing => "equals-missing",
            Self::HttpStringEnd => "http-string-end",
            Self::StringToSignEnd => "string-to-sign-end",
            Self::Referer => "referer",
            Self::NoPermission => "no-permission",
        }
    }

    /// What to do about it, in one sentence.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Refused(Reason::Absent { .. }) => {
                "Send what was signed, or sign the request again without it; whoever took it out of the link gets nothing."
            }
            Self::Refused(Reason::Duplicate { .. }) => "Send each parameter and each signed header once.",
            Self::Refused(_) => "Sign the request again.",
            Self::ListNotReencoded => {
                "Encode every `%` of the list once more in the URL (`%2f` becomes `%252f`); in the header it stays encoded once."
            }
            Self::OtherRequest => "Compare the answer to this very request.",
            Self::OtherAnswer { .. } => "Look the code up in the documents of COS: the signature is not its subject.",
            Self::SignNotEncoded => {
                "Percent-encode the whole Authorization text before it becomes the value of `sign`."
            }
            Self::Milliseconds => "Divide by 1000: both times are Unix seconds.",
            Self::Expired { .. } => "Sign again, with a window that lasts until the last use of the link.",
            Self::Clock { .. } => {
                "Set the clock of the machine that signs, or start the window at the present or earlier."
            }
            Self::OtherSecretId => "Explain it with the credential that signed it.",
            Self::UnknownKey => "Check in the console that the key exists and is enabled.",
            Self::WrongSecret => "Take the SecretId and the SecretKey from the same line of the console.",
            Self::SecretPasted => "Remove the space or line end around the SecretKey.",
            Self::TokenMissing => "Send the token as `x-cos-security-token`, as a parameter of the URL or as a header.",
            Self::TokenUnsigned => {
                "Add the token before signing, so that `q-url-param-list` or `q-header-list` names it."
            }
            Self::TokenExpired => "Ask STS for a new temporary key and sign again.",
            Self::SignKeyBinary => "Key the second HMAC with the 40 lower-case hex digits of the first.",
            Self::StrictMode { .. } => "Sign Host and every parameter and header that the bucket's rule names.",
            Self::Method { .. } => "Sign the method that is used, in lower case: HEAD and GET need a link each.",
            Self::PathEncodedTwice => {
                "Give the signer and the HTTP client the decoded key, and let one of them encode it, once."
            }
            Self::PathSignedEncoded => "Sign the decoded path; only the URL is encoded.",
            Self::PathPlus => "Write a space in a path as `%20` and a plus as `%2B`.",
            Self::LeadingSlash => "Give the key without a leading slash, in the link and in the signature alike.",
            Self::BucketInPath => "Sign the key alone; the bucket is part of the Host.",
            Self::PathAltered => "Find the proxy or CDN rule that rewrites the path, or sign the path that arrives.",
            Self::Host { .. } => {
                "Sign the Host that COS sees: the bucket's domain behind a CDN, the custom domain where it is bound to the bucket."
            }
            Self::HeaderAltered { .. } => {
                "Leave the header out of the signature, or stop the client or proxy from changing it."
            }
            Self::ParamAltered { .. } => "Send the parameter as it was signed.",
            Self::LeftOut { .. } => "Make the lists and HttpString from the same set of names.",
            Self::NamesNotEncoded(_) => "Percent-encode each name, then lower its case, then sort.",
            Self::NamesNotLowered(_) => {
                "Percent-encode each name first and lower its case after that, its escapes too."
            }
            Self::ValuesNotEncoded(_) => "Percent-encode each value: every byte but A-Z a-z 0-9 - _ . ~.",
            Self::ValuesLowered(_) => "Keep the case of values, and write their escapes in upper case.",
            Self::WrongOrder(_) => "Sort by the encoded, lower-cased name alone, in the lists and in HttpString.",
            Self::EqualsMissing => "Write every parameter with `=`, also one without a value: `acl=`.",
            Self::HttpStringEnd => "End HttpString with a line feed, also where its last line is empty.",
            Self::StringToSignEnd => "End StringToSign with a line feed.",
            Self::Referer => "Allow the Referer in the settings of the bucket.",
            Self::NoPermission => "Grant the key the right to this action on this object.",
        }
    }
}

/// What is wrong, in one sentence.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(reason) => reason.fmt(f),
            Self::ListNotReencoded => f.write_str("q-url-param-list is not encoded again in the URL"),
            Self::SignNotEncoded => f.write_str("the value of `sign` is not encoded"),
            Self::OtherRequest => f.write_str("the answer is to a request with another window"),
            Self::OtherAnswer { code } => write!(f, "COS answered `{}`", code.escape_debug()),
            Self::Milliseconds => f.write_str("the window is in milliseconds"),
            Self::Expired { seconds: Some(seconds) } => write!(f, "the signature expired {seconds} s ago"),
            Self::Expired { seconds: None } => f.write_str("the signature had expired when COS saw it"),
            Self::Clock { seconds: Some(seconds) } => write!(f, "the window begins {seconds} s in the future"),
            Self::Clock { seconds: None } => f.write_str("the clock of the signer and that of COS are too far apart"),
            Self::OtherSecretId => f.write_str("the request was signed with another SecretId than the one given"),
            Self::UnknownKey => f.write_str("COS does not know the SecretId, or it is disabled"),
            Self::WrongSecret => f.write_str("the SecretKey is not the one that belongs to the SecretId"),
            Self::SecretPasted => f.write_str("a space or a line end was pasted with the SecretKey that signed"),
            Self::TokenMissing => f.write_str("the token of the temporary key is missing or is another"),
            Self::TokenUnsigned => f.write_str("the token is on the request but is not signed"),
            Self::TokenExpired => f.write_str("the token of the temporary key has expired"),
            Self::SignKeyBinary => f.write_str("SignKey was used as bytes, not as its hex digits"),
            Self::StrictMode { part } => write!(f, "the bucket demands that a {part} is signed which is not"),
            Self::Method { signed } => write!(f, "the method that was signed is `{}`", shorten(signed)),
            Self::PathEncodedTwice => f.write_str("the path was encoded twice"),
            Self::PathSignedEncoded => f.write_str("the encoded path was signed, not the decoded one"),
            Self::PathPlus => f.write_str("a plus in the path was meant as a space, or a space as a plus"),
            Self::LeadingSlash => f.write_str("the key was signed with another number of leading slashes"),
            Self::BucketInPath => f.write_str("the bucket was signed as part of the path"),
            Self::PathAltered => f.write_str("the path that arrived is not the one that was signed"),
            Self::Host { signed: Some(signed), arrived } => {
                write!(f, "the Host `{}` was signed, and `{}` arrived", shorten(signed), shorten(arrived))
            }
            Self::Host { signed: None, arrived } => {
                write!(f, "another Host than `{}` was signed", shorten(arrived))
            }
            Self::HeaderAltered { name } => write!(f, "the header `{}` was altered on the way", shorten(name)),
            Self::ParamAltered { name } => write!(f, "the parameter `{}` was altered on the way", shorten(name)),
            Self::LeftOut { part, name } => {
                write!(f, "the {part} `{}` is listed, but was left out of HttpString", shorten(name))
            }
            Self::NamesNotEncoded(part) => write!(f, "the name of a {part} was signed without encoding"),
            Self::NamesNotLowered(part) => write!(f, "the name of a {part} was not lower-cased after encoding"),
            Self::ValuesNotEncoded(part) => write!(f, "the value of a {part} was signed without encoding"),
            Self::ValuesLowered(part) => write!(f, "the value of a {part}, or its escapes, was signed in lower case"),
            Self::WrongOrder(part) => {
                write!(f, "the order in which each {part} was signed is not that of the encoded names")
            }
            Self::EqualsMissing => f.write_str("a parameter without a value was signed without its `=`"),
            Self::HttpStringEnd => f.write_str("HttpString was hashed without its last line feed"),
            Self::StringToSignEnd => f.write_str("StringToSign was signed without its last line feed"),
            Self::Referer => f.write_str("the bucket does not allow the Referer"),
            Self::NoPermission => f.write_str("the key has no right to do this"),
        }
    }
}

/// How sure a [`Finding`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Certainty {
    /// The request or COS's answer shows it, or the presented signature is exactly the one that this mistake makes.
    Certain,
    /// What remains when nothing else accounts for the refusal.
    Likely,
    /// No reason for a refusal by itself, but a bucket may demand otherwise.
    Possible,
}

impl Certainty {
    /// Stable lower-case name for `--json` and scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }
}

/// A cause, and how sure it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Finding {
    /// What is wrong.
    pub cause: Cause,
    /// How sure that is.
    pub certainty: Certainty,
}

/// A line of HttpString.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Line {
    /// The first: the method.
    Method,
    /// The second: the decoded path.
    Path,
    /// The third: the pairs of the parameters.
    Params,
    /// The fourth: the pairs of the headers.
    Headers,
    /// What should be nothing: the text after the last line feed.
    End,
}

impl Line {
    /// Lower-case name of the line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Path => "path",
            Self::Params => "parameters",
            Self::Headers => "headers",
            Self::End => "end",
        }
    }
}

/// Where two HttpStrings first differ. Values that carry a secret read `[redacted]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Difference {
    /// The line.
    pub line: Line,
    /// The byte in that line, after redaction.
    pub offset: usize,
    /// The line as the request gives it.
    pub ours: String,
    /// The line as COS, or the signer with its mistake, has it.
    pub theirs: String,
}

impl Difference {
    /// The first difference, if there is one. Both texts are HttpStrings.
    pub(super) fn between(ours: &str, theirs: &str) -> Option<Self> {
        let lines = [Line::Method, Line::Path, Line::Params, Line::Headers, Line::End];
        // A missing last line feed shows as a missing last line.
        let mut ours = ours.splitn(lines.len(), '\n').map(Some).chain(std::iter::repeat(None));
        let mut theirs = theirs.splitn(lines.len(), '\n').map(Some).chain(std::iter::repeat(None));
        lines.into_iter().find_map(|line| {
            let (ours, theirs) = (ours.next()?, theirs.next()?);
            if ours == theirs {
                return None;
            }
            let (ours, theirs) = (redacted(ours.unwrap_or_default()), redacted(theirs.unwrap_or_default()));
            let same = ours.bytes().zip(theirs.bytes()).take_while(|(one, other)| one == other).count();
            Some(Self { line, offset: same, ours, theirs })
        })
    }
}

/// A line with the values of its secret pairs left out.
pub(super) fn redacted(line: &str) -> String {
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => format!("{name}={REDACTED}"),
        _ => pair.to_owned(),
    };
    line.split('&').map(pair).collect::<Vec<_>>().join("&")
}
