//! `cosimg process`: a rule on a file, within the service's limits.

use cosimg::pipeline::Processor;
use cosimg::{Limits, Params};

use crate::args::Process;
use crate::failure::{Failure, Outcome};
use crate::output;

pub(crate) fn run(args: &Process) -> Outcome {
    let rule: Params = args.rule.parse().map_err(|e| Failure::usage(format_args!("RULE: {e}")))?;
    let limits = Limits::from(args.limits);
    // The source limit of the rule is the library's to check: `ignore-error/1` gives the original back.
    let source = output::read(&args.input, limits.memory)?;
    let processed =
        Processor::new().limits(limits).run(&source, &rule).map_err(|e| Failure::about(args.input.display(), &e))?;
    if let Some(error) = &processed.ignored {
        output::note(format_args!("warning: {}: the original, by ignore-error/1: {error}", args.input.display()));
    }
    output::write(&args.output, &processed.bytes)
}
