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
    let transcoder = transcoder.mode(args.mode.into()).tolerant(args.tolerant);
    let name = args.input.display();
    let result = transcoder.run_and_report(&source).map_err(|e| Failure::about(&name, &e))?;
    output::write(&args.output, &result.bytes)?;
    for damage in result.damages.listed() {
        output::note(format_args!("warning: {name}: {damage}"));
    }
    Ok(())
}
