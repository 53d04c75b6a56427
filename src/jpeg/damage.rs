//! Damage: what a tolerant reader passes over, and says.

use crate::error::{Error, ErrorKind, Result};

/// Damages that are kept word for word; the others are counted.
const LISTED: usize = 16;

/// What was wrong with a file that was read all the same.
#[derive(Clone, Debug, Default)]
pub struct Damages {
    listed: Vec<Error>,
    count: u64,
}

impl Damages {
    /// Whether the file is whole.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The first 16 in the order in which they were met: each is the error, with its byte offset, that a strict reader
    /// would have ended with.
    pub fn listed(&self) -> &[Error] {
        &self.listed
    }

    /// Where the first one lies, in bytes from the beginning of the file.
    pub fn first_offset(&self) -> Option<u64> {
        self.listed.first().and_then(Error::offset)
    }
}

/// Whether damage ends a call, and what there was.
#[derive(Debug, Default)]
pub(crate) struct Tolerance {
    pub(crate) is_tolerant: bool,
    pub(crate) damages: Damages,
}

impl Tolerance {
    pub(crate) fn new(is_tolerant: bool) -> Self {
        Self { is_tolerant, ..Self::default() }
    }

    /// Notes an error of the file and lets the caller go on, or gives it back: a strict reader's, and those that are no
    /// damage, such as limits.
    pub(crate) fn forgive(&mut self, error: Error) -> Result<()> {
        if !self.is_tolerant || error.kind() != ErrorKind::Input {
            return Err(error);
        }
        self.note(error);
        Ok(())
    }

    /// Notes what a tolerant reader goes on after, whatever it is.
    pub(crate) fn note(&mut self, error: Error) {
        self.damages.count += 1;
        if self.damages.listed.len() < LISTED {
            self.damages.listed.push(error);
        }
    }
}
