"""Self-signed certificates for 127.0.0.1, so that the tests need no openssl and ship no key.

The encoding is DER (ITU-T X.690), the contents RFC 5280, the signature ECDSA (FIPS 186-5).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import UTC, datetime
from pathlib import Path

_SIGNATURE, _KEY, _CURVE, _COMMON_NAME, _ALTERNATIVE_NAME = (
    bytes.fromhex(oid)
    for oid in (
        "06082a8648ce3d040302",  # ecdsa-with-SHA256
        "06072a8648ce3d0201",  # id-ecPublicKey
        "06082a8648ce3d030107",  # prime256v1
        "0603550403",
        "0603551d11",
    )
)
# The curve y^2 = x^3 - 3x + b over the integers modulo _P, its generator and the order of that.
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_GENERATOR = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def write_certificate(path: Path, start: datetime, end: datetime) -> Path:
    """Write a key and a certificate valid from ``start`` to ``end`` into one PEM file."""
    secret = 1 + secrets.randbelow(_ORDER - 1)
    x, y = _multiply(secret, _GENERATOR)
    point = b"\x04" + x.to_bytes(32) + y.to_bytes(32)
    name = _sequence(_tag(0x31, _sequence(_COMMON_NAME, _tag(0x0C, b"127.0.0.1"))))
    dates = [_tag(0x18, f"{t.astimezone(UTC):%Y%m%d%H%M%SZ}".encode()) for t in (start, end)]
    address = _sequence(_tag(0x87, bytes([127, 0, 0, 1])))
    body = _sequence(
        _tag(0xA0, _integer(2)),
        _integer(secrets.randbits(63)),
        _sequence(_SIGNATURE),
        name,
        _sequence(*dates),
        name,
        _sequence(_sequence(_KEY, _CURVE), _bits(point)),
        _tag(0xA3, _sequence(_sequence(_ALTERNATIVE_NAME, _tag(0x04, address)))),
    )
    certificate = _sequence(body, _sequence(_SIGNATURE), _bits(_sign(body, secret)))
    key = _sequence(_integer(1), _tag(0x04, secret.to_bytes(32)), _tag(0xA0, _CURVE))
    path.write_text(_pem("EC PRIVATE KEY", key) + _pem("CERTIFICATE", certificate))
    return path


def _sign(message: bytes, secret: int) -> bytes:
    digest = int.from_bytes(hashlib.sha256(message).digest())
    once = 1 + secrets.randbelow(_ORDER - 1)
    r = _multiply(once, _GENERATOR)[0] % _ORDER
    return _sequence(_integer(r), _integer(pow(once, -1, _ORDER) * (digest + r * secret) % _ORDER))


def _multiply(number: int, point: tuple[int, int]) -> tuple[int, int]:
    total = None
    while number:
        if number & 1:
            total = point if total is None else _add(total, point)
        point, number = _add(point, point), number >> 1
    return total


def _add(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """Add two points, neither of which is the inverse of the other."""
    rise, run = (3 * a[0] ** 2 - 3, 2 * a[1]) if a == b else (b[1] - a[1], b[0] - a[0])
    slope = rise * pow(run, -1, _P)
    x = (slope**2 - a[0] - b[0]) % _P
    return x, (slope * (a[0] - x) - a[1]) % _P


def _tag(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


def _sequence(*contents: bytes) -> bytes:
    return _tag(0x30, *contents)


def _integer(value: int) -> bytes:
    return _tag(0x02, value.to_bytes(value.bit_length() // 8 + 1))


def _bits(content: bytes) -> bytes:
    return _tag(0x03, b"\x00", content)


def _pem(label: str, content: bytes) -> str:
    text = base64.encodebytes(content).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n"
