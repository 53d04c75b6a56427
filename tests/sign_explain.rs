//! Requests that are wrong in each way that users of COS report, and the cause that must be named for it.
//!
//! The signer here is written out once more, with its mistakes, so that nothing of the library signs what the library
//! explains.
#![allow(clippy::unwrap_used)] // a test that cannot go on says where

mod sign_support;

use cosimg::link::audit;
use cosimg::sign::{Answer, Cause, Certainty, Echo, Explainer, Explanation, Line, Part, Reason, Request};
use cosimg::{Credential, Signer, Verifier};
use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};
use sign_support::{HOST, RULE, START, at, credential, window};

const SECRET: &str = "SKEXAMPLE00000000000";
const TIME: &str = "1700000000;1700003600";
const LISTED: &str = "imagemogr2%2fformat%2fjpg%2finterlace%2f1%2fignore-error%2f1";
const CDN: &str = "images.example.com";

fn mac(key: &[u8], text: &str) -> [u8; 20] {
    Hmac::<Sha1>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().into()
}

fn sign(secret: &str, time: &str, http_string: &str) -> String {
    let to_sign = format!("sha1\n{time}\n{}\n", hex::encode(Sha1::digest(http_string)));
    hex::encode(mac(hex::encode(mac(secret.as_bytes(), time)).as_bytes(), &to_sign))
}

/// A URL, its signature that of `http_string`. `list` is `q-url-param-list` as it stands in the URL.
fn url(host: &str, path: &str, list: &str, http_string: &str, rest: &str) -> String {
    signed_url(host, path, list, &sign(SECRET, TIME, http_string), rest)
}

fn signed_url(host: &str, path: &str, list: &str, signature: &str, rest: &str) -> String {
    let time = TIME.replace(';', "%3B");
    format!(
        "https://{host}{path}?q-sign-algorithm=sha1&q-ak=AKIDEXAMPLE0000000000&q-sign-time={time}&q-key-time={time}\
         &q-header-list=host&q-url-param-list={list}&q-signature={signature}{rest}"
    )
}

/// A URL without parameters, its path signed as `path`.
fn plain(wire: &str, path: &str) -> String {
    url(HOST, wire, "", &format!("get\n{path}\n\nhost={HOST}\n"), "")
}

/// A URL with one parameter, signed as `pair`.
fn with_param(list: &str, pair: &str, rest: &str) -> String {
    url(HOST, "/a.png", list, &format!("get\n/a.png\n{pair}\nhost={HOST}\n"), rest)
}

fn right() -> String {
    let list = LISTED.replace('%', "%25");
    let rest = format!("&{}=", RULE.replace('/', "%2F"));
    url(HOST, "/a.png", &list, &format!("get\n/a.png\n{LISTED}=\nhost={HOST}\n"), &rest)
}

fn explainer() -> Explainer {
    Explainer::new().credential(credential()).at(at(START + 60))
}

fn explain(url: &str) -> Explanation {
    explainer().explain(&Request::from_url("GET", url).unwrap())
}

/// What COS, which is the verifier here, answers to the request that arrives.
fn answer(arrived: &Request) -> Answer {
    let verifier = Verifier::new().credential(credential()).echo(Echo::Verbatim);
    let rejected = verifier.verify(arrived, at(START + 60)).unwrap_err();
    Answer::new()
        .code(rejected.code())
        .message(rejected.message())
        .format_string(rejected.http_string().unwrap())
        .string_to_sign(rejected.string_to_sign().unwrap())
}

fn causes(explanation: &Explanation) -> Vec<Cause> {
    let sure = explanation.findings().iter().filter(|finding| finding.certainty != Certainty::Possible);
    sure.map(|finding| finding.cause.clone()).collect()
}

#[test]
fn a_right_request_has_nothing_wrong() {
    let explanation = explain(&right());
    assert_eq!((explanation.signature_holds(), explanation.findings()), (Some(true), &[][..]));
    assert_eq!(explanation.http_string().unwrap(), format!("get\n/a.png\n{LISTED}=\nhost={HOST}\n"));
    let hash = hex::encode(Sha1::digest(explanation.http_string().unwrap()));
    assert_eq!(explanation.string_to_sign().unwrap(), format!("sha1\n{TIME}\n{hash}\n"));
    assert_eq!((explanation.params(), explanation.headers()), (&[LISTED.to_owned()][..], &["host".to_owned()][..]));
    assert_eq!(explanation.key_time(), Some(window()));
    // Without the SecretKey the texts are the same, and nothing is said of the signature.
    let blind = Explainer::new().explain(&Request::from_url("GET", &right()).unwrap());
    assert_eq!((blind.signature_holds(), blind.http_string()), (None, explanation.http_string()));
}

/// Section by section what users trip over, in the order of the notes on q-sign, and what else hand-written signers
/// do.
#[test]
fn each_mistake_is_named_from_the_url_and_the_secret() {
    let param =
        |signed: &str, sent: &str| with_param("prefix", &format!("prefix={signed}"), &format!("&prefix={sent}"));
    let long = "imageMogr2/format/jpg";
    let (bare, raw) = (signed_url(HOST, "/a.png", "", "X", ""), "a%2fb;a-b".replace('%', "%25"));
    let http = format!("get\n/a.png\n\nhost={HOST}\n");
    let binary = {
        let to_sign = format!("sha1\n{TIME}\n{}\n", hex::encode(Sha1::digest(&http)));
        hex::encode(mac(&mac(SECRET.as_bytes(), TIME), &to_sign))
    };
    let no_end = {
        let to_sign = format!("sha1\n{TIME}\n{}", hex::encode(Sha1::digest(&http)));
        hex::encode(mac(hex::encode(mac(SECRET.as_bytes(), TIME)).as_bytes(), &to_sign))
    };
    let rule = |signed: &str| {
        with_param(&"imagemogr2%2fformat%2fjpg".replace('%', "%25"), signed, &format!("&{}=", long.replace('/', "%2F")))
    };
    let cases = [
        // 1. the list of a URL, encoded once
        (right().replace(&LISTED.replace('%', "%25"), LISTED), Cause::ListNotReencoded),
        // 4. spaces, 5. other scripts
        (plain("/a%20b", "/a%20b"), Cause::PathSignedEncoded),
        (plain("/%E5%9B%BE.png", "/%E5%9B%BE.png"), Cause::PathSignedEncoded),
        (plain("/d/%E5%9B%BE.png", "/d%2F%E5%9B%BE.png"), Cause::PathSignedEncoded),
        (plain("/a%2520b", "/a b"), Cause::PathEncodedTwice),
        (plain("/a+b", "/a b"), Cause::PathPlus),
        (plain("/a%20b", "/a+b"), Cause::PathPlus),
        // 6. values
        (param("a/b", "a%2Fb"), Cause::ValuesNotEncoded(Part::Param)),
        (param("a%2fb", "a%2Fb"), Cause::ValuesLowered(Part::Param)),
        (param("ab", "AB"), Cause::ValuesLowered(Part::Param)),
        // 9. slashes
        (plain("/%2Fa", "/a"), Cause::LeadingSlash),
        (plain("/a", "//a"), Cause::LeadingSlash),
        (plain("/a", "a"), Cause::LeadingSlash),
        (plain("/a", "/examplebucket-1250000000/a"), Cause::BucketInPath),
        // what else differs
        (rule("imageMogr2%2Fformat%2Fjpg="), Cause::NamesNotLowered(Part::Param)),
        (rule("imagemogr2%2Fformat%2Fjpg="), Cause::NamesNotLowered(Part::Param)),
        (rule("imagemogr2/format/jpg="), Cause::NamesNotEncoded(Part::Param)),
        (rule("imagemogr2%2fformat%2fjpg"), Cause::EqualsMissing),
        (rule(""), Cause::LeftOut { part: Part::Param, name: "imagemogr2%2fformat%2fjpg".to_owned() }),
        (with_param(&raw, "a-b=2&a%2fb=1", "&a%2Fb=1&a-b=2"), Cause::WrongOrder(Part::Param)),
        (
            url(HOST, "/a.png", "", "get\n/a.png\n\n\n", ""),
            Cause::LeftOut { part: Part::Header, name: "host".to_owned() },
        ),
        (url(HOST, "/a.png", "", &format!("GET\n/a.png\n\nhost={HOST}\n"), ""), Cause::Method { signed: "GET".into() }),
        (url(HOST, "/a.png", "", &format!("put\n/a.png\n\nhost={HOST}\n"), ""), Cause::Method { signed: "put".into() }),
        (url(HOST, "/a.png", "", http.trim_end(), ""), Cause::HttpStringEnd),
        (bare.replace("=X", &format!("={no_end}")), Cause::StringToSignEnd),
        (bare.replace("=X", &format!("={binary}")), Cause::SignKeyBinary),
        (bare.replace("=X", &format!("={}", sign("SKEXAMPLE00000000000\n", TIME, &http))), Cause::SecretPasted),
        (
            url(&format!("{HOST}:8443"), "/a.png", "", &http, ""),
            Cause::Host { signed: Some(HOST.into()), arrived: format!("{HOST}:8443") },
        ),
    ];
    for (url, cause) in cases {
        let explanation = explain(&url);
        assert_eq!(causes(&explanation), std::slice::from_ref(&cause), "{url}");
        assert_eq!(explanation.findings()[0].certainty, Certainty::Certain);
        assert!(!cause.to_string().is_empty() && cause.remedy().ends_with('.'));
    }
}

#[test]
fn two_mistakes_at_once_are_both_named() {
    let http = format!("get\n/a%20b\nprefix=a/b\nhost={HOST}\n");
    let explanation = explain(&url(HOST, "/a%20b", "prefix", &http, "&prefix=a%2Fb"));
    assert_eq!(causes(&explanation), [Cause::PathSignedEncoded, Cause::ValuesNotEncoded(Part::Param)]);
    let difference = explanation.difference().unwrap();
    assert_eq!((difference.line, difference.offset), (Line::Path, 2));
    assert_eq!((difference.ours.as_str(), difference.theirs.as_str()), ("/a b", "/a%20b"));
}

/// 2. A CDN or custom domain: the one that is signed is not the one that COS sees.
#[test]
fn the_host_of_a_cdn() {
    let http = |host: &str| format!("get\n/a.png\n\nhost={host}\n");
    let expected = |signed: &str, arrived: &str| Cause::Host { signed: Some(signed.into()), arrived: arrived.into() };
    // Signed for the CDN's domain; the CDN fetches with the bucket's.
    let link = url(CDN, "/a.png", "", &http(CDN), "");
    let arrived = Request::from_url("GET", &link.replace(CDN, HOST)).unwrap();
    let sent = Request::from_url("GET", &link).unwrap();
    for explainer in [Explainer::new(), explainer()] {
        let explanation = explainer.answer(answer(&arrived)).explain(&sent);
        assert_eq!(causes(&explanation), [expected(CDN, HOST)]);
        assert_eq!(explanation.difference().unwrap().line, Line::Headers);
    }
    // Signed for the bucket's domain, and opened under the custom one that is bound to the bucket.
    let link = url(CDN, "/a.png", "", &http(HOST), "");
    let explanation = explainer().host(HOST).explain(&Request::from_url("GET", &link).unwrap());
    assert_eq!(causes(&explanation), [expected(HOST, CDN)]);
}

/// 3. Tokens of temporary keys.
#[test]
fn tokens() {
    let temporary = credential().with_token("hush/hush==");
    let explainer = || Explainer::new().credential(temporary.clone()).at(at(START));
    let explain = |url: &str| explainer().explain(&Request::from_url("GET", url).unwrap());
    let http = format!("get\n/a.png\n\nhost={HOST}\n");
    let missing = url(HOST, "/a.png", "", &http, "");
    assert_eq!(causes(&explain(&missing)), [Cause::TokenMissing]);
    let unsigned = format!("{missing}&x-cos-security-token=hush%2Fhush%3D%3D");
    let explanation = explain(&unsigned);
    assert_eq!(causes(&explanation), []);
    assert_eq!(explanation.findings()[0].cause, Cause::TokenUnsigned);
    let strict = Answer::new().code("AccessDenied").message("Strict signature missing param that must be signed");
    let explanation = explainer().answer(strict).explain(&Request::from_url("GET", &unsigned).unwrap());
    assert_eq!(causes(&explanation), [Cause::StrictMode { part: Part::Param }]);
    // The token is a part of HttpString, and is not shown.
    let signed =
        Signer::new(temporary.clone()).presign(&Request::new("GET", HOST, "a.png").unwrap(), window()).unwrap();
    let request = Request::from_url("GET", signed.as_str()).unwrap();
    let explanation = explainer().explain(&request);
    assert_eq!(explanation.signature_holds(), Some(true));
    assert!(explanation.http_string().unwrap().contains("x-cos-security-token=[redacted]\n"));
    let theirs =
        Answer::new().code("SignatureDoesNotMatch").format_string("get\n/b\nx-cos-security-token=hush\nhost=h\n");
    let explanation = explainer().answer(theirs.clone()).explain(&request);
    assert!(!format!("{explanation:?} {theirs:?} {:?}", explanation.difference()).contains("hush"));
}

/// 7. A header that a proxy or browser adds to or changes.
#[test]
fn headers_that_are_altered() {
    let with = |kind: &str| {
        Request::new("PUT", HOST, "a.png").unwrap().header("Content-Type", kind).header("x-cos-meta-a", "1")
    };
    let authorization = Signer::new(credential()).sign(&with("image/png"), window()).unwrap();
    let signed = |kind: &str| with(kind).header("Authorization", authorization.authorization());
    let altered = || vec![Cause::HeaderAltered { name: "content-type".into() }];
    // The client knows what it sent; COS tells what arrived.
    let arrived = signed("image/png; charset=utf-8");
    let explanation = Explainer::new().answer(answer(&arrived)).explain(&signed("image/png"));
    assert_eq!(causes(&explanation), altered());
    assert_eq!(explanation.difference().unwrap().offset, "content-type=image%2Fpng".len());
    // What arrived, and the secret: the commonest alteration is tried.
    assert_eq!(causes(&explainer().explain(&arrived)), altered());
    let gone = Request::from_wire(
        "PUT",
        "/a.png",
        [("Host", HOST), ("x-cos-meta-a", "1"), ("Authorization", authorization.authorization())],
    );
    let absent = Reason::Absent { part: Part::Header, name: "content-type".into() };
    assert_eq!(causes(&explainer().explain(&gone.unwrap())), [Cause::Refused(absent)]);
}

/// 8. Strict signatures, and what else COS says in words.
#[test]
fn what_cos_says_in_words() {
    let request = Request::from_url("GET", &right()).unwrap();
    let cases = [
        (
            "AccessDenied",
            "Strict signature missing header that must be signed",
            Cause::StrictMode { part: Part::Header },
        ),
        ("AccessDenied", "Request has expired", Cause::Expired { seconds: None }),
        ("RequestTimeTooSkewed", "", Cause::Clock { seconds: None }),
        ("InvalidAccessKeyId", "", Cause::UnknownKey),
        ("AccessDenied", "InvalidAccessKeyId", Cause::UnknownKey),
        ("ExpiredToken", "", Cause::TokenExpired),
        ("AccessDenied", "You are denied by bucket referer rule", Cause::Referer),
        ("AccessDenied", "Access Denied.", Cause::NoPermission),
    ];
    for (code, message, cause) in cases {
        let explanation = explainer().answer(Answer::new().code(code).message(message)).explain(&request);
        assert_eq!(causes(&explanation), [cause]);
    }
}

/// 9. `sign=`, its value not encoded.
#[test]
fn a_merged_signature_that_falls_apart() {
    let explanation = explain(&right().replace("?q-sign-algorithm", "?sign=q-sign-algorithm"));
    assert_eq!(causes(&explanation), [Cause::SignNotEncoded]);
    let unsigned = explain(&format!("https://{HOST}/a.png"));
    assert_eq!(causes(&unsigned), [Cause::Refused(Reason::Unsigned)]);
}

/// 10. Time.
#[test]
fn windows_and_clocks() {
    let request = Request::from_url("GET", &right()).unwrap();
    let at = |seconds| causes(&Explainer::new().at(at(seconds)).explain(&request));
    assert_eq!(at(START + 3600), []);
    assert_eq!(at(START + 3610), [Cause::Expired { seconds: Some(10) }]);
    assert_eq!(at(START - 1000), [Cause::Clock { seconds: Some(1000) }]);
    let milliseconds = right().replace("00000%3B", "00000000%3B").replace("03600", "03600000");
    assert_eq!(explain(&milliseconds).findings()[0].cause, Cause::Milliseconds);
}

/// The wrong secret, from each side.
#[test]
fn keys_that_are_not_the_pair() {
    let request = Request::from_url("GET", &right()).unwrap();
    let other = || Explainer::new().credential(Credential::new("AKIDEXAMPLE0000000000", "another"));
    let explanation = other().explain(&request);
    assert_eq!(
        (causes(&explanation), explanation.findings()[0].certainty),
        (vec![Cause::WrongSecret], Certainty::Likely)
    );
    // COS compared the same text and refused it: with our secret the signature is right, so COS has another.
    let echoed = Verifier::new().credential(Credential::new("AKIDEXAMPLE0000000000", "another")).echo(Echo::Verbatim);
    let rejected = echoed.verify(&request, at(START)).unwrap_err();
    let same = Answer::new()
        .code("SignatureDoesNotMatch")
        .format_string(rejected.http_string().unwrap())
        .string_to_sign(rejected.string_to_sign().unwrap());
    let explanation = explainer().answer(same.clone()).explain(&request);
    assert_eq!(
        (causes(&explanation), explanation.findings()[0].certainty),
        (vec![Cause::WrongSecret], Certainty::Certain)
    );
    assert_eq!(causes(&other().answer(same).explain(&request)), [Cause::WrongSecret]);
    let stranger = Explainer::new().credential(Credential::new("AKIDother", SECRET)).explain(&request);
    assert_eq!(causes(&stranger), [Cause::OtherSecretId]);
}

/// The link that was opened, against what COS says arrived.
#[test]
fn what_was_changed_between_the_link_and_cos() {
    let sent = Request::from_url("GET", &right()).unwrap();
    let arrives =
        |url: String| causes(&Explainer::new().answer(answer(&Request::from_url("GET", &url).unwrap())).explain(&sent));
    assert_eq!(arrives(right().replace("/a.png", "/b.png")), [Cause::PathAltered]);
    assert_eq!(arrives(right().replace("/a.png", "/%2Fa.png")), [Cause::LeadingSlash]);
    assert_eq!(arrives(format!("{}x", right())), [Cause::ParamAltered { name: LISTED.into() }]);
    let head = answer(&Request::from_url("HEAD", &right()).unwrap());
    assert_eq!(causes(&Explainer::new().answer(head).explain(&sent)), [Cause::Method { signed: "get".into() }]);
    let sent = Request::from_url("GET", &plain("/a%20b", "/a b")).unwrap();
    let twice = answer(&Request::from_url("GET", &plain("/a%2520b", "/a b")).unwrap());
    assert_eq!(causes(&Explainer::new().answer(twice).explain(&sent)), [Cause::PathEncodedTwice]);
}

/// Whoever has a link knows the SecretId, and so can make the search for mistakes run.
#[test]
fn the_search_for_mistakes_is_bounded() {
    for count in [10, 60, 100, 1000, 20_000] {
        let query: String = (0..count).map(|n| format!("&p{n}=")).collect();
        let list: Vec<_> = (0..count).map(|n| format!("p{n}")).collect();
        let url = format!(
            "https://{HOST}/a?q-sign-algorithm=sha1&q-ak=AKIDEXAMPLE0000000000&q-sign-time=1;2&q-key-time=1;2\
             &q-header-list=host&q-url-param-list={}&q-signature={:040}{query}",
            list.join("%3B"),
            0
        );
        let started = std::time::Instant::now();
        let request = Request::from_url("GET", &url).unwrap();
        let explanation = Explainer::new().credential(credential()).explain(&request);
        assert_eq!(explanation.findings()[0].cause, Cause::WrongSecret);
        audit(&request).unwrap();
        assert!(started.elapsed().as_secs() < 60, "{count}");
    }
}

#[test]
fn names_that_read_like_another_s_encoding_are_told_apart() {
    let request = Request::new("GET", HOST, "a").unwrap().param("a/b", "1").param("a%2fb", "2");
    let url = Signer::new(credential()).presign(&request, window()).unwrap();
    let received = Request::from_url("GET", url.as_str()).unwrap();
    let explanation = Explainer::new().credential(credential()).explain(&received);
    assert_eq!((explanation.signature_holds(), explanation.findings().len()), (Some(true), 0));
}

#[test]
fn an_answer_that_says_little_is_still_an_answer() {
    let url = Signer::new(credential()).presign(&Request::new("GET", HOST, "a").unwrap(), window()).unwrap();
    let received = Request::from_url("GET", url.as_str()).unwrap();
    let causes = |key: &Credential, answer: Answer| -> Vec<Cause> {
        let explanation = Explainer::new().credential(key.clone()).answer(answer).explain(&received);
        explanation.findings().iter().map(|finding| finding.cause.clone()).collect()
    };
    let wrong = Credential::new("AKIDEXAMPLE0000000000", "another");
    assert_eq!(causes(&wrong, Answer::new().code("SignatureDoesNotMatch")), [Cause::WrongSecret]);
    assert_eq!(causes(&wrong, Answer::new().code("AccessDenied").message("Access Denied.")), [Cause::WrongSecret]);
    assert_eq!(
        causes(&credential(), Answer::new().code("AccessDenied").message("Access Denied.")),
        [Cause::NoPermission]
    );
    assert_eq!(causes(&credential(), Answer::new().code("AccessForbidden")), [Cause::Referer]);
    let other = Answer::new().code("NoSuchKey");
    assert_eq!(causes(&credential(), other), [Cause::OtherAnswer { code: "NoSuchKey".into() }]);
    let cut = Answer::new().code("SignatureDoesNotMatch").format_string("");
    assert_eq!(causes(&credential(), cut), [Cause::WrongSecret]);
}
