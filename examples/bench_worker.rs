//! A worker that times this crate in its own process, for benchmarks that compare encoders.
//!
//! It reads jobs from the standard input, a line each, and answers each with a line, `BYTES MIN_MS MEDIAN_MS`, over REPS
//! runs, each from a file that is in memory already. OUT `-` writes nothing.
//!
//! ```text
//! enc  IN.ppm OUT.jpg PRESET SUB Q REPS   PRESET: fast | balanced | small; SUB: 420 | 422 | 444 | auto
//! tran IN.jpg OUT.jpg MODE REPS           lossless to progressive; MODE: fast | display | small, and `@9` for an effort
//! ```
//!
//! PRESET and MODE may end in `-scalar`, `-avx2` or `-avx512` for no other vector instructions than these, and then in
//! `:2` for so many threads. Times are CPU time of the whole process; where threads are asked for, were it `:1`, they are
//! those of a clock on the wall. What cannot be done is answered by `ERR` and the reason.

use std::io::{BufRead, Write};
use std::num::NonZeroUsize;

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
                let terms = Terms::of(preset)?;
                let preset = match terms.name {
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
                    .simd(terms.simd)
                    .threads(terms.at_most())
                    .subsampling(subsampling)
                    .quality(quality)
                    .map_err(|e| e.to_string())?;
                let image = ppm(self.load(from)?)?;
                measure(reps, to, terms.clock(), || encoder.encode(&image))
            }
            ["tran", from, to, mode, reps] => {
                let (mode, effort) = mode.split_once('@').unwrap_or((mode, "5"));
                let terms = Terms::of(mode)?;
                let mode = match terms.name {
                    "fast" => Mode::Fast,
                    "display" => Mode::Display,
                    "small" => Mode::Small,
                    other => return Err(format!("{other}: not fast, display or small")),
                };
                let transcoder = Transcoder::new().mode(mode).simd(terms.simd).threads(terms.at_most());
                let transcoder = transcoder.effort(number(effort)?).map_err(|e| e.to_string())?;
                let source = self.load(from)?;
                measure(reps, to, terms.clock(), || transcoder.run(source))
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

/// The name of a mode or preset, and what is asked for behind it.
struct Terms<'a> {
    name: &'a str,
    simd: Simd,
    threads: Option<NonZeroUsize>,
}

impl<'a> Terms<'a> {
    fn of(word: &'a str) -> Fallible<Self> {
        let (word, threads) = word.split_once(':').map_or((word, None), |(word, threads)| (word, Some(threads)));
        let (name, simd) = word.split_once('-').unwrap_or((word, "auto"));
        let simd = simd.parse().map_err(|e: cosimg::Error| e.to_string())?;
        Ok(Self { name, simd, threads: threads.map(number).transpose()? })
    }

    fn at_most(&self) -> NonZeroUsize {
        self.threads.unwrap_or(NonZeroUsize::MIN)
    }

    /// The clock that tells how long something took, in milliseconds.
    fn clock(&self) -> fn() -> f64 {
        if self.threads.is_some() { wall_ms } else { cpu_ms }
    }
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
fn measure(reps: &str, to: &str, now: fn() -> f64, job: impl Fn() -> cosimg::Result<Vec<u8>>) -> Fallible<String> {
    let reps = number::<usize>(reps)?.max(1);
    let mut times = Vec::with_capacity(reps);
    let mut out = Vec::new();
    for _ in 0..reps {
        drop(out);
        let start = now();
        out = job().map_err(|e| e.to_string())?;
        times.push(now() - start);
    }
    times.sort_by(f64::total_cmp);
    if to != "-" {
        std::fs::write(to, &out).map_err(|e| format!("{to}: {e}"))?;
    }
    Ok(format!("{} {:.3} {:.3}", out.len(), times[0], times[reps / 2]))
}

/// CPU time of the process so far, all its threads together.
fn cpu_ms() -> f64 {
    milliseconds(ClockId::ProcessCPUTime)
}

fn wall_ms() -> f64 {
    milliseconds(ClockId::Monotonic)
}

fn milliseconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}
