//! What `inspect` says of files whose structure is known because the test laid them out.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

mod common;

use common::arithmetic::Model;
use common::build::{File, How};
use common::entropy::Freedom;
use common::picture::{Content, Picture};
use common::script::Scan;
use common::{metadata, samples, tools};
use cosimg::jpeg::{Coding, Inspection, Mode, Transcoder, inspect};
use cosimg::{ErrorKind, Limits};

fn look(source: &[u8]) -> Inspection {
    inspect(source, &Limits::default()).unwrap()
}

fn refuse(source: &[u8]) -> cosimg::Error {
    let error = inspect(source, &Limits::default()).unwrap_err();
    assert!(error.offset().is_some_and(|at| at <= source.len() as u64), "{error}");
    error
}

/// What is said of scans and metadata is where the file has them.
fn is_where_it_is(said: &Inspection, file: &File) {
    let pieces = |wanted: fn(u8) -> bool| {
        file.pieces.iter().filter(move |(code, _)| wanted(*code)).map(|(_, r)| (r.start as u64, r.end as u64))
    };
    let scans: Vec<_> = said.scans.iter().map(|s| (s.start, s.end)).collect();
    assert_eq!(scans, pieces(|code| code == 0xDA).collect::<Vec<_>>());
    let metadata: Vec<_> = said.metadata.iter().map(|m| (m.offset, m.offset + m.bytes)).collect();
    assert_eq!(metadata, pieces(|code| matches!(code, 0xE0..=0xEF | 0xFE)).collect::<Vec<_>>());
}

#[test]
fn a_baseline_file() {
    let picture = samples::picture();
    let file = samples::baseline(&picture);
    let said = look(&file.bytes);
    assert_eq!((said.sof, said.width, said.height, said.precision), (0, 41, 23, 8));
    assert!(!said.progressive && !said.arithmetic && said.complete);
    assert_eq!((said.restart_interval, said.trailing_bytes), (0, 0));
    let components: Vec<_> =
        said.components.iter().map(|c| (c.id, c.horizontal, c.vertical, c.quantisation_table)).collect();
    assert_eq!(components, [(1, 2, 2, 0), (2, 1, 1, 1), (3, 1, 1, 2)]);
    assert_eq!(said.scans.len(), 1);
    assert_eq!(said.scans[0].components, [1, 2, 3]);
    assert_eq!((said.scans[0].spectral_start, said.scans[0].spectral_end), (0, 63));
    let metadata: Vec<_> = said.metadata.iter().map(|m| (m.marker, m.kind)).collect();
    assert_eq!(metadata, [("APP0", "JFIF"), ("COM", "comment")]);
    is_where_it_is(&said, &file);
}

#[test]
fn a_progressive_file() {
    let picture = samples::picture();
    let file = samples::progressive(&picture);
    let said = look(&file.bytes);
    assert!(said.progressive && said.complete && said.sof == 2);
    let script = samples::progressive_script();
    assert_eq!(said.scans.len(), script.len());
    for (said, scan) in said.scans.iter().zip(&script) {
        let ids: Vec<u8> = scan.components.iter().map(|&c| c as u8 + 1).collect();
        assert_eq!(said.components, ids);
        let band = (usize::from(said.spectral_start), usize::from(said.spectral_end));
        assert_eq!(band, (scan.start, scan.end));
        assert_eq!((said.approximation_high, said.approximation_low), (scan.high, scan.low));
    }
    is_where_it_is(&said, &file);
}

#[test]
fn restart_markers_belong_to_their_scan() {
    let file = samples::restarts(&samples::picture());
    let said = look(&file.bytes);
    assert_eq!((said.restart_interval, said.scans.len()), (2, 3));
    is_where_it_is(&said, &file);
    // The interval is that of the first scan.
    let picture = Picture::new(20, 20, &[(1, 1)]);
    let scan = |file: File| file.scan(&picture, &Scan::sequential(&[0]), &How::default());
    assert_eq!(look(&scan(scan(File::of(&picture, 0xC0)).restart(9)).end().bytes).restart_interval, 0);
    assert_eq!(look(&scan(scan(File::of(&picture, 0xC0).restart(4)).restart(9)).end().bytes).restart_interval, 4);
}

#[test]
fn complete_is_every_coefficient_of_every_component() {
    let picture = samples::picture();
    let whole = samples::progressive_script();
    let complete = |scans: &[Scan]| look(&File::whole(&picture, 0xC2, scans, &How::default()).bytes).complete;
    assert!(complete(&whole));
    for n in 0..whole.len() {
        assert!(!complete(&whole[..n]), "after {n} scans");
    }
    // A gap of one coefficient in one component.
    let mut gap = whole.clone();
    gap[4] = Scan::ac(1, 2, 63, 0, 0);
    assert!(!complete(&gap));
    gap.push(Scan::ac(1, 1, 1, 0, 0));
    assert!(complete(&gap));
    let sequential = |c: &[usize]| c.iter().map(|&c| Scan::sequential(&[c])).collect::<Vec<_>>();
    let complete = |c: &[usize]| look(&File::whole(&picture, 0xC0, &sequential(c), &How::default()).bytes).complete;
    assert!(complete(&[0, 1, 2]) && complete(&[1, 0, 2]));
    assert!(!complete(&[0, 1]) && !complete(&[2]));
}

#[test]
fn kinds_of_metadata() {
    let picture = samples::picture();
    let known: [(u8, &[u8], &str, &str); 16] = [
        (0xE0, samples::JFIF, "APP0", "JFIF"),
        (0xE0, b"JFXX\0\x10", "APP0", "JFXX"),
        (0xE1, b"Exif\0\0II", "APP1", "Exif"),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>", "APP1", "XMP"),
        (0xE1, b"http://ns.adobe.com/xmp/extension/\0", "APP1", "XMP extension"),
        (0xE2, b"ICC_PROFILE\0\x01\x01", "APP2", "ICC"),
        (0xE2, b"MPF\0MM", "APP2", "MPF"),
        (0xE2, b"urn:iso:std:iso:ts:21496:-1\0", "APP2", "gain map"),
        (0xEB, b"JP\0\x01", "APP11", "JUMBF"),
        (0xED, b"Photoshop 3.0\0", "APP13", "Photoshop"),
        (0xEE, b"Adobe\0\x64", "APP14", "Adobe"),
        (0xFE, b"", "COM", "comment"),
        (0xE5, b"whatever", "APP5", ""),
        (0xEF, b"", "APP15", ""),
        // The right words in the wrong marker.
        (0xE3, b"Exif\0\0", "APP3", ""),
        (0xE1, b"Exi", "APP1", ""),
    ];
    let file = known.iter().fold(File::new(), |file, (code, payload, ..)| file.segment(*code, payload));
    let file = file.quant_tables(&picture).frame(&picture, 0xC0);
    let file = file.scan(&picture, &Scan::sequential(&[0, 1, 2]), &How::default()).segment(0xFE, b"late").end();
    let said = look(&file.bytes);
    let metadata: Vec<_> = said.metadata.iter().map(|m| (m.marker, m.kind)).collect();
    let expected: Vec<_> = known.iter().map(|&(.., marker, kind)| (marker, kind)).chain([("COM", "comment")]).collect();
    assert_eq!(metadata, expected);
    is_where_it_is(&said, &file);
}

#[test]
fn tables_as_they_are_defined() {
    let picture = samples::picture();
    let file = samples::baseline(&picture);
    let said = look(&file.bytes);
    let quant: Vec<_> = said.quantisation_tables.iter().map(|t| (t.slot, t.bits, t.offset)).collect();
    let places = (0..3).map(|n| file.offset(0xDB, n));
    assert_eq!(quant, (0..).zip(places).map(|(slot, at)| (slot, 8, at)).collect::<Vec<_>>());
    let quant = &picture.components[1].quant;
    // Zigzag positions 0 to 5 are these, row by row.
    assert_eq!([0, 1, 8, 16, 9, 2].map(|i| said.quantisation_tables[1].values[i]), quant[..6]);
    let huffman: Vec<_> = said.huffman_tables.iter().map(|t| (t.class, t.slot, t.offset)).collect();
    assert_eq!(huffman.len(), file.pieces.iter().filter(|(code, _)| *code == 0xC4).count());
    assert!(huffman.contains(&("DC", 0, huffman[0].2)) && huffman.iter().any(|(class, ..)| *class == "AC"));
    assert!(said.huffman_tables.iter().all(|t| t.codes > 0 && (1..=16).contains(&t.longest)));
    // A table that says more than its segment holds is no reason to say nothing of the file.
    let cut = File::new().segment(0xDB, &[0; 9]).segment(0xC4, &[0; 9]).quant_tables(&picture).frame(&picture, 0xC0);
    assert_eq!(look(&cut.end().bytes).quantisation_tables.len(), 3);
}

#[test]
fn every_definition_of_a_segment_in_its_order() {
    let picture = samples::picture();
    let quant = |slot: u8, entry: u8| [&[slot][..], &[entry; 64]].concat();
    let huffman = |class: u8, slot: u8, codes: u8| {
        let mut counts = [0; 16];
        counts[7] = codes;
        [&[class << 4 | slot][..], &counts, &(0..codes).collect::<Vec<_>>()].concat()
    };
    let quant = [quant(2, 5), quant(0, 6), quant(0, 7), quant(1, 8), quant(2, 9)].concat();
    let tables = [huffman(0, 0, 1), huffman(0, 0, 2), huffman(1, 0, 3), huffman(0, 1, 4), huffman(1, 1, 5)];
    // A table whose codes do not fit is none; after a class that there is not, nothing is known.
    let overfull = [&[2, 3][..], &[0; 15], &[0, 1, 2]].concat();
    let faulty = [huffman(1, 3, 6), overfull, huffman(0, 3, 7), huffman(2, 0, 8), huffman(0, 2, 9)].concat();
    let file = File::new().segment(0xDB, &quant).segment(0xC4, &tables.concat()).segment(0xC4, &faulty);
    let said = look(&file.frame(&picture, 0xC0).end().bytes);
    let quant: Vec<_> = said.quantisation_tables.iter().map(|t| (t.slot, t.values[63])).collect();
    assert_eq!(quant, [(2, 5), (0, 6), (0, 7), (1, 8), (2, 9)]);
    let huffman: Vec<_> = said.huffman_tables.iter().map(|t| (t.class, t.slot, t.codes)).collect();
    let whole = [("DC", 0, 1), ("DC", 0, 2), ("AC", 0, 3), ("DC", 1, 4), ("AC", 1, 5)];
    assert_eq!(huffman, [&whole[..], &[("AC", 3, 6), ("DC", 3, 7)]].concat());
}

#[test]
fn the_quality_that_libjpeg_was_told() {
    if !tools::have_codec() {
        return;
    }
    let pnm = [&b"P6 16 16 255\n"[..], &[90; 768]].concat();
    for quality in [5, 50, 75, 92, 100] {
        let source = tools::cjpeg(&["-quality", &quality.to_string()], &pnm).unwrap();
        let said = look(&source).quality.unwrap();
        let chroma = said.chroma.unwrap();
        assert_eq!((said.luma.quality, said.luma.deviation), (quality, 0.0));
        assert_eq!((chroma.quality, chroma.deviation), (quality, 0.0));
    }
    let source = tools::cjpeg(&["-quality", "80,60"], &pnm).unwrap();
    let said = look(&source).quality.unwrap();
    assert_eq!((said.luma.quality, said.chroma.map(|c| c.quality)), (80, Some(60)));
}

#[test]
fn what_the_components_are() {
    let with = |components: usize, ids: &[u8], segments: &[(u8, &[u8])]| {
        let mut picture = Picture::new(8, 8, &vec![(1, 1); components]);
        picture.components.iter_mut().zip(ids).for_each(|(c, &id)| c.id = id);
        let file = segments.iter().fold(File::new(), |file, (code, payload)| file.segment(*code, payload));
        look(&file.quant_tables(&picture).frame(&picture, 0xC0).end().bytes)
    };
    let adobe = |transform: u8| [&b"Adobe\0\x64\0\0\0\0"[..], &[transform]].concat();
    let (rgb, jfif) = (*b"RGB", (0xE0, samples::JFIF));
    for (components, ids, segments, color) in [
        (1, &[1][..], vec![], "grey"),
        (2, &[1, 2], vec![], ""),
        (3, &[1, 2, 3], vec![], "YCbCr"),
        (3, &rgb, vec![], "RGB"),
        (3, &rgb, vec![jfif], "YCbCr"),
        (3, &[1, 2, 3], vec![(0xEE, adobe(0).as_slice())], "RGB"),
        (3, &rgb, vec![(0xEE, adobe(1).as_slice())], "YCbCr"),
        (3, &rgb, vec![jfif, (0xEE, adobe(0).as_slice())], "YCbCr"),
        (4, &[1, 2, 3, 4], vec![], "CMYK"),
        (4, &[1, 2, 3, 4], vec![(0xEE, adobe(2).as_slice())], "YCCK"),
    ] {
        let said = with(components, ids, &segments);
        assert_eq!(said.color, color, "{ids:?} {segments:?}");
    }
    let said = with(3, &rgb, &[]);
    assert_eq!((said.component_name(b'G'), said.component_name(9)), ("G".into(), "#9".into()));
    let exif = |orientation| [b"Exif\0\0", &metadata::exif(orientation, b"", b"")[..]].concat();
    let said = with(1, &[1], &[(0xE1, &exif(8)), (0xE1, &exif(3))]);
    assert_eq!(said.orientation, Some(8), "the first Exif segment counts");
    assert_eq!(with(1, &[1], &[(0xE1, &exif(9))]).orientation, None);
}

#[test]
fn json_says_the_same() {
    let segment = (0xE2, metadata::mpf(true, &[(0, 1000), (5000, 70), (9000, 80)]));
    let file = File::new().segment(segment.0, &segment.1);
    let picture = samples::picture();
    let file =
        file.quant_tables(&picture).frame(&picture, 0xC2).scan(&picture, &Scan::dc(&[0, 1, 2], 0, 1), &How::default());
    let source = [&file.end().bytes[..], b"more"].concat();
    let said = look(&source);
    let json: serde_json::Value = serde_json::from_str(&said.to_json()).unwrap();
    let number = |field: &str| json[field].as_u64().unwrap();
    assert_eq!((number("schema"), number("bytes"), number("sof")), (1, source.len() as u64, 2));
    assert_eq!((number("width"), number("height"), number("trailing_bytes")), (41, 23, 4));
    assert_eq!((json["process"].as_str(), json["color"].as_str()), (Some("progressive"), Some("YCbCr")));
    assert_eq!((&json["orientation"], &json["complete"]), (&serde_json::Value::Null, &false.into()));
    assert_eq!(json["components"][1]["name"], "Cb");
    assert_eq!(json["quantisation_tables"][0]["values"].as_array().unwrap().len(), 64);
    assert_eq!(json["huffman_tables"][0]["class"], "DC");
    let luma = &said.quality.unwrap().luma;
    assert_eq!(json["quality"]["luma"]["quality"], luma.quality);
    assert!((json["quality"]["luma"]["deviation"].as_f64().unwrap() - f64::from(luma.deviation)).abs() < 1e-4);
    assert_eq!(
        json["scans"][0],
        serde_json::json!({
            "components": [1, 2, 3], "spectral_start": 0, "spectral_end": 0, "approximation_high": 0,
            "approximation_low": 1, "start": said.scans[0].start, "end": said.scans[0].end,
        })
    );
    assert_eq!(json["metadata"][0]["kind"], "MPF");
    let images: Vec<_> =
        json["images"].as_array().unwrap().iter().map(|i| (i["kind"].as_str(), &i["present"])).collect();
    let absent = (Some("preview"), &false.into());
    assert_eq!(images, [(Some("primary"), &false.into()), absent, absent]);
    assert_eq!((said.images[1].bytes, said.images[1].offset), (70, 2 + 4 + 4 + 5000));
}

#[test]
fn a_thumbnail_is_not_taken_for_the_frame() {
    let thumbnail = samples::progressive(&Picture::new(16, 8, &[(1, 1); 3]).filled(1, Content::SPARSE));
    let payload = [b"Exif\0\0MM\0\x2A", &thumbnail.bytes[..]].concat();
    let picture = samples::picture();
    let file = File::new().segment(0xE1, &payload).segment(0xFE, &thumbnail.bytes).quant_tables(&picture);
    let file = file.frame(&picture, 0xC0).scan(&picture, &Scan::sequential(&[0, 1, 2]), &How::default()).end();
    let trailing = file.clone().raw(&thumbnail.bytes);
    for (bytes, after) in [(&file.bytes, 0), (&trailing.bytes, thumbnail.bytes.len() as u64)] {
        let said = look(bytes);
        assert_eq!((said.sof, said.width, said.height, said.scans.len()), (0, 41, 23, 1));
        assert_eq!(said.trailing_bytes, after);
        is_where_it_is(&said, &file);
    }
}

#[test]
fn fill_bytes_are_no_part_of_a_segment() {
    let picture = Picture::new(20, 20, &[(1, 1)]);
    let file = File::new().raw(&[0xFF; 9]).segment(0xFE, b"text").raw(&[0xFF; 3]).quant_tables(&picture);
    let file = file.raw(&[0xFF]).frame(&picture, 0xC0).raw(&[0xFF, 0xFF]).restart(2);
    let how = How { fill: 3, ..How::default() };
    let file = file.raw(&[0xFF; 4]).scan(&picture, &Scan::sequential(&[0]), &how).end();
    let said = look(&file.bytes);
    assert_eq!((said.width, said.metadata.len(), said.restart_interval), (20, 1, 2));
    is_where_it_is(&said, &file);
}

#[test]
fn every_process_is_named_whether_it_is_read_or_not() {
    let picture = samples::picture();
    for (sof, process, progressive, arithmetic) in [
        (0xC0, "baseline", false, false),
        (0xC1, "extended sequential", false, false),
        (0xC2, "progressive", true, false),
        (0xC3, "lossless", false, false),
        (0xC9, "extended sequential", false, true),
        (0xCA, "progressive", true, true),
        (0xCB, "lossless", false, true),
    ] {
        // Any entropy-coded data will do.
        let file = File::of(&picture, sof)
            .segment(0xCC, &Model::default().segment())
            .scan_of(&[3, 1, 0, 2, 0, 3, 0, 0, if progressive { 0 } else { 63 }, 0], &[1, 0xFF, 0, 2]);
        let file = file.end();
        let said = look(&file.bytes);
        assert_eq!((said.sof, said.process), (sof - 0xC0, process));
        assert_eq!((said.progressive, said.arithmetic), (progressive, arithmetic));
        is_where_it_is(&said, &file);
    }
    let twelve = File::new().quant_tables(&picture).frame_of(&picture, 0xC1, 12, 23);
    assert_eq!(look(&twelve.scan(&picture, &Scan::sequential(&[0, 1, 2]), &How::default()).end().bytes).precision, 12);
    let unknown = File::new().quant_tables(&picture).frame_of(&picture, 0xC0, 8, 0);
    let unknown = unknown.scan(&picture, &Scan::sequential(&[0, 1, 2]), &How::default()).segment(0xDC, &[0, 23]).end();
    assert_eq!(look(&unknown.bytes).height, 23);
    let unknown = File::new().quant_tables(&picture).frame_of(&picture, 0xC0, 8, 0);
    let unknown = unknown.scan(&picture, &Scan::sequential(&[0, 1, 2]), &How::default()).end();
    assert_eq!(look(&unknown.bytes).height, 0);
}

#[test]
fn what_is_refused_says_where() {
    let picture = samples::picture();
    let file = samples::baseline(&picture);
    assert_eq!(refuse(b"GIF89a").kind(), ErrorKind::Input);
    assert_eq!(refuse(b"").offset(), Some(0));
    let data = file.offset(0xDA, 0) as usize + 14;
    for cut in 0..data {
        let error = refuse(&file.bytes[..cut]);
        assert_eq!(error.kind(), ErrorKind::Input, "cut at {cut}: {error}");
    }
    let two = File::of(&picture, 0xC0).frame(&picture, 0xC0).end();
    assert_eq!(refuse(&two.bytes).offset(), Some(two.offset(0xC0, 1)));
    let early = File::new().quant_tables(&picture).scan(&picture, &Scan::sequential(&[0]), &How::default()).end();
    assert_eq!(refuse(&early.bytes).offset(), Some(early.offset(0xDA, 0)));
    for code in [0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF] {
        let differential =
            File::of(&picture, code).scan(&picture, &Scan::sequential(&[0, 1, 2]), &How::default()).end();
        let error = refuse(&differential.bytes);
        assert_eq!(
            (error.kind(), error.offset()),
            (ErrorKind::Unsupported, Some(differential.offset(code, 0))),
            "{error}"
        );
        assert!(error.message().contains("hierarchical"), "{error}");
    }
    let ls = File::of(&picture, 0xF7).scan(&picture, &Scan::sequential(&[0, 1, 2]), &How::default()).end();
    let error = refuse(&ls.bytes);
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.message().contains("JPEG-LS"), "{error}");
}

#[test]
fn of_a_file_that_is_cut_is_said_what_there_is() {
    let file = samples::progressive(&samples::picture());
    let whole = look(&file.bytes);
    assert!(whole.complete && !whole.cut);
    let first = whole.scans[0].start + 14;
    for cut in first..whole.bytes {
        let said = look(&file.bytes[..cut as usize]);
        assert!(said.cut && !said.complete && (said.bytes, said.trailing_bytes) == (cut, 0), "cut at {cut}");
        assert!(said.to_json().contains(r#""complete":false,"cut":true"#));
        let (last, end) = (said.scans.len() - 1, said.scans.last().unwrap().end);
        // Of a marker there may be the first byte, which could as well be data.
        assert!(end.abs_diff(whole.scans[last].end.min(cut)) <= 1 && end <= cut, "cut at {cut}");
    }
}

#[test]
fn limits_hold() {
    let file = samples::progressive(&samples::picture());
    let mut limits = Limits::default();
    limits.scans = 5;
    let error = inspect(&file.bytes, &limits).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("scans")));
    limits.scans = 6;
    assert!(inspect(&file.bytes, &limits).is_ok());
    limits.input_bytes = file.bytes.len() as u64 - 1;
    let error = inspect(&file.bytes, &limits).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("input_bytes")));
}

#[test]
fn results_are_described_as_what_they_are() {
    let picture = samples::picture();
    let how = How { freedom: Freedom { longest_run: 1, ..Freedom::default() }, ..How::default() };
    let source = File::of(&picture, 0xC1).restart(3).scan(&picture, &Scan::sequential(&[0, 1, 2]), &how).end();
    let progressive = Transcoder::new().mode(Mode::Fast).run(&source.bytes).unwrap();
    let said = look(&progressive);
    assert_eq!((said.sof, said.progressive, said.complete, said.scans.len()), (2, true, true, 9));
    assert_eq!((said.restart_interval, said.scans.last().unwrap().end), (0, progressive.len() as u64 - 2));
    let baseline = Transcoder::new().coding(Coding::Baseline).run(&source.bytes).unwrap();
    let said = look(&baseline);
    assert_eq!((said.sof, said.progressive, said.complete, said.scans.len()), (0, false, true, 1));
}
