//! Rules that are carried out when an object is stored, or on one that is: the `Pic-Operations` header.

use std::fmt;
use std::fmt::Write as _;

use crate::error::{Error, Result};
use crate::params::Params;

/// The value of a `Pic-Operations` header: rules, each with the object that its result becomes.
///
/// ```
/// use cosimg::{Params, link::PicOperations};
///
/// # fn main() -> cosimg::Result<()> {
/// let rule = Params::image_mogr2().format("jpg")?.interlace(true);
/// let operations = PicOperations::new().rule("thumbs/sample.jpg", rule)?;
/// assert_eq!(
///     operations.to_string(),
///     r#"{"is_pic_info":0,"rules":[{"fileid":"thumbs/sample.jpg","rule":"imageMogr2/format/jpg/interlace/1"}]}"#
/// );
/// # Ok(())
/// # }
/// ```
///
/// Source: "Persistence of processed images", Tencent Cloud document 436/54050.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PicOperations {
    info: bool,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    bucket: Option<String>,
    file_id: String,
    rule: Params,
}

impl PicOperations {
    /// Rules of one request.
    pub const MAX_RULES: usize = 5;

    /// No rule yet, and no information asked for.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the answer tells size, format and so on of the original. Off unless set.
    pub fn info(mut self, on: bool) -> Self {
        self.info = on;
        self
    }

    /// Stores the result of `rule` in the same bucket. A `file_id` with a leading slash counts from the root of the
    /// bucket, another from the folder of the source.
    ///
    /// An error of kind `Usage` for a sixth rule, for a `file_id` that is empty, ends in a slash, has control
    /// characters or was given before, and for a rule whose answer is no picture.
    pub fn rule(self, file_id: impl Into<String>, rule: Params) -> Result<Self> {
        self.push(None, file_id.into(), rule)
    }

    /// As [`rule`](Self::rule), into another bucket of the same region: its name with the APPID.
    pub fn rule_into(self, bucket: impl Into<String>, file_id: impl Into<String>, rule: Params) -> Result<Self> {
        self.push(Some(bucket.into()), file_id.into(), rule)
    }

    fn push(mut self, bucket: Option<String>, file_id: String, rule: Params) -> Result<Self> {
        let wrong = |field: &'static str, message: &'static str| Err(Error::usage(message).field_named(field));
        if self.rules.len() >= Self::MAX_RULES {
            return wrong("rules", "a request carries at most 5 rules");
        }
        if file_id.is_empty() || file_id.ends_with('/') || file_id.chars().any(char::is_control) {
            return wrong("fileid", "a file id is not empty, has no control characters and does not end in a slash");
        }
        if let Some(bucket) = &bucket {
            super::Host::accelerate(bucket)?;
        }
        if rule.is_query() {
            return wrong("rule", "a rule whose answer is no picture has nothing to store");
        }
        if self.rules.iter().any(|other| other.file_id == file_id && other.bucket == bucket) {
            return wrong("fileid", "two results cannot be stored as the same object");
        }
        self.rules.push(Rule { bucket, file_id, rule });
        Ok(self)
    }
}

/// The JSON of the header, in ASCII: other characters are escaped, since headers are not reliably UTF-8 on the way.
impl fmt::Display for PicOperations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{\"is_pic_info\":{},\"rules\":[", u8::from(self.info))?;
        for (index, rule) in self.rules.iter().enumerate() {
            f.write_str(if index == 0 { "{" } else { ",{" })?;
            if let Some(bucket) = &rule.bucket {
                write!(f, "\"bucket\":{},", Json(bucket))?;
            }
            write!(f, "\"fileid\":{},\"rule\":{}}}", Json(&rule.file_id), Json(&rule.rule.to_string()))?;
        }
        f.write_str("]}")
    }
}

/// A JSON string (RFC 8259 section 7) in ASCII.
struct Json<'a>(&'a str);

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                ' '..='~' => f.write_char(c)?,
                other => other.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(f, "\\u{unit:04x}"))?,
            }
        }
        f.write_char('"')
    }
}
