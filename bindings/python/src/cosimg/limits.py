"""Bounds on what a call may cost, and the flag that stops it."""

from __future__ import annotations

from typing import Literal, Optional

from . import _native

Profile = Literal["default", "intl-2024", "intl-2025", "cn-current"]
_PROFILES = {"default": 0, "intl-2024": 1, "intl-2025": 2, "cn-current": 3}
_BITS = {"side": 32, "result_side": 32, "scans": 32, "stages": 32}


class Limits(_native.Object):
    """A profile, with single bounds changed by name.

    `"default"` is the library's own: 2 GiB of working memory, 65,500 a side, 1,000 scans. The others are the documented
    limits of Cloud Infinite. Passing a bound raises `LimitError`, whose `field` is the bound's name here.

    :param input_bytes: bytes of a source
    :param side: width and height of a source
    :param pixels: width times height of a source, times its frames where it is animated
    :param result_side: width and height of a result
    :param scans: scans of a JPEG
    :param block_visits: visits of blocks of a JPEG: scans times blocks as it is read, where one of an arithmetic-coded
        scan counts once for each coefficient of its band; as many again, and 1,024 for each byte of the source, as the
        result is made, where a block counts once for each scan that is prepared, and 64 times where it is
        requantised; scans times blocks of a script of one's own
    :param memory: bytes of working memory, output included, input not
    :param stages: stages of a processing rule
    """

    _noun = "limits"

    def __init__(
        self,
        profile: Profile = "default",
        *,
        input_bytes: Optional[int] = None,
        side: Optional[int] = None,
        pixels: Optional[int] = None,
        result_side: Optional[int] = None,
        scans: Optional[int] = None,
        block_visits: Optional[int] = None,
        memory: Optional[int] = None,
        stages: Optional[int] = None,
    ) -> None:
        bounds = {
            "input_bytes": input_bytes,
            "side": side,
            "pixels": pixels,
            "result_side": result_side,
            "scans": scans,
            "block_visits": block_visits,
            "memory": memory,
            "stages": stages,
        }
        self._make("cosimg_limits_new", _native.number(_PROFILES, profile, "profile"))
        for name, bound in bounds.items():
            if bound is not None:
                self._set(f"set_{name}", _native.natural(bound, _BITS.get(name, 64), name))


class Cancel(_native.Object):
    """A flag that any thread may raise to stop the calls that were told of it."""

    _noun = "cancel"

    def __init__(self) -> None:
        self._make("cosimg_cancel_new")

    def trigger(self) -> None:
        """Raises the flag, for good: the calls raise `CancelledError`."""
        native = self._native()
        _native.call("cosimg_cancel_trigger", native.pointer)
