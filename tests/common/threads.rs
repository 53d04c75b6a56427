//! Several threads beside one: the same file or the same error, and no panic that is kept quiet on the way.

use std::num::NonZeroUsize;
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

use cosimg::jpeg::Transcoder;

use super::build::{File, How};
use super::picture::Picture;
use super::script::Scan;

/// Fewer than share the rows of a picture, as many as do at most, and more.
pub(crate) const SEVERAL: [usize; 5] = [2, 3, 8, 64, usize::MAX];

/// A file, or an error in full.
pub(crate) type Said = Result<Vec<u8>, String>;

/// What a transcoder says on so many threads.
#[track_caller]
pub(crate) fn said(transcoder: &Transcoder, threads: usize, source: &[u8]) -> Said {
    let transcoder = transcoder.clone().threads(NonZeroUsize::new(threads).unwrap());
    without_panic(|| transcoder.run(source).map_err(|error| format!("{error:?}")))
}

/// What a transcoder says on one thread, and on each of these numbers of them.
#[track_caller]
pub(crate) fn agree(name: &str, transcoder: &Transcoder, several: &[usize], source: &[u8]) -> Said {
    let one = said(transcoder, 1, source);
    for &threads in several {
        let more = said(transcoder, threads, source);
        assert!(more == one, "{name}, {threads} threads: {} and not {}", brief(&more), brief(&one));
    }
    one
}

pub(crate) fn brief(said: &Said) -> String {
    said.as_ref().map_or_else(Clone::clone, |bytes| format!("{} bytes", bytes.len()))
}

/// A thread of the library that panics may be one whose work another then does.
#[track_caller]
pub(crate) fn without_panic<T>(run: impl FnOnce() -> T) -> T {
    static COUNTS: Once = Once::new();
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    COUNTS.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let is_ours = panic.location().is_some_and(|location| location.file().starts_with("src"));
            PANICS.fetch_add(usize::from(is_ours), Ordering::Relaxed);
            before(panic);
        }));
    });
    let outcome = run();
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "a thread of the library panicked");
    outcome
}

/// A picture of so many MCUs, the last of a row and of a column not whole.
pub(crate) fn of_mcus(wide: usize, high: usize, sampling: &[(usize, usize)]) -> Picture {
    let most = |of: fn(&(usize, usize)) -> usize| sampling.iter().map(of).max().unwrap();
    Picture::new(8 * most(|s| s.0) * wide - 3, 8 * most(|s| s.1) * high - 5, sampling)
}

/// A file of one scan, which is decoded when it is asked for.
pub(crate) fn sequential(picture: &Picture) -> Vec<u8> {
    let all: Vec<usize> = (0..picture.components.len()).collect();
    let sof = if picture.precision == 8 { 0xC0 } else { 0xC1 };
    File::whole(picture, sof, &[Scan::sequential(&all)], &How::default()).bytes
}

/// A progressive file, which is in memory as a whole before anything is made of it, however small.
pub(crate) fn progressive(picture: &Picture) -> Vec<u8> {
    let all: Vec<usize> = (0..picture.components.len()).collect();
    let ac = (0..picture.components.len()).map(|c| Scan::ac(c, 1, 63, 0, 0));
    let scans: Vec<_> = [Scan::dc(&all, 0, 0)].into_iter().chain(ac).collect();
    File::whole(picture, 0xC2, &scans, &How::default()).bytes
}
