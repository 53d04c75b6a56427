//! JPEG from pixels that come by and by.

use std::ffi::c_void;
use std::mem;
use std::ptr;

use super::buffer::{Out, cosimg_buffer, cosimg_slice};
use super::callback::cosimg_write_fn;
use super::guard::{Call, Opaque};
use super::image::{cosimg_image_view, to_format};
use super::jpeg::cosimg_encoder;
use super::planes::cosimg_planes_view;
use super::status::{COSIMG_USAGE, Fault, cosimg_error, cosimg_status};
use crate::jpeg::RowEncoder;

/// An encoder in the middle of a picture. The file is the same as of the whole picture in one call. It holds the
/// coefficients of what it was given, 2 bytes a sample, and of the pixels no more than a few rows; but all of them where
/// the subsampling or the quality is to be found by them.
///
/// The cancel flag is heeded in every call that pushes or finishes; progress is told where something is encoded, which is
/// at the end where all pixels are held. After `COSIMG_CANCELLED` it can only be freed.
///
/// Threads: one call at a time, from any thread.
pub struct cosimg_row_encoder {
    _opaque: [u8; 0],
}

impl Opaque for cosimg_row_encoder {
    type Value = Stage;
}

/// How far a picture is.
pub(super) enum Stage {
    Rows(Box<RowEncoder>),
    /// A file that did not fit into the memory it was to go to.
    File(Vec<u8>),
    Finished,
}

/// Begins a picture whose rows come by and by, with the settings that the encoder has now; it may be freed before the
/// picture is finished. `format` is one of `COSIMG_PIXEL_*`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_row_encoder_new(
    encoder: *const cosimg_encoder,
    width: u32,
    height: u32,
    format: i32,
    out: *mut *mut cosimg_row_encoder,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let out = call.fresh(out, "out")?;
        let encoder = call.shared(encoder, "encoder")?;
        let rows = encoder.rows(width, height, to_format(format)?)?;
        *out = call.hand_out(Stage::Rows(Box::new(rows)));
        Ok(())
    })
}

/// The next bytes of a picture of one plane: rows without gaps between them, any number of them or a part of one.
/// `COSIMG_USAGE` where the picture has fewer rows than that, and nothing is taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_row_encoder_push(
    row_encoder: *mut cosimg_row_encoder,
    data: cosimg_slice,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| Ok(rows(call, row_encoder)?.push(data.bytes(call, "data")?)?))
}

/// The next rows, as a picture of the same width and format: with gaps between them, or planes one after another. Where two
/// rows share their chroma, as in 4:2:0, the number of rows is even in all but the last ones. `COSIMG_USAGE` where these
/// are not the next rows of the picture, and nothing is taken.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_row_encoder_push_image(
    row_encoder: *mut cosimg_row_encoder,
    image: *const cosimg_image_view,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| Ok(rows(call, row_encoder)?.push_rows(&call.plain(image, "image")?.image(call)?)?))
}

/// The same of planes that lie apart.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_row_encoder_push_planes(
    row_encoder: *mut cosimg_row_encoder,
    planes: *const cosimg_planes_view,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| Ok(rows(call, row_encoder)?.push_rows(&call.plain(planes, "planes")?.image(call)?)?))
}

/// How many rows are still to come, one that is not whole among them. 0 for NULL, and once the picture is finished.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_row_encoder_rows_left(row_encoder: *const cosimg_row_encoder) -> u32 {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.value(0, |call| {
        Ok(match call.shared(row_encoder, "row_encoder")? {
            Stage::Rows(rows) => rows.rows_left(),
            Stage::File(_) | Stage::Finished => 0,
        })
    })
}

/// The file, into a buffer to free with `cosimg_buffer_free`. `COSIMG_USAGE` where rows are missing, which may then still
/// come, and where the picture was finished before. Whatever else comes of it, the picture is finished.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_row_encoder_finish(
    row_encoder: *mut cosimg_row_encoder,
    out: *mut cosimg_buffer,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| finish(call, row_encoder, Out::library(call, out)?))
}

/// The same into a function of the caller's, which is given `user` first: scans as they are done, so that an error may
/// come after pieces, but no piece after an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_row_encoder_finish_to(
    row_encoder: *mut cosimg_row_encoder,
    write: cosimg_write_fn,
    user: *mut c_void,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| finish(call, row_encoder, Out::callback(write, user)?))
}

/// The same into `capacity` bytes of the caller's; `*len` is the size of the file. Where it does not fit, the status is
/// `COSIMG_BUFFER_TOO_SMALL`, `*len` is the size that is needed, nothing is written, and the file is kept for the next call
/// that finishes. (NULL, 0) asks for the size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_row_encoder_finish_into(
    row_encoder: *mut cosimg_row_encoder,
    out: *mut u8,
    capacity: usize,
    len: *mut usize,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| finish(call, row_encoder, Out::caller(call, out, capacity, len)?))
}

/// Frees a row encoder, whether its picture is finished or not. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_row_encoder_free(row_encoder: *mut cosimg_row_encoder) {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(ptr::null_mut()) };
    call.free(row_encoder);
}

fn rows<'a>(call: &Call, row_encoder: *mut cosimg_row_encoder) -> Result<&'a mut RowEncoder, Fault> {
    match call.exclusive(row_encoder, "row_encoder")? {
        Stage::Rows(rows) => Ok(rows),
        Stage::File(_) | Stage::Finished => Err(finished()),
    }
}

fn finish(call: &Call, row_encoder: *mut cosimg_row_encoder, mut out: Out<'_>) -> Result<(), Fault> {
    let stage = call.exclusive(row_encoder, "row_encoder")?;
    if let Stage::Rows(rows) = stage
        && rows.rows_left() > 0
    {
        let message = format!("{} rows of the picture are missing", rows.rows_left());
        return Err(Fault::new(COSIMG_USAGE, "row_encoder", message));
    }
    let file = match (mem::replace(stage, Stage::Finished), &out) {
        (Stage::Rows(rows), Out::Callback(sink)) => return Ok(rows.finish_to(|piece| sink.write(piece))?),
        (Stage::Rows(rows), _) => rows.finish()?,
        (Stage::File(file), _) => file,
        (Stage::Finished, _) => return Err(finished()),
    };
    if let Err(fault) = out.check_room(file.len()) {
        *stage = Stage::File(file);
        return Err(fault);
    }
    out.deliver(file)
}

fn finished() -> Fault {
    Fault::new(COSIMG_USAGE, "row_encoder", "the picture is finished")
}
