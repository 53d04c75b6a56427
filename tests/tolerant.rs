//! The tolerant reader: what is whole is read as ever, damage costs what it lies in and no more, and all of it is said.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

mod common;

use common::arithmetic::{self, Model};
use common::build::{File, How, scan_header};
use common::decode::decode;
use common::laws;
use common::picture::{Content, Picture};
use common::samples;
use common::script::{Scan, known};
use cosimg::jpeg::{Coding, CoefficientImage, Damages, Transcoded, Transcoder};
use cosimg::{Cancel, ErrorKind, Limits};

const CODINGS: [Coding; 2] = [Coding::Progressive, Coding::Baseline];

fn tolerate(source: &[u8], coding: Coding) -> cosimg::Result<Transcoded> {
    let mut limits = Limits::default();
    limits.memory = 16 << 20;
    Transcoder::new().tolerant(true).coding(coding).limits(limits).run_and_report(source)
}

/// What a tolerant reader makes of a file, which a strict one refuses with the first damage if there is one.
#[track_caller]
fn said(source: &[u8]) -> (Picture, Damages) {
    let [first, second] = CODINGS.map(|coding| {
        let result = tolerate(source, coding).unwrap();
        let strict = Transcoder::new().coding(coding).run(source);
        assert_eq!(strict.as_ref().err(), result.damages.listed().first(), "the strict reader's error is the first");
        assert_eq!(strict.is_ok(), result.damages.is_empty());
        assert_eq!(result.damages.first_offset(), result.damages.listed().first().and_then(cosimg::Error::offset));
        assert_eq!(result.damages.listed().len() as u64, result.damages.count().min(16));
        (decode(&result.bytes).unwrap().picture, result.damages)
    });
    assert_eq!(first.0.difference(&second.0), None);
    assert_eq!(first.1.listed(), second.1.listed());
    first
}

fn sample_files(picture: &Picture) -> [File; 5] {
    let model = Model { slots: [(0, 0); 4], ..Model::default() };
    [
        samples::baseline(picture),
        samples::progressive(picture),
        samples::restarts(picture),
        arithmetic::file(picture, 0xC9, &[Scan::sequential(&[0, 1, 2])], &model, 1),
        arithmetic::file(picture, 0xCA, &samples::progressive_script(), &model, 0),
    ]
}

#[test]
fn a_whole_file_is_read_as_ever() {
    let picture = samples::picture();
    for file in sample_files(&picture) {
        let trailing = file.raw(b"more behind it").bytes;
        for coding in CODINGS {
            let result = tolerate(&trailing, coding).unwrap();
            assert!(result.damages.is_empty() && result.bytes == laws::transcode(&trailing, coding).unwrap());
        }
    }
}

/// A picture of one component in rows of eight blocks, with a restart marker after each row.
fn rows() -> (Picture, File, Vec<usize>) {
    let picture = Picture::new(64, 160, &[(1, 1)]).filled(3, Content::USUAL);
    let file = File::of(&picture, 0xC0).restart(8).scan(&picture, &Scan::sequential(&[0]), &How::default()).end();
    let markers =
        (0..file.bytes.len() - 1).filter(|&i| file.bytes[i] == 0xFF && matches!(file.bytes[i + 1], 0xD0..=0xD7));
    let markers: Vec<usize> = markers.collect();
    assert_eq!(markers.len(), 19);
    (picture, file, markers)
}

/// The rows of a picture that are not those of another.
fn other_rows(a: &Picture, b: &Picture) -> Vec<usize> {
    let rows = a.components[0].blocks.chunks(8).zip(b.components[0].blocks.chunks(8)).enumerate();
    rows.filter(|(_, (a, b))| a != b).map(|(i, _)| i).collect()
}

#[test]
fn damage_ends_at_the_next_restart_marker() {
    let (picture, file, markers) = rows();
    for (i, pair) in markers.windows(2).enumerate() {
        let row = i + 1;
        // The data of a row is lost, or has more behind it.
        let mut bytes = file.bytes.clone();
        bytes.drain(pair[0] + 2..pair[1]);
        let (read, damages) = said(&bytes);
        assert_eq!((other_rows(&picture, &read), damages.count()), (vec![row], 1));
        assert!(read.components[0].blocks[8 * row + 1..][..7].iter().all(|block| *block == [0; 64]));
        let mut bytes = file.bytes.clone();
        bytes.splice(pair[1]..pair[1], [0x55; 20]);
        let (read, damages) = said(&bytes);
        assert_eq!((other_rows(&picture, &read), damages.count()), (vec![], 1));
        assert!(damages.first_offset().unwrap().abs_diff(pair[1] as u64) <= 2);
    }
}

#[test]
fn restart_markers_that_are_wrong_find_their_place() {
    let (picture, file, markers) = rows();
    for (i, &at) in markers.iter().enumerate() {
        let row = i + 1;
        // Lost: the row behind it is.
        let mut bytes = file.bytes.clone();
        bytes.drain(at..at + 2);
        let (read, damages) = said(&bytes);
        assert!(!damages.is_empty());
        assert!(other_rows(&picture, &read).iter().all(|&r| r == row), "{row}: {:?}", other_rows(&picture, &read));
        // Lost with its row and the next.
        if let Some(&end) = markers.get(i + 2) {
            let mut bytes = file.bytes.clone();
            bytes.drain(at..end);
            let (read, _) = said(&bytes);
            assert_eq!(other_rows(&picture, &read), [row, row + 1]);
            assert!(read.components[0].blocks[8 * row..][..16].iter().all(|block| *block == [0; 64]));
        }
        // Of a number that is far off: taken for what it should be.
        let mut bytes = file.bytes.clone();
        bytes[at + 1] = 0xD0 | (i as u8 + 4) & 7;
        let (read, damages) = said(&bytes);
        assert_eq!((read.difference(&picture), damages.count()), (None, 1));
        assert_eq!(damages.first_offset(), Some(at as u64));
        // Of the number before it: late.
        let mut bytes = file.bytes.clone();
        bytes[at + 1] = 0xD0 | (i as u8 + 7) & 7;
        let (read, _) = said(&bytes);
        assert_eq!(other_rows(&picture, &read), [row]);
    }
}

#[test]
fn a_file_that_is_cut_is_read_to_its_end() {
    let picture = Picture::new(64, 64, &[(1, 1)]).filled(8, Content::USUAL);
    let file = File::of(&picture, 0xC0).scan(&picture, &Scan::sequential(&[0]), &How::default()).end();
    let data = file.offset(0xDA, 0) as usize + 10;
    let mut last = 0;
    for cut in data..file.bytes.len() {
        let (read, damages) = said(&file.bytes[..cut]);
        let blocks = || read.components[0].blocks.iter().zip(&picture.components[0].blocks);
        let whole = blocks().take_while(|(a, b)| a == b).count();
        // A block that is cut may be whole by chance: what is missing is read as zeros.
        assert!(whole + 1 >= last, "a longer file is read as far as a shorter one");
        // After the block that is cut there is nothing.
        assert!(blocks().skip(whole + 1).all(|(a, _)| *a == [0; 64]), "cut at {cut}");
        assert!(damages.listed().last().unwrap().message().contains("ends before EOI"));
        last = whole;
    }
    assert_eq!(last, 64);
    // Before the first scan there is no picture.
    for cut in 0..data - 1 {
        let error = tolerate(&file.bytes[..cut], Coding::Progressive).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
    }
}

#[test]
fn scans_that_are_lost_leave_what_the_others_say() {
    let picture = samples::picture();
    let script = samples::progressive_script();
    let file = samples::progressive(&picture);
    // Cut before each scan.
    for n in 1..script.len() {
        let (read, damages) = said(&file.bytes[..file.offset(0xDA, n) as usize]);
        assert_eq!(read.difference(&known(&picture, &script[..n])), None);
        assert_eq!(damages.count(), 1);
    }
    // A scan of a component that there is not, of a band that there is not, and one without its table.
    for (at, value) in [(5, 9), (8, 64), (6, 0x02)] {
        let mut bytes = file.bytes.clone();
        let scan = file.offset(0xDA, 2) as usize;
        bytes[scan + at] = value;
        let (read, damages) = said(&bytes);
        let mut rest = script.clone();
        rest.remove(2);
        assert_eq!(read.difference(&known(&picture, &rest)), None);
        assert_eq!(damages.count(), 1);
        assert!((scan..scan + 10).contains(&(damages.first_offset().unwrap() as usize)));
    }
}

#[test]
fn scans_that_do_not_continue_the_ones_before_them_are_read_as_they_are() {
    let picture = Picture::new(40, 40, &[(1, 1)]).filled(2, Content::USUAL);
    let script = [Scan::dc(&[0], 0, 2), Scan::ac(0, 1, 63, 0, 0), Scan::dc(&[0], 2, 1), Scan::dc(&[0], 1, 0)];
    // Without the first refinement the second still brings its bit.
    let file = File::whole(&picture, 0xC2, &[&script[..2], &script[3..]].concat(), &How::default());
    let (read, damages) = said(&file.bytes);
    let mut expected = picture;
    expected.components[0].blocks.iter_mut().for_each(|block| block[0] &= !2);
    assert_eq!((read.difference(&expected), damages.count()), (None, 1));
    assert_eq!(damages.first_offset(), Some(file.offset(0xDA, 2)));
}

#[test]
fn junk_and_another_picture_behind_a_damaged_one() {
    let picture = samples::picture();
    let first = File::of(&picture, 0xC0).scan(&picture, &Scan::sequential(&[0, 1, 2]), &How::default());
    let junk = first.clone().segment(0xFE, b"late").raw(b"junk").end();
    let (read, damages) = said(&junk.bytes);
    assert_eq!((read.difference(&picture), damages.count()), (None, 1));
    // Damage may make any marker; the scans behind it are read.
    let script = samples::progressive_script();
    let (head, tail) = script.split_at(4);
    let scans = |file: File, scans: &[Scan]| scans.iter().fold(file, |f, scan| f.scan(&picture, scan, &How::default()));
    for code in [0xF3, 0xDE, 0x42] {
        let file = scans(File::of(&picture, 0xC2), head).segment(code, b"what was data");
        let (read, damages) = said(&scans(file.clone(), tail).end().bytes);
        assert_eq!((read.difference(&picture), damages.count()), (None, 1), "{code:02X}");
        assert_eq!(damages.first_offset(), Some(file.offset(code, 0)));
    }
    let second = samples::progressive(&Picture::new(8, 8, &[(1, 1); 3]));
    let (read, damages) = said(&first.raw(&second.bytes).bytes);
    assert_eq!((read.difference(&picture), damages.count()), (None, 1));
    assert!(damages.listed()[0].message().contains("second image"));
}

#[test]
fn what_is_no_damage_is_still_refused() {
    let picture = samples::picture();
    let file = samples::progressive(&picture);
    let refuse = |source: &[u8], limits: &Limits| {
        let error = Transcoder::new().tolerant(true).limits(limits.clone()).run(source).unwrap_err();
        assert_eq!(CoefficientImage::read_tolerant(source, limits).unwrap_err(), error);
        error
    };
    let mut limits = Limits::default();
    limits.scans = 5;
    assert_eq!(refuse(&file.bytes, &limits).field(), Some("scans"));
    limits = Limits::default();
    limits.block_visits = 20;
    assert_eq!(refuse(&file.bytes, &limits).field(), Some("block_visits"));
    let lossless = File::of(&picture, 0xC3).scan(&picture, &Scan::sequential(&[0]), &How::default()).end();
    assert_eq!(refuse(&lossless.bytes, &Limits::default()).kind(), ErrorKind::Unsupported);
    let empty = File::of(&picture, 0xC0).end();
    assert_eq!(refuse(&empty.bytes, &Limits::default()).message(), "the file has no scan");
    let headers = File::of(&picture, 0xC2).scan_of(&scan_header(&[9], &[(0, 0); 4], &Scan::dc(&[0], 0, 0)), &[0; 9]);
    assert_eq!(refuse(&headers.end().bytes, &Limits::default()).kind(), ErrorKind::Input);
    let cancel = Cancel::new();
    cancel.trigger();
    let error = Transcoder::new().tolerant(true).cancel(cancel).run(&file.bytes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[test]
fn restart_markers_by_the_million_cost_no_more_than_their_bytes() {
    let picture = Picture::new(64, 160, &[(1, 1)]);
    let one = Scan::sequential(&[0]);
    let file = File::of(&picture, 0xC0).restart(1).scan(&picture, &one, &How::default());
    let tables = file.bytes[..file.offset(0xDA, 0) as usize].to_vec();
    for marker in [&[0xFF, 0xD0][..], &[0xFF, 0xD3, 7], &[0xFF, 0xFF, 0xD7]] {
        let file =
            File::new().raw(&tables[2..]).scan_of(&scan_header(&[1], &[(0, 0); 4], &one), &marker.repeat(1_000_000));
        let result = tolerate(&file.end().bytes, Coding::Progressive).unwrap();
        assert!(!result.damages.is_empty() && result.damages.listed().len() <= 16);
        assert!(result.damages.count() < 1000);
    }
}

#[test]
fn damage_at_every_byte() {
    let picture = samples::picture();
    for file in sample_files(&picture) {
        for at in 0..file.bytes.len() {
            for flip in [1, 0x80, 0xFF] {
                let mut bytes = file.bytes.clone();
                bytes[at] ^= flip;
                let Ok(result) = tolerate(&bytes, Coding::Baseline) else { continue };
                let written = CoefficientImage::read(&result.bytes, &Limits::default()).unwrap();
                let (read, damages) = CoefficientImage::read_tolerant(&bytes, &Limits::default()).unwrap();
                assert!(written == read, "byte {at} by {flip:02X}: with loss");
                assert_eq!(damages.listed(), result.damages.listed());
                let strict = CoefficientImage::read(&bytes, &Limits::default());
                assert_eq!(strict.as_ref().err(), damages.listed().first(), "byte {at} by {flip:02X}");
                assert!(strict.map_or(true, |image| image == read), "byte {at} by {flip:02X}");
            }
        }
    }
}
