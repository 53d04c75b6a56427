//! A link with its rules: the URL carries them, the signature covers them, and the request says the same.
#![allow(clippy::unwrap_used)] // a test that cannot go on says where

mod sign_support;

use cosimg::sign::{Request, UrlForm};
use cosimg::{Link, Params, Signer, Verifier};
use sign_support::{HOST, START, at, credential, window};

fn signer() -> Signer {
    Signer::new(credential())
}

/// The reference signatures of the notes on the processing language, computed there independently.
#[test]
fn rules_are_parameters_without_a_value() {
    let rows = [
        (
            "imageMogr2/interlace/1",
            "82e2da46fe168569b08a1f64de52fb09f7dea671",
            "a0ca6b00b31f5723e377103a9080d785eba051c6",
        ),
        (
            "imageMogr2/format/jpg/interlace/1",
            "c75f4037c80cd0c86e20fa0d4e7d8ddae1398e1a",
            "60ac241dd84e5149e63deb12b46b60c34a798d1e",
        ),
        (
            "imageMogr2/quality/90!/interlace/1",
            "5ad8e64ce4ba76f490fd30ebb91605ea31750036",
            "7215982417639b89fc1780bf0fc2b2cd711183b7",
        ),
        (
            "imageMogr2/thumbnail/!50p|imageMogr2/format/jpg/interlace/1",
            "3e11ff719b105936c5000b298ba4ebe372951a38",
            "5869c59a38081213773ae00376bacd849b3c76db",
        ),
    ];
    for (rule, bare, with_host) in rows {
        let link = Link::get(HOST, "/sample.png").process(rule.parse::<Params>().unwrap());
        for (signer, expected) in [(signer().sign_host(false), bare), (signer(), with_host)] {
            let url = link.sign(&signer, window()).unwrap();
            assert!(url.as_str().contains(&format!("&q-signature={expected}&")), "{rule}: {url}");
            let key = url.as_str().rsplit_once('&').unwrap().1;
            let escaped: String = rule
                .chars()
                .map(|c| match c {
                    '/' => "%2F".to_owned(),
                    '!' => "%21".to_owned(),
                    '|' => "%7C".to_owned(),
                    other => other.to_string(),
                })
                .collect();
            assert_eq!(key, format!("{escaped}="));
        }
    }
    let link = Link::get(HOST, "dir/图 (1)+%.png").process("imageMogr2/interlace/1".parse().unwrap());
    let url = link.sign(&signer(), window()).unwrap();
    assert!(url.as_str().contains("&q-signature=beb85dea0b69ad41fbeaa409f3ac0bf34578a6a5&"));
    assert!(
        url.as_str().starts_with(&format!("https://{HOST}/dir/%E5%9B%BE%20%281%29%2B%25.png?q-sign-algorithm=sha1&"))
    );
}

#[test]
fn everything_on_the_link_is_covered() {
    let link = Link::new("PUT", HOST, "a.jpg")
        .process("imageMogr2/format/jpg/interlace/1".parse().unwrap())
        .process("imageMogr2/strip".parse().unwrap())
        .param("response-content-type", "image/jpeg")
        .header("Content-Type", "image/jpeg");
    let verifier = Verifier::new().credential(credential()).strict(true).require_header("content-type");
    for form in [UrlForm::Fields, UrlForm::Sign] {
        let url = link.sign(&signer().url_form(form), window()).unwrap();
        let target = url.as_str().strip_prefix(&format!("https://{HOST}")).unwrap();
        let headers = [("Host", HOST), ("Content-Type", "image/jpeg")];
        let verified = verifier.verify(&Request::from_wire("PUT", target, headers).unwrap(), at(START)).unwrap();
        assert_eq!((verified.params.len(), verified.headers.len()), (3, 2));
    }
    let request = link.request().unwrap();
    let signature = signer().sign(&request, window()).unwrap();
    let signed = request.header("Authorization", signature.authorization());
    assert!(verifier.verify(&signed, at(START)).is_ok());
}

#[test]
fn a_link_over_http_differs_in_its_scheme_alone() {
    let link = Link::get("127.0.0.1:8080", "a").param("versionId", "1");
    let secure = link.sign(&signer(), window()).unwrap();
    let plain = link.over_http().sign(&signer(), window()).unwrap();
    assert_eq!(plain.as_str(), secure.as_str().replacen("https", "http", 1));
}

#[test]
fn what_is_wrong_is_said_when_the_link_is_used() {
    let error = |link: Link| link.sign(&signer(), window()).unwrap_err().field().unwrap().to_owned();
    assert_eq!(error(Link::get("", "a")), "host");
    assert_eq!(error(Link::get(HOST, "a\n")), "key");
    assert_eq!(error(Link::new("", HOST, "a")), "method");
    assert_eq!(error(Link::get(HOST, "a").param("q-signature", "x")), "q-signature");
    let link = Link::get(HOST, "a").param("x-cos-security-token", "hush").header("Authorization", "hush");
    assert!(!format!("{link:?}").contains("hush"));
}
