//! Pixels to JPEG, in pixels a second on one thread, for each chroma sampling and both codings.

mod picture;

use std::hint::black_box;

use cosimg::jpeg::{Coding, Encoder, Image, PixelFormat, Subsampling};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn encode(criterion: &mut Criterion) {
    let pixels = picture::rgb();
    let (width, height) = picture::SIZE;
    let image = Image::new(&pixels, width, height, PixelFormat::Rgb8).expect("a picture");

    let mut group = criterion.benchmark_group("encode");
    group.throughput(Throughput::Elements(u64::from(width) * u64::from(height)));
    group.sample_size(20);
    for (name, subsampling, coding) in [
        ("420-progressive", Subsampling::S420, Coding::Progressive),
        ("422-progressive", Subsampling::S422, Coding::Progressive),
        ("444-progressive", Subsampling::S444, Coding::Progressive),
        ("420-baseline", Subsampling::S420, Coding::Baseline),
    ] {
        let encoder = Encoder::default().subsampling(subsampling).coding(coding);
        encoder.encode(&image).expect("what is measured works");
        group.bench_function(name, |bench| bench.iter(|| encoder.encode(black_box(&image))));
    }
    group.finish();
}

criterion_group!(benches, encode);
criterion_main!(benches);
