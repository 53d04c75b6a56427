//! `unsafe` stays in the C ABI and in the vector kernels, and every use of it has its reason above it.

mod source;

use proc_macro2::{Delimiter, TokenTree};
use source::{Source, group, ident, is_mark, line};

/// The modules that may allow `unsafe_code`: the file that declares each, and its name.
const ALLOWED: &[(&str, &str)] = &[("src/lib.rs", "ffi"), ("src/jpeg/mod.rs", "simd")];

/// The folders of those modules.
const FOLDERS: &[&str] = &["src/ffi/", "src/jpeg/simd/"];

#[test]
fn only_the_two_rooms_may_be_unsafe() {
    let library = source::library();
    let faults: Vec<String> = library.iter().flat_map(misplaced).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
    let allows: Vec<_> = library.iter().flat_map(|file| allows(&file.tokens)).collect();
    assert!(!allows.is_empty() && allows.len() <= ALLOWED.len(), "{} modules allow unsafe_code", allows.len());
}

#[test]
fn the_lint_is_denied_everywhere() {
    let read = |path: &str| std::fs::read_to_string(source::root().join(path)).expect(path);
    let workspace: toml::Table = read("Cargo.toml").parse().expect("a manifest");
    assert_eq!(workspace["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("deny"));
    for path in ["Cargo.toml", "cli/Cargo.toml"] {
        let manifest: toml::Table = read(path).parse().expect("a manifest");
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{path}");
    }
    let library = source::library();
    let root = library.iter().find(|file| file.module.is_empty()).expect("src/lib.rs");
    assert!(root.text.contains("#![deny(unsafe_code)]"));
}

#[test]
fn every_unsafe_block_has_a_reason() {
    let library = source::library();
    let faults: Vec<String> = library.iter().flat_map(unexplained).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// Mentions of `unsafe_code` that are not the root's `deny` or on the list, and `unsafe` outside the two folders.
fn misplaced(file: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, name) in allows(&file.tokens) {
        if !ALLOWED.contains(&(file.path.as_str(), name.as_str())) {
            faults.push(format!("{}:{at}: unsafe_code may not be allowed here", file.path));
        }
    }
    if !FOLDERS.iter().any(|folder| file.path.starts_with(folder)) {
        let uses = each_unsafe(&file.tokens).into_iter();
        faults.extend(uses.map(|(at, _)| format!("{}:{at}: unsafe may not be used here", file.path)));
    }
    faults
}

/// Attributes that change the lint `unsafe_code` otherwise than by denying it: the line, and the module that follows.
fn allows(tokens: &[TokenTree]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if is_mark(Some(token), '#') {
            let inner = usize::from(is_mark(tokens.get(at + 1), '!'));
            let attribute = group(tokens.get(at + 1 + inner), Delimiter::Bracket).unwrap_or_default();
            let denies = ["deny", "forbid"].contains(&ident(attribute.first()).unwrap_or_default().as_str());
            if !denies && mentions(&attribute, "unsafe_code") {
                let next =
                    tokens[at + 2 + inner..].iter().position(|token| ident(Some(token)).as_deref() == Some("mod"));
                let name = next.and_then(|ahead| ident(tokens.get(at + 3 + inner + ahead)));
                found.push((line(token), name.filter(|_| inner == 0).unwrap_or_default()));
            }
        }
        if let TokenTree::Group(group) = token {
            found.extend(allows(&group.stream().into_iter().collect::<Vec<_>>()));
        }
    }
    found
}

fn mentions(tokens: &[TokenTree], word: &str) -> bool {
    tokens.iter().any(|token| match token {
        TokenTree::Group(group) => mentions(&group.stream().into_iter().collect::<Vec<_>>(), word),
        token => ident(Some(token)).as_deref() == Some(word),
    })
}

/// `unsafe { … }` and `unsafe impl` without a `SAFETY:` comment directly above.
fn unexplained(file: &Source) -> Vec<String> {
    let lines: Vec<&str> = file.text.lines().collect();
    let uses = each_unsafe(&file.tokens).into_iter().filter(|(_, claims)| *claims);
    let bare = uses.filter(|(at, _)| !has_reason(&lines, *at));
    bare.map(|(at, _)| format!("{}:{at}: unsafe without a SAFETY reason above it", file.path)).collect()
}

/// Every `unsafe`: its line, and whether it claims that a contract is kept (a block or an `impl`) rather than stating
/// one (a function, a trait, an attribute).
fn each_unsafe(tokens: &[TokenTree]) -> Vec<(usize, bool)> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            found.extend(each_unsafe(&group.stream().into_iter().collect::<Vec<_>>()));
        } else if ident(Some(token)).as_deref() == Some("unsafe") {
            let is_block = group(tokens.get(at + 1), Delimiter::Brace).is_some();
            let is_impl = ident(tokens.get(at + 1)).as_deref() == Some("impl");
            found.push((line(token), is_block || is_impl));
        }
    }
    found
}

/// Does the comment that ends right above the statement of this line, which is counted from 1, give a reason? The
/// statement may begin some lines above `unsafe`, and attributes may stand between.
fn has_reason(lines: &[&str], line: usize) -> bool {
    let mut above = lines[..line - 1].iter().rev().map(|text| text.trim()).peekable();
    let begins = |text: &str| text.is_empty() || text.ends_with([';', '{', '}', ',']) || text.starts_with("//");
    while above.next_if(|text| !begins(text)).is_some() {}
    let mut comment = above.take_while(|text| text.starts_with("//") || text.starts_with("#["));
    comment.any(|text| text.trim_start_matches(['/', ' ']).starts_with("SAFETY:"))
}

/// The tests of the tests.
mod scanner {
    use super::*;

    #[test]
    fn breaches_are_found() {
        for (path, text) in [
            ("src/jpeg/mod.rs", "#[allow(unsafe_code)] mod bits;"),
            ("src/sign/mod.rs", "#[allow(unsafe_code)] mod ffi;"),
            ("src/jpeg/bits.rs", "#![allow(unsafe_code)]"),
            ("src/jpeg/bits.rs", "#[cfg_attr(unix, expect(unsafe_code))] fn f() {}"),
            ("src/jpeg/bits.rs", "fn f() { let _ = unsafe { g() }; }"),
            ("src/jpeg/bits.rs", "unsafe fn f() {}"),
        ] {
            assert!(!misplaced(&source::parse(path, text)).is_empty(), "not found in {path}: {text}");
        }
        for text in [
            "fn f() { unsafe { g() } }",
            "fn f() {\n    // SAFETY: a reason\n    let a = 1;\n    unsafe { g() }\n}",
            "// a comment\nunsafe impl Send for A {}",
            "fn f() {\n    // not a reason\n    let a =\n        unsafe { g() };\n}",
        ] {
            assert!(!unexplained(&source::parse("src/ffi/x.rs", text)).is_empty(), "not found: {text}");
        }
    }

    #[test]
    fn what_only_looks_like_a_breach_is_none() {
        for (path, text) in [
            ("src/lib.rs", "#![deny(unsafe_code)] #[cfg(x)] #[allow(unsafe_code)] mod ffi;"),
            ("src/jpeg/bits.rs", "/// unsafe { }\nconst A: &str = \"unsafe { g() }\";"),
            ("src/ffi/x.rs", "#[unsafe(no_mangle)] pub unsafe extern \"C\" fn f() {}"),
        ] {
            assert!(misplaced(&source::parse(path, text)).is_empty(), "a false alarm in {path}: {text}");
        }
        for text in [
            "fn f() {\n    // SAFETY: a reason\n    unsafe { g() }\n}",
            "fn f() {\n    // SAFETY: a reason of\n    // two lines\n    #[cfg(x)]\n    let a =\n        unsafe { g() };\n}",
            "pub unsafe fn f() {}",
        ] {
            assert!(unexplained(&source::parse("src/ffi/x.rs", text)).is_empty(), "a false alarm: {text}");
        }
    }
}
