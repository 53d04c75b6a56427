//! The URL form, written so that URL parsers, browsers and proxies leave it as it is.

use url::Url;

use super::canonical::Covered;
use super::fields::{Fields, MERGED};
use super::request::Request;
use crate::error::{Error, ErrorKind, Result};
use crate::query::encode_into;

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

/// The URL of a signed request: the signature, then every parameter in canonical order as `key=value`, a rule as
/// `rule=`.
pub(super) fn url(request: &Request, fields: Fields<'_>, params: &Covered<'_>, form: UrlForm) -> Result<Url> {
    let mut out = format!("{}://{}", request.scheme(), sent_authority(request)?);
    write_path(&mut out, request.path())?;
    out.push('?');
    match form {
        UrlForm::Fields => {
            for (index, (name, value)) in fields.pairs().into_iter().enumerate() {
                if index > 0 {
                    out.push('&');
                }
                write_pair(&mut out, name, value);
            }
        }
        UrlForm::Sign => {
            let mut authorization = String::new();
            fields.write_authorization(&mut authorization);
            write_pair(&mut out, MERGED, &authorization);
        }
    }
    for param in params.iter() {
        out.push('&');
        write_pair(&mut out, param.name, param.value);
    }
    match Url::parse(&out) {
        Ok(url) if url.as_str() == out => Ok(url),
        _ => Err(Error::new(ErrorKind::Internal, "the URL does not survive parsing")),
    }
}

fn write_pair(out: &mut String, key: &str, value: &str) {
    encode_into(out, key);
    out.push('=');
    encode_into(out, value);
}

/// The authority, provided that it is what browsers send as Host: they lower its case and drop the scheme's own port,
/// and the signature is over the Host that is sent.
fn sent_authority(request: &Request) -> Result<&str> {
    let wrong = |message: String| Error::usage(message).field_named("host");
    let authority = request.authority().ok_or_else(|| wrong("a URL needs a host".to_owned()))?;
    let url = Url::parse(&format!("{}://{authority}/", request.scheme()))
        .map_err(|error| wrong(format!("no URL can have this host: {error}")))?;
    let name = url.host_str().unwrap_or_default();
    let sent = url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"));
    if sent != authority {
        return Err(wrong(format!("a browser would send `{sent}` as Host; sign that")));
    }
    Ok(authority)
}

/// Appends the path, percent-encoded, slashes kept; but a slash that a parser or proxy could drop becomes `%2F`.
///
/// URL parsers remove segments that are `.` or `..`, also where the dots are escaped (WHATWG URL, "double-dot URL
/// path segment"), and some proxies merge `//`. The service decodes `%2F` in a path, so joining such a segment to its
/// neighbour hides it: `a/../b` is written `a/..%2Fb`, `a/..` is `a%2F..`, and `a//b` is `a/%2Fb`. Only a key that is
/// nothing but dots has no neighbour.
fn write_path(out: &mut String, path: &str) -> Result<()> {
    let dots = |segment: &str| matches!(segment, "." | "..");
    let key = path.strip_prefix('/').unwrap_or(path);
    if dots(key) {
        return Err(
            Error::usage("no URL can name an object called `.` or `..`; use the header form").field_named("key")
        );
    }
    out.push('/');
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
        write_path(&mut out, path).unwrap();
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

    /// All paths of up to six characters over the alphabet that matters survive `url::Url`.
    #[test]
    fn short_paths_survive_url_parsing() {
        let alphabet = ['/', '.', 'a', '%', '\\'];
        let mut paths = vec![String::from("/")];
        for length in 0..6 {
            let longest: Vec<_> = paths.iter().filter(|path| path.len() == length + 1).cloned().collect();
            paths.extend(longest.iter().flat_map(|path| alphabet.map(|c| format!("{path}{c}"))));
        }
        assert_eq!(paths.len(), (0..=6).map(|n| 5_usize.pow(n)).sum());
        for path in paths {
            let mut wire = String::from("https://h");
            if write_path(&mut wire, &path).is_err() {
                assert!(path == "/." || path == "/..");
                continue;
            }
            let url = Url::parse(&wire).unwrap();
            assert_eq!(url.as_str(), wire, "{path}");
            assert_eq!(crate::query::decode(url.path(), crate::query::Plus::Literal, 0).unwrap(), path);
        }
    }
}
