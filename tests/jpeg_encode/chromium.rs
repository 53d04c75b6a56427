//! Chromium shows what was encoded, as another decoder has it.
//!
//! The test needs a `chromium`, which is too large to be brought by the gate: without one it says that it skips.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use cosimg::jpeg::{Coding, Mode, PixelFormat, RestartInterval, Transcoder};

use crate::{FORMATS, PRESETS, Picture, SUBSAMPLINGS, decode, encoder};

/// By how much samples of two decoders may differ: both round the transform and the colours in their own way, and where
/// chroma is halved they interpolate it.
const ROUNDING: u8 = 6;

#[test]
fn chromium_shows_every_kind_of_file() {
    if Command::new("chromium").arg("--version").output().is_err() {
        return eprintln!("skipped: no chromium");
    }
    let files = files();
    let shown = show(&files);
    assert_eq!(shown.len(), files.len());
    for ((name, file), shown) in files.iter().zip(shown) {
        let expected = decode(file);
        let expected: Vec<u8> = match expected.format {
            PixelFormat::Gray8 => expected.data.iter().flat_map(|&v| [v; 3]).collect(),
            _ => expected.data,
        };
        assert_eq!(shown.len(), expected.len(), "{name}: {} bytes of pixels", shown.len());
        let off = shown.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(off <= Some(ROUNDING), "{name}: off by {off:?}");
    }
}

/// Files of every sampling, preset, coding, mode and format, of sizes from 1 to 70, some with restart markers.
fn files() -> Vec<(String, Vec<u8>)> {
    let modes = [Mode::Display, Mode::Fast, Mode::Small];
    let mut files = Vec::new();
    for i in 0..54 {
        let (width, height) = (i as u32 * 23 % 70 + 1, i as u32 * 37 % 70 + 1);
        let (subsampling, preset) = (SUBSAMPLINGS[i % 3], PRESETS[i / 3 % 3]);
        let coding = if i % 4 == 3 { Coding::Baseline } else { Coding::Progressive };
        let restart = if i % 5 == 0 { RestartInterval::Rows(1) } else { RestartInterval::default() };
        let encoder = encoder([50, 85, 97][i / 9 % 3]).preset(preset).subsampling(subsampling).coding(coding);
        let source = Picture::waves(width, height).to(FORMATS[i / 2 % 3]);
        let file = source.encode(&encoder.restart_interval(restart));
        let name = format!("{width}x{height} {subsampling:?} {preset:?} {coding:?} {restart:?}");
        if coding == Coding::Baseline {
            let mode = modes[i / 4 % 3];
            files.push((format!("{name}, then {mode:?}"), Transcoder::new().mode(mode).run(&file).unwrap()));
        }
        files.push((name, file));
    }
    files
}

/// The pixels that a page reads back from its canvas, in RGB.
fn show(files: &[(String, Vec<u8>)]) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("chromium");
    std::fs::create_dir_all(&folder).unwrap();
    let mut page = String::from("<!doctype html><pre id=shown></pre>\n");
    for (i, (_, file)) in files.iter().enumerate() {
        std::fs::write(folder.join(format!("{i}.jpg")), file).unwrap();
        writeln!(page, "<img src={i}.jpg>").unwrap();
    }
    page += r"<script>
const hex = pixels => Array.from(pixels).filter((_, i) => i % 4 < 3).map(v => v.toString(16).padStart(2, '0')).join('');
function show(picture) {
  const [width, height] = [picture.naturalWidth, picture.naturalHeight];
  if (width == 0) return 'refused';
  const context = new OffscreenCanvas(width, height).getContext('2d');
  context.drawImage(picture, 0, 0);
  return hex(context.getImageData(0, 0, width, height).data);
}
onload = () => document.getElementById('shown').append(Array.from(document.images, show).join('\n'));
</script>";
    let path = folder.join("page.html");
    std::fs::write(&path, page).unwrap();
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("file://{}", path.display()))
        .output()
        .unwrap();
    let page = String::from_utf8_lossy(&output.stdout);
    let (_, shown) = page.split_once("<pre id=\"shown\">").unwrap();
    let (shown, _) = shown.split_once("</pre>").unwrap();
    shown.lines().map(|line| hex::decode(line).unwrap()).collect()
}
