//! What an encoder takes of memory at a time, for each pixel, the result included: the coefficients, which are 2 bytes
//! for each sample, and the tokens of the scans or the result, whatever is in the picture. The pixels are the caller's.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

use std::num::NonZeroUsize;

use cosimg::Limits;
use cosimg::jpeg::{Encoder, Image, PixelFormat, Preset, Subsampling};

const WIDTH: u32 = 800;
const HEIGHT: u32 = 600;
/// What does not grow with the height of the picture: tables, what the scans have each, and the samples in work.
const FIXED: u64 = 1 << 20;

/// From a plain picture to nothing but noise.
fn picture(noise: u32) -> Vec<u8> {
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) * noise / 256
    };
    (0..WIDTH * HEIGHT)
        .flat_map(|i| [i % WIDTH / 8, i / WIDTH / 8, 60].map(|v| (v + random()).min(255) as u8))
        .collect()
}

#[test]
fn memory_is_bounded_by_the_pixels() {
    let pixels = u64::from(WIDTH * HEIGHT);
    for (content, noise) in [("plain", 0), ("usual", 24), ("noise", 256)] {
        let data = picture(noise);
        let image = Image::new(&data, WIDTH, HEIGHT, PixelFormat::Rgb8).unwrap();
        for (preset, subsampling, tenths) in [
            (Preset::Balanced, Subsampling::S444, 95),
            (Preset::Fast, Subsampling::S444, 95),
            (Preset::Small, Subsampling::S444, 95),
            (Preset::Balanced, Subsampling::S420, 50),
        ] {
            let encoder = Encoder::new(preset).subsampling(subsampling);
            let whole = allocation_counter::measure(|| drop(encoder.encode(&image).unwrap())).bytes_max;
            let pieces = allocation_counter::measure(|| encoder.encode_to(&image, |_| Ok(())).unwrap()).bytes_max;
            let per_pixel = |bytes: u64| bytes as f64 / pixels as f64;
            let name = format!("{content}, {preset:?}, {subsampling:?}");
            println!("{name}: {:.2}, in pieces {:.2} bytes a pixel", per_pixel(whole), per_pixel(pieces));
            let most = pixels * tenths / 10 + FIXED;
            assert!(whole <= most && pieces <= whole, "{name}: {whole} and {pieces} bytes, {most} are allowed");
        }
    }
}

/// Where one thread has just the memory that it needs, or a little more, two do with it, however they fall.
#[test]
fn threads_need_no_more() {
    let data = picture(200);
    let image = Image::new(&data, WIDTH, HEIGHT, PixelFormat::Rgb8).unwrap();
    for preset in [Preset::Fast, Preset::Balanced] {
        let encoder = Encoder::new(preset).subsampling(Subsampling::S444).quality(95).unwrap();
        let within = |memory: u64, threads: usize| {
            let mut limits = Limits::default();
            limits.memory = memory;
            encoder.clone().limits(limits).threads(NonZeroUsize::new(threads).unwrap()).encode(&image)
        };
        let file = encoder.encode(&image).unwrap();
        let (mut least, mut most) = (1 << 20, 1 << 25);
        while most - least > 1 << 10 {
            let middle = (least + most) / 2;
            if within(middle, 1).is_ok() { most = middle } else { least = middle }
        }
        for more in [0, 0, 10_000, 100_000, 500_000, 1 << 20, 1 << 21] {
            for _ in 0..3 {
                let made = within(most + more, 2);
                assert!(made.is_ok_and(|made| made == file), "{preset:?}, {most} and {more} bytes");
            }
        }
    }
}
