//! Laws over generated requests: what is signed verifies in every form and through every transport, what is covered
//! cannot change by one character, and what must not matter does not.
#![allow(clippy::unwrap_used)] // a test that cannot go on says where

mod sign_support;

use cosimg::sign::{Request, UrlForm};
use cosimg::{Query, Signer, Verifier};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use sign_support::{HOST, START, at, credential, window};

/// Characters that encoders, parsers and sorters treat differently, and some of all others.
fn text(length: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    let tricky: Vec<char> = "/.%+ &=;,:?#|!'()*<>@\"\\[]{}^`~-_aAbBzZ059é名\u{feff}\u{10ffff}😀".chars().collect();
    let any = any::<char>().prop_filter("controls are refused in keys", |c| !c.is_control());
    vec(prop_oneof![4 => select(tricky), 1 => any], length).prop_map(|chars| chars.into_iter().collect())
}

#[derive(Clone, Debug)]
struct Case {
    method: &'static str,
    key: String,
    params: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    sign_host: bool,
}

impl Case {
    fn request(&self) -> Request {
        let mut request = Request::new(self.method, HOST, &self.key).unwrap();
        for (key, value) in &self.params {
            request = request.param(key, value);
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request
    }

    fn signer(&self) -> Signer {
        Signer::new(credential()).sign_host(self.sign_host)
    }

    /// Whether a URL can name the object.
    fn has_url(&self) -> bool {
        !matches!(self.key.strip_prefix('/').unwrap_or(&self.key), "." | "..")
    }
}

fn case() -> impl Strategy<Value = Case> {
    let reserved = |key: &str| {
        let lower = key.to_ascii_lowercase();
        lower.starts_with("q-") || lower == "sign"
    };
    let param = (text(1..12).prop_filter("reserved", move |key| !reserved(key)), text(0..12));
    let header = (select(vec!["Content-Type", "Range", "x-cos-meta-a", "X-Cos-Acl", "x-ci-b", "Accept"]), text(0..12));
    (select(vec!["GET", "PUT", "head"]), text(0..14), vec(param, 0..5), vec(header, 0..4), any::<bool>()).prop_map(
        |(method, key, mut params, mut headers, sign_host)| {
            let lower = |name: &str| name.to_ascii_lowercase();
            params.sort_by_key(|(key, _)| lower(key));
            params.dedup_by_key(|(key, _)| lower(key));
            headers.sort_by_key(|(name, _)| lower(name));
            headers.dedup_by_key(|(name, _)| lower(name));
            let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            Case { method, key, params, headers, sign_host }
        },
    )
}

fn verifier() -> Verifier {
    Verifier::new().credential(credential())
}

fn holds(request: &Request) -> bool {
    verifier().verify(request, at(START + 1)).is_ok()
}

/// The target of a URL: what follows the host.
fn target(url: &str) -> &str {
    url.strip_prefix("https://").and_then(|rest| rest.find('/').map(|at| &rest[at..])).unwrap()
}

/// `text` with one character replaced by another of the same kind of place.
fn replace_one(text: &str, at: Index, with: char) -> Option<String> {
    let mut chars: Vec<char> = text.chars().collect();
    let at = if chars.is_empty() { return None } else { at.index(chars.len()) };
    let old = std::mem::replace(&mut chars[at], with);
    (old != with).then(|| chars.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_signed_verifies(case in case()) {
        let request = case.request();
        let signature = case.signer().sign(&request, window()).unwrap();
        prop_assert!(holds(&request.clone().header("Authorization", signature.authorization())));
        let query: Query = request.query().to_string().parse().unwrap();
        prop_assert_eq!(&query, request.query());

        for form in [UrlForm::Fields, UrlForm::Sign] {
            match case.signer().url_form(form).presign(&request, window()) {
                Ok(url) => {
                    let received = Request::from_wire(case.method, target(url.as_str()), request.headers()).unwrap();
                    prop_assert_eq!(received.path(), request.path());
                    prop_assert!(holds(&received), "{}", url);
                    let opened = Request::from_url(case.method, url.as_str()).unwrap();
                    prop_assert_eq!(opened.path(), request.path());
                    prop_assert_eq!(opened.query(), received.query());
                    prop_assert_eq!(opened.host(), request.host());
                }
                Err(error) => prop_assert!(!case.has_url(), "{:?}", error),
            }
        }
    }

    #[test]
    fn one_changed_character_of_what_is_covered_is_rejected(case in case(), part in 0..7_usize, which: Index, at: Index, with in text(1..2)) {
        let with = with.chars().next().unwrap();
        let authorization = case.signer().sign(&case.request(), window()).unwrap().authorization().to_owned();
        let (mut changed, mut shown) = (case.clone(), authorization.clone());
        let mut host = None;
        let applied = match part {
            0 => replace_one(&case.key, at, with).map(|key| changed.key = key),
            1 if !case.params.is_empty() => {
                let param = &mut changed.params[which.index(case.params.len())];
                replace_one(&param.0, at, with).filter(|key| !key.eq_ignore_ascii_case(&param.0)).map(|key| param.0 = key)
            }
            2 if !case.params.is_empty() => {
                let param = &mut changed.params[which.index(case.params.len())];
                replace_one(&param.1, at, with).map(|value| param.1 = value)
            }
            3 => {
                let covered = |(name, value): &&mut (String, String)| name != "Accept" && !value.trim_matches([' ', '\t']).is_empty();
                changed.headers.iter_mut().find(covered).and_then(|header| {
                    let trimmed = header.1.trim_matches([' ', '\t']).to_owned();
                    replace_one(&trimmed, at, with)
                        .filter(|value| value.trim_matches([' ', '\t']) != trimmed)
                        .map(|value| header.1 = value)
                })
            }
            4 if case.sign_host => replace_one(HOST, at, with).map(|text| host = Some(text)),
            5 => replace_one(&authorization, at, with).map(|text| shown = text),
            6 => {
                changed.method = if case.method == "GET" { "POST" } else { "GET" };
                Some(())
            }
            _ => None,
        };
        // A leading slash of the key is the slash of the path.
        let same = changed.key.trim_start_matches('/') == case.key.trim_start_matches('/')
            && changed.request().path() == case.request().path();
        prop_assume!(applied.is_some() && (part != 0 || !same));
        let mut request = changed.request().header("Authorization", shown);
        if let Some(host) = host {
            request = request.header("Host", host);
        }
        prop_assert!(!holds(&request), "{:?}", request);
    }

    /// Whatever one byte of a presigned URL becomes, either the request is the same once decoded, or it is refused.
    #[test]
    fn one_changed_byte_of_a_url_is_harmless_or_rejected(case in case(), at: Index, with in select((0x21..0x7f_u8).collect::<Vec<_>>())) {
        prop_assume!(case.has_url());
        let url = case.signer().presign(&case.request(), window()).unwrap();
        let target = target(url.as_str());
        let changed = replace_one(target, at, char::from(with));
        prop_assume!(changed.is_some());
        let headers: Vec<_> = case.request().headers().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let headers = || headers.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        let original = Request::from_wire(case.method, target, headers()).unwrap();
        if let Ok(received) = Request::from_wire(case.method, &changed.unwrap(), headers()) {
            let content = |request: &Request| {
                let query: Vec<_> = request.query().iter().map(|(k, v)| (k.to_ascii_lowercase(), v.unwrap_or_default().to_owned())).collect();
                (request.path().to_owned(), query)
            };
            prop_assert!(!holds(&received) || content(&received) == content(&original), "{:?}", received);
        }
    }

    #[test]
    fn order_and_case_that_must_not_matter_do_not(case in case()) {
        let authorization = case.signer().sign(&case.request(), window()).unwrap().authorization().to_owned();
        let mut other = case.clone();
        other.params.reverse();
        other.headers.reverse();
        for (key, _) in &mut other.params {
            key.make_ascii_uppercase();
        }
        for (name, value) in &mut other.headers {
            name.make_ascii_uppercase();
            *value = format!(" \t{value} ");
        }
        other.method = match case.method { "GET" => "get", "PUT" => "Put", _ => "HEAD" };
        let signature = other.signer().sign(&other.request(), window()).unwrap();
        prop_assert_eq!(signature.authorization(), authorization);
    }

    /// No text makes the reader of requests or the verifier panic.
    #[test]
    fn hostile_requests_are_answered(target in "(/|%|[ -~]|é|\u{0}){0,40}", query in "(q-ak=|q-sign-time=|sign=|&|;|=|%[0-9a-fA-F]{2}|[ -~]){0,40}", authorization in "(q-[a-z-]{2,14}=|&|;|=|sha1|[0-9]{1,25}|\\PC){0,40}", header in any::<bool>()) {
        let headers = [("host", "h"), ("Authorization", authorization.as_str())];
        let headers = if header { &headers[..] } else { &headers[..1] };
        if let Ok(request) = Request::from_wire("GET", &format!("/{target}?{query}"), headers.iter().copied()) {
            prop_assert!(!holds(&request));
        }
        let _ = Request::from_url("GET", &format!("https://h/{target}?{query}"));
    }
}
