//! `cosimg sign`: the link alone, or the headers to send; many of either by `batch`.

use cosimg::sign::HeaderPolicy;
use cosimg::{KeyTime, Link, Params, Signer};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::args::{Form, Sign};
use crate::clock;
use crate::credentials;
use crate::failure::{Failure, Outcome};
use crate::output;

#[derive(Serialize)]
struct Signed<'a> {
    schema: u32,
    method: &'a str,
    host: &'a str,
    key: &'a str,
    start: u64,
    end: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Map<String, Value>>,
}

pub(crate) fn run(args: Sign) -> Outcome {
    let credential = credentials::first(args.credentials.as_deref())?;
    if let Some(file) = &args.batch {
        return super::batch::run(file, &credential);
    }
    let key_time = window(&args)?;
    let mut link = Link::new(args.method.as_str(), args.host.as_str(), args.key.as_str());
    for rule in &args.process {
        if !Params::is_rule(rule) {
            output::note(format_args!("warning: --process: `{rule}` has no stage that is known to process a picture"));
        }
        link = link.process(rule.parse::<Params>().map_err(|e| Failure::usage(format_args!("--process: {e}")))?);
    }
    for (key, value) in &args.param {
        link = link.param(key, value);
    }
    for (name, value) in &args.header {
        link = link.header(name, value);
    }
    // Who names a header wants it covered, so the policy is not the default list.
    let signer = Signer::new(credential).headers(HeaderPolicy::All);
    let mut signed = Signed {
        schema: output::SCHEMA,
        method: &args.method,
        host: &args.host,
        key: &args.key,
        start: key_time.start(),
        end: key_time.end(),
        url: None,
        headers: None,
    };
    match args.form {
        Form::Url => {
            let url = link.sign(&signer, key_time)?;
            if args.json {
                signed.url = Some(url.as_str());
                output::json(&signed)
            } else {
                output::line(url)
            }
        }
        Form::Header => {
            let signature = signer.sign(&link.request()?, key_time)?;
            let own = args.header.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let mut headers = signature.headers().into_iter().chain(own);
            if args.json {
                signed.headers = Some(headers.map(|(name, value)| (name.to_owned(), value.into())).collect());
                output::json(&signed)
            } else {
                headers.try_for_each(|(name, value)| output::line(format_args!("{name}: {value}")))
            }
        }
    }
}

fn window(args: &Sign) -> Outcome<KeyTime> {
    let (start, end) = match (args.expires, args.start, args.end) {
        (Some(seconds), _, _) => {
            let now = clock::unix_now()?;
            (now, now.checked_add(seconds).ok_or_else(|| Failure::usage("--expires: the time is too long"))?)
        }
        (None, Some(start), Some(end)) => (start, end),
        _ => return Err(Failure::usage("give --expires, or --start and --end")),
    };
    Ok(KeyTime::new(start, end)?)
}
