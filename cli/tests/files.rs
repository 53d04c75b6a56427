//! `inspect`, `transcode`, `encode` and `process`: files in, files out, nothing left behind a failure.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs;
use std::path::Path;
use std::process::Stdio;

use cosimg::Limits;
use cosimg::jpeg::{self, CoefficientImage};
use serde_json::Value;
use support::{RULE, asset, cosimg, listing, run, run_with};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn coefficients(bytes: &[u8]) -> CoefficientImage {
    CoefficientImage::read(bytes, &Limits::default()).unwrap()
}

fn inspect(bytes: &[u8]) -> jpeg::Inspection {
    jpeg::inspect(bytes, &Limits::default()).unwrap()
}

#[test]
fn transcoding_changes_the_order_and_no_coefficient() {
    let folder = tempfile::tempdir().unwrap();
    let (source, out) = (asset("sample.jpg"), folder.path().join("out.jpg"));
    let before = fs::read(&source).unwrap();
    for (flag, progressive) in [(None, true), (Some("--progressive"), true), (Some("--baseline"), false)] {
        let mut command = cosimg(&["transcode", text(&source), "-o", text(&out)]);
        command.args(flag);
        let run = run(command);
        assert_eq!((run.code, run.text.as_str(), run.errors.as_str()), (0, "", ""));
        let after = fs::read(&out).unwrap();
        assert_eq!(inspect(&after).progressive, progressive);
        assert_eq!(coefficients(&before), coefficients(&after));
    }
    assert_eq!(listing(folder.path()), ["out.jpg"]);
    assert_eq!(run(cosimg(&["transcode", "--progressive", "--baseline", "a", "-o", "b"])).code, 2);
}

#[test]
fn stripping_leaves_what_the_colours_depend_on() {
    let kept = run(cosimg(&["transcode", text(&asset("sample.jpg")), "-o", "-"])).out;
    let stripped = run(cosimg(&["transcode", "--strip", "safe", text(&asset("sample.jpg")), "-o", "-"])).out;
    let kinds = |bytes: &[u8]| inspect(bytes).metadata.iter().map(|segment| segment.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&kept), ["JFIF", "Exif"]);
    assert_eq!(kinds(&stripped), ["JFIF"]);
}

#[test]
fn a_file_is_changed_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jpg");
    fs::copy(asset("sample.jpg"), &path).unwrap();
    assert_eq!(run(cosimg(&["transcode", text(&path), "-o", text(&path)])).code, 0);
    assert!(inspect(&fs::read(&path).unwrap()).progressive);
    assert_eq!(listing(folder.path()), ["a.jpg"]);
}

#[test]
fn a_dash_is_standard_input_and_output() {
    let source = fs::read(asset("sample.jpg")).unwrap();
    let piped = run_with(cosimg(&["transcode", "-", "-o", "-"]), &source);
    assert_eq!((piped.code, piped.errors.as_str()), (0, ""));
    assert_eq!(coefficients(&piped.out), coefficients(&source));
    let report = run_with(cosimg(&["inspect", "-"]), &source);
    assert!(report.text.contains("baseline"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut command = cosimg(&["transcode", "-", "-o", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let source = fs::read(asset("sample.jpg")).unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), &source).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn a_failure_leaves_nothing_behind_and_the_old_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let source = fs::read(asset("sample.jpg")).unwrap();
    let (cut, noise, out) = (folder.path().join("cut.jpg"), folder.path().join("noise"), folder.path().join("out.jpg"));
    fs::write(&cut, &source[..source.len() / 2]).unwrap();
    fs::write(&noise, b"no picture at all").unwrap();
    for existing in [false, true] {
        if existing {
            fs::write(&out, b"old").unwrap();
        }
        for args in [
            vec!["transcode", text(&cut)],
            vec!["transcode", text(&noise)],
            vec!["transcode", text(&asset("sample.png"))],
            vec!["transcode", "/does/not/exist"],
            vec!["encode", text(&noise)],
            vec!["encode", text(&asset("sample.jpg"))],
            vec!["process", text(&noise), RULE],
            vec!["process", text(&cut), RULE],
        ] {
            let run = run(cosimg(&[&args[..], &["-o", text(&out)]].concat()));
            assert_eq!((run.code, run.text.as_str()), (1, ""), "{args:?}: {}", run.errors);
            assert!(run.errors.starts_with("cosimg: error: ") && run.errors.contains(args[1]), "{}", run.errors);
        }
        let left = listing(folder.path());
        assert_eq!(left, if existing { &["cut.jpg", "noise", "out.jpg"][..] } else { &["cut.jpg", "noise"] });
    }
    assert_eq!(fs::read(&out).unwrap(), b"old");
    // A folder that is not there.
    let run = run(cosimg(&["transcode", text(&asset("sample.jpg")), "-o", text(&folder.path().join("no/out.jpg"))]));
    assert_eq!(run.code, 1);
}

#[test]
fn encoding_takes_quality_sampling_and_background() {
    let png = asset("sample.png");
    let encode = |more: &[&str]| {
        let run = run(cosimg(&[&["encode", text(&png), "-o", "-"], more].concat()));
        assert_eq!((run.code, run.errors.as_str()), (0, ""), "{more:?}");
        run.out
    };
    for (name, horizontal, vertical) in [("420", 2, 2), ("422", 2, 1), ("444", 1, 1)] {
        let luma = inspect(&encode(&["-q", "85", "--subsampling", name])).components[0].clone();
        assert_eq!((luma.horizontal, luma.vertical), (horizontal, vertical));
    }
    let forms = ["420", "444"].map(|name| encode(&["--subsampling", name]));
    assert!(forms.contains(&encode(&["--subsampling", "auto"])));
    assert!(inspect(&encode(&[])).progressive);
    assert!(!inspect(&encode(&["--baseline"])).progressive);
    assert!(encode(&["--threads", "1"]) == encode(&["--threads", "3"]));
    assert!(encode(&["-q", "30"]).len() < encode(&["-q", "85"]).len());
    for wrong in [&["-q", "0"], &["-q", "101"], &["--subsampling", "411"], &["--background", "red"]] {
        assert_eq!(run(cosimg(&[&["encode", text(&png), "-o", "-"], &wrong[..]].concat())).code, 2);
    }

    let whole = encode(&[]);
    let fits = encode(&["--target-bytes", &(whole.len() - 1).to_string()]);
    assert!(fits.len() < whole.len() && fits.len() > whole.len() / 2);
    assert!(encode(&["--target-bytes", &whole.len().to_string()]) == whole);
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    fs::write(&script, "0 1 2: 0-0, 0, 0; 0: 1-63, 0, 0; 1: 1-63, 0, 0; 2: 1-63, 0, 0;").unwrap();
    let scripted = encode(&["--scans", text(&script)]);
    assert!(inspect(&scripted).scans.len() == 4 && coefficients(&scripted) == coefficients(&whole));
    fs::write(&script, "0;\n0 1 2: 5").unwrap();
    for (more, words) in
        [(&[][..], "line 2"), (&["--baseline"], "cannot be used with"), (&["--smaller"], "cannot be used with")]
    {
        let refused = run(cosimg(&[&["encode", text(&png), "-o", "-", "--scans", text(&script)], more].concat()));
        assert_eq!((refused.code, refused.errors.contains(words)), (2, true), "{}", refused.errors);
    }

    for flag in ["--scans", "--icc", "--exif"] {
        let refused = run(cosimg(&["encode", text(&png), "-o", "-", flag, "missing"]));
        assert_eq!((refused.code, refused.errors.contains("missing: ")), (2, true), "{flag}: {}", refused.errors);
    }

    for mode in ["display", "fast", "small"] {
        let path = folder.path().join("whole.jpg");
        fs::write(&path, &whole).unwrap();
        let transcoded = run(cosimg(&["transcode", text(&path), "-o", "-", "--mode", mode])).out;
        assert!(encode(&["--mode", mode]) == transcoded, "{mode}");
    }
    let block = folder.path().join("block");
    fs::write(&block, b"II*\0\x08\0\0\0\0\0\0\0\0\0").unwrap();
    let embedded = encode(&["--exif", text(&block), "--icc", text(&block), "--comment", "one", "--comment", "two"]);
    let kinds: Vec<_> = inspect(&embedded).metadata.iter().map(|segment| segment.kind).collect();
    assert_eq!(kinds.len(), inspect(&whole).metadata.len() + 4);
    assert!(coefficients(&embedded) == coefficients(&whole));

    let too_few = run(cosimg(&["encode", text(&png), "-o", "-", "--target-bytes", "100"]));
    assert_eq!((too_few.code, too_few.errors.contains("over the target of 100")), (5, true), "{}", too_few.errors);

    let scores = ["50", "80"].map(|score| encode(&["--target-ssimulacra2", score]).len());
    assert!(scores[0] < scores[1], "{scores:?}");
    for wrong in [["--target-ssimulacra2", "101"].as_slice(), &["--target-ssimulacra2", "60", "-q", "90"]] {
        assert_eq!(run(cosimg(&[&["encode", text(&png), "-o", "-"], wrong].concat())).code, 2);
    }

    let clear = folder.path().join("clear.png");
    image::RgbaImage::new(16, 16).save(&clear).unwrap();
    for (colour, expected) in [("ffffff", [255, 255, 255]), ("204080", [0x20, 0x40, 0x80])] {
        let jpeg = run(cosimg(&["encode", text(&clear), "-o", "-", "--background", colour])).out;
        let pixels =
            zune_jpeg::JpegDecoder::new(zune_jpeg::zune_core::bytestream::ZCursor::new(&jpeg)).decode().unwrap();
        assert!(pixels.chunks(3).all(|pixel| pixel.iter().zip(expected).all(|(&a, b)| a.abs_diff(b) <= 3)), "{colour}");
    }
}

/// A WebP whose alpha channel and animation claim more than its frame holds, on which the kept decoder panics.
#[test]
fn a_hostile_picture_is_a_failure_and_no_panic() {
    #[rustfmt::skip]
    let source = [
        b"RIFF\x6e\0\0\0WEBPVP8X\x0a\0\0\0\x12\0\0\0\x01\0\0\x01\0\0ANIM\x06\0\0\0\0\0\0\0\0\0".as_slice(),
        b"ANMF\x42\0\0\0\0\0\0\0\0\0\x01\0\0\x01\0\0\0\0\0\0ALPH\x05\0\0\0\0UUUU\0",
        b"VP8 \x1c\0\0\0p\x01\0\x9d\x01*\x01\0\x01\0\x02\x004%\x9c\x02t\x01@\0\0\xfe\xf3J\xebQ\xb4\0",
    ]
    .concat();
    for command in [&["encode", "-", "-o", "-"][..], &["process", "-", "-o", "-", RULE]] {
        let refused = run_with(cosimg(command), &source);
        assert_eq!((refused.code, refused.text.as_str()), (1, ""), "{}", refused.errors);
        assert!(refused.errors.contains("malformed webp source"), "{}", refused.errors);
    }
}

#[test]
fn the_modes_have_scans_of_their_own_and_the_same_coefficients() {
    let transcode = |mode: &[&str]| {
        let run = run(cosimg(&[&["transcode", text(&asset("sample.jpg")), "-o", "-"], mode].concat()));
        assert_eq!((run.code, run.errors.as_str()), (0, ""));
        run.out
    };
    let [display, fast] = [transcode(&[]), transcode(&["--mode", "fast"])];
    assert!(transcode(&["--mode", "display"]) == display);
    assert!(inspect(&fast).scans.len() <= 10);
    assert!(coefficients(&fast) == coefficients(&display) && inspect(&fast).progressive);
    let small = transcode(&["--mode", "small"]);
    assert!(small.len() <= display.len() && small.len() <= fast.len());
    assert!(transcode(&["--mode", "small", "--effort", "9"]).len() <= small.len() + 8);
    let few = transcode(&["--mode", "small", "--effort", "9", "--max-scans", "8"]);
    assert!(inspect(&few).scans.len() <= 8 && few.len() >= transcode(&["--mode", "small", "--effort", "9"]).len());
    assert!(transcode(&["--mode", "small", "--display-allowance", "1"]).len() <= small.len() * 102 / 100);
    assert!(transcode(&["--smaller", "--mode", "small"]).len() <= small.len());
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    fs::write(&script, "0 1 2: 0-0, 0, 0; # DC\n0: 1-63, 0, 0;\n1: 1-63, 0, 0;\n2: 1-63, 0, 0\n").unwrap();
    let scripted = transcode(&["--scans", text(&script)]);
    assert_eq!(inspect(&scripted).scans.len(), 4);
    assert!(coefficients(&scripted) == coefficients(&display));
    fs::write(&script, "0 1 2: 0-0, 0, 0;\n0: 1-64, 0, 0;").unwrap();
    let refused = run(cosimg(&["transcode", text(&asset("sample.jpg")), "-o", "-", "--scans", text(&script)]));
    assert_eq!((refused.code, refused.errors.contains("line 2") && refused.errors.contains("Se")), (2, true));
    fs::write(&script, "0 1 2: 0-0, 0, 0; 0: 1-63, 0, 0; 1: 1-63, 0, 0; 2: 1-63, 0, 0").unwrap();
    let scans = ["--scans", text(&script)];
    for wrong in [
        &["--mode", "smallest"][..],
        &["--mode", "small", "--effort", "0"],
        &["--mode", "small", "--max-scans", "7"],
        &["--display-allowance", "-1"],
        &["--display-allowance", "x"],
        // Flags that nothing would come of.
        &["--effort", "5"],
        &["--mode", "fast", "--max-scans", "10"],
        &["--mode", "fast", "--display-allowance", "5"],
        &["--baseline", "--mode", "small"],
        &["--baseline", "--mode", "small", "--effort", "5"],
        &["--baseline", "--display-allowance", "5"],
        &["--scans", "missing"],
        &[&scans[..], &["--mode", "small"]].concat(),
        &[&scans[..], &["--effort", "5"]].concat(),
        &[&scans[..], &["--max-scans", "10"]].concat(),
        &[&scans[..], &["--display-allowance", "1"]].concat(),
        &[&scans[..], &["--progressive"]].concat(),
        &[&scans[..], &["--baseline"]].concat(),
        &[&scans[..], &["--smaller"]].concat(),
    ] {
        let run = run(cosimg(&[&["transcode", text(&asset("sample.jpg")), "-o", "-"], wrong].concat()));
        assert_eq!((run.code, run.out.len()), (2, 0), "{wrong:?}");
    }
}

#[test]
fn a_lower_quality_has_coarser_coefficients() {
    let transcode =
        |more: &[&str]| run(cosimg(&[&["transcode", text(&asset("sample.jpg")), "-o", "-"], more].concat()));
    let sizes = [&[][..], &["-q", "40"], &["-q", "40", "--preset", "small"], &["--quality", "20"]].map(|more| {
        let run = transcode(more);
        assert_eq!((run.code, run.errors.as_str()), (0, ""), "{more:?}");
        run.out.len()
    });
    assert!(sizes[1] < sizes[0] && sizes[2] < sizes[0] && sizes[1] != sizes[2] && sizes[3] < sizes[1], "{sizes:?}");
    let half = (sizes[0] / 2).to_string();
    let fitting = transcode(&["--target-bytes", &half]).out.len();
    assert!((1..=sizes[0] / 2).contains(&fitting), "{fitting} bytes of {sizes:?}");
    assert_eq!(transcode(&["-q", "20", "--target-bytes", &half]).out.len(), sizes[3]);
    assert_eq!(transcode(&["--target-bytes", "1"]).code, 5);
    for wrong in [&["-q", "0"][..], &["-q", "101"], &["--preset", "fast"], &["-q", "50", "--preset", "tiny"]] {
        assert_eq!(transcode(wrong).code, 2, "{wrong:?}");
    }
}

#[test]
fn of_a_damaged_file_what_can_be_read_is_kept_if_asked() {
    let source = fs::read(asset("sample.jpg")).unwrap();
    let cut = &source[..source.len() / 2];
    let strict = run_with(cosimg(&["transcode", "-", "-o", "-"]), cut);
    assert_eq!((strict.code, strict.text.as_str()), (1, ""));
    let tolerant = run_with(cosimg(&["transcode", "--tolerant", "-", "-o", "-"]), cut);
    assert_eq!(tolerant.code, 0);
    assert!(tolerant.errors.starts_with("cosimg: warning: -: "), "{}", tolerant.errors);
    assert!(inspect(&tolerant.out).complete);
    let whole = run_with(cosimg(&["transcode", "--tolerant", "-", "-o", "-"]), &source);
    assert_eq!((whole.code, whole.errors.as_str()), (0, ""));
    assert!(coefficients(&whole.out) == coefficients(&source));
}

#[test]
fn a_rule_is_carried_out() {
    for name in ["sample.png", "sample.jpg"] {
        let processed = run(cosimg(&["process", text(&asset(name)), "-o", "-", RULE]));
        assert_eq!((processed.code, processed.errors.as_str()), (0, ""), "{name}");
        assert!(inspect(&processed.out).progressive);
    }
    let bounded = format!("{RULE}/size-limit/20k");
    let bounded = run(cosimg(&["process", text(&asset("sample.png")), "-o", "-", &bounded]));
    assert!(bounded.code == 0 && (1..=20 << 10).contains(&bounded.out.len()), "{} bytes", bounded.out.len());
    let wrong = run(cosimg(&["process", text(&asset("sample.png")), "-o", "-", "imageMogr2/interlace/7"]));
    assert_eq!(wrong.code, 2);
    let unsupported = run(cosimg(&["process", text(&asset("sample.png")), "-o", "-", "watermark/2/text/YQ"]));
    assert_eq!((unsupported.code, unsupported.text.as_str()), (1, ""));
    assert!(unsupported.errors.contains("watermark"), "{}", unsupported.errors);
}

#[test]
fn the_limits_of_the_service_hold_for_rules() {
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.jpg");
    let source = fs::read(asset("sample.jpg")).unwrap();
    fs::write(&large, &source).unwrap();
    fs::File::options().write(true).open(&large).unwrap().set_len((32 << 20) + 1).unwrap();
    let run_rule = |rule: &str| run(cosimg(&["process", text(&large), "-o", "-", rule]));
    let refused = run_rule(RULE);
    assert_eq!((refused.code, refused.text.as_str()), (5, ""), "{}", refused.errors);
    assert!(refused.errors.contains("input_bytes"), "{}", refused.errors);
    let ignored = run_rule(&format!("{RULE}/ignore-error/1"));
    assert_eq!((ignored.code, ignored.out.len()), (0, (32 << 20) + 1));
    assert!(ignored.errors.contains("warning"));
}

#[test]
fn inspection_for_people_and_for_programs() {
    let people = run(cosimg(&["inspect", text(&asset("sample.jpg"))]));
    assert_eq!((people.code, people.errors.as_str()), (0, ""));
    for part in
        ["768x512, baseline, Huffman (SOF0), 8 bit", "sampling 2x2", "APP1  Exif", "DC and AC", "complete    yes"]
    {
        assert!(people.text.contains(part), "{part}: {}", people.text);
    }
    let bytes = fs::read(asset("sample.jpg")).unwrap();
    let programs = run(cosimg(&["inspect", "--json", text(&asset("sample.jpg"))]));
    assert_eq!(programs.text.lines().count(), 1);
    let object: Value = serde_json::from_str(&programs.text).unwrap();
    assert_eq!((&object["schema"], &object["bytes"], &object["sof"]), (&1.into(), &bytes.len().into(), &0.into()));
    let scan = &object["scans"][0];
    assert_eq!(scan["components"], serde_json::json!([1, 2, 3]));
    let [start, end] = ["start", "end"].map(|name| usize::try_from(scan[name].as_u64().unwrap()).unwrap());
    assert_eq!(bytes[start..start + 2], [0xff, 0xda]);
    assert_eq!(bytes[end..], [0xff, 0xd9]);
}
