//! What comes out decodes to what went in.

use cosimg::jpeg::{Coding, PixelFormat, Subsampling};

use crate::{FORMATS, Picture, SUBSAMPLINGS, decode, encoder};

/// Sizes that have every width and every height from 1 to 70 between them.
fn sizes() -> impl Iterator<Item = (u32, u32)> {
    (0..70).map(|i| (i + 1, i * 37 % 70 + 1))
}

#[test]
fn every_size_format_sampling_and_coding_decodes_to_its_source() {
    for (width, height) in sizes() {
        let rgb = Picture::waves(width, height);
        for format in FORMATS {
            let source = rgb.to(format);
            let expected = if format == PixelFormat::Rgba8 { source.flattened([255; 3]) } else { source.clone() };
            for subsampling in SUBSAMPLINGS {
                for coding in [Coding::Progressive, Coding::Baseline] {
                    let file = source.encode(&encoder(97).subsampling(subsampling).coding(coding));
                    // Chroma that is halved cannot follow an alpha that jumps from pixel to pixel.
                    let floor = match (format, subsampling) {
                        (PixelFormat::Rgba8, Subsampling::S420 | Subsampling::S422) => 18.0,
                        (PixelFormat::Rgb8, Subsampling::S420 | Subsampling::S422) => 34.0,
                        _ => 38.0,
                    };
                    let psnr = expected.psnr(&decode(&file));
                    assert!(psnr > floor, "{width}x{height} {format:?} {subsampling:?} {coding:?}: {psnr:.1} dB");
                }
            }
        }
    }
}

#[test]
fn one_pixel_keeps_its_colour() {
    for color in [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [12, 200, 99]] {
        for subsampling in SUBSAMPLINGS {
            let source = Picture::rgb(1, 1, |_, _| color);
            let decoded = decode(&source.encode(&encoder(100).subsampling(subsampling)));
            let difference = decoded.data.iter().zip(&source.data).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(difference <= Some(2), "{color:?} became {:?}", decoded.data);
        }
    }
}

#[test]
fn the_longest_sides() {
    for (width, height) in [(65_500, 1), (1, 65_500)] {
        let source = Picture::waves(width, height);
        for coding in [Coding::Progressive, Coding::Baseline] {
            let decoded = decode(&source.encode(&encoder(95).subsampling(Subsampling::S444).coding(coding)));
            let psnr = source.psnr(&decoded);
            assert!(psnr > 36.0, "{width}x{height}: {psnr:.1} dB");
        }
    }
}

#[test]
fn the_hardest_blocks_fit_a_baseline_file() {
    // Full swings at frequency 4 give the largest AC coefficients, and black beside white the largest steps of DC.
    let checks = |x: u32, y: u32| {
        let sign = |i: u32| matches!(i % 8, 1 | 2 | 5 | 6);
        let white = match (x / 8 + y / 8) % 4 {
            0 => sign(x) == sign(y),
            1 => true,
            2 => false,
            _ => sign(x),
        };
        [if white { 255 } else { 0 }; 3]
    };
    let source = Picture::rgb(64, 64, checks);
    let blues = Picture::rgb(64, 64, |x, y| if checks(x, y)[0] == 0 { [255, 255, 0] } else { [0, 0, 255] });
    for picture in [source, blues] {
        for coding in [Coding::Progressive, Coding::Baseline] {
            let file = picture.encode(&encoder(100).subsampling(Subsampling::S444).coding(coding));
            let psnr = picture.psnr(&decode(&file));
            assert!(psnr > 46.0, "{coding:?}: {psnr:.1} dB");
        }
    }
}
