//! The cheapest scans of the AC coefficients of a component, when the price of each scan is known: dynamic programmes
//! over the places where bands may end, one inside the other for each bit that may come later.

use super::price::Bands;

/// Prices of all scans of a component.
#[derive(Debug)]
pub(super) struct Prices {
    /// Of first scans, by Al.
    pub(super) firsts: Vec<Bands>,
    /// Of refinements, by Al.
    pub(super) refinements: Vec<Bands>,
}

/// A scan of one component, which the reader of this knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Band {
    pub(super) start: usize,
    /// The coefficient after the last.
    pub(super) end: usize,
    pub(super) high: u8,
    pub(super) low: u8,
}

/// The cheapest way to cover coefficients i to before j, for all i < j of the bounds: what it costs, and the bound at
/// which its last part begins.
struct Cover {
    /// So many, 64 at most.
    bounds: usize,
    /// At [`Cover::at`].
    ways: Vec<(f32, u8)>,
}

impl Cover {
    /// Of parts of these prices.
    fn new(bounds: usize, part: impl Fn(usize, usize) -> f32) -> Self {
        let mut cover = Self { bounds, ways: vec![(0.0, 0); bounds * (bounds + 1) / 2] };
        // A way from i to j is a shorter one, from i to k, and a part.
        for j in 1..bounds {
            let parts: Vec<f32> = (0..j).map(|k| part(k, j)).collect();
            for i in 0..j {
                let mut best = (f32::INFINITY, i as u8);
                for (k, part) in parts.iter().enumerate().skip(i) {
                    let cost = cover.cost(i, k) + part;
                    if cost < best.0 {
                        best = (cost, k as u8);
                    }
                }
                let at = cover.at(i, j);
                cover.ways[at] = best;
            }
        }
        cover
    }

    /// The index of i <= j: ways that begin at the same bound are next to each other.
    fn at(&self, i: usize, j: usize) -> usize {
        i * self.bounds - i * (i + 1) / 2 + j
    }

    fn cost(&self, i: usize, j: usize) -> f32 {
        self.ways[self.at(i, j)].0
    }

    /// The parts of the cheapest way, the last first.
    fn parts(&self, i: usize, mut j: usize, mut visit: impl FnMut(usize, usize)) {
        while j > i {
            let k = usize::from(self.ways[self.at(i, j)].1);
            visit(k, j);
            j = k;
        }
    }
}

/// All covers of a component at each precision.
struct Covers {
    /// By Al: firsts at it, or at more and refined to it.
    whole: Vec<Cover>,
    refined: Vec<Cover>,
}

/// The cheapest scans, and what they cost, where each scan costs `each` more than its price.
pub(super) fn cheapest(prices: &Prices, bounds: &[usize], each: f32) -> (f32, Vec<Band>) {
    let n = bounds.len();
    let price = |bands: &Bands, i: usize, j: usize| bands[(bounds[i], bounds[j])] + each;
    let refined: Vec<Cover> = prices.refinements.iter().map(|bands| Cover::new(n, |i, j| price(bands, i, j))).collect();
    let mut whole: Vec<Cover> = Vec::with_capacity(prices.firsts.len());
    // From the highest precision down; `whole` is backwards meanwhile.
    for low in (0..prices.firsts.len()).rev() {
        let above = whole.last().zip(refined.get(low));
        whole.push(Cover::new(n, |i, j| {
            let first = price(&prices.firsts[low], i, j);
            above.map_or(first, |(above, refined)| first.min(above.cost(i, j) + refined.cost(i, j)))
        }));
    }
    whole.reverse();
    let covers = Covers { whole, refined };
    let mut bands = Vec::new();
    covers.collect(prices, bounds, each, (0, 0, n - 1), &mut bands);
    (covers.whole[0].cost(0, n - 1), bands)
}

impl Covers {
    /// The scans that bring coefficients to the precision `low`.
    fn collect(
        &self,
        prices: &Prices,
        bounds: &[usize],
        each: f32,
        (low, i, j): (usize, usize, usize),
        bands: &mut Vec<Band>,
    ) {
        let mut parts = Vec::new();
        self.whole[low].parts(i, j, |i, j| parts.push((i, j)));
        for (i, j) in parts {
            let (start, end) = (bounds[i], bounds[j]);
            let first = prices.firsts[low][(start, end)] + each;
            let by_refinement = self.whole.get(low + 1).zip(self.refined.get(low));
            if by_refinement.is_none_or(|(above, refined)| first <= above.cost(i, j) + refined.cost(i, j)) {
                bands.push(Band { start, end, high: 0, low: low as u8 });
                continue;
            }
            self.collect(prices, bounds, each, (low + 1, i, j), bands);
            self.refined[low].parts(i, j, |i, j| {
                bands.push(Band { start: bounds[i], end: bounds[j], high: low as u8 + 1, low: low as u8 });
            });
        }
    }
}
