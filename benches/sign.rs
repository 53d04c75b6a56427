//! Links signed and checked a second, on one thread: a download link with a processing rule under a SignKey that is
//! held, one at a time and 100,000 at once, beside `reqsign-tencent-cos`, the signer of Apache OpenDAL. What the
//! official Python SDK does on the same machine is measured by `benches/sign_sdk.py`.
//!
//! reqsign derives its SignKey for every link (its window begins at the clock's time) and does not cover the Host.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context as Task, Poll, Waker};
use std::time::Duration;

use cosimg::sign::{Links, Request, Template};
use cosimg::{Credential, KeyTime, Link, Params, Signer, Verifier};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use reqsign_core::{Context, SignRequest};
use reqsign_tencent_cos::RequestSigner;
use time::OffsetDateTime;

const ID: &str = "AKIDEXAMPLEEXAMPLEEXAMPLEEXAMPLE";
const SECRET: &str = "not-a-secret-not-a-secret-not-a";
const HOST: &str = "examplebucket-1250000000.cos.ap-shanghai.myqcloud.com";
const KEY: &str = "photos/2026/November/a photograph of the harbour.png";
const RULE: &str = "imageMogr2/format/jpg/interlace/1/ignore-error/1";
const START: i64 = 1_800_000_000;
const BULK: usize = 100_000;

fn window() -> KeyTime {
    KeyTime::new(START.unsigned_abs(), START.unsigned_abs() + 600).expect("a window")
}

fn request() -> Request {
    Request::new("GET", HOST, KEY).expect("a request").param(RULE, "")
}

fn single(criterion: &mut Criterion) {
    let signer = Signer::new(Credential::new(ID, SECRET));
    let window = signer.within(window()).expect("a key");
    let rule: Params = RULE.parse().expect("a rule");

    let mut group = criterion.benchmark_group("single");
    group.throughput(Throughput::Elements(1));
    let mut out = String::new();
    group.bench_function("presign_into", |bench| {
        let request = request();
        bench.iter(|| {
            out.clear();
            window.presign_into(black_box(&request), &mut out)
        });
    });
    group.bench_function("presign", |bench| {
        let request = request();
        bench.iter(|| window.presign(black_box(&request)));
    });
    group.bench_function("link", |bench| {
        let link = || Link::get(HOST, black_box(KEY)).process(rule.clone());
        bench.iter(|| window.presign(&link().request().expect("a request")));
    });
    group.bench_function("header", |bench| {
        let request = request();
        bench.iter(|| window.sign(black_box(&request)));
    });
    group.finish();
}

fn bulk(criterion: &mut Criterion) {
    let signer = Signer::new(Credential::new(ID, SECRET));
    let window = signer.within(window()).expect("a key");
    let template: Template<'_> = window.template(&request()).expect("a template");
    let keys: Vec<_> = (0..BULK).map(|n| format!("photos/2026/November/{n:06} of the harbour.png")).collect();

    let mut group = criterion.benchmark_group("bulk");
    group.throughput(Throughput::Elements(BULK as u64)).sample_size(20);
    let mut links = Links::default();
    group.bench_function("links_into", |bench| bench.iter(|| template.links_into(black_box(&keys), &mut links)));
    group.bench_function("links", |bench| bench.iter_with_large_drop(|| template.links(black_box(&keys))));
    group.finish();
}

fn verify(criterion: &mut Criterion) {
    let credential = Credential::new(ID, SECRET);
    let url = Signer::new(credential.clone()).presign(&request(), window()).expect("a link");
    let verifier = Verifier::new().credential(credential);
    let now = OffsetDateTime::from_unix_timestamp(START + 1).expect("a time");
    let check = |url: &str| verifier.verify(&Request::from_url("GET", url).expect("a request"), now);
    check(url.as_str()).expect("what is measured holds");

    let mut group = criterion.benchmark_group("verify");
    group.throughput(Throughput::Elements(1));
    group.bench_function("url", |bench| bench.iter(|| check(black_box(url.as_str()))));
    group.finish();
}

fn reqsign(criterion: &mut Criterion) {
    let credential = reqsign_tencent_cos::Credential {
        secret_id: ID.to_owned(),
        secret_key: SECRET.to_owned(),
        security_token: None,
        expires_in: None,
    };
    let (signer, context) = (RequestSigner::new(), Context::new());
    let uri = format!("https://{HOST}/{}?{}=", KEY.replace(' ', "%20"), RULE.replace('/', "%2F"));
    let parts = || http::Request::get(uri.as_str()).body(()).expect("a request").into_parts().0;
    let sign = |mut parts: http::request::Parts| {
        let signed = signer.sign_request(&context, &mut parts, Some(&credential), Some(Duration::from_secs(600)));
        match pin!(signed).poll(&mut Task::from_waker(Waker::noop())) {
            Poll::Ready(signed) => signed.expect("a link"),
            Poll::Pending => unreachable!("a permanent key asks nobody"),
        }
        parts
    };
    assert!(sign(parts()).uri.to_string().contains("q-signature="));

    let mut group = criterion.benchmark_group("reqsign-tencent-cos");
    group.throughput(Throughput::Elements(1));
    group.bench_function("presign", |bench| bench.iter_batched(parts, sign, BatchSize::SmallInput));
    group.finish();
}

criterion_group!(benches, single, bulk, verify, reqsign);
criterion_main!(benches);
