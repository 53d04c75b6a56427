//! The only way to secrets: the environment or a file, never an argument. Nothing here prints a value, and what is
//! read is wiped when it is dropped.

use std::env;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::mem;
use std::path::Path;

use cosimg::Credential;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::failure::{Failure, Outcome};

const SECRET_ID: &str = "COSIMG_SECRET_ID";
const SECRET_KEY: &str = "COSIMG_SECRET_KEY";
const TOKEN: &str = "COSIMG_TOKEN";

/// A file larger than this holds something else.
const FILE_LIMIT: u64 = 1 << 20;

/// All credentials of `file`, or the one of the environment. Never empty.
pub(crate) fn load(file: Option<&Path>) -> Outcome<Vec<Credential>> {
    match file {
        Some(path) => from_file(path),
        None => from_environment(|name| env::var(name)).map(|credential| vec![credential]),
    }
}

/// All of [`load`], or none where neither a file nor the environment names any.
pub(crate) fn if_any(file: Option<&Path>) -> Outcome<Vec<Credential>> {
    let named = [SECRET_ID, SECRET_KEY].iter().any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()));
    if file.is_some() || named { load(file) } else { Ok(Vec::new()) }
}

/// The first of [`load`]: the one to sign with.
pub(crate) fn first(file: Option<&Path>) -> Outcome<Credential> {
    load(file)?.into_iter().next().ok_or_else(|| Failure::usage("there are no credentials"))
}

fn from_environment(variable: impl Fn(&str) -> Result<String, env::VarError>) -> Outcome<Credential> {
    let read = |name: &str| match variable(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(Zeroizing::new(value))),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(Failure::usage(format_args!("{name} is not UTF-8"))),
    };
    let required = |name: &str| {
        read(name)?.ok_or_else(|| Failure::usage(format_args!("{name} is not set, and there is no --credentials FILE")))
    };
    Ok(credential(required(SECRET_ID)?, required(SECRET_KEY)?, read(TOKEN)?))
}

fn from_file(path: &Path) -> Outcome<Vec<Credential>> {
    let name = path.display();
    let mut bytes = Zeroizing::new(Vec::new());
    let read = File::open(path).and_then(|file| file.take(FILE_LIMIT + 1).read_to_end(&mut bytes));
    read.map_err(|e| Failure::usage(format_args!("{name}: {e}")))?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(Failure::usage(format_args!("{name}: over {FILE_LIMIT} bytes, this is no credentials file")));
    }
    parse(&bytes).map_err(|problem| Failure::usage(format_args!("{name}: {problem}")))
}

/// The form of the file, checked field by field, because the messages of a JSON library quote what they found.
fn parse(bytes: &[u8]) -> Result<Vec<Credential>, Problem> {
    let mut document: Value = serde_json::from_slice(bytes)
        .map_err(|e| Problem(format!("not JSON at line {}, column {}", e.line(), e.column())))?;
    let parsed = entries(&mut document);
    wipe(&mut document);
    parsed
}

fn entries(document: &mut Value) -> Result<Vec<Credential>, Problem> {
    let list = document.get_mut("credentials").and_then(Value::as_array_mut);
    let list = list.ok_or_else(|| Problem("credentials: must be a list".to_owned()))?;
    if list.is_empty() {
        return Err(Problem("credentials: is empty".to_owned()));
    }
    list.iter_mut().enumerate().map(|(i, entry)| parse_entry(&format!("credentials[{i}]"), entry)).collect()
}

fn parse_entry(place: &str, entry: &mut Value) -> Result<Credential, Problem> {
    let fields = entry.as_object_mut().ok_or_else(|| Problem(format!("{place}: must be an object")))?;
    if fields.keys().any(|key| !matches!(key.as_str(), "secret_id" | "secret_key" | "token")) {
        return Err(Problem(format!("{place}: has a field other than secret_id, secret_key and token")));
    }
    let required = |fields: &mut Map<String, Value>, name: &str| {
        take(place, fields, name)?.ok_or_else(|| Problem(format!("{place}.{name}: is missing")))
    };
    Ok(credential(required(fields, "secret_id")?, required(fields, "secret_key")?, take(place, fields, "token")?))
}

fn take(place: &str, fields: &mut Map<String, Value>, name: &str) -> Result<Option<Zeroizing<String>>, Problem> {
    match fields.get_mut(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Err(Problem(format!("{place}.{name}: is empty"))),
        Some(Value::String(text)) => Ok(Some(Zeroizing::new(mem::take(text)))),
        Some(_) => Err(Problem(format!("{place}.{name}: must be a string"))),
    }
}

fn credential(id: Zeroizing<String>, key: Zeroizing<String>, token: Option<Zeroizing<String>>) -> Credential {
    // Moved, not copied: the credential wipes them.
    let mut parts = (id, key);
    let credential = Credential::new(mem::take(&mut *parts.0), mem::take(&mut *parts.1));
    match token {
        Some(mut token) => credential.with_token(mem::take(&mut *token)),
        None => credential,
    }
}

/// What an error left unread in the document.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => drop(Zeroizing::new(mem::take(text))),
        Value::Array(list) => list.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What is wrong with a file, naming the field and never its value.
#[derive(Debug, PartialEq)]
struct Problem(String);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_the_file() {
        let two =
            br#"{"credentials":[{"secret_id":"a","secret_key":"b"},{"secret_id":"c","secret_key":"d","token":"e"}]}"#;
        let ids: Vec<_> = parse(two).unwrap().iter().map(|c| c.secret_id().to_owned()).collect();
        assert_eq!(ids, ["a", "c"]);
    }

    #[test]
    fn errors_name_the_field_and_never_the_value() {
        for (text, message) in [
            ("SECRETVALUE", "not JSON at line 1, column 1"),
            (r#"["SECRETVALUE"]"#, "credentials: must be a list"),
            (r#"{"credentials":"SECRETVALUE"}"#, "credentials: must be a list"),
            (r#"{"credentials":[]}"#, "credentials: is empty"),
            (r#"{"credentials":["SECRETVALUE"]}"#, "credentials[0]: must be an object"),
            (r#"{"credentials":[{"secret_id":"SECRETVALUE"}]}"#, "credentials[0].secret_key: is missing"),
            (r#"{"credentials":[{"secret_id":"x","secret_key":""}]}"#, "credentials[0].secret_key: is empty"),
            (
                r#"{"credentials":[{"secret_id":"x","secret_key":["SECRETVALUE"]}]}"#,
                "credentials[0].secret_key: must be a string",
            ),
            (
                r#"{"credentials":[{"secret_id":"x","secret_key":"y","token":12345678}]}"#,
                "credentials[0].token: must be a string",
            ),
            (
                r#"{"credentials":[{"secret_id":"x","secret_key":"y","SECRETVALUE":1}]}"#,
                "credentials[0]: has a field other than secret_id, secret_key and token",
            ),
        ] {
            let problem = parse(text.as_bytes()).unwrap_err().to_string();
            assert_eq!(problem, message);
            assert!(!problem.contains("SECRETVALUE") && !problem.contains("12345678"));
        }
    }

    #[test]
    fn the_environment_must_have_both_halves() {
        let with = |set: &'static [(&str, &str)]| {
            from_environment(move |name| {
                set.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()).ok_or(env::VarError::NotPresent)
            })
        };
        assert_eq!(with(&[(SECRET_ID, "a"), (SECRET_KEY, "b")]).unwrap().secret_id(), "a");
        let missing = with(&[(SECRET_ID, "SECRETVALUE"), (SECRET_KEY, "")]).unwrap_err();
        assert!(missing.message().unwrap().starts_with("COSIMG_SECRET_KEY is not set"));
    }
}
