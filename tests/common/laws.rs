//! What must hold whatever the file: the laws of a lossless transcoder, and of one that refuses.

use cosimg::jpeg::{Coding, CoefficientImage, Mode, Transcoder, inspect};
use cosimg::{Error, ErrorKind, Limits, Result};

use super::build::File;
use super::decode::{Decoded, decode};
use super::huffman::Style;
use super::picture::Picture;
use super::tools;

pub(crate) fn transcode(source: &[u8], coding: Coding) -> Result<Vec<u8>> {
    Transcoder::new().coding(coding).run(source)
}

fn read(name: &str, source: &[u8]) -> CoefficientImage {
    CoefficientImage::read(source, &Limits::default()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The source says `expected` to the tests' own reader; so do the results in both codings, which are laid out as
/// promised, equal to the source for the library too, and the same whichever way they came about.
pub(crate) fn hold(name: &str, source: &[u8], expected: &Picture) -> [Vec<u8>; 2] {
    let own = decode(source).unwrap_or_else(|e| panic!("{name}: the test's own file: {e}"));
    assert_eq!(own.picture.difference(expected), None, "{name}: the test's own file");
    let results = hold_for(name, source, expected);
    for result in &results {
        let said = decode(result).unwrap();
        assert_eq!((said.metadata(true), &said.trailing), (own.metadata(true), &own.trailing), "{name}");
    }
    results
}

/// As [`hold`], for files that the tests' own reader does not read.
pub(crate) fn hold_for(name: &str, source: &[u8], expected: &Picture) -> [Vec<u8>; 2] {
    let image = read(name, source);
    let run = |source: &[u8], coding| transcode(source, coding).unwrap_or_else(|e| panic!("{name} to {coding:?}: {e}"));
    let results = [Coding::Progressive, Coding::Baseline].map(|coding| {
        let result = run(source, coding);
        let said = decode(&result).unwrap_or_else(|e| panic!("{name} to {coding:?}: the result: {e}"));
        assert_eq!(said.picture.difference(expected), None, "{name} to {coding:?}");
        is_laid_out(name, &said, coding);
        assert!(read(name, &result) == image, "{name} to {coding:?}: the library reads another picture");
        assert!(run(&result, coding) == result, "{name} to {coding:?}: a second run changes the result");
        result
    });
    for mode in [Mode::Fast, Mode::Small] {
        let result = Transcoder::new().mode(mode).run(source).unwrap_or_else(|e| panic!("{name}, {mode:?}: {e}"));
        let said = decode(&result).unwrap_or_else(|e| panic!("{name}, {mode:?}: the result: {e}"));
        assert_eq!(said.picture.difference(expected), None, "{name}, {mode:?}");
        is_laid_out(name, &said, Coding::Progressive);
        assert!(mode != Mode::Small || said.scans.len() <= 16, "{name}, {mode:?}: {} scans", said.scans.len());
    }
    let [progressive, baseline] = &results;
    assert!(run(baseline, Coding::Progressive) == *progressive, "{name}: the way over baseline changes the result");
    assert!(run(progressive, Coding::Baseline) == *baseline, "{name}: the way over progressive changes the result");
    results
}

fn is_laid_out(name: &str, said: &Decoded, coding: Coding) {
    let wide = said.picture.components.iter().any(|c| c.quant.iter().any(|&q| q > 255));
    let extended = wide || said.picture.precision > 8;
    let sof = if coding == Coding::Progressive { 0xC2 } else { 0xC0 + u8::from(extended) };
    assert_eq!(said.sof, sof, "{name}");
    assert_eq!(said.wasteful_tables, 0, "{name}: a Huffman table is not optimal");
    let sequential = said.scans.iter().all(|s| s.is_sequential() && s.high == 0 && s.low == 0);
    assert_eq!(sequential, coding == Coding::Baseline, "{name}");
    for c in 0..said.picture.components.len() {
        let mut low = [None; 64];
        said.scans.iter().filter(|s| s.components.contains(&c)).for_each(|s| low[s.start..=s.end].fill(Some(s.low)));
        assert_eq!(low, [Some(0); 64], "{name}: component {c} is not complete");
    }
}

/// As [`hold`], and jpegtran, where there is one, reads the source in silence and the same picture from the results.
pub(crate) fn hold_before_a_judge(name: &str, source: &[u8], expected: &Picture) {
    let results = hold(name, source, expected);
    if tools::have_jpegtran() {
        let form = |bytes: &[u8]| tools::normal_form(bytes, expected.components.len());
        let wanted = form(source).unwrap_or_else(|e| panic!("{name}: {e}"));
        for result in results {
            assert!(form(&result) == Ok(wanted.clone()), "{name}: libjpeg reads another picture");
        }
    }
}

/// As [`hold_before_a_judge`]; but libjpeg refuses tables with a code of all ones, which T.81 C.2 keeps free.
pub(crate) fn hold_styled(name: &str, source: &[u8], expected: &Picture, style: Style) {
    if style == Style::AllOnes {
        hold(name, source, expected);
    } else {
        hold_before_a_judge(name, source, expected);
    }
}

/// The error for a file that neither the transcoder nor the reader takes.
#[track_caller]
pub(crate) fn refuse(source: &[u8]) -> Error {
    refuse_within(source, &Limits::default())
}

#[track_caller]
pub(crate) fn refuse_within(source: &[u8], limits: &Limits) -> Error {
    let error = Transcoder::new().limits(limits.clone()).run(source).expect_err("this must be refused");
    assert!(error.offset().is_none_or(|at| at <= source.len() as u64), "{error}");
    let read = CoefficientImage::read(source, limits).expect_err("this must be refused by the reader");
    assert_eq!(read, error);
    error
}

/// `Input` at this offset.
#[track_caller]
pub(crate) fn wrong_at(file: &File, offset: u64, words: &str) {
    let error = refuse(&file.bytes);
    assert_eq!((error.kind(), error.offset()), (ErrorKind::Input, Some(offset)), "{error}");
    assert!(error.message().contains(words), "{error}");
}

/// Whatever is said of a damaged file, it is said properly; and what is read is then kept without loss. The bounds are
/// those that a small file stays within, so that large claims of a damaged one are refused.
pub(crate) fn survive(source: &[u8], what: &str) {
    let mut limits = Limits::default();
    limits.memory = 4 << 20;
    inspect(source, &limits).ok();
    for coding in [Coding::Progressive, Coding::Baseline] {
        match Transcoder::new().coding(coding).limits(limits.clone()).run(source) {
            Ok(result) => {
                let [before, after] = [source, &result].map(|bytes| CoefficientImage::read(bytes, &limits).unwrap());
                assert!(before == after, "{what}: to {coding:?} with loss");
            }
            Err(error) => {
                let kinds = [ErrorKind::Input, ErrorKind::Unsupported, ErrorKind::Limit];
                assert!(kinds.contains(&error.kind()), "{what}: {error:?}");
                assert!(error.offset().is_none_or(|at| at <= source.len() as u64), "{what}: {error}");
            }
        }
    }
}
