//! Scans of DC coefficients, which are put aside while the picture goes by.

use std::ops::Range;

use super::{Part, Tokeniser, interleave};
use crate::jpeg::Coding;
use crate::jpeg::entropy::Tokenise;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::entropy::store::Store;
use crate::jpeg::entropy::token::Tokens;
use crate::jpeg::frame::Frame;
use crate::jpeg::restart::Countdown;
use crate::jpeg::scan::Scan;
use crate::jpeg::scan::dc::DcRows;
use crate::jpeg::threads;

/// Makes all tokens of those of the parts that are scans of DC coefficients, by so many threads.
pub(crate) fn take(
    kernels: impl AcKernels,
    frame: &Frame,
    dc: &DcRows,
    parts: &mut [Part<'_>],
    threads: usize,
    store: &mut Store,
) {
    let bands = threads::bands(0..frame.mcus_high, threads);
    let of_dc = parts.iter().enumerate().filter(|(_, part)| part.is_dc());
    let jobs = of_dc.flat_map(|(i, _)| bands.iter().map(move |rows| (i, rows.clone()))).collect();
    let made = threads::share(threads, jobs, |_| 0, |(i, rows)| (i, band(kernels, frame, dc, &parts[i], rows)));
    for (i, (part, own)) in made {
        let pieces = store.append(own);
        parts[i].join(part, pieces, store);
    }
}

/// MCU rows of a scan.
fn band<'a>(
    kernels: impl AcKernels,
    frame: &Frame,
    dc: &DcRows,
    whole: &Part<'a>,
    rows: Range<u32>,
) -> (Part<'a>, Store) {
    let (mut part, mut store) = (from_row(frame, dc, whole, rows.start), Store::default());
    let Part { scan, countdown, tokens, tokeniser, .. } = &mut part;
    kernels.run(
        #[inline(always)]
        || match tokeniser {
            Tokeniser::DcFirst(t) => tokenise((frame, dc, scan), rows, countdown, t, tokens, &mut store),
            Tokeniser::DcRefine(t) => tokenise((frame, dc, scan), rows, countdown, t, tokens, &mut store),
            Tokeniser::Sequential(_) | Tokeniser::AcFirst(_) | Tokeniser::AcRefine(_) => {}
        },
    );
    part.tokens.pause(&mut store);
    (part, store)
}

/// A part of the same scan, for the MCU rows from `y` on.
fn from_row<'a>(frame: &Frame, dc: &DcRows, whole: &Part<'a>, y: u32) -> Part<'a> {
    let mut part = Part::new(whole.number, whole.scan.clone(), whole.interval, Coding::Progressive);
    part.countdown = part.countdown_at(frame, y);
    if let (Tokeniser::DcFirst(t), false) = (&mut part.tokeniser, part.countdown.is_at_start()) {
        for (slot, &i) in part.scan.components.iter().enumerate() {
            let above = frame.components[i].rows_of(y).start.checked_sub(1);
            // Whatever the order, it is the last of the row above that came last.
            let last = above.and_then(|above| dc.row(frame, i, above).last());
            last.into_iter().for_each(|&dc| t.predict_from(slot, dc));
        }
    }
    part
}

#[inline(always)]
fn tokenise(
    (frame, dc, scan): (&Frame, &DcRows, &Scan),
    rows: Range<u32>,
    countdown: &mut Countdown,
    tokeniser: &mut impl Tokenise<i16>,
    tokens: &mut Tokens,
    store: &mut Store,
) {
    let of_row = |component, row| dc.row(frame, component, row);
    for y in rows {
        let &[component] = &scan.components[..] else {
            interleave(frame, of_row, scan, (y, countdown), tokeniser, tokens, store);
            continue;
        };
        for row in frame.components[component].rows_of(y) {
            let mut rest = of_row(component, row);
            while !rest.is_empty() {
                let (values, after) = rest.split_at(countdown.within(rest.len()));
                rest = after;
                tokeniser.blocks(0, values, tokens);
                if countdown.pass(values.len()) {
                    tokeniser.restart();
                    tokens.end_interval();
                }
                tokens.settle(store);
            }
        }
    }
}
