//! How a command fails: the exit code for scripts and one sentence for people.

use std::fmt;
use std::process::ExitCode;

use cosimg::ErrorKind;

/// What a command returns.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// The exit codes, a contract with scripts. 0 is success, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// The reader of standard output went away (`cosimg … | head -1`): the quiet end of the program.
    Unread = 0,
    /// Some item failed.
    Failed = 1,
    /// What was typed is wrong, or what it names beside the sources is of no use: credentials, a list, a folder, scans,
    /// a profile. A source that is missing has failed.
    Usage = 2,
    /// There was nothing to do: no file, or all are already what was asked for.
    Nothing = 3,
    /// A signature does not hold.
    Refused = 4,
    /// The work would pass a limit.
    Limit = 5,
    /// Stopped by Ctrl-C, or because the system asked for it.
    Cancelled = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An exit code and, unless standard output has said it already, what went wrong.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    message: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, message: Some(message.to_string()) }
    }

    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The result on standard output says why.
    pub(crate) fn told(exit: Exit) -> Self {
        Self { exit, message: None }
    }

    /// An error of the library about the item `name`.
    pub(crate) fn about(name: impl fmt::Display, error: &cosimg::Error) -> Self {
        Self::new(exit_of(error.kind()), format_args!("{name}: {error}"))
    }

    /// A failure of the system to do `what`.
    pub(crate) fn io(what: impl fmt::Display, error: &std::io::Error) -> Self {
        Self::new(Exit::Failed, format_args!("{what}: {error}"))
    }

    /// The same about something that is named beside the sources.
    pub(crate) fn into_usage(self) -> Self {
        Self { exit: Exit::Usage, ..self }
    }

    pub(crate) fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

impl From<cosimg::Error> for Failure {
    fn from(error: cosimg::Error) -> Self {
        Self::new(exit_of(error.kind()), error)
    }
}

fn exit_of(kind: ErrorKind) -> Exit {
    match kind {
        ErrorKind::Usage => Exit::Usage,
        ErrorKind::Signature => Exit::Refused,
        ErrorKind::Limit => Exit::Limit,
        _ => Exit::Failed,
    }
}
