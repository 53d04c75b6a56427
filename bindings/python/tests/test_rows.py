"""Pictures whose rows come by and by, and pictures whose planes lie apart."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import cosimg
from conftest import HEIGHT, WIDTH

SIZE = {"width": WIDTH, "height": HEIGHT, "format": "rgb"}
ROW = WIDTH * 3
# Of each plane of a format: bytes of a row, and rows of the picture for one of its own.
PLANES = {
    "rgb-planar": ((WIDTH, 1), (WIDTH, 1), (WIDTH, 1)),
    "ycbcr-444": ((WIDTH, 1), (WIDTH, 1), (WIDTH, 1)),
    "ycbcr-422": ((WIDTH, 1), (WIDTH // 2, 1), (WIDTH // 2, 1)),
    "ycbcr-420": ((WIDTH, 1), (WIDTH // 2, 2), (WIDTH // 2, 2)),
    "nv12": ((WIDTH, 1), (WIDTH, 2)),
}


def planes_of(format: str, pixels: bytes) -> list[bytes]:
    return [pixels[i * 500 :][: row * (HEIGHT // down)] for i, (row, down) in enumerate(PLANES[format])]


@pytest.mark.parametrize("batch", [1, 100, ROW - 1, ROW, ROW + 1, 16 * ROW, HEIGHT * ROW])
def test_batches_of_any_size(pixels: bytes, batch: int) -> None:
    encoder = cosimg.Encoder(quality=90)
    with encoder.rows(WIDTH, HEIGHT, "rgb") as picture:
        for at in range(0, len(pixels), batch):
            assert picture.rows_left == HEIGHT - at // ROW
            picture.push(memoryview(pixels)[at : at + batch])
        assert picture.rows_left == 0
        assert picture.finish() == encoder.run(pixels, **SIZE)
    assert picture.closed


def test_rows_with_gaps_and_arrays(pixels: bytes) -> None:
    expected = cosimg.encode(pixels, **SIZE)
    rows = [pixels[at : at + ROW] for at in range(0, len(pixels), ROW)]
    with cosimg.Encoder().rows(WIDTH, HEIGHT, "rgb") as picture:
        picture.push(b"\xaa\xaa".join(rows[:7]), height=7, stride=ROW + 2)
        picture.push(b"".join(rows[7:9]), height=2)
        picture.push(b"".join(rows[9:]))
        assert picture.finish() == expected
    numpy = pytest.importorskip("numpy")
    array = numpy.frombuffer(pixels, dtype=numpy.uint8).reshape(HEIGHT, WIDTH, 3)
    wide = numpy.concatenate([array, array], axis=1)[:, :WIDTH]
    with cosimg.Encoder().rows(WIDTH, HEIGHT, "rgb") as picture:
        for first in range(0, HEIGHT, 9):
            picture.push(wide[first : first + 9])
        assert picture.finish() == expected
    # An array of one dimension is bytes, wherever bytes are taken.
    flat = array.reshape(-1)
    gaps = numpy.frombuffer(b"\xaa\xaa".join(rows[:7]), dtype=numpy.uint8)
    with cosimg.Encoder().rows(WIDTH, HEIGHT, "rgb") as picture:
        picture.push(gaps, height=7, stride=ROW + 2)
        picture.push(flat[7 * ROW : 9 * ROW], height=2)
        picture.push(flat[9 * ROW :])
        assert picture.finish() == expected
    assert cosimg.encode(flat, **SIZE) == expected
    with cosimg.Encoder().rows(WIDTH, HEIGHT, "rgb") as picture:
        with pytest.raises(cosimg.UsageError):
            picture.push(wide[:, 1:])
        with pytest.raises(cosimg.UsageError):
            picture.push(wide, height=HEIGHT)
        with pytest.raises(cosimg.UsageError):
            picture.push(flat[::2], height=2)
        with pytest.raises(cosimg.UsageError):
            picture.push(flat[: 2 * ROW - 1], height=2)
        with pytest.raises(cosimg.UsageError):
            picture.push(wide.astype(numpy.uint16))


def test_three_ways_out(pixels: bytes) -> None:
    encoder = cosimg.Encoder()
    expected = encoder.run(pixels, **SIZE)

    def filled() -> cosimg.RowEncoder:
        picture = encoder.rows(WIDTH, HEIGHT, "rgb")
        picture.push(pixels)
        return picture

    assert filled().finish(out="view") == expected
    pieces: list[bytes] = []
    filled().finish_to(pieces.append)
    assert len(pieces) > 1 and b"".join(pieces) == expected
    picture = filled()
    with pytest.raises(cosimg.BufferTooSmallError) as caught:
        picture.finish_into(bytearray(10))
    room = bytearray(caught.value.needed or 0)
    assert picture.finish_into(room) == len(expected) and room == expected

    class Full(Exception):
        pass

    def write(_: bytes) -> None:
        raise Full

    picture = filled()
    with pytest.raises(Full):
        picture.finish_to(write)
    with pytest.raises(cosimg.UsageError, match="finished"):
        picture.finish()


def test_what_does_not_add_up(pixels: bytes) -> None:
    encoder = cosimg.Encoder()
    picture = encoder.rows(WIDTH, HEIGHT, "rgb")
    picture.push(pixels[:-1])
    for wrong in (pixels, b"ab"):
        with pytest.raises(cosimg.UsageError) as caught:
            picture.push(wrong)
        assert caught.value.field == "data"
    with pytest.raises(cosimg.UsageError, match="missing"):
        picture.finish()
    with pytest.raises(TypeError, match="rows must be bytes-like"):
        picture.push("text")
    with pytest.raises(cosimg.UsageError):
        picture.push(pixels[-1:], stride=3)
    picture.push(pixels[-1:])
    assert picture.finish() == encoder.run(pixels, **SIZE)
    with pytest.raises(cosimg.UsageError, match="finished"):
        picture.finish()
    with pytest.raises(cosimg.UsageError, match="finished"):
        picture.push(b"")
    assert picture.rows_left == 0
    picture.close()
    with pytest.raises(cosimg.UsageError, match="closed"):
        picture.push(b"")
    for size in ((0, 1, "rgb"), (1, -1, "rgb"), (1, 1, "cyan"), (1 << 32, 1, "rgb")):
        with pytest.raises(cosimg.UsageError):
            encoder.rows(*size)  # type: ignore[arg-type]
    with pytest.raises(cosimg.LimitError):
        cosimg.Encoder(limits=cosimg.Limits(side=10)).rows(11, 1, "rgb")


def test_progress_and_cancel(pixels: bytes) -> None:
    told: list[tuple[int, int]] = []
    encoder = cosimg.Encoder(progress=lambda *part: told.append(part))
    picture = encoder.rows(WIDTH, HEIGHT, "rgb")
    encoder.close()
    del encoder
    picture.push(pixels)
    assert told and told[-1][0] < told[-1][1]
    assert picture.finish() == cosimg.encode(pixels, **SIZE)
    assert told[-1][0] == told[-1][1]

    class Enough(Exception):
        pass

    def stop(_done: int, _total: int) -> None:
        raise Enough

    picture = cosimg.Encoder(progress=stop).rows(WIDTH, HEIGHT, "rgb")
    with pytest.raises(Enough):
        picture.push(pixels)
    cancel = cosimg.Cancel()
    picture = cosimg.Encoder(cancel=cancel).rows(WIDTH, HEIGHT, "rgb")
    picture.push(pixels)
    cancel.trigger()
    with pytest.raises(cosimg.CancelledError):
        picture.finish()


def test_one_call_at_a_time(pixels: bytes) -> None:
    refused: list[str] = []

    def again(_done: int, _total: int) -> None:
        for use in (lambda: picture.push(b""), picture.finish, lambda: picture.rows_left):
            try:
                use()  # type: ignore[operator]
            except cosimg.UsageError as error:
                refused.append(str(error))

    picture = cosimg.Encoder(progress=again).rows(WIDTH, HEIGHT, "rgb")
    picture.push(pixels)
    assert len(refused) >= 3 and all("has not ended" in text for text in refused)
    # From thread to thread it may go.
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.append(picture.finish()))
    thread.start()
    thread.join()
    assert found == [cosimg.encode(pixels, **SIZE)]


@pytest.mark.parametrize("format", PLANES)
def test_planes_apart(pixels: bytes, format: Any) -> None:
    size = {"width": WIDTH, "height": HEIGHT, "format": format}
    planes = planes_of(format, pixels)
    encoder = cosimg.Encoder()
    expected = encoder.run(b"".join(planes), **size)
    assert encoder.run(planes, **size) == expected
    gaps = [5 + i for i in range(len(planes))]
    loose, strides = [], []
    for plane, (row, _), gap in zip(planes, PLANES[format], gaps):
        rows = [plane[at : at + row] for at in range(0, len(plane), row)]
        loose.append((b"\xaa" * gap).join(rows))
        strides.append(row + gap)
    assert encoder.run(loose, stride=strides, **size) == expected
    pieces: list[bytes] = []
    encoder.run_to(tuple(loose), pieces.append, stride=strides, **size)
    assert b"".join(pieces) == expected
    room = bytearray(len(expected))
    assert encoder.run_into(planes, room, **size) == len(expected) and room == expected
    shaped = [memoryview(plane).cast("B", (len(plane) // row, row)) for plane, (row, _) in zip(planes, PLANES[format])]
    assert encoder.run(shaped, format=format) == expected

    with encoder.rows(WIDTH, HEIGHT, format) as picture:
        for y in range(0, HEIGHT, 8):
            band = [plane[y // down * row : (y + 8) // down * row] for plane, (row, down) in zip(planes, PLANES[format])]
            picture.push(band, height=8)
        assert picture.finish() == expected
    for wrong in (
        {"stride": strides[:-1]},
        {"stride": [1] * len(planes)},
        {"stride": [-1] * len(planes)},
        {"height": HEIGHT + 2},
        {"width": WIDTH - 2},
        {"format": "rgb"},
        {"format": None},
    ):
        with pytest.raises(cosimg.UsageError):
            encoder.run(planes, **{**size, **wrong})
    for few in (planes[:-1], [*planes[:-1], planes[-1][:-1]], [*planes[:-1], memoryview(planes[-1])[::-1]], []):
        with pytest.raises(cosimg.UsageError):
            encoder.run(few, **size)
    with pytest.raises(TypeError):
        encoder.run(["text"] * len(planes), **size)
    with pytest.raises(cosimg.UsageError):
        encoder.run(b"".join(planes), stride=strides, **size)


def test_planes_of_numpy(pixels: bytes) -> None:
    numpy = pytest.importorskip("numpy")
    luma, chroma = planes_of("nv12", pixels)
    expected = cosimg.encode(luma + chroma, width=WIDTH, height=HEIGHT, format="nv12")
    # A frame in a wider one, as decoders of video give it.
    frame = numpy.zeros((HEIGHT + HEIGHT // 2, 64), dtype=numpy.uint8)
    frame[:HEIGHT, :WIDTH] = numpy.frombuffer(luma, dtype=numpy.uint8).reshape(HEIGHT, WIDTH)
    frame[HEIGHT:, :WIDTH] = numpy.frombuffer(chroma, dtype=numpy.uint8).reshape(HEIGHT // 2, WIDTH)
    planes = [frame[:HEIGHT, :WIDTH], frame[HEIGHT:, :WIDTH]]
    assert cosimg.encode(planes, format="nv12") == expected
    pairs = frame.reshape(HEIGHT + HEIGHT // 2, 32, 2)[HEIGHT:, : WIDTH // 2]
    assert cosimg.encode([planes[0], pairs], format="nv12") == expected
    with cosimg.Encoder().rows(WIDTH, HEIGHT, "nv12") as picture:
        picture.push([planes[0][:12], pairs[:6]])
        with pytest.raises(cosimg.UsageError):
            picture.push([planes[0][12:15], pairs[6:8]])
        picture.push([planes[0][12:], pairs[6:]])
        assert picture.finish() == expected
    for wrong in (
        [planes[0], planes[1][:-1]],
        [planes[0], planes[1][:, ::2]],
        [planes[0], planes[1][::-1]],
        [planes[0], pairs[:, :, ::-1]],
        [planes[0], planes[1].astype(numpy.uint16)],
        [planes[0][:0], planes[1][:0]],
        [planes[0], numpy.uint8(3)],
    ):
        with pytest.raises(cosimg.UsageError):
            cosimg.encode(wrong, format="nv12")
    with pytest.raises(cosimg.UsageError):
        cosimg.encode(planes, format="nv12", stride=64)
