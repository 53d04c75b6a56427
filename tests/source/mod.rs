//! The crate's own source, lexed: what the tests of the house rules look at.
//!
//! The files are read as tokens, so comments, strings and documentation never look like code, and code inside macros is
//! seen. Items under `#[cfg(test)]` are left out: a test may use what the library may not.
#![allow(dead_code)] // every test takes what it needs

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A file of `src/`: where it is, which module it is, and its tokens without tests.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) module: Vec<String>,
    pub(crate) text: String,
    pub(crate) tokens: Vec<TokenTree>,
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of `src/` that is part of the library; files that hold only tests are not.
pub(crate) fn library() -> Vec<Source> {
    let sources: Vec<Source> = files(&root().join("src"), &["rs"]).iter().map(|path| load(path)).collect();
    let tests: BTreeSet<Vec<String>> = sources.iter().flat_map(test_modules).collect();
    let sources: Vec<_> =
        sources.into_iter().filter(|source| !tests.iter().any(|test| source.module.starts_with(test))).collect();
    assert!(sources.len() > 5, "the library's source was not found");
    sources
}

/// A file as if `text` stood at `path`, which is relative to the root.
pub(crate) fn parse(path: &str, text: &str) -> Source {
    let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{path}: {error}"));
    Source { path: path.to_owned(), module: module_of(path), text: text.to_owned(), tokens: without_tests(tokens) }
}

/// Every file below `folder` with one of these extensions, sorted; build folders and hidden ones are left out.
pub(crate) fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.expect("a readable folder").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                if !name.starts_with('.') && !["target", "build", "dist", "node_modules"].contains(&&*name) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// A path below the root with forward slashes.
pub(crate) fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// The identifier that a token is.
pub(crate) fn ident(token: Option<&TokenTree>) -> Option<String> {
    match token? {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    }
}

/// Is this token the punctuation mark `mark`?
pub(crate) fn is_mark(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}

/// The tokens inside a group with these delimiters.
pub(crate) fn group(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<Vec<TokenTree>> {
    match token? {
        TokenTree::Group(group) if group.delimiter() == delimiter => Some(group.stream().into_iter().collect()),
        _ => None,
    }
}

/// The line, counted from 1, that a token begins on.
pub(crate) fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

fn load(path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    parse(&relative(path), &text)
}

/// `src/jpeg/entropy/mod.rs` is `jpeg::entropy`, `src/lib.rs` is the root.
fn module_of(path: &str) -> Vec<String> {
    let inner = path.strip_prefix("src/").unwrap_or(path).trim_end_matches(".rs");
    let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| last == "mod" || last == "lib") {
        module.pop();
    }
    module
}

/// The modules that a file declares as `#[cfg(test)] mod name;`, which live in files of their own.
fn test_modules(source: &Source) -> Vec<Vec<String>> {
    let tokens: TokenStream = source.text.parse().expect("it was lexed before");
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut found = Vec::new();
    for start in 0..tokens.len() {
        if is_test_attribute(&tokens[start..]) {
            let item = &tokens[start..item_end(&tokens, start)];
            if let [.., TokenTree::Ident(keyword), TokenTree::Ident(name), TokenTree::Punct(_)] = item
                && *keyword == "mod"
            {
                found.push([source.module.clone(), vec![name.to_string()]].concat());
            }
        }
    }
    found
}

/// The tokens without the items that exist only in tests, at every depth.
fn without_tests(tokens: TokenStream) -> Vec<TokenTree> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_test_attribute(&tokens[at..]) {
            at = item_end(&tokens, at);
            continue;
        }
        kept.push(match &tokens[at] {
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), without_tests(group.stream()).into_iter().collect());
                inner.set_span(group.span());
                TokenTree::Group(inner)
            }
            other => other.clone(),
        });
        at += 1;
    }
    kept
}

/// Do these tokens begin with `#[test]`, `#[cfg(test)]` or `#[cfg(all(test, …))]`?
fn is_test_attribute(tokens: &[TokenTree]) -> bool {
    if !is_mark(tokens.first(), '#') {
        return false;
    }
    let Some(attribute) = group(tokens.get(1), Delimiter::Bracket) else { return false };
    match ident(attribute.first()).as_deref() {
        Some("test") => attribute.len() == 1,
        Some("cfg") => group(attribute.get(1), Delimiter::Parenthesis).is_some_and(|cfg| needs_test(&cfg)),
        _ => false,
    }
}

fn needs_test(cfg: &[TokenTree]) -> bool {
    match ident(cfg.first()).as_deref() {
        Some("test") => cfg.len() == 1,
        Some("all") => group(cfg.get(1), Delimiter::Parenthesis)
            .is_some_and(|all| all.split(|token| is_mark(Some(token), ',')).any(needs_test)),
        _ => false,
    }
}

/// Where the item that begins at `start`, attributes included, ends.
fn item_end(tokens: &[TokenTree], start: usize) -> usize {
    let mut at = start;
    while is_mark(tokens.get(at), '#') {
        at += 2;
    }
    // These end at their semicolon, whatever braces they hold; `const fn` is a function.
    let to_semicolon = tokens[at..].iter().take(4).enumerate().any(|(ahead, token)| {
        let word = ident(Some(token)).unwrap_or_default();
        let is_fn = ident(tokens.get(at + ahead + 1)).is_some_and(|next| ["fn", "unsafe", "extern"].contains(&&*next));
        ["use", "static", "let", "type"].contains(&&*word) || word == "const" && !is_fn
    });
    for (ahead, token) in tokens[at..].iter().enumerate() {
        let is_body = group(Some(token), Delimiter::Brace).is_some();
        if is_mark(Some(token), ';') || is_body && !to_semicolon {
            return at + ahead + 1;
        }
    }
    tokens.len()
}
