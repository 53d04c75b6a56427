//! The scans of a file are decoded together, a stripe of the picture at a time: that changes nothing of what one after
//! the other gives, whatever is wrong with one of them.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

mod common;

use std::num::NonZeroUsize;

use common::Random;
use common::arithmetic::{self, Model};
use common::build::{File, How};
use common::picture::{Content, Picture};
use common::script::{self, Scan, Sharing, known};
use common::threads::{agree, brief, said};
use cosimg::jpeg::{Coding, CoefficientImage, Mode, Preset, Simd, Transcoder};
use cosimg::{Cancel, ErrorKind, Limits};

/// As many blocks as several stripes have, whatever the sampling, and an MCU row that is not whole.
fn picture(number: usize, content: Content) -> Picture {
    let sampling = [&[(2, 2), (1, 1), (1, 1)][..], &[(1, 1)], &[(2, 1), (1, 2)], &[(1, 1); 4]][number / 3 % 4];
    Picture::new(250, 1500, sampling).filled(number as u64, content)
}

/// A file of several scans of every kind, and what is known after them.
fn source(number: usize) -> (File, Picture) {
    let mut random = Random::new(number as u64);
    let picture = picture(number, [Content::SPARSE, Content::USUAL, Content::FULL][number / 2 % 3]);
    let sharing = [Sharing::None, Sharing::Some, Sharing::Most][number % 3];
    let restart = [0, 1, 7, 1000][random.below(4)];
    let is_progressive = !number.is_multiple_of(4);
    let scans = if is_progressive {
        script::odd(&picture, sharing, 2, number.is_multiple_of(2), &mut random)
    } else {
        script::sequential(&picture, Sharing::None, &mut random)
    };
    let known = if is_progressive { known(&picture, &scans) } else { picture.clone() };
    let file = if number.is_multiple_of(5) {
        let model = Model { slots: [(0, 0); 4], dc: [(0, 1); 4], ac: [5; 4], zeros: false };
        arithmetic::file(&picture, if is_progressive { 0xCA } else { 0xC9 }, &scans, &model, restart)
    } else {
        let file = File::of(&picture, if is_progressive { 0xC2 } else { 0xC0 }).restart(restart);
        scans.iter().fold(file, |file, scan| file.scan(&picture, scan, &How::default())).end()
    };
    (file, known)
}

#[test]
fn a_file_of_many_scans_is_read_alike_on_any_threads_and_instructions() {
    for number in 0..16 {
        let (file, known) = source(number);
        let transcoder = Transcoder::new().mode(Mode::Fast);
        let name = format!("{number}");
        let first = agree(&name, &transcoder, &[2, 3, 64], &file.bytes).unwrap();
        let result = common::decode::decode(&first).unwrap();
        assert_eq!(result.picture.difference(&known), None, "{name}");
        for simd in [Simd::Scalar, Simd::Avx2, Simd::Avx512].into_iter().filter(|simd| simd.is_available()) {
            let other = said(&transcoder.clone().simd(simd), 2, &file.bytes);
            assert!(other.as_ref() == Ok(&first), "{name}, {simd}: {}", brief(&other));
        }
    }
}

#[test]
fn damage_is_said_of_the_first_scan_that_has_any() {
    let (mut refused, fast) = (0, Transcoder::new().mode(Mode::Fast));
    // Rows that are taken as they come, that are packed, and planes.
    let transcoders =
        [&fast, &Transcoder::new().mode(Mode::Small), &Transcoder::new().requantise(60, Preset::default()).unwrap()];
    for number in 0..24 {
        let transcoder = transcoders[number / 2 % 3];
        let (file, _) = source(number);
        let mut random = Random::new(number as u64 + 100);
        let scans: Vec<_> = file.pieces.iter().filter(|(code, _)| *code == 0xDA).map(|(_, at)| at.clone()).collect();
        for round in 0..4 {
            let mut bytes = file.bytes.clone();
            for _ in 0..=round % 3 {
                let scan = &scans[random.below(scans.len())];
                // Behind the header.
                let at = (scan.start + 20 + random.below(scan.len())).min(scan.end - 1);
                bytes[at] ^= 1 << random.below(8);
            }
            let name = format!("{number}, {round}");
            let said = agree(&name, transcoder, &[2, 3], &bytes);
            // It does not matter what is done with them.
            let read = CoefficientImage::read(&bytes, &Limits::default()).map_err(|error| format!("{error:?}"));
            assert_eq!(said.as_ref().err(), read.as_ref().err(), "{name}");
            refused += usize::from(said.is_err());
            agree(&format!("{name}, tolerant"), &transcoder.clone().tolerant(true), &[2], &bytes).ok();
        }
    }
    assert!(refused > 30, "{refused}");
}

/// One row of blocks after the other of a grey picture, as so many bits each.
fn grey(bits: &[(u32, u32)]) -> Vec<u8> {
    let mut data = common::build::Bits::default();
    bits.iter().for_each(|&(value, len)| data.put(value, len));
    data.align();
    data.bytes
}

#[test]
fn what_is_wrong_at_the_end_of_a_scan_is_said_before_what_is_at_the_beginning_of_the_next() {
    // Two scans of all blocks: the first is short of its last, the second of all but its first.
    let picture = Picture::new(800, 800, &[(1, 1)]).filled(1, Content::FLAT);
    let file = |[first, second]: [usize; 2]| {
        let table = common::huffman::Table::new(common::huffman::Style::Flat, 0, 0, &[0, 1]);
        let band = common::huffman::Table::new(common::huffman::Style::Flat, 1, 0, &[0, 1]);
        let (difference, end) = (table.code(0), band.code(0));
        let dc = grey(&vec![difference; first]);
        let ac = grey(&vec![end; second]);
        let id = picture.components[0].id;
        let header = |scan: &Scan| common::build::scan_header(&[id], &[(0, 0); 4], scan);
        let file = File::of(&picture, 0xC2).huffman(0, 0, &table).huffman(1, 0, &band);
        let file = file.scan_of(&header(&Scan::dc(&[0], 0, 0)), &dc);
        file.scan_of(&header(&Scan::ac(0, 1, 63, 0, 0)), &ac).end()
    };
    let blocks = 100 * 100;
    assert!(agree("whole", &Transcoder::new(), &[2, 3], &file([blocks; 2]).bytes).is_ok());
    for counts in [[blocks - 50, 1], [blocks, 1], [blocks - 50, blocks]] {
        let file = file(counts);
        let expected = usize::from(counts[0] == blocks);
        let (_, range) = file.pieces.iter().filter(|(code, _)| *code == 0xDA).nth(expected).unwrap();
        for threads in [1, 2, 3] {
            let transcoder = Transcoder::new().threads(NonZeroUsize::new(threads).unwrap());
            let error = transcoder.run(&file.bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Input);
            let at = error.offset().unwrap() as usize;
            assert!(range.start < at && at <= range.end, "{counts:?}, {threads} threads: {error}");
        }
    }
}

#[test]
fn what_is_wrong_behind_the_scans_is_said_after_what_is_wrong_in_them() {
    let (file, _) = source(1);
    let cut = |bytes: &[u8]| bytes[..bytes.len() - 2].to_vec();
    let with_a_bad_table = [cut(&file.bytes), vec![0xFF, 0xC4, 0, 4, 0x77, 0]].concat();
    let behind = agree("behind", &Transcoder::new(), &[2], &with_a_bad_table).unwrap_err();
    let mut damaged = with_a_bad_table.clone();
    let (_, first) = file.pieces.iter().find(|(code, _)| *code == 0xDA).unwrap();
    damaged.drain(first.end - 40..first.end - 20);
    let within = agree("within", &Transcoder::new(), &[2], &damaged).unwrap_err();
    assert_ne!(behind, within);
    let alone = CoefficientImage::read(&damaged, &Limits::default()).unwrap_err();
    assert!(alone.offset().unwrap() <= first.end as u64, "{alone}");
}

#[test]
fn a_table_that_is_missing_is_said_after_what_is_wrong_in_the_scans() {
    let picture = picture(3, Content::SPARSE);
    let scans = [Scan::dc(&[0], 0, 0), Scan::ac(0, 1, 63, 0, 0)];
    let file = File::new().frame(&picture, 0xC2);
    let file = scans.iter().fold(file, |file, scan| file.scan(&picture, scan, &How::default())).end();
    let missing = agree("missing", &Transcoder::new(), &[2], &file.bytes).unwrap_err();
    assert!(missing.contains("no quantisation table"), "{missing}");
    let mut damaged = file.bytes.clone();
    let (_, scan) = file.pieces.iter().find(|(code, _)| *code == 0xDA).unwrap();
    damaged.drain(scan.end - 40..scan.end - 20);
    let within = agree("within", &Transcoder::new(), &[2], &damaged).unwrap_err();
    assert!(!within.contains("no quantisation table"), "{within}");
}

#[test]
fn more_scans_than_wait_together_are_read() {
    let picture = picture(3, Content::USUAL);
    let dc = (0..=10).rev().map(|low| Scan::dc(&[0], if low == 10 { 0 } else { low + 1 }, low));
    let ac = (1..64).map(|k| Scan::ac(0, k, k, 0, 0));
    let scans: Vec<_> = dc.chain(ac).collect();
    let source = File::whole(&picture, 0xC2, &scans, &How::default()).bytes;
    let result = agree("many", &Transcoder::new().coding(Coding::Baseline), &[2, 64], &source).unwrap();
    assert_eq!(common::decode::decode(&result).unwrap().picture.difference(&picture), None);
}

#[test]
fn the_flag_stops_scans_that_are_decoded_together() {
    let (file, _) = source(1);
    let cancel = Cancel::new();
    cancel.trigger();
    for threads in [1, 2] {
        let transcoder = Transcoder::new().threads(NonZeroUsize::new(threads).unwrap()).cancel(cancel.clone());
        assert_eq!(transcoder.run(&file.bytes).unwrap_err().kind(), ErrorKind::Cancelled);
    }
}
