//! The signer against answers that others published or computed: the documents, the unit tests of the official SDKs,
//! and the official Python SDK run over requests with tricky characters.
#![allow(clippy::unwrap_used)] // a test that cannot go on says where

mod sign_support;

use cosimg::sign::{Request, UrlForm};
use cosimg::{Credential, KeyTime, Signer, Verifier};
use serde_json::Value;
use sign_support::{at, own, request, rows, shared, signer, text};

fn key_time(text: &str) -> KeyTime {
    text.parse().unwrap()
}

#[test]
fn own_table_to_the_letter() {
    let table = own("vectors.json");
    for row in rows(&table) {
        let name = text(row, "name");
        let request = request(row, text(row, "host"), text(row, "key"));
        let window = KeyTime::new(row["start"].as_u64().unwrap(), row["end"].as_u64().unwrap()).unwrap();
        let signature = signer(row).sign(&request, window).unwrap();
        assert_eq!(signature.http_string(), text(row, "http_string"), "{name}");
        assert_eq!(signature.string_to_sign(), text(row, "string_to_sign"), "{name}");
        assert_eq!(signature.authorization(), text(row, "authorization"), "{name}");
        assert!(signature.authorization().ends_with(signature.signature()), "{name}");
        assert_eq!(signer(row).presign(&request, window).unwrap().as_str(), text(row, "url"), "{name}");
    }
}

#[test]
fn own_table_verifies_in_every_form() {
    let table = own("vectors.json");
    for row in rows(&table) {
        let name = text(row, "name");
        let request = request(row, text(row, "host"), text(row, "key"));
        let window = KeyTime::new(row["start"].as_u64().unwrap(), row["end"].as_u64().unwrap()).unwrap();
        let verifier = Verifier::new().credential(Credential::new(text(row, "secret_id"), text(row, "secret_key")));
        let now = at(window.end());
        let headers: Vec<_> = request.headers().collect();
        for form in [UrlForm::Fields, UrlForm::Sign] {
            let url = signer(row).url_form(form).presign(&request, window).unwrap();
            let opened = Request::from_url(text(row, "method"), url.as_str()).unwrap();
            assert_eq!(opened.path(), request.path(), "{name}");
            let target = url.as_str().strip_prefix("https://").and_then(|rest| rest.find('/').map(|n| &rest[n..]));
            let received = Request::from_wire(request.method(), target.unwrap(), headers.iter().copied()).unwrap();
            verifier.verify(&received, now).unwrap_or_else(|rejected| panic!("{name}: {rejected}"));
        }
    }
}

#[test]
fn published_examples() {
    let Some(table) = shared("published.json") else { return };
    let (mut full, mut lists) = (0, 0);
    for row in rows(&table) {
        let (name, kind, expected) = (text(row, "name"), text(row, "kind"), &row["expected"]);
        match kind {
            // A path without its slash and the signature of a policy are no requests: they are tested where the texts
            // and the HMAC are written, in `sign::canonical` and `sign::mac`.
            _ if name.starts_with("cpp-") || kind.starts_with("post-policy") => continue,
            "historical-lowercase-value-hex" | "doc-text-edited" => continue,
            "canonical-only" => {
                let mut row = row.clone();
                row["method"] = "GET".into();
                let request = request(&row, "h", "");
                let (http_string, authorization) = signed(&request, &row, "AKID", "key", "1;2");
                let lines: Vec<_> = http_string.split('\n').collect();
                for (field, line) in [("http_parameters", lines[2]), ("http_headers", lines[3])] {
                    if let Some(expected) = expected[field].as_str() {
                        assert_eq!(line, expected, "{name}");
                    }
                }
                check_lists(&authorization, expected, name);
                lists += 1;
            }
            "full" => {
                let request = request(row, "h", text(row, "path"));
                let (id, key, time) = (text(row, "secret_id"), text(row, "secret_key"), text(row, "key_time"));
                let (http_string, authorization) = signed(&request, row, id, key, time);
                if let Some(expected) = expected["http_string"].as_str() {
                    assert_eq!(http_string, expected, "{name}");
                }
                if let Some(expected) = expected["signature"].as_str() {
                    assert!(authorization.ends_with(&format!("q-signature={expected}")), "{name}");
                }
                check_lists(&authorization, expected, name);
                full += 1;
            }
            other => panic!("{name} is of the unknown kind {other}"),
        }
    }
    assert!(full >= 6 && lists >= 4, "{full} full rows and {lists} lists are fewer than the table had");
}

/// HttpString and Authorization with every header of the row signed, Host where the row has it.
fn signed(request: &Request, row: &Value, id: &str, key: &str, time: &str) -> (String, String) {
    let host = row["headers"].as_object().unwrap().keys().any(|name| name.eq_ignore_ascii_case("host"));
    let signer = Signer::new(Credential::new(id, key)).headers(cosimg::sign::HeaderPolicy::All).sign_host(host);
    let signature = signer.sign(request, key_time(time)).unwrap();
    (signature.http_string().to_owned(), signature.authorization().to_owned())
}

fn check_lists(authorization: &str, expected: &Value, name: &str) {
    for (field, list) in [("url_param_list", "q-url-param-list"), ("header_list", "q-header-list")] {
        if let Some(expected) = expected[field].as_str() {
            assert!(authorization.contains(&format!("&{list}={expected}&")), "{name}: {list}");
        }
    }
    if let Some(expected) = expected["authorization"].as_str() {
        assert_eq!(authorization, expected, "{name}");
    }
}

/// Whether no transport sends the request, so that our signer refuses it or signs what will arrive.
fn cannot_be_sent(name: &str) -> bool {
    const ROWS: [&str; 5] = ["hdr-val-lead-space", "hdr-val-empty", "key-tab", "key-newline", "key-cr"];
    ROWS.contains(&name)
}

#[test]
fn python_sdk_to_the_letter_and_its_urls_verify() {
    let Some(table) = shared("sdk_python.json") else { return };
    let (mut signed, mut verified) = (0, 0);
    for row in rows(&table) {
        let name = text(row, "name");
        if cannot_be_sent(name) || row["reference_agrees"] != Value::Bool(true) {
            continue;
        }
        let (id, key) = (text(row, "secret_id"), text(row, "secret_key"));
        let window = key_time(text(row, "key_time"));
        let request = request(row, text(row, "host"), text(row, "path"));
        let signer = Signer::new(Credential::new(id, key)).sign_host(row["sign_host"].as_bool().unwrap());
        let signature = signer.sign(&request, window).unwrap();
        assert_eq!(signature.http_string(), text(row, "http_string"), "{name}");
        assert_eq!(signature.string_to_sign(), text(row, "string_to_sign"), "{name}");
        assert_eq!(signature.authorization(), text(row, "authorization"), "{name}");
        signed += 1;

        let url = text(row, "presigned_url");
        let target = url.splitn(4, '/').nth(3).map(|rest| format!("/{rest}")).unwrap();
        let received = Request::from_wire(request.method(), &target, request.headers()).unwrap();
        let verifier = Verifier::new().credential(Credential::new(id, key));
        verifier.verify(&received, at(window.start())).unwrap_or_else(|rejected| panic!("{name}: {rejected}"));
        verified += 1;
    }
    assert!(signed >= 139 && verified == signed, "{signed} rows are fewer than the table had");
}

/// The three keys with controls are refused by field; the header values are signed as they will arrive.
#[test]
fn rows_that_no_transport_sends() {
    for key in ["a\tb.txt", "a\nb.txt", "a\rb.txt", "a\0", "a\u{7f}", "a\u{85}"] {
        let error = Request::new("GET", "h", key).unwrap_err();
        assert_eq!((error.kind(), error.field()), (cosimg::ErrorKind::Usage, Some("key")));
    }
    let signer = Signer::new(Credential::new("AKID", "key"));
    let sign = |value: &str| {
        let request = Request::new("PUT", "h", "k").unwrap().header("x-cos-meta-a", value);
        signer.sign(&request, key_time("1;2")).unwrap().http_string().to_owned()
    };
    assert_eq!(sign("  padded\t"), "put\n/k\n\nhost=h&x-cos-meta-a=padded\n");
    assert_eq!(sign(" "), "put\n/k\n\nhost=h\n");
}
