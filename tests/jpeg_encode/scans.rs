//! Scans of the caller's own: the file is the one that the transcoder makes of the encoder's.

use std::num::NonZero;

use cosimg::jpeg::{Coding, Encoder, Mode, PixelFormat, Preset, Script, Transcoder};
use cosimg::{Error, ErrorKind, Limits};

use crate::{PRESETS, Picture, SUBSAMPLINGS, encoder};

const REFINED: &str = "0 1 2: 0-0, 0, 1; 0: 1-5, 0, 2; 2: 1-63, 0, 1; 1: 1-63, 0, 1; 0: 6-63, 0, 2; 0: 1-63, 2, 1;
    0 1 2: 0-0, 1, 0; 2: 1-63, 1, 0; 1: 1-63, 1, 0; 0: 1-63, 1, 0;";
const PLAIN: &str = "0: 0-0, 0, 0; 1 2: 0-0, 0, 0; 0: 1-63, 0, 0; 1: 1-63, 0, 0; 2: 1-63, 0, 0;";
const SEQUENTIAL: &str = "0; 1 2;";

fn script(text: &str) -> Script {
    text.parse().unwrap()
}

#[test]
fn the_file_is_that_of_the_transcoder() {
    let scene = Picture::scene(123, 77);
    for text in [REFINED, PLAIN, SEQUENTIAL] {
        for preset in PRESETS {
            for subsampling in SUBSAMPLINGS {
                let plain = encoder(85).preset(preset).subsampling(subsampling).comment("kept");
                let expected = Transcoder::new().scans(script(text)).run(&scene.encode(&plain)).unwrap();
                assert_eq!(scene.encode(&plain.scans(script(text))), expected, "{text} {preset:?} {subsampling:?}");
            }
        }
    }
    let grey = scene.to(PixelFormat::Gray8);
    let text = "0: 0-0, 0, 0; 0: 1-63, 0, 0;";
    let expected = Transcoder::new().scans(script(text)).run(&grey.encode(&encoder(85))).unwrap();
    assert_eq!(grey.encode(&encoder(85).scans(script(text))), expected);
}

#[test]
fn presets_choose_scans_where_no_mode_is_set() {
    let scene = Picture::scene(223, 177);
    let file = |preset| scene.encode(&encoder(85).preset(preset));
    for (preset, effort) in [(Preset::Balanced, 1), (Preset::Small, 5)] {
        let searched = Transcoder::new().mode(Mode::Small).effort(effort).unwrap();
        assert_eq!(searched.run(&file(preset)).unwrap(), file(preset), "{preset:?}");
    }
    let fast =
        ["0 1 2: 0-0, 0, 0;", "0: 0-0, 0, 0; 1 2: 0-0, 0, 0;", "0: 0-0, 0, 0; 1: 0-0, 0, 0; 2: 0-0, 0, 0;"].map(|dc| {
            let ac = "0: 1-2, 0, 0; 2: 1-63, 0, 0; 1: 1-63, 0, 0; 0: 3-9, 0, 0; 0: 10-63, 0, 0;";
            Transcoder::new().scans(script(&format!("{dc} {ac}"))).run(&file(Preset::Fast)).unwrap()
        });
    assert_eq!(fast.into_iter().min_by_key(Vec::len).unwrap(), file(Preset::Fast));
    for preset in PRESETS {
        let display = scene.encode(&encoder(85).mode(Mode::Display).preset(preset));
        assert_eq!(Transcoder::new().mode(Mode::Display).run(&file(preset)).unwrap(), display, "{preset:?}");
    }
}

#[test]
fn it_stands_in_for_coding_and_mode_however_the_file_is_asked_for() {
    let scene = Picture::scene(150, 110);
    for text in [REFINED, SEQUENTIAL] {
        let scripted = encoder(80).scans(script(text));
        let file = scene.encode(&scripted);
        for coding in [Coding::Baseline, Coding::Progressive, Coding::Smaller] {
            assert_eq!(scene.encode(&scripted.clone().coding(coding).mode(Mode::Small)), file, "{coding:?}");
        }
        assert_eq!(scene.encode(&scripted.clone().threads(NonZero::new(3).unwrap())), file);
        let mut pieces: Vec<u8> = Vec::new();
        scripted
            .encode_to(&scene.image(), |piece| {
                pieces.extend(piece);
                Ok(())
            })
            .unwrap();
        assert_eq!(pieces, file);
        let mut rows = scripted.rows(150, 110, PixelFormat::Rgb8).unwrap();
        rows.push(&scene.data).unwrap();
        assert_eq!(rows.finish().unwrap(), file);
        let bytes = file.len() as u64 / 2;
        let small = scene.encode(&scripted.target_bytes(bytes));
        assert!(small.len() as u64 <= bytes);
        let again = Transcoder::new().scans(script(text)).run(&small).unwrap();
        assert_eq!(small, again, "the layout is that of the script");
    }
}

#[track_caller]
fn is_wrong(error: &Error, field: &str, words: &str) {
    assert_eq!((error.kind(), error.field()), (ErrorKind::Usage, Some(field)), "{error}");
    assert!(error.message().contains(words), "{error}");
}

#[test]
fn what_does_not_fit_is_refused_by_name_before_the_first_row() {
    let begun = |text, format| Encoder::default().scans(script(text)).rows(64, 64, format).unwrap_err();
    for (text, field, words) in [
        ("0 1 2: 0-0, 0, 0; 3: 1-63, 0, 0;", "components", "scan 2 of the script: component 3"),
        ("0; 2;", "components", "does not send component 1"),
        ("0 1 2: 0-0, 0, 1; 0: 1-63, 0, 0; 1: 1-63, 0, 0; 2: 1-63, 0, 0;", "scans", "coefficient 0 of component 0"),
        ("0 1: 0-0, 0, 0; 0 1: 1-63, 0, 0;", "scans", "more than one component"),
    ] {
        is_wrong(&begun(text, PixelFormat::Rgb8), field, words);
        let scene = Picture::scene(64, 64);
        is_wrong(&Encoder::default().scans(script(text)).encode(&scene.image()).unwrap_err(), field, words);
    }
    is_wrong(&begun(SEQUENTIAL, PixelFormat::Gray8), "components", "component 1");
    let mut limits = Limits::default();
    limits.scans = 9;
    let error = Encoder::default().limits(limits).scans(script(REFINED)).rows(64, 64, PixelFormat::Rgb8).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("scans")));
}
