//! More threads give the same file, the same errors, and end as soon.

use std::num::NonZeroUsize;

use cosimg::jpeg::{Coding, Encoder, Image, Mode, PixelFormat, RestartInterval, Subsampling};
use cosimg::{Cancel, ErrorKind, Limits};

use crate::{PRESETS, Picture, SUBSAMPLINGS, encoder};

fn with(encoder: &Encoder, threads: usize) -> Encoder {
    encoder.clone().threads(NonZeroUsize::new(threads).unwrap())
}

#[track_caller]
fn assert_same(image: &Image<'_>, encoder: &Encoder) {
    let one = encoder.encode(image).unwrap();
    for threads in [2, 3, 5, 100] {
        assert!(with(encoder, threads).encode(image).unwrap() == one, "{image:?}, {threads} threads, {encoder:?}");
    }
}

#[test]
fn every_preset_sampling_and_layout() {
    // Heights that end just after an MCU row, just before the next, and one that is a single row of pixels.
    for (width, height) in [(150, 209), (33, 177), (90, 160), (70, 1)] {
        let scene = Picture::scene(width, height);
        for preset in PRESETS {
            for subsampling in SUBSAMPLINGS {
                assert_same(&scene.image(), &encoder(85).preset(preset).subsampling(subsampling));
            }
            assert_same(&scene.to(PixelFormat::Gray8).image(), &encoder(85).preset(preset));
            assert_same(&scene.to(PixelFormat::Rgba8).image(), &encoder(85).preset(preset));
        }
        for coding in [Coding::Baseline, Coding::Smaller] {
            assert_same(&scene.image(), &encoder(85).coding(coding));
        }
        for mode in [Mode::Display, Mode::Fast, Mode::Small] {
            assert_same(&scene.image(), &encoder(85).mode(mode));
        }
        assert_same(&scene.image(), &encoder(85).comment("first").target_bytes(4000));
    }
}

#[test]
fn every_kind_of_format() {
    let noise: Vec<u8> = (0..96 * 200 * 12).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for format in [
        PixelFormat::Rgb16,
        PixelFormat::Cmyk8,
        PixelFormat::Ycbcr8,
        PixelFormat::YcbcrPlanar422,
        PixelFormat::YcbcrPlanar420,
        PixelFormat::Nv12,
    ] {
        let bytes = match format {
            PixelFormat::YcbcrPlanar422 => 2 * 95 * 199 + 199,
            PixelFormat::YcbcrPlanar420 | PixelFormat::Nv12 => 95 * 199 + 2 * 48 * 100,
            _ => 95 * 199 * format.bytes(),
        };
        let image = Image::new(&noise[..bytes], 95, 199, format).unwrap();
        assert_same(&image, &encoder(70).dither(true));
    }
}

/// Pictures of so many rows that threads share them once more when the scans are made.
#[test]
fn tall_pictures() {
    for (width, height, subsampling) in [(40, 1100, Subsampling::S420), (61, 300, Subsampling::S444)] {
        let scene = Picture::scene(width, height);
        let encoder = encoder(75).subsampling(subsampling);
        for preset in PRESETS {
            assert_same(&scene.image(), &encoder.clone().preset(preset));
            assert_same(&scene.to(PixelFormat::Gray8).image(), &encoder.clone().preset(preset));
        }
        for interval in [RestartInterval::Mcus(5), RestartInterval::Rows(1), RestartInterval::Rows(7)] {
            for mode in [Mode::Display, Mode::Fast, Mode::Small] {
                assert_same(&scene.image(), &encoder.clone().mode(mode).restart_interval(interval));
            }
            assert_same(&scene.image(), &encoder.clone().coding(Coding::Smaller).restart_interval(interval));
        }
    }
}

#[test]
fn rows_as_they_come() {
    let scene = Picture::scene(120, 150);
    let one = scene.encode(&encoder(85));
    let mut rows = with(&encoder(85), 3).rows(120, 150, PixelFormat::Rgb8).unwrap();
    scene.data.chunks(1000).for_each(|part| rows.push(part).unwrap());
    assert!(rows.finish().unwrap() == one);
}

#[test]
fn the_flag_holds() {
    let cancel = Cancel::new();
    cancel.trigger();
    let error = with(&encoder(85).cancel(cancel), 3).encode(&Picture::scene(150, 209).image()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[test]
fn they_need_no_more_memory_than_one() {
    let scene = Picture::scene(150, 209);
    let encoder = encoder(95).subsampling(Subsampling::S444);
    for encoder in [encoder.clone(), encoder.clone().mode(Mode::Small), encoder.target_bytes(9_000)] {
        let (mut refused, mut done) = (0, 0);
        for memory in (50_000..800_000).step_by(10_000) {
            let mut limits = Limits::default();
            limits.memory = memory;
            let encoder = encoder.clone().limits(limits);
            match encoder.encode(&scene.image()) {
                Ok(one) => {
                    for threads in [2, 3, 64] {
                        let more = with(&encoder, threads).encode(&scene.image());
                        assert!(more.as_ref() == Ok(&one), "{threads} threads, {memory} bytes, {encoder:?}");
                    }
                    done += 1;
                }
                Err(error) => {
                    assert_eq!(error.field(), Some("memory"));
                    refused += 1;
                }
            }
        }
        assert!(refused > 0 && done > 0);
    }
}
