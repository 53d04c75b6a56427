//! The official Python and Node SDKs, run on generated requests beside this crate: the same `Authorization` to the
//! letter, and every URL that they presign is accepted and is refused once any one part of it is changed.
//!
//! The SDKs come from their registries into cargo's target folder. Where Python or Node is missing the tests say so,
//! and fail if `COSIMG_GATE=1`; where the registry cannot be reached they say so and pass.
//!
//! Known faults of the Node SDK, outside of which it must agree:
//! - `pairs-in-raw-order`: it sorts the names of the lists encoded, and the pairs of HttpString as they are. Where the
//!   two orders differ, its signature is one of a text that no list describes.
//! - `slash-dropped`: its `getAuth` takes a slash off the key though the path needs one, so it signs `//a` as `/a`; its
//!   URLs are signed for `//a`.
#![allow(clippy::unwrap_used)] // a test that cannot go on says where

mod sign_support;
#[path = "support/tools.rs"]
mod tools;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cosimg::sign::Request;
use cosimg::{Signer, Verifier};
use serde_json::{Value, json};
use sign_support::{HOST, START, at, credential, window};

const REQUESTS: usize = 4_000;
const PYTHON_SDK: &str = "cos-python-sdk-v5==1.9.44";
const NODE_SDK: &str = "cos-nodejs-sdk-v5@3.0.0";

#[derive(Clone, Debug)]
struct Case {
    method: &'static str,
    key: String,
    params: Vec<(String, String)>,
    headers: Vec<(String, String)>,
}

impl Case {
    fn request(&self) -> Request {
        let request = Request::new(self.method, HOST, &self.key).unwrap();
        let request = self.params.iter().fold(request, |request, (key, value)| request.param(key, value));
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    fn json(&self) -> String {
        let object = |pairs: &[(String, String)]| {
            pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<serde_json::Map<_, _>>()
        };
        let (params, headers) = (object(&self.params), object(&self.headers));
        json!({"method": self.method, "key": self.key, "params": params, "headers": headers}).to_string()
    }

    /// Known fault `slash-dropped`.
    fn as_node_drops_slashes(&self) -> Self {
        let key = if self.key.starts_with("//") { &self.key[1..] } else { &self.key };
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// Known fault `pairs-in-raw-order`.
    fn node_sorts_pairs_otherwise(&self) -> bool {
        let order = |by: &dyn Fn(&str) -> Vec<u16>| {
            let mut keys: Vec<_> = self.params.iter().map(|(key, _)| key.as_str()).collect();
            keys.sort_by_key(|key| by(key));
            keys
        };
        let raw = order(&|key| key.to_lowercase().encode_utf16().collect());
        let encoded = order(&|key| {
            let mut query = cosimg::Query::new();
            query.push(key, None);
            query.to_string().to_lowercase().encode_utf16().collect()
        });
        raw != encoded
    }
}

/// xorshift64*: the same requests on every machine.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % bound
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Text of every class of characters: unreserved, reserved, escapes, other scripts, outside the BMP.
    fn text(&mut self, least: usize, most: usize) -> String {
        const PIECES: &[&str] = &[
            "a",
            "b",
            "Z",
            "7",
            "-",
            "_",
            ".",
            "~",
            " ",
            "+",
            "%",
            "%20",
            "%2F",
            "&",
            "=",
            ";",
            ",",
            ":",
            "?",
            "#",
            "|",
            "!",
            "'",
            "(",
            ")",
            "*",
            "<",
            ">",
            "@",
            "\"",
            "\\",
            "[",
            "]",
            "{",
            "}",
            "^",
            "`",
            "$",
            "é",
            "É",
            "ß",
            "图",
            "片",
            "名",
            "ф",
            "😀",
            "\u{10ffff}",
            "\u{feff}",
            "\u{3000}",
            "/",
            "//",
            "./",
            "../",
            "==",
            "aa",
            "A/b",
        ];
        let count = least + self.below(most - least + 1);
        (0..count).map(|_| self.pick(PIECES)).collect()
    }

    fn case(&mut self) -> Case {
        const RULES: &[&str] = &[
            "imageMogr2/format/jpg/interlace/1",
            "imageMogr2/thumbnail/!50p|imageMogr2/format/jpg/interlace/1/ignore-error/1",
            "imageMogr2/thumbnail/200x300>/quality/90!",
            "imageMogr2/thumbnail/10000@/crop/!10x10a1a1",
            "watermark/2/text/5Zu-54mH_A==/fill/IzAwMDAwMA,,/dx/1;2",
            "imageView2/1/w/400/h/600/q/85",
            "style/Small",
        ];
        const HEADERS: &[&str] = &[
            "Content-Type",
            "content-md5",
            "Cache-Control",
            "Content-Disposition",
            "Range",
            "If-Match",
            "Origin",
            "x-cos-acl",
            "X-Cos-Meta-Name",
            "x-ci-test",
            "Pic-Operations",
        ];
        let mut params: Vec<(String, String)> = Vec::new();
        match self.below(4) {
            0 | 1 => params.push((self.pick(RULES).to_owned(), String::new())),
            // As long as a URL can carry.
            2 if self.below(20) == 0 => {
                let stages: Vec<_> = (0..60).map(|_| self.pick(RULES)).collect();
                params.push((stages.join("|"), String::new()));
            }
            _ => {}
        }
        for _ in 0..self.below(5) {
            let key = match self.below(4) {
                0 => self
                    .pick(&["acl", "prefix", "versionId", "response-content-type", "max-keys", "1", "10"])
                    .to_owned(),
                _ => self.text(1, 6),
            };
            let taken = params.iter().any(|(other, _)| other.to_lowercase() == key.to_lowercase());
            // `__proto__` and the like are out of reach of the pieces above.
            if !taken {
                params.push((key, self.text(0, 8)));
            }
        }
        let mut headers = Vec::new();
        for name in HEADERS {
            let value = self.text(1, 8).trim().to_owned();
            if self.below(6) == 0 && !value.is_empty() {
                headers.push(((*name).to_owned(), value));
            }
        }
        let slash = self.pick(&["", "", "", "/"]);
        let key = format!("{slash}{}", self.text(1, 12));
        Case { method: self.pick(&["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS"]), key, params, headers }
    }
}

fn cases() -> Vec<Case> {
    let mut seeded = Seeded(0x00C0_5161_51D4_0001);
    (0..REQUESTS).map(|_| seeded.case()).collect()
}

/// Signs `cases` with an SDK: its command is given the window, the credential and the bucket.
fn sign_with(mut sdk: Command, cases: &[Case]) -> Vec<(String, String)> {
    let (bucket, region) = HOST.split_once(".cos.").unwrap();
    let region = region.strip_suffix(".myqcloud.com").unwrap();
    let (start, end) = (START.to_string(), (START + 3600).to_string());
    sdk.args([&start, &end, credential().secret_id(), "SKEXAMPLE00000000000", bucket, region]);
    let mut child = sdk.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines: String = cases.iter().map(|case| case.json() + "\n").collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the SDK's script failed");
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), cases.len());
    let field = |answer: &Value, name: &str| answer[name].as_str().unwrap().to_owned();
    answers.iter().map(|answer| (field(answer, "authorization"), field(answer, "url"))).collect()
}

fn verifier() -> Verifier {
    Verifier::new().credential(credential())
}

fn holds(request: &Request) -> bool {
    verifier().verify(request, at(START + 60)).is_ok()
}

/// What arrives when `url` is requested with the headers of the case.
fn received(case: &Case, method: &str, host: &str, target: &str) -> Option<Request> {
    let headers = case.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Request::from_wire(method, target, headers.chain([("Host", host)])).ok()
}

/// The URL is accepted, and with any one part changed or left out it is not.
fn accepted_and_bound(case: &Case, url: &str) {
    let target = url.strip_prefix(&format!("https://{HOST}")).unwrap();
    let request = received(case, case.method, HOST, target).unwrap_or_else(|| panic!("{url}"));
    let answer = verifier().verify(&request, at(START + 60));
    assert!(answer.is_ok(), "{answer:?}: {case:?} {url}");

    let refused = |what: &str, request: Option<Request>| {
        assert!(!request.is_some_and(|request| holds(&request)), "{what} changed: {case:?} {url}");
    };
    let other_method = if case.method == "GET" { "HEAD" } else { "GET" };
    refused("method", received(case, other_method, HOST, target));
    refused("host", received(case, case.method, "other-1250000000.cos.ap-shanghai.myqcloud.com", target));
    let (path, query) = target.split_once('?').unwrap();
    refused("path", received(case, case.method, HOST, &format!("{path}x?{query}")));
    let pieces: Vec<_> = query.split('&').collect();
    for index in 0..pieces.len() {
        let with = |piece: Option<String>| {
            let mut changed: Vec<_> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
            changed.splice(index..=index, piece);
            received(case, case.method, HOST, &format!("{path}?{}", changed.join("&")))
        };
        refused(pieces[index], with(Some(format!("{}x", pieces[index]))));
        refused(pieces[index], with(Some(format!("x{}", pieces[index]))));
        refused(pieces[index], with(None));
    }
    for index in 0..case.headers.len() {
        let mut changed = case.clone();
        changed.headers[index].1.push('x');
        refused("header", received(&changed, case.method, HOST, target));
        changed.headers.remove(index);
        refused("header", received(&changed, case.method, HOST, target));
    }
}

fn ours(case: &Case) -> String {
    Signer::new(credential()).sign(&case.request(), window()).unwrap().authorization().to_owned()
}

#[test]
fn the_official_python_sdk() {
    if tools::missing("python3") {
        return;
    }
    let Some(python) = installed("python", PYTHON_SDK, install_python) else { return };
    let cases = cases();
    let mut command = Command::new(python.join("bin/python"));
    command.arg(script("sign.py"));
    for (case, (authorization, url)) in cases.iter().zip(sign_with(command, &cases)) {
        assert_eq!(ours(case), authorization, "{case:?}");
        accepted_and_bound(case, &url);
    }
}

#[test]
fn the_official_node_sdk() {
    if tools::missing("node") || tools::missing("npm") {
        return;
    }
    let Some(node) = installed("node", NODE_SDK, install_node) else { return };
    let cases = cases();
    let mut command = Command::new("node");
    command.arg(script("sign.js")).env("NODE_PATH", node.join("node_modules"));
    let mut faulty = 0;
    for (case, (authorization, url)) in cases.iter().zip(sign_with(command, &cases)) {
        if case.node_sorts_pairs_otherwise() {
            faulty += 1;
            let end = |text: &str| text.rsplit_once('=').unwrap().0.to_owned();
            assert_eq!(
                end(&ours(&case.as_node_drops_slashes())),
                end(&authorization),
                "the fault is in the pairs alone: {case:?}"
            );
            continue;
        }
        assert_eq!(ours(&case.as_node_drops_slashes()), authorization, "{case:?}");
        accepted_and_bound(case, &url);
    }
    eprintln!("pairs-in-raw-order: {faulty} of {} requests", cases.len());
    assert!(faulty > 0 && cases.len() - faulty >= 2_000);
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk").join(name)
}

/// The folder into which an SDK is installed, once for each version.
fn installed(name: &str, package: &str, install: fn(&Path, &str) -> Result<(), String>) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sdk").join(name);
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|version| version == package) {
        return Some(folder);
    }
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    match install(&folder, package) {
        Ok(()) => {
            fs::write(stamp, package).unwrap();
            Some(folder)
        }
        Err(why) => {
            eprintln!("skipped: {package} cannot be installed: {why}");
            None
        }
    }
}

fn install_python(folder: &Path, package: &str) -> Result<(), String> {
    run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    run(Command::new(folder.join("bin/python")).args(["-m", "pip", "install", "--quiet", package]))
}

fn install_node(folder: &Path, package: &str) -> Result<(), String> {
    let quiet = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    // Where there is no registry, npm waits for a minute before it tries for the last time.
    let soon = ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"];
    run(Command::new("npm").args(quiet).args(soon).arg("--prefix").arg(folder).arg(package))
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    let last = || String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
    if output.status.success() { Ok(()) } else { Err(format!("{}: {}", command.get_program().display(), last())) }
}
