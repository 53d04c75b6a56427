//! What a request may have: signature first, then the bucket, the key and the rule. Who is not allowed learns nothing
//! about what exists.

use std::sync::Arc;
use std::time::Duration;

use cosimg::pipeline::{Format, IgnoreError, Processor};
use cosimg::sign::Request;
use cosimg::{Cancel, Limits, Params};
use hyper::header::HOST;
use hyper::http::request::Parts;
use hyper::{Method, Uri};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::Shared;
use super::bucket::Bucket;
use super::respond::{Object, Refusal};
use crate::clock;
use crate::output;

/// Time to wait for a worker before the client is asked to come back later.
const QUEUE_TIME: Duration = Duration::from_secs(20);
/// Time to process a picture.
const WORK_TIME: Duration = Duration::from_secs(60);

/// What an allowed request asks for.
struct Plan {
    bucket: Arc<Bucket>,
    key: String,
    rule: Option<Params>,
    seconds_left: u64,
}

pub(super) async fn answer(shared: &Shared, head: &Parts, log: &mut Log) -> Result<Object, Refusal> {
    let plan = plan(shared, head, log)?;
    let worker = timeout(QUEUE_TIME, Arc::clone(&shared.workers).acquire_owned()).await;
    let Ok(Ok(worker)) = worker else {
        return Err(Refusal::new(503, "SlowDown", "Please reduce your request rate."));
    };
    let limits = shared.limits.clone();
    let cancel = Cancel::new();
    // Raised when the time is up, and when the client goes away and this future is dropped.
    let _stop = CancelOnDrop(cancel.clone());
    let work = spawn_blocking(move || {
        let done = carry_out(&plan, limits, cancel);
        drop(worker);
        done
    });
    match timeout(WORK_TIME, work).await {
        Ok(Ok(done)) => done,
        Ok(Err(_panic)) => Err(Refusal::new(500, "InternalError", "We encountered an internal error.")),
        Err(_) => Err(Refusal::new(503, "ServiceUnavailable", "The processing took too long.")),
    }
}

fn plan(shared: &Shared, head: &Parts, log: &mut Log) -> Result<Plan, Refusal> {
    if !matches!(head.method, Method::GET | Method::HEAD) {
        let message = "The specified method is not allowed against this resource.";
        return Err(Refusal::new(405, "MethodNotAllowed", message));
    }
    let request = received(head)?;
    let rules: Vec<_> = request.query().iter().filter(|(key, _)| Params::is_rule(key)).collect();
    log.rule = rules.first().map(|(key, _)| (*key).to_owned());

    let now = clock::now();
    let verified = shared.verifier.verify(&request, now).map_err(|rejected| {
        log.reason = Some(rejected.reason().as_str());
        Refusal::Signature(rejected)
    })?;
    let rule = match rules.as_slice() {
        [] => None,
        [(rule, None | Some(""))] => Some(rule.parse::<Params>().map_err(|e| Refusal::rule(&e))?),
        [_] => return Err(Refusal::new(400, "InvalidArgument", "An = inside a processing rule must be encoded.")),
        _ => return Err(Refusal::new(400, "InvalidArgument", "There is more than one processing rule.")),
    };
    let bucket = bucket(shared, request.host().unwrap_or_default())?;
    let key = request.path().strip_prefix('/').unwrap_or(request.path()).to_owned();
    if key.is_empty() {
        return Err(Refusal::new(501, "NotImplemented", "This gateway does not list a bucket."));
    }
    let now = u64::try_from(now.unix_timestamp()).unwrap_or_default();
    Ok(Plan { bucket, key, rule, seconds_left: verified.key_time.end().saturating_sub(now) })
}

/// The request as the verifier takes it. A request that two readers may read in two ways is none.
fn received(head: &Parts) -> Result<Request, Refusal> {
    let invalid = |message: &'static str| Refusal::new(400, "InvalidRequest", message);
    if head.headers.get_all(HOST).iter().count() != 1 {
        return Err(invalid("There must be exactly one Host header."));
    }
    if head.uri.authority().is_some() {
        return Err(invalid("The request target must be a path."));
    }
    // Values that are not UTF-8 are nothing that a signature can cover.
    let headers = head.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    Request::from_wire(head.method.as_str(), target(&head.uri), headers)
        .map_err(|e| Refusal::new(400, "InvalidURI", e.to_string()))
}

fn target(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |target| target.as_str())
}

/// With one bucket any Host is that bucket; else the Host's first label names it.
fn bucket(shared: &Shared, host: &str) -> Result<Arc<Bucket>, Refusal> {
    let label = host.split('.').next().unwrap_or_default();
    let found = match shared.buckets.as_slice() {
        [only] => Some(only),
        several => several.iter().find(|bucket| bucket.name == label),
    };
    found.cloned().ok_or_else(|| Refusal::new(404, "NoSuchBucket", "The specified bucket does not exist."))
}

fn carry_out(plan: &Plan, limits: Limits, cancel: Cancel) -> Result<Object, Refusal> {
    let source = plan.bucket.read(&plan.key)?;
    let Some(rule) = &plan.rule else {
        let content_type = Format::sniff(&source).map_or("application/octet-stream", Format::content_type);
        return Ok(Object::new(source, content_type, plan.seconds_left));
    };
    // An operation that the service carries out and this gateway does not is no reason to hand out the original.
    let processor = Processor::new().limits(limits).cancel(cancel).ignore_error(IgnoreError::Limits);
    let processed = processor.run(&source, rule).map_err(|e| Refusal::processing(&e))?;
    Ok(Object::new(processed.bytes, processed.format.content_type(), plan.seconds_left))
}

struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.trigger();
    }
}

/// What is worth a line in the log. Of the query only the rule is kept: the signature and the token are bearer
/// secrets, and what is not taken up need not be found and struck out.
#[derive(Default)]
pub(super) struct Log {
    rule: Option<String>,
    reason: Option<&'static str>,
}

impl Log {
    pub(super) fn print(&self, head: &Parts, answer: &Result<Object, Refusal>, took: Duration) {
        let (method, path) = (&head.method, head.uri.path());
        // Escaped, so that nobody writes a line of their own into the log.
        let rule = self.rule.as_ref().map_or_else(String::new, |rule| format!("?{}", rule.escape_debug()));
        let outcome = match answer {
            Ok(object) => format!("200 {} {} bytes", object.content_type, object.bytes.len()),
            Err(refusal) => {
                let reason = self.reason.map_or_else(String::new, |reason| format!(" ({reason})"));
                format!("{} {}{reason}", refusal.status(), refusal.code())
            }
        };
        output::note(format_args!("{method} {path}{rule} {outcome}, {} ms", took.as_millis()));
    }
}
