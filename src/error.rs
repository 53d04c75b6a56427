//! The one error of the crate: who is at fault, what is wrong, and where.

use std::borrow::Cow;
use std::fmt;

/// What every fallible function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who has to act for the call to succeed. The kinds are the blocks of the C ABI's status codes and the exception
/// classes of the Python package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes handed in are wrong: malformed, truncated or contradictory.
    Input,
    /// The caller is wrong: an argument out of range, a missing setting, a contradiction between options.
    Usage,
    /// The request is understood but is not carried out here; the message names what is missing.
    Unsupported,
    /// The work would pass a bound of [`Limits`](crate::Limits); [`Error::field`] names the bound.
    Limit,
    /// The caller asked to stop.
    Cancelled,
    /// A signature does not hold.
    Signature,
    /// A sink or source of the caller's failed.
    Io,
    /// A fault in this crate.
    Internal,
}

/// An error: its [`kind`](Error::kind), one sentence, and the byte offset or the name of the field it is about.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    field: Option<Cow<'static, str>>,
    offset: Option<u64>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner { kind, message: message.into(), field: None, offset: None }))
    }

    pub(crate) fn input(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Input, message)
    }

    pub(crate) fn usage(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    pub(crate) fn unsupported(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// A bound was passed: `field` is the name of the bound in [`Limits`](crate::Limits).
    pub(crate) fn limit(field: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Limit, message).field_named(field)
    }

    pub(crate) fn at(mut self, offset: u64) -> Self {
        self.0.offset = Some(offset);
        self
    }

    pub(crate) fn field_named(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Who has to act.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether there was less memory than it takes.
    pub(crate) fn is_of_memory(&self) -> bool {
        self.kind() == ErrorKind::Limit && self.field() == Some("memory")
    }

    /// The sentence alone, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The argument, option, parameter or bound that the error is about, where there is one.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The byte of the input, counted from 0, that the error is about, where there is one.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        match (&self.0.field, self.0.offset) {
            (Some(field), Some(offset)) => write!(f, " ({field}, at byte {offset})"),
            (Some(field), None) => write!(f, " ({field})"),
            (None, Some(offset)) => write!(f, " (at byte {offset})"),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl std::error::Error for Error {}
