//! Metadata that an encoder embeds.

use super::buffer::cosimg_slice;
use super::guard::Call;
use super::jpeg::cosimg_encoder;
use super::status::{COSIMG_USAGE, Fault, cosimg_error, cosimg_status};
use crate::jpeg::Density;

/// A density without a unit: the width of a pixel is to its height as `y` to `x`.
pub const COSIMG_DENSITY_ASPECT_RATIO: i32 = 0;
/// A density in pixels by inch.
pub const COSIMG_DENSITY_PER_INCH: i32 = 1;
/// A density in pixels by centimetre.
pub const COSIMG_DENSITY_PER_CENTIMETRE: i32 = 2;

/// An ICC profile to embed; a copy is kept. The empty slice is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_icc_profile(
    encoder: *mut cosimg_encoder,
    profile: cosimg_slice,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let profile = profile.bytes(call, "profile")?.to_vec();
        call.update(encoder, "encoder", |encoder| Ok(encoder.icc_profile(profile)))
    })
}

/// An Exif block to embed, TIFF without the prefix `Exif\0\0`; a copy is kept. The empty slice is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_exif(
    encoder: *mut cosimg_encoder,
    exif: cosimg_slice,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let exif = exif.bytes(call, "exif")?.to_vec();
        call.update(encoder, "encoder", |encoder| Ok(encoder.exif(exif)))
    })
}

/// How large a pixel is, across and down, 1 to 65535 of one of `COSIMG_DENSITY_*`. Square pixels of no size at first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_set_density(
    encoder: *mut cosimg_encoder,
    density: i32,
    x: i32,
    y: i32,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let (x, y) = (to_density(x, "x")?, to_density(y, "y")?);
        let density = match density {
            COSIMG_DENSITY_ASPECT_RATIO => Density::AspectRatio { x, y },
            COSIMG_DENSITY_PER_INCH => Density::PerInch { x, y },
            COSIMG_DENSITY_PER_CENTIMETRE => Density::PerCentimetre { x, y },
            other => return Err(Fault::unknown_number("density", other)),
        };
        call.update(encoder, "encoder", |encoder| Ok(encoder.density(density)))
    })
}

/// A comment to embed after those before it; a copy is kept.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cosimg_encoder_add_comment(
    encoder: *mut cosimg_encoder,
    comment: cosimg_slice,
    err: *mut *mut cosimg_error,
) -> cosimg_status {
    // SAFETY: the caller keeps the contract.
    let call = unsafe { Call::new(err) };
    call.run(|call| {
        let comment = comment.bytes(call, "comment")?.to_vec();
        call.update(encoder, "encoder", |encoder| Ok(encoder.comment(comment)))
    })
}

fn to_density(number: i32, name: &str) -> Result<u16, Fault> {
    match u16::try_from(number) {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(Fault::new(COSIMG_USAGE, name, format!("{number} is not from 1 to 65535"))),
    }
}
