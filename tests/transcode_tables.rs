//! The transcoder on what tables may be, on coefficients at their limits, and before judges that look at pixels.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

mod common;

use common::Random;
use common::build::{File, How};
use common::entropy::Freedom;
use common::huffman::Style;
use common::picture::{Content, Picture};
use common::script::{self, Scan, Sharing};
use common::{laws, samples, tools};
use cosimg::ErrorKind;
use cosimg::jpeg::Coding;

const YUV420: [(usize, usize); 3] = [(2, 2), (1, 1), (1, 1)];

#[test]
fn huffman_tables_of_every_shape() {
    let picture = Picture::new(61, 53, &YUV420).filled(9, Content::USUAL);
    for style in [Style::Flat, Style::AllOnes, Style::Long, Style::Everything, Style::Typical] {
        for slots in [[(0, 0), (1, 1), (1, 1), (0, 0)], [(3, 2), (2, 1), (1, 3), (0, 0)]] {
            // The typical tables are there for slots 0 and 1 and sizes of up to 10 bits.
            if style == Style::Typical && slots[0] == (3, 2) {
                continue;
            }
            let how = How { freedom: Freedom { slots, ..Freedom::default() }, ..How::styled(style) };
            // Slots 2 and 3 are for SOF1 alone, which decoders do not hold against a file that says SOF0.
            for sof in [0xC0, 0xC1] {
                let source = File::whole(&picture, sof, &[Scan::sequential(&[0, 1, 2])], &how).bytes;
                laws::hold_styled(&format!("{style:?} tables in {slots:?}"), &source, &picture, style);
            }
            if style != Style::Typical {
                let source = File::whole(&picture, 0xC2, &samples::progressive_script(), &how).bytes;
                laws::hold_styled(&format!("{style:?} tables in {slots:?}"), &source, &picture, style);
            }
        }
    }
}

#[test]
fn a_table_of_one_symbol() {
    let picture = Picture::new(61, 53, &YUV420);
    for style in [Style::Flat, Style::AllOnes, Style::Long] {
        let source = File::whole(&picture, 0xC0, &[Scan::sequential(&[0, 1, 2])], &How::styled(style)).bytes;
        let quiet = How { freedom: Freedom { loud_padding: false, ..Freedom::default() }, ..How::styled(style) };
        let quiet = File::whole(&picture, 0xC0, &[Scan::sequential(&[0, 1, 2])], &quiet).bytes;
        laws::hold_styled(&format!("{style:?} tables"), &source, &picture, style);
        laws::hold_styled(&format!("{style:?} tables of one symbol"), &quiet, &picture, style);
    }
}

#[test]
fn symbols_so_unequal_that_the_best_code_is_longer_than_16_bits() {
    // How often each symbol comes grows as Fibonacci's numbers do, which makes Huffman's tree as deep as can be.
    let mut picture = Picture::new(1200, 1200, &[(1, 1)]);
    let mut blocks = picture.components[0].blocks.iter_mut();
    let (mut block, mut k) = (blocks.next().unwrap(), 1);
    let (mut times, mut next) = (1, 1);
    for symbol in 0..24 {
        let (run, size) = (symbol % 6, symbol / 6 + 1);
        for _ in 0..times {
            if k + run > 63 {
                (block, k) = (blocks.next().unwrap(), 1);
            }
            block[k + run] = 1 << (size - 1);
            k += run + 1;
        }
        (times, next) = (next, times + next);
    }
    let source = File::whole(&picture, 0xC0, &[Scan::sequential(&[0])], &How::default()).bytes;
    laws::hold_before_a_judge("a deep tree", &source, &picture);
    let [_, baseline] = laws::hold("a deep tree", &source, &picture);
    let segments = common::decode::decode(&baseline).unwrap().segments;
    let tables = segments.iter().find(|(code, _)| *code == 0xC4).unwrap().1.clone();
    let ac = 17 + usize::from(tables[1..17].iter().sum::<u8>());
    assert!(tables[ac] == 0x10 && tables[ac + 16] > 0, "the limit did not bind: {:?}", &tables[ac..ac + 17]);
}

#[test]
fn frames_without_huffman_tables_mean_the_typical_ones() {
    let picture = Picture::new(61, 53, &YUV420).filled(4, Content::SPARSE);
    let how = How { send_tables: false, ..How::styled(Style::Typical) };
    for sharing in [Sharing::Most, Sharing::None] {
        let scans = script::sequential(&picture, sharing, &mut Random::new(0));
        let source = File::whole(&picture, 0xC0, &scans, &how).bytes;
        assert!(!source.windows(2).any(|w| w == [0xFF, 0xC4]));
        laws::hold_before_a_judge("no DHT", &source, &picture);
    }
}

#[test]
fn huffman_tables_defined_anew_or_once_for_all_scans() {
    let picture = Picture::new(61, 53, &YUV420).filled(4, Content::USUAL);
    let slots = [(0, 0); 4];
    let styles = [Style::Long, Style::Flat, Style::Everything];
    let how = |style| How { freedom: Freedom { slots, ..Freedom::default() }, ..How::styled(style) };
    let file = (0..3)
        .zip(styles)
        .fold(File::of(&picture, 0xC0), |file, (c, style)| file.scan(&picture, &Scan::sequential(&[c]), &how(style)));
    laws::hold_before_a_judge("one slot, three tables", &file.end().bytes, &picture);
    let kept = How { send_tables: false, ..how(Style::Typical) };
    let file = File::of(&picture, 0xC0).scan(&picture, &Scan::sequential(&[0]), &how(Style::Typical));
    let file = [2, 1].iter().fold(file, |file, &c| file.scan(&picture, &Scan::sequential(&[c]), &kept)).end();
    laws::hold_before_a_judge("one table, three scans", &file.bytes, &picture);
}

#[test]
fn a_huffman_table_is_wrong_where_a_scan_uses_it() {
    let (picture, scan) = samples::grey();
    // Three codes of one bit, in every class and slot; those that the scan uses come anew.
    let wrong = [&[3][..], &[0; 15], &[1, 2, 3]].concat();
    for (class_and_slot, used) in [(0x00, true), (0x10, true), (0x01, false), (0x13, false)] {
        let table = [&[class_and_slot][..], &wrong].concat();
        let file = File::of(&picture, 0xC0).segment(0xC4, &table);
        let unused = file.clone().scan(&picture, &scan, &How::default()).end();
        laws::hold_before_a_judge(&format!("a wrong table {class_and_slot:02X}"), &unused.bytes, &picture);
        if used {
            let how = How { send_tables: false, ..How::default() };
            let file = file.scan(&picture, &scan, &how).end();
            laws::wrong_at(&file, file.offset(0xC4, 0) + 4, "do not fit their lengths");
        }
    }
    // Where it stands in the place of a good one, that is gone.
    let file = File::whole(&picture, 0xC0, std::slice::from_ref(&scan), &How::default());
    let table = file.pieces.iter().find(|(code, _)| *code == 0xC4).unwrap().1.clone();
    let good = file.bytes[table.start + 4..table.end].to_vec();
    let mut file = File::of(&picture, 0xC0).segment(0xC4, &good).segment(0xC4, &[&[good[0]][..], &wrong].concat());
    file = file.scan(&picture, &scan, &How { send_tables: false, ..How::default() }).end();
    laws::wrong_at(&file, file.offset(0xC4, 1) + 4, "do not fit their lengths");
}

#[test]
fn component_ids_that_repeat_are_told_apart_by_their_order() {
    let picture = Picture::new(61, 53, &YUV420).filled(9, Content::USUAL);
    let named = |ids: [u8; 3]| {
        let mut picture = picture.clone();
        picture.components.iter_mut().zip(ids).for_each(|(component, id)| component.id = id);
        picture
    };
    let all = [0, 1, 2];
    for (ids, unique) in [([1, 1, 1], [1, 2, 3]), ([0, 1, 1], [0, 1, 2]), ([b'R', b'G', b'R'], [b'R', b'G', 1])] {
        let (source, expected) = (named(ids), named(unique));
        let mut files = vec![File::whole(&source, 0xC0, &[Scan::sequential(&all)], &How::default())];
        if ids == [0, 1, 1] {
            // Chroma together, where its scans name it as often as the frame does.
            let parts = [Scan::sequential(&[0]), Scan::sequential(&[1, 2])];
            files.push(File::whole(&source, 0xC0, &parts, &How::default()));
        }
        for file in &files {
            laws::hold_for(&format!("ids {ids:?}"), &file.bytes, &expected);
        }
        if tools::have_codec() {
            let pixels = tools::djpeg(&files[0].bytes).unwrap();
            for coding in [Coding::Progressive, Coding::Baseline] {
                let result = laws::transcode(&files[0].bytes, coding).unwrap();
                assert!(tools::djpeg(&result).unwrap() == pixels, "ids {ids:?}: djpeg shows another picture");
            }
        }
        // A scan of one of them may mean any: libjpeg takes it for the first, and loses the others.
        let scans = [Scan::dc(&all, 0, 0), Scan::ac(0, 1, 63, 0, 0), Scan::ac(2, 1, 63, 0, 0)];
        let file = File::whole(&source, 0xC2, &scans, &How::default());
        let ambiguous = if ids[0] == ids[2] { 1 } else { 2 };
        let error = laws::refuse(&file.bytes);
        assert_eq!((error.kind(), error.field()), (ErrorKind::Input, Some("SOS")), "{error}");
        assert!(error.message().contains("the frame has several"), "{error}");
        let scan = &file.pieces.iter().filter(|(code, _)| *code == 0xDA).nth(ambiguous).unwrap().1;
        assert!(scan.contains(&(error.offset().unwrap() as usize)), "{error}");
    }
    // Progressive, where every scan can be told: of chroma there is DC alone.
    let mut source = named([0, 1, 1]);
    source.components[1..].iter_mut().flat_map(|c| &mut c.blocks).for_each(|block| block[1..].fill(0));
    let scans = [Scan::dc(&all, 0, 1), Scan::ac(0, 1, 63, 0, 0), Scan::dc(&all, 1, 0)];
    let file = File::whole(&source, 0xC2, &scans, &How::default()).bytes;
    source.components[2].id = 2;
    laws::hold_for("progressive", &file, &source);
}

#[test]
fn quantisation_tables_of_both_widths() {
    for (name, quant, sof) in [
        ("small entries in 16 bits", [200; 64], 0xC0),
        ("small entries in 16 bits", [200; 64], 0xC2),
        ("entries over 255", std::array::from_fn(|k| 200 + 10 * k as u16), 0xC1),
        ("entries over 255", std::array::from_fn(|k| 200 + 10 * k as u16), 0xC2),
        ("the largest entries", [u16::MAX; 64], 0xC1),
    ] {
        let mut picture = Picture::new(33, 17, &YUV420).filled(4, Content::USUAL);
        picture.components[1].quant = quant;
        let file = picture.components.iter().fold(File::new(), |file, c| file.quant_of(1, c.slot, &c.quant));
        let scans = if sof == 0xC2 { samples::progressive_script() } else { vec![Scan::sequential(&[0, 1, 2])] };
        let file = file.frame(&picture, sof);
        let file = scans.iter().fold(file, |file, scan| file.scan(&picture, scan, &How::default())).end();
        laws::hold_before_a_judge(name, &file.bytes, &picture);
    }
}

#[test]
fn quantisation_tables_defined_anew_between_scans() {
    // One slot, sent before each scan with other entries: T.81 B.2.4.1 allows it, jpegtran does not.
    for components in 2..=4 {
        let mut picture = Picture::new(33, 17, &vec![(1, 1); components]).filled(4, Content::USUAL);
        picture.components.iter_mut().for_each(|c| c.slot = 2);
        let file = (0..components).fold(File::new().frame(&picture, 0xC0), |file, c| {
            let scan = Scan::sequential(&[c]);
            file.quant(2, &picture.components[c].quant).scan(&picture, &scan, &How::default())
        });
        laws::hold(&format!("{components} tables in one slot"), &file.end().bytes, &picture);
    }
    // Two components share a table, the third has another in the same slot: two slots are enough.
    let mut picture = Picture::new(33, 17, &[(1, 1); 3]).filled(4, Content::USUAL);
    picture.components.iter_mut().for_each(|c| c.slot = 0);
    picture.components[1].quant = picture.components[0].quant;
    let file = File::of(&picture, 0xC0).scan(&picture, &Scan::sequential(&[0, 1]), &How::default());
    let file = file.quant(0, &picture.components[2].quant).scan(&picture, &Scan::sequential(&[2]), &How::default());
    let [progressive, _] = laws::hold("two tables in one slot", &file.end().bytes, &picture);
    let sent = common::decode::decode(&progressive).unwrap().segments;
    assert_eq!(sent.iter().filter(|(code, _)| *code == 0xDB).map(|(_, payload)| payload.len()).sum::<usize>(), 130);
}

#[test]
fn a_table_that_is_sent_again_after_its_component_changes_nothing() {
    let picture = Picture::new(33, 17, &YUV420).filled(4, Content::USUAL);
    let file = samples::progressive_script()
        .iter()
        .fold(File::of(&picture, 0xC2), |file, scan| file.scan(&picture, scan, &How::default()).quant(0, &[99; 64]));
    laws::hold("DQT after the first scan", &file.end().bytes, &picture);
}

/// One component whose blocks alternate between the extremes.
fn extremes(dc: [i32; 2], ac: i32) -> Picture {
    let mut picture = Picture::new(64, 24, &[(1, 1)]);
    for (i, block) in picture.components[0].blocks.iter_mut().enumerate() {
        *block = std::array::from_fn(|k| if (i + k) % 2 == 0 { ac } else { -ac });
        block[0] = dc[i % 2];
    }
    picture
}

/// Both scans of what no other kind of scan can hold: the low bits come last.
fn deep() -> Vec<Scan> {
    let steps = (0..5).rev().flat_map(|low| [Scan::dc(&[0], low + 1, low), Scan::ac(0, 1, 63, low + 1, low)]);
    [Scan::dc(&[0], 0, 5), Scan::ac(0, 1, 63, 0, 5)].into_iter().chain(steps).collect()
}

#[test]
fn coefficients_at_the_limits_of_a_sequential_scan() {
    // Differences of 11 bits and coefficients of 10 (T.81 tables F.1 and F.2), from values that need not be centred.
    for dc in [[-1024, 1023], [1023, -1024], [0, 2047], [-2047, 0]] {
        let picture = extremes(dc, 1023);
        let source = File::whole(&picture, 0xC0, &[Scan::sequential(&[0])], &How::default()).bytes;
        laws::hold_before_a_judge(&format!("DC {dc:?}"), &source, &picture);
        laws::hold_before_a_judge(
            "the same, deep",
            &File::whole(&picture, 0xC2, &deep(), &How::default()).bytes,
            &picture,
        );
    }
}

#[test]
fn what_a_coding_cannot_hold_is_an_error_and_never_another_value() {
    // The largest that the first scans of the progressive script hold: two bits more of luma, one more of DC.
    let cases = [([0, 0], 1023, true, true), ([0, 0], 1024, true, false), ([0, 0], 4095, true, false)];
    let cases = cases.into_iter().chain([([0, 0], 4096, false, false), ([0, 0], 16383, false, false)]);
    let cases = cases.chain([([0, 2047], 1, true, true), ([0, 2048], 1, true, false), ([-1024, 1024], 1, true, false)]);
    let cases = cases.chain([([-2047, 2047], 1, true, false), ([-2048, 2048], 1, false, false)]);
    for (dc, ac, progressive, baseline) in
        cases.chain([([0, 32767], 1, false, false), ([-30000, 30000], 1, false, false)])
    {
        let picture = extremes(dc, ac);
        let name = format!("DC {dc:?}, AC {ac}");
        let source = File::whole(&picture, 0xC2, &deep(), &How::default()).bytes;
        for (coding, fits) in [(Coding::Progressive, progressive), (Coding::Baseline, baseline)] {
            match laws::transcode(&source, coding) {
                Ok(result) => {
                    let said = common::decode::decode(&result).unwrap().picture;
                    assert_eq!(said.difference(&picture), None, "{name} to {coding:?}");
                    assert!(fits, "{name} to {coding:?} is more than T.81 tables F.1 and F.2 allow");
                }
                Err(error) => {
                    assert!(!fits, "{name} to {coding:?}: {error}");
                    assert_eq!(error.kind(), ErrorKind::Input, "{name} to {coding:?}: {error}");
                    assert!(error.message().contains("too large"), "{error}");
                }
            }
        }
    }
}

#[test]
fn twelve_bits_a_sample_have_limits_of_their_own() {
    let least = [([-16384, 16383], 16383, true, true), ([0, 0], 16384, true, false), ([0, 0], -16384, true, false)];
    let most = [([0, 32767], 1, true, true), ([-16384, 16384], 1, true, false), ([-32736, 32767], 1, true, false)];
    for (dc, ac, progressive, baseline) in least.into_iter().chain(most).chain([([0, 0], 32767, true, false)]) {
        let mut picture = extremes(dc, ac);
        picture.precision = 12;
        let source = File::whole(&picture, 0xC2, &deep(), &How::default()).bytes;
        for (coding, fits) in [(Coding::Progressive, progressive), (Coding::Baseline, baseline)] {
            let result = laws::transcode(&source, coding);
            assert_eq!(result.is_ok(), fits, "DC {dc:?}, AC {ac} to {coding:?}");
            match result {
                Ok(result) => {
                    let said = common::decode::decode(&result).unwrap().picture;
                    assert_eq!(said.difference(&picture), None, "DC {dc:?}, AC {ac} to {coding:?}");
                }
                Err(error) => assert!(error.message().contains("too large"), "{error}"),
            }
        }
    }
}

#[test]
fn values_past_the_type_are_errors() {
    // Sequential differences of 15 bits that add up past 16, as only a damaged file has them.
    let picture = Picture::new(80, 8, &[(1, 1)]);
    for value in [1, -1] {
        let mut steep = picture.clone();
        for (i, block) in steep.components[0].blocks.iter_mut().enumerate() {
            block[0] = value * 10_000 * i as i32;
        }
        let source = File::whole(&steep, 0xC0, &[Scan::sequential(&[0])], &How::default()).bytes;
        let error = laws::transcode(&source, Coding::Progressive).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
        assert!(error.message().contains("out of range"), "{error}");
        assert!(error.offset().is_some_and(|at| at < source.len() as u64));
    }
    // And a first scan whose point transform takes a value past it.
    let mut large = picture;
    large.components[0].blocks[3][5] = 1 << 20;
    let scans = [Scan::dc(&[0], 0, 13), Scan::ac(0, 1, 63, 0, 13)];
    let error = laws::transcode(&File::whole(&large, 0xC2, &scans, &How::default()).bytes, Coding::Progressive);
    assert!(error.unwrap_err().message().contains("out of range"));
}

#[test]
fn pixels_stay_the_same_before_djpeg() {
    if !tools::have_codec() {
        return;
    }
    for (i, sampling) in
        [&YUV420[..], &[(1, 1); 3], &[(2, 1), (1, 1), (1, 1)], &[(1, 1)], &[(1, 1); 4]].iter().enumerate()
    {
        let picture = Picture::new(77, 51, sampling).filled(i as u64, Content::SPARSE);
        let all: Vec<usize> = (0..sampling.len()).collect();
        let source = File::whole(&picture, 0xC0, &[Scan::sequential(&all)], &How::default()).bytes;
        let pixels = |bytes: &[u8]| tools::djpeg(bytes).unwrap();
        for result in laws::hold("pixels", &source, &picture) {
            assert!(pixels(&result) == pixels(&source), "{sampling:?}");
        }
    }
}
