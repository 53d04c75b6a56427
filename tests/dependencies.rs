//! What is built into cosimg may be: the lists of `deny.toml`, checked with cargo alone, so that nobody needs
//! cargo-deny to know.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use spdx::{Expression, ParseMode};

#[test]
fn every_licence_is_allowed() {
    let allowed = names(&settings()["licenses"]["allow"]);
    let exceptions = settings()["licenses"]["exceptions"].as_array().expect("a list").clone();
    let excepted = |package: &Value| {
        let exception = exceptions.iter().find(|exception| exception["crate"].as_str() == Some(name(package)));
        exception.is_some_and(|exception| permits(&names(&exception["allow"]), licence(package)))
    };
    let refused: Vec<String> = packages()
        .iter()
        .filter(|package| !permits(&allowed, licence(package)) && !excepted(package))
        .map(|package| format!("{}: {:?}", name(package), licence(package)))
        .collect();
    assert!(refused.is_empty(), "licences that deny.toml does not allow: {refused:#?}");
}

#[test]
fn no_banned_crate_is_built() {
    let banned = names(&settings()["bans"]["deny"]);
    let packages = packages();
    let found: Vec<&str> = packages.iter().map(name).filter(|name| banned.contains(*name)).collect();
    assert!(found.is_empty(), "crates that deny.toml bans: {found:?}");
}

#[test]
fn everything_comes_from_one_registry() {
    let packages = packages();
    let sources: BTreeSet<&str> = packages.iter().filter_map(|package| package["source"].as_str()).collect();
    assert_eq!(sources.len(), 1, "{sources:?}");
    assert!(sources.iter().all(|source| source.starts_with("registry+")), "{sources:?}");
    let ours = packages.iter().filter(|package| package["source"].is_null());
    for manifest in ours.filter_map(|package| package["manifest_path"].as_str()) {
        assert!(Path::new(manifest).starts_with(env!("CARGO_MANIFEST_DIR")), "{manifest} is not ours");
    }
}

#[test]
fn a_refused_licence_is_seen() {
    let allowed = names(&settings()["licenses"]["allow"]);
    assert!(permits(&allowed, "MIT OR GPL-3.0-only"));
    assert!(permits(&allowed, "MIT/Apache-2.0"));
    for refused in ["GPL-3.0-only", "MIT AND AGPL-3.0-or-later", "LGPL-2.1", "", "a licence of our own"] {
        assert!(!permits(&allowed, refused), "{refused}");
    }
}

/// Every package of the lock file that some platform or test would build.
fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--all-features"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    metadata["packages"].as_array().expect("a list of packages").clone()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().expect("every package has a name")
}

fn licence(package: &Value) -> &str {
    package["license"].as_str().unwrap_or_default()
}

/// Is there a choice of licences in this expression that is allowed in full?
fn permits(allowed: &BTreeSet<String>, expression: &str) -> bool {
    Expression::parse_mode(expression, ParseMode::LAX).is_ok_and(|expression| {
        expression.evaluate(|licence| {
            licence.addition.is_none() && licence.license.id().is_some_and(|id| allowed.contains(id.name))
        })
    })
}

fn settings() -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml");
    std::fs::read_to_string(path).expect("deny.toml").parse().expect("TOML")
}

/// The names in a list whose items are strings or tables with `crate`.
fn names(list: &toml::Value) -> BTreeSet<String> {
    let items = list.as_array().expect("a list").iter();
    items.map(|item| item.get("crate").unwrap_or(item).as_str().expect("a name").to_owned()).collect()
}
