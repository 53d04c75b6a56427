//! The programs of `tests/capi`, and the examples of `bindings/c` and `bindings/cpp`, compiled without a warning and
//! run: linked to the shared library, to the static library, and to the shared library under the address and
//! undefined-behaviour sanitizers; the C ones under valgrind too, where it is there.
//!
//! `vectors.h`, made here, gives them the table of `tests/data/sign`, which Rust and Python assert as well.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its files has failed")]
#![cfg(all(feature = "capi", target_os = "linux"))]

#[path = "support/abuse.rs"]
mod abuse;
#[path = "support/header.rs"]
mod header;
#[path = "support/library.rs"]
mod library;
#[path = "support/tools.rs"]
mod tools;
#[path = "support/vectors.rs"]
mod vectors;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];
const SANITIZE: [&str; 3] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g"];
/// What a Rust static library needs beside itself: `rustc --print native-static-libs`.
const NATIVE: [&str; 6] = ["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl"];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Linked {
    Shared,
    Static,
    Sanitized,
}

#[test]
fn c_programs_hold_with_the_shared_library() {
    run_all("c", Linked::Shared);
}

#[test]
fn c_programs_hold_with_the_static_library() {
    run_all("c", Linked::Static);
}

#[test]
fn c_programs_hold_under_the_sanitizers() {
    run_all("c", Linked::Sanitized);
}

#[test]
fn cpp_programs_hold_with_the_shared_library() {
    run_all("cpp", Linked::Shared);
}

#[test]
fn cpp_programs_hold_under_the_sanitizers() {
    run_all("cpp", Linked::Sanitized);
}

/// Every function, with each of its arguments wrong in turn: `support/abuse.rs` writes the program from the header.
#[test]
fn no_wrong_argument_does_harm() {
    let workshop = Workshop::new("abuse");
    let source = workshop.write("abuse.c", &abuse::program());
    for linked in [Linked::Shared, Linked::Sanitized] {
        let answer = workshop.build_and_run(std::slice::from_ref(&source), linked, &[]);
        let said = String::from_utf8_lossy(&answer.stdout).into_owned();
        let cases: usize = said.trim().parse().unwrap_or_else(|_| panic!("{said}"));
        assert!(cases > 500, "only {cases} cases were generated");
    }
}

/// A sanitizer that is silently off would let everything pass.
#[test]
fn the_sanitizers_are_on() {
    let workshop = Workshop::new("sanitizers");
    for (name, fault, sign) in [
        ("freed", "char *volatile p = malloc(4); free(p); return p[n];", "AddressSanitizer"),
        ("shift", "return (1 << (n + 40)) & 1;", "runtime error"),
        ("leak", "static cosimg_cancel *c; cosimg_cancel_new(&c, 0); c = 0;", "LeakSanitizer"),
    ] {
        let text = format!(
            "#include \"cosimg.h\"\n#include <stdlib.h>\nint main(int n, char **v) {{ (void)n; (void)v; {fault} return 0; }}\n"
        );
        let source = workshop.write(&format!("{name}.c"), &text);
        let program = workshop.build(&[source], Linked::Sanitized);
        let answer = workshop.run(&program, &[]);
        let said = String::from_utf8_lossy(&answer.stderr);
        assert!(!answer.status.success() && said.contains(sign), "{name}: {:?} {said}", answer.status);
    }
}

#[test]
fn c_programs_are_clean_under_valgrind() {
    if tools::missing("valgrind") {
        return;
    }
    let workshop = Workshop::new("valgrind");
    workshop.write("vectors.h", &vectors::header());
    for name in ["errors", "sign"] {
        let program = workshop.build(&[root().join(format!("tests/capi/{name}.c"))], Linked::Shared);
        let mut command = Command::new("valgrind");
        // Possibly lost is what the standard library keeps for the main thread, by a pointer into its middle.
        command
            .args(["-q", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite"])
            .arg(program);
        succeeds(command.output().unwrap(), name);
    }
}

#[test]
fn the_examples_run() {
    let workshop = Workshop::new("examples");
    let picture = workshop.0.join("sample.png");
    std::fs::write(&picture, vectors::sample_png()).unwrap();
    for (language, source) in
        [("C", "bindings/c/examples/progressive.c"), ("C++", "bindings/cpp/examples/progressive.cpp")]
    {
        let result = workshop.0.join("sample.jpg");
        let arguments = [picture.as_os_str(), result.as_os_str()];
        let answer = workshop.build_and_run(&[root().join(source)], Linked::Sanitized, &arguments);
        let said = String::from_utf8_lossy(&answer.stdout).into_owned();
        assert!(said.contains("https://") && said.contains("q-signature="), "{language}: {said}");
        let jpeg = std::fs::read(&result).unwrap();
        assert!(jpeg.windows(2).any(|marker| marker == [0xFF, 0xC2]), "{language}: the result is not progressive");
        std::fs::remove_file(result).unwrap();
    }
}

/// `find_package(cosimg)` from a project of its own, against an installed tree as `bindings/c` lays it out.
#[test]
fn cmake_finds_the_package() {
    if tools::missing("cmake") || tools::missing("pkg-config") {
        return;
    }
    let workshop = Workshop::new("cmake");
    let (build, prefix) = (workshop.0.join("build"), workshop.0.join("prefix"));
    let define = |name: &str, value: &Path| format!("-D{name}={}", value.display());
    let cmake = |arguments: &[&OsStr]| succeeds(Command::new("cmake").args(arguments).output().unwrap(), "cmake");
    let source = root().join("bindings/c");
    let library = define("COSIMG_LIBRARY", &library::shared());
    cmake(&["-S".as_ref(), source.as_ref(), "-B".as_ref(), build.as_ref(), library.as_ref()]);
    cmake(&["--install".as_ref(), build.as_ref(), "--prefix".as_ref(), prefix.as_ref()]);

    let (consumer, source) = (workshop.0.join("consumer"), root().join("bindings/c/examples"));
    let found = define("CMAKE_PREFIX_PATH", &prefix);
    cmake(&["-S".as_ref(), source.as_ref(), "-B".as_ref(), consumer.as_ref(), found.as_ref()]);
    cmake(&["--build".as_ref(), consumer.as_ref()]);
    let picture = workshop.0.join("sample.png");
    std::fs::write(&picture, vectors::sample_png()).unwrap();
    let answer = workshop.run(&consumer.join("progressive"), &[picture.as_ref(), workshop.0.join("out.jpg").as_ref()]);
    succeeds(answer, "the example built by cmake");

    let mut flags = Command::new("pkg-config");
    flags.args(["--cflags", "--libs", "cosimg"]).env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
    let flags = String::from_utf8(succeeds(flags.output().unwrap(), "pkg-config").stdout).unwrap();
    let program = workshop.0.join("by-pkg-config");
    let mut compiler = Command::new("cc");
    compiler.arg(source.join("progressive.c")).arg("-o").arg(&program).args(flags.split_whitespace());
    compiler.arg(format!("-Wl,-rpath,{}", prefix.join("lib").display()));
    succeeds(compiler.output().unwrap(), "the flags of pkg-config");
    let answer = workshop.run(&program, &[picture.as_ref(), workshop.0.join("out.jpg").as_ref()]);
    succeeds(answer, "the example built by pkg-config's flags");
}

fn run_all(extension: &str, linked: Linked) {
    let workshop = Workshop::new(&format!("{extension}-{linked:?}"));
    workshop.write("vectors.h", &vectors::header());
    let sources = programs(extension);
    assert!(sources.len() >= 2, "{sources:?}");
    let mut failures = String::new();
    for source in sources {
        let mut parts = vec![source];
        if extension == "cpp" {
            parts.push(root().join("tests/capi/linkage.cpp"));
        }
        let program = workshop.build(&parts, linked);
        let answer = workshop.run(&program, &[]);
        if !answer.status.success() {
            let said = String::from_utf8_lossy(&answer.stderr);
            failures.push_str(&format!("{}: {}\n{said}\n", program.display(), answer.status));
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// The sources with a `main`.
fn programs(extension: &str) -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root().join("tests/capi")).unwrap();
    let sources = folder.map(|entry| entry.unwrap().path());
    let of_language = sources.filter(|path| path.extension() == Some(OsStr::new(extension)));
    let mut programs: Vec<_> =
        of_language.filter(|path| std::fs::read_to_string(path).unwrap().contains("int main(")).collect();
    programs.sort();
    programs
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn succeeds(answer: Output, what: &str) -> Output {
    let (out, err) = (String::from_utf8_lossy(&answer.stdout), String::from_utf8_lossy(&answer.stderr));
    assert!(answer.status.success(), "{what}: {}\n{out}{err}", answer.status);
    answer
}

/// A folder for one test's programs, emptied first.
struct Workshop(PathBuf);

impl Workshop {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("capi").join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn build_and_run(&self, sources: &[PathBuf], linked: Linked, arguments: &[&OsStr]) -> Output {
        let program = self.build(sources, linked);
        succeeds(self.run(&program, arguments), &program.display().to_string())
    }

    fn build(&self, sources: &[PathBuf], linked: Linked) -> PathBuf {
        let source = &sources[0];
        let (compiler, standard) = match source.extension().and_then(OsStr::to_str) {
            Some("cpp") => ("c++", "-std=c++17"),
            _ => ("cc", "-std=c11"),
        };
        let program = self.0.join(source.file_stem().unwrap());
        let mut command = Command::new(compiler);
        command.arg(standard).args(STRICT).arg("-O1");
        command.arg(concat!("-DEXPECTED_VERSION=\"", env!("CARGO_PKG_VERSION"), "\""));
        for folder in [&root().join("include"), &root().join("tests/capi"), &self.0] {
            command.arg("-I").arg(folder);
        }
        if linked == Linked::Sanitized {
            command.args(SANITIZE);
        }
        command.args(sources).arg("-o").arg(&program);
        if linked == Linked::Static {
            command.arg(library::folder().join("libcosimg.a")).args(NATIVE);
        } else {
            command.arg(library::shared()).arg("-lpthread");
            command.arg(format!("-Wl,-rpath,{}", library::folder().display()));
        }
        succeeds(command.output().unwrap_or_else(|error| panic!("{compiler}: {error}")), &format!("{command:?}"));
        program
    }

    fn run(&self, program: &Path, arguments: &[&OsStr]) -> Output {
        Command::new(program).args(arguments).current_dir(&self.0).output().unwrap()
    }
}
