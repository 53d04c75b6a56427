//! Programs of the machine that tests run.

use std::path::PathBuf;

/// Where programs are looked for.
pub(crate) fn search_path() -> Vec<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect()
}

/// Says that a test is skipped for want of a tool; in the gate that is a failure.
pub(crate) fn missing(tool: &str) -> bool {
    let found = search_path().iter().any(|folder| folder.join(tool).is_file());
    assert!(found || std::env::var_os("COSIMG_GATE").is_none(), "{tool} is missing");
    if !found {
        eprintln!("skipped: {tool} is missing");
    }
    !found
}
