"""Objects are shared between threads, the GIL is free meanwhile, and `close` pulls nothing away."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import cosimg
from conftest import HEIGHT, WIDTH

LARGE = 800


@pytest.fixture(scope="module")
def large() -> bytes:
    row = bytes((x * y) & 255 for x in range(LARGE) for y in (1, 3, 7))
    return b"".join(bytes((value + y) & 255 for value in row) for y in range(LARGE))


def test_shared_objects_give_the_same_everywhere(baseline: bytes, pixels: bytes) -> None:
    transcoder, encoder = cosimg.Transcoder(), cosimg.Encoder()
    signer = cosimg.Signer(cosimg.Credential("id", "key"))
    link = cosimg.Link("host.example", "key", process="imageMogr2/interlace/1")

    def work(_: int) -> tuple[bytes, bytes, str]:
        encoded = encoder.run(pixels, width=WIDTH, height=HEIGHT, format="rgb")
        return transcoder.run(baseline), encoded, link.sign_url(signer, start=1_700_000_000)

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(work, range(64)))) == 1


def test_the_gil_is_free_during_a_call(large: bytes) -> None:
    ticks = 0
    done = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not done.is_set():
            ticks += 1
            time.sleep(0.0005)

    ticker = threading.Thread(target=tick)
    with cosimg.Encoder(quality=95) as encoder:
        ticker.start()
        before = ticks
        started = time.perf_counter()
        while time.perf_counter() - started < 0.2:
            encoder.run(large, width=LARGE, height=LARGE, format="rgb")
        during = ticks - before
        done.set()
    ticker.join()
    # With the GIL held, the other thread would only run between the calls.
    assert during > 10


def test_closing_in_another_thread_waits_for_the_call(large: bytes) -> None:
    for _ in range(3):
        encoder = cosimg.Encoder(quality=95)
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(encoder.run, large, width=LARGE, height=LARGE, format="rgb")
            time.sleep(0.005)
            encoder.close()
            try:
                assert running.result()[:2] == b"\xff\xd8"
            except cosimg.UsageError as error:
                assert "closed" in str(error)  # it came too late


def test_cancelling_from_another_thread(large: bytes) -> None:
    cancel = cosimg.Cancel()
    encoder = cosimg.Encoder(quality=95, cancel=cancel)

    def until_cancelled() -> None:
        while True:
            encoder.run(large, width=LARGE, height=LARGE, format="rgb")

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(until_cancelled)
        time.sleep(0.02)
        cancel.trigger()
        with pytest.raises(cosimg.CancelledError):
            running.result()
