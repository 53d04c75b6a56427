//! Links in bulk: the same as one at a time, whatever the number of threads, and without allocating for a key.
#![allow(clippy::unwrap_used)] // a test that cannot go on says where

mod sign_support;

use std::num::NonZeroUsize;

use cosimg::sign::{Links, Request, UrlForm};
use cosimg::{Credential, ErrorKind, Signer};
use sign_support::{HOST, RULE, credential, window};

fn request(key: &str) -> Request {
    Request::new("GET", HOST, key).unwrap().param(RULE, "").param("versionId", "1/2")
}

fn keys(count: usize) -> Vec<String> {
    let starts = ["", "/", "//", "图 ", "a/../", "./", "%41+&=?#"];
    (0..count).map(|n| format!("{}{n} photo.png", starts[n % starts.len()])).collect()
}

#[test]
fn bulk_is_one_at_a_time_in_every_form() {
    let keys = keys(1000);
    let token = Credential::new("AKIDEXAMPLE0000000000", "SKEXAMPLE00000000000").with_token("a/b+c==");
    for signer in [Signer::new(credential()), Signer::new(token), Signer::new(credential()).sign_host(false)] {
        for form in [UrlForm::Fields, UrlForm::Sign] {
            let signer = signer.clone().url_form(form);
            let within = signer.within(window()).unwrap();
            let template = within.template(&request("any")).unwrap();
            let links = template.links(&keys).unwrap();
            assert_eq!(links.len(), keys.len());
            for (key, link) in keys.iter().zip(links.iter()) {
                assert_eq!(link, signer.presign(&request(key), window()).unwrap().as_str());
            }
            let lines: Vec<_> = links.as_str().lines().collect();
            assert_eq!(lines, links.iter().collect::<Vec<_>>());
            for threads in [1, 2, 3, 7, 2000] {
                assert!(template.links_on(&keys, NonZeroUsize::new(threads).unwrap()).unwrap() == links);
            }
            assert_eq!((links.get(1000), links.ends().len()), (None, 1000));
        }
    }
    let signer = Signer::new(credential());
    let within = signer.within(window()).unwrap();
    let template = within.template(&request("any")).unwrap();
    assert!(template.links::<&str>(&[]).unwrap().is_empty());
    assert!(template.links_on::<&str>(&[], NonZeroUsize::MIN).unwrap().is_empty());
}

#[test]
fn the_first_bad_key_is_named() {
    let signer = Signer::new(credential());
    let within = signer.within(window()).unwrap();
    let template = within.template(&request("any")).unwrap();
    let mut keys = keys(10);
    for bad in ["a\nb", "\u{85}", "..", "/."] {
        keys[7] = bad.to_owned();
        for error in
            [template.links(&keys).unwrap_err(), template.links_on(&keys, NonZeroUsize::new(3).unwrap()).unwrap_err()]
        {
            assert_eq!((error.kind(), error.field()), (ErrorKind::Usage, Some("keys[7]")));
        }
        let mut out = "before".to_owned();
        assert!(template.write(bad, &mut out).is_err());
        assert_eq!(out, "before");
    }
}

#[test]
fn nothing_is_allocated_for_a_key() {
    let signer = Signer::new(credential());
    let within = signer.within(window()).unwrap();
    let template = within.template(&request("any")).unwrap();
    let keys = keys(500);
    let mut links = Links::default();
    template.links_into(&keys, &mut links).unwrap();
    let again = allocation_counter::measure(|| template.links_into(&keys, &mut links).unwrap());
    assert_eq!((again.count_total, links.len()), (0, 500));
    let first = allocation_counter::measure(|| drop(template.links(&keys)));
    assert!(first.count_total < 10, "{first:?}");
}

#[test]
fn links_and_templates_are_not_printed() {
    let temporary = Signer::new(Credential::new("AKIDEXAMPLE0000000000", "hush").with_token("hush"));
    let within = temporary.within(window()).unwrap();
    let template = within.template(&request("any")).unwrap();
    let links = template.links(&["a"]).unwrap();
    assert!(links.as_str().contains("hush"));
    assert!(!format!("{template:?} {links:?} {within:?} {temporary:?}").contains("hush"));
}
