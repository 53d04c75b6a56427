//! The gateway of the demo over its temporary bucket.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use cosimg::{Credential, KeyTime, Limits, Link, Params, Signer};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::failure::{Exit, Failure, Outcome};
use crate::gateway::{Bucket, Config, Gateway};

/// The rule that every link of the demo covers.
pub(super) const RULE: &str = "imageMogr2/format/jpg/interlace/1/ignore-error/1";

/// Made by `examples/render_samples`.
pub(super) const SAMPLES: [(&str, &[u8]); 2] = [
    ("sample.png", include_bytes!("../../../assets/sample.png")),
    ("sample.jpg", include_bytes!("../../../assets/sample.jpg")),
];

/// An object that no link was signed for.
pub(super) const OTHER: &str = "another-object.png";

const BUCKET: &str = "examplebucket-1250000000";
const SECRET_ID: &str = "AKIDcosimgdemo";

/// A file that the bucket holds.
pub(super) struct Object {
    pub(super) key: String,
    pub(super) bytes: Vec<u8>,
}

/// The gateway under way; dropped, it stops and the bucket is removed.
pub(super) struct Stage {
    pub(super) address: SocketAddr,
    pub(super) credential: Credential,
    _stop: oneshot::Sender<()>,
    _folder: TempDir,
}

impl Stage {
    pub(super) async fn set(objects: &[Object]) -> Outcome<Self> {
        let failed = |e: io::Error| Failure::io("the temporary bucket", &e);
        let folder = tempfile::Builder::new().prefix("cosimg-demo-").tempdir().map_err(failed)?;
        let own = objects.iter().map(|object| (object.key.as_str(), object.bytes.as_slice()));
        for (key, bytes) in own.chain([(OTHER, SAMPLES[0].1)]) {
            let path = folder.path().join(key);
            path.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
            fs::write(path, bytes).map_err(failed)?;
        }
        let credential = Credential::new(SECRET_ID, random_secret()?);
        let config = Config {
            buckets: vec![Bucket::open(BUCKET.to_owned(), folder.path()).map_err(failed)?],
            credentials: vec![credential.clone()],
            limits: Limits::intl_2024(),
            log: false,
        };
        let gateway = Gateway::bind((Ipv4Addr::LOCALHOST, 0).into(), config).await;
        let gateway = gateway.map_err(|e| Failure::io("the gateway", &e))?;
        let address = gateway.address();
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(gateway.run(async {
            // Ready when the sender is dropped, too.
            let _ = stopped.await;
        }));
        Ok(Self { address, credential, _stop: stop, _folder: folder })
    }

    /// A link to this gateway, signed for the loopback address so that a browser can open it.
    pub(super) fn sign(&self, key: &str, credential: &Credential, window: KeyTime) -> Outcome<String> {
        let link = Link::get(self.address.to_string(), key).process(RULE.parse::<Params>()?).over_http();
        Ok(link.sign(&Signer::new(credential.clone()), window)?.into())
    }

    /// The path and query of a link to this gateway, as they go over the wire.
    pub(super) fn target<'a>(&self, link: &'a str) -> &'a str {
        let slash = link.match_indices('/').nth(2).map_or(link.len(), |(at, _)| at);
        &link[slash..]
    }
}

/// Other users of this machine can reach the port, so the secret is not one that they can know.
fn random_secret() -> Outcome<String> {
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes).map_err(|e| Failure::new(Exit::Failed, format_args!("random numbers: {e}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
