"""What the tests share: the table of vectors of the repository, and pictures made here."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

import cosimg

ROOT = Path(__file__).resolve().parents[3]
WIDTH, HEIGHT = 48, 40


def vectors(name: str) -> Any:
    """A table of `tests/data/sign` at the root of the repository; `None` in a source distribution, which has none."""
    path = ROOT / "tests" / "data" / "sign" / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


@pytest.fixture(scope="session")
def pixels() -> bytes:
    """RGB, WIDTH x HEIGHT, with smooth and busy parts."""
    return bytes(
        value
        for y in range(HEIGHT)
        for x in range(WIDTH)
        for value in (x * 255 // WIDTH, y * 255 // HEIGHT, (x * x + y * 7) & 255)
    )


@pytest.fixture(scope="session")
def baseline(pixels: bytes) -> bytes:
    return cosimg.encode(pixels, width=WIDTH, height=HEIGHT, format="rgb", coding="baseline")


@pytest.fixture(scope="session")
def png(pixels: bytes) -> bytes:
    """The same pixels as a PNG, written by hand: filter 0, one IDAT."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + pixels[y * WIDTH * 3 : (y + 1) * WIDTH * 3] for y in range(HEIGHT))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def frame_marker(jpeg: bytes) -> int:
    """The first SOFn marker of a JPEG: 0xC0 baseline, 0xC2 progressive; 0 for none."""
    at = 2
    while at + 4 <= len(jpeg) and jpeg[at] == 0xFF:
        marker = jpeg[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return marker
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
    return 0
