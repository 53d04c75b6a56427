//! Files that reach a score.

use std::num::NonZeroUsize;

use cosimg::jpeg::{Coding, Encoder, PixelFormat, QuantTables, Subsampling};
use cosimg::{Cancel, Error, ErrorKind, Limits};
use fast_ssim2::{PixelDescriptor, PixelSlice};

use crate::peers::{djpeg, has_tools};
use crate::progress::telling;
use crate::{PRESETS, Picture, decode, encoder};

/// What another decoder may take from a score or add to it, by its own way of bringing chroma back to full size.
const DECODERS: f64 = 0.5;

/// The score of a picture in RGB beside its source.
pub(crate) fn score(source: &Picture, decoded: &Picture) -> f64 {
    let [source, decoded] = [source, decoded].map(|picture| {
        let stride = picture.width as usize * 3;
        PixelSlice::new(&picture.data, picture.width, picture.height, stride, PixelDescriptor::RGB8_SRGB).unwrap()
    });
    fast_ssim2::compute_ssimulacra2(&source, &decoded).unwrap()
}

fn scoring(target: f64) -> Encoder {
    Encoder::default().target_ssimulacra2(target).unwrap()
}

#[test]
fn the_least_quality_that_reaches_it_and_the_file_of_that_quality() {
    let scene = Picture::scene(150, 110);
    for (preset, subsampling) in PRESETS.into_iter().zip([Subsampling::S420, Subsampling::S422, Subsampling::S444]) {
        let with = |encoder: Encoder| encoder.preset(preset).subsampling(subsampling);
        let files: Vec<_> = (1..=100).map(|quality| scene.encode(&with(encoder(quality)))).collect();
        let scores: Vec<_> = files.iter().map(|file| score(&scene, &decode(file))).collect();
        for target in [0.0, 25.0, 50.0, 75.0, 85.0, scores[99].floor()] {
            let file = scene.encode(&with(scoring(target)));
            let reaches = |i: usize| scores[i] >= target;
            let is_least = |i: usize| files[i] == file && reaches(i) && (i == 0 || !reaches(i - 1));
            assert!((0..100).any(is_least), "{preset:?}, {target}: {:.2}", score(&scene, &decode(&file)));
            if has_tools() {
                let (by_zune, by_libjpeg) = (score(&scene, &decode(&file)), score(&scene, &djpeg(&file)));
                println!("{preset:?} {subsampling:?} {target}: {by_zune:.2}, {by_libjpeg:.2} by libjpeg-turbo");
                assert!(by_libjpeg > target - DECODERS, "{preset:?}, {target}: {by_libjpeg:.2} by libjpeg-turbo");
            }
        }
        let error = with(scoring(scores[99] + 0.01)).encode(&scene.image()).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("target_ssimulacra2")));
        assert!(error.message().contains(&format!("is {:.2},", scores[99])), "{error}");
    }
}

#[test]
fn the_subsampling_that_is_chosen_gives_the_smaller_file() {
    let stripes = Picture::rgb(96, 80, |x, y| if (x * 3 + y) % 7 < 2 { [220, 0, 0] } else { [255; 3] });
    for (picture, target) in [(Picture::scene(120, 90), 60.0), (Picture::scene(120, 90), 85.0), (stripes, 75.0)] {
        let of = |form| scoring(target).subsampling(form).encode(&picture.image());
        let files = [of(Subsampling::S420), of(Subsampling::S444)];
        let smaller = files.into_iter().flatten().min_by_key(Vec::len).unwrap();
        assert!(of(Subsampling::Auto).unwrap() == smaller, "{target}");
    }
}

#[test]
fn every_way_to_the_same_file() {
    let scene = Picture::scene(100, 90);
    for format in [PixelFormat::Gray8, PixelFormat::Rgb8, PixelFormat::Rgba8] {
        let source = scene.to(format);
        for plain in [
            scoring(60.0).subsampling(Subsampling::Auto),
            scoring(60.0).coding(Coding::Smaller).comment("not of the picture"),
            scoring(60.0).threads(NonZeroUsize::new(3).unwrap()),
        ] {
            let file = source.encode(&plain);
            assert!(source.encode(&plain.clone().threads(NonZeroUsize::MIN)) == file, "{format:?}");
            let mut rows = plain.rows(source.width, source.height, format).unwrap();
            source.data.chunks(777).for_each(|part| rows.push(part).unwrap());
            assert!(rows.finish().unwrap() == file, "{format:?}");
            let (telling, told) = telling(&plain, usize::MAX);
            let mut pieces = Vec::new();
            let mut take = |piece: &[u8]| {
                pieces.extend_from_slice(piece);
                Ok(())
            };
            telling.encode_to(&source.image(), &mut take).unwrap();
            assert!(pieces == file, "{format:?}");
            let told = told.lock().unwrap();
            assert!(told.len() > 7 && told.is_sorted_by(|a, b| a.0 < b.0), "{told:?}");
            assert!(told.last().is_some_and(|(done, total)| done == total), "{told:?}");
        }
    }
}

#[test]
fn pixels_of_other_forms() {
    let scene = Picture::scene(60, 50);
    let file = scene.encode(&scoring(60.0));
    let deep: Vec<u8> = scene.data.iter().flat_map(|&v| [v, v]).collect();
    let bgra: Vec<u8> = scene.data.chunks(3).flat_map(|p| [p[2], p[1], p[0], 255]).collect();
    for (data, format) in [(deep, PixelFormat::Rgb16), (bgra, PixelFormat::Bgra8)] {
        assert!(Picture { data, format, ..scene }.encode(&scoring(60.0)) == file, "{format:?}");
    }
    // What is under alpha counts as it is seen.
    let background = [20, 200, 90];
    let clear = scene.to(PixelFormat::Rgba8);
    let flat = clear.flattened(background);
    let full = scoring(60.0).subsampling(Subsampling::S444);
    let laid_over = clear.encode(&full.clone().background(background));
    assert!(score(&flat, &decode(&laid_over)) >= 60.0);
    for (width, height) in [(1, 1), (3, 7), (8, 1)] {
        let tiny = Picture::scene(width, height);
        assert!(score(&tiny, &decode(&tiny.encode(&full))) >= 60.0, "{width}x{height}");
    }
}

#[test]
fn what_cannot_be_asked_for() {
    for wrong in [-0.5, 100.5, f64::NAN, f64::INFINITY] {
        let error = Encoder::default().target_ssimulacra2(wrong).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Usage, Some("target_ssimulacra2")), "{wrong}");
    }
    let scene = Picture::scene(64, 48);
    let is = |error: &Error, kind, field| assert_eq!((error.kind(), error.field()), (kind, Some(field)), "{error}");
    for encoder in [scoring(60.0).target_bytes(5000), scoring(60.0).tables(QuantTables::annex_k(80).unwrap())] {
        is(&encoder.encode(&scene.image()).unwrap_err(), ErrorKind::Usage, "target_ssimulacra2");
        is(&encoder.rows(64, 48, PixelFormat::Rgb8).unwrap_err(), ErrorKind::Usage, "target_ssimulacra2");
    }
    for format in [PixelFormat::Ycbcr8, PixelFormat::Cmyk8] {
        is(&scoring(60.0).rows(64, 48, format).unwrap_err(), ErrorKind::Unsupported, "format");
    }
    let cancel = Cancel::new();
    cancel.trigger();
    let error = scoring(60.0).cancel(cancel).encode(&scene.image()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    for most in [1, 10, 40] {
        let (encoder, _) = telling(&scoring(60.0), most);
        is(&encoder.encode(&scene.image()).unwrap_err(), ErrorKind::Cancelled, "progress");
    }
}

#[test]
fn memory_is_what_the_limit_is_told() {
    let noise = |x: u32, y: u32| (x * 7919 + y * 104_729).wrapping_mul(2_654_435_769).to_be_bytes();
    let scene = Picture::rgb(500, 400, |x, y| [noise(x, y)[0], noise(x, y)[1], noise(x, y)[2]]);
    let pixels = 500 * 400;
    let with_memory = |memory| {
        let mut limits = Limits::default();
        limits.memory = memory;
        scoring(60.0).subsampling(Subsampling::S444).limits(limits)
    };
    // Of each pixel the coefficients, and what scores take. Samples in work are a few rows.
    let enough = (6 + 130) * pixels + (1 << 20);
    for encoder in [with_memory(enough - (1 << 20)), with_memory(enough - (1 << 20)).subsampling(Subsampling::Auto)] {
        let errors = [encoder.encode(&scene.image()).err(), encoder.rows(500, 400, PixelFormat::Rgb8).err()];
        for error in errors.map(Option::unwrap) {
            assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("memory")), "{error}");
        }
    }
    let most = allocation_counter::measure(|| drop(with_memory(enough).encode(&scene.image()).unwrap())).bytes_max;
    println!("{:.1} bytes a pixel", most as f64 / pixels as f64);
    assert!(most <= enough, "{most} bytes");
}
