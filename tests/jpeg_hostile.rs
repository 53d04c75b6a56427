//! Damage at every byte, and files made to cost: no panic, and no more work or memory than the bounds allow.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

mod common;

use common::arithmetic;
use common::build::{File, How, scan_header};
use common::laws::{self, refuse, refuse_within, wrong_at};
use common::picture::Picture;
use common::samples::{self, grey};
use common::script::Scan;
use cosimg::jpeg::{
    Coding, CoefficientImage, Encoder, Image, Mode, PixelFormat, Preset, Subsampling, Transcoder, inspect,
};
use cosimg::{Error, ErrorKind, Limits};

const CODINGS: [Coding; 2] = [Coding::Progressive, Coding::Baseline];

#[test]
fn cut_at_every_byte() {
    let picture = samples::picture();
    for file in [samples::baseline(&picture), samples::progressive(&picture), samples::restarts(&picture)] {
        for cut in 0..file.bytes.len() {
            let error = refuse(&file.bytes[..cut]);
            assert_eq!(error.kind(), ErrorKind::Input, "cut at {cut}: {error}");
            assert!(error.offset().is_some_and(|at| at <= cut as u64), "cut at {cut}: {error}");
        }
        assert!(laws::transcode(&file.bytes, Coding::Progressive).is_ok());
    }
}

#[test]
fn every_byte_of_the_headers_damaged() {
    let picture = samples::picture();
    for file in [samples::baseline(&picture), samples::progressive(&picture), samples::restarts(&picture)] {
        for at in 0..file.bytes.len() {
            let original = file.bytes[at];
            for value in [original ^ 1, original ^ 0x80, if original == 0xFF { 0 } else { 0xFF }] {
                let mut bytes = file.bytes.clone();
                bytes[at] = value;
                laws::survive(&bytes, &format!("byte {at} is {value:02X}"));
            }
        }
    }
}

#[test]
fn bytes_lost_doubled_and_swapped() {
    let picture = samples::picture();
    for file in [samples::baseline(&picture), samples::progressive(&picture), samples::restarts(&picture)] {
        for at in 0..file.bytes.len() - 1 {
            let mut lost = file.bytes.clone();
            let byte = lost.remove(at);
            laws::survive(&lost, &format!("byte {at} is lost"));
            let mut doubled = file.bytes.clone();
            doubled.insert(at, byte);
            laws::survive(&doubled, &format!("byte {at} is doubled"));
            let mut swapped = file.bytes.clone();
            swapped.swap(at, at + 1);
            laws::survive(&swapped, &format!("byte {at} is swapped"));
        }
    }
}

#[test]
fn the_smallest_files_that_claim_the_most() {
    for sampling in [&[(1, 1)][..], &[(1, 1); 3], &[(2, 2), (1, 1), (1, 1)]] {
        for sof in [0xC0, 0xC2] {
            let mut picture = Picture::new(8, 8, sampling);
            (picture.width, picture.height) = (65_500, 65_500);
            picture.components.iter_mut().for_each(|c| (c.slot, c.quant) = (0, [1; 64]));
            let file = File::of(&picture, sof).raw(&[0xFF, 0xDA]);
            assert!(file.bytes.len() <= 230);
            let error = refuse(&file.bytes);
            assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("memory")), "{error}");
            // Not before the memory is there to have: the size alone is within the limits.
            picture.width = 65_535;
            let error = refuse(&File::of(&picture, sof).bytes);
            assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("side")), "{error}");
        }
    }
}

#[test]
fn every_bound_is_at_its_number() {
    let picture = samples::picture();
    let file = samples::progressive(&picture);
    let blocks = |scans: &[Scan]| -> u64 {
        scans.iter().flat_map(|s| &s.components).map(|&c| picture.components[c].blocks.len() as u64).sum()
    };
    let script = samples::progressive_script();
    type Set = fn(&mut Limits, u64);
    let cases: [(&str, Set, u64); 6] = [
        ("input_bytes", |l, v| l.input_bytes = v, file.bytes.len() as u64),
        ("side", |l, v| l.side = v as u32, 41),
        ("pixels", |l, v| l.pixels = v, 41 * 23),
        ("scans", |l, v| l.scans = v as u32, script.len() as u64),
        ("block_visits", |l, v| l.block_visits = v, blocks(&script)),
        ("memory", |l, v| l.memory = v, 1 << 20),
    ];
    for (field, set, enough) in cases {
        let mut limits = Limits::default();
        set(&mut limits, enough);
        assert!(Transcoder::new().limits(limits.clone()).run(&file.bytes).is_ok(), "{field}");
        set(&mut limits, if field == "memory" { picture.blocks() as u64 * 128 - 1 } else { enough - 1 });
        let error = refuse_within(&file.bytes, &limits);
        assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some(field)), "{error}");
        if matches!(field, "scans" | "block_visits") {
            assert_eq!(error.offset(), Some(file.offset(0xDA, script.len() - 1)), "the last scan is one too many");
        }
    }
}

#[test]
fn arithmetic_coded_blocks_weigh_what_they_may_cost() {
    let (picture, sequential) = grey();
    let cases = [
        (0xC9, vec![sequential], 9 * 64),
        (0xCA, vec![Scan::dc(&[0], 0, 0), Scan::ac(0, 1, 63, 0, 1), Scan::ac(0, 1, 8, 1, 0)], 9 * (1 + 63 + 8)),
    ];
    for (sof, scans, visits) in cases {
        let file = arithmetic::file(&picture, sof, &scans, &arithmetic::Model::default(), 0);
        let mut limits = Limits::default();
        limits.block_visits = visits;
        assert!(CoefficientImage::read(&file.bytes, &limits).is_ok());
        limits.block_visits = visits - 1;
        let error = refuse_within(&file.bytes, &limits);
        assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("block_visits")), "{error}");
        assert_eq!(error.offset(), Some(file.offset(0xDA, scans.len() - 1)));
    }
}

#[test]
fn ten_thousand_scans() {
    // Each refines nothing: one EOB run over 40,940 blocks in few bytes.
    let empty = Picture::new(40, 64_800, &[(1, 1)]);
    let mut file = File::of(&empty, 0xC2).scan(&empty, &Scan::dc(&[0], 0, 0), &How::default());
    let one = File::new().scan(&empty, &Scan::ac(0, 1, 63, 0, 0), &How::default());
    let scan = one.pieces.iter().skip(1).map(|(code, r)| (*code, one.bytes[r.clone()].to_vec())).collect::<Vec<_>>();
    for _ in 0..10_000 {
        file = scan.iter().fold(file, |file, (code, bytes)| file.piece(*code, bytes));
    }
    let file = file.end();
    let error = refuse_once(&file.bytes, &Limits::default());
    assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("scans")), "{error}");
    assert_eq!(error.offset(), Some(file.offset(0xDA, 1000)));
    // Scans times blocks have a bound of their own, which a few scans of a large picture reach.
    let mut limits = Limits::default();
    limits.block_visits = 10 * empty.blocks() as u64;
    let error = refuse_once(&file.bytes, &limits);
    assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("block_visits")), "{error}");
    assert_eq!(error.offset(), Some(file.offset(0xDA, 10)));
    assert_eq!(inspect(&file.bytes, &Limits::default()).unwrap_err().field(), Some("scans"));
}

/// 40,500 blocks, none of which holds anything: one scan that is a run of them.
fn claims() -> (u64, Vec<u8>) {
    let empty = Picture::new(40, 64_800, &[(1, 1)]);
    let file = File::of(&empty, 0xC2).scan(&empty, &Scan::ac(0, 1, 63, 0, 0), &How::default()).end();
    (empty.blocks() as u64, file.bytes)
}

#[test]
fn what_is_made_of_blocks_that_hold_nothing_is_bounded() {
    let (blocks, file) = claims();
    assert!(file.len() < 300);
    // Of what comes from the bytes of the file there is little.
    let of_bytes = 1024 * file.len() as u64;
    let run = |transcoder: &Transcoder, file: &[u8], visits: u64| {
        let mut limits = Limits::default();
        limits.block_visits = visits;
        transcoder.clone().limits(limits).run(file)
    };
    let refused = |transcoder: &Transcoder, visits: u64| {
        let error = run(transcoder, &file, visits).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("block_visits")), "{error}");
        assert!(error.message().contains(&format!("{} blocks", visits + of_bytes)), "{error}");
    };
    let plain = Transcoder::new();
    let coarser = plain.clone().requantise(50, Preset::Fast).unwrap();
    for tolerant in [false, true] {
        // A plain rewriting takes so little that a file of such claims has it.
        assert!(run(&plain.clone().tolerant(tolerant), &file, 16 * blocks).is_ok());
        let coarser = coarser.clone().tolerant(tolerant);
        refused(&coarser, 64 * blocks - of_bytes - 1);
        refused(&coarser, 64 * blocks - of_bytes);
        assert!(run(&coarser, &file, 80 * blocks).is_ok());
        // Each quality that is tried counts.
        let small = plain.clone().tolerant(tolerant).target_bytes(1);
        refused(&small, 80 * blocks);
        assert_eq!(run(&small, &file, 8 * 80 * blocks).unwrap_err().field(), Some("target_bytes"));
        // As do scans and codings.
        refused(&plain.clone().mode(Mode::Fast).coding(Coding::Smaller).tolerant(tolerant), blocks);
    }
    // A byte of the file is worth 1,024 visits.
    let padded = [file.clone(), vec![0; (80 * blocks / 1024) as usize]].concat();
    assert!(run(&coarser, &padded, blocks).is_ok());
    // Within the bounds of the library itself all of this is a matter of seconds: 16 million blocks are refused.
    refused(&coarser, 32 * blocks);
}

#[test]
fn a_photograph_of_100_megapixels_has_all_that_a_transcoder_can_do() {
    // So many visits has each of its blocks, in 4:4:4, before its bytes count; a part of it has its part.
    let blocks_of_100_megapixels = 3 * 100_000_000 / 64;
    let mut random = common::Random::new(5);
    let pixels: Vec<u8> = (0..192 * 192)
        .flat_map(|i| {
            let wave = 128.0 + 90.0 * (i as f32 / 192.0 / 30.0).sin() * (i as f32 % 192.0 / 40.0).cos();
            [0, 20, 40].map(|hue| (wave as i32 - hue + random.within(-4, 4)).clamp(0, 255) as u8)
        })
        .collect();
    let image = Image::new(&pixels, 192, 192, PixelFormat::Rgb8).unwrap();
    let encoder = Encoder::default().subsampling(Subsampling::S444);
    let source = encoder.quality(85).unwrap().encode(&image).unwrap();
    let blocks = 3 * 24 * 24;
    let mut limits = Limits::default();
    limits.block_visits = limits.block_visits * blocks / blocks_of_100_megapixels;
    let all = Transcoder::new().mode(Mode::Small).effort(9).unwrap().max_scans(100).unwrap().coding(Coding::Smaller);
    let all = all.requantise(84, Preset::Small).unwrap().target_bytes(source.len() as u64 / 3).limits(limits);
    assert!(all.run(&source).unwrap().len() <= source.len() / 3);
    assert_eq!(all.target_bytes(1).run(&source).unwrap_err().field(), Some("target_bytes"));
}

#[test]
fn a_list_that_a_file_makes_long_is_counted() {
    let picture = samples::picture();
    let many = (0..40_000).fold(samples::baseline(&picture).bytes[..2].to_vec(), |mut file, _| {
        file.extend([0xFF, 0xFE, 0, 2]); // an empty comment
        file
    });
    let comments = [&many, &samples::baseline(&picture).bytes[2..]].concat();
    let mut limits = Limits::default();
    limits.memory = 1 << 20;
    let error = refuse_once(&comments, &limits);
    assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("memory")), "{error}");
    assert_eq!(inspect(&comments, &limits).unwrap_err().field(), Some("memory"));
    assert!(Transcoder::new().run(&comments).is_ok());

    // As many restart intervals as blocks, and nothing in them.
    let tall = Picture::new(8, 64_800, &[(1, 1)]);
    let file = File::of(&tall, 0xC0).restart(1).scan(&tall, &Scan::sequential(&[0]), &How::default()).end();
    assert!(Transcoder::new().run(&file.bytes).is_ok());
    limits.memory = tall.blocks() as u64 * 128 + 100_000;
    let error = refuse_once(&file.bytes, &limits);
    assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("memory")), "{error}");
    assert!(error.message().contains("a scan"), "{error}");
}

/// As [`refuse_within`], for files that take a while.
fn refuse_once(source: &[u8], limits: &Limits) -> Error {
    Transcoder::new().limits(limits.clone()).run(source).expect_err("this must be refused")
}

#[test]
fn restart_markers_by_the_million() {
    let (picture, scan) = grey();
    let file = File::of(&picture, 0xC0).scan(&picture, &scan, &How::default());
    let ends = file.bytes.len() as u64;
    let markers = [0xFF, 0xD0].repeat(1_000_000);
    // Behind the last block they say nothing; with data behind them they are damage.
    let expected = laws::transcode(&file.clone().end().bytes, Coding::Progressive).unwrap();
    let surplus = file.clone().raw(&markers);
    assert!(laws::transcode(&surplus.clone().end().bytes, Coding::Progressive).unwrap() == expected);
    let data = surplus.raw(&[1, 2, 3]).end();
    wrong_at(&data, ends + 2_000_000, "follows the last restart interval");
    // Where they are announced, each needs its MCU: nine blocks have nine intervals, and no room for a million.
    let file = File::of(&picture, 0xC0).restart(1).scan(&picture, &scan, &How::default());
    assert!(laws::transcode(&file.clone().raw(&markers).end().bytes, Coding::Progressive).is_ok());
    let empty = File::of(&picture, 0xC0).restart(1).scan_of(&scan_header(&[1], &[(0, 0); 4], &scan), &markers).end();
    assert_eq!(refuse(&empty.bytes).kind(), ErrorKind::Input);
    // Fill bytes by the million, too.
    let fill = File::new().raw(&[0xFF; 1_000_000]).quant_tables(&picture).frame(&picture, 0xC0);
    let fill = fill.scan(&picture, &scan, &How::default()).raw(&[0xFF; 1_000_000]).end();
    assert!(laws::transcode(&fill.bytes, Coding::Progressive).unwrap() == expected);
}

#[test]
fn segments_by_the_ten_thousand() {
    let (picture, scan) = grey();
    let mut file = File::of(&picture, 0xC0);
    for i in 0..10_000 {
        file = match i % 4 {
            0 => file.quant(3, &[9; 64]),
            1 => file.segment(0xC4, &[&[0x13, 2][..], &[0; 15], &[1, 2]].concat()),
            2 => file.restart(0),
            _ => file.segment(0xFE, b"x"),
        };
    }
    let file = file.scan(&picture, &scan, &How::default()).end();
    laws::hold("segments by the ten thousand", &file.bytes, &picture);
}

#[test]
fn a_raised_flag_stops_the_call() {
    let picture = samples::picture();
    let cancel = cosimg::Cancel::new();
    let transcoder = Transcoder::new().cancel(cancel.clone());
    let files = [samples::baseline(&picture), samples::progressive(&picture), samples::restarts(&picture)];
    files.iter().for_each(|file| assert!(transcoder.run(&file.bytes).is_ok()));
    cancel.trigger();
    for file in files {
        for coding in CODINGS {
            let error = transcoder.clone().coding(coding).run(&file.bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
        }
    }
}
