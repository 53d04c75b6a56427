//! Work that threads share.

mod crew;
mod processor;

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crew::Crew;
pub(crate) use crew::{Scope, lock_awake};

/// So many threads, the caller's among them. Clones share the others, which end with the last clone: they are there for
/// a call, not for the process.
#[derive(Clone, Debug)]
pub(crate) struct Threads {
    count: usize,
    crew: Option<Arc<Crew>>,
}

/// The caller's thread.
pub(crate) static ALONE: Threads = Threads { count: 1, crew: None };

impl Threads {
    /// So many, at least one. Others are begun with the first work that is shared.
    pub(crate) fn new(count: usize) -> Self {
        let crew = (count > 1).then(|| Arc::new(Crew::new(count - 1)));
        Self { count: count.max(1), crew }
    }

    /// Begins the others now, so that they are there once there is work.
    pub(crate) fn begin(&self) {
        self.crew.iter().for_each(|crew| _ = crew.helpers());
    }

    /// The same, or so many of them.
    pub(crate) fn at_most(&self, count: usize) -> Self {
        Self { count: self.count.min(count).max(1), crew: self.crew.clone() }
    }

    /// How many they are, the caller's among them.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn are_many(&self) -> bool {
        self.count > 1
    }

    /// Does all jobs, and gives the results in the order of the jobs. The heaviest is begun first, so that no thread is
    /// left alone with one in the end.
    pub(crate) fn share<T: Send, R: Send>(
        &self,
        jobs: Vec<T>,
        weight: impl Fn(&T) -> usize,
        work: impl Fn(T) -> R + Sync,
    ) -> Vec<R> {
        let mut order: Vec<usize> = (0..jobs.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(weight(&jobs[i])));
        let count = jobs.len();
        let jobs: Vec<_> = jobs.into_iter().map(|job| Mutex::new(Some(job))).collect();
        let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(count)));
        let run = || {
            while let Some(&i) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                let job = jobs[i].lock().ok().and_then(|mut job| job.take());
                let result = job.map(&work);
                if let (Some(result), Ok(mut results)) = (result, results.lock()) {
                    results.push((i, result));
                }
            }
        };
        self.at_most(count).beside(|_| run(), run);
        let mut results = results.into_inner().unwrap_or_default();
        results.sort_by_key(|&(i, _)| i);
        results.into_iter().map(|(_, result)| result).collect()
    }

    /// Does all jobs of some groups, those of the heaviest first: whoever does the last of a group goes on with `then`,
    /// which has what the group is about and what its jobs gave. The results are in the order of the groups.
    pub(crate) fn share_groups<G: Send, T: Send, R: Send, S: Send>(
        &self,
        groups: Vec<(G, Vec<T>)>,
        weight: impl Fn(&G) -> usize,
        work: impl Fn(T) -> R + Sync,
        then: impl Fn(G, Vec<R>) -> S + Sync,
    ) -> Vec<S> {
        let weights: Vec<_> = groups.iter().map(|(group, _)| weight(group)).collect();
        let mut all = Vec::new();
        let groups: Vec<_> = groups
            .into_iter()
            .enumerate()
            .map(|(number, (group, jobs))| {
                let count = jobs.len();
                all.extend(jobs.into_iter().enumerate().map(|(i, job)| (number, Some((i, job)))));
                // Of a group without jobs there is only what is made of it.
                all.extend((count == 0).then_some((number, None)));
                Mutex::new((Some(group), Vec::with_capacity(count), count))
            })
            .collect();
        let work = |(number, job): (usize, Option<(usize, T)>)| {
            let result = job.map(|(i, job)| (i, work(job)));
            let (group, mut results) = {
                let mut group = groups[number].lock().ok()?;
                let (group, results, count) = &mut *group;
                results.extend(result);
                if results.len() < *count {
                    return None;
                }
                (group.take()?, std::mem::take(results))
            };
            results.sort_by_key(|&(i, _)| i);
            Some((number, then(group, results.into_iter().map(|(_, result)| result).collect())))
        };
        let mut made: Vec<_> = self.share(all, |&(number, _)| weights[number], work).into_iter().flatten().collect();
        made.sort_by_key(|&(number, _)| number);
        made.into_iter().map(|(_, made)| made).collect()
    }

    /// Does `own` work on this thread while the others do `work`, each with its number.
    pub(crate) fn beside<T>(&self, work: impl Fn(usize) + Sync, own: impl FnOnce() -> T) -> T {
        let work = &work;
        self.scope(|scope| {
            if let Some(scope) = scope {
                (1..self.count).for_each(|number| scope.spawn(move || work(number)));
            }
            own()
        })
    }

    /// Does `own` work, which may have other work done beside it where there are threads for it. Returns when all is
    /// done.
    pub(crate) fn scope<'s, T>(&self, own: impl FnOnce(Option<&Scope<'_, 's>>) -> T) -> T {
        let helpers = self.crew.as_ref().filter(|_| self.are_many()).and_then(|crew| crew.helpers());
        match helpers.filter(|helpers| helpers.can_be_waited_for()) {
            Some(helpers) => helpers.scope(|scope| own(Some(scope))),
            None => own(None),
        }
    }
}

/// Threads that are worth what each of them has to itself.
pub(crate) const MOST_THREADS: usize = 8;

/// Rows that are worth beginning anew for.
const LEAST_ROWS: usize = 2;

/// Rows that threads have still to take, each the next of its own; who has none left takes over half of another's.
#[derive(Debug)]
pub(crate) struct Shares(Mutex<Vec<Range<u32>>>);

/// The rows of a thread.
#[derive(Debug)]
pub(crate) struct Share<'a> {
    shares: &'a Shares,
    thread: usize,
}

impl Shares {
    /// So many rows for so many threads: at first all are the first one's.
    pub(crate) fn new(threads: usize, rows: u32) -> Self {
        let mut of = vec![0..0; threads];
        of[0] = 0..rows;
        Self(Mutex::new(of))
    }

    /// Leaves no rows to anyone.
    pub(crate) fn close(&self) {
        self.lock().fill(0..0);
    }

    /// The rows of a thread, one after the other.
    pub(crate) fn of(&self, thread: usize) -> Share<'_> {
        Share { shares: self, thread }
    }

    /// Where the rows begin that a thread without any has now, if another has some left for it; none before `least`.
    pub(crate) fn take_over(&self, thread: usize, least: u32) -> Option<u32> {
        let mut of = self.lock();
        let longest = of.iter_mut().max_by_key(|own| own.len())?;
        let start = (longest.start + longest.len() as u32 / 2).max(least);
        let rows = start..longest.end;
        if rows.len() < LEAST_ROWS {
            return None;
        }
        longest.end = start;
        of[thread] = rows;
        Some(start)
    }

    /// Nothing that is done with them panics, and they are whole if something did.
    fn lock(&self) -> MutexGuard<'_, Vec<Range<u32>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Iterator for Share<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.shares.lock()[self.thread].next()
    }

    /// Others may take some of them over.
    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.shares.lock()[self.thread].len()))
    }
}

/// Bands of a picture that threads share out: more than threads, as some have more to do than others, and rows of MCUs
/// of each at least.
const BANDS_OF_A_THREAD: usize = 4;
const MOST_BANDS: usize = 8;
const BAND_ROWS: usize = 16;

/// MCU rows in bands for so many threads.
pub(crate) fn bands(rows: Range<u32>, threads: &Threads) -> Vec<Range<u32>> {
    let count = if threads.are_many() { threads.count.saturating_mul(BANDS_OF_A_THREAD).min(MOST_BANDS) } else { 1 };
    let count = count.min(rows.len() / BAND_ROWS).max(1) as u32;
    let start = |band: u32| rows.start + (rows.len() as u64 * u64::from(band) / u64::from(count)) as u32;
    (0..count).map(|band| start(band)..start(band + 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_jobs() {
        for threads in [1, 2, 3, 100] {
            let squares = Threads::new(threads).share((0..50).collect(), |&n| n % 7, |n| n * n);
            assert_eq!(squares, (0..50).map(|n| n * n).collect::<Vec<_>>());
        }
        assert!(Threads::new(2).share(Vec::<usize>::new(), |&n| n, |n| n).is_empty());
    }

    #[test]
    fn groups_are_gone_on_with_once_all_of_their_jobs_are_done() {
        for threads in [1, 2, 3, 100] {
            let groups = (0..40).map(|n| (n, (0..n % 5).map(|i| (n, i)).collect())).collect();
            let made =
                Threads::new(threads).share_groups(groups, |n| n % 7, |(n, i)| n * i, |n, products| (n, products));
            let expected: Vec<_> = (0..40).map(|n| (n, (0..n % 5).map(|i| n * i).collect())).collect();
            assert_eq!(made, expected, "{threads}");
        }
    }

    #[test]
    fn every_row_is_taken_once_and_the_first_by_the_first_thread() {
        for (threads, rows, kept) in [(1, 9, 1), (2, 500, 40), (2, 3, 3), (3, 501, 0), (64, 200, 17)] {
            let shares = Shares::new(threads, rows);
            let taken = Mutex::new(Vec::new());
            let take = |thread| taken.lock().unwrap().extend(shares.of(thread).map(|row| (row, thread)));
            let work = |thread| {
                while let Some(start) = shares.take_over(thread, kept) {
                    assert!(start >= kept);
                    take(thread);
                }
            };
            Threads::new(threads).beside(work, || {
                take(0);
                work(0);
            });
            let mut taken = taken.into_inner().unwrap();
            taken.sort_unstable();
            let name = format!("{threads} threads, {rows} rows, {kept} kept");
            assert!(taken.iter().map(|&(row, _)| row).eq(0..rows), "{name}: {taken:?}");
            assert!(taken.iter().all(|&(row, thread)| row >= kept || thread == 0), "{name}: {taken:?}");
        }
    }

    #[test]
    fn half_of_the_longest_share_is_taken_over() {
        let shares = Shares::new(3, 20);
        assert_eq!((shares.take_over(1, 0), shares.take_over(2, 0)), (Some(10), Some(15)));
        assert!(shares.of(0).eq(0..10));
        assert_eq!((shares.of(2).nth(2), shares.take_over(0, 0)), (Some(17), Some(12)));
        assert!(shares.of(1).eq(10..12) && shares.of(0).eq(12..15) && shares.of(2).eq(18..20));
        assert_eq!(shares.take_over(1, 0), None);
    }
}
