"""Thousands of calls, right and wrong, leave the memory where it was."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import pytest

import cosimg
from conftest import HEIGHT, WIDTH

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def resident() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def grows(call: object, rounds: int) -> int:
    """Bytes by which `rounds` calls make the process larger, after as many again to warm up."""
    for _ in range(rounds):
        call()  # type: ignore[operator]
    before = resident()
    for _ in range(rounds):
        call()  # type: ignore[operator]
    return resident() - before


def test_no_call_leaks(baseline: bytes, pixels: bytes) -> None:
    signer = cosimg.Signer(cosimg.Credential("AKIDexample", "exampleSecretKey" * 50))
    transcoder, encoder = cosimg.Transcoder(), cosimg.Encoder()
    # A leak of one object or message a call would show as 3,000 times 100 bytes or more.
    allowed = 200_000

    def sign() -> None:
        link = cosimg.Link("host.example", "key" * 30, process="imageMogr2/interlace/1", headers={"x-a": "1" * 100})
        url = link.sign_url(signer, start=1)
        assert not cosimg.verify_url(url, secret_id="other", secret_key="other", now=2)

    def fail() -> None:
        for use in (
            lambda: transcoder.run(b"no JPEG" * 20),
            lambda: cosimg.Link("host.example", "\0" * 100),
            lambda: cosimg.Link("host.example", "key", process="imageMogr2/interlace/7"),
            lambda: encoder.rows(WIDTH, HEIGHT, "rgb").push(pixels + b"1"),
            lambda: encoder.run([pixels, pixels], width=WIDTH, height=HEIGHT, format="nv12"),
        ):
            with pytest.raises(cosimg.Error):
                use()

    def code() -> None:
        view = transcoder.run(baseline, out="view")
        transcoder.run_to(view, len)
        cosimg.encode(pixels, width=WIDTH, height=HEIGHT, format="rgb")
        reds = memoryview(pixels)[: WIDTH * HEIGHT]
        encoder.run([reds, reds, reds], width=WIDTH, height=HEIGHT, format="rgb-planar")
        # Finished, kept because it did not fit, and let go in the middle.
        whole, kept, begun = (encoder.rows(WIDTH, HEIGHT, "rgb") for _ in range(3))
        whole.push(pixels)
        whole.finish()
        kept.push(pixels)
        with pytest.raises(cosimg.BufferTooSmallError):
            kept.finish_into(bytearray(1))
        begun.push(pixels[:1000])

    assert grows(sign, 3000) < allowed
    assert grows(fail, 1000) < allowed
    assert grows(code, 200) < allowed


def test_a_view_that_is_dropped_is_freed(baseline: bytes) -> None:
    transcoder = cosimg.Transcoder()
    size = len(transcoder.run(baseline))
    rounds = 40_000_000 // size // 20
    assert grows(lambda: transcoder.run(baseline, out="view"), rounds) < rounds * size // 4
