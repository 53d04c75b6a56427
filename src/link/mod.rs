//! A link to an object with its processing rules: where the language of [`params`](crate::params) and the signatures
//! of [`sign`](crate::sign) meet.
//!
//! | rules are carried out | request |
//! |---|---|
//! | on download, nothing is stored | [`Link::get`] with [`Link::process`] |
//! | on upload, results are stored beside the original | [`Link::put`] with [`Link::pic_operations`] |
//! | on a stored object, results are stored | [`Link::process_stored`] |

mod audit;
mod delivery;
mod host;

use std::fmt;

use url::Url;

pub use self::audit::{Severity, Weakness, audit};
pub use self::delivery::PicOperations;
pub use self::host::Host;
use crate::error::Result;
use crate::params::Params;
use crate::query::{Query, shown};
use crate::sign::{KeyTime, Request, Signer};

/// A link to an object: origin, key, rules and further parameters; signed, it is a URL.
///
/// Whatever the link carries is covered by the signature, so that no rule can be taken out of the URL or changed.
#[derive(Clone)]
pub struct Link {
    method: String,
    host: String,
    key: String,
    secure: bool,
    query: Query,
    headers: Vec<(String, String)>,
}

impl Link {
    /// A link for download. `host` and `key` are those of [`Request::new`]: the key is decoded, one leading slash is
    /// allowed.
    pub fn get(host: impl Into<String>, key: impl Into<String>) -> Self {
        Self::new("GET", host, key)
    }

    /// A request that stores an object.
    pub fn put(host: impl Into<String>, key: impl Into<String>) -> Self {
        Self::new("PUT", host, key)
    }

    /// A request that carries out rules on the stored object `key` and stores their results: `POST ?image_process`.
    pub fn process_stored(host: impl Into<String>, key: impl Into<String>, operations: &PicOperations) -> Self {
        Self::new("POST", host, key).param("image_process", "").pic_operations(operations)
    }

    /// A link for any method.
    pub fn new(method: impl Into<String>, host: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            host: host.into(),
            key: key.into(),
            secure: true,
            query: Query::new(),
            headers: Vec::new(),
        }
    }

    /// Adds a processing rule, covered by the signature. It is a parameter whose key is the rule and whose value is
    /// empty.
    pub fn process(self, rule: Params) -> Self {
        self.param(rule.to_string(), "")
    }

    /// Adds the `Pic-Operations` header of an upload, be it `PUT` or the request that completes a multipart upload.
    /// The signer's default headers include it.
    pub fn pic_operations(self, operations: &PicOperations) -> Self {
        self.header("Pic-Operations", operations.to_string())
    }

    /// Adds a query parameter, covered by the signature.
    pub fn param(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push(key, Some(value.into()));
        self
    }

    /// Adds a header that the request will carry. The signer's [`HeaderPolicy`](crate::sign::HeaderPolicy) says
    /// whether it is covered; whoever opens the link must then send it.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The URL says `http`, for a gateway on this machine.
    pub fn over_http(mut self) -> Self {
        self.secure = false;
        self
    }

    /// The request to sign, for the header form.
    pub fn request(&self) -> Result<Request> {
        let mut request = Request::new(&self.method, &self.host, &self.key)?;
        if !self.secure {
            request = request.over_http();
        }
        for (key, value) in self.query.iter() {
            request = request.param(key, value.unwrap_or_default());
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        Ok(request)
    }

    /// The presigned URL.
    pub fn sign(&self, signer: &Signer, key_time: KeyTime) -> Result<Url> {
        signer.presign(&self.request()?, key_time)
    }
}

/// Values that carry a secret are left out.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("method", &self.method)
            .field("host", &self.host)
            .field("key", &self.key)
            .field("query", &self.query)
            .field("headers", &self.headers.iter().map(|(name, value)| (name, shown(name, value))).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
