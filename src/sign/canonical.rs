//! The texts that are signed. Signer and verifier meet here: each chooses the parameters and headers that count, and
//! the functions below write what follows from the choice.
//!
//! ```text
//! key'         = lower(UrlEncode(key))              encoded first, so that the hex of a key is lower case
//! list         = key' sorted, joined with ';'
//! pairs        = key'=UrlEncode(value) in the same order, joined with '&'
//! HttpString   = lower(method) \n path \n pairs of parameters \n pairs of headers \n
//! StringToSign = sha1 \n KeyTime \n hex(SHA1(HttpString)) \n
//! ```
//!
//! The order is that of key' alone, bytewise: `%` sorts before `-`, `.` and the digits, so `a/b` comes before `a-b`,
//! and sorting the joined pairs would give another order.

use super::mac::Hex;
use crate::query::{REDACTED, encode_into, is_secret};

/// The name under which a parameter or header is signed.
pub(crate) fn canonical_key(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 16);
    encode_into(&mut out, key);
    out.make_ascii_lowercase();
    out
}

/// The parameters, or the headers, that a signature covers, in canonical order.
#[derive(Debug)]
pub(crate) struct Covered<'a> {
    entries: Vec<Entry<'a>>,
}

/// One of them: the canonical key, and the name and value as they were given.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) key: String,
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(name: &'a str, value: &'a str) -> Self {
        Self { key: canonical_key(name), name, value }
    }
}

impl<'a> Covered<'a> {
    /// Sorts the entries. Two that share a canonical key have no defined signature (the official SDKs disagree, and
    /// what the service does is unknown): the name of one of them is the error.
    pub(crate) fn sorted(mut entries: Vec<Entry<'a>>) -> Result<Self, &'a str> {
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        match entries.iter().zip(entries.iter().skip(1)).find(|(one, next)| one.key == next.key) {
            Some((_, repeated)) => Err(repeated.name),
            None => Ok(Self { entries }),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry<'a>> {
        self.entries.iter()
    }

    pub(crate) fn write_list(&self, out: &mut String) {
        for (index, entry) in self.entries.iter().enumerate() {
            if index > 0 {
                out.push(';');
            }
            out.push_str(&entry.key);
        }
    }

    /// The list encoded once more, as a URL carries it.
    pub(crate) fn write_encoded_list(&self, out: &mut String) {
        for (index, entry) in self.entries.iter().enumerate() {
            if index > 0 {
                out.push_str("%3B");
            }
            encode_into(out, &entry.key);
        }
    }

    /// The pairs; with `Values::Redacted` those that carry a secret are left out, for a text that leaves the process.
    pub(crate) fn write_pairs(&self, out: &mut String, values: Values) {
        for (index, entry) in self.entries.iter().enumerate() {
            if index > 0 {
                out.push('&');
            }
            out.push_str(&entry.key);
            out.push('=');
            if values == Values::Redacted && is_secret(entry.name) {
                out.push_str(REDACTED);
            } else {
                encode_into(out, entry.value);
            }
        }
    }
}

/// Whether secrets among the values are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    Verbatim,
    Redacted,
}

/// Appends HttpString, which the service calls FormatString in its errors. `path` is decoded and is not normalised.
pub(crate) fn write_http_string(
    out: &mut String,
    method: &str,
    path: &str,
    params: &Covered<'_>,
    headers: &Covered<'_>,
    values: Values,
) {
    write_method(out, method);
    out.push_str(path);
    write_after_path(out, params, headers, values);
}

/// Appends HttpString up to its path.
pub(crate) fn write_method(out: &mut String, method: &str) {
    out.extend(method.chars().map(|c| c.to_ascii_lowercase()));
    out.push('\n');
}

/// Appends what follows the path in HttpString.
pub(crate) fn write_after_path(out: &mut String, params: &Covered<'_>, headers: &Covered<'_>, values: Values) {
    out.push('\n');
    params.write_pairs(out, values);
    out.push('\n');
    headers.write_pairs(out, values);
    out.push('\n');
}

/// Appends StringToSign. `key_time` is `start;end` as the signature carries it.
pub(crate) fn write_string_to_sign(out: &mut String, key_time: &str, http_string: &str) {
    out.extend(string_to_sign(key_time, &Hex::sha1([http_string])));
}

/// StringToSign in parts; `hash` is that of HttpString.
pub(crate) fn string_to_sign<'a>(key_time: &'a str, hash: &'a Hex) -> [&'a str; 5] {
    ["sha1\n", key_time, "\n", hash.as_str(), "\n"]
}

#[cfg(test)]
mod tests {
    use super::super::mac::SignKey;
    use super::*;

    fn covered<'a>(items: &[(&'a str, &'a str)]) -> Covered<'a> {
        Covered::sorted(items.iter().map(|(k, v)| Entry::new(k, v)).collect()).unwrap()
    }

    fn list(items: &[(&str, &str)]) -> String {
        let mut out = String::new();
        covered(items).write_list(&mut out);
        out
    }

    #[test]
    fn keys_are_encoded_then_lowered_then_sorted() {
        assert_eq!(list(&[("a-b", ""), ("a/B", ""), ("A", ""), ("ab", ""), ("a=", "")]), "a;a%2fb;a%3d;a-b;ab");
        assert_eq!(list(&[("imageMogr2/format/jpg|x", "")]), "imagemogr2%2fformat%2fjpg%7cx");
        assert_eq!(list(&[("É", "")]), "%c3%89");
    }

    #[test]
    fn values_keep_case_and_upper_case_hex() {
        let mut out = String::new();
        covered(&[("b", "A/é "), ("acl", "")]).write_pairs(&mut out, Values::Verbatim);
        assert_eq!(out, "acl=&b=A%2F%C3%A9%20");
    }

    #[test]
    fn keys_equal_after_lowering_are_refused_by_name() {
        let entries = vec![Entry::new("x", ""), Entry::new("Acl", "1"), Entry::new("acl", "2")];
        assert_eq!(Covered::sorted(entries).unwrap_err(), "acl");
    }

    #[test]
    fn redaction_leaves_names_and_other_values() {
        let mut out = String::new();
        let items = [("x-cos-acl", "a/b"), ("X-Cos-Security-Token", "hush"), ("x-ci-security-token", "hush")];
        covered(&items).write_pairs(&mut out, Values::Redacted);
        assert_eq!(out, "x-ci-security-token=[redacted]&x-cos-acl=a%2Fb&x-cos-security-token=[redacted]");
    }

    /// The unit test of Tencent's C++ SDK (`AuthToolTest`) signs a path without its slash, which no request has, so
    /// these rows stop at the texts.
    #[test]
    fn published_rows_of_the_cpp_sdk() {
        let params = [("first_param", "first_value"), ("second_param", "second_value")];
        let headers = [("host", "hostname_test"), ("x-cos-meta-xx", "meta_test")];
        let rows = [
            (&params[..], &headers[..], "7686473b75487163d6e204d3c68e5c3b74e06164"),
            (&[], &headers[..], "8e196637993353bdff2466e0d34034130c9a2aca"),
            (&[], &[], "122c75ad3f7c230b8cc88f4f38410b9d3d347997"),
        ];
        for (params, headers, signature) in rows {
            let (mut http_string, mut to_sign) = (String::new(), String::new());
            write_http_string(&mut http_string, "GET", "xxxx", &covered(params), &covered(headers), Values::Verbatim);
            write_string_to_sign(&mut to_sign, "1502493430;1502573430", &http_string);
            let key = SignKey::derive("secret_key_test", "1502493430;1502573430");
            assert_eq!(key.sign([to_sign.as_str()]).as_str(), signature);
        }
    }
}
