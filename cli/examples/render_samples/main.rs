//! Renders the two pictures that the demo serves: `cargo run --release -p cosimg-cli --example render_samples`
//! writes them into `cli/assets`. `cli/tests/assets.rs` holds the committed files to it.

mod scene;

use std::error::Error;
use std::fs;
use std::path::Path;

use cosimg::jpeg::{Coding, Encoder, Image, PixelFormat};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use scene::{HEIGHT, Light, WIDTH};

fn main() -> Result<(), Box<dyn Error>> {
    let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    fs::create_dir_all(&assets)?;

    let day = scene::render(Light::Day);
    let mut png = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::Adaptive);
    encoder.write_image(&day, WIDTH, HEIGHT, ExtendedColorType::Rgb8)?;
    fs::write(assets.join("sample.png"), &png)?;

    // As from a camera: baseline, 4:2:0, with Exif.
    let dusk = scene::render(Light::Dusk);
    let image = Image::new(&dusk, WIDTH, HEIGHT, PixelFormat::Rgb8)?;
    let jpeg = Encoder::default().quality(95)?.coding(Coding::Baseline).exif(exif()).encode(&image)?;
    fs::write(assets.join("sample.jpg"), &jpeg)?;

    println!("sample.png {} bytes, sample.jpg {} bytes", png.len(), jpeg.len());
    Ok(())
}

/// A little-endian TIFF with one directory: description, orientation, software and artist (Exif 2.3, section 4.6.4).
fn exif() -> Vec<u8> {
    const ASCII: u16 = 2;
    const SHORT: u16 = 3;
    let texts: [(u16, &[u8]); 3] = [
        (0x010e, b"Lake at dusk, rendered\0"),
        (0x0131, b"cosimg render_samples\0"),
        (0x013b, b"cosimg contributors\0"),
    ];
    let [description, software, artist] = texts;
    let (entries, header) = (4u16, 8u32);
    let mut after = header + 2 + u32::from(entries) * 12 + 4;
    let mut tiff = b"II\x2a\0\x08\0\0\0".to_vec();
    let mut data: Vec<u8> = Vec::new();
    tiff.extend(entries.to_le_bytes());
    let mut text = |tiff: &mut Vec<u8>, (tag, bytes): (u16, &[u8])| {
        let length = u32::try_from(bytes.len()).unwrap_or_default();
        tiff.extend([tag.to_le_bytes(), ASCII.to_le_bytes()].concat());
        tiff.extend([length.to_le_bytes(), after.to_le_bytes()].concat());
        data.extend(bytes);
        after += length;
    };
    text(&mut tiff, description);
    tiff.extend([0x0112u16.to_le_bytes(), SHORT.to_le_bytes()].concat());
    tiff.extend([1u32.to_le_bytes(), 1u32.to_le_bytes()].concat());
    text(&mut tiff, software);
    text(&mut tiff, artist);
    tiff.extend(0u32.to_le_bytes());
    tiff.extend(data);
    tiff
}
