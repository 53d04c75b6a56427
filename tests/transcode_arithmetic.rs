//! Arithmetic-coded files: nothing is lost, whatever conditions the bins, and damage is said with its place.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

mod common;

use common::Random;
use common::arithmetic::{Model, file, scan};
use common::build::File;
use common::laws::{self, refuse};
use common::picture::{Content, Picture};
use common::samples::{self, grey};
use common::script::{self, Scan, Sharing, known};
use common::tools;
use cosimg::jpeg::{Coding, CoefficientImage, Encoder, Image, PixelFormat, Subsampling, Transcoder, inspect};
use cosimg::{ErrorKind, Limits};

const YUV420: [(usize, usize); 3] = [(2, 2), (1, 1), (1, 1)];

/// Goes through tables, conditioning and restarts by number.
fn model(random: &mut Random) -> Model {
    let slots = [[(0, 0), (1, 1), (1, 1), (0, 0)], [(0, 0); 4], [(3, 2), (1, 0), (2, 3), (0, 1)]][random.below(3)];
    let bounds = [(0, 1), (0, 0), (1, 1), (2, 5), (15, 15), (0, 15), (3, 3)];
    let dc = std::array::from_fn(|_| bounds[random.below(bounds.len())]);
    let ac = std::array::from_fn(|_| [5, 1, 63, 20][random.below(4)]);
    Model { slots, dc, ac, zeros: random.chance(60) }
}

/// As libjpeg reads it: in silence, and the same as the result.
fn before_a_judge(name: &str, source: &[u8], picture: &Picture, results: &[Vec<u8>; 2]) {
    if tools::have_jpegtran() {
        let form = |bytes: &[u8]| tools::normal_form(bytes, picture.components.len());
        let wanted = form(source).unwrap_or_else(|e| panic!("{name}: the test's own file: {e}"));
        assert!(
            results.iter().all(|result| form(result) == Ok(wanted.clone())),
            "{name}: libjpeg reads another picture"
        );
    }
}

#[test]
fn files_of_every_kind() {
    for number in 0..240 {
        let mut random = Random::new(number as u64);
        let sampling = [&YUV420[..], &[(1, 1)], &[(1, 1); 3], &[(2, 1), (1, 2)], &[(1, 1); 4]][number % 5];
        let content = [Content::USUAL, Content::SPARSE, Content::FULL, Content::USUAL][number % 4];
        let (width, height) = (1 + random.below(60), 1 + random.below(60));
        let mut picture = Picture::new(width, height, sampling).filled(number as u64, content);
        if number % 7 == 0 {
            picture.precision = 12;
            picture = picture.filled(number as u64, Content::DEEP);
        }
        let sharing = [Sharing::Most, Sharing::None, Sharing::Some][number / 2 % 3];
        let (sof, scans) = if number % 2 == 0 {
            (0xC9, script::sequential(&picture, sharing, &mut random))
        } else {
            (0xCA, script::odd(&picture, sharing, [1, 3, 13][random.below(3)], number % 4 == 1, &mut random))
        };
        let model = model(&mut random);
        let restart = if random.chance(100) { 1 + random.below(9) } else { 0 };
        let source = file(&picture, sof, &scans, &model, restart).bytes;
        let expected = if sof == 0xCA { known(&picture, &scans) } else { picture };
        let name =
            format!("{number}: SOF{}, {width}x{height} of {sampling:?}, {model:?}, restarts {restart}", sof & 15);
        let results = laws::hold_for(&name, &source, &expected);
        // libjpeg warns of zeros that it does not come to read, and has no 12 bits a sample.
        if !model.zeros && expected.precision == 8 {
            before_a_judge(&name, &source, &expected, &results);
        }
    }
}

#[test]
fn files_without_conditioning_mean_the_usual_one() {
    let picture = samples::picture();
    let all = Scan::sequential(&[0, 1, 2]);
    let source = scan(File::of(&picture, 0xC9), &picture, &all, &Model::default(), 0).end().bytes;
    let results = laws::hold_for("no DAC", &source, &picture);
    before_a_judge("no DAC", &source, &picture, &results);
}

#[test]
fn conditioning_and_intervals_that_change_between_scans() {
    let picture = Picture::new(61, 53, &YUV420).filled(5, Content::USUAL);
    let (mut source, mut random) = (File::of(&picture, 0xCA), Random::new(9));
    for (one, restart) in samples::progressive_script().iter().zip([3, 1, 0, 65535, 7, 0]) {
        let model = Model { slots: [(0, 0); 4], zeros: false, ..model(&mut random) };
        source = scan(source.segment(0xCC, &model.segment()).restart(restart), &picture, one, &model, restart);
    }
    let source = source.end().bytes;
    let results = laws::hold_for("changing", &source, &picture);
    before_a_judge("changing", &source, &picture, &results);
}

#[test]
fn a_picture_of_nothing_has_no_bytes() {
    // Decisions that all are the more probable ones leave a code of zeros, which is left out.
    let picture = Picture::new(800, 800, &[(1, 1)]);
    for (sof, scans) in [(0xC9, vec![Scan::sequential(&[0])]), (0xCA, vec![Scan::dc(&[0], 0, 0)])] {
        let source = file(&picture, sof, &scans, &Model::default(), 0).bytes;
        assert!(source.len() < 150, "{} bytes", source.len());
        laws::hold_for("nothing", &source, &picture);
    }
}

#[test]
fn what_jpegtran_writes() {
    if !tools::have_jpegtran() {
        return;
    }
    let (width, height) = (149, 83);
    let mut random = Random::new(3);
    let pixels: Vec<u8> = (0..width * height * 3)
        .map(|i| (i / 3 % width + i / 3 / width * (1 + i % 3)) as u8 ^ random.below(32) as u8)
        .collect();
    let rgb = Image::new(&pixels, width as u32, height as u32, PixelFormat::Rgb8).unwrap();
    let grey = Image::new(&pixels[..width * height], width as u32, height as u32, PixelFormat::Gray8).unwrap();
    for (image, subsampling) in [(&rgb, Subsampling::S420), (&rgb, Subsampling::S444), (&grey, Subsampling::S444)] {
        for quality in [30, 95] {
            let encoder = Encoder::default().quality(quality).unwrap().subsampling(subsampling);
            let source = encoder.coding(Coding::Baseline).encode(image).unwrap();
            let expected = CoefficientImage::read(&source, &Limits::default()).unwrap();
            for (sof, progressive) in [(9, &[][..]), (10, &["-progressive"])] {
                for restart in [&[][..], &["-restart", "1"], &["-restart", "3B"]] {
                    let arguments = [&["-copy", "all", "-arithmetic"], progressive, restart].concat();
                    let arithmetic = tools::jpegtran(&arguments, &source).unwrap();
                    let said = inspect(&arithmetic, &Limits::default()).unwrap();
                    assert_eq!((said.sof, said.restart_interval > 0), (sof, !restart.is_empty()));
                    let read = CoefficientImage::read(&arithmetic, &Limits::default());
                    assert!(read.unwrap() == expected, "{arguments:?} of {subsampling:?} at {quality}");
                    let back = Transcoder::new().coding(Coding::Baseline).run(&arithmetic).unwrap();
                    let direct = Transcoder::new().coding(Coding::Baseline).run(&source).unwrap();
                    assert!(back == direct, "{arguments:?} of {subsampling:?} at {quality}");
                }
            }
        }
    }
}

#[test]
fn conditioning_that_is_wrong() {
    let (picture, one) = grey();
    for (payload, words) in
        [(&[0x00][..], "too short"), (&[0x20, 5], "class"), (&[0x00, 0x12], "order"), (&[0x10, 5, 0], "too short")]
    {
        let source = File::of(&picture, 0xC9).segment(0xCC, payload);
        let source = scan(source, &picture, &one, &Model::default(), 0).end();
        let error = refuse(&source.bytes);
        assert_eq!((error.kind(), error.field()), (ErrorKind::Input, Some("DAC")), "{error}");
        let at = source.offset(0xCC, 0);
        assert!(error.message().contains(words) && error.offset().is_some_and(|o| o > at && o <= at + 8), "{error}");
    }
}

#[test]
fn data_that_is_wrong_is_said_with_its_place() {
    let picture = Picture::new(160, 160, &[(1, 1)]).filled(1, Content::FULL);
    let one = Scan::sequential(&[0]);
    let source = file(&picture, 0xC9, std::slice::from_ref(&one), &Model::default(), 0);
    let from = source.offset(0xDA, 0) + 10;
    // Data behind the last block, and a code of ones, which soon leaves a block or a type.
    let mut long = scan(File::of(&picture, 0xC9), &picture, &one, &Model::default(), 0);
    let ends = long.bytes.len() as u64;
    long = long.raw(&[0x55; 64]).end();
    let error = refuse(&long.bytes);
    assert!(error.message().contains("left over"), "{error}");
    assert!(error.offset().is_some_and(|at| at.abs_diff(ends) <= 2), "{error}, {ends}");
    let header = source.bytes[source.offset(0xDA, 0) as usize + 4..from as usize].to_vec();
    for byte in [0x00_u8, 0x55, 0xAA, 0xFE] {
        let wrong = File::of(&picture, 0xC9).scan_of(&header, &[byte; 4000]).end();
        let error = refuse(&wrong.bytes);
        let start = wrong.offset(0xDA, 0) + 10;
        assert_eq!(error.kind(), ErrorKind::Input);
        assert!(error.offset().is_some_and(|at| (start..start + 4000).contains(&at)), "{byte:02X}: {error}");
    }
}

#[test]
fn damage_at_every_byte() {
    let picture = samples::picture();
    let model = Model { slots: [(0, 0); 4], ..Model::default() };
    let sequential = [0, 1, 2].map(|c| Scan::sequential(&[c]));
    for source in
        [file(&picture, 0xC9, &sequential, &model, 2), file(&picture, 0xCA, &samples::progressive_script(), &model, 0)]
    {
        laws::hold_for("before the damage", &source.bytes, &picture);
        for at in 0..source.bytes.len() {
            let error = refuse(&source.bytes[..at]);
            assert_eq!(error.kind(), ErrorKind::Input, "cut at {at}: {error}");
            for flip in [1, 0x80, 0xFF] {
                let mut bytes = source.bytes.clone();
                bytes[at] ^= flip;
                laws::survive(&bytes, &format!("byte {at} by {flip:02X}"));
            }
        }
    }
}
