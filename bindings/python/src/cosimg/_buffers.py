"""Bytes in without a copy, pictures by duck typing, and the three ways out."""

from __future__ import annotations

import ctypes
import math
import sys
import weakref
from collections.abc import Sequence
from contextlib import ExitStack, contextmanager
from ctypes import c_char_p, c_int, c_size_t, c_ssize_t, c_void_p, py_object
from typing import Any, Callable, Iterator, Literal, Optional, Union, overload

from . import _native, errors
from ._native import Buffer, ImageView, Plane, PlanesView, Slice

# Whatever has the buffer protocol: bytes, bytearray, memoryview, mmap, array, numpy. `collections.abc.Buffer` names it
# from Python 3.12 on.
Readable = Any
Out = Literal["bytes", "view"]
# Bytes from row to row: of all planes, or of each.
Stride = Union[int, Sequence[int]]
PixelFormat = Literal[
    "gray",
    "rgb",
    "rgba",
    "gray-alpha",
    "bgr",
    "bgra",
    "argb",
    "abgr",
    "rgba-premultiplied",
    "bgra-premultiplied",
    "argb-premultiplied",
    "gray16",
    "rgb16",
    "rgba16",
    "rgb-f32",
    "rgb-planar",
    "cmyk",
    "ycbcr",
    "ycbcr-444",
    "ycbcr-422",
    "ycbcr-420",
    "nv12",
]
_PIXEL_FORMATS = {
    "gray": 1,
    "rgb": 2,
    "rgba": 3,
    "gray-alpha": 4,
    "bgr": 5,
    "bgra": 6,
    "argb": 7,
    "abgr": 8,
    "rgba-premultiplied": 9,
    "bgra-premultiplied": 10,
    "argb-premultiplied": 11,
    "gray16": 12,
    "rgb16": 13,
    "rgba16": 14,
    "rgb-f32": 15,
    "rgb-planar": 16,
    "cmyk": 17,
    "ycbcr": 18,
    "ycbcr-444": 19,
    "ycbcr-422": 20,
    "ycbcr-420": 21,
    "nv12": 22,
}
# Bytes of a pixel where its samples lie side by side.
_PIXEL_BYTES = {
    "gray": 1,
    "rgb": 3,
    "rgba": 4,
    "gray-alpha": 2,
    "bgr": 3,
    "bgra": 4,
    "argb": 4,
    "abgr": 4,
    "rgba-premultiplied": 4,
    "bgra-premultiplied": 4,
    "argb-premultiplied": 4,
    "gray16": 2,
    "rgb16": 6,
    "rgba16": 8,
    "rgb-f32": 12,
    "cmyk": 4,
    "ycbcr": 3,
}
# Of each plane: bytes of a pixel, and pixels of the picture for one of its own, across and down.
_PLANES = {
    "rgb-planar": ((1, 1, 1), (1, 1, 1), (1, 1, 1)),
    "ycbcr-444": ((1, 1, 1), (1, 1, 1), (1, 1, 1)),
    "ycbcr-422": ((1, 1, 1), (1, 2, 1), (1, 2, 1)),
    "ycbcr-420": ((1, 1, 1), (1, 2, 2), (1, 2, 2)),
    "nv12": ((1, 1, 1), (2, 2, 2)),
}
# What an array holds, by its samples and how many a pixel has.
_FORMATS_OF_ARRAYS: dict[tuple[str, int], PixelFormat] = {
    ("u1", 1): "gray",
    ("u1", 3): "rgb",
    ("u1", 4): "rgba",
    ("u2", 1): "gray16",
    ("u2", 3): "rgb16",
    ("u2", 4): "rgba16",
    ("f4", 3): "rgb-f32",
}
# Modes of Pillow's images; arrays do not tell RGBA from CMYK, nor RGB from YCbCr.
_PILLOW_MODES: dict[str, PixelFormat] = {"L": "gray", "RGB": "rgb", "RGBA": "rgba", "CMYK": "cmyk", "YCbCr": "ycbcr"}
_NATIVE_ORDER = "<" if sys.byteorder == "little" else ">"


class _PyBuffer(ctypes.Structure):
    """Py_buffer, which is part of the stable ABI."""

    _fields_ = [
        ("buf", c_void_p),
        ("obj", py_object),
        ("len", c_ssize_t),
        ("itemsize", c_ssize_t),
        ("readonly", c_int),
        ("ndim", c_int),
        ("format", c_char_p),
        ("shape", c_void_p),
        ("strides", c_void_p),
        ("suboffsets", c_void_p),
        ("internal", c_void_p),
    ]


_get_buffer = ctypes.pythonapi.PyObject_GetBuffer
_get_buffer.argtypes = (py_object, ctypes.POINTER(_PyBuffer), c_int)
_get_buffer.restype = c_int
_release_buffer = ctypes.pythonapi.PyBuffer_Release
_release_buffer.argtypes = (ctypes.POINTER(_PyBuffer),)
_release_buffer.restype = None
_SIMPLE = 0
_WRITABLE = 1
_STRIDED = 0x18


@contextmanager
def borrow(data: Readable, field: str, writable: bool = False) -> Iterator[Slice]:
    """The contiguous bytes of an object, in place, for as long as the context lasts."""
    with _hold(data, field, _WRITABLE if writable else _SIMPLE) as view:
        yield Slice(view.buf, view.len)


@contextmanager
def _hold(data: Readable, field: str, flags: int) -> Iterator[_PyBuffer]:
    view = _PyBuffer()
    try:
        _get_buffer(data, ctypes.byref(view), flags)
    except TypeError:
        raise TypeError(f"{field} must be bytes-like, not {type(data).__name__}") from None
    except (BufferError, ValueError) as error:
        raise errors.usage(field, f"the buffer cannot be used in place: {error}") from error
    try:
        yield view
    finally:
        _release_buffer(ctypes.byref(view))


@contextmanager
def picture(
    image: Any,
    width: Optional[int],
    height: Optional[int],
    stride: Optional[Stride],
    format: Optional[PixelFormat],
) -> Iterator[tuple[str, Union[ImageView, PlanesView]]]:
    """A picture in place, after the part of their names in which the functions for it differ."""
    if isinstance(image, (list, tuple)):
        with _planes(image, width, height, stride, format) as planes:
            yield "_planes", planes
        return
    if stride is not None and not isinstance(stride, int):
        raise errors.usage("stride", "a picture that is not a list of planes has one stride")
    with _picture(image, width, height, stride, format) as view:
        yield "", view


def is_flat(data: Any) -> bool:
    """Whether these are bytes, and no picture."""
    return not isinstance(data, (list, tuple)) and _interface(data) is None


def number_of(format: PixelFormat) -> int:
    return _native.number(_PIXEL_FORMATS, format, "format")


@contextmanager
def _picture(
    image: Any,
    width: Optional[int],
    height: Optional[int],
    stride: Optional[int],
    format: Optional[PixelFormat],
) -> Iterator[ImageView]:
    """An object with `__array_interface__`, as numpy's and Pillow's have, or bytes with a size."""
    interface = _interface(image)
    if interface is None:
        if width is None or height is None or format is None:
            raise errors.usage("image", "bytes need width, height and format; or pass a numpy array or a Pillow image")
        with borrow(image, "image") as held:
            yield _view(held, width, height, stride or 0, format)
        return

    if width is not None or height is not None or stride is not None:
        raise errors.usage("width", "a picture that knows its own size takes no width, height or stride")
    mode = _of_mode(image)
    rows, columns, known, step = _layout(interface)
    pixel, known = _PIXEL_BYTES[known], mode or known
    if format is not None and format != known:
        # The bytes of an array may be of another order: it does not say.
        if mode or interface["typestr"][1:] != "u1" or _PIXEL_BYTES.get(format) != pixel:
            raise errors.usage("format", f"the picture is {known}, not {format}")
        known = format
    data = interface.get("data")
    if isinstance(data, tuple):
        # The length that strides and shape imply: the interface itself names none.
        length = step * (rows - 1) + columns * pixel if rows and columns else 0
        yield _view(Slice(data[0], length), columns, rows, step, known)
    else:
        with borrow(image if data is None else data, "image") as held:
            yield _view(held, columns, rows, step, known)


@contextmanager
def _planes(
    planes: Sequence[Readable],
    width: Optional[int],
    height: Optional[int],
    stride: Optional[Stride],
    format: Optional[PixelFormat],
) -> Iterator[PlanesView]:
    """Planes that lie apart: of two dimensions, which tell the size and the strides, or bytes."""
    if format is None or format not in _PLANES:
        raise errors.usage("format", f"{format!r} is none of those of planes: {', '.join(map(repr, _PLANES))}")
    shapes = _PLANES[format]
    strides = list(stride) if isinstance(stride, Sequence) else [stride] * len(shapes)
    if len(planes) != len(shapes) or len(strides) != len(shapes):
        raise errors.usage("image", f"{format} has {len(shapes)} planes, not {len(planes)} with {len(strides)} strides")
    with ExitStack() as stack:
        held = [stack.enter_context(_hold(plane, "image", _STRIDED)) for plane in planes]
        luma = _dimensions(held[0])[0]
        if len(luma) > 1:
            height, width = (luma[0] if height is None else height), (luma[1] if width is None else width)
        if width is None or height is None:
            raise errors.usage("image", "planes of bytes need width and height")
        width, height = _native.natural(width, 32, "width"), _native.natural(height, 32, "height")
        array = (Plane * len(held))()
        for index, (view, (pixel, across, down)) in enumerate(zip(held, shapes)):
            array[index] = _plane(view, strides[index], -(-width // across) * pixel, -(-height // down))
        yield PlanesView(array, len(held), width, height, number_of(format))


def _plane(view: _PyBuffer, stride: Optional[int], row: int, rows: int) -> Plane:
    """A plane of so many rows of so many bytes."""
    shape, steps = _dimensions(view)
    tight = view.itemsize == 1 and len(shape) in (1, 2, 3) and steps[-1] == 1
    if not tight or (len(shape) == 3 and steps[1] != shape[2]):
        raise errors.usage("image", "a plane has samples of 8 bits, side by side: make a copy")
    if len(shape) == 1:
        if stride is None and view.len != row * rows:
            raise errors.usage("image", f"a plane of {view.len} bytes has not {rows} rows of {row}: is there a stride?")
        return Plane(view.buf, view.len, row if stride is None else _native.natural(stride, 63, "stride"))
    if stride is not None:
        raise errors.usage("stride", "a plane of two dimensions takes no stride")
    if shape[0] != rows or math.prod(shape[1:]) != row:
        raise errors.usage("image", f"a plane of shape {shape} has not {rows} rows of {row} bytes")
    if steps[0] < row and rows > 1:
        raise errors.usage("image", "the rows of a plane must be in order: make a copy")
    step = max(steps[0], row)
    return Plane(view.buf, step * (rows - 1) + row if rows else 0, step)


def _dimensions(view: _PyBuffer) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shape and strides."""
    sizes = ctypes.POINTER(c_ssize_t)
    shape, strides = (ctypes.cast(place, sizes) for place in (view.shape, view.strides))
    return tuple(shape[: view.ndim]), tuple(strides[: view.ndim])


def _interface(data: Any) -> Optional[dict[str, Any]]:
    """What an array or an image tells of itself; an array of one dimension has no size to tell and is bytes."""
    interface: Optional[dict[str, Any]] = getattr(data, "__array_interface__", None)
    return None if interface is None or len(interface["shape"]) == 1 else interface


def _layout(interface: dict[str, Any]) -> tuple[int, int, PixelFormat, int]:
    """Rows, columns, format and bytes from row to row of an `__array_interface__`, version 3."""
    shape = tuple(interface["shape"])
    order, samples = interface["typestr"][:1], interface["typestr"][1:]
    if samples not in ("u1", "u2", "f4") or (samples != "u1" and order not in (_NATIVE_ORDER, "=")):
        what = f"not {interface['typestr']!r}"
        raise errors.usage("image", f"samples must be uint8, uint16 or float32 of this machine's byte order, {what}")
    if interface.get("offset"):
        raise errors.usage("image", "a picture that begins within its buffer is not understood: make a copy")
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3, 4)):
        raise errors.usage("image", f"a shape of {shape} is neither (rows, columns) nor (rows, columns, 1, 3 or 4)")
    rows, columns = shape[:2]
    channels = shape[2] if len(shape) == 3 else 1
    format = _FORMATS_OF_ARRAYS.get((samples, channels))
    if format is None:
        raise errors.usage("image", f"{channels} float32 a pixel are not understood: use 3")
    strides, sample, pixel = interface.get("strides"), int(samples[1:]), _PIXEL_BYTES[format]
    if strides is None:
        return rows, columns, format, columns * pixel
    tight = strides[1] == pixel and (len(shape) == 2 or channels == 1 or strides[2] == sample)
    if not tight or (strides[0] < columns * pixel and rows > 1):
        raise errors.usage("image", "the pixels of a row must lie side by side, and the rows in order: make a copy")
    return rows, columns, format, max(strides[0], columns * pixel)


def _of_mode(image: Any) -> Optional[PixelFormat]:
    """A Pillow image has a mode, by which CMYK is told from RGBA, and a palette from grey."""
    mode = getattr(image, "mode", None)
    if not isinstance(mode, str):
        return None
    if mode not in _PILLOW_MODES:
        raise errors.usage("image", f"mode {mode!r} is not understood: convert to 'RGB', 'RGBA' or 'L' first")
    return _PILLOW_MODES[mode]


def _view(data: Slice, width: int, height: int, stride: int, format: PixelFormat) -> ImageView:
    number = number_of(format)
    width = _native.natural(width, 32, "width")
    height = _native.natural(height, 32, "height")
    stride = _native.natural(stride, 63, "stride")
    # Rows without a gap are exactly the bytes; 0 says so.
    if stride == width * _PIXEL_BYTES.get(format, 0):
        stride = 0
    return ImageView(data.data, data.len, width, height, stride, number)


@overload
def take(buffer: Buffer, out: Literal["bytes"]) -> bytes: ...
@overload
def take(buffer: Buffer, out: Out) -> Union[bytes, memoryview]: ...


def take(buffer: Buffer, out: Out) -> Union[bytes, memoryview]:
    """The bytes of a buffer of the library's: copied and freed, or viewed in place and freed with the last view."""
    if out == "view" and buffer.len:
        array = (ctypes.c_uint8 * buffer.len).from_address(buffer.data)
        freed = weakref.finalize(array, _native.library.cosimg_buffer_free, ctypes.byref(buffer))
        freed.atexit = False  # a view may be read by whatever runs at exit, and the process ends anyway
        return memoryview(array).cast("B").toreadonly()
    try:
        copy = ctypes.string_at(buffer.data, buffer.len) if buffer.len else b""
        return memoryview(copy) if out == "view" else copy
    finally:
        _native.library.cosimg_buffer_free(ctypes.byref(buffer))


def check_out(out: Out) -> None:
    """Before the work is done rather than after."""
    if out not in ("bytes", "view"):
        raise errors.usage("out", f"{out!r} is neither 'bytes' nor 'view'")


def run_to(run: Callable[[object, None], None], write: Callable[[bytes], object]) -> None:
    """Runs a `_run_to` function over a callable; what that raises comes out unchanged."""
    raised: list[BaseException] = []

    def receive(_user: Optional[int], data: int, length: int) -> int:
        try:
            write(ctypes.string_at(data, length))
            return 0
        except BaseException as error:  # nothing may pass through the native frames
            raised.append(error)
            return 1

    callback = _native.WriteFn(receive)
    try:
        run(callback, None)
    except errors.SinkError:
        if raised:
            raise raised[0] from None
        raise


def run_into(run: Callable[[Optional[int], int, object], None], target: Readable) -> int:
    """Runs a `_run_into` function over a writable buffer; gives the size of the result."""
    needed = c_size_t()
    with borrow(target, "target", writable=True) as room:
        try:
            run(room.data, room.len, ctypes.byref(needed))
        except errors.BufferTooSmallError as error:
            error.needed = needed.value
            raise
    return needed.value


def slices(texts: list[str], field: str) -> tuple[Any, int]:
    """A list of texts as pointer and length; the array keeps the texts alive."""
    encoded = [_native.text(text, field)[0] for text in texts]
    array: Any = (Slice * len(encoded))()
    for place, value in zip(array, encoded):
        place.data = ctypes.cast(c_char_p(value), c_void_p)
        place.len = len(value)
    array.texts = encoded
    return array, len(encoded)

