//! Ctrl-C, and the system's wish that the program ends.

use std::io;

use crate::failure::{Failure, Outcome};

/// Listens from when it is made, inside a runtime.
pub(crate) struct Stop {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
    #[cfg(windows)]
    signals: [tokio::signal::windows::CtrlC; 1],
}

impl Stop {
    /// Fails where the system has no signals to give.
    pub(crate) fn new() -> Outcome<Self> {
        Self::listen().map_err(|error| Failure::io("signals", &error))
    }

    #[cfg(unix)]
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { signals: [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?] })
    }

    #[cfg(windows)]
    fn listen() -> io::Result<Self> {
        Ok(Self { signals: [tokio::signal::windows::ctrl_c()?] })
    }

    /// Ready when the program is asked to end, and then when it is asked again.
    #[cfg(unix)]
    pub(crate) async fn asked(&mut self) {
        let [interrupt, terminate] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }

    /// Ready when the program is asked to end, and then when it is asked again.
    #[cfg(windows)]
    pub(crate) async fn asked(&mut self) {
        let [interrupt] = &mut self.signals;
        interrupt.recv().await;
    }
}
