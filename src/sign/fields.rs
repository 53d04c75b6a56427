//! The seven fields of a signature, as `Authorization` and as a query carry them.

use super::key_time::KeyTime;
use super::rejected::Reason;
use super::request::Request;

const ALGORITHM: &str = "q-sign-algorithm";
const SECRET_ID: &str = "q-ak";
const SIGN_TIME: &str = "q-sign-time";
const KEY_TIME: &str = "q-key-time";
const HEADER_LIST: &str = "q-header-list";
const PARAM_LIST: &str = "q-url-param-list";
const SIGNATURE: &str = "q-signature";

/// The seven, in the order in which COS writes them.
pub(super) const NAMES: [&str; 7] = [ALGORITHM, SECRET_ID, SIGN_TIME, KEY_TIME, HEADER_LIST, PARAM_LIST, SIGNATURE];

/// A query parameter that holds a whole `Authorization`.
pub(crate) const MERGED: &str = "sign";

/// Whether a query parameter of that name is part of a signature.
pub(crate) fn is_field(name: &str) -> bool {
    name == MERGED || NAMES.contains(&name)
}

/// Whether a caller may not use that name for a parameter: wider than [`is_field`], since what the service makes of
/// other letter cases and of further `q-` names is not documented.
pub(crate) fn is_reserved(name: &str) -> bool {
    name.eq_ignore_ascii_case(MERGED) || name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("q-"))
}

/// The fields of one signature. Lists are as in `Authorization`: encoded once.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    pub(crate) secret_id: &'a str,
    /// `start;end`, the text that is signed.
    pub(crate) time: &'a str,
    pub(crate) header_list: &'a str,
    pub(crate) param_list: &'a str,
    pub(crate) signature: &'a str,
}

impl<'a> Fields<'a> {
    /// Name and value of each field, in COS's order.
    pub(crate) fn pairs(&self) -> [(&'static str, &'a str); 7] {
        let values = ["sha1", self.secret_id, self.time, self.time, self.header_list, self.param_list, self.signature];
        std::array::from_fn(|n| (NAMES[n], values[n]))
    }

    /// Appends the value of the `Authorization` header.
    pub(crate) fn write_authorization(&self, out: &mut String) {
        for (index, (name, value)) in self.pairs().into_iter().enumerate() {
            if index > 0 {
                out.push('&');
            }
            out.push_str(name);
            out.push('=');
            out.push_str(value);
        }
    }

    /// The signature that a request presents: in its header or in its query but not in both, each field exactly once,
    /// algorithm `sha1`, one window. The window comes with it.
    pub(crate) fn presented(request: &'a Request) -> Result<(Self, KeyTime), Reason> {
        let mut headers = request.headers().filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        let header = headers.next().map(|(_, value)| value);
        let in_query = request.presented();
        let merged = in_query.iter().find(|(name, _)| name == MERGED);
        match (header, merged, in_query.len()) {
            (None, None, 0) => Err(Reason::Unsigned),
            (Some(value), None, 0) if headers.next().is_none() => Self::from_authorization(value, "authorization"),
            (None, Some((_, value)), 1) => Self::from_authorization(value, MERGED),
            (None, None, _) => Self::collect(in_query.iter().map(|(name, value)| (name.as_str(), value.as_str()))),
            (Some(_), ..) => Err(Reason::Malformed { field: "authorization" }),
            (None, Some(_), _) => Err(Reason::Malformed { field: MERGED }),
        }
    }

    /// Nothing in this text is escaped again, so it is split and not decoded.
    fn from_authorization(text: &'a str, place: &'static str) -> Result<(Self, KeyTime), Reason> {
        let pairs: Option<Vec<_>> = text.split('&').map(|piece| piece.split_once('=')).collect();
        match pairs {
            Some(pairs) if pairs.iter().all(|(name, _)| NAMES.contains(name)) => Self::collect(pairs.into_iter()),
            _ => Err(Reason::Malformed { field: place }),
        }
    }

    fn collect(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<(Self, KeyTime), Reason> {
        let mut values = [None; NAMES.len()];
        for (name, value) in pairs {
            for (field, slot) in NAMES.into_iter().zip(&mut values) {
                if name == field && slot.replace(value).is_some() {
                    return Err(Reason::Malformed { field });
                }
            }
        }
        let mut required = NAMES.into_iter().zip(values);
        if let Some((field, _)) = required.find(|(_, value)| value.is_none()) {
            return Err(Reason::Malformed { field });
        }
        let [algorithm, secret_id, sign_time, key_time, header_list, param_list, signature] =
            values.map(Option::unwrap_or_default);
        if algorithm != "sha1" {
            return Err(Reason::Malformed { field: ALGORITHM });
        }
        let window: KeyTime = sign_time.parse().map_err(|_| Reason::Malformed { field: SIGN_TIME })?;
        if key_time != sign_time {
            return Err(Reason::Malformed { field: KEY_TIME });
        }
        Ok((Self { secret_id, time: sign_time, header_list, param_list, signature }, window))
    }

    /// Names in `q-header-list`.
    pub(crate) fn headers(&self) -> Result<Vec<&'a str>, Reason> {
        names(self.header_list, HEADER_LIST)
    }

    /// Canonical keys in `q-url-param-list`.
    pub(crate) fn params(&self) -> Result<Vec<&'a str>, Reason> {
        names(self.param_list, PARAM_LIST)
    }
}

/// The names of a list, sorted; any order is accepted, none may be empty or come twice.
fn names<'a>(list: &'a str, field: &'static str) -> Result<Vec<&'a str>, Reason> {
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let mut names: Vec<_> = list.split(';').collect();
    names.sort_unstable();
    let repeated = names.iter().zip(names.iter().skip(1)).any(|(one, next)| one == next);
    if repeated || names.contains(&"") {
        return Err(Reason::Malformed { field });
    }
    Ok(names)
}
