//! The transcoder on legal files of every kind: nothing is lost, in either coding, whatever the source's layout.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

mod common;

use common::Random;
use common::build::{File, How};
use common::entropy::{Freedom, mcu_count};
use common::huffman::Style;
use common::laws;
use common::picture::{Content, Picture};
use common::script::{self, Scan, Sharing, known};
use cosimg::jpeg::{Mode, Transcoder};

const SHARINGS: [Sharing; 3] = [Sharing::Most, Sharing::None, Sharing::Some];
const YUV420: [(usize, usize); 3] = [(2, 2), (1, 1), (1, 1)];
const YUV444: [(usize, usize); 3] = [(1, 1); 3];

/// Goes through layouts by number: process, sharing of scans, tables, restarts.
fn laid_out(picture: &Picture, number: usize) -> (Vec<u8>, Picture, Style) {
    let mut random = Random::new(number as u64);
    let sharing = SHARINGS[number % 3];
    let progressive = number % 2 == 1;
    let scans = if progressive {
        script::odd(picture, sharing, [1, 3, 13][random.below(3)], number % 4 == 1, &mut random)
    } else {
        script::sequential(picture, sharing, &mut random)
    };
    let style = [Style::Flat, Style::AllOnes, Style::Long, Style::Everything][random.below(4)];
    let slots = [[(0, 0), (1, 1), (1, 1), (0, 0)], [(0, 0), (1, 1), (2, 2), (3, 3)]][random.below(2)];
    let freedom = Freedom {
        slots,
        longest_run: [1, 2, 0x7FFF][random.below(3)],
        zeros_to_the_end: random.chance(100),
        loud_padding: random.chance(200),
        restart: 0,
    };
    let how = How { freedom, style, fill: random.below(3), send_tables: true };
    let sof = if progressive { 0xC2 } else { [0xC0, 0xC1][number / 2 % 2] };
    let mut file = File::of(picture, sof);
    if random.chance(80) {
        file = file.restart(1 + random.below(9));
    }
    let file = scans.iter().fold(file, |file, scan| file.scan(picture, scan, &how)).end();
    let expected = if progressive { known(picture, &scans) } else { picture.clone() };
    (file.bytes, expected, style)
}

/// Odd sizes, so that nothing is whole.
fn odd_side(random: &mut Random) -> usize {
    random.below(20) * 2 + 1
}

fn sampling(number: usize, components: usize) -> Vec<(usize, usize)> {
    (0..components).map(|c| number >> (4 * c) & 15).map(|n| (n % 4 + 1, n / 4 + 1)).collect()
}

fn check_sampling(components: usize, number: usize) {
    let sampling = sampling(number, components);
    let mut random = Random::new(number as u64 + 1);
    let (width, height) = (odd_side(&mut random), odd_side(&mut random));
    let picture = Picture::new(width, height, &sampling).filled(number as u64, Content::SPARSE);
    let (source, expected, style) = laid_out(&picture, number);
    let name = format!("{width}x{height} of {sampling:?}, layout {number}");
    if number.is_multiple_of(41) {
        laws::hold_styled(&name, &source, &expected, style);
    } else {
        laws::hold(&name, &source, &expected);
    }
}

#[test]
fn every_sampling_of_one_and_two_components() {
    (0..16).for_each(|number| check_sampling(1, number));
    (0..256).for_each(|number| check_sampling(2, number));
}

#[test]
fn every_sampling_of_three_components() {
    (0..4096).for_each(|number| check_sampling(3, number));
}

#[test]
fn samplings_of_four_components() {
    // One in 61, which is prime to 16: every pair of neighbours occurs.
    (0..65536).step_by(61).for_each(|number| check_sampling(4, number));
}

#[test]
fn every_odd_size() {
    for (i, width) in (1..=40).step_by(2).enumerate() {
        for (j, height) in (1..=40).step_by(2).enumerate() {
            let number = 20 * i + j;
            let sampling = [&YUV420[..], &YUV444, &[(1, 1)], &[(4, 1), (1, 2), (2, 1)]][number % 4];
            let picture = Picture::new(width, height, sampling).filled(number as u64, Content::USUAL);
            let (source, expected, _) = laid_out(&picture, number);
            laws::hold(&format!("{width}x{height} of {sampling:?}, layout {number}"), &source, &expected);
        }
    }
}

#[test]
fn an_mcu_of_ten_blocks_interleaves_and_one_of_eleven_does_not() {
    for (sampling, ten) in [([(4, 2), (1, 1), (1, 1)], true), ([(3, 3), (1, 1), (1, 1)], false)] {
        let picture = Picture::new(70, 45, &sampling).filled(3, Content::USUAL);
        let (sharing, random) = (if ten { Sharing::Most } else { Sharing::None }, &mut Random::new(0));
        let scans = script::sequential(&picture, sharing, random);
        let source = File::whole(&picture, 0xC0, &scans, &How::default()).bytes;
        laws::hold_before_a_judge(&format!("{sampling:?}"), &source, &picture);
        let [_, baseline] = laws::hold("", &source, &picture);
        let progressive = Transcoder::new().mode(Mode::Fast).run(&source).unwrap();
        let scans = |bytes: &[u8]| common::decode::decode(bytes).unwrap().scans.len();
        assert_eq!((scans(&progressive), scans(&baseline)), if ten { (9, 1) } else { (10, 3) });
    }
}

#[test]
fn odd_progressive_scripts() {
    for seed in 0..120 {
        let sampling = [&YUV420[..], &YUV444, &[(1, 1)], &[(1, 1), (2, 1)], &[(1, 1); 4]][seed % 5];
        let content = [Content::USUAL, Content::SPARSE, Content::FULL][seed % 3];
        let picture = Picture::new(45, 27, sampling).filled(seed as u64, content);
        let mut random = Random::new(seed as u64);
        let low = [13, 1, 4][seed % 3];
        let scans = script::odd(&picture, SHARINGS[seed % 3], low, seed % 2 == 0, &mut random);
        let style = [Style::Flat, Style::Long, Style::AllOnes][seed / 3 % 3];
        let longest_run = [0x7FFF, 1, 3][seed / 2 % 3];
        let freedom = Freedom { longest_run, zeros_to_the_end: seed % 7 == 0, ..Freedom::default() };
        let source = File::whole(&picture, 0xC2, &scans, &How { freedom, style, ..How::default() }).bytes;
        let (name, expected) = (format!("script {seed} of {} scans", scans.len()), known(&picture, &scans));
        laws::hold_styled(&name, &source, &expected, style);
    }
}

#[test]
fn components_and_refinements_that_never_come() {
    let picture = Picture::new(45, 27, &YUV420).filled(1, Content::USUAL);
    let whole = common::samples::progressive_script();
    for missing in 1..whole.len() {
        let mut scans = whole.clone();
        let gone = scans.remove(missing);
        if missing == 1 {
            scans.pop(); // The refinement of what is not there.
        }
        let source = File::whole(&picture, 0xC2, &scans, &How::default()).bytes;
        laws::hold_before_a_judge(&format!("without {gone:?}"), &source, &known(&picture, &scans));
    }
    let only_luma = [Scan::dc(&[0], 0, 0), Scan::ac(0, 5, 40, 0, 2)];
    let source = File::whole(&picture, 0xC2, &only_luma, &How::default()).bytes;
    laws::hold_before_a_judge("luma alone", &source, &known(&picture, &only_luma));
}

#[test]
fn restart_intervals() {
    let picture = Picture::new(61, 53, &YUV420).filled(5, Content::SPARSE);
    let scripts = [
        (0xC0, vec![Scan::sequential(&[0, 1, 2])]),
        (0xC0, vec![Scan::sequential(&[0]), Scan::sequential(&[2]), Scan::sequential(&[1])]),
        (0xC2, common::samples::progressive_script()),
    ];
    for (sof, scans) in &scripts {
        let row = picture.mcus().0;
        for interval in [1, 2, row, row + 1, mcu_count(&picture, &scans[0].components), 1000, 65535] {
            for fill in [0, 1, 300] {
                let how = How { fill, ..How::default() };
                let file = File::of(&picture, *sof).restart(interval);
                let source = scans.iter().fold(file, |file, scan| file.scan(&picture, scan, &how)).end().bytes;
                let name = format!("SOF{:X}, interval {interval}, {fill} fill bytes", sof & 15);
                laws::hold(&name, &source, &picture);
            }
        }
        let intervals = [3, 1, 0, 65535, 7, 0];
        let file = scans.iter().zip(intervals).fold(File::of(&picture, *sof), |file, (scan, interval)| {
            file.restart(interval).scan(&picture, scan, &How::default())
        });
        laws::hold_before_a_judge("intervals that change from scan to scan", &file.end().bytes, &picture);
    }
}

#[test]
fn more_restart_markers_than_the_eight_names() {
    let picture = Picture::new(300, 9, &[(1, 1)]).filled(5, Content::USUAL);
    let file = File::of(&picture, 0xC0).restart(1).scan(&picture, &Scan::sequential(&[0]), &How::default());
    assert!(mcu_count(&picture, &[0]) > 64);
    laws::hold_before_a_judge("76 intervals", &file.end().bytes, &picture);
}

#[test]
fn runs_of_empty_blocks_are_cut_by_restarts() {
    // Blocks 0 and 30 have something; the run between them is said in pieces of the interval.
    let mut picture = Picture::new(8 * 40, 8, &[(1, 1)]);
    picture.components[0].blocks[0][9] = 6;
    picture.components[0].blocks[30][9] = -5;
    let scans = [Scan::dc(&[0], 0, 0), Scan::ac(0, 1, 63, 0, 1), Scan::ac(0, 1, 63, 1, 0)];
    let file = File::of(&picture, 0xC2).restart(7);
    let source = scans.iter().fold(file, |file, scan| file.scan(&picture, scan, &How::default())).end().bytes;
    laws::hold_before_a_judge("runs cut by restarts", &source, &picture);
}

#[test]
fn runs_of_more_empty_blocks_than_one_symbol_says() {
    // 5 x 8,100 blocks; at most 32,767 in a run.
    let mut picture = Picture::new(40, 64_800, &[(1, 1)]);
    let n = picture.components[0].blocks.len();
    assert!(n > 0x7FFF + 0x1000);
    for (filled, run) in
        [(&[][..], 0x7FFF), (&[1, 0x7FFF + 2, n - 1], 0x7FFF), (&[0x8000], 0x7FFE), (&[0, n / 2], 5000)]
    {
        for &block in filled {
            (picture.components[0].blocks[block][3], picture.components[0].blocks[block][40]) = (5, -2);
        }
        let scans = [Scan::dc(&[0], 0, 0), Scan::ac(0, 1, 63, 0, 1), Scan::ac(0, 1, 63, 1, 0)];
        let how = How { freedom: Freedom { longest_run: run, ..Freedom::default() }, ..How::default() };
        let source = File::whole(&picture, 0xC2, &scans, &how).bytes;
        laws::hold_before_a_judge(&format!("{} blocks, runs of {run}", n), &source, &picture);
    }
}

#[test]
fn runs_with_more_correction_bits_than_a_byte_counts() {
    // Every coefficient is known after the first scan, so a run of blocks carries 63 correction bits a block, until a
    // new coefficient ends it.
    let mut picture = Picture::new(200, 200, &[(1, 1)]).filled(2, Content::FULL);
    for (i, block) in picture.components[0].blocks.iter_mut().enumerate() {
        for value in &mut block[1..] {
            *value = value.signum() * (value.abs() | 2) + 2 * i32::from(*value == 0);
        }
        if i % 90 == 89 {
            block[63] = -1;
        }
    }
    let scans = [Scan::dc(&[0], 0, 0), Scan::ac(0, 1, 63, 0, 1), Scan::ac(0, 1, 63, 1, 0)];
    let source = File::whole(&picture, 0xC2, &scans, &How::default()).bytes;
    laws::hold_before_a_judge("correction bits", &source, &picture);
}

#[test]
fn zeros_said_to_the_end_of_the_band() {
    let mut picture = Picture::new(64, 64, &[(1, 1)]);
    for (i, block) in picture.components[0].blocks.iter_mut().enumerate() {
        // The last 0, 15, 16, 17, 32, 47, 48, 62 or all coefficients are zero.
        let last = 63 - [0, 15, 16, 17, 32, 47, 48, 62][i % 8];
        if i % 9 > 0 {
            block[last] = if i % 2 == 0 { 3 } else { -6 };
        }
        block[1] = [0, 1, 4][i % 3];
    }
    let bands =
        |high, low| [(1, 16), (17, 32), (33, 63)].map(|(start, end)| Scan::ac(0, start, end, high, low)).to_vec();
    let progressive = [vec![Scan::dc(&[0], 0, 0)], bands(0, 1), bands(1, 0)].concat();
    for (sof, scans) in [(0xC0, vec![Scan::sequential(&[0])]), (0xC2, progressive)] {
        let how = How { freedom: Freedom { zeros_to_the_end: true, ..Freedom::default() }, ..How::default() };
        laws::hold_before_a_judge("ZRL to the end", &File::whole(&picture, sof, &scans, &how).bytes, &picture);
    }
}

#[test]
fn twelve_bits_a_sample() {
    for seed in 0..60 {
        let sampling = [&YUV420[..], &YUV444, &[(1, 1)], &[(1, 1), (2, 1)], &[(1, 1); 4]][seed % 5];
        let content = [Content::DEEP, Content::SPARSE, Content { density: 256, busy: 256, ..Content::DEEP }][seed % 3];
        let mut picture = Picture::new(45, 27, sampling).filled(seed as u64, content);
        picture.precision = 12;
        let mut random = Random::new(seed as u64);
        let (sof, scans) = if seed % 2 == 0 {
            (0xC1, script::sequential(&picture, SHARINGS[seed % 3], &mut random))
        } else {
            (0xC2, script::odd(&picture, SHARINGS[seed % 3], [13, 1, 4][seed % 3], true, &mut random))
        };
        let style = [Style::Flat, Style::Long, Style::AllOnes][seed / 3 % 3];
        let how = How { fill: seed % 2, ..How::styled(style) };
        let file = File::of(&picture, sof).restart([0, 1, 5][seed / 2 % 3]);
        let file = scans.iter().fold(file, |file, scan| file.scan(&picture, scan, &how)).end();
        laws::hold(&format!("SOF{}, {seed}", sof & 15), &file.bytes, &picture);
    }
}

#[test]
fn heights_told_after_the_first_scan() {
    for (sof, scans) in [
        (0xC0, vec![Scan::sequential(&[0, 1, 2])]),
        (0xC1, vec![Scan::sequential(&[2]), Scan::sequential(&[0, 1])]),
        (0xC2, common::samples::progressive_script()),
        (0xC9, vec![Scan::sequential(&[0, 1, 2])]),
        (0xCA, common::samples::progressive_script()),
    ] {
        for height in [1, 23, 48, 611] {
            let picture = Picture::new(41, height, &YUV420).filled(7, Content::SPARSE);
            let lines = (height as u16).to_be_bytes();
            let model = common::arithmetic::Model::default();
            let mut file = File::new().quant_tables(&picture).frame_of(&picture, sof, 8, 0).restart(3);
            for (i, scan) in scans.iter().enumerate() {
                file = match sof {
                    0xC9.. => common::arithmetic::scan(file, &picture, scan, &model, 3),
                    _ => file.scan(&picture, scan, &How::default()),
                };
                // Once is enough; where it is repeated it says nothing new.
                if i % 2 == 0 {
                    file = file.segment(0xDC, &lines);
                }
            }
            laws::hold_for(&format!("SOF{}, {height} lines", sof & 15), &file.end().bytes, &picture);
        }
    }
    // Where the frame header tells the height DNL is not asked, as by other readers.
    let (picture, scan) = common::samples::grey();
    for lines in [20_u16, 8] {
        let file = File::of(&picture, 0xC0).scan(&picture, &scan, &How::default());
        laws::hold_for("two heights", &file.segment(0xDC, &lines.to_be_bytes()).end().bytes, &picture);
    }
}

#[test]
fn junk_that_belongs_nowhere_is_passed_over() {
    let picture = common::samples::picture();
    let fill = [0xFF; 300];
    let source = File::new()
        .raw(&fill)
        .quant_tables(&picture)
        .raw(&fill[..1])
        .frame(&picture, 0xC0)
        .raw(&fill)
        .restart(3)
        .raw(&fill[..2])
        .scan(&picture, &Scan::sequential(&[0]), &How { fill: 2, ..How::default() })
        .raw(&fill)
        .scan(&picture, &Scan::sequential(&[1, 2]), &How { fill: 1, ..How::default() })
        .raw(&fill[..5])
        .end();
    laws::hold_before_a_judge("fill bytes before every marker", &source.bytes, &picture);
    for junk in [&[0][..], b"between segments", &[1, 0xFF, 0, 2, 0xFF, 0xFF, 0, 0xFF]] {
        let source = File::new().raw(junk).quant_tables(&picture).raw(junk).segment(0xFE, b"kept").raw(junk);
        let source = source.frame(&picture, 0xC0).raw(junk);
        let source = source.scan(&picture, &Scan::sequential(&[0, 1, 2]), &How::default()).end();
        let [progressive, _] = laws::hold_for("junk between segments", &source.bytes, &picture);
        let said = common::decode::decode(&progressive).unwrap();
        assert_eq!(said.metadata(true), [(0xFE, b"kept".to_vec())]);
    }
    // Some encoders leave a zero or two, or restart markers, behind the last block.
    let scan = File::of(&picture, 0xC0).restart(3).scan(&picture, &Scan::sequential(&[0, 1, 2]), &How::default());
    let clean = laws::hold("", &scan.clone().end().bytes, &picture);
    for junk in [&[0, 0][..], &[0xFF, 0xD1, 0xFF, 0xD2]] {
        let source = scan.clone().raw(junk).end().bytes;
        assert!(laws::transcode(&source, cosimg::jpeg::Coding::Progressive).unwrap() == clean[0], "{junk:?}");
    }
}

/// libjpeg reads as many 0xFF as stand before a zero as one byte of data.
#[test]
fn fill_bytes_before_stuffing_change_nothing() {
    let picture = Picture::new(200, 152, &[(2, 2), (1, 1), (1, 1)]).filled(5, Content::FULL);
    for restart in [0, 7] {
        let scans = script::sequential(&picture, Sharing::Most, &mut Random::new(1));
        let file = File::of(&picture, 0xC0).restart(restart);
        let file = scans.iter().fold(file, |file, scan| file.scan(&picture, scan, &How::default())).end();
        let (_, data) = file.pieces.iter().find(|(code, _)| *code == 0xDA).unwrap();
        let mut filled = file.bytes[..data.start + 2].to_vec();
        let mut stuffed = 0;
        for (i, &byte) in file.bytes.iter().enumerate().skip(filled.len()) {
            if byte == 0xFF && data.contains(&i) && file.bytes[i + 1] == 0 {
                filled.extend(std::iter::repeat_n(0xFF, stuffed % 4));
                stuffed += 1;
            }
            filled.push(byte);
        }
        assert!(stuffed > 20, "{stuffed}");
        let transcoder = Transcoder::new();
        assert!(transcoder.run(&filled).unwrap() == transcoder.run(&file.bytes).unwrap(), "{restart}");
    }
}
