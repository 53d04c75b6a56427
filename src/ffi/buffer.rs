//! Bytes in and bytes out.

use std::ffi::c_void;
use std::ptr;

use super::callback::{Sink, cosimg_write_fn};
use super::guard::{Call, Empty};
use super::status::{COSIMG_BUFFER_TOO_SMALL, COSIMG_IO, Fault};

/// Borrowed bytes or text. (NULL, 0) is the empty slice.
///
/// As an argument it is borrowed for the call; as a result it lives as long as the object it was asked of.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cosimg_slice {
    /// The first byte.
    pub data: *const u8,
    /// Number of bytes.
    pub len: usize,
}

/// Bytes that the library allocated and the caller frees with `cosimg_buffer_free`. One past `len` is a NUL, so that
/// text can be printed. All zero is the empty buffer: initialise with it, or let a function fill it.
///
/// Threads: a plain value.
#[repr(C)]
pub struct cosimg_buffer {
    /// The first byte, or NULL for the empty buffer.
    pub data: *mut u8,
    /// Number of bytes.
    pub len: usize,
    /// The library's own. Leave it as it is.
    pub capacity: usize,
}

/// Frees what a buffer holds and makes it the empty buffer, so that to free it twice does no harm. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_buffer_free(buffer: *mut cosimg_buffer) {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value((), |call| {
        let cosimg_buffer { data, len, capacity } = *call.plain(buffer, "buffer")?;
        call.fresh(buffer, "buffer")?;
        if !data.is_null() {
            // SAFETY: by the contract the parts are those that `cosimg_buffer::from` took from a `Vec`, whose length
            // also counts the NUL.
            drop(unsafe { Vec::from_raw_parts(data, len + 1, capacity) });
        }
        Ok(())
    });
}

impl cosimg_slice {
    pub(super) fn bytes<'a>(self, call: &Call, name: &str) -> Result<&'a [u8], Fault> {
        call.slice(self.data, self.len, name)
    }

    pub(super) fn text<'a>(self, call: &Call, name: &str) -> Result<&'a str, Fault> {
        call.text(self.data.cast(), self.len, name)
    }
}

impl From<&str> for cosimg_slice {
    fn from(text: &str) -> Self {
        Self { data: text.as_ptr(), len: text.len() }
    }
}

impl Empty for cosimg_slice {
    const EMPTY: Self = Self { data: ptr::null(), len: 0 };
}

impl Empty for cosimg_buffer {
    const EMPTY: Self = Self { data: ptr::null_mut(), len: 0, capacity: 0 };
}

impl From<Vec<u8>> for cosimg_buffer {
    fn from(mut bytes: Vec<u8>) -> Self {
        let len = bytes.len();
        bytes.reserve_exact(1);
        bytes.push(0);
        let mut bytes = std::mem::ManuallyDrop::new(bytes);
        Self { data: bytes.as_mut_ptr(), len, capacity: bytes.capacity() }
    }
}

impl From<String> for cosimg_buffer {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

/// Where the bytes of a result go: the three ways out.
pub(super) enum Out<'a> {
    Library(&'a mut cosimg_buffer),
    Callback(Sink),
    Caller { room: &'a mut [std::mem::MaybeUninit<u8>], len: &'a mut usize },
}

impl<'a> Out<'a> {
    pub(super) fn library(call: &Call, out: *mut cosimg_buffer) -> Result<Self, Fault> {
        call.fresh(out, "out").map(Self::Library)
    }

    pub(super) fn callback(write: cosimg_write_fn, user: *mut c_void) -> Result<Self, Fault> {
        Sink::new(write, user).map(Self::Callback)
    }

    pub(super) fn caller(call: &Call, out: *mut u8, capacity: usize, len: *mut usize) -> Result<Self, Fault> {
        let len = call.fresh(len, "len")?;
        Ok(Self::Caller { room: call.room(out, capacity, "out")?, len })
    }

    /// Refuses a result for which there is no room, and tells how much it needs.
    pub(super) fn check_room(&mut self, bytes: usize) -> Result<(), Fault> {
        if let Self::Caller { room, len } = self {
            **len = bytes;
            if bytes > room.len() {
                let message = format!("the result has {bytes} bytes, the memory holds {}", room.len());
                return Err(Fault::new(COSIMG_BUFFER_TOO_SMALL, "capacity", message));
            }
        }
        Ok(())
    }

    pub(super) fn deliver(mut self, bytes: Vec<u8>) -> Result<(), Fault> {
        self.check_room(bytes.len())?;
        match self {
            Self::Library(out) => *out = bytes.into(),
            Self::Callback(sink) => {
                sink.write(&bytes).map_err(|error| Fault::new(COSIMG_IO, "write", error.to_string()))?;
            }
            Self::Caller { room, .. } => {
                for (slot, byte) in room.iter_mut().zip(bytes) {
                    slot.write(byte);
                }
            }
        }
        Ok(())
    }
}
