"""Exceptions by kind, arguments that cannot be meant, and what happens after `close`."""

from __future__ import annotations

import pickle

import pytest

import cosimg
from cosimg import errors


def test_kinds() -> None:
    classes = {
        100: cosimg.InputError,
        202: cosimg.UsageError,
        205: cosimg.BufferTooSmallError,
        300: cosimg.UnsupportedError,
        400: cosimg.LimitError,
        500: cosimg.CancelledError,
        600: cosimg.SignatureError,
        700: cosimg.SinkError,
        901: cosimg.InternalError,
        12345: cosimg.Error,
    }
    for code, kind in classes.items():
        assert errors.of_code(code) is kind and issubclass(kind, cosimg.Error)
    assert issubclass(cosimg.UsageError, ValueError) and issubclass(cosimg.SinkError, OSError)


def test_an_error_says_where() -> None:
    with pytest.raises(cosimg.Error) as caught:
        cosimg.Link("host.example", "key", process="imageMogr2/interlace/7")
    error = caught.value
    assert error.code >= 100 and error.offset is not None and f"at byte {error.offset}" in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.args, again.code, again.field, again.offset) == (
        type(error),
        error.args,
        error.code,
        error.field,
        error.offset,
    )
    with pytest.raises(cosimg.UsageError) as caught_nul:
        cosimg.Link("host.example", "a\0b")
    assert (caught_nul.value.code, caught_nul.value.field, caught_nul.value.offset) == (202, "key", 1)


@pytest.mark.parametrize(
    "call",
    [
        lambda: cosimg.Encoder(quality=0),
        lambda: cosimg.Encoder(quality=101),
        lambda: cosimg.Encoder(quality=2**32 + 50),
        lambda: cosimg.Encoder(quality=-(2**31) - 206),
        lambda: cosimg.Encoder(subsampling="4:1:1"),
        lambda: cosimg.Encoder(coding="lossless"),
        lambda: cosimg.Encoder(background=(0, 0, 256)),
        lambda: cosimg.Encoder(background=(-1, 0, 0)),
        lambda: cosimg.Transcoder(strip="everything"),
        lambda: cosimg.Transcoder(coding=["progressive"]),
        lambda: cosimg.Limits("none"),
        lambda: cosimg.Limits(side=-1),
        lambda: cosimg.Limits(side=2**32),
        lambda: cosimg.Limits(memory=2**64),
        lambda: cosimg.Processor(default_quality=0),
        lambda: cosimg.Signer(cosimg.Credential("", "key")),
        lambda: cosimg.Signer(cosimg.Credential("id", "")),
        lambda: cosimg.Signer(cosimg.Credential("id", "key"), headers="some"),
        lambda: cosimg.Link("host.example", "\ud800"),
        lambda: cosimg.encode(b"", width=1, height=1, format="rgb"),
        lambda: cosimg.encode(b"abc", width=2**32 + 1, height=1, format="rgb"),
        lambda: cosimg.encode(b"abc", width=1, height=1, format="brg"),
    ],
)
def test_arguments_out_of_range(call: object) -> None:
    with pytest.raises(cosimg.UsageError):
        call()  # type: ignore[operator]


@pytest.mark.parametrize(
    "call",
    [
        lambda: cosimg.Encoder(quality="85"),
        lambda: cosimg.Encoder(quality=85.0),
        lambda: cosimg.Limits(side="1"),
        lambda: cosimg.Link(b"host", "key"),
        lambda: cosimg.Link("host", None),
        lambda: cosimg.process(b"", b"imageMogr2"),
    ],
)
def test_arguments_of_another_type(call: object) -> None:
    with pytest.raises(TypeError):
        call()  # type: ignore[operator]


def test_closed_objects(baseline: bytes) -> None:
    with cosimg.Transcoder() as transcoder:
        assert transcoder.run(baseline) and not transcoder.closed
    assert transcoder.closed
    transcoder.close()
    for use in (lambda: transcoder.run(baseline), transcoder.__enter__):
        with pytest.raises(cosimg.UsageError, match="closed"):
            use()
    limits = cosimg.Limits()
    limits.close()
    with pytest.raises(cosimg.UsageError, match="closed"):
        cosimg.Transcoder(limits=limits)


def test_a_constructor_that_fails_leaves_nothing_behind() -> None:
    for _ in range(100):
        with pytest.raises(cosimg.Error):
            cosimg.Link("host.example", "key", process="imageMogr2/interlace/7")


def test_objects_are_not_pickled() -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(cosimg.Transcoder())
