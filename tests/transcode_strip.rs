//! What is left out of a file by kind, that the index of a multi-picture file stays right, and that a result is no
//! larger than its source where that is asked.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

mod common;

use common::build::{File, How};
use common::decode::decode;
use common::picture::{Content, Picture};
use common::script::Scan;
use common::{metadata, samples, tools};
use cosimg::Limits;
use cosimg::jpeg::{Coding, Strip, Transcoded, Transcoder, inspect};

type Segments = Vec<(u8, Vec<u8>)>;

const CODINGS: [Coding; 3] = [Coding::Progressive, Coding::Baseline, Coding::Smaller];

/// A segment of each kind, and what alone leaves it out.
fn kinds() -> [(Strip, Segments); 8] {
    let exif = |block: &[u8]| (0xE1, [b"Exif\0\0", block].concat());
    [
        (Strip::EXIF, vec![exif(&metadata::exif(6, b"", b"")), exif(&metadata::exif(3, b"", b""))]),
        (Strip::ICC, vec![(0xE2, b"ICC_PROFILE\0\x01\x02one".to_vec()), (0xE2, b"ICC_PROFILE\0\x02\x02two".to_vec())]),
        (
            Strip::XMP,
            vec![
                (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>".to_vec()),
                (0xE1, b"http://ns.adobe.com/xmp/extension/\0part".to_vec()),
            ],
        ),
        (Strip::IPTC, vec![(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x02by".to_vec())]),
        (Strip::COMMENTS, vec![(0xFE, b"a word".to_vec()), (0xFE, Vec::new())]),
        (Strip::THUMBNAILS, vec![(0xE0, b"JFXX\0\x13\x01\x01\x01\x02\x03".to_vec())]),
        (Strip::IMAGES, vec![(0xE2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0".to_vec())]),
        (Strip::OTHER, vec![(0xE7, b"whatever".to_vec()), (0xEB, b"JP\0\x01".to_vec()), (0xEC, b"Ducky".to_vec())]),
    ]
}

fn file(picture: &Picture, header: &[(u8, Vec<u8>)]) -> File {
    let add = |file: File, (code, payload): &(u8, Vec<u8>)| file.segment(*code, payload);
    let file = header.iter().fold(File::new(), add).quant_tables(picture).frame(picture, 0xC0);
    file.scan(picture, &Scan::sequential(&[0, 1, 2]), &How::default()).end()
}

fn strip(source: &[u8], coding: Coding, strip: Strip) -> Vec<u8> {
    Transcoder::new().coding(coding).strip(strip).run(source).unwrap()
}

/// A file whose own bytes are fewer than those of any rewriting: two scans of it would need two headers.
fn tiny() -> Vec<u8> {
    let picture = Picture::new(1, 1, &[(1, 1)]).filled(1, Content::SPARSE);
    File::whole(&picture, 0xC0, &[Scan::sequential(&[0])], &How::default()).bytes
}

fn never_larger(source: &[u8], strip: Strip) -> Transcoded {
    Transcoder::new().strip(strip).never_larger(true).run_and_report(source).unwrap()
}

#[test]
fn each_kind_is_left_out_alone() {
    let picture = samples::picture();
    let (jfif, adobe) = ((0xE0, samples::JFIF.to_vec()), (0xEE, b"Adobe\0\x64\0\0\0\0\x01".to_vec()));
    let all: Segments =
        [vec![jfif.clone()], kinds().into_iter().flat_map(|(_, s)| s).collect(), vec![adobe.clone()]].concat();
    let source = [&file(&picture, &all).bytes[..], b"and more"].concat();
    for coding in CODINGS {
        for (kind, gone) in kinds() {
            let said = decode(&strip(&source, coding, kind)).unwrap();
            let left: Segments = all.iter().filter(|segment| !gone.contains(segment)).cloned().collect();
            assert_eq!((said.metadata(true), said.trailing.as_slice()), (left, &b"and more"[..]), "{kind:?}");
            assert_eq!(said.picture.difference(&picture), None);
        }
        let said = decode(&strip(&source, coding, Strip::ALL)).unwrap();
        assert_eq!((said.metadata(true), said.trailing.as_slice()), (vec![jfif.clone(), adobe.clone()], &b""[..]));
        let said = decode(&strip(&source, coding, Strip::TRAILING)).unwrap();
        assert_eq!(said.trailing, []);
        assert_eq!(said.metadata(true).len(), all.len() - 1, "the gain map that followed is gone");
        let said = decode(&strip(&source, coding, Strip::COMMENTS | Strip::XMP)).unwrap();
        assert_eq!(said.metadata(true).len(), all.len() - 4);
    }
}

#[test]
fn the_safe_kind_keeps_colours_and_the_orientation() {
    let picture = samples::picture();
    for (orientation, stays) in [(1, false), (2, true), (6, true), (8, true), (0, false), (9, false)] {
        let mut all: Segments = kinds().into_iter().flat_map(|(_, s)| s).collect();
        all[0].1 = [b"Exif\0\0", &metadata::exif(orientation, b"maker note", b"thumbnail")[..]].concat();
        let said =
            decode(&strip(&file(&picture, &all).bytes, Coding::Progressive, Strip::SAFE)).unwrap().metadata(true);
        let profile = &all[2..4];
        assert_eq!(said[said.len() - 2..], *profile);
        assert_eq!(said.len(), 2 + usize::from(stays), "orientation {orientation}");
        if stays {
            let block = b"MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0";
            assert_eq!(said[0].1, [b"Exif\0\0", &block[..], &[orientation, 0, 0, 0, 0, 0, 0]].concat());
        }
        let bare = strip(&file(&picture, &all).bytes, Coding::Progressive, Strip::SAFE | Strip::EXIF);
        assert_eq!(decode(&bare).unwrap().metadata(true), profile);
    }
}

#[test]
fn thumbnails_go_and_what_they_are_with_stays() {
    let picture = samples::picture();
    let exif = |thumbnail: &[u8]| (0xE1, [b"Exif\0\0", &metadata::exif(6, b"maker note", thumbnail)[..]].concat());
    let all = vec![
        (0xE0, b"JFIF\0\x01\x02\x01\0\x48\0\x48\x01\x01rgb".to_vec()),
        (0xE0, b"JFXX\0\x10jpeg".to_vec()),
        exif(b"a little picture"),
    ];
    for coding in CODINGS {
        let said = decode(&strip(&file(&picture, &all).bytes, coding, Strip::THUMBNAILS)).unwrap();
        assert_eq!(said.metadata(true), [(0xE0, samples::JFIF.to_vec()), exif(b"")]);
    }
    // Once more changes nothing.
    let once = strip(&file(&picture, &all).bytes, Coding::Baseline, Strip::THUMBNAILS);
    assert_eq!(strip(&once, Coding::Baseline, Strip::THUMBNAILS), once);
}

#[test]
fn pillow_finds_what_is_left() {
    if !tools::have_pillow() {
        return;
    }
    let picture = samples::picture();
    let segment = (0xE1, [b"Exif\0\0", &metadata::exif(6, b"maker note", b"a little picture")[..]].concat());
    let source = file(&picture, &[segment]).bytes;
    let script = "e = im.getexif(); print(e.get(274), len(e.get_ifd(0x8769)), e.get_ifd(-1).get(514))";
    let said = |kind| tools::pillow(script, &strip(&source, Coding::Progressive, kind)).unwrap();
    assert_eq!(said(Strip::NOTHING), "6 1 16\n");
    assert_eq!(said(Strip::THUMBNAILS), "6 1 None\n");
    assert_eq!(said(Strip::SAFE), "6 0 None\n");
    assert_eq!(said(Strip::EXIF), "None 0 None\n");
}

/// A file with an index of itself and two images behind it, between which other bytes lie; and the two.
fn multi_picture(header: &[(u8, Vec<u8>)], big_endian: bool) -> (Vec<u8>, [Vec<u8>; 2]) {
    let images = [3, 4].map(|seed| {
        let picture = Picture::new(24, 24, &[(1, 1)]).filled(seed, Content::SPARSE);
        File::whole(&picture, 0xC0, &[Scan::sequential(&[0])], &How::default()).bytes
    });
    let picture = samples::picture();
    let index = metadata::mpf(big_endian, &[(0, 0), (0, 0), (0, 0)]);
    let with = |index: Vec<u8>| {
        let segments = [header, &[(0xE2, index), (0xFE, b"behind the index".to_vec())]].concat();
        (file(&picture, &segments), header.len())
    };
    let (first, place) = with(index);
    let base = first.offset(0xE2, 0) as usize + 8;
    assert_eq!(first.pieces[1 + place].1.start + 8, base, "the index is the only APP2");
    let end = first.bytes.len();
    let places = [end + 5, end + 5 + images[0].len() + 3];
    let entry = |i: usize| ((places[i] - base) as u32, images[i].len() as u32);
    let (first, _) = with(metadata::mpf(big_endian, &[(0, end as u32), entry(0), entry(1)]));
    (([&first.bytes[..], b"fill:", &images[0], b"gap", &images[1], b"SEFT"]).concat(), images)
}

/// The images that the index of a file names.
fn images(file: &[u8]) -> Vec<Vec<u8>> {
    let said = inspect(file, &Limits::default()).unwrap();
    let end = file.len() as u64 - said.trailing_bytes;
    assert!(said.images.first().is_none_or(|first| (first.offset, first.bytes) == (0, end)));
    assert!(said.images.iter().all(|image| image.present), "{:?}", said.images);
    said.images.iter().skip(1).map(|i| file[i.offset as usize..][..i.bytes as usize].to_vec()).collect()
}

#[test]
fn the_index_of_a_multi_picture_file_stays_right() {
    let headers = [vec![], vec![(0xFE, vec![7; 500]), (0xE0, samples::JFIF.to_vec())]];
    for (header, big_endian) in headers.iter().flat_map(|header| [(header, false), (header, true)]) {
        let (source, wanted) = multi_picture(header, big_endian);
        assert_eq!(images(&source), wanted, "the test's own file");
        for coding in CODINGS {
            for kept in [Strip::NOTHING, Strip::COMMENTS, Strip::THUMBNAILS | Strip::OTHER] {
                assert_eq!(images(&strip(&source, coding, kept)), wanted, "{coding:?} {kept:?}");
            }
            let without = strip(&source, coding, Strip::IMAGES);
            let said = decode(&without).unwrap();
            assert_eq!((said.trailing.as_slice(), images(&without).len()), (&b"fill:gapSEFT"[..], 0));
            let bare = decode(&strip(&source, coding, Strip::TRAILING)).unwrap();
            assert_eq!((bare.metadata(true), bare.trailing), (said.metadata(true), vec![]));
        }
    }
}

#[test]
fn what_pads_further_images_goes_with_them() {
    let (source, images_of_it) = multi_picture(&[], true);
    let with = |from: &[u8], to: &[u8], source: &[u8]| {
        let at = source.windows(from.len()).rposition(|w| w == from).unwrap();
        [&source[..at], to, &source[at + from.len()..]].concat()
    };
    // The places that the index names stay where they are.
    let padded = with(b"SEFT", b"\0", &with(b"gap", &[0; 3], &with(b"fill:", &[0, 0xFF, 0xFF, 0, 0], &source)));
    assert_eq!(images(&padded), images_of_it, "the test's own file");
    let mixed = with(b"gap", b"\0a\0", &with(b"fill:", &[0; 5], &source));
    for coding in CODINGS {
        assert_eq!(decode(&strip(&padded, coding, Strip::IMAGES)).unwrap().trailing, b"");
        assert_eq!(decode(&strip(&mixed, coding, Strip::IMAGES)).unwrap().trailing, b"\0a\0SEFT");
        // Without an image to pad they are bytes like others.
        let zeros = [&file(&samples::picture(), &[]).bytes[..], &[0; 3]].concat();
        assert_eq!(decode(&strip(&zeros, coding, Strip::IMAGES)).unwrap().trailing, [0; 3]);
    }
    let kept = never_larger(&padded, Strip::IMAGES).bytes;
    assert_eq!(decode(&kept).unwrap().trailing, b"");
}

#[test]
fn an_index_that_lies_is_left_alone_or_harmless() {
    let (source, _) = multi_picture(&[], false);
    let at = source.windows(4).position(|four| four == b"MPF\0").unwrap();
    for (i, wrong) in (at..at + 90).flat_map(|i| [0, 1, 0x80, 0xFF].map(|wrong| (i, wrong))) {
        let mut hostile = source.clone();
        hostile[i] = wrong;
        for kind in [Strip::NOTHING, Strip::IMAGES] {
            let result = strip(&hostile, Coding::Progressive, kind);
            assert_eq!(decode(&result).unwrap().picture.difference(&samples::picture()), None);
            inspect(&result, &Limits::default()).unwrap();
        }
    }
}

#[test]
fn pillow_opens_every_image_of_a_rewritten_file() {
    if !tools::have_pillow() {
        return;
    }
    let (source, _) = multi_picture(&[(0xFE, vec![7; 500])], true);
    let script = "print(im.format, im.n_frames, [(im.seek(i), im.convert('L').tobytes()[:9])[1] for i in (1, 2)])";
    let said = tools::pillow(script, &source).unwrap();
    assert!(said.starts_with("MPO 3 "), "{said}");
    for kind in [Strip::NOTHING, Strip::COMMENTS] {
        assert_eq!(tools::pillow(script, &strip(&source, Coding::Progressive, kind)).unwrap(), said);
    }
    let alone = tools::pillow("print(im.format)", &strip(&source, Coding::Progressive, Strip::IMAGES));
    assert_eq!(alone.unwrap(), "JPEG\n");
}

#[test]
fn the_smaller_coding_is_the_smaller() {
    let picture = samples::picture();
    for source in [samples::baseline(&picture).bytes, samples::progressive(&picture).bytes, tiny()] {
        let [progressive, baseline, smaller] = CODINGS.map(|coding| strip(&source, coding, Strip::NOTHING));
        assert_eq!(smaller, if baseline.len() < progressive.len() { baseline } else { progressive });
    }
    // A coefficient that baseline does not hold.
    let mut large = Picture::new(8, 8, &[(1, 1)]);
    large.components[0].blocks[0][5] = 1024;
    let source = File::whole(&large, 0xC2, &[Scan::dc(&[0], 0, 0), Scan::ac(0, 1, 63, 0, 0)], &How::default()).bytes;
    let run = |coding| Transcoder::new().coding(coding).run(&source);
    assert!(run(Coding::Baseline).is_err());
    assert_eq!(run(Coding::Smaller).unwrap(), run(Coding::Progressive).unwrap());
}

#[test]
fn never_larger_than_the_source() {
    let source = tiny();
    assert!(strip(&source, Coding::Progressive, Strip::NOTHING).len() > source.len());
    let kept = never_larger(&source, Strip::NOTHING);
    assert!(kept.kept_source && kept.bytes == source);
    let larger = samples::baseline(&Picture::new(200, 200, &[(1, 1); 3]).filled(2, Content::USUAL)).bytes;
    let made = never_larger(&larger, Strip::NOTHING);
    assert!(!made.kept_source && made.bytes == strip(&larger, Coding::Progressive, Strip::NOTHING));
    assert!(made.bytes.len() <= larger.len());
}

#[test]
fn a_damaged_source_is_not_given_back() {
    let source = tiny();
    let cut = &source[..source.len() - 2];
    let mended = Transcoder::new().tolerant(true).never_larger(true).run_and_report(cut).unwrap();
    assert!(!mended.kept_source && mended.damages.count() == 1 && mended.bytes.len() > cut.len());
    Transcoder::new().run(&mended.bytes).unwrap();
}

#[test]
fn a_source_that_is_kept_is_stripped_all_the_same() {
    let picture = Picture::new(1, 1, &[(1, 1)]).filled(1, Content::SPARSE);
    let scan = Scan::sequential(&[0]);
    let whole = |with: bool| {
        let file = if with { File::new().segment(0xFE, b"secret") } else { File::new() };
        let file = file.quant_tables(&picture).frame(&picture, 0xC0);
        let file = if with { file.segment(0xE1, b"Exif\0\0secret") } else { file };
        let file = file.scan(&picture, &scan, &How::default());
        (if with { file.segment(0xFE, b"late secret") } else { file }).end().bytes
    };
    let source = [&whole(true)[..], b"trailing"].concat();
    for (kind, trailing) in [(Strip::ALL, &b""[..]), (Strip::EXIF | Strip::COMMENTS, b"trailing")] {
        let kept = never_larger(&source, kind);
        assert!(kept.kept_source && kept.bytes == [&whole(false)[..], trailing].concat(), "{kind:?}");
    }
}
