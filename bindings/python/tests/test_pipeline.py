"""Rules carried out on bytes."""

from __future__ import annotations

import pytest

import cosimg
from conftest import frame_marker

RULE = "imageMogr2/format/jpg/interlace/1"


def test_png_becomes_a_progressive_jpeg(png: bytes) -> None:
    answer = cosimg.Processor(default_quality=90).run(png, RULE)
    assert isinstance(answer.data, bytes) and frame_marker(answer.data) == 0xC2
    assert (answer.format, answer.content_type, answer.ignored) == ("jpg", "image/jpeg", None)
    assert cosimg.sniff(answer.data) == "jpg" and cosimg.sniff(png) == "png" and cosimg.sniff(b"") is None
    assert len(cosimg.Processor(default_quality=20).run(png, RULE).data) < len(answer.data)


def test_interlace_alone_is_lossless(baseline: bytes) -> None:
    assert cosimg.process(baseline, "imageMogr2/interlace/1") == cosimg.transcode(baseline)


def test_three_ways_out(png: bytes) -> None:
    processor = cosimg.Processor()
    expected = processor.run(png, RULE)
    pieces: list[bytes] = []
    streamed = processor.run_to(png, RULE, pieces.append)
    assert b"".join(pieces) == expected.data
    assert (streamed.data, streamed.format) == (b"", "jpg")
    room = bytearray(len(expected.data))
    assert processor.run_into(png, RULE, room) == len(room) and room == expected.data
    with pytest.raises(cosimg.BufferTooSmallError) as caught:
        processor.run_into(png, RULE, bytearray(1))
    assert caught.value.needed == len(room)


def test_ignore_error_gives_the_source_and_the_reason(baseline: bytes) -> None:
    damaged = baseline[: len(baseline) // 2]
    with pytest.raises(cosimg.InputError):
        cosimg.process(damaged, RULE)
    answer = cosimg.Processor().run(damaged, RULE + "/ignore-error/1")
    assert answer.data == damaged
    assert isinstance(answer.ignored, cosimg.InputError)


def test_what_is_refused(png: bytes) -> None:
    with pytest.raises(cosimg.Error) as caught:
        cosimg.process(png, "imageMogr2/interlace/7")
    assert isinstance(caught.value, (cosimg.InputError, cosimg.UsageError)) and caught.value.offset is not None
    with pytest.raises(cosimg.UnsupportedError):
        cosimg.process(png, "imageMogr2/format/heif")
    with pytest.raises(cosimg.LimitError) as over:
        cosimg.Processor(limits=cosimg.Limits(input_bytes=10)).run(png, RULE)
    assert over.value.field == "input_bytes"
    with pytest.raises(cosimg.InputError):
        cosimg.process(b"no image", RULE)
