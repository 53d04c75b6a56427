//! More threads give the same file, the same errors, and end as soon.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

mod common;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use common::Random;
use common::build::{File, How};
use common::entropy::Freedom;
use common::huffman::Style;
use common::picture::{Content, Picture};
use common::script::{self, Sharing};
use common::threads::{Said, agree, said};
use cosimg::jpeg::{Coding, Mode, Transcoder};
use cosimg::{Cancel, ErrorKind, Limits};

fn are_the_same(name: &str, source: &[u8]) {
    // Small enough that hostile files end soon.
    let mut limits = Limits::default();
    limits.block_visits = 1 << 22;
    for (coding, mode) in [
        (Coding::Progressive, Mode::Display),
        (Coding::Progressive, Mode::Fast),
        (Coding::Progressive, Mode::Small),
        (Coding::Baseline, Mode::Display),
    ] {
        let transcoder = Transcoder::new().coding(coding).mode(mode).limits(limits.clone());
        let _: Said = agree(&format!("{name}, {mode:?} {coding:?}"), &transcoder, &[2, 3, 64], source);
    }
}

/// A sequential file of one scan, of many rows, with a restart after so many MCUs.
fn sequential(restart: usize) -> Vec<u8> {
    sequential_of(90, 400, restart)
}

fn sequential_of(wide: usize, high: usize, restart: usize) -> Vec<u8> {
    let picture = Picture::new(wide, high, &[(2, 2), (1, 1), (1, 1)]).filled(7, Content::USUAL);
    let freedom = Freedom {
        slots: [(0, 0), (1, 1), (1, 1), (0, 0)],
        longest_run: 1,
        zeros_to_the_end: false,
        loud_padding: true,
        restart: 0,
    };
    let how = How { freedom, style: Style::Flat, fill: 0, send_tables: true };
    let scans = script::sequential(&picture, Sharing::Most, &mut Random::new(1));
    let file = File::of(&picture, 0xC0).restart(restart);
    scans.iter().fold(file, |file, scan| file.scan(&picture, scan, &how)).end().bytes
}

#[test]
fn any_number_of_threads_gives_the_same() {
    for restart in [0, 1, 7] {
        let source = sequential(restart);
        are_the_same("whole", &source);
        // Damage of every kind, at every depth of the scan.
        let mut random = Random::new(restart as u64 + 1);
        for _ in 0..40 {
            let mut source = source.clone();
            let at = source.len() / 4 + random.below(source.len() * 3 / 4);
            match random.below(3) {
                0 => source.truncate(at),
                1 => source[at] ^= 1 << random.below(8),
                _ => drop(source.drain(at..(at + 5).min(source.len()))),
            }
            are_the_same("damaged", &source);
        }
    }
}

/// Scans of more than a thread's share are written in pieces, and statistics counted in parts.
#[test]
fn what_is_cut_is_joined_again() {
    for (wide, high) in [(1000, 900), (777, 1111)] {
        let source = sequential_of(wide, high, 0);
        for (coding, mode) in
            [(Coding::Progressive, Mode::Fast), (Coding::Progressive, Mode::Small), (Coding::Baseline, Mode::Display)]
        {
            let transcoder = Transcoder::new().coding(coding).mode(mode);
            let said: Said = agree(&format!("{wide}, {mode:?} {coding:?}"), &transcoder, &[2, 3, 8], &source);
            assert!(said.is_ok());
        }
    }
}

#[test]
fn the_flag_holds_on_threads() {
    let two = Transcoder::new().threads(NonZeroUsize::new(2).unwrap());
    let cancel = Cancel::new();
    cancel.trigger();
    assert_eq!(two.cancel(cancel).run(&sequential(0)).unwrap_err().kind(), ErrorKind::Cancelled);
}

#[test]
fn threads_visit_no_more_blocks_than_one() {
    let sequential = sequential(0);
    let progressive = Transcoder::new().mode(Mode::Fast).run(&sequential).unwrap();
    // A byte allows for so many visits that few sources of their own come to the bound: scans of one's own do.
    let script = "0 1 2: 0-0,0,0; 0: 1-5,0,1; 1: 1-63,0,0; 2: 1-63,0,0; 0: 6-63,0,1; 0: 1-20,1,0; 0: 21-63,1,0;";
    for source in [&sequential, &progressive] {
        let transcoder = Transcoder::new().scans(script.parse().unwrap());
        let outcomes = |threads| {
            let outcome = |visits: u64| {
                let mut limits = Limits::default();
                limits.block_visits = visits;
                said(&transcoder.clone().limits(limits), threads, source)
            };
            (500..20_000).step_by(500).map(outcome).collect::<Vec<_>>()
        };
        let one = outcomes(1);
        assert!(one[0].is_err() && one.last().unwrap().is_ok());
        for threads in [2, 4] {
            assert!(outcomes(threads) == one, "{threads} threads");
        }
    }
}

#[test]
fn threads_need_no_more_memory_than_one() {
    let sequential = sequential(0);
    let progressive = Transcoder::new().mode(Mode::Fast).run(&sequential).unwrap();
    for source in [&sequential, &progressive] {
        for (coding, mode) in [
            (Coding::Progressive, Mode::Display),
            (Coding::Progressive, Mode::Fast),
            (Coding::Progressive, Mode::Small),
            (Coding::Baseline, Mode::Display),
            (Coding::Smaller, Mode::Small),
        ] {
            let transcoder = Transcoder::new().coding(coding).mode(mode);
            let (mut refused, mut done) = (0, 0);
            for memory in (50_000..600_000).step_by(5_000) {
                let mut limits = Limits::default();
                limits.memory = memory;
                let transcoder = transcoder.clone().limits(limits);
                match transcoder.run(source) {
                    Ok(one) => {
                        for threads in [2, 3, 64] {
                            let more = said(&transcoder, threads, source);
                            assert!(more.as_ref() == Ok(&one), "{mode:?} {coding:?}, {threads} threads, {memory}");
                        }
                        done += 1;
                    }
                    Err(error) => {
                        assert_eq!(error.field(), Some("memory"));
                        refused += 1;
                    }
                }
            }
            assert!(refused > 0 && done > 0, "{mode:?} {coding:?}");
        }
    }
}

#[test]
fn the_corpus_is_the_same_on_threads() {
    let Some(root) = common::shared("corpus/conformance") else { return };
    let mut folders = vec![root];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let step = if common::machine::gate() { 3 } else { 40 };
    let most = if common::machine::gate() { 1 << 19 } else { 1 << 17 };
    let mut judged = 0;
    for path in files.iter().step_by(step) {
        let source = std::fs::read(path).unwrap();
        if source.starts_with(&[0xFF, 0xD8]) && source.len() < most {
            are_the_same(&path.display().to_string(), &source);
            judged += 1;
        }
    }
    println!("{judged} files");
    assert!(judged > 20);
}
