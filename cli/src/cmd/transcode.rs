//! `cosimg transcode`: the same coefficients in another order.

use cosimg::Limits;
use cosimg::jpeg::{Strip, Transcoder};

use crate::args::Transcode;
use crate::failure::{Failure, Outcome};
use crate::output;

pub(crate) fn run(args: &Transcode) -> Outcome {
    let limits = Limits::default();
    let source = output::read(&args.input, limits.input_bytes.min(limits.memory))?;
    let strip = if args.strip { Strip::Metadata } else { Strip::Nothing };
    let transcoder = Transcoder::new().coding(args.coding.coding()).strip(strip).limits(limits);
    let result = transcoder.run(&source).map_err(|e| Failure::about(args.input.display(), &e))?;
    output::write(&args.output, &result)
}
