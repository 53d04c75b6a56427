//! Runs the binary, and speaks HTTP with it byte by byte.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, reason = "a helper of tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cosimg::{Credential, KeyTime, Link, Signer};

pub(crate) const SECRET_ID: &str = "AKIDTESTID";
pub(crate) const SECRET_KEY: &str = "SecretKeyOfTheTests";
pub(crate) const RULE: &str = "imageMogr2/format/jpg/interlace/1";

/// The binary without credentials, and without anything else that it heeds, in its environment.
pub(crate) fn cosimg(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cosimg"));
    command.args(args);
    for name in ["COSIMG_SECRET_ID", "COSIMG_SECRET_KEY", "COSIMG_TOKEN", "COSIMG_SIMD"] {
        command.env_remove(name);
    }
    command
}

/// The binary with credentials in its environment.
pub(crate) fn with_secrets(args: &[&str]) -> Command {
    let mut command = cosimg(args);
    command.env("COSIMG_SECRET_ID", SECRET_ID).env("COSIMG_SECRET_KEY", SECRET_KEY);
    command
}

/// What a run printed and its exit code.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: Vec<u8>,
    pub(crate) text: String,
    pub(crate) errors: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("no exit code"),
            text: String::from_utf8_lossy(&output.stdout).into_owned(),
            errors: String::from_utf8_lossy(&output.stderr).into_owned(),
            out: output.stdout,
        }
    }
}

pub(crate) fn run(mut command: Command) -> Run {
    command.stdin(Stdio::null()).output().unwrap().into()
}

/// Runs with `input` on standard input.
pub(crate) fn run_with(mut command: Command, input: &[u8]) -> Run {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_vec());
    let feeder = thread::spawn(move || {
        // The program may have ended for a good reason.
        let _ = stdin.write_all(&input);
    });
    let run = child.wait_with_output().unwrap().into();
    feeder.join().unwrap();
    run
}

pub(crate) fn asset(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name)
}

/// Names of the files of a folder, sorted.
pub(crate) fn listing(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

pub(crate) fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A link for the next ten minutes, as path and query.
pub(crate) fn signed(host: &str, key: &str, rule: Option<&str>) -> String {
    let mut link = Link::get(host, key);
    if let Some(rule) = rule {
        // Not by way of `Params`, so that wrong rules can be signed too.
        link = link.param(rule, "");
    }
    let window = KeyTime::new(unix_now() - 1, unix_now() + 600).unwrap();
    let url = link.sign(&Signer::new(Credential::new(SECRET_ID, SECRET_KEY)), window).unwrap().to_string();
    let after_scheme = url.split_once("://").unwrap().1;
    after_scheme[after_scheme.find('/').unwrap()..].to_owned()
}

/// A gateway under way as a child process.
pub(crate) struct Gateway {
    child: Child,
    pub(crate) address: String,
}

impl Gateway {
    /// Serves folders as buckets.
    pub(crate) fn start(buckets: &[(&str, &Path)]) -> Self {
        let mut command = with_secrets(&["serve", "--listen", "127.0.0.1:0"]);
        for (name, folder) in buckets {
            command.arg("--bucket").arg(format!("{name}={}", folder.display()));
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("http://").expect("the address on standard output").to_owned();
        Self { child, address }
    }

    /// GET of a target with the gateway's own address as Host.
    pub(crate) fn get(&self, target: &str) -> Reply {
        self.request("GET", &self.address, target)
    }

    pub(crate) fn request(&self, method: &str, host: &str, target: &str) -> Reply {
        self.raw(format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes())
    }

    /// Sends bytes and reads what comes until the gateway closes.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Reply {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let _ = stream.shutdown(Shutdown::Both);
        Reply::parse(&answer)
    }

    /// Asks the process to end; its exit code and its log.
    #[cfg(unix)]
    pub(crate) fn stop(mut self) -> (i32, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let code = self.child.wait().unwrap().code().expect("ended by a signal");
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (code, log)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("no head in the answer");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: bytes[end + 4..].to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The code of COS's error document.
    pub(crate) fn code(&self) -> &str {
        assert_eq!(self.header("content-type"), Some("application/xml"), "{}", self.head);
        let text = std::str::from_utf8(&self.body).unwrap();
        assert!(text.starts_with("<?xml version='1.0' encoding='utf-8' ?>\n<Error>"), "{text}");
        text.split_once("<Code>").unwrap().1.split_once("</Code>").unwrap().0
    }

    pub(crate) fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code()), (status, code), "{}", String::from_utf8_lossy(&self.body));
        assert!(self.header("x-cos-request-id").is_some() && self.header("x-cos-trace-id").is_some());
        assert_eq!(self.header("server"), Some("tencent-cos"));
    }
}
