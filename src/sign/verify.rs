//! The server's side: does this signature cover this request, now, under a key that is accepted?

use std::collections::HashSet;

use subtle::ConstantTimeEq;
use time::{Duration, OffsetDateTime};

use super::canonical::{Covered, Entry, Values, canonical_key, write_http_string, write_string_to_sign};
use super::credential::Credential;
use super::fields::Fields;
use super::key_time::KeyTime;
use super::mac::SignKey;
use super::rejected::{Compared, Part, Reason, Rejected};
use super::request::Request;

/// Where a token is sent, in a header or in the query.
pub(crate) const TOKEN: &str = "x-cos-security-token";

/// Checks signatures. Holds the credentials it accepts.
///
/// What a signature covers is what its lists name, not what the request happens to carry: as on the service, further
/// parameters and headers are let through, unless [`strict`](Verifier::strict) is on.
#[derive(Clone, Debug)]
pub struct Verifier {
    credentials: Vec<Credential>,
    strict: bool,
    required: Vec<(Part, String)>,
    skew: Duration,
    echo: Echo,
}

/// Whether a rejection carries the texts that were compared. They help whoever debugs a signer and hold no key, but
/// they repeat the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Echo {
    /// They are left out.
    #[default]
    Nothing,
    /// Tokens and customers' encryption keys in them read `[redacted]`; the hash in StringToSign is that of the text
    /// before redaction.
    Redacted,
    /// As they were compared, and as COS answers. Whoever reads the answer reads the token.
    Verbatim,
}

/// What a valid signature covers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The key that signed.
    pub secret_id: String,
    /// The window in which the signature holds.
    pub key_time: KeyTime,
    /// Covered parameters, encoded and lower-cased as in the list.
    pub params: Vec<String>,
    /// Covered headers, in the same form.
    pub headers: Vec<String>,
    /// Parameters that the request carries and the signature does not cover, as they were sent: whoever had the link
    /// may have added or changed them.
    pub uncovered: Vec<String>,
}

impl Verified {
    /// Whether the parameter of this name, decoded, is covered. The letter case of names is not.
    pub fn covers_param(&self, key: &str) -> bool {
        self.params.contains(&canonical_key(key))
    }

    /// Whether the header of this name is covered.
    pub fn covers_header(&self, name: &str) -> bool {
        self.headers.contains(&canonical_key(name))
    }
}

impl Verifier {
    /// A verifier that accepts no key yet.
    pub fn new() -> Self {
        Self {
            credentials: Vec::new(),
            strict: false,
            required: Vec::new(),
            skew: Duration::minutes(15),
            echo: Echo::default(),
        }
    }

    /// Accepts this key; call again for rotation. Several keys may have the same SecretId. Of a temporary key, the
    /// request must carry the token, signed or not.
    pub fn credential(mut self, credential: Credential) -> Self {
        self.credentials.push(credential);
        self
    }

    /// Strict: every parameter and Host must be covered. Off by default, as on the service.
    pub fn strict(mut self, on: bool) -> Self {
        self.strict = on;
        self
    }

    /// Where the request carries this header, the signature must cover it; Host also where it does not. A name that
    /// ends in `*` stands for all that begin with it: `x-cos-*`.
    pub fn require_header(mut self, name: impl Into<String>) -> Self {
        self.required.push((Part::Header, name.into()));
        self
    }

    /// Where the request carries this parameter, the signature must cover it; `*` as in
    /// [`require_header`](Self::require_header). The name is decoded, and its letter case does not count.
    pub fn require_param(mut self, name: impl Into<String>) -> Self {
        self.required.push((Part::Param, name.into()));
        self
    }

    /// How far ahead of `now` a window may begin: 15 minutes unless set, as the service's RequestTimeTooSkewed says.
    /// The end is exact.
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.skew = skew;
        self
    }

    /// Whether a rejection for a mismatch carries StringToSign and HttpString.
    pub fn echo(mut self, echo: Echo) -> Self {
        self.echo = echo;
        self
    }

    /// Checks the signature that `request` presents, at the time `now`.
    pub fn verify(&self, request: &Request, now: OffsetDateTime) -> Result<Verified, Rejected> {
        let reject = |reason| Rejected::new(reason, now);
        let (fields, key_time) = Fields::presented(request).map_err(reject)?;
        let (param_list, header_list) = (fields.params().map_err(reject)?, fields.headers().map_err(reject)?);
        let keys = self.keys(fields.secret_id);
        self.check_window(key_time, now).map_err(reject)?;
        if keys.is_empty() {
            return Err(reject(Reason::UnknownKey));
        }

        let (params, uncovered) = select_params(request, &param_list).map_err(reject)?;
        let headers = select_headers(request, &header_list).map_err(reject)?;
        let compared = |values| {
            let (mut http_string, mut string_to_sign) = (String::new(), String::new());
            write_http_string(&mut http_string, request.method(), request.path(), &params, &headers, Values::Verbatim);
            write_string_to_sign(&mut string_to_sign, fields.time, &http_string);
            if values == Values::Redacted {
                http_string.clear();
                write_http_string(&mut http_string, request.method(), request.path(), &params, &headers, values);
            }
            Compared { string_to_sign, http_string }
        };

        let string_to_sign = compared(Values::Verbatim).string_to_sign;
        let signs = |key: &&Credential| {
            SignKey::derive(key.secret_key(), fields.time).sign([string_to_sign.as_str()]).matches(fields.signature)
        };
        let mut signers = keys.into_iter().filter(signs).peekable();
        if signers.peek().is_none() {
            let compared = match self.echo {
                Echo::Nothing => None,
                Echo::Redacted => Some(compared(Values::Redacted)),
                Echo::Verbatim => Some(compared(Values::Verbatim)),
            };
            return Err(reject(Reason::Mismatch).comparing(compared));
        }
        if !signers.any(|key| carries_token_of(request, key)) {
            return Err(reject(Reason::Token));
        }
        self.check_coverage(request, &uncovered, &header_list).map_err(reject)?;
        let listed = |covered: &Covered<'_>| covered.iter().map(|entry| entry.key.clone()).collect();
        Ok(Verified {
            secret_id: fields.secret_id.to_owned(),
            key_time,
            params: listed(&params),
            headers: listed(&headers),
            uncovered: uncovered.iter().map(|entry| entry.name.to_owned()).collect(),
        })
    }

    /// The credentials with this SecretId. All are compared to the end, so that the time taken does not tell how much
    /// of an id was right.
    fn keys(&self, secret_id: &str) -> Vec<&Credential> {
        let same = |key: &&Credential| bool::from(key.secret_id().as_bytes().ct_eq(secret_id.as_bytes()));
        self.credentials.iter().filter(same).collect()
    }

    fn check_window(&self, key_time: KeyTime, now: OffsetDateTime) -> Result<(), Reason> {
        let now = i128::from(now.unix_timestamp());
        if now > i128::from(key_time.end()) {
            return Err(Reason::Expired);
        }
        if i128::from(key_time.start()) > now + i128::from(self.skew.whole_seconds()) {
            return Err(Reason::NotYetValid);
        }
        Ok(())
    }

    fn check_coverage(&self, request: &Request, params: &[Entry<'_>], header_list: &[&str]) -> Result<(), Reason> {
        let required = |part: Part, key: &str| {
            let mut rules = self.required.iter().filter(|(of, _)| *of == part);
            rules.any(|(_, name)| match name.strip_suffix('*') {
                Some(start) => key.starts_with(&canonical_key(start)),
                None => key == canonical_key(name),
            })
        };
        if let Some(param) = params.iter().find(|param| self.strict || required(Part::Param, &param.key)) {
            return Err(Reason::Uncovered { part: Part::Param, name: param.name.to_owned() });
        }
        let host = std::iter::once("host").filter(|_| self.strict);
        let headers = request.headers().map(|(name, _)| name).chain(["host"]);
        let required = headers.filter(|name| required(Part::Header, &canonical_key(name)));
        match host.chain(required).find(|name| header_list.binary_search(&canonical_key(name).as_str()).is_err()) {
            Some(name) => Err(Reason::Uncovered { part: Part::Header, name: name.to_owned() }),
            None => Ok(()),
        }
    }
}

impl Default for Verifier {
    fn default() -> Self {
        Self::new()
    }
}

/// The parameters that the sorted list names, and the others. No two parameters may share a name, listed or not:
/// which of them the service would act on is unknown.
fn select_params<'a>(request: &'a Request, list: &[&str]) -> Result<(Covered<'a>, Vec<Entry<'a>>), Reason> {
    let entries: Vec<_> = request.query().iter().map(|(k, v)| Entry::new(k, v.unwrap_or_default())).collect();
    let mut seen = HashSet::with_capacity(entries.len());
    if let Some(again) = entries.iter().find(|entry| !seen.insert(entry.key.as_str())) {
        return Err(Reason::Duplicate { part: Part::Param, name: again.name.to_owned() });
    }
    let listed = |entry: &Entry<'_>| list.binary_search(&entry.key.as_str()).is_ok();
    let (covered, uncovered) = entries.into_iter().partition(listed);
    Ok((exactly(covered, list, Part::Param)?, uncovered))
}

/// The headers that the sorted list names. Others may repeat, as HTTP allows.
fn select_headers<'a>(request: &'a Request, list: &[&str]) -> Result<Covered<'a>, Reason> {
    let entries = request
        .headers()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("authorization"))
        .map(|(name, value)| Entry::new(name, value))
        .filter(|entry| list.binary_search(&entry.key.as_str()).is_ok())
        .collect();
    exactly(entries, list, Part::Header)
}

/// The entries in canonical order, provided that each name of the list has its entry.
fn exactly<'a>(entries: Vec<Entry<'a>>, list: &[&str], part: Part) -> Result<Covered<'a>, Reason> {
    let covered = Covered::sorted(entries).map_err(|name| Reason::Duplicate { part, name: name.to_owned() })?;
    let absent = {
        let mut present = covered.iter().map(|entry| entry.key.as_str());
        list.iter().find(|name| present.next() != Some(**name))
    };
    match absent {
        Some(name) => Err(Reason::Absent { part, name: (*name).to_owned() }),
        None => Ok(covered),
    }
}

/// Whether the request carries the token that goes with a temporary key, in its header or its query. A permanent key
/// has none, and a token with it is a parameter like any other.
pub(crate) fn carries_token_of(request: &Request, key: &Credential) -> bool {
    let Some(token) = key.token() else { return true };
    let in_query = request.query().iter().map(|(name, value)| (name, value.unwrap_or_default()));
    let mut sent = request.headers().chain(in_query).filter(|(name, _)| name.eq_ignore_ascii_case(TOKEN));
    sent.any(|(_, value)| value.as_bytes().ct_eq(token.as_bytes()).into())
}
