//! `cosimg encode`: pixels to JPEG.

use cosimg::Limits;
use cosimg::jpeg::{Encoder, Image};

use crate::args::Encode;
use crate::failure::{Failure, Outcome};
use crate::output;
use crate::pixels::Picture;

pub(crate) fn run(args: &Encode) -> Outcome {
    let limits = Limits::default();
    let name = args.input.display().to_string();
    let source = output::read(&args.input, limits.input_bytes.min(limits.memory))?;
    let picture = Picture::decode(&name, &source, &limits)?;
    let image = Image::new(&picture.samples, picture.width, picture.height, picture.format)?;
    let mut encoder = Encoder::new()
        .quality(args.quality)?
        .subsampling(args.subsampling.into())
        .coding(args.coding.coding())
        .background(args.background)
        .limits(limits);
    if let Some(icc) = picture.icc {
        encoder = encoder.icc_profile(icc);
    }
    if let Some(exif) = picture.exif {
        encoder = encoder.exif(exif);
    }
    let result = encoder.encode(&image).map_err(|e| Failure::about(name, &e))?;
    output::write(&args.output, &result)
}
