//! SHA-1 and HMAC-SHA1 as COS uses them: results are lower-case hex, and a result that keys the next step does so as
//! its 40 hex characters, not as its 20 bytes.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::query::REDACTED;

/// The key of one SecretKey for one [`KeyTime`](super::KeyTime), held as the keyed state of its HMAC, so that each
/// signature costs only its own bytes.
///
/// Whoever holds it signs any request in that window: it is as secret as the SecretKey, is never printed, and is wiped
/// on drop.
#[derive(Clone)]
pub(crate) struct SignKey(Hmac<Sha1>);

impl SignKey {
    /// `hex(HMAC-SHA1(SecretKey, KeyTime))`.
    pub(crate) fn derive(secret_key: &str, key_time: &str) -> Self {
        Self(keyed(&*Zeroizing::new(Hex::of(&*first_mac(secret_key, key_time)).0)))
    }

    /// What a signer holds that takes the bytes for the digits: a mistake, to be recognised.
    pub(crate) fn derive_binary(secret_key: &str, key_time: &str) -> Self {
        Self(keyed(&*first_mac(secret_key, key_time)))
    }

    /// `hex(HMAC-SHA1(SignKey, StringToSign))`, the text in parts.
    pub(crate) fn sign<const N: usize>(&self, string_to_sign: [&str; N]) -> Hex {
        let mut mac = self.0.clone();
        string_to_sign.iter().for_each(|part| mac.update(part.as_bytes()));
        Hex::of(&mac.finalize().into_bytes())
    }
}

impl fmt::Debug for SignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// A SHA-1 sized result as 40 hex digits.
#[derive(Clone)]
pub(crate) struct Hex([u8; 40]);

impl Hex {
    /// `hex(SHA1(text))`, the text in parts.
    pub(crate) fn sha1<const N: usize>(text: [&str; N]) -> Self {
        let mut hash = Sha1::new();
        text.iter().for_each(|part| Digest::update(&mut hash, part));
        Self::of(&hash.finalize())
    }

    fn of(bytes: &[u8]) -> Self {
        let mut digits = [0; 40];
        hex::encode_to_slice(bytes, &mut digits).expect("a SHA-1 result has 20 bytes");
        Self(digits)
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("hex digits are ASCII")
    }

    /// Whether `presented` is this result, in time that does not depend on where they differ.
    pub(crate) fn matches(&self, presented: &str) -> bool {
        self.0.ct_eq(presented.as_bytes()).into()
    }
}

fn first_mac(secret_key: &str, key_time: &str) -> Zeroizing<[u8; 20]> {
    Zeroizing::new(keyed(secret_key.as_bytes()).chain_update(key_time).finalize().into_bytes().into())
}

fn keyed(key: &[u8]) -> Hmac<Sha1> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2202 test cases 2 and 6, through the same two calls.
    #[test]
    fn hmac_is_that_of_rfc_2202() {
        let mac = |key: &[u8], text: &str| Hex::of(&keyed(key).chain_update(text).finalize().into_bytes());
        assert_eq!(mac(b"Jefe", "what do ya want for nothing?").as_str(), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        let text = "Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(mac(&[0xaa; 80], text).as_str(), "aa4ae5e15272d00e95705637ce8a3b55ed402112");
    }

    /// Tencent's "POST Object" page signs a policy with the same two steps.
    #[test]
    fn published_post_policy_signature() {
        let key = SignKey::derive("BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz", "1567150692;1567157892");
        assert_eq!(
            key.sign(["d5d903b8360468bc81", "c1311f134989bc8c8b5b89"]).as_str(),
            "7758dc9a832e9d301dca704cacbf9d9f8172fdef"
        );
    }

    #[test]
    fn only_the_exact_digits_match() {
        let hex = Hex::sha1([]);
        assert!(hex.matches("da39a3ee5e6b4b0d3255bfef95601890afd80709"));
        assert!(!hex.matches("DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"));
        assert!(!hex.matches("da39a3ee5e6b4b0d3255bfef95601890afd8070"));
        assert!(!hex.matches(""));
    }
}
