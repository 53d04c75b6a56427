//! `explain`, `audit` and `sign --batch`: the forms that others script.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs;

use serde_json::{Value, json};
use support::{RULE, cosimg, run, run_with, with_secrets};

const HOST: &str = "examplebucket-1250000000.cos.ap-shanghai.myqcloud.com";
const NOW: &str = "1700000060";

fn link(extra: &[&str]) -> String {
    let mut args = vec!["sign", "--host", HOST, "--key", "a b.png", "--start", "1700000000", "--end", "1700003600"];
    args.extend(extra);
    run(with_secrets(&args)).text.trim_end().to_owned()
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_right_link_is_shown_text_by_text() {
    let url = link(&["--process", RULE]);
    let shown = run(with_secrets(&["explain", &url, "--now", NOW]));
    assert_eq!((shown.code, shown.errors.as_str()), (0, ""));
    for line in [
        "HttpString    get",
        "              /a b.png",
        "StringToSign  sha1",
        "signature     holds",
        "cause         none found",
    ] {
        assert!(shown.text.lines().any(|shown| shown == line), "{line}: {}", shown.text);
    }
    let blind = run(cosimg(&["explain", &url, "--now", NOW, "--json"]));
    let report = json_of(&blind.text);
    assert_eq!((blind.code, &report["signature_holds"], &report["findings"]), (0, &Value::Null, &json!([])));
    let listed = format!("{}=", RULE.to_lowercase().replace('/', "%2f"));
    assert_eq!(report["http_string"], format!("get\n/a b.png\n{listed}\nhost={HOST}\n"));
}

#[test]
fn a_wrong_link_is_explained_from_the_secret_and_from_the_answer() {
    let url = link(&["--process", RULE]);
    let single = url.replace("%252f", "%2f");
    let shown = run(with_secrets(&["explain", &single, "--now", NOW, "--json"]));
    assert_eq!(shown.code, 4);
    assert_eq!(json_of(&shown.text)["findings"][0]["cause"], "rule-not-reencoded");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answer.xml");
    let xml = format!(
        "<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n<Code>SignatureDoesNotMatch</Code>\n\
         <FormatString>get\n/a%20b.png\n{}=\nhost=cdn.example.com\n</FormatString>\n</Error>\n",
        RULE.to_lowercase().replace('/', "%2f")
    );
    fs::write(&file, &xml).unwrap();
    let shown = run(cosimg(&["explain", &url, "--now", NOW, "--xml", file.to_str().unwrap(), "--json"]));
    let report = json_of(&shown.text);
    let causes: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|finding| finding["cause"].as_str().unwrap()).collect();
    assert_eq!((shown.code, causes), (4, vec!["path-encoded-twice", "host"]));
    assert_eq!(report["difference"]["line"], "path");
    let piped = run_with(cosimg(&["explain", &url, "--now", NOW, "--xml", "-"]), xml.as_bytes());
    assert!(
        piped.text.contains("cause         path-encoded-twice: the path was encoded twice (certain)"),
        "{}",
        piped.text
    );
    let broken = run_with(cosimg(&["explain", &url, "--xml", "-"]), b"<Error>&what;</Error>");
    assert_eq!((broken.code, broken.text.as_str()), (1, ""));
    assert_eq!(run(cosimg(&["explain", "nonsense"])).code, 2);
}

#[test]
fn what_a_link_leaves_open_is_warned_of() {
    let good = run(cosimg(&["audit", &link(&["--process", RULE])]));
    assert_eq!((good.code, good.text.as_str()), (0, "nothing to warn of\n"));
    let appended = format!("{}&{RULE}", link(&[]));
    let weak = run(cosimg(&["audit", &appended]));
    assert_eq!(weak.code, 4);
    assert!(weak.text.starts_with("high    rule-uncovered: "), "{}", weak.text);
    let report = json_of(&run(cosimg(&["audit", "--json", &appended])).text);
    assert_eq!(report["findings"][0]["weakness"], "rule-uncovered");
    assert_eq!(run(cosimg(&["audit", "https://h.example/a"])).code, 1);
}

fn batch(lines: &str) -> (i32, Vec<Value>) {
    let run = run_with(with_secrets(&["sign", "--batch", "-"]), lines.as_bytes());
    assert_eq!(run.errors, "");
    (run.code, run.text.lines().map(json_of).collect())
}

#[test]
fn a_batch_signs_a_line_each() {
    let one = json!({"host": HOST, "key": "a b.png", "process": [RULE], "start": 1_700_000_000, "end": 1_700_003_600});
    let two = json!({
        "method": "PUT", "host": HOST, "key": "/图", "params": [["acl", ""]], "headers": {"x-a": "1", "x-cos-acl": "b"},
        "start": 1, "end": 2, "sign_host": false, "sign_headers": ["x-a"],
    });
    let (code, answers) = batch(&format!("{one}\n{two}\n"));
    assert_eq!((code, answers.len()), (0, 2));
    assert_eq!(answers[0]["url"], link(&["--process", RULE]));
    let listed = RULE.to_lowercase().replace('/', "%2f");
    assert_eq!(answers[0]["http_string"], format!("get\n/a b.png\n{listed}=\nhost={HOST}\n"));
    assert_eq!(answers[1]["http_string"], "put\n/图\nacl=\nx-a=1\n");
    assert!(answers[1]["authorization"].as_str().unwrap().contains("&q-header-list=x-a&q-url-param-list=acl&"));
    assert!(answers[1]["string_to_sign"].as_str().unwrap().starts_with("sha1\n1;2\n"));
    let names: Vec<_> = answers[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["authorization", "http_string", "string_to_sign", "url"]);
}

#[test]
fn a_bad_line_fails_alone() {
    let good = json!({"host": HOST, "key": "a", "start": 1, "end": 2});
    let with = |field: &str, value: Value| {
        let mut line = good.clone();
        line[field] = value;
        line.to_string()
    };
    let long = format!("{{\"host\":\"{}\"}}", "h".repeat(1 << 21));
    let cases = [
        ("nonsense".to_owned(), Value::Null),
        ("[]".to_owned(), Value::Null),
        (long, Value::Null),
        (String::new(), Value::Null),
        (json!({"key": "a", "start": 1, "end": 2}).to_string(), json!("host")),
        (with("host", json!("a/b")), json!("host")),
        (with("key", json!("a\u{1}")), json!("key")),
        (with("end", json!(1)), json!("end")),
        (with("start", json!("1")), json!("start")),
        (with("params", json!([["a"]])), json!("params")),
        (with("params", json!([["a", "1"], ["A", "2"]])), json!("A")),
        (with("headers", json!({"a": 1})), json!("headers")),
        (with("process", json!("x")), json!("process")),
        (with("method", json!("G T")), json!("method")),
        (with("sign_host", json!(1)), json!("sign_host")),
        (with("sign_headers", json!("some")), json!("sign_headers")),
        (with("sign_headers", json!(["range"])), json!("range")),
        (with("expires", json!(1)), json!("expires")),
    ];
    let lines: String = cases.iter().map(|(line, _)| format!("{line}\n{good}\r\n")).collect();
    let (code, answers) = batch(&lines);
    assert_eq!((code, answers.len()), (1, 2 * cases.len()));
    for (pair, (line, field)) in answers.chunks(2).zip(&cases) {
        assert_eq!(&pair[0]["field"], field, "{:.80}", line);
        assert!(pair[0]["error"].is_string() && pair[0].get("url").is_none());
        assert!(pair[1]["url"].is_string());
    }
    assert_eq!(batch("").0, 0);
    assert_eq!(run(with_secrets(&["sign", "--batch", "/does/not/exist"])).code, 2);
    assert_eq!(run(with_secrets(&["sign", "--batch", "-", "--key", "a"])).code, 2);
}
