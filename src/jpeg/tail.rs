//! The rest of a scan, decoded from its middle while another thread decodes what comes before.
//!
//! Where there are restart intervals, one of them is a beginning like that of the scan. Elsewhere a beginning is
//! guessed: Huffman codes fall into step by themselves, soon after which what is read are the true MCUs (Klein and
//! Wiseman, *Parallel Huffman decoding with applications to JPEG files*, 2003). Whoever comes from before knows: from
//! the first row on that begins at a bit where a guessed MCU began, both would read the same. The DC coefficients are
//! then off by what the predictions were, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, Scope};

use crate::error;
use crate::jpeg::bits::{BitReader, Place};
use crate::jpeg::entropy::ReadBlocks;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::{Frame, MAX_COMPONENTS};
use crate::jpeg::mcu;
use crate::jpeg::packed::{PackedPicture, PackedRow, Packer, Rest};
use crate::jpeg::stream::{Cursor, Position, Stream};
use crate::jpeg::window::Window;

/// Rows of MCUs at the beginning of a guess in which its MCUs are remembered.
const ROWS_TO_MEET: usize = 4;
/// Guesses at most: true codes fall into step within a few MCUs, whatever is no code is not worth the search.
const GUESSES: usize = 1 << 12;

/// The parts of a scan that places in it are told in.
pub(crate) const WHOLE: u64 = 256;
const HALF: u64 = WHOLE / 2;

/// The rest of a scan.
#[derive(Debug)]
struct Tail {
    /// Its MCUs, as many in each row as one of the picture has.
    rows: Vec<PackedRow>,
    entry: Entrance,
}

/// Where one may enter.
#[derive(Debug)]
enum Entrance {
    /// Everywhere from this MCU of the scan on, and all that come after it are there.
    Known(usize),
    Guessed {
        /// Where the first MCUs begin.
        starts: Vec<McuStart>,
        /// Numbers of MCUs after which the data may be at its end.
        ends: Vec<usize>,
    },
}

/// The beginning of an MCU: the bit, and what DC coefficients were predicted from.
#[derive(Debug)]
struct McuStart {
    bit: usize,
    predictions: [i32; MAX_COMPONENTS],
}

/// What both threads look at.
#[derive(Debug, Default)]
struct Shared {
    /// Bytes that what comes before the tail takes, and the tail.
    head: AtomicU64,
    tail: AtomicU64,
    /// The bit of the last MCU at which one may enter a guess; 0 where it is not known yet.
    last_start: AtomicUsize,
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
    begin: Position,
    decoded: Receiver<Tail>,
    /// What was decoded and does not fit yet.
    tail: Option<Tail>,
    shared: Arc<Shared>,
    /// Bytes that it may take.
    pub(crate) most: u64,
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
        self.shared.is_over.store(true, Ordering::Relaxed);
    }
}

impl Ahead {
    /// What there is of the rest for a cursor at the beginning of a row of so many MCUs.
    pub(crate) fn meet(&mut self, cursor: &Cursor<'_>, row: usize) -> Meeting {
        if !cursor.has_reached(self.begin) {
            return Meeting::Later;
        }
        // Where it began is behind, and nothing of it will fit.
        if (1..cursor.bit()).contains(&self.shared.last_start.load(Ordering::Relaxed)) {
            return Meeting::Never;
        }
        let Some(tail) = self.tail.take().or_else(|| self.decoded.recv().ok()) else { return Meeting::Never };
        match tail.meet(cursor, row) {
            Ok(rest) => Meeting::Here(rest),
            Err(None) => Meeting::Never,
            Err(unmet) => {
                self.tail = unmet;
                Meeting::Later
            }
        }
    }
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
            begin(kernels, scope, stream, HALF, u64::MAX, &may_hold);
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
    let mut packed = PackedPicture::new(stream.window(), 0..frame.mcus_high);
    let mut packer = Packer::new(stream.window());
    for y in 0..frame.mcus_high {
        if y > 0
            && let Some(rest) = stream.rest()
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

/// Has the rest of a scan decoded by a thread, from so many of [`WHOLE`] parts of it on, if there is one. It may take `most`
/// bytes, and what `may_hold` allows.
pub(crate) fn begin<'s, 'a: 's>(
    kernels: impl AcKernels + 's,
    scope: &'s Scope<'s, '_>,
    stream: &mut Stream<'a>,
    after: u64,
    most: u64,
    may_hold: &'s (impl Fn(u64) -> error::Result<()> + Sync),
) {
    let Some(middle) = middle(&stream.cursor, after) else { return };
    let (window, begin, shared) = (stream.window().clone(), middle.place, Arc::new(Shared::default()));
    let (send, decoded) = mpsc::sync_channel(1);
    let ahead = Ahead { begin, decoded, tail: None, shared: Arc::clone(&shared), most };
    let decode = move || {
        let tail = decode(kernels, middle, &window, &shared, most, may_hold);
        // Whoever came from before may have given it up.
        tail.and_then(|tail| send.send(tail).ok());
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
    let fixed = packer.bytes() + (window.mcus() * ROWS_TO_MEET * size_of::<McuStart>()) as u64;
    let (mut rows, mut bytes, mut guesses) = (Vec::new(), fixed, 0);
    // Takes the next row, or begins anew where there is none.
    let mut take = |row: Option<PackedRow>| {
        if let Some(row) = row {
            bytes += row.bytes();
            rows.push(row);
        } else {
            rows.clear();
            bytes = fixed;
            guesses += 1;
        }
        shared.tail.store(bytes, Ordering::Relaxed);
        let may_go_on = guesses < GUESSES && !shared.is_over.load(Ordering::Relaxed);
        (may_go_on && bytes <= most && may_hold(shared.bytes()).is_ok()).then_some(())
    };
    let row = window.mcus();
    let entry = if middle.data.plain.intervals.len() == 1 {
        guess(kernels, middle, row, &mut packer, &shared.last_start, take)?
    } else {
        let (first, mut cursor) = (middle.place.mcus, middle);
        while cursor.place.mcus < cursor.data.count {
            take(Some(cursor.pack(kernels, row, &mut packer).ok()?))?;
        }
        Entrance::Known(first)
    };
    Some(Tail { rows, entry })
}

/// Decodes from a place where no MCU need begin: from the next byte anew wherever what is read is none.
fn guess(
    kernels: impl AcKernels,
    Cursor { data, mut reader, place }: Cursor<'_>,
    row: usize,
    packer: &mut Packer,
    last_start: &AtomicUsize,
    mut take: impl FnMut(Option<PackedRow>) -> Option<()>,
) -> Option<Entrance> {
    let bytes = data.plain.data(data.plain.intervals.first()?);
    let mut bits = BitReader::resume(bytes, place.bits);
    let (mut starts, mut ends, mut count) = (Vec::new(), Vec::new(), 0);
    while count <= data.count {
        let outcome = data.level.run(
            #[inline(always)]
            || {
                for _ in 0..row {
                    if starts.len() < row * ROWS_TO_MEET {
                        starts.push(McuStart { bit: bits.position(), predictions: reader.predictions() });
                    }
                    if bits.left_over() <= mcu::MAX_PADDING {
                        ends.push(count);
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
        if outcome.is_err() && ends.is_empty() {
            packer.clear();
            starts.clear();
            last_start.store(0, Ordering::Relaxed);
            count = 0;
            reader.restart();
            bits = BitReader::resume(bytes, Place::at_byte(bits.byte_position() + 1));
            take(None)?;
            continue;
        }
        take(Some(packer.row()))?;
        if count == row * ROWS_TO_MEET {
            last_start.store(starts.last().map_or(0, |start| start.bit), Ordering::Relaxed);
        }
        if outcome.is_err() {
            return Some(Entrance::Guessed { starts, ends });
        }
    }
    None
}

impl Tail {
    /// What a cursor at the beginning of a row of so many MCUs may go on with, to the end of the scan: rows, and the
    /// MCUs of the first that are not its. Otherwise the tail itself, where it may fit later.
    fn meet(mut self, cursor: &Cursor<'_>, row: usize) -> Result<Rest, Option<Self>> {
        let needed = cursor.data.count - cursor.place.mcus;
        let (first, offsets) = match &self.entry {
            Entrance::Known(first) => (cursor.place.mcus - first, [0; MAX_COMPONENTS]),
            Entrance::Guessed { starts, ends } => {
                let i = match starts.binary_search_by_key(&cursor.bit(), |start| start.bit) {
                    Ok(i) => i,
                    Err(i) => return Err((i < starts.len()).then_some(self)),
                };
                if ends.binary_search(&(i + needed)).is_err() {
                    return Err(None);
                }
                let (true_ones, guessed) = (cursor.reader.predictions(), starts[i].predictions);
                (i, std::array::from_fn(|i| true_ones[i] - guessed[i]))
            }
        };
        self.rows.drain(..first / row);
        for packed in &mut self.rows {
            packed.move_dc(offsets).map_err(|_| None)?;
        }
        Ok((self.rows, first % row))
    }
}
