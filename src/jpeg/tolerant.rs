//! A scan that is read as far as it can be: after an error with its next restart interval.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::jpeg::bits::{Unstuffed, source_offset};
use crate::jpeg::entropy::{Input, ReadBlocks};
use crate::jpeg::mcu::{self, Mcus};
use crate::jpeg::read::Terms;
use crate::limits::Cancel;

/// Restart intervals that are looked at beyond those that a scan should have: some may be there twice.
const MORE_INTERVALS: usize = 64;
/// MCUs between two looks at the flag that cancels.
const CANCEL_EVERY: usize = 4096;

/// Reads a scan, `source[start..end]`, whose MCUs these are, with a restart after some of them, or none.
pub(crate) fn read<R: ReadBlocks>(
    mut reader: R,
    mut mcus: Mcus<'_>,
    restart_interval: u16,
    (source, start, end): (&[u8], usize, usize),
    terms: &mut Terms<'_>,
) -> Result<()> {
    let Terms { cancel, level, tolerance, .. } = terms;
    let per_interval = if restart_interval == 0 { mcus.count } else { restart_interval.into() };
    let intervals = mcus.count.div_ceil(per_interval);
    let mut plain = Unstuffed::default();
    plain.fill(source, start, end, intervals + MORE_INTERVALS);
    let mut next = 0;
    for interval in &plain.intervals {
        let data = plain.data(interval);
        if let Some(number) = interval.restart {
            let ahead = (usize::from(number) + 9 - next % 8) % 8;
            if ahead > 0 {
                tolerance.forgive(mcu::out_of_order(interval))?;
            }
            match ahead {
                // As libjpeg: one or two are lost, or this one is late; anything else is taken for a wrong number.
                1 | 2 => next += ahead,
                6 | 7 => continue,
                _ => {}
            }
        }
        if next >= intervals {
            if !data.is_empty() {
                tolerance.forgive(Error::input(mcu::SURPLUS).at(interval.source as u64))?;
            }
            break;
        }
        reader.restart();
        let range = next * per_interval..((next + 1) * per_interval).min(mcus.count);
        let offset = |plain| source_offset(source, interval, plain) as u64;
        let outcome = level.run(
            #[inline(always)]
            || read_interval(range, &mut reader, &mut mcus, data, cancel, offset),
        );
        if let Err(error) = outcome {
            tolerance.forgive(error)?;
        }
        next += 1;
    }
    if next < intervals {
        tolerance.forgive(mcu::too_few_intervals(next, intervals, end))?;
    }
    match plain.surplus {
        Some(offset) => tolerance.forgive(Error::input(mcu::SURPLUS).at(offset as u64)),
        None => Ok(()),
    }
}

/// Reads the MCUs of a restart interval. `offset` tells where a byte of its data lies in the file.
#[inline(always)]
fn read_interval<R: ReadBlocks>(
    range: Range<usize>,
    reader: &mut R,
    mcus: &mut Mcus<'_>,
    data: &[u8],
    cancel: &Cancel,
    offset: impl Fn(usize) -> u64,
) -> Result<()> {
    let mut input = R::Input::resume(data, R::Place::default());
    for mcu in range {
        if mcu % CANCEL_EVERY == 0 {
            cancel.check()?;
        }
        let read = mcus.read(mcu, reader, &mut input);
        // Whatever else is wrong: what is read past the end is not data.
        let read = if input.overrun() { Err(mcu::ENDS_EARLY) } else { read };
        read.map_err(|fault| Error::input(fault).at(offset(input.byte_position())))?;
    }
    mcu::check_left_over(input.left_over()).map_err(|e| e.at(offset(input.byte_position())))
}
