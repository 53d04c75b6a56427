//! Pictures whose planes lie apart.

use std::ffi::c_void;

use super::buffer::{Out, cosimg_buffer};
use super::callback::cosimg_write_fn;
use super::guard::Call;
use super::image::to_format;
use super::jpeg::{cosimg_encoder, encode};
use super::status::{COSIMG_USAGE, Fault, cosimg_error, cosimg_status};
use crate::jpeg::{Image, PixelPlane};

/// A borrowed plane.
///
/// Threads: a plain value.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cosimg_plane {
    /// The first byte of the top row.
    pub data: *const u8,
    /// Bytes that may be read from `data` on. The last row need not be followed by its gap.
    pub len: usize,
    /// Bytes from one row to the next.
    pub stride: usize,
}

/// A borrowed picture whose planes lie each in their own memory, as decoders of video give them: Y, then Cb and Cr, or both
/// in turns for `COSIMG_PIXEL_NV12`; red, green, blue; or the one plane of the other formats.
///
/// Threads: a plain value.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct cosimg_planes_view {
    /// The planes, in the order of the format.
    pub planes: *const cosimg_plane,
    /// How many there are.
    pub planes_len: usize,
    /// Pixels in a row of the picture; planes of halved chroma have half of them, rounded up.
    pub width: u32,
    /// Rows of the picture; planes of 4:2:0 chroma have half of them, rounded up.
    pub height: u32,
    /// One of `COSIMG_PIXEL_*`.
    pub format: i32,
}

/// Encodes a picture whose planes lie apart, into a buffer to free with `cosimg_buffer_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_run_planes(
    encoder: *const cosimg_encoder,
    planes: *const cosimg_planes_view,
    out: *mut cosimg_buffer,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| encode(call, encoder, Out::library(call, out)?, &call.plain(planes, "planes")?.image(call)?))
}

/// The same into a function of the caller's, which is given `user` first: scans as they are done, so that an error may
/// come after pieces, but no piece after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_run_planes_to(
    encoder: *const cosimg_encoder,
    planes: *const cosimg_planes_view,
    write: cosimg_write_fn,
    user: *mut c_void,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| encode(call, encoder, Out::callback(write, user)?, &call.plain(planes, "planes")?.image(call)?))
}

/// The same into `capacity` bytes of the caller's; `*len` is the size of the result. Where it does not fit, the status
/// is `COSIMG_BUFFER_TOO_SMALL`, `*len` is the size that is needed, and nothing is written. (NULL, 0) asks for the size
/// at the cost of a run.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_run_planes_into(
    encoder: *const cosimg_encoder,
    planes: *const cosimg_planes_view,
    out: *mut u8,
    capacity: usize,
    len: *mut usize,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        encode(call, encoder, Out::caller(call, out, capacity, len)?, &call.plain(planes, "planes")?.image(call)?)
    })
}

impl cosimg_planes_view {
    /// The picture, once it is shown to lie within its memory.
    pub(super) fn image<'a>(&self, call: &'a Call) -> Result<Image<'a>, Fault> {
        let format = to_format(self.format)?;
        let planes = call.slice(self.planes, self.planes_len, "planes")?;
        if planes.len() != format.planes() {
            let message = format!("{format:?} has {} planes, not {}", format.planes(), planes.len());
            return Err(Fault::new(COSIMG_USAGE, "planes", message));
        }
        let planes: Result<Vec<_>, Fault> = planes.iter().map(|plane| plane.borrow(call)).collect();
        Ok(Image::from_planes(&planes?, self.width, self.height, format)?)
    }
}

impl cosimg_plane {
    fn borrow<'a>(&self, call: &'a Call) -> Result<PixelPlane<'a>, Fault> {
        Ok(PixelPlane::new(call.slice(self.data, self.len, "data")?, self.stride))
    }
}
