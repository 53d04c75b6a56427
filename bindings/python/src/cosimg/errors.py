"""Exceptions, one class for each block of the library's status codes: who has to act."""

from __future__ import annotations

from typing import Optional


class Error(Exception):
    """Base of all. `code` is the status code; `field` and `offset` say what the error is about, where that is known."""

    def __init__(self, message: str, code: int, field: Optional[str] = None, offset: Optional[int] = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.field = field
        self.offset = offset

    def __str__(self) -> str:
        place = [self.field] if self.field else []
        if self.offset is not None:
            place.append(f"at byte {self.offset}")
        return f"{self.message} ({', '.join(place)})" if place else self.message

    def __reduce__(self) -> tuple[type[Error], tuple[str, int, Optional[str], Optional[int]]]:
        return type(self), (self.message, self.code, self.field, self.offset)


class InputError(Error, ValueError):
    """The bytes handed in are malformed, truncated or contradictory."""


class UsageError(Error, ValueError):
    """An argument is out of range, missing, or contradicts another."""


class BufferTooSmallError(UsageError):
    """The result does not fit; `needed` is its size."""

    needed: int = 0


class UnsupportedError(Error):
    """Understood, but not carried out here; the message names what is missing."""


class LimitError(Error):
    """The work would pass a bound of `Limits`; `field` names the bound."""


class CancelledError(Error):
    """The caller asked to stop."""


class SignatureError(Error):
    """A signature does not hold."""


class SinkError(Error, OSError):
    """A sink or source of the caller's failed."""


class InternalError(Error):
    """A fault in the library."""


_KINDS: dict[int, type[Error]] = {
    1: InputError,
    2: UsageError,
    3: UnsupportedError,
    4: LimitError,
    5: CancelledError,
    6: SignatureError,
    7: SinkError,
    9: InternalError,
}
USAGE = 200
BUFFER_TOO_SMALL = 205


def of_code(code: int) -> type[Error]:
    """The class for a status code; a code of a block that this package does not know is an `Error`."""
    return BufferTooSmallError if code == BUFFER_TOO_SMALL else _KINDS.get(code // 100, Error)


def usage(field: str, message: str) -> UsageError:
    """A fault that is found before the library is asked."""
    return UsageError(message, USAGE, field)
