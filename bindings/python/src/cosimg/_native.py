"""The shared library: where it is, what its functions take, and how a call becomes a result or an exception.

`FUNCTIONS` is `include/cosimg.h` in the words of ctypes; a test compares them. `CDLL` releases the GIL during each call.
"""

from __future__ import annotations

import ctypes
import os
import sys
from ctypes import c_char_p, c_double, c_float, c_int32, c_int64, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any, Optional, TypeVar

from . import errors

ABI = (0, 1)


class Slice(ctypes.Structure):
    """cosimg_slice"""

    _fields_ = [("data", c_void_p), ("len", c_size_t)]


class Buffer(ctypes.Structure):
    """cosimg_buffer"""

    _fields_ = [("data", c_void_p), ("len", c_size_t), ("capacity", c_size_t)]


class ImageView(ctypes.Structure):
    """cosimg_image_view"""

    _fields_ = [
        ("data", c_void_p),
        ("len", c_size_t),
        ("width", c_uint32),
        ("height", c_uint32),
        ("stride", c_size_t),
        ("format", c_int32),
    ]


class Plane(ctypes.Structure):
    """cosimg_plane"""

    _fields_ = [("data", c_void_p), ("len", c_size_t), ("stride", c_size_t)]


class PlanesView(ctypes.Structure):
    """cosimg_planes_view"""

    _fields_ = [
        ("planes", ctypes.POINTER(Plane)),
        ("planes_len", c_size_t),
        ("width", c_uint32),
        ("height", c_uint32),
        ("format", c_int32),
    ]


WriteFn = ctypes.CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t)
ProgressFn = ctypes.CFUNCTYPE(c_int32, c_void_p, c_uint64, c_uint64)

# A pointer to an object that only the library looks into, and a place for one.
_object = c_void_p
_place = ctypes.POINTER(c_void_p)
_buffer = ctypes.POINTER(Buffer)
_slices = ctypes.POINTER(Slice)
_status = c_int32
_text = (c_char_p, c_size_t)
_run = (_buffer,)
_run_to = (WriteFn, c_void_p)
_run_into = (c_void_p, c_size_t, ctypes.POINTER(c_size_t))
_told = (ctypes.POINTER(c_int32), _place)

# name: (what it returns, what it takes)
FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "cosimg_version": (c_char_p, ()),
    "cosimg_abi_check": (_status, (c_uint32, c_uint32, _place)),
    "cosimg_error_code": (_status, (_object,)),
    "cosimg_error_message": (c_char_p, (_object,)),
    "cosimg_error_field": (c_char_p, (_object,)),
    "cosimg_error_offset": (c_int32, (_object, ctypes.POINTER(c_uint64))),
    "cosimg_error_free": (None, (_object,)),
    "cosimg_buffer_free": (None, (_buffer,)),
    "cosimg_cancel_new": (_status, (_place, _place)),
    "cosimg_cancel_trigger": (_status, (_object, _place)),
    "cosimg_cancel_free": (None, (_object,)),
    "cosimg_limits_new": (_status, (c_int32, _place, _place)),
    "cosimg_limits_set_input_bytes": (_status, (_object, c_uint64, _place)),
    "cosimg_limits_set_side": (_status, (_object, c_uint32, _place)),
    "cosimg_limits_set_pixels": (_status, (_object, c_uint64, _place)),
    "cosimg_limits_set_result_side": (_status, (_object, c_uint32, _place)),
    "cosimg_limits_set_scans": (_status, (_object, c_uint32, _place)),
    "cosimg_limits_set_block_visits": (_status, (_object, c_uint64, _place)),
    "cosimg_limits_set_memory": (_status, (_object, c_uint64, _place)),
    "cosimg_limits_set_stages": (_status, (_object, c_uint32, _place)),
    "cosimg_limits_free": (None, (_object,)),
    "cosimg_signer_new": (_status, (*_text, *_text, *_text, _place, _place)),
    "cosimg_signer_set_headers": (_status, (_object, c_int32, _place)),
    "cosimg_signer_set_header_names": (_status, (_object, _slices, c_size_t, _place)),
    "cosimg_signer_set_sign_host": (_status, (_object, c_int32, _place)),
    "cosimg_signer_free": (None, (_object,)),
    "cosimg_link_new": (_status, (*_text, *_text, *_text, _place, _place)),
    "cosimg_link_process": (_status, (_object, *_text, _place)),
    "cosimg_link_param": (_status, (_object, *_text, *_text, _place)),
    "cosimg_link_header": (_status, (_object, *_text, *_text, _place)),
    "cosimg_link_sign_url": (_status, (_object, _object, c_uint64, c_uint64, _buffer, _place)),
    "cosimg_link_sign_urls": (
        _status,
        (_object, _object, c_uint64, c_uint64, *_text, c_size_t, _buffer, _place),
    ),
    "cosimg_link_sign_headers": (_status, (_object, _object, c_uint64, c_uint64, _place, _place)),
    "cosimg_link_free": (None, (_object,)),
    "cosimg_signature_authorization": (Slice, (_object,)),
    "cosimg_signature_http_string": (Slice, (_object,)),
    "cosimg_signature_string_to_sign": (Slice, (_object,)),
    "cosimg_signature_hex": (Slice, (_object,)),
    "cosimg_signature_headers_len": (c_size_t, (_object,)),
    "cosimg_signature_header": (_status, (_object, c_size_t, _slices, _slices, _place)),
    "cosimg_signature_free": (None, (_object,)),
    "cosimg_verifier_new": (_status, (_place, _place)),
    "cosimg_verifier_credential": (_status, (_object, *_text, *_text, *_text, _place)),
    "cosimg_verifier_set_strict": (_status, (_object, c_int32, _place)),
    "cosimg_verifier_verify_url": (_status, (_object, *_text, *_text, c_int64, _place, _place)),
    "cosimg_verifier_verify_request": (
        _status,
        (_object, *_text, *_text, _slices, c_size_t, c_int64, _place, _place),
    ),
    "cosimg_verifier_free": (None, (_object,)),
    "cosimg_verdict_accepted": (c_int32, (_object,)),
    "cosimg_verdict_require": (_status, (_object, _place)),
    "cosimg_verdict_reason": (Slice, (_object,)),
    "cosimg_verdict_subject": (Slice, (_object,)),
    "cosimg_verdict_code": (Slice, (_object,)),
    "cosimg_verdict_message": (Slice, (_object,)),
    "cosimg_verdict_http_status": (c_int32, (_object,)),
    "cosimg_verdict_xml": (_status, (_object, *_text, *_text, *_text, _buffer, _place)),
    "cosimg_verdict_secret_id": (Slice, (_object,)),
    "cosimg_verdict_key_time": (_status, (_object, ctypes.POINTER(c_uint64), ctypes.POINTER(c_uint64), _place)),
    "cosimg_verdict_params_len": (c_size_t, (_object,)),
    "cosimg_verdict_param": (Slice, (_object, c_size_t)),
    "cosimg_verdict_headers_len": (c_size_t, (_object,)),
    "cosimg_verdict_header": (Slice, (_object, c_size_t)),
    "cosimg_verdict_free": (None, (_object,)),
    "cosimg_encoder_new": (_status, (_place, _place)),
    "cosimg_encoder_set_quality": (_status, (_object, c_int32, _place)),
    "cosimg_encoder_set_preset": (_status, (_object, c_int32, _place)),
    "cosimg_encoder_set_target_bytes": (_status, (_object, c_uint64, _place)),
    "cosimg_encoder_set_target_ssimulacra2": (_status, (_object, c_double, _place)),
    "cosimg_encoder_set_subsampling": (_status, (_object, c_int32, _place)),
    "cosimg_encoder_set_coding": (_status, (_object, c_int32, _place)),
    "cosimg_encoder_set_mode": (_status, (_object, c_int32, _place)),
    "cosimg_encoder_set_tables": (_status, (_object, Slice, Slice, _place)),
    "cosimg_encoder_set_dither": (_status, (_object, c_int32, _place)),
    "cosimg_encoder_set_density": (_status, (_object, c_int32, c_int32, c_int32, _place)),
    "cosimg_encoder_add_comment": (_status, (_object, Slice, _place)),
    "cosimg_encoder_set_scans": (_status, (_object, *_text, _place)),
    "cosimg_encoder_set_restart_interval": (_status, (_object, c_int32, c_int32, _place)),
    "cosimg_encoder_set_background": (_status, (_object, c_uint8, c_uint8, c_uint8, _place)),
    "cosimg_encoder_set_icc_profile": (_status, (_object, Slice, _place)),
    "cosimg_encoder_set_exif": (_status, (_object, Slice, _place)),
    "cosimg_encoder_set_threads": (_status, (_object, c_size_t, _place)),
    "cosimg_encoder_set_progress": (_status, (_object, ProgressFn, c_void_p, _place)),
    "cosimg_encoder_set_limits": (_status, (_object, _object, _place)),
    "cosimg_encoder_set_cancel": (_status, (_object, _object, _place)),
    "cosimg_encoder_run": (_status, (_object, ctypes.POINTER(ImageView), *_run, _place)),
    "cosimg_encoder_run_to": (_status, (_object, ctypes.POINTER(ImageView), *_run_to, _place)),
    "cosimg_encoder_run_into": (_status, (_object, ctypes.POINTER(ImageView), *_run_into, _place)),
    "cosimg_encoder_run_planes": (_status, (_object, ctypes.POINTER(PlanesView), *_run, _place)),
    "cosimg_encoder_run_planes_to": (_status, (_object, ctypes.POINTER(PlanesView), *_run_to, _place)),
    "cosimg_encoder_run_planes_into": (_status, (_object, ctypes.POINTER(PlanesView), *_run_into, _place)),
    "cosimg_encoder_free": (None, (_object,)),
    "cosimg_row_encoder_new": (_status, (_object, c_uint32, c_uint32, c_int32, _place, _place)),
    "cosimg_row_encoder_push": (_status, (_object, Slice, _place)),
    "cosimg_row_encoder_push_image": (_status, (_object, ctypes.POINTER(ImageView), _place)),
    "cosimg_row_encoder_push_planes": (_status, (_object, ctypes.POINTER(PlanesView), _place)),
    "cosimg_row_encoder_rows_left": (c_uint32, (_object,)),
    "cosimg_row_encoder_finish": (_status, (_object, *_run, _place)),
    "cosimg_row_encoder_finish_to": (_status, (_object, *_run_to, _place)),
    "cosimg_row_encoder_finish_into": (_status, (_object, *_run_into, _place)),
    "cosimg_row_encoder_free": (None, (_object,)),
    "cosimg_format_sniff": (c_int32, (Slice,)),
    "cosimg_format_content_type": (Slice, (c_int32,)),
    "cosimg_format_name": (Slice, (c_int32,)),
    "cosimg_transcoder_new": (_status, (_place, _place)),
    "cosimg_transcoder_set_coding": (_status, (_object, c_int32, _place)),
    "cosimg_transcoder_set_mode": (_status, (_object, c_int32, _place)),
    "cosimg_transcoder_set_requantise": (_status, (_object, c_int32, c_int32, _place)),
    "cosimg_transcoder_set_strip": (_status, (_object, c_int32, _place)),
    "cosimg_transcoder_set_never_larger": (_status, (_object, c_int32, _place)),
    "cosimg_transcoder_set_tolerant": (_status, (_object, c_int32, _place)),
    "cosimg_transcoder_set_restart_interval": (_status, (_object, c_int32, c_int32, _place)),
    "cosimg_transcoder_set_effort": (_status, (_object, c_int32, _place)),
    "cosimg_transcoder_set_max_scans": (_status, (_object, c_int32, _place)),
    "cosimg_transcoder_set_display_allowance": (_status, (_object, c_float, _place)),
    "cosimg_transcoder_set_target_bytes": (_status, (_object, c_uint64, _place)),
    "cosimg_transcoder_set_scans": (_status, (_object, *_text, _place)),
    "cosimg_transcoder_set_threads": (_status, (_object, c_size_t, _place)),
    "cosimg_transcoder_set_limits": (_status, (_object, _object, _place)),
    "cosimg_transcoder_set_cancel": (_status, (_object, _object, _place)),
    "cosimg_transcoder_run": (_status, (_object, Slice, *_run, _place)),
    "cosimg_transcoder_run_to": (_status, (_object, Slice, *_run_to, _place)),
    "cosimg_transcoder_run_into": (_status, (_object, Slice, *_run_into, _place)),
    "cosimg_transcoder_run_and_report": (_status, (_object, Slice, _buffer, _place, _place)),
    "cosimg_transcoder_free": (None, (_object,)),
    "cosimg_report_kept_source": (c_int32, (_object,)),
    "cosimg_report_damages": (c_uint64, (_object,)),
    "cosimg_report_damages_len": (c_size_t, (_object,)),
    "cosimg_report_damage": (_status, (_object, c_size_t, _place, _place)),
    "cosimg_report_free": (None, (_object,)),
    "cosimg_jpeg_inspect": (_status, (Slice, _object, _buffer, _place)),
    "cosimg_processor_new": (_status, (_place, _place)),
    "cosimg_processor_set_background": (_status, (_object, c_uint8, c_uint8, c_uint8, _place)),
    "cosimg_processor_set_default_quality": (_status, (_object, c_int32, _place)),
    "cosimg_processor_set_subsampling": (_status, (_object, c_int32, _place)),
    "cosimg_processor_set_carry_interlace": (_status, (_object, c_int32, _place)),
    "cosimg_processor_set_ignore_error": (_status, (_object, c_int32, _place)),
    "cosimg_processor_set_limits": (_status, (_object, _object, _place)),
    "cosimg_processor_set_cancel": (_status, (_object, _object, _place)),
    "cosimg_processor_run": (_status, (_object, Slice, *_text, *_run, *_told, _place)),
    "cosimg_processor_run_to": (_status, (_object, Slice, *_text, *_run_to, *_told, _place)),
    "cosimg_processor_run_into": (_status, (_object, Slice, *_text, *_run_into, *_told, _place)),
    "cosimg_processor_free": (None, (_object,)),
}


def _path() -> str:
    """`COSIMG_LIBRARY`, or the library beside this file."""
    given = os.environ.get("COSIMG_LIBRARY")
    if given:
        return given
    name = {"win32": "cosimg.dll", "darwin": "libcosimg.dylib"}.get(sys.platform, "libcosimg.so")
    return str(Path(__file__).with_name(name))


def _load(path: str) -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(f"the native library of cosimg cannot be loaded: {error}", path=path) from error
    for name, (result, arguments) in FUNCTIONS.items():
        try:
            function = getattr(library, name)
        except AttributeError as error:
            raise ImportError(f"{path} is not the library of this package: it has no {name}", path=path) from error
        function.restype = result
        function.argtypes = arguments
    if library.cosimg_abi_check(*ABI, None) != 0:
        theirs = library.cosimg_version().decode()
        raise ImportError(f"{path} has version {theirs}, which does not serve ABI {ABI[0]}.{ABI[1]}", path=path)
    return library


library = _load(_path())


def version() -> str:
    """The version of the native library."""
    text: bytes = library.cosimg_version()
    return text.decode()


def abi_version() -> tuple[int, int]:
    """The version of the C ABI that this package speaks."""
    return ABI


def call(name: str, *arguments: object) -> None:
    """Calls a function that returns a status; where that is not OK, raises it."""
    place = c_void_p()
    status: int = getattr(library, name)(*arguments, ctypes.byref(place))
    if status != 0:
        raise take_error(place, status)


def take_error(place: c_void_p, status: int = 0) -> errors.Error:
    """The exception of an error object, which is freed."""
    try:
        code: int = library.cosimg_error_code(place) or status
        message: bytes = library.cosimg_error_message(place)
        field: Optional[bytes] = library.cosimg_error_field(place)
        offset = c_uint64()
        placed: int = library.cosimg_error_offset(place, ctypes.byref(offset))
    finally:
        library.cosimg_error_free(place)
    kind = errors.of_code(code)
    return kind(message.decode(), code, field.decode() if field else None, offset.value if placed else None)


def text(value: str, field: str) -> tuple[bytes, int]:
    """Text as the C ABI takes it: two arguments."""
    if not isinstance(value, str):
        raise TypeError(f"{field} must be str, not {type(value).__name__}")
    try:
        encoded = value.encode()
    except UnicodeEncodeError as error:
        raise errors.usage(field, f"the text cannot be written as UTF-8: {error.reason}") from error
    return encoded, len(encoded)


def slice_text(borrowed: Slice) -> str:
    """A copy of borrowed text."""
    return ctypes.string_at(borrowed.data, borrowed.len).decode() if borrowed.len else ""


class _Owned:
    """A native object; freed when the last reference is gone, also when that is a call in another thread."""

    __slots__ = ("pointer", "_free")

    def __init__(self, pointer: int, free: Any) -> None:
        self.pointer = pointer
        self._free = free

    def __del__(self) -> None:
        self._free(self.pointer)


_Self = TypeVar("_Self", bound="Object")


class Object:
    """Base of what wraps a native object: a context manager with `close`.

    A call holds a reference of its own to the native object, so that `close` in another thread cannot pull it away.
    """

    _noun: str
    _owned: Optional[_Owned] = None

    def _make(self, name: str, *arguments: object) -> None:
        """Makes the native object by a function whose last arguments are `out` and `err`."""
        out = c_void_p()
        call(name, *arguments, ctypes.byref(out))
        assert out.value is not None
        self._owned = _Owned(out.value, getattr(library, f"cosimg_{self._noun}_free"))

    def _set(self, setting: str, *arguments: object) -> None:
        native = self._native()
        call(f"cosimg_{self._noun}_{setting}", native.pointer, *arguments)

    def _native(self) -> _Owned:
        """The native object. Keep the result while its pointer is in use."""
        owned = self._owned
        if owned is None:
            raise errors.usage(self._noun, f"this {type(self).__name__} is closed")
        return owned

    def close(self) -> None:
        """Lets go of the native object; using it afterwards raises `UsageError`. Calling it again does nothing."""
        self._owned = None

    @property
    def closed(self) -> bool:
        return self._owned is None

    def __enter__(self: _Self) -> _Self:
        self._native()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> Any:
        raise TypeError(f"{type(self).__name__} holds a native object and cannot be pickled: make it where it is used")


def number(names: dict[str, int], value: str, field: str) -> int:
    """The number of an enumeration's name."""
    try:
        return names[value]
    except (KeyError, TypeError):
        known = ", ".join(repr(name) for name in names)
        raise errors.usage(field, f"{value!r} is none of {known}") from None


def natural(value: int, bits: int, field: str) -> int:
    """An unsigned integer that fits; ctypes would cut it off without a word."""
    return _ranged(value, 0, (1 << bits) - 1, field)


def integer(value: int, bits: int, field: str) -> int:
    """A signed integer that fits."""
    return _ranged(value, -(1 << (bits - 1)), (1 << (bits - 1)) - 1, field)


def _ranged(value: int, least: int, most: int, field: str) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{field} must be int, not {type(value).__name__}")
    if not least <= value <= most:
        raise errors.usage(field, f"{value} is out of range")
    return value
