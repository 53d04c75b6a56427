//! The shared library exports the functions of the header, and nothing else.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its files has failed")]
#![cfg(feature = "capi")]

#[path = "support/header.rs"]
mod header;
#[path = "support/library.rs"]
mod library;
#[path = "support/tools.rs"]
mod tools;

use std::collections::BTreeSet;
use std::process::Command;

#[test]
#[cfg(target_os = "linux")]
fn exported_symbols_are_the_functions_of_the_header() {
    let declared: BTreeSet<String> = header::functions().into_iter().map(|function| function.name).collect();
    assert!(declared.len() > 50, "the header was not read: {declared:?}");
    if tools::missing("nm") {
        return;
    }
    let answer = Command::new("nm").args(["-D", "--defined-only"]).arg(library::shared()).output().unwrap();
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    let listing = String::from_utf8(answer.stdout).unwrap();
    let exported: BTreeSet<String> =
        listing.lines().filter_map(|line| line.split_whitespace().last()).map(str::to_owned).collect();
    assert_eq!(exported, declared);
}
