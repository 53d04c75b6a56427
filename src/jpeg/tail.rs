//! The rest of a scan, decoded from its middle while another thread decodes what comes before.
//!
//! Where there are restart intervals, one of them is a beginning like that of the scan. Elsewhere a beginning is
//! guessed: Huffman codes fall into step by themselves, soon after which what is read are the true MCUs (Klein and
//! Wiseman, *Parallel Huffman decoding with applications to JPEG files*, 2003).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};

use crate::error;
use crate::jpeg::ahead::{Ahead, Decoded, McuStart, ROWS_TO_MEET, ROWS_TOLD, Shared, Starts};
use crate::jpeg::bits::{BitReader, Place};
use crate::jpeg::cursor::{Cursor, Position};
use crate::jpeg::entropy::ReadBlocks;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::{Frame, MAX_COMPONENTS};
use crate::jpeg::mcu;
use crate::jpeg::packed::packer::Packer;
use crate::jpeg::packed::{PackedPicture, PackedRow, Rest};
use crate::jpeg::stream::Stream;
use crate::jpeg::threads::{Scope, Threads};

/// Guesses at most: true codes fall into step within a few MCUs, whatever is no code is not worth the search.
const GUESSES: usize = 1 << 12;

/// The parts of a scan that places in it are told in.
pub(crate) const WHOLE: u64 = 256;
const HALF: u64 = WHOLE / 2;

/// How the rest of a scan is decoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// It begins after so many of [`WHOLE`] parts of the scan.
    pub(crate) after: u64,
    /// Bytes that it may take.
    pub(crate) most: u64,
}

/// Decodes all rows into memory without their zeros, on two threads where there are more than one. `may_hold` is asked
/// of each number of bytes.
pub(crate) fn pack(
    kernels: impl AcKernels,
    stream: &mut Stream<'_>,
    frame: &Frame,
    threads: &Threads,
    may_hold: impl Fn(u64) -> error::Result<()> + Sync,
) -> error::Result<PackedPicture> {
    threads.scope(|scope| {
        if let Some(scope) = scope {
            let terms = Terms { after: HALF, most: u64::MAX };
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
    let mut packer = stream.cursor.data.packer(stream.window());
    for y in 0..frame.mcus_high {
        // If it is given up, or there is no room for it, the rows that are left are decoded here.
        if y > 0
            && stream.has_met()
            && let Ok(Some(rest)) = stream.rest()
            && may_hold(packed.bytes(0) + rest.bytes() + stream.bytes()).is_ok()
        {
            packed.join(rest);
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

/// Has the rest of a scan decoded by another thread, as far as `may_hold` allows it, too. `then` is done there
/// with the first row that whoever comes from before is sure to find in it, the rest itself, whose DC coefficients are
/// not moved yet, and what tells that it is of no use any more.
pub(crate) fn begin<'s, 'a: 's>(
    kernels: impl AcKernels + 's,
    scope: &Scope<'_, 's>,
    stream: &mut Stream<'a>,
    Terms { after, most }: Terms,
    may_hold: &'s (impl Fn(u64) -> error::Result<()> + Sync),
    then: impl FnOnce(u32, Rest, &AtomicBool) + Send + 's,
) {
    let Some(middle) = middle(&stream.cursor, after) else { return };
    let (say, decoded) = mpsc::channel();
    let (row, packer) = (stream.window().mcus(), middle.data.packer(stream.window()));
    let begin = (middle.data.plain.intervals.len() > 1).then_some(middle.place.mcus);
    let ahead = Ahead::new(decoded, row, begin, most);
    let shared = Arc::clone(&ahead.shared);
    scope.spawn(move || {
        let Some(rest) = decode(kernels, middle, (row, packer), (say, &shared), most, may_hold) else { return };
        then(rest.first_row() + ROWS_TO_MEET, rest, &shared.is_over);
    });
    stream.ahead = Some(ahead);
}

/// The place from which the rest is decoded, where there is one.
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

/// Decodes to the end of the scan, in rows of so many MCUs, and says what there is. Nothing comes of it where anything
/// is wrong: whoever comes from before will find it.
fn decode(
    kernels: impl AcKernels,
    middle: Cursor<'_>,
    (row, mut packer): (usize, Packer),
    (say, shared): (Sender<Decoded>, &Shared),
    most: u64,
    may_hold: impl Fn(u64) -> error::Result<()>,
) -> Option<Rest> {
    let is_guess = middle.data.plain.intervals.len() == 1;
    let own = packer.bytes();
    let (mut rows, mut bytes, mut guesses) = (Vec::new(), own, 0);
    // Takes the next row, or begins anew where there is none.
    let mut take = |row: Option<(PackedRow, Starts)>| {
        let decoded = if let Some((row, of_row)) = row {
            bytes += row.bytes() + size_of_val(&of_row[..]) as u64;
            rows.push(row.clone());
            Decoded::Row(row, of_row)
        } else {
            // Whoever comes from before may not have looked at them yet.
            rows.clear();
            guesses += 1;
            Decoded::Anew
        };
        shared.rest.store(bytes, Ordering::Relaxed);
        let may_go_on = guesses < GUESSES && !shared.is_over.load(Ordering::Relaxed);
        let may_go_on = may_go_on && bytes - own <= most && may_hold(shared.bytes()).is_ok();
        (may_go_on && say.send(decoded).is_ok()).then_some(())
    };
    let begin = if is_guess {
        guess(kernels, middle, row, &mut packer, take)?
    } else {
        let (begin, mut cursor) = (middle.place.mcus, middle);
        while cursor.place.mcus < cursor.data.count {
            take(Some((cursor.pack(kernels, row, &mut packer).ok()?, Starts::new())))?;
        }
        begin
    };
    say.send(Decoded::Whole(begin)).ok()?;
    let mut rest = Rest::new(row, begin, [0; MAX_COMPONENTS]);
    rows.into_iter().try_for_each(|row| rest.push(row)).ok()?;
    Some(rest)
}

/// Decodes from a place where no MCU need begin: from the next byte anew wherever what is read is none. Returns the
/// number that the first MCU has if the last ends the scan.
fn guess(
    kernels: impl AcKernels,
    Cursor { data, mut reader, place }: Cursor<'_>,
    row: usize,
    packer: &mut Packer,
    mut take: impl FnMut(Option<(PackedRow, Starts)>) -> Option<()>,
) -> Option<usize> {
    let bytes = data.plain.data(data.plain.intervals.first()?);
    let mut bits = BitReader::resume(bytes, place.bits);
    let (mut end, mut count) = (None, 0);
    while count <= data.count {
        let tells = count < ROWS_TOLD as usize * row;
        let mut of_row = Starts::with_capacity(if tells { row } else { 0 });
        let outcome = data.level.run(
            #[inline(always)]
            || {
                for _ in 0..row {
                    if tells {
                        // They come from coefficients, and those have room.
                        let predictions = reader.predictions().map(|prediction| prediction as i16);
                        of_row.push(McuStart { bit: bits.position(), predictions });
                    }
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
            count = 0;
            reader.restart();
            bits = BitReader::resume(bytes, Place::at_byte(bits.byte_position() + 1));
            take(None)?;
            continue;
        }
        take(Some((packer.row(), of_row)))?;
        if outcome.is_err() {
            return data.count.checked_sub(end?);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::rows::{Coefficients, Rows, Unpacker};
    use crate::jpeg::simd::Scalar;
    use crate::jpeg::{Coding, Encoder, Image, PixelFormat, RestartInterval};
    use crate::limits::Cancel;

    /// A file of 64 rows of MCUs, and all that a thread says of the rest of its scan.
    fn told(restart: RestartInterval) -> (Vec<u8>, Vec<Decoded>) {
        let pixels: Vec<u8> = (0..72 * 1024 * 3_u32).map(|i| (i.wrapping_mul(i) >> 9) as u8 ^ (i >> 7) as u8).collect();
        let image = Image::new(&pixels, 72, 1024, PixelFormat::Rgb8).unwrap();
        let source = Encoder::default().coding(Coding::Baseline).restart_interval(restart).encode(&image).unwrap();
        let Coefficients { rows: Rows::Streamed(stream), .. } = Coefficients::of(&source) else { panic!() };
        let (say, decoded) = mpsc::channel();
        let middle = middle(&stream.cursor, HALF).unwrap();
        let packer = Packer::new(stream.window());
        decode(Scalar, middle, (stream.window().mcus(), packer), (say, &Shared::default()), u64::MAX, |_| Ok(()))
            .unwrap();
        (source.clone(), decoded.iter().collect())
    }

    /// Goes through the rows of a file, each of which has to be right, where this is told before each, until there is no
    /// more. Returns the row at which what is told was met, and whether all of it came.
    fn goes_on(source: &[u8], tell: impl Fn(u32) -> Option<Vec<Decoded>>) -> (Option<u32>, Option<bool>) {
        let expected = Coefficients::of(source).hold(&Cancel::new()).unwrap();
        let Coefficients { rows: Rows::Streamed(mut stream), frame, .. } = Coefficients::of(source) else { panic!() };
        let (say, decoded) = mpsc::channel();
        let begin = middle(&stream.cursor, HALF).filter(|m| m.data.plain.intervals.len() > 1).map(|m| m.place.mcus);
        stream.ahead = Some(Ahead::new(decoded, stream.window().mcus(), begin, u64::MAX));
        let (mut say, mut met, mut unpacker) = (Some(say), None, Unpacker::default());
        for y in 0..frame.mcus_high {
            match tell(y) {
                // It may have been given up.
                Some(more) => {
                    drop(more.into_iter().try_for_each(|told| say.as_ref().map_or(Ok(()), |say| say.send(told))))
                }
                None => say = None,
            }
            if y > 0 && met.is_none() && stream.has_met() {
                met = Some(y);
            }
            let Ok(row) = stream.go_to(y) else { return (met, Some(false)) };
            let mcu_row = unpacker.with_zeros(Scalar, &frame, row, |_| true);
            for (i, component) in frame.components.iter().enumerate() {
                for row in component.rows_of(y) {
                    assert_eq!(mcu_row.row(i, row), expected.planes[i].row(row as usize), "{i}, {row}");
                }
            }
        }
        (met, met.map(|_| matches!(stream.rest(), Ok(Some(_)))))
    }

    #[test]
    fn what_is_told_is_met_whenever_it_comes() {
        for restart in [RestartInterval::default(), RestartInterval::Mcus(7)] {
            let (source, all) = told(restart);
            let (first, is_whole) = goes_on(&source, |y| (y == 0).then(|| all.clone()));
            let first = first.unwrap();
            assert!((2..60).contains(&first) && is_whole == Some(true), "{first}");
            // A few at a time from some row on: a row that has been met is waited for, and here it has to be there.
            for (from, late) in [(first - 3, 0), (first, 0), (first + 5, 0), (first + 9, 4), (first + 18, 0)] {
                if restart != RestartInterval::default() && from > first {
                    continue;
                }
                let before = |y: u32| match y.checked_sub(from) {
                    None => 0,
                    Some(rows) if rows < late => 2,
                    Some(_) => all.len().min(2 * (y + 8 - first) as usize),
                };
                let tell = |y: u32| {
                    let told = if y == 0 { 0 } else { before(y - 1) };
                    (told < all.len()).then(|| all[told..before(y)].to_vec())
                };
                let (met, is_whole) = if from + late < first + ROWS_TOLD {
                    (Some((from + late).max(first)), Some(true))
                } else {
                    (None, None)
                };
                assert_eq!(goes_on(&source, tell), (met, is_whole), "{from}, {late}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_given_up() {
        let (source, all) = told(RestartInterval::default());
        let at_once = |all: &[Decoded]| goes_on(&source, |y| (y == 0).then(|| all.to_vec()));
        let first = at_once(&all).0.unwrap();
        let Some((Decoded::Whole(begin), rows)) = all.split_last() else { panic!() };
        let off = |rows: &[Decoded]| {
            let off = |told: &Decoded| match told.clone() {
                Decoded::Row(row, mut starts) => {
                    starts.iter_mut().for_each(|start| start.bit += 1);
                    Decoded::Row(row, starts)
                }
                told => told,
            };
            rows.iter().map(off).collect::<Vec<_>>()
        };
        let with = |rows: &[Decoded], last: &[Decoded]| [rows, last].concat();
        // Before it is met, whatever else was told.
        let wrong = Decoded::Whole(begin + 1);
        assert_eq!(at_once(&with(rows, std::slice::from_ref(&wrong))), (None, None));
        assert_eq!(at_once(&with(&off(rows), &[Decoded::Whole(*begin)])), (None, None));
        assert_eq!(at_once(&with(&with(&off(rows), &[Decoded::Anew]), &all)), (Some(first), Some(true)));
        // After it.
        let (some, more) = rows.split_at(rows.len() / 2);
        for last in [vec![Decoded::Anew], with(more, &[Decoded::Anew]), with(more, &[wrong]), more.to_vec(), Vec::new()]
        {
            let told = |y| match y {
                0 => Some(some.to_vec()),
                _ if y <= first => Some(Vec::new()),
                _ => (y == first + 1).then(|| last.clone()),
            };
            assert_eq!(goes_on(&source, told), (Some(first), Some(false)), "{}", last.len());
        }
    }
}
