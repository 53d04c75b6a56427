//! As many scans as a file may have, given to those parts of a picture that they save most in.

use super::Scan;

/// Scans that carry a part of a picture, and about how many bytes they take.
pub(super) type Choice = (f32, Vec<Scan>);

/// What is cheapest for each number of scans, of what is known, and what it costs.
#[derive(Clone, Debug)]
struct Choices<T>(Vec<Option<(f32, T)>>);

/// Times that the range is halved in which the price of a scan is sought.
const HALVES: usize = 8;

impl<T: Clone> Choices<T> {
    /// Of none yet, in `most` scans at most.
    fn within(most: usize) -> Self {
        Self(vec![None; most + 1])
    }

    /// Adds one of so many scans, unless they are too many.
    fn add(&mut self, count: usize, bytes: f32, choice: impl FnOnce() -> T) {
        let place = self.0.get_mut(count);
        if let Some(place) = place.filter(|place| place.as_ref().is_none_or(|(known, _)| bytes < *known)) {
            *place = Some((bytes, choice()));
        }
    }

    /// Those that there are, by the number of scans.
    fn iter(&self) -> impl Iterator<Item = (usize, &(f32, T))> {
        self.0.iter().enumerate().filter_map(|(count, choice)| Some((count, choice.as_ref()?)))
    }
}

/// The cheapest scans of all parts, `most` of them at most, which is enough for the fewest that each can do with. What
/// `cheapest` gives for a part is so with a price on every scan: with a high one they are few, and the right one is
/// found by halves.
pub(super) fn cheapest_within(parts: usize, most: usize, cheapest: impl Fn(usize, f32) -> Choice) -> Choice {
    let mut choices: Vec<Choices<Vec<Scan>>> = vec![Choices::within(most); parts];
    let mut fits = |each: f32| {
        let mut count = 0;
        for (part, choices) in choices.iter_mut().enumerate() {
            let (bytes, scans) = cheapest(part, each);
            count += scans.len();
            choices.add(scans.len(), bytes, || scans);
        }
        count <= most
    };
    let (mut low, mut high) = (0.0, 0.0);
    while !fits(high) {
        (low, high) = (high, 4.0 * high + 8.0);
    }
    for _ in 0..if high > 0.0 { HALVES } else { 0 } {
        let each = low.midpoint(high);
        if fits(each) { high = each } else { low = each }
    }
    best_of(choices, most)
}

/// The cheapest choice of each part, so many scans at most in all.
fn best_of(parts: Vec<Choices<Vec<Scan>>>, most: usize) -> Choice {
    // For each number of scans, how many each part has so far.
    let mut best: Choices<Vec<usize>> = Choices::within(most);
    best.add(0, 0.0, Vec::new);
    for choices in &parts {
        let mut next = Choices::within(most);
        for (before, (bytes, counts)) in best.iter() {
            for (count, (more, _)) in choices.iter() {
                next.add(before + count, bytes + more, || [&counts[..], &[count]].concat());
            }
        }
        best = next;
    }
    let cheapest = best.0.into_iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0));
    let (bytes, counts) = cheapest.unwrap_or_default();
    let chosen = parts.into_iter().zip(counts).filter_map(|(mut choices, count)| choices.0[count].take());
    (bytes, chosen.flat_map(|(_, scans)| scans).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many scans of a part for each number of bytes, from one on.
    fn parts() -> Vec<Vec<Choice>> {
        let scan = |i| Scan { components: vec![i], start: 1, end: 63, high: 0, low: 0 };
        let costs: [&[f32]; 3] = [&[100.0, 50.0, 20.0], &[30.0, 29.0, 28.0], &[40.0, 25.0]];
        let part = |(i, costs): (usize, &&[f32])| {
            costs.iter().zip(1..).map(|(&bytes, count)| (bytes, vec![scan(i); count])).collect()
        };
        costs.iter().enumerate().map(part).collect()
    }

    #[test]
    fn the_cap_is_kept_at_little_cost() {
        let parts = parts();
        for (most, expected, bytes) in
            [(13, [3, 3, 2], 73.0), (6, [3, 1, 2], 75.0), (4, [2, 1, 1], 120.0), (3, [1, 1, 1], 170.0)]
        {
            let cheapest = |part: usize, each: f32| {
                let priced = |choice: &Choice| choice.0 + each * choice.1.len() as f32;
                parts[part].iter().min_by(|a, b| priced(a).total_cmp(&priced(b))).unwrap().clone()
            };
            let (found, scans) = cheapest_within(parts.len(), most, cheapest);
            let counts = [0, 1, 2].map(|i| scans.iter().filter(|scan| scan.components == [i]).count());
            assert_eq!((counts, found), (expected, bytes), "{most}");
        }
    }

    #[test]
    fn the_price_of_a_scan_is_found_between_the_first_that_are_tried() {
        // At a price of 8, the first after 0, six scans cost least; seven do from 7 to 7.5 alone.
        let steps = [(100.0, 8), (107.0, 7), (114.5, 6), (160.0, 1)];
        let cheapest = |_, each: f32| {
            let priced = |&&(bytes, count): &&(f32, usize)| bytes + each * count as f32;
            let &(bytes, count) = steps.iter().min_by(|a, b| priced(a).total_cmp(&priced(b))).unwrap();
            (bytes, vec![Scan { components: vec![0], start: 1, end: 63, high: 0, low: 0 }; count])
        };
        assert_eq!(cheapest_within(1, 7, cheapest).0, 107.0);
        assert_eq!(cheapest_within(1, 6, cheapest).0, 114.5);
    }
}
