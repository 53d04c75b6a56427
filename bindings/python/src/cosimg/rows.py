"""The JPEG of a picture whose rows come by and by."""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Callable, Literal, Optional, Union, overload

from . import _buffers, _native, errors
from ._buffers import Out, PixelFormat, Readable, Stride

if TYPE_CHECKING:
    from .jpeg import Encoder


class RowEncoder(_native.Object):
    """A picture whose rows come by and by (`Encoder.rows`); the file is the same as of the whole picture in one call.

    It holds the coefficients of what it was given, 2 bytes a sample, and no pixels, unless the subsampling or the quality is
    to be found by them. It may be used from any thread, but by one at a time.

        with encoder.rows(width, height, "rgb") as picture:
            for band in bands:
                picture.push(band)
            jpeg = picture.finish()
    """

    _noun = "row_encoder"

    def __init__(self, encoder: Encoder, width: int, height: int, format: PixelFormat) -> None:
        self._width = _native.natural(width, 32, "width")
        self._format = format
        # The progress function of the encoder is its own.
        self._encoder = encoder
        self._used = threading.Lock()
        native = encoder._native()
        height, number = _native.natural(height, 32, "height"), _buffers.number_of(format)
        self._make("cosimg_row_encoder_new", native.pointer, self._width, height, number)

    def push(self, rows: Any, *, height: Optional[int] = None, stride: Optional[Stride] = None) -> None:
        """The next rows.

        Bytes are rows without gaps between them, any number of them or a part of one. With `height` they are so many rows,
        which are `stride` bytes apart; arrays, Pillow images and lists of planes are as `Encoder` takes them. Where two rows
        share their chroma, as in 4:2:0, their number is even in all but the last ones.
        """
        with self._alone() as native:
            flat = _buffers.is_flat(rows)
            if flat and height is None and stride is None:
                with _buffers.borrow(rows, "rows") as held:
                    _native.call("cosimg_row_encoder_push", native.pointer, held)
                return
            width = self._width if flat or isinstance(rows, (list, tuple)) else None
            with _buffers.picture(rows, width, height, stride, self._format) as (kind, view):
                _native.call(f"cosimg_row_encoder_push{kind or '_image'}", native.pointer, ctypes.byref(view))

    @property
    def rows_left(self) -> int:
        """How many rows are still to come, one that is not whole among them."""
        with self._alone() as native:
            left: int = _native.library.cosimg_row_encoder_rows_left(native.pointer)
        return left

    @overload
    def finish(self, *, out: Literal["bytes"] = "bytes") -> bytes: ...
    @overload
    def finish(self, *, out: Literal["view"]) -> memoryview: ...

    def finish(self, *, out: Out = "bytes") -> Union[bytes, memoryview]:
        """The JPEG, once: as `bytes`, or as a `memoryview` of the library's own memory."""
        _buffers.check_out(out)
        buffer = _native.Buffer()
        with self._alone() as native:
            _native.call("cosimg_row_encoder_finish", native.pointer, ctypes.byref(buffer))
        return _buffers.take(buffer, out)

    def finish_to(self, write: Callable[[bytes], object]) -> None:
        """Gives the JPEG piece by piece to `write`; what that raises comes out unchanged."""
        with self._alone() as native:
            _buffers.run_to(
                lambda callback, user: _native.call("cosimg_row_encoder_finish_to", native.pointer, callback, user),
                write,
            )

    def finish_into(self, target: Readable) -> int:
        """Fills a writable buffer and gives the size of the JPEG, which is kept where `BufferTooSmallError` is raised."""
        with self._alone() as native:
            return _buffers.run_into(
                lambda room, capacity, length: _native.call(
                    "cosimg_row_encoder_finish_into", native.pointer, room, capacity, length
                ),
                target,
            )

    @contextlib.contextmanager
    def _alone(self) -> Iterator[_native._Owned]:
        """The native object, for one call at a time: also a progress function or a sink cannot make another."""
        native = self._native()
        if not self._used.acquire(blocking=False):
            raise errors.usage("row_encoder", "another call on this picture has not ended yet")
        try:
            with self._encoder._telling():
                yield native
        finally:
            self._used.release()
