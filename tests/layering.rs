//! The map of the rooms stays true: who imports whom, what the library never touches, and how long a file may be.
//!
//! Every path of `src/` that begins with `crate`, `super`, `self` or the name of a crate is resolved to the room that
//! it reaches, re-exports at the root included, and looked up in [`ROOMS`].

mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::OnceLock;

use proc_macro2::{Delimiter, TokenTree};
use source::{Source, group, ident, is_mark, line};

/// A room, the other rooms and the crates that it may import. The room with the longest matching name rules a file.
struct Room {
    name: &'static str,
    rooms: &'static [&'static str],
    crates: &'static [&'static str],
}

const ROOMS: &[Room] = &[
    Room { name: "error", rooms: &[], crates: &[] },
    Room { name: "limits", rooms: &["error"], crates: &[] },
    Room { name: "query", rooms: &["error", "limits"], crates: &["percent_encoding"] },
    Room { name: "params", rooms: &["error", "limits", "query"], crates: &[] },
    Room {
        name: "sign",
        rooms: &["error", "limits", "query"],
        crates: &["hex", "hmac", "sha1", "subtle", "time", "url", "zeroize"],
    },
    Room { name: "link", rooms: &["error", "limits", "query", "params", "sign"], crates: &["time", "url"] },
    Room { name: "jpeg", rooms: &["error", "limits"], crates: &["fast_ssim2", "memchr", "zune_jpeg"] },
    // The kernels know the scalar files that specify them, and nothing that calls them.
    Room {
        name: "jpeg::simd",
        rooms: &["error", "jpeg::coeff", "jpeg::color", "jpeg::entropy", "jpeg::fdct", "jpeg::quant", "jpeg::sample"],
        crates: &[],
    },
    // Whoever has work to share knows nothing of who does it.
    Room { name: "jpeg::threads", rooms: &[], crates: &["rayon_core", "rustix"] },
    Room { name: "pipeline", rooms: &["error", "limits", "params", "jpeg"], crates: &["image"] },
    Room { name: "ffi", rooms: &[PUBLIC], crates: &["time", "url"] },
];

/// Stands for whatever a user of the crate can name.
const PUBLIC: &str = "the public surface";

/// Doors inside a room that stay shut: the entropy coders are below those who drive them.
const SHUT: &[(&str, &[&str])] = &[("jpeg::entropy", &["jpeg::encode", "jpeg::transcode", "jpeg::simd"])];

/// Time, environment, network and files are the caller's: the library gets them as arguments.
const FORBIDDEN: &[&str] = &[
    "std::env",
    "std::fs",
    "std::io::stderr",
    "std::io::stdin",
    "std::io::stdout",
    "std::net",
    "std::process",
    "std::thread::sleep",
    "std::time::Instant",
    "std::time::SystemTime",
    "time::OffsetDateTime::now_local",
    "time::OffsetDateTime::now_utc",
    "time::UtcDateTime::now",
];

/// Names that reach a clock or a standard stream through a type or a macro, whatever path they are called by.
const FORBIDDEN_NAMES: &[&str] = &["dbg", "eprint", "eprintln", "now_local", "now_utc", "print", "println"];

const LONG_FILE: usize = 600;

#[test]
fn rooms_import_only_what_the_map_allows() {
    let library = source::library();
    let faults: Vec<String> = library.iter().flat_map(|file| Map::get().faults(file)).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn every_room_is_on_the_map() {
    for file in source::library() {
        let known = file.module.is_empty() || ROOMS.iter().any(|room| room.name == file.module[0]);
        assert!(known, "{} belongs to no room of the map in tests/layering.rs", file.path);
    }
}

#[test]
fn the_library_touches_no_clock_environment_network_or_file() {
    let library = source::library();
    let faults: Vec<String> = library.iter().flat_map(outside_world).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn long_files_say_why() {
    let folders = ["src", "cli", "tests", "benches", "examples", "fuzz", "bindings"];
    let extensions = ["rs", "py", "c", "cpp", "hpp"];
    let mut faults = Vec::new();
    for path in folders.iter().flat_map(|folder| source::files(&source::root().join(folder), &extensions)) {
        let text = fs::read_to_string(&path).expect("source is UTF-8");
        if !says_why_it_is_long(&text) {
            let name = source::relative(&path);
            faults.push(format!("{name}: over {LONG_FILE} lines, and its first paragraph has no \"long because\""));
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// The modules and re-exports of the crate.
struct Map {
    modules: BTreeSet<String>,
    public: BTreeSet<String>,
    reexports: BTreeMap<String, String>,
    crates: BTreeSet<String>,
}

impl Map {
    fn get() -> &'static Self {
        static MAP: OnceLock<Map> = OnceLock::new();
        MAP.get_or_init(|| Self::of(&source::library()))
    }

    fn of(library: &[Source]) -> Self {
        let modules: BTreeSet<String> = library.iter().map(|file| file.module.join("::")).collect();
        let public = library.iter().flat_map(public_modules).collect();
        let root = library.iter().find(|file| file.module.is_empty()).expect("src/lib.rs");
        let mut reexports = BTreeMap::new();
        for (at, token) in root.tokens.iter().enumerate() {
            if ident(Some(token)).as_deref() == Some("use") {
                for path in paths_from(&root.tokens, at + 1).0 {
                    let name = path.last().cloned().unwrap_or_default();
                    reexports.insert(name, path[..path.len() - 1].join("::"));
                }
            }
        }
        Self { modules, public, reexports, crates: dependencies() }
    }

    fn faults(&self, file: &Source) -> Vec<String> {
        let module = file.module.join("::");
        let Some(room) = room_of(&module) else { return Vec::new() };
        let mut faults = Vec::new();
        for Found { path, module, line } in paths(file) {
            let head = path[0].as_str();
            let is_ours = ["crate", "self", "super"].contains(&head) || self.has_child(&module, head);
            let allowed = match is_ours {
                true => self.allows(room, &module, &path),
                false => !self.crates.contains(head) || room.crates.contains(&head),
            };
            if !allowed {
                faults.push(format!("{}:{line}: {} may not use {}", file.path, room.name, path.join("::")));
            }
        }
        faults
    }

    fn allows(&self, room: &Room, module: &[String], path: &[String]) -> bool {
        let path = absolute(module, path);
        let target = self.target(&path);
        if shut(&module.join("::"), &target) {
            return false;
        }
        if room.rooms.contains(&PUBLIC) {
            return is_inside(&target, room.name) || self.is_public(&path);
        }
        is_inside(&target, room.name) || room.rooms.iter().any(|allowed| is_inside(&target, allowed))
    }

    /// Does a module hold one of this name, which then hides a crate that is called the same?
    fn has_child(&self, module: &[String], name: &str) -> bool {
        self.modules.contains(&[module, &[name.to_owned()]].concat().join("::"))
    }

    /// The longest module on this path; through a re-export of the root, the module that it comes from.
    fn target(&self, path: &[String]) -> String {
        if let Some(origin) = path.first().and_then(|name| self.reexports.get(name)) {
            return origin.clone();
        }
        let longest = (1..=path.len()).rev().map(|length| path[..length].join("::"));
        longest.into_iter().find(|name| self.modules.contains(name)).unwrap_or_default()
    }

    /// Can a user of the crate name this path?
    fn is_public(&self, path: &[String]) -> bool {
        if path.first().is_some_and(|name| self.reexports.contains_key(name)) {
            return true;
        }
        let prefixes = (1..=path.len()).map(|length| path[..length].join("::"));
        !path.is_empty()
            && prefixes.filter(|name| self.modules.contains(name)).all(|name| self.public.contains(&name))
            && self.modules.contains(&path[0])
    }
}

/// A path as it stands in a file: its segments, the module it stands in and its line.
struct Found {
    path: Vec<String>,
    module: Vec<String>,
    line: usize,
}

/// Every path of a file, groups of `use` taken apart.
fn paths(file: &Source) -> Vec<Found> {
    let mut found = Vec::new();
    walk(&file.tokens, &file.module, &mut found);
    found
}

fn walk(tokens: &[TokenTree], module: &[String], found: &mut Vec<Found>) {
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        if let TokenTree::Group(group) = token {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            let inline = at > 1 && ident(tokens.get(at - 2)).as_deref() == Some("mod");
            let mut module = module.to_vec();
            module.extend(inline.then(|| ident(tokens.get(at - 1))).flatten());
            walk(&inner, &module, found);
        }
        let is_visibility = at > 0 && ident(tokens.get(at - 1)).as_deref() == Some("in");
        let is_head = ident(Some(token)).is_some_and(|name| !is_keyword(&name)) && !continues(&tokens[..at]);
        if is_head && is_mark(tokens.get(at + 1), ':') && is_mark(tokens.get(at + 2), ':') && !is_visibility {
            let (paths, end) = paths_from(tokens, at);
            found.extend(paths.into_iter().map(|path| Found { path, module: module.to_vec(), line: line(token) }));
            at = end;
        } else {
            at += 1;
        }
    }
}

/// Is what follows these tokens the next segment of a path, rather than a head or a head after a leading `::`?
fn continues(before: &[TokenTree]) -> bool {
    let [before @ .., first, second] = before else { return false };
    is_mark(Some(first), ':')
        && is_mark(Some(second), ':')
        && (ident(before.last()).is_some_and(|name| !is_keyword(&name)) || is_mark(before.last(), '>'))
}

/// The keywords that a path with a leading `::` may follow.
fn is_keyword(name: &str) -> bool {
    ["as", "dyn", "for", "impl", "in", "mut", "return", "use"].contains(&name)
}

/// The paths that begin at `at`, and where they end: `a::{b, c::d}` is two.
fn paths_from(tokens: &[TokenTree], at: usize) -> (Vec<Vec<String>>, usize) {
    let mut path: Vec<String> = ident(tokens.get(at)).into_iter().collect();
    let mut at = at + 1;
    while is_mark(tokens.get(at), ':') && is_mark(tokens.get(at + 1), ':') {
        if let Some(name) = ident(tokens.get(at + 2)) {
            if name != "self" {
                path.push(name);
            }
        } else if let Some(inner) = group(tokens.get(at + 2), Delimiter::Brace) {
            let trees = inner.split(|token| is_mark(Some(token), ',')).filter(|tree| !tree.is_empty());
            let tails = trees.flat_map(|tree| paths_from(tree, 0).0);
            let paths = tails.map(|tail| path.iter().cloned().chain(tail.into_iter().filter(|name| name != "self")));
            return (paths.map(Iterator::collect).collect(), at + 3);
        } else {
            break; // `::<` or `::*`
        }
        at += 3;
    }
    (vec![path], at)
}

/// The segments of a path from the root of the crate, without `crate`.
fn absolute(module: &[String], path: &[String]) -> Vec<String> {
    let mut base = match path[0].as_str() {
        "crate" => Vec::new(),
        _ => module.to_vec(),
    };
    for name in path {
        match name.as_str() {
            "crate" | "self" => {}
            "super" => drop(base.pop()),
            _ => base.push(name.clone()),
        }
    }
    base
}

fn room_of(module: &str) -> Option<&'static Room> {
    ROOMS.iter().filter(|room| is_inside(module, room.name)).max_by_key(|room| room.name.len())
}

fn is_inside(module: &str, room: &str) -> bool {
    module.strip_prefix(room).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn shut(from: &str, to: &str) -> bool {
    let doors = SHUT.iter().filter(|(room, _)| is_inside(from, room));
    doors.flat_map(|(_, doors)| *doors).any(|door| is_inside(to, door))
}

/// The `pub mod` of a file, by full name.
fn public_modules(file: &Source) -> Vec<String> {
    let words = file.tokens.windows(3).filter_map(|three| match three {
        [TokenTree::Ident(a), TokenTree::Ident(b), TokenTree::Ident(name)] if *a == "pub" && *b == "mod" => Some(name),
        _ => None,
    });
    words.map(|name| [file.module.clone(), vec![name.to_string()]].concat().join("::")).collect()
}

/// The crates of `[dependencies]`, as paths name them.
fn dependencies() -> BTreeSet<String> {
    let manifest = fs::read_to_string(source::root().join("Cargo.toml")).expect("Cargo.toml");
    let manifest: toml::Table = manifest.parse().expect("a manifest");
    let dependencies = manifest["dependencies"].as_table().expect("a table");
    dependencies.keys().map(|name| name.replace('-', "_")).collect()
}

/// Uses of the clock, the environment, the network or files.
fn outside_world(file: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    for Found { path, line, .. } in paths(file) {
        let path = path.join("::").replacen("core::", "std::", 1);
        let forbidden = FORBIDDEN.iter().find(|name| is_inside(&path, name));
        faults.extend(forbidden.map(|name| format!("{}:{line}: the library may not use {name}", file.path)));
    }
    let mut pending = file.tokens.clone();
    while let Some(token) = pending.pop() {
        match &token {
            TokenTree::Group(group) => pending.extend(group.stream()),
            TokenTree::Ident(name) if FORBIDDEN_NAMES.iter().any(|forbidden| name == forbidden) => {
                faults.push(format!("{}:{}: the library may not use {name}", file.path, line(&token)));
            }
            _ => {}
        }
    }
    faults
}

/// Is the file short, or does its first paragraph give the reason?
fn says_why_it_is_long(text: &str) -> bool {
    let bare = |line: &str| line.trim_matches(|c: char| "/!*#\"".contains(c) || c.is_whitespace()).to_owned();
    let paragraph = text.lines().map(bare).skip_while(String::is_empty).take_while(|line| !line.is_empty());
    text.lines().count() <= LONG_FILE || paragraph.collect::<Vec<_>>().join(" ").to_lowercase().contains("long because")
}

/// The tests of the tests: each rule is broken once, and what only looks like a breach is not one.
mod scanner {
    use super::*;

    fn faults(path: &str, text: &str) -> usize {
        let file = source::parse(path, text);
        Map::get().faults(&file).len() + outside_world(&file).len()
    }

    #[test]
    fn breaches_are_found() {
        for (path, text) in [
            ("src/jpeg/encode.rs", "use crate::sign::Signer;"),
            ("src/jpeg/encode.rs", "use crate::{error::Error, params::Params};"),
            ("src/jpeg/encode.rs", "fn f() { let _ = crate::Params::image_mogr2(); }"),
            ("src/jpeg/encode.rs", "fn f() { assert!(matches!(x, super::super::query::Query)); }"),
            ("src/jpeg/encode.rs", "mod inner { use super::super::super::link::Link; }"),
            ("src/jpeg/encode.rs", "use url::Url;"),
            ("src/jpeg/simd/x86.rs", "use crate::limits::Limits;"),
            ("src/jpeg/simd/x86.rs", "use super::super::encode_all;"),
            ("src/jpeg/simd/x86.rs", "use crate::jpeg::encode_all;"),
            ("src/params/parse.rs", "use crate::sign;"),
            ("src/params/parse.rs", "fn f(_: url::Url) {}"),
            ("src/params/parse.rs", "use ::url::Url;"),
            ("src/params/parse.rs", "fn f(_: ::url::Url) {}"),
            ("src/sign/mod.rs", "use crate::params::Params;"),
            ("src/sign/mod.rs", "use crate::jpeg;"),
            ("src/link.rs", "use crate::jpeg::Encoder;"),
            ("src/link.rs", "use super::pipeline;"),
            ("src/query.rs", "use crate::sign::Request;"),
            ("src/limits.rs", "use crate::query::Query;"),
            ("src/error.rs", "use crate::limits::Limits;"),
            ("src/pipeline/run.rs", "use crate::sign::Signer;"),
            ("src/pipeline/run.rs", "use crate::link::Link;"),
            ("src/ffi/sign.rs", "use crate::error::Error;"),
            ("src/ffi/sign.rs", "use crate::query::Query;"),
            ("src/query.rs", "use std::{fs, fmt};"),
            ("src/query.rs", "fn f() { std::env::var(\"A\"); }"),
            ("src/query.rs", "use std::net::TcpStream;"),
            ("src/query.rs", "use std::time::{Duration, SystemTime};"),
            ("src/query.rs", "fn f() { let t = std::time::Instant::now(); }"),
            ("src/query.rs", "fn f() { std::process::exit(1) }"),
            ("src/sign/mod.rs", "fn f() { let t = time::OffsetDateTime::now_utc(); }"),
            ("src/sign/mod.rs", "use time::OffsetDateTime; fn f() { let t = OffsetDateTime::now_utc(); }"),
            ("src/query.rs", "fn f() { eprintln!(\"{}\", 1); }"),
        ] {
            assert!(faults(path, text) > 0, "not found in {path}: {text}");
        }
    }

    #[test]
    fn shut_doors_are_shut() {
        for door in ["encode", "transcode", "simd"] {
            assert!(shut("jpeg::entropy::ac_first", &format!("jpeg::{door}")), "{door}");
        }
        assert!(!shut("jpeg::entropy::ac_first", "jpeg::bits"));
        assert!(!shut("jpeg::encode", "jpeg::transcode"));
    }

    #[test]
    fn what_only_looks_like_a_breach_is_none() {
        for (path, text) in [
            ("src/jpeg/encode.rs", "use crate::error::{Error, Result}; use crate::limits::Limits; use super::frame;"),
            ("src/jpeg/encode.rs", "/// [`crate::sign::Signer`], std::fs::read\nfn f() {} // use crate::sign;"),
            ("src/jpeg/encode.rs", "const A: &str = \"crate::sign::Signer std::fs\";"),
            ("src/jpeg/encode.rs", "#[cfg(test)] mod tests { use crate::sign::Signer; fn f() { std::fs::read(p); } }"),
            ("src/jpeg/encode.rs", "#[cfg(all(test, unix))] use crate::{params, sign}; fn f() {}"),
            ("src/jpeg/encode.rs", "pub(in crate::jpeg) fn f() {} pub(crate) fn g() {}"),
            ("src/jpeg/encode.rs", "use crate::{Limits, Error};"),
            ("src/query.rs", "use std::time::Duration; use std::io::Write;"),
            ("src/ffi/sign.rs", "use crate::{Error, Signer}; use crate::sign::Request; use super::guard::guard;"),
        ] {
            assert_eq!(faults(path, text), 0, "a false alarm in {path}: {text}");
        }
    }

    #[test]
    fn code_after_a_test_item_is_still_seen() {
        let text = "#[cfg(test)] const A: S = S { a: 1 };\n#[cfg(test)] mod t;\nuse crate::sign::Signer;";
        assert_eq!(faults("src/jpeg/encode.rs", text), 1);
        assert_eq!(faults("src/jpeg/encode.rs", "#[cfg(not(test))] use crate::sign::Signer;"), 1);
    }

    #[test]
    fn a_long_file_needs_its_reason_in_the_first_paragraph() {
        let body = "fn f() {}\n".repeat(LONG_FILE);
        assert!(!says_why_it_is_long(&format!("//! A thing.\n{body}")));
        assert!(!says_why_it_is_long(&format!("//! A thing.\n//!\n//! Long because it is.\n{body}")));
        assert!(says_why_it_is_long(&format!("//! A thing. This file is long because it is a table.\n//!\n{body}")));
        assert!(says_why_it_is_long("fn f() {}\n"));
    }
}
