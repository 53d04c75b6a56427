//! The parts of the URL form, written so that URL parsers, browsers and proxies leave them as they are.

use url::Url;

use super::canonical::Covered;
use super::fields::{Fields, MERGED, NAMES};
use super::request::Request;
use crate::error::{Error, Result};
use crate::query::{encode_into, encode_path_into};

/// How a URL carries the signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UrlForm {
    /// Seven `q-…` parameters, each value encoded once more, as the documents show.
    #[default]
    Fields,
    /// One parameter `sign`, whose value is the whole `Authorization`, encoded; the C, C++ and PHP SDKs write this.
    Sign,
}

/// The query of a presigned URL up to its signature: `?` and the fields, each value encoded once more.
pub(super) fn write_query_fields(
    out: &mut String,
    secret_id: &str,
    time: &str,
    params: &Covered<'_>,
    headers: &Covered<'_>,
    form: UrlForm,
) {
    match form {
        UrlForm::Fields => {
            let [algorithm, id, sign_time, key_time, header_list, param_list, signature] = NAMES;
            out.extend(["?", algorithm, "=sha1"]);
            for (name, value) in [(id, secret_id), (sign_time, time), (key_time, time)] {
                out.extend(["&", name, "="]);
                encode_into(out, value);
            }
            for (name, list) in [(header_list, headers), (param_list, params)] {
                out.extend(["&", name, "="]);
                list.write_encoded_list(out);
            }
            out.extend(["&", signature, "="]);
        }
        UrlForm::Sign => {
            let (mut param_list, mut header_list) = (String::new(), String::new());
            params.write_list(&mut param_list);
            headers.write_list(&mut header_list);
            let fields = Fields { secret_id, time, header_list: &header_list, param_list: &param_list, signature: "" };
            let mut authorization = String::new();
            fields.write_authorization(&mut authorization);
            out.extend(["?", MERGED, "="]);
            encode_into(out, &authorization);
        }
    }
}

/// The query of a presigned URL behind its signature: every parameter in canonical order as `key=value`, a rule as
/// `rule=`.
pub(super) fn write_query_params(out: &mut String, params: &Covered<'_>) {
    for param in params.iter() {
        out.push('&');
        encode_into(out, param.name);
        out.push('=');
        encode_into(out, param.value);
    }
}

/// The authority, provided that it is what browsers send as Host: they lower its case and drop the scheme's own port,
/// and the signature is over the Host that is sent.
pub(super) fn sent_authority(request: &Request) -> Result<&str> {
    let wrong = |message: String| Error::usage(message).field_named("host");
    let authority = request.authority().ok_or_else(|| wrong("a URL needs a host".to_owned()))?;
    if is_plain_name(authority) {
        return Ok(authority);
    }
    let url = Url::parse(&format!("{}://{authority}/", request.scheme()))
        .map_err(|error| wrong(format!("no URL can have this host: {error}")))?;
    let name = url.host_str().unwrap_or_default();
    let sent = url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
    if sent != authority {
        return Err(wrong(format!("a browser would send `{sent}` as Host; sign that")));
    }
    Ok(authority)
}

/// Whether it is a name that no URL parser changes, as the hosts of buckets are: lower-case labels, none in Punycode,
/// the last of which is no number, and no port. It spares the common case the parser.
fn is_plain_name(authority: &str) -> bool {
    // The first letter of the label at hand, and whether every label so far was plain.
    let (mut first, mut plain, mut before) = (b'.', true, b'.');
    for &byte in authority.as_bytes() {
        plain &= matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-') || (byte == b'.' && before != b'.');
        if before == b'.' {
            first = byte;
        }
        before = byte;
    }
    plain && first.is_ascii_lowercase() && before != b'.' && !authority.contains("xn--")
}

/// Appends the path `/key`, percent-encoded, slashes kept; but a slash that a parser or proxy could drop becomes `%2F`.
///
/// URL parsers remove segments that are `.` or `..`, also where the dots are escaped (WHATWG URL, "double-dot URL
/// path segment"), and some proxies merge `//`. The service decodes `%2F` in a path, so joining such a segment to its
/// neighbour hides it: `a/../b` is written `a/..%2Fb`, `a/..` is `a%2F..`, and `a//b` is `a/%2Fb`. Only a key that is
/// nothing but dots has no neighbour.
pub(super) fn write_path(out: &mut String, key: &str) -> Result<()> {
    let dots = |segment: &str| matches!(segment, "." | "..");
    if dots(key) {
        return Err(
            Error::usage("no URL can name an object called `.` or `..`; use the header form").field_named("key")
        );
    }
    out.push('/');
    // Nearly every key has nothing to hide: no segment is empty or begins with a dot.
    let hides = |pair: &[u8]| matches!(pair, [b'/', b'/' | b'.']);
    if !key.starts_with(['/', '.']) && !key.as_bytes().windows(2).any(hides) {
        encode_path_into(out, key);
        return Ok(());
    }
    let mut segments = key.split('/').peekable();
    while let Some(segment) = segments.next() {
        encode_into(out, segment);
        if let Some(next) = segments.peek().copied() {
            let ends_in_dots = || {
                let mut ahead = segments.clone();
                ahead.next();
                dots(next) && ahead.peek().is_none()
            };
            out.push_str(if segment.is_empty() || dots(segment) || ends_in_dots() { "%2F" } else { "/" });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(path: &str) -> String {
        let mut out = String::new();
        write_path(&mut out, &path[1..]).unwrap();
        out
    }

    #[test]
    fn paths_that_parsers_would_change() {
        let cases = [
            ("/", "/"),
            ("/dir/", "/dir/"),
            ("//abs", "/%2Fabs"),
            ("/a//b", "/a/%2Fb"),
            ("/a///b", "/a/%2F%2Fb"),
            ("/dir//", "/dir/%2F"),
            ("/./a", "/.%2Fa"),
            ("/a/./b", "/a/.%2Fb"),
            ("/a/../b", "/a/..%2Fb"),
            ("/../..", "/..%2F.."),
            ("/a/.", "/a%2F."),
            ("/a/..", "/a%2F.."),
            ("//.", "/%2F."),
            ("/./", "/.%2F"),
            ("/a/...", "/a/..."),
            ("/%2e/a", "/%252e/a"),
            ("/a b+c", "/a%20b%2Bc"),
        ];
        for (path, wire) in cases {
            assert_eq!(written(path), wire, "{path}");
        }
    }

    /// The short way and the long way agree on what a host is.
    #[test]
    fn plain_names_survive_url_parsing() {
        let hosts =
            ["a", "a-1.cos.x", "-a.b-", "a.1b", "a.b1", "0x1", "1", "1.2", "a.1", "a.0x1", "xn--a.b", "a..b", "a."];
        for host in hosts.into_iter().chain([".a", "", "A.b", "a_b.c", "a:1", "[::1]", "a.xn--b", "127.0.0.1"]) {
            let parsed = Url::parse(&format!("https://{host}/")).is_ok_and(|url| url.host_str() == Some(host));
            assert!(!is_plain_name(host) || parsed, "{host}");
        }
        assert!(is_plain_name("examplebucket-1250000000.cos.ap-shanghai.myqcloud.com"));
    }

    /// All paths of up to six characters over the alphabet that matters survive `url::Url`.
    #[test]
    fn short_paths_survive_url_parsing() {
        let alphabet = ['/', '.', 'a', '%', '\\'];
        let mut paths = vec![String::from("/")];
        for length in 0..6 {
            let longest: Vec<_> = paths.iter().filter(|path| path.len() == length + 1).cloned().collect();
            paths.extend(longest.iter().flat_map(|path| alphabet.map(|c| format!("{path}{c}"))));
        }
        assert_eq!(paths.len(), (0..=6).map(|n| 5_usize.pow(n)).sum::<usize>());
        for path in paths {
            let mut wire = String::from("https://h");
            if write_path(&mut wire, &path[1..]).is_err() {
                assert!(path == "/." || path == "/..");
                continue;
            }
            let url = Url::parse(&wire).unwrap();
            assert_eq!(url.as_str(), wire, "{path}");
            assert_eq!(crate::query::decode(url.path(), crate::query::Plus::Literal, 0).unwrap(), path);
        }
    }
}
