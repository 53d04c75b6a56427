//! `cosimg transcode` on many files: where results go, what stays as it was, and what is said of each.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cosimg::jpeg::Simd;
use serde_json::Value;
use support::{Run, asset, cosimg, listing, run, run_with};

/// A folder with two JPEGs, one of them below, something else, and a file that is no JPEG for all its name.
struct Tree {
    root: tempfile::TempDir,
}

impl Tree {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("in/below")).unwrap();
        for name in ["in/a.jpg", "in/below/b.JPEG"] {
            fs::copy(asset("sample.jpg"), root.path().join(name)).unwrap();
        }
        fs::write(root.path().join("in/notes.txt"), "no picture").unwrap();
        Self { root }
    }

    fn with_a_bad_file() -> Self {
        let tree = Self::new();
        fs::write(tree.path("in/bad.jpg"), "no JPEG").unwrap();
        tree
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Runs in the folder.
    fn run(&self, args: &[&str]) -> Run {
        let mut command = cosimg(&[&["transcode"], args].concat());
        command.current_dir(&self.root);
        run(command)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The objects of `--json`.
fn objects(run: &Run) -> Vec<Value> {
    run.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn sample() -> Vec<u8> {
    fs::read(asset("sample.jpg")).unwrap()
}

/// What a single run makes of the sample.
fn expected() -> Vec<u8> {
    run(cosimg(&["transcode", text(&asset("sample.jpg")), "-o", "-"])).out
}

#[test]
fn a_folder_goes_to_another_with_what_is_below_it() {
    let tree = Tree::with_a_bad_file();
    let done = tree.run(&["in", "-O", "out"]);
    assert_eq!((done.code, done.text.as_str()), (1, ""), "one file is bad");
    assert!(done.errors.contains("error: in/bad.jpg: "), "{}", done.errors);
    assert!(done.errors.contains("3 files: 2 written, 0 unchanged, 1 failed"), "{}", done.errors);
    assert_eq!(listing(&tree.path("out")), ["a.jpg", "below"]);
    assert_eq!(listing(&tree.path("out/below")), ["b.JPEG"]);
    assert!(tree.read("out/a.jpg") == expected() && tree.read("out/below/b.JPEG") == expected());
    assert!(tree.read("in/a.jpg") == sample(), "the source stays");
}

#[test]
fn sources_are_replaced_in_place_and_only_where_there_is_something_to_do() {
    let tree = Tree::with_a_bad_file();
    let first = tree.run(&["--in-place", "in", "in/a.jpg", "in/../in/a.jpg"]);
    assert_eq!(first.code, 1);
    assert!(first.errors.contains("3 files: 2 written"), "each file once: {}", first.errors);
    assert!(tree.read("in/a.jpg") == expected());
    assert_eq!(tree.read("in/bad.jpg"), b"no JPEG");
    assert_eq!(listing(&tree.path("in")), ["a.jpg", "bad.jpg", "below", "notes.txt"], "nothing is left behind");

    let before = fs::metadata(tree.path("in/a.jpg")).unwrap().modified().unwrap();
    let again = tree.run(&["-i", "in/a.jpg", "in/below"]);
    assert_eq!(again.code, 3, "{}", again.errors);
    assert_eq!(fs::metadata(tree.path("in/a.jpg")).unwrap().modified().unwrap(), before, "it is not touched");
    // The same place by another name.
    assert_eq!(tree.run(&["in/a.jpg", "-o", "in/below/../a.jpg"]).code, 3);
    fs::create_dir(tree.path("empty")).unwrap();
    assert_eq!(tree.run(&["-i", "empty"]).code, 3);
    // A result that was asked for is written, changed or not.
    assert_eq!(tree.run(&["in/a.jpg", "-o", "copy.jpg"]).code, 0);
    assert!(tree.read("copy.jpg") == expected());
}

#[test]
fn an_object_for_each_file_in_their_order() {
    let tree = Tree::with_a_bad_file();
    fs::write(tree.path("in/cut.jpg"), &sample()[..40_000]).unwrap();
    for threads in ["1", "7"] {
        let done = tree.run(&["--json", "--tolerant", "--threads", threads, "in", "-O", "out"]);
        assert_eq!((done.code, done.errors.as_str()), (1, ""));
        let said = objects(&done);
        let names: Vec<_> =
            said.iter().map(|o| (o["input"].as_str().unwrap(), o["status"].as_str().unwrap())).collect();
        let expected_names = [
            ("in/a.jpg", "written"),
            ("in/bad.jpg", "failed"),
            ("in/cut.jpg", "written"),
            ("in/below/b.JPEG", "written"),
        ];
        assert_eq!(names, expected_names);
        assert_eq!(said[0]["output"], "out/a.jpg");
        assert_eq!(
            (&said[0]["bytes_before"], &said[0]["bytes_after"]),
            (&sample().len().into(), &expected().len().into())
        );
        assert!(said.iter().all(|o| o["schema"] == 1 && o["kept_source"] == false));
        assert!(said[1]["error"].as_str().unwrap().contains("bad.jpg") && said[1]["bytes_after"].is_null());
        assert!(!said[2]["warnings"].as_array().unwrap().is_empty() && said[0]["warnings"] == serde_json::json!([]));
    }
}

#[test]
fn results_that_would_replace_each_other_are_refused_before_any_is_made() {
    let tree = Tree::new();
    fs::copy(asset("sample.jpg"), tree.path("in/below/a.jpg")).unwrap();
    for (args, why) in [
        (&["in/a.jpg", "in/below/a.jpg", "-O", "out"][..], "both become"),
        (&["in/below/a.jpg", "in/a.jpg", "-O", "in"], "another source"),
        (&["in/a.jpg", "in/below/a.jpg", "-o", "out.jpg"], "--output is for one file"),
        (&["in", "-o", "out.jpg"], "--output is for one file"),
        (&["in", "-O", "in"], "--in-place"),
        (&["in/a.jpg", "in/below/../below", "-O", "in/below"], "--in-place"),
        (&["-", "-O", "out"], "standard input"),
        (&["-", "-i"], "standard input"),
        (&["in/a.jpg", "-o", "-", "--json"], "standard output"),
        (&["in/a.jpg"], "required"),
        (&["in/a.jpg", "-i", "-o", "out.jpg"], "cannot be used with"),
        (&["in/a.jpg", "-o", "out.jpg", "--smaller", "--baseline"], "cannot be used with"),
        (&["in/a.jpg", "-o", "out.jpg", "--strip", "everything"], "is none of nothing, exif"),
        (&["in/a.jpg", "-o", "out.jpg", "--threads", "0"], "invalid value"),
        (&["in/a.jpg", "-o", "out.jpg", "--mode", "small", "--effort", "300"], "300 is not in 1..=9"),
        (&["in/a.jpg", "-o", "out.jpg", "--mode", "small", "--effort", "10"], "10 is not in 1..=9"),
        (&["in/a.jpg", "-o", "out.jpg", "--mode", "small", "--max-scans", "300"], "300 is not in 8..=100"),
        (&["in/a.jpg", "-o", "out.jpg", "--mode", "small", "--max-scans", "7"], "7 is not in 8..=100"),
    ] {
        let refused = tree.run(args);
        assert_eq!((refused.code, refused.text.as_str()), (2, ""), "{args:?}");
        assert!(refused.errors.contains(why), "{args:?}: {}", refused.errors);
    }
    assert_eq!(listing(tree.root.path()), ["in"]);
    assert!(tree.read("in/a.jpg") == sample());
}

#[test]
fn the_folder_of_results_is_no_source() {
    let tree = Tree::new();
    for _ in 0..2 {
        let done = tree.run(&["in", "-O", "in/out"]);
        assert_eq!(done.code, 0, "{}", done.errors);
        assert_eq!(listing(&tree.path("in/out")), ["a.jpg", "below"]);
    }
}

#[cfg(unix)]
#[test]
fn times_and_permissions_are_preserved_if_asked() {
    use std::os::unix::fs::PermissionsExt;
    let tree = Tree::new();
    let source = tree.path("in/a.jpg");
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let set = || {
        let file = fs::File::options().write(true).open(&source).unwrap();
        file.set_modified(long_ago).unwrap();
        file.set_permissions(fs::Permissions::from_mode(0o604)).unwrap();
    };
    let get = |name: &str| {
        let meta = fs::metadata(tree.path(name)).unwrap();
        (meta.modified().unwrap() == long_ago, meta.permissions().mode() & 0o777)
    };
    set();
    assert_eq!(tree.run(&["in/a.jpg", "-o", "kept.jpg", "--preserve"]).code, 0);
    assert_eq!(get("kept.jpg"), (true, 0o604));
    assert_eq!(tree.run(&["in/a.jpg", "-o", "new.jpg"]).code, 0);
    assert!(!get("new.jpg").0);
    assert_eq!(tree.run(&["-i", "in/a.jpg"]).code, 0);
    assert_eq!(get("in/a.jpg"), (false, 0o604), "a file that is replaced keeps its permissions in any case");
    set();
    assert_eq!(tree.run(&["-i", "-p", "in/a.jpg", "--baseline"]).code, 0);
    assert_eq!(get("in/a.jpg"), (true, 0o604));
}

#[cfg(unix)]
#[test]
fn a_result_that_cannot_be_written_costs_nothing() {
    use std::os::unix::fs::symlink;
    let tree = Tree::new();
    // A file in the place of the folder.
    fs::write(tree.path("out"), "in the way").unwrap();
    let done = tree.run(&["in", "-O", "out"]);
    assert_eq!(done.code, 1);
    assert!(done.errors.contains("0 written, 0 unchanged, 2 failed"), "{}", done.errors);
    assert!(tree.read("out") == b"in the way" && tree.read("in/a.jpg") == sample());
    // Links: to a file, which is replaced and not the link; to a folder above, which is not entered; to nothing.
    symlink("a.jpg", tree.path("in/link.jpg")).unwrap();
    symlink("..", tree.path("in/loop")).unwrap();
    symlink("nowhere", tree.path("in/gone.jpg")).unwrap();
    let done = tree.run(&["-i", "in", "--json"]);
    let inputs: BTreeSet<_> = objects(&done).iter().map(|o| o["input"].to_string()).collect();
    assert_eq!((done.code, inputs.len()), (0, 2), "{}", done.text);
    assert!(fs::symlink_metadata(tree.path("in/link.jpg")).unwrap().is_symlink());
    assert!(tree.read("in/link.jpg") == expected());
}

#[test]
fn never_larger_and_whichever_is_smaller() {
    let tree = Tree::new();
    let args = |more: &[&'static str]| [&["in/a.jpg", "-o", "out.jpg"], more].concat();
    let sizes = [&["--progressive"][..], &["--baseline"], &["--smaller"]].map(|coding| {
        assert_eq!(tree.run(&args(coding)).code, 0);
        tree.read("out.jpg").len()
    });
    assert_eq!(sizes[2], sizes[0].min(sizes[1]));
    // Baseline from the best progressive form would be larger.
    assert_eq!(tree.run(&["in/a.jpg", "-o", "best.jpg", "--mode", "fast"]).code, 0);
    let kept = tree.run(&["best.jpg", "-o", "again.jpg", "--baseline", "--never-larger", "--json"]);
    assert_eq!((kept.code, &objects(&kept)[0]["kept_source"]), (0, &true.into()));
    assert!(tree.read("again.jpg") == tree.read("best.jpg"));
    assert_eq!(tree.run(&["best.jpg", "-i", "--baseline", "--never-larger"]).code, 3);
}

#[test]
fn standard_input_and_output() {
    let piped = run_with(cosimg(&["transcode", "-", "-o", "-"]), &sample());
    assert_eq!((piped.code, piped.errors.as_str()), (0, ""));
    assert!(piped.out == expected());
    let tree = Tree::new();
    let mut command = cosimg(&["transcode", "-", "-o", "out.jpg", "--preserve", "--json"]);
    command.current_dir(&tree.root);
    let said = run_with(command, &sample());
    assert_eq!((said.code, &objects(&said)[0]["input"]), (0, &"-".into()));
    assert!(tree.read("out.jpg") == expected());
}

#[test]
fn the_environment_forces_instructions_and_changes_no_byte() {
    let tree = Tree::new();
    let picture = text(&asset("sample.png")).to_owned();
    let with = |simd: &str, args: &[&str]| {
        let mut command = cosimg(args);
        command.current_dir(&tree.root).env("COSIMG_SIMD", simd);
        run(command)
    };
    let commands: [&[&str]; 3] = [
        &["transcode", "in/a.jpg", "-o", "-"],
        &["transcode", "in/a.jpg", "--quality", "60", "-o", "-"],
        &["encode", &picture, "-o", "-"],
    ];
    for args in commands {
        let auto = with("auto", args);
        assert_eq!(auto.code, 0, "{}", auto.errors);
        let mut command = cosimg(args);
        command.current_dir(&tree.root);
        assert!(run(command).out == auto.out);
        for simd in ["scalar", "avx2", "avx512"] {
            let forced = with(simd, args);
            if simd.parse::<Simd>().unwrap().is_available() {
                assert!(forced.code == 0 && forced.out == auto.out, "{simd}: {}", forced.errors);
            } else {
                assert_eq!((forced.code, forced.out.len()), (2, 0));
                assert!(forced.errors.contains(&format!("COSIMG_SIMD: this processor has no {simd}")));
            }
        }
        let wrong = with("sse2", args);
        assert_eq!((wrong.code, wrong.out.len()), (2, 0));
        assert!(wrong.errors.contains("COSIMG_SIMD: \"sse2\" is not auto, scalar, avx2 or avx512"), "{}", wrong.errors);
    }
}
