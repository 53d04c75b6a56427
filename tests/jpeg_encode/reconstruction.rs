//! Decoders give the pixels that a file means: those of a reconstruction in plain numbers, made by T.81, JFIF and
//! Adobe's notes from what the tests' own reader finds in the file, and from nothing in `src`.

use std::array;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

use cosimg::jpeg::{Coding, PixelFormat, Preset, QuantTables, Subsampling};

use crate::common::decode::decode as read;
use crate::common::picture::{self, Block, Component};
use crate::peers::{djpeg, has_tools};
use crate::{PRESETS, Picture, decode, encoder};

const FORMS: [(PixelFormat, Subsampling); 6] = [
    (PixelFormat::Gray8, Subsampling::S444),
    (PixelFormat::Rgb8, Subsampling::S444),
    (PixelFormat::Rgb8, Subsampling::S422),
    (PixelFormat::Rgb8, Subsampling::S420),
    (PixelFormat::Cmyk8, Subsampling::S444),
    (PixelFormat::Cmyk8, Subsampling::S420),
];

#[test]
fn decoders_agree_with_the_reconstruction() {
    let with_djpeg = has_tools();
    for (name, rgb) in pictures() {
        for (format, subsampling) in FORMS {
            let source = in_format(&rgb, format);
            for (coding, preset, quality) in settings() {
                let encoder = encoder(quality).preset(preset).subsampling(subsampling).coding(coding);
                let what = format!("{name} {format:?} {subsampling:?} {coding:?} {preset:?} {quality}");
                let file = source.encode(&encoder);
                let own = read(&file).unwrap().picture;
                agree(&reconstruct(&own), &file, (format, subsampling), with_djpeg, &what);

                // Steps that are given are known from elsewhere than the file.
                let (luma, chroma) = (own.components[0].quant, own.components[own.components.len().min(3) - 1].quant);
                let tables = QuantTables::new(&row_by_row(&luma), &row_by_row(&chroma)).unwrap();
                let file = source.encode(&encoder.tables(tables));
                let mut given = read(&file).unwrap().picture;
                for (i, component) in given.components.iter_mut().enumerate() {
                    component.quant = if i == 1 || i == 2 { chroma } else { luma };
                }
                agree(&reconstruct(&given), &file, (format, subsampling), with_djpeg, &format!("{what}, tables given"));
                assert_eq!(read(&file).unwrap().picture.difference(&given), None, "{what}, tables given");
            }
        }
    }
}

/// Decoders are within 1 of a component by their integers, and red and blue take up to 1.8 times what chroma is off. On
/// average they are off by what they round: little where they do it once, half a level where they interpolate or mix
/// inks. Where zune-jpeg interpolates, what it rounds may come together in one value.
fn agree(ours: &Picture, file: &[u8], form: (PixelFormat, Subsampling), with_djpeg: bool, what: &str) {
    let (most, mean) = match form {
        (PixelFormat::Gray8, _) => (1, 0.1),
        (PixelFormat::Rgb8, Subsampling::S444) => (3, 0.1),
        _ => (3, 0.7),
    };
    let decoders = [("zune-jpeg", Some(decode(file))), ("djpeg", with_djpeg.then(|| djpeg(file)))];
    for (decoder, theirs) in decoders.into_iter().filter_map(|(name, theirs)| Some((name, theirs?))) {
        assert_eq!((ours.width, ours.height, ours.format), (theirs.width, theirs.height, theirs.format), "{what}");
        let off = || ours.data.iter().zip(&theirs.data).map(|(a, b)| a.abs_diff(*b));
        let average = off().map(f64::from).sum::<f64>() / ours.data.len() as f64;
        let spare = u8::from(
            decoder == "zune-jpeg" && matches!(form, (PixelFormat::Rgb8, Subsampling::S422 | Subsampling::S420)),
        );
        assert!(off().max() <= Some(most + spare), "{decoder}, {what}: off by {:?}", off().max());
        let further = off().filter(|&off| off > most).count();
        assert!(further <= spare.into(), "{decoder}, {what}: {further} values are off by more than {most}");
        assert!(average <= mean, "{decoder}, {what}: off by {average:.3} on average");
    }
}

fn settings() -> impl Iterator<Item = (Coding, Preset, u8)> {
    let codings = [Coding::Progressive, Coding::Baseline].into_iter();
    codings.flat_map(|c| PRESETS.into_iter().flat_map(move |p| [20, 75, 95].map(|q| (c, p, q))))
}

/// Smooth, busy, and full of edges that decoders clip. The chroma of the last ends with a block below, as zune-jpeg
/// interpolates the last row with what pads its block, and libjpeg does not.
fn pictures() -> [(&'static str, Picture); 3] {
    let bars = |x: u32, y: u32| [x / 5 + y / 7, x / 3, y / 4].map(|n| if n % 2 == 0 { 0 } else { 255 });
    [("waves", Picture::waves(53, 38)), ("scene", Picture::scene(45, 51)), ("bars", Picture::rgb(39, 48, bars))]
}

fn in_format(rgb: &Picture, format: PixelFormat) -> Picture {
    if format != PixelFormat::Cmyk8 {
        return rgb.to(format);
    }
    let data = rgb.data.chunks_exact(3).flat_map(|p| [255 - p[0], 255 - p[1], 255 - p[2], p[2] / 3]).collect();
    Picture { format, data, ..*rgb }
}

fn row_by_row(zigzagged: &[u16; 64]) -> [u16; 64] {
    let mut table = [0; 64];
    zigzag().into_iter().zip(zigzagged).for_each(|(place, &step)| table[place] = step);
    table
}

/// The pixels of a picture of coefficients.
fn reconstruct(picture: &picture::Picture) -> Picture {
    let most = |of: fn(&Component) -> usize| picture.components.iter().map(of).max().unwrap();
    let (h_max, v_max) = (most(|c| c.horizontal), most(|c| c.vertical));
    let planes: Vec<Plane> = picture
        .components
        .iter()
        .map(|c| {
            let size = (picture.width.div_ceil(h_max / c.horizontal), picture.height.div_ceil(v_max / c.vertical));
            Plane::new(c, size, (h_max / c.horizontal, v_max / c.vertical))
        })
        .collect();
    let places = (0..picture.height).flat_map(|y| (0..picture.width).map(move |x| (x, y)));
    let pixels = places.map(|at| planes.iter().map(|plane| plane.at(at)).collect::<Vec<f64>>());
    let data = pixels.flat_map(|samples| colour(&samples)).map(|v| v.round().clamp(0.0, 255.0) as u8).collect();
    let format = if planes.len() == 1 { PixelFormat::Gray8 } else { PixelFormat::Rgb8 };
    Picture { width: picture.width as u32, height: picture.height as u32, format, data }
}

/// JFIF's YCbCr to RGB; of four components, the first three so are inks, and the fourth what black leaves of light.
fn colour(samples: &[f64]) -> Vec<f64> {
    let &[y, cb, cr, ref black @ ..] = samples else { return samples.to_vec() };
    let (cb, cr) = (cb - 128.0, cr - 128.0);
    let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
    match black {
        [] => rgb.to_vec(),
        [black, ..] => rgb.map(|ink| (255.0 - ink.clamp(0.0, 255.0)) * black / 255.0).to_vec(),
    }
}

/// The samples of a component, of 8 bits as decoders hold them.
struct Plane {
    width: usize,
    height: usize,
    /// How many pixels share a sample, across and down.
    shared: (usize, usize),
    samples: Vec<f64>,
}

impl Plane {
    fn new(component: &Component, (width, height): (usize, usize), shared: (usize, usize)) -> Self {
        let blocks: Vec<_> = component.blocks.iter().map(|block| inverse_dct(block, &component.quant)).collect();
        let sample = |x: usize, y: usize| blocks[y / 8 * component.wide + x / 8][y % 8][x % 8];
        let samples = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| sample(x, y)).collect();
        Self { width, height, shared, samples }
    }

    /// At a pixel: where it has no sample of its own, straight between the nearest ones, whose centres lie between
    /// pixels.
    fn at(&self, (x, y): (usize, usize)) -> f64 {
        let (columns, rows) = (around(x, self.shared.0, self.width), around(y, self.shared.1, self.height));
        let row = |y: usize| {
            0.75 * self.samples[y * self.width + columns[0]] + 0.25 * self.samples[y * self.width + columns[1]]
        };
        0.75 * row(rows[0]) + 0.25 * row(rows[1])
    }
}

/// The nearest sample and the next but one, of those that one or two pixels share.
fn around(pixel: usize, shared: usize, samples: usize) -> [usize; 2] {
    let near = pixel / shared;
    match (shared, pixel % 2) {
        (1, _) => [near, near],
        (_, 0) => [near, near.saturating_sub(1)],
        (_, _) => [near, (near + 1).min(samples - 1)],
    }
}

/// T.81 A.3.3 and A.3.1: dequantised, transformed, shifted.
pub(super) fn inverse_dct(block: &Block, quant: &[u16; 64]) -> [[f64; 8]; 8] {
    let mut coefficients = [[0.0; 8]; 8];
    for (place, (&level, &step)) in zigzag().into_iter().zip(block.iter().zip(quant)) {
        coefficients[place / 8][place % 8] = f64::from(level) * f64::from(step);
    }
    let basis = |x: usize, u: usize| {
        let scale = if u == 0 { FRAC_1_SQRT_2 } else { 1.0 };
        scale / 2.0 * ((2 * x + 1) as f64 * u as f64 * PI / 16.0).cos()
    };
    let basis: [[f64; 8]; 8] = array::from_fn(|x| array::from_fn(|u| basis(x, u)));
    let line = |values: &dyn Fn(usize) -> f64, x: usize| (0..8).map(|u| values(u) * basis[x][u]).sum::<f64>();
    let across: [[f64; 8]; 8] = array::from_fn(|v| array::from_fn(|x| line(&|u| coefficients[v][u], x)));
    array::from_fn(|y| array::from_fn(|x| (line(&|v| across[v][x], y) + 128.0).round().clamp(0.0, 255.0)))
}

/// T.81 figure 5: the place in a block, row by row, of each coefficient in zigzag order.
fn zigzag() -> [usize; 64] {
    let mut places: [usize; 64] = array::from_fn(|i| i);
    places.sort_by_key(|place| {
        let (x, y) = (place % 8, place / 8);
        (x + y, if (x + y) % 2 == 0 { x } else { y })
    });
    places
}
