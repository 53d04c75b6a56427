//! Arguments out of range, limits, metadata.

use cosimg::jpeg::{Encoder, Image, PixelFormat, inspect};
use cosimg::{Cancel, Error, ErrorKind, Limits};

use crate::{Picture, SUBSAMPLINGS, decode, encoder};

fn about(error: Option<Error>) -> (ErrorKind, String) {
    let error = error.expect("an error");
    (error.kind(), error.field().unwrap_or_default().to_owned())
}

#[test]
fn pictures_that_do_not_add_up() {
    let data = [0; 100];
    let new = |width, height| about(Image::new(&data, width, height, PixelFormat::Rgba8).err());
    let usage = |field: &str| (ErrorKind::Usage, field.to_owned());
    assert_eq!(new(0, 5), usage("width"));
    assert_eq!(new(5, 0), usage("height"));
    assert_eq!(new(0, 0), usage("width"));
    assert_eq!(new(5, 6), usage("data"));
    assert_eq!(new(5, 4), usage("data"), "too much data is a mistake as well");
    assert_eq!(new(u32::MAX, 1), usage("data"));
    assert_eq!(new(1, u32::MAX), usage("data"));
    assert_eq!(new(u32::MAX, u32::MAX), usage("data"));
    assert!(Image::new(&data, 5, 5, PixelFormat::Rgba8).is_ok());

    let with = |height, stride| about(Image::with_stride(&data, 5, height, stride, PixelFormat::Rgba8).err());
    assert_eq!(with(5, 19), usage("stride"));
    assert_eq!(with(5, 21), usage("data"));
    assert_eq!(with(2, usize::MAX), usage("data"));
    assert_eq!(with(3, usize::MAX / 2), usage("data"));
    assert_eq!(with(u32::MAX, usize::MAX), usage("data"));
    assert!(Image::with_stride(&data, 5, 4, 26, PixelFormat::Rgba8).is_ok(), "the last row needs no gap");
    assert!(Image::with_stride(&data, 5, 1, usize::MAX, PixelFormat::Rgba8).is_ok(), "one row has no next");
    assert!(Image::with_stride(&data, 5, 3, 20, PixelFormat::Rgba8).is_ok(), "more rows in memory than in the picture");
}

#[test]
fn qualities_out_of_range() {
    for quality in [0, 101, 255] {
        assert_eq!(about(Encoder::default().quality(quality).err()), (ErrorKind::Usage, "quality".to_owned()));
    }
}

#[test]
fn limits_hold() {
    let picture = Picture::waves(200, 100);
    let encode = |change: &dyn Fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        encoder(85).limits(limits).encode(&picture.image())
    };
    let limit = |field: &str| (ErrorKind::Limit, field.to_owned());
    assert_eq!(about(encode(&|l| l.side = 199).err()), limit("side"));
    assert_eq!(about(encode(&|l| l.pixels = 19_999).err()), limit("pixels"));
    assert_eq!(about(encode(&|l| l.memory = 50_000).err()), limit("memory"));
    assert!(encode(&|l| (l.side, l.pixels) = (200, 20_000)).is_ok());
}

#[test]
fn the_memory_of_a_large_picture_is_counted() {
    // A grey pixel takes 2 bytes as a coefficient; the row of MCUs in work takes a little more.
    let data = vec![0; 65_496 * 1000];
    let image = Image::new(&data, 65_496, 1000, PixelFormat::Gray8).unwrap();
    let mut limits = Limits::default();
    limits.memory = 2 * 65_496 * 1000;
    let error = Encoder::default().limits(limits).encode(&image).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("memory")));
    assert!(error.message().starts_with("the coefficients and what is in work"), "{error}");
}

#[test]
fn sides_over_what_decoders_read() {
    let data = vec![0; 65_501];
    for (width, height, field) in [(65_501, 1, "width"), (1, 65_501, "height")] {
        let image = Image::new(&data, width, height, PixelFormat::Gray8).unwrap();
        assert_eq!(about(Encoder::default().encode(&image).err()), (ErrorKind::Limit, "side".to_owned()));
        let mut limits = Limits::default();
        limits.side = u32::MAX;
        let error = Encoder::default().limits(limits).encode(&image).err();
        assert_eq!(about(error), (ErrorKind::Unsupported, field.to_owned()));
    }
}

#[test]
fn a_raised_flag_stops_the_call() {
    let cancel = Cancel::new();
    let encoder = encoder(85).cancel(cancel.clone());
    let picture = Picture::waves(20, 20);
    assert!(encoder.encode(&picture.image()).is_ok());
    cancel.trigger();
    assert_eq!(encoder.encode(&picture.image()).unwrap_err().kind(), ErrorKind::Cancelled);
}

#[test]
fn metadata_is_embedded_in_the_order_that_readers_expect() {
    let picture = Picture::waves(20, 20);
    let exif = b"MM\0*\0\0\0\x08\0\0\0\0\0\0".to_vec();
    let profile: Vec<u8> = (0..150_000_u32).map(|i| (i % 251) as u8).collect();
    for subsampling in SUBSAMPLINGS {
        let encoder = encoder(85).subsampling(subsampling).icc_profile(profile.clone()).exif(exif.clone());
        let file = picture.encode(&encoder);
        let kinds: Vec<_> = inspect(&file, &Limits::default()).unwrap().metadata.iter().map(|s| s.kind).collect();
        assert_eq!(kinds, ["JFIF", "Exif", "ICC", "ICC", "ICC"]);
        assert!(picture.psnr(&decode(&file)) > 30.0);
        assert!(file.windows(exif.len()).any(|bytes| bytes == exif));
    }
    let plain = picture.encode(&encoder(85).icc_profile(Vec::new()).exif(exif).exif(Vec::new()));
    let kinds: Vec<_> = inspect(&plain, &Limits::default()).unwrap().metadata.iter().map(|s| s.kind).collect();
    assert_eq!(kinds, ["JFIF"]);
}

#[test]
fn metadata_that_does_not_fit() {
    let picture = Picture::waves(8, 8);
    let error = Encoder::default().exif(vec![0; 65_530]).encode(&picture.image()).err();
    assert_eq!(about(error), (ErrorKind::Usage, "exif".to_owned()));
    let error = Encoder::default().icc_profile(vec![0; 17 << 20]).encode(&picture.image()).err();
    assert_eq!(about(error), (ErrorKind::Usage, "icc_profile".to_owned()));
}
