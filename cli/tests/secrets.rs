//! No command prints a secret: not in its result, not in an error, not in its help.

mod support;

use std::fs;

use support::{RULE, asset, cosimg, run};

const KEY: &str = "ThisIsTheSecretKey";
const TOKEN: &str = "ThisIsTheToken";

#[test]
fn no_output_of_any_command_has_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = format!(r#"{{"credentials":[{{"secret_id":"id","secret_key":"{KEY}","token":"{TOKEN}"}}]}}"#);
    let good = file("good.json", &good);
    let broken = [
        file("broken.json", &format!(r#"{{"credentials":[{{"secret_id":"id","secret_key":"{KEY}""#)),
        file("list.json", &format!(r#"["{KEY}","{TOKEN}"]"#)),
        file("type.json", &format!(r#"{{"credentials":[{{"secret_id":"{KEY}","secret_key":["{KEY}"]}}]}}"#)),
        file("extra.json", &format!(r#"{{"credentials":[{{"secret_id":"a","secret_key":"b","{KEY}":"{TOKEN}"}}]}}"#)),
        file("raw.json", KEY),
    ];
    let (png, jpg) = (asset("sample.png").display().to_string(), asset("sample.jpg").display().to_string());
    let missing = folder.path().join("missing/out.jpg").display().to_string();
    let link = run({
        // Without a token, which is a part of the link.
        let mut command = cosimg(&["sign", "--host", "h.example", "--key", "a", "--expires", "10m"]);
        command.env("COSIMG_SECRET_ID", "id").env("COSIMG_SECRET_KEY", KEY);
        command
    });
    let link = link.text.trim_end().to_owned();

    let wrong = link.replace("/a?", "/b?");
    let with_token = format!("{link}&x-cos-security-token={TOKEN}");
    let theirs = format!("<Error><FormatString>get\n/b\nx-cos-security-token={TOKEN}\nhost=h\n</FormatString></Error>");
    let xml = file("answer.xml", &theirs);
    let bad_batch = file("bad.jsonl", &format!("{{\"host\":\"{KEY}\nnot json\n{{\"host\":1}}\n"));

    let sign = ["sign", "--host", "h.example", "--key", "a", "--process", RULE];
    let mut commands: Vec<Vec<&str>> = vec![
        vec![],
        vec!["--version"],
        vec!["--help"],
        [&sign[..], &["--expires", "10m"]].concat(),
        [&sign[..], &["--expires", "10m", "--json"]].concat(),
        [&sign[..], &["--expires", "10m", "--form", "header"]].concat(),
        [&sign[..], &["--expires", "10m", "--form", "header", "--json"]].concat(),
        [&sign[..], &["--expires", "never"]].concat(),
        [&sign[..], &["--start", "9", "--end", "3"]].concat(),
        [&sign[..], &["--expires", "10m", "--process", "imageMogr2/nonsense/%%"]].concat(),
        vec!["verify", &link],
        vec!["verify", &link, "--json"],
        vec!["verify", &link, "--strict", "--now", "5"],
        vec!["verify", "https://h.example/a", "--json"],
        vec!["verify", "nonsense"],
        vec!["explain", &link],
        vec!["explain", &link, "--json"],
        vec!["explain", &wrong],
        vec!["explain", &wrong, "--json", "--xml", &xml],
        vec!["explain", &with_token, "--xml", &xml],
        vec!["explain", "https://h.example/a"],
        vec!["audit", &with_token],
        vec!["audit", &with_token, "--json"],
        vec!["sign", "--batch", &bad_batch],
        vec!["sign", "--batch", "/does/not/exist"],
        vec!["inspect", &jpg],
        vec!["inspect", &jpg, "--json"],
        vec!["inspect", &png],
        vec!["transcode", &png, "-o", &missing],
        vec!["transcode", &jpg, "-o", &missing],
        vec!["encode", &png, "-o", &missing],
        vec!["process", &png, "-o", &missing, RULE],
        vec!["serve", "--bucket", "b=/does/not/exist"],
        vec!["demo", "/does/not/exist"],
        vec!["demo"],
    ];
    let helps = ["sign", "verify", "explain", "audit", "inspect", "transcode", "encode", "process", "serve", "demo"];
    commands.extend(helps.iter().map(|command| vec![*command, "--help"]));
    for path in broken.iter().chain([&good]) {
        commands.push([&sign[..], &["--expires", "10m", "--credentials", path]].concat());
        commands.push(vec!["verify", &link, "--credentials", path]);
        commands.push(vec!["serve", "--bucket", "b=/does/not/exist", "--credentials", path]);
    }
    for args in &commands {
        let mut command = cosimg(args);
        command.env("COSIMG_SECRET_ID", "id").env("COSIMG_SECRET_KEY", KEY).env("COSIMG_TOKEN", TOKEN);
        // As talkative as a program can be made from outside; there is no verbose mode.
        command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
        let run = run(command);
        assert!(!run.text.contains(KEY) && !run.errors.contains(KEY), "{args:?}");
        assert!(!run.errors.contains(TOKEN), "{args:?}");
        // A token is sent with the request, so a signed request has it; nothing else does.
        assert!(args.first() == Some(&"sign") || !run.text.contains(TOKEN), "{args:?}");
    }
}

#[test]
fn there_is_no_option_that_takes_a_secret() {
    for option in ["--secret-key", "--secret-id", "--token"] {
        let run = run(cosimg(&["sign", "--host", "h", "--key", "a", "--expires", "1m", &format!("{option}={KEY}")]));
        assert_eq!(run.code, 2);
        assert!(run.errors.contains(option) && !run.errors.contains(KEY), "{}", run.errors);
    }
}
