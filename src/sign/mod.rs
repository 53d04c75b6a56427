//! COS request signatures ("q-sign"): made as the `Authorization` header or as a URL, and checked.
//!
//! ```text
//! Request ──────────────┬─────────────→ Signer ──→ Signature (header form)   presign ──→ Url
//!   decoded, from_url,  │ canonical       │ mac
//!   from_wire           └─────────────→ Verifier ──→ Verified or Rejected
//! ```
//!
//! | file | what |
//! |---|---|
//! | `credential` | SecretId, SecretKey and token; the wrapper for what is secret |
//! | `key_time` | the window in which a signature holds |
//! | `request` | what is signed: method, Host, path, query, headers, decoded |
//! | `fields` | the seven fields of a signature, written and read |
//! | `canonical` | the texts that are signed, shared by signer and verifier |
//! | `mac` | SHA-1, HMAC and the SignKey |
//! | `signer`, `presign` | the header form and the URL form |
//! | `template` | links to many objects at once, and the one |
//! | `verify`, `rejected` | the server's side, and its answers |
//! | `explain` | why a request is refused, in words |
//!
//! Words: *HttpString* (FormatString in the service's errors), *StringToSign*, *SignKey* and *KeyTime* are COS's. A
//! name is *covered* when the signature's lists name it. What is not covered may be changed freely; of a covered
//! parameter, and so of a processing rule, the letter case of the name may: the service lowers it before signing.
//!
//! ```
//! use cosimg::sign::{Credential, KeyTime, Reason, Request, Signer, Verifier};
//! use time::OffsetDateTime;
//!
//! # fn main() -> cosimg::Result<()> {
//! let key = Credential::new("AKIDEXAMPLE0000000000", "SKEXAMPLE00000000000");
//! let request = Request::new("GET", "examplebucket-1250000000.cos.ap-shanghai.myqcloud.com", "sample.png")?
//!     .param("imageMogr2/format/jpg/interlace/1", "");
//! let url = Signer::new(key.clone()).presign(&request, KeyTime::new(1_700_000_000, 1_700_003_600)?)?;
//! assert!(url.as_str().ends_with("&imageMogr2%2Fformat%2Fjpg%2Finterlace%2F1="));
//!
//! let verifier = Verifier::new().credential(key);
//! let now = OffsetDateTime::from_unix_timestamp(1_700_000_060).expect("a date");
//! let verified = verifier.verify(&Request::from_url("GET", url.as_str())?, now)?;
//! assert!(verified.covers_param("imageMogr2/format/jpg/interlace/1"));
//!
//! let changed = url.as_str().replace("interlace%2F1=", "interlace%2F0=");
//! let rejected = verifier.verify(&Request::from_url("GET", &changed)?, now).unwrap_err();
//! assert!(matches!(rejected.reason(), Reason::Absent { .. }));
//! assert_eq!((rejected.status(), rejected.code()), (403, "SignatureDoesNotMatch"));
//! # Ok(())
//! # }
//! ```
//!
//! Source: "Request Signature", Tencent Cloud document 436/7778, and the official SDKs where it is silent.

mod canonical;
mod credential;
mod explain;
mod fields;
mod key_time;
mod mac;
mod presign;
mod rejected;
mod request;
mod signer;
mod template;
mod verify;

pub use credential::Credential;
pub use explain::{Answer, Cause, Certainty, Difference, Explainer, Explanation, Finding, Line};
pub use key_time::KeyTime;
pub use presign::UrlForm;
pub use rejected::{Part, Reason, Rejected};
pub use request::Request;
pub use signer::{HeaderPolicy, Signature, Signer, WindowSigner};
pub use template::{Links, Template};
pub use verify::{Echo, Verified, Verifier};
