//! Laws of the processing language on generated input.

use cosimg::ErrorKind;
use cosimg::params::{Flip, Params, Position};
use proptest::prelude::*;

/// Pieces that the language is made of, right and wrong, so that many generated texts are accepted.
fn piece() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "imageMogr2",
        "imageView2",
        "watermark",
        "style",
        "imageInfo",
        "exif",
        "auto-orient",
        "cut",
        "1x2x3x4",
        "crop",
        "300x",
        "gravity",
        "SouthEast",
        "thumbnail",
        "!50p",
        "640x480>",
        "pad",
        "color",
        "I0ZGRkZGRg==",
        "rotate",
        "90",
        "flip",
        "vertical",
        "blur",
        "8x0.50",
        "sharpen",
        "70",
        "strip",
        "format",
        "jpg",
        "quality",
        "85!",
        "rquality",
        "interlace",
        "0",
        "1",
        "01",
        "size-limit",
        "15k!",
        "minsize",
        "ignore-error",
        "some-day",
        "Strip",
        "",
        "%7C",
        "é",
    ]);
    prop_oneof![9 => known.prop_map(str::to_owned), 1 => "[ -~é]{0,6}"]
}

fn text() -> impl Strategy<Value = String> {
    let stage = prop::collection::vec(piece(), 0..8).prop_map(|pieces| pieces.join("/"));
    let mogr = prop::collection::vec(operation(), 0..6)
        .prop_map(|ops| format!("imageMogr2{}", ops.iter().map(|op| format!("/{op}")).collect::<String>()));
    let rule = prop::collection::vec(prop_oneof![stage, mogr], 1..4).prop_map(|stages| stages.join("|"));
    prop_oneof![rule, any::<String>()]
}

/// An operation that is probably right.
fn operation() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("strip".to_owned()),
        Just("auto-orient".to_owned()),
        (0..3_u8).prop_map(|n| format!("interlace/{n}")),
        (0..110_u8, "!?").prop_map(|(n, force)| format!("quality/{n}{force}")),
        (0..1000_u32, 0..1000_u32, "[!><]?").prop_map(|(w, h, mode)| format!("thumbnail/{w}x{h}{mode}")),
        (-110..110_i32).prop_map(|n| format!("bright/{n}")),
        "(cut|crop|blur|size-limit)/[0-9]{1,3}x[0-9]{0,3}(x[0-9])?[km]?",
        "[a-z]{1,8}(/[a-z0-9]{1,4}){0,2}/?",
    ]
}

fn built() -> impl Strategy<Value = Params> {
    prop::collection::vec((0..31_u8, any::<[u8; 4]>()), 0..12).prop_map(|steps| {
        let mut rule = Params::image_mogr2();
        for (step, values) in steps {
            rule = apply(rule.clone(), step, values).unwrap_or(rule);
        }
        rule
    })
}

/// Any setter with any values; an error leaves the rule as it was.
fn apply(rule: Params, step: u8, [a, b, c, d]: [u8; 4]) -> cosimg::Result<Params> {
    let position = [Position::Center, Position::NorthWest, Position::South][usize::from(a % 3)];
    Ok(match step {
        0 => rule.auto_orient(),
        1 => rule.cut(a.into(), b.into(), c.into(), d.into())?,
        2 => rule.crop(["300x", "x400", "3x4"][usize::from(a % 3)])?,
        3 => rule.gravity(position)?,
        4 => rule.scrop(a.into(), b.into())?,
        5 => rule.thumbnail(&format!("{}x{}{}", a, b, [">", "<", "!", ""][usize::from(c % 4)]))?,
        6 => rule.pad(a > 99),
        7 => rule.color([a, b, c])?,
        8 => rule.iradius(a.into())?,
        9 => rule.rradius(a.into())?,
        10 => rule.rotate(u16::from(a) * 2)?,
        11 => rule.flip([Flip::Horizontal, Flip::Vertical][usize::from(a % 2)]),
        12 => rule.blur(a, f64::from(b) / f64::from(c))?,
        13 => rule.sharpen(a.into())?,
        14 => rule.bright(a as i8)?,
        15 => rule.contrast(a as i8)?,
        16 => rule.grayscale(a > 99),
        17 => rule.strip(),
        18 => rule.format(["jpg", "png", "yjpeg", "jpeg"][usize::from(a % 4)])?,
        19 => rule.cgif(a)?,
        20 => rule.quality(a)?,
        21 => rule.exact_quality(a)?,
        22 => rule.rquality(a)?,
        23 => rule.lquality(a)?,
        24 => rule.interlace(a > 99),
        25 => rule.size_limit(&format!("{a}{}{}", ["k", "m"][usize::from(b % 2)], ["", "!"][usize::from(c % 2)]))?,
        26 => rule.minsize(),
        27 => rule.ignore_error(a > 99),
        28 => rule.operations(["x", "x/1", "x/1/strip/y", "y/2/x"][usize::from(a % 4)])?,
        29 => rule.then(Params::image_mogr2())?,
        _ => rule.then(Params::watermark(&format!("{a}/text/{b}"))?)?,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_prints_back_and_what_is_refused_has_a_place(text in text()) {
        match text.parse::<Params>() {
            Ok(rule) => {
                prop_assert_eq!(rule.to_string(), text.clone());
                for warning in rule.warnings() {
                    prop_assert!(text.get(warning.offset..).is_some_and(|rest| rest.starts_with(&warning.name)));
                }
            }
            Err(error) => {
                prop_assert!(matches!(error.kind(), ErrorKind::Input | ErrorKind::Limit), "{}", error);
                let offset = error.offset().expect("every error has a place");
                prop_assert!(text.is_char_boundary(usize::try_from(offset).unwrap()), "{} in {:?}", offset, text);
            }
        }
        Params::is_rule(&text);
    }

    #[test]
    fn what_is_built_is_read_back(rule in built()) {
        let text = rule.to_string();
        prop_assert_eq!(text.parse::<Params>(), Ok(rule), "{}", text);
    }

    #[test]
    fn a_change_of_letter_case_never_makes_an_operation_vanish(rule in built(), place in any::<prop::sample::Index>()) {
        let text = rule.to_string();
        let place = place.index(text.len());
        let changed: String =
            text.chars().enumerate().map(|(at, letter)| if at == place { swap_case(letter) } else { letter }).collect();
        if let Ok(other) = changed.parse::<Params>() {
            prop_assert_eq!(names(&rule), names(&other), "{} and {}", text, changed);
        }
    }
}

/// The known operations of a rule; unknown ones keep no meaning that could be lost.
fn names(rule: &Params) -> Vec<String> {
    let known = |op: &&cosimg::params::Op| !matches!(op, cosimg::params::Op::Unknown(_));
    rule.ops().filter(known).map(|op| op.name().to_owned()).collect()
}

fn swap_case(letter: char) -> char {
    if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
}
