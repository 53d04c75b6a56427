//! `sign` and `verify`: the forms that others script.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use serde_json::Value;
use support::{RULE, SECRET_ID, SECRET_KEY, cosimg, run, run_with, with_secrets};

const HOST: &str = "examplebucket-1250000000.cos.ap-shanghai.myqcloud.com";

/// The published example values of the project's own table of vectors: key, window, host, rule, signature.
fn known(args: &[&str]) -> std::process::Command {
    let mut all = vec!["sign", "--host", HOST, "--key", "sample.png", "--process", RULE];
    all.extend(["--start", "1700000000", "--end", "1700003600"]);
    all.extend(args);
    let mut command = cosimg(&all);
    command.env("COSIMG_SECRET_ID", "AKIDEXAMPLE0000000000").env("COSIMG_SECRET_KEY", "SKEXAMPLE00000000000");
    command
}

const SIGNATURE: &str = "60ac241dd84e5149e63deb12b46b60c34a798d1e";

fn url(args: &[&str]) -> String {
    let mut all = vec!["sign", "--host", HOST, "--key", "sample.png"];
    all.extend(args);
    let run = run(with_secrets(&all));
    assert_eq!((run.code, run.errors.as_str()), (0, ""));
    run.text.trim_end().to_owned()
}

#[test]
fn the_url_alone_is_printed() {
    let run = run(known(&[]));
    let expected = format!(
        "https://{HOST}/sample.png?q-sign-algorithm=sha1&q-ak=AKIDEXAMPLE0000000000\
         &q-sign-time=1700000000%3B1700003600&q-key-time=1700000000%3B1700003600&q-header-list=host\
         &q-url-param-list=imagemogr2%252fformat%252fjpg%252finterlace%252f1&q-signature={SIGNATURE}\
         &imageMogr2%2Fformat%2Fjpg%2Finterlace%2F1=\n"
    );
    assert_eq!((run.code, run.text, run.errors), (0, expected, String::new()));
}

#[test]
fn the_headers_are_printed_one_a_line() {
    let run = run({
        let mut command = known(&["--form", "header", "--header", "x-cos-meta-a=b"]);
        command.env("COSIMG_TOKEN", "the-token");
        command
    });
    let lines: Vec<_> = run.text.lines().collect();
    assert!(lines[0].starts_with("Authorization: q-sign-algorithm=sha1&q-ak=AKIDEXAMPLE0000000000&"));
    assert!(lines[0].contains("q-header-list=host;x-cos-meta-a;x-cos-security-token&"), "{}", lines[0]);
    assert_eq!(lines[1..], ["x-cos-security-token: the-token", "x-cos-meta-a: b"]);
}

#[test]
fn json_is_one_object_with_a_schema() {
    for (form, field) in [("url", "url"), ("header", "headers")] {
        let run = run(known(&["--json", "--form", form]));
        assert_eq!(run.text.lines().count(), 1);
        let object: Value = serde_json::from_str(&run.text).unwrap();
        assert_eq!(object["schema"], 1);
        assert_eq!((&object["start"], &object["end"]), (&Value::from(1_700_000_000), &Value::from(1_700_003_600)));
        assert!(object[field].to_string().contains(SIGNATURE), "{object}");
    }
}

#[test]
fn expiry_counts_from_now() {
    let before = support::unix_now();
    let url = url(&["--expires", "10m"]);
    let window = url.split_once("q-sign-time=").unwrap().1.split_once('&').unwrap().0;
    let (start, end) = window.split_once("%3B").unwrap();
    let (start, end): (u64, u64) = (start.parse().unwrap(), end.parse().unwrap());
    assert!((before..before + 60).contains(&start));
    assert_eq!(end - start, 600);
}

#[test]
fn what_is_typed_wrongly_is_a_usage_error() {
    let base = ["sign", "--host", HOST, "--key", "a"];
    for (args, says) in [
        (&[][..], "--expires"),
        (&["--expires", "10"], "a unit"),
        (&["--start", "5"], "--end"),
        (&["--start", "5", "--end", "5"], "end"),
        (&["--expires", "1m", "--start", "1", "--end", "2"], "cannot be used with"),
        (&["--expires", "1m", "--process", "imageMogr2/interlace/7"], "--process"),
        (&["--expires", "1m", "--param", "novalue"], "K=V"),
        (&["--expires", "1m", "--param", "q-ak=x"], "q-ak"),
        (&["--expires", "1m", "--form", "xml"], "xml"),
    ] {
        let run = run(with_secrets(&[&base, args].concat()));
        assert_eq!((run.code, run.text.as_str()), (2, ""), "{args:?}");
        assert!(run.errors.contains(says), "{args:?}: {}", run.errors);
    }
}

#[test]
fn credentials_come_from_the_environment_or_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let path = file.to_str().unwrap();
    let sign = ["sign", "--host", HOST, "--key", "a", "--start", "1", "--end", "2"];
    let sign_with_file = [&sign[..], &["--credentials", path]].concat();

    let missing = run(cosimg(&sign));
    assert_eq!(missing.code, 2);
    assert!(missing.errors.contains("COSIMG_SECRET_ID is not set"));

    std::fs::write(&file, format!(r#"{{"credentials":[{{"secret_id":"{SECRET_ID}","secret_key":"{SECRET_KEY}"}}]}}"#))
        .unwrap();
    let (by_file, by_environment) = (run(cosimg(&sign_with_file)), run(with_secrets(&sign)));
    assert_eq!((by_file.code, by_file.text), (0, by_environment.text));

    std::fs::write(&file, format!(r#"{{"credentials":[{{"secret_id":"x","secret_key":["{SECRET_KEY}"]}}]}}"#)).unwrap();
    let wrong = run(cosimg(&sign_with_file));
    assert_eq!(wrong.code, 2);
    assert!(wrong.errors.contains(path) && wrong.errors.contains("credentials[0].secret_key"), "{}", wrong.errors);
    assert!(!wrong.errors.contains(SECRET_KEY));
}

#[test]
fn verify_says_what_is_covered() {
    let url = url(&["--process", RULE, "--expires", "10m"]);
    let text = run(with_secrets(&["verify", &url]));
    assert_eq!((text.code, text.errors.as_str()), (0, ""));
    assert!(text.text.starts_with("valid\n") && text.text.contains("imagemogr2%2fformat%2fjpg%2finterlace%2f1"));

    let json = run_with(with_secrets(&["verify", "-", "--json"]), format!("{url}\n").as_bytes());
    let object: Value = serde_json::from_str(&json.text).unwrap();
    assert_eq!((&object["schema"], &object["valid"], &object["complete"]), (&1.into(), &true.into(), &true.into()));
    assert_eq!(object["secret_id"], SECRET_ID);
    assert_eq!(object["headers"], serde_json::json!(["host"]));
}

#[test]
fn verify_says_why_it_refuses_in_the_words_of_cos() {
    let url = url(&["--process", RULE, "--start", "1700000000", "--end", "1700003600"]);
    let now = ["--now", "1700000001"];
    for (url, now, reason, code) in [
        (url.clone(), "1700003601", "expired", "AccessDenied"),
        (url.clone(), "1600000000", "not-yet-valid", "RequestTimeTooSkewed"),
        (url.replace("interlace%2F1=", "interlace%2F0="), now[1], "absent", "SignatureDoesNotMatch"),
        (url.replace("sample.png", "other.png"), now[1], "mismatch", "SignatureDoesNotMatch"),
        (url.replace(SECRET_ID, "AKIDOTHER"), now[1], "unknown-key", "InvalidAccessKeyId"),
        (format!("https://{HOST}/sample.png"), now[1], "unsigned", "AccessDenied"),
    ] {
        let run = run(with_secrets(&["verify", &url, "--now", now, "--json"]));
        assert_eq!((run.code, run.errors.as_str()), (4, ""), "{url}");
        let object: Value = serde_json::from_str(&run.text).unwrap();
        assert_eq!(
            (&object["valid"], &object["reason"], &object["code"]),
            (&false.into(), &reason.into(), &code.into())
        );
    }
    let text = run(with_secrets(&["verify", &url, "--now", "1700003601"]));
    assert_eq!(text.code, 4);
    assert!(text.text.contains("expired") && text.text.contains("403 AccessDenied: Request has expired"));
}

#[test]
fn an_uncovered_parameter_is_a_warning_and_strictly_a_refusal() {
    let url = format!("{}&imageMogr2%2Fformat%2Fpng=", url(&["--expires", "10m"]));
    let loose = run(with_secrets(&["verify", &url]));
    assert_eq!(loose.code, 0);
    assert!(loose.errors.contains("warning"));
    let strict = run(with_secrets(&["verify", "--strict", &url]));
    assert_eq!(strict.code, 4);
    assert!(strict.text.contains("AccessDenied"));
}

#[test]
fn a_link_that_is_none_is_a_usage_error() {
    for url in ["", "not a url", "ftp:///x"] {
        let run = run(with_secrets(&["verify", url]));
        assert_eq!((run.code, run.text.as_str()), (2, ""), "{url:?}");
    }
    assert_eq!(run(with_secrets(&["verify", "https://h/x", "--now", "99999999999999999"])).code, 2);
}
