//! What the signature tests share: tables of vectors as requests, and the shared vectors where they are at hand.
#![allow(dead_code, clippy::unwrap_used)] // each test file uses its part

use std::path::PathBuf;

use cosimg::sign::{HeaderPolicy, Request, Signer};
use cosimg::{Credential, KeyTime};
use serde_json::Value;
use time::OffsetDateTime;

pub(crate) const HOST: &str = "examplebucket-1250000000.cos.ap-shanghai.myqcloud.com";
pub(crate) const RULE: &str = "imageMogr2/format/jpg/interlace/1/ignore-error/1";
pub(crate) const START: u64 = 1_700_000_000;

pub(crate) fn window() -> KeyTime {
    KeyTime::new(START, START + 3600).unwrap()
}

pub(crate) fn at(seconds: u64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).unwrap()).unwrap()
}

pub(crate) fn credential() -> Credential {
    Credential::new("AKIDEXAMPLE0000000000", "SKEXAMPLE00000000000")
}

/// A table of `tests/data/sign`.
pub(crate) fn own(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/sign").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A table of the vectors that are shared between checkouts, where there are any.
pub(crate) fn shared(name: &str) -> Option<Value> {
    let root = std::env::var_os("COSIMG_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = root.join("vectors/sign").join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: no {name} among the shared vectors; COSIMG_SHARED names their folder");
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

pub(crate) fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_else(|| panic!("{} has no {field}", row["name"]))
}

pub(crate) fn rows(table: &Value) -> &[Value] {
    let rows = table.get("rows").unwrap_or(table).as_array().unwrap();
    assert!(!rows.is_empty());
    rows
}

/// The request of a row: `params` as pairs, `headers` as an object, `process` as rules.
pub(crate) fn request(row: &Value, host: &str, key: &str) -> Request {
    let mut request = Request::new(text(row, "method"), host, key).unwrap();
    for pair in row["params"].as_array().unwrap() {
        request = request.param(pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
    }
    for rule in row["process"].as_array().into_iter().flatten() {
        request = request.param(rule.as_str().unwrap(), "");
    }
    for (name, value) in row["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    request
}

/// The signer of a row of our own table.
pub(crate) fn signer(row: &Value) -> Signer {
    let mut credential = Credential::new(text(row, "secret_id"), text(row, "secret_key"));
    if let Some(token) = row["token"].as_str() {
        credential = credential.with_token(token);
    }
    let policy = match &row["sign_headers"] {
        Value::String(name) if name == "all" => HeaderPolicy::All,
        Value::String(name) if name == "none" => HeaderPolicy::None,
        Value::Array(names) => HeaderPolicy::Only(names.iter().map(|n| n.as_str().unwrap().to_owned()).collect()),
        _ => HeaderPolicy::Default,
    };
    Signer::new(credential).headers(policy).sign_host(row["sign_host"].as_bool().unwrap())
}
