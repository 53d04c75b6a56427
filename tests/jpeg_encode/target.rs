//! Files within a number of bytes.

use cosimg::jpeg::{Coding, Encoder, Image, PixelFormat, Preset, QuantTables, Strip, Transcoder};
use cosimg::{Cancel, ErrorKind, Limits};

use crate::{PRESETS, Picture, encoder};

#[test]
fn the_best_quality_that_fits_and_the_file_of_that_quality() {
    // On white, samples overshoot as far as the steps of the quality ask for.
    let strokes = Picture::rgb(120, 90, |x, y| if (x * x / 9 + y) % 11 < 2 { [200, 0, 0] } else { [255; 3] });
    for (scene, preset) in [Picture::scene(150, 110), strokes].iter().flat_map(|scene| PRESETS.map(|p| (scene, p))) {
        let with = |quality| encoder(quality).preset(preset).comment("not of the picture");
        let sizes: Vec<_> = (1..=95).map(|quality| scene.encode(&with(quality))).collect();
        let (least, most) = (sizes[0].len(), sizes[94].len());
        for bytes in [least, least + 1, 2 * least, (least + most) / 3, most / 2, most - 1, most, 10 * most] {
            let file = scene.encode(&with(95).target_bytes(bytes as u64));
            assert!(file.len() <= bytes, "{preset:?}: {} bytes for {bytes}", file.len());
            let fits = |quality: usize| sizes[quality - 1].len() <= bytes;
            let is_best = |quality: usize| sizes[quality - 1] == file && (quality == 95 || !fits(quality + 1));
            assert!((1..=95).any(is_best), "{preset:?}: {} bytes for {bytes}", file.len());
        }
        let error = with(95).target_bytes(least as u64 - 1).encode(&scene.image()).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("target_bytes")));
        assert!(error.message().contains(&format!("{least} bytes")), "{error}");
    }
}

#[test]
fn rows_and_layouts() {
    let scene = Picture::scene(100, 90);
    for coding in [Coding::Baseline, Coding::Progressive, Coding::Smaller] {
        let encoder = encoder(90).coding(coding).target_bytes(4000);
        let file = scene.encode(&encoder);
        assert!(file.len() <= 4000);
        let mut rows = encoder.rows(100, 90, PixelFormat::Rgb8).unwrap();
        scene.data.chunks(777).for_each(|part| rows.push(part).unwrap());
        assert_eq!(rows.finish().unwrap(), file, "{coding:?}");
    }
    // Planes of less than every row.
    let planes: Vec<u8> = (0..100 * 90 + 2 * 50 * 45).map(|i: u32| (i * i / 900 % 200) as u8).collect();
    for format in [PixelFormat::Nv12, PixelFormat::YcbcrPlanar420] {
        let image = Image::new(&planes, 100, 90, format).unwrap();
        let encoder = encoder(90).target_bytes(2000);
        let mut rows = encoder.rows(100, 90, format).unwrap();
        rows.push_rows(&image).unwrap();
        assert_eq!(rows.finish().unwrap(), encoder.encode(&image).unwrap(), "{format:?}");
    }
}

#[test]
fn what_is_refused() {
    let scene = Picture::scene(64, 64);
    let tables = Encoder::default().tables(QuantTables::annex_k(80).unwrap()).target_bytes(9000);
    let error = tables.encode(&scene.image()).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Usage, Some("target_bytes")));
    // Rows that come one after another are held beside the coefficients.
    let mut limits = Limits::default();
    limits.memory = 1_000_000;
    let rows = |encoder: &Encoder| encoder.rows(400, 400, PixelFormat::Rgb8);
    assert!(rows(&encoder(80).limits(limits.clone())).is_ok());
    let error = rows(&encoder(80).target_bytes(9000).limits(limits)).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("memory")));
    let cancel = Cancel::new();
    cancel.trigger();
    let error = encoder(80).target_bytes(9000).cancel(cancel).encode(&scene.image()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[test]
fn a_jpeg_gets_the_best_quality_that_fits_and_stays_as_it_is_where_it_does() {
    let source = Picture::scene(150, 110).encode(&encoder(92).comment("not of the picture"));
    let lossless = Transcoder::new().run(&source).unwrap();
    let coarser = |preset, quality| Transcoder::new().requantise(quality, preset).unwrap();
    for bytes in [lossless.len(), lossless.len() + 1, 10 * lossless.len()] {
        assert_eq!(Transcoder::new().target_bytes(bytes as u64).run(&source).unwrap(), lossless);
    }
    for preset in PRESETS {
        let files: Vec<_> = (1..=80).map(|quality| coarser(preset, quality).run(&source).unwrap()).collect();
        for bytes in [files[0].len(), lossless.len() / 3, lossless.len() / 2, files[79].len(), lossless.len()] {
            let file = coarser(preset, 80).target_bytes(bytes as u64).run(&source).unwrap();
            assert!(file.len() <= bytes, "{preset:?}: {} bytes for {bytes}", file.len());
            let is_best = |at: usize| files[at] == file && files.get(at + 1).is_none_or(|next| next.len() > bytes);
            assert!((0..files.len()).any(is_best), "{preset:?}: {} bytes for {bytes}", file.len());
        }
        let error = coarser(preset, 80).target_bytes(files[0].len() as u64 - 1).run(&source).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("target_bytes")));
        assert!(error.message().contains(&format!("{} bytes", files[0].len())), "{error}");
    }
    // What is left out makes room, and the preset without a quality is the default.
    let stripped = Transcoder::new().strip(Strip::ALL).target_bytes(lossless.len() as u64 - 1).run(&source).unwrap();
    assert_eq!(stripped, Transcoder::new().strip(Strip::ALL).run(&source).unwrap());
    let bytes = lossless.len() as u64 / 2;
    let file = Transcoder::new().target_bytes(bytes).run(&source).unwrap();
    assert_eq!(file, coarser(Preset::default(), 100).target_bytes(bytes).run(&source).unwrap());
}

#[test]
fn of_a_jpeg_the_coefficients_are_held_twice() {
    let source = Picture::scene(64, 64).encode(&encoder(90));
    let coefficients = 2 * (64 * 64 * 3 / 2);
    let within = |memory: u64, bytes| {
        let mut limits = Limits::default();
        limits.memory = memory;
        Transcoder::new().limits(limits).target_bytes(bytes).run(&source)
    };
    let error = within(2 * coefficients, 900).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("memory")));
    assert!(within(20 * coefficients, 900).unwrap().len() <= 900);
}
