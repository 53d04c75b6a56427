//! The main job from end to end, as a user starts it.

mod support;

use std::fs;
use std::process::Stdio;

use support::{asset, cosimg, listing, run};

#[test]
fn the_demo_holds_with_the_samples_of_the_program() {
    let (temporary, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut command = cosimg(&["demo", "--out", out.path().to_str().unwrap()]);
    command.env("TMPDIR", temporary.path());
    let run = run(command);
    assert_eq!((run.code, run.errors.as_str()), (0, ""), "{}", run.text);
    assert!(!run.text.contains("FAILED"));
    for part in [
        "sample.png: PNG, 768x512",
        "sample.jpg: JPG, 768x512",
        "it decodes to the same picture",
        "every coefficient is the source's: lossless",
        "identical",
        "the rule stripped                      403 SignatureDoesNotMatch",
        "interlace/1 changed to 0               403 SignatureDoesNotMatch",
        "another key                            403 SignatureDoesNotMatch",
        "a changed host                         403 SignatureDoesNotMatch",
        "an expired link                        403 AccessDenied",
        "a wrong secret                         403 SignatureDoesNotMatch",
        "All 26 checks held.",
    ] {
        assert!(run.text.contains(part), "{part}: {}", run.text);
    }
    assert_eq!(listing(out.path()), ["sample.jpg.progressive.jpg", "sample.png.progressive.jpg"]);
    assert!(listing(temporary.path()).is_empty(), "the temporary bucket is removed");
}

#[test]
fn the_demo_takes_files_of_the_user() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("图 (1)+%.png");
    fs::copy(asset("sample.png"), &name).unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let mut command = cosimg(&["demo", name.to_str().unwrap()]);
    command.env("TMPDIR", temporary.path());
    let run = run(command);
    assert_eq!(run.code, 0, "{}{}", run.text, run.errors);
    assert!(run.text.contains("All 13 checks held."));
    let saved = run.text.lines().find_map(|line| line.trim_start().strip_prefix("saved ")).unwrap().trim_start();
    assert!(saved.starts_with(temporary.path().to_str().unwrap()), "{saved}");
    assert!(fs::read(saved).unwrap().starts_with(&[0xFF, 0xD8]));
}

#[test]
fn the_demo_fails_where_a_check_does() {
    let folder = tempfile::tempdir().unwrap();
    // Noise at quality 85 is not the same picture, by far.
    let mut bits = 1u32;
    let noise = image::RgbImage::from_fn(64, 64, |_, _| {
        image::Rgb([(); 3].map(|()| {
            bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (bits >> 24) as u8
        }))
    });
    let path = folder.path().join("noise.png");
    noise.save(&path).unwrap();
    let failed = run(cosimg(&["demo", path.to_str().unwrap()]));
    assert_eq!(failed.code, 1, "{}", failed.text);
    assert!(
        failed.text.contains("FAILED  it decodes to the same picture")
            && failed.text.contains("1 of 13 checks FAILED.")
    );

    let text = folder.path().join("text.png");
    fs::write(&text, b"no picture").unwrap();
    let refused = run(cosimg(&["demo", text.to_str().unwrap()]));
    assert_eq!(refused.code, 1);
    assert!(refused.errors.contains("text.png"));
}

#[cfg(unix)]
#[test]
fn kept_up_it_answers_until_it_is_interrupted_and_cleans_up() {
    use std::io::{BufRead, BufReader, Read, Write};
    let temporary = tempfile::tempdir().unwrap();
    let mut command = cosimg(&["demo", "--keep"]);
    command.env("TMPDIR", temporary.path());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let link = lines.find_map(|line| line.strip_prefix("  link    ").map(str::to_owned)).unwrap();
    assert!(lines.any(|line| line.starts_with("The gateway stays up")));

    let (host, target) = link.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    write!(stream, "GET /{target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));

    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let left = listing(temporary.path());
    assert!(left.len() == 1 && left[0].starts_with("cosimg-demo-"), "the answers alone stay: {left:?}");
}
