//! Coefficients that become coarser: against the way through pixels, and what must not change.

use cosimg::jpeg::{
    Coding, CoefficientImage, Encoder, Image, Mode, PixelFormat, Preset, QuantTables, Simd, Subsampling, Transcoder,
};
use cosimg::{ErrorKind, Limits};

use crate::{PRESETS, Picture, SUBSAMPLINGS, decode, encoder};

/// A file as cameras make them: the tables of Annex K.
fn camera(picture: &Picture, quality: u8, subsampling: Subsampling) -> Vec<u8> {
    picture.encode(
        &Encoder::new(Preset::Fast)
            .tables(QuantTables::annex_k(quality).unwrap())
            .subsampling(subsampling)
            .coding(Coding::Baseline),
    )
}

fn to(quality: u8, preset: Preset) -> Transcoder {
    Transcoder::new().requantise(quality, preset).unwrap()
}

fn coefficients(file: &[u8]) -> CoefficientImage {
    CoefficientImage::read(file, &Limits::default()).unwrap()
}

#[test]
fn as_near_to_the_source_and_as_large_as_by_way_of_pixels() {
    let scene = Picture::scene(320, 240);
    for format in [PixelFormat::Rgb8, PixelFormat::Gray8] {
        for subsampling in SUBSAMPLINGS {
            let source = camera(&scene.to(format), 95, subsampling);
            let shown = decode(&source);
            for preset in PRESETS {
                for quality in [30, 60, 80] {
                    let file = to(quality, preset).coding(Coding::Baseline).run(&source).unwrap();
                    let encoder = encoder(quality).preset(preset).subsampling(subsampling).coding(Coding::Baseline);
                    let pixels = shown.encode(&encoder);
                    let (psnr, by_pixels) = (shown.psnr(&decode(&file)), shown.psnr(&decode(&pixels)));
                    let what = format!("{format:?} {subsampling:?} {preset:?} {quality}");
                    let growth = file.len() as f64 / pixels.len() as f64 - 1.0;
                    println!("{what}: {psnr:.2} dB for {by_pixels:.2}, {:+.1} % bytes", 100.0 * growth);
                    assert!(psnr > by_pixels - 0.1, "{what}: {psnr:.2} dB for {by_pixels:.2}");
                    assert!(growth < 0.01, "{what}: {} bytes for {}", file.len(), pixels.len());
                }
            }
        }
    }
}

#[test]
fn equal_steps_change_nothing() {
    let scene = Picture::scene(160, 120);
    for preset in PRESETS {
        let source = camera(&scene, 92, Subsampling::S420);
        let once = to(70, preset).run(&source).unwrap();
        assert_ne!(coefficients(&once), coefficients(&source));
        assert_eq!(to(70, preset).run(&once).unwrap(), once, "a second time: {preset:?}");
        let own = scene.encode(&encoder(70).preset(preset));
        assert_eq!(coefficients(&to(70, preset).run(&own).unwrap()), coefficients(&own), "its own file: {preset:?}");
        for quality in [50, 75] {
            let source = camera(&scene, quality, Subsampling::S444);
            for more in [quality, quality + 1, 100] {
                let file = to(more, preset).run(&source).unwrap();
                assert_eq!(coefficients(&file), coefficients(&source), "{quality} to {more}, {preset:?}");
            }
        }
    }
}

#[test]
fn a_lower_quality_is_a_smaller_file_and_never_a_larger_one_than_the_source() {
    let source = camera(&Picture::scene(200, 150), 85, Subsampling::S420);
    let lossless = Transcoder::new().run(&source).unwrap().len();
    for preset in PRESETS {
        let mut last = lossless;
        for quality in [80, 60, 40, 20, 5, 1] {
            let file = to(quality, preset).run(&source).unwrap();
            assert!(file.len() < last, "{preset:?} {quality}: {} bytes after {last}", file.len());
            last = file.len();
        }
    }
}

#[test]
fn vector_instructions_and_layout_do_not_change_the_coefficients() {
    let source = camera(&Picture::scene(123, 77), 95, Subsampling::S420);
    for preset in PRESETS {
        let file = to(60, preset).run(&source).unwrap();
        assert_eq!(to(60, preset).simd(Simd::Scalar).run(&source).unwrap(), file);
        for other in [to(60, preset).coding(Coding::Baseline), to(60, preset).mode(Mode::Fast)] {
            assert_eq!(coefficients(&other.run(&source).unwrap()), coefficients(&file));
        }
    }
}

#[test]
fn components_that_are_colours_are_treated_as_luma() {
    // The same components, once said to be YCbCr and once to be RGB.
    let source = camera(&Picture::scene(96, 96), 95, Subsampling::S444);
    let adobe = |transform| [b"\xFF\xEE\x00\x0EAdobe\x00\x64\0\0\0\0".as_slice(), &[transform]].concat();
    let with = |segment: Vec<u8>| [&source[..2], &segment, &source[20..]].concat();
    // The scans of a progressive file would depend on it as well.
    let baseline = to(60, Preset::Balanced).coding(Coding::Baseline);
    let sizes = [1, 0].map(|transform| baseline.run(&with(adobe(transform))).unwrap().len());
    assert_eq!(source[2..11], *b"\xFF\xE0\x00\x10JFIF\0");
    assert!(sizes[0] < sizes[1], "{sizes:?}");
    let ycck = Picture::scene(96, 96).data.repeat(4).into_iter().take(96 * 96 * 4).collect::<Vec<_>>();
    let ycck = Image::new(&ycck, 96, 96, PixelFormat::Cmyk8).unwrap();
    let source = encoder(95).encode(&ycck).unwrap();
    assert!(to(50, Preset::Balanced).run(&source).unwrap().len() < source.len());
}

#[test]
fn what_is_refused() {
    for quality in [0, 101, 255] {
        let error = Transcoder::new().requantise(quality, Preset::Fast).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Usage, Some("quality")));
    }
    let source = camera(&Picture::scene(64, 64), 95, Subsampling::S420);
    // Two bytes a coefficient, held twice by the preset that decides twice.
    let mut limits = Limits::default();
    limits.memory = 4 * (64 * 64 * 3 / 2) - 1;
    let error = to(50, Preset::Small).limits(limits).run(&source).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("memory")));
    // The precision of a frame is the byte after its length.
    let at = source.windows(2).position(|marker| marker == [0xFF, 0xC0]).unwrap();
    let mut twelve = source;
    (twelve[at + 1], twelve[at + 4]) = (0xC1, 12);
    let error = to(50, Preset::Balanced).run(&twelve).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some("quality")));
}
