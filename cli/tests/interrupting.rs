//! Ctrl-C while `cosimg transcode` is under way: it ends soon, and what is there is whole and told.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod support;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use support::{Run, asset, cosimg, listing, run};
use tempfile::TempDir;

/// A folder with a JPEG and a pipe.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.jpg"), sample()).unwrap();
    assert!(Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
    folder
}

fn sample() -> Vec<u8> {
    fs::read(asset("sample.jpg")).unwrap()
}

/// What a run that is left alone makes of the sample.
fn expected() -> Vec<u8> {
    run(cosimg(&["transcode", asset("sample.jpg").to_str().unwrap(), "-o", "-"])).out
}

fn start(folder: &TempDir, args: &[&str], input: Stdio) -> Child {
    let mut command = cosimg(&[&["transcode"], args].concat());
    command.current_dir(folder).stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The other end of the pipe, once the program reads from it.
fn writer(folder: &TempDir) -> File {
    File::options().write(true).open(folder.path().join("pipe")).unwrap()
}

fn interrupt(child: Child) -> Run {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    child.wait_with_output().unwrap().into()
}

/// The paths of the results in the objects of `--json`.
fn outputs(run: &Run) -> Vec<PathBuf> {
    let object = |line| serde_json::from_str::<Value>(line).unwrap();
    run.text.lines().map(|line| object(line)["output"].as_str().unwrap().into()).collect()
}

#[test]
fn no_further_source_is_opened_and_the_rest_is_counted() {
    let folder = folder();
    let sources = ["a.jpg", "missing.jpg", "pipe", "missing too.jpg", "more.jpg"];
    for json in [&[][..], &["--json"]] {
        let args = [&sources[..], &["-O", "out", "--threads", "1"], json].concat();
        let child = start(&folder, &args, Stdio::null());
        let _pipe = writer(&folder);
        let done = interrupt(child);
        assert_eq!(done.code, 130, "{}", done.errors);
        assert!(done.errors.contains("cancelled, with 3 of 5 files not done"), "{}", done.errors);
        assert!(!done.errors.contains("missing too.jpg") && !done.errors.contains("pipe"), "{}", done.errors);
        assert_eq!(outputs(&done).len(), json.len() * 2, "{}", done.text);
        assert_eq!(listing(&folder.path().join("out")), ["a.jpg"]);
        assert!(fs::read(folder.path().join("out/a.jpg")).unwrap() == expected());
    }
}

#[test]
fn what_is_there_is_whole_and_told() {
    let folder = folder();
    fs::create_dir(folder.path().join("many")).unwrap();
    for i in 0..60 {
        fs::write(folder.path().join(format!("many/{i:02}.jpg")), sample()).unwrap();
    }
    // The pipe comes first: what is done is not yet told, for it is told in order.
    let child = start(&folder, &["pipe", "many", "-O", "out", "--threads", "3", "--json"], Stdio::null());
    let _pipe = writer(&folder);
    let out = folder.path().join("out");
    while fs::read_dir(&out).map_or(0, Iterator::count) < 5 {
        thread::sleep(Duration::from_millis(1));
    }
    let done = interrupt(child);
    assert_eq!(done.code, 130, "{}", done.errors);
    let told = outputs(&done);
    assert!(listing(&out).iter().map(|name| Path::new("out").join(name)).eq(told.iter().cloned()), "{told:?}");
    assert!(told.iter().all(|path| fs::read(folder.path().join(path)).unwrap() == expected()));
    assert!(done.errors.contains(&format!("with {} of 61 files not done", 61 - told.len())), "{}", done.errors);
}

#[test]
fn a_source_that_never_ends_is_not_waited_for() {
    let folder = folder();
    fs::write(folder.path().join("old.jpg"), "stays").unwrap();
    for (source, output) in [("pipe", "old.jpg"), ("pipe", "new.jpg"), ("-", "old.jpg"), ("-", "new.jpg")] {
        let mut child = start(&folder, &[source, "-o", output], Stdio::piped());
        let mut input: Box<dyn Write> = match source {
            "-" => Box::new(child.stdin.take().unwrap()),
            _ => Box::new(writer(&folder)),
        };
        // More than a pipe holds, and less than all: the program reads as soon as this is written.
        input.write_all(&sample()[..80_000]).unwrap();
        let done = interrupt(child);
        assert_eq!((done.code, done.text.as_str()), (130, ""), "{}", done.errors);
        assert!(done.errors.contains("cancelled"), "{}", done.errors);
        drop(input);
    }
    assert_eq!(listing(folder.path()), ["a.jpg", "old.jpg", "pipe"]);
    assert_eq!(fs::read(folder.path().join("old.jpg")).unwrap(), b"stays");
}

#[test]
fn a_result_that_nobody_reads_is_not_waited_for() {
    let folder = folder();
    assert!(expected().len() > 1 << 16, "it is more than a pipe holds");
    let mut child = start(&folder, &["a.jpg", "-o", "-"], Stdio::null());
    let mut unread = child.stdout.take().unwrap();
    unread.read_exact(&mut [0]).unwrap();
    assert_eq!(interrupt(child).code, 130);
}

#[test]
fn who_does_not_read_what_is_told_is_not_waited_for_a_second_time() {
    let folder = folder();
    let missing: Vec<String> = (0..1000).map(|i| format!("missing {i}.jpg")).collect();
    let args: Vec<&str> = missing.iter().map(String::as_str).chain(["-O", "out", "--json"]).collect();
    let mut child = start(&folder, &args, Stdio::null());
    let mut unread = child.stdout.take().unwrap();
    unread.read_exact(&mut [0]).unwrap();
    // Signals that come at once are one.
    for _ in 0..100 {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        thread::sleep(Duration::from_millis(50));
    }
    let ended = child.try_wait().unwrap();
    child.kill().unwrap();
    assert_eq!(ended.and_then(|status| status.code()), Some(130));
}
