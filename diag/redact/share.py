"""What is drawn of a cluster, made fit to be passed on: pseudonyms in every string, whatever the format."""

import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

import msgspec

from diag.document import CauseRow, ClusterRow, EvidenceRow, RefRow
from diag.redact.keys import KeyFile
from diag.redact.names import by_rank
from diag.redact.redact import Redactor

_Told = TypeVar("_Told")
_COMMANDS = ("command", "fix", "by")
_FILES = {ClusterRow: ("source",), EvidenceRow: ("file",)}  # paths and addresses, whatever words they are made of
# What our commands say of whoever ran this: where the kubeconfig lies, and as whom to act (as `shlex.join` writes it).
_VALUE = r"""(?:[^\s'"]|'[^']*'|"[^"]*")+"""
_ASKING = re.compile(rf"kubectl(?: --(?:kubeconfig|context|as|as-group) {_VALUE})+")
_SELF = re.compile(rf" --(kubeconfig|as|as-group) {_VALUE}")
_IN_PLACE = {"kubeconfig": "FILE", "as": "USER", "as-group": "GROUP"}
_SHORT = 8  # characters of a fingerprint that name a cause


class Share:
    """Redacts what is to be shown. `known` are all objects that were read; `done` keeps what pseudonyms stand for."""

    def __init__(self, key: KeyFile, known: Iterable[RefRow]) -> None:
        self._key = key
        self._pseudonyms = key.pseudonyms()
        known = by_rank(known)
        self.text = Redactor(self._pseudonyms, known, prose=True).text
        self._command = Redactor(self._pseudonyms, known).text

    def told(self, value: _Told) -> _Told:
        """The same rows, texts and lists with pseudonyms: reports, views, whatever is made of them."""
        return self._told(value)  # type: ignore[no-any-return]

    def done(self) -> None:
        """Keeps the names for `diag snapshot restore`. Raises DiagError where they cannot be written."""
        self._key.keep(self._pseudonyms.names)

    def _told(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(_nobody(value))
        if isinstance(value, msgspec.Struct):
            pairs = ((name, getattr(value, name)) for name in value.__struct_fields__)
            told: Any = type(value)(**{name: self._field(name, each) for name, each in pairs})
            for place in _FILES.get(type(value), ()):
                if isinstance(path := getattr(value, place), str):
                    setattr(told, place, self._pseudonyms.of(path, "file") if path else "")
            if isinstance(value, CauseRow) and isinstance(
                told, CauseRow
            ):  # commands name causes by the beginning of their fingerprints
                self._pseudonyms.composed(value.fingerprint[:_SHORT], told.fingerprint[:_SHORT])
            return told
        if is_dataclass(value) and not isinstance(value, type):
            return replace(
                value, **{each.name: self._field(each.name, getattr(value, each.name)) for each in fields(value)}
            )
        if isinstance(value, dict):
            return {self._told(name): self._told(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(self._told, value))
        return value

    def _field(self, name: str, value: Any) -> Any:
        """A command is no sentence: behind `-n`, a word of ours that is a name as well is the name."""
        if name not in _COMMANDS or not isinstance(value, str):
            return self._told(value)
        return self._command(_nobody(value))


def _nobody(text: str) -> str:
    """The same, where our commands do not tell who ran them."""
    return _ASKING.sub(lambda asking: _SELF.sub(lambda one: f" --{one[1]} {_IN_PLACE[one[1]]}", asking[0]), text)
