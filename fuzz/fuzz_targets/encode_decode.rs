//! Small pictures of every format, size, stride and setting: what is encoded is a JPEG that another decoder reads, both
//! codings hold the same coefficients, and at the top of the scale the pixels come back nearly as they were.

#![no_main]

use cosimg::Limits;
use cosimg::jpeg::{Coding, CoefficientImage, Encoder, Image, PixelFormat, Subsampling, inspect};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

#[derive(Arbitrary, Debug)]
struct Input {
    width: u8,
    height: u8,
    padding: u8,
    format: u8,
    subsampling: u8,
    quality: u8,
    background: [u8; 3],
    pixels: Vec<u8>,
}

fuzz_target!(|input: Input| {
    let (width, height) = (u32::from(input.width % 70) + 1, u32::from(input.height % 70) + 1);
    let (format, bytes) =
        [(PixelFormat::Gray8, 1), (PixelFormat::Rgb8, 3), (PixelFormat::Rgba8, 4)][usize::from(input.format) % 3];
    let subsamplings = [Subsampling::S420, Subsampling::S422, Subsampling::S444, Subsampling::Auto];
    let subsampling = subsamplings[usize::from(input.subsampling) % 4];
    let quality = input.quality % 100 + 1;
    let stride = width as usize * bytes + usize::from(input.padding % 17);

    // The fuzzer's bytes over and over; nothing at all is a black picture.
    let pattern = if input.pixels.is_empty() { &[0][..] } else { &input.pixels };
    let data: Vec<u8> = pattern.iter().copied().cycle().take(stride * height as usize).collect();
    let image = Image::with_stride(&data, width, height, stride, format).expect("a picture");

    let encoder =
        Encoder::default().quality(quality).expect("1 to 100").subsampling(subsampling).background(input.background);
    let progressive = encoder.clone().coding(Coding::Progressive).encode(&image).expect("it can be encoded");
    let baseline = encoder.coding(Coding::Baseline).encode(&image).expect("it can be encoded");

    let limits = Limits::default();
    let seen = inspect(&progressive, &limits).expect("a JPEG");
    assert!((seen.width, seen.height, seen.progressive, seen.complete) == (width, height, true, true));
    let coefficients = CoefficientImage::read(&progressive, &limits).expect("a JPEG");
    assert!(coefficients == CoefficientImage::read(&baseline, &limits).expect("a JPEG"));

    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB).set_strict_mode(true);
    for written in [progressive, baseline] {
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&written[..]), options);
        let decoded = decoder.decode().expect("another decoder reads it");
        assert_eq!(decoded.len(), width as usize * height as usize * 3);
        if quality == 100 && format == PixelFormat::Gray8 {
            let rows = data.chunks(stride).map(|row| &row[..width as usize]);
            for (ours, theirs) in rows.flatten().zip(decoded.chunks(3)) {
                assert!(ours.abs_diff(theirs[0]) <= 4, "{ours} became {}", theirs[0]);
            }
        }
    }
});
