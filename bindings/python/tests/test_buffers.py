"""Bytes in without a copy, pictures by duck typing, bytes out by copy and in place."""

from __future__ import annotations

import array
import ctypes
import gc
import mmap
import subprocess
import sys
from typing import Any

import pytest

import cosimg
from conftest import HEIGHT, WIDTH
from cosimg import _buffers

SIZE = {"width": WIDTH, "height": HEIGHT, "format": "rgb"}


def test_whatever_has_the_buffer_protocol(baseline: bytes) -> None:
    expected = cosimg.transcode(baseline)
    mapped = mmap.mmap(-1, len(baseline))
    mapped.write(baseline)
    for data in (bytearray(baseline), memoryview(baseline), array.array("B", baseline), mapped):
        assert cosimg.transcode(data) == expected
    assert cosimg.transcode(memoryview(b"xx" + baseline)[2:]) == expected


def test_the_bytes_are_used_in_place() -> None:
    data = bytearray(b"0123456789")
    address = ctypes.addressof(ctypes.c_char.from_buffer(data))
    with _buffers.borrow(data, "data") as held:
        assert (held.data, held.len) == (address, 10)
        with pytest.raises(BufferError):
            data.append(1)  # held in place: it cannot move
    data.append(1)


def test_what_cannot_be_used_in_place(baseline: bytes) -> None:
    with pytest.raises(cosimg.UsageError, match="in place") as caught:
        cosimg.transcode(memoryview(baseline)[::2])
    assert caught.value.field == "data"
    for data in ("text", None, 5, [1, 2]):
        with pytest.raises(TypeError, match="data must be bytes-like"):
            cosimg.transcode(data)
    with pytest.raises(cosimg.UsageError):
        cosimg.Transcoder().run_into(baseline, b"read only")


def test_a_buffer_is_released_when_a_call_fails() -> None:
    data = bytearray(b"no JPEG")
    with pytest.raises(cosimg.InputError):
        cosimg.transcode(data)
    data.append(1)


def test_a_view_outlives_the_transcoder(baseline: bytes) -> None:
    transcoder = cosimg.Transcoder()
    view = transcoder.run(baseline, out="view")
    expected = transcoder.run(baseline)
    transcoder.close()
    del transcoder
    gc.collect()
    part = view[2:10]
    assert view.readonly and view == expected
    del view
    gc.collect()
    assert part == expected[2:10]
    with pytest.raises(cosimg.UsageError):
        cosimg.Transcoder().run(baseline, out="list")  # type: ignore[call-overload]


def test_rows_with_a_gap(pixels: bytes) -> None:
    stride = WIDTH * 3 + 5
    rows = [pixels[y * WIDTH * 3 : (y + 1) * WIDTH * 3] for y in range(HEIGHT)]
    spaced = b"".join(row + b"\xaa" * 5 for row in rows)
    expected = cosimg.encode(pixels, **SIZE)
    assert cosimg.encode(spaced, stride=stride, **SIZE) == expected
    assert cosimg.encode(spaced[:-5], stride=stride, **SIZE) == expected
    for wrong in (WIDTH * 3 - 1, stride + 1, 2**62, -1):
        with pytest.raises(cosimg.UsageError):
            cosimg.encode(spaced, stride=wrong, **SIZE)


class Array:
    """As much of a numpy array as is asked for."""

    def __init__(self, data: Any, shape: tuple[int, ...], strides: Any = None, typestr: str = "|u1") -> None:
        self.data = data
        self.__array_interface__ = {
            "shape": shape,
            "typestr": typestr,
            "version": 3,
            "data": data,
            "strides": strides,
        }


def test_array_interface(pixels: bytes) -> None:
    expected = cosimg.encode(pixels, **SIZE)
    held = ctypes.create_string_buffer(pixels, len(pixels))
    pointer = (ctypes.addressof(held), True)
    shape, strides = (HEIGHT, WIDTH, 3), (WIDTH * 3, 3, 1)
    assert cosimg.encode(Array(pixels, shape)) == expected
    assert cosimg.encode(Array(pointer, shape)) == expected
    assert cosimg.encode(Array(pointer, shape, strides)) == expected
    assert cosimg.encode(Array(pointer, shape), format="rgb") == expected
    # Every other row: a stride, no copy.
    thin = cosimg.encode(Array(pointer, (HEIGHT // 2, WIDTH, 3), (WIDTH * 6, 3, 1)))
    rows = [pixels[y * WIDTH * 3 : (y + 1) * WIDTH * 3] for y in range(0, HEIGHT, 2)]
    assert thin == cosimg.encode(b"".join(rows), width=WIDTH, height=HEIGHT // 2, format="rgb")
    grey = cosimg.encode(bytes(64), width=8, height=8, format="gray")
    assert cosimg.encode(Array(bytes(64), (8, 8))) == grey
    assert cosimg.encode(Array(bytes(64), (8, 8, 1))) == grey


def test_arrays_that_are_no_picture(pixels: bytes) -> None:
    shape = (HEIGHT, WIDTH, 3)
    held = ctypes.create_string_buffer(pixels, len(pixels))
    pointer = (ctypes.addressof(held), True)
    for wrong in (
        Array(pixels, (len(pixels),)),
        Array(pixels, (HEIGHT, WIDTH, 2)),
        Array(pixels, shape, typestr="<u2"),
        Array(pixels, shape, typestr="|b1"),
        Array(pointer, shape, (-WIDTH * 3, 3, 1)),
        Array(pointer, shape, (WIDTH * 3, -3, 1)),
        Array(pointer, (WIDTH, HEIGHT, 3), (3, WIDTH * 3, 1)),
        Array(pointer, shape, (0, 3, 1)),
        Array(pixels[:-1], shape),
        Array(pixels, (0, WIDTH, 3)),
    ):
        with pytest.raises(cosimg.UsageError):
            cosimg.encode(wrong)
    with pytest.raises(cosimg.UsageError):
        cosimg.encode(Array(pixels, shape), width=WIDTH)
    with pytest.raises(cosimg.UsageError):
        cosimg.encode(Array(pixels, shape), format="rgba")
    with pytest.raises(cosimg.UsageError):
        cosimg.encode(pixels)


def test_numpy(pixels: bytes) -> None:
    numpy = pytest.importorskip("numpy")
    picture = numpy.frombuffer(pixels, dtype=numpy.uint8).reshape(HEIGHT, WIDTH, 3)
    expected = cosimg.encode(pixels, **SIZE)
    assert cosimg.encode(picture) == expected
    assert cosimg.encode(picture[4:20, 8:40]) == cosimg.encode(picture[4:20, 8:40].copy())
    assert cosimg.encode(picture[:, :, 0].copy()) == cosimg.encode(picture[:, :, :1].copy())
    assert cosimg.transcode(numpy.frombuffer(expected, dtype=numpy.uint8)) == cosimg.transcode(expected)
    for wrong in (picture[::-1], picture[:, ::-1], picture[:, :, ::-1], picture.astype(numpy.float64), picture.ravel()):
        with pytest.raises(cosimg.UsageError):
            cosimg.encode(wrong)


def test_numpy_of_more_than_eight_bits(pixels: bytes) -> None:
    numpy = pytest.importorskip("numpy")
    picture = numpy.frombuffer(pixels, dtype=numpy.uint8).reshape(HEIGHT, WIDTH, 3)
    expected = cosimg.encode(picture)
    wide = picture.astype(numpy.uint16) * 257
    assert cosimg.encode(wide) == expected
    assert cosimg.encode(picture.astype(numpy.float32) / 255) == expected
    assert cosimg.encode(wide[:, :, 0].copy()) == cosimg.encode(picture[:, :, 0].copy())
    for wrong in (wide.astype(">u2"), wide[:, :, ::-1], wide[:, :, :2], picture[:, :, 0].astype(numpy.float32)):
        with pytest.raises(cosimg.UsageError):
            cosimg.encode(wrong)
    with pytest.raises(cosimg.UsageError):
        cosimg.encode(wide, format="rgb")


def test_other_orders_and_planes(pixels: bytes) -> None:
    expected = cosimg.encode(pixels, **SIZE)
    reds, greens, blues = (pixels[i::3] for i in range(3))
    size = {"width": WIDTH, "height": HEIGHT}
    assert cosimg.encode(bytes(b for p in zip(blues, greens, reds) for b in p), format="bgr", **size) == expected
    assert cosimg.encode(reds + greens + blues, format="rgb-planar", **size) == expected
    assert cosimg.encode(Array(bytes(b for p in zip(blues, greens, reds) for b in p), (HEIGHT, WIDTH, 3)), format="bgr") == (
        expected
    )
    grey = bytes([128]) * (WIDTH * HEIGHT + 2 * (WIDTH // 2) * (HEIGHT // 2))
    assert cosimg.encode(grey, format="nv12", **size) == cosimg.encode(grey, format="ycbcr-420", **size)


def test_ink_comes_back_as_pillow_reads_it(pixels: bytes) -> None:
    images = pytest.importorskip("PIL.Image")
    import io

    ink = images.new("CMYK", (64, 32))
    ink.paste((200, 30, 60, 10), (0, 0, 32, 32))
    ink.paste((0, 120, 255, 90), (32, 0, 64, 32))
    back = images.open(io.BytesIO(cosimg.encode(ink, quality=98, subsampling="4:4:4")))
    assert back.mode == "CMYK"
    for place in ((16, 16), (48, 16)):
        assert all(abs(a - b) <= 4 for a, b in zip(back.getpixel(place), ink.getpixel(place)))


def test_pillow(pixels: bytes) -> None:
    images = pytest.importorskip("PIL.Image")
    picture = images.frombytes("RGB", (WIDTH, HEIGHT), pixels)
    assert cosimg.encode(picture) == cosimg.encode(pixels, **SIZE)
    grey = picture.convert("L")
    assert cosimg.encode(grey) == cosimg.encode(grey.tobytes(), width=WIDTH, height=HEIGHT, format="gray")
    assert cosimg.encode(picture.convert("RGBA")) == cosimg.encode(picture)
    # These have the shape of grey or RGBA, and would give a wrong picture.
    for mode in ("P", "1", "LA", "I;16", "F"):
        with pytest.raises(cosimg.UsageError, match="mode"):
            cosimg.encode(picture.convert("L").convert(mode) if mode == "I;16" else picture.convert(mode))


def test_a_view_holds_until_the_process_ends() -> None:
    program = """
import atexit, cosimg
atexit.register(lambda: print(bytes(view[:2]).hex()))
pixels = bytes(range(256)) * 3 * 400
view = cosimg.Encoder(quality=100).run(pixels, width=640, height=160, format="rgb", out="view")
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "ffd8"


def test_a_picture_that_begins_within_its_buffer_is_refused() -> None:
    class Within:
        __array_interface__ = {"shape": (2, 2), "typestr": "|u1", "version": 3, "data": bytes(8), "offset": 4}

    with pytest.raises(cosimg.UsageError):
        cosimg.encode(Within())
