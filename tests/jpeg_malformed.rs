//! Files that are wrong in one way, or out of scope: each is refused with its kind of error and its place.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

mod common;

use common::arithmetic::{self, Model};
use common::build::{Bits, File, How, scan_header};
use common::laws::{self, refuse, wrong_at};
use common::picture::Picture;
use common::samples::{self, grey};
use common::script::Scan;
use cosimg::jpeg::{Coding, CoefficientImage};
use cosimg::{ErrorKind, Limits};

/// `Input` about this segment, somewhere in the nth piece of this code.
#[track_caller]
fn wrong_in(file: &File, code: u8, nth: usize, field: &str, words: &str) {
    let error = refuse(&file.bytes);
    assert_eq!((error.kind(), error.field()), (ErrorKind::Input, Some(field)), "{error}");
    assert!(error.message().contains(words), "{error}");
    let range = &file.pieces.iter().filter(|(c, _)| *c == code).nth(nth).unwrap().1;
    assert!(
        error.offset().is_some_and(|at| (range.start as u64..=range.end as u64).contains(&at)),
        "{error}, {range:?}"
    );
}

#[test]
fn what_is_no_jpeg() {
    for bytes in [&b""[..], b"\xFF", b"\xFF\xD9", b"\x89PNG\r\n\x1A\n", b"\0\xFF\xD8\xFF\xD9"] {
        let error = refuse(bytes);
        assert_eq!((error.kind(), error.offset()), (ErrorKind::Input, Some(0)), "{error}");
    }
    wrong_at(&File::new().end(), 4, "no frame");
    let (picture, _) = grey();
    let error = refuse(&File::of(&picture, 0xC0).end().bytes);
    assert_eq!((error.kind(), error.message()), (ErrorKind::Input, "the file has no scan"));
}

#[test]
fn processes_that_are_not_read_are_named() {
    let (picture, scan) = grey();
    let cases: [(u8, &str); 14] = [
        (0xC3, "lossless"),
        (0xC5, "hierarchical"),
        (0xC6, "hierarchical"),
        (0xC7, "hierarchical"),
        (0xC8, "JPG"),
        (0xCB, "arithmetic"),
        (0xCD, "hierarchical"),
        (0xCE, "hierarchical"),
        (0xCF, "hierarchical"),
        (0xDE, "hierarchical"),
        (0xF0, "extension JPG0"),
        (0xF3, "extension JPG3"),
        (0xF7, "JPEG-LS"),
        (0xFD, "extension JPG13"),
    ];
    for (code, words) in cases {
        let file = File::of(&picture, code).scan(&picture, &scan, &How::default()).end();
        let error = refuse(&file.bytes);
        assert_eq!((error.kind(), error.offset()), (ErrorKind::Unsupported, Some(file.offset(code, 0))), "{error}");
        assert!(error.message().contains(words), "{error}");
    }
    for (sof, precision) in [(0xC0, 7), (0xC1, 16), (0xC2, 10), (0xC9, 9), (0xCA, 0)] {
        let file = File::new().quant_tables(&picture).frame_of(&picture, sof, precision, 20);
        let file = file.scan(&picture, &scan, &How::default()).end();
        let error = refuse(&file.bytes);
        assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some("SOF")), "{error}");
        assert_eq!(error.offset(), Some(file.offset(sof, 0)));
        assert!(error.message().contains(&format!("{precision} bits")), "{error}");
    }
    let mut five = Picture::new(20, 20, &[(1, 1); 5]);
    five.components[4].slot = 0;
    let error = refuse(&File::new().frame(&five, 0xC0).end().bytes);
    assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some("SOF")), "{error}");
}

#[test]
fn a_height_told_later_that_is_wrong() {
    let (picture, scan) = grey();
    let open = || File::new().quant_tables(&picture).frame_of(&picture, 0xC0, 8, 0);
    let late = |lines: u16| open().scan(&picture, &scan, &How::default()).segment(0xDC, &lines.to_be_bytes()).end();
    // Three rows of blocks: 17 to 24 lines.
    for lines in [17, 20, 24] {
        let image = CoefficientImage::read(&late(lines).bytes, &Limits::default()).unwrap();
        assert_eq!(image.height(), u32::from(lines));
    }
    wrong_in(&late(0), 0xDC, 0, "DNL", "empty");
    for (lines, words) in [(16, ""), (1, ""), (25, "ends early")] {
        let file = late(lines);
        let error = refuse(&file.bytes);
        let scan = file.offset(0xDA, 0)..=file.offset(0xDC, 0);
        assert!(error.kind() == ErrorKind::Input && error.message().contains(words), "{lines}: {error}");
        assert!(error.offset().is_some_and(|at| scan.contains(&at)), "{lines}: {error}");
    }
    let short = open().scan(&picture, &scan, &How::default()).segment(0xDC, &[20]).end();
    wrong_in(&short, 0xDC, 0, "DNL", "too short");
    let long = open().scan(&picture, &scan, &How::default()).segment(0xDC, &[0, 20, 0]).end();
    wrong_in(&long, 0xDC, 0, "DNL", "longer");
    // Nowhere, and not right after the first scan.
    let nowhere = open().scan(&picture, &scan, &How::default()).end();
    wrong_at(&nowhere, nowhere.offset(0xD9, 0), "tells the height");
    let late = open().scan(&picture, &scan, &How::default()).segment(0xFE, b"").segment(0xDC, &[0, 20]).end();
    wrong_at(&late, late.offset(0xFE, 0), "tells the height");
    let cut = open().scan(&picture, &scan, &How::default());
    wrong_at(&cut, cut.bytes.len() as u64, "ends before EOI");
    wrong_at(&open().end(), open().end().bytes.len() as u64, "ends before EOI");
    // What it tells is bounded before it is believed.
    let mut limits = Limits::default();
    limits.side = 1000;
    let claim = open().scan_of(&scan_header(&[1], &[(0, 0); 4], &scan), &[]).segment(0xDC, &[0xFF, 0xFF]).end();
    let error = laws::refuse_within(&claim.bytes, &limits);
    assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("side")), "{error}");
}

#[test]
fn frames_that_contradict_themselves() {
    let (picture, scan) = grey();
    let with = |change: fn(&mut Picture)| {
        let mut picture = Picture::new(20, 20, &[(1, 1); 3]);
        change(&mut picture);
        File::new().frame(&picture, 0xC0).end()
    };
    wrong_in(&with(|p| p.width = 0), 0xC0, 0, "SOF", "empty");
    wrong_in(&with(|p| p.components[1].horizontal = 0), 0xC0, 0, "SOF", "sampling");
    wrong_in(&with(|p| p.components[1].vertical = 5), 0xC0, 0, "SOF", "sampling");
    wrong_in(&with(|p| p.components[0].slot = 4), 0xC0, 0, "SOF0", "quantisation table");
    let file = File::of(&picture, 0xC0).scan(&picture, &scan, &How::default());
    let two = file.clone().frame(&picture, 0xC0).end();
    wrong_at(&two, two.offset(0xC0, 1), "second frame");
    let two = File::of(&picture, 0xC0).frame(&picture, 0xC2).end();
    wrong_at(&two, two.offset(0xC2, 0), "second frame");
    let nested = file.piece(0xD8, &[0xFF, 0xD8]).end();
    wrong_at(&nested, nested.offset(0xD8, 1), "second image");
    let none = Picture { components: Vec::new(), ..picture };
    assert_ne!(refuse(&File::new().frame(&none, 0xC0).end().bytes).kind(), ErrorKind::Internal);
}

#[test]
fn junk_after_a_scan_is_the_rest_of_a_damaged_one() {
    let (picture, scan) = grey();
    for (sof, junk) in [(0xC0, &b"junk"[..]), (0xC0, &[0xFF, 0]), (0xC9, b"junk")] {
        let file = match sof {
            0xC9 => arithmetic::scan(File::of(&picture, sof), &picture, &scan, &Model::default(), 0),
            _ => File::of(&picture, sof).scan(&picture, &scan, &How::default()),
        };
        let file = file.segment(0xE5, b"by chance");
        let at = file.bytes.len() as u64;
        wrong_at(&file.raw(junk).end(), at, "a marker was expected");
    }
}

#[test]
fn segments_that_are_too_short_or_too_long() {
    let picture = samples::picture();
    let file = samples::progressive(&picture);
    for length in [0_u16, 1] {
        let file = File::new().piece(0xFE, &[[0xFF, 0xFE], length.to_be_bytes()].concat()).end();
        wrong_at(&file, 4, "does not count itself");
    }
    // Each length of a known file, one less and one more.
    for (code, range) in file.pieces.iter().filter(|(code, _)| !matches!(code, 0xD8 | 0xD9)) {
        for by in [-1_i16, 1] {
            let mut bytes = file.bytes.clone();
            let at = range.start + 2;
            let length = u16::from_be_bytes([bytes[at], bytes[at + 1]]).wrapping_add_signed(by);
            bytes[at..at + 2].copy_from_slice(&length.to_be_bytes());
            let error = refuse(&bytes);
            assert_eq!(error.kind(), ErrorKind::Input, "{code:02X} by {by}: {error}");
            assert!(error.offset().is_some_and(|o| o >= range.start as u64), "{code:02X} by {by}: {error}");
        }
    }
    let beyond = File::new().piece(0xFE, &[0xFF, 0xFE, 0xFF, 0xFF, 1, 2, 3]);
    wrong_at(&beyond, beyond.bytes.len() as u64, "ends");
    wrong_in(&File::new().segment(0xDD, &[0]).end(), 0xDD, 0, "DRI", "too short");
    wrong_in(&File::new().segment(0xDD, &[0, 0, 0]).end(), 0xDD, 0, "DRI", "longer");
}

#[test]
fn tables_that_are_wrong() {
    let quant = |payload: &[u8]| File::new().segment(0xDB, payload).end();
    wrong_in(&quant(&[&[0x20][..], &[1; 64]].concat()), 0xDB, 0, "DQT", "precision");
    wrong_in(&quant(&[&[0x04][..], &[1; 64]].concat()), 0xDB, 0, "DQT", "slots");
    wrong_in(&quant(&[&[0x00][..], &[1; 63]].concat()), 0xDB, 0, "DQT", "too short");
    wrong_in(&quant(&[&[0x10][..], &[1; 64]].concat()), 0xDB, 0, "DQT", "too short");
    let huffman = |head: u8, counts: &[(usize, u8)], symbols: usize| {
        let mut payload = vec![0; 17 + symbols];
        payload[0] = head;
        counts.iter().for_each(|&(length, n)| payload[length] = n);
        let (picture, scan) = grey();
        let how = How { send_tables: false, ..How::default() };
        File::of(&picture, 0xC0).segment(0xC4, &payload).scan(&picture, &scan, &how).end()
    };
    wrong_in(&huffman(0x00, &[(1, 3)], 3), 0xC4, 0, "DHT", "do not fit");
    wrong_in(&huffman(0x00, &[(1, 2), (16, 1)], 3), 0xC4, 0, "DHT", "do not fit");
    wrong_in(&huffman(0x10, &[(1, 1), (2, 1), (3, 1), (4, 3)], 6), 0xC4, 0, "DHT", "do not fit");
    wrong_in(&huffman(0x10, &[(1, 255), (2, 255), (16, 255)], 765), 0xC4, 0, "DHT", "do not fit");
    wrong_in(&huffman(0x04, &[(1, 1)], 1), 0xC4, 0, "DHT", "slots");
    wrong_in(&huffman(0x20, &[(1, 1)], 1), 0xC4, 0, "DHT", "class");
    wrong_in(&huffman(0x00, &[(2, 2)], 1), 0xC4, 0, "DHT", "too short");
}

#[test]
fn tables_that_are_missing() {
    let (picture, scan) = grey();
    let file = File::new().frame(&picture, 0xC0).scan(&picture, &scan, &How::default()).end();
    let error = refuse(&file.bytes);
    assert_eq!(error.kind(), ErrorKind::Input);
    assert!(error.message().contains("no quantisation table"), "{error}");
    for (sof, slots, class) in [(0xC0, (2, 0), "DC"), (0xC0, (0, 3), "AC"), (0xC0, (9, 0), "DC"), (0xC2, (0, 0), "DC")]
    {
        let scan = if sof == 0xC2 { Scan::dc(&[0], 0, 0) } else { scan.clone() };
        let file = File::of(&picture, sof).scan_of(&scan_header(&[1], &[slots; 4], &scan), &[0; 20]).end();
        wrong_in(&file, 0xDA, 0, "SOS", &format!("{class} table"));
    }
    let ac = File::of(&picture, 0xC2).scan_of(&scan_header(&[1], &[(0, 1); 4], &Scan::ac(0, 1, 63, 0, 0)), &[0; 20]);
    wrong_in(&ac.end(), 0xDA, 0, "SOS", "AC table 1");
}

#[test]
fn scan_headers_that_are_wrong() {
    let picture = Picture::new(40, 40, &[(2, 2), (1, 1), (1, 1)]);
    let header = |sof: u8, header: &[u8]| File::of(&picture, sof).scan_of(header, &[0; 9]).end();
    let early = File::new().quant_tables(&picture).scan_of(&[1, 1, 0, 0, 63, 0], &[0; 9]).end();
    wrong_at(&early, early.offset(0xDA, 0), "before the frame");
    wrong_in(&header(0xC0, &[1, 9, 0, 0, 63, 0]), 0xDA, 0, "SOS", "no component 9");
    wrong_in(&header(0xC0, &[0, 0, 63, 0]), 0xDA, 0, "SOS", "no components");
    wrong_in(&header(0xC0, &[2, 1, 0, 1, 0, 0, 63, 0]), 0xDA, 0, "SOS", "twice or out of order");
    wrong_in(&header(0xC0, &[2, 2, 0, 1, 0, 0, 63, 0]), 0xDA, 0, "SOS", "twice or out of order");
    wrong_in(&header(0xC0, &[5, 1, 0, 2, 0, 3, 0, 1, 0, 2, 0, 0, 63, 0]), 0xDA, 0, "SOS", "more than four");
    wrong_in(&header(0xC0, &[3, 1, 0, 0, 63, 0]), 0xDA, 0, "SOS", "");
    let big = Picture::new(40, 40, &[(3, 3), (1, 1), (1, 1)]);
    let eleven = File::of(&big, 0xC0).scan_of(&[3, 1, 0, 2, 0, 3, 0, 0, 63, 0], &[0; 9]).end();
    wrong_in(&eleven, 0xDA, 0, "SOS", "more than ten blocks");
    for (band, words) in [
        ([0, 1, 0], "mixes"),
        ([0, 63, 0], "mixes"),
        ([5, 4, 0], "band"),
        ([1, 64, 0], "band"),
        ([64, 64, 0], "band"),
        ([1, 63, 14], "precision"),
        ([1, 63, 0x31], "precision"),
        ([1, 63, 0x11], "precision"),
        ([1, 63, 0xFE], "precision"),
    ] {
        wrong_in(&header(0xC2, &[&[1, 1, 0][..], &band].concat()), 0xDA, 0, "SOS", words);
    }
    wrong_in(&header(0xC2, &[2, 1, 0, 2, 0, 1, 63, 0]), 0xDA, 0, "SOS", "more than one component");
}

#[test]
fn scans_that_do_not_continue_the_ones_before_them() {
    let (picture, _) = grey();
    let scripts = [
        vec![Scan::dc(&[0], 1, 0)],
        vec![Scan::dc(&[0], 0, 1), Scan::dc(&[0], 0, 1)],
        vec![Scan::dc(&[0], 0, 3), Scan::dc(&[0], 2, 1)],
        vec![Scan::dc(&[0], 0, 0), Scan::ac(0, 1, 63, 1, 0)],
        vec![Scan::dc(&[0], 0, 0), Scan::ac(0, 1, 5, 0, 1), Scan::ac(0, 1, 6, 1, 0)],
        vec![Scan::dc(&[0], 0, 0), Scan::ac(0, 1, 63, 0, 1), Scan::ac(0, 1, 63, 1, 0), Scan::ac(0, 1, 63, 1, 0)],
        vec![Scan::dc(&[0], 0, 0), Scan::ac(0, 1, 63, 0, 2), Scan::ac(0, 63, 63, 0, 0)],
    ];
    for script in scripts {
        let file = File::whole(&picture, 0xC2, &script, &How::default());
        wrong_in(&file, 0xDA, script.len() - 1, "SOS", "does not continue");
        let before = File::whole(&picture, 0xC2, &script[..script.len() - 1], &How::default());
        assert!(script.len() == 1 || laws::transcode(&before.bytes, Coding::Progressive).is_ok());
    }
}

#[test]
fn restart_markers_that_are_wrong() {
    let picture = samples::picture();
    let file = File::of(&picture, 0xC0).restart(1).scan(&picture, &Scan::sequential(&[0, 1, 2]), &How::default()).end();
    let markers: Vec<usize> = (0..file.bytes.len() - 1)
        .filter(|&i| file.bytes[i] == 0xFF && matches!(file.bytes[i + 1], 0xD0..=0xD7))
        .collect();
    assert_eq!(markers.len(), 5);
    for (n, &at) in markers.iter().enumerate() {
        // Another number.
        for by in [1, 7] {
            let mut bytes = file.bytes.clone();
            bytes[at + 1] = 0xD0 | (n as u8 + by) & 7;
            let error = refuse(&bytes);
            assert_eq!((error.kind(), error.offset()), (ErrorKind::Input, Some(at as u64)), "{error}");
            assert!(error.message().contains("out of order"), "{error}");
        }
        // Gone, and there twice.
        let mut bytes = file.bytes.clone();
        bytes.drain(at..at + 2);
        assert_eq!(refuse(&bytes).kind(), ErrorKind::Input);
        let mut bytes = file.bytes.clone();
        bytes.splice(at..at, [0xFF, 0xD0 | n as u8]);
        let error = refuse(&bytes);
        assert!(error.kind() == ErrorKind::Input && error.offset().is_some_and(|o| o >= at as u64), "{error}");
    }
    // Not announced, and announced but not there.
    let plain = |interval: usize, bytes_like: usize| {
        let told =
            File::of(&picture, 0xC0).restart(bytes_like).scan(&picture, &Scan::sequential(&[0, 1, 2]), &How::default());
        let mut bytes = told.end().bytes;
        let dri = bytes.windows(2).position(|w| w == [0xFF, 0xDD]).unwrap();
        bytes[dri + 4..dri + 6].copy_from_slice(&(interval as u16).to_be_bytes());
        bytes
    };
    for (interval, written) in [(0, 2), (2, 0), (2, 3), (1, 2), (65535, 5)] {
        let error = refuse(&plain(interval, written));
        assert_eq!(error.kind(), ErrorKind::Input, "{interval} for {written}: {error}");
    }
}

#[test]
fn entropy_coded_data_that_is_wrong() {
    let (picture, scan) = grey();
    let file = File::of(&picture, 0xC0).scan(&picture, &scan, &How::default());
    let data_ends = file.bytes.len() as u64;
    let more = file.clone().raw(&[0x55; 64]).end();
    wrong_at(&more, data_ends, "left over");
    let mut less = file.clone();
    less.bytes.truncate(file.bytes.len() - 4);
    let ends = less.bytes.len() as u64;
    wrong_at(&less.end(), ends, "ends early");
    // Codes: 0 is DC size 0; AC 0 is EOB, 10 a run of 15 and a bit, 110 what the case says.
    let coded = |sof: u8, scan: &Scan, symbol: u8, data: &[u8]| {
        let payload = |class: u8, symbols: &[u8]| [&[class << 4, 1, 1, 1][..], &[0; 13], symbols].concat();
        let file = File::of(&picture, sof)
            .segment(0xC4, &payload(0, &[0, 1, 16]))
            .segment(0xC4, &payload(1, &[0, 0xF1, symbol]));
        file.scan_of(&scan_header(&[1], &[(0, 0); 4], scan), data).end()
    };
    let at = |file: &File, by: u64| file.offset(0xDA, 0) + 10 + by;
    let no_code = coded(0xC0, &scan, 0xF0, &[0b0111_0000, 0, 0, 0]);
    wrong_at(&no_code, at(&no_code, 0), "no code");
    let size_16 = coded(0xC0, &scan, 0xF0, &[0b1100_0000, 0, 0, 0]);
    wrong_at(&size_16, at(&size_16, 0), "no meaning");
    let eob_run = coded(0xC0, &scan, 0x30, &[0b0110_0000, 0, 0, 0]);
    wrong_at(&eob_run, at(&eob_run, 0), "no meaning");
    // Four runs of 15 and a coefficient fill 64, one more than there is.
    let run = coded(0xC0, &scan, 0xF0, &[0b0101_1011, 0b0110_1000, 0, 0]);
    wrong_at(&run, at(&run, 1), "leaves its band");
    let zeros = coded(0xC0, &scan, 0xF0, &[0b0110_1101, 0b1011_0000, 0, 0]);
    wrong_at(&zeros, at(&zeros, 1), "leaves its band");
    for (name, scans) in [
        ("first", vec![Scan::ac(0, 1, 20, 0, 1)]),
        ("refined", vec![Scan::ac(0, 1, 20, 0, 1), Scan::ac(0, 1, 20, 1, 0)]),
    ] {
        // The last scan of the script is the wrong one.
        let (last, before) = scans.split_last().unwrap();
        let empty = Picture::new(20, 20, &[(1, 1)]);
        let file = before.iter().fold(File::of(&empty, 0xC2), |file, scan| file.scan(&empty, scan, &How::default()));
        let file = file.segment(0xC4, &[&[0x10, 1, 1, 1][..], &[0; 13], &[0, 0xF1, 0x02]].concat());
        let header = scan_header(&[1], &[(0, 0); 4], last);
        let run = file.clone().scan_of(&header, &[0b1011_0100, 0, 0, 0]).end();
        let scan_at = run.offset(0xDA, before.len()) + 10;
        wrong_at(&run, scan_at, "leaves its band");
        if name == "refined" {
            wrong_at(&file.scan_of(&header, &[0b1100_0000, 0, 0, 0]).end(), scan_at, "no meaning");
        }
    }
}

#[test]
fn a_run_of_blocks_that_leaves_its_interval_or_its_scan_ends_with_it() {
    // EOB14 and all ones: 32,767 blocks where there are nine, in intervals of three. Each interval begins with a
    // coefficient, or with a new one, and then says such a run.
    let (mut picture, scans) = (Picture::new(20, 20, &[(1, 1)]), [Scan::ac(0, 1, 63, 0, 1), Scan::ac(0, 1, 63, 1, 0)]);
    let mut file = File::of(&picture, 0xC2).restart(3).scan(&picture, &Scan::dc(&[0], 0, 0), &How::default());
    for scan in &scans {
        // Codes 0 and 10: EOB14, and a coefficient of one bit after no zeros.
        file = file.segment(0xC4, &[&[0x10, 1, 1][..], &[0; 14], &[0xE0, 0x01]].concat());
        let mut bits = Bits::default();
        bits.put(0b10, 2);
        // Its sign; in the refinement also a correction of what is passed on the way to it.
        if scan.high == 0 {
            bits.put(1, 1)
        } else {
            bits.put(0b00, 2)
        };
        bits.put(0x3FFF, 15);
        bits.align();
        let data = [&bits.bytes[..], &[0xFF, 0xD0], &bits.bytes, &[0xFF, 0xD1], &bits.bytes].concat();
        file = file.scan_of(&scan_header(&[1], &[(0, 0); 4], scan), &data);
    }
    for i in [0, 3, 6] {
        (picture.components[0].blocks[i][1], picture.components[0].blocks[i][2]) = (2, -1);
    }
    let result = laws::transcode(&file.end().bytes, Coding::Progressive).unwrap();
    let said = common::decode::decode(&result).unwrap().picture;
    assert_eq!(said.difference(&picture), None);
}
