//! `cosimg serve`: the gateway until it is told to stop.

use tokio::runtime::Runtime;

use crate::args::Serve;
use crate::credentials;
use crate::failure::{Failure, Outcome};
use crate::gateway::{Bucket, Config, Gateway};
use crate::output;
use crate::stop::Stop;

pub(crate) fn run(args: Serve) -> Outcome {
    let mut buckets: Vec<Bucket> = Vec::with_capacity(args.bucket.len());
    for (name, folder) in args.bucket {
        if buckets.iter().any(|other| other.name == name) {
            return Err(Failure::usage(format_args!("--bucket {name}: is given twice")));
        }
        let opened = Bucket::open(name, &folder);
        buckets.push(opened.map_err(|e| Failure::usage(format_args!("{}: {e}", folder.display())))?);
    }
    let credentials = credentials::load(args.credentials.as_deref())?;
    let config = Config { buckets, credentials, limits: args.limits.into(), log: !args.quiet };

    let runtime = Runtime::new().map_err(|e| Failure::io("the gateway", &e))?;
    runtime.block_on(async {
        // Before the address is printed, so that whoever reads it can stop the gateway properly.
        let mut stop = Stop::new()?;
        let gateway = Gateway::bind(args.listen, config).await.map_err(|e| Failure::io(args.listen, &e))?;
        if !gateway.address().ip().is_loopback() {
            output::note("warning: other machines can reach this gateway, and it speaks plain HTTP");
        }
        output::line(format_args!("http://{}", gateway.address()))?;
        gateway.run(stop.asked()).await;
        Ok(())
    })
}
