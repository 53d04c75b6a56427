//! cosimg: Tencent COS image links that cannot be stripped, and the progressive JPEG behind them.
//!
//! THE CONTRACT
//!
//! Names. Functions are `cosimg_<noun>_<verb>`, the noun's object comes first, inputs before outputs, `err` last.
//!
//! Results. Functions that can fail return a `cosimg_status`: 0 (`COSIMG_OK`) or a positive code. Codes lie in blocks
//! of 100 by who has to act and are never renumbered: `code / 100 * 100` is the kind. There are no partial successes:
//! on failure every output is zero or NULL, the one exception being the needed size beside `COSIMG_BUFFER_TOO_SMALL`,
//! and the objects handed in are as they were.
//!
//! Errors. `err` may be NULL. Otherwise `*err` is set by every call, without being read: NULL on success, a new
//! object on failure, which the caller frees with `cosimg_error_free`. Nothing is kept per thread or per process.
//!
//! Objects. What a `_new` or another function hands out through `cosimg_x **` belongs to the caller until the matching
//! `_free`. `_free(NULL)` does nothing. An object is used neither during nor after its `_free`.
//!
//! Pointers. Every pointer is checked; NULL where a value is needed gives `COSIMG_USAGE_NULL` and names the argument.
//! A pointer that is not NULL must be aligned, and valid for what its length says, for the whole call. Everything
//! passed in is borrowed for the call only: nothing is taken over, and what is needed later is copied.
//!
//! Text. In: UTF-8 as pointer and length in bytes, without NUL bytes; (NULL, 0) is the empty text. Out: UTF-8 with its
//! length. A `cosimg_buffer` and a `const char *` also end in a NUL that the length does not count; a `cosimg_slice`
//! does not. There is no lossy conversion in either direction.
//!
//! Integers. Enumerations are passed as `int32_t` and checked: an unknown number gives `COSIMG_USAGE_ENUM`. Switches
//! are `int32_t`, where 0 is off and everything else is on. Times are seconds since 1970-01-01 UTC, given by the
//! caller: the library reads no clock, environment, file or socket.
//!
//! Bytes out. Each function that makes bytes comes in three forms over one core: `_run` fills a `cosimg_buffer` that
//! the library owns, `_run_to` calls a function of the caller's, `_run_into` fills memory of the caller's. So do the
//! `_finish` of a `cosimg_row_encoder`, which uses it up: the one exception to objects that are as they were.
//!
//! Callbacks run on the calling thread, during the call only. Their first argument is the `user` pointer of the call.
//! They return 0 to go on. They must not throw, `longjmp` out, or use the objects of the call that is running.
//!
//! Threads. A function that takes `const cosimg_x *` may run on any number of threads at once on one object; one that
//! takes `cosimg_x *` needs that object for itself. There are no locks, no globals, no initialisation.
//!
//! Faults of the library. A panic inside a call is caught and gives `COSIMG_INTERNAL` with its text. The objects of
//! that call are then poisoned: each later call on them, `_free` aside, gives `COSIMG_POISONED`.
//!
//! Versions. `cosimg_abi_check(COSIMG_ABI_MAJOR, COSIMG_ABI_MINOR)` tells whether the library that was loaded can
//! serve a program compiled with this header. Call it once where the library is loaded at run time.

// The header is made from the files below in this order; this page is its preface. Map:
//   status.rs    status codes, cosimg_error
//   guard.rs     the one way in and out of every function: panic net, pointer checks, poisoning (nothing exported)
//   version.rs   version, ABI handshake
//   buffer.rs    cosimg_slice, cosimg_buffer, the three ways out
//   callback.rs  write callback, cosimg_cancel
//   limits.rs    cosimg_limits
//   sign.rs      cosimg_signer, cosimg_link, cosimg_signature;  verify.rs  cosimg_verifier, cosimg_verdict
//   image.rs     cosimg_image_view;  jpeg.rs  cosimg_encoder
//   planes.rs    cosimg_planes_view, and its runs;  rows.rs  cosimg_row_encoder
//   embed.rs     what an encoder embeds;  restart.rs  restart intervals of both
//   transcode.rs cosimg_transcoder, cosimg_report, cosimg_jpeg_inspect
//   pipeline.rs  cosimg_processor

#![allow(non_camel_case_types, reason = "the types carry their C names")]
#![allow(unreachable_pub, reason = "exported by symbol name, not by module path; cbindgen reads `pub`")]

#[cfg(not(panic = "unwind"))]
compile_error!("the C ABI promises to catch panics: build it with panic = \"unwind\", or without the feature `capi`");

mod buffer;
mod callback;
mod embed;
mod guard;
mod image;
mod jpeg;
mod limits;
mod pipeline;
mod planes;
mod restart;
mod rows;
mod sign;
mod status;
mod transcode;
mod verify;
mod version;
