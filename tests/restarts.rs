//! Restart intervals: the same coefficients in pieces, each of which damage may cost alone.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

mod common;

use common::decode::decode;
use common::picture::{Content, Picture};
use common::tools;
use cosimg::jpeg::RestartInterval::{Mcus, Rows};
use cosimg::jpeg::{
    Coding, CoefficientImage, Encoder, Image, Mode, PixelFormat, RestartInterval, Script, Subsampling, Transcoder,
    inspect,
};
use cosimg::{Limits, Result};
use std::num::NonZero;

const CODINGS: [Coding; 2] = [Coding::Progressive, Coding::Baseline];
const INTERVALS: [RestartInterval; 5] = [Mcus(1), Mcus(3), Mcus(64), Rows(1), Rows(2)];

/// A source of the tests' own, one scan a component.
fn source(picture: &Picture) -> Vec<u8> {
    let scans: Vec<_> = (0..picture.components.len()).map(|c| common::script::Scan::sequential(&[c])).collect();
    let slots = [(0, 0); 4];
    let freedom = common::entropy::Freedom { slots, ..common::entropy::Freedom::default() };
    let how = common::build::How { freedom, ..common::build::How::default() };
    common::build::File::whole(picture, 0xC0, &scans, &how).bytes
}

/// The numbers of the restart markers of each scan, and its interval.
fn restarts(file: &[u8]) -> Vec<(usize, Vec<u8>)> {
    let (mut scans, mut interval, mut at) = (Vec::new(), 0, 2);
    while file[at + 1] != 0xD9 {
        let (code, length) = (file[at + 1], usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]])));
        if code == 0xDD {
            interval = usize::from(u16::from_be_bytes([file[at + 4], file[at + 5]]));
        }
        at += 2 + length;
        if code == 0xDA {
            let mut numbers = Vec::new();
            while file[at] != 0xFF || matches!(file[at + 1], 0 | 0xD0..=0xD7) {
                if file[at] == 0xFF && file[at + 1] != 0 {
                    numbers.push(file[at + 1] & 7);
                }
                at += 1;
            }
            scans.push((interval, numbers));
        }
    }
    scans
}

/// The file says the picture, to the tests' reader and to the library's, and has the markers that it should.
#[track_caller]
fn hold(name: &str, file: &[u8], expected: &Picture, interval: RestartInterval) {
    let said = decode(file).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(said.picture.difference(expected), None, "{name}");
    assert!(CoefficientImage::read(file, &Limits::default()).is_ok(), "{name}");
    let most = |of: fn(&common::picture::Component) -> usize| expected.components.iter().map(of).max().unwrap();
    let sides = (8 * most(|c| c.horizontal), 8 * most(|c| c.vertical));
    let (wide, high) = (expected.width.div_ceil(sides.0), expected.height.div_ceil(sides.1));
    let found = restarts(file);
    assert_eq!(found.len(), said.scans.len());
    for ((length, numbers), scan) in found.iter().zip(&said.scans) {
        let (row, mcus) = match *scan.components {
            [c] => {
                let c = &expected.components[c];
                (c.wide * c.vertical, c.wide * c.high)
            }
            _ => (wide, wide * high),
        };
        let wanted = match interval {
            Mcus(mcus) => usize::from(mcus),
            Rows(rows) => usize::from(rows) * row,
            _ => unreachable!(),
        };
        assert_eq!(*length, wanted, "{name}");
        let cycle: Vec<u8> = (0..mcus.div_ceil(wanted) - 1).map(|i| i as u8 % 8).collect();
        assert_eq!(*numbers, cycle, "{name}");
    }
}

#[test]
fn every_size_and_sampling_keeps_its_coefficients() {
    let samplings: [&[(usize, usize)]; 7] = [
        &[(1, 1)],
        &[(1, 1); 3],
        &[(2, 1), (1, 1), (1, 1)],
        &[(2, 2), (1, 1), (1, 1)],
        &[(1, 2), (1, 1), (1, 1)],
        &[(1, 1); 4],
        &[(2, 2), (1, 1), (1, 1), (2, 2)],
    ];
    let scans: Script = "0; 1 2; 3;".parse().unwrap();
    for i in 0..80 {
        let (width, height) = (i % 40 + 1, (i * 23 + i / 40) % 40 + 1);
        let picture = Picture::new(width, height, samplings[i % 7]).filled(i as u64, Content::SPARSE);
        let source = source(&picture);
        let check = |what: &str, interval, transcoder: Transcoder| {
            let name = format!("{width}x{height} {:?} {what} {interval:?}", samplings[i % 7]);
            let file = transcoder.clone().restart_interval(interval).run(&source).unwrap();
            hold(&name, &file, &picture, interval);
            let threads = transcoder.restart_interval(interval).threads(NonZero::new(2).unwrap());
            assert!(threads.run(&source).unwrap() == file, "{name}: two threads");
        };
        let interval = INTERVALS[i % 5];
        for coding in CODINGS {
            check("coding", interval, Transcoder::new().coding(coding));
        }
        check("small", interval, Transcoder::new().mode(Mode::Small));
        if samplings[i % 7].len() == 4 {
            check("script", interval, Transcoder::new().scans(scans.clone()));
        }
        if tools::have_jpegtran() && i % 4 == 0 {
            let file = Transcoder::new().restart_interval(interval).run(&source).unwrap();
            let form = |file: &[u8]| tools::normal_form(file, picture.components.len()).unwrap();
            assert!(form(&file) == form(&source), "{width}x{height}: jpegtran reads another picture");
        }
    }
}

#[test]
fn long_runs_and_many_corrections_end_with_their_interval() {
    for (content, seed) in [(Content { busy: 2, ..Content::SPARSE }, 1), (Content::USUAL, 2), (Content::FULL, 3)] {
        let picture = Picture::new(200, 152, &[(2, 2), (1, 1), (1, 1)]).filled(seed, content);
        let source = source(&picture);
        for interval in [Mcus(1), Mcus(63), Mcus(64), Mcus(65), Mcus(200), Mcus(10_000), Rows(1), Rows(3)] {
            for coding in CODINGS {
                let file = Transcoder::new().coding(coding).restart_interval(interval).run(&source).unwrap();
                hold(&format!("{seed} {interval:?} {coding:?}"), &file, &picture, interval);
            }
        }
    }
}

fn encode(interval: RestartInterval, coding: Coding, subsampling: Subsampling, format: PixelFormat) -> Vec<u8> {
    let pixels: Vec<u8> = (0..200 * 120 * 4_u32).map(|i| (i.wrapping_mul(i >> 3) >> 7) as u8 / 2 + 60).collect();
    let bytes = match format {
        PixelFormat::Gray8 => 1,
        PixelFormat::Cmyk8 => 4,
        _ => 3,
    };
    let image = Image::new(&pixels[..200 * 120 * bytes], 200, 120, format).unwrap();
    let encoder = Encoder::default().coding(coding).subsampling(subsampling).restart_interval(interval);
    encoder.encode(&image).unwrap()
}

#[test]
fn encoders_keep_their_coefficients_and_djpeg_its_pixels() -> Result<()> {
    for format in [PixelFormat::Gray8, PixelFormat::Rgb8, PixelFormat::Cmyk8] {
        for subsampling in [Subsampling::S420, Subsampling::S422, Subsampling::S444] {
            for coding in CODINGS {
                let plain = encode(Mcus(0), coding, subsampling, format);
                assert!(plain == encode(Rows(0), coding, subsampling, format));
                assert!(restarts(&plain).iter().all(|(interval, numbers)| *interval == 0 && numbers.is_empty()));
                for interval in [Rows(1), Mcus(7)] {
                    let file = encode(interval, coding, subsampling, format);
                    let read = |file: &[u8]| CoefficientImage::read(file, &Limits::default());
                    assert!(read(&file)? == read(&plain)?);
                    assert!(restarts(&file).iter().all(|(_, numbers)| !numbers.is_empty()));
                    assert!(inspect(&file, &Limits::default())?.restart_interval > 0);
                    if tools::have_codec() && interval == Rows(1) {
                        assert!(tools::djpeg(&file).unwrap() == tools::djpeg(&plain).unwrap());
                    }
                }
            }
        }
    }
    Ok(())
}

#[test]
fn damage_costs_a_row_of_the_picture_in_whatever_scan_it_is() {
    for coding in CODINGS {
        let file = encode(Rows(1), coding, Subsampling::S420, PixelFormat::Rgb8);
        let whole = decode(&file).unwrap().picture;
        let markers: Vec<usize> =
            (0..file.len() - 1).filter(|&i| file[i] == 0xFF && matches!(file[i + 1], 0xD0..=0xD7)).collect();
        let mut checked = 0;
        for pair in markers.windows(2).filter(|pair| file[pair[0] + 1] & 7 < file[pair[1] + 1] & 7) {
            let row = usize::from(file[pair[0] + 1] & 7) + 1;
            let mut bytes = file.clone();
            bytes.drain(pair[0] + 2..pair[1]);
            let result = Transcoder::new().tolerant(true).run_and_report(&bytes).unwrap();
            assert_eq!(result.damages.count(), 1);
            let read = decode(&result.bytes).unwrap().picture;
            for (a, b) in whole.components.iter().zip(&read.components) {
                let blocks = a.blocks.iter().zip(&b.blocks).enumerate();
                for (i, _) in blocks.filter(|(_, (a, b))| a != b) {
                    assert_eq!(i / a.wide / a.vertical, row, "{coding:?}");
                }
            }
            checked += 1;
        }
        assert!(checked >= 6);
    }
}
