//! The quick starts of the README work as they are written: each is taken out of it, built the way a user would build
//! it, and run in a folder of its own. Each signs a link and makes `progressive.jpg` from `photo.jpg`; the link has to
//! verify and to cover the rule, and the file has to hold the same picture.
#![cfg(all(feature = "capi", unix))]

#[path = "support/tools.rs"]
mod tools;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use cosimg::jpeg::{Coding, CoefficientImage, Encoder, Image, PixelFormat, inspect};
use cosimg::sign::Request;
use cosimg::{Credential, Limits, Verifier};
use serde_json::Value;
use time::OffsetDateTime;

const SECRET_ID: &str = "AKIDEXAMPLE";
const SECRET_KEY: &str = "not-a-secret";

#[test]
fn rust() {
    let built = built();
    let desk = Desk::new("rust");
    let mut compile = desk.command("rustc");
    compile.args(["--edition", "2024", "-o", "quick"]).arg(desk.write("quick.rs", &block("rust")));
    compile.arg("-L").arg(built.folder.join("deps"));
    for name in ["cosimg", "time"] {
        compile.arg("--extern").arg(format!("{name}={}", built.libraries[name].display()));
    }
    run(&mut compile);
    desk.judge(&run(&mut desk.command("./quick")));
}

#[test]
fn c() {
    if tools::missing("cc") {
        return;
    }
    let desk = Desk::new("c");
    desk.write("quick.c", &block("c"));
    desk.compile("cc", "-std=c11", "quick.c");
    desk.judge(&run(&mut desk.command("./quick")));
}

#[test]
fn cpp() {
    if tools::missing("c++") {
        return;
    }
    let desk = Desk::new("cpp");
    desk.write("quick.cpp", &block("cpp"));
    desk.compile("c++", "-std=c++17", "quick.cpp");
    desk.judge(&run(&mut desk.command("./quick")));
}

#[test]
fn python() {
    if tools::missing("python3") {
        return;
    }
    let desk = Desk::new("python");
    let script = desk.write("quick.py", &block("python"));
    let mut python = desk.command("python3");
    python.env("PYTHONPATH", root().join("bindings/python/src")).env("COSIMG_LIBRARY", &built().shared);
    desk.judge(&run(python.arg(script)));
}

#[test]
fn shell() {
    let desk = Desk::new("shell");
    let script = desk.write("quick.sh", &block("sh"));
    let path =
        std::env::join_paths([built().folder.as_path()].into_iter().chain(tools::search_path().iter().map(|p| &**p)));
    let mut shell = desk.command("sh");
    shell.env("PATH", path.expect("a search path")).arg("-eu").arg(script);
    desk.judge(&run(&mut shell));
}

/// What cargo made of the workspace.
struct Built {
    /// `target/debug`, where the program is.
    folder: PathBuf,
    shared: PathBuf,
    libraries: BTreeMap<String, PathBuf>,
}

fn built() -> &'static Built {
    static BUILT: OnceLock<Built> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--workspace", "--message-format", "json"]).current_dir(root());
        let output = run(&mut cargo);
        let (mut libraries, mut shared) = (BTreeMap::new(), None);
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let message: Value = serde_json::from_str(line).expect("cargo prints JSON");
            let name = message["target"]["name"].as_str().unwrap_or_default().replace('-', "_");
            for file in message["filenames"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let file = PathBuf::from(file);
                match file.extension().and_then(|extension| extension.to_str()) {
                    Some("rlib") => drop(libraries.insert(name.clone(), file)),
                    Some("so" | "dylib") if name == "cosimg" => shared = Some(file),
                    _ => {}
                }
            }
        }
        let shared = shared.expect("cargo builds the shared library");
        Built { folder: shared.parent().expect("it is in a folder").to_owned(), shared, libraries }
    })
}

/// A folder for one quick start.
struct Desk(PathBuf);

impl Desk {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let pixels: Vec<u8> = (0..97 * 61 * 3_u32).map(|i| (i * i / 301).to_le_bytes()[0]).collect();
        let image = Image::new(&pixels, 97, 61, PixelFormat::Rgb8).expect("a picture");
        let photo = Encoder::default().coding(Coding::Baseline).encode(&image).expect("a JPEG");
        fs::write(folder.join("photo.jpg"), photo).expect("a file");
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("a file");
        path
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.0).env("COSIMG_SECRET_ID", SECRET_ID).env("COSIMG_SECRET_KEY", SECRET_KEY);
        command
    }

    /// As the README says, but against the library that the tests use.
    fn compile(&self, compiler: &str, standard: &str, source: &str) {
        let libraries = &built().folder;
        let mut compile = self.command(compiler);
        compile.args([standard, "-Wall", "-Wextra", "-Werror", source, "-o", "quick"]);
        compile.arg("-I").arg(root().join("include")).arg("-L").arg(libraries).arg("-lcosimg");
        run(compile.arg(format!("-Wl,-rpath,{}", libraries.display())));
    }

    fn judge(&self, output: &Output) {
        let said = String::from_utf8_lossy(&output.stdout);
        let url = said.split_whitespace().find(|word| word.starts_with("https://")).expect("a link is printed");
        let request = Request::from_url("GET", url).expect("a link");
        let verifier = Verifier::new().credential(Credential::new(SECRET_ID, SECRET_KEY)).strict(true);
        let verified = verifier.verify(&request, OffsetDateTime::now_utc()).expect("the link verifies");
        assert!(verified.params.iter().any(|name| name.starts_with("imagemogr2%2f")), "{:?}", verified.params);

        let limits = Limits::default();
        let [photo, progressive] =
            ["photo.jpg", "progressive.jpg"].map(|name| fs::read(self.0.join(name)).expect(name));
        assert!(inspect(&progressive, &limits).expect("a JPEG").progressive);
        let read = |bytes: &[u8]| CoefficientImage::read(bytes, &limits).expect("a JPEG");
        assert!(read(&photo) == read(&progressive), "the picture changed");
    }
}

/// The one block of the README in this language.
fn block(language: &str) -> String {
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md");
    let fence = format!("\n```{language}\n");
    let blocks: Vec<&str> =
        readme.split(&fence).skip(1).map(|rest| rest.split("\n```").next().unwrap_or(rest)).collect();
    assert_eq!(blocks.len(), 1, "the README has one block in {language}");
    blocks[0].to_owned() + "\n"
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let both = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
    assert!(output.status.success(), "{command:?}: {}\n{both}", output.status);
    output
}
