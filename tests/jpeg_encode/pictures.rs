//! What comes out decodes to what went in.

use cosimg::jpeg::{Coding, PixelFormat, Subsampling};

use crate::{FORMATS, PRESETS, Picture, SUBSAMPLINGS, decode, encoder};

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

/// The mean square of what pixels are off in light, as squares of their values stand for it.
fn off_in_light(source: &Picture, decoded: &Picture) -> f64 {
    let light = |pixel: &[u8]| {
        let weighted =
            pixel.iter().zip([0.2126, 0.7152, 0.0722]).map(|(&value, w)| w * (f64::from(value) / 255.0).powi(2));
        weighted.sum::<f64>()
    };
    let pixels = source.data.chunks_exact(3).zip(decoded.data.chunks_exact(3));
    let off: f64 = pixels.map(|(a, b)| (light(a) - light(b)).powi(2)).sum();
    off / f64::from(source.width * source.height)
}

#[test]
fn luma_makes_up_for_the_light_of_coarse_chroma() {
    let strokes = Picture::rgb(160, 120, |x, y| match (x * x / 16 + y / 3) % 9 {
        0 | 1 => [30, 60, 230],
        4 => [200, 30, 60],
        _ => [20, 20, 30],
    });
    for preset in PRESETS {
        let file = strokes.encode(&encoder(40).preset(preset).subsampling(Subsampling::S444));
        let off = 1e3 * off_in_light(&strokes, &decode(&file));
        assert!(off < 0.8, "{preset:?}: {off:.3}");
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
