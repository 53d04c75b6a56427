//! `cosimg sign --batch`: a request a line in, a signed request a line out.
//!
//! ```text
//! {"method","host","key","params":[[k,v]…],"headers":{…},"process":[…],"start","end","sign_host","sign_headers"}
//! → {"url","authorization","http_string","string_to_sign"}  or  {"error","field"}
//! ```
//!
//! A line that cannot be signed fails alone. Rules in `process` are signed as they are written, known to this version
//! or not.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use cosimg::sign::{HeaderPolicy, Request};
use cosimg::{Credential, KeyTime, Signer};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::failure::{Exit, Failure, Outcome};
use crate::output;

/// A line longer than this is refused.
const LINE_LIMIT: u64 = 1 << 20;

#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Signed { url: String, authorization: String, http_string: String, string_to_sign: String },
    Refused { error: String, field: Option<String> },
}

pub(crate) fn run(file: &Path, credential: &Credential) -> Outcome {
    let opened: Box<dyn Read> = if output::is_dash(file) {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(file).map_err(|e| Failure::usage(format_args!("{}: {e}", file.display())))?)
    };
    let mut source = BufReader::new(opened);
    let (mut failed, mut unreadable) = (false, None);
    output::stdout(|out| {
        let mut out = BufWriter::new(out);
        let mut line = Vec::new();
        loop {
            match read_line(&mut source, &mut line) {
                Ok(true) => {}
                Ok(false) => return out.flush(),
                Err(error) => {
                    unreadable = Some(error);
                    return out.flush();
                }
            }
            let answer =
                sign(&line, credential).unwrap_or_else(|Wrong { error, field }| Answer::Refused { error, field });
            failed |= matches!(answer, Answer::Refused { .. });
            serde_json::to_writer(&mut out, &answer)?;
            out.write_all(b"\n")?;
        }
    })?;
    match unreadable {
        Some(error) => Err(Failure::io(file.display(), &error)),
        None if failed => Err(Failure::told(Exit::Failed)),
        None => Ok(()),
    }
}

/// The next line without its end; of one that is too long, as much as shows that. False at the end.
fn read_line(source: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    source.by_ref().take(LINE_LIMIT + 1).read_until(b'\n', line)?;
    if line.len() as u64 > LINE_LIMIT && line.last() != Some(&b'\n') {
        source.skip_until(b'\n')?;
        return Ok(true);
    }
    let read = !line.is_empty();
    while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        line.pop();
    }
    Ok(read)
}

/// Why a line is refused; never its values.
struct Wrong {
    error: String,
    field: Option<String>,
}

impl From<cosimg::Error> for Wrong {
    fn from(error: cosimg::Error) -> Self {
        Self { error: error.message().to_owned(), field: error.field().map(str::to_owned) }
    }
}

fn wrong(field: &str, error: &str) -> Wrong {
    Wrong { error: error.to_owned(), field: Some(field.to_owned()) }
}

fn sign(line: &[u8], credential: &Credential) -> Result<Answer, Wrong> {
    let whole = |error: &str| Wrong { error: error.to_owned(), field: None };
    if line.len() as u64 > LINE_LIMIT {
        return Err(whole("the line is too long"));
    }
    let Ok(Value::Object(fields)) = serde_json::from_slice(line) else {
        return Err(whole("a line is one JSON object"));
    };
    if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(wrong(unknown, "this field is not known"));
    }
    let key_time = KeyTime::new(seconds(&fields, "start")?, seconds(&fields, "end")?)?;
    let request = request(&fields)?;
    let signer = Signer::new(credential.clone()).headers(policy(&fields)?).sign_host(flag(&fields, "sign_host")?);
    let window = signer.within(key_time)?;
    let mut url = String::new();
    window.presign_into(&request, &mut url)?;
    let signature = window.sign(&request)?;
    Ok(Answer::Signed {
        url,
        authorization: signature.authorization().to_owned(),
        http_string: signature.redacted_http_string().to_owned(),
        string_to_sign: signature.string_to_sign().to_owned(),
    })
}

const FIELDS: [&str; 10] =
    ["method", "host", "key", "params", "headers", "process", "start", "end", "sign_host", "sign_headers"];

fn request(fields: &Map<String, Value>) -> Result<Request, Wrong> {
    let method = match fields.get("method") {
        None => "GET",
        Some(method) => method.as_str().ok_or_else(|| wrong("method", "must be a string"))?,
    };
    let mut request = Request::new(method, text(fields, "host")?, text(fields, "key")?)?;
    for rule in list(fields, "process")? {
        request = request.param(rule.as_str().ok_or_else(|| wrong("process", "must be a list of strings"))?, "");
    }
    for pair in list(fields, "params")? {
        let pair: Option<Vec<_>> = pair.as_array().and_then(|pair| pair.iter().map(Value::as_str).collect());
        let Some([key, value]) = pair.as_deref() else {
            return Err(wrong("params", "must be a list of pairs of strings"));
        };
        request = request.param(*key, *value);
    }
    let none = Map::new();
    let headers = match fields.get("headers") {
        None => &none,
        Some(headers) => headers.as_object().ok_or_else(|| wrong("headers", "must be an object"))?,
    };
    for (name, value) in headers {
        let value = value.as_str().ok_or_else(|| wrong("headers", "must be an object of strings"))?;
        request = request.header(name, value);
    }
    Ok(request)
}

fn policy(fields: &Map<String, Value>) -> Result<HeaderPolicy, Wrong> {
    let must = || wrong("sign_headers", "must be \"default\", \"all\", \"none\" or a list of names");
    match fields.get("sign_headers") {
        None => Ok(HeaderPolicy::Default),
        Some(Value::String(name)) => match name.as_str() {
            "default" => Ok(HeaderPolicy::Default),
            "all" => Ok(HeaderPolicy::All),
            "none" => Ok(HeaderPolicy::None),
            _ => Err(must()),
        },
        Some(Value::Array(names)) => {
            let names: Option<Vec<_>> = names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
            names.map(HeaderPolicy::Only).ok_or_else(must)
        }
        Some(_) => Err(must()),
    }
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a str, Wrong> {
    let value = fields.get(name).ok_or_else(|| wrong(name, "is missing"))?;
    value.as_str().ok_or_else(|| wrong(name, "must be a string"))
}

fn seconds(fields: &Map<String, Value>, name: &str) -> Result<u64, Wrong> {
    let value = fields.get(name).ok_or_else(|| wrong(name, "is missing"))?;
    value.as_u64().ok_or_else(|| wrong(name, "must be a Unix time in seconds"))
}

fn flag(fields: &Map<String, Value>, name: &str) -> Result<bool, Wrong> {
    fields.get(name).map_or(Ok(true), |value| value.as_bool().ok_or_else(|| wrong(name, "must be true or false")))
}

fn list<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a [Value], Wrong> {
    match fields.get(name) {
        None => Ok(&[]),
        Some(value) => value.as_array().map(Vec::as_slice).ok_or_else(|| wrong(name, "must be a list")),
    }
}
