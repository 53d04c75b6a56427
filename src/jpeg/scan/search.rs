//! A search for the scans that make a picture smallest: every component by itself, over the places where bands may end
//! and the bits that may come later, by prices that follow from statistics.

use std::ops::RangeInclusive;

use super::dc::{DcRows, Differences};
use super::price::{self, Refinement, Scale, unpriced};
use super::sample::{MOST_BLOCKS, Picture, Sample};
use super::split::{Band, Prices, cheapest};
use super::statistics::Statistics;
use super::{Scan, dc, fixed};
use crate::error::{Error, Result};
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::frame::Frame;
use crate::jpeg::threads;
use crate::jpeg::write::Work;

/// Scans that are enough for any picture, one of DC and one of AC for each component, and as many as may be asked for.
pub(crate) const MAX_SCANS: RangeInclusive<u8> = 8..=100;
/// Scans of a file at most: more of them gain little, and every decoder pays for each. The full search may use more.
const USUAL_SCANS: usize = 16;
const MANY_SCANS: usize = 60;

/// How much work a search may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Blocks of a component that are looked at: so many, or one of so many if that is more.
    blocks: usize,
    one_of: u64,
    /// Precisions that are looked at, of luma and of other components.
    lows: [usize; 2],
    /// Where bands may begin at first, of first scans and of refinements.
    bounds: &'static [usize],
    refinements: &'static [usize],
    /// Times that the ends of the bands found are moved a little.
    rounds: usize,
    /// Scans at most.
    scans: usize,
}

/// Those of mozjpeg's search, so that no less is found than it finds.
const FEW: &[usize] = &[1, 3, 6, 9, 13, 19, 64];
const SOME: &[usize] = &[1, 2, 3, 6, 9, 13, 19, 27, 64];
const MANY: &[usize] = &[1, 2, 3, 4, 6, 7, 9, 11, 13, 16, 19, 22, 27, 35, 45, 64];
const MOST: &[usize] = &[
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 23, 25, 27, 30, 33, 36, 40, 45, 50, 57, 64,
];

impl Effort {
    /// Of level 1.
    pub(crate) const QUICK: Self =
        Self { bounds: FEW, refinements: &[1, 64], rounds: 0, blocks: 2048, one_of: 16, ..Self::NORMAL };
    /// Of level 5.
    pub(crate) const NORMAL: Self = Self {
        blocks: 4096,
        one_of: 8,
        lows: [4, 2],
        bounds: SOME,
        refinements: &[1, 6, 64],
        rounds: 2,
        scans: USUAL_SCANS,
    };

    /// Of a level, 1 to 9.
    ///
    /// # Errors
    /// `Usage` for other levels.
    pub(crate) fn of_level(level: u8) -> Result<Self> {
        let (quick, normal) = (Self::QUICK, Self::NORMAL);
        let thorough = Self { lows: [3, 3], bounds: MANY, refinements: FEW, ..normal };
        let whole = Self { blocks: MOST_BLOCKS, one_of: 1, lows: [4, 4], rounds: 6, ..thorough };
        match level {
            1 => Ok(quick),
            2 => Ok(Self { rounds: 1, ..quick }),
            3 => Ok(Self { blocks: 4096, one_of: 8, rounds: 1, ..quick }),
            4 => Ok(Self { blocks: 4096, one_of: 8, rounds: 2, ..quick }),
            5 => Ok(normal),
            6 => Ok(Self { blocks: 8192, one_of: 4, ..normal }),
            7 => Ok(Self { blocks: 8192, one_of: 4, ..thorough }),
            8 => Ok(whole),
            9 => Ok(Self { bounds: MOST, scans: MANY_SCANS, ..whole }),
            _ => Err(Error::usage(format!("an effort of {level} is not 1 to 9")).field_named("effort")),
        }
    }
}

impl Default for Effort {
    fn default() -> Self {
        Self::NORMAL
    }
}

/// The smallest scans that were found, and about how many bytes they take: `max_scans` at most, of [`MAX_SCANS`], or
/// those of the effort.
pub(crate) fn smallest(
    picture: Picture<'_>,
    kernels: impl AcKernels,
    effort: &Effort,
    max_scans: Option<u8>,
    Work { threads, cancel, .. }: Work<'_>,
) -> Result<(Vec<Scan>, f32)> {
    let sample = Sample::new(picture, effort.blocks, effort.one_of);
    let (dc, mut bytes) = cheapest_dc(picture.frame, kernels, &sample);
    let of_frame = &picture.frame.components;
    let component = |i: usize| cancel.check().map(|()| Component::new(picture, kernels, &sample, effort, i));
    let components =
        threads::share(threads, (0..of_frame.len()).collect(), |&i| of_frame[i].blocks() as usize, component);
    let components = components.into_iter().collect::<Result<Vec<_>>>()?;
    let mut found = dc;
    let most = max_scans.map_or(effort.scans, usize::from) - found.len();
    let choices: Vec<Choices> =
        components.iter().map(|component| component.choices(most, most / components.len())).collect();
    for (i, bands) in within(choices, most).into_iter().enumerate() {
        bytes += bands.iter().map(|band| components[i].prices.of(band)).sum::<f32>();
        found.extend(bands.into_iter().map(|band| scan(i, band)));
    }
    found.sort_by_key(order);
    Ok((found, bytes))
}

/// The scans of [`fixed::sparse`], with DC coefficients in those that take least.
pub(crate) fn sparse(picture: Picture<'_>, kernels: impl AcKernels) -> Vec<Scan> {
    let Effort { blocks, one_of, .. } = Effort::QUICK;
    let (dc, _) = cheapest_dc(picture.frame, kernels, &Sample::new(picture, blocks, one_of));
    fixed::sparse(picture.frame, dc)
}

/// The cheapest first scans of DC coefficients, and what they cost. The lowest bits are noise in most pictures: to send
/// them later costs a header and saves nothing.
fn cheapest_dc(frame: &Frame, kernels: impl AcKernels, sample: &Sample<'_>) -> (Vec<Scan>, f32) {
    let mut rows = DcRows::default();
    sample.rows(kernels, |_| true, |i, row| rows.push(i, row));
    let differences = Differences::new(kernels, frame, &rows, false, 1);
    let priced = dc::groupings(frame).into_iter().map(|groups| {
        let bytes: f32 = groups.iter().map(|group| differences.first(group, 0)).sum();
        (groups, bytes)
    });
    let (groups, bytes) = priced.min_by(|(_, a), (_, b)| a.total_cmp(b)).unwrap_or_default();
    let scan = |components| Scan { components, start: 0, end: 0, high: 0, low: 0 };
    (groups.into_iter().map(scan).collect(), bytes)
}

fn scan(component: usize, band: Band) -> Scan {
    let Band { start, end, high, low } = band;
    Scan { components: vec![component], start: start as u8, end: end as u8 - 1, high, low }
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

/// Ways to send a component: for each number of scans the best that is known, and what it costs.
type Choices = Vec<Option<(f32, Vec<Band>)>>;

/// The cheapest choice of each component, so many scans at most in all. There are enough for the least choice of each.
fn within(components: Vec<Choices>, most: usize) -> Vec<Vec<Band>> {
    // For each number of scans, the cheapest choices of the components so far.
    let mut best: Vec<Option<(f32, Vec<usize>)>> = vec![None; most + 1];
    best[0] = Some((0.0, Vec::new()));
    for choices in &components {
        let mut next = vec![None; most + 1];
        for (before, (cost, counts)) in best.iter().enumerate().filter_map(|(n, b)| Some((n, b.as_ref()?))) {
            for (count, (more, _)) in choices.iter().enumerate().filter_map(|(n, c)| Some((n, c.as_ref()?))) {
                let sum = cost + more;
                let place: Option<&mut Option<(f32, Vec<usize>)>> = next.get_mut(before + count);
                if let Some(place) = place.filter(|place| place.as_ref().is_none_or(|(cost, _)| sum < *cost)) {
                    *place = Some((sum, counts.iter().copied().chain([count]).collect()));
                }
            }
        }
        best = next;
    }
    let cheapest = best.into_iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0));
    let counts = cheapest.map_or(Vec::new(), |(_, counts)| counts);
    let chosen = components.into_iter().zip(counts);
    chosen.map(|(mut choices, count)| choices[count].take().map_or(Vec::new(), |(_, bands)| bands)).collect()
}

/// The prices of a component's scans.
struct Component {
    prices: Prices,
    bounds: Vec<usize>,
}

impl Component {
    fn new(
        picture: Picture<'_>,
        kernels: impl AcKernels,
        sample: &Sample<'_>,
        effort: &Effort,
        component: usize,
    ) -> Self {
        let is_chroma = picture.has_chroma && component > 0;
        let lows = effort.lows[usize::from(is_chroma)];
        let mut statistics = Statistics::new(lows);
        let is_this = |i| i == component;
        sample.rows(kernels, is_this, |_, row| {
            kernels.run(
                #[inline(always)]
                || statistics.row(kernels, row),
            );
        });
        kernels.run(
            #[inline(always)]
            || statistics.finish(),
        );
        let scale = Scale::new(picture.frame.components[component].blocks(), statistics.blocks());
        let refinements: Vec<Refinement<'_>> = kernels.run(
            #[inline(always)]
            || (0..lows - 1).map(|low| Refinement::new(&statistics, low)).collect(),
        );
        let mut prices = Prices { firsts: vec![unpriced(); lows], refinements: vec![unpriced(); lows - 1] };
        let price = |prices: &mut Prices, firsts: &[usize], refined: &[usize]| {
            kernels.run(
                #[inline(always)]
                || {
                    for (low, bands) in prices.firsts.iter_mut().enumerate() {
                        price::firsts(&statistics, low, firsts, scale, bands);
                    }
                    for (refinement, bands) in refinements.iter().zip(&mut prices.refinements) {
                        refinement.price(refined, scale, bands);
                    }
                },
            );
        };
        price(&mut prices, effort.bounds, effort.refinements);
        let mut bounds: Vec<usize> = effort.bounds.to_vec();
        let mut cost = f32::INFINITY;
        for _ in 0..effort.rounds {
            let (less, bands) = cheapest(&prices, &bounds, 0.0);
            if less >= cost {
                break;
            }
            cost = less;
            let firsts = near(bands.iter().filter(|band| band.high == 0), &bounds);
            let refined = near(bands.iter().filter(|band| band.high > 0), &bounds);
            price(&mut prices, &firsts, &refined);
            bounds.extend(firsts);
            bounds.extend(refined);
            bounds.sort_unstable();
            bounds.dedup();
        }
        Self { prices, bounds }
    }

    /// Ways to send the component in `most` scans or fewer. A price on every scan makes them fewer; the higher, the
    /// fewer, down to one.
    fn choices(&self, most: usize, enough: usize) -> Choices {
        let mut choices: Choices = vec![None; most + 1];
        let mut each = 0.0;
        loop {
            let (cost, bands) = cheapest(&self.prices, &self.bounds, each);
            let count = bands.len();
            if let Some(choice) = choices.get_mut(count) {
                let cost = cost - each * count as f32;
                if choice.as_ref().is_none_or(|(known, _)| cost < *known) {
                    *choice = Some((cost, bands));
                }
            }
            // Where the cheapest choice has no more than its share, no other is needed.
            if count == 1 || (each == 0.0 && count <= enough) {
                return choices;
            }
            each = 1.5 * each + 4.0;
        }
    }
}

/// The ends of bands, and places between them and the bounds next to them.
fn near<'a>(bands: impl Iterator<Item = &'a Band>, bounds: &[usize]) -> Vec<usize> {
    let mut near = vec![1, 64];
    for start in bands.map(|band| band.start).filter(|&start| start > 1) {
        near.push(start);
        if let Ok(at) = bounds.binary_search(&start) {
            near.extend([start.midpoint(bounds[at - 1]), start.midpoint(bounds[at + 1])]);
        }
    }
    near.sort_unstable();
    near.dedup();
    near
}

#[cfg(test)]
mod tests {
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
        Work { threads: 1, limits, cancel, visits, progress: None }
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
        let effort = Effort { bounds: MOST, refinements: MOST, rounds: 0, ..Effort::of_level(9).unwrap() };
        let coefficients = Coefficients::from(&image);
        let sample = Sample::new(of(&coefficients), effort.blocks, effort.one_of);
        let prices = Component::new(of(&coefficients), Scalar, &sample, &effort, 0).prices;
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
                let price = bands[usize::from(start)][usize::from(end) + 1];
                let off = (price - bytes as f32).abs();
                assert!(off < 2.0 + 0.004 * bytes as f32, "{script}: scan {i} takes {bytes}, priced {price}");
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

    #[test]
    fn the_cap_is_kept_at_little_cost() {
        let bands = |cost: f32, n: usize| Some((cost, vec![Band { start: 1, end: 64, high: 0, low: 0 }; n]));
        let many = |costs: &[f32]| -> Choices {
            std::iter::once(None).chain(costs.iter().zip(1..).map(|(&cost, n)| bands(cost, n))).collect()
        };
        let components = || vec![many(&[100.0, 50.0, 20.0]), many(&[30.0, 29.0, 28.0]), many(&[40.0, 25.0])];
        let counts = |most| within(components(), most).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(counts(13), [3, 3, 2]);
        assert_eq!(counts(6), [3, 1, 2]);
        assert_eq!(counts(4), [2, 1, 1]);
        assert_eq!(counts(3), [1, 1, 1]);
    }
}
