//! Where cargo put the libraries that go with the running test.

use std::path::PathBuf;

/// The folder of the test executable, into which cargo also builds the library it depends on.
pub(crate) fn folder() -> PathBuf {
    let executable = std::env::current_exe().unwrap();
    executable.parent().unwrap().to_owned()
}

/// The shared library.
pub(crate) fn shared() -> PathBuf {
    folder().join(format!("{}cosimg{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX))
}
