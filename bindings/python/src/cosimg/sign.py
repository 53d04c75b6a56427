"""COS q-sign signatures that cover the processing rule, and their verifier."""

from __future__ import annotations

import ctypes
import time
from ctypes import c_uint64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Iterable, Literal, Mapping, Optional, Sequence, Union

from . import _buffers, _native, errors

HeaderPolicy = Literal["default", "all", "none"]
Time = Union[int, datetime]
Texts = Union[str, Iterable[str]]
Pairs = Union[Mapping[str, str], Iterable[tuple[str, str]]]
_POLICIES = {"default": 0, "all": 1, "none": 2}


@dataclass(frozen=True)
class Credential:
    """SecretId, SecretKey and, for temporary keys, the token. The secrets are not part of its `repr`."""

    secret_id: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)


class Signer(_native.Object):
    """A credential and what of a request it signs.

    :param headers: `"default"` signs what the service's SDKs sign, `"all"`, `"none"`, or the names of those to sign
    :param sign_host: whether Host is signed
    """

    _noun = "signer"

    def __init__(
        self,
        credential: Credential,
        *,
        headers: Union[HeaderPolicy, Iterable[str]] = "default",
        sign_host: bool = True,
    ) -> None:
        self._make("cosimg_signer_new", *_texts(credential))
        if isinstance(headers, str):
            self._set("set_headers", _native.number(_POLICIES, headers, "headers"))
        else:
            self._set("set_header_names", *_buffers.slices(list(headers), "headers"))
        self._set("set_sign_host", int(sign_host))


class Signature(_native.Object):
    """A signature in header form, and the strings it came from. Made by `Link.sign_headers`."""

    _noun = "signature"

    def __init__(self, link: Link, signer: Signer, start: int, end: int) -> None:
        link_native, signer_native = link._native(), signer._native()
        self._make("cosimg_link_sign_headers", link_native.pointer, signer_native.pointer, start, end)

    @property
    def authorization(self) -> str:
        """The value of the `Authorization` header."""
        return self._text("authorization")

    @property
    def http_string(self) -> str:
        """The canonical request: `HttpString` of the documents."""
        return self._text("http_string")

    @property
    def string_to_sign(self) -> str:
        """`StringToSign` of the documents."""
        return self._text("string_to_sign")

    @property
    def hex(self) -> str:
        """The signature itself: 40 hexadecimal digits."""
        return self._text("hex")

    @property
    def headers(self) -> dict[str, str]:
        """All headers to send with the request: `Authorization`, and the token where there is one."""
        native = self._native()
        found = {}
        for index in range(_native.library.cosimg_signature_headers_len(native.pointer)):
            name, value = _native.Slice(), _native.Slice()
            _native.call("cosimg_signature_header", native.pointer, index, ctypes.byref(name), ctypes.byref(value))
            found[_native.slice_text(name)] = _native.slice_text(value)
        return found

    def _text(self, name: str) -> str:
        native = self._native()
        return _native.slice_text(getattr(_native.library, f"cosimg_signature_{name}")(native.pointer))


class Link(_native.Object):
    """A request to sign.

    :param host: as in the Host header: `examplebucket-1250000000.cos.ap-shanghai.myqcloud.com`
    :param key: decoded, as it was uploaded; one leading slash is allowed
    :param process: a processing rule, or several, which the signature covers
    :param params: further query parameters, decoded, which the signature covers
    :param headers: headers that the request will carry; the signer decides whether they are signed
    """

    _noun = "link"

    def __init__(
        self,
        host: str,
        key: str,
        *,
        method: str = "GET",
        process: Texts = (),
        params: Pairs = (),
        headers: Pairs = (),
    ) -> None:
        method_host_key = (
            *_native.text(method, "method"),
            *_native.text(host, "host"),
            *_native.text(key, "key"),
        )
        self._make("cosimg_link_new", *method_host_key)
        for rule in [process] if isinstance(process, str) else process:
            self._set("process", *_native.text(rule, "process"))
        for name, value in _pairs(params):
            self._set("param", *_native.text(name, "params"), *_native.text(value, "params"))
        for name, value in _pairs(headers):
            self._set("header", *_native.text(name, "headers"), *_native.text(value, "headers"))

    def sign_url(
        self,
        signer: Signer,
        *,
        valid: Union[int, timedelta] = 600,
        start: Optional[Time] = None,
        end: Optional[Time] = None,
    ) -> str:
        """The presigned URL, valid for `valid` seconds from `start` on, which is now unless given; or until `end`."""
        window = _window(valid, start, end)
        link_native, signer_native = self._native(), signer._native()
        buffer = _native.Buffer()
        _native.call("cosimg_link_sign_url", link_native.pointer, signer_native.pointer, *window, ctypes.byref(buffer))
        return _buffers.take(buffer, "bytes").decode()

    def sign_urls(
        self,
        signer: Signer,
        keys: Iterable[str],
        *,
        valid: Union[int, timedelta] = 600,
        start: Optional[Time] = None,
        end: Optional[Time] = None,
        threads: int = 1,
    ) -> list[str]:
        """The presigned URLs of many objects, in the order of `keys`; all but the key is that of this link.

        Times as in `sign_url`. The first key that cannot be signed is the error, whose field is `keys[n]`.
        """
        keys = keys if isinstance(keys, (list, tuple)) else list(keys)
        lines = _lines(keys)
        window = _window(valid, start, end)
        link_native, signer_native = self._native(), signer._native()
        buffer = _native.Buffer()
        _native.call(
            "cosimg_link_sign_urls",
            link_native.pointer,
            signer_native.pointer,
            *window,
            *_native.text(lines, "keys"),
            _native.natural(threads, 64, "threads"),
            ctypes.byref(buffer),
        )
        return _buffers.take(buffer, "bytes").decode().split("\n")[:-1]

    def sign_headers(
        self,
        signer: Signer,
        *,
        valid: Union[int, timedelta] = 600,
        start: Optional[Time] = None,
        end: Optional[Time] = None,
    ) -> Signature:
        """The signature as headers to send with the request; times as in `sign_url`."""
        return Signature(self, signer, *_window(valid, start, end))


class Verdict(_native.Object):
    """What a verifier found: true where the signature holds. Made by `Verifier`."""

    _noun = "verdict"

    def __init__(self, verifier: Verifier, function: str, *arguments: object) -> None:
        native = verifier._native()
        self._make(function, native.pointer, *arguments)
        native = self._native()
        library = _native.library
        self.accepted: bool = bool(library.cosimg_verdict_accepted(native.pointer))
        #: Why it was refused, by a stable name: `expired`, `mismatch` and so on; empty where it was accepted.
        self.reason: str = self._text("reason")
        #: The parameter, header or field that the reason is about.
        self.subject: str = self._text("subject")
        #: COS's error code, message and HTTP status.
        self.code: str = self._text("code")
        self.message: str = self._text("message")
        self.http_status: int = library.cosimg_verdict_http_status(native.pointer)
        #: Who signed; empty where it was refused.
        self.secret_id: str = self._text("secret_id")
        #: From when to when the signature holds, in Unix seconds; `None` where it was refused.
        self.key_time: Optional[tuple[int, int]] = self._key_time() if self.accepted else None
        #: What the signature covers: parameters, encoded and lower-cased as in the list, and headers.
        self.params: list[str] = self._list("param")
        self.headers: list[str] = self._list("header")

    def __bool__(self) -> bool:
        return self.accepted

    def __repr__(self) -> str:
        return "<Verdict: accepted>" if self.accepted else f"<Verdict: refused, {self.reason}>"

    def require(self) -> None:
        """Raises `SignatureError` where the signature does not hold."""
        native = self._native()
        _native.call("cosimg_verdict_require", native.pointer)

    def xml(self, resource: str, request_id: str, trace_id: str) -> str:
        """COS's error document. `UsageError` where it was accepted."""
        native = self._native()
        texts = (
            *_native.text(resource, "resource"),
            *_native.text(request_id, "request_id"),
            *_native.text(trace_id, "trace_id"),
        )
        buffer = _native.Buffer()
        _native.call("cosimg_verdict_xml", native.pointer, *texts, ctypes.byref(buffer))
        return _buffers.take(buffer, "bytes").decode()

    def _key_time(self) -> tuple[int, int]:
        start, end = c_uint64(), c_uint64()
        native = self._native()
        _native.call("cosimg_verdict_key_time", native.pointer, ctypes.byref(start), ctypes.byref(end))
        return start.value, end.value

    def _text(self, name: str) -> str:
        native = self._native()
        return _native.slice_text(getattr(_native.library, f"cosimg_verdict_{name}")(native.pointer))

    def _list(self, name: str) -> list[str]:
        native = self._native()
        length = getattr(_native.library, f"cosimg_verdict_{name}s_len")(native.pointer)
        entry = getattr(_native.library, f"cosimg_verdict_{name}")
        return [_native.slice_text(entry(native.pointer, index)) for index in range(length)]


class Verifier(_native.Object):
    """The credentials whose signatures are accepted.

    :param strict: whether every parameter and Host must be covered; off as on the service
    """

    _noun = "verifier"

    def __init__(self, credentials: Union[Credential, Iterable[Credential]], *, strict: bool = False) -> None:
        self._make("cosimg_verifier_new")
        for credential in [credentials] if isinstance(credentials, Credential) else credentials:
            self._set("credential", *_texts(credential))
        self._set("set_strict", int(strict))

    def verify_url(self, url: str, *, method: str = "GET", now: Optional[Time] = None) -> Verdict:
        """Judges the request that opening `url` makes, now unless another time is given."""
        texts = (*_native.text(method, "method"), *_native.text(url, "url"))
        return Verdict(self, "cosimg_verifier_verify_url", *texts, _seconds(now, "now"))

    def verify_request(self, method: str, target: str, headers: Pairs, *, now: Optional[Time] = None) -> Verdict:
        """Judges a request that a server received: `target` is `/key?query` as on the wire."""
        flat = [text for pair in _pairs(headers) for text in pair]
        texts = (*_native.text(method, "method"), *_native.text(target, "target"))
        slices = _buffers.slices(flat, "headers")
        return Verdict(self, "cosimg_verifier_verify_request", *texts, *slices, _seconds(now, "now"))


def sign_url(
    host: str,
    key: str,
    *,
    secret_id: str,
    secret_key: str,
    token: str = "",
    method: str = "GET",
    process: Texts = (),
    params: Pairs = (),
    valid: Union[int, timedelta] = 600,
    start: Optional[Time] = None,
    end: Optional[Time] = None,
) -> str:
    """A presigned URL in one call; for many, keep a `Signer`."""
    with Signer(Credential(secret_id, secret_key, token)) as signer:
        with Link(host, key, method=method, process=process, params=params) as link:
            return link.sign_url(signer, valid=valid, start=start, end=end)


def verify_url(
    url: str,
    *,
    secret_id: str,
    secret_key: str,
    method: str = "GET",
    strict: bool = False,
    now: Optional[Time] = None,
) -> Verdict:
    """Judges a URL in one call; for many, or several keys, keep a `Verifier`."""
    with Verifier(Credential(secret_id, secret_key), strict=strict) as verifier:
        return verifier.verify_url(url, method=method, now=now)


def _texts(credential: Credential) -> tuple[Union[bytes, int], ...]:
    return (
        *_native.text(credential.secret_id, "secret_id"),
        *_native.text(credential.secret_key, "secret_key"),
        *_native.text(credential.token, "token"),
    )


def _pairs(pairs: Pairs) -> Iterable[tuple[str, str]]:
    return pairs.items() if isinstance(pairs, Mapping) else pairs


def _lines(keys: Sequence[str]) -> str:
    """The keys, a line each."""
    lines = "\n".join([*keys, ""])
    if lines.count("\n") != len(keys):
        index = next(index for index, key in enumerate(keys) if "\n" in key)
        raise errors.usage(f"keys[{index}]", "an object key has no control characters")
    return lines


def _window(valid: Union[int, timedelta], start: Optional[Time], end: Optional[Time]) -> tuple[int, int]:
    first = _seconds(start, "start")
    seconds = int(valid.total_seconds()) if isinstance(valid, timedelta) else valid
    last = first + seconds if end is None else _seconds(end, "end")
    return _native.natural(first, 64, "start"), _native.natural(last, 64, "end")


def _seconds(moment: Optional[Time], name: str) -> int:
    """Unix seconds. A `datetime` without a time zone could mean two things."""
    if moment is None:
        return int(time.time())
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise errors.usage(name, "the datetime has no time zone")
        return int(moment.timestamp())
    return _native.integer(moment, 64, name)
