"""Pillow, which has a libjpeg of its own, reads what is made of every format without a warning."""

from __future__ import annotations

import io
import struct
import warnings
from typing import Any

import pytest

import cosimg
from cosimg import _buffers

images = pytest.importorskip("PIL.Image")

WIDTH, HEIGHT = 37, 23
# At quality 97 a coefficient is off by half a step of 2 or so, and a pixel of a smooth picture by no more than this.
NEAR = 4
# A pixel of a grey value in each format of one plane, without transparency.
PIXELS = {
    "gray": lambda v: bytes([v]),
    "gray-alpha": lambda v: bytes([v, 255]),
    "gray16": lambda v: struct.pack("=H", v * 257),
    "rgb16": lambda v: struct.pack("=3H", *[v * 257] * 3),
    "rgba16": lambda v: struct.pack("=4H", *[v * 257] * 3, 65535),
    "rgb-f32": lambda v: struct.pack("=3f", *[v / 255] * 3),
    "cmyk": lambda v: bytes([255 - v] * 3 + [0]),
    "ycbcr": lambda v: bytes([v, 128, 128]),
}
CHROMA = {
    "rgb-planar": None,
    "ycbcr-444": WIDTH * HEIGHT,
    "ycbcr-422": (WIDTH + 1) // 2 * HEIGHT,
    "ycbcr-420": (WIDTH + 1) // 2 * ((HEIGHT + 1) // 2),
    "nv12": (WIDTH + 1) // 2 * ((HEIGHT + 1) // 2),
}


def grey(x: int, y: int) -> int:
    return 20 + 4 * x + 2 * y


def in_format(format: str) -> bytes:
    values = [grey(x, y) for y in range(HEIGHT) for x in range(WIDTH)]
    if format in CHROMA:
        chroma = CHROMA[format]
        return bytes(values) * 3 if chroma is None else bytes(values) + b"\x80" * (2 * chroma)
    if format in PIXELS:
        return b"".join(map(PIXELS[format], values))
    size = _buffers._PIXEL_BYTES[format]  # type: ignore[index]
    alpha = {3: (), 4: (0,) if format.startswith("a") else (3,)}[size]
    return bytes(255 if i in alpha else v for v in values for i in range(size))


@pytest.mark.parametrize("format", _buffers._PIXEL_FORMATS)
def test_pillow_reads_every_format(format: Any) -> None:
    data = in_format(format)
    for subsampling in ("4:2:0", "4:2:2", "4:4:4", "auto"):
        for coding in ("progressive", "baseline", "smaller"):
            encoder = cosimg.Encoder(quality=97, subsampling=subsampling, coding=coding)  # type: ignore[arg-type]
            file = encoder.run(data, width=WIDTH, height=HEIGHT, format=format)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                picture = images.open(io.BytesIO(file))
                picture.load()
            bands = {"gray": "L", "cmyk": "CMYK"}.get(format[:4], "RGB")
            assert (picture.size, picture.mode) == ((WIDTH, HEIGHT), bands)
            for x, y in ((0, 0), (WIDTH - 1, 0), (0, HEIGHT - 1), (WIDTH // 2, HEIGHT // 2), (WIDTH - 1, HEIGHT - 1)):
                pixel = picture.getpixel((x, y))
                if bands == "CMYK":
                    assert pixel[3] <= NEAR
                    pixel = tuple(255 - ink for ink in pixel[:3])
                for value in (pixel,) if isinstance(pixel, int) else pixel:
                    assert abs(value - grey(x, y)) <= NEAR, (subsampling, coding, x, y, pixel)
