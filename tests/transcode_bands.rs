//! A picture whose rows threads share out makes the file that one thread makes, within the bounds that one keeps to.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

mod common;

use std::time::{Duration, Instant};

use common::Random;
use common::machine::gate;
use common::picture::{Content, Picture};
use common::script::{self, Scan, Sharing};
use common::threads::{SEVERAL, agree, of_mcus, progressive, said, sequential};
use cosimg::jpeg::{Coding, Mode, RestartInterval, Script, Transcoder};
use cosimg::{Cancel, Limits};

const GREY: &[(usize, usize)] = &[(1, 1)];
const S420: &[(usize, usize)] = &[(2, 2), (1, 1), (1, 1)];
const S444: &[(usize, usize)] = &[(1, 1); 3];

/// A transcoder with a script of one's own.
fn scripted(scans: &[Scan]) -> Transcoder {
    Transcoder::new().scans(script::text(scans).parse::<Script>().unwrap())
}

fn modes() -> [(&'static str, Transcoder); 4] {
    [
        ("fast", Transcoder::new().mode(Mode::Fast)),
        ("display", Transcoder::new()),
        ("small", Transcoder::new().mode(Mode::Small).effort(1).unwrap()),
        ("smaller", Transcoder::new().coding(Coding::Smaller)),
    ]
}

#[test]
fn every_kind_of_picture_is_the_same() {
    for (sampling, high) in [
        (GREY, 130),
        (&[(2, 2)], 70),
        (S420, 32),
        (S420, 129),
        (&[(2, 1), (1, 1), (1, 1)], 100),
        (S444, 47),
        (&[(1, 2), (1, 1), (1, 2)], 64),
        (&[(1, 1); 4], 66),
    ] {
        for contents in [&[Content::USUAL][..], &[Content::SPARSE], &[Content::FLAT, Content::FULL, Content::SPARSE]] {
            let source = progressive(&of_mcus(3, high, sampling).striped(1, contents));
            for (mode, transcoder) in modes() {
                agree(&format!("{sampling:?}, {high} rows, {mode}"), &transcoder, &SEVERAL, &source).unwrap();
            }
        }
    }
}

/// The intervals of one scan begin where those of threads do, of another within them.
#[test]
fn restart_intervals_are_the_same() {
    for sampling in [GREY, S420] {
        // DC coefficients are shared out in bands of 16 rows of MCUs.
        let picture = of_mcus(3, 128, sampling).striped(2, &[Content::SPARSE, Content::FLAT, Content::USUAL]);
        let source = progressive(&picture);
        let wide = picture.components[0].wide as u16;
        let mcus =
            [1, 2, 7, wide, 16 * wide - 1, 16 * wide, 16 * wide + 1, 40 * wide, 200 * wide].map(RestartInterval::Mcus);
        let rows = [1, 3, 15, 16, 17, 32, 127, 128].map(RestartInterval::Rows);
        for interval in mcus.into_iter().chain(rows) {
            for (mode, transcoder) in modes() {
                let transcoder = transcoder.restart_interval(interval);
                agree(&format!("{sampling:?}, {interval:?}, {mode}"), &transcoder, &[2, 8], &source).unwrap();
            }
        }
    }
}

#[test]
fn every_script_is_the_same() {
    for seed in 0..if gate() { 60 } else { 20 } {
        let mut random = Random::new(seed);
        let sampling = [GREY, S420, S444, &[(1, 2), (2, 1)]][seed as usize % 4];
        let contents = [Content::SPARSE, [Content::FLAT, Content::USUAL, Content::FULL][random.below(3)]];
        let picture = of_mcus(2 + random.below(3), 32 + random.below(100), sampling).striped(seed, &contents);
        let mut scans = script::odd(&picture, Sharing::Some, [1, 3, 10][random.below(3)], true, &mut random);
        // DC comes first.
        scans.sort_by_key(|scan| scan.start > 0);
        let interval = match random.below(3) {
            0 => RestartInterval::Mcus(random.below(300) as u16),
            1 => RestartInterval::Rows(random.below(40) as u16),
            _ => RestartInterval::default(),
        };
        let transcoder = scripted(&scans).restart_interval(interval);
        agree(&format!("seed {seed}, {interval:?}"), &transcoder, &[2, 3, 8], &progressive(&picture)).unwrap();
    }
}

/// Runs of blocks with nothing, or with nothing new, that go through bands and are longer than one EOBn can say.
#[test]
fn long_runs_are_the_same() {
    const BAND: usize = 64 * 256;
    const LONGEST: usize = 32767;
    let scans = [
        Scan::dc(&[0], 0, 0),
        Scan::ac(0, 1, 5, 0, 2),
        Scan::ac(0, 6, 63, 0, 2),
        Scan::ac(0, 1, 63, 2, 1),
        Scan::ac(0, 1, 63, 1, 0),
    ];
    let transcoders = [scripted(&scans), Transcoder::new(), Transcoder::new().mode(Mode::Fast)];
    let is_the_same = |name: &str, picture: &Picture| {
        for source in [progressive(picture), sequential(picture)] {
            for transcoder in &transcoders {
                agree(name, transcoder, &[2], &source).unwrap();
            }
        }
    };
    let empty = of_mcus(256, 512, GREY);
    is_the_same("nothing", &empty);
    let far = 5 * BAND;
    for (name, at, value) in [
        ("a block at the beginning of a band", &[BAND, far][..], 9),
        ("a block at the end of a band", &[BAND - 1, far - 1], 9),
        ("the longest run and a block", &[LONGEST, far], 9),
        ("one less than the longest", &[LONGEST - 1, far, far + LONGEST], 1),
        ("one more", &[LONGEST + 1, far, far + LONGEST + 1, far + LONGEST + 2], -2),
        ("twice the longest", &[2 * LONGEST, 2 * LONGEST + 1, 4 * LONGEST - 1], 4),
        ("the longest from the end of a band", &[2 * BAND - 1, 2 * BAND + LONGEST], 9),
    ] {
        let mut picture = empty.clone();
        at.iter().for_each(|&i| picture.components[0].blocks[i][9] = value);
        is_the_same(name, &picture);
    }
    // A coefficient that a refinement has to correct, in one block of so many, among others that are new to it.
    for (name, corrected, new) in [
        ("a run that is too long, with corrections", 1, usize::MAX),
        ("few corrections in such a run", 40_000, usize::MAX),
        ("corrections in runs that are not", 3, 20_000),
        ("corrections in short runs", 1, 50),
    ] {
        let mut picture = empty.clone();
        let blocks = &mut picture.components[0].blocks;
        blocks.iter_mut().step_by(corrected).for_each(|block| block[1] = 7);
        blocks.iter_mut().step_by(new).skip(1).for_each(|block| (block[1], block[3]) = (0, 1));
        is_the_same(name, &picture);
    }
    // Bands that are longer than the longest run, the first of them with most of one at its end.
    let mut picture = of_mcus(1900, 47, GREY);
    picture.components[0].blocks[1900 * 23 - 30_000][9] = 9;
    for transcoder in &transcoders {
        agree("a band that is longer than the longest run", transcoder, &[2], &progressive(&picture)).unwrap();
    }
    let source = progressive(&empty);
    for interval in [RestartInterval::Mcus(40000), RestartInterval::Mcus(65535), RestartInterval::Rows(200)] {
        for transcoder in &transcoders {
            let transcoder = transcoder.clone().restart_interval(interval);
            agree(&format!("{interval:?}"), &transcoder, &[2], &source).unwrap();
        }
    }
}

#[test]
fn large_pictures_are_the_same_in_few_bytes() {
    let picture = of_mcus(48, 118, S420).striped(4, &[Content::SPARSE, Content::FLAT, Content::SPARSE]);
    let small = Transcoder::new().mode(Mode::Small).effort(1).unwrap();
    for transcoder in [small.clone(), small.clone().display_allowance(5.0).unwrap(), small.coding(Coding::Smaller)] {
        agree("small", &transcoder, &[2, 64], &sequential(&picture)).unwrap();
    }
}

#[test]
fn threads_visit_no_more_blocks_than_one() {
    let picture = of_mcus(36, 42, S420).filled(6, Content::SPARSE);
    let scans = "0 1 2: 0-0,0,0; 0: 1-5,0,1; 1: 1-63,0,0; 2: 1-63,0,0; 0: 6-63,0,1; 0: 1-20,1,0; 0: 21-63,1,0;";
    for source in [sequential(&picture), progressive(&picture)] {
        let mut outcomes = [0, 0];
        for visits in (5_000..60_000).step_by(2_500) {
            let mut limits = Limits::default();
            limits.block_visits = visits;
            let transcoder = Transcoder::new().scans(scans.parse().unwrap()).limits(limits);
            let outcome = agree(&format!("{visits} visits"), &transcoder, &[2], &source);
            outcomes[usize::from(outcome.is_ok())] += 1;
        }
        assert!(outcomes.iter().all(|&n| n > 3), "{outcomes:?}");
    }
}

#[test]
fn the_flag_ends_a_call_on_its_way() {
    let picture = of_mcus(60, 100, S420).filled(7, Content::USUAL);
    for source in [sequential(&picture), progressive(&picture)] {
        for threads in [2, 64] {
            let mut cancelled = 0;
            for wait in [0, 1, 3, 10, 30, 60, 100, 200] {
                let cancel = Cancel::new();
                let transcoder = Transcoder::new().mode(Mode::Small).cancel(cancel.clone());
                let (said, took) = std::thread::scope(|scope| {
                    let call = scope.spawn(|| said(&transcoder, threads, &source));
                    std::thread::sleep(Duration::from_millis(wait));
                    cancel.trigger();
                    let since = Instant::now();
                    (call.join().unwrap(), since.elapsed())
                });
                assert!(took < Duration::from_secs(20), "{threads} threads, {wait} ms: {took:?}");
                cancelled += usize::from(said.is_err_and(|error| error.contains("Cancelled")));
            }
            assert!(cancelled > 2, "{threads} threads: {cancelled}");
        }
    }
}
