//! A request as it is signed or verified: everything decoded, nothing normalised.

use std::fmt;

use url::Url;

use super::fields;
use crate::error::{Error, Result};
use crate::query::{Plus, Query, decode, shown};

/// Method, Host, decoded path, decoded query and headers of a request; of a received one, also the signature fields
/// that its query carried.
///
/// The builder takes what it is given; [`Signer`](super::Signer) refuses what cannot be signed.
#[derive(Clone)]
pub struct Request {
    method: String,
    secure: bool,
    authority: Option<String>,
    path: String,
    query: Query,
    headers: Vec<(String, String)>,
    presented: Vec<(String, String)>,
}

impl Request {
    /// A request for the object `key` of the bucket at `host`, for example
    /// `examplebucket-1250000000.cos.ap-shanghai.myqcloud.com`, with its port where that is not the scheme's own.
    ///
    /// `key` is decoded: `图 1.png`, not `%E5%9B%BE%201.png`. One leading slash is allowed and is not part of the key,
    /// so the object `/a` is written `//a`. An empty key is the bucket itself. Control characters are refused, with
    /// an error of kind `Usage` and the field.
    pub fn new(method: &str, host: &str, key: &str) -> Result<Self> {
        let path = if key.starts_with('/') { key.to_owned() } else { format!("/{key}") };
        let request = Self {
            method: method.to_owned(),
            secure: true,
            authority: Some(host.to_owned()),
            path,
            query: Query::new(),
            headers: Vec::new(),
            presented: Vec::new(),
        };
        let usage = |field: &'static str, message: &'static str| Err(Error::usage(message).field_named(field));
        if !is_token(method) {
            return usage("method", "a method is a word of letters, such as GET");
        }
        if host.is_empty() || !host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b)) {
            return usage("host", "a host is a name with an optional port, without scheme or path, in ASCII");
        }
        if key.chars().any(char::is_control) {
            return usage("key", "an object key has no control characters");
        }
        Ok(request)
    }

    /// Adds a query parameter, decoded. A processing rule is a key with an empty value.
    pub fn param(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push(key, Some(value.into()));
        self
    }

    /// Adds a header that the request will carry. `Host` here is the Host that the service will see, where it is not
    /// the host that the request is sent to, as behind a CDN that fetches with the bucket's domain.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// A URL made from this request says `http`, for a gateway on this machine. Nothing that is signed changes.
    pub fn over_http(mut self) -> Self {
        self.secure = false;
        self
    }

    /// What arrives when somebody opens `url`: its Host header, path and query, after the normalisation that browsers
    /// and URL libraries apply (`/a/../b` arrives as `/b`).
    pub fn from_url(method: &str, url: &str) -> Result<Self> {
        let wrong = |message: &'static str| Error::input(message).field_named("url");
        let url = Url::parse(url).map_err(|error| Error::input(format!("not a URL: {error}")).field_named("url"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("only http and https URLs are requests to COS"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("a URL for COS carries no user name or password"));
        }
        let host = url.host_str().ok_or_else(|| wrong("the URL names no host"))?;
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let request = Self::from_wire(method, &target, [])?;
        Ok(Self { secure: url.scheme() == "https", authority: Some(host), ..request })
    }

    /// What a server received: `target` is the request target as on the wire, with its escapes, `/key?query` or, as
    /// proxies send it, `http://host/key?query`; and `headers` are all header lines, Host and Authorization among
    /// them.
    ///
    /// Path and query are decoded once; `+` is a space in the query and itself in the path; a rule may come raw or
    /// encoded, with or without a trailing `=`. Escapes that are not two hex digits, text that is not UTF-8, and
    /// control characters in the path are errors of kind `Input` with the field and the offset in `target`.
    pub fn from_wire<'a>(
        method: &str,
        target: &str,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self> {
        let wrong = |message: &'static str, field: &'static str| Error::input(message).field_named(field);
        if !is_token(method) {
            return Err(wrong("a method is a word of letters, such as GET", "method"));
        }
        if let Some(at) = target.find(|c: char| c.is_control() || c == ' ' || c == '#') {
            return Err(wrong("a request target has no spaces, controls or `#`", "target").at(at as u64));
        }
        let (origin, at) = split_origin(target);
        let rest = target.get(at..).unwrap_or_default();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let is_path = path.starts_with('/') || (path.is_empty() && origin.is_some());
        if !is_path {
            return Err(wrong("a request target begins with `/`", "path").at(at as u64));
        }
        let decoded = decode(path, Plus::Literal, at as u64).map_err(|error| error.field_named("path"))?;
        if decoded.chars().any(char::is_control) {
            return Err(wrong("an object key has no control characters", "path"));
        }
        let path_end = (at + path.len()) as u64;
        let all = Query::parse_at(query, path_end + 1).map_err(|error| error.field_named("query"))?;
        let (mut query, mut presented) = (Query::new(), Vec::new());
        for (key, value) in all.iter() {
            if fields::is_field(key) {
                presented.push((key.to_owned(), value.unwrap_or_default().to_owned()));
            } else {
                query.push(key, value.map(str::to_owned));
            }
        }
        let headers: Vec<_> = headers.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let mut hosts = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("host"));
        let named = hosts.next().map(|(_, value)| trim(value));
        if hosts.next().is_some() {
            return Err(wrong("the Host header came more than once", "host"));
        }
        // RFC 9112 3.2.2 lets the target overrule the header. Whoever sends two hosts wants them to be confused.
        if origin.zip(named).is_some_and(|((_, target), header)| !target.eq_ignore_ascii_case(header)) {
            return Err(wrong("the request target names another host than the Host header", "host"));
        }
        let authority = named.or(origin.map(|(_, authority)| authority)).map(str::to_owned);
        let secure = origin.is_none_or(|(secure, _)| secure);
        let path = if decoded.is_empty() { "/".to_owned() } else { decoded };
        Ok(Self { method: method.to_owned(), secure, authority, path, query, headers, presented })
    }

    /// The method, as given.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// `/` and the decoded key.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Query without the signature's own fields.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// The Host header that the service sees.
    pub fn host(&self) -> Option<&str> {
        self.headers().find(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, value)| value)
    }

    /// Every header, Host included, without the whitespace around the values that transports remove.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let named = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"));
        let host = self.authority.as_deref().filter(|_| !named).map(|host| ("host", host));
        host.into_iter().chain(self.headers.iter().map(|(name, value)| (name.as_str(), trim(value))))
    }

    /// `https` or `http`.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// Where the request is sent: host and port of its URL.
    pub(crate) fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// The signature fields of the query, decoded once, in their order.
    pub(crate) fn presented(&self) -> &[(String, String)] {
        &self.presented
    }

    /// Refuses what the builder took and no signature can carry.
    pub(crate) fn check_signable(&self) -> Result<()> {
        let usage = |field: &str, message: &'static str| Err(Error::usage(message).field_named(field.to_owned()));
        if let Some((name, _)) = self.presented.first() {
            return usage(name, "the request carries a signature already; sign the one without it");
        }
        for (key, _) in self.query.iter() {
            if key.is_empty() {
                return usage("param", "a parameter without a name cannot be signed");
            }
            if fields::is_reserved(key) {
                return usage(key, "this parameter name belongs to the signature");
            }
        }
        for (name, value) in self.headers() {
            if name.eq_ignore_ascii_case("authorization") {
                return usage(name, "this header belongs to the signature");
            }
            let named = !name.is_empty() && !name.contains([' ', ':']) && !name.chars().any(char::is_control);
            if !named || value.chars().any(|c| c.is_control() && c != '\t') {
                return usage("header", "a header has a name without spaces and a value without line ends");
            }
        }
        Ok(())
    }
}

/// Values that carry a secret, in the query or a header, are left out.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let presented: Vec<_> = self.presented.iter().map(|(name, value)| (name, shown(name, value))).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("authority", &self.authority)
            .field("path", &self.path)
            .field("query", &self.query)
            .field("headers", &self.headers().map(|(name, value)| (name, shown(name, value))).collect::<Vec<_>>())
            .field("signature", &presented)
            .finish_non_exhaustive()
    }
}

/// Scheme (whether it is https) and authority of a target in absolute form (RFC 9112 3.2.2), and where its path begins.
fn split_origin(target: &str) -> (Option<(bool, &str)>, usize) {
    for (scheme, secure) in [("http://", false), ("https://", true)] {
        let Some((start, rest)) = target.split_at_checked(scheme.len()) else { continue };
        if start.eq_ignore_ascii_case(scheme) {
            let authority = rest.split(['/', '?']).next().unwrap_or_default();
            return (Some((secure, authority)), scheme.len() + authority.len());
        }
    }
    (None, 0)
}

/// Removes what RFC 9110 calls optional whitespace.
fn trim(value: &str) -> &str {
    value.trim_matches([' ', '\t'])
}

fn is_token(method: &str) -> bool {
    !method.is_empty() && method.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-')
}
