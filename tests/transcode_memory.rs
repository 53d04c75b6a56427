//! What a transcoder takes of memory at a time: the result, and 1.3 times the coefficients of the picture (2 bytes
//! each, 128 a block) at most, on one thread and on two; where none of them is zero, as much as the source beside them.
//! The source itself is the caller's.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

mod common;

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use common::Random;
use common::build::{File, How};
use common::entropy::Freedom;
use common::huffman::Style;
use common::picture::{Content, Picture};
use common::script::{self, Scan, Sharing};
use cosimg::Limits;
use cosimg::jpeg::{Coding, CoefficientImage, Mode, Strip, Transcoder, inspect};
use peak_alloc::PeakAlloc;

/// Counts the bytes of all threads. A list that grows has its old and its new room for a moment, wherever it lies.
#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// What the test takes that has it is all that is counted.
static TURN: Mutex<()> = Mutex::new(());

/// What is allowed beside the result, in tenths of the coefficients.
const TENTHS: u64 = 13;
/// Bytes of a thread that do not grow with the picture: tables, what the scans of a script have each in a band, and the
/// rows that a thread has at hand.
const FIXED: u64 = 1 << 18;
/// The same for what a search of effort 8 counts of 32,768 blocks of each component at most, in threads.
const STATISTICS: u64 = 4;

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What comes of the work, and the bytes that it takes at a time.
fn measure<T>(work: impl FnOnce() -> T) -> (T, u64) {
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    let result = work();
    (result, (HEAP.peak_usage() - before) as u64)
}

/// A sequential file in one scan, and the bytes of its coefficients.
fn source(content: Content, sampling: &[(usize, usize)]) -> (Vec<u8>, u64) {
    source_of(1040, 1000, content, sampling)
}

fn source_of(wide: usize, high: usize, content: Content, sampling: &[(usize, usize)]) -> (Vec<u8>, u64) {
    let picture = Picture::new(wide, high, sampling).filled(3, content);
    let freedom = Freedom {
        slots: [(0, 0), (1, 1), (1, 1), (0, 0)],
        longest_run: 1,
        zeros_to_the_end: false,
        loud_padding: false,
        restart: 0,
    };
    let how = How { freedom, style: Style::Flat, fill: 0, send_tables: true };
    let scans = script::sequential(&picture, Sharing::Most, &mut Random::new(1));
    let file = scans.iter().fold(File::of(&picture, 0xC0), |file, scan| file.scan(&picture, scan, &how));
    let blocks: usize = picture.components.iter().map(|c| c.wide * c.high).sum();
    (file.end().bytes, blocks as u64 * 128)
}

fn is_within_bounds(name: &str, source: &[u8], allowed: u64, transcoder: &Transcoder, threads: u64) {
    let (result, bytes) = measure(|| transcoder.run(source).unwrap());
    let most = allowed + result.len() as u64 + threads * FIXED;
    println!("{name}: {bytes} of {most} bytes");
    assert!(bytes <= most, "{name}: {bytes} bytes at a time, {most} are allowed");
    is_lossless(name, source, &result);
}

/// What has no room at first comes later, not never.
fn is_lossless(name: &str, source: &[u8], result: &[u8]) {
    let read = |file| CoefficientImage::read(file, &Limits::default()).unwrap();
    assert!(read(result) == read(source), "{name}: coefficients are lost");
}

#[test]
fn memory_is_bounded_by_the_picture() {
    let _turn = turn();
    let yuv420: &[_] = &[(2, 2), (1, 1), (1, 1)];
    for (content_name, content) in [("sparse", Content::SPARSE), ("usual", Content::USUAL), ("full", Content::FULL)] {
        let samplings = [("4:2:0", yuv420), ("4:4:4", &[(1, 1); 3]), ("gray", &[(1, 1)]), ("CMYK", &[(1, 1); 4])];
        for (sampling_name, sampling) in samplings {
            let (source, coefficients) = source(content, sampling);
            // Where no coefficient is zero, the source is as large as they are, and is held once more without stuffing.
            let twice = if content_name == "full" { source.len() as u64 } else { 0 };
            let allowed = coefficients * TENTHS / 10 + twice;
            let display = Transcoder::new();
            let fast = Transcoder::new().mode(Mode::Fast);
            let progressive = display.run(&source).unwrap();
            let name = format!("{content_name} {sampling_name}");
            is_within_bounds(&format!("{name}, display"), &source, allowed, &display, 1);
            is_within_bounds(&format!("{name}, fast"), &source, allowed, &fast, 1);
            let small = Transcoder::new().mode(Mode::Small);
            is_within_bounds(&format!("{name}, small"), &source, allowed, &small, 1);
            let thorough = small.clone().effort(8).unwrap();
            is_within_bounds(&format!("{name}, small, effort 8"), &source, allowed, &thorough, 1 + STATISTICS);
            for (mode, transcoder) in [("display", &display), ("fast", &fast), ("small", &small)] {
                let two = transcoder.clone().threads(NonZeroUsize::new(2).unwrap());
                is_within_bounds(&format!("{name}, {mode} on two threads"), &source, allowed, &two, 2);
            }
            let smaller = display.clone().coding(Coding::Smaller).run(&source).unwrap();
            is_lossless(&format!("{name}, smaller"), &source, &smaller);
            let baseline = display.clone().coding(Coding::Baseline);
            is_within_bounds(&format!("{name}, baseline"), &source, allowed, &baseline, 1);
            is_within_bounds(&format!("{name}, from progressive"), &progressive, allowed, &display, 1);
        }
    }
}

#[test]
fn a_small_picture_needs_no_more() {
    let _turn = turn();
    for sampling in [&[(2, 2), (1, 1), (1, 1)][..], &[(1, 1)]] {
        let (source, coefficients) = source_of(768, 512, Content::USUAL, sampling);
        for mode in [Mode::Display, Mode::Fast, Mode::Small] {
            for threads in [1, 2] {
                let transcoder = Transcoder::new().mode(mode).threads(NonZeroUsize::new(threads).unwrap());
                let name = format!("{mode:?} of {} components, {threads} threads", sampling.len());
                is_within_bounds(&name, &source, coefficients * TENTHS / 10, &transcoder, threads as u64);
            }
        }
    }
}

#[test]
fn a_picture_of_few_rows_needs_no_more() {
    let _turn = turn();
    for high in [16, 100, 256] {
        let (source, coefficients) = source_of(1_040_000 / high, high, Content::USUAL, &[(2, 2), (1, 1), (1, 1)]);
        for mode in [Mode::Display, Mode::Fast, Mode::Small] {
            let mut limits = Limits::default();
            limits.memory = coefficients * TENTHS / 10 + 2 * FIXED;
            Transcoder::new().mode(mode).limits(limits).run(&source).unwrap();
        }
    }
}

/// What a thread takes between two questions whether the bound is kept: the tokens of a row, and a list of bits that
/// grows.
const BETWEEN: u64 = 1 << 18;

#[test]
fn threads_keep_to_the_bound() {
    let _turn = turn();
    let (source, _) = source_of(480, 1200, Content::FULL, &[(1, 1); 3]);
    // What a search counts is bounded by the blocks that it looks at, and not asked of the limit.
    for mode in [Mode::Fast, Mode::Display] {
        for threads in [1, 2, 4] {
            let (mut refused, mut done) = (0, 0);
            for memory in (5 << 20..8 << 20).step_by(200_000) {
                let mut limits = Limits::default();
                limits.memory = memory;
                let transcoder = Transcoder::new().mode(mode).limits(limits);
                let transcoder = transcoder.threads(NonZeroUsize::new(threads).unwrap());
                let (result, bytes) = measure(|| transcoder.run(&source));
                let most = memory + BETWEEN * threads as u64;
                assert!(bytes <= most, "{mode:?}, {threads} threads: {bytes} bytes within {memory}");
                if result.is_ok() { done += 1 } else { refused += 1 }
            }
            assert!(done > 0 && refused > 0, "{mode:?}, {threads} threads: {done}, {refused}");
        }
    }
}

#[test]
fn what_is_foreseen_is_not_taken_before_the_bound_was_asked() {
    let _turn = turn();
    let (sequential, coefficients) = source(Content::FULL, &[(1, 1); 3]);
    let source = Transcoder::new().run(&sequential).unwrap();
    let mut limits = Limits::default();
    limits.memory = coefficients / 50 * 51;
    let transcoder = Transcoder::new().mode(Mode::Fast).coding(Coding::Baseline).limits(limits.clone());
    let (result, bytes) = measure(|| transcoder.run(&source));
    assert_eq!(result.unwrap_err().field(), Some("memory"));
    // A list that grows past the bound has its old and its new room for a moment, before that is asked again.
    let most = limits.memory + 3 * (limits.memory - coefficients) + FIXED;
    println!("{bytes} bytes at a time within {}, {most} are allowed", limits.memory);
    assert!(bytes <= most, "{bytes} bytes at a time, {most} are allowed");
}

#[test]
fn scans_wait_for_each_other_only_where_there_is_room() {
    let _turn = turn();
    let picture = Picture::new(512, 512, &[(1, 1)]).filled(1, Content::FULL);
    let ac = (0..21).map(|band| Scan::ac(0, 3 * band + 1, 3 * band + 3, 0, 0));
    let scans: Vec<_> = [Scan::dc(&[0], 0, 0)].into_iter().chain(ac).collect();
    let file = File::whole(&picture, 0xC2, &scans, &How::default());
    let largest = file.pieces.iter().filter(|(code, _)| *code == 0xDA).map(|(_, at)| at.len() as u64).max().unwrap();
    assert!(file.bytes.len() as u64 > 8 * largest, "the scans take more than the largest of them");
    let mut limits = Limits::default();
    // The coefficients, a scan, and where its only interval lies.
    limits.memory = picture.blocks() as u64 * 128 + largest + 64;
    let (image, bytes) = measure(|| CoefficientImage::read(&file.bytes, &limits));
    assert!(image.is_ok() && bytes < limits.memory + FIXED / 2, "{bytes} bytes, {limits:?}");
    limits.memory -= largest / 2;
    assert_eq!(CoefficientImage::read(&file.bytes, &limits).unwrap_err().field(), Some("memory"));
}

#[test]
fn scans_that_wait_take_no_more_than_their_share() {
    let _turn = turn();
    let mut random = Random::new(5);
    // Intervals that are known by more than their bytes, and tables for every scan of few blocks.
    for (side, restart) in [(1024, 1), (8, 0)] {
        let picture = Picture::new(side, side, &[(1, 1)]).filled(1, Content::SPARSE);
        let scan = &script::sequential(&picture, Sharing::Most, &mut random)[0];
        let scans: Vec<_> = (0..40).map(|_| scan.clone()).collect();
        let file = File::of(&picture, 0xC0).restart(restart);
        let file = scans.iter().fold(file, |file, scan| file.scan(&picture, scan, &How::default())).end();
        let coefficients = picture.blocks() as u64 * 128;
        let (image, bytes) = measure(|| CoefficientImage::read(&file.bytes, &Limits::default()));
        let most = coefficients * TENTHS / 10 + 2 * FIXED;
        assert!(image.is_ok() && bytes < most, "{side}: {bytes} of {most} bytes");
    }
}

/// A file with so many segments of 64 kB more, of this code, at a place in it.
fn with_segments(file: &[u8], code: u8, count: usize, at: usize) -> Vec<u8> {
    let segment = [&[0xFF, code, 0xFF, 0xFF][..], &[7; 65_533]].concat();
    [&file[..at], &segment.repeat(count), &file[at..]].concat()
}

#[test]
fn metadata_is_within_the_bound() {
    let _turn = turn();
    let (source, _) = source_of(64, 64, Content::USUAL, &[(1, 1)]);
    let progressive = Transcoder::new().run(&source).unwrap();
    let second_scan = inspect(&progressive, &Limits::default()).unwrap().scans[1].start as usize;
    for (name, source) in [
        ("comments", with_segments(&source, 0xFE, 160, 2)),
        ("comments between scans", with_segments(&progressive, 0xFE, 160, second_scan)),
        ("bytes behind the image", [&source[..], &vec![7; 160 << 16]].concat()),
    ] {
        let (mut refused, mut done) = (0, 0);
        for memory in [1 << 20, 8 << 20, 10 << 20, 11 << 20, 12 << 20] {
            let mut limits = Limits::default();
            limits.memory = memory;
            let (result, bytes) = measure(|| Transcoder::new().limits(limits).run(&source));
            assert!(bytes <= memory + 2 * FIXED, "{name}: {bytes} bytes within {memory}");
            match result {
                Ok(_) => done += 1,
                Err(error) => {
                    assert_eq!(error.field(), Some("memory"), "{name}: {error}");
                    refused += 1;
                }
            }
        }
        assert!(done > 0 && refused > 0, "{name}: {done}, {refused}");
    }
}

#[test]
fn a_source_that_is_kept_is_not_there_beside_the_result() {
    let _turn = turn();
    // Scans of so few coefficients take more than their tables are worth.
    let (picture, _) = source_of(16, 16, Content::SPARSE, &[(1, 1)]);
    let baseline = Transcoder::new().coding(Coding::Baseline).run(&picture).unwrap();
    let source = with_segments(&with_segments(&baseline, 0xEC, 80, 2), 0xFE, 4, 2);
    for strip in [Strip::NOTHING, Strip::COMMENTS] {
        let transcoder = Transcoder::new().never_larger(true).strip(strip);
        let (result, bytes) = measure(|| transcoder.run_and_report(&source).unwrap());
        assert!(result.kept_source, "{strip:?}");
        let most = result.bytes.len() as u64 + FIXED;
        assert!(bytes <= most, "{strip:?}: {bytes} bytes, {most} are allowed");
    }
}
