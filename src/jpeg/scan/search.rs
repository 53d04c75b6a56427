//! A search for the scans that make a picture smallest: every component by itself, over the places where bands may end
//! and the bits that may come later, by prices that follow from statistics.

use std::ops::Range;

use super::allot::{Choice, cheapest_within};
use super::component::{Component, Priced, Unpriced};
use super::dc::{DcRows, Differences};
use super::effort::Effort;
use super::sample::{Picture, Sample};
use super::statistics::{self, Precision, Statistics};
use super::{Scan, dc, fixed};
use crate::error::Result;
use crate::jpeg::coeff::BLOCK_BYTES;
use crate::jpeg::entropy::group::Group;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::{self, Frame};
use crate::jpeg::threads::{self, Threads};
use crate::jpeg::write::Work;
use crate::limits::Cancel;

/// Components are searched together where what is counted of all takes this part of their coefficients at most: threads
/// then wait for each other less.
const TOGETHER_SHARE: u64 = 4;

/// The smallest scans that were found, and about how many bytes they take: `max_scans` at most, of [`MAX_SCANS`], or
/// those of the effort.
///
/// [`MAX_SCANS`]: super::effort::MAX_SCANS
pub(crate) fn smallest(
    picture: Picture<'_>,
    kernels: impl AcKernels,
    effort: &Effort,
    max_scans: Option<u8>,
    Work { threads, cancel, .. }: Work<'_>,
) -> Result<(Vec<Scan>, f32)> {
    let (frame, sample) = (picture.frame, Sample::new(picture, effort.blocks, effort.one_of));
    let count = frame.components.len();
    let counted: u64 = (0..count).map(|i| counted_bytes(&sample, i, effort)).sum();
    let at_once = if counted > frame.blocks() * BLOCK_BYTES / TOGETHER_SHARE { 1 } else { count };
    let (mut dc, mut components) = (Vec::new(), Vec::with_capacity(count));
    for start in (0..count).step_by(at_once) {
        let some = start..count.min(start + at_once);
        let (ways, statistics) = look_at(&sample, some.clone(), kernels, effort, threads);
        dc.extend(ways);
        let priced = priced(&frame.components[some], kernels, &statistics, effort, (threads, cancel))?;
        components.extend(priced);
    }
    let most = max_scans.map_or(effort.scans, usize::from);
    // DC coefficients are the part behind the components.
    let (bytes, mut found) = cheapest_within(components.len() + 1, most, |part, each| match components.get(part) {
        Some(component) => component.cheapest(part, each),
        None => cheapest_of(&dc, each),
    });
    found.sort_by_key(order);
    Ok((found, bytes))
}

/// The scans of [`fixed::sparse`], with DC coefficients in those that take least.
pub(crate) fn sparse(picture: Picture<'_>, kernels: impl AcKernels) -> Vec<Scan> {
    let Effort { blocks, one_of, .. } = Effort::QUICK;
    let dc = ways_of_dc(picture.frame, kernels, &Sample::new(picture, blocks, one_of));
    fixed::sparse(picture.frame, cheapest_of(&dc, 0.0).1)
}

/// First scans of DC coefficients, and what they cost. The lowest bits are noise in most pictures: to send them later
/// costs a header and saves nothing.
fn ways_of_dc(frame: &Frame, kernels: impl AcKernels, sample: &Sample<'_>) -> Vec<Choice> {
    let mut rows = DcRows::default();
    sample.rows(kernels, |_| true, |i, row| rows.push(i, row.dc()));
    let differences = Differences::new(kernels, frame, &rows, false, &threads::ALONE);
    let scan = |components| Scan { components, start: 0, end: 0, high: 0, low: 0 };
    let way = |groups: Vec<Vec<usize>>| {
        let bytes = groups.iter().map(|group| differences.first(group, 0)).sum();
        (bytes, groups.into_iter().map(scan).collect())
    };
    dc::groupings(frame).into_iter().map(way).collect()
}

/// The cheapest of some ways, where each scan costs `each` more than its price.
fn cheapest_of(ways: &[Choice], each: f32) -> Choice {
    let cost = |(bytes, scans): &Choice| bytes + each * scans.len() as f32;
    ways.iter().min_by(|a, b| cost(a).total_cmp(&cost(b))).cloned().unwrap_or_default()
}

/// What is seen first comes first: DC, low bands of luma, then chroma with them, and lower bits after higher ones.
fn order(scan: &Scan) -> (u8, u8, usize) {
    let component = scan.components[0];
    match (scan.start, scan.high) {
        (0, 0) => (0, 0, component),
        (start, 0) => (1, if component == 0 { start } else { start + 3 }, component),
        (_, high) => (16 - high, u8::from(component > 0), component),
    }
}

/// Precisions of a component that are looked at.
fn lows(picture: Picture<'_>, component: usize, effort: &Effort) -> usize {
    effort.lows[usize::from(picture.has_chroma && component > 0)]
}

/// About so many bytes are what is counted of a component, and what follows from it.
fn counted_bytes(sample: &Sample<'_>, component: usize, effort: &Effort) -> u64 {
    lows(sample.picture(), component, effort) as u64 * statistics::bytes(sample.blocks(component))
}

/// What is made of a sample.
enum Counted {
    Dc(Vec<Choice>),
    /// Of a component.
    Ac(usize, Vec<Precision>),
}

/// The statistics of some components, and with those of the first ways to send DC coefficients.
fn look_at(
    sample: &Sample<'_>,
    components: Range<usize>,
    kernels: impl AcKernels,
    effort: &Effort,
    threads: &Threads,
) -> (Vec<Choice>, Vec<Statistics>) {
    let picture = sample.picture();
    let of_frame = &picture.frame.components;
    let lows = |i| lows(picture, i, effort);
    // Whoever takes some of the precisions of a component goes through the rows for them: nothing is left to be joined.
    let apart = |i| threads.count().min(lows(i));
    let precisions = |i| (0..apart(i)).map(move |first| Some((i, (first..lows(i)).step_by(apart(i)))));
    let of_dc = (components.start == 0).then_some(None).into_iter();
    // Every block is looked at once for DC, and for AC at each precision.
    let looks = |job: &Option<(usize, _)>| match *job {
        None => of_frame.iter().map(|component| component.blocks() as usize).sum(),
        Some((i, _)) => lows(i) * of_frame[i].blocks() as usize / apart(i),
    };
    let jobs = of_dc.chain(components.clone().flat_map(precisions)).collect();
    let counted = threads.share(jobs, looks, |job| match job {
        None => Counted::Dc(ways_of_dc(picture.frame, kernels, sample)),
        Some((i, lows)) => Counted::Ac(i, count(kernels, sample, i, lows.map(Precision::new).collect())),
    });
    let (mut dc, mut of_components) = (Vec::new(), components.clone().map(|_| Vec::new()).collect::<Vec<_>>());
    for counted in counted {
        match counted {
            Counted::Dc(ways) => dc = ways,
            Counted::Ac(i, precisions) => of_components[i - components.start].extend(precisions),
        }
    }
    (dc, of_components.into_iter().map(Statistics::of).collect())
}

/// Counts a component at some precisions.
fn count(
    kernels: impl AcKernels,
    sample: &Sample<'_>,
    component: usize,
    mut precisions: Vec<Precision>,
) -> Vec<Precision> {
    let is_this = |i| i == component;
    sample.rows(kernels, is_this, |_, row| {
        kernels.run(
            #[inline(always)]
            || {
                for precision in &mut precisions {
                    precision.row(kernels, row);
                }
            },
        );
    });
    kernels.run(
        #[inline(always)]
        || {
            for precision in &mut precisions {
                precision.turn_over();
            }
        },
    );
    precisions
}

/// The prices of the scans of components: of those at the places of the effort, and near the best of them.
fn priced(
    components: &[frame::Component],
    kernels: impl AcKernels,
    statistics: &[Statistics],
    effort: &Effort,
    (threads, cancel): (&Threads, &Cancel),
) -> Result<Vec<Priced>> {
    let of_frame = components.iter().zip(statistics);
    let mut components: Vec<_> =
        of_frame.map(|(component, statistics)| Component::new(component.blocks(), statistics, effort)).collect();
    for round in 0..=effort.rounds {
        cancel.check()?;
        if round > 0 {
            components.iter_mut().for_each(Component::look_closer);
        }
        let unpriced: Vec<_> = components.iter_mut().flat_map(Component::unpriced).collect();
        if unpriced.is_empty() {
            break;
        }
        threads.share(unpriced, Unpriced::blocks, |unpriced| {
            kernels.run(
                #[inline(always)]
                || unpriced.price(),
            );
        });
    }
    Ok(components.into_iter().map(Component::priced).collect())
}

#[cfg(test)]
mod tests {
    use super::super::effort::{MANY_SCANS, MAX_SCANS, MOST, USUAL_SCANS};
    use super::*;
    use crate::jpeg::coeff::{Block, CoefficientImage};
    use crate::jpeg::frame::Component as FrameComponent;
    use crate::jpeg::layout::Layout;
    use crate::jpeg::quant::QuantTable;
    use crate::jpeg::rows::Coefficients;
    use crate::jpeg::simd::{Level, Scalar, Simd};
    use crate::jpeg::write;
    use crate::jpeg::{Script, Transcoder, inspect};
    use crate::limits::{Cancel, Limits, Visits};

    /// A picture that is busy in places, with fewer and smaller coefficients the higher they are.
    fn picture(wide: u32, high: u32, sampling: &[(u8, u8)]) -> CoefficientImage {
        let components = sampling.iter().zip(1..).map(|(&(h, v), id)| FrameComponent::new(id, h, v, 0)).collect();
        let frame = Frame::new(wide, high, 8, components).unwrap();
        let mut planes = CoefficientImage::planes(&frame, &Limits::default()).unwrap();
        let mut state = 1u32;
        let mut next = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state >> 8
        };
        for (i, block) in planes.iter_mut().flat_map(|plane| plane.blocks_mut()).enumerate() {
            let busy = (i / 40 % 7) as u32 * 6;
            *block = std::array::from_fn::<_, 64, _>(|k| {
                let some = next() % 64 < busy * 8 / (k as u32 + 8);
                let value = 1 + next() % (1 + 200 / (1 + k as u32 * k as u32));
                let sign = if next() % 2 == 0 { 1 } else { -1 };
                if some { sign * value as i16 } else { 0 }
            }) as Block;
        }
        let tables = vec![QuantTable([1; 64]); sampling.len()];
        CoefficientImage { frame, planes, tables }
    }

    fn of<'a>(coefficients: &'a Coefficients<'_>) -> Picture<'a> {
        let Coefficients { frame, rows, .. } = coefficients;
        Picture { frame, memory: rows.in_memory().unwrap(), has_chroma: frame.components.len() == 3 }
    }

    fn alone<'a>(limits: &'a Limits, cancel: &'a Cancel, visits: &'a Visits) -> Work<'a> {
        Work { threads: &threads::ALONE, limits, cancel, visits, progress: None }
    }

    fn file(image: &CoefficientImage, script: &str) -> Vec<u8> {
        let layout = Layout { script: Some(script.parse::<Script>().unwrap()), ..Layout::default() };
        let metadata = crate::jpeg::metadata::Metadata::default();
        let (limits, cancel) = (Limits::default(), Cancel::new());
        let visits = Visits::to_make(&limits, 0);
        write::write(image.into(), &metadata, &layout, Simd::Auto, alone(&limits, &cancel, &visits)).unwrap()
    }

    /// Bytes of the scans of AC coefficients, with their tables; each ends where the next SOS begins, or the file.
    fn sizes(file: &[u8]) -> Vec<(usize, u64)> {
        let scans = inspect(file, &Limits::default()).unwrap().scans;
        let from = |i: usize| scans[i - 1].end;
        (1..scans.len()).map(|i| (i, scans[i].end - from(i))).collect()
    }

    #[test]
    fn prices_are_what_the_scans_take() {
        let image = picture(1500, 1100, &[(1, 1)]);
        let effort = Effort { refinements: &[(0, MOST)], rounds: 0, ..Effort::of_level(9).unwrap() };
        let coefficients = Coefficients::from(&image);
        let sample = Sample::new(of(&coefficients), effort.blocks, effort.one_of);
        let (_, statistics) = look_at(&sample, 0..1, Scalar, &effort, &threads::ALONE);
        let components =
            priced(&image.frame.components, Scalar, &statistics, &effort, (&threads::ALONE, &Cancel::new())).unwrap();
        let prices = &components[0].prices;
        for script in [
            "0: 0-0,0,0; 0: 1-2,0,0; 0: 3-19,0,0; 0: 20-63,0,0;",
            "0: 0-0,0,0; 0: 1-5,0,2; 0: 6-63,0,2; 0: 1-63,2,1; 0: 1-63,1,0;",
            "0: 0-0,0,0; 0: 1-63,0,3; 0: 1-63,3,2; 0: 1-8,2,1; 0: 9-63,2,1; 0: 1-1,1,0; 0: 2-6,1,0; 0: 7-63,1,0;",
        ] {
            let file = file(&image, script);
            let scans = script.parse::<Script>().unwrap();
            let scans = scans.for_frame(&image.frame, &Limits::default()).unwrap();
            for (i, bytes) in sizes(&file) {
                let Scan { start, end, high, low, .. } = scans[i];
                let bands =
                    if high > 0 { &prices.refinements[usize::from(low)] } else { &prices.firsts[usize::from(low)] };
                let price = bands[(usize::from(start), usize::from(end) + 1)];
                let off = (price - bytes as f32).abs();
                assert!(off < 2.0 + 0.004 * bytes as f32, "{script}: scan {i} takes {bytes}, priced {price}");
            }
        }
    }

    #[test]
    fn threads_count_what_one_does() {
        let image = picture(1100, 900, &[(2, 2), (1, 1), (1, 1)]);
        let coefficients = Coefficients::from(&image);
        for level in [1, 5, 9] {
            let effort = Effort::of_level(level).unwrap();
            let sample = Sample::new(of(&coefficients), effort.blocks, effort.one_of);
            let count = |threads| look_at(&sample, 0..3, Scalar, &effort, &Threads::new(threads));
            let (dc, statistics) = count(1);
            for threads in [2, 3, 8] {
                let (other_dc, others) = count(threads);
                assert!(statistics == others && dc == other_dc, "{threads} threads, effort {level}");
            }
        }
    }

    #[test]
    fn every_instruction_set_finds_the_same() {
        let image = picture(900, 700, &[(2, 2), (1, 1), (1, 1)]);
        let coefficients = Coefficients::from(&image);
        let find = |level: Level| {
            let (effort, limits, cancel) = (Effort::default(), Limits::default(), Cancel::new());
            let visits = Visits::to_make(&limits, 0);
            let (picture, work) = (of(&coefficients), alone(&limits, &cancel, &visits));
            match level {
                Level::Scalar(kernels) => smallest(picture, kernels, &effort, None, work),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2(kernels) => smallest(picture, kernels, &effort, None, work),
                #[cfg(target_arch = "x86_64")]
                Level::Avx512(kernels) => smallest(picture, kernels, &effort, None, work),
            }
            .unwrap()
        };
        let scalar = find(Level::Scalar(Scalar));
        for simd in [Simd::Avx2, Simd::Avx512] {
            match simd.level() {
                Ok(level) => assert_eq!(find(level), scalar, "{simd:?}"),
                Err(error) => eprintln!("skipped: {error}"),
            }
        }
    }

    #[test]
    fn more_effort_is_no_larger() {
        let image = picture(1100, 900, &[(2, 1), (1, 1), (1, 1)]);
        let source = file(&image, "0 1 2;");
        let sizes = [1, 3, 5, 7, 9].map(|level| {
            let transcoder = Transcoder::new().mode(crate::jpeg::Mode::Small).effort(level).unwrap();
            transcoder.run(&source).unwrap().len()
        });
        let fast = Transcoder::new().mode(crate::jpeg::Mode::Fast).run(&source).unwrap().len();
        for (more, less) in sizes.iter().zip([fast].iter().chain(&sizes)) {
            assert!(*more as f64 <= *less as f64 * 1.0002, "{fast}: {sizes:?}");
        }
        assert!(sizes[4] as f64 <= sizes[0] as f64 * 0.98, "{sizes:?}");
    }

    #[test]
    fn no_more_scans_are_found_than_asked_for() {
        let image = picture(1100, 900, &[(2, 2), (1, 1), (1, 1), (1, 1)]);
        let coefficients = Coefficients::from(&image);
        let find = |level: u8, max_scans| {
            let (effort, limits, cancel) = (Effort::of_level(level).unwrap(), Limits::default(), Cancel::new());
            let visits = Visits::to_make(&limits, 0);
            smallest(of(&coefficients), Scalar, &effort, max_scans, alone(&limits, &cancel, &visits)).unwrap().0.len()
        };
        let (usual, full) = (find(8, None), find(9, None));
        assert!(usual <= USUAL_SCANS && full > USUAL_SCANS && full <= MANY_SCANS, "{usual}, {full}");
        for max_scans in [*MAX_SCANS.start(), 11, USUAL_SCANS as u8, *MAX_SCANS.end()] {
            assert!(find(9, Some(max_scans)) <= usize::from(max_scans), "{max_scans}");
        }
    }
}
