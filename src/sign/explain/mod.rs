//! Why a signed request is refused: every text that is signed, the first difference, and the cause in words.
//!
//! What can be known depends on what is given. The request alone shows what is malformed. With the SecretKey the right
//! signature is computed; where the request presents another, each mistake that signers are known to make is tried,
//! alone and in pairs, and the one that gives the presented signature is the cause. COS's answer shows what arrived.
//!
//! ```text
//! cause     the causes and their sentences          mistakes   drafts of what a wrong signer signed
//! answer    COS's error document against ours
//! ```

mod answer;
mod cause;
mod mistakes;

use std::collections::HashMap;
use std::fmt;

use time::OffsetDateTime;

pub use self::answer::Answer;
pub use self::cause::{Cause, Certainty, Difference, Finding, Line};
use self::mistakes::{Draft, Pair};
use super::canonical::{Values, canonical_key};
use super::credential::Credential;
use super::fields::Fields;
use super::key_time::KeyTime;
use super::rejected::{Part, Reason};
use super::request::Request;
use super::verify::{TOKEN, carries_token_of};

/// Explains a signed request.
///
/// ```
/// use cosimg::sign::{Cause, Credential, Explainer, KeyTime, Request, Signer};
///
/// # fn main() -> cosimg::Result<()> {
/// let key = Credential::new("AKIDEXAMPLE0000000000", "SKEXAMPLE00000000000");
/// let host = "examplebucket-1250000000.cos.ap-shanghai.myqcloud.com";
/// let encoded = Request::new("GET", host, "a%20b.png")?; // the key is `a b.png`: this is the mistake
/// let url = Signer::new(key.clone()).presign(&encoded, KeyTime::new(1_700_000_000, 1_700_003_600)?)?;
/// let sent = Request::from_url("GET", &url.as_str().replace("%2520", "%20"))?;
/// let explanation = Explainer::new().credential(key).explain(&sent);
/// assert_eq!(explanation.findings()[0].cause, Cause::PathSignedEncoded);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Explainer {
    credential: Option<Credential>,
    answer: Option<Answer>,
    now: Option<OffsetDateTime>,
    hosts: Vec<String>,
}

impl Explainer {
    /// An explainer that knows nothing but the request.
    pub fn new() -> Self {
        Self::default()
    }

    /// The credential that should have signed.
    pub fn credential(mut self, credential: Credential) -> Self {
        self.credential = Some(credential);
        self
    }

    /// What COS answered.
    pub fn answer(mut self, answer: Answer) -> Self {
        self.answer = Some(answer);
        self
    }

    /// The time at which the request was or would be sent.
    pub fn at(mut self, now: OffsetDateTime) -> Self {
        self.now = Some(now);
        self
    }

    /// A Host that may have been signed in place of the one that is sent: the bucket's domain, a CDN's, a custom one.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(host.into());
        self
    }

    /// Explains what `request` presents.
    pub fn explain(&self, request: &Request) -> Explanation {
        let (fields, key_time) = match Fields::presented(request) {
            Ok(presented) => presented,
            Err(reason) => return Explanation::unreadable(unreadable(request, reason)),
        };
        let mut explanation = Explanation { key_time: Some(key_time), ..Explanation::default() };
        explanation.secret_id = Some(fields.secret_id.to_owned());
        let draft = match self.draft(request, &fields, &mut explanation) {
            Ok(draft) => draft,
            Err(reason) => {
                explanation.certain(Cause::Refused(reason));
                return explanation;
            }
        };
        explanation.http_string = Some(draft.http_string(Values::Redacted).to_string());
        explanation.string_to_sign = Some(draft.string_to_sign());
        self.check_time(key_time, &mut explanation);
        if let Some(credential) = &self.credential {
            self.check_signature(credential, &draft, &fields, request, &mut explanation);
        }
        if let Some(answer) = &self.answer {
            self.compare(answer, &draft, &fields, &mut explanation);
        }
        self.check_rest(request, &mut explanation);
        let listed = |name: &str| explanation.params.iter().chain(&explanation.headers).any(|listed| listed == name);
        if carries(request, TOKEN) && !listed(TOKEN) {
            explanation.add(Cause::TokenUnsigned, Certainty::Possible);
        }
        explanation.findings.sort_by_key(|finding| finding.certainty);
        explanation
    }

    /// What a right signer signs for this request and these lists. Names that are listed and absent are findings.
    fn draft(&self, request: &Request, fields: &Fields<'_>, explanation: &mut Explanation) -> Result<Draft, Reason> {
        let mut draft = Draft {
            secret_key: self.credential.as_ref().map(|key| key.secret_key().to_owned()).unwrap_or_default().into(),
            key_time: fields.time.to_owned(),
            method: request.method().to_ascii_lowercase(),
            path: request.path().to_owned(),
            params: Vec::new(),
            headers: Vec::new(),
            binary_key: false,
            http_string_end: "\n",
            string_to_sign_end: "\n",
        };
        (explanation.params, explanation.headers) = (names(fields.params()?), names(fields.headers()?));
        // Of the forms, only the fields of a URL encode the list once more.
        let again = request.presented().len() > 1;
        let params = Carried::new(request.query().iter().map(|(key, value)| (key, value.unwrap_or_default())));
        for name in fields.params()? {
            draft.params.extend(explanation.choose(Part::Param, name, &params, again)?);
        }
        let headers = Carried::new(request.headers());
        for name in fields.headers()? {
            draft.headers.extend(explanation.choose(Part::Header, name, &headers, false)?);
        }
        draft.sort();
        Ok(draft)
    }

    fn check_time(&self, key_time: KeyTime, explanation: &mut Explanation) {
        const YEAR_5000: u64 = 95_617_584_000;
        if key_time.start() > YEAR_5000 {
            explanation.certain(Cause::Milliseconds);
            return;
        }
        let Some(now) = self.now.and_then(|now| u64::try_from(now.unix_timestamp()).ok()) else { return };
        if now > key_time.end() {
            explanation.certain(Cause::Expired { seconds: Some(now - key_time.end()) });
        }
        if key_time.start() > now.saturating_add(15 * 60) {
            explanation.certain(Cause::Clock { seconds: Some(key_time.start() - now) });
        }
    }

    fn check_signature(
        &self,
        credential: &Credential,
        draft: &Draft,
        fields: &Fields<'_>,
        request: &Request,
        explanation: &mut Explanation,
    ) {
        if credential.secret_id() != fields.secret_id {
            explanation.certain(Cause::OtherSecretId);
            return;
        }
        if !carries_token_of(request, credential) {
            explanation.certain(Cause::TokenMissing);
        }
        let holds = draft.signature().matches(fields.signature);
        explanation.holds = Some(holds);
        if holds {
            return;
        }
        let seen = self.answer.as_ref().and_then(Answer::host);
        let hosts: Vec<_> = self.hosts.iter().chain(&seen).map(String::as_str).collect();
        if let Some((causes, wrong)) = mistakes::proven(draft, &hosts, fields.signature) {
            let ours = draft.http_string(Values::Redacted);
            explanation.difference = Difference::between(&ours, &wrong.http_string(Values::Redacted));
            causes.into_iter().for_each(|cause| explanation.certain(cause));
        }
    }

    /// What remains where nothing was found and the request is refused all the same.
    fn check_rest(&self, request: &Request, explanation: &mut Explanation) {
        let refused = explanation.holds == Some(false) || self.answer.as_ref().is_some_and(Answer::is_mismatch);
        if !explanation.findings.is_empty() {
            return;
        }
        if refused {
            explanation.add(Cause::WrongSecret, Certainty::Likely);
            // Behind a CDN, or on a domain of one's own, the Host that was signed may be another.
            let arrived = request.host().unwrap_or_default();
            if explanation.headers.iter().any(|name| name == "host") && !arrived.ends_with(".myqcloud.com") {
                explanation.add(Cause::Host { signed: None, arrived: arrived.to_owned() }, Certainty::Likely);
            }
        } else if let Some(answer) = self.answer.as_ref().filter(|answer| !answer.code.is_empty()) {
            explanation.certain(Cause::OtherAnswer { code: answer.code.clone() });
        }
    }

    fn compare(&self, answer: &Answer, draft: &Draft, fields: &Fields<'_>, explanation: &mut Explanation) {
        if let Some(cause) = answer.cause().filter(|cause| !explanation.names(cause)) {
            explanation.certain(cause);
        }
        if answer.denies_access() && explanation.findings.is_empty() && explanation.holds != Some(false) {
            explanation.add(Cause::NoPermission, Certainty::Likely);
        }
        // HttpString has four lines; anything else was cut or made up.
        let whole = |text: &&String| text.matches('\n').count() >= 4;
        let Some(theirs) = answer.format_string.as_ref().filter(whole) else { return };
        let ours = draft.http_string(Values::Verbatim);
        let found = explanation.findings.iter().any(|finding| finding.certainty == Certainty::Certain);
        if explanation.difference.is_none() {
            explanation.difference = Difference::between(&ours, theirs);
        }
        let causes = answer::causes(&ours, theirs);
        let equal = causes.is_empty();
        for cause in causes {
            if !explanation.names(&cause) {
                explanation.certain(cause);
            }
        }
        let other_window = answer.string_to_sign.as_ref().and_then(|text| text.split('\n').nth(1));
        if other_window.is_some_and(|time| time != fields.time) {
            explanation.certain(Cause::OtherRequest);
        } else if equal && !found {
            // COS compared what we compare, so what differs is the key, or what the signer made of the request.
            let certainty = if explanation.holds == Some(true) { Certainty::Certain } else { Certainty::Likely };
            explanation.add(Cause::WrongSecret, certainty);
        }
    }
}

/// Why no signature can be read.
fn unreadable(request: &Request, reason: Reason) -> Cause {
    let merged = request.presented().iter().find(|(name, _)| name == super::fields::MERGED);
    match reason {
        Reason::Malformed { .. }
            if merged.is_some_and(|(_, value)| value.starts_with("q-sign-algorithm=") && !value.contains('&')) =>
        {
            Cause::SignNotEncoded
        }
        reason => Cause::Refused(reason),
    }
}

fn carries(request: &Request, name: &str) -> bool {
    let in_query = request.query().iter().map(|(key, _)| key);
    request.headers().map(|(header, _)| header).chain(in_query).any(|sent| sent.eq_ignore_ascii_case(name))
}

fn names(list: Vec<&str>) -> Vec<String> {
    list.into_iter().map(str::to_owned).collect()
}

/// What is signed in a request, and what is wrong with it.
#[derive(Clone, Default)]
pub struct Explanation {
    secret_id: Option<String>,
    key_time: Option<KeyTime>,
    params: Vec<String>,
    headers: Vec<String>,
    http_string: Option<String>,
    string_to_sign: Option<String>,
    holds: Option<bool>,
    difference: Option<Difference>,
    findings: Vec<Finding>,
}

impl Explanation {
    /// `q-ak`, where a signature can be read.
    pub fn secret_id(&self) -> Option<&str> {
        self.secret_id.as_deref()
    }

    /// The window.
    pub fn key_time(&self) -> Option<KeyTime> {
        self.key_time
    }

    /// The names in `q-url-param-list`, sorted.
    pub fn params(&self) -> &[String] {
        &self.params
    }

    /// The names in `q-header-list`, sorted.
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// Whether `q-url-param-list` names the parameter of this name, decoded.
    pub fn covers_param(&self, key: &str) -> bool {
        self.params.binary_search(&canonical_key(key)).is_ok()
    }

    /// HttpString as it follows from the request; what carries a secret reads `[redacted]`.
    pub fn http_string(&self) -> Option<&str> {
        self.http_string.as_deref()
    }

    /// StringToSign as it follows from the request. The hash in it is that of HttpString before redaction.
    pub fn string_to_sign(&self) -> Option<&str> {
        self.string_to_sign.as_deref()
    }

    /// Whether the presented signature is the right one; `None` without the credential that signed.
    pub fn signature_holds(&self) -> Option<bool> {
        self.holds
    }

    /// The first difference between the HttpString of the request and that of COS's answer or of the proven mistake.
    pub fn difference(&self) -> Option<&Difference> {
        self.difference.as_ref()
    }

    /// What is wrong, the surest first. Nothing was found where it is empty.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    fn unreadable(cause: Cause) -> Self {
        let mut explanation = Self::default();
        explanation.certain(cause);
        explanation
    }

    fn certain(&mut self, cause: Cause) {
        self.add(cause, Certainty::Certain);
    }

    fn add(&mut self, cause: Cause, certainty: Certainty) {
        let finding = Finding { cause, certainty };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// Whether a finding of that name is there, with whatever details.
    fn names(&self, cause: &Cause) -> bool {
        self.findings.iter().any(|finding| finding.cause.as_str() == cause.as_str())
    }

    /// The parameter or header that a name of the list means: the one with this key, or, where the list was not made as
    /// it should be, the one that it would mean if it were. `again` says that the list comes encoded once more.
    fn choose(&mut self, part: Part, listed: &str, carried: &Carried<'_>, again: bool) -> Result<Option<Pair>, Reason> {
        let key = canonical_key(listed);
        let Some(found) = carried.0.get(listed).or_else(|| carried.0.get(&key)) else {
            self.certain(Cause::Refused(Reason::Absent { part, name: listed.to_owned() }));
            return Ok(None);
        };
        if found.repeated {
            return Err(Reason::Duplicate { part, name: found.name.to_owned() });
        }
        if !carried.0.contains_key(listed) {
            self.certain(match listed.chars().any(|c| c.is_ascii_uppercase()) {
                true => Cause::NamesNotLowered(part),
                false if again => Cause::ListNotReencoded,
                false => Cause::NamesNotEncoded(part),
            });
        }
        Ok(Some(Pair::new(found.name, found.value)))
    }
}

/// What a request carries, by canonical key.
struct Carried<'r>(HashMap<String, Found<'r>>);

struct Found<'r> {
    name: &'r str,
    value: &'r str,
    repeated: bool,
}

impl<'r> Carried<'r> {
    fn new(pairs: impl Iterator<Item = (&'r str, &'r str)>) -> Self {
        let mut found = HashMap::new();
        for (name, value) in pairs {
            let once = Found { name, value, repeated: false };
            found.entry(canonical_key(name)).and_modify(|found: &mut Found<'_>| found.repeated = true).or_insert(once);
        }
        Self(found)
    }
}

/// Leaves out the texts, which repeat the request.
impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explanation")
            .field("holds", &self.holds)
            .field("difference", &self.difference)
            .field("findings", &self.findings)
            .finish_non_exhaustive()
    }
}
