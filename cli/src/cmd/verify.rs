//! `cosimg verify`: what a signature covers, or why it is refused and how COS says so.

use cosimg::Verifier;
use cosimg::sign::{Rejected, Request, Verified};
use serde::Serialize;

use crate::args::Verify;
use crate::clock;
use crate::credentials;
use crate::failure::{Exit, Failure, Outcome};
use crate::output;

#[derive(Serialize)]
#[serde(untagged)]
enum Verdict<'a> {
    Holds {
        schema: u32,
        valid: bool,
        secret_id: &'a str,
        start: u64,
        end: u64,
        params: &'a [String],
        headers: &'a [String],
        /// Every parameter and Host are covered.
        complete: bool,
    },
    Refused {
        schema: u32,
        valid: bool,
        reason: &'a str,
        status: u16,
        code: &'a str,
        message: &'a str,
        detail: String,
    },
}

pub(crate) fn run(args: Verify) -> Outcome {
    let url = super::link(args.url)?;
    let mut request =
        Request::from_url(&args.method, url.trim()).map_err(|e| Failure::usage(format_args!("URL: {e}")))?;
    for (name, value) in args.header {
        request = request.header(name, value);
    }
    let verifier =
        credentials::load(args.credentials.as_deref())?.into_iter().fold(Verifier::new(), Verifier::credential);
    let unix = args.now.map_or_else(clock::unix_now, Ok)?;
    let now = clock::at(unix)?;

    match verifier.clone().strict(args.strict).verify(&request, now) {
        Ok(verified) => {
            let complete = args.strict || verifier.strict(true).verify(&request, now).is_ok();
            holds(&verified, complete, unix, args.json)
        }
        Err(rejected) => {
            refused(&rejected, args.json)?;
            Err(Failure::told(Exit::Refused))
        }
    }
}

fn holds(verified: &Verified, complete: bool, now: u64, json: bool) -> Outcome {
    let (start, end) = (verified.key_time.start(), verified.key_time.end());
    if json {
        return output::json(&Verdict::Holds {
            schema: output::SCHEMA,
            valid: true,
            secret_id: &verified.secret_id,
            start,
            end,
            params: &verified.params,
            headers: &verified.headers,
            complete,
        });
    }
    let list = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join("\n            ") };
    output::line("valid")?;
    output::line(format_args!("signed by   {}", verified.secret_id))?;
    output::line(format_args!("from        {}", clock::text(start)))?;
    output::line(format_args!("until       {} ({} s left)", clock::text(end), end.saturating_sub(now)))?;
    output::line(format_args!("parameters  {}", list(&verified.params)))?;
    output::line(format_args!("headers     {}", list(&verified.headers)))?;
    if !complete {
        output::note("warning: not every parameter and Host are covered; who has the link can change the rest");
    }
    Ok(())
}

fn refused(rejected: &Rejected, json: bool) -> Outcome {
    let reason = rejected.reason().as_str();
    let (status, code, message) = (rejected.status(), rejected.code(), rejected.message());
    if json {
        let (schema, detail) = (output::SCHEMA, rejected.reason().to_string());
        return output::json(&Verdict::Refused { schema, valid: false, reason, status, code, message, detail });
    }
    output::line(format_args!("refused     {reason}: {}", rejected.reason()))?;
    output::line(format_args!("COS says    {status} {code}: {message}"))
}
