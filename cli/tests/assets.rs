//! The committed samples are what the example renders.

#[path = "../examples/render_samples/scene.rs"]
mod scene;
mod support;

use std::fs;

use cosimg::Limits;
use cosimg::jpeg;
use scene::{HEIGHT, Light, WIDTH};
use support::asset;

/// Bytes that a sample may have.
const SIZE: usize = 300_000;

/// Rows that are compared: enough to see any change of the scene, few enough for an unoptimised build.
fn rows() -> impl Iterator<Item = u32> {
    (0..HEIGHT).step_by(16)
}

fn row_of(samples: &[u8], y: u32) -> &[u8] {
    let length = WIDTH as usize * 3;
    &samples[y as usize * length..][..length]
}

#[test]
fn the_png_has_the_pixels_of_the_scene() {
    let bytes = fs::read(asset("sample.png")).unwrap();
    assert!(bytes.len() < SIZE);
    let image = image::load_from_memory(&bytes).unwrap().into_rgb8();
    assert_eq!(image.dimensions(), (WIDTH, HEIGHT));
    for y in rows() {
        assert!(row_of(image.as_raw(), y) == scene::row(Light::Day, y), "row {y}: run the example render_samples");
    }
}

#[test]
fn the_jpeg_is_baseline_with_exif_and_shows_the_scene() {
    let bytes = fs::read(asset("sample.jpg")).unwrap();
    assert!(bytes.len() < SIZE);
    let inspection = jpeg::inspect(&bytes, &Limits::default()).unwrap();
    assert_eq!((inspection.sof, inspection.width, inspection.height), (0, WIDTH, HEIGHT));
    assert_eq!((inspection.components[0].horizontal, inspection.components[0].vertical), (2, 2));
    assert!(inspection.metadata.iter().any(|segment| segment.kind == "Exif"));

    let cursor = zune_jpeg::zune_core::bytestream::ZCursor::new(&bytes);
    let decoded = zune_jpeg::JpegDecoder::new(cursor).decode().unwrap();
    for y in rows() {
        let (shown, rendered) = (row_of(&decoded, y), scene::row(Light::Dusk, y));
        let squares: u64 = shown.iter().zip(&rendered).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum();
        // 35 dB: coarser than the encoder at quality 95, and far finer than any other picture.
        assert!(squares / (rendered.len() as u64) < 20, "row {y}: run the example render_samples");
    }
}
