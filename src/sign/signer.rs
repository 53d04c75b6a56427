//! The client's side: signs a request, as the `Authorization` header or as a URL.

use std::fmt;

use url::Url;
use zeroize::Zeroizing;

use super::canonical::{Covered, Entry, Values, canonical_key, write_http_string, write_string_to_sign};
use super::credential::{Credential, Secret};
use super::fields::Fields;
use super::key_time::KeyTime;
use super::mac::{Hex, SignKey};
use super::presign::UrlForm;
use super::request::Request;
use super::template::Template;
use super::verify::TOKEN;
use crate::error::{Error, ErrorKind, Result};
use crate::query::is_secret;

/// Which headers of a request are signed. Host has its own switch, [`Signer::sign_host`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderPolicy {
    /// Those that the official Python, Java and Node SDKs sign where the request carries them: the conditional,
    /// content and caching headers, `origin`, `range`, `pic-operations`, and all that begin with `x-cos-` or `x-ci-`.
    #[default]
    Default,
    /// All that the request carries.
    All,
    /// None.
    None,
    /// Those named, each of which the request must carry.
    Only(Vec<String>),
}

/// The names of [`HeaderPolicy::Default`], sorted; Host and the prefixes aside.
const DEFAULT_HEADERS: [&str; 16] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-md5",
    "content-type",
    "expect",
    "expires",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "origin",
    "pic-operations",
    "range",
    "transfer-encoding",
];

/// Signs requests with one credential. Every query parameter is always signed.
#[derive(Clone, Debug)]
pub struct Signer {
    credential: Credential,
    headers: HeaderPolicy,
    host: bool,
    form: UrlForm,
}

impl Signer {
    /// A signer that covers Host, all parameters and the default headers.
    pub fn new(credential: Credential) -> Self {
        Self { credential, headers: HeaderPolicy::default(), host: true, form: UrlForm::default() }
    }

    /// Chooses the headers that are signed.
    pub fn headers(mut self, policy: HeaderPolicy) -> Self {
        self.headers = policy;
        self
    }

    /// Whether Host is signed. Without it the signature also opens the same key in every other bucket of the account.
    pub fn sign_host(mut self, on: bool) -> Self {
        self.host = on;
        self
    }

    /// Chooses how a URL carries the signature.
    pub fn url_form(mut self, form: UrlForm) -> Self {
        self.form = form;
        self
    }

    /// Header form. A token of the credential is added as the header `x-cos-security-token` and signed.
    ///
    /// What cannot be signed is an error of kind `Usage` with the field: a malformed key, a parameter or header that
    /// repeats but for letter case, a parameter named as a field of the signature, a header that was named but is not
    /// there.
    pub fn sign(&self, request: &Request, key_time: KeyTime) -> Result<Signature> {
        self.within(key_time)?.sign(request)
    }

    /// URL form: https, seven q-* fields with the list encoded again, then the parameters. A token of the credential
    /// is one of them. The headers that are signed are those that whoever opens the URL must send.
    pub fn presign(&self, request: &Request, key_time: KeyTime) -> Result<Url> {
        self.within(key_time)?.presign(request)
    }

    /// The signer for one window. It holds the SignKey, so that many requests pay for it once.
    pub fn within(&self, key_time: KeyTime) -> Result<WindowSigner<'_>> {
        self.credential.check()?;
        let time = key_time.to_string();
        let key = SignKey::derive(self.credential.secret_key(), &time);
        Ok(WindowSigner { signer: self, time, key })
    }
}

/// A [`Signer`] for one window.
#[derive(Clone, Debug)]
pub struct WindowSigner<'a> {
    signer: &'a Signer,
    time: String,
    key: SignKey,
}

impl WindowSigner<'_> {
    /// As [`Signer::sign`].
    pub fn sign(&self, request: &Request) -> Result<Signature> {
        let token = self.signer.credential.token();
        let params = self.params(request, None)?;
        let headers = self.headers(request, token)?;
        let signed = self.compute(request, &params, &headers);
        let mut authorization = String::new();
        signed.fields(self).write_authorization(&mut authorization);
        let secret = params.iter().chain(headers.iter()).any(|entry| is_secret(entry.name));
        let redacted = secret.then(|| {
            let mut text = String::new();
            write_http_string(&mut text, request.method(), request.path(), &params, &headers, Values::Redacted);
            text
        });
        Ok(Signature {
            redacted,
            authorization,
            token: token.map(Secret::new),
            http_string: signed.http_string,
            string_to_sign: signed.string_to_sign,
            signature: signed.signature,
        })
    }

    /// As [`Signer::presign`].
    pub fn presign(&self, request: &Request) -> Result<Url> {
        let mut text = String::new();
        self.presign_into(request, &mut text)?;
        match Url::parse(&text) {
            Ok(url) if url.as_str() == text => Ok(url),
            _ => Err(Error::new(ErrorKind::Internal, "the URL does not survive parsing")),
        }
    }

    /// As [`Signer::presign`], with the URL appended to `out` as text, which costs no parsing. An error leaves `out`
    /// as it was.
    pub fn presign_into(&self, request: &Request, out: &mut String) -> Result<()> {
        self.template(request)?.write(request.path(), out)
    }

    /// Everything of the links to many objects but their keys: method, host, parameters and headers are those of
    /// `request`, whose own key does not count.
    pub fn template(&self, request: &Request) -> Result<Template<'_>> {
        let params = self.params(request, self.signer.credential.token())?;
        let headers = self.headers(request, None)?;
        let secret_id = self.signer.credential.secret_id();
        Template::new(&self.key, &self.time, request, secret_id, &params, &headers, self.signer.form)
    }

    /// All parameters of the request, and the token where it goes with them.
    fn params<'r>(&self, request: &'r Request, token: Option<&'r str>) -> Result<Covered<'r>> {
        request.check_signable()?;
        let own = request.query().iter().map(|(key, value)| Entry::new(key, value.unwrap_or_default()));
        Covered::sorted(own.chain(token.map(|token| Entry::new(TOKEN, token))).collect())
            .map_err(|name| repeated("parameter", name))
    }

    /// The headers that the policy chooses, Host, and the token where it goes with them.
    fn headers<'r>(&self, request: &'r Request, token: Option<&'r str>) -> Result<Covered<'r>> {
        let is_host = |name: &str| name.eq_ignore_ascii_case("host");
        let chosen: Vec<_> = request
            .headers()
            .filter(|(name, value)| if is_host(name) { self.signer.host } else { self.chooses(name, value) })
            .chain(token.map(|token| (TOKEN, token)))
            .map(|(name, value)| Entry::new(name, value))
            .collect();
        // What is sent twice is refused by the verifier, also where one of the two is empty or not chosen.
        if chosen.len() < request.headers().count() + usize::from(token.is_some()) {
            let mut sent: Vec<_> = request.headers().map(|(name, _)| (canonical_key(name), name)).collect();
            sent.sort();
            let twice = sent
                .iter()
                .zip(sent.iter().skip(1))
                .find(|((one, _), (next, _))| one == next && chosen.iter().any(|entry| entry.key == *next));
            if let Some((_, (_, name))) = twice {
                return Err(repeated("header", name));
            }
        }
        if self.signer.host && !chosen.iter().any(|entry| entry.key == "host" && !entry.value.is_empty()) {
            return Err(Error::usage("the request has no Host to sign").field_named("host"));
        }
        if let HeaderPolicy::Only(names) = &self.signer.headers {
            let carried = |name: &str| chosen.iter().any(|entry| entry.key == canonical_key(name));
            if let Some(missing) = names.iter().find(|name| !carried(name)) {
                return Err(Error::usage("a header to be signed is not in the request, or is empty")
                    .field_named(missing.clone()));
            }
        }
        Covered::sorted(chosen).map_err(|name| repeated("header", name))
    }

    /// Whether the policy chooses this header. Empty values are never signed: transports and SDKs drop such headers.
    fn chooses(&self, name: &str, value: &str) -> bool {
        let wanted = match &self.signer.headers {
            HeaderPolicy::Default => {
                let lower = name.to_ascii_lowercase();
                DEFAULT_HEADERS.binary_search(&lower.as_str()).is_ok()
                    || lower.starts_with("x-cos-")
                    || lower.starts_with("x-ci-")
            }
            HeaderPolicy::All => true,
            HeaderPolicy::None => false,
            HeaderPolicy::Only(names) => names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)),
        };
        wanted && !value.is_empty()
    }

    fn compute(&self, request: &Request, params: &Covered<'_>, headers: &Covered<'_>) -> Signed {
        let mut signed = Signed {
            header_list: String::new(),
            param_list: String::new(),
            http_string: Zeroizing::default(),
            string_to_sign: String::new(),
            signature: Hex::sha1([]),
        };
        headers.write_list(&mut signed.header_list);
        params.write_list(&mut signed.param_list);
        let http_string = &mut signed.http_string;
        write_http_string(http_string, request.method(), request.path(), params, headers, Values::Verbatim);
        write_string_to_sign(&mut signed.string_to_sign, &self.time, http_string);
        signed.signature = self.key.sign([signed.string_to_sign.as_str()]);
        signed
    }
}

fn repeated(part: &str, name: &str) -> Error {
    Error::usage(format!("a {part} that repeats, but for letter case, has no defined signature"))
        .field_named(name.to_owned())
}

/// What signing one request gives, before its form is chosen.
struct Signed {
    header_list: String,
    param_list: String,
    http_string: Zeroizing<String>,
    string_to_sign: String,
    signature: Hex,
}

impl Signed {
    fn fields<'a>(&'a self, signer: &'a WindowSigner<'_>) -> Fields<'a> {
        Fields {
            secret_id: signer.signer.credential.secret_id(),
            time: &signer.time,
            header_list: &self.header_list,
            param_list: &self.param_list,
            signature: self.signature.as_str(),
        }
    }
}

/// A computed signature and the strings it came from.
#[derive(Clone)]
pub struct Signature {
    /// HttpString without the values that carry a secret, where there are any.
    redacted: Option<String>,
    authorization: String,
    token: Option<Secret>,
    http_string: Zeroizing<String>,
    string_to_sign: String,
    signature: Hex,
}

impl Signature {
    /// Value of the `Authorization` header.
    pub fn authorization(&self) -> &str {
        &self.authorization
    }

    /// All headers to send with the request: `Authorization`, and the token where there is one.
    pub fn headers(&self) -> Vec<(&str, &str)> {
        let token = self.token.as_ref().map(|token| (TOKEN, token.expose()));
        std::iter::once(("Authorization", self.authorization.as_str())).chain(token).collect()
    }

    /// The text whose hash is signed. It holds the value of every covered parameter and header, a token among them.
    pub fn http_string(&self) -> &str {
        &self.http_string
    }

    /// The text whose hash is signed, as it may be printed: what carries a secret reads `[redacted]`.
    pub fn redacted_http_string(&self) -> &str {
        self.redacted.as_deref().unwrap_or(&self.http_string)
    }

    /// The text that is signed.
    pub fn string_to_sign(&self) -> &str {
        &self.string_to_sign
    }

    /// 40 hex digits.
    pub fn signature(&self) -> &str {
        self.signature.as_str()
    }
}

/// Leaves out what authorises the request.
impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signature").field("string_to_sign", &self.string_to_sign).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::DEFAULT_HEADERS;

    #[test]
    fn the_default_headers_are_sorted_for_the_search() {
        assert!(DEFAULT_HEADERS.is_sorted());
    }
}
