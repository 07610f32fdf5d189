"""Until when a client certificate is valid: what a server that refuses it does not tell.

A kube-apiserver answers 401 to a certificate that has run out, and others end the handshake, with or without a word.
The time stands in the certificate (https://www.rfc-editor.org/rfc/rfc5280#section-4.1), whose DER is read no further.
"""

import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_VERSION = 0xA0  # the first field of a certificate, which those of version 1 leave out
_FORMS = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}  # UTCTime, GeneralizedTime
_LONG = 0x80


def ran_out(path: str | None) -> str:
    """On which day the first certificate of a PEM file ran out; empty where it did not, or nobody can tell."""
    until = _valid_until(path) if path else None
    return f"{until:%Y-%m-%d}" if until is not None and until < datetime.now(UTC) else ""


def _valid_until(path: str) -> datetime | None:
    try:
        found = _PEM.search(Path(path).read_text(encoding="ascii"))
        body = ssl.PEM_cert_to_DER_cert(found[0]) if found else b""
        ((_, certificate),) = _fields(body)
        (_, signed), *_ = _fields(certificate)
        fields = [field for field in _fields(signed) if field[0] != _VERSION]
        _, _, _, (_, validity), *_ = fields  # serial number, algorithm, issuer
        _, (form, until) = _fields(validity)
        return datetime.strptime(until.decode("ascii"), _FORMS[form]).replace(tzinfo=UTC)
    except (OSError, ValueError, IndexError, KeyError):
        return None


def _fields(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The tags and contents that stand one behind the other."""
    at = 0
    while at < len(body):
        tag, length, at = body[at], body[at + 1], at + 2
        if length >= _LONG:
            size = length - _LONG
            length, at = int.from_bytes(body[at : at + size]), at + size
        yield tag, body[at : at + length]
        at += length
