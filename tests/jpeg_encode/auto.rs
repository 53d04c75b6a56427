//! The subsampling that is chosen by the picture.

use cosimg::jpeg::{Encoder, Image, PixelFormat, Simd, Subsampling};
use cosimg::{ErrorKind, Limits};

use crate::{PRESETS, Picture, encoder};

/// Strokes of ink, one or two pixels wide, in lines like those of a text.
fn text(ink: [u8; 3], paper: [u8; 3]) -> Picture {
    Picture::rgb(320, 200, |x, y| {
        let letter = (x / 7 * 31 + y / 14 * 17) % 97;
        let (x, y) = (x % 7, y % 14);
        let stroke = x == letter % 5 || y == 3 + letter % 7 && x < 5;
        if stroke && (2..11).contains(&y) && !letter.is_multiple_of(6) { ink } else { paper }
    })
}

/// The form that is chosen; the file is that of this form.
fn chosen(picture: &Picture, encoder: &Encoder) -> Subsampling {
    let auto = picture.encode(&encoder.clone().subsampling(Subsampling::Auto));
    let forms = [Subsampling::S420, Subsampling::S444];
    let is_same = |form: &&Subsampling| picture.encode(&encoder.clone().subsampling(**form)) == auto;
    *forms.iter().find(is_same).expect("the file of one of the two")
}

#[test]
fn coloured_strokes_keep_their_chroma_and_photographs_do_not() {
    let (white, blue) = ([255; 3], [0, 0, 160]);
    for preset in PRESETS {
        let at = |quality| encoder(quality).preset(preset);
        for (ink, paper) in [([220, 0, 0], white), ([0, 0, 230], white), ([255, 60, 60], blue)] {
            assert_eq!(chosen(&text(ink, paper), &at(90)), Subsampling::S444, "{ink:?} on {paper:?}, {preset:?}");
            assert_eq!(chosen(&text(ink, paper), &at(20)), Subsampling::S420, "{ink:?} on {paper:?}, {preset:?}");
        }
        for quality in [30, 60, 85, 95] {
            for picture in [Picture::scene(320, 200), Picture::waves(320, 200), text([0; 3], white)] {
                assert_eq!(chosen(&picture, &at(quality)), Subsampling::S420, "{quality} {preset:?}");
            }
        }
    }
}

#[test]
fn what_counts_is_how_chroma_shows() {
    // Dark blue has next to no light: full chroma scores less here at quality 70, in more bytes. Light blue on
    // near-black gains 12 points and more by it at quality 90.
    let (dark, light, white, black) = ([0, 0, 120], [85, 170, 255], [255; 3], [16, 16, 32]);
    for preset in PRESETS {
        let at = |quality| encoder(quality).preset(preset);
        assert_eq!(chosen(&text(dark, white), &at(70)), Subsampling::S420, "{preset:?}");
        assert_eq!(chosen(&text(light, black), &at(90)), Subsampling::S444, "{preset:?}");
    }
}

#[test]
fn a_number_of_bytes_decides_by_the_quality_that_it_has_room_for() {
    let picture = text([220, 0, 0], [255; 3]);
    let ample = picture.encode(&encoder(92).subsampling(Subsampling::S444)).len() as u64;
    assert_eq!(chosen(&picture, &encoder(95).target_bytes(ample)), Subsampling::S444);
    assert_eq!(chosen(&picture, &encoder(95).target_bytes(ample / 8)), Subsampling::S420);
}

#[test]
fn rows_give_the_file_of_one_call() {
    for format in [PixelFormat::Rgb8, PixelFormat::Bgra8, PixelFormat::Cmyk8, PixelFormat::Rgb16] {
        for (picture, height) in [(text([220, 0, 0], [255; 3]), 200), (Picture::scene(320, 37), 37)] {
            let wide: Vec<u8> = picture
                .data
                .chunks_exact(3)
                .flat_map(|p| match format.bytes() {
                    3 => p.to_vec(),
                    4 => vec![p[0], p[1], p[2], 250],
                    _ => p.iter().flat_map(|&v| [v, v]).collect(),
                })
                .collect();
            let image = Image::new(&wide, 320, height, format).unwrap();
            for encoder in [encoder(90), encoder(90).target_bytes(9_000)] {
                let encoder = encoder.subsampling(Subsampling::Auto);
                let whole = encoder.encode(&image).unwrap();
                let mut rows = encoder.rows(320, height, format).unwrap();
                wide.chunks(1_000).for_each(|part| rows.push(part).unwrap());
                assert_eq!(rows.rows_left(), 0);
                assert_eq!(rows.push(&[0]).unwrap_err().kind(), ErrorKind::Usage);
                assert!(rows.finish().unwrap() == whole, "{format:?}");
            }
        }
    }
}

#[test]
fn rows_that_are_held_count_as_memory() {
    let of = |memory| {
        let mut limits = Limits::default();
        limits.memory = memory;
        encoder(85).subsampling(Subsampling::Auto).limits(limits)
    };
    let error = of(2_500_000).rows(1_000, 1_000, PixelFormat::Rgb8).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert_eq!(of(8_000_000).rows(1_000, 1_000, PixelFormat::Rgb8).unwrap_err().kind(), ErrorKind::Limit);
    assert!(of(16_000_000).rows(1_000, 1_000, PixelFormat::Rgb8).is_ok());
}

#[test]
fn nothing_is_chosen_for_grey_and_for_what_is_down_sampled_already() {
    let auto = encoder(85).subsampling(Subsampling::Auto);
    let grey = Picture::scene(61, 43).to(PixelFormat::Gray8);
    assert!(grey.encode(&auto) == grey.encode(&encoder(85)));
    for format in [PixelFormat::Ycbcr8, PixelFormat::YcbcrPlanar444, PixelFormat::Nv12] {
        let bytes = match format {
            PixelFormat::Nv12 => 40 * 30 * 3 / 2,
            _ => 40 * 30 * 3,
        };
        let data: Vec<u8> = (0..bytes).map(|i: u32| (i * i / 5 % 249) as u8).collect();
        let image = Image::new(&data, 40, 30, format).unwrap();
        assert!(auto.encode(&image).unwrap() == encoder(85).encode(&image).unwrap(), "{format:?}");
    }
}

#[test]
fn small_pictures_have_a_choice_too() {
    for (width, height) in [(1, 1), (3, 40), (33, 2), (70, 17)] {
        chosen(&Picture::scene(width, height), &encoder(85));
    }
}

#[test]
fn the_choice_depends_on_no_instructions() {
    for picture in [text([200, 40, 0], [255; 3]), Picture::scene(150, 90)] {
        for quality in (50..100).step_by(3) {
            let encoder = encoder(quality).subsampling(Subsampling::Auto);
            assert!(picture.encode(&encoder) == picture.encode(&encoder.clone().simd(Simd::Scalar)), "{quality}");
        }
    }
}
