//! The one way in and out of every exported function: the panic net, the checks of pointers, and poisoning.
//!
//! A body begins with `unsafe { Call::new(err) }`: that is where it relies on the caller's side of the contract. All
//! that follows goes through the methods of [`Call`], which check what can be checked.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::{mem, ptr, slice};

use super::status::{
    COSIMG_OK, COSIMG_POISONED, COSIMG_USAGE_LENGTH, COSIMG_USAGE_NULL, COSIMG_USAGE_UTF8, Fault, cosimg_error,
    cosimg_status,
};

/// A type that C knows by name only, and the Rust value behind it. Every pointer to such a type was made by
/// [`Call::hand_out`] from a `Box<Handle<Value>>`.
pub(super) trait Opaque {
    type Value;
}

/// The allocation behind a pointer to an [`Opaque`] type.
struct Handle<T> {
    /// A panic may have left the value half changed.
    poisoned: AtomicBool,
    value: T,
}

/// The value that an output has when a function fails.
pub(super) trait Empty {
    const EMPTY: Self;
}

impl<O: Opaque> Empty for *mut O {
    const EMPTY: Self = ptr::null_mut();
}

impl Empty for usize {
    const EMPTY: Self = 0;
}

impl Empty for u64 {
    const EMPTY: Self = 0;
}

impl Empty for i32 {
    const EMPTY: Self = 0;
}

/// One call from C. That there is a `Call` means: the caller keeps the contract of the header for every pointer of
/// this call.
pub(super) struct Call {
    err: *mut *mut cosimg_error,
    /// The poison flags of the handles that this call has borrowed.
    borrowed: RefCell<Vec<*const AtomicBool>>,
}

impl Call {
    /// # Safety
    ///
    /// Each pointer given to a method of this call is NULL, misaligned, or valid for what the method says for as long
    /// as the exported function runs; handles came from this library and are not used exclusively elsewhere.
    pub(super) unsafe fn new(err: *mut *mut cosimg_error) -> Self {
        Self { err, borrowed: RefCell::default() }
    }

    /// Runs the body of a function that returns a status.
    pub(super) fn run(self, body: impl FnOnce(&Self) -> Result<(), Fault>) -> cosimg_status {
        let outcome = self.caught(body);
        let (status, error) = match outcome {
            Ok(()) => (COSIMG_OK, ptr::null_mut()),
            Err(fault) if self.err.is_null() => (fault.code, ptr::null_mut()),
            Err(fault) => (fault.code, fault.into_object()),
        };
        if !self.err.is_null() {
            // SAFETY: by `new`, a pointer that is not NULL is valid for writing; what it held is not read. It may be
            // misaligned.
            unsafe { self.err.write_unaligned(error) };
        }
        status
    }

    /// Runs the body of a function that returns a value, which is `otherwise` where the body fails.
    pub(super) fn value<T>(self, otherwise: T, body: impl FnOnce(&Self) -> Result<T, Fault>) -> T {
        self.caught(body).unwrap_or(otherwise)
    }

    fn caught<T>(&self, body: impl FnOnce(&Self) -> Result<T, Fault>) -> Result<T, Fault> {
        // Unwind safe: what the body may have left half changed is poisoned.
        catch_unwind(AssertUnwindSafe(|| body(self))).unwrap_or_else(|payload| {
            for flag in self.borrowed.take() {
                // SAFETY: the flag lies in a handle that `handle` found; by `new` it lives as long as the call, and
                // the references that the body made from it are gone.
                unsafe { &*flag }.store(true, Ordering::Relaxed);
            }
            let fault = Fault::panicked(&*payload);
            if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                // A payload that panics when dropped may have another one inside. That it leaks is the lesser harm.
                mem::forget(second);
            }
            Err(fault)
        })
    }

    /// A handle that other threads may use at the same time.
    pub(super) fn shared<'a, O: Opaque>(&self, object: *const O, name: &str) -> Result<&'a O::Value, Fault> {
        let handle = self.handle(object, name)?;
        // SAFETY: `handle` checked the pointer; by `new` nobody has the handle to himself.
        Ok(unsafe { &(*handle).value })
    }

    /// A handle that this call has to itself.
    pub(super) fn exclusive<'a, O: Opaque>(&self, object: *mut O, name: &str) -> Result<&'a mut O::Value, Fault> {
        let handle = self.handle(object, name)?.cast_mut();
        // SAFETY: `handle` checked the pointer, which came in as `*mut`; by `new` nobody else uses the handle now.
        Ok(unsafe { &mut (*handle).value })
    }

    /// Changes a handle's value by a by-value setter; when that fails the value stays.
    pub(super) fn update<O: Opaque<Value: Clone>>(
        &self,
        object: *mut O,
        name: &str,
        change: impl FnOnce(O::Value) -> Result<O::Value, Fault>,
    ) -> Result<(), Fault> {
        let value = self.exclusive(object, name)?;
        *value = change(value.clone())?;
        Ok(())
    }

    fn handle<O: Opaque>(&self, object: *const O, name: &str) -> Result<*const Handle<O::Value>, Fault> {
        let handle = usable(object.cast::<Handle<O::Value>>(), name)?;
        // SAFETY: by `new` and the check above the handle is valid; only the address of the field is taken.
        let flag = unsafe { &raw const (*handle).poisoned };
        // SAFETY: as above; the flag is atomic, so that other threads may set it meanwhile.
        if unsafe { &*flag }.load(Ordering::Relaxed) {
            return Err(Fault::new(COSIMG_POISONED, name, "an earlier call on this object failed inside the library"));
        }
        self.borrowed.borrow_mut().push(flag);
        Ok(handle)
    }

    /// A plain value to read.
    pub(super) fn plain<'a, T>(&self, value: *const T, name: &str) -> Result<&'a T, Fault> {
        // SAFETY: by `new` a pointer that passes the check is valid for reading during the call.
        Ok(unsafe { &*usable(value, name)? })
    }

    /// `len` values to read; (NULL, 0) is the empty slice.
    pub(super) fn slice<'a, T>(&self, data: *const T, len: usize, name: &str) -> Result<&'a [T], Fault> {
        if len == 0 {
            return Ok(&[]);
        }
        let data = usable(data, name)?;
        check_length::<T>(len, name)?;
        // SAFETY: by `new` a pointer that passes the checks is valid for `len` values during the call.
        Ok(unsafe { slice::from_raw_parts(data, len) })
    }

    /// `len` bytes to write, not to be read before.
    pub(super) fn room<'a>(
        &self,
        data: *mut u8,
        len: usize,
        name: &str,
    ) -> Result<&'a mut [mem::MaybeUninit<u8>], Fault> {
        if len == 0 {
            return Ok(&mut []);
        }
        let data = usable(data, name)?.cast_mut();
        check_length::<u8>(len, name)?;
        // SAFETY: by `new` the pointer is valid for writing `len` bytes, which need not be initialised.
        Ok(unsafe { slice::from_raw_parts_mut(data.cast(), len) })
    }

    /// Text to read: UTF-8 without NUL.
    pub(super) fn text<'a>(&self, data: *const std::ffi::c_char, len: usize, name: &str) -> Result<&'a str, Fault> {
        let bytes = self.slice(data.cast::<u8>(), len, name)?;
        let text = str::from_utf8(bytes)
            .map_err(|e| Fault::new(COSIMG_USAGE_UTF8, name, "the text is not UTF-8").at(e.valid_up_to()))?;
        match text.find('\0') {
            Some(at) => Err(Fault::new(COSIMG_USAGE_UTF8, name, "the text has a NUL byte in it").at(at)),
            None => Ok(text),
        }
    }

    /// An output, empty from here on. Each body asks for its outputs first, so that they are empty whatever fails.
    pub(super) fn fresh<'a, T: Empty>(&self, out: *mut T, name: &str) -> Result<&'a mut T, Fault> {
        let out = usable(out, name)?.cast_mut();
        // SAFETY: by `new` a pointer that passes the check is valid for writing; what it held is not read.
        unsafe { out.write(T::EMPTY) };
        // SAFETY: as above, and now it holds a value.
        Ok(unsafe { &mut *out })
    }

    /// An output that the caller may decline with NULL.
    pub(super) fn fresh_or_null<'a, T: Empty>(&self, out: *mut T, name: &str) -> Result<Option<&'a mut T>, Fault> {
        if out.is_null() { Ok(None) } else { self.fresh(out, name).map(Some) }
    }

    /// A new handle, which C now owns.
    pub(super) fn hand_out<O: Opaque>(&self, value: O::Value) -> *mut O {
        Box::into_raw(Box::new(Handle { poisoned: AtomicBool::new(false), value })).cast()
    }

    /// The end of a handle. NULL is allowed.
    pub(super) fn free<O: Opaque>(self, object: *mut O) {
        self.free_plain(object.cast::<Handle<O::Value>>());
    }

    /// The end of a box that C owns. NULL is allowed; a misaligned pointer cannot have come from here and is left.
    pub(super) fn free_plain<T>(self, object: *mut T) {
        self.value((), |_| {
            let object = usable(object, "object")?.cast_mut();
            // SAFETY: by `new` the pointer came from `Box::into_raw` for this type, and this is its last use.
            drop(unsafe { Box::from_raw(object) });
            Ok(())
        });
    }
}

fn usable<T>(pointer: *const T, name: &str) -> Result<*const T, Fault> {
    if pointer.is_null() {
        Err(Fault::new(COSIMG_USAGE_NULL, name, "the pointer is NULL"))
    } else if !pointer.is_aligned() {
        Err(Fault::new(COSIMG_USAGE_NULL, name, "the pointer is not aligned"))
    } else {
        Ok(pointer)
    }
}

/// No object is larger than `isize::MAX` bytes; a longer slice would be undefined behaviour.
fn check_length<T>(len: usize, name: &str) -> Result<(), Fault> {
    let bytes = len.checked_mul(size_of::<T>().max(1));
    if bytes.is_none_or(|bytes| isize::try_from(bytes).is_err()) {
        return Err(Fault::new(COSIMG_USAGE_LENGTH, name, format!("{len} is more than any object can have")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::status::{COSIMG_INTERNAL, COSIMG_USAGE, cosimg_error_free, cosimg_error_message};
    use super::*;
    use std::ffi::CStr;

    struct counter;
    impl Opaque for counter {
        type Value = u32;
    }

    fn call() -> Call {
        // SAFETY: the pointers in these tests are NULL or point to locals and live boxes.
        unsafe { Call::new(ptr::null_mut()) }
    }

    fn add(object: *mut counter, by: u32) -> cosimg_status {
        call().run(|call| call.update(object, "object", |value| Ok(value + by)))
    }

    #[test]
    fn a_panic_becomes_a_status_and_poisons_every_handle_of_the_call() {
        let (first, second) = (call().hand_out::<counter>(1), call().hand_out::<counter>(2));
        let bystander = call().hand_out::<counter>(3);
        let mut error = ptr::dangling_mut();
        // SAFETY: `error` is a local, the handles are live.
        let guard = unsafe { Call::new(&raw mut error) };
        let status = guard.run(|call| {
            call.shared(first, "first")?;
            *call.exclusive(second, "second")? += 1;
            panic!("number {}", 7);
        });
        assert_eq!(status, COSIMG_INTERNAL);
        // SAFETY: the error was just made.
        let message = unsafe { cosimg_error_message(error) };
        // SAFETY: the message ends in a NUL, and lives as long as the error.
        let message = unsafe { CStr::from_ptr(message) };
        assert_eq!(message.to_str(), Ok("panic: number 7"));
        assert_eq!(add(first, 1), COSIMG_POISONED);
        assert_eq!(add(second, 1), COSIMG_POISONED);
        assert_eq!(add(bystander, 1), COSIMG_OK);
        call().free(first);
        call().free(second);
        call().free(bystander);
        // SAFETY: the error is not used again.
        unsafe { cosimg_error_free(error) };
    }

    #[test]
    fn a_setter_that_fails_leaves_the_value() {
        let object = call().hand_out::<counter>(5);
        let status = call().run(|call| call.update(object, "object", |_| Err(Fault::new(COSIMG_USAGE, "by", "no"))));
        assert_eq!(status, COSIMG_USAGE);
        let mut seen = 0;
        assert_eq!(
            call().run(|call| {
                seen = *call.shared(object, "object")?;
                Ok(())
            }),
            COSIMG_OK
        );
        assert_eq!(seen, 5);
        call().free(object);
    }

    #[test]
    fn success_clears_the_error_place_without_reading_it() {
        let mut error = ptr::dangling_mut();
        // SAFETY: `error` is a local.
        let status = unsafe { Call::new(&raw mut error) }.run(|_| Ok(()));
        assert_eq!(status, COSIMG_OK);
        assert!(error.is_null());
    }

    #[test]
    fn outputs_are_emptied_before_anything_can_fail() {
        let mut out = 17usize;
        let status = call().run(|call| {
            call.fresh(&raw mut out, "out")?;
            panic!("before the output was set");
        });
        assert_eq!((status, out), (COSIMG_INTERNAL, 0));
    }

    #[test]
    fn pointers_and_lengths_are_checked() {
        let call = call();
        let code = |outcome: Result<(), Fault>| outcome.map_or_else(|fault| fault.code, |()| COSIMG_OK);
        let word = [0u32; 2];
        let askew = word.as_ptr().cast::<u8>().wrapping_add(1).cast::<u32>();
        assert_eq!(code(call.plain(ptr::null::<u32>(), "p").map(|_| ())), COSIMG_USAGE_NULL);
        assert_eq!(code(call.plain(askew, "p").map(|_| ())), COSIMG_USAGE_NULL);
        assert_eq!(code(call.slice(ptr::null::<u8>(), 1, "s").map(|_| ())), COSIMG_USAGE_NULL);
        assert_eq!(code(call.slice(ptr::null::<u8>(), 0, "s").map(|_| ())), COSIMG_OK);
        assert_eq!(code(call.slice(word.as_ptr(), usize::MAX / 4, "s").map(|_| ())), COSIMG_USAGE_LENGTH);
        assert_eq!(code(call.slice(word.as_ptr(), usize::MAX, "s").map(|_| ())), COSIMG_USAGE_LENGTH);
        assert_eq!(code(call.room(word.as_ptr().cast_mut().cast(), usize::MAX, "r").map(|_| ())), COSIMG_USAGE_LENGTH);
        assert_eq!(call.text(c"ab\xff".as_ptr(), 3, "t").map_err(|fault| fault.code), Err(COSIMG_USAGE_UTF8));
        assert_eq!(call.text(c"ab".as_ptr(), 3, "t").map_err(|fault| fault.code), Err(COSIMG_USAGE_UTF8));
        assert_eq!(call.text(c"ab".as_ptr(), 2, "t").map_err(|fault| fault.code), Ok("ab"));
    }
}
