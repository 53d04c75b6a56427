//! What a transcoder takes of memory at a time, on all threads together, beyond the source and the result: its ratio to
//! the coefficients of the picture, which are 2 bytes each and 128 a block, and what it takes beyond 1.3 times them.
//!
//! `cargo bench --bench memory -- FILE.jpg…` measures these files, otherwise a picture made on the spot. Allocations
//! are counted, so that stacks of threads are not in it, and a list that grows has its old and its new room for a
//! moment. What does not grow with the picture is in it: it counts for much below a megapixel or two.

mod picture;

use std::num::NonZeroUsize;

use cosimg::Limits;
use cosimg::jpeg::{Coding, Encoder, Image, Mode, PixelFormat, Transcoder, inspect};
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

fn main() {
    // Cargo adds options of its own.
    let names = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let mut sources: Vec<_> = names.map(|name| (std::fs::read(&name).expect("a file"), name)).collect();
    if sources.is_empty() {
        sources.push((made(), "a picture made on the spot".to_owned()));
    }
    println!("mode, effort, threads: mean and worst ratio of {}; most kB beyond 1.3", sources.len());
    for (mode, effort) in [(Mode::Fast, 5), (Mode::Display, 5), (Mode::Small, 5), (Mode::Small, 9)] {
        for threads in [1, 2].map(|threads| NonZeroUsize::new(threads).expect("a thread")) {
            let transcoder = Transcoder::new().mode(mode).threads(threads).effort(effort).expect("an effort");
            let measured = |(source, name)| {
                let (bytes, coefficients) = (taken(&transcoder, source), coefficients(source));
                (bytes / coefficients, (bytes - 1.3 * coefficients) / 1e3, name)
            };
            let all: Vec<(f64, f64, &String)> = sources.iter().map(|(source, name)| measured((source, name))).collect();
            let mean = all.iter().map(|(ratio, ..)| ratio).sum::<f64>() / all.len() as f64;
            let (worst, _, name) = all.iter().max_by(|a, b| a.0.total_cmp(&b.0)).expect("a source");
            let (_, beyond, other) = all.iter().max_by(|a, b| a.1.total_cmp(&b.1)).expect("a source");
            println!("{mode:?}, {effort}, {threads}: {mean:.2}, {worst:.2} ({name}); {beyond:.0} ({other})");
        }
    }
}

/// The bytes that a transcoder has at a time beyond the source and the result.
fn taken(transcoder: &Transcoder, source: &[u8]) -> f64 {
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    let result = transcoder.run(source).expect("what is measured works");
    let peak = HEAP.peak_usage() - before;
    peak as f64 - result.len() as f64
}

/// Bytes of the coefficients of all blocks that hold samples (T.81 A.1.1).
fn coefficients(source: &[u8]) -> f64 {
    let picture = inspect(source, &Limits::default()).expect("a JPEG");
    let components = picture.components.iter();
    let h_max = components.clone().map(|c| c.horizontal).max().expect("a component");
    let v_max = components.clone().map(|c| c.vertical).max().expect("a component");
    let blocks = |samples: u32, factor: u8, most: u8| (samples * u32::from(factor)).div_ceil(8 * u32::from(most));
    let of = components.map(|c| blocks(picture.width, c.horizontal, h_max) * blocks(picture.height, c.vertical, v_max));
    f64::from(of.sum::<u32>()) * 128.0
}

/// A sequential file of a picture made on the spot.
fn made() -> Vec<u8> {
    let pixels = picture::rgb();
    let (width, height) = picture::SIZE;
    let image = Image::new(&pixels, width, height, PixelFormat::Rgb8).expect("a picture");
    Encoder::default().coding(Coding::Baseline).encode(&image).expect("a source")
}
