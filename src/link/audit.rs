//! Links that are weaker than they look: they hold, and whoever has them can do more than was meant.

use std::collections::HashSet;
use std::fmt;

use crate::error::{Error, Result};
use crate::params::{Params, Stage};
use crate::sign::{Explainer, Request};

/// A week: what the documents suggest as the longest life of a link.
const LONG: u64 = 7 * 24 * 3600;

/// Where a token is sent.
const TOKEN: &str = "x-cos-security-token";

/// How much a [`Weakness`] gives away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Something that can be changed.
    Medium,
    /// The original, another object or the key's rights are within reach.
    High,
}

impl Severity {
    /// Stable lower-case name for `--json` and scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Why a link is weaker than it looks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Weakness {
    /// A processing rule is on the link and not covered: without it the link gives the original.
    RuleUncovered {
        /// The rule.
        rule: String,
    },
    /// Host is not covered: the link opens the same key in every bucket of the account.
    HostUncovered,
    /// A parameter is not covered.
    ParamUncovered {
        /// Its name.
        name: String,
    },
    /// Two parameters differ in letter case alone, which the signature does not cover.
    CaseTwin {
        /// The second of the two.
        name: String,
    },
    /// The rule holds text whose letter case matters (a watermark in base64, the name of a style), and the service
    /// lowers the case before it signs: whoever has the link can change it.
    CaseUncovered {
        /// The rule.
        rule: String,
    },
    /// The rule is none that can be read, so that what the service makes of it is open.
    RuleUnreadable {
        /// The rule.
        rule: String,
    },
    /// The window is longer than a week.
    LongValidity {
        /// Its seconds.
        seconds: u64,
    },
    /// The link carries a token over plain HTTP: everyone on the way reads it.
    TokenInClear,
    /// The link carries a token: whoever has the link, a log or a browser's history has one half of a temporary key.
    TokenInLink,
    /// The token is not covered.
    TokenUncovered,
    /// The link is opened over plain HTTP: everyone on the way can use it.
    PlainHttp,
}

impl Weakness {
    /// How much it gives away.
    pub fn severity(&self) -> Severity {
        match self {
            Self::RuleUncovered { .. } | Self::HostUncovered | Self::CaseTwin { .. } | Self::TokenInClear => {
                Severity::High
            }
            Self::ParamUncovered { .. }
            | Self::LongValidity { .. }
            | Self::RuleUnreadable { .. }
            | Self::TokenUncovered
            | Self::PlainHttp => Severity::Medium,
            Self::CaseUncovered { .. } | Self::TokenInLink => Severity::Low,
        }
    }

    /// Stable kebab-case name for `--json` and scripts.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::RuleUncovered { .. } => "rule-uncovered",
            Self::HostUncovered => "host-uncovered",
            Self::ParamUncovered { .. } => "param-uncovered",
            Self::CaseTwin { .. } => "case-twin",
            Self::CaseUncovered { .. } => "case-uncovered",
            Self::RuleUnreadable { .. } => "rule-unreadable",
            Self::LongValidity { .. } => "long-validity",
            Self::TokenInClear => "token-in-clear",
            Self::TokenInLink => "token-in-link",
            Self::TokenUncovered => "token-uncovered",
            Self::PlainHttp => "plain-http",
        }
    }
}

/// One sentence for people.
impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RuleUncovered { rule } => {
                write!(f, "the rule `{}` is not covered: without it the link gives the original", Short(rule))
            }
            Self::HostUncovered => {
                f.write_str("Host is not covered: the link opens the same key in other buckets of the account")
            }
            Self::ParamUncovered { name } => {
                write!(f, "the parameter `{}` is not covered and can be changed or taken out", Short(name))
            }
            Self::CaseTwin { name } => {
                write!(f, "`{}` is there twice but for letter case, which the signature does not cover", Short(name))
            }
            Self::CaseUncovered { rule } => {
                write!(f, "the letter case within `{}` matters and is not covered", Short(rule))
            }
            Self::RuleUnreadable { rule } => write!(f, "`{}` is no rule that can be read", Short(rule)),
            Self::LongValidity { seconds } => write!(f, "the link holds for {} days", seconds / (24 * 3600)),
            Self::TokenInClear => f.write_str("the token of a temporary key is sent over plain HTTP"),
            Self::TokenInLink => f.write_str("the token of a temporary key can be read by whoever has the link"),
            Self::TokenUncovered => f.write_str("the token is not covered by the signature"),
            Self::PlainHttp => f.write_str("the link is opened over plain HTTP, where everyone on the way can use it"),
        }
    }
}

/// Finds what a signed request leaves open, the gravest first; empty for a link that is as strong as it looks.
///
/// Whether the signature is right is not asked. An error of kind `Input` where the request presents no signature that
/// can be read. The method, the headers and the scheme are those of `request`, as
/// [`Request::from_url`] reads them from a link.
///
/// ```
/// use cosimg::{Credential, KeyTime, Link, Signer, link::{Weakness, audit}, sign::Request};
///
/// # fn main() -> cosimg::Result<()> {
/// let signer = Signer::new(Credential::new("AKIDEXAMPLE0000000000", "SKEXAMPLE00000000000"));
/// let host = "examplebucket-1250000000.cos.ap-shanghai.myqcloud.com";
/// let url = Link::get(host, "sample.png").sign(&signer, KeyTime::new(1_700_000_000, 1_700_003_600)?)?;
/// let appended = format!("{url}&imageMogr2/interlace/1");
/// let found = audit(&Request::from_url("GET", &appended)?)?;
/// assert_eq!(found, [Weakness::RuleUncovered { rule: "imageMogr2/interlace/1".to_owned() }]);
/// # Ok(())
/// # }
/// ```
pub fn audit(request: &Request) -> Result<Vec<Weakness>> {
    let explanation = Explainer::new().explain(request);
    let key_time = explanation
        .key_time()
        .ok_or_else(|| Error::input("the request presents no signature that can be read").field_named("signature"))?;
    let mut found = Vec::new();
    if !explanation.headers().iter().any(|name| name == "host") {
        found.push(Weakness::HostUncovered);
    }
    let lasts = key_time.end() - key_time.start();
    if lasts > LONG {
        found.push(Weakness::LongValidity { seconds: lasts });
    }
    let secure = request.scheme() == "https";
    if !secure {
        found.push(Weakness::PlainHttp);
    }
    let mut seen = HashSet::new();
    for (key, _) in request.query().iter() {
        let covered = explanation.covers_param(key);
        if !seen.insert(key.to_ascii_lowercase()) {
            // All that follows from a rule in the wrong case is said by this.
            found.push(Weakness::CaseTwin { name: key.to_owned() });
            continue;
        }
        if key.eq_ignore_ascii_case(TOKEN) {
            found.push(if secure { Weakness::TokenInLink } else { Weakness::TokenInClear });
            if !covered {
                found.push(Weakness::TokenUncovered);
            }
        } else if Params::is_rule(key) {
            found.extend(rule(key, covered));
        } else if !covered {
            found.push(Weakness::ParamUncovered { name: key.to_owned() });
        }
    }
    found.sort_by_key(|weakness| std::cmp::Reverse(weakness.severity()));
    Ok(found)
}

fn rule(key: &str, covered: bool) -> Option<Weakness> {
    let rule = key.to_owned();
    if !covered {
        return Some(Weakness::RuleUncovered { rule });
    }
    let Ok(params) = key.parse::<Params>() else { return Some(Weakness::RuleUnreadable { rule }) };
    let matters = |stage: &Stage| {
        let (Stage::Watermark(text) | Stage::Style(text) | Stage::Unknown(text)) = stage else { return false };
        text.contains(|c: char| c.is_ascii_alphabetic())
    };
    params.stages().iter().any(matters).then_some(Weakness::CaseUncovered { rule })
}

/// The beginning of a name that a stranger chose, on one line.
struct Short<'a>(&'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 200;
        let end = self.0.char_indices().nth(SHOWN).map_or(self.0.len(), |(end, _)| end);
        let (start, rest) = self.0.split_at(end);
        write!(f, "{}{}", start.escape_debug(), if rest.is_empty() { "" } else { ".." })
    }
}
