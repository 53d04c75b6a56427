//! Work that threads share.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Does all jobs on so many threads, this one among them, and gives the results in the order of the jobs. The heaviest
/// is begun first, so that no thread is left alone with one in the end. Where the system has fewer threads to give,
/// they have more to do.
pub(crate) fn share<T: Send, R: Send>(
    threads: usize,
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
    thread::scope(|scope| {
        for _ in 1..threads.min(count) {
            if thread::Builder::new().spawn_scoped(scope, run).is_err() {
                break;
            }
        }
        run();
    });
    let mut results = results.into_inner().unwrap_or_default();
    results.sort_by_key(|&(i, _)| i);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Bands of a picture that threads share out: more than threads, as some have more to do than others, and rows of MCUs
/// of each at least.
const BANDS_OF_A_THREAD: usize = 4;
pub(crate) const MOST_BANDS: usize = 8;
const BAND_ROWS: usize = 16;

/// MCU rows in bands for so many threads.
pub(crate) fn bands(rows: Range<u32>, threads: usize) -> Vec<Range<u32>> {
    let count = if threads > 1 { threads.saturating_mul(BANDS_OF_A_THREAD).min(MOST_BANDS) } else { 1 };
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
            let squares = share(threads, (0..50).collect(), |&n| n % 7, |n| n * n);
            assert_eq!(squares, (0..50).map(|n| n * n).collect::<Vec<_>>());
        }
        assert!(share(2, Vec::<usize>::new(), |&n| n, |n| n).is_empty());
    }
}
