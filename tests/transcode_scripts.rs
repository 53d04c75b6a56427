//! Scripts of the caller's own: what their text may say, which fit a picture, and that what they make is the picture.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

mod common;

use common::picture::{Content, Picture};
use common::{Random, decode, samples, script, tools};
use cosimg::jpeg::{Coding, Mode, Script, Transcoder, inspect};
use cosimg::{Error, ErrorKind, Limits};

fn parse(text: &str) -> Script {
    text.parse().unwrap_or_else(|e| panic!("{text:?}: {e}"))
}

#[track_caller]
fn wrong(text: &str, field: &str, words: &str) {
    is_wrong(&text.parse::<Script>().expect_err("this must be refused"), field, words);
}

#[track_caller]
fn is_wrong(error: &Error, field: &str, words: &str) {
    assert_eq!((error.kind(), error.field()), (ErrorKind::Usage, Some(field)), "{error}");
    assert!(error.message().contains(words), "{error}");
}

/// The script of libjpeg's own documentation, with its comments.
const WIZARD: &str = "
# Initial DC scan for Y,Cb,Cr (lowest bit not sent)
0,1,2: 0-0,   0, 1 ;
# First AC scan: send first 5 Y AC coefficients, minus 2 lowest bits:
0:     1-5,   0, 2 ;
# Send all Cr,Cb AC coefficients, minus lowest bit:
# (chroma data is usually too small to be worth subdividing further;
#  but note we send Cr first since eye is least sensitive to Cb)
2:     1-63,  0, 1 ;
1:     1-63,  0, 1 ;
# Send remaining Y AC coefficients, minus 2 lowest bits:
0:     6-63,  0, 2 ;
# Send next-to-lowest bit of all Y AC coefficients:
0:     1-63,  2, 1 ;
# At this point we've sent all but the lowest bit of all coefficients.
# Send lowest bit of DC coefficients
0,1,2: 0-0,   1, 0 ;
# Send lowest bit of AC coefficients
2:     1-63,  1, 0 ;
1:     1-63,  1, 0 ;
# Y AC lowest bit scan is last; it's usually the largest scan
0:     1-63,  1, 0 ;
";

#[test]
fn text_comes_back_as_it_is_printed() {
    let script = parse(WIZARD);
    assert_eq!((script.scans(), script.coding()), (10, Coding::Progressive));
    let text = script.to_string();
    assert!(text.starts_with("0 1 2: 0-0, 0, 1;\n0: 1-5, 0, 2;\n"), "{text}");
    assert_eq!(parse(&text), script);
    let sequential = parse("0;1 2");
    assert_eq!((sequential.coding(), sequential.to_string().as_str()), (Coding::Baseline, "0;\n1 2;\n"));
    assert_eq!(parse("0;1:0-63,0,0;\r\n2"), parse("0; 1; 2;"));
}

#[test]
fn text_that_is_no_script_is_refused_with_its_line_and_field() {
    wrong("", "scans", "no scans");
    wrong("# nothing\n", "scans", "no scans");
    wrong("0: 0-0, 0, 0;\n;", "components", "line 2");
    wrong("0: 0-0, 0, 0;\n\n: 1-63", "components", "line 3");
    wrong("0 1 2 3 0: 0-0, 0, 0", "components", "at most four");
    wrong("0:\n0", "Se", "line 2");
    wrong("0: 0-0, 0;", "Al", "missing");
    wrong("0: 0-64, 0, 0;", "Se", "64");
    wrong("0: 1-63, 0, 14;", "Al", "14");
    wrong("0: 1-63, 15, 14;", "Ah", "15");
    wrong("0: 1-63, 0, 0 1: 1-63", "scans", "semicolon");
    wrong("0: 1-256, 0, 0;", "scans", "255");
    wrong("0: 1-99999999999999999999, 0, 0;", "scans", "255");
    wrong("a", "scans", "'a'");
    wrong("0\n\u{1F600}", "scans", "line 2");
}

/// What `text` is told when it meets a picture in three components.
#[track_caller]
fn unfit(text: &str, field: &str, words: &str) {
    let source = samples::baseline(&samples::picture()).bytes;
    let error = Transcoder::new().scans(parse(text)).run(&source).expect_err("this must be refused");
    is_wrong(&error, field, words);
}

#[test]
fn a_script_that_does_not_fit_is_refused_with_the_number_of_the_scan() {
    let rest = "1: 1-63, 0, 0; 2: 1-63, 0, 0;";
    unfit("0 1 2: 0-0, 0, 0; 3: 1-63, 0, 0;", "components", "scan 2 of the script: component 3");
    unfit("0 1; 1 2;", "components", "component 1 twice");
    unfit("0; 2;", "components", "does not send component 1");
    unfit(&format!("0 1: 0-0, 0, 0; 0: 1-63, 0, 0; {rest}"), "Ss", "before the DC");
    unfit("0 1: 0-0, 0, 0; 0: 1-63, 0, 0; 1: 1-63, 0, 0", "components", "component 2");
    unfit(&format!("0 1 2: 0-0, 0, 0; 0: 1-62, 0, 0; {rest}"), "scans", "coefficient 63 of component 0");
    unfit(&format!("0 1 2: 0-0, 0, 1; 0: 1-63, 0, 0; {rest}"), "scans", "coefficient 0 of component 0");
    unfit(&format!("0 1 2: 0-0, 0, 0; 0: 1-63, 0, 2; 0: 1-63, 1, 0; {rest}"), "Ah", "scan 3");
    unfit(&format!("0 1 2: 0-0, 0, 0; 0: 1-63, 0, 0; 0: 5-6, 0, 0; {rest}"), "Ah", "again");
    unfit(&format!("0 1 2: 0-0, 0, 0; 0: 1-63, 0, 2; 0: 1-63, 2, 0; {rest}"), "scans", "precision");
    unfit("0 1 2: 0-0, 0, 0; 0 1: 1-63, 0, 0;", "scans", "more than one component");
    unfit("0 1 2: 0-5, 0, 0;", "scans", "mixes DC and AC");
    unfit("1 0 2: 0-0, 0, 0;", "scans", "order");
    let limits = Limits::default();
    let many = "0 1 2: 0-0, 0, 0;".repeat(limits.scans as usize + 1);
    let source = samples::baseline(&samples::picture()).bytes;
    let error = Transcoder::new().scans(parse(&many)).run(&source).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("scans")));
    let mut limits = limits;
    limits.block_visits = 100;
    let error = Transcoder::new().limits(limits).scans(parse(WIZARD)).run(&source).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Limit, Some("block_visits")));
}

#[test]
fn what_a_script_makes_is_the_picture_in_these_scans() {
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let sampling = &[(2, 2), (1, 1), (1, 2), (1, 1)][..1 + random.below(4)];
        let picture = Picture::new(50, 37, sampling).filled(seed, [Content::SPARSE, Content::USUAL][random.below(2)]);
        let source = common::build::File::whole(
            &picture,
            0xC0,
            &script::sequential(&picture, script::Sharing::Most, &mut random),
            &Default::default(),
        )
        .bytes;
        let scans = match seed % 3 {
            0 => script::sequential(&picture, script::Sharing::Some, &mut random),
            _ => script::odd(&picture, script::Sharing::Some, 3, true, &mut random),
        };
        let text: String = scans
            .iter()
            .map(|s| {
                let components: Vec<_> = s.components.iter().map(usize::to_string).collect();
                format!("{}: {}-{}, {}, {};\n", components.join(","), s.start, s.end, s.high, s.low)
            })
            .collect();
        let run = |source: &[u8]| Transcoder::new().mode(Mode::Fast).scans(parse(&text)).run(source);
        let result = match run(&source) {
            // Not every order of scans that decodes is one that libjpeg takes.
            Err(e) if e.message().contains("before the DC") => continue,
            result => result.unwrap_or_else(|e| panic!("{seed}: {e}\n{text}")),
        };
        let said = decode::decode(&result).unwrap();
        assert_eq!(said.picture.difference(&picture), None, "{seed}");
        assert_eq!(said.scans, scans, "{seed}");
        assert_eq!(Script::of(&inspect(&result, &Limits::default()).unwrap()), parse(&text), "{seed}");
        assert!(run(&result).unwrap() == result, "{seed}: a second run changes the result");
    }
}

#[test]
fn jpegtran_makes_the_same_of_a_script() {
    if !tools::have_jpegtran() {
        return;
    }
    let picture = samples::picture();
    let source = samples::baseline(&picture).bytes;
    for text in [WIZARD, "0; 1 2;", "0 1 2;"] {
        let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/script.txt");
        std::fs::write(file, text).unwrap();
        let theirs = tools::jpegtran(&["-copy", "none", "-optimize", "-scans", file], &source).unwrap();
        let ours = Transcoder::new().scans(parse(text)).run(&source).unwrap();
        let scans = |bytes: &[u8]| Script::of(&inspect(bytes, &Limits::default()).unwrap());
        assert_eq!(scans(&theirs), scans(&ours));
    }
}

#[test]
fn text_of_any_kind_is_taken_or_refused() {
    let pieces =
        ["0", "1 2", ":", ";", "-", ",", "#", "\n", " ", "63", "0-0", "1-63", "é", "4294967296", "\t", "\u{a0}"];
    for seed in 0..3000 {
        let mut random = Random::new(seed);
        let text: String = (0..random.below(30)).map(|_| pieces[random.below(pieces.len())]).collect();
        match text.parse::<Script>() {
            Ok(script) => assert_eq!(parse(&script.to_string()), script, "{text:?}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Usage, "{text:?}"),
        }
    }
}
