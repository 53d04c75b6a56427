//! Every format of pixels, subsampling and coding, at sizes by chance: decoders read the files without a warning, and
//! give what went in.

use cosimg::jpeg::{Coding, Image, PixelFormat, Subsampling};

use crate::peers::{djpeg, has_tools};
use crate::{Picture, decode, encoder};

const FORMATS: [PixelFormat; 22] = [
    PixelFormat::Gray8,
    PixelFormat::GrayAlpha8,
    PixelFormat::Gray16,
    PixelFormat::Rgb8,
    PixelFormat::Bgr8,
    PixelFormat::Rgb16,
    PixelFormat::RgbF32,
    PixelFormat::RgbPlanar8,
    PixelFormat::Rgba8,
    PixelFormat::Bgra8,
    PixelFormat::Argb8,
    PixelFormat::Abgr8,
    PixelFormat::Rgba16,
    PixelFormat::RgbaPremultiplied8,
    PixelFormat::BgraPremultiplied8,
    PixelFormat::ArgbPremultiplied8,
    PixelFormat::Cmyk8,
    PixelFormat::Ycbcr8,
    PixelFormat::YcbcrPlanar444,
    PixelFormat::YcbcrPlanar422,
    PixelFormat::YcbcrPlanar420,
    PixelFormat::Nv12,
];
const SUBSAMPLINGS: [Subsampling; 4] = [Subsampling::S420, Subsampling::S422, Subsampling::S444, Subsampling::Auto];
const CODINGS: [Coding; 3] = [Coding::Progressive, Coding::Baseline, Coding::Smaller];

/// What smooth pixels are worth at quality 97 at least, in dB: a root mean square error of 3. Steps are 1 to 4, and a
/// little more for chroma; a coefficient is off by half a step or so, and a component by 1 or 2; red and blue take
/// nearly twice of what chroma is off.
const FLOOR: f64 = 38.5;

#[test]
fn every_format_subsampling_and_coding_is_read_as_what_went_in() {
    let with_djpeg = has_tools();
    let mut chance = 2_463_534_242_u32;
    let mut side = || {
        chance ^= chance << 13;
        chance ^= chance >> 17;
        chance ^= chance << 5;
        chance % 70 + 1
    };
    for _ in 0..2 {
        for format in FORMATS {
            for subsampling in SUBSAMPLINGS {
                for coding in CODINGS {
                    let (width, height) = (side(), side());
                    let (data, expected) = pixels(format, width, height);
                    let image = Image::new(&data, width, height, format).unwrap();
                    let file = encoder(97).subsampling(subsampling).coding(coding).encode(&image).unwrap();
                    let what = format!("{width}x{height} {format:?} {subsampling:?} {coding:?}");
                    let psnr = expected.psnr(&decode(&file));
                    assert!(psnr > FLOOR, "{what}: {psnr:.1} dB");
                    if with_djpeg {
                        let psnr = expected.psnr(&djpeg(&file));
                        assert!(psnr > FLOOR, "{what} by djpeg: {psnr:.1} dB");
                    }
                }
            }
        }
    }
}

#[test]
fn every_format_is_on_the_list() {
    let source = include_str!("../../src/jpeg/image/format.rs");
    let (_, body) = source.split_once("pub enum PixelFormat {").unwrap();
    let names = body.split_once("\n}").unwrap().0.lines().filter_map(|line| line.trim().strip_suffix(','));
    assert!(names.eq(FORMATS.map(|format| format!("{format:?}"))));
}

/// Waves in a format, and what a decoder should make of them.
fn pixels(format: PixelFormat, width: u32, height: u32) -> (Vec<u8>, Picture) {
    let rgb = Picture::waves(width, height);
    // Alpha is the blue of the place opposite.
    let alphas = rgb.data.iter().rev().step_by(3);
    let pixels: Vec<[u8; 4]> = rgb.data.chunks(3).zip(alphas).map(|(p, &a)| [p[0], p[1], p[2], a]).collect();
    let part = |value: u8, of: u8| (f64::from(value) * f64::from(of) / 255.0).round() as u8;
    let white = |value: u8, a: u8| (255.0 - f64::from(255 - value) * f64::from(a) / 255.0).round() as u8;
    let wide = |value: u8| (u16::from(value) * 257).to_ne_bytes();
    let float = |value: u8| (f32::from(value) / 255.0).to_ne_bytes();
    let each = |pixel: &dyn Fn([u8; 4]) -> Vec<u8>| -> Vec<u8> { pixels.iter().flat_map(|&p| pixel(p)).collect() };
    let data = match format {
        PixelFormat::Gray8 => each(&|[_, g, ..]| vec![g]),
        PixelFormat::GrayAlpha8 => each(&|[_, g, _, a]| vec![g, a]),
        PixelFormat::Gray16 => each(&|[_, g, ..]| wide(g).to_vec()),
        PixelFormat::Rgb8 => rgb.data.clone(),
        PixelFormat::Bgr8 => each(&|[r, g, b, _]| vec![b, g, r]),
        PixelFormat::Rgb16 => each(&|[r, g, b, _]| [r, g, b].map(wide).concat()),
        PixelFormat::RgbF32 => each(&|[r, g, b, _]| [r, g, b].map(float).concat()),
        PixelFormat::RgbPlanar8 => (0..3).flat_map(|i| pixels.iter().map(move |p| p[i])).collect(),
        PixelFormat::Rgba8 => each(&|p| p.to_vec()),
        PixelFormat::Bgra8 => each(&|[r, g, b, a]| vec![b, g, r, a]),
        PixelFormat::Argb8 => each(&|[r, g, b, a]| vec![a, r, g, b]),
        PixelFormat::Abgr8 => each(&|[r, g, b, a]| vec![a, b, g, r]),
        PixelFormat::Rgba16 => each(&|p| p.map(wide).concat()),
        PixelFormat::RgbaPremultiplied8 => each(&|[r, g, b, a]| vec![part(r, a), part(g, a), part(b, a), a]),
        PixelFormat::BgraPremultiplied8 => each(&|[r, g, b, a]| vec![part(b, a), part(g, a), part(r, a), a]),
        PixelFormat::ArgbPremultiplied8 => each(&|[r, g, b, a]| vec![a, part(r, a), part(g, a), part(b, a)]),
        PixelFormat::Cmyk8 => each(&|[r, g, b, a]| vec![255 - r, 255 - g, 255 - b, a / 2]),
        _ => components(&rgb, format),
    };
    let decoded = |pixel: &dyn Fn([u8; 4]) -> Vec<u8>| Picture { data: each(pixel), ..rgb };
    let gray = |pixel: &dyn Fn([u8; 4]) -> u8| Picture { format: PixelFormat::Gray8, ..decoded(&|p| vec![pixel(p)]) };
    let expected = match format {
        PixelFormat::Gray8 | PixelFormat::Gray16 => gray(&|[_, g, ..]| g),
        PixelFormat::GrayAlpha8 => gray(&|[_, g, _, a]| white(g, a)),
        PixelFormat::Cmyk8 => decoded(&|[r, g, b, a]| [r, g, b].map(|v| part(v, 255 - a / 2)).to_vec()),
        _ if has_alpha(format) => decoded(&|[r, g, b, a]| [r, g, b].map(|v| white(v, a)).to_vec()),
        _ => rgb.clone(),
    };
    (data, expected)
}

fn has_alpha(format: PixelFormat) -> bool {
    ["Rgba", "Bgra", "Argb", "Abgr"].iter().any(|order| format!("{format:?}").starts_with(order))
}

/// YCbCr of JFIF, chroma the mean of the pixels that share it.
fn components(rgb: &Picture, format: PixelFormat) -> Vec<u8> {
    let (width, height) = (rgb.width as usize, rgb.height as usize);
    let (across, down) = match format {
        PixelFormat::YcbcrPlanar422 => (2, 1),
        PixelFormat::YcbcrPlanar420 | PixelFormat::Nv12 => (2, 2),
        _ => (1, 1),
    };
    let mean = |weights: [f64; 3], offset: f64, (x, y): (usize, usize), (across, down): (usize, usize)| {
        let (mut sum, mut count) = (0.0, 0.0);
        for y in y..(y + down).min(height) {
            for x in x..(x + across).min(width) {
                let pixel = &rgb.data[(y * width + x) * 3..][..3];
                sum += pixel.iter().zip(weights).map(|(&v, weight)| f64::from(v) * weight).sum::<f64>();
                count += 1.0;
            }
        }
        (sum / count + offset).round().clamp(0.0, 255.0) as u8
    };
    let places = |across: usize, down: usize| {
        (0..height).step_by(down).flat_map(move |y| (0..width).step_by(across).map(move |x| (x, y)))
    };
    let luma: Vec<u8> = places(1, 1).map(|at| mean([0.299, 0.587, 0.114], 0.0, at, (1, 1))).collect();
    let chroma =
        |weights| -> Vec<u8> { places(across, down).map(|at| mean(weights, 128.0, at, (across, down))).collect() };
    let (cb, cr) = (chroma([-0.168_736, -0.331_264, 0.5]), chroma([0.5, -0.418_688, -0.081_312]));
    match format {
        PixelFormat::Ycbcr8 => luma.iter().zip(&cb).zip(&cr).flat_map(|((&y, &b), &r)| [y, b, r]).collect(),
        PixelFormat::Nv12 => [luma, cb.iter().zip(&cr).flat_map(|(&b, &r)| [b, r]).collect()].concat(),
        _ => [luma, cb, cr].concat(),
    }
}
