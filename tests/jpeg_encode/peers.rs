//! libjpeg-turbo reads every file without a warning, and its own files are no better.
//!
//! The tests need `cjpeg` and `djpeg`; without them they say that they skip, or fail where `COSIMG_GATE` is 1. Photos
//! come from `COSIMG_SHARED`; one by default, three where `COSIMG_GATE` is 1.

use std::ffi::OsStr;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use cosimg::jpeg::{Coding, Encoder, PixelFormat, Subsampling};

use crate::common::machine::{gate, missing};
use crate::{FORMATS, PRESETS, Picture, SUBSAMPLINGS, encoder};

#[test]
fn djpeg_reads_every_size_without_a_warning() {
    if !has_tools() {
        return;
    }
    // Each width and each height from 1 to 70, each with another turn of format, sampling, coding and quality.
    for i in 0..70 {
        let (width, height) = (i as u32 + 1, i as u32 * 37 % 70 + 1);
        let subsampling = SUBSAMPLINGS[i % 3];
        let coding = [Coding::Progressive, Coding::Baseline][i % 2];
        let quality = [1, 50, 85, 97, 100][i % 5];
        let source = Picture::waves(width, height).to(FORMATS[i / 3 % 3]);
        let file = source.encode(&encoder(quality).subsampling(subsampling).coding(coding));
        let decoded = djpeg(&file);
        assert_eq!((decoded.width, decoded.height), (width, height));
        if source.format != PixelFormat::Rgba8 && quality > 90 {
            let psnr = source.psnr(&decoded);
            assert!(psnr > 34.0, "{width}x{height} {subsampling:?} {coding:?}: {psnr:.1} dB");
        }
    }
}

#[test]
fn smaller_than_cjpeg_at_equal_psnr_of_luma() {
    if !has_tools() {
        return;
    }
    let gray = Picture::scene(320, 240).to(PixelFormat::Gray8);
    for preset in PRESETS {
        let growth = growth(&gray, &cjpeg(&gray, 80, "1x1"), &encoder(80).preset(preset));
        assert!(growth < 0.0, "grey, {preset:?}: {:+.1} %", 100.0 * growth);
    }
    let mut sources = vec![("scene".to_owned(), Picture::scene(320, 240))];
    sources.extend(photos());
    for (name, source) in sources {
        for (subsampling, sample) in [(Subsampling::S420, "2x2"), (Subsampling::S444, "1x1")] {
            let theirs = cjpeg(&source, 80, sample);
            for preset in PRESETS {
                let growth = growth(&source, &theirs, &encoder(80).preset(preset).subsampling(subsampling));
                println!("{name} {subsampling:?} {preset:?}: {:+.1} % bytes", 100.0 * growth);
                assert!(growth < 0.0, "{name} {subsampling:?} {preset:?} is larger");
            }
        }
    }
}

/// How much larger than a file our own is of equal PSNR, between the two of our qualities around it.
fn growth(source: &Picture, theirs: &[u8], encoder: &Encoder) -> f64 {
    let wanted = luma_psnr(source, &djpeg(theirs));
    let point = |quality: u8| {
        let file = source.encode(&encoder.clone().quality(quality).unwrap());
        (luma_psnr(source, &djpeg(&file)), (file.len() as f64).ln())
    };
    let (mut low, mut high) = (point(50), point(97));
    for quality in [65, 75, 85] {
        let point = point(quality);
        if point.0 <= wanted {
            low = point
        } else if point.0 < high.0 {
            high = point
        }
    }
    let ours = low.1 + (high.1 - low.1) * (wanted - low.0) / (high.0 - low.0);
    (ours - (theirs.len() as f64).ln()).exp_m1()
}

/// In dB, of grey pictures or of the luma of others.
fn luma_psnr(a: &Picture, b: &Picture) -> f64 {
    let luma = |p: &Picture| -> Vec<f64> {
        match p.format {
            PixelFormat::Gray8 => p.data.iter().map(|&v| f64::from(v)).collect(),
            _ => p
                .data
                .chunks(3)
                .map(|c| 0.299 * f64::from(c[0]) + 0.587 * f64::from(c[1]) + 0.114 * f64::from(c[2]))
                .collect(),
        }
    };
    let (a, b) = (luma(a), luma(b));
    let squares: f64 = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum();
    10.0 * (255.0_f64.powi(2) * a.len() as f64 / squares).log10()
}

pub(crate) fn has_tools() -> bool {
    !missing("cjpeg") && !missing("djpeg")
}

/// Photos of the corpus.
pub(crate) fn photos() -> Vec<(String, Picture)> {
    let shared = std::env::var_os("COSIMG_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folders = ["kodak"];
    let mut files: Vec<PathBuf> = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(shared.join("corpus/photos").join(folder)).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension() == Some(OsStr::new("png")))
        .collect();
    files.sort();
    if files.is_empty() {
        eprintln!("skipped the photos: none in {}", shared.display());
    }
    files.truncate(if gate() { 3 } else { 1 });
    files
        .into_iter()
        .map(|path| {
            let photo = image::open(&path).unwrap().to_rgb8();
            let (width, height) = photo.dimensions();
            let picture = Picture { width, height, format: PixelFormat::Rgb8, data: photo.into_raw() };
            (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), picture)
        })
        .collect()
}

/// What cjpeg makes of a picture, progressive.
fn cjpeg(source: &Picture, quality: u8, sample: &str) -> Vec<u8> {
    let magic = if source.format == PixelFormat::Gray8 { "P5" } else { "P6" };
    let mut pnm = format!("{magic}\n{} {}\n255\n", source.width, source.height).into_bytes();
    pnm.extend_from_slice(&source.data);
    let arguments = ["-quality", &quality.to_string(), "-sample", sample, "-progressive", "-optimize"];
    run(Command::new("cjpeg").args(arguments), &pnm)
}

/// Decodes with libjpeg-turbo, which must have nothing to say.
pub(crate) fn djpeg(file: &[u8]) -> Picture {
    let pnm = run(Command::new("djpeg").arg("-pnm"), file);
    let mut words = pnm.splitn(4, |b| b.is_ascii_whitespace());
    let mut word = || words.next().unwrap();
    let format = if word() == b"P5" { PixelFormat::Gray8 } else { PixelFormat::Rgb8 };
    let mut number = || std::str::from_utf8(word()).unwrap().parse().unwrap();
    let (width, height): (u32, u32) = (number(), number());
    let data = word().strip_prefix(b"255\n").unwrap().to_vec();
    Picture { width, height, format, data }
}

fn run(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output().unwrap()
    });
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && message.is_empty(), "{command:?}: {message}");
    output.stdout
}
