//! The transcoder over files that nobody on this project made. Clean ones succeed without loss and without growth over
//! jpegtran; no file of any kind makes it panic, and every error has its kind and its place.
//!
//! The files are not part of the project: without them the tests say that they were skipped.
#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that fails may panic")]

mod common;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::tools;
use cosimg::jpeg::{Coding, CoefficientImage, Mode, Transcoder, inspect};
use cosimg::{ErrorKind, Limits};

const CODINGS: [Coding; 2] = [Coding::Progressive, Coding::Baseline];

/// The ways to lay out a file that a row is tried in: the usual ones always, the others for one file in some.
fn layouts(row: &Row) -> impl Iterator<Item = (Coding, Mode)> {
    const ALL: [(Coding, Mode); 4] = [
        (Coding::Progressive, Mode::Display),
        (Coding::Baseline, Mode::Display),
        (Coding::Progressive, Mode::Fast),
        (Coding::Progressive, Mode::Small),
    ];
    let is_sampled = row.number("bytes").is_multiple_of(4);
    ALL.into_iter().take(if is_sampled { 4 } else { 2 })
}

/// A row of the manifest.
struct Row {
    path: PathBuf,
    values: HashMap<String, String>,
}

impl Row {
    fn get(&self, column: &str) -> &str {
        self.values.get(column).map_or("", String::as_str)
    }

    fn number(&self, column: &str) -> u64 {
        self.get(column).parse().unwrap_or(0)
    }

    fn name(&self) -> &str {
        self.get("path")
    }

    /// Component ids repeat: the reference itself changes the picture (its own README, finding 1).
    fn is_judged(&self) -> bool {
        self.get("clean") == "1" && !self.name().contains("duplicate-component-ids")
    }

    fn is_progressive(&self) -> bool {
        matches!(self.get("sof"), "SOF2" | "SOF10")
    }
}

fn rows() -> Vec<Row> {
    let Some(root) = common::shared("corpus/conformance") else { return Vec::new() };
    let manifest = std::fs::read_to_string(root.join("MANIFEST.csv")).unwrap();
    let mut records = csv(&manifest).into_iter();
    let header = records.next().unwrap();
    let rows = records.map(|record| {
        let values: HashMap<_, _> = header.iter().cloned().zip(record).collect();
        Row { path: root.join(&values["path"]), values }
    });
    let jpegs: Vec<Row> = rows.filter(|row| row.get("format") == "jpeg").collect();
    assert!(jpegs.len() > 1000, "the manifest has {} JPEGs", jpegs.len());
    jpegs
}

/// Comma-separated values with quotes (RFC 4180).
fn csv(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            '\r' if !quoted => {}
            c => field.push(c),
        }
    }
    records
}

/// Does `check` for every row, on two threads, and fails with what it found wrong.
fn for_each(rows: &[Row], check: impl Fn(&Row, &[u8]) -> Result<(), String> + Sync) {
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let source = std::fs::read(&row.path).unwrap();
                    let found = catch_unwind(AssertUnwindSafe(|| check(row, &source)));
                    if let Err(what) = found.unwrap_or_else(|_| Err("a panic".into())) {
                        wrong.lock().unwrap().push(format!("{}: {what}", row.name()));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} files:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

fn transcode(source: &[u8], coding: Coding, limits: &Limits) -> cosimg::Result<Vec<u8>> {
    lay_out(source, (coding, Mode::Display), limits)
}

fn lay_out(source: &[u8], (coding, mode): (Coding, Mode), limits: &Limits) -> cosimg::Result<Vec<u8>> {
    Transcoder::new().coding(coding).mode(mode).limits(limits.clone()).run(source)
}

/// Large pictures take minutes in a debug build; `COSIMG_GATE=1` takes the time.
fn pixels_at_most() -> u64 {
    if common::machine::gate() { u64::MAX } else { 3_000_000 }
}

#[test]
fn clean_files_are_kept_without_loss() {
    let most = pixels_at_most();
    let all = rows();
    let (clean, large): (Vec<_>, Vec<_>) =
        all.into_iter().filter(Row::is_judged).partition(|row| row.number("width") * row.number("height") <= most);
    println!("{} clean files, {} larger ones skipped", clean.len(), large.len());
    for_each(&clean, |row, source| {
        let limits = Limits::default();
        let image = match CoefficientImage::read(source, &limits) {
            Ok(image) => image,
            Err(error) => return Err(format!("refused: {error}")),
        };
        for (coding, mode) in layouts(row) {
            match lay_out(source, (coding, mode), &limits) {
                Ok(result) => is_kept(row, source, &image, &result, (coding, mode))?,
                // What a progressive file holds may be too large for a sequential one.
                Err(e) if coding == Coding::Baseline && e.message().contains("too large") && row.is_progressive() => {}
                Err(error) => return Err(format!("to {coding:?}: {error}")),
            }
        }
        Ok(())
    });
}

fn is_kept(
    row: &Row,
    source: &[u8],
    image: &CoefficientImage,
    result: &[u8],
    (coding, mode): (Coding, Mode),
) -> Result<(), String> {
    let limits = Limits::default();
    if CoefficientImage::read(result, &limits).map_err(|e| format!("the result: {e}"))? != *image {
        return Err(format!("to {coding:?}: another picture"));
    }
    let (before, after) = (inspect(source, &limits).unwrap(), inspect(result, &limits).unwrap());
    let metadata = |i: &cosimg::jpeg::Inspection| i.metadata.iter().map(|m| (m.marker, m.bytes)).collect::<Vec<_>>();
    if metadata(&before) != metadata(&after) || before.trailing_bytes != after.trailing_bytes {
        return Err(format!("to {coding:?}: other metadata"));
    }
    if !after.complete || after.progressive != (coding == Coding::Progressive) {
        return Err(format!("to {coding:?}: not what was asked for"));
    }
    let is_promised = coding == Coding::Progressive && mode != Mode::Fast;
    if is_promised { is_no_larger(row, result, mode) } else { Ok(()) }
}

/// No larger than what jpegtran made of the same file, trailing data left out, which it drops: but for 0.02 % and a few
/// bytes, since codes of the same lengths differ in the bytes that happen to be stuffed.
fn is_no_larger(row: &Row, result: &[u8], mode: Mode) -> Result<(), String> {
    let (factor, few) = (1.0002, 8.0);
    let (theirs, trailing) = (row.number("jpegtran_prog_bytes"), row.number("trailing_bytes"));
    // It drops the thumbnails of JFIF headers too, and has another script for three components that are no luma and
    // chroma; ours takes them for such.
    let alike = !row.get("flags").contains("jfif-thumb") && !row.name().contains("rgb-adobe");
    let comparable = theirs > 0 && alike && !row.name().starts_with("hostile");
    let most = theirs as f64 * factor + trailing as f64 + few;
    if comparable && result.len() as f64 > most {
        return Err(format!("{mode:?}: {} bytes, {trailing} of them trailing; jpegtran {theirs}", result.len()));
    }
    Ok(())
}

#[test]
fn jpegtran_reads_the_same_coefficients() {
    if !tools::have_jpegtran() {
        return;
    }
    let clean: Vec<_> = rows().into_iter().filter(Row::is_judged).collect();
    let small = clean.into_iter().filter(|row| row.number("width") * row.number("height") <= pixels_at_most());
    let small: Vec<_> = small.filter(|row| !row.get("coef_sha256").is_empty()).collect();
    let step = if common::machine::gate() { 1 } else { (small.len() / 60).max(1) };
    let sample: Vec<_> = small.into_iter().step_by(step).collect();
    println!("{} files before jpegtran", sample.len());
    for_each(&sample, |row, source| {
        for (coding, mode) in layouts(row) {
            let Ok(result) = lay_out(source, (coding, mode), &Limits::default()) else { continue };
            let form = tools::jpegtran(&["-copy", "none", "-optimize"], &result)?;
            let hash = tools::sha256(&form)?;
            if hash != row.get("coef_sha256") {
                return Err(format!("to {coding:?}, {mode:?}: the normal form of libjpeg is another"));
            }
        }
        Ok(())
    });
}

/// Files that libjpeg does not read have each other for judges: jpegsuite has the same picture in many processes.
#[test]
fn a_picture_is_the_same_in_every_process() {
    let suite = rows().into_iter().filter(|row| {
        let is_judged_otherwise = !row.get("coef_sha256").is_empty();
        row.name().contains("jpegsuite__") && row.name().starts_with("valid") && !is_judged_otherwise
    });
    let mut pictures: HashMap<String, Vec<(String, Vec<u8>)>> = HashMap::new();
    for row in suite {
        // `valid/…/jpegsuite__extended_huffman-32x32x12_ycbcr_interleaved__0123abcd.jpg`
        let name = row.name().split("__").nth(1).unwrap().replace("_interleaved", "");
        let picture = name.rsplit('-').next().unwrap().to_owned();
        match transcode(&std::fs::read(&row.path).unwrap(), Coding::Baseline, &Limits::default()) {
            Ok(result) => pictures.entry(picture).or_default().push((row.get("sof").to_owned(), result)),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported, "{}: {error}", row.name()),
        }
    }
    for (picture, files) in &pictures {
        println!("{picture}: {:?}", files.iter().map(|(sof, _)| sof).collect::<Vec<_>>());
        assert!(files.iter().all(|(_, result)| *result == files[0].1), "{picture} is not always the same");
    }
    assert!(pictures.is_empty() || pictures.values().filter(|files| files.len() > 1).count() >= 6);
}

#[test]
fn no_file_is_worse_than_an_error() {
    let mut limits = Limits::default();
    limits.memory = 256 << 20;
    limits.block_visits = 1 << 24;
    let other: Vec<_> = rows().into_iter().filter(|row| !row.is_judged()).collect();
    println!("{} files that are not clean", other.len());
    for_each(&other, |_, source| {
        let place = |error: cosimg::Error| {
            let kinds = [ErrorKind::Input, ErrorKind::Unsupported, ErrorKind::Limit];
            let placed = error.offset().is_none_or(|at| at <= source.len() as u64);
            if kinds.contains(&error.kind()) && placed { Ok(()) } else { Err(format!("{error:?}")) }
        };
        inspect(source, &limits).map(|_| ()).or_else(place)?;
        for coding in CODINGS {
            match transcode(source, coding, &limits) {
                Err(error) => place(error)?,
                Ok(result) => {
                    let [before, after] =
                        [source, &result].map(|bytes| CoefficientImage::read(bytes, &limits).unwrap());
                    if before != after {
                        return Err(format!("to {coding:?}: another picture"));
                    }
                }
            }
        }
        let tolerant = Transcoder::new().coding(Coding::Baseline).tolerant(true).limits(limits.clone());
        match tolerant.run_and_report(source) {
            Err(error) => place(error),
            Ok(result) => {
                result.damages.listed().iter().cloned().try_for_each(place)?;
                let read = CoefficientImage::read_tolerant(source, &limits).unwrap().0;
                let kept = CoefficientImage::read(&result.bytes, &limits).is_ok_and(|written| written == read);
                if kept { Ok(()) } else { Err("tolerant: another picture".into()) }
            }
        }
    });
}
