//! JPEG to JPEG without loss, in bytes of the source a second on one thread, between both codings; and the parser alone.

mod picture;

use std::hint::black_box;

use cosimg::Limits;
use cosimg::jpeg::{Coding, Encoder, Image, PixelFormat, Transcoder, inspect};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn transcode(criterion: &mut Criterion) {
    let pixels = picture::rgb();
    let (width, height) = picture::SIZE;
    let image = Image::new(&pixels, width, height, PixelFormat::Rgb8).expect("a picture");
    let source = |coding| Encoder::default().coding(coding).encode(&image).expect("a source");

    let mut group = criterion.benchmark_group("transcode");
    group.sample_size(20);
    for (name, from, to) in [
        ("baseline-to-progressive", Coding::Baseline, Coding::Progressive),
        ("progressive-to-baseline", Coding::Progressive, Coding::Baseline),
        ("progressive-to-progressive", Coding::Progressive, Coding::Progressive),
    ] {
        let source = source(from);
        let transcoder = Transcoder::new().coding(to);
        transcoder.run(&source).expect("what is measured works");
        group.throughput(Throughput::Bytes(source.len() as u64));
        group.bench_function(name, |bench| bench.iter(|| transcoder.run(black_box(&source))));
    }
    let source = source(Coding::Progressive);
    group.throughput(Throughput::Bytes(source.len() as u64));
    group.bench_function("inspect", |bench| bench.iter(|| inspect(black_box(&source), &Limits::default())));
    group.finish();
}

criterion_group!(benches, transcode);
criterion_main!(benches);
