//! Every format of pixels gives the file of the plain format that it stands for.

use std::ops::ControlFlow;

use cosimg::jpeg::{Density, Encoder, Image, PixelFormat, PixelPlane, Subsampling, inspect};
use cosimg::{ErrorKind, Limits};

use crate::{Picture, SUBSAMPLINGS, decode, encoder};

/// RGBA with every alpha in it.
fn with_alpha() -> Picture {
    Picture::waves(37, 21).to(PixelFormat::Rgba8)
}

/// The pixels of `picture`, each made anew.
fn each<const N: usize>(picture: &Picture, pixel: impl Fn(&[u8]) -> [u8; N]) -> Vec<u8> {
    picture.data.chunks_exact(picture.format.bytes()).flat_map(pixel).collect()
}

#[track_caller]
fn assert_same(plain: &Picture, format: PixelFormat, data: &[u8]) {
    for subsampling in SUBSAMPLINGS {
        let encoder = encoder(90).subsampling(subsampling).background([10, 200, 90]);
        let image = Image::new(data, plain.width, plain.height, format).unwrap();
        assert!(encoder.encode(&image).unwrap() == plain.encode(&encoder), "{format:?} {subsampling:?}");
    }
}

#[test]
fn orders_of_channels() {
    let rgb = Picture::scene(37, 21);
    assert_same(&rgb, PixelFormat::Bgr8, &each(&rgb, |p| [p[2], p[1], p[0]]));
    let planes: Vec<u8> = [0, 1, 2].iter().flat_map(|&c| rgb.data.iter().skip(c).step_by(3).copied()).collect();
    assert_same(&rgb, PixelFormat::RgbPlanar8, &planes);

    let rgba = with_alpha();
    assert_same(&rgba, PixelFormat::Bgra8, &each(&rgba, |p| [p[2], p[1], p[0], p[3]]));
    assert_same(&rgba, PixelFormat::Argb8, &each(&rgba, |p| [p[3], p[0], p[1], p[2]]));
    assert_same(&rgba, PixelFormat::Abgr8, &each(&rgba, |p| [p[3], p[2], p[1], p[0]]));
}

#[test]
fn premultiplied_alpha() {
    // Over black, premultiplied colours are the picture itself.
    let rgba = with_alpha();
    let premultiplied = |p: &[u8]| [0, 1, 2].map(|c| (f64::from(p[c]) * f64::from(p[3]) / 255.0).round() as u8);
    let flat = Picture { format: PixelFormat::Rgb8, data: each(&rgba, premultiplied), ..rgba };
    let rgba_bytes = each(&rgba, |p| {
        let [r, g, b] = premultiplied(p);
        [r, g, b, p[3]]
    });
    let pre = |order: [usize; 4]| -> Vec<u8> { rgba_bytes.chunks(4).flat_map(|p| order.map(|i| p[i])).collect() };
    for (format, order) in [
        (PixelFormat::RgbaPremultiplied8, [0, 1, 2, 3]),
        (PixelFormat::BgraPremultiplied8, [2, 1, 0, 3]),
        (PixelFormat::ArgbPremultiplied8, [3, 0, 1, 2]),
    ] {
        let data = pre(order);
        let image = Image::new(&data, rgba.width, rgba.height, format).unwrap();
        let black = encoder(90).background([0; 3]);
        assert!(black.encode(&image).unwrap() == flat.encode(&black), "{format:?} over black");
        // Over another background it is the straight form but for the rounding of the product.
        let gold = encoder(90).background([200, 150, 20]);
        let (pre, straight) = (decode(&gold.encode(&image).unwrap()), decode(&rgba.encode(&gold)));
        assert!(straight.psnr(&pre) > 40.0, "{format:?} over gold: {:.1} dB", straight.psnr(&pre));
    }
    // More colour than alpha allows saturates.
    let image = Image::new(&[255, 255, 255, 0], 1, 1, PixelFormat::RgbaPremultiplied8).unwrap();
    let file = encoder(100).background([255; 3]).encode(&image).unwrap();
    assert_eq!(decode(&file).data, [255; 3]);
}

#[test]
fn more_than_eight_bits() {
    let rgb = Picture::scene(37, 21);
    let wide = |data: &[u8]| -> Vec<u8> { data.iter().flat_map(|&v| (u16::from(v) * 257).to_ne_bytes()).collect() };
    let float: Vec<u8> = rgb.data.iter().flat_map(|&v| (f32::from(v) / 255.0).to_ne_bytes()).collect();
    assert_same(&rgb, PixelFormat::Rgb16, &wide(&rgb.data));
    assert_same(&rgb, PixelFormat::RgbF32, &float);
    let rgba = with_alpha();
    assert_same(&rgba, PixelFormat::Rgba16, &wide(&rgba.data));
    let gray = rgb.to(PixelFormat::Gray8);
    assert_same(&gray, PixelFormat::Gray16, &wide(&gray.data));
}

#[test]
fn dither_keeps_a_gradient_that_rounding_loses() {
    // 65 levels of 16 bits between two of 8, across a wide picture.
    let data: Vec<u8> = (0..64).flat_map(|_| (0..512_u16).flat_map(|x| (25_700 + x / 4).to_ne_bytes())).collect();
    let image = Image::new(&data, 512, 64, PixelFormat::Gray16).unwrap();
    let mean = |decoded: &Picture, from: usize| {
        let columns = decoded.data.chunks(512).flat_map(|row| &row[from..from + 64]);
        columns.map(|&v| f64::from(v)).sum::<f64>() / (64.0 * 64.0)
    };
    let plain = decode(&encoder(100).encode(&image).unwrap());
    let dithered = decode(&encoder(100).dither(true).encode(&image).unwrap());
    assert_eq!((mean(&plain, 0), mean(&plain, 192)), (100.0, 100.0));
    let expected = 100.0 + (192.0 + 31.5) / 4.0 / 257.0;
    assert!((mean(&dithered, 192) - expected).abs() < 0.05, "{}", mean(&dithered, 192));
}

#[test]
fn grey_with_alpha_lies_over_the_luma_of_the_background() {
    let gray = Picture::scene(37, 21).to(PixelFormat::Gray8);
    let data: Vec<u8> = gray.data.iter().zip(0_u32..).flat_map(|(&v, i)| [v, (i * 7 % 256) as u8]).collect();
    let over = |v: u8, alpha: u8| (f64::from(v) * f64::from(alpha) + 150.0 * f64::from(255 - alpha)) / 255.0;
    let flat = data.chunks(2).map(|p| over(p[0], p[1]).round() as u8).collect();
    let flat = Picture { data: flat, ..gray };
    // 0.299 of 100, 0.587 of 200 and 0.114 of 24 are 150.
    let encoder = encoder(90).background([100, 200, 24]);
    let image = Image::new(&data, flat.width, flat.height, PixelFormat::GrayAlpha8).unwrap();
    assert!(encoder.encode(&image).unwrap() == flat.encode(&encoder));
}

#[test]
fn samples_that_are_components_already_are_encoded_as_they_are() {
    for (width, height) in [(37, 21), (1, 1), (2, 3), (16, 16), (65, 1)] {
        let y = Picture::scene(width, height).to(PixelFormat::Gray8);
        for (format, across, down) in [
            (PixelFormat::Ycbcr8, 1, 1),
            (PixelFormat::YcbcrPlanar444, 1, 1),
            (PixelFormat::YcbcrPlanar422, 2, 1),
            (PixelFormat::YcbcrPlanar420, 2, 2),
            (PixelFormat::Nv12, 2, 2),
        ] {
            let (wide, high) = (width.div_ceil(across), height.div_ceil(down));
            // Each chroma value is used by itself, so the components are told apart.
            let cb = vec![90_u8; (wide * high) as usize];
            let cr = vec![170_u8; (wide * high) as usize];
            let pairs: Vec<u8> = cb.iter().zip(&cr).flat_map(|(&b, &r)| [b, r]).collect();
            let data = match format {
                PixelFormat::Ycbcr8 => y.data.iter().flat_map(|&v| [v, 90, 170]).collect(),
                PixelFormat::Nv12 => [&y.data[..], &pairs].concat(),
                _ => [&y.data[..], &cb, &cr].concat(),
            };
            let image = Image::new(&data, width, height, format).unwrap();
            // The subsampling of the encoder does not count.
            let file = encoder(100).subsampling(Subsampling::S422).encode(&image).unwrap();
            let info = inspect(&file, &Limits::default()).unwrap();
            let luma = &info.components[0];
            assert_eq!((luma.horizontal.into(), luma.vertical.into()), (across, down), "{format:?}");
            let decoded = decode(&file);
            for (pixel, &v) in decoded.data.chunks(3).zip(&y.data) {
                let (v, cb, cr) = (f64::from(v), 90.0 - 128.0, 170.0 - 128.0);
                let expected = [v + 1.402 * cr, v - 0.344_136 * cb - 0.714_136 * cr, v + 1.772 * cb];
                for (got, expected) in pixel.iter().zip(expected) {
                    assert!((f64::from(*got) - expected.clamp(0.0, 255.0)).abs() <= 4.0, "{format:?} {width}x{height}");
                }
            }
        }
    }
}

#[test]
fn planes_may_lie_apart() {
    let (y, cb, cr) = (vec![50; 10 * 8], vec![100; 5 * 4], vec![150; 5 * 4]);
    let whole = [&y[..], &cb, &cr].concat();
    let packed = Image::new(&whole, 10, 8, PixelFormat::YcbcrPlanar420).unwrap();
    let gap = |data: &[u8], row: usize| -> Vec<u8> { data.chunks(row).flat_map(|r| [r, &[7; 3]].concat()).collect() };
    let (y, cb, cr) = (gap(&y, 10), gap(&cb, 5), gap(&cr, 5));
    let planes = [PixelPlane::new(&y, 13), PixelPlane::new(&cb, 8), PixelPlane::new(&cr, 8)];
    let apart = Image::from_planes(&planes, 10, 8, PixelFormat::YcbcrPlanar420).unwrap();
    assert!(encoder(80).encode(&packed).unwrap() == encoder(80).encode(&apart).unwrap());

    let usage = |result: cosimg::Result<Image<'_>>| result.err().map(|e| (e.kind(), e.field().unwrap().to_owned()));
    let expected = |field: &str| Some((ErrorKind::Usage, field.to_owned()));
    assert_eq!(usage(Image::from_planes(&planes[..2], 10, 8, PixelFormat::YcbcrPlanar420)), expected("format"));
    assert_eq!(usage(Image::from_planes(&planes, 10, 9, PixelFormat::YcbcrPlanar420)), expected("data"));
    assert_eq!(usage(Image::from_planes(&planes, 14, 8, PixelFormat::YcbcrPlanar420)), expected("stride"));
    assert_eq!(usage(Image::new(&whole[1..], 10, 8, PixelFormat::YcbcrPlanar420)), expected("data"));
    assert_eq!(usage(Image::with_stride(&whole, 10, 8, 10, PixelFormat::Nv12)), expected("format"));
}

#[test]
fn ink_is_read_as_adobe_has_it() {
    // Cyan, magenta, yellow, black, and a mixture, each a stripe of 32 columns.
    let inks = [[255, 0, 0, 0], [0, 255, 0, 0], [0, 0, 255, 0], [0, 0, 0, 255], [40, 80, 120, 60]];
    let data: Vec<u8> = (0..16).flat_map(|_| inks.iter().flat_map(|ink| ink.repeat(32))).collect();
    let image = Image::new(&data, 160, 16, PixelFormat::Cmyk8).unwrap();
    for subsampling in SUBSAMPLINGS {
        let file = encoder(98).subsampling(subsampling).encode(&image).unwrap();
        let info = inspect(&file, &Limits::default()).unwrap();
        assert_eq!((info.components.len(), info.metadata[0].kind), (4, "Adobe"));
        let decoded = decode(&file);
        for (stripe, ink) in inks.iter().enumerate() {
            let pixel = &decoded.data[(8 * 160 + 32 * stripe + 16) * 3..][..3];
            for (&got, &colour) in pixel.iter().zip(ink) {
                let expected = f64::from(255 - colour) * f64::from(255 - ink[3]) / 255.0;
                assert!((f64::from(got) - expected).abs() <= 4.0, "{subsampling:?} {ink:?} became {pixel:?}");
            }
        }
    }
}

#[test]
fn rows_in_any_batches_give_the_file_of_one_call() {
    for (format, width, height) in [
        (PixelFormat::Rgb8, 50, 37),
        (PixelFormat::Bgra8, 17, 16),
        (PixelFormat::Gray16, 9, 70),
        (PixelFormat::Cmyk8, 33, 9),
        (PixelFormat::RgbF32, 8, 1),
    ] {
        let bytes = width as usize * height as usize * format.bytes();
        let data: Vec<u8> = (0..bytes).map(|i| (i * i / 7 % 251) as u8).collect();
        let image = Image::new(&data, width, height, format).unwrap();
        for subsampling in SUBSAMPLINGS {
            let encoder = encoder(80).subsampling(subsampling).dither(true);
            let whole = encoder.encode(&image).unwrap();
            let row = width as usize * format.bytes();
            for batch in [1, row - 1, row, row + 1, 5 * row, data.len()] {
                let mut rows = encoder.rows(width, height, format).unwrap();
                data.chunks(batch).for_each(|part| rows.push(part).unwrap());
                assert_eq!(rows.rows_left(), 0);
                assert!(rows.finish().unwrap() == whole, "{format:?} {subsampling:?} by {batch}");
            }
        }
    }
}

#[test]
fn rows_that_do_not_add_up() {
    let usage =
        |error: cosimg::Error, field| assert_eq!((error.kind(), error.field()), (ErrorKind::Usage, Some(field)));
    let mut rows = encoder(80).rows(4, 2, PixelFormat::Gray8).unwrap();
    rows.push(&[1; 6]).unwrap();
    usage(rows.push(&[1; 3]).unwrap_err(), "data");
    assert_eq!(rows.rows_left(), 1);
    rows.push(&[1; 2]).unwrap();
    usage(rows.push(&[1]).unwrap_err(), "data");
    assert!(rows.finish().is_ok());
    let mut rows = encoder(80).rows(4, 2, PixelFormat::Gray8).unwrap();
    rows.push(&[1; 7]).unwrap();
    usage(rows.finish().unwrap_err(), "data");
    usage(encoder(80).rows(0, 2, PixelFormat::Gray8).unwrap_err(), "width");
    usage(encoder(80).rows(2, 2, PixelFormat::Nv12).unwrap().push(&[1; 6]).unwrap_err(), "format");

    // Rows as a picture.
    let data = [1; 64];
    let two = Image::new(&data[..12], 4, 2, PixelFormat::Nv12).unwrap();
    let gray =
        |width, height| Image::new(&data[..(width * height) as usize], width, height, PixelFormat::Gray8).unwrap();
    let mut rows = encoder(80).rows(4, 3, PixelFormat::Gray8).unwrap();
    usage(rows.push_rows(&gray(3, 1)).unwrap_err(), "width");
    usage(rows.push_rows(&gray(4, 4)).unwrap_err(), "height");
    usage(rows.push_rows(&two).unwrap_err(), "format");
    rows.push(&[1; 1]).unwrap();
    usage(rows.push_rows(&gray(4, 1)).unwrap_err(), "height");
    rows.push(&[1; 3]).unwrap();
    rows.push_rows(&gray(4, 2)).unwrap();
    assert!(rows.finish().unwrap() == encoder(80).encode(&gray(4, 3)).unwrap());
    let mut rows = encoder(80).rows(4, 5, PixelFormat::Nv12).unwrap();
    let odd = Image::new(&data[..4 * 3 + 4 * 2], 4, 3, PixelFormat::Nv12).unwrap();
    usage(rows.push_rows(&odd).unwrap_err(), "height");
    assert_eq!(rows.rows_left(), 5);
    rows.push_rows(&two).unwrap();
    rows.push_rows(&odd).unwrap();
    assert!(rows.finish().is_ok());
}

#[test]
fn rows_as_pictures_give_the_file_of_one_call() {
    for format in [
        PixelFormat::Rgb16,
        PixelFormat::RgbPlanar8,
        PixelFormat::YcbcrPlanar444,
        PixelFormat::YcbcrPlanar422,
        PixelFormat::YcbcrPlanar420,
        PixelFormat::Nv12,
    ] {
        let (width, height, gap) = (37, 45, 5);
        // Of each plane: bytes of a row of the picture, and how many of its rows share one.
        let shapes: &[(usize, usize)] = match format {
            PixelFormat::Rgb16 => &[(37 * 6, 1)],
            PixelFormat::YcbcrPlanar422 => &[(37, 1), (19, 1), (19, 1)],
            PixelFormat::YcbcrPlanar420 => &[(37, 1), (19, 2), (19, 2)],
            PixelFormat::Nv12 => &[(37, 1), (38, 2)],
            _ => &[(37, 1), (37, 1), (37, 1)],
        };
        let planes: Vec<Vec<u8>> = shapes
            .iter()
            .zip(1..)
            .map(|(&(row, down), seed)| {
                (0..(row + gap) * 45_usize.div_ceil(down)).map(|i| (i * i / seed % 251) as u8).collect()
            })
            .collect();
        let part = |from: usize, count: usize| -> Vec<PixelPlane<'_>> {
            let plane = |(data, &(row, down)): (_, &(usize, usize))| {
                let data: &Vec<u8> = data;
                PixelPlane::new(
                    &data[from / down * (row + gap)..(from + count).div_ceil(down) * (row + gap) - gap],
                    row + gap,
                )
            };
            planes.iter().zip(shapes).map(plane).collect()
        };
        let whole = Image::from_planes(&part(0, 45), width, height, format).unwrap();
        for subsampling in [Subsampling::S420, Subsampling::S444, Subsampling::Auto] {
            let encoder = encoder(80).subsampling(subsampling);
            let file = encoder.encode(&whole).unwrap();
            for batch in [2, 6, 16, 44, 45] {
                let mut rows = encoder.rows(width, height, format).unwrap();
                for from in (0..45).step_by(batch) {
                    let count = batch.min(45 - from);
                    rows.push_rows(&Image::from_planes(&part(from, count), width, count as u32, format).unwrap())
                        .unwrap();
                }
                assert_eq!(rows.rows_left(), 0);
                assert!(rows.finish().unwrap() == file, "{format:?} {subsampling:?} by {batch}");
            }
        }
    }
}

#[test]
fn rows_that_are_held_count_with_all_their_planes() {
    let least = |format| {
        let fits = |memory| {
            let mut limits = Limits::default();
            limits.memory = memory;
            encoder(80).subsampling(Subsampling::Auto).limits(limits).rows(100, 90, format).is_ok()
        };
        let (mut too_little, mut enough) = (0, 1 << 24);
        while enough - too_little > 1 {
            let middle = (too_little + enough) / 2;
            *(if fits(middle) { &mut enough } else { &mut too_little }) = middle;
        }
        enough
    };
    assert_eq!(least(PixelFormat::RgbPlanar8), least(PixelFormat::Rgb8));
    assert!(least(PixelFormat::Rgb8) > 100 * 90 * (3 + 3 * 2));
}

#[test]
fn rows_that_were_stopped_take_no_more_and_make_no_file() {
    // Automatic subsampling holds what comes and encodes nothing before the end.
    for subsampling in [Subsampling::S420, Subsampling::Auto] {
        let cancel = cosimg::Cancel::new();
        let encoder = encoder(80).subsampling(subsampling).cancel(cancel.clone());
        let mut rows = encoder.rows(4, 40, PixelFormat::Rgb8).unwrap();
        rows.push(&[1; 12 * 39 + 1]).unwrap();
        cancel.trigger();
        assert_eq!(rows.push(&[1; 11]).unwrap_err().kind(), ErrorKind::Cancelled);
        assert_eq!(rows.push(&[1; 1]).unwrap_err().kind(), ErrorKind::Cancelled);
        assert_eq!(rows.rows_left(), 1);
        assert_eq!(rows.finish().unwrap_err().kind(), ErrorKind::Cancelled);
    }
    // A progress function stops it in the middle of a call, and its row is gone.
    let stops =
        encoder(80).progress(|done, _| if done > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
    let mut rows = stops.rows(4, 8, PixelFormat::Gray8).unwrap();
    rows.push(&[1; 4 * 7 + 1]).unwrap();
    assert_eq!(rows.push(&[1; 3]).unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(rows.push(&[1; 1]).unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(rows.rows_left(), 0);
    assert!(rows.finish().is_err());
}

#[test]
fn density_and_comments_are_embedded() {
    let picture = Picture::waves(8, 8);
    let file =
        picture.encode(&encoder(80).density(Density::PerInch { x: 300, y: 150 }).comment("first").comment("second"));
    assert_eq!(file[6..18], *b"JFIF\0\x01\x01\x01\x01\x2C\0\x96");
    let kinds: Vec<_> = inspect(&file, &Limits::default()).unwrap().metadata.iter().map(|s| s.kind).collect();
    assert_eq!(kinds, ["JFIF", "comment", "comment"]);
    let place = |text: &[u8]| file.windows(text.len()).position(|w| w == text);
    assert!(place(b"first").is_some_and(|at| Some(at) < place(b"second")));

    let usage = |encoder: Encoder, field| {
        let error = encoder.encode(&picture.image()).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Usage, Some(field)));
    };
    usage(encoder(80).density(Density::PerCentimetre { x: 0, y: 1 }), "density");
    usage(encoder(80).comment(vec![0; 65_534]), "comment");
    assert!(picture.encode(&encoder(80).comment(vec![0; 65_533])).len() > 65_533);
}
