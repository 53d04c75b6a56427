//! The prices of a component's scans, as far as a search has asked for them.

use super::Scan;
use super::allot::Choice;
use super::effort::{Bounds, Effort};
use super::price::{self, Bands, Refinement, Scale};
use super::split::{Band, Prices, cheapest};
use super::statistics::Statistics;

/// A component, and where its bands may begin and end.
pub(super) struct Component<'a> {
    statistics: &'a Statistics,
    scale: Scale,
    /// By Al, once it is looked at.
    refinements: Vec<Option<Refinement<'a>>>,
    priced: Priced,
    /// Bounds of first scans and of refinements that are to be priced; none where enough is known.
    asked: [Vec<usize>; 2],
    /// What the best that was looked at costs.
    cost: f32,
}

/// What is known of a component: the prices of its bands, and where they may begin and end.
pub(super) struct Priced {
    pub(super) prices: Prices,
    bounds: Vec<usize>,
}

/// Bands of one kind, to be priced.
pub(super) struct Unpriced<'a, 'c> {
    statistics: &'a Statistics,
    scale: Scale,
    low: usize,
    /// What is known of refinements, where these are.
    refinement: Option<&'c mut Option<Refinement<'a>>>,
    bounds: &'c [usize],
    bands: &'c mut Bands,
}

impl<'a> Component<'a> {
    /// One of so many blocks, some of which were counted.
    pub(super) fn new(blocks: u64, statistics: &'a Statistics, effort: &Effort) -> Self {
        let lows = statistics.lows();
        let (firsts, refined) = (places(effort.bounds, blocks), places(effort.refinements, blocks));
        Self {
            statistics,
            scale: Scale::new(blocks, statistics.blocks()),
            refinements: (1..lows).map(|_| None).collect(),
            priced: Priced {
                prices: Prices {
                    firsts: vec![Bands::unpriced(); lows],
                    refinements: vec![Bands::unpriced(); lows - 1],
                },
                bounds: firsts.to_vec(),
            },
            asked: [firsts.to_vec(), refined.to_vec()],
            cost: f32::INFINITY,
        }
    }

    /// The bands that are to be priced.
    pub(super) fn unpriced(&mut self) -> impl Iterator<Item = Unpriced<'a, '_>> {
        let Self { statistics, scale, refinements, priced, asked: [of_firsts, of_refinements], .. } = self;
        let prices = &mut priced.prices;
        let (statistics, scale) = (*statistics, *scale);
        let firsts = prices.firsts.iter_mut().map(|bands| (None, &**of_firsts, bands)).enumerate();
        let refined = refinements.iter_mut().zip(&mut prices.refinements);
        let refined = refined.map(|(refinement, bands)| (Some(refinement), &**of_refinements, bands)).enumerate();
        let all = firsts.chain(refined).filter(|(_, (_, bounds, _))| !bounds.is_empty());
        all.map(move |(low, (refinement, bounds, bands))| Unpriced {
            statistics,
            scale,
            low,
            refinement,
            bounds,
            bands,
        })
    }

    /// Asks for bands that end near those of the best, once all that was asked for is priced; for none where that is no
    /// better than the best before.
    pub(super) fn look_closer(&mut self) {
        if std::mem::take(&mut self.asked).iter().all(Vec::is_empty) {
            return;
        }
        let (less, bands) = cheapest(&self.priced.prices, &self.priced.bounds, 0.0);
        if less >= self.cost {
            self.refinements.clear();
            return;
        }
        self.cost = less;
        let near = |is_first| near(bands.iter().filter(|band| (band.high == 0) == is_first), &self.priced.bounds);
        self.asked = [near(true), near(false)];
        let bounds = &mut self.priced.bounds;
        bounds.extend(self.asked.iter().flatten());
        bounds.sort_unstable();
        bounds.dedup();
    }

    /// What is known of it, without what it follows from.
    pub(super) fn priced(self) -> Priced {
        self.priced
    }
}

impl Priced {
    /// The cheapest scans of this component, the `i`th, where each costs `each` more than its price.
    pub(super) fn cheapest(&self, i: usize, each: f32) -> Choice {
        let (cost, bands) = cheapest(&self.prices, &self.bounds, each);
        let scan = |Band { start, end, high, low }| Scan {
            components: vec![i],
            start: start as u8,
            end: end as u8 - 1,
            high,
            low,
        };
        (cost - each * bands.len() as f32, bands.into_iter().map(scan).collect())
    }
}

impl Unpriced<'_, '_> {
    /// Blocks whose statistics are looked at.
    pub(super) fn blocks(&self) -> usize {
        self.statistics.blocks()
    }

    #[inline(always)]
    pub(super) fn price(self) {
        let Self { statistics, scale, low, refinement, bounds, bands } = self;
        match refinement {
            None => price::firsts(statistics, low, bounds, scale, bands),
            Some(known) => {
                // Not by a function of the standard library, which would not have the instructions of the caller.
                let refinement = match known.take() {
                    Some(refinement) => refinement,
                    None => Refinement::new(statistics, low),
                };
                known.insert(refinement).price(bounds, scale, bands);
            }
        }
    }
}

/// The places of the largest number of blocks that is no more than there are.
fn places(bounds: Bounds, blocks: u64) -> &'static [usize] {
    bounds.iter().rfind(|(least, _)| *least <= blocks).map_or(&[], |&(_, places)| places)
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

    #[test]
    fn large_pictures_are_looked_at_more_closely() {
        let bounds: Bounds = &[(0, &[1, 64]), (100, &[1, 6, 64]), (200, &[1, 3, 6, 64])];
        assert_eq!([0, 99, 100, 199, 200, 1000].map(|blocks| places(bounds, blocks).len()), [2, 2, 3, 3, 4, 4]);
    }
}
