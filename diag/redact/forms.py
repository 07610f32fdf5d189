"""What a piece of text is by its form alone: an amount, a time, an address, an id."""

import ipaddress
import re

# Amounts, versions, times, percentages; twelve digits and more are accounts, serial numbers and nanoseconds.
_NUMBER = re.compile(r"[+-]?v?\d{1,11}(?:\.\d{1,9}){0,2}(?:[KMGTPEkmunµ]i?|%|[KMGT]i?B|m?s|min|h|d|Hz|W|C|x)?")
_DURATION = re.compile(r"(?:\d{1,6}(?:\.\d{1,9})?(?:ms|[smhdw])){2,}")
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d(?:[Tt]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|z|[+-]\d\d:?\d\d)?)?|\d\d?:\d\d(?::\d\d(?:[.,]\d{1,9})?)?"
)
_PCI = re.compile(r"(?:PCI:)?[0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}(?:\.[0-7])?")  # a slot, the same everywhere
_PROFILE = re.compile(r"(?:(?:all|mig)-)?\d{1,2}g\.\d{1,3}gb(?:\.me)?")  # of MIG
_PCI_ID = re.compile(r"(?=[a-f]{0,3}\d)[0-9a-f]{4}")  # of a vendor or a device
_CODE = re.compile(r"0x[0-9a-fA-F]{1,8}")  # of an error or a register; a pointer is longer
_KEY = re.compile(r"[FLRCE]\d{1,4}")  # ids of facts, links and steps, of causes and evidence
MAIL = re.compile(r"[^@\s/:]+@[^@\s/:]+\.[^@\s/:]+")
# Domains that are told from fields, files and modules by their ends; names of the cluster's own DNS have others.
_HOST = re.compile(
    r"(?:[A-Za-z0-9_-]+\.)+(?i:ai|app|biz|ch|cloud|co|com|corp|de|dev|edu|es|eu|fr|gov|info|internal|intra|io|it|jp|lan"
    r"|net|nl|org|tech|uk|us)"
)
ID = re.compile(r"(?=[0-9a-fA-F_-]*\d)[0-9a-fA-F](?:[0-9a-fA-F]|(?<=[0-9a-fA-F])[_-](?=[0-9a-fA-F])){7,}")
_ENDPOINT = re.compile(r"\[?([0-9a-fA-F:.]+?)\]?((?::\d{1,5}|/\d{1,3})?)")


def is_amount(core: str) -> bool:
    """Whether a text is a number with its unit, a time, a slot, a code: it names nobody."""
    return any(form.fullmatch(core) for form in (_NUMBER, _DURATION, _TIME, _PCI, _PCI_ID, _PROFILE, _CODE, _KEY))


def address(core: str) -> tuple[str, str] | None:
    """An address and what follows it (a port, the length of a prefix); None for what is none."""
    found = _ENDPOINT.fullmatch(core)
    for bare, rest in ((core, ""), (found[1], found[2]) if found else ("", "")):
        try:
            return str(ipaddress.ip_address(bare)) and bare, rest
        except ValueError:
            continue
    return None


def is_host(core: str) -> bool:
    """Whether a text is the name of a host on the Internet or in a company's network."""
    return _HOST.fullmatch(core) is not None


def is_nobodys(bare: str) -> bool:
    """Whether an address says nothing of its owner: loopback, link-local (a cloud's metadata), unspecified."""
    told = ipaddress.ip_address(bare)
    return told.is_loopback or told.is_unspecified or told.is_link_local
