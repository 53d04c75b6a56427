//! A rule and a source to an answer: what is done here, what is refused by name, what `ignore-error` covers.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use cosimg::jpeg::{self, Coding, CoefficientImage, Encoder, Image, PixelFormat, Strip, Subsampling};
use cosimg::pipeline::{self, DEFAULT_QUALITY, Format, IgnoreError, Plan, Processed, Processor};
use cosimg::{Cancel, Error, ErrorKind, Limits, Params, Result};
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat};

fn rule(text: &str) -> Params {
    text.parse().unwrap_or_else(|error: Error| panic!("{text:?}: {error}"))
}

fn run(source: &[u8], text: &str) -> Result<Processed> {
    Processor::new().run(source, &rule(text))
}

/// A picture with an edge, a ramp and, where the layout has alpha, transparency.
fn picture(width: u32, height: u32, alpha: bool) -> DynamicImage {
    let byte = |value: u32| value.to_le_bytes()[0];
    let rgba = image::RgbaImage::from_fn(width, height, |x, y| {
        let red = if x * 2 > width { 220 } else { 30 };
        let opacity = if alpha && y % 3 == 0 { byte(x * 9) } else { 255 };
        image::Rgba([red, byte(y * 7), byte(x * 5), opacity])
    });
    if alpha { rgba.into() } else { DynamicImage::from(rgba).to_rgb8().into() }
}

fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.write_to(&mut Cursor::new(&mut bytes), format).expect("the test's own picture");
    bytes
}

fn png() -> Vec<u8> {
    file(&picture(40, 30, false), ImageFormat::Png)
}

/// A baseline JPEG with Exif.
fn jpeg_file() -> Vec<u8> {
    let picture = picture(40, 30, false);
    let image = Image::new(picture.as_bytes(), 40, 30, PixelFormat::Rgb8).expect("the test's own picture");
    let encoder = Encoder::default().coding(Coding::Baseline).exif(EXIF.to_vec());
    encoder.encode(&image).expect("the test's own picture")
}

/// An empty TIFF directory.
const EXIF: &[u8] = b"II\x2A\0\x08\0\0\0\0\0\0\0\0\0";

fn inspect(bytes: &[u8]) -> jpeg::Inspection {
    jpeg::inspect(bytes, &Limits::default()).expect("an answer of ours")
}

fn coefficients(bytes: &[u8]) -> CoefficientImage {
    CoefficientImage::read(bytes, &Limits::default()).expect("an answer of ours")
}

fn has_exif(bytes: &[u8]) -> bool {
    inspect(bytes).metadata.iter().any(|segment| segment.kind == "Exif")
}

// ---- formats

#[test]
fn formats_are_told_by_their_first_bytes() {
    let picture = picture(4, 4, false);
    assert_eq!(Format::sniff(&file(&picture, ImageFormat::Png)), Some(Format::Png));
    assert_eq!(Format::sniff(&file(&picture, ImageFormat::Gif)), Some(Format::Gif));
    assert_eq!(Format::sniff(&file(&picture, ImageFormat::Bmp)), Some(Format::Bmp));
    assert_eq!(Format::sniff(&file(&picture, ImageFormat::WebP)), Some(Format::WebP));
    assert_eq!(Format::sniff(b"\xFF\xD8\xFF\xE0"), Some(Format::Jpeg));
    assert_eq!(Format::sniff(b"\0\0\0\x18ftypheic\0\0\0\0"), Some(Format::Heif));
    assert_eq!(Format::sniff(b"\0\0\0\x18ftypavif\0\0\0\0"), Some(Format::Avif));
    assert_eq!(Format::sniff(b"\0\0\0\x18ftypisom\0\0\0\0"), None);
    assert_eq!(Format::sniff(b"MM\0\x2A"), Some(Format::Tiff));
    assert_eq!(Format::sniff(b"BMessage of plain text"), None);
    assert_eq!(Format::sniff(b"RIFF\0\0\0\0WAVE"), None);
    assert_eq!(Format::sniff(b""), None);
    assert_eq!((Format::Jpeg.name(), Format::Jpeg.content_type()), ("jpg", "image/jpeg"));
}

// ---- plans

fn plan(source: Format, text: &str) -> Result<Plan> {
    Processor::new().plan(source, &rule(text))
}

/// What the service's `strip` leaves out.
const STRIP: Strip = Strip::SAFE.and(Strip::EXIF);

const fn transcode(coding: Coding) -> Plan {
    plan_of(coding, Strip::NOTHING, None)
}

const fn encode(coding: Coding, quality: u8) -> Plan {
    plan_of(coding, Strip::NOTHING, Some(quality))
}

/// `Plan`'s variants are open to other fields later, so the tests write them in one place.
const fn plan_of(coding: Coding, strip: Strip, quality: Option<u8>) -> Plan {
    match quality {
        Some(quality) => Plan::Encode { quality, coding, strip, size: None },
        None => Plan::Transcode { quality: None, coding, strip, size: None },
    }
}

const fn requantise(coding: Coding, quality: u8) -> Plan {
    Plan::Transcode { quality: Some(quality), coding, strip: Strip::NOTHING, size: None }
}

#[test]
fn what_is_done_here() {
    use Coding::{Baseline, Progressive};
    let cases = [
        (Format::Jpeg, "imageMogr2/interlace/1", transcode(Progressive)),
        (Format::Jpeg, "imageMogr2/interlace/0", transcode(Baseline)),
        (Format::Jpeg, "imageMogr2/format/jpg", transcode(Baseline)),
        (Format::Jpeg, "imageMogr2/format/yjpeg/interlace/1", transcode(Progressive)),
        (Format::Jpeg, "imageMogr2/strip/interlace/1", plan_of(Progressive, STRIP, None)),
        (Format::Jpeg, "imageMogr2/rotate/360/bright/0/auto-orient/0/interlace/1", transcode(Progressive)),
        (Format::Jpeg, "imageMogr2/ignore-error/1", Plan::Original),
        (Format::Jpeg, "imageMogr2", Plan::Original),
        (Format::Png, "imageMogr2/format/jpg/interlace/1", encode(Progressive, DEFAULT_QUALITY)),
        (Format::WebP, "imageMogr2/format/jpg/quality/60", encode(Baseline, 60)),
        (Format::Gif, "imageMogr2/format/jpg/quality/0!", encode(Baseline, 1)),
        (Format::Bmp, "imageMogr2/format/jpg/strip", plan_of(Baseline, STRIP, Some(DEFAULT_QUALITY))),
        (Format::Bmp, "imageMogr2/format/png", Plan::Png { strip: Strip::NOTHING }),
        (Format::Gif, "imageMogr2/format/png|imageMogr2/strip", Plan::Png { strip: STRIP }),
        // Interlace is ignored where the answer is not a JPEG.
        (Format::Png, "imageMogr2/interlace/1", Plan::Original),
        (Format::Heif, "imageMogr2/interlace/1/format/heif", Plan::Original),
        // Pipelines: nothing is encoded twice, and the last stage that asks for anything says how.
        (Format::Png, "imageMogr2/format/jpg/quality/70|imageMogr2/interlace/1", encode(Progressive, 70)),
        (
            Format::Png,
            "imageMogr2/format/jpg/interlace/1|imageMogr2/strip",
            plan_of(Baseline, STRIP, Some(DEFAULT_QUALITY)),
        ),
        (Format::Gif, "imageMogr2/format/png|imageMogr2/format/jpg/interlace/1", encode(Progressive, DEFAULT_QUALITY)),
        (Format::Jpeg, "imageMogr2/interlace/1|imageMogr2/ignore-error/1", transcode(Progressive)),
        (Format::Jpeg, "imageMogr2/strip|imageMogr2/interlace/1", plan_of(Progressive, STRIP, None)),
        (Format::Jpeg, "imageMogr2/interlace/1/interlace/1", transcode(Progressive)),
        (Format::Jpeg, "imageMogr2/interlace/1/quality/80", requantise(Progressive, 80)),
        (Format::Jpeg, "imageMogr2/quality/0", requantise(Baseline, 1)),
        // The lowest quality on the way counts.
        (Format::Jpeg, "imageMogr2/quality/70|imageMogr2/quality/80!/interlace/1", requantise(Progressive, 70)),
        (Format::Jpeg, "imageMogr2/quality/80|imageMogr2/quality/70", requantise(Baseline, 70)),
        (Format::Jpeg, "imageMogr2/quality/70|imageMogr2/interlace/1", requantise(Progressive, 70)),
        (Format::Png, "imageMogr2/format/jpg|imageMogr2/quality/80", encode(Baseline, 80)),
        (Format::Png, "imageMogr2/format/jpg/quality/60|imageMogr2/quality/80", encode(Baseline, 60)),
    ];
    for (source, text, expected) in cases {
        assert_eq!(plan(source, text), Ok(expected), "{text} of a {source:?}");
    }
}

#[test]
fn what_needs_the_service_is_named() {
    let cases = [
        (Format::Jpeg, "imageMogr2/thumbnail/!50p/interlace/1", "thumbnail"),
        (Format::Jpeg, "imageMogr2/rquality/80", "rquality"),
        (Format::Png, "imageMogr2/format/jpg/lquality/80", "lquality"),
        (Format::Jpeg, "imageMogr2/crop/10x10/gravity/center", "crop"),
        (Format::Jpeg, "imageMogr2/auto-orient", "auto-orient"),
        (Format::Jpeg, "imageMogr2/some-day/1", "some-day"),
        (Format::Png, "imageMogr2/size-limit/15k", "size-limit"),
        (Format::Gif, "imageMogr2/format/png/size-limit/15k", "size-limit"),
        (Format::Jpeg, "imageMogr2/size-limit/15k!|imageMogr2/interlace/1", "size-limit"),
        (Format::Png, "imageMogr2/format/jpg|imageMogr2/size-limit/15k!", "size-limit"),
        (Format::Jpeg, "imageMogr2/format/webp/interlace/1/quality/80", "format"),
        (Format::Jpeg, "imageMogr2/format/png", "format"),
        (Format::Png, "imageMogr2/format/tpg", "format"),
        (Format::Png, "imageMogr2/format/svgc", "format"),
        (Format::Heif, "imageMogr2/format/jpg", "format"),
        (Format::Tiff, "imageMogr2/interlace/1", "format"),
        (Format::Png, "imageMogr2/strip", "strip"),
        (Format::WebP, "imageMogr2/quality/80", "quality"),
        (Format::Jpeg, "imageMogr2/interlace/1/interlace/0", "interlace"),
        (Format::Png, "imageMogr2/format/jpg/quality/80/quality/70", "quality"),
        (Format::Jpeg, "imageMogr2/interlace/1|watermark/2/text/aGVsbG8", "watermark"),
        (Format::Jpeg, "imageView2/2/w/10|imageMogr2/interlace/1", "imageView2"),
        (Format::Jpeg, "style/small", "style"),
        (Format::Jpeg, "imageInfo", "imageInfo"),
        (Format::Jpeg, "imageSlim", "imageSlim"),
    ];
    for (source, text, field) in cases {
        let error = plan(source, text).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some(field)), "{text}: {error}");
        assert!(error.message().contains("not carried out here"), "{error}");
    }
}

#[test]
fn interlace_of_an_earlier_stage_is_lost_unless_it_is_asked_to_be_carried() {
    let rule = rule("imageMogr2/format/jpg/interlace/1|imageMogr2/strip");
    let coding = |processor: Processor| match processor.plan(Format::Jpeg, &rule) {
        Ok(Plan::Transcode { coding, .. }) => coding,
        other => panic!("{other:?}"),
    };
    assert_eq!(coding(Processor::new()), Coding::Baseline);
    assert_eq!(coding(Processor::new().carry_interlace(true)), Coding::Progressive);
}

// ---- JPEG to JPEG

#[test]
fn a_jpeg_is_transcoded_without_loss() {
    let source = jpeg_file();
    assert!(!inspect(&source).progressive);
    let progressive = run(&source, "imageMogr2/format/jpg/interlace/1/ignore-error/1").unwrap();
    assert_eq!((progressive.format, progressive.original), (Format::Jpeg, false));
    assert!(progressive.ignored.is_none());
    assert!(inspect(&progressive.bytes).progressive);
    assert!(has_exif(&progressive.bytes));
    assert_eq!(coefficients(&progressive.bytes), coefficients(&source));

    let back = run(&progressive.bytes, "imageMogr2/interlace/0").unwrap().bytes;
    assert!(!inspect(&back).progressive);
    assert_eq!(coefficients(&back), coefficients(&source));

    let stripped = run(&source, "imageMogr2/strip/interlace/1").unwrap().bytes;
    assert!(!has_exif(&stripped));
    assert_eq!(coefficients(&stripped), coefficients(&source));
}

#[test]
fn a_jpeg_that_nothing_is_asked_of_comes_back_as_it_is() {
    let source = [jpeg_file(), b"trailing".to_vec()].concat();
    let answer = run(&source, "imageMogr2/ignore-error/1").unwrap();
    assert!(answer.original && answer.ignored.is_none());
    assert_eq!(answer.bytes, source);
}

// ---- pixels to JPEG

#[test]
fn pixels_become_the_jpeg_that_the_encoder_makes_of_them() {
    let opaque = picture(40, 30, false);
    let rgba = DynamicImage::from(opaque.to_rgba8());
    let cases = [
        (ImageFormat::Png, &opaque, PixelFormat::Rgb8),
        (ImageFormat::Bmp, &opaque, PixelFormat::Rgb8),
        (ImageFormat::WebP, &opaque, PixelFormat::Rgb8),
        (ImageFormat::Png, &rgba, PixelFormat::Rgba8),
        (ImageFormat::WebP, &rgba, PixelFormat::Rgba8),
    ];
    for (format, picture, pixels) in cases {
        let answer = run(&file(picture, format), "imageMogr2/format/jpg/interlace/1/quality/70").unwrap();
        let image = Image::new(picture.as_bytes(), 40, 30, pixels).unwrap();
        let expected = Encoder::default().quality(70).unwrap().background([255; 3]).encode(&image).unwrap();
        assert_eq!(answer.format, Format::Jpeg);
        assert!(inspect(&answer.bytes).progressive);
        assert_eq!(coefficients(&answer.bytes), coefficients(&expected), "{format:?} {pixels:?}");
    }
}

#[test]
fn the_options_of_pixel_sources() {
    let transparent = picture(40, 30, true);
    let source = file(&transparent, ImageFormat::Png);
    let image = Image::new(transparent.as_bytes(), 40, 30, PixelFormat::Rgba8).unwrap();
    let processor =
        Processor::new().background([9, 90, 200]).default_quality(33).unwrap().subsampling(Subsampling::S444);
    let answer = processor.run(&source, &rule("imageMogr2/format/jpg")).unwrap();
    let encoder = Encoder::default().quality(33).unwrap().background([9, 90, 200]).subsampling(Subsampling::S444);
    assert_eq!(coefficients(&answer.bytes), coefficients(&encoder.encode(&image).unwrap()));
    assert!(!inspect(&answer.bytes).progressive);

    let over_white = run(&source, "imageMogr2/format/jpg/quality/33").unwrap();
    assert_ne!(coefficients(&over_white.bytes), coefficients(&answer.bytes));

    for quality in [0, 101] {
        let error = Processor::new().default_quality(quality).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Usage, Some("default_quality")));
    }
}

#[test]
fn grey_stays_grey_and_16_bits_become_8() {
    let grey = DynamicImage::from(picture(40, 30, false).to_luma8());
    let image = Image::new(grey.as_bytes(), 40, 30, PixelFormat::Gray8).unwrap();
    let expected = Encoder::default().quality(DEFAULT_QUALITY).unwrap().encode(&image).unwrap();
    let opaque = DynamicImage::from(grey.to_luma_alpha8());
    let wide = DynamicImage::from(grey.to_luma16());
    let wide_opaque = DynamicImage::from(grey.to_luma_alpha16());
    for picture in [&grey, &opaque, &wide, &wide_opaque] {
        let answer = run(&file(picture, ImageFormat::Png), "imageMogr2/format/jpg").unwrap();
        assert_eq!(inspect(&answer.bytes).components.len(), 1, "{:?}", picture.color());
        assert_eq!(coefficients(&answer.bytes), coefficients(&expected), "{:?}", picture.color());
    }
}

#[test]
fn of_an_animation_the_first_frame_is_taken() {
    let (first, second) = (picture(20, 20, false).to_rgba8(), image::RgbaImage::new(20, 20));
    let mut animated = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut animated);
    for frame in [first.clone(), second] {
        encoder.encode_frame(image::Frame::new(frame)).unwrap();
    }
    drop(encoder);
    let alone = file(&first.into(), ImageFormat::Gif);
    let answer = |source: &[u8]| coefficients(&run(source, "imageMogr2/format/jpg").unwrap().bytes);
    assert_eq!(answer(&animated), answer(&alone));
}

#[test]
fn exif_and_profile_are_kept_and_strip_leaves_out_the_exif() {
    let profile = [&[0_u8; 16], b"RGB ".as_slice(), &[0; 108]].concat();
    let picture = picture(8, 8, false);
    let mut source = Vec::new();
    let mut encoder = PngEncoder::new(&mut source);
    encoder.set_icc_profile(profile).unwrap();
    encoder.set_exif_metadata(EXIF.to_vec()).unwrap();
    encoder.write_image(picture.as_bytes(), 8, 8, ExtendedColorType::Rgb8).unwrap();

    let kinds = |text| -> Vec<&str> {
        let answer = run(&source, text).unwrap().bytes;
        inspect(&answer).metadata.iter().map(|segment| segment.kind).collect()
    };
    let kept = kinds("imageMogr2/format/jpg");
    assert!(kept.contains(&"ICC") && kept.contains(&"Exif"), "{kept:?}");
    let stripped = kinds("imageMogr2/format/jpg/strip");
    assert!(stripped.contains(&"ICC") && !stripped.contains(&"Exif"), "{stripped:?}");
}

// ---- other answers

#[test]
fn a_source_whose_format_stays_comes_back_as_it_is() {
    let picture = picture(10, 10, true);
    for format in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
        let source = file(&picture, format);
        let answer = run(&source, "imageMogr2/interlace/1").unwrap();
        assert!(answer.original && answer.ignored.is_none());
        assert_eq!(answer.bytes, source);
        assert_eq!(Some(answer.format), Format::sniff(&source));
    }
}

#[test]
fn pixels_become_a_png_of_the_same_pixels() {
    let transparent = picture(40, 30, true);
    let opaque = picture(40, 30, false);
    for (picture, format) in
        [(&transparent, ImageFormat::WebP), (&opaque, ImageFormat::WebP), (&opaque, ImageFormat::Bmp)]
    {
        let answer = run(&file(picture, format), "imageMogr2/format/png/interlace/1").unwrap();
        assert_eq!((answer.format, answer.original), (Format::Png, false));
        let decoded = image::load_from_memory_with_format(&answer.bytes, ImageFormat::Png).unwrap();
        assert_eq!(&decoded, picture, "{format:?}");
    }
}

// ---- failures

#[test]
fn failures_have_their_kind_and_field() {
    let png = png();
    let jpg = "imageMogr2/format/jpg";
    let fails = |source: &[u8], text: &str, limits: Limits| {
        let error = Processor::new().limits(limits).run(source, &rule(text)).unwrap_err();
        (error.kind(), error.field().map(str::to_owned))
    };
    let field = |kind, name: &str| (kind, Some(name.to_owned()));
    let own = Limits::default;
    assert_eq!(fails(b"", jpg, own()), field(ErrorKind::Input, "source"));
    assert_eq!(fails(b"no picture", jpg, own()), field(ErrorKind::Unsupported, "source"));
    assert_eq!(fails(&png[..png.len() / 2], jpg, own()), field(ErrorKind::Input, "source"));
    assert_eq!(fails(&png[..20], "imageMogr2/interlace/1", own()), field(ErrorKind::Input, "source"));

    let mut limits = own();
    limits.input_bytes = png.len() as u64 - 1;
    assert_eq!(fails(&png, jpg, limits), field(ErrorKind::Limit, "input_bytes"));
    let mut limits = own();
    limits.side = 39;
    assert_eq!(fails(&png, jpg, limits.clone()), field(ErrorKind::Limit, "side"));
    assert_eq!(fails(&png, "imageMogr2/interlace/1", limits), field(ErrorKind::Limit, "side"));
    let mut limits = own();
    limits.pixels = 40 * 30 - 1;
    assert_eq!(fails(&png, jpg, limits), field(ErrorKind::Limit, "pixels"));
    let mut limits = own();
    limits.memory = 40 * 30 * 3 - 1;
    assert_eq!(fails(&png, jpg, limits), field(ErrorKind::Limit, "memory"));
    let mut limits = own();
    limits.stages = 1;
    assert_eq!(
        fails(&png, "imageMogr2/strip|imageMogr2/strip/ignore-error/1", limits),
        field(ErrorKind::Limit, "stages")
    );

    let cancel = Cancel::new();
    cancel.trigger();
    let error = Processor::new().cancel(cancel).run(&png, &rule("imageMogr2/format/jpg/ignore-error/1")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[test]
fn the_service_s_limits_are_the_default() {
    let large = vec![0; (32 << 20) + 1];
    let error = run(&large, "imageMogr2/interlace/1").unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("input_bytes")));
}

#[test]
fn ignore_error_gives_the_original_and_says_why() {
    let png = png();
    let mut small = Limits::default();
    small.side = 1;
    let failures = [
        (png.as_slice(), "imageMogr2/thumbnail/!50p/ignore-error/1", Limits::default(), ErrorKind::Unsupported),
        (&png, "imageMogr2/format/jpg|imageMogr2/ignore-error/1", small, ErrorKind::Limit),
        (&png[..60], "imageMogr2/format/jpg/ignore-error/1", Limits::default(), ErrorKind::Input),
    ];
    for (source, text, limits, kind) in failures {
        let processor = Processor::new().limits(limits);
        let answer = processor.run(source, &rule(text)).unwrap();
        assert_eq!(answer.bytes, source);
        assert_eq!((answer.format, answer.original), (Format::Png, true));
        assert_eq!(answer.ignored.map(|error| error.kind()), Some(kind), "{text}");

        let refused = |covered| processor.clone().ignore_error(covered).run(source, &rule(text)).is_err();
        assert!(refused(IgnoreError::Never));
        assert_eq!(refused(IgnoreError::Limits), kind != ErrorKind::Limit);
        let without = rule(text).ignore_error(false);
        assert_eq!(processor.run(source, &without).unwrap_err().kind(), kind);
    }
    let unknown = run(b"no picture", "imageMogr2/interlace/1/ignore-error/1").unwrap();
    assert_eq!((unknown.format, unknown.bytes.as_slice()), (Format::Unknown, b"no picture".as_slice()));
}

// ---- hostile input

/// Runs a rule; an answer or an error that blames the source. Says whether there was an answer.
fn survives(source: &[u8], text: &str, limits: &Limits, what: &dyn std::fmt::Display) -> Result<()> {
    let error = match Processor::new().limits(limits.clone()).run(source, &rule(text)) {
        Ok(answer) => {
            assert!(!answer.bytes.is_empty(), "{what}: {text}");
            return Ok(());
        }
        Err(error) => error,
    };
    let blamed = matches!(error.kind(), ErrorKind::Input | ErrorKind::Limit | ErrorKind::Unsupported);
    assert!(blamed, "{what}: {text}: {error:?}");
    Err(error)
}

fn small_limits() -> Limits {
    let mut limits = Limits::intl_2024();
    limits.pixels = 400_000;
    limits.memory = 32 << 20;
    limits
}

#[test]
fn every_truncation_and_every_changed_byte_of_a_small_file() {
    let limits = small_limits();
    for format in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::Bmp, ImageFormat::WebP] {
        let source = file(&picture(5, 4, format != ImageFormat::Bmp), format);
        let try_it = |source: &[u8], what: &dyn std::fmt::Display| {
            ["imageMogr2/format/jpg/interlace/1", "imageMogr2/format/png"]
                .map(|text| survives(source, text, &limits, what).is_ok())
        };
        assert!(try_it(&source, &format_args!("{format:?}")).contains(&true));
        for end in 0..source.len() {
            try_it(&source[..end], &format_args!("{format:?} cut at {end}"));
        }
        for at in 0..source.len() {
            for value in [source[at] ^ 1, source[at] ^ 0x80, 0, 0xFF] {
                let mut changed = source.clone();
                changed[at] = value;
                try_it(&changed, &format_args!("{format:?} with {value} at {at}"));
            }
        }
    }
}

/// A WebP container of these chunks.
fn webp(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (name, data) in chunks {
        body.extend(*name);
        body.extend(u32::try_from(data.len()).expect("a small chunk").to_le_bytes());
        body.extend(*data);
        body.resize(body.len() + data.len() % 2, 0);
    }
    [b"RIFF", u32::try_from(body.len()).expect("a small file").to_le_bytes().as_slice(), &body].concat()
}

/// The header of a lossy frame of these sides.
fn lossy_frame(width: u16, height: u16) -> Vec<u8> {
    [b"\x10\0\0\x9D\x01\x2A".as_slice(), &width.to_le_bytes(), &height.to_le_bytes(), &[0; 22]].concat()
}

#[test]
fn a_webp_that_contradicts_itself_is_refused_before_memory_is_taken() {
    let refused = |source: &[u8], what: &str| {
        let error = Processor::new().run(source, &rule("imageMogr2/format/jpg")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{what}: {error}");
        assert!(error.message().contains(what), "{what}: {error}");
    };
    let canvas = |flags: u8| [flags, 0, 0, 0, 1, 0, 0, 1, 0, 0]; // 2x2
    let huge = lossy_frame(16_383, 16_383);
    refused(&webp(&[(b"VP8X", &canvas(0)), (b"VP8 ", &huge)]), "of another size");

    // The frame says 2x2, the picture in it 16,383x16,383, with and without alpha before it.
    let frame = |chunks: &[u8]| [&[0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], chunks].concat();
    let lossy = webp(&[(b"VP8 ", &huge)])[12..].to_vec();
    let with_alpha = webp(&[(b"ALPH", &[0; 5]), (b"VP8 ", &huge)])[12..].to_vec();
    for inside in [lossy, with_alpha] {
        let source = webp(&[(b"VP8X", &canvas(0x12)), (b"ANIM", &[0; 6]), (b"ANMF", &frame(&inside))]);
        refused(&source, "of another size");
    }

    // A profile that claims 4 GiB.
    let mut source = webp(&[(b"VP8X", &canvas(0x20)), (b"ICCP", &[0; 4]), (b"VP8 ", &lossy_frame(2, 2))]);
    let size = source.windows(4).position(|name| name == b"ICCP").unwrap() + 4;
    source[size..size + 4].copy_from_slice(&[0xFE, 0xFF, 0xFF, 0xFF]);
    refused(&source, "beyond the end");

    let decoded = pipeline::Picture::decode(&webp(&[(b"VP8X", &canvas(0)), (b"VP8 ", &huge)]), &Limits::default());
    assert_eq!(decoded.unwrap_err().kind(), ErrorKind::Input);

    let wide = webp(&[(b"VP8X", &[0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]), (b"VP8 ", &huge)]);
    let error = Processor::new().limits(Limits::default()).run(&wide, &rule("imageMogr2/format/jpg")).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("side")));
}

/// The decoder inflates it before anyone is asked for memory, so it is told a bound, over which a profile is as good as
/// absent.
#[test]
fn a_profile_of_a_png_is_inflated_within_a_bound() {
    let with_profile = |bytes: usize| {
        let mut profile = vec![0; bytes];
        profile[16..20].copy_from_slice(b"RGB ");
        let mut source = Vec::new();
        let mut encoder = PngEncoder::new(&mut source);
        encoder.set_icc_profile(profile).expect("PNG has profiles");
        encoder.write_image(&[0; 3], 1, 1, ExtendedColorType::Rgb8).expect("a small picture");
        pipeline::Picture::decode(&source, &Limits::default()).expect("a right file").encode(Encoder::default())
    };
    let embedded = |file: Vec<u8>| inspect(&file).metadata.iter().filter(|segment| segment.kind == "ICC").count();
    assert_eq!(embedded(with_profile(100_000).expect("it fits")), 2);
    assert_eq!(with_profile(30 << 20).expect_err("it does not fit").kind(), ErrorKind::Unsupported);
    assert_eq!(embedded(with_profile(70 << 20).expect("it is not there")), 0);
}

#[test]
fn files_of_others_test_suites_give_an_answer_or_an_error() {
    let Some(shared) = shared("corpus/conformance") else { return };
    let limits = small_limits();
    for folder in ["png", "gif", "bmp", "webp", "tiff"] {
        let files = files_under(&shared.join(folder));
        assert!(!files.is_empty(), "{folder}");
        let mut refused = Vec::new();
        for file in &files {
            let source = std::fs::read(file).unwrap();
            let valid = file.parent().is_some_and(|folder| folder.ends_with("valid"));
            match survives(&source, "imageMogr2/format/jpg/interlace/1", &limits, &file.display()) {
                Err(error) if valid && error.kind() != ErrorKind::Limit => refused.push((file, error)),
                _ => {}
            }
        }
        // TIFF is no source of the service. Of BMP: one of OS/2 2.x, one whose run-length code runs over a row.
        let allowed = match folder {
            "tiff" => files.len(),
            "bmp" => 2,
            _ => 0,
        };
        println!("{folder}: {} files, {} valid ones refused", files.len(), refused.len());
        assert!(refused.len() <= allowed, "{folder}: {refused:#?}");
    }
}

/// A folder of the shared ones, or a word that the test is skipped.
fn shared(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("COSIMG_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let path = root.join(folder);
    if !path.is_dir() {
        println!("skipped: {} is not there (COSIMG_SHARED)", path.display());
        return None;
    }
    Some(path)
}

/// Every file below a folder, in order.
fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}
