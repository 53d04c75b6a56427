//! What a link leaves open is said, and of a link that leaves nothing open nothing is said.
#![allow(clippy::unwrap_used)] // a test that cannot go on says where

mod sign_support;

use cosimg::link::{Link, Severity, Weakness, audit};
use cosimg::sign::{Request, UrlForm};
use cosimg::{Credential, ErrorKind, KeyTime, Signer};
use sign_support::{HOST, RULE, START, credential, window};

fn signer() -> Signer {
    Signer::new(credential())
}

fn link() -> Link {
    Link::get(HOST, "sample.png").process(RULE.parse().unwrap())
}

fn found(url: &str) -> Vec<Weakness> {
    audit(&Request::from_url("GET", url).unwrap()).unwrap()
}

fn of(link: &Link, signer: &Signer) -> Vec<Weakness> {
    found(link.sign(signer, window()).unwrap().as_str())
}

#[test]
fn a_strong_link_has_no_weakness() {
    for form in [UrlForm::Fields, UrlForm::Sign] {
        assert_eq!(of(&link().param("versionId", "1"), &signer().url_form(form)), []);
    }
}

#[test]
fn each_weakness_alone() {
    let url = link().sign(&signer(), window()).unwrap().to_string();
    assert_eq!(of(&link(), &signer().sign_host(false)), [Weakness::HostUncovered]);
    let bare = Link::get(HOST, "sample.png").sign(&signer(), window()).unwrap();
    let rule = || RULE.to_owned();
    assert_eq!(found(&format!("{bare}&{RULE}")), [Weakness::RuleUncovered { rule: rule() }]);
    assert_eq!(
        found(&format!("{bare}&response-expires=1")),
        [Weakness::ParamUncovered { name: "response-expires".into() }]
    );
    let upper = RULE.to_uppercase();
    assert_eq!(found(&format!("{url}&{upper}")), [Weakness::CaseTwin { name: upper.clone() }]);
    let changed = url.replace("imageMogr2", "imagemogr2");
    assert_eq!(found(&changed), [Weakness::RuleUnreadable { rule: RULE.to_lowercase() }]);
    for rule in ["watermark/2/text/5Zu-54mH", "style/Small", "imageMogr2/strip|watermark/2/text/YQ"] {
        let link = Link::get(HOST, "a").process(rule.parse().unwrap());
        assert_eq!(of(&link, &signer()), [Weakness::CaseUncovered { rule: rule.to_owned() }]);
    }
    assert_eq!(of(&link().over_http(), &signer()), [Weakness::PlainHttp]);
    let week = 7 * 24 * 3600;
    let lasting =
        |seconds| found(link().sign(&signer(), KeyTime::new(START, START + seconds).unwrap()).unwrap().as_str());
    assert_eq!(lasting(week), []);
    assert_eq!(lasting(week + 1), [Weakness::LongValidity { seconds: week + 1 }]);
}

#[test]
fn tokens_and_the_order_of_gravity() {
    let temporary = Signer::new(Credential::new("AKIDEXAMPLE0000000000", "x").with_token("hush"));
    assert_eq!(of(&link(), &temporary), [Weakness::TokenInLink]);
    assert_eq!(of(&link().over_http(), &temporary), [Weakness::TokenInClear, Weakness::PlainHttp]);
    let url = link().over_http().sign(&signer(), window()).unwrap();
    let weak = found(&format!("{url}&X-Cos-Security-Token=hush&a=1"));
    let severities: Vec<_> = weak.iter().map(Weakness::severity).collect();
    assert!(severities.is_sorted_by(|one, next| one >= next) && severities.contains(&Severity::Medium));
    assert!(weak.contains(&Weakness::TokenUncovered) && weak[0] == Weakness::TokenInClear);
    assert!(!weak.iter().map(|weakness| format!("{weakness} {weakness:?}")).collect::<String>().contains("hush"));
}

#[test]
fn a_link_without_a_signature_is_an_error() {
    for url in [format!("https://{HOST}/a"), format!("https://{HOST}/a?q-ak=1")] {
        let error = audit(&Request::from_url("GET", &url).unwrap()).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Input, Some("signature")));
    }
}

#[test]
fn sentences_stay_short_and_on_one_line() {
    let sentence = Weakness::ParamUncovered { name: "é\n".repeat(10_000) }.to_string();
    assert!(sentence.len() < 2000 && !sentence.contains('\n'));
}
