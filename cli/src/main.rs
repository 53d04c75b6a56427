//! The command line and local gateway of cosimg.
//!
//! `args` is what was typed, `cmd` carries it out, `output` is the only way to standard output and to files,
//! `credentials` the only way to secrets, `gateway` the server behind `serve` and `demo`.

mod args;
mod clock;
mod cmd;
mod credentials;
mod failure;
mod gateway;
mod output;
mod scan_flags;
mod scan_text;
mod simd;
mod stop;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Sign(args) => cmd::sign::run(args),
        Command::Verify(args) => cmd::verify::run(args),
        Command::Explain(args) => cmd::explain::run(args),
        Command::Audit(args) => cmd::audit::run(args),
        Command::Inspect(args) => cmd::inspect::run(&args),
        Command::Transcode(args) => cmd::transcode::run(&args),
        Command::Encode(args) => cmd::encode::run(&args),
        Command::Process(args) => cmd::process::run(&args),
        Command::Serve(args) => cmd::serve::run(args),
        Command::Demo(args) => cmd::demo::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(message) = failure.message() {
                output::note(format_args!("error: {message}"));
            }
            failure.exit.into()
        }
    }
}
