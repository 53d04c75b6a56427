//! Any bytes that jpegtran takes in silence: it reads the same picture from what we make of them, to the byte of its own
//! normal form. It runs as a process of its own, so that only files that we read are put to it.

#![no_main]

use std::io::Write;
use std::process::{Command, Stdio};

use cosimg::Limits;
use cosimg::jpeg::Transcoder;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &[u8]| {
    // libjpeg-turbo begins a block anew where it meets a fill byte, without the zeros: what it had read of it stays.
    if source.windows(2).any(|pair| pair == [0xFF; 2]) {
        return;
    }
    let mut limits = Limits::default();
    limits.memory = 16 << 20;
    limits.block_visits = 1 << 16;

    let Ok(ours) = Transcoder::new().limits(limits).run(source) else { return };
    let Some(wanted) = jpegtran(source) else { return };
    let got = jpegtran(&ours).expect("jpegtran reads what we write");
    assert!(got == wanted, "jpegtran reads another picture");
});

/// What jpegtran writes, unless it complains.
fn jpegtran(source: &[u8]) -> Option<Vec<u8>> {
    let mut command = Command::new("jpegtran");
    command.args(["-copy", "none", "-optimize"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("jpegtran is there");
    let mut stdin = child.stdin.take()?;
    // It may end before it has read everything.
    let _ = stdin.write_all(source);
    drop(stdin);
    let output = child.wait_with_output().ok()?;
    (output.status.success() && output.stderr.is_empty()).then_some(output.stdout)
}
