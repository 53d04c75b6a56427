//! Links signed and checked a second, on one thread: one link with a processing rule, its verification, and the header
//! form. The key time is the same for all, as it is where links are cached.

use std::hint::black_box;

use cosimg::sign::Request;
use cosimg::{Credential, KeyTime, Link, Params, Signer, Verifier};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use time::OffsetDateTime;

const HOST: &str = "examplebucket-1250000000.cos.ap-shanghai.myqcloud.com";
const KEY: &str = "photos/2026/November/a photograph of the harbour.png";
const START: u64 = 1_800_000_000;

fn credential() -> Credential {
    Credential::new("AKIDEXAMPLEEXAMPLEEXAMPLEEXAMPLE", "not-a-secret-not-a-secret-not-a")
}

fn link() -> Link {
    let rule = Params::image_mogr2().format("jpg").expect("a format").interlace(true).ignore_error(true);
    Link::get(HOST, KEY).process(rule)
}

fn sign(criterion: &mut Criterion) {
    let signer = Signer::new(credential());
    let key_time = KeyTime::new(START, START + 600).expect("a window");
    let url = link().sign(&signer, key_time).expect("a link");
    let request = link().request().expect("a request");
    let verifier = Verifier::new().credential(credential());
    let received = Request::from_url("GET", url.as_str()).expect("a request");
    let now = OffsetDateTime::from_unix_timestamp(START as i64 + 1).expect("a time");
    verifier.verify(&received, now).expect("what is measured holds");

    let mut group = criterion.benchmark_group("sign");
    group.throughput(Throughput::Elements(1));
    group.bench_function("link", |bench| bench.iter(|| black_box(link()).sign(&signer, key_time)));
    group.bench_function("presign", |bench| bench.iter(|| signer.presign(black_box(&request), key_time)));
    group.bench_function("header", |bench| bench.iter(|| signer.sign(black_box(&request), key_time)));
    group.bench_function("verify", |bench| {
        bench.iter(|| {
            let received = Request::from_url("GET", black_box(url.as_str())).expect("a request");
            verifier.verify(&received, now)
        });
    });
    group.finish();
}

criterion_group!(benches, sign);
criterion_main!(benches);
