//! What another thread decodes of a scan while this one comes from before, and goes on with it where both meet.
//!
//! Where a beginning was guessed, whoever comes from before knows: from the first row on that begins at a bit where a
//! guessed MCU began, both would read the same. The DC coefficients are then off by what the predictions were, and
//! nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};

use crate::error::{Error, Result};
use crate::jpeg::cursor::Cursor;
use crate::jpeg::frame::MAX_COMPONENTS;
use crate::jpeg::packed::{PackedRow, Rest, Spliced};

/// Rows of MCUs in which a guess is met, or it is wrong.
pub(crate) const ROWS_TO_MEET: u32 = 4;
/// The first rows of a guess, of which it is told where MCUs begin: whoever comes from before has as much to decode until
/// then, and meets the first of them unless the other thread began late. Behind the last, nobody meets it any more.
pub(crate) const ROWS_TOLD: u32 = 16;

/// What a thread says of the rest of a scan, one after the other.
#[derive(Clone, Debug)]
pub(crate) enum Decoded {
    /// The next row, and where its MCUs begin, where it is a guess, of its first rows.
    Row(PackedRow, Starts),
    /// Whatever was said so far is wrong.
    Anew,
    /// The rows were all; the number of the first MCU, as counted from the end of the scan.
    Whole(usize),
}

/// Where the MCUs of a row begin: nothing where that is no guess, and of the rows after the first [`ROWS_TOLD`].
pub(crate) type Starts = Vec<McuStart>;

/// The beginning of an MCU: the bit, and what DC coefficients were predicted from.
#[derive(Clone, Debug)]
pub(crate) struct McuStart {
    pub(crate) bit: usize,
    pub(crate) predictions: [i16; MAX_COMPONENTS],
}

/// What both threads look at.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Bytes that what comes before the rest takes, and the rest.
    pub(crate) head: AtomicU64,
    pub(crate) rest: AtomicU64,
    /// Whether the rest is of no use any more.
    pub(crate) is_over: AtomicBool,
}

impl Shared {
    pub(crate) fn bytes(&self) -> u64 {
        self.head.load(Ordering::Relaxed) + self.rest.load(Ordering::Relaxed)
    }
}

/// The rest of a scan, as far as it has been decoded; given up where it is dropped, unless it was given away.
#[derive(Debug)]
pub(crate) struct Ahead {
    decoded: Receiver<Decoded>,
    pub(crate) shared: Arc<Shared>,
    /// Bytes that it may take.
    pub(crate) most: u64,
    /// MCUs of a row.
    mcus: usize,
    found: Found,
}

#[derive(Debug)]
enum Found {
    /// What whoever comes from before has not met.
    Unmet(Unmet),
    Met(Met),
    /// What is another's now.
    Given,
}

/// What is there from the row on at which it was met.
#[derive(Debug)]
struct Met {
    rest: Rest,
    /// The number of the first MCU of all that is told, and rows still to be told that come before the meeting.
    begin: usize,
    skip: usize,
    is_whole: bool,
}

#[derive(Debug)]
struct Unmet {
    rows: Vec<PackedRow>,
    starts: Vec<Starts>,
    /// The number of the first MCU, where it is no guess.
    begin: Option<usize>,
    /// As counted from the end, where that has been reached.
    whole: Option<usize>,
    /// Rows at which it should have been met, and was not.
    missed: u32,
}

/// Whether whoever comes from before may go on with what is there of the rest.
#[derive(Debug)]
pub(crate) enum Meeting {
    Here,
    /// In a later row, perhaps.
    Later,
    Never,
}

/// Where a cursor is in what was guessed.
enum Place {
    /// Before it, or behind what there is of it.
    Outside,
    /// Not where an MCU is said to begin.
    Between,
    /// At the beginning of an MCU, and what its DC coefficients are off by.
    At(usize, [i32; MAX_COMPONENTS]),
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.shared.is_over.store(!matches!(self.found, Found::Given), Ordering::Relaxed);
    }
}

impl Ahead {
    /// For rows of so many MCUs that a thread tells of; the number of the first MCU is known where it is no guess.
    pub(crate) fn new(decoded: Receiver<Decoded>, mcus: usize, begin: Option<usize>, most: u64) -> Self {
        let found = Found::Unmet(Unmet { rows: Vec::new(), starts: Vec::new(), begin, whole: None, missed: 0 });
        Self { decoded, shared: Arc::default(), most, mcus, found }
    }

    /// Whether a cursor at the beginning of a row may go on with what there is.
    pub(crate) fn meet(&mut self, cursor: &Cursor<'_>) -> Meeting {
        let Found::Unmet(unmet) = &mut self.found else { return Meeting::Here };
        loop {
            match self.decoded.try_recv() {
                Ok(decoded) => unmet.take(decoded),
                Err(TryRecvError::Disconnected) if unmet.whole.is_none() => return Meeting::Never,
                Err(_) => break,
            }
        }
        let (i, offsets) = match unmet.place(cursor) {
            Place::At(i, offsets) => (i, offsets),
            Place::Outside => return Meeting::Later,
            Place::Between if unmet.missed == ROWS_TO_MEET => return Meeting::Never,
            Place::Between => {
                unmet.missed += 1;
                return Meeting::Later;
            }
        };
        let Some(begin) = cursor.place.mcus.checked_sub(i) else { return Meeting::Never };
        if unmet.whole.is_some_and(|whole| whole != begin) {
            return Meeting::Never;
        }
        let skip = i / self.mcus;
        let rest = Rest::new(self.mcus, begin + skip * self.mcus, offsets);
        let mut met = Met { rest, begin, skip, is_whole: unmet.whole.is_some() };
        if unmet.rows.drain(..).any(|row| met.take(row).is_err()) {
            return Meeting::Never;
        }
        self.found = Found::Met(met);
        Meeting::Here
    }

    /// An MCU row of what has been met, once it is there.
    ///
    /// # Errors
    /// `Input` where it has been given up. Whoever decodes alone finds what is wrong, if anything is.
    pub(crate) fn row(&mut self, y: u32) -> Result<Spliced<'_>> {
        let Found::Met(met) = &mut self.found else { return Err(given_up()) };
        while !met.is_whole && !met.rest.has(y, false) {
            met.wait(&self.decoded)?;
        }
        if met.rest.has(y, met.is_whole) { Ok(met.rest.row(y)) } else { Err(given_up()) }
    }

    /// All rows of what has been met, once they are there.
    ///
    /// # Errors
    /// As [`Ahead::row`].
    pub(crate) fn rest(mut self) -> Result<Option<Rest>> {
        let Found::Met(met) = &mut self.found else { return Ok(None) };
        while !met.is_whole {
            met.wait(&self.decoded)?;
        }
        let given = std::mem::replace(&mut self.found, Found::Given);
        Ok(if let Found::Met(Met { rest, .. }) = given { Some(rest) } else { None })
    }
}

impl Met {
    /// For what is said next.
    fn wait(&mut self, decoded: &Receiver<Decoded>) -> Result<()> {
        match decoded.recv() {
            Ok(Decoded::Row(row, _)) => return self.take(row),
            Ok(Decoded::Whole(begin)) if begin == self.begin => self.is_whole = true,
            _ => return Err(given_up()),
        }
        Ok(())
    }

    fn take(&mut self, row: PackedRow) -> Result<()> {
        if self.skip > 0 {
            self.skip -= 1;
            return Ok(());
        }
        self.rest.push(row).map_err(Error::input)
    }
}

fn given_up() -> Error {
    Error::input("the rest of the scan was given up")
}

impl Unmet {
    fn take(&mut self, decoded: Decoded) {
        match decoded {
            Decoded::Row(row, starts) => {
                self.rows.push(row);
                self.starts.push(starts);
            }
            Decoded::Anew => {
                self.rows.clear();
                self.starts.clear();
                self.missed = 0;
            }
            Decoded::Whole(begin) => self.whole = Some(begin),
        }
    }

    fn place(&self, cursor: &Cursor<'_>) -> Place {
        if let Some(begin) = self.begin {
            let i = cursor.place.mcus.checked_sub(begin);
            return i.map_or(Place::Outside, |i| Place::At(i, [0; MAX_COMPONENTS]));
        }
        let bit = cursor.bit();
        let before = |of_row: &Starts| of_row.last().is_some_and(|start| start.bit < bit);
        let y = self.starts.partition_point(before);
        let Some(of_row) = self.starts.get(y) else { return Place::Outside };
        match of_row.binary_search_by_key(&bit, |start| start.bit) {
            Ok(x) => {
                let true_ones = cursor.reader.predictions();
                let offset = |i: usize| true_ones[i] - i32::from(of_row[x].predictions[i]);
                Place::At(self.starts[..y].iter().map(Vec::len).sum::<usize>() + x, std::array::from_fn(offset))
            }
            Err(0) if y == 0 => Place::Outside,
            Err(_) => Place::Between,
        }
    }
}
