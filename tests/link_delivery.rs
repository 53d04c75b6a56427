//! Rules on upload and on stored objects: the header is JSON that others read, and it is signed.
#![allow(clippy::unwrap_used)] // a test that cannot go on says where

mod sign_support;

use cosimg::link::{Host, Link, PicOperations};
use cosimg::sign::Request;
use cosimg::{ErrorKind, Params, Signer, Verifier};
use serde_json::{Value, json};
use sign_support::{START, at, credential, window};

fn rule(text: &str) -> Params {
    text.parse().unwrap()
}

fn host() -> Host {
    Host::bucket("examplebucket-1250000000", "ap-shanghai").unwrap()
}

fn header(request: &Request) -> String {
    request.headers().find(|(name, _)| *name == "Pic-Operations").unwrap().1.to_owned()
}

#[test]
fn any_file_id_survives_json_and_the_header_is_ascii() {
    let id = "/图 \"quoted\" \\ 😀/\u{7ff}\u{ffff}<&>";
    let operations = PicOperations::new()
        .info(true)
        .rule(id, rule("imageMogr2/format/jpg/interlace/1|watermark/2/text/5Zu-"))
        .unwrap()
        .rule_into("other-1250000000", id, rule("style/thumb"))
        .unwrap();
    let text = operations.to_string();
    assert!(text.bytes().all(|b| (b' '..=b'~').contains(&b)));
    let expected = json!({"is_pic_info": 1, "rules": [
        {"fileid": id, "rule": "imageMogr2/format/jpg/interlace/1|watermark/2/text/5Zu-"},
        {"bucket": "other-1250000000", "fileid": id, "rule": "style/thumb"},
    ]});
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    assert_eq!(PicOperations::new().to_string(), r#"{"is_pic_info":0,"rules":[]}"#);
}

#[test]
fn what_cannot_be_stored_is_refused_by_field() {
    let new = PicOperations::new;
    let field = |result: cosimg::Result<PicOperations>| {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        error.field().unwrap().to_owned()
    };
    for id in ["", "/", "dir/", "a\nb", "a\u{85}"] {
        assert_eq!(field(new().rule(id, rule("style/a"))), "fileid", "{id:?}");
    }
    assert_eq!(field(new().rule("a", rule("imageInfo"))), "rule");
    assert_eq!(field(new().rule_into("no app id", "a", rule("style/a"))), "bucket");
    let one = new().rule("a", rule("style/a")).unwrap();
    assert_eq!(field(one.clone().rule("a", rule("style/b"))), "fileid");
    assert!(one.clone().rule_into("b-125", "a", rule("style/a")).is_ok());
    let five = (1..5).fold(one, |all, n| all.rule(n.to_string(), rule("style/a")).unwrap());
    assert_eq!(field(five.rule("six", rule("style/a"))), "rules");
}

/// Whoever takes the header away, or changes a rule in it, is refused, for an upload and for a stored object.
#[test]
fn the_header_is_covered() {
    let operations = PicOperations::new().rule("small.jpg", rule("imageMogr2/thumbnail/200x/interlace/1")).unwrap();
    let links = [
        Link::put(host(), "图.png").pic_operations(&operations),
        Link::process_stored(host(), "图.png", &operations),
        Link::new("POST", host(), "a").param("uploadId", "1").pic_operations(&operations),
    ];
    let verifier = Verifier::new().credential(credential()).strict(true).require_header("pic-operations");
    for link in links {
        let request = link.request().unwrap();
        assert_eq!(header(&request), operations.to_string());
        let signer = Signer::new(credential());
        let url = link.sign(&signer, window()).unwrap();
        let authorization = signer.sign(&request, window()).unwrap().authorization().to_owned();
        let unsigned = url.path().to_owned() + &request.query().to_string().replacen("", "?", 1);
        let signed = url.as_str().strip_prefix(&format!("https://{}", host())).unwrap();
        let sent = |target: &str, value: Option<&str>, authorization: Option<&str>| {
            let headers = [("Host", Some(host().as_str().to_owned()))]
                .into_iter()
                .chain([
                    ("Pic-Operations", value.map(str::to_owned)),
                    ("Authorization", authorization.map(str::to_owned)),
                ])
                .filter_map(|(name, value)| Some((name, value?)))
                .collect::<Vec<_>>();
            let headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
            let request = Request::from_wire(request.method(), target, headers).unwrap();
            verifier.verify(&request, at(START)).map(|verified| verified.covers_header("pic-operations"))
        };
        let value = operations.to_string();
        let changed = value.replace("200x", "900x");
        for (target, authorization) in [(signed, None), (unsigned.as_str(), Some(authorization.as_str()))] {
            assert_eq!(sent(target, Some(&value), authorization), Ok(true));
            assert!(sent(target, Some(&changed), authorization).is_err());
            assert!(sent(target, None, authorization).is_err());
        }
    }
    let stored = Link::process_stored(host(), "a", &operations).request().unwrap();
    assert_eq!((stored.method(), stored.query().to_string().as_str()), ("POST", "image_process="));
}
