"""Tencent COS image links that cannot be stripped, and the progressive JPEG behind them.

    import cosimg

    url = cosimg.sign_url(host, "sample.png", process="imageMogr2/format/jpg/interlace/1",
                          secret_id=secret_id, secret_key=secret_key, valid=600)
    cosimg.verify_url(url, secret_id=secret_id, secret_key=secret_key).require()

    progressive = cosimg.transcode(data)                    # lossless
    encoded = cosimg.encode(array, quality=85)              # numpy array, Pillow image, or bytes with a size
    answer = cosimg.process(data, "imageMogr2/format/jpg/interlace/1")

Objects are immutable, but for `RowEncoder`, and may be shared between threads; the GIL is released while the library works. Bytes go in without
a copy through the buffer protocol: do not write to a buffer while a call reads it.
"""

from ._native import abi_version, version
from .errors import (
    BufferTooSmallError,
    CancelledError,
    Error,
    InputError,
    InternalError,
    LimitError,
    SignatureError,
    SinkError,
    UnsupportedError,
    UsageError,
)
from .jpeg import Encoder, Transcoded, Transcoder, encode, inspect, transcode
from .limits import Cancel, Limits
from .pipeline import Processed, Processor, process, sniff
from .rows import RowEncoder
from .sign import Credential, Link, Signature, Signer, Verdict, Verifier, sign_url, verify_url

__version__ = "0.1.0"

__all__ = [
    "BufferTooSmallError",
    "Cancel",
    "CancelledError",
    "Credential",
    "Encoder",
    "Error",
    "InputError",
    "InternalError",
    "LimitError",
    "Limits",
    "Link",
    "Processed",
    "Processor",
    "RowEncoder",
    "Signature",
    "SignatureError",
    "Signer",
    "SinkError",
    "Transcoded",
    "Transcoder",
    "UnsupportedError",
    "UsageError",
    "Verdict",
    "Verifier",
    "abi_version",
    "encode",
    "inspect",
    "process",
    "sign_url",
    "sniff",
    "transcode",
    "verify_url",
    "version",
]
