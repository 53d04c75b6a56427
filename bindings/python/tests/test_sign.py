"""Signing and verifying, over the table that Rust, C and C++ assert too."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

import cosimg
from conftest import vectors

HOST = "examplebucket-1250000000.cos.ap-shanghai.myqcloud.com"
RULE = "imageMogr2/format/jpg/interlace/1/ignore-error/1"
CREDENTIAL = cosimg.Credential("AKIDexample", "exampleSecretKey")
START = 1_700_000_000

SIGN = vectors("vectors.json")
VERIFY = vectors("verify.json")


@pytest.mark.skipif(SIGN is None, reason="the table is not in a source distribution")
def test_every_row_is_signed_as_it_says() -> None:
    assert len(SIGN["rows"]) > 50
    for row in SIGN["rows"]:
        credential = cosimg.Credential(row["secret_id"], row["secret_key"], row.get("token", ""))
        signer = cosimg.Signer(credential, headers=row["sign_headers"], sign_host=row["sign_host"])
        link = cosimg.Link(
            row["host"],
            row["key"],
            method=row["method"],
            process=row["process"],
            params=[(name, value) for name, value in row["params"]],
            headers=row["headers"],
        )
        times = {"start": row["start"], "end": row["end"]}
        signature = link.sign_headers(signer, **times)
        assert signature.authorization == row["authorization"], row["name"]
        assert signature.http_string == row["http_string"], row["name"]
        assert signature.string_to_sign == row["string_to_sign"], row["name"]
        assert signature.authorization.endswith(signature.hex) and len(signature.hex) == 40
        expected = {"Authorization": row["authorization"]}
        if row.get("token"):
            expected["x-cos-security-token"] = row["token"]
        assert signature.headers == expected, row["name"]
        assert link.sign_url(signer, **times) == row["url"], row["name"]


@pytest.mark.skipif(VERIFY is None, reason="the table is not in a source distribution")
def test_every_row_is_judged_as_it_says() -> None:
    assert len(VERIFY["rows"]) > 20
    verifier = cosimg.Verifier(cosimg.Credential(VERIFY["secret_id"], VERIFY["secret_key"]))
    for row in VERIFY["rows"]:
        request: dict[str, Any] = {**VERIFY["base"], **row}
        if "url" in row:
            verdict = verifier.verify_url(row["url"], method=request["method"], now=row["now"])
        else:
            headers = {**request["headers"], "Authorization": request["authorization"]}
            verdict = verifier.verify_request(request["method"], request["target"], headers, now=row["now"])
        assert (verdict.code or "valid") == row["expect"], row["name"]
        assert bool(verdict) is (row["expect"] == "valid")


def test_a_link_holds_until_anything_is_changed() -> None:
    link = cosimg.Link(HOST, "sample.png", process=RULE, params={"response-cache-control": "max-age=600"})
    url = link.sign_url(cosimg.Signer(CREDENTIAL), start=START, valid=timedelta(minutes=10))
    others = [cosimg.Credential("AKIDother", "otherSecretKey"), CREDENTIAL]
    verifier = cosimg.Verifier(others, strict=True)

    verdict = verifier.verify_url(url, now=START + 1)
    assert verdict and verdict.accepted
    verdict.require()
    assert verdict.secret_id == "AKIDexample"
    assert verdict.key_time == (START, START + 600)
    assert verdict.headers == ["host"]
    assert verdict.params == [
        "imagemogr2%2fformat%2fjpg%2finterlace%2f1%2fignore-error%2f1",
        "response-cache-control",
    ]
    assert (verdict.reason, verdict.code, verdict.http_status) == ("", "", 200)
    with pytest.raises(cosimg.UsageError):
        verdict.xml("/sample.png", "request", "trace")

    late = verifier.verify_url(url, now=START + 601)
    assert not late and late.reason == "expired" and late.http_status == 403 and late.key_time is None
    assert late.code in late.xml("/sample.png", "request", "trace")
    with pytest.raises(cosimg.SignatureError) as caught:
        late.require()
    assert caught.value.code == 600 and caught.value.field == "expired"

    for changed in (url.replace("interlace", "interlac"), url.replace("sample.png", "other.png"), url + "&x=1"):
        assert not verifier.verify_url(changed, now=START + 1), changed
    assert not verifier.verify_url(url, method="PUT", now=START + 1)


def test_times() -> None:
    moment = datetime.fromtimestamp(START, timezone.utc)
    signer, link = cosimg.Signer(CREDENTIAL), cosimg.Link(HOST, "key")
    expected = link.sign_url(signer, start=START, end=START + 600)
    assert link.sign_url(signer, start=moment) == expected
    assert link.sign_url(signer, start=moment, valid=600) == expected
    assert link.sign_url(signer, start=START, end=moment + timedelta(minutes=10)) == expected
    assert cosimg.verify_url(link.sign_url(signer), secret_id="AKIDexample", secret_key="exampleSecretKey")
    with pytest.raises(cosimg.UsageError, match="time zone"):
        link.sign_url(signer, start=datetime.fromtimestamp(START))
    for window in ({"start": START, "end": START}, {"start": -1}, {"start": 2**70}, {"start": START, "valid": -601}):
        with pytest.raises(cosimg.UsageError):
            link.sign_url(signer, **window)


def test_one_call() -> None:
    secrets = {"secret_id": "AKIDexample", "secret_key": "exampleSecretKey"}
    url = cosimg.sign_url(HOST, "/sample.png", process=[RULE, "watermark/2/text/YQ=="], start=START, **secrets)
    assert url.startswith(f"https://{HOST}/sample.png?q-sign-algorithm=sha1&q-ak=AKIDexample&")
    verdict = cosimg.verify_url(url, now=START, strict=True, **secrets)
    assert verdict and len(verdict.params) == 2


def test_many_keys_in_one_call() -> None:
    signer = cosimg.Signer(CREDENTIAL)
    keys = [f"{prefix}{n}.png" for n in range(50) for prefix in ("", "/", "图 ", "a//", "%2e/")] + [""]
    link = cosimg.Link(HOST, "any", process=RULE)
    one_by_one = [cosimg.Link(HOST, key, process=RULE).sign_url(signer, start=START) for key in keys]
    for threads in (1, 3, 1 << 40):
        assert link.sign_urls(signer, keys, start=START, threads=threads) == one_by_one
        assert link.sign_urls(signer, (key for key in keys), start=START, threads=threads) == one_by_one
    assert link.sign_urls(signer, [], start=START) == []


@pytest.mark.parametrize("bad", ["a\nb", "..", "\t", "\x00"])
def test_the_first_key_that_cannot_be_signed_is_named(bad: str) -> None:
    signer = cosimg.Signer(CREDENTIAL)
    with pytest.raises(cosimg.UsageError) as caught:
        cosimg.Link(HOST, "any").sign_urls(signer, ["a", "b", bad, ".."], start=START)
    assert caught.value.field in ("keys[2]", "keys")
    with pytest.raises(cosimg.UsageError) as caught:
        cosimg.Link(HOST, "any").sign_urls(signer, ["a"], start=START, threads=0)
    assert caught.value.field == "threads"


def test_which_headers_are_signed() -> None:
    link = cosimg.Link(HOST, "key", headers=[("x-a", "1"), ("x-b", "2")])
    signed = {
        headers: link.sign_headers(cosimg.Signer(CREDENTIAL, headers=headers, sign_host=False), start=START)
        for headers in ("all", "none", ("x-b",))
    }
    assert "q-header-list=x-a;x-b&" in signed["all"].authorization
    assert "q-header-list=&" in signed["none"].authorization
    assert "q-header-list=x-b&" in signed[("x-b",)].authorization


def test_secrets_are_not_shown() -> None:
    credential = cosimg.Credential("AKIDexample", "verySecretKey", "verySecretToken")
    signer = cosimg.Signer(credential)
    assert "verySecret" not in repr(credential) + repr(signer) + str(vars(signer))
    with pytest.raises(cosimg.UsageError) as caught:
        cosimg.Signer(cosimg.Credential("AKIDexample", "verySecretKey\0"))
    assert "verySecret" not in repr(caught.value) + str(caught.value)
