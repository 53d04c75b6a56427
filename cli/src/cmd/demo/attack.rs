//! What an attacker would try with a link: each attempt must be refused in COS's form, and nothing may leak.

use std::collections::HashSet;

use cosimg::{Credential, KeyTime};

use super::Checks;
use super::client::{self, Reply};
use super::stage::{OTHER, Object, SAMPLES, Stage};
use crate::clock;
use crate::failure::Outcome;
use crate::output::line;

const MISMATCH: &str = "SignatureDoesNotMatch";
const DENIED: &str = "AccessDenied";

struct Attack {
    name: &'static str,
    host: String,
    target: String,
    /// COS's code for it.
    code: &'static str,
}

pub(super) async fn run(stage: &Stage, object: &Object, link: &str, checks: &mut Checks) -> Outcome {
    line("  attacks on the link, each refused with:")?;
    for Attack { name, host, target, code } in attacks(stage, object, link)? {
        let reply = client::get(stage.address, &host, &target).await?;
        let said = reply.code().unwrap_or("no error document");
        let refused = reply.status == 403 && said == code;
        let leaked = [object.bytes.as_slice(), SAMPLES[0].1].iter().any(|original| leaks(&reply, original));
        let leak = if leaked { ", and the original LEAKED" } else { "" };
        checks.check(refused && !leaked, format_args!("{name:<38} {} {said}{leak}", reply.status))?;
    }
    Ok(())
}

fn attacks(stage: &Stage, object: &Object, link: &str) -> Outcome<Vec<Attack>> {
    let target = stage.target(link);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let fields: Vec<&str> = query.split('&').collect();
    let own = stage.address.to_string();
    let without = |unwanted: fn(&str) -> bool| {
        let kept: Vec<_> = fields.iter().copied().filter(|field| !unwanted(field)).collect();
        kept.join("&")
    };
    let is_rule = |field: &str| field.starts_with("imageMogr2");
    let is_signature = |field: &str| field.starts_with("q-");
    let no_rule = without(is_rule);
    let no_list: Vec<_> = no_rule
        .split('&')
        .map(|field| if field.starts_with("q-url-param-list=") { "q-url-param-list=" } else { field })
        .collect();
    // In the rule and in the list that covers it, so that the two agree.
    let baseline = query.replace("interlace%2F1", "interlace%2F0").replace("interlace%252f1", "interlace%252f0");

    let now = clock::unix_now()?;
    let wrong = Credential::new(stage.credential.secret_id(), "not the secret of this gateway");
    let stranger = Credential::new("AKIDsomebodyelse", "a secret of their own");
    let expired = stage.sign(
        &object.key,
        &stage.credential,
        KeyTime::new(now.saturating_sub(1_200), now.saturating_sub(600))?,
    )?;
    let forged = stage.sign(&object.key, &wrong, KeyTime::new(now, now + 600)?)?;
    let strange = stage.sign(&object.key, &stranger, KeyTime::new(now, now + 600)?)?;

    let attempt = |name, target: String, code| Attack { name, host: own.clone(), target, code };
    Ok(vec![
        attempt("the rule stripped", format!("{path}?{no_rule}"), MISMATCH),
        attempt("the rule stripped, from the list too", format!("{path}?{}", no_list.join("&")), MISMATCH),
        attempt("everything stripped", path.to_owned(), DENIED),
        attempt("the signature stripped, the rule kept", format!("{path}?{}", without(is_signature)), DENIED),
        attempt("interlace/1 changed to 0", format!("{path}?{baseline}"), MISMATCH),
        attempt("another rule added", format!("{target}&imageMogr2%2Fformat%2Fpng="), DENIED),
        attempt("another key", format!("/{OTHER}?{query}"), MISMATCH),
        Attack {
            name: "a changed host",
            host: "otherbucket-1250000000.cos.ap-shanghai.myqcloud.com".to_owned(),
            target: target.to_owned(),
            code: MISMATCH,
        },
        attempt("an expired link", stage.target(&expired).to_owned(), DENIED),
        attempt("a wrong secret", stage.target(&forged).to_owned(), MISMATCH),
        attempt("an unknown secret id", stage.target(&strange).to_owned(), "InvalidAccessKeyId"),
    ])
}

/// Does the answer hold a piece of the original? Any 63 bytes in a row of it have one of these pieces whole.
fn leaks(reply: &Reply, original: &[u8]) -> bool {
    const PIECE: usize = 32;
    let pieces: HashSet<&[u8]> = original.chunks_exact(PIECE).collect();
    reply.body.windows(PIECE).any(|run| pieces.contains(run))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leak_is_seen_wherever_it_is() {
        let original: Vec<u8> = (0..=255).collect();
        let reply =
            |body: &[u8]| Reply { status: 403, content_type: "application/xml".to_owned(), body: body.to_vec() };
        assert!(leaks(&reply(&[b"<Error>", &original[100..163]].concat()), &original));
        assert!(!leaks(&reply(&original[100..110]), &original));
        assert!(!leaks(&reply(b"<?xml version='1.0' encoding='utf-8' ?><Error><Code>AccessDenied"), &original));
    }
}
