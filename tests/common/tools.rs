//! Other people's programs as judges. Where one is missing a test says so, and fails if `COSIMG_GATE=1`.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::machine::missing;

/// Runs a program on bytes. An error is what it said, on any exit but a silent success; a caution is none.
fn run(program: &str, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        // A program may stop before it has read everything; what it says then is the answer.
        scope.spawn(move || stdin.write_all(input).ok());
        child.wait_with_output().unwrap()
    });
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() && said.lines().all(|line| line.starts_with("Caution")) {
        return Ok(output.stdout);
    }
    Err(format!("{program}: {} {}", output.status, said.trim()))
}

/// Whether there is a jpegtran to ask.
pub(crate) fn have_jpegtran() -> bool {
    static HERE: OnceLock<bool> = OnceLock::new();
    *HERE.get_or_init(|| !missing("jpegtran"))
}

/// Whether there are a djpeg and a cjpeg to ask.
pub(crate) fn have_codec() -> bool {
    static HERE: OnceLock<bool> = OnceLock::new();
    *HERE.get_or_init(|| !missing("djpeg") && !missing("cjpeg"))
}

pub(crate) fn jpegtran(arguments: &[&str], source: &[u8]) -> Result<Vec<u8>, String> {
    run("jpegtran", arguments, source)
}

pub(crate) fn djpeg(source: &[u8]) -> Result<Vec<u8>, String> {
    run("djpeg", &["-dct", "int", "-nosmooth", "-pnm"], source)
}

pub(crate) fn cjpeg(arguments: &[&str], pnm: &[u8]) -> Result<Vec<u8>, String> {
    run("cjpeg", arguments, pnm)
}

/// Whether there is a Python with Pillow to ask.
pub(crate) fn have_pillow() -> bool {
    static HERE: OnceLock<bool> = OnceLock::new();
    *HERE.get_or_init(|| !missing("python3") && run("python3", &["-c", "import PIL"], b"").is_ok())
}

/// What a line of Python prints about the picture `im`.
pub(crate) fn pillow(line: &str, file: &[u8]) -> Result<String, String> {
    let program =
        format!("import io, sys; from PIL import Image; im = Image.open(io.BytesIO(sys.stdin.buffer.read())); {line}");
    run("python3", &["-c", &program], file).map(|said| String::from_utf8_lossy(&said).into_owned())
}

/// The same bytes for all files of the same coefficients, tables and geometry, as libjpeg reads them: one component a
/// scan, so that no sampling is too much for an MCU, and the low bits sent last, so that large coefficients fit.
pub(crate) fn normal_form(source: &[u8], components: usize) -> Result<Vec<u8>, String> {
    let path = format!("{}/one-component-a-scan-{components}.txt", env!("CARGO_TARGET_TMPDIR"));
    static WRITTEN: [OnceLock<()>; 5] = [const { OnceLock::new() }; 5];
    WRITTEN[components].get_or_init(|| {
        let mut script = String::new();
        for c in 0..components {
            for band in ["0-0", "1-63"] {
                script += &format!("{c}: {band}, 0, 5;\n");
                (0..5).rev().for_each(|low| script += &format!("{c}: {band}, {}, {low};\n", low + 1));
            }
        }
        std::fs::write(&path, script).unwrap();
    });
    jpegtran(&["-copy", "none", "-scans", &path], source)
}

/// The SHA-256 of bytes, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> Result<String, String> {
    let said = run("sha256sum", &["-"], bytes)?;
    Ok(String::from_utf8_lossy(&said).chars().take(64).collect())
}
