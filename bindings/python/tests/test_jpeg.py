"""Encoding and transcoding."""

from __future__ import annotations

import struct

import pytest

import cosimg
from conftest import HEIGHT, WIDTH, frame_marker

SIZE = {"width": WIDTH, "height": HEIGHT, "format": "rgb"}


def test_transcoding_loses_nothing(baseline: bytes) -> None:
    progressive = cosimg.transcode(baseline)
    assert frame_marker(baseline) == 0xC0 and frame_marker(progressive) == 0xC2
    assert cosimg.transcode(progressive, coding="baseline") == baseline


def test_three_ways_out(baseline: bytes, pixels: bytes) -> None:
    transcoder, encoder = cosimg.Transcoder(), cosimg.Encoder()
    for expected, run_to, run_into in (
        (
            transcoder.run(baseline),
            lambda write: transcoder.run_to(baseline, write),
            lambda target: transcoder.run_into(baseline, target),
        ),
        (
            encoder.run(pixels, **SIZE),
            lambda write: encoder.run_to(pixels, write, **SIZE),
            lambda target: encoder.run_into(pixels, target, **SIZE),
        ),
    ):
        pieces: list[bytes] = []
        run_to(pieces.append)
        assert b"".join(pieces) == expected
        room = bytearray(len(expected) + 3)
        assert run_into(room) == len(expected)
        assert room == expected + b"\0\0\0"
        with pytest.raises(cosimg.BufferTooSmallError) as caught:
            run_into(bytearray(10))
        assert caught.value.needed == len(expected)


def test_what_a_sink_raises_comes_out(baseline: bytes) -> None:
    class Full(Exception):
        pass

    def write(_: bytes) -> None:
        raise Full("the disk is full")

    with pytest.raises(Full):
        cosimg.Transcoder().run_to(baseline, write)

    def interrupt(_: bytes) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cosimg.Transcoder().run_to(baseline, interrupt)


def test_threads_and_progress(pixels: bytes) -> None:
    plain = cosimg.encode(pixels, **SIZE)
    told: list[tuple[int, int]] = []
    assert cosimg.encode(pixels, threads=2, progress=lambda *part: told.append(part), **SIZE) == plain
    done = [part for part, _ in told]
    assert len({total for _, total in told}) == 1 and done == sorted(set(done)) and done[-1] == told[0][1]

    class Enough(Exception):
        pass

    def stop(_done: int, _total: int) -> None:
        raise Enough

    pieces: list[bytes] = []
    encoder = cosimg.Encoder(progress=stop)
    with pytest.raises(Enough):
        encoder.run(pixels, **SIZE)
    with pytest.raises(Enough):
        encoder.run_to(pixels, pieces.append, **SIZE)
    assert not pieces


def test_options_of_the_encoder(pixels: bytes) -> None:
    sizes = [len(cosimg.encode(pixels, quality=quality, **SIZE)) for quality in (10, 50, 95)]
    assert sizes == sorted(sizes) and sizes[0] < sizes[2]
    full = cosimg.encode(pixels, subsampling="4:4:4", **SIZE)
    half = cosimg.encode(pixels, subsampling="4:2:0", **SIZE)
    assert len(half) < len(full)
    assert cosimg.encode(pixels, subsampling="auto", **SIZE) in (half, full)
    assert frame_marker(cosimg.encode(pixels, coding="baseline", **SIZE)) == 0xC0
    clear = bytes(4 * 4 * 4)
    over_black = cosimg.encode(clear, width=4, height=4, format="rgba", background=(0, 0, 0))
    assert over_black == cosimg.encode(bytes(4 * 4 * 3), width=4, height=4, format="rgb")
    over_white = cosimg.encode(clear, width=4, height=4, format="rgba")
    assert over_white == cosimg.encode(b"\xff" * (4 * 4 * 3), width=4, height=4, format="rgb")


def test_every_option_of_the_encoder_arrives(pixels: bytes) -> None:
    plain = cosimg.encode(pixels, **SIZE)
    file = cosimg.encode(pixels, density=("per inch", 300, 150), comments=[b"one", b"two"], **SIZE)
    assert b"JFIF\0\x01\x01\x01\x01\x2c\0\x96" in file
    assert b"\xff\xfe\0\x05one\xff\xfe\0\x05two" in file
    assert len(cosimg.encode(pixels, tables=(bytes([90] * 64), bytes([99] * 64)), **SIZE)) < len(plain)
    for mode in ("display", "fast", "small"):
        assert cosimg.encode(pixels, mode=mode, **SIZE) == cosimg.transcode(plain, mode=mode)
    gradient = b"".join(struct.pack("<H", 20000 + 16 * x) for _ in range(64) for x in range(64))
    deep = {"width": 64, "height": 64, "format": "gray16", "quality": 100}
    assert cosimg.encode(gradient, dither=True, **deep) != cosimg.encode(gradient, **deep)
    for wrong in (
        {"density": ("per inch", 0, 1)},
        {"density": ("per mile", 1, 1)},
        {"tables": (b"\x01" * 63, b"\x01" * 64)},
        {"tables": (b"\x01" * 64, b"\0" * 64)},
        {"mode": "tiny"},
    ):
        with pytest.raises(cosimg.UsageError):
            cosimg.encode(pixels, **SIZE, **wrong)


def test_embedded_blocks_stay_until_they_are_stripped(pixels: bytes) -> None:
    exif = b"II*\0\x08\0\0\0\0\0\0\0\0\0"
    with_exif = cosimg.encode(pixels, exif=exif, coding="baseline", **SIZE)
    assert b"Exif\0\0" + exif in with_exif
    assert exif in cosimg.transcode(with_exif)
    without = cosimg.transcode(with_exif, strip="safe", coding="baseline")
    assert exif not in without and without == cosimg.encode(pixels, coding="baseline", **SIZE)


def test_damaged_input(baseline: bytes) -> None:
    for data in (b"", b"no JPEG", baseline[: len(baseline) // 2], baseline[:3]):
        with pytest.raises(cosimg.InputError):
            cosimg.transcode(data)


def test_limits_and_cancel(baseline: bytes) -> None:
    with pytest.raises(cosimg.LimitError) as caught:
        cosimg.transcode(baseline, limits=cosimg.Limits(side=WIDTH - 1))
    assert caught.value.field == "side"
    assert cosimg.transcode(baseline, limits=cosimg.Limits("intl-2024", side=WIDTH))
    cancel = cosimg.Cancel()
    transcoder = cosimg.Transcoder(cancel=cancel)
    assert transcoder.run(baseline)
    cancel.trigger()
    cancel.close()
    with pytest.raises(cosimg.CancelledError):
        transcoder.run(baseline)


def test_kinds_of_metadata_are_left_out_by_name(pixels: bytes) -> None:
    exif = b"II*\0\x08\0\0\0\0\0\0\0\0\0"
    source = cosimg.encode(pixels, exif=exif, icc_profile=b"a profile", **SIZE)
    kinds = lambda strip: [m["kind"] for m in cosimg.inspect(cosimg.transcode(source, strip=strip))["metadata"]]
    assert kinds("nothing") == kinds([]) == kinds(["xmp", "comments"]) == ["JFIF", "Exif", "ICC"]
    assert kinds("exif") == kinds("safe") == ["JFIF", "ICC"]
    assert kinds(("safe", "icc")) == kinds("all") == ["JFIF"]
    for wrong in ("everything", ["exif", "Exif"], [1]):
        with pytest.raises(cosimg.UsageError) as caught:
            cosimg.Transcoder(strip=wrong)  # type: ignore[arg-type]
        assert caught.value.field == "strip"


def test_the_smaller_coding_and_no_more_than_the_source(baseline: bytes) -> None:
    codings = [cosimg.transcode(baseline, coding=coding) for coding in ("progressive", "baseline", "smaller")]
    assert codings[2] in codings[:2] and len(codings[2]) == min(map(len, codings))
    fast = cosimg.transcode(baseline, mode="fast")
    assert fast != codings[0] and cosimg.transcode(fast) == codings[0]
    assert cosimg.transcode(baseline, threads=2) == codings[0]
    with pytest.raises(cosimg.UsageError):
        cosimg.Transcoder(threads=0)
    tiny = cosimg.encode(b"\x80", width=1, height=1, format="gray", coding="baseline")
    kept = cosimg.Transcoder(never_larger=True).run_and_report(tiny)
    assert kept == (tiny, True, 0, ())
    assert len(cosimg.transcode(tiny)) > len(tiny) == len(cosimg.transcode(tiny, never_larger=True))


def test_damages_are_told(baseline: bytes) -> None:
    cut = baseline[: len(baseline) // 2]
    data, kept_source, damages, listed = cosimg.Transcoder(tolerant=True).run_and_report(cut)
    assert damages == len(listed) > 0 and not kept_source
    assert all(isinstance(damage, cosimg.InputError) and damage.offset is not None for damage in listed)
    assert cosimg.inspect(data)["complete"]
    assert cosimg.transcode(cut, tolerant=True) == data
    whole = cosimg.Transcoder(tolerant=True).run_and_report(baseline)
    assert whole == (cosimg.transcode(baseline), False, 0, ())


def test_inspection(pixels: bytes) -> None:
    source = cosimg.encode(pixels, quality=85, coding="baseline", **SIZE)
    said = cosimg.inspect(source)
    assert (said["schema"], said["bytes"], said["process"]) == (1, len(source), "baseline")
    assert (said["width"], said["height"], said["color"]) == (WIDTH, HEIGHT, "YCbCr")
    # Our own tables are not libjpeg's.
    assert all(said["quality"][part]["deviation"] > 0.1 for part in ("luma", "chroma"))
    with pytest.raises(cosimg.InputError):
        cosimg.inspect(b"no JPEG")
    with pytest.raises(cosimg.LimitError):
        cosimg.inspect(source, limits=cosimg.Limits(input_bytes=10))


def test_a_number_of_bytes_to_keep_to(pixels: bytes) -> None:
    whole = cosimg.encode(pixels, quality=95, **SIZE)
    half = cosimg.encode(pixels, quality=95, target_bytes=len(whole) // 2, **SIZE)
    assert len(whole) // 4 < len(half) <= len(whole) // 2
    assert cosimg.encode(pixels, quality=95, target_bytes=len(whole), **SIZE) == whole
    with pytest.raises(cosimg.LimitError) as caught:
        cosimg.encode(pixels, target_bytes=0, **SIZE)
    assert caught.value.field == "target_bytes"
    for wrong in (-1, 1 << 64):
        with pytest.raises(cosimg.UsageError):
            cosimg.encode(pixels, target_bytes=wrong, **SIZE)
        with pytest.raises(cosimg.UsageError):
            cosimg.transcode(whole, target_bytes=wrong)
    lossless = cosimg.transcode(whole)
    assert cosimg.transcode(whole, target_bytes=len(lossless)) == lossless
    assert len(cosimg.transcode(whole, target_bytes=len(lossless) // 2)) <= len(lossless) // 2


def test_a_score_to_reach(pixels: bytes) -> None:
    low = cosimg.encode(pixels, target_ssimulacra2=50, subsampling="auto", **SIZE)
    high = cosimg.encode(pixels, target_ssimulacra2=80.5, subsampling="auto", **SIZE)
    assert len(low) < len(high)
    # Its blue is all noise, which is lost in halved chroma at any quality.
    with pytest.raises(cosimg.LimitError) as unreached:
        cosimg.encode(pixels, target_ssimulacra2=50, **SIZE)
    assert unreached.value.field == "target_ssimulacra2"
    for wrong in (-1, 100.5, float("nan")):
        with pytest.raises(cosimg.UsageError) as caught:
            cosimg.encode(pixels, target_ssimulacra2=wrong, **SIZE)
        assert caught.value.field == "target_ssimulacra2"


def test_coarser_coefficients(pixels: bytes) -> None:
    source = cosimg.encode(pixels, quality=95, **SIZE)
    coarse = cosimg.transcode(source, quality=40, preset="fast")
    assert len(coarse) < len(source)
    assert cosimg.transcode(coarse, quality=40, preset="fast") == coarse
    for wrong in ({"quality": 0}, {"quality": 101}, {"quality": 296}, {"quality": 50, "preset": "tiny"}, {"preset": ""}):
        with pytest.raises(cosimg.UsageError):
            cosimg.transcode(source, **wrong)  # type: ignore[arg-type]


def test_modes_and_scans(pixels: bytes) -> None:
    source = cosimg.encode(pixels, coding="baseline", **SIZE)
    sizes = {mode: len(cosimg.transcode(source, mode=mode, effort=9)) for mode in ("display", "fast", "small")}
    assert sizes["small"] <= sizes["fast"]
    script = "0 1 2: 0-0, 0, 0; 0: 1-63, 0, 0; 1: 1-63, 0, 0; 2: 1-63, 0, 0;"
    scans = cosimg.inspect(cosimg.transcode(source, scans=script))["scans"]
    assert len(scans) == 4
    few = cosimg.transcode(source, mode="small", effort=9, max_scans=8)
    assert len(cosimg.inspect(few)["scans"]) <= 8 and len(few) >= sizes["small"]
    assert cosimg.encode(pixels, scans=script, **SIZE) == cosimg.transcode(cosimg.encode(pixels, **SIZE), scans=script)
    for unfit in ("0 1 2: 5", "0; 1;"):
        with pytest.raises(cosimg.UsageError):
            cosimg.encode(pixels, scans=unfit, **SIZE)
    for wrong in ({"effort": 0}, {"effort": 10}, {"max_scans": 7}, {"max_scans": 101}, {"display_allowance": -1.0}):
        with pytest.raises(cosimg.UsageError):
            cosimg.transcode(source, **wrong)  # type: ignore[arg-type]
    for wrong in ({"scans": "0 1 2: 5"}, {"mode": "tiny"}):
        with pytest.raises(cosimg.UsageError):
            cosimg.transcode(source, **wrong)  # type: ignore[arg-type]


def test_restart_intervals(pixels: bytes) -> None:
    plain = cosimg.encode(pixels, **SIZE)
    assert cosimg.inspect(plain)["restart_interval"] == 0
    for file in (
        cosimg.encode(pixels, restart=4, restart_unit="mcus", **SIZE),
        cosimg.transcode(plain, restart=4, restart_unit="mcus"),
    ):
        assert cosimg.inspect(file)["restart_interval"] == 4
        assert cosimg.transcode(file) == cosimg.transcode(plain)
    for wrong in ({"restart": -1}, {"restart": 65536}, {"restart": 1, "restart_unit": "blocks"}):
        with pytest.raises(cosimg.UsageError):
            cosimg.transcode(plain, **wrong)  # type: ignore[arg-type]


def test_the_quality_that_libjpeg_was_told(pixels: bytes) -> None:
    images = pytest.importorskip("PIL.Image")
    import io

    file = io.BytesIO()
    images.frombytes("RGB", (SIZE["width"], SIZE["height"]), pixels).save(file, "JPEG", quality=85)
    exact = {"quality": 85, "deviation": 0}
    assert cosimg.inspect(file.getvalue())["quality"] == {"luma": exact, "chroma": exact}
