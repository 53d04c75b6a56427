//! Prices of DC scans, and which components go together.

use super::Scan;
use super::price::{Scale, code_bits};
use super::sample::{Picture, Sample};
use crate::jpeg::frame::MAX_COMPONENTS;

/// Counts of the sizes of differences.
type Sizes = [u32; 17];

/// Bytes of SOS for a component and without, of DHT for a table and without.
const SOS: f32 = 8.0;
const SOS_COMPONENT: f32 = 2.0;
const DHT: f32 = 4.0;
const DHT_TABLE: f32 = 17.0;

/// The smallest DC scans, with a price of `each` on a scan. Interleaved scans code padding, and go from block to block
/// otherwise than a component by itself, but save headers and tables. The lowest bits are noise in most pictures: to
/// send them later costs a header and saves nothing.
#[derive(Debug)]
pub(super) struct Choices(Vec<(Vec<Scan>, f32)>);

impl Choices {
    #[inline(always)]
    pub(super) fn new(picture: Picture<'_>, sample: &Sample) -> Self {
        let all: Vec<usize> = (0..picture.frame.components.len()).collect();
        let mut groupings = vec![all.iter().map(|&c| vec![c]).collect::<Vec<_>>()];
        if all.len() > 1 {
            groupings.push(vec![all.clone()]);
        }
        if all.len() > 2 {
            groupings.push(vec![vec![0], all[1..].to_vec()]);
        }
        groupings.retain(|groups| groups.iter().all(|group| picture.frame.may_interleave(group)));
        let choice = |groups: Vec<Vec<usize>>| {
            let bytes = groups.iter().map(|group| first(picture, sample, group, 0)).sum();
            let scan = |components| Scan { components, start: 0, end: 0, high: 0, low: 0 };
            (groups.into_iter().map(scan).collect(), bytes)
        };
        Self(groupings.into_iter().map(choice).collect())
    }

    /// The cheapest, and what they cost.
    pub(super) fn cheapest(&self) -> (&[Scan], f32) {
        let least = self.0.iter().min_by(|(_, a), (_, b)| a.total_cmp(b));
        least.map_or((&[], 0.0), |(scans, bytes)| (scans, *bytes))
    }
}

/// The price of a first scan.
#[inline(always)]
pub(super) fn first(picture: Picture<'_>, sample: &Sample, components: &[usize], low: u8) -> f32 {
    let frame = picture.frame;
    let mut tables = [[0; 17]; 2];
    let scale = if let &[component] = components {
        let (mut last, mut counted) = (0, 0);
        for row in sample.block_rows(picture, component) {
            row.iter().for_each(|block| count(block[0] >> low, &mut last, &mut tables[0]));
            counted += row.len();
        }
        Scale::new(frame.components[component].blocks(), counted)
    } else {
        let mut last = [0; MAX_COMPONENTS];
        for &y in sample.mcu_rows() {
            for &i in components {
                mcu_row(picture, i, (y, low), &mut last[i], &mut tables[usize::from(matches!(i, 1 | 2))]);
            }
        }
        Scale::new(frame.mcus_high.into(), sample.mcu_rows().len())
    };
    priced(components.len(), &tables, scale)
}

/// The price of a refinement: a bit for each block.
pub(super) fn refinement(picture: Picture<'_>, components: &[usize]) -> f32 {
    let frame = picture.frame;
    let blocks = if let &[component] = components {
        frame.components[component].blocks()
    } else {
        let of_an_mcu = components.iter().map(|&c| frame.components[c].horizontal * frame.components[c].vertical);
        u64::from(frame.mcus_wide) * u64::from(frame.mcus_high) * u64::from(of_an_mcu.sum::<u32>())
    };
    Scale::new(1, 1).bytes(blocks, 0, SOS + SOS_COMPONENT * components.len() as f32)
}

fn priced(components: usize, tables: &[Sizes; 2], scale: Scale) -> f32 {
    let bits = |sizes: &Sizes| {
        let mut used: Vec<u32> = sizes.iter().copied().filter(|&n| n > 0).collect();
        let extra: u64 = sizes.iter().zip(0..).map(|(&n, size)| u64::from(n) * size).sum();
        let headers = if used.is_empty() { 0.0 } else { DHT_TABLE };
        (code_bits(&mut used) + extra, used.len(), headers)
    };
    let shared = std::array::from_fn(|size| tables[0][size] + tables[1][size]);
    let (first, second, shared) = (bits(&tables[0]), bits(&tables[1]), bits(&shared));
    let headers = SOS + SOS_COMPONENT * components as f32 + DHT;
    let apart = scale.bytes(first.0 + second.0, first.1 + second.1, headers + first.2 + second.2);
    apart.min(scale.bytes(shared.0, shared.1, headers + shared.2))
}

/// A component's blocks of a row of MCUs in their order, padding included.
#[inline(always)]
fn mcu_row(picture: Picture<'_>, component: usize, (y, low): (u32, u8), last: &mut i32, sizes: &mut Sizes) {
    let c = &picture.frame.components[component];
    let rows = (y * c.vertical..(y + 1) * c.vertical).filter(|&row| row < c.blocks_high);
    let rows: Vec<_> = rows.map(|row| picture.planes[component].row(row as usize)).collect();
    let mut inside = 0;
    for x in 0..picture.frame.mcus_wide {
        for row in &rows {
            let columns = x * c.horizontal..((x + 1) * c.horizontal).min(c.blocks_wide);
            for column in columns {
                count(row[column as usize][0] >> low, last, sizes);
                inside += 1;
            }
        }
    }
    sizes[0] += picture.frame.mcus_wide * c.horizontal * c.vertical - inside;
}

#[inline(always)]
fn count(value: i16, last: &mut i32, sizes: &mut Sizes) {
    let difference = i32::from(value) - *last;
    *last = value.into();
    sizes[32 - difference.unsigned_abs().leading_zeros() as usize] += 1;
}
