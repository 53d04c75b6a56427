//! The host names under which COS serves a bucket.

use std::fmt;

use crate::error::{Error, Result};

/// The host of a bucket: what [`Link`](super::Link) and the signature need, checked.
///
/// ```
/// use cosimg::link::Host;
///
/// # fn main() -> cosimg::Result<()> {
/// let host = Host::bucket("examplebucket-1250000000", "ap-shanghai")?;
/// assert_eq!(host.as_str(), "examplebucket-1250000000.cos.ap-shanghai.myqcloud.com");
/// assert_eq!(Host::custom("img.example.com")?.as_str(), "img.example.com");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host(String);

impl Host {
    /// `<bucket>.cos.<region>.myqcloud.com`. The bucket is its name with the APPID, `examplebucket-1250000000`; the
    /// region is its short name, `ap-shanghai`.
    pub fn bucket(bucket: &str, region: &str) -> Result<Self> {
        if !is_label(region) || region == "accelerate" {
            return Err(Error::usage("a region is a short name such as ap-shanghai").field_named("region"));
        }
        Self::of(bucket, region)
    }

    /// `<bucket>.cos.accelerate.myqcloud.com`: the same bucket through global acceleration, which must be switched on
    /// for it.
    pub fn accelerate(bucket: &str) -> Result<Self> {
        Self::of(bucket, "accelerate")
    }

    /// A domain that is bound to the bucket as a custom origin domain, with its port where that is not 443. It is
    /// the Host that COS sees. Behind a CDN that fetches with the bucket's domain, sign [`Host::bucket`] instead.
    ///
    /// Letters are lower case, as browsers send them; a name in another script is written in Punycode (`xn--…`).
    pub fn custom(domain: &str) -> Result<Self> {
        let (name, port) = domain.split_once(':').map_or((domain, None), |(name, port)| (name, Some(port)));
        let labels = || name.split('.');
        let is_name = labels().all(is_label) && labels().count() > 1 && name.len() <= 253;
        // A last label of digits would make it an IPv4 address to every URL parser.
        let is_address = labels().next_back().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
        let is_port = |port: &str| !port.starts_with(['0', '+']) && port.parse::<u16>().is_ok_and(|port| port != 443);
        if !is_name || is_address || !port.is_none_or(is_port) {
            return Err(Error::usage(
                "a custom domain is lower-case labels of letters, digits and hyphens joined by dots, \
                 with at most a port that is not 443",
            )
            .field_named("domain"));
        }
        Ok(Self(domain.to_owned()))
    }

    fn of(bucket: &str, middle: &str) -> Result<Self> {
        let parts = bucket.rsplit_once('-');
        let named = parts.is_some_and(|(name, app_id)| {
            is_label(name) && !app_id.is_empty() && app_id.bytes().all(|b| b.is_ascii_digit())
        });
        if !named || !is_label(bucket) {
            return Err(Error::usage(
                "a bucket is lower-case letters, digits and hyphens, and ends in its APPID: examplebucket-1250000000",
            )
            .field_named("bucket"));
        }
        Ok(Self(format!("{bucket}.cos.{middle}.myqcloud.com")))
    }

    /// The name, as the Host header carries it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.0
    }
}

/// A label of a host name (RFC 1123 section 2.1), lower case.
fn is_label(label: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&label.len()) && label.bytes().all(plain) && !label.starts_with('-') && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_by_field() {
        let accelerated = Host::accelerate("a-1250000000").unwrap();
        assert_eq!(accelerated.as_str(), "a-1250000000.cos.accelerate.myqcloud.com");
        for bucket in ["", "a", "1250000000", "-1250000000", "a-", "A-125", "a_b-125", "a.b-125", "a-12x", "-a-1"] {
            assert_eq!(Host::bucket(bucket, "ap-shanghai").unwrap_err().field(), Some("bucket"), "{bucket}");
        }
        for region in ["", "AP", "ap.shanghai", "ap-shanghai/", "accelerate", "-ap"] {
            assert_eq!(Host::bucket("a-125", region).unwrap_err().field(), Some("region"), "{region}");
        }
        for domain in ["img.example.com", "img.example.com:8443", "xn--fiq.cn", "1.a-b.io"] {
            assert_eq!(Host::custom(domain).unwrap().as_str(), domain);
        }
        let long = format!("{}com", "abcdefg.".repeat(32));
        for domain in [
            "",
            "com",
            "a..b",
            ".a.b",
            "a.b.",
            "A.com",
            "图.cn",
            "a_b.com",
            "1.2.3.4",
            "a.1b",
            "a.com:443",
            "a.com:",
            "a.com:0",
            "a.com:070",
            "a.com:+7",
            "a.com:70000",
            "https://a.com",
            "a.com/x",
            "a-.com",
            "[::1]",
            &long,
        ] {
            assert_eq!(Host::custom(domain).unwrap_err().field(), Some("domain"), "{domain}");
        }
    }
}
