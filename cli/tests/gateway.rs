//! The gateway over real HTTP: what it answers as COS does, and what it does not let through.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use cosimg::jpeg::{self, CoefficientImage};
use cosimg::{Credential, KeyTime, Limits, Link, Signer};
use support::{Gateway, RULE, Reply, SECRET_ID, SECRET_KEY, asset, cosimg, run, signed, unix_now, with_secrets};
use tempfile::TempDir;

/// A bucket with the samples, beside a file that nobody may read.
fn bucket() -> (TempDir, Gateway) {
    let around = tempfile::tempdir().unwrap();
    let folder = around.path().join("bucket");
    fs::create_dir_all(folder.join("a/b")).unwrap();
    fs::copy(asset("sample.png"), folder.join("sample.png")).unwrap();
    fs::copy(asset("sample.jpg"), folder.join("a/b/图 (1)+%.jpg")).unwrap();
    fs::write(folder.join("text.txt"), b"no picture").unwrap();
    fs::write(around.path().join("outside"), b"the secret outside").unwrap();
    let gateway = Gateway::start(&[("examplebucket-1250000000", &folder)]);
    (around, gateway)
}

fn get(gateway: &Gateway, key: &str, rule: Option<&str>) -> Reply {
    gateway.get(&signed(&gateway.address, key, rule))
}

#[test]
fn a_signed_link_gets_the_progressive_jpeg() {
    let (_bucket, gateway) = bucket();
    let limits = Limits::default();
    let source = fs::read(asset("sample.jpg")).unwrap();
    for key in ["sample.png", "a/b/图 (1)+%.jpg"] {
        let reply = get(&gateway, key, Some(RULE));
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        assert_eq!(reply.header("content-type"), Some("image/jpeg"));
        assert_eq!(reply.header("content-length"), Some(reply.body.len().to_string().as_str()));
        assert_eq!(reply.header("server"), Some("tencent-cos"));
        assert!(reply.header("x-cos-request-id").is_some() && reply.header("x-cos-trace-id").is_some());
        let etag = reply.header("etag").unwrap();
        assert!(etag.len() == 34 && etag.starts_with('"') && etag.ends_with('"'), "{etag}");
        let age = reply.header("cache-control").unwrap().strip_prefix("private, max-age=").unwrap();
        assert!((500..=600).contains(&age.parse::<u64>().unwrap()));
        assert!(jpeg::inspect(&reply.body, &limits).unwrap().progressive);
        if key.ends_with(".jpg") {
            let read = |bytes: &[u8]| CoefficientImage::read(bytes, &limits).unwrap();
            assert!(read(&reply.body) == read(&source));
        }
        assert_eq!(get(&gateway, key, Some(RULE)).header("etag"), Some(etag), "the same answer has the same ETag");
    }
}

#[test]
fn without_a_rule_the_object_comes_as_it_is() {
    let (_bucket, gateway) = bucket();
    let reply = get(&gateway, "sample.png", None);
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("image/png")));
    assert!(reply.body == fs::read(asset("sample.png")).unwrap());
    let reply = get(&gateway, "text.txt", None);
    assert_eq!(reply.header("content-type"), Some("application/octet-stream"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    // The MD5 of "no picture", as `md5sum` gives it.
    assert_eq!(reply.header("etag"), Some("\"52b8497c36cfa26b2af4345a99d95e6c\""));
}

#[test]
fn head_is_get_without_the_body() {
    let (_bucket, gateway) = bucket();
    let target = signed_as("HEAD", &gateway.address, "sample.png");
    let reply = gateway.request("HEAD", &gateway.address, &target);
    assert_eq!((reply.status, reply.body.len()), (200, 0));
    assert_eq!(reply.header("content-length").unwrap(), fs::read(asset("sample.png")).unwrap().len().to_string());
    // A link for GET is none for HEAD.
    let target = signed(&gateway.address, "sample.png", None);
    assert_eq!(gateway.request("HEAD", &gateway.address, &target).status, 403);
}

fn signed_as(method: &str, host: &str, key: &str) -> String {
    let window = KeyTime::new(unix_now(), unix_now() + 600).unwrap();
    let signer = Signer::new(Credential::new(SECRET_ID, SECRET_KEY));
    let url = Link::new(method, host, key).sign(&signer, window).unwrap();
    format!("{}?{}", url.path(), url.query().unwrap())
}

#[test]
fn what_is_refused_is_refused_as_cos_does() {
    let (_bucket, gateway) = bucket();
    gateway.get("/sample.png").assert_refused(403, "AccessDenied");
    gateway.get("/").assert_refused(403, "AccessDenied");
    // Who may not read learns nothing about what exists.
    gateway.get("/missing").assert_refused(403, "AccessDenied");
    get(&gateway, "missing", None).assert_refused(404, "NoSuchKey");
    get(&gateway, "", None).assert_refused(501, "NotImplemented");
    for method in ["PUT", "POST", "DELETE", "OPTIONS", "BREW"] {
        let reply = gateway.request(method, &gateway.address, "/sample.png");
        reply.assert_refused(405, "MethodNotAllowed");
        assert_eq!(reply.header("allow"), Some("GET, HEAD"));
    }
    get(&gateway, "sample.png", Some("imageMogr2/interlace/7")).assert_refused(400, "InvalidArgument");
    get(&gateway, "sample.png", Some("watermark/2/text/YQ")).assert_refused(501, "NotImplemented");
    let lenient = "watermark/2/text/YQ|imageMogr2/ignore-error/1";
    get(&gateway, "sample.png", Some(lenient)).assert_refused(501, "NotImplemented");
    get(&gateway, "text.txt", Some(RULE)).assert_refused(400, "InvalidImageFormat");
    let expired = {
        let window = KeyTime::new(1_700_000_000, 1_700_003_600).unwrap();
        let signer = Signer::new(Credential::new(SECRET_ID, SECRET_KEY));
        Link::get(gateway.address.as_str(), "sample.png").sign(&signer, window).unwrap()
    };
    let reply = gateway.get(&format!("{}?{}", expired.path(), expired.query().unwrap()));
    reply.assert_refused(403, "AccessDenied");
    assert!(String::from_utf8_lossy(&reply.body).contains("<Message>Request has expired</Message>"));
}

#[test]
fn a_size_limit_is_kept_or_refused() {
    let (_bucket, gateway) = bucket();
    for key in ["sample.png", "a/b/图 (1)+%.jpg"] {
        let with = |limit: &str| get(&gateway, key, Some(&format!("{RULE}/size-limit/{limit}")));
        let free = with("1m");
        assert_eq!((free.status, &free.body), (200, &get(&gateway, key, Some(RULE)).body), "{key}");
        for limit in ["20k", "20k!"] {
            let reply = with(limit);
            assert_eq!((reply.status, reply.header("content-type")), (200, Some("image/jpeg")), "{key} {limit}");
            assert!(reply.body.len() <= 20 << 10 && reply.body.len() < free.body.len(), "{key} {limit}");
        }
        with("1k").assert_refused(400, "ImageTooLarge");
        let original = with("1k/ignore-error/1");
        assert!(original.status == 200 && original.body == get(&gateway, key, None).body, "{key}");
    }
    get(&gateway, "sample.png", Some("imageMogr2/size-limit/20k")).assert_refused(501, "NotImplemented");
}

#[test]
fn a_rule_must_be_covered() {
    let (_bucket, gateway) = bucket();
    let bare = signed(&gateway.address, "sample.png", None);
    gateway.get(&format!("{bare}&imageMogr2%2Fformat%2Fjpg=")).assert_refused(403, "AccessDenied");
    gateway.get(&format!("{bare}&anything=else")).assert_refused(403, "AccessDenied");
    let covered = signed(&gateway.address, "sample.png", Some(RULE));
    let stripped = covered.split_once("&imageMogr2").unwrap().0;
    gateway.get(stripped).assert_refused(403, "SignatureDoesNotMatch");
    let reply = gateway.request("GET", "otherbucket-1250000000.cos.ap-shanghai.myqcloud.com", &covered);
    reply.assert_refused(403, "SignatureDoesNotMatch");
}

#[test]
fn no_key_leads_out_of_the_bucket() {
    let (around, gateway) = bucket();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../outside", around.path().join("bucket/link")).unwrap();
        std::os::unix::fs::symlink("..", around.path().join("bucket/up")).unwrap();
    }
    let absolute = around.path().join("outside").display().to_string();
    for key in [
        "../outside",
        "a/../../outside",
        "./sample.png",
        "a//b",
        "//sample.png",
        "link",
        "up/outside",
        &absolute,
        "a",
        "a/",
    ] {
        let reply = get(&gateway, key, None);
        assert!(matches!((reply.status, reply.code()), (404, "NoSuchKey")), "{key}: {}", reply.status);
    }
    // As a stranger writes them, unsigned; and a signed link whose path was changed on the way.
    let query = signed(&gateway.address, "sample.png", None).split_once('?').unwrap().1.to_owned();
    for path in [
        "/../outside",
        "/..%2Foutside",
        "/%2e%2e/outside",
        "/%2e%2e%2foutside",
        "/a/..%2f..%2foutside",
        "/%00",
        "//etc/passwd",
    ] {
        for target in [path.to_owned(), format!("{path}?{query}")] {
            let reply = gateway.get(&target);
            assert!(matches!(reply.status, 400 | 403), "{target}: {}", reply.status);
            assert!(!reply.body.windows(10).any(|part| part == b"the secret"), "{target}");
        }
    }
}

#[test]
fn a_request_that_can_be_read_in_two_ways_is_none() {
    let (_bucket, gateway) = bucket();
    let (host, target) = (&gateway.address, signed(&gateway.address, "sample.png", None));
    for head in [
        format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nHost: other\r\n\r\n"),
        format!("GET {target} HTTP/1.1\r\n\r\n"),
        format!("GET http://{host}{target} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
    ] {
        let head = head.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        gateway.raw(head.as_bytes()).assert_refused(400, "InvalidRequest");
    }
    let two = signed(host, "sample.png", Some(RULE)) + "&imageMogr2%2Fformat%2Fpng=";
    assert_eq!(gateway.get(&two).status, 403);
}

#[test]
fn several_buckets_are_told_apart_by_the_host() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(one.path().join("a"), b"of one").unwrap();
    fs::write(two.path().join("a"), b"of two").unwrap();
    let gateway = Gateway::start(&[("one-1", one.path()), ("two-1", two.path())]);
    for (host, body) in [("one-1.cos.ap-shanghai.myqcloud.com", "of one"), ("two-1.localhost:8436", "of two")] {
        let reply = gateway.request("GET", host, &signed(host, "a", None));
        assert_eq!((reply.status, String::from_utf8_lossy(&reply.body).as_ref()), (200, body));
    }
    let host = "three-1.cos.ap-shanghai.myqcloud.com";
    gateway.request("GET", host, &signed(host, "a", None)).assert_refused(404, "NoSuchBucket");
}

#[test]
fn objects_over_the_limits_are_refused_and_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let sized = |name: &str, megabytes: u64| {
        fs::copy(asset("sample.jpg"), folder.path().join(name)).unwrap();
        let file = fs::File::options().write(true).open(folder.path().join(name)).unwrap();
        file.set_len(megabytes << 20).unwrap();
    };
    sized("33.jpg", 33);
    sized("65.jpg", 65);
    let gateway = Gateway::start(&[("b-1", folder.path())]);
    get(&gateway, "33.jpg", Some(RULE)).assert_refused(400, "ImageTooLarge");
    let original = get(&gateway, "33.jpg", Some(&format!("{RULE}/ignore-error/1")));
    assert_eq!((original.status, original.body.len()), (200, 33 << 20));
    get(&gateway, "65.jpg", Some(&format!("{RULE}/ignore-error/1"))).assert_refused(400, "ImageTooLarge");
    // A picture that claims more samples than the service takes: a PNG header alone.
    let mut png = fs::read(asset("sample.png")).unwrap();
    png[16..24].copy_from_slice(&[0, 0, 0x7d, 0, 0, 0, 0x7d, 0]);
    fs::write(folder.path().join("bomb.png"), &png).unwrap();
    let reply = get(&gateway, "bomb.png", Some(RULE));
    assert_eq!(reply.status, 400, "{}", reply.code());
}

#[test]
fn a_head_that_is_too_long_or_too_slow_is_cut_off() {
    let (_bucket, gateway) = bucket();
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "k".repeat(40 << 10));
    let reply = gateway.raw(long.as_bytes());
    assert!(matches!(reply.status, 414 | 431), "{}", reply.status);

    let mut slow = TcpStream::connect(&gateway.address).unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let started = Instant::now();
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer).unwrap();
    assert!(!answer.starts_with(b"HTTP/1.1 200"));
    assert!((5..25).contains(&started.elapsed().as_secs()));
    // Others were served meanwhile and are served still.
    assert_eq!(get(&gateway, "sample.png", None).status, 200);
}

#[test]
fn many_at_once_are_all_answered() {
    let (_bucket, gateway) = bucket();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..100).map(|_| scope.spawn(|| get(&gateway, "sample.png", None).status)).collect();
        assert!(workers.into_iter().all(|worker| worker.join().unwrap() == 200));
    });
}

#[cfg(unix)]
#[test]
fn the_log_has_the_request_and_no_secret_and_the_end_is_clean() {
    let (_bucket, gateway) = bucket();
    let target = signed(&gateway.address, "sample.png", Some(RULE));
    let signature = target.split_once("q-signature=").unwrap().1.split_once('&').unwrap().0.to_owned();
    assert_eq!(gateway.get(&target).status, 200);
    assert_eq!(gateway.get(&format!("{target}&x-cos-security-token=TheToken&q%2Dsignature=TheToken")).status, 400);
    assert_eq!(gateway.get(&format!("{target}&a=TheToken")).status, 403);
    let (code, log) = gateway.stop();
    assert_eq!(code, 0);
    assert!(log.contains(&format!("GET /sample.png?{RULE} 200 image/jpeg")), "{log}");
    assert!(log.contains("403 AccessDenied (uncovered)"), "{log}");
    for secret in [SECRET_KEY, &signature, "TheToken", "q-sign"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[test]
fn what_is_typed_wrongly_is_a_usage_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    let bucket = format!("b={path}");
    for args in [
        vec!["serve"],
        vec!["serve", "--bucket", "b"],
        vec!["serve", "--bucket", "b=/does/not/exist"],
        vec!["serve", "--bucket", "B_=/"],
        vec!["serve", "--bucket", &bucket, "--bucket", &bucket],
        vec!["serve", "--bucket", &bucket, "--listen", "localhost"],
    ] {
        let run = run(with_secrets(&args));
        assert_eq!((run.code, run.text.as_str()), (2, ""), "{args:?}");
    }
    assert_eq!(run(cosimg(&["serve", "--bucket", &bucket])).code, 2, "no credentials");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let busy = run(with_secrets(&["serve", "--bucket", &bucket, "--listen", &address]));
    assert_eq!(busy.code, 1);
    assert!(busy.errors.contains(&address));
    assert!(Path::new(folder.path()).exists());
}
