//! Tokens and coefficients that take more memory than there is, or than they may: threads leave to later what one
//! thread leaves, and do with the memory that one thread does with.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

mod common;

use common::picture::Content;
use common::script::{self, Scan};
use common::threads::{agree, brief, of_mcus, progressive, said, sequential};
use cosimg::Limits;
use cosimg::jpeg::{Coding, Mode, RestartInterval, Transcoder};

const GREY: &[(usize, usize)] = &[(1, 1)];
const S420: &[(usize, usize)] = &[(2, 2), (1, 1), (1, 1)];
const S444: &[(usize, usize)] = &[(1, 1); 3];

/// Some bands have far more tokens than others: more than all scans may have of all rows.
#[test]
fn what_is_left_for_want_of_room_is_the_same() {
    let (flat, full) = (Content::FLAT, Content::FULL);
    // As many scans as libjpeg has, and more.
    let scans = |components: usize| {
        let all: Vec<usize> = (0..components).collect();
        let luma = [(0, 2), (2, 1), (1, 0)].map(|(high, low)| Scan::ac(0, 1, 63, high, low));
        let chroma = (1..components).map(|c| Scan::ac(c, 1, 63, 0, 0));
        script::text(&[&[Scan::dc(&all, 0, 0)], &luma[..], &chroma.collect::<Vec<_>>()].concat())
    };
    for (sampling, high) in [(GREY, 260), (S444, 96), (S420, 48)] {
        for contents in [&[flat, full][..], &[full, flat], &[flat, flat, full, flat], &[full]] {
            let picture = of_mcus(36, high, sampling).striped(3, contents);
            for transcoder in [
                Transcoder::new(),
                Transcoder::new().display_allowance(10.0).unwrap(),
                Transcoder::new().restart_interval(RestartInterval::Mcus(1)),
                Transcoder::new().scans(scans(sampling.len()).parse().unwrap()),
            ] {
                let stripes: Vec<_> = contents.iter().map(|c| c.density).collect();
                for (kind, source) in [("sequential", sequential(&picture)), ("progressive", progressive(&picture))] {
                    let name = format!("{kind}, {sampling:?}, {stripes:?}, {transcoder:?}");
                    agree(&name, &transcoder, &[2], &source).unwrap();
                }
            }
        }
    }
}

/// Where one thread has just the memory that it needs, or a little more, others do with it too.
#[track_caller]
fn need_no_more(name: &str, transcoder: &Transcoder, source: &[u8]) {
    let within = |memory: u64| {
        let mut limits = Limits::default();
        limits.memory = memory;
        transcoder.clone().limits(limits)
    };
    let file = said(transcoder, 1, source);
    let (mut least, mut most) = (1 << 20, 1 << 23);
    while most - least > 1 << 10 {
        let middle = (least + most) / 2;
        if said(&within(middle), 1, source).is_ok() { most = middle } else { least = middle }
    }
    for (more, threads) in [(0, 2), (0, 64), (10_000, 2), (50_000, 2), (200_000, 2), (1_000_000, 2)] {
        let said = said(&within(most + more), threads, source);
        assert!(said == file, "{name}, {most} and {more} bytes, {threads} threads: {}", brief(&said));
    }
}

/// In memory without its zeros, a picture takes more than it did in its file.
#[test]
fn decoding_for_threads_takes_no_more_than_there_is() {
    let every = RestartInterval::Mcus(1);
    for (sampling, high, content) in
        [(S420, 42, Content::SPARSE), (S444, 84, Content::FULL), (GREY, 250, Content::USUAL)]
    {
        let source = sequential(&of_mcus(36, high, sampling).filled(5, content));
        for transcoder in [
            Transcoder::new().mode(Mode::Fast),
            Transcoder::new(),
            Transcoder::new().coding(Coding::Smaller).mode(Mode::Fast).restart_interval(every),
        ] {
            need_no_more(&format!("{sampling:?}, {transcoder:?}"), &transcoder, &source);
        }
    }
}

#[test]
fn what_is_decoded_for_a_search_takes_no_more_than_there_is() {
    let small = Transcoder::new().mode(Mode::Small).effort(1).unwrap();
    for (sampling, high, content) in [(S420, 42, Content::SPARSE), (GREY, 250, Content::USUAL)] {
        let source = sequential(&of_mcus(36, high, sampling).filled(6, content));
        need_no_more(&format!("{sampling:?}"), &small, &source);
    }
}

#[test]
fn bands_of_what_is_in_memory_take_no_more_than_there_is() {
    let source = progressive(&of_mcus(36, 84, S444).filled(5, Content::FULL));
    let small = Transcoder::new().mode(Mode::Small).effort(1).unwrap();
    for transcoder in [Transcoder::new().mode(Mode::Fast), Transcoder::new(), small] {
        for interval in [RestartInterval::default(), RestartInterval::Mcus(1)] {
            let transcoder = transcoder.clone().restart_interval(interval);
            need_no_more(&format!("{transcoder:?}"), &transcoder, &source);
        }
    }
}
