//! What a transcoder takes of memory at a time: the result, and 1.3 times the coefficients of the picture (2 bytes
//! each, 128 a block) at most, whatever is in them. The source is the caller's.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

mod common;

use std::num::NonZeroUsize;

use common::Random;
use common::build::{File, How};
use common::entropy::Freedom;
use common::huffman::Style;
use common::picture::{Content, Picture};
use common::script::{self, Sharing};
use cosimg::Limits;
use cosimg::jpeg::{Coding, CoefficientImage, Mode, Transcoder};

/// Bytes of a thread that do not grow with the picture: tables, what the scans of a script have each in a band, and the
/// rows that a thread has at hand.
const FIXED: u64 = 1 << 19;
/// The same for what a search of effort 8 counts of 32,768 blocks of a component, in threads.
const STATISTICS: u64 = 8;

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

fn is_within_bounds(name: &str, source: &[u8], coefficients: u64, transcoder: &Transcoder, threads: u64) {
    let mut result = Vec::new();
    let info = allocation_counter::measure(|| result = transcoder.run(source).unwrap());
    let most = coefficients / 10 * 13 + source.len() as u64 + result.len() as u64 + threads * FIXED;
    println!(
        "{name}: {:.2} of the coefficients, {} of {most} bytes",
        info.bytes_max as f64 / coefficients as f64,
        info.bytes_max
    );
    assert!(info.bytes_max <= most, "{name}: {} bytes at a time, {most} are allowed", info.bytes_max);
    is_lossless(name, source, &result);
}

/// What has no room at first comes later, not never.
fn is_lossless(name: &str, source: &[u8], result: &[u8]) {
    let read = |file| CoefficientImage::read(file, &Limits::default()).unwrap();
    assert!(read(result) == read(source), "{name}: coefficients are lost");
}

#[test]
fn memory_is_bounded_by_the_picture() {
    let yuv420: &[_] = &[(2, 2), (1, 1), (1, 1)];
    for (content_name, content) in [("sparse", Content::SPARSE), ("usual", Content::USUAL), ("full", Content::FULL)] {
        let samplings = [("4:2:0", yuv420), ("4:4:4", &[(1, 1); 3]), ("gray", &[(1, 1)]), ("CMYK", &[(1, 1); 4])];
        for (sampling_name, sampling) in samplings {
            let (source, coefficients) = source(content, sampling);
            let display = Transcoder::new();
            let fast = Transcoder::new().mode(Mode::Fast);
            let progressive = display.run(&source).unwrap();
            let name = format!("{content_name} {sampling_name}");
            is_within_bounds(&format!("{name}, display"), &source, coefficients, &display, 1);
            is_within_bounds(&format!("{name}, fast"), &source, coefficients, &fast, 1);
            let small = Transcoder::new().mode(Mode::Small);
            is_within_bounds(&format!("{name}, small"), &source, coefficients, &small, 1);
            let thorough = small.clone().effort(8).unwrap();
            is_within_bounds(&format!("{name}, small, effort 8"), &source, coefficients, &thorough, 1 + STATISTICS);
            let two = fast.clone().threads(NonZeroUsize::new(2).unwrap());
            if sampling.len() < 4 {
                is_within_bounds(&format!("{name}, on two threads"), &source, coefficients, &two, 2);
                let small = small.clone().threads(NonZeroUsize::new(2).unwrap());
                is_within_bounds(&format!("{name}, small on two threads"), &source, coefficients, &small, 2);
            }
            is_lossless(&format!("{name}, on two threads"), &source, &two.run(&source).unwrap());
            let smaller = display.clone().coding(Coding::Smaller).run(&source).unwrap();
            is_lossless(&format!("{name}, smaller"), &source, &smaller);
            let baseline = display.clone().coding(Coding::Baseline);
            is_within_bounds(&format!("{name}, baseline"), &source, coefficients, &baseline, 1);
            is_within_bounds(&format!("{name}, from progressive"), &progressive, coefficients, &display, 1);
        }
    }
}

#[test]
fn a_picture_of_few_rows_needs_no_more() {
    for high in [16, 100, 256] {
        let (source, coefficients) = source_of(1_040_000 / high, high, Content::USUAL, &[(2, 2), (1, 1), (1, 1)]);
        for mode in [Mode::Display, Mode::Fast, Mode::Small] {
            let mut limits = Limits::default();
            limits.memory = coefficients / 10 * 13 + 2 * FIXED;
            Transcoder::new().mode(mode).limits(limits).run(&source).unwrap();
        }
    }
}

#[test]
fn what_is_foreseen_is_not_taken_before_the_bound_was_asked() {
    let (sequential, coefficients) = source(Content::FULL, &[(1, 1); 3]);
    let source = Transcoder::new().run(&sequential).unwrap();
    let mut limits = Limits::default();
    limits.memory = coefficients / 50 * 51;
    let transcoder = Transcoder::new().mode(Mode::Fast).coding(Coding::Baseline).limits(limits.clone());
    let mut result = Ok(Vec::new());
    let info = allocation_counter::measure(|| result = transcoder.run(&source));
    assert_eq!(result.unwrap_err().field(), Some("memory"));
    // A list that grows past the bound has its old and its new room for a moment, before that is asked again.
    let most = limits.memory + 3 * (limits.memory - coefficients) + FIXED;
    println!("{} bytes at a time within {}, {most} are allowed", info.bytes_max, limits.memory);
    assert!(info.bytes_max <= most, "{} bytes at a time, {most} are allowed", info.bytes_max);
}
