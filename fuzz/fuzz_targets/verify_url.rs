//! Links and their forgeries: a signed link verifies; a link that somebody edited verifies only where it still asks for
//! the same; and any other text is refused.

#![no_main]

use cosimg::sign::{Reason, Request};
use cosimg::{Credential, KeyTime, Link, Params, Signer, Verifier};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use time::OffsetDateTime;

const HOST: &str = "examplebucket-1250000000.cos.ap-shanghai.myqcloud.com";
const START: u64 = 1_800_000_000;

#[derive(Arbitrary, Debug)]
struct Input {
    key: String,
    params: Vec<(String, String)>,
    rule: Option<String>,
    edit: Edit,
    text: String,
}

/// What is done to the link: bytes from `at` on are replaced.
#[derive(Arbitrary, Debug)]
struct Edit {
    at: u16,
    removed: u8,
    inserted: String,
}

fuzz_target!(|input: Input| {
    let credential = || Credential::new("AKIDEXAMPLE", "not-a-secret");
    let verifier = Verifier::new().credential(credential());
    let now = OffsetDateTime::from_unix_timestamp(START as i64 + 1).expect("a time");

    if let Ok(request) = Request::from_url("GET", &input.text) {
        assert!(verifier.verify(&request, now).is_err(), "{:?} was not signed by us", input.text);
    }

    let mut link = Link::get(HOST, &input.key);
    for (name, value) in &input.params {
        link = link.param(name, value);
    }
    if let Some(rule) = input.rule.and_then(|rule| rule.parse::<Params>().ok()) {
        link = link.process(rule);
    }
    let key_time = KeyTime::new(START, START + 600).expect("a window");
    let Ok(url) = link.sign(&Signer::new(credential()), key_time) else { return };
    let signed = Request::from_url("GET", url.as_str()).expect("what is signed can be read");
    verifier.verify(&signed, now).expect("what is signed verifies");
    let late = OffsetDateTime::from_unix_timestamp(START as i64 + 601).expect("a time");
    let rejected = verifier.verify(&signed, late).expect_err("the window is over");
    assert_eq!(rejected.reason(), &Reason::Expired);

    // A signed link is ASCII, so every byte is a place to cut.
    let (mut edited, length) = (url.as_str().to_owned(), url.as_str().len());
    let start = usize::from(input.edit.at) % length;
    edited.replace_range(start..(start + usize::from(input.edit.removed)).min(length), &input.edit.inserted);
    let Ok(request) = Request::from_url("GET", &edited) else { return };
    if verifier.verify(&request, now).is_ok() {
        assert_eq!(request.path(), signed.path(), "{edited}");
        assert_eq!(request.host(), signed.host(), "{edited}");
        for (name, value) in signed.query().iter() {
            let kept = request.query().iter().any(|(other, its)| {
                other.eq_ignore_ascii_case(name) && its.unwrap_or_default() == value.unwrap_or_default()
            });
            assert!(kept, "{name:?} is gone from {edited}");
        }
    }
});
