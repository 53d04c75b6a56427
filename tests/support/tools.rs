//! Programs of the machine that tests run.
#![allow(dead_code)] // each test uses its part

use std::path::PathBuf;

/// Whether the environment says `COSIMG_GATE=1`: a missing tool is then a failure, and slow files are not left out.
pub(crate) fn gate() -> bool {
    std::env::var("COSIMG_GATE").is_ok_and(|v| v == "1")
}

/// Where programs are looked for.
pub(crate) fn search_path() -> Vec<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect()
}

/// Says that a test is skipped for want of a tool; in the gate that is a failure.
pub(crate) fn missing(tool: &str) -> bool {
    let found = search_path().iter().any(|folder| folder.join(tool).is_file());
    assert!(found || !gate(), "{tool} is missing");
    if !found {
        eprintln!("skipped: {tool} is missing");
    }
    !found
}
