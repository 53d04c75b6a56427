//! Links to many objects: everything but the key is prepared once, and what remains for a key is its path and the
//! hashes.
//!
//! ```text
//! https://host │ path │ ?q-sign-algorithm=…&q-signature= │ signature │ &rule=
//! HttpString:    get\n │ path │ \n rule= \n host=… \n
//! ```

use std::fmt;
use std::num::NonZeroUsize;
use std::thread;

use zeroize::Zeroize;

use super::canonical::{Covered, Values, string_to_sign, write_after_path, write_method};
use super::mac::{Hex, SignKey};
use super::presign::{UrlForm, sent_authority, write_path, write_query_fields, write_query_params};
use super::request::Request;
use crate::error::{Error, Result};
use crate::query::is_secret;

/// Signs links that differ in their key alone; made by [`WindowSigner::template`](super::WindowSigner::template).
///
/// ```
/// use cosimg::sign::{Credential, KeyTime, Request, Signer};
///
/// # fn main() -> cosimg::Result<()> {
/// let signer = Signer::new(Credential::new("AKIDEXAMPLE0000000000", "SKEXAMPLE00000000000"));
/// let window = signer.within(KeyTime::new(1_700_000_000, 1_700_003_600)?)?;
/// let rule = Request::new("GET", "examplebucket-1250000000.cos.ap-shanghai.myqcloud.com", "")?
///     .param("imageMogr2/format/jpg/interlace/1", "");
/// let links = window.template(&rule)?.links(&["a.png", "b.png"])?;
/// assert_eq!(links.len(), 2);
/// assert!(links.iter().all(|link| link.starts_with("https://examplebucket-1250000000.")));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Template<'a> {
    key: &'a SignKey,
    time: &'a str,
    /// The parts of the drawing above, one behind the other: what HttpString has before its path and after it, the
    /// origin, and the query before and after its signature.
    text: String,
    ends: [usize; 4],
    /// Whether a part carries a token or a customer's key.
    secret: bool,
}

impl<'a> Template<'a> {
    pub(super) fn new(
        key: &'a SignKey,
        time: &'a str,
        request: &Request,
        secret_id: &str,
        params: &Covered<'_>,
        headers: &Covered<'_>,
        form: UrlForm,
    ) -> Result<Self> {
        let authority = sent_authority(request)?;
        // Names stand in the text four times, once of them escaped twice; values twice. Where that is too little the
        // text grows.
        let bytes = |covered: &Covered<'_>| covered.iter().map(|e| 5 * e.key.len() + 4 * e.value.len()).sum::<usize>();
        let mut text = String::with_capacity(256 + authority.len() + bytes(params) + bytes(headers));
        write_method(&mut text, request.method());
        let method = text.len();
        write_after_path(&mut text, params, headers, Values::Verbatim);
        let http_string = text.len();
        text.extend([request.scheme(), "://", authority]);
        let origin = text.len();
        write_query_fields(&mut text, secret_id, time, params, headers, form);
        let before_signature = text.len();
        write_query_params(&mut text, params);
        let secret = params.iter().chain(headers.iter()).any(|entry| is_secret(entry.name));
        Ok(Self { key, time, text, ends: [method, http_string, origin, before_signature], secret })
    }

    /// Appends the link to the object `key`, which is decoded and may have one leading slash, as in [`Request::new`].
    /// An error leaves `out` as it was.
    pub fn write(&self, key: &str, out: &mut String) -> Result<()> {
        if has_controls(key) {
            return Err(Error::usage("an object key has no control characters").field_named("key"));
        }
        let key = key.strip_prefix('/').unwrap_or(key);
        let [method, http_string, origin, before_signature] = self.ends;
        let start = out.len();
        out.push_str(&self.text[http_string..origin]);
        if let Err(error) = write_path(out, key) {
            out.truncate(start);
            return Err(error);
        }
        let hash = Hex::sha1([&self.text[..method], "/", key, &self.text[method..http_string]]);
        let signature = self.key.sign(string_to_sign(self.time, &hash));
        out.push_str(&self.text[origin..before_signature]);
        out.push_str(signature.as_str());
        out.push_str(&self.text[before_signature..]);
        Ok(())
    }

    /// The links to all `keys`, in their order. The first key that cannot be signed is the error, whose field is
    /// `keys[n]`.
    pub fn links<K: AsRef<str>>(&self, keys: &[K]) -> Result<Links> {
        let mut links = Links::default();
        self.links_into(keys, &mut links)?;
        Ok(links)
    }

    /// As [`links`](Self::links), into a buffer that may be used again: what it held is gone, its memory stays.
    pub fn links_into<K: AsRef<str>>(&self, keys: &[K], links: &mut Links) -> Result<()> {
        links.clear();
        self.append(keys, 0, links)
    }

    /// As [`links`](Self::links), by so many threads, [`MAX_THREADS`](Self::MAX_THREADS) at most.
    pub fn links_on<K: AsRef<str> + Sync>(&self, keys: &[K], threads: NonZeroUsize) -> Result<Links> {
        let share = keys.len().div_ceil(threads.get().min(Self::MAX_THREADS)).max(1);
        if share >= keys.len() {
            return self.links(keys);
        }
        let sign = |index: usize, keys: &[K]| {
            let mut links = Links::default();
            self.append(keys, index * share, &mut links).map(|()| links)
        };
        let parts = thread::scope(|scope| {
            // A thread that the system does not give is done without.
            let start = |(index, keys)| {
                thread::Builder::new().spawn_scoped(scope, move || sign(index, keys)).map_err(|_| sign(index, keys))
            };
            let started: Vec<_> = keys.chunks(share).enumerate().map(start).collect();
            let join = |thread: Result<thread::ScopedJoinHandle<'_, _>, _>| match thread {
                Ok(thread) => thread.join().expect("signing does not panic"),
                Err(done) => done,
            };
            started.into_iter().map(join).collect::<Vec<_>>()
        });
        let mut all = Links::default();
        for part in parts {
            all.extend(&part?);
        }
        Ok(all)
    }

    /// The most threads that [`links_on`](Self::links_on) starts.
    pub const MAX_THREADS: usize = 64;

    fn append<K: AsRef<str>>(&self, keys: &[K], first: usize, links: &mut Links) -> Result<()> {
        // All but what HttpString has, the slash of the path, the signature and the line feed.
        let fixed = self.text.len() - self.ends[1] + 1 + 40 + 1;
        let bytes: usize = keys.iter().map(|key| key.as_ref().len() + fixed).sum();
        links.text.reserve(bytes);
        links.ends.reserve(keys.len());
        for (index, key) in keys.iter().enumerate() {
            self.write(key.as_ref(), &mut links.text)
                .map_err(|error| error.field_named(format!("keys[{}]", first + index)))?;
            links.end();
        }
        Ok(())
    }
}

/// Whether a key has control characters; all of them but those of ASCII begin with the byte `C2`.
fn has_controls(key: &str) -> bool {
    key.bytes().any(|b| b < 0x20 || b == 0x7f || b == 0xc2) && key.chars().any(char::is_control)
}

impl Drop for Template<'_> {
    fn drop(&mut self) {
        if self.secret {
            self.text.zeroize();
        }
    }
}

/// Leaves out the values, which may carry a token.
impl fmt::Debug for Template<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = &self.text[self.ends[1]..self.ends[2]];
        f.debug_struct("Template").field("origin", &origin).field("time", &self.time).finish_non_exhaustive()
    }
}

/// Links in one buffer, a line each.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Links {
    text: String,
    ends: Vec<usize>,
}

impl Links {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The link at `index`, without its line end.
    pub fn get(&self, index: usize) -> Option<&str> {
        let start = match index.checked_sub(1) {
            Some(before) => self.ends.get(before)? + 1,
            None => 0,
        };
        self.text.get(start..*self.ends.get(index)?)
    }

    /// The links in the order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }

    /// All links, each followed by a line feed.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where each link ends in [`as_str`](Self::as_str): the offset of its line feed.
    pub fn ends(&self) -> &[usize] {
        &self.ends
    }

    fn end(&mut self) {
        self.ends.push(self.text.len());
        self.text.push('\n');
    }

    fn extend(&mut self, other: &Self) {
        let start = self.text.len();
        self.text.push_str(&other.text);
        self.ends.extend(other.ends.iter().map(|end| start + end));
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }
}

/// All links, each followed by a line feed.
impl From<Links> for String {
    fn from(links: Links) -> Self {
        links.text
    }
}

/// Links are bearers of rights and are not printed.
impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links").field("len", &self.len()).finish_non_exhaustive()
    }
}
