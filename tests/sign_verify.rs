//! The verifier: cases derived from the documents and SDKs, what an attacker would try, and what the answers give away.
#![allow(clippy::unwrap_used)] // a test that cannot go on says where

mod sign_support;

use cosimg::sign::{Echo, HeaderPolicy, Part, Reason, Rejected, Request, UrlForm};
use cosimg::{Credential, ErrorKind, KeyTime, Signer, Verifier};
use serde_json::Value;
use sign_support::{HOST, RULE, START, at, credential, own, rows, shared, text, window};
use time::Duration;

fn verifier() -> Verifier {
    Verifier::new().credential(credential())
}

fn signer() -> Signer {
    Signer::new(credential())
}

fn sample() -> Request {
    Request::new("GET", HOST, "sample.png").unwrap().param(RULE, "")
}

/// The answer to somebody who opens `url`, within the window.
fn open(verifier: &Verifier, url: &str) -> Result<cosimg::sign::Verified, Rejected> {
    verifier.verify(&Request::from_url("GET", url).unwrap(), at(START + 60))
}

fn reason_of(url: &str) -> Reason {
    open(&verifier(), url).unwrap_err().reason().clone()
}

fn url() -> String {
    signer().presign(&sample(), window()).unwrap().to_string()
}

fn answer(request: &Request, id: &str, key: &str, now: u64) -> String {
    match Verifier::new().credential(Credential::new(id, key)).verify(request, at(now)) {
        Ok(_) => "valid".to_owned(),
        Err(rejected) => rejected.code().to_owned(),
    }
}

#[test]
fn own_table() {
    let table = own("verify.json");
    for row in rows(&table) {
        let field = |name: &str| row.get(name).unwrap_or(&table["base"][name]);
        let request = match row["url"].as_str() {
            Some(url) => Request::from_url("GET", url).unwrap(),
            None => {
                let headers = field("headers").as_object().unwrap().iter();
                let headers = headers.map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
                let headers = headers.chain([("Authorization", field("authorization").as_str().unwrap())]);
                Request::from_wire(field("method").as_str().unwrap(), field("target").as_str().unwrap(), headers)
                    .unwrap()
            }
        };
        let got = answer(&request, text(&table, "secret_id"), text(&table, "secret_key"), row["now"].as_u64().unwrap());
        assert_eq!(got, text(row, "expect"), "{}", row["name"]);
    }
}

#[test]
fn shared_cases() {
    let Some(table) = shared("verify_cases.json") else { return };
    assert!(rows(&table).len() >= 35);
    for row in rows(&table) {
        let (name, expect) = (text(row, "name"), text(row, "expect"));
        let headers = row["headers"].as_object().unwrap().iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
        let request = match row["url"].as_str() {
            Some(url) => {
                let target = url.splitn(4, '/').nth(3).map(|rest| format!("/{rest}")).unwrap();
                Request::from_wire(text(row, "method"), &target, headers).unwrap()
            }
            None => {
                let path = Request::new("GET", "h", text(row, "path")).unwrap();
                let mut target: String = path.path().bytes().map(|b| format!("%{b:02x}")).collect();
                target.replace_range(..3, "/");
                let mut query = cosimg::Query::new();
                for pair in row["params"].as_array().unwrap() {
                    query.push(pair[0].as_str().unwrap(), pair[1].as_str().map(str::to_owned));
                }
                let headers = headers.chain([("Authorization", text(row, "authorization"))]);
                Request::from_wire(text(row, "method"), &format!("{target}?{query}"), headers).unwrap()
            }
        };
        let got = answer(&request, text(row, "secret_id"), text(row, "secret_key"), row["now"].as_u64().unwrap());
        match expect {
            "valid" | "SignatureDoesNotMatch" | "RequestTimeTooSkewed" | "InvalidAccessKeyId" => {
                assert_eq!(got, expect, "{name}");
            }
            "AccessDenied / Request has expired" => assert_eq!(got, "AccessDenied", "{name}"),
            _ if name == "list-unsorted" => assert_eq!(got, "valid"),
            _ => assert!(expect.starts_with("reject") && got == "InvalidArgument", "{name}: {got}"),
        }
    }
}

#[test]
fn what_an_attacker_would_try() {
    let url = url();
    assert!(open(&verifier(), &url).unwrap().covers_param(RULE));
    let rule = format!("&{}=", RULE.replace('/', "%2F"));
    assert!(url.ends_with(&rule), "{url}");
    let listed = RULE.to_lowercase().replace('/', "%2f");
    let absent = || Reason::Absent { part: Part::Param, name: listed.clone() };
    let malformed = |field| Reason::Malformed { field };
    let header = |name: &str| Reason::Absent { part: Part::Header, name: name.to_owned() };

    let with = |from: &str, to: &str| {
        assert!(url.contains(from), "{from}");
        url.replace(from, to)
    };
    let signature = &url[url.find("q-signature=").unwrap()..][..52];
    let flipped = if signature.ends_with('0') { signature.replace('0', "1") } else { format!("{}0", &signature[..51]) };
    let longer = format!("{START}%3B{}", START + 3601);
    let other = "other-1250000000.cos.ap-shanghai.myqcloud.com";
    let unlisted = format!("q-url-param-list={}", listed.replace('%', "%25"));
    let cases = [
        ("rule stripped", with(&rule, ""), absent()),
        ("rule changed", with("interlace%2F1%2F", "interlace%2F0%2F"), absent()),
        ("rule extended", with("ignore-error%2F1=", "ignore-error%2F1%2Fquality%2F1="), absent()),
        ("rule given a value", format!("{url}x"), Reason::Mismatch),
        ("rule stripped, and from the list", with(&rule, "").replace(&unlisted, "q-url-param-list="), Reason::Mismatch),
        (
            "rule repeated in other case",
            format!("{url}&{}", RULE.to_uppercase()),
            Reason::Duplicate { part: Part::Param, name: RULE.to_uppercase() },
        ),
        ("another key", with("/sample.png", "/secret.png"), Reason::Mismatch),
        ("key in other case", with("/sample.png", "/Sample.png"), Reason::Mismatch),
        ("another host", with(HOST, other), Reason::Mismatch),
        ("another port", with(HOST, &format!("{HOST}:8443")), Reason::Mismatch),
        ("host taken from the list", with("q-header-list=host", "q-header-list="), Reason::Mismatch),
        ("a header that is not sent", with("q-header-list=host", "q-header-list=host%3Brange"), header("range")),
        ("longer window", url.replace(&format!("{START}%3B{}", START + 3600), &longer), Reason::Mismatch),
        ("longer sign time alone", url.replacen(&(START + 3600).to_string(), "1800000000", 1), malformed("q-key-time")),
        ("another SecretId", with("q-ak=AKIDEXAMPLE0000000000", "q-ak=AKIDEXAMPLE0000000001"), Reason::UnknownKey),
        ("signature changed", with(signature, &flipped), Reason::Mismatch),
        ("signature cut", with(signature, &signature[..51]), Reason::Mismatch),
        (
            "signature in capitals",
            with(signature, &signature.to_uppercase().replace("Q-SIGNATURE", "q-signature")),
            Reason::Mismatch,
        ),
        ("signature empty", with(signature, "q-signature="), Reason::Mismatch),
        ("signature missing", with(&format!("&{signature}"), ""), malformed("q-signature")),
        ("field repeated", format!("{url}&q-ak=AKIDother"), malformed("q-ak")),
        ("field repeated with its value", format!("{url}&q-sign-algorithm=sha1"), malformed("q-sign-algorithm")),
        ("both URL forms", format!("{url}&sign=x"), malformed("sign")),
        ("algorithm", with("=sha1", "=sha256"), malformed("q-sign-algorithm")),
        (
            "list not encoded again",
            with("%252f", "%2f"),
            Reason::Absent { part: Part::Param, name: RULE.to_lowercase() },
        ),
        (
            "list in capitals",
            with("%252f", "%252F"),
            Reason::Absent { part: Part::Param, name: listed.replace("2f", "2F") },
        ),
        (
            "list with a repeated name",
            with("q-header-list=host", "q-header-list=host%3Bhost"),
            malformed("q-header-list"),
        ),
        ("list with an empty name", with("q-header-list=host", "q-header-list=host%3B"), malformed("q-header-list")),
        ("all fields taken away", format!("https://{HOST}/sample.png?{}", &rule[1..]), Reason::Unsigned),
    ];
    for (name, url, expected) in cases {
        assert_eq!(reason_of(&url), expected, "{name}: {url}");
    }
    let head = Request::from_url("HEAD", &url).unwrap();
    assert_eq!(verifier().verify(&head, at(START)).unwrap_err().reason(), &Reason::Mismatch);
    let wrong = Verifier::new().credential(Credential::new("AKIDEXAMPLE0000000000", "SKEXAMPLE00000000001"));
    assert_eq!(open(&wrong, &url).unwrap_err().reason(), &Reason::Mismatch);
    assert_eq!(open(&Verifier::new(), &url).unwrap_err().reason(), &Reason::UnknownKey);
}

#[test]
fn the_window_and_the_skew() {
    let request = Request::from_url("GET", &url()).unwrap();
    let at = |now| verifier().verify(&request, at(now)).map_err(|rejected| rejected.reason().clone());
    assert!(at(START).is_ok() && at(START + 3600).is_ok() && at(START - 900).is_ok());
    assert_eq!(at(START + 3601).unwrap_err(), Reason::Expired);
    assert_eq!(at(START - 901).unwrap_err(), Reason::NotYetValid);
    let exact = verifier().clock_skew(Duration::ZERO);
    assert!(exact.verify(&request, sign_support::at(START - 1)).is_err());
    let ancient = time::OffsetDateTime::from_unix_timestamp(-62_000_000_000).unwrap();
    assert_eq!(verifier().verify(&request, ancient).unwrap_err().reason(), &Reason::NotYetValid);
}

#[test]
fn answers_are_those_of_cos() {
    let expired = verifier().verify(&Request::from_url("GET", &url()).unwrap(), at(START + 4000)).unwrap_err();
    assert_eq!((expired.status(), expired.code(), expired.message()), (403, "AccessDenied", "Request has expired"));
    let stripped = open(&verifier(), &url().replace("%2F1=", "%2F0=")).unwrap_err();
    assert_eq!((stripped.status(), stripped.code()), (403, "SignatureDoesNotMatch"));
    assert_eq!(stripped.message(), "The Signature you specified is invalid.");
    let unsigned = open(&verifier(), "https://h/k").unwrap_err();
    assert_eq!((unsigned.status(), unsigned.code(), unsigned.message()), (403, "AccessDenied", "Access Denied."));
    let error = cosimg::Error::from(open(&verifier(), &format!("{}&q-ak=x", url())).unwrap_err());
    assert_eq!((error.kind(), error.field()), (ErrorKind::Signature, Some("q-ak")));
}

#[test]
fn coverage_is_what_the_lists_say() {
    let extra = format!("{}&versionId=x&imageMogr2/quality/1", url());
    let verified = open(&verifier(), &extra).unwrap();
    assert_eq!(verified.params, [RULE.to_lowercase().replace('/', "%2f")]);
    assert_eq!(verified.headers, ["host"]);
    assert!(!verified.covers_param("versionId") && verified.covers_header("Host"));

    let strict = verifier().strict(true);
    assert!(open(&strict, &url()).is_ok());
    let rejected = open(&strict, &extra).unwrap_err();
    assert_eq!(rejected.reason(), &Reason::Uncovered { part: Part::Param, name: "versionId".into() });
    assert_eq!(rejected.message(), "Strict signature missing param that must be signed");
    let hostless = signer().sign_host(false).presign(&sample(), window()).unwrap();
    assert!(open(&verifier(), hostless.as_str()).is_ok());
    let rejected = open(&strict, hostless.as_str()).unwrap_err();
    assert_eq!(rejected.reason(), &Reason::Uncovered { part: Part::Header, name: "host".into() });
    assert_eq!((rejected.status(), rejected.code()), (403, "AccessDenied"));
    assert_eq!(rejected.message(), "Strict signature missing header that must be signed");

    let request = sample().header("Range", "bytes=0-3");
    let required = verifier().require_header("range");
    for (policy, accepted) in [(HeaderPolicy::Default, true), (HeaderPolicy::None, false)] {
        let url = signer().headers(policy).presign(&request, window()).unwrap();
        let target = &url.as_str()[format!("https://{HOST}").len()..];
        let received = Request::from_wire("GET", target, [("host", HOST), ("RANGE", " bytes=0-3 ")]).unwrap();
        assert_eq!(required.verify(&received, at(START)).is_ok(), accepted);
    }
}

#[test]
fn several_keys_hold_at_once() {
    let old = Credential::new("AKIDOLD", "old-key");
    let same_id = Credential::new("AKIDEXAMPLE0000000000", "a later key of the same id");
    let both = Verifier::new().credential(old.clone()).credential(same_id.clone()).credential(credential());
    for credential in [old, same_id, credential()] {
        let url = Signer::new(credential.clone()).presign(&sample(), window()).unwrap();
        assert_eq!(open(&both, url.as_str()).unwrap().secret_id, credential.secret_id());
    }
}

#[test]
fn tokens_are_signed_and_asked_for() {
    let temporary = credential().with_token("hush+hush/==");
    let signer = Signer::new(temporary.clone());
    let verifier = Verifier::new().credential(temporary);
    for form in [UrlForm::Fields, UrlForm::Sign] {
        let url = signer.clone().url_form(form).presign(&sample(), window()).unwrap();
        let verified = open(&verifier, url.as_str()).unwrap();
        assert!(verified.covers_param("x-cos-security-token"));
        assert!(open(&verifier.clone().strict(true), url.as_str()).is_ok());
        let changed = url.as_str().replace("hush%2Bhush", "hush%2Bhusk");
        assert_eq!(open(&verifier, &changed).unwrap_err().reason(), &Reason::Mismatch);
    }
    let signature = signer.sign(&sample(), window()).unwrap();
    assert!(signature.authorization().contains("q-header-list=host;x-cos-security-token&"));
    let headers = signature.headers();
    assert_eq!(headers.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["Authorization", "x-cos-security-token"]);
    let target = format!("/sample.png?{RULE}");
    let received = Request::from_wire("GET", &target, headers.into_iter().chain([("Host", HOST)])).unwrap();
    assert!(verifier.verify(&received, at(START)).unwrap().covers_header("X-Cos-Security-Token"));

    // As the Node SDK sends it: beside the signature, not under it.
    let unsigned = url() + "&x-cos-security-token=hush%2Bhush%2F%3D%3D";
    assert!(!open(&verifier, &unsigned).unwrap().covers_param("x-cos-security-token"));
    let rejected = open(&verifier, &url()).unwrap_err();
    assert_eq!((rejected.reason(), rejected.code()), (&Reason::Token, "InvalidAccessKeyId"));
    assert_eq!(open(&verifier, &unsigned.replace("%3D%3D", "%3D")).unwrap_err().reason(), &Reason::Token);
}

#[test]
fn a_rule_may_arrive_raw_or_encoded_with_or_without_equals() {
    let rule = "imageMogr2/thumbnail/!50p|imageMogr2/format/jpg/interlace/1";
    let url = signer().presign(&Request::new("GET", HOST, "图 1.png").unwrap().param(rule, ""), window()).unwrap();
    let (signed, encoded) = url.as_str().rsplit_once('&').unwrap();
    let encoded = encoded.strip_suffix('=').unwrap();
    let lower = encoded.replace("%2F", "%2f").replace("%7C", "%7c");
    for wire in [rule, encoded, &lower, &rule.replace('|', "%7C")] {
        for end in ["", "="] {
            let target = format!("{signed}&{wire}{end}").replacen(&format!("https://{HOST}"), "", 1);
            let received = Request::from_wire("GET", &target, [("Host", HOST)]).unwrap();
            assert_eq!(received.query().value(rule), Some(""), "{wire}{end}");
            verifier().verify(&received, at(START)).unwrap_or_else(|rejected| panic!("{wire}{end}: {rejected}"));
        }
    }
    let spaced = Request::new("GET", HOST, "a b+c").unwrap().param("prefix", "x y+z");
    let url = signer().presign(&spaced, window()).unwrap().to_string();
    assert!(url.contains("/a%20b%2Bc?") && url.ends_with("&prefix=x%20y%2Bz"));
    assert!(open(&verifier(), &url.replace("x%20y", "x+y")).is_ok(), "a plus in the query is a space");
    assert!(open(&verifier(), &url.replace("b%2Bc", "b+c")).is_ok(), "a plus in the path is a plus");
    assert_eq!(reason_of(&url.replace("y%2Bz", "y+z")), Reason::Mismatch);
}

#[test]
fn the_authorization_header_is_not_decoded() {
    let signature = signer().sign(&sample(), window()).unwrap();
    let target = format!("/sample.png?{RULE}");
    let verify = |authorization: &str, target: &str| {
        let headers = [("Host", HOST), ("authorization", authorization)];
        let request = Request::from_wire("GET", target, headers).unwrap();
        verifier().verify(&request, at(START)).map_err(|rejected| rejected.reason().clone())
    };
    let authorization = signature.authorization();
    assert!(verify(authorization, &target).is_ok());
    assert!(verify(&format!(" {authorization}\t"), &target).is_ok());
    let malformed = Err(Reason::Malformed { field: "authorization" });
    for wrong in ["", "Bearer x", &format!("{authorization}&x=1"), &format!("{authorization}&"), "q-ak"] {
        assert_eq!(verify(wrong, &target).map(|_| ()), malformed, "{wrong}");
    }
    assert_eq!(verify(authorization, &format!("{target}&q-ak=x")).map(|_| ()), malformed, "two places");
    assert!(verify(&authorization.replace("%2f", "%252f"), &target).is_err());
    let twice = [("Host", HOST), ("Authorization", authorization), ("Authorization", authorization)];
    let twice = Request::from_wire("GET", &target, twice).unwrap();
    assert_eq!(verifier().verify(&twice, at(START)).map(|_| ()).map_err(|r| r.reason().clone()), malformed);
}

#[test]
fn repeated_names_are_refused_on_both_sides() {
    let refused = |request: Request| signer().sign(&request, window()).unwrap_err();
    let error = refused(sample().param("Acl", "1").param("acl", "2"));
    assert_eq!((error.kind(), error.field()), (ErrorKind::Usage, Some("acl")));
    let error = refused(sample().header("x-cos-acl", "a").header("X-COS-ACL", "b"));
    assert_eq!((error.kind(), error.field()), (ErrorKind::Usage, Some("X-COS-ACL")));
    let error = refused(sample().header("Host", "a").header("host", "b"));
    assert_eq!(error.field(), Some("host"));
    let url = signer().presign(&sample().header("Range", "bytes=0-1"), window()).unwrap();
    let target = &url.as_str()[format!("https://{HOST}").len()..];
    let headers = [("Host", HOST), ("Via", "a"), ("Via", "b"), ("Range", "bytes=0-1"), ("range", "bytes=0-1")];
    let received = Request::from_wire("GET", target, headers).unwrap();
    let expected = Reason::Duplicate { part: Part::Header, name: "range".into() };
    assert_eq!(verifier().verify(&received, at(START)).unwrap_err().reason(), &expected);
    assert!(verifier().verify(&Request::from_wire("GET", target, headers[..4].to_vec()).unwrap(), at(START)).is_ok());
    assert!(Request::from_wire("GET", "/", [("Host", "a"), ("host", "a")]).is_err());
    let unlisted = open(&verifier(), &format!("{}&versionId=1&VERSIONID=2", self::url())).unwrap_err();
    assert_eq!(unlisted.reason(), &Reason::Duplicate { part: Part::Param, name: "VERSIONID".into() });
    assert_eq!((unlisted.status(), unlisted.code()), (400, "InvalidArgument"));
}

#[test]
fn what_cannot_be_signed_is_refused_by_field() {
    let field = |request: Request| {
        let error = signer().presign(&request, window()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        error.field().unwrap().to_owned()
    };
    for name in ["q-ak", "q-signature", "Q-AK", "q-", "q-anything", "sign", "SIGN"] {
        assert_eq!(field(sample().param(name, "x")), name);
    }
    assert_eq!(field(sample().param("", "x")), "param");
    assert_eq!(field(Request::from_url("GET", &url()).unwrap()), "q-sign-algorithm");
    assert_eq!(field(sample().header("Authorization", "x")), "Authorization");
    assert_eq!(field(sample().header("x-cos-meta-a", "b\r\nx: y")), "header");
    assert_eq!(field(sample().header("x cos", "b")), "header");
    for key in [".", "..", "/.", "/.."] {
        assert_eq!(field(Request::new("GET", HOST, key).unwrap()), "key");
    }
    for host in ["H.example.com", "h:443", "h:99999", "[::1", "1.2.3"] {
        assert_eq!(field(Request::new("GET", host, "k").unwrap()), "host", "{host}");
    }
    assert_eq!(field(Request::new("GET", "h:80", "k").unwrap().over_http()), "host");
    for (method, host, name) in [
        ("", "h", "method"),
        ("G T", "h", "method"),
        ("GET", "", "host"),
        ("GET", "https://h", "host"),
        ("GET", "h/k", "host"),
        ("GET", "u@h", "host"),
        ("GET", "例.com", "host"),
    ] {
        assert_eq!(Request::new(method, host, "k").unwrap_err().field(), Some(name), "{method} {host}");
    }
    let only = signer().headers(HeaderPolicy::Only(vec!["range".into()]));
    assert_eq!(only.sign(&sample(), window()).unwrap_err().field(), Some("range"));
    let only = signer().sign_host(false).headers(HeaderPolicy::Only(vec!["host".into()]));
    assert_eq!(only.sign(&sample(), window()).unwrap_err().field(), Some("host"));
    let pasted = Signer::new(Credential::new("AKID", "hush "));
    assert_eq!(pasted.sign(&sample(), window()).unwrap_err().field(), Some("secret_key"));
    let both =
        Signer::new(credential().with_token("t")).presign(&sample().param("x-cos-security-token", "t"), window());
    assert_eq!(both.unwrap_err().field(), Some("x-cos-security-token"));
}

#[test]
fn host_is_signed_as_it_is_sent() {
    for host in ["127.0.0.1:8080", "[::1]:9000", "img.example.com:8443", "localhost"] {
        let request = Request::new("GET", host, "k").unwrap().over_http();
        let url = signer().presign(&request, window()).unwrap();
        assert!(url.as_str().starts_with(&format!("http://{host}/k?")));
        assert_eq!(Request::from_url("GET", url.as_str()).unwrap().host(), Some(host));
        assert!(open(&verifier(), url.as_str()).is_ok());
    }
    // Behind a CDN that fetches with the bucket's domain, that domain is signed while the link names the CDN.
    let request = Request::new("GET", "cdn.example.com", "k").unwrap().header("Host", HOST);
    let url = signer().presign(&request, window()).unwrap();
    assert!(url.as_str().starts_with("https://cdn.example.com/k?"));
    assert_eq!(reason_of(url.as_str()), Reason::Mismatch);
    let at_bucket = url.as_str().replace("cdn.example.com", HOST);
    assert!(open(&verifier(), &at_bucket).is_ok());
}

#[test]
fn what_arrives_malformed_is_an_input_error_with_its_place() {
    let wire = |target: &str| Request::from_wire("GET", target, []).unwrap_err();
    for (target, field, offset) in [
        ("/a%2", "path", Some(2)),
        ("/a?b=%zz", "query", Some(5)),
        ("/a%ff", "path", Some(2)),
        ("/a?b=1&%c3=", "query", Some(7)),
        ("/a%0Ab", "path", None),
        ("/a b", "target", Some(2)),
        ("/a\nb", "target", Some(2)),
        ("/a#b", "target", Some(2)),
        ("", "path", Some(0)),
        ("*", "path", Some(0)),
        ("ftp://h/k", "path", Some(0)),
    ] {
        let error = wire(target);
        assert_eq!(
            (error.kind(), error.field(), error.offset()),
            (ErrorKind::Input, Some(field), offset),
            "{target:?}"
        );
    }
    for url in ["", "h/k", "ftp://h/k", "https://u:p@h/k", "https://u@h/k", "https://", "data:text/plain,x"] {
        let error = Request::from_url("GET", url).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Input, Some("url")), "{url}");
    }
}

#[test]
fn the_letter_case_of_a_rule_is_not_covered() {
    let url = url();
    let (signed, rule) = url.rsplit_once('&').unwrap();
    assert!(open(&verifier(), &format!("{signed}&{}", rule.to_uppercase())).is_ok());
}

/// A CDN fetches with the bucket's domain: the link names the one, the signature covers the other.
#[test]
fn a_link_signed_for_another_host_is_verified_with_that_host() {
    let request = sample().header("Host", "bucket.example");
    let url = signer().presign(&request, window()).unwrap();
    assert_eq!(url.host_str(), Some(HOST));
    let received = || Request::from_url("GET", url.as_str()).unwrap();
    assert!(verifier().verify(&received(), at(START)).is_err());
    let behind = received().header("Host", "bucket.example");
    assert_eq!(behind.host(), Some("bucket.example"));
    assert!(verifier().verify(&behind, at(START)).is_ok());
    let twice = behind.header("host", "bucket.example");
    assert_eq!(verifier().verify(&twice, at(START)).unwrap_err().reason().as_str(), "duplicate");
}

#[test]
fn secrets_are_in_no_output() {
    const SECRETS: [&str; 3] = ["SKEXAMPLE00000000000", "hush", "customer-secret"];
    let temporary = credential().with_token("hush+hush/==");
    let signer = Signer::new(temporary.clone());
    let request =
        sample().header("x-cos-server-side-encryption-customer-key", "customer-secret").header("x-cos-meta-a", "seen");
    let signature = signer.sign(&request, window()).unwrap();
    let url = signer.presign(&request, window()).unwrap();
    let received = Request::from_url("GET", url.as_str()).unwrap();
    let mut headers: Vec<_> = signature.headers();
    headers.extend(request.headers());
    let received_headers = Request::from_wire("GET", &format!("/changed.png?{RULE}"), headers.clone()).unwrap();
    let verifier = Verifier::new().credential(temporary.clone());
    // hex(HMAC-SHA1(SecretKey, KeyTime)) of this key and window, computed with another tool.
    let sign_key = "dacb355349db10bcd69694f66048463851cd67d9";

    let mut printed = format!(
        "{temporary:?} {signer:?} {:?} {request:?} {signature:?} {received:?} {received_headers:?} {verifier:?} {:?}",
        signer.within(window()).unwrap(),
        received.query(),
    );
    for echo in [Echo::Nothing, Echo::Redacted] {
        let rejected = verifier.clone().echo(echo).verify(&received_headers, at(START)).unwrap_err();
        printed += &format!("{rejected} {rejected:?} {}", rejected.to_xml("/changed.png", "r", "t"));
        assert_eq!(rejected.http_string().is_some(), echo == Echo::Redacted);
        printed += &format!("{:?}", cosimg::Error::from(rejected));
    }
    printed += &panic_message(|| drop(verifier.verify(&received_headers, at(START)).unwrap()));
    printed += &panic_message(|| panic!("{signer:?} {received:?} {signature:?} {verifier:?}"));
    for secret in SECRETS.into_iter().chain([sign_key, signature.signature()]) {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
    assert!(printed.contains("x-cos-meta-a=seen") && printed.contains("x-cos-security-token=[redacted]"));

    let verbatim = verifier.echo(Echo::Verbatim).verify(&received_headers, at(START)).unwrap_err();
    assert!(verbatim.to_xml("/", "r", "t").contains("x-cos-security-token=hush%2Bhush%2F%3D%3D"));
}

/// What the verifier would always refuse is not signed.
#[test]
fn a_header_that_is_sent_twice_is_not_signed() {
    for (one, other) in [(("x-cos-a", "1"), ("X-Cos-A", "")), (("Range", "a"), ("range", ""))] {
        let request = sample().header(one.0, one.1).header(other.0, other.1);
        let error = signer().sign(&request, window()).unwrap_err();
        assert!(error.field().unwrap().eq_ignore_ascii_case(one.0));
    }
    let error = signer().sign(&sample().header("Host", ""), window()).unwrap_err();
    assert_eq!(error.field(), Some("host"));
    // A header that is not signed may come as it likes.
    assert!(signer().sign(&sample().header("x-other", "1").header("X-Other", ""), window()).is_ok());
}

/// What a program that dies of `body` says.
fn panic_message(body: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let payload = std::panic::catch_unwind(body).unwrap_err();
    payload.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn the_same_request_gives_the_same_bytes() {
    let one = signer().presign(&sample(), window()).unwrap();
    assert_eq!(one, signer().presign(&sample(), window()).unwrap());
    let within = signer();
    let within = within.within(window()).unwrap();
    assert_eq!(within.presign(&sample()).unwrap(), one);
    let later = KeyTime::new(START + 1, START + 3600).unwrap();
    assert_ne!(signer().presign(&sample(), later).unwrap(), one);
}

#[test]
fn values_may_hold_anything() {
    let json: Value =
        serde_json::json!({"is_pic_info": 1, "rules": [{"fileid": "a.jpg", "rule": "imageMogr2/thumbnail/200x"}]});
    let request = Request::new("PUT", HOST, "k")
        .unwrap()
        .param("prefix", "a\nb\0&=+ é")
        .header("Pic-Operations", json.to_string());
    let signature = signer().sign(&request, window()).unwrap();
    let query: cosimg::Query = "prefix=a%0Ab%00%26%3D%2B%20%C3%A9".parse().unwrap();
    assert_eq!(request.query(), &query);
    let headers = signature.headers().into_iter().chain(request.headers()).collect::<Vec<_>>();
    let received = Request::from_wire("PUT", &format!("/k?{query}"), headers).unwrap();
    assert!(verifier().verify(&received, at(START)).unwrap().covers_header("pic-operations"));
}

/// What a proxy sends: the host is that of the target, and two hosts are none.
#[test]
fn targets_in_absolute_form() {
    let url = url();
    let from = |target: &str, headers: &[(&str, &str)]| Request::from_wire("GET", target, headers.iter().copied());
    let (upper, plain) = (url.replacen("https", "HTTPS", 1), url.replacen("https", "http", 1));
    for (target, headers) in [(&url, &[("Host", HOST)][..]), (&url, &[]), (&upper, &[]), (&plain, &[("host", HOST)])] {
        let request = from(target, headers).unwrap();
        assert_eq!((request.host(), request.path()), (Some(HOST), "/sample.png"));
        assert!(verifier().verify(&request, at(START)).unwrap().covers_header("host"));
    }
    let other = url.replacen(HOST, "other-1250000000.cos.ap-shanghai.myqcloud.com", 1);
    assert_eq!(from(&other, &[("Host", HOST)]).unwrap_err().field(), Some("host"));
    assert_eq!(verifier().verify(&from(&other, &[]).unwrap(), at(START)).unwrap_err().reason(), &Reason::Mismatch);
    assert_eq!(from("http://h", &[]).unwrap().path(), "/");
    assert_eq!(from("http://h?acl", &[]).unwrap().query().to_string(), "acl");
    let error = from("http://h/a?x=%zz", &[]).unwrap_err();
    assert_eq!((error.field(), error.offset()), (Some("query"), Some(13)));
    for target in ["", "*", "h:443", "ftp://h/a", "https:/a"] {
        assert_eq!(from(target, &[]).unwrap_err().field(), Some("path"), "{target}");
    }
}

#[test]
fn what_must_be_covered_is_named() {
    let signed = Signer::new(credential()).headers(HeaderPolicy::None).presign(&sample(), window()).unwrap();
    let more = format!("{signed}&response-expires=1&versionId=2");
    let verified = open(&verifier(), &more).unwrap();
    assert_eq!(verified.uncovered, ["response-expires", "versionId"]);
    let uncovered = |part, name: &str| Reason::Uncovered { part, name: name.to_owned() };
    let reason = |verifier: Verifier| open(&verifier, &more).unwrap_err().reason().clone();
    assert_eq!(reason(verifier().require_param("versionid")), uncovered(Part::Param, "versionId"));
    assert_eq!(reason(verifier().require_param("Response-*")), uncovered(Part::Param, "response-expires"));
    assert_eq!(reason(verifier().require_param("*")), uncovered(Part::Param, "response-expires"));
    // What is covered, or not there, is in order.
    for name in [RULE, "imageMogr2/*", "prefix"] {
        assert!(open(&verifier().require_param(name), &more).is_ok(), "{name}");
    }
    let target = signed.as_str().strip_prefix(&format!("https://{HOST}")).unwrap();
    let sent = Request::from_wire("GET", target, [("Host", HOST), ("X-Cos-Meta-A", "1")]).unwrap();
    let ask = |name: &str| verifier().require_header(name).verify(&sent, at(START)).map_err(|r| r.reason().clone());
    assert_eq!(ask("x-cos-*").unwrap_err(), uncovered(Part::Header, "X-Cos-Meta-A"));
    assert_eq!(ask("x-cos-meta-a").unwrap_err(), uncovered(Part::Header, "X-Cos-Meta-A"));
    assert!(ask("x-cos-acl").is_ok() && ask("host").is_ok());
    let unbound = Signer::new(credential()).sign_host(false).presign(&sample(), window()).unwrap();
    let rejected = open(&verifier().require_header("Host"), unbound.as_str()).unwrap_err();
    assert_eq!(rejected.reason(), &uncovered(Part::Header, "host"));
}
