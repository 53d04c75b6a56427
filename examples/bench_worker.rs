//! A worker that times this crate in its own process, for benchmarks that compare encoders.
//!
//! It reads jobs from the standard input, a line each, and answers each with a line, `BYTES MIN_MS MEDIAN_MS`: CPU time
//! of the whole process over REPS runs, each from a file that is in memory already. OUT `-` writes nothing.
//!
//! ```text
//! enc  IN.ppm OUT.jpg PRESET SUB Q REPS   PRESET: fast | balanced | small; SUB: 420 | 422 | 444 | auto
//! tran IN.jpg OUT.jpg MODE REPS           lossless to progressive; MODE: fast | display | small, and `@9` for an effort
//! ```
//!
//! PRESET and MODE may end in `-scalar`, `-avx2` or `-avx512` for no other vector instructions than these. What cannot be done is answered by `ERR` and the reason.

use std::io::{BufRead, Write};

use cosimg::jpeg::{Encoder, Image, Mode, PixelFormat, Preset, Simd, Subsampling, Transcoder};
use rustix::time::{ClockId, clock_gettime};

type Fallible<T> = Result<T, String>;

fn main() -> std::io::Result<()> {
    let mut worker = Worker::default();
    for line in std::io::stdin().lock().lines() {
        let answer = worker.answer(&line?).unwrap_or_else(|reason| format!("ERR {reason}"));
        let mut out = std::io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

/// The file of the last job.
#[derive(Default)]
struct Worker {
    bytes: Vec<u8>,
}

impl Worker {
    fn answer(&mut self, line: &str) -> Fallible<String> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match words[..] {
            ["enc", from, to, preset, subsampling, quality, reps] => {
                let (preset, simd) = with_simd(preset)?;
                let preset = match preset {
                    "fast" => Preset::Fast,
                    "balanced" => Preset::Balanced,
                    "small" => Preset::Small,
                    other => return Err(format!("{other}: not fast, balanced or small")),
                };
                let subsampling = match subsampling {
                    "420" => Subsampling::S420,
                    "422" => Subsampling::S422,
                    "444" => Subsampling::S444,
                    "auto" => Subsampling::Auto,
                    other => return Err(format!("{other}: not 420, 422, 444 or auto")),
                };
                let quality = number(quality)?;
                let encoder = Encoder::new(preset)
                    .simd(simd)
                    .subsampling(subsampling)
                    .quality(quality)
                    .map_err(|e| e.to_string())?;
                let image = ppm(self.load(from)?)?;
                measure(reps, to, || encoder.encode(&image))
            }
            ["tran", from, to, mode, reps] => {
                let (mode, effort) = mode.split_once('@').unwrap_or((mode, "5"));
                let (mode, simd) = mode_and_simd(mode)?;
                let transcoder = Transcoder::new().mode(mode).simd(simd);
                let transcoder = transcoder.effort(number(effort)?).map_err(|e| e.to_string())?;
                let source = self.load(from)?;
                measure(reps, to, || transcoder.run(source))
            }
            _ => Err(format!("{line:?} is not a job")),
        }
    }

    fn load(&mut self, name: &str) -> Fallible<&[u8]> {
        // Read anew: the next job may have another file of the same name.
        self.bytes = std::fs::read(name).map_err(|e| format!("{name}: {e}"))?;
        Ok(&self.bytes)
    }
}

fn mode_and_simd(word: &str) -> Fallible<(Mode, Simd)> {
    let (mode, simd) = with_simd(word)?;
    let mode = match mode {
        "fast" => Mode::Fast,
        "display" => Mode::Display,
        "small" => Mode::Small,
        _ => return Err(format!("{word}: not a mode; there are fast and display")),
    };
    Ok((mode, simd))
}

fn with_simd(word: &str) -> Fallible<(&str, Simd)> {
    let (word, simd) = word.split_once('-').unwrap_or((word, "auto"));
    Ok((word, simd.parse().map_err(|e: cosimg::Error| e.to_string())?))
}

fn number<T: std::str::FromStr>(word: &str) -> Fallible<T> {
    word.parse().map_err(|_| format!("{word}: not such a number"))
}

/// A binary PPM of 8 bits a channel.
fn ppm(bytes: &[u8]) -> Fallible<Image<'_>> {
    let mut at = 0;
    let mut word = || {
        let start = at + bytes.get(at..)?.iter().position(|b| !b.is_ascii_whitespace())?;
        let end = start + bytes[start..].iter().position(u8::is_ascii_whitespace)?;
        at = end + 1;
        std::str::from_utf8(&bytes[start..end]).ok()
    };
    let (Some("P6"), Some(width), Some(height), Some("255")) = (word(), word(), word(), word()) else {
        return Err("not a PPM of 8 bits a channel".to_owned());
    };
    Image::new(&bytes[at..], number(width)?, number(height)?, PixelFormat::Rgb8).map_err(|e| e.to_string())
}

/// Runs the job and writes what the last run made.
fn measure(reps: &str, to: &str, job: impl Fn() -> cosimg::Result<Vec<u8>>) -> Fallible<String> {
    let reps = number::<usize>(reps)?.max(1);
    let mut times = Vec::with_capacity(reps);
    let mut out = Vec::new();
    for _ in 0..reps {
        drop(out);
        let start = cpu_ms();
        out = job().map_err(|e| e.to_string())?;
        times.push(cpu_ms() - start);
    }
    times.sort_by(f64::total_cmp);
    if to != "-" {
        std::fs::write(to, &out).map_err(|e| format!("{to}: {e}"))?;
    }
    Ok(format!("{} {:.3} {:.3}", out.len(), times[0], times[reps / 2]))
}

/// CPU time of the process so far, all its threads together.
fn cpu_ms() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}
