//! Scans of DC coefficients, which are put aside while the picture goes by.

use std::ops::Range;

use super::{Part, Tokeniser};
use crate::jpeg::Coding;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::entropy::store::Store;
use crate::jpeg::entropy::token::Tokens;
use crate::jpeg::entropy::{DcOfMcus, TokeniseDc};
use crate::jpeg::frame::{Frame, MAX_COMPONENTS};
use crate::jpeg::restart::Countdown;
use crate::jpeg::scan::Scan;
use crate::jpeg::scan::dc::DcRows;
use crate::jpeg::threads::{self, Threads};

/// MCUs whose tokens are made at once: what there is of them stays in the first cache.
const AT_ONCE: usize = 128;

/// Makes all tokens of those of the parts that are scans of DC coefficients, by so many threads.
pub(crate) fn take(
    kernels: impl AcKernels,
    frame: &Frame,
    dc: &DcRows,
    parts: &mut [Part<'_>],
    threads: &Threads,
    store: &mut Store,
) {
    let bands = threads::bands(0..frame.mcus_high, threads);
    let of_dc = parts.iter().enumerate().filter(|(_, part)| part.is_dc());
    let jobs = of_dc.flat_map(|(i, _)| bands.iter().map(move |rows| (i, rows.clone()))).collect();
    let made = threads.share(jobs, |_| 0, |(i, rows)| (i, band(kernels, frame, dc, &parts[i], rows)));
    for (i, (part, own)) in made {
        let pieces = store.append(own);
        parts[i].join(part, pieces, store);
    }
}

/// MCU rows of a scan.
pub(super) fn band<'a>(
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
pub(super) fn from_row<'a>(frame: &Frame, dc: &DcRows, whole: &Part<'a>, y: u32) -> Part<'a> {
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
    tokeniser: &mut impl TokeniseDc,
    tokens: &mut Tokens,
    store: &mut Store,
) {
    let mut pass = |mcus: &[DcOfMcus<'_>]| row_of_mcus(mcus, countdown, tokeniser, tokens, store);
    if let &[component] = &scan.components[..] {
        for row in rows.flat_map(|y| frame.components[component].rows_of(y)) {
            pass(&[DcOfMcus { values: dc.row(frame, component, row), of_an_mcu: 1 }]);
        }
        return;
    }
    let mut in_order = vec![Vec::new(); scan.components.len()];
    for y in rows {
        let mut mcus = [DcOfMcus::default(); MAX_COMPONENTS];
        for ((in_order, mcus), &i) in in_order.iter_mut().zip(&mut mcus).zip(&scan.components) {
            let component = &frame.components[i];
            in_order.clear();
            dc.in_mcu_order(frame, i, y, in_order);
            *mcus = DcOfMcus { values: in_order, of_an_mcu: (component.horizontal * component.vertical) as usize };
        }
        pass(&mcus[..scan.components.len()]);
    }
}

/// A row of MCUs, by components: some at a time, which are all of an interval.
#[inline(always)]
fn row_of_mcus(
    mcus: &[DcOfMcus<'_>],
    countdown: &mut Countdown,
    tokeniser: &mut impl TokeniseDc,
    tokens: &mut Tokens,
    store: &mut Store,
) {
    let (mut x, count) = (0, mcus[0].mcus());
    while x < count {
        let end = x + countdown.within((count - x).min(AT_ONCE));
        let mut some = [DcOfMcus::default(); MAX_COMPONENTS];
        some.iter_mut().zip(mcus).for_each(|(some, all)| *some = all.within(x..end));
        tokeniser.mcus(&some[..mcus.len()], tokens);
        if countdown.pass(end - x) {
            tokeniser.restart();
            tokens.end_interval();
        }
        tokens.settle(store);
        x = end;
    }
}
