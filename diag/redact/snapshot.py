"""A snapshot that may leave: the same objects, events and logs, with pseudonyms for all that names somebody."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import msgspec

from diag.document import RefRow
from diag.facts.masking import mask, names_secret
from diag.redact.names import by_rank
from diag.redact.pseudonyms import Pseudonyms
from diag.redact.redact import Redactor
from diag.redact.references import in_text, referenced
from diag.snapshot.archive.logs import stored_logs
from diag.snapshot.sources.part import LogText, Part, Slice

_CREDENTIALS = ("auth", "client-key-data", "identitytoken", "registrytoken")  # of registries and kubeconfigs
_MASK = "***"
_QUANTITY = re.compile(r"\d{1,20}(?:[KMGTPE]i?|[kmun])?")
# Amounts of more than eleven digits stand under these: maps of resources, which rules add up.
_AMOUNTS = ("memory", "storage", "hugepages")


def _named(parts: Sequence[Part]) -> list[RefRow]:
    """Every object by its name, there or only referred to."""
    return by_rank(
        {(ref.kind, ref.namespace, ref.name, ref.seen): ref for part in parts for ref in _refs(part)}.values()
    )


def _refs(part: Part) -> Iterator[RefRow]:
    for cluster in (part.name, part.cluster):
        if cluster:
            yield RefRow(cluster=cluster, apiVersion="", kind="Cluster", name="")
    for piece in part.items:
        whole = _decoded(piece)
        yield from referenced(whole)
        meta = whole.get("metadata") if isinstance(whole, dict) else None
        if not isinstance(meta, dict):
            continue
        kind, name, namespace = (each if isinstance(each, str) else "" for each in (
            whole.get("kind") or piece.kind, meta.get("name"), meta.get("namespace")))  # fmt: skip
        if namespace:
            yield RefRow(cluster="", apiVersion="v1", kind="Namespace", name=namespace)
        if name and kind not in ("Event", "CustomResourceDefinition"):  # of nobody; of a type
            yield RefRow(cluster="", apiVersion="", kind=kind, name=name)
    for log in stored_logs(part):
        yield from in_text(log.text)


def _decoded(piece: Slice) -> Any:
    try:
        return msgspec.json.decode(piece.raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


class Redaction:
    """Redacts what was read of one cluster: its objects, logs, and what else its files said."""

    def __init__(self, parts: Sequence[Part], pseudonyms: Pseudonyms, *, cluster: str | None = None) -> None:
        """The objects of the parts are those whose names have to go."""
        known = _named(parts)
        if cluster:
            known.append(RefRow(cluster=cluster, apiVersion="", kind="Cluster", name=""))
        self._pseudonyms = pseudonyms
        self._redactor = Redactor(pseudonyms, known, prose=True)
        self.text = self._redactor.text

    @property
    def names(self) -> Mapping[str, str]:
        """Each pseudonym, and what it stands for."""
        return self._pseudonyms.names

    def parts(self, parts: Sequence[Part]) -> list[Part]:
        """The parts with pseudonyms, without their logs. Secrets are masked; what is no JSON object is left out."""
        return [self._part(part, number) for number, part in enumerate(parts, 1)]

    def logs(self, logs: Iterable[LogText]) -> Iterator[LogText]:
        """Logs with pseudonyms, as they come."""
        for log in logs:
            yield replace(log, pod=self.text(log.pod), container=self.text(log.container), text=self.string(log.text))

    def _part(self, part: Part, number: int) -> Part:
        told: Part = self._told(replace(part, store=None, logs=[]))
        return replace(told, path=f"part-{number}")

    def _told(self, value: Any) -> Any:
        """Whatever a part holds; a field that is new here is redacted like the others."""
        if isinstance(value, Slice):
            return self._slice(value)
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{each.name: self._told(getattr(value, each.name)) for each in fields(value)})
        if isinstance(value, str):
            return self.string(value)
        if isinstance(value, list | tuple | frozenset):
            return type(value)(told for each in value if (told := self._told(each)) is not None)
        return value

    def _slice(self, piece: Slice) -> Slice | None:
        whole = _decoded(piece)
        if not isinstance(whole, dict):
            return None
        raw = msgspec.Raw(msgspec.json.encode(self.value(whole)))
        return msgspec.structs.replace(
            piece, raw=raw, api_version=piece.api_version and self.text(piece.api_version),
            kind=piece.kind and self.text(piece.kind),
        )  # fmt: skip

    def value(self, value: Any, key: str = "") -> Any:
        """Any JSON value; numbers and truth values are nobody's names."""
        if isinstance(value, dict):
            named = value.get("name")
            secret = isinstance(named, str) and names_secret(named)  # a variable of a container
            return {
                self.text(name): _MASK
                if secret and name == "value" and isinstance(each, str)
                else self.value(each, name)
                for name, each in value.items()
            }
        if isinstance(value, list):
            return [self.value(each, key) for each in value]
        if not isinstance(value, str) or (_QUANTITY.fullmatch(value) and any(word in key for word in _AMOUNTS)):
            return value
        return _MASK if value and (names_secret(key) or key in _CREDENTIALS) else self.string(value)

    def string(self, text: str) -> str:
        """A text; JSON in it is redacted value by value, so that its escapes stay what they are."""
        if text[:1] in ("{", "[") and (inside := self._json(text)) is not None:
            return inside
        masked = mask(text)  # as a whole: a private key has many lines
        return "".join(self._line(line) for line in masked.splitlines(keepends=True))

    def _line(self, line: str) -> str:
        if line[:1] == "{" and "\\" in line and (inside := self._json(line.rstrip())) is not None:
            return inside + line[len(line.rstrip()) :]
        return self.text(line)

    def _json(self, text: str) -> str | None:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return None
        apart = (", ", ": ") if '": ' in text else (",", ":")
        return json.dumps(self.value(value), separators=apart, ensure_ascii=False)
