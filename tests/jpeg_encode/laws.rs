//! Results that must be equal to the byte, or grow together.

use cosimg::Limits;
use cosimg::jpeg::{Coding, CoefficientImage, Image, PixelFormat, Simd, Subsampling};

use crate::{FORMATS, PRESETS, Picture, SUBSAMPLINGS, decode, encoder};

#[test]
fn quality_raises_both_bytes_and_psnr() {
    let source = Picture::scene(160, 120);
    for (subsampling, preset) in SUBSAMPLINGS.into_iter().flat_map(|s| PRESETS.map(|preset| (s, preset))) {
        let (mut bytes, mut psnr) = (0, 0.0);
        for quality in [5, 20, 40, 60, 75, 85, 92, 97, 100] {
            let file = source.encode(&encoder(quality).preset(preset).subsampling(subsampling));
            let now = source.psnr(&decode(&file));
            let len = file.len();
            assert!(len > bytes && now > psnr, "{quality} {subsampling:?} {preset:?}: {len} bytes, {now:.2} dB");
            (bytes, psnr) = (len, now);
        }
    }
}

#[test]
fn codings_hold_the_same_coefficients() {
    for format in FORMATS {
        let source = Picture::scene(45, 37).to(format);
        let read = |coding| {
            let file = source.encode(&encoder(90).coding(coding));
            CoefficientImage::read(&file, &Limits::default()).unwrap()
        };
        assert!(read(Coding::Progressive) == read(Coding::Baseline));
    }
}

#[test]
fn alpha_over_a_background_is_the_flattened_picture() {
    let source = Picture::scene(97, 66).to(PixelFormat::Rgba8);
    for background in [[255, 255, 255], [0, 0, 0], [10, 128, 250]] {
        for subsampling in SUBSAMPLINGS {
            let encoder = encoder(90).subsampling(subsampling).background(background);
            assert!(source.encode(&encoder) == source.flattened(background).encode(&encoder));
        }
    }
    assert!(source.encode(&encoder(90)) == source.flattened([255; 3]).encode(&encoder(90)), "white by default");
}

#[test]
fn grey_is_the_luma_of_grey_pixels() {
    let gray = Picture::scene(61, 43).to(PixelFormat::Gray8);
    let rgb = Picture::rgb(61, 43, |x, y| [gray.data[(y * 61 + x) as usize]; 3]);
    for quality in [50, 90, 100] {
        let expected: Vec<_> = decode(&gray.encode(&encoder(quality))).data.iter().flat_map(|&v| [v; 3]).collect();
        for subsampling in SUBSAMPLINGS {
            let decoded = decode(&rgb.encode(&encoder(quality).subsampling(subsampling)));
            assert!(decoded.data == expected, "{quality} {subsampling:?}");
        }
    }
}

#[test]
fn subsampling_of_grey_is_ignored() {
    let gray = Picture::scene(61, 43).to(PixelFormat::Gray8);
    let files = SUBSAMPLINGS.map(|subsampling| gray.encode(&encoder(85).subsampling(subsampling)));
    assert!(files[0] == files[1] && files[1] == files[2]);
}

#[test]
fn gaps_between_rows_are_not_seen() {
    for format in FORMATS {
        let tight = Picture::scene(35, 21).to(format);
        let row = 35 * format.bytes();
        for gap in [1, 7, 64] {
            let mut loose: Vec<u8> =
                tight.data.chunks_exact(row).flat_map(|r| [r, &vec![0xA5; gap]].concat()).collect();
            loose.truncate(loose.len() - gap);
            let image = Image::with_stride(&loose, 35, 21, row + gap, format).unwrap();
            assert!(encoder(85).encode(&image).unwrap() == tight.encode(&encoder(85)), "{format:?} {gap}");
        }
    }
}

#[test]
fn every_instruction_set_gives_the_same_bytes() {
    for simd in [Simd::Auto, Simd::Avx2, Simd::Avx512] {
        for (width, height) in [(1, 1), (7, 3), (16, 16), (70, 33), (129, 65)] {
            for format in FORMATS {
                let source = Picture::scene(width, height).to(format);
                for subsampling in SUBSAMPLINGS {
                    for (quality, preset) in [(30, PRESETS[0]), (85, PRESETS[1]), (75, PRESETS[2]), (100, PRESETS[1])] {
                        let encoder = encoder(quality).preset(preset).subsampling(subsampling);
                        let scalar = source.encode(&encoder.clone().simd(Simd::Scalar));
                        match encoder.simd(simd).encode(&source.image()) {
                            Ok(file) => assert!(file == scalar, "{simd:?} {width}x{height} {format:?} {subsampling:?}"),
                            Err(error) => {
                                assert_eq!(error.kind(), cosimg::ErrorKind::Unsupported);
                                assert_ne!(simd, Simd::Auto);
                                eprintln!("skipped {simd:?}: {error}");
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn an_encoder_has_no_memory() {
    let encoder = encoder(80).subsampling(Subsampling::S422);
    let (first, second) = (Picture::scene(50, 40), Picture::waves(90, 13));
    let before = first.encode(&encoder);
    second.encode(&encoder);
    assert!(before == first.encode(&encoder));
}
