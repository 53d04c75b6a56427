//! The rest of a scan, decoded from its middle while another thread decodes what comes before.
//!
//! Where there are restart intervals, one of them is a beginning like that of the scan. Elsewhere a beginning is
//! guessed: Huffman codes fall into step by themselves, soon after which what is read are the true MCUs (Klein and
//! Wiseman, *Parallel Huffman decoding with applications to JPEG files*, 2003). Whoever comes from before knows: from
//! the first row on that begins at a bit where a guessed MCU began, both would read the same. The DC coefficients are
//! then off by what the predictions were, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, fence};
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread::{self, Scope};

use crate::error;
use crate::jpeg::bits::{BitReader, Place};
use crate::jpeg::entropy::ReadBlocks;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::{Frame, MAX_COMPONENTS};
use crate::jpeg::mcu;
use crate::jpeg::packed::packer::Packer;
use crate::jpeg::packed::{PackedPicture, PackedRow, Rest};
use crate::jpeg::stream::{Cursor, Position, Stream};
use crate::jpeg::window::Window;

/// Rows of MCUs in which a guess is met, or it is wrong.
const ROWS_TO_MEET: u32 = 4;
/// Guesses at most: true codes fall into step within a few MCUs, whatever is no code is not worth the search.
const GUESSES: usize = 1 << 12;

/// The parts of a scan that places in it are told in.
pub(crate) const WHOLE: u64 = 256;
const HALF: u64 = WHOLE / 2;

/// The rest of a scan, numbered from its end.
#[derive(Debug)]
struct Tail {
    rest: Rest,
    /// Where its MCUs begin, where that is a guess.
    guessed: Option<Vec<Starts>>,
}

/// Where the MCUs of a row begin.
type Starts = Vec<McuStart>;

/// The beginning of an MCU: the bit, and what DC coefficients were predicted from.
#[derive(Debug)]
struct McuStart {
    bit: usize,
    predictions: [i16; MAX_COMPONENTS],
}

/// What both threads look at.
#[derive(Debug, Default)]
struct Shared {
    /// Bytes that what comes before the tail takes, and the tail.
    head: AtomicU64,
    tail: AtomicU64,
    /// The row that who comes from before is at.
    row: AtomicU32,
    /// Whether the tail is of no use any more.
    is_over: AtomicBool,
}

impl Shared {
    fn bytes(&self) -> u64 {
        self.head.load(Ordering::Relaxed) + self.tail.load(Ordering::Relaxed)
    }
}

/// The rest of a scan while it is decoded; given up where it is dropped.
#[derive(Debug)]
pub(crate) struct Ahead {
    decoded: Receiver<Tail>,
    /// What was decoded and does not fit yet, and the last row at which it may.
    tail: Option<(Tail, u32)>,
    shared: Arc<Shared>,
    /// Bytes that it may take.
    pub(crate) most: u64,
    /// Where who comes from before waits for it.
    wait_from: Option<Position>,
    is_met: bool,
}

/// How the rest of a scan is decoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// It begins after so many of [`WHOLE`] parts of the scan.
    pub(crate) after: u64,
    /// Bytes that it may take.
    pub(crate) most: u64,
    /// Whether who comes from before waits for it where it begins, and does not go on meanwhile: the rows that both have
    /// then take memory.
    pub(crate) waits: bool,
}

/// Where the rest of a scan begins.
pub(crate) enum Meeting {
    Here(Rest),
    /// In a later row, perhaps.
    Later,
    Never,
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.shared.is_over.store(!self.is_met, Ordering::Relaxed);
    }
}

impl Ahead {
    /// What there is of the rest for a cursor at the beginning of a row.
    pub(crate) fn meet(&mut self, cursor: &Cursor<'_>, y: u32) -> Meeting {
        // It is told before the tail is asked for, and asked for after the tail is sent: both know where it may fit.
        self.shared.row.store(y, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        let (tail, last) = match self.tail.take() {
            Some(tail) => tail,
            None => match self.decoded(cursor) {
                Ok(tail) => {
                    let last = last_row(&tail.rest, y - 1);
                    (tail, last)
                }
                Err(TryRecvError::Empty) => return Meeting::Later,
                Err(TryRecvError::Disconnected) => return Meeting::Never,
            },
        };
        match tail.meet(cursor, y) {
            Ok(rest) => {
                self.is_met = true;
                Meeting::Here(rest)
            }
            Err(Some(unmet)) if y < last => {
                self.tail = Some((unmet, last));
                Meeting::Later
            }
            Err(_) => Meeting::Never,
        }
    }

    fn decoded(&self, cursor: &Cursor<'_>) -> Result<Tail, TryRecvError> {
        match self.wait_from {
            Some(begin) if cursor.has_reached(begin) => self.decoded.recv().map_err(|_| TryRecvError::Disconnected),
            _ => self.decoded.try_recv(),
        }
    }
}

/// The last row at which who has come from before to this one may go on with a rest.
fn last_row(rest: &Rest, y: u32) -> u32 {
    rest.first_row().max(y) + ROWS_TO_MEET
}

/// Decodes all rows into memory without their zeros, on two threads where there are more than one. `may_hold` is asked
/// of each number of bytes.
pub(crate) fn pack(
    kernels: impl AcKernels,
    stream: &mut Stream<'_>,
    frame: &Frame,
    threads: usize,
    may_hold: impl Fn(u64) -> error::Result<()> + Sync,
) -> error::Result<PackedPicture> {
    thread::scope(|scope| {
        if threads > 1 {
            let terms = Terms { after: HALF, most: u64::MAX, waits: true };
            begin(kernels, scope, stream, terms, &may_hold, |_, _, _| ());
        }
        let packed = pack_with(kernels, stream, frame, &may_hold);
        stream.ahead = None;
        packed
    })
}

/// The rows before the rest, and those after them where it does not fit.
fn pack_with(
    kernels: impl AcKernels,
    stream: &mut Stream<'_>,
    frame: &Frame,
    may_hold: impl Fn(u64) -> error::Result<()>,
) -> error::Result<PackedPicture> {
    let mut packed = PackedPicture::new(stream.window(), frame.mcus_high);
    let mut packer = Packer::new(stream.window());
    for y in 0..frame.mcus_high {
        if y > 0
            && let Some(rest) = stream.rest(y)
        {
            packed.join(rest);
            may_hold(packed.bytes(0) + stream.bytes())?;
            return Ok(packed);
        }
        packed.push(stream.pack_row(kernels, y, &mut packer)?);
        let own = packed.bytes(0) + packer.bytes() + stream.bytes();
        if let Some(Ahead { shared, .. }) = &stream.ahead {
            shared.head.store(own, Ordering::Relaxed);
            if may_hold(shared.bytes()).is_err() {
                // Alone it may do.
                stream.ahead = None;
            }
        }
        if stream.ahead.is_none() {
            may_hold(own)?;
        }
    }
    Ok(packed)
}

/// Has the rest of a scan decoded by a thread, if there is one, as far as `may_hold` allows it, too. `then` is done there
/// with the last row at which whoever comes from before may go on with it, the rest itself, whose DC coefficients are not
/// moved yet, and what tells that it is of no use any more.
pub(crate) fn begin<'s, 'a: 's>(
    kernels: impl AcKernels + 's,
    scope: &'s Scope<'s, '_>,
    stream: &mut Stream<'a>,
    Terms { after, most, waits }: Terms,
    may_hold: &'s (impl Fn(u64) -> error::Result<()> + Sync),
    then: impl FnOnce(u32, Rest, &AtomicBool) + Send + 's,
) {
    let Some(middle) = middle(&stream.cursor, after) else { return };
    let (window, shared) = (stream.window().clone(), Arc::new(Shared::default()));
    let (send, decoded) = mpsc::sync_channel(1);
    let ahead = Ahead {
        decoded,
        tail: None,
        shared: Arc::clone(&shared),
        most,
        wait_from: waits.then_some(middle.place),
        is_met: false,
    };
    let decode = move || {
        let Some(tail) = decode(kernels, middle, &window, &shared, most, may_hold) else { return };
        let rest = tail.rest.clone();
        // Whoever came from before may have given it up.
        if send.send(tail).is_ok() {
            // Who comes from before goes on with it at this row or after it, up to the last.
            fence(Ordering::SeqCst);
            let y = shared.row.load(Ordering::SeqCst);
            let last = last_row(&rest, y);
            then(last, rest.without_rows_before(y), &shared.is_over);
        }
    };
    if thread::Builder::new().spawn_scoped(scope, decode).is_ok() {
        stream.ahead = Some(ahead);
    }
}

/// The place from which a tail is decoded, where there is one.
fn middle<'a>(cursor: &Cursor<'a>, after: u64) -> Option<Cursor<'a>> {
    let (data, mut middle) = (&cursor.data, cursor.clone());
    let plain = &data.plain;
    if plain.surplus.is_some() || plain.intervals.len() != data.count.div_ceil(data.per_interval) {
        return None;
    }
    middle.reader.restart();
    let part = |of: usize| (of as u64 * after / WHOLE) as usize;
    middle.place = match &plain.intervals[..] {
        [only] => {
            let bits = Place::at_byte(part(plain.data(only).len()));
            Position { intervals: 1, bits, ..Position::default() }
        }
        several => {
            let intervals = part(several.len()).max(1);
            Position { mcus: intervals * data.per_interval, intervals, ..Position::default() }
        }
    };
    Some(middle)
}

/// Decodes to the end of the scan. Nothing comes of it where anything is wrong: whoever comes from before will find it.
fn decode(
    kernels: impl AcKernels,
    middle: Cursor<'_>,
    window: &Window,
    shared: &Shared,
    most: u64,
    may_hold: impl Fn(u64) -> error::Result<()>,
) -> Option<Tail> {
    let mut packer = Packer::new(window);
    let is_guess = middle.data.plain.intervals.len() == 1;
    let starts = if is_guess { window.mcus() * size_of::<McuStart>() } else { 0 };
    let own = packer.bytes();
    let (mut rows, mut bytes, mut guesses) = (Vec::new(), own, 0);
    // Takes the next row, or begins anew where there is none.
    let mut take = |row: Option<PackedRow>| {
        if let Some(row) = row {
            bytes += row.bytes() + starts as u64;
            rows.push(row);
        } else {
            rows.clear();
            bytes = own;
            guesses += 1;
        }
        shared.tail.store(bytes, Ordering::Relaxed);
        let may_go_on = guesses < GUESSES && !shared.is_over.load(Ordering::Relaxed);
        (may_go_on && bytes <= most && may_hold(shared.bytes()).is_ok()).then_some(())
    };
    let row = window.mcus();
    let (begin, guessed) = if is_guess {
        let (begin, starts) = guess(kernels, middle, row, &mut packer, take)?;
        (begin, Some(starts))
    } else {
        let (begin, mut cursor) = (middle.place.mcus, middle);
        while cursor.place.mcus < cursor.data.count {
            take(Some(cursor.pack(kernels, row, &mut packer).ok()?))?;
        }
        (begin, None)
    };
    Some(Tail { rest: Rest::new(rows, row, begin), guessed })
}

/// Decodes from a place where no MCU need begin: from the next byte anew wherever what is read is none. Returns the
/// number that the first MCU has if the last ends the scan, and where all of them begin.
fn guess(
    kernels: impl AcKernels,
    Cursor { data, mut reader, place }: Cursor<'_>,
    row: usize,
    packer: &mut Packer,
    mut take: impl FnMut(Option<PackedRow>) -> Option<()>,
) -> Option<(usize, Vec<Starts>)> {
    let bytes = data.plain.data(data.plain.intervals.first()?);
    let mut bits = BitReader::resume(bytes, place.bits);
    let (mut starts, mut end, mut count) = (Vec::new(), None, 0);
    while count <= data.count {
        let mut of_row = Starts::with_capacity(row);
        let outcome = data.level.run(
            #[inline(always)]
            || {
                for _ in 0..row {
                    // They come from coefficients, and those have room.
                    let predictions = reader.predictions().map(|prediction| prediction as i16);
                    of_row.push(McuStart { bit: bits.position(), predictions });
                    if bits.left_over() <= mcu::MAX_PADDING {
                        end = Some(count);
                    }
                    packer.mcu(kernels, &mut reader, &mut bits)?;
                    if bits.overrun() {
                        return Err(mcu::ENDS_EARLY);
                    }
                    count += 1;
                }
                Ok(())
            },
        );
        if outcome.is_err() && end.is_none() {
            packer.clear();
            starts.clear();
            count = 0;
            reader.restart();
            bits = BitReader::resume(bytes, Place::at_byte(bits.byte_position() + 1));
            take(None)?;
            continue;
        }
        take(Some(packer.row()))?;
        starts.push(of_row);
        if outcome.is_err() {
            return Some((data.count.checked_sub(end?)?, starts));
        }
    }
    None
}

impl Tail {
    /// What a cursor at the beginning of a row may go on with, to the end of the scan. Otherwise the tail itself, where
    /// it may fit later.
    fn meet(self, cursor: &Cursor<'_>, y: u32) -> Result<Rest, Option<Self>> {
        let Some(i) = cursor.place.mcus.checked_sub(self.rest.begin()) else { return Err(Some(self)) };
        let Some(starts) = &self.guessed else { return Ok(self.rest.without_rows_before(y)) };
        let mcus = self.rest.mcus();
        match starts.get(i / mcus).and_then(|of_row| of_row.get(i % mcus)) {
            Some(start) if start.bit == cursor.bit() => {
                let true_ones = cursor.reader.predictions();
                let offset = |i: usize| true_ones[i] - i32::from(start.predictions[i]);
                let rest = self.rest.without_rows_before(y);
                rest.moved(std::array::from_fn(offset)).map_err(|_| None)
            }
            Some(_) => Err(Some(self)),
            None => Err(None),
        }
    }
}
