//! Built rules: canonical order, replacement, pipelines, ranges.

use cosimg::params::{Flip, Params, Position};
use cosimg::{ErrorKind, Result};

#[test]
fn the_paved_path() -> Result<()> {
    let rule = Params::image_mogr2().format("jpg")?.interlace(true).ignore_error(true);
    assert_eq!(rule.to_string(), "imageMogr2/format/jpg/interlace/1/ignore-error/1");
    Ok(())
}

#[test]
fn every_setter_in_the_canonical_order_whatever_the_order_of_the_calls() -> Result<()> {
    let backwards = Params::image_mogr2()
        .ignore_error(true)
        .minsize()
        .size_limit("15k!")?
        .interlace(true)
        .quality(85)?
        .cgif(30)?
        .format("jpg")?
        .strip()
        .operations("some-day/1")?
        .grayscale(true)
        .contrast(-100)?
        .bright(100)?
        .sharpen(70)?
        .blur(8, 0.5)?
        .flip(Flip::Vertical)
        .rotate(360)?
        .rradius(4)?
        .iradius(3)?
        .color([255, 255, 255])?
        .pad(true)
        .thumbnail("640x480>")?
        .scrop(10, 20)?
        .gravity(Position::SouthEast)?
        .crop("300x")?
        .cut(1, 2, 0, 4)?
        .auto_orient();
    let expected = "imageMogr2/auto-orient/cut/1x2x0x4/crop/300x/gravity/southeast/scrop/10x20/thumbnail/640x480>\
        /pad/1/color/I0ZGRkZGRg/iradius/3/rradius/4/rotate/360/flip/vertical/blur/8x0.5/sharpen/70/bright/100\
        /contrast/-100/grayscale/1/some-day/1/strip/format/jpg/cgif/30/quality/85/interlace/1/size-limit/15k!\
        /minsize/1/ignore-error/1";
    assert_eq!(backwards.to_string(), expected);
    assert_eq!(expected.parse::<Params>()?, backwards);
    Ok(())
}

#[test]
fn a_setter_replaces_in_place() -> Result<()> {
    let typed: Params = "imageMogr2/interlace/1/format/png/interlace/0/strip/".parse()?;
    assert_eq!(typed.interlace(true).format("jpg")?.to_string(), "imageMogr2/interlace/1/format/jpg/strip/");
    let quality = Params::image_mogr2().quality(80)?.rquality(50)?;
    assert_eq!(quality.clone().to_string(), "imageMogr2/rquality/50");
    assert_eq!(quality.exact_quality(90)?.to_string(), "imageMogr2/quality/90!");
    Ok(())
}

#[test]
fn ignore_error_is_taken_out_of_every_stage() -> Result<()> {
    let rule: Params = "imageMogr2/a/1/ignore-error/1/b/2|imageMogr2/ignore-error/1/strip".parse()?;
    let rule = rule.ignore_error(false);
    assert_eq!(rule.to_string(), "imageMogr2/a/1/b/2|imageMogr2/strip");
    assert_eq!(rule.to_string().parse::<Params>()?, rule, "the two unknown runs have become one");
    Ok(())
}

#[test]
fn pipelines() -> Result<()> {
    let rule = Params::image_mogr2()
        .thumbnail("!50p")?
        .then(Params::watermark("2/text/aGVsbG8/dissolve/40/")?)?
        .format("jpg")?
        .interlace(true);
    assert_eq!(
        rule.to_string(),
        "imageMogr2/thumbnail/!50p|watermark/2/text/aGVsbG8/dissolve/40/|imageMogr2/format/jpg/interlace/1"
    );
    let five = ["imageMogr2/strip"; 5].join("|").parse::<Params>()?;
    let ten = five.clone().then(five)?;
    let error = ten.then(Params::exif()).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Usage, Some("stages")));
    Ok(())
}

#[test]
fn other_stages() -> Result<()> {
    assert_eq!(Params::image_view2("2/w/400")?.to_string(), "imageView2/2/w/400");
    assert_eq!(Params::style("small|big").unwrap_err().kind(), ErrorKind::Usage);
    assert_eq!(Params::style("").unwrap_err().field(), Some("style"));
    assert_eq!(Params::watermark("a\nb").unwrap_err().kind(), ErrorKind::Usage);
    Ok(())
}

#[test]
fn values_out_of_range_are_the_callers_fault_and_name_the_operation() {
    let new = Params::image_mogr2;
    let refused = [
        ("format", new().format("jpeg")),
        ("format", new().format("jpg/interlace/0")),
        ("quality", new().quality(101)),
        ("quality", new().exact_quality(101)),
        ("rquality", new().rquality(101)),
        ("lquality", new().lquality(101)),
        ("thumbnail", new().thumbnail("640*480")),
        ("thumbnail", new().thumbnail("")),
        ("cut", new().cut(0, 1, 1, 1)),
        ("crop", new().crop("x")),
        ("scrop", new().scrop(1, 0)),
        ("iradius", new().iradius(0)),
        ("rradius", new().rradius(0)),
        ("rotate", new().rotate(361)),
        ("blur", new().blur(0, 1.0)),
        ("blur", new().blur(51, 1.0)),
        ("blur", new().blur(1, 0.0)),
        ("blur", new().blur(1, -1.0)),
        ("blur", new().blur(1, f64::NAN)),
        ("blur", new().blur(1, f64::INFINITY)),
        ("blur", new().blur(1, 1e300)),
        ("sharpen", new().sharpen(301)),
        ("bright", new().bright(101)),
        ("contrast", new().contrast(-101)),
        ("cgif", new().cgif(0)),
        ("size-limit", new().size_limit("15")),
        ("interlace", new().operations("interlace/2")),
        ("interlace", new().operations("INTERLACE/1")),
    ];
    for (field, result) in refused {
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Usage, Some(field)), "{error}");
    }
    for text in ["", "/", "a/", "a//b", "a|b", "a\n", "a%2Fb", "1"] {
        assert_eq!(new().operations(text).unwrap_err().kind(), ErrorKind::Usage, "{text:?}");
    }
}
