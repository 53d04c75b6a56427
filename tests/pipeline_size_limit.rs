//! What bounds an answer: the `size-limit` of a rule, in bytes, and the limit of the service on its sides.

use std::io::Cursor;

use cosimg::jpeg::{self, Encoder, Image, PixelFormat};
use cosimg::pipeline::{Format, Processed, Processor};
use cosimg::{Error, ErrorKind, Limits, Params, Result};
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat};

fn run(source: &[u8], text: &str) -> Result<Processed> {
    let rule: Params = text.parse().unwrap_or_else(|error: Error| panic!("{text:?}: {error}"));
    Processor::new().run(source, &rule)
}

fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).expect("the test's own picture");
    bytes
}

fn is_progressive(bytes: &[u8]) -> bool {
    jpeg::inspect(bytes, &Limits::default()).expect("an answer of ours").progressive
}

/// A picture that takes many bytes, as PNG too.
fn noise(side: u32) -> DynamicImage {
    let mut state = 1_u32;
    image::RgbImage::from_fn(side, side, |_, _| {
        image::Rgb([(); 3].map(|()| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        }))
    })
    .into()
}

fn jpeg_of(picture: &DynamicImage, quality: u8) -> Vec<u8> {
    let (width, height) = (picture.width(), picture.height());
    let image = Image::new(picture.as_bytes(), width, height, PixelFormat::Rgb8).expect("the test's own picture");
    Encoder::default().quality(quality).expect("a quality").encode(&image).expect("the test's own picture")
}

#[test]
fn an_answer_has_no_more_bytes_than_its_size_limit() {
    let picture = noise(200);
    let (source, lossless) = (jpeg_of(&picture, 90), png(&picture));
    for (source, rule) in [(&source, "imageMogr2/interlace/1"), (&lossless, "imageMogr2/format/jpg/interlace/1")] {
        let free = run(source, rule).unwrap().bytes;
        assert!(free.len() > 15 << 10);
        let fits = run(source, &format!("{rule}/size-limit/1m")).unwrap();
        assert_eq!((fits.bytes == free, fits.original), (true, false), "what fits stays as it is");
        for kib in [2, 5, 10] {
            for force in ["", "!"] {
                let answer = run(source, &format!("{rule}/size-limit/{kib}k{force}")).unwrap();
                let size = answer.bytes.len();
                assert!(size <= kib << 10 && size > kib << 9, "{rule}: {size} bytes for {kib} KiB");
                assert_eq!((answer.format, answer.original), (Format::Jpeg, false));
                assert!(is_progressive(&answer.bytes));
            }
        }
        // The quality that is asked for is the most there is.
        let coarse = run(source, &format!("{rule}/quality/10")).unwrap().bytes;
        assert_eq!(run(source, &format!("{rule}/quality/10/size-limit/1m")).unwrap().bytes, coarse);
        // Of two stages the smaller limit counts, and the last says how it is laid out.
        let answer = run(source, &format!("{rule}/size-limit/3k|imageMogr2/interlace/0/size-limit/9k")).unwrap().bytes;
        assert!(answer.len() <= 3 << 10 && !is_progressive(&answer));
    }
}

#[test]
fn a_size_limit_with_an_exclamation_mark_gives_the_source_where_nothing_is_won() {
    let coarse = run(&jpeg_of(&noise(20), 30), "imageMogr2/interlace/0").unwrap().bytes;
    for source in [coarse, png(&image::RgbImage::new(1, 1).into())] {
        let format = Format::sniff(&source).unwrap();
        let rule = "imageMogr2/format/jpg/size-limit/1m";
        let plain = run(&source, rule).unwrap();
        assert!(plain.bytes.len() >= source.len() && !plain.original, "the source was small enough");
        let answer = run(&source, &format!("{rule}!")).unwrap();
        assert_eq!((answer.format, answer.original, answer.bytes == source), (format, true, true));
        assert!(answer.ignored.is_none());
    }
}

#[test]
fn a_size_limit_that_no_quality_keeps() {
    let picture = noise(600);
    let source = jpeg_of(&picture, 90);
    for rule in ["imageMogr2/size-limit/1k", "imageMogr2/size-limit/1k!"] {
        let error = run(&source, rule).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("size-limit")), "{error}");
        let answer = run(&source, &format!("{rule}/ignore-error/1")).unwrap();
        assert_eq!((answer.original, answer.bytes == source), (true, true));
        assert_eq!(answer.ignored.map(|error| error.kind()), Some(ErrorKind::Limit));
    }
    // A profile that PNG compresses and JPEG does not: the source is within the limit and no JPEG of it is.
    let mut source = Vec::new();
    let mut encoder = PngEncoder::new(&mut source);
    encoder.set_icc_profile([&[0_u8; 16], b"RGB ".as_slice(), &[0; 2000]].concat()).unwrap();
    encoder.write_image(&[0; 3], 1, 1, ExtendedColorType::Rgb8).unwrap();
    assert!(source.len() < 1 << 10);
    let rule = "imageMogr2/format/jpg/size-limit/1k";
    assert_eq!(run(&source, rule).unwrap_err().field(), Some("size-limit"));
    assert!(run(&source, &format!("{rule}!")).unwrap().original);
}

#[test]
fn an_answer_has_no_longer_sides_than_the_limit() {
    let (limits, picture) = (Limits::intl_2024(), DynamicImage::new_rgb8(Limits::intl_2024().result_side + 1, 1));
    let mut bmp = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bmp), ImageFormat::Bmp).expect("the test's own picture");
    let sources = [png(&picture), jpeg_of(&picture, 80), bmp];
    let rules = ["imageMogr2/format/jpg", "imageMogr2/interlace/1", "imageMogr2/format/png"];
    for (source, text) in sources.iter().zip(rules) {
        let error = run(source, text).expect_err("it is too wide");
        assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("result_side")), "{text}");
        let mut wider = limits.clone();
        wider.result_side += 1;
        let rule: Params = text.parse().expect("a rule");
        assert!(Processor::new().limits(wider).run(source, &rule).is_ok(), "{text}");
        assert!(run(source, "imageMogr2/ignore-error/1").expect("nothing is made of it").original, "{text}");
    }
}
