//! `cosimg encode`: pixels to JPEG.

use std::num::NonZero;
use std::thread;

use cosimg::Limits;
use cosimg::jpeg::Encoder;
use cosimg::pipeline::{Format, Picture};

use crate::args::Encode;
use crate::failure::{Exit, Failure, Outcome};
use crate::{output, scan_flags, simd};

/// Bytes of an ICC profile or an Exif block at most: more than a JPEG has segments for.
const MOST_METADATA: u64 = 17 << 20;

pub(crate) fn run(args: &Encode) -> Outcome {
    let limits = Limits::default();
    let name = args.input.display();
    let source = output::read(&args.input, limits.input_bytes.min(limits.memory))?;
    if Format::sniff(&source) == Some(Format::Jpeg) {
        let message = "is a JPEG already: `transcode` and `process` change it without loss";
        return Err(Failure::new(Exit::Failed, format_args!("{name}: {message}")));
    }
    let threads = args.threads.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN);
    let mut encoder = Encoder::new(args.preset.into())
        .quality(args.quality)?
        .subsampling(args.subsampling.into())
        .coding(args.coding.coding())
        .restart_interval(args.restart.unwrap_or_default())
        .background(args.background)
        .threads(threads)
        .simd(simd::chosen()?)
        .limits(limits.clone());
    if let Some(bytes) = args.target_bytes {
        encoder = encoder.target_bytes(bytes);
    }
    if let Some(score) = args.target_ssimulacra2 {
        encoder = encoder.target_ssimulacra2(score)?;
    }
    if let Some(path) = &args.scans {
        encoder = encoder.scans(scan_flags::script(path)?);
    }
    if let Some(mode) = args.mode {
        encoder = encoder.mode(mode.into());
    }
    if let Some(path) = &args.icc {
        encoder = encoder.icc_profile(output::read(path, MOST_METADATA).map_err(Failure::into_usage)?);
    }
    if let Some(path) = &args.exif {
        encoder = encoder.exif(output::read(path, MOST_METADATA).map_err(Failure::into_usage)?);
    }
    encoder = args.comment.iter().fold(encoder, |encoder, comment| encoder.comment(comment.as_str()));
    let result = Picture::decode(&source, &limits).and_then(|picture| picture.encode(encoder));
    output::write(&args.output, &result.map_err(|e| Failure::about(name, &e))?)
}
