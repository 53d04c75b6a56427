//! What a signer with a known mistake would have signed. Where the signature of one of these drafts is the one that
//! the request presents, the mistake is proven.

use zeroize::Zeroizing;

use super::cause::Cause;
use crate::query::{Plus, REDACTED, decode, encode_into, is_secret};
use crate::sign::canonical::{Values, canonical_key, string_to_sign};
use crate::sign::mac::{Hex, SignKey};
use crate::sign::rejected::Part;

/// Everything that goes into a signature, before it is written.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) secret_key: Zeroizing<String>,
    pub(super) key_time: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) params: Vec<Pair>,
    pub(super) headers: Vec<Pair>,
    pub(super) binary_key: bool,
    pub(super) http_string_end: &'static str,
    pub(super) string_to_sign_end: &'static str,
}

/// A parameter or header: as it is, and as it is signed.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pair {
    name: String,
    value: Zeroizing<String>,
    key: String,
    signed: Zeroizing<String>,
}

impl Pair {
    pub(super) fn new(name: &str, value: &str) -> Self {
        let mut signed = Zeroizing::new(String::from("="));
        encode_into(&mut signed, value);
        let value = Zeroizing::new(value.to_owned());
        Self { name: name.to_owned(), value, key: canonical_key(name), signed }
    }

    fn set_value(&mut self, value: &str) {
        *self = Self::new(&self.name, value);
    }
}

impl Draft {
    pub(super) fn sort(&mut self) {
        self.params.sort_by(|a, b| a.key.cmp(&b.key));
        self.headers.sort_by(|a, b| a.key.cmp(&b.key));
    }

    pub(super) fn http_string(&self, values: Values) -> Zeroizing<String> {
        let line = |pairs: &[Pair]| {
            let written = |pair: &Pair| match values {
                Values::Redacted if is_secret(&pair.name) => format!("{}={REDACTED}", pair.key),
                _ => format!("{}{}", pair.key, *pair.signed),
            };
            pairs.iter().map(written).collect::<Vec<_>>().join("&")
        };
        let (params, headers) = (Zeroizing::new(line(&self.params)), Zeroizing::new(line(&self.headers)));
        let end = self.http_string_end;
        Zeroizing::new(format!("{}\n{}\n{}\n{}{end}", self.method, self.path, *params, *headers))
    }

    /// StringToSign of this HttpString.
    pub(super) fn string_to_sign(&self) -> String {
        let hash = Hex::sha1([self.http_string(Values::Verbatim).as_str()]);
        let [start @ .., _] = string_to_sign(&self.key_time, &hash);
        start.concat() + self.string_to_sign_end
    }

    pub(super) fn signature(&self) -> Hex {
        let key = if self.binary_key { SignKey::derive_binary } else { SignKey::derive };
        key(&self.secret_key, &self.key_time).sign([self.string_to_sign().as_str()])
    }

    fn pairs(&mut self, part: Part) -> &mut Vec<Pair> {
        match part {
            Part::Header => &mut self.headers,
            Part::Param => &mut self.params,
        }
    }

    fn host(&self) -> Option<&Pair> {
        self.headers.iter().find(|pair| pair.key == "host")
    }
}

/// The mistake, or the two, with which `presented` is the signature of `right`; and what was signed with them.
///
/// The work is bounded: a request with very many names is not searched, and pairs of mistakes are tried as far as they
/// are soon done.
pub(super) fn proven(right: &Draft, hosts: &[&str], presented: &str) -> Option<(Vec<Cause>, Draft)> {
    if right.params.len() + right.headers.len() > MOST_NAMES {
        return None;
    }
    let single = mistakes(right, hosts);
    if let Some((cause, draft)) = single.iter().find(|(_, draft)| draft.signature().matches(presented)) {
        return Some((vec![cause.clone()], draft.clone()));
    }
    if single.len().pow(2) * right.http_string(Values::Verbatim).len() > MOST_BYTES {
        return None;
    }
    single.iter().find_map(|(first, draft)| {
        let second = mistakes(draft, hosts);
        let (second, draft) = second.into_iter().find(|(_, draft)| draft.signature().matches(presented))?;
        Some((vec![first.clone(), second], draft))
    })
}

/// Names of parameters and headers, over which mistakes are not searched for.
const MOST_NAMES: usize = 128;
/// Bytes that may be hashed for pairs of mistakes.
const MOST_BYTES: usize = 16 << 20;

/// Each known mistake that changes what is signed, made alone.
fn mistakes(right: &Draft, hosts: &[&str]) -> Vec<(Cause, Draft)> {
    let mut made = Vec::new();
    let mut make = |cause: Cause, change: &dyn Fn(&mut Draft)| {
        let mut draft = right.clone();
        change(&mut draft);
        if draft != *right {
            made.push((cause, draft));
        }
    };
    secret(&mut make);
    method(&mut make);
    path(right, &mut make);
    host(right, hosts, &mut make);
    for part in [Part::Param, Part::Header] {
        pairs(part, right, &mut make);
    }
    make(Cause::EqualsMissing, &|draft| {
        draft.params.iter_mut().filter(|pair| pair.value.is_empty()).for_each(|pair| pair.signed.clear());
    });
    make(Cause::HttpStringEnd, &|draft| draft.http_string_end = "");
    make(Cause::StringToSignEnd, &|draft| draft.string_to_sign_end = "");
    made
}

type Make<'a> = dyn FnMut(Cause, &dyn Fn(&mut Draft)) + 'a;

fn secret(make: &mut Make<'_>) {
    for (before, after) in [("", " "), ("", "\n"), ("", "\r\n"), (" ", ""), ("", "\t")] {
        make(Cause::SecretPasted, &|draft| {
            let key = Zeroizing::new([before, draft.secret_key.as_str(), after].concat());
            draft.secret_key = key;
        });
    }
    make(Cause::SignKeyBinary, &|draft| draft.binary_key = true);
}

fn method(make: &mut Make<'_>) {
    for method in ["get", "head", "put", "post", "delete", "options"] {
        make(Cause::Method { signed: method.to_owned() }, &|draft| method.clone_into(&mut draft.method));
        let upper = method.to_ascii_uppercase();
        make(Cause::Method { signed: upper.clone() }, &|draft| upper.clone_into(&mut draft.method));
    }
}

fn path(right: &Draft, make: &mut Make<'_>) {
    let encoded = |text: &str| {
        let mut out = String::new();
        encode_into(&mut out, text);
        out
    };
    let segments = right.path.split('/').map(encoded).collect::<Vec<_>>().join("/");
    make(Cause::PathSignedEncoded, &|draft| segments.clone_into(&mut draft.path));
    let whole = format!("/{}", encoded(right.path.strip_prefix('/').unwrap_or(&right.path)));
    make(Cause::PathSignedEncoded, &|draft| whole.clone_into(&mut draft.path));
    if let Ok(decoded) = decode(&right.path, Plus::Literal, 0) {
        make(Cause::PathEncodedTwice, &|draft| decoded.clone_into(&mut draft.path));
    }
    make(Cause::PathPlus, &|draft| draft.path = draft.path.replace('+', " "));
    make(Cause::PathPlus, &|draft| draft.path = draft.path.replace(' ', "+"));
    make(Cause::LeadingSlash, &|draft| draft.path = format!("/{}", draft.path));
    make(Cause::LeadingSlash, &|draft| {
        if let Some(path) = draft.path.strip_prefix('/') {
            draft.path = path.to_owned();
        }
    });
    if let Some(bucket) = right.host().and_then(|host| host.value.split('.').next()) {
        make(Cause::BucketInPath, &|draft| draft.path = format!("/{bucket}{}", draft.path));
    }
}

fn host(right: &Draft, hosts: &[&str], make: &mut Make<'_>) {
    let Some(arrived) = right.host().map(|host| host.value.to_string()) else { return };
    let bare = arrived.rsplit_once(':').map_or(arrived.as_str(), |(name, _)| name);
    let with_www = format!("www.{bare}");
    let variants = [bare, with_www.as_str(), bare.strip_prefix("www.").unwrap_or(bare)];
    for signed in hosts.iter().copied().chain(variants) {
        make(Cause::Host { signed: Some(signed.to_owned()), arrived: arrived.clone() }, &|draft| {
            draft.headers.iter_mut().filter(|pair| pair.key == "host").for_each(|pair| pair.set_value(signed));
        });
    }
}

fn pairs(part: Part, right: &Draft, make: &mut Make<'_>) {
    let each = |draft: &mut Draft, change: &dyn Fn(&mut Pair)| {
        draft.pairs(part).iter_mut().for_each(change);
    };
    make(Cause::NamesNotEncoded(part), &|draft| each(draft, &|pair| pair.key = pair.name.to_lowercase()));
    make(Cause::NamesNotLowered(part), &|draft| each(draft, &|pair| pair.key = encoded(&pair.name)));
    make(Cause::NamesNotLowered(part), &|draft| {
        each(draft, &|pair| pair.key = encoded(&pair.name.to_ascii_lowercase()));
    });
    make(Cause::NamesNotEncoded(part), &|draft| each(draft, &|pair| pair.key.clone_from(&pair.name)));
    make(Cause::ValuesNotEncoded(part), &|draft| {
        each(draft, &|pair| pair.signed = Zeroizing::new(format!("={}", *pair.value)));
    });
    make(Cause::ValuesLowered(part), &|draft| each(draft, &|pair| pair.signed.make_ascii_lowercase()));
    make(Cause::ValuesLowered(part), &|draft| each(draft, &|pair| lower_escapes(&mut pair.signed)));
    make(Cause::WrongOrder(part), &|draft| draft.pairs(part).sort_by_key(|pair| pair.name.to_lowercase()));
    make(Cause::WrongOrder(part), &|draft| draft.pairs(part).reverse());
    let named = match part {
        Part::Header => &right.headers,
        Part::Param => &right.params,
    };
    for index in 0..named.len() {
        let Some(name) = named.get(index).map(|pair| pair.key.clone()) else { continue };
        make(Cause::LeftOut { part, name: name.clone() }, &|draft| {
            draft.pairs(part).remove(index);
        });
        let altered = match part {
            Part::Header => Cause::HeaderAltered { name },
            Part::Param => Cause::ParamAltered { name },
        };
        for charset in ["; charset=utf-8", "; charset=UTF-8", ";charset=utf-8", ";charset=UTF-8"] {
            make(altered.clone(), &|draft| {
                if let Some(pair) =
                    draft.headers.get_mut(index).filter(|pair| part == Part::Header && pair.key == "content-type")
                {
                    let value = pair
                        .value
                        .strip_suffix(charset)
                        .map_or_else(|| format!("{}{charset}", *pair.value), str::to_owned);
                    pair.set_value(&value);
                }
            });
        }
        make(altered, &|draft| {
            if let Some(pair) = draft.pairs(part).get_mut(index) {
                pair.set_value("");
            }
        });
    }
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    encode_into(&mut out, text);
    out
}

/// Lowers the hex digits of the escapes and nothing else.
fn lower_escapes(text: &mut String) {
    let pieces: Vec<String> = text
        .split('%')
        .enumerate()
        .map(|(index, piece)| match piece.split_at_checked(2).filter(|_| index > 0) {
            Some((digits, rest)) => digits.to_ascii_lowercase() + rest,
            None => piece.to_owned(),
        })
        .collect();
    *text = pieces.join("%");
}
