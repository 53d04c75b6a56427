//! A sequential scan that two threads decode, one of them from its middle, says what it says to one thread.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

mod common;

use common::Random;
use common::build::{File, How};
use common::entropy::Freedom;
use common::huffman::Style;
use common::machine::gate;
use common::picture::{Content, Picture};
use common::script::Scan;
use common::threads::{Said, agree, brief, of_mcus};
use cosimg::jpeg::{Mode, Simd, Transcoder};

const GREY: &[(usize, usize)] = &[(1, 1)];
const S420: &[(usize, usize)] = &[(2, 2), (1, 1), (1, 1)];
const S444: &[(usize, usize)] = &[(1, 1); 3];

/// Huffman tables for luma and for chroma, and the same for all: codes then do not tell what component they are of.
const APART: [(u8, u8); 4] = [(0, 0), (1, 1), (1, 1), (0, 0)];
const SHARED: [(u8, u8); 4] = [(0, 0); 4];

/// A picture just large enough for threads to share, in MCUs that are not whole.
fn large(sampling: &[(usize, usize)]) -> Picture {
    let of_an_mcu: usize = sampling.iter().map(|(h, v)| h * v).sum();
    let wide = (9000 / (of_an_mcu * 36)).min(36);
    let high = 9000 / (of_an_mcu * wide);
    of_mcus(wide, high, sampling)
}

/// A file of one scan with all components.
fn file(picture: &Picture, slots: [(u8, u8); 4], style: Style, restart: usize) -> File {
    let how = How { freedom: Freedom { slots, ..Freedom::default() }, style, ..How::default() };
    let all: Vec<usize> = (0..picture.components.len()).collect();
    let sof = if picture.precision == 8 { 0xC0 } else { 0xC1 };
    let file = File::of(picture, sof).restart(restart);
    file.scan(picture, &Scan::sequential(&all), &how).end()
}

/// In modes that do little besides decoding: in one the first thread makes tokens at once, in the other both hold what
/// they decode. And by all instructions, as rows without their zeros are taken by some as they are.
fn is_the_same(name: &str, source: &[u8]) -> Said {
    let held = Transcoder::new().mode(Mode::Small).effort(1).unwrap();
    for simd in [Simd::Avx2, Simd::Scalar] {
        let (first, other) = (held.clone().simd(Simd::Scalar), held.clone().simd(simd));
        let (name, expected) = (format!("{name}, held, {simd}"), agree(name, &first, &[], source));
        let outcome = agree(&name, &other, &[2], source);
        let is_lacking = outcome.as_ref().is_err_and(|error| error.contains("this processor has no"));
        assert!(is_lacking || outcome == expected, "{name}: {} and not {}", brief(&outcome), brief(&expected));
    }
    drop(agree(&format!("{name}, held"), &held, &[2], source));
    agree(name, &Transcoder::new().mode(Mode::Fast), &[2], source)
}

/// Where the entropy-coded data of the scan begins and ends.
fn data(file: &File) -> std::ops::Range<usize> {
    let (_, scan) = file.pieces.iter().find(|(code, _)| *code == 0xDA).unwrap();
    scan.start + 4 + 2 * file.bytes[scan.start + 4] as usize + 4..scan.end
}

#[test]
fn every_kind_of_source_is_the_same() {
    let mixed = [Content::FLAT, Content::USUAL, Content::SPARSE, Content::FULL, Content::FLAT];
    for (sampling, contents) in [
        (GREY, &mixed[..]),
        (&[(2, 2)], &[Content::SPARSE]),
        (S420, &[Content::USUAL]),
        (S420, &[Content::FLAT]),
        (&[(2, 1), (1, 1), (1, 1)], &mixed),
        (S444, &[Content::SPARSE]),
        (&[(1, 2), (1, 1), (1, 2)], &[Content::SPARSE, Content::FULL]),
        (&[(1, 1); 4], &[Content::SPARSE]),
        (&[(2, 2), (1, 1), (1, 1), (2, 2)], &[Content::USUAL]),
    ] {
        let picture = large(sampling).striped(1, contents);
        for slots in [APART, SHARED] {
            let name = format!("{sampling:?}, tables {slots:?}");
            is_the_same(&name, &file(&picture, slots, Style::Flat, 0).bytes).unwrap();
        }
    }
}

#[test]
fn every_style_of_code_is_the_same() {
    let picture = large(S420).filled(2, Content::SPARSE);
    for style in [Style::AllOnes, Style::Long, Style::Everything, Style::Typical] {
        is_the_same(&format!("{style:?}"), &file(&picture, APART, style, 0).bytes).unwrap();
    }
}

#[test]
fn restart_intervals_are_the_same() {
    for sampling in [GREY, S420] {
        let picture = large(sampling).striped(3, &[Content::SPARSE, Content::FLAT]);
        let (wide, high) = picture.mcus();
        for restart in [1, 7, wide, wide * 3 / 2, wide * high / 2, wide * high * 7 / 8, wide * high - 1, wide * high] {
            let file = file(&picture, APART, Style::Flat, restart);
            is_the_same(&format!("{sampling:?}, a restart every {restart}"), &file.bytes).unwrap();
        }
    }
}

/// Most of the data is in the last rows: the rest of the scan are fewer rows than it may take to meet it.
#[test]
fn a_rest_of_a_few_rows_is_the_same() {
    for sampling in [GREY, S420] {
        let (wide, high) = large(sampling).mcus();
        for full in 1..8 {
            let contents = [vec![Content::FLAT; high - full], vec![Content::FULL; full]].concat();
            let picture = large(sampling).striped(4, &contents);
            for restart in [0, wide, wide + 1] {
                let source = file(&picture, APART, Style::Flat, restart).bytes;
                is_the_same(&format!("{sampling:?}, {full} rows, a restart every {restart}"), &source).unwrap();
            }
        }
    }
}

/// The rest of it may be there long before the first thread comes to it, or be waited for row by row.
#[test]
fn a_large_picture_is_the_same() {
    let (flat, full, sparse) = (Content::FLAT, Content::FULL, Content::SPARSE);
    for contents in [&[sparse][..], &[full, flat, flat, flat], &[flat, flat, flat, full], &[flat, sparse, flat]] {
        let picture = of_mcus(104, 106, S420).striped(5, contents);
        for restart in [0, 104 * 5 + 1] {
            let source = file(&picture, APART, Style::Flat, restart).bytes;
            for mode in [Mode::Fast, Mode::Display] {
                let stripes: Vec<_> = contents.iter().map(|c| c.density).collect();
                let name = format!("{stripes:?}, a restart every {restart}, {mode:?}");
                agree(&name, &Transcoder::new().mode(mode), &[2, 2, 2, 3], &source).unwrap();
            }
        }
    }
}

/// Blocks that are all alike fit to each other wherever one begins.
#[test]
fn a_pattern_is_the_same() {
    for (sampling, period) in [(GREY, 1), (S444, 1), (S444, 2), (S420, 1), (S420, 5)] {
        let mut picture = large(sampling);
        for block in picture.components.iter_mut().flat_map(|c| c.blocks.iter_mut().step_by(period)) {
            (block[0], block[5]) = (40, -3);
        }
        is_the_same(&format!("{sampling:?}, every {period}"), &file(&picture, SHARED, Style::Flat, 0).bytes).unwrap();
    }
}

#[test]
fn damage_is_told_alike() {
    let times = if gate() { 50 } else { 12 };
    for (sampling, slots, restart) in
        [(S420, APART, 0), (S444, SHARED, 0), (S420, APART, 1), (GREY, APART, 54), (S420, SHARED, 1300)]
    {
        let picture = large(sampling).striped(4, &[Content::SPARSE, Content::USUAL, Content::SPARSE]);
        let file = file(&picture, slots, Style::Flat, restart);
        let data = data(&file);
        let mut random = Random::new(restart as u64);
        let mut refused = 0;
        for _ in 0..times {
            let middle = (data.start + data.end) / 2;
            let at = match random.below(4) {
                0 => middle - 40 + random.below(80),
                1 => data.end - 1 - random.below(20),
                _ => data.start + random.below(data.len()),
            };
            let mut source = file.bytes.clone();
            let few = 1 + random.below(9);
            let what = random.below(5);
            match what {
                0 => source.truncate(at),
                1 => source[at] ^= 1 << random.below(8),
                2 => drop(source.drain(at..(at + few).min(data.end))),
                3 => drop(source.splice(at..at, (0..few).map(|_| random.below(255) as u8))),
                _ => drop(source.splice(at..at, [0xFF, 0xD0 + few as u8 % 8])),
            }
            refused += usize::from(is_the_same(&format!("restart {restart}, {what} at {at}"), &source).is_err());
        }
        assert!(refused > times / 4, "{refused} of {times}");
    }
}

/// Bytes of the data that are left out at its end, or come after it: of the last of them some are too many.
#[test]
fn the_end_is_told_alike() {
    for (sampling, restart) in [(GREY, 0), (S420, 0), (S420, 40)] {
        let picture = large(sampling).filled(5, Content { busy: 8, ..Content::SPARSE });
        let file = file(&picture, APART, Style::Flat, restart);
        let end = data(&file).end;
        let is_the_same = |name: &str, bytes: usize, source: Vec<u8>| {
            is_the_same(&format!("{sampling:?}, restart {restart}, {name} {bytes}"), &source)
        };
        for bytes in 1..if gate() { 40 } else { 16 } {
            let mut source = file.bytes.clone();
            source.drain(end - bytes..end);
            is_the_same("without", bytes, source).unwrap_err();
        }
        // One restart interval more, empty and not.
        for (more, is_right) in [(&[0xFF, 0xD0][..], true), (&[0xFF, 0xD0, 0x55], false)] {
            let mut source = file.bytes.clone();
            source.splice(end..end, more.iter().copied());
            assert_eq!(is_the_same("with", more.len(), source).is_ok(), is_right);
        }
        for bytes in 0..12 {
            // What looks like more blocks, and what does not.
            for byte in [0x55, 0] {
                let mut source = file.bytes.clone();
                source.splice(end..end, std::iter::repeat_n(byte, bytes));
                assert_eq!(is_the_same("with", bytes, source).is_ok(), bytes <= 8);
            }
        }
    }
}

#[test]
fn the_end_of_every_interval_is_told_alike() {
    let picture = large(S420).filled(6, Content { busy: 8, ..Content::SPARSE });
    let (wide, high) = picture.mcus();
    let file = file(&picture, APART, Style::Flat, wide * 3 / 2);
    let data = data(&file);
    let is_marker = |at: &usize| file.bytes[*at] == 0xFF && matches!(file.bytes[at + 1], 0xD0..=0xD7);
    let ends: Vec<usize> = data.clone().filter(is_marker).collect();
    assert_eq!(ends.len() + 1, high.div_ceil(3) * 2 - usize::from(high % 3 == 1));
    let middle = ends.len() / 2;
    for end in [0, middle - 2, middle - 1, middle, middle + 1, ends.len() - 1].map(|i| ends[i]) {
        for bytes in [8, 9] {
            let mut source = file.bytes.clone();
            source.splice(end..end, std::iter::repeat_n(0x55, bytes));
            assert_eq!(is_the_same(&format!("{bytes} more before {end}"), &source).is_ok(), bytes <= 8);
        }
        let mut source = file.bytes.clone();
        source.drain(end - 1..end);
        is_the_same(&format!("one less before {end}"), &source).unwrap_err();
        source = file.bytes.clone();
        source[end + 1] ^= 1;
        is_the_same(&format!("another number at {end}"), &source).unwrap_err();
        source = file.bytes.clone();
        source.drain(end..end + 2);
        is_the_same(&format!("no marker at {end}"), &source).unwrap_err();
    }
}

/// Who begins in the middle takes DC coefficients to differ from 0: what is within range for one may not be for the
/// other.
#[test]
fn the_range_of_dc_is_told_alike() {
    let last = large(GREY).components[0].blocks.len() - 1;
    let from = |part: f32| (last as f32 * part) as usize;
    for (name, steps, is_right) in [
        ("all along", vec![(1, 30000), (100, 0), (200, -30000), (300, 0)], true),
        ("below what the guess takes to be 0", vec![(from(0.2), -30000), (from(0.7), 0), (from(0.8), 32767)], true),
        ("above it", vec![(from(0.2), 30000), (from(0.7), 3000), (from(0.8), -29000), (from(0.9), -32767)], true),
        ("above it at the end", vec![(from(0.2), -32000), (last - 1, -4000), (last, 28000)], true),
        ("before the middle", vec![(from(0.2), 30000), (from(0.4), 33000)], false),
        ("just after the middle", vec![(from(0.2), 30000), (from(0.51), 32768)], false),
        ("where the guess is within", vec![(from(0.2), 30000), (from(0.9), 33000), (from(0.9) + 1, 30000)], false),
        ("by one", vec![(from(0.2), -30000), (from(0.8), -32768), (from(0.8) + 1, 0)], false),
        ("in the last block", vec![(from(0.2), 30000), (last, 32768)], false),
    ] {
        let mut picture = large(GREY).filled(7, Content::SPARSE);
        picture.precision = 12;
        for (i, block) in picture.components[0].blocks.iter_mut().enumerate() {
            block[0] = steps.iter().rev().find(|(at, _)| *at <= i).map_or(0, |(_, dc)| *dc);
        }
        let is_ok = is_the_same(name, &file(&picture, APART, Style::Flat, 0).bytes);
        assert_eq!(is_ok.is_ok(), is_right, "{name}: {is_ok:?}");
    }
}
