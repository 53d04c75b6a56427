//! Functions of the caller's, and the flag that stops a call.

use std::ffi::c_void;
use std::ops::ControlFlow;
use std::{io, ptr};

use super::guard::{Call, Opaque};
use super::status::{COSIMG_USAGE_NULL, Fault, cosimg_error, cosimg_status};
use crate::Cancel;

/// Takes the next `len` bytes of a result, in order; how they are cut into pieces is not promised. Returns 0 to go on;
/// anything else ends the call with `COSIMG_IO`.
pub type cosimg_write_fn = Option<unsafe extern "C" fn(user: *mut c_void, data: *const u8, len: usize) -> i32>;

/// Is told how much of the work is done, and of how much in all: `done` rises up to `total`, and only their ratio has a
/// meaning. It is called by the thread that made the call it tells of. Returns 0 to go on; anything else ends that call
/// with `COSIMG_CANCELLED`.
pub type cosimg_progress_fn = Option<unsafe extern "C" fn(user: *mut c_void, done: u64, total: u64) -> i32>;

/// A flag that stops the calls whose object was told of it, at their next block row.
///
/// Threads: shared freely; any thread may trigger it.
pub struct cosimg_cancel {
    _opaque: [u8; 0],
}

impl Opaque for cosimg_cancel {
    type Value = Cancel;
}

/// A flag that is not raised. Objects that were told of it keep it alive by themselves.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_cancel_new(out: *mut *mut cosimg_cancel, err: *mut *mut cosimg_error) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let out = call.fresh(out, "out")?;
        *out = call.hand_out(Cancel::new());
        Ok(())
    })
}

/// Raises the flag, for good: the running calls end in `COSIMG_CANCELLED`, and so do later ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_cancel_trigger(
    cancel: *const cosimg_cancel,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        call.shared(cancel, "cancel")?.trigger();
        Ok(())
    })
}

/// Frees a flag. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_cancel_free(cancel: *mut cosimg_cancel) {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.free(cancel);
}

/// A write callback and its `user` pointer.
pub(super) struct Sink {
    write: unsafe extern "C" fn(*mut c_void, *const u8, usize) -> i32,
    user: *mut c_void,
}

impl Sink {
    /// A caller that gives up should not have to wait for the rest of a large result.
    const PIECE: usize = 64 << 10;

    pub(super) fn new(write: cosimg_write_fn, user: *mut c_void) -> Result<Self, Fault> {
        let write = write.ok_or_else(|| Fault::new(COSIMG_USAGE_NULL, "write", "the function pointer is NULL"))?;
        Ok(Self { write, user })
    }

    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        for piece in bytes.chunks(Self::PIECE) {
            // SAFETY: by the contract the function may be called with its `user` pointer during the call; the piece is
            // valid while it runs.
            let answer = unsafe { (self.write)(self.user, piece.as_ptr(), piece.len()) };
            if answer != 0 {
                return Err(io::Error::other(format!("the write callback returned {answer}")));
            }
        }
        Ok(())
    }
}

/// A progress callback and its `user` pointer.
pub(super) struct Teller {
    tell: unsafe extern "C" fn(*mut c_void, u64, u64) -> i32,
    user: *mut c_void,
}

// SAFETY: by the contract the function may be called with its `user` pointer from whatever thread makes a call.
unsafe impl Send for Teller {}
// SAFETY: as above, from several at a time where these share the object that was told of it.
unsafe impl Sync for Teller {}

impl Teller {
    /// None for NULL.
    pub(super) fn new(tell: cosimg_progress_fn, user: *mut c_void) -> Option<Self> {
        tell.map(|tell| Self { tell, user })
    }

    pub(super) fn tell(&self, done: u64, total: u64) -> ControlFlow<()> {
        // SAFETY: by the contract the function may be called with its `user` pointer during every call of the object
        // that was told of it.
        let answer = unsafe { (self.tell)(self.user, done, total) };
        if answer == 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}
