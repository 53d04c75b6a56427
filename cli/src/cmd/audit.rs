//! `cosimg audit`: what a link leaves open.

use cosimg::link::{Severity, Weakness, audit};
use cosimg::sign::Request;
use serde::Serialize;

use crate::args::Audit;
use crate::failure::{Exit, Failure, Outcome};
use crate::output;

#[derive(Serialize)]
struct Report {
    schema: u32,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Finding {
    weakness: &'static str,
    severity: &'static str,
    message: String,
}

/// Exit code 4 where something can be changed or reached that was not meant.
pub(crate) fn run(args: Audit) -> Outcome {
    let url = super::link(args.url)?;
    let request = Request::from_url(&args.method, url.trim()).map_err(|e| Failure::usage(format_args!("URL: {e}")))?;
    let found = audit(&request)?;
    if args.json {
        let finding = |weakness: &Weakness| Finding {
            weakness: weakness.as_str(),
            severity: weakness.severity().as_str(),
            message: weakness.to_string(),
        };
        let findings = found.iter().map(finding).collect();
        output::json(&Report { schema: output::SCHEMA, findings })?;
    } else if found.is_empty() {
        output::line("nothing to warn of")?;
    } else {
        for weakness in &found {
            output::line(format_args!("{:<8}{}: {weakness}", weakness.severity().as_str(), weakness.as_str()))?;
        }
    }
    if found.iter().any(|weakness| weakness.severity() >= Severity::Medium) {
        return Err(Failure::told(Exit::Refused));
    }
    Ok(())
}
