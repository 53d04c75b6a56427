//! Key pairs, and the wrapper that keeps what is secret of them out of print and out of freed memory.

use std::fmt;

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::query::REDACTED;

/// A text that is wiped when dropped and never printed.
#[derive(Clone, Default)]
pub(crate) struct Secret(Zeroizing<String>);

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself; whoever calls this answers for where it goes.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// A SecretId with its SecretKey and, for temporary keys, the token that goes with them.
///
/// The SecretKey and the token are wiped on drop and appear in no output of this crate but the signed request itself.
#[derive(Clone)]
pub struct Credential {
    secret_id: String,
    secret_key: Secret,
    token: Option<Secret>,
}

impl Credential {
    /// A permanent key pair. Whether it can be right is checked when it is first used: pasted keys often carry a
    /// space or a line end, which is an error of kind `Usage` and not a silent trim.
    pub fn new(secret_id: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self { secret_id: secret_id.into(), secret_key: Secret::new(secret_key), token: None }
    }

    /// Makes it a temporary key: the token is sent with every request, and signed.
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Secret::new(token));
        self
    }

    /// The public half of the pair, `q-ak` in a signature.
    pub fn secret_id(&self) -> &str {
        &self.secret_id
    }

    pub(crate) fn secret_key(&self) -> &str {
        self.secret_key.expose()
    }

    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_ref().map(Secret::expose)
    }

    /// Refuses what cannot be a key. The SecretId stands unescaped in `Authorization`, where `&` would end it.
    pub(crate) fn check(&self) -> Result<()> {
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        if !plain(&self.secret_id) || self.secret_id.contains(['&', '%']) {
            return Err(wrong("secret_id", "the SecretId must be visible ASCII without spaces, `&` and `%`"));
        }
        let key = self.secret_key();
        if key.is_empty() || key.trim() != key || key.chars().any(char::is_control) {
            return Err(wrong(
                "secret_key",
                "the SecretKey is empty, or has spaces or controls that were pasted with it",
            ));
        }
        if self.token().is_some_and(|token| !plain(token)) {
            return Err(wrong("token", "the token must be visible ASCII without spaces"));
        }
        Ok(())
    }
}

fn wrong(field: &'static str, message: &'static str) -> Error {
    Error::usage(message).field_named(field)
}

/// The first letters of the SecretId, and of the secrets only whether they are there.
impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start: String = self.secret_id.chars().take(8).collect();
        f.debug_struct("Credential")
            .field("secret_id", &format_args!("{start:?}.."))
            .field("secret_key", &self.secret_key)
            .field("token", &self.token)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_keys_are_refused_by_name_and_not_shown() {
        let cases = [
            (Credential::new("", "key"), "secret_id"),
            (Credential::new("AKID ", "key"), "secret_id"),
            (Credential::new("AKID&x", "key"), "secret_id"),
            (Credential::new("AKID", ""), "secret_key"),
            (Credential::new("AKID", "hush\n"), "secret_key"),
            (Credential::new("AKID", " hush"), "secret_key"),
            (Credential::new("AKID", "hush").with_token(""), "token"),
            (Credential::new("AKID", "hush").with_token("hush\r\nx: y"), "token"),
        ];
        for (credential, field) in cases {
            let error = credential.check().unwrap_err();
            assert_eq!((error.kind(), error.field()), (crate::ErrorKind::Usage, Some(field)));
            assert!(!format!("{error} {error:?} {credential:?}").contains("hush"));
        }
        assert!(Credential::new("QmFzZTY0IGlzIGEgZ*******", "a key (old)").with_token("a/+==").check().is_ok());
    }
}
