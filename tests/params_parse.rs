//! The processing language: what is read, what is refused and where, what it says.

use cosimg::params::{Format, Op, Params, Position, SizeUnit, Stage, Thumbnail};
use cosimg::{Error, ErrorKind};
use serde_json::Value;

fn table(text: &str) -> Vec<Value> {
    let table: Value = serde_json::from_str(text).expect("the table is JSON");
    table["rules"].as_array().expect("the table has rows").clone()
}

fn rule(text: &str) -> Params {
    text.parse().unwrap_or_else(|error: Error| panic!("{text:?}: {error}"))
}

#[test]
fn documented_rules_are_read_and_printed_to_the_byte() {
    let rules = table(include_str!("data/params/accepted.json"));
    assert!(rules.len() > 50);
    for text in &rules {
        let text = text.as_str().unwrap();
        assert_eq!(rule(text).to_string(), text);
    }
}

#[test]
fn wrong_rules_are_refused_at_the_byte_that_is_wrong() {
    let rules = table(include_str!("data/params/refused.json"));
    assert!(rules.len() > 60);
    for row in &rules {
        let text = row["rule"].as_str().unwrap();
        let Err(error) = text.parse::<Params>() else { panic!("{text:?} was accepted") };
        assert_eq!(error.kind(), ErrorKind::Input, "{text:?}: {error}");
        assert_eq!(error.offset(), row["offset"].as_u64(), "{text:?}: {error}");
        assert_eq!(error.field(), row["field"].as_str(), "{text:?}: {error}");
    }
}

#[test]
fn a_message_says_what_is_expected_and_what_was_found() {
    let error = "imageMogr2/format/jpeg".parse::<Params>().unwrap_err();
    assert!(error.message().contains("jpg, bmp") && error.message().contains("\"jpeg\""), "{error}");
    let error = "imageMogr2/Interlace/1".parse::<Params>().unwrap_err();
    assert!(error.message().contains("is written interlace"), "{error}");
    let error = "imageMogr2%2Finterlace%2F1".parse::<Params>().unwrap_err();
    assert!(error.message().contains("percent-encoded"), "{error}");
    let long = format!("imageMogr2/format/{}", "x".repeat(5_000));
    let error = long.parse::<Params>().unwrap_err();
    assert!(error.message().len() < 300, "a message repeats {} bytes", error.message().len());
}

#[test]
fn stages_and_bytes_are_bounded() {
    let ten = ["imageMogr2/strip"; 10].join("|");
    assert_eq!(rule(&ten).stages().len(), Params::MAX_STAGES);
    let error = format!("{ten}|imageMogr2/strip").parse::<Params>().unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("stages")));
    assert_eq!(error.offset(), Some(ten.len() as u64 + 1));

    let longest = format!("watermark/{}", "a".repeat(Params::MAX_BYTES - 10));
    assert_eq!(rule(&longest).to_string(), longest);
    let error = format!("{longest}a").parse::<Params>().unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ErrorKind::Input, Some(Params::MAX_BYTES as u64)));
}

#[test]
fn values_are_typed() {
    let ops: Vec<Op> = rule("imageMogr2/thumbnail/!640x480r/crop/300x/gravity/SouthEast/color/IzNEM0QzRA==/blur/8x0.50/quality/85!/size-limit/15k!/cut/1x2x3x0")
        .ops()
        .cloned()
        .collect();
    assert_eq!(ops[0], Op::Thumbnail(Thumbnail::Cover(640, 480)));
    let Op::Gravity(gravity) = &ops[2] else { panic!("{:?}", ops[2]) };
    assert_eq!((gravity.position(), gravity.to_string().as_str()), (Position::SouthEast, "SouthEast"));
    let Op::Color(color) = &ops[3] else { panic!("{:?}", ops[3]) };
    assert_eq!(color.rgb(), [0x3D, 0x3D, 0x3D]);
    let Op::Blur(blur) = &ops[4] else { panic!("{:?}", ops[4]) };
    assert_eq!((blur.radius, blur.sigma.value()), (8, 0.5));
    assert_eq!(ops[5], Op::Quality { quality: 85, exact: true });
    let Op::SizeLimit(limit) = ops[6] else { panic!("{:?}", ops[6]) };
    assert_eq!((limit.bytes(), limit.unit, limit.or_source), (15 * 1024, SizeUnit::Kib, true));
    let Op::Cut(cut) = ops[7] else { panic!("{:?}", ops[7]) };
    assert_eq!((cut.width, cut.height, cut.x, cut.y), (1, 2, 3, 0));
}

#[test]
fn an_unknown_operation_reaches_up_to_the_next_known_name() {
    let rule = rule("imageMogr2/some-day/1/2/interlace/1/other/");
    let [Stage::ImageMogr2(stage)] = rule.stages() else { panic!("{rule:?}") };
    let names: Vec<_> = stage.ops.iter().map(|op| (op.name(), op.to_string())).collect();
    let expected = [("some-day", "some-day/1/2"), ("interlace", "interlace/1"), ("other", "other")];
    assert_eq!(names, expected.map(|(name, text)| (name, text.to_owned())));
    assert!(stage.trailing_slash);
}

#[test]
fn what_a_rule_asks_for() {
    assert!(rule("imageMogr2/format/jpg/interlace/1").ends_in_interlace());
    assert!(!rule("imageMogr2/interlace/0").ends_in_interlace());
    assert!(!rule("imageMogr2/interlace/1|watermark/1/x").ends_in_interlace());
    assert!(rule("imageView2/2/q/80|imageMogr2/ignore-error/1").ignores_errors());
    assert!(!rule("imageMogr2/strip").ignores_errors());
    assert_eq!(rule("imageMogr2/format/png|imageMogr2/strip").output_format(), Some(Format::Png));
    assert_eq!(rule("imageMogr2/format/png|imageMogr2/format/jpg").output_format(), Some(Format::Jpg));
    assert_eq!(rule("imageView2/2/w/10/format/webp|imageMogr2/interlace/1").output_format(), Some(Format::Webp));
    assert_eq!(rule("imageView2/1/w/format/h/3").output_format(), None);
    assert_eq!(rule("imageMogr2/interlace/1").output_format(), None);
    assert!(rule("imageMogr2/strip|imageInfo").is_query());
    assert!(!rule("imageMogr2/strip").is_query());
}

#[test]
fn keys_that_are_rules() {
    for key in [
        "imageMogr2/strip",
        "imageMogr2",
        "imageView2/2",
        "watermark/1/x",
        "style/x",
        "exif",
        "imageInfo|x",
        "x|imageInfo",
        "foo/1|bar|imageMogr2/strip",
        "imageAve",
    ] {
        assert!(Params::is_rule(key), "{key}");
    }
    for key in ["imagemogr2/strip", "IMAGEMOGR2/interlace/1", "Style/x", "WATERMARK/1/x", "EXIF"] {
        assert!(Params::is_rule(key), "{key} has the signature of a rule and must not pass for a plain parameter");
        assert!(key.parse::<Params>().is_err(), "{key}");
    }
    for key in [
        "",
        "style",
        "watermark",
        "versionId",
        "response-content-type",
        "imageMogr",
        "imageMogr22/strip",
        "prefix/imageMogr2/strip",
    ] {
        assert!(!Params::is_rule(key), "{key}");
    }
}

#[test]
fn doubts_are_named_with_their_place() {
    let doubts = |text: &str| -> Vec<(usize, usize, String)> {
        rule(text).warnings().into_iter().map(|warning| (warning.stage, warning.offset, warning.name)).collect()
    };
    let one = |stage, offset, name: &str| vec![(stage, offset, name.to_owned())];
    assert_eq!(doubts("imageMogr2/format/jpg/interlace/1/ignore-error/1"), []);
    assert_eq!(doubts("imageMogr2/interlace/1|imageMogr2/ignore-error/1"), []);
    assert_eq!(doubts("imageMogr2/interlace/1/strip/interlace/0"), one(0, 29, "interlace"));
    assert_eq!(doubts("imageMogr2/quality/80/rquality/50"), one(0, 22, "rquality"));
    assert_eq!(doubts("imageMogr2/strip|imageMogr2/interlaced/1"), one(1, 28, "interlaced"));
    assert_eq!(doubts("imageMogr2/interlace/1|imageMogr2/strip"), one(0, 11, "interlace"));
    assert_eq!(doubts("imageMogr2/interlace/1|watermark/2/x"), one(0, 11, "interlace"));
    assert_eq!(doubts("imageMogr2/format/webp/interlace/1"), one(0, 23, "interlace"));
    assert_eq!(doubts("imageMogr2/gravity/center"), one(0, 11, "gravity"));
    assert_eq!(doubts("imageMogr2/size-limit/15k!"), one(0, 11, "size-limit"));
    assert_eq!(doubts("imageMogr2/strip|imageMogr2"), one(1, 17, "imageMogr2"));
    assert_eq!(doubts("imageSlim"), one(0, 0, "imageSlim"));
}
