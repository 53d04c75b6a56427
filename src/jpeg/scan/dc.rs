//! DC coefficients by themselves, and what every way to send them takes: two bytes a block hold them, and one walk over
//! them tells the sizes of all differences.

mod count;
mod order;

use self::count::count;
use super::price::{Scale, code_bits};
use super::size::{DHT, DHT_TABLE, sos};
use crate::jpeg::RestartInterval;
use crate::jpeg::entropy::planes::AcKernels;
use crate::jpeg::entropy::token::Sizes;
use crate::jpeg::frame::{Component, Frame, MAX_COMPONENTS};
use crate::jpeg::threads::Threads;

/// Point transforms that are looked at: Al of 0 to 3.
pub(super) const LOWS: usize = 4;

/// Counts of the sizes of differences.
type Counts = [u32; 17];

/// The DC coefficients of rows of MCUs, by component.
#[derive(Clone, Debug, Default)]
pub(crate) struct DcRows {
    values: [Vec<i16>; MAX_COMPONENTS],
}

impl DcRows {
    /// Makes room for all rows of a component, which has so many blocks, where none has come.
    pub(crate) fn reserve(&mut self, component: usize, blocks: u64) {
        self.values[component].reserve_exact(blocks as usize);
    }

    /// Adds those of the next row of a component.
    #[inline(always)]
    pub(crate) fn push(&mut self, component: usize, values: impl Iterator<Item = i16>) {
        self.values[component].extend(values);
    }

    /// Adds the rows that come next.
    pub(crate) fn append(&mut self, next: &Self) {
        self.values.iter_mut().zip(&next.values).for_each(|(values, next)| values.extend_from_slice(next));
    }

    /// Adds an offset for each component.
    pub(crate) fn add(&mut self, offsets: [i16; MAX_COMPONENTS]) {
        for (values, offset) in self.values.iter_mut().zip(offsets) {
            values.iter_mut().for_each(|value| *value = value.wrapping_add(offset));
        }
    }

    /// A row of a component, of those that have come.
    #[inline(always)]
    pub(crate) fn row(&self, frame: &Frame, component: usize, row: u32) -> &[i16] {
        let wide = frame.components[component].blocks_wide as usize;
        self.values[component].get(row as usize * wide..).and_then(|rest| rest.get(..wide)).unwrap_or_default()
    }

    /// Rows of MCUs that have come.
    pub(crate) fn mcu_rows(&self, frame: &Frame) -> u32 {
        let Component { blocks_wide, vertical, .. } = frame.components[0];
        // No more than the picture has.
        (self.values[0].len() as u32 / blocks_wide.max(1)).div_ceil(vertical)
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        self.values.iter().map(|values| (values.capacity() * size_of::<i16>()) as u64).sum()
    }
}

/// The sizes of the differences of each component, by Al.
#[derive(Debug)]
pub(crate) struct Differences<'a> {
    frame: &'a Frame,
    /// In rows, as a scan of the component alone has them.
    alone: Vec<[Counts; LOWS]>,
    /// In the order of interleaved MCUs, padding included.
    in_mcus: Vec<[Counts; LOWS]>,
    /// Bytes of a refinement that are all ones and take another for stuffing, by Al: of flat areas they are many. Of
    /// each component alone, and of the second and third together.
    ones: Vec<[u32; LOWS]>,
    ones_of_two: [u32; LOWS],
    /// Rows of MCUs that were counted, for those of the frame.
    counted: u32,
    restart: RestartInterval,
}

impl<'a> Differences<'a> {
    /// `refined` says whether a scan may have an Al of more than 0: 1 at most where the first component is interleaved.
    pub(crate) fn new(
        kernels: impl AcKernels,
        frame: &'a Frame,
        rows: &DcRows,
        refined: bool,
        threads: &Threads,
    ) -> Self {
        let counted = rows.mcu_rows(frame);
        let sizes = |(i, in_mcus): (usize, bool)| {
            kernels.run(
                #[inline(always)]
                || match (refined, in_mcus, i) {
                    (false, ..) => count::<1>(frame, rows, i, in_mcus),
                    (true, true, 0) => count::<2>(frame, rows, i, in_mcus),
                    (true, ..) => count::<LOWS>(frame, rows, i, in_mcus),
                },
            )
        };
        let components = 0..frame.components.len();
        // With a single row of blocks in an MCU, both orders are the same but for padding.
        let differ = components.clone().filter(|&i| frame.components[i].vertical > 1);
        let jobs: Vec<_> = components.map(|i| (i, false)).chain(differ.map(|i| (i, true))).collect();
        // To put them in order takes longer than to count them.
        let weight =
            |&(i, in_mcus): &(usize, bool)| frame.components[i].blocks() as usize * if in_mcus { 3 } else { 1 };
        let mut alone = threads.share(jobs.clone(), weight, sizes);
        let others = alone.split_off(frame.components.len());
        let mut in_mcus = alone.clone();
        jobs.iter().filter(|(_, in_mcus)| *in_mcus).zip(others).for_each(|(&(i, _), counts)| in_mcus[i] = counts);
        for (sizes, component) in in_mcus.iter_mut().zip(&frame.components).filter(|(_, c)| c.vertical == 1) {
            // Padding repeats what was before it.
            let padding = (frame.mcus_wide * component.horizontal - component.blocks_wide) * counted;
            sizes.iter_mut().for_each(|sizes| sizes[0] += padding);
        }
        let mut ones = vec![[0; LOWS]; frame.components.len()];
        let mut ones_of_two = [0; LOWS];
        if refined {
            let all = |values: &[i16]| values.iter().fold(-1, |all, value| all & value);
            kernels.run(
                #[inline(always)]
                || {
                    for (ones, values) in ones.iter_mut().zip(&rows.values) {
                        *ones = self::ones(values.as_chunks::<8>().0.iter().map(|eight| all(eight)));
                    }
                    let (second, third) = (rows.values[1].as_chunks::<4>().0, rows.values[2].as_chunks::<4>().0);
                    ones_of_two = self::ones(second.iter().zip(third).map(|(a, b)| all(a) & all(b)));
                },
            );
        }
        Self { frame, alone, in_mcus, ones, ones_of_two, counted, restart: RestartInterval::default() }
    }

    /// With restart markers. What they cost the differences is left out.
    pub(crate) fn with_restarts(self, restart: RestartInterval) -> Self {
        Self { restart, ..self }
    }

    /// Bytes of a first scan of these components; no number of them where a difference is too large for one.
    pub(super) fn first(&self, components: &[usize], low: u8) -> f32 {
        let low = usize::from(low);
        let mut tables = [[0; 17]; 2];
        let counts = if components.len() == 1 { &self.alone } else { &self.in_mcus };
        for &i in components {
            // As `part` gives tables to components.
            let table = &mut tables[usize::from(matches!(i, 1 | 2))];
            table.iter_mut().zip(&counts[i][low]).for_each(|(sum, n)| *sum += n);
        }
        let largest = Sizes::of_precision(self.frame.precision).dc;
        if tables.iter().any(|sizes| sizes[largest + 1..].iter().any(|&n| n > 0)) {
            return f32::INFINITY;
        }
        priced(components.len(), &tables, Scale::new(self.frame.mcus_high.into(), self.counted as usize))
            + self.restart.bytes(self.frame, components)
    }

    /// Bytes of a refinement: a bit for each block. What may have to be stuffed where all components are interleaved is
    /// left out, which makes libjpeg's script no larger than it is.
    pub(super) fn refinement(&self, components: &[usize], low: u8) -> f32 {
        let frame = self.frame;
        let stuffed = match components {
            &[component] => self.ones[component][usize::from(low)],
            [1, 2] => self.ones_of_two[usize::from(low)],
            _ => 0,
        };
        let blocks = if let &[component] = components {
            frame.components[component].blocks()
        } else {
            let of_an_mcu = components.iter().map(|&c| frame.components[c].horizontal * frame.components[c].vertical);
            u64::from(frame.mcus_wide) * u64::from(frame.mcus_high) * u64::from(of_an_mcu.sum::<u32>())
        };
        (blocks / 8) as f32 + stuffed as f32 + sos(components.len()) as f32 + self.restart.bytes(frame, components)
    }
}

/// How many of these bit fields have each bit.
#[inline(always)]
fn ones(fields: impl Iterator<Item = i16>) -> [u32; LOWS] {
    let mut ones = [0; LOWS];
    for field in fields {
        for (low, ones) in ones.iter_mut().enumerate() {
            *ones += u32::from(field >> low & 1 == 1);
        }
    }
    ones
}

fn priced(components: usize, tables: &[Counts; 2], scale: Scale) -> f32 {
    let bits = |sizes: &Counts| {
        let mut used: Vec<u32> = sizes.iter().copied().filter(|&n| n > 0).collect();
        let extra: u64 = sizes.iter().zip(0..).map(|(&n, size)| u64::from(n) * size).sum();
        let headers = if used.is_empty() { 0 } else { DHT_TABLE };
        (code_bits(&mut used) + extra, used.len(), headers)
    };
    let shared = std::array::from_fn(|size| tables[0][size] + tables[1][size]);
    let (first, second, shared) = (bits(&tables[0]), bits(&tables[1]), bits(&shared));
    let headers = sos(components) + DHT;
    let apart = scale.bytes(first.0 + second.0, first.1 + second.1, headers + first.2 + second.2);
    apart.min(scale.bytes(shared.0, shared.1, headers + shared.2))
}

/// The components of interleaved scans: all in one where an MCU can hold them, else each alone.
pub(super) fn interleaved(frame: &Frame) -> Vec<Vec<usize>> {
    let all: Vec<usize> = (0..frame.components.len()).collect();
    if frame.may_interleave(&all) { vec![all] } else { all.into_iter().map(|c| vec![c]).collect() }
}

/// Ways to group components in first scans. Interleaved scans code padding, and go from block to block otherwise than a
/// component by itself, but save headers and tables.
pub(super) fn groupings(frame: &Frame) -> Vec<Vec<Vec<usize>>> {
    let all: Vec<usize> = (0..frame.components.len()).collect();
    let mut groupings = vec![interleaved(frame)];
    if all.len() > 1 {
        groupings.push(all.iter().map(|&c| vec![c]).collect::<Vec<_>>());
    }
    if all.len() > 2 {
        groupings.push(vec![vec![0], all[1..].to_vec()]);
    }
    groupings.retain(|groups| groups.iter().all(|group| frame.may_interleave(group)));
    groupings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::coeff::CoefficientImage;
    use crate::jpeg::layout::Layout;
    use crate::jpeg::metadata::Metadata;
    use crate::jpeg::quant::QuantTable;
    use crate::jpeg::simd::{Scalar, Simd};
    use crate::jpeg::threads;
    use crate::jpeg::write::{self, Work};
    use crate::jpeg::{Script, inspect};
    use crate::limits::{Cancel, Limits, Visits};

    /// A picture whose DC coefficients wander, and stay for a while in places, with all bits set in some of them.
    fn picture(sampling: &[(u8, u8)]) -> CoefficientImage {
        let components = sampling.iter().zip(1..).map(|(&(h, v), id)| Component::new(id, h, v, 0)).collect();
        let frame = Frame::new(1110, 900, 8, components).unwrap();
        let mut planes = CoefficientImage::planes(&frame, &Limits::default()).unwrap();
        let mut state = 1u32;
        for plane in &mut planes {
            let mut dc = 0_i16;
            for (i, block) in plane.blocks_mut().iter_mut().enumerate() {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                dc = if i / 300 % 3 == 0 { -1 } else { (dc + (state >> 27) as i16 - 15).clamp(-900, 900) };
                block[0] = dc;
            }
        }
        CoefficientImage { frame, planes, tables: vec![QuantTable([1; 64]); sampling.len()] }
    }

    #[test]
    fn prices_are_what_the_scans_take() {
        for sampling in [
            &[(1, 1)][..],
            &[(2, 2), (1, 1), (1, 1)],
            &[(1, 1); 3],
            &[(1, 2), (1, 2), (1, 1)],
            &[(2, 2); 2],
            &[(3, 2), (1, 1), (1, 1)],
            &[(4, 2), (1, 1)],
            &[(1, 4), (1, 1), (1, 1)],
        ] {
            let image = picture(sampling);
            let mut rows = DcRows::default();
            for (i, plane) in image.planes.iter().enumerate() {
                rows.push(i, plane.blocks().iter().map(|block| block[0]));
            }
            let differences = Differences::new(Scalar, &image.frame, &rows, true, &threads::ALONE);
            for threads in [2, 8] {
                let shared = Differences::new(Scalar, &image.frame, &rows, true, &Threads::new(threads));
                assert_eq!(shared.alone, differences.alone, "{sampling:?}, {threads} threads");
                assert_eq!(shared.in_mcus, differences.in_mcus, "{sampling:?}, {threads} threads");
            }
            let all = ["0", "0 1", "0 1 2"][sampling.len() - 1];
            let mut scripts = vec![format!("{all}: 0-0,0,1; {all}: 0-0,1,0;"), format!("{all}: 0-0,0,0;")];
            if sampling.len() == 3 {
                let luma = "0: 0-0,0,3; 0: 0-0,3,2; 0: 0-0,2,1; 0: 0-0,1,0;";
                scripts.push(format!("{luma} 1 2: 0-0,0,2; 1 2: 0-0,2,1; 1 2: 0-0,1,0;"));
            }
            for script in scripts {
                let ac: String = (0..sampling.len()).map(|c| format!("{c}: 1-63,0,0;")).collect();
                let script = format!("{script} {ac}").parse::<Script>().unwrap();
                let layout = Layout { script: Some(script), ..Layout::default() };
                let (limits, cancel) = (&Limits::default(), &Cancel::new());
                let work = Work {
                    threads: &threads::ALONE,
                    limits,
                    cancel,
                    visits: &Visits::to_make(limits, 0),
                    progress: None,
                };
                let file = write::write((&image).into(), &Metadata::default(), &layout, Simd::Auto, work).unwrap();
                let scans = inspect(&file, &Limits::default()).unwrap().scans;
                // Each begins where the one before it ends; the first has the headers of the file before it.
                for pair in scans.windows(2).filter(|pair| pair[1].spectral_end == 0) {
                    let scan = &pair[1];
                    let components: Vec<usize> = scan.components.iter().map(|&id| usize::from(id) - 1).collect();
                    let bytes = (scan.end - pair[0].end) as f32;
                    let price = match scan.approximation_high {
                        0 => differences.first(&components, scan.approximation_low),
                        _ => differences.refinement(&components, scan.approximation_low),
                    };
                    // What all components together may have to stuff is left out.
                    let is_all = components.len() > 1 && components.len() == sampling.len();
                    let less = if is_all && scan.approximation_high > 0 { 0.3 } else { 0.006 };
                    // Two of chroma are taken to have one block each in an MCU; where they have not, it is only
                    // foreseen.
                    let foreseen = components == [1, 2] && sampling[1..] != [(1, 1), (1, 1)];
                    let more = if foreseen && scan.approximation_high > 0 { 0.1 } else { 0.006 };
                    let (least, most) = (bytes * (1.0 - less) - 3.0, bytes * (1.0 + more) + 3.0);
                    assert!((least..most).contains(&price), "{sampling:?}, {scan:?} takes {bytes}, priced {price}");
                }
            }
        }
    }
}
