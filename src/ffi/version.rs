//! The version of the library and the ABI handshake.

use std::ffi::{CStr, c_char};

use super::guard::Call;
use super::status::{COSIMG_ABI_MISMATCH, Fault, cosimg_error, cosimg_status};

/// Grows when a function or a struct changes its shape or goes away. While it is 0, every minor step may.
pub const COSIMG_ABI_MAJOR: u32 = 0;
/// Grows when functions or codes are added; starts again with each major step.
pub const COSIMG_ABI_MINOR: u32 = 1;

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => panic!("a version has no NUL in it"),
};

/// The version of the library that is loaded, as `0.1.0`. Static.
#[unsafe(no_mangle)]
pub extern "C" fn cosimg_version() -> *const c_char {
    VERSION.as_ptr()
}

/// Whether the library that is loaded can serve a program compiled for this ABI: `COSIMG_OK` or
/// `COSIMG_ABI_MISMATCH`. Pass `COSIMG_ABI_MAJOR` and `COSIMG_ABI_MINOR` of the header. This function and
/// `cosimg_error_*` never change.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_abi_check(major: u32, minor: u32, err: *mut *mut cosimg_error) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|_| if serves((COSIMG_ABI_MAJOR, COSIMG_ABI_MINOR), (major, minor)) { Ok(()) } else {
        let message = format!(
            "the program was compiled for ABI {major}.{minor}, the library has ABI {COSIMG_ABI_MAJOR}.{COSIMG_ABI_MINOR}"
        );
        Err(Fault::new(COSIMG_ABI_MISMATCH, "major", message))
    })
}

fn serves(library: (u32, u32), program: (u32, u32)) -> bool {
    library.0 == program.0 && if library.0 == 0 { library.1 == program.1 } else { library.1 >= program.1 }
}

#[cfg(test)]
mod tests {
    use super::serves;

    #[test]
    fn a_library_serves_its_own_major_and_older_minors() {
        assert!(serves((1, 4), (1, 4)));
        assert!(serves((1, 4), (1, 0)));
        assert!(!serves((1, 4), (1, 5)));
        assert!(!serves((2, 4), (1, 4)));
        assert!(serves((0, 1), (0, 1)));
        assert!(!serves((0, 2), (0, 1)), "before 1.0 each minor may break");
    }
}
