//! `cosimg explain`: every text that is signed in a request, the first difference, and why it is refused.

use std::path::Path;

use cosimg::sign::{Answer, Certainty, Explainer, Explanation, Request};
use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event;
use serde::Serialize;

use crate::args::Explain;
use crate::clock;
use crate::credentials;
use crate::failure::{Exit, Failure, Outcome};
use crate::output;

/// COS's errors have a few kilobytes.
const XML_LIMIT: u64 = 1 << 20;

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    secret_id: Option<&'a str>,
    start: Option<u64>,
    end: Option<u64>,
    params: &'a [String],
    headers: &'a [String],
    http_string: Option<&'a str>,
    string_to_sign: Option<&'a str>,
    signature_holds: Option<bool>,
    difference: Option<Difference<'a>>,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Difference<'a> {
    line: &'static str,
    offset: usize,
    ours: &'a str,
    theirs: &'a str,
}

#[derive(Serialize)]
struct Finding {
    cause: &'static str,
    certainty: &'static str,
    message: String,
    remedy: &'static str,
}

/// Exit code 4 where a cause was found.
pub(crate) fn run(args: Explain) -> Outcome {
    let url = super::link(args.url)?;
    let mut request =
        Request::from_url(&args.method, url.trim()).map_err(|e| Failure::usage(format_args!("URL: {e}")))?;
    for (name, value) in args.header {
        request = request.header(name, value);
    }
    let now = clock::at(args.now.map_or_else(clock::unix_now, Ok)?)?;
    let mut explainer = args.host.into_iter().fold(Explainer::new().at(now), Explainer::host);
    if let Some(file) = &args.xml {
        explainer = explainer.answer(answer(file)?);
    }
    let signer = explainer.explain(&request).secret_id().map(str::to_owned);
    let mut known = credentials::if_any(args.credentials.as_deref())?;
    let index = known.iter().position(|key| Some(key.secret_id()) == signer.as_deref()).unwrap_or_default();
    if index < known.len() {
        explainer = explainer.credential(known.swap_remove(index));
    }
    let explanation = explainer.explain(&request);
    if args.json { output::json(&report(&explanation)) } else { show(&explanation) }?;
    let refused = |certainty| certainty != Certainty::Possible;
    if explanation.findings().iter().any(|finding| refused(finding.certainty)) {
        return Err(Failure::told(Exit::Refused));
    }
    Ok(())
}

fn report(explanation: &Explanation) -> Report<'_> {
    Report {
        schema: output::SCHEMA,
        secret_id: explanation.secret_id(),
        start: explanation.key_time().map(|time| time.start()),
        end: explanation.key_time().map(|time| time.end()),
        params: explanation.params(),
        headers: explanation.headers(),
        http_string: explanation.http_string(),
        string_to_sign: explanation.string_to_sign(),
        signature_holds: explanation.signature_holds(),
        difference: explanation.difference().map(|difference| Difference {
            line: difference.line.as_str(),
            offset: difference.offset,
            ours: &difference.ours,
            theirs: &difference.theirs,
        }),
        findings: explanation
            .findings()
            .iter()
            .map(|finding| Finding {
                cause: finding.cause.as_str(),
                certainty: finding.certainty.as_str(),
                message: finding.cause.to_string(),
                remedy: finding.cause.remedy(),
            })
            .collect(),
    }
}

fn show(explanation: &Explanation) -> Outcome {
    if let Some(secret_id) = explanation.secret_id() {
        output::line(format_args!("signed by     {}", secret_id.escape_debug()))?;
    }
    if let Some(time) = explanation.key_time() {
        output::line(format_args!("from          {}", clock::text(time.start())))?;
        output::line(format_args!("until         {}", clock::text(time.end())))?;
    }
    for (title, text) in [("HttpString", explanation.http_string()), ("StringToSign", explanation.string_to_sign())] {
        let lines = text.unwrap_or_default().split_terminator('\n').enumerate();
        for (index, line) in lines {
            let title = if index == 0 { title } else { "" };
            output::line(format_args!("{title:<14}{}", line.escape_debug()))?;
        }
    }
    let signature = match explanation.signature_holds() {
        Some(true) => "holds",
        Some(false) => "is not that of these texts",
        None => "not computed: there is no credential that signed it",
    };
    output::line(format_args!("signature     {signature}"))?;
    if let Some(difference) = explanation.difference() {
        output::line(format_args!("difference    {}, byte {}", difference.line.as_str(), difference.offset))?;
        output::line(format_args!("  this link   {}", difference.ours.escape_debug()))?;
        output::line(format_args!("  the other   {}", difference.theirs.escape_debug()))?;
    }
    for finding in explanation.findings() {
        let (cause, certainty) = (&finding.cause, finding.certainty.as_str());
        output::line(format_args!("cause         {}: {cause} ({certainty})", cause.as_str()))?;
        output::line(format_args!("remedy        {}", cause.remedy()))?;
    }
    if explanation.findings().is_empty() {
        output::line("cause         none found")?;
    }
    Ok(())
}

/// The elements of COS's error document that matter here.
fn answer(file: &Path) -> Outcome<Answer> {
    let bytes = output::read(file, XML_LIMIT)?;
    let text =
        std::str::from_utf8(&bytes).map_err(|_| Failure::usage(format_args!("{}: not UTF-8", file.display())))?;
    parse(text).map_err(|problem| Failure::new(Exit::Failed, format_args!("{}: {problem}", file.display())))
}

/// Elements within elements; COS's document has two levels.
const XML_DEPTH: usize = 16;

fn parse(xml: &str) -> Result<Answer, String> {
    let wrong = |at: u64, what: &str| format!("{what} at byte {at}");
    let (mut reader, mut answer, mut found) = (Reader::from_str(xml), Answer::new(), false);
    // The names of the open elements, and the text of the innermost.
    let (mut open, mut text) = (Vec::new(), String::new());
    loop {
        let at = reader.buffer_position();
        match reader.read_event().map_err(|_| wrong(at, "not XML"))? {
            Event::Start(_) if open.len() == XML_DEPTH => return Err(wrong(at, "too deep an element")),
            Event::Start(start) => {
                open.push(start.name().as_ref().to_owned());
                text.clear();
            }
            Event::Text(part) => text.push_str(&part.xml10_content()),
            Event::CData(part) => text.push_str(&part),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(character)) => text.push(character),
                _ => text.push_str(resolve_xml_entity(&reference).ok_or_else(|| wrong(at, "an unknown entity"))?),
            },
            Event::End(_) => {
                let path: Vec<_> = open.iter().map(String::as_str).collect();
                found |= path.first() == Some(&"Error");
                answer = match path[..] {
                    ["Error", "Code"] => answer.code(&text),
                    ["Error", "Message"] => answer.message(&text),
                    ["Error", "FormatString"] => answer.format_string(&text),
                    ["Error", "StringToSign"] => answer.string_to_sign(&text),
                    _ => answer,
                };
                open.pop();
            }
            Event::Eof if found && open.is_empty() => return Ok(answer),
            Event::Eof => return Err("not an error document of COS".to_owned()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_are_unescaped_and_keep_their_lines() {
        let xml = "<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n\t<Code>SignatureDoesNotMatch</Code>\n\
            \t<StringToSign>sha1\n1;2\nab\n</StringToSign>\n\
            \t<FormatString>get\n/a&lt;b&gt;&#x56fe;\nx=&amp;y=\n\n</FormatString>\n\t<Resource>h/Code</Resource>\n</Error>\n";
        let expected = Answer::new()
            .code("SignatureDoesNotMatch")
            .string_to_sign("sha1\n1;2\nab\n")
            .format_string("get\n/a<b>图\nx=&y=\n\n");
        assert_eq!(parse(xml).unwrap(), expected);
        for wrong in
            ["", "text", "<html></html>", "<Error><Code>a</Error>", "<Error>&what;</Error>", "<Error><Code>a</Code>"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse(&format!("<Error>{}{}</Error>", "<a>".repeat(100_000), "</a>".repeat(100_000))).is_err());
    }
}
