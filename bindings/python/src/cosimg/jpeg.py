"""The JPEG codec: the lossless transcoder, the encoder of pixels, and the inspector."""

from __future__ import annotations

import contextlib
import ctypes
import json
import threading
from collections.abc import Iterable, Iterator
from typing import Any, Callable, Literal, NamedTuple, Optional, Union, overload

from . import _buffers, _native
from ._buffers import Out, PixelFormat, Readable, Stride
from .errors import CancelledError, Error
from .limits import Cancel, Limits
from .rows import RowEncoder

Coding = Literal["progressive", "baseline", "smaller"]
Mode = Literal["display", "fast", "small"]
Strip = Literal[
    "nothing",
    "exif",
    "icc",
    "xmp",
    "iptc",
    "comments",
    "thumbnails",
    "images",
    "trailing",
    "other",
    "all",
    "safe",
]
Preset = Literal["fast", "balanced", "small"]
Subsampling = Literal["4:2:0", "4:2:2", "4:4:4", "auto"]
Colour = tuple[int, int, int]
Progress = Callable[[int, int], object]
Restart = Literal["mcus", "rows"]
Density = tuple[Literal["aspect ratio", "per inch", "per centimetre"], int, int]
_CODINGS = {"progressive": 0, "baseline": 1, "smaller": 2}
_MODES = {"display": 0, "fast": 1, "small": 2}
_PRESETS = {"fast": 1, "balanced": 2, "small": 3}
_STRIPS = {
    "nothing": 0,
    "exif": 1,
    "icc": 2,
    "xmp": 4,
    "iptc": 8,
    "comments": 16,
    "thumbnails": 32,
    "images": 64,
    "trailing": 128,
    "other": 256,
    "all": 511,
    "safe": 512,
}
_DENSITIES = {"aspect ratio": 0, "per inch": 1, "per centimetre": 2}
_RESTARTS = {"mcus": 1, "rows": 2}
_SUBSAMPLINGS = {"4:2:0": 420, "4:2:2": 422, "4:4:4": 444, "auto": 0}


class _Bounded(_native.Object):
    """What takes limits and a cancel flag."""

    def _set_bounds(self, limits: Optional[Limits], cancel: Optional[Cancel]) -> None:
        if limits is not None:
            limits_native = limits._native()
            self._set("set_limits", limits_native.pointer)
        if cancel is not None:
            cancel_native = cancel._native()
            self._set("set_cancel", cancel_native.pointer)

    def _set_background(self, background: Colour) -> None:
        red, green, blue = background
        names = ("red", "green", "blue")
        parts = [_native.natural(part, 8, name) for part, name in zip((red, green, blue), names)]
        self._set("set_background", *parts)

    def _set_restart(self, restart: int, unit: Restart) -> None:
        number = _native.number(_RESTARTS, unit, "restart_unit")
        self._set("set_restart_interval", _native.integer(restart, 32, "restart"), number)


class Transcoded(NamedTuple):
    """A result of `Transcoder.run_and_report`."""

    data: bytes
    #: Whether `data` is the source, but for what was stripped.
    kept_source: bool
    #: How many damages the source has; 0 unless the transcoder is tolerant.
    damages: int
    #: The first 16 of them: what a transcoder that is not tolerant would raise.
    listed: tuple[Error, ...]


def _damage(report: ctypes.c_void_p, index: int) -> Error:
    place = ctypes.c_void_p()
    _native.call("cosimg_report_damage", report, index, ctypes.byref(place))
    return _native.take_error(place)


def _kinds(strip: Union[Strip, Iterable[Strip]]) -> int:
    names = [strip] if isinstance(strip, str) else strip
    kinds = 0
    for name in names:
        kinds |= _native.number(_STRIPS, name, "strip")
    return kinds


class Transcoder(_Bounded):
    """Makes JPEG from JPEG without changing a coefficient, unless a quality or a number of bytes is given.

    :param coding: `"progressive"`, `"baseline"`, or `"smaller"`, whichever of the two that is
    :param mode: what the scans of a progressive file are chosen for
    :param effort: how long the search of the mode `"small"` looks, 1 to 9
    :param max_scans: how many scans that mode may have, 8 to 100; 16 at first, and 60 at an effort of 9
    :param display_allowance: how many percent larger a file may be if more is seen of it while it arrives
    :param scans: the scans one by one, as `cjpeg -scans` takes them: they stand in for coding and mode
    :param restart: a restart marker after so many of `restart_unit`, 0 for none: `"rows"` of the MCUs of the picture, or
        `"mcus"` of each scan
    :param strip: what metadata is left out: one kind, or several; `"safe"` keeps what the picture looks different
        without, and `"all"` what decoders need
    :param quality: 1 to 100: coarser coefficients, those of the encoder at this quality with `preset`, where those of the
        source are finer; this changes the picture
    :param target_bytes: where the result has more bytes, the best quality up to `quality` whose file has not is searched for
    :param never_larger: gives the source back, without what is to be stripped, where the result would be larger and the
        source is not damaged
    :param tolerant: rewrites what can be read of a damaged source; `run_and_report` says what was wrong
    :param threads: how many a run may use; the result does not depend on it
    """

    _noun = "transcoder"

    def __init__(
        self,
        *,
        coding: Coding = "progressive",
        mode: Mode = "display",
        effort: int = 5,
        max_scans: Optional[int] = None,
        display_allowance: float = 0,
        scans: Optional[str] = None,
        restart: int = 0,
        restart_unit: Restart = "rows",
        quality: Optional[int] = None,
        target_bytes: Optional[int] = None,
        preset: Preset = "balanced",
        strip: Union[Strip, Iterable[Strip]] = "nothing",
        never_larger: bool = False,
        tolerant: bool = False,
        threads: int = 1,
        limits: Optional[Limits] = None,
        cancel: Optional[Cancel] = None,
    ) -> None:
        self._make("cosimg_transcoder_new")
        self._set("set_coding", _native.number(_CODINGS, coding, "coding"))
        self._set("set_mode", _native.number(_MODES, mode, "mode"))
        self._set("set_effort", _native.integer(effort, 32, "effort"))
        if max_scans is not None:
            self._set("set_max_scans", _native.integer(max_scans, 32, "max_scans"))
        self._set("set_display_allowance", display_allowance)
        if scans is not None:
            self._set("set_scans", *_native.text(scans, "scans"))
        self._set_restart(restart, restart_unit)
        steps = _native.number(_PRESETS, preset, "preset")
        if quality is not None:
            self._set("set_requantise", _native.integer(quality, 32, "quality"), steps)
        if target_bytes is not None:
            self._set("set_target_bytes", _native.natural(target_bytes, 64, "target_bytes"))
        self._set("set_strip", _kinds(strip))
        self._set("set_never_larger", int(bool(never_larger)))
        self._set("set_tolerant", int(bool(tolerant)))
        self._set("set_threads", _native.natural(threads, 32, "threads"))
        self._set_bounds(limits, cancel)

    @overload
    def run(self, data: Readable, *, out: Literal["bytes"] = "bytes") -> bytes: ...
    @overload
    def run(self, data: Readable, *, out: Literal["view"]) -> memoryview: ...

    def run(self, data: Readable, *, out: Out = "bytes") -> Union[bytes, memoryview]:
        """The JPEG, as `bytes`, or as a `memoryview` of the library's own memory, which saves a copy."""
        _buffers.check_out(out)
        native, buffer = self._native(), _native.Buffer()
        with _buffers.borrow(data, "data") as source:
            _native.call("cosimg_transcoder_run", native.pointer, source, ctypes.byref(buffer))
        return _buffers.take(buffer, out)

    def run_and_report(self, data: Readable) -> Transcoded:
        """The JPEG, and what there is to say of the source."""
        native, buffer, place = self._native(), _native.Buffer(), ctypes.c_void_p()
        with _buffers.borrow(data, "data") as source:
            _native.call(
                "cosimg_transcoder_run_and_report",
                native.pointer,
                source,
                ctypes.byref(buffer),
                ctypes.byref(place),
            )
        try:
            listed = tuple(_damage(place, i) for i in range(_native.library.cosimg_report_damages_len(place)))
            return Transcoded(
                _buffers.take(buffer, "bytes"),
                bool(_native.library.cosimg_report_kept_source(place)),
                _native.library.cosimg_report_damages(place),
                listed,
            )
        finally:
            _native.library.cosimg_report_free(place)

    def run_to(self, data: Readable, write: Callable[[bytes], object]) -> None:
        """Gives the JPEG piece by piece to `write`; what that raises comes out unchanged."""
        native = self._native()
        with _buffers.borrow(data, "data") as source:
            _buffers.run_to(
                lambda callback, user: _native.call(
                    "cosimg_transcoder_run_to", native.pointer, source, callback, user
                ),
                write,
            )

    def run_into(self, data: Readable, target: Readable) -> int:
        """Fills a writable buffer and gives the size of the JPEG; `BufferTooSmallError` says what is `needed`."""
        native = self._native()
        with _buffers.borrow(data, "data") as source:
            return _buffers.run_into(
                lambda room, capacity, length: _native.call(
                    "cosimg_transcoder_run_into", native.pointer, source, room, capacity, length
                ),
                target,
            )


class Encoder(_Bounded):
    """Makes JPEG from pixels.

    A picture is a numpy array of uint8, uint16 or float32 (of 0 to 1), (rows, columns) or (rows, columns, 1, 3 or 4), a
    Pillow image, or bytes together with `width`, `height`, `format` and, where rows do not follow without a gap,
    `stride`; an array of one dimension is bytes. An array of uint8 may be in another order than RGB or RGBA, which `format`
    then tells. A list of planes, for `"rgb-planar"`, `"ycbcr-444"`, `"ycbcr-422"`, `"ycbcr-420"` or `"nv12"`, has arrays of
    uint8 of the size of each, whose rows may have gaps, or bytes with `width`, `height` and, where rows have gaps, a
    `stride` for all planes or a list of them.

    :param preset: how much work is spent on a smaller file of the same looks
    :param quality: 1 to 100, alike to the eye with libjpeg's
    :param target_bytes: the best quality up to `quality` whose file has no more bytes is searched for
    :param target_ssimulacra2: the least quality, whatever `quality` is, whose file scores so much beside its picture is
        searched for
    :param tables: steps of luma and of chroma in place of those of the preset at a quality: 64 of 1 to 255 each, row by row
    :param mode: what the scans of a progressive file are chosen for; unless given, a few that suit the encoder
    :param scans: the scans one by one, as `cjpeg -scans` takes them: they stand in for coding and mode
    :param restart: a restart marker after so many of `restart_unit`, 0 for none: `"rows"` of the MCUs of the picture, or
        `"mcus"` of each scan
    :param background: what transparent pixels are laid over
    :param dither: whether samples of more than 8 bits are reduced with an ordered dither
    :param icc_profile: an ICC profile to embed
    :param exif: an Exif block to embed: TIFF, without the prefix
    :param density: how large a pixel is, across and down: `("per inch", 300, 300)`
    :param comments: to embed, in this order
    :param threads: how many a run may use; the result does not depend on it
    :param progress: is called with how much of the work is done, and of how much in all, on the thread of the run; what it
        raises stops the run and comes out unchanged
    """

    _noun = "encoder"

    def __init__(
        self,
        *,
        preset: Preset = "balanced",
        quality: int = 85,
        target_bytes: Optional[int] = None,
        target_ssimulacra2: Optional[float] = None,
        subsampling: Subsampling = "4:2:0",
        coding: Coding = "progressive",
        tables: Optional[tuple[Readable, Readable]] = None,
        mode: Optional[Mode] = None,
        scans: Optional[str] = None,
        restart: int = 0,
        restart_unit: Restart = "rows",
        background: Colour = (255, 255, 255),
        dither: bool = False,
        icc_profile: Readable = b"",
        exif: Readable = b"",
        density: Optional[Density] = None,
        comments: Iterable[Readable] = (),
        threads: int = 1,
        progress: Optional[Progress] = None,
        limits: Optional[Limits] = None,
        cancel: Optional[Cancel] = None,
    ) -> None:
        self._make("cosimg_encoder_new")
        self._raised = threading.local()
        self._set("set_preset", _native.number(_PRESETS, preset, "preset"))
        self._set("set_quality", _native.integer(quality, 32, "quality"))
        if target_bytes is not None:
            self._set("set_target_bytes", _native.natural(target_bytes, 64, "target_bytes"))
        if target_ssimulacra2 is not None:
            self._set("set_target_ssimulacra2", target_ssimulacra2)
        self._set("set_subsampling", _native.number(_SUBSAMPLINGS, subsampling, "subsampling"))
        self._set("set_coding", _native.number(_CODINGS, coding, "coding"))
        if tables is not None:
            luma, chroma = tables
            with _buffers.borrow(luma, "luma") as held, _buffers.borrow(chroma, "chroma") as other:
                self._set("set_tables", held, other)
        if mode is not None:
            self._set("set_mode", _native.number(_MODES, mode, "mode"))
        if scans is not None:
            self._set("set_scans", *_native.text(scans, "scans"))
        self._set_restart(restart, restart_unit)
        self._set_background(background)
        for setting, block in (("icc_profile", icc_profile), ("exif", exif)):
            with _buffers.borrow(block, setting) as held:
                if held.len:
                    self._set(f"set_{setting}", held)
        self._set("set_dither", int(bool(dither)))
        if density is not None:
            unit, x, y = density
            sides = (_native.integer(x, 32, "x"), _native.integer(y, 32, "y"))
            self._set("set_density", _native.number(_DENSITIES, unit, "density"), *sides)
        for comment in comments:
            with _buffers.borrow(comment, "comment") as held:
                self._set("add_comment", held)
        self._set("set_threads", _native.natural(threads, 32, "threads"))
        if progress is not None:
            self._set_progress(progress)
        self._set_bounds(limits, cancel)

    def _set_progress(self, progress: Progress) -> None:
        raised = self._raised

        def receive(_user: Optional[int], done: int, total: int) -> int:
            try:
                progress(done, total)
                return 0
            except BaseException as error:  # nothing may pass through the native frames
                raised.error = error
                return 1

        self._progress = _native.ProgressFn(receive)
        self._set("set_progress", self._progress, None)

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """Around a run: what the progress function raised comes out in place of what that led to."""
        self._raised.error = None
        try:
            yield
        except CancelledError:
            error: Optional[BaseException] = self._raised.error
            self._raised.error = None
            if error is not None:
                raise error from None
            raise

    @overload
    def run(
        self,
        image: Any,
        *,
        width: Optional[int] = None,
        height: Optional[int] = None,
        stride: Optional[Stride] = None,
        format: Optional[PixelFormat] = None,
        out: Literal["bytes"] = "bytes",
    ) -> bytes: ...
    @overload
    def run(
        self,
        image: Any,
        *,
        width: Optional[int] = None,
        height: Optional[int] = None,
        stride: Optional[Stride] = None,
        format: Optional[PixelFormat] = None,
        out: Literal["view"],
    ) -> memoryview: ...

    def run(
        self,
        image: Any,
        *,
        width: Optional[int] = None,
        height: Optional[int] = None,
        stride: Optional[Stride] = None,
        format: Optional[PixelFormat] = None,
        out: Out = "bytes",
    ) -> Union[bytes, memoryview]:
        """The JPEG, as `bytes`, or as a `memoryview` of the library's own memory, which saves a copy."""
        _buffers.check_out(out)
        native, buffer = self._native(), _native.Buffer()
        with _buffers.picture(image, width, height, stride, format) as (kind, view), self._telling():
            _native.call(f"cosimg_encoder_run{kind}", native.pointer, ctypes.byref(view), ctypes.byref(buffer))
        return _buffers.take(buffer, out)

    def run_to(
        self,
        image: Any,
        write: Callable[[bytes], object],
        *,
        width: Optional[int] = None,
        height: Optional[int] = None,
        stride: Optional[Stride] = None,
        format: Optional[PixelFormat] = None,
    ) -> None:
        """Gives the JPEG piece by piece to `write`; what that raises comes out unchanged."""
        native = self._native()
        with _buffers.picture(image, width, height, stride, format) as (kind, view), self._telling():
            _buffers.run_to(
                lambda callback, user: _native.call(
                    f"cosimg_encoder_run{kind}_to", native.pointer, ctypes.byref(view), callback, user
                ),
                write,
            )

    def run_into(
        self,
        image: Any,
        target: Readable,
        *,
        width: Optional[int] = None,
        height: Optional[int] = None,
        stride: Optional[Stride] = None,
        format: Optional[PixelFormat] = None,
    ) -> int:
        """Fills a writable buffer and gives the size of the JPEG; `BufferTooSmallError` says what is `needed`."""
        native = self._native()
        with _buffers.picture(image, width, height, stride, format) as (kind, view), self._telling():
            return _buffers.run_into(
                lambda room, capacity, length: _native.call(
                    f"cosimg_encoder_run{kind}_into", native.pointer, ctypes.byref(view), room, capacity, length
                ),
                target,
            )

    def rows(self, width: int, height: int, format: PixelFormat) -> RowEncoder:
        """Begins a picture whose rows come by and by."""
        return RowEncoder(self, width, height, format)


def transcode(
    data: Readable,
    *,
    coding: Coding = "progressive",
    mode: Mode = "display",
    effort: int = 5,
    max_scans: Optional[int] = None,
    display_allowance: float = 0,
    scans: Optional[str] = None,
    restart: int = 0,
    restart_unit: Restart = "rows",
    quality: Optional[int] = None,
    target_bytes: Optional[int] = None,
    preset: Preset = "balanced",
    strip: Union[Strip, Iterable[Strip]] = "nothing",
    never_larger: bool = False,
    tolerant: bool = False,
    threads: int = 1,
    limits: Optional[Limits] = None,
    cancel: Optional[Cancel] = None,
) -> bytes:
    """JPEG from JPEG, without loss unless a quality or a number of bytes is given; see `Transcoder`."""
    with Transcoder(
        coding=coding,
        mode=mode,
        effort=effort,
        max_scans=max_scans,
        display_allowance=display_allowance,
        scans=scans,
        restart=restart,
        restart_unit=restart_unit,
        quality=quality,
        target_bytes=target_bytes,
        preset=preset,
        strip=strip,
        never_larger=never_larger,
        tolerant=tolerant,
        threads=threads,
        limits=limits,
        cancel=cancel,
    ) as transcoder:
        return transcoder.run(data)


def inspect(data: Readable, *, limits: Optional[Limits] = None) -> dict[str, Any]:
    """What a JPEG is made of, without decoding it: the object that docs/inspect.md describes."""
    bounds = Limits() if limits is None else limits
    native, buffer = bounds._native(), _native.Buffer()
    with _buffers.borrow(data, "data") as source:
        _native.call("cosimg_jpeg_inspect", source, native.pointer, ctypes.byref(buffer))
    said: dict[str, Any] = json.loads(_buffers.take(buffer, "bytes"))
    return said


def encode(
    image: Any,
    *,
    width: Optional[int] = None,
    height: Optional[int] = None,
    stride: Optional[Stride] = None,
    format: Optional[PixelFormat] = None,
    preset: Preset = "balanced",
    quality: int = 85,
    target_bytes: Optional[int] = None,
    target_ssimulacra2: Optional[float] = None,
    subsampling: Subsampling = "4:2:0",
    coding: Coding = "progressive",
    tables: Optional[tuple[Readable, Readable]] = None,
    mode: Optional[Mode] = None,
    scans: Optional[str] = None,
    restart: int = 0,
    restart_unit: Restart = "rows",
    background: Colour = (255, 255, 255),
    dither: bool = False,
    icc_profile: Readable = b"",
    exif: Readable = b"",
    density: Optional[Density] = None,
    comments: Iterable[Readable] = (),
    threads: int = 1,
    progress: Optional[Progress] = None,
    limits: Optional[Limits] = None,
    cancel: Optional[Cancel] = None,
) -> bytes:
    """JPEG from pixels; see `Encoder`."""
    with Encoder(
        preset=preset,
        quality=quality,
        target_bytes=target_bytes,
        target_ssimulacra2=target_ssimulacra2,
        subsampling=subsampling,
        coding=coding,
        tables=tables,
        mode=mode,
        scans=scans,
        restart=restart,
        restart_unit=restart_unit,
        background=background,
        dither=dither,
        icc_profile=icc_profile,
        exif=exif,
        density=density,
        comments=comments,
        threads=threads,
        progress=progress,
        limits=limits,
        cancel=cancel,
    ) as encoder:
        return encoder.run(image, width=width, height=height, stride=stride, format=format)
