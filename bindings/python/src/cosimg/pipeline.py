"""Processing rules carried out on bytes."""

from __future__ import annotations

import ctypes
from ctypes import c_int32, c_void_p
from dataclasses import dataclass
from typing import Callable, Optional, Union

from . import _buffers, _native, errors
from ._buffers import Out, Readable
from .jpeg import Colour, _Bounded
from .limits import Cancel, Limits


@dataclass(frozen=True)
class Processed:
    """The answer of a processor."""

    #: The picture; empty where it went to a sink or a buffer of the caller's.
    data: Union[bytes, memoryview]
    #: Its format by the name of the processing language, `jpg` and so on; `None` for bytes of no known format.
    format: Optional[str]
    #: Its media type, `image/jpeg` and so on.
    content_type: Optional[str]
    #: Processing failed and `ignore-error/1` gave the source: why it failed.
    ignored: Optional[errors.Error]


class Processor(_Bounded):
    """Carries out processing rules as the service does, under its documented limits unless others are given.

    :param background: what transparent pixels are laid over
    :param default_quality: 1 to 100, of a JPEG from a source that has none of its own
    """

    _noun = "processor"

    def __init__(
        self,
        *,
        background: Colour = (255, 255, 255),
        default_quality: Optional[int] = None,
        limits: Optional[Limits] = None,
        cancel: Optional[Cancel] = None,
    ) -> None:
        self._make("cosimg_processor_new")
        self._set_background(background)
        if default_quality is not None:
            self._set("set_default_quality", _native.integer(default_quality, 32, "default_quality"))
        self._set_bounds(limits, cancel)

    def run(self, data: Readable, rule: str, *, out: Out = "bytes") -> Processed:
        """Applies a rule, `imageMogr2/format/jpg/interlace/1`, to a picture."""
        _buffers.check_out(out)
        native, buffer, told = self._native(), _native.Buffer(), _Told()
        with _buffers.borrow(data, "data") as source:
            _native.call(
                "cosimg_processor_run",
                native.pointer,
                source,
                *_native.text(rule, "rule"),
                ctypes.byref(buffer),
                *told.places(),
            )
        return told.processed(_buffers.take(buffer, out))

    def run_to(self, data: Readable, rule: str, write: Callable[[bytes], object]) -> Processed:
        """Gives the picture piece by piece to `write`; what that raises comes out unchanged."""
        native, text, told = self._native(), _native.text(rule, "rule"), _Told()
        with _buffers.borrow(data, "data") as source:
            _buffers.run_to(
                lambda callback, user: _native.call(
                    "cosimg_processor_run_to", native.pointer, source, *text, callback, user, *told.places()
                ),
                write,
            )
        return told.processed(b"")

    def run_into(self, data: Readable, rule: str, target: Readable) -> int:
        """Fills a writable buffer and gives the size of the picture; `BufferTooSmallError` says what is `needed`."""
        native, text = self._native(), _native.text(rule, "rule")
        with _buffers.borrow(data, "data") as source:
            return _buffers.run_into(
                lambda room, capacity, length: _native.call(
                    "cosimg_processor_run_into", native.pointer, source, *text, room, capacity, length, None, None
                ),
                target,
            )


class _Told:
    """What a run tells beside its bytes."""

    def __init__(self) -> None:
        self.format = c_int32()
        self.ignored = c_void_p()

    def places(self) -> tuple[object, object]:
        return ctypes.byref(self.format), ctypes.byref(self.ignored)

    def processed(self, data: Union[bytes, memoryview]) -> Processed:
        ignored = _native.take_error(self.ignored) if self.ignored.value else None
        return Processed(data, _name(self.format.value), _content_type(self.format.value), ignored)


def process(data: Readable, rule: str) -> bytes:
    """Applies a rule under the service's limits; see `Processor`."""
    with Processor() as processor:
        return bytes(processor.run(data, rule).data)


def sniff(data: Readable) -> Optional[str]:
    """The format of a picture by its first bytes, `jpg` and so on; `None` for anything else."""
    with _buffers.borrow(data, "data") as source:
        return _name(_native.library.cosimg_format_sniff(source))


def _name(number: int) -> Optional[str]:
    return _native.slice_text(_native.library.cosimg_format_name(number)) or None


def _content_type(number: int) -> Optional[str]:
    return _native.slice_text(_native.library.cosimg_format_content_type(number)) or None
