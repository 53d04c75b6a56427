"""The table of `_native.py` is the header, and the library is the one that the package was made for."""

from __future__ import annotations

import _ctypes
import ctypes
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from conftest import ROOT
from cosimg import _native

HEADER = ROOT / "include" / "cosimg.h"

SCALARS: dict[str, Any] = {
    "void": None,
    "cosimg_status": ctypes.c_int32,
    "float": ctypes.c_float,
    "double": ctypes.c_double,
    "int32_t": ctypes.c_int32,
    "int64_t": ctypes.c_int64,
    "uint8_t": ctypes.c_uint8,
    "uint32_t": ctypes.c_uint32,
    "uint64_t": ctypes.c_uint64,
    "size_t": ctypes.c_size_t,
    "cosimg_slice": _native.Slice,
    "cosimg_buffer": _native.Buffer,
    "cosimg_image_view": _native.ImageView,
    "cosimg_plane": _native.Plane,
    "cosimg_planes_view": _native.PlanesView,
    "cosimg_write_fn": _native.WriteFn,
    "cosimg_progress_fn": _native.ProgressFn,
}


def in_ctypes(kind: str) -> Any:
    """A C type in the words of ctypes."""
    kind = " ".join(kind.replace("const ", "").split())
    base, stars = kind.rstrip("* "), kind.count("*")
    if stars == 0:
        return SCALARS[base]
    if kind == "char *":
        return ctypes.c_char_p
    if kind in ("void *", "uint8_t *"):
        return ctypes.c_void_p
    if stars == 1:
        # What is in no table is an object that only the library looks into.
        return ctypes.POINTER(SCALARS[base]) if base in SCALARS else ctypes.c_void_p
    assert stars == 2 and base not in SCALARS, kind
    return ctypes.POINTER(ctypes.c_void_p)


def declared() -> dict[str, tuple[Any, tuple[Any, ...]]]:
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(encoding="utf-8"), flags=re.S)
    found = {}
    for result, name, list_ in re.findall(r"^((?:const )?\w+ \*?)(cosimg_\w+)\(([^;]*)\);", text, flags=re.M | re.S):
        parameters = [] if list_.strip() == "void" else list_.split(",")
        kinds = [re.sub(r"\w+$", "", parameter.strip()) for parameter in parameters]
        found[name] = (in_ctypes(result), tuple(map(in_ctypes, kinds)))
    return found


@pytest.mark.skipif(not HEADER.exists(), reason="a source distribution of the package alone has no header")
def test_the_table_is_the_header() -> None:
    header = declared()
    assert len(header) > 50
    assert _native.FUNCTIONS.keys() == header.keys()
    for name, signature in header.items():
        assert _native.FUNCTIONS[name] == signature, name


@pytest.mark.skipif(not HEADER.exists(), reason="a source distribution of the package alone has no header")
def test_the_structs_are_the_header() -> None:
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(encoding="utf-8"), flags=re.S)
    structs = {
        name: [re.match(r"(.*?)(\w+)$", field.strip()) for field in body.split(";") if field.strip()]
        for body, name in re.findall(r"typedef struct \w*\s*\{(.*?)\}\s*(\w+);", text, flags=re.S)
    }
    known = ("slice", "buffer", "image_view", "plane", "planes_view")
    assert set(structs) == {f"cosimg_{name}" for name in known}
    for name, fields in structs.items():
        expected = [(field[2], in_ctypes(field[1])) for field in fields if field]
        assert SCALARS[name]._fields_ == expected, name


@pytest.mark.skipif(not HEADER.exists(), reason="a source distribution of the package alone has no header")
def test_the_abi_is_the_header() -> None:
    text = HEADER.read_text(encoding="utf-8")
    numbers = [re.search(rf"#define COSIMG_ABI_{part} (\d+)", text) for part in ("MAJOR", "MINOR")]
    assert tuple(int(number[1]) for number in numbers if number) == _native.ABI


def test_a_library_that_is_not_ours_is_an_import_error() -> None:
    for path, said in (("/nonexistent/libcosimg.so", "cannot be loaded"), (_ctypes.__file__, "is not the library")):
        environment = {**os.environ, "COSIMG_LIBRARY": path}
        answer = subprocess.run(
            [sys.executable, "-c", "import cosimg"], env=environment, capture_output=True, text=True, check=False
        )
        assert answer.returncode == 1
        assert "ImportError" in answer.stderr and said in answer.stderr
